#include "text/rfc2047.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

/* 75 characters a word (RFC 2047, section 2) leave 63 for the base64 text: 60 of them, which
 * carry 45 bytes. */
enum { WORD_BYTES = 45 };

enum charset { CHARSET_UTF8, CHARSET_ASCII, CHARSET_LATIN1 };

/* The parts of one encoded word, =?charset?encoding?text?=, by position. */
struct word {
    const char *charset;
    size_t charset_bytes;
    char encoding; /* 'q' or 'b' */
    const char *text;
    size_t text_bytes;
    const char *end;  /* after the closing ?= */
    bool is_unclosed; /* all is there but ?=, so that no later word can be whole either */
};

/* The word that starts at "=?", or false. */
static bool read_word(const char *start, struct word *word)
{
    word->is_unclosed = false;
    word->charset = start + 2;
    word->charset_bytes = strcspn(word->charset, "?");
    const char *mark = word->charset + word->charset_bytes;
    if (!mark[0] || !mark[1] || mark[2] != '?')
        return false;
    word->encoding = gs3_ascii_lower(mark[1]);
    if (word->encoding != 'q' && word->encoding != 'b')
        return false;
    word->text = mark + 3;
    const char *close = strstr(word->text, "?=");
    word->is_unclosed = !close;
    if (!close)
        return false;
    word->text_bytes = (size_t)(close - word->text);
    word->end = close + 2;
    return true;
}

/* The next word at or after `text`, read into `*word`; NULL when there is none. */
static const char *find_word(const char *text, struct word *word)
{
    const char *start = strstr(text, "=?");
    while (start && !read_word(start, word))
        start = word->is_unclosed ? NULL : strstr(start + 1, "=?");
    return start;
}

bool gs3_rfc2047_is_encoded(const char *text)
{
    struct word word;
    return find_word(text, &word) != NULL;
}

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int append_base64(struct gs3_buf *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            group |= bytes[i + 2];
        char text[4] = {ALPHABET[group >> 18], ALPHABET[group >> 12 & 63],
                        left > 1 ? ALPHABET[group >> 6 & 63] : '=',
                        left > 2 ? ALPHABET[group & 63] : '='};
        if (gs3_buf_append(out, text, sizeof text))
            return -1;
    }
    return 0;
}

/* Whether the text may be stored at all; `*is_plain`: also as it is. */
static bool check_text(const char *text, size_t length, bool *is_plain)
{
    *is_plain = true;
    for (size_t at = 0; at < length;) {
        uint32_t c = 0;
        size_t step = gs3_utf8_decode(text + at, length - at, &c);
        if (step == 0 || c < 0x20 || (c >= 0x7F && c < 0xA0))
            return false;
        if (step > 1)
            *is_plain = false;
        at += step;
    }
    if (gs3_rfc2047_is_encoded(text))
        *is_plain = false;
    return true;
}

int gs3_rfc2047_encode(struct gs3_buf *out, const char *text)
{
    size_t left = strlen(text);
    bool is_plain;
    if (!check_text(text, left, &is_plain))
        return -1;
    if (is_plain)
        return gs3_buf_append(out, text, left);
    for (bool is_first = true; left > 0; is_first = false) {
        size_t count = left < WORD_BYTES ? left : WORD_BYTES;
        while (count < left && ((unsigned char)text[count] & 0xC0) == 0x80)
            count--;
        if (gs3_buf_puts(out, is_first ? "=?UTF-8?B?" : " =?UTF-8?B?") ||
            append_base64(out, (const unsigned char *)text, count) || gs3_buf_puts(out, "?="))
            return -1;
        text += count;
        left -= count;
    }
    return 0;
}

/* One decoded byte in its charset. Control characters are refused: S3 stores none, and a
 * line end or NUL from a word would change what a header or a line says. */
