# gs3 doctor: everything fine, then each thing broken in turn. GS3 names the program, GS3_SIM the
# simulator, which plays STS, S3, the ticketing systems, CloudTrail and GuardDuty.
# Every run is looked through for the secrets that it was given.
# shellcheck shell=bash disable=SC2154,SC2030,SC2031 # bats sets status, output, stderr

load ../system/lib/trace

setup_file() {
    bats_require_minimum_version 1.5.0
    : "${GS3:?GS3 names the gs3 program}"
    : "${GS3_SIM:?GS3_SIM names the gs3-sim program}"
    export top_srcdir="${top_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
    export DIR="$BATS_FILE_TMPDIR"
    "$GS3_SIM" --fixtures "$top_srcdir/tests/sim/fixtures" --port-file "$DIR/port" --user alice \
        --s3-store --s3-verify >"$DIR/sim.out" 2>"$DIR/sim.err" 3>&- &
    echo $! >"$DIR/pid"
    for _ in $(seq 200); do
        [ ! -s "$DIR/port" ] || break
        sleep 0.05
    done
    URL="http://127.0.0.1:$(cat "$DIR/port")"
    export URL
    write_policy >"$DIR/policy.yaml"
}

teardown_file() {
    kill "$(cat "$DIR/pid")"
    for _ in $(seq 100); do
        kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
        sleep 0.05
    done
    run ! grep -E 'Sanitizer|runtime error' "$DIR/sim.err"
}

setup() {
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    home="$BATS_TEST_TMPDIR/home"
    mkdir -p "$home/.aws"
    cd "$BATS_TEST_TMPDIR" || return 1
    cp "$DIR/policy.yaml" policy.yaml
    doctor_env=(
        PATH=/usr/bin:/bin HOME="$home" TMPDIR="$BATS_TEST_TMPDIR" LANG=C.UTF-8
        GS3_POLICY=policy.yaml AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL="$URL"
        AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=SIMKEYUSER0000000001
        AWS_SECRET_ACCESS_KEY=sim-secret-user-0123456789012345678901
        SN_USERNAME=gs3 SN_PASSWORD=sim-password
        JIRA_USERNAME=gs3@example.com JIRA_API_TOKEN=sim-token
    )
    for name in ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS; do
        [ -z "${!name:-}" ] || doctor_env+=("$name=${!name}")
    done
}

write_policy() {
    cat <<YAML
apiVersion: gs3/v1
serial: 7
endpoints: ["$URL"]
ticket_systems:
  cab:
    type: servicenow
    url: "$URL"
    tables: [change_request]
    credentials: {username: {env: SN_USERNAME}, password: {env: SN_PASSWORD}}
  jira:
    type: jira
    url: "$URL"
    credentials: {username: {env: JIRA_USERNAME}, password: {env: JIRA_API_TOKEN}}
environments:
  production:
    match: [{bucket: prod-*}, {bucket: shared-data, prefix: live/}]
    governance_level: high
    ticket_for: [read, write, delete]
    tickets:
      - {name: change, system: cab, pattern: "CHG[0-9]+", active: true, metadata_key: change-request-id}
  staging:
    match: [{bucket: staging-*}]
    governance_level: standard
    ticket_for: []
YAML
}

fault() { # NAME [ARG [PATH_PREFIX]]
    jq -nc --arg f "$1" --arg a "${2-}" --arg p "${3-}" '{fault: $f}
        + if $a == "" then {} else {arg: $a} end + if $p == "" then {} else {path_prefix: $p} end' |
        curl -q -sf --noproxy '*' -X POST --data-binary @- "$URL/_sim/fault" >/dev/null
}

# doctor STATUS [ARGUMENT]...: the status; no secret in either stream; nothing but questions to S3.
doctor() {
    local want=$1 secret
    shift
    run --separate-stderr env -i "${doctor_env[@]}" "$GS3" doctor "$@"
    printf '%s\n%s\n' "$output" "$stderr"
    [ "$status" = "$want" ] || { echo "status $status, $want was expected"; return 1; }
    for secret in sim-secret- sim-password sim-token sim-session-token wrong-secret; do
        [[ $output$stderr != *"$secret"* ]] || { echo "$secret is shown"; return 1; }
    done
    ! curl -q -sf --noproxy '*' "$URL/_sim/requests?persona=s3" |
        jq -e '.requests[] | select(.method != "GET" or .path != "/")'
}

# line WORD NAME [TEXT]...: the check has that status, and its line has the texts.
line() {
    local word=$1 name=$2 found text
    shift 2
    found=$(grep -E "^$word +$name +" <<<"$output") || { echo "no line $word $name"; return 1; }
    for text in "$@"; do
        [[ $found == *"$text"* ]] || { echo "not in \"$found\": $text"; return 1; }
    done
}

