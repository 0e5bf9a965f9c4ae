#!/usr/bin/env bats
# A store and a network that fail now and then: one request in a hundred is reset, one in twenty is
# throttled, bodies are cut, copies fail with 200. Many objects up, across, down, copied and moved:
# each arrives byte for byte, or exit 1 names it; no source of an unfinished move is gone, no half of
# a file is there, no multipart upload is left behind.
#
# GS3_TEST_SEED says which requests fail (printed when a test fails); GS3_TEST_LONG=1 takes more
# objects, more seeds and a worse network.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err, work: set by the libraries
# shellcheck disable=SC2034,SC2164 # variables for the libraries; bats ends a test that fails
load lib/common
load lib/proxy
load lib/faults
load lib/trees
load lib/arrived

[[ -z ${GS3_TEST_LONG:-} ]] || BATS_TEST_TIMEOUT=3600

# What a bad day looks like.
FAULTS=(
    'reset-before 0.004' 'reset-body 0.003' 'reset-after 0.004' 'status 0.05' 'truncate 0.01'
    'close 0.005' 'stall 0.005 - 1' 'error200 0.03' 'error200 0.02 - done'
    'status 0.01 - 500,InternalError'
)

setup()
{
    trees_start
    seed=${GS3_TEST_SEED:-1}
    objects=150
    [[ -z ${GS3_TEST_LONG:-} ]] || objects=1000
    printf '[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n' \
        >"$(client_home)/.aws/config"
    make_buckets dev-data dev-copy
    cd "$work"
    a_tree 45
}

teardown()
{
    [[ -n ${BATS_TEST_COMPLETED:-} ]] || printf 'GS3_TEST_SEED=%s\n' "${seed:-}"
    proxy_end
}

# a_tree COUNT: tree/ with so many small files, a third of them in tree/1, and some that go in parts.
a_tree()
{
    local i blob
    rm -rf tree
    mkdir -p tree/a tree/c tree/0 tree/1
    head -c 12000001 /dev/urandom >tree/large.1
    head -c 5242880 /dev/urandom >tree/a/large.2
    head -c 16000000 /dev/urandom >tree/c/large.3
    blob=$(head -c 16000 /dev/urandom | base64 -w 0)
    for ((i = 0; i < $1; i++)); do
        printf '%s%s' "${blob:0:i * 97 % 20011}" "$i" >"tree/$((i % 3 == 0))/$i"
    done
    manifest_of tree >wanted
}

# Each name of FILE is in a line about a failure; of a listing that broke off, which is said, nobody
# knows the names.
all_named()
{
    local name
    [[ $err != *'fatal error: '*ListObjectsV2* ]] || return 0
    while IFS= read -r name; do
        grep -aqF -- "$name" <<<"$err" || { tree_fail "$1, and it is not named: $name"; return 1; }
    done <"$2"
}

# after_faults SOURCE_MANIFEST DESTINATION_MANIFEST: the end that tree_run had is an honest one.
after_faults()
{
    local kept=$1 landed=$2
    [[ $status == [01] ]] || { tree_fail 'neither done nor failed'; return 1; }
    with_other_sum wanted "$landed" >half
    [[ ! -s half ]] || { tree_fail "half there: $(<half)"; return 1; }
    not_in wanted "$landed" >missing
    [[ $status == 1 || ! -s missing ]] || { tree_fail "exit 0, not there: $(<missing)"; return 1; }
    all_named 'not there' missing || return 1
    if [[ ${tree_ran[0]} == mv ]]; then
        # What is not at the destination is at the source, whole; what failed is not deleted.
        grep -xF -f missing <(cut -c 35- "$kept") | LC_ALL=C sort >still || true
        diff <(LC_ALL=C sort missing) still || { tree_fail 'LOST'; return 1; }
        [[ $status == 1 || ! -s $kept ]] || { tree_fail 'exit 0, and sources are left'; return 1; }
        cut -c 35- "$kept" >left
        all_named 'the source is left' left || return 1
    fi
    with_other_sum wanted "$kept" >half
    [[ ! -s half ]] || { tree_fail "a source changed: $(<half)"; return 1; }
    assert_equal "$(find . -name '.gs3-*')" '' 'temporary files' || return 1
    no_uploads_left
}

