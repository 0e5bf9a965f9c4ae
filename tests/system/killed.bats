#!/usr/bin/env bats
# gs3 is killed, interrupted and ended in the middle of many objects and of large ones. After a kill
# the same command finishes the work: every object is there exactly once, whole, with its metadata.
# After a signal that can be caught it ends in seconds and leaves nothing behind.
#
# GS3_TEST_SEED says at which moments (printed when a test fails). GS3_TEST_LONG=1: 200 moments.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err, work: set by the libraries
# shellcheck disable=SC2034,SC2164 # variables for the libraries; bats ends a test that fails
load lib/common
load lib/proxy
load lib/trees
load lib/arrived

BATS_TEST_TIMEOUT=900
[[ -z ${GS3_TEST_LONG:-} ]] || BATS_TEST_TIMEOUT=7200

setup()
{
    trees_start
    seed=${GS3_TEST_SEED:-$(date +%N | sed 's/^0*//')}
    RANDOM=$((seed % 32768))
    objects=1000 moments=2
    [[ -z ${GS3_TEST_BRIEF:-} ]] || objects=500 moments=1
    [[ -z ${GS3_TEST_LONG:-} ]] || objects=2000 moments=100
    tickets=(jira-ticket-id=OPS-2 environment=development "operator=os:$(id -un)" operation=move)
    make_buckets dev-data dev-copy
    cd "$work"
}

teardown()
{
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || printf 'GS3_TEST_SEED=%s\n' "${seed:-}"
    [[ ! -e ${watched_pid:-/nonexistent} ]] || kill -KILL "$(<"$watched_pid")" 2>/dev/null || true
    proxy_end
}

# gs3_start ARGUMENT...: in the background; sets shell_pid, gs3_pid.
gs3_start()
{
    tree_ran=("$@")
    watched_pid=$BATS_TEST_TMPDIR/pid
    rm -f "$watched_pid"
    started_ms=$(now_ms)
    (
        # exec: the process that is signalled is gs3, not a shell around it.
        # shellcheck disable=SC2016 # the inner shell expands these
        GS3T_WRAP=(sh -c 'printf %s $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"' "$watched_pid")
        gs3_ "$@"
    ) >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- </dev/null &
    shell_pid=$!
    while [[ ! -s $watched_pid ]]; do sleep 0.01; done
    gs3_pid=$(<"$watched_pid")
}

# gs3_wait: its end. Sets status, out, err, lines, took_ms.
gs3_wait()
{
    status=0
    wait "$shell_pid" 2>/dev/null || status=$?
    took_ms=$(($(now_ms) - started_ms))
    out=$(grep -av '^decision: ' "$BATS_TEST_TMPDIR/out") || true
    err=$(<"$BATS_TEST_TMPDIR/err")
}

now_ms()
{
    printf '%s' $(($(date +%s%N) / 1000000))
}

# signal_at MS SIGNAL: counted from gs3_start. Sets signalled_ms.
signal_at()
{
    local left=$(($1 - ($(now_ms) - started_ms)))
    ((left <= 0)) || sleep "$((left / 1000)).$(printf '%03d' $((left % 1000)))"
    signalled_ms=$(now_ms)
    kill "-$2" "$gs3_pid" 2>/dev/null || true
}

# await SECONDS COMMAND...: until the command succeeds.
await()
{
    local tries=$(($1 * 50))
    shift
    while ! "$@"; do
        ((tries-- > 0)) || { printf 'did not come: %s\n' "$*"; return 1; }
        sleep 0.02
    done
}

# many_files DIRECTORY: each another one.
many_files()
{
    local i
    for ((i = 0; i < objects; i++)); do
        ((i % 100)) || mkdir -p "$1/d$((i / 100))"
        printf 'file number %s, and a word: %s\n' "$i" "$RANDOM" >"$1/d$((i / 100))/$i"
    done
}

# every_one WHEN SOURCE_MANIFEST DESTINATION_MANIFEST: each is at one side at least, whole.
every_one()
{
    LC_ALL=C sort -u "$2" "$3" >both
    not_in wanted both >gone
    [[ ! -s gone ]] || { tree_fail "$1: LOST: $(head -n 5 gone)"; return 1; }
    { with_other_sum wanted "$2" && with_other_sum wanted "$3"; } >half
    [[ ! -s half ]] || { tree_fail "$1: half there: $(head -n 5 half)"; return 1; }
}

