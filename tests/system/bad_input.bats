#!/usr/bin/env bats
# Bad input: one line on standard error, the exit status of the contract, nothing changed and nobody
# asked; a secret that came on the command line is repeated nowhere.

# Names of the libraries, which read and set them; each test is a subshell.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031
load lib/common
load lib/faults

setup()
{
    sim_reset
    fault_start
}

teardown()
{
    chmod -R u+rwx "$fault_work" 2>/dev/null || true
}

# bad STATUS PATTERN ARGUMENT...: gs3 with the arguments; refused as `failed` says, nobody asked.
bad()
{
    local want=$1 pattern=$2
    shift 2
    fault_run "$@"
    failed "${*:0:6}" "$want" "$pattern"
}

# The rest of a good command line.
GOOD=(--ticket CHG0030001 --purpose 'move the quarterly files')

nobody_asked()
{
    nothing_moved || return 1
    assert_equal "$(requests_since "$fault_mark" | grep ' gs3/')" '' 'requests to S3'
    assert_equal "$(sim_requests)" '' 'requests to the ticket systems'
}

@test "the command line: unknown, incomplete, too much" {
    bad 252 'no command: see gs3 --help'
    bad 252 'unknown command mov: see gs3 --help' mov a b
    bad 252 'unknown command CP' CP a b
    bad 252 'unknown command' '' a b
    bad 252 'unknown option --recurse: see gs3 cp --help' cp --recurse a b
    bad 252 'unknown option --tick' mv up.txt s3://prod-data/x --tick CHG0030001
    bad 252 'unknown option --Ticket' mv up.txt s3://prod-data/x --Ticket CHG0030001
    bad 252 'unknown option --recurs' cp up.txt s3://prod-data/x --recurs
    bad 252 'unknown option --page-size' put up.txt s3://prod-data/x --page-size 5
    bad 252 'unknown option' cp -r up.txt s3://prod-data/x
    bad 252 'unknown option' cp $'--\e[2Jx' up.txt
    bad 252 '--ticket needs a value: ' mv up.txt s3://prod-data/x --ticket
    bad 252 '--quiet takes no value' mv up.txt s3://prod-data/x --quiet=yes
    bad 252 '--output takes text or json' mv up.txt s3://prod-data/x --output yaml
    bad 252 '--ticket must stand after the command' --ticket CHG0030001 mv up.txt s3://prod-data/x
    bad 252 'mv takes a source and a destination, 0 given' mv "${GOOD[@]}"
    bad 252 'mv takes a source and a destination, 1 given' mv up.txt "${GOOD[@]}"
    bad 252 'mv takes a source and a destination, 3 given' mv up.txt down.txt s3://prod-data/x "${GOOD[@]}"
    bad 252 'one of source and destination must be an s3:// address' cp up.txt down.txt "${GOOD[@]}"
    bad 252 'put writes' put s3://prod-data/source.txt down.txt "${GOOD[@]}"
    bad 252 'a stream cannot be moved' mv - s3://prod-data/x "${GOOD[@]}"
    bad 252 'a stream cannot be moved' mv s3://prod-data/source.txt - "${GOOD[@]}"
    bad 252 'an empty path' cp '' s3://prod-data/x "${GOOD[@]}"
    bad 252 'name one object' cp s3://prod-data down.txt "${GOOD[@]}"
    bad 252 'no bucket is named' cp s3:///x down.txt "${GOOD[@]}"
    bad 252 'onto itself' mv s3://prod-data/source.txt s3://prod-data/source.txt "${GOOD[@]}"
    bad 252 'onto itself' mv s3://prod-data/source.txt s3://prod-data "${GOOD[@]}"
    bad 252 'a key has at most 1024 bytes' cp up.txt "s3://prod-data/$(printf 'x%.0s' {1..1025})" "${GOOD[@]}"
    bad 252 'a key has at most 1024 bytes' cp "s3://prod-data/$(printf 'x%.0s' {1..1025})" x "${GOOD[@]}"
    bad 252 'must be UTF-8' cp up.txt $'s3://prod-data/\xff\xfe' "${GOOD[@]}"
    nobody_asked
}

