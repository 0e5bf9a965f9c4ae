#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/role_cache.h"
#include "aws/credentials.h"
#include "aws/files.h"
#include "aws/sts_answers.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/server.h"
#include "text/time.h"

#define STATIC_KEYS "aws_access_key_id = AKIDSOURCE\naws_secret_access_key = hidden-source\n"
#define DEPLOY                                                                                     \
    "[profile deploy]\nrole_arn = " STS_ROLE_ARN "\nrole_session_name = alice\n"                   \
    "source_profile = user\n"
#define USER "[profile user]\n" STATIC_KEYS
/* hashlib.sha1(json.dumps({"RoleArn": …, …}, sort_keys=True).encode()).hexdigest() */
#define NAME_OF_DEPLOY "7dcca51125b6043cc16ef4e13cbd78a1308e9474"
#define NAME_UNNAMED   "b02bdd7dd245291a7cd3ee342e096edb75551c36"
#define NAME_OF_ALL    "8521b82ec71fbb0eeb84e9b1ce294f573ef6362e"

enum { REPLIES = 4, ANSWER_BYTES = 4096 };

struct desk {
    struct files files;
    struct server server;
    struct server_reply replies[REPLIES];
    char answers[REPLIES][ANSWER_BYTES];
    size_t count;
    struct gs3_http *http;
    struct gs3_credentials credentials;
    struct gs3_err err;
    const struct gs3_credentials *stale;
    const char *code; /* what the person at the terminal types; NULL: there is none */
    char question[200];
};

static void desk_init(struct desk *desk, const char *config)
{
    *desk = (struct desk){.count = 0};
    files_init(&desk->files);
    files_write(&desk->files, "config", config);
    files_write(&desk->files, "credentials", "");
}

static void desk_say(struct desk *desk, const char *status_line, const char *body)
{
    char *answer = desk->answers[desk->count];
    snprintf(answer, ANSWER_BYTES, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status_line,
             strlen(body), body);
    desk->replies[desk->count++] = (struct server_reply){.bytes = answer, .times = 1};
}

static void desk_open(struct desk *desk)
{
    server_start(&desk->server, desk->replies, desk->count, NULL);
    files_set(&desk->files, "AWS_ENDPOINT_URL_STS", desk->server.url);
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    desk->http = gs3_http_new(&opts, NULL);
}

static int answer_question(void *context, const char *question, struct gs3_secret *answer,
                           struct gs3_err *err)
{
    struct desk *desk = context;
    (void)err;
    snprintf(desk->question, sizeof desk->question, "%s", question);
    gs3_secret_set(answer, desk->code, strlen(desk->code));
    return 0;
}

static int desk_find(struct desk *desk, const char *profile)
{
    struct gs3_aws_config config;
    gs3_credentials_release(&desk->credentials);
    gs3_err_clear(&desk->err);
    if (files_load(&desk->files, profile, &config, &desk->err))
        fail_msg("%s", desk->err.message);
    const struct gs3_credential_source source = {.env = &desk->files.env,
                                                 .config = &config,
                                                 .http = desk->http,
                                                 .prompt = desk->code ? answer_question : NULL,
                                                 .prompt_context = desk,
                                                 .stale = desk->stale};
    int status = gs3_credentials_find(&source, &desk->credentials, &desk->err);
    gs3_aws_config_release(&config);
    assert_null(strstr(desk->err.message, "hidden"));
    return status;
}

static void desk_found(struct desk *desk, const char *profile, const char *id)
{
    if (desk_find(desk, profile))
        fail_msg("%s", desk->err.message);
    assert_string_equal(desk->credentials.access_key_id, id);
}

static void desk_refused(struct desk *desk, const char *profile, enum gs3_err_class class,
                         const char *message)
{
    assert_int_equal(desk_find(desk, profile), -1);
    if (desk->err.class != class || !strstr(desk->err.message, message))
        fail_msg("class %d: \"%s\" does not hold \"%s\"", (int)desk->err.class, desk->err.message,
                 message);
    assert_null(desk->credentials.access_key_id);
}