# killed_moves: both ways, at seeded moments of the time that a whole move takes; killed once, then
# run to its end. Some more where none was hit, for the machine had other work.
killed_moves()
{
    local way=$1 moment hits=0 from to killed='' whole_ms=${2:-3000}
    for ((moment = 0; moment < moments || moment < moments + 5 && hits == 0; moment++)); do
        case $way in
        up)
            from=up/r$moment to=s3://dev-data/r$moment/
            mkdir -p up
            cp -a tree "$from"
            ;;
        across)
            # Forth and back, so that nothing has to be made anew.
            from=s3://dev-data/t/ to=s3://dev-copy/t/
            ((moment % 2 == 0)) || { from=s3://dev-copy/t/ to=s3://dev-data/t/; }
            ;;
        esac
        gs3_start mv "$from" "$to" --recursive --only-show-errors
        signal_at $((RANDOM * whole_ms / 32768)) KILL
        gs3_wait
        killed+="$status "
        [[ $status != 137 ]] || hits=$((hits + 1))
        [[ $status == @(0|137) ]] || { tree_fail 'another end'; return 1; }
        kept_and_landed
        every_one "killed after $((signalled_ms - started_ms)) ms" kept landed || return 1
        [[ -z $(bare_objects) ]] || { tree_fail "without governance: $(bare_objects)"; return 1; }
        # The same command again.
        gs3_start mv "$from" "$to" --recursive --only-show-errors
        gs3_wait
        [[ $status == 0 ]] || { tree_fail 'the second run fails'; return 1; }
        ((moment > 0)) || whole_ms=$((took_ms + 200))
        kept_and_landed
        assert_equal "$(<kept)" '' 'left at the source' || return 1
        diff wanted <(LC_ALL=C sort -k 2 landed) >differs ||
            { tree_fail "not each exactly once: $(head -n 5 differs)"; return 1; }
        [[ -z $(bare_objects) ]] || { tree_fail "without governance: $(bare_objects)"; return 1; }
    done
    printf '# seed %s: %s\n' "$seed" "$killed"
    # A test that hits nothing shows nothing.
    ((hits > 0)) || tree_fail 'none was hit'
}

kept_and_landed()
{
    local to=${to#s3://}
    case $from in
    s3://*) objects_of "${from:5:8}" "${from:14}" >kept ;;
    *) manifest_of "$from" >kept ;;
    esac
    objects_of "${to%%/*}" "${to#*/}" >landed
}

# Of kept_and_landed's destination.
bare_objects()
{
    ungoverned "${tickets[@]}" | head -n 3
}

@test "killed at any moment of a move of 2000 files to S3, and run again" {
    many_files tree
    manifest_of tree | LC_ALL=C sort -k 2 >wanted
    killed_moves up 4000
}

@test "killed at any moment of a move of 2000 objects across, and run again" {
    many_files tree
    manifest_of tree | LC_ALL=C sort -k 2 >wanted
    s3write puttree dev-data t/ tree
    killed_moves across 6000
}

# A profile under which everything above 5 MB goes in parts, a few at once.
in_parts()
{
    printf '[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n%s' \
        '  max_concurrent_requests = 2
' >"$(client_home)/.aws/config"
}

parts_sent() { (($(proxy_count "$1" '.status == 200 or .status == 206') >= $2)); }

# ends_in_order WHAT: of a caught signal.
ends_in_order()
{
    gs3_wait
    local after_ms=$(($(now_ms) - signalled_ms))
    [[ $status == 130 ]] || { tree_fail "$1: not 130"; return 1; }
    ((after_ms < 6000)) || { tree_fail "$1: it took $after_ms ms to end"; return 1; }
    [[ $err == *'cancelled: ctrl-c received'* ]] || { tree_fail "$1: not said"; return 1; }
    assert_equal "$(find . -name '.gs3-*')" '' "$1: temporary files" || return 1
    assert_equal "$(s3read uploads dev-data dev-copy)" '' "$1: uploads" || return 1
}

@test "a signal in the middle of a large object: ended in seconds, nothing left, the source is kept" {
    local signal
    in_parts
    head -c 60000000 /dev/urandom >large
    cp large source
    s3write put dev-data large large
    bucket_state dev-data dev-copy >"$BATS_TEST_TMPDIR/before"
    proxy_start
    proxy_rules 'delay 1 - 0.3'
    for signal in INT TERM; do
        proxy_forget
        gs3_start mv large s3://dev-copy/large
        await 20 parts_sent UploadPart 2
        signal_at 0 "$signal"
        ends_in_order "up, $signal"
        assert_equal "$(proxy_count AbortMultipartUpload) $(proxy_count CompleteMultipartUpload)" \
            '1 0' 'aborts and completions'
        proxy_forget
        gs3_start mv s3://dev-data/large s3://dev-copy/large
        await 20 parts_sent UploadPartCopy 1
        signal_at 0 "$signal"
        ends_in_order "across, $signal"
        proxy_forget
        gs3_start mv s3://dev-data/large down
        await 20 parts_sent GetObject 2
        signal_at 0 "$signal"
        ends_in_order "down, $signal"
        [[ ! -e down ]]
    done
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy
    assert_same_bytes large source
}

