/* The workers: threads that each drive one gs3_http and run pieces of work as its tasks.
 *
 * Two kinds of work share the slots: jobs (an object), taken in the order they were added, and the
 * pieces of batches (the parts of a large object), which come first, so that what has begun ends.
 * How many run at once adapts: it grows while the threads wait for the network and answers come,
 * and halves when the store throttles (503, 429). Knows no S3. Depends on lane, net. */
#ifndef GS3_TRANSFER_POOL_H
#define GS3_TRANSFER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transfer/lane.h"

struct gs3_pool;

struct gs3_pool_opts {
    unsigned worker_count;        /* 0: 2 */
    unsigned maximum_concurrency; /* jobs and pieces under way, all workers together; 0: 256 */
    unsigned queue_length;        /* jobs waiting; 0: 1000 (aws: max_queue_size) */
    unsigned piece_concurrency;   /* pieces of one batch at once; 0: 32 */
    /* Makes and frees a worker's connections, on the worker's own thread. One that fails leaves
     * nothing behind. */
    int (*open_lane)(void *context, struct gs3_lane *lane, struct gs3_err *err);
    void (*close_lane)(void *context, struct gs3_lane *lane);
    void *context;
    struct gs3_http *owner; /* woken when a job has ended or the queue has room; NULL: none */
};

/* Starts the threads. NULL with err when a lane cannot be opened. */
struct gs3_pool *gs3_pool_new(const struct gs3_pool_opts *opts, struct gs3_err *err);
/* Ends the threads once every job has ended; then frees. */
void gs3_pool_free(struct gs3_pool *pool);

bool gs3_pool_has_room(struct gs3_pool *pool);
/* Adds a job: `run` is called once, in a task of some worker. gs3_pool_add_first: before all that
 * wait, for what ends something that was begun. */
void gs3_pool_add(struct gs3_pool *pool, void (*run)(void *context, const struct gs3_lane *lane),
                  void *context);
void gs3_pool_add_first(struct gs3_pool *pool,
                        void (*run)(void *context, const struct gs3_lane *lane), void *context);
size_t gs3_pool_pending(struct gs3_pool *pool); /* waiting or running */

/* Pieces 0 … count-1 of one thing, run on any worker, in order of their start. A piece that fails
 * keeps the rest from starting; those that run end first. */
struct gs3_batch {
    size_t count;
    int (*run)(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err);
    void *context;
};
/* From a task of a worker: runs the batch and waits for it, while the task's slot serves others. 0,
 * or -1 with the first failure's error. `pool` NULL (tests, one object without workers): one piece
 * after the other on `lane`. */
int gs3_pool_run(struct gs3_pool *pool, const struct gs3_lane *lane, const struct gs3_batch *batch,
                 struct gs3_err *err);

struct gs3_pool_state {
    unsigned concurrency; /* the limit as it is now */
    unsigned running;     /* jobs that have begun and not ended */
};
void gs3_pool_look(struct gs3_pool *pool, struct gs3_pool_state *state);

#endif