@test "options that are read: metadata, tickets, times, headers" {
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    bad 252 '--sse takes AES256, aws:kms or aws:kms:dsse' "${to[@]}" --sse kms
    bad 252 '--sse-c is given without --sse-c-key' "${to[@]}" --sse-c
    bad 252 'takes a file' "${to[@]}" --sse-c --sse-c-key 0123456789abcdef0123456789abcdef
    bad 252 'a key has 32' "${to[@]}" --sse-c --sse-c-key fileb://up.txt
    bad 252 'the permission is read' "${to[@]}" --grants write=id=x
    bad 252 'exclude each other' "${to[@]}" --acl private --grants read=id=x
    bad 252 'is only for downloads' "${to[@]}" --checksum-mode ENABLED
    bad 252 'a key holds letters' "${to[@]}" --tags 'a&b=c'
    bad 252 'takes a number from' "${to[@]}" --progress-frequency often
    bad 252 '--metadata: write KEY=VALUE' "${to[@]}" --metadata novalue
    bad 252 '--metadata is empty' "${to[@]}" --metadata ''
    bad 252 '--metadata: a key is empty' "${to[@]}" --metadata =x
    bad 252 '--metadata: key a is given twice' "${to[@]}" --metadata a=1,a=2
    bad 252 '--metadata: key A is given twice|twice' "${to[@]}" --metadata a=1,A=2
    bad 252 '--metadata: nothing follows the last comma' "${to[@]}" --metadata a=1,
    bad 252 'does not end' "${to[@]}" --metadata 'a="1'
    bad 252 '--metadata: ' "${to[@]}" --metadata '{"a": 1}'
    bad 252 '--metadata: ' "${to[@]}" --metadata '{"a": "1"'
    bad 252 '--metadata: ' "${to[@]}" --metadata '{"a": "1", "a": "2"}'
    bad 252 '--metadata: ' "${to[@]}" --metadata '{"a": {"b": "1"}}'
    bad 252 '--metadata: .*none[.]json' "${to[@]}" --metadata file://none.json
    bad 252 '--metadata: ' "${to[@]}" --metadata file:///dev/zero
    bad 252 '--metadata: ' "${to[@]}" --metadata file://.
    bad 252 'a ticket id is empty' cp up.txt s3://prod-data/x --ticket '' --purpose 'a good purpose'
    bad 252 'a ticket id is empty' cp up.txt s3://prod-data/x --ticket OPS-2 --ticket '' --purpose 'a good purpose'
    bad 252 'repeat it for another' cp up.txt s3://prod-data/x --ticket CHG0030001,OPS-2
    bad 252 'takes ID or SYSTEM:ID' cp up.txt s3://prod-data/x --ticket cab:
    bad 252 'no ticket system "nix"' cp up.txt s3://prod-data/x --ticket nix:CHG0030001
    # shellcheck disable=SC2046 # many options
    bad 252 'more than 32 tickets' cp up.txt s3://prod-data/x $(printf -- '--ticket CHG00%05d ' {1..33})
    bad 252 '--expires takes a time' "${to[@]}" --expires tomorrow
    bad 252 '--content-type takes printable ASCII' "${to[@]}" --content-type $'a\r\nx-amz-meta-purpose: b'
    bad 252 '--cache-control takes printable ASCII' "${to[@]}" --cache-control $'a\n'
    with GS3_OUTPUT=xml bad 252 'GS3_OUTPUT takes text or json' "${to[@]}"
    nobody_asked
}

