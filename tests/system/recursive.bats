#!/usr/bin/env bats
# Many objects in one command: which names are taken, what is said of each, what is asked of S3 and
# what stands there afterwards. The lines are those that `aws s3` prints for the same arguments;
# GS3_TEST_LONG=1 runs the AWS CLI beside each case and compares.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err, work: set by the libraries
# shellcheck disable=SC2034,SC2164 # variables for the libraries; bats ends a test that fails
load lib/common
load lib/proxy
load lib/trees

[[ -z ${GS3_TEST_LONG:-} ]] || BATS_TEST_TIMEOUT=1200

setup()
{
    trees_start
    proxy_start
    tree_template
}

teardown()
{
    proxy_end
}

# lines_of STATUS ARGUMENT... <LINES: from tree_case's start in here/, exactly these lines in any
# order. The AWS CLI says the same, when it is asked. A dry run changes nothing for the next case.
lines_of()
{
    local want=$1 wanted
    shift
    wanted=$(LC_ALL=C sort)
    [[ -n ${is_fresh:-} ]] || tree_case
    is_fresh=
    [[ " $* " != *' --dryrun '* ]] || is_fresh=1
    proxy_forget
    cd "$work/here"
    tree_ends "$want" "$@"
    assert_equal "$lines" "$wanted" "standard output of $*"
    [[ $want != 0 ]] || assert_equal "$(tree_complaints)" '' "standard error of $*"
    [[ -z ${GS3_TEST_LONG:-} ]] || same_tree "$want" -- "$@"
    cd "$work/here"
}

@test "uploads: which key each file gets" {
    lines_of 0 cp . s3://dev-data --recursive <<'LINES'
upload: ./a.txt to s3://dev-data/a.txt
upload: ./empty to s3://dev-data/empty
upload: ./link to s3://dev-data/link
upload: ./sub.txt to s3://dev-data/sub.txt
upload: ./with space & more.json to s3://dev-data/with space & more.json
upload: sub-x/d.txt to s3://dev-data/sub-x/d.txt
upload: sub/b.txt to s3://dev-data/sub/b.txt
upload: sub/deeper/c.json to s3://dev-data/sub/deeper/c.json
upload: sub/linked.d/in.txt to s3://dev-data/sub/linked.d/in.txt
LINES
    # A copy asks for what it does, and for nothing else.
    assert_ops 'PutObject 9'
    local arguments
    for arguments in 'sub s3://dev-data/x' 'sub/ s3://dev-data/x' './sub s3://dev-data/x/' \
        'sub/ s3://dev-data/x/'; do
        # shellcheck disable=SC2086 # two words
        lines_of 0 cp $arguments --recursive <<'LINES'
upload: sub/b.txt to s3://dev-data/x/b.txt
upload: sub/deeper/c.json to s3://dev-data/x/deeper/c.json
upload: sub/linked.d/in.txt to s3://dev-data/x/linked.d/in.txt
LINES
    done
    lines_of 0 cp ../elsewhere s3://dev-data/x --recursive <<'LINES'
upload: ../elsewhere/in/in.txt to s3://dev-data/x/in/in.txt
upload: ../elsewhere/out.txt to s3://dev-data/x/out.txt
LINES
    lines_of 0 cp "$work/here/sub" s3://dev-data --recursive --no-follow-symlinks <<'LINES'
upload: sub/b.txt to s3://dev-data/b.txt
upload: sub/deeper/c.json to s3://dev-data/deeper/c.json
LINES
    # Read back by a client that shares nothing with gs3.
    aws_ s3 cp --quiet --recursive s3://dev-data "$BATS_TEST_TMPDIR/back"
    diff -r --exclude 'p*' --exclude top.txt --exclude linked.d sub "$BATS_TEST_TMPDIR/back"
}

