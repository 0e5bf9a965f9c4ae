#!/usr/bin/env bats
# Single objects, whole: bytes of every size, what a copy keeps, what a download leaves in the file
# system, what is never overwritten, and that a move deletes nothing that it has not moved.

# shellcheck disable=SC2154,SC2030,SC2031 # status, output, stderr: set by run
# shellcheck disable=SC2034,SC2164 # variables for gs3_; bats ends a test that fails
load lib/common

setup()
{
    sim_reset
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=testing GS3_DEPARTMENT=storage)
    work=$BATS_TEST_TMPDIR/work
    mkdir "$work"
    cd "$work"
    printf 'some bytes\n' >file
    make_buckets dev-data dev-copy
}

teardown() { end_sims; }

# gs3 that must succeed without a word on standard error.
ok()
{
    run --separate-stderr gs3_ "$@"
    assert_status 0 || { printf 'gs3 %s\n' "$*"; return 1; }
    assert_equal "$stderr" '' "standard error of gs3 $*"
}

# fails STATUS WORDS GS3_ARGUMENT...: the status, and one line of standard error with the words.
fails()
{
    local want=$1 words=$2
    shift 2
    run --separate-stderr gs3_ "$@"
    assert_status "$want" || { printf 'gs3 %s\n' "$*"; return 1; }
    [[ $stderr == *"$words"* && $stderr != *$'\n'* ]] ||
        { printf 'gs3 %s: not one line with "%s":\n%s\n' "$*" "$words" "$stderr"; return 1; }
}

# The user metadata without what is of the decision's own.
own_metadata()
{
    s3read head "$1" "$2" | jq -cS '.metadata | del(.timestamp, ."gs3-decision", ."gs3-policy",
        ."gs3-test", .operator, .operation, .purpose, .department, .automation, .environment,
        ."governance-level", ."tracking-system", ."jira-ticket-id")'
}

properties()
{
    s3read head "$1" "$2" | jq -cS '.headers | del(."content-length", .etag, ."last-modified") |
        with_entries(select(.key | startswith("x-amz-") | not))'
}

# Without the rights of root over files: what a mode forbids is forbidden.
bare()
{
    [[ $(id -u) == 0 ]] || return 0
    GS3T_WRAP=(setpriv --bounding-set=-all --inh-caps=-all)
    "${GS3T_WRAP[@]}" true || skip "root may not give its rights up here"
}

@test "no bytes at all, one byte, and sizes around the buffers" {
    local size
    for size in 0 1 2 16383 16384 16385 65536 262143 262144 262145 1048577; do
        head -c "$size" /dev/urandom >"up.$size"
        ok cp "up.$size" s3://dev-data/
        ok cp "s3://dev-data/up.$size" s3://dev-copy/
        ok cp "s3://dev-copy/up.$size" down
        assert_same_bytes "up.$size" down
        assert_object_bytes dev-copy "up.$size" "up.$size"
        ok mv "up.$size" s3://dev-data/moved
        ok mv s3://dev-data/moved s3://dev-copy/moved
        ok mv s3://dev-copy/moved moved
        assert_same_bytes moved down
        gs3_ put - s3://dev-data/piped <down
        assert_object_bytes dev-data piped down
        gs3_ cp s3://dev-data/piped - >piped 2>stderr
        assert_same_bytes piped down
    done
}

@test "200 MiB, up, across, down, and moved" {
    # Random bytes a few times over: quick to make, and no block is its neighbour's.
    head -c 20971520 /dev/urandom >part
    for _ in {1..10}; do cat part; printf x; done | head -c 209715201 >large
    local sum
    sum=$(sha256 large)
    ok cp large s3://dev-data/large
    ok cp s3://dev-data/large s3://dev-copy/large
    ok mv s3://dev-copy/large s3://dev-copy/moved
    ok mv s3://dev-copy/moved down
    assert_equal "$(sha256 down)" "$sum" "the download"
    rm down
    assert_equal "$(s3read get dev-data large | sha256)" "$sum" "the object"
    gs3_ put - s3://dev-data/piped <large
    assert_equal "$(gs3_ cp s3://dev-data/piped - | sha256)" "$sum" "through pipes"
    ok mv large s3://dev-data/large
    [[ ! -e large ]]
    assert_equal "$(s3read list dev-copy)" '' "what the moves left"
}

