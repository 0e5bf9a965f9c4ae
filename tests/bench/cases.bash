# shellcheck shell=bash
# What is measured: to be sourced by tests/bench/run. A case is a function case_NAME that sets
#   title               its heading
#   operation           the clients' function (clients.bash)
#   scheme              http or https
#   latency, rate       milliseconds before each answer; MB/s of each connection and direction
#   is_signed           yes: clients that can choose sign the payload over http, as is their default
#   only, without       the clients that have a part in it; those that have none
#   bytes               of the object, or of each
#   count               of objects; 0: the one object of `from` and `to`
#   runs                in each round, as many as fit into BENCH_SECONDS
#   from, to            BUCKET/KEY, or BUCKET/PREFIX/ of many objects
#   aws_settings        lines of the AWS CLI's configuration, under s3
# and a line in BENCH_CASES, or in BENCH_MORE when it takes too long for every run. bytes_big is the
# size of a large object, count_many and count_keys are how many "many" objects and keys are.
# shellcheck disable=SC2034,SC2154 # read and set by tests/bench/run

readonly BENCH_CASES=(version put1 put2g put2g-signed put2g-https put2g-20ms get2g get2g-20ms cp1 mv1
    cp50g-20ms put10k put10k-20ms put10k-https-20ms cp10k cp10k-20ms mv10k mv10k-20ms list1m
    governance10k)
readonly BENCH_MORE=(put1m cp1m)

case_version()
{
    title='Print the version' operation=version runs=20
}

case_put1()
{
    title='Put one byte' operation=put bytes=1 runs=20
}

case_put2g()
{
    title="Put one file of $(size_text "$bytes_big"), http" operation=put bytes=$bytes_big
}

case_put2g-signed()
{
    title="Put one file of $(size_text "$bytes_big"), http, its SHA-256 signed"
    operation=put bytes=$bytes_big is_signed=yes
    without=aws_crt # it never signs a payload
}

case_put2g-https()
{
    title="Put one file of $(size_text "$bytes_big"), https" operation=put bytes=$bytes_big
    scheme=https
}

# A store that is 20 ms away and gives a connection 100 MB/s.
_far()
{
    title+=", 20 ms a request"
    latency=20
    aws_settings=$'  max_concurrent_requests = 32\n'
}

_far_and_narrow()
{
    _far
    title+=", 100 MB/s a connection"
    rate=100
    aws_settings+=$'  multipart_chunksize = 16MB\n'
}

case_put2g-20ms()
{
    case_put2g
    _far_and_narrow
}

case_get2g()
{
    title="Get one file of $(size_text "$bytes_big") to tmpfs, http" operation=get bytes=$bytes_big
    from=n1-$bytes/p/00000000
}

case_get2g-20ms()
{
    case_get2g
    _far_and_narrow
}

case_cp1()
{
    title='Copy one object of 4 KiB on the server' operation=copy bytes=4096 runs=20
    from=n1-$bytes/p/00000000
}

# The deletes of a synthetic bucket are answered, not remembered: its object can be moved again.
case_mv1()
{
    title='Move one object of 4 KiB on the server' operation=move bytes=4096 runs=20
    from=n1-$bytes/p/00000000
}

case_cp50g-20ms()
{
    title='Copy one object of 50 GiB on the server' operation=copy bytes=$((50 << 30))
    from=n1-$bytes/p/00000000
    _far
    aws_settings=$'  max_concurrent_requests = 64\n  multipart_chunksize = 1GB\n'
    without=curl # one copy has at most 5 GiB
}

case_put10k()
{
    title="Put $(count_text "$count_many") files of 4 KiB, $scheme" operation=put_many bytes=4096
    count=$count_many to=prod-bench/many/
}

case_put10k-20ms()
{
    case_put10k
    _far
    without=s3cmd # one request after another
}

case_put10k-https-20ms()
{
    scheme=https
    case_put10k-20ms
}

case_cp10k()
{
    title="Copy $(count_text "$count_many") objects of 4 KiB on the server" operation=copy_many
    bytes=4096 count=$count_many from=n$count-$bytes/p/ to=prod-bench/many/
}

case_cp10k-20ms()
{
    case_cp10k
    _far
    without=s3cmd
}

case_mv10k()
{
    case_cp10k
    title="Move $(count_text "$count_many") objects of 4 KiB on the server" operation=move_many
}

case_mv10k-20ms()
{
    case_mv10k
    _far
    without=s3cmd
}

case_list1m()
{
    title="List $(count_text "$count_keys") keys (cp --dryrun --recursive)" operation=list
    bytes=4096 count=$count_keys from=n$count-$bytes/
    without=s3cmd # it looks at each object
}

# Nothing differs but the policy and whose the metadata are: that of gs3_unasked asks for no ticket.
case_governance10k()
{
    case_put10k
    title+=': what the ticket costs'
    only='gs3_unasked gs3'
}

# The clients whose memory grows with the number of objects show it here. s3cmd and the AWS CLI would
# take an hour.
case_put1m()
{
    case_put10k
    title="Put $(count_text "$count_keys") files of one byte, http" count=$count_keys bytes=1
    without='curl s3cmd aws aws_crt'
}

case_cp1m()
{
    case_cp10k
    title="Copy $(count_text "$count_keys") objects of one byte on the server"
    bytes=1 count=$count_keys from=n$count-$bytes/p/
    without='curl s3cmd aws aws_crt'
}
