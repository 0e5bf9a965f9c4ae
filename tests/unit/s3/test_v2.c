/* The Signature Version 2 transport: what it refuses, and how it reads what a module hands out. The
 * module here is played: libs3's own is tested against a store (tests/system/libs3.bats). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "s3/v2.h"

enum { ANSWERS = 8 };

/* What the played store says, call after call, and what it was asked. */
static struct played {
    const char *answers[ANSWERS]; /* NULL: no answer comes */
    unsigned count;
    enum gs3_v2_verb verbs[ANSWERS];
    char keys[ANSWERS][64];
    char sent[64];
    size_t sent_bytes;
} played;

static struct gs3_v2_line *line_new(const struct gs3_v2 *v2)
{
    (void)v2;
    return NULL;
}

static void line_free(struct gs3_v2_line *line)
{
    (void)line;
}

static void hand_out(struct gs3_v2_send *send, const char *answer)
{
    while (*answer) {
        const char *end = strstr(answer, "\n");
        size_t length = (size_t)(end - answer) + 1;
        if (send->head(send->context, answer, length)) {
            send->has_failed = true;
            return;
        }
        answer += length;
        if (length == 1)
            break;
    }
    if (*answer && send->write(send->context, answer, strlen(answer)))
        send->has_failed = true;
}

static void start(struct gs3_v2_line *line, struct gs3_v2_send *send)
{
    (void)line;
    unsigned number = played.count++;
    assert_true(number < ANSWERS);
    played.verbs[number] = send->verb;
    const char *key = send->verb == GS3_V2_COPY ? send->source_key : send->key;
    snprintf(played.keys[number], sizeof played.keys[number], "%s", key ? key : "");
    send->is_hooked = true;
    send->has_failed = false;
    send->what = "ConnectionFailed";
    if (send->verb == GS3_V2_PUT) {
        long got;
        played.sent_bytes = 0;
        while ((got = send->read(send->context, played.sent + played.sent_bytes, 3)) > 0)
            played.sent_bytes += (size_t)got;
    }
    if (played.answers[number])
        hand_out(send, played.answers[number]);
    else
        send->has_failed = true;
    send->is_done = true;
}

static void turn(struct gs3_v2_line *line, int wait_ms)
{
    (void)line;
    (void)wait_ms;
}

static const struct gs3_s3_module module = {.line_new = line_new,
                                            .line_free = line_free,
                                            .start = start,
                                            .turn = turn};

struct set {
    struct gs3_http *http;
    struct gs3_credentials credentials;
    struct gs3_s3_transport *transport;
    struct gs3_s3_result result;
    struct gs3_err err;
};

static void set_up(struct set *set)
{
    static char key_id[] = "AKID";
    memset(&played, 0, sizeof played);
    memset(set, 0, sizeof *set);
    const struct gs3_http_opts opts = {.user_agent = "test"};
    set->http = gs3_http_new(&opts, &set->err);
    set->credentials.access_key_id = key_id;
    const struct gs3_s3_v2_opts v2 = {.module = &module,
                                      .http = set->http,
                                      .credentials = &set->credentials};
    set->transport = gs3_s3_v2_new(&v2);
}

static int perform(struct set *set, const struct gs3_s3_request *request)
{
    gs3_s3_result_release(&set->result);
    gs3_err_clear(&set->err);
    return gs3_s3_perform(set->transport, request, &set->result, &set->err);
}

static void tear_down(struct set *set)
{
    gs3_s3_result_release(&set->result);
    gs3_s3_transport_free(set->transport);
    gs3_http_free(set->http);
}

static const struct gs3_s3_object object = {.bucket = "bucket", .key = "k"};

