/* transfer: whatever goes wrong at whatever call, nothing is lost and nothing ungoverned is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "fake_store.h"
#include "policy/load.h"
#include "policy/permit_make.h"
#include "transfer/transfer.h"

static const char content[] = "the only copy";

static const char policy_text[] =
    "apiVersion: gs3/v1\n"
    "serial: 1\n"
    "ticket_systems:\n"
    "  cab:\n"
    "    type: servicenow\n"
    "    url: https://acme.service-now.com\n"
    "    tables: [change_request]\n"
    "    credentials: {username: {env: SN_USERNAME}, password: {env: SN_PASSWORD}}\n"
    "environments:\n"
    "  production:\n"
    "    match: [{bucket: bucket}]\n"
    "    governance_level: high\n"
    "    ticket_for: [read, write, delete]\n"
    "    tickets:\n"
    "      - name: change-request\n"
    "        system: cab\n"
    "        pattern: \"^CHG[0-9]{7}$\"\n"
    "        approval: [approved]\n"
    "        metadata_key: change-request-id\n";

struct world {
    struct gs3_policy *policy;
    struct gs3_permit *permit;
    struct fake_store store;
    char directory[32];
    char *file;
};

static void world_init(struct world *world)
{
    struct gs3_err err = GS3_ERR_INIT;
    world->policy = gs3_policy_parse("p", policy_text, sizeof policy_text - 1, false, &err);
    if (!world->policy)
        fail_msg("%s", err.message);
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "change-request-id", "CHG0030001");
    gs3_pairs_add(&metadata, "purpose", "r\xC3\xA9sum\xC3\xA9");
    struct gs3_grant grant = {
        .policy = world->policy,
        .environment = &world->policy->environments[0],
        .actions = GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE,
    };
    world->permit = gs3_permit_new(&grant, 1, &metadata);
    fake_store_init(&world->store);
    snprintf(world->directory, sizeof world->directory, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    world->file = gs3_xasprintf("%s/file.json", world->directory);
}

static void world_release(struct world *world)
{
    fake_store_release(&world->store);
    gs3_permit_free(world->permit);
    gs3_policy_free(world->policy);
    unlink(world->file);
    free(world->file);
    assert_int_equal(rmdir(world->directory), 0); /* no temporary file stays behind */
}

static void write_file(const char *path)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static bool file_has_content(const char *path)
{
    char text[64] = "";
    gs3_auto_fclose FILE *file = fopen(path, "re");
    return file && fgets(text, sizeof text, file) && strcmp(text, content) == 0;
}

static void put_source(struct world *world)
{
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "color", "blue");
    gs3_pairs_add(&metadata, "change-request-id", "CHG0000001");
    gs3_pairs_add(&metadata, "Approval-Status", "approved");
    gs3_pairs_add(&metadata, "gs3-decision", "0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee");
    struct fake_object *source =
        fake_store_put(&world->store, "bucket", "source", content, &metadata);
    source->properties.content_type = gs3_xstrdup("text/plain");
    source->properties.cache_control = gs3_xstrdup("max-age=60");
    gs3_pairs_add(&source->tags, "Team", "a");
    world->store.source_key = "source";
}

/* Plans and runs; returns the status and leaves the report's in *status. */
static int run(struct world *world, enum gs3_operation operation, const char *from, const char *to,
               const struct gs3_plan_opts *opts, enum gs3_report_status *status,
               struct gs3_err *err)
{
    struct gs3_location source, destination;
    struct gs3_plan plan;
    static const struct gs3_plan_opts none;
    assert_int_equal(gs3_location_parse(from, &source, err), 0);
    assert_int_equal(gs3_location_parse(to, &destination, err), 0);
    int failed = gs3_plan_init(&plan, operation, &source, &destination, opts ? opts : &none, err) ||
                 gs3_plan_look(&plan, &world->store.transport, err);
    *status = GS3_REPORT_FAILED;
    if (!failed) {
        struct gs3_report report;
        const struct gs3_lane lane = {.destination = &world->store.transport,
                                      .source = &world->store.transport};
        struct gs3_transfer transfer = {.is_custom = world->store.ignores_if_none_match};
        failed = gs3_transfer_object(&transfer, &lane, world->permit, &plan, &report, err);
        *status = report.status;
        gs3_report_release(&report);
    }
    gs3_plan_release(&plan, &world->store.transport);
    return failed ? -1 : 0;
}

