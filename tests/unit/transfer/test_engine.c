/* transfer/engine: what goes in comes out once, bounded, and a move's source goes last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "depot.h"
#include "transfer/tree.h"

struct bench {
    struct depot depot;
    struct gs3_http *owner;
    struct gs3_policy *policy;
    struct gs3_permit *permit;
    struct gs3_transfer transfer;
    struct gs3_plan_opts plan;
    struct gs3_engine *engine;
    unsigned ok, failed, withheld, skipped;
    struct gs3_err err; /* of the last that failed */
};

static int64_t now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

static void bench_init(struct bench *bench)
{
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    memset(bench, 0, sizeof *bench);
    depot_init(&bench->depot);
    bench->owner = gs3_http_new(&opts, &err);
    bench->policy = depot_policy();
    bench->permit = depot_permit(bench->policy, "CHG0000001");
}

static void bench_start(struct bench *bench, struct gs3_pool_opts opts)
{
    struct gs3_err err = GS3_ERR_INIT;
    opts.open_lane = depot_open_lane;
    opts.close_lane = depot_close_lane;
    opts.context = &bench->depot;
    opts.owner = bench->owner;
    bench->engine = gs3_engine_new(&opts, &bench->transfer, &err);
    assert_non_null(bench->engine);
}

static void bench_release(struct bench *bench)
{
    gs3_engine_free(bench->engine);
    gs3_permit_free(bench->permit);
    gs3_policy_free(bench->policy);
    gs3_http_free(bench->owner);
    depot_release(&bench->depot);
}

/* s3://other/sN, ten bytes. */
static void put_sources(struct bench *bench, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char key[32];
        snprintf(key, sizeof key, "s%u", i);
        depot_put(&bench->depot, "other", key, 10);
    }
}

static struct gs3_item *new_item(struct bench *bench, enum gs3_operation operation, unsigned number)
{
    struct gs3_tree_found found = {
        .source = {.kind = GS3_LOCATION_S3,
                   .bucket = gs3_xstrdup("other"),
                   .key = gs3_xasprintf("s%u", number)},
        .destination = {.kind = GS3_LOCATION_S3,
                        .bucket = gs3_xstrdup("bucket"),
                        .key = gs3_xasprintf("d%u", number)},
        .size_bytes = 10,
        .last_modified_s = -1,
    };
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_item *item = gs3_item_new();
    assert_int_equal(gs3_plan_init_found(&item->plan, operation, &found, &bench->plan, &err), 0);
    item->permit = bench->permit;
    return item;
}

static bool take_one(struct bench *bench)
{
    struct gs3_item *item = gs3_engine_take(bench->engine);
    if (!item)
        return false;
    assert_false(item->report.is_delete_pending);
    bench->withheld += item->is_withheld;
    switch (item->report.status) {
    case GS3_REPORT_OK: bench->ok++; break;
    case GS3_REPORT_FAILED:
        bench->failed++;
        bench->err = item->err;
        break;
    case GS3_REPORT_PLANNED:
    case GS3_REPORT_SKIPPED: bench->skipped++; break;
    }
    gs3_item_free(item);
    return true;
}

/* Takes until all is done. */
static void drain(struct bench *bench)
{
    int64_t until = now_ms() + 30000;
    gs3_engine_close(bench->engine);
    while (!gs3_engine_is_done(bench->engine)) {
        assert_true(now_ms() < until);
        if (!take_one(bench))
            gs3_http_turn(bench->owner, 50);
    }
    assert_null(gs3_engine_take(bench->engine));
}

static void run(struct bench *bench, enum gs3_operation operation, unsigned count)
{
    unsigned added = 0;
    while (added < count) {
        if (gs3_engine_has_room(bench->engine))
            gs3_engine_add(bench->engine, new_item(bench, operation, added++));
        else if (!take_one(bench))
            gs3_http_turn(bench->owner, 50);
    }
    drain(bench);
}

static bool has(struct bench *bench, const char *bucket, const char *name, unsigned number)
{
    char key[32];
    snprintf(key, sizeof key, "%s%u", name, number);
    return depot_find(&bench->depot, bucket, key) != NULL;
}

