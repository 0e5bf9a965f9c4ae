#!/usr/bin/env bats
# Governance over many keys: each key's own environment decides, limits are counted before anything
# starts, one look-up serves many objects, and what a ticket no longer covers stops.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err, work: set by the libraries
# shellcheck disable=SC2034,SC2164 # variables for the libraries; bats ends a test that fails
load lib/common
load lib/proxy
load lib/faults
load lib/trees

[[ -z ${GS3_TEST_LONG:-} ]] || BATS_TEST_TIMEOUT=1200

setup()
{
    trees_start
    GS3T_ENV+=(GS3_PURPOSE='move the quarterly files')
    # All of shared-data but live/ is development's.
    policy_edit 's|match: \[{bucket: "dev-\*"}\]|match: [{bucket: "dev-*"}, {bucket: shared-data}]|'
    buckets=(dev-data shared-data prod-data prod-other staging-data)
    make_buckets "${buckets[@]}"
    proxy_start
    cd "$work"
}

teardown()
{
    proxy_end
    end_sims
}

# some_objects BUCKET KEY...: small objects with these keys.
some_objects()
{
    local bucket=$1 key
    shift
    rm -rf "$BATS_TEST_TMPDIR/some"
    for key in "$@"; do
        mkdir -p "$(dirname "$BATS_TEST_TMPDIR/some/$key")"
        printf 'object %s\n' "$key" >"$BATS_TEST_TMPDIR/some/$key"
    done
    s3write puttree "$bucket" '' "$BATS_TEST_TMPDIR/some" 'x-amz-meta-color: blue' \
        'x-amz-meta-change-request-id: CHG0000001' 'x-amz-meta-approval-status: approved'
}

keys_of()
{
    s3read list "$1" | jq -sc .
}

# metadata_of BUCKET KEY NAME...: the values, one behind the other.
metadata_of()
{
    local bucket=$1 key=$2
    shift 2
    s3read head "$bucket" "$key" |
        jq -c '[.metadata[$ARGS.positional[]]]' --args -- "$@"
}

