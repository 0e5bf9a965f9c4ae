#include "net/client.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void get_whole_answer_is_returned(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \t one  \r\nX-A: two\r\n"
                  "x-empty:\r\n\r\nhello"}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/a");
    assert_fetched(&fetch, 200, "hello");
    assert_int_equal(fetch.response.attempts, 1);
    assert_int_equal(fetch.response.received_bytes, 5);
    assert_int_equal(fetch.response.headers.count, 4);
    assert_string_equal(gs3_pairs_get(&fetch.response.headers, "x-a"), "one");
    assert_string_equal(fetch.response.headers.items[2].value, "two");
    assert_string_equal(gs3_pairs_get(&fetch.response.headers, "X-Empty"), "");
    fetch_release(&fetch);
}

static void get_request_line_and_headers_are_as_given(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/a/../b//./c%2F?x=%5E&y");
    assert_fetched(&fetch, 200, "ok");
    const char *head = fetch.server.shared->request[0].head;
    assert_non_null(strstr(head, "GET /a/../b//./c%2F?x=%5E&y HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nUser-Agent: gs3/test\r\n"));
    assert_null(strcasestr(head, "\r\nExpect:"));
    assert_null(strcasestr(head, "\r\nCookie:"));
    assert_null(strcasestr(head, "\r\nAuthorization:"));
    assert_null(strcasestr(head, "\r\nAccept-Encoding:"));
    fetch_release(&fetch);
}

static int prepare_headers(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    const struct gs3_pairs *given = context;
    gs3_pairs_copy(headers, given);
    return 0;
}

static void prepare_headers_are_sent_and_lengths_are_not(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    gs3_auto_pairs struct gs3_pairs given = GS3_PAIRS_INIT;
    gs3_pairs_add(&given, "x-amz-date", "20261121T032220Z");
    gs3_pairs_add(&given, "x-empty", "");
    gs3_pairs_add(&given, "Content-Length", "987654");
    gs3_pairs_add(&given, "Transfer-Encoding", "chunked");
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .prepare = prepare_headers,
                                            .context = &given,
                                            .body = {.bytes = "abc", .length_bytes = 3}},
                  "/");
    assert_fetched(&fetch, 200, "ok");
    const char *head = fetch.server.shared->request[0].head;
    assert_non_null(strstr(head, "PUT / HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nx-amz-date: 20261121T032220Z\r\n"));
    assert_non_null(strstr(head, "\r\nx-empty:"));
    assert_non_null(strstr(head, "\r\nContent-Length: 3\r\n"));
    assert_null(strstr(head, "987654"));
    assert_null(strcasestr(head, "Transfer-Encoding"));
    assert_string_equal(fetch.server.shared->request[0].body, "abc");
    fetch_release(&fetch);
}

static void prepare_header_injection_is_refused(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    static const char *const bad[][2] = {
        {"x-a", "b\r\nx-evil: 1"}, {"x-a", "b\nc"}, {"x a", "b"}, {"", "b"}, {"x:a", "b"}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    for (size_t i = 0; i < COUNT(bad); i++) {
        gs3_auto_pairs struct gs3_pairs given = GS3_PAIRS_INIT;
        gs3_pairs_add(&given, bad[i][0], bad[i][1]);
        fetch_perform(&fetch,
                      (struct gs3_http_request){.prepare = prepare_headers, .context = &given},
                      "/");
        assert_failed(&fetch, GS3_EINVALID, "header");
    }
    assert_int_equal(fetch.server.shared->requests, 0);
    fetch_release(&fetch);
}

static int refuse(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)context;
    (void)headers;
    return gs3_fail(err, GS3_ECONFIG, "no key");
}

static void prepare_failure_ends_the_call(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.prepare = refuse}, "/");
    assert_failed(&fetch, GS3_ECONFIG, "no key");
    assert_int_equal(fetch.server.shared->requests, 0);
    fetch_release(&fetch);
}

static void methods_are_sent_as_named(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "HEAD ", .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"},
        {.match = "DELETE ", .bytes = "HTTP/1.1 204 No Content\r\n\r\n"},
        {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.method = "HEAD"}, "/h");
    assert_fetched(&fetch, 200, "");
    assert_string_equal(gs3_pairs_get(&fetch.response.headers, "content-length"), "7");
    fetch_perform(&fetch, (struct gs3_http_request){.method = "DELETE"}, "/d");
    assert_fetched(&fetch, 204, "");
    fetch_perform(&fetch, (struct gs3_http_request){.method = "PUT"}, "/p");
    assert_fetched(&fetch, 200, "ok");
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "POST",
                                            .body = {.bytes = "a=b", .length_bytes = 3}},
                  "/f");
    assert_fetched(&fetch, 200, "ok");
    const struct server_request *requests = fetch.server.shared->request;
    assert_non_null(strstr(requests[0].head, "HEAD /h "));
    assert_non_null(strstr(requests[1].head, "DELETE /d "));
    assert_null(strcasestr(requests[1].head, "Content-Length"));
    assert_non_null(strstr(requests[2].head, "PUT /p "));
    assert_non_null(strstr(requests[2].head, "Content-Length: 0\r\n"));
    assert_non_null(strstr(requests[3].head, "POST /f "));
    assert_null(strcasestr(requests[3].head, "Content-Type"));
    assert_string_equal(requests[3].body, "a=b");
    assert_int_equal(fetch.server.shared->connections, 1);
    fetch_release(&fetch);
}

