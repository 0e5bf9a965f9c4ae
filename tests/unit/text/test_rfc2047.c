/* RFC 2047: encoded words written and read; the examples of its section 8 among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/rfc2047.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void rfc2047_encode_plain_text_stays(void **state)
{
    static const char *const cases[] = {
        "",
        "CHG0030001",
        "two  words ~",
        "=?",
        "?=",
        "=?UTF-8?",
        "=?UTF-8?X?YQ==?=",
        "=?UTF-8?Q?open",
        "a = b? c =? d ?=",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_false(gs3_rfc2047_is_encoded(cases[i]));
        assert_int_equal(gs3_rfc2047_encode(&out, cases[i]), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i]);
    }
}

/* Expected words computed with Python's base64. */
static void rfc2047_encode_other_text_becomes_words(void **state)
{
    static const struct {
        const char *text;
        const char *encoded;
    } cases[] = {
        {"\xC3\xA9", "=?UTF-8?B?w6k=?="},
        {"M\xC3\xBCnchen", "=?UTF-8?B?TcO8bmNoZW4=?="},
        {"=?UTF-8?Q?a?=", "=?UTF-8?B?PT9VVEYtOD9RP2E/PQ==?="},
        {"x =?a?b?c?= y", "=?UTF-8?B?eCA9P2E/Yj9jPz0geQ==?="},
        /* 44 bytes and then one character of two: it goes to the second word whole. */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA9",
         "=?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=?= "
         "=?UTF-8?B?w6k=?="},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(512);
        gs3_auto_buf struct gs3_buf back = GS3_BUF_INIT(512);
        assert_int_equal(gs3_rfc2047_encode(&out, cases[i].text), 0);
        assert_string_equal(gs3_buf_string(&out), cases[i].encoded);
        assert_true(gs3_rfc2047_is_encoded(gs3_buf_string(&out)));
        assert_int_equal(gs3_rfc2047_decode(&back, gs3_buf_string(&out)), 0);
        assert_string_equal(gs3_buf_string(&back), cases[i].text);
    }
}

static void rfc2047_encode_unfit_text_is_refused(void **state)
{
    static const char *const cases[] = {
        "a\nb", "a\tb", "\x1B", "\x7F", "\xC2\x85", "\xFF", "\xC3", "\xED\xA0\x80",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        assert_int_equal(gs3_rfc2047_encode(&out, cases[i]), -1);
        assert_int_equal(out.length_bytes, 0);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(15);
    assert_int_equal(gs3_rfc2047_encode(&small, "\xC3\xA9"), -1);
}

/* Texts of every length and width of character: no word over 75, none cuts a character. */
static void rfc2047_encode_words_are_whole_and_short(void **state)
{
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    (void)state;
    for (size_t width = 1; width <= 4; width++)
        for (int count = 1; count < 100; count++) {
            gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1024);
            gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(4096);
            gs3_auto_buf struct gs3_buf back = GS3_BUF_INIT(1024);
            gs3_buf_puts(&text, "\xC3\xA9"); /* so that it is encoded at all */
            for (int i = 0; i < count; i++)
                gs3_buf_puts(&text, characters[width - 1]);
            assert_int_equal(gs3_rfc2047_encode(&out, text.data), 0);
            assert_int_equal(gs3_rfc2047_decode(&back, out.data), 0);
            assert_string_equal(back.data, text.data);
            char *rest = NULL;
            for (char *word = strtok_r(out.data, " ", &rest); word;
                 word = strtok_r(NULL, " ", &rest)) {
                gs3_auto_buf struct gs3_buf one = GS3_BUF_INIT(256);
                assert_true(strlen(word) <= 75);
                assert_int_equal(gs3_rfc2047_decode(&one, word), 0);
            }
        }
}

