#include "desk.h"

#include <sys/stat.h>

static char name_username[] = "username", name_password[] = "password", name_token[] = "token",
            name_id[] = "client_id", name_key[] = "api_key";
static char variable_user[] = "MY_USER", variable_secret[] = "MY_SECRET";

static struct gs3_credential_ref env_ref(char *name, char *variable)
{
    return (struct gs3_credential_ref){.name = name,
                                       .kind = GS3_CREDENTIAL_ENV,
                                       .value = variable,
                                       .place = {.file = "policy.yaml", .line = 7}};
}

static void use_refs(struct desk *desk, struct gs3_credential_ref *refs, size_t count)
{
    desk->system.credentials = refs;
    desk->system.credential_count = count;
}

/* What auth finds, without asking anybody. */
static int find(struct desk *desk, struct gs3_ticket_auth *auth)
{
    *auth = (struct gs3_ticket_auth){.kind = GS3_AUTH_NONE};
    gs3_err_clear(&desk->err);
    desk->outcome = gs3_ticket_auth_find(&desk->context, &desk->system, auth, &desk->err);
    return desk->outcome;
}

#define assert_found(desk, expected_kind, expected_user, expected_secret, expected_source)         \
    do {                                                                                           \
        struct gs3_ticket_auth auth;                                                               \
        if (find(desk, &auth))                                                                     \
            fail_msg("%s", (desk)->err.message);                                                   \
        assert_int_equal(auth.kind, expected_kind);                                                \
        assert_true(gs3_str_equal(auth.user.text, expected_user));                                 \
        assert_string_equal(auth.secret.text, expected_secret);                                    \
        assert_string_equal(auth.source, expected_source);                                         \
        gs3_ticket_auth_release(&auth);                                                            \
    } while (0)

#define assert_not_found(desk, expected_class, expected_text)                                      \
    do {                                                                                           \
        struct gs3_ticket_auth auth;                                                               \
        find(desk, &auth);                                                                         \
        assert_refused(desk, expected_class, expected_text);                                       \
        assert_int_equal(auth.kind, GS3_AUTH_NONE);                                                \
        gs3_ticket_auth_release(&auth);                                                            \
    } while (0)

static void start(struct desk *desk, enum gs3_system_type type, const char *url)
{
    desk_init(desk, type, url);
    desk->ticket.verdict = GS3_TICKET_NOT_FOUND;
}

static void policy_reference_comes_first(void **state)
{
    (void)state;
    struct gs3_credential_ref refs[] = {env_ref(name_username, variable_user),
                                        env_ref(name_password, variable_secret)};
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    desk_set(&desk, "SN_USERNAME", "other");
    desk_set(&desk, "SN_PASSWORD", "other");
    desk_set(&desk, "MY_USER", "alice");
    desk_set(&desk, "MY_SECRET", "hush");
    use_refs(&desk, refs, 2);
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", "MY_USER and MY_SECRET");
    desk_set(&desk, "MY_SECRET", NULL);
    assert_not_found(&desk, GS3_ECONFIG, "the environment variable MY_SECRET is not set");
    assert_non_null(strstr(desk.err.message, "policy.yaml:7"));
    desk_set(&desk, "MY_SECRET", "");
    assert_not_found(&desk, GS3_ECONFIG, "MY_SECRET is not set");
    desk_release(&desk);
}

static void policy_half_or_double_credentials_are_refused(void **state)
{
    (void)state;
    char *const cases[][3] = {{name_username, NULL, NULL},
                              {name_password, NULL, NULL},
                              {name_id, NULL, NULL},
                              {name_token, name_key, NULL},
                              {name_username, name_token, NULL},
                              {name_username, name_password, name_token}};
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    desk_set(&desk, "MY_USER", "alice");
    desk_set(&desk, "MY_SECRET", "hush");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_credential_ref refs[3];
        size_t count = 0;
        while (count < 3 && cases[i][count]) {
            refs[count] = env_ref(cases[i][count], count == 0 ? variable_user : variable_secret);
            count++;
        }
        use_refs(&desk, refs, count);
        assert_not_found(&desk, GS3_ECONFIG, "not the parts of one way");
        assert_non_null(strstr(desk.err.message, "MY_USER"));
        assert_true(count == 1 || strstr(desk.err.message, "MY_SECRET"));
    }
    use_refs(&desk, NULL, 0);
    desk_release(&desk);
}

