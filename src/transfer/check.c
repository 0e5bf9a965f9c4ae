#include "transfer/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"

enum { TEXT_BYTES = 2 * GS3_SUM_BYTES + 16 };

void gs3_check_release(struct gs3_check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        free(check->values[i].expected);
        free(check->values[i].pieces);
    }
    check->count = 0;
}

bool gs3_check_is_in_order(const struct gs3_check *check)
{
    for (size_t i = 0; i < check->count; i++)
        if (!check->values[i].is_composite && !gs3_sum_is_crc(check->values[i].kind))
            return true;
    return false;
}

static void begin_value(struct gs3_check *check, struct gs3_check_value *value,
                        uint64_t range_bytes)
{
    struct gs3_sum empty;
    value->piece_bytes = value->is_composite ? check->part_bytes
                         : range_bytes > 0   ? range_bytes
                                             : check->object_bytes;
    uint64_t size = check->object_bytes;
    value->piece_count =
        size == 0 ? 1 : (size_t)((size + value->piece_bytes - 1) / value->piece_bytes);
    value->pieces = gs3_xcalloc(value->piece_count, sizeof *value->pieces);
    gs3_sum_init(&empty, value->kind);
    gs3_sum_finish(&empty, value->pieces[0]);
    gs3_sum_release(&empty);
}

void gs3_check_begin(struct gs3_check *check, uint64_t range_bytes)
{
    for (size_t i = 0; i < check->count; i++)
        begin_value(check, &check->values[i], range_bytes);
}

/* Of several, the one that costs least; S3 keeps one. */
static const enum gs3_s3_checksum preferred[] = {GS3_S3_CHECKSUM_CRC64NVME, GS3_S3_CHECKSUM_CRC32C,
                                                 GS3_S3_CHECKSUM_CRC32, GS3_S3_CHECKSUM_SHA256,
                                                 GS3_S3_CHECKSUM_SHA1};

static bool has_checksum(const struct gs3_check *check)
{
    for (size_t i = 0; i < check->count; i++)
        if (check->values[i].kind != GS3_SUM_MD5)
            return true;
    return false;
}

void gs3_check_take_headers(struct gs3_check *check, const struct gs3_pairs *headers)
{
    for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++) {
        gs3_auto_free char *name =
            gs3_xasprintf("x-amz-checksum-%s", gs3_s3_checksum_suffix(preferred[i]));
        const char *text = gs3_pairs_get(headers, name);
        /* Of parts there would be too much to ask now. */
        if (!text || gs3_s3_checksum_is_composite(text) || has_checksum(check) ||
            check->count == GS3_CHECK_VALUES)
            continue;
        struct gs3_check_value *value = &check->values[check->count++];
        *value = (struct gs3_check_value){.kind = gs3_s3_checksum_sum(preferred[i]),
                                          .expected = gs3_xstrdup(text)};
        begin_value(check, value, 0);
    }
}

void gs3_check_run_init(struct gs3_check_run *run, struct gs3_check *check, uint64_t first_byte)
{
    *run = (struct gs3_check_run){.check = check, .first_byte = first_byte};
    for (size_t i = 0; i < check->count; i++) {
        gs3_sum_init(&run->sums[i], check->values[i].kind);
        run->position[i] = first_byte;
    }
}

static void update_value(struct gs3_check_run *run, size_t which, const char *bytes,
                         size_t length_bytes)
{
    const struct gs3_check_value *value = &run->check->values[which];
    uint64_t *position = &run->position[which];
    while (length_bytes > 0 && *position < run->check->object_bytes) {
        uint64_t index = *position / value->piece_bytes;
        uint64_t end = (index + 1) * value->piece_bytes;
        if (end > run->check->object_bytes)
            end = run->check->object_bytes;
        size_t step = end - *position < length_bytes ? (size_t)(end - *position) : length_bytes;
        gs3_sum_update(&run->sums[which], bytes, step);
        *position += step;
        bytes += step;
        length_bytes -= step;
        if (*position == end)
            gs3_sum_finish(&run->sums[which], value->pieces[index]);
    }
}

void gs3_check_run_update(struct gs3_check_run *run, const void *bytes, size_t length_bytes)
{
    for (size_t i = 0; i < run->check->count; i++)
        update_value(run, i, bytes, length_bytes);
}

void gs3_check_run_reset(struct gs3_check_run *run)
{
    for (size_t i = 0; i < run->check->count; i++) {
        gs3_sum_reset(&run->sums[i]);
        run->position[i] = run->first_byte;
    }
}

void gs3_check_run_release(struct gs3_check_run *run)
{
    for (size_t i = 0; i < GS3_CHECK_VALUES; i++)
        gs3_sum_release(&run->sums[i]);
}

