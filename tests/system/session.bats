#!/usr/bin/env bats
# A transfer runs as a session that may do this operation on these keys, and nothing else: the real
# server refuses the rest to the very credentials that gs3 had. lib/sts.py says why it stands
# between gs3 and Ceph's STS.

# shellcheck disable=SC2154 # status, out, err: set by the libraries
# shellcheck disable=SC2164 # bats ends a test that fails
load lib/common
load lib/proxy
load lib/trees

sts() { "$common_lib/sts.py" "$@"; }

setup_file()
{
    "$BATS_TEST_DIRNAME/lib/sts.py" role gs3-writer dev-data staging-data
}

setup()
{
    trees_start
    cd "$work"
    sts_dir=$BATS_TEST_TMPDIR/sts sts_log=$BATS_TEST_TMPDIR/sts/requests
    mkdir -p "$sts_dir/log"
    : >"$sts_log"
    process_launch "$sts_dir" sts "$common_lib/sts.py" serve "$sts_dir/port" "$sts_log" \
        arn:aws:iam::123456789012:user/alice
    disown
    local tries
    for ((tries = 0; tries < 500; tries++)); do
        [[ ! -s $sts_dir/port ]] || break
        sleep 0.02
    done
    sts_url=http://127.0.0.1:$(<"$sts_dir/port")
    GS3T_ENV+=(AWS_ENDPOINT_URL_STS="$sts_url")
    sed -i "s|^endpoints:|&\n  - $sts_url|" "$BATS_TEST_TMPDIR/policy.yaml"
    session_as gs3-writer
    make_buckets dev-data staging-data
    printf 'what is moved\n' >file
}

teardown()
{
    process_end "$sts_dir" sts
    end_sims
}

# session_as ROLE [ENVIRONMENT]: its transfers run as the role; the operator comes from STS, and the
# tickets' assignee is found by the map.
session_as()
{
    sed -i "/^  ${2:-development}:/,/extends:/s|extends: nonproduction|&\n\
    identity: {source: sts, map: {alice: $(id -un)@example.com}}\n\
    session: {role_arn: \"arn:aws:iam:::role/$1\", duration: 15m}|" "$BATS_TEST_TMPDIR/policy.yaml"
}

assumed() { jq -c 'select(.action == "AssumeRole")' "$sts_log"; }

# session_answers <LINES: what the server says to the session's own credentials (lib/sts.py).
session_answers() { sts as "$sts_log"; }

@test "an upload's session writes its object and is refused on all else" {
    s3write put dev-data neighbour file
    local mark
    mark=$(requests_mark)
    tree_ends 0 cp file s3://dev-data/in/report
    # AWS's logs of S3 name the ticket too. The rest is what lib/sts.py forwards.
    assert_equal "$(requests_since "$mark" | grep -v ' gs3-test$' |
        grep -vc ' gs3/[0-9.]* app/OPS-2$')" 0 'requests without the ticket'
    assert_object_bytes dev-data in/report file
    assert_equal "$(assumed | wc -l)" 1 'sessions'
    # What AWS is told, and logs: name, source identity, tags, ticket in the user agent.
    local asked decision
    asked=$(assumed)
    decision=$(s3read head dev-data in/report | jq -r '.metadata["gs3-decision"]')
    assert_json "$(jq -c '[.form | .RoleSessionName, .SourceIdentity, .DurationSeconds]' \
        <<<"$asked")" '["alice","alice","900"]'
    assert_json "$(jq -c '.form | [to_entries[] | select(.key | startswith("Tags."))] |
        [.[] | .value]' <<<"$asked")" \
        "[\"jira-ticket-id\",\"OPS-2\",\"environment\",\"development\",\"operator\",\"alice\",
        \"gs3-decision\",\"$decision\"]"
    # Both calls of STS carry the ticket.
    assert_equal "$(jq -r '.agent' "$sts_log" | grep -c '^gs3/[0-9.]* app/OPS-2$')" 2 'user agents'
    session_answers <<'END'
200 GET dev-data in/report
200 PUT dev-data in/report
403 GET dev-data neighbour
403 PUT dev-data in/report2
403 PUT dev-data in
403 PUT staging-data in/report
403 DELETE dev-data in/report
403 GET dev-data - list-type=2
403 PUT dev-data in/report acl=
403 GET dev-data - policy=
END
}

@test "a download's session reads its object alone; a move's may delete its source alone" {
    s3write put dev-data a file --then put dev-data b file
    tree_ends 0 cp s3://dev-data/a got
    assert_same_bytes got file
    session_answers <<'END'
200 GET dev-data a
403 GET dev-data b
403 PUT dev-data a
403 DELETE dev-data a
END
    tree_ends 0 mv s3://dev-data/a s3://dev-data/c
    assert_equal "$(s3read status dev-data a)$(s3read status dev-data c)" 404200 'the move'
    session_answers <<'END'
403 DELETE dev-data b
403 DELETE dev-data c
403 PUT dev-data a
403 PUT dev-data b
END
}

