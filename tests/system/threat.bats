#!/usr/bin/env bats
# Ways around the gate, tried: spellings of buckets, keys and endpoints, proxies, governance keys set
# by hand, ticket ids that mean more than they say, variables against options, approvals left over
# from before, tickets and policies that change meanwhile. Each is refused with its status, and
# nothing moved; what must be allowed is, and says the truth.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults
load lib/scripted

setup()
{
    sim_reset
    fault_start
    policy=$BATS_TEST_TMPDIR/policy.yaml
}

teardown()
{
    end_sims
}

# turned_away STATUS PATTERN ARGUMENT...
turned_away()
{
    local want=$1 pattern=$2
    shift 2
    fault_run "$@"
    failed "${*:0:6}" "$want" "$pattern"
}

# allowed ARGUMENT...
allowed()
{
    fault_run "$@"
    fault_case=$*
    [[ $status == 0 ]] || fault_fail 'not done'
}

put=(put up.txt)
good=(--ticket CHG0030001 --purpose 'a good purpose')

@test "a key is what it is: no spelling of it reaches another environment" {
    local key
    make_buckets shared-data
    # Outside of live/ as bytes: in no environment, whatever a path would make of it.
    for key in dev/../live/x ./live/x //live/x /live/x live%2Fx %6cive/x LIVE/x 'live\x' \
        'live ' livelive/x ' live/x' $'live\u2215x' 'x/live/y' 'l%69ve/x'; do
        turned_away 3 'in no environment' "${put[@]}" "s3://shared-data/$key" "${good[@]}"
        turned_away 3 'in no environment' mv "s3://shared-data/$key" s3://prod-data/y "${good[@]}"
    done
    assert_equal "$(s3read list shared-data)" ''
    # Within live/ as bytes: production, and written where it says.
    for key in live/../dev/x live/./x live//x 'live/%2e%2e/x'; do
        turned_away 3 'production/tickets' "${put[@]}" "s3://shared-data/$key" --purpose 'a good purpose'
        allowed "${put[@]}" "s3://shared-data/$key" "${good[@]}"
        assert_equal "$(s3read status shared-data "$key")" 200 "$key"
    done
    assert_equal "$(s3read status shared-data dev/x)" 404
    nothing_moved 2>/dev/null || assert_unchanged "$BATS_TEST_TMPDIR/state" prod-data prod-other
}

