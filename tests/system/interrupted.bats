#!/usr/bin/env bats
# What happens to the local side in the middle: a source that is written to, replaced or removed
# while it is sent, a disk that is full, a directory that cannot be written, a program that is
# killed or interrupted at any moment. lib/scripted's `sound` holds after each.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults
load lib/scripted

setup()
{
    scripted_start
}

teardown()
{
    end_sims
    [[ -z ${small_disk:-} ]] || umount "$small_disk"
}

# during OPERATION COMMAND...: COMMAND while the operation waits for the answer that is HELD.
during()
{
    local operation=$1
    shift
    (cd "$fault_work" && once_held "$@") 3>&- &
    local pid=$!
    fault_arguments "$operation"
    fault_case="$operation, $*"
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    wait "$pid"
}

write_more() { printf 'and a line more\n' >>up.txt; }
write_other() { printf 'another f1le\n' >up.txt; }
truncate_it() { : >up.txt; }
touch_it() { touch up.txt; }
replace_it() { printf 'a new file\n' >new.txt && mv new.txt up.txt; }
# The same bytes and time, another file.
replace_alike() { cp -p up.txt new.txt && mv new.txt up.txt; }
link_it() { ln -s /etc/hostname link && mv -T link up.txt; }

@test "a local source is written to, replaced or removed while it is sent: never removed, never 0" {
    local change operation step
    local sent="[{\"method\": \"PUT\", \"path\": \"/prod-other/there.txt\", \"answer\": $HELD}]"
    local asked="[{\"path_prefix\": \"/api/now\", \"answer\": $HELD}]"
    for step in "$sent" "$asked"; do
        for change in write_more write_other truncate_it replace_it replace_alike link_it touch_it; do
            operation=mv-up
            [[ $change != @(write_other|truncate_it) ]] || operation=cp-up
            scripted_reset
            script "$step"
            during "$operation" "$change"
            fault_files >"$BATS_TEST_TMPDIR/after"
            failed "$change" 1 ' failed: ' 'changed while it was|up.txt'
            [[ -e $fault_work/up.txt || -L $fault_work/up.txt ]] ||
                fault_fail 'LOST: the file that came meanwhile'
        done
    done
    scripted_reset
    script "$sent"
    during mv-up rm up.txt
    failed 'removed' 1 'move failed: ' 'went away|No such file'
}

@test "a directory takes the place of the download's destination, or of a part of its path" {
    local sent="[{\"method\": \"GET\", \"path\": \"/prod-data/source.txt\", \"answer\": $HELD}]"
    a_directory() { rm down.txt && mkdir down.txt; }
    script "$sent"
    during mv-down a_directory
    failed directory 1 'move failed: ' 'is a directory'
    [[ $(stored prod-data/source.txt) == "$source_before" ]] || fault_fail 'the source is gone'
    assert_equal "$(ls -A "$fault_work/down.txt")" ''
    scripted_reset
    fault_run mv s3://prod-data/source.txt up.txt/x/y --ticket CHG0030001 "${fault_options[@]}"
    failed 'a file in the path' 1 'up.txt'
    fault_run mv s3://prod-data/source.txt down.txt/ --ticket CHG0030001 "${fault_options[@]}"
    failed 'a file as a directory' 1 'down.txt'
    [[ $(stored prod-data/source.txt) == "$source_before" ]] || fault_fail 'the source is gone'
}

# A source of 300 KB.
large_source()
{
    head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/source"
    store_put prod-data/source.txt "$BATS_TEST_TMPDIR/source"
    source_before=$(stored prod-data/source.txt)
}

