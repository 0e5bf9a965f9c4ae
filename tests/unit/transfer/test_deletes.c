/* transfer/deletes: a source goes only while it is what was moved, and no line says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "depot.h"
#include "transfer/deletes.h"

enum { SOURCES = 5 };

struct scene {
    struct depot depot, far; /* the destination's store is another one */
    struct gs3_lane lane;
    struct gs3_plan plans[SOURCES];
    struct gs3_delete deletes[SOURCES];
    char keys[SOURCES][16];
    unsigned goes_at; /* the look or single delete before which k0 goes; 0: none */
};

static void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    depot_init(&scene->depot);
    depot_init(&scene->far);
    scene->lane.source = depot_connect(&scene->depot, NULL);
    scene->lane.destination = depot_connect(&scene->far, NULL);
    for (size_t i = 0; i < SOURCES; i++) {
        snprintf(scene->keys[i], sizeof scene->keys[i], "k%zu", i);
        depot_put(&scene->depot, "bucket", scene->keys[i], 10);
        scene->plans[i] = (struct gs3_plan){
            .operation = GS3_OPERATION_MOVE,
            .direction = GS3_COPY,
            .source = {.kind = GS3_LOCATION_S3,
                       .bucket = gs3_xstrdup("bucket"),
                       .key = gs3_xstrdup(scene->keys[i])},
            .local = {.fd = -1},
        };
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(gs3_plan_look(&scene->plans[i], scene->lane.source, &err), 0);
        scene->deletes[i].plan = &scene->plans[i];
    }
    memset(scene->depot.counts, 0, sizeof scene->depot.counts);
}

static void scene_release(struct scene *scene)
{
    for (size_t i = 0; i < SOURCES; i++)
        gs3_plan_release(&scene->plans[i], NULL);
    gs3_s3_transport_free(scene->lane.source);
    gs3_s3_transport_free(scene->lane.destination);
    depot_release(&scene->depot);
    depot_release(&scene->far);
}

static bool is_there(struct scene *scene, size_t i)
{
    return depot_find(&scene->depot, "bucket", scene->keys[i]) != NULL;
}

/* What the first delete, single or of a batch, meets. */
static enum depot_fault at_first(void *context, const struct gs3_s3_request *request,
                                 unsigned number)
{
    bool is_delete = request->op == GS3_S3_DELETE_OBJECT || request->op == GS3_S3_DELETE_OBJECTS;
    return is_delete && number == 1 ? *(const enum depot_fault *)context : DEPOT_WELL;
}

struct from {
    enum depot_fault fault;
    unsigned calls; /* that go well */
};

static enum depot_fault from_then_on(void *context, const struct gs3_s3_request *request,
                                     unsigned number)
{
    struct from *from = context;
    (void)request;
    (void)number;
    if (from->calls == 0)
        return from->fault;
    from->calls--;
    return DEPOT_WELL;
}

static void expect_kept(const struct gs3_delete *one, const char *text)
{
    assert_int_equal(one->failed, -1);
    if (!strstr(one->err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, one->err.message);
}

static void gs3_delete_sources_is_one_request(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
    for (size_t i = 0; i < SOURCES; i++) {
        assert_int_equal(scene.deletes[i].failed, 0);
        assert_false(is_there(&scene, i));
    }
    assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECTS], 1);
    assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECT], 0);
    assert_int_equal(scene.depot.counts[GS3_S3_HEAD_OBJECT], SOURCES); /* the second look */
    scene_release(&scene);
}

/* Somebody writes a source between the second look and the batch, which meets `fault`. */
struct meanwhile {
    struct depot *depot;
    const char *key;
    enum depot_fault fault;
};

static enum depot_fault write_meanwhile(void *context, const struct gs3_s3_request *request,
                                        unsigned number)
{
    const struct meanwhile *meanwhile = context;
    (void)number;
    if (request->op != GS3_S3_DELETE_OBJECTS)
        return DEPOT_WELL;
    memcpy(depot_find(meanwhile->depot, "bucket", meanwhile->key)->etag, "\"theirs", 7);
    return meanwhile->fault;
}

/* Theirs, and it stays: written since it was moved, or since it was looked at once more. */
static void gs3_delete_sources_leaves_what_was_written_since(void **state)
{
    (void)state;
    for (int is_late = 0; is_late < 2; is_late++) {
        struct scene scene;
        scene_init(&scene);
        struct meanwhile meanwhile = {.depot = &scene.depot, .key = "k2"};
        scene.depot.context = &meanwhile;
        if (is_late)
            scene.depot.judge = write_meanwhile;
        else
            depot_put(&scene.depot, "bucket", "k2", 10);
        gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
        for (size_t i = 0; i < SOURCES; i++)
            assert_int_equal(is_there(&scene, i), i == 2);
        expect_kept(&scene.deletes[2],
                    is_late ? "the destination is complete, the source is kept: An error "
                              "occurred (PreconditionFailed) when calling the DeleteObjects"
                            : "the source is kept: s3://bucket/k2 changed while it was moved");
        assert_int_equal(scene.deletes[1].failed, 0);
        scene_release(&scene);
    }
}

