#!/usr/bin/env bats
# S3 failing in the middle: errors inside a 200, answers that are cut off or lost, metadata that is
# not what was written, sources that change meanwhile, disks that fill up, a program that is killed.
# After each, lib/scripted's `sound` holds: the bytes exist whole, and no source is gone that was
# not read back at its destination.

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

DESTINATION=/prod-other/there.txt
SOURCE=/prod-data/source.txt

# copied ETAG: the body of a good answer to CopyObject.
copied()
{
    printf '<CopyObjectResult><ETag>"%s"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></CopyObjectResult>' "$1"
}

# step METHOD PATH ANSWER [TIMES]: one step of a script.
step()
{
    printf '{"method": "%s", "path": "%s", "answer": %s%s}' "$1" "$2" "$3" "${4:+, \"times\": $4}"
}

# copy_answers CASE ANSWER [TIMES]: a move whose CopyObject is answered so.
copy_answers()
{
    scripted_reset
    script "[$(step PUT $DESTINATION "$2" "${3:-}")]"
    operate mv-across
    copy_case=$1
}

# The body of an answer as JSON: bodyOf TEXT [MORE_MEMBERS]
body_of()
{
    jq -nc --arg body "$1" "{status: 200, body: \$body${2:+, $2}}"
}

@test "CopyObject answers 200 with an error, or with what is no answer: the source is kept" {
    local error='<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>'
    copy_answers 'Error' "$(body_of "$error")"
    kept "$copy_case" 'InternalError.*CopyObject.*reached max retries: 2.*We encountered'
    assert_equal "$(asked PUT $DESTINATION)" 3
    copy_answers 'white space and Error' "$(body_of $'  \n \n'"<?xml version=\"1.0\"?>$error")"
    kept "$copy_case" 'InternalError|UnusableAnswer'
    copy_answers 'declaration, white space, Error' "$(body_of $'<?xml version="1.0"?>\n \n \n'"$error")"
    kept "$copy_case" 'InternalError'
    copy_answers 'AccessDenied in a 200' \
        "$(body_of '<Error><Code>AccessDenied</Code><Message>no</Message></Error>')"
    kept "$copy_case" 'AccessDenied'
    assert_equal "$(asked PUT $DESTINATION)" 1
    copy_answers 'truncated' "$(body_of '<CopyObjectResult><ETag>"x"' '"pass": true')"
    kept "$copy_case" 'cut off' 'whether it was done is not known'
    copy_answers 'empty' "$(body_of '')"
    kept "$copy_case" 'empty' 'whether it was done is not known'
    copy_answers 'HTML' "$(body_of '<html><body>Welcome</body></html>')"
    kept "$copy_case" "not S3's"
    copy_answers 'no ETag in the result' "$(body_of '<CopyObjectResult></CopyObjectResult>' '"pass": true')"
    kept "$copy_case" 'source is kept' 'ETag'
    copy_answers 'an ETag of something else' \
        "$(body_of "$(copied 00000000000000000000000000000000)" '"pass": true')"
    kept "$copy_case" 'source is kept: read-back' 'ETag'
    copy_answers 'status 204' '{"status": 204}'
    kept "$copy_case" '204'
}

@test "what passes at a repeat is repeated: errors in a 200, 503, resets, lost and cut answers" {
    local sum error='<Error><Code>InternalError</Code><Message>again</Message></Error>'
    sum=$(md5sum <"$BATS_TEST_TMPDIR/source" | cut -d ' ' -f 1)
    copy_answers 'Error once' "$(body_of "$error")" 1
    done_well "$copy_case"
    copy_answers 'SlowDown twice' '{"status": 503, "error": "SlowDown"}' 2
    done_well "$copy_case"
    assert_equal "$(asked PUT $DESTINATION)" 3
    copy_answers 'reset once' '{"reset": true}' 1
    done_well "$copy_case"
    copy_answers 'answer lost' '{"pass": true, "hang_up": true}' 1
    done_well "$copy_case"
    copy_answers 'answer cut off' '{"pass": true, "close_after_bytes": 20}' 1
    done_well "$copy_case"
    copy_answers 'white space before the result' \
        "$(body_of $'<?xml version="1.0"?>\n \n'"$(copied "$sum")" '"pass": true')"
    done_well "$copy_case"
    copy_answers 'SlowDown for ever' '{"status": 503, "error": "SlowDown"}'
    kept "$copy_case" 'SlowDown' 'reached max retries: 2'
}

