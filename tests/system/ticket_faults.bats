#!/usr/bin/env bats
# The ticketing system down, slow, lying, throttled, redirecting, behind a wrong certificate or
# refusing the credentials: gs3 cannot decide (4), says so in one line that names the system, the
# host and what to do, and nothing moves. Each fault meets another operation (lib/faults).

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults

setup()
{
    sim_reset
    fault_start
}

teardown()
{
    end_stall
    end_sims
}

# The host that a line must name.
host() { printf '%s' "${1#*//}" | sed 's/[.]/[.]/g'; }

# jira: the next operations are in an environment that asks Jira.
jira()
{
    fault_start staging-data staging-other
    fault_system=jira
}

# lies CASE FAULT ARGUMENT PATTERN: one look-up under one fault of the ticket system's own answers.
lies()
{
    sim_reset
    sim_fault "$2" "$3" "${fault_prefix:-/api/now/}"
    undecided "$1" "$(host "$GS3T_SIM_URL")" "$4"
}

@test "nothing listens, or the connection is reset or closed" {
    local port
    for how in reset hang-up; do
        sim_reset
        sim_fault "$how" '' /api/
        undecided "$how" "$(host "$GS3T_SIM_URL")" 'cut|ended|reset'
        # Once more and no more: what may pass may pass at the second try.
        assert_equal "$(sim_count servicenow)" 2 "look-ups with $how"
    done
    sim_reset
    sim_fault reset 40 /api/
    undecided 'reset in the body' "$(host "$GS3T_SIM_URL")"
    port=$(dead_port)
    policy_edit "s|$GS3T_SIM_URL|http://127.0.0.1:$port|"
    undecided refused "cannot connect to http://127[.]0[.]0[.]1:$port" 'check the address'
    policy_edit "s|http://127.0.0.1:$port|https://no-such-host.invalid|"
    undecided 'no such host' 'no-such-host[.]invalid' 'check the address'
    nothing_moved
}

@test "a fault that passes at the second try does no harm" {
    sim_fault reset '' /api/ 1
    fault_arguments cp-up
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    fault_case='one reset'
    [[ $status == 0 ]] || fault_fail 'not allowed'
    assert_equal "$(sim_count servicenow)" 2
}

