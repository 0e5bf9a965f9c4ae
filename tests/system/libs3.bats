#!/usr/bin/env bats
# Signature Version 2 by the libs3 module, against a store that verifies it: the truth table and the
# odd keys as over Version 4; what it cannot have, refused by name before anything is asked; the
# module's file, loaded where it is wanted and only from where gs3 was installed.

# shellcheck disable=SC2154,SC2034 # status, output, stderr: set by run; truth_*, tls: for the libs
load lib/common
load lib/truth
load lib/keys

# The module is put where this build looks for it: a directory of the build's own.
setup_file()
{
    : >"$BATS_FILE_TMPDIR/decisions"
    [[ -n ${GS3_LIBS3_MODULE:-} && -e $GS3_LIBS3_MODULE ]] || return 0
    [[ ! -e $GS3_MODULEDIR/libs3.so ]] || return 0
    mkdir -p "$GS3_MODULEDIR" 2>/dev/null && [[ -w $GS3_MODULEDIR ]] || return 0
    install -m 644 "$GS3_LIBS3_MODULE" "$GS3_MODULEDIR/libs3.so"
    : >"$BATS_FILE_TMPDIR/installed"
}

teardown_file()
{
    [[ ! -e $BATS_FILE_TMPDIR/installed ]] || rm -f "$GS3_MODULEDIR/libs3.so"
}

needs_module()
{
    [[ -e ${GS3_MODULEDIR:-/nonexistent}/libs3.so ]] ||
        skip 'no libs3 module: configure found no libs3, or $libdir cannot be written'
}

# The tests that change the module's file need it to be this file's own.
needs_own_module()
{
    [[ -e $BATS_FILE_TMPDIR/installed ]] || skip 'the module in $libdir is not of this test'
}

setup()
{
    sim_reset
    keys_settings=$'signature_version = s3\n'
    printf '[default]\n%s' "$keys_settings" >"$(client_home)/.aws/config"
    truth_tags=
    # What is refused is refused before a transport is chosen: truth.bats has every condition.
    [[ -n ${GS3_TEST_LONG:-} ]] || truth_conditions=(none unapproved good)
    tls=()
    work=$BATS_TEST_TMPDIR/keys
    mkdir -p "$work"
    truth_work=$BATS_TEST_TMPDIR/work
    test_policy "$BATS_TEST_TMPDIR/policy.yaml"
}

teardown()
{
    truth_end
    [[ -e $BATS_FILE_TMPDIR/installed ]] || return 0
    rm -f "$GS3_MODULEDIR/libs3.so"
    install -m 644 "$GS3_LIBS3_MODULE" "$GS3_MODULEDIR/libs3.so"
}

development()
{
    make_buckets dev-one dev-two
    GS3T_ENV+=(GS3_TICKET=OPS-2 GS3_PURPOSE=keys GS3_DEPARTMENT=storage)
}

# rows ENVIRONMENT OPERATION...: rows of the truth table.
rows()
{
    local environment=$1 operation
    shift
    needs_module
    truth_start
    for operation in "$@"; do
        sim_reset
        "$environment" "$operation"
    done
}

@test "production, up" { rows production cp-up mv-up put-up put-stdin; }
@test "production, down" { rows production cp-down mv-down; }
@test "production, across" { rows production cp-across mv-across; }
@test "staging, up" { rows staging cp-up mv-up put-up put-stdin; }
@test "staging, down" { rows staging cp-down mv-down; }
@test "staging, across" { rows staging cp-across mv-across; }
@test "an unmapped bucket, every operation" {
    rows unmapped cp-up cp-down cp-across mv-up mv-down mv-across put-up put-stdin
}

@test "from one environment to another" {
    local operation
    needs_module
    truth_start
    for operation in cp-across mv-across; do
        crossing "$operation" prod-data staging-data
        sim_reset
        crossing "$operation" staging-data prod-data
        sim_reset
    done
}

# keys_every COUNT FIRST: every so-manieth of the odd keys, a third of these with GS3_TEST_BRIEF.
keys_every()
{
    sample_keys "$@"
    [[ -z ${GS3_TEST_BRIEF:-} ]] || sample_keys 3 0
    needs_module
    development
}

