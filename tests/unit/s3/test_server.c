/* Every operation on a real S3 server (Ceph RGW, started by tests/system/lib/rgw.sh), over http,
 * https and virtual-hosted. Skipped when GS3T_S3_HTTP does not name one. */
#include "s3/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* The key as a listing of its prefix would show it is out of this room: what comes back for the
 * same spelling, and for no other, is what counts. */
static void check_key(const char *key)
{
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_free char *text = gs3_xasprintf("content of %.1000s", key);
    put_text(key, text);
    assert_content(key, text);
    struct gs3_s3_request head = request_of(GS3_S3_HEAD_OBJECT, key);
    perform(&head, &result);
    assert_true(result.last_modified_s > 1500000000);
    gs3_s3_result_release(&result);

    struct gs3_s3_request copy = request_of(GS3_S3_COPY_OBJECT, "copied");
    copy.copy_source = (struct gs3_s3_object){.bucket = way.bucket, .key = key};
    perform(&copy, &result);
    gs3_s3_result_release(&result);
    assert_content("copied", text);

    struct gs3_s3_request delete = request_of(GS3_S3_DELETE_OBJECT, key);
    perform(&delete, &result);
    gs3_s3_result_release(&result);
    assert_int_equal(gs3_s3_perform(way.s3, &head, &result, &err), -1);
    assert_true(gs3_s3_err_is_not_found(&err));
    gs3_s3_result_release(&result);
}

static void client_any_key_comes_back_byte_for_byte(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "plain",
        "with space",
        "a+b",
        "100%",
        "%41",
        "%2F",
        "a//b",
        "/leading",
        "//two",
        "a/./b",
        "a/../b",
        "../up",
        ".",
        "..",
        "./x",
        "a/",
        "ends in dots...",
        "question?mark",
        "hash#tag",
        "a&b=c",
        "quote\"'`",
        "back\\slash",
        "semi;colon:at@",
        "[brackets]{braces}<angles>",
        "tilde~-_.!*()",
        "\xc3\xa9t\xc3\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
        "e\xcc\x81",
        "\xf0\x9f\x98\x80",
        "caret^pipe|dollar$comma,",
        "=equals",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        check_key(keys[i]);
    char longest[1025];
    memset(longest, 'k', 1024);
    longest[1024] = '\0';
    check_key(longest);
}

static void client_metadata_tags_and_properties_are_kept(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "change-request-id", "CHG0030001");
    gs3_pairs_add(&metadata, "purpose", "a  value, with: signs; and \"quotes\"");
    gs3_pairs_add(&metadata, "empty", "");
    gs3_pairs_add(&tags, "team", "a b+c&d=e");
    gs3_pairs_add(&tags, "owner", "x");
    char content_type[] = "text/x-gs3; charset=utf-8";
    char cache_control[] = "no-store, max-age=0";
    char disposition[] = "attachment; filename=\"a b.txt\"";
    const struct gs3_s3_properties properties = {
        .content_type = content_type,
        .cache_control = cache_control,
        .content_disposition = disposition,
    };
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "meta");
    put.metadata = &metadata;
    put.properties = &properties;
    put.tags = &tags;
    put.body = (struct gs3_http_body){.bytes = "x", .length_bytes = 1};
    perform(&put, &result);
    gs3_s3_result_release(&result);

    struct gs3_s3_request head = request_of(GS3_S3_HEAD_OBJECT, "meta");
    perform(&head, &result);
    assert_string_equal(gs3_pairs_get(&result.metadata, "change-request-id"), "CHG0030001");
    assert_string_equal(gs3_pairs_get(&result.metadata, "purpose"),
                        "a  value, with: signs; and \"quotes\"");
    assert_string_equal(result.properties.content_type, content_type);
    assert_string_equal(result.properties.cache_control, cache_control);
    assert_string_equal(result.properties.content_disposition, disposition);
    gs3_s3_result_release(&result);

    struct gs3_s3_request read = request_of(GS3_S3_GET_OBJECT_TAGGING, "meta");
    perform(&read, &result);
    assert_int_equal(result.tags.count, 2);
    assert_string_equal(gs3_pairs_get(&result.tags, "team"), "a b+c&d=e");
    gs3_s3_result_release(&result);
}

static void client_tagging_replaces_the_tags(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_pairs_add(&tags, "a<b", "\xc3\xa9 & \"c\"");
    put_text("tagged", "x");
    struct gs3_s3_request write = request_of(GS3_S3_PUT_OBJECT_TAGGING, "tagged");
    write.tags = &tags;
    perform(&write, &result);
    gs3_s3_result_release(&result);
    struct gs3_s3_request read = request_of(GS3_S3_GET_OBJECT_TAGGING, "tagged");
    perform(&read, &result);
    assert_int_equal(result.tags.count, 1);
    assert_string_equal(result.tags.items[0].name, "a<b");
    assert_string_equal(result.tags.items[0].value, "\xc3\xa9 & \"c\"");
    gs3_s3_result_release(&result);
}

static void client_copy_replaces_the_metadata(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    gs3_auto_pairs struct gs3_pairs old = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs new = GS3_PAIRS_INIT;
    gs3_pairs_add(&old, "stale", "yes");
    gs3_pairs_add(&new, "fresh", "yes");
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "from");
    put.metadata = &old;
    perform(&put, &result);
    gs3_s3_result_release(&result);
    struct gs3_s3_request copy = request_of(GS3_S3_COPY_OBJECT, "to");
    copy.copy_source = (struct gs3_s3_object){.bucket = way.bucket, .key = "from"};
    copy.metadata = &new;
    perform(&copy, &result);
    assert_true(result.last_modified_s > 1500000000);
    gs3_s3_result_release(&result);
    struct gs3_s3_request head = request_of(GS3_S3_HEAD_OBJECT, "to");
    perform(&head, &result);
    assert_false(gs3_pairs_has(&result.metadata, "stale"));
    assert_string_equal(gs3_pairs_get(&result.metadata, "fresh"), "yes");
    gs3_s3_result_release(&result);
}

