/* XML answers: leaves in order, hostile documents refused, escaping that reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "text/xml.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Parses a copy that ends where its allocation ends; "root path=text|path=text|". */
static char *flatten(const char *data, size_t length, struct gs3_err *err)
{
    gs3_auto_free char *copy = gs3_xmalloc(length);
    gs3_auto_free char *root = NULL;
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(4096);
    memcpy(copy, data, length);
    if (gs3_xml_parse(copy, length, &root, &leaves, err)) {
        assert_null(root);
        assert_int_equal(leaves.count, 0);
        return NULL;
    }
    gs3_buf_printf(&out, "%s ", root);
    for (size_t i = 0; i < leaves.count; i++)
        gs3_buf_printf(&out, "%s=%s|", leaves.items[i].name, leaves.items[i].value);
    return gs3_buf_take(&out);
}

static void xml_parse_good_text_gives_leaves(void **state)
{
    static const struct {
        const char *text;
        const char *leaves;
    } cases[] = {
        {"<a/>", "a a=|"},
        {"<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu</"
         "LocationConstraint>",
         "LocationConstraint LocationConstraint=eu|"},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>"
         "<Message>The &lt;key&gt; &#233;&amp;&#x20AC;</Message><Key/></Error>\n",
         "Error Error/Code=NoSuchKey|Error/Message=The <key> \xC3\xA9&\xE2\x82\xAC|Error/Key=|"},
        {" \r\n\t<?xml version=\"1.0\"?><R><E>1</E></R>", "R R/E=1|"},
        {"<l><c><k>a</k><s>1</s></c><c><k>b</k><s>2</s></c></l>",
         "l l/c/k=a|l/c/s=1|l/c/k=b|l/c/s=2|"},
        {"<x:a xmlns:x=\"u\"><x:b> keep  space </x:b></x:a>", "a a/b= keep  space |"},
        {"<a>mixed<b>leaf</b>text</a>", "a a/b=leaf|"},
        {"<a><![CDATA[<x>&]]></a>", "a a=<x>&|"},
        {"<a x=\"1\"><!-- note --><?pi?>t</a>", "a a=t|"},
        {"\xEF\xBB\xBF<a>bom</a>", "a a=bom|"},
        {"<a>one<b/>two</a>", "a a/b=|"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        gs3_auto_free char *leaves = flatten(cases[i].text, strlen(cases[i].text), &err);
        assert_string_equal(err.message, "");
        assert_string_equal(leaves, cases[i].leaves);
    }
}

static void xml_parse_bad_text_says_where_and_what(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "line 1, column 1: no document"},
        {" \n", "line 1, column 1: no document"},
        {"text", "line 1, column 1: syntax error"},
        {"<a><b></a>", "line 1, column 9: mismatched tag"},
        {"<a>\n<b>x</b>", "line 2, column 9: no element found"},
        {"<a/><b/>", "line 1, column 5: junk after document element"},
        {"<a>&nbsp;</a>", "line 1, column 4: undefined entity"},
        {"<a>&#1;</a>", "line 1, column 4: reference to invalid character number"},
        {"<a>\x01</a>", "line 1, column 4: not well-formed (invalid token)"},
        {"<a>\xC3(</a>", "line 1, column 4: not well-formed (invalid token)"},
        {"<a x='1' x='2'/>", "line 1, column 10: duplicate attribute"},
        {"<p:a/>", "line 1, column 1: unbound prefix"},
        {"<!DOCTYPE a><a/>", "line 1, column 12: a document type is not accepted"},
        {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
         "line 1, column 40: a document type is not accepted"},
        {"<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>",
         "line 1, column 13: a document type is not accepted"},
        {"<!ENTITY b \"c\"><a/>", "line 1, column 1: syntax error"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        assert_null(flatten(cases[i].text, strlen(cases[i].text), &err));
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.class, GS3_EINVALID);
    }
    assert_null(flatten("<a>\0</a>", 8, NULL));
    assert_null(flatten("<\0a\0/\0>\0", 8, NULL)); /* UTF-16 */
}

static void xml_parse_every_cut_is_refused(void **state)
{
    static const char text[] = "<?xml version=\"1.0\"?><Error><Code>A&amp;B</Code><M/></Error>";
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++)
        assert_null(flatten(text, length, NULL));
    gs3_auto_free char *leaves = flatten(text, sizeof text - 1, NULL);
    assert_string_equal(leaves, "Error Error/Code=A&B|Error/M=|");
}

static void repeat(struct gs3_buf *out, const char *text, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(gs3_buf_puts(out, text), 0);
}

