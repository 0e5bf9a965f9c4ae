/* Local files on either end: a source that must not change while it is read, and a target
 * that appears whole or not at all. Depends on base, net (the sink). Never looks at S3. */
#ifndef GS3_TRANSFER_LOCAL_H
#define GS3_TRANSFER_LOCAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "net/http.h"

struct gs3_local_source {
    char *path; /* NULL: spooled from standard input */
    int fd;
    uint64_t size_bytes;
    struct stat info; /* when it was opened */
    bool has_more;    /* spooled: standard input goes on behind `size_bytes` */
    int rest_fd;      /* then: where */
};

/* Opens a regular file. A path that is not there is GS3_EGENERAL with aws-cli's line (255); a
 * directory, device, socket or FIFO, and an unreadable file are GS3_EFAIL. */
int gs3_local_source_open(const char *path, struct gs3_local_source *source, struct gs3_err *err);

/* Copies `fd` to its end into a file without a name in `directory` (0600), so that its length and
 * digest are known before the first byte is sent; or `enough_bytes` of it, where it has more.
 * `interrupted` as in net. */
int gs3_local_source_spool(int fd, const char *directory, uint64_t enough_bytes,
                           const volatile int *interrupted, struct gs3_local_source *source,
                           struct gs3_err *err);

/* Appends what can be read of the rest without waiting, so that the file has `end_bytes` at most.
 * Sets has_more to false at its end. 1: some came; 0: nothing has come yet, or all is there. */
int gs3_local_source_read_on(struct gs3_local_source *source, uint64_t end_bytes,
                             struct gs3_err *err);

/* Gives the room of what was sent back to the disk, where the file system can. */
void gs3_local_source_forget(const struct gs3_local_source *source, uint64_t first,
                             uint64_t length_bytes);

/* Fails when the file, by its descriptor or by its name, is not what it was when it was opened
 * (device, inode, size, modification and status change time). */
int gs3_local_source_check(const struct gs3_local_source *source, struct gs3_err *err);

/* Removes the name, after one last check. */
int gs3_local_source_remove(const struct gs3_local_source *source, struct gs3_err *err);
void gs3_local_source_release(struct gs3_local_source *source);

struct gs3_local_target {
    char *path;
    char *temporary;   /* beside it; NULL once it has its name or was removed */
    size_t made_bytes; /* of the first directory in `path` that was made for it; 0: none */
    int fd;            /* -1: not open */
    bool is_stream;    /* standard output, a device, a FIFO: nothing to rename or to take back */
    uint64_t written_bytes, maximum_bytes;
    struct gs3_http_sink sink; /* writes to it; ready after the open */
};

/* Makes the parent directories and a temporary file beside `path`; a device or a FIFO that is there
 * is written to in its place, as a stream. The sink takes at most `maximum_bytes`, the length that
 * the store gave before. GS3_EFAIL. */
int gs3_local_target_open(const char *path, uint64_t maximum_bytes, struct gs3_local_target *target,
                          struct gs3_err *err);
/* Writes to `fd`, which stays the caller's. What was written cannot be taken back: no retry then.
 */
void gs3_local_target_stream(int fd, uint64_t maximum_bytes, struct gs3_local_target *target);

struct gs3_local_commit_opts {
    int64_t modified_s; /* becomes the file's modification time; -1: now */
    bool no_overwrite;  /* an existing name is left alone: *exists is set, 0 is returned */
    bool durable;       /* fsync file and directories before returning */
};

/* Gives the file its name. */
int gs3_local_target_commit(struct gs3_local_target *target,
                            const struct gs3_local_commit_opts *opts, bool *exists,
                            struct gs3_err *err);
/* Removes the temporary file if it still has no name. */
void gs3_local_target_release(struct gs3_local_target *target);

#endif
