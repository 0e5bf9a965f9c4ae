#!/usr/bin/env bats
# The S3 server of the tests and the helpers themselves: what the other files rest on.

# shellcheck disable=SC2154 # common_lib, sim_url: of lib/common
load lib/common

setup_file()
{
    make_buckets
}

setup()
{
    printf 'the quick brown fox\n' >"$BATS_TEST_TMPDIR/fox"
    file=$BATS_TEST_TMPDIR/fox
}

teardown()
{
    end_sims
    "$common_lib/rgw.sh" stop "$BATS_TEST_TMPDIR/own" 2>/dev/null || true
}

@test "an object put with the AWS CLI is read alike by the AWS CLI, s3read and curl" {
    aws_ s3api put-object --bucket prod-data --key report.txt --body "$file" \
        --content-type text/plain --metadata purpose=test,change-request-id=CHG0030001 \
        --tagging 'a=1&b=two' >/dev/null
    assert_equal "$(head_metadata prod-data report.txt)" \
        '{"change-request-id":"CHG0030001","purpose":"test"}' "metadata by the AWS CLI"
    assert_equal "$(s3read head prod-data report.txt | jq -cS .metadata)" \
        "$(head_metadata prod-data report.txt)" "metadata by s3read"
    curl -q -sS --noproxy '*' -I --aws-sigv4 aws:amz:us-east-1:s3 \
        -u "$GS3T_ACCESS_KEY:$GS3T_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
        "$GS3T_S3_HTTP/prod-data/report.txt" >"$BATS_TEST_TMPDIR/headers"
    grep -qi '^x-amz-meta-purpose: test' "$BATS_TEST_TMPDIR/headers"
    assert_json "$(s3read tags prod-data report.txt)" '{"a": "1", "b": "two"}'
    assert_object_bytes prod-data report.txt "$file"
    aws_ s3 cp --quiet s3://prod-data/report.txt "$BATS_TEST_TMPDIR/back"
    assert_same_bytes "$file" "$BATS_TEST_TMPDIR/back"
    assert_equal "$(sha256 "$BATS_TEST_TMPDIR/back")" "$(sha256 <"$file")"
}

@test "odd keys come back as they went in, alike for s3write, s3read and the AWS CLI" {
    local key
    local -a keys=('a b' 'a+b' '100%' '%41' 'a//b' '/leading' '../up' './here' 'end/' 'q?x=1#z'
        'grüße-€-日本' $'new\nline' $'tab\tx' "'(quote)'!*~" '<a href="x">&amp;' '\x41' '{}[]|^`'
        "$(printf 'x%.0s' {1..1024})")
    for key in "${keys[@]}"; do
        printf '%s' "$key" >"$BATS_TEST_TMPDIR/body"
        s3write put dev-data "$key" "$BATS_TEST_TMPDIR/body" 'x-amz-meta-k: v'
        assert_object_bytes dev-data "$key" "$BATS_TEST_TMPDIR/body"
        assert_equal "$(s3read status dev-data "$key")" 200 "$key"
    done
    for key in 'a b' '/leading' 'grüße-€-日本' '100%'; do
        assert_equal "$(head_metadata dev-data "$key")" '{"k":"v"}' "$key"
    done
    assert_equal "$(s3read list dev-data | jq -s length)" "${#keys[@]}" "keys listed"
    assert_equal "$(s3read list dev-data | jq -sc sort)" \
        "$(jq -nc '$ARGS.positional | sort' --args -- "${keys[@]}")" "the listed keys"
    s3write delete dev-data 'a b'
    assert_equal "$(s3read status dev-data 'a b')" 404
    assert_equal "$(s3read status dev-data 'a+b')" 200
}

