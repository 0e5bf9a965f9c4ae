/* transfer: what is sent carries its checksum, what comes is held against the store's, and a move
 * keeps its source where they differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "fake_store.h"
#include "policy/load.h"
#include "policy/permit_make.h"
#include "s3/checksum.h"
#include "transfer/transfer.h"

enum { PART_BYTES = 5 << 20, LARGE_BYTES = 12 << 20 };

#define TEXT "the only copy"

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
    char *file, *states_path;
    struct gs3_states states;
    bool is_custom;
    struct gs3_plan_opts opts;
    struct gs3_err err; /* of the last run */
    unsigned logged;    /* lines that say that something is not verified */
};

static void world_init(struct world *world)
{
    *world = (struct world){.opts = {.wants_checksum = true}};
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    world->policy = gs3_policy_parse("p", policy_text, sizeof policy_text - 1, false, &world->err);
    if (!world->policy)
        fail_msg("%s", world->err.message);
    gs3_pairs_add(&metadata, "change-request-id", "CHG0030001");
    struct gs3_grant grant = {
        .policy = world->policy,
        .environment = &world->policy->environments[0],
        .actions = GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE,
    };
    world->permit = gs3_permit_new(&grant, 1, &metadata);
    fake_store_init(&world->store);
    world->store.keeps_checksums = true;
    snprintf(world->directory, sizeof world->directory, "/tmp/gs3-test-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    world->file = gs3_xasprintf("%s/file", world->directory);
    world->states_path = gs3_xasprintf("%s/states", world->directory);
    world->states = (struct gs3_states){.directory = world->states_path, .scope = ""};
}

static void world_release(struct world *world)
{
    fake_store_release(&world->store);
    gs3_permit_free(world->permit);
    gs3_policy_free(world->policy);
    unlink(world->file);
    rmdir(world->states_path);
    assert_int_equal(rmdir(world->directory), 0); /* no temporary file stays behind */
    free(world->file);
    free(world->states_path);
}

static void count_line(void *context, const char *line)
{
    ((struct world *)context)->logged += strstr(line, "is not verified") != NULL;
}

static int run(struct world *world, enum gs3_operation operation, const char *from, const char *to)
{
    struct gs3_location source, destination;
    struct gs3_plan plan;
    struct gs3_err *err = &world->err;
    const struct gs3_log log = {.write = count_line, .context = world};
    const struct gs3_transfer transfer = {.is_custom = world->is_custom,
                                          .states = &world->states,
                                          .log = &log};
    const struct gs3_lane lane = {.destination = &world->store.transport,
                                  .source = &world->store.transport};
    gs3_err_clear(err);
    assert_int_equal(gs3_location_parse(from, &source, err), 0);
    assert_int_equal(gs3_location_parse(to, &destination, err), 0);
    int failed = gs3_plan_init(&plan, operation, &source, &destination, &world->opts, err) ||
                 gs3_plan_look(&plan, &world->store.transport, err);
    if (!failed) {
        struct gs3_report report;
        failed = gs3_transfer_object(&transfer, &lane, world->permit, &plan, &report, err);
        gs3_report_release(&report);
    }
    gs3_plan_release(&plan, &world->store.transport);
    return failed ? -1 : 0;
}

static char *large_text(void)
{
    char *text = gs3_xmalloc(LARGE_BYTES + 1);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        text[i] = (char)('a' + (i + i / 26 + i / 5000) % 26);
    text[LARGE_BYTES] = '\0';
    return text;
}

static void write_file(const struct world *world, const char *text)
{
    gs3_auto_fclose FILE *file = fopen(world->file, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
}

static bool has_file(const struct world *world)
{
    return access(world->file, F_OK) == 0;
}

/* base64, or hex for MD5; "-N" behind it where `part_bytes` is not 0. */
static char *sum_of(enum gs3_sum_kind kind, const char *text, size_t part_bytes)
{
    unsigned char bytes[GS3_SUM_BYTES];
    char hex[2 * GS3_SUM_BYTES + 1];
    size_t length = strlen(text), parts = 0, count = 0;
    struct gs3_sum part, whole;
    gs3_sum_init(&part, kind);
    gs3_sum_init(&whole, kind);
    size_t step = part_bytes > 0 ? part_bytes : length;
    for (size_t at = 0; at < length; at += step, parts++) {
        gs3_sum_update(&part, text + at, length - at < step ? length - at : step);
        count = gs3_sum_finish(&part, bytes);
        gs3_sum_update(&whole, bytes, count);
    }
    if (part_bytes > 0)
        gs3_sum_finish(&whole, bytes);
    gs3_sum_release(&part);
    gs3_sum_release(&whole);
    gs3_hex_encode(bytes, count, hex);
    gs3_auto_free char *base64 = gs3_base64_encode(bytes, count);
    const char *sum = kind == GS3_SUM_MD5 ? hex : base64;
    return part_bytes > 0 ? gs3_xasprintf("%s-%zu", sum, parts) : gs3_xstrdup(sum);
}

static struct fake_object *put_source(struct world *world, const char *text, const char *name,
                                      const char *value)
{
    struct fake_object *source = fake_store_put(&world->store, "bucket", "source", text, NULL);
    if (name)
        gs3_pairs_set(&source->checksums, name, value);
    if (name)
        gs3_pairs_set(&source->checksums, "type", strchr(value, '-') ? "COMPOSITE" : "FULL_OBJECT");
    return source;
}

static void upload_carries_crc64nvme_to_aws_and_to_others_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        bool is_custom;
        enum gs3_s3_checksum asked;
        const char *kept;
    } cases[] = {
        {false, GS3_S3_CHECKSUM_NONE, "crc64nvme"},
        {false, GS3_S3_CHECKSUM_SHA256, "sha256"},
        {true, GS3_S3_CHECKSUM_NONE, NULL},
        {true, GS3_S3_CHECKSUM_CRC32C, "crc32c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        world_init(&world);
        write_file(&world, TEXT);
        world.is_custom = cases[i].is_custom;
        world.opts.checksum = cases[i].asked;
        assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest"), 0);
        const struct fake_object *object = fake_store_find(&world.store, "bucket", "dest");
        assert_non_null(object);
        assert_int_equal(object->checksums.count, cases[i].kept ? 2 : 0);
        assert_true(!cases[i].kept || gs3_pairs_has(&object->checksums, cases[i].kept));
        assert_false(has_file(&world));
        world_release(&world);
    }
}

static void upload_in_parts_joins_their_checksums(void **state)
{
    (void)state;
    gs3_auto_free char *text = large_text();
    static const enum gs3_s3_checksum kinds[] = {GS3_S3_CHECKSUM_NONE, GS3_S3_CHECKSUM_CRC32,
                                                 GS3_S3_CHECKSUM_CRC32C, GS3_S3_CHECKSUM_SHA1};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct world world;
        world_init(&world);
        write_file(&world, text);
        world.opts.checksum = kinds[i];
        world.opts.part_bytes = PART_BYTES;
        enum gs3_s3_checksum sent =
            kinds[i] == GS3_S3_CHECKSUM_NONE ? GS3_S3_CHECKSUM_CRC64NVME : kinds[i];
        gs3_auto_free char *whole = sum_of(gs3_s3_checksum_sum(sent), text, 0);
        if (run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest"))
            fail_msg("%s", world.err.message);
        assert_string_equal(fake_store_find(&world.store, "bucket", "dest")->content, text);
        assert_int_equal(world.store.created_with, sent);
        assert_int_equal(world.store.completed_part_checksums, 3);
        if (sent == GS3_S3_CHECKSUM_SHA1)
            assert_null(world.store.completed_with);
        else
            assert_string_equal(world.store.completed_with, whole);
        world_release(&world);
    }
}

/* Of standard input nobody knows the length before its end. */
static void stream_goes_up_in_parts_whose_checksums_join(void **state)
{
    (void)state;
    gs3_auto_free char *text = large_text();
    gs3_auto_free char *whole = sum_of(GS3_SUM_CRC64NVME, text, 0);
    struct world world;
    struct gs3_location source, destination;
    struct gs3_plan plan;
    struct gs3_report report;
    const struct gs3_http_opts http_opts = {.user_agent = "test"};
    world_init(&world);
    write_file(&world, text);
    world.opts.part_bytes = PART_BYTES;
    const struct gs3_transfer transfer = {.mime = NULL};
    const struct gs3_lane lane = {.http = gs3_http_new(&http_opts, &world.err),
                                  .destination = &world.store.transport,
                                  .source = &world.store.transport};
    gs3_auto_close int input = open(world.file, O_RDONLY | O_CLOEXEC);
    assert_non_null(lane.http);
    assert_int_equal(gs3_location_parse("-", &source, &world.err), 0);
    assert_int_equal(gs3_location_parse("s3://bucket/dest", &destination, &world.err), 0);
    assert_int_equal(gs3_plan_init(&plan, GS3_OPERATION_COPY, &source, &destination, &world.opts,
                                   &world.err),
                     0);
    assert_int_equal(gs3_local_source_spool(input, "/tmp", 1000, NULL, &plan.local, &world.err), 0);
    assert_true(plan.local.has_more);
    plan.size_bytes = plan.local.size_bytes;
    if (gs3_transfer_object(&transfer, &lane, world.permit, &plan, &report, &world.err))
        fail_msg("%s", world.err.message);
    assert_int_equal(report.bytes, LARGE_BYTES);
    assert_string_equal(fake_store_find(&world.store, "bucket", "dest")->content, text);
    assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_UPLOAD_PART), 3);
    assert_string_equal(world.store.completed_with, whole);
    gs3_report_release(&report);
    gs3_plan_release(&plan, &world.store.transport);
    gs3_http_free(lane.http);
    world_release(&world);
}

