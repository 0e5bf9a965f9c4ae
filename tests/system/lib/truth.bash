# shellcheck shell=bash
# The cells of the truth table (truth.bats, libs3.bats): which ticket stands for which condition in which
# system, how an operation is spelled, and what must hold after it was refused or allowed. `load
# lib/truth` after `load lib/common`. Depends on common.bash, jq. Changes only the buckets and the
# directory that it is given.
# shellcheck disable=SC2034 # much of what is set here is for truth.bats

# CONDITION of the ticket -> its id, by family. "-": the system has no such condition.
#
#               change request  Jira issue      incident
#   none        no ticket       no ticket       no ticket
#   pattern     8 characters    number from 0   8 characters     fits no rule's pattern
#   unknown     no such number  no such key     no such number
#   unapproved  requested       category done   not active       what the rule asks for fails
#   past        window over     planned end     -                an incident has no window
#   future      not begun       planned start   -
#   closed      state closed    Cancelled       state closed
#   hold        on hold         category        state on hold    Jira: a category that nobody has
#                               undefined                        defined is no "in progress"
#   assignee    mallory's       mallory's       mallory's
#   good
declare -grA TRUTH_CHANGE=(
    [pattern]=CHG00300 [unknown]=CHG0099999 [unapproved]=CHG0030003 [past]=CHG0030005
    [future]=CHG0030006 [closed]=CHG0030007 [hold]=CHG0030012 [assignee]=CHG0030014
    [good]=CHG0030001
)
declare -grA TRUTH_JIRA=(
    [pattern]=OPS-02 [unknown]=OPS-99999 [unapproved]=OPS-3 [past]=CHM-8
    [future]=CHM-9 [closed]=OPS-11 [hold]=OPS-5 [assignee]=OPS-7
    [good]=OPS-2
)
declare -grA TRUTH_INCIDENT=(
    [pattern]=INC00100 [unknown]=INC0099999 [unapproved]=INC0010010 [past]=-
    [future]=- [closed]=INC0010005 [hold]=INC0010003 [assignee]=INC0010007
    [good]=INC0010002
)
# In this order, so that what needs no look-up comes first.
readonly TRUTH_CONDITIONS=(
    none pattern unknown unapproved past future closed hold assignee good
)
truth_conditions=("${TRUTH_CONDITIONS[@]}") # those that rows and crossings go through
[[ -z ${GS3_TEST_BRIEF:-} ]] || truth_conditions=(none pattern unknown past assignee good)
readonly TRUTH_BUCKETS=(prod-data prod-other staging-data staging-other unmapped)

# The tags of a source; "" for a transport that has none.
truth_tags='a=1&b=two'

readonly TRUTH_PURPOSE='move the quarterly files'
readonly TRUTH_PREVIOUS=01890a5d-ac96-774b-bcce-b302099a8057

# truth_start: the policy, the files, the objects. Each test starts from the same objects; they are
# put back by truth_allowed, and made anew after a test that failed.
truth_start()
{
    truth_work=$BATS_TEST_TMPDIR/work
    mkdir -p "$truth_work"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    truth_policy_digest=$(sha256 "$BATS_TEST_TMPDIR/policy.yaml")
    truth_policy_digest=${truth_policy_digest:0:12}
    printf 'a local file\n' >"$truth_work/up.txt"
    printf 'what stands where the download goes\n' >"$truth_work/down.txt"
    printf 'the bytes of the source\n' >"$BATS_TEST_TMPDIR/source"
    printf 'what stands at the destination\n' >"$BATS_TEST_TMPDIR/standing"
    truth_cell=
    [[ -e $BATS_FILE_TMPDIR/objects ]] || truth_make_objects
}

truth_make_objects()
{
    local bucket
    make_buckets "${TRUTH_BUCKETS[@]}"
    for bucket in "${TRUTH_BUCKETS[@]}"; do
        truth_put_source "$bucket"
        s3write put "$bucket" there.txt "$BATS_TEST_TMPDIR/standing" 'x-amz-meta-color: red'
    done
    : >"$BATS_FILE_TMPDIR/objects"
}

# truth_end: for teardown.
truth_end()
{
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || rm -f "$BATS_FILE_TMPDIR/objects"
}

