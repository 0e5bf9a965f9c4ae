/* The probe of an endpoint: what is asked, and what is made of every kind of answer. */
#include "s3/fixture.h"

#include <stdlib.h>

#include "base/mem.h"
#include "s3/probe.h"

#define DATE "Date: Sat, 21 Nov 2026 03:22:20 GMT\r\n"

/* Asks a server that has this one answer; `is_signed`: with the fixture's credentials. */
static int ask(struct fixture *fixture, const struct server_reply *reply, bool is_signed,
               struct gs3_s3_probe *probe)
{
    struct gs3_origin origin;
    fixture_start(fixture, reply, 1);
    assert_int_equal(gs3_origin_parse(fixture->server.url, GS3_ECONFIG, &origin, NULL), 0);
    return gs3_s3_probe(fixture->http, &fixture->config, is_signed ? &fixture->credentials : NULL,
                        &origin, "eu-central-1", probe, &fixture->err);
}

static void probe_names_no_bucket_and_signs_with_what_it_is_given(void **state)
{
    (void)state;
    const struct server_reply reply = {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        struct fixture fixture;
        struct gs3_s3_probe probe;
        assert_int_equal(ask(&fixture, &reply, is_signed, &probe), 0);
        assert_int_equal(probe.status, 200);
        assert_string_equal(probe.code, "");
        assert_false(probe.clock.is_known);
        assert_int_equal(fixture_requests(&fixture), 1);
        assert_holds(fixture_head(&fixture, 0), "GET / HTTP/1.1\r\n");
        if (is_signed)
            assert_holds(fixture_head(&fixture, 0), "/eu-central-1/s3/aws4_request");
        else
            assert_null(strstr(fixture_head(&fixture, 0), "uthorization"));
        fixture_release(&fixture);
    }
}

static void probe_tells_what_answered(void **state)
{
    (void)state;
    static const struct {
        const char *status, *headers, *body, *code;
        bool is_html, has_date;
    } cases[] = {
        {"403 Forbidden", DATE, XML_ERROR("InvalidAccessKeyId", ""), "InvalidAccessKeyId", false,
         true},
        {"200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<html>Log in</html>", "", true,
         false},
        {"404 Not Found", "Date: yesterday\r\n", "", "", false, false},
        {"400 Bad", DATE, "{\"not\": \"XML\"}", "", false, true},
        {"403 Forbidden", DATE, "<Error><Code>Access", "", false, true},
        /* What is printed can neither steer a terminal nor pretend to be a sentence of gs3's. */
        {"403 Forbidden", DATE, XML_ERROR("a b", ""), "", false, true},
        {"403 Forbidden", DATE, XML_ERROR("x&#x1b;[31m", ""), "", false, true},
        {"403 Forbidden", DATE, XML_ERROR("", ""), "", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture fixture;
        struct gs3_s3_probe probe;
        gs3_auto_free char *answer = answer_of(cases[i].status, cases[i].headers, cases[i].body);
        const struct server_reply reply = {.bytes = answer};
        if (ask(&fixture, &reply, true, &probe))
            fail_msg("%zu: %s", i, fixture.err.message);
        assert_int_equal(probe.status, atoi(cases[i].status));
        assert_string_equal(probe.code, cases[i].code);
        assert_int_equal(probe.is_html, cases[i].is_html);
        assert_int_equal(probe.clock.is_known, cases[i].has_date);
        fixture_release(&fixture);
    }
}

static void probe_tells_how_far_the_clock_is_off(void **state)
{
    (void)state;
    const struct server_reply reply = {.bytes =
                                           "HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\n\r\n"};
    struct fixture fixture;
    struct gs3_s3_probe probe;
    int64_t before_s = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    assert_int_equal(ask(&fixture, &reply, true, &probe), 0);
    int64_t after_s = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    assert_true(1795231340 - probe.clock.offset_s >= before_s);
    assert_true(1795231340 - probe.clock.offset_s <= after_s);
    fixture_release(&fixture);
}

static void probe_that_is_not_answered_is_the_service(void **state)
{
    (void)state;
    char large[70000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    gs3_auto_free char *too_large = answer_of("403 Forbidden", "", large);
    const struct server_reply replies[] = {
        {.bytes = NULL, .end = SERVER_CLOSE},
        {.bytes = "not HTTP\r\n\r\n", .end = SERVER_CLOSE},
        {.bytes = too_large},
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct fixture fixture;
        struct gs3_s3_probe probe;
        if (ask(&fixture, &replies[i], true, &probe) != -1 || fixture.err.class != GS3_ESERVICE)
            fail_msg("%zu: class %d: %s", i, (int)fixture.err.class, fixture.err.message);
        assert_int_equal(probe.status, 0);
        fixture_release(&fixture);
    }
}

static void probe_with_a_ca_file_that_is_not_there_is_the_configuration(void **state)
{
    (void)state;
    struct fixture fixture;
    struct gs3_s3_probe probe;
    struct gs3_origin origin;
    const struct server_reply reply = {.bytes = NULL, .end = SERVER_CLOSE};
    fixture_start(&fixture, &reply, 1);
    fixture.config.ca_bundle = gs3_xstrdup("/nonexistent/ca.pem");
    gs3_auto_free char *url = gs3_xasprintf("https%s", fixture.server.url + strlen("http"));
    assert_int_equal(gs3_origin_parse(url, GS3_ECONFIG, &origin, NULL), 0);
    assert_int_equal(gs3_s3_probe(fixture.http, &fixture.config, NULL, &origin, "us-east-1", &probe,
                                  &fixture.err),
                     -1);
    assert_int_equal(fixture.err.class, GS3_ECONFIG);
    assert_holds(fixture.err.message, "/nonexistent/ca.pem");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_names_no_bucket_and_signs_with_what_it_is_given),
        cmocka_unit_test(probe_tells_what_answered),
        cmocka_unit_test(probe_tells_how_far_the_clock_is_off),
        cmocka_unit_test(probe_that_is_not_answered_is_the_service),
        cmocka_unit_test(probe_with_a_ca_file_that_is_not_there_is_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
