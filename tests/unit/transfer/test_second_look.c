/* transfer/second_look: a listing only ever says "the same", and nobody pays for it twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "depot.h"
#include "transfer/second_look.h"

enum { SOURCES = 40 };

struct scene {
    struct depot depot;
    struct gs3_lane lane;
    struct gs3_plan plans[SOURCES];
    struct gs3_delete deletes[SOURCES];
    const char *suffix; /* of the keys, behind a number */
    unsigned page_size;
};

/* The last first: a batch comes in the order in which moves ended. */
static char *key_of(const struct scene *scene, size_t i)
{
    return gs3_xasprintf("s/%04zu%s", SOURCES - 1 - i, scene->suffix);
}

static void look_first(struct scene *scene)
{
    for (size_t i = 0; i < SOURCES; i++) {
        struct gs3_err err = GS3_ERR_INIT;
        scene->plans[i] = (struct gs3_plan){
            .operation = GS3_OPERATION_MOVE,
            .direction = GS3_COPY,
            .source = {.kind = GS3_LOCATION_S3,
                       .bucket = gs3_xstrdup("bucket"),
                       .key = key_of(scene, i)},
            .local = {.fd = -1},
        };
        depot_put(&scene->depot, "bucket", scene->plans[i].source.key, 10);
        assert_int_equal(gs3_plan_look(&scene->plans[i], scene->lane.source, &err), 0);
        scene->deletes[i].plan = &scene->plans[i];
    }
    memset(scene->depot.counts, 0, sizeof scene->depot.counts);
}

static void scene_init(struct scene *scene, const char *suffix)
{
    memset(scene, 0, sizeof *scene);
    scene->suffix = suffix;
    depot_init(&scene->depot);
    scene->depot.date_s = DEPOT_WRITTEN_S + 2;
    scene->lane.source = scene->lane.destination = depot_connect(&scene->depot, NULL);
}

static void scene_release(struct scene *scene)
{
    for (size_t i = 0; i < SOURCES; i++)
        gs3_plan_release(&scene->plans[i], NULL);
    gs3_s3_transport_free(scene->lane.source);
    depot_release(&scene->depot);
}

static void look_again(struct scene *scene, size_t count)
{
    const struct gs3_source_listing listing = {.prefix = "s/", .page_size = scene->page_size};
    gs3_second_look(NULL, &scene->lane, &listing, scene->deletes, count);
}

static struct depot_object *object_of(struct scene *scene, size_t i)
{
    return depot_find(&scene->depot, "bucket", scene->plans[i].source.key);
}

static void expect_same(const struct scene *scene, size_t but)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (scene->deletes[i].is_same != (i != but))
            fail_msg("source %zu", i);
}

static void expect_calls(const struct scene *scene, unsigned listings, unsigned heads)
{
    assert_int_equal(scene->depot.counts[GS3_S3_LIST_OBJECTS], listings);
    assert_int_equal(scene->depot.counts[GS3_S3_HEAD_OBJECT], heads);
}

static void gs3_second_look_of_many_is_one_page(void **state)
{
    (void)state;
    /* What the last character is decides where the page is made to begin. */
    static const char *const suffixes[] = {"s/%04u",         "s/%04u/", "s/%04u.txt",
                                           "s/%04u\xC3\xA9", "s/%04u ", "s/%04u\xF0\x9F\x93\xA6"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        struct scene scene;
        scene_init(&scene, suffixes[i]);
        look_first(&scene);
        look_again(&scene, SOURCES);
        expect_same(&scene, SOURCES);
        expect_calls(&scene, 1, 0);
        assert_string_equal(scene.depot.prefix, "s/");
        scene_release(&scene);
    }
}

static void gs3_second_look_goes_on_page_after_page(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "");
    look_first(&scene);
    scene.page_size = 20;
    look_again(&scene, SOURCES);
    expect_same(&scene, SOURCES);
    expect_calls(&scene, 2, 0);
    scene_release(&scene);
}

/* Few, or few among many others: HEAD is the shorter way. */
static void gs3_second_look_lists_only_where_it_pays(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "");
    look_first(&scene);
    look_again(&scene, 15);
    expect_calls(&scene, 0, 15);
    scene_release(&scene);

    scene_init(&scene, "");
    look_first(&scene);
    for (unsigned i = 0; i < SOURCES; i++)
        for (unsigned j = 0; j < 3; j++) {
            char key[32];
            snprintf(key, sizeof key, "s/%04u-%u", i, j);
            depot_put(&scene.depot, "bucket", key, 10);
        }
    scene.page_size = 40;
    look_again(&scene, SOURCES);
    expect_same(&scene, SOURCES);
    expect_calls(&scene, 1, SOURCES - 10);
    scene_release(&scene);
}