# A source with metadata of its own, properties, tags, and an approval that must not ride along.
truth_put_source()
{
    s3write put "$1" source.txt "$BATS_TEST_TMPDIR/source" 'content-type: text/x-source' \
        'cache-control: max-age=60' 'x-amz-meta-color: blue' \
        ${truth_tags:+"x-amz-tagging: $truth_tags"} \
        'x-amz-meta-change-request-id: CHG0000001' 'x-amz-meta-approval-status: approved' \
        'x-amz-meta-risk-level: low' 'x-amz-meta-ticket-id: X' 'x-amz-meta-ticket-system: Y' \
        'x-amz-meta-source-environment: elsewhere' 'x-amz-meta-jira-ticket-id: OLD-1' \
        'x-amz-meta-servicenow-ticket-id: INC0000001' 'x-amz-meta-gs3-signature: stale' \
        "x-amz-meta-gs3-decision: $TRUTH_PREVIOUS" 'x-amz-meta-gs3-policy: 000000000000'
}

# truth_arguments OPERATION SOURCE_BUCKET DESTINATION_BUCKET: fills truth_args (the two ends),
# truth_line (what aws-cli would print), truth_from and truth_to ("BUCKET KEY", "" for a file).
truth_arguments()
{
    local from=s3://$2/source.txt to=s3://$3/there.txt
    local word=${1%%-*}
    truth_from="$2 source.txt" truth_to="$3 there.txt"
    case $1 in
    cp-up | mv-up | put-up) from=./up.txt truth_from= ;;
    put-stdin) from=- truth_from= ;;
    cp-down | mv-down) to=./down.txt truth_to= ;;
    cp-across | mv-across) ;;
    *) printf 'no operation %s\n' "$1" && return 1 ;;
    esac
    truth_args=("$word" "$from" "$to")
    case $1 in
    mv-*) truth_line="move: $from to $to" ;;
    cp-up | put-up) truth_line="upload: $from to $to" ;;
    cp-down) truth_line="download: $from to $to" ;;
    cp-across) truth_line="copy: $from to $to" ;;
    put-stdin) truth_line= ;;
    esac
}

# truth_ticket FAMILY CONDITION: the id, "" for none, "-" where there is no such cell.
truth_ticket()
{
    local -n family=TRUTH_${1^^}
    printf '%s' "${family[$2]-}"
}

# Every file of the working directory: inode, size, mode, times. No byte changes without the time of
# the inode's change.
truth_files()
{
    find "$truth_work" -printf '%P %y %i %s %m %T@ %C@\n'
}

# truth_run TICKET...: runs truth_args with the tickets, "" being none. Sets status, out, err.
truth_run()
{
    local id
    local -a tickets=()
    for id in "$@"; do [[ -z $id ]] || tickets+=(--ticket "$id"); done
    printf -v truth_since '%(%s)T' -1
    status=0
    (cd "$truth_work" && gs3_ "${truth_args[@]}" "${tickets[@]}" --purpose "$TRUTH_PURPOSE" \
        --department storage) <"$truth_work/up.txt" \
        >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
    printf -v truth_until '%(%s)T' -1
    out=$(<"$BATS_TEST_TMPDIR/out") err=$(<"$BATS_TEST_TMPDIR/err")
}

# A cell failed: which one, why, and what gs3 said.
truth_fail()
{
    printf 'cell %s: %s\n  ran: gs3 %s\n  status: %s\n  stdout: %s\n  stderr: %s\n' \
        "$truth_cell" "$1" "${truth_args[*]}" "$status" "$out" "$err"
    return 1
}

# truth_refused NAME [TICKET]...: status 3, one line that names the rule, no local file touched.
# The objects are compared by truth_unchanged, once for the refused cells in a row: an object keeps
# its time, so that many cells change nothing exactly when each changes nothing.
truth_refused()
{
    local files
    truth_cell=$1
    shift
    if [[ ! -e $BATS_TEST_TMPDIR/state ]]; then
        bucket_state "${TRUTH_BUCKETS[@]}" >"$BATS_TEST_TMPDIR/state"
        truth_files >"$BATS_TEST_TMPDIR/files"
        truth_mark=$(requests_mark)
    fi
    truth_run "$@"
    [[ $status == 3 ]] || { truth_fail 'not refused with 3'; return 1; }
    [[ -z $out ]] || { truth_fail 'standard output is not empty'; return 1; }
    [[ $err == 'gs3: refused by policy: '* && $err != *$'\n'* ]] ||
        { truth_fail 'not one line that says why'; return 1; }
    files=$(truth_files)
    [[ $files == "$(<"$BATS_TEST_TMPDIR/files")" ]] || {
        truth_fail 'local files changed'
        diff "$BATS_TEST_TMPDIR/files" <(printf '%s\n' "$files")
        return 1
    }
}

