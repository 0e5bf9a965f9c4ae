# shellcheck shell=bash
# What every bats file of the system tests has: `load lib/common` at its top. Depends on the
# servers of servers.sh (their variables in the environment, as tests/system/run sets them), jq,
# the AWS CLI; GS3 is the program under test.
# Clients run in an environment of their own: nothing of the caller's accounts, proxies, CA
# variables or configuration files reaches them.

bats_require_minimum_version 1.5.0

common_lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/system/lib/trace.bash
source "$common_lib/trace.bash"
# shellcheck source=tests/system/lib/process.sh
source "$common_lib/process.sh"
# shellcheck source=tests/system/lib/sim.sh
source "$common_lib/sim.sh"

# The buckets of the example policy's environments, and one that is in none.
# shellcheck disable=SC2034 # for the test files
readonly GS3T_BUCKETS=(
    prod-data prod-other staging-data staging-other dev-data shared-data unmapped
)

# Variables for gs3_ beyond the credentials: GS3T_ENV=(SN_USERNAME=x SN_PASSWORD=y); a program to
# run it under: GS3T_WRAP=(strace -f).
declare -ga GS3T_ENV=() GS3T_WRAP=()

# Each test's own home and clients' configuration: empty files, not absent ones, so that no client
# looks further. Sets client_home_dir; client_home prints it.
_make_client_home()
{
    client_home_dir=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:?only within bats}}/home
    if [[ ! -d $client_home_dir ]]; then
        mkdir -p "$client_home_dir/.aws"
        : >"$client_home_dir/.aws/config"
        : >"$client_home_dir/.aws/credentials"
    fi
}

client_home()
{
    local client_home_dir
    _make_client_home
    printf '%s' "$client_home_dir"
}

# Fill `client_env`: GS3T_S3_AS=other takes the second user, GS3T_ENDPOINT another endpoint,
# GS3T_CA another CA file.
_client_env()
{
    local client_home_dir home
    _make_client_home
    home=$client_home_dir
    client_env=(
        PATH=/usr/local/bin:/usr/bin:/bin
        HOME="$home" TMPDIR="${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}" LANG=C.UTF-8 TZ=UTC
        AWS_CONFIG_FILE="$home/.aws/config" AWS_SHARED_CREDENTIALS_FILE="$home/.aws/credentials"
        AWS_EC2_METADATA_DISABLED=true AWS_REGION="$GS3T_REGION" AWS_DEFAULT_REGION="$GS3T_REGION"
        AWS_ENDPOINT_URL_S3="${GS3T_ENDPOINT:-$GS3T_S3_HTTP}"
        AWS_CA_BUNDLE="${GS3T_CA:-$GS3T_S3_CA}"
    )
    if [[ ${GS3T_S3_AS:-test} == other ]]; then
        client_env+=(
            AWS_ACCESS_KEY_ID="$GS3T_ACCESS_KEY2" AWS_SECRET_ACCESS_KEY="$GS3T_SECRET_KEY2"
        )
    else
        client_env+=(AWS_ACCESS_KEY_ID="$GS3T_ACCESS_KEY" AWS_SECRET_ACCESS_KEY="$GS3T_SECRET_KEY")
    fi
}

# The AWS CLI on the test server; Debian's where it is there, by way of warm.py.
aws_()
{
    local -a client_env
    local program=/usr/bin/aws
    [[ -x $program ]] || program=$(type -P aws) || program=aws
    _client_env
    local -a command=("$program")
    [[ -z ${GS3T_WARM_AWS:-} ]] || command=("$GS3_WARM" "$GS3T_WARM_AWS")
    env -i "${client_env[@]}" AWS_PAGER= AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=1 \
        "${command[@]}" --endpoint-url "${GS3T_ENDPOINT:-$GS3T_S3_HTTP}" "$@"
}

# The program under test, with the credentials of the test user and what GS3T_ENV adds.
gs3_()
{
    local -a client_env
    local name
    _client_env
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [[ -z ${!name:-} ]] || client_env+=("$name=${!name}")
    done
    env -i "${client_env[@]}" "${GS3T_ENV[@]}" \
        "${GS3T_WRAP[@]}" "${GS3:?path of the program}" "$@"
}

# The quick independent reader and writer: see s3.py. s3read state|list|head|status|get|tags,
# s3write put|delete|settags|versioning|bucket.
s3read()
{
    if [[ -n ${GS3T_WARM_S3:-} ]]; then
        "$GS3_WARM" "$GS3T_WARM_S3" "$@"
    else
        "$common_lib/s3.py" "$@"
    fi
}
s3write() { s3read "$@"; }