@test "a state shows every change: bytes, metadata, tags, new, deleted, unfinished uploads" {
    local before=$BATS_TEST_TMPDIR/before change
    make_buckets staging-data staging-other
    s3write put staging-data one "$file" 'x-amz-meta-a: 1'
    s3write put staging-data two "$file"
    bucket_state staging-data staging-other >"$before"
    assert_equal "$(wc -l <"$before")" 2 "lines of the state"
    assert_unchanged "$before" staging-data staging-other
    # shellcheck disable=SC2016 # expanded when they are evaluated
    local -a changes=(
        'printf x | s3write put staging-data one -'
        's3write put staging-data one "$file" "x-amz-meta-a: 2"'
        's3write settags staging-data two a=b'
        's3write put staging-other new "$file"'
        's3write delete staging-data two'
        'aws_ s3api create-multipart-upload --bucket staging-other --key part'
    )
    for change in "${changes[@]}"; do
        make_buckets staging-data staging-other
        s3write put staging-data one "$file" 'x-amz-meta-a: 1'
        s3write put staging-data two "$file"
        bucket_state staging-data staging-other >"$before"
        eval "$change" >/dev/null
        run assert_unchanged "$before" staging-data staging-other
        assert_equal "$status" 1 "unseen: $change"
    done
}

@test "a state shows the versions and delete markers of a versioned bucket" {
    make_buckets versioned
    s3write versioning versioned Enabled
    s3write put versioned key "$file"
    s3write put versioned key /dev/null
    s3write delete versioned key
    assert_equal "$(s3read state versioned | jq -r .kind | sort | uniq -c | xargs)" \
        "1 delete-marker 2 object"
    assert_equal "$(s3read state versioned | jq -s 'map(.size) | add')" "$(wc -c <"$file")"
    make_buckets versioned
    assert_equal "$(s3read state versioned)" ""
}

@test "a listing of more than one page is whole" {
    local number
    make_buckets many
    # One curl for a thousand objects: one process each would take a minute.
    for ((number = 0; number < 1005; number++)); do
        printf 'next\nsilent\nnoproxy = "*"\naws-sigv4 = "aws:amz:us-east-1:s3"\n'
        printf 'user = "%s"\n' "$GS3T_ACCESS_KEY:$GS3T_SECRET_KEY"
        printf 'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"\nrequest = PUT\ndata = x\n'
        printf 'url = "%s/many/a%%20%04d"\n' "$GS3T_S3_HTTP" "$number"
    done | sed 1d | env -i PATH="$PATH" curl -q -K -
    assert_equal "$(s3read list many | sort -u | wc -l)" 1005
    make_buckets many
    assert_equal "$(s3read list many | wc -l)" 0
}

@test "the state of a bucket that is not there says so, and a dead server is an error" {
    assert_json "$(s3read state nowhere)" '{"bucket": "nowhere", "missing": true}'
    GS3T_S3_HTTP=http://127.0.0.1:1 run s3read state prod-data
    assert_equal "$status" 1
    [[ $output == *"Connection refused"* ]]
}

@test "https works with the CA, path style and virtual-hosted, and another CA is refused" {
    s3write put prod-data tls "$file"
    GS3T_ENDPOINT=$GS3T_S3_HTTPS aws_ s3api head-object --bucket prod-data --key tls >/dev/null
    local url
    for url in "$GS3T_S3_HTTPS/prod-data/tls" "${GS3T_S3_VHOST_TLS/\/\//\/\/prod-data.}/tls" \
        "$GS3T_S3_VHOST_TLS/prod-data/tls"; do
        run curl -q -sS --noproxy '*' --cacert "$GS3T_S3_CA" -o "$BATS_TEST_TMPDIR/out" \
            --aws-sigv4 aws:amz:us-east-1:s3 -u "$GS3T_ACCESS_KEY:$GS3T_SECRET_KEY" \
            -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$url"
        assert_status 0
        assert_same_bytes "$file" "$BATS_TEST_TMPDIR/out"
        run curl -q -sS --noproxy '*' --cacert "$GS3T_OTHER_CA" "$url"
        assert_status 60
    done
    GS3T_CA=$GS3T_OTHER_CA GS3T_ENDPOINT=$GS3T_S3_HTTPS run aws_ s3api head-object \
        --bucket prod-data --key tls
    [[ $status != 0 && $output == *CERTIFICATE_VERIFY_FAILED* ]]
}

