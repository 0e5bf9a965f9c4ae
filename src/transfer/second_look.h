/* The second look at the sources of moves: whether each is still what was moved, right before a
 * batch of them is deleted.
 *
 * One page of a listing tells of up to 1000 sources what a HEAD would tell of each: ETag, length
 * and last change. It can only say "the same"; whatever it does not show so is looked at by HEAD,
 * and so is what only a HEAD can tell from another: an object with a version, written a moment
 * before it was looked at first. Depends on the types of deletes, and on lane, plan, pool, verify,
 * s3. */
#ifndef GS3_TRANSFER_SECOND_LOOK_H
#define GS3_TRANSFER_SECOND_LOOK_H

#include "transfer/deletes.h"

/* Sets `is_same` of each; where it is not, `failed` and `err`: 0 is gone already (of a run that was
 * killed the store may still be at work on the deletes), -1 is kept, and says why. All of one
 * bucket; `pool` as for gs3_pool_run, `listing` as for gs3_delete_sources. */
void gs3_second_look(struct gs3_pool *pool, const struct gs3_lane *lane,
                     const struct gs3_source_listing *listing, struct gs3_delete *deletes,
                     size_t count);

#endif
