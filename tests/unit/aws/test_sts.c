#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sts.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/server.h"

#define IDENTITY(arn, account)                                                                     \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"            \
    "  <GetCallerIdentityResult>\n    <Arn>" arn "</Arn>\n    <UserId>AIDAEXAMPLE</UserId>\n"      \
    "    <Account>" account "</Account>\n  </GetCallerIdentityResult>\n"                           \
    "</GetCallerIdentityResponse>\n"
#define REFUSAL(code, message)                                                                     \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message              \
    "</Message></Error><RequestId>1</RequestId></ErrorResponse>"
#define ALICE "arn:aws:iam::123456789012:user/alice"

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

struct ask {
    struct server server;
    struct gs3_caller caller;
    struct gs3_err err;
    int requests;
};

/* Asks the scripted server once. */
static int ask_replies(struct ask *ask, const struct server_reply *replies, size_t count)
{
    *ask = (struct ask){.requests = 0};
    server_start(&ask->server, replies, count, NULL);
    const struct gs3_http_opts opts = {.user_agent = "gs3/test", .clock = &fast_clock};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    /* Options for S3 that must not reach STS. */
    char bundle[] = "/nowhere.pem";
    char region[] = "eu-west-1";
    struct gs3_aws_config config = {.region = region,
                                    .endpoint_sts = ask->server.url,
                                    .ca_bundle = bundle,
                                    .no_verify_tls = true};
    struct gs3_credentials credentials = {.access_key_id = gs3_xstrdup("AKIDEXAMPLE")};
    gs3_secret_set(&credentials.secret_access_key, "SECRET", 6);
    gs3_secret_set(&credentials.session_token, "TOKEN", 5);
    struct gs3_sts_call *call = gs3_sts_caller_start(http, &config, &credentials, &ask->err);
    assert_non_null(call);
    int status = gs3_sts_caller_wait(http, call, &ask->caller, &ask->err);
    ask->requests = atomic_load(&ask->server.shared->requests);
    gs3_http_free(http);
    gs3_credentials_release(&credentials);
    return status;
}

static int ask_once(struct ask *ask, const char *status_line, const char *body)
{
    gs3_auto_free char *answer = gs3_xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                                               status_line, strlen(body), body);
    const struct server_reply reply = {.bytes = answer};
    return ask_replies(ask, &reply, 1);
}

static void ask_release(struct ask *ask)
{
    gs3_caller_release(&ask->caller);
    server_stop(&ask->server);
}

