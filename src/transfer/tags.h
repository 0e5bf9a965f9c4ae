/* The tags of one destination object: the user's, the source's, and those that the permit injects.
 * Depends on policy (permit, object_tag), s3. */
#ifndef GS3_TRANSFER_TAGS_H
#define GS3_TRANSFER_TAGS_H

#include "transfer/work.h"

/* What the write carries, into `tags` (empty before). Returns it; NULL: none are written, and a
 * copy's source keeps its own. */
const struct gs3_pairs *gs3_tags_build(const struct gs3_work *work, struct gs3_pairs *tags);

/* For a copy whose source's tags ride along while the permit injects some: what is injected goes
 * over what the source has of that name, in any case. GS3_EFAIL when that is more than an object
 * may have. A source without tags is not asked. */
int gs3_tags_add_source(const struct gs3_work *work, struct gs3_pairs *tags, struct gs3_err *err);

#endif