@test "the disk is full: the download fails, the source and what stood there are kept" {
    large_source
    GS3T_WRAP=(bash -c 'trap "" XFSZ; ulimit -f 64; exec "$@"' limited)
    operate mv-down
    kept 'file too large' 'cannot write ./down.txt: File too large'
    assert_same_bytes "$fault_work/down.txt" "$BATS_TEST_TMPDIR/down"
    # The signal that comes with the limit ends nothing either.
    GS3T_WRAP=(bash -c 'ulimit -f 64; exec "$@"' limited)
    operate mv-down
    kept 'SIGXFSZ' 'cannot write ./down.txt: File too large'
    GS3T_WRAP=()
    fault_run cp s3://prod-data/source.txt - --ticket CHG0030001 "${fault_options[@]}" >/dev/null
    fault_case='standard output'
    status=0
    gs3_ cp s3://prod-data/source.txt - --ticket CHG0030001 "${fault_options[@]}" >/dev/full \
        2>"$BATS_TEST_TMPDIR/err" || status=$?
    assert_equal "$status $(wc -l <"$BATS_TEST_TMPDIR/err")" '1 1' 'status and lines'
    grep -q 'cannot write standard output: No space left' "$BATS_TEST_TMPDIR/err"
    # Nobody reads: an error with a line, no silent end.
    status=0
    (gs3_ cp s3://prod-data/source.txt - --ticket CHG0030001 "${fault_options[@]}" \
        2>"$BATS_TEST_TMPDIR/err" || printf '%s' $? >"$BATS_TEST_TMPDIR/status") | head -c 10 >/dev/null
    assert_equal "$(<"$BATS_TEST_TMPDIR/status")" 1
    grep -q 'Broken pipe' "$BATS_TEST_TMPDIR/err"
}

@test "a file system that is full" {
    mkdir "$BATS_TEST_TMPDIR/disk"
    mount -t tmpfs -o size=128k gs3-test "$BATS_TEST_TMPDIR/disk" 2>/dev/null ||
        skip 'no file system can be mounted here'
    small_disk=$BATS_TEST_TMPDIR/disk
    large_source
    printf 'stood there\n' >"$small_disk/down.txt"
    fault_run mv s3://prod-data/source.txt "$small_disk/down.txt" --ticket CHG0030001 \
        "${fault_options[@]}"
    failed tmpfs 1 'No space left on device'
    assert_equal "$(ls -A "$small_disk") $(<"$small_disk/down.txt")" 'down.txt stood there'
    [[ $(stored prod-data/source.txt) == "$source_before" ]] || fault_fail 'the source is gone'
    # Where standard input is spooled.
    GS3T_ENV+=(TMPDIR="$small_disk")
    status=0
    gs3_ put - s3://prod-other/stdin --ticket CHG0030001 "${fault_options[@]}" \
        <"$BATS_TEST_TMPDIR/source" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
    failed spool 1 'cannot spool standard input: No space left'
    assert_equal "$(stored prod-other/stdin)" ''
}

# Root writes everywhere, unless the right to do so is taken away.
unprivileged()
{
    [[ $(id -u) != 0 ]] && return
    GS3T_WRAP=(setpriv '--bounding-set=-dac_override,-dac_read_search' --inh-caps=-all --)
    "${GS3T_WRAP[@]}" true 2>/dev/null || skip 'the rights of root cannot be taken away here'
}

@test "a directory that cannot be written, a source that cannot be removed: the source is kept" {
    unprivileged
    mkdir "$fault_work/closed"
    printf 'in a closed directory\n' >"$fault_work/closed/up.txt"
    chmod 500 "$fault_work/closed"
    fault_run mv s3://prod-data/source.txt closed/down.txt --ticket CHG0030001 "${fault_options[@]}"
    failed 'a download' 1 'cannot write in closed: Permission denied'
    fault_run mv s3://prod-data/source.txt closed/new/down.txt --ticket CHG0030001 \
        "${fault_options[@]}"
    failed 'a new directory' 1 'cannot make the directory closed/new: Permission denied'
    [[ $(stored prod-data/source.txt) == "$source_before" ]] || fault_fail 'the source is gone'
    fault_run mv closed/up.txt s3://prod-other/up.txt --ticket CHG0030001 "${fault_options[@]}"
    failed 'an upload' 1 'cannot remove closed/up.txt: Permission denied'
    [[ -e $fault_work/closed/up.txt ]] || fault_fail 'the source is gone'
    chmod 700 "$fault_work/closed"
}

