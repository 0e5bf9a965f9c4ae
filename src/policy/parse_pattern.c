/* Patterns of a policy: POSIX extended regular expressions, kept from three kinds of harm: what
 * costs exponential time or memory (back-references, nested counts), what means something else in
 * POSIX than in the dialect that the author knows (\d, lazy quantifiers, look-around), and what
 * matches the empty text. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"

enum { PATTERN_BYTES = 256, PATTERN_GROUPS = 16, PATTERN_COUNT = 255, PATTERN_COST = 2000 };

struct group {
    unsigned long cost; /* before its last atom */
    bool has_content;   /* of the present alternative: something that cannot be empty */
    bool has_empty_alternative;
};

/* The scan estimates what regcomp will make of a pattern: (a{200}){200} is 40,000 nodes, and
 * glibc needs 500 MB for (((a?){1,20}){1,20}), because what may be empty is in every closure. */
struct scan {
    const char *cursor;
    struct group groups[PATTERN_GROUPS + 1]; /* the open ones; the first is the pattern itself */
    unsigned depth;
    unsigned long atom; /* cost of the last atom; 0: nothing to repeat */
    bool is_atom_empty; /* it may match nothing */
};

/* What was the last atom can no longer be repeated: what it adds to its group is final. */
static void settle(struct scan *scan)
{
    struct group *group = &scan->groups[scan->depth];
    if (scan->atom == 0)
        return;
    group->cost += scan->atom;
    group->has_content = group->has_content || !scan->is_atom_empty;
    scan->atom = 0;
}

static void start_atom(struct scan *scan, unsigned long cost, bool is_empty)
{
    settle(scan);
    scan->atom = cost;
    scan->is_atom_empty = is_empty;
}

/* The atom becomes a repetition, which cannot be repeated itself. */
static void repeat_atom(struct scan *scan, unsigned long cost, bool may_be_absent)
{
    scan->is_atom_empty = scan->is_atom_empty || may_be_absent;
    scan->atom = cost;
    settle(scan);
}

static void end_alternative(struct group *group)
{
    group->has_empty_alternative = group->has_empty_alternative || !group->has_content;
    group->has_content = false;
}

static const char *scan_escape(struct scan *scan)
{
    char c = scan->cursor[1];
    if (gs3_ascii_is_digit(c))
        return "back-references are not allowed: write the alternatives out";
    if (c == 'd')
        return "POSIX ERE has no \\d: write [0-9]";
    if (c == 'w')
        return "POSIX ERE has no \\w: write [A-Za-z0-9_]";
    if (c == 's')
        return "POSIX ERE has no \\s: write a space, or [[:space:]]";
    if (c == '\0' || !strchr("\\.[]()*+?{}|^$", c))
        return "POSIX ERE knows no such escape: a backslash stands only before \\ . [ ] ( ) * + ? "
               "{ } | ^ $";
    scan->cursor += 2;
    start_atom(scan, 1, false);
    return NULL;
}

static const char *scan_bracket(struct scan *scan)
{
    const char *c = scan->cursor + 1;
    if (*c == '^')
        c++;
    if (*c == ']')
        c++;
    for (; *c != ']'; c++) {
        if (*c == '\0')
            return "a [ is not closed";
        if (*c == '\\')
            return "between [ and ] a backslash is an ordinary character in POSIX ERE: leave it "
                   "out, or name the characters";
        if (*c == '[' && (c[1] == '.' || c[1] == '='))
            return "collating elements are not allowed: name the characters";
        if (*c == '[' && c[1] == ':') {
            const char *end = strstr(c + 2, ":]");
            if (!end)
                return "a [: is not closed";
            c = end + 1;
        }
    }
    scan->cursor = c + 1;
    start_atom(scan, 1, false);
    return NULL;
}

/* {n}, {n,}, {n,m} */
static const char *scan_count(struct scan *scan)
{
    static const char wrong[] = "a { must start a count such as {7}, {7,} or {7,12}: write [{] for "
                                "the character";
    char *end = NULL;
    if (!gs3_ascii_is_digit(scan->cursor[1]))
        return wrong;
    unsigned long low = strtoul(scan->cursor + 1, &end, 10), high = low;
    if (*end == ',') {
        end++;
        if (gs3_ascii_is_digit(*end))
            high = strtoul(end, &end, 10);
        else
            high = low + 1;
    }
    if (*end != '}')
        return wrong;
    if (low > PATTERN_COUNT || high > PATTERN_COUNT + 1)
        return "a count is over 255";
    if (high < low)
        return "a count ends below its start";
    scan->cursor = end + 1;
    unsigned long optional = high - low;
    repeat_atom(scan, scan->atom * (high > 0 ? high : 1) + optional * optional / 64, low == 0);
    return NULL;
}