@test "PutObject: errors, no ETag, lost answers, resets while it is sent" {
    local how
    for how in '{"status": 500, "error": "InternalError"}' '{"reset": true}' \
        '{"pass": true, "hang_up": true}' '{"status": 400, "error": "RequestTimeout"}'; do
        scripted_reset
        script "[$(step PUT $DESTINATION "$how" 1)]"
        operate mv-up
        done_well "once $how"
    done
    scripted_reset
    script "[$(step PUT $DESTINATION '{"pass": true, "headers": {"ETag": null}}')]"
    operate mv-up
    kept 'no ETag' 'ETag'
    operate cp-up
    kept 'no ETag, cp' 'ETag'
    scripted_reset
    script "[$(step PUT $DESTINATION '{"status": 200, "body": "<html>Welcome to the proxy</html>"}')]"
    operate mv-up
    kept 'a proxy answers' 'ETag: is this an S3 endpoint'
    scripted_reset
    script "[$(step PUT $DESTINATION '{"status": 403, "error": "AccessDenied"}')]"
    operate mv-up
    kept 'AccessDenied' 'An error occurred [(]AccessDenied[)] when calling the PutObject operation: scripted'
    assert_equal "$(asked PUT)" 1
    scripted_reset
    head -c 3000000 /dev/urandom >"$fault_work/up.txt"
    cp -p "$fault_work/up.txt" "$BATS_TEST_TMPDIR/up"
    sim_fault upload-reset 100000 /prod-other/ 1
    operate mv-up
    done_well 'reset while 3 MB are sent'
}

