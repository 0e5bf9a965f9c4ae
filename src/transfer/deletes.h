/* The sources of moves: deleted one by one, or many by one request after their read-backs.
 *
 * Either way the source is looked at once more before (gs3_verify_source, second_look.h), and the
 * store is given its ETag: AWS deletes only where it still holds. A delete without a clear answer
 * is settled by a look, never repeated blindly: somebody may have written the key meanwhile.
 * Depends on lane, plan, pool, verify, s3. */
#ifndef GS3_TRANSFER_DELETES_H
#define GS3_TRANSFER_DELETES_H

#include "transfer/lane.h"
#include "transfer/plan.h"
#include "transfer/pool.h"

enum { GS3_DELETES_MAXIMUM = 1000 };

/* Of a source that was looked at. 0: gone. -1: it is still there, or that cannot be told; err says
 * which. */
int gs3_delete_source(const struct gs3_lane *lane, const struct gs3_plan *plan,
                      struct gs3_err *err);

/* How the sources were listed. The batch lists by the same prefix: a right to list may be bound to
 * it. */
struct gs3_source_listing {
    const char *prefix;
    unsigned page_size; /* 0: the store's own */
};

/* One source of a batch, all of one bucket. */
struct gs3_delete {
    const struct gs3_plan *plan;
    bool is_same; /* once looked at: still what was moved */
    int failed;   /* 0 or -1, as gs3_delete_source */
    struct gs3_err err;
};
/* Looks at them once more and deletes those that are the same. What the batch leaves open is
 * settled one by one, many at once: `pool` as for gs3_pool_run. `listing` NULL: they come from
 * none. */
void gs3_delete_sources(struct gs3_pool *pool, const struct gs3_lane *lane,
                        const struct gs3_source_listing *listing, struct gs3_delete *deletes,
                        size_t count);

/* Whether a batch can name the key: XML carries no control characters and nothing but UTF-8. */
bool gs3_delete_is_batchable(const struct gs3_plan *plan);

#endif
