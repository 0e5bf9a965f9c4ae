#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "aws/credentials.h"
#include "aws/files.h"
#include "aws/sts_answers.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/server.h"
#include "text/time.h"

#define KEYS(id, secret, token)                                                                    \
    "[default]\naws_access_key_id = " id "\naws_secret_access_key = " secret                       \
    "\naws_session_token = " token "\n"

struct run {
    struct files files;
    struct gs3_aws_config config;
    struct gs3_aws_config_opts config_opts;
    struct gs3_credential_keeper *keeper;
    struct gs3_credential_lease lease;
    struct gs3_err err;
};

/* A run whose first credentials are in `name` ("credentials", "config"). */
static void run_start(struct run *run, const char *name, const char *text,
                      struct gs3_credential_keeper_opts opts)
{
    struct gs3_credentials first;
    *run = (struct run){.keeper = NULL};
    files_init(&run->files);
    if (name)
        files_write(&run->files, name, text);
    else
        files_set(&run->files, "AWS_ACCESS_KEY_ID", "AKIDENV");
    if (!name)
        files_set(&run->files, "AWS_SECRET_ACCESS_KEY", "hidden");
    assert_int_equal(files_load(&run->files, NULL, &run->config, NULL), 0);
    const struct gs3_credential_source source = {.env = &run->files.env, .config = &run->config};
    assert_int_equal(gs3_credentials_find(&source, &first, NULL), 0);
    opts.env = &run->files.env;
    opts.config = &run->config_opts;
    run->keeper = gs3_credential_keeper_new(&opts, &first);
    gs3_credentials_release(&first);
    gs3_credential_lease_init(&run->lease, run->keeper);
}

static void run_end(struct run *run)
{
    gs3_credential_lease_release(&run->lease);
    gs3_credential_keeper_free(run->keeper);
    gs3_aws_config_release(&run->config);
    files_release(&run->files);
}

static void assert_refused(struct run *run, const char *message)
{
    gs3_err_clear(&run->err);
    assert_int_equal(gs3_credential_lease_refresh(&run->lease, &run->err), -1);
    assert_int_equal(run->err.class, GS3_ECONFIG);
    if (!strstr(run->err.message, message))
        fail_msg("\"%s\" does not hold \"%s\"", run->err.message, message);
    assert_null(strstr(run->err.message, "hidden"));
}

static void keeper_reads_a_file_that_has_changed(void **state)
{
    (void)state;
    struct run run;
    run_start(&run, "credentials", KEYS("AKIDOLD", "hidden", "T1"),
              (struct gs3_credential_keeper_opts){.env = NULL});
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    assert_refused(&run, "the shared credentials file have expired, and it has no others yet");
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    /* A new token alone is news. */
    files_write(&run.files, "credentials", KEYS("AKIDOLD", "hidden", "T2"));
    assert_int_equal(gs3_credential_lease_refresh(&run.lease, NULL), 0);
    assert_string_equal(run.lease.credentials.session_token.text, "T2");
    files_write(&run.files, "credentials", KEYS("AKIDNEW", "hidden2", ""));
    assert_int_equal(gs3_credential_lease_refresh(&run.lease, NULL), 0);
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDNEW");
    assert_string_equal(run.lease.credentials.secret_access_key.text, "hidden2");
    assert_false(gs3_secret_is_set(&run.lease.credentials.session_token));
    assert_refused(&run, "renew them");
    run_end(&run);
}

static void keeper_gives_what_another_thread_has_found(void **state)
{
    (void)state;
    struct run run;
    struct gs3_credential_lease other;
    run_start(&run, "config", KEYS("AKIDOLD", "hidden", "T1"),
              (struct gs3_credential_keeper_opts){.env = NULL});
    gs3_credential_lease_init(&other, run.keeper);
    files_write(&run.files, "config", KEYS("AKIDNEW", "hidden", "T2"));
    assert_int_equal(gs3_credential_lease_refresh(&run.lease, NULL), 0);
    /* The other lease stays as it is until it asks, and then nothing is read. */
    assert_string_equal(other.credentials.access_key_id, "AKIDOLD");
    files_write(&run.files, "config", "[default]\n");
    assert_int_equal(gs3_credential_lease_refresh(&other, NULL), 0);
    assert_true(gs3_credentials_equal(&other.credentials, &run.lease.credentials));
    gs3_credential_lease_release(&other);
    run_end(&run);
}

static void keeper_takes_no_other_source(void **state)
{
    (void)state;
    struct run run;
    run_start(&run, NULL, NULL, (struct gs3_credential_keeper_opts){.env = NULL});
    files_write(&run.files, "credentials", KEYS("AKIDNEW", "hidden", "T"));
    assert_refused(&run, "the environment have expired, which does not change while gs3 runs");
    run_end(&run);
    run_start(&run, "credentials", KEYS("AKIDOLD", "hidden", "T1"),
              (struct gs3_credential_keeper_opts){.env = NULL});
    files_write(&run.files, "credentials", "[default]\n");
    files_write(&run.files, "config", KEYS("AKIDNEW", "hidden", "T2"));
    assert_refused(&run, "what is found now is of the configuration file");
    files_write(&run.files, "config", "[default]\n");
    assert_refused(&run, "have expired: unable to locate credentials");
    files_write(&run.files, "credentials", "[default]\naws_access_key_id = AKIDNEW\n");
    assert_refused(&run, "aws_secret_access_key is missing");
    files_write(&run.files, "credentials", "nonsense");
    assert_refused(&run, "credentials:1: ");
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    run_end(&run);
}