@test "a wrong secret is refused by name, and the second user may not read the first one's" {
    s3write put prod-data private "$file"
    GS3T_SECRET_KEY=wrong run s3read get prod-data private
    assert_status 1
    [[ $output == *"HTTP 403: SignatureDoesNotMatch"* ]]
    GS3T_S3_AS=other run s3read get prod-data private
    assert_status 1
    [[ $output == *"HTTP 403: AccessDenied"* ]]
    make_buckets unmapped
    assert_equal "$(GS3T_S3_AS=other s3read state nowhere | jq .missing)" true
}

@test "storage classes, SSE-KMS and SSE-C are there" {
    s3write put prod-data ia "$file" 'x-amz-storage-class: STANDARD_IA'
    s3write put prod-data glacier "$file" 'x-amz-storage-class: GLACIER_IR'
    s3write put prod-data kms "$file" 'x-amz-server-side-encryption: aws:kms' \
        "x-amz-server-side-encryption-aws-kms-key-id: $GS3T_KMS_KEY"
    assert_equal "$(s3read head prod-data ia | jq -r '.headers["x-amz-storage-class"]')" STANDARD_IA
    assert_equal "$(s3read head prod-data glacier | jq -r '.headers["x-amz-storage-class"]')" \
        GLACIER_IR
    assert_equal "$(s3read head prod-data kms | jq -r '.headers["x-amz-server-side-encryption"]')" \
        aws:kms
    assert_object_bytes prod-data kms "$file"
    local key
    key=$(printf '0123456789abcdef0123456789abcdef')
    s3write put prod-data ssec "$file" 'x-amz-server-side-encryption-customer-algorithm: AES256' \
        "x-amz-server-side-encryption-customer-key: $(printf %s "$key" | base64)" \
        "x-amz-server-side-encryption-customer-key-md5: $(printf %s "$key" |
            openssl md5 -binary | base64)"
    assert_equal "$(s3read status prod-data ssec)" 400
}

@test "the second user assumes a role through STS and reads with its session" {
    # On one line each: this server answers "Unknown" to a policy document with line ends.
    local trust allow
    trust=$(jq -nc '{Version: "2012-10-17", Statement: [{Effect: "Allow",
        Principal: {AWS: ["arn:aws:iam:::user/other"]}, Action: ["sts:AssumeRole"]}]}')
    allow=$(jq -nc '{Version: "2012-10-17", Statement: [{Effect: "Allow", Action: "s3:*",
        Resource: "arn:aws:s3:::*"}]}')
    aws_ iam create-role --role-name reader --path / --assume-role-policy-document "$trust" \
        >/dev/null
    aws_ iam put-role-policy --role-name reader --policy-name all --policy-document "$allow"
    local answer
    s3write put prod-data shared "$file"
    answer=$(GS3T_S3_AS=other aws_ sts assume-role --role-arn arn:aws:iam:::role/reader \
        --role-session-name session --output json)
    run curl -q -sS --noproxy '*' --fail -o "$BATS_TEST_TMPDIR/out" \
        --aws-sigv4 aws:amz:us-east-1:s3 \
        -u "$(jq -r '.Credentials | .AccessKeyId + ":" + .SecretAccessKey' <<<"$answer")" \
        -H "x-amz-security-token: $(jq -r .Credentials.SessionToken <<<"$answer")" \
        -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$GS3T_S3_HTTP/prod-data/shared"
    assert_status 0
    assert_same_bytes "$file" "$BATS_TEST_TMPDIR/out"
}

@test "the request log shows what was asked of the server since a mark, and nothing else" {
    local mark
    mark=$(requests_mark)
    assert_equal "$(requests_since "$mark")" "" "no request"
    s3write put prod-data 'logged key' "$file"
    s3read status prod-data none >/dev/null
    run requests_since "$mark"
    assert_equal "${#lines[@]}" 2 "lines: $output"
    [[ ${lines[0]} == "PUT /prod-data/logged%20key 200 "* ]]
    [[ ${lines[1]} == "HEAD /prod-data/none 404 "* ]]
}

