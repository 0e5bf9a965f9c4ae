/* Repeats: what is sent again, where to, and what a repeat may conclude. */
#include "s3/fixture.h"

#include <stdlib.h>

#include "base/mem.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" ETAG "\r\n"

struct sunk {
    struct gs3_buf bytes;
    int resets;
};

static int collect(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    (void)err;
    struct sunk *sunk = context;
    return gs3_buf_append(&sunk->bytes, bytes, length_bytes);
}

static int forget(void *context, struct gs3_err *err)
{
    (void)err;
    struct sunk *sunk = context;
    sunk->resets++;
    gs3_buf_clear(&sunk->bytes);
    return 0;
}

static void get_that_is_cut_starts_over(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.times = 1,
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" ETAG "\r\nhello",
         .end = SERVER_CLOSE},
        {.times = 1, .bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad"},
        {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" ETAG "\r\nhelloworld"},
    };
    struct fixture fixture;
    struct sunk sunk = {.bytes = GS3_BUF_INIT(100)};
    const struct gs3_http_sink sink = {.write = collect, .reset = forget, .context = &sunk};
    fixture_start(&fixture, replies, 3);
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT);
    get.sink = &sink;
    assert_int_equal(fixture_perform(&fixture, get), 0);
    assert_string_equal(gs3_buf_string(&sunk.bytes), "helloworld");
    assert_int_equal(fixture.result.attempts, 3);
    assert_true(sunk.resets >= 1);
    gs3_buf_release(&sunk.bytes);
    fixture_release(&fixture);
}

/* Without a length nobody can say whether all of it came. */
static void get_without_a_length_is_a_failure(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\n" ETAG "Connection: close\r\n\r\nhello",
         .end = SERVER_CLOSE}};
    struct fixture fixture;
    struct sunk sunk = {.bytes = GS3_BUF_INIT(100)};
    const struct gs3_http_sink sink = {.write = collect, .reset = forget, .context = &sunk};
    fixture_start(&fixture, replies, 1);
    struct gs3_s3_request get = request_of(GS3_S3_GET_OBJECT);
    get.sink = &sink;
    assert_int_equal(fixture_perform(&fixture, get), -1);
    assert_holds(fixture.err.message, "does not say how long the object is");
    gs3_buf_release(&sunk.bytes);
    fixture_release(&fixture);
}

static void condition_that_fails_at_once_is_a_precondition(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *failed = answer_of("412 Failed", "", XML_ERROR("PreconditionFailed", ""));
    gs3_auto_free char *slow = answer_of("503 Busy", "", XML_ERROR("SlowDown", ""));
    const struct server_reply replies[] = {{.times = 1, .bytes = slow}, {.bytes = failed}};
    fixture_start(&fixture, replies, 2);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.if_none_match = true;
    /* Slowed down is turned away: the repeat's answer counts. */
    assert_int_equal(fixture_perform(&fixture, put), -1);
    assert_int_equal(fixture.result.attempts, 2);
    assert_true(gs3_s3_err_is_precondition(&fixture.err));
    assert_int_equal(fixture_perform(&fixture, put), -1);
    assert_true(gs3_s3_err_is_precondition(&fixture.err));
    fixture_release(&fixture);
}

