/* YAML as policies use it: what is read, and each thing that is refused, with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "text/yaml.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The text goes in without the NUL behind it: reading beyond the end must show. */
static struct gs3_yaml_node *parse(const char *text, size_t length, struct gs3_err *err)
{
    gs3_err_clear(err);
    gs3_auto_free char *copy = gs3_xmalloc(length);
    if (length > 0)
        memcpy(copy, text, length);
    struct gs3_yaml_node *node = gs3_yaml_parse("p.yaml", copy, length, err);
    if (!node)
        assert_int_equal(err->class, GS3_EPOLICY);
    return node;
}

static void refuses(const char *text, size_t length, const char *message)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_yaml_node *node = parse(text, length, &err);
    if (node)
        fail_msg("accepted: %s", text);
    if (!strstr(err.message, message))
        fail_msg("\"%s\" does not contain \"%s\"", err.message, message);
}

static void yaml_tree_has_text_quotes_and_places(void **state)
{
    static const char text[] = "---\n"
                               "a: plain # comment\n"
                               "'b': \"qu\\u00f6ted\"\r\n"
                               "c:\n"
                               "  - 1\n"
                               "  - {x: 'y', z: []}\n"
                               "d: |\n"
                               "  two\n"
                               "  lines\n"
                               "e: >-\n"
                               "  folded\n"
                               "  text\n"
                               "f:\n"
                               "...\n";
    struct gs3_err err = GS3_ERR_INIT;
    (void)state;
    struct gs3_yaml_node *root = parse(text, strlen(text), &err);
    assert_non_null(root);
    assert_int_equal(root->kind, GS3_YAML_MAPPING);
    assert_int_equal(root->count, 6);
    assert_string_equal(gs3_yaml_get(root, "a")->text, "plain");
    assert_false(gs3_yaml_get(root, "a")->is_quoted);
    assert_string_equal(gs3_yaml_get(root, "b")->text, "qu\xC3\xB6ted");
    assert_true(gs3_yaml_get(root, "b")->is_quoted);
    assert_true(root->keys[1]->is_quoted);
    const struct gs3_yaml_node *list = gs3_yaml_get(root, "c");
    assert_int_equal(list->kind, GS3_YAML_SEQUENCE);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->items[1]->line, 6);
    assert_int_equal(list->items[1]->column, 5);
    assert_int_equal(gs3_yaml_get(list->items[1], "z")->count, 0);
    assert_string_equal(gs3_yaml_get(root, "d")->text, "two\nlines\n");
    assert_true(gs3_yaml_get(root, "d")->is_quoted);
    assert_string_equal(gs3_yaml_get(root, "e")->text, "folded text");
    assert_string_equal(gs3_yaml_get(root, "f")->text, "");
    assert_null(gs3_yaml_get(root, "g"));
    assert_null(gs3_yaml_get(list, "a"));
    gs3_yaml_free(root);
    gs3_yaml_free(NULL);
}