/* Of a run that was killed the store may still be at work on the deletes. */
static void gs3_delete_sources_that_are_gone_is_done(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    scene.depot.object_count = 0; /* leaks nothing: put back below */
    gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
    scene.depot.object_count = SOURCES;
    for (size_t i = 0; i < SOURCES; i++)
        assert_int_equal(scene.deletes[i].failed, 0);
    assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECTS], 0);
    scene_release(&scene);
}

static void gs3_delete_sources_names_what_survives(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    enum depot_fault fault = DEPOT_PROTECT;
    scene.depot.judge = at_first;
    scene.depot.context = &fault;
    gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
    expect_kept(&scene.deletes[0], "(AccessDenied)");
    assert_int_equal(scene.deletes[0].err.class, GS3_ESERVICE);
    for (size_t i = 0; i < SOURCES; i++)
        assert_int_equal(is_there(&scene, i), i == 0);
    assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECT], 0);
    scene_release(&scene);
}

/* An error of the store's own: looked at, and deleted by itself while it is the same. */
static void gs3_delete_sources_tries_again_what_the_store_failed_at(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    enum depot_fault fault = DEPOT_STAY;
    scene.depot.judge = at_first;
    scene.depot.context = &fault;
    gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
    for (size_t i = 0; i < SOURCES; i++) {
        /* The single delete is the first of its kind: STAY means nothing to it. */
        assert_int_equal(scene.deletes[i].failed, 0);
        assert_false(is_there(&scene, i));
    }
    assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECT], 1);
    scene_release(&scene);
}

/* Failed, refused, not answered, or answered into the void: settled one by one. */
static void gs3_delete_sources_settles_a_batch_without_an_answer(void **state)
{
    (void)state;
    static const enum depot_fault faults[] = {DEPOT_FAIL, DEPOT_REFUSE, DEPOT_BREAK, DEPOT_LOSE};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct scene scene;
        scene_init(&scene);
        struct meanwhile meanwhile = {.depot = &scene.depot, .key = "k3", .fault = faults[i]};
        scene.depot.judge = write_meanwhile;
        scene.depot.context = &meanwhile;
        gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
        for (size_t j = 0; j < SOURCES; j++) {
            assert_int_equal(is_there(&scene, j), j == 3);
            assert_int_equal(scene.deletes[j].failed, j == 3 ? -1 : 0);
        }
        assert_non_null(strstr(scene.deletes[3].err.message, "kept"));
        assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECTS], 1); /* never twice */
        scene_release(&scene);
    }
}

/* Nothing can be asked any more, from the second look on or from the batch on: then nothing is
 * claimed. */
static void gs3_delete_sources_without_any_answer_claims_nothing(void **state)
{
    (void)state;
    static const struct {
        enum depot_fault fault;
        unsigned looks; /* that are answered */
        const char *text;
    } cases[] = {
        {DEPOT_INTERRUPT, 0, "the source is kept: s3://bucket/k"},
        {DEPOT_INTERRUPT, SOURCES, "whether the source was deleted is not known"},
        {DEPOT_BREAK, 0, "the source is kept: s3://bucket/k"},
        {DEPOT_BREAK, SOURCES, "whether the source was deleted is not known"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;
        scene_init(&scene);
        struct from from = {.fault = cases[i].fault, .calls = cases[i].looks};
        scene.depot.judge = from_then_on;
        scene.depot.context = &from;
        gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, SOURCES);
        for (size_t j = 0; j < SOURCES; j++) {
            expect_kept(&scene.deletes[j], cases[i].text);
            assert_int_equal(scene.deletes[j].err.class == GS3_EINTERRUPT,
                             cases[i].fault == DEPOT_INTERRUPT);
            assert_true(is_there(&scene, j));
        }
        scene_release(&scene);
    }
}

