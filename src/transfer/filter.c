#include "transfer/filter.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "text/utf8.h"

/* One character of `text`, which is not at its end. A byte that is not UTF-8 counts as one, apart
 * from all others, as it does in the file names that Python reads. */
static size_t read_character(const char *text, uint32_t *character)
{
    const uint32_t lone_byte = 0xDC00;
    unsigned char first = (unsigned char)*text;
    *character = first;
    if (first < 0x80)
        return 1;
    size_t length = gs3_utf8_decode(text, strnlen(text, 4), character);
    if (length > 0)
        return length;
    *character = lone_byte + first;
    return 1;
}

/* The "]" of a set that begins at `pattern`, or NULL: then the bracket is an ordinary character. A
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

static bool is_in_set(const char *pattern, const char *end, uint32_t character)
{
    const char *next = pattern + 1;
    bool is_negated = *next == '!';
    bool is_in = false;
    next += is_negated;
    while (next < end) {
        uint32_t low, high;
        next += read_character(next, &low);
        high = low;
        /* A "-" that comes last is an ordinary character. */
        if (*next == '-' && next + 1 < end)
            next += 1 + read_character(next + 1, &high);
        is_in = is_in || (low <= character && character <= high);
    }
    return is_in != is_negated;
}

/* One element of the pattern on one character; `*after` is where the pattern goes on. */
static bool match_one(const char *pattern, uint32_t character, const char **after)
{
    const char *end = *pattern == '[' ? set_end(pattern) : NULL;
    if (end) {
        *after = end + 1;
        return is_in_set(pattern, end, character);
    }
    uint32_t wanted;
    *after = pattern + read_character(pattern, &wanted);
    return *pattern == '?' || wanted == character;
}

/* Python's fnmatch. Back to the last star only: never more than pattern times text. */
static bool match(const char *pattern, const char *text)
{
    const char *star = NULL, *star_text = NULL, *after;
    uint32_t character;
    while (*text) {
        size_t length = read_character(text, &character);
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern && match_one(pattern, character, &after)) {
            pattern = after;
            text += length;
        } else if (star) {
            pattern = star;
            star_text += read_character(star_text, &character);
            text = star_text;
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
