#include "text/yaml.h"

#include <string.h>

#include "base/mem.h"
#include "text/utf8.h"
#include "text/yaml_check.h"

static int next_event(const struct gs3_yaml_reader *reader, yaml_parser_t *parser,
                      yaml_event_t *event)
{
    return yaml_parser_parse(parser, event) ? 0 : gs3_yaml_fail_libyaml(reader, parser);
}

static struct gs3_yaml_node *new_node(enum gs3_yaml_kind kind, const yaml_event_t *event)
{
    struct gs3_yaml_node *node = gs3_xcalloc(1, sizeof *node);
    node->kind = kind;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    return node;
}

/* An escape in double quotes makes characters that check_characters has not seen. */
static int check_value(const struct gs3_yaml_reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    for (size_t offset = 0; offset < length;) {
        uint32_t code_point = 0;
        size_t step = gs3_utf8_decode(text + offset, length - offset, &code_point);
        if (step == 0)
            return gs3_yaml_fail_mark(reader, &event->start_mark, "an escape that is no character");
        if (code_point != '\n' && code_point != '\t' && gs3_utf8_is_unsafe(code_point))
            return gs3_yaml_fail_mark(
                reader, &event->start_mark,
                "an escape makes a control or text direction character: remove it");
        offset += step;
    }
    return 0;
}

static struct gs3_yaml_node *read_scalar(const struct gs3_yaml_reader *reader,
                                         const yaml_event_t *event)
{
    if (check_value(reader, event))
        return NULL;
    struct gs3_yaml_node *node = new_node(GS3_YAML_SCALAR, event);
    node->text = gs3_xstrndup((const char *)event->data.scalar.value, event->data.scalar.length);
    node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node;
}

static void append_child(struct gs3_yaml_node *node, struct gs3_yaml_node *key,
                         struct gs3_yaml_node *value)
{
    size_t wanted = node->count + 1;
    bool is_full = (node->count & (node->count - 1)) == 0; /* grows at the powers of two */
    if (is_full && key)
        node->keys = gs3_xreallocarray(node->keys, wanted * 2, sizeof(struct gs3_yaml_node *));
    if (is_full)
        node->items = gs3_xreallocarray(node->items, wanted * 2, sizeof(struct gs3_yaml_node *));
    if (key)
        node->keys[node->count] = key;
    node->items[node->count] = value;
    node->count = wanted;
}

static int compare_keys(const void *a, const void *b)
{
    const struct gs3_yaml_node *left = *(struct gs3_yaml_node *const *)a;
    const struct gs3_yaml_node *right = *(struct gs3_yaml_node *const *)b;
    int order = strcmp(left->text, right->text);
    if (order != 0)
        return order;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return left->column < right->column ? -1 : left->column > right->column;
}

/* Sorted, so that a text of nothing but keys costs n log n. */
static int check_duplicate_keys(const struct gs3_yaml_reader *reader,
                                const struct gs3_yaml_node *mapping)
{
    if (mapping->count < 2)
        return 0;
    gs3_auto_free struct gs3_yaml_node **sorted =
        gs3_xreallocarray(NULL, mapping->count, sizeof(struct gs3_yaml_node *));
    memcpy(sorted, mapping->keys, mapping->count * sizeof(struct gs3_yaml_node *));
    qsort(sorted, mapping->count, sizeof(struct gs3_yaml_node *), compare_keys);
    for (size_t i = 1; i < mapping->count; i++)
        if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
            return gs3_fail(reader->err, GS3_EPOLICY,
                            "%s:%u:%u: duplicate key \"%.100s\", first on line %u: remove one",
                            reader->name, sorted[i]->line, sorted[i]->column, sorted[i]->text,
                            sorted[i - 1]->line);
    return 0;
}

static struct gs3_yaml_node *read_node(const struct gs3_yaml_reader *reader, yaml_parser_t *parser,
                                       const yaml_event_t *event, unsigned depth);

static struct gs3_yaml_node *read_key(const struct gs3_yaml_reader *reader,
                                      const yaml_event_t *event)
{
    if (event->type != YAML_SCALAR_EVENT) {
        gs3_yaml_fail_mark(reader, &event->start_mark,
                           "a key must be a plain word, not a list or mapping");
        return NULL;
    }
    struct gs3_yaml_node *key = read_scalar(reader, event);
    if (key && !key->is_quoted && strcmp(key->text, "<<") == 0) {
        gs3_yaml_fail_mark(
            reader, &event->start_mark,
            "merge keys are not allowed: write the values out, or use a template with "
            "extends");
        gs3_yaml_free(key);
        return NULL;
    }
    return key;
}

static int read_pair(const struct gs3_yaml_reader *reader, yaml_parser_t *parser,
                     const yaml_event_t *first, struct gs3_yaml_node *mapping, unsigned depth)
{
    struct gs3_yaml_node *key = read_key(reader, first);
    if (!key)
        return -1;
    gs3_auto(yaml_event_delete) yaml_event_t event = {0};
    struct gs3_yaml_node *value = NULL;
    if (next_event(reader, parser, &event) == 0)
        value = read_node(reader, parser, &event, depth);
    if (!value) {
        gs3_yaml_free(key);
        return -1;
    }
    append_child(mapping, key, value);
    return 0;
}