static void policy_one_part_ways_are_understood(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    desk_set(&desk, "MY_USER", "alice");
    desk_set(&desk, "MY_SECRET", "hush");
    struct gs3_credential_ref key = env_ref(name_key, variable_secret);
    struct gs3_credential_ref token = env_ref(name_token, variable_secret);
    use_refs(&desk, &key, 1);
    assert_found(&desk, GS3_AUTH_API_KEY, NULL, "hush", "MY_SECRET");
    use_refs(&desk, &token, 1);
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "hush", "MY_SECRET");
    desk.system.type = GS3_SYSTEM_JIRA;
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "hush", "MY_SECRET");
    struct gs3_credential_ref both[] = {env_ref(name_username, variable_user), token};
    use_refs(&desk, both, 2);
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", "MY_USER and MY_SECRET");
    use_refs(&desk, &key, 1);
    assert_not_found(&desk, GS3_ECONFIG, "not the parts of one way");
    desk_release(&desk);
}

static void policy_may_not_name_the_signing_keys(void **state)
{
    (void)state;
    static char aws[] = "AWS_SECRET_ACCESS_KEY", own[] = "GS3_SIGNING_KEY";
    struct gs3_credential_ref refs[] = {env_ref(name_token, aws)};
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    desk_set(&desk, "AWS_SECRET_ACCESS_KEY", "hush");
    use_refs(&desk, refs, 1);
    assert_not_found(&desk, GS3_EPOLICY, "may not be used");
    refs[0] = env_ref(name_token, own);
    assert_not_found(&desk, GS3_EPOLICY, "may not be used");
    desk_release(&desk);
}

static void control_characters_and_colons_are_refused(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    desk_set(&desk, "SN_USERNAME", "alice");
    static const char *const bad[] = {"hush\r\nX-Evil: 1", "hush\n", "\thush", "hush\x7f"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        desk_set(&desk, "SN_PASSWORD", bad[i]);
        assert_not_found(&desk, GS3_ECONFIG, "SN_PASSWORD holds a line break");
    }
    desk_set(&desk, "SN_PASSWORD", "hush: with a colon, \xc3\xa9 and spaces ");
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush: with a colon, \xc3\xa9 and spaces ",
                 "SN_USERNAME and SN_PASSWORD");
    desk_set(&desk, "SN_USERNAME", "a:b");
    assert_not_found(&desk, GS3_ECONFIG, "SN_USERNAME holds a colon");
    desk_release(&desk);
}

static void servicenow_variables_are_found(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://acme.service-now.com");
    assert_not_found(&desk, GS3_ECONFIG,
                     "no credentials for acme.service-now.com: set SN_USERNAME");
    desk_set(&desk, "SERVICENOW_USERNAME", "alice");
    assert_not_found(&desk, GS3_ECONFIG, "SERVICENOW_USERNAME: these are not");
    desk_set(&desk, "SERVICENOW_PASSWORD", "hush");
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush",
                 "SERVICENOW_USERNAME and SERVICENOW_PASSWORD");
    desk_set(&desk, "SN_USERNAME", "bob");
    assert_not_found(&desk, GS3_ECONFIG, "SN_USERNAME and SERVICENOW_USERNAME are both set");
    desk_set(&desk, "SN_USERNAME", "alice");
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", "SN_USERNAME and SERVICENOW_PASSWORD");
    desk_set(&desk, "SN_ACCESS_TOKEN", "hush");
    assert_not_found(&desk, GS3_ECONFIG, "SN_ACCESS_TOKEN");
    desk_release(&desk);
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://acme.service-now.com");
    desk_set(&desk, "SN_API_KEY", "hush");
    assert_found(&desk, GS3_AUTH_API_KEY, NULL, "hush", "SN_API_KEY");
    desk_set(&desk, "SN_API_KEY", NULL);
    desk_set(&desk, "SN_ACCESS_TOKEN", "hush");
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "hush", "SN_ACCESS_TOKEN");
    desk_set(&desk, "SN_ACCESS_TOKEN", NULL);
    desk_set(&desk, "SN_CLIENT_ID", "id");
    assert_not_found(&desk, GS3_ECONFIG, "SN_CLIENT_ID");
    desk_set(&desk, "SN_CLIENT_SECRET", "hush");
    assert_found(&desk, GS3_AUTH_OAUTH, "id", "hush", "SN_CLIENT_ID and SN_CLIENT_SECRET");
    desk_release(&desk);
}

