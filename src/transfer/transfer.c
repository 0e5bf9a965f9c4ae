#include "transfer/transfer.h"

#include "base/mem.h"
#include "base/str.h"
#include "transfer/metadata.h"
#include "transfer/verify.h"

/* One object's transfer: what all share, and what is its own. */
struct work {
    const struct gs3_transfer *shared;
    const struct gs3_lane *lane;
    const struct gs3_permit *permit;
};

void gs3_report_release(struct gs3_report *report)
{
    free(report->etag);
    free(report->note);
    *report = (struct gs3_report){.status = GS3_REPORT_OK};
}

static int skip(struct gs3_report *report, const char *note)
{
    report->status = GS3_REPORT_SKIPPED;
    report->note = gs3_xstrdup(note);
    return 0;
}

/* A write whose first answer was lost may have been done by us: its 412 says nothing. */
static bool is_skipped(const struct gs3_plan *plan, const struct gs3_s3_result *write,
                       const struct gs3_err *err)
{
    return plan->opts.no_overwrite && gs3_s3_err_is_precondition(err) && write->attempts <= 1;
}

/* The user's property where there is one, else the source's. */
static char *pick(const char *mine, const char *theirs)
{
    return gs3_xstrdup_or_null(mine ? mine : theirs);
}

static void merge_properties(const struct work *work, const struct gs3_plan *plan,
                             struct gs3_s3_properties *out)
{
    static const struct gs3_s3_properties none;
    const struct gs3_s3_properties *mine = plan->opts.properties ? plan->opts.properties : &none;
    const struct gs3_s3_properties *theirs =
        plan->direction == GS3_COPY ? &plan->head.properties : &none;
    out->content_type = pick(mine->content_type, theirs->content_type);
    out->cache_control = pick(mine->cache_control, theirs->cache_control);
    out->content_disposition = pick(mine->content_disposition, theirs->content_disposition);
    out->content_encoding = pick(mine->content_encoding, theirs->content_encoding);
    out->content_language = pick(mine->content_language, theirs->content_language);
    out->expires = pick(mine->expires, theirs->expires);
    if (!out->content_type && plan->direction == GS3_UPLOAD && plan->source.path &&
        !plan->opts.no_guess_mime_type)
        out->content_type = gs3_mime_guess(work->shared->mime, plan->source.path);
}

/* A delete without a clear answer may have been done: whether the source is there says it, and no
 * line may claim that it is kept when it is not. */
static int settle_delete(const struct work *work, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
    };
    struct gs3_s3_result found = {0};
    struct gs3_err look = GS3_ERR_INIT;
    int failed = gs3_s3_perform(work->lane->destination, &request, &found, &look);
    gs3_s3_result_release(&found);
    if (failed && gs3_s3_err_is_not_found(&look)) {
        gs3_err_clear(err);
        return 0;
    }
    if (failed)
        return gs3_wrap(err,
                        "the destination is complete, and whether the source was deleted is not "
                        "known: look at it");
    return gs3_wrap(err, "the destination is complete, the source is kept");
}

/* Whether the answer leaves open what was done: none came, or one that says so itself. */
static bool is_open(const struct gs3_s3_result *result, const struct gs3_err *err)
{
    return result->attempts > 1 || err->http_status < 400 || err->http_status >= 500;
}

static int delete_source(const struct work *work, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_DELETE_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &result, err);
    if (failed && gs3_str_equal(err->code, "NotImplemented")) {
        /* The store has no conditional delete. The source was checked a moment ago. */
        gs3_s3_result_release(&result);
        request.if_match = NULL;
        failed = gs3_s3_perform(work->lane->destination, &request, &result, err);
    }
    bool may_be_done = failed && is_open(&result, err);
    gs3_s3_result_release(&result);
    if (may_be_done)
        return settle_delete(work, plan, err);
    if (failed)
        return gs3_wrap(err, "the destination is complete, the source is kept");
    return 0;
}

static int look_for_destination(const struct work *work, const struct gs3_plan *plan, bool *exists,
                                struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = plan->destination.bucket, .key = plan->destination.key},
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &result, err);
    gs3_s3_result_release(&result);
    *exists = !failed;
    return failed && !gs3_s3_err_is_not_found(err) ? -1 : 0;
}

/* A store may ignore If-None-Match, as Ceph does on a copy, and then overwrites what must stay: so
 * it is looked at first. 1: it exists and is left alone; 0: go on. */
static int skip_existing(const struct work *work, const struct gs3_plan *plan,
                         struct gs3_report *report, struct gs3_err *err)
{
    bool exists = false;
    if (!plan->opts.no_overwrite || !work->shared->is_custom)
        return 0;
    if (look_for_destination(work, plan, &exists, err))
        return -1;
    if (exists) {
        skip(report, "the destination exists");
        return 1;
    }
    gs3_err_clear(err);
    return 0;
}

