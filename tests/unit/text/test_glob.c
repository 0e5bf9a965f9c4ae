/* Globs: matching, and whether two of them can match one name, against trying all names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"
#include "text/glob.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void glob_match_table_holds(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        bool is_match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything-at-all", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"prod-*", "prod-", true},
        {"prod-*", "prod-data", true},
        {"prod-*", "preprod-data", false},
        {"*-prod", "data-prod", true},
        {"*-prod", "data-prod-eu", false},
        {"a*b*c", "abc", true},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"*aab", "aaab", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"**", "x", true},
        {"a**?", "a", false},
        {"a**?", "ab", true},
        {"[ab]", "a", false}, /* no character classes */
        {"[ab]", "[ab]", true},
        {"\\*", "*", false}, /* no escapes */
        {"A", "a", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (gs3_glob_match(cases[i].pattern, cases[i].text) != cases[i].is_match)
            fail_msg("%s and %s", cases[i].pattern, cases[i].text);
}

static void glob_literal_is_told_and_counted(void **state)
{
    static const struct {
        const char *pattern;
        bool is_literal;
        size_t count;
    } cases[] = {
        {"", true, 0}, {"data", true, 4}, {"*", false, 0}, {"a?b", false, 2}, {"a*b*", false, 2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(gs3_glob_is_literal(cases[i].pattern), cases[i].is_literal);
        assert_int_equal(gs3_glob_literal_count(cases[i].pattern), cases[i].count);
    }
}

/* The `number`-th word over `alphabet`, counting the empty one as 0. */
static void make_word(size_t number, const char *alphabet, char *out)
{
    size_t base = strlen(alphabet);
    for (; number > 0; number = (number - 1) / base)
        *out++ = alphabet[(number - 1) % base];
    *out = '\0';
}

enum {
    PATTERNS = 1 + 4 + 16 + 64 + 256,                 /* words of up to four of "ab*?" */
    TEXTS = 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256, /* words of up to eight of "ab" */
};

/* fnmatch(3) is the second opinion on matching, and trying every short name on overlap: two
 * patterns of up to four characters that overlap at all do so on at most eight. */
static void glob_all_short_patterns_agree_with_trying(void **state)
{
    gs3_auto_free unsigned char *matches = gs3_xcalloc((size_t)PATTERNS * TEXTS, 1);
    (void)state;
    for (size_t p = 0; p < PATTERNS; p++)
        for (size_t t = 0; t < TEXTS; t++) {
            char pattern[8];
            char text[16];
            make_word(p, "ab*?", pattern);
            make_word(t, "ab", text);
            bool is_match = gs3_glob_match(pattern, text);
            if (is_match != (fnmatch(pattern, text, 0) == 0))
                fail_msg("match %s and %s", pattern, text);
            matches[p * TEXTS + t] = is_match;
        }
    for (size_t p = 0; p < PATTERNS; p++)
        for (size_t q = 0; q < PATTERNS; q++) {
            char a[8];
            char b[8];
            bool is_common = false;
            for (size_t t = 0; t < TEXTS && !is_common; t++)
                is_common = matches[p * TEXTS + t] && matches[q * TEXTS + t];
            make_word(p, "ab*?", a);
            make_word(q, "ab*?", b);
            if (gs3_glob_overlap(a, b) != is_common)
                fail_msg("overlap %s and %s", a, b);
        }
}

static void glob_overlap_policies_table_holds(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool is_common;
    } cases[] = {
        {"prod-*", "*-data", true},     {"prod-*", "dev-*", false}, {"prod-*", "prod-?", true},
        {"*-prod-eu", "*-prod", false}, {"a*", "*a", true},         {"team-?", "team-*-x", false},
        {"team-??", "team-*-x", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(gs3_glob_overlap(cases[i].a, cases[i].b), cases[i].is_common);
        assert_int_equal(gs3_glob_overlap(cases[i].b, cases[i].a), cases[i].is_common);
    }
}

/* The pattern that makes backtracking matchers exponential. */
static void glob_match_many_stars_is_fast(void **state)
{
    char pattern[2001];
    char text[4001];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[sizeof pattern - 1] = '\0';
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 2] = 'b';
    text[sizeof text - 1] = '\0';
    assert_false(gs3_glob_match(pattern, text));
    assert_true(gs3_glob_overlap(pattern, "*a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glob_match_table_holds),
        cmocka_unit_test(glob_literal_is_told_and_counted),
        cmocka_unit_test(glob_all_short_patterns_agree_with_trying),
        cmocka_unit_test(glob_overlap_policies_table_holds),
        cmocka_unit_test(glob_match_many_stars_is_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
