/* Listings, batches of deletes and uploads in parts on a real S3 server; test_server.c runs
 * them. */
#include "s3/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

enum { FIRST_PART_BYTES = 5 << 20, SECOND_PART_BYTES = 1000, KEYS_BYTES = 1 << 16 };

/* In the order of a listing, which is that of their bytes. */
static const char *const keys[] = {
    "l/ lead",     "l/#",   "l/%41", "l/+",    "l/..", "l//two",     "l/a b",
    "l/a&b<c>\"'", "l/a+b", "l/a=",  "l/tail", "l/~*", "l/\xc3\xa9", "l/\xf0\x9f\x98\x80",
};
enum { KEY_COUNT = sizeof keys / sizeof *keys };

static int append_key(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    assert_true(entry->etag[0] == '"' && entry->last_modified_s > 1500000000);
    assert_int_equal(entry->size_bytes, strlen(entry->key));
    if (gs3_buf_printf(context, "%s\n", entry->key))
        return gs3_fail(err, GS3_EINVALID, "too much");
    return 0;
}

/* All keys below l/, page after page. Returns how many pages it took. */
static size_t list_all(unsigned page_size, struct gs3_buf *found)
{
    gs3_auto_free char *token = NULL;
    size_t pages = 0;
    do {
        struct gs3_s3_result result;
        struct gs3_s3_request list = request_of(GS3_S3_LIST_OBJECTS, NULL);
        list.prefix = "l/";
        list.page_size = page_size;
        list.continuation_token = token;
        list.entry = append_key;
        list.entry_context = found;
        perform(&list, &result);
        free(token);
        token = result.next_token;
        result.next_token = NULL;
        gs3_s3_result_release(&result);
        assert_true(++pages <= KEY_COUNT);
    } while (token);
    return pages;
}

static void put_keys(void)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        put_text(keys[i], keys[i]);
}

void listing_has_every_key_as_it_is(void **state)
{
    (void)state;
    gs3_auto_buf struct gs3_buf wanted = GS3_BUF_INIT(KEYS_BYTES);
    put_keys();
    for (size_t i = 0; i < KEY_COUNT; i++)
        gs3_buf_printf(&wanted, "%s\n", keys[i]);
    for (unsigned page_size = 0; page_size <= KEY_COUNT; page_size += 3) {
        gs3_auto_buf struct gs3_buf found = GS3_BUF_INIT(KEYS_BYTES);
        size_t pages = list_all(page_size, &found);
        assert_int_equal(pages, page_size ? (KEY_COUNT + page_size - 1) / page_size : 1);
        assert_string_equal(gs3_buf_string(&found), gs3_buf_string(&wanted));
    }
}

void listing_of_a_missing_bucket_is_an_error(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf found = GS3_BUF_INIT(KEYS_BYTES);
    struct gs3_s3_request list = request_of(GS3_S3_LIST_OBJECTS, NULL);
    list.object.bucket = "there-is-none";
    list.entry = append_key;
    list.entry_context = &found;
    assert_int_equal(gs3_s3_perform(way.s3, &list, &result, &err), -1);
    assert_string_equal(err.code, "NoSuchBucket");
    assert_int_equal(found.length_bytes, 0);
}

void batch_deletes_what_it_names(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_s3_victim victims[KEY_COUNT];
    gs3_auto_buf struct gs3_buf found = GS3_BUF_INIT(KEYS_BYTES);
    put_keys();
    for (size_t i = 0; i < KEY_COUNT; i++)
        victims[i] = (struct gs3_s3_victim){.key = keys[i]};
    victims[1].key = "l/was never there";
    struct gs3_s3_request batch = request_of(GS3_S3_DELETE_OBJECTS, NULL);
    batch.victims = victims;
    batch.victim_count = KEY_COUNT;
    perform(&batch, &result);
    assert_int_equal(result.survivor_count, 0);
    gs3_s3_result_release(&result);
    list_all(0, &found);
    assert_string_equal(gs3_buf_string(&found), "l/#\n");
}

/* An upload of `key` that is begun. Caller frees. */
static char *create_upload(const char *key, const struct gs3_s3_customer_key *customer_key)
{
    struct gs3_s3_result result;
    gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
    gs3_pairs_add(&metadata, "ticket", "T-1");
    struct gs3_s3_request create = request_of(GS3_S3_CREATE_UPLOAD, key);
    create.metadata = &metadata;
    create.customer_key = customer_key;
    perform(&create, &result);
    char *id = gs3_xstrdup(result.upload_id);
    gs3_s3_result_release(&result);
    return id;
}