static void check_what_cannot_be_had_refuses_by_name(void **state)
{
    (void)state;
    static const struct gs3_s3_write_options grants = {.grant_read = "id=1"},
                                             class = {.storage_class = "STANDARD_IA"},
                                             sse = {.sse = "AES256"},
                                             redirect = {.website_redirect = "/x"},
                                             acl = {.acl = "bucket-owner-read"};
    static char text[] = "x", language[] = "de", date[] = "Sat, 21 Nov 2026 03:22:20 GMT";
    static const struct gs3_s3_properties disposition = {.content_disposition = text},
                                          german = {.content_language = language},
                                          expires = {.expires = date};
    struct gs3_pair one = {.name = text, .value = text};
    const struct gs3_pairs tags = {.items = &one, .count = 1};
    static const struct gs3_s3_customer_key key;
    const struct {
        struct gs3_s3_request request;
        const char *name;
    } cases[] = {
        {{.op = GS3_S3_CREATE_UPLOAD, .object = object}, "multipart upload"},
        {{.op = GS3_S3_GET_OBJECT_TAGGING, .object = object}, "tags"},
        {{.op = GS3_S3_DELETE_OBJECTS, .object = object}, "DeleteObjects"},
        {{.op = GS3_S3_DELETE_OBJECT, .object = object, .if_match = "\"a\""},
         "a conditional DeleteObject"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .if_none_match = true}, "--no-overwrite"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .tags = &tags}, "--tags"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .write = &grants}, "--grants"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .write = &class}, "--storage-class"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .write = &sse}, "--sse"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .write = &redirect}, "--website-redirect"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .write = &acl}, "--acl bucket-owner-read"},
        {{.op = GS3_S3_COPY_OBJECT, .object = object, .properties = &disposition},
         "Content-Disposition"},
        {{.op = GS3_S3_COPY_OBJECT, .object = object, .properties = &german}, "Content-Language"},
        {{.op = GS3_S3_COPY_OBJECT, .object = object, .properties = &expires}, "Expires"},
        {{.op = GS3_S3_HEAD_OBJECT, .object = object, .customer_key = &key}, "--sse-c"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .checksum = GS3_S3_CHECKSUM_CRC32},
         "--checksum-algorithm"},
        {{.op = GS3_S3_PUT_OBJECT, .object = object, .headers = &tags}, "a further header"},
        {{.op = GS3_S3_HEAD_OBJECT, .object = {.bucket = "b", .key = "k", .version_id = "v"}},
         "a version id"},
        {{.op = GS3_S3_GET_OBJECT, .object = object, .get_part_number = 1}, "a part"},
        {{.op = GS3_S3_PUT_OBJECT,
          .object = object,
          .body = {.length_bytes = (UINT64_C(5) << 30) + 1}},
         "5 GiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(gs3_s3_v2_check(&cases[i].request, &err), -1);
        if (!strstr(err.message, cases[i].name) || !strstr(err.message, "signature_version = s3"))
            fail_msg("%s: %s", cases[i].name, err.message);
    }
}

static void check_metadata_that_libs3_would_change_refuses(void **state)
{
    (void)state;
    static const char *const values[] = {"", " a", "a ", "a\tb", "a\nb"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        gs3_auto_pairs struct gs3_pairs metadata = GS3_PAIRS_INIT;
        struct gs3_err err = GS3_ERR_INIT;
        const struct gs3_s3_request request = {.op = GS3_S3_PUT_OBJECT,
                                               .object = object,
                                               .metadata = &metadata};
        gs3_pairs_add(&metadata, "fine", "a  b");
        assert_int_equal(gs3_s3_v2_check(&request, &err), 0);
        gs3_pairs_add(&metadata, "odd", values[i]);
        assert_int_equal(gs3_s3_v2_check(&request, &err), -1);
        assert_non_null(strstr(err.message, "the metadata odd"));
    }
}

static void call_refused_sends_nothing(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    const struct gs3_s3_request request = {.op = GS3_S3_CREATE_UPLOAD, .object = object};
    assert_int_equal(perform(&set, &request), -1);
    assert_int_equal(played.count, 0);
    tear_down(&set);
}

