/*
 * Memory, byte strings and shared bodies of the sink.
 */
#include "sink.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A buffer that held more than this gives it back between two requests. */
#define IDLE_MAX_BYTES ((size_t)1 << 20)

void *sink_realloc(void *p, size_t bytes)
{
    void *bigger = realloc(p, bytes > 0 ? bytes : 1);
    if (!bigger) {
        fputs("gs3-sink: out of memory\n", stderr);
        exit(70);
    }
    return bigger;
}

void *sink_alloc(size_t bytes)
{
    void *p = sink_realloc(NULL, bytes);
    memset(p, 0, bytes);
    return p;
}

char *sink_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(sink_realloc(NULL, size), text, size);
}

uint64_t sink_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static bool reserve(struct sink_buf *buf, size_t more)
{
    size_t max = buf->max > 0 ? buf->max : SINK_ANSWER_MAX_BYTES;
    if (buf->is_full || more >= max || buf->len >= max - more) {
        buf->is_full = true;
        return false;
    }
    if (buf->len + more + 1 > buf->cap) {
        buf->cap = (buf->len + more + 1) * 2;
        buf->data = sink_realloc(buf->data, buf->cap);
    }
    return true;
}

void sink_buf_add(struct sink_buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len > 0)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void sink_buf_text(struct sink_buf *buf, const char *text)
{
    sink_buf_add(buf, text, strlen(text));
}

/* A listing is made of numbers: printf would be half of its cost. */
void sink_buf_number(struct sink_buf *buf, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    sink_buf_add(buf, digits + at, sizeof digits - at);
}

void sink_buf_printf(struct sink_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0 && reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void sink_buf_reset(struct sink_buf *buf)
{
    if (buf->cap > IDLE_MAX_BYTES)
        sink_buf_release(buf);
    buf->len = 0;
    buf->is_full = false;
}

void sink_buf_release(struct sink_buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
    buf->is_full = false;
}

struct sink_blob *sink_blob_new(char *data, size_t len)
{
    struct sink_blob *blob = sink_alloc(sizeof *blob);
    blob->users = 1;
    blob->len = len;
    blob->data = data;
    return blob;
}

struct sink_blob *sink_blob_take(struct sink_blob *blob)
{
    if (blob)
        blob->users++;
    return blob;
}

void sink_blob_give(struct sink_blob *blob)
{
    if (!blob || --blob->users > 0)
        return;
    free(blob->data);
    free(blob);
}