static void assert_governed(const struct fake_object *object)
{
    assert_non_null(object);
    assert_string_equal(object->content, content);
    assert_string_equal(gs3_pairs_get(&object->metadata, "change-request-id"), "CHG0030001");
    assert_non_null(
        gs3_str_has_prefix(gs3_pairs_get(&object->metadata, "purpose"), "=?UTF-8?") ? "" : NULL);
}

static void gs3_transfer_object_copy_merges_metadata_and_keeps_properties(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    gs3_auto_pairs struct gs3_pairs mine = GS3_PAIRS_INIT;
    gs3_pairs_add(&mine, "Color", "red");
    struct gs3_s3_properties properties = {.cache_control = gs3_xstrdup("no-store")};
    struct gs3_plan_opts opts = {.metadata = &mine, .properties = &properties};
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", "s3://bucket/dest",
                         &opts, &status, &err),
                     0);
    struct fake_object *object = fake_store_find(&world.store, "bucket", "dest");
    assert_governed(object);
    assert_string_equal(gs3_pairs_get(&object->metadata, "color"), "red");
    assert_null(gs3_pairs_get(&object->metadata, "approval-status"));
    assert_string_equal(gs3_pairs_get(&object->metadata, "gs3-previous"),
                        "0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee");
    assert_int_equal(object->metadata.count, 4);
    assert_string_equal(object->properties.content_type, "text/plain");
    assert_string_equal(object->properties.cache_control, "no-store");
    assert_non_null(fake_store_find(&world.store, "bucket", "source"));
    gs3_s3_properties_release(&properties);
    world_release(&world);
}

static void gs3_transfer_object_move_up_deletes_only_after_the_read_back(void **state)
{
    (void)state;
    for (int fault = FAKE_NO_FAULT; fault < FAKE_FAULT_COUNT; fault++) {
        for (unsigned at = 1; at <= 3; at++) {
            struct world world;
            world_init(&world);
            write_file(world.file);
            world.store.fault = (enum fake_fault)fault;
            world.store.fault_at = at;
            world.store.destination_key = "dest";
            enum gs3_report_status status;
            struct gs3_err err = GS3_ERR_INIT;
            int failed = run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest", NULL,
                             &status, &err);
            if (failed || status != GS3_REPORT_OK) {
                assert_true(file_has_content(world.file));
            } else {
                assert_int_not_equal(access(world.file, F_OK), 0);
                assert_governed(fake_store_find(&world.store, "bucket", "dest"));
            }
            /* Faults of the read-back that must not be overlooked. */
            if (at == 2 && fault != FAKE_NO_FAULT && fault != FAKE_SOURCE_REPLACED &&
                fault != FAKE_SOURCE_GONE)
                assert_int_equal(failed, -1);
            if (fault == FAKE_NO_FAULT)
                assert_int_equal(failed, 0);
            world_release(&world);
        }
    }
}

static void check_move_across(enum fake_fault fault, unsigned at, bool no_conditions)
{
    struct world world;
    world_init(&world);
    put_source(&world);
    world.store.fault = fault;
    world.store.fault_at = at;
    world.store.destination_key = "dest";
    world.store.has_no_conditional_delete = no_conditions;
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    int failed = run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", "s3://bucket/dest", NULL,
                     &status, &err);
    struct fake_object *source = fake_store_find(&world.store, "bucket", "source");
    struct fake_object *object = fake_store_find(&world.store, "bucket", "dest");
    if (!source && fault != FAKE_SOURCE_GONE) {
        /* Gone by our hand: then the destination is whole, even when the delete's answer was lost.
         */
        assert_governed(object);
        assert_string_equal(gs3_pairs_get(&object->tags, "Team"), "a");
        /* And no line says that it is still there: it is looked for. */
        assert_null(strstr(err.message, "source is kept"));
        assert_int_equal(failed, 0);
    }
    if (failed && source && fault != FAKE_SOURCE_REPLACED)
        assert_string_equal(source->content, content);
    if (fault == FAKE_SOURCE_REPLACED && at > 1 && at <= 6) {
        /* A write by someone else between our look and our delete survives. */
        assert_int_equal(failed, -1);
        assert_non_null(source);
        assert_string_equal(source->content, "someone else's");
    }
    if (fault == FAKE_NO_FAULT) {
        assert_int_equal(failed, 0);
        assert_null(source);
    }
    world_release(&world);
}

