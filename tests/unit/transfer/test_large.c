/* transfer/large, resume: an object in parts is complete or leaves nothing behind, and goes on only
 * as what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "depot.h"
#include "transfer/multipart.h"

#define MIB    (UINT64_C(1) << 20)
#define OBJECT (12 * MIB + 1)

enum { PARTS = 3 }; /* 5, 5 and the rest */

struct world {
    struct depot depot;
    struct gs3_lane lane;
    struct gs3_policy *policy;
    struct gs3_permit *permit;
    char root[32];
    char *file;
    struct gs3_states states;
    struct gs3_plan_opts opts;
    struct gs3_err err;
    struct gs3_report report;
    atomic_uint_fast64_t moved;
};

static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    depot_init(&world->depot);
    world->lane.destination = world->lane.source = depot_connect(&world->depot, NULL);
    world->policy = depot_policy();
    world->permit = depot_permit(world->policy, "CHG0000001");
    snprintf(world->root, sizeof world->root, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(world->root));
    world->file = gs3_xasprintf("%s/file.bin", world->root);
    world->states =
        (struct gs3_states){.directory = gs3_xasprintf("%s/states", world->root), .scope = ""};
    int fd = open(world->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)OBJECT), 0);
    close(fd);
    world->opts.part_bytes = 5 * MIB;
    world->opts.no_guess_mime_type = true; /* the depot keeps no properties */
}

static size_t count_records(const struct world *world)
{
    size_t count = 0;
    DIR *directory = opendir(world->states.directory);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count;
}

static void world_release(struct world *world)
{
    gs3_report_release(&world->report);
    gs3_s3_transport_free(world->lane.destination);
    depot_release(&world->depot);
    gs3_permit_free(world->permit);
    gs3_policy_free(world->policy);
    unlink(world->file);
    rmdir(world->states.directory);
    assert_int_equal(rmdir(world->root), 0); /* no record stays that no test expected */
    free(world->file);
    free(world->states.directory);
}

static int move_object(struct world *world, enum gs3_operation operation, const char *from,
                       const char *to)
{
    struct gs3_location source, destination;
    struct gs3_plan plan;
    gs3_err_clear(&world->err);
    gs3_report_release(&world->report);
    atomic_store(&world->moved, 0);
    assert_int_equal(gs3_location_parse(from, &source, &world->err), 0);
    assert_int_equal(gs3_location_parse(to, &destination, &world->err), 0);
    int failed =
        gs3_plan_init(&plan, operation, &source, &destination, &world->opts, &world->err) ||
        gs3_plan_look(&plan, world->lane.destination, &world->err);
    const struct gs3_transfer transfer = {.states = &world->states, .moved_bytes = &world->moved};
    failed = failed || gs3_transfer_object(&transfer, &world->lane, world->permit, &plan,
                                           &world->report, &world->err);
    gs3_plan_release(&plan, world->lane.destination);
    return failed ? -1 : 0;
}

static int upload(struct world *world)
{
    return move_object(world, GS3_OPERATION_COPY, world->file, "s3://bucket/big");
}

static void forget_calls(struct world *world)
{
    memset(world->depot.counts, 0, sizeof world->depot.counts);
}

/* The object is there, whole, and carries the ticket. */
static void assert_whole(struct world *world, const char *ticket)
{
    const struct depot_object *object = depot_find(&world->depot, "bucket", "big");
    if (!object)
        fail_msg("%s", world->err.message);
    assert_int_equal(object->size_bytes, OBJECT);
    assert_string_equal(gs3_pairs_get(&object->metadata, "change-request-id"), ticket);
    assert_int_equal(depot_open_uploads(&world->depot), 0);
    assert_int_equal(count_records(world), 0);
}

static void assert_says(const struct world *world, const char *text)
{
    if (!strstr(world->err.message, text))
        fail_msg("\"%s\" is not in \"%s\"", text, world->err.message);
}

