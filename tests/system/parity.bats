#!/usr/bin/env bats
# A drop-in: what the real `aws s3 cp|mv` does with the same arguments on the same files and
# objects, gs3 does too: the lines on standard output, the exit status, the objects and the files
# afterwards. Debian's AWS CLI; skipped without it.

# shellcheck disable=SC2154,SC2030,SC2031 # status, output, stderr: set by run
load lib/common

setup()
{
    [[ -x /usr/bin/aws ]] || skip "the AWS CLI is not installed"
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=parity GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir -p "$work/here/sub/deeper" "$work/here/empty.d" "$work/elsewhere"
    printf 'a\n' >"$work/here/a.txt"
    printf 'b\n' >"$work/here/sub/b.txt"
    printf '{}\n' >"$work/here/with space & more.json"
    : >"$work/here/empty"
    printf 'out\n' >"$work/elsewhere/out.txt"
    ln -s a.txt "$work/here/link"
    template=$BATS_TEST_TMPDIR/template
    cp -a "$work" "$template"
    printf 'object one\n' >"$BATS_TEST_TMPDIR/one"
    : >"$BATS_TEST_TMPDIR/nothing"
    make_buckets dev-data dev-copy
}

# Files and objects as at the start of a case.
start_case()
{
    rm -rf "$work"
    cp -a "$template" "$work"
    make_buckets dev-data dev-copy
    s3write put dev-data one.txt "$BATS_TEST_TMPDIR/one" 'content-type: text/x-one'
    s3write put dev-data p/one.txt "$BATS_TEST_TMPDIR/one" 'cache-control: no-store'
    s3write put dev-data 'p q/a+b.json' "$BATS_TEST_TMPDIR/one"
    s3write put dev-copy there "$BATS_TEST_TMPDIR/nothing"
}

# What a case leaves: keys with what they hold and are, files with what they hold.
result()
{
    bucket_state dev-data dev-copy |
        jq -cS '[.bucket, .key, .etag, .headers["content-type"], .headers["cache-control"]]'
    (cd "$work" && find . -type f -exec sha256sum {} + | sort && find . -type d | sort)
}

# same [EXPECTED_STATUS] -- WORD ARGUMENT...: both programs, in here/, each from the same start.
same()
{
    local want_status=0 result_aws lines_aws status_aws
    [[ $1 == -- ]] || { want_status=$1; shift; }
    shift
    start_case
    status=0
    (cd "$work/here" && aws_ s3 "$@" --no-progress) >"$BATS_TEST_TMPDIR/aws.out" \
        2>"$BATS_TEST_TMPDIR/aws.err" <"$BATS_TEST_TMPDIR/one" || status=$?
    status_aws=$status lines_aws=$(<"$BATS_TEST_TMPDIR/aws.out")
    result_aws=$(result)
    start_case
    status=0
    (cd "$work/here" && gs3_ "$@" --no-progress) >"$BATS_TEST_TMPDIR/out" \
        2>"$BATS_TEST_TMPDIR/err" <"$BATS_TEST_TMPDIR/one" || status=$?
    output=$(grep -v '^decision: ' "$BATS_TEST_TMPDIR/out") || true
    assert_equal "$status" "$status_aws" "exit status of $*; $(<"$BATS_TEST_TMPDIR/err")"
    assert_equal "$status" "$want_status" "exit status of $*"
    assert_equal "$output" "$lines_aws" "standard output of $*"
    assert_equal "$(result)" "$result_aws" "the state after $*"
}

@test "uploads" {
    same -- cp a.txt s3://dev-data
    same -- cp ./a.txt s3://dev-data/
    same -- cp sub/b.txt s3://dev-data/dir/
    same -- cp sub/../a.txt s3://dev-data/exact
    same -- cp ../elsewhere/out.txt s3://dev-data/x/y
    same -- cp "$work/here/a.txt" s3://dev-data/
    same -- cp 'with space & more.json' s3://dev-data/p//q/
    same -- cp empty s3://dev-data/
    same -- cp link s3://dev-data/
    same -- cp a.txt s3://dev-data/one.txt
}

@test "downloads" {
    same -- cp s3://dev-data/one.txt .
    same -- cp s3://dev-data/one.txt ./
    same -- cp s3://dev-data/one.txt sub
    same -- cp s3://dev-data/one.txt sub/
    same -- cp s3://dev-data/one.txt new.txt
    same -- cp s3://dev-data/p/one.txt new.d/
    same -- cp s3://dev-data/p/one.txt new.d/deep/er.txt
    same -- cp s3://dev-data/p/one.txt ../elsewhere
    same -- cp s3://dev-data/one.txt a.txt
    same -- cp 's3://dev-data/p q/a+b.json' "$work/elsewhere/"
    same -- cp s3://dev-copy/there new
}

@test "copies" {
    same -- cp s3://dev-data/one.txt s3://dev-copy
    same -- cp s3://dev-data/one.txt s3://dev-copy/
    same -- cp s3://dev-data/p/one.txt s3://dev-copy/x/
    same -- cp s3://dev-data/p/one.txt s3://dev-copy/x/y
    same -- cp 's3://dev-data/p q/a+b.json' s3://dev-copy
    same -- cp s3://dev-data/one.txt s3://dev-copy/there
    same -- cp s3://dev-data/one.txt s3://dev-data/two.txt
}