static void client_file_range_is_sent(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    char path[] = "/tmp/gs3-test-XXXXXX";
    gs3_auto_close int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "range");
    put.body = (struct gs3_http_body){.fd = fd, .offset = 2, .length_bytes = 5};
    perform(&put, &result);
    gs3_s3_result_release(&result);
    assert_content("range", "23456");
}

static void client_if_none_match_keeps_what_is_there(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    put_text("once", "first");
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "once");
    put.body = (struct gs3_http_body){.bytes = "second", .length_bytes = 6};
    put.if_none_match = true;
    assert_int_equal(gs3_s3_perform(way.s3, &put, &result, &err), -1);
    assert_true(gs3_s3_err_is_precondition(&err));
    gs3_s3_result_release(&result);
    assert_content("once", "first");
}

static void client_missing_object_says_so_as_the_aws_cli(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_s3_request head = request_of(GS3_S3_HEAD_OBJECT, "missing");
    assert_int_equal(gs3_s3_perform(way.s3, &head, &result, &err), -1);
    assert_string_equal(err.message,
                        "An error occurred (404) when calling the HeadObject operation: Not Found");
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT, "missing");
    assert_int_equal(gs3_s3_perform(way.s3, &get, &result, &err), -1);
    assert_string_equal(err.code, "NoSuchKey");
    assert_true(gs3_s3_err_is_not_found(&err));
    assert_int_equal(err.class, GS3_ESERVICE);
    assert_int_equal(result.attempts, 1);
}

static void client_wrong_secret_is_refused(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_credentials wrong = {.access_key_id = gs3_xstrdup(getenv("GS3T_ACCESS_KEY"))};
    gs3_secret_set(&wrong.secret_access_key, "wrong", 5);
    const struct gs3_s3_client_opts opts = {.http = way.http,
                                            .config = &way.config,
                                            .credentials = &wrong};
    struct gs3_s3_transport *s3 = gs3_s3_client_new(&opts);
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT, "any");
    assert_int_equal(gs3_s3_perform(s3, &get, &result, &err), -1);
    assert_string_equal(err.code, "SignatureDoesNotMatch");
    gs3_s3_transport_free(s3);
    gs3_credentials_release(&wrong);
}

/* A clock that is a day off: the first request is refused, the second signed by S3's clock. */
static int64_t yesterday_ms(void *context)
{
    (void)context;
    return gs3_clock_wall_ms(&gs3_clock_system) - 86400 * 1000;
}

static void client_clock_that_is_off_is_set(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_clock clock = {.wall_ms = yesterday_ms,
                                    .monotonic_ms = gs3_clock_system.monotonic_ms};
    const struct gs3_s3_client_opts opts = {.http = way.http,
                                            .config = &way.config,
                                            .credentials = &way.credentials,
                                            .clock = &clock};
    struct gs3_s3_transport *s3 = gs3_s3_client_new(&opts);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "late");
    if (gs3_s3_perform(s3, &put, &result, &err))
        fail_msg("%s", err.message);
    assert_int_equal(result.attempts, 2);
    gs3_s3_result_release(&result);
    if (gs3_s3_perform(s3, &put, &result, &err))
        fail_msg("%s", err.message);
    assert_int_equal(result.attempts, 1);
    gs3_s3_result_release(&result);
    gs3_s3_transport_free(s3);
}

int main(void)
{
    if (!getenv("GS3T_S3_HTTP")) {
        printf("1..0 # SKIP no S3 server (tests/system/run starts one)\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_any_key_comes_back_byte_for_byte),
        cmocka_unit_test(client_metadata_tags_and_properties_are_kept),
        cmocka_unit_test(client_tagging_replaces_the_tags),
        cmocka_unit_test(client_copy_replaces_the_metadata),
        cmocka_unit_test(client_file_range_is_sent),
        cmocka_unit_test(client_if_none_match_keeps_what_is_there),
        cmocka_unit_test(client_missing_object_says_so_as_the_aws_cli),
        cmocka_unit_test(client_wrong_secret_is_refused),
        cmocka_unit_test(client_clock_that_is_off_is_set),
        cmocka_unit_test(listing_has_every_key_as_it_is),
        cmocka_unit_test(listing_of_a_missing_bucket_is_an_error),
        cmocka_unit_test(batch_deletes_what_it_names),
        cmocka_unit_test(upload_in_parts_is_one_object),
        cmocka_unit_test(parts_are_copied_from_an_object),
        cmocka_unit_test(upload_that_is_aborted_is_gone),
        cmocka_unit_test(range_is_a_part_of_the_object),
        cmocka_unit_test(customer_key_opens_what_it_closed),
        cmocka_unit_test(checksum_goes_with_the_bytes_or_is_refused),
    };
    int failed = cmocka_run_group_tests_name("http", tests, open_http, close_way);
    failed += cmocka_run_group_tests_name("https", tests, open_https, close_way);
    failed += cmocka_run_group_tests_name("virtual-hosted", tests, open_virtual, close_way);
    return failed ? 1 : 0;
}