static void send_part(struct gs3_s3_request part, unsigned number, struct gs3_s3_part *sent)
{
    struct gs3_s3_result result;
    part.part_number = number;
    perform(&part, &result);
    *sent = (struct gs3_s3_part){.number = number, .etag = gs3_xstrdup(result.etag)};
    gs3_s3_result_release(&result);
}

static void complete_upload(const char *key, const char *id, const struct gs3_s3_part parts[2],
                            const struct gs3_s3_customer_key *customer_key)
{
    struct gs3_s3_result result;
    struct gs3_s3_request complete = request_of(GS3_S3_COMPLETE_UPLOAD, key);
    complete.upload_id = id;
    complete.parts = parts;
    complete.part_count = 2;
    complete.customer_key = customer_key;
    complete.object_bytes = FIRST_PART_BYTES + SECOND_PART_BYTES;
    perform(&complete, &result);
    assert_int_equal(result.http_status, 200);
    gs3_s3_result_release(&result);
}

static char *make_bytes(void)
{
    char *bytes = gs3_xmalloc(FIRST_PART_BYTES + SECOND_PART_BYTES);
    for (size_t i = 0; i < FIRST_PART_BYTES + SECOND_PART_BYTES; i++)
        bytes[i] = (char)(i % 251);
    return bytes;
}

/* Asks for the parts one at a time: the second page begins behind the first part. */
static void check_parts(const char *key, const char *id, const struct gs3_s3_part parts[2])
{
    struct gs3_s3_result result;
    struct gs3_s3_request list = request_of(GS3_S3_LIST_PARTS, key);
    list.upload_id = id;
    perform(&list, &result);
    assert_int_equal(result.parts_count, 2);
    assert_string_equal(result.parts[0].etag, parts[0].etag);
    assert_int_equal(result.parts[0].size_bytes, FIRST_PART_BYTES);
    assert_null(result.next_token);
    gs3_s3_result_release(&result);
    list.part_number = 1;
    perform(&list, &result);
    assert_int_equal(result.parts_count, 1);
    assert_int_equal(result.parts[0].number, 2);
    assert_int_equal(result.parts[0].size_bytes, SECOND_PART_BYTES);
    gs3_s3_result_release(&result);
}

static void upload_in_two(const char *key, const char *bytes,
                          const struct gs3_s3_customer_key *customer_key)
{
    struct gs3_s3_part parts[2];
    gs3_auto_free char *id = create_upload(key, customer_key);
    struct gs3_s3_request part = request_of(GS3_S3_UPLOAD_PART, key);
    part.upload_id = id;
    part.customer_key = customer_key;
    part.body = (struct gs3_http_body){.bytes = bytes + FIRST_PART_BYTES,
                                       .length_bytes = SECOND_PART_BYTES};
    send_part(part, 2, &parts[1]);
    part.body = (struct gs3_http_body){.bytes = bytes, .length_bytes = FIRST_PART_BYTES};
    send_part(part, 1, &parts[0]);
    check_parts(key, id, parts);
    complete_upload(key, id, parts, customer_key);
    gs3_s3_part_release(&parts[0]);
    gs3_s3_part_release(&parts[1]);
}

static void assert_bytes(const char *key, const char *bytes,
                         const struct gs3_s3_customer_key *customer_key)
{
    struct gs3_s3_result result;
    gs3_auto_buf struct gs3_buf body = GS3_BUF_INIT(8 << 20);
    const struct gs3_http_sink sink = {.write = collect, .reset = forget, .context = &body};
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT, key);
    get.sink = &sink;
    get.customer_key = customer_key;
    perform(&get, &result);
    assert_int_equal(body.length_bytes, FIRST_PART_BYTES + SECOND_PART_BYTES);
    assert_memory_equal(body.data, bytes, body.length_bytes);
    assert_string_equal(gs3_pairs_get(&result.metadata, "ticket"), "T-1");
    assert_true(strstr(result.etag, "-2\"") != NULL);
    gs3_s3_result_release(&result);
}

void upload_in_parts_is_one_object(void **state)
{
    (void)state;
    gs3_auto_free char *bytes = make_bytes();
    upload_in_two("large +", bytes, NULL);
    assert_bytes("large +", bytes, NULL);
}

