#!/usr/bin/env bats
# Standard input that is longer than one request goes up in parts while it comes: whole, with its
# metadata, in bounded room, and of what fails nothing is left.

# shellcheck disable=SC2154 # status, out, err, work: set by the libraries
# shellcheck disable=SC2164 # bats ends a test that fails
load lib/common
load lib/proxy
load lib/trees

setup()
{
    trees_start
    cd "$work"
    make_buckets dev-data
    proxy_start
}

teardown()
{
    proxy_end
    end_sims
}

# stream STATUS ARGUMENT... <INPUT: gs3 reads standard input.
stream()
{
    local want=$1
    shift
    tree_ran=("$@")
    status=0
    gs3_ "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
    [[ $status == "$want" ]] || tree_fail "not status $want"
}

# Waits for parts on the store.
until_parts()
{
    local tries
    for ((tries = 0; tries < 500; tries++)); do
        (($(proxy_count UploadPart '.status == 200') < $1)) || return 0
        sleep 0.02
    done
    return 1
}

assert_nothing_left()
{
    assert_equal "$(s3read uploads dev-data | wc -l) $(s3read list dev-data)" '0 ' 'uploads and objects'
}

@test "what comes is sent before its end is known" {
    local word
    head -c 40000000 /dev/urandom >large
    for word in cp put; do
        # The rest is written once two parts have arrived.
        { head -c 17000000 large; until_parts 2 || exit 1; tail -c +17000001 large; } |
            stream 0 "$word" - s3://dev-data/piped --metadata color=blue
        assert_equal "$(proxy_count UploadPart '.status == 200') $(proxy_count PutObject)" '5 0' 'parts'
        assert_object_bytes dev-data piped large
        assert_json "$(s3read head dev-data piped |
            jq -c '[.metadata.color, .metadata["jira-ticket-id"], .metadata.operation]')" \
            "[\"blue\", \"OPS-2\", \"$(sed s/cp/copy/ <<<"$word")\"]"
        assert_equal "$out$err" '' 'what is said'
        proxy_forget
    done
}

@test "every length: one request up to 8 MiB, then parts" {
    local bytes parts
    head -c 17000000 /dev/urandom >large
    while read -r bytes parts; do
        head -c "$bytes" large >some
        stream 0 cp - s3://dev-data/k <some
        assert_equal "$bytes: $(proxy_count UploadPart)" "$bytes: $parts" 'parts'
        assert_object_bytes dev-data k some
        proxy_forget
    done <<'END'
0 0
1 0
8388608 0
8388609 2
16777216 2
16777217 3
END
    # The parts of what is said to be long are larger.
    stream 0 cp - s3://dev-data/k --expected-size 100000000000 <large
    assert_equal "$(proxy_count UploadPart)" 2 'parts'
    assert_object_bytes dev-data k large
}

@test "a part that fails, an interrupt, an input that breaks off: nothing is left" {
    local producer pid
    head -c 40000000 /dev/urandom >large
    proxy_rules 'status 1 - 403,AccessDenied partNumber=3'
    stream 1 cp - s3://dev-data/k <large
    [[ $err == *AccessDenied* ]] || tree_fail 'the reason'
    proxy_rules
    assert_nothing_left
    # One that fails once is sent again, and nothing else is.
    proxy_forget
    proxy_rules 'status 1 1 - partNumber=2'
    stream 0 cp - s3://dev-data/k <large
    assert_object_bytes dev-data k large
    proxy_rules
    aws_ s3api delete-object --bucket dev-data --key k
    proxy_forget
    mkfifo pipe
    (head -c 17000000 large; exec sleep 60) >pipe 3>&- &
    producer=$!
    GS3T_WRAP=(sh -c 'printf %s $$ >"$0"; exec "$@"' "$BATS_TEST_TMPDIR/pid")
    (until_parts 2 && kill -INT "$(<"$BATS_TEST_TMPDIR/pid")") 3>&- &
    pid=$!
    stream 130 cp - s3://dev-data/k <pipe
    wait "$pid"
    kill "$producer"
    assert_nothing_left
}

@test "where a limit is to be judged all is read first" {
    sed -i 's|^  development:|&\n    limits: {bytes: 20MiB}|' "$BATS_TEST_TMPDIR/policy.yaml"
    head -c 22000000 /dev/zero >large
    stream 3 cp - s3://dev-data/k <large
    assert_equal "$(proxy_asked '.method != "HEAD"')" '' 'requests'
    head -c 19000000 large | stream 0 cp - s3://dev-data/k
    assert_equal "$(proxy_count UploadPart)" 3 'parts'
}
