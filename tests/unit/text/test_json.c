/* The strict reader: what it accepts, what it refuses and where, and that no input slows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text/json.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The same bytes at the very end of an allocation, so that a sanitizer sees a byte too far. */
static cJSON *parse(const char *data, size_t length, struct gs3_err *err)
{
    gs3_auto_free char *copy = gs3_xmalloc(length);
    memcpy(copy, data, length);
    return gs3_json_parse(copy, length, err);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void json_parse_good_text_is_accepted(void **state)
{
    static const char *const cases[] = {
        "null",
        " \t\r\n[ ]\n",
        "{}",
        "\"\"",
        "-0",
        "[-0.0, 0e0, 1E+2, 1e-2, 123456789012345678901234567890]",
        "{\"\":0,\" \":1}",
        "{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":1}}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\uFFFF\"",
        "\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"",
        "[true,false,null,[],{}]",
        "{\"A\":1,\"a\":2}", /* names are case-sensitive */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        gs3_auto_json cJSON *json = parse(cases[i], strlen(cases[i]), &err);
        assert_string_equal(err.message, "");
        assert_non_null(json);
        assert_int_equal(gs3_json_check(cases[i], strlen(cases[i]), NULL), 0);
    }
}

static void json_parse_bad_text_says_where_and_what(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "byte 0: the text ends where a value is expected"},
        {"  ", "byte 2: the text ends where a value is expected"},
        {"\xEF\xBB\xBF{}", "byte 0: a value is expected"},
        {"{} {}", "byte 3: something follows the document"},
        {"[1,]", "byte 3: a value is expected"},
        {"[1 2]", "byte 3: a comma or ] is expected"},
        {"[1}", "byte 2: a comma or ] is expected"},
        {"{\"a\":1]", "byte 6: a comma or } is expected"},
        {"[", "byte 1: the text ends where a value is expected"},
        {"[1", "byte 2: the text is cut off"},
        {"{", "byte 1: a key in quotes is expected"},
        {"{\"a\":1,}", "byte 7: a key in quotes is expected"},
        {"{a:1}", "byte 1: a key in quotes is expected"},
        {"{\"a\" 1}", "byte 5: a colon is expected after a key"},
        {"\"abc", "byte 4: the text ends inside a string"},
        {"\"a\nb\"", "byte 2: control character in a string"},
        {"\"\\x41\"", "byte 2: unknown escape in a string"},
        {"\"\\", "byte 2: unknown escape in a string"},
        {"\"\\u12g4\"", "byte 5: a \\u escape needs four hex digits"},
        {"\"\\ud800\"", "byte 1: lone surrogate"},
        {"\"\\ud800\\n\"", "byte 1: lone surrogate"},
        {"\"\\ud800\\ud800\"", "byte 1: lone surrogate"},
        {"\"\\udc00\"", "byte 1: lone surrogate"},
        {"\"approved\\u0000x\"", "byte 9: \\u0000 is not accepted"},
        {"{\"a\\u0000\":1}", "byte 3: \\u0000 is not accepted"},
        {"\"\xC0\x80\"", "byte 1: not UTF-8"},
        {"\"\xED\xA0\x80\"", "byte 1: not UTF-8"},
        {"01", "byte 0: a number may not start with 0"},
        {"-", "byte 1: a number needs a digit here"},
        {"1.", "byte 2: a number needs a digit after its point"},
        {"1e+", "byte 3: a number needs a digit in its exponent"},
        {"+1", "byte 0: a value is expected"},
        {"NaN", "byte 0: a value is expected"},
        {"nul", "byte 0: a value is expected"},
        {"[1e309]", "byte 1: number out of range"},
        {"-1.8e308", "byte 0: number out of range"},
        {"/**/1", "byte 0: a value is expected"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "byte 13: duplicate key \"a\""},
        {"{\"a\":1,\"\\u0061\":2}", "byte 7: duplicate key \"a\""},
        {"{\"\":1,\"\":2}", "byte 6: duplicate key \"\""},
        {"{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}",
         "byte 18: duplicate key \"\xF0\x9F\x98\x80\""},
        {"{\"\\u00e9\":1,\"\xC3\xA9\":2}", "byte 12: duplicate key \"\xC3\xA9\""},
        {"{\"\\u20ac\":1,\"\xE2\x82\xAC\":2}", "byte 12: duplicate key \"\xE2\x82\xAC\""},
        {"[{\"a\":{\"x\":1},\"b\":[{\"a\":1}],\"a\":0}]", "byte 28: duplicate key \"a\""},
        {"{\"\\n\":1,\"\\u000a\":2}", "byte 8: duplicate key \"\\x0a\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        assert_null(parse(cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.class, GS3_EINVALID);
    }
}