static void gs3_delete_source_settles_by_a_look(void **state)
{
    (void)state;
    static const struct {
        enum depot_fault fault;
        bool is_gone;
        const char *text; /* NULL: no failure */
    } cases[] = {
        {DEPOT_WELL, true, NULL},
        {DEPOT_LOSE, true, NULL},
        {DEPOT_BREAK, false, "the source is kept"},
        {DEPOT_FAIL, false, "the source is kept"},
        {DEPOT_REFUSE, false, "the source is kept"},
        {DEPOT_INTERRUPT, false, "the source is kept"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;
        scene_init(&scene);
        enum depot_fault fault = cases[i].fault;
        scene.depot.judge = at_first;
        scene.depot.context = &fault;
        struct gs3_delete *one = &scene.deletes[0];
        one->failed = gs3_delete_source(&scene.lane, one->plan, &one->err);
        assert_int_equal(!is_there(&scene, 0), cases[i].is_gone);
        if (cases[i].text)
            expect_kept(one, cases[i].text);
        else
            assert_int_equal(one->failed, 0);
        assert_int_equal(scene.depot.counts[GS3_S3_DELETE_OBJECT], 1);
        scene_release(&scene);
    }
}

/* Of a run that was killed the store is still at work on the deletes: a source may go at any
 * moment, between each look and its delete too. */
static enum depot_fault goes_at(void *context, const struct gs3_s3_request *request,
                                unsigned number)
{
    struct scene *scene = context;
    (void)number;
    if (request->op == GS3_S3_DELETE_OBJECTS)
        return DEPOT_STAY; /* the first one: it is looked at, and deleted by itself */
    unsigned calls =
        scene->depot.counts[GS3_S3_HEAD_OBJECT] + scene->depot.counts[GS3_S3_DELETE_OBJECT];
    if (calls == scene->goes_at)
        depot_find(&scene->depot, "bucket", "k0")->key[0] = 'x';
    return DEPOT_WELL;
}

static void gs3_delete_sources_that_go_at_any_moment_is_done(void **state)
{
    (void)state;
    for (unsigned call = 1; call <= 3; call++) {
        struct scene scene;
        scene_init(&scene);
        scene.goes_at = call;
        scene.depot.judge = goes_at;
        scene.depot.context = &scene;
        gs3_delete_sources(NULL, &scene.lane, NULL, scene.deletes, 1);
        assert_int_equal(scene.deletes[0].failed, 0);
        assert_false(is_there(&scene, 0));
        scene_release(&scene);
    }
}

/* A download's source is where a lane has its destination: --source-region is a copy's. */
static void gs3_delete_source_of_a_download_asks_the_right_store(void **state)
{
    (void)state;
    for (int many = 0; many < 2; many++) {
        struct scene scene;
        scene_init(&scene);
        struct gs3_s3_transport *swap = scene.lane.source;
        scene.lane.source = scene.lane.destination;
        scene.lane.destination = swap;
        scene.plans[0].direction = GS3_DOWNLOAD;
        struct gs3_delete *one = &scene.deletes[0];
        if (many)
            gs3_delete_sources(NULL, &scene.lane, NULL, one, 1);
        else
            one->failed = gs3_delete_source(&scene.lane, one->plan, &one->err);
        assert_int_equal(one->failed, 0);
        assert_false(is_there(&scene, 0));
        scene_release(&scene);
    }
}

static void gs3_delete_is_batchable_unless_xml_cannot_say_it(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        bool is_batchable;
    } cases[] = {
        {"a/b c&<>\"'", true},
        {"\xC3\xA9", true},
        {"a\nb", false},
        {"a\x01", false},
        {"\x1f", false},
        {"a\tb", false},
        {"a\rb", false},
        {" ", true},
        {"\x7f", true},
        {"\xEF\xBF\xBE", false},
        {"x\xEF\xBF\xBFy", false},
        {"\xEF\xBF\xBD", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct gs3_plan plan = {.source = {.key = (char *)(uintptr_t)cases[i].key}};
        if (gs3_delete_is_batchable(&plan) != cases[i].is_batchable)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_delete_sources_is_one_request),
        cmocka_unit_test(gs3_delete_sources_leaves_what_was_written_since),
        cmocka_unit_test(gs3_delete_sources_that_are_gone_is_done),
        cmocka_unit_test(gs3_delete_sources_names_what_survives),
        cmocka_unit_test(gs3_delete_sources_tries_again_what_the_store_failed_at),
        cmocka_unit_test(gs3_delete_sources_settles_a_batch_without_an_answer),
        cmocka_unit_test(gs3_delete_sources_without_any_answer_claims_nothing),
        cmocka_unit_test(gs3_delete_source_settles_by_a_look),
        cmocka_unit_test(gs3_delete_sources_that_go_at_any_moment_is_done),
        cmocka_unit_test(gs3_delete_source_of_a_download_asks_the_right_store),
        cmocka_unit_test(gs3_delete_is_batchable_unless_xml_cannot_say_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
