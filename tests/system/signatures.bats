#!/usr/bin/env bats
# Every S3 operation of gs3 against a server that checks signatures as AWS does (the simulator's
# --s3-verify: scope, signed headers, payload hash, canonical path): odd keys and metadata, session
# tokens, regions, virtual hosts, TLS. The S3 server of the other tests is laxer.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults
load lib/scripted

setup()
{
    scripted_start
}

teardown()
{
    end_sims
}

# signed CASE ARGUMENT...: status 0 and no request was refused.
signed()
{
    fault_case=$1
    shift
    fault_run "$@" --ticket CHG0030001 "${fault_options[@]}"
    [[ $status == 0 && -z $err ]] || { fault_fail 'not done'; return 1; }
}

# around CASE KEY: up, across, down and a move back, all signed; byte for byte.
around()
{
    local key=$2
    signed "$1, up" cp up.txt "s3://prod-data/$key" || return 1
    signed "$1, across" cp "s3://prod-data/$key" "s3://prod-other/$key" || return 1
    signed "$1, move" mv "s3://prod-other/$key" "s3://prod-data/moved/$key" || return 1
    signed "$1, down" mv "s3://prod-data/moved/$key" back.txt || return 1
    assert_same_bytes "$fault_work/back.txt" "$fault_work/up.txt"
    signed "$1, stream" cp "s3://prod-data/$key" - || return 1
    assert_equal "$out" "$(<"$fault_work/up.txt")"
    [[ -n $(stored "prod-data/$key") ]] || { fault_fail "the key is not $key"; return 1; }
    [[ -z $(stored "prod-data/moved/$key") ]] || { fault_fail 'the source of the move is there'; return 1; }
}

@test "every operation is signed as AWS checks it, and a wrong secret is refused" {
    operate mv-up
    done_well up
    scripted_reset
    operate mv-across # with tags: GetObjectTagging, too
    done_well across
    assert_equal "$(sim_requests s3 | jq -r 'select(.query == "tagging") | .method' | sort -u)" GET
    scripted_reset
    operate mv-down
    done_well down
    scripted_reset
    # Tags that the copy does not bring are put: PutObjectTagging.
    script '[{"method": "GET", "path": "/prod-other/there.txt", "query": "tagging", "times": 1,
        "answer": {"body": "<Tagging><TagSet></TagSet></Tagging>"}}]'
    operate mv-across
    done_well 'tags put'
    assert_equal "$(sim_requests s3 | jq -r 'select(.query == "tagging") | .method' | sort -u | xargs)" 'GET PUT'
    scripted_reset
    GS3T_ENV+=(AWS_SECRET_ACCESS_KEY=sim-secret-wrong)
    operate cp-up
    kept 'wrong secret' 'SignatureDoesNotMatch'
    GS3T_ENV+=(AWS_ACCESS_KEY_ID=SIMKEYNONE)
    operate cp-up
    kept 'unknown key' 'InvalidAccessKeyId'
}

@test "keys that are encoded in one way only" {
    local key
    local -a keys=(
        'with space' 'plus+plus' 'percent%41' '%2F%2f' 'a//b' '/leading' './a' 'a/../b' 'a/.' '...'
        'tilde~' "star*quote'(x)!" 'eq=amp&q?hash#' 'at@colon:comma,semi;' 'pipe|back\slash^caret`'
        '"quoted"' '<a>{b}[c]$' 'umlaut-äöü' '日本語/キー' $'e\u0301 \u00e9' '😀' 'trailing/slash/x ' ' lead'
        'a=b?versionId=null' 'x?tagging' '-dash' '_'
    )
    for key in "${keys[@]}"; do around "$key" "$key" || return 1; done
    around '1000 bytes' "$(printf 'ä%.0s' {1..500})"
}

@test "metadata and properties: spaces, doubled spaces, empty, comma, quotes, other alphabets" {
    signed metadata cp up.txt s3://prod-data/m --metadata \
        '{"a": "one  two   three", "b": "", "c": "x,y", "d": "\"q\"", "e": "Zürich", "f": "日本", "g": "=", "H": "%41", "i-j.k_l": "&"}' \
        --content-type 'text/plain; charset="utf-8"' --cache-control 'max-age=60,  private' \
        --content-disposition 'attachment; filename="a  b.txt"' --content-language 'de,  en' \
        --content-encoding identity --expires 2030-01-01T00:00:00Z
    # The simulator cannot send a header without a value, so only what it was sent is looked at.
    assert_equal "$(stored prod-data/m | jq -c '.headers["x-amz-meta-b"]')" '""'
    signed across cp s3://prod-data/m s3://prod-other/m --metadata n=1
    signed move mv s3://prod-other/m s3://prod-data/n
    signed down cp s3://prod-data/n down.txt
    assert_json "$(stored prod-data/n | jq -c '.headers | with_entries(select(.key | test("^x-amz-meta-[a-n](-j[.]k_l)?$")))')" \
        '{"x-amz-meta-a": "one  two   three", "x-amz-meta-c": "x,y", "x-amz-meta-d": "\"q\"",
        "x-amz-meta-e": "Zürich", "x-amz-meta-f": "日本", "x-amz-meta-g": "=", "x-amz-meta-h": "%41",
        "x-amz-meta-i-j.k_l": "&", "x-amz-meta-n": "1"}'
    assert_equal "$(stored prod-data/n | jq -r '.headers["Content-Disposition"]')" \
        'attachment; filename="a  b.txt"'
}