static void json_parse_raw_nul_is_refused(void **state)
{
    (void)state;
    assert_null(parse("\"a\0b\"", 5, NULL));
    assert_null(parse("{}\0", 3, NULL));
    assert_null(parse("\0", 1, NULL));
    assert_null(gs3_json_parse(NULL, 0, NULL));
}

static void json_parse_numbers_keep_their_value(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0", 0},
        {"-0", -0.0},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"-0.00000000000000000000000000000000000000000000000000000000000000000000000000000123",
         -1.23e-78},
        {"1000000000000000000000000000000000000000000000000000000000000000000000000000", 1e75},
        {"5e-324", 5e-324},
        {"1e-400", 0},
        {"9007199254740993", 9007199254740992.0}, /* 2^53 + 1: ids must come as strings */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_json cJSON *json = parse(cases[i].text, strlen(cases[i].text), NULL);
        assert_non_null(json);
        double value = cJSON_GetNumberValue(json);
        assert_memory_equal(&value, &cases[i].value, sizeof value);
    }
}

/* Numbers that cJSON itself cannot read, between values that must stay where they are. */
static void json_parse_long_numbers_leave_the_rest_alone(void **state)
{
    char text[1024];
    char digits[100];
    memset(digits, '3', sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    (void)state;
    int length = snprintf(text, sizeof text, "{\"a\":0.%s,\"b\":\"x\",\"c\":[%s.5,7],\"d\":0.%s}",
                          digits, digits, digits);
    gs3_auto_json cJSON *json = parse(text, (size_t)length, NULL);
    assert_non_null(json);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "a")) == 1.0 / 3);
    assert_string_equal(gs3_json_string(json, "b"), "x");
    const cJSON *list = cJSON_GetObjectItem(json, "c");
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_true(cJSON_GetNumberValue(cJSON_GetArrayItem(list, 1)) == 7.0);
    assert_true(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "d")) == 1.0 / 3);
}

static void json_parse_number_of_any_length_is_bounded(void **state)
{
    char text[600];
    (void)state;
    memset(text, '0', sizeof text);
    text[1] = '.';
    gs3_auto_json cJSON *json = parse(text, 512, NULL);
    assert_non_null(json);
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(parse(text, 513, &err));
    assert_string_equal(err.message, "byte 0: number too long");
}

static char *repeat(char c, size_t count, size_t *length)
{
    char *text = gs3_xmalloc(count + 1);
    memset(text, c, count);
    text[count] = '\0';
    *length = count;
    return text;
}

static void json_parse_depth_64_is_the_last(void **state)
{
    char text[2 * (GS3_JSON_DEPTH + 1)];
    (void)state;
    memset(text, '[', GS3_JSON_DEPTH);
    memset(text + GS3_JSON_DEPTH, ']', GS3_JSON_DEPTH);
    gs3_auto_json cJSON *json = parse(text, (size_t)2 * GS3_JSON_DEPTH, NULL);
    assert_non_null(json);
    memset(text, '[', GS3_JSON_DEPTH + 1);
    memset(text + GS3_JSON_DEPTH + 1, ']', GS3_JSON_DEPTH + 1);
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(parse(text, sizeof text, &err));
    assert_string_equal(err.message, "byte 64: nested too deeply");
}

static void json_parse_deep_nesting_is_refused_at_once(void **state)
{
    static const size_t depths[] = {40000, 100000, GS3_JSON_BYTES};
    (void)state;
    for (size_t i = 0; i < COUNT(depths); i++) {
        size_t length;
        gs3_auto_free char *arrays = repeat('[', depths[i], &length);
        int64_t start = now_ms();
        assert_null(parse(arrays, length, NULL));
        assert_true(now_ms() - start < 50);
    }
    size_t length;
    gs3_auto_free char *objects = repeat(' ', 500000, &length);
    for (size_t at = 0; at < length; at += 5)
        memcpy(objects + at, "{\"a\":", 5);
    int64_t start = now_ms();
    assert_null(parse(objects, length, NULL));
    assert_true(now_ms() - start < 50);
}

