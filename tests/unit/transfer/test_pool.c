/* transfer/pool: every job runs once, never more at once than allowed, and a batch ends as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "depot.h"
#include "net/server.h"
#include "transfer/pool.h"

enum { JOBS = 500 };

/* What the jobs of a test share. */
struct bench {
    struct depot depot;
    struct gs3_pool *pool;
    atomic_uint runs, running, most, turns_left;
    atomic_bool is_held;
    struct gs3_err err;
    int outcome;
    size_t fails_at; /* piece; SIZE_MAX: none */
    unsigned turns;  /* how long a job or piece takes */
    size_t pieces;
    atomic_uint ran[JOBS];
};

static int64_t now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

static void bench_start(struct bench *bench, struct gs3_pool_opts opts)
{
    struct gs3_err err = GS3_ERR_INIT;
    memset(bench, 0, sizeof *bench);
    bench->fails_at = SIZE_MAX;
    depot_init(&bench->depot);
    opts.open_lane = depot_open_lane;
    opts.close_lane = depot_close_lane;
    opts.context = &bench->depot;
    bench->pool = gs3_pool_new(&opts, &err);
    assert_non_null(bench->pool);
}

static void bench_stop(struct bench *bench)
{
    gs3_pool_free(bench->pool);
    depot_release(&bench->depot);
}

static void take_turns(const struct gs3_lane *lane, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        gs3_http_wake(lane->http);
        gs3_http_yield(lane->http);
    }
}

static void enter(struct bench *bench)
{
    unsigned running = atomic_fetch_add(&bench->running, 1) + 1;
    unsigned most = atomic_load(&bench->most);
    while (running > most && !atomic_compare_exchange_weak(&bench->most, &most, running))
        ;
}

static void run_job(void *context, const struct gs3_lane *lane)
{
    struct bench *bench = context;
    enter(bench);
    while (atomic_load(&bench->is_held))
        take_turns(lane, 1);
    take_turns(lane, bench->turns);
    atomic_fetch_sub(&bench->running, 1);
    atomic_fetch_add(&bench->runs, 1);
}

static void wait_idle(struct bench *bench)
{
    int64_t until = now_ms() + 20000;
    while (gs3_pool_pending(bench->pool) > 0 && now_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(gs3_pool_pending(bench->pool), 0);
}

static void gs3_pool_add_runs_each_job_once(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        struct bench bench;
        bench_start(&bench, (struct gs3_pool_opts){.worker_count = workers});
        bench.turns = 3;
        for (int i = 0; i < JOBS; i++)
            gs3_pool_add(bench.pool, run_job, &bench);
        wait_idle(&bench);
        assert_int_equal(bench.runs, JOBS);
        bench_stop(&bench);
    }
}

/* What was done before it, counted by run_job. */
struct note {
    struct bench *bench;
    unsigned runs_before;
};

static void take_note(void *context, const struct gs3_lane *lane)
{
    (void)lane;
    struct note *note = context;
    note->runs_before = atomic_load(&note->bench->runs);
}

static void gs3_pool_add_first_overtakes_all_that_waits(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 1, .worker_count = 1});
    struct note first = {.bench = &bench}, last = {.bench = &bench};
    atomic_store(&bench.is_held, true);
    for (int i = 0; i < 20; i++)
        gs3_pool_add(bench.pool, run_job, &bench);
    while (atomic_load(&bench.running) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    gs3_pool_add_first(bench.pool, take_note, &first);
    gs3_pool_add(bench.pool, take_note, &last);
    atomic_store(&bench.is_held, false);
    wait_idle(&bench);
    assert_int_equal(first.runs_before, 1);
    assert_int_equal(last.runs_before, 20);
    /* Into an empty queue, whose end must be found again. */
    gs3_pool_add_first(bench.pool, run_job, &bench);
    gs3_pool_add(bench.pool, run_job, &bench);
    wait_idle(&bench);
    assert_int_equal(bench.runs, 22);
    bench_stop(&bench);
}

