#!/usr/bin/env bats
# No secret is ever shown: not by --debug, --explain or JSON lines, not in a message of any failure,
# not in the arguments of a program that gs3 runs. Each run below is looked through for every
# secret that it had: the AWS secret key, the session token, passwords and tokens of the ticket
# systems, what they become in a header, and what a server gave in exchange.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults
load lib/scripted

setup()
{
    scripted_start
    FAULT_SECRETS=()
}

teardown()
{
    end_stall
    end_sims
    [[ -z ${system_made:-} ]] || rm -rf "$GS3_SYSCONFDIR/gs3"
}

# secret VALUE...: these must not be shown from now on, nor their base64 as part of a pair.
secret()
{
    FAULT_SECRETS+=("$@")
}

# basic USER PASSWORD: the pair in a header.
basic()
{
    secret "$2" "$(printf '%s:%s' "$1" "$2" | base64 -w0)"
}

# A signature is no secret for long, but whoever reads a log needs it even less.
assert_nothing_shown()
{
    assert_no_secret "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err" || { fault_fail "$1"; return 1; }
    ! grep -aiE '(authorization|token|apikey|cookie): *[^ []|Signature=[^[]|AWS4-HMAC|Basic [A-Za-z0-9+/]{8}|Bearer [A-Za-z0-9]' \
        "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err" || { fault_fail "$1: a header is shown"; return 1; }
}

# shown CASE STATUS ARGUMENT...: in each way to look, the status and no secret. Writes go on.
shown()
{
    local name=$1 want=$2 mode
    local -a modes=('' --debug '--debug --explain' '--output json --debug --explain' '--quiet --debug' '--explain --dryrun --debug')
    shift 2
    for mode in "${modes[@]}"; do
        fault_case="$name $mode"
        # shellcheck disable=SC2086 # several options
        fault_run "$@" $mode
        [[ $mode == *--dryrun* || $status =~ ^($want)$ ]] || { fault_fail "not status $want"; return 1; }
        assert_nothing_shown "$name $mode" || return 1
        [[ $mode != *--debug* || $want == @(252|253|5|3) || $err == *'gs3: debug: '* ]] ||
            { fault_fail 'nothing of --debug'; return 1; }
    done
}