@test "a signal in the middle of many objects: what was done is said, the rest is kept" {
    local signal
    objects=300
    many_files tree
    manifest_of tree | LC_ALL=C sort -k 2 >wanted
    proxy_start
    printf '[default]\ns3 =\n  max_concurrent_requests = 4\n' >"$(client_home)/.aws/config"
    proxy_rules 'delay 1 - 0.05'
    for signal in INT TERM; do
        make_buckets dev-data dev-copy
        rm -rf up down
        cp -a tree up
        proxy_forget
        from=up to=s3://dev-data/t/
        gs3_start mv up "$to" --recursive
        await 20 parts_sent PutObject 20
        signal_at 0 "$signal"
        ends_in_order "up, $signal"
        said_is_done
        from=s3://dev-data/t/ to=s3://dev-copy/t/
        s3write puttree dev-data t/ tree
        proxy_forget
        gs3_start mv "$from" "$to" --recursive
        await 20 parts_sent CopyObject 20
        signal_at 0 "$signal"
        ends_in_order "across, $signal"
        said_is_done
    done
}

# What was said to be moved is moved and gone from its source; everything else is at its source.
said_is_done()
{
    local said
    kept_and_landed
    every_one 'after the signal' kept landed
    said=$(wc -l <<<"$out")
    ((said > 0 && said < objects)) || { tree_fail "$said lines"; return 1; }
    printf '%s\n' "$out" | sed 's|.* to s3://[^/]*/t/||' | LC_ALL=C sort >moved
    cut -c 35- kept | LC_ALL=C sort >left
    assert_equal "$(LC_ALL=C comm -12 moved left)" '' 'said to be moved, and still there' || return 1
    # Nothing else is gone: that would be a move that nobody told of.
    assert_equal "$(sort -u moved left | wc -l)" "$objects" 'gone without a word' || return 1
    [[ $err =~ gs3:\ [0-9,]*$said\ done ]] || { tree_fail "no sum of $said done"; return 1; }
    [[ -z $(bare_objects) ]] || { tree_fail "without governance: $(bare_objects)"; return 1; }
}