static void gs3_pool_free_lets_every_job_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 3});
    bench.turns = 5;
    for (int i = 0; i < 50; i++)
        gs3_pool_add(bench.pool, run_job, &bench);
    bench_stop(&bench);
    assert_int_equal(bench.runs, 50);
}

static void gs3_pool_add_keeps_to_the_limit(void **state)
{
    (void)state;
    static const unsigned limits[] = {1, 2, 3, 5, 7};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        for (unsigned workers = 1; workers <= 3; workers++) {
            struct bench bench;
            bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = limits[i],
                                                       .worker_count = workers});
            bench.turns = 4;
            for (int j = 0; j < 60; j++)
                gs3_pool_add(bench.pool, run_job, &bench);
            wait_idle(&bench);
            assert_in_range(bench.most, 1, limits[i]);
            assert_int_equal(bench.runs, 60);
            bench_stop(&bench);
        }
    }
}

/* A slot that is free again is used at once, not when the network has something to say. */
static void gs3_pool_add_of_one_at_a_time_does_not_dawdle(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 1, .worker_count = 1});
    int64_t start = now_ms();
    for (int i = 0; i < 50; i++)
        gs3_pool_add(bench.pool, run_job, &bench);
    wait_idle(&bench);
    assert_in_range(now_ms() - start, 0, 1500);
    bench_stop(&bench);
}

static void gs3_pool_has_room_until_the_queue_is_full(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 2,
                                               .queue_length = 5,
                                               .worker_count = 2});
    atomic_store(&bench.is_held, true);
    unsigned added = 0;
    int64_t until = now_ms() + 500;
    while (now_ms() < until) {
        if (gs3_pool_has_room(bench.pool)) {
            gs3_pool_add(bench.pool, run_job, &bench);
            added++;
        }
    }
    assert_int_equal(added, 7);
    assert_int_equal(bench.most, 2);
    struct gs3_pool_state look;
    gs3_pool_look(bench.pool, &look);
    assert_int_equal(look.running, 2);
    assert_int_equal(look.concurrency, 2);
    atomic_store(&bench.is_held, false);
    wait_idle(&bench);
    assert_true(gs3_pool_has_room(bench.pool));
    bench_stop(&bench);
}

/* The owner sleeps in its own turns and is woken for room and at the end. */
static void gs3_pool_wakes_its_owner(void **state)
{
    (void)state;
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    struct gs3_http *owner = gs3_http_new(&opts, &err);
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 4,
                                               .queue_length = 8,
                                               .owner = owner});
    bench.turns = 2;
    unsigned left = 200;
    int64_t start = now_ms();
    while (left > 0 || gs3_pool_pending(bench.pool) > 0) {
        if (left > 0 && gs3_pool_has_room(bench.pool)) {
            gs3_pool_add(bench.pool, run_job, &bench);
            left--;
        } else {
            gs3_http_turn(owner, 200);
        }
    }
    assert_in_range(now_ms() - start, 0, 4000);
    assert_int_equal(bench.runs, 200);
    bench_stop(&bench);
    gs3_http_free(owner);
}

static int run_piece(void *context, size_t piece, const struct gs3_lane *lane, struct gs3_err *err)
{
    struct bench *bench = context;
    enter(bench);
    atomic_fetch_add(&bench->ran[piece], 1);
    take_turns(lane, bench->turns);
    atomic_fetch_sub(&bench->running, 1);
    atomic_fetch_add(&bench->runs, 1);
    return piece == bench->fails_at ? gs3_fail(err, GS3_EFAIL, "piece %zu", piece) : 0;
}

static void run_batch(void *context, const struct gs3_lane *lane)
{
    struct bench *bench = context;
    const struct gs3_batch batch = {.count = bench->pieces, .run = run_piece, .context = bench};
    bench->outcome = gs3_pool_run(bench->pool, lane, &batch, &bench->err);
    /* Every piece that began has ended. */
    assert_int_equal(bench->running, 0);
}

