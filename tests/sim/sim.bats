# What gs3-sim promises in its README, checked with curl and jq. GS3_SIM names the program.

load ../system/lib/trace

setup_file() {
    : "${GS3_SIM:?GS3_SIM names the gs3-sim program}"
    DIR="$(cd "$(dirname "$BATS_TEST_FILENAME")" && pwd)"
    export DIR
    copy_fixtures
    printf '[]' > "$BATS_FILE_TMPDIR/script.json"
    "$GS3_SIM" --fixtures "$BATS_FILE_TMPDIR/fixtures" --port-file "$BATS_FILE_TMPDIR/port" \
        --user alice --s3-store --script "$BATS_FILE_TMPDIR/script.json" \
        --request-log "$BATS_FILE_TMPDIR/log" > "$BATS_FILE_TMPDIR/out" 2> "$BATS_FILE_TMPDIR/err" 3>&- &
    echo $! > "$BATS_FILE_TMPDIR/pid"
    wait_for "$BATS_FILE_TMPDIR/port"
    URL="http://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/port")"
    export URL
}

# A sanitizer's complaint comes at the end, so wait for it.
teardown_file() {
    local pid
    pid="$(cat "$BATS_FILE_TMPDIR/pid")"
    kill "$pid"
    for _ in $(seq 100); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.05
    done
    if grep -E 'Sanitizer|runtime error' "$BATS_FILE_TMPDIR/err"; then
        return 1
    fi
}

setup() {
    curl -sf -X POST "$URL/_sim/reset" > /dev/null
    copy_fixtures
}

# Writable, even from the read-only tree of distcheck.
copy_fixtures() {
    rm -rf "$BATS_FILE_TMPDIR/fixtures"
    cp -r "$DIR/fixtures" "$BATS_FILE_TMPDIR/fixtures"
    chmod -R u+w "$BATS_FILE_TMPDIR/fixtures"
}

wait_for() {
    for _ in $(seq 100); do
        [ -s "$1" ] && return 0
        sleep 0.05
    done
    return 1
}

sn() {
    local path="$1"
    shift
    curl -s -u gs3:sim-password -H 'Accept: application/json' "$@" "$URL/api/now/table/$path"
}

change() {
    local number="$1"
    shift
    sn "change_request?sysparm_query=number%3D$number&sysparm_limit=2" "$@"
}

jira() {
    local path="$1"
    shift
    curl -s -u gs3@example.com:sim-token "$@" "$URL/rest/api/$path"
}

fault() {
    curl -sf -X POST -d "$1" "$URL/_sim/fault" > /dev/null
}

status() {
    curl -s -o /dev/null -w '%{http_code}' "$@"
}

script() {
    printf '%s' "$1" > "$BATS_FILE_TMPDIR/script.new"
    mv "$BATS_FILE_TMPDIR/script.new" "$BATS_FILE_TMPDIR/script.json"
}

is() {
    [ "$1" = "$2" ] || {
        printf 'got:    %s\nwanted: %s\n' "$1" "$2"
        return 1
    }
}

# A command that must fail: "!" alone does not fail a test.
fails() {
    if "$@"; then
        return 1
    fi
}

@test "a change is one row of strings, references with a link" {
    run change CHG0030001
    is "$(jq -r '.result | length' <<< "$output")" 1
    is "$(jq -c '.result[0] | [.number, .state, .approval, .risk, .on_hold, .type]' <<< "$output")" \
        '["CHG0030001","-1","approved","3","false","normal"]'
    is "$(jq -r '.result[0].assigned_to.link' <<< "$output")" \
        "$URL/api/now/table/sys_user/a0000000000000000000000000000001"
}

@test "display_value=all gives both, times stay UTC in value only" {
    run sn 'change_request?sysparm_query=number%3DCHG0030001&sysparm_display_value=all&sysparm_exclude_reference_link=true&sysparm_fields=state,start_date,assigned_to,assigned_to.user_name,bogus'
    is "$(jq -c '.result[0].state' <<< "$output")" '{"display_value":"Implement","value":"-1"}'
    is "$(jq -c '.result[0].assigned_to | keys' <<< "$output")" '["display_value","value"]'
    is "$(jq -r '.result[0]["assigned_to.user_name"].value' <<< "$output")" alice
    is "$(jq -r '.result[0] | has("bogus")' <<< "$output")" false
    value="$(date -u -d "$(jq -r '.result[0].start_date.value' <<< "$output") UTC" +%s)"
    display="$(date -u -d "$(jq -r '.result[0].start_date.display_value' <<< "$output") UTC" +%s)"
    is $((value - display)) 28800
    age=$(($(date +%s) - value))
    [ "$age" -ge 3599 ] && [ "$age" -le 3610 ]
}

@test "display_value=true gives labels" {
    run sn 'change_request?sysparm_query=number%3DCHG0030001&sysparm_display_value=true&sysparm_exclude_reference_link=true&sysparm_fields=state,assigned_to,risk'
    is "$(jq -c '.result[0]' <<< "$output")" '{"state":"Implement","assigned_to":"The Operator","risk":"Moderate"}'
}

