/* RFC 2047 encoded words: how S3 carries a metadata value that is not ASCII. */
#ifndef GS3_TEXT_RFC2047_H
#define GS3_TEXT_RFC2047_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends `text` (UTF-8): as it is when it is printable ASCII that does not look like an encoded
 * word, else as encoded words =?UTF-8?B?…?= of at most 75 characters each, separated by one space,
 * never cutting a character. -1 when `text` is not UTF-8, holds control characters, or `out` is
 * full. */
int gs3_rfc2047_encode(struct gs3_buf *out, const char *text);

/* Appends the decoded text; Q and B, charsets UTF-8, US-ASCII and ISO-8859-1, white space between
 * adjacent encoded words dropped; what is no encoded word is copied. -1 on a charset that is not
 * known or words that do not decode. */
int gs3_rfc2047_decode(struct gs3_buf *out, const char *text);

/* Whether S3 would decode (part of) it: holds "=?", charset "?", Q or B, "?", …, "?=". */
bool gs3_rfc2047_is_encoded(const char *text);

#endif