# An upload that could not be aborted is at least told: by its id, or by its key where it was begun and
# no answer said so. Once told it may stay.
no_uploads_left()
{
    local id key
    touch told
    s3read uploads dev-data dev-copy | jq -r '"\(.upload) \(.key)"' | grep -vF -f told >left || true
    while read -r id key; do
        [[ $err == *"$id"* ]] ||
            grep -aF -- "$key" <<<"$err" | grep -q 'one without parts may be left on the store' ||
            { tree_fail "an upload is left behind: $id $key"; return 1; }
        printf '%s\n' "$id" >>told
        printf '# left and told: %s %s\n' "$id" "$key"
    done <left
}

# once_more ARGUMENT...: the failed ones again, without faults: it must go through.
once_more()
{
    proxy_rules
    [[ $status == 0 ]] || tree_ends 0 "$@" || return 1
    proxy_rules "${FAULTS[@]}"
}

tickets=(jira-ticket-id=OPS-2 environment=development "operator=os:$(id -un)" purpose=trees)

governed()
{
    objects_of "$1" t/ >/dev/null
    assert_equal "$(ungoverned "${tickets[@]}")" '' 'without governance'
}

# every_way WORD: up, across and down, with faults.
every_way()
{
    local word=$1
    a_tree "$objects"
    make_buckets dev-data dev-copy
    rm -rf down up
    cp -a tree up
    proxy_rules "${FAULTS[@]}"
    tree_run "$word" up s3://dev-data/t --recursive --no-progress
    objects_of dev-data t/ >landed
    manifest_of up >kept
    after_faults kept landed
    once_more "$word" up s3://dev-data/t --recursive --no-progress
    governed dev-data

    tree_run "$word" s3://dev-data/t s3://dev-copy/t --recursive --no-progress
    objects_of dev-copy t/ >landed
    objects_of dev-data t/ >kept
    after_faults kept landed
    once_more "$word" s3://dev-data/t s3://dev-copy/t --recursive --no-progress
    governed dev-copy

    mkdir down
    tree_run "$word" s3://dev-copy/t down --recursive --no-progress
    manifest_of down >landed
    objects_of dev-copy t/ >kept
    after_faults kept landed
    once_more "$word" s3://dev-copy/t down --recursive --no-progress
    diff -r tree down
    proxy_faults >faults
    printf '# seed %s, faults: %s\n' "$seed" "$(tr '\n' ' ' <faults)"
    # A test that hits nothing shows nothing.
    (($(proxy_count '' '.fault') >= objects / 5)) || tree_fail 'hardly anything was broken'
}

@test "many objects copied over a bad network: each arrives or is named" {
    proxy_start "$seed"
    every_way cp
}

@test "many objects moved over a bad network: each arrives or is named and kept" {
    proxy_start "$seed"
    every_way mv
}

@test "twenty bad days (GS3_TEST_LONG=1)" {
    [[ -n ${GS3_TEST_LONG:-} ]] || skip 'takes an hour: set GS3_TEST_LONG=1'
    local first=$seed objects=150
    FAULTS=('status 0.25' 'reset-before 0.02' 'reset-body 0.02' 'reset-after 0.02' 'truncate 0.05'
        'close 0.02' 'error200 0.1' 'error200 0.05 - done' 'stall 0.01 - 2')
    for ((seed = first; seed < first + 20; seed++)); do
        proxy_start "$seed"
        every_way mv
        every_way cp
        proxy_end
    done
}

# large_fails RULE PATTERN: of one large file the last request that counts never works.
large_fails()
{
    proxy_rules "$1"
    tree_run "${@:3}" --no-progress
    [[ $status == 1 && $err =~ $2 ]] || { tree_fail "not failed with: $2"; return 1; }
    proxy_rules
}