/* One call of one operation, or all from it on, meets a fault. */
struct fault {
    enum gs3_s3_op op;
    unsigned at;
    bool is_for_good;
    enum depot_fault fault;
};

static enum depot_fault meet(void *context, const struct gs3_s3_request *request, unsigned number)
{
    const struct fault *fault = context;
    bool is_hit = request->op == fault->op &&
                  (number == fault->at || (fault->is_for_good && number > fault->at));
    return is_hit ? fault->fault : DEPOT_WELL;
}

static void set_fault(struct world *world, struct fault *fault)
{
    forget_calls(world);
    world->depot.judge = fault ? meet : NULL;
    world->depot.context = fault;
}

/* An upload that was broken off at its third part and is kept. */
static void leave_two_parts(struct world *world)
{
    struct fault fault = {GS3_S3_UPLOAD_PART, 3, true, DEPOT_FAIL};
    world->opts.resumes = true;
    set_fault(world, &fault);
    assert_int_equal(upload(world), -1);
    assert_says(world, "not finished, and kept for --resume");
    assert_int_equal(depot_open_uploads(&world->depot), 1);
    assert_int_equal(count_records(world), 1);
    assert_int_equal(world->depot.counts[GS3_S3_ABORT_UPLOAD], 0);
    set_fault(world, NULL);
}

static void gs3_part_bytes_stays_within_the_bounds(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0,
                                     1,
                                     5 * MIB,
                                     80000 * MIB - 1,
                                     80000 * MIB,
                                     80000 * MIB + 1,
                                     UINT64_C(5) << 40,
                                     GS3_OBJECT_BYTES_MAXIMUM - 1,
                                     GS3_OBJECT_BYTES_MAXIMUM};
    static const uint64_t wanted[] = {0,
                                      1,
                                      5 * MIB,
                                      8 * MIB,
                                      64 * MIB,
                                      GS3_PART_BYTES_MAXIMUM,
                                      GS3_PART_BYTES_MAXIMUM + 1,
                                      UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof wanted / sizeof wanted[0]; j++) {
            uint64_t both[] = {gs3_part_bytes(sizes[i], wanted[j]),
                               gs3_copy_part_bytes(sizes[i], wanted[j])};
            for (size_t k = 0; k < 2; k++) {
                uint64_t parts = (sizes[i] + both[k] - 1) / both[k];
                assert_true(both[k] >= GS3_PART_BYTES_MINIMUM);
                assert_true(both[k] <= GS3_PART_BYTES_MAXIMUM);
                assert_true(parts <= GS3_PARTS_MAXIMUM);
            }
        }
    }
    assert_int_equal(gs3_part_bytes(9 * MIB, 0), 8 * MIB);
    assert_int_equal(gs3_part_bytes(9 * MIB, 7 * MIB), 7 * MIB);
    /* 10,000 parts of 8 MiB are enough for this, and for no byte more. */
    assert_int_equal(gs3_part_bytes(80000 * MIB, 0), 8 * MIB);
    assert_int_equal(gs3_part_bytes(80000 * MIB + 1, 0), 16 * MIB);
}

static void gs3_large_upload_sends_every_part(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART], PARTS);
    assert_int_equal(world.depot.counts[GS3_S3_PUT_OBJECT], 0);
    assert_int_equal(world.moved, OBJECT);
    assert_non_null(strstr(world.report.etag, "-3\""));
    assert_int_equal(world.report.bytes, OBJECT);
    world_release(&world);
}

