# shellcheck shell=bash
# Keys that break naive clients, and what is done with each (keys.bats, libs3.bats). `load lib/keys`
# after `load lib/common`. Depends on common.bash, jq, the AWS CLI; on `work`, a directory, and
# `tls`, options of gs3. `keys_settings`: lines of the profile.
# shellcheck disable=SC2154,SC2030,SC2031 # status, output, stderr: set by run

# Longest key: 1024 bytes, of characters of one to four bytes.
long_key() { printf '%s' "$(printf 'a é/€-😀_bc%.0s' {1..64})"; }

# Every key here is a different object, also where two look alike (é, é; a b, a+b, a%20b).
# shellcheck disable=SC1003,SC2016 # nothing here is to be expanded
KEYS=(
    'a b' ' leading and trailing ' 'a+b' 'a%b' '100%' 'a%20b' 'a%2Fb' '%' '%25' '%zz' 'a%00b'
    'a//b' 'a///b//c' '/leading' '//twice' 'a/./b' './here' '.' '..' '../up' 'a/../b' '../../..'
    'dots...' 'dir./x' '.hidden' '...' 'what?' 'q?a=1&b=2' '?' '#frag' 'a#b' '#' 'a&b' 'a=b'
    'a&amp;b' '&' '=' "it's" '"quoted"' "'" '"' '`tick`' 'a\b' '\' '\x41' 'a|b' '<tag>' '{a}[b]^'
    'a;b,c' 'a:b' 'a@b' '~home' '!bang*(x)$y' '-dash' '--recursive' 'tail-' '*' 'caf?e'
    $'caf\u00e9' $'cafe\u0301' '日本語/ファイル' '😀 emoji 👩‍👩‍👧' 'שלום/مرحبا' 'ﬀ' 'ß' $'a\u00a0b'
    $'zero\u200bwidth' $'rtl\u202eexe.txt' $'\ufeffbom' $'\U10ffff'
    $'ctrl\x01x' $'new\nline' $'tab\tx' $'cr\rx' $'esc\x1b[31mred' $'del\x7f' $'c1\u0085x' $'\n'
    versionId=1 'uploads' '?uploads' '?acl' 'x?versionId=null' 'a.tar.gz' 'x-amz-meta-a: b'
)

# sample_keys N FIRST: of KEYS every Nth alone.
sample_keys()
{
    local i
    local -a all=("${KEYS[@]}")
    KEYS=()
    for ((i = $2; i < ${#all[@]}; i += $1)); do KEYS+=("${all[i]}"); done
}

# gs3 on a key; a failure names the key.
key_gs3()
{
    status=0
    output=$(gs3_ "$@" "${tls[@]}" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
    IFS= read -r -d '' stderr <"$BATS_TEST_TMPDIR/stderr" || true
    assert_status 0 || { printf 'the key: %q, the command: %q\n' "$key" "$*"; return 1; }
    assert_equal "$stderr" '' "standard error of gs3 $* on $(printf %q "$key")"
    # What is printed cannot steer a terminal or make a second line.
    [[ $output != *[$'\x01'-$'\x09'$'\x0b'-$'\x1f'$'\x7f']* ]] ||
        { printf 'a control character is printed for the key %q\n' "$key"; return 1; }
    local lines=1 ends=${output//[!$'\n']/}
    [[ $2 != s3://* || $3 == s3://* ]] || lines=2
    assert_equal $((${#ends} + 1)) "$lines" "lines printed for the key of $*"
}

# A body of its own for each key.
make_body()
{
    printf '%s\n%s\n' "$2" "$RANDOM$RANDOM" >"$1"
}

# keys_in BUCKET is exactly the given keys, by the quick reader.
assert_keys()
{
    local bucket=$1
    shift
    assert_equal "$(s3read list "$bucket" | jq -sc sort)" \
        "$(jq -nc '$ARGS.positional | sort' --args -- "$@")" "the keys in $bucket"
}

# The same by the AWS CLI, which decodes what it lists by itself.
assert_keys_by_aws()
{
    local bucket=$1 GS3T_ENDPOINT=$GS3T_S3_HTTP GS3T_CA=$GS3T_S3_CA
    shift
    assert_equal "$(aws_ s3api list-objects-v2 --bucket "$bucket" --query 'Contents[].Key' \
        --output json | jq -c sort)" \
        "$(jq -nc '$ARGS.positional | sort' --args -- "$@")" "the keys in $bucket by the AWS CLI"
}

# Every key: up, across, down; each read back by a client that shares nothing with gs3.
copies()
{
    local number=0 file
    make_buckets dev-one dev-two
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        make_body "$file" "$key"
        key_gs3 cp "$file" "s3://dev-one/$key"
        key_gs3 cp "s3://dev-one/$key" "s3://dev-two/$key"
        key_gs3 cp "s3://dev-two/$key" "$file.down"
        assert_same_bytes "$file" "$file.down"
    done
    assert_keys dev-one "${KEYS[@]}"
    assert_keys dev-two "${KEYS[@]}"
    assert_keys_by_aws dev-two "${KEYS[@]}"
    local -a all=()
    number=0
    for key in "${KEYS[@]}"; do
        number=$((number + 1))
        all+=(--then get dev-two "$key" "$work/$number.got")
    done
    s3read "${all[@]:1}"
    number=0
    for key in "${KEYS[@]}"; do
        number=$((number + 1))
        assert_same_bytes "$work/$number" "$work/$number.got" ||
            { printf 'other bytes: %q\n' "$key"; return 1; }
    done
}

moves()
{
    local number=0 file
    make_buckets dev-one dev-two
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        make_body "$file" "$key"
        cp "$file" "$file.up"
        key_gs3 mv "$file.up" "s3://dev-one/$key"
        [[ ! -e $file.up ]] || { printf 'not moved up: %q\n' "$key"; return 1; }
        key_gs3 mv "s3://dev-one/$key" "s3://dev-two/$key"
    done
    assert_keys dev-one
    assert_keys dev-two "${KEYS[@]}"
    number=0
    for key in "${KEYS[@]}"; do
        number=$((number + 1)) file=$work/$number
        key_gs3 mv "s3://dev-two/$key" "$file.down"
        assert_same_bytes "$file" "$file.down" || { printf 'other bytes: %q\n' "$key"; return 1; }
    done
    assert_keys dev-two
}

virtual_hosted()
{
    local mark
    GS3T_ENDPOINT=$GS3T_S3_VHOST
    printf '[default]\n%ss3 =\n  addressing_style = virtual\n' "${keys_settings-}" \
        >"$(client_home)/.aws/config"
    mark=$(requests_mark)
    "$1"
    # The bucket was in the host's name: no request has it in its path.
    requests_since "$mark" | grep ' gs3/' >"$BATS_TEST_TMPDIR/requests"
    assert_equal "$(grep -c ' /dev-' "$BATS_TEST_TMPDIR/requests" || true)" 0
}
