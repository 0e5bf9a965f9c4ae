/* Reading small files whole, with a maximum and a check of who owns them; and replacing one.
 * Depends on err, buf. Never follows more than it says. */
#ifndef GS3_BASE_FILE_H
#define GS3_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct gs3_file_read_opts {
    size_t maximum_bytes;
    bool no_symlink; /* O_NOFOLLOW on the last component */
    bool is_secret;  /* must be a regular file of the effective user without group or other bits,
                        checked on the open descriptor */
    enum gs3_err_class class; /* class of every error; GS3_EIO when 0 */
};

/* Appends the file's bytes to `out` (whose maximum is raised to the option's). A directory,
 * FIFO or device is refused. Errors name the path; `err->sys_errno` is ENOENT when the file
 * is not there. */
int gs3_file_read(const char *path, const struct gs3_file_read_opts *opts, struct gs3_buf *out,
                  struct gs3_err *err);

/* Writes a file of the effective user's alone (mode 0600) in one step: whoever reads it sees the
 * old one or the new one, whole. GS3_EIO. */
int gs3_file_replace(const char *path, const void *bytes, size_t length_bytes, struct gs3_err *err);

#endif
