/* transfer/resume: an upload goes on only as what it was, and is kept only where it can go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "parts.h"

static void gs3_large_upload_resumes_with_what_is_missing(void **state)
{
    (void)state;
    for (unsigned page = 0; page < 2; page++) {
        struct world world;
        world_init(&world);
        leave_two_parts(&world);
        world.depot.page_parts = page;
        assert_int_equal(upload(&world), 0);
        assert_whole(&world, "CHG0000001");
        assert_int_equal(world.depot.counts[GS3_S3_CREATE_UPLOAD], 0);
        assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], 1);
        assert_int_equal(world.moved, OBJECT); /* what is there counts as moved */
        world_release(&world);
    }
}

/* A new decision on the same ticket goes on; the object carries what it was created with. */
static void gs3_large_upload_resumes_under_a_new_decision(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    leave_two_parts(&world);
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_copy(&metadata, gs3_permit_metadata(world.permit));
    gs3_pairs_set(&metadata, "gs3-decision", "0192ffff-bbbb-7ccc-8ddd-eeeeeeeeeeee");
    const struct gs3_grant grant = {.policy = world.policy,
                                    .environment = &world.policy->environments[0],
                                    .actions = GS3_ACTION_WRITE};
    gs3_permit_free(world.permit);
    world.permit = gs3_permit_new(&grant, 1, &metadata);
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], 1);
    assert_string_equal(gs3_pairs_get(&depot_find(&world.depot, "bucket", "big")->metadata,
                                      "gs3-decision"),
                        "0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee");
    world_release(&world);
}

/* What makes it another upload: the old one is aborted, and everything is sent. */
static void gs3_large_upload_restarts_when_something_differs(void **state)
{
    (void)state;
    enum { TICKET, FILE_CHANGED, PART_SIZE, NO_RESUME, STORAGE_CLASS, GRANTS, KEY, CASES };
    static const unsigned char first_key[32] = "1", second_key[32] = "2";
    for (int i = 0; i < CASES; i++) {
        struct world world;
        world_init(&world);
        struct gs3_s3_write_options write = {.grant_read = i == GRANTS ? "uri=all" : NULL};
        struct gs3_s3_customer_key key = {.bytes = first_key};
        world.opts.write = &write;
        world.opts.customer_key = i == KEY ? &key : NULL;
        leave_two_parts(&world);
        const char *ticket = i == TICKET ? "CHG0000002" : "CHG0000001";
        gs3_permit_free(world.permit);
        world.permit = depot_permit(world.policy, ticket);
        if (i == FILE_CHANGED) {
            const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
            assert_int_equal(utimensat(AT_FDCWD, world.file, times, 0), 0);
        }
        world.opts.part_bytes = i == PART_SIZE ? 6 * MIB : 5 * MIB;
        world.opts.resumes = i != NO_RESUME;
        write.storage_class = i == STORAGE_CLASS ? "GLACIER" : NULL;
        write.grant_read = NULL;
        key.bytes = second_key;
        if (upload(&world))
            fail_msg("case %d: %s", i, world.err.message);
        assert_whole(&world, ticket);
        if (world.depot.counts[GS3_S3_CREATE_UPLOAD] != 1)
            fail_msg("case %d went on", i);
        assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], PARTS);
        assert_int_equal(world.depot.counts[GS3_S3_ABORT_UPLOAD], 1);
        world_release(&world);
    }
}

/* Uploads of others to the same key are neither asked about nor aborted. */
static void gs3_large_upload_never_touches_unknown_uploads(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    /* Before our own, between our runs. */
    depot_begin(&world.depot, "bucket", "big");
    assert_int_equal(upload(&world), 0);
    depot_begin(&world.depot, "bucket", "big");
    struct fault fault = {GS3_S3_UPLOAD_PART, 1, true, DEPOT_FAIL};
    set_fault(&world, &fault);
    for (int resumes = 0; resumes < 2; resumes++) {
        world.opts.resumes = !resumes; /* the second run aborts what the first one left */
        assert_int_equal(upload(&world), -1);
    }
    assert_int_equal(depot_open_uploads(&world.depot), 2);
    assert_true(world.depot.uploads[0]->is_open);
    assert_true(world.depot.uploads[2]->is_open);
    assert_int_equal(world.depot.counts[GS3_S3_LIST_PARTS], 0);
    world_release(&world);
}

static void gs3_large_upload_restarts_when_the_upload_is_gone(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    leave_two_parts(&world);
    world.depot.uploads[0]->is_open = false;
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_CREATE_UPLOAD], 1);
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], PARTS);
    world_release(&world);
}

static enum depot_fault second_page_is_gone(void *context, const struct gs3_s3_request *request,
                                            unsigned number)
{
    struct world *world = context;
    if (request->op == GS3_S3_LIST_PARTS && number == 2)
        world->depot.uploads[0]->is_open = false;
    return DEPOT_WELL;
}

