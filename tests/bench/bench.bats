# The benchmark runs, and its endpoint answers as S3 does: each case once, with tiny sizes. The figures
# mean nothing here. GS3 names the program; the benchmark's own programs are those of the same build.
# shellcheck shell=bash disable=SC2154 # bats sets status and output

load ../system/lib/trace

setup_file() {
    bats_require_minimum_version 1.5.0
    : "${GS3:?GS3 names the gs3 program}"
    export SINK="${GS3_SINK:-$(dirname "$GS3")/tests/bench/gs3-sink}"
    "$SINK" --quiet --md5 --keep-bodies --port-file "$BATS_FILE_TMPDIR/port" \
        2>"$BATS_FILE_TMPDIR/errors" 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/pid"
    for _ in $(seq 100); do
        [ ! -s "$BATS_FILE_TMPDIR/port" ] || break
        sleep 0.05
    done
    URL="http://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/port")"
    export URL
}

# A sanitizer's complaint comes at the end, so wait for it.
teardown_file() {
    local pid
    pid=$(cat "$BATS_FILE_TMPDIR/pid")
    kill "$pid"
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    [ ! -s "$BATS_FILE_TMPDIR/errors" ]
}

ask() {
    curl -q -sS --noproxy '*' "$@"
}

status_of() {
    ask -o /dev/null -w '%{http_code}' "$@"
}

