#include "transfer/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/tags.h"
#include "transfer/verify.h"
#include "transfer/work.h"

void gs3_report_release(struct gs3_report *report)
{
    free(report->etag);
    free(report->note);
    *report = (struct gs3_report){.status = GS3_REPORT_OK};
}

int gs3_work_skip(const struct gs3_work *work, const char *note)
{
    work->report->status = GS3_REPORT_SKIPPED;
    free(work->report->note);
    work->report->note = gs3_xstrdup(note);
    return 0;
}

void gs3_work_moved(const struct gs3_work *work, uint64_t bytes)
{
    if (work->shared->moved_bytes)
        atomic_fetch_add(work->shared->moved_bytes, bytes);
}

/* A write whose first answer was lost may have been done by us: its 412 says nothing. */
bool gs3_work_is_taken(const struct gs3_work *work, const struct gs3_s3_result *write,
                       const struct gs3_err *err)
{
    return work->plan->opts.no_overwrite && gs3_s3_err_is_precondition(err) && write->attempts <= 1;
}

static char *pick(const char *mine, const char *theirs)
{
    return gs3_xstrdup_or_null(mine ? mine : theirs);
}

void gs3_work_properties(const struct gs3_work *work, struct gs3_s3_properties *out)
{
    static const struct gs3_s3_properties none;
    const struct gs3_plan *plan = work->plan;
    const struct gs3_plan_opts *opts = &plan->opts;
    const struct gs3_s3_properties *mine = opts->properties ? opts->properties : &none;
    bool keeps_theirs = plan->direction == GS3_COPY && !opts->replaces_metadata &&
                        opts->copy_props != GS3_COPY_PROPS_NONE;
    const struct gs3_s3_properties *theirs = keeps_theirs ? &plan->head.properties : &none;
    out->content_type = pick(mine->content_type, theirs->content_type);
    out->cache_control = pick(mine->cache_control, theirs->cache_control);
    out->content_disposition = pick(mine->content_disposition, theirs->content_disposition);
    out->content_encoding = pick(mine->content_encoding, theirs->content_encoding);
    out->content_language = pick(mine->content_language, theirs->content_language);
    out->expires = pick(mine->expires, theirs->expires);
    if (!out->content_type && plan->direction == GS3_UPLOAD && plan->source.path &&
        !opts->no_guess_mime_type && work->shared->mime)
        out->content_type = gs3_mime_guess(work->shared->mime, plan->source.path);
}

enum gs3_s3_checksum gs3_work_checksum(const struct gs3_work *work)
{
    const struct gs3_plan *plan = work->plan;
    bool has_default = plan->direction == GS3_UPLOAD && !work->shared->is_custom;
    if (plan->opts.checksum == GS3_S3_CHECKSUM_NONE && has_default)
        return GS3_S3_CHECKSUM_CRC64NVME;
    return plan->opts.checksum;
}

struct gs3_s3_request gs3_work_write(const struct gs3_work *work,
                                     const struct gs3_s3_properties *properties,
                                     const struct gs3_pairs *metadata)
{
    const struct gs3_plan *plan = work->plan;
    return (struct gs3_s3_request){
        .object = {.bucket = plan->destination.bucket, .key = plan->destination.key},
        .properties = properties,
        .metadata = metadata,
        .tags = work->tags,
        .write = plan->opts.write,
        .customer_key = plan->opts.customer_key,
        .if_none_match = plan->opts.no_overwrite,
        .checksum = gs3_work_checksum(work),
    };
}

int gs3_work_look_for_destination(const struct gs3_work *work, bool *exists, struct gs3_err *err)
{
    const struct gs3_location *destination = &work->plan->destination;
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = destination->bucket, .key = destination->key},
        .customer_key = work->plan->opts.customer_key,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &result, err);
    gs3_s3_result_release(&result);
    *exists = !failed;
    return failed && !gs3_s3_err_is_not_found(err) ? -1 : 0;
}

int gs3_work_skip_existing(const struct gs3_work *work, struct gs3_err *err)
{
    bool exists = false;
    if (!work->plan->opts.no_overwrite || !work->shared->is_custom)
        return 0;
    if (gs3_work_look_for_destination(work, &exists, err))
        return -1;
    if (exists) {
        gs3_work_skip(work, "the destination exists");
        return 1;
    }
    gs3_err_clear(err);
    return 0;
}