@test "downloads: which file each key gets; markers are none" {
    lines_of 0 cp s3://dev-data/p . --recursive <<'LINES'
download: s3://dev-data/p/one.txt to ./one.txt
download: s3://dev-data/p/q/a+b & c.txt to q/a+b & c.txt
download: s3://dev-data/p/q/two.json to q/two.json
LINES
    assert_ops 'GetObject 3 ListObjectsV2 1'
    diff -r "$BATS_TEST_TMPDIR/objects/p/q" q
    assert_same_bytes "$BATS_TEST_TMPDIR/objects/p/one.txt" one.txt
    lines_of 0 cp s3://dev-data/p/ new/er --recursive <<'LINES'
download: s3://dev-data/p/one.txt to new/er/one.txt
download: s3://dev-data/p/q/a+b & c.txt to new/er/q/a+b & c.txt
download: s3://dev-data/p/q/two.json to new/er/q/two.json
LINES
    lines_of 0 cp s3://dev-data . --recursive <<'LINES'
download: s3://dev-data/p-sibling/x.txt to p-sibling/x.txt
download: s3://dev-data/p.txt to ./p.txt
download: s3://dev-data/p/one.txt to p/one.txt
download: s3://dev-data/p/q/a+b & c.txt to p/q/a+b & c.txt
download: s3://dev-data/p/q/two.json to p/q/two.json
download: s3://dev-data/top.txt to ./top.txt
LINES
    # An object's name is no prefix of anything.
    lines_of 0 cp s3://dev-data/p/one.txt ./one --recursive </dev/null
    lines_of 0 cp s3://dev-data/none . --recursive </dev/null
    assert_ops 'ListObjectsV2 1'
}

@test "copies: which key each key gets; a prefix is never part of a name" {
    lines_of 0 cp s3://dev-data/p s3://dev-copy/x --recursive <<'LINES'
copy: s3://dev-data/p/one.txt to s3://dev-copy/x/one.txt
copy: s3://dev-data/p/q/a+b & c.txt to s3://dev-copy/x/q/a+b & c.txt
copy: s3://dev-data/p/q/two.json to s3://dev-copy/x/q/two.json
LINES
    assert_equal "$(proxy_count CopyObject) $(proxy_count ListObjectsV2)" '3 1' 'copies and lists'
    assert_equal "$(proxy_count '' '.method != "HEAD" and .op != "CopyObject" and
        .op != "ListObjectsV2"')" 0 'other operations'
    lines_of 0 cp s3://dev-data/p/ s3://dev-data/p2 --recursive <<'LINES'
copy: s3://dev-data/p/one.txt to s3://dev-data/p2/one.txt
copy: s3://dev-data/p/q/a+b & c.txt to s3://dev-data/p2/q/a+b & c.txt
copy: s3://dev-data/p/q/two.json to s3://dev-data/p2/q/two.json
LINES
    lines_of 0 cp s3://dev-data/p/marker/ s3://dev-copy --recursive </dev/null
}

@test "moves: the source goes, markers and what was left out stay" {
    lines_of 0 mv s3://dev-data/p s3://dev-copy --recursive <<'LINES'
move: s3://dev-data/p/one.txt to s3://dev-copy/one.txt
move: s3://dev-data/p/q/a+b & c.txt to s3://dev-copy/q/a+b & c.txt
move: s3://dev-data/p/q/two.json to s3://dev-copy/q/two.json
LINES
    # Read back, the source looked at again, deleted by one request.
    assert_equal "$(proxy_count CopyObject) $(proxy_count DeleteObjects) \
$(proxy_count DeleteObject)" '3 1 0' 'copies and deletes'
    (($(proxy_count HeadObject '.target | startswith("/dev-copy/")') >= 3))
    assert_equal "$(s3read list dev-data | jq -sc .)" \
        '["p-sibling/x.txt","p.txt","p/marker/","top.txt"]' 'what is left'
    lines_of 0 mv s3://dev-data/p ./d --recursive --exclude '*/two.*' <<'LINES'
move: s3://dev-data/p/one.txt to d/one.txt
move: s3://dev-data/p/q/a+b & c.txt to d/q/a+b & c.txt
LINES
    assert_equal "$(s3read status dev-data p/q/two.json)" 200
    lines_of 0 mv sub s3://dev-data/x --recursive <<'LINES'
move: sub/b.txt to s3://dev-data/x/b.txt
move: sub/deeper/c.json to s3://dev-data/x/deeper/c.json
move: sub/linked.d/in.txt to s3://dev-data/x/linked.d/in.txt
LINES
    assert_equal "$(proxy_count PutObject) $(proxy_count HeadObject)" '3 3' 'writes and read-backs'
    # The directories stay, the link too.
    [[ -d sub/deeper && -L sub/linked.d ]]
    lines_of 0 mv s3://dev-data/none s3://dev-copy --recursive </dev/null
}

