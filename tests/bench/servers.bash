# shellcheck shell=bash
# The directories, the servers and the clients' configuration of the benchmark: to be sourced by
# tests/bench/run, whose variables it reads and sets. Writes below $work and $big, and starts only
# what `finish` ends.
# shellcheck disable=SC2034,SC2154 # of tests/bench/run

# A run that was killed could not remove its files, and these are large.
remove_left_over()
{
    local dir owner
    for dir in /dev/shm/gs3-bench.* "${TMPDIR:-/tmp}"/gs3-bench.*; do
        [[ -O $dir && -f $dir/owner ]] || continue
        owner=$(<"$dir/owner")
        [[ ! $owner =~ ^[0-9]+$ ]] || kill -0 "$owner" 2>/dev/null || rm -rf "$dir"
    done
}

room()
{
    df --output=avail -B1 "$1" 2>/dev/null | tail -n 1 | tr -d ' '
}

# Where the large files are: in memory where that leaves room for everything else.
make_directories()
{
    local need=$((2 * bytes_big + (64 << 20))) free
    umask 077
    remove_left_over
    work=$(mktemp -d "${TMPDIR:-/tmp}/gs3-bench.XXXXXX")
    echo $$ >"$work/owner"
    mkdir "$work/log" "$work/home" "$work/home/.aws" "$work/tmp" "$work/files"
    big=
    free=$(awk '/^MemAvailable:/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)
    if [[ -d /dev/shm && -w /dev/shm ]] && (($(room /dev/shm) > need && free > 2 * need)); then
        big=$(mktemp -d /dev/shm/gs3-bench.XXXXXX)
        echo $$ >"$big/owner"
    elif (($(room "$work") > need)); then
        big=$work/files
        note "no room in /dev/shm: large files are in $big, on a disk perhaps"
    fi
}

# make_tree DIR: the local objects f0000000… of one case, `count` of `bytes`. Over 10,000 they are
# hard links in directories of 10,000, as a file of a page each would fill the memory.
make_tree()
{
    python3 - "$1" "$count" "$bytes" <<'PYTHON'
import os
import sys

top, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for number in range(count):
    directory = f"{top}/d{number // 10000:03d}" if count > 10000 else top
    name = f"{directory}/f{number:07d}"
    if number % 10000 == 0:
        os.makedirs(directory, exist_ok=True)
        first = name
    if number % 10000 == 0 or count <= 10000:
        with open(name, "wb") as file:
            file.write(bytes(size))
    else:
        os.link(first, name)
PYTHON
}

# What the case sends, and where what it fetches goes.
make_source()
{
    local top=${big:-$work/files}
    ((bytes == bytes_big)) || ((count > 0)) || top=$work/files
    out=$top/out
    file=$top/file.$bytes
    dir=$top/tree.$count.$bytes
    listing=$top/listing
    if [[ $operation == put && ! -e $file ]]; then
        # Written, not sparse: a hole is read faster than a file.
        head -c "$bytes" /dev/zero >"$file"
    elif [[ $operation == put_many && ! -e $dir ]]; then
        rm -rf "$top"/tree.*
        make_tree "$dir"
    elif [[ $operation == list ]]; then
        dir=$top/listed
        mkdir -p "$dir"
    fi
}

# start_sink [OPTION]...: its port is in $work/sink.port then.
start_sink()
{
    local tries
    rm -f "$work/sink.port"
    process_launch "$work" sink "$GS3_SINK" --die-with-parent --quiet \
        --port-file "$work/sink.port" "$@"
    disown
    for ((tries = 0; tries < 250; tries++)); do
        [[ ! -s $work/sink.port ]] || return 0
        ((tries < 20)) || process_is_running "$work" sink || break
        sleep 0.02
    done
    return 1
}

# The sink of one case, and the endpoint that it is: at the port that aws_crt takes, which takes no
# other one, when it can be had, else at a free one. Over https it has two threads, as it decrypts.
start_endpoint()
{
    local port=80 threads=1
    local -a options=(--latency "$latency" --rate "$rate")
    if [[ $scheme == https ]]; then
        port=443 threads=2
        options+=(--tls "$work/tls/both.pem")
    fi
    options+=(--threads "${GS3_BENCH_SINK_THREADS:-$threads}")
    if ! client_is_chosen aws_crt || ! start_sink "${options[@]}" --port "$port"; then
        if ! start_sink "${options[@]}"; then
            process_explain "$work" sink "the sink $GS3_SINK does not start"
            exit 1
        fi
    fi
    endpoint=$scheme://127.0.0.1:$(<"$work/sink.port")
}

start_servers()
{
    "$here/../system/lib/tls.sh" "$work/tls"
    ca=$work/tls/ca.pem
    cat "$work/tls/server.key" "$work/tls/server.pem" >"$work/tls/both.pem"
    sim_start "$work/sim" tickets --die-with-parent
    disown
    tickets=http://127.0.0.1:$(<"$work/sim/tickets.port")
}

# The policies name the endpoint, so each case has its own.
write_configuration()
{
    sed -e "s|@ENDPOINT@|$endpoint|" -e "s|@TICKETS@|$tickets|" "$here/policy.yaml" \
        >"$work/policy.yaml"
    sed -e "s|@ENDPOINT@|$endpoint|" "$here/unasked.yaml" >"$work/unasked.yaml"
    local form='[default]\nregion = us-east-1\ns3 =\n  addressing_style = path\n'
    local unsigned='  payload_signing_enabled = false'
    # gs3 finds out by itself how much a store takes: its files have no settings of the AWS CLI's.
    printf '%b' "$form" >"$work/home/.aws/gs3.signed"
    printf '%b%s\n' "$form" "$unsigned" >"$work/home/.aws/gs3.config"
    printf '%b%s' "$form" "$aws_settings" >"$work/home/.aws/signed"
    printf '%b%s%s\n' "$form" "$aws_settings" "$unsigned" >"$work/home/.aws/config"
    { cat "$work/home/.aws/config"; printf '  preferred_transfer_client = crt\n'; } \
        >"$work/home/.aws/crt"
    : >"$work/home/.aws/credentials"
}

# client_environment NAME: fills `environment`. Nothing of the caller's reaches a client.
client_environment()
{
    environment=(PATH=/usr/local/bin:/usr/bin:/bin HOME="$work/home" TMPDIR="$work/tmp"
        LANG=C.UTF-8 TZ=UTC AWS_CONFIG_FILE="$work/home/.aws/config"
        AWS_SHARED_CREDENTIALS_FILE="$work/home/.aws/credentials"
        AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY"
        AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
        AWS_PAGER='')
    case $1 in
    aws) environment+=(AWS_CA_BUNDLE="$ca") ;;
    aws_crt) environment+=(AWS_CA_BUNDLE="$ca" AWS_CONFIG_FILE="$work/home/.aws/crt") ;;
    rclone)
        environment+=(RCLONE_CONFIG_SINK_TYPE=s3 RCLONE_CONFIG_SINK_PROVIDER=Other
            RCLONE_CONFIG_SINK_ENDPOINT="$endpoint" RCLONE_CONFIG_SINK_ENV_AUTH=true
            RCLONE_CONFIG_SINK_REGION=us-east-1)
        ;;
    s5cmd) environment+=(SSL_CERT_FILE="$ca") ;;
    gs3)
        environment+=(GS3_POLICY="$work/policy.yaml" SN_USERNAME=gs3 SN_PASSWORD=sim-password)
        ;;
    gs3_unasked) environment+=(GS3_POLICY="$work/unasked.yaml") ;;
    esac
    local own=''
    [[ $1 != gs3* ]] || own=gs3.
    [[ -z $own ]] || environment+=(AWS_CONFIG_FILE="$work/home/.aws/gs3.config")
    [[ -z $is_signed ]] || environment+=(AWS_CONFIG_FILE="$work/home/.aws/${own}signed")
}