static int desk_requests(const struct desk *desk)
{
    return atomic_load(&desk->server.shared->requests);
}

static const struct server_request *desk_request(const struct desk *desk, size_t i)
{
    return &desk->server.shared->request[i];
}

static void desk_release(struct desk *desk)
{
    gs3_credentials_release(&desk->credentials);
    gs3_http_free(desk->http);
    if (desk->server.shared)
        server_stop(&desk->server);
    files_release(&desk->files);
}

static void desk_path(const struct desk *desk, const char *name, char out[200])
{
    snprintf(out, 200, "%s/.aws/%s", desk->files.directory, name);
}

static const char good[] =
    STS_SESSION("AssumeRole", "ASIAFIRST", "hidden-1", "2026-11-21T03:22:20Z", STS_SESSION_ARN);

/* Answers with credentials that are good for an hour. */
static void desk_say_session(struct desk *desk, const char *operation, const char *id,
                             const char *session)
{
    char expiration[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(gs3_clock_wall_ms(&gs3_clock_system) / 1000 + 3600, expiration);
    gs3_auto_free char *body =
        gs3_xasprintf(STS_SESSION("%s", "%s", "hidden-token", "%s",
                                  "arn:aws:sts::1:assumed-role/Deploy/%s"),
                      operation, operation, session, id, expiration, operation, operation);
    desk_say(desk, "200 OK", body);
}

static void role_is_assumed_with_the_keys_of_its_source(void **state)
{
    (void)state;
    struct desk desk;
    char path[200];
    struct stat info;
    desk_init(&desk, DEPLOY USER);
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
    desk_open(&desk);
    desk_found(&desk, "deploy", "ASIAFIRST");
    assert_string_equal(desk.credentials.source, "assumed role");
    assert_string_equal(desk.credentials.session_name, "alice");
    assert_true(desk.credentials.expires_s > gs3_clock_wall_ms(&gs3_clock_system) / 1000 + 3000);
    assert_non_null(strstr(desk_request(&desk, 0)->head, "Credential=AKIDSOURCE/"));
    /* The AWS CLI's own file, and from now on it is what is used. */
    desk_path(&desk, "cli/cache/" NAME_OF_DEPLOY ".json", path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    desk_found(&desk, "deploy", "ASIAFIRST");
    assert_string_equal(desk.credentials.session_name, "alice");
    assert_int_equal(desk_requests(&desk), 1);
    desk_release(&desk);
}

static void roles_go_in_a_chain(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, DEPLOY USER "[profile second]\nrole_arn = arn:aws:iam::1:role/Second\n"
                                 "source_profile = deploy\n");
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
    desk_say_session(&desk, "AssumeRole", "ASIASECOND", "x");
    desk_open(&desk);
    desk_found(&desk, "second", "ASIASECOND");
    assert_int_equal(desk_requests(&desk), 2);
    assert_non_null(strstr(desk_request(&desk, 1)->head, "Credential=ASIAFIRST/"));
    assert_non_null(strstr(desk_request(&desk, 1)->head, "x-amz-security-token: hidden-token"));
    assert_non_null(strstr(desk_request(&desk, 1)->body, "RoleSessionName=gs3-session-"));
    desk_release(&desk);
}

static void revoked_session_on_the_way_is_asked_for_again(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, DEPLOY USER "[profile second]\nrole_arn = arn:aws:iam::1:role/Second\n"
                                 "source_profile = deploy\n");
    desk_say_session(&desk, "AssumeRole", "ASIAOLD", "alice");
    desk_say(&desk, "403 Forbidden", STS_REFUSAL("ExpiredToken", "expired"));
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
    desk_say_session(&desk, "AssumeRole", "ASIASECOND", "x");
    desk_open(&desk);
    desk_found(&desk, "deploy", "ASIAOLD");
    desk_found(&desk, "second", "ASIASECOND");
    assert_int_equal(desk_requests(&desk), 4);
    assert_non_null(strstr(desk_request(&desk, 3)->head, "Credential=ASIAFIRST/"));
    desk_release(&desk);
}

