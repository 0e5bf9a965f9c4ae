#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/check.h"
#include "transfer/multipart.h"
#include "transfer/verify.h"
#include "transfer/work.h"

enum { STREAM_TRIES = 5 };

static int fail_changed(const struct gs3_plan *plan, struct gs3_err *err)
{
    return gs3_fail(err, GS3_EFAIL, "s3://%s/%s changed while it was read", plan->source.bucket,
                    plan->source.key);
}

/* The target's own sink, with the check beside it. */
struct checked {
    struct gs3_local_target *target;
    struct gs3_check check;
    struct gs3_check_run run;
    bool is_asked; /* the answer may bring a checksum that no HEAD told */
};

static int write_checked(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    struct checked *checked = context;
    const struct gs3_http_sink *sink = &checked->target->sink;
    gs3_check_run_update(&checked->run, bytes, length_bytes);
    return sink->write(sink->context, bytes, length_bytes, err);
}

static int reset_checked(void *context, struct gs3_err *err)
{
    struct checked *checked = context;
    const struct gs3_http_sink *sink = &checked->target->sink;
    gs3_check_run_reset(&checked->run);
    return sink->reset(sink->context, err);
}

static void take_headers(struct checked *checked, const struct gs3_pairs *headers)
{
    size_t before = checked->check.count;
    gs3_check_take_headers(&checked->check, headers);
    if (checked->check.count == before)
        return;
    gs3_check_run_release(&checked->run);
    gs3_check_run_init(&checked->run, &checked->check, 0);
}

static int begin_checked(void *context, const struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    struct checked *checked = context;
    /* Those of a range would be of the range. */
    if (checked->is_asked && checked->target->written_bytes == 0)
        take_headers(checked, headers);
    return 0;
}

/* One GET, of what is missing: of all, unless a stream has taken some already. */
static int get(const struct gs3_work *work, struct checked *checked, struct gs3_s3_result *result,
               struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_local_target *target = checked->target;
    uint64_t before = target->written_bytes;
    const struct gs3_http_sink sink = {.write = write_checked,
                                       .reset = reset_checked,
                                       .begin = begin_checked,
                                       .context = checked};
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
        .customer_key = plan->opts.customer_key,
        .expected_bytes = plan->size_bytes,
        .sink = &sink,
        .checksum = checked->is_asked ? GS3_S3_CHECKSUM_CRC64NVME : GS3_S3_CHECKSUM_NONE,
    };
    if (before > 0)
        request.range =
            (struct gs3_s3_range){.first = before, .length_bytes = plan->size_bytes - before};
    int failed = gs3_s3_perform(work->lane->destination, &request, result, err);
    gs3_work_moved(work, target->written_bytes - before);
    if (failed && gs3_s3_err_is_precondition(err))
        return fail_changed(plan, err);
    if (!failed && !gs3_str_equal(result->etag, plan->head.etag))
        return fail_changed(plan, err);
    return failed;
}

/* What a stream has taken cannot be taken back: after a broken connection the rest is asked for. */
static int fetch_stream(const struct gs3_work *work, struct checked *checked, struct gs3_err *err)
{
    struct gs3_local_target *target = checked->target;
    int failed = -1;
    for (int i = 0; i < STREAM_TRIES && failed; i++) {
        struct gs3_s3_result result = {0};
        uint64_t before = target->written_bytes;
        gs3_err_clear(err);
        failed = get(work, checked, &result, err);
        gs3_s3_result_release(&result);
        bool is_on_its_way = target->written_bytes > before || i == 0;
        if (failed && (err->class != GS3_ETRANSIENT || !is_on_its_way ||
                       target->written_bytes >= work->plan->size_bytes))
            break;
    }
    return failed;
}

