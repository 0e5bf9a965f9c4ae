/*
 * Memory, byte strings, lists of pairs and the encodings of the web, for the simulator only.
 * Running out of memory ends the simulator with 70, as it ends gs3.
 */
#include "sim.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *sim_alloc(size_t bytes)
{
    void *p = calloc(1, bytes > 0 ? bytes : 1);
    if (!p) {
        fputs("gs3-sim: out of memory\n", stderr);
        exit(70);
    }
    return p;
}

void *sim_realloc(void *p, size_t bytes)
{
    void *bigger = realloc(p, bytes > 0 ? bytes : 1);
    if (!bigger) {
        fputs("gs3-sim: out of memory\n", stderr);
        exit(70);
    }
    return bigger;
}

char *sim_strndup(const char *text, size_t len)
{
    char *copy = sim_alloc(len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *sim_strdup(const char *text)
{
    return sim_strndup(text, strlen(text));
}

void sim_buf_add(struct sim_buf *buf, const void *data, size_t len)
{
    if (buf->len + len + 1 > buf->cap) {
        buf->cap = (buf->len + len + 1) * 2;
        buf->data = sim_realloc(buf->data, buf->cap);
    }
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void sim_buf_adds(struct sim_buf *buf, const char *text)
{
    sim_buf_add(buf, text, strlen(text));
}

static void buf_vprintf(struct sim_buf *buf, const char *fmt, va_list args)
{
    char *text = NULL;
    int len = vasprintf(&text, fmt, args);
    if (len < 0) {
        fputs("gs3-sim: out of memory\n", stderr);
        exit(70);
    }
    sim_buf_add(buf, text, (size_t)len);
    free(text);
}

void sim_buf_printf(struct sim_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(buf, fmt, args);
    va_end(args);
}

char *sim_printf(const char *fmt, ...)
{
    struct sim_buf buf = {0};
    va_list args;
    va_start(args, fmt);
    sim_buf_adds(&buf, "");
    buf_vprintf(&buf, fmt, args);
    va_end(args);
    return buf.data;
}

void sim_buf_release(struct sim_buf *buf)
{
    free(buf->data);
    *buf = (struct sim_buf){0};
}

void sim_pairs_add(struct sim_pairs *pairs, const char *name, const char *value)
{
    pairs->items = sim_realloc(pairs->items, (pairs->count + 1) * sizeof(*pairs->items));
    pairs->items[pairs->count++] =
        (struct sim_pair){.name = sim_strdup(name), .value = sim_strdup(value)};
}

void sim_pairs_remove(struct sim_pairs *pairs, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcasecmp(pairs->items[i].name, name) == 0) {
            free(pairs->items[i].name);
            free(pairs->items[i].value);
        } else {
            pairs->items[kept++] = pairs->items[i];
        }
    }
    pairs->count = kept;
}

void sim_pairs_set(struct sim_pairs *pairs, const char *name, const char *value)
{
    sim_pairs_remove(pairs, name);
    sim_pairs_add(pairs, name, value);
}

const char *sim_pairs_get(const struct sim_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcasecmp(pairs->items[i].name, name) == 0)
            return pairs->items[i].value;
    }
    return NULL;
}

void sim_pairs_release(struct sim_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct sim_pairs){0};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A percent sign without two digits stays as it is; an encoded NUL ends the text for C readers. */
char *sim_percent_decode(const char *text, size_t len, bool plus_is_space)
{
    char *out = sim_alloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out[n++] = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out[n++] = text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return out;
}

void sim_percent_encode(struct sim_buf *out, const char *text, size_t len, bool keep_slash)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || strchr("-_.~", c) != NULL || (c == '/' && keep_slash))
            sim_buf_add(out, text + i, 1);
        else
            sim_buf_printf(out, "%%%02X", c);
    }
}

void sim_form_parse(struct sim_pairs *pairs, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "&");
        size_t name_len = strcspn(text, "=&");
        if (len > 0) {
            char *name = sim_percent_decode(text, name_len, true);
            char *value = name_len < len
                              ? sim_percent_decode(text + name_len + 1, len - name_len - 1, true)
                              : sim_strdup("");
            sim_pairs_add(pairs, name, value);
            free(name);
            free(value);
        }
        text += len + (text[len] == '&' ? 1 : 0);
    }
}

/* NULL when the text is not base64. */
char *sim_base64_decode(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len % 4 != 0 || len > 65536)
        return NULL;
    unsigned char *out = sim_alloc(len + 1);
    int n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    if (n < 0) {
        free(out);
        return NULL;
    }
    size_t padding = text[len - 1] == '=' ? (text[len - 2] == '=' ? 2 : 1) : 0;
    out[(size_t)n - padding] = '\0';
    return (char *)out;
}

bool sim_number_parse(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0)
        return false;
    *out = value;
    return true;
}

static void digest_hex(const EVP_MD *md, const void *data, size_t len, char *out, size_t out_size)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int sum_len = 0;
    out[0] = '\0';
    if (EVP_Digest(data, len, sum, &sum_len, md, NULL) != 1)
        return;
    for (unsigned int i = 0; i < sum_len; i++)
        snprintf(out + (size_t)i * 2, out_size - (size_t)i * 2, "%02x", sum[i]);
}

void sim_sha256_hex(const void *data, size_t len, char out[SIM_SHA256_HEX])
{
    digest_hex(EVP_sha256(), data ? data : "", len, out, SIM_SHA256_HEX);
}

void sim_md5_hex(const void *data, size_t len, char out[33])
{
    digest_hex(EVP_md5(), data ? data : "", len, out, 33);
}

bool sim_equal_fold(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

bool sim_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *sim_json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

int64_t sim_json_integer(const cJSON *object, const char *name, int64_t fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : fallback;
}

bool sim_json_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}
