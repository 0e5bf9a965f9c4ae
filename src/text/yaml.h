/* YAML as policies use it: a tree of mappings, sequences and scalars, each with its place.
 *
 * Reads with libyaml's event parser and refuses what a policy must not hold: anchors, aliases,
 * tags, merge keys, directives, a second document, duplicate keys, keys that are not scalars, depth
 * over 32, more than 64 KiB, what is not UTF-8, NUL and other control characters, bidi controls, a
 * byte order mark, and what libyaml 0.2.5 accepts against the YAML specification. No typing is
 * done: a scalar is text plus whether it was quoted. Depends on base, text/utf8 and libyaml. */
#ifndef GS3_TEXT_YAML_H
#define GS3_TEXT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { GS3_YAML_DEPTH = 32, GS3_YAML_BYTES = 64 * 1024 };

enum gs3_yaml_kind { GS3_YAML_SCALAR, GS3_YAML_SEQUENCE, GS3_YAML_MAPPING };

struct gs3_yaml_node {
    enum gs3_yaml_kind kind;
    unsigned line, column;        /* from 1 */
    bool is_quoted;               /* scalars: single, double, literal or folded style */
    char *text;                   /* scalars, else NULL */
    struct gs3_yaml_node **keys;  /* mappings: scalars, `count` of them */
    struct gs3_yaml_node **items; /* sequences: items; mappings: values; `count` of them */
    size_t count;
};

/* Parses one document. `name` is the file's name as messages show it. NULL with class
 * GS3_EPOLICY and "NAME:LINE:COLUMN: what is wrong: what to do". Free with gs3_yaml_free. */
struct gs3_yaml_node *gs3_yaml_parse(const char *name, const char *data, size_t length_bytes,
                                     struct gs3_err *err);
void gs3_yaml_free(struct gs3_yaml_node *node); /* NULL is fine */

/* The value of `key` in a mapping, or NULL. */
const struct gs3_yaml_node *gs3_yaml_get(const struct gs3_yaml_node *mapping, const char *key);

#endif
