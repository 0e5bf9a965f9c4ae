/* Writing JSON strings: what is escaped, and that the reader gives the same text back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "text/json.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void json_append_string_unsafe_characters_are_escaped(void **state)
{
    static const struct {
        const char *text;
        const char *json;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"plain/text", "\"plain/text\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\r\t\x01\x1B", "\"\\n\\r\\t\\u0001\\u001b\""},
        {"\x7F", "\"\\u007f\""},
        {"\xC2\x9B", "\"\\u009b\""},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80", "\"caf\xC3\xA9 \xF0\x9F\x98\x80\""},
        {"\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8\xE2\x80\xA9\xD8\x9C",
         "\"\\u202e\\u2066\\u2028\\u2029\\u061c\""},
        {"\xEF\xBB\xBF", "\"\\ufeff\""},
        {"\xF0\x9F\xBF\xBE", "\"\\ud83f\\udffe\""},
        {"a\xFFz", "\"a\xEF\xBF\xBDz\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_int_equal(gs3_json_append_string(&out, cases[i].text), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i].json);
    }
}

static void json_append_string_each_byte_reads_back(void **state)
{
    (void)state;
    for (int c = 1; c < 0x80; c++) {
        char text[2] = {(char)c, '\0'};
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(64);
        assert_int_equal(gs3_json_append_string(&out, text), 0);
        gs3_auto_json cJSON *json = gs3_json_parse(out.data, out.length_bytes, NULL);
        assert_non_null(json);
        assert_string_equal(cJSON_GetStringValue(json), text);
    }
}

static void json_append_string_full_buffer_fails(void **state)
{
    static const char text[] = "a\"\n\xFF\xE2\x80\xAE\xC3\xA9";
    (void)state;
    gs3_auto_buf struct gs3_buf whole = GS3_BUF_INIT(64);
    assert_int_equal(gs3_json_append_string(&whole, text), 0);
    for (size_t maximum = 0; maximum < whole.length_bytes; maximum++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(maximum);
        assert_int_equal(gs3_json_append_string(&out, text), -1);
        assert_true(out.length_bytes <= maximum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_append_string_unsafe_characters_are_escaped),
        cmocka_unit_test(json_append_string_each_byte_reads_back),
        cmocka_unit_test(json_append_string_full_buffer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
