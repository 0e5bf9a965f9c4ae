# shellcheck shell=bash
# gs3 on a simulator of the test's own that plays S3 (a store in memory, AWS-strict signatures) and
# does what a script says, with the ticket systems beside it. `load lib/scripted` after
# `load lib/common` and `load lib/faults`. Depends on common.bash, faults.bash, curl, jq.
# shellcheck disable=SC2154,SC2034 # sim_url: start_sim; status, err, fault_*: lib/faults

# scripted_start [SIM_OPTION]...: the simulator (default: --s3-store --s3-verify), the policy, a
# source object and a destination that exists, a local file.
scripted_start()
{
    printf '[]' >"$BATS_TEST_TMPDIR/script.json"
    (($# > 0)) || set -- --s3-store --s3-verify
    start_sim s3 --script "$BATS_TEST_TMPDIR/script.json" "$@"
    GS3T_ENV=()
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit "s|^endpoints:|&\n  - $sim_url|"
    GS3T_ENDPOINT=$sim_url
    GS3T_ENV+=(AWS_ACCESS_KEY_ID=SIMKEYUSER0000000001
        AWS_SECRET_ACCESS_KEY=sim-secret-user-0123456789012345678901)
    fault_work=$BATS_TEST_TMPDIR/work
    fault_ticket=CHG0030001
    fault_options=(--purpose "$FAULT_PURPOSE")
    fault_bucket=prod-data fault_other=prod-other fault_was_allowed=1
    scripted_reset
}

# The state in which each case begins.
scripted_reset()
{
    sim_reset
    script '[]'
    rm -rf "$fault_work" "$BATS_TEST_TMPDIR"/go*
    mkdir -p "$fault_work"
    printf 'a local file\n' >"$fault_work/up.txt"
    printf 'what stands where the download goes\n' >"$fault_work/down.txt"
    printf 'the bytes of the source\n' >"$BATS_TEST_TMPDIR/source"
    printf 'what stands at the destination\n' >"$BATS_TEST_TMPDIR/standing"
    store_put prod-data/source.txt "$BATS_TEST_TMPDIR/source" 'x-amz-meta-color: blue' \
        'content-type: text/x-source' 'x-amz-tagging: a=1'
    store_put prod-other/there.txt "$BATS_TEST_TMPDIR/standing" 'x-amz-meta-color: red'
    cp -p "$fault_work/up.txt" "$BATS_TEST_TMPDIR/up"
    cp -p "$fault_work/down.txt" "$BATS_TEST_TMPDIR/down"
    source_before=$(stored prod-data/source.txt)
}

# script JSON: what the simulator does from now on.
script()
{
    printf '%s' "$1" >"$BATS_TEST_TMPDIR/script.new"
    mv "$BATS_TEST_TMPDIR/script.new" "$BATS_TEST_TMPDIR/script.json"
}

# An answer that is the server's own, and held until once_held has made its change.
HELD='{"pass": true, "hold": "go"}'

# once_held COMMAND...: COMMAND, once the answer is held; then that goes.
once_held()
{
    local tries
    for ((tries = 0; tries < 1500; tries++)); do
        [[ ! -e $BATS_TEST_TMPDIR/go.held ]] || break
        sleep 0.02
    done
    "$@"
    touch "$BATS_TEST_TMPDIR/go"
}

# store_put BUCKET/KEY FILE [HEADER]...: without a signature and past the script.
store_put()
{
    local name=$1 file=$2 header
    local -a headers=()
    shift 2
    for header in "$@"; do headers+=(-H "$header"); done
    curl -q -sS --noproxy '*' --fail --cacert "$GS3T_S3_CA" -X PUT --data-binary "@$file" \
        "${headers[@]}" "$sim_url/_sim/objects/$name" >/dev/null
}

# stored [NAME]: the newest version of each object (of that one): one JSON object a line.
stored()
{
    curl -q -sS --noproxy '*' --fail --cacert "$GS3T_S3_CA" "$sim_url/_sim/objects" |
        jq -cS --arg name "${1-}" '[group_by(.name)[] | .[0]][] | select(.delete_marker | not)
            | select($name == "" or .name == $name)'
}

# asked METHOD [PATH]: how many S3 requests of that kind.
asked()
{
    sim_requests s3 | jq -r '.method + " " + .path_decoded' | grep -cE "^$1 ${2:-}" || true
}

# operate OPERATION [ARGUMENT]...: mv-across, cp-down and so on, with a good ticket.
operate()
{
    fault_arguments "$1"
    fault_case=$1
    shift
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}" "$@"
    # shellcheck disable=SC2119 # no --no-overwrite
    sound || return 1
}

# What must hold after every end, good or bad: the bytes of the source exist whole, at the source
# or at the destination with its governance; nothing half written stands under a final name; a
# move's source is gone only when the move said that it was done.
# shellcheck disable=SC2120 # --no-overwrite, where that was given
sound()
{
    local from=${fault_args[1]} to=${fault_args[2]} kept=0
    local want_sha landed=0 left
    if [[ $from == s3://* ]]; then
        want_sha=$(sha256 "$BATS_TEST_TMPDIR/source")
        [[ $(stored "${from#s3://}") != "$source_before" ]] || kept=1
    else
        want_sha=$(sha256 "$BATS_TEST_TMPDIR/up")
        [[ $from == - ]] && kept=1
        [[ $from != - && -e $fault_work/${from#./} ]] && kept=1
    fi
    if [[ $to == s3://* ]]; then
        [[ $(stored "${to#s3://}" | jq -r '[.sha256,
            .headers["x-amz-meta-change-request-id"]] | join(" ")') != "$want_sha CHG0030001" ]] ||
            landed=1
    elif [[ $to != - && -e $fault_work/${to#./} ]]; then
        left=$(sha256 "$fault_work/${to#./}")
        [[ $left != "$want_sha" ]] || landed=1
        [[ $left == "$want_sha" || $left == "$(sha256 "$BATS_TEST_TMPDIR/down")" ]] ||
            { fault_fail "half a file stands at $to"; return 1; }
    fi
    ((kept || landed)) || { fault_fail 'LOST: neither source nor destination'; return 1; }
    [[ $status != 0 || ${fault_args[0]} != mv || $kept == 0 ]] ||
        { fault_fail 'status 0 and the source is there'; return 1; }
    [[ $status != 0 || $to == - || $landed == 1 || $from == - || $* == *--no-overwrite* ]] ||
        { fault_fail 'status 0 and the destination is not there'; return 1; }
    [[ -z $(find "$fault_work" -name '.gs3-*') ]] || [[ -n ${fault_was_killed:-} ]] ||
        { fault_fail 'a temporary file is left behind'; return 1; }
    source_kept=$kept destination_landed=$landed
}

# kept CASE PATTERN...: the operation failed with 1 and one line of these words, and its source is
# as it was.
kept()
{
    local name="$fault_case, $1"
    shift
    failed "$name" 1 ' failed: ' "$@" || return 1
    ((source_kept)) || { fault_fail 'the source is not as it was'; return 1; }
}

# done_well CASE: status 0, nothing on standard error.
done_well()
{
    fault_case="$fault_case, $1"
    [[ $status == 0 ]] || { fault_fail 'not done'; return 1; }
    [[ -z $err ]] || { fault_fail 'standard error is not empty'; return 1; }
    ((destination_landed)) || { fault_fail 'the destination is not there'; return 1; }
}
