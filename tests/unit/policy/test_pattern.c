/* Patterns: POSIX ERE against the whole text, without what costs time, memory or clarity. */
#include "support.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"

static char *with_pattern(const char *pattern)
{
    gs3_auto_free char *line = gs3_xasprintf("pattern: '%s'", pattern);
    return base_with("pattern: \"^CHG[0-9]{7,}$\"", line);
}

static void pattern_spans_the_whole_id(void **state)
{
    static const struct {
        const char *pattern, *id;
        bool is_match;
    } cases[] = {
        {"^CHG[0-9]{7,}$", "CHG0030001", true},
        {"^CHG[0-9]{7,}$", "CHG003", false},
        {"^CHG[0-9]{7,}$", "xCHG0030001", false},
        {"^CHG[0-9]{7,}$", "CHG0030001x", false},
        {"CHG[0-9]{7,}", "xCHG0030001", false},
        {"CHG[0-9]{7,}", "CHG0030001 ", false},
        {"CHG[0-9]{7,}", "chg0030001", false},
        {"CHG[0-9]{7,}", "CHG0030001\nx", false},
        {"A|AB", "AB", true}, /* each alternative against the whole, not the first that fits */
        {"A|AB", "ABC", false},
        {"A|B$", "Ax", false},
        {"^A|B", "xB", false},
        {"(INC|SCTASK)[0-9]{7}", "SCTASK0000001", true},
        {"[A-Z][A-Z0-9_]+-[1-9][0-9]*", "DATA_1-42", true},
        {"[A-Z][A-Z0-9_]+-[1-9][0-9]*", "DATA-042", false},
        {"[[:upper:]]+-[[:digit:]]+", "AB-1", true},
        {"a[.]b", "axb", false},
        {"a\\.b", "a.b", true},
        {"[]]", "]", true},
        {"[^]x]", "y", true},
        {"x{2}", "xx", true},
        {"x{2}", "xxx", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *text = with_pattern(cases[i].pattern);
        struct gs3_policy *policy = load_text(text);
        const regex_t *regex = &policy->environments[0].tickets[0].regex;
        if ((regexec(regex, cases[i].id, 0, NULL, 0) == 0) != cases[i].is_match)
            fail_msg("%s against %s", cases[i].pattern, cases[i].id);
        gs3_policy_free(policy);
    }
}

static void pattern_that_harms_or_misleads_is_refused(void **state)
{
    static const struct {
        const char *pattern, *message;
    } cases[] = {
        {"(a)\\1", "back-references are not allowed"},
        {"CHG\\d{7}", "POSIX ERE has no \\d: write [0-9]"},
        {"\\w+", "POSIX ERE has no \\w"},
        {"a\\s", "POSIX ERE has no \\s"},
        {"\\bA", "knows no such escape"},
        {"\\A", "knows no such escape"},
        {"A\\", "knows no such escape"},
        {"[\\d]+", "a backslash is an ordinary character"},
        {"(?:a)", "POSIX ERE has no (?"},
        {"(?i)a", "POSIX ERE has no (?"},
        {"a+?", "nothing in front that it can repeat"},
        {"a**", "nothing in front"},
        {"*a", "nothing in front"},
        {"?a", "nothing in front"},
        {"a|+b", "nothing in front"},
        {"^*", "nothing in front"},
        {"{2}", "nothing in front"},
        {"a{x}", "a { must start a count"},
        {"a{,3}", "a { must start a count"},
        {"a{3", "a { must start a count"},
        {"a{3,2}", "a count ends below its start"},
        {"a{256}", "a count is over 255"},
        {"a{99999999999999999999}", "a count is over 255"},
        {"a(b", "a ( is not closed"},
        {"a)b", "a ) without its ("},
        {"a)|(b", "a ) without its ("},
        {"[a", "a [ is not closed"},
        {"[[:alpha", "a [: is not closed"},
        {"[[:nonsense:]]", "Invalid character class name"},
        {"[z-a]", "Invalid range end"},
        {"[[.a.]]", "collating elements are not allowed"},
        {"[[=a=]]", "collating elements are not allowed"},
        {".*", "matches the empty text"},
        {"a?", "matches the empty text"},
        {"a|", "matches the empty text"},
        {"^$", "matches the empty text"},
        {"(a*)*b", "repeats what may match nothing already"},
        {"((a?){1,20}){1,20}", "repeats what may match nothing already"},
        {"(a|)+b", "repeats what may match nothing already"},
        {"(a|b?)+", "repeats what may match nothing already"},
        {"((a{200}){200}){200}", "its counts multiply to too much"},
        {"(((a{10}){10}){10}){10}", "its counts multiply to too much"},
        {"((((((((((((((((((a))))))))))))))))))", "groups are nested more than 16 deep"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *text = with_pattern(cases[i].pattern);
        const char *error = load_error(text);
        if (!*error)
            fail_msg("%s was accepted", cases[i].pattern);
        assert_contains(error, "p.yaml:26:18: pattern \"");
        assert_contains(error, cases[i].message);
    }
    gs3_auto_buf struct gs3_buf longer = GS3_BUF_INIT(1000);
    while (longer.length_bytes < 257)
        gs3_buf_putc(&longer, 'a');
    gs3_auto_free char *text = with_pattern(longer.data);
    assert_contains(load_error(text), "longer than 256 bytes");
}

static void pattern_that_is_only_unusual_is_read(void **state)
{
    static const char *const cases[] = {
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "(a|b)*c",
        "(ab?)+",
        "((a|b)c)+",
        ".{1,255}",
        "[A-Za-z ]{8,200}",
        "(a+b)+",
        "a{0,5}b",
        "(A)(B)(C)",
        "[a^]$",
        "\\(a\\)\\|\\{\\}\\[\\]\\\\",
        "[()|{}*+?.]+",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *text = with_pattern(cases[i]);
        const char *error = load_error(text);
        if (*error)
            fail_msg("%s: %s", cases[i], error);
    }
}

/* The worst that the scan lets pass, over and over: the sum is bounded too. */
static void pattern_costs_are_bounded_together(void **state)
{
    struct timespec start, end;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(1 << 20);
    (void)state;
    gs3_buf_puts(&text, "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
                        "  sn: {type: servicenow, url: \"https://a.example\"}\nenvironments:\n"
                        "  e:\n    match: [{bucket: abc}]\n    governance_level: high\n"
                        "    ticket_for: [write]\n    tickets:\n");
    for (int i = 0; i < 300; i++)
        gs3_buf_printf(&text,
                       "      - {name: t%d, system: sn, pattern: \"x%d.{0,250}.{0,150}\", active: "
                       "true, metadata_key: k}\n",
                       i, i);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    assert_contains(load_error(text.data), "the patterns of this policy are too large together");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_true(end.tv_sec - start.tv_sec < 5);
}

static void pattern_of_metadata_may_be_empty_and_spans_the_value(void **state)
{
    gs3_auto_free char *text =
        base_with("      purpose: {required: true}\n", "      purpose: {pattern: \"[a-z]*\"}\n");
    struct gs3_policy *policy = load_text(text);
    const struct gs3_metadata_rule *rule = &policy->environments[1].metadata[0];
    (void)state;
    assert_int_equal(regexec(&rule->regex, "abc", 0, NULL, 0), 0);
    assert_int_not_equal(regexec(&rule->regex, "abc1", 0, NULL, 0), 0);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pattern_spans_the_whole_id),
        cmocka_unit_test(pattern_that_harms_or_misleads_is_refused),
        cmocka_unit_test(pattern_that_is_only_unusual_is_read),
        cmocka_unit_test(pattern_costs_are_bounded_together),
        cmocka_unit_test(pattern_of_metadata_may_be_empty_and_spans_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