# Three at once, each a run of its own: they end together, after the ten seconds.
@test "no answer in ten seconds: a silent listener, a late answer, an answer that drips" {
    local name policy start took
    local -A urls
    local -a pids=()
    start_stall
    sim_fault slow 14000 /api/
    start_sim drip --fault drip=200:1
    urls=([silent]=http://127.0.0.1:$stall_port [late]=$GS3T_SIM_URL [drip]=$sim_url)
    start=$(date +%s%N)
    for name in "${!urls[@]}"; do
        policy=$BATS_TEST_TMPDIR/$name.yaml
        sed "s|url: .*|url: ${urls[$name]}|" "$BATS_TEST_TMPDIR/policy.yaml" >"$policy"
        (
            cd "$fault_work" || exit
            code=0
            gs3_ mv up.txt s3://prod-data/there.txt --ticket CHG0030001 "${fault_options[@]}" \
                --policy "$policy" >"$policy.out" 2>"$policy.err" || code=$?
            printf '%s' "$code" >"$policy.status"
        ) 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    took=$((($(date +%s%N) - start) / 1000000))
    ((took >= 9900 && took < 13500)) || { printf 'took %s ms\n' "$took"; false; }
    for name in "${!urls[@]}"; do
        fault_ran=("$name")
        status=$(<"$BATS_TEST_TMPDIR/$name.yaml.status")
        cp "$BATS_TEST_TMPDIR/$name.yaml.out" "$BATS_TEST_TMPDIR/out"
        cp "$BATS_TEST_TMPDIR/$name.yaml.err" "$BATS_TEST_TMPDIR/err"
        out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
        failed "$name" 4 'ticket system cab:' "$(host "${urls[$name]}")" 'in time: try again later'
    done
    nothing_moved
}

@test "ServiceNow lies: other rows, other records, missing and unusable facts" {
    lies 'two rows' two-rows '' 'answered 2 records for CHG0030001'
    lies 'wrong number' wrong-number CHG0099999 'answered CHG0099999 when asked for CHG0030001'
    lies 'wrong case' wrong-number chg0030001 'answered chg0030001 when asked'
    lies 'trailing blank' wrong-number 'CHG0030001 ' 'when asked for CHG0030001'
    lies 'other class' set sys_class_name=incident 'as of table incident, not change_request'
    lies 'a list' set 'number=["CHG0030001"]' 'unusable number'
    lies 'typed state' set 'state={"value":{"value":-1},"display_value":"Implement"}' 'unusable state'
    lies 'no result' malformed bare 'JSON|result'
    for field in number sys_class_name state approval assigned_to start_date end_date on_hold \
        unauthorized risk type; do
        lies "no $field" missing "$field" "without $field: the field does not exist"
    done
    lies 'window is no date' set 'start_date={"value":"soon","display_value":"soon"}' \
        'unusable start_date'
    nothing_moved
}

@test "an invalid part of the query is ignored and every row comes back: refused" {
    # As the sim does it always: a table without the field that is asked for answers all rows.
    cp -r "${GS3_SIM_FIXTURES:-$BATS_TEST_DIRNAME/../sim/fixtures}" "$BATS_TEST_TMPDIR/fixtures"
    local schema=$BATS_TEST_TMPDIR/fixtures/servicenow/schema.json
    jq 'walk(if type == "object" and has("number") then del(.number) else . end)' "$schema" \
        >"$schema.new"
    mv "$schema.new" "$schema"
    GS3_SIM_FIXTURES=$BATS_TEST_TMPDIR/fixtures start_sim invalid
    policy_edit "s|$GS3T_SIM_URL|$sim_url|"
    undecided 'invalid query' "$(host "$sim_url")"
    nothing_moved
}

@test "Jira lies: other keys, moved and lower-case issues, missing and unusable facts" {
    jira
    fault_prefix=/rest/
    lies 'wrong key' wrong-number WRONG-1 'answered WRONG-1 when asked for OPS-2'
    lies 'lower case' wrong-number ops-2 'answered ops-2 when asked for OPS-2'
    lies 'no key' missing key 'without a key'
    lies 'no fields' missing fields 'without fields'
    lies 'no status' missing status 'status'
    lies 'a list' set 'status=["In Progress"]' 'status'
    lies 'other project' set 'project.key=SEC' 'of another project, SEC'
    lies 'assignee is a string' set 'assignee="root"' 'unusable assignee'
    sim_reset
    fault_ticket=OLD-7 undecided 'a moved issue' 'answered NEW-7 when asked for OLD-7' \
        'give its new key'
    fault_ticket=LOW-1 undecided 'a key in lower case' 'answered low-1 when asked for LOW-1'
    nothing_moved
}

@test "throttled for a moment, in each way to say so: it waits, and then does it" {
    local now name
    start_sim throttle --script "$BATS_TEST_TMPDIR/script.json"
    policy_edit "s|$GS3T_SIM_URL|$sim_url|"
    declare -A headers
    now=$(date +%s)
    headers=(
        [seconds]='"Retry-After": "1"'
        [date]="\"Retry-After\": \"$(date -u -d "@$((now + 2))" '+%a, %d %b %Y %H:%M:%S GMT')\""
        [unix]="\"X-RateLimit-Reset\": \"$((now + 2))\""
        [iso]="\"X-RateLimit-Reset\": \"$(date -u -d "@$((now + 2))" '+%Y-%m-%dT%H:%M:%SZ')\""
        [minutes]="\"X-RateLimit-Reset\": \"$(date -u -d "@$now" '+%Y-%m-%dT%H:%MZ')\""
        [none]='"X-Other": "1"'
    )
    for name in "${!headers[@]}"; do
        printf '[{"path_prefix": "/api/now", "times": 1, "answer": {"status": %d, "headers": {%s}}}]' \
            429 "${headers[$name]}" >"$BATS_TEST_TMPDIR/script.json"
        sim_reset
        fault_arguments cp-up
        fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
        fault_case=$name
        [[ $status == 0 ]] || fault_fail 'not allowed'
        ((seconds <= 4)) || fault_fail "took $seconds s"
        assert_equal "$(sim_count servicenow)" 2 "$name: look-ups"
    done
    printf '[{"path_prefix": "/api/now", "times": 1, "answer": {"status": 503, "headers": {"Retry-After": "1"}}}]' \
        >"$BATS_TEST_TMPDIR/script.json"
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    [[ $status == 0 ]] || fault_fail '503: not allowed'
}

@test "throttled for longer than a minute, in each way to say so: at once 4" {
    local now name
    start_sim throttle --script "$BATS_TEST_TMPDIR/script.json"
    policy_edit "s|$GS3T_SIM_URL|$sim_url|"
    declare -A headers
    now=$(date +%s)
    headers=(
        [seconds]='"Retry-After": "3600"'
        [overlong]='"Retry-After": "2000000000"'
        [date]="\"Retry-After\": \"$(date -u -d "@$((now + 600))" '+%a, %d %b %Y %H:%M:%S GMT')\""
        [unix]="\"X-RateLimit-Reset\": \"$((now + 600))\""
        [iso]="\"X-RateLimit-Reset\": \"$(date -u -d "@$((now + 600))" '+%Y-%m-%dT%H:%MZ')\""
    )
    for name in "${!headers[@]}"; do
        printf '[{"path_prefix": "/api/now", "answer": {"status": 429, "headers": {%s}}}]' \
            "${headers[$name]}" >"$BATS_TEST_TMPDIR/script.json"
        sim_reset
        undecided "$name" "$(host "$sim_url") is throttling [(]429[)]" 'try again later'
        ((seconds <= 3)) || fault_fail "took $seconds s"
        assert_equal "$(sim_count servicenow)" 1 "$name: look-ups"
    done
    printf '[{"path_prefix": "/api/now", "answer": {"status": 503, "headers": {"Retry-After": "120"}}}]' \
        >"$BATS_TEST_TMPDIR/script.json"
    undecided '503' 'is unavailable [(]503[)]' 'try again later'
    jira
    policy_edit "s|$GS3T_SIM_URL|$sim_url|"
    printf '[{"path_prefix": "/rest/", "answer": {"status": 429, "headers": {%s}}}]' \
        "${headers[iso]}" >"$BATS_TEST_TMPDIR/script.json"
    undecided 'Jira, iso' 'is throttling [(]429[)]' 'try again later'
    nothing_moved
}

@test "broken: 500, 502, 504, other statuses, HTML and empty 200, wrong content types" {
    lies 500 500 '' 'answered 500: try again later'
    lies 502 502 '' 'answered 502: try again later'
    lies 504 504 '' 'answered 504'
    lies 418 status 418 'answered 418'
    lies 400 status 400 'answered 400'
    lies 204 status 204 'answered 204'
    lies 410 status 410 'answered 410'
    lies 'a hibernating instance' html '' 'text/html.* instead of JSON: is the instance awake'
    lies 'an empty 200' empty '' 'JSON'
    lies text content-type text/plain 'text/plain instead of JSON'
    lies 'no type' content-type none 'no content type instead of JSON'
    lies 'not quite' content-type application/json-seq 'instead of JSON'
    fault_system=jira fault_prefix=/rest/
    jira
    lies 'Jira 500' 500 '' 'answered 500'
    lies 'Jira html' html '' 'instead of JSON'
    nothing_moved
}

@test "JSON that is none, or that could mean two things, or is too large" {
    local how
    for how in truncate comma bare control utf8; do
        lies "malformed: $how" malformed "$how" 'malformed JSON|without a result'
    done
    lies 'first key twice' duplicate-keys '' 'malformed JSON.*(twice|duplicate)'
    lies 'approval twice' duplicate-keys 'approval={"value":"approved","display_value":"x"}' \
        'malformed JSON.*(twice|duplicate)'
    lies 'a value twice' duplicate-keys 'value="approved"' 'malformed JSON.*(twice|duplicate)'
    lies deep deep 100000 'malformed JSON|larger'
    lies 'a little too deep' deep 65 'malformed JSON'
    lies huge huge 2097152 'larger|too (large|long)|more than'
    lies endless endless '' 'larger|too (large|long)|more than'
    lies garbage garbage '}{' 'malformed JSON'
    lies 'a second document' garbage '{"result":[]}' 'malformed JSON'
    lies 'cut off' cutoff '' 'ended before its length|cut'
    lies 'cut off without a length' cutoff 30 'ended before its length|cut'
    sim_reset
    sim_fault chunked '' /api/
    sim_fault cutoff 100 /api/
    undecided 'chunked, cut off' "$(host "$GS3T_SIM_URL")"
    fault_prefix=/rest/
    jira
    lies 'Jira truncated' malformed truncate 'malformed JSON'
    lies 'Jira key twice' duplicate-keys 'key="OPS-2"' 'malformed JSON'
    lies 'Jira huge' huge 2097152 'larger|too (large|long)|more than'
    nothing_moved
}

@test "no clock, or one far off ours, decides no window" {
    local skew where
    where="ticket system cab [(]$GS3T_SIM_URL"
    sim_fault no-date '' /api/
    fault_next
    failed 'no Date' 4 "$where" 'no Date header'
    for skew in 600 -600 86400 -86400; do
        sim_reset
        sim_fault date-skew "$skew" /api/
        fault_next
        failed "Date $skew s off" 4 "$where" 'clock is -?[0-9]+ s off' 'set the clock'
    done
    sim_reset
    sim_fault header 'Date: yesterday' /api/
    fault_next
    failed 'Date is none' 4 "$where" 'no Date header'
    nothing_moved
    # Within the five minutes it decides.
    sim_reset
    sim_fault date-skew 200 /api/
    fault_arguments cp-up
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    [[ $status == 0 ]] || fault_fail 'not allowed'
}

@test "a redirect is not followed, and no credential goes there" {
    local code other other_log
    start_sim elsewhere
    other=$sim_url other_log=$sim_log
    unset sim_url
    for code in 301 302 303 307 308; do
        lies "$code to another host" redirect "$code $other/api/now/table/change_request" \
            "redirects [(]${code}[)] to $(host "$other")"
    done
    lies 'to a host that is not there' redirect https://gs3.invalid/ 'redirects [(]302[)] to gs3[.]invalid'
    lies 'to itself' redirect "$GS3T_SIM_URL/api/now/table/incident" 'redirects [(]302[)]'
    lies 'within the site' redirect /login.do 'redirects [(]302[)] within the site'
    lies 'to nowhere' status 302 'redirects [(]302[)]'
    lies 'hostile' redirect $'http://gs3.invalid/\tx' 'redirects [(]302[)]'
    fault_prefix=/rest/
    jira
    lies 'a renamed Jira site' redirect "$other/rest/api/3/issue/OPS-2" 'redirects [(]302[)]'
    [[ ! -s $other_log ]] || { printf 'the other host was asked:\n'; cat "$other_log"; false; }
    nothing_moved
}

# tls_case NAME CERTIFICATE CA PATTERN...
tls_case()
{
    local name=$1 certificate=$2 ca=$3
    shift 3
    # A name of its own: one that is taken would lose the first one's process.
    start_sim "tls-$((++tls_cases))" --tls-cert "$GS3T_TLS_DIR/$certificate.pem" \
        --tls-key "$GS3T_TLS_DIR/server.key"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    [[ -z $ca ]] || policy_edit "s|^    url: .*|&\n    ca_bundle: $ca|"
    # None of what loosens S3's TLS reaches the ticketing system's.
    GS3T_ENV+=(AWS_CA_BUNDLE="$GS3T_S3_CA" CURL_CA_BUNDLE="$GS3T_S3_CA"
        REQUESTS_CA_BUNDLE="$GS3T_S3_CA")
    fault_next --no-verify-ssl
    failed "$name, --no-verify-ssl" 4 'ticket system cab: the certificate of' "$(host "$sim_url")" \
        'not trusted' "$@"
    fault_next --ca-bundle "$GS3T_S3_CA"
    failed "$name, --ca-bundle" 4 'ticket system cab: the certificate of' "$(host "$sim_url")" \
        'not trusted' "$@"
    fault_next
    failed "$name" 4 'ticket system cab: the certificate of' "$(host "$sim_url")" 'not trusted' "$@"
    [[ ! -s $sim_log ]] || { printf '%s: the server was asked\n' "$name"; cat "$sim_log"; false; }
}

@test "a certificate of an unknown CA, of another host, or out of date, whatever S3's TLS options say" {
    tls_cases=0
    tls_case 'unknown CA' server '' 'system'
    tls_case 'another CA' server "$GS3T_OTHER_CA"
    tls_case 'wrong host' wrong-host "$GS3T_S3_CA" 'name|match|127'
    tls_case expired expired "$GS3T_S3_CA" 'expired'
    # A server that does not speak TLS.
    policy_edit "s|^    url: .*|    url: https://$(host "$GS3T_SIM_URL" | tr -d '[]')|"
    fault_next --no-verify-ssl
    failed 'no TLS' 4 'ticket system cab' "$(host "$GS3T_SIM_URL")"
    nothing_moved
}

@test "the right certificate and the policy's own CA: it decides" {
    start_sim tls --tls-cert "$GS3T_TLS_DIR/server.pem" --tls-key "$GS3T_TLS_DIR/server.key"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit "s|^    url: .*|&\n    ca_bundle: $GS3T_S3_CA|"
    fault_arguments cp-up
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}" \
        --ca-bundle "$GS3T_OTHER_CA"
    fault_case='good TLS'
    [[ $status == 0 ]] || fault_fail 'not allowed'
    # A CA file that is not there is no reason to trust the system's.
    policy_edit "s|ca_bundle: .*|ca_bundle: $BATS_TEST_TMPDIR/none.pem|"
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    failed 'no CA file' 253 'ticket system cab' 'none[.]pem'
}