@test "a start cut off at any moment leaves nothing after stop, and stop spares other directories" {
    local delay dir=$BATS_TEST_TMPDIR/own pid left
    for delay in 0.02 0.08 0.15 0.3 0.45 0.6 0.8; do
        "$common_lib/rgw.sh" start "$dir" 3>&- >/dev/null 2>&1 &
        pid=$!
        sleep "$delay"
        kill -KILL "$pid" 2>/dev/null || true # a fast machine has started it by then
        wait "$pid" || true
        "$common_lib/rgw.sh" stop "$dir"
        [[ ! -e $dir ]]
        # grep's status does not count: processes of others come and go under it.
        left=$(grep -lsF -e "$dir/" /proc/[0-9]*/cmdline || true)
        assert_equal "$left" "" "left behind after $delay s"
    done
    "$common_lib/rgw.sh" start "$dir" 3>&-
    rm -rf "$dir"
    "$common_lib/rgw.sh" stop "$dir"
    left=$(grep -lsF -e "$dir/" /proc/[0-9]*/cmdline || true)
    assert_equal "$left" "" "left behind after the directory was removed"
    mkdir -p "$dir/mon" && : >"$dir/mon/mine"
    run "$common_lib/rgw.sh" stop "$dir"
    assert_status 1
    run "$common_lib/rgw.sh" start "$dir"
    assert_status 1
    [[ -e $dir/mon/mine && $output == *"not empty"* ]]
}

@test "the certificates of the TLS tests are what their names say" {
    openssl verify -CAfile "$GS3T_S3_CA" "$GS3T_TLS_DIR/server.pem"
    run openssl verify -CAfile "$GS3T_OTHER_CA" "$GS3T_TLS_DIR/server.pem"
    [[ $status != 0 ]]
    run openssl verify -CAfile "$GS3T_S3_CA" "$GS3T_TLS_DIR/expired.pem"
    [[ $status != 0 && $output == *expired* ]]
    run openssl verify -CAfile "$GS3T_S3_CA" -verify_ip 127.0.0.1 "$GS3T_TLS_DIR/wrong-host.pem"
    [[ $status != 0 && $output == *mismatch* ]]
    openssl verify -CAfile "$GS3T_S3_CA" -verify_ip 127.0.0.1 "$GS3T_TLS_DIR/server.pem"
}

@test "the simulator answers on both of its addresses" {
    [[ -n ${GS3T_SIM_URL:-} ]] || skip "GS3_SIM is not set"
    run curl -q -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$GS3T_SIM_URL/"
    assert_status 0
    run curl -q -sS --noproxy '*' --cacert "$GS3T_S3_CA" -o /dev/null "$GS3T_SIM_TLS_URL/"
    assert_status 0
    start_sim own
    run curl -q -sS --noproxy '*' -o /dev/null "$sim_url/"
    assert_status 0
}

@test "a fault of the simulator lasts until the reset, and its requests are counted" {
    [[ -n ${GS3T_SIM_URL:-} ]] || skip "GS3_SIM is not set"
    local url="$GS3T_SIM_URL/api/now/table/change_request?sysparm_query=number%3DCHG0030001"
    local -a get=(curl -q -s --noproxy '*' -o /dev/null -w '%{http_code}' -u gs3:sim-password
        -H 'Accept: application/json' "$url")
    sim_reset
    assert_equal "$("${get[@]}")" 200
    sim_fault 503 none /api/ 2
    assert_equal "$("${get[@]}") $("${get[@]}") $("${get[@]}")" "503 503 200"
    assert_equal "$(sim_count servicenow) $(sim_count jira)" "4 0"
    sim_fault status 418
    sim_reset
    assert_equal "$("${get[@]}") $(sim_count)" "200 1"
}