# After refused cells: no object changed in any bucket, and gs3 asked S3 for nothing but a look at
# the source. The user agent of a request that is shown tells the cell by its ticket.
truth_unchanged()
{
    local writes=$BATS_TEST_TMPDIR/writes
    [[ -e $BATS_TEST_TMPDIR/state ]] || return 0
    requests_since "$truth_mark" | grep ' gs3/' | grep -v '^HEAD ' >"$writes" || true
    assert_unchanged "$BATS_TEST_TMPDIR/state" "${TRUTH_BUCKETS[@]}" || {
        truth_fail 'an object changed in this cell or one before it; the requests:'
        cat "$writes"
        return 1
    }
    assert_equal "$(<"$writes")" '' "requests of cells refused up to $truth_cell" || return 1
    rm -f "$BATS_TEST_TMPDIR/state"
}

# What the writing operation must have left in the metadata, as one JSON object: the common part,
# then NAME=VALUE of the environment's.
truth_metadata()
{
    local word=${truth_args[0]} pair
    local -a arguments=(
        --arg operation "$(case $word in cp) echo copy ;; mv) echo move ;; put) echo put ;; esac)"
        --arg operator "os:$(id -un)" --arg purpose "$TRUTH_PURPOSE"
        --arg policy "$truth_policy_digest"
    )
    # shellcheck disable=SC2016 # $ARGS and its kin are jq's
    local program='{operation: $operation, operator: $operator, purpose: $purpose,
        "gs3-policy": $policy, "gs3-test": "true"}'
    [[ -z $truth_from ]] ||
        program+=" + {color: \"blue\", \"gs3-previous\": \"$TRUTH_PREVIOUS\"}"
    for pair in "$@"; do program+=" + {\"${pair%%=*}\": \"${pair#*=}\"}"; done
    jq -ncS "${arguments[@]}" "$program"
}

# The schema of each environment, for the ticket ID of FAMILY; "" where none was needed.
truth_schema()
{
    local environment=$1 family=$2 id=$3
    local -a pairs=()
    case $environment in
    production)
        pairs=(environment=production governance-level=high "change-request-id=$id"
            approval-status=approved risk-level=moderate tracking-system=change-request)
        ;;
    staging)
        pairs=(environment=staging governance-level=standard department=storage automation=true)
        case $family in
        jira) pairs+=("jira-ticket-id=$id" tracking-system=jira) ;;
        incident) pairs+=("servicenow-ticket-id=$id" tracking-system=servicenow) ;;
        esac
        ;;
    esac
    truth_pairs=("${pairs[@]}")
}

