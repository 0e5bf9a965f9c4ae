/* Short hands for the tests of the net room. */
#ifndef GS3_TESTS_CLIENT_H
#define GS3_TESTS_CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "net/http.h"
#include "net/server.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* One request and what became of it; released by fetch_release. */
struct fetch {
    struct gs3_http *http;
    struct server server;
    struct gs3_http_response response;
    struct gs3_err err;
    int outcome;
    int64_t elapsed_ms;
};

static inline int64_t test_now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

static inline struct gs3_http *client_new(const struct gs3_http_opts *opts)
{
    struct gs3_http_opts defaults = {.user_agent = "gs3/test"};
    struct gs3_err err = GS3_ERR_INIT;
    if (opts)
        defaults = *opts;
    defaults.user_agent = "gs3/test";
    struct gs3_http *http = gs3_http_new(&defaults, &err);
    assert_non_null(http);
    return http;
}

static inline void fetch_start(struct fetch *fetch, const struct server_reply *replies,
                               size_t count, const struct server_opts *opts)
{
    *fetch = (struct fetch){.http = NULL};
    server_start(&fetch->server, replies, count, opts);
    fetch->http = client_new(NULL);
}

static inline void fetch_perform(struct fetch *fetch, struct gs3_http_request request,
                                 const char *path)
{
    char url[512];
    snprintf(url, sizeof url, "%s%s", fetch->server.url, path);
    if (!request.url)
        request.url = url;
    if (!request.method)
        request.method = "GET";
    if (!request.maximum_body_bytes)
        request.maximum_body_bytes = 65536;
    gs3_http_response_release(&fetch->response);
    gs3_err_clear(&fetch->err);
    int64_t start = test_now_ms();
    fetch->outcome = gs3_http_perform(fetch->http, &request, &fetch->response, &fetch->err);
    fetch->elapsed_ms = test_now_ms() - start;
}

static inline void fetch_release(struct fetch *fetch)
{
    gs3_http_response_release(&fetch->response);
    gs3_http_free(fetch->http);
    server_stop(&fetch->server);
}

#define assert_fetched(fetch, expected_status, expected_body)                                      \
    do {                                                                                           \
        if ((fetch)->outcome)                                                                      \
            print_error("%s\n", (fetch)->err.message);                                             \
        assert_int_equal((fetch)->outcome, 0);                                                     \
        assert_int_equal((fetch)->response.status, expected_status);                               \
        assert_string_equal(gs3_buf_string(&(fetch)->response.body), expected_body);               \
    } while (0)

#define assert_failed(fetch, expected_class, expected_text)                                        \
    do {                                                                                           \
        assert_int_equal((fetch)->outcome, -1);                                                    \
        if ((fetch)->err.class != (expected_class) ||                                              \
            !strstr((fetch)->err.message, expected_text))                                          \
            print_error("class %d: %s\n", (int)(fetch)->err.class, (fetch)->err.message);          \
        assert_int_equal((fetch)->err.class, expected_class);                                      \
        assert_non_null(strstr((fetch)->err.message, expected_text));                              \
    } while (0)

#endif
