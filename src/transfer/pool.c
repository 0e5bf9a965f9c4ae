#include "transfer/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
    WORKERS = 2,
    CONCURRENCY = 256,
    QUEUE = 1000,
    PIECES = 32,
    FIRST_LIMIT = 32,
    LEAST_LIMIT = 4,
    ADAPT_MS = 20,
    THROTTLED_MS = 1000, /* how long a store that throttled is not asked for more */
    TURN_MS = 200
};

struct job {
    struct job *next;
    void (*run)(void *context, const struct gs3_lane *lane);
    void *context;
};

/* A batch while it is run; on the stack of the task that waits for it. */
struct running_batch {
    struct running_batch *next;
    const struct gs3_batch *batch;
    size_t next_piece, running;
    bool has_failed;
    struct gs3_err err; /* of the first that failed */
    struct gs3_http_task *waiter;
};

struct worker {
    struct gs3_lane lane; /* first: a lane is its worker */
    struct gs3_pool *pool;
    pthread_t thread;
    bool has_started;
    unsigned index;
    unsigned running;   /* tasks that hold a slot */
    bool has_freed;     /* a slot in this turn, so that the next one comes at once */
    bool is_hungry;     /* has slots and found nothing */
    int64_t adapted_ms; /* when the limit was looked at last */
    uint64_t throttled; /* as counted then */
};

struct gs3_pool {
    struct gs3_pool_opts opts;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    struct worker *workers;
    unsigned opened_count;
    bool has_failed;
    struct gs3_err err; /* of a lane that could not be opened */

    struct job *jobs, **jobs_end;
    size_t waiting, pending;
    struct running_batch *batches;
    bool is_closing, was_full;

    unsigned limit;       /* tasks at once, all workers together */
    bool is_slow;         /* throttled before: grows by steps */
    int64_t throttled_ms; /* the last time; 0: never */
};

struct work {
    struct worker *worker;
    struct job *job; /* NULL: a piece */
    struct running_batch *batch;
    size_t piece;
};

static int64_t now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

/* Under the lock, as everything here that ends in _locked. */
static void feed_hungry_locked(struct gs3_pool *pool)
{
    for (unsigned i = 0; i < pool->opts.worker_count; i++) {
        struct worker *worker = &pool->workers[i];
        if (!worker->is_hungry)
            continue;
        worker->is_hungry = false;
        gs3_http_wake(worker->lane.http);
    }
}

/* That all of them see the end; none can have left while this one works. */
static void wake_workers_locked(struct gs3_pool *pool)
{
    for (unsigned i = 0; i < pool->opts.worker_count; i++)
        if (pool->workers[i].lane.http)
            gs3_http_wake(pool->workers[i].lane.http);
}

static bool is_over_locked(const struct running_batch *batch)
{
    return batch->running == 0 && (batch->has_failed || batch->next_piece == batch->batch->count);
}

static void remove_locked(struct gs3_pool *pool, struct running_batch *batch)
{
    struct running_batch **link = &pool->batches;
    while (*link != batch)
        link = &(*link)->next;
    *link = batch->next;
}

static void end_piece(struct work *work, int failed, const struct gs3_err *err)
{
    struct gs3_pool *pool = work->worker->pool;
    struct running_batch *batch = work->batch;
    struct gs3_http_task *waiter = NULL;
    pthread_mutex_lock(&pool->lock);
    batch->running--;
    if (failed && !batch->has_failed) {
        batch->has_failed = true;
        batch->err = *err;
    }
    if (is_over_locked(batch)) {
        remove_locked(pool, batch);
        waiter = batch->waiter;
    }
    pthread_mutex_unlock(&pool->lock);
    if (waiter)
        gs3_http_unpark(waiter);
}

static void end_job(struct gs3_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->pending--;
    bool wakes = pool->pending == 0;
    if (wakes && pool->is_closing)
        wake_workers_locked(pool);
    pthread_mutex_unlock(&pool->lock);
    if (wakes && pool->opts.owner)
        gs3_http_wake(pool->opts.owner);
}

/* The turn that this happens in would wait for the network, which may have nothing to say. */
static void free_slot(struct worker *worker)
{
    worker->running--;
    if (!worker->has_freed)
        gs3_http_wake(worker->lane.http);
    worker->has_freed = true;
}

static void run_work(void *context)
{
    gs3_auto_free struct work *work = context;
    struct worker *worker = work->worker;
    if (work->job) {
        gs3_auto_free struct job *job = work->job;
        job->run(job->context, &worker->lane);
        free_slot(worker);
        end_job(worker->pool);
        return;
    }
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_batch *batch = work->batch->batch;
    int failed = batch->run(batch->context, work->piece, &worker->lane, &err);
    free_slot(worker);
    end_piece(work, failed, &err);
}

static bool take_piece_locked(struct gs3_pool *pool, struct work *work)
{
    for (struct running_batch *batch = pool->batches; batch; batch = batch->next) {
        if (batch->has_failed || batch->next_piece == batch->batch->count ||
            batch->running >= pool->opts.piece_concurrency)
            continue;
        work->batch = batch;
        work->piece = batch->next_piece++;
        batch->running++;
        return true;
    }
    return false;
}