without() { # VARIABLE...: takes variables out of the environment
    local -a kept=()
    local entry
    for entry in "${doctor_env[@]}"; do
        [[ " $* " == *" ${entry%%=*} "* ]] || kept+=("$entry")
    done
    doctor_env=("${kept[@]}")
}

@test "all is well: a line for each check, status 0" {
    doctor 0
    line ok configuration 'profile "default"'
    line ok credentials environment 'SIMK…0001'
    line ok identity 'arn:aws:iam::123456789012:user/alice' 'operator "alice", trusted'
    line ok region AWS_REGION us-east-1
    line ok clock STS S3 cab jira
    line ok endpoint "$URL, path style" 'listed in the policy, reachable'
    line ok policy policy.yaml 'serial 7' 'digest' 'production, staging'
    line ok ticket:cab 'SN_USERNAME and SN_PASSWORD' 'reads change_request'
    line ok ticket:jira 'authenticated as'
    line ok state "$home/.local/state/gs3/uploads"
    line ok temporary "$BATS_TEST_TMPDIR"
    [ -z "$stderr" ]
    [ ! -e "$home/.local" ]
}

@test "JSON: one object a line, with these members" {
    doctor 0 --output json s3://prod-data
    jq -es 'all(.[]; keys == ["message","name","remedy","source","status","type"] and .type == "check"
        and .status == "ok" and .remedy == null and (.message | length > 0))' <<<"$output"
    [ "$(jq -r .name <<<"$output" | paste -sd ' ')" = "configuration credentials identity region clock \
endpoint policy ticket:cab ticket:jira state temporary mime bucket:prod-data trail:prod-data guardduty" ]
    [ "$(jq -r 'select(.name == "credentials") | .source' <<<"$output")" = environment ]
}

@test "JSON of what is wrong: failed, a remedy, and skipped with why" {
    without AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    doctor 253 --output json
    jq -es '.[] | select(.name == "credentials") | .status == "failed" and (.remedy | length > 0)' <<<"$output"
    jq -es '.[] | select(.name == "identity") | .status == "skipped" and (.message | length > 0)' <<<"$output"
}

@test "no credentials: 253, and the other checks are made" {
    without AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    doctor 253 s3://prod-data
    line FAIL credentials 'unable to locate credentials'
    line skip identity 'no credentials'
    line ok ticket:cab
    line skip trail:prod-data 'no credentials'
    line skip guardduty 'no credentials'
}

@test "half a credential: 253" {
    without AWS_SECRET_ACCESS_KEY
    doctor 253
    line FAIL credentials aws_secret_access_key
    line ok policy
}

@test "a profile: its name, the file, the region's line" {
    without AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
    printf '[work]\naws_access_key_id = SIMKEYROLE0000000003\n' >"$home/.aws/credentials"
    printf 'aws_secret_access_key = sim-secret-role-0123456789012345678901\n' >>"$home/.aws/credentials"
    printf 'aws_session_token = sim-session-token-role\n' >>"$home/.aws/credentials"
    printf '[profile work]\n\nregion = us-east-1\n' >"$home/.aws/config"
    doctor 0 --profile work
    line ok credentials 'profile "work", the shared credentials file' 'SIMK…0003' 'session token'
    line ok region "$home/.aws/config:3, us-east-1"
    # A role that the policy does not trust: its session's name was chosen by the caller.
    line warn identity 'assumed-role/Deploy/alice' 'production (policy.yaml:' trusted_roles
    sed -i 's/    ticket_for: \[/    identity: {source: sts, trusted_roles: [Deploy]}\n&/' policy.yaml
    doctor 0 --profile work
    line ok identity 'operator "alice", trusted'
}

@test "a profile that is not there, and a file with a syntax error: 253, with file and line" {
    doctor 253 --profile nowhere
    line FAIL configuration nowhere
    line skip credentials
    line skip endpoint
    line ok ticket:cab
    printf '[default]\nregion = us-east-1\nthis is no setting\n' >"$home/.aws/config"
    doctor 253
    line FAIL configuration "$home/.aws/config:3"
    line ok ticket:jira
}

@test "a wrong secret key: STS and S3 say so, 254" {
    without AWS_SECRET_ACCESS_KEY
    doctor_env+=(AWS_SECRET_ACCESS_KEY=wrong-secret-0123456789012345678901234)
    doctor 254
    line ok credentials 'SIMK…0001'
    line FAIL identity SignatureDoesNotMatch
    line FAIL endpoint SignatureDoesNotMatch 'secret access key'
}