int gs3_work_delete_source(const struct gs3_work *work, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    const struct gs3_lane *lane = work->lane;
    if (work->shared->defers_deletes && !plan->opts.deletes_conditionally &&
        gs3_delete_is_batchable(plan)) {
        work->report->is_delete_pending = true;
        return 0;
    }
    int failed = gs3_verify_source(gs3_plan_source_store(plan, lane), plan, false, err);
    if (failed && gs3_s3_err_is_not_found(err)) {
        gs3_err_clear(err);
        return 0;
    }
    if (failed)
        return -1;
    return gs3_delete_source(lane, plan, err);
}

static int check_permit(const struct gs3_work *work, struct gs3_err *err)
{
    struct gs3_touch touches[2];
    size_t count = gs3_plan_touches(work->plan, touches);
    if (!work->permit)
        return gs3_fail(err, GS3_EREFUSED, "there is no permit");
    for (size_t i = 0; i < count; i++)
        if (gs3_permit_check(work->permit, touches[i].actions, touches[i].bucket, touches[i].key,
                             err))
            return -1;
    return 0;
}

/* What the store does not show cannot be carried over, and a move would be the end of it. */
static int check_source_metadata(const struct gs3_plan *plan, struct gs3_err *err)
{
    bool is_at_stake = plan->direction == GS3_COPY || plan->operation == GS3_OPERATION_MOVE;
    if (!is_at_stake || plan->head.missing_meta == 0)
        return 0;
    return gs3_fail(err, GS3_EFAIL,
                    "the source is kept: %u of its metadata values cannot be read "
                    "(x-amz-missing-meta)",
                    plan->head.missing_meta);
}

/* aws-cli's rule: an archived object is left out with a warning, unless it was restored or the user
 * insists. 1: left out. */
static int skip_archived(const struct gs3_work *work)
{
    const struct gs3_plan *plan = work->plan;
    const char *class = plan->head.storage_class;
    bool is_archived = gs3_str_equal(class, "GLACIER") || gs3_str_equal(class, "DEEP_ARCHIVE");
    bool is_restored =
        plan->head.restore && strstr(plan->head.restore, "ongoing-request=\"false\"") != NULL;
    if (plan->direction == GS3_UPLOAD || !is_archived || is_restored ||
        plan->opts.force_glacier_transfer)
        return 0;
    gs3_auto_free char *note = gs3_xasprintf(
        "Skipping file s3://%s/%s. Object is of storage class %s. Unable to perform %s operations "
        "on %s objects. You must restore the object to be able to perform the operation. See the "
        "description of --force-glacier-transfer.",
        plan->source.bucket, plan->source.key, class,
        plan->operation == GS3_OPERATION_MOVE ? "move"
        : plan->direction == GS3_COPY         ? "copy"
                                              : "download",
        class);
    gs3_work_skip(work, note);
    work->report->is_warning = !plan->opts.ignore_glacier_warnings;
    return 1;
}

static int run(const struct gs3_work *work, struct gs3_err *err)
{
    switch (work->plan->direction) {
    case GS3_UPLOAD: return gs3_upload(work, err);
    case GS3_COPY: return gs3_copy(work, err);
    case GS3_DOWNLOAD: break;
    }
    return gs3_download(work, err);
}

int gs3_transfer_object(const struct gs3_transfer *transfer, const struct gs3_lane *lane,
                        const struct gs3_permit *permit, struct gs3_plan *plan,
                        struct gs3_report *report, struct gs3_err *err)
{
    struct gs3_work work = {
        .shared = transfer, .lane = lane, .permit = permit, .plan = plan, .report = report};
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    *report = (struct gs3_report){.status = GS3_REPORT_OK};
    int failed = check_permit(&work, err) || check_source_metadata(plan, err);
    if (!failed && skip_archived(&work))
        return 0;
    if (!failed && plan->opts.is_dryrun) {
        report->status = GS3_REPORT_PLANNED;
        report->bytes = plan->size_bytes;
        return 0;
    }
    if (!failed) {
        work.tags = gs3_tags_build(&work, &tags);
        failed = (plan->direction == GS3_COPY && gs3_tags_add_source(&work, &tags, err)) ||
                 run(&work, err);
    }
    if (failed)
        report->status = GS3_REPORT_FAILED;
    return failed ? -1 : 0;
}