static bool take_job_locked(struct gs3_pool *pool, struct work *work)
{
    struct job *job = pool->jobs;
    if (!job)
        return false;
    pool->jobs = job->next;
    if (!pool->jobs)
        pool->jobs_end = &pool->jobs;
    pool->waiting--;
    work->job = job;
    return true;
}

/* A worker's part of the limit, which all parts together make up exactly. */
static unsigned share_locked(const struct worker *worker)
{
    const struct gs3_pool *pool = worker->pool;
    unsigned count = pool->opts.worker_count;
    return pool->limit / count + (worker->index < pool->limit % count ? 1 : 0);
}

/* Starts what there is while there are slots. Says whether the owner may add again. */
static bool start_work(struct worker *worker)
{
    struct gs3_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    unsigned share = share_locked(worker);
    worker->is_hungry = false;
    worker->has_freed = false;
    while (worker->running < share) {
        struct work work = {.worker = worker};
        if (!take_piece_locked(pool, &work) && !take_job_locked(pool, &work)) {
            worker->is_hungry = true;
            break;
        }
        struct work *copy = gs3_xmalloc(sizeof *copy);
        *copy = work;
        worker->running++;
        gs3_http_spawn(worker->lane.http, run_work, copy);
    }
    bool has_room = pool->was_full && pool->waiting <= pool->opts.queue_length / 2;
    if (has_room)
        pool->was_full = false;
    pthread_mutex_unlock(&pool->lock);
    return has_room;
}

static void grow_locked(struct gs3_pool *pool)
{
    unsigned step = pool->is_slow ? pool->limit / 16 + 1 : pool->limit;
    pool->limit += step;
    if (pool->limit > pool->opts.maximum_concurrency)
        pool->limit = pool->opts.maximum_concurrency;
}

static void shrink_locked(struct gs3_pool *pool, int64_t now)
{
    /* One storm of refusals is one reason. */
    if (pool->throttled_ms && now - pool->throttled_ms < THROTTLED_MS / 4)
        return;
    pool->limit = pool->limit / 2 > LEAST_LIMIT ? pool->limit / 2 : LEAST_LIMIT;
    if (pool->limit > pool->opts.maximum_concurrency)
        pool->limit = pool->opts.maximum_concurrency;
    pool->is_slow = true;
    pool->throttled_ms = now;
}

/* More at once helps only while this thread waits for the network with all its slots taken. */
static void adapt(struct worker *worker)
{
    struct gs3_pool *pool = worker->pool;
    int64_t now = now_ms();
    if (now - worker->adapted_ms < ADAPT_MS)
        return;
    struct gs3_http_load load;
    uint64_t throttled = gs3_http_counts(worker->lane.http)->throttled;
    gs3_http_load_take(worker->lane.http, &load);
    worker->adapted_ms = now;
    bool is_idle = load.idle_us * 10 > load.elapsed_us * 3;
    pthread_mutex_lock(&pool->lock);
    unsigned share = share_locked(worker);
    bool may_grow = !pool->throttled_ms || now - pool->throttled_ms > THROTTLED_MS;
    if (throttled > worker->throttled)
        shrink_locked(pool, now);
    else if (may_grow && is_idle && worker->running >= share)
        grow_locked(pool);
    pthread_mutex_unlock(&pool->lock);
    worker->throttled = throttled;
}

static bool is_finished(struct worker *worker)
{
    struct gs3_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    /* Jobs of another worker may still bring pieces. */
    bool is_finished = pool->is_closing && pool->pending == 0;
    pthread_mutex_unlock(&pool->lock);
    return is_finished && gs3_http_task_count(worker->lane.http) == 0;
}

static bool open_lane(struct worker *worker)
{
    struct gs3_pool *pool = worker->pool;
    struct gs3_err err = GS3_ERR_INIT;
    int failed = pool->opts.open_lane(pool->opts.context, &worker->lane, &err);
    if (failed) /* whatever was opened is closed: nobody wakes it */
        worker->lane = (struct gs3_lane){.http = NULL};
    pthread_mutex_lock(&pool->lock);
    pool->opened_count++;
    if (failed && !pool->has_failed) {
        pool->has_failed = true;
        pool->err = err;
    }
    pthread_cond_signal(&pool->opened);
    pthread_mutex_unlock(&pool->lock);
    return !failed;
}

static void *run_worker(void *context)
{
    struct worker *worker = context;
    struct gs3_pool *pool = worker->pool;
    if (!open_lane(worker))
        return NULL;
    while (!is_finished(worker)) {
        if (start_work(worker) && pool->opts.owner)
            gs3_http_wake(pool->opts.owner);
        gs3_http_turn(worker->lane.http, TURN_MS);
        adapt(worker);
    }
    pool->opts.close_lane(pool->opts.context, &worker->lane);
    return NULL;
}

