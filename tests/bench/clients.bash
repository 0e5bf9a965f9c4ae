# shellcheck shell=bash
# How each client is called: to be sourced by tests/bench/run. A client is the functions
# NAME_OPERATION here; an operation that a client has no function for is absent from its row.
# A function fills the array `command` from
#   endpoint, ca                 where the sink is, and the CA of its https
#   file, out                    the local file that is sent, the one that is written
#   from, to                     BUCKET/KEY
# Depends on nothing else; reads and writes nothing.
# shellcheck disable=SC2034,SC2154 # command is read, the others are set by tests/bench/run

# In the order of the table's rows; gs3 is last, so that every round ends with it.
readonly BENCH_CLIENTS=(curl aws aws_crt rclone s3cmd s5cmd gs3)

# client_program NAME: its path, or nothing. Only the distribution's own AWS CLI is the AWS CLI:
# what is elsewhere may be anything.
client_program()
{
    case $1 in
    gs3) printf '%s' "${GS3:?path of the program}" ;;
    aws | aws_crt) [[ ! -x /usr/bin/aws ]] || printf /usr/bin/aws ;;
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

_aws() { command=(/usr/bin/aws --endpoint-url "$endpoint" s3 "$@" --only-show-errors); }
aws_version() { command=(/usr/bin/aws --version); }
aws_put() { _aws cp "$file" "s3://$to"; }
aws_get() { _aws cp "s3://$from" "$out"; }
aws_copy() { _aws cp "s3://$from" "s3://$to"; }
aws_move() { _aws mv "s3://$from" "s3://$to"; }

# Another configuration file makes it the CRT's: client_environment of tests/bench/run.
aws_crt_put() { aws_put; }
aws_crt_get() { aws_get; }

# rclone's settings are those that make it fastest here; its remote "sink" is in its environment.
_rclone()
{
    command=(rclone --config /dev/null --ca-cert "$ca" --retries 1 --transfers 8
        --s3-upload-concurrency 8 --s3-chunk-size 16M --s3-disable-checksum --s3-no-head
        --s3-no-check-bucket "$@")
}
rclone_version() { command=(rclone --config /dev/null version); }
rclone_put() { _rclone copyto "$file" "sink:$to"; }
rclone_get() { _rclone copyto "sink:$from" "$out"; }
rclone_copy() { _rclone copyto "sink:$from" "sink:$to"; }
rclone_move() { _rclone moveto "sink:$from" "sink:$to"; }

_s3cmd()
{
    local -a tls=(--no-ssl)
    [[ $endpoint != https:* ]] || tls=(--ssl --ca-certs="$ca")
    command=(s3cmd --config=/dev/null --host="${endpoint#*//}" --host-bucket="${endpoint#*//}"
        --access_key="$AWS_ACCESS_KEY_ID" --secret_key="$AWS_SECRET_ACCESS_KEY"
        --region=us-east-1 --no-progress --quiet --no-check-md5 "${tls[@]}" "$@")
}
s3cmd_version() { command=(s3cmd --version); }
s3cmd_put() { _s3cmd put "$file" "s3://$to"; }
s3cmd_get() { _s3cmd get --force "s3://$from" "$out"; }
s3cmd_copy() { _s3cmd cp "s3://$from" "s3://$to"; }
s3cmd_move() { _s3cmd mv "s3://$from" "s3://$to"; }

_s5cmd() { command=(s5cmd --endpoint-url "$endpoint" --log error "$@"); }
s5cmd_version() { command=(s5cmd version); }
s5cmd_put() { _s5cmd cp "$file" "s3://$to"; }
s5cmd_get() { _s5cmd cp "s3://$from" "$out"; }
s5cmd_copy() { _s5cmd cp "s3://$from" "s3://$to"; }
s5cmd_move() { _s5cmd mv "s3://$from" "s3://$to"; }

# Always governed: the policy is in the environment.
_gs3()
{
    command=("$GS3" --endpoint-url "$endpoint" --ca-bundle "$ca" "$@" --only-show-errors
        --ticket CHG0030001 --purpose "measure the client")
}
gs3_version() { command=("$GS3" --version); }
gs3_put() { _gs3 put "$file" "s3://$to"; }
gs3_get() { _gs3 cp "s3://$from" "$out"; }
gs3_copy() { _gs3 cp "s3://$from" "s3://$to"; }
gs3_move() { _gs3 mv "s3://$from" "s3://$to"; }
