/* The scanner of listings: what it takes, what it refuses, and that it reads as expat does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "s3/list_scan.h"
#include "text/xml.h"

#define LIST(inside)                                                                               \
    "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\">" inside "</ListBucketResult>"
#define ENTRY(key, size)                                                                           \
    "<Contents><Key>" key "</Key><LastModified>2026-11-21T03:22:20.000Z</LastModified>"            \
    "<ETag>&quot;e1&quot;</ETag><Size>" size "</Size><StorageClass>STANDARD</StorageClass>"        \
    "</Contents>"
#define URL "<EncodingType>url</EncodingType>"

struct keys {
    char text[512];
    size_t count;
    size_t refuse_at; /* from 1; 0: none */
};

static int add_key(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    struct keys *keys = context;
    size_t length = strlen(keys->text);
    snprintf(keys->text + length, sizeof keys->text - length, "%s=%llu;", entry->key,
             (unsigned long long)entry->size_bytes);
    assert_string_equal(entry->etag, "\"e1\"");
    assert_int_equal(entry->last_modified_s, 1795231340);
    assert_string_equal(entry->storage_class, "STANDARD");
    keys->count++;
    return keys->count == keys->refuse_at ? gs3_fail(err, GS3_EGENERAL, "enough") : 0;
}

/* Reads `text` in pieces of `piece` bytes. */
static int scan_in_pieces(const char *text, size_t piece, struct gs3_list_scan *scan,
                          struct keys *keys, struct gs3_err *err)
{
    *keys = (struct keys){.count = 0};
    gs3_list_scan_init(scan, add_key, keys);
    for (size_t done = 0, length = strlen(text); done < length; done += piece)
        if (gs3_list_scan_write(scan, text + done, length - done < piece ? length - done : piece,
                                err))
            return -1;
    return gs3_list_scan_finish(scan, err);
}

static void scan_reads_the_same_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char text[] =
        LIST(URL "<Name>b</Name><Prefix/><IsTruncated>true</IsTruncated>" ENTRY("a%20b", "1")
                 ENTRY("c&amp;d%2F%C3%A9",
                       "18446744073709") "<CommonPrefixes><Prefix>x/</Prefix>"
                                         "</CommonPrefixes><NextContinuationToken>t&lt;1</"
                                         "NextContinuationToken>") "\n";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct gs3_list_scan scan;
        struct keys keys;
        struct gs3_err err = GS3_ERR_INIT;
        if (scan_in_pieces(text, piece, &scan, &keys, &err))
            fail_msg("pieces of %zu: %s", piece, err.message);
        assert_string_equal(keys.text, "a b=1;c&d/\xC3\xA9=18446744073709;");
        assert_true(scan.is_truncated);
        assert_string_equal(gs3_buf_string(&scan.next_token), "t<1");
        gs3_list_scan_release(&scan);
    }
}

static void scan_refuses_what_is_no_listing(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "<html></html>",
        "text",
        "<Error><Code>x</Code></Error>",
        "<ListBucketResult>",
        LIST(ENTRY("a", "1")) "<x/>",
        LIST(ENTRY("a", "1")) "x",
        "<!DOCTYPE a><ListBucketResult/>",
        LIST("<!-- -->"),
        LIST("<![CDATA[x]]>"),
        LIST("<?pi?>"),
        LIST(ENTRY("a", "-1")),
        LIST(ENTRY("a", "1x")),
        LIST(ENTRY("", "1")),
        LIST("<Contents><Size>1</Size></Contents>"),
        LIST("<Contents><Key>a</Key></Contents>"),
        LIST(URL ENTRY("a%2", "1")),
        LIST(URL ENTRY("a%00", "1")),
        LIST(ENTRY("a%4", "1") URL),
        LIST(URL URL ENTRY("a", "1")),
        LIST("<IsTruncated>perhaps</IsTruncated>"),
        LIST(ENTRY("a", "1") "<NextContinuationToken>t</NextContinuationToken>"),
        LIST("<Contents><Key>a</Key><Key>b</Key><Size>1</Size></Contents>"),
        LIST("<Contents><Key>a</Key><Size>1</Size><Size>2</Size></Contents>"),
        LIST("<Contents><Key>a<b/></Key><Size>1</Size></Contents>"),
        LIST("<x:Contents><Key>a</Key><Size>1</Size></x:Contents>"),
        LIST("<Contents><Key a=\">b\">c</Key><Size>1</Size></Contents>"),
        LIST("<a></b>"),
        LIST("</a>"),
        LIST("<a><a><a><a><a><a><a><a><a>"),
        LIST("&bogus;"),
        LIST("&#0;"),
        LIST("<>"),
        LIST("<IsTruncated>true</IsTruncated>"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_list_scan scan;
        struct keys keys;
        struct gs3_err err = GS3_ERR_INIT;
        if (scan_in_pieces(cases[i], 7, &scan, &keys, &err) == 0)
            fail_msg("accepted: %s", cases[i]);
        assert_int_equal(err.class, GS3_EINVALID);
        gs3_list_scan_release(&scan);
    }
}