static void variables_of_another_host_are_not_sent(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_ours;
    } cases[] = {
        {"acme.service-now.com", true},
        {"https://acme.service-now.com", true},
        {"https://ACME.service-now.com/", true},
        {"acme", true},
        {"acme.service-now.com:443", true},
        {"https://acme.service-now.com:443/nav_to.do", true},
        {"other.service-now.com", false},
        {"other", false},
        {"acme.service-now.com:8443", false},
        {"acme.service-now.com.evil.example", false},
        {"https://acme.service-now.com@evil.example/", false},
        {"service-now.com", false},
    };
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://acme.service-now.com");
    desk_set(&desk, "SN_USERNAME", "alice");
    desk_set(&desk, "SN_PASSWORD", "hush");
    for (size_t i = 0; i < COUNT(cases); i++) {
        desk_set(&desk, "SN_HOST", cases[i].host);
        if (cases[i].is_ours)
            assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", "SN_USERNAME and SN_PASSWORD");
        else
            assert_not_found(&desk, GS3_ECONFIG, "no credentials for acme.service-now.com");
    }
    desk_set(&desk, "SN_HOST", "acme");
    desk_set(&desk, "SERVICENOW_INSTANCE_URL", "https://other.service-now.com");
    assert_not_found(&desk, GS3_ECONFIG, "SN_HOST and SERVICENOW_INSTANCE_URL are both set");
    desk_release(&desk);
}

static void jira_variables_are_found(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_JIRA, "https://acme.atlassian.net");
    assert_not_found(&desk, GS3_ECONFIG, "set JIRA_USERNAME and JIRA_API_TOKEN");
    desk_set(&desk, "JIRA_API_TOKEN", "hush");
    assert_not_found(&desk, GS3_ECONFIG, "JIRA_API_TOKEN is set, JIRA_USERNAME is not");
    desk_set(&desk, "JIRA_USER_EMAIL", "alice@example.com");
    assert_found(&desk, GS3_AUTH_BASIC, "alice@example.com", "hush",
                 "JIRA_USER_EMAIL and JIRA_API_TOKEN");
    desk_set(&desk, "JIRA_USERNAME", "bob");
    assert_not_found(&desk, GS3_ECONFIG, "JIRA_USERNAME and JIRA_USER_EMAIL are both set");
    desk_set(&desk, "JIRA_USERNAME", NULL);
    desk_set(&desk, "JIRA_AUTH_TYPE", "bearer");
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "hush", "JIRA_API_TOKEN");
    desk_set(&desk, "JIRA_AUTH_TYPE", "mtls");
    assert_not_found(&desk, GS3_ECONFIG, "JIRA_AUTH_TYPE must be");
    desk_set(&desk, "JIRA_AUTH_TYPE", "basic");
    desk_set(&desk, "JIRA_PERSONAL_TOKEN", "pat");
    assert_not_found(&desk, GS3_ECONFIG, "JIRA_API_TOKEN and JIRA_PERSONAL_TOKEN are both set");
    desk_set(&desk, "JIRA_API_TOKEN", NULL);
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "pat", "JIRA_PERSONAL_TOKEN");
    desk_set(&desk, "JIRA_URL", "https://other.atlassian.net");
    assert_not_found(&desk, GS3_ECONFIG, "no credentials");
    desk_set(&desk, "JIRA_URL", "https://acme.atlassian.net/wiki");
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "pat", "JIRA_PERSONAL_TOKEN");
    desk_set(&desk, "JIRA_PERSONAL_TOKEN", NULL);
    assert_not_found(&desk, GS3_ECONFIG, "JIRA_USER_EMAIL: these are not");
    desk_release(&desk);
}

