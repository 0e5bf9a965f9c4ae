#include "text/glob.h"

#include <string.h>

#include "base/mem.h"

bool gs3_glob_is_literal(const char *pattern)
{
    return pattern[strcspn(pattern, "*?")] == '\0';
}

size_t gs3_glob_literal_count(const char *pattern)
{
    size_t count = 0;
    for (; *pattern; pattern++)
        if (*pattern != '*' && *pattern != '?')
            count++;
    return count;
}

/* Only the last star ever needs another try: what an earlier one takes more, the last could
 * take as well. */
bool gs3_glob_match(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* From "the rests from `a` and from b + j are to match the same text": where that leads
 * within this row of `a` (here) and in the next one (next). */
static void step(char a, const char *b, size_t j, bool *here, bool *next)
{
    if (a == '*') {
        next[j] = true; /* the star takes nothing more */
        if (b[j])
            here[j + 1] = true; /* it takes what b's next character stands for */
        return;
    }
    if (b[j] == '*') {
        here[j + 1] = true;
        if (a)
            next[j] = true;
        return;
    }
    if (a && b[j] && (a == '?' || b[j] == '?' || a == b[j]))
        next[j + 1] = true;
}

bool gs3_glob_overlap(const char *a, const char *b)
{
    size_t width = strlen(b) + 2;
    gs3_auto_free bool *rows = gs3_xcalloc(2 * width, sizeof *rows);
    bool *here = rows;
    bool *next = rows + width;
    here[0] = true;
    for (;; a++) {
        for (size_t j = 0; j + 1 < width; j++)
            if (here[j])
                step(*a, b, j, here, next);
        if (*a == '\0')
            return here[width - 2];
        memset(here, 0, width * sizeof *here);
        bool *swap = here;
        here = next;
        next = swap;
    }
}