@test "what is required and not given: the rule with its place" {
    bad 3 "refused by policy: $BATS_TEST_TMPDIR/policy.yaml:[0-9]+: production/tickets: .*needs a ticket: give --ticket" \
        cp up.txt s3://prod-data/x --purpose 'a good purpose'
    bad 3 'policy.yaml:[0-9]+: production/metadata/purpose: purpose is required: give --purpose' \
        cp up.txt s3://prod-data/x --ticket CHG0030001
    bad 3 'policy.yaml:[0-9]+: production/metadata/purpose: ' \
        cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose short
    bad 3 'policy.yaml:[0-9]+: production/metadata/purpose: ' \
        cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose "$(printf 'x%.0s' {1..201})"
    bad 3 'department is required: give --department' \
        cp up.txt s3://staging-data/x --ticket OPS-2 --purpose 'a good purpose'
    bad 3 's3://unmapped/x is in no environment of .*policy.yaml: add its bucket to the match' \
        cp up.txt s3://unmapped/x "${GOOD[@]}"
    bad 3 's3://shared-data/lively/x is in no environment of .*: add its prefix' \
        cp up.txt s3://shared-data/lively/x "${GOOD[@]}"
    nothing_moved
}

@test "local files: missing, a directory, special, unreadable" {
    mkdir "$fault_work/dir"
    mkfifo "$fault_work/fifo"
    fault_note_state
    bad 255 '^The user-provided path none does not exist[.]$' cp none s3://prod-data/x "${GOOD[@]}"
    bad 255 '^The user-provided path up.txt/none does not exist[.]$' cp up.txt/none s3://prod-data/x "${GOOD[@]}"
    bad 1 'dir is a directory: name a file' cp dir s3://prod-data/x "${GOOD[@]}"
    bad 1 'fifo is a special file' cp fifo s3://prod-data/x "${GOOD[@]}"
    bad 1 'special file' cp /dev/null s3://prod-data/x "${GOOD[@]}"
    bad 1 'cannot open .*: File name too long' cp "$(printf 'x%.0s' {1..300})" s3://prod-data/x "${GOOD[@]}"
    nobody_asked
    [[ $(id -u) != 0 ]] || GS3T_WRAP=(setpriv '--bounding-set=-dac_override,-dac_read_search' --inh-caps=-all --)
    "${GS3T_WRAP[@]}" true 2>/dev/null || skip 'the rights of root cannot be taken away here'
    chmod 000 "$fault_work/up.txt"
    fault_note_state
    bad 1 'cannot open up.txt: Permission denied' mv up.txt s3://prod-data/x "${GOOD[@]}"
    nobody_asked
}

@test "a source object that does not exist, in the words of the AWS CLI" {
    fault_was_allowed=1
    bad '1' '^fatal error: An error occurred [(]404[)] when calling the HeadObject operation: Key "none" does not exist$' \
        cp s3://prod-data/none down.txt "${GOOD[@]}"
    bad '1' '^fatal error: An error occurred [(]404[)]' mv s3://prod-nonexistent/none s3://prod-data/x "${GOOD[@]}"
    nothing_moved
}

@test "bucket names that are none, aliases and ARNs" {
    local name
    for name in ab A a_b my..bucket .abc abc. -abc abc- UPPER-case 192.168.1.1 xn--abc sthree-abc \
        amzn-s3-demo-x my-bucket--ol-s3 my-alias-s3alias a--x-s3 name--table-s3 'buc ket' 'bu%63ket' \
        'büro' "$(printf 'x%.0s' {1..64})" '*' '?' 'prod-data*' 'prod-data?x' 'prod-data#' \
        $'prod-data\t' $'prod\e[31m-data'; do
        bad 252 'bucket ".*": ' cp up.txt "s3://$name/x" "${GOOD[@]}"
        bad 252 'bucket ".*": ' mv "s3://$name/x" down.txt "${GOOD[@]}"
    done
    # An access point is asked for by a host of its own, which an address cannot be.
    bad 253 'access point needs an endpoint with a host name' \
        cp up.txt s3://arn:aws:s3:eu-central-1:123456789012:accesspoint/prod/x "${GOOD[@]}"
    for name in arn:aws:s3:eu-central-1:123456789012:accesspoint/p \
        arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap \
        arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/x \
        arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-1/accesspoint/x arn:aws:s3:::prod-data; do
        bad 252 'ARN|access point' cp up.txt "s3://$name/x" "${GOOD[@]}"
    done
    nobody_asked
}

