#include "policy/parse.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

struct gs3_shown gs3_show(const char *text)
{
    enum { SHOWN_BYTES = 60 };
    struct gs3_shown shown = {.text = ""};
    if (!text)
        return shown;
    size_t length = strlen(text), cut = length;
    if (length > SHOWN_BYTES) {
        cut = SHOWN_BYTES;
        while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
            cut--;
    }
    gs3_auto_free char *head = gs3_xstrndup(text, cut);
    gs3_auto_buf struct gs3_buf buf = GS3_BUF_INIT(sizeof shown.text - 1);
    gs3_utf8_append_printable(&buf, head);
    if (cut < length)
        gs3_buf_puts(&buf, "…");
    snprintf(shown.text, sizeof shown.text, "%s", gs3_buf_string(&buf));
    return shown;
}

int gs3_parse_fail(struct gs3_parse *parse, struct gs3_at at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gs3_auto_free char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return gs3_fail(parse->err, GS3_EPOLICY, "%s:%u:%u: %s", at.document->file,
                    at.node ? at.node->line : 1, at.node ? at.node->column : 1,
                    text ? text : format);
}

struct gs3_place gs3_parse_place(struct gs3_at at)
{
    return (struct gs3_place){.file = at.document->file,
                              .line = at.node->line,
                              .column = at.node->column};
}

struct gs3_at gs3_at_get(struct gs3_at mapping, const char *key)
{
    return (struct gs3_at){.document = mapping.document, .node = gs3_yaml_get(mapping.node, key)};
}

struct gs3_at gs3_at_key(struct gs3_at mapping, size_t index)
{
    return (struct gs3_at){.document = mapping.document, .node = mapping.node->keys[index]};
}

struct gs3_at gs3_at_item(struct gs3_at parent, size_t index)
{
    return (struct gs3_at){.document = parent.document, .node = parent.node->items[index]};
}

int gs3_parse_mapping(struct gs3_parse *parse, struct gs3_at at, const char *what)
{
    if (at.node->kind != GS3_YAML_MAPPING)
        return gs3_parse_fail(parse, at, "%s must be a mapping of keys to values", what);
    if (at.node->count == 0)
        return gs3_parse_fail(parse, at, "%s is empty: fill it in or remove it", what);
    return 0;
}

int gs3_parse_sequence(struct gs3_parse *parse, struct gs3_at at, const char *what)
{
    if (at.node->kind != GS3_YAML_SEQUENCE)
        return gs3_parse_fail(parse, at, "%s must be a list: [a, b], or lines that start with -",
                              what);
    return 0;
}

/* Edit distance between short words, for "did you mean"; what is longer than a row is far. */
static size_t word_distance(const char *a, const char *b)
{
    enum { ROW = 32 };
    size_t a_length = strlen(a), b_length = strlen(b), row[ROW + 1];
    if (a_length > ROW || b_length > ROW)
        return ROW;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change =
                diagonal + (gs3_ascii_lower(a[i - 1]) == gs3_ascii_lower(b[j - 1]) ? 0U : 1U);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[b_length];
}

