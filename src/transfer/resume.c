#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/large.h"

enum { MATCH_BYTES = 256 * 1024, CUSTOMER_KEY_BYTES = 32 };

static void add(struct gs3_buf *text, const char *name, const char *value)
{
    gs3_buf_printf(text, "%s=%s\n", name, value ? value : "");
}

static void add_source(struct gs3_buf *text, const struct gs3_plan *plan)
{
    if (plan->direction == GS3_COPY) {
        gs3_buf_printf(text, "source=s3://%s/%s\nstamp=%llu %s\n", plan->source.bucket,
                       plan->source.key, (unsigned long long)plan->size_bytes, plan->head.etag);
        return;
    }
    const struct stat *info = &plan->local.info;
    gs3_buf_printf(text, "source=%s\nstamp=%llu %lld.%09ld %llu\n",
                   plan->source.path ? plan->source.path : "-",
                   (unsigned long long)plan->local.size_bytes, (long long)info->st_mtim.tv_sec,
                   info->st_mtim.tv_nsec, (unsigned long long)info->st_ino);
}

/* Two decisions on the same ticket differ in these alone. The others name ticket, policy, operator
 * and environment. */
static bool is_of_the_moment(const char *name)
{
    return strcmp(name, "timestamp") == 0 || strcmp(name, "gs3-decision") == 0 ||
           strcmp(name, "gs3-signature") == 0;
}

/* What must be the same for an upload to go on. */
static void make_match(const struct gs3_large *large, char match[GS3_SHA256_HEX_BYTES])
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(MATCH_BYTES);
    const struct gs3_s3_request *write = large->write;
    const struct gs3_s3_properties *properties = write->properties;
    add_source(&text, large->work->plan);
    gs3_buf_printf(&text, "part=%llu\n", (unsigned long long)large->part_bytes);
    add(&text, "content-type", properties->content_type);
    add(&text, "cache-control", properties->cache_control);
    add(&text, "content-disposition", properties->content_disposition);
    add(&text, "content-encoding", properties->content_encoding);
    add(&text, "content-language", properties->content_language);
    add(&text, "expires", properties->expires);
    if (write->write) {
        add(&text, "storage-class", write->write->storage_class);
        add(&text, "acl", write->write->acl);
        add(&text, "grant-read", write->write->grant_read);
        add(&text, "grant-read-acp", write->write->grant_read_acp);
        add(&text, "grant-write-acp", write->write->grant_write_acp);
        add(&text, "grant-full-control", write->write->grant_full_control);
        add(&text, "sse", write->write->sse);
        add(&text, "kms", write->write->sse_kms_key_id);
        add(&text, "redirect", write->write->website_redirect);
    }
    add(&text, "checksum", gs3_s3_checksum_name(write->checksum));
    if (write->customer_key) { /* by its digest: the record holds no secret */
        char key[GS3_SHA256_HEX_BYTES];
        gs3_sha256_hex(write->customer_key->bytes, CUSTOMER_KEY_BYTES, key);
        add(&text, "customer-key", key);
    }
    for (size_t i = 0; write->tags && i < write->tags->count; i++)
        if (!is_of_the_moment(write->tags->items[i].name))
            gs3_buf_printf(&text, "tag %s=%s\n", write->tags->items[i].name,
                           write->tags->items[i].value);
    for (size_t i = 0; i < write->metadata->count; i++)
        if (!is_of_the_moment(write->metadata->items[i].name))
            add(&text, write->metadata->items[i].name, write->metadata->items[i].value);
    gs3_sha256_hex(gs3_buf_string(&text), text.length_bytes, match);
}

/* Parts of another size are not what this run would send: they are sent again. So is everything
 * where MD5s are to be compared: those of an earlier run's bytes are not known. */
static void take_parts(struct gs3_large *large, struct gs3_s3_result *result)
{
    if (large->work->plan->opts.checks_md5)
        return;
    for (size_t i = 0; i < result->parts_count; i++) {
        struct gs3_s3_part *found = &result->parts[i];
        size_t index = found->number - 1;
        if (index >= large->count ||
            found->size_bytes != gs3_large_range(large, index).length_bytes)
            continue;
        gs3_s3_part_release(&large->parts[index]);
        large->parts[index] = (struct gs3_s3_part){.number = found->number,
                                                   .size_bytes = found->size_bytes,
                                                   .etag = found->etag,
                                                   .checksum = found->checksum};
        found->etag = found->checksum = NULL;
        gs3_work_moved(large->work, found->size_bytes);
    }
}

