#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/credentials_internal.h"
#include "aws/endpoint.h"
#include "aws/files.h"
#include "base/file.h"
#include "base/mem.h"
#include "net/client.h"

#define OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define CONFIG                                                                                     \
    "[default]\nsso_session = corp\nsso_account_id = 012345678901\nsso_role_name = Ops+1\n"        \
    "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n"
#define KEYS                                                                                       \
    "{\"roleCredentials\":{\"accessKeyId\":\"AKID\",\"secretAccessKey\":\"hidden\","               \
    "\"sessionToken\":\"TOKEN\",\"expiration\":4070908800123}}"
#define TOKEN_FILE "sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json" /* SHA-1 of "corp" */
#define PORTAL(body)                                                                               \
    {                                                                                              \
        .match = "GET /federation/", .bytes = OK(body), .end = SERVER_CLOSE                        \
    }

struct attempt {
    struct files files;
    struct server server;
    struct gs3_credentials credentials;
    struct gs3_err err;
    int found, requests;
};

static void begin(struct attempt *attempt, const char *config, const char *token)
{
    *attempt = (struct attempt){.found = 0};
    files_init(&attempt->files);
    files_write(&attempt->files, "config", config);
    if (token)
        files_write(&attempt->files, TOKEN_FILE, token);
}

static void ask(struct attempt *attempt, const struct server_reply *replies, size_t count)
{
    struct gs3_aws_config config;
    server_start(&attempt->server, replies, count, NULL);
    files_set(&attempt->files, "AWS_ENDPOINT_URL_SSO", attempt->server.url);
    files_set(&attempt->files, "AWS_ENDPOINT_URL_SSO_OIDC", attempt->server.url);
    gs3_err_clear(&attempt->err);
    if (files_load(&attempt->files, NULL, &config, &attempt->err))
        fail_msg("%s", attempt->err.message);
    struct gs3_http *http = client_new(NULL);
    const struct gs3_credential_source source = {.env = &attempt->files.env,
                                                 .config = &config,
                                                 .http = http};
    attempt->found = gs3_credentials_from_sso(&source, &attempt->credentials, &attempt->err);
    attempt->requests = atomic_load(&attempt->server.shared->requests);
    gs3_http_free(http);
    gs3_aws_config_release(&config);
}

static void end(struct attempt *attempt)
{
    gs3_credentials_release(&attempt->credentials);
    server_stop(&attempt->server);
    files_release(&attempt->files);
}