static int accept_alice(void *context, const struct gs3_credentials *fresh, struct gs3_err *err)
{
    int *asked = context;
    (*asked)++;
    if (gs3_str_equal(fresh->access_key_id, "AKIDALICE"))
        return 0;
    return gs3_fail(err, GS3_ECONFIG, "these are not the operator's");
}

static void keeper_hands_out_only_what_is_accepted(void **state)
{
    (void)state;
    struct run run;
    int asked = 0;
    run_start(&run, "credentials", KEYS("AKIDOLD", "hidden", "T1"),
              (struct gs3_credential_keeper_opts){.accept = accept_alice,
                                                  .accept_context = &asked});
    assert_refused(&run, "no others yet");
    assert_int_equal(asked, 0);
    files_write(&run.files, "credentials", KEYS("AKIDBOB", "hidden", "T2"));
    assert_refused(&run, "these are not the operator's");
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    files_write(&run.files, "credentials", KEYS("AKIDALICE", "hidden", "T3"));
    assert_int_equal(gs3_credential_lease_refresh(&run.lease, NULL), 0);
    assert_int_equal(asked, 2);
    run_end(&run);
}

enum { THREADS = 4, ROUNDS = 200 };

/* Id, secret and token must always be of one set. */
static void *use_lease(void *context)
{
    struct gs3_credential_lease lease;
    gs3_credential_lease_init(&lease, context);
    long mixed = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        gs3_credential_lease_refresh(&lease, NULL);
        const char *id = lease.credentials.access_key_id;
        mixed += strcmp(id + 4, lease.credentials.secret_access_key.text + 6) != 0;
        mixed += strcmp(id + 4, lease.credentials.session_token.text) != 0;
    }
    gs3_credential_lease_release(&lease);
    return (void *)mixed;
}

static void keeper_is_shared_by_threads(void **state)
{
    (void)state;
    struct run run;
    pthread_t threads[THREADS];
    run_start(&run, "credentials", KEYS("AKIDA", "hiddenA", "A"),
              (struct gs3_credential_keeper_opts){.env = NULL});
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_lease, run.keeper), 0);
    for (size_t i = 0; i < 50; i++)
        files_write(&run.files, "credentials",
                    i % 2 ? KEYS("AKIDA", "hiddenA", "A") : KEYS("AKIDB", "hiddenB", "B"));
    for (size_t i = 0; i < THREADS; i++) {
        void *mixed;
        pthread_join(threads[i], &mixed);
        assert_null(mixed);
    }
    run_end(&run);
}

/* ---- before they expire */

static int64_t the_time_ms(void *context)
{
    return *(int64_t *)context * 1000;
}

/* A keeper on a clock of its own, and a lease of credentials that expire at `expires_s`. */
static void run_expiring(struct run *run, struct gs3_clock *clock, int64_t *now_s,
                         int64_t expires_s)
{
    struct gs3_credentials first;
    *clock = (struct gs3_clock){.wall_ms = the_time_ms, .context = now_s};
    run_start(run, "credentials", KEYS("AKIDOLD", "hidden", "T1"),
              (struct gs3_credential_keeper_opts){.clock = clock});
    gs3_credentials_copy(&first, &run->lease.credentials);
    first.expires_s = expires_s;
    const struct gs3_credential_keeper_opts opts = {.env = &run->files.env,
                                                    .config = &run->config_opts,
                                                    .clock = clock};
    gs3_credential_lease_release(&run->lease);
    gs3_credential_keeper_free(run->keeper);
    run->keeper = gs3_credential_keeper_new(&opts, &first);
    gs3_credential_lease_init(&run->lease, run->keeper);
    gs3_credentials_release(&first);
}

static void keeper_renews_a_quarter_of_an_hour_ahead(void **state)
{
    (void)state;
    struct run run;
    struct gs3_clock clock;
    int64_t now_s = 1000;
    run_expiring(&run, &clock, &now_s, 1000 + 3600);
    files_write(&run.files, "credentials", KEYS("AKIDNEW", "hidden", "T2"));
    now_s = 1000 + 3600 - 901;
    assert_false(gs3_credential_lease_renew(&run.lease));
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    struct gs3_credential_lease other;
    gs3_credential_lease_init(&other, run.keeper);
    now_s++;
    assert_true(gs3_credential_lease_renew(&run.lease));
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDNEW");
    assert_false(gs3_credential_lease_renew(&run.lease)); /* these have no expiry */
    assert_true(gs3_credential_lease_renew(&other));      /* reads nothing */
    assert_string_equal(other.credentials.access_key_id, "AKIDNEW");
    gs3_credential_lease_release(&other);
    run_end(&run);
}