/* What was listed of an upload that is gone is to be sent. */
static void drop_parts(struct gs3_large *large)
{
    for (size_t i = 0; i < large->count; i++) {
        if (!large->parts[i].etag)
            continue;
        free(large->parts[i].etag);
        large->parts[i].etag = NULL;
        gs3_work_moved(large->work, 0 - gs3_large_range(large, i).length_bytes);
    }
}

/* Which parts are there. -1: the upload is not, or cannot be asked. */
static int list_parts(struct gs3_large *large, const char *upload_id, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_LIST_PARTS,
        .object = large->write->object,
        .upload_id = upload_id,
    };
    for (size_t page = 0; page <= GS3_PARTS_MAXIMUM / 100; page++) {
        struct gs3_s3_result result = {0};
        uint64_t next = 0;
        int failed = gs3_s3_perform(large->work->lane->destination, &request, &result, err);
        if (!failed)
            take_parts(large, &result);
        bool is_last = failed || !result.next_token ||
                       gs3_str_to_u64(result.next_token, GS3_PARTS_MAXIMUM, &next) ||
                       next <= request.part_number;
        gs3_s3_result_release(&result);
        if (is_last)
            return failed;
        request.part_number = (unsigned)next;
    }
    return 0;
}

static int go_on(struct gs3_large *large, struct gs3_err *err)
{
    struct gs3_state *state = &large->state;
    if (list_parts(large, state->upload_id, err)) {
        bool is_gone = gs3_s3_err_is_not_found(err);
        if (is_gone) {
            gs3_err_clear(err);
            drop_parts(large);
        }
        return is_gone ? 0 : gs3_wrap(err, "the upload that is to go on");
    }
    large->upload_id = gs3_xstrdup(state->upload_id);
    /* The object will carry what the upload was created with. */
    gs3_pairs_release(large->metadata);
    gs3_pairs_copy(large->metadata, &state->metadata);
    gs3_log_debug(large->work->shared->log, "upload %s goes on", large->upload_id);
    return 0;
}

/* Its record is about to be another's, and its parts cost money. No command line to paste: key and
 * id are not ours to trust. */
static void warn_left(const struct gs3_large *large, const struct gs3_err *trouble)
{
    struct gs3_report *report = large->work->report;
    free(report->note);
    report->is_warning = true;
    report->note = gs3_xasprintf(
        "multipart upload %s to s3://%s/%s, which an earlier run left behind, is still there (%s): "
        "abort it with \"aws s3api abort-multipart-upload\"",
        large->state.upload_id, large->write->object.bucket, large->write->object.key,
        trouble->message);
}

int gs3_large_begin(struct gs3_large *large, struct gs3_err *err)
{
    const struct gs3_work *work = large->work;
    struct gs3_err trouble = GS3_ERR_INIT;
    if (!work->shared->states)
        return 0;
    if (gs3_state_open(work->shared->states, large->write->object.bucket, large->write->object.key,
                       &large->state, &trouble)) {
        gs3_log_debug(work->shared->log, "no record of the upload is kept: %s", trouble.message);
        return 0;
    }
    make_match(large, large->match);
    if (!large->state.upload_id)
        return 0;
    if (work->plan->opts.resumes && strcmp(large->match, large->state.match) == 0)
        return go_on(large, err);
    /* Left behind by a run that was killed. It is ours: its id stands in our record. */
    if (gs3_large_abort(large, large->state.upload_id, &trouble))
        warn_left(large, &trouble);
    return 0;
}

void gs3_large_record(struct gs3_large *large)
{
    struct gs3_err trouble = GS3_ERR_INIT;
    if (large->state.fd < 0)
        return;
    if (gs3_state_write(&large->state, large->match, large->upload_id, large->metadata, &trouble) ==
        0)
        return;
    gs3_log_debug(large->work->shared->log, "no record of the upload is kept: %s", trouble.message);
    gs3_state_remove(&large->state); /* what it holds now may be half a record */
}
