#include "transfer/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

enum { SPOOL_CHUNK_BYTES = 256 * 1024, TEMPORARY_TRIES = 100 };

int gs3_local_source_open(const char *path, struct gs3_local_source *source, struct gs3_err *err)
{
    *source = (struct gs3_local_source){.fd = -1};
    /* O_NONBLOCK: a FIFO must not hang here before fstat can refuse it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return gs3_fail(err, GS3_EGENERAL, "The user-provided path %s does not exist.", path);
    if (fd < 0)
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot open %s", path);
    source->fd = fd;
    if (fstat(fd, &source->info)) {
        gs3_fail_errno(err, GS3_EFAIL, errno, "cannot stat %s", path);
    } else if (S_ISDIR(source->info.st_mode)) {
        gs3_fail(err, GS3_EFAIL, "%s is a directory: name a file", path);
    } else if (!S_ISREG(source->info.st_mode)) {
        gs3_fail(err, GS3_EFAIL, "%s is a special file: only regular files are moved", path);
    } else {
        source->path = gs3_xstrdup(path);
        source->size_bytes = (uint64_t)source->info.st_size;
        return 0;
    }
    gs3_local_source_release(source);
    return -1;
}

static int write_all(int fd, const char *bytes, size_t length_bytes)
{
    while (length_bytes > 0) {
        ssize_t put = write(fd, bytes, length_bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes += put;
        length_bytes -= (size_t)put;
    }
    return 0;
}

static int open_unnamed(const char *directory, struct gs3_err *err)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    /* Not every file system has O_TMPFILE. */
    gs3_auto_free char *name = gs3_xasprintf("%s/gs3-spool-XXXXXX", directory);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return gs3_fail_errno(err, GS3_EFAIL, errno,
                              "%s: cannot spool standard input there "
                              "(set TMPDIR to a directory with room)",
                              directory);
    unlink(name);
    return fd;
}

/* 1: some came, `*total` grows; 0: the end. */
static int spool_some(int from, int to, char *chunk, size_t room_bytes, uint64_t *total,
                      struct gs3_err *err)
{
    ssize_t got = read(from, chunk, room_bytes);
    if (got < 0 && errno == EINTR)
        return 1;
    if (got < 0)
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot read standard input");
    if (got > 0 && write_all(to, chunk, (size_t)got))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot spool standard input");
    *total += (uint64_t)got;
    return got > 0;
}

static size_t room_for(uint64_t left_bytes)
{
    return left_bytes < SPOOL_CHUNK_BYTES ? (size_t)left_bytes : SPOOL_CHUNK_BYTES;
}

int gs3_local_source_spool(int fd, const char *directory, uint64_t enough_bytes,
                           const volatile int *interrupted, struct gs3_local_source *source,
                           struct gs3_err *err)
{
    *source = (struct gs3_local_source){.fd = open_unnamed(directory, err), .rest_fd = fd};
    if (source->fd < 0)
        return -1;
    gs3_auto_free char *chunk = gs3_xmalloc(SPOOL_CHUNK_BYTES);
    int status = 1;
    while (status > 0 && source->size_bytes < enough_bytes) {
        if (interrupted && *interrupted)
            status = gs3_fail(err, GS3_EINTERRUPT, "interrupted");
        else
            status = spool_some(fd, source->fd, chunk, room_for(enough_bytes - source->size_bytes),
                                &source->size_bytes, err);
    }
    source->has_more = status > 0;
    if (status >= 0 && fstat(source->fd, &source->info) == 0)
        return 0;
    if (status >= 0)
        gs3_fail_errno(err, GS3_EFAIL, errno, "cannot stat the spooled input");
    gs3_local_source_release(source);
    return -1;
}

