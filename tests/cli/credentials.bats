# Where gs3 finds credentials: the same as the AWS CLI, from the services that hand them out (played by
# gs3-sim), and what it says when they are broken. GS3 and GS3_SIM name the programs.
# shellcheck shell=bash disable=SC2154 # bats sets status and output

load ../system/lib/trace

setup_file() {
    : "${GS3:?GS3 names the gs3 program}" "${GS3_SIM:?GS3_SIM names the gs3-sim program}"
    export DIR="$BATS_FILE_TMPDIR" PROGRAM="$GS3"
    DUMP="$(dirname "$GS3")/tests/unit/aws/dump_config"
    export DUMP
    mkdir "$DIR/home" "$DIR/here"
    "$GS3_SIM" --fixtures "$BATS_TEST_DIRNAME/../sim/fixtures" --port-file "$DIR/port" --s3-store \
        --s3-verify --request-log "$DIR/log" >"$DIR/out" 2>"$DIR/err" 3>&- &
    echo $! >"$DIR/pid"
    for _ in $(seq 200); do
        [ ! -s "$DIR/port" ] || break
        sleep 0.05
    done
    URL="http://127.0.0.1:$(cat "$DIR/port")"
    export URL
    write_policy >"$DIR/policy.yaml"
    printf 'bytes\n' >"$DIR/here/file"
}

teardown_file() {
    kill "$(cat "$DIR/pid")"
}

# Nobody needs a ticket: what counts here is whose credentials they are.
write_policy() {
    cat <<YAML
apiVersion: gs3/v1
serial: 1
endpoints: ["$URL"]
environments:
  dev:
    match: [{bucket: "*"}]
    governance_level: standard
    ticket_for: []
    identity: {source: sts, trusted_roles: [Instance, Task, Pod]}
YAML
}

setup() {
    cd "$DIR/here" || return 1
    unset "${!GS3_@}" "${!AWS_@}" CI NETRC
    unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
    rm -rf "$DIR/home"
    mkdir -p "$DIR/home/.aws"
    export HOME="$DIR/home" AWS_REGION=us-east-1 AWS_ENDPOINT_URL="$URL" GS3_POLICY="$DIR/policy.yaml"
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
}

config() {
    cat >"$HOME/.aws/config"
}

fault() {
    curl -q -sf --noproxy '*' -X POST -d "$1" "$URL/_sim/fault" >/dev/null
}

# requests PERSONA: how many came.
requests() {
    curl -q -sf --noproxy '*' "$URL/_sim/requests?persona=$1" | jq .count
}

# put [OPTION]...: a small object by gs3; its output is in $output.
put() {
    run "$PROGRAM" cp --purpose "a test of credentials" --department qa "$@" file s3://dev-data/file
    echo "status $status: $output"
}

# operator: who wrote the object, by its metadata.
operator() {
    curl -q -sf --noproxy '*' "$URL/_sim/objects" |
        jq -r '[.[] | select(.name == "dev-data/file")][0].headers["x-amz-meta-operator"]'
}

sso_profile() {
    config <<'INI'
[default]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Operators
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example/start
INI
}

# sso_login EXPIRES [MEMBERS]: the file that `aws sso login` leaves for the session "corp".
sso_login() {
    mkdir -p "$HOME/.aws/sso/cache"
    SSO_FILE=$HOME/.aws/sso/cache/$(printf corp | sha1sum | cut -d ' ' -f 1).json
    printf '{"startUrl": "https://corp.example/start", "region": "us-east-1", "accessToken": "%s", "expiresAt": "%s"%s}' \
        sim-sso-token "$(date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ)" "${2-}" >"$SSO_FILE"
}

# fails STATUS TEXT: gs3 ended so, with one line that holds TEXT and nothing sent to S3.
fails() {
    [ "$status" -eq "$1" ]
    [ "$(printf '%s\n' "$output" | wc -l)" -eq 1 ]
    [[ $output == *"$2"* ]]
    [ "$(requests s3)" -eq 0 ]
}

@test "the credentials of many configurations are those of the AWS CLI" {
    [ -x "$DUMP" ] || skip "$DUMP is not built"
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    run /usr/bin/python3 "$BATS_TEST_DIRNAME/credentials_compare.py" "$DUMP" "$URL"
    [ "$status" -ne 77 ] || skip "the AWS CLI is not installed"
    printf '%s\n' "$output" | grep -v '^ok' || true
    [ "$status" -eq 0 ]
}