void parts_are_copied_from_an_object(void **state)
{
    (void)state;
    struct gs3_s3_part parts[2];
    gs3_auto_free char *bytes = make_bytes();
    upload_in_two("whole +", bytes, NULL);
    gs3_auto_free char *id = create_upload("copied in parts", NULL);
    struct gs3_s3_request part = request_of(GS3_S3_UPLOAD_PART_COPY, "copied in parts");
    part.upload_id = id;
    part.copy_source = (struct gs3_s3_object){.bucket = way.bucket, .key = "whole +"};
    part.range = (struct gs3_s3_range){.first = 0, .length_bytes = FIRST_PART_BYTES};
    send_part(part, 1, &parts[0]);
    part.range =
        (struct gs3_s3_range){.first = FIRST_PART_BYTES, .length_bytes = SECOND_PART_BYTES};
    send_part(part, 2, &parts[1]);
    complete_upload("copied in parts", id, parts, NULL);
    assert_bytes("copied in parts", bytes, NULL);
    gs3_s3_part_release(&parts[0]);
    gs3_s3_part_release(&parts[1]);
}

void upload_that_is_aborted_is_gone(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_free char *id = create_upload("aborted", NULL);
    struct gs3_s3_request abort_it = request_of(GS3_S3_ABORT_UPLOAD, "aborted");
    abort_it.upload_id = id;
    abort_it.survives_interrupt = true;
    perform(&abort_it, &result);
    gs3_s3_result_release(&result);
    struct gs3_s3_request list = request_of(GS3_S3_LIST_PARTS, "aborted");
    list.upload_id = id;
    assert_int_equal(gs3_s3_perform(way.s3, &list, &result, &err), -1);
    assert_true(gs3_s3_err_is_not_found(&err)); /* AWS: NoSuchUpload, Ceph: NoSuchKey */
}

void range_is_a_part_of_the_object(void **state)
{
    (void)state;
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf body = GS3_BUF_INIT(100);
    const struct gs3_http_sink sink = {.write = collect, .reset = forget, .context = &body};
    put_text("ten", "0123456789");
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT, "ten");
    get.sink = &sink;
    get.range = (struct gs3_s3_range){.first = 3, .length_bytes = 4};
    perform(&get, &result);
    assert_string_equal(gs3_buf_string(&body), "3456");
    assert_int_equal(result.range_total_bytes, 10);
    gs3_s3_result_release(&result);
    get.range.first = 10;
    assert_int_equal(gs3_s3_perform(way.s3, &get, &result, &err), -1);
    assert_string_equal(err.code, "InvalidRange");
    get.range.first = 0;
    get.if_match = "\"00000000000000000000000000000000\"";
    assert_int_equal(gs3_s3_perform(way.s3, &get, &result, &err), -1);
    assert_true(gs3_s3_err_is_precondition(&err));
}

/* A store that does not know trailers must not keep what frames the bytes. */
void checksum_goes_with_the_bytes_or_is_refused(void **state)
{
    (void)state;
    enum { BODY_BYTES = 40000 };
    static const enum gs3_s3_checksum kinds[] = {GS3_S3_CHECKSUM_CRC32C, GS3_S3_CHECKSUM_SHA256};
    gs3_auto_free char *text = gs3_xcalloc(BODY_BYTES + 1, 1);
    gs3_auto_close int fd = memfd_create("body", MFD_CLOEXEC);
    memset(text, 'x', BODY_BYTES);
    assert_int_equal(pwrite(fd, text, BODY_BYTES, 0), BODY_BYTES);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct gs3_s3_result result;
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT, "summed");
        put.body = (struct gs3_http_body){.fd = fd, .length_bytes = BODY_BYTES};
        put.checksum = kinds[i];
        put.wants_md5 = true;
        if (gs3_s3_perform(way.s3, &put, &result, &err)) {
            print_message("# %s: %s\n", gs3_s3_checksum_name(kinds[i]), err.message);
            assert_int_equal(err.class, GS3_ESERVICE);
            continue;
        }
        assert_non_null(result.checksum);
        gs3_auto_free char *etag = gs3_xasprintf("\"%s\"", result.md5);
        assert_string_equal(result.etag, etag);
        gs3_s3_result_release(&result);
        assert_content("summed", text);
    }
}

void customer_key_opens_what_it_closed(void **state)
{
    (void)state;
    static const unsigned char key_bytes[32] = "0123456789abcdef0123456789abcde";
    static const unsigned char other_bytes[32] = "0123456789abcdef0123456789abcdf";
    const struct gs3_s3_customer_key key = {.bytes = key_bytes}, other = {.bytes = other_bytes};
    struct gs3_s3_result result;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_free char *bytes = make_bytes();
    upload_in_two("closed", bytes, &key);
    assert_bytes("closed", bytes, &key);
    struct gs3_s3_request head = request_of(GS3_S3_HEAD_OBJECT, "closed");
    assert_int_equal(gs3_s3_perform(way.s3, &head, &result, &err), -1);
    head.customer_key = &other;
    assert_int_equal(gs3_s3_perform(way.s3, &head, &result, &err), -1);
    head.customer_key = &key;
    perform(&head, &result);
    gs3_s3_result_release(&result);
}
