/* The sources of moves: deleted one by one, or many by one request after their read-backs.
 *
 * Either way the source was looked at once more before (gs3_verify_source), and the store is given
 * its ETag: AWS deletes only where it still holds. A delete without a clear answer is settled by a
 * look, never repeated blindly: somebody may have written the key meanwhile. Depends on lane, plan,
 * pool, verify, s3. */
#ifndef GS3_TRANSFER_DELETES_H
#define GS3_TRANSFER_DELETES_H

#include "transfer/lane.h"
#include "transfer/plan.h"
#include "transfer/pool.h"

enum { GS3_DELETES_MAXIMUM = 1000 };

/* 0: gone. -1: it is still there, or that cannot be told; err says which. */
int gs3_delete_source(const struct gs3_lane *lane, const struct gs3_plan *plan,
                      struct gs3_err *err);

/* One source of a batch, all of one bucket. */
struct gs3_delete {
    const struct gs3_plan *plan;
    int failed; /* 0 or -1, as gs3_delete_source */
    struct gs3_err err;
};
/* What the batch leaves open is settled one by one, many at once: `pool` as for gs3_pool_run. */
void gs3_delete_sources(struct gs3_pool *pool, const struct gs3_lane *lane,
                        struct gs3_delete *deletes, size_t count);

/* Whether a batch can name the key: XML carries no control characters and nothing but UTF-8. */
bool gs3_delete_is_batchable(const struct gs3_plan *plan);

#endif
