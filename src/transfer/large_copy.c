#include <string.h>

#include "text/uri.h"
#include "transfer/large.h"
#include "transfer/verify.h"

static int copy_part(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err)
{
    struct gs3_large *large = context;
    const struct gs3_s3_request *write = large->write;
    struct gs3_s3_request request = {
        .op = GS3_S3_UPLOAD_PART_COPY,
        .object = write->object,
        .customer_key = write->customer_key,
        .copy_source = write->copy_source,
        .copy_source_if_match = write->copy_source_if_match,
        .copy_source_key = write->copy_source_key,
        .upload_id = large->upload_id,
        .part_number = (unsigned)piece + 1,
        .range = gs3_large_range(large, piece),
        .checksum = write->checksum,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(lane->destination, &request, &result, err);
    if (failed && gs3_s3_err_is_precondition(err))
        failed = gs3_fail(err, GS3_EFAIL, "the source changed while it was copied");
    failed = failed || gs3_large_keep(large, piece, &result, err);
    gs3_s3_result_release(&result);
    return failed ? -1 : 0;
}

static int copy_parts(struct gs3_large *large, struct gs3_err *err)
{
    return gs3_large_send(large, copy_part, err);
}

/* Parts of two versions of a source would make an object that never was. Ceph ignores
 * x-amz-copy-source-if-match. */
static int check_source(const struct gs3_work *work, struct gs3_err *err)
{
    return gs3_verify_source(work->lane->source, work->plan, false, err);
}

static int get_tags(const struct gs3_work *work, struct gs3_s3_result *source, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT_TAGGING,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
    };
    bool rides_along = !work->tags && plan->opts.copy_props == GS3_COPY_PROPS_DEFAULT;
    if (!rides_along || plan->head.tag_count == 0)
        return 0;
    return gs3_s3_perform(work->lane->source, &request, source, err)
               ? gs3_wrap(err, "the source's tags cannot be read")
               : 0;
}

/* A header takes 2048 bytes of them, encoded; more go in a request of their own afterwards. */
enum { TAGS_HEADER_BYTES = 2048 };

static bool fits_a_header(const struct gs3_pairs *tags)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(TAGS_HEADER_BYTES);
    for (size_t i = 0; i < tags->count; i++) {
        if (gs3_uri_encode(&text, tags->items[i].name, false) || gs3_buf_puts(&text, "=&") ||
            gs3_uri_encode(&text, tags->items[i].value, false))
            return false;
    }
    return true;
}

int gs3_large_copy(const struct gs3_work *work, const struct gs3_s3_request *write,
                   struct gs3_pairs *metadata, struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_large large;
    struct gs3_s3_result source = {0};
    struct gs3_s3_request request = *write;
    const struct gs3_plan *plan = work->plan;
    uint64_t part_bytes = gs3_copy_part_bytes(plan->size_bytes, plan->opts.part_bytes);
    if (get_tags(work, &source, err))
        return -1;
    bool has_header = fits_a_header(&source.tags);
    if (source.tags.count > 0 && has_header)
        request.tags = &source.tags;
    int failed = gs3_large_init(&large, work, &request, metadata, part_bytes, err) ||
                 gs3_large_run(&large, copy_parts, check_source, result, err);
    if (!failed && !has_header)
        failed = gs3_verify_tags(work->lane, plan, err);
    /* copy.c looks after them for moves and on custom stores. */
    gs3_large_release(&large);
    gs3_s3_result_release(&source);
    return failed ? -1 : 0;
}
