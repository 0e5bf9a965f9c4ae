#!/usr/bin/env bats
# Credentials of roles: AssumeRole by a profile, chains of them, MFA codes, web identity, the cache
# that is shared with the AWS CLI, and renewal under way. STS, S3 and the tickets are one simulator
# of the test's own, which checks signatures as AWS does.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults
load lib/scripted

ROLE=arn:aws:iam::123456789012:role

setup()
{
    scripted_start
    operator=$(id -un)
    config=$(client_home)/.aws/config
    cat >"$config" <<CONFIG
[profile user]
aws_access_key_id = SIMKEYUSER0000000001
aws_secret_access_key = sim-secret-user-0123456789012345678901

[profile deploy]
role_arn = $ROLE/Deploy
role_session_name = $operator
source_profile = user

[profile second]
role_arn = $ROLE/path/Second
source_profile = deploy

[profile external]
role_arn = $ROLE/External
external_id = sim-external
source_profile = user

[profile mfa]
role_arn = $ROLE/Mfa
mfa_serial = arn:aws:iam::123456789012:mfa/alice
source_profile = user

[profile brief]
role_arn = $ROLE/Brief
source_profile = user

[profile closed]
role_arn = $ROLE/Closed
source_profile = user
CONFIG
    GS3T_ENV+=(AWS_ENDPOINT_URL_STS="$sim_url")
}

teardown()
{
    end_sims
}

# with_profile NAME [ARGUMENT]...: a governed upload.
with_profile()
{
    fault_case="profile $1"
    fault_run cp up.txt s3://prod-data/up.txt --profile "$1" --ticket CHG0030001 \
        "${fault_options[@]}" "${@:2}"
}

uploaded()
{
    [[ $status == 0 && -z $err ]] || { fault_fail 'not done'; return 1; }
    [[ -n $(stored prod-data/up.txt) ]] || { fault_fail 'the object is not there'; return 1; }
}

# refused STATUS PATTERN: one line, which fits, and no object.
refused()
{
    [[ $status == "$1" && $(wc -l <<<"$err") == 1 && $err =~ $2 ]] ||
        { fault_fail "expected $1 and: $2"; return 1; }
    [[ -z $(stored prod-data/up.txt) ]] || { fault_fail 'the object is there'; return 1; }
    [[ $err != *sim-secret-* && $err != *sim-web-token* ]] || { fault_fail 'a secret'; return 1; }
}

sessions()
{
    _sim_call GET sessions | jq -r '.[].arn'
}

