/* A growing byte buffer with a maximum: the only way gs3 collects bytes of unknown length.
 *
 * The content is always followed by a NUL that does not count, so that `data` can be used
 * as a C string where the bytes hold none. An append beyond the maximum fails and leaves
 * the buffer as it was. Depends on mem. */
#ifndef GS3_BASE_BUF_H
#define GS3_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct gs3_buf {
    char *data; /* NULL until the first append: use gs3_buf_string for printing */
    size_t length_bytes;
    size_t capacity_bytes;
    size_t maximum_bytes; /* content bytes, the NUL not counted */
};

#define GS3_BUF_INIT(maximum)                                                                      \
    {                                                                                              \
        .maximum_bytes = (maximum)                                                                 \
    }

/* All appends return 0, or -1 when the maximum would be passed. */
int gs3_buf_append(struct gs3_buf *buf, const void *bytes, size_t length_bytes);
int gs3_buf_puts(struct gs3_buf *buf, const char *text);
int gs3_buf_putc(struct gs3_buf *buf, char byte);
int gs3_buf_printf(struct gs3_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `more_bytes`, so that appending them moves nothing. */
int gs3_buf_reserve(struct gs3_buf *buf, size_t more_bytes);

/* The content as a C string, "" when empty; owned by the buffer. */
const char *gs3_buf_string(const struct gs3_buf *buf);

/* Hands the content to the caller (who frees it) and empties the buffer. Never NULL. */
char *gs3_buf_take(struct gs3_buf *buf);

void gs3_buf_clear(struct gs3_buf *buf);   /* keeps the memory */
void gs3_buf_release(struct gs3_buf *buf); /* frees it */

#define gs3_auto_buf __attribute__((cleanup(gs3_buf_release)))

#endif