# Make the buckets (default: GS3T_BUCKETS), empty those that exist.
make_buckets()
{
    (($# > 0)) || set -- "${GS3T_BUCKETS[@]}"
    s3write bucket "$@"
}

# Everything in the buckets (default: GS3T_BUCKETS): each version's key, ETag, size, times, headers,
# metadata, tags, and unfinished uploads. Two equal states: nothing changed.
bucket_state()
{
    (($# > 0)) || set -- "${GS3T_BUCKETS[@]}"
    s3read state "$@"
}

# assert_unchanged STATE_FILE [BUCKET]...: the state is still that of `bucket_state >STATE_FILE`.
assert_unchanged()
{
    local before=$1 after
    shift
    after=$(bucket_state "$@") || return 1
    [[ $after == "$(<"$before")" ]] && return 0
    printf 'objects changed:\n'
    diff <(cat "$before") <(printf '%s\n' "$after") | grep '^[<>]' | cut -c 1-600
    return 1
}

# The user metadata of an object as the AWS CLI reads it: JSON, sorted, one line.
head_metadata()
{
    aws_ s3api head-object --bucket "$1" --key "$2" --query Metadata --output json | jq -cS .
}

# Where the server's log of requests ends now; requests_since MARK prints the later ones, one a
# line: METHOD TARGET STATUS USER-AGENT. A refusal before any byte moves leaves none.
requests_mark()
{
    # Each request is logged when its answer has gone: one more, and wait for its line.
    local tag=mark-$RANDOM$RANDOM tries
    curl -q -s -o /dev/null --noproxy '*' -A "$tag" "$GS3T_S3_HTTP/" || return 1
    for ((tries = 0; tries < 200; tries++)); do
        if grep -qaF "\"$tag\"" "$GS3T_S3_LOG"; then
            wc -l <"$GS3T_S3_LOG"
            return 0
        fi
        sleep 0.02
    done
    printf 'the log %s does not show the request %s\n' "$GS3T_S3_LOG" "$tag" >&2
    return 1
}

requests_since()
{
    local upto request
    request='"\([A-Z]* .*\) HTTP\/[0-9.]*" \([0-9]*\) [0-9]* [^ ]* \(.*\) [^ ]* latency=.*'
    upto=$(requests_mark) || return 1
    sed -n "$(($1 + 1)),${upto}p" "$GS3T_S3_LOG" | grep -a ' beast: ' |
        sed -n "s/^[^\"]*$request/\\1 \\2 \\3/p" |
        tr -d '"' |
        grep -av ' mark-[0-9]*$' || true
}

# assert_same_bytes FILE FILE
assert_same_bytes()
{
    cmp -- "$1" "$2"
}

# assert_object_bytes BUCKET KEY FILE: the object is byte for byte the file.
assert_object_bytes()
{
    s3read get "$1" "$2" | cmp - "$3"
}

# The SHA-256 of a file, or of standard input.
sha256()
{
    sha256sum -- "${1:--}" | cut -d ' ' -f 1
}

# assert_equal ACTUAL EXPECTED [WHAT]
assert_equal()
{
    [[ $1 == "$2" ]] && return 0
    printf '%s\n  expected: %s\n  actual:   %s\n' "${3:-not equal}" "$2" "$1"
    return 1
}

# assert_json ACTUAL EXPECTED [WHAT]: equal as JSON, the order of names aside.
assert_json()
{
    local actual expected
    actual=$(jq -cS . <<<"$1") || { printf 'not JSON: %s\n' "$1"; return 1; }
    expected=$(jq -cS . <<<"$2")
    assert_equal "$actual" "$expected" "${3:-}"
}

# assert_status EXPECTED: of bats' last `run`; shows what the program said.
assert_status()
{
    # shellcheck disable=SC2154 # bats sets status and output
    [[ $status == "$1" ]] && return 0
    # shellcheck disable=SC2154
    printf 'exit status %s, expected %s; output:\n%s\n%s\n' "$status" "$1" "$output" "${stderr:-}"
    return 1
}

# A simulator of this test alone, with options of its own: start_sim NAME [OPTION]... sets
# sim_url and sim_log; end_sims in teardown ends them all.
start_sim()
{
    local name=$1 scheme=http
    shift
    [[ -n ${GS3_SIM:-} ]] || skip "GS3_SIM is not set"
    sim_start "$BATS_TEST_TMPDIR/sim" "$name" "$@" || return 1
    [[ " $* " != *" --tls-cert "* ]] || scheme=https
    # shellcheck disable=SC2034 # for the test files
    sim_url=$scheme://127.0.0.1:$(<"$BATS_TEST_TMPDIR/sim/$name.port")
    # shellcheck disable=SC2034
    sim_log=$BATS_TEST_TMPDIR/sim/$name.requests
}

end_sims()
{
    local pid
    for pid in "$BATS_TEST_TMPDIR"/sim/*.pid; do
        [[ -e $pid ]] || continue
        sim_end "$BATS_TEST_TMPDIR/sim" "$(basename "$pid" .pid)"
    done
}

# The simulator that the next four speak to: that of start_sim, else the shared one.
_sim_call()
{
    local method=$1 path=$2
    shift 2
    curl -q -sS --noproxy '*' --fail --cacert "$GS3T_S3_CA" -X "$method" "$@" \
        "${sim_url:-${GS3T_SIM_URL:?GS3_SIM is not set}}/_sim/$path"
}

# sim_fault NAME [ARG [PATH_PREFIX [TIMES]]]: a fault from now on (tests/sim/README.md). Each call
# adds one.
sim_fault()
{
    jq -nc --arg fault "$1" --arg arg "${2-}" --arg prefix "${3-}" --arg times "${4-}" '
        {fault: $fault} + if $arg == "" then {} else {arg: $arg} end
        + if $prefix == "" then {} else {path_prefix: $prefix} end
        + if $times == "" then {} else {times: ($times | tonumber)} end' |
        _sim_call POST fault --data-binary @- >/dev/null
}

# Forget faults and requests: in setup of every test that uses the shared simulator.
sim_reset()
{
    _sim_call POST reset >/dev/null
}

# sim_requests [PERSONA]: the requests since the reset, one JSON object a line; PERSONA is
# servicenow, jira, sts or s3.
sim_requests()
{
    _sim_call GET "requests${1:+?persona=$1}" | jq -c '.requests[]'
}

# sim_count [PERSONA]: how many.
sim_count()
{
    sim_requests "$@" | wc -l
}

# once_asked PERSONA COUNT COMMAND...: COMMAND, once the simulator has had more than COUNT requests
# (as that persona); a fault "slow" keeps it from answering meanwhile.
once_asked()
{
    local persona=$1 count=$2 tries
    shift 2
    for ((tries = 0; tries < 500; tries++)); do
        # shellcheck disable=SC2086 # none is none
        (($(sim_count $persona) == count)) || break
        sleep 0.02
    done
    "$@"
}

# test_policy FILE: the example policy for these servers: production (prod-*, shared-data/live/),
# staging, development; tickets at the simulator, S3 at the test server, the OS user as operator.
# Its credentials' variables are put into GS3T_ENV, FILE as GS3_POLICY too.
test_policy()
{
    local file=$1 url=${sim_url:-${GS3T_SIM_URL:-http://127.0.0.1:9}}
    cat >"$file" <<POLICY
apiVersion: gs3/v1
serial: 1
endpoints:
  - $GS3T_S3_HTTP
  - $GS3T_S3_HTTPS
  - $GS3T_S3_VHOST
  - $GS3T_S3_VHOST_TLS
ticket_systems:
  cab:
    type: servicenow
    url: $url
    tables: [change_request]
    credentials:
      username: {env: SN_USERNAME}
      password: {env: SN_PASSWORD}
  helpdesk:
    type: servicenow
    url: $url
    tables: [incident, sc_task]
    credentials:
      username: {env: SN_USERNAME}
      password: {env: SN_PASSWORD}
  jira:
    type: jira
    url: $url
    api: 3
    credentials:
      username: {env: JIRA_USERNAME}
      password: {env: JIRA_API_TOKEN}
templates:
  nonproduction:
    governance_level: standard
    ticket_for: [write, delete]
    identity: {source: os}
    tickets:
      - name: jira
        system: jira
        pattern: "^[A-Z][A-Z0-9_]+-[1-9][0-9]*\$"
        status_category: [new, indeterminate]
        operator: assignee
        metadata_key: jira-ticket-id
      - name: servicenow
        system: helpdesk
        pattern: "^(INC|SCTASK)[0-9]{7,}\$"
        active: true
        operator: assignee
        metadata_key: servicenow-ticket-id
    metadata:
      purpose: {required: true}
      department: {required: true}
environments:
  production:
    match:
      - {bucket: "prod-*"}
      - {bucket: shared-data, prefix: live/}
    governance_level: high
    ticket_for: [read, write, delete]
    identity: {source: os}
    tickets:
      - name: change-request
        system: cab
        pattern: "^CHG[0-9]{7,}\$"
        approval: [approved]
        state: [scheduled, implement]
        window: required
        operator: assignee
        metadata_key: change-request-id
    metadata:
      purpose: {required: true, min_length: 8, max_length: 200}
      risk-level: {from: ticket.risk, one_of: [low, moderate, high, very-high]}
      approval-status: {from: ticket.approval}
    limits: {objects: 10000, bytes: 5TiB}
  staging:
    extends: nonproduction
    match: [{bucket: "staging-*"}]
  development:
    extends: nonproduction
    match: [{bucket: "dev-*"}]
POLICY
    GS3T_ENV+=(GS3_POLICY="$file" SN_USERNAME=gs3 SN_PASSWORD=sim-password
        JIRA_USERNAME=gs3@example.com JIRA_API_TOKEN=sim-token)
}