/* Whatever fails, for good or without an answer: no upload is left, and no record. */
static void gs3_large_upload_that_fails_is_aborted(void **state)
{
    (void)state;
    static const struct fault faults[] = {
        {GS3_S3_CREATE_UPLOAD, 1, false, DEPOT_FAIL},
        {GS3_S3_UPLOAD_PART, 1, false, DEPOT_FAIL},
        {GS3_S3_UPLOAD_PART, 2, false, DEPOT_REFUSE},
        {GS3_S3_UPLOAD_PART, 3, false, DEPOT_BREAK},
        {GS3_S3_UPLOAD_PART, 2, false, DEPOT_INTERRUPT},
        {GS3_S3_UPLOAD_PART, 2, false, DEPOT_NO_ETAG},
        {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_FAIL},
        {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_REFUSE},
        {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_BREAK},
        {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_INTERRUPT},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct world world;
        struct fault fault = faults[i];
        world_init(&world);
        depot_put(&world.depot, "bucket", "big", 7); /* what was there stays */
        set_fault(&world, &fault);
        assert_int_equal(upload(&world), -1);
        assert_int_equal(world.report.status, GS3_REPORT_FAILED);
        assert_int_equal(depot_find(&world.depot, "bucket", "big")->size_bytes, 7);
        assert_int_equal(depot_open_uploads(&world.depot), 0);
        assert_int_equal(count_records(&world), 0);
        bool was_begun = fault.op != GS3_S3_CREATE_UPLOAD;
        assert_int_equal(world.depot.counts[GS3_S3_ABORT_UPLOAD], was_begun ? 1 : 0);
        if (fault.fault == DEPOT_INTERRUPT)
            assert_int_equal(world.err.class, GS3_EINTERRUPT);
        world_release(&world);
    }
}

static enum depot_fault never_aborted(void *context, const struct gs3_s3_request *request,
                                      unsigned number)
{
    (void)context;
    if (request->op == GS3_S3_ABORT_UPLOAD) {
        assert_true(request->survives_interrupt);
        return DEPOT_FAIL;
    }
    return request->op == GS3_S3_UPLOAD_PART && number == 2 ? DEPOT_REFUSE : DEPOT_WELL;
}

/* Its id is told, and the next run of the same command tries again. */
static void gs3_large_upload_that_cannot_be_aborted_is_named(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.depot.judge = never_aborted;
    assert_int_equal(upload(&world), -1);
    gs3_auto_free char *text = gs3_xasprintf(
        "its multipart upload %s could not be aborted and is left on the store: An error",
        world.depot.uploads[0]->id);
    assert_says(&world, text);
    assert_int_equal(count_records(&world), 1);
    set_fault(&world, NULL);
    assert_int_equal(upload(&world), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_ABORT_UPLOAD], 1);
    world_release(&world);
}

static void gs3_large_upload_whose_completion_is_not_answered_is_settled(void **state)
{
    (void)state;
    struct world world;
    struct fault fault = {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_LOSE};
    world_init(&world);
    set_fault(&world, &fault);
    if (upload(&world))
        fail_msg("%s", world.err.message);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_COMPLETE_UPLOAD], 1);
    assert_string_equal(world.report.etag, depot_find(&world.depot, "bucket", "big")->etag);
    world_release(&world);
}