@test "a governed upload as a role, whose session is the operator; the cache serves the next, and the AWS CLI" {
    sed -i '/^  production:/,/^  staging:/s/identity: .*/identity: {source: sts, trusted_roles: ["Deploy"]}/' \
        "$BATS_TEST_TMPDIR/policy.yaml"
    with_profile deploy
    uploaded
    assert_equal "$(sessions)" "arn:aws:sts::123456789012:assumed-role/Deploy/$operator"
    assert_equal "$(stored prod-data/up.txt | jq -r '.headers["x-amz-meta-operator"]')" "$operator"
    local cache
    cache=$(echo "$(client_home)"/.aws/cli/cache/*.json)
    assert_equal "$(stat -c %a "$cache")" 600
    with_profile deploy
    uploaded
    assert_equal "$(sessions | wc -l)" 1
    # The same file for the CLI, which would have to ask the real STS otherwise. A warm one has its
    # cache below the home that it was started with.
    [[ -x /usr/bin/aws ]] || skip 'no /usr/bin/aws'
    GS3T_WARM_AWS='' GS3T_ENDPOINT=$sim_url run aws_ --profile deploy sts get-caller-identity --query Arn --output text
    assert_equal "$output" "arn:aws:sts::123456789012:assumed-role/Deploy/$operator"
}

@test "roles through roles, and one that wants an external id" {
    with_profile second
    uploaded
    assert_equal "$(sessions | sed 's|/gs3-session-[0-9]*$|/*|' | xargs)" \
        "arn:aws:sts::123456789012:assumed-role/Deploy/$operator arn:aws:sts::123456789012:assumed-role/Second/*"
    with_profile external
    uploaded
}

@test "a role that is denied is AWS's own message, and no answer is none" {
    with_profile closed
    refused 254 'An error occurred \(AccessDenied\) when calling the AssumeRole operation: User: arn:aws:iam::123456789012:user/.* is not authorized to perform: sts:AssumeRole on resource: .*role/Closed$'
    sed -i 's/sim-external/wrong/' "$config"
    with_profile external
    refused 254 'AccessDenied.*role/External$'
    sed -i 's/sim-secret-user-0/sim-secret-user-1/' "$config"
    with_profile deploy
    refused 254 'SignatureDoesNotMatch'
    GS3T_ENV+=(AWS_ENDPOINT_URL_STS=http://127.0.0.1:9)
    with_profile deploy
    refused 255 'STS: '
    GS3T_ENV+=(AWS_ENDPOINT_URL_STS=http://sts.example.com)
    with_profile deploy
    refused 253 'sts.example.com'
}

@test "settings that cannot work: one line with file and line, and nothing is sent" {
    printf '\n[profile a]\nrole_arn = %s/A\nsource_profile = b\n[profile b]\nrole_arn = %s/B\nsource_profile = a\n' \
        "$ROLE" "$ROLE" >>"$config"
    with_profile a
    refused 253 '/\.aws/config:[0-9]+: source_profile = a: the profiles go in a loop: a -> b -> a$'
    sed -i 's/^source_profile = deploy/source_profile = gone/' "$config"
    with_profile second
    refused 253 'config:12: source_profile = gone: there is no profile of that name$'
    sed -i '/^source_profile = gone/d' "$config"
    with_profile second
    refused 253 'config:11: role_arn = .*: source_profile or credential_source is missing'
    sed -i "s|^role_arn = $ROLE/External|role_arn = External|" "$config"
    with_profile external
    refused 253 'role_arn = External: not the ARN of a role'
    printf 'nonsense\n' >>"$config"
    with_profile deploy
    refused 253 '/\.aws/config:[0-9]+: '
    assert_equal "$(sim_count sts)" 0
}

@test "an MFA code is asked for at a terminal, unseen, and nowhere else" {
    GS3T_WRAP=(setsid -w)
    with_profile mfa
    refused 253 'config:[0-9]+: mfa_serial: a code has to be asked for, and there is no terminal$'
    [[ -x /usr/bin/python3 ]] || skip 'no /usr/bin/python3'
    GS3T_WRAP=(/usr/bin/python3 "$BATS_TEST_DIRNAME/lib/at_terminal.py"
        'Enter MFA code for arn:aws:iam::123456789012:mfa/alice: ' 246810)
    with_profile mfa
    uploaded
    [[ $out != *246810* ]] || { fault_fail 'the code is seen'; return 1; }
    GS3T_WRAP=()
    # The session is in the cache: no code is asked for again.
    with_profile mfa
    uploaded
}

@test "web identity: a token of a file, read as it is" {
    local token=$BATS_TEST_TMPDIR/token
    local -a gone=(AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
    printf sim-web-token-alice >"$token"
    GS3T_ENV+=("${gone[@]}" AWS_WEB_IDENTITY_TOKEN_FILE="$token" AWS_ROLE_ARN="$ROLE/Web"
        AWS_ROLE_SESSION_NAME=runner)
    fault_case=web
    fault_run cp up.txt s3://prod-data/up.txt --ticket CHG0030001 "${fault_options[@]}"
    uploaded
    assert_equal "$(sessions)" arn:aws:sts::123456789012:assumed-role/Web/runner
    scripted_reset
    rm -r "$(client_home)/.aws/cli"
    printf 'sim-web-token-alice\n' >"$token"
    fault_run cp up.txt s3://prod-data/up.txt --ticket CHG0030001 "${fault_options[@]}"
    refused 253 'AWS_WEB_IDENTITY_TOKEN_FILE: .*/token: the web identity token holds a line feed'
    printf 'sim-web-token-old' >"$token"
    fault_run cp up.txt s3://prod-data/up.txt --ticket CHG0030001 "${fault_options[@]}"
    refused 254 '\(ExpiredTokenException\) when calling the AssumeRoleWithWebIdentity operation: Token expired'
    printf 'sim-web-token-other' >"$token"
    fault_run cp up.txt s3://prod-data/up.txt --ticket CHG0030001 "${fault_options[@]}"
    refused 254 '\(AccessDenied\).*Not authorized to perform sts:AssumeRoleWithWebIdentity'
}

@test "credentials are renewed under way: when S3 says that they have expired, and before" {
    script '[{"method": "PUT", "path": "/prod-data/up.txt", "times": 1,
        "answer": {"status": 400, "error": "ExpiredToken"}}]'
    with_profile deploy
    uploaded
    assert_equal "$(sessions | sort -u)" "arn:aws:sts::123456789012:assumed-role/Deploy/$operator"
    assert_equal "$(sessions | wc -l)" 2
    scripted_reset
    # Four seconds of life, of which two are gone when S3 is asked.
    sim_fault slow 2500 /api/now/ 1
    with_profile brief
    uploaded
    assert_equal "$(sim_requests s3 | jq -r 'select(.status >= 400) | .status')" ''
    (($(sessions | wc -l) >= 2)) || { fault_fail 'not renewed'; return 1; }
    assert_equal "$(sessions | sort -u | wc -l)" 1
}

@test "STS is asked beside the ticket, not after it; of one object and of a tree" {
    local start took arguments
    sed -i '/^  production:/,/^  staging:/s/identity: .*/identity: {source: sts}/' "$BATS_TEST_TMPDIR/policy.yaml"
    mkdir "$fault_work/one"
    cp "$fault_work/up.txt" "$fault_work/one"
    for arguments in 'up.txt s3://prod-data/up.txt' 'one s3://prod-data/ --recursive'; do
        sim_reset
        script '[]'
        printf '[{"fault": "slow", "arg": "3000", "path_prefix": "/api/now/"},
            {"fault": "slow", "arg": "3000", "path_prefix": "/", "method": "POST"}]' |
            _sim_call POST fault --data-binary @- >/dev/null
        fault_case=$arguments
        start=$(date +%s%3N)
        # shellcheck disable=SC2086 # words
        fault_run cp $arguments --ticket CHG0030001 --profile user "${fault_options[@]}"
        took=$(($(date +%s%3N) - start))
        [[ $status == 0 ]] || { fault_fail 'not done'; return 1; }
        assert_equal "$(sim_count sts) $(sim_count servicenow)" '1 1' 'requests'
        ((took > 2900 && took < 5500)) || { fault_fail "it took $took ms"; return 1; }
    done
}

@test "with credentials at hand nobody is asked for any" {
    fault_case=static
    fault_run cp up.txt s3://prod-data/up.txt --ticket CHG0030001 "${fault_options[@]}"
    uploaded
    with_profile user
    uploaded
    assert_equal "$(sim_count sts)" 0
    [[ ! -e $(client_home)/.aws/cli ]]
}