@test "an access key that nobody knows, and a token that has expired: 254" {
    without AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    doctor_env+=(AWS_ACCESS_KEY_ID=SIMKEYOLDX0000000007
        AWS_SECRET_ACCESS_KEY=sim-secret-oldx-0123456789012345678901
        AWS_SESSION_TOKEN=sim-session-token-old)
    doctor 254
    line FAIL identity ExpiredToken
    without AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN
    doctor_env+=(AWS_ACCESS_KEY_ID=SIMKEYNONE0000000009)
    doctor 254
    line FAIL identity InvalidClientTokenId
}

@test "STS that cannot be reached: 4" {
    doctor_env+=(AWS_ENDPOINT_URL_STS=http://127.0.0.1:9)
    sed -i 's|^endpoints: .*|endpoints: ["'"$URL"'", "http://127.0.0.1:9"]|' policy.yaml
    doctor 4
    line FAIL identity '127.0.0.1' 'reaches STS'
    line ok endpoint
}

@test "an STS endpoint that the policy does not list is not asked: 3" {
    doctor_env+=(AWS_ENDPOINT_URL_STS=http://127.0.0.1:9)
    doctor 3
    line FAIL identity 'http://127.0.0.1:9 is not listed'
}

@test "STS is not asked where the policy takes the system's user and the store is not AWS's" {
    sed -i 's/    ticket_for: \[/    identity: {source: os}\n&/' policy.yaml
    without AWS_ENDPOINT_URL
    doctor_env+=(AWS_ENDPOINT_URL_S3="$URL")
    doctor 0 s3://prod-data
    line ok identity "the system's user" 'operator "os:'
    line skip trail:prod-data "not AWS's own"
    line skip guardduty "not AWS's own"
    [ "$(curl -q -sf --noproxy '*' "$URL/_sim/requests?persona=sts" | jq .count)" = 0 ]
}

@test "a clock that is off by more than five minutes: 4, and what each server says" {
    fault date-skew 900
    doctor 4
    line FAIL clock "this machine's clock is behind a server's by 15 minutes" 'STS +' 'cab +' NTP
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    fault date-skew -700 /api/now/
    doctor 4
    line FAIL clock "ahead of a server's by 11 minutes" 'the one that differs'
    line ok identity
}

@test "a ticketing system that does not say what time it is: a warning" {
    fault no-date '' /api/now/
    doctor 0
    line warn ticket:cab 'does not say what time it is'
}

@test "no region: 253 at AWS itself, us-east-1 elsewhere" {
    without AWS_REGION
    doctor 0
    line ok region 'us-east-1 signs'
    without AWS_ENDPOINT_URL
    doctor_env+=(AWS_ENDPOINT_URL_STS="$URL")
    # No credentials: nothing leaves this machine.
    without AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    doctor 253
    line FAIL region 'none is set' --region
    line skip endpoint 'no region'
}

@test "an endpoint that the policy does not list is not asked: 3" {
    doctor 3 --endpoint-url http://127.0.0.1:9
    line FAIL endpoint 'http://127.0.0.1:9' 'not listed under endpoints'
}

@test "an endpoint that is none, or does not answer" {
    doctor 253 --endpoint-url "$URL/prod-data"
    line FAIL endpoint
    doctor 253 --endpoint-url https://s3.eu-west-1.amazonaws.com
    line FAIL endpoint 's3.eu-west-1.amazonaws.com'
    sed -i 's|^endpoints: .*|endpoints: ["'"$URL"'", "http://127.0.0.1:9"]|' policy.yaml
    doctor 254 --endpoint-url http://127.0.0.1:9
    line FAIL endpoint '127.0.0.1' 'check the endpoint'
}

@test "an endpoint with a login page, and one that is down: 254" {
    printf '%s' '{"fault": "html", "path_prefix": "/", "method": "GET", "times": 1}' >fault.json
    curl -q -sf --noproxy '*' -X POST --data-binary @fault.json "$URL/_sim/fault" >/dev/null
    rm policy.yaml # no ticketing system takes the fault
    doctor 254
    line FAIL endpoint 'page for people'
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    fault 500 '' /
    doctor 254
    line FAIL endpoint '500 InternalError'
}

@test "a policy with an error: 5, with file and line, and everything else is checked" {
    sed -i 's/ticket_for: \[\]/ticket_fro: []/' policy.yaml
    doctor 5 s3://prod-data
    line FAIL policy "policy.yaml:$(grep -n ticket_fro policy.yaml | cut -d: -f1):" ticket_fro
    line ok identity
    line ok endpoint
    line skip ticket
    line skip bucket:prod-data
    line ok trail:prod-data
}

@test "no policy: 5" {
    doctor 5 --policy nowhere.yaml
    line FAIL policy nowhere.yaml
    without GS3_POLICY
    [ -e "${GS3_SYSCONFDIR:-/nowhere}/gs3" ] || doctor 5
}

@test "ticket credentials that are not set: 253, with the variable and the policy's line" {
    without SN_PASSWORD
    doctor 253
    line FAIL ticket:cab SN_PASSWORD "policy.yaml:$(grep -n SN_PASSWORD policy.yaml | cut -d: -f1)"
    line ok ticket:jira
}

@test "ticket credentials that are wrong: 4" {
    without SN_PASSWORD JIRA_API_TOKEN
    doctor_env+=(SN_PASSWORD=wrong-secret JIRA_API_TOKEN=wrong-secret)
    doctor 4
    line FAIL ticket:cab 'SN_USERNAME and SN_PASSWORD' 'rejected the credentials (401)'
    line FAIL ticket:jira 'rejected the credentials (AUTHENTICATED_FAILED)'
}

@test "an account that may not read, and one that sees no row" {
    without SN_USERNAME
    doctor_env+=(SN_USERNAME=weak)
    doctor 4
    line FAIL ticket:cab '(403)' 'let the account read'
    without SN_USERNAME
    doctor_env+=(SN_USERNAME=blind)
    doctor 0
    line warn ticket:cab 'not one row of change_request'
}

@test "a ticketing system that cannot be reached: 4" {
    sed -i '/cab:/,/tables/s|url: .*|url: "http://127.0.0.1:9"|' policy.yaml
    doctor 4
    line FAIL ticket:cab 'http://127.0.0.1:9' 'check url'
    line ok ticket:jira
}

@test "a ticketing system with a login page, broken JSON, a redirect: 4" {
    fault html '' /rest/
    doctor 4
    line FAIL ticket:jira 'text/html' 'login page'
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    fault malformed truncate /rest/
    doctor 4
    line FAIL ticket:jira 'malformed JSON'
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    fault redirect https://login.example.com/x /api/now/
    doctor 4
    line FAIL ticket:cab login.example.com
}

@test "a server that is silent is given up, and keeps no other waiting" {
    fault slow 60000 /rest/
    start=$SECONDS
    doctor 4
    ((SECONDS - start < 40))
    line FAIL ticket:jira
    line ok ticket:cab
    line ok identity
}

@test "buckets: environment, data events, GuardDuty" {
    doctor 3 s3://prod-data/a s3://staging-data s3://shared-data s3://dev-data
    line ok bucket:prod-data 'environment production (policy.yaml:'
    line ok trail:prod-data objects 'record reads and writes in us-east-1'
    line ok bucket:staging-data 'environment staging'
    line warn trail:staging-data 'writes, no reads'
    line ok bucket:shared-data 'only some prefixes'
    line warn trail:shared-data 'some reads and some writes'
    line FAIL bucket:dev-data 'in no environment of policy.yaml'
    line warn trail:dev-data forgotten stopped
    line ok guardduty 'S3 Protection is on'
}

@test "no trail, no detector: warnings" {
    fault off
    doctor 0 s3://prod-data
    line warn trail:prod-data 'no trail'
    line warn guardduty 'no detector'
}

@test "who may not ask is told so, and nothing has failed" {
    fault denied
    doctor 0 s3://prod-data
    line skip trail:prod-data 'may not ask' cloudtrail:DescribeTrails
    line skip guardduty 'may not ask' guardduty:ListDetectors
}

@test "CloudTrail that answers nothing usable is a warning" {
    doctor_env+=(AWS_ENDPOINT_URL_CLOUDTRAIL=http://127.0.0.1:9
        AWS_ENDPOINT_URL_GUARDDUTY=http://127.0.0.1:9)
    doctor 0 s3://prod-data
    line warn trail:prod-data '127.0.0.1' 'reaches the service'
    line warn guardduty '127.0.0.1'
}

@test "directories that cannot be written are warnings" {
    [ "$(id -u)" != 0 ] || touch "$home/.local"
    [ "$(id -u)" = 0 ] || chmod a-w "$home"
    doctor 0
    line warn state
    without TMPDIR
    doctor_env+=(TMPDIR="$BATS_TEST_TMPDIR/nowhere/policy.yaml")
    touch nowhere
    doctor 0
    line warn temporary 'not a directory'
    chmod u+w "$home"
}

@test "arguments that are no bucket: 252" {
    doctor 252 prod-data
    [[ $stderr == "gs3: doctor takes s3://BUCKET"* ]]
    doctor 252 s3://No_Bucket
    doctor 252 s3://key:wrong-secret@prod-data
    doctor 252 --ticket X
    doctor_env+=(GS3_OUTPUT=xml)
    doctor 252
}

@test "a secret among the arguments: 252, and not repeated" {
    doctor 252 --region sim-secret-user-0123456789012345678901
    doctor 253 --endpoint-url https://key:wrong-secret@s3.example.com
}
