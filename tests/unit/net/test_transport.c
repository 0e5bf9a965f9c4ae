#include "net/client.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const struct server_reply ok_replies[] = {{.bytes = OK}};

/* A directory with a certificate for the loopback addresses, and one for another host. */
struct certificates {
    char directory[64], other[80];
    char certificate[128], key[128], other_certificate[128], other_key[128];
};
static struct certificates files;

static int make_certificates(void **state)
{
    (void)state;
    snprintf(files.directory, sizeof files.directory, "/tmp/gs3-net-XXXXXX");
    if (!mkdtemp(files.directory))
        return -1;
    snprintf(files.other, sizeof files.other, "%s/other", files.directory);
    gs3_auto_free char *make = gs3_xasprintf("mkdir %s", files.other);
    if (system(make) || !server_make_certificate(files.directory, "IP:127.0.0.1,DNS:localhost") ||
        !server_make_certificate(files.other, "DNS:other.example"))
        return -1;
    snprintf(files.certificate, sizeof files.certificate, "%s/cert.pem", files.directory);
    snprintf(files.key, sizeof files.key, "%s/key.pem", files.directory);
    snprintf(files.other_certificate, sizeof files.other_certificate, "%s/cert.pem", files.other);
    snprintf(files.other_key, sizeof files.other_key, "%s/key.pem", files.other);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    gs3_auto_free char *command = gs3_xasprintf("rm -rf %s", files.directory);
    return system(command);
}

static void fetch_start_tls(struct fetch *fetch)
{
    struct server_opts opts = {.certificate = files.certificate, .key = files.key};
    fetch_start(fetch, ok_replies, 1, &opts);
}

static void tls_unknown_certificate_is_refused_without_a_retry(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start_tls(&fetch);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_failed(&fetch, GS3_ESERVICE, "the certificate of 127.0.0.1:");
    assert_non_null(strstr(fetch.err.message, "is not trusted"));
    assert_int_equal(fetch.response.attempts, 1);
    assert_int_equal(fetch.server.shared->requests, 0);
    fetch_release(&fetch);
}

static void tls_bundle_replaces_the_systems(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start_tls(&fetch);
    fetch_perform(&fetch, (struct gs3_http_request){.tls = {.ca_bundle = files.certificate}}, "/");
    assert_fetched(&fetch, 200, "ok");
    /* A connection that one request trusts must not serve another that does not. */
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_failed(&fetch, GS3_ESERVICE, "is not trusted");
    fetch_perform(&fetch, (struct gs3_http_request){.tls = {.no_verify = true}}, "/");
    assert_fetched(&fetch, 200, "ok");
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_failed(&fetch, GS3_ESERVICE, "is not trusted");
    fetch_perform(&fetch, (struct gs3_http_request){.tls = {.ca_bundle = files.other_certificate}},
                  "/");
    assert_failed(&fetch, GS3_ESERVICE, "is not trusted");
    fetch_perform(&fetch, (struct gs3_http_request){.tls = {.ca_bundle = "/nonexistent.pem"}}, "/");
    assert_failed(&fetch, GS3_ECONFIG, "/nonexistent.pem");
    fetch_release(&fetch);
}

static void tls_certificate_of_another_host_is_refused(void **state)
{
    (void)state;
    struct server_opts opts = {.certificate = files.other_certificate, .key = files.other_key};
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, &opts);
    fetch_perform(&fetch, (struct gs3_http_request){.tls = {.ca_bundle = files.other_certificate}},
                  "/");
    assert_failed(&fetch, GS3_ESERVICE, "is not trusted");
    fetch_release(&fetch);
}

static void tls_to_a_plain_server_fails(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, NULL);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", fetch.server.port);
    fetch_perform(&fetch, (struct gs3_http_request){.url = url, .total_timeout_ms = 500}, "");
    assert_int_equal(fetch.outcome, -1);
    assert_int_equal(fetch.err.class, GS3_ETRANSIENT);
    fetch_release(&fetch);
}

static void warm_connection_is_taken_over_without_a_byte_sent(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, NULL);
    gs3_http_warm(fetch.http, fetch.server.url, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(fetch.server.shared->connections, 1);
    assert_int_equal(fetch.server.shared->requests, 1);
    fetch_release(&fetch);
}