@test "odd keys survive up, across and down, one half" { keys_every 2 0 && copies; }
@test "odd keys survive up, across and down, the other half" {
    [[ -z ${GS3_TEST_BRIEF:-} ]] || skip 'half of them will do here'
    keys_every 2 1 && copies
}
@test "odd keys survive moves, virtual-hosted" { keys_every 4 0 && virtual_hosted moves; }
@test "odd keys survive moves, virtual-hosted: the others" {
    [[ -n ${GS3_TEST_LONG:-} ]] || skip 'takes a minute: set GS3_TEST_LONG=1'
    keys_every 4 1 && virtual_hosted moves
    KEYS=() && load lib/keys
    keys_every 2 1 && moves
}

@test "the longest key goes up and down; a copy's source is too long for libs3, which is said" {
    needs_module
    development
    key=$(long_key)
    echo x >"$work/f"
    key_gs3 cp "$work/f" "s3://dev-one/$key"
    key_gs3 cp "s3://dev-one/$key" "$work/down"
    assert_same_bytes "$work/f" "$work/down"
    run --separate-stderr gs3_ mv "s3://dev-one/$key" s3://dev-two/k
    assert_status 1
    [[ $stderr == *'cannot be sent with signature_version = s3: libs3 says'* ]]
    assert_keys dev-one "$key"
    assert_keys dev-two
}

# refused STATUS WORDS ARGUMENT...: one line with the words, nothing asked of anybody.
refused()
{
    local want=$1 words=$2
    shift 2
    run --separate-stderr gs3_ "$@"
    assert_status "$want" || { printf 'of: gs3 %s\n' "$*"; return 1; }
    [[ -z $output && $stderr == "gs3: "*"$words"* && $stderr != *$'\n'* ]] ||
        { printf 'gs3 %s: not one line with "%s": %s\n' "$*" "$words" "$stderr"; return 1; }
}

profile()
{
    printf '[default]\n%s\n' "$1" >"$(client_home)/.aws/config"
}

@test "every option that it cannot have is refused by name, before any request" {
    local mark option file=$work/f key
    needs_module
    development
    echo x >"$file"
    key=$(head -c 32 /dev/zero | base64)
    mark=$(requests_mark)
    for option in --no-overwrite --resume --tags=a=b --content-disposition=inline \
        --content-language=de --expires=2030-01-01T00:00:00Z --website-redirect=/x \
        --grants=read=id=1 --storage-class=STANDARD_IA --sse=AES256 --sse=aws:kms \
        --checksum-algorithm=CRC32 --request-payer=requester --no-sign-request; do
        if [[ $option == *=* ]]; then
            refused 252 "${option%%=*}" cp "$file" s3://dev-one/k "${option%%=*}" "${option#*=}"
        else
            refused 252 "$option" cp "$file" s3://dev-one/k "$option"
        fi
    done
    refused 252 --sse-c cp "$file" s3://dev-one/k --sse-c AES256 --sse-c-key "$key"
    refused 252 --checksum-mode cp s3://dev-one/k "$work/down" --checksum-mode ENABLED
    refused 252 --source-region cp s3://dev-one/k s3://dev-two/k --source-region us-west-2
    refused 252 'bucket-owner-read' cp "$file" s3://dev-one/k --acl bucket-owner-read
    printf '[profile slow]\nsignature_version = s3\ns3 =\n  max_bandwidth = 1MB/s\n' \
        >>"$(client_home)/.aws/config"
    refused 253 'max_bandwidth' cp "$file" s3://dev-one/k --profile slow
    GS3T_ENV+=(AWS_SESSION_TOKEN=token)
    refused 253 'session token' cp "$file" s3://dev-one/k
    assert_equal "$(requests_since "$mark" | grep ' gs3/' || true)" '' requests
    assert_keys dev-one
}

@test "https is refused, with its reason, unless the user does without a check of the server" {
    needs_module
    development
    echo x >"$work/f"
    GS3T_ENDPOINT=$GS3T_S3_HTTPS
    refused 253 '--no-verify-ssl' cp "$work/f" s3://dev-one/k
    run --separate-stderr gs3_ cp "$work/f" s3://dev-one/k --no-verify-ssl
    assert_status 0
    assert_object_bytes dev-one k "$work/f"
}

@test "AWS itself is no store for it" {
    needs_module
    echo x >"$work/f"
    profile $'signature_version = s3\nignore_configured_endpoint_urls = true'
    run --separate-stderr gs3_ cp "$work/f" s3://dev-one/k
    assert_status 253
    [[ $stderr == *'AWS wants Version 4'* && $stderr != *$'\n'* ]]
}