@test "a dot-walked field of an empty reference is the empty string" {
    run sn 'change_request?sysparm_query=number%3DCHG0030015&sysparm_fields=assigned_to,assigned_to.user_name,assigned_to.bogus'
    is "$(jq -c '.result[0]' <<< "$output")" '{"assigned_to":"","assigned_to.user_name":""}'
}

@test "invalid query parts are ignored, all rows when nothing is left" {
    all="$(jq '.result | length' <<< "$(sn change_request)")"
    [ "$all" -gt 40 ]
    is "$(jq '.result | length' <<< "$(sn 'change_request?sysparm_query=bogus%3DCHG0030001')")" "$all"
    is "$(jq '.result | length' <<< "$(sn 'change_request?sysparm_query=nonsense')")" "$all"
    is "$(jq -c '[.result[].number]' <<< "$(sn 'change_request?sysparm_query=number%3DCHG0030003%5Ebogus%3D1&sysparm_fields=number')")" \
        '["CHG0030003"]'
}

@test "the operators of a query are live" {
    q() { jq -c '[.result[].number]' <<< "$(sn "change_request?sysparm_fields=number&sysparm_query=$1")"; }
    is "$(q 'number%3DCHG0030001%5EORnumber%3DCHG0030002')" '["CHG0030001","CHG0030002"]'
    is "$(q 'numberINCHG0030001,CHG0030004%5EORDERBYDESCnumber')" '["CHG0030004","CHG0030001"]'
    is "$(q 'number%3DCHG0030001%5ENQnumber%3DCHG0030005')" '["CHG0030001","CHG0030005"]'
    is "$(q "number%3Djavascript:'CHG0030006'")" '["CHG0030006"]'
    is "$(q 'number%3Dchg0030001%20')" '["CHG0030001"]'
    is "$(q 'assigned_to.user_name%3Dmallory')" '["CHG0030014"]'
    is "$(q 'number%3DCHG0030001%5Eapproval%3Drejected')" '[]'
}

@test "limit, offset, no match, two rows of one number, v1's 404" {
    is "$(jq -c '[.result[].number]' <<< "$(sn 'change_request?sysparm_limit=2&sysparm_offset=1&sysparm_fields=number')")" \
        '["CHG0030002","CHG0030003"]'
    is "$(change CHG7777777)" '{"result":[]}'
    is "$(jq '.result | length' <<< "$(change CHG0030029)")" 2
    is "$(status -u gs3:sim-password -H 'Accept: application/json' "$URL/api/now/v1/table/change_request?sysparm_query=number%3DX")" 404
    is "$(change CHG0030039)" '{"result":[]}'
}

@test "ServiceNow errors: 401, 400 without Accept, 403, invalid table, record" {
    run curl -s -i -H 'Accept: application/json' "$URL/api/now/table/incident"
    [[ "$output" == *" 401 "* && "$output" == *'"User Not Authenticated"'* ]]
    is "$(status -u gs3:sim-password -H 'Accept: */*' "$URL/api/now/table/incident")" 400
    is "$(status -u weak:sim-password -H 'Accept: application/json' "$URL/api/now/table/incident")" 403
    is "$(curl -s -u blind:sim-password -H 'Accept: application/json' "$URL/api/now/table/incident")" '{"result":[]}'
    is "$(jq -r .error.message <<< "$(sn nonsense)")" 'Invalid table nonsense'
    is "$(jq -r .error.message <<< "$(sn incident/ffff)")" 'No Record found'
    is "$(jq -r .result.number <<< "$(sn incident/b0000000000000000000000000010001)")" INC0010001
}

@test "Bearer, API key and OAuth tokens, which expire" {
    get() { status -H 'Accept: application/json' "$@" "$URL/api/now/table/incident?sysparm_limit=1"; }
    is "$(get -H 'Authorization: Bearer sim-bearer')" 200
    is "$(get -H 'x-sn-apikey: sim-apikey')" 200
    is "$(get -H 'x-sn-apikey: wrong')" 401
    run curl -s -d 'grant_type=client_credentials&client_id=sim-brief&client_secret=sim-client-secret' "$URL/oauth_token.do"
    is "$(jq -r '.token_type, .expires_in' <<< "$output" | paste -sd' ')" 'Bearer 4'
    token="$(jq -r .access_token <<< "$output")"
    is "$(get -H "Authorization: Bearer $token")" 200
    sleep 4.1
    is "$(get -H "Authorization: Bearer $token")" 401
    is "$(status -d 'grant_type=client_credentials&client_id=sim-client&client_secret=no' "$URL/oauth_token.do")" 401
}

@test "the change API types its values and ends with __meta" {
    run curl -s -u gs3:sim-password -H 'Accept: application/json' \
        "$URL/api/sn_chg_rest/change?sysparm_query=number%3DCHG0030001%5Ebogus%3D1&sysparm_fields=number,state,on_hold"
    [[ "$output" == *'"value":-1.0'* ]]
    is "$(jq -c '.result[0].on_hold.value' <<< "$output")" false
    is "$(jq -c '.result[-1].__meta.fields.ignored' <<< "$output")" '["bogus=1"]'
    run curl -s -u gs3:sim-password -H 'Accept: application/json' "$URL/api/sn_chg_rest/change?sysparm_query=number%3DCHG7777777"
    is "$(jq '.result | length' <<< "$output")" 1
}