static void rfc2047_decode_words_and_text(void **state)
{
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {"plain text", "plain text"},
        {"=?ISO-8859-1?Q?a?=", "a"},
        {"=?ISO-8859-1?Q?a?= b", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a?=  \t\r\n =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a_b?=", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?_b?=", "a b"},
        {"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xC3\xB8rn Simonsen"},
        {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"},
        {"=?US-ASCII?Q?Keith_Moore?= x", "Keith Moore x"},
        {"=?utf-8?b?w6k=?=", "\xC3\xA9"},
        {"=?UTF-8*de?Q?gr=C3=BCn?=", "gr\xC3\xBCn"},
        {"a =?UTF-8?Q?=C3=A9?= b =?UTF-8?Q?c?= =?UTF-8?Q?d?=", "a \xC3\xA9 b cd"},
        {"=?UTF-8?B?w6?= =?UTF-8?B?k=?=", NULL},
        {"=?UTF-8?B?ww==?= =?UTF-8?B?qQ==?=", "\xC3\xA9"}, /* cut between two words */
        {"=?UTF-8?B?ww==?= x =?UTF-8?B?qQ==?=", NULL},
        {"=?UTF-8?Q?"
         "?=",
         ""},
        {"=?UTF-8?B?"
         "?=x",
         "x"},
        {"=?UTF-8?Q?a=3D=3F?=", "a=?"},
        {"=? =?UTF-8?Q?a?=", "=? a"},
        {"=?UTF-8?X?a?=", "=?UTF-8?X?a?="},
        {"=?UTF-8?Q?a", "=?UTF-8?Q?a"},
        {"\xFF raw", "\xFF raw"},
        {"=?KOI8-R?B?8A==?=", NULL},
        {"=??Q?a?=", NULL},
        {"=?ISO-8859-15?Q?a?=", NULL},
        {"=?UTF-8?Q?=C3?=", NULL},
        {"=?UTF-8?Q?=G0?=", NULL},
        {"=?UTF-8?Q?=C?=", NULL},
        {"=?UTF-8?Q?\xC3\xA9?=", NULL},
        {"=?UTF-8?Q?a=00b?=", NULL},
        {"=?UTF-8?Q?a=0D=0Ab?=", NULL},
        {"=?UTF-8?B?AA==?=", NULL},
        {"=?UTF-8?B?w6k?=", NULL},
        {"=?UTF-8?B?w6l=?=", NULL}, /* spare bits */
        {"=?UTF-8?B?YQ=a?=", NULL},
        {"=?UTF-8?B?=?=", NULL},
        {"=?UTF-8?B?====?=", NULL},
        {"=?UTF-8?B?Y Q==?=", NULL},
        {"=?US-ASCII?Q?=E9?=", NULL},
        {"=?ISO-8859-1?Q?=85?=", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(256);
        int result = gs3_rfc2047_decode(&out, cases[i].text);
        if (result != (cases[i].decoded ? 0 : -1))
            fail_msg("%s: %d, %s", cases[i].text, result, gs3_buf_string(&out));
        if (cases[i].decoded)
            assert_string_equal(gs3_buf_string(&out), cases[i].decoded);
    }
    gs3_auto_buf struct gs3_buf small = GS3_BUF_INIT(2);
    assert_int_equal(gs3_rfc2047_decode(&small, "=?UTF-8?Q?abc?="), -1);
}

static void rfc2047_is_encoded_finds_words_anywhere(void **state)
{
    static const char *const encoded[] = {
        "=?UTF-8?Q?x?=",
        "a=?utf-8?b?eA==?=b",
        "=?x?q?"
        "?=",
        "=?=?Q?x?=",
        "?"
        "?=?a?B?b c?=",
        "=?a?X? =?UTF-8?Q?x?=",
        "=??q?a?=",
    };
    static const char *const plain[] = {
        "", "=?UTF-8?Q?=", "=?UTF-8?Qx?x?=", "= ?UTF-8?Q?x?=", "=?UTF-8?Q?x? =", "?Q?x?=",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(encoded); i++)
        assert_true(gs3_rfc2047_is_encoded(encoded[i]));
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_false(gs3_rfc2047_is_encoded(plain[i]));
}

/* A megabyte of openings without a close must not be searched once for each. */
static void rfc2047_is_encoded_unclosed_words_stay_linear(void **state)
{
    enum { BYTES = 7 * 150000 };
    static const char opening[] = "=?a?q?x";
    gs3_auto_free char *text = gs3_xmalloc(BYTES + 1);
    (void)state;
    for (size_t at = 0; at < BYTES; at++)
        text[at] = opening[at % 7];
    text[BYTES] = '\0';
    assert_false(gs3_rfc2047_is_encoded(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2047_encode_plain_text_stays),
        cmocka_unit_test(rfc2047_encode_other_text_becomes_words),
        cmocka_unit_test(rfc2047_encode_unfit_text_is_refused),
        cmocka_unit_test(rfc2047_encode_words_are_whole_and_short),
        cmocka_unit_test(rfc2047_decode_words_and_text),
        cmocka_unit_test(rfc2047_is_encoded_finds_words_anywhere),
        cmocka_unit_test(rfc2047_is_encoded_unclosed_words_stay_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
