#include "text/yaml_check.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"
#include "text/yaml.h"

void gs3_yaml_reader_release(struct gs3_yaml_reader *reader)
{
    free(reader->offsets);
}

int gs3_yaml_fail_at(const struct gs3_yaml_reader *reader, size_t line, size_t column,
                     const char *problem)
{
    return gs3_fail(reader->err, GS3_EPOLICY, "%s:%zu:%zu: %s", reader->name, line, column,
                    problem);
}

int gs3_yaml_fail_mark(const struct gs3_yaml_reader *reader, const yaml_mark_t *mark,
                       const char *problem)
{
    return gs3_yaml_fail_at(reader, mark->line + 1, mark->column + 1, problem);
}

static size_t byte_offset(const struct gs3_yaml_reader *reader, size_t character)
{
    return reader
        ->offsets[character < reader->character_count ? character : reader->character_count];
}

/* The byte at a mark, '\0' at the end of the text (the text itself holds no NUL). */
static char byte_at(const struct gs3_yaml_reader *reader, const yaml_mark_t *mark)
{
    size_t offset = byte_offset(reader, mark->index);
    return offset < reader->length_bytes ? reader->data[offset] : '\0';
}

static const char *character_problem(uint32_t code_point, size_t character, char next)
{
    if (code_point == 0xFEFF && character == 0)
        return "a byte order mark: save the file as UTF-8 without one";
    if (code_point == '\r')
        return next == '\n' ? NULL : "a lone carriage return: end lines with a line feed";
    if (code_point == '\n' || code_point == '\t')
        return NULL;
    if (gs3_utf8_is_unsafe(code_point))
        return "a control or text direction character: remove it";
    return NULL;
}

/* Checks every character before libyaml sees it, and fills `offsets`. */
static int check_characters(struct gs3_yaml_reader *reader)
{
    size_t line = 1, column = 1, offset = 0;
    bool in_indentation = true;
    reader->offsets = gs3_xreallocarray(NULL, reader->length_bytes + 1, sizeof *reader->offsets);
    while (offset < reader->length_bytes) {
        uint32_t code_point = 0;
        size_t step =
            gs3_utf8_decode(reader->data + offset, reader->length_bytes - offset, &code_point);
        if (step == 0)
            return gs3_yaml_fail_at(reader, line, column, "not UTF-8: save the file as UTF-8");
        bool is_last = offset + step >= reader->length_bytes;
        const char *problem = character_problem(code_point, reader->character_count,
                                                is_last ? '\0' : reader->data[offset + step]);
        if (!problem && code_point == '\t' && in_indentation)
            problem = "a tab in the indentation: use spaces";
        if (problem)
            return gs3_yaml_fail_at(reader, line, column, problem);
        reader->offsets[reader->character_count++] = (uint32_t)offset;
        offset += step;
        column++;
        in_indentation = in_indentation && code_point == ' ';
        if (code_point == '\n') {
            line++;
            column = 1;
            in_indentation = true;
        }
    }
    reader->offsets[reader->character_count] = (uint32_t)offset;
    return 0;
}

static const char *libyaml_hint(const char *problem)
{
    static const struct {
        const char *problem, *hint;
    } hints[] = {
        {"mapping values are not allowed",
         ": check the indentation, or quote a value with a colon"},
        {"did not find expected key", ": check the indentation"},
        {"did not find expected '-'", ": check the indentation"},
        {"could not find expected ':'", ": a key needs a colon and a space"},
        {"found character that cannot start any token", ": quote the value"},
        {"did not find expected ',' or", ": close the bracket, or quote the value"},
        {"found unknown escape character", ": use single quotes around a backslash"},
        {"found unexpected end of stream", ": close the quote"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (gs3_str_has_prefix(problem, hints[i].problem))
            return hints[i].hint;
    return "";
}

int gs3_yaml_fail_libyaml(const struct gs3_yaml_reader *reader, const yaml_parser_t *parser)
{
    const char *problem = parser->problem ? parser->problem : "libyaml could not read it";
    return gs3_fail(reader->err, GS3_EPOLICY, "%s:%zu:%zu: %s%s", reader->name,
                    parser->problem_mark.line + 1, parser->problem_mark.column + 1, problem,
                    libyaml_hint(problem));
}

int gs3_yaml_parser_start(const struct gs3_yaml_reader *reader, yaml_parser_t *parser)
{
    if (!yaml_parser_initialize(parser))
        return gs3_fail(reader->err, GS3_EPOLICY, "%s: libyaml could not start", reader->name);
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)reader->data, reader->length_bytes);
    return 0;
}