static void gs3_engine_take_gives_every_item_back(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 400);
    bench_start(&bench, (struct gs3_pool_opts){.queue_length = 50, .worker_count = 3});
    run(&bench, GS3_OPERATION_COPY, 400);
    assert_int_equal(bench.ok, 400);
    assert_int_equal(bench.failed, 0);
    for (unsigned i = 0; i < 400; i++)
        assert_true(has(&bench, "bucket", "d", i) && has(&bench, "other", "s", i));
    struct gs3_engine_state look;
    gs3_engine_look(bench.engine, &look);
    assert_int_equal(look.moved_bytes, 4000);
    bench_release(&bench);
}

static void gs3_engine_keeps_to_the_concurrency(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit <= 9; limit += 4) {
        struct bench bench;
        bench_init(&bench);
        put_sources(&bench, 60);
        bench.depot.yields = 3;
        bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = limit});
        run(&bench, GS3_OPERATION_MOVE, 60);
        assert_int_equal(bench.ok, 60);
        assert_in_range(bench.depot.most_under_way, 1, limit);
        bench_release(&bench);
    }
}

/* The queue is full, whatever is added; and what has ended and is not taken counts. */
static void gs3_engine_has_room_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 3000);
    atomic_store(&bench.depot.is_held, true);
    bench_start(&bench, (struct gs3_pool_opts){.queue_length = 10, .maximum_concurrency = 4});
    unsigned added = 0;
    for (int64_t until = now_ms() + 300; now_ms() < until;)
        if (gs3_engine_has_room(bench.engine))
            gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_COPY, added++));
    assert_int_equal(added, 14);
    atomic_store(&bench.depot.is_held, false);
    /* Nothing is taken: there is no room any more when there was none for a while. */
    for (int64_t until = now_ms() + 500; now_ms() < until && added < 3000;) {
        if (!gs3_engine_has_room(bench.engine)) {
            gs3_http_turn(bench.owner, 10);
            continue;
        }
        gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_COPY, added++));
        until = now_ms() + 500;
    }
    assert_in_range(added, 1000, 10 + 4 + 512 + GS3_DELETES_MAXIMUM);
    drain(&bench);
    assert_int_equal(bench.ok, added);
    bench_release(&bench);
}

static void gs3_engine_stop_withholds_what_has_not_begun(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 20);
    atomic_store(&bench.depot.is_held, true);
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 3});
    for (unsigned i = 0; i < 20; i++)
        gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_MOVE, i));
    for (int64_t until = now_ms() + 20000; now_ms() < until;) {
        pthread_mutex_lock(&bench.depot.lock);
        unsigned under_way = bench.depot.under_way;
        pthread_mutex_unlock(&bench.depot.lock);
        if (under_way == 3)
            break;
        gs3_http_turn(bench.owner, 5);
    }
    gs3_engine_stop(bench.engine);
    atomic_store(&bench.depot.is_held, false);
    drain(&bench);
    assert_int_equal(bench.withheld, 17);
    assert_int_equal(bench.ok, 3);
    unsigned moved = 0;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(has(&bench, "bucket", "d", i), !has(&bench, "other", "s", i));
        moved += has(&bench, "bucket", "d", i);
    }
    assert_int_equal(moved, 3);
    bench_release(&bench);
}

static void gs3_engine_after_a_signal_starts_nothing(void **state)
{
    (void)state;
    struct bench bench;
    static const int interrupted = 1;
    bench_init(&bench);
    put_sources(&bench, 10);
    bench.depot.interrupted = &interrupted;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 3});
    run(&bench, GS3_OPERATION_MOVE, 10);
    assert_int_equal(bench.withheld, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_false(has(&bench, "bucket", "d", i));
    bench_release(&bench);
}

static void gs3_engine_deletes_in_batches(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 2300);
    bench_start(&bench, (struct gs3_pool_opts){.queue_length = 100});
    run(&bench, GS3_OPERATION_MOVE, 2300);
    assert_int_equal(bench.ok, 2300);
    assert_in_range(bench.depot.largest_batch, 50, GS3_DELETES_MAXIMUM);
    assert_in_range(bench.depot.counts[GS3_S3_DELETE_OBJECTS], 3, 200);
    assert_int_equal(bench.depot.counts[GS3_S3_DELETE_OBJECT], 0);
    assert_int_equal(bench.depot.object_count, 2300);
    for (unsigned i = 0; i < 2300; i++)
        assert_false(has(&bench, "other", "s", i));
    bench_release(&bench);
}