@test "a tree that enters another environment: refused there, key by key, and listed" {
    some_objects dev-data a/1 live/x live/y/z live-not/2 z/3
    local word
    for word in cp mv; do
        make_buckets shared-data
        tree_ends 3 "$word" s3://dev-data s3://shared-data --recursive
        assert_equal "$(keys_of shared-data)" '["a/1","live-not/2","z/3"]' "what $word wrote"
        # Each key that was refused is named, and those that went are too.
        [[ $err == *s3://shared-data/live/x* && $err == *s3://shared-data/live/y/z* ]] ||
            tree_fail 'a refused key is not named'
        [[ $err == *'refused by policy'* ]] || tree_fail 'it is not said who refuses'
        assert_equal "$(wc -l <<<"$out")" 3 "lines of $word"
    done
    assert_equal "$(keys_of dev-data)" '["live/x","live/y/z"]' 'the sources of the moves'
    # Up and down the same rule holds.
    mkdir -p tree/a tree/live
    printf 'a\n' >tree/a/1
    printf 'x\n' >tree/live/x
    make_buckets shared-data
    tree_ends 3 mv tree s3://shared-data --recursive
    assert_equal "$(keys_of shared-data)" '["a/1"]'
    [[ -e tree/live/x && ! -e tree/a/1 ]]
    some_objects shared-data a/1 live/x z/2
    tree_ends 3 mv s3://shared-data down --recursive
    assert_equal "$(find down -type f | LC_ALL=C sort | tr '\n' ' ')" 'down/a/1 down/z/2 '
    assert_equal "$(keys_of shared-data)" '["live/x"]'
}

@test "a tree whose first key is refused moves nothing at all" {
    some_objects dev-data live/x z/3
    bucket_state "${buckets[@]}" >"$BATS_TEST_TMPDIR/before"
    tree_ends 3 mv s3://dev-data s3://shared-data --recursive
    assert_unchanged "$BATS_TEST_TMPDIR/before" "${buckets[@]}"
    assert_equal "$(proxy_count '' '.method != "HEAD" and .op != "ListObjectsV2"')" 0 'requests'
    assert_equal "$out" ''
    tree_ends 3 cp s3://dev-data s3://unmapped --recursive
    tree_ends 3 cp s3://dev-data s3://prod-data --recursive
    tree_ends 3 cp s3://dev-data s3://prod-data --recursive --dryrun
    assert_unchanged "$BATS_TEST_TMPDIR/before" "${buckets[@]}"
}

@test "with a ticket for each environment: each key gets its own metadata, each source is named" {
    some_objects dev-data a/1 live/x
    sim_reset
    tree_ends 0 cp s3://dev-data s3://shared-data --recursive --ticket OPS-2 --ticket CHG0030001
    assert_equal "$(metadata_of shared-data a/1 environment jira-ticket-id change-request-id \
        governance-level source-environment color)" '["development","OPS-2",null,"standard",null,"blue"]'
    assert_equal "$(metadata_of shared-data live/x environment jira-ticket-id change-request-id \
        governance-level source-environment source-jira-ticket-id approval-status color)" \
        '["production",null,"CHG0030001","high","development","OPS-2","approved","blue"]'
    # Out of production, which asks for reading too.
    some_objects prod-data k
    tree_ends 0 cp s3://prod-data s3://staging-data --recursive --ticket OPS-2 --ticket CHG0030001
    assert_equal "$(metadata_of staging-data k environment jira-ticket-id change-request-id \
        source-environment source-change-request-id)" \
        '["staging","OPS-2",null,"production","CHG0030001"]'
    GS3T_ENV+=(GS3_TICKET=)
    tree_ends 3 cp s3://prod-data s3://staging-data --recursive --ticket OPS-2
    tree_ends 3 mv s3://prod-data down --recursive --ticket CHG0030003
    [[ ! -e down ]]
}

@test "limits: the source is counted before anything starts" {
    policy_edit 's|^  production:|&\n    limits: {objects: 3, bytes: 100}|'
    local -a ticket=(--ticket CHG0030001)
    some_objects prod-data a b c d
    bucket_state "${buckets[@]}" >"$BATS_TEST_TMPDIR/before"
    tree_ends 3 mv s3://prod-data s3://prod-other --recursive "${ticket[@]}" --page-size 2
    [[ $err == *objects* && $err == *3* ]] || tree_fail 'the limit is not named'
    tree_ends 3 cp s3://prod-data down --recursive "${ticket[@]}"
    mkdir tree
    printf '%0120d' 0 >tree/large
    tree_ends 3 mv tree s3://prod-other --recursive "${ticket[@]}"
    [[ $err == *bytes* || $err == *100* ]] || tree_fail 'the limit is not named'
    assert_unchanged "$BATS_TEST_TMPDIR/before" "${buckets[@]}"
    [[ ! -e down && -e tree/large ]]
    # What the filters leave counts, and nothing else.
    tree_ends 0 mv s3://prod-data s3://prod-other --recursive "${ticket[@]}" --exclude a
    assert_equal "$(keys_of prod-data) $(keys_of prod-other)" '["a"] ["b","c","d"]'
}

@test "one look-up serves all objects, and one decision; every object says so" {
    local one
    mkdir -p one tree
    printf '1\n' >one/1
    for i in {1..120}; do printf '%s\n' "$i" >"tree/$i"; done
    sim_reset
    tree_ends 0 cp one s3://prod-data/one --recursive --ticket CHG0030001
    one=$(sim_count servicenow)
    ((one >= 1))
    sim_reset
    tree_ends 0 mv tree s3://prod-data/t --recursive --ticket CHG0030001
    assert_equal "$(sim_count servicenow)" "$one" 'look-ups for 120 objects'
    assert_equal "$(proxy_count PutObject '.target | startswith("/prod-data/t/")')" 120
    s3read heads prod-data t/ >found
    assert_equal "$(wc -l <found)" 120
    assert_equal "$(jq -cS '.metadata | [."change-request-id", .environment, .operation, .operator,
        .purpose, ."approval-status", ."risk-level", ."governance-level", ."tracking-system"]' \
        found | sort | uniq -c | sed 's/^ *//')" \
        "120 [\"CHG0030001\",\"production\",\"move\",\"os:$(id -un)\",\"move the quarterly files\",\
\"approved\",\"moderate\",\"high\",\"change-request\"]"
    assert_equal "$(jq -r '.metadata["gs3-decision"]' found | sort -u | wc -l)" 1 'decisions'
    sim_reset
    tree_ends 0 mv s3://prod-data/t s3://prod-other/t --recursive --ticket CHG0030001
    assert_equal "$(sim_count servicenow)" "$one" 'look-ups for 120 copies'
    assert_equal "$(s3read heads prod-other t/ | jq -r '[.metadata.operation,
        .metadata."gs3-previous" != null] | join(" ")' | sort | uniq -c | sed 's/^ *//')" \
        '120 move true'
}

