# shellcheck shell=bash
# One operation that must fail, and what must hold then: the exit status, one line on standard
# error, nothing moved or changed, no secret shown. `load lib/faults` after `load lib/common`.
# Depends on common.bash, jq. Changes only GS3T_BUCKETS and the directory that it makes.
# shellcheck disable=SC2154,SC2034 # status: set by fault_run; the rest is for the test files

readonly FAULT_PURPOSE='move the quarterly files'

# Every way to reach an object; a test takes them in turn, so that each fault meets another one.
readonly FAULT_OPERATIONS=(mv-across mv-up cp-down put-stdin mv-down cp-across cp-up)

# fault_start [BUCKET OTHER]: policy, files and objects. BUCKET's environment decides which ticket
# is asked for.
fault_start()
{
    fault_work=$BATS_TEST_TMPDIR/work
    fault_bucket=${1:-prod-data} fault_other=${2:-prod-other}
    fault_turn=0
    fault_ticket=CHG0030001
    [[ $fault_bucket == prod-* ]] || fault_ticket=OPS-2
    fault_options=(--purpose "$FAULT_PURPOSE" --department storage)
    mkdir -p "$fault_work"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    printf 'a local file\n' >"$fault_work/up.txt"
    printf 'what stands where the download goes\n' >"$fault_work/down.txt"
    make_buckets "$fault_bucket" "$fault_other"
    s3write put "$fault_bucket" source.txt "$fault_work/up.txt" 'x-amz-meta-color: blue'
    s3write put "$fault_other" there.txt "$fault_work/down.txt" 'x-amz-meta-color: red'
    fault_note_state
}

# What must not change from now on.
fault_note_state()
{
    bucket_state "$fault_bucket" "$fault_other" >"$BATS_TEST_TMPDIR/state"
    fault_files >"$BATS_TEST_TMPDIR/files"
    fault_mark=$(requests_mark)
}

# Every file of the working directory: inode, size, mode, times. No byte changes without the time of
# the inode's change.
fault_files()
{
    find "$fault_work" -printf '%P %y %i %s %m %T@ %C@\n'
}

# fault_arguments OPERATION: fills fault_args.
fault_arguments()
{
    local from=s3://$fault_bucket/source.txt to=s3://$fault_other/there.txt
    case $1 in
    *-up) from=./up.txt ;;
    *-stdin) from=- ;;
    *-down) to=./down.txt ;;
    *-across) ;;
    *) printf 'no operation %s\n' "$1" && return 1 ;;
    esac
    fault_args=("${1%%-*}" "$from" "$to")
}