int gs3_local_source_read_on(struct gs3_local_source *source, uint64_t end_bytes,
                             struct gs3_err *err)
{
    struct pollfd rest = {.fd = source->rest_fd, .events = POLLIN};
    if (!source->has_more || source->size_bytes >= end_bytes || poll(&rest, 1, 0) <= 0)
        return 0;
    gs3_auto_free char *chunk = gs3_xmalloc(SPOOL_CHUNK_BYTES);
    int status = spool_some(source->rest_fd, source->fd, chunk,
                            room_for(end_bytes - source->size_bytes), &source->size_bytes, err);
    source->has_more = status != 0;
    return status;
}

void gs3_local_source_forget(const struct gs3_local_source *source, uint64_t first,
                             uint64_t length_bytes)
{
    /* Without it the disk holds the whole: more room, the same object. */
    (void)!fallocate(source->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)first,
                     (off_t)length_bytes);
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(a->st_mtim, b->st_mtim) && is_same_time(a->st_ctim, b->st_ctim);
}

int gs3_local_source_check(const struct gs3_local_source *source, struct gs3_err *err)
{
    if (!source->path)
        return 0;
    struct stat by_fd, by_name;
    if (fstat(source->fd, &by_fd) || stat(source->path, &by_name))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "%s went away while it was read",
                              source->path);
    if (!is_same_file(&by_fd, &source->info) || !is_same_file(&by_name, &source->info))
        return gs3_fail(err, GS3_EFAIL, "%s changed while it was read", source->path);
    return 0;
}

int gs3_local_source_remove(const struct gs3_local_source *source, struct gs3_err *err)
{
    if (gs3_local_source_check(source, err))
        return -1;
    if (unlink(source->path))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot remove %s", source->path);
    return 0;
}

void gs3_local_source_release(struct gs3_local_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    free(source->path);
    *source = (struct gs3_local_source){.fd = -1};
}

static const char *name_of(const struct gs3_local_target *target)
{
    return target->path ? target->path : "standard output";
}

static int target_write(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    struct gs3_local_target *target = context;
    if (length_bytes > target->maximum_bytes - target->written_bytes)
        return gs3_fail(err, GS3_EFAIL, "the answer has more than the object's %llu bytes",
                        (unsigned long long)target->maximum_bytes);
    if (write_all(target->fd, bytes, length_bytes))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot write %s", name_of(target));
    target->written_bytes += length_bytes;
    return 0;
}

static int target_reset(void *context, struct gs3_err *err)
{
    struct gs3_local_target *target = context;
    if (target->written_bytes == 0)
        return 0;
    if (target->is_stream)
        return gs3_fail(err, GS3_EFAIL,
                        "the answer broke off after %llu bytes, which %s has taken already",
                        (unsigned long long)target->written_bytes, name_of(target));
    if (lseek(target->fd, 0, SEEK_SET) < 0 || ftruncate(target->fd, 0))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot start %s over", target->path);
    target->written_bytes = 0;
    return 0;
}

static void set_sink(struct gs3_local_target *target)
{
    target->sink =
        (struct gs3_http_sink){.write = target_write, .reset = target_reset, .context = target};
}

/* mkdir -p of everything before the last "/". `*made_bytes`: of the first name that was new; 0: all
 * were there. */
static int make_parents(const char *path, size_t *made_bytes, struct gs3_err *err)
{
    gs3_auto_free char *copy = gs3_xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(copy, 0777);
        if (failed && errno != EEXIST)
            return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot make the directory %s", copy);
        if (!failed && *made_bytes == 0)
            *made_bytes = (size_t)(slash - copy);
        *slash = '/';
    }
    return 0;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return gs3_xstrdup(".");
    return gs3_xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/* A device or a FIFO is written to, as the AWS CLI does: a rename would put a file in its place. */
static int open_special(const char *path, struct gs3_local_target *target, struct gs3_err *err)
{
    target->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (target->fd < 0 && errno == EINTR) /* while a FIFO waited for its reader */
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    if (target->fd < 0)
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot open %s", path);
    target->path = gs3_xstrdup(path);
    target->is_stream = true;
    set_sink(target);
    return 0;
}