static void sts_names_the_caller(void **state)
{
    (void)state;
    struct ask ask;
    assert_int_equal(ask_once(&ask, "200 OK", IDENTITY(ALICE, "123456789012")), 0);
    assert_string_equal(ask.caller.name, "alice");
    assert_string_equal(ask.caller.account, "123456789012");
    assert_string_equal(ask.caller.user_id, "AIDAEXAMPLE");
    const struct server_request *request = &ask.server.shared->request[0];
    assert_string_equal(request->body, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_non_null(strstr(request->head, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(request->head, "\r\ncontent-type: application/x-www-form-urlencoded"));
    assert_non_null(strstr(request->head, "\r\nx-amz-security-token: TOKEN\r\n"));
    assert_non_null(strstr(request->head, "/eu-west-1/sts/aws4_request, SignedHeaders="
                                          "content-type;host;x-amz-date;x-amz-security-token,"));
    assert_null(strstr(request->head, "x-amz-content-sha256"));
    ask_release(&ask);
}

static void sts_refusal_keeps_its_code(void **state)
{
    (void)state;
    struct ask ask;
    assert_int_equal(ask_once(&ask, "403 Forbidden",
                              REFUSAL("InvalidClientTokenId", "no\nsuch token")),
                     -1);
    assert_int_equal(ask.err.class, GS3_ESERVICE);
    assert_string_equal(ask.err.code, "InvalidClientTokenId");
    assert_string_equal(ask.err.message, "An error occurred (InvalidClientTokenId) when calling "
                                         "the GetCallerIdentity operation: no\\x0asuch token");
    assert_int_equal(ask.requests, 1);
    ask_release(&ask);
}

/* Nothing that is not an answer may name anybody. */
static void sts_unusable_answer_leaves_it_undecided(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body;
        int requests;
    } cases[] = {
        {"503 Busy", "", 3},
        {"500 Oops", "x", 3},
        {"400 Bad", REFUSAL("Throttling", "Rate exceeded"), 3},
        {"429 Many", "", 3},
        {"403 Forbidden", "<html>Sign in</html>", 1},
        {"302 Found", "", 1},
        {"200 OK", "", 1},
        {"200 OK", "<html>Sign in</html>", 1},
        {"200 OK", "{\"Arn\":\"" ALICE "\"}", 1},
        {"200 OK", "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" ALICE "</Arn>", 1},
        {"200 OK", IDENTITY(ALICE, "210987654321"), 1},
        {"200 OK", IDENTITY(ALICE, ""), 1},
        {"200 OK", IDENTITY("", "123456789012"), 1},
        {"200 OK", IDENTITY("arn:aws:iam::123456789012:role/x", "123456789012"), 1},
        {"200 OK", IDENTITY("arn:aws:iam::123456789012:user/a\nb", "123456789012"), 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ask ask;
        assert_int_equal(ask_once(&ask, cases[i].status, cases[i].body), -1);
        if (ask.err.class != GS3_EUNDECIDED || ask.requests != cases[i].requests)
            fail_msg("%zu: class %d after %d requests: %s", i, (int)ask.err.class, ask.requests,
                     ask.err.message);
        assert_null(ask.caller.name);
        ask_release(&ask);
    }
}

static void sts_cut_connection_is_tried_again(void **state)
{
    (void)state;
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" IDENTITY(ALICE, "123456789012");
    static const struct server_reply replies[] = {{.times = 2, .end = SERVER_RESET},
                                                  {.bytes = answer, .end = SERVER_CLOSE}};
    struct ask ask;
    assert_int_equal(ask_replies(&ask, replies, 2), 0);
    assert_string_equal(ask.caller.name, "alice");
    ask_release(&ask);
    static const struct server_reply dead[] = {{.end = SERVER_RESET}};
    assert_int_equal(ask_replies(&ask, dead, 1), -1);
    assert_int_equal(ask.err.class, GS3_EUNDECIDED);
    ask_release(&ask);
}

static void sts_clock_that_is_off_is_set_once(void **state)
{
    (void)state;
    static const char expired[] = REFUSAL("SignatureDoesNotMatch", "Signature expired");
    gs3_auto_free char *refused = gs3_xasprintf("HTTP/1.1 403 Forbidden\r\nContent-Length: %zu\r\n"
                                                "Date: Sat, 21 Nov 2099 03:22:20 GMT\r\n\r\n%s",
                                                sizeof expired - 1, expired);
    static const char identity[] = IDENTITY(ALICE, "123456789012");
    gs3_auto_free char *answer = gs3_xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                                               sizeof identity - 1, identity);
    const struct server_reply replies[] = {{.match = "x-amz-date: 20991121T0322", .bytes = answer},
                                           {.bytes = refused}};
    struct ask ask;
    assert_int_equal(ask_replies(&ask, replies, 2), 0);
    assert_int_equal(ask.requests, 2);
    ask_release(&ask);
    assert_int_equal(ask_replies(&ask, replies + 1, 1), -1);
    assert_int_equal(ask.err.class, GS3_ESERVICE);
    assert_int_equal(ask.requests, 2);
    ask_release(&ask);
}

static void sts_endpoint_over_plain_http_is_not_asked(void **state)
{
    (void)state;
    char endpoint[] = "http://sts.example.com";
    const struct gs3_aws_config config = {.endpoint_sts = endpoint};
    const struct gs3_credentials credentials = {.access_key_id = NULL};
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(gs3_sts_caller_start(http, &config, &credentials, &err));
    assert_int_equal(err.class, GS3_ECONFIG);
    gs3_http_free(http);
}

static void arn_of_a_caller_is_split(void **state)
{
    (void)state;
    static const struct {
        const char *arn;
        int kind;
        const char *name, *role;
    } cases[] = {
        {ALICE, GS3_CALLER_USER, "alice", NULL},
        {"arn:aws:iam::123456789012:user/division/team/alice", GS3_CALLER_USER, "alice", NULL},
        {"arn:aws:iam::123456789012:user/a.b+c=d,e@f-g_h", GS3_CALLER_USER, "a.b+c=d,e@f-g_h",
         NULL},
        {"arn:aws-cn:iam::123456789012:user/alice", GS3_CALLER_USER, "alice", NULL},
        {"arn:aws-us-gov:iam::123456789012:user/alice", GS3_CALLER_USER, "alice", NULL},
        {"arn:aws-iso-b:iam::123456789012:user/alice", GS3_CALLER_USER, "alice", NULL},
        {"arn:aws:sts::123456789012:assumed-role/Deploy/alice", GS3_CALLER_ROLE, "alice", "Deploy"},
        {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/"
         "alice@example.com",
         GS3_CALLER_ROLE, "alice@example.com", "AWSReservedSSO_Ops_0123456789abcdef"},
        {"arn:aws:sts::123456789012:federated-user/alice", GS3_CALLER_FEDERATED, "alice", NULL},
        {"arn:aws:iam::123456789012:root", GS3_CALLER_ROOT, "root", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_caller caller;
        struct gs3_err err = GS3_ERR_INIT;
        if (gs3_caller_parse_arn(cases[i].arn, &caller, &err))
            fail_msg("%s", err.message);
        assert_int_equal((int)caller.kind, cases[i].kind);
        assert_string_equal(caller.name, cases[i].name);
        assert_true(gs3_str_equal(caller.role_name, cases[i].role));
        assert_string_equal(caller.account, "123456789012");
        assert_string_equal(caller.arn, cases[i].arn);
        gs3_caller_release(&caller);
    }
}

static void arn_of_anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const arns[] = {
        "",
        "arn",
        "arn:aws:iam::123456789012",
        "arn:aws:iam::123456789012:",
        "arn:aws:iam::123456789012:user/",
        "arn:aws:iam::123456789012:user",
        "arn:aws:iam::123456789012:user/alice/",
        "arn:aws:iam::12345678901:user/alice",
        "arn:aws:iam::1234567890123:user/alice",
        "arn:aws:iam::12345678901x:user/alice",
        "arn:aws:iam:us-east-1:123456789012:user/alice",
        "arn:evil:iam::123456789012:user/alice",
        "arn:awsx:iam::123456789012:user/alice",
        "urn:aws:iam::123456789012:user/alice",
        "arn:aws:sts::123456789012:user/alice",
        "arn:aws:iam::123456789012:role/Deploy",
        "arn:aws:iam::123456789012:assumed-role/Deploy/alice",
        "arn:aws:sts::123456789012:assumed-role/Deploy",
        "arn:aws:sts::123456789012:assumed-role/Deploy/",
        "arn:aws:sts::123456789012:assumed-role//alice",
        "arn:aws:sts::123456789012:assumed-role/path/Deploy/alice",
        "arn:aws:sts::123456789012:federated-user/",
        "arn:aws:sts::123456789012:federated-user/a/b",
        "arn:aws:iam::123456789012:user/al ice",
        "arn:aws:iam::123456789012:user/al\nice",
        "arn:aws:iam::123456789012:user/\xc3\xa9",
        "arn:aws:iam::123456789012:user/a:b",
        "arn:aws:iam::123456789012:user/a<b",
        "arn:aws:iam::123456789012:rootx",
        "arn:aws:sts::123456789012:root",
    };
    for (size_t i = 0; i < sizeof arns / sizeof *arns; i++) {
        struct gs3_caller caller;
        struct gs3_err err = GS3_ERR_INIT;
        if (gs3_caller_parse_arn(arns[i], &caller, &err) == 0)
            fail_msg("%s was accepted", arns[i]);
        assert_int_equal(err.class, GS3_EINVALID);
        assert_null(caller.name);
        for (const char *c = err.message; *c; c++)
            assert_true((unsigned char)*c >= ' ');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sts_names_the_caller),
        cmocka_unit_test(sts_refusal_keeps_its_code),
        cmocka_unit_test(sts_unusable_answer_leaves_it_undecided),
        cmocka_unit_test(sts_cut_connection_is_tried_again),
        cmocka_unit_test(sts_clock_that_is_off_is_set_once),
        cmocka_unit_test(sts_endpoint_over_plain_http_is_not_asked),
        cmocka_unit_test(arn_of_a_caller_is_split),
        cmocka_unit_test(arn_of_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