@test "a large object whose parts, completion or abort never work" {
    mkdir one
    cp tree/large.1 one/large
    s3write put dev-data one/large one/large
    proxy_start "$seed"
    local -a up=(mv one s3://dev-copy/up --recursive) across=(mv s3://dev-data/one s3://dev-copy/x --recursive)
    local rule
    for rule in 'status 1 - - ^UploadPart' 'status 1 - - partNumber=3' \
        'reset-after 1 - - CompleteMultipartUpload.*zzz|partNumber=2' 'reset-body 1 - - partNumber=1' \
        'status 1 - 403,AccessDenied partNumber=2' 'status 1 - - ^CompleteMultipart'; do
        large_fails "$rule" 'move failed: (./)?one/large to ' "${up[@]}" || return 1
        large_fails "$rule" 'move failed: s3://dev-data/one/large to ' "${across[@]}" || return 1
        no_uploads_left
    done
    large_fails 'error200 1 - - ^UploadPartCopy' 'InternalError' "${across[@]}"
    large_fails 'error200 1 - - ^CompleteMultipart' 'InternalError|not known' "${across[@]}"
    large_fails 'error200 1 - - ^CompleteMultipart' 'InternalError|not known' "${up[@]}"
    no_uploads_left
    assert_equal "$(s3read list dev-copy)" '' 'objects'
    assert_same_bytes one/large tree/large.1
    assert_object_bytes dev-data one/large tree/large.1
    # Done on the store, whatever was answered: that is found out, and the move ends well.
    proxy_rules 'reset-after 1 - - ^CompleteMultipart'
    tree_ends 0 "${across[@]}"
    assert_object_bytes dev-copy x/large tree/large.1
    assert_equal "$(s3read list dev-data)" ''
    proxy_rules 'error200 1 - done ^CompleteMultipart'
    tree_ends 0 "${up[@]}"
    assert_object_bytes dev-copy up/large tree/large.1
    [[ ! -e one/large ]]
    # Neither the parts nor the abort: the one that is left is told by its id.
    cp tree/large.1 one/large
    proxy_rules 'status 1 - - partNumber=2' 'status 1 - - ^Abort'
    tree_ends 1 "${up[@]}"
    assert_equal "$(s3read uploads dev-copy | wc -l)" 1
    no_uploads_left
}

@test "the batch of deletes fails in every way: nothing is lost, what stays is named" {
    local rule
    proxy_start "$seed"
    for rule in 'status 1 - - ^DeleteObject' 'reset-before 1 - - ^DeleteObject' \
        'reset-after 1 - - ^DeleteObject' 'truncate 1 - - ^DeleteObject' \
        'status 1 2 - ^DeleteObject' 'reset-after 1 1 - ^DeleteObjects' \
        'status 1 - 403,AccessDenied ^DeleteObject'; do
        make_buckets dev-data dev-copy
        s3write puttree dev-data t/ tree/1
        manifest_of tree/1 >wanted
        proxy_rules "$rule"
        tree_run mv s3://dev-data/t s3://dev-copy/t --recursive --no-progress
        objects_of dev-copy t/ >landed
        objects_of dev-data t/ >kept
        after_faults kept landed || { printf 'with %s\n' "$rule"; return 1; }
        assert_equal "$(not_in wanted landed)" '' "copies, with $rule"
    done
}

@test "the listing fails in every way: no silence, no object twice" {
    local rule
    s3write puttree dev-data t/ tree/1
    manifest_of tree/1 >wanted
    proxy_start "$seed"
    for rule in 'status 1 2 - ^List' 'truncate 1 1 - ^List' 'reset-before 1 1 - ^List' \
        'close 1 2 - ^List'; do
        proxy_rules "$rule"
        rm -rf down
        tree_ends 0 cp s3://dev-data/t down --recursive --page-size 5 --no-progress
        diff -r tree/1 down
        assert_equal "$(wc -l <<<"$out")" "$(wc -l <wanted)" "lines with $rule"
    done
    for rule in 'status 1 - - ^List' 'status 1 - 403,AccessDenied ^List' 'truncate 1 - - ^List' \
        'status 1 - 404,NoSuchBucket ^List' 'status 1 - - continuation-token'; do
        proxy_rules "$rule"
        rm -rf down
        tree_ends 1 mv s3://dev-data/t down --recursive --page-size 5 --no-progress
        [[ $err == *'fatal error'* ]] || tree_fail "no line for $rule"
        [[ -e down ]] || mkdir down
        manifest_of down >landed
        objects_of dev-data t/ >kept
        sort -u landed kept >both
        assert_equal "$(not_in wanted both)" '' "lost with $rule"
        s3write puttree dev-data t/ tree/1
    done
}