@test "a fixture that changes shows at once, a broken one is a 500 that names it" {
    file="$BATS_FILE_TMPDIR/fixtures/servicenow/change_request.json"
    jq '(.[] | select(.number == "CHG0030001")).approval = "rejected"' "$file" > "$file.new"
    mv "$file.new" "$file"
    is "$(jq -r '.result[0].approval' <<< "$(change CHG0030001)")" rejected
    echo '{' > "$file"
    run change CHG0030001 -i
    [[ "$output" == *" 500 "* && "$output" == *"change_request.json: not JSON"* ]]
}

@test "a Jira issue: Cloud with ADF and accountId, Data Center with strings and names" {
    run jira 3/issue/OPS-1
    is "$(jq -r '.key, .fields.status.statusCategory.key, .fields.description.type' <<< "$output" | paste -sd' ')" 'OPS-1 new doc'
    is "$(jq -c '.fields.assignee | [has("accountId"), has("name"), .emailAddress]' <<< "$output")" '[true,false,"alice@example.com"]'
    run jira 2/issue/OPS-1
    is "$(jq -r '.fields.description' <<< "$output" | head -1)" 'Move the quarterly files.'
    is "$(jq -c '.fields.assignee | [has("accountId"), .name]' <<< "$output")" '[false,"alice"]'
    run jira '3/issue/OPS-2?fields=status,assignee'
    is "$(jq -c '.fields | keys' <<< "$output")" '["assignee","status"]'
    is "$(jq -c '.fields.assignee' <<< "$(jira 3/issue/OPS-6)")" null
    is "$(jq -c '.fields.assignee | has("emailAddress")' <<< "$(jira 3/issue/OPS-8)")" false
}

@test "Jira finds keys in any case, by id and after a move, without a redirect" {
    is "$(jq -r .key <<< "$(jira 3/issue/ops-2)")" OPS-2
    is "$(jq -r .key <<< "$(jira 3/issue/OLD-7)")" NEW-7
    id="$(jq -r .id <<< "$(jira 3/issue/OPS-2)")"
    is "$(jq -r .key <<< "$(jira "3/issue/$id")")" OPS-2
}

@test "a wrong Jira credential is an anonymous caller" {
    run curl -s -i -u gs3@example.com:wrong "$URL/rest/api/3/issue/OPS-1"
    [[ "$output" == *" 404 "* && "$output" == *"X-Seraph-LoginReason: AUTHENTICATED_FAILED"* ]]
    run curl -s -i -u gs3@example.com:wrong "$URL/rest/api/3/issue/PUB-1"
    [[ "$output" == *" 200 "* && "$output" == *"X-Seraph-LoginReason: AUTHENTICATED_FAILED"* ]]
    is "$(status -u gs3@example.com:wrong "$URL/rest/api/3/myself")" 401
    is "$(status -u gs3@example.com:sim-token "$URL/rest/api/3/myself")" 200
    is "$(status -H 'Authorization: Bearer sim-pat' "$URL/rest/api/2/myself")" 200
    is "$(status -u gs3@example.com:sim-token "$URL/rest/api/3/issue/SEC-1")" 404
    fault '{"fault":"login-denied"}'
    run jira 3/issue/OPS-1 -i
    [[ "$output" == *" 404 "* && "$output" == *"AUTHENTICATION_DENIED"* ]]
}

@test "scoped tokens work through the gateway only" {
    id="$(curl -s "$URL/_edge/tenant_info" | jq -r .cloudId)"
    is "$(status -u gs3@example.com:sim-scoped "$URL/rest/api/3/myself")" 401
    is "$(status -u gs3@example.com:sim-scoped "$URL/ex/jira/$id/rest/api/3/myself")" 200
    is "$(status -u gs3@example.com:sim-token "$URL/ex/jira/$id/rest/api/3/myself")" 401
    is "$(status -u gs3@example.com:sim-scoped "$URL/ex/jira/other/rest/api/3/myself")" 404
}

@test "approvals: decisions, none, pages, not a request" {
    approvals() { curl -s -u gs3@example.com:sim-token "$URL/rest/servicedeskapi/request/$1/approval$2"; }
    is "$(approvals CHM-1 | jq -c '[.size, .isLastPage, .values[0].finalDecision]')" '[1,true,"approved"]'
    is "$(approvals CHM-4 | jq -c '[.size, .values]')" '[0,[]]'
    is "$(approvals CHM-5 | jq -c '[.values[].finalDecision]')" '["approved","declined"]'
    is "$(approvals CHM-7 | jq -c '[.isLastPage, .values[].finalDecision]')" '[false,"approved"]'
    is "$(approvals CHM-7 '?start=1' | jq -c '[.isLastPage, .values[].finalDecision]')" '[true,"declined"]'
    is "$(status -u gs3@example.com:sim-token "$URL/rest/servicedeskapi/request/OPS-1/approval")" 404
    is "$(jira 3/field | jq -r '.[] | select(.name == "Planned start").id')" customfield_10101
    is "$(jira 3/issue/CHM-16 | jq -r '.fields.customfield_10102' | cut -c24-)" +0530
    end="$(date -d "$(jira 3/issue/CHM-17 | jq -r '.fields.customfield_10102')" +%s)"
    [ $(($(date +%s) - end)) -ge 3599 ]
    is "$(jira 3/issue/CHM-1 | jq -r '.fields.customfield_10101' | wc -c)" 29
}

