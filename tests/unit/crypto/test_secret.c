/* Secrets: copied whole, compared whole, gone on release. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "crypto/secret.h"

static void secret_set_keeps_its_own_copy(void **state)
{
    char text[] = "hunter2";
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    (void)state;
    assert_false(gs3_secret_is_set(&secret));
    gs3_secret_set(&secret, text, 6);
    memset(text, 'x', sizeof text);
    assert_true(gs3_secret_is_set(&secret));
    assert_string_equal(secret.text, "hunter");
    assert_int_equal(secret.length_bytes, 6);
    gs3_secret_set(&secret, "", 0);
    assert_true(gs3_secret_is_set(&secret));
    assert_string_equal(secret.text, "");
    gs3_secret_set(&secret, NULL, 0);
    assert_false(gs3_secret_is_set(&secret));
}

static void secret_set_from_itself_is_safe(void **state)
{
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    (void)state;
    gs3_secret_set(&secret, "user:password", 13);
    gs3_secret_set(&secret, secret.text + 5, 8);
    assert_string_equal(secret.text, "password");
    gs3_secret_copy(&secret, &secret);
    assert_string_equal(secret.text, "password");
}

static void secret_copy_follows_the_source(void **state)
{
    gs3_auto_secret struct gs3_secret from = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret to = GS3_SECRET_INIT;
    (void)state;
    gs3_secret_set(&from, "a\0b", 3);
    gs3_secret_copy(&to, &from);
    assert_int_equal(to.length_bytes, 3);
    assert_memory_equal(to.text, "a\0b", 4);
    assert_ptr_not_equal(to.text, from.text);
    gs3_secret_release(&from);
    gs3_secret_copy(&to, &from);
    assert_false(gs3_secret_is_set(&to));
}

static void secret_equal_only_the_same_bytes(void **state)
{
    static const struct {
        const char *a;
        size_t a_bytes;
        const char *b;
        size_t b_bytes;
        bool is_equal;
    } cases[] = {
        {"abc", 3, "abc", 3, true},
        {"", 0, "", 0, true},
        {"abc", 3, "abd", 3, false},
        {"abc", 3, "ab", 2, false},
        {"a\0b", 3, "a\0c", 3, false},
        {NULL, 0, NULL, 0, false}, /* two that are not set say nothing about each other */
        {NULL, 0, "", 0, false},
        {"", 0, NULL, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gs3_auto_secret struct gs3_secret a = GS3_SECRET_INIT;
        gs3_auto_secret struct gs3_secret b = GS3_SECRET_INIT;
        gs3_secret_set(&a, cases[i].a, cases[i].a_bytes);
        gs3_secret_set(&b, cases[i].b, cases[i].b_bytes);
        assert_int_equal(gs3_secret_equal(&a, &b), cases[i].is_equal);
    }
}

static void secret_release_empties(void **state)
{
    struct gs3_secret secret = GS3_SECRET_INIT;
    (void)state;
    gs3_secret_release(&secret);
    gs3_secret_set(&secret, "x", 1);
    gs3_secret_release(&secret);
    gs3_secret_release(&secret);
    assert_null(secret.text);
    assert_int_equal(secret.length_bytes, 0);
}

static void secret_wipe_zeroes_every_byte(void **state)
{
    char data[64];
    char zeroes[64] = {0};
    (void)state;
    memset(data, 'k', sizeof data);
    gs3_secret_wipe(data, sizeof data - 1);
    assert_memory_equal(data, zeroes, sizeof data - 1);
    assert_int_equal(data[63], 'k');
    gs3_secret_wipe(NULL, 5);
    gs3_secret_wipe(data, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_set_keeps_its_own_copy),
        cmocka_unit_test(secret_set_from_itself_is_safe),
        cmocka_unit_test(secret_copy_follows_the_source),
        cmocka_unit_test(secret_equal_only_the_same_bytes),
        cmocka_unit_test(secret_release_empties),
        cmocka_unit_test(secret_wipe_zeroes_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