static void keeper_lets_short_lives_be_lived(void **state)
{
    (void)state;
    struct run run;
    struct gs3_clock clock;
    int64_t now_s = 1000;
    run_expiring(&run, &clock, &now_s, 1000 + 100);
    files_write(&run.files, "credentials", KEYS("AKIDNEW", "hidden", "T2"));
    now_s += 49;
    assert_false(gs3_credential_lease_renew(&run.lease));
    now_s += 1;
    assert_true(gs3_credential_lease_renew(&run.lease));
    run_end(&run);
}

static void keeper_uses_to_the_end_what_cannot_be_renewed(void **state)
{
    (void)state;
    struct run run;
    struct gs3_clock clock;
    int64_t now_s = 1000;
    run_expiring(&run, &clock, &now_s, 1000 + 3600);
    now_s = 1000 + 3600 - 700;
    assert_false(gs3_credential_lease_renew(&run.lease)); /* the file has the same ones still */
    assert_string_equal(run.lease.credentials.access_key_id, "AKIDOLD");
    files_write(&run.files, "credentials", KEYS("AKIDNEW", "hidden", "T2"));
    now_s += 59;
    assert_false(gs3_credential_lease_renew(&run.lease));
    now_s += 1;
    assert_true(gs3_credential_lease_renew(&run.lease));
    run_end(&run);
}

static struct gs3_http *open_http(void *context, struct gs3_err *err)
{
    int *opened = context;
    (*opened)++;
    const struct gs3_http_opts opts = {.user_agent = "gs3/test"};
    return gs3_http_new(&opts, err);
}

static char *make_answer(const char *id)
{
    char when[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(gs3_clock_wall_ms(&gs3_clock_system) / 1000 + 3600, when);
    gs3_auto_free char *body =
        gs3_xasprintf(STS_SESSION("AssumeRole", "%s", "T", "%s", STS_SESSION_ARN), id, when);
    return gs3_xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void keeper_asks_sts_anew_for_a_role(void **state)
{
    (void)state;
    struct run run = {.keeper = NULL};
    struct server server;
    struct gs3_credentials first;
    int opened = 0;
    gs3_auto_free char *one = make_answer("ASIAONE"), *two = make_answer("ASIATWO");
    const struct server_reply replies[] = {{.bytes = one, .times = 1}, {.bytes = two}};
    server_start(&server, replies, 2, NULL);
    files_init(&run.files);
    files_write(&run.files, "config",
                "[default]\nrole_arn = " STS_ROLE_ARN "\nsource_profile = u\n[profile u]\n"
                "aws_access_key_id = A\naws_secret_access_key = hidden\n");
    files_set(&run.files, "AWS_ENDPOINT_URL_STS", server.url);
    assert_int_equal(files_load(&run.files, NULL, &run.config, NULL), 0);
    struct gs3_http *http = open_http(&opened, NULL);
    const struct gs3_credential_source source = {.env = &run.files.env,
                                                 .config = &run.config,
                                                 .http = http};
    assert_int_equal(gs3_credentials_find(&source, &first, NULL), 0);
    const struct gs3_credential_keeper_opts opts = {.env = &run.files.env,
                                                    .config = &run.config_opts,
                                                    .open_http = open_http,
                                                    .http_context = &opened};
    run.keeper = gs3_credential_keeper_new(&opts, &first);
    gs3_credential_lease_init(&run.lease, run.keeper);
    assert_string_equal(run.lease.credentials.access_key_id, "ASIAONE");
    assert_false(gs3_credential_lease_renew(&run.lease));
    assert_int_equal(gs3_credential_lease_refresh(&run.lease, NULL), 0);
    assert_string_equal(run.lease.credentials.access_key_id, "ASIATWO");
    assert_string_equal(run.lease.credentials.source, "assumed role");
    assert_int_equal(opened, 2);
    /* The same session: a decision names its operator by it. */
    assert_string_equal(server.shared->request[0].body, server.shared->request[1].body);
    gs3_credentials_release(&first);
    gs3_http_free(http);
    server_stop(&server);
    run_end(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeper_reads_a_file_that_has_changed),
        cmocka_unit_test(keeper_gives_what_another_thread_has_found),
        cmocka_unit_test(keeper_takes_no_other_source),
        cmocka_unit_test(keeper_hands_out_only_what_is_accepted),
        cmocka_unit_test(keeper_is_shared_by_threads),
        cmocka_unit_test(keeper_renews_a_quarter_of_an_hour_ahead),
        cmocka_unit_test(keeper_lets_short_lives_be_lived),
        cmocka_unit_test(keeper_uses_to_the_end_what_cannot_be_renewed),
        cmocka_unit_test(keeper_asks_sts_anew_for_a_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
