/* Percent encoding as SigV4 wants it, and origins (scheme, host, port) read strictly. */
#ifndef GS3_TEXT_URI_H
#define GS3_TEXT_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends with everything but A-Z a-z 0-9 - _ . ~ as %XX (upper-case hex); `/` too unless
 * `keep_slash`. No normalisation of any kind. */
int gs3_uri_encode(struct gs3_buf *out, const char *text, bool keep_slash);

/* Appends the decoded bytes (%XX only; `+` stays). -1 on a bad escape or %00. */
int gs3_uri_decode(struct gs3_buf *out, const char *text);

struct gs3_origin {
    char scheme[6]; /* "http" or "https" */
    char host[256]; /* lower case; an IPv6 address with its brackets */
    unsigned port;  /* never 0: 80 or 443 when the text had none */
    bool is_default_port;
    bool is_loopback; /* localhost, *.localhost, 127.0.0.0/8, [::1]: by name, not by DNS */
};

/* Reads "https://host[:port]" and an optional single "/". A path, query, fragment, user part,
 * white space, control character, empty host, trailing dot, or port 0 or over 65535 is an error of
 * class `class`; the message quotes the text and says what is wrong. */
int gs3_origin_parse(const char *text, enum gs3_err_class class, struct gs3_origin *origin,
                     struct gs3_err *err);
bool gs3_origin_equal(const struct gs3_origin *a, const struct gs3_origin *b);
/* "https://host" or "https://host:8443": without a default port. */
char *gs3_origin_format(const struct gs3_origin *origin); /* caller frees */

#endif