static void profile_that_names_itself_means_its_own_keys(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk,
              "[default]\nrole_arn = " STS_ROLE_ARN "\nsource_profile = default\n" STATIC_KEYS);
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
    desk_open(&desk);
    desk_found(&desk, NULL, "ASIAFIRST");
    assert_non_null(strstr(desk_request(&desk, 0)->head, "Credential=AKIDSOURCE/"));
    desk_release(&desk);
}

static void environment_is_a_credential_source(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, "[profile deploy]\nrole_arn = " STS_ROLE_ARN "\nexternal_id = x/y\n"
                     "duration_seconds = 1800\nrole_session_name = alice\n"
                     "credential_source = Environment\nmfa_serial = arn:aws:iam::1:mfa/a\n");
    files_set(&desk.files, "AWS_ACCESS_KEY_ID", "AKIDENV");
    files_set(&desk.files, "AWS_SECRET_ACCESS_KEY", "hidden-env");
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
    desk_open(&desk);
    desk_refused(&desk, "deploy", GS3_ECONFIG,
                 "config:7: mfa_serial = arn:aws:iam::1:mfa/a: a code is needed");
    desk.code = "12345";
    desk_refused(&desk, "deploy", GS3_ECONFIG, "code of the MFA device: six digits");
    desk.code = "123456";
    desk_found(&desk, "deploy", "ASIAFIRST");
    assert_string_equal(desk.question, "Enter MFA code for arn:aws:iam::1:mfa/a: ");
    assert_int_equal(desk_requests(&desk), 1);
    assert_non_null(strstr(desk_request(&desk, 0)->head, "Credential=AKIDENV/"));
    assert_non_null(strstr(desk_request(&desk, 0)->body,
                           "&DurationSeconds=1800&ExternalId=x%2Fy&SerialNumber=arn%3Aaws%3Aiam%3A"
                           "%3A1%3Amfa%2Fa&TokenCode=123456"));
    char path[200];
    struct stat info;
    desk_path(&desk, "cli/cache/" NAME_OF_ALL ".json", path);
    assert_int_equal(stat(path, &info), 0);
    desk_release(&desk);
}

static void settings_that_cannot_work_are_named_by_line(void **state)
{
    (void)state;
    static const char arn[] = "role_arn = " STS_ROLE_ARN "\n";
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"",
         "config:2: role_arn = " STS_ROLE_ARN ": source_profile or credential_source is missing"},
        {"source_profile = user\ncredential_source = Environment\n",
         "config:4: credential_source = Environment: the profile has source_profile as well"},
        {"source_profile = none\n",
         "config:3: source_profile = none: there is no profile of that name"},
        {"source_profile = empty\n",
         "config:3: source_profile = empty: that profile has no credentials"},
        {"source_profile = half\n", "aws_secret_access_key is missing"},
        {"source_profile = deploy\n",
         "config:3: source_profile = deploy: the profiles go in a loop: deploy -> deploy"},
        {"source_profile = loop\n",
         "source_profile = deploy: the profiles go in a loop: deploy -> loop -> deploy"},
        {"credential_source = environment\n",
         "config:3: credential_source = environment: Environment, Ec2InstanceMetadata or "
         "EcsContainer is expected"},
        {"credential_source = Environment\n",
         "config:3: credential_source = Environment: it has no credentials"},
        {"source_profile = user\nduration_seconds = an hour\n",
         "config:4: duration_seconds = an hour: 900 to 43200 seconds are expected"},
        {"source_profile = user\nduration_seconds = 60\n", "config:4: duration_seconds = 60: 900"},
        {"source_profile = user\nduration_seconds = 43201\n", "duration_seconds = 43201: 900"},
        {"source_profile = user\nrole_session_name = a b\n",
         "config:4: role_session_name = a b: role session name: 2 to 64"},
        {"source_profile = user\nexternal_id = x\n", "config:4: external_id = x: external id"},
        {"source_profile = user\nmfa_serial = 1\n", "config:4: mfa_serial = 1: serial number"},
        {"source_profile = bad\n", "role_arn = Deploy: not the ARN of a role"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk;
        gs3_auto_free char *config = gs3_xasprintf(
            "[profile deploy]\n%s%s" USER "[profile empty]\nregion = us-east-1\n"
            "[profile half]\naws_access_key_id = A\n[profile bad]\nrole_arn = Deploy\n"
            "source_profile = user\n[profile loop]\n%ssource_profile = deploy\n",
            arn, cases[i].settings, arn);
        desk_init(&desk, config);
        desk_say(&desk, "200 OK", good);
        desk_open(&desk);
        desk_refused(&desk, "deploy", GS3_ECONFIG, cases[i].message);
        assert_int_equal(desk_requests(&desk), 0);
        desk_release(&desk);
    }
}