@test "429 as each vendor writes it, twice and then the answer" {
    fault '[{"fault":"429","arg":7,"times":1,"path_prefix":"/api/"},{"fault":"503","arg":"none","times":1,"path_prefix":"/api/"}]'
    run change CHG0030001 -i
    [[ "$output" == *" 429 "* && "$output" == *"Retry-After: 7"* ]]
    reset="$(grep -i '^x-ratelimit-reset' <<< "$output" | tr -dc 0-9)"
    [ $((reset - $(date +%s))) -ge 5 ]
    run change CHG0030001 -i
    [[ "$output" == *" 503 "* && "$output" != *"Retry-After"* ]]
    is "$(jq '.result | length' <<< "$(change CHG0030001)")" 1
    fault '{"fault":"429","arg":"none","path_prefix":"/rest/"}'
    run jira 3/issue/OPS-1 -i
    [[ "$output" != *"Retry-After"* ]]
    grep -qE 'X-RateLimit-Reset: [0-9]{4}-[0-9]{2}-[0-9]{2}T' <<< "$output"
    curl -s -X POST "$URL/_sim/reset"
    fault '{"fault":"429","arg":"date=5"}'
    change CHG0030001 -i | grep -qE 'Retry-After: [A-Z][a-z]{2}, [0-9]{2} '
}

@test "answers that are none" {
    while IFS='|' read -r spec pattern; do
        curl -sf -X POST "$URL/_sim/reset" > /dev/null
        fault "$spec"
        change CHG0030001 -i > "$BATS_TEST_TMPDIR/out" || true
        grep -qE "$pattern" "$BATS_TEST_TMPDIR/out" || {
            echo "$spec: $pattern"
            head -c 2000 "$BATS_TEST_TMPDIR/out"
            return 1
        }
    done <<'END'
{"fault":"500"}|^HTTP/1.1 500
{"fault":"502"}|^HTTP/1.1 502
{"fault":"status","arg":418}|^HTTP/1.1 418
{"fault":"html"}|Content-Type: text/html
{"fault":"empty"}|Content-Length: 0
{"fault":"redirect","arg":"http://127.0.0.1:9/x"}|Location: http://127.0.0.1:9/x
{"fault":"redirect","arg":"307 http://127.0.0.1:9/x"}|^HTTP/1.1 307
{"fault":"content-type"}|Content-Type: text/plain
{"fault":"header","arg":"X-Test: yes"}|X-Test: yes
{"fault":"malformed"}|[]]$
{"fault":"malformed","arg":"comma"}|],}$
{"fault":"garbage"}|]}}\{$
{"fault":"duplicate-keys"}|"result":null,"result":
{"fault":"duplicate-keys","arg":"approval=\"rejected\""}|"approval":"rejected","approval":"approved"
{"fault":"chunked"}|Transfer-Encoding: chunked
{"fault":"two-rows"}|CHG0030001.*CHG0030001
{"fault":"wrong-number"}|CHG0099999
{"fault":"set","arg":"state=42"}|"state":42
{"fault":"set","arg":"approval={\"value\":1}"}|"approval":\{"value":1\}
{"fault":"no-rows"}|"result":\[\]
{"fault":"bad-auth"}|^HTTP/1.1 401
{"fault":"forbidden"}|^HTTP/1.1 403
{"fault":"raw","arg":"HTTP/1.1 200 OK\r\n\r\n{}"}|^\{\}$
END
}

@test "large and deep answers" {
    fault '{"fault":"huge","times":1}'
    change CHG0030001 > "$BATS_TEST_TMPDIR/out"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -gt 2097152 ]
    is "$(jq -r '.result[0].number' "$BATS_TEST_TMPDIR/out")" CHG0030001
    fault '{"fault":"deep","times":1}'
    change CHG0030001 > "$BATS_TEST_TMPDIR/out"
    is "$(stat -c %s "$BATS_TEST_TMPDIR/out")" 200011
    fault '{"fault":"endless","times":1}'
    run change CHG0030001 -m 1 -o "$BATS_TEST_TMPDIR/out"
    is "$status" 28
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -gt 100000 ]
}

@test "missing fields and values, by path in Jira" {
    fault '[{"fault":"missing","arg":"approval"},{"fault":"missing","arg":"status.statusCategory"},{"fault":"set","arg":"status.name=Odd"},{"fault":"set","arg":"key=XYZ-1"}]'
    is "$(jq '.result[0] | has("approval")' <<< "$(change CHG0030001)")" false
    run jira 3/issue/OPS-1
    is "$(jq -c '[.key, .fields.status.name, (.fields.status | has("statusCategory"))]' <<< "$output")" '["XYZ-1","Odd",false]'
}

