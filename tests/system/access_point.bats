#!/usr/bin/env bats
# Access points: the policy judges the bucket behind one, whatever the access point is called. S3 is
# the real server, where NAME-ACCOUNT is a bucket of its own; what AWS would say of the access point
# is simulated.

# shellcheck disable=SC2034,SC2154
load lib/common

ACCOUNT=123456789012
ARN=arn:aws:s3:us-east-1:$ACCOUNT:accesspoint/loads

setup()
{
    make_buckets prod-data prod-other
    s3write bucket "loads-$ACCOUNT" || true
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    printf 'loads=prod-data\n' >"$BATS_TEST_TMPDIR/points"
    "$common_lib/control.py" "$BATS_TEST_TMPDIR/points" >"$BATS_TEST_TMPDIR/port" 3>&- &
    control_pid=$!
    local tries
    for ((tries = 0; tries < 250; tries++)); do
        [[ ! -s $BATS_TEST_TMPDIR/port ]] || break
        sleep 0.02
    done
    control=http://localhost:$(<"$BATS_TEST_TMPDIR/port")
    GS3T_ENDPOINT=$GS3T_S3_VHOST
    GS3T_ENV+=(AWS_ENDPOINT_URL_S3_CONTROL="$control")
    sed -i "s|^endpoints:.*|&\n  - $control|" "$BATS_TEST_TMPDIR/policy.yaml"
    printf 'a file\n' >"$BATS_TEST_TMPDIR/up.txt"
    governed=(--ticket CHG0030001 --purpose 'loads of the week')
}

teardown()
{
    kill "$control_pid" 2>/dev/null || true
}

@test "the bucket behind decides: refused without a ticket, written under the one it asks for" {
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/a/key" --purpose 'loads of the week'
    assert_status 3
    [[ $output == *production* ]]
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/a/key" "${governed[@]}"
    assert_status 0
    GS3T_ENDPOINT=$GS3T_S3_HTTP run head_metadata "loads-$ACCOUNT" a/key
    assert_equal "$(jq -r .environment <<<"$output")" production
    printf 'loads=nobody-knows\n' >"$BATS_TEST_TMPDIR/points"
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/a/key2" "${governed[@]}"
    assert_status 3
}

@test "an object is not moved onto itself through its access point, alone or in a tree" {
    run gs3_ mv "s3://$ARN/a/key" s3://prod-data/a/key "${governed[@]}"
    assert_status 252
    [[ $output == *'onto itself'* ]]
    s3write put "loads-$ACCOUNT" t/one "$BATS_TEST_TMPDIR/up.txt"
    run gs3_ mv "s3://$ARN/t" s3://prod-data/t --recursive "${governed[@]}"
    assert_status 1
    [[ $output == *'onto itself'* ]]
    [[ $(s3read status "loads-$ACCOUNT" t/one) == 200 ]]
}

@test "an answer that cannot be used is no bucket: nothing is done" {
    printf 'other=prod-data\n' >"$BATS_TEST_TMPDIR/points"
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/b" "${governed[@]}"
    [[ $status == 254 && $output == *NoSuchAccessPoint* ]]
    kill "$control_pid"
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/b" "${governed[@]}"
    assert_status 4
    sed -i "\|- $control|d" "$BATS_TEST_TMPDIR/policy.yaml"
    run gs3_ cp "$BATS_TEST_TMPDIR/up.txt" "s3://$ARN/b" "${governed[@]}"
    assert_status 3
    [[ $output == *'is not listed'* ]]
    [[ $(s3read status "loads-$ACCOUNT" b) == 404 ]]
}