# fault_run ARGUMENT...: gs3 in the working directory, a line on standard input. Sets status, out,
# err, seconds, fault_ms.
fault_run()
{
    local start=${EPOCHREALTIME//[.,]/}
    fault_ran=("$@")
    status=0
    (cd "$fault_work" && gs3_ "$@") </etc/hostname \
        >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    fault_ms=$(((${EPOCHREALTIME//[.,]/} - start) / 1000))
    { out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err"); } 2>/dev/null # of NUL
    seconds=$((fault_ms / 1000))
}

# with VARIABLE=VALUE COMMAND...: the command with one variable more for gs3; may be repeated.
with()
{
    local -a saved=("${GS3T_ENV[@]}")
    GS3T_ENV+=("$1")
    shift
    "$@" || return 1
    GS3T_ENV=("${saved[@]}")
}

# The next operation of the turn, with the ticket, purpose and department; ARGUMENTs follow.
# shellcheck disable=SC2120 # some tests give some
fault_next()
{
    fault_arguments "${FAULT_OPERATIONS[fault_turn++ % ${#FAULT_OPERATIONS[@]}]}"
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}" "$@"
}

fault_fail()
{
    local ran="${fault_ran[*]}"
    printf '%s: %s\n  ran: gs3 %s\n  status: %s\n  stdout: %s\n  stderr: %s\n' \
        "${fault_case:0:300}" "$1" "${ran:0:400}" "$status" "${out:0:2000}" "${err:0:4000}"
    return 1
}

# The secrets that the test programs hold, in every form in which one could slip out: once a test.
fault_secrets()
{
    local pair encoded
    printf '%s\n' "$GS3T_SECRET_KEY" "$GS3T_SECRET_KEY2"
    printf '%s\n' sim-password sim-token sim-pat sim-bearer sim-apikey sim-client-secret
    for pair in gs3:sim-password gs3@example.com:sim-token weak:sim-password blind:sim-password; do
        encoded=$(base64 -w0 <<<"$pair")
        printf '%s\n' "${encoded:0:20}"
    done
}

# assert_no_secret FILE...
assert_no_secret()
{
    local secrets=$BATS_TEST_TMPDIR/secrets
    [[ -e $secrets ]] || fault_secrets >"$secrets"
    if grep -aFf "$secrets" "${FAULT_SECRETS[@]/#/-e}" "$@" >"$BATS_TEST_TMPDIR/leak"; then
        printf 'a secret is shown:\n'
        head -c 1000 "$BATS_TEST_TMPDIR/leak"
        return 1
    fi
}

# failed CASE STATUS PATTERN...: fault_run's end is as it must be: STATUS, standard output empty,
# one line on standard error that fits every PATTERN (ERE), no secret in either.
failed()
{
    fault_case=$1
    local want=$2 pattern
    shift 2
    [[ $status =~ ^($want)$ ]] || { fault_fail "not status $want"; return 1; }
    # A download that was allowed says its decision, whatever became of it then.
    [[ -z $out || (-n ${fault_was_allowed:-} && $out == 'decision: '* && $out != *$'\n'*) ]] ||
        { fault_fail 'standard output is not empty'; return 1; }
    local said=''
    IFS= read -r -d '' said <"$BATS_TEST_TMPDIR/err" || true
    [[ -n $err && $err != *$'\n'* && $said == "$err"$'\n' ]] ||
        { fault_fail 'not one line on standard error'; return 1; }
    ((${#err} <= 1100)) || { fault_fail "a line of ${#err} characters"; return 1; }
    [[ $err != *[[:cntrl:]]* ]] ||
        { fault_fail 'control characters on standard error'; return 1; }
    for pattern in "$@"; do
        [[ $err =~ $pattern ]] || { fault_fail "the line does not say: $pattern"; return 1; }
    done
    assert_no_secret "$BATS_TEST_TMPDIR/err" || { fault_fail 'see above'; return 1; }
}

# Nothing changed since fault_note_state, here or there, and S3 was asked for no object's bytes and
# no change: HEAD alone may have gone beside the ticket's look-up.
nothing_moved()
{
    local requests
    [[ $(fault_files) == "$(<"$BATS_TEST_TMPDIR/files")" ]] || {
        fault_fail 'local files changed'
        diff "$BATS_TEST_TMPDIR/files" <(fault_files)
        return 1
    }
    assert_unchanged "$BATS_TEST_TMPDIR/state" "$fault_bucket" "$fault_other" ||
        { fault_fail 'objects changed'; return 1; }
    requests=$(requests_since "$fault_mark" | grep ' gs3/' | grep -v '^HEAD ' || true)
    [[ -z $requests ]] || { fault_fail "S3 was asked: $requests"; return 1; }
}

# undecided CASE PATTERN...: the next operation ends with 4, says so in one line that names the
# ticket system, and moves nothing.
undecided()
{
    local name=$1
    shift
    # shellcheck disable=SC2119 # no further arguments
    fault_next
    failed "$name" 4 "ticket system (${fault_system:-cab}):? " "$@"
}

# start_stall: a listener that takes connections and never answers; sets stall_port, stall_pid.
# end_stall in teardown ends it.
start_stall()
{
    python3 -c '
import socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as port:
    print(listener.getsockname()[1], file=port)
held = []
while True:
    held.append(listener.accept())
' "$BATS_TEST_TMPDIR/stall.port" 3>&- &
    stall_pid=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $BATS_TEST_TMPDIR/stall.port ]] || break
        sleep 0.02
    done
    stall_port=$(<"$BATS_TEST_TMPDIR/stall.port")
}

end_stall()
{
    [[ -z ${stall_pid:-} ]] || kill "$stall_pid" 2>/dev/null || true
    stall_pid=
}

# policy_edit SED_SCRIPT: change the test's policy.
policy_edit()
{
    sed -i "$1" "$BATS_TEST_TMPDIR/policy.yaml"
}

# An unused port: nothing listens there.
dead_port()
{
    python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
