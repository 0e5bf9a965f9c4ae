#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "aws/credentials_internal.h"
#include "aws/files.h"
#include "base/mem.h"
#include "net/client.h"

enum { HANG_MS = 300 };

static struct gs3_err err;
static struct gs3_credentials credentials;

/* Runs the provider on "[default] credential_process = LINE". */
static int find(const char *line, struct gs3_http *http)
{
    struct files files;
    struct gs3_aws_config config;
    gs3_auto_free char *text =
        gs3_xasprintf("[default]\nregion = x\ncredential_process = %s\n", line);
    files_init(&files);
    files_write(&files, "config", text);
    gs3_err_clear(&err);
    gs3_credentials_release(&credentials);
    if (files_load(&files, NULL, &config, &err))
        fail_msg("%s", err.message);
    const struct gs3_credential_source source = {.env = &files.env,
                                                 .config = &config,
                                                 .http = http};
    int found = gs3_credentials_from_process_within(&source, HANG_MS * 20, &credentials, &err);
    if (found < 0 && err.class == GS3_ECONFIG &&
        !strstr(err.message, "config:3: credential_process"))
        fail_msg("\"%s\" does not say where the setting stands", err.message);
    gs3_aws_config_release(&config);
    files_release(&files);
    return found;
}

static void fails(const char *line, const char *message)
{
    assert_int_equal(find(line, NULL), -1);
    assert_int_equal(err.class, GS3_ECONFIG);
    if (!strstr(err.message, message))
        fail_msg("\"%s\" does not hold \"%s\"", err.message, message);
    assert_null(strstr(err.message, "hidden"));
    assert_null(strchr(err.message, '\n'));
    assert_null(credentials.access_key_id);
}

static void words_are_split_as_by_python(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words[5]; /* ends with NULL; none: refused */
    } cases[] = {
        {"a b\tc", {"a", "b", "c"}},
        {"  a  ", {"a"}},
        {"'a b' c", {"a b", "c"}},
        {"a'b'\"c\"d", {"abcd"}},
        {"a '' \"\"", {"a", "", ""}},
        {"\"a \\\" \\\\ \\x\" '\\'", {"a \" \\ \\x", "\\"}},
        {"a\\ b \\'", {"a b", "'"}},
        {"a #b", {"a", "#b"}},
        {"a;b|c&&$(d) `e`", {"a;b|c&&$(d)", "`e`"}},
        {"a 'b", {NULL}},
        {"\"a", {NULL}},
        {"a \\", {NULL}},
        {"", {NULL}},
        {" \t", {NULL}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count = 0;
        char **words = gs3_shell_split(cases[i].text, &count);
        if (!cases[i].words[0]) {
            assert_null(words);
            continue;
        }
        assert_non_null(words);
        for (size_t j = 0; j < count; j++) {
            assert_non_null(cases[i].words[j]);
            assert_string_equal(words[j], cases[i].words[j]);
            free(words[j]);
        }
        assert_null(cases[i].words[count]);
        assert_null(words[count]);
        free(words);
    }
}

#define GOOD "\"Version\": 1, \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"hidden\""

static void credentials_of_a_process_are_read(void **state)
{
    (void)state;
    assert_int_equal(find("echo '{" GOOD "}'", NULL), 1);
    assert_string_equal(credentials.access_key_id, "AKID");
    assert_string_equal(credentials.secret_access_key.text, "hidden");
    assert_false(gs3_secret_is_set(&credentials.session_token));
    assert_int_equal(credentials.expires_s, 0);
    assert_string_equal(credentials.source, "the credential process");
    assert_int_equal(find("echo '{" GOOD ", \"SessionToken\": \"T==\", "
                          "\"Expiration\": \"2099-01-01T00:00:00Z\"}'",
                          NULL),
                     1);
    assert_string_equal(credentials.session_token.text, "T==");
    assert_int_equal(credentials.expires_s, 4070908800);
    assert_int_equal(find("echo '{" GOOD ", \"SessionToken\": null, \"Expiration\": null}'", NULL),
                     1);
    gs3_credentials_release(&credentials);
}

static void a_process_that_is_broken_is_named_without_what_it_wrote(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"'echo", "is a quote open?"},
        {"/nowhere/at-all", "cannot run /nowhere/at-all: No such file"},
        {"false", "false ended with status 1: run it by hand to see why"},
        {"sh -c 'echo first >&2; printf \"the\\033 safe is locked\\n\\n\" >&2; exit 3'",
         "sh ended with status 3: the\\x1b safe is locked"},
        {"sh -c 'seq 100000 >&2; exit 4'", "sh ended with status 4: 100000"},
        {"sh -c 'kill -9 $$'", "sh was ended by signal 9"},
        {"true", "what true wrote cannot be used: it is empty"},
        {"echo hidden", "it is not a JSON object"},
        {"echo '[1]'", "it is not a JSON object"},
        {"echo '{" GOOD "'", "it is not a JSON object"},
        {"echo '{" GOOD "}{}'", "it is not a JSON object"},
        {"echo '{" GOOD ", \"AccessKeyId\": \"other\"}'", "it is not a JSON object"},
        {"echo '{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hidden\"}'", "Version is not 1"},
        {"echo '{\"Version\": \"1\"}'", "Version is not 1"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'", "SecretAccessKey is missing"},
        {"echo '{\"Version\": 1, \"AccessKeyId\": 7}'", "AccessKeyId is not text"},
        {"echo '{" GOOD ", \"SessionToken\": \"hid den\"}'", "aws_session_token holds white space"},
        {"echo '{" GOOD ", \"Expiration\": \"hidden\"}'", "Expiration is no time"},
        {"echo '{" GOOD ", \"Expiration\": \"2020-01-01T00:00:00Z\"}'", "has expired already"},
        {"head -c 65537 /dev/zero", "head wrote more than 65536 bytes"},
        {"yes hidden", "yes wrote more than 65536 bytes"},
        {"sleep 60", "sleep did not end within 6 s"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        fails(cases[i].line, cases[i].message);
}

static volatile int flag;

static void raise_flag(int signal_number)
{
    (void)signal_number;
    flag = 1;
}

static void an_interruption_ends_the_process(void **state)
{
    (void)state;
    flag = 0;
    struct gs3_http *http = client_new(&(struct gs3_http_opts){.interrupted = &flag});
    signal(SIGALRM, raise_flag);
    const struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(find("sleep 60", http), -1);
    assert_int_equal(err.class, GS3_EINTERRUPT);
    gs3_http_free(http);
}

static void a_profile_without_the_setting_is_another_providers(void **state)
{
    (void)state;
    const struct gs3_aws_config config = {.region = NULL};
    const struct gs3_credential_source source = {.config = &config};
    assert_int_equal(gs3_credentials_from_process(&source, &credentials, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_as_by_python),
        cmocka_unit_test(credentials_of_a_process_are_read),
        cmocka_unit_test(a_process_that_is_broken_is_named_without_what_it_wrote),
        cmocka_unit_test(an_interruption_ends_the_process),
        cmocka_unit_test(a_profile_without_the_setting_is_another_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