@test "slow, drip, cut off, reset, hang up" {
    fault '{"fault":"slow","arg":300,"times":1}'
    is "$(change CHG0030001 -o /dev/null -w '%{time_starttransfer}' | awk '{print ($1 >= 0.3 && $1 < 2)}')" 1
    fault '{"fault":"drip","arg":"20:100","times":1}'
    is "$(change CHG0030001 -o /dev/null -w '%{time_total}' | awk '{print ($1 >= 0.2)}')" 1
    fault '{"fault":"cutoff","arg":40,"times":1}'
    run change CHG0030001
    is "$status ${#output}" '18 40'
    fault '{"fault":"reset","times":1}'
    run change CHG0030001
    is "$status" 56
    fault '{"fault":"reset","arg":20,"times":1}'
    run change CHG0030001
    is "$status ${#output}" '56 20'
    fault '{"fault":"hang-up","times":1}'
    run change CHG0030001
    is "$status" 52
}

@test "an answer, or the end, before the body is read" {
    head -c 3000000 /dev/zero > "$BATS_TEST_TMPDIR/big"
    fault '[{"fault":"early","arg":403,"times":1},{"fault":"upload-reset","arg":100000,"times":1}]'
    is "$(status "$URL/b/k")" 404
    is "$(status -T "$BATS_TEST_TMPDIR/big" "$URL/b/k")" 403
    run curl -s -T "$BATS_TEST_TMPDIR/big" "$URL/b/k"
    [[ "$status" == 55 || "$status" == 56 ]]
    is "$(status -T "$BATS_TEST_TMPDIR/big" "$URL/b/k")" 200
    is "$(curl -s "$URL/_sim/requests" | jq -c '[.requests[].status]')" '[404,403,0,200]'
}

@test "the log numbers connections" {
    curl -s "$URL/a" "$URL/b" > /dev/null
    curl -s "$URL/c" > /dev/null
    is "$(curl -s "$URL/_sim/requests" | jq -c '[.requests[].connection] | [.[0] == .[1], .[1] < .[2]]')" '[true,true]'
}

@test "the Date header: there, absent, skewed" {
    skew() { echo $(($(date -d "$(change CHG0030001 -i | sed -n 's/^Date: //ip' | tr -d '\r')" +%s) - $(date +%s))); }
    [ "$(skew)" -ge -2 ] && [ "$(skew)" -le 2 ]
    fault '{"fault":"date-skew","arg":-600,"times":1}'
    [ "$(skew)" -le -598 ]
    fault '{"fault":"no-date","times":1}'
    change CHG0030001 -i > "$BATS_TEST_TMPDIR/out"
    fails grep -qi '^date:' "$BATS_TEST_TMPDIR/out"
}

@test "faults keep to their path and method, and nonsense is refused" {
    fault '{"fault":"500","path_prefix":"/rest/api/3/issue/OPS-1","method":"GET"}'
    is "$(status -u gs3@example.com:sim-token "$URL/rest/api/3/issue/OPS-1")" 500
    is "$(status -u gs3@example.com:sim-token "$URL/rest/api/3/issue/OPS-2")" 200
    is "$(curl -s "$URL/_sim/faults" | jq -c '.[0] | [.fault, .left]')" '["500",-1]'
    is "$(status -X POST -d '{"fault":"nonsense"}' "$URL/_sim/fault")" 400
    is "$(status -X POST -d '{"fault":"redirect"}' "$URL/_sim/fault")" 400
    is "$(status -X POST -d 'x' "$URL/_sim/fault")" 400
    is "$(status "$URL/_sim/nonsense")" 404
}

@test "the request log has everything but the secrets" {
    change CHG0030001 > /dev/null
    curl -s -X PUT -H 'x-amz-security-token: sim-secret-token' \
        -H 'Authorization: AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc' \
        --data-binary hello "$URL/b/a%20b?x=%2F" > /dev/null
    run curl -s "$URL/_sim/requests"
    is "$(jq .count <<< "$output")" 2
    is "$(jq -c '.requests[1] | [.persona, .method, .path, .path_decoded, .query, .body.bytes, .status]' <<< "$output")" \
        '["s3","PUT","/b/a%20b","/b/a b","x=%2F",5,501]'
    is "$(jq -r '.requests[1].body.sha256' <<< "$output")" "$(printf hello | sha256sum | cut -d' ' -f1)"
    is "$(jq -c '.requests[1].sigv4' <<< "$output")" \
        '{"credential":"AK/20260101/us-east-1/s3/aws4_request","signed_headers":"host;x-amz-date"}'
    is "$(jq -r '.requests[0].headers.authorization' <<< "$output")" \
        "Basic sha256:$(printf 'gs3:sim-password' | base64 | tr -d '\n' | sha256sum | cut -d' ' -f1)"
    secret="$(printf 'gs3:sim-password' | base64)"
    fails grep -qF -e sim-secret-token -e "$secret" <<< "$output"
    fails grep -qF -e sim-secret-token -e "$secret" "$BATS_FILE_TMPDIR/log"
    is "$(curl -s "$URL/_sim/requests?path_prefix=/b/" | jq .count)" 1
    is "$(tail -1 "$BATS_FILE_TMPDIR/log" | jq -r .path)" /b/a%20b
}

