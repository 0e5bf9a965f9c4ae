#include "transfer/check.h"
#include "transfer/large.h"
#include "transfer/verify.h"

struct gs3_s3_request gs3_large_part(const struct gs3_large *large, size_t index,
                                     struct gs3_s3_range range)
{
    return (struct gs3_s3_request){
        .op = GS3_S3_UPLOAD_PART,
        .object = large->write->object,
        .customer_key = large->write->customer_key,
        .upload_id = large->upload_id,
        .part_number = (unsigned)index + 1,
        .body = {.fd = large->work->plan->local.fd,
                 .offset = range.first,
                 .length_bytes = range.length_bytes},
        .checksum = large->write->checksum,
        .wants_md5 = large->work->plan->opts.checks_md5,
    };
}

int gs3_large_part_sent(struct gs3_large *large, size_t index, struct gs3_s3_result *result,
                        struct gs3_err *err)
{
    if (large->work->plan->opts.checks_md5 &&
        gs3_check_etag(result->etag, result->md5, large->work, result->sse, err))
        return -1;
    return gs3_large_keep(large, index, result, err);
}

static int send_part(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err)
{
    struct gs3_large *large = context;
    struct gs3_s3_request request = gs3_large_part(large, piece, gs3_large_range(large, piece));
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(lane->destination, &request, &result, err) ||
                 gs3_large_part_sent(large, piece, &result, err);
    gs3_s3_result_release(&result);
    return failed ? -1 : 0;
}

static int send_parts(struct gs3_large *large, struct gs3_err *err)
{
    return gs3_large_send(large, send_part, err);
}

static int check_source(const struct gs3_work *work, struct gs3_err *err)
{
    return gs3_local_source_check(&work->plan->local, err);
}

/* Ceph takes the tags of CreateMultipartUpload and forgets them. */
static int keep_tags(const struct gs3_work *work, struct gs3_err *err)
{
    const struct gs3_pairs *tags = work->tags;
    if (!tags || !work->shared->is_custom)
        return 0;
    return gs3_verify_tags_are(work->lane->destination, work->plan, tags, err)
               ? gs3_wrap(err, "the object is complete, its tags are not")
               : 0;
}

int gs3_large_upload(const struct gs3_work *work, const struct gs3_s3_request *write,
                     struct gs3_pairs *metadata, struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_large large;
    const struct gs3_plan *plan = work->plan;
    uint64_t bytes = plan->local.has_more ? plan->opts.expected_size_bytes : plan->local.size_bytes;
    uint64_t part_bytes = gs3_part_bytes(bytes, plan->opts.part_bytes);
    int failed = gs3_large_init(&large, work, write, metadata, part_bytes, err) ||
                 gs3_large_run(&large, work->plan->local.has_more ? gs3_large_stream : send_parts,
                               check_source, result, err) ||
                 keep_tags(work, err);
    gs3_large_release(&large);
    return failed ? -1 : 0;
}