@test "moves" {
    same -- mv a.txt s3://dev-data
    same -- mv sub/b.txt s3://dev-data/x/
    same -- mv link s3://dev-data/x
    same -- mv empty s3://dev-data/p/exact
    same -- mv s3://dev-data/one.txt .
    same -- mv s3://dev-data/p/one.txt new.d/deep/er.txt
    same -- mv s3://dev-data/one.txt s3://dev-copy
    same -- mv s3://dev-data/p/one.txt s3://dev-data/p/two.txt
    same -- mv s3://dev-data/p/one.txt s3://dev-copy/there
}

@test "dry runs, and what says less" {
    same -- cp a.txt s3://dev-data/x --dryrun
    same -- cp s3://dev-data/one.txt sub --dryrun
    same -- mv s3://dev-data/one.txt s3://dev-copy/ --dryrun
    same -- mv a.txt s3://dev-data/ --dryrun
    same -- cp a.txt s3://dev-data/x --quiet
    same -- cp a.txt s3://dev-data/x --only-show-errors
    same -- cp a.txt s3://dev-data/x --only-show-errors --dryrun
    same -- cp a.txt s3://dev-data/x --quiet --dryrun
    same -- mv s3://dev-data/one.txt . --quiet
}

@test "standard input and output" {
    same -- cp - s3://dev-data/streamed
    same -- cp s3://dev-data/one.txt -
    same -- cp s3://dev-copy/there -
    same -- cp - s3://dev-data/streamed --content-type text/x-mine
}

@test "headers" {
    same -- cp a.txt s3://dev-data/x --content-type text/x-mine --cache-control no-cache
    same -- cp a.txt s3://dev-data/x --no-guess-mime-type
    same -- cp s3://dev-data/p/one.txt s3://dev-copy/x --content-type text/x-mine
}

@test "what fails, fails alike" {
    same 255 -- cp missing.txt s3://dev-data/
    same 255 -- mv missing.txt s3://dev-data/
    same 255 -- cp missing.d/x s3://dev-data/
    same 1 -- cp s3://dev-data/none .
    same 1 -- mv s3://dev-data/none s3://dev-copy/
    same 252 -- cp a.txt sub
    same 252 -- cp a.txt
    same 252 -- cp a.txt s3://dev-data/ --no-such-option
    same 252 -- mv - s3://dev-data/x
    same 252 -- cp a.txt s3://dev-data/ s3://dev-copy/
    same 1 -- cp s3://dev-data/one.txt a.txt/b
}

# What aws says on standard error; without what it adds where it may not retry, as here.
aws_error()
{
    aws_ s3 "$@" 2>&1 | sed '/^$/d; s/ (reached max retries: 0)//'
}

@test "the lines on standard error that scripts look for" {
    local line
    start_case
    cd "$work/here"
    run --separate-stderr gs3_ cp missing.txt s3://dev-data/
    assert_equal "$stderr" "$(aws_error cp missing.txt s3://dev-data/)"
    run --separate-stderr gs3_ cp s3://dev-data/none .
    line='fatal error: An error occurred (404) when calling the HeadObject operation: '
    assert_equal "$stderr" "${line}Key \"none\" does not exist"
    assert_equal "$stderr" "$(aws_error cp s3://dev-data/none .)"
}

# gs3 also knows shared-mime-info's table, and calls what is compressed by what it is: aws-cli drops
# the compression, and sends the type of what is inside.
@test "the types of uploads" {
    local extension
    local -a extensions=(txt json html htm csv xml gz tar.gz tgz zip pdf png jpg jpeg gif svg js
        css md yaml log bin unknownext py sh c mp4 mp3 webp ico doc xlsx ttf wasm TXT Json bak~)
    start_case
    mkdir "$work/types"
    for extension in "${extensions[@]}"; do echo x >"$work/types/f.$extension"; done
    echo x >"$work/types/none"
    echo x >"$work/types/.hidden"
    echo x >"$work/types/dot."
    aws_ s3 cp --quiet --recursive "$work/types" s3://dev-data/t/
    for file in "$work"/types/* "$work/types/.hidden"; do
        gs3_ cp --quiet "$file" s3://dev-copy/t/
    done
    types_in dev-data >"$BATS_TEST_TMPDIR/by_aws"
    types_in dev-copy >"$BATS_TEST_TMPDIR/by_gs3"
    printf '> t/f.%s\n' 'gz application/gzip' 'log text/x-log' 'tar.gz application/gzip' \
        'tgz application/x-gtar-compressed' 'yaml application/x-yaml' >"$BATS_TEST_TMPDIR/more"
    assert_equal "$(diff "$BATS_TEST_TMPDIR/by_aws" "$BATS_TEST_TMPDIR/by_gs3" | grep '^>' |
        grep -vxFf "$BATS_TEST_TMPDIR/more")" ''
}

# "KEY TYPE" of what is under t/.
types_in()
{
    bucket_state "$1" |
        jq -r 'select(.key | startswith("t/")) | "\(.key) \(.headers["content-type"])"'
}
