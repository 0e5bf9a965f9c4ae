/* The session policy of one operation: what a session may do, and nothing else.
 *
 * A session's rights are those that the role has and that this policy allows. It names the very
 * object of one transfer, and of a tree no more than the prefixes that were asked for. A pure
 * function. Depends on base, text. */
#ifndef GS3_GOVERN_SESSION_POLICY_H
#define GS3_GOVERN_SESSION_POLICY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum { GS3_SESSION_POLICY_BYTES = 2048 }; /* what STS takes */

/* One side of the operation. */
struct gs3_session_side {
    const char *resource; /* "arn:aws:s3:::BUCKET", or an access point's ARN; NULL: not in S3 */
    const char *key;      /* of a tree the prefix: "", or it ends in "/" */
};

struct gs3_session_scope {
    struct gs3_session_side source, destination;
    bool is_tree;
    bool deletes_source;
    bool has_source_session; /* which lists the source and deletes it: this one reads it for a copy
                              */
    bool sets_acl;           /* of the destination */
    bool uses_kms; /* AWS: what is encrypted with KMS needs its keys, by way of S3 alone */
};

/* Appends the JSON, all ASCII: whatever else a key holds is \uXXXX. The characters * ? $ of a key
 * stand for themselves: ${*}, ${?}, ${$}. GS3_EREFUSED, by name, when it is longer than STS
 * takes; GS3_EINVALID for a key that is not UTF-8. */
int gs3_session_policy_build(const struct gs3_session_scope *scope, struct gs3_buf *out,
                             struct gs3_err *err);

#endif