up=(cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose 'a good purpose')
across=(cp s3://prod-data/source.txt s3://prod-data/y --ticket CHG0030001 --purpose 'a good purpose')
down=(cp s3://prod-data/source.txt down.txt --ticket CHG0030001 --purpose 'a good purpose')

@test "what is done: debug shows that headers are there, and never what is in them" {
    secret sim-secret-user-0123456789012345678901
    basic gs3 sim-password
    shown up 0 "${up[@]}"
    fault_run "${up[@]}" --debug
    grep -q 'http: > authorization: \[redacted\]' <<<"${err,,}"
    [[ $(grep -ci '> authorization: \[redacted\]' <<<"$err") == 2 ]] || fault_fail 'not both: S3 and the ticket system'
    grep -qi '> x-amz-meta-change-request-id: CHG0030001' <<<"$err"
    shown across 0 "${across[@]}"
    shown down 0 "${down[@]}"
    shown stream 0 cp s3://prod-data/source.txt - --ticket CHG0030001 --purpose 'a good purpose'
}

@test "every kind of credential" {
    local -a env=("${GS3T_ENV[@]}")
    secret sim-secret-role-0123456789012345678901 sim-session-token-role
    GS3T_ENV+=(AWS_ACCESS_KEY_ID=SIMKEYROLE0000000003
        AWS_SECRET_ACCESS_KEY=sim-secret-role-0123456789012345678901
        AWS_SESSION_TOKEN=sim-session-token-role)
    shown 'session token' 0 "${up[@]}"
    fault_run "${up[@]}" --debug
    grep -qi '> x-amz-security-token: \[redacted\]' <<<"$err"
    # From a file.
    client_home >/dev/null
    printf '[default]\naws_access_key_id=SIMKEYROLE0000000003\naws_secret_access_key=%s\naws_session_token=%s\n' \
        sim-secret-role-0123456789012345678901 sim-session-token-role >"$BATS_TEST_TMPDIR/home/.aws/credentials"
    GS3T_ENV=("${env[@]}" AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
    shown 'credentials file' 0 "${up[@]}"
    GS3T_ENV=("${env[@]}")
    for pair in 'token SN_ACCESS_TOKEN sim-bearer' 'api_key SN_API_KEY sim-apikey'; do
        # shellcheck disable=SC2086 # three words
        set -- $pair
        secret "$3"
        policy_edit "/cab:/,/helpdesk:/{/username/d;s|password: .*|$1: {env: $2}|}"
        with "$2=$3" shown "$1" 0 "${up[@]}"
        test_policy "$BATS_TEST_TMPDIR/policy.yaml"
        policy_edit "s|^endpoints:|&\n  - $sim_url|"
        GS3T_ENV=("${env[@]}")
    done
    secret sim-client-secret
    policy_edit "/cab:/,/helpdesk:/{s|username: .*|client_id: {env: SN_CLIENT_ID}|;s|password: .*|client_secret: {env: SN_CLIENT_SECRET}|}"
    # What the token end point gives is a secret too: as the simulator makes them.
    secret "$(curl -q -sS --noproxy '*' -d grant_type=client_credentials -d client_id=sim-client \
        -d client_secret=sim-client-secret "$sim_url/oauth_token.do" | jq -r .access_token | cut -c 1-10)"
    with SN_CLIENT_ID=sim-client with SN_CLIENT_SECRET=sim-client-secret shown OAuth 0 "${up[@]}"
    with SN_CLIENT_ID=sim-client with SN_CLIENT_SECRET=sim-client-wrong shown 'OAuth, wrong' 4 "${up[@]}"
}

@test "netrc, and Jira's credentials" {
    local -a staging=(cp up.txt s3://staging-data/x --ticket OPS-2 --purpose 'a good purpose' --department storage)
    basic gs3@example.com sim-token
    basic gs3 sim-password
    secret sim-pat wrong-pat
    shown Jira 0 "${staging[@]}"
    with JIRA_API_TOKEN=sim-token-wrong shown 'Jira, wrong token' 4 "${staging[@]}"
    policy_edit '/credentials:/,+2d'
    GS3T_ENV=("${GS3T_ENV[@]/*_USERNAME=*/A=}")
    GS3T_ENV=("${GS3T_ENV[@]/SN_PASSWORD=*/B=}")
    GS3T_ENV=("${GS3T_ENV[@]/JIRA_API_TOKEN=*/C=}")
    with JIRA_PERSONAL_TOKEN=sim-pat shown PAT 0 "${staging[@]}"
    with JIRA_PERSONAL_TOKEN=wrong-pat shown 'PAT, wrong' 4 "${staging[@]}"
    client_home >/dev/null
    printf 'machine 127.0.0.1 login gs3 password sim-password\n' >"$BATS_TEST_TMPDIR/home/.netrc"
    chmod 600 "$BATS_TEST_TMPDIR/home/.netrc"
    shown netrc 0 "${up[@]}"
    chmod 644 "$BATS_TEST_TMPDIR/home/.netrc"
    shown 'an open netrc' 253 "${up[@]}"
    printf 'machine 127.0.0.1 login gs3 password sim-password extra sim-password\n' >"$BATS_TEST_TMPDIR/home/.netrc"
    chmod 600 "$BATS_TEST_TMPDIR/home/.netrc"
    shown 'a broken netrc' '0|253' "${up[@]}"
}

@test "servers that repeat what they were sent, or put secrets into their answers" {
    local secret_key=sim-secret-user-0123456789012345678901
    basic gs3 sim-password
    secret "$secret_key" s3cr3t-cookie
    # An echo service, as misconfigured gateways are: what was sent comes back in headers and body.
    sim_fault header "Set-Cookie: session=s3cr3t-cookie" /api/
    shown 'a cookie' 0 "${up[@]}"
    sim_reset
    sim_fault header 'WWW-Authenticate: Basic realm="x"' /api/
    sim_fault bad-auth '' /api/
    shown 401 4 "${up[@]}"
    sim_reset
    script '[{"method": "PUT", "path": "/prod-data/x", "answer": {"status": 403, "headers": {"Set-Cookie": "session=s3cr3t-cookie"},
        "body": "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message><StringToSign>AWS4-HMAC-SHA256 x</StringToSign><SignatureProvided>0123</SignatureProvided></Error>"}}]'
    shown SignatureDoesNotMatch 1 "${up[@]}"
    script "[{\"method\": \"PUT\", \"path\": \"/prod-data/x\", \"answer\": {\"status\": 307, \"headers\": {\"Location\": \"$sim_url/?X-Amz-Signature=0123&token=s3cr3t-cookie\"}}}]"
    shown redirect 1 "${up[@]}"
}

@test "every failure: of the ticket system, of S3, of the rules" {
    basic gs3 sim-password
    secret sim-secret-user-0123456789012345678901 wrong-password
    local fault
    for fault in reset hang-up html empty two-rows no-date 'status 400' 'malformed truncate' 'redirect http://127.0.0.1:1/x'; do
        sim_reset
        # shellcheck disable=SC2086 # name and argument
        sim_fault $fault /api/ 2>/dev/null || sim_fault ${fault%% *} "${fault#* }" /api/
        shown "$fault" '4|1|0' "${up[@]}"
    done
    sim_reset
    with SN_PASSWORD=wrong-password shown 'wrong password' 4 "${up[@]}"
    with SN_PASSWORD= shown 'no password' 253 "${up[@]}"
    with AWS_SECRET_ACCESS_KEY=sim-secret-wrong shown 'wrong secret' 1 "${up[@]}"
    with AWS_SECRET_ACCESS_KEY= shown 'no secret' 253 "${up[@]}"
    for fault in '{"status": 500, "error": "InternalError"}' '{"reset": true}' '{"status": 403, "error": "AccessDenied"}' \
        '{"status": 400, "error": "ExpiredToken"}'; do
        script "[{\"path\": \"/prod-data/x\", \"answer\": $fault}]"
        shown "$fault" 1 "${up[@]:0:3}" --ticket CHG0030001 --purpose 'a good purpose'
    done
    script '[]'
    shown unapproved 3 cp up.txt s3://prod-data/x --ticket CHG0030003 --purpose 'a good purpose'
    shown unmapped 3 cp up.txt s3://unmapped/x --ticket CHG0030001 --purpose 'a good purpose'
    shown 'not there' 1 cp s3://prod-data/none down.txt --ticket CHG0030001 --purpose 'a good purpose'
    shown 'unknown option' 252 "${up[@]}" --password=sim-password
    policy_edit 's|^serial|serail|'
    shown 'bad policy' 5 "${up[@]}"
}

@test "proxies: their passwords too" {
    local port
    port=$(dead_port)
    basic proxyuser hunter2
    # Loopback by an address of its own: proxies are not asked for what no_proxy names.
    with http_proxy="http://proxyuser:hunter2@127.0.0.1:$port" shown 'a dead proxy' '1|4|0|253' "${up[@]}"
    with HTTPS_PROXY="http://proxyuser:hunter2@127.0.0.1:$port" shown 'HTTPS_PROXY' '1|4|0|253' "${up[@]}"
    with http_proxy="http://proxyuser:hunter2@no such host" shown 'a bad proxy' '1|4|0|253' "${up[@]}"
    with http_proxy="ftp://proxyuser:hunter2@127.0.0.1:$port" shown 'a proxy of another kind' '1|4|0|253' "${up[@]}"
}

@test "what was done carries no secret: metadata, tags, user agent, lines" {
    secret sim-secret-user-0123456789012345678901
    basic gs3 sim-password
    fault_run "${up[@]}"
    fault_run "${across[@]}"
    stored >"$BATS_TEST_TMPDIR/objects"
    # The log of the simulator has the headers, secret ones as their digest.
    sim_requests | jq -c '.headers' >"$BATS_TEST_TMPDIR/headers"
    assert_no_secret "$BATS_TEST_TMPDIR/objects" "$BATS_TEST_TMPDIR/headers"
    # No request to S3 carries the ticket system's credential, and none to it S3's.
    assert_equal "$(sim_requests s3 | jq -r .headers.authorization | grep -vc '^AWS4-HMAC-SHA256 sha256:' || true)" 0
    assert_equal "$(sim_requests servicenow | jq -r .headers.authorization | grep -vc '^Basic sha256:' || true)" 0
    assert_equal "$(sim_requests servicenow | jq -r '.headers["x-amz-security-token"] // empty')" ''
}

# The arguments of every process that carries our mark, while gs3 waits for a credential's command.
@test "a credential's command gets no secret in its arguments, and what it says stays inside" {
    [[ $(id -u) == 0 ]] || skip 'only root can make a system policy'
    [[ -n ${GS3_SYSCONFDIR:-} ]] || skip 'GS3_SYSCONFDIR does not name the sysconfdir of the build'
    [[ ! -e $GS3_SYSCONFDIR/gs3 ]] || skip "$GS3_SYSCONFDIR/gs3 is in use"
    mkdir -p "$GS3_SYSCONFDIR/gs3" 2>/dev/null || skip "$GS3_SYSCONFDIR cannot be written"
    system_made=1
    secret cmd-pass-w0rd sim-secret-user-0123456789012345678901 "$(printf 'gs3:cmd-pass-w0rd' | base64)"
    local command=$BATS_TEST_TMPDIR/command out_of=$BATS_TEST_TMPDIR/cmdlines
    system_text() {
        cat >"$GS3_SYSCONFDIR/gs3/policy.yaml" <<POLICY
apiVersion: gs3/v1
serial: 1
endpoints: [$sim_url]
ticket_systems:
  cab:
    type: servicenow
    url: https://cab.gs3-test.invalid
    credentials:
      username: {env: SN_USERNAME}
      password: $1
environments:
  production:
    match: [{bucket: "prod-*"}]
    governance_level: high
    ticket_for: [read, write, delete]
    identity: {source: os}
    tickets:
      - {name: change, system: cab, pattern: "^CHG[0-9]{7}\$", approval: [approved], metadata_key: change-request-id}
POLICY
    }
    GS3T_ENV=("${GS3T_ENV[@]/GS3_POLICY=*/D=}")
    # The command itself looks at its parent and at itself.
    cat >"$command" <<COMMAND
#!/bin/sh
for pid in \$\$ \$PPID; do tr '\0' ' ' <"/proc/\$pid/cmdline"; echo; done >"$out_of"
printf 'cmd-pass-w0rd on standard error\n' >&2
printf 'cmd-pass-w0rd\n'
COMMAND
    chmod 700 "$command"
    system_text "{command: [$command, get]}"
    shown 'a command' 4 "${up[@]}"
    grep -q "$command get" "$out_of"
    assert_no_secret "$out_of"
    sed -i '$a exit 3' "$command"
    shown 'a command that fails' 253 "${up[@]}"
    sed -i '$d' "$command"
    sed -i '$a printf "cmd-pass-w0rd\\nanother line\\n"' "$command"
    shown 'a command that says too much' 253 "${up[@]}"
    printf '#!/bin/sh\nhead -c 1000000 /dev/zero | tr "\\0" x; printf cmd-pass-w0rd\n' >"$command"
    shown 'a command that does not stop' 253 "${up[@]}"
    printf '#!/bin/sh\nprintf "cmd-pass-w0rd\\033[2J\\n"\n' >"$command"
    shown 'a control character' 253 "${up[@]}"
    # A file: private, or it is no credential.
    printf 'cmd-pass-w0rd\n' >"$BATS_TEST_TMPDIR/password"
    chmod 600 "$BATS_TEST_TMPDIR/password"
    system_text "{file: $BATS_TEST_TMPDIR/password}"
    shown 'a file' 4 "${up[@]}"
    chmod 640 "$BATS_TEST_TMPDIR/password"
    shown 'an open file' 253 "${up[@]}"
    chmod 600 "$BATS_TEST_TMPDIR/password"
    ln -s password "$BATS_TEST_TMPDIR/link"
    system_text "{file: $BATS_TEST_TMPDIR/link}"
    shown 'a link' 253 "${up[@]}"
}