@test "an endpoint that is not listed stands for other buckets: refused before a request" {
    local port=${GS3T_S3_HTTP##*:} url other_log
    start_sim elsewhere --s3-store
    other_log=$sim_log
    # On Ceph a path-style request to a bucket's host lands in that bucket.
    for url in "http://prod-data.s3.localhost:$port" "http://PROD-DATA.s3.localhost:$port" \
        "http://prod-data.s3.localhost.:$port" "http://127.0.0.1.:$port" "http://127.0.0.2:$port" \
        "http://localhost:$port" "http://[::1]:$port" "http://2130706433:$port" "http://0177.0.0.1:$port" \
        "http://0.0.0.0:$port" "https://127.0.0.1:$port" "$sim_url" "http://127.0.0.1:$port/prod-data" \
        "http://127.0.0.1:$port@${sim_url#http://}" "http://127.0.0.1:$port#@${sim_url#http://}" \
        "http://127.0.0.1:$port\\@${sim_url#http://}" "http://127.0.0.1%00.x:$port" "//127.0.0.1:$port"; do
        turned_away '3|253' 'endpoint' "${put[@]}" s3://dev-data/x --ticket OPS-2 --purpose 'a good purpose' \
            --department x --endpoint-url "$url"
        GS3T_ENDPOINT=$url turned_away '3|253' 'endpoint' "${put[@]}" s3://prod-data/x "${good[@]}"
        GS3T_ENDPOINT='' with AWS_ENDPOINT_URL_S3= with AWS_ENDPOINT_URL="$url" \
            turned_away '3|253' 'endpoint' "${put[@]}" s3://prod-data/x "${good[@]}"
    done
    # From a profile.
    client_home >/dev/null
    printf '[default]\nendpoint_url = %s\n[profile other]\nservices = s\n[services s]\ns3 =\n  endpoint_url = %s\n' \
        "$sim_url" "$sim_url" >"$BATS_TEST_TMPDIR/home/.aws/config"
    with AWS_ENDPOINT_URL_S3= turned_away 3 'endpoint' "${put[@]}" s3://prod-data/x "${good[@]}"
    with AWS_ENDPOINT_URL_S3= with AWS_PROFILE=other turned_away 3 'endpoint' "${put[@]}" s3://prod-data/x "${good[@]}"
    [[ ! -s $other_log ]] || { cat "$other_log"; false; }
    unset sim_url
    nothing_moved
    # Written in capitals it is the listed one.
    allowed "${put[@]}" s3://prod-data/x "${good[@]}" --endpoint-url "HTTP://127.0.0.1:$port/"
}

@test "an endpoint of one environment is none of another" {
    policy_edit "s|^  production:|&\n    endpoints: [http://127.0.0.1:9]|;s|^  - $GS3T_S3_VHOST\$||"
    turned_away 3 'endpoint http://127.0.0.1:9 is not listed' "${put[@]}" s3://dev-data/x --ticket OPS-2 \
        --purpose 'a good purpose' --department x --endpoint-url http://127.0.0.1:9
    turned_away 3 'endpoint .*s3[.]localhost.* is not listed' "${put[@]}" s3://prod-data/x "${good[@]}" \
        --endpoint-url "$GS3T_S3_VHOST"
    nothing_moved
}

@test "a proxy cannot answer for the ticket system" {
    local log
    # It says yes to everything, if it is asked.
    start_sim proxy --fault 'set=approval={"value":"approved","display_value":"Approved"}' \
        --fault 'set=state={"value":"-1","display_value":"Implement"}'
    log=$sim_log
    for name in http_proxy HTTP_PROXY all_proxy ALL_PROXY https_proxy HTTPS_PROXY; do
        with "$name=$sim_url" turned_away '3|4' 'CHG0030003|ticket system' "${put[@]}" s3://prod-data/x \
            --ticket CHG0030003 --purpose 'a good purpose'
    done
    assert_equal "$(grep '"persona":"servicenow"' "$log" || true)" '' 'what the proxy was asked'
    unset sim_url
    nothing_moved
}

@test "who is asked for the operator must be listed, too: an STS of one's own" {
    local log
    start_sim sts
    log=$sim_log
    policy_edit 's|identity: {source: os}|identity: {source: sts}|'
    for name in AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL; do
        with "$name=$sim_url" with AWS_ACCESS_KEY_ID=SIMKEYUSER0000000001 \
            with AWS_SECRET_ACCESS_KEY=sim-secret-user-0123456789012345678901 \
            turned_away '3|253|4' 'STS|endpoint' "${put[@]}" s3://prod-data/x "${good[@]}"
    done
    [[ ! -s $log ]] || { cat "$log"; false; }
    unset sim_url
    nothing_moved
}

@test "governance keys are not the user's, in any case, form or place" {
    local key pair
    local -a table=(change-request-id jira-ticket-id servicenow-ticket-id environment operator timestamp
        operation purpose approval-status risk-level governance-level tracking-system department
        automation gs3-policy gs3-decision gs3-signature gs3-previous gs3-test ticket-id ticket-system
        source-environment source-change-request-id)
    for key in "${table[@]}"; do
        turned_away 3 "${key} " "${put[@]}" s3://prod-data/x "${good[@]}" --metadata "$key=forged"
        turned_away 3 "metadata/${key^^}: " "${put[@]}" s3://prod-data/x "${good[@]}" --metadata "a=1,${key^^}=forged"
        turned_away 3 "${key^} " cp s3://prod-data/source.txt s3://prod-data/y "${good[@]}" \
            --metadata "{\"${key^}\": \"forged\"}"
    done
    printf '{"approval-status": "approved"}' >"$fault_work/metadata.json"
    printf 'Approval-Status=approved' >"$fault_work/metadata.txt"
    fault_note_state
    turned_away 3 'approval-status' "${put[@]}" s3://prod-data/x "${good[@]}" --metadata file://metadata.json
    turned_away 3 'Approval-Status' "${put[@]}" s3://prod-data/x "${good[@]}" --metadata file://metadata.txt
    turned_away 3 'approval-status' "${put[@]}" s3://prod-data/x "${good[@]}" --metadata '{"approval\u002dstatus": "x"}'
    # Names that would become one on the way.
    for pair in 'approval-status =x' ' approval-status=x' $'approval-status\r\n=x' 'approval-status: y=x' \
        $'a\r\nx-amz-meta-approval-status=x' $'a=1\r\nx-amz-meta-approval-status: approved' \
        $'a=1\nx-amz-meta-approval-status: approved' 'ａpproval-status=x' $'approval-\xc2\xadstatus=x' \
        $'a\x00b=x' 'approval‐status=x'; do
        turned_away '1|3|252' 'metadata|header' "${put[@]}" s3://prod-data/x "${good[@]}" --metadata "$pair" ||
            [[ $pair == a ]] || return 1
    done
    # What S3 would decode is another value than the one that was judged.
    for pair in '=?UTF-8?Q?approved?=' '=?utf-8?b?YXBwcm92ZWQ=?=' 'x =?UTF-8?Q?y?=' '=?iso-8859-1?q?a?=' '=?us-ascii?Q?a_b?='; do
        turned_away 3 'metadata/note' "${put[@]}" s3://prod-data/x "${good[@]}" --metadata "note=$pair"
        turned_away 3 'metadata/purpose' "${put[@]}" s3://prod-data/x --ticket CHG0030001 --purpose "a purpose $pair"
        turned_away 3 'metadata/department' "${put[@]}" s3://staging-data/x --ticket OPS-2 \
            --purpose 'a good purpose' --department "$pair"
    done
    nothing_moved
}

@test "a ticket id means what it says and no more" {
    local id
    local -a ids=('CHG0030003^ORnumber=CHG0030001' 'CHG0030001^NQactive=true' 'CHG0030003^approval=approved'
        $'CHG0030001\n' $'CHG0030001\nCHG0030003' $'\nCHG0030001' 'CHG0030001%0a' 'CHG0030001%00' 'CHG0030001%20'
        'CHG0030001 ' ' CHG0030001' $'CHG0030001\t' 'chg0030001' 'Chg0030001' 'CHG0030001;' "CHG0030001'"
        'ＣＨＧ0030001' 'СHG0030001' 'CHG００30001' $'CHG0030001\u200b' $'\ufeffCHG0030001' 'CHG0030001/../CHG0030001'
        'javascript:gs.getUserID()' 'CHG0030001&sysparm_limit=1' 'CHG0030001#x' '../change_request/c1' '*' '%' 'CHG%'
        "CHG$(printf '0%.0s' {1..200})1" 'number=CHG0030001' 'CHG0030001ORDERBYnumber' 'CHG0030001?x')
    for id in "${ids[@]}"; do
        turned_away '3|252' 'ticket' "${put[@]}" s3://prod-data/x --ticket "$id" --purpose 'a good purpose'
        with "GS3_TICKET=$id" turned_away '3|252' 'ticket' "${put[@]}" s3://prod-data/x --purpose 'a good purpose'
    done
    assert_equal "$(sim_requests)" '' 'look-ups'
    # A pattern that lets everything through does not let it into a query.
    policy_edit 's|pattern: "^CHG.*|pattern: ".+"|'
    for id in "${ids[@]}"; do
        [[ $id != *:* ]] || continue
        turned_away '3|4|252' 'ticket|CHG' "${put[@]}" s3://prod-data/x --ticket "$id" --purpose 'a good purpose'
    done
    assert_equal "$(sim_requests | jq -r .query | grep -vE '^sysparm_query=number%3D[A-Za-z0-9]+&sysparm_fields=' || true)" '' 'odd queries'
    sim_requests >"$BATS_TEST_TMPDIR/asked"
    assert_equal "$(grep -E '%5E|javascript|%0[aAdD]' "$BATS_TEST_TMPDIR/asked" || true)" '' 'live parts'
    nothing_moved
}

@test "a Jira key goes into a path, and stays one part of it" {
    local id
    fault_start staging-data staging-other
    policy_edit 's|pattern: "^\[A-Z\].*|pattern: "^[^C].+"|'
    policy_edit '/name: servicenow/,/metadata_key: servicenow-ticket-id/d'
    sim_reset
    for id in OPS-3/../OPS-2 OPS-2/../../myself 'OPS-2?fields=x' 'OPS-2#' 'OPS-2%2f..' 'OPS-2/' '10002' 'OPS-02' \
        'ops-2' 'OPS-2 ' 'OPS_2' '-2' 'OPS-' 'OPS-2,OPS-3' 'ОPS-2' $'OPS-2\r' "OPS-$(printf '1%.0s' {1..100})" \
        "$(printf 'A%.0s' {1..200})-1" 'OPS-99999999999999999999'; do
        turned_away '3|252' 'ticket|OPS' "${put[@]}" s3://staging-data/x --ticket "$id" --purpose 'a good purpose' --department x
    done
    assert_equal "$(sim_requests jira | jq -r .path | grep -vE '^/rest/api/3/(field|myself|issue/[A-Z]+-[1-9][0-9]*)$' || true)" '' 'odd paths'
    nothing_moved
}

@test "options go before variables, and neither says who, where or what is allowed" {
    with GS3_TICKET=CHG0030001 turned_away 3 'CHG0030003' "${put[@]}" s3://prod-data/x --ticket CHG0030003 --purpose 'a good purpose'
    with GS3_PURPOSE='a good purpose' turned_away 3 'metadata/purpose' "${put[@]}" s3://prod-data/x --ticket CHG0030001 --purpose short
    for name in development staging prod PRODUCTION 'production ' '' production,staging; do
        [[ -z $name ]] || turned_away 3 '--environment says' "${put[@]}" s3://prod-data/x "${good[@]}" --environment "$name"
        [[ -z $name ]] || with "GS3_ENVIRONMENT=$name" turned_away 3 '--environment says' "${put[@]}" s3://prod-data/x "${good[@]}"
    done
    with GS3_ENVIRONMENT=production turned_away 3 '--environment says development' "${put[@]}" s3://prod-data/x "${good[@]}" --environment development
    # The assertion is about where the metadata is written.
    turned_away 3 '--environment says production, the policy says staging' cp s3://prod-data/source.txt s3://staging-data/x \
        "${good[@]}" --ticket OPS-2 --department x --environment production
    # A ticket of mallory's: the name is the account's, not a variable's.
    for name in USER LOGNAME USERNAME GS3_OPERATOR GS3_USER SUDO_USER; do
        with "$name=mallory" turned_away 3 'CHG0030014' "${put[@]}" s3://prod-data/x --ticket CHG0030014 --purpose 'a good purpose'
    done
    sed 's|approval: \[approved\]|approval: [requested, approved]|' "$policy" >"$BATS_TEST_TMPDIR/loose.yaml"
    with GS3_POLICY="$BATS_TEST_TMPDIR/loose.yaml" turned_away 3 "$policy:[0-9]+" "${put[@]}" s3://prod-data/x \
        --ticket CHG0030003 --purpose 'a good purpose' --policy "$policy"
    nothing_moved
    with USER=mallory allowed "${put[@]}" s3://prod-data/x "${good[@]}"
    assert_equal "$(head_metadata prod-data x | jq -r .operator)" "os:$(id -un)"
}

@test "no flag opens the gate: dry runs, streams, quiet and no-overwrite ask for the ticket, too" {
    local flag
    for flag in --dryrun --quiet --only-show-errors --no-overwrite --no-verify-ssl --explain --debug --no-progress; do
        [[ $flag == --debug || $flag == --explain ]] && continue
        turned_away 3 'needs a ticket' "${put[@]}" s3://prod-data/x --purpose 'a good purpose' "$flag"
        turned_away 3 'needs a ticket' cp s3://prod-data/source.txt down.txt --purpose 'a good purpose' "$flag"
        turned_away 3 'needs a ticket' cp s3://prod-data/source.txt - --purpose 'a good purpose' "$flag"
        turned_away 3 'CHG0030003' put - s3://prod-data/x --ticket CHG0030003 --purpose 'a good purpose' "$flag"
    done
    nothing_moved
}

@test "an approval that an object has from before does not ride along" {
    local left
    scripted_start
    store_put prod-data/stale "$BATS_TEST_TMPDIR/source" 'x-amz-meta-Approval-Status: approved' \
        'x-amz-meta-change-request-id: CHG0000001' 'x-amz-meta-RISK-LEVEL: low' 'x-amz-meta-purpose: old' \
        'x-amz-meta-operator: mallory' 'x-amz-meta-gs3-signature: x' 'x-amz-meta-gs3-policy: x' \
        'x-amz-meta-gs3-decision: 01890a5d-ac96-774b-bcce-b302099a8057' 'x-amz-meta-ticket-id: x' \
        'x-amz-meta-environment: production' 'x-amz-meta-governance-level: high' 'x-amz-meta-department: x' \
        'x-amz-meta-source-environment: x' 'x-amz-meta-source-jira-ticket-id: x' 'x-amz-meta-gs3-test: x' \
        'x-amz-meta-tracking-system: x' 'x-amz-meta-timestamp: x' 'x-amz-meta-color: blue' \
        'x-amz-meta-jira-ticket-id: =?UTF-8?Q?OPS-2?=' 'x-amz-meta-automation: maybe'
    # An environment that asks for nothing must not come by an approval.
    cat >>"$policy" <<POLICY
  open:
    match: [{bucket: "open-*"}]
    governance_level: standard
    ticket_for: []
    identity: {source: os}
    metadata:
      purpose: {required: false}
      department: {required: false}
POLICY
    allowed cp s3://prod-data/stale s3://open-data/copy --ticket CHG0030001
    left=$(stored open-data/copy | jq -cS '.headers | with_entries(select(.key | startswith("x-amz-meta-"))
        | .key |= ltrimstr("x-amz-meta-")) | del(.timestamp, ."gs3-decision", ."gs3-policy")')
    assert_json "$left" '{"automation": "true", "color": "blue", "environment": "open", "governance-level": "standard",
        "gs3-previous": "01890a5d-ac96-774b-bcce-b302099a8057", "gs3-test": "true", "operation": "copy", "operator": "os:'"$(id -un)"'",
        "source-change-request-id": "CHG0030001", "source-environment": "production"}'
    # What looks like an old decision and is none is dropped.
    store_put prod-data/stale "$BATS_TEST_TMPDIR/source" 'x-amz-meta-gs3-decision: approved by everyone' 'x-amz-meta-gs3-previous: x'
    allowed cp s3://prod-data/stale s3://open-data/copy --ticket CHG0030001
    assert_equal "$(stored open-data/copy | jq -r '.headers["x-amz-meta-gs3-previous"] // empty')" ''
}