static void upload_that_goes_on_has_the_checksums_of_all_parts_or_none(void **state)
{
    (void)state;
    gs3_auto_free char *text = large_text();
    gs3_auto_free char *whole = sum_of(GS3_SUM_CRC64NVME, text, 0);
    for (int forgets = 0; forgets < 2; forgets++) {
        struct world world;
        world_init(&world);
        write_file(&world, text);
        world.opts.part_bytes = PART_BYTES;
        world.opts.resumes = true;
        world.store.forgets_part_checksums = forgets;
        world.store.fault = FAKE_FAIL_BEFORE;
        world.store.fault_at = 3; /* the second part */
        assert_int_equal(run(&world, GS3_OPERATION_COPY, world.file, "s3://bucket/dest"), -1);
        assert_int_equal(run(&world, GS3_OPERATION_COPY, world.file, "s3://bucket/dest"), 0);
        assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_CREATE_UPLOAD), 1);
        assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_UPLOAD_PART), 4);
        if (forgets)
            assert_null(world.store.completed_with);
        else
            assert_string_equal(world.store.completed_with, whole);
        world_release(&world);
    }
}

static void upload_whose_read_back_has_another_checksum_keeps_the_source(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    write_file(&world, TEXT);
    world.store.fault = FAKE_WRONG_CHECKSUM;
    world.store.fault_at = 2; /* HEAD of the destination */
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest"), -1);
    assert_int_equal(world.err.class, GS3_EFAIL);
    assert_non_null(strstr(world.err.message, "the source is kept"));
    assert_true(has_file(&world));
    world_release(&world);
}

