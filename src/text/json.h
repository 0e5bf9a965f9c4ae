/* JSON from outside: a strict scan first, then cJSON; and writing JSON text.
 *
 * cJSON alone accepts what RFC 8259 forbids, so nothing reaches it that the scan has not
 * passed: grammar, duplicate keys in one object, depth, size, valid UTF-8, no NUL, numbers
 * in range, lone surrogates. Depends on base and cJSON (whose allocation the caller has hooked). */
#ifndef GS3_TEXT_JSON_H
#define GS3_TEXT_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { GS3_JSON_DEPTH = 64, GS3_JSON_BYTES = 1 << 20 };

/* Parses one document; the caller frees with cJSON_Delete. NULL with class GS3_EINVALID and
 * a message that starts with the byte offset ("byte 17: duplicate key \"state\""). Time grows as
 * n log n at worst (an object's keys are sorted, never compared in pairs; no input can make it
 * more); stack use does not depend on the input. Refused though RFC 8259 allows it: duplicate keys,
 * the escape \u0000, numbers beyond a double or over 512 characters. */
cJSON *gs3_json_parse(const char *data, size_t length_bytes, struct gs3_err *err);

/* The scan alone. */
int gs3_json_check(const char *data, size_t length_bytes, struct gs3_err *err);

/* The string member `name` (case-sensitive), or NULL when it is missing or no string. */
const char *gs3_json_string(const cJSON *object, const char *name);

/* Appends `text` as a JSON string, quotes included. Control characters, DEL, bidi controls
 * and U+2028/9 are escaped; bytes that are not UTF-8 become U+FFFD. NULL becomes null. */
int gs3_json_append_string(struct gs3_buf *out, const char *text);

static inline void gs3_json_cleanup(cJSON **json)
{
    cJSON_Delete(*json);
}
#define gs3_auto_json __attribute__((cleanup(gs3_json_cleanup)))

#endif
