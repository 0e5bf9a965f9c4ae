#include "text/json.h"

#include <string.h>

#include "text/utf8.h"

/* \uXXXX, as a surrogate pair beyond U+FFFF. */
static int append_escaped(struct gs3_buf *out, uint32_t c)
{
    if (c < 0x10000)
        return gs3_buf_printf(out, "\\u%04x", c);
    c -= 0x10000;
    return gs3_buf_printf(out, "\\u%04x\\u%04x", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF));
}

static int append_character(struct gs3_buf *out, const char *bytes, size_t count, uint32_t c)
{
    switch (c) {
    case '"': return gs3_buf_puts(out, "\\\"");
    case '\\': return gs3_buf_puts(out, "\\\\");
    case '\n': return gs3_buf_puts(out, "\\n");
    case '\r': return gs3_buf_puts(out, "\\r");
    case '\t': return gs3_buf_puts(out, "\\t");
    default: break;
    }
    if (gs3_utf8_is_unsafe(c))
        return append_escaped(out, c);
    return gs3_buf_append(out, bytes, count);
}

int gs3_json_append_string(struct gs3_buf *out, const char *text)
{
    if (!text)
        return gs3_buf_puts(out, "null");
    if (gs3_buf_putc(out, '"'))
        return -1;
    for (size_t left = strlen(text); left > 0;) {
        uint32_t code_point = 0;
        size_t step = gs3_utf8_decode(text, left, &code_point);
        if (step == 0) {
            step = 1;
            if (gs3_buf_puts(out, "\xEF\xBF\xBD"))
                return -1;
        } else if (append_character(out, text, step, code_point)) {
            return -1;
        }
        text += step;
        left -= step;
    }
    return gs3_buf_putc(out, '"');
}