static void gs3_pool_run_of_a_batch_runs_every_piece_once(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit <= 40; limit += 13) {
        struct bench bench;
        bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = limit});
        bench.pieces = 100;
        bench.turns = 2;
        gs3_pool_add(bench.pool, run_batch, &bench);
        wait_idle(&bench);
        assert_int_equal(bench.outcome, 0);
        for (size_t i = 0; i < bench.pieces; i++)
            assert_int_equal(bench.ran[i], 1);
        assert_in_range(bench.most, 1, limit < 32 ? limit : 32);
        bench_stop(&bench);
    }
}

static void gs3_pool_run_keeps_to_the_piece_limit(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 20, .piece_concurrency = 3});
    bench.pieces = 60;
    bench.turns = 3;
    gs3_pool_add(bench.pool, run_batch, &bench);
    wait_idle(&bench);
    assert_in_range(bench.most, 2, 3);
    assert_int_equal(bench.runs, 60);
    bench_stop(&bench);
}

static void gs3_pool_run_stops_at_a_piece_that_fails(void **state)
{
    (void)state;
    static const size_t places[] = {0, 7, 199};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct bench bench;
        /* One worker: of two, one may run them all while the other's thread is not let run. */
        bench_start(&bench, (struct gs3_pool_opts){.worker_count = 1, .maximum_concurrency = 4});
        bench.pieces = 200;
        bench.turns = 2;
        bench.fails_at = places[i];
        gs3_pool_add(bench.pool, run_batch, &bench);
        wait_idle(&bench);
        assert_int_equal(bench.outcome, -1);
        assert_int_equal(bench.err.class, GS3_EFAIL);
        assert_non_null(strstr(bench.err.message, "piece "));
        /* Those beside it end, the others do not begin. */
        assert_in_range(bench.runs, places[i] + 1, places[i] + 12);
        bench_stop(&bench);
    }
}

static void gs3_pool_run_without_pieces_or_pool_is_no_wait(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, (struct gs3_pool_opts){.worker_count = 1});
    bench.outcome = -1;
    gs3_pool_add(bench.pool, run_batch, &bench);
    wait_idle(&bench);
    assert_int_equal(bench.outcome, 0);
    struct gs3_lane lane = {.http = NULL};
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_batch batch = {.count = 5, .run = run_piece, .context = &bench};
    bench.fails_at = 3;
    assert_int_equal(gs3_pool_run(NULL, &lane, &batch, &err), -1);
    assert_int_equal(bench.runs, 4);
    bench_stop(&bench);
}

/* Several large objects at once, with small ones between them. */
static void gs3_pool_run_of_many_batches_beside_jobs(void **state)
{
    (void)state;
    struct bench bench[4];
    for (size_t i = 0; i < 4; i++)
        bench_start(&bench[i], (struct gs3_pool_opts){.maximum_concurrency = 6});
    for (size_t i = 1; i < 4; i++) { /* all on the first pool */
        gs3_pool_free(bench[i].pool);
        bench[i].pool = bench[0].pool;
    }
    for (size_t i = 1; i < 4; i++) {
        bench[i].pieces = 50;
        bench[i].turns = 2;
        bench[i].fails_at = i == 2 ? 20 : SIZE_MAX;
        gs3_pool_add(bench[0].pool, run_batch, &bench[i]);
        for (int j = 0; j < 20; j++)
            gs3_pool_add(bench[0].pool, run_job, &bench[0]);
    }
    wait_idle(&bench[0]);
    assert_int_equal(bench[0].runs, 60);
    assert_int_equal(bench[1].runs, 50);
    assert_int_equal(bench[1].outcome, 0);
    assert_int_equal(bench[2].outcome, -1);
    assert_int_equal(bench[3].outcome, 0);
    for (size_t i = 1; i < 4; i++)
        depot_release(&bench[i].depot);
    bench_stop(&bench[0]);
}

struct asker {
    struct bench bench;
    const char *url;
};