/* Aborted by a lifecycle rule while it is listed: its parts are nobody's any more. */
static void gs3_large_upload_restarts_when_it_goes_away_between_two_pages(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    leave_two_parts(&world);
    world.depot.page_parts = 1;
    world.depot.judge = second_page_is_gone;
    world.depot.context = &world;
    if (upload(&world))
        fail_msg("%s", world.err.message);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], PARTS);
    assert_int_equal(world.moved, OBJECT);
    world_release(&world);
}

static void gs3_large_upload_that_cannot_be_listed_fails_and_is_kept(void **state)
{
    (void)state;
    struct world world;
    struct fault fault = {GS3_S3_LIST_PARTS, 1, false, DEPOT_REFUSE};
    world_init(&world);
    leave_two_parts(&world);
    set_fault(&world, &fault);
    assert_int_equal(upload(&world), -1);
    assert_says(&world, "the upload that is to go on: ");
    assert_int_equal(depot_open_uploads(&world.depot), 1);
    assert_int_equal(count_records(&world), 1);
    set_fault(&world, NULL);
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    world_release(&world);
}

static void gs3_large_upload_sends_parts_of_another_length_again(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    leave_two_parts(&world);
    world.depot.uploads[0]->parts[1].size_bytes--;
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], 2);
    world_release(&world);
}

/* Kept without a record it would be lost: it is aborted. */
static void gs3_large_upload_whose_record_cannot_be_written_is_not_kept(void **state)
{
    (void)state;
    struct world world;
    struct fault fault = {GS3_S3_UPLOAD_PART, 3, true, DEPOT_FAIL};
    struct rlimit before, none;
    world_init(&world);
    world.opts.resumes = true;
    set_fault(&world, &fault);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int failed = upload(&world);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(failed, -1);
    assert_null(strstr(world.err.message, "kept"));
    assert_int_equal(depot_open_uploads(&world.depot), 0);
    assert_int_equal(count_records(&world), 0);
    world_release(&world);
}

/* An object that is there ends the matter: there is nothing to go on with. */
static void gs3_large_upload_onto_an_existing_object_is_skipped_and_not_kept(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.opts.resumes = world.opts.no_overwrite = true;
    depot_put(&world.depot, "bucket", "big", 7);
    assert_int_equal(upload(&world), 0);
    assert_int_equal(world.report.status, GS3_REPORT_SKIPPED);
    assert_int_equal(depot_open_uploads(&world.depot), 0);
    assert_int_equal(count_records(&world), 0);
    world_release(&world);
}

static enum depot_fault change_file(void *context, const struct gs3_s3_request *request,
                                    unsigned number)
{
    const struct world *world = context;
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    if (request->op == GS3_S3_UPLOAD_PART && number == 2)
        utimensat(AT_FDCWD, world->file, times, 0);
    return DEPOT_WELL;
}

/* Parts of two versions of a file would make an object that never was; and its record fits no later
 * run. */
static void gs3_large_upload_of_a_file_that_changes_is_aborted(void **state)
{
    (void)state;
    for (int resumes = 0; resumes < 2; resumes++) {
        struct world world;
        world_init(&world);
        world.opts.resumes = resumes;
        world.depot.judge = change_file;
        world.depot.context = &world;
        assert_int_equal(upload(&world), -1);
        assert_says(&world, "changed while it was read");
        assert_null(depot_find(&world.depot, "bucket", "big"));
        assert_int_equal(depot_open_uploads(&world.depot), 0);
        assert_int_equal(count_records(&world), 0);
        world_release(&world);
    }
}

static void gs3_large_upload_beside_another_run_keeps_no_record(void **state)
{
    (void)state;
    struct world world;
    struct gs3_state held;
    struct fault fault = {GS3_S3_UPLOAD_PART, 3, true, DEPOT_FAIL};
    world_init(&world);
    assert_int_equal(gs3_state_open(&world.states, "bucket", "big", &held, &world.err), 0);
    world.opts.resumes = true;
    set_fault(&world, &fault);
    assert_int_equal(upload(&world), -1);
    assert_int_equal(depot_open_uploads(&world.depot), 0);
    gs3_state_remove(&held);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_large_upload_resumes_with_what_is_missing),
        cmocka_unit_test(gs3_large_upload_resumes_under_a_new_decision),
        cmocka_unit_test(gs3_large_upload_restarts_when_something_differs),
        cmocka_unit_test(gs3_large_upload_never_touches_unknown_uploads),
        cmocka_unit_test(gs3_large_upload_restarts_when_the_upload_is_gone),
        cmocka_unit_test(gs3_large_upload_restarts_when_it_goes_away_between_two_pages),
        cmocka_unit_test(gs3_large_upload_that_cannot_be_listed_fails_and_is_kept),
        cmocka_unit_test(gs3_large_upload_sends_parts_of_another_length_again),
        cmocka_unit_test(gs3_large_upload_whose_record_cannot_be_written_is_not_kept),
        cmocka_unit_test(gs3_large_upload_onto_an_existing_object_is_skipped_and_not_kept),
        cmocka_unit_test(gs3_large_upload_of_a_file_that_changes_is_aborted),
        cmocka_unit_test(gs3_large_upload_beside_another_run_keeps_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