static int append_byte(struct gs3_buf *out, enum charset charset, unsigned char byte)
{
    if (byte < 0x20 || byte == 0x7F)
        return -1;
    if (byte < 0x80 || charset == CHARSET_UTF8)
        return gs3_buf_putc(out, (char)byte);
    if (charset == CHARSET_ASCII || byte < 0xA0)
        return -1;
    char pair[2] = {(char)(0xC0 | byte >> 6), (char)(0x80 | (byte & 0x3F))};
    return gs3_buf_append(out, pair, sizeof pair);
}

static int decode_q(struct gs3_buf *out, enum charset charset, const struct word *word)
{
    for (size_t i = 0; i < word->text_bytes; i++) {
        unsigned char byte = (unsigned char)word->text[i];
        if (byte == '_') {
            byte = ' ';
        } else if (byte == '=') {
            int high = i + 2 < word->text_bytes ? gs3_ascii_hex_value(word->text[i + 1]) : -1;
            int low = high < 0 ? -1 : gs3_ascii_hex_value(word->text[i + 2]);
            if (low < 0)
                return -1;
            byte = (unsigned char)(high << 4 | low);
            i += 2;
        } else if (byte >= 0x80) {
            return -1;
        }
        if (append_byte(out, charset, byte))
            return -1;
    }
    return 0;
}

/* Strict base64: whole groups, padding only at the end, no spare bits set. */
static int decode_b(struct gs3_buf *out, enum charset charset, const struct word *word)
{
    size_t length = word->text_bytes;
    size_t padding = 0;
    while (padding < 2 && padding < length && word->text[length - 1 - padding] == '=')
        padding++;
    if (length % 4 != 0)
        return -1;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < length - padding; i++) {
        const char *found = strchr(ALPHABET, word->text[i]);
        if (!found)
            return -1;
        bits = bits << 6 | (uint32_t)(found - ALPHABET);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            if (append_byte(out, charset, (unsigned char)(bits >> bit_count)))
                return -1;
            bits &= (1U << bit_count) - 1;
        }
    }
    return bits ? -1 : 0;
}

static bool is_charset(const struct word *word, size_t length, const char *name)
{
    return length == strlen(name) && strncasecmp(word->charset, name, length) == 0;
}

/* The charset, without the language that RFC 2231 lets follow it ("utf-8*en"). */
static int find_charset(const struct word *word, enum charset *charset)
{
    const char *star = memchr(word->charset, '*', word->charset_bytes);
    size_t length = star ? (size_t)(star - word->charset) : word->charset_bytes;
    if (is_charset(word, length, "utf-8"))
        *charset = CHARSET_UTF8;
    else if (is_charset(word, length, "us-ascii"))
        *charset = CHARSET_ASCII;
    else if (is_charset(word, length, "iso-8859-1"))
        *charset = CHARSET_LATIN1;
    else
        return -1;
    return 0;
}

static bool is_space_only(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t' || *from == '\r' || *from == '\n'))
        from++;
    return from == to;
}

/* Whether what the words since `start` gave is UTF-8. Judged over a run of adjacent words:
 * some writers cut a character between two of them. */
static bool is_run_valid(const struct gs3_buf *out, size_t start)
{
    return out->length_bytes == start ||
           gs3_utf8_is_valid(out->data + start, out->length_bytes - start);
}

int gs3_rfc2047_decode(struct gs3_buf *out, const char *text)
{
    struct word word;
    size_t run = out->length_bytes; /* where the output of the current run of words starts */
    bool is_after_word = false;
    const char *start;
    while ((start = find_word(text, &word))) {
        enum charset charset;
        if (!is_after_word || !is_space_only(text, start)) {
            if (!is_run_valid(out, run) || gs3_buf_append(out, text, (size_t)(start - text)))
                return -1;
            run = out->length_bytes;
        }
        if (find_charset(&word, &charset))
            return -1;
        if (word.encoding == 'q' ? decode_q(out, charset, &word) : decode_b(out, charset, &word))
            return -1;
        is_after_word = true;
        text = word.end;
    }
    if (!is_run_valid(out, run))
        return -1;
    return gs3_buf_puts(out, text);
}