/* A full batch does not wait for its age: a thousand that end while one is held. */
static void gs3_engine_deletes_a_full_batch_at_once(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, GS3_DELETES_MAXIMUM + 1);
    bench.depot.held_key = "s1000";
    atomic_store(&bench.depot.is_held, true);
    bench_start(&bench, (struct gs3_pool_opts){.queue_length = 2000});
    for (unsigned i = 0; i <= GS3_DELETES_MAXIMUM; i++)
        gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_MOVE, i));
    /* Nothing is taken, so that no age counts. */
    for (int64_t until = now_ms() + 20000;
         depot_calls(&bench.depot, GS3_S3_DELETE_OBJECTS) == 0 && now_ms() < until;)
        gs3_http_turn(bench.owner, 5);
    assert_int_equal(bench.depot.largest_batch, GS3_DELETES_MAXIMUM);
    atomic_store(&bench.depot.is_held, false);
    drain(&bench);
    assert_int_equal(bench.ok, GS3_DELETES_MAXIMUM + 1);
    assert_int_equal(bench.depot.counts[GS3_S3_DELETE_OBJECTS], 2);
    bench_release(&bench);
}

static void gs3_engine_deletes_after_a_while_beside_a_slow_object(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 6);
    bench.depot.held_key = "s5";
    atomic_store(&bench.depot.is_held, true);
    bench_start(&bench, (struct gs3_pool_opts){.worker_count = 2});
    int64_t start = now_ms();
    for (unsigned i = 0; i < 6; i++)
        gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_MOVE, i));
    while (bench.ok < 5 && now_ms() < start + 20000)
        if (!take_one(&bench))
            gs3_http_turn(bench.owner, 20);
    assert_int_equal(bench.ok, 5);
    assert_true(now_ms() - start >= 200);
    for (unsigned i = 0; i < 5; i++)
        assert_false(has(&bench, "other", "s", i));
    assert_true(has(&bench, "other", "s", 5));
    atomic_store(&bench.depot.is_held, false);
    drain(&bench);
    assert_int_equal(bench.ok, 6);
    bench_release(&bench);
}

static enum depot_fault protect(void *context, const struct gs3_s3_request *request,
                                unsigned number)
{
    (void)context;
    return request->op == GS3_S3_DELETE_OBJECTS && number == 1 ? DEPOT_PROTECT : DEPOT_WELL;
}

static void gs3_engine_reports_sources_that_survive(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 30);
    bench.depot.judge = protect;
    bench_start(&bench, (struct gs3_pool_opts){.worker_count = 2});
    run(&bench, GS3_OPERATION_MOVE, 30);
    assert_int_equal(bench.failed, 1);
    assert_int_equal(bench.ok, 29);
    assert_int_equal(bench.withheld, 0);
    assert_non_null(strstr(bench.err.message, "the source is kept"));
    assert_int_equal(bench.depot.object_count, 31);
    bench_release(&bench);
}

static void gs3_engine_deletes_one_by_one_where_the_policy_says_so(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 30);
    bench.plan.deletes_conditionally = true;
    bench_start(&bench, (struct gs3_pool_opts){.worker_count = 2});
    run(&bench, GS3_OPERATION_MOVE, 30);
    assert_int_equal(bench.ok, 30);
    assert_int_equal(bench.depot.counts[GS3_S3_DELETE_OBJECTS], 0);
    assert_int_equal(bench.depot.counts[GS3_S3_DELETE_OBJECT], 30);
    bench_release(&bench);
}

static enum depot_fault no_third_copy(void *context, const struct gs3_s3_request *request,
                                      unsigned number)
{
    (void)context;
    (void)number;
    return request->op == GS3_S3_COPY_OBJECT && gs3_str_equal(request->object.key, "d3")
               ? DEPOT_REFUSE
               : DEPOT_WELL;
}

/* One that fails, one whose source is not there, one without a permit: the others go on. */
static void gs3_engine_of_items_that_fail_goes_on(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 20);
    bench.depot.judge = no_third_copy;
    bench_start(&bench, (struct gs3_pool_opts){.worker_count = 2});
    for (unsigned i = 0; i <= 20; i++) {
        struct gs3_item *item = new_item(&bench, GS3_OPERATION_MOVE, i);
        if (i == 7)
            item->permit = NULL;
        gs3_engine_add(bench.engine, item);
    }
    drain(&bench);
    assert_int_equal(bench.ok, 18);
    assert_int_equal(bench.failed, 3);
    for (unsigned i = 0; i < 20; i++) {
        bool is_kept = i == 3 || i == 7;
        assert_int_equal(has(&bench, "other", "s", i), is_kept);
        assert_int_equal(has(&bench, "bucket", "d", i), !is_kept);
    }
    bench_release(&bench);
}

