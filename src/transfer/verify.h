/* The read-back: what has to hold before mv deletes its source (design: "Read-back on mv"). */
#ifndef GS3_TRANSFER_VERIFY_H
#define GS3_TRANSFER_VERIFY_H

#include "base/err.h"
#include "s3/transport.h"
#include "transfer/lane.h"
#include "transfer/plan.h"

/* What a write left behind and what it was meant to leave. */
struct gs3_written {
    const struct gs3_location *object;
    const struct gs3_s3_result *write; /* the write's own answer */
    uint64_t size_bytes;
    const struct gs3_pairs *metadata;           /* wire form, whole */
    const struct gs3_s3_properties *properties; /* as sent */
    const struct gs3_s3_result *source;         /* a copy's source; NULL for an upload */
    const struct gs3_s3_customer_key *key;      /* of the destination; NULL: none */
    enum gs3_s3_checksum checksum;              /* that the write carried: write->checksum */
};

/* HEAD of the destination by the version that the write returned: its ETag is the one that the
 * write itself returned, its length what was sent, its metadata and properties what was meant, its
 * checksum (where it has one of the same kind) the one that was computed, or the source's. A
 * source's ETag is never compared with a destination's. GS3_EFAIL says what differs. */
int gs3_verify_written(struct gs3_s3_transport *transport, const struct gs3_written *written,
                       struct gs3_err *err);

/* What HEAD of the source tells now is what it told at first; else GS3_EFAIL. */
int gs3_verify_found(const struct gs3_plan *plan, const struct gs3_s3_result *now,
                     struct gs3_err *err);
/* HEAD of the source once more: same ETag, version, length as when it was looked at. A move that is
 * complete but for its delete survives an interrupt. */
int gs3_verify_source(struct gs3_s3_transport *transport, const struct gs3_plan *plan,
                      bool survives_interrupt, struct gs3_err *err);

/* Tags of a copy are the server's to keep: where the source has some, compare, set them if they
 * are missing, and compare again. */
int gs3_verify_tags(const struct gs3_lane *lane, const struct gs3_plan *plan, struct gs3_err *err);
/* The same for tags that are known. */
int gs3_verify_tags_are(struct gs3_s3_transport *transport, const struct gs3_plan *plan,
                        const struct gs3_pairs *tags, struct gs3_err *err);

#endif
