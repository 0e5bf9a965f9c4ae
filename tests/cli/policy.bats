# gs3 policy export and lint, without any server: the documents against golden ones, against AWS's
# grammar and against tables of requests (tests/system/lib/iam.py evaluates them, independently of gs3).
# After a change that is meant: GS3_WRITE_GOLDEN=1 make check TESTS=tests/cli/policy.bats; then read the diff.
# shellcheck shell=bash disable=SC2034,SC2154 # bats sets status, output, stderr

load ../system/lib/trace

setup_file() {
    bats_require_minimum_version 1.5.0
    : "${GS3:?GS3 names the gs3 program}"
    export top_srcdir="${top_srcdir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}"
    export golden="$top_srcdir/tests/cli/golden" PYTHONDONTWRITEBYTECODE=1
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    unset "${!GS3_POLICY@}" GS3_ENVIRONMENT
    cp "$golden/policy.yaml" policy.yaml
    role=arn:aws:iam::111122223333:role
}

iam() { python3 "$top_srcdir/tests/system/lib/iam.py" "$@"; }

need_python() { command -v python3 >/dev/null || skip "python3 is not installed"; }

# What the golden document of a kind is made with.
options_of() { # KIND
    case $1 in
    bucket) echo --bucket shared-data --sse aws:kms --exempt-role "$role/break-glass" --vpc-endpoint vpce-1 \
        --vpc-endpoint vpce-2 --sse-kms-key-id arn:aws:kms:eu-central-1:111122223333:key/ours ;;
    trust) echo --environment production --principal arn:aws:iam::111122223333:root ;;
    permissions) echo --environment staging ;;
    scp) echo --exempt-role "$role/break-glass" --role-arn "$role/gs3-production" --environment production \
        --bucket shared-data --bucket prod-data --bucket prod-anything ;;
    esac
}

export_() { # KIND FORMAT [OPTION...]
    # shellcheck disable=SC2046 # words
    "$GS3" policy export --policy policy.yaml --kind "$1" --format "$2" $(options_of "$1") "${@:3}"
}

kinds='bucket trust permissions scp vpce event-selectors eventbridge alarm'