# many_objects COUNT: under many/, each with its own content.
many_objects()
{
    local i
    mkdir -p "$BATS_TEST_TMPDIR/many"
    for ((i = 0; i < $1; i++)); do printf '%s\n' "$i" >"$BATS_TEST_TMPDIR/many/$i"; done
    s3write bucket dev-data dev-copy --then puttree dev-data many/ "$BATS_TEST_TMPDIR/many"
}

# Looked at first by a HEAD each, and once more by pages of a listing.
looked_at_by_listing()
{
    (($(proxy_count HeadObject '.target | startswith("/dev-data/")') <= $1 * 3 / 2)) ||
        { proxy_ops; tree_fail 'sources were looked at one by one'; }
    proxy_asked '.target | test("start-after=")' | grep -q 'prefix=many' ||
        tree_fail 'no page of a listing'
}

@test "moves of many: a page of the listing is the second look, where it tells as much" {
    many_objects 120
    tree_ends 0 mv s3://dev-data/many s3://dev-copy/x --recursive
    looked_at_by_listing 120
    assert_equal "$(s3read list dev-data) $(s3read list dev-copy | wc -l)" ' 120' 'objects'
    s3write versioning dev-data Enabled
    many_objects 120
    sleep 2 # until then only the version tells one write from the next
    proxy_forget
    tree_ends 0 mv s3://dev-data/many ./down --recursive
    looked_at_by_listing 0
    assert_equal "$(s3read list dev-data) $(find down -type f | wc -l)" ' 120' 'objects and files'
    # What is written between copy and delete is seen, and stays.
    s3write versioning dev-data Suspended
    many_objects 40
    proxy_rules 'delay 1 - 3 ListObjectsV2.*start-after'
    tree_run mv s3://dev-data/many s3://dev-copy/y --recursive &
    until [[ $(s3read status dev-copy y/7) == 200 ]]; do :; done
    s3write put dev-data many/7 "$BATS_TEST_TMPDIR/marked"
    wait $! || true
    err=$(<"$BATS_TEST_TMPDIR/err")
    [[ $err == *'the source is kept: s3://dev-data/many/7 changed while it was moved'* ]] ||
        tree_fail 'it is not said'
    assert_equal "$(s3read list dev-data)" '"many/7"' 'what is left'
}

