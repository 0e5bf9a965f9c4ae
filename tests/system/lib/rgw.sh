#!/usr/bin/env bash
# A private Ceph RADOS Gateway on loopback, as the S3 server of the tests and the demo.
#
#   rgw.sh start DIR    start it; DIR (new or empty) holds everything it has, DIR/env says where
#                       it listens and with which keys (to be sourced by a shell)
#   rgw.sh stop DIR     end it and whatever a start that was cut off left behind; removes the data
#   rgw.sh status DIR   exit 0 when all three daemons run
#
# One monitor, one OSD that keeps the objects in memory, one gateway; no root, no systemd. Depends
# on Debian's ceph packages, openssl, curl and jq; ends only processes that it started.
set -euo pipefail

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly lib
# shellcheck source=tests/system/lib/process.sh
source "$lib/process.sh"
readonly PROCESSES=(mon osd rgw tool)
readonly START_SECONDS=30 # for each step of a start, on a slow machine
readonly ATTEMPTS=4       # with new ports each, when another program took one meanwhile

fail()
{
    printf 'rgw.sh: %s\n' "$1" >&2
    exit 1
}

# The free loopback ports that were asked for, below the range that the kernel gives to clients.
free_ports()
{
    local count=$1 port
    local -A used=()
    while read -r port; do used[$port]=1; done < <(
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
            awk '$2 ~ /:/ { sub(/.*:/, "", $2); print $2 }' | sort -u |
            while read -r port; do printf '%d\n' "0x$port"; done
    )
    while ((count > 0)); do
        port=$((10240 + (RANDOM * 32768 + RANDOM) % 22000))
        [[ -z ${used[$port]:-} ]] || continue
        used[$port]=1
        printf '%d\n' "$port"
        count=$((count - 1))
    done
}

# All of them at once: the objects are not kept, so nothing needs an orderly end.
end_all()
{
    local name
    process_end_marked "$dir" || return 1
    for name in "${PROCESSES[@]}"; do rm -f "$dir/$name.pid"; done
    rm -rf "$dir/mon" "$dir/osd" "$dir/rgw" "$dir/run" "$dir/monmap" "$dir/crash"
}

# Run one of Ceph's tools to its end, output in DIR/log/tool.out, at most START_SECONDS.
tool()
{
    process_launch "$dir" tool timeout -k 1 "$START_SECONDS" "$@"
    wait "$!"
}

# The same, and explain when it fails.
must()
{
    tool "$@" && return
    process_explain "$dir" tool "rgw.sh: $(basename "$1") failed (status $?)"
    return 1
}

# tcp_nodelay: without it each answer on a kept connection waits 40 ms for the client's
# acknowledgement of the one before.
write_conf()
{
    local mon_port=$1 frontends
    frontends="beast tcp_nodelay=1 endpoint=127.0.0.1:$http_port ssl_endpoint=127.0.0.1:$https_port"
    frontends+=" ssl_certificate=$dir/tls/server.pem ssl_private_key=$dir/tls/server.key"
    cat >"$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = [v1:127.0.0.1:$mon_port]
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = $dir/run
admin socket =
log file = $dir/log/\$type.log
log to stderr = false
err to stderr = true
crash dir = $dir/crash
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[mon]
mon data = $dir/mon
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 1
paxos propose interval = 0.01
paxos min wait = 0.01
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 8589934592
osd fast shutdown = false
osd crush initial weight = 1
osd min pg log entries = 10
[client]
objecter tick interval = 0.1
log file = $dir/log/rgw.log
rgw data = $dir/rgw
rgw frontends = $frontends
rgw dns name = s3.localhost
rgw thread pool size = 32
rgw dynamic resharding = false
rgw override bucket index max shards = 1
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = testkey-1=$(printf 'gs3-test-key-of-thirty-two-bytes' | base64)
rgw s3 auth use sts = true
rgw s3 auth order = local, sts
rgw sts key = gs3teststskey16b
CONF
}

