#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/sts_answers.h"
#include "aws/sts_assume.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/server.h"

#define GOOD                                                                                       \
    STS_SESSION("AssumeRole", "ASIAEXAMPLE", "hidden-token", "2099-11-21T03:22:20Z",               \
                STS_SESSION_ARN)
#define GOOD_WEB                                                                                   \
    STS_SESSION("AssumeRoleWithWebIdentity", "ASIAEXAMPLE", "hidden-token",                        \
                "2099-11-21T03:22:20Z", STS_SESSION_ARN)

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

static const struct gs3_sts_role plain = {.role_arn = STS_ROLE_ARN, .session_name = "alice"};

struct ask {
    struct server server;
    struct gs3_credentials credentials;
    struct gs3_sts_assumed assumed;
    struct gs3_err err;
    int requests;
};

/* Asks the scripted server once; `token` NULL: signed. */
static int ask_once(struct ask *ask, const char *status_line, const char *body,
                    const struct gs3_sts_role *role, const char *token)
{
    *ask = (struct ask){.requests = 0};
    gs3_auto_free char *answer = gs3_xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                                               status_line, strlen(body), body);
    const struct server_reply reply = {.bytes = answer};
    server_start(&ask->server, &reply, 1, NULL);
    const struct gs3_http_opts opts = {.user_agent = "gs3/test", .clock = &fast_clock};
    struct gs3_http *http = gs3_http_new(&opts, NULL);
    char region[] = "eu-west-1";
    struct gs3_aws_config config = {.region = region, .endpoint_sts = ask->server.url};
    struct gs3_credentials with = {.access_key_id = gs3_xstrdup("AKIDEXAMPLE")};
    gs3_secret_set(&with.secret_access_key, "SECRET", 6);
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    if (token)
        gs3_secret_set(&secret, token, strlen(token));
    int status = token ? gs3_sts_assume_web_identity(http, &config, &secret, role,
                                                     &ask->credentials, &ask->assumed, &ask->err)
                       : gs3_sts_assume_role(http, &config, &with, role, &ask->credentials,
                                             &ask->assumed, &ask->err);
    ask->requests = atomic_load(&ask->server.shared->requests);
    gs3_http_free(http);
    gs3_credentials_release(&with);
    return status;
}

static void ask_release(struct ask *ask)
{
    gs3_credentials_release(&ask->credentials);
    gs3_sts_assumed_release(&ask->assumed);
    server_stop(&ask->server);
}

static void role_gives_its_credentials(void **state)
{
    (void)state;
    struct ask ask;
    assert_int_equal(ask_once(&ask, "200 OK", GOOD, &plain, NULL), 0);
    assert_string_equal(ask.credentials.access_key_id, "ASIAEXAMPLE");
    assert_string_equal(ask.credentials.secret_access_key.text, "hidden-secret");
    assert_string_equal(ask.credentials.session_token.text, "hidden-token");
    assert_int_equal(ask.credentials.expires_s, 4098914540);
    assert_string_equal(ask.assumed.arn, STS_SESSION_ARN);
    assert_string_equal(ask.assumed.id, "AROAEXAMPLE:alice");
    assert_int_equal(ask.assumed.packed_size_percent, 6);
    const struct server_request *request = &ask.server.shared->request[0];
    assert_string_equal(request->body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                        "123456789012%3Arole%2FDeploy&RoleSessionName=alice");
    assert_non_null(strstr(request->head, "/eu-west-1/sts/aws4_request"));
    ask_release(&ask);
}

static void role_is_asked_for_with_all_that_may_be_asked(void **state)
{
    (void)state;
    struct ask ask;
    gs3_auto_secret struct gs3_secret code = GS3_SECRET_INIT;
    gs3_secret_set(&code, "123456", 6);
    gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
    gs3_pairs_add(&tags, "ticket", "CHG0030001");
    gs3_pairs_add(&tags, "operator", "a b&c");
    static const char *const transitive[] = {"ticket"};
    const struct gs3_sts_role role = {
        .role_arn = STS_ROLE_ARN,
        .session_name = "a@b.c",
        .duration_s = 900,
        .external_id = "x/y",
        .serial = "arn:aws:iam::1:mfa/a",
        .code = &code,
        .source_identity = "alice",
        .policy = "{\"a\":1}",
        .tags = &tags,
        .transitive = transitive,
        .transitive_count = 1,
    };
    assert_int_equal(ask_once(&ask, "200 OK", GOOD, &role, NULL), 0);
    assert_string_equal(
        ask.server.shared->request[0].body,
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F"
        "Deploy&RoleSessionName=a%40b.c&DurationSeconds=900&Policy=%7B%22a%22%3A1%7D&"
        "ExternalId=x%2Fy&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fa&TokenCode=123456&"
        "SourceIdentity=alice&Tags.member.1.Key=ticket&Tags.member.1.Value=CHG0030001&"
        "Tags.member.2.Key=operator&Tags.member.2.Value=a%20b%26c&"
        "TransitiveTagKeys.member.1=ticket");
    ask_release(&ask);
}

