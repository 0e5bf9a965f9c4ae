#include "desk.h"

#include <signal.h>
#include <sys/time.h>

static struct gs3_secret output;
static struct gs3_err err;

/* Up to three words. */
static int run(const struct gs3_http *http, const char *a, const char *b, const char *c)
{
    char *words[3];
    size_t count = 0;
    const char *const given[] = {a, b, c};
    while (count < 3 && given[count]) {
        words[count] = gs3_xstrdup(given[count]);
        count++;
    }
    const struct gs3_strings argv = {.items = words, .count = count};
    gs3_secret_release(&output);
    gs3_err_clear(&err);
    int outcome = gs3_ticket_command_run(http, &argv, &output, &err);
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    return outcome;
}

static void output_is_read_without_its_last_newline(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "/bin/echo", "hush", NULL), 0);
    assert_string_equal(output.text, "hush");
    assert_int_equal(run(NULL, "/usr/bin/printf", "hush\\n\\n", NULL), 0);
    assert_string_equal(output.text, "hush\n");
    assert_int_equal(run(NULL, "/usr/bin/printf", "hush", NULL), 0);
    assert_string_equal(output.text, "hush");
    gs3_secret_release(&output);
}

static void no_shell_reads_the_words(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "/bin/echo", "$HOME;id|x `y` *", NULL), 0);
    assert_string_equal(output.text, "$HOME;id|x `y` *");
    gs3_secret_release(&output);
}

static void standard_input_is_empty_and_errors_are_not_shown(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "/bin/sh", "-c", "cat; echo noise >&2; echo hush"), 0);
    assert_string_equal(output.text, "hush");
    gs3_secret_release(&output);
}

static void child_gets_no_descriptor_but_its_three(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "/bin/ls", "/proc/self/fd", NULL), 0);
    /* 0, 1, 2 and the directory that ls has open */
    assert_string_equal(output.text, "0\n1\n2\n3");
    gs3_secret_release(&output);
}

static void failures_are_named_without_the_output(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "/nonexistent/pass", NULL, NULL), -1);
    assert_int_equal(err.class, GS3_ECONFIG);
    assert_non_null(strstr(err.message, "cannot run /nonexistent/pass"));
    assert_int_equal(run(NULL, "/bin/false", NULL, NULL), -1);
    assert_non_null(strstr(err.message, "/bin/false ended with status 1"));
    assert_int_equal(run(NULL, "pass", NULL, NULL), -1);
    assert_int_equal(err.class, GS3_EPOLICY);
    assert_int_equal(run(NULL, NULL, NULL, NULL), -1);
    assert_int_equal(run(NULL, "/usr/bin/head", "-c70000", "/dev/zero"), -1);
    assert_non_null(strstr(err.message, "more than 65536 bytes"));
    assert_int_equal(run(NULL, "/usr/bin/yes", "hush", NULL), -1);
    assert_non_null(strstr(err.message, "more than 65536 bytes"));
    assert_null(strstr(err.message, "hush"));
    assert_false(gs3_secret_is_set(&output));
}

static volatile int flag;

static void raise_flag(int signal_number)
{
    (void)signal_number;
    flag = 1;
}

static void interruption_ends_the_command_and_its_children(void **state)
{
    (void)state;
    flag = 0;
    struct gs3_http *http = client_new(&(struct gs3_http_opts){.interrupted = &flag});
    signal(SIGALRM, raise_flag);
    const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    int64_t start = test_now_ms();
    assert_int_equal(run(http, "/bin/sleep", "30", NULL), -1);
    assert_int_equal(err.class, GS3_EINTERRUPT);
    assert_in_range(test_now_ms() - start, 50, 8000);
    gs3_http_free(http);
}

static void command_that_does_not_end_is_killed(void **state)
{
    (void)state;
    int64_t start = test_now_ms();
    assert_int_equal(run(NULL, "/bin/sleep", "30", NULL), -1);
    assert_int_equal(err.class, GS3_ECONFIG);
    assert_non_null(strstr(err.message, "/bin/sleep did not end within 10 s"));
    assert_in_range(test_now_ms() - start, 9900, 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_read_without_its_last_newline),
        cmocka_unit_test(no_shell_reads_the_words),
        cmocka_unit_test(standard_input_is_empty_and_errors_are_not_shown),
        cmocka_unit_test(child_gets_no_descriptor_but_its_three),
        cmocka_unit_test(failures_are_named_without_the_output),
        cmocka_unit_test(interruption_ends_the_command_and_its_children),
        cmocka_unit_test(command_that_does_not_end_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
