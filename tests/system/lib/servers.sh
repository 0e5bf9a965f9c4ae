#!/usr/bin/env bash
# The servers of one run of the system tests.
#
#   servers.sh start DIR [OWNER_PID]   start them; DIR/env (to be sourced by a shell) tells where
#                                      they are. With OWNER_PID they end when that process has
#                                      ended, however it did.
#   servers.sh stop DIR                end them and remove DIR, DIR/tmp (files of the clients) too
#
# An S3 server in DIR/s3 (rgw.sh). When GS3_SIM names the ticket simulator, two of it in DIR/sim,
# one with TLS, on the fixtures of GS3_SIM_FIXTURES (default: tests/sim/fixtures); their faults are
# set and cleared by requests (tests/sim/README.md). When GS3_WARM names gs3-warm, the processes
# that it asks (warm.py).
set -euo pipefail

lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly lib
# shellcheck source=tests/system/lib/process.sh
source "$lib/process.sh"
# shellcheck source=tests/system/lib/sim.sh
source "$lib/sim.sh"

fail()
{
    printf 'servers.sh: %s\n' "$1" >&2
    exit 1
}

# End the servers once the owner has gone: a runner that is killed cannot do it.
guard()
{
    local owner=$1
    # shellcheck disable=SC2016 # the inner shell expands these
    process_launch "$dir" guard bash -c '
        while kill -0 "$1" 2>/dev/null; do sleep 1; done
        exec env -u GS3_TEST_PROCESS "$3" stop "$2"' guard "$owner" "$dir" "$lib/servers.sh"
}

stop()
{
    local status=0
    process_end_marked "$dir" || status=1
    process_end_marked "$dir/sim" || status=1
    # The directory may be gone, by whoever removed it before the servers had ended.
    "$lib/rgw.sh" stop "$dir/s3" || status=1
    [[ -d $dir ]] || return "$status"
    rm -rf "$dir/log" "$dir/tmp" "$dir/sim"
    rm -f "$dir/env" "$dir/env.new" "$dir"/*.pid "$dir"/*.socket "$dir/.gs3-servers"
    rmdir "$dir" 2>/dev/null || true
    return "$status"
}

start_sims()
{
    [[ -n ${GS3_SIM:-} ]] || return 0
    [[ -x $GS3_SIM ]] || fail "GS3_SIM=$GS3_SIM is not a program: build it (make check builds it)"
    sim_start "$dir/sim" plain
    sim_start "$dir/sim" tls --tls-cert "$dir/s3/tls/server.pem" --tls-key "$dir/s3/tls/server.key"
    cat >>"$dir/env.new" <<ENV
GS3T_SIM_URL=http://127.0.0.1:$(cat "$dir/sim/plain.port")
GS3T_SIM_TLS_URL=https://127.0.0.1:$(cat "$dir/sim/tls.port")
GS3T_SIM_LOG='$dir/sim/plain.requests'
GS3T_SIM_TLS_LOG='$dir/sim/tls.requests'
ENV
}

# Python's clients, loaded once: quicker, and no more, so that one that does not start is started anew
# each time. Debian's AWS CLI where it is there.
start_warm()
{
    local name tries
    [[ -n ${GS3_WARM:-} ]] || return 0
    for name in s3 aws; do
        [[ $name != aws || -x /usr/bin/aws ]] || continue
        process_launch "$dir" "warm-$name" env LANG=C.UTF-8 HOME="$dir/tmp" \
            "$lib/warm.py" "$name" "$dir/$name.socket"
        for ((tries = 0; tries < 1000; tries++)); do
            [[ ! -S $dir/$name.socket ]] || break
            ((tries < 20)) || process_is_running "$dir" "warm-$name" || break
            sleep 0.02
        done
        [[ -S $dir/$name.socket ]] ||
            { process_explain "$dir" "warm-$name" "warm.py $name does not start"; continue; }
        printf "GS3T_WARM_%s='%s'\n" "${name^^}" "$dir/$name.socket" >>"$dir/env.new"
    done
}

start()
{
    [[ -z $(ls -A "$dir") ]] || fail "$dir is not empty: give a new directory"
    : >"$dir/.gs3-servers"
    mkdir "$dir/log" "$dir/s3" "$dir/tmp"
    trap 'stop; exit 130' INT TERM HUP
    trap 'stop' EXIT
    [[ -z ${1:-} ]] || guard "$1"
    "$lib/rgw.sh" start "$dir/s3"
    {
        cat "$dir/s3/env"
        printf "GS3T_SERVERS='%s'\n" "$dir"
    } >"$dir/env.new"
    start_sims
    start_warm
    mv "$dir/env.new" "$dir/env"
    trap - EXIT
}

main()
{
    if (($# < 2 || $# > 3)); then
        printf 'usage: servers.sh start|stop DIR [OWNER_PID]\n' >&2
        exit 2
    fi
    dir=$2
    umask 077
    case $1 in
    start)
        mkdir -p "$dir" || fail "cannot make $dir"
        dir=$(realpath -- "$dir")
        start "${3:-}"
        ;;
    stop)
        dir=$(realpath -m -- "$dir")
        [[ ! -d $dir || -e $dir/.gs3-servers ]] || fail "$dir is not a directory of servers.sh start"
        stop
        ;;
    *) fail "unknown command \"$1\": start or stop" ;;
    esac
}

main "$@"