static void web_identity_is_not_signed(void **state)
{
    (void)state;
    struct ask ask;
    assert_int_equal(ask_once(&ask, "200 OK", GOOD_WEB, &plain, "eyJ.a_b-c.=="), 0);
    assert_string_equal(ask.credentials.access_key_id, "ASIAEXAMPLE");
    const struct server_request *request = &ask.server.shared->request[0];
    assert_null(strcasestr(request->head, "authorization"));
    assert_null(strcasestr(request->head, "x-amz-"));
    assert_non_null(strstr(request->body, "&WebIdentityToken=eyJ.a_b-c.%3D%3D"));
    ask_release(&ask);
}

static void refusal_keeps_code_and_message_of_aws(void **state)
{
    (void)state;
    static const struct {
        const char *status, *code, *message;
    } cases[] = {
        {"403 Forbidden", "AccessDenied",
         "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: sts:AssumeRole "
         "on resource: " STS_ROLE_ARN},
        {"400 Bad Request", "MalformedPolicyDocument", "This policy contains invalid Json"},
        {"400 Bad Request", "PackedPolicyTooLarge",
         "Packed policy consumes 120% of allotted space"},
        {"400 Bad Request", "ExpiredTokenException", "Token expired"},
        {"403 Forbidden", "RegionDisabledException", "STS is not activated in this region"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ask ask;
        gs3_auto_free char *body =
            gs3_xasprintf(STS_REFUSAL("%s", "%s"), cases[i].code, cases[i].message);
        gs3_auto_free char *wanted =
            gs3_xasprintf("An error occurred (%s) when calling the AssumeRole operation: %s",
                          cases[i].code, cases[i].message);
        assert_int_equal(ask_once(&ask, cases[i].status, body, &plain, NULL), -1);
        assert_int_equal(ask.err.class, GS3_ESERVICE);
        assert_string_equal(ask.err.code, cases[i].code);
        assert_string_equal(ask.err.message, wanted);
        assert_int_equal(ask.requests, 1);
        assert_null(ask.credentials.access_key_id);
        ask_release(&ask);
    }
}

static void answer_that_cannot_be_used_gives_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "<html>Sign in</html>",
        STS_SESSION("AssumeRoleWithWebIdentity", "ASIA", "t", "2099-11-21T03:22:20Z", "a"),
        STS_SESSION("AssumeRole", "", "t", "2099-11-21T03:22:20Z", "a"),
        STS_SESSION("AssumeRole", "ASIA", "", "2099-11-21T03:22:20Z", "a"),
        STS_SESSION("AssumeRole", "ASIA", "hid den", "2099-11-21T03:22:20Z", "a"),
        STS_SESSION("AssumeRole", "ASIA", "hidden", "soon", "a"),
        STS_SESSION("AssumeRole", "ASIA", "hidden", "", "a"),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct ask ask;
        assert_int_equal(ask_once(&ask, "200 OK", bodies[i], &plain, NULL), -1);
        if (ask.err.class != GS3_EUNDECIDED || strstr(ask.err.message, "hid"))
            fail_msg("%zu: class %d: %s", i, (int)ask.err.class, ask.err.message);
        assert_null(ask.credentials.access_key_id);
        ask_release(&ask);
    }
    struct ask ask;
    assert_int_equal(ask_once(&ask, "503 Busy", "", &plain, NULL), -1);
    assert_int_equal(ask.err.class, GS3_EUNDECIDED);
    assert_int_equal(ask.requests, 3);
    ask_release(&ask);
}