@test "endpoints with a path, a query, a user part; unlisted, of AWS but not by its rules" {
    local url
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    for url in http://127.0.0.1:1/prod-data 'http://127.0.0.1:1?x=y' 'http://127.0.0.1:1#x' \
        127.0.0.1:1 ftp://127.0.0.1 http:// 'http://127.0.0.1:99999' 'http://127.0.0.1:x' \
        http://127.0.0.1:1// 'http://[::1' $'http://127.0.0.1\r\nX: y' 'http://host name' \
        http://127.0.0.1:1/%2e '' 'http://127.0.0.1 :1' 'http:\\127.0.0.1' "http://$(printf 'x%.0s' {1..300})"; do
        bad '253|252' 'endpoint' "${to[@]}" --endpoint-url "$url"
        [[ -z $url ]] || GS3T_ENDPOINT=$url bad '253|252|3' 'endpoint' "${to[@]}"
    done
    for url in http://127.0.0.1:1 https://127.0.0.1:1 http://localhost:1 "${GS3T_S3_HTTP/127.0.0.1/127.0.0.2}" \
        "${GS3T_S3_HTTP/127.0.0.1/127.1}" "${GS3T_S3_HTTP/127.0.0.1/0x7f.0.0.1}" \
        "${GS3T_S3_HTTP/127.0.0.1/[::ffff:127.0.0.1]}" "${GS3T_S3_VHOST/s3./prod-data.s3.}" \
        "${GS3T_S3_HTTP/http:/https:}"; do
        bad '3|253' 'endpoint' "${to[@]}" --endpoint-url "$url"
    done
    for url in https://s3.eu-west-1.amazonaws.com https://prod-data.s3.us-east-1.amazonaws.com \
        http://s3.us-east-1.amazonaws.com https://s3.us-east-1.amazonaws.com:8443 \
        https://vpce-1.s3.us-east-1.vpce.amazonaws.com https://s3.amazonaws.com.evil.example \
        https://s3-accesspoint.us-east-1.amazonaws.com https://s3.dualstack.us-east-1.amazonaws.com; do
        bad '3|253' 'endpoint' "${to[@]}" --endpoint-url "$url"
    done
    nobody_asked
}

@test "credentials: key without secret, none, unusable, two sources that differ" {
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    with AWS_SECRET_ACCESS_KEY= bad 253 'partial credentials found in environment: aws_secret_access_key is missing' "${to[@]}"
    with AWS_ACCESS_KEY_ID= bad 253 'partial credentials found in environment: aws_access_key_id is missing' "${to[@]}"
    with AWS_ACCESS_KEY_ID= with AWS_SECRET_ACCESS_KEY= bad 253 'unable to locate credentials' "${to[@]}"
    FAULT_SECRETS=('two words' hunter2)
    with AWS_SECRET_ACCESS_KEY='two words' bad 253 'aws_secret_access_key holds white space' "${to[@]}"
    with AWS_SESSION_TOKEN=hunter2a with AWS_SECURITY_TOKEN=hunter2b bad 253 'AWS_SESSION_TOKEN and AWS_SECURITY_TOKEN differ' "${to[@]}"
     bad 253 'profile.*none|none.*profile|none' "${to[@]}" --profile none
    # A credential of the ticket system from two sources.
    policy_edit 's|^      password: .*|&\n      token: {env: SN_ACCESS_TOKEN}|'
     bad 5 'policy.yaml:[0-9]+:[0-9]+: .*(two sources|exactly one)' "${to[@]}"
    fault_options=()
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit 's|^      password: .*|      password: {env: SN_PASSWORD, file: /etc/hostname}|'
     bad 5 'policy.yaml:[0-9]+:[0-9]+: password has two sources: keep one' "${to[@]}"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit '/credentials:/,+2d'
    with SN_ACCESS_TOKEN=hunter2 bad 253 'SN_USERNAME, SN_PASSWORD and SN_ACCESS_TOKEN' "${to[@]}"
    with SERVICENOW_PASSWORD=hunter2 bad 253 'SN_PASSWORD and SERVICENOW_PASSWORD are both set and differ' "${to[@]}"
    with SN_API_KEY=hunter2 bad 253 'these are not the parts of one way to log in' "${to[@]}"
    nothing_moved
}