static int send_file(const struct work *work, struct gs3_plan *plan,
                     const struct gs3_s3_properties *properties, const struct gs3_pairs *metadata,
                     struct gs3_report *report, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_PUT_OBJECT,
        .object = {.bucket = plan->destination.bucket, .key = plan->destination.key},
        .properties = properties,
        .metadata = metadata,
        .if_none_match = plan->opts.no_overwrite,
        .body = {.fd = plan->local.fd, .length_bytes = plan->local.size_bytes},
    };
    struct gs3_s3_result write = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &write, err);
    if (failed && is_skipped(plan, &write, err)) {
        failed = skip(report, "the destination exists");
    } else if (!failed) {
        report->etag = gs3_xstrdup_or_null(write.etag);
        report->bytes = plan->local.size_bytes;
        struct gs3_written written = {.object = &plan->destination,
                                      .write = &write,
                                      .size_bytes = plan->local.size_bytes,
                                      .metadata = metadata,
                                      .properties = properties};
        failed = gs3_local_source_check(&plan->local, err);
        if (!failed && plan->operation == GS3_OPERATION_MOVE)
            failed = gs3_verify_written(work->lane->destination, &written, err) ||
                     gs3_local_source_remove(&plan->local, err);
    }
    gs3_s3_result_release(&write);
    return failed ? -1 : 0;
}

static int upload(const struct work *work, struct gs3_plan *plan, struct gs3_report *report,
                  struct gs3_err *err)
{
    if (plan->local.size_bytes > GS3_PUT_MAXIMUM_BYTES)
        return gs3_fail(err, GS3_EFAIL,
                        "it has %llu bytes: over 5 GiB needs a multipart upload, "
                        "which this version does not have",
                        (unsigned long long)plan->local.size_bytes);
    int skipped = skip_existing(work, plan, report, err);
    if (skipped)
        return skipped < 0 ? -1 : 0;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    if (gs3_metadata_build(work->permit, NULL, plan->opts.metadata, &metadata, err))
        return -1;
    struct gs3_s3_properties properties = {0};
    merge_properties(work, plan, &properties);
    int failed = send_file(work, plan, &properties, &metadata, report, err);
    gs3_s3_properties_release(&properties);
    return failed;
}

static int finish_copy(const struct work *work, struct gs3_plan *plan,
                       const struct gs3_written *written, struct gs3_err *err)
{
    bool has_tags = plan->head.tag_count > 0;
    /* Beside the metadata's REPLACE, Ceph loses the tags, which AWS keeps. */
    if (plan->operation != GS3_OPERATION_MOVE)
        return has_tags && work->shared->is_custom
                   ? gs3_verify_tags(work->lane->destination, plan, err)
                   : 0;
    if (gs3_verify_written(work->lane->destination, written, err))
        return -1;
    if (has_tags && gs3_verify_tags(work->lane->destination, plan, err))
        return gs3_wrap(err, "the source is kept");
    if (gs3_verify_source(work->lane->destination, plan, err))
        return -1;
    return delete_source(work, plan, err);
}

static int send_copy(const struct work *work, struct gs3_plan *plan,
                     const struct gs3_s3_properties *properties, const struct gs3_pairs *metadata,
                     struct gs3_report *report, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_COPY_OBJECT,
        .object = {.bucket = plan->destination.bucket, .key = plan->destination.key},
        .properties = properties,
        .metadata = metadata,
        .copy_source = {.bucket = plan->source.bucket,
                        .key = plan->source.key,
                        .version_id = plan->head.version_id},
        .copy_source_if_match = plan->head.etag,
        .if_none_match = plan->opts.no_overwrite,
    };
    struct gs3_s3_result write = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &write, err);
    if (failed && is_skipped(plan, &write, err)) {
        /* 412 has two possible reasons here; only an existing destination is a skip. */
        bool exists = false;
        if (look_for_destination(work, plan, &exists, err) == 0)
            failed = exists ? skip(report, "the destination exists")
                            : gs3_fail(err, GS3_EFAIL, "the source changed while it was copied");
    } else if (!failed) {
        report->etag = gs3_xstrdup_or_null(write.etag);
        report->bytes = plan->size_bytes;
        struct gs3_written written = {.object = &plan->destination,
                                      .write = &write,
                                      .size_bytes = plan->size_bytes,
                                      .metadata = metadata,
                                      .properties = properties,
                                      .source = &plan->head};
        failed = finish_copy(work, plan, &written, err);
    }
    gs3_s3_result_release(&write);
    return failed ? -1 : 0;
}

