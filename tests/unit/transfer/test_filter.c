/* transfer/filter: what Python's fnmatch makes of the same patterns, and the order of filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "transfer/filter.h"

static bool is_excluded(const char *pattern, const char *root, const char *relative)
{
    const struct gs3_filter filter = {.includes = false, .pattern = pattern};
    const struct gs3_filters filters = {.items = &filter, .count = 1};
    return !gs3_filters_accept(&filters, root, relative);
}

/* Each row was put to Python's fnmatch.fnmatchcase. */
static void gs3_filters_accept_pattern_matches_as_in_python(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool matches;
    } rows[] = {
        {"*", "a/b/c.txt", true},
        {"*.txt", "a/b/c.txt", true},
        {"*.txt", "a/b/c.txt2", false},
        {"a/*", "a/b/c", true},
        {"a/*", "a/", true},
        {"a/*", "a", false},
        {"a*b*c", "axxbyybzc", true},
        {"a*b*c", "axxbyybzcd", false},
        {"**", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"?", "/", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"A", "a", false},
        {".*", ".hidden", true},
        {"*", ".hidden", true},
        {"*", "two\nlines", true},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[abc]", "ab", false},
        {"[!abc]", "d", true},
        {"[!abc]", "a", false},
        {"[^a]", "^", true},
        {"[^a]", "b", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]", "b", false},
        {"[a-]", "-", true},
        {"[a-]", "b", false},
        {"[-a]", "-", true},
        {"[!-a]", "-", false},
        {"[a-c-e]", "d", false},
        {"[a-c-e]", "-", true},
        {"[a-c-e]", "e", true},
        {"[z-a]", "m", false},
        {"[!z-a]", "m", true},
        {"[a--b]", "b", true},
        {"[a--b]", "a", false},
        {"[--/]", ".", true},
        {"[]]", "]", true},
        {"[]]", "[", false},
        {"[!]]", "]", false},
        {"[!]]", "a", true},
        {"[]-a]", "^", true},
        {"[]", "[]", true},
        {"[", "[", true},
        {"[a", "[a", true},
        {"[a", "a", false},
        {"[!", "[!", true},
        {"[!]", "[!]", true},
        {"x[a*", "x[abc", true},
        {"[*]", "*", true},
        {"[*]", "x", false},
        {"[?]", "x", false},
        {"[[]", "[", true},
        {"[/]", "/", true},
        {"\\*", "*", false},
        {"\\*", "\\x", true},
        {"[\\]]", "\\]", true},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"[\xc3\xa8-\xc3\xaa]", "\xc3\xa9", true},
        {"[\xc3\xa8-\xc3\xaa]", "\xc3\xab", false},
        {"[!a]", "\xf0\x9f\x8e\x89", true},
        {"*\xa9", "\xc3\xa9", false},
        {"?", "\xff", true},
        {"a\xff*", "a\xff.txt", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_excluded(rows[i].pattern, "b/p/", rows[i].name) != rows[i].matches)
            fail_msg("pattern '%s', name '%s'", rows[i].pattern, rows[i].name);
}

static void gs3_filters_accept_many_stars_end_soon(void **state)
{
    (void)state;
    char pattern[200], name[1001];
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[sizeof pattern - 2] = 'b';
    pattern[sizeof pattern - 1] = '\0';
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(is_excluded(pattern, "", name));
}

static void gs3_filters_accept_last_match_wins(void **state)
{
    (void)state;
    static const struct gs3_filter items[] = {
        {.includes = false, .pattern = "*"},
        {.includes = true, .pattern = "*.txt"},
        {.includes = false, .pattern = "secret/*"},
    };
    const struct gs3_filters filters = {.items = items, .count = 3};
    assert_true(gs3_filters_accept(&filters, "", "a.txt"));
    assert_true(gs3_filters_accept(&filters, "", "d/a.txt"));
    assert_false(gs3_filters_accept(&filters, "", "a.csv"));
    assert_false(gs3_filters_accept(&filters, "", "secret/a.txt"));
    const struct gs3_filters first = {.items = items + 1, .count = 1};
    assert_true(gs3_filters_accept(&first, "", "a.csv"));
}

static void gs3_filters_accept_without_filters_takes_all(void **state)
{
    (void)state;
    const struct gs3_filters none = {.items = NULL, .count = 0};
    assert_true(gs3_filters_accept(NULL, "", "a"));
    assert_true(gs3_filters_accept(&none, "", "a"));
}

static void gs3_filters_accept_absolute_pattern_meets_the_whole_path(void **state)
{
    (void)state;
    assert_true(is_excluded("/data/me/*.txt", "/data/me/", "d/a.txt"));
    assert_false(is_excluded("/data/you/*.txt", "/data/me/", "d/a.txt"));
    assert_false(is_excluded("/d/*", "/data/me/", "d/a.txt"));
    /* What stands in the root is no pattern, whatever it looks like. */
    assert_true(is_excluded("a.txt", "/data[1]/*/", "a.txt"));
    /* A key has no "/" in front: aws-cli compares with "bucket/prefix/…". */
    assert_false(is_excluded("/p/*", "b/p/", "a.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_filters_accept_pattern_matches_as_in_python),
        cmocka_unit_test(gs3_filters_accept_many_stars_end_soon),
        cmocka_unit_test(gs3_filters_accept_last_match_wins),
        cmocka_unit_test(gs3_filters_accept_without_filters_takes_all),
        cmocka_unit_test(gs3_filters_accept_absolute_pattern_meets_the_whole_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
