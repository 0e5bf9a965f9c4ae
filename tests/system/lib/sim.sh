# shellcheck shell=bash
# Start and end the ticket simulator: to be sourced, after process.sh. GS3_SIM is its path,
# GS3_SIM_FIXTURES its fixtures (default: tests/sim/fixtures of this tree).

# sim_start DIR NAME [OPTION]...: start one; its port is in DIR/NAME.port when this returns, its
# requests are in DIR/NAME.requests, one JSON object a line. Status 1 and a message when it fails.
sim_start()
{
    local dir name=$2 tries fixtures
    dir=$(realpath -m -- "$1")
    shift 2
    fixtures=${GS3_SIM_FIXTURES:-$(dirname "${BASH_SOURCE[0]}")/../../sim/fixtures}
    mkdir -p "$dir/log"
    rm -f "$dir/$name.port"
    process_launch "$dir" "$name" "$GS3_SIM" --port-file "$dir/$name.port" \
        --fixtures "$fixtures" --request-log "$dir/$name.requests" "$@"
    for ((tries = 0; tries < 500; tries++)); do
        [[ ! -s $dir/$name.port ]] || return 0
        ((tries < 20)) || process_is_running "$dir" "$name" || break
        sleep 0.02
    done
    process_explain "$dir" "$name" "the ticket simulator $GS3_SIM does not start"
    process_end "$dir" "$name"
    return 1
}

# sim_end DIR NAME
sim_end()
{
    local dir
    dir=$(realpath -m -- "$1")
    process_end "$dir" "$2"
    rm -f "$dir/$2.port"
}