static FILE *make_file(size_t length_bytes, unsigned char **content)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    *content = gs3_xmalloc(length_bytes);
    for (size_t i = 0; i < length_bytes; i++)
        (*content)[i] = (unsigned char)((i * 2654435761u) >> 13);
    assert_int_equal(fwrite(*content, 1, length_bytes, file), length_bytes);
    fflush(file);
    return file;
}

static void file_range_is_sent_and_sent_again(void **state)
{
    (void)state;
    enum { SIZE = 3000000, OFFSET = 12345, LENGTH = 2500000 };
    static const struct server_reply replies[] = {
        {.times = 1, .bytes = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = OK}};
    unsigned char *content;
    FILE *file = make_file(SIZE, &content);
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch,
                  (struct gs3_http_request){
                      .method = "PUT",
                      .body = {.fd = fileno(file), .offset = OFFSET, .length_bytes = LENGTH}},
                  "/");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(fetch.response.attempts, 2);
    uint64_t sum = server_sum(0, 0, content + OFFSET, LENGTH);
    for (int i = 0; i < 2; i++) {
        assert_true(fetch.server.shared->request[i].body_bytes == LENGTH);
        assert_true(fetch.server.shared->request[i].body_sum == sum);
    }
    fetch_release(&fetch);
    free(content);
    fclose(file);
}

/* Up to 16 KiB a body leaves with its headers, above it after them: neither shows. */
static void file_of_any_size_is_sent_with_the_callers_headers_alone(void **state)
{
    (void)state;
    enum { SIZE = 16 * 1024 + 2, OFFSET = 1 };
    static const struct server_reply replies[] = {{.bytes = OK}};
    unsigned char *content;
    FILE *file = make_file(SIZE, &content);
    static const size_t lengths[] = {0, 1, SIZE - 2, SIZE - 1};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        fetch_perform(&fetch,
                      (struct gs3_http_request){.method = "PUT",
                                                .body = {.fd = fileno(file),
                                                         .offset = OFFSET,
                                                         .length_bytes = lengths[i]}},
                      "/");
        assert_fetched(&fetch, 200, "ok");
        const struct server_request *request = &fetch.server.shared->request[i];
        assert_true(request->body_bytes == lengths[i]);
        assert_true(request->body_sum == server_sum(0, 0, content + OFFSET, lengths[i]));
        assert_null(strcasestr(request->head, "Content-Type"));
        assert_null(strcasestr(request->head, "Expect"));
        gs3_auto_free char *length = gs3_xasprintf("\r\nContent-Length: %zu\r\n", lengths[i]);
        assert_non_null(strstr(request->head, length));
    }
    assert_int_equal(fetch.server.shared->connections, 1);
    assert_int_equal(gs3_http_counts(fetch.http)->sent_bytes, 1 + SIZE - 2 + SIZE - 1);
    fetch_release(&fetch);
    free(content);
    fclose(file);
}

static void file_that_became_shorter_is_an_error(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    unsigned char *content;
    FILE *file = make_file(1000, &content);
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .body = {.fd = fileno(file), .length_bytes = 1001}},
                  "/");
    assert_failed(&fetch, GS3_EIO, "changed while it was read");
    assert_int_equal(fetch.response.attempts, 1);
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT", .body = {.fd = -1, .length_bytes = 5}},
                  "/");
    assert_failed(&fetch, GS3_EIO, "cannot read the file");
    fetch_release(&fetch);
    free(content);
    fclose(file);
}

/* The server closes a connection that the client believes to be alive. */
static void reused_connection_that_died_is_replaced_and_the_body_rewound(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.times = 1, .bytes = OK, .end = SERVER_CLOSE},
                                                  {.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/1");
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .body = {.bytes = "again", .length_bytes = 5}},
                  "/2");
    assert_fetched(&fetch, 200, "ok");
    /* Who notices first, curl before it sends or the loop after it, is a race. */
    assert_in_range(fetch.response.attempts, 1, 2);
    assert_int_equal(fetch.server.shared->connections, 2);
    assert_string_equal(fetch.server.shared->request[1].body, "again");
    fetch_release(&fetch);
}