static void copy_asks_the_store_for_the_checksum_that_was_asked_for(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    put_source(&world, TEXT, NULL, NULL);
    assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", "s3://bucket/a"), 0);
    assert_int_equal(world.store.copied_with, GS3_S3_CHECKSUM_NONE);
    world.opts.checksum = GS3_S3_CHECKSUM_CRC32;
    assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", "s3://bucket/b"), 0);
    assert_int_equal(world.store.copied_with, GS3_S3_CHECKSUM_CRC32);
    world.opts.checks_md5 = true;
    assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", "s3://bucket/c"), -1);
    assert_int_equal(world.err.class, GS3_EUSAGE);
    world_release(&world);
}

/* Moves `text` down from a store that keeps that checksum. */
static int move_down(struct world *world, const char *text, const char *name, const char *value)
{
    put_source(world, text, name, value);
    int failed = run(world, GS3_OPERATION_MOVE, "s3://bucket/source", world->file);
    bool has_source = fake_store_find(&world->store, "bucket", "source") != NULL;
    assert_int_equal(has_source, failed != 0);
    assert_int_equal(has_file(world), failed == 0);
    if (failed)
        assert_int_equal(world->err.class, GS3_EFAIL);
    return failed;
}

static void download_is_held_against_what_the_store_keeps(void **state)
{
    (void)state;
    static const enum gs3_s3_checksum kinds[] = {GS3_S3_CHECKSUM_CRC64NVME, GS3_S3_CHECKSUM_CRC32,
                                                 GS3_S3_CHECKSUM_CRC32C, GS3_S3_CHECKSUM_SHA1,
                                                 GS3_S3_CHECKSUM_SHA256};
    static const char *const texts[] = {TEXT, ""};
    for (size_t i = 0; i < 2 * sizeof kinds / sizeof *kinds; i++) {
        for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
            struct world world;
            world_init(&world);
            enum gs3_sum_kind kind = gs3_s3_checksum_sum(kinds[i / 2]);
            gs3_auto_free char *sum = sum_of(kind, is_wrong ? "another" : TEXT, 0);
            struct gs3_sum none;
            unsigned char bytes[GS3_SUM_BYTES];
            gs3_sum_init(&none, kind);
            size_t count = gs3_sum_finish(&none, bytes);
            gs3_sum_release(&none);
            gs3_auto_free char *empty = gs3_base64_encode(bytes, count);
            const char *value = i % 2 && !is_wrong ? empty : sum;
            assert_int_equal(move_down(&world, texts[i % 2], gs3_s3_checksum_suffix(kinds[i / 2]),
                                       value),
                             is_wrong ? -1 : 0);
            world_release(&world);
        }
    }
}

