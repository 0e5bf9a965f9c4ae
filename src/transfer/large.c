#include "transfer/large.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "s3/checksum.h"
#include "transfer/check.h"
#include "transfer/metadata.h"

int gs3_large_init(struct gs3_large *large, const struct gs3_work *work,
                   const struct gs3_s3_request *write, struct gs3_pairs *metadata,
                   uint64_t part_bytes, struct gs3_err *err)
{
    uint64_t object_bytes = work->plan->size_bytes;
    *large = (struct gs3_large){.work = work,
                                .write = write,
                                .metadata = metadata,
                                .object_bytes = object_bytes,
                                .part_bytes = part_bytes,
                                .state = {.fd = -1}};
    if (object_bytes > GS3_OBJECT_BYTES_MAXIMUM)
        return gs3_fail(err, GS3_EFAIL, "it has %llu bytes: S3 takes objects of at most 48.8 TiB",
                        (unsigned long long)object_bytes);
    large->count = (size_t)((object_bytes + part_bytes - 1) / part_bytes);
    large->parts = gs3_xcalloc(large->count, sizeof *large->parts);
    for (size_t i = 0; i < large->count; i++)
        large->parts[i] =
            (struct gs3_s3_part){.number = (unsigned)i + 1,
                                 .size_bytes = gs3_large_range(large, i).length_bytes};
    return 0;
}

void gs3_large_release(struct gs3_large *large)
{
    for (size_t i = 0; i < large->count; i++)
        gs3_s3_part_release(&large->parts[i]);
    free(large->parts);
    free(large->upload_id);
    gs3_state_release(&large->state);
}

struct gs3_s3_range gs3_large_range(const struct gs3_large *large, size_t index)
{
    uint64_t first = (uint64_t)index * large->part_bytes;
    uint64_t left = large->object_bytes - first;
    return (struct gs3_s3_range){.first = first,
                                 .length_bytes =
                                     left < large->part_bytes ? left : large->part_bytes};
}

int gs3_large_keep(struct gs3_large *large, size_t piece, struct gs3_s3_result *result,
                   struct gs3_err *err)
{
    if (gs3_str_is_empty(result->etag))
        return gs3_fail(err, GS3_EFAIL, "part %zu: the store returned no ETag", piece + 1);
    struct gs3_s3_part *part = &large->parts[piece];
    uint64_t size_bytes = part->size_bytes;
    gs3_s3_part_release(part);
    *part = (struct gs3_s3_part){.number = (unsigned)piece + 1,
                                 .size_bytes = size_bytes,
                                 .etag = result->etag,
                                 .checksum = result->checksum};
    result->etag = result->checksum = NULL;
    if (!part->checksum) /* of a copied part the store tells it */
        part->checksum = gs3_xstrdup_or_null(
            gs3_pairs_get(&result->checksums, gs3_s3_checksum_suffix(large->write->checksum)));
    gs3_work_moved(large->work, size_bytes);
    return 0;
}

static struct gs3_s3_object object_of(const struct gs3_large *large)
{
    return large->write->object;
}

static int create(struct gs3_large *large, struct gs3_err *err)
{
    struct gs3_s3_request request = *large->write;
    struct gs3_s3_result result = {0};
    request.op = GS3_S3_CREATE_UPLOAD;
    request.if_none_match = false; /* the completion asks */
    request.copy_source = (struct gs3_s3_object){.bucket = NULL};
    request.copy_source_if_match = NULL;
    int failed = gs3_s3_perform(large->work->lane->destination, &request, &result, err);
    large->upload_id = result.upload_id;
    large->has_stray = result.is_uncertain;
    result.upload_id = NULL;
    gs3_s3_result_release(&result);
    return failed;
}

int gs3_large_abort(const struct gs3_large *large, const char *upload_id, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_ABORT_UPLOAD,
        .object = object_of(large),
        .upload_id = upload_id,
        .survives_interrupt = true,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(large->work->lane->destination, &request, &result, err);
    gs3_s3_result_release(&result);
    return failed && !gs3_s3_err_is_not_found(err) ? -1 : 0;
}