static void sso_gives_credentials_for_the_token(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply reply = PORTAL(KEYS);
    begin(&attempt, CONFIG, "{\"accessToken\":\"hush\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
    ask(&attempt, &reply, 1);
    if (attempt.found != 1)
        fail_msg("%s", attempt.err.message);
    assert_string_equal(attempt.credentials.access_key_id, "AKID");
    assert_string_equal(attempt.credentials.session_token.text, "TOKEN");
    assert_int_equal(attempt.credentials.expires_s, 4070908800);
    assert_string_equal(attempt.credentials.source, "SSO");
    const char *head = attempt.server.shared->request[0].head;
    assert_non_null(strstr(head, "GET /federation/credentials?role_name=Ops%2B1&"
                                 "account_id=012345678901 HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nx-amz-sso_bearer_token: hush\r\n"));
    /* The next time they are in the CLI's cache. */
    server_stop(&attempt.server);
    gs3_credentials_release(&attempt.credentials);
    ask(&attempt, &reply, 1);
    assert_int_equal(attempt.found, 1);
    assert_int_equal(attempt.requests, 0);
    end(&attempt);
}

static void a_token_is_renewed_in_its_file(void **state)
{
    (void)state;
    struct attempt attempt;
    const struct server_reply replies[] = {
        {.match = "POST /token ",
         .bytes = OK("{\"accessToken\":\"fresh\",\"expiresIn\":3600,\"refreshToken\":\"next\"}"),
         .end = SERVER_CLOSE},
        PORTAL(KEYS)};
    begin(&attempt, CONFIG,
          "{\"accessToken\":\"old\",\"expiresAt\":\"2020-01-01T00:00:00Z\",\"refreshToken\":"
          "\"r\\u00e9\",\"clientId\":\"id\",\"clientSecret\":\"cs\",\"registrationExpiresAt\":"
          "\"2099-01-01T00:00:00Z\"}");
    ask(&attempt, replies, 2);
    if (attempt.found != 1)
        fail_msg("%s", attempt.err.message);
    const struct server_request *request = attempt.server.shared->request;
    assert_string_equal(request[0].body,
                        "{\"grantType\": \"refresh_token\", \"clientId\": \"id\", "
                        "\"clientSecret\": \"cs\", \"refreshToken\": \"r\\u00e9\"}");
    assert_non_null(strstr(request[1].head, "x-amz-sso_bearer_token: fresh\r\n"));
    gs3_auto_free char *path = gs3_xasprintf("%s/.aws/" TOKEN_FILE, attempt.files.directory);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    gs3_auto_credential_json cJSON *json = gs3_credential_file_read(path, false, &attempt.err);
    assert_string_equal(gs3_json_string(json, "accessToken"), "fresh");
    assert_string_equal(gs3_json_string(json, "refreshToken"), "next");
    assert_string_equal(gs3_json_string(json, "clientSecret"), "cs");
    assert_string_equal(gs3_json_string(json, "startUrl"), "https://corp.example/start");
    assert_string_equal(gs3_json_string(json, "region"), "eu-west-1");
    end(&attempt);
}

static void fails(const char *config, const char *token, const struct server_reply *reply,
                  enum gs3_err_class class, const char *text)
{
    struct attempt attempt;
    begin(&attempt, config, token);
    ask(&attempt, reply, reply ? 1 : 0);
    if (attempt.found != -1 || !strstr(attempt.err.message, text))
        fail_msg("%d \"%s\" does not hold \"%s\"", attempt.found, attempt.err.message, text);
    assert_int_equal(attempt.err.class, class);
    assert_null(strstr(attempt.err.message, "hush"));
    assert_null(strstr(attempt.err.message, "hidden"));
    end(&attempt);
}

static void sso_that_is_over_says_what_to_run(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        NULL,
        "",
        "[]",
        "{\"accessToken\":\"hush\"",
        "{\"accessToken\":\"hush\"}",
        "{\"accessToken\":\"hush\",\"expiresAt\":\"soon\"}",
        "{\"accessToken\":\"\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
        "{\"accessToken\":\"hu\\r\\nsh\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}",
        "{\"accessToken\":\"hush\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}",
        "{\"accessToken\":\"hush\",\"expiresAt\":\"2020-01-01T00:00:00UTC\",\"refreshToken\":"
        "\"r\"}",
    };
    for (size_t i = 0; i < COUNT(tokens); i++)
        fails(CONFIG, tokens[i], NULL, GS3_ECONFIG, ": run aws sso login --profile default");
}