@test "a download has the object's time, the umask's mode, and its directories" {
    local seconds
    s3write put dev-data k file
    sleep 1.1
    umask 027
    ok cp s3://dev-data/k deep/er/and/deeper/k
    seconds=$(date -d "$(s3read head dev-data k | jq -r '.headers["last-modified"]')" +%s)
    assert_equal "$(stat -c '%a %Y' deep/er/and/deeper/k)" "640 $seconds"
    assert_equal "$(stat -c %a deep/er)" 750
    umask 077
    ok mv s3://dev-data/k private
    assert_equal "$(stat -c '%a %Y' private)" "600 $seconds"
    assert_equal "$(find . -name '.gs3*')" '' "temporary files"
}

@test "a download that fails leaves what was there, and nothing beside it" {
    s3write put dev-data k file
    printf 'old\n' >target
    local before
    before=$(stat -c '%i %Y %s' target)
    fails 1 '404' cp s3://dev-data/none target
    mkdir -p d/k
    fails 1 'is a directory' cp s3://dev-data/k d/
    fails 1 'directory' cp s3://dev-data/k target/below
    mkdir closed
    chmod 555 closed
    bare
    fails 1 'closed' cp s3://dev-data/k closed/k
    fails 1 'closed' mv s3://dev-data/k closed/k
    GS3T_WRAP=()
    assert_equal "$(stat -c '%i %Y %s' target)" "$before"
    assert_equal "$(find . -type f | sort)" $'./file\n./target' "the files"
    assert_equal "$(s3read status dev-data k)" 200
}

@test "a copy keeps the source's metadata, properties and tags, and no stale governance" {
    local old=01890a5d-ac96-774b-bcce-b302099a8057 id
    s3write put dev-data k file 'content-type: text/x-mine' 'cache-control: max-age=60' \
        'content-disposition: attachment; filename="a b.txt"' 'content-encoding: identity' \
        'content-language: de, en' 'expires: Thu, 31 Dec 2026 23:59:59 GMT' \
        'x-amz-tagging: team=a%20b&x=' 'x-amz-meta-color: blue' \
        'x-amz-meta-note: =?UTF-8?B?w7xiZXI=?=' 'x-amz-meta-operator: os:mallory' \
        'x-amz-meta-approval-status: approved' 'x-amz-meta-change-request-id: CHG0000001' \
        'x-amz-meta-servicenow-ticket-id: INC0000001' 'x-amz-meta-ticket-id: X' \
        'x-amz-meta-ticket-system: Y' 'x-amz-meta-risk-level: low' \
        'x-amz-meta-gs3-signature: stale' 'x-amz-meta-source-environment: production' \
        'x-amz-meta-source-change-request-id: CHG0000001' "x-amz-meta-gs3-decision: $old"
    local kept
    kept=$(properties dev-data k)
    assert_equal "$(jq length <<<"$kept")" 6 "the source's properties"
    ok cp s3://dev-data/k s3://dev-copy/copied
    ok mv s3://dev-data/k s3://dev-copy/moved
    local key
    for key in copied moved; do
        assert_equal "$(properties dev-copy "$key")" "$kept" "$key: properties"
        assert_json "$(s3read tags dev-copy "$key")" '{"team": "a b", "x": ""}' "$key: tags"
        assert_equal "$(own_metadata dev-copy "$key")" \
            "{\"color\":\"blue\",\"gs3-previous\":\"$old\",\"note\":\"=?UTF-8?B?w7xiZXI=?=\"}" \
            "$key: metadata"
        assert_equal "$(s3read head dev-copy "$key" | jq -r .metadata.operator)" "os:$(id -un)"
    done
    # The thread goes back one step: each copy names the decision before it.
    id=$(s3read head dev-copy copied | jq -r '.metadata["gs3-decision"]')
    ok cp s3://dev-copy/copied s3://dev-copy/again
    assert_equal "$(own_metadata dev-copy again | jq -r '."gs3-previous"')" "$id"
    # What is no id is not carried on.
    s3write put dev-data fake file 'x-amz-meta-gs3-decision: approved by the CAB'
    ok cp s3://dev-data/fake s3://dev-copy/fake
    assert_equal "$(own_metadata dev-copy fake)" '{}'
}

@test "what is given for a copy goes over what the source has" {
    s3write put dev-data k file 'content-type: text/x-mine' 'cache-control: max-age=60' \
        'x-amz-meta-color: blue' 'x-amz-meta-shape: round'
    ok cp s3://dev-data/k s3://dev-copy/k --content-type text/x-other --metadata COLOR=red,size=9
    assert_equal "$(properties dev-copy k)" \
        '{"cache-control":"max-age=60","content-type":"text/x-other"}'
    assert_equal "$(own_metadata dev-copy k)" '{"color":"red","shape":"round","size":"9"}'
}