static void join_crcs(const struct gs3_check *check, const struct gs3_check_value *value,
                      unsigned char out[GS3_SUM_BYTES])
{
    memcpy(out, value->pieces[0], GS3_SUM_BYTES);
    for (size_t i = 1; i < value->piece_count; i++) {
        uint64_t left_bytes = check->object_bytes - i * value->piece_bytes;
        gs3_sum_combine(value->kind, out, value->pieces[i],
                        left_bytes < value->piece_bytes ? left_bytes : value->piece_bytes);
    }
}

/* Of the parts' own values, one behind the other. */
static void join_composite(const struct gs3_check_value *value, unsigned char out[GS3_SUM_BYTES])
{
    struct gs3_sum sum;
    gs3_sum_init(&sum, value->kind);
    for (size_t i = 0; i < value->piece_count; i++)
        gs3_sum_update(&sum, value->pieces[i], gs3_sum_bytes(value->kind));
    gs3_sum_finish(&sum, out);
    gs3_sum_release(&sum);
}

/* As the store would write it. */
static void write_value(const struct gs3_check *check, const struct gs3_check_value *value,
                        char text[TEXT_BYTES])
{
    unsigned char bytes[GS3_SUM_BYTES];
    size_t count = gs3_sum_bytes(value->kind);
    char hex[2 * GS3_SUM_BYTES + 1];
    if (value->is_composite)
        join_composite(value, bytes);
    else if (gs3_sum_is_crc(value->kind))
        join_crcs(check, value, bytes);
    else
        memcpy(bytes, value->pieces[0], sizeof bytes);
    gs3_hex_encode(bytes, count, hex);
    gs3_auto_free char *base64 = gs3_base64_encode(bytes, count);
    int length = snprintf(text, TEXT_BYTES, "%s", value->kind == GS3_SUM_MD5 ? hex : base64);
    if (value->is_composite)
        snprintf(text + length, TEXT_BYTES - (size_t)length, "-%zu", value->piece_count);
}

static int fail_parts(const struct gs3_check_value *value, struct gs3_err *err)
{
    return gs3_fail(err, GS3_EFAIL,
                    "it cannot be verified by MD5: the store does not say how large the parts were "
                    "that its ETag \"%.100s\" is of",
                    value->expected);
}

static int differ(const struct gs3_check *check, const struct gs3_check_value *value,
                  const char *text, const struct gs3_work *work, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    bool is_md5 = value->kind == GS3_SUM_MD5;
    bool is_even = !value->is_composite || check->is_guess ||
                   gs3_check_has_even_parts(check, work, value->piece_count);
    if (is_md5 && (check->is_guess || !is_even))
        return fail_parts(value, err);
    if (is_md5)
        return gs3_check_etag(plan->head.etag, text, work, plan->head.sse, err);
    if (is_even)
        return gs3_fail(err, GS3_EFAIL,
                        "s3://%s/%s: the store keeps the checksum %.100s, and what came has %s: "
                        "the bytes were changed",
                        plan->source.bucket, plan->source.key, value->expected, text);
    gs3_log_debug(work->shared->log,
                  "s3://%s/%s: its parts have several sizes: its checksum %.100s is not verified",
                  plan->source.bucket, plan->source.key, value->expected);
    return 0;
}

int gs3_check_finish(const struct gs3_check *check, const struct gs3_work *work,
                     struct gs3_err *err)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct gs3_check_value *value = &check->values[i];
        char text[TEXT_BYTES];
        write_value(check, value, text);
        if (strcmp(text, value->expected) != 0 && differ(check, value, text, work, err))
            return -1;
    }
    return 0;
}

static bool is_md5(const char *text)
{
    size_t digits = strspn(text, "0123456789abcdef");
    return digits == 2 * GS3_MD5_BYTES && (!text[digits] || text[digits] == '-');
}

int gs3_check_etag(const char *etag, const char *md5, const struct gs3_work *work, const char *sse,
                   struct gs3_err *err)
{
    const char *begin = etag ? etag + (etag[0] == '"') : "";
    gs3_auto_free char *bare = gs3_xstrndup(begin, strcspn(begin, "\""));
    if (strcmp(bare, md5) == 0)
        return 0;
    bool has_key = work->plan->opts.customer_key || (sse && gs3_str_has_prefix(sse, "aws:kms"));
    if (has_key || !is_md5(bare))
        return gs3_fail(err, GS3_EFAIL,
                        "it cannot be verified by MD5: its ETag \"%.100s\" is none%s", bare,
                        has_key ? ", as of what is encrypted with such a key" : "");
    return gs3_fail(err, GS3_EFAIL,
                    "the store's ETag \"%.100s\" is the MD5 of other bytes than gs3's, which is %s",
                    bare, md5);
}