/* HEAD was not asked for checksums, as where an object is listed. */
static void download_is_held_against_the_checksum_of_its_answer(void **state)
{
    (void)state;
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct world world;
        world_init(&world);
        world.opts.wants_checksum = false;
        gs3_auto_free char *sum = sum_of(GS3_SUM_CRC32C, is_wrong ? "another" : TEXT, 0);
        assert_int_equal(move_down(&world, TEXT, "crc32c", sum), is_wrong ? -1 : 0);
        world.is_custom = true; /* which is not asked */
        assert_int_equal(run(&world, GS3_OPERATION_COPY, "s3://bucket/source", world.file),
                         is_wrong ? 0 : -1);
        world_release(&world);
    }
}

static void download_in_ranges_joins_its_checksum(void **state)
{
    (void)state;
    gs3_auto_free char *text = large_text();
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct world world;
        world_init(&world);
        gs3_auto_free char *sum = sum_of(GS3_SUM_CRC64NVME, is_wrong ? TEXT : text, 0);
        world.opts.part_bytes = PART_BYTES;
        assert_int_equal(move_down(&world, text, "crc64nvme", sum), is_wrong ? -1 : 0);
        assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_GET_OBJECT), 3);
        world_release(&world);
    }
}

static void download_of_a_digest_of_the_whole_is_one_stream(void **state)
{
    (void)state;
    gs3_auto_free char *text = large_text();
    for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
        struct world world;
        world_init(&world);
        gs3_auto_free char *sum = sum_of(GS3_SUM_SHA256, is_wrong ? TEXT : text, 0);
        assert_int_equal(move_down(&world, text, "sha256", sum), is_wrong ? -1 : 0);
        assert_int_equal(fake_store_count_calls(&world.store, GS3_S3_GET_OBJECT), 1);
        world_release(&world);
    }
}

static void download_of_a_composite_is_verified_where_its_parts_are_known(void **state)
{
    (void)state;
    enum { MIB = 1 << 20 };
    static const struct {
        const char *what;
        size_t made_of;
        uint64_t told, told_second;
        bool is_wrong;
        int outcome;
        unsigned logged;
    } cases[] = {
        {"right", PART_BYTES, PART_BYTES, 0, false, 0, 0},
        {"wrong", PART_BYTES, PART_BYTES, 0, true, -1, 0},
        {"sizes not told", PART_BYTES, 0, 0, true, 0, 1},
        {"several sizes", 4 * MIB, 5 * MIB, 3 * MIB, true, 0, 1},
        {"one part", LARGE_BYTES, 0, 0, false, 0, 0},
        {"one part, wrong", LARGE_BYTES, 0, 0, true, -1, 0},
    };
    gs3_auto_free char *text = large_text();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        world_init(&world);
        gs3_auto_free char *sum = sum_of(GS3_SUM_SHA256, text, cases[i].made_of);
        if (cases[i].is_wrong)
            sum[0] = sum[0] == 'A' ? 'B' : 'A';
        world.store.part_bytes = cases[i].told;
        world.store.second_part_bytes = cases[i].told_second;
        if (move_down(&world, text, "sha256", sum) != cases[i].outcome)
            fail_msg("%s: %s", cases[i].what, world.err.message);
        assert_int_equal(world.logged, cases[i].logged);
        world_release(&world);
    }
}