/* Ceph's completion has no ETag; the read-back needs one. */
static void gs3_large_upload_without_an_etag_computes_it(void **state)
{
    (void)state;
    struct world world;
    struct fault fault = {GS3_S3_COMPLETE_UPLOAD, 1, false, DEPOT_NO_ETAG};
    world_init(&world);
    set_fault(&world, &fault);
    assert_int_equal(move_object(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/big"), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_not_equal(access(world.file, F_OK), 0);
    world_release(&world);
}

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

static int copy(struct world *world, enum gs3_operation operation)
{
    world->opts.multipart_threshold_bytes = 8 * MIB;
    return move_object(world, operation, "s3://other/source", "s3://bucket/big");
}

static void gs3_large_copy_is_made_of_ranges(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    depot_put(&world.depot, "other", "source", OBJECT);
    assert_int_equal(copy(&world, GS3_OPERATION_MOVE), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART_COPY], PARTS);
    assert_null(depot_find(&world.depot, "other", "source"));
    world_release(&world);
}

static enum depot_fault replace_source(void *context, const struct gs3_s3_request *request,
                                       unsigned number)
{
    struct world *world = context;
    if (request->op == GS3_S3_UPLOAD_PART_COPY && number == 2) {
        /* The depot's lock is held by its caller. */
        struct depot_object *source = depot_find(&world->depot, "other", "source");
        free(source->etag);
        source->etag = gs3_xstrdup("\"ffffffffffffffffffffffffffffffff\"");
    }
    return DEPOT_WELL;
}

static void gs3_large_copy_of_a_source_that_changes_is_aborted(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.opts.resumes = true;
    depot_put(&world.depot, "other", "source", OBJECT);
    world.depot.judge = replace_source;
    world.depot.context = &world;
    assert_int_equal(copy(&world, GS3_OPERATION_MOVE), -1);
    assert_says(&world, "the source changed while it was copied");
    assert_null(depot_find(&world.depot, "bucket", "big"));
    assert_non_null(depot_find(&world.depot, "other", "source"));
    assert_int_equal(depot_open_uploads(&world.depot), 0);
    world_release(&world);
}

/* The source cannot be looked at before the completion: that says nothing about it. */
static void gs3_large_copy_whose_source_is_silent_is_kept(void **state)
{
    (void)state;
    struct world world;
    struct fault fault = {GS3_S3_HEAD_OBJECT, 2, false, DEPOT_BREAK};
    world_init(&world);
    world.opts.resumes = true;
    depot_put(&world.depot, "other", "source", OBJECT);
    set_fault(&world, &fault);
    assert_int_equal(copy(&world, GS3_OPERATION_COPY), -1);
    assert_says(&world, "kept for --resume");
    set_fault(&world, NULL);
    assert_int_equal(copy(&world, GS3_OPERATION_COPY), 0);
    assert_whole(&world, "CHG0000001");
    assert_int_equal(world.depot.counts[GS3_S3_UPLOAD_PART_COPY], 0);
    world_release(&world);
}

static void gs3_large_download_fills_the_file_or_leaves_none(void **state)
{
    (void)state;
    static const struct fault faults[] = {
        {GS3_S3_GET_OBJECT, 9, false, DEPOT_WELL},
        {GS3_S3_GET_OBJECT, 1, false, DEPOT_FAIL},
        {GS3_S3_GET_OBJECT, 3, false, DEPOT_BREAK},
        {GS3_S3_GET_OBJECT, 2, false, DEPOT_INTERRUPT},
        {GS3_S3_GET_OBJECT, 2, false, DEPOT_NO_ETAG},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct world world;
        struct fault fault = faults[i];
        struct stat info;
        world_init(&world);
        unlink(world.file);
        depot_put(&world.depot, "bucket", "big", OBJECT);
        set_fault(&world, &fault);
        int failed = move_object(&world, GS3_OPERATION_COPY, "s3://bucket/big", world.file);
        assert_int_equal(failed, fault.fault == DEPOT_WELL ? 0 : -1);
        assert_int_equal(stat(world.file, &info), failed);
        if (!failed) {
            assert_int_equal(info.st_size, OBJECT);
            assert_int_equal(world.moved, OBJECT);
        }
        world_release(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_part_bytes_stays_within_the_bounds),
        cmocka_unit_test(gs3_large_upload_sends_every_part),
        cmocka_unit_test(gs3_large_upload_that_fails_is_aborted),
        cmocka_unit_test(gs3_large_upload_that_cannot_be_aborted_is_named),
        cmocka_unit_test(gs3_large_upload_whose_completion_is_not_answered_is_settled),
        cmocka_unit_test(gs3_large_upload_without_an_etag_computes_it),
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
        cmocka_unit_test(gs3_large_copy_is_made_of_ranges),
        cmocka_unit_test(gs3_large_copy_of_a_source_that_changes_is_aborted),
        cmocka_unit_test(gs3_large_copy_whose_source_is_silent_is_kept),
        cmocka_unit_test(gs3_large_download_fills_the_file_or_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
