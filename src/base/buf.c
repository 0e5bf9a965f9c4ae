#include "base/buf.h"

#include <stdint.h>
#include <string.h>

int gs3_buf_reserve(struct gs3_buf *buf, size_t more_bytes)
{
    if (more_bytes > buf->maximum_bytes - buf->length_bytes)
        return -1;
    size_t wanted = buf->length_bytes + more_bytes + 1;
    if (wanted <= buf->capacity_bytes)
        return 0;
    /* At least doubled, so that appending byte by byte stays linear. */
    size_t capacity = buf->capacity_bytes ? buf->capacity_bytes : 64;
    do {
        capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
    } while (capacity < wanted);
    buf->data = gs3_xrealloc(buf->data, capacity);
    buf->capacity_bytes = capacity;
    return 0;
}

int gs3_buf_append(struct gs3_buf *buf, const void *bytes, size_t length_bytes)
{
    if (gs3_buf_reserve(buf, length_bytes))
        return -1;
    if (length_bytes > 0)
        memcpy(buf->data + buf->length_bytes, bytes, length_bytes);
    buf->length_bytes += length_bytes;
    buf->data[buf->length_bytes] = '\0';
    return 0;
}

int gs3_buf_puts(struct gs3_buf *buf, const char *text)
{
    return gs3_buf_append(buf, text, strlen(text));
}

int gs3_buf_putc(struct gs3_buf *buf, char byte)
{
    return gs3_buf_append(buf, &byte, 1);
}

int gs3_buf_printf(struct gs3_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || gs3_buf_reserve(buf, (size_t)length))
        return -1;
    va_start(args, format);
    vsnprintf(buf->data + buf->length_bytes, (size_t)length + 1, format, args);
    va_end(args);
    buf->length_bytes += (size_t)length;
    return 0;
}

const char *gs3_buf_string(const struct gs3_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *gs3_buf_take(struct gs3_buf *buf)
{
    char *data = buf->data ? buf->data : gs3_xstrdup("");
    *buf = (struct gs3_buf)GS3_BUF_INIT(buf->maximum_bytes);
    return data;
}

void gs3_buf_clear(struct gs3_buf *buf)
{
    buf->length_bytes = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

void gs3_buf_release(struct gs3_buf *buf)
{
    free(buf->data);
    *buf = (struct gs3_buf)GS3_BUF_INIT(buf->maximum_bytes);
}