start_cluster()
{
    local osd_uuid tries
    osd_uuid=$(cat /proc/sys/kernel/random/uuid)
    must monmaptool --create --fsid "$fsid" --addv a "[v1:127.0.0.1:$mon_port]" \
        "$dir/monmap" -c "$dir/ceph.conf" || return 1
    must ceph-mon -c "$dir/ceph.conf" -i a --mkfs --monmap "$dir/monmap" || return 1
    process_launch "$dir" mon ceph-mon -c "$dir/ceph.conf" -f -i a
    # A monitor that has just formed its quorum answers EPERM for some moments.
    for ((tries = 0; tries < 100; tries++)); do
        tool ceph -c "$dir/ceph.conf" --connect-timeout 10 osd new "$osd_uuid" && break
        if ! process_is_running "$dir" mon; then
            process_explain "$dir" mon "rgw.sh: the monitor ended"
            return 1
        fi
        sleep 0.05
    done
    if ((tries == 100)); then
        process_explain "$dir" tool "rgw.sh: the monitor does not accept an OSD"
        return 1
    fi
    must ceph-osd -c "$dir/ceph.conf" -i 0 --mkfs --osd-uuid "$osd_uuid" || return 1
    process_launch "$dir" osd ceph-osd -c "$dir/ceph.conf" -f -i 0
}

# Users with fixed keys, and the storage classes of AWS, all on the one pool.
make_accounts()
{
    local -a admin=(radosgw-admin -c "$dir/ceph.conf")
    must "${admin[@]}" user create --uid=test --display-name=test \
        --access-key="$GS3T_ACCESS_KEY" --secret-key="$GS3T_SECRET_KEY" \
        --caps='roles=*;user-policy=*' || return 1
    must "${admin[@]}" user create --uid=other --display-name=other \
        --access-key="$GS3T_ACCESS_KEY2" --secret-key="$GS3T_SECRET_KEY2" || return 1
    local classes='["STANDARD_IA","ONEZONE_IA","INTELLIGENT_TIERING","GLACIER","GLACIER_IR",
        "DEEP_ARCHIVE","REDUCED_REDUNDANCY"]'
    must "${admin[@]}" zonegroup get || return 1
    jq --argjson classes "$classes" '.placement_targets[].storage_classes += $classes' \
        "$dir/log/tool.out" >"$dir/zonegroup.json" || return 1
    must "${admin[@]}" zonegroup set --infile="$dir/zonegroup.json" || return 1
    must "${admin[@]}" zone get || return 1
    jq --argjson classes "$classes" '.placement_pools[].val.storage_classes |=
        (. as $s | reduce $classes[] as $c ($s; .[$c] = $s.STANDARD))' \
        "$dir/log/tool.out" >"$dir/zone.json" || return 1
    must "${admin[@]}" zone set --infile="$dir/zone.json"
}

start_gateway()
{
    local tries
    process_launch "$dir" rgw radosgw -c "$dir/ceph.conf" -f -n client.rgw
    for ((tries = 0; tries < START_SECONDS * 20; tries++)); do
        if curl -q -s -o /dev/null --noproxy '*' --max-time 2 "$GS3T_S3_HTTP/" &&
            curl -q -s -o /dev/null --noproxy '*' --max-time 2 --cacert "$GS3T_S3_CA" \
                "$GS3T_S3_HTTPS/"; then
            # Another program's server on a port that was taken meanwhile would answer as well.
            process_is_running "$dir" rgw && return 0
        fi
        process_is_running "$dir" rgw || ((tries < 4)) || break
        sleep 0.05
    done
    process_explain "$dir" rgw "rgw.sh: the gateway does not answer at $GS3T_S3_HTTP"
    return 1
}

attempt()
{
    local -a ports
    mapfile -t ports < <(free_ports 3)
    mon_port=${ports[0]} http_port=${ports[1]} https_port=${ports[2]}
    fsid=$(cat /proc/sys/kernel/random/uuid)
    GS3T_S3_HTTP=http://127.0.0.1:$http_port
    GS3T_S3_HTTPS=https://127.0.0.1:$https_port
    rm -rf "$dir/log"
    mkdir -p "$dir/log" "$dir/mon" "$dir/osd" "$dir/rgw" "$dir/run" "$dir/crash"
    write_conf "$mon_port"
    start_cluster && make_accounts && start_gateway
}