@test "whoever the instance, the container and SSO say it is is the operator on the object" {
    export AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL"
    put
    [ "$status" -eq 0 ]
    [ "$(operator)" = i-0123456789abcdef0 ]

    export AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v2/credentials/ecs"
    put
    [ "$status" -eq 0 ]
    [ "$(operator)" = 0123456789abcdef0123456789abcdef ]

    printf sim-pod-token >"$DIR/token"
    export AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v1/credentials"
    export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$DIR/token"
    put
    [ "$status" -eq 0 ]
    [ "$(operator)" = eks-cluster-pod ]

    sso_profile
    sso_login '+1 hour'
    put
    [ "$status" -eq 0 ]
    [ "$(operator)" = alice@example.com ]
    # Who comes first is the one that is asked.
    [ "$(requests imds)" -eq 3 ]
    [ "$(requests container)" -eq 2 ]
}

@test "nobody is asked for credentials that the environment has" {
    sso_profile
    sso_login '+1 hour'
    export AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL" AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v2/credentials/ecs"
    AWS_ACCESS_KEY_ID=SIMKEYPATH0000000002 \
        AWS_SECRET_ACCESS_KEY=sim-secret-path-0123456789012345678901 put
    [ "$status" -eq 0 ]
    [ "$(operator)" = alice ]
    [ "$(requests imds)" -eq 0 ]
    [ "$(requests container)" -eq 0 ]
    [ "$(requests sso)" -eq 0 ]
}

