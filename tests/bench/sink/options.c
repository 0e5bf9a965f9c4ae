/*
 * The sink's command line.
 */
#include "sink.h"

#include <getopt.h>
#include <string.h>

static const char usage[] =
    "usage: gs3-sink [options]\n"
    "  -p, --port N             port; 0, the default, picks a free one\n"
    "  -f, --port-file FILE     where the port is written (whole, by rename)\n"
    "  -b, --address A          IPv4 address (127.0.0.1)\n"
    "  -t, --threads N          1 to 64 (1)\n"
    "  -K, --tls FILE           speak TLS: PEM of the key and the certificates\n"
    "  -l, --latency MS         before every answer, 100 Continue too; may have decimals\n"
    "  -c, --connect-trips N    latencies charged for a new connection (1; 2 is TCP and TLS 1.3)\n"
    "  -r, --rate MBPS          cap in MB/s on each connection and direction\n"
    "  -5, --md5                real MD5 ETags; else they end in -1, as a multipart object's\n"
    "  -x, --checksums          check what is uploaded against its CRC64NVME, CRC32 or CRC32C, "
    "and\n"
    "                           tell it again; off, bodies are not even looked at\n"
    "  -s, --keep-bodies        keep what single PUTs bring, and serve it; else zeros are served\n"
    "  -e, --slow-down N        answer 503 SlowDown to every Nth request\n"
    "  -3, --fault-503 PERCENT  answer 503 SlowDown to so many requests; may have decimals\n"
    "  -R, --fault-reset PERCENT\n"
    "                           reset so many connections once the request is there: before the\n"
    "                           operation, after it, or half-way through an object\n"
    "  -S, --seed N             of the faults (1)\n"
    "  -L, --request-log FILE   append a JSON object a line: method, target, headers, operation,\n"
    "                           path, query, status, bytes\n"
    "  -q, --quiet              no counts at the end\n"
    "  -d, --die-with-parent    end when the parent process does\n"
    "GET /_stats returns the counts; GET /_reset does, then zeroes them and forgets every object.\n"
    "GET /_objects/BUCKET/PREFIX returns how many objects were written there, and their bytes.\n"
    "Bucket nCOUNT-SIZE holds p/00000000... of SIZE bytes each; every other one begins empty.\n"
    "It answers on loopback for measurements and checks no signature: never expose it.\n";

static int refuse(const char *name, const char *value)
{
    fprintf(stderr, "gs3-sink: --%s %s is out of range: see --help\n", name, value);
    return 252;
}

/* "20" or "0.5", up to max, as a number of 1/unit. */
static bool read_decimal(const char *text, uint64_t max, uint64_t unit, uint64_t *value)
{
    uint64_t whole;
    uint64_t scale = unit / 10;
    const char *at;
    if (!sink_number_read(text, &whole, &at) || whole > max)
        return false;
    *value = whole * unit;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++, scale /= 10)
            *value += (uint64_t)(*at - '0') * scale;
    return *at == '\0' && *value <= max * unit;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *end;
    return sink_number_read(text, value, &end) && *end == '\0' && *value >= min && *value <= max;
}

/* True: the option is one with a number, *is_good tells whether it is in range. */
static bool read_numeric(struct sink_options *options, int option, const char *text, bool *is_good)
{
    switch (option) {
    case 'p': *is_good = read_number(text, 0, 65535, &options->port); return true;
    case 't': *is_good = read_number(text, 1, SINK_THREADS_MAX, &options->threads); return true;
    case 'l': *is_good = read_decimal(text, 60000, 1000, &options->latency_us); return true;
    case 'c': *is_good = read_number(text, 0, 100, &options->connect_trips); return true;
    case 'r': *is_good = read_number(text, 0, 100000, &options->rate_mbps); return true;
    case '3': *is_good = read_decimal(text, 100, 10000, &options->fault_503); return true;
    case 'R': *is_good = read_decimal(text, 100, 10000, &options->fault_reset); return true;
    case 'S': *is_good = read_number(text, 0, UINT64_MAX, &options->seed); return true;
    case 'e': *is_good = read_number(text, 0, UINT32_MAX, &options->slow_down); return true;
    default: return false;
    }
}

static bool read_plain(struct sink_options *options, int option, const char *text)
{
    switch (option) {
    case 'b': options->address = text; return true;
    case 'f': options->port_file = text; return true;
    case 'K': options->pem = text; return true;
    case 'L': options->request_log = text; return true;
    case '5': options->has_md5 = true; return true;
    case 'x': options->has_checksums = true; return true;
    case 's': options->keeps_bodies = true; return true;
    case 'q': options->is_quiet = true; return true;
    case 'd': options->dies_with_parent = true; return true;
    default: return false;
    }
}

int sink_options_read(struct sink_options *options, int argc, char **argv)
{
    static const struct option table[] = {
        {"port", required_argument, NULL, 'p'},
        {"port-file", required_argument, NULL, 'f'},
        {"address", required_argument, NULL, 'b'},
        {"threads", required_argument, NULL, 't'},
        {"tls", required_argument, NULL, 'K'},
        {"latency", required_argument, NULL, 'l'},
        {"connect-trips", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},
        {"md5", no_argument, NULL, '5'},
        {"checksums", no_argument, NULL, 'x'},
        {"keep-bodies", no_argument, NULL, 's'},
        {"slow-down", required_argument, NULL, 'e'},
        {"fault-503", required_argument, NULL, '3'},
        {"fault-reset", required_argument, NULL, 'R'},
        {"seed", required_argument, NULL, 'S'},
        {"request-log", required_argument, NULL, 'L'},
        {"quiet", no_argument, NULL, 'q'},
        {"die-with-parent", no_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    int at = -1;
    *options =
        (struct sink_options){.address = "127.0.0.1", .threads = 1, .connect_trips = 1, .seed = 1};
    while ((option = getopt_long(argc, argv, "p:f:b:t:K:l:c:r:5xse:3:R:S:L:qdh", table, &at)) !=
           -1) {
        bool is_good = true;
        if (option == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (!read_plain(options, option, optarg) &&
            !read_numeric(options, option, optarg, &is_good))
            return 252;
        if (!is_good)
            return refuse(at >= 0 ? table[at].name : (char[]){(char)option, '\0'}, optarg);
        at = -1;
    }
    if (optind < argc) {
        fprintf(stderr, "gs3-sink: unknown argument %s: see --help\n", argv[optind]);
        return 252;
    }
    return -1;
}