write_env()
{
    # Whole or not at all: who finds the file may use the server.
    cat >"$dir/env.new" <<ENV
GS3T_S3_HTTP=$GS3T_S3_HTTP
GS3T_S3_HTTPS=$GS3T_S3_HTTPS
GS3T_S3_VHOST=http://s3.localhost:$http_port
GS3T_S3_VHOST_TLS=https://s3.localhost:$https_port
GS3T_S3_CA='$GS3T_S3_CA'
GS3T_OTHER_CA='$dir/tls/other-ca.pem'
GS3T_TLS_DIR='$dir/tls'
GS3T_REGION=us-east-1
GS3T_ACCESS_KEY=$GS3T_ACCESS_KEY
GS3T_SECRET_KEY=$GS3T_SECRET_KEY
GS3T_ACCESS_KEY2=$GS3T_ACCESS_KEY2
GS3T_SECRET_KEY2=$GS3T_SECRET_KEY2
GS3T_KMS_KEY=testkey-1
GS3T_S3_LOG='$dir/log/rgw.log'
ENV
    mv "$dir/env.new" "$dir/env"
}

check_programs()
{
    local name
    local -a absent=()
    for name in ceph-mon ceph-osd radosgw ceph radosgw-admin monmaptool openssl curl jq setsid; do
        type -P "$name" >/dev/null || absent+=("$name")
    done
    ((${#absent[@]} == 0)) || fail "not installed: ${absent[*]}: run scripts/install-deps demo"
}

start()
{
    local number name
    check_programs
    # stop deletes what start made: never in a directory that had something else in it.
    [[ -e $dir/.gs3-rgw || -z $(ls -A "$dir") ]] || fail "$dir is not empty: give a new directory"
    : >"$dir/.gs3-rgw"
    for name in "${PROCESSES[@]}"; do
        process_is_running "$dir" "$name" && fail "$dir has a running server: rgw.sh stop $dir"
    done
    # Whatever this start runs from here on is found by stop, should this start be killed.
    export GS3_TEST_PROCESS=$dir
    GS3T_ACCESS_KEY=GS3TESTKEY0000000001
    GS3T_SECRET_KEY=gs3-test-secret-key-number-one-of-two+/x
    GS3T_ACCESS_KEY2=GS3TESTKEY0000000002
    GS3T_SECRET_KEY2=gs3-test-secret-key-number-two-of-two+/x
    GS3T_S3_CA=$dir/tls/ca.pem
    trap 'end_all; exit 130' INT TERM HUP
    "$lib/tls.sh" "$dir/tls"
    for ((number = 1; number <= ATTEMPTS; number++)); do
        if attempt 2>"$dir/start.err"; then
            write_env
            return 0
        fi
        end_all
    done
    cat "$dir/start.err" >&2
    fail "the S3 server did not start in $ATTEMPTS attempts; its logs are in $dir/log"
}

stop()
{
    # Also when the directory is gone: who removed it did not end them.
    process_end_marked "$dir" || exit 1
    [[ -d $dir ]] || return 0
    if [[ ! -e $dir/.gs3-rgw ]]; then
        # Cut off before its first file, a start leaves an empty directory.
        rmdir "$dir" 2>/dev/null || fail "$dir is not a directory of rgw.sh start"
        return 0
    fi
    rm -f "$dir/env" "$dir/env.new"
    end_all
    rm -rf "$dir/log" "$dir/tls"
    rm -f "$dir/ceph.conf" "$dir/zone.json" "$dir/zonegroup.json" "$dir/start.err" \
        "$dir/.gs3-rgw"
    rmdir "$dir" 2>/dev/null || true
}

main()
{
    (($# == 2)) || { printf 'usage: rgw.sh start|stop|status DIR\n' >&2; exit 2; }
    local command=$1 name
    dir=$2
    if [[ $command == start ]]; then
        umask 077
        mkdir -p "$dir" || fail "cannot make $dir"
    fi
    dir=$(realpath -m -- "$dir")
    [[ $dir =~ ^[A-Za-z0-9/._-]+$ ]] ||
        fail "the path $dir has characters that ceph.conf cannot hold: use another directory"
    # The options of the calling environment are not this cluster's. Without --no-mon-config the
    # OSD loses a race now and then ("wrong fsid").
    export CEPH_CONF=$dir/ceph.conf CEPH_ARGS=--no-mon-config LC_ALL=C
    case $command in
    start) start ;;
    stop) stop ;;
    status)
        for name in mon osd rgw; do
            process_is_running "$dir" "$name" || exit 1
        done
        ;;
    *) fail "unknown command \"$command\": start, stop or status" ;;
    esac
}

main "$@"
