#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "aws/ini.h"
#include "base/buf.h"

static int parse(const char *text, struct gs3_ini *ini, struct gs3_err *err)
{
    *ini = (struct gs3_ini){.sections = NULL};
    /* A copy of its exact size: reading beyond the end must show. */
    size_t length = strlen(text);
    gs3_auto_free char *copy = gs3_xmalloc(length + 1);
    memcpy(copy, text, length);
    copy = gs3_xrealloc(copy, length > 0 ? length : 1);
    return gs3_ini_parse("config", copy, length, ini, err);
}

static void ini_settings_have_section_name_value_and_line(void **state)
{
    (void)state;
    gs3_auto_ini struct gs3_ini ini;
    assert_int_equal(parse("# x\n[a]\nOne = 1 # no comment\n\n[b c]\ntwo:2\n", &ini, NULL), 0);
    assert_int_equal(ini.count, 2);
    const struct gs3_ini_setting *one = gs3_ini_setting(&ini.sections[0], NULL, "one");
    assert_string_equal(one->value, "1 # no comment");
    assert_int_equal(one->line, 3);
    const struct gs3_ini_section *b = gs3_ini_section(&ini, "b c");
    assert_int_equal(b->line, 5);
    assert_string_equal(gs3_ini_setting(b, NULL, "two")->value, "2");
    assert_null(gs3_ini_setting(b, NULL, "one"));
}

static void ini_block_holds_nested_settings(void **state)
{
    (void)state;
    gs3_auto_ini struct gs3_ini ini;
    assert_int_equal(parse("[a]\ns3 =\n  x = 1\n  # c\n\n  Y = 2\nz = 3\n", &ini, NULL), 0);
    const struct gs3_ini_section *a = &ini.sections[0];
    assert_null(gs3_ini_setting(a, NULL, "s3")->value);
    assert_string_equal(gs3_ini_setting(a, "s3", "x")->value, "1");
    assert_string_equal(gs3_ini_setting(a, "s3", "Y")->value, "2");
    assert_int_equal(gs3_ini_setting(a, "s3", "Y")->line, 6);
    assert_string_equal(gs3_ini_setting(a, NULL, "z")->value, "3");
}

static void ini_what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x = 1\n", "config:1: a setting before the first [SECTION]"},
        {"[a]\nx\n", "config:2: neither a [SECTION] nor NAME = VALUE"},
        {"[a]\n\n[a\n", "config:3: a section is written [NAME]"},
        {"[]\n", "config:1: a section is written [NAME]"},
        {"[a]\n = 1\n", "config:2: a value without a name"},
        {"[a]\nx=1\nX=1\n", "config:3: \"x\" is there twice: line 2"},
        {"[a]\n[b]\n[a]\n", "config:3: section [a] is there twice: line 1"},
        {"[a]\ns3 =\n  x\n", "config:3: a nested setting is written NAME = VALUE"},
        {"[a]\ns3 =\n  x=1\n  x=2\n",
         "config:4: a nested setting is there twice, with another value"},
        {"[a]\nx = \x01\n", "config:2: a control character"},
        {"[a]\nx = \xff\n", "config:2: not UTF-8"},
        {"\xef\xbb\xbf[a]\n", "config:1: begins with a byte order mark: save it as plain UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gs3_auto_ini struct gs3_ini ini;
        struct gs3_err err = GS3_ERR_INIT;
        assert_int_equal(parse(cases[i].text, &ini, &err), -1);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.class, GS3_ECONFIG);
    }
}

static void ini_size_is_bounded(void **state)
{
    (void)state;
    gs3_auto_ini struct gs3_ini ini = {.sections = NULL};
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(4 << 20);
    gs3_buf_puts(&text, "[a]\nx = 1\n");
    /* A value over 200,000 lines, which would cost the square of that to join. */
    while (text.length_bytes < GS3_INI_BYTES - 4)
        gs3_buf_puts(&text, " y\n");
    assert_int_equal(gs3_ini_parse("config", text.data, text.length_bytes, &ini, &err), -1);
    assert_non_null(strstr(err.message, "a value is too long"));
    gs3_ini_release(&ini);
    gs3_buf_clear(&text);
    for (unsigned i = 0; i <= GS3_INI_SECTIONS; i++)
        gs3_buf_printf(&text, "[%u]\n", i);
    assert_int_equal(gs3_ini_parse("config", text.data, text.length_bytes, &ini, &err), -1);
    assert_non_null(strstr(err.message, "too many sections"));
    gs3_ini_release(&ini);
    gs3_buf_clear(&text);
    gs3_buf_puts(&text, "[a]\n");
    for (unsigned i = 0; i <= GS3_INI_SETTINGS; i++)
        gs3_buf_printf(&text, "x%u = 1\n", i);
    assert_int_equal(gs3_ini_parse("config", text.data, text.length_bytes, &ini, &err), -1);
    assert_non_null(strstr(err.message, "too many settings"));
}

static void ini_section_word_reads_as_a_shell(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
    } cases[] = {
        {"profile dev", "dev"},
        {"profile  \t dev ", "dev"},
        {"profile \"a b\"", "a b"},
        {"profile 'a \"b'", "a \"b"},
        {"profile a\\ b", "a b"},
        {"profile \"a\\\"b\"", "a\"b"},
        {"profile \"a\\nb\"", "a\\nb"},
        {"profile a\"b c\"d", "ab cd"},
        {"profile \"\"", ""},
        {"profile", NULL},
        {"profile a b", NULL},
        {"profile \"a", NULL},
        {"profile a\\", NULL},
        {"profiles a", NULL},
        {"default", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gs3_auto_free char *word = gs3_ini_section_word(cases[i].name, "profile");
        if (cases[i].word)
            assert_string_equal(word, cases[i].word);
        else
            assert_null(word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ini_settings_have_section_name_value_and_line),
        cmocka_unit_test(ini_block_holds_nested_settings),
        cmocka_unit_test(ini_what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(ini_size_is_bounded),
        cmocka_unit_test(ini_section_word_reads_as_a_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
