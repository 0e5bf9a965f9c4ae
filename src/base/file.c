#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_secret(const char *path, const struct stat *info, enum gs3_err_class class,
                        struct gs3_err *err)
{
    if (info->st_uid != geteuid())
        return gs3_fail(err, class, "%s: a credential file must belong to the user who runs gs3",
                        path);
    if (info->st_mode & (S_IRWXG | S_IRWXO))
        return gs3_fail(err, class,
                        "%s: a credential file must not be open to group or others (chmod 600)",
                        path);
    return 0;
}

static int read_all(int fd, const char *path, const struct gs3_file_read_opts *opts,
                    enum gs3_err_class class, struct gs3_buf *out, struct gs3_err *err)
{
    char chunk[16384];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gs3_fail_errno(err, class, errno, "%s: cannot read", path);
        if (got == 0)
            return 0;
        if (gs3_buf_append(out, chunk, (size_t)got))
            return gs3_fail(err, class, "%s: larger than the maximum of %zu bytes", path,
                            opts->maximum_bytes);
    }
}

int gs3_file_read(const char *path, const struct gs3_file_read_opts *opts, struct gs3_buf *out,
                  struct gs3_err *err)
{
    enum gs3_err_class class = opts->class ? opts->class : GS3_EIO;
    /* O_NONBLOCK: opening a FIFO must not hang before fstat can refuse it. */
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (opts->no_symlink ? O_NOFOLLOW : 0);
    gs3_auto_close int fd = open(path, flags);
    if (fd < 0)
        return gs3_fail_errno(err, class, errno, "%s: cannot open", path);
    struct stat info;
    if (fstat(fd, &info))
        return gs3_fail_errno(err, class, errno, "%s: cannot stat", path);
    if (!S_ISREG(info.st_mode))
        return gs3_fail(err, class, "%s: not a regular file", path);
    if (opts->is_secret && check_secret(path, &info, class, err))
        return -1;
    out->maximum_bytes = opts->maximum_bytes;
    return read_all(fd, path, opts, class, out, err);
}

static int write_all(int fd, const char *bytes, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t written = write(fd, bytes, length_bytes);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            length_bytes -= (size_t)written;
        }
    }
    return 0;
}

int gs3_file_replace(const char *path, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    gs3_auto_free char *temporary = gs3_xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return gs3_fail_errno(err, GS3_EIO, errno, "%s: cannot write", path);
    int failed = write_all(fd, bytes, length_bytes);
    failed = close(fd) || failed;
    if (!failed && rename(temporary, path) == 0)
        return 0;
    gs3_fail_errno(err, GS3_EIO, errno, "%s: cannot write", path);
    unlink(temporary);
    return -1;
}