@test "a lost answer of a write with --no-overwrite is no skip and no success" {
    script "[$(step PUT /prod-other/new.txt '{"pass": true, "hang_up": true}' 1)]"
    fault_args=(mv ./up.txt s3://prod-other/new.txt)
    fault_run "${fault_args[@]}" --no-overwrite --ticket CHG0030001 "${fault_options[@]}"
    sound --no-overwrite
    fault_case='lost answer'
    kept put 'look at the object'
    scripted_reset
    script "[$(step PUT /prod-other/new.txt '{"pass": true, "hang_up": true}' 1)]"
    fault_args=(mv s3://prod-data/source.txt s3://prod-other/new.txt)
    fault_run "${fault_args[@]}" --no-overwrite --ticket CHG0030001 "${fault_options[@]}"
    sound --no-overwrite
    kept copy 'look at the object'
}

@test "the read-back finds something else: the source is kept" {
    local operation name
    local -A answers=(
        [ETag]='{"pass": true, "headers": {"ETag": "\"0123\""}}'
        [no ETag]='{"pass": true, "headers": {"ETag": null}}'
        [length]='{"pass": true, "headers": {"Content-Length": "3"}}'
        [missing metadata]='{"pass": true, "headers": {"x-amz-meta-purpose": null}}'
        [missing ticket]='{"pass": true, "headers": {"x-amz-meta-change-request-id": null}}'
        [changed metadata]='{"pass": true, "headers": {"x-amz-meta-approval-status": "rejected"}}'
        [extra metadata]='{"pass": true, "headers": {"x-amz-meta-extra": "1"}}'
        [dropped metadata]='{"pass": true, "headers": {"x-amz-missing-meta": "1"}}'
        [garbled count]='{"pass": true, "headers": {"x-amz-missing-meta": "many"}}'
        [content type]='{"pass": true, "headers": {"Content-Type": "text/other"}}'
        [forbidden]='{"status": 403}'
        [gone]='{"status": 404}'
        [an error]='{"status": 500}'
        [a page]='{"status": 200, "body": "<html></html>"}'
        [resets]='{"reset": true}'
    )
    for operation in mv-up mv-across; do
        for name in "${!answers[@]}"; do
            # What is retried takes its time: once is enough.
            [[ $operation/$name != mv-up/@(resets|an error) ]] || continue
            scripted_reset
            script "[$(step HEAD $DESTINATION "${answers[$name]}")]"
            operate "$operation"
            kept "$name" 'the source is kept: read-back of s3://prod-other/there.txt: '
            assert_equal "$(asked DELETE)" 0 "$name: deletes"
        done
    done
}

@test "a source whose metadata S3 cannot give back is kept; tags that do not arrive keep it too" {
    script "[$(step HEAD $SOURCE '{"pass": true, "headers": {"x-amz-missing-meta": "2"}}')]"
    operate mv-across
    kept 'x-amz-missing-meta' 'source is kept: 2 of its metadata values cannot be read'
    scripted_reset
    script "[{\"method\": \"PUT\", \"path\": \"$DESTINATION\", \"query\": \"tagging\", \"answer\": {\"status\": 403, \"error\": \"AccessDenied\"}},
        {\"method\": \"GET\", \"path\": \"$DESTINATION\", \"query\": \"tagging\", \"answer\": {\"body\": \"<Tagging><TagSet></TagSet></Tagging>\"}}]"
    operate mv-across
    kept 'tags' 'source is kept: tags of' 'AccessDenied'
    scripted_reset
    script "[{\"method\": \"GET\", \"path\": \"$SOURCE\", \"query\": \"tagging\", \"answer\": {\"status\": 403, \"error\": \"AccessDenied\"}}]"
    operate mv-across
    kept 'tags of the source' 'source is kept: tags of' 'AccessDenied'
}

# meanwhile OPERATION COMMAND...: the operation; COMMAND while it waits for the answer that is HELD.
meanwhile()
{
    local operation=$1
    shift
    once_held "$@" 3>&- &
    local pid=$!
    fault_arguments "$operation"
    fault_case=$operation
    fault_run "${fault_args[@]}" --ticket "$fault_ticket" "${fault_options[@]}"
    wait "$pid"
}

new_source()
{
    printf 'another one wrote this meanwhile\n' >"$BATS_TEST_TMPDIR/newer"
    store_put prod-data/source.txt "$BATS_TEST_TMPDIR/newer"
}

# The new object must be there, whatever became of the move.
newer_is_kept()
{
    [[ $(stored prod-data/source.txt | jq -r .sha256) == "$(sha256 "$BATS_TEST_TMPDIR/newer")" ]] ||
        { fault_fail 'LOST: the object that came meanwhile'; return 1; }
    [[ -z $(find "$fault_work" -name '.gs3-*') ]] || fault_fail 'a temporary file is left behind'
}

@test "the source object changes meanwhile: before the copy, before the second look, before the delete" {
    script "[$(step HEAD $SOURCE "$HELD" 1)]"
    meanwhile mv-across new_source
    failed 'before the copy' 1 'move failed: ' 'PreconditionFailed|changed'
    newer_is_kept
    scripted_reset
    script "[$(step PUT $DESTINATION "$HELD" 1)]"
    meanwhile mv-across new_source
    failed 'before the second look' 1 'source is kept: s3://prod-data/source.txt changed while it was moved'
    newer_is_kept
    scripted_reset
    script "[$(step HEAD $SOURCE '{"pass": true}' 1), $(step HEAD $SOURCE "$HELD" 1)]"
    meanwhile mv-across new_source
    failed 'before the delete' 1 'destination is complete' 'source is kept' 'PreconditionFailed'
    newer_is_kept
    scripted_reset
    script "[$(step GET $SOURCE "$HELD" 1)]"
    meanwhile mv-down new_source
    failed 'a download, before the second look' 1 'source is kept' 'changed while it was moved'
    newer_is_kept
    scripted_reset
    script "[$(step HEAD $SOURCE "$HELD" 1)]"
    meanwhile mv-down new_source
    failed 'a download, before its bytes' 1 'changed while it was read'
    newer_is_kept
    assert_same_bytes "$fault_work/down.txt" "$BATS_TEST_TMPDIR/down"
}

@test "the source is the same bytes, written anew meanwhile: kept all the same" {
    again() { sleep 1.1; store_put prod-data/source.txt "$BATS_TEST_TMPDIR/source" 'x-amz-meta-color: green'; }
    script "[$(step PUT $DESTINATION "$HELD" 1)]"
    meanwhile mv-across again
    failed 'same ETag' 1 'source is kept: .*changed while it was moved'
    [[ $(stored prod-data/source.txt) == *green* ]] || fault_fail 'LOST: the object that came meanwhile'
}

@test "the source goes meanwhile, by whoever: what was moved is moved" {
    gone() { env "${GS3T_ENV[@]}" AWS_CA_BUNDLE="$GS3T_S3_CA" aws --endpoint-url "$sim_url" s3api delete-object --bucket prod-data --key source.txt; }
    script "[$(step GET $SOURCE "$HELD" 1)]"
    meanwhile mv-down gone
    assert_equal "$status $err" '0 '
    assert_same_bytes "$fault_work/down.txt" "$BATS_TEST_TMPDIR/source"
    assert_equal "$(asked DELETE)" 1 'deletes: of the other one alone'
}

@test "DeleteObject: not implemented with a condition, denied, lost, for ever failing" {
    script "[{\"method\": \"DELETE\", \"path\": \"$SOURCE\", \"headers\": {\"if-match\": true}, \"answer\": {\"status\": 501, \"error\": \"NotImplemented\"}}]"
    operate mv-across
    done_well 'no conditional delete'
    assert_equal "$(asked DELETE)" 2
    for operation in mv-across mv-down; do
        scripted_reset
        script "[$(step DELETE $SOURCE '{"status": 403, "error": "AccessDenied"}')]"
        operate "$operation"
        kept 'AccessDenied' 'destination is complete, the source is kept' 'AccessDenied.*DeleteObject'
        ((destination_landed)) || fault_fail 'the destination is not there'
        scripted_reset
        script "[$(step DELETE $SOURCE '{"pass": true, "hang_up": true}' 1)]"
        operate "$operation"
        done_well 'answer lost'
    done
    scripted_reset
    script "[$(step DELETE $SOURCE '{"status": 412, "error": "PreconditionFailed"}')]"
    operate mv-across
    kept 'condition' 'source is kept'
    # Deleted, and no answer ever says so: it is looked for, and is gone.
    scripted_reset
    script "[$(step DELETE $SOURCE '{"pass": true, "hang_up": true}')]"
    operate mv-across
    done_well 'every answer lost'
    # Nobody can say, or it is still there: the line says which.
    scripted_reset
    script "[$(step DELETE $SOURCE '{"pass": true, "hang_up": true}'),
        $(step HEAD $SOURCE '{"pass": true}' 2), $(step HEAD $SOURCE '{"status": 403}')]"
    operate mv-across
    failed 'nobody can say' 1 'destination is complete' 'whether the source was deleted is not known'
    scripted_reset
    script "[$(step DELETE $SOURCE '{"status": 500, "error": "InternalError"}')]"
    operate mv-across
    kept 'never done' 'destination is complete, the source is kept'
}

@test "a versioned bucket: the versions that were read are the ones that were written and deleted" {
    end_sims
    scripted_start --s3-versioned --s3-verify
    operate mv-across
    done_well versioned
    scripted_reset
    script "[$(step DELETE $SOURCE '{"pass": true, "hang_up": true}' 1)]"
    operate mv-across
    done_well 'lost answer of the delete'
    scripted_reset
    script "[$(step PUT $DESTINATION "$HELD" 1)]"
    meanwhile mv-across new_source
    failed 'a newer version' 1 'source is kept' 'changed while it was moved'
    newer_is_kept
}

@test "the answer names another region: once, at the same endpoint, never elsewhere" {
    local other other_log
    GS3T_ENV+=(AWS_REGION=eu-central-1)
    operate mv-across
    done_well 'the endpoint is in us-east-1'
    GS3T_ENV+=(AWS_REGION=us-east-1)
    other=$sim_url
    start_sim elsewhere
    other_log=$sim_log
    local redirect
    redirect=$(jq -nc --arg url "$sim_url/" '{status: 301, headers: {Location: $url,
        "x-amz-bucket-region": "eu-west-1"}, body: ("<Error><Code>PermanentRedirect</Code><Message>to "
        + $url + "</Message><Endpoint>" + $url + "</Endpoint></Error>")}')
    sim_url=$other
    scripted_reset
    script "[$(step PUT $DESTINATION "$redirect")]"
    operate mv-across
    kept 'redirected for ever' 'CopyObject|PermanentRedirect|region'
    scripted_reset
    script "[$(step PUT $DESTINATION "${redirect/301/307}")]"
    operate mv-up
    kept '307' 'PutObject|Redirect|region'
    [[ ! -s $other_log ]] || { cat "$other_log"; false; }
}

@test "a clock that is an hour off S3's is corrected by S3's answer, once" {
    local hour next steps
    end_sims
    scripted_start --s3-store
    hour=$(date -u -d '+1 hour' +%Y%m%dT%H) next=$(date -u -d '+2 hours' +%Y%m%dT%H)
    steps="{\"path_prefix\": \"/prod-\", \"headers\": {\"x-amz-date\": \"$hour*\"}, \"answer\": {\"pass\": true, \"date_skew\": 3600}},
        {\"path_prefix\": \"/prod-\", \"headers\": {\"x-amz-date\": \"$next*\"}, \"answer\": {\"pass\": true, \"date_skew\": 3600}},"
    scripted_reset
    script "[$steps {\"path_prefix\": \"/prod-\", \"answer\": {\"status\": 403, \"error\": \"RequestTimeTooSkewed\", \"date_skew\": 3600}}]"
    operate mv-up
    done_well RequestTimeTooSkewed
    scripted_reset
    script "[{\"path_prefix\": \"/prod-\", \"answer\": {\"status\": 403, \"error\": \"RequestTimeTooSkewed\", \"date_skew\": 3600}}]"
    operate mv-up
    kept 'for ever' 'RequestTimeTooSkewed'
    ((seconds <= 5)) || fault_fail "took $seconds s"
}

@test "bodies of errors: control characters, huge, endless, hostile codes" {
    local name
    printf '<Error><Code>AccessDenied</Code><Message>%s</Message></Error>' \
        "$(head -c 3000000 /dev/zero | tr '\0' x)" >"$BATS_TEST_TMPDIR/big.xml"
    local -A answers=(
        [references]='{"status": 403, "body": "<Error><Code>AccessDenied</Code><Message>a&#10;gs3: all is well&#13;&#9;&#x1b;[31mb&#x85;&#x202e;c</Message></Error>"}'
        [raw]='{"status": 403, "body": "<Error><Code>AccessDenied</Code><Message>a\n\u001b[2Jb\u0007</Message></Error>"}'
        [code]='{"status": 403, "body": "<Error><Code>All is well\nupload: done</Code><Message>x</Message></Error>"}'
        [format]='{"status": 403, "body": "<Error><Code>%s%n</Code><Message>%s%n%x</Message></Error>"}'
        [entities]='{"status": 403, "body": "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><Error><Code>X</Code><Message>&b;</Message></Error>"}'
        [file]='{"status": 403, "body": "<!DOCTYPE e [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><Error><Code>X</Code><Message>&a;</Message></Error>"}'
        [big]='{"status": 403, "body_file": "big.xml"}'
        [endless]='{"status": 403, "endless": true}'
        [html]='{"status": 403, "headers": {"Content-Type": "text/html"}, "body": "<html>Forbidden</html>"}'
        [redirected headers]='{"status": 403, "headers": {"x-amz-bucket-region": "../../evil"}}'
    )
    for name in "${!answers[@]}"; do
        scripted_reset
        script "[$(step PUT $DESTINATION "${answers[$name]}")]"
        operate cp-up
        kept "$name" 'PutObject'
        [[ $err != *"$(hostname)"* ]] || fault_fail 'an outside entity was read'
        ((seconds <= 8)) || fault_fail "took $seconds s"
    done
}

@test "GetObject cut off, too long, too short, of another object, without a length" {
    local name
    local -A answers=(
        ['cut off']='{"pass": true, "close_after_bytes": 9}'
        [reset]='{"pass": true, "reset": true}'
        ['another object']='{"pass": true, "headers": {"ETag": "\"other\""}}'
        ['no ETag']='{"pass": true, "headers": {"ETag": null}}'
        [longer]='{"pass": true, "body": "the bytes of the source, and more of them\n"}'
        [shorter]='{"pass": true, "body": "the bytes\n"}'
        ['half, chunked']='{"pass": true, "chunked": true, "body": "the bytes\n"}'
        [empty]='{"pass": true, "body": ""}'
        [partial]='{"pass": true, "status": 206}'
        [html]='{"status": 200, "body": "<html>Welcome</html>"}'
        [forbidden]='{"status": 403, "error": "AccessDenied"}'
        [archived]='{"status": 403, "error": "InvalidObjectState"}'
        ['an Error of 200']='{"status": 200, "body": "<Error><Code>InternalError</Code></Error>"}'
    )
    for name in "${!answers[@]}"; do
        scripted_reset
        script "[$(step GET $SOURCE "${answers[$name]}")]"
        operate mv-down
        kept "$name"
        ((destination_landed == 0)) || fault_fail 'it landed'
        assert_same_bytes "$fault_work/down.txt" "$BATS_TEST_TMPDIR/down"
    done
    for name in 'cut off' reset; do
        scripted_reset
        script "[$(step GET $SOURCE "${answers[$name]}" 1)]"
        operate mv-down
        done_well "once $name"
    done
    # What standard output has taken cannot be taken back: no second beginning in its middle.
    scripted_reset
    script "[$(step GET $SOURCE "${answers['cut off']}")]"
    fault_run cp s3://prod-data/source.txt - --ticket CHG0030001 "${fault_options[@]}"
    fault_case='to standard output, cut off'
    [[ $status == 1 ]] || fault_fail 'not status 1'
    assert_equal "$out" 'the bytes'
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/err")" 1 'lines on standard error'
    [[ $err == *'broke off after 9 bytes'* ]] || fault_fail 'does not say so'
}