@test "the instance is asked for a token first, and never without one" {
    export AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL"
    put
    [ "$status" -eq 0 ]
    run jq -r 'select(.persona == "imds") | .method + " " + .path' "$DIR/log"
    [ "$(printf '%s\n' "$output" | tail -n 3)" = "PUT /latest/api/token
GET /latest/meta-data/iam/security-credentials/
GET /latest/meta-data/iam/security-credentials/Instance" ]
    curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
    fault '{"fault": "status", "arg": "403", "path_prefix": "/latest/api/"}'
    put
    fails 253 'unable to locate credentials for profile "default"'
    [ "$(requests imds)" -eq 1 ]
}

@test "an instance that does not answer costs a second, once" {
    fault '{"fault": "slow", "arg": "60000", "path_prefix": "/latest/"}'
    local start=$EPOCHREALTIME
    AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL" put
    fails 253 "the instance metadata service at $URL"
    # A second, and what a busy machine adds: far less than a second attempt with its wait.
    awk -v start="$start" -v end="$EPOCHREALTIME" 'BEGIN { exit !(end - start >= 0.9 && end - start < 8) }'
    # Its answer is still to come, so the log has at most this one.
    [ "$(requests imds)" -le 1 ]
}

@test "no proxy is used for what is on the machine" {
    [ -x "$DUMP" ] || skip "$DUMP is not built"
    export http_proxy=http://127.0.0.1:9
    AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL" run "$DUMP"
    [ "$(jq -r .access_key <<<"$output")" = SIMKEYIMDS0000000008 ]
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v2/credentials/ecs" run "$DUMP"
    [ "$(jq -r .access_key <<<"$output")" = SIMKEYECSX0000000009 ]
}

@test "SSO's token is renewed in its file, and the credentials are kept where the AWS CLI keeps them" {
    sso_profile
    sso_login '-1 hour' ', "clientId": "sim-sso-client", "clientSecret": "sim-sso-client-secret", "refreshToken": "sim-sso-refresh", "registrationExpiresAt": "2099-01-01T00:00:00Z"'
    put
    [ "$status" -eq 0 ]
    [ "$(operator)" = alice@example.com ]
    [ "$(stat -c %a "$SSO_FILE")" = 600 ]
    [ "$(jq -r .accessToken "$SSO_FILE")" = sim-sso-token-renewed ]
    [ "$(jq -r .refreshToken "$SSO_FILE")" = sim-sso-refresh-2 ]
    [ "$(jq -r .clientSecret "$SSO_FILE")" = sim-sso-client-secret ]
    [ "$(find "$HOME/.aws" -type f | wc -l)" -eq 3 ]
    local cached=("$HOME"/.aws/cli/cache/*.json)
    [ "$(stat -c %a "${cached[0]}")" = 600 ]
    [ "$(jq -r .ProviderType "${cached[0]}")" = sso ]
    # The second run takes them from there.
    put
    [ "$status" -eq 0 ]
    [ "$(requests sso)" -eq 2 ]
}

@test "SSO that is over says what to run" {
    sso_profile
    put
    fails 253 "$HOME/.aws/config:3: nobody is logged in to SSO: run aws sso login --profile default"
    sso_login '-1 hour'
    put
    fails 253 "$HOME/.aws/config:3: the SSO token has expired: run aws sso login --profile default"
    sso_login '-1 hour' ', "clientId": "sim-sso-client", "clientSecret": "sim-sso-client-secret", "refreshToken": "spent", "registrationExpiresAt": "2099-01-01T00:00:00Z"'
    put
    fails 253 'has expired, and renewing it failed: status 400: run aws sso login --profile default'
    sso_login '+1 hour'
    fault '{"fault": "bad-auth"}'
    put
    fails 253 'SSO does not accept the token: run aws sso login --profile default'
}

@test "SSO that does not give the role ends as a service does, in AWS's words" {
    sso_profile
    sed -i 's/Operators/Admins/' "$HOME/.aws/config"
    sso_login '+1 hour'
    put
    fails 254 'An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access'
}

@test "answers that are none are refused by name" {
    local fault
    sso_profile
    sso_login '+1 hour'
    for fault in '{"fault": "garbage"}' '{"fault": "huge"}' '{"fault": "missing", "arg": "secretAccessKey"}' \
        '{"fault": "set", "arg": "sessionToken=a b"}'; do
        curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
        fault "$fault"
        put
        fails 253 "$HOME/.aws/config:3: SSO"
    done
    config </dev/null
    export AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v2/credentials/ecs"
    for fault in '{"fault": "garbage"}' '{"fault": "duplicate-keys"}' '{"fault": "missing", "arg": "AccessKeyId"}' \
        '{"fault": "set", "arg": "Token=a b"}' '{"fault": "status", "arg": "404"}'; do
        curl -q -sf --noproxy '*' -X POST "$URL/_sim/reset" >/dev/null
        fault "$fault"
        put
        fails 253 "AWS_CONTAINER_CREDENTIALS_FULL_URI: the container's endpoint of credentials: "
    done
}

@test "a container's token with a line feed never becomes a header" {
    printf 'sim-pod-token\nX-Evil: yes' >"$DIR/token"
    export AWS_CONTAINER_CREDENTIALS_FULL_URI="$URL/v1/credentials"
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$DIR/token" put
    fails 253 "$DIR/token:1: the authorization token holds a line feed"
    AWS_CONTAINER_AUTHORIZATION_TOKEN="$(cat "$DIR/token")" put
    fails 253 'AWS_CONTAINER_AUTHORIZATION_TOKEN: the authorization token holds a line feed'
    [ "$(requests container)" -eq 0 ]
}

@test "a broken process, half a credential and a broken file are named with file and line" {
    printf '#!/bin/sh\necho "about the weather" >&2; echo "no: the safe is locked" >&2; exit 3\n' >"$DIR/here/fails"
    chmod +x "$DIR/here/fails"
    config <<<"[default]
region = us-east-1
credential_process = '$DIR/here/fails' --for gs3"
    put
    fails 253 "$HOME/.aws/config:3: credential_process: $DIR/here/fails ended with status 3: no: the safe is locked"
    config <<<'[default]
credential_process = echo garbage'
    put
    fails 253 "$HOME/.aws/config:2: credential_process: what echo wrote cannot be used"
    config <<<'[default]
credential_process = head -c 100000 /dev/zero'
    put
    fails 253 "$HOME/.aws/config:2: credential_process: head wrote more than 65536 bytes"
    config <<<'[default]
aws_access_key_id = X'
    put
    fails 253 "$HOME/.aws/config:2: partial credentials found in the configuration file: aws_secret_access_key is missing"
    config <<<'[default]
region = us-east-1
aws_access_key_id = X
aws_secret_access_key = a b'
    put
    fails 253 "$HOME/.aws/config:4: aws_secret_access_key holds white space"
    config <<<'[default]
region = us-east-1
aws_secret_access_key = hidden
aws_access_key_id = a/b'
    put
    fails 253 "$HOME/.aws/config:4: the configuration file: aws_access_key_id holds"
    config <<<'[default]
region
'
    put
    fails 253 "$HOME/.aws/config:2: "
}

@test "no secret of a source is in what gs3 says" {
    sso_profile
    sso_login '+1 hour' ', "clientSecret": "sim-sso-client-secret"'
    put --debug
    [ "$status" -eq 0 ]
    [[ $output != *sim-sso-token* && $output != *sim-secret* && $output != *sim-session-token* ]]
    config </dev/null
    AWS_EC2_METADATA_SERVICE_ENDPOINT="$URL" put --debug
    [ "$status" -eq 0 ]
    [[ $output != *sim-imds-session* && $output != *sim-secret* && $output != *sim-session-token* ]]
}
