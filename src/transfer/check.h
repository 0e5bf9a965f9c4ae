/* What the bytes of a download are held against: the checksum that the store keeps, and the ETag
 * where the user asks for MD5.
 *
 * A value is made of pieces, each computed as its bytes pass, in any order: CRCs of an object join
 * from any pieces, a composite value from those of the upload's parts, a digest of the whole only
 * from one. Depends on s3 (checksum), work. */
#ifndef GS3_TRANSFER_CHECK_H
#define GS3_TRANSFER_CHECK_H

#include "s3/checksum.h"
#include "transfer/work.h"

enum { GS3_CHECK_VALUES = 2 };

struct gs3_check_value {
    enum gs3_sum_kind kind;
    bool is_composite;
    char *expected; /* as the store writes it, an ETag without its quotes */
    uint64_t piece_bytes;
    size_t piece_count;
    unsigned char (*pieces)[GS3_SUM_BYTES];
};

struct gs3_check {
    struct gs3_check_value values[GS3_CHECK_VALUES];
    size_t count;
    uint64_t object_bytes;
    uint64_t part_bytes; /* of the upload that made the object, where a value needs it; else 0 */
    bool is_guess;       /* part_bytes is */
};

/* From what the source's HEAD said; may ask for the size of the object's parts. A checksum that
 * cannot be verified so is left out, and the log says it; an MD5 is GS3_EFAIL then. Release in any
 * case. */
int gs3_check_plan(const struct gs3_work *work, struct gs3_check *check, struct gs3_err *err);
void gs3_check_release(struct gs3_check *check);

/* Whether the bytes must come in one stream. */
bool gs3_check_is_in_order(const struct gs3_check *check);
/* Before the first run: bytes will come in ranges of that length; 0: all in order. */
void gs3_check_begin(struct gs3_check *check, uint64_t range_bytes);
/* Where nothing was known before the answer came: takes its x-amz-checksum-* headers, unless a
 * checksum is there already. In order only, before the first byte. */
void gs3_check_take_headers(struct gs3_check *check, const struct gs3_pairs *headers);

/* Bytes on their way, from `first_byte` on, which begins a range. */
struct gs3_check_run {
    struct gs3_check *check;
    uint64_t first_byte;
    uint64_t position[GS3_CHECK_VALUES];
    struct gs3_sum sums[GS3_CHECK_VALUES];
};
void gs3_check_run_init(struct gs3_check_run *run, struct gs3_check *check, uint64_t first_byte);
void gs3_check_run_update(struct gs3_check_run *run, const void *bytes, size_t length_bytes);
void gs3_check_run_reset(struct gs3_check_run *run);
void gs3_check_run_release(struct gs3_check_run *run);

/* All bytes have come. GS3_EFAIL says what differs. */
int gs3_check_finish(const struct gs3_check *check, const struct gs3_work *work,
                     struct gs3_err *err);

/* Whether every part but the last is of the size of the first: asked of the store, part by part,
 * when a value of parts differs. The one thing that speaks against the bytes, else. */
bool gs3_check_has_even_parts(const struct gs3_check *check, const struct gs3_work *work,
                              size_t parts);

/* Whether `etag` says that MD5 (hex, "-" and the number of parts where there are some). GS3_EFAIL:
 * it is another, or none at all: with a key of KMS's or the customer's an ETag is no MD5. */
int gs3_check_etag(const char *etag, const char *md5, const struct gs3_work *work, const char *sse,
                   struct gs3_err *err);

#endif
