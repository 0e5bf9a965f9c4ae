#!/usr/bin/env bats
# How gs3 is called: JSON lines, --explain, variables and options and which of them counts,
# profiles, endpoints, and everything that is wrong on a command line or in the configuration: one
# clear line, its exit status, and nothing changed.

# shellcheck disable=SC2154,SC2030,SC2031 # status, output, stderr: set by run
# shellcheck disable=SC2034,SC2054,SC2164 # variables for gs3_; bats ends a test that fails
load lib/common

setup()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy=$BATS_TEST_TMPDIR/policy.yaml
    base=("${GS3T_ENV[@]}")
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=testing GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
    cd "$work"
    printf 'some bytes\n' >file
    make_buckets dev-data dev-copy prod-data
    s3write put dev-data k file
}

teardown() { end_sims; }

# gs3 that must succeed without a word on standard error.
ok()
{
    run --separate-stderr gs3_ "$@"
    assert_status 0 || { printf 'gs3 %s\n' "$*"; return 1; }
    assert_equal "$stderr" '' "standard error of gs3 $*"
}

# fails STATUS WORDS GS3_ARGUMENT...: the status, one line of standard error with the words, no
# secret in it, and no object changed.
fails()
{
    local want=$1 words=$2
    shift 2
    [[ -e $BATS_TEST_TMPDIR/before ]] ||
        bucket_state dev-data dev-copy prod-data >"$BATS_TEST_TMPDIR/before"
    run --separate-stderr gs3_ "$@"
    assert_status "$want" || { printf 'gs3 %s\n' "$*"; return 1; }
    [[ $stderr == *"$words"* && $stderr != *$'\n'* ]] ||
        { printf 'gs3 %s: not one line with "%s":\n%s\n' "$*" "$words" "$stderr"; return 1; }
    [[ $output$stderr != *"$GS3T_SECRET_KEY"* && $output$stderr != *sim-password* &&
        $output$stderr != *sim-token* ]] || { printf 'a secret is shown\n'; return 1; }
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy prod-data
}

written() { s3read head "$1" "$2" | jq -r ".metadata[\"$3\"]"; }

# lines_are TYPE...: the JSON lines of `output` have these types and exactly the contract's members.
lines_are()
{
    local types
    types=$(jq -r .type <<<"$output" | paste -sd ' ') || return 1
    assert_equal "$types" "$*" "types of the lines" || return 1
    jq -es 'all(.[];
        def text: type == "string"; def text_or_null: type == "string" or . == null;
        def number: type == "number" and . >= 0;
        if .type == "decision" then
            keys == ["allowed", "environments", "id", "metadata", "operator", "rules", "tickets",
                     "type"]
            and (.allowed | type == "boolean")
            and (.id | test("^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$") and .[14:15] == "7")
            and all(.environments[]; text) and all(.tickets[]; text) and (.operator | text_or_null)
            and (.metadata | type == "object") and all(.metadata[]; text)
            and all(.rules[]; keys == ["file", "line", "message", "passed", "rule"]
                and (.rule | text) and (.message | text) and (.passed | type == "boolean")
                and ((.file | text) and (.line | number) or .file == null and .line == null))
        elif .type == "object" then
            (keys - ["error", "note"]) == ["bytes", "destination", "etag", "operation", "source",
                "status", "type"]
            and (.operation | IN("copy", "move", "put")) and (.source | text)
            and (.destination | text) and (.bytes | number) and (.etag | text_or_null)
            and (.status | IN("ok", "failed", "skipped", "planned"))
            and (has("error") == (.status == "failed"))
            and (if has("error") then .error | keys == ["code", "message"]
                and (.code | text_or_null) and (.message | text) else true end)
        elif .type == "summary" then
            keys == ["bytes", "failed", "seconds", "skipped", "succeeded", "type"]
            and all(del(.type)[]; number)
        elif .type == "error" then
            keys == ["exit", "message", "type"] and (.exit | number) and (.message | text)
        else false end)' <<<"$output" >/dev/null ||
        { printf 'not the shapes:\n%s\n' "$output"; return 1; }
}

member() { jq -rs "$1" <<<"$output"; }