static void what_sts_would_refuse_is_not_sent(void **state)
{
    (void)state;
    gs3_auto_secret struct gs3_secret code = GS3_SECRET_INIT;
    gs3_secret_set(&code, "12345x", 6);
    gs3_auto_pairs struct gs3_pairs many = GS3_PAIRS_INIT;
    for (int i = 0; i < 51; i++)
        gs3_pairs_add(&many, "k", "v");
    gs3_auto_pairs struct gs3_pairs empty_key = GS3_PAIRS_INIT;
    gs3_pairs_add(&empty_key, "", "v");
    gs3_auto_pairs struct gs3_pairs control = GS3_PAIRS_INIT;
    gs3_pairs_add(&control, "k", "a\nb");
    static const char *const transitive[] = {"none"};
    char long_name[70], long_policy[2100];
    memset(long_name, 'a', sizeof long_name);
    long_name[65] = '\0';
    memset(long_policy, ' ', sizeof long_policy);
    long_policy[2049] = '\0';
    const struct {
        struct gs3_sts_role role;
        const char *message;
    } cases[] = {
        {{.role_arn = ""}, "not the ARN of a role"},
        {{.role_arn = "Deploy"}, "not the ARN of a role"},
        {{.role_arn = "arn:aws:iam::123456789012:user/x"}, "not the ARN of a role"},
        {{.role_arn = "arn:aws:iam::123456789012:role/"}, "not the ARN of a role"},
        {{.role_arn = "arn:aws:iam::123456789012:role/a b"}, "not the ARN of a role"},
        {{.role_arn = "arn:aws:iam:us-east-1:123456789012:role/a"}, "not the ARN of a role"},
        {{.session_name = "a"}, "role session name: 2 to 64"},
        {{.session_name = long_name}, "role session name: 2 to 64"},
        {{.session_name = "a b"}, "role session name: 2 to 64"},
        {{.session_name = "a/b"}, "role session name: 2 to 64"},
        {{.source_identity = "\xc3\xa9t\xc3\xa9"}, "source identity: 2 to 64"},
        {{.duration_s = 899}, "duration: 900 to 43200"},
        {{.duration_s = 43201}, "duration: 900 to 43200"},
        {{.external_id = "x"}, "external id: 2 to 1224"},
        {{.external_id = "a b"}, "external id: 2 to 1224"},
        {{.serial = "12345678"}, "serial number of the MFA device"},
        {{.code = &code}, "code of the MFA device: six digits"},
        {{.policy = ""}, "session policy: 0 characters"},
        {{.policy = long_policy}, "session policy: 2049 characters"},
        {{.tags = &many}, "51 session tags: 50 at most"},
        {{.tags = &empty_key}, "session tag 1: the key"},
        {{.tags = &control}, "session tag 1: the value"},
        {{.transitive = transitive, .transitive_count = 1}, "transitive tag key 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_sts_role role = cases[i].role;
        struct ask ask;
        role.role_arn = role.role_arn ? role.role_arn : STS_ROLE_ARN;
        role.session_name = role.session_name ? role.session_name : "alice";
        assert_int_equal(ask_once(&ask, "200 OK", GOOD, &role, NULL), -1);
        assert_int_equal(ask.err.class, GS3_EINVALID);
        if (!strstr(ask.err.message, cases[i].message))
            fail_msg("%zu: %s", i, ask.err.message);
        assert_int_equal(ask.requests, 0);
        ask_release(&ask);
    }
    static const char *const tokens[] = {"abc", "hidden token", "hidden\n", "hidden\xc3\xa9"};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct ask ask;
        assert_int_equal(ask_once(&ask, "200 OK", GOOD_WEB, &plain, tokens[i]), -1);
        assert_int_equal(ask.err.class, GS3_EINVALID);
        assert_null(strstr(ask.err.message, "hidden"));
        assert_int_equal(ask.requests, 0);
        ask_release(&ask);
    }
}

/* Ceph's roles have no account. */
static void arns_of_roles_are_known(void **state)
{
    (void)state;
    static const char *const arns[] = {"arn:aws:iam::123456789012:role/Deploy",
                                       "arn:aws:iam::123456789012:role/path/to/Deploy",
                                       "arn:aws-us-gov:iam::123456789012:role/Deploy",
                                       "arn:aws:iam:::role/Deploy",
                                       "arn:aws:iam::tenant:role/Deploy"};
    for (size_t i = 0; i < sizeof arns / sizeof *arns; i++) {
        const struct gs3_sts_role role = {.role_arn = arns[i], .session_name = "alice"};
        assert_int_equal(gs3_sts_role_check(&role, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(role_gives_its_credentials),
        cmocka_unit_test(role_is_asked_for_with_all_that_may_be_asked),
        cmocka_unit_test(web_identity_is_not_signed),
        cmocka_unit_test(refusal_keeps_code_and_message_of_aws),
        cmocka_unit_test(answer_that_cannot_be_used_gives_nothing),
        cmocka_unit_test(what_sts_would_refuse_is_not_sent),
        cmocka_unit_test(arns_of_roles_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