static void scan_of_a_long_field_is_bounded(void **state)
{
    (void)state;
    gs3_auto_free char *key = gs3_xmalloc(100 * 1024);
    memset(key, 'k', 100 * 1024 - 1);
    key[100 * 1024 - 1] = '\0';
    gs3_auto_free char *text = gs3_xasprintf("<ListBucketResult><Contents><Key>%s</Key>", key);
    struct gs3_list_scan scan;
    struct keys keys;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(scan_in_pieces(text, 1000, &scan, &keys, &err), -1);
    gs3_list_scan_release(&scan);
}

static void scan_again_hands_no_key_out_twice(void **state)
{
    (void)state;
    static const char whole[] = LIST(URL ENTRY("a", "1") ENTRY("b", "2") ENTRY("c", "3"));
    static const char other[] = LIST(URL ENTRY("a", "1") ENTRY("x", "2") ENTRY("c", "3"));
    const char *half = strstr(whole, "<Key>c");
    struct gs3_list_scan scan;
    struct keys keys = {.count = 0};
    struct gs3_err err = GS3_ERR_INIT;
    gs3_list_scan_init(&scan, add_key, &keys);
    assert_int_equal(gs3_list_scan_write(&scan, whole, (size_t)(half - whole), &err), 0);
    gs3_list_scan_reset(&scan);
    assert_int_equal(gs3_list_scan_write(&scan, whole, strlen(whole), &err), 0);
    assert_int_equal(gs3_list_scan_finish(&scan, &err), 0);
    assert_string_equal(keys.text, "a=1;b=2;c=3;");
    gs3_list_scan_reset(&scan);
    scan.delivered = 2;
    gs3_buf_clear(&scan.last);
    gs3_buf_puts(&scan.last, "b");
    assert_int_equal(gs3_list_scan_write(&scan, other, strlen(other), &err), -1);
    assert_int_equal(err.class, GS3_ETRANSIENT);
    gs3_list_scan_release(&scan);
}

static void scan_with_a_nul_is_refused(void **state)
{
    (void)state;
    static const char text[] = LIST(URL ENTRY("a\0b", "1"));
    struct gs3_list_scan scan;
    struct keys keys = {.count = 0};
    struct gs3_err err = GS3_ERR_INIT;
    gs3_list_scan_init(&scan, add_key, &keys);
    assert_int_equal(gs3_list_scan_write(&scan, text, sizeof text - 1, &err), -1);
    assert_int_equal(keys.count, 0);
    gs3_list_scan_release(&scan);
}

static void scan_that_the_caller_ends_says_why(void **state)
{
    (void)state;
    static const char text[] = LIST(URL ENTRY("a", "1") ENTRY("b", "2") ENTRY("c", "3"));
    struct gs3_list_scan scan;
    struct keys keys = {.refuse_at = 2};
    struct gs3_err err = GS3_ERR_INIT;
    gs3_list_scan_init(&scan, add_key, &keys);
    assert_int_equal(gs3_list_scan_write(&scan, text, strlen(text), &err), -1);
    assert_string_equal(err.message, "enough");
    assert_string_equal(keys.text, "a=1;b=2;");
    gs3_list_scan_release(&scan);
}