@test "a tree's session has the prefixes that were asked for, and lists no other" {
    mkdir -p tree/x
    printf '1\n' >tree/1
    printf '2\n' >tree/x/2
    tree_ends 0 cp tree s3://dev-data/up --recursive
    assert_equal "$(s3read list dev-data | jq -sc .)" '["up/1","up/x/2"]'
    session_answers <<'END'
403 PUT dev-data upper/1
403 PUT dev-data other
403 GET dev-data - list-type=2 prefix=up/
END
    tree_ends 0 mv s3://dev-data/up s3://dev-data/on --recursive
    assert_equal "$(s3read list dev-data | jq -sc .)" '["on/1","on/x/2"]'
    session_answers <<'END'
200 GET dev-data - list-type=2 prefix=up/
403 GET dev-data - list-type=2 prefix=u
403 GET dev-data - list-type=2
403 GET dev-data - list-type=2 prefix=on/
403 DELETE dev-data on/1
403 PUT dev-data up/1
END
    # One decision, one session; the session's tags name that decision.
    assert_equal "$(s3read head dev-data on/1 | jq -r '.metadata["gs3-decision"]')" \
        "$(assumed | tail -n 1 | jq -r '.form["Tags.member.4.Value"]')" 'the decision'
}

@test "keys that a policy would take for patterns are written so that they are none" {
    # Ceph 16 does not know ${*}, ${?} and ${$}, and so refuses the object: the safe way round.
    local key want
    s3write put dev-data axb file
    for key in 'a*b' 'a$b' 'a"b\c' $'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'; do
        want=0
        [[ $key != *['*$']* ]] || want=1
        tree_ends "$want" cp file "s3://dev-data/$key"
        assert_equal "$(assumed | tail -n 1 | jq -r '.form.Policy | fromjson |
            .Statement[0].Resource')" "arn:aws:s3:::dev-data/$(sed 's/[*?$]/${&}/g' <<<"$key")"
        session_answers <<'END'
403 PUT dev-data axb
403 GET dev-data axb
END
    done
}

@test "a large object moves under its session, part by part" {
    head -c 20000000 /dev/zero >large
    tree_ends 0 mv large s3://dev-data/large
    assert_equal "$(s3read head dev-data large | jq -r '.headers["content-length"]')" 20000000
    assert_equal "$(assumed | wc -l)" 1 'sessions'
    session_answers <<'END'
403 PUT dev-data large2
END
}

@test "standard input goes up under a session as well" {
    status=0
    gs3_ cp - s3://dev-data/piped <file >/dev/null 2>&1 || status=$?
    assert_equal "$status" 0 status
    assert_object_bytes dev-data piped file
    session_answers <<'END'
403 PUT dev-data file
END
}

@test "a copy between environments with a role each runs as two sessions" {
    local dir
    sts role gs3-source dev-data
    sts role gs3-writer dev-data staging-data
    sed -i 's|role/gs3-writer|role/gs3-source|' "$BATS_TEST_TMPDIR/policy.yaml"
    session_as gs3-writer staging
    mkdir -p tree/x
    printf '1\n' >tree/1
    head -c 20000000 /dev/zero >tree/x/large
    s3write put dev-data in/1 tree/1 --then put dev-data in/x/large tree/x/large --then \
        put dev-data neighbour file
    tree_ends 0 cp s3://dev-data/in/1 s3://staging-data/one
    assert_object_bytes staging-data one tree/1
    tree_ends 0 mv s3://dev-data/in s3://staging-data/out --recursive
    assert_equal "$(s3read list staging-data | jq -sc .)" '["one","out/1","out/x/large"]'
    assert_equal "$(s3read list dev-data | jq -sc .)" '["neighbour"]'
    assert_json "$(assumed | tail -n 2 | jq -sc 'map([.form.RoleArn, .form.RoleSessionName,
        (.form | to_entries | map(select(.value == "environment").key)[0] as $k |
            from_entries[$k | sub("Key$"; "Value")])])')" \
        '[["arn:aws:iam:::role/gs3-writer", "alice", "staging"],
          ["arn:aws:iam:::role/gs3-source", "alice", "development"]]'
    session_answers <<'END'
404 GET dev-data in/1
403 GET dev-data neighbour
403 PUT dev-data in/1
403 GET staging-data out/1
403 PUT staging-data out/1
END
    grep -v gs3-source "$sts_log" >"$BATS_TEST_TMPDIR/writers"
    sts as "$BATS_TEST_TMPDIR/writers" <<'END'
200 GET staging-data out/1
200 PUT staging-data out/1
404 GET dev-data in/1
403 GET dev-data - list-type=2 prefix=in/
403 DELETE dev-data in/1
403 PUT staging-data one
END
    # The writer's role must be able to read the source: S3 copies as the writer.
    sts role gs3-writer staging-data
    s3write put dev-data in/2 file
    tree_ends 1 mv s3://dev-data/in/2 s3://staging-data/two
    [[ $err == *'AccessDenied'*'CopyObject'* ]] || tree_fail "the store's refusal"
    assert_object_bytes dev-data in/2 file
    sts role gs3-writer dev-data staging-data
}

