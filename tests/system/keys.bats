#!/usr/bin/env bats
# Keys that break naive clients: up, across, down, moved; byte for byte the same, under exactly that
# key for other clients; over http in path style and virtual-hosted, and over https.

# shellcheck disable=SC2154,SC2030,SC2031,SC2034 # status, output, stderr: set by run; tls: for lib/keys
load lib/common
load lib/keys

setup_file()
{
    make_buckets dev-one dev-two
}

setup()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=keys GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
    tls=()
    [[ -z ${GS3_TEST_BRIEF:-} ]] || sample_keys 4 1
    KEYS+=("$(long_key)")
    [[ $(long_key | wc -c) == 1024 ]]
}

with_tls()
{
    # shellcheck disable=SC2034 # for gs3_
    GS3T_ENDPOINT=$GS3T_S3_HTTPS GS3T_CA=/nonexistent
    tls=(--ca-bundle "$GS3T_S3_CA")
    "$1"
}

@test "every key survives up, across and down: http, path style" { copies; }
@test "every key survives moves up, across and down: http, path style" { moves; }
# Only the way to the server is another one: a third of the keys each.
@test "keys survive moves up, across and down: http, virtual-hosted" {
    sample_keys 3 0
    virtual_hosted moves
}
@test "keys survive moves up, across and down: https with --ca-bundle" {
    sample_keys 3 1
    with_tls moves
}

@test "a file's own name becomes the end of the key, a key's end the file's name" {
    local name key
    local -a names=(
        'a b' ' x ' 'a+b' 'a%b' 'a%2Fb' '...' '.hidden' 'what?' '#' 'a&b=c' "it's" '"q"' 'a\b'
        $'caf\u00e9' $'cafe\u0301' '日本' '😀' 'שלום' $'new\nline' $'tab\tx' $'x\x01' '-dash' '*'
        "$(printf 'n%.0s' {1..255})"
    )
    local -a keys=()
    [[ -z ${GS3_TEST_BRIEF:-} ]] || names=("${names[@]: -8}")
    make_buckets dev-one dev-two
    mkdir "$work/up" "$work/down"
    for name in "${names[@]}"; do
        key=deep/er/$name keys+=("deep/er/$name")
        make_body "$work/up/$name" "$name"
        key_gs3 cp "$work/up/$name" s3://dev-one/deep/er/
        key_gs3 cp "s3://dev-one/$key" s3://dev-two/deep/er/
        key_gs3 cp "s3://dev-two/$key" "$work/down"
        assert_same_bytes "$work/up/$name" "$work/down/$name"
    done
    assert_keys dev-one "${keys[@]}"
    assert_keys dev-two "${keys[@]}"
}

@test "a name that starts with a dash, by the end of the options" {
    key=-dash
    make_body "$work/-dash" x
    cd "$work"
    run --separate-stderr gs3_ cp --ticket OPS-2 -- -dash s3://dev-one/
    assert_status 0
    assert_equal "$output" 'upload: ./-dash to s3://dev-one/-dash'
    assert_object_bytes dev-one -dash "$work/-dash"
}

# refused_key STATUS KEY WORDS: a key that S3 cannot have, as destination and as source.
refused_key()
{
    run --separate-stderr gs3_ cp "$work/f" "s3://dev-one/$2"
    assert_status "$1"
    assert_equal "$output" '' "standard output for $(printf %q "$2")"
    [[ $stderr == "gs3: "*"$3"* && $stderr != *$'\n'* ]] ||
        { printf 'not one clear line: %q\n' "$stderr"; return 1; }
}

@test "a key that S3 does not take is refused in one line, before any request" {
    make_buckets dev-one
    echo x >"$work/f"
    mark=$(requests_mark)
    refused_key 252 "$(long_key)x" '1024 bytes'
    refused_key 252 $'not\xffutf8' 'UTF-8'
    refused_key 252 $'over\xc0\xaflong' 'UTF-8'
    refused_key 252 $'half\xed\xa0\x80pair' 'UTF-8'
    refused_key 252 "$(printf 'd/%.0s' {1..512})" '1024 bytes'
    run --separate-stderr gs3_ cp "s3://dev-one/$(long_key)x" "$work/down"
    assert_status 252
    run --separate-stderr gs3_ cp "$work/f" s3://
    assert_status 252
    run --separate-stderr gs3_ cp "$work/f" s3:///key
    assert_status 252
    run --separate-stderr gs3_ cp s3://dev-one "$work/down"
    assert_status 252
    assert_equal "$(requests_since "$mark" | grep ' gs3/' || true)" '' "requests"
    assert_keys dev-one
    [[ ! -e $work/down ]]
}

@test "a key that no file can be named after needs a file's name" {
    local key
    make_buckets dev-one
    echo x >"$work/f"
    mkdir "$work/down"
    for key in end/ . .. a/.. /; do
        s3write put dev-one "$key" "$work/f"
        run --separate-stderr gs3_ cp "s3://dev-one/$key" "$work/down/"
        assert_status 252
        key_gs3 cp "s3://dev-one/$key" "$work/down/named"
        assert_same_bytes "$work/f" "$work/down/named"
        rm "$work/down/named"
    done
    assert_equal "$(find "$work" -type f)" "$work/f" "the files"
}

@test "two keys that differ only in encoding never meet" {
    make_buckets dev-one
    local -a pairs=('a b' 'a+b' 'a%20b' 'a%2520b' 'a//b' 'a/b' 'a/./b' 'a/x/../b' '/a/b' $'a\u00e9'
        $'ae\u0301' 'A b')
    local number=0
    for key in "${pairs[@]}"; do
        number=$((number + 1))
        make_body "$work/$number" "$key"
        key_gs3 put "$work/$number" "s3://dev-one/$key"
    done
    number=0
    for key in "${pairs[@]}"; do
        number=$((number + 1))
        assert_object_bytes dev-one "$key" "$work/$number"
        key_gs3 cp "s3://dev-one/$key" "$work/$number.down"
        assert_same_bytes "$work/$number" "$work/$number.down"
    done
    assert_keys dev-one "${pairs[@]}"
}