/* A key that is read wrong is another object: a plus is a space only where keys are encoded, and
 * whether they are may be said before the first key, after the last, or not at all. */
static void scan_decodes_keys_as_the_store_wrote_them(void **state)
{
    (void)state;
    static const struct {
        const char *text, *keys;
    } cases[] = {
        {LIST(URL ENTRY("a+b", "1") ENTRY("a%2Bb", "2") ENTRY("a%20b", "3") ENTRY("1%25", "4")),
         "a b=1;a+b=2;a b=3;1%=4;"},
        {LIST(ENTRY("a+b", "1") ENTRY("a%2Bb", "2")), "a+b=1;a%2Bb=2;"},
        {LIST(ENTRY("0", "1") ENTRY("a+b", "2") ENTRY("c", "3") ENTRY("d%3D", "4") URL),
         "0=1;a b=2;c=3;d==4;"},
        {LIST("<EncodingType>none</EncodingType>" ENTRY("a+%", "1")), "a+%=1;"},
        {LIST(ENTRY("a+%", "1") "<EncodingType/>"), "a+%=1;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gs3_list_scan scan;
        struct keys keys;
        struct gs3_err err = GS3_ERR_INIT;
        if (scan_in_pieces(cases[i].text, 5, &scan, &keys, &err))
            fail_msg("case %zu: %s", i, err.message);
        assert_string_equal(keys.text, cases[i].keys);
        assert_int_equal(scan.count, keys.count);
        gs3_list_scan_release(&scan);
    }
}

static void scan_again_forgets_what_it_held(void **state)
{
    (void)state;
    static const char whole[] = LIST(ENTRY("a", "1") ENTRY("b+", "2") ENTRY("c", "3") URL);
    struct gs3_list_scan scan;
    struct keys keys = {.count = 0};
    struct gs3_err err = GS3_ERR_INIT;
    gs3_list_scan_init(&scan, add_key, &keys);
    for (size_t cut = 0; cut < strlen(whole) - 20; cut += 11) {
        assert_int_equal(gs3_list_scan_write(&scan, whole, cut, &err), 0);
        gs3_list_scan_reset(&scan);
    }
    assert_int_equal(gs3_list_scan_write(&scan, whole, strlen(whole), &err), 0);
    assert_int_equal(gs3_list_scan_finish(&scan, &err), 0);
    assert_string_equal(keys.text, "a=1;b =2;c=3;");
    gs3_list_scan_release(&scan);
}

/* Every byte that a key may hold, once raw (escaped as XML wants it) and once encoded as AWS does
 * it, read here and by expat. */
enum { PAGE_KEYS = 1000, KEY_TEXT_BYTES = 64 };

struct drawn {
    char keys[PAGE_KEYS][KEY_TEXT_BYTES];
    size_t next;
};

static int compare_key(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    (void)err;
    struct drawn *drawn = context;
    assert_true(drawn->next < PAGE_KEYS);
    assert_string_equal(entry->key, drawn->keys[drawn->next]);
    assert_int_equal(entry->size_bytes, drawn->next);
    drawn->next++;
    return 0;
}

static void draw_keys(struct drawn *drawn, uint32_t *seed)
{
    static const char *const pieces[] = {"a",
                                         "/",
                                         " ",
                                         "+",
                                         "%",
                                         "&",
                                         "<",
                                         ">",
                                         "\"",
                                         "'",
                                         "=",
                                         "?",
                                         "#",
                                         ";",
                                         "\xC3\xA9",
                                         "%2B",
                                         "]]>",
                                         ".",
                                         "//",
                                         "~",
                                         "*",
                                         "&amp;",
                                         "\xF0\x9F\x98\x80",
                                         "\t"};
    for (size_t i = 0; i < PAGE_KEYS; i++) {
        drawn->keys[i][0] = '\0';
        for (size_t j = 0; j < 1 + i % 12; j++) {
            *seed = *seed * 1664525U + 1013904223U;
            const char *piece = pieces[(*seed >> 16) % (sizeof pieces / sizeof *pieces)];
            strncat(drawn->keys[i], piece, KEY_TEXT_BYTES - 1 - strlen(drawn->keys[i]));
        }
    }
}

static void append_form_encoded(struct gs3_buf *out, const char *key)
{
    for (; *key; key++)
        if (*key == ' ')
            gs3_buf_putc(out, '+');
        else if (strchr("ABCabc/.-_*", *key))
            gs3_buf_putc(out, *key);
        else
            gs3_buf_printf(out, "%%%02X", (unsigned char)*key);
}

static void write_page(struct gs3_buf *page, const struct drawn *drawn, bool is_encoded)
{
    gs3_buf_puts(page, "<ListBucketResult>");
    if (is_encoded)
        gs3_buf_puts(page, URL);
    for (size_t i = 0; i < PAGE_KEYS; i++) {
        gs3_buf_puts(page, "<Contents><Key>");
        if (is_encoded)
            append_form_encoded(page, drawn->keys[i]);
        else
            assert_int_equal(gs3_xml_append_escaped(page, drawn->keys[i]), 0);
        gs3_buf_printf(page, "</Key><Size>%zu</Size></Contents>", i);
    }
    assert_int_equal(gs3_buf_puts(page, "</ListBucketResult>"), 0);
}

static void check_with_expat(const struct gs3_buf *page, const struct drawn *drawn)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    size_t next = 0;
    assert_int_equal(gs3_xml_parse(page->data, page->length_bytes, &root, &leaves, NULL), 0);
    for (size_t i = 0; i < leaves.count; i++)
        if (strcmp(leaves.items[i].name, "ListBucketResult/Contents/Key") == 0)
            assert_string_equal(leaves.items[i].value, drawn->keys[next++]);
    assert_int_equal(next, PAGE_KEYS);
}