@test "wrong credentials: 401, 403, and Jira's 404 to an anonymous caller" {
    local -a env=("${GS3T_ENV[@]}")
    GS3T_ENV+=(SN_PASSWORD=wrong-password)
    undecided 'wrong password' 'rejected the credentials [(]401[)]: check SN_USERNAME and SN_PASSWORD'
    GS3T_ENV=("${env[@]}" SN_USERNAME=weak)
    undecided 'no right' 'rejected the credentials [(]403[)]: check SN_USERNAME'
    GS3T_ENV=("${env[@]}")
    lies 'account locked' bad-auth '' 'rejected the credentials [(]401[)]'
    lies forbidden forbidden '' 'rejected the credentials [(]403[)]'
    nothing_moved
    jira
    env=("${GS3T_ENV[@]}")
    sim_reset
    GS3T_ENV+=(JIRA_API_TOKEN=wrong-token)
    undecided 'Jira, wrong token' 'rejected the credentials [(]AUTHENTICATED_FAILED[)]: check' \
        'JIRA_API_TOKEN'
    fault_ticket=PUB-1 undecided 'Jira, wrong token, public issue' \
        'rejected the credentials [(]AUTHENTICATED_FAILED[)]'
    fault_ticket=OPS-99999 undecided 'Jira, wrong token, no such issue' 'rejected the credentials'
    GS3T_ENV=("${env[@]}")
    fault_prefix=/rest/
    lies CAPTCHA login-denied '' 'AUTHENTICATION_DENIED, log in with a browser once'
    lies 'a reason on a 200' login-reason OUT_OF_SOMETHING 'rejected the credentials [(]OUT_OF_SOMETHING'
    nothing_moved
}

