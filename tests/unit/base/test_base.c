/* base: errors, buffers, pairs, strings, files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"
#include "base/file.h"
#include "base/pairs.h"
#include "base/str.h"

static void gs3_fail_with_long_text_cuts_at_a_character(void **state)
{
    (void)state;
    struct gs3_err err = GS3_ERR_INIT;
    char text[GS3_ERR_MESSAGE_BYTES + 100];
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 2);
    text[sizeof text - 1] = '\0';
    assert_int_equal(gs3_fail(&err, GS3_EIO, "x%s", text), -1);
    assert_int_equal(err.class, GS3_EIO);
    size_t length = strlen(err.message);
    assert_true(length < GS3_ERR_MESSAGE_BYTES);
    assert_int_equal((unsigned char)err.message[length - 1], 0xA9);
}

static void gs3_wrap_keeps_class_and_puts_context_first(void **state)
{
    (void)state;
    struct gs3_err err = GS3_ERR_INIT;
    gs3_fail_errno(&err, GS3_EIO, 2, "open %s", "x");
    gs3_wrap(&err, "outer %d", 1);
    assert_string_equal(err.message, "outer 1: open x: No such file or directory");
    assert_int_equal(err.class, GS3_EIO);
    assert_int_equal(err.sys_errno, 2);
    assert_int_equal(gs3_fail(NULL, GS3_EIO, "nobody listens"), -1);
    assert_int_equal(gs3_wrap(NULL, "nobody"), -1);
}

static void gs3_buf_append_beyond_maximum_fails_and_keeps_content(void **state)
{
    (void)state;
    gs3_auto_buf struct gs3_buf buf = GS3_BUF_INIT(5);
    assert_int_equal(gs3_buf_puts(&buf, "abc"), 0);
    assert_int_equal(gs3_buf_puts(&buf, "def"), -1);
    assert_int_equal(gs3_buf_append(&buf, "x", SIZE_MAX), -1);
    assert_int_equal(gs3_buf_printf(&buf, "%d", 123), -1);
    assert_string_equal(gs3_buf_string(&buf), "abc");
    assert_int_equal(gs3_buf_printf(&buf, "%d", 12), 0);
    assert_string_equal(gs3_buf_string(&buf), "abc12");
    gs3_auto_free char *taken = gs3_buf_take(&buf);
    assert_string_equal(taken, "abc12");
    assert_string_equal(gs3_buf_string(&buf), "");
}

static void gs3_pairs_of_any_length_are_kept_and_stay_where_they_are(void **state)
{
    (void)state;
    gs3_auto_pairs struct gs3_pairs pairs = GS3_PAIRS_INIT;
    gs3_auto_pairs struct gs3_pairs copy = GS3_PAIRS_INIT;
    gs3_auto_buf struct gs3_buf value = GS3_BUF_INIT(1 << 20);
    gs3_pairs_add(&pairs, "first", "");
    const char *first = gs3_pairs_get(&pairs, "FIRST");
    for (size_t i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "name%zu", i);
        gs3_buf_printf(&value, "%.*s", (int)(i % 7) * 40,
                       "0123456789012345678901234567890123456789");
        gs3_pairs_set(&pairs, name, gs3_buf_string(&value));
    }
    gs3_pairs_copy(&copy, &pairs);
    assert_int_equal(copy.count, 301);
    assert_ptr_equal(gs3_pairs_get(&pairs, "first"), first);
    assert_string_equal(gs3_pairs_get(&copy, "name299"), gs3_buf_string(&value));
    struct gs3_pair *pair = gs3_pairs_add_bytes(&copy, "NAMEx", 4, "valuex", 5);
    assert_string_equal(gs3_str_lower(pair->name), "name");
    assert_string_equal(gs3_pairs_get(&copy, "Name"), "value");
}

static void gs3_pairs_set_replaces_in_any_case_and_drops_doubles(void **state)
{
    (void)state;
    gs3_auto_pairs struct gs3_pairs pairs = GS3_PAIRS_INIT;
    gs3_pairs_add(&pairs, "A", "1");
    gs3_pairs_add(&pairs, "b", "2");
    gs3_pairs_add(&pairs, "a", "3");
    gs3_pairs_set(&pairs, "a", gs3_pairs_get(&pairs, "b"));
    assert_int_equal(pairs.count, 2);
    assert_string_equal(gs3_pairs_get(&pairs, "A"), "2");
    assert_true(gs3_pairs_remove(&pairs, "B"));
    assert_false(gs3_pairs_remove(&pairs, "B"));
    assert_null(gs3_pairs_get(&pairs, "b"));
}

static void gs3_str_to_u64_takes_plain_digits_only(void **state)
{
    (void)state;
    uint64_t value = 7;
    static const char *const bad[] = {"",   " 1",
                                      "1 ", "+1",
                                      "-1", "0x",
                                      "1.", "1e2",
                                      NULL, "18446744073709551616",
                                      "11", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gs3_str_to_u64(bad[i], 10, &value), -1);
    assert_int_equal(value, 7);
    assert_int_equal(gs3_str_to_u64("10", 10, &value), 0);
    assert_int_equal(value, 10);
    assert_int_equal(gs3_str_to_u64("18446744073709551615", UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
}

static const char *one_variable(void *context, const char *name)
{
    return strcmp(name, "EMPTY") == 0 ? "" : (const char *)context;
}

static void gs3_env_get_empty_value_is_not_set(void **state)
{
    (void)state;
    char value[] = "v";
    struct gs3_env env = {.get = one_variable, .context = value};
    assert_null(gs3_env_get(&env, "EMPTY"));
    assert_string_equal(gs3_env_get(&env, "X"), "v");
    assert_null(gs3_env_get(NULL, "X"));
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void gs3_file_replace_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-base-XXXXXX";
    assert_non_null(mkdtemp(directory));
    gs3_auto_free char *path = gs3_xasprintf("%s/x", directory);
    gs3_auto_free char *target = gs3_xasprintf("%s/y", directory);
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(9);
    struct gs3_err err = GS3_ERR_INIT;
    struct stat info;
    /* A link is replaced, not followed, and an open mode is closed. */
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(gs3_file_replace(path, "one", 3, &err), 0);
    assert_int_equal(lstat(path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(access(target, F_OK), -1);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(gs3_file_replace(path, "longer", 6, &err), 0);
    const struct gs3_file_read_opts secret = {.maximum_bytes = 9, .is_secret = true};
    assert_int_equal(gs3_file_read(path, &secret, &out, &err), 0);
    assert_string_equal(gs3_buf_string(&out), "longer");
    assert_int_equal(remove(path), 0);
    /* Nothing else was left there. */
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(gs3_file_replace(path, "x", 1, &err), -1);
    assert_int_equal(err.class, GS3_EIO);
    assert_int_equal(err.sys_errno, ENOENT);
}

static void gs3_file_read_refuses_what_is_no_plain_bounded_file(void **state)
{
    (void)state;
    char directory[] = "/tmp/gs3-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    gs3_auto_free char *plain = gs3_xasprintf("%s/plain", directory);
    gs3_auto_free char *link = gs3_xasprintf("%s/link", directory);
    gs3_auto_free char *fifo = gs3_xasprintf("%s/fifo", directory);
    write_text(plain, "0123456789", 0644);
    assert_int_equal(symlink(plain, link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(0);
    struct gs3_file_read_opts small = {.maximum_bytes = 9};
    assert_int_equal(gs3_file_read(plain, &small, &out, &err), -1);
    assert_non_null(strstr(err.message, "maximum of 9 bytes"));
    gs3_buf_clear(&out);
    struct gs3_file_read_opts secret = {.maximum_bytes = 10, .is_secret = true};
    assert_int_equal(gs3_file_read(plain, &secret, &out, &err), -1);
    assert_non_null(strstr(err.message, "chmod 600"));
    assert_int_equal(chmod(plain, 0600), 0);
    assert_int_equal(gs3_file_read(plain, &secret, &out, &err), 0);
    assert_string_equal(gs3_buf_string(&out), "0123456789");
    struct gs3_file_read_opts strict = {.maximum_bytes = 99, .no_symlink = true};
    assert_int_equal(gs3_file_read(link, &strict, &out, &err), -1);
    assert_int_equal(gs3_file_read(fifo, &strict, &out, &err), -1);
    assert_int_equal(gs3_file_read(directory, &strict, &out, &err), -1);
    assert_int_equal(gs3_file_read("/nonexistent/x", &strict, &out, &err), -1);
    assert_int_equal(err.class, GS3_EIO);
    unlink(plain);
    unlink(link);
    unlink(fifo);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_fail_with_long_text_cuts_at_a_character),
        cmocka_unit_test(gs3_wrap_keeps_class_and_puts_context_first),
        cmocka_unit_test(gs3_buf_append_beyond_maximum_fails_and_keeps_content),
        cmocka_unit_test(gs3_pairs_of_any_length_are_kept_and_stay_where_they_are),
        cmocka_unit_test(gs3_pairs_set_replaces_in_any_case_and_drops_doubles),
        cmocka_unit_test(gs3_str_to_u64_takes_plain_digits_only),
        cmocka_unit_test(gs3_env_get_empty_value_is_not_set),
        cmocka_unit_test(gs3_file_read_refuses_what_is_no_plain_bounded_file),
        cmocka_unit_test(gs3_file_replace_leaves_the_old_or_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