/* The answer tells what a HEAD would have told. */
static int take_head(struct gs3_plan *plan, struct gs3_s3_result *result, struct gs3_err *err)
{
    if (!plan->listed_etag)
        return 0;
    gs3_s3_result_release(&plan->head);
    plan->head = *result;
    *result = (struct gs3_s3_result){.etag = NULL};
    if (plan->operation == GS3_OPERATION_MOVE && plan->head.missing_meta > 0)
        return gs3_fail(err, GS3_EFAIL,
                        "the source is kept: %u of its metadata values cannot be read "
                        "(x-amz-missing-meta)",
                        plan->head.missing_meta);
    return 0;
}

static int fetch_file(const struct gs3_work *work, struct checked *checked, struct gs3_err *err)
{
    struct gs3_s3_result result = {0};
    int failed = get(work, checked, &result, err) || take_head(work->plan, &result, err);
    gs3_s3_result_release(&result);
    return failed;
}

static int fetch_whole(const struct gs3_work *work, struct checked *checked, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_local_target *target = checked->target;
    checked->is_asked = plan->opts.wants_checksum || !work->shared->is_custom;
    gs3_check_begin(&checked->check, 0);
    gs3_check_run_init(&checked->run, &checked->check, 0);
    int failed =
        target->is_stream ? fetch_stream(work, checked, err) : fetch_file(work, checked, err);
    gs3_check_run_release(&checked->run);
    if (failed)
        return -1;
    if (target->written_bytes != plan->size_bytes)
        return gs3_fail(err, GS3_EFAIL, "%llu bytes came of %llu",
                        (unsigned long long)target->written_bytes,
                        (unsigned long long)plan->size_bytes);
    return 0;
}

static int fetch(const struct gs3_work *work, struct gs3_local_target *target, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct checked checked = {.target = target};
    int failed = gs3_check_plan(work, &checked.check, err);
    /* A digest of the whole wants its bytes one after the other. */
    bool is_large = !target->is_stream && plan->size_bytes > gs3_plan_threshold_bytes(plan) &&
                    !gs3_check_is_in_order(&checked.check);
    if (!failed)
        failed = is_large ? gs3_large_download(work, target, &checked.check, err)
                          : fetch_whole(work, &checked, err);
    failed = failed || gs3_check_finish(&checked.check, work, err);
    gs3_check_release(&checked.check);
    return failed ? -1 : 0;
}

static int download_to(const struct gs3_work *work, struct gs3_local_target *target,
                       struct gs3_err *err)
{
    struct gs3_plan *plan = work->plan;
    bool is_move = plan->operation == GS3_OPERATION_MOVE;
    if (fetch(work, target, err))
        return -1;
    struct gs3_local_commit_opts commit = {
        .modified_s = plan->head.last_modified_s,
        .no_overwrite = plan->opts.no_overwrite,
        .durable = is_move,
    };
    bool exists = false;
    if (gs3_local_target_commit(target, &commit, &exists, err))
        return -1;
    if (exists)
        return gs3_work_skip(work, "the destination exists");
    work->report->bytes = plan->size_bytes;
    work->report->etag = gs3_xstrdup_or_null(plan->head.etag);
    return is_move ? gs3_work_delete_source(work, err) : 0;
}

int gs3_download(const struct gs3_work *work, struct gs3_err *err)
{
    struct gs3_plan *plan = work->plan;
    struct gs3_local_target target;
    if (plan->destination.kind == GS3_LOCATION_STREAM) {
        gs3_local_target_stream(GS3_STDOUT_FD, plan->size_bytes, &target);
        return download_to(work, &target, err);
    }
    const char *path = plan->destination.path;
    if (plan->opts.no_overwrite && access(path, F_OK) == 0)
        return gs3_work_skip(work, "the destination exists");
    int failed = gs3_local_target_open(path, plan->size_bytes, &target, err);
    if (!failed && plan->operation == GS3_OPERATION_MOVE && target.is_stream)
        failed = gs3_fail(err, GS3_EFAIL,
                          "%s is a special file, which keeps nothing: the source is kept", path);
    failed = failed || download_to(work, &target, err);
    gs3_local_target_release(&target);
    return failed ? -1 : 0;
}