static void set_defaults(struct gs3_pool *pool)
{
    struct gs3_pool_opts *opts = &pool->opts;
    opts->worker_count = opts->worker_count ? opts->worker_count : WORKERS;
    opts->maximum_concurrency = opts->maximum_concurrency ? opts->maximum_concurrency : CONCURRENCY;
    opts->queue_length = opts->queue_length ? opts->queue_length : QUEUE;
    opts->piece_concurrency = opts->piece_concurrency ? opts->piece_concurrency : PIECES;
    pool->limit = opts->maximum_concurrency < FIRST_LIMIT ? opts->maximum_concurrency : FIRST_LIMIT;
    pool->jobs_end = &pool->jobs;
}

/* Signals are the main thread's. */
static int start_threads(struct gs3_pool *pool, struct gs3_err *err)
{
    sigset_t all, before;
    int failed = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < pool->opts.worker_count && !failed; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->index = i;
        failed = pthread_create(&worker->thread, NULL, run_worker, worker);
        worker->has_started = !failed;
        if (failed)
            gs3_fail_errno(err, GS3_EGENERAL, failed, "cannot start a thread");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? -1 : 0;
}

static int wait_opened(struct gs3_pool *pool, struct gs3_err *err)
{
    unsigned started = 0;
    for (unsigned i = 0; i < pool->opts.worker_count; i++)
        started += pool->workers[i].has_started;
    pthread_mutex_lock(&pool->lock);
    while (pool->opened_count < started)
        pthread_cond_wait(&pool->opened, &pool->lock);
    bool has_failed = pool->has_failed;
    pthread_mutex_unlock(&pool->lock);
    if (has_failed)
        *err = pool->err;
    return has_failed ? -1 : 0;
}

struct gs3_pool *gs3_pool_new(const struct gs3_pool_opts *opts, struct gs3_err *err)
{
    struct gs3_pool *pool = gs3_xcalloc(1, sizeof *pool);
    pool->opts = *opts;
    set_defaults(pool);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->opened, NULL);
    pool->workers = gs3_xcalloc(pool->opts.worker_count, sizeof *pool->workers);
    int failed = start_threads(pool, err);
    if (wait_opened(pool, err) || failed) {
        gs3_pool_free(pool);
        return NULL;
    }
    return pool;
}

void gs3_pool_free(struct gs3_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    wake_workers_locked(pool);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->opts.worker_count; i++)
        if (pool->workers[i].has_started)
            pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->opened);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

bool gs3_pool_has_room(struct gs3_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool has_room = pool->waiting < pool->opts.queue_length;
    pool->was_full = pool->was_full || !has_room;
    pthread_mutex_unlock(&pool->lock);
    return has_room;
}

static void add(struct gs3_pool *pool, bool is_first,
                void (*run)(void *context, const struct gs3_lane *lane), void *context)
{
    struct job *job = gs3_xcalloc(1, sizeof *job);
    job->run = run;
    job->context = context;
    pthread_mutex_lock(&pool->lock);
    struct job **link = is_first ? &pool->jobs : pool->jobs_end;
    job->next = *link;
    *link = job;
    if (!job->next)
        pool->jobs_end = &job->next;
    pool->waiting++;
    pool->pending++;
    feed_hungry_locked(pool);
    pthread_mutex_unlock(&pool->lock);
}

void gs3_pool_add(struct gs3_pool *pool, void (*run)(void *context, const struct gs3_lane *lane),
                  void *context)
{
    add(pool, false, run, context);
}

void gs3_pool_add_first(struct gs3_pool *pool,
                        void (*run)(void *context, const struct gs3_lane *lane), void *context)
{
    add(pool, true, run, context);
}

size_t gs3_pool_pending(struct gs3_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t pending = pool->pending;
    pthread_mutex_unlock(&pool->lock);
    return pending;
}

static int run_serially(const struct gs3_lane *lane, const struct gs3_batch *batch,
                        struct gs3_err *err)
{
    for (size_t piece = 0; piece < batch->count; piece++)
        if (batch->run(batch->context, piece, lane, err))
            return -1;
    return 0;
}

int gs3_pool_run(struct gs3_pool *pool, const struct gs3_lane *lane, const struct gs3_batch *batch,
                 struct gs3_err *err)
{
    if (!pool || batch->count == 0)
        return run_serially(lane, batch, err);
    struct worker *worker = (struct worker *)(uintptr_t)lane;
    struct running_batch running = {.batch = batch, .waiter = gs3_http_self(lane->http)};
    pthread_mutex_lock(&pool->lock);
    struct running_batch **end = &pool->batches;
    while (*end)
        end = &(*end)->next;
    *end = &running;
    feed_hungry_locked(pool);
    pthread_mutex_unlock(&pool->lock);
    free_slot(worker); /* for a piece */
    gs3_http_park(lane->http);
    worker->running++;
    if (running.has_failed)
        *err = running.err;
    return running.has_failed ? -1 : 0;
}

void gs3_pool_look(struct gs3_pool *pool, struct gs3_pool_state *state)
{
    *state = (struct gs3_pool_state){.concurrency = 0};
    pthread_mutex_lock(&pool->lock);
    state->concurrency = pool->limit;
    state->running = (unsigned)(pool->pending - pool->waiting);
    pthread_mutex_unlock(&pool->lock);
}
