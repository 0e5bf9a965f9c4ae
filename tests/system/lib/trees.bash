# shellcheck shell=bash
# Trees of files and of objects, gs3 on them with many objects at once, and the AWS CLI on the same
# for comparison. `load lib/trees` after `load lib/common` and `load lib/proxy`. Depends on both, jq.
# Changes only dev-data, dev-copy and $BATS_TEST_TMPDIR.
# shellcheck disable=SC2154,SC2034 # status, output: set by the functions; proxy_*: lib/proxy

# trees_start: the policy (without limits, so that nothing is counted first), and a ticket that
# serves development.
trees_start()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    sed -i '/^ *limits:/d' "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=trees GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir -p "$work"
}

# tree_run ARGUMENT...: gs3. Sets status, out (without the decisions of downloads), err, and lines:
# what was said of objects, sorted, for many at once end in any order.
tree_run()
{
    tree_ran=("$@")
    status=0
    gs3_ "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
    out=$(grep -av '^decision: ' "$BATS_TEST_TMPDIR/out") || true
    err=$(<"$BATS_TEST_TMPDIR/err")
    lines=$(LC_ALL=C sort <<<"$out")
}

tree_fail()
{
    printf '%s\n  ran: gs3 %s\n  status: %s\n  stdout: %s\n  stderr: %s\n' "$1" \
        "${tree_ran[*]}" "$status" "${out:0:3000}" "${err:0:3000}"
    return 1
}

# tree_ends STATUS ARGUMENT...: gs3 must end so.
tree_ends()
{
    local want=$1
    shift
    tree_run "$@"
    [[ $status =~ ^($want)$ ]] || tree_fail "not status $want"
}

# What stands on standard error but for what is gs3's own: the summary, and that there is nothing to
# do.
tree_complaints()
{
    grep -aEv '^(gs3: [0-9]+ (done|planned|failed|skipped|not begun)|nothing matched: )' \
        "$BATS_TEST_TMPDIR/err" || true
}

# What the buckets and the working directory hold.
tree_result()
{
    bucket_state dev-data dev-copy |
        jq -cS '[.bucket, .key, .upload, .etag, .headers["content-type"],
            .headers["cache-control"]]'
    (cd "$work" && find . -type f -exec sha256sum {} + | LC_ALL=C sort && find . ! -type f -printf '%p %y\n' |
        LC_ALL=C sort)
}

# same_tree [EXPECTED_STATUS] -- WORD ARGUMENT...: the AWS CLI and gs3, each from tree_case's start
# in here/: the same status, lines on standard output, objects and files afterwards.
same_tree()
{
    local want_status=0 result_aws lines_aws status_aws
    [[ $1 == -- ]] || { want_status=$1; shift; }
    shift
    tree_case
    status_aws=0
    (cd "$work/here" && GS3T_ENDPOINT=$GS3T_S3_HTTP && aws_ s3 "$@" --no-progress) \
        >"$BATS_TEST_TMPDIR/aws.out" 2>"$BATS_TEST_TMPDIR/aws.err" </dev/null || status_aws=$?
    lines_aws=$(LC_ALL=C sort "$BATS_TEST_TMPDIR/aws.out")
    result_aws=$(tree_result)
    tree_case
    [[ -z ${proxy_dir:-} ]] || proxy_forget
    cd "$work/here" || return 1
    tree_run "$@" --no-progress
    cd "$work" || return 1
    [[ $status == "$status_aws" && $status == "$want_status" ]] ||
        { tree_fail "status of aws $status_aws: $(<"$BATS_TEST_TMPDIR/aws.err")"; return 1; }
    assert_equal "$lines" "$lines_aws" "standard output of $*" || return 1
    diff <(printf '%s\n' "$result_aws") <(tree_result) ||
        { tree_fail 'another state than after aws'; return 1; }
}

# The operations that the last same_tree or tree_run made: "PutObject 3 HeadObject 3".
assert_ops()
{
    assert_equal "$(proxy_ops | awk '{ printf "%s%s %s", s, $2, $1; s = " " }')" "$1" \
        "the S3 operations of gs3 ${tree_ran[*]}"
}

# The files and objects that each case begins with.
tree_template()
{
    local here=$BATS_TEST_TMPDIR/template/here objects=$BATS_TEST_TMPDIR/objects
    mkdir -p "$here/sub/deeper" "$here/sub-x" "$here/empty.d" "$here/../elsewhere/in"
    printf 'a\n' >"$here/a.txt"
    printf 'b\n' >"$here/sub/b.txt"
    printf 'c\n' >"$here/sub/deeper/c.json"
    printf 'd\n' >"$here/sub-x/d.txt"
    printf 'e\n' >"$here/sub.txt"
    printf '{}\n' >"$here/with space & more.json"
    : >"$here/empty"
    printf 'out\n' >"$here/../elsewhere/out.txt"
    printf 'in\n' >"$here/../elsewhere/in/in.txt"
    ln -s a.txt "$here/link"
    ln -s ../../elsewhere/in "$here/sub/linked.d"
    mkdir -p "$objects/p/q" "$objects/p-sibling"
    printf 'object one\n' >"$objects/p/one.txt"
    printf 'object two\n' >"$objects/p/q/two.json"
    printf 'object a+b\n' >"$objects/p/q/a+b & c.txt"
    printf 'sibling\n' >"$objects/p-sibling/x.txt"
    printf 'prefix\n' >"$objects/p.txt"
    printf 'top\n' >"$objects/top.txt"
    printf 'marker with bytes\n' >"$BATS_TEST_TMPDIR/marked"
}

tree_case()
{
    cd "$BATS_TEST_TMPDIR" || return 1
    rm -rf "$work"
    cp -a template "$work"
    s3write bucket dev-data dev-copy --then puttree dev-data '' "$BATS_TEST_TMPDIR/objects" \
        --then put dev-data p/marker/ /dev/null \
        --then put dev-copy standing "$BATS_TEST_TMPDIR/marked"
}