static void refusal_and_silence_of_sts_are_told_apart(void **state)
{
    (void)state;
    struct desk desk;
    desk_init(&desk, DEPLOY USER);
    desk_say(&desk, "403 Forbidden", STS_REFUSAL("AccessDenied", "no, alice"));
    desk_say(&desk, "200 OK", "<html>Sign in</html>");
    desk_open(&desk);
    desk_refused(
        &desk, "deploy", GS3_ESERVICE,
        "An error occurred (AccessDenied) when calling the AssumeRole operation: no, alice");
    desk_refused(&desk, "deploy", GS3_EGENERAL, "STS's answer cannot be used");
    desk_release(&desk);
    desk_init(&desk, DEPLOY USER);
    desk_refused(&desk, "deploy", GS3_ECONFIG, "config:2: role_arn");
    desk_release(&desk);
}

static void renewal_asks_past_the_cache_for_the_same_session(void **state)
{
    (void)state;
    struct desk desk;
    struct gs3_credentials first;
    desk_init(&desk, "[profile deploy]\nrole_arn = " STS_ROLE_ARN "\nsource_profile = user\n" USER);
    desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "botocore-session-17");
    desk_say_session(&desk, "AssumeRole", "ASIASECOND", "botocore-session-17");
    desk_open(&desk);
    desk_found(&desk, "deploy", "ASIAFIRST");
    desk_found(&desk, "deploy", "ASIAFIRST"); /* of the cache, with the name that it says */
    assert_int_equal(desk_requests(&desk), 1);
    assert_string_equal(desk.credentials.session_name, "botocore-session-17");
    gs3_credentials_copy(&first, &desk.credentials);
    desk.stale = &first;
    desk_found(&desk, "deploy", "ASIASECOND");
    assert_non_null(strstr(desk_request(&desk, 1)->body, "&RoleSessionName=botocore-session-17"));
    desk.stale = NULL;
    char path[200];
    struct stat info;
    desk_path(&desk, "cli/cache/" NAME_UNNAMED ".json", path);
    assert_int_equal(stat(path, &info), 0);
    desk_found(&desk, "deploy", "ASIASECOND");
    assert_int_equal(desk_requests(&desk), 2);
    gs3_credentials_release(&first);
    desk_release(&desk);
}

/* ---- the cache */

static void cache_write(struct desk *desk, const char *text, mode_t mode)
{
    char path[200];
    desk_path(desk, "cli", path);
    mkdir(path, 0700);
    desk_path(desk, "cli/cache", path);
    mkdir(path, 0700);
    files_write(&desk->files, "cli/cache/" NAME_OF_DEPLOY ".json", text);
    desk_path(desk, "cli/cache/" NAME_OF_DEPLOY ".json", path);
    assert_int_equal(chmod(path, mode), 0);
}

#define CACHED(expiration)                                                                         \
    "{\"Credentials\": {\"AccessKeyId\": \"ASIACLI\", \"SecretAccessKey\": \"hidden\", "           \
    "\"SessionToken\": \"hidden\", \"Expiration\": \"" expiration "\"}, \"AssumedRoleUser\": "     \
    "{\"Arn\": \"arn:aws:sts::1:assumed-role/Deploy/bob\"}, \"ResponseMetadata\": {}}"