@test "not found, or not visible, with working credentials is a refusal" {
    local id
    local -a env=("${GS3T_ENV[@]}")
    fault_ticket=CHG0099999 fault_next
    failed 'no such change' 3 'policy.yaml:[0-9]+' 'CHG0099999'
    GS3T_ENV+=(SN_USERNAME=blind)
    fault_next
    failed 'hidden by access rules' 3 'policy.yaml:[0-9]+' 'CHG0030001'
    GS3T_ENV=("${env[@]}")
    nothing_moved
    jira
    for id in OPS-99999 SEC-1; do
        fault_ticket=$id fault_next
        failed "$id" 3 'policy.yaml:[0-9]+' "$id"
    done
    # 404 of what is no Jira: not "not found".
    sim_fault status 404 /rest/api/3/myself
    fault_ticket=OPS-99999 undecided 'nobody answers who we are' '404'
    nothing_moved
}

@test "no credentials, half of them, or empty ones: 253, and nobody is asked" {
    local -a env=("${GS3T_ENV[@]}")
    local -a missing=(SN_USERNAME= SN_PASSWORD=)
    policy_edit '/credentials:/,+2d'
    GS3T_ENV=("${env[0]}")
    fault_next
    failed none 253 'ticket system cab: no credentials for 127[.]0[.]0[.]1' 'SN_USERNAME and SN_PASSWORD'
    GS3T_ENV=("${env[0]}" SN_USERNAME=gs3)
    fault_next
    failed 'no password' 253 'SN_USERNAME'
    GS3T_ENV=("${env[0]}" "${missing[@]}")
    fault_next
    failed empty 253 'SN_USERNAME'
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV=("${env[0]}" SN_USERNAME=gs3)
    fault_next
    failed "the policy's variable is not set" 253 'SN_PASSWORD'
    GS3T_ENV=("${env[0]}" SN_USERNAME=gs3 SN_PASSWORD=$'sim\nHeader: x')
    fault_next
    failed 'a line feed' 253 'SN_PASSWORD holds a line break'
    jira
    GS3T_ENV=("${env[0]}")
    fault_next
    failed 'Jira, none' 253 'ticket system jira' 'JIRA_USERNAME'
    assert_equal "$(sim_count)" 0 'requests to the ticket systems'
    nothing_moved
}