/* What a test's sink got. */
struct sunk {
    struct gs3_buf bytes;
    int resets;
    bool is_failing;
};

static int sink_write(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    struct sunk *sunk = context;
    if (sunk->is_failing)
        return gs3_fail(err, GS3_EIO, "disk full");
    return gs3_buf_append(&sunk->bytes, bytes, length_bytes);
}

static int sink_reset(void *context, struct gs3_err *err)
{
    (void)err;
    struct sunk *sunk = context;
    sunk->resets++;
    gs3_buf_clear(&sunk->bytes);
    return 0;
}

static void sink_gets_2xx_bodies_alone(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "GET /bad", .bytes = "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nxml"},
        {.bytes = "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\n\r\ndata"}};
    struct sunk sunk = {.bytes = GS3_BUF_INIT(100)};
    const struct gs3_http_sink sink = {.write = sink_write, .reset = sink_reset, .context = &sunk};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.sink = &sink}, "/bad");
    assert_fetched(&fetch, 404, "xml");
    assert_int_equal(sunk.bytes.length_bytes, 0);
    fetch_perform(&fetch, (struct gs3_http_request){.sink = &sink}, "/good");
    assert_fetched(&fetch, 206, "");
    assert_string_equal(gs3_buf_string(&sunk.bytes), "data");
    assert_int_equal(sunk.resets, 0);
    sunk.is_failing = true;
    fetch_perform(&fetch, (struct gs3_http_request){.sink = &sink}, "/good");
    assert_failed(&fetch, GS3_EIO, "disk full");
    assert_int_equal(fetch.response.attempts, 1);
    gs3_buf_release(&sunk.bytes);
    fetch_release(&fetch);
}

static void short_body_is_retried_with_the_sink_reset(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.times = 1,
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
         .end = SERVER_CLOSE},
        {.times = 1,
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
         .end = SERVER_RESET},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"}};
    struct sunk sunk = {.bytes = GS3_BUF_INIT(100)};
    const struct gs3_http_sink sink = {.write = sink_write, .reset = sink_reset, .context = &sunk};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.sink = &sink}, "/");
    assert_fetched(&fetch, 200, "");
    assert_int_equal(fetch.response.attempts, 3);
    assert_int_equal(sunk.resets, 2);
    assert_string_equal(gs3_buf_string(&sunk.bytes), "whole");
    gs3_buf_release(&sunk.bytes);
    fetch_release(&fetch);
}

static void short_body_is_never_success(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "/sized",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
         .end = SERVER_CLOSE},
        {.match = "/chunked",
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
         .end = SERVER_CLOSE},
        {.match = "/headers", .bytes = "HTTP/1.1 200 OK\r\nContent-Le", .end = SERVER_CLOSE},
        {.match = "/nothing", .end = SERVER_CLOSE},
        {.match = "/reset", .end = SERVER_RESET}};
    static const char *const paths[] = {"/sized", "/chunked", "/headers", "/nothing", "/reset"};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    for (size_t i = 0; i < COUNT(paths); i++) {
        fetch_perform(&fetch, (struct gs3_http_request){.maximum_attempts = 1}, paths[i]);
        assert_failed(&fetch, GS3_ETRANSIENT, fetch.server.url);
    }
    struct sunk sunk = {.bytes = GS3_BUF_INIT(100)};
    const struct gs3_http_sink sink = {.write = sink_write, .reset = NULL, .context = &sunk};
    fetch_perform(&fetch, (struct gs3_http_request){.sink = &sink}, "/sized");
    assert_failed(&fetch, GS3_ETRANSIENT, "ended before its length");
    assert_int_equal(fetch.response.attempts, 1); /* a sink that cannot take back */
    gs3_buf_release(&sunk.bytes);
    fetch_release(&fetch);
}

static void body_over_the_maximum_is_refused(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.maximum_body_bytes = 1}, "/");
    assert_failed(&fetch, GS3_EINVALID, "larger than 1 bytes");
    assert_int_equal(fetch.err.http_status, 200);
    assert_int_equal(fetch.response.attempts, 1);
    fetch_perform(&fetch, (struct gs3_http_request){.maximum_body_bytes = 2}, "/");
    assert_fetched(&fetch, 200, "ok");
    fetch_release(&fetch);
}

