/* Allocation that never fails, and cleanup attributes for owning locals.
 *
 * Out of memory ends the process with status 70 and one line: nothing has been deleted at
 * that point that was not read back before, and no caller could do better. The same
 * functions are hooked into cJSON and libcurl. Depends on nothing. */
#ifndef GS3_BASE_MEM_H
#define GS3_BASE_MEM_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GS3_EXIT_OOM = 70 };

/* What all of these end with. */
void gs3_out_of_memory(void) __attribute__((noreturn));

/* As their namesakes; the caller frees with free(). `gs3_xcalloc` checks the product. */
void *gs3_xmalloc(size_t bytes) __attribute__((malloc, returns_nonnull));
void *gs3_xcalloc(size_t count, size_t bytes) __attribute__((malloc, returns_nonnull));
void *gs3_xrealloc(void *old, size_t bytes) __attribute__((returns_nonnull));
void *gs3_xreallocarray(void *old, size_t count, size_t bytes) __attribute__((returns_nonnull));
char *gs3_xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *gs3_xstrndup(const char *text, size_t bytes) __attribute__((malloc, returns_nonnull));
char *gs3_xasprintf(const char *format, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* strdup that passes NULL on. */
char *gs3_xstrdup_or_null(const char *text);

static inline void gs3_free_cleanup(void *pointer)
{
    free(*(void **)pointer);
}

static inline void gs3_close_cleanup(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void gs3_fclose_cleanup(FILE **file)
{
    if (*file)
        fclose(*file);
}

#define gs3_auto_free     __attribute__((cleanup(gs3_free_cleanup)))
#define gs3_auto_close    __attribute__((cleanup(gs3_close_cleanup)))
#define gs3_auto_fclose   __attribute__((cleanup(gs3_fclose_cleanup)))
#define gs3_auto(release) __attribute__((cleanup(release)))

#endif