/* Where the token pass stands in the nesting. */
struct nesting {
    unsigned depth, flow_depth;
    size_t columns[GS3_YAML_DEPTH + 1]; /* of each open block collection, by depth; 0 in flow */
    size_t previous_line;
};

const char gs3_yaml_too_deep[] = "nested more than 32 levels deep: a policy needs no more than 8";

static int open_collection(const struct gs3_yaml_reader *reader, struct nesting *nesting,
                           const yaml_token_t *token)
{
    if (nesting->depth == GS3_YAML_DEPTH)
        return gs3_yaml_fail_mark(reader, &token->start_mark, gs3_yaml_too_deep);
    bool is_flow = token->type == YAML_FLOW_SEQUENCE_START_TOKEN ||
                   token->type == YAML_FLOW_MAPPING_START_TOKEN;
    if (is_flow)
        nesting->flow_depth++;
    /* A flow collection keeps the indentation of the block that it is in. */
    size_t inherited = nesting->depth > 0 ? nesting->columns[nesting->depth] : 0;
    nesting->depth++;
    nesting->columns[nesting->depth] = is_flow ? inherited : token->start_mark.column + 1;
    return 0;
}

static void close_collection(struct nesting *nesting, bool is_flow)
{
    if (is_flow && nesting->flow_depth > 0)
        nesting->flow_depth--;
    if (nesting->depth > 0)
        nesting->depth--;
}

/* Where the first line of a `|` or `>` goes on behind its indicators. */
static const char *block_header_end(const struct gs3_yaml_reader *reader, const yaml_token_t *token)
{
    const char *cursor = reader->data + byte_offset(reader, token->start_mark.index) + 1;
    const char *end = reader->data + reader->length_bytes;
    while (cursor < end && (*cursor == '+' || *cursor == '-' || gs3_ascii_is_digit(*cursor)))
        cursor++;
    return cursor;
}

/* `|` and `>`: their first line may hold a comment after a space, and no blank line in front of
 * the text may be indented deeper than the text. */
static int check_block_scalar(const struct gs3_yaml_reader *reader, const yaml_token_t *token)
{
    const char *cursor = block_header_end(reader, token);
    const char *end = reader->data + reader->length_bytes;
    size_t deepest = 0;
    if (cursor < end && *cursor == '#')
        return gs3_yaml_fail_mark(reader, &token->start_mark,
                                  "a comment needs a space in front of its #");
    while (cursor < end && (cursor = memchr(cursor, '\n', (size_t)(end - cursor)))) {
        const char *line = ++cursor;
        while (cursor < end && *cursor == ' ')
            cursor++;
        size_t indentation = (size_t)(cursor - line);
        if (cursor == end)
            return 0;
        if (*cursor != '\n' && *cursor != '\r')
            return indentation >= deepest
                       ? 0
                       : gs3_yaml_fail_mark(reader, &token->start_mark,
                                            "a blank line in front of the text is indented deeper "
                                            "than the text: remove its spaces");
        deepest = indentation > deepest ? indentation : deepest;
    }
    return 0;
}

static int check_scalar_token(const struct gs3_yaml_reader *reader, const struct nesting *nesting,
                              const yaml_token_t *token)
{
    yaml_scalar_style_t style = token->data.scalar.style;
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        return check_block_scalar(reader, token);
    if (token->start_mark.line != token->end_mark.line)
        return gs3_yaml_fail_mark(
            reader, &token->start_mark,
            "a value over more than one line: write it on one line, or as a folded "
            "block (>-)");
    if (style == YAML_PLAIN_SCALAR_STYLE && nesting->flow_depth > 0 &&
        strcmp((const char *)token->data.scalar.value, "-") == 0)
        return gs3_yaml_fail_mark(reader, &token->start_mark,
                                  "a lone - between brackets: quote it");
    return 0;
}