static void warm_tls_is_taken_over_with_the_same_trust_alone(void **state)
{
    (void)state;
    const struct gs3_http_tls tls = {.ca_bundle = files.certificate};
    struct fetch fetch;
    fetch_start_tls(&fetch);
    gs3_http_warm(fetch.http, fetch.server.url, &tls);
    fetch_perform(&fetch, (struct gs3_http_request){.tls = tls}, "/");
    assert_fetched(&fetch, 200, "ok");
    assert_int_equal(fetch.server.shared->connections, 1);
    assert_int_equal(fetch.server.shared->handshakes, 1);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_failed(&fetch, GS3_ESERVICE, "is not trusted");
    fetch_release(&fetch);
}

static void warm_failure_is_silent(void **state)
{
    (void)state;
    struct server closed;
    server_start(&closed, ok_replies, 1, NULL);
    server_stop(&closed); /* its port refuses now */
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, NULL);
    gs3_http_warm(fetch.http, closed.url, NULL);
    gs3_http_warm(fetch.http, "nonsense", NULL);
    gs3_http_warm(fetch.http, "ftp://127.0.0.1/", NULL);
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/");
    assert_fetched(&fetch, 200, "ok");
    gs3_http_warm(fetch.http, fetch.server.url, NULL); /* never used */
    fetch_release(&fetch);
}

static void warm_that_hangs_delays_a_request_a_little_at_most(void **state)
{
    (void)state;
    struct server_opts opts = {.certificate = files.certificate,
                               .key = files.key,
                               .accept_delay_ms = 5000};
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, &opts);
    gs3_http_warm(fetch.http, fetch.server.url, NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.total_timeout_ms = 300, .maximum_attempts = 1},
                  "/");
    assert_failed(&fetch, GS3_ETRANSIENT, "in time");
    assert_in_range(fetch.elapsed_ms, 300, 9000);
    fetch_release(&fetch);
}

static void refused_connection_is_named(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, NULL);
    struct server closed;
    server_start(&closed, ok_replies, 1, NULL);
    server_stop(&closed);
    fetch_perform(&fetch, (struct gs3_http_request){.url = closed.url, .maximum_attempts = 2}, "");
    assert_failed(&fetch, GS3_ETRANSIENT, closed.url);
    assert_non_null(strstr(fetch.err.message, "onnection refused"));
    assert_int_equal(fetch.err.sys_errno, ECONNREFUSED);
    assert_int_equal(fetch.response.attempts, 2);
    fetch_release(&fetch);
}

static void time_outs_are_told_apart(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "/drip", .drip_ms = 30, .bytes = OK "\r\n\r\n\r\n"},
        {.match = "/late", .delay_ms = 5000, .bytes = OK},
        {.match = "/stall",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha",
         .delay_ms = 0,
         .end = SERVER_KEEP}};
    struct fetch fetch;
    fetch_start(&fetch, replies, COUNT(replies), NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.total_timeout_ms = 300, .maximum_attempts = 1},
                  "/drip");
    assert_failed(&fetch, GS3_ETRANSIENT, "did not answer in time");
    assert_int_equal(fetch.err.sys_errno, ETIMEDOUT);
    assert_in_range(fetch.elapsed_ms, 250, 5000);
    fetch_perform(&fetch, (struct gs3_http_request){.total_timeout_ms = 300, .maximum_attempts = 2},
                  "/late");
    assert_failed(&fetch, GS3_ETRANSIENT, "did not answer in time");
    assert_int_equal(fetch.response.attempts, 2);
    fetch_perform(&fetch,
                  (struct gs3_http_request){.stall_timeout_ms = 1000, .maximum_attempts = 1},
                  "/stall");
    assert_failed(&fetch, GS3_ETRANSIENT, "did not answer in time");
    assert_in_range(fetch.elapsed_ms, 800, 30000);
    fetch_release(&fetch);
}

static volatile int flag;

static void raise_flag(int signal_number)
{
    (void)signal_number;
    flag = 1;
}