/* Freed with items inside: they end or are withheld, and nothing hangs or leaks. */
static void gs3_engine_free_with_items_inside(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    put_sources(&bench, 200);
    bench.depot.yields = 5;
    bench_start(&bench, (struct gs3_pool_opts){.maximum_concurrency = 5});
    for (unsigned i = 0; i < 200; i++)
        gs3_engine_add(bench.engine, new_item(&bench, GS3_OPERATION_MOVE, i));
    for (int i = 0; i < 5; i++)
        gs3_http_turn(bench.owner, 1);
    gs3_engine_free(bench.engine);
    bench.engine = NULL;
    for (unsigned i = 0; i < 200; i++)
        assert_true(has(&bench, "other", "s", i) || has(&bench, "bucket", "d", i));
    bench_release(&bench);
}

static enum depot_fault no_part(void *context, const struct gs3_s3_request *request,
                                unsigned number)
{
    return request->op == GS3_S3_UPLOAD_PART && number == *(const unsigned *)context ? DEPOT_REFUSE
                                                                                     : DEPOT_WELL;
}

/* Large files beside small objects: their parts run on all workers, and a part that fails ends its
 * file alone. */
static void gs3_engine_of_large_and_small_objects(void **state)
{
    (void)state;
    for (unsigned fails_at = 0; fails_at <= 9; fails_at += 9) {
        struct bench bench;
        char path[] = "/tmp/gs3-test-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)100 << 20), 0);
        close(fd);
        bench_init(&bench);
        put_sources(&bench, 40);
        bench.plan.part_bytes = 5U << 20;
        if (fails_at > 0) {
            bench.depot.judge = no_part;
            bench.depot.context = &fails_at;
        }
        bench_start(&bench, (struct gs3_pool_opts){.worker_count = 3, .maximum_concurrency = 8});
        for (unsigned i = 0; i < 40; i++) {
            struct gs3_item *item = new_item(&bench, GS3_OPERATION_COPY, i);
            if (i % 13 == 0) {
                item->plan.direction = GS3_UPLOAD;
                gs3_location_release(&item->plan.source);
                item->plan.source =
                    (struct gs3_location){.kind = GS3_LOCATION_LOCAL, .path = gs3_xstrdup(path)};
            }
            gs3_engine_add(bench.engine, item);
        }
        drain(&bench);
        assert_int_equal(bench.failed, fails_at > 0 ? 1 : 0);
        assert_int_equal(bench.ok, 40 - bench.failed);
        assert_int_equal(depot_open_uploads(&bench.depot), 0);
        assert_in_range(bench.depot.most_under_way, 1, 8 + 4); /* waiting files end beside others */
        struct gs3_engine_state look;
        gs3_engine_look(bench.engine, &look);
        if (fails_at == 0)
            assert_int_equal(look.moved_bytes, 36 * 10 + 4 * (UINT64_C(100) << 20));
        bench_release(&bench);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_engine_take_gives_every_item_back),
        cmocka_unit_test(gs3_engine_keeps_to_the_concurrency),
        cmocka_unit_test(gs3_engine_has_room_is_bounded),
        cmocka_unit_test(gs3_engine_stop_withholds_what_has_not_begun),
        cmocka_unit_test(gs3_engine_after_a_signal_starts_nothing),
        cmocka_unit_test(gs3_engine_deletes_in_batches),
        cmocka_unit_test(gs3_engine_deletes_a_full_batch_at_once),
        cmocka_unit_test(gs3_engine_deletes_after_a_while_beside_a_slow_object),
        cmocka_unit_test(gs3_engine_reports_sources_that_survive),
        cmocka_unit_test(gs3_engine_deletes_one_by_one_where_the_policy_says_so),
        cmocka_unit_test(gs3_engine_of_items_that_fail_goes_on),
        cmocka_unit_test(gs3_engine_free_with_items_inside),
        cmocka_unit_test(gs3_engine_of_large_and_small_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