static bool is_block_scalar(const yaml_token_t *token)
{
    return token->type == YAML_SCALAR_TOKEN &&
           (token->data.scalar.style == YAML_LITERAL_SCALAR_STYLE ||
            token->data.scalar.style == YAML_FOLDED_SCALAR_STYLE);
}

/* What holds for every token: a line inside brackets is indented deeper than the block around
 * it, and a comment does not touch the token in front of it. libyaml checks neither. */
static int check_layout(const struct gs3_yaml_reader *reader, struct nesting *nesting,
                        const yaml_token_t *token)
{
    bool is_first_on_line = token->start_mark.line != nesting->previous_line;
    nesting->previous_line = token->end_mark.line;
    if (is_first_on_line && nesting->flow_depth > 0 &&
        token->start_mark.column + 1 <= nesting->columns[nesting->depth] &&
        token->type != YAML_STREAM_END_TOKEN)
        return gs3_yaml_fail_mark(reader, &token->start_mark,
                                  "a line inside brackets must be indented deeper than its key");
    if (token->end_mark.index > token->start_mark.index && !is_block_scalar(token) &&
        token->type != YAML_STREAM_END_TOKEN && byte_at(reader, &token->end_mark) == '#')
        return gs3_yaml_fail_mark(reader, &token->end_mark,
                                  "a comment needs a space in front of its #");
    return 0;
}

static const char *forbidden_token(const struct gs3_yaml_reader *reader, const yaml_token_t *token)
{
    switch ((int)token->type) {
    case YAML_VERSION_DIRECTIVE_TOKEN:
    case YAML_TAG_DIRECTIVE_TOKEN: return "directives are not allowed: remove the line";
    case YAML_ANCHOR_TOKEN:
        return "anchors are not allowed: write the value out, or use a template with extends";
    case YAML_ALIAS_TOKEN:
        return "aliases are not allowed: write the value out, or use a template with extends";
    case YAML_TAG_TOKEN:
        return "tags are not allowed: remove it, or quote a value that starts with !";
    case YAML_KEY_TOKEN:
        return byte_at(reader, &token->start_mark) == '?' &&
                       token->end_mark.index > token->start_mark.index
                   ? "explicit keys (?) are not allowed: write key: value"
                   : NULL;
    default: return NULL;
    }
}

static int check_token(const struct gs3_yaml_reader *reader, struct nesting *nesting,
                       const yaml_token_t *token)
{
    const char *problem = forbidden_token(reader, token);
    if (problem)
        return gs3_yaml_fail_mark(reader, &token->start_mark, problem);
    if (check_layout(reader, nesting, token))
        return -1;
    switch ((int)token->type) {
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN:
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN: return open_collection(reader, nesting, token);
    case YAML_BLOCK_END_TOKEN: close_collection(nesting, false); return 0;
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN: close_collection(nesting, true); return 0;
    case YAML_SCALAR_TOKEN: return check_scalar_token(reader, nesting, token);
    default: return 0;
    }
}

static int check_tokens(const struct gs3_yaml_reader *reader)
{
    gs3_auto(yaml_parser_delete) yaml_parser_t parser = {0};
    struct nesting nesting = {0};
    if (gs3_yaml_parser_start(reader, &parser))
        return -1;
    for (;;) {
        gs3_auto(yaml_token_delete) yaml_token_t token = {0};
        if (!yaml_parser_scan(&parser, &token))
            return gs3_yaml_fail_libyaml(reader, &parser);
        if (token.type == YAML_NO_TOKEN || token.type == YAML_STREAM_END_TOKEN)
            return 0;
        if (check_token(reader, &nesting, &token))
            return -1;
    }
}

int gs3_yaml_check(struct gs3_yaml_reader *reader)
{
    return check_characters(reader) || check_tokens(reader) ? -1 : 0;
}
