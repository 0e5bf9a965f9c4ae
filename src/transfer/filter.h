/* --include and --exclude: one ordered list, the last match wins. Pure; depends on text/glob.
 *
 * fnmatch as Python's (`*`, `?`, `[s]`, `[!s]`; `*` crosses "/"), on the name below the source's
 * root, which is what aws-cli's full path with the pattern joined to the root comes to; an absolute
 * pattern is compared with the absolute path. */
#ifndef GS3_TRANSFER_FILTER_H
#define GS3_TRANSFER_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct gs3_filter {
    bool includes;
    const char *pattern; /* of the command line */
};

struct gs3_filters {
    const struct gs3_filter *items;
    size_t count;
};

/* `root` ends in "/" or is ""; `relative` is the name below it. */
bool gs3_filters_accept(const struct gs3_filters *filters, const char *root, const char *relative);

#endif