@test "a secret in the policy itself is refused and not repeated" {
    FAULT_SECRETS=(hunter2)
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    policy_edit 's|^      password: .*|      password: hunter2|'
    bad 5 'policy.yaml:[0-9]+:[0-9]+: a secret never stands in a policy' "${to[@]}"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit 's|^    url: http://|    url: http://gs3:hunter2@|'
    bad 5 'policy.yaml:[0-9]+:[0-9]+: ' "${to[@]}"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit 's|^endpoints:|&\n  - http://key:hunter2@127.0.0.1:9|'
    bad 5 'policy.yaml:[0-9]+:[0-9]+: ' "${to[@]}"
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    policy_edit 's|{env: SN_PASSWORD}|{env: AWS_SECRET_ACCESS_KEY}|'
    bad 5 'AWS_[*] and GS3_[*] are never sent to a ticketing system' "${to[@]}"
    nobody_asked
}

@test "a secret on the command line is refused where it can be told, and repeated nowhere" {
    local url
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    FAULT_SECRETS=(hunter2 wJalrXUtnFEMI K7MDENG)
    bad 252 'takes no user part' cp up.txt s3://AKIA:hunter2@prod-data/x "${GOOD[@]}"
    # AWS's secret keys hold slashes.
    bad 252 'takes no user part' cp up.txt s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG@prod-data/x "${GOOD[@]}"
    bad 252 'takes no user part' mv s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG@prod-data/x down.txt "${GOOD[@]}"
    for url in https://user:hunter2@127.0.0.1:1 http://hunter2@127.0.0.1 https://hunter2:@s3.example \
        'http://127.0.0.1:hunter2' 'http://127.0.0.1:1/?password=hunter2'; do
        bad '253|252' 'endpoint' "${to[@]}" --endpoint-url "$url"
    done
    for url in --password=hunter2 --secret-key=hunter2 -phunter2 --aws-secret-access-key=hunter2; do
        bad 252 'unknown option' "${to[@]}" "$url"
        bad 252 'unknown option' "$url" "${to[@]}"
    done
    bad 252 '--debug takes no value' "${to[@]}" --debug=hunter2
    bad 252 'takes text or json' "${to[@]}" --output=hunter2
    nobody_asked
}

