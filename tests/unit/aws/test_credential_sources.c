/* The container's endpoint and the instance metadata service, against a scripted server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "aws/files.h"
#include "base/mem.h"
#include "net/client.h"

#define OK(body)   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define STATUS(no) "HTTP/1.1 " no " X\r\nContent-Length: 1\r\n\r\nx"
#define KEYS                                                                                       \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"hidden\",\"Token\":"     \
    "\"TOKEN\",\"Expiration\":\"2099-01-01T00:00:00Z\"}"

/* Fifty times as fast as the system's: retries wait. */
static int64_t fast_ms(void *context)
{
    (void)context;
    return gs3_clock_monotonic_ms(&gs3_clock_system) * 50;
}

static int64_t wall_ms(void *context)
{
    (void)context;
    return gs3_clock_wall_ms(&gs3_clock_system);
}

static const struct gs3_clock fast_clock = {.wall_ms = wall_ms, .monotonic_ms = fast_ms};

typedef int find_function(const struct gs3_credential_source *source,
                          struct gs3_credentials *credentials, struct gs3_err *err);

/* One question to the scripted server. "URL" in a value of the variables is its address. */
struct attempt {
    struct server server;
    struct gs3_credentials credentials;
    struct gs3_err err;
    int found, requests;
};

static void ask(struct attempt *attempt, find_function *find, const struct server_reply *replies,
                size_t count, const char *const *variables)
{
    *attempt = (struct attempt){.found = 0};
    struct files files;
    struct gs3_aws_config config;
    server_start(&attempt->server, replies, count, NULL);
    files_init(&files);
    files_write(&files, "config", "[default]\n");
    for (size_t i = 0; variables && variables[i]; i += 2) {
        const char *value = variables[i + 1];
        gs3_auto_free char *text = strncmp(value, "URL", 3) == 0
                                       ? gs3_xasprintf("%s%s", attempt->server.url, value + 3)
                                       : gs3_xstrdup(value);
        files_set(&files, variables[i], text);
    }
    if (files_load(&files, NULL, &config, &attempt->err))
        fail_msg("%s", attempt->err.message);
    /* A proxy that nobody answers at: none is used. */
    const struct gs3_http_opts opts = {.user_agent = "gs3/test",
                                       .clock = &fast_clock,
                                       .proxy_http = "http://127.0.0.1:9",
                                       .proxy_https = "http://127.0.0.1:9"};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    const struct gs3_credential_source source = {.env = &files.env,
                                                 .config = &config,
                                                 .http = http};
    attempt->found = find(&source, &attempt->credentials, &attempt->err);
    attempt->requests = atomic_load(&attempt->server.shared->requests);
    gs3_http_free(http);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void end(struct attempt *attempt)
{
    gs3_credentials_release(&attempt->credentials);
    server_stop(&attempt->server);
}

/* What a container or instance that answers `replies` comes to: `found`, and `text` of the error.
 */
static void expect(find_function *find, const struct server_reply *replies, size_t count,
                   const char *const *variables, int found, const char *text)
{
    struct attempt attempt;
    ask(&attempt, find, replies, count, variables);
    if (attempt.found != found || !strstr(attempt.err.message, text))
        fail_msg("%d \"%s\" is not %d \"%s\"", attempt.found, attempt.err.message, found, text);
    assert_null(strstr(attempt.err.message, "hidden"));
    assert_null(attempt.credentials.access_key_id);
    end(&attempt);
}

static const char *const container_variables[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                                  "URL/c?id=1", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                                  "Basic x", NULL};

static void a_container_gives_credentials(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply reply = {.bytes = OK(KEYS), .end = SERVER_CLOSE};
    ask(&attempt, gs3_credentials_from_container, &reply, 1, container_variables);
    if (attempt.found != 1)
        fail_msg("%s", attempt.err.message);
    assert_string_equal(attempt.credentials.access_key_id, "AKID");
    assert_string_equal(attempt.credentials.session_token.text, "TOKEN");
    assert_string_equal(attempt.credentials.source, "the container");
    assert_int_equal(attempt.credentials.expires_s, 4070908800);
    const char *head = attempt.server.shared->request[0].head;
    assert_non_null(strstr(head, "GET /c?id=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nauthorization: Basic x\r\n"));
    end(&attempt);
}

static void a_container_that_is_busy_is_asked_three_times(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply replies[] = {{.bytes = STATUS("503"), .times = 2},
                                           {.bytes = OK(KEYS), .end = SERVER_CLOSE}};
    ask(&attempt, gs3_credentials_from_container, replies, 2, container_variables);
    assert_int_equal(attempt.found, 1);
    assert_int_equal(attempt.requests, 3);
    end(&attempt);
    const struct server_reply always = {.bytes = STATUS("500")};
    ask(&attempt, gs3_credentials_from_container, &always, 1, container_variables);
    assert_int_equal(attempt.found, -1);
    assert_int_equal(attempt.requests, 3);
    assert_non_null(strstr(attempt.err.message, "status 500"));
    end(&attempt);
}

static void a_container_that_is_broken_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        {STATUS("401"), "status 401: the authorization token is missing or wrong"},
        {STATUS("404"), "status 404"},
        {STATUS("302"), "status 302"},
        {OK(""), "it is empty"},
        {OK("<html>"), "it is not a JSON object"},
        {OK("{\"AccessKeyId\":\"A\"}"), "SecretAccessKey is missing"},
        {OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden\"}"), "Token is missing"},
        {OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden\",\"Token\":\"T\"}"),
         "Expiration is missing"},
        {OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden\",\"Token\":\"T\",\"Expiration\":"
            "\"2020-01-01T00:00:00Z\"}"),
         "has expired already"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct server_reply reply = {.bytes = cases[i].bytes, .end = SERVER_CLOSE};
        expect(gs3_credentials_from_container, &reply, 1, container_variables, -1, cases[i].text);
    }
}