@test "JSON lines: done, planned, skipped, refused, failed, misused" {
    local id
    ok cp file s3://dev-data/new --output json
    lines_are decision object summary
    id=$(member '.[0].id')
    assert_equal "$(written dev-data new gs3-decision)" "$id"
    assert_json "$(member '.[0].metadata')" "$(s3read head dev-data new | jq .metadata)"
    assert_equal \
        "$(member '.[0] | [.allowed, .environments, .tickets, .operator] | tostring')" \
        "[true,[\"development\"],[\"OPS-2\"],\"os:$(id -un)\"]"
    assert_equal \
        "$(member '.[1] | [.operation, .source, .destination, .bytes, .status] | tostring')" \
        '["copy","./file","s3://dev-data/new",11,"ok"]'
    assert_equal "$(member '.[1].etag')" "$(s3read head dev-data new | jq -r .headers.etag)"
    assert_equal "$(member '.[2] | [.succeeded, .failed, .skipped, .bytes] | tostring')" \
        '[1,0,0,11]'
    GS3T_ENV+=(GS3_OUTPUT=json)
    ok mv s3://dev-data/new s3://dev-copy/
    lines_are decision object summary
    assert_equal "$(member '.[1].operation')" move
    ok cp s3://dev-data/k down
    lines_are decision object summary
    ok put file s3://dev-data/x --dryrun
    lines_are decision object summary
    assert_equal "$(member '.[1] | [.operation, .status, .etag] | tostring')" \
        '["put","planned",null]'
    ok put file s3://dev-data/k --no-overwrite
    lines_are decision object summary
    assert_equal "$(member '.[1].status, .[2].skipped' | paste -sd ' ')" 'skipped 1'
    fails 3 'refused by policy' cp file s3://dev-data/x --ticket OPS-3
    lines_are decision error
    assert_equal "$(member '.[0].allowed, .[1].exit' | paste -sd ' ')" 'false 3'
    assert_equal "$(member '[.[0].rules[] | select(.passed | not)] | length > 0')" true
    assert_equal "$(member '.[0].metadata | length')" 0
    fails 1 'failed: ' cp file s3://dev-nowhere/x
    lines_are decision object summary
    assert_equal "$(member '.[1].status, .[1].error.code, .[2].failed' | paste -sd ' ')" \
        'failed NoSuchBucket 1'
    fails 1 'fatal error' cp s3://dev-data/none x
    lines_are decision error
    fails 255 'does not exist' cp none s3://dev-data/x
    lines_are error
    fails 252 'unknown option' cp file s3://dev-data/x --no-such --output json
    # The text form wins over the variable.
    ok cp file s3://dev-data/x --output text
    assert_equal "$output" 'upload: ./file to s3://dev-data/x'
    # The object itself takes standard output: no line beside it.
    run --separate-stderr gs3_ cp s3://dev-data/k -
    assert_status 0
    assert_equal "$output" 'some bytes'
}

@test "--explain names every rule with its file and line, for yes and for no" {
    local rule
    ok cp file s3://prod-data/x --ticket CHG0030001 --purpose 'explained here' --explain
    for rule in match tickets identity change-request/found change-request/approval \
        change-request/state change-request/window change-request/operator metadata/purpose; do
        grep -Eq "^  ok  .*production/$rule.*" <<<"$output" ||
            { printf 'no line for %s:\n%s\n' "$rule" "$output"; return 1; }
    done
    grep -q "$policy:" <<<"$output"
    [[ $output == *$'\n''upload: ./file to s3://prod-data/x' ]]
    run --separate-stderr gs3_ cp file s3://prod-data/y --explain --ticket CHG0030003 \
        --purpose 'not now'
    assert_status 3
    # Every reason, not only the first; each where the policy has it.
    grep -Eq "^  NO  .*production/change-request/approval" <<<"$output"
    grep -Eq "^  NO  .*production/change-request/state" <<<"$output"
    grep -Eq "^  NO  .*production/metadata/purpose" <<<"$output"
    [[ $stderr == "gs3: refused by policy: $policy:"* && $stderr != *$'\n'* ]]
    rule=$(sed -n 's/^gs3: refused by policy: .*policy.yaml:\([0-9]*\): .*/\1/p' <<<"$stderr")
    sed -n "${rule}p" "$policy" | grep -q 'approval: \[approved\]'
    # With the bytes on standard output it goes to standard error.
    run --separate-stderr gs3_ cp s3://dev-data/k - --explain
    assert_equal "$output" 'some bytes'
    grep -q '^  ok  ' <<<"$stderr"
}