sts() {
    local key="$1" secret="$2"
    shift 2
    curl -s --aws-sigv4 aws:amz:us-east-1:sts --user "$key:$secret" "$@" \
        -d 'Action=GetCallerIdentity&Version=2011-06-15' "$URL/"
}

@test "STS checks the signature and says who calls" {
    run sts SIMKEYUSER0000000001 sim-secret-user-0123456789012345678901
    [[ "$output" == *"<Arn>arn:aws:iam::123456789012:user/alice</Arn>"* ]]
    run sts SIMKEYUSER0000000001 wrong -i
    [[ "$output" == *" 403 "* && "$output" == *"<Code>SignatureDoesNotMatch</Code>"* ]]
    run sts UNKNOWN wrong
    [[ "$output" == *"<Code>InvalidClientTokenId</Code>"* ]]
    run sts SIMKEYROLE0000000003 sim-secret-role-0123456789012345678901
    [[ "$output" == *"<Code>InvalidClientTokenId</Code>"* ]]
    run curl -s -d 'Action=GetCallerIdentity&Version=2011-06-15' "$URL/"
    [[ "$output" == *"<Code>MissingAuthenticationToken</Code>"* ]]
    run curl -s -d 'Action=Nonsense' "$URL/"
    [[ "$output" == *"<Code>InvalidAction</Code>"* ]]
    fault '{"fault":"missing","arg":"Arn","times":1}'
    run sts SIMKEYUSER0000000001 sim-secret-user-0123456789012345678901
    [[ "$output" != *"<Arn>"* && "$output" == *"<Account>"* ]]
}

# assume ARGUMENT...: AssumeRole as alice, for role/$role.
assume()
{
    curl -s --aws-sigv4 aws:amz:us-east-1:sts \
        --user SIMKEYUSER0000000001:sim-secret-user-0123456789012345678901 \
        -d Action=AssumeRole -d Version=2011-06-15 -d "RoleArn=arn:aws:iam::123456789012:role/$role" \
        "$@" "$URL/"
}

element() { sed -n "s|.*<$1>\([^<]*\)</$1>.*|\1|p" <<< "$output"; }

@test "STS gives sessions of roles, which it then believes, and refuses in its own words" {
    role=Deploy
    run assume -d RoleSessionName=bob -d Tags.member.1.Key=ticket -d Tags.member.1.Value=CHG1 \
        -d SourceIdentity=bob -d DurationSeconds=900
    is "$(element Arn)" arn:aws:sts::123456789012:assumed-role/Deploy/bob
    [[ "$(element PackedPolicySize)" == 1 && "$(element Expiration)" == *Z ]]
    is "$(curl -s "$URL/_sim/sessions" | jq -c '.[-1] | [.tags, .source_identity]')" '[{"ticket":"CHG1"},"bob"]'
    key="$(element AccessKeyId)" secret="$(element SecretAccessKey)" token="$(element SessionToken)"
    run sts "$key" "$secret" -H "x-amz-security-token: $token"
    [[ "$output" == *"<Arn>arn:aws:sts::123456789012:assumed-role/Deploy/bob</Arn>"* ]]
    run sts "$key" "$secret" -H "x-amz-security-token: other"
    is "$(element Code)" InvalidClientTokenId
    curl -s -X POST "$URL/_sim/expire" > /dev/null
    run sts "$key" "$secret" -H "x-amz-security-token: $token"
    is "$(element Code)" ExpiredToken
    run assume -d RoleSessionName=x
    is "$(element Code)" ValidationError
    run assume -d RoleSessionName=bob -d DurationSeconds=60
    is "$(element Code)" ValidationError
    run assume -d RoleSessionName=bob -d Policy=nonsense
    is "$(element Code)" MalformedPolicyDocument
    run assume -d RoleSessionName=bob --data-urlencode "Policy={\"Statement\":[\"$(printf '%2010s' x)\"]}" \
        -d Tags.member.1.Key=ticket -d Tags.member.1.Value=CHG1234567890
    is "$(element Code)" PackedPolicyTooLarge
    role=Plain
    run assume -d RoleSessionName=bob -d Tags.member.1.Key=ticket -d Tags.member.1.Value=CHG1
    [[ "$(element Message)" == "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:TagSession on resource: "*"role/Plain" ]]
    run assume -d RoleSessionName=bob -d SourceIdentity=bob
    [[ "$(element Message)" == *"sts:SetSourceIdentity"* ]]
    role=Mfa
    run assume -d RoleSessionName=bob -d SerialNumber=arn:aws:iam::123456789012:mfa/alice -d TokenCode=000000
    [[ "$(element Code) $(element Message)" == "AccessDenied MultiFactorAuthentication failed"* ]]
    run curl -s -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 -d RoleSessionName=bob \
        -d RoleArn=arn:aws:iam::123456789012:role/Web -d WebIdentityToken=sim-web-token-alice "$URL/"
    is "$(element Provider) $(element Arn)" \
        "https://token.example.com arn:aws:sts::123456789012:assumed-role/Web/bob"
}

