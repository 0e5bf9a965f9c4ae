/* cli/progress: when it draws, what it says, and how wide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/progress.h"

#define MIB (UINT64_C(1) << 20)

static char text[8192];

/* What was written since the last look. */
static const char *written(int fd)
{
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    assert_true(got >= 0);
    text[got] = '\0';
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_true(lseek(fd, 0, SEEK_SET) == 0);
    return text;
}

static int open_file(void)
{
    int fd = memfd_create("progress", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct gs3_progress_numbers example(void)
{
    return (struct gs3_progress_numbers){.done_objects = 12,
                                         .failed_objects = 0,
                                         .total_objects = 15,
                                         .moved_bytes = 2 * MIB,
                                         .total_bytes = 10 * MIB,
                                         .is_total_known = true};
}

static void progress_on_a_terminal_waits_and_is_not_drawn_too_often(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.is_terminal = true, .fd = open_file()};
    struct gs3_progress *progress = gs3_progress_new(&opts, 1000);
    struct gs3_progress_numbers numbers = example();
    gs3_progress_show(progress, &numbers, 1000);
    gs3_progress_show(progress, &numbers, 1999);
    assert_string_equal(written(opts.fd), "");
    gs3_progress_show(progress, &numbers, 2000);
    assert_string_equal(written(opts.fd),
                        "\r\033[KCompleted 2.0 MiB/10.0 MiB (2.0 MiB/s) with 3 file(s) remaining, "
                        "4s left");
    gs3_progress_show(progress, &numbers, 2099);
    assert_string_equal(written(opts.fd), "");
    gs3_progress_show(progress, &numbers, 2100);
    assert_string_not_equal(written(opts.fd), "");
    unsigned drawn = 0;
    for (int64_t now = 2100; now < 3100; now++) {
        gs3_progress_show(progress, &numbers, now);
        drawn += *written(opts.fd) != '\0';
    }
    assert_in_range(drawn, 9, 10);
    gs3_progress_free(progress);
    assert_string_equal(written(opts.fd), "\r\033[K");
    close(opts.fd);
}

static void progress_clear_takes_the_bar_away_until_it_is_due(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.is_terminal = true, .fd = open_file()};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    gs3_progress_clear(progress);
    assert_string_equal(written(opts.fd), "");
    gs3_progress_show(progress, &numbers, 1000);
    written(opts.fd);
    gs3_progress_clear(progress);
    assert_string_equal(written(opts.fd), "\r\033[K");
    gs3_progress_clear(progress);
    gs3_progress_show(progress, &numbers, 1050);
    assert_string_equal(written(opts.fd), "");
    gs3_progress_show(progress, &numbers, 1100);
    assert_string_not_equal(written(opts.fd), "");
    gs3_progress_clear(progress);
    written(opts.fd);
    gs3_progress_free(progress);
    assert_string_equal(written(opts.fd), "");
    close(opts.fd);
}

static void progress_in_a_log_is_a_line_now_and_then(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.fd = open_file(), .ticket = "CHG0030001"};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    numbers.failed_objects = 1;
    numbers.is_total_known = false;
    unsigned lines = 0;
    for (int64_t now = 0; now < 65000; now += 100) {
        gs3_progress_show(progress, &numbers, now);
        lines += *written(opts.fd) != '\0';
        gs3_progress_clear(progress); /* nothing to take away in a log */
        if (lines == 1 && *text)
            assert_int_equal(now, 30000);
    }
    assert_int_equal(lines, 2);
    numbers.moved_bytes += 10 * MIB;
    gs3_progress_show(progress, &numbers, 90000);
    /* No time left while the total is not known; nothing is moved for 60 s, so the rate is old. */
    assert_non_null(strstr(written(opts.fd), "Completed 10.0 MiB/~10.0 MiB ("));
    assert_non_null(strstr(text, "/s) with ~2 file(s) remaining (calculating...), 1 failed, 12 "
                                 "done, CHG0030001\n"));
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\r'));
    gs3_progress_free(progress);
    assert_string_equal(written(opts.fd), "");
    close(opts.fd);
}

static void progress_multiline_draws_whole_lines(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.is_terminal = true, .is_multiline = true, .fd = open_file()};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    gs3_progress_show(progress, &numbers, 999);
    assert_string_equal(written(opts.fd), "");
    gs3_progress_show(progress, &numbers, 1000);
    assert_string_equal(written(opts.fd), "Completed 2.0 MiB/10.0 MiB (2.0 MiB/s) with 3 file(s) "
                                          "remaining, 4s left\n");
    gs3_progress_show(progress, &numbers, 1900);
    gs3_progress_clear(progress);
    gs3_progress_free(progress);
    assert_string_equal(written(opts.fd), "");
    close(opts.fd);
}

static void progress_interval_is_the_options(void **state)
{
    (void)state;
    for (int multiline = 0; multiline < 2; multiline++) {
        struct gs3_progress_opts opts = {.is_terminal = true,
                                         .is_multiline = multiline,
                                         .interval_ms = 5000,
                                         .fd = open_file()};
        struct gs3_progress *progress = gs3_progress_new(&opts, 0);
        struct gs3_progress_numbers numbers = example();
        int64_t first = multiline ? 5000 : 1000;
        gs3_progress_show(progress, &numbers, first - 1);
        assert_string_equal(written(opts.fd), "");
        gs3_progress_show(progress, &numbers, first);
        assert_string_not_equal(written(opts.fd), "");
        gs3_progress_show(progress, &numbers, first + 4999);
        assert_string_equal(written(opts.fd), "");
        gs3_progress_show(progress, &numbers, first + 5000);
        assert_string_not_equal(written(opts.fd), "");
        gs3_progress_free(progress);
        close(opts.fd);
    }
}