static void scan_reads_what_expat_reads(void **state)
{
    (void)state;
    static struct drawn drawn;
    uint32_t seed = 1;
    for (size_t round = 0; round < 20; round++) {
        gs3_auto_buf struct gs3_buf page = GS3_BUF_INIT(1 << 20);
        bool is_encoded = round % 2 == 0;
        struct gs3_list_scan scan;
        struct gs3_err err = GS3_ERR_INIT;
        draw_keys(&drawn, &seed);
        write_page(&page, &drawn, is_encoded);
        if (!is_encoded)
            check_with_expat(&page, &drawn);
        drawn.next = 0;
        gs3_list_scan_init(&scan, compare_key, &drawn);
        for (size_t done = 0, piece = 1 + round * 997; done < page.length_bytes; done += piece) {
            size_t left = page.length_bytes - done;
            if (gs3_list_scan_write(&scan, page.data + done, left < piece ? left : piece, &err))
                fail_msg("round %zu: %s", round, err.message);
        }
        assert_int_equal(gs3_list_scan_finish(&scan, &err), 0);
        assert_int_equal(drawn.next, PAGE_KEYS);
        gs3_list_scan_release(&scan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_reads_the_same_in_pieces_of_any_size),
        cmocka_unit_test(scan_refuses_what_is_no_listing),
        cmocka_unit_test(scan_of_a_long_field_is_bounded),
        cmocka_unit_test(scan_with_a_nul_is_refused),
        cmocka_unit_test(scan_that_the_caller_ends_says_why),
        cmocka_unit_test(scan_again_hands_no_key_out_twice),
        cmocka_unit_test(scan_again_forgets_what_it_held),
        cmocka_unit_test(scan_decodes_keys_as_the_store_wrote_them),
        cmocka_unit_test(scan_reads_what_expat_reads),
    };
    return cmocka_run_group_tests_name("s3/list_scan", tests, NULL, NULL);
}
