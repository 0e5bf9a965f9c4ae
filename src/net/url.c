#include <string.h>

#include "base/str.h"
#include "net/internal.h"

int gs3_http_origin(const char *url, char out[GS3_HTTP_ORIGIN_BYTES], struct gs3_err *err)
{
    size_t scheme_bytes = 0;
    if (gs3_str_has_prefix(url, "https://"))
        scheme_bytes = strlen("https://");
    else if (gs3_str_has_prefix(url, "http://"))
        scheme_bytes = strlen("http://");
    out[0] = '\0';
    if (scheme_bytes == 0)
        return gs3_fail(err, GS3_EGENERAL, "the URL of a request must begin with https://");
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~')
            return gs3_fail(err, GS3_EGENERAL, "the URL of a request must be percent-encoded");
    size_t length = scheme_bytes + strcspn(url + scheme_bytes, "/?#");
    if (length == scheme_bytes || length >= GS3_HTTP_ORIGIN_BYTES)
        return gs3_fail(err, GS3_EGENERAL, "the URL of a request has no usable host");
    if (memchr(url + scheme_bytes, '@', length - scheme_bytes))
        return gs3_fail(err, GS3_EGENERAL, "the URL of a request must not hold credentials");
    memcpy(out, url, length);
    out[length] = '\0';
    return 0;
}
