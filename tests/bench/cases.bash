# shellcheck shell=bash
# What is measured: to be sourced by tests/bench/run. A case is a function case_NAME that sets
#   title               its heading
#   operation           the clients' function (clients.bash)
#   scheme              http or https
#   is_signed           yes: clients that can choose sign the payload over http, as is their default
#   without             clients that have no part in it
#   bytes               of the object
#   runs                in each round, as many as fit into BENCH_SECONDS
#   from, to            BUCKET/KEY
# and a line in BENCH_CASES. bytes_big is the size of a large object.
# shellcheck disable=SC2034,SC2154 # read and set by tests/bench/run

readonly BENCH_CASES=(version put1 put2g put2g-signed put2g-https get2g cp1 mv1)

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

case_get2g()
{
    title="Get one file of $(size_text "$bytes_big") to tmpfs, http" operation=get bytes=$bytes_big
    from=n1-$bytes/p/00000000
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
