#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "transfer/check.h"
#include "transfer/multipart.h"

/* The number behind the "-" of a value that is made of parts; 0: it is not. */
static uint64_t parts_of(const char *text)
{
    const char *dash = strchr(text, '-');
    uint64_t count = 0;
    return dash && gs3_str_to_u64(dash + 1, GS3_PARTS_MAXIMUM, &count) == 0 ? count : 0;
}

static bool fits(uint64_t object_bytes, uint64_t part_bytes, uint64_t parts)
{
    return part_bytes > 0 && (object_bytes + part_bytes - 1) / part_bytes == parts;
}

/* S3 tells the size of a part that is asked for by its number. 0: it does not. */
static uint64_t ask_part_bytes(const struct gs3_work *work, unsigned number, uint64_t parts)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
        .customer_key = gs3_plan_source_key(plan),
        .get_part_number = number,
    };
    struct gs3_s3_result result = {0};
    struct gs3_err ignored = GS3_ERR_INIT;
    int failed = gs3_s3_perform(work->lane->destination, &request, &result, &ignored);
    uint64_t part_bytes = !failed && result.part_count == parts ? result.length_bytes : 0;
    gs3_s3_result_release(&result);
    return part_bytes;
}

/* All parts but the last are taken to be of the first one's size, as clients make them (see
 * gs3_check_has_even_parts). Where a store does not tell it, gs3's own size is tried. */
static void find_part_bytes(const struct gs3_work *work, struct gs3_check *check, uint64_t parts)
{
    uint64_t size = check->object_bytes;
    if (check->part_bytes > 0)
        return;
    check->part_bytes = parts == 1 ? size : ask_part_bytes(work, 1, parts);
    if (check->part_bytes > 0 || size == 0)
        return;
    uint64_t own = gs3_part_bytes(size, work->plan->opts.part_bytes);
    check->is_guess = true;
    check->part_bytes = fits(size, own, parts) ? own : 0;
}

bool gs3_check_has_even_parts(const struct gs3_check *check, const struct gs3_work *work,
                              size_t parts)
{
    for (size_t number = 2; number < parts; number++)
        if (ask_part_bytes(work, (unsigned)number, parts) != check->part_bytes)
            return false;
    return true;
}

static int add(struct gs3_check *check, enum gs3_sum_kind kind, const char *expected,
               bool is_composite)
{
    bool is_usable =
        !is_composite ||
        (check->part_bytes > 0 && fits(check->object_bytes, check->part_bytes, parts_of(expected)));
    if (is_usable)
        check->values[check->count++] = (struct gs3_check_value){.kind = kind,
                                                                 .is_composite = is_composite,
                                                                 .expected = gs3_xstrdup(expected)};
    return is_usable ? 0 : -1;
}

static void add_checksum(const struct gs3_work *work, struct gs3_check *check)
{
    static const enum gs3_s3_checksum kinds[] = {GS3_S3_CHECKSUM_CRC64NVME, GS3_S3_CHECKSUM_CRC32C,
                                                 GS3_S3_CHECKSUM_CRC32, GS3_S3_CHECKSUM_SHA256,
                                                 GS3_S3_CHECKSUM_SHA1};
    const struct gs3_plan *plan = work->plan;
    const struct gs3_pairs *checksums = &plan->head.checksums;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *text = gs3_pairs_get(checksums, gs3_s3_checksum_suffix(kinds[i]));
        if (!text)
            continue;
        bool is_composite = gs3_s3_checksum_is_composite(text) ||
                            gs3_str_equal(gs3_pairs_get(checksums, "type"), "COMPOSITE");
        if (is_composite)
            find_part_bytes(work, check, parts_of(text));
        if (!check->is_guess && add(check, gs3_s3_checksum_sum(kinds[i]), text, is_composite) == 0)
            return;
        gs3_log_debug(work->shared->log,
                      "s3://%s/%s: its %s is one of parts, and the store does not say how large "
                      "these were: it is not verified",
                      plan->source.bucket, plan->source.key, gs3_s3_checksum_name(kinds[i]));
    }
}

static int add_md5(const struct gs3_work *work, struct gs3_check *check, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    const char *etag = plan->head.etag ? plan->head.etag : "";
    const char *begin = etag + (etag[0] == '"');
    gs3_auto_free char *bare = gs3_xstrndup(begin, strcspn(begin, "\""));
    /* Says why, where it cannot be one. */
    if (strspn(bare, "0123456789abcdef") != 2 * GS3_MD5_BYTES)
        return gs3_check_etag(etag, "", work, plan->head.sse, err);
    uint64_t parts = parts_of(bare);
    if (parts > 0)
        find_part_bytes(work, check, parts);
    if (add(check, GS3_SUM_MD5, bare, strchr(bare, '-') != NULL) == 0)
        return 0;
    return gs3_fail(err, GS3_EFAIL,
                    "it cannot be verified by MD5: the store does not say how large the parts were "
                    "that its ETag \"%.100s\" is of",
                    bare);
}

int gs3_check_plan(const struct gs3_work *work, struct gs3_check *check, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    *check = (struct gs3_check){.object_bytes = plan->size_bytes};
    add_checksum(work, check);
    return plan->opts.checks_md5 ? add_md5(work, check, err) : 0;
}