static char *many_headers(unsigned count, size_t value_bytes)
{
    struct gs3_buf answer = GS3_BUF_INIT(1 << 22);
    gs3_buf_puts(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
    for (unsigned i = 0; i < count; i++) {
        gs3_buf_printf(&answer, "X-%u: ", i);
        for (size_t j = 0; j < value_bytes; j++)
            gs3_buf_putc(&answer, 'v');
        gs3_buf_puts(&answer, "\r\n");
    }
    gs3_buf_puts(&answer, "\r\nok");
    return gs3_buf_take(&answer);
}

static void headers_are_bounded(void **state)
{
    (void)state;
    gs3_auto_free char *fits = many_headers(200, 100);
    gs3_auto_free char *many = many_headers(300, 1);
    gs3_auto_free char *large = many_headers(20, 4000);
    const struct server_reply replies[] = {{.match = "/fits", .bytes = fits},
                                           {.match = "/many", .bytes = many},
                                           {.bytes = large}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/fits");
    assert_fetched(&fetch, 200, "ok");
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/many");
    assert_failed(&fetch, GS3_EINVALID, "too many headers");
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/large");
    assert_failed(&fetch, GS3_EINVALID, "too many headers");
    fetch_release(&fetch);
}

static void odd_header_blocks_are_read_safely(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "/interim",
         .bytes = "HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {.match = "/trailer",
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n"
                  "2\r\nok\r\n0\r\nETag: late\r\n\r\n"},
        {.match = "/folded",
         .bytes = "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok"},
        {.match = "/nocolon",
         .bytes = "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok"},
        {.match = "/raw", .bytes = "HELLO\r\n\r\n", .end = SERVER_CLOSE}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/interim");
    assert_fetched(&fetch, 200, "ok");
    assert_null(gs3_pairs_get(&fetch.response.headers, "etag"));
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/trailer");
    assert_fetched(&fetch, 200, "ok");
    assert_null(gs3_pairs_get(&fetch.response.headers, "etag"));
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/folded");
    assert_failed(&fetch, GS3_EINVALID, "malformed header");
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/nocolon");
    assert_failed(&fetch, GS3_ESERVICE, "cannot be used");
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/raw");
    assert_failed(&fetch, GS3_ESERVICE, "cannot be used");
    fetch_release(&fetch);
}

static void redirect_is_returned_and_not_followed(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"}};
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_fetched(&fetch, 302, "");
    assert_int_equal(fetch.server.shared->requests, 1);
    fetch_release(&fetch);
}

/* A server that answers an upload early, with an error, while the body is still on its way. */
static void early_answer_to_an_upload_is_read(void **state)
{
    (void)state;
    enum { SIZE = 4 << 20 };
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", .is_early = true}};
    gs3_auto_free char *body = gs3_xcalloc(1, SIZE);
    struct fetch fetch;
    fetch_start(&fetch, replies, 1, NULL);
    fetch_perform(&fetch,
                  (struct gs3_http_request){.method = "PUT",
                                            .maximum_attempts = 1,
                                            .body = {.bytes = body, .length_bytes = SIZE}},
                  "/");
    assert_fetched(&fetch, 403, "no");
    fetch_release(&fetch);
}

static void url_that_is_not_http_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1:80",
                                      "http://a b/",        "http:///x",        "https://u:p@h/",
                                      "http://h/\xc3\xa9",  "http://h/\r\nX: y"};
    struct gs3_http *http = client_new(NULL);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct gs3_http_request request = {.method = "GET", .url = bad[i]};
        struct gs3_http_response response;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(gs3_http_perform(http, &request, &response, &err), -1);
        assert_int_equal(err.class, GS3_EGENERAL);
        gs3_http_response_release(&response);
    }
    gs3_http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_whole_answer_is_returned),
        cmocka_unit_test(get_request_line_and_headers_are_as_given),
        cmocka_unit_test(prepare_headers_are_sent_and_lengths_are_not),
        cmocka_unit_test(prepare_header_injection_is_refused),
        cmocka_unit_test(prepare_failure_ends_the_call),
        cmocka_unit_test(methods_are_sent_as_named),
        cmocka_unit_test(file_range_is_sent_and_sent_again),
        cmocka_unit_test(file_of_any_size_is_sent_with_the_callers_headers_alone),
        cmocka_unit_test(file_that_became_shorter_is_an_error),
        cmocka_unit_test(reused_connection_that_died_is_replaced_and_the_body_rewound),
        cmocka_unit_test(sink_gets_2xx_bodies_alone),
        cmocka_unit_test(short_body_is_retried_with_the_sink_reset),
        cmocka_unit_test(short_body_is_never_success),
        cmocka_unit_test(body_over_the_maximum_is_refused),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(odd_header_blocks_are_read_safely),
        cmocka_unit_test(redirect_is_returned_and_not_followed),
        cmocka_unit_test(early_answer_to_an_upload_is_read),
        cmocka_unit_test(url_that_is_not_http_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