static void yaml_forbidden_is_refused_with_place_and_hint(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a: &x 1\n",
         "p.yaml:1:4: anchors are not allowed: write the value out, or use a template"},
        {"a: [&x 1]\n", "p.yaml:1:5: anchors"},
        {"&x a: 1\n", "p.yaml:1:1: anchors"},
        {"a: *x\n", "p.yaml:1:4: aliases are not allowed"},
        {"a: !!str 1\n", "p.yaml:1:4: tags are not allowed"},
        {"a: !x 1\n", "p.yaml:1:4: tags"},
        {"a: ! 1\n", "p.yaml:1:4: tags"},
        {"a: ! \"1\"\n", "p.yaml:1:4: tags"},
        {"a: !<tag:yaml.org,2002:str> b\n", "p.yaml:1:4: tags"},
        {"b: 1\na:\n  <<: {c: d}\n", "p.yaml:3:3: merge keys are not allowed"},
        {"%YAML 1.1\n---\na: 1\n", "p.yaml:1:1: directives are not allowed"},
        {"%TAG ! x:\n---\na: 1\n", "p.yaml:1:1: directives"},
        {"a: 1\n---\nb: 2\n", "p.yaml:2:1: a second document is not allowed"},
        {"a: 1\n...\n---\nb: 2\n", "a second document"},
        {"a: 1\nb: 2\na: 3\n", "p.yaml:3:1: duplicate key \"a\", first on line 1"},
        {"x: {a: 1, \"a\": 2}\n", "p.yaml:1:11: duplicate key \"a\", first on line 1"},
        {"[a]: b\n", "a key must be a plain word"},
        {"{a: b}: c\n", "a key must be a plain word"},
        {"? a\n: b\n", "explicit keys (?) are not allowed"},
        {"", "the file holds nothing"},
        {"# only a comment\n", "the file holds nothing"},
        {"\xEF\xBB\xBF"
         "a: 1\n",
         "p.yaml:1:1: a byte order mark"},
        {"a: \xFF\n", "p.yaml:1:4: not UTF-8"},
        {"a: \xC0\xAF\n", "p.yaml:1:4: not UTF-8"},
        {"a: \xED\xA0\x80\n", "p.yaml:1:4: not UTF-8"},
        {"a: b\x01\n", "p.yaml:1:5: a control"},
        {"a: b\x7F\n", "p.yaml:1:5: a control"},
        {"a: \xE2\x80\xAE"
         "b\n",
         "p.yaml:1:4: a control or text direction character"},
        {"# \xE2\x81\xA6 in a comment\na: b\n", "p.yaml:1:3: a control or text direction"},
        {"a: b\xC2\x85"
         "c: d\n",
         "p.yaml:1:5: a control"},
        {"a: b\xE2\x80\xA8"
         "c: d\n",
         "p.yaml:1:5: a control"},
        {"a: \"b\\0c\"\n", "p.yaml:1:4: an escape makes a control"},
        {"a: \"b\\x1bc\"\n", "an escape makes a control"},
        {"a: \"\\u202e\"\n", "an escape makes a control"},
        {"\"a\\0\": b\n", "p.yaml:1:1: an escape makes a control"},
        {"a: b\rc: d\n", "p.yaml:1:5: a lone carriage return"},
        {"a:\n\tb: c\n", "p.yaml:2:1: a tab in the indentation"},
        {"a:\n  \tb: c\n", "p.yaml:2:3: a tab in the indentation"},
        {"a: b\n  c\n", "p.yaml:1:4: a value over more than one line"},
        {"a: \"b\n  c\"\n", "p.yaml:1:4: a value over more than one line"},
        {"a: 'b\n  c'\n", "p.yaml:1:4: a value over more than one line"},
        {"a: [b,\nc]\n", "p.yaml:2:1: a line inside brackets must be indented deeper"},
        {"a: [b\n]\n", "p.yaml:2:1: a line inside brackets"},
        {"a: \"b\"#c\n", "p.yaml:1:7: a comment needs a space"},
        {"a: [b]#c\n", "p.yaml:1:7: a comment needs a space"},
        {"a: [b,#c\n  d]\n", "p.yaml:1:7: a comment needs a space"},
        {"a: >#c\n  d\n", "a comment needs a space"},
        {"a: [-]\n", "p.yaml:1:5: a lone - between brackets"},
        {"a: |\n    \n  b\n", "a blank line in front of the text is indented deeper"},
        {"a: b: c\n", "p.yaml:1:5: mapping values are not allowed in this context: check the "
                      "indentation"},
        {"a: [b\n", "p.yaml:2:1: did not find expected ',' or ']'"},
        {"a: \"b\n", "found unexpected end of stream: close the quote"},
        {"a: \"\\d\"\n", "found unknown escape character: use single quotes"},
        {"a: @b\n", "found character that cannot start any token: quote the value"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        refuses(cases[i].text, strlen(cases[i].text), cases[i].message);
    refuses("a: b\0c\n", 7, "p.yaml:1:5: a control");
    refuses("\xFF\xFE"
            "a\0",
            4, "p.yaml:1:1: not UTF-8");
}