@test "filters: in order, the last that fits counts, on the whole path, across slashes" {
    local -a dry=(. s3://dev-data --recursive --dryrun)
    lines_of 0 cp "${dry[@]}" --exclude '*' --include '*.txt' <<'LINES'
(dryrun) upload: ./a.txt to s3://dev-data/a.txt
(dryrun) upload: ./sub.txt to s3://dev-data/sub.txt
(dryrun) upload: sub-x/d.txt to s3://dev-data/sub-x/d.txt
(dryrun) upload: sub/b.txt to s3://dev-data/sub/b.txt
(dryrun) upload: sub/linked.d/in.txt to s3://dev-data/sub/linked.d/in.txt
LINES
    assert_ops ''
    lines_of 0 cp "${dry[@]}" --include '*.txt' --exclude '*' </dev/null
    lines_of 0 cp "${dry[@]}" --exclude '*' --include 'sub*' --exclude '*/deeper/*' \
        --exclude '*d/*' <<'LINES'
(dryrun) upload: ./sub.txt to s3://dev-data/sub.txt
(dryrun) upload: sub-x/d.txt to s3://dev-data/sub-x/d.txt
(dryrun) upload: sub/b.txt to s3://dev-data/sub/b.txt
LINES
    lines_of 0 cp "${dry[@]}" --exclude '[!s]*' --exclude "$PWD/sub/*" <<'LINES'
(dryrun) upload: ./sub.txt to s3://dev-data/sub.txt
(dryrun) upload: sub-x/d.txt to s3://dev-data/sub-x/d.txt
LINES
    lines_of 0 cp "${dry[@]}" --exclude '*' --include 'sub?*' --exclude '*.json' \
        --exclude './sub-x/*' <<'LINES'
(dryrun) upload: ./sub.txt to s3://dev-data/sub.txt
(dryrun) upload: sub-x/d.txt to s3://dev-data/sub-x/d.txt
(dryrun) upload: sub/b.txt to s3://dev-data/sub/b.txt
(dryrun) upload: sub/linked.d/in.txt to s3://dev-data/sub/linked.d/in.txt
LINES
    # Of objects: below the prefix, or the whole of BUCKET/KEY.
    lines_of 0 cp s3://dev-data/p ./x --recursive --dryrun --exclude 'q/*' <<'LINES'
(dryrun) download: s3://dev-data/p/one.txt to x/one.txt
LINES
    lines_of 0 cp s3://dev-data s3://dev-copy --recursive --dryrun --exclude '*' \
        --include 'p/q/*[.]json' --include 'top*' <<'LINES'
(dryrun) copy: s3://dev-data/p/q/two.json to s3://dev-copy/p/q/two.json
(dryrun) copy: s3://dev-data/top.txt to s3://dev-copy/top.txt
LINES
    lines_of 0 cp s3://dev-data/p ./x --recursive --dryrun --exclude 'dev-data/p/*' <<'LINES'
(dryrun) download: s3://dev-data/p/one.txt to x/one.txt
(dryrun) download: s3://dev-data/p/q/a+b & c.txt to x/q/a+b & c.txt
(dryrun) download: s3://dev-data/p/q/two.json to x/q/two.json
LINES
}

@test "what says less: --quiet, --only-show-errors, and a dry run that changes nothing" {
    lines_of 0 cp sub s3://dev-data/x --recursive --quiet </dev/null
    assert_equal "$err" ''
    assert_equal "$(proxy_count PutObject)" 3
    lines_of 0 cp sub s3://dev-data/x --recursive --only-show-errors </dev/null
    assert_equal "$err" ''
    tree_case
    bucket_state dev-data dev-copy >"$BATS_TEST_TMPDIR/before"
    cd "$work/here"
    tree_ends 0 mv sub s3://dev-data/x --recursive --dryrun
    tree_ends 0 mv s3://dev-data s3://dev-copy --recursive --dryrun
    tree_ends 0 cp s3://dev-data there --recursive --dryrun
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy
    [[ ! -e there && -e sub/b.txt ]]
}

@test "--output json: one line an object, and a summary that adds up" {
    tree_case
    cd "$work/here"
    tree_ends 0 cp . s3://dev-data/x --recursive --output json
    jq -s . "$BATS_TEST_TMPDIR/out" >/dev/null || tree_fail 'not JSON, line by line'
    assert_equal "$(jq -rs '[.[] | select(.type == "object" and .status == "ok") | .destination] |
        sort | length' "$BATS_TEST_TMPDIR/out")" 9 'objects'
    assert_equal "$(jq -c 'select(.type == "summary") | [.succeeded, .failed, .skipped, .bytes]' \
        "$BATS_TEST_TMPDIR/out")" "[9,0,0,$(cat -- *.txt link empty ./*.json sub-x/d.txt sub/b.txt \
        sub/deeper/c.json sub/linked.d/in.txt | wc -c)]" 'the summary'
    assert_equal "$(tree_complaints)" ''
}

@test "--no-overwrite: what stands is kept, and a move's source; the others go" {
    tree_case
    cd "$work/here"
    s3write put dev-data x/b.txt "$BATS_TEST_TMPDIR/marked"
    tree_ends 0 mv sub s3://dev-data/x --recursive --no-overwrite
    assert_object_bytes dev-data x/b.txt "$BATS_TEST_TMPDIR/marked"
    [[ -e sub/b.txt && ! -e sub/deeper/c.json ]]
    mkdir d
    printf 'mine\n' >d/one.txt
    tree_ends 0 mv s3://dev-data/p d --recursive --no-overwrite
    assert_equal "$(<d/one.txt) $(s3read status dev-data p/one.txt)" 'mine 200'
    assert_equal "$(s3read status dev-data p/q/two.json)" 404
    s3write puttree dev-copy '' "$BATS_TEST_TMPDIR/objects"
    s3write put dev-data p.txt "$BATS_TEST_TMPDIR/marked"
    bucket_state dev-copy >"$BATS_TEST_TMPDIR/before"
    tree_ends 0 mv s3://dev-data s3://dev-copy --recursive --no-overwrite --exclude 'x/*'
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-copy
    assert_object_bytes dev-data p.txt "$BATS_TEST_TMPDIR/marked"
    assert_object_bytes dev-data top.txt "$BATS_TEST_TMPDIR/objects/top.txt"
}

@test "one bucket: onto itself and into itself nothing is lost" {
    tree_case
    bucket_state dev-data dev-copy >"$BATS_TEST_TMPDIR/before"
    tree_ends '1|252' mv s3://dev-data/p/ s3://dev-data/p --recursive
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy
    tree_ends '1|252' mv s3://dev-data s3://dev-data --recursive
    assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy
    # Into a prefix below itself: once, not on and on, and what lies there stays.
    s3write put dev-data p/in/old "$BATS_TEST_TMPDIR/marked"
    tree_ends '0|2' mv s3://dev-data/p s3://dev-data/p/in --recursive --page-size 2
    assert_equal "$(s3read list dev-data | jq -sc 'map(select(startswith("p/")))')" \
        '["p/in/old","p/in/one.txt","p/in/q/a+b & c.txt","p/in/q/two.json","p/marker/"]'
    # Out of it: where a source may still wait, nothing is written.
    tree_case
    s3write put dev-data p/p/one.txt "$BATS_TEST_TMPDIR/marked"
    tree_ends 1 mv s3://dev-data/p s3://dev-data --recursive
    local sums
    sums=$(s3write heads dev-data | jq -r .etag | sort -u)
    for sum in "$BATS_TEST_TMPDIR"/objects/*.txt "$BATS_TEST_TMPDIR"/objects/*/*.* "$BATS_TEST_TMPDIR/marked"; do
        grep -q "$(md5sum <"$sum" | cut -c 1-32)" <<<"$sums" || tree_fail "LOST: $sum"
    done
}

@test "the listing in pages: nothing twice, nothing left out" {
    tree_case
    tree_ends 0 cp s3://dev-data s3://dev-copy/x --recursive --page-size 1
    assert_equal "$(wc -l <<<"$out")" 6 'objects'
    assert_equal "$(proxy_count CopyObject)" 6
    (($(proxy_count ListObjectsV2) >= 7))
    assert_equal "$(proxy_count ListObjectsV2 '.target | contains("max-keys=1") | not')" 0
}

@test "files that cannot be taken: a warning each, the rest goes, exit 2" {
    tree_case
    cd "$work/here"
    ln -s nowhere broken
    mkfifo fifo
    tree_ends 2 cp . s3://dev-data/x --recursive --exclude 'sub*'
    assert_equal "$(tree_complaints | LC_ALL=C sort)" \
        "warning: Skipping file $PWD/broken. File does not exist.
warning: Skipping file $PWD/fifo. File is character special device, block special device, FIFO, or socket."
    assert_equal "$(wc -l <<<"$out") $(proxy_count PutObject)" '4 4'
    # What is not asked for is not complained of.
    tree_ends 0 cp . s3://dev-data/y --recursive --exclude 'sub*' --exclude broken --exclude fifo
    tree_ends 255 cp none s3://dev-data --recursive
    assert_equal "$err" 'The user-provided path none does not exist.'
    tree_ends 252 cp s3://dev-data - --recursive
    tree_ends '2|255' cp a.txt s3://dev-data --recursive
    assert_equal "$(s3read status dev-data a.txt/)" 404
}

@test "keys that are no file names: none leaves the directory, none is lost in a move" {
    local key
    tree_case
    mkdir "$BATS_TEST_TMPDIR/prison" && cd "$BATS_TEST_TMPDIR/prison"
    for key in k/../../escaped k/.. k/a//b k/./c /etc/absolute k/ok; do
        s3write put dev-data "evil/$key" "$BATS_TEST_TMPDIR/marked"
    done
    tree_ends 1 mv s3://dev-data/evil in --recursive
    assert_equal "$(find "$BATS_TEST_TMPDIR/prison" -type f)" "$PWD/in/k/ok"
    [[ ! -e $BATS_TEST_TMPDIR/escaped && ! -e /etc/absolute && ! -e $BATS_TEST_TMPDIR/prison/escaped ]]
    [[ $err == *'warning: Skipping file s3://dev-data/evil/k/../../escaped. File references a parent directory.'* ]]
    assert_equal "$(s3read list dev-data | jq -sc 'map(select(startswith("evil/")))')" \
        '["evil//etc/absolute","evil/k/..","evil/k/../../escaped","evil/k/./c","evil/k/a//b"]'
}

@test "--case-conflict: names that one file name would hold" {
    tree_case
    cd "$work"
    s3write put dev-data case/README "$BATS_TEST_TMPDIR/marked"
    s3write put dev-data case/readme "$BATS_TEST_TMPDIR/marked"
    s3write put dev-data case/x "$BATS_TEST_TMPDIR/marked"
    tree_ends 0 cp s3://dev-data/case c0 --recursive
    assert_equal "$(find c0 -type f | wc -l)" 3
    tree_ends '0|2' cp s3://dev-data/case c1 --recursive --case-conflict warn
    assert_equal "$(find c1 -type f | wc -l)" 3
    tree_ends '0|2' cp s3://dev-data/case c2 --recursive --case-conflict skip
    assert_equal "$(find c2 -type f | wc -l)" 2
    tree_ends 1 cp s3://dev-data/case c3 --recursive --case-conflict error
}

@test "the types, the properties and the tags that each object gets" {
    tree_case
    cd "$work/here"
    tree_ends 0 cp . s3://dev-data/t --recursive
    assert_equal "$(bucket_state dev-data |
        jq -sc 'map(select(.key | startswith("t/")) | {(.key[2:]): .headers["content-type"]}) |
            add | [.["a.txt"], .["sub/deeper/c.json"], .empty]')" \
        '["text/plain","application/json","binary/octet-stream"]'
    tree_ends 0 cp sub s3://dev-data/u --recursive --content-type text/x-all --cache-control no-store \
        --metadata color=blue --tags team=a --storage-class STANDARD_IA
    assert_equal "$(bucket_state dev-data | jq -c 'select(.key | startswith("u/")) |
        [.headers["content-type"], .headers["cache-control"], .metadata.color, .tags,
         .headers["x-amz-storage-class"]]' | sort -u)" \
        '["text/x-all","no-store","blue",{"team":"a"},"STANDARD_IA"]'
    tree_ends 0 cp sub s3://dev-data/v --recursive --no-guess-mime-type
    assert_equal "$(bucket_state dev-data | jq -r 'select(.key | startswith("v/")) |
        .headers["content-type"]' | sort -u)" 'binary/octet-stream'
    # What --tags and --storage-class put into the requests, not what this store makes of it.
    assert_equal "$(proxy_count PutObject '.headers["x-amz-tagging"] == "team=a" and
        .headers["x-amz-storage-class"] == "STANDARD_IA"')" 3
}
