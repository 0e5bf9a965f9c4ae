/* A ticket rule's regular expression as IAM can say it: with * and ? alone.
 *
 * The result matches at least what the expression matches, so that nothing is refused that gs3
 * allows; how much more is the reader's to know (the notes say so). */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"

/* A tag's value has at most 256 characters: a longer pattern could match none. */
enum { ALTERNATIVES = 8, PATTERN_BYTES = 256, REPEATS = 256 };

static void make_any(struct gs3_strings *list)
{
    gs3_strings_release(list);
    gs3_strings_add(list, "*");
}

/* Everything of `list` followed by everything of `next`. */
static void append_all(struct gs3_strings *list, const struct gs3_strings *next)
{
    gs3_auto_strings struct gs3_strings product = {.count = 0};
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < next->count && product.count <= ALTERNATIVES; j++) {
            gs3_auto_free char *text = gs3_xasprintf("%s%s", list->items[i], next->items[j]);
            gs3_strings_add_new(&product, strlen(text) > PATTERN_BYTES ? "*" : text);
        }
    if (product.count > ALTERNATIVES)
        make_any(&product);
    struct gs3_strings old = *list;
    *list = product;
    product = old;
}

static void append_text(struct gs3_strings *list, const char *text)
{
    struct gs3_strings one = {.count = 0};
    gs3_strings_add(&one, text);
    append_all(list, &one);
    gs3_strings_release(&one);
}

static void read_alternatives(const char **cursor, struct gs3_strings *out);

/* Behind "[": a "]" in the first place is a member. */
static void skip_bracket(const char **cursor)
{
    const char *at = *cursor;
    if (*at == '^')
        at++;
    if (*at == ']')
        at++;
    while (*at && *at != ']') {
        if (at[0] == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
            char end[3] = {at[1], ']', '\0'};
            const char *close = strstr(at + 2, end);
            at = close ? close + 1 : at;
        }
        at++;
    }
    *cursor = *at ? at + 1 : at;
}

static void read_atom(const char **cursor, struct gs3_strings *atom)
{
    char c = *(*cursor)++;
    char text[2] = {c, '\0'};
    if (c == '(') {
        read_alternatives(cursor, atom);
        if (**cursor == ')')
            (*cursor)++;
        return;
    }
    if (c == '[')
        skip_bracket(cursor);
    if (c == '[' || c == '.') {
        gs3_strings_add(atom, "?");
        return;
    }
    if (c == '^' || c == '$') {
        gs3_strings_add(atom, "");
        return;
    }
    if (c == '\\' && **cursor)
        text[0] = *(*cursor)++;
    gs3_auto_free char *escaped = gs3_export_escape(text);
    gs3_strings_add(atom, escaped);
}

static unsigned read_count(const char **cursor)
{
    unsigned count = 0;
    while (gs3_ascii_is_digit(**cursor)) {
        if (count < REPEATS)
            count = count * 10 + (unsigned)(**cursor - '0');
        (*cursor)++;
    }
    return count;
}

/* {n}, {n,} or {n,m}: n times, then anything where there may be more. */
static void repeat(struct gs3_strings *atom, unsigned least, bool may_be_more)
{
    gs3_auto_strings struct gs3_strings all = {.count = 0};
    gs3_strings_add(&all, "");
    for (unsigned i = 0; i < least; i++)
        append_all(&all, atom);
    if (may_be_more)
        append_text(&all, "*");
    struct gs3_strings old = *atom;
    *atom = all;
    all = old;
}

static void read_quantifier(const char **cursor, struct gs3_strings *atom)
{
    char c = **cursor;
    if (c == '*' || c == '+') {
        repeat(atom, c == '+' ? 1 : 0, true);
        (*cursor)++;
    } else if (c == '?') {
        gs3_strings_add_new(atom, "");
        (*cursor)++;
    } else if (c == '{') {
        (*cursor)++;
        unsigned least = read_count(cursor), most = least;
        bool has_comma = **cursor == ',';
        if (has_comma) {
            (*cursor)++;
            most = gs3_ascii_is_digit(**cursor) ? read_count(cursor) : REPEATS + 1;
        }
        if (**cursor == '}')
            (*cursor)++;
        repeat(atom, least, most != least);
    }
}

static void read_sequence(const char **cursor, struct gs3_strings *out)
{
    gs3_strings_add(out, "");
    while (**cursor && **cursor != '|' && **cursor != ')') {
        gs3_auto_strings struct gs3_strings atom = {.count = 0};
        read_atom(cursor, &atom);
        while (**cursor && strchr("*+?{", **cursor))
            read_quantifier(cursor, &atom);
        append_all(out, &atom);
    }
}

static void read_alternatives(const char **cursor, struct gs3_strings *out)
{
    for (;;) {
        gs3_auto_strings struct gs3_strings one = {.count = 0};
        read_sequence(cursor, &one);
        for (size_t i = 0; i < one.count; i++)
            gs3_strings_add_new(out, one.items[i]);
        if (**cursor != '|')
            break;
        (*cursor)++;
    }
    if (out->count > ALTERNATIVES)
        make_any(out);
}

/* A run of stars is one. "${*}" is text: its star has a brace before it. */
static void collapse(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        bool is_again = *in == '*' && out > text && out[-1] == '*';
        if (!is_again)
            *out++ = *in;
    }
    *out = '\0';
}

void gs3_export_pattern(const char *expression, struct gs3_strings *patterns)
{
    gs3_auto_strings struct gs3_strings all = {.count = 0};
    const char *cursor = expression;
    read_alternatives(&cursor, &all);
    for (size_t i = 0; i < all.count; i++) {
        collapse(all.items[i]);
        if (strcmp(all.items[i], "*") == 0 || *cursor) {
            make_any(patterns);
            return;
        }
    }
    for (size_t i = 0; i < all.count; i++)
        gs3_strings_add_new(patterns, all.items[i]);
}

void gs3_export_ticket_keys(const struct gs3_environment *environment, struct gs3_strings *keys)
{
    for (size_t i = 0; i < environment->ticket_count; i++)
        gs3_strings_add_new(keys, environment->tickets[i].metadata_key);
}

void gs3_export_key_patterns(const struct gs3_environment *environment, const char *key,
                             struct gs3_strings *patterns)
{
    for (size_t i = 0; i < environment->ticket_count; i++) {
        const struct gs3_ticket_rule *rule = &environment->tickets[i];
        if (!gs3_str_equal(rule->metadata_key, key))
            continue;
        gs3_auto_strings struct gs3_strings own = {.count = 0};
        gs3_export_pattern(rule->pattern, &own);
        for (size_t j = 0; j < own.count; j++)
            gs3_strings_add_new(patterns, own.items[j]);
        if (gs3_strings_has(&own, "*")) {
            make_any(patterns);
            return;
        }
    }
}
