/* The limit on what all requests of a process send and receive together. */
#include "net/client.h"

#include <pthread.h>

#include "base/mem.h"

enum { RATE_BYTES_PER_S = 2 << 20, BODY_BYTES = 1 << 20, THREADS = 2, SLACK_MS = 200, TRIES = 5 };

static char *make_answer(size_t body_bytes, size_t *length)
{
    char head[128];
    int head_bytes =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body_bytes);
    char *answer = gs3_xmalloc((size_t)head_bytes + body_bytes);
    memcpy(answer, head, (size_t)head_bytes);
    memset(answer + head_bytes, 'x', body_bytes);
    *length = (size_t)head_bytes + body_bytes;
    return answer;
}

static int64_t cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asserts that `bytes` take the time that the rate gives them, give or take 10 %. A machine that
 * others use as well is late now and then, which is no fault of the limit and may be tried again;
 * early never is. */
static void assert_rate(int64_t (*measure)(void), uint64_t bytes)
{
    int64_t wanted_ms = (int64_t)(bytes * 1000 / RATE_BYTES_PER_S);
    int64_t elapsed_ms = 0;
    for (size_t i = 0; i < TRIES; i++) {
        elapsed_ms = measure();
        if (elapsed_ms < wanted_ms * 9 / 10)
            break;
        if (elapsed_ms <= wanted_ms * 11 / 10 + SLACK_MS)
            return;
    }
    fail_msg("%lld ms for what takes %lld", (long long)elapsed_ms, (long long)wanted_ms);
}

static void bandwidth_is_booked_first_come_first_served(void **state)
{
    (void)state;
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(1000);
    uint64_t now = UINT64_C(5000000000);
    /* What was not used in the last twentieth of a second is made up for, and no more. */
    assert_int_equal(gs3_bandwidth_book(bandwidth, 100, now), now - 50000000);
    assert_int_equal(gs3_bandwidth_book(bandwidth, 500, now), now + 50000000);
    assert_int_equal(gs3_bandwidth_book(bandwidth, 1, now), now + 550000000);
    assert_int_equal(gs3_bandwidth_book(bandwidth, 1, now + 1), now + 551000000);
    assert_int_equal(gs3_bandwidth_book(bandwidth, 1, now * 2), now * 2 - 50000000);
    assert_int_equal(gs3_bandwidth_slice_bytes(bandwidth), 1024);
    gs3_bandwidth_free(bandwidth);
    bandwidth = gs3_bandwidth_new(UINT64_C(1) << 40);
    assert_int_equal(gs3_bandwidth_slice_bytes(bandwidth), 64 * 1024);
    assert_true(gs3_bandwidth_book(bandwidth, 16 << 20, now) <= now);
    gs3_bandwidth_free(bandwidth);
    gs3_bandwidth_free(NULL);
}

static int64_t measure_download(void)
{
    size_t length;
    gs3_auto_free char *answer = make_answer(2 * BODY_BYTES, &length);
    const struct server_reply reply = {.bytes = answer, .length = length};
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(RATE_BYTES_PER_S);
    struct fetch fetch = {.http = NULL};
    server_start(&fetch.server, &reply, 1, NULL);
    fetch.http = client_new(&(struct gs3_http_opts){.bandwidth = bandwidth});
    int64_t cpu_before_ms = cpu_ms();
    fetch_perform(&fetch,
                  (struct gs3_http_request){.is_limited = true,
                                            .maximum_body_bytes = 4 << 20,
                                            .expected_body_bytes = 2 * BODY_BYTES},
                  "/");
    assert_int_equal(fetch.outcome, 0);
    assert_int_equal(fetch.response.received_bytes, 2 * BODY_BYTES);
    int64_t elapsed_ms = fetch.elapsed_ms;
    /* It sleeps meanwhile. */
    assert_true(cpu_ms() - cpu_before_ms < elapsed_ms / 3);
    /* What is not limited does not wait. */
    fetch_perform(&fetch, (struct gs3_http_request){.maximum_body_bytes = 4 << 20}, "/");
    assert_true(fetch.elapsed_ms < elapsed_ms);
    fetch_release(&fetch);
    gs3_bandwidth_free(bandwidth);
    return elapsed_ms;
}

static void bandwidth_limits_a_download(void **state)
{
    (void)state;
    assert_rate(measure_download, 2 * BODY_BYTES);
}

