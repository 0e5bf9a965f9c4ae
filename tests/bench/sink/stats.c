/*
 * What the sink counts: requests by operation, bytes, connections, how payloads were signed.
 */
#include "sink.h"

#include <sys/resource.h>

static const char *const op_names[SINK_OP_COUNT] = {
    [SINK_PUT_OBJECT] = "PutObject",
    [SINK_UPLOAD_PART] = "UploadPart",
    [SINK_COPY_OBJECT] = "CopyObject",
    [SINK_COPY_PART] = "UploadPartCopy",
    [SINK_CREATE_UPLOAD] = "CreateMultipartUpload",
    [SINK_COMPLETE_UPLOAD] = "CompleteMultipartUpload",
    [SINK_ABORT_UPLOAD] = "AbortMultipartUpload",
    [SINK_LIST_PARTS] = "ListParts",
    [SINK_GET_OBJECT] = "GetObject",
    [SINK_HEAD_OBJECT] = "HeadObject",
    [SINK_DELETE_OBJECT] = "DeleteObject",
    [SINK_DELETE_OBJECTS] = "DeleteObjects",
    [SINK_LIST_V1] = "ListObjects",
    [SINK_LIST_V2] = "ListObjectsV2",
    [SINK_HEAD_BUCKET] = "HeadBucket",
    [SINK_BUCKET_LOCATION] = "GetBucketLocation",
    [SINK_CREATE_BUCKET] = "CreateBucket",
    [SINK_DELETE_BUCKET] = "DeleteBucket",
    [SINK_LIST_BUCKETS] = "ListBuckets",
    [SINK_TAGGING] = "Tagging",
    [SINK_OTHER] = "Other",
};

static const char *const counter_names[SINK_COUNTER_COUNT] = {
    [SINK_BYTES_IN] = "bytes_in",
    [SINK_BYTES_OUT] = "bytes_out",
    [SINK_CONNECTIONS] = "connections",
    [SINK_EXPECT_100] = "expect_100",
    [SINK_ANSWERED_404] = "answered_404",
    [SINK_ANSWERED_412] = "answered_412",
    [SINK_ANSWERED_503] = "answered_503",
    [SINK_ANSWERED_RESET] = "answered_reset",
    [SINK_PAYLOAD_SHA256] = "payload_sha256",
    [SINK_PAYLOAD_UNSIGNED] = "payload_unsigned",
    [SINK_PAYLOAD_STREAMING] = "payload_streaming",
    [SINK_CONTENT_MD5] = "content_md5",
    [SINK_CHECKSUM_HEADER] = "checksum_header",
    [SINK_CHUNKED] = "chunked_or_trailer",
    [SINK_KEYS_DELETED] = "keys_in_DeleteObjects",
};

void sink_count(struct sink_stats *stats, enum sink_counter counter, uint64_t more)
{
    stats->counters[counter] += more;
}

static void raise_to(_Atomic uint64_t *peak, uint64_t value)
{
    uint64_t seen = *peak;
    while (value > seen && !atomic_compare_exchange_weak(peak, &seen, value))
        ;
}

void sink_peak(_Atomic uint64_t *now, _Atomic uint64_t *peak)
{
    raise_to(peak, ++*now);
}

void sink_stats_part(struct sink_stats *stats, uint64_t bytes)
{
    uint64_t seen = stats->part_min_bytes;
    while ((seen == 0 || bytes < seen) &&
           !atomic_compare_exchange_weak(&stats->part_min_bytes, &seen, bytes))
        ;
    raise_to(&stats->part_max_bytes, bytes);
}

static void print(struct sink_buf *out, const char *name, uint64_t value)
{
    if (value > 0)
        sink_buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static uint64_t cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000U +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

const char *sink_op_name(enum sink_op op)
{
    return op_names[op];
}

void sink_stats_print(struct sink_stats *stats, struct sink_buf *out)
{
    for (size_t i = 0; i < SINK_OP_COUNT; i++)
        print(out, op_names[i], stats->ops[i]);
    for (size_t i = 0; i < SINK_COUNTER_COUNT; i++)
        print(out, counter_names[i], stats->counters[i]);
    print(out, "part_min", stats->part_min_bytes);
    print(out, "part_max", stats->part_max_bytes);
    print(out, "peak_connections", stats->connections_peak);
    print(out, "peak_in_flight", stats->in_flight_peak);
    print(out, "cpu_us", cpu_us() - stats->cpu_base_us);
}

void sink_stats_reset(struct sink_stats *stats)
{
    for (size_t i = 0; i < SINK_OP_COUNT; i++)
        stats->ops[i] = 0;
    for (size_t i = 0; i < SINK_COUNTER_COUNT; i++)
        stats->counters[i] = 0;
    stats->part_min_bytes = stats->part_max_bytes = stats->requests = 0;
    stats->draws = 0;
    stats->cpu_base_us = cpu_us();
    stats->connections_peak = (uint64_t)stats->connections;
    stats->in_flight_peak = (uint64_t)stats->in_flight;
}