static void md5_of_an_upload_is_its_etag(void **state)
{
    (void)state;
    gs3_auto_free char *large = large_text();
    const char *const texts[] = {TEXT, large};
    for (int i = 0; i < 4; i++) {
        struct world world;
        world_init(&world);
        write_file(&world, texts[i / 2]);
        world.opts.checks_md5 = true;
        world.store.has_md5_etags = i % 2;
        int failed = run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest");
        assert_int_equal(failed, world.store.has_md5_etags ? 0 : -1);
        assert_int_equal(has_file(&world), failed != 0);
        if (failed)
            assert_non_null(strstr(world.err.message, "cannot be verified by MD5"));
        world_release(&world);
    }
}

static void md5_that_is_not_the_etag_keeps_the_source(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    write_file(&world, TEXT);
    world.opts.checks_md5 = true;
    world.store.fault = FAKE_WRONG_MD5;
    world.store.fault_at = 1;
    assert_int_equal(run(&world, GS3_OPERATION_MOVE, world.file, "s3://bucket/dest"), -1);
    assert_int_equal(world.err.class, GS3_EFAIL);
    assert_non_null(strstr(world.err.message, "the MD5 of other bytes"));
    assert_true(has_file(&world));
    world_release(&world);
}

static void md5_of_a_download_is_the_etag_of_its_source(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t made_of; /* 0: one PUT */
        uint64_t told;
        int is_wrong, outcome;
        const char *message;
    } cases[] = {
        {"one", 0, 0, 0, 0, NULL},
        {"one, wrong", 0, 0, 1, -1, "the MD5 of other bytes"},
        {"parts", PART_BYTES, PART_BYTES, 0, 0, NULL},
        {"parts, wrong", PART_BYTES, PART_BYTES, 1, -1, "the MD5 of other bytes"},
        {"parts of gs3's size", 8 << 20, 0, 0, 0, NULL},
        {"parts of a size that nobody tells", PART_BYTES, 0, 0, -1, "cannot be verified by MD5"},
        {"no MD5", 0, 0, 2, -1, "cannot be verified by MD5"},
    };
    gs3_auto_free char *text = large_text();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        world_init(&world);
        world.opts.checks_md5 = true;
        world.store.part_bytes = cases[i].told;
        gs3_auto_free char *md5 = sum_of(GS3_SUM_MD5, text, cases[i].made_of);
        if (cases[i].is_wrong)
            md5[0] = cases[i].is_wrong == 2 ? 'x' : md5[0] == '0' ? '1' : '0';
        struct fake_object *source = put_source(&world, text, NULL, NULL);
        free(source->etag);
        source->etag = gs3_xasprintf("\"%s\"", md5);
        if (run(&world, GS3_OPERATION_MOVE, "s3://bucket/source", world.file) != cases[i].outcome)
            fail_msg("%s: %s", cases[i].what, world.err.message);
        assert_int_equal(has_file(&world), cases[i].outcome == 0);
        assert_int_equal(fake_store_find(&world.store, "bucket", "source") != NULL,
                         cases[i].outcome != 0);
        if (cases[i].message && !strstr(world.err.message, cases[i].message))
            fail_msg("%s: %s", cases[i].what, world.err.message);
        world_release(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload_carries_crc64nvme_to_aws_and_to_others_what_was_asked_for),
        cmocka_unit_test(upload_in_parts_joins_their_checksums),
        cmocka_unit_test(stream_goes_up_in_parts_whose_checksums_join),
        cmocka_unit_test(upload_that_goes_on_has_the_checksums_of_all_parts_or_none),
        cmocka_unit_test(upload_whose_read_back_has_another_checksum_keeps_the_source),
        cmocka_unit_test(copy_asks_the_store_for_the_checksum_that_was_asked_for),
        cmocka_unit_test(download_is_held_against_what_the_store_keeps),
        cmocka_unit_test(download_is_held_against_the_checksum_of_its_answer),
        cmocka_unit_test(download_in_ranges_joins_its_checksum),
        cmocka_unit_test(download_of_a_digest_of_the_whole_is_one_stream),
        cmocka_unit_test(download_of_a_composite_is_verified_where_its_parts_are_known),
        cmocka_unit_test(md5_of_an_upload_is_its_etag),
        cmocka_unit_test(md5_that_is_not_the_etag_keeps_the_source),
        cmocka_unit_test(md5_of_a_download_is_the_etag_of_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