refused() { # STATUS WORDS OPTION...: one line, and nothing on standard output
    run "-$1" --separate-stderr "$GS3" policy export --policy policy.yaml "${@:3}"
    [ -z "$output" ]
    if [[ ${#stderr_lines[@]} != 1 || "$stderr" != *"$2"* ]]; then
        printf '%s\nwanted: %s\n' "$stderr" "$2"
        return 1
    fi
}

# ------------------------------------------------------------------ the documents

@test "the documents are the golden ones" {
    for kind in $kinds; do
        export_ "$kind" json >found.json 2>notes
        [ -z "${GS3_WRITE_GOLDEN:-}" ] || cp found.json "$golden/$kind.json"
        diff -u "$golden/$kind.json" found.json
    done
}

@test "the documents are what AWS's grammar takes" {
    need_python
    for kind in $kinds; do
        export_ "$kind" json >found.json 2>notes
        iam check "$kind" found.json || { echo "$kind"; false; }
        for partition in aws-cn aws-us-gov; do
            export_ "$kind" json --partition "$partition" >found.json 2>notes
            iam check "$kind" found.json
        done
    done
}

@test "the check of the grammar finds what is wrong" {
    need_python
    while IFS='|' read -r from to; do
        sed "s#$from#$to#" "$golden/bucket.json" >wrong.json
        run -1 iam check bucket wrong.json
        [ -n "$output" ]
    done <<'TABLE'
"s3:PutObject"|"s3:PutObjects"
"Null"|"Nil"
2012-10-17|2008-10-17
RequestObjectTag/change-request-id|ObjectTags
"Sid"|"_comment"
arn:aws:s3:::shared-data/live"|arn:aws:s3:::*"
"true"|true
TABLE
}

@test "the policies decide as their tables say" {
    need_python
    total=0
    for kind in bucket trust permissions scp; do
        export_ "$kind" json >found.json 2>notes
        run -0 iam table found.json "$golden/$kind.rows"
        total=$((total + ${lines[0]%% *}))
    done
    [ "$total" -ge 80 ]
    # And the table says so of this policy alone: with one statement less it does not hold.
    for sid in WriteNeedsTicket1 DeleteNeedsTicket5 OnlyTls OtherEncryption CustomerKey OtherKmsKey OnlyThroughVpc; do
        jq --arg sid "$sid" 'del(.Statement[] | select(.Sid == $sid))' "$golden/bucket.json" >less.json
        run -1 iam table less.json "$golden/bucket.rows"
    done
}

@test "every document says what it can and what it cannot enforce, in each form" {
    for kind in $kinds; do
        export_ "$kind" json 2>notes >/dev/null
        grep -q '^can: ' notes
        grep -q '^cannot: ' notes
        export_ "$kind" terraform >found.tf 2>none
        export_ "$kind" cloudformation >found.json 2>>none
        [ ! -s none ]
        while read -r note; do
            grep -qxF -- "# - $note" found.tf
            jq -e --arg note "$note" '.Metadata.Gs3Notes | index($note)' found.json >/dev/null
        done <notes
    done
}

@test "terraform and cloudformation carry the same documents" {
    need_python
    for kind in $kinds; do
        export_ "$kind" terraform >found.tf
        iam terraform found.tf "$golden/$kind.json" || { echo "$kind"; false; }
        export_ "$kind" cloudformation >found.json
        iam cloudformation found.json "$golden/$kind.json" || { echo "$kind"; false; }
    done
}

@test "terraform itself takes the form" {
    command -v terraform >/dev/null || skip "terraform is not installed"
    for kind in $kinds; do
        export_ "$kind" terraform >found.tf
        terraform fmt -check=false -write=false found.tf >/dev/null
    done
}

# ------------------------------------------------------------------ which documents

@test "several buckets or environments: each in terraform, and json asks for one" {
    refused 252 "json has one document, and these would be 2 (prod-data, shared-data): choose one with --bucket" \
        --kind bucket
    refused 252 "choose one with --environment" --kind permissions --bucket prod-data --bucket shared-data
    run -0 --separate-stderr "$GS3" policy export --policy policy.yaml --kind bucket --format terraform
    [ "$(grep -c '^resource "aws_s3_bucket_policy"' <<<"$output")" = 2 ]
    [[ "$output" == *"# - left out: prod-* is a pattern"* ]]
    run -0 --separate-stderr "$GS3" policy export --policy policy.yaml --kind bucket --bucket prod-eu.logs --format terraform
    [[ "$output" == *'resource "aws_s3_bucket_policy" "gs3_prod-eu_logs"'* ]]
}

@test "a document of a bucket has every environment that governs in it" {
    run -0 --separate-stderr "$GS3" policy export --policy policy.yaml --kind bucket --environment staging
    [[ "$output" == *'"arn:aws:s3:::shared-data/live/*"'* ]]
    [[ "$output" == *'s3:RequestObjectTag/jira-ticket-id'* ]]
    [[ "$output" != *prod-data* ]]
}

@test "GS3_POLICY and GS3_ENVIRONMENT stand for their options" {
    GS3_POLICY=policy.yaml GS3_ENVIRONMENT=staging run -0 --separate-stderr "$GS3" policy export --kind permissions
    [[ "$output" == *'"aws:PrincipalTag/environment": "staging"'* ]]
}

# ------------------------------------------------------------------ what is refused

@test "options that do not fit" {
    refused 252 "policy export needs --kind" --format json
    refused 252 "--kind takes bucket, trust, permissions, scp, vpce, event-selectors, eventbridge or alarm" --kind iam
    refused 252 "--kind trust needs --principal" --kind trust
    refused 252 "--principal takes no * and ?" --kind trust --principal 'arn:aws:iam::*:root'
    refused 252 'and "jane" does not' --kind trust --principal jane
    refused 252 "--role-arn takes a role" --kind scp --role-arn arn:aws:iam::111122223333:user/jane --environment staging
    refused 252 "name it with --environment" --kind permissions --role-arn "$role/x"
    refused 252 "--environment nowhere: policy.yaml has no environment of that name" --kind scp --environment nowhere
    refused 252 "--bucket elsewhere: no environment governs it" --kind scp --bucket elsewhere
    refused 252 "--bucket prod-data: no environment named staging governs it" --kind scp --bucket prod-data --environment staging
    refused 252 "--bucket PROD" --kind scp --bucket PROD
    refused 252 "--sse-kms-key-id needs --sse aws:kms" --kind bucket --sse-kms-key-id arn:aws:kms:x
    refused 252 "takes no argument" --kind scp extra
    refused 252 'takes what begins with arn:' --kind scp --exempt-role $'arn:\e[2J'
}

@test "what AWS's language cannot say is refused by name" {
    cat >policy.yaml <<'YAML'
apiVersion: gs3/v1
serial: 1
environments:
  outer: {match: [{bucket: data, prefix: a}], governance_level: high, ticket_for: []}
  inner: {match: [{bucket: data, prefix: a/b}], governance_level: high, ticket_for: []}
  some: {match: [{bucket: "some-*", prefix: x}], governance_level: high, ticket_for: []}
  wide: {match: [{bucket: "w*"}], governance_level: high, ticket_for: []}
  within: {match: [{bucket: wide-data}], governance_level: high, ticket_for: []}
YAML
    refused 255 'policy.yaml:4: a bucket policy cannot say "below a but not below a/b"' --kind bucket --bucket data
    refused 255 'policy.yaml:6: in IAM the pattern some-* would match beyond' --kind permissions --environment some
    refused 255 'policy.yaml:7: IAM cannot say "w* but not wide-data", which is in environment within' \
        --kind permissions --environment wide
    refused 252 'some-* is a pattern, and a bucket policy belongs to one bucket' --kind bucket --environment some
    run -0 --separate-stderr "$GS3" policy export --policy policy.yaml --kind permissions --bucket some-one
    [[ "$output" == *'"arn:aws:s3:::some-one/x/*"'* ]]
}

@test "a document over AWS's limit is refused by name" {
    {
        sed '/^environments:/,$d' "$golden/policy.yaml"
        printf 'environments:\n'
        for number in $(seq 1 100); do
            printf '  e%s:\n    match: [{bucket: data, prefix: team-%s/}, {bucket: data-%s}]\n' "$number" "$number" "$number"
            printf '    governance_level: high\n    ticket_for: [write, delete]\n    tickets:\n'
            printf '      - {name: c, system: cab, pattern: "CHG[0-9]{7}", approval: [approved], metadata_key: k%s}\n' "$number"
        done
    } >policy.yaml
    refused 255 'the bucket policy of data would have' --kind bucket --bucket data
    [[ "$stderr" == *"bytes and AWS takes at most 20480"* ]]
    refused 255 'the service control policy of gs3 would have' --kind scp
    refused 255 'the metric filter gs3-downloads-around would have' --kind alarm
    long=arn:aws:iam::111122223333:role/$(printf 'x%.0s' {1..700})
    refused 255 'the trust policy of e1 would have' --kind trust --environment e1 --principal "$long"
}

# ------------------------------------------------------------------ lint

@test "lint: a line for a good policy, the place and 5 for a bad one" {
    run -0 --separate-stderr "$GS3" policy lint policy.yaml
    [[ "$output" =~ ^policy\.yaml:\ valid:\ serial\ 7,\ digest\ [0-9a-f]{12},\ environments:\ production\ staging$ ]]
    [ -z "$stderr" ]
    sed -i 's/approval:/aproval:/' policy.yaml
    run -5 --separate-stderr "$GS3" policy lint policy.yaml
    [ -z "$output" ]
    [[ "$stderr" =~ ^gs3:\ policy\.yaml:[0-9]+:[0-9]+:\  ]]
    run -5 --separate-stderr "$GS3" policy lint missing.yaml
    [[ "$stderr" == *missing.yaml* ]]
    run -252 --separate-stderr "$GS3" policy lint a b
}

@test "lint --system reads a policy as the system's" {
    sed -i 's/^serial: 7/serial: 7\nlocked: true/' policy.yaml
    run -5 --separate-stderr "$GS3" policy lint policy.yaml
    [[ "$stderr" == *locked* ]]
    run -0 --separate-stderr "$GS3" policy lint --system policy.yaml
    run -252 --separate-stderr "$GS3" policy lint --system
}

@test "a group alone, and an unknown command in it" {
    run -252 --separate-stderr "$GS3" policy
    [ "$stderr" = "gs3: gs3 policy needs a command: see gs3 policy --help" ]
    run -252 --separate-stderr "$GS3" policy sign
    [ "$stderr" = "gs3: unknown command policy sign: see gs3 policy --help" ]
    run -252 --separate-stderr "$GS3" "policy export"
    [ "$stderr" = "gs3: unknown command policy export: see gs3 --help" ]
    run -0 --separate-stderr "$GS3" policy --help
    [[ "$output" == *"policy export"*"policy lint"* ]]
    run -0 --separate-stderr "$GS3" policy export --help
    [[ "$output" == "usage: gs3 policy export [options] --kind KIND"* ]]
}