@test "an empty value goes along on a copy, and is read back on a move" {
    end_sims
    unset sim_url GS3T_ENDPOINT
    GS3T_ENV=()
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    make_buckets prod-data
    signed up mv up.txt s3://prod-data/m --metadata a=,b=1
    signed across mv s3://prod-data/m s3://prod-data/n
    assert_json "$(head_metadata prod-data n | jq -c '{a, b}')" '{"a": "", "b": "1"}'
}

@test "every header that must be signed is signed, and the payload's hash is the payload's" {
    local unsigned
    scripted_reset
    operate mv-across
    operate cp-up
    unsigned=$(sim_requests s3 | jq -r '
        (.sigv4.signed_headers | split(";")) as $signed | .headers | keys[]
        | select(. == "host" or startswith("x-amz-") or . == "content-type" or . == "if-match")
        | select(. as $name | $signed | index($name) | not)' | sort -u)
    assert_equal "$unsigned" '' 'headers that are not signed'
    assert_equal "$(sim_requests s3 | jq -r 'select(.headers["x-amz-content-sha256"] != .body.sha256) | .path')" \
        '' 'payloads over http that are not hashed'
}

@test "a session token is sent and signed; an expired one, none, or another region's scope is refused" {
    local -a env=("${GS3T_ENV[@]}")
    GS3T_ENV+=(AWS_ACCESS_KEY_ID=SIMKEYROLE0000000003
        AWS_SECRET_ACCESS_KEY=sim-secret-role-0123456789012345678901
        AWS_SESSION_TOKEN=sim-session-token-role)
    operate mv-across
    done_well 'session token'
    assert_equal "$(sim_requests s3 | jq -r '.sigv4.signed_headers
        | split(";") | index("x-amz-security-token") != null' | sort -u)" true
    scripted_reset
    GS3T_ENV=("${env[@]}" AWS_ACCESS_KEY_ID=SIMKEYROLE0000000003
        AWS_SECRET_ACCESS_KEY=sim-secret-role-0123456789012345678901)
    operate mv-up
    kept 'no token' 'InvalidToken|InvalidAccessKeyId|AccessDenied'
    GS3T_ENV+=(AWS_SESSION_TOKEN=sim-session-token-other)
    operate mv-up
    kept 'the token of another' 'InvalidToken|AccessDenied'
    GS3T_ENV=("${env[@]}" AWS_ACCESS_KEY_ID=SIMKEYOLDX0000000007
        AWS_SECRET_ACCESS_KEY=sim-secret-oldx-0123456789012345678901
        AWS_SESSION_TOKEN=sim-session-token-old)
    operate mv-up
    kept 'an expired token' 'ExpiredToken'
    assert_no_secret "$BATS_TEST_TMPDIR/err"
}

@test "virtual hosts: the bucket is in the signed host" {
    local port=${sim_url##*:}
    GS3T_ENDPOINT=http://s3.localhost:$port
    policy_edit "s|^endpoints:|&\n  - $GS3T_ENDPOINT|"
    mkdir -p "$BATS_TEST_TMPDIR/home/.aws"
    client_home >/dev/null
    printf '[default]\ns3 =\n  addressing_style = virtual\n' >"$BATS_TEST_TMPDIR/home/.aws/config"
    around 'virtual host' 'a key/with space+plus'
    assert_equal "$(sim_requests s3 | jq -r .headers.host | sort -u | xargs)" \
        "prod-data.s3.localhost:$port prod-other.s3.localhost:$port"
}

@test "over TLS" {
    end_sims
    scripted_start --s3-store --s3-verify --tls-cert "$GS3T_TLS_DIR/server.pem" \
        --tls-key "$GS3T_TLS_DIR/server.key"
    policy_edit "s|^    url: .*|    url: $GS3T_SIM_URL|"
    around TLS 'a key/with space+plus'
    operate mv-across
    done_well TLS
    GS3T_CA=$GS3T_OTHER_CA
    operate mv-up
    kept 'another CA' 'certificate of .* is not trusted'
    operate mv-up --no-verify-ssl
    done_well '--no-verify-ssl'
}
