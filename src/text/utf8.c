#include "text/utf8.h"

#include <string.h>

/* Whether the `count` bytes after the first are continuation bytes; folds them in. */
static bool take_continuation(const unsigned char *bytes, size_t count, uint32_t *value)
{
    for (size_t i = 1; i <= count; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return false;
        *value = *value << 6 | (bytes[i] & 0x3FU);
    }
    return true;
}

size_t gs3_utf8_decode(const char *data, size_t length_bytes, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)data;
    if (length_bytes == 0)
        return 0;
    unsigned char first = bytes[0];
    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || more >= length_bytes)
        return 0;
    uint32_t value = first & (0x3FU >> more);
    if (!take_continuation(bytes, more, &value))
        return 0;
    if (value < smallest[more] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *code_point = value;
    return more + 1;
}

bool gs3_utf8_is_valid(const char *data, size_t length_bytes)
{
    uint32_t code_point;
    for (size_t at = 0; at < length_bytes;) {
        size_t step = gs3_utf8_decode(data + at, length_bytes - at, &code_point);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

bool gs3_utf8_is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static bool is_bidi_control(uint32_t c)
{
    return c == 0x200E || c == 0x200F || c == 0x061C || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_noncharacter(uint32_t c)
{
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

bool gs3_utf8_is_unsafe(uint32_t code_point)
{
    if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0))
        return true;
    if (code_point == 0x2028 || code_point == 0x2029 || code_point == 0xFEFF)
        return true;
    return is_bidi_control(code_point) || is_noncharacter(code_point);
}

static int append_hex(struct gs3_buf *out, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (gs3_buf_printf(out, "\\x%02x", (unsigned char)bytes[i]))
            return -1;
    return 0;
}

/* Printable ASCII, which most names are nothing but. */
static size_t plain_length(const char *text)
{
    size_t length = 0;
    while (text[length] >= 0x20 && text[length] < 0x7F)
        length++;
    return length;
}

int gs3_utf8_append_printable(struct gs3_buf *out, const char *text)
{
    size_t plain = plain_length(text);
    if (gs3_buf_append(out, text, plain))
        return -1;
    text += plain;
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        uint32_t code_point = 0;
        size_t step = gs3_utf8_decode(text + at, length - at, &code_point);
        bool is_plain = step > 0 && !gs3_utf8_is_unsafe(code_point);
        if (step == 0)
            step = 1;
        if (is_plain ? gs3_buf_append(out, text + at, step) : append_hex(out, text + at, step))
            return -1;
        at += step;
    }
    return 0;
}
