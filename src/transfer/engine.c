#include "transfer/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

enum { DELETE_AGE_MS = 250, INSIDE_SLACK = 512 };

struct entry {
    struct gs3_item item; /* first: an item is its entry */
    struct gs3_engine *engine;
};

/* Sources that wait for their delete; of one bucket. */
struct waiting_deletes {
    struct waiting_deletes *next;
    char *bucket;
    struct gs3_item *items; /* by next */
    size_t count;
    int64_t since_ms;
};

struct delete_job {
    struct gs3_engine *engine;
    struct gs3_item *items;
    size_t count;
};

struct gs3_engine {
    struct gs3_transfer transfer;
    struct gs3_pool *pool;
    struct gs3_http *owner;
    size_t maximum_inside;
    atomic_uint_fast64_t moved_bytes;
    atomic_bool is_stopped;

    pthread_mutex_t lock;
    struct gs3_item *done, **done_end;
    struct waiting_deletes *deletes;
    size_t inside, at_work; /* added and not taken; added and not done or waiting for a delete */
    bool is_closed;
};

struct gs3_item *gs3_item_new(void)
{
    struct entry *entry = gs3_xcalloc(1, sizeof *entry);
    entry->item.plan.local.fd = -1;
    return &entry->item;
}

void gs3_item_free(struct gs3_item *item)
{
    if (!item)
        return;
    gs3_report_release(&item->report);
    gs3_plan_release(&item->plan, NULL);
    free(item);
}

static int64_t now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

static void finish_locked(struct gs3_engine *engine, struct gs3_item *item)
{
    item->next = NULL;
    *engine->done_end = item;
    engine->done_end = &item->next;
}

/* The owner looks at the list anyway while it is not empty. */
static void finish(struct gs3_engine *engine, struct gs3_item *item)
{
    pthread_mutex_lock(&engine->lock);
    bool wakes = !engine->done;
    finish_locked(engine, item);
    engine->at_work--;
    wakes = wakes || engine->at_work == 0;
    pthread_mutex_unlock(&engine->lock);
    if (wakes && engine->owner)
        gs3_http_wake(engine->owner);
}

static void run_deletes(void *context, const struct gs3_lane *lane)
{
    gs3_auto_free struct delete_job *job = context;
    gs3_auto_free struct gs3_delete *deletes = gs3_xcalloc(job->count, sizeof *deletes);
    size_t count = 0;
    for (struct gs3_item *item = job->items; item; item = item->next)
        deletes[count++].plan = &item->plan;
    gs3_delete_sources(job->engine->pool, lane, job->engine->transfer.listing, deletes, count);
    struct gs3_item *item = job->items, *next;
    for (size_t i = 0; i < count; i++, item = next) {
        next = item->next;
        item->report.is_delete_pending = false;
        if (deletes[i].failed) {
            item->report.status = GS3_REPORT_FAILED;
            item->err = deletes[i].err;
        }
        finish(job->engine, item);
    }
}

/* Takes the list off and makes a job of it; under the lock. */
static struct delete_job *take_deletes_locked(struct gs3_engine *engine,
                                              struct waiting_deletes **link)
{
    struct waiting_deletes *list = *link;
    struct delete_job *job = gs3_xcalloc(1, sizeof *job);
    *job = (struct delete_job){.engine = engine, .items = list->items, .count = list->count};
    *link = list->next;
    free(list->bucket);
    free(list);
    return job;
}

static struct waiting_deletes **find_deletes_locked(struct gs3_engine *engine, const char *bucket)
{
    struct waiting_deletes **link = &engine->deletes;
    while (*link && !gs3_str_equal((*link)->bucket, bucket))
        link = &(*link)->next;
    if (!*link) {
        *link = gs3_xcalloc(1, sizeof **link);
        (*link)->bucket = gs3_xstrdup(bucket);
        (*link)->since_ms = now_ms();
    }
    return link;
}

static size_t count_waiting_locked(const struct gs3_engine *engine)
{
    size_t waiting = 0;
    for (const struct waiting_deletes *list = engine->deletes; list; list = list->next)
        waiting += list->count;
    return waiting;
}

static void await_delete(struct gs3_engine *engine, struct gs3_item *item)
{
    struct delete_job *job = NULL;
    pthread_mutex_lock(&engine->lock);
    struct waiting_deletes **link = find_deletes_locked(engine, item->plan.source.bucket);
    item->next = (*link)->items;
    (*link)->items = item;
    (*link)->count++;
    if ((*link)->count == GS3_DELETES_MAXIMUM)
        job = take_deletes_locked(engine, link);
    bool is_last = !job && count_waiting_locked(engine) == engine->at_work;
    pthread_mutex_unlock(&engine->lock);
    if (job)
        gs3_pool_add_first(engine->pool, run_deletes, job);
    if (is_last && engine->owner)
        gs3_http_wake(engine->owner);
}

