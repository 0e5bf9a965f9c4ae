# The exported bucket policy on a real server: it is taken as it stands, refuses what a bare client
# sends and lets gs3's tagged write through.
#
# What this server (Ceph) cannot judge, and tests/cli/golden/bucket.rows does instead: session tags
# (aws:PrincipalTag is never there, so a delete is refused to everybody); the form of a tag (its
# StringNotLike does not deny); tags of multipart uploads and copies (it refuses them whatever they are).
# shellcheck shell=bash disable=SC2154 # bats sets status, output, stderr
load lib/common

setup_file() { make_buckets prod-data staging-data; }

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    test_policy "$PWD/policy.yaml"
    echo "the report" >report.txt
    "$GS3" policy export --policy policy.yaml --kind bucket --bucket prod-data >bucket.json 2>/dev/null
    aws_ s3api put-bucket-policy --bucket prod-data --policy file://bucket.json
}

teardown() { aws_ s3api delete-bucket-policy --bucket prod-data; }

put_() { # KEY [OPTION...]
    gs3_ cp report.txt "s3://prod-data/$1" --ticket CHG0030001 --purpose "report of the week" "${@:2}"
}

@test "a bare aws s3 cp is refused, gs3's tagged write goes through" {
    run aws_ s3 cp report.txt s3://prod-data/bare.txt
    [ "$status" -ne 0 ]
    assert_equal "$(s3read status prod-data bare.txt)" 404
    run --separate-stderr put_ report.txt --tags change-request-id=CHG0030001
    assert_status 0
    assert_object_bytes prod-data report.txt report.txt
    assert_json "$(s3read tags prod-data report.txt)" '{"change-request-id": "CHG0030001"}'
    # It is the tag that counts, not the client: another client's claim is let through too.
    aws_ s3api put-object --bucket prod-data --key claimed.txt --body report.txt \
        --tagging change-request-id=CHG9999999 >/dev/null
    assert_equal "$(s3read status prod-data claimed.txt)" 200
}

@test "gs3 without the tag is refused by the store, with another tag too" {
    for tags in "" owner=data; do
        # shellcheck disable=SC2086 # no word or two
        run --separate-stderr put_ untagged.txt ${tags:+--tags $tags}
        assert_status 1
        [[ "$stderr" == *AccessDenied* ]]
        assert_equal "$(s3read status prod-data untagged.txt)" 404
    done
}

@test "a delete without the session's tag is refused, and a move keeps its source" {
    run --separate-stderr put_ kept.txt --tags change-request-id=CHG0030001
    assert_status 0
    run aws_ s3api delete-object --bucket prod-data --key kept.txt
    [ "$status" -ne 0 ]
    assert_equal "$(s3read status prod-data kept.txt)" 200
    run --separate-stderr gs3_ mv s3://prod-data/kept.txt back.txt --ticket CHG0030001 \
        --purpose "report of the week"
    assert_status 1
    assert_equal "$(s3read status prod-data kept.txt)" 200
    assert_same_bytes report.txt back.txt
}

@test "a bucket without the policy takes what it took" {
    aws_ s3 cp --quiet report.txt s3://staging-data/bare.txt
    assert_equal "$(s3read status staging-data bare.txt)" 200
}