# A store so slow, and so few requests at once, that a hundred objects take a while.
slow_store()
{
    printf '[default]\ns3 =\n  max_concurrent_requests = 2\n' >"$(client_home)/.aws/config"
    proxy_rules "delay 1 - ${1:-0.4}"
}

# A simulator of its own, on fixtures that the test may change: sets fixtures.
own_fixtures()
{
    fixtures=$BATS_TEST_TMPDIR/fixtures
    cp -r "${GS3_SIM_FIXTURES:-$common_lib/../../sim/fixtures}" "$fixtures"
    GS3_SIM_FIXTURES=$fixtures start_sim tickets
    policy_edit "s|url: http.*|url: $sim_url|"
}

# change_ticket ID JQ_UPDATE
change_ticket()
{
    local file=$fixtures/servicenow/change_request.json
    jq --arg id "$1" "map(if .number == \$id then $2 else . end)" "$file" >"$file.new"
    mv "$file.new" "$file"
}

# What must hold when an operation was stopped: exit 3, what went is whole and governed, what did
# not is where it was, and each of them is said.
stopped_in_order()
{
    local moved kept
    [[ $err == *"$1"* ]] || { tree_fail "it does not say: $1"; return 1; }
    moved=$(s3read list prod-other | wc -l) kept=$(s3read list prod-data | wc -l)
    ((moved > 0 && kept > 0 && moved + kept == 60)) ||
        { tree_fail "$moved moved, $kept kept"; return 1; }
    assert_equal "$(wc -l <<<"$out")" "$moved" 'lines for what was moved' || return 1
    assert_equal "$(grep -c 'move failed: s3://prod-data/[0-9]* to .*not started' \
        "$BATS_TEST_TMPDIR/err")" "$((kept * 2))" 'what was not, named as it came and at the end' ||
        return 1
    assert_equal "$(s3read heads prod-other | jq -r '.metadata["change-request-id"]' | sort -u)" \
        CHG0030001 'the tickets'
}

@test "the window closes while objects move: nothing more starts, exit 3, all is listed" {
    local end
    own_fixtures
    # shellcheck disable=SC2046 # numbers
    some_objects prod-data $(seq 1 60)
    end=$(date -u -d '+9 seconds' '+%Y-%m-%d %H:%M:%S')
    change_ticket CHG0030001 ".end_date = \"$end\""
    slow_store
    SECONDS=0
    tree_ends 3 mv s3://prod-data s3://prod-other --recursive --ticket CHG0030001
    ((SECONDS >= 8 && SECONDS < 20)) || tree_fail "it took $SECONDS s"
    stopped_in_order window
}

@test "the ticket is withdrawn while objects move: found within 5 minutes (GS3_TEST_LONG=1)" {
    [[ -n ${GS3_TEST_LONG:-} ]] || skip 'takes 5 minutes: set GS3_TEST_LONG=1'
    own_fixtures
    # shellcheck disable=SC2046 # numbers
    some_objects prod-data $(seq 1 60)
    slow_store 4
    (sleep 20 && change_ticket CHG0030001 '.approval = "rejected"') 3>&- &
    SECONDS=0
    tree_ends 3 mv s3://prod-data s3://prod-other --recursive --ticket CHG0030001
    ((SECONDS >= 290 && SECONDS < 340)) || tree_fail "it took $SECONDS s"
    stopped_in_order approv
}