static void progress_that_is_off_is_silent(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.is_off = true, .is_terminal = true, .fd = open_file()};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    for (int64_t now = 0; now < 100000; now += 500)
        gs3_progress_show(progress, &numbers, now);
    gs3_progress_clear(progress);
    gs3_progress_free(progress);
    gs3_progress_free(NULL);
    assert_string_equal(written(opts.fd), "");
    close(opts.fd);
}

static void progress_without_bytes_counts_files(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.fd = open_file(), .interval_ms = 10000};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = {.done_objects = 4,
                                           .total_objects = 100,
                                           .is_total_known = true};
    gs3_progress_show(progress, &numbers, 10000);
    assert_string_equal(written(opts.fd), "Completed 4 file(s) with 96 file(s) remaining, 4m00s "
                                          "left, 4 done\n");
    numbers.total_objects = 1000000;
    gs3_progress_show(progress, &numbers, 20000);
    assert_non_null(strstr(written(opts.fd), "over 100h left"));
    numbers.total_objects = 10000;
    gs3_progress_show(progress, &numbers, 30000);
    assert_non_null(strstr(written(opts.fd), "20h49m left"));
    gs3_progress_free(progress);
    close(opts.fd);
}

static void progress_color_is_for_failures_only(void **state)
{
    (void)state;
    for (int color = 0; color < 2; color++) {
        struct gs3_progress_opts opts = {.is_terminal = true,
                                         .has_color = color,
                                         .fd = open_file()};
        struct gs3_progress *progress = gs3_progress_new(&opts, 0);
        struct gs3_progress_numbers numbers = {.failed_objects = 2,
                                               .total_objects = 4,
                                               .is_total_known = true};
        gs3_progress_show(progress, &numbers, 1000);
        assert_non_null(
            strstr(written(opts.fd), color ? ", \033[31m2 failed\033[0m, " : ", 2 failed, "));
        numbers.failed_objects = 0;
        gs3_progress_show(progress, &numbers, 2000);
        assert_null(strstr(written(opts.fd), "failed"));
        assert_null(strstr(text, "\033[31m"));
        gs3_progress_free(progress);
        close(opts.fd);
    }
}

/* Columns of what a pseudo terminal was sent: all but its escapes. */
static size_t columns(const char *line)
{
    size_t count = 0;
    for (; *line; line++) {
        if (*line == '\033')
            line += strcspn(line, "mK");
        else
            count += *line != '\r';
    }
    return count;
}

static void progress_is_never_wider_than_the_terminal(void **state)
{
    (void)state;
    int controller = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    assert_true(controller >= 0 && grantpt(controller) == 0 && unlockpt(controller) == 0);
    int terminal = open(ptsname(controller), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0);
    struct gs3_progress_opts opts = {.is_terminal = true,
                                     .has_color = true,
                                     .fd = terminal,
                                     .ticket = "CHG0030001"};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    numbers.failed_objects = 1;
    size_t widest = 0;
    int64_t now = 1000;
    for (unsigned short width = 2; width < 200; width++) {
        struct winsize size = {.ws_col = width, .ws_row = 24};
        assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
        gs3_progress_show(progress, &numbers, now);
        now += 100;
        ssize_t got = read(controller, text, sizeof text - 1);
        assert_true(got > 0);
        text[got] = '\0';
        assert_in_range(columns(text), 1, width - 1U);
        if (columns(text) > widest)
            widest = columns(text);
    }
    assert_non_null(strstr(text, ", 12 done, CHG0030001"));
    assert_true(widest > 80);
    gs3_progress_free(progress);
    close(terminal);
    close(controller);
}

static void progress_of_a_ticket_that_is_no_text_is_clean(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.fd = open_file(), .ticket = "CHG\033[2J\n1"};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    gs3_progress_show(progress, &numbers, 30000);
    assert_null(strchr(written(opts.fd), '\033'));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    gs3_progress_free(progress);
    close(opts.fd);
}

/* A closed standard error must not end or hold up a transfer. */
static void progress_to_nowhere_is_no_error(void **state)
{
    (void)state;
    struct gs3_progress_opts opts = {.is_terminal = true, .fd = -1};
    struct gs3_progress *progress = gs3_progress_new(&opts, 0);
    struct gs3_progress_numbers numbers = example();
    gs3_progress_show(progress, &numbers, 5000);
    gs3_progress_free(progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_on_a_terminal_waits_and_is_not_drawn_too_often),
        cmocka_unit_test(progress_clear_takes_the_bar_away_until_it_is_due),
        cmocka_unit_test(progress_in_a_log_is_a_line_now_and_then),
        cmocka_unit_test(progress_multiline_draws_whole_lines),
        cmocka_unit_test(progress_interval_is_the_options),
        cmocka_unit_test(progress_that_is_off_is_silent),
        cmocka_unit_test(progress_without_bytes_counts_files),
        cmocka_unit_test(progress_color_is_for_failures_only),
        cmocka_unit_test(progress_is_never_wider_than_the_terminal),
        cmocka_unit_test(progress_of_a_ticket_that_is_no_text_is_clean),
        cmocka_unit_test(progress_to_nowhere_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