@test "every header option reaches the object, on an upload and on a copy" {
    local -a options=(
        --content-type 'text/x-mine; charset=utf-8' --cache-control 'no-cache, no-store'
        --content-disposition 'attachment; filename="x y.txt"' --content-encoding identity
        --content-language de-DE --expires 2026-12-31T23:59:59Z
    )
    local want
    want=$(jq -ncS '{"cache-control": "no-cache, no-store", "content-language": "de-DE",
        "content-disposition": "attachment; filename=\"x y.txt\"", "content-encoding": "identity",
        "content-type": "text/x-mine; charset=utf-8", expires: "Thu, 31 Dec 2026 23:59:59 GMT"}')
    ok cp file s3://dev-data/k "${options[@]}"
    assert_equal "$(properties dev-data k)" "$want" "upload"
    s3write put dev-data plain file
    ok mv s3://dev-data/plain s3://dev-copy/k "${options[@]}"
    assert_equal "$(properties dev-copy k)" "$want" "copy"
    gs3_ put - s3://dev-data/piped "${options[@]}" <file
    assert_equal "$(properties dev-data piped)" "$want" "stream"
    fails 252 '--expires' cp file s3://dev-data/k --expires tomorrow
    fails 252 'printable' cp file s3://dev-data/k --content-type $'a\r\nx-injected: yes'
    fails 252 'printable' cp file s3://dev-data/k --cache-control 'no-cäche'
}

@test "the forms of --metadata" {
    printf '{"From": "a file", "n": "1"}\n' >metadata.json
    printf 'a=1,b=two words\n' >metadata.txt
    ok cp file s3://dev-data/k --metadata 'a=1,B=two words,c=x=y'
    assert_equal "$(own_metadata dev-data k)" '{"a":"1","b":"two words","c":"x=y"}'
    ok cp file s3://dev-data/k --metadata '{"a": "1,2", "b": "q\"q"}'
    assert_equal "$(own_metadata dev-data k)" '{"a":"1,2","b":"q\"q"}'
    ok cp file s3://dev-data/k --metadata 'a="1,2",b='"'x,y'"
    assert_equal "$(own_metadata dev-data k)" '{"a":"1,2","b":"x,y"}'
    ok cp file s3://dev-data/k --metadata file://metadata.json
    assert_equal "$(own_metadata dev-data k)" '{"from":"a file","n":"1"}'
    ok cp file s3://dev-data/k --metadata file://metadata.txt
    assert_equal "$(own_metadata dev-data k)" '{"a":"1","b":"two words"}'
    bucket_state dev-data dev-copy >before
    local form
    for form in '' '{}x' '{"a": 1}' '["a"]' 'a' 'a=1,' '=1' 'a=1,A=2' 'a="1' file://none \
        '{"a":"1"'; do
        fails 252 '--metadata' cp file s3://dev-data/k --metadata "$form"
    done
    assert_unchanged before dev-data dev-copy
}

@test "governance's own keys and look-alikes are refused in --metadata" {
    local pair
    bucket_state dev-data dev-copy >before
    for pair in environment=x Operator=root TIMESTAMP=1 operation=copy purpose=x \
        approval-status=approved Risk-Level=low governance-level=high tracking-system=x \
        department=x automation=false \
        gs3-policy=x gs3-decision=x gs3-signature=x GS3-Previous=x gs3-test=x gs3-anything=x \
        change-request-id=CHG0030001 jira-ticket-id=OPS-1 servicenow-ticket-id=x ticket-id=x \
        ticket-system=x source-environment=production source-change-request-id=CHG0030001 \
        'note==?UTF-8?B?YQ==?='; do
        fails 3 'refused by policy' cp file s3://dev-data/k --metadata "$pair"
    done
    assert_unchanged before dev-data dev-copy
}

# With the prefix x-amz-meta- of each.
metadata_bytes()
{
    s3read head dev-data "$1" |
        jq '[.metadata | to_entries[] | (.key + .value | length) + 11] | add'
}