static void put_answered_gives_etag_and_md5(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    played.answers[0] = "HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\nETag: \"e\"\r\n"
                        "x-amz-version-id: v\r\n\n";
    const struct gs3_s3_request request = {.op = GS3_S3_PUT_OBJECT,
                                           .object = object,
                                           .body = {.bytes = "abc", .length_bytes = 3},
                                           .wants_md5 = true};
    assert_int_equal(perform(&set, &request), 0);
    assert_string_equal(set.result.etag, "\"e\"");
    assert_string_equal(set.result.md5, "900150983cd24fb0d6963f7d28e17f72");
    assert_null(set.result.version_id);
    assert_int_equal(played.sent_bytes, 3);
    assert_memory_equal(played.sent, "abc", 3);
    tear_down(&set);
}

static void put_unanswered_is_sent_again_and_a_delete_is_not(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    played.answers[1] = "HTTP/1.1 503 Slow Down\r\n\n";
    played.answers[2] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\n";
    struct gs3_s3_request request = {.op = GS3_S3_PUT_OBJECT,
                                     .object = object,
                                     .body = {.bytes = "abcd", .length_bytes = 4}};
    assert_int_equal(perform(&set, &request), 0);
    assert_int_equal(played.count, 3);
    assert_int_equal(set.result.attempts, 3);
    assert_memory_equal(played.sent, "abcd", 4);

    request = (struct gs3_s3_request){.op = GS3_S3_DELETE_OBJECT, .object = object};
    assert_int_equal(perform(&set, &request), -1);
    assert_int_equal(played.count, 4);
    assert_int_equal(set.err.class, GS3_ETRANSIENT);
    tear_down(&set);
}

static int take(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    (void)err;
    return gs3_buf_append(context, bytes, length_bytes);
}

static int forget(void *context, struct gs3_err *err)
{
    (void)err;
    gs3_buf_clear(context);
    return 0;
}

static void get_cut_short_is_asked_for_again(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    gs3_auto_buf struct gs3_buf got = GS3_BUF_INIT(100);
    const struct gs3_http_sink sink = {.write = take, .reset = forget, .context = &got};
    played.answers[0] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 6\r\n\nabc";
    played.answers[1] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 6\r\n\nabcdef";
    const struct gs3_s3_request request = {.op = GS3_S3_GET_OBJECT,
                                           .object = object,
                                           .sink = &sink};
    assert_int_equal(perform(&set, &request), 0);
    assert_string_equal(gs3_buf_string(&got), "abcdef");
    tear_down(&set);
}

static void answer_malformed_fails_once(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1\r\n\n",
        "HTTP/1.1 xyz\r\n\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\n",
        "HTTP/1.1 200 OK\r\n folded: x\r\n\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct set set;
        set_up(&set);
        played.answers[0] = answers[i];
        const struct gs3_s3_request request = {.op = GS3_S3_HEAD_OBJECT, .object = object};
        assert_int_equal(perform(&set, &request), -1);
        assert_int_equal(played.count, 1);
        assert_non_null(strstr(set.err.message, "HeadObject"));
        tear_down(&set);
    }
}

static const char found[] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1\r\n\n";
static const char copied[] = "HTTP/1.1 200 OK\r\n\n<CopyObjectResult><ETag>&quot;e&quot;</ETag>"
                             "<LastModified>2026-11-21T03:22:20Z</LastModified></CopyObjectResult>";

static const struct gs3_s3_request copy = {.op = GS3_S3_COPY_OBJECT,
                                           .object = {.bucket = "bucket", .key = "to"},
                                           .copy_source = {.bucket = "bucket", .key = "a b+%/c"},
                                           .copy_source_if_match = "\"e\""};

static void copy_looks_before_and_after(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    played.answers[0] = played.answers[2] = found;
    played.answers[1] = copied;
    assert_int_equal(perform(&set, &copy), 0);
    assert_int_equal(played.count, 3);
    assert_int_equal(played.verbs[0], GS3_V2_HEAD);
    assert_int_equal(played.verbs[1], GS3_V2_COPY);
    assert_string_equal(played.keys[1], "a%20b%2B%25/c");
    assert_string_equal(set.result.etag, "\"e\"");
    tear_down(&set);
}