@test "a wrong secret is refused by the store, an object that is not there is not found" {
    needs_module
    development
    echo x >"$work/f"
    run --separate-stderr gs3_ cp s3://dev-one/nothing "$work/down"
    assert_status 1
    [[ $stderr == *404* ]]
    GS3T_ENV+=(AWS_SECRET_ACCESS_KEY=wrong)
    run --separate-stderr gs3_ cp "$work/f" s3://dev-one/k
    assert_status 1
    [[ $stderr == *SignatureDoesNotMatch* ]]
}

@test "what a copy cannot carry over keeps it from being made" {
    needs_module
    development
    echo x >"$work/f"
    s3write put dev-one tagged "$work/f" 'x-amz-tagging: a=1'
    s3write put dev-one shown "$work/f" 'content-disposition: inline'
    run --separate-stderr gs3_ cp s3://dev-one/tagged s3://dev-two/k
    assert_status 1
    [[ $stderr == *'1 tags'* ]]
    run --separate-stderr gs3_ mv s3://dev-one/shown s3://dev-two/k
    assert_status 1
    [[ $stderr == *Content-Disposition* ]]
    assert_keys dev-two
    assert_keys dev-one tagged shown
    run --separate-stderr gs3_ mv s3://dev-one/shown s3://dev-two/k --copy-props none
    assert_status 0
    assert_keys dev-two k
}

@test "properties, canned ACL, --verify md5 and a tree that is moved up, across and down" {
    local i
    needs_module
    development
    mkdir "$work/tree"
    for i in {1..30}; do echo "$i" >"$work/tree/f $i"; done
    cp -r "$work/tree" "$work/same"
    gs3_ cp "$work/tree/f 1" s3://dev-one/p --cache-control max-age=1 --content-type text/x-a \
        --content-encoding identity --acl public-read --verify md5
    assert_equal "$(s3read head dev-one p | jq -r '.headers["cache-control"]')" max-age=1
    gs3_ mv --recursive "$work/tree" s3://dev-one/tree/
    gs3_ mv --recursive s3://dev-one/tree/ s3://dev-two/other/ --page-size 7
    gs3_ mv --recursive s3://dev-two/other/ "$work/back"
    diff -r "$work/same" "$work/back"
    assert_keys dev-one p
    assert_keys dev-two
}

# start_answering ANSWER: a server that reads a request and answers this, or nothing and waits; its
# endpoint is allowed, its connections are counted in $work/connections.
start_answering()
{
    local tries
    python3 - "$work" "$1" <<'SERVER' 3>&- &
import socket, sys, time
work, answer = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
open(work + "/port", "w").write(str(listener.getsockname()[1]) + "\n")
listener.settimeout(60)
while True:
    connection, _ = listener.accept()
    open(work + "/connections", "a").write("x\n")
    connection.recv(65536)
    if not answer:
        time.sleep(60)
    connection.sendall(answer.encode())
    connection.close()
SERVER
    answering=$!
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $work/port ]] || break
        sleep 0.05
    done
    GS3T_ENDPOINT=http://127.0.0.1:$(<"$work/port")
    sed -i "s|^endpoints:|&\n  - $GS3T_ENDPOINT|" "$BATS_TEST_TMPDIR/policy.yaml"
}

@test "no redirect is followed" {
    local mark
    needs_module
    development
    echo x >"$work/f"
    mark=$(requests_mark)
    start_answering $'HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nConnection: close\r\nLocation: '"$GS3T_S3_HTTP"$'/dev-one/k\r\n\r\n'
    run --separate-stderr gs3_ cp "$work/f" s3://dev-one/k
    kill "$answering"
    assert_status 1
    assert_equal "$(requests_since "$mark" | grep ' gs3/' || true)" '' 'requests where it pointed to'
}

@test "more metadata than libs3 has room for, and a status without a head, are only read" {
    local i many=
    needs_module
    development
    for ((i = 0; i < 400; i++)); do many+="x-amz-meta-n$i: v"$'\r\n'; done
    start_answering $'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: "a"\r\n'"$many"$'\r\n'
    run --separate-stderr gs3_ cp s3://dev-one/k s3://dev-two/k
    kill "$answering"
    assert_status 1
    [[ $stderr != *signal* && $stderr != *Sanitizer* ]]
}