static void condition_that_fails_on_a_repeat_is_uncertain(void **state)
{
    (void)state;
    gs3_auto_free char *failed = answer_of("412 Failed", "", XML_ERROR("PreconditionFailed", ""));
    gs3_auto_free char *oops = answer_of("500 Oops", "", XML_ERROR("InternalError", ""));
    gs3_auto_free char *empty = answer_of("200 OK", "", "");
    const struct {
        enum gs3_s3_op op;
        struct server_reply first;
    } cases[] = {
        {GS3_S3_PUT_OBJECT, {.times = 1, .end = SERVER_RESET}},
        {GS3_S3_PUT_OBJECT, {.times = 1, .bytes = oops}},
        {GS3_S3_COPY_OBJECT, {.times = 1, .bytes = empty}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        const struct server_reply replies[] = {cases[i].first, {.bytes = failed}};
        fixture_start(&fixture, replies, 2);
        struct gs3_s3_request request = request_of(cases[i].op);
        request.if_none_match = true;
        assert_int_equal(fixture_perform(&fixture, request), -1);
        assert_false(gs3_s3_err_is_precondition(&fixture.err));
        assert_int_equal(fixture.err.class, GS3_EFAIL);
        assert_int_equal(fixture.result.attempts, 2);
        assert_holds(fixture.err.message, "look at the object before trying again");
        fixture_release(&fixture);
    }
}

/* A reused connection that the server has closed: curl repeats the request without a word. */
static void condition_that_fails_on_curls_own_repeat_is_uncertain(void **state)
{
    (void)state;
    gs3_auto_free char *failed = answer_of("412 Failed", "", XML_ERROR("PreconditionFailed", ""));
    const struct server_reply replies[] = {{.times = 1, .bytes = OK},
                                           {.times = 1, .end = SERVER_CLOSE},
                                           {.bytes = failed}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 3);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    assert_int_equal(fixture_perform(&fixture, put), 0);
    put.if_none_match = true;
    assert_int_equal(fixture_perform(&fixture, put), -1);
    assert_int_equal(fixture_requests(&fixture), 3);
    assert_false(gs3_s3_err_is_precondition(&fixture.err));
    fixture_release(&fixture);
}

static void unconditional_write_is_repeated(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.times = 2, .end = SERVER_RESET}, {.bytes = OK}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 2);
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.body = (struct gs3_http_body){.bytes = "again", .length_bytes = 5};
    assert_int_equal(fixture_perform(&fixture, put), 0);
    assert_int_equal(fixture.result.attempts, 3);
    assert_string_equal(fixture.server.shared->request[2].body, "again");
    fixture_release(&fixture);
}

static void region_of_a_redirect_signs_and_is_remembered(void **state)
{
    (void)state;
    gs3_auto_free char *wrong =
        answer_of("400 Bad", "",
                  XML_ERROR("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"));
    const struct server_reply replies[] = {{.match = "/us-east-1/s3/", .bytes = wrong},
                                           {.bytes = OK}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 2);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_PUT_OBJECT)), 0);
    assert_int_equal(fixture_requests(&fixture), 2);
    assert_int_equal(fixture.result.attempts, 2);
    assert_holds(fixture_head(&fixture, 1), "/eu-west-1/s3/aws4_request");
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_PUT_OBJECT)), 0);
    assert_int_equal(fixture_requests(&fixture), 3);
    /* Another bucket has a region of its own. */
    struct gs3_s3_request other = request_of(GS3_S3_PUT_OBJECT);
    other.object.bucket = "other";
    assert_int_equal(fixture_perform(&fixture, other), 0);
    assert_int_equal(fixture_requests(&fixture), 5);
    fixture_release(&fixture);
}

static void redirect_happens_once_and_never_to_another_host(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *moved =
        answer_of("301 Moved",
                  "Location: http://127.0.0.1:1/x\r\nx-amz-bucket-region: eu-west-1\r\n",
                  XML_ERROR("PermanentRedirect", "<Endpoint>127.0.0.1:1</Endpoint>"));
    assert_int_equal(fixture_perform_once(&fixture, moved, request_of(GS3_S3_PUT_OBJECT)), -1);
    assert_int_equal(fixture_requests(&fixture), 2);
    assert_string_equal(fixture.err.code, "PermanentRedirect");
    fixture_release(&fixture);
    assert_int_equal(fixture_perform_once(&fixture, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n",
                                          request_of(GS3_S3_HEAD_OBJECT)),
                     -1);
    assert_string_equal(fixture.err.code, "400");
    fixture_release(&fixture);
    gs3_auto_free char *evil =
        answer_of("301 Moved", "x-amz-bucket-region: a.evil.example/\r\n", "");
    assert_int_equal(fixture_perform_once(&fixture, evil, request_of(GS3_S3_PUT_OBJECT)), -1);
    assert_int_equal(fixture.result.attempts, 1);
    fixture_release(&fixture);
}