static int64_t measure_upload(void)
{
    static const struct server_reply reply = {.bytes =
                                                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    gs3_auto_free char *body = gs3_xmalloc(2 * BODY_BYTES);
    for (size_t i = 0; i < 2 * BODY_BYTES; i++)
        body[i] = (char)(i * 7);
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(RATE_BYTES_PER_S);
    struct fetch fetch = {.http = NULL};
    server_start(&fetch.server, &reply, 1, NULL);
    fetch.http = client_new(&(struct gs3_http_opts){.bandwidth = bandwidth});
    struct gs3_http_request put = {.method = "PUT",
                                   .is_limited = true,
                                   .body = {.bytes = body, .length_bytes = 2 * BODY_BYTES}};
    fetch_perform(&fetch, put, "/large");
    assert_fetched(&fetch, 200, "ok");
    int64_t elapsed_ms = fetch.elapsed_ms;
    const struct server_request *request = &fetch.server.shared->request[0];
    assert_int_equal(request->body_bytes, 2 * BODY_BYTES);
    assert_int_equal(request->body_sum, server_sum(0, 0, body, 2 * BODY_BYTES));
    put.body.length_bytes = 0;
    fetch_perform(&fetch, put, "/empty");
    assert_fetched(&fetch, 200, "ok");
    fetch_release(&fetch);
    gs3_bandwidth_free(bandwidth);
    return elapsed_ms;
}

static void bandwidth_limits_an_upload(void **state)
{
    (void)state;
    assert_rate(measure_upload, 2 * BODY_BYTES);
}

enum { CALLS = 12, ROUNDS = 6, SMALL_BYTES = 16000 };

static void put_together(struct fetch *fetch, const struct gs3_http_request *put)
{
    struct gs3_http_call *calls[CALLS];
    for (size_t i = 0; i < CALLS; i++)
        calls[i] = gs3_http_start(fetch->http, put);
    for (size_t i = 0; i < CALLS; i++) {
        fetch->outcome = gs3_http_wait(fetch->http, calls[i], &fetch->response, &fetch->err);
        assert_fetched(fetch, 200, "ok");
        gs3_http_response_release(&fetch->response);
    }
}

static int64_t measure_small_uploads(void)
{
    static const struct server_reply reply = {.bytes =
                                                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    gs3_auto_free char *body = gs3_xcalloc(1, SMALL_BYTES);
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(RATE_BYTES_PER_S);
    struct fetch fetch = {.http = NULL};
    server_start(&fetch.server, &reply, 1, NULL);
    fetch.http = client_new(&(struct gs3_http_opts){.bandwidth = bandwidth});
    const struct gs3_http_request put = {.method = "PUT",
                                         .url = fetch.server.url,
                                         .is_limited = true,
                                         .maximum_body_bytes = 100,
                                         .body = {.bytes = body, .length_bytes = SMALL_BYTES}};
    struct gs3_http_request empty = put;
    empty.body.length_bytes = 0;
    put_together(&fetch, &empty); /* connects: the server takes its time */
    int64_t start_ms = test_now_ms();
    for (size_t round = 0; round < ROUNDS; round++)
        put_together(&fetch, &put);
    int64_t elapsed_ms = test_now_ms() - start_ms;
    fetch_release(&fetch);
    gs3_bandwidth_free(bandwidth);
    return elapsed_ms;
}

/* What leaves together with its headers as a rule keeps to the limit as well. */
static void bandwidth_limits_small_uploads_together(void **state)
{
    (void)state;
    assert_rate(measure_small_uploads, CALLS * ROUNDS * SMALL_BYTES);
}

/* One thread's work: two requests at once on connections of its own. */
struct lane {
    pthread_t thread;
    struct gs3_bandwidth *bandwidth;
    const char *url;
    const char *body;
    uint64_t received_bytes;
    int64_t ends_ms[2];
};

static void *run_lane(void *context)
{
    struct lane *lane = context;
    struct gs3_http *http =
        gs3_http_new(&(struct gs3_http_opts){.user_agent = "x", .bandwidth = lane->bandwidth},
                     NULL);
    const struct gs3_http_request get = {.method = "GET",
                                         .url = lane->url,
                                         .is_limited = true,
                                         .maximum_body_bytes = 4 << 20};
    struct gs3_http_request put = get;
    put.method = "PUT";
    put.body = (struct gs3_http_body){.bytes = lane->body, .length_bytes = BODY_BYTES / 2};
    struct gs3_http_call *calls[2] = {gs3_http_start(http, &get), gs3_http_start(http, &put)};
    for (size_t i = 0; i < 2; i++) {
        struct gs3_http_response response = {.status = 0};
        if (gs3_http_wait(http, calls[i], &response, NULL) == 0)
            lane->received_bytes += response.received_bytes;
        gs3_http_response_release(&response);
        lane->ends_ms[i] = test_now_ms();
    }
    gs3_http_free(http);
    return NULL;
}

static int64_t measure_threads(void)
{
    size_t length;
    gs3_auto_free char *answer = make_answer(BODY_BYTES / 2, &length);
    gs3_auto_free char *body = gs3_xcalloc(1, BODY_BYTES / 2);
    const struct server_reply replies[] = {{.match = "GET ", .bytes = answer, .length = length},
                                           {.bytes =
                                                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}};
    struct server server;
    server_start(&server, replies, 2, NULL);
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(RATE_BYTES_PER_S);
    struct lane lanes[THREADS];
    int64_t start_ms = test_now_ms();
    for (size_t i = 0; i < THREADS; i++) {
        lanes[i] = (struct lane){.bandwidth = bandwidth, .url = server.url, .body = body};
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(lanes[i].thread, NULL);
        assert_int_equal(lanes[i].received_bytes, BODY_BYTES / 2);
    }
    int64_t elapsed_ms = test_now_ms() - start_ms;
    /* Nobody is served at the cost of the others: all are under way until near the end. */
    for (size_t i = 0; i < THREADS; i++)
        assert_true(lanes[i].ends_ms[1] - start_ms > elapsed_ms / 3);
    server_stop(&server);
    gs3_bandwidth_free(bandwidth);
    return elapsed_ms;
}

static void bandwidth_is_one_for_all_threads_and_both_ways(void **state)
{
    (void)state;
    assert_rate(measure_threads, THREADS * BODY_BYTES);
}

static int refuse_bytes(void *context, const void *bytes, size_t length, struct gs3_err *err)
{
    (void)bytes;
    size_t *taken_bytes = context;
    *taken_bytes += length;
    return *taken_bytes > 200000 ? gs3_fail(err, GS3_EIO, "the disk is full") : 0;
}

static void bandwidth_pause_ends_with_the_callers_error(void **state)
{
    (void)state;
    size_t length;
    gs3_auto_free char *answer = make_answer(BODY_BYTES, &length);
    const struct server_reply reply = {.bytes = answer, .length = length};
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(RATE_BYTES_PER_S);
    struct fetch fetch = {.http = NULL};
    size_t taken_bytes = 0;
    const struct gs3_http_sink sink = {.write = refuse_bytes, .context = &taken_bytes};
    server_start(&fetch.server, &reply, 1, NULL);
    fetch.http = client_new(&(struct gs3_http_opts){.bandwidth = bandwidth});
    fetch_perform(&fetch, (struct gs3_http_request){.is_limited = true, .sink = &sink}, "/");
    assert_failed(&fetch, GS3_EIO, "the disk is full");
    fetch_release(&fetch);
    gs3_bandwidth_free(bandwidth);
}

static void bandwidth_wait_ends_with_an_interruption(void **state)
{
    (void)state;
    volatile int interrupted = 0;
    size_t length;
    gs3_auto_free char *answer = make_answer(BODY_BYTES, &length);
    const struct server_reply reply = {.bytes = answer, .length = length};
    struct gs3_bandwidth *bandwidth = gs3_bandwidth_new(1000);
    struct fetch fetch = {.http = NULL};
    server_start(&fetch.server, &reply, 1, NULL);
    fetch.http =
        client_new(&(struct gs3_http_opts){.bandwidth = bandwidth, .interrupted = &interrupted});
    const struct gs3_http_request get = {.method = "GET",
                                         .url = fetch.server.url,
                                         .is_limited = true,
                                         .maximum_body_bytes = 4 << 20};
    struct gs3_http_call *call = gs3_http_start(fetch.http, &get);
    int64_t start_ms = test_now_ms();
    while (test_now_ms() - start_ms < 300)
        gs3_http_turn(fetch.http, 50);
    interrupted = 1;
    fetch.outcome = gs3_http_wait(fetch.http, call, &fetch.response, &fetch.err);
    assert_failed(&fetch, GS3_EINTERRUPT, "interrupted");
    assert_true(test_now_ms() - start_ms < 1500);
    /* A call that is given up while it waits. */
    interrupted = 0;
    call = gs3_http_start(fetch.http, &get);
    gs3_http_turn(fetch.http, 50);
    gs3_http_cancel(fetch.http, call);
    fetch_release(&fetch);
    gs3_bandwidth_free(bandwidth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bandwidth_is_booked_first_come_first_served),
        cmocka_unit_test(bandwidth_limits_a_download),
        cmocka_unit_test(bandwidth_limits_an_upload),
        cmocka_unit_test(bandwidth_limits_small_uploads_together),
        cmocka_unit_test(bandwidth_is_one_for_all_threads_and_both_ways),
        cmocka_unit_test(bandwidth_pause_ends_with_the_callers_error),
        cmocka_unit_test(bandwidth_wait_ends_with_an_interruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