@test "one look-up an invocation and ticket, however many rules ask" {
    local request
    fault_arguments mv-across
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}" --explain
    [[ $status == 0 ]] || fault_fail 'not allowed'
    assert_equal "$(sim_count servicenow)" 1 'a move within one environment'
    sim_reset
    make_buckets staging-data
    fault_run cp s3://prod-other/there.txt s3://staging-data/x --ticket CHG0030001 --ticket OPS-2 \
        "${fault_options[@]}"
    [[ $status == 0 ]] || fault_fail 'not allowed'
    assert_equal "$(sim_count servicenow)" 1 'two environments: the change'
    # The fields of the window are asked for by their ids, once those are known: no second look.
    assert_equal "$(sim_requests jira | jq -r .query | grep -c '^fields=summary')" 1 'the issue'
    assert_equal "$(sim_requests jira | jq -r .query | sort | uniq -d)" '' 'asked twice'
    sim_reset
    fault_run put - s3://prod-data/stdin --ticket CHG0030001 "${fault_options[@]}"
    [[ $status == 0 ]] || fault_fail 'not allowed'
    assert_equal "$(sim_count servicenow)" 1 'standard input'
    sim_reset
    fault_run put - s3://prod-data/stdin --ticket CHG0030001 --ticket CHG0030001 "${fault_options[@]}"
    [[ $status == 0 ]] || fault_fail 'not allowed'
    assert_equal "$(sim_count servicenow)" 1 'one ticket given twice'
    # Everything that was asked was a GET of one number, with the right headers.
    while read -r request; do
        assert_equal "$(jq -r '[.method, .headers.accept, .path_decoded] | join(" ")' <<<"$request")" \
            'GET application/json /api/now/table/change_request'
    done < <(sim_requests servicenow)
}