static void gs3_transfer_object_move_across_never_loses_the_object(void **state)
{
    (void)state;
    /* HEAD, COPY, HEAD destination, tags of both, HEAD source, DELETE: seven calls. */
    for (int fault = FAKE_NO_FAULT; fault < FAKE_FAULT_COUNT; fault++) {
        for (unsigned at = 1; at <= 8; at++) {
            /* A destination that someone deletes after the read-back is their doing. */
            if (fault == FAKE_DESTINATION_GONE && at > 3)
                continue;
            /* Replaced before anyone looked: then that is what is moved. */
            if (fault == FAKE_SOURCE_REPLACED && at == 1)
                continue;
            check_move_across((enum fake_fault)fault, at, false);
            /* Without a conditional delete the last instant cannot be covered. */
            if (fault != FAKE_SOURCE_REPLACED)
                check_move_across((enum fake_fault)fault, at, true);
        }
    }
}

static void gs3_transfer_object_move_down_never_loses_the_object(void **state)
{
    (void)state;
    for (int fault = FAKE_NO_FAULT; fault < FAKE_FAULT_COUNT; fault++) {
        for (unsigned at = 1; at <= 4; at++) {
            if (fault == FAKE_SOURCE_REPLACED && at == 1)
                continue;
            struct world world;
            world_init(&world);
            put_source(&world);
            world.store.fault = (enum fake_fault)fault;
            world.store.fault_at = at;
            enum gs3_report_status status;
            struct gs3_err err = GS3_ERR_INIT;
            int failed = run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", world.file, NULL,
                             &status, &err);
            struct fake_object *source = fake_store_find(&world.store, "bucket", "source");
            if (!source && fault != FAKE_SOURCE_GONE)
                assert_true(file_has_content(world.file));
            if (!failed)
                assert_true(file_has_content(world.file));
            if (fault == FAKE_SOURCE_REPLACED && at > 1) {
                assert_int_equal(failed, -1);
                assert_non_null(source);
            }
            if (fault == FAKE_NO_FAULT)
                assert_int_equal(failed, 0);
            world_release(&world);
        }
    }
}

/* A FIFO stands for every special file: /dev/null must not become a regular one. */
static void gs3_transfer_object_down_to_a_special_file_writes_into_it(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    assert_int_equal(mkfifo(world.file, 0600), 0);
    gs3_auto_close int reader = open(world.file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", world.file, NULL,
                         &status, &err),
                     0);
    char text[64] = "";
    assert_int_equal(read(reader, text, sizeof text - 1), sizeof content - 1);
    assert_string_equal(text, content);
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", world.file, NULL,
                         &status, &err),
                     -1);
    assert_int_equal(err.class, GS3_EFAIL);
    assert_non_null(fake_store_find(&world.store, "bucket", "source"));
    struct stat info;
    assert_int_equal(stat(world.file, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    world_release(&world);
}

static void gs3_local_target_takes_no_more_than_the_objects_length(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    struct gs3_local_target target;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_local_target_open(world.file, 3, &target, &err), 0);
    assert_int_equal(target.sink.write(target.sink.context, "ab", 2, &err), 0);
    assert_int_equal(target.sink.write(target.sink.context, "cd", 2, &err), -1);
    assert_int_equal(err.class, GS3_EFAIL);
    assert_int_equal(target.written_bytes, 2);
    assert_int_equal(target.sink.reset(target.sink.context, &err), 0);
    assert_int_equal(target.sink.write(target.sink.context, "abc", 3, &err), 0);
    gs3_local_target_release(&target);
    world_release(&world);
}

static void gs3_transfer_object_no_overwrite_keeps_both_ends(void **state)
{
    (void)state;
    for (int ignores = 0; ignores < 2; ignores++) {
        struct world world;
        world_init(&world);
        put_source(&world);
        world.store.ignores_if_none_match = ignores != 0;
        fake_store_put(&world.store, "bucket", "dest", "there first", NULL);
        write_file(world.file);
        struct gs3_plan_opts opts = {.no_overwrite = true};
        enum gs3_report_status status;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", "s3://bucket/dest",
                             &opts, &status, &err),
                         0);
        assert_int_equal(status, GS3_REPORT_SKIPPED);
        assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest", &opts,
                             &status, &err),
                         0);
        assert_int_equal(status, GS3_REPORT_SKIPPED);
        assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", world.file, &opts,
                             &status, &err),
                         0);
        assert_int_equal(status, GS3_REPORT_SKIPPED);
        assert_string_equal(fake_store_find(&world.store, "bucket", "dest")->content,
                            "there first");
        assert_non_null(fake_store_find(&world.store, "bucket", "source"));
        assert_true(file_has_content(world.file));
        world_release(&world);
    }
}