# Each answer of S3 takes a moment, and a body comes in pieces: so that there is a middle.
SLOWLY='[{"method": "GET", "path_prefix": "/prod-", "answer": {"pass": true, "delay_ms": 20, "drip_ms": 4, "drip_bytes": 60000}},
    {"path_prefix": "/prod-", "answer": {"pass": true, "delay_ms": 30}}]'

# killed OPERATION SIGNAL RUNS: the signal at moments spread over the time that the operation takes;
# where all of them came too early or too late, for the machine had other work, some more.
killed()
{
    local operation=$1 signal=$2 runs=$3 run took pid hits=0
    [[ -z ${GS3_TEST_BRIEF:-} ]] || runs=3
    large
    script "$SLOWLY"
    operate "$operation"
    [[ $status == 0 ]] || { fault_fail 'not done'; return 1; }
    took=$fault_ms
    : >"$BATS_TEST_TMPDIR/statuses"
    fault_was_killed=$signal
    for ((run = 0; run < runs || (hits == 0 && run < 5 * runs); run++)); do
        scripted_reset
        large
        script "$SLOWLY"
        fault_arguments "$operation"
        fault_case="$operation, $signal in run $run"
        # exec: the process that is killed is gs3, not a shell around it.
        (
            cd "$fault_work" || exit
            # shellcheck disable=SC2016 # the inner shell expands these
            GS3T_WRAP=(sh -c 'printf %s $$ >"$0"; exec "$@"' "$BATS_TEST_TMPDIR/pid")
            gs3_ "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
        ) >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
        pid=$!
        pause $((took * (100 * (run % runs) + RANDOM % 100) / (100 * runs)))
        [[ ! -s $BATS_TEST_TMPDIR/pid ]] ||
            kill "-$signal" "$(<"$BATS_TEST_TMPDIR/pid")" 2>/dev/null || true
        status=0
        wait "$pid" || status=$?
        rm -f "$BATS_TEST_TMPDIR/pid"
        fault_ran=("${fault_args[@]}")
        out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
        sound || return 1
        [[ $signal == KILL ]] || ended_in_order || return 1
        printf '%s ' "$status" >>"$BATS_TEST_TMPDIR/statuses"
        [[ $status != @(130|137) ]] || hits=$((hits + 1))
    done
    fault_was_killed=
    # A test that hits nothing shows nothing.
    fault_case="$operation, $signal: $(<"$BATS_TEST_TMPDIR/statuses")"
    ((hits > 0)) || fault_fail 'none was hit'
}

pause() { sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"; } # MS

# A signal that can be caught leaves nothing behind, and says so in one line.
ended_in_order()
{
    [[ -z $(find "$fault_work" -name '.gs3-*') ]] ||
        { fault_fail 'a temporary file is left behind'; return 1; }
    [[ $status != 130 || $(wc -l <"$BATS_TEST_TMPDIR/err") -le 1 ]] ||
        { fault_fail 'more than a line'; return 1; }
    [[ $status == @(0|130|143) ]] || { fault_fail 'an end of another kind'; return 1; }
}

# 1 MB on each side.
large()
{
    head -c 1000000 /dev/urandom >"$fault_work/up.txt"
    cp -p "$fault_work/up.txt" "$BATS_TEST_TMPDIR/up"
    cp "$fault_work/up.txt" "$BATS_TEST_TMPDIR/source"
    store_put prod-data/source.txt "$BATS_TEST_TMPDIR/source"
    source_before=$(stored prod-data/source.txt)
}

@test "killed at any moment of an upload: nothing lost" { killed mv-up KILL 10; }
@test "killed at any moment of a copy: nothing lost" { killed mv-across KILL 10; }
@test "killed at any moment of a download: nothing lost, no half of a file" { killed mv-down KILL 10; }

@test "interrupted at any moment: nothing lost, nothing left behind, 130" {
    local operation
    for operation in mv-up mv-across mv-down; do
        killed "$operation" INT 3
        scripted_reset
        killed "$operation" TERM 3
        scripted_reset
    done
}