@test "the AWS CLI is believed by STS, with a session token too" {
    [ -x /usr/bin/aws ] || skip "no /usr/bin/aws"
    export AWS_ACCESS_KEY_ID=SIMKEYSSOX0000000004 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
    export AWS_SECRET_ACCESS_KEY=sim-secret-ssox-0123456789012345678901 AWS_SESSION_TOKEN=sim-session-token-sso
    run /usr/bin/aws --endpoint-url "$URL" sts get-caller-identity --query Arn --output text
    is "$output" arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Operators_0123456789abcdef/alice@example.com
    export AWS_ACCESS_KEY_ID=SIMKEYOLDX0000000007 AWS_SESSION_TOKEN=sim-session-token-old
    export AWS_SECRET_ACCESS_KEY=sim-secret-oldx-0123456789012345678901
    run /usr/bin/aws --endpoint-url "$URL" sts get-caller-identity
    [[ "$output" == *"(ExpiredToken)"* ]]
}

@test "a script: SlowDown twice and then 200, and a copy that fails with 200" {
    script '[{"method":"GET","path":"/b/k","answer":{"status":503,"error":"SlowDown","times":2,"then":{"body":"there"}}},
             {"method":"PUT","headers":{"x-amz-copy-source":"/src/*"},"times":1,"answer":{"error":"InternalError"}},
             {"method":"HEAD","path":"/b/k","answer":{"headers":{"Content-Length":"123","ETag":"\"x\""}}},
             {"path_prefix":"/cut/","query":"","answer":{"body":"0123456789","close_after_bytes":4}},
             {"path":"/long","answer":{"body":"short","headers":{"Content-Length":"50"}}}]'
    is "$(status "$URL/b/k")$(status "$URL/b/k")$(curl -s "$URL/b/k")$(curl -s "$URL/b/k")" 503503therethere
    run curl -s -i -X PUT -H 'x-amz-copy-source: /src/a' "$URL/b/c"
    [[ "$output" == *" 200 "* && "$output" == *"<Code>InternalError</Code>"* ]]
    is "$(status -X PUT -H 'x-amz-copy-source: /src/a' "$URL/b/c")" 404
    run curl -s -I "$URL/b/k"
    [[ "$output" == *"Content-Length: 123"* ]]
    run curl -s "$URL/cut/x"
    is "$status $output" '18 0123'
    run curl -s "$URL/long"
    is "$status $output" '18 short'
    run curl -s "$URL/cut/x?a=b"
    [[ "$output" == *NotImplemented* ]]
}

@test "a script holds an answer until a file is there" {
    local go="$BATS_FILE_TMPDIR/go"
    script '[{"path":"/b/held","answer":{"body":"at last","hold":"go"}}]'
    curl -s "$URL/b/held" >"$BATS_TEST_TMPDIR/answer" &
    for _ in $(seq 100); do [ -e "$go.held" ] && break; sleep 0.05; done
    [ -e "$go.held" ]
    is "$(status "$URL/b/another")" 404
    is "$(cat "$BATS_TEST_TMPDIR/answer")" ''
    touch "$go"
    wait $!
    is "$(cat "$BATS_TEST_TMPDIR/answer")" 'at last'
    rm "$go" "$go.held"
    script '[]'
}

@test "a script changes what the store answers, and starts anew when the file changes" {
    curl -s -X PUT -H 'x-amz-meta-a: 1' --data-binary hello "$URL/b/k"
    script '[{"method":"HEAD","path":"/b/k","answer":{"pass":true,"then":{"pass":true,"headers":{"ETag":"\"other\"","x-amz-meta-a":null}}}}]'
    md5='"5d41402abc4b2a76b9719d911017c592"'
    is "$(curl -sI "$URL/b/k" | tr -d '\r' | sed -n 's/^ETag: //p')" "$md5"
    is "$(curl -sI "$URL/b/k" | tr -d '\r' | sed -n 's/^ETag: //p')" '"other"'
    fails grep -qi x-amz-meta-a <<< "$(curl -sI "$URL/b/k")"
    script '[]'
    is "$(curl -sI "$URL/b/k" | tr -d '\r' | sed -n 's/^ETag: //p')" "$md5"
    script '{'
    is "$(status "$URL/b/k")" 500
    script '[]'
}

@test "the store: metadata as S3 keeps it, copies, conditions, tags, ranges" {
    head() { curl -sI "$URL/$1" | tr -d '\r'; }
    curl -s -X PUT -H 'x-amz-meta-q: =?UTF-8?Q?abc_d?=' -H 'x-amz-meta-b: =?UTF-8?B?xbzDsw==?=' \
        -H 'Content-Type: text/x' -H 'x-amz-tagging: a=1&b=2' --data-binary hello "$URL/b/one"
    head b/one | grep -qx 'x-amz-meta-q: abc d'
    head b/one | grep -qx 'x-amz-meta-b: =?UTF-8?B?xbzDsw==?='
    is "$(status -X PUT -H 'If-None-Match: *' --data-binary x "$URL/b/one")" 412
    is "$(status -X PUT -H "x-amz-meta-big: $(printf '%2048s' '' | tr ' ' x)" --data-binary x "$URL/b/big")" 400
    curl -s -X PUT -H 'x-amz-copy-source: b/one' -H 'x-amz-metadata-directive: REPLACE' -H 'x-amz-meta-new: 1' "$URL/b/two" | grep -q CopyObjectResult
    head b/two | grep -qx 'x-amz-meta-new: 1'
    fails grep -q x-amz-meta-q <<< "$(head b/two)"
    curl -s "$URL/b/two?tagging" | grep -q '<Key>b</Key><Value>2</Value>'
    is "$(status -X PUT -H 'x-amz-copy-source: b/one' "$URL/b/one")" 400
    is "$(status -X PUT -H 'x-amz-copy-source: b/one' -H 'x-amz-copy-source-if-match: "x"' "$URL/b/three")" 412
    is "$(curl -s -r 1-3 "$URL/b/one")" ell
    is "$(status -X DELETE -H 'If-Match: "x"' "$URL/b/one")" 412
    is "$(status -X DELETE "$URL/b/one")" 204
    is "$(status "$URL/b/one")" 404
    is "$(curl -s "$URL/_sim/objects" | jq -c '[.[].name]')" '["b/two"]'
    curl -s -X PUT --data-binary seed "$URL/_sim/objects/c/k"
    is "$(curl -s "$URL/c/k")" seed
}

