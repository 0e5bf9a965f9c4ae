/* transfer/large: an object in parts is complete, or leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "parts.h"

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

/* Nobody knows its id, and it may be another's: it is told, and not touched. */
static void gs3_large_upload_that_may_have_begun_twice_says_so(void **state)
{
    (void)state;
    static const char text[] = "one without parts may be left on the store";
    struct fault refuse = {GS3_S3_UPLOAD_PART, 2, false, DEPOT_REFUSE};
    struct fault repeat = {GS3_S3_CREATE_UPLOAD, 1, false, DEPOT_REPEAT};
    struct world world;
    world_init(&world);
    set_fault(&world, &repeat);
    assert_int_equal(upload(&world), 0);
    assert_non_null(depot_find(&world.depot, "bucket", "big"));
    assert_true(world.report.is_warning);
    assert_non_null(strstr(world.report.note, text));
    assert_int_equal(depot_open_uploads(&world.depot), 1);
    set_fault(&world, &refuse);
    assert_int_equal(upload(&world), -1);
    assert_null(strstr(world.err.message, text)); /* of this run it is not true */
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
        cmocka_unit_test(gs3_large_upload_that_may_have_begun_twice_says_so),
        cmocka_unit_test(gs3_large_upload_whose_completion_is_not_answered_is_settled),
        cmocka_unit_test(gs3_large_upload_without_an_etag_computes_it),
        cmocka_unit_test(gs3_large_copy_is_made_of_ranges),
        cmocka_unit_test(gs3_large_copy_of_a_source_that_changes_is_aborted),
        cmocka_unit_test(gs3_large_copy_whose_source_is_silent_is_kept),
        cmocka_unit_test(gs3_large_download_fills_the_file_or_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