@test "an interrupt ends the wait for a store that says nothing" {
    local status=0 tries
    needs_module
    development
    echo x >"$work/f"
    start_answering ''
    gs3_ cp "$work/f" s3://dev-one/k >"$work/out" 2>&1 3>&- &
    for ((tries = 0; tries < 200; tries++)); do
        [[ ! -s $work/connections ]] || break
        sleep 0.05
    done
    kill -INT "$(pgrep -P $! -f 'gs3 cp' || echo $!)"
    wait $! || status=$?
    kill "$answering"
    [[ $status == 130 ]] || { printf 'status %s\n' "$status"; cat "$work/out"; return 1; }
}

@test "a module that is missing, wrong or not to be trusted: one line, 253, nothing asked" {
    local mark module=$GS3_MODULEDIR/libs3.so
    needs_own_module
    development
    echo x >"$work/f"
    mark=$(requests_mark)
    rm "$module"
    refused 253 "$module is not there" cp "$work/f" s3://dev-one/k
    echo 'not a shared object' >"$module"
    refused 253 libs3.so cp "$work/f" s3://dev-one/k
    rm "$module"
    : >"$module"
    refused 253 libs3.so cp "$work/f" s3://dev-one/k
    printf 'int other;\n' | gcc -shared -fPIC -x c - -o "$module"
    chmod 755 "$module"
    refused 253 'is not a module of gs3' cp "$work/f" s3://dev-one/k
    printf '#include <stddef.h>\nstruct {unsigned a; size_t b, c; const char *d; void *e[6];}\n%s\n' \
        'gs3_s3_module = {99, 1, 1, "0"};' | gcc -shared -fPIC -x c - -o "$module"
    chmod 755 "$module"
    refused 253 'of another gs3' cp "$work/f" s3://dev-one/k
    install -m 646 "$GS3_LIBS3_MODULE" "$module"
    refused 253 'chmod go-w' cp "$work/f" s3://dev-one/k
    rm "$module"
    ln -s "$GS3_LIBS3_MODULE" "$module"
    refused 253 'not a regular file' cp "$work/f" s3://dev-one/k
    rm "$module"
    install -m 644 "$GS3_LIBS3_MODULE" "$module"
    chmod 777 "$GS3_MODULEDIR"
    refused 253 'chmod go-w' cp "$work/f" s3://dev-one/k
    chmod 755 "$GS3_MODULEDIR"
    if [[ $(id -u) == 0 ]]; then
        chown 12345 "$module"
        refused 253 'neither to root' cp "$work/f" s3://dev-one/k
        chown 0 "$module"
    fi
    assert_equal "$(requests_since "$mark" | grep ' gs3/' || true)" '' requests
    gs3_ cp "$work/f" s3://dev-one/k
}

# loaded ARGUMENT...: what the dynamic loader says it loads for a run.
loaded()
{
    GS3T_WRAP=(env LD_DEBUG=files "LD_DEBUG_OUTPUT=$work/trace")
    rm -f "$work"/trace.*
    gs3_ "$@" >/dev/null
    GS3T_WRAP=()
    cat "$work"/trace.*
}

@test "nothing of libs3's is loaded but for a profile that wants it, and never by the environment" {
    local libraries='libs3\.so|libcurl-gnutls|libxml2|libicu'
    needs_module
    development
    echo x >"$work/f"
    loaded --version >"$work/version"
    [[ -s $work/version ]]
    assert_equal "$(grep -cE "$libraries" "$work/version" || true)" 0 'by --version'
    loaded cp "$work/f" s3://dev-one/two
    cat "$work"/trace.* >"$work/two"
    grep -qF "$GS3_MODULEDIR/libs3.so" "$work/two"
    profile ''
    loaded cp "$work/f" s3://dev-one/four >"$work/four"
    [[ -s $work/four ]]
    assert_equal "$(grep -cE "$libraries" "$work/four" || true)" 0 'by a put of Version 4'
    assert_equal "$(readelf -d "$GS3" | grep -cE "NEEDED.*($libraries)" || true)" 0 'needed by gs3'
    # A module elsewhere is not looked for, whatever the environment says.
    profile 'signature_version = s3'
    mkdir "$work/gs3"
    echo 'not a shared object' >"$work/gs3/libs3.so"
    GS3T_ENV+=(LD_LIBRARY_PATH="$work/gs3" GS3_MODULEDIR="$work/gs3")
    gs3_ cp "$work/f" s3://dev-one/again
}
