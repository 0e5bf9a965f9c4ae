#!/usr/bin/env bats
# Many objects, and something is wrong with some of them or with what they meet: names, modes, full
# disks, files in the way, sources that change, a wrong clock, a server that is no S3. Each gets a
# line and the right status, everything else is still done, and nothing is lost.

# shellcheck disable=SC2154,SC2030,SC2031 # status, out, err, work: set by the libraries
# shellcheck disable=SC2034,SC2164 # variables for the libraries; bats ends a test that fails
load lib/common
load lib/proxy
load lib/trees
load lib/arrived

setup()
{
    trees_start
    make_buckets dev-data dev-copy
    cd "$work"
    mkdir -p tree/a tree/b
    for i in {1..12}; do printf 'file %s\n' "$i" >"tree/$([[ $((i % 2)) == 0 ]] && echo a/)$i"; done
}

teardown()
{
    proxy_end
    [[ -z ${small_disk:-} ]] || umount "$small_disk"
    [[ -z ${server_pid:-} ]] || kill "$server_pid" 2>/dev/null || true
}

# Without the rights of root over files: what a mode forbids is forbidden.
bare()
{
    [[ $(id -u) == 0 ]] || return 0
    GS3T_WRAP=(setpriv --bounding-set=-all --inh-caps=-all)
    "${GS3T_WRAP[@]}" true || skip "root may not give its rights up here"
}

in_parts()
{
    printf '[default]\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n%s' \
        '  max_concurrent_requests = 2
' >"$(client_home)/.aws/config"
}

@test "names that are no key: not UTF-8, too long; the rest goes, and a move keeps them" {
    local deep
    printf 'x\n' >"tree/"$'not\xffutf8'
    deep=tree/$(printf '%0250d/%0250d/%0250d/%0250d' 1 2 3 4)
    mkdir -p "$deep"
    printf 'deep\n' >"$deep/$(printf '%030d' 5)"
    printf 'deep\n' >"$deep/x"
    tree_ends 1 mv tree s3://dev-data --recursive
    assert_equal "$(s3read list dev-data | wc -l)" 13 'objects'
    [[ -e tree/$'not\xffutf8' && -e $deep/$(printf '%030d' 5) && ! -e $deep/x ]]
    assert_equal "$(find tree -type f | wc -l)" 2 'files that stay'
    [[ $err == *'move failed: '*'UTF-8'* && $err == *'move failed: '*'1024 bytes'* ]] ||
        tree_fail 'not both are named'
    # Nothing in a name steers a terminal.
    ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/err" || tree_fail 'raw bytes'
    printf 'x\n' >tree/$'esc\x1b[31m'
    tree_ends 1 cp tree s3://dev-data/x --recursive
    ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/err" "$BATS_TEST_TMPDIR/out" ||
        tree_fail 'raw bytes'
}

@test "files and directories that cannot be read: a warning each, exit 2, the rest goes" {
    bare
    chmod 000 tree/1 tree/a
    printf 'x\n' >tree/b/x
    tree_run mv tree s3://dev-data --recursive
    chmod 755 tree/a
    [[ $status == 2 ]] || tree_fail 'not status 2'
    assert_equal "$(tree_complaints | LC_ALL=C sort)" \
        "warning: Skipping file $PWD/tree/1. File/Directory is not readable.
warning: Skipping file $PWD/tree/a. File/Directory is not readable."
    assert_equal "$(s3read list dev-data | jq -sc .)" '["11","3","5","7","9","b/x"]'
    assert_equal "$(find tree -type f | wc -l)" 7 'files that stay'
    chmod 644 tree/1
    # A source that cannot be removed is said, and is not counted as moved.
    chmod 555 tree/a
    tree_run mv tree s3://dev-data --recursive
    chmod 755 tree/a
    [[ $status == 1 ]] || tree_fail 'not status 1'
    assert_equal "$(find tree -type f | wc -l)" 6 'files that stay'
    # As it came, and once more at the end.
    assert_equal "$(grep '^move failed: .*annot remove' "$BATS_TEST_TMPDIR/err" | sort |
        uniq -c | awk '{ print $1 }' | uniq -c | xargs)" '6 2' 'lines'
}

@test "links: around in a circle, out of the tree, to nothing" {
    ln -s . tree/a/self
    ln -s .. tree/a/up
    ln -s loop2 tree/loop1
    ln -s loop1 tree/loop2
    ln -s "$BATS_TEST_TMPDIR/nothing" tree/nowhere
    GS3T_WRAP=(timeout 20)
    tree_ends 2 cp tree s3://dev-data --recursive
    assert_equal "$(s3read list dev-data | wc -l)" 12 'objects'
    tree_ends 0 cp tree s3://dev-copy --recursive --no-follow-symlinks
    assert_equal "$(s3read list dev-copy | wc -l)" 12 'objects'
}