@test "metadata over 2 KB fails this object alone, before it is sent; up to the last byte it goes" {
    local used room
    ok cp file s3://dev-data/k --metadata x=
    used=$(metadata_bytes k)
    room=$((2048 - used))
    if [[ $(s3read head dev-data k | jq '.metadata | has("x")') == false ]]; then
        room=$((room - 12))
    fi
    ok cp file s3://dev-data/full --metadata "x=$(printf 'v%.0s' $(seq "$room"))"
    assert_equal "$(metadata_bytes full)" 2048
    bucket_state dev-data dev-copy >before
    fails 1 '2048' cp file s3://dev-data/over --metadata "x=$(printf 'v%.0s' $(seq $((room + 1))))"
    fails 1 '2048' mv s3://dev-data/full s3://dev-copy/over --purpose 'one letter more: testing!'
    assert_unchanged before dev-data dev-copy
    [[ -e file ]]
}

@test "a purpose beyond ASCII comes back as it was given" {
    local purpose='Übergabe der Quartalsdateien – 四半期 😀' raw
    ok cp file s3://dev-data/k --purpose "$purpose" --metadata 'note=żółć'
    raw=$(s3read head dev-data k | jq -r .metadata.purpose)
    [[ $raw == =\?UTF-8\?* && $raw != *[![:ascii:]]* ]]
    [[ -x /usr/bin/python3 ]] || skip "python3 is not installed"
    decode='import email.header as h, sys; print(h.make_header(h.decode_header(sys.argv[1])))'
    assert_equal "$(/usr/bin/python3 -c "$decode" "$raw")" "$purpose"
    assert_equal "$(head_metadata dev-data k | jq -r .purpose)" "$raw" "by the AWS CLI"
    # Moving it compares after decoding, and keeps what the user set.
    ok mv s3://dev-data/k s3://dev-copy/k --purpose "$purpose"
    assert_equal "$(/usr/bin/python3 -c "$decode" "$(own_metadata dev-copy k | jq -r .note)")" żółć
    assert_equal "$(own_metadata dev-copy k | jq -r 'has("gs3-previous")')" true
}

@test "--no-overwrite keeps what is there, and a move's source, in every direction" {
    printf 'standing\n' >there
    s3write put dev-data there there
    s3write put dev-copy there there
    s3write put dev-data k file
    local before files
    bucket_state dev-data dev-copy >"$BATS_TEST_TMPDIR/before"
    files=$(find . -type f -printf '%p %i %s %T@\n' | sort)
    local word
    for word in cp mv; do
        ok "$word" file s3://dev-data/there --no-overwrite
        assert_equal "$output" '' "$word up"
        ok "$word" s3://dev-data/k s3://dev-copy/there --no-overwrite
        assert_equal "$output" '' "$word across"
        ok "$word" s3://dev-data/k there --no-overwrite
        assert_equal "$(grep -v '^decision: ' <<<"$output" || true)" '' "$word down"
    done
    ok put file s3://dev-data/there --no-overwrite
    gs3_ put - s3://dev-data/there --no-overwrite <file
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy
    assert_equal "$(find . -type f -printf '%p %i %s %T@\n' | sort)" "$files"
    # Where nothing stands it writes.
    ok cp file s3://dev-data/new --no-overwrite
    ok cp s3://dev-data/k s3://dev-copy/new --no-overwrite
    ok mv s3://dev-data/k new --no-overwrite
    assert_same_bytes new file
    assert_object_bytes dev-copy new file
    assert_equal "$(s3read status dev-data k)" 404
}

@test "an object is never moved onto itself, however it is spelled" {
    s3write put dev-data a/k file
    s3write put dev-data k file
    bucket_state dev-data >before
    fails 252 'onto itself' mv s3://dev-data/k s3://dev-data/k
    fails 252 'onto itself' mv s3://dev-data/k s3://dev-data
    fails 252 'onto itself' mv s3://dev-data/k s3://dev-data/
    fails 252 'onto itself' mv s3://dev-data/a/k s3://dev-data/a/
    fails 252 'onto itself' mv s3://dev-data/k s3://dev-data/k --dryrun
    GS3T_ENDPOINT=$GS3T_S3_VHOST fails 252 'onto itself' mv s3://dev-data/k s3://dev-data/
    # Keys are bytes: these are other objects, which are not there.
    fails 1 '404' mv s3://dev-data//k s3://dev-data/k
    fails 1 '404' mv s3://dev-data/./k s3://dev-data/k
    fails 1 '404' mv s3://dev-data/%6b s3://dev-data/k
    # No bucket has such a name.
    fails 252 'bucket' mv s3://dev-data/k s3://DEV-DATA/k
    assert_unchanged before dev-data
    # A copy onto itself only renews the metadata.
    ok cp s3://dev-data/k s3://dev-data/k
    assert_object_bytes dev-data k file
}