static void gs3_transfer_object_tags_that_a_copy_dropped_are_set(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    world.store.drops_tags_on_copy = true;
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", "s3://bucket/dest", NULL,
                         &status, &err),
                     0);
    struct fake_object *object = fake_store_find(&world.store, "bucket", "dest");
    assert_string_equal(gs3_pairs_get(&object->tags, "Team"), "a");
    world_release(&world);
}

/* What the policy injects goes over what the source carries, in any case, and the rest of it rides
 * along as before. */
static void gs3_transfer_object_injects_the_permits_tags(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    write_file(world.file);
    gs3_auto_pairs struct gs3_pairs injected = GS3_PAIRS_INIT, mine = GS3_PAIRS_INIT;
    gs3_pairs_add(&injected, "change-request-id", "CHG0030001");
    gs3_pairs_add(&mine, "Mine", "1");
    gs3_permit_set_tags(world.permit, &injected);
    gs3_pairs_add(&fake_store_find(&world.store, "bucket", "source")->tags, "Change-Request-Id",
                  "CHG0000001");
    const struct gs3_plan_opts with_mine = {.tags = &mine};
    const struct {
        const char *from;
        const struct gs3_plan_opts *opts;
        const char *key;
        size_t count;
    } cases[] = {
        {world.file, NULL, NULL, 1},
        {world.file, &with_mine, "Mine", 2},
        {"s3://bucket/source", NULL, "Team", 2},
        {"s3://bucket/source", &with_mine, "Mine", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum gs3_report_status status;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(run(&world, GS3_OPERATION_COPY, cases[i].from, "s3://bucket/dest",
                             cases[i].opts, &status, &err),
                         0);
        struct fake_object *object = fake_store_find(&world.store, "bucket", "dest");
        assert_string_equal(gs3_pairs_get(&object->tags, "change-request-id"), "CHG0030001");
        assert_int_equal(object->tags.count, cases[i].count);
        if (cases[i].key)
            assert_true(gs3_pairs_has(&object->tags, cases[i].key));
    }
    world_release(&world);
}

static void gs3_transfer_object_with_too_many_tags_fails_before_it_is_copied(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    gs3_auto_pairs struct gs3_pairs injected = GS3_PAIRS_INIT;
    gs3_pairs_add(&injected, "change-request-id", "CHG0030001");
    gs3_permit_set_tags(world.permit, &injected);
    struct fake_object *source = fake_store_find(&world.store, "bucket", "source");
    for (int i = 0; i < 9; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        gs3_pairs_add(&source->tags, name, "x");
    }
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", "s3://bucket/dest", NULL,
                         &status, &err),
                     -1);
    assert_non_null(strstr(err.message, "11 together, an object has at most 10"));
    assert_null(fake_store_find(&world.store, "bucket", "dest"));
    assert_non_null(fake_store_find(&world.store, "bucket", "source"));
    world_release(&world);
}

static void gs3_transfer_object_metadata_that_cannot_be_read_is_not_dropped(void **state)
{
    (void)state;
    static const enum gs3_operation operations[] = {GS3_OPERATION_COPY, GS3_OPERATION_MOVE};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        struct world world;
        world_init(&world);
        put_source(&world);
        world.store.fault = FAKE_MISSING_META;
        world.store.fault_at = 1;
        enum gs3_report_status status;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(run(&world, operations[i], "s3://bucket/source", "s3://bucket/dest", NULL,
                             &status, &err),
                         -1);
        assert_non_null(strstr(err.message, "x-amz-missing-meta"));
        assert_int_equal(world.store.calls, 1);
        assert_null(fake_store_find(&world.store, "bucket", "dest"));
        world_release(&world);
    }
}