@test "options win over variables, variables over nothing" {
    GS3T_ENV=("${base[@]}")
    fails 3 'ticket' cp file s3://dev-data/x --purpose p --department d
    fails 3 'purpose' cp file s3://dev-data/x --ticket OPS-2 --department d
    fails 3 'department' cp file s3://dev-data/x --ticket OPS-2 --purpose p
    fails 3 'purpose' cp file s3://dev-data/x --ticket OPS-2 --purpose '  ' --department d
    GS3T_ENV=("${base[@]}" GS3_TICKET=OPS-3 GS3_PURPOSE=variable GS3_DEPARTMENT=variable)
    fails 3 'OPS-3' cp file s3://dev-data/x
    ok cp file s3://dev-data/x --ticket OPS-2
    assert_equal "$(written dev-data x purpose)" variable
    assert_equal "$(written dev-data x department)" variable
    ok cp file s3://dev-data/x --ticket OPS-2 --purpose option --department=option
    assert_equal "$(written dev-data x purpose)" option
    assert_equal "$(written dev-data x department)" option
    rm -f "$BATS_TEST_TMPDIR/before"
    # A list in the variable: the first that fits counts, the others are ignored.
    GS3T_ENV=("${base[@]}" GS3_TICKET=CHG0030003,OPS-2,INC0010005 GS3_PURPOSE=p GS3_DEPARTMENT=d)
    ok cp file s3://dev-data/x
    assert_equal "$(written dev-data x jira-ticket-id)" OPS-2
    assert_equal "$(sim_requests | jq -r .path | grep -c CHG0030003 || true)" 0
    rm -f "$BATS_TEST_TMPDIR/before"
    fails 252 'repeat it' cp file s3://dev-data/x --ticket OPS-1,OPS-2
    fails 252 'empty' cp file s3://dev-data/x --ticket ''
    GS3T_ENV=("${base[@]}" GS3_TICKET=OPS-2,,OPS-1 GS3_PURPOSE=p GS3_DEPARTMENT=d)
    fails 252 'empty' cp file s3://dev-data/x
    GS3T_ENV=("${base[@]}" GS3_OUTPUT=xml)
    fails 252 'GS3_OUTPUT' cp file s3://dev-data/x
    # --policy over GS3_POLICY.
    sed 's/status_category: .*/status_category: [done]/' "$policy" >other.yaml
    GS3T_ENV=("${base[@]}" GS3_PURPOSE=p GS3_DEPARTMENT=d)
    ok cp file s3://dev-data/y --ticket OPS-3 --policy other.yaml
    assert_equal "$(written dev-data y gs3-policy)" "$(sha256 other.yaml | cut -c 1-12)"
}

@test "SYSTEM:ID picks the ticket system" {
    ok cp file s3://dev-data/x --ticket helpdesk:INC0010002
    assert_equal "$(written dev-data x servicenow-ticket-id)" INC0010002
    ok cp file s3://dev-data/x --ticket jira:OPS-2
    assert_equal "$(written dev-data x jira-ticket-id)" OPS-2
    fails 3 'fits no rule' cp file s3://dev-data/y --ticket helpdesk:OPS-2
    fails 3 'fits no rule' cp file s3://dev-data/y --ticket cab:CHG0030001
    fails 252 'no ticket system "nowhere"' cp file s3://dev-data/y --ticket nowhere:OPS-2
    fails 252 'SYSTEM:ID' cp file s3://dev-data/y --ticket :OPS-2
    fails 252 'SYSTEM:ID' cp file s3://dev-data/y --ticket jira:
    # An id that fits two rules needs it.
    sed 's/pattern: "^(INC|SCTASK)\[0-9\]{7,}\$"/pattern: "^[A-Z]+-?[0-9]+$"/' "$policy" >both.yaml
    fails 252 '--ticket jira:OPS-2' cp file s3://dev-data/y --ticket OPS-2 --policy both.yaml
    ok cp file s3://dev-data/x --ticket jira:OPS-2 --policy both.yaml
}