/* The nearest word where one is near, else NULL. */
static const char *nearest_word(const char *text, const char *const *words, size_t word_count)
{
    const char *nearest = NULL;
    size_t best = strlen(text) / 3 + 2;
    for (size_t i = 0; i < word_count; i++) {
        size_t distance = word_distance(text, words[i]);
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

/* ": did you mean "x"?", or else ": known are a, b, c". */
static char *describe_choice(const char *text, const char *const *words, size_t word_count)
{
    gs3_auto_buf struct gs3_buf hint = GS3_BUF_INIT(512);
    const char *nearest = nearest_word(text, words, word_count);
    if (nearest)
        return gs3_xasprintf(": did you mean \"%s\"?", nearest);
    for (size_t i = 0; i < word_count; i++)
        gs3_buf_printf(&hint, "%s%s", i == 0 ? ": it may be " : ", ", words[i]);
    return gs3_buf_take(&hint);
}

int gs3_parse_keys(struct gs3_parse *parse, struct gs3_at at, const char *what,
                   const char *const *keys, size_t key_count)
{
    if (gs3_parse_mapping(parse, at, what))
        return -1;
    for (size_t i = 0; i < at.node->count; i++) {
        bool is_known = false;
        for (size_t j = 0; j < key_count && !is_known; j++)
            is_known = strcmp(at.node->keys[i]->text, keys[j]) == 0;
        if (is_known)
            continue;
        gs3_auto_free char *hint = describe_choice(at.node->keys[i]->text, keys, key_count);
        return gs3_parse_fail(parse, gs3_at_key(at, i), "unknown key \"%s\" in %s%s",
                              gs3_show(at.node->keys[i]->text).text, what, hint);
    }
    return 0;
}

int gs3_parse_required(struct gs3_parse *parse, struct gs3_at mapping, const char *what,
                       const char *key)
{
    if (gs3_at_get(mapping, key).node)
        return 0;
    return gs3_parse_fail(parse, mapping, "%s lacks the key \"%s\"", what, key);
}

static int check_scalar(struct gs3_parse *parse, struct gs3_at at, const char *what)
{
    if (at.node->kind != GS3_YAML_SCALAR)
        return gs3_parse_fail(parse, at, "%s must be one value, not a %s", what,
                              at.node->kind == GS3_YAML_SEQUENCE ? "list" : "mapping");
    if (at.node->text[0] == '\0')
        return gs3_parse_fail(parse, at, "%s is empty: fill it in or remove it", what);
    return 0;
}

/* Text as a policy has it. A plain scalar that YAML 1.1 types otherwise is an error and not a
 * guess: `no` may be Norway or false, `012` a text or the number ten. */
static int check_text(struct gs3_parse *parse, struct gs3_at at, const char *what)
{
    if (check_scalar(parse, at, what))
        return -1;
    const char *text = at.node->text;
    if (!at.node->is_quoted && regexec(&parse->typed_scalar, text, 0, NULL, 0) == 0)
        return gs3_parse_fail(parse, at, "%s: %s is no text to every YAML reader: quote it: \"%s\"",
                              what, gs3_show(text).text, gs3_show(text).text);
    if (strpbrk(text, "\n\t"))
        return gs3_parse_fail(parse, at, "%s holds a line break or a tab: write it on one line",
                              what);
    if (strlen(text) > GS3_POLICY_TEXT_BYTES)
        return gs3_parse_fail(parse, at, "%s is longer than %d bytes", what, GS3_POLICY_TEXT_BYTES);
    return 0;
}

int gs3_parse_string(struct gs3_parse *parse, struct gs3_at at, const char *what, char **out)
{
    if (check_text(parse, at, what))
        return -1;
    free(*out);
    *out = gs3_xstrdup(at.node->text);
    return 0;
}

int gs3_parse_bool(struct gs3_parse *parse, struct gs3_at at, const char *what, bool *out)
{
    if (check_scalar(parse, at, what))
        return -1;
    bool is_true = strcmp(at.node->text, "true") == 0;
    if (!is_true && strcmp(at.node->text, "false") != 0)
        return gs3_parse_fail(parse, at, "%s must be true or false, not \"%s\"", what,
                              gs3_show(at.node->text).text);
    if (at.node->is_quoted)
        return gs3_parse_fail(parse, at, "%s must be %s without quotes: in quotes it is text", what,
                              at.node->text);
    *out = is_true;
    return 0;
}

int gs3_parse_u64(struct gs3_parse *parse, struct gs3_at at, const char *what, uint64_t maximum,
                  uint64_t *out)
{
    if (check_scalar(parse, at, what))
        return -1;
    const char *text = at.node->text;
    if (at.node->is_quoted)
        return gs3_parse_fail(parse, at, "%s must be a number without quotes", what);
    bool has_leading_zero = text[0] == '0' && text[1] != '\0';
    if (has_leading_zero || gs3_str_to_u64(text, UINT64_MAX, out))
        return gs3_parse_fail(parse, at,
                              "%s must be a whole number in plain digits (10000), not \"%s\"", what,
                              gs3_show(text).text);
    if (*out > maximum)
        return gs3_parse_fail(parse, at, "%s is larger than %ju", what, (uintmax_t)maximum);
    return 0;
}

int gs3_parse_word(struct gs3_parse *parse, struct gs3_at at, const char *what,
                   const char *const *words, size_t word_count, size_t *index)
{
    if (check_text(parse, at, what))
        return -1;
    for (size_t i = 0; i < word_count; i++) {
        if (strcmp(at.node->text, words[i]) == 0) {
            *index = i;
            return 0;
        }
    }
    gs3_auto_free char *hint = describe_choice(at.node->text, words, word_count);
    return gs3_parse_fail(parse, at, "%s cannot be \"%s\"%s", what, gs3_show(at.node->text).text,
                          hint);
}

int gs3_parse_name(struct gs3_parse *parse, struct gs3_at at, const char *what, const char **out)
{
    enum { NAME_BYTES = 63 };
    if (check_text(parse, at, what))
        return -1;
    const char *text = at.node->text;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (text[0] < 'a' || text[0] > 'z' || strspn(text, allowed) != strlen(text) ||
        strlen(text) > NAME_BYTES)
        return gs3_parse_fail(parse, at,
                              "%s \"%s\" is no name: lower-case letters, digits and hyphens, a "
                              "letter first, at most 63",
                              what, gs3_show(text).text);
    *out = text;
    return 0;
}

int gs3_parse_strings(struct gs3_parse *parse, struct gs3_at at, const char *what,
                      const char *const *words, size_t word_count, struct gs3_strings *out)
{
    enum { LIST_ITEMS = 256 };
    if (gs3_parse_sequence(parse, at, what))
        return -1;
    if (at.node->count == 0)
        return gs3_parse_fail(parse, at, "%s is an empty list: fill it in or remove it", what);
    if (at.node->count > LIST_ITEMS)
        return gs3_parse_fail(parse, at, "%s has more than %d entries", what, LIST_ITEMS);
    out->items = gs3_xcalloc(at.node->count, sizeof *out->items);
    for (size_t i = 0; i < at.node->count; i++) {
        struct gs3_at item = gs3_at_item(at, i);
        size_t index = 0;
        if (words && gs3_parse_word(parse, item, what, words, word_count, &index))
            return -1;
        if (gs3_parse_string(parse, item, what, &out->items[out->count]))
            return -1;
        out->count++;
        for (size_t j = 0; j < i; j++)
            if (strcmp(out->items[j], out->items[i]) == 0)
                return gs3_parse_fail(parse, item, "%s names \"%s\" twice: remove one", what,
                                      gs3_show(out->items[i]).text);
    }
    return 0;
}