/* Batches that are old enough, or that nobody can join any more. */
static void flush_deletes(struct gs3_engine *engine)
{
    for (;;) {
        struct delete_job *job = NULL;
        pthread_mutex_lock(&engine->lock);
        size_t waiting = count_waiting_locked(engine);
        bool is_last = waiting > 0 && waiting == engine->at_work;
        for (struct waiting_deletes **link = &engine->deletes; *link && !job;) {
            if (is_last || now_ms() - (*link)->since_ms >= DELETE_AGE_MS)
                job = take_deletes_locked(engine, link);
            else
                link = &(*link)->next;
        }
        pthread_mutex_unlock(&engine->lock);
        if (!job)
            return;
        gs3_pool_add_first(engine->pool, run_deletes, job);
    }
}

static bool is_stopped(const struct gs3_engine *engine, const struct gs3_lane *lane)
{
    return atomic_load(&engine->is_stopped) || gs3_http_is_interrupted(lane->http);
}

static void run_item(void *context, const struct gs3_lane *lane)
{
    struct gs3_item *item = context;
    struct gs3_engine *engine = ((struct entry *)item)->engine;
    if (is_stopped(engine, lane)) {
        item->is_withheld = true;
        item->report.status = GS3_REPORT_FAILED;
        gs3_fail(&item->err, GS3_EFAIL, "not started");
        finish(engine, item);
        return;
    }
    int failed =
        item->is_looked_at
            ? 0
            : gs3_plan_look(&item->plan, gs3_plan_source_store(&item->plan, lane), &item->err);
    if (failed)
        item->report.status = GS3_REPORT_FAILED;
    else
        gs3_transfer_object(&engine->transfer, lane, item->permit, &item->plan, &item->report,
                            &item->err);
    if (item->report.is_delete_pending)
        await_delete(engine, item);
    else
        finish(engine, item);
}

struct gs3_engine *gs3_engine_new(const struct gs3_pool_opts *pool,
                                  const struct gs3_transfer *transfer, struct gs3_err *err)
{
    struct gs3_engine *engine = gs3_xcalloc(1, sizeof *engine);
    engine->transfer = *transfer;
    engine->transfer.moved_bytes = &engine->moved_bytes;
    engine->transfer.defers_deletes = true;
    engine->owner = pool->owner;
    engine->done_end = &engine->done;
    pthread_mutex_init(&engine->lock, NULL);
    engine->maximum_inside =
        pool->queue_length + pool->maximum_concurrency + INSIDE_SLACK + GS3_DELETES_MAXIMUM;
    engine->pool = gs3_pool_new(pool, err);
    engine->transfer.pool = engine->pool;
    if (!engine->pool) {
        gs3_engine_free(engine);
        return NULL;
    }
    return engine;
}

void gs3_engine_free(struct gs3_engine *engine)
{
    if (!engine)
        return;
    gs3_engine_stop(engine);
    while (engine->pool && engine->inside > 0) {
        struct gs3_item *item = gs3_engine_take(engine);
        gs3_item_free(item);
        if (!item)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    gs3_pool_free(engine->pool);
    pthread_mutex_destroy(&engine->lock);
    free(engine);
}

bool gs3_engine_has_room(struct gs3_engine *engine)
{
    return engine->inside < engine->maximum_inside && gs3_pool_has_room(engine->pool);
}

void gs3_engine_add(struct gs3_engine *engine, struct gs3_item *item)
{
    ((struct entry *)item)->engine = engine;
    pthread_mutex_lock(&engine->lock);
    engine->inside++;
    engine->at_work++;
    pthread_mutex_unlock(&engine->lock);
    gs3_pool_add(engine->pool, run_item, item);
}

void gs3_engine_close(struct gs3_engine *engine)
{
    engine->is_closed = true;
}

void gs3_engine_stop(struct gs3_engine *engine)
{
    atomic_store(&engine->is_stopped, true);
}

struct gs3_item *gs3_engine_take(struct gs3_engine *engine)
{
    flush_deletes(engine);
    pthread_mutex_lock(&engine->lock);
    struct gs3_item *item = engine->done;
    if (item) {
        engine->done = item->next;
        if (!engine->done)
            engine->done_end = &engine->done;
        engine->inside--;
    }
    pthread_mutex_unlock(&engine->lock);
    return item;
}

bool gs3_engine_is_done(struct gs3_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool is_done = engine->is_closed && engine->inside == 0;
    pthread_mutex_unlock(&engine->lock);
    return is_done;
}

void gs3_engine_look(struct gs3_engine *engine, struct gs3_engine_state *state)
{
    gs3_pool_look(engine->pool, &state->pool);
    state->moved_bytes = atomic_load(&engine->moved_bytes);
}