# The destination's entry in the state after: exact metadata, bytes, properties and tags.
truth_check_destination()
{
    local entry=$1 want=$2 id stamp now
    local metadata tags='{}'
    [[ -z $truth_tags ]] || tags='{"a":"1","b":"two"}'
    metadata=$(jq -cS .metadata <<<"$entry")
    assert_equal "$(jq -cS 'del(.timestamp, ."gs3-decision")' <<<"$metadata")" "$want" \
        "cell $truth_cell: metadata" || return 1
    id=$(jq -r '."gs3-decision"' <<<"$metadata")
    [[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]] ||
        { truth_fail "gs3-decision $id is no UUIDv7"; return 1; }
    now=$((16#${id:0:8}${id:9:4} / 1000))
    ((now >= truth_since && now <= truth_until)) ||
        { truth_fail "gs3-decision $id is not of the time of the operation"; return 1; }
    printf '%s\n' "$id" >>"$BATS_FILE_TMPDIR/decisions"
    stamp=$(jq -r .timestamp <<<"$metadata")
    [[ $stamp =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]] ||
        { truth_fail "timestamp $stamp is not of its form"; return 1; }
    stamp=$(date -d "$stamp" +%s)
    ((stamp >= truth_since && stamp <= truth_until)) ||
        { truth_fail "timestamp $stamp is not in $truth_since..$truth_until"; return 1; }
    if [[ -n $truth_from ]]; then
        assert_equal "$(jq -cS '[.tags, .headers["content-type"], .headers["cache-control"]]' \
            <<<"$entry")" "[$tags,\"text/x-source\",\"max-age=60\"]" \
            "cell $truth_cell: what the source had besides metadata" || return 1
    fi
}

# An allowed write: metadata whole, bytes the source's, every other object as it was.
truth_check_state()
{
    local before=$1 after=$2 want=$3
    # shellcheck disable=SC2016 # variables of jq
    local filter='select([.bucket, .key] != ($from | split(" ")) and
        [.bucket, .key] != ($to | split(" ")))'
    local moved='' entry bytes=$BATS_TEST_TMPDIR/source
    [[ ${truth_args[0]} != mv ]] || moved=$truth_from
    assert_equal "$(jq -cS --arg from "$moved" --arg to "$truth_to" "$filter" <<<"$after")" \
        "$(jq -cS --arg from "$moved" --arg to "$truth_to" "$filter" <<<"$before")" \
        "cell $truth_cell: another object changed" || return 1
    if [[ -n $moved ]]; then
        entry=$(jq -c --arg of "$moved" 'select([.bucket, .key] == ($of | split(" ")))' <<<"$after")
        assert_equal "$entry" '' "cell $truth_cell: the source of the move" || return 1
    fi
    [[ -n $truth_to ]] || return 0
    entry=$(jq -c --arg of "$truth_to" 'select([.bucket, .key] == ($of | split(" ")))' <<<"$after")
    truth_check_destination "$entry" "$want" || return 1
    [[ -n $truth_from ]] || bytes=$BATS_TEST_TMPDIR/up
    # shellcheck disable=SC2086 # bucket and key
    assert_object_bytes $truth_to "$bytes" || { truth_fail 'the bytes differ'; return 1; }
}

# The local side of an allowed operation.
truth_check_files()
{
    if [[ -z $truth_to ]]; then
        assert_same_bytes "$truth_work/down.txt" "$BATS_TEST_TMPDIR/source" ||
            { truth_fail 'the download differs'; return 1; }
    elif [[ ${truth_args[0]} == mv && -z $truth_from ]]; then
        [[ ! -e $truth_work/up.txt ]] || { truth_fail 'the moved file is still there'; return 1; }
    elif [[ -z $truth_from ]]; then
        assert_same_bytes "$truth_work/up.txt" "$BATS_TEST_TMPDIR/up" ||
            { truth_fail 'the source file changed'; return 1; }
    fi
    [[ -z $(find "$truth_work" -mindepth 1 ! -name up.txt ! -name down.txt) ]] ||
        { truth_fail 'a file was left behind'; return 1; }
}

truth_check_output()
{
    local decision='' lines=$truth_line
    if [[ -z $truth_to ]]; then
        decision=${out%%$'\n'*}
        [[ $decision == 'decision: '*" environment "*" operator os:$(id -un)" ]] ||
            { truth_fail 'a download does not say its decision'; return 1; }
        lines=$decision$'\n'$truth_line
    fi
    [[ $out == "$lines" ]] || { truth_fail "standard output is not: $lines"; return 1; }
    [[ -z $err ]] || { truth_fail 'standard error is not empty'; return 1; }
}

# truth_allowed NAME WANTED_PAIRS_VARIABLE [TICKET]...: status 0 and everything that must hold. The
# objects are put back to what they were.
truth_allowed()
{
    local before after want
    local -n wanted=$2
    truth_unchanged || return 1
    truth_cell=$1
    shift 2
    cp -p "$truth_work/up.txt" "$BATS_TEST_TMPDIR/up"
    before=$(bucket_state "${TRUTH_BUCKETS[@]}")
    truth_run "$@"
    [[ $status == 0 ]] || { truth_fail 'not allowed'; return 1; }
    after=$(bucket_state "${TRUTH_BUCKETS[@]}")
    want=$(truth_metadata "${wanted[@]}")
    truth_check_output && truth_check_files && truth_check_state "$before" "$after" "$want" ||
        return 1
    truth_restore
}

truth_restore()
{
    # shellcheck disable=SC2086 # bucket and key
    [[ ${truth_args[0]} != mv || -z $truth_from ]] || truth_put_source ${truth_from% *}
    [[ -e $truth_work/up.txt ]] || cp -p "$BATS_TEST_TMPDIR/up" "$truth_work/up.txt"
}

# The metadata at the destination as the AWS CLI reads it is what the quick reader read.
truth_check_aws()
{
    local bucket=${truth_to% *} key=${truth_to#* } by_aws
    by_aws=$(head_metadata "$bucket" "$key")
    assert_equal "$(s3read head "$bucket" "$key" | jq -cS .metadata)" "$by_aws" \
        "cell $truth_cell: the AWS CLI reads other metadata"
}

# nobody_asked WHAT: since the first refused cell gs3 has asked neither S3 nor a ticket system.
nobody_asked()
{
    assert_equal "$(requests_since "$truth_mark" | grep ' gs3/' || true)" '' "S3 requests of $1"
    assert_equal "$(sim_requests)" '' "look-ups of $1"
}

# row ENVIRONMENT FAMILY BUCKET OTHER_BUCKET OPERATION: the ten conditions of one operation within
# one environment.
row()
{
    local environment=$1 family=$2 operation=$5 other=$3 condition id name
    name=$environment/$family/$operation
    [[ $operation != *-across ]] || other=$4
    truth_arguments "$operation" "$3" "$other"
    for condition in "${truth_conditions[@]}"; do
        id=$(truth_ticket "$family" "$condition")
        case $environment/$operation/$condition in
        unmapped/*) ;;
        */good | staging/cp-down/none) continue ;;
        */unknown) # Until here no ticket could serve: nobody is asked anything.
            nobody_asked "the cells none and pattern of $name"
            ;;
        esac
        [[ $id == - ]] || truth_refused "$name/$condition" "$id"
    done
    if [[ $environment == unmapped ]]; then
        nobody_asked "the cells of $name"
        truth_unchanged
        return
    fi
    if [[ $environment/$operation == staging/cp-down ]]; then
        truth_allowed "$name/none" truth_pairs ''
    fi
    id=$(truth_ticket "$family" good)
    truth_schema "$environment" "$family" "$id"
    truth_allowed "$name/good" truth_pairs "$id"
    [[ -z $truth_to ]] || truth_check_aws
}