static void copy_of_a_tagged_or_changed_source_is_not_made(void **state)
{
    (void)state;
    struct set set;
    set_up(&set);
    played.answers[0] = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1\r\n"
                        "x-amz-tagging-count: 2\r\n\n";
    assert_int_equal(perform(&set, &copy), -1);
    assert_int_equal(played.count, 1);
    assert_non_null(strstr(set.err.message, "2 tags"));
    played.answers[1] = "HTTP/1.1 200 OK\r\nETag: \"other\"\r\nContent-Length: 1\r\n\n";
    assert_int_equal(perform(&set, &copy), -1);
    assert_int_equal(played.count, 2);
    /* Changed while it was copied. */
    played.answers[2] = found;
    played.answers[3] = copied;
    played.answers[4] = played.answers[1];
    assert_int_equal(perform(&set, &copy), -1);
    assert_non_null(strstr(set.err.message, "changed while it was copied"));
    tear_down(&set);
}

static int count_entry(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    (void)err;
    assert_non_null(entry->key);
    ++*(unsigned *)context;
    return 0;
}

static void list_truncated_goes_on_after_its_last_key(void **state)
{
    (void)state;
    struct set set;
    unsigned count = 0;
    set_up(&set);
    played.answers[0] =
        "HTTP/1.1 200 OK\r\n\n<ListBucketResult><EncodingType>url</EncodingType>"
        "<IsTruncated>true</IsTruncated><Contents><Key>a%20b</Key>"
        "<LastModified>2026-11-21T03:22:20.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
        "<Size>1</Size></Contents></ListBucketResult>";
    const struct gs3_s3_request request = {.op = GS3_S3_LIST_OBJECTS,
                                           .object = {.bucket = "bucket"},
                                           .prefix = "",
                                           .entry = count_entry,
                                           .entry_context = &count};
    if (perform(&set, &request))
        fail_msg("%s", set.err.message);
    assert_int_equal(count, 1);
    assert_string_equal(set.result.next_token, "a b");
    tear_down(&set);
}

/* ---- the file of a module */

static void module_missing_or_wrong_fails_in_one_line(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-test-v2-XXXXXX";
    assert_non_null(mkdtemp(directory));
    gs3_auto_free char *path = gs3_xasprintf("%s/libs3.so", directory);
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(gs3_s3_module_load(directory, &err));
    assert_int_equal(err.class, GS3_ECONFIG);
    assert_non_null(strstr(err.message, "is not there"));

    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0 && write(fd, "text\n", 5) == 5);
    close(fd);
    assert_null(gs3_s3_module_load(directory, &err));
    assert_int_equal(err.class, GS3_ECONFIG);
    assert_null(strchr(err.message, '\n'));

    assert_int_equal(chmod(path, 0666), 0);
    assert_null(gs3_s3_module_load(directory, &err));
    assert_non_null(strstr(err.message, "chmod go-w"));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(chmod(directory, 0777), 0);
    assert_null(gs3_s3_module_load(directory, &err));
    assert_non_null(strstr(err.message, "chmod go-w"));
    assert_int_equal(chmod(directory, 0755), 0);

    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_null(gs3_s3_module_load(directory, &err));
    assert_non_null(strstr(err.message, "not a regular file"));
    unlink(path);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_what_cannot_be_had_refuses_by_name),
        cmocka_unit_test(check_metadata_that_libs3_would_change_refuses),
        cmocka_unit_test(call_refused_sends_nothing),
        cmocka_unit_test(put_answered_gives_etag_and_md5),
        cmocka_unit_test(put_unanswered_is_sent_again_and_a_delete_is_not),
        cmocka_unit_test(get_cut_short_is_asked_for_again),
        cmocka_unit_test(answer_malformed_fails_once),
        cmocka_unit_test(copy_looks_before_and_after),
        cmocka_unit_test(copy_of_a_tagged_or_changed_source_is_not_made),
        cmocka_unit_test(list_truncated_goes_on_after_its_last_key),
        cmocka_unit_test(module_missing_or_wrong_fails_in_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
