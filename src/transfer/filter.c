#include "transfer/filter.h"

#include <string.h>

#include "base/mem.h"

/* The end of a "[…]" that begins at `pattern`, or NULL: then the bracket is an ordinary character.
 * A
 * "]" that comes first belongs to the set. */
static const char *set_end(const char *pattern)
{
    const char *next = pattern + 1;
    if (*next == '!')
        next++;
    if (*next == ']')
        next++;
    return strchr(next, ']');
}

static bool is_in_set(const char *pattern, const char *end, unsigned char c)
{
    const char *next = pattern + 1;
    bool is_negated = *next == '!';
    bool is_in = false;
    next += is_negated;
    while (next < end) {
        unsigned char low = (unsigned char)*next, high = low;
        if (next + 2 < end && next[1] == '-') {
            high = (unsigned char)next[2];
            next += 2;
        }
        is_in = is_in || (low <= c && c <= high);
        next++;
    }
    return is_in != is_negated;
}

/* One element of the pattern on one character; `*after` is where the pattern goes on. */
static bool match_one(const char *pattern, char c, const char **after)
{
    const char *end = *pattern == '[' ? set_end(pattern) : NULL;
    *after = (end ? end : pattern) + 1;
    if (end)
        return is_in_set(pattern, end, (unsigned char)c);
    return *pattern == '?' || *pattern == c;
}

/* Python's fnmatch. Back to the last star only: never more than pattern times text. */
static bool match(const char *pattern, const char *text)
{
    const char *star = NULL, *star_text = NULL, *after;
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern && match_one(pattern, *text, &after)) {
            pattern = after;
            text++;
        } else if (star) {
            pattern = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

bool gs3_filters_accept(const struct gs3_filters *filters, const char *root, const char *relative)
{
    bool accepts = true;
    for (size_t i = 0; filters && i < filters->count; i++) {
        const struct gs3_filter *filter = &filters->items[i];
        /* An absolute pattern is not joined to the root. */
        gs3_auto_free char *whole =
            filter->pattern[0] == '/' ? gs3_xasprintf("%s%s", root, relative) : NULL;
        if (match(filter->pattern, whole ? whole : relative))
            accepts = filter->includes;
    }
    return accepts;
}
