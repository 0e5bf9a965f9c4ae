/* Whether the bytes of a download are the object's: against whatever the store keeps.
 *
 * Full-object checksums are computed as bytes pass and joined from ranges; composite ones part by
 * part (?partNumber=); without any, the length and the ETag; and with --verify md5 the ETag of an
 * object that was written in one piece and not encrypted by KMS or with a customer's key. Depends
 * on crypto, s3. */
#ifndef GS3_TRANSFER_DOWNLOAD_CHECK_H
#define GS3_TRANSFER_DOWNLOAD_CHECK_H

#include "crypto/crc.h"
#include "s3/transport.h"

/* Which checksum of a HEAD or GET answer can be checked on ranges of the whole: NONE when the store
 * keeps none, or only a composite one, or one that cannot be joined (SHA). */
enum gs3_s3_checksum gs3_download_checksum(const struct gs3_s3_result *head, bool is_in_one_piece);

/* A sink that computes as bytes pass on to the next one. */
struct gs3_checked_sink {
    struct gs3_http_sink sink; /* to be given to a request */
    const struct gs3_http_sink *next;
    enum gs3_s3_checksum kind;
    uint64_t crc, length_bytes;
    void *digest; /* SHA and MD5 */
};
/* `kind` NONE with `md5` false only passes on. */
void gs3_checked_sink_init(struct gs3_checked_sink *sink, enum gs3_s3_checksum kind, bool md5,
                           const struct gs3_http_sink *next);
void gs3_checked_sink_release(struct gs3_checked_sink *sink);

/* 0 when what passed is what `head` says the object is; GS3_EFAIL names both values. */
int gs3_checked_sink_compare(struct gs3_checked_sink *sink, const struct gs3_s3_result *head,
                             struct gs3_err *err);
/* The same for a CRC joined from ranges. */
int gs3_download_compare(enum gs3_s3_checksum kind, uint64_t crc, const struct gs3_s3_result *head,
                         struct gs3_err *err);

#endif
