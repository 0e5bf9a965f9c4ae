/* UTF-8: the table of well-formed sequences (Unicode, table 3-7) and what is unsafe to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "text/utf8.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void utf8_decode_good_bytes_gives_code_point(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        uint32_t code_point;
    } cases[] = {
        {"a", 1, 'a'},
        {"\x7F", 1, 0x7F},
        {"\xC2\x80", 2, 0x80},
        {"\xDF\xBF", 2, 0x7FF},
        {"\xE0\xA0\x80", 3, 0x800},
        {"\xED\x9F\xBF", 3, 0xD7FF},
        {"\xEE\x80\x80", 3, 0xE000},
        {"\xEF\xBF\xBF", 3, 0xFFFF},
        {"\xF0\x90\x80\x80", 4, 0x10000},
        {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t code_point = 0;
        size_t length = strlen(cases[i].bytes);
        assert_int_equal(gs3_utf8_decode(cases[i].bytes, length, &code_point), cases[i].length);
        assert_int_equal(code_point, cases[i].code_point);
        assert_true(gs3_utf8_is_valid(cases[i].bytes, length));
        assert_false(gs3_utf8_is_valid(cases[i].bytes, length - 1) && length > 1);
    }
}

static void utf8_decode_bad_bytes_gives_zero(void **state)
{
    static const char *const cases[] = {
        "\x80", /* continuation alone */
        "\xBF\x80",
        "\xC0\x80",     /* overlong NUL */
        "\xC1\xBF",     /* overlong */
        "\xC2",         /* cut off */
        "\xC2\x20",     /* second byte is none */
        "\xE0\x9F\xBF", /* overlong */
        "\xE2\x82",     /* cut off */
        "\xE2\x82\x20",
        "\xED\xA0\x80",     /* surrogate */
        "\xED\xBF\xBF",     /* surrogate */
        "\xF0\x8F\xBF\xBF", /* overlong */
        "\xF4\x90\x80\x80", /* over U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80", /* five bytes */
        "\xFE",
        "\xFF",
    };
    (void)state;
    uint32_t code_point;
    assert_int_equal(gs3_utf8_decode("", 0, &code_point), 0);
    assert_true(gs3_utf8_is_valid("", 0));
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(gs3_utf8_decode(cases[i], strlen(cases[i]), &code_point), 0);
        assert_false(gs3_utf8_is_valid(cases[i], strlen(cases[i])));
    }
}

/* Encoding each scalar value by the definition, not by the code under test. */
static void utf8_decode_every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        unsigned char bytes[4];
        size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
        uint32_t rest = c;
        for (size_t i = length - 1; i > 0; i--, rest >>= 6)
            bytes[i] = (unsigned char)(0x80 | (rest & 0x3F));
        bytes[0] = (unsigned char)(marks[length] | rest);
        uint32_t found = 0;
        bool is_surrogate = c >= 0xD800 && c <= 0xDFFF;
        size_t step = gs3_utf8_decode((const char *)bytes, length, &found);
        assert_int_equal(step, is_surrogate ? 0 : length);
        if (!is_surrogate)
            assert_int_equal(found, c);
    }
}

static void utf8_is_unsafe_each_class_is_told(void **state)
{
    static const uint32_t unsafe[] = {
        0,      0x09,   0x0A,   0x1B,   0x1F,   0x7F,    0x80,    0x9B,     0x9F,
        0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A,  0x202E,  0x2066,   0x2069,
        0xFEFF, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFF,
    };
    static const uint32_t safe[] = {
        0x20,   'a',    0x7E,   0xA0,   0xFC,   0x061B, 0x200D, 0x2010,
        0x202F, 0x2065, 0x206A, 0x20AC, 0xFDCF, 0xFDF0, 0xFFFD, 0x1F600,
    };
    (void)state;
    for (size_t i = 0; i < COUNT(unsafe); i++)
        assert_true(gs3_utf8_is_unsafe(unsafe[i]));
    for (size_t i = 0; i < COUNT(safe); i++)
        assert_false(gs3_utf8_is_unsafe(safe[i]));
}

static void utf8_is_ascii_tells_high_bytes(void **state)
{
    (void)state;
    assert_true(gs3_utf8_is_ascii(""));
    assert_true(gs3_utf8_is_ascii("a\x7F\n"));
    assert_false(gs3_utf8_is_ascii("a\x80"));
    assert_false(gs3_utf8_is_ascii("\xC3\xA9"));
}

static void utf8_append_printable_shows_what_is_there(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"", ""},
        {"plain \\ text", "plain \\ text"},
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"a\nb\tc\x1B[31m", "a\\x0ab\\x09c\\x1b[31m"},
        {"x\xE2\x80\xAEy", "x\\xe2\\x80\\xaey"},
        {"\xC2\x9B", "\\xc2\\x9b"},
        {"\xFF\xC3", "\\xff\\xc3"},
        {"\xED\xA0\x80z", "\\xed\\xa0\\x80z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_int_equal(gs3_utf8_append_printable(&out, cases[i].text), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i].shown);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(3);
    assert_int_equal(gs3_utf8_append_printable(&small, "a\n"), -1);
    assert_int_equal(gs3_utf8_append_printable(&small, "abc"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_decode_good_bytes_gives_code_point),
        cmocka_unit_test(utf8_decode_bad_bytes_gives_zero),
        cmocka_unit_test(utf8_decode_every_code_point_round_trips),
        cmocka_unit_test(utf8_is_unsafe_each_class_is_told),
        cmocka_unit_test(utf8_is_ascii_tells_high_bytes),
        cmocka_unit_test(utf8_append_printable_shows_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