@test "a session that ends while the transfer runs is begun again, under tickets that still hold" {
    local sessions looks
    sts role gs3-brief dev-data
    sed -i 's|role/gs3-writer|role/gs3-brief|' "$BATS_TEST_TMPDIR/policy.yaml"
    printf '[profile slow]\ns3 =\n  max_bandwidth = 2MB/s\n' >"$BATS_TEST_TMPDIR/slow"
    GS3T_ENV+=(AWS_CONFIG_FILE="$BATS_TEST_TMPDIR/slow" AWS_PROFILE=slow)
    head -c 16000000 /dev/urandom >large
    tree_ends 0 mv large s3://dev-data/large
    sessions=$(assumed | wc -l)
    ((sessions >= 2 && sessions <= 4)) || tree_fail "$sessions sessions"
    looks=$(sim_requests jira | jq -r .path | grep -c '/issue/OPS-2$')
    ((looks >= 2)) || tree_fail "the ticket was asked $looks times"
    assert_equal "$(s3read head dev-data large | jq -r '.headers["content-length"]')" 16000000
    [[ ! -e large ]] || tree_fail 'the source'
    mkdir tree
    for n in 1 2 3 4; do head -c 4000000 /dev/urandom >tree/$n; done
    : >"$sts_log"
    tree_ends 0 cp tree s3://dev-data/tree --recursive
    (($(assumed | wc -l) >= 2)) || tree_fail 'the tree'
    # The ticket is gone meanwhile: no further session, and nothing more is begun.
    : >"$sts_log"
    mkdir many
    for ((n = 0; n < 40; n++)); do head -c 1000000 /dev/urandom >many/$n; done
    (
        until [[ -n $(assumed) ]]; do sleep 0.1; done
        sim_fault status 404 /rest/api/3/issue/
    ) &
    local closer=$!
    tree_ends 3 mv many s3://dev-data/again --recursive
    wait "$closer"
    assert_equal "$(assumed | wc -l)" 1 'sessions under a ticket that is gone'
    [[ $err == *'refused by policy'*'OPS-2 was not found'* ]] || tree_fail 'what is said of it'
    # Each file is there or here.
    assert_equal $(($(s3read list dev-data | grep -c again) + $(find many -type f | wc -l))) 40 'files'
}

@test "what cannot be assumed moves nothing: denied 254, too large 3, mixed trees 3" {
    bucket_state dev-data staging-data >before
    sed -i 's|role/gs3-writer|role/denied|' "$BATS_TEST_TMPDIR/policy.yaml"
    tree_ends 254 cp file s3://dev-data/x
    [[ $err == *'AccessDenied'*'is not authorized to perform: sts:AssumeRole'* ]] ||
        tree_fail "AWS's message"
    tree_ends 254 cp . s3://dev-data/ --recursive
    sed -i 's|role/denied|role/packed|' "$BATS_TEST_TMPDIR/policy.yaml"
    tree_ends 3 cp file s3://dev-data/x
    [[ $err == *'more than STS can pack'*PackedPolicyTooLarge* ]] || tree_fail 'the packed size'
    : >"$sts_log"
    local long
    long=$(printf '€%.0s' {1..330})
    tree_ends 3 cp file "s3://dev-data/$long"
    [[ $err == *'the session policy'*'characters, and STS takes 2048'* ]] || tree_fail 'the length'
    policy_shared
    tree_ends 3 cp . s3://shared-data/ --recursive
    [[ $err == *'the tree reaches several environments'* ]] || tree_fail 'a mixed tree'
    assert_equal "$(assumed | wc -l)" 0 'sessions'
    assert_unchanged before dev-data staging-data
}

# development takes shared-data, whose live/ is production's.
policy_shared()
{
    sed -i 's|match: \[{bucket: "dev-\*"}\]|match: [{bucket: "dev-*"}, {bucket: shared-data}]|' \
        "$BATS_TEST_TMPDIR/policy.yaml"
}

@test "a dry run assumes nothing, and neither does what the ticket refuses" {
    s3write put dev-data a file
    tree_ends 0 cp file s3://dev-data/x --dryrun
    tree_ends 0 mv s3://dev-data/ s3://dev-data/copy/ --recursive --dryrun
    tree_ends 3 cp file s3://dev-data/x --ticket OPS-999
    tree_ends 3 cp . s3://dev-data/x --ticket OPS-999 --recursive
    assert_equal "$(assumed | wc -l)" 0 'sessions'
}

@test "an STS endpoint that the policy does not list gives no session" {
    sed -i "\|- $sts_url|d; s|identity: {source: sts.*|identity: {source: os}|" "$BATS_TEST_TMPDIR/policy.yaml"
    tree_ends 3 cp file s3://dev-data/x
    [[ $err == *"endpoint $sts_url is not listed"* ]] || tree_fail 'the endpoint'
    assert_equal "$(wc -l <"$sts_log")" 0 'requests'
}