# bench CLIENTS CASE...: one round of tiny sizes; output, stderr and status are its own.
bench() {
    local clients=$1
    shift
    mkdir -p "$BATS_TEST_TMPDIR/tmp"
    run --separate-stderr env TMPDIR="$BATS_TEST_TMPDIR/tmp" GS3_BENCH_ROUNDS=1 \
        GS3_BENCH_BYTES=100000 GS3_BENCH_OBJECTS=12 GS3_BENCH_KEYS=2500 GS3_BENCH_SECONDS=1 \
        GS3_BENCH_CLIENTS="$clients" GS3_BENCH_CASES="$*" \
        GS3_BENCH_KEEP="$BATS_TEST_TMPDIR/figures" "$BATS_TEST_DIRNAME/run"
    echo "$output"
    echo "$stderr"
    [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "every case of one object runs once, governed, and leaves nothing" {
    local -a cases=(version put1 put2g put2g-signed put2g-https put2g-20ms get2g get2g-20ms cp1 mv1)
    bench 'curl gs3' "${cases[@]}"
    [ "$status" -eq 0 ]
    for name in "${cases[@]}"; do
        grep -qF "(\`$name\`)" <<<"$output"
        grep -q "^$name 1 gs3 " "$BATS_TEST_TMPDIR/figures"
        grep -q "^$name 1 curl " "$BATS_TEST_TMPDIR/figures"
    done
    grep -q '^put1 1 ticket ' "$BATS_TEST_TMPDIR/figures"
    [[ $stderr != *fails* ]]
}

@test "every case of many objects runs once, and the objects are counted" {
    local -a cases=(put10k put10k-20ms put10k-https-20ms cp10k cp10k-20ms mv10k mv10k-20ms list1m)
    bench curl "${cases[@]}"
    [ "$status" -eq 0 ]
    for name in "${cases[@]}"; do
        grep -q "^$name 1 curl [0-9]" "$BATS_TEST_TMPDIR/figures"
    done
    grep -q '^mv10k 1 curl [0-9]* [0-9]* [0-9]* 24 ' "$BATS_TEST_TMPDIR/figures"
    grep -q '^list1m 1 curl [0-9]* [0-9]* [0-9]* 3 1 ' "$BATS_TEST_TMPDIR/figures"
}

@test "gs3 has its part in every case of many objects" {
    local -a cases=(put10k put10k-https-20ms cp10k mv10k list1m cp50g-20ms governance10k put1m cp1m)
    bench gs3 "${cases[@]}"
    [ "$status" -eq 0 ]
    for name in "${cases[@]}"; do
        grep -q "^$name 1 gs3 [0-9]" "$BATS_TEST_TMPDIR/figures"
    done
    [[ $output == *'The ticket costs: wall '* && $output == *'### Peak memory ('*cp1m* ]]
}

@test "a client that fails, or does not do its work, has a row that says so" {
    local build
    build=$(dirname "$GS3")
    cat >"$BATS_TEST_TMPDIR/gs3" <<'SCRIPT'
#!/bin/sh
[ ! -e "${0%/*}/fails" ] || { echo 'it | broke' >&2; exit 9; }
SCRIPT
    chmod +x "$BATS_TEST_TMPDIR/gs3"
    export GS3_SIM="$build/tests/sim/gs3-sim" GS3_TIMER="$build/tests/bench/gs3-timer" \
        GS3_SINK="$SINK" GS3="$BATS_TEST_TMPDIR/gs3"
    bench 'curl gs3' put10k
    [ "$status" -eq 1 ]
    [[ $output == *'| curl, unsigned | 1 |'* && $output == *'| gs3 | failed |'* ]]
    [[ $output == *'gs3 failed: there are objects 0 bytes 0 , not objects 12 bytes 49152.'* ]]
    touch "$BATS_TEST_TMPDIR/fails"
    bench 'curl gs3' put10k
    [ "$status" -eq 1 ]
    [[ $output == *'gs3 failed: it / broke.'* ]]
    run "$GS3_TIMER" -l 1 -- sleep 60
    [ "$status" -eq 124 ]
    [[ $output =~ ^1[0-9]{6}\ .*\ 124$ ]]
}

@test "the benchmark refuses what it does not know" {
    run env GS3_BENCH_CASES=put3 "$BATS_TEST_DIRNAME/run"
    [ "$status" -eq 252 ]
    [[ $output == *"there is no case put3"* ]]
    run env GS3_BENCH_ROUNDS=some "$BATS_TEST_DIRNAME/run"
    [ "$status" -eq 252 ]
}

@test "the sink returns what was put, its MD5 and its metadata" {
    printf 'hello' >"$BATS_TEST_TMPDIR/file"
    ask -T "$BATS_TEST_TMPDIR/file" -H 'x-amz-meta-color: blue' -H 'Content-Type: text/plain' \
        "$URL/bucket/a%20b"
    [ "$(ask "$URL/bucket/a%20b")" = hello ]
    [ "$(ask -r 1-3 "$URL/bucket/a%20b")" = ell ]
    [ "$(ask -r -2 "$URL/bucket/a%20b")" = lo ]
    [ "$(status_of -r 5- "$URL/bucket/a%20b")" = 416 ]
    run ask -I "$URL/bucket/a%20b"
    [[ $output == *'x-amz-meta-color: blue'* && $output == *'Content-Type: text/plain'* ]]
    [[ $output == *'ETag: "5d41402abc4b2a76b9719d911017c592"'* ]]
    [[ $output == *'Content-Length: 5'* ]]
}

@test "the sink takes a chunked body, and a head that comes in pieces" {
    printf 'in chunks' | ask -T - -H 'Transfer-Encoding: chunked' "$URL/bucket/chunked"
    [ "$(ask "$URL/bucket/chunked")" = 'in chunks' ]
    exec 9<>"/dev/tcp/127.0.0.1/${URL##*:}"
    printf 'GET /bucket/chunked HTTP/1.1\r\nHo' >&9
    sleep 0.1
    printf 'st: x\r\nConnection: close\r\n\r\n' >&9
    [ "$(tail -c 9 <&9)" = 'in chunks' ]
    exec 9>&-
}

@test "the sink copies, with new metadata or the source's, and minds conditions" {
    printf 'source' | ask -T - -H 'x-amz-meta-color: blue' "$URL/bucket/source"
    ask -o /dev/null -X PUT -H 'x-amz-copy-source: /bucket/source' "$URL/bucket/kept"
    ask -o /dev/null -X PUT -H 'x-amz-copy-source: bucket/source' -H 'x-amz-meta-size: 6' \
        -H 'x-amz-metadata-directive: REPLACE' "$URL/bucket/new"
    [[ $(ask -I "$URL/bucket/kept") == *'x-amz-meta-color: blue'* ]]
    run ask -I "$URL/bucket/new"
    [[ $output == *'x-amz-meta-size: 6'* && $output != *color* ]]
    [ "$(ask "$URL/bucket/new")" = source ]
    [ "$(status_of -X PUT -H 'x-amz-copy-source: bucket/source' \
        -H 'x-amz-copy-source-if-match: "other"' "$URL/bucket/no")" = 412 ]
    [ "$(status_of -T /dev/null -H 'If-None-Match: *' "$URL/bucket/new")" = 412 ]
    [ "$(status_of -X DELETE -H 'If-Match: "other"' "$URL/bucket/new")" = 412 ]
    [ "$(status_of -X DELETE "$URL/bucket/new")" = 204 ]
    [ "$(status_of "$URL/bucket/new")" = 404 ]
    [ "$(status_of -X PUT -H 'x-amz-copy-source: bucket/none' "$URL/bucket/no")" = 404 ]
}

@test "the sink puts parts together" {
    local id etag
    id=$(ask -X POST -H 'x-amz-meta-color: red' "$URL/parts/whole?uploads" |
        sed -n 's|.*<UploadId>\(.*\)</UploadId>.*|\1|p')
    for part in 1 2; do
        printf 'part %s' "$part" | ask -T - "$URL/parts/whole?partNumber=$part&uploadId=$id"
    done
    [ "$(status_of -T /dev/null "$URL/parts/whole?partNumber=10001&uploadId=$id")" = 400 ]
    [ "$(status_of -T /dev/null "$URL/parts/whole?partNumber=1&uploadId=U999")" = 404 ]
    etag=$(for part in 1 2; do printf 'part %s' "$part" | openssl md5 -binary; done | openssl md5 -r)
    run ask -X POST --data x "$URL/parts/whole?uploadId=$id"
    [[ $output == *"${etag%% *}-2"* ]]
    run ask -I "$URL/parts/whole"
    [[ $output == *'Content-Length: 12'* && $output == *'x-amz-meta-color: red'* ]]
    [ "$(status_of -X DELETE "$URL/parts/whole?uploadId=$id")" = 404 ]
}

@test "the sink checks checksums, keeps them and tells them where it is asked to" {
    local port="$BATS_TEST_TMPDIR/port" url pid
    printf '123456789' >"$BATS_TEST_TMPDIR/file"
    "$SINK" --quiet --checksums --keep-bodies --port-file "$port" 3>&- &
    pid=$!
    for _ in $(seq 100); do
        [ ! -s "$port" ] || break
        sleep 0.05
    done
    url="http://127.0.0.1:$(cat "$port")/sums"
    # Known values, by the catalogue of parametrised CRC algorithms.
    run ask -i -T "$BATS_TEST_TMPDIR/file" -H 'x-amz-checksum-crc32: y/Q5Jg==' "$url/a"
    [[ $output == *'x-amz-checksum-crc32: y/Q5Jg=='* ]]
    [ "$(status_of -T "$BATS_TEST_TMPDIR/file" -H 'x-amz-checksum-crc32: AAAAAA==' "$url/b")" = 400 ]
    [ "$(status_of "$url/b")" = 404 ]
    run ask -I -H 'x-amz-checksum-mode: ENABLED' "$url/a"
    [[ $output == *'x-amz-checksum-crc32: y/Q5Jg=='*'FULL_OBJECT'* ]]
    [[ $(ask -I "$url/a") != *checksum* ]]
    # The aws-chunked form, by itself and in HTTP's chunks.
    printf '4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n' \
        >"$BATS_TEST_TMPDIR/framed"
    local -a framed=(-H 'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER'
        -H 'x-amz-decoded-content-length: 9' -H 'x-amz-trailer: x-amz-checksum-crc64nvme'
        -T "$BATS_TEST_TMPDIR/framed")
    [ "$(status_of "${framed[@]}" "$url/c")" = 200 ]
    [ "$(ask "$url/c")" = 123456789 ]
    [ "$(status_of "${framed[@]}" -H 'Transfer-Encoding: chunked' "$url/d")" = 200 ]
    [ "$(ask "$url/d")" = 123456789 ]
    sed -i 's/56789/56788/' "$BATS_TEST_TMPDIR/framed"
    [ "$(status_of "${framed[@]}" "$url/e")" = 400 ]
    # Parts are joined.
    id=$(ask -X POST -H 'x-amz-checksum-algorithm: CRC32C' "$url/f?uploads" |
        sed -n 's|.*<UploadId>\(.*\)</UploadId>.*|\1|p')
    printf '1234' >"$BATS_TEST_TMPDIR/1"
    printf '56789' >"$BATS_TEST_TMPDIR/2"
    for part in 1 2; do
        ask -o /dev/null -T "$BATS_TEST_TMPDIR/$part" -H 'x-amz-trailer: x-amz-checksum-crc32c' \
            "$url/f?uploadId=$id&partNumber=$part"
    done
    run ask -X POST -H 'x-amz-checksum-crc32c: 4waSgw==' "$url/f?uploadId=$id"
    [[ $output == *'<ChecksumCRC32C>4waSgw==</ChecksumCRC32C>'* ]]
    kill "$pid"
}

@test "the sink lists pages, prefixes and synthetic buckets" {
    local key token
    for key in a/1 a/2 'b&c' d; do
        ask -o /dev/null -T /dev/null "$URL/listed/$key"
    done
    run ask "$URL/listed?list-type=2"
    [[ $output == *'<KeyCount>4</KeyCount>'* && $output == *'<Key>b&amp;c</Key>'* ]]
    run ask "$URL/listed?list-type=2&delimiter=/&max-keys=1"
    [[ $output == *'<Prefix>a/</Prefix>'* && $output == *'<IsTruncated>true<'* ]]
    token=$(sed -n 's|.*<NextContinuationToken>\(.*\)</Next.*|\1|p' <<<"$output")
    run ask "$URL/listed?list-type=2&delimiter=/&max-keys=9&continuation-token=$token"
    [[ $output == *'<KeyCount>2</KeyCount>'* && $output != *'<Key>a/'* ]]
    run ask "$URL/n1000000-4096?list-type=2&prefix=p/0099999"
    [[ $output == *'<KeyCount>10</KeyCount>'* && $output == *'<Size>4096</Size>'* ]]
    run ask -I "$URL/n1-53687091200/p/00000000"
    [[ $output == *'Content-Length: 53687091200'* ]]
    [ "$(status_of "$URL/n1-1/p/00000001")" = 404 ]
    ask -o /dev/null -X POST --data '<Delete><Object><Key>b&amp;c</Key></Object></Delete>' \
        "$URL/listed?delete"
    [ "$(status_of "$URL/listed/b%26c")" = 404 ]
}

@test "the sink counts, forgets on request, and hangs up on what is no request" {
    ask -o /dev/null -T /dev/null "$URL/counted/key"
    [[ $(ask "$URL/_reset") == *PutObject* ]]
    [ "$(status_of "$URL/counted/key")" = 404 ]
    [[ $(ask "$URL/_stats") == *'answered_404 1'* ]]
    for text in 'x\r\n\r\n' 'GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n' 'GET http://a HTTP/1.1\r\n\r\n'; do
        exec 9<>"/dev/tcp/127.0.0.1/${URL##*:}"
        # shellcheck disable=SC2059 # the escapes are the point
        printf "$text" >&9
        [ -z "$(cat <&9)" ]
        exec 9>&-
    done
}

@test "the sink refuses options that make no sense" {
    for option in --port=70000 --threads=0 --latency=1x --rate=-1 --fault-503=101 --fault-reset=x \
        --bogus extra; do
        run "$SINK" "$option"
        [ "$status" -eq 252 ]
    done
    run "$SINK" --tls /dev/null
    [ "$status" -eq 1 ]
}

# start_sink [OPTION]...: another sink for one test; its address is in url.
start_sink() {
    "$SINK" --quiet --die-with-parent --port-file "$BATS_TEST_TMPDIR/port" "$@" \
        2>"$BATS_TEST_TMPDIR/errors" 3>&- &
    for _ in $(seq 100); do
        [ ! -s "$BATS_TEST_TMPDIR/port" ] || break
        sleep 0.05
    done
    url="http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")"
}

@test "the sink minds conditions on writes, reads, parts and batches" {
    local etag id
    etag=$(ask -D - -o /dev/null -T - "$URL/cond/key" <<<one | tr -d '\r"' | sed -n 's/^ETag: //p')
    [ "$(status_of -H "If-None-Match: \"$etag\"" "$URL/cond/key")" = 304 ]
    [ "$(status_of -T /dev/null -H 'If-Match: "other"' "$URL/cond/key")" = 412 ]
    [ "$(status_of -T /dev/null -H 'If-Match: "other"' "$URL/cond/none")" = 404 ]
    id=$(ask -X POST "$URL/cond/key?uploads" | sed -n 's|.*<UploadId>\(.*\)</UploadId>.*|\1|p')
    [ "$(status_of -X PUT -H 'x-amz-copy-source: cond/key' \
        -H 'x-amz-copy-source-if-match: "other"' "$URL/cond/key?partNumber=1&uploadId=$id")" = 412 ]
    for _ in 1 2; do # sent again, a part counts once
        ask -o /dev/null -X PUT -H 'x-amz-copy-source: cond/key' \
            "$URL/cond/key?partNumber=1&uploadId=$id"
    done
    [ "$(status_of -X POST -d x -H 'If-None-Match: *' "$URL/cond/key?uploadId=$id")" = 412 ]
    [ "$(status_of -X POST -d x "$URL/cond/key?uploadId=$id")" = 200 ]
    [ "$(ask "$URL/_objects/cond/" | tr '\n' ' ')" = 'objects 1 bytes 4 ' ]
    run ask -X POST "$URL/cond?delete" \
        -d '<Delete><Object><Key>key</Key><ETag>"other"</ETag></Object></Delete>'
    [[ $output == *'<Error><Key>key</Key><Code>PreconditionFailed</Code>'* ]]
    [ "$(status_of -I "$URL/cond/key")" = 200 ]
}

@test "the sink logs requests, a JSON object a line, before it answers" {
    start_sink --request-log "$BATS_TEST_TMPDIR/log"
    ask -o /dev/null -T /dev/null -H 'x-amz-meta-Color: "b\l' "$url/bucket/a%20b?x=%41"
    ask -o /dev/null "$url/_stats"
    run python3 -c 'import json, sys
for line in open(sys.argv[1]):
    it = json.loads(line)
    print(it["method"], it["target"], it["path"], it["query"], it["operation"], it["status"],
          it["bytes"], it["headers"]["x-amz-meta-color"], sep="|")' "$BATS_TEST_TMPDIR/log"
    [ "$output" = 'PUT|/bucket/a%20b?x=%41|bucket/a b|x=%41|PutObject|200|0|"b\l' ]
}

@test "the sink fails by chance, and by the same chance for the same seed" {
    local first
    for seed in 3 3 4; do
        rm -f "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/log"
        start_sink --fault-503 10.5 --fault-reset 20 --seed "$seed" \
            --request-log "$BATS_TEST_TMPDIR/log"
        ask -o /dev/null -T /dev/null "$url/bucket/key[1-60]" || true
        kill $!
        output=$(grep -o '"fault":"reset"\|"status":[0-9]*' "$BATS_TEST_TMPDIR/log")
        [[ $output == *503* && $output == *reset* && $output == *200* ]]
        case $seed in
        3) [ "$output" = "${first:=$output}" ] ;;
        4) [ "$output" != "$first" ] ;;
        esac
    done
}
