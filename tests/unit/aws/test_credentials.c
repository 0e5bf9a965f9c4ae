#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "aws/credentials.h"
#include "aws/files.h"
#include "base/str.h"

#define KEYS(id, secret) "aws_access_key_id = " id "\naws_secret_access_key = " secret "\n"

enum { VARIABLES = 4 };

struct attempt {
    const char *config, *credentials;     /* files; NULL: not there */
    const char *variables[VARIABLES * 2]; /* name, value, … */
    const char *profile;
    const char *id, *secret, *token, *source; /* what is found; NULL id: an error */
    const char *message;                      /* held by the error */
};

static void check(const struct attempt *attempt)
{
    struct files files;
    struct gs3_aws_config config;
    struct gs3_credentials credentials;
    struct gs3_err err = GS3_ERR_INIT;
    files_init(&files);
    files_write(&files, "config", attempt->config ? attempt->config : "");
    files_write(&files, "credentials", attempt->credentials ? attempt->credentials : "");
    for (size_t i = 0; i < VARIABLES && attempt->variables[2 * i]; i++)
        files_set(&files, attempt->variables[2 * i], attempt->variables[2 * i + 1]);
    if (files_load(&files, attempt->profile, &config, &err))
        fail_msg("%s", err.message);
    const struct gs3_credential_source source = {.env = &files.env, .config = &config};
    int status = gs3_credentials_find(&source, &credentials, &err);
    if (attempt->id) {
        if (status)
            fail_msg("%s", err.message);
        assert_string_equal(credentials.access_key_id, attempt->id);
        assert_string_equal(credentials.secret_access_key.text, attempt->secret);
        assert_true(gs3_str_equal(credentials.session_token.text, attempt->token));
        assert_string_equal(credentials.source, attempt->source);
    } else {
        assert_int_equal(status, -1);
        assert_int_equal(err.class, GS3_ECONFIG);
        if (!strstr(err.message, attempt->message))
            fail_msg("\"%s\" does not hold \"%s\"", err.message, attempt->message);
        /* No value of a secret is ever in a message. */
        assert_null(strstr(err.message, "hidden"));
    }
    gs3_credentials_release(&credentials);
    gs3_aws_config_release(&config);
    files_release(&files);
}

static void credentials_are_found_in_the_order_of_the_aws_cli(void **state)
{
    (void)state;
    static const struct attempt attempts[] = {
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", "AWS_SESSION_TOKEN",
                       "T=="},
         .credentials = "[default]\n" KEYS("F", "G"),
         .id = "E",
         .secret = "S",
         .token = "T==",
         .source = "environment"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", "AWS_SECURITY_TOKEN",
                       "T"},
         .id = "E",
         .secret = "S",
         .token = "T",
         .source = "environment"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S"},
         .credentials = "[dev]\n" KEYS("F", "G"),
         .profile = "dev",
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", "AWS_PROFILE",
                       "dev"},
         .credentials = "[dev]\n" KEYS("F", "G"),
         .id = "E",
         .secret = "S",
         .source = "environment"},
        {.config = "[default]\n" KEYS("C", "D"),
         .credentials = "[default]\n" KEYS("F", "G"),
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
        {.config = "[default]\n" KEYS("C", "D") "aws_session_token = T\n",
         .id = "C",
         .secret = "D",
         .token = "T",
         .source = "the configuration file"},
        {.credentials = "[default]\n" KEYS("F", "G") "aws_session_token =\n",
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
        /* Without a role neither of the two says anything. */
        {.config = "[default]\nsource_profile = x\n" KEYS("C", "D"),
         .id = "C",
         .secret = "D",
         .source = "the configuration file"},
        {.config = "[default]\ncredential_source = Environment\n",
         .credentials = "[default]\n" KEYS("F", "G"),
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
        {.config = "[default]\ncredential_process = x\n",
         .credentials = "[default]\n" KEYS("F", "G"),
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
        {.variables = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"},
         .credentials = "[default]\n" KEYS("F", "G"),
         .id = "F",
         .secret = "G",
         .source = "the shared credentials file"},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check(&attempts[i]);
}

static void credentials_that_are_wrong_end_the_chain(void **state)
{
    (void)state;
    static const struct attempt attempts[] = {
        {.message = "unable to locate credentials for profile \"default\""},
        {.variables = {"AWS_ACCESS_KEY_ID", "E"},
         .credentials = "[default]\n" KEYS("F", "G"),
         .message = "environment: aws_secret_access_key is missing"},
        {.variables = {"AWS_SECRET_ACCESS_KEY", "hidden"},
         .credentials = "[default]\n" KEYS("F", "G"),
         .message = "environment: aws_access_key_id is missing"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "hidden\n"},
         .message = "environment: aws_secret_access_key holds white space"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "hidden",
                       "AWS_SESSION_TOKEN", "hid\r\nden"},
         .message = "environment: aws_session_token holds white space"},
        {.variables = {"AWS_ACCESS_KEY_ID", "hidden/x", "AWS_SECRET_ACCESS_KEY", "S"},
         .message = "is it the secret key?"},
        {.variables = {"AWS_ACCESS_KEY_ID", "E", "AWS_SECRET_ACCESS_KEY", "S", "AWS_SESSION_TOKEN",
                       "hidden1", "AWS_SECURITY_TOKEN", "hidden2"},
         .message = "AWS_SESSION_TOKEN and AWS_SECURITY_TOKEN differ"},
        {.credentials = "[default]\naws_access_key_id = F\n",
         .message = "the shared credentials file: aws_secret_access_key is missing"},
        {.credentials = "[default]\naws_secret_access_key = hidden\n",
         .message = "the shared credentials file: aws_access_key_id is missing"},
        {.credentials = "[default]\n" KEYS("F", "hidden\n  more"), .message = "holds white space"},
        {.credentials = "[default]\n" KEYS("F", "hid den"), .message = "holds white space"},
        {.credentials = "[default]\n" KEYS("F", "\xc3\xbc"
                                                "hidden"),
         .message = "a character that is not ASCII"},
        {.credentials = "[default]\n" KEYS("", "hidden"), .message = "aws_access_key_id is empty"},
        {.config = "[default]\n" KEYS("C", ""), .message = "aws_secret_access_key is empty"},
        {.config = "[default]\nsso_account_id = 1\n",
         .credentials = "[default]\n" KEYS("F", "hidden"),
         .message = "config:2: the profile is for SSO, and sso_role_name is missing"},
        {.config = "[default]\nsso_session = x\n",
         .message = "config:2: sso_session without sso_account_id and sso_role_name gives none"},
        {.config = "[default]\ncredential_process = /nowhere/x\n" KEYS("C", "hidden"),
         .message = "config:2: credential_process: cannot run /nowhere/x"},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check(&attempts[i]);
}

static void credentials_of_a_provider_that_is_not_there_are_refused_by_name(void **state)
{
    (void)state;
    static const struct attempt attempts[] = {
        {.variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2/x"},
         .message = "the credential provider \"container\" asks a server"},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        check(&attempts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_found_in_the_order_of_the_aws_cli),
        cmocka_unit_test(credentials_that_are_wrong_end_the_chain),
        cmocka_unit_test(credentials_of_a_provider_that_is_not_there_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
