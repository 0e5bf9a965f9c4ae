/* The metadata of one destination object: the source's own, the user's, and the permit's.
 *
 * Order matters and is the point: first every governance key is removed from what the source
 * carries (a stale approval must not ride along), then the user's keys, then the permit's set. What
 * comes out is in the form of the wire. Depends on policy (permit), s3, text. */
#ifndef GS3_TRANSFER_METADATA_H
#define GS3_TRANSFER_METADATA_H

#include "base/err.h"
#include "base/pairs.h"
#include "policy/permit.h"

enum { GS3_METADATA_BYTES = 2048 };

/* `source` (wire form; NULL: none) + `user` (text; NULL: none) + the permit's set → `wire`,
 * which is empty before. Names in lower case. Fails with GS3_EFAIL, for this object alone: over 2
 * KB with the x-amz-meta- prefixes counted, a name that is no HTTP token, a value that cannot
 * travel. */
int gs3_metadata_build(const struct gs3_permit *permit, const struct gs3_pairs *source,
                       const struct gs3_pairs *user, struct gs3_pairs *wire, struct gs3_err *err);

/* Every pair of `expected` is in `actual`, equal after RFC 2047 decoding, and `actual` holds no
 * other key. GS3_EFAIL names the first key that differs. Both in wire form. */
int gs3_metadata_compare(const struct gs3_pairs *expected, const struct gs3_pairs *actual,
                         struct gs3_err *err);

#endif