static void xml_parse_depth_32_is_the_last(void **state)
{
    static const struct {
        int depth;
        bool is_good;
    } cases[] = {{GS3_XML_DEPTH, true}, {GS3_XML_DEPTH + 1, false}, {40000, false}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct gs3_err err = GS3_ERR_INIT;
        gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_XML_BYTES);
        repeat(&text, "<a>", cases[i].depth);
        repeat(&text, "</a>", cases[i].depth);
        gs3_auto_free char *leaves = flatten(text.data, text.length_bytes, &err);
        assert_int_equal(leaves != NULL, cases[i].is_good);
        if (!cases[i].is_good)
            assert_non_null(strstr(err.message, ": nested too deeply"));
    }
}

static void xml_parse_leaves_are_bounded(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_XML_BYTES);
    gs3_auto_free char *root = NULL;
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    (void)state;
    repeat(&text, "<r>", 1);
    repeat(&text, "<a/>", GS3_XML_LEAVES);
    size_t whole = text.length_bytes;
    repeat(&text, "</r>", 1);
    assert_int_equal(gs3_xml_parse(text.data, text.length_bytes, &root, &leaves, &err), 0);
    assert_int_equal(leaves.count, GS3_XML_LEAVES);
    text.length_bytes = whole;
    repeat(&text, "<a/></r>", 1);
    assert_null(flatten(text.data, text.length_bytes, &err));
    assert_non_null(strstr(err.message, ": too many elements"));
}

/* A long name once and 20,000 leaves below it would be gigabytes of paths. */
static void xml_parse_long_names_are_refused(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_XML_BYTES);
    (void)state;
    assert_int_equal(gs3_buf_printf(&text, "<%0500000d", 1), 0);
    memset(text.data + 1, 'n', 500000);
    repeat(&text, "><a/>", 1);
    repeat(&text, "<a/>", 1000);
    assert_null(flatten(text.data, text.length_bytes, &err));
    assert_non_null(strstr(err.message, ": element names too long"));
}

static void xml_parse_over_1_mib_is_refused(void **state)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_XML_BYTES + 1);
    (void)state;
    assert_int_equal(gs3_buf_printf(&text, "<a/>%*s", GS3_XML_BYTES - 4, ""), 0);
    gs3_auto_free char *leaves = flatten(text.data, text.length_bytes, &err);
    assert_non_null(leaves);
    repeat(&text, " ", 1);
    assert_null(flatten(text.data, text.length_bytes, &err));
    assert_string_equal(err.message, "line 1, column 1: document over 1 MiB");
}

static void xml_parse_appends_to_the_leaves(void **state)
{
    gs3_auto_free char *root = NULL;
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    (void)state;
    gs3_pairs_add(&leaves, "before", "1");
    assert_int_equal(gs3_xml_parse("<a>x", 4, &root, &leaves, NULL), -1);
    assert_int_equal(leaves.count, 1);
    assert_int_equal(gs3_xml_parse("<a>x</a>", 8, &root, &leaves, NULL), 0);
    assert_int_equal(leaves.count, 2);
    assert_string_equal(gs3_pairs_get(&leaves, "A"), "x");
}

static void xml_append_escaped_reads_back(void **state)
{
    static const struct {
        const char *text;
        const char *escaped; /* NULL: XML cannot carry it */
    } cases[] = {
        {"", ""},
        {"a<b>&\"'c", "a&lt;b&gt;&amp;&quot;&apos;c"},
        {"]]>", "]]&gt;"},
        {"\r\n\t", "&#13;&#10;&#9;"},
        {"\x7F\xC2\x85", "&#127;&#133;"},
        {"caf\xC3\xA9 \xF0\x9F\x98\x80", "caf\xC3\xA9 \xF0\x9F\x98\x80"},
        {"\x01", NULL},
        {"\x1B", NULL},
        {"\xFF", NULL},
        {"\xED\xA0\x80", NULL},
        {"\xEF\xBF\xBE", NULL},
        {"\xEF\xBF\xBF", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_int_equal(gs3_xml_append_escaped(&out, cases[i].text), cases[i].escaped ? 0 : -1);
        if (!cases[i].escaped)
            continue;
        assert_string_equal(gs3_buf_string(&out), cases[i].escaped);
        gs3_auto_free char *document = gs3_xasprintf("<k>%s</k>", gs3_buf_string(&out));
        gs3_auto_free char *leaves = flatten(document, strlen(document), NULL);
        gs3_auto_free char *expected = gs3_xasprintf("k k=%s|", cases[i].text);
        assert_string_equal(leaves, expected);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(3);
    assert_int_equal(gs3_xml_append_escaped(&small, "&"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_parse_good_text_gives_leaves),
        cmocka_unit_test(xml_parse_bad_text_says_where_and_what),
        cmocka_unit_test(xml_parse_every_cut_is_refused),
        cmocka_unit_test(xml_parse_depth_32_is_the_last),
        cmocka_unit_test(xml_parse_leaves_are_bounded),
        cmocka_unit_test(xml_parse_long_names_are_refused),
        cmocka_unit_test(xml_parse_over_1_mib_is_refused),
        cmocka_unit_test(xml_parse_appends_to_the_leaves),
        cmocka_unit_test(xml_append_escaped_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
