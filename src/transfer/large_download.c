#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/str.h"
#include "transfer/check.h"
#include "transfer/multipart.h"

enum { WAVE = 32 };

struct ranges {
    const struct gs3_work *work;
    struct gs3_local_target *target;
    struct gs3_check *check;
    uint64_t part_bytes;
};

/* One range on its way into its place in the file. */
struct range_sink {
    int fd;
    uint64_t first, length_bytes, written_bytes;
    struct gs3_check_run run;
};

static int write_range(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    struct range_sink *sink = context;
    const char *next = bytes;
    if (length_bytes > sink->length_bytes - sink->written_bytes)
        return gs3_fail(err, GS3_EFAIL, "the answer has more than the %llu bytes asked for",
                        (unsigned long long)sink->length_bytes);
    gs3_check_run_update(&sink->run, bytes, length_bytes);
    while (length_bytes > 0) {
        ssize_t done =
            pwrite(sink->fd, next, length_bytes, (off_t)(sink->first + sink->written_bytes));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot write the file");
        next += done;
        length_bytes -= (size_t)done;
        sink->written_bytes += (uint64_t)done;
    }
    return 0;
}

static int reset_range(void *context, struct gs3_err *err)
{
    (void)err;
    struct range_sink *sink = context;
    sink->written_bytes = 0;
    gs3_check_run_reset(&sink->run);
    return 0;
}

static int check_answer(const struct gs3_plan *plan, const struct range_sink *sink,
                        const struct gs3_s3_result *result, struct gs3_err *err)
{
    if (!gs3_str_equal(result->etag, plan->head.etag) ||
        result->range_total_bytes != plan->size_bytes)
        return gs3_fail(err, GS3_EFAIL, "s3://%s/%s changed while it was read", plan->source.bucket,
                        plan->source.key);
    if (sink->written_bytes != sink->length_bytes)
        return gs3_fail(err, GS3_EFAIL, "%llu bytes came of %llu",
                        (unsigned long long)sink->written_bytes,
                        (unsigned long long)sink->length_bytes);
    return 0;
}

static int get_range(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err)
{
    const struct ranges *ranges = context;
    const struct gs3_plan *plan = ranges->work->plan;
    uint64_t first = (uint64_t)piece * ranges->part_bytes;
    uint64_t left = plan->size_bytes - first;
    struct range_sink state = {
        .fd = ranges->target->fd,
        .first = first,
        .length_bytes = left < ranges->part_bytes ? left : ranges->part_bytes,
    };
    gs3_check_run_init(&state.run, ranges->check, first);
    const struct gs3_http_sink sink = {.write = write_range,
                                       .reset = reset_range,
                                       .context = &state};
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
        .customer_key = plan->opts.customer_key,
        .range = {.first = first, .length_bytes = state.length_bytes},
        .sink = &sink,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(lane->destination, &request, &result, err);
    if (failed && gs3_s3_err_is_precondition(err))
        failed = gs3_fail(err, GS3_EFAIL, "s3://%s/%s changed while it was read",
                          plan->source.bucket, plan->source.key);
    failed = failed || check_answer(plan, &state, &result, err);
    gs3_s3_result_release(&result);
    gs3_check_run_release(&state.run);
    if (!failed)
        gs3_work_moved(ranges->work, state.length_bytes);
    return failed ? -1 : 0;
}

/* A disk that is too small is told before the first byte, not after the last that fits. */
static int reserve(struct gs3_local_target *target, uint64_t bytes, struct gs3_err *err)
{
    if (fallocate(target->fd, 0, 0, (off_t)bytes) == 0)
        return 0;
    if (errno == ENOSPC || errno == EFBIG || errno == EDQUOT)
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot write %s", target->path);
    return 0; /* not every file system can */
}

/* Larger than a write's: an answer that is cut off is asked for again alone. A value that is made
 * of the parts of an upload wants these. */
static uint64_t range_bytes(const struct gs3_work *work, const struct gs3_check *check)
{
    uint64_t bytes = work->plan->size_bytes;
    uint64_t wanted = work->plan->opts.part_bytes;
    uint64_t share = bytes / WAVE;
    if (check->part_bytes > 0)
        return check->part_bytes;
    if (wanted == 0)
        wanted = share > 2 * GS3_PART_BYTES_DEFAULT ? 2 * GS3_PART_BYTES_DEFAULT
                                                    : GS3_PART_BYTES_DEFAULT;
    return gs3_part_bytes(bytes, wanted);
}

int gs3_large_download(const struct gs3_work *work, struct gs3_local_target *target,
                       struct gs3_check *check, struct gs3_err *err)
{
    uint64_t bytes = work->plan->size_bytes;
    struct ranges ranges = {.work = work,
                            .target = target,
                            .check = check,
                            .part_bytes = range_bytes(work, check)};
    const struct gs3_batch batch = {
        .count = (size_t)((bytes + ranges.part_bytes - 1) / ranges.part_bytes),
        .run = get_range,
        .context = &ranges,
    };
    gs3_check_begin(check, ranges.part_bytes);
    if (reserve(target, bytes, err) || gs3_pool_run(work->shared->pool, work->lane, &batch, err))
        return -1;
    target->written_bytes = bytes;
    return 0;
}