static char *cached_until(int64_t seconds_left, const char *zone)
{
    char when[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(gs3_clock_wall_ms(&gs3_clock_system) / 1000 + seconds_left, when);
    return gs3_xasprintf(CACHED("%.19s%s"), when, zone);
}

static void cache_of_the_aws_cli_is_used(void **state)
{
    (void)state;
    static const char *const zones[] = {"UTC", "Z", "+00:00"};
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct desk desk;
        gs3_auto_free char *text = cached_until(1000, zones[i]);
        desk_init(&desk, DEPLOY USER);
        cache_write(&desk, text, 0600);
        desk_open(&desk);
        desk_found(&desk, "deploy", "ASIACLI");
        assert_string_equal(desk.credentials.session_name, "bob");
        desk_release(&desk);
    }
}

static void cache_that_cannot_be_trusted_is_none(void **state)
{
    (void)state;
    gs3_auto_free char *near = cached_until(880, "UTC"), *fine = cached_until(3600, "UTC"),
                       *past = cached_until(-10, "Z"), *far = cached_until(40 * 3600, "Z");
    gs3_auto_free char *cut = gs3_xstrndup(fine, strlen(fine) - 1);
    const struct {
        const char *text;
        mode_t mode;
    } cases[] = {
        {near, 0600},
        {past, 0600},
        {far, 0600},
        {fine, 0640},
        {fine, 0604},
        {"", 0600},
        {"[]", 0600},
        {cut, 0600},
        {"{}", 0600},
        {CACHED("soon"), 0600},
        {"{\"Credentials\": []}", 0600},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk;
        char path[200];
        struct stat info;
        desk_init(&desk, DEPLOY USER);
        cache_write(&desk, cases[i].text, cases[i].mode);
        desk_say_session(&desk, "AssumeRole", "ASIAFIRST", "alice");
        desk_open(&desk);
        desk_found(&desk, "deploy", "ASIAFIRST");
        /* It is replaced by what can be. */
        desk_path(&desk, "cli/cache/" NAME_OF_DEPLOY ".json", path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
        desk_found(&desk, "deploy", "ASIAFIRST");
        assert_int_equal(desk_requests(&desk), 1);
        desk_release(&desk);
    }
}

/* ---- web identity */

static void web_identity_of_the_environment(void **state)
{
    (void)state;
    struct desk desk;
    char token[200];
    desk_init(&desk, "[default]\nregion = eu-west-1\n");
    files_write(&desk.files, "token", "eyJ.hidden");
    desk_path(&desk, "token", token);
    files_set(&desk.files, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
    files_set(&desk.files, "AWS_ROLE_ARN", STS_ROLE_ARN);
    files_set(&desk.files, "AWS_ROLE_SESSION_NAME", "alice");
    desk_say_session(&desk, "AssumeRoleWithWebIdentity", "ASIAWEB", "alice");
    desk_say_session(&desk, "AssumeRoleWithWebIdentity", "ASIANEXT", "alice");
    desk_open(&desk);
    desk_found(&desk, NULL, "ASIAWEB");
    assert_string_equal(desk.credentials.source, "web identity");
    assert_null(strcasestr(desk_request(&desk, 0)->head, "authorization"));
    assert_non_null(strstr(desk_request(&desk, 0)->body, "&WebIdentityToken=eyJ.hidden"));
    desk_found(&desk, NULL, "ASIAWEB");
    assert_int_equal(desk_requests(&desk), 1);
    /* The file is read anew when the credentials are renewed. */
    struct gs3_credentials first;
    gs3_credentials_copy(&first, &desk.credentials);
    desk.stale = &first;
    files_write(&desk.files, "token", "eyJ.hidden2");
    desk_found(&desk, NULL, "ASIANEXT");
    assert_non_null(strstr(desk_request(&desk, 1)->body, "&WebIdentityToken=eyJ.hidden2"));
    gs3_credentials_release(&first);
    desk_release(&desk);
}

static void web_identity_of_a_profile_is_a_source_too(void **state)
{
    (void)state;
    struct desk desk;
    char token[200];
    desk_init(&desk, "");
    files_write(&desk.files, "token", "eyJ.hidden");
    desk_path(&desk, "token", token);
    gs3_auto_free char *config =
        gs3_xasprintf("[profile web]\nrole_arn = arn:aws:iam::1:role/Web\nweb_identity_token_file "
                      "= %s\n[profile second]\nrole_arn = " STS_ROLE_ARN "\nsource_profile = web\n",
                      token);
    files_write(&desk.files, "config", config);
    /* Of the environment, and not of a profile that is named. */
    files_set(&desk.files, "AWS_ROLE_ARN", "nothing");
    desk_say_session(&desk, "AssumeRoleWithWebIdentity", "ASIAWEB", "x");
    desk_say_session(&desk, "AssumeRole", "ASIASECOND", "x");
    desk_open(&desk);
    desk_found(&desk, "second", "ASIASECOND");
    assert_non_null(strstr(desk_request(&desk, 1)->head, "Credential=ASIAWEB/"));
    desk_release(&desk);
}

static void web_identity_that_cannot_work_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *token, *arn, *name, *message;
    } cases[] = {
        {"eyJ.hidden\n", STS_ROLE_ARN, "alice", "token: the web identity token holds a line feed"},
        {"eyJ\nhidden", STS_ROLE_ARN, "alice", "token: the web identity token holds a line feed"},
        {"", STS_ROLE_ARN, "alice", "token: the file is empty"},
        {"eyJ hidden", STS_ROLE_ARN, "alice", "web identity token: 4 to 20000"},
        {NULL, STS_ROLE_ARN, "alice", "token: cannot open: No such file"},
        {"eyJ.hidden", "", "alice",
         "AWS_WEB_IDENTITY_TOKEN_FILE: a web identity token without a role"},
        {"eyJ.hidden", "Deploy", "alice", "AWS_ROLE_ARN: Deploy: not the ARN of a role"},
        {"eyJ.hidden", STS_ROLE_ARN, "a b", "AWS_ROLE_SESSION_NAME: a b: role session name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk;
        char token[200];
        desk_init(&desk, "");
        desk_path(&desk, "token", token);
        if (cases[i].token)
            files_write(&desk.files, "token", cases[i].token);
        files_set(&desk.files, "AWS_WEB_IDENTITY_TOKEN_FILE", token);
        files_set(&desk.files, "AWS_ROLE_ARN", cases[i].arn);
        files_set(&desk.files, "AWS_ROLE_SESSION_NAME", cases[i].name);
        desk_say(&desk, "200 OK", good);
        desk_open(&desk);
        desk_refused(&desk, NULL, GS3_ECONFIG, cases[i].message);
        assert_int_equal(desk_requests(&desk), 0);
        desk_release(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(role_is_assumed_with_the_keys_of_its_source),
        cmocka_unit_test(roles_go_in_a_chain),
        cmocka_unit_test(revoked_session_on_the_way_is_asked_for_again),
        cmocka_unit_test(profile_that_names_itself_means_its_own_keys),
        cmocka_unit_test(environment_is_a_credential_source),
        cmocka_unit_test(settings_that_cannot_work_are_named_by_line),
        cmocka_unit_test(refusal_and_silence_of_sts_are_told_apart),
        cmocka_unit_test(renewal_asks_past_the_cache_for_the_same_session),
        cmocka_unit_test(cache_of_the_aws_cli_is_used),
        cmocka_unit_test(cache_that_cannot_be_trusted_is_none),
        cmocka_unit_test(web_identity_of_the_environment),
        cmocka_unit_test(web_identity_of_a_profile_is_a_source_too),
        cmocka_unit_test(web_identity_that_cannot_work_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