static void ask_once(void *context, const struct gs3_lane *lane)
{
    struct asker *asker = context;
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_http_response response = {.status = 0};
    const struct gs3_http_request request = {.method = "GET",
                                             .url = asker->url,
                                             .maximum_body_bytes = 100,
                                             .maximum_attempts = 1};
    gs3_http_perform(lane->http, &request, &response, &err);
    gs3_http_response_release(&response);
    atomic_fetch_add(&asker->bench.runs, 1);
}

static unsigned concurrency_of(struct bench *bench)
{
    struct gs3_pool_state look;
    gs3_pool_look(bench->pool, &look);
    return look.concurrency;
}

/* A store that throttles is asked for less at once; one that answers slowly, for more. */
static void gs3_pool_adapts_to_the_store(void **state)
{
    (void)state;
    static const struct server_reply slow_down[] = {
        {.bytes = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"}};
    static const struct server_reply slow[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .delay_ms = 60}};
    for (int throttles = 0; throttles < 2; throttles++) {
        struct asker asker;
        struct server server;
        server_start(&server, throttles ? slow_down : slow, 1, NULL);
        bench_start(&asker.bench, (struct gs3_pool_opts){.maximum_concurrency = 64});
        asker.url = server.url;
        assert_int_equal(concurrency_of(&asker.bench), 32);
        for (int i = 0; i < 150; i++)
            gs3_pool_add(asker.bench.pool, ask_once, &asker);
        wait_idle(&asker.bench);
        /* The last answers may have come since the last look at them. */
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        if (throttles)
            assert_in_range(concurrency_of(&asker.bench), 4, 16);
        else
            assert_in_range(concurrency_of(&asker.bench), 33, 64);
        bench_stop(&asker.bench);
        server_stop(&server);
    }
}

struct opener {
    atomic_uint opened, closed;
    unsigned fails_at;
    struct depot depot;
};

static int open_lane(void *context, struct gs3_lane *lane, struct gs3_err *err)
{
    struct opener *opener = context;
    if (atomic_fetch_add(&opener->opened, 1) + 1 == opener->fails_at)
        return gs3_fail(err, GS3_ECONFIG, "no credentials");
    return depot_open_lane(&opener->depot, lane, err);
}

static void close_lane(void *context, struct gs3_lane *lane)
{
    struct opener *opener = context;
    atomic_fetch_add(&opener->closed, 1);
    depot_close_lane(&opener->depot, lane);
}

static void gs3_pool_new_without_a_lane_fails(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 3; at++) {
        struct opener opener = {.fails_at = at};
        struct gs3_err err = GS3_ERR_INIT;
        depot_init(&opener.depot);
        const struct gs3_pool_opts opts = {.worker_count = 3,
                                           .open_lane = open_lane,
                                           .close_lane = close_lane,
                                           .context = &opener};
        assert_null(gs3_pool_new(&opts, &err));
        assert_int_equal(err.class, GS3_ECONFIG);
        assert_int_equal(opener.opened, 3);
        assert_int_equal(opener.closed, 2);
        depot_release(&opener.depot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_pool_add_runs_each_job_once),
        cmocka_unit_test(gs3_pool_add_first_overtakes_all_that_waits),
        cmocka_unit_test(gs3_pool_free_lets_every_job_end),
        cmocka_unit_test(gs3_pool_add_keeps_to_the_limit),
        cmocka_unit_test(gs3_pool_add_of_one_at_a_time_does_not_dawdle),
        cmocka_unit_test(gs3_pool_has_room_until_the_queue_is_full),
        cmocka_unit_test(gs3_pool_wakes_its_owner),
        cmocka_unit_test(gs3_pool_run_of_a_batch_runs_every_piece_once),
        cmocka_unit_test(gs3_pool_run_keeps_to_the_piece_limit),
        cmocka_unit_test(gs3_pool_run_stops_at_a_piece_that_fails),
        cmocka_unit_test(gs3_pool_run_without_pieces_or_pool_is_no_wait),
        cmocka_unit_test(gs3_pool_run_of_many_batches_beside_jobs),
        cmocka_unit_test(gs3_pool_adapts_to_the_store),
        cmocka_unit_test(gs3_pool_new_without_a_lane_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