/* A file of that mode in a directory of its own; the caller removes both. */
static char *write_file(const char *text, mode_t mode)
{
    char directory[] = "/tmp/gs3-auth-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char *path = gs3_xasprintf("%s/secret", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void remove_file(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    free(path);
}

static void secret_file_is_read_and_checked(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    char *path = write_file("hush\n", 0600);
    assert_non_null(path);
    gs3_auto_free char *link_path = gs3_xasprintf("%s.link", path);
    struct gs3_credential_ref ref = {.name = name_token,
                                     .kind = GS3_CREDENTIAL_FILE,
                                     .value = path,
                                     .place = {.file = "p.yaml", .line = 3}};
    use_refs(&desk, &ref, 1);
    assert_found(&desk, GS3_AUTH_BEARER, NULL, "hush", "credentials.token (p.yaml:3)");
    assert_int_equal(chmod(path, 0640), 0);
    assert_not_found(&desk, GS3_ECONFIG, "chmod 600");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(symlink(path, link_path), 0);
    ref.value = link_path;
    assert_not_found(&desk, GS3_ECONFIG, "cannot open");
    unlink(link_path);
    ref.value = path;
    FILE *file = fopen(path, "w");
    fputs("hush\nsecond line\n", file);
    fclose(file);
    assert_not_found(&desk, GS3_ECONFIG, "line break");
    file = fopen(path, "w");
    fclose(file);
    assert_not_found(&desk, GS3_ECONFIG, "is empty");
    remove_file(path);
    ref.value = (char[]){"/nonexistent/secret"};
    assert_not_found(&desk, GS3_ECONFIG, "/nonexistent/secret: cannot open");
    desk_release(&desk);
}

static void netrc_comes_last_and_must_be_private(void **state)
{
    (void)state;
    struct desk desk;
    start(&desk, GS3_SYSTEM_SERVICENOW, "https://cab.example");
    char *path = write_file("machine cab.example login alice password hush\n"
                            "machine colon.example login a:b password hush\n",
                            0600);
    desk_set(&desk, "NETRC", path);
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", path);
    desk_set(&desk, "SN_USERNAME", "bob");
    desk_set(&desk, "SN_PASSWORD", "other");
    assert_found(&desk, GS3_AUTH_BASIC, "bob", "other", "SN_USERNAME and SN_PASSWORD");
    desk_set(&desk, "SN_HOST", "other.example"); /* for another host: the netrc file serves */
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", path);
    assert_int_equal(chmod(path, 0644), 0);
    assert_not_found(&desk, GS3_ECONFIG, "chmod 600");
    assert_int_equal(chmod(path, 0600), 0);
    desk.system.type = GS3_SYSTEM_JIRA;
    assert_found(&desk, GS3_AUTH_BASIC, "alice", "hush", path);
    desk_set(&desk, "JIRA_AUTH_TYPE", "bearer");
    assert_found(&desk, GS3_AUTH_BEARER, "alice", "hush", path);
    desk_set(&desk, "JIRA_AUTH_TYPE", NULL);
    snprintf(desk.system.origin.host, sizeof desk.system.origin.host, "colon.example");
    assert_not_found(&desk, GS3_ECONFIG, "colon");
    desk_set(&desk, "NETRC", "/nonexistent/netrc");
    assert_not_found(&desk, GS3_ECONFIG, "/nonexistent/netrc");
    desk_set(&desk, "NETRC", NULL);
    desk_set(&desk, "HOME", "/nonexistent");
    assert_not_found(&desk, GS3_ECONFIG, "no credentials");
    remove_file(path);
    desk_release(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_reference_comes_first),
        cmocka_unit_test(policy_half_or_double_credentials_are_refused),
        cmocka_unit_test(policy_one_part_ways_are_understood),
        cmocka_unit_test(policy_may_not_name_the_signing_keys),
        cmocka_unit_test(control_characters_and_colons_are_refused),
        cmocka_unit_test(servicenow_variables_are_found),
        cmocka_unit_test(variables_of_another_host_are_not_sent),
        cmocka_unit_test(jira_variables_are_found),
        cmocka_unit_test(secret_file_is_read_and_checked),
        cmocka_unit_test(netrc_comes_last_and_must_be_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