/* The ETag that S3 gives to an upload whose parts have MD5 ETags: the MD5 of the MD5s and the
 * number of parts. NULL when the parts' ETags are something else. */
static char *expected_etag(const struct gs3_large *large)
{
    gs3_auto_free unsigned char *digests = gs3_xmalloc(large->count * GS3_MD5_BYTES);
    for (size_t i = 0; i < large->count; i++) {
        const char *etag = large->parts[i].etag;
        if (!etag || strlen(etag) != 2 * GS3_MD5_BYTES + 2)
            return NULL;
        for (size_t j = 0; j < GS3_MD5_BYTES; j++) {
            int high = gs3_ascii_hex_value(etag[1 + 2 * j]);
            int low = gs3_ascii_hex_value(etag[2 + 2 * j]);
            if (high < 0 || low < 0)
                return NULL;
            digests[i * GS3_MD5_BYTES + j] = (unsigned char)(high << 4 | low);
        }
    }
    unsigned char digest[GS3_MD5_BYTES];
    char hex[2 * GS3_MD5_BYTES + 1];
    gs3_md5(digests, large->count * GS3_MD5_BYTES, digest);
    gs3_hex_encode(digest, sizeof digest, hex);
    return gs3_xasprintf("\"%s-%zu\"", hex, large->count);
}

/* The completion got no clear answer. It was done when the object that is there now has the very
 * ETag that it makes, and the metadata that this decision gives. */
static int settle(const struct gs3_large *large, struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = object_of(large),
        .customer_key = large->write->customer_key,
    };
    struct gs3_s3_result found = {0};
    struct gs3_err look = GS3_ERR_INIT;
    gs3_auto_free char *etag = expected_etag(large);
    int failed = gs3_s3_perform(large->work->lane->destination, &request, &found, &look);
    bool is_ours = !failed && etag && gs3_str_equal(found.etag, etag) &&
                   found.length_bytes == large->object_bytes &&
                   gs3_metadata_compare(large->write->metadata, &found.metadata, &look) == 0;
    if (is_ours) {
        gs3_s3_result_release(result);
        *result = found;
        gs3_err_clear(err);
        return 0;
    }
    gs3_s3_result_release(&found);
    return gs3_wrap(err, "whether the upload was completed is not known");
}

static bool is_uncertain(const struct gs3_err *err)
{
    return err->class == GS3_ETRANSIENT || gs3_str_equal(err->code, "NoSuchUpload");
}

/* What the store made of the parts is what they are. */
static int check_whole(const struct gs3_large *large, struct gs3_s3_result *result,
                       struct gs3_err *err)
{
    enum gs3_s3_checksum checksum = large->write->checksum;
    const char *theirs = gs3_pairs_get(&result->checksums, gs3_s3_checksum_suffix(checksum));
    free(result->checksum);
    result->checksum = gs3_large_checksum(large);
    if (result->checksum && theirs && !gs3_s3_checksum_is_composite(theirs) &&
        !gs3_str_equal(theirs, result->checksum))
        return gs3_fail(err, GS3_EFAIL,
                        "the store's %s of the whole is %.100s, and that of the parts is %s",
                        gs3_s3_checksum_name(checksum), theirs, result->checksum);
    if (!large->work->plan->opts.checks_md5)
        return 0;
    gs3_auto_free char *etag = expected_etag(large);
    gs3_auto_free char *md5 = etag ? gs3_xstrndup(etag + 1, strlen(etag) - 2) : gs3_xstrdup("");
    return gs3_check_etag(result->etag, md5, large->work, result->sse, err);
}

static int complete(struct gs3_large *large, struct gs3_s3_result *result, struct gs3_err *err)
{
    gs3_auto_free char *whole = gs3_large_checksum(large);
    struct gs3_s3_request request = {
        .op = GS3_S3_COMPLETE_UPLOAD,
        .object = object_of(large),
        .customer_key = large->write->customer_key,
        .if_none_match = large->write->if_none_match,
        .upload_id = large->upload_id,
        .parts = large->parts,
        .part_count = large->count,
        .object_bytes = large->object_bytes,
        .checksum = large->write->checksum,
        .checksum_value = whole,
    };
    if (gs3_s3_perform(large->work->lane->destination, &request, result, err) == 0) {
        if (!result->etag) /* the read-back holds it against what is there */
            result->etag = expected_etag(large);
        return 0;
    }
    return is_uncertain(err) ? settle(large, result, err) : -1;
}