@test "--environment is an assertion about the destination, or about what is read" {
    ok cp file s3://dev-data/x --environment development
    fails 3 'development' cp file s3://dev-data/y --environment staging
    fails 3 'development' cp file s3://dev-data/y --environment Development
    GS3T_ENV+=(GS3_ENVIRONMENT=production)
    fails 3 'production' cp file s3://dev-data/y
    ok cp file s3://dev-data/y --environment development
    s3write put prod-data k file
    rm -f "$BATS_TEST_TMPDIR/before"
    fails 3 'production' cp s3://dev-data/k there
    ok cp s3://prod-data/k there --ticket CHG0030001 --purpose 'read production'
    # Across, it is the destination's.
    fails 3 'development' cp s3://prod-data/k s3://dev-data/z --ticket CHG0030001 --ticket OPS-2
    ok cp s3://prod-data/k s3://dev-data/z --ticket CHG0030001 --ticket OPS-2 \
        --environment development
    assert_equal "$(written dev-data z source-change-request-id)" CHG0030001
}

@test "profiles, credentials file, region: which of them counts" {
    local home
    home=$(client_home)
    cat >"$home/.aws/credentials" <<CREDENTIALS
[good]
aws_access_key_id = $GS3T_ACCESS_KEY
aws_secret_access_key = $GS3T_SECRET_KEY
[bad]
aws_access_key_id = $GS3T_ACCESS_KEY
aws_secret_access_key = wrong
CREDENTIALS
    cat >"$home/.aws/config" <<CONFIG
[default]
region = eu-central-1
[profile good]
region = eu-west-1
endpoint_url = $GS3T_S3_HTTP
CONFIG
    # A profile that is named wins over the variables of the environment.
    fails 1 'SignatureDoesNotMatch' cp file s3://dev-data/x --profile bad
    ok cp file s3://dev-data/x --profile good
    rm -f "$BATS_TEST_TMPDIR/before"
    GS3T_ENV+=(AWS_PROFILE=bad)
    # The AWS CLI: AWS_PROFILE does not hide credentials that are variables themselves.
    ok cp file s3://dev-data/x
    rm -f "$BATS_TEST_TMPDIR/before"
    GS3T_ENV+=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
    fails 1 'SignatureDoesNotMatch' cp file s3://dev-data/y
    fails 253 'nobody' cp file s3://dev-data/y --profile nobody
    fails 253 'region' cp file s3://dev-data/x --profile good --region 'no/region'
}

@test "the region: the option, AWS_REGION, AWS_DEFAULT_REGION, the profile" {
    start_sim regions --s3-store
    sed -i "s|^endpoints:|&\n  - $sim_url|; s|url: http.*|url: $sim_url|" "$policy"
    GS3T_ENDPOINT=$sim_url
    printf '[default]\nregion = eu-central-1\n' >"$(client_home)/.aws/config"
    GS3T_ENV+=(AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-2)
    ok cp file s3://dev-data/x --region ap-southeast-2
    ok cp file s3://dev-data/x
    GS3T_ENV+=(AWS_REGION=)
    ok cp file s3://dev-data/x
    GS3T_ENV+=(AWS_DEFAULT_REGION=)
    ok cp file s3://dev-data/x
    assert_equal "$(sim_requests s3 | jq -r 'select(.method == "PUT").sigv4.credential' |
        cut -d / -f 3 | paste -sd ' ')" 'ap-southeast-2 eu-west-1 eu-west-2 eu-central-1'
}

@test "credentials that are missing, half there, or wrong" {
    GS3T_ENV+=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
    fails 253 'credentials' cp file s3://dev-data/x
    GS3T_ENV+=(AWS_ACCESS_KEY_ID="$GS3T_ACCESS_KEY")
    fails 253 'aws_secret_access_key is missing' cp file s3://dev-data/x
    GS3T_ENV+=(AWS_SECRET_ACCESS_KEY=wrong)
    fails 1 'SignatureDoesNotMatch' cp file s3://dev-data/x
    fails 1 'SignatureDoesNotMatch' put file s3://dev-data/x
    fails 1 '403' cp s3://dev-data/k down
    fails 1 '403' mv s3://dev-data/k s3://dev-copy/
    GS3T_ENV+=(AWS_ACCESS_KEY_ID=GS3TESTKEYUNKNOWN000)
    fails 1 'InvalidAccessKeyId' mv file s3://dev-data/x
    [[ -e file && ! -e down ]]
}

