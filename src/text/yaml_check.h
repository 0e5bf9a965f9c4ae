/* Private to text/yaml.c and text/yaml_check.c: one text being read, and the checks of its
 * characters and tokens that come before its events are believed.
 *
 * A text is read twice by libyaml, first as tokens, then as events. The tokens show what events
 * hide (a lone `!`, a comment that touches a value), and where libyaml 0.2.5 lets pass what the
 * YAML specification forbids. Depends on libyaml. */
#ifndef GS3_TEXT_YAML_CHECK_H
#define GS3_TEXT_YAML_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "base/err.h"

struct gs3_yaml_reader {
    const char *name;
    const char *data;
    size_t length_bytes;
    uint32_t *offsets; /* byte offset of each character and of the end: libyaml counts characters */
    size_t character_count;
    struct gs3_err *err;
};

void gs3_yaml_reader_release(struct gs3_yaml_reader *reader);

/* Checks every character, fills `offsets`, then checks every token. Linear in the text. */
int gs3_yaml_check(struct gs3_yaml_reader *reader);

/* Prepares libyaml for one pass; the caller deletes the parser. */
int gs3_yaml_parser_start(const struct gs3_yaml_reader *reader, yaml_parser_t *parser);

/* Each returns -1 with "NAME:LINE:COLUMN: problem" of class GS3_EPOLICY. */
int gs3_yaml_fail_at(const struct gs3_yaml_reader *reader, size_t line, size_t column,
                     const char *problem);
int gs3_yaml_fail_mark(const struct gs3_yaml_reader *reader, const yaml_mark_t *mark,
                       const char *problem);
int gs3_yaml_fail_libyaml(const struct gs3_yaml_reader *reader, const yaml_parser_t *parser);

extern const char gs3_yaml_too_deep[];

#endif
