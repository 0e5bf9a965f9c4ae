#include "base/mem.h"
#include "transfer/check.h"
#include "transfer/metadata.h"
#include "transfer/multipart.h"
#include "transfer/verify.h"
#include "transfer/work.h"

static int finish(const struct gs3_work *work, const struct gs3_s3_request *request,
                  const struct gs3_s3_result *write, struct gs3_err *err)
{
    struct gs3_plan *plan = work->plan;
    const struct gs3_written written = {
        .object = &plan->destination,
        .write = write,
        .size_bytes = plan->local.size_bytes,
        .metadata = request->metadata,
        .properties = request->properties,
        .key = plan->opts.customer_key,
        .checksum = request->checksum,
    };
    if (gs3_local_source_check(&plan->local, err))
        return -1;
    if (plan->operation != GS3_OPERATION_MOVE)
        return 0;
    if (gs3_verify_written(work->lane->destination, &written, err))
        return -1;
    return gs3_local_source_remove(&plan->local, err);
}

static int put(const struct gs3_work *work, const struct gs3_s3_request *write,
               struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_request request = *write;
    request.op = GS3_S3_PUT_OBJECT;
    request.body = (struct gs3_http_body){.fd = work->plan->local.fd,
                                          .length_bytes = work->plan->local.size_bytes};
    request.wants_md5 = work->plan->opts.checks_md5;
    if (gs3_s3_perform(work->lane->destination, &request, result, err))
        return -1;
    gs3_work_moved(work, request.body.length_bytes);
    return request.wants_md5 ? gs3_check_etag(result->etag, result->md5, work, result->sse, err)
                             : 0;
}

static int send_file(const struct gs3_work *work, const struct gs3_s3_request *request,
                     struct gs3_pairs *metadata, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_result write = {0};
    bool is_large = plan->local.has_more || plan->local.size_bytes > gs3_plan_threshold_bytes(plan);
    int failed = is_large ? gs3_large_upload(work, request, metadata, &write, err)
                          : put(work, request, &write, err);
    if (failed && gs3_work_is_taken(work, &write, err)) {
        failed = gs3_work_skip(work, "the destination exists");
    } else if (!failed) {
        work->report->etag = gs3_xstrdup_or_null(write.etag);
        work->report->bytes = plan->local.size_bytes;
        failed = finish(work, request, &write, err);
    }
    gs3_s3_result_release(&write);
    return failed ? -1 : 0;
}

int gs3_upload(const struct gs3_work *work, struct gs3_err *err)
{
    int skipped = gs3_work_skip_existing(work, err);
    if (skipped)
        return skipped < 0 ? -1 : 0;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    if (gs3_metadata_build(work->permit, NULL, work->plan->opts.metadata, &metadata, err))
        return -1;
    struct gs3_s3_properties properties = {0};
    gs3_work_properties(work, &properties);
    struct gs3_s3_request request = gs3_work_write(work, &properties, &metadata);
    int failed = send_file(work, &request, &metadata, err);
    gs3_s3_properties_release(&properties);
    return failed;
}