@test "a file stands where a directory is needed, and a directory where a file goes" {
    s3write puttree dev-data '' tree
    mkdir -p down/3
    printf 'in the way\n' >down/a
    printf 'whole\n' >target
    tree_ends 1 mv s3://dev-data down --recursive
    assert_equal "$(<down/a) $(ls down/3)" 'in the way ' 'what was there'
    assert_equal "$(s3read list dev-data | jq -sc .)" \
        '["3","a/10","a/12","a/2","a/4","a/6","a/8"]' 'what is kept'
    assert_equal "$(find down -type f | wc -l)" 6 'files'
    tree_ends 1 cp s3://dev-data target --recursive
    assert_equal "$(<target)" whole
    assert_equal "$(find . -name '.gs3-*')" '' 'temporary files'
}

@test "few descriptors: fewer requests at once, and everything goes" {
    local descriptors
    rmdir tree/b
    for descriptors in 24 60; do
        make_buckets dev-data dev-copy
        # shellcheck disable=SC2016 # the inner shell expands these
        GS3T_WRAP=(bash -c 'ulimit -n "$0"; exec "$@"' "$descriptors")
        tree_ends 0 cp tree s3://dev-data --recursive
        tree_ends 0 mv s3://dev-data s3://dev-copy/x --recursive
        tree_ends 0 mv s3://dev-copy/x "down-$descriptors" --recursive
        diff -r tree "down-$descriptors"
    done
    # What the soft limit forbids the hard one may allow.
    GS3T_WRAP=(bash -c 'ulimit -S -n 20; exec "$@"' soft)
    tree_ends 0 cp tree s3://dev-data --recursive
}

@test "the disk is full in the middle: what fits is whole, the rest is named and kept" {
    mkdir "$BATS_TEST_TMPDIR/disk"
    mount -t tmpfs -o size=8m gs3-test "$BATS_TEST_TMPDIR/disk" 2>/dev/null ||
        skip 'no file system can be mounted here'
    small_disk=$BATS_TEST_TMPDIR/disk
    in_parts
    for i in {1..20}; do head -c 700000 /dev/urandom >"tree/b/$i"; done
    head -c 12000000 /dev/urandom >tree/b/large
    s3write puttree dev-data '' tree
    manifest_of tree >wanted
    tree_ends 1 mv s3://dev-data "$small_disk/d" --recursive
    manifest_of "$small_disk/d" >landed
    objects_of dev-data '' >kept
    assert_equal "$(with_other_sum wanted landed)" '' 'half there'
    assert_equal "$(cat landed kept | LC_ALL=C sort)" "$(LC_ALL=C sort wanted)" 'each on one side'
    [[ $err == *'No space left on device'* ]] || tree_fail 'the reason is not named'
    while IFS= read -r name; do
        grep -qF "s3://dev-data/$name" <<<"$err" || tree_fail "not named: $name"
    done < <(cut -c 35- kept)
    assert_equal "$(find "$small_disk" -name '.gs3-*')" '' 'temporary files'
    # Some fitted.
    [[ -s landed && -s kept ]]
}

# changes COMMAND...: once two parts have passed, and before the third does.
changes()
{
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        (($(proxy_count '' '.fault == "delay"') < 2)) || break
        sleep 0.02
    done
    "$@"
    touch "$BATS_TEST_TMPDIR/changed"
}

# during WHAT ARGUMENT...: WHAT in the middle of a large object of gs3's.
during()
{
    local what=$1
    shift
    proxy_forget
    rm -f "$BATS_TEST_TMPDIR/changed"
    proxy_rules 'delay 1 2 0.01 ^(UploadPart|GetObject)' \
        "hold 1 - $BATS_TEST_TMPDIR/changed ^(UploadPart|GetObject)"
    changes "$what" 3>&- &
    tree_run "$@"
    wait $!
}

grow() { printf 'more\n' >>tree/large; }
shrink() { truncate -s 7000000 tree/large; }
replace() { head -c 30000000 /dev/zero >other && mv other tree/large; }
remove() { rm tree/large; }
rewrite() { printf 'x' | dd of=tree/large bs=1 seek=29999999 conv=notrunc status=none; }
overwrite() { s3write put dev-data large other; }
erase() { s3write delete dev-data large; }