static void a_container_elsewhere_is_never_asked(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://169.254.169.254/x",
        "http://10.0.0.1/x",
        "http://169.254.170.2@evil.example/x",
        "ftp://127.0.0.1/x",
        "//127.0.0.1/x",
        "http://127.0.0.1.evil.example/",
        "http://[fd00:ec2::24]/x",
        "http://localhost evil/x",
        "http://localhost/x\r\nX-Evil: 1",
        "http://localhost/x#y",
        "localhost/x",
    };
    const struct server_reply reply = {.bytes = OK(KEYS), .end = SERVER_CLOSE};
    for (size_t i = 0; i < COUNT(urls); i++) {
        const char *const variables[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", urls[i], NULL};
        expect(gs3_credentials_from_container, &reply, 1, variables, -1,
               "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }
    static const char *const relative[] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                           "@evil.example/x", NULL};
    expect(gs3_credentials_from_container, &reply, 1, relative, -1, "must begin with a \"/\"");
}

static void a_token_that_is_no_header_is_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a\nb", "a\r\nX: y", "a\n", "a\tb\x7f"};
    const struct server_reply reply = {.bytes = OK(KEYS), .end = SERVER_CLOSE};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        const char *const variables[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "URL/",
                                         "AWS_CONTAINER_AUTHORIZATION_TOKEN", tokens[i], NULL};
        expect(gs3_credentials_from_container, &reply, 1, variables, -1,
               "AWS_CONTAINER_AUTHORIZATION_TOKEN: the authorization token holds");
    }
    static const char *const file[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "URL/",
                                       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token",
                                       NULL};
    expect(gs3_credentials_from_container, &reply, 1, file, -1, "/nowhere/token: cannot open");
}

static const char *const imds_variables[] = {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "URL/", NULL};
#define LIST_PATH "GET /latest/meta-data/iam/security-credentials/ "
#define ROLE_PATH "GET /latest/meta-data/iam/security-credentials/Web"
#define TOKEN                                                                                      \
    {                                                                                              \
        .match = "PUT /latest/api/token ", .bytes = OK("SESSION"), .end = SERVER_CLOSE             \
    }
#define ROLE                                                                                       \
    {                                                                                              \
        .match = LIST_PATH, .bytes = OK("Web"), .end = SERVER_CLOSE                                \
    }

