/*
 * Numbers, percent and XML encoding as the sink needs them: quick for keys, tolerant on reading.
 */
#include "sink.h"

#include <string.h>

bool sink_number_read(const char *text, uint64_t *value, const char **end)
{
    uint64_t sum = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    if (end)
        *end = at;
    return at != text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void sink_percent_decode(char *text, bool has_plus)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;
        /* A NUL within a key would end it: left as it was sent. */
        if (low >= 0 && high + low > 0) {
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = has_plus && *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
}

static const struct {
    const char *entity;
    char character;
} entities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
};

void sink_xml_decode(char *text)
{
    char *to = text;
    while (*text) {
        size_t i = 0;
        size_t count = sizeof entities / sizeof *entities;
        while (i < count && strncmp(text, entities[i].entity, strlen(entities[i].entity)) != 0)
            i++;
        *to++ = i < count ? entities[i].character : *text;
        text += i < count ? strlen(entities[i].entity) : 1;
    }
    *to = '\0';
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~' || c == '/' || c == '*';
}

static void add_escaped(struct sink_buf *buf, const char *text, bool is_url)
{
    for (;;) {
        size_t len = 0;
        while (is_plain(text[len]))
            len++;
        sink_buf_add(buf, text, len);
        text += len;
        switch (*text) {
        case '\0': return;
        case '&': sink_buf_text(buf, is_url ? "%26" : "&amp;"); break;
        case '<': sink_buf_text(buf, is_url ? "%3C" : "&lt;"); break;
        case '>': sink_buf_text(buf, is_url ? "%3E" : "&gt;"); break;
        default:
            if (is_url)
                sink_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)*text);
            else
                sink_buf_add(buf, text, 1);
        }
        text++;
    }
}

void sink_buf_xml(struct sink_buf *buf, const char *text)
{
    add_escaped(buf, text, false);
}

void sink_buf_percent(struct sink_buf *buf, const char *text)
{
    add_escaped(buf, text, true);
}

/* A listing has an ETag a key: printf would be a third of its cost. */
void sink_etag_format(uint64_t high, uint64_t low, char etag[SINK_ETAG_CHARS])
{
    for (size_t i = 0; i < 16; i++) {
        etag[i] = "0123456789abcdef"[(high >> (60 - 4 * i)) & 15];
        etag[16 + i] = "0123456789abcdef"[(low >> (60 - 4 * i)) & 15];
    }
    memcpy(etag + 32, "-1", 3);
}

void sink_hex(char *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}
