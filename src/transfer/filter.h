/* --include and --exclude: one ordered list, the last match wins. Pure; depends on text/glob.
 *
 * fnmatch as Python's (`*`, `?`, `[s]`, `[!s]`; `*` crosses "/"), on the full path, each pattern
 * joined to the source's root, as aws-cli does. */
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
