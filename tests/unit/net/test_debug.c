#include "net/client.h"
#include "net/internal.h"

static struct gs3_buf lines = GS3_BUF_INIT(1 << 20);

static void keep_line(void *context, const char *line)
{
    (void)context;
    gs3_buf_puts(&lines, line);
    gs3_buf_putc(&lines, '\n');
}

static int add_headers(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)context;
    (void)err;
    gs3_pairs_add(headers, "authorization", "AWS4-HMAC-SHA256 hush1");
    gs3_pairs_add(headers, "X-Amz-Security-Token", "hush2");
    gs3_pairs_add(headers, "x-sn-apikey", "hush3");
    gs3_pairs_add(headers, "Cookie", "hush4");
    gs3_pairs_add(headers, "x-amz-server-side-encryption-customer-key", "hush5");
    gs3_pairs_add(headers, "x-amz-copy-source-server-side-encryption-customer-key-MD5", "hush6");
    gs3_pairs_add(headers, "x-amz-server-side-encryption-context", "hush7");
    gs3_pairs_add(headers, "x-amz-meta-purpose", "shown1");
    return 0;
}

static void log_names_headers_and_hides_secrets(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: hush8\r\n"
                  "X-Odd: a\x1b[31mb\r\nETag: shown2\r\n\r\n"}};
    const struct gs3_log log = {.write = keep_line};
    struct server server;
    server_start(&server, replies, 1, NULL);
    struct gs3_http *http = client_new(&(struct gs3_http_opts){.log = &log});
    gs3_auto_free char *url =
        gs3_xasprintf("%s/key?list=shown3&X-Amz-Signature=hush9&X-Amz-Security-Token=hush0&uploads",
                      server.url);
    const struct gs3_http_request request = {.method = "GET", .url = url, .prepare = add_headers};
    struct gs3_http_response response;
    assert_int_equal(gs3_http_perform(http, &request, &response, NULL), 0);
    const char *text = gs3_buf_string(&lines);
    assert_null(strstr(text, "hush"));
    assert_null(strchr(text, '\x1b'));
    static const char *const shown[] = {"GET http",    "shown1",     "shown2",
                                        "shown3",      "[redacted]", "authorization",
                                        "x-sn-apikey", "&uploads",   "200"};
    for (size_t i = 0; i < COUNT(shown); i++)
        assert_non_null(strstr(text, shown[i]));
    gs3_http_response_release(&response);
    gs3_http_free(http);
    server_stop(&server);
    gs3_buf_release(&lines);
}

static void url_parameters_are_hidden_by_name(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"http://h/p", "http://h/p"},
        {"http://h/p?", "http://h/p?"},
        {"http://h/p?a=1&b", "http://h/p?a=1&b"},
        {"http://h/p?token=1", "http://h/p?token=[redacted]"},
        {"http://h/p?a&X-AMZ-CREDENTIAL=1&c=2", "http://h/p?a&X-AMZ-CREDENTIAL=[redacted]&c=2"},
        {"http://h/p?token", "http://h/p?token"},
        {"http://h/p?&&=", "http://h/p?&&="},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(1000);
        gs3_http_append_url(&out, cases[i][0]);
        assert_string_equal(gs3_buf_string(&out), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_names_headers_and_hides_secrets),
        cmocka_unit_test(url_parameters_are_hidden_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
