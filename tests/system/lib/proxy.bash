# shellcheck shell=bash
# A proxy before the S3 server (faults_proxy.py) that records every operation and breaks what it is
# told to. `load lib/proxy` after `load lib/common`. Depends on common.bash, python3, jq.
# shellcheck disable=SC2034,SC2154 # GS3T_ENDPOINT: for gs3_ and aws_; common_lib: lib/common

# proxy_start [SEED [HOST:PORT]]: the proxy before the test server (before HOST:PORT), without
# faults. gs3_ speaks through it from now on; the policy of test_policy allows it. Sets proxy_url.
proxy_start()
{
    local seed=${1:-1} upstream=${2:-${GS3T_S3_HTTP#http://}} tries
    proxy_dir=$BATS_TEST_TMPDIR/proxy
    mkdir -p "$proxy_dir/log"
    rm -f "$proxy_dir/port"
    : >"$proxy_dir/requests"
    : >"$proxy_dir/rules"
    process_launch "$proxy_dir" proxy "$common_lib/faults_proxy.py" --upstream "$upstream" \
        --port-file "$proxy_dir/port" --log "$proxy_dir/requests" --rules "$proxy_dir/rules" \
        --seed "$seed"
    # Its end by a signal is no news.
    disown
    for ((tries = 0; tries < 500; tries++)); do
        [[ ! -s $proxy_dir/port ]] || break
        sleep 0.02
    done
    [[ -s $proxy_dir/port ]] ||
        { process_explain "$proxy_dir" proxy 'the proxy does not start'; return 1; }
    proxy_url=http://127.0.0.1:$(<"$proxy_dir/port")
    GS3T_ENDPOINT=$proxy_url
    [[ ! -e $BATS_TEST_TMPDIR/policy.yaml ]] ||
        sed -i "s|^endpoints:|&\n  - $proxy_url|" "$BATS_TEST_TMPDIR/policy.yaml"
}

# For teardown. What the proxy itself complained of is shown.
proxy_end()
{
    [[ -n ${proxy_dir:-} ]] || return 0
    cut -c 1-300 "$proxy_dir/log/proxy.out" | tail -n 20
    process_end "$proxy_dir" proxy
}

# proxy_rules [RULE]...: what is broken from now on; faults_proxy.py says how a rule looks.
proxy_rules()
{
    printf '%s\n' "$@" >"$proxy_dir/rules.new"
    mv "$proxy_dir/rules.new" "$proxy_dir/rules"
}

# proxy_settles: once nothing has been added for half a second. What a client has sent goes on to the
# server, and into the record, after the client was killed.
proxy_settles()
{
    local before=-1 now=0
    while ((now != before)); do
        before=$now
        sleep 0.5
        now=$(wc -l <"$proxy_dir/requests")
    done
}

# Forget the requests so far.
proxy_forget()
{
    : >"$proxy_dir/requests"
}

# proxy_asked [JQ_FILTER]: the requests, one JSON object a line.
proxy_asked()
{
    jq -c "select(${1:-true})" "$proxy_dir/requests"
}

# proxy_count OP [JQ_FILTER]: how many of that operation; "" is all.
proxy_count()
{
    jq -nr --arg op "$1" "[inputs | select(\$op == \"\" or .op == \$op) | select(${2:-true})] |
        length" "$proxy_dir/requests"
}

# proxy_ops: "N OP" for each operation that was asked for, sorted: what an operation cost.
proxy_ops()
{
    jq -r .op "$proxy_dir/requests" | LC_ALL=C sort | uniq -c | sed 's/^ *//'
}

# proxy_faults: "N FAULT" for each fault that was made.
proxy_faults()
{
    jq -r 'select(.fault) | .fault' "$proxy_dir/requests" | LC_ALL=C sort | uniq -c |
        sed 's/^ *//'
}