static void interruption_ends_every_call_promptly(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.delay_ms = 20000, .bytes = OK}};
    struct server server;
    server_start(&server, replies, 1, NULL);
    flag = 0;
    struct gs3_http *http = client_new(&(struct gs3_http_opts){.interrupted = &flag});
    struct gs3_http_request request = {.method = "GET", .url = server.url};
    struct gs3_http_call *other = gs3_http_start(http, &request);
    signal(SIGALRM, raise_flag);
    const struct itimerval soon = {.it_value = {.tv_usec = 150000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    int64_t start = test_now_ms();
    for (int i = 0; i < 2; i++) {
        struct gs3_http_response response;
        struct gs3_err err = GS3_ERR_INIT;
        int outcome = i == 0 ? gs3_http_perform(http, &request, &response, &err)
                             : gs3_http_wait(http, other, &response, &err);
        assert_int_equal(outcome, -1);
        assert_int_equal(err.class, GS3_EINTERRUPT);
        gs3_http_response_release(&response);
    }
    assert_true(gs3_http_is_interrupted(http));
    assert_in_range(test_now_ms() - start, 100, 8000);
    gs3_http_free(http);
    server_stop(&server);
}

static void proxies_are_those_given_and_never_the_environments(void **state)
{
    (void)state;
    struct fetch fetch;
    fetch_start(&fetch, ok_replies, 1, NULL);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    fetch_perform(&fetch, (struct gs3_http_request){.maximum_attempts = 1}, "/direct");
    assert_fetched(&fetch, 200, "ok");
    setenv("no_proxy", "*", 1);
    gs3_http_free(fetch.http);
    fetch.http = client_new(&(struct gs3_http_opts){.proxy_http = fetch.server.url,
                                                    .no_proxy = "direct.example,127.0.0.1"});
    gs3_http_warm(fetch.http, "http://bucket.example/", NULL);
    fetch_perform(&fetch, (struct gs3_http_request){.url = "http://bucket.example/key"}, "");
    assert_fetched(&fetch, 200, "ok");
    assert_non_null(
        strstr(fetch.server.shared->request[1].head, "GET http://bucket.example/key HTTP/1.1"));
    fetch_perform(&fetch, (struct gs3_http_request){0}, "/exempt");
    assert_fetched(&fetch, 200, "ok");
    assert_non_null(strstr(fetch.server.shared->request[2].head, "GET /exempt HTTP/1.1"));
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("no_proxy");
    fetch_release(&fetch);
}

/* curl repeats an address that it cannot use, password and all. */
static void proxies_that_cannot_be_used_are_not_shown(void **state)
{
    static const char *const proxies[] = {"ftp://user:s3cr3t-word@127.0.0.1:1",
                                          "http://user:s3cr3t-word@[bad",
                                          "http://us er:s3cr3t-word@127.0.0.1:1",
                                          "http://user:s3cr3t-word@127.0.0.1:1",
                                          "http://user:s3cr3t-word@nohost.invalid"};
    (void)state;
    for (size_t i = 0; i < COUNT(proxies); i++) {
        struct fetch fetch = {.http =
                                  client_new(&(struct gs3_http_opts){.proxy_http = proxies[i],
                                                                     .proxy_https = proxies[i]})};
        static const char *const urls[] = {"http://bucket.example/", "https://bucket.example/"};
        for (size_t j = 0; j < COUNT(urls); j++) {
            struct gs3_http_request request = {.method = "GET",
                                               .url = urls[j],
                                               .maximum_attempts = 1};
            fetch.outcome = gs3_http_perform(fetch.http, &request, &fetch.response, &fetch.err);
            assert_failed(&fetch, GS3_ETRANSIENT, "bucket.example");
            assert_null(strstr(fetch.err.message, "s3cr3t-word"));
            gs3_http_response_release(&fetch.response);
        }
        gs3_http_free(fetch.http);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_that_cannot_be_used_are_not_shown),
        cmocka_unit_test(tls_unknown_certificate_is_refused_without_a_retry),
        cmocka_unit_test(tls_bundle_replaces_the_systems),
        cmocka_unit_test(tls_certificate_of_another_host_is_refused),
        cmocka_unit_test(tls_to_a_plain_server_fails),
        cmocka_unit_test(warm_connection_is_taken_over_without_a_byte_sent),
        cmocka_unit_test(warm_tls_is_taken_over_with_the_same_trust_alone),
        cmocka_unit_test(warm_failure_is_silent),
        cmocka_unit_test(warm_that_hangs_delays_a_request_a_little_at_most),
        cmocka_unit_test(refused_connection_is_named),
        cmocka_unit_test(time_outs_are_told_apart),
        cmocka_unit_test(interruption_ends_every_call_promptly),
        cmocka_unit_test(proxies_are_those_given_and_never_the_environments),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
