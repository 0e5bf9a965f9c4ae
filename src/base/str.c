#include "base/str.h"

#include <string.h>
#include <strings.h>

bool gs3_str_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

/* gs3 never sets a locale, and in C's own strcasecmp folds ASCII alone. */
bool gs3_str_equal_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcasecmp(a, b) == 0;
}

bool gs3_str_has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool gs3_str_has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t tail = strlen(suffix);
    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

bool gs3_str_is_empty(const char *text)
{
    return !text || !*text;
}

int gs3_ascii_hex_value(char c)
{
    if (gs3_ascii_is_digit(c))
        return c - '0';
    c = gs3_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *gs3_str_lower(char *text)
{
    for (char *c = text; *c; c++)
        *c = gs3_ascii_lower(*c);
    return text;
}

int gs3_str_to_u64(const char *text, uint64_t maximum, uint64_t *out)
{
    if (gs3_str_is_empty(text))
        return -1;
    uint64_t value = 0;
    for (; *text; text++) {
        if (!gs3_ascii_is_digit(*text))
            return -1;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -1;
    }
    if (value > maximum)
        return -1;
    *out = value;
    return 0;
}