@test "strict S3 signatures and versions" {
    "$GS3_SIM" --fixtures "$DIR/fixtures" --port-file "$BATS_TEST_TMPDIR/port" --s3-versioned --s3-verify \
        --die-with-parent > /dev/null 3>&- &
    pid=$!
    wait_for "$BATS_TEST_TMPDIR/port"
    url="http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")"
    put() { curl -s --aws-sigv4 "$1" --user "SIMKEYUSER0000000001:$2" -X PUT --data-binary hello -H "x-amz-content-sha256: $3" -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "${@:4}" "$url/b/k"; }
    secret=sim-secret-user-0123456789012345678901
    sum="$(printf hello | sha256sum | cut -d' ' -f1)"
    r1="$(put aws:amz:us-east-1:s3 "$secret" "$sum")"
    r2="$(put aws:amz:us-east-1:s3 wrong "$sum")"
    r3="$(put aws:amz:eu-west-1:s3 "$secret" "$sum")"
    r4="$(put aws:amz:us-east-1:s3 "$secret" "${sum/2/3}")"
    r5="$(status "$url/b/k")"
    versions="$(curl -s "$url/_sim/objects" | jq -c '[.[].version]')"
    kill "$pid"
    wait "$pid"
    is "$r1 $r2 $r3 $r4 $r5 $versions" '200 403 400 400 403 ["simversion.1"]'
}

@test "TLS" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" 2> /dev/null
    "$GS3_SIM" --fixtures "$DIR/fixtures" --port-file "$BATS_TEST_TMPDIR/port" \
        --tls-cert "$BATS_TEST_TMPDIR/cert" --tls-key "$BATS_TEST_TMPDIR/key" > /dev/null 3>&- &
    pid=$!
    wait_for "$BATS_TEST_TMPDIR/port"
    url="https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")"
    good="$(curl -s --cacert "$BATS_TEST_TMPDIR/cert" -u gs3:sim-password -H 'Accept: application/json' \
        "$url/api/now/table/incident/b0000000000000000000000000010001" | jq -r .result.caller_id.link)"
    tls="$(curl -s --cacert "$BATS_TEST_TMPDIR/cert" "$url/_sim/requests" | jq -c '[.requests[].tls]')"
    unknown=0
    curl -s "$url/" > /dev/null || unknown=$?
    kill "$pid"
    wait "$pid"
    is "$good $tls $unknown" "$url/api/now/table/sys_user/a0000000000000000000000000000002 [true] 60"
}

@test "it ends on SIGTERM while a slow answer waits, and removes its port file" {
    "$GS3_SIM" --fixtures "$DIR/fixtures" --port-file "$BATS_TEST_TMPDIR/port" --fault slow=60000 > /dev/null 3>&- &
    pid=$!
    wait_for "$BATS_TEST_TMPDIR/port"
    curl -s -m 20 "http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")/x" > /dev/null 3>&- &
    sleep 0.2
    kill "$pid"
    for _ in $(seq 40); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.05
    done
    ended=0
    wait "$pid" || ended=$?
    is "$ended" 0
    [ ! -e "$BATS_TEST_TMPDIR/port" ]
}

@test "--die-with-parent ends it when the parent is killed" {
    bash -c '"$0" --fixtures "$1" --port-file "$2" --die-with-parent > /dev/null & echo $! > "$3"; sleep 30' \
        "$GS3_SIM" "$DIR/fixtures" "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/pid" 3>&- &
    parent=$!
    wait_for "$BATS_TEST_TMPDIR/port"
    kill -9 "$parent"
    pid="$(cat "$BATS_TEST_TMPDIR/pid")"
    for _ in $(seq 60); do
        kill -0 "$pid" 2> /dev/null || return 0
        [ "$(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2> /dev/null | cut -c1)" = Z ] && return 0
        sleep 0.05
    done
    return 1
}

@test "usage errors" {
    run "$GS3_SIM"
    is "$status" 252
    run "$GS3_SIM" --fixtures x --fault nonsense
    is "$status" 252
    run "$GS3_SIM" --fixtures x --tls-cert y
    is "$status" 252
    run "$GS3_SIM" --help
    is "$status" 0
}
