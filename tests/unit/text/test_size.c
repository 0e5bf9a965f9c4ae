/* Sizes and durations: strict reading, and printing as the AWS CLI prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/size.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void size_parse_digits_and_one_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"512", 512},
        {"007", 7},
        {"64KiB", 65536},
        {"1MiB", 1048576},
        {"5GiB", 5368709120},
        {"5TiB", 5497558138880},
        {"16383PiB", 16383ULL << 50},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "",
        " 1",
        "1 ",
        "-1",
        "+1",
        "1.5KiB",
        "KiB",
        "1K",
        "1KB",
        "1kib",
        "1 KiB",
        "1KiBs",
        "0x10",
        "1EiB",
        "16384PiB",
        "18446744073709551616",
        "99999999999999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t bytes = 1;
        assert_int_equal(gs3_size_parse(cases[i].text, &bytes), 0);
        assert_true(bytes == cases[i].bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t bytes = 42;
        assert_int_equal(gs3_size_parse(bad[i], &bytes), -1);
        assert_int_equal(bytes, 42);
    }
}

static void duration_parse_asks_for_a_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } cases[] = {{"0s", 0}, {"90s", 90}, {"15m", 900}, {"8h", 28800}, {"2d", 172800}};
    static const char *const bad[] = {
        "",
        "90",
        "s",
        "1w",
        "1S",
        "1 s",
        "1h30m",
        "1.5h",
        "-1s",
        "1sec",
        "213503982334602d",
        "18446744073709551616s",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t seconds = 1;
        assert_int_equal(gs3_duration_parse(cases[i].text, &seconds), 0);
        assert_true(seconds == cases[i].seconds);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t seconds = 42;
        assert_int_equal(gs3_duration_parse(bad[i], &seconds), -1);
        assert_int_equal(seconds, 42);
    }
}

/* Expected values computed with the AWS CLI's own human_readable_size. */
static void size_append_prints_as_the_aws_cli(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 Bytes"},
        {1, "1 Byte"},
        {2, "2 Bytes"},
        {1023, "1023 Bytes"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {1048063, "1023.5 KiB"}, /* 1023.499 rounds to 1023 */
        {1048064, "1.0 MiB"},    /* 1023.5 rounds to 1024 */
        {1048576, "1.0 MiB"},
        {1073741824, "1.0 GiB"},
        {5368709120, "5.0 GiB"},
        {1099511627776, "1.0 TiB"},
        {1125899906842624, "1.0 PiB"},
        {1152921504606846976, "1.0 EiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(32);
        assert_int_equal(gs3_size_append(&out, cases[i].bytes), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i].text);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(4);
    assert_int_equal(gs3_size_append(&small, 1024), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_parse_digits_and_one_unit),
        cmocka_unit_test(duration_parse_asks_for_a_unit),
        cmocka_unit_test(size_append_prints_as_the_aws_cli),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
