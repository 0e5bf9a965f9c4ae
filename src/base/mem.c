#include "base/mem.h"

#include <stdint.h>
#include <string.h>

void gs3_out_of_memory(void)
{
    static const char line[] = "gs3: out of memory\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        _exit(GS3_EXIT_OOM);
    _exit(GS3_EXIT_OOM);
}

void *gs3_xmalloc(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        gs3_out_of_memory();
    return memory;
}

void *gs3_xcalloc(size_t count, size_t bytes)
{
    void *memory = calloc(count ? count : 1, bytes ? bytes : 1);
    if (!memory)
        gs3_out_of_memory();
    return memory;
}

void *gs3_xrealloc(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory)
        gs3_out_of_memory();
    return memory;
}

void *gs3_xreallocarray(void *old, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        gs3_out_of_memory();
    return gs3_xrealloc(old, total);
}

char *gs3_xstrdup(const char *text)
{
    return gs3_xstrndup(text, strlen(text));
}

char *gs3_xstrndup(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes);
    char *copy = gs3_xmalloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *gs3_xstrdup_or_null(const char *text)
{
    return text ? gs3_xstrdup(text) : NULL;
}

char *gs3_xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0 || !text)
        gs3_out_of_memory();
    return text;
}