struct pieces {
    struct gs3_large *large;
    size_t *missing; /* indexes of the parts that are to be sent */
    int (*send)(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err);
};

static int send_missing(void *context, size_t piece, const struct gs3_lane *lane,
                        struct gs3_err *err)
{
    const struct pieces *pieces = context;
    return pieces->send(pieces->large, pieces->missing[piece], lane, err);
}

int gs3_large_send(struct gs3_large *large,
                   int (*send)(void *context, size_t piece, const struct gs3_lane *lane,
                               struct gs3_err *err),
                   struct gs3_err *err)
{
    gs3_auto_free size_t *missing = gs3_xcalloc(large->count, sizeof *missing);
    struct pieces pieces = {.large = large, .missing = missing, .send = send};
    struct gs3_batch batch = {.run = send_missing, .context = &pieces};
    for (size_t i = 0; i < large->count; i++)
        if (!large->parts[i].etag)
            missing[batch.count++] = i;
    return gs3_pool_run(large->work->shared->pool, large->work->lane, &batch, err);
}

/* Whether another run could end well where this one failed: not with a source that changed or a
 * destination that is taken, nor with parts that the store does not accept. */
static bool may_go_on(const struct gs3_err *err)
{
    static const char *const final[] = {"NoSuchUpload", "InvalidPart", "InvalidPartOrder",
                                        "EntityTooSmall"};
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
        if (gs3_str_equal(err->code, final[i]))
            return false;
    return err->class != GS3_EFAIL && !gs3_s3_err_is_precondition(err);
}

/* An upload that nobody completes costs money and shows nowhere: it goes, or its id is told. */
static int undo(struct gs3_large *large, struct gs3_err *err)
{
    struct gs3_err abort = GS3_ERR_INIT;
    bool is_kept = large->work->plan->opts.resumes && large->state.fd >= 0 && may_go_on(err);
    if (is_kept)
        return gs3_wrap(err, "not finished, and kept for --resume");
    if (gs3_large_abort(large, large->upload_id, &abort)) {
        gs3_wrap(err, "its multipart upload %s could not be aborted and is left on the store",
                 large->upload_id);
        return -1;
    }
    gs3_state_remove(&large->state);
    return -1;
}

/* What an attempt to begin the upload left on the store that got no answer has no parts and costs
 * nothing; nobody may abort what may be another's. */
static int tell_stray(const struct gs3_large *large, int failed, struct gs3_err *err)
{
    static const char text[] =
        "an attempt to begin its multipart upload had no answer: one without "
        "parts may be left on the store";
    struct gs3_report *report = large->work->report;
    if (!large->has_stray)
        return failed;
    if (failed)
        return gs3_wrap(err, text);
    /* Beside what an earlier run left behind, whose id is known. */
    gs3_auto_free char *before = report->note;
    report->is_warning = true;
    report->note = gs3_xasprintf("%s%ss3://%s/%s: %s", before ? before : "", before ? "; " : "",
                                 large->write->object.bucket, large->write->object.key, text);
    return 0;
}

int gs3_large_run(struct gs3_large *large,
                  int (*send)(struct gs3_large *large, struct gs3_err *err),
                  int (*check)(const struct gs3_work *work, struct gs3_err *err),
                  struct gs3_s3_result *result, struct gs3_err *err)
{
    if (gs3_large_begin(large, err) || (!large->upload_id && create(large, err)))
        return tell_stray(large, -1, err);
    gs3_large_record(large);
    if (send(large, err) || (check && check(large->work, err)) || complete(large, result, err))
        return tell_stray(large, undo(large, err), err);
    gs3_state_remove(&large->state);
    return tell_stray(large, check_whole(large, result, err), err);
}