@test "a large file that changes while it is sent: the others go, it is named and kept" {
    local change
    in_parts
    proxy_start
    for change in grow shrink replace rewrite remove; do
        make_buckets dev-copy
        rm -rf tree/a tree/b tree/*
        head -c 30000000 /dev/urandom >tree/large
        printf 'x\n' >tree/small
        during "$change" mv tree s3://dev-copy --recursive
        [[ $status == 1 && $err == *'move failed: tree/large to s3://dev-copy/large'* ]] ||
            { tree_fail "$change"; return 1; }
        [[ $change == remove || -e tree/large ]] || { tree_fail 'LOST'; return 1; }
        assert_equal "$(s3read list dev-copy)$(s3read uploads dev-copy)" '"small"' \
            "$change: what is there" || return 1
        [[ ! -e tree/small ]]
    done
}

@test "a large object that changes while it is copied or fetched: no mixture of two, ever" {
    local change
    in_parts
    rm -rf tree/*
    head -c 30000000 /dev/urandom >large
    head -c 30000000 /dev/urandom >other
    proxy_start
    for change in overwrite erase; do
        make_buckets dev-data dev-copy
        s3write put dev-data large large
        during "$change" mv s3://dev-data s3://dev-copy --recursive
        [[ $status == 1 ]] || { tree_fail "$change, across"; return 1; }
        [[ $change == erase ]] || assert_object_bytes dev-data large other
        assert_equal "$(s3read list dev-copy)$(s3read uploads dev-copy)" '' "$change: what is there"
        s3write put dev-data large large
        rm -rf down
        during "$change" mv s3://dev-data down --recursive
        [[ $status == 1 ]] || { tree_fail "$change, down"; return 1; }
        [[ $change == erase ]] || assert_object_bytes dev-data large other
        assert_equal "$(find down -type f 2>/dev/null)" '' "$change: files"
    done
}

@test "a clock that is 20 minutes off: no decision; where none is asked for, S3 is set right" {
    local offset
    type -P faketime >/dev/null || skip 'faketime is not installed'
    GS3T_WRAP=(faketime -f +20m)
    # It is a library that is loaded before others: not everything takes that.
    gs3_ --version >/dev/null 2>&1 || skip 'faketime does not work here'
    make_buckets prod-data
    s3write puttree dev-data '' tree --then puttree prod-data '' tree
    bucket_state dev-data dev-copy prod-data >"$BATS_TEST_TMPDIR/before"
    for offset in +20m -20m; do
        GS3T_WRAP=(faketime -f "$offset")
        GS3T_ENV+=(GS3_PURPOSE='a clock that is wrong')
        tree_ends 4 mv tree s3://prod-data/x --recursive --ticket CHG0030001
        [[ $err == *clock* ]] || tree_fail 'the clock is not named'
        tree_ends 4 mv s3://prod-data s3://dev-copy --recursive --ticket CHG0030001 \
            --ticket OPS-2
        tree_ends 4 mv s3://prod-data down --recursive --ticket CHG0030001
        assert_unchanged "$BATS_TEST_TMPDIR/before" dev-data dev-copy prod-data
        # Reading development needs no ticket.
        rm -rf down
        GS3T_ENV+=(GS3_TICKET=)
        tree_ends 0 cp s3://dev-data down --recursive
        diff -r tree down 2>&1 | grep -v '^Only in tree: b$' && tree_fail 'other files'
        GS3T_ENV+=(GS3_TICKET=OPS-2)
    done
}

# html_server: answers everything with a page; its address is in server_url.
html_server()
{
    python3 -c '
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Hello</body></html>"
        self.send_response(int(sys.argv[2]))
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
with open(sys.argv[1], "w") as file:
    print(server.server_address[1], file=file)
server.serve_forever()
' "$BATS_TEST_TMPDIR/html.port" "$1" 3>&- &
    server_pid=$!
    disown
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $BATS_TEST_TMPDIR/html.port ]] || break
        sleep 0.02
    done
    GS3T_ENDPOINT=http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/html.port")
    rm "$BATS_TEST_TMPDIR/html.port"
    sed -i "s|^endpoints:|&\n  - $GS3T_ENDPOINT|" "$BATS_TEST_TMPDIR/policy.yaml"
}

@test "an endpoint that is no S3: an error, no success, no file, no source gone" {
    local code
    GS3T_WRAP=(timeout 60)
    manifest_of tree >wanted
    for code in 200 404 403; do
        html_server "$code"
        tree_ends 1 mv tree s3://dev-data --recursive
        assert_equal "$(manifest_of tree)" "$(<wanted)" 'the files'
        assert_equal "$out" ''
        rm -rf down
        tree_ends 1 mv s3://dev-data down --recursive
        [[ $err == *'fatal error'* ]] || tree_fail 'no line'
        assert_equal "$(find down -type f 2>/dev/null)" '' 'files'
        tree_ends 1 cp s3://dev-data s3://dev-copy --recursive
        ! LC_ALL=C grep -q '<' "$BATS_TEST_TMPDIR/err" || tree_fail 'the page is shown'
        kill "$server_pid"
    done
}