static void yaml_near_the_forbidden_is_read(void **state)
{
    static const char *const cases[] = {
        "a: b#c\n",
        "a: '!x'\n",
        "a: '&x'\n",
        "a: '*'\n",
        "a: \"<<\"\n",
        "a:\n- b\n",
        "a: [b,\n  c]\n",
        "a: [\n  b,\n ]\n",
        "a: |  # comment\n  b\n",
        "a: -1\n",
        "a: {b: [], c: {}}",
        "a: \"tab\\there\"\n",
        "a:\tb\n",
        "a: \xF0\x9F\x98\x80 # \xC3\xA4\n",
        "plain",
        "[a, b]\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        struct gs3_yaml_node *node = parse(cases[i], strlen(cases[i]), &err);
        if (!node)
            fail_msg("%s", err.message);
        gs3_yaml_free(node);
    }
}

static void repeat(struct gs3_buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(gs3_buf_puts(out, text), 0);
}

static void yaml_depth_of_32_is_read_and_33_refused(void **state)
{
    (void)state;
    for (size_t depth = 31; depth <= 34; depth++) {
        struct gs3_err err = GS3_ERR_INIT;
        gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1000);
        repeat(&text, "[", depth);
        repeat(&text, "]", depth);
        struct gs3_yaml_node *node = parse(text.data, text.length_bytes, &err);
        assert_int_equal(node != NULL, depth <= GS3_YAML_DEPTH);
        if (!node)
            assert_non_null(strstr(err.message, "p.yaml:1:33: nested more than 32 levels"));
        gs3_yaml_free(node);
    }
}

/* Sequences at their key's own indentation open no block of their own for the scanner. */
static void yaml_depth_counts_sequences_without_indentation(void **state)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(20000);
    (void)state;
    gs3_buf_puts(&text, "a:\n");
    for (size_t level = 0; level < 16; level++) {
        repeat(&text, " ", 2 * level);
        gs3_buf_puts(&text, "- a:\n");
    }
    refuses(text.data, text.length_bytes, "nested more than 32 levels");
}

static double seconds_of(const char *text, size_t length, const char *message)
{
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    refuses(text, length, message);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void yaml_many_levels_and_anchors_are_refused_in_milliseconds(void **state)
{
    static const struct {
        const char *unit;
        size_t count;
        const char *message;
    } cases[] = {
        {"[", 40000, "nested more than 32"},
        {"{", 40000, "nested more than 32"},
        {"- ", 30000, "nested more than 32"},
        {"[\n ", 20000, "nested more than 32"},
        {"{a: ", 15000, "nested more than 32"},
        {"- &a b\n", 9000, "anchors"},
        {"- &a b\n", 40000, "larger than 64 KiB"},
        {"[", 80000, "larger than 64 KiB"},
        {"? ", 30000, "explicit keys"},
        {"*a ", 20000, "aliases"},
        {"!a ", 20000, "tags"},
        {"a: 1\n", 13000, "duplicate key"},
        {"\"", 65535, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1 << 20);
        repeat(&text, cases[i].unit, cases[i].count);
        double seconds = seconds_of(text.data, text.length_bytes, cases[i].message);
        /* Milliseconds in a plain build; the sanitizers cost an order of magnitude. */
        if (seconds > 0.25)
            fail_msg("case %zu took %.3f s", i, seconds);
    }
}

static void yaml_size_of_64_kib_is_read_and_one_more_refused(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_YAML_BYTES + 1);
    (void)state;
    repeat(&text, "# 34567\n", GS3_YAML_BYTES / 8 - 1);
    repeat(&text, "a: 1234\n", 1);
    assert_int_equal(text.length_bytes, GS3_YAML_BYTES);
    struct gs3_yaml_node *node = parse(text.data, text.length_bytes, &err);
    assert_non_null(node);
    gs3_yaml_free(node);
    gs3_buf_putc(&text, '\n');
    refuses(text.data, text.length_bytes, "p.yaml: larger than 64 KiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_tree_has_text_quotes_and_places),
        cmocka_unit_test(yaml_forbidden_is_refused_with_place_and_hint),
        cmocka_unit_test(yaml_near_the_forbidden_is_read),
        cmocka_unit_test(yaml_depth_of_32_is_read_and_33_refused),
        cmocka_unit_test(yaml_depth_counts_sequences_without_indentation),
        cmocka_unit_test(yaml_many_levels_and_anchors_are_refused_in_milliseconds),
        cmocka_unit_test(yaml_size_of_64_kib_is_read_and_one_more_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
