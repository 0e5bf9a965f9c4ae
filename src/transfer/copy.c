#include "base/mem.h"
#include "transfer/metadata.h"
#include "transfer/multipart.h"
#include "transfer/verify.h"
#include "transfer/work.h"

/* Tags: the user's own, and the policy's, replace the source's; without any the source's ride along
 * where the properties do. Beside the metadata's REPLACE, Ceph loses them, which AWS keeps. */
static int check_tags(const struct gs3_work *work, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    bool is_move = plan->operation == GS3_OPERATION_MOVE;
    if (!is_move && !work->shared->is_custom)
        return 0;
    if (work->tags)
        return gs3_verify_tags_are(work->lane->destination, plan, work->tags, err);
    if (plan->opts.copy_props != GS3_COPY_PROPS_DEFAULT || plan->head.tag_count == 0)
        return 0;
    return gs3_verify_tags(work->lane, plan, err);
}

static int finish(const struct gs3_work *work, const struct gs3_s3_request *request,
                  const struct gs3_s3_result *write, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    const struct gs3_written written = {
        .object = &plan->destination,
        .write = write,
        .size_bytes = plan->size_bytes,
        .metadata = request->metadata,
        .properties = request->properties,
        .source = &plan->head,
        .key = plan->opts.customer_key,
        .checksum = request->checksum,
    };
    if (plan->operation != GS3_OPERATION_MOVE)
        return check_tags(work, err);
    if (gs3_verify_written(work->lane->destination, &written, err))
        return -1;
    if (check_tags(work, err))
        return gs3_wrap(err, "the source is kept");
    return gs3_work_delete_source(work, err);
}

static int copy_whole(const struct gs3_work *work, const struct gs3_s3_request *write,
                      struct gs3_s3_result *result, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_request request = *write;
    request.op = GS3_S3_COPY_OBJECT;
    /* AWS copies the tags along unless it is told not to. */
    request.replace_tags = work->tags != NULL || plan->opts.copy_props != GS3_COPY_PROPS_DEFAULT;
    if (gs3_s3_perform(work->lane->destination, &request, result, err))
        return -1;
    gs3_work_moved(work, plan->size_bytes);
    return 0;
}

/* 412 has two possible reasons here; only an existing destination is a skip. */
static int settle_taken(const struct gs3_work *work, struct gs3_err *err)
{
    bool exists = false;
    if (gs3_work_look_for_destination(work, &exists, err))
        return -1;
    return exists ? gs3_work_skip(work, "the destination exists")
                  : gs3_fail(err, GS3_EFAIL, "the source changed while it was copied");
}

static int send_copy(const struct gs3_work *work, const struct gs3_s3_request *request,
                     struct gs3_pairs *metadata, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_result write = {0};
    bool is_large = plan->size_bytes > gs3_plan_threshold_bytes(plan);
    int failed = is_large ? gs3_large_copy(work, request, metadata, &write, err)
                          : copy_whole(work, request, &write, err);
    if (failed && gs3_work_is_taken(work, &write, err)) {
        failed = settle_taken(work, err);
    } else if (!failed) {
        work->report->etag = gs3_xstrdup_or_null(write.etag);
        work->report->bytes = plan->size_bytes;
        failed = finish(work, request, &write, err);
    }
    gs3_s3_result_release(&write);
    return failed ? -1 : 0;
}

int gs3_copy(const struct gs3_work *work, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    int skipped = gs3_work_skip_existing(work, err);
    if (skipped)
        return skipped < 0 ? -1 : 0;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    bool keeps_theirs =
        !plan->opts.replaces_metadata && plan->opts.copy_props != GS3_COPY_PROPS_NONE;
    if (gs3_metadata_build(work->permit, keeps_theirs ? &plan->head.metadata : NULL,
                           plan->opts.metadata, &metadata, err))
        return -1;
    struct gs3_s3_properties properties = {0};
    gs3_work_properties(work, &properties);
    struct gs3_s3_request request = gs3_work_write(work, &properties, &metadata);
    request.copy_source = (struct gs3_s3_object){.bucket = plan->source.bucket,
                                                 .key = plan->source.key,
                                                 .version_id = plan->head.version_id};
    request.copy_source_if_match = plan->head.etag;
    request.copy_source_key = plan->opts.copy_source_key;
    int failed = send_copy(work, &request, &metadata, err);
    gs3_s3_properties_release(&properties);
    return failed;
}