static void json_parse_over_1_mib_is_refused(void **state)
{
    size_t length;
    gs3_auto_free char *text = repeat(' ', GS3_JSON_BYTES + 1, &length);
    (void)state;
    text[0] = '1';
    gs3_auto_json cJSON *json = parse(text, length - 1, NULL);
    assert_non_null(json);
    struct gs3_err err = GS3_ERR_INIT;
    assert_null(parse(text, length, &err));
    assert_string_equal(err.message, "byte 1048576: text over 1 MiB");
}

/* 50,000 keys with a long common beginning, the last of which repeats the first: compared in
 * pairs that would be a billion comparisons. */
static void json_check_50000_keys_take_milliseconds(void **state)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_JSON_BYTES);
    (void)state;
    gs3_buf_putc(&text, '{');
    for (int i = 0; i < 50000; i++)
        assert_int_equal(gs3_buf_printf(&text, "\"common-%d\":0,", i), 0);
    size_t end = text.length_bytes;
    gs3_buf_puts(&text, "\"x\":0}");
    int64_t start = now_ms();
    assert_int_equal(gs3_json_check(text.data, text.length_bytes, NULL), 0);
    text.length_bytes = end;
    gs3_buf_puts(&text, "\"common-0\":0}");
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_json_check(text.data, text.length_bytes, &err), -1);
    assert_non_null(strstr(err.message, ": duplicate key \"common-0\""));
    assert_true(now_ms() - start < 2000); /* some 20 ms; sanitizers take ten times as long */
}

static void json_parse_every_cut_is_refused(void **state)
{
    static const char text[] = "{\"a\":[1.5e3,\"\\u00e9\\ud83d\\ude00\",{\"b\":null}],\"c\":true}";
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++)
        assert_null(parse(text, length, NULL));
    gs3_auto_json cJSON *json = parse(text, sizeof text - 1, NULL);
    assert_non_null(json);
}

static void json_parse_keys_of_many_objects_do_not_mix(void **state)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_JSON_BYTES);
    (void)state;
    gs3_buf_putc(&text, '[');
    for (int i = 0; i < 1000; i++)
        gs3_buf_puts(&text,
                     "{\"id\":1,\"in\":{\"id\":2,\"list\":[{\"id\":3},{\"id\":4}]},\"z\":5},");
    gs3_buf_puts(&text, "0]");
    assert_int_equal(gs3_json_check(text.data, text.length_bytes, NULL), 0);
}

static void json_string_only_strings_are_given(void **state)
{
    static const char text[] = "{\"s\":\"v\",\"S\":\"V\",\"n\":1,\"e\":\"\",\"z\":null}";
    (void)state;
    gs3_auto_json cJSON *json = parse(text, sizeof text - 1, NULL);
    assert_string_equal(gs3_json_string(json, "s"), "v");
    assert_string_equal(gs3_json_string(json, "S"), "V");
    assert_string_equal(gs3_json_string(json, "e"), "");
    assert_null(gs3_json_string(json, "n"));
    assert_null(gs3_json_string(json, "z"));
    assert_null(gs3_json_string(json, "missing"));
    assert_null(gs3_json_string(NULL, "s"));
    assert_null(gs3_json_string(cJSON_GetObjectItem(json, "s"), "s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_parse_good_text_is_accepted),
        cmocka_unit_test(json_parse_bad_text_says_where_and_what),
        cmocka_unit_test(json_parse_raw_nul_is_refused),
        cmocka_unit_test(json_parse_numbers_keep_their_value),
        cmocka_unit_test(json_parse_long_numbers_leave_the_rest_alone),
        cmocka_unit_test(json_parse_number_of_any_length_is_bounded),
        cmocka_unit_test(json_parse_depth_64_is_the_last),
        cmocka_unit_test(json_parse_deep_nesting_is_refused_at_once),
        cmocka_unit_test(json_parse_over_1_mib_is_refused),
        cmocka_unit_test(json_check_50000_keys_take_milliseconds),
        cmocka_unit_test(json_parse_every_cut_is_refused),
        cmocka_unit_test(json_parse_keys_of_many_objects_do_not_mix),
        cmocka_unit_test(json_string_only_strings_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