static int read_children(const struct gs3_yaml_reader *reader, yaml_parser_t *parser,
                         struct gs3_yaml_node *node, unsigned depth)
{
    for (;;) {
        gs3_auto(yaml_event_delete) yaml_event_t event = {0};
        if (next_event(reader, parser, &event))
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
            return 0;
        if (node->kind == GS3_YAML_MAPPING) {
            if (read_pair(reader, parser, &event, node, depth))
                return -1;
            continue;
        }
        struct gs3_yaml_node *item = read_node(reader, parser, &event, depth);
        if (!item)
            return -1;
        append_child(node, NULL, item);
    }
}

static struct gs3_yaml_node *read_collection(const struct gs3_yaml_reader *reader,
                                             yaml_parser_t *parser, const yaml_event_t *event,
                                             unsigned depth)
{
    if (depth == GS3_YAML_DEPTH) {
        gs3_yaml_fail_mark(reader, &event->start_mark, gs3_yaml_too_deep);
        return NULL;
    }
    struct gs3_yaml_node *node =
        new_node(event->type == YAML_MAPPING_START_EVENT ? GS3_YAML_MAPPING : GS3_YAML_SEQUENCE,
                 event);
    if (read_children(reader, parser, node, depth + 1) ||
        (node->kind == GS3_YAML_MAPPING && check_duplicate_keys(reader, node))) {
        gs3_yaml_free(node);
        return NULL;
    }
    return node;
}

/* The token pass has refused anchors, aliases and tags already; an event that carries one all the
 * same is refused here, so that no disagreement between the passes lets one through. */
static struct gs3_yaml_node *read_node(const struct gs3_yaml_reader *reader, yaml_parser_t *parser,
                                       const yaml_event_t *event, unsigned depth)
{
    bool is_marked = false;
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT: is_marked = event->data.scalar.anchor || event->data.scalar.tag; break;
    case YAML_SEQUENCE_START_EVENT:
        is_marked = event->data.sequence_start.anchor || event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        is_marked = event->data.mapping_start.anchor || event->data.mapping_start.tag;
        break;
    default: is_marked = true;
    }
    if (is_marked) {
        gs3_yaml_fail_mark(reader, &event->start_mark, "anchors, aliases and tags are not allowed");
        return NULL;
    }
    return event->type == YAML_SCALAR_EVENT ? read_scalar(reader, event)
                                            : read_collection(reader, parser, event, depth);
}

/* After the document: its end, then the end of the stream, nothing else. */
static int check_stream_end(const struct gs3_yaml_reader *reader, yaml_parser_t *parser)
{
    for (;;) {
        gs3_auto(yaml_event_delete) yaml_event_t event = {0};
        if (next_event(reader, parser, &event))
            return -1;
        if (event.type == YAML_STREAM_END_EVENT)
            return 0;
        if (event.type == YAML_DOCUMENT_START_EVENT)
            return gs3_yaml_fail_mark(reader, &event.start_mark,
                                      "a second document is not allowed: use one file for each");
    }
}

static struct gs3_yaml_node *read_document(const struct gs3_yaml_reader *reader)
{
    gs3_auto(yaml_parser_delete) yaml_parser_t parser = {0};
    if (gs3_yaml_parser_start(reader, &parser))
        return NULL;
    for (;;) {
        gs3_auto(yaml_event_delete) yaml_event_t event = {0};
        if (next_event(reader, &parser, &event))
            return NULL;
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT)
            continue;
        if (event.type == YAML_STREAM_END_EVENT) {
            gs3_yaml_fail_at(reader, 1, 1, "the file holds nothing");
            return NULL;
        }
        struct gs3_yaml_node *root = read_node(reader, &parser, &event, 0);
        if (root && check_stream_end(reader, &parser)) {
            gs3_yaml_free(root);
            return NULL;
        }
        return root;
    }
}

struct gs3_yaml_node *gs3_yaml_parse(const char *name, const char *data, size_t length_bytes,
                                     struct gs3_err *err)
{
    gs3_auto(gs3_yaml_reader_release) struct gs3_yaml_reader reader = {.name = name,
                                                                       .data = data,
                                                                       .length_bytes = length_bytes,
                                                                       .err = err};
    if (length_bytes > GS3_YAML_BYTES) {
        gs3_fail(err, GS3_EPOLICY, "%s: larger than 64 KiB: split it into several files", name);
        return NULL;
    }
    if (gs3_yaml_check(&reader))
        return NULL;
    return read_document(&reader);
}

void gs3_yaml_free(struct gs3_yaml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        if (node->keys)
            gs3_yaml_free(node->keys[i]);
        gs3_yaml_free(node->items[i]);
    }
    free(node->keys);
    free(node->items);
    free(node->text);
    free(node);
}

const struct gs3_yaml_node *gs3_yaml_get(const struct gs3_yaml_node *mapping, const char *key)
{
    if (mapping->kind != GS3_YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->keys[i]->text, key) == 0)
            return mapping->items[i];
    return NULL;
}
