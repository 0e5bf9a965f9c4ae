/* UUID version 7: the layout of RFC 9562, section 5.7, and that ids sort by their time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "crypto/uuid.h"

static void uuid_v7_layout_is_that_of_the_rfc(void **state)
{
    char text[GS3_UUID_TEXT_BYTES];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(gs3_uuid_v7(0x017F22E279B0, text, NULL), 0); /* appendix A.6 */
        assert_int_equal(strlen(text), 36);
        assert_memory_equal(text, "017f22e2-79b0-7", 15);
        assert_non_null(memchr("89ab", text[19], 4));
        for (size_t at = 0; at < 36; at++) {
            bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
            assert_non_null(strchr(is_dash ? "-" : "0123456789abcdef", text[at]));
        }
    }
}

static void uuid_v7_later_ids_sort_later(void **state)
{
    char before[GS3_UUID_TEXT_BYTES];
    char after[GS3_UUID_TEXT_BYTES];
    (void)state;
    for (int64_t ms = 1; ms < INT64_C(1) << 47; ms *= 2) {
        assert_int_equal(gs3_uuid_v7(ms - 1, before, NULL), 0);
        assert_int_equal(gs3_uuid_v7(ms, after, NULL), 0);
        assert_true(strcmp(before, after) < 0);
    }
}

static void uuid_v7_time_before_1970_counts_as_1970(void **state)
{
    char text[GS3_UUID_TEXT_BYTES];
    (void)state;
    assert_int_equal(gs3_uuid_v7(-1, text, NULL), 0);
    assert_memory_equal(text, "00000000-0000-7", 15);
}

static void uuid_v7_one_millisecond_gives_different_ids(void **state)
{
    char one[GS3_UUID_TEXT_BYTES];
    char two[GS3_UUID_TEXT_BYTES];
    (void)state;
    assert_int_equal(gs3_uuid_v7(1, one, NULL), 0);
    assert_int_equal(gs3_uuid_v7(1, two, NULL), 0);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_v7_layout_is_that_of_the_rfc),
        cmocka_unit_test(uuid_v7_later_ids_sort_later),
        cmocka_unit_test(uuid_v7_time_before_1970_counts_as_1970),
        cmocka_unit_test(uuid_v7_one_millisecond_gives_different_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
