#include "base/mem.h"
#include "transfer/large.h"

enum {
    AT_ONCE = 8,   /* parts: what is on the disk is one more */
    GROWTH = 1000, /* parts of one size: then twice that, for 10,000 have to do for 48.8 TiB */
    IDLE_MS = 20
};

/* One part under way. */
struct sending {
    struct gs3_s3_call *call;
    size_t index;
    struct gs3_s3_range range;
};

struct stream {
    struct gs3_large *large;
    struct gs3_local_source *source;
    struct sending sending[AT_ONCE]; /* the oldest first */
    size_t count;
    uint64_t next_first; /* where the next part begins */
};

static struct gs3_s3_transport *transport_of(const struct stream *stream)
{
    return stream->large->work->lane->destination;
}

static uint64_t part_bytes(const struct stream *stream)
{
    uint64_t bytes = stream->large->part_bytes;
    for (size_t i = stream->large->count / GROWTH; i > 0 && bytes < GS3_PART_BYTES_MAXIMUM; i--)
        bytes *= 2;
    return bytes < GS3_PART_BYTES_MAXIMUM ? bytes : GS3_PART_BYTES_MAXIMUM;
}

/* Waits for the oldest. */
static int take_one(struct stream *stream, struct gs3_err *err)
{
    struct sending oldest = stream->sending[0];
    struct gs3_s3_result result = {0};
    stream->count--;
    for (size_t i = 0; i < stream->count; i++)
        stream->sending[i] = stream->sending[i + 1];
    int failed = transport_of(stream)->ops->wait(transport_of(stream), oldest.call, &result, err) ||
                 gs3_large_part_sent(stream->large, oldest.index, &result, err);
    gs3_s3_result_release(&result);
    if (!failed)
        gs3_local_source_forget(stream->source, oldest.range.first, oldest.range.length_bytes);
    return failed ? -1 : 0;
}

static int begin_part(struct stream *stream, uint64_t length_bytes, struct gs3_err *err)
{
    struct gs3_large *large = stream->large;
    const struct gs3_transfer *shared = large->work->shared;
    if (large->count == GS3_PARTS_MAXIMUM)
        return gs3_fail(err, GS3_EFAIL,
                        "standard input has more than %d parts hold: give its size "
                        "with --expected-size",
                        GS3_PARTS_MAXIMUM);
    if (stream->count == AT_ONCE && take_one(stream, err))
        return -1;
    if (shared->between && shared->between(shared->between_context, err))
        return -1;
    size_t index = large->count++;
    large->parts = gs3_xreallocarray(large->parts, large->count, sizeof *large->parts);
    large->parts[index] =
        (struct gs3_s3_part){.number = (unsigned)index + 1, .size_bytes = length_bytes};
    const struct gs3_s3_range range = {.first = stream->next_first, .length_bytes = length_bytes};
    const struct gs3_s3_request request = gs3_large_part(large, index, range);
    stream->next_first += length_bytes;
    stream->sending[stream->count++] = (struct sending){
        .call = transport_of(stream)->ops->start(transport_of(stream), &request),
        .index = index,
        .range = range,
    };
    return 0;
}

/* Reads until the next part is whole, or the input at its end, while the others are on their way.
 */
static int fill_part(struct stream *stream, uint64_t end, struct gs3_err *err)
{
    struct gs3_http *http = stream->large->work->lane->http;
    while (stream->source->has_more && stream->source->size_bytes < end) {
        int came = gs3_local_source_read_on(stream->source, end, err);
        if (came < 0)
            return -1;
        if (gs3_http_is_interrupted(http))
            return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
        gs3_http_turn(http, came ? 0 : IDLE_MS);
    }
    return 0;
}

static int send_all(struct stream *stream, struct gs3_err *err)
{
    const struct gs3_local_source *source = stream->source;
    do {
        uint64_t end = stream->next_first + part_bytes(stream);
        if (fill_part(stream, end, err))
            return -1;
        uint64_t there = source->size_bytes < end ? source->size_bytes : end;
        if (there > stream->next_first && begin_part(stream, there - stream->next_first, err))
            return -1;
    } while (source->has_more || stream->next_first < source->size_bytes);
    while (stream->count > 0)
        if (take_one(stream, err))
            return -1;
    return 0;
}

int gs3_large_stream(struct gs3_large *large, struct gs3_err *err)
{
    struct stream stream = {.large = large, .source = &large->work->plan->local};
    large->count = 0;
    int failed = send_all(&stream, err);
    for (size_t i = 0; i < stream.count; i++)
        transport_of(&stream)->ops->cancel(transport_of(&stream), stream.sending[i].call);
    large->object_bytes = stream.source->size_bytes;
    large->work->plan->size_bytes = large->object_bytes;
    return failed;
}