@test "a ticket is asked for again each time: what it says now counts" {
    cp -r "${GS3_SIM_FIXTURES:-$BATS_TEST_DIRNAME/../sim/fixtures}" "$BATS_TEST_TMPDIR/fixtures"
    GS3_SIM_FIXTURES=$BATS_TEST_TMPDIR/fixtures start_sim changing
    policy_edit "s|$GS3T_SIM_URL|$sim_url|"
    local rows=$BATS_TEST_TMPDIR/fixtures/servicenow/change_request.json field
    cp "$rows" "$BATS_TEST_TMPDIR/rows"
    allowed "${put[@]}" s3://prod-data/x "${good[@]}"
    s3write delete prod-data x
    fault_note_state
    for field in '"approval": "rejected"' '"state": "3"' '"on_hold": "true"' '"assigned_to": ""' \
        '"end_date": "2020-01-01 00:00:00", "start_date": "2019-01-01 00:00:00"'; do
        jq "walk(if type == \"object\" and .number? == \"CHG0030001\" then . + {$field} else . end)" \
            "$BATS_TEST_TMPDIR/rows" >"$rows"
        ! cmp -s "$rows" "$BATS_TEST_TMPDIR/rows" || { printf '%s changed nothing\n' "$field"; false; }
        turned_away '3|4' 'CHG0030001' "${put[@]}" s3://prod-data/x "${good[@]}"
    done
    cp "$BATS_TEST_TMPDIR/rows" "$rows"
    assert_equal "$(find "$BATS_TEST_TMPDIR/home" -type f -size +0)" '' 'kept between runs'
    unset sim_url
    nothing_moved
}