@test "a source that is no file, or cannot be read or removed" {
    mkdir directory
    mkfifo fifo
    printf x >secret
    chmod 000 secret
    mkdir closed
    printf x >closed/x
    chmod 555 closed
    bucket_state dev-data >"$BATS_TEST_TMPDIR/before"
    fails 1 'directory' cp directory s3://dev-data/k
    fails 1 'directory' cp . s3://dev-data/k
    fails 1 'special file' cp fifo s3://dev-data/k
    fails 1 'special file' cp /dev/null s3://dev-data/k
    fails 255 'The user-provided path none does not exist.' cp none s3://dev-data/k
    fails 255 'The user-provided path file/x does not exist.' cp file/x s3://dev-data/k
    bare
    fails 1 'secret' cp secret s3://dev-data/k
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data
    # The object is complete, the file stays: said in one line.
    fails 1 'cannot remove closed/x' mv closed/x s3://dev-data/k
    assert_equal "$(<closed/x)" x
}

@test "a source that changes while it is sent is kept, and the move fails" {
    start_sim changing --s3-store
    listing_sim
    sim_fault slow 1500 /dev-data/ 1
    more() { printf 'more\n' >>file; }
    once_asked s3 0 more 3>&- &
    fails 1 'changed while it was read' mv file s3://dev-data/k
    assert_equal "$(tail -n 1 file)" more
}

# The simulator as the S3 server, in the policy too.
listing_sim()
{
    sed -i "s|^endpoints:|&\n  - $sim_url|; s|url: http.*|url: $sim_url|" \
        "$BATS_TEST_TMPDIR/policy.yaml"
    GS3T_ENDPOINT=$sim_url
}

# interrupted SIGNAL GS3_ARGUMENT...: the signal after 0.7 s; 130 at once, no temporary file.
interrupted()
{
    local signal=$1 start=$SECONDS
    shift
    GS3T_WRAP=(timeout --preserve-status -s "$signal" 0.7)
    run --separate-stderr gs3_ "$@"
    GS3T_WRAP=()
    assert_status 130 || return 1
    ((SECONDS - start < 5)) || { printf 'it took %s s\n' $((SECONDS - start)); return 1; }
    assert_equal "$(find . -name '.gs3*' -o -name 'gs3-spool*')" '' "temporary files"
}

# The simulator's store with one object, and no faults.
one_object()
{
    sim_reset
    curl -q -sS --noproxy '*' -X PUT --data-binary @file "$sim_url/_sim/objects/dev-data/k"
}

@test "an interrupt ends an upload, a download, a copy and the reading of input with 130" {
    local signal
    start_sim slowly --s3-store
    listing_sim
    for signal in INT TERM; do
        one_object
        sim_fault slow 4000 /dev-
        interrupted "$signal" mv file s3://dev-data/new
        interrupted "$signal" mv s3://dev-data/k here
        interrupted "$signal" mv s3://dev-data/k s3://dev-copy/k
        interrupted "$signal" put - s3://dev-data/new < <(sleep 4)
        one_object
        sim_fault drip 1000:1 /dev-data/
        interrupted "$signal" mv s3://dev-data/k here
    done
    [[ -e file && ! -e here ]]
    assert_equal "$(curl -q -sS --noproxy '*' "$sim_url/_sim/objects" | jq -c '[.[].name]')" \
        '["dev-data/k"]' "the objects"
}

@test "an interrupt in the middle of a large upload leaves nothing on the server" {
    truncate -s 3G large
    bucket_state dev-data >before
    # Over https the bytes go at once; over http they are hashed first.
    GS3T_ENDPOINT=$GS3T_S3_HTTPS interrupted INT mv large s3://dev-data/large
    assert_unchanged before dev-data
    assert_equal "$(stat -c %s large)" 3221225472
    rm large
}

@test "a move whose source cannot be deleted says so, and both stay" {
    s3write put dev-data k file
    aws_ s3api put-bucket-policy --bucket dev-data --policy '{"Version": "2012-10-17", "Statement":
        [{"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
          "Resource": "arn:aws:s3:::dev-data/*"}]}' ||
        skip "the server takes no bucket policy"
    fails 1 'the source is kept' mv s3://dev-data/k s3://dev-copy/k
    aws_ s3api delete-bucket-policy --bucket dev-data
    assert_object_bytes dev-data k file
    assert_object_bytes dev-copy k file
}