static const char *scan_quantifier(struct scan *scan)
{
    if (scan->atom == 0) {
        bool is_group = scan->depth > 0 && scan->cursor[-1] == '(' && *scan->cursor == '?';
        return is_group ? "POSIX ERE has no (?…): leave it out"
                        : "a * + ? or { with nothing in front that it can repeat (POSIX ERE has no "
                          "lazy quantifiers): leave it out";
    }
    if (scan->is_atom_empty)
        return "a * + ? or { repeats what may match nothing already: leave one of them out";
    if (*scan->cursor == '{')
        return scan_count(scan);
    repeat_atom(scan, scan->atom * 2, *scan->cursor != '+');
    scan->cursor++;
    return NULL;
}

static const char *scan_group(struct scan *scan)
{
    settle(scan);
    if (*scan->cursor == '(') {
        if (scan->depth == PATTERN_GROUPS)
            return "groups are nested more than 16 deep";
        scan->groups[++scan->depth] = (struct group){.cost = 1};
    } else {
        if (scan->depth == 0)
            return "a ) without its (: write [)] for the character";
        struct group *group = &scan->groups[scan->depth--];
        end_alternative(group);
        start_atom(scan, group->cost, group->has_empty_alternative);
    }
    scan->cursor++;
    return NULL;
}

static const char *scan_one(struct scan *scan)
{
    switch (*scan->cursor) {
    case '*':
    case '+':
    case '?':
    case '{': return scan_quantifier(scan);
    case '(':
    case ')': return scan_group(scan);
    default: break;
    }
    settle(scan);
    switch (*scan->cursor) {
    case '\\': return scan_escape(scan);
    case '[': return scan_bracket(scan);
    case '|': end_alternative(&scan->groups[scan->depth]); break;
    case '^':
    case '$': break;
    default: start_atom(scan, 1, false);
    }
    scan->cursor++;
    return NULL;
}

static const char *pattern_problem(const char *pattern, unsigned long *cost)
{
    struct scan scan = {.cursor = pattern};
    if (strlen(pattern) > PATTERN_BYTES)
        return "longer than 256 bytes";
    while (*scan.cursor) {
        const char *problem = scan_one(&scan);
        if (problem)
            return problem;
        if (scan.groups[scan.depth].cost + scan.atom > PATTERN_COST)
            return "its counts multiply to too much: make them smaller";
    }
    *cost = scan.groups[0].cost + scan.atom;
    return scan.depth > 0 ? "a ( is not closed" : NULL;
}

static int compile(struct gs3_parse *parse, struct gs3_at at, const char *what, const char *pattern,
                   regex_t *regex)
{
    int code = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (code == 0)
        return 0;
    char reason[128];
    regerror(code, regex, reason, sizeof reason);
    return gs3_parse_fail(parse, at, "%s \"%s\": %s", what, gs3_show(pattern).text, reason);
}

int gs3_parse_pattern(struct gs3_parse *parse, struct gs3_at at, const char *what, bool is_for_id,
                      char **pattern, regex_t *regex)
{
    gs3_auto_free char *text = NULL;
    if (gs3_parse_string(parse, at, what, &text))
        return -1;
    unsigned long cost = 0;
    const char *problem = pattern_problem(text, &cost);
    if (problem)
        return gs3_parse_fail(parse, at, "%s \"%s\": %s", what, gs3_show(text).text, problem);
    parse->pattern_cost += cost;
    if (parse->pattern_cost > GS3_POLICY_PATTERN_COST)
        return gs3_parse_fail(parse, at,
                              "the patterns of this policy are too large together: make "
                              "their counts smaller");
    /* Once as it stands, for regcomp's own errors, then around the whole: with ^(…)$ every
     * alternative spans the text, where comparing the longest match with its length would not. */
    if (compile(parse, at, what, text, regex))
        return -1;
    regfree(regex);
    gs3_auto_free char *whole = gs3_xasprintf("^(%s)$", text);
    if (compile(parse, at, what, whole, regex))
        return -1;
    if (is_for_id && regexec(regex, "", 0, NULL, 0) == 0) {
        regfree(regex);
        return gs3_parse_fail(parse, at, "%s \"%s\" matches the empty text: ask for something",
                              what, gs3_show(text).text);
    }
    *pattern = text;
    text = NULL;
    return 0;
}
