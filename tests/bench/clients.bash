# shellcheck shell=bash
# How each client is called: to be sourced by tests/bench/run. A client is the functions
# NAME_OPERATION here; an operation that a client has no function for is absent from its row.
# A function fills the array `command` from
#   endpoint, ca                 where the sink is, and the CA of its https
#   file, out                    the local file that is sent, the one that is written
#   dir                          the local tree that is sent, or that a listing is for
#   from, to                     BUCKET/KEY, or BUCKET/PREFIX/ of many objects
#   count                        of many objects
# Depends on nothing else; reads and writes nothing.
# shellcheck disable=SC2034,SC2154 # command is read, the others are set by tests/bench/run

# In the order of the table's rows.
readonly BENCH_CLIENTS=(curl aws aws_crt rclone s3cmd s5cmd gs3)

# client_program NAME: its path, or nothing. Only the distribution's own AWS CLI is the AWS CLI:
# what is elsewhere may be anything. S5CMD, RCLONE and S3CMD may name the other programs.
client_program()
{
    local variable=${1^^}
    case $1 in
    gs3 | gs3_unasked) printf '%s' "${GS3:?path of the program}" ;;
    aws | aws_crt) [[ ! -x /usr/bin/aws ]] || printf /usr/bin/aws ;;
    rclone | s3cmd | s5cmd) type -P "${!variable:-$1}" || true ;;
    *) type -P "$1" || true ;;
    esac
}

# client_is_usable NAME: installed, and whole.
client_is_usable()
{
    [[ -n $(client_program "$1") ]] || return 1
    [[ $1 != aws_crt ]] || /usr/bin/python3 -c 'import awscrt.s3' 2>/dev/null
}

# curl signs nothing: it is the floor of what libcurl costs, not a peer.
_curl() { command=(curl -q -sSf --noproxy '*' --cacert "$ca" "$@"); }
curl_version() { command=(curl -q --version); }
curl_put() { _curl -H Expect: -T "$file" "$endpoint/$to"; }
curl_get() { _curl -o "$out" "$endpoint/$from"; }
curl_copy() { _curl -X PUT -H "x-amz-copy-source: /$from" "$endpoint/$to"; }
curl_move()
{
    _curl -X PUT -H "x-amz-copy-source: /$from" "$endpoint/$to" \
        --next -q -sSf --noproxy '*' --cacert "$ca" -X DELETE "$endpoint/$from"
}

# Of many objects curl knows the names beforehand, so it lists none.
_curl_many() { _curl -Z --parallel-immediate --parallel-max 128 --http1.1 -o /dev/null "$@"; }
curl_put_many()
{
    _curl_many -H Expect: -T "$dir/f[0000000-$(printf %07d $((count - 1)))]" "$endpoint/$to"
}
curl_copy_many()
{
    _curl_many -X PUT -H "x-amz-copy-source: /${from}00000000" \
        "$endpoint/${to}[00000000-$(printf %08d $((count - 1)))]"
}
curl_move_many()
{
    curl_copy_many
    command+=(--next -q -sSf --noproxy '*' --cacert "$ca" --http1.1 -o /dev/null -X DELETE
        "$endpoint/${from}[00000000-$(printf %08d $((count - 1)))]")
}
# Page after page on one connection; what is in a page is not read.
curl_list()
{
    _curl -o /dev/null "$endpoint/${from%/}?list-type=2"
    ((count <= 1000)) ||
        command+=(-o /dev/null "$endpoint/${from%/}?list-type=2&start-after=p/[00000999-$(
            printf %08d $((count - 2))):1000]")
}

_aws() { command=(/usr/bin/aws --endpoint-url "$endpoint" s3 "$@"); }
_aws_quiet() { _aws "$@" --only-show-errors; }
aws_version() { command=(/usr/bin/aws --version); }
aws_put() { _aws_quiet cp "$file" "s3://$to"; }
aws_get() { _aws_quiet cp "s3://$from" "$out"; }
aws_copy() { _aws_quiet cp "s3://$from" "s3://$to"; }
aws_move() { _aws_quiet mv "s3://$from" "s3://$to"; }
aws_put_many() { _aws_quiet cp --recursive "$dir" "s3://$to"; }
aws_copy_many() { _aws_quiet cp --recursive "s3://$from" "s3://$to"; }
aws_move_many() { _aws_quiet mv --recursive "s3://$from" "s3://$to"; }
aws_list() { _aws cp --dryrun --recursive "s3://$from" "$dir"; }

# Another configuration file makes it the CRT's: client_environment of tests/bench/servers.bash.
aws_crt_put() { aws_put; }
aws_crt_get() { aws_get; }
aws_crt_put_many() { aws_put_many; }

