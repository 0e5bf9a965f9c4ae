/* The engine: items in, reports out, in between as much at once as the machine and the store take.
 *
 * One thread adds items and takes reports; the pool's workers do the rest. The number of items that
 * are inside at once is bounded, whatever is added. Depends on pool, transfer, deletes. Prints
 * nothing; decides nothing: each item carries the permit that covers its keys. */
#ifndef GS3_TRANSFER_ENGINE_H
#define GS3_TRANSFER_ENGINE_H

#include "transfer/pool.h"
#include "transfer/transfer.h"

/* One object on its way: owned by the engine between add and take. */
struct gs3_item {
    struct gs3_item *next;
    struct gs3_plan plan;
    const struct gs3_permit *permit; /* must outlive the engine */
    bool is_looked_at;               /* gs3_plan_look was called before */
    struct gs3_report report;
    struct gs3_err err; /* when report.status is FAILED */
    bool is_withheld;   /* never started, because the engine was stopped */
};
struct gs3_item *gs3_item_new(void);
void gs3_item_free(struct gs3_item *item); /* NULL is fine */

struct gs3_engine;

/* `transfer` without pool, defers_deletes, moved_bytes and types, which are the engine's. */
struct gs3_engine *gs3_engine_new(const struct gs3_pool_opts *pool,
                                  const struct gs3_transfer *transfer, struct gs3_err *err);
void gs3_engine_free(struct gs3_engine *engine);

bool gs3_engine_has_room(struct gs3_engine *engine);
void gs3_engine_add(struct gs3_engine *engine, struct gs3_item *item);
/* Nothing more is added. */
void gs3_engine_close(struct gs3_engine *engine);
/* Nothing new starts; what is under way ends. Items that had not started come back withheld. A
 * source whose destination is complete is still deleted: its move was allowed and had begun. */
void gs3_engine_stop(struct gs3_engine *engine);

/* The next item that has ended, or NULL when there is none now. The caller frees it. To be asked
 * at least five times a second: it sends batches of deletes off that have waited long enough. */
struct gs3_item *gs3_engine_take(struct gs3_engine *engine);
/* Closed, and every item was taken. */
bool gs3_engine_is_done(struct gs3_engine *engine);

struct gs3_engine_state {
    struct gs3_pool_state pool;
    uint64_t moved_bytes; /* of all objects, those under way too */
};
void gs3_engine_look(struct gs3_engine *engine, struct gs3_engine_state *state);

#endif