/* HEAD has no body that could name the region: HEAD of the bucket does. */
static void region_that_is_not_named_is_asked_for(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {
        {.match = "HEAD /bucket HTTP/1.1",
         .bytes = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                  "x-amz-bucket-region: eu-west-1\r\n\r\n"},
        {.match = "/us-east-1/s3/", .bytes = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
        {.bytes = OK}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 3);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), 0);
    assert_int_equal(fixture_requests(&fixture), 3);
    assert_holds(fixture_head(&fixture, 2), "/eu-west-1/s3/aws4_request");
    fixture_release(&fixture);
}

static void clock_is_set_by_the_answer_once(void **state)
{
    (void)state;
    struct fixture fixture;
    gs3_auto_free char *skewed =
        answer_of("403 Forbidden", "Date: Sat, 21 Nov 2099 03:22:20 GMT\r\n",
                  XML_ERROR("RequestTimeTooSkewed", ""));
    const struct server_reply replies[] = {{.match = "x-amz-date: 20991121T0322", .bytes = OK},
                                           {.bytes = skewed}};
    fixture_start(&fixture, replies, 2);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_PUT_OBJECT)), 0);
    assert_int_equal(fixture.result.attempts, 2);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_PUT_OBJECT)), 0);
    assert_int_equal(fixture.result.attempts, 1);
    fixture_release(&fixture);
    assert_int_equal(fixture_perform_once(&fixture, skewed, request_of(GS3_S3_PUT_OBJECT)), -1);
    assert_int_equal(fixture.result.attempts, 2);
    assert_string_equal(fixture.err.code, "RequestTimeTooSkewed");
    fixture_release(&fixture);
}

struct vault {
    struct gs3_credentials *credentials;
    int asked, outcome;
};

static int give_fresh(void *context, struct gs3_err *err)
{
    struct vault *vault = context;
    vault->asked++;
    if (vault->outcome)
        return gs3_fail(err, GS3_ECONFIG, "none left");
    free(vault->credentials->access_key_id);
    vault->credentials->access_key_id = gs3_xstrdup("AKIDFRESH");
    return 0;
}

static void credentials_that_expired_are_refreshed_once(void **state)
{
    (void)state;
    gs3_auto_free char *expired = answer_of("400 Bad", "", XML_ERROR("ExpiredToken", ""));
    static const char silent[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    const struct {
        enum gs3_s3_op op;
        const char *fresh, *stale; /* what either credentials get */
        int refusal, outcome, asked;
    } cases[] = {
        {GS3_S3_PUT_OBJECT, OK, expired, 0, 0, 1},
        {GS3_S3_HEAD_OBJECT, OK, silent, 0, 0, 1},
        {GS3_S3_PUT_OBJECT, expired, expired, 0, -1, 1},
        {GS3_S3_HEAD_OBJECT, silent, silent, 0, -1, 1},
        {GS3_S3_PUT_OBJECT, OK, expired, -1, -1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        const struct server_reply replies[] = {{.match = "Credential=AKIDFRESH/",
                                                .bytes = cases[i].fresh},
                                               {.bytes = cases[i].stale}};
        fixture_start(&fixture, replies, 2);
        struct vault vault = {.credentials = &fixture.credentials, .outcome = cases[i].refusal};
        const struct gs3_s3_client_opts opts = {.http = fixture.http,
                                                .config = &fixture.config,
                                                .credentials = &fixture.credentials,
                                                .refresh = give_fresh,
                                                .refresh_context = &vault};
        gs3_s3_transport_free(fixture.s3);
        fixture.s3 = gs3_s3_client_new(&opts);
        if (fixture_perform(&fixture, request_of(cases[i].op)) != cases[i].outcome)
            fail_msg("case %zu: %s", i, fixture.err.message);
        assert_int_equal(vault.asked, cases[i].asked);
        fixture_release(&fixture);
    }
}

static bool give_fresh_early(void *context)
{
    struct vault *vault = context;
    return vault->asked == 0 && give_fresh(vault, NULL) == 0;
}

static void credentials_that_will_expire_are_renewed_before_the_signature(void **state)
{
    (void)state;
    struct fixture fixture;
    const struct server_reply replies[] = {{.match = "Credential=AKIDFRESH/", .bytes = OK},
                                           {.bytes =
                                                "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}};
    fixture_start(&fixture, replies, 2);
    struct vault vault = {.credentials = &fixture.credentials};
    const struct gs3_s3_client_opts opts = {.http = fixture.http,
                                            .config = &fixture.config,
                                            .credentials = &fixture.credentials,
                                            .renew = give_fresh_early,
                                            .refresh_context = &vault};
    gs3_s3_transport_free(fixture.s3);
    fixture.s3 = gs3_s3_client_new(&opts);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_PUT_OBJECT)), 0);
    assert_int_equal(vault.asked, 1);
    assert_int_equal(atomic_load(&fixture.server.shared->requests), 2);
    fixture_release(&fixture);
}

static void unreachable_endpoint_is_transient(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.end = SERVER_RESET}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    assert_int_equal(fixture_perform(&fixture, request_of(GS3_S3_HEAD_OBJECT)), -1);
    assert_int_equal(fixture.err.class, GS3_ETRANSIENT);
    assert_int_equal(fixture.result.attempts, 3);
    assert_holds(fixture.err.message, "HeadObject: ");
    fixture_release(&fixture);
}