int gs3_local_target_open(const char *path, uint64_t maximum_bytes, struct gs3_local_target *target,
                          struct gs3_err *err)
{
    *target = (struct gs3_local_target){.fd = -1, .maximum_bytes = maximum_bytes};
    if (make_parents(path, &target->made_bytes, err))
        return -1;
    if (is_special(path))
        return open_special(path, target, err);
    gs3_auto_free char *directory = directory_of(path);
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return gs3_fail_errno(err, GS3_EFAIL, errno, "no random bytes for a temporary name");
        /* A name of its own length: NAME.XXXXXX would be too long for the longest names. */
        gs3_auto_free char *temporary =
            gs3_xasprintf("%s/.gs3-%016llx", directory, (unsigned long long)random);
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot write in %s", directory);
        target->fd = fd;
        target->path = gs3_xstrdup(path);
        target->temporary = gs3_xstrdup(temporary);
        set_sink(target);
        return 0;
    }
    return gs3_fail(err, GS3_EFAIL, "%s: no free temporary name", directory);
}

void gs3_local_target_stream(int fd, uint64_t maximum_bytes, struct gs3_local_target *target)
{
    *target =
        (struct gs3_local_target){.fd = fd, .is_stream = true, .maximum_bytes = maximum_bytes};
    set_sink(target);
}

static int sync_directory(const char *path, struct gs3_err *err)
{
    gs3_auto_free char *directory = directory_of(path);
    gs3_auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot sync the directory %s", directory);
    return 0;
}

/* The directory that holds the new name, and each one that holds a directory made for it: a name
 * is lost in a crash with any directory above it. */
static int sync_names(const struct gs3_local_target *target, struct gs3_err *err)
{
    const char *path = target->path;
    const char *slash = target->made_bytes > 0 ? path + target->made_bytes : NULL;
    for (; slash; slash = strchr(slash + 1, '/')) {
        gs3_auto_free char *made = gs3_xstrndup(path, (size_t)(slash - path));
        if (sync_directory(made, err))
            return -1;
    }
    return sync_directory(path, err);
}

static int rename_target(struct gs3_local_target *target, bool no_overwrite, bool *exists,
                         struct gs3_err *err)
{
    struct stat info;
    if (stat(target->path, &info) == 0 && S_ISDIR(info.st_mode))
        return gs3_fail(err, GS3_EFAIL, "%s is a directory", target->path);
    int failed;
    if (no_overwrite) {
        /* link, not renameat2: it refuses an existing name on every file system. */
        failed = link(target->temporary, target->path);
        if (failed && errno == EEXIST) {
            *exists = true;
            return 0;
        }
        if (!failed)
            unlink(target->temporary);
    } else {
        failed = rename(target->temporary, target->path);
    }
    if (failed)
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot name the file %s", target->path);
    free(target->temporary);
    target->temporary = NULL;
    return 0;
}

int gs3_local_target_commit(struct gs3_local_target *target,
                            const struct gs3_local_commit_opts *opts, bool *exists,
                            struct gs3_err *err)
{
    *exists = false;
    if (target->is_stream)
        return 0;
    if (opts->modified_s >= 0) {
        struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = opts->modified_s}};
        if (futimens(target->fd, times))
            return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot set the time of %s", target->path);
    }
    if (opts->durable && fsync(target->fd))
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot sync %s", target->path);
    int failed = close(target->fd);
    target->fd = -1;
    if (failed) /* delayed write errors of network file systems come here */
        return gs3_fail_errno(err, GS3_EFAIL, errno, "cannot write %s", target->path);
    if (rename_target(target, opts->no_overwrite, exists, err))
        return -1;
    return opts->durable && !*exists ? sync_names(target, err) : 0;
}

void gs3_local_target_release(struct gs3_local_target *target)
{
    if (target->temporary)
        unlink(target->temporary);
    bool is_ours = !target->is_stream || target->path;
    if (target->fd >= 0 && is_ours)
        close(target->fd);
    free(target->temporary);
    free(target->path);
    *target = (struct gs3_local_target){.fd = -1};
}