static int copy(const struct work *work, struct gs3_plan *plan, struct gs3_report *report,
                struct gs3_err *err)
{
    if (plan->size_bytes > GS3_PUT_MAXIMUM_BYTES)
        return gs3_fail(err, GS3_EFAIL,
                        "it has %llu bytes: over 5 GiB needs a multipart copy, "
                        "which this version does not have",
                        (unsigned long long)plan->size_bytes);
    int skipped = skip_existing(work, plan, report, err);
    if (skipped)
        return skipped < 0 ? -1 : 0;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    if (gs3_metadata_build(work->permit, &plan->head.metadata, plan->opts.metadata, &metadata, err))
        return -1;
    struct gs3_s3_properties properties = {0};
    merge_properties(work, plan, &properties);
    int failed = send_copy(work, plan, &properties, &metadata, report, err);
    gs3_s3_properties_release(&properties);
    return failed;
}

static int fetch(const struct work *work, struct gs3_plan *plan, struct gs3_local_target *target,
                 struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
        .sink = &target->sink,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(work->lane->destination, &request, &result, err);
    if (failed && gs3_s3_err_is_precondition(err))
        gs3_fail(err, GS3_EFAIL, "s3://%s/%s changed while it was read", plan->source.bucket,
                 plan->source.key);
    else if (!failed && !gs3_str_equal(result.etag, plan->head.etag))
        failed = gs3_fail(err, GS3_EFAIL, "s3://%s/%s changed while it was read",
                          plan->source.bucket, plan->source.key);
    else if (!failed && target->written_bytes != plan->size_bytes)
        failed = gs3_fail(err, GS3_EFAIL, "%llu bytes came of %llu",
                          (unsigned long long)target->written_bytes,
                          (unsigned long long)plan->size_bytes);
    gs3_s3_result_release(&result);
    return failed ? -1 : 0;
}

static int download_file(const struct work *work, struct gs3_plan *plan,
                         struct gs3_local_target *target, struct gs3_report *report,
                         struct gs3_err *err)
{
    bool is_move = plan->operation == GS3_OPERATION_MOVE;
    if (fetch(work, plan, target, err))
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
        return skip(report, "the destination exists");
    report->bytes = plan->size_bytes;
    report->etag = gs3_xstrdup_or_null(plan->head.etag);
    if (!is_move)
        return 0;
    return gs3_verify_source(work->lane->destination, plan, err) || delete_source(work, plan, err)
               ? -1
               : 0;
}

static int download(const struct work *work, struct gs3_plan *plan, struct gs3_report *report,
                    struct gs3_err *err)
{
    if (plan->destination.kind == GS3_LOCATION_STREAM) {
        struct gs3_local_target stream;
        gs3_local_target_stream(GS3_STDOUT_FD, plan->size_bytes, &stream);
        return download_file(work, plan, &stream, report, err);
    }
    if (plan->opts.no_overwrite && access(plan->destination.path, F_OK) == 0)
        return skip(report, "the destination exists");
    struct gs3_local_target target;
    int failed = gs3_local_target_open(plan->destination.path, plan->size_bytes, &target, err);
    if (!failed && plan->operation == GS3_OPERATION_MOVE && target.is_stream)
        failed = gs3_fail(err, GS3_EFAIL,
                          "%s is a special file, which keeps nothing: the source "
                          "is kept",
                          plan->destination.path);
    failed = failed || download_file(work, plan, &target, report, err);
    gs3_local_target_release(&target);
    return failed ? -1 : 0;
}

static int check_permit(const struct work *work, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_touch touches[2];
    size_t count = gs3_plan_touches(plan, touches);
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

int gs3_transfer_object(const struct gs3_transfer *transfer, const struct gs3_lane *lane,
                        const struct gs3_permit *permit, struct gs3_plan *plan,
                        struct gs3_report *report, struct gs3_err *err)
{
    const struct work one = {.shared = transfer, .lane = lane, .permit = permit};
    const struct work *work = &one;
    *report = (struct gs3_report){.status = GS3_REPORT_OK};
    int failed = check_permit(work, plan, err) || check_source_metadata(plan, err);
    if (!failed && plan->opts.is_dryrun) {
        report->status = GS3_REPORT_PLANNED;
        report->bytes = plan->size_bytes;
        return 0;
    }
    if (!failed) {
        switch (plan->direction) {
        case GS3_UPLOAD: failed = upload(work, plan, report, err); break;
        case GS3_COPY: failed = copy(work, plan, report, err); break;
        case GS3_DOWNLOAD: failed = download(work, plan, report, err); break;
        }
    }
    if (failed)
        report->status = GS3_REPORT_FAILED;
    return failed ? -1 : 0;
}
