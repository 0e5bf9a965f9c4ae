#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* strerror is not thread-safe and strerror_r has two shapes; glibc's strerrordesc_np is a
 * plain look-up in a constant table. */
static const char *errno_text(int sys_errno)
{
    const char *text = strerrordesc_np(sys_errno);
    return text ? text : "unknown error";
}

/* A cut in the middle of a multi-byte character would make the line invalid UTF-8. */
static void cut_at_character(char *text, size_t capacity)
{
    size_t length = strlen(text);
    if (length + 1 < capacity)
        return;
    while (length > 0 && ((unsigned char)text[length - 1] & 0xC0) == 0x80)
        length--;
    if (length > 0 && (unsigned char)text[length - 1] >= 0xC0)
        length--;
    text[length] = '\0';
}

static void set_message(struct gs3_err *err, enum gs3_err_class class, const char *format,
                        va_list args)
{
    err->class = class;
    err->sys_errno = 0;
    err->http_status = 0;
    err->code[0] = '\0';
    vsnprintf(err->message, sizeof err->message, format, args);
    cut_at_character(err->message, sizeof err->message);
}

int gs3_fail(struct gs3_err *err, enum gs3_err_class class, const char *format, ...)
{
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    set_message(err, class, format, args);
    va_end(args);
    return -1;
}

int gs3_fail_errno(struct gs3_err *err, enum gs3_err_class class, int sys_errno, const char *format,
                   ...)
{
    if (!err)
        return -1;
    va_list args;
    va_start(args, format);
    set_message(err, class, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", errno_text(sys_errno));
    err->sys_errno = sys_errno;
    return -1;
}

int gs3_wrap(struct gs3_err *err, const char *format, ...)
{
    if (!err)
        return -1;
    char inner[GS3_ERR_MESSAGE_BYTES];
    memcpy(inner, err->message, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", inner);
    cut_at_character(err->message, sizeof err->message);
    return -1;
}

void gs3_err_clear(struct gs3_err *err)
{
    *err = (struct gs3_err)GS3_ERR_INIT;
}