static void an_instance_gives_credentials_for_a_token(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply replies[] = {
        TOKEN, ROLE, {.match = ROLE_PATH, .bytes = OK(KEYS), .end = SERVER_CLOSE}};
    ask(&attempt, gs3_credentials_from_imds, replies, COUNT(replies), imds_variables);
    if (attempt.found != 1)
        fail_msg("%s", attempt.err.message);
    assert_string_equal(attempt.credentials.access_key_id, "AKID");
    assert_string_equal(attempt.credentials.source, "the instance metadata service");
    assert_int_equal(attempt.requests, 3);
    const struct server_request *request = attempt.server.shared->request;
    assert_non_null(strstr(request[0].head, "\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    for (size_t i = 1; i < 3; i++)
        assert_non_null(strstr(request[i].head, "\r\nx-aws-ec2-metadata-token: SESSION\r\n"));
    end(&attempt);
}

static void an_instance_whose_credentials_are_old_is_asked_again_later(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply replies[] = {
        TOKEN,
        ROLE,
        {.match = ROLE_PATH,
         .bytes = OK("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
                     "\"Expiration\":\"2020-01-01T00:00:00Z\"}"),
         .end = SERVER_CLOSE}};
    ask(&attempt, gs3_credentials_from_imds, replies, COUNT(replies), imds_variables);
    assert_int_equal(attempt.found, 1);
    assert_true(attempt.credentials.expires_s > gs3_credential_now_s());
    end(&attempt);
}

static void an_instance_that_is_broken_has_none_and_says_why(void **state)
{
    (void)state;
    static const struct {
        struct server_reply replies[3];
        const char *text;
    } cases[] = {
        {{{.bytes = STATUS("403")}}, "/latest/api/token: status 403"},
        {{{.bytes = STATUS("500")}}, "/latest/api/token: status 500"},
        {{{.bytes = OK(""), .end = SERVER_CLOSE}}, "status 200 and nothing more"},
        {{{.bytes = OK("a\nb"), .end = SERVER_CLOSE}}, "what came is no token"},
        {{{.end = SERVER_RESET}}, "the instance metadata service at http://127.0.0.1"},
        {{TOKEN, {.match = LIST_PATH, .bytes = STATUS("404")}},
         "status 404: has the instance a role?"},
        {{TOKEN, {.match = LIST_PATH, .bytes = STATUS("401")}}, "status 401"},
        {{TOKEN, {.match = LIST_PATH, .bytes = OK("../x"), .end = SERVER_CLOSE}},
         "is no role's name"},
        {{TOKEN, {.match = LIST_PATH, .bytes = OK("a b"), .end = SERVER_CLOSE}},
         "is no role's name"},
        {{TOKEN, ROLE, {.match = ROLE_PATH, .bytes = OK("hidden"), .end = SERVER_CLOSE}},
         "cannot be used: it is not a JSON object"},
        {{TOKEN,
          ROLE,
          {.match = ROLE_PATH,
           .bytes = OK("{\"Code\":\"Failed\",\"Message\":\"x\"}"),
           .end = SERVER_CLOSE}},
         "it says Failed"},
        {{TOKEN,
          ROLE,
          {.match = ROLE_PATH, .bytes = OK("{\"Code\":\"Success\"}"), .end = SERVER_CLOSE}},
         "AccessKeyId is missing"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect(gs3_credentials_from_imds, cases[i].replies, 3, imds_variables, 0, cases[i].text);
}

static void an_instance_that_hangs_is_asked_once(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply reply = {.bytes = OK("SESSION"), .delay_ms = 30000};
    int64_t start = test_now_ms();
    ask(&attempt, gs3_credentials_from_imds, &reply, 1, imds_variables);
    assert_int_equal(attempt.found, 0);
    assert_in_range(test_now_ms() - start, 900, 10000);
    assert_int_equal(attempt.requests, 1);
    end(&attempt);
}

static void settings_of_the_instance_are_checked(void **state)
{
    (void)state;
    static const char *const cases[][5] = {
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense", "AWS_EC2_METADATA_SERVICE_ENDPOINT: "},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://x/y", "AWS_EC2_METADATA_SERVICE_ENDPOINT: "},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5", "ipv4 or ipv6 is expected"},
        {"AWS_METADATA_SERVICE_TIMEOUT", "0", "AWS_METADATA_SERVICE_TIMEOUT: a whole number"},
        {"AWS_METADATA_SERVICE_TIMEOUT", "1.5", "a whole number from 1 to 3600"},
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "-1", "a whole number from 1 to 100"},
    };
    const struct server_reply reply = {.bytes = OK("SESSION")};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const variables[] = {cases[i][0], cases[i][1], NULL};
        expect(gs3_credentials_from_imds, &reply, 1, variables, -1, cases[i][2]);
    }
    static const char *const disabled[] = {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense",
                                           "AWS_EC2_METADATA_DISABLED", "True", NULL};
    expect(gs3_credentials_from_imds, &reply, 1, disabled, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_gives_credentials),
        cmocka_unit_test(a_container_that_is_busy_is_asked_three_times),
        cmocka_unit_test(a_container_that_is_broken_is_refused),
        cmocka_unit_test(a_container_elsewhere_is_never_asked),
        cmocka_unit_test(a_token_that_is_no_header_is_refused),
        cmocka_unit_test(an_instance_gives_credentials_for_a_token),
        cmocka_unit_test(an_instance_whose_credentials_are_old_is_asked_again_later),
        cmocka_unit_test(an_instance_that_is_broken_has_none_and_says_why),
        cmocka_unit_test(an_instance_that_hangs_is_asked_once),
        cmocka_unit_test(settings_of_the_instance_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