/* Each of what a HEAD tells; what differs is looked at by one, which says it. */
static void gs3_second_look_sees_each_difference(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct scene scene;
        scene_init(&scene, "");
        look_first(&scene);
        struct depot_object *object = object_of(&scene, 7);
        if (what == 0)
            memcpy(object->etag, "\"theirs", 7);
        else if (what == 1)
            object->size_bytes++;
        else if (what == 2)
            object->last_modified_s++;
        else
            object->last_modified_s--; /* what lay below it is back */
        look_again(&scene, SOURCES);
        expect_same(&scene, 7);
        assert_int_equal(scene.deletes[7].failed, -1);
        assert_non_null(strstr(scene.deletes[7].err.message,
                               "the source is kept: s3://bucket/s/0032 changed while"));
        expect_calls(&scene, 1, 1);
        scene_release(&scene);
    }
}

static void gs3_second_look_of_what_is_gone_is_done(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "");
    look_first(&scene);
    object_of(&scene, 7)->key[0] = 'x';
    look_again(&scene, SOURCES);
    expect_same(&scene, 7);
    assert_int_equal(scene.deletes[7].failed, 0);
    expect_calls(&scene, 1, 1);
    scene_release(&scene);
}

/* Written in the second in which it was looked at, by whoever wrote the same: only the version
 * tells. Of an older one the second tells as well. */
static void gs3_second_look_knows_versions(void **state)
{
    (void)state;
    for (int age = 0; age < 4; age++) {
        struct scene scene;
        bool is_young = age < 2;
        scene_init(&scene, "");
        scene.depot.has_versions = true;
        scene.depot.date_s = DEPOT_WRITTEN_S + age;
        look_first(&scene);
        if (is_young)
            object_of(&scene, 7)->version = 1000;
        else
            object_of(&scene, 7)->last_modified_s = scene.depot.date_s;
        look_again(&scene, SOURCES);
        expect_same(&scene, 7);
        assert_int_equal(scene.deletes[7].failed, -1);
        expect_calls(&scene, is_young ? 0 : 1, is_young ? SOURCES : 1);
        scene_release(&scene);
    }
}

static enum depot_fault no_listing(void *context, const struct gs3_s3_request *request,
                                   unsigned number)
{
    (void)number;
    return request->op == GS3_S3_LIST_OBJECTS ? *(const enum depot_fault *)context : DEPOT_WELL;
}

/* Refused, broken, without order, of what has no date: HEADs do it. */
static void gs3_second_look_without_a_listing_asks_each(void **state)
{
    (void)state;
    static const enum depot_fault faults[] = {DEPOT_REFUSE, DEPOT_FAIL, DEPOT_BREAK, DEPOT_LOSE};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct scene scene;
        enum depot_fault fault = faults[i];
        scene_init(&scene, "");
        look_first(&scene);
        scene.depot.judge = no_listing;
        scene.depot.context = &fault;
        look_again(&scene, SOURCES);
        expect_same(&scene, SOURCES);
        expect_calls(&scene, 1, SOURCES);
        scene_release(&scene);
    }
    struct scene scene;
    scene_init(&scene, "");
    look_first(&scene);
    scene.depot.lists_backwards = true;
    look_again(&scene, SOURCES);
    expect_same(&scene, SOURCES);
    expect_calls(&scene, 1, SOURCES - 1);
    scene_release(&scene);

    scene_init(&scene, "");
    look_first(&scene);
    for (size_t i = 0; i < SOURCES; i++)
        scene.plans[i].head.last_modified_s = -1;
    look_again(&scene, SOURCES);
    expect_same(&scene, SOURCES);
    expect_calls(&scene, 0, SOURCES);
    scene_release(&scene);
}

static void gs3_second_look_of_no_listing_asks_each(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene, "");
    look_first(&scene);
    gs3_second_look(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
    expect_same(&scene, SOURCES);
    expect_calls(&scene, 0, SOURCES);
    scene_release(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_second_look_of_many_is_one_page),
        cmocka_unit_test(gs3_second_look_goes_on_page_after_page),
        cmocka_unit_test(gs3_second_look_lists_only_where_it_pays),
        cmocka_unit_test(gs3_second_look_sees_each_difference),
        cmocka_unit_test(gs3_second_look_of_what_is_gone_is_done),
        cmocka_unit_test(gs3_second_look_knows_versions),
        cmocka_unit_test(gs3_second_look_without_a_listing_asks_each),
        cmocka_unit_test(gs3_second_look_of_no_listing_asks_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