static void answers_of_sso_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char token[] = "{\"accessToken\":\"hush\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}";
    static const struct {
        const char *bytes;
        enum gs3_err_class class;
        const char *text;
    } cases[] = {
        {OK(""), GS3_ECONFIG, "it is empty"},
        {OK("hidden"), GS3_ECONFIG, "it is not a JSON object"},
        {OK("{}"), GS3_ECONFIG, "accessKeyId is missing"},
        {OK("{\"roleCredentials\":[]}"), GS3_ECONFIG, "accessKeyId is missing"},
        {OK("{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hidden\","
            "\"sessionToken\":\"T\",\"expiration\":\"soon\"}}"),
         GS3_ECONFIG, "expiration is no time"},
        {OK("{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hidden\","
            "\"sessionToken\":\"T\",\"expiration\":1e300}}"),
         GS3_ECONFIG, "expiration is no time"},
        {OK("{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hidden\","
            "\"sessionToken\":\"T\",\"expiration\":1000}}"),
         GS3_ECONFIG, "it has expired already"},
        {"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", GS3_ECONFIG,
         "SSO does not accept the token: run aws sso login"},
        {"HTTP/1.1 403 X\r\nx-amzn-ErrorType: ForbiddenException:http://x\r\n"
         "Connection: close\r\n\r\n{\"message\":\"No\\u001b access\"}",
         GS3_ESERVICE,
         "(ForbiddenException) when calling the GetRoleCredentials operation: No\\x1b"},
        {"HTTP/1.1 404 X\r\nConnection: close\r\n\r\nhidden", GS3_ESERVICE, "(status 404)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct server_reply reply = {.bytes = cases[i].bytes, .end = SERVER_CLOSE};
        fails(CONFIG, token, &reply, cases[i].class, cases[i].text);
    }
}

static void sso_settings_are_checked_where_they_stand(void **state)
{
    (void)state;
#define SESSION "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://x\n"
#define PROFILE "[default]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n"
    static const char *const cases[][2] = {
        {PROFILE, "config:2: sso_session: there is no section [sso-session corp]"},
        {PROFILE "sso_region = us-east-1\n" SESSION,
         "config:5: sso_region differs from the one in "},
        {"[default]\nsso_session = corp\nsso_role_name = r\n" SESSION,
         "config:3: the profile is for SSO, and sso_account_id is missing"},
        {"[default]\nsso_account_id = 1\nsso_role_name = r\nsso_region = us-east-1\n",
         "config:2: the profile is for SSO, and sso_start_url is missing"},
        {"[default]\nsso_account_id = 1\nsso_role_name = r\nsso_start_url = https://x\n"
         "sso_region = evil.example/\n",
         "sso_region is not the name of a region"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        fails(cases[i][0], NULL, NULL, GS3_ECONFIG, cases[i][1]);
}

static void hosts_of_sso_follow_the_rules(void **state)
{
    (void)state;
    char elsewhere[] = "http://sso.example";
    struct gs3_aws_config config = {.region = NULL};
    gs3_auto_free char *portal = gs3_sso_endpoint_resolve(&config, "eu-west-1", false, NULL);
    gs3_auto_free char *oidc = gs3_sso_endpoint_resolve(&config, "cn-north-1", true, NULL);
    assert_string_equal(portal, "https://portal.sso.eu-west-1.amazonaws.com");
    assert_string_equal(oidc, "https://oidc.cn-north-1.amazonaws.com.cn");
    config.use_dualstack = true;
    gs3_auto_free char *dual = gs3_sso_endpoint_resolve(&config, "eu-west-1", false, NULL);
    assert_string_equal(dual, "https://portal.sso.eu-west-1.api.aws");
    config.endpoint_sso = elsewhere;
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(gs3_sso_endpoint_resolve(&config, "eu-west-1", false, &err));
    assert_non_null(strstr(err.message, "https is required"));
}

static void strings_are_written_as_by_python(void **state)
{
    (void)state;
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(1000);
    gs3_credential_json_append(&out, "a\"\\/\t\n\r\x01\x7f\xc3\xbc\xf0\x9f\x98\x80");
    assert_string_equal(gs3_buf_string(&out),
                        "\"a\\\"\\\\/\\t\\n\\r\\u0001\\u007f\\u00fc\\ud83d\\ude00\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sso_gives_credentials_for_the_token),
        cmocka_unit_test(a_token_is_renewed_in_its_file),
        cmocka_unit_test(sso_that_is_over_says_what_to_run),
        cmocka_unit_test(answers_of_sso_that_are_none_are_refused),
        cmocka_unit_test(sso_settings_are_checked_where_they_stand),
        cmocka_unit_test(hosts_of_sso_follow_the_rules),
        cmocka_unit_test(strings_are_written_as_by_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