# rclone's settings are those that make it fastest here; its remote "sink" is in its environment.
# Of many objects it looks at no destination; that it looks at each copy cannot be left out, as it
# takes a copy that it has not seen for a broken one.
_rclone()
{
    command=("$(client_program rclone)" --config /dev/null --ca-cert "$ca" --retries 1 --transfers 8
        --s3-upload-concurrency 16 --s3-chunk-size 16M --s3-disable-checksum --s3-no-head
        --s3-no-check-bucket "$@")
}
_rclone_many() { _rclone --transfers 256 --checkers 256 --no-check-dest --size-only "$@"; }
rclone_version() { command=("$(client_program rclone)" --config /dev/null version); }
rclone_put() { _rclone copyto "$file" "sink:$to"; }
rclone_get() { _rclone --multi-thread-streams 16 copyto "sink:$from" "$out"; }
rclone_copy() { _rclone copyto "sink:$from" "sink:$to"; }
rclone_move() { _rclone moveto "sink:$from" "sink:$to"; }
rclone_put_many() { _rclone_many copy "$dir" "sink:$to"; }
rclone_copy_many() { _rclone_many copy "sink:$from" "sink:$to"; }
rclone_move_many() { _rclone_many move "sink:$from" "sink:$to"; }
# Its dry run keeps the whole listing in memory: this is the faster way to the same keys.
rclone_list() { _rclone lsf -R --files-only --format ps "sink:$from"; }

_s3cmd()
{
    local -a tls=(--no-ssl)
    [[ $endpoint != https:* ]] || tls=(--ssl --ca-certs="$ca")
    command=("$(client_program s3cmd)" --config=/dev/null --host="${endpoint#*//}"
        --host-bucket="${endpoint#*//}" --access_key="$AWS_ACCESS_KEY_ID"
        --secret_key="$AWS_SECRET_ACCESS_KEY" --region=us-east-1 --no-progress --no-check-md5
        "${tls[@]}" "$@")
}
s3cmd_version() { command=("$(client_program s3cmd)" --version); }
s3cmd_put() { _s3cmd --quiet put "$file" "s3://$to"; }
s3cmd_get() { _s3cmd --quiet get --force "s3://$from" "$out"; }
s3cmd_copy() { _s3cmd --quiet cp "s3://$from" "s3://$to"; }
s3cmd_move() { _s3cmd --quiet mv "s3://$from" "s3://$to"; }
s3cmd_put_many() { _s3cmd --quiet put --recursive "$dir/" "s3://$to"; }
s3cmd_copy_many() { _s3cmd --quiet cp --recursive "s3://$from" "s3://$to"; }
s3cmd_move_many() { _s3cmd --quiet mv --recursive "s3://$from" "s3://$to"; }
s3cmd_list() { _s3cmd --dry-run get --recursive "s3://$from" "$dir/"; }

# 256 workers by default, which its authors recommend; 16 parts of 16 MiB at once.
_s5cmd() { command=("$(client_program s5cmd)" --endpoint-url "$endpoint" "$@"); }
_s5cmd_quiet() { _s5cmd --log error "$@"; }
s5cmd_version() { command=("$(client_program s5cmd)" version); }
s5cmd_put() { _s5cmd_quiet cp -c 16 -p 16 "$file" "s3://$to"; }
s5cmd_get() { _s5cmd_quiet cp -c 16 -p 16 "s3://$from" "$out"; }
s5cmd_copy() { _s5cmd_quiet cp "s3://$from" "s3://$to"; }
s5cmd_move() { _s5cmd_quiet mv "s3://$from" "s3://$to"; }
s5cmd_put_many() { _s5cmd_quiet cp "$dir/" "s3://$to"; }
s5cmd_copy_many() { _s5cmd_quiet cp "s3://$from*" "s3://$to"; }
s5cmd_move_many() { _s5cmd_quiet mv "s3://$from*" "s3://$to"; }
s5cmd_list() { _s5cmd --dry-run cp "s3://$from*" "$dir/"; }

# Always governed: the policy is in the environment.
_gs3()
{
    command=("$GS3" --endpoint-url "$endpoint" --ca-bundle "$ca" "$@" --ticket CHG0030001
        --purpose "measure the client")
}
_gs3_quiet() { _gs3 "$@" --only-show-errors; }
gs3_version() { command=("$GS3" --version); }
gs3_put() { _gs3_quiet put "$file" "s3://$to"; }
gs3_get() { _gs3_quiet cp "s3://$from" "$out"; }
gs3_copy() { _gs3_quiet cp "s3://$from" "s3://$to"; }
gs3_move() { _gs3_quiet mv "s3://$from" "s3://$to"; }
gs3_put_many() { _gs3_quiet cp --recursive "$dir" "s3://$to"; }
gs3_copy_many() { _gs3_quiet cp --recursive "s3://$from" "s3://$to"; }
gs3_move_many() { _gs3_quiet mv --recursive "s3://$from" "s3://$to"; }
gs3_list() { _gs3 cp --dryrun --recursive "s3://$from" "$dir"; }

# The same program; its policy asks for no ticket, and none is given. The metadata that a ticket
# brings are the user's here, as many and as long: what differs is looking it up and judging it.
gs3_unasked_put_many()
{
    local metadata=change-request-no=CHG0030001,approval-stands=approved,risk-grade=moderate
    command=("$GS3" --endpoint-url "$endpoint" --ca-bundle "$ca" cp --recursive "$dir" "s3://$to"
        --purpose "measure the client" --only-show-errors
        --metadata "$metadata,tracking-in-use=change-request,own-test=true")
}
