#!/usr/bin/env bats
# Keys that break naive clients: up, across, down, moved; byte for byte the same, under exactly that
# key for other clients; over http in path style and virtual-hosted, and over https.

# shellcheck disable=SC2154,SC2030,SC2031 # status, output, stderr: set by run
load lib/common

# Longest key: 1024 bytes, of characters of one to four bytes.
long_key() { printf '%s' "$(printf 'a é/€-😀_bc%.0s' {1..64})"; }

# Every key here is a different object, also where two look alike (é, é; a b, a+b, a%20b).
# shellcheck disable=SC1003,SC2016 # nothing here is to be expanded
KEYS=(
    'a b' ' leading and trailing ' 'a+b' 'a%b' '100%' 'a%20b' 'a%2Fb' '%' '%25' '%zz' 'a%00b'
    'a//b' 'a///b//c' '/leading' '//twice' 'a/./b' './here' '.' '..' '../up' 'a/../b' '../../..'
    'dots...' 'dir./x' '.hidden' '...' 'what?' 'q?a=1&b=2' '?' '#frag' 'a#b' '#' 'a&b' 'a=b'
    'a&amp;b' '&' '=' "it's" '"quoted"' "'" '"' '`tick`' 'a\b' '\' '\x41' 'a|b' '<tag>' '{a}[b]^'
    'a;b,c' 'a:b' 'a@b' '~home' '!bang*(x)$y' '-dash' '--recursive' 'tail-' '*' 'caf?e'
    $'caf\u00e9' $'cafe\u0301' '日本語/ファイル' '😀 emoji 👩‍👩‍👧' 'שלום/مرحبا' 'ﬀ' 'ß' $'a\u00a0b'
    $'zero\u200bwidth' $'rtl\u202eexe.txt' $'\ufeffbom' $'\U10ffff'
    $'ctrl\x01x' $'new\nline' $'tab\tx' $'cr\rx' $'esc\x1b[31mred' $'del\x7f' $'c1\u0085x' $'\n'
    versionId=1 'uploads' '?uploads' '?acl' 'x?versionId=null' 'a.tar.gz' 'x-amz-meta-a: b'
)

setup_file()
{
    make_buckets dev-one dev-two
}

setup()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=keys GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
    tls=()
    if [[ -n ${GS3_TEST_BRIEF:-} ]]; then
        local i
        for i in "${!KEYS[@]}"; do ((i % 4 == 1)) || unset "KEYS[$i]"; done
    fi
    KEYS+=("$(long_key)")
    [[ $(long_key | wc -c) == 1024 ]]
}