@test "ticket credentials that are not set are a matter of configuration" {
    local -a without=()
    local pair
    for pair in "${GS3T_ENV[@]}"; do [[ $pair == JIRA_* ]] || without+=("$pair"); done
    GS3T_ENV=("${without[@]}")
    fails 253 'JIRA' cp file s3://dev-data/x
    ok cp file s3://dev-data/x --ticket INC0010002
}

@test "endpoints: only those of the policy, and only origins" {
    local port=${GS3T_S3_HTTP##*:} url
    fails 3 'endpoint' cp file s3://dev-data/x --endpoint-url http://127.0.0.1:9
    fails 3 'endpoint' cp file s3://dev-data/x --endpoint-url "http://localhost:$port"
    # Path style, Ceph would take the bucket from the host: dev-data's permit, prod-data's object.
    fails 3 'endpoint' cp file s3://dev-data/x --endpoint-url "http://prod-data.s3.localhost:$port"
    fails 3 'endpoint' mv s3://dev-data/k s3://dev-copy/x \
        --endpoint-url "http://prod-data.s3.localhost:$port"
    for url in "http://127.0.0.1:$port/prod-data" "http://127.0.0.1:$port/?x" \
        "http://127.0.0.1:$port#f" "http://user:pw@127.0.0.1:$port" 127.0.0.1 ftp://127.0.0.1 \
        'http://' http://127.0.0.1:x \
        'http://127.0.0.1:99999' "http://127.0.0.1 :$port" http://s3.us-west-2.amazonaws.com \
        http://prod-data.s3.us-east-1.amazonaws.com https://s3.amazonaws.com.example; do
        run --separate-stderr gs3_ cp file s3://dev-data/x --endpoint-url "$url"
        [[ $status == 253 || $status == 252 || $status == 3 ]] ||
            { printf '%s: status %s\n' "$url" "$status"; return 1; }
        [[ $stderr == 'gs3: '* && $stderr != *$'\n'* && $stderr != *pw* ]] ||
            { printf '%s: %s\n' "$url" "$stderr"; return 1; }
    done
    GS3T_ENDPOINT=http://127.0.0.1:$port/prod-data fails 253 'path' cp file s3://dev-data/x
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy prod-data
    # A name that is no bucket's never reaches a host name.
    for url in s3://Dev-Data/x s3://dev_data/x s3://de/x s3://dev..data/x s3://-dev/x \
        s3://192.168.0.1/x s3://dev-data-s3alias/x s3://arn:aws:s3:us-east-1:1:accesspoint/a/x; do
        run --separate-stderr gs3_ cp file "$url"
        [[ $status == 252 || $status == 3 ]] ||
            { printf '%s: status %s\n' "$url" "$status"; return 1; }
        [[ $stderr == 'gs3: '* && $stderr != *$'\n'* ]] ||
            { printf '%s: %s\n' "$url" "$stderr"; return 1; }
    done
}

@test "TLS: an unknown CA fails, --ca-bundle and --no-verify-ssl are what they say" {
    GS3T_ENDPOINT=$GS3T_S3_HTTPS GS3T_CA=$GS3T_OTHER_CA
    fails 1 'certificate' cp file s3://dev-data/x
    fails 1 'certificate' cp s3://dev-data/k down
    ok cp file s3://dev-data/x --ca-bundle "$GS3T_S3_CA"
    run --separate-stderr gs3_ cp file s3://dev-data/x --no-verify-ssl
    assert_status 0
    rm -f "$BATS_TEST_TMPDIR/before"
    fails 253 'none.pem' cp file s3://dev-data/x --ca-bundle none.pem
}

@test "policies that are missing, unreadable or not one" {
    local text
    GS3T_ENV=(GS3_TICKET=OPS-2 GS3_PURPOSE=testing GS3_DEPARTMENT=storage)
    [[ -e /etc/gs3 || -e /usr/local/etc/gs3 ]] || fails 5 'no policy' cp file s3://dev-data/x
    fails 5 'none.yaml' cp file s3://dev-data/x --policy none.yaml
    grep -v apiVersion "$policy" >bad.yaml
    fails 5 'apiVersion' cp file s3://dev-data/x --policy bad.yaml
    for text in '' 'apiVersion: gs3/v2' $'apiVersion: gs3/v1\nserial: 1\nsurprise: 1' '[' '{}' \
        $'apiVersion: gs3/v1\nserial: 1\nenvironments: {}\n---\nx: 1'; do
        printf '%s\n' "$text" >bad.yaml
        fails 5 'bad.yaml' cp file s3://dev-data/x --policy bad.yaml
    done
    mkdir empty.d
    fails 5 'empty.d' cp file s3://dev-data/x --policy empty.d
}

@test "the command line: what is unknown, missing or too much is 252" {
    fails 252 'no command'
    fails 252 'unknown command' sync file s3://dev-data/
    fails 252 'unknown command' ls s3://dev-data/
    fails 252 'unknown option --recursiv' cp file s3://dev-data/ --recursiv
    fails 252 'unknown option --quie' cp file s3://dev-data/ --quie
    fails 252 'unknown option -q' cp file s3://dev-data/ -q
    fails 252 'needs a value' cp file s3://dev-data/ --purpose
    fails 252 'takes no value' cp file s3://dev-data/ --dryrun=yes
    fails 252 '--output' cp file s3://dev-data/ --output yaml
    fails 252 'source and a destination' cp
    fails 252 'source and a destination' cp file
    fails 252 'source and a destination' cp file s3://dev-data/ s3://dev-copy/
    fails 252 's3://' cp file other
    fails 252 's3://' cp file -
    fails 252 'stream' mv - s3://dev-data/x
    fails 252 'stream' mv s3://dev-data/k -
    fails 252 'put writes' put s3://dev-data/k file
    fails 252 'put writes' put s3://dev-data/k s3://dev-copy/k
    fails 252 'missing' cp - s3://dev-data/
    fails 252 'empty path' cp '' s3://dev-data/x
    ok cp --purpose=equals -- file s3://dev-data/x
    assert_equal "$(written dev-data x purpose)" equals
}

@test "a secret on the command line is refused and not repeated" {
    run --separate-stderr gs3_ cp file "s3://$GS3T_ACCESS_KEY:hunter2@dev-data/x"
    assert_status 252
    [[ $stderr != *hunter2* ]]
    fails 252 'secret' cp file s3://dev-data/x --purpose "with $GS3T_SECRET_KEY inside"
    fails 252 'secret' cp file s3://dev-data/x --metadata "{\"k\": \"$GS3T_SECRET_KEY\"}"
}

@test "--debug shows requests and no secret, --dryrun asks and writes nothing" {
    local mark
    run --separate-stderr gs3_ mv s3://dev-data/k s3://dev-copy/k --debug --dryrun
    assert_status 0
    assert_equal "$output" '(dryrun) move: s3://dev-data/k to s3://dev-copy/k'
    [[ $stderr == *'gs3: debug: '* ]]
    local secret
    for secret in "$GS3T_SECRET_KEY" sim-token sim-password \
        "$(printf 'gs3@example.com:sim-token' | base64)"; do
        [[ $stderr != *"$secret"* ]] || { printf 'shown: %s\n' "$secret"; return 1; }
    done
    grep -q . <<<"$(sim_requests jira)"
    bucket_state dev-data dev-copy >before
    mark=$(requests_mark)
    ok cp file s3://dev-data/k --dryrun
    ok put file s3://dev-data/k --dryrun
    ok cp s3://dev-data/k file --dryrun
    gs3_ put - s3://dev-data/k --dryrun </dev/null
    fails 3 'refused' cp file s3://dev-data/k --dryrun --ticket OPS-3
    assert_equal "$(requests_since "$mark" | grep ' gs3/' | grep -v '^HEAD ' || true)" ''
    assert_unchanged before dev-data dev-copy
    assert_equal "$(<file)" 'some bytes'
}