# killed_in_parts ARGUMENT...: killed once some parts are on the store. Sets first_parts.
killed_in_parts()
{
    local op=UploadPart
    [[ $2 != s3://* ]] || op=UploadPartCopy
    proxy_forget
    proxy_rules 'delay 1 - 0.3'
    gs3_start "$@"
    await 30 parts_sent "$op" 3
    signal_at 0 KILL
    gs3_wait
    [[ $status == 137 ]] || tree_fail 'not killed'
    proxy_settles
    proxy_rules
    first_parts=$(proxy_count "$op" '.status == 200 or .status == 206')
    assert_equal "$(s3read uploads dev-copy | wc -l)" 1 'uploads after the kill'
    first_upload=$(s3read uploads dev-copy | jq -r .upload)
    proxy_forget
}

@test "--resume: goes on where a killed upload was; without it the old one is aborted" {
    local op foreign count
    in_parts
    head -c 60000000 /dev/urandom >large
    s3write put dev-data large large
    proxy_start
    # Somebody else's upload to the same key, and one to another.
    foreign=$(s3write upload dev-copy other large)
    for source in large s3://dev-data/large; do
        op=UploadPart
        [[ $source != s3://* ]] || op=UploadPartCopy
        aws_ s3api abort-multipart-upload --bucket dev-copy --key other --upload-id "$foreign"
        killed_in_parts cp "$source" s3://dev-copy/k
        foreign=$(s3write upload dev-copy k large)
        tree_ends 0 cp "$source" s3://dev-copy/k --resume
        count=$(proxy_count "$op" '.status == 200 or .status == 206')
        ((count > 0 && count <= 12 - first_parts && first_parts >= 3)) ||
            tree_fail "$first_parts parts before, $count after"
        assert_equal "$(proxy_count CreateMultipartUpload)" 0 'new uploads'
        assert_object_bytes dev-copy k large
        assert_equal "$(s3read uploads dev-copy | jq -r .upload)" "$foreign" 'the other upload'
        aws_ s3api abort-multipart-upload --bucket dev-copy --key k --upload-id "$foreign"

        # Without --resume: the one that was left is aborted by its id, the other one stays.
        killed_in_parts cp "$source" s3://dev-copy/k
        foreign=$(s3write upload dev-copy k large)
        tree_ends 0 cp "$source" s3://dev-copy/k
        assert_equal "$(proxy_asked '.op == "AbortMultipartUpload"' | jq -r .target)" \
            "/dev-copy/k?uploadId=${first_upload//\~/\~}" 'aborts'
        assert_equal "$(proxy_count "$op" '.status == 200 or .status == 206')" 12 'parts from the start'
        assert_object_bytes dev-copy k large
        assert_equal "$(s3read uploads dev-copy | jq -r .upload)" "$foreign" 'the other upload'
        aws_ s3api abort-multipart-upload --bucket dev-copy --key k --upload-id "$foreign"
        foreign=$(s3write upload dev-copy other large)
    done
    aws_ s3api abort-multipart-upload --bucket dev-copy --key other --upload-id "$foreign"
    # What may not be aborted is named, with what to do; all that was asked for is done.
    killed_in_parts cp large s3://dev-copy/k
    proxy_rules 'status 1 - 403,AccessDenied ^Abort'
    tree_ends 0 cp large s3://dev-copy/k
    proxy_rules
    [[ $err == *"warning: multipart upload $first_upload to s3://dev-copy/k, "*AccessDenied*'aws s3api abort-multipart-upload'* ]] ||
        tree_fail 'the upload that is left is not named'
    assert_equal "$(s3read uploads dev-copy | jq -r .upload)" "$first_upload" 'what is left'
    aws_ s3api abort-multipart-upload --bucket dev-copy --key k --upload-id "$first_upload"
}

@test "--resume: with another ticket, another source or other metadata it starts over" {
    local change
    in_parts
    proxy_start
    for change in ticket source metadata; do
        head -c 60000000 /dev/urandom >large
        make_buckets dev-copy
        killed_in_parts mv large s3://dev-copy/k --resume
        local -a more=(--resume)
        case $change in
        ticket) more+=(--ticket INC0010002) ;;
        source) printf x >>large ;;
        metadata) more+=(--metadata color=red) ;;
        esac
        cp large was
        tree_ends 0 mv large s3://dev-copy/k "${more[@]}"
        assert_equal "$(proxy_count CreateMultipartUpload) $(proxy_count AbortMultipartUpload)" '1 1' \
            "$change: uploads begun and aborted"
        assert_object_bytes dev-copy k was
        assert_equal "$(s3read uploads dev-copy)" '' 'uploads'
        [[ ! -e large ]]
        [[ $change != ticket ]] || assert_equal "$(s3read head dev-copy k |
            jq -cS '.metadata | [."servicenow-ticket-id", ."jira-ticket-id"]')" '["INC0010002",null]'
    done
    # A record that was damaged, or that another could have written, is no record.
    head -c 60000000 /dev/urandom >large
    make_buckets dev-copy
    killed_in_parts cp large s3://dev-copy/k --resume
    find "$(client_home)" -path '*gs3/uploads/*' -type f | grep -q . || tree_fail 'no record'
    assert_equal "$(find "$(client_home)" -path '*gs3/uploads/*' -type f -printf '%m\n')" 600
    find "$(client_home)" -path '*gs3/uploads/*' -type f -exec sh -c 'printf "{\"x\":" >"$1"' _ {} \;
    tree_ends 0 cp large s3://dev-copy/k --resume
    assert_object_bytes dev-copy k large
}

@test "--resume over many objects: killed, then gone on with, each one is there" {
    local i
    in_parts
    objects=60
    many_files tree
    for i in 1 2 3; do head -c $((20000000 + i)) /dev/urandom >"tree/large.$i"; done
    manifest_of tree | LC_ALL=C sort -k 2 >wanted
    cp -a tree up
    proxy_start
    proxy_rules 'delay 1 - 0.1'
    from=up to=s3://dev-copy/t/
    gs3_start mv up s3://dev-copy/t/ --recursive --resume
    await 30 parts_sent UploadPart 4
    signal_at 0 KILL
    gs3_wait
    kept_and_landed
    every_one 'after the kill' kept landed
    proxy_rules
    tree_ends 0 mv up s3://dev-copy/t/ --recursive --resume
    kept_and_landed
    assert_equal "$(<kept)" ''
    diff wanted landed
    assert_equal "$(s3read uploads dev-copy)" '' 'uploads'
}
