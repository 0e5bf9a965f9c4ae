/* Small XML answers (S3, STS) as a flat list of leaves in document order.
 *
 * "Error/Code" → "NoSuchKey": the path of local names without the namespace, and the text.
 * Bounded: 1 MiB, depth 32, 20,000 leaves; a DOCTYPE or entity declaration is refused; a
 * document that is cut off is an error, never a partial list. Depends on base and expat. */
#ifndef GS3_TEXT_XML_H
#define GS3_TEXT_XML_H

#include <stddef.h>

#include "base/err.h"
#include "base/buf.h"
#include "base/pairs.h"

enum { GS3_XML_BYTES = 1 << 20, GS3_XML_DEPTH = 32, GS3_XML_LEAVES = 20000 };

/* Appends path-text pairs of every element without element children to `leaves` (an empty
 * element gives ""), and sets `*root` (caller frees) to the root's local name. Leading white
 * space before the document is accepted (S3 sends it to keep a connection open).
 * Class GS3_EINVALID. gs3_pairs_get is case-insensitive: so are S3's element names, then. */
int gs3_xml_parse(const char *data, size_t length_bytes, char **root, struct gs3_pairs *leaves,
                  struct gs3_err *err);

/* Appends `text` with & < > " ' and control characters escaped (\r, \n, \t as &#13; …).
 * -1 when the buffer is full or the text holds a character XML 1.0 cannot carry. */
int gs3_xml_append_escaped(struct gs3_buf *out, const char *text);

#endif