production() { row production change prod-data prod-other "$1"; }

staging()
{
    row staging jira staging-data staging-other "$1"
    sim_reset
    row staging incident staging-data staging-other "$1"
}

unmapped() { row unmapped change unmapped unmapped "$1"; }

# crossing OPERATION FROM_BUCKET TO_BUCKET: two environments, two tickets; each condition of one
# with the other one good. The change request is production's, the issue staging's.
crossing()
{
    local operation=$1 condition name="$2 to $3/$1"
    truth_arguments "$operation" "$2" "$3"
    for condition in "${truth_conditions[@]}"; do
        [[ $condition != good ]] || continue
        truth_refused "$name/change $condition" "$(truth_ticket change "$condition")" OPS-2
        case $name/$condition in
        staging*/cp-across/none | staging*/cp-across/pattern)
            # Reading staging needs no ticket; what fits no rule is ignored where another serves.
            truth_schema production change CHG0030001
            truth_pairs+=(source-environment=staging)
            truth_allowed "$name/issue $condition" truth_pairs CHG0030001 \
                "$(truth_ticket jira "$condition")"
            ;;
        *) truth_refused "$name/issue $condition" CHG0030001 "$(truth_ticket jira "$condition")" ;;
        esac
    done
    case $name in
    prod*)
        truth_schema staging jira OPS-2
        truth_pairs+=(source-environment=production source-change-request-id=CHG0030001)
        ;;
    *)
        truth_schema production change CHG0030001
        truth_pairs+=(source-environment=staging source-jira-ticket-id=OPS-2)
        ;;
    esac
    truth_allowed "$name/both good" truth_pairs CHG0030001 OPS-2
    truth_check_aws
}
