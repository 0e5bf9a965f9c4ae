/* UTF-8: validity, and what is unsafe to print or to store. */
#ifndef GS3_TEXT_UTF8_H
#define GS3_TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Decodes one character (no overlong form, no surrogate, ≤ U+10FFFF). Returns its length in
 * bytes, 0 when the bytes are not UTF-8 or the input is empty. */
size_t gs3_utf8_decode(const char *data, size_t length_bytes, uint32_t *code_point);
bool gs3_utf8_is_valid(const char *data, size_t length_bytes);
bool gs3_utf8_is_ascii(const char *text);

/* C0 and C1 controls, DEL, bidi controls (U+200E/F, 061C, 202A–202E, 2066–2069), U+2028/2029,
 * U+FEFF and unassigned noncharacters: what could make a line say something else than it holds. */
bool gs3_utf8_is_unsafe(uint32_t code_point);

/* Appends `text` for a terminal or a log line: unsafe characters and bytes that are not UTF-8
 * as \xHH of their bytes (\\ stays as it is: names are printed as `aws s3` prints them). */
int gs3_utf8_append_printable(struct gs3_buf *out, const char *text);

#endif
