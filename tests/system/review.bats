#!/usr/bin/env bats
# What a hostile reading of the contract found: each test is an attack or an accident that once went
# through.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # status, stderr: set by bats; GS3T_*: lib/common's
load lib/common

setup()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=testing GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
    cd "$work" || return
    printf 'some bytes\n' >file
    make_buckets dev-data dev-copy
}

teardown() { end_sims; }

# fails STATUS WORDS GS3_ARGUMENT...: the status, and one line of standard error with the words.
fails()
{
    local want=$1 words=$2
    shift 2
    run --separate-stderr gs3_ "$@"
    assert_status "$want" || return 1
    [[ $stderr == *"$words"* && $stderr != *$'\n'* ]] ||
        { printf 'gs3 %s: not one line with "%s":\n%s\n' "$*" "$words" "$stderr"; return 1; }
}

@test "a governance key cannot be forged by writing _ for -, which Ceph reads as the same" {
    fails 3 'approval_status is set by gs3 itself' \
        put file s3://dev-data/forged --metadata approval_status=approved
    fails 3 'Change_Request_Id is set by gs3 itself' \
        put file s3://dev-data/forged --metadata Change_Request_Id=CHG0030001
    fails 3 'gs3_previous is set by gs3 itself' \
        put file s3://dev-data/forged --metadata gs3_previous=x
    assert_equal "$(s3read status dev-data forged)" 404
    # What is no governance key is the user's as before.
    gs3_ put file s3://dev-data/free --metadata build_number=7
    assert_equal "$(head_metadata dev-data free | jq -r '."build-number"')" 7
}

@test "a download to a device or a FIFO is written into it and never takes its place" {
    gs3_ put file s3://dev-data/object
    mkfifo pipe
    cat pipe >got &
    gs3_ cp s3://dev-data/object pipe
    wait $!
    [[ -p pipe ]]
    assert_same_bytes got file
    cat pipe >got &
    fails 1 'pipe is a special file, which keeps nothing: the source is kept' \
        mv s3://dev-data/object pipe
    wait $!
    [[ -p pipe ]]
    assert_object_bytes dev-data object file
}

@test "a standard stream that was closed is no other file" {
    status=0
    gs3_ put - s3://dev-data/stdin <&- 2>error || status=$?
    assert_status 1
    [[ $(<error) == *'cannot read standard input: Bad file descriptor' ]] || { cat error; return 1; }
    assert_equal "$(s3read status dev-data stdin)" 404
    gs3_ put file s3://dev-data/object --debug 2>&-
    gs3_ cp s3://dev-data/object got --debug --quiet <&- >&- 2>&-
    assert_same_bytes got file
}

@test "a refusal does not wait for an S3 or an STS that is silent" {
    start_sim s3 --s3-store
    GS3T_ENV=(GS3_TICKET=CHG0030003 GS3_PURPOSE='a good purpose')
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    sed -i "s|^endpoints:|&\n  - $sim_url|" "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENDPOINT=$sim_url
    sim_fault slow 40000 /prod-data
    local start=$SECONDS
    fails 3 'CHG0030003 has approval "requested"' cp s3://prod-data/source got
    sim_fault status 500 /api
    fails 4 'ticket system cab' mv s3://prod-data/source got
    # The operator from STS, which is silent as well.
    sed -i '/^environments:/,$s|    identity: {source: os}||' "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(AWS_ENDPOINT_URL_STS="$sim_url")
    sim_fault slow 40000 / 9
    fails 4 'ticket system cab' put file s3://prod-data/new
    ((SECONDS - start < 20)) || { printf 'it took %s s\n' $((SECONDS - start)); return 1; }
}

@test "mv down syncs every directory that it made, and the one that holds them" {
    type -P strace >/dev/null || skip "strace is not installed"
    gs3_ put file s3://dev-data/object
    mkdir there
    GS3T_WRAP=(strace -f -y -e trace=fsync -o "$BATS_TEST_TMPDIR/trace")
    ASAN_OPTIONS=detect_leaks=0 gs3_ mv s3://dev-data/object there/new/deep/got
    assert_same_bytes there/new/deep/got file
    local name
    for name in there there/new there/new/deep; do
        grep -q "fsync([0-9]*<$PWD/$name>) *= 0" "$BATS_TEST_TMPDIR/trace" ||
            { printf '%s was not synced:\n' "$name"; cat "$BATS_TEST_TMPDIR/trace"; return 1; }
    done
}

@test "credentials for a ticket system on this machine never go to a proxy" {
    GS3T_ENV+=(http_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1)
    gs3_ put file s3://dev-data/object
    GS3T_ENV+=(no_proxy=example.com)
    sim_reset
    # S3 is asked by way of the proxy, which is not there; the ticket system was asked directly.
    fails 1 'cannot connect' put file s3://dev-data/other
    (($(sim_count jira) > 0))
}

@test "a crash leaves no core file, which would hold the credentials" {
    mkfifo pipe
    (
        ulimit -c unlimited || exit 0
        gs3_ put - s3://dev-data/stdin <pipe &
        exec 9>pipe
        pid=
        until [[ -n $pid ]]; do
            sleep 0.1
            for pid in $(pgrep -f "^${GS3//./\\.} put - s3://dev-data/stdin" || true); do break; done
        done
        until grep -q '^Max core file size *0 ' "/proc/$pid/limits"; do sleep 0.1; done
        exec 9>&-
        wait
    )
}