@test "a policy that is exchanged meanwhile changes nothing: one reading decides, and is named" {
    local pid digest asked loose=$BATS_TEST_TMPDIR/loose.yaml
    digest=$(sha256 "$policy" | cut -c 1-12)
    sed 's|approval: \[approved\]|approval: [requested, approved]|;s|state: \[.*|state: [authorize, implement, scheduled]|' \
        "$policy" >"$loose"
    run cmp -s "$loose" "$policy"
    assert_equal "$status" 1 'the loose policy is another one'
    sim_fault slow 1500 /api/
    # The file itself, written anew.
    cp "$policy" "$BATS_TEST_TMPDIR/kept.yaml"
    asked=$(sim_count)
    once_asked "" "$asked" cp "$loose" "$policy" 3>&- &
    pid=$!
    turned_away 3 "$policy:[0-9]+: production/change-request" "${put[@]}" s3://prod-data/x \
        --ticket CHG0030003 --purpose 'a good purpose'
    wait "$pid"
    cp "$BATS_TEST_TMPDIR/kept.yaml" "$policy"
    # A link that points elsewhere.
    ln -s "$policy" "$BATS_TEST_TMPDIR/link.yaml"
    asked=$(sim_count)
    once_asked "" "$asked" ln -sfn "$loose" "$BATS_TEST_TMPDIR/link.yaml" 3>&- &
    pid=$!
    turned_away 3 "link.yaml:[0-9]+: production/change-request" "${put[@]}" s3://prod-data/x \
        --ticket CHG0030003 --purpose 'a good purpose' --policy "$BATS_TEST_TMPDIR/link.yaml"
    wait "$pid"
    nothing_moved
    ln -sfn "$policy" "$BATS_TEST_TMPDIR/link.yaml"
    asked=$(sim_count)
    once_asked "" "$asked" ln -sfn "$loose" "$BATS_TEST_TMPDIR/link.yaml" 3>&- &
    pid=$!
    allowed "${put[@]}" s3://prod-data/x "${good[@]}" --policy "$BATS_TEST_TMPDIR/link.yaml"
    wait "$pid"
    assert_equal "$(head_metadata prod-data x | jq -r '."gs3-policy"')" "$digest" 'the policy that is named'
}

@test "names of keys lead a download nowhere but where it was told" {
    printf x >"$BATS_TEST_TMPDIR/x"
    local key
    mkdir "$fault_work/in"
    for key in ../../escape a/../../escape /etc/gs3-test-escape 'a/..' '..' '.' 'a/.'; do
        s3write put prod-data "$key" "$BATS_TEST_TMPDIR/x"
        fault_run cp "s3://prod-data/$key" in/ "${good[@]}"
    done
    assert_equal "$(find "$fault_work/in" -mindepth 1 -printf '%f\n' | sort | xargs)" 'escape gs3-test-escape'
    [[ ! -e $fault_work/escape && ! -e /etc/gs3-test-escape && ! -e $BATS_TEST_TMPDIR/escape ]]
    # A link at the destination's place is replaced, not followed.
    ln -s "$fault_work/up.txt" "$fault_work/link"
    cp "$fault_work/up.txt" "$BATS_TEST_TMPDIR/up"
    allowed cp s3://prod-data/source.txt link "${good[@]}"
    assert_same_bytes "$fault_work/up.txt" "$BATS_TEST_TMPDIR/up"
}
