/* Small string helpers that do not depend on the locale. ASCII only, by design: what gs3
 * compares (header names, ticket ids, hosts) is ASCII by its standard. */
#ifndef GS3_BASE_STR_H
#define GS3_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool gs3_str_equal(const char *a, const char *b); /* NULL equals only NULL */
bool gs3_str_equal_nocase(const char *a, const char *b);
bool gs3_str_has_prefix(const char *text, const char *prefix);
bool gs3_str_has_suffix(const char *text, const char *suffix);
bool gs3_str_is_empty(const char *text); /* NULL or "" */

/* Inline, for they are asked of every character of every header. */
static inline char gs3_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool gs3_ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool gs3_ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool gs3_ascii_is_alnum(char c)
{
    return gs3_ascii_is_alpha(c) || gs3_ascii_is_digit(c);
}

/* space, \t, \r, \n, \v, \f */
static inline bool gs3_ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int gs3_ascii_hex_value(char c); /* 0 to 15, either case; -1: no hex digit */

/* Lower-cases in place; returns `text`. */
char *gs3_str_lower(char *text);

/* Plain decimal digits only, the whole string, at most `maximum`. No sign, no space. */
int gs3_str_to_u64(const char *text, uint64_t maximum, uint64_t *out);

#endif