@test "the AWS secret in an argument or a variable, wherever it stands: refused before anything is said" {
    local secret=$GS3T_SECRET_KEY
    local -a to=(cp up.txt s3://prod-data/x "${GOOD[@]}")
    ((${#secret} >= 12))
    secret_is_told() {
        bad 252 '--purpose holds an AWS secret' cp up.txt s3://prod-data/x --ticket CHG0030001 --purpose "because $secret"
        bad 252 '--metadata holds an AWS secret' "${to[@]}" --metadata "key=$secret"
        bad 252 '--metadata holds an AWS secret' "${to[@]}" --metadata "$secret=key"
        bad 252 '--metadata holds an AWS secret' "${to[@]}" --metadata "{\"a\": \"\\u00${first}${secret:1}\"}"
        bad 252 '--department holds an AWS secret' "${to[@]}" --department "$secret"
        bad 252 '--content-disposition holds' "${to[@]}" --content-disposition "x; $secret"
        bad 252 '--ticket holds an AWS secret' "${to[@]}" --ticket "cab:$secret"
        bad 252 'an argument holds an AWS secret' cp up.txt "s3://prod-data/$secret" "${GOOD[@]}"
        bad 252 'the variable GS3_PURPOSE holds an AWS secret' "${to[@]}"
    }
    first=$(printf '%02x' "'${secret:0:1}")
    with GS3_PURPOSE="x $secret" secret_is_told
    bad 252 '--ticket holds' cp up.txt s3://prod-data/x --ticket "$secret" --purpose 'a good purpose'
    bad 252 '--environment holds' "${to[@]}" --environment "$secret"
    bad 252 'an argument holds' cp "$secret" s3://prod-data/x "${GOOD[@]}"
    bad 252 '--region holds' "${to[@]}" --region "$secret"
    bad 252 '--profile holds' "${to[@]}" --profile "$secret"
    bad 252 '--policy holds' "${to[@]}" --policy "/nowhere/$secret"
    bad 252 '--ca-bundle holds' "${to[@]}" --ca-bundle "/nowhere/$secret"
    bad 252 '--endpoint-url holds' "${to[@]}" --endpoint-url "https://$secret.example"
    with AWS_SESSION_TOKEN=FwoGZXIvYXdzEXAMPLE bad 252 '--purpose holds' cp up.txt s3://prod-data/x \
        --ticket CHG0030001 --purpose 'because FwoGZXIvYXdzEXAMPLE'
    # From a profile's file, which is read later: what is written anywhere is looked at all the same.
    client_home >/dev/null
    printf '[filed]\naws_access_key_id = %s\naws_secret_access_key = filed/%s\n' "$GS3T_ACCESS_KEY" "$secret" \
        >"$BATS_TEST_TMPDIR/home/.aws/credentials"
    FAULT_SECRETS=("filed/$secret")
    secret=filed/$secret first=$(printf '%02x' "'f")
    GS3T_ENV+=(AWS_PROFILE=filed AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=)
    with GS3_PURPOSE="x $secret" secret_is_told
    nobody_asked
}

@test "huge and unprintable values: one short line, at once" {
    local big
    big=$(head -c 100000 /dev/zero | tr '\0' x)
    local -a to=(cp up.txt s3://prod-data/x)
    local junk=$'\e]0;x\a\x01\xff\xc0\xaf\xe2\x80\xae\n\r\t\x7f'
    bad 252 '' "$big" a b
    bad 252 '' "--$big" a b
    bad 252 '' cp "s3://$big/x" up.txt "${GOOD[@]}"
    bad 252 '' cp "s3://prod-data/$big" up.txt "${GOOD[@]}"
    bad '1|255' '' cp "$big" s3://prod-data/x "${GOOD[@]}"
    bad '3|252' '' "${to[@]}" --ticket "$big" --purpose 'a good purpose'
    bad 252 '' "${to[@]}" --ticket "$big:CHG0030001" --purpose 'a good purpose'
    bad '3|252' '' "${to[@]}" --ticket CHG0030001 --purpose "$big"
    bad '3|252' '' "${to[@]}" "${GOOD[@]}" --environment "$big"
    bad '1|252|3' '' "${to[@]}" "${GOOD[@]}" --metadata "$big=1"
    bad '1|252|3' '' "${to[@]}" "${GOOD[@]}" --metadata "a=$big"
    bad '5' '' "${to[@]}" "${GOOD[@]}" --policy "$big"
    bad '252|253' '' "${to[@]}" "${GOOD[@]}" --endpoint-url "http://$big"
    bad '253' '' "${to[@]}" "${GOOD[@]}" --region "$big"
    bad '253' '' "${to[@]}" "${GOOD[@]}" --profile "$big"
    bad 252 '' "$junk" a b
    bad 252 '' "--$junk" a b
    bad 252 '' cp "s3://$junk/x" up.txt "${GOOD[@]}"
    bad '1|252|255' '' cp "$junk" s3://prod-data/x "${GOOD[@]}"
    bad '3|252' '' "${to[@]}" --ticket "$junk" --purpose 'a good purpose'
    bad 252 '' "${to[@]}" --ticket "$junk:CHG0030001" --purpose 'a good purpose'
    bad '3|252' '' "${to[@]}" --ticket CHG0030001 --purpose "a good purpose $junk x"
    bad '3|252' '' "${to[@]}" "${GOOD[@]}" --environment "$junk"
    bad '1|252|3' '' "${to[@]}" "${GOOD[@]}" --metadata "a=x${junk}y"
    bad '1|252|3' '' "${to[@]}" "${GOOD[@]}" --metadata "a${junk}=y"
    bad 5 '' "${to[@]}" "${GOOD[@]}" --policy "$junk"
    bad '252|253' '' "${to[@]}" "${GOOD[@]}" --endpoint-url "http://$junk"
    bad 253 '' "${to[@]}" "${GOOD[@]}" --region "$junk"
    bad 253 '' "${to[@]}" "${GOOD[@]}" --profile "$junk"
    nothing_moved
}