# late PORT: a proxy to PORT whose every connection takes a second before it passes anything on.
start_late()
{
    python3 -c '
import socket, sys, threading, time
listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as port:
    print(listener.getsockname()[1], file=port)
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve(client):
    time.sleep(1)
    server = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
' "$BATS_TEST_TMPDIR/stall.port" "$1" 3>&- &
    stall_pid=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $BATS_TEST_TMPDIR/stall.port ]] || break
        sleep 0.02
    done
    stall_port=$(<"$BATS_TEST_TMPDIR/stall.port")
}

# took WHAT COMMAND...: at most 1.9 s, at least 0.9 s.
took()
{
    local what=$1 start ms
    shift
    start=$(date +%s%N)
    "$@"
    ms=$((($(date +%s%N) - start) / 1000000))
    fault_case=$what
    [[ $status == 0 ]] || { fault_fail 'not allowed'; return 1; }
    ((ms >= 950)) || { fault_fail "took $ms ms: nothing was slow"; return 1; }
    ((ms < 1850)) || { fault_fail "took $ms ms: one after the other"; return 1; }
}

@test "S3 is prepared while the ticket is asked for: the slower one counts, not the sum" {
    # A slow ticket and an S3 whose connections are slow to open.
    start_late "${GS3T_S3_HTTP##*:}"
    policy_edit "s|^endpoints:|&\n  - http://127.0.0.1:$stall_port|"
    sim_fault slow 1000 /api/
    GS3T_ENDPOINT=http://127.0.0.1:$stall_port
    took 'an upload: the connection' fault_run cp up.txt s3://prod-data/a \
        --ticket "$fault_ticket" "${fault_options[@]}"
    took 'a copy: the HEAD of the source' fault_run cp s3://prod-data/source.txt s3://prod-data/b \
        --ticket "$fault_ticket" "${fault_options[@]}"
    took 'a download: the HEAD of the source' fault_run cp s3://prod-data/source.txt down2.txt \
        --ticket "$fault_ticket" "${fault_options[@]}"
}