static void calls_run_at_the_same_time(void **state)
{
    (void)state;
    static const struct server_reply replies[] = {{.bytes = OK, .delay_ms = 300}};
    struct fixture fixture;
    fixture_start(&fixture, replies, 1);
    const struct gs3_s3_transport_ops *ops = fixture.s3->ops;
    struct gs3_s3_request put = request_of(GS3_S3_PUT_OBJECT);
    put.object = (struct gs3_s3_object){.bucket = "bucket", .key = "key"};
    struct gs3_s3_call *calls[4];
    int64_t begin_ms = gs3_clock_monotonic_ms(&gs3_clock_system);
    for (size_t i = 0; i < 4; i++)
        calls[i] = ops->start(fixture.s3, &put);
    for (size_t i = 4; i-- > 0;) {
        gs3_s3_result_release(&fixture.result);
        assert_int_equal(ops->wait(fixture.s3, calls[i], &fixture.result, &fixture.err), 0);
    }
    assert_true(gs3_clock_monotonic_ms(&gs3_clock_system) - begin_ms < 900);
    fixture_release(&fixture);
}

static int no_entry(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    (void)context;
    (void)entry;
    (void)err;
    return 0;
}

/* As often as the user says; a later page of a listing eight times, which the waits' budget may
 * make six. */
static void attempts_are_as_many_as_configured(void **state)
{
    (void)state;
    static const struct server_reply busy = {
        .bytes = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"};
    static const struct {
        unsigned maximum;
        const char *token;
        unsigned least, most;
    } cases[] = {{0, NULL, 3, 3}, {1, NULL, 1, 1}, {5, NULL, 5, 5}, {0, "t", 6, 8}, {1, "t", 6, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        fixture_start(&fixture, &busy, 1);
        fixture.config.maximum_attempts = cases[i].maximum;
        struct gs3_s3_request request = request_of(GS3_S3_LIST_OBJECTS);
        request.continuation_token = cases[i].token;
        request.entry = no_entry;
        assert_int_equal(fixture_perform(&fixture, request), -1);
        assert_in_range(fixture_requests(&fixture), cases[i].least, cases[i].most);
        fixture_release(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_that_is_cut_starts_over),
        cmocka_unit_test(get_without_a_length_is_a_failure),
        cmocka_unit_test(condition_that_fails_at_once_is_a_precondition),
        cmocka_unit_test(condition_that_fails_on_a_repeat_is_uncertain),
        cmocka_unit_test(condition_that_fails_on_curls_own_repeat_is_uncertain),
        cmocka_unit_test(unconditional_write_is_repeated),
        cmocka_unit_test(region_of_a_redirect_signs_and_is_remembered),
        cmocka_unit_test(redirect_happens_once_and_never_to_another_host),
        cmocka_unit_test(region_that_is_not_named_is_asked_for),
        cmocka_unit_test(clock_is_set_by_the_answer_once),
        cmocka_unit_test(credentials_that_expired_are_refreshed_once),
        cmocka_unit_test(credentials_that_will_expire_are_renewed_before_the_signature),
        cmocka_unit_test(unreachable_endpoint_is_transient),
        cmocka_unit_test(attempts_are_as_many_as_configured),
        cmocka_unit_test(calls_run_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