# gs3 on a key; a failure names the key.
key_gs3()
{
    run --separate-stderr gs3_ "$@" "${tls[@]}"
    assert_status 0 || { printf 'the key: %q, the command: %q\n' "$key" "$*"; return 1; }
    assert_equal "$stderr" '' "standard error of gs3 $* on $(printf %q "$key")"
    # What is printed cannot steer a terminal or make a second line.
    [[ $output != *[$'\x01'-$'\x09'$'\x0b'-$'\x1f'$'\x7f']* ]] ||
        { printf 'a control character is printed for the key %q\n' "$key"; return 1; }
    local lines=1
    [[ $2 != s3://* || $3 == s3://* ]] || lines=2
    assert_equal "$(wc -l <<<"$output")" "$lines" "lines printed for $(printf %q "$key")"
}

# A body of its own for each key.
make_body()
{
    printf '%s\n%s\n' "$2" "$RANDOM$RANDOM" >"$1"
}

# keys_in BUCKET is exactly the given keys, by the quick reader.
assert_keys()
{
    local bucket=$1
    shift
    assert_equal "$(s3read list "$bucket" | jq -sc sort)" \
        "$(jq -nc '$ARGS.positional | sort' --args -- "$@")" "the keys in $bucket"
}

# The same by the AWS CLI, which decodes what it lists by itself.
assert_keys_by_aws()
{
    local bucket=$1 GS3T_ENDPOINT=$GS3T_S3_HTTP GS3T_CA=$GS3T_S3_CA
    shift
    assert_equal "$(aws_ s3api list-objects-v2 --bucket "$bucket" --query 'Contents[].Key' \
        --output json | jq -c sort)" \
        "$(jq -nc '$ARGS.positional | sort' --args -- "$@")" "the keys in $bucket by the AWS CLI"
}

# Every key: up, across, down; each read back by a client that shares nothing with gs3.
copies()
{
    local number=0 file
    make_buckets dev-one dev-two
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        make_body "$file" "$key"
        key_gs3 cp "$file" "s3://dev-one/$key"
        key_gs3 cp "s3://dev-one/$key" "s3://dev-two/$key"
        key_gs3 cp "s3://dev-two/$key" "$file.down"
        assert_same_bytes "$file" "$file.down"
    done
    assert_keys dev-one "${KEYS[@]}"
    assert_keys dev-two "${KEYS[@]}"
    assert_keys_by_aws dev-two "${KEYS[@]}"
    number=0
    for key in "${KEYS[@]}"; do
        number=$((number + 1))
        assert_object_bytes dev-two "$key" "$work/$number" ||
            { printf 'other bytes: %q\n' "$key"; return 1; }
    done
}

moves()
{
    local number=0 file
    make_buckets dev-one dev-two
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        make_body "$file" "$key"
        cp "$file" "$file.up"
        key_gs3 mv "$file.up" "s3://dev-one/$key"
        [[ ! -e $file.up ]] || { printf 'not moved up: %q\n' "$key"; return 1; }
        key_gs3 mv "s3://dev-one/$key" "s3://dev-two/$key"
    done
    assert_keys dev-one
    assert_keys dev-two "${KEYS[@]}"
    number=0
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        key_gs3 mv "s3://dev-two/$key" "$file.down"
        assert_same_bytes "$file" "$file.down" || { printf 'other bytes: %q\n' "$key"; return 1; }
    done
    assert_keys dev-two
}

virtual_hosted()
{
    local mark
    GS3T_ENDPOINT=$GS3T_S3_VHOST
    printf '[default]\ns3 =\n  addressing_style = virtual\n' >"$(client_home)/.aws/config"
    mark=$(requests_mark)
    "$1"
    # The bucket was in the host's name: no request has it in its path.
    requests_since "$mark" | grep ' gs3/' >"$BATS_TEST_TMPDIR/requests"
    assert_equal "$(grep -c ' /dev-' "$BATS_TEST_TMPDIR/requests" || true)" 0
}

with_tls()
{
    # shellcheck disable=SC2034 # for gs3_
    GS3T_ENDPOINT=$GS3T_S3_HTTPS GS3T_CA=/nonexistent
    tls=(--ca-bundle "$GS3T_S3_CA")
    "$1"
}

@test "every key survives up, across and down: http, path style" { copies; }
@test "every key survives moves up, across and down: http, path style" { moves; }
@test "every key survives moves up, across and down: http, virtual-hosted" {
    virtual_hosted moves
}
@test "every key survives moves up, across and down: https with --ca-bundle" { with_tls moves; }

@test "a file's own name becomes the end of the key, a key's end the file's name" {
    local name key
    local -a names=(
        'a b' ' x ' 'a+b' 'a%b' 'a%2Fb' '...' '.hidden' 'what?' '#' 'a&b=c' "it's" '"q"' 'a\b'
        $'caf\u00e9' $'cafe\u0301' '日本' '😀' 'שלום' $'new\nline' $'tab\tx' $'x\x01' '-dash' '*'
        "$(printf 'n%.0s' {1..255})"
    )
    local -a keys=()
    make_buckets dev-one dev-two
    mkdir "$work/up" "$work/down"
    for name in "${names[@]}"; do
        key=deep/er/$name keys+=("deep/er/$name")
        make_body "$work/up/$name" "$name"
        key_gs3 cp "$work/up/$name" s3://dev-one/deep/er/
        key_gs3 cp "s3://dev-one/$key" s3://dev-two/deep/er/
        key_gs3 cp "s3://dev-two/$key" "$work/down"
        assert_same_bytes "$work/up/$name" "$work/down/$name"
    done
    assert_keys dev-one "${keys[@]}"
    assert_keys dev-two "${keys[@]}"
}

@test "a name that starts with a dash, by the end of the options" {
    key=-dash
    make_body "$work/-dash" x
    cd "$work"
    run --separate-stderr gs3_ cp --ticket OPS-2 -- -dash s3://dev-one/
    assert_status 0
    assert_equal "$output" 'upload: ./-dash to s3://dev-one/-dash'
    assert_object_bytes dev-one -dash "$work/-dash"
}

# refused_key STATUS KEY WORDS: a key that S3 cannot have, as destination and as source.
refused_key()
{
    run --separate-stderr gs3_ cp "$work/f" "s3://dev-one/$2"
    assert_status "$1"
    assert_equal "$output" '' "standard output for $(printf %q "$2")"
    [[ $stderr == "gs3: "*"$3"* && $stderr != *$'\n'* ]] ||
        { printf 'not one clear line: %q\n' "$stderr"; return 1; }
}

@test "a key that S3 does not take is refused in one line, before any request" {
    make_buckets dev-one
    echo x >"$work/f"
    mark=$(requests_mark)
    refused_key 252 "$(long_key)x" '1024 bytes'
    refused_key 252 $'not\xffutf8' 'UTF-8'
    refused_key 252 $'over\xc0\xaflong' 'UTF-8'
    refused_key 252 $'half\xed\xa0\x80pair' 'UTF-8'
    refused_key 252 "$(printf 'd/%.0s' {1..512})" '1024 bytes'
    run --separate-stderr gs3_ cp "s3://dev-one/$(long_key)x" "$work/down"
    assert_status 252
    run --separate-stderr gs3_ cp "$work/f" s3://
    assert_status 252
    run --separate-stderr gs3_ cp "$work/f" s3:///key
    assert_status 252
    run --separate-stderr gs3_ cp s3://dev-one "$work/down"
    assert_status 252
    assert_equal "$(requests_since "$mark" | grep ' gs3/' || true)" '' "requests"
    assert_keys dev-one
    [[ ! -e $work/down ]]
}

@test "a key that no file can be named after needs a file's name" {
    local key
    make_buckets dev-one
    echo x >"$work/f"
    mkdir "$work/down"
    for key in end/ . .. a/.. /; do
        s3write put dev-one "$key" "$work/f"
        run --separate-stderr gs3_ cp "s3://dev-one/$key" "$work/down/"
        assert_status 252
        key_gs3 cp "s3://dev-one/$key" "$work/down/named"
        assert_same_bytes "$work/f" "$work/down/named"
        rm "$work/down/named"
    done
    assert_equal "$(find "$work" -type f)" "$work/f" "the files"
}

@test "two keys that differ only in encoding never meet" {
    make_buckets dev-one
    local -a pairs=('a b' 'a+b' 'a%20b' 'a%2520b' 'a//b' 'a/b' 'a/./b' 'a/x/../b' '/a/b' $'a\u00e9'
        $'ae\u0301' 'A b')
    local number=0
    for key in "${pairs[@]}"; do
        number=$((number + 1))
        make_body "$work/$number" "$key"
        key_gs3 put "$work/$number" "s3://dev-one/$key"
    done
    number=0
    for key in "${pairs[@]}"; do
        number=$((number + 1))
        assert_object_bytes dev-one "$key" "$work/$number"
        key_gs3 cp "s3://dev-one/$key" "$work/$number.down"
        assert_same_bytes "$work/$number" "$work/$number.down"
    done
    assert_keys dev-one "${pairs[@]}"
}