static void gs3_transfer_object_without_permit_sends_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    write_file(world.file);
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://other/dest", NULL, &status,
                         &err),
                     -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    gs3_permit_free(world.permit);
    world.permit = NULL;
    assert_int_equal(run(&world, GS3_OPERATION_COPY, world.file, "s3://bucket/dest", NULL, &status,
                         &err),
                     -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    struct gs3_grant read_only = {.policy = world.policy,
                                  .environment = &world.policy->environments[0],
                                  .actions = GS3_ACTION_READ};
    static const struct gs3_pairs none;
    world.permit = gs3_permit_new(&read_only, 1, &none);
    assert_int_equal(run(&world, GS3_OPERATION_COPY, world.file, "s3://bucket/dest", NULL, &status,
                         &err),
                     -1);
    assert_int_equal(world.store.calls, 0);
    assert_int_equal(world.store.object_count, 0);
    assert_true(file_has_content(world.file));
    world_release(&world);
}

static void gs3_transfer_object_dryrun_only_looks(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world);
    struct gs3_plan_opts opts = {.is_dryrun = true};
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", "s3://bucket/dest",
                         &opts, &status, &err),
                     0);
    assert_int_equal(status, GS3_REPORT_PLANNED);
    assert_int_equal(world.store.calls, 1);
    assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_HEAD_OBJECT), 1);
    world_release(&world);
}

static void gs3_plan_init_refuses_a_move_onto_itself(void **state)
{
    (void)state;
    static const char *const spellings[][2] = {{"s3://bucket/p/x", "s3://bucket/p/x"},
                                               {"s3://bucket/p/x", "s3://bucket/p/"},
                                               {"s3://bucket/x", "s3://bucket"},
                                               {"s3://bucket/x", "s3://bucket/"}};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        struct gs3_location source, destination;
        struct gs3_plan plan;
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_plan_opts opts = {.no_overwrite = false};
        assert_int_equal(gs3_location_parse(spellings[i][0], &source, &err), 0);
        assert_int_equal(gs3_location_parse(spellings[i][1], &destination, &err), 0);
        assert_int_equal(gs3_plan_init(&plan, GS3_OPERATION_MOVE, &source, &destination, &opts,
                                       &err),
                         -1);
        assert_int_equal(err.class, GS3_EUSAGE);
        gs3_plan_release(&plan, NULL);
    }
}

static void gs3_transfer_object_metadata_over_2_kb_sends_nothing(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    write_file(world.file);
    char long_value[2000];
    memset(long_value, 'x', sizeof long_value - 1);
    long_value[sizeof long_value - 1] = '\0';
    gs3_auto_pairs struct gs3_pairs mine = GS3_PAIRS_INIT;
    gs3_pairs_add(&mine, "k", long_value);
    struct gs3_plan_opts opts = {.metadata = &mine};
    enum gs3_report_status status;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest", &opts, &status,
                         &err),
                     -1);
    assert_int_equal(err.class, GS3_EFAIL);
    assert_int_equal(world.store.calls, 0);
    assert_true(file_has_content(world.file));
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_transfer_object_copy_merges_metadata_and_keeps_properties),
        cmocka_unit_test(gs3_transfer_object_move_up_deletes_only_after_the_read_back),
        cmocka_unit_test(gs3_transfer_object_move_across_never_loses_the_object),
        cmocka_unit_test(gs3_transfer_object_move_down_never_loses_the_object),
        cmocka_unit_test(gs3_transfer_object_down_to_a_special_file_writes_into_it),
        cmocka_unit_test(gs3_local_target_takes_no_more_than_the_objects_length),
        cmocka_unit_test(gs3_transfer_object_no_overwrite_keeps_both_ends),
        cmocka_unit_test(gs3_transfer_object_tags_that_a_copy_dropped_are_set),
        cmocka_unit_test(gs3_transfer_object_injects_the_permits_tags),
        cmocka_unit_test(gs3_transfer_object_with_too_many_tags_fails_before_it_is_copied),
        cmocka_unit_test(gs3_transfer_object_metadata_that_cannot_be_read_is_not_dropped),
        cmocka_unit_test(gs3_transfer_object_without_permit_sends_nothing),
        cmocka_unit_test(gs3_transfer_object_dryrun_only_looks),
        cmocka_unit_test(gs3_plan_init_refuses_a_move_onto_itself),
        cmocka_unit_test(gs3_transfer_object_metadata_over_2_kb_sends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
