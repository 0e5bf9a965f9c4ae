#include "transfer/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"

enum { RECORD_BYTES = 64 * 1024, RECORD_VERSION = 1 };

static int make_directory(const char *path)
{
    gs3_auto_free char *copy = gs3_xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(copy, 0700) && errno != EEXIST ? -1 : 0;
}

static char *path_of(const struct gs3_states *states, const char *bucket, const char *key)
{
    char hex[GS3_SHA256_HEX_BYTES];
    gs3_auto_free char *name = gs3_xasprintf("%s\n%s\n%s", states->scope, bucket, key);
    gs3_sha256_hex(name, strlen(name), hex);
    return gs3_xasprintf("%s/%s.json", states->directory, hex);
}

/* Ours alone: a link or another's file is not written through. */
static int open_record(const char *path, struct gs3_err *err)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return gs3_fail_errno(err, GS3_EIO, errno, "cannot open %s", path);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 077)) {
        close(fd);
        return gs3_fail(err, GS3_EIO, "%s is not a file of this user alone", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return gs3_fail(err, GS3_EIO, "another run uploads to the same key");
    }
    return fd;
}

/* The run that held the lock may have removed the name: then the lock is of nothing. */
static bool is_still_named(int fd, const char *path)
{
    struct stat by_fd, by_name;
    return fstat(fd, &by_fd) == 0 && lstat(path, &by_name) == 0 && by_fd.st_ino == by_name.st_ino &&
           by_fd.st_dev == by_name.st_dev;
}

static void read_metadata(struct gs3_state *state, const cJSON *metadata)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, metadata)
    {
        if (cJSON_IsString(item))
            gs3_pairs_set(&state->metadata, item->string, item->valuestring);
    }
}

static void read_record(struct gs3_state *state)
{
    gs3_auto_free char *text = gs3_xmalloc(RECORD_BYTES);
    ssize_t length = pread(state->fd, text, RECORD_BYTES, 0);
    if (length <= 0 || length == RECORD_BYTES)
        return;
    gs3_auto_json cJSON *record = gs3_json_parse(text, (size_t)length, NULL);
    const char *id = gs3_json_string(record, "upload_id");
    const char *match = gs3_json_string(record, "match");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(record, "version");
    if (!cJSON_IsNumber(version) || version->valueint != RECORD_VERSION)
        return; /* what it means is another gs3's to know */
    if (gs3_str_is_empty(id) || !match || strlen(match) != sizeof state->match - 1)
        return;
    state->upload_id = gs3_xstrdup(id);
    memcpy(state->match, match, sizeof state->match);
    read_metadata(state, cJSON_GetObjectItemCaseSensitive(record, "metadata"));
}

int gs3_state_open(const struct gs3_states *states, const char *bucket, const char *key,
                   struct gs3_state *state, struct gs3_err *err)
{
    *state = (struct gs3_state){.fd = -1};
    if (make_directory(states->directory))
        return gs3_fail_errno(err, GS3_EIO, errno, "cannot make the directory %s",
                              states->directory);
    gs3_auto_free char *path = path_of(states, bucket, key);
    for (int tries = 0; tries < 8; tries++) {
        int fd = open_record(path, err);
        if (fd < 0)
            return -1;
        if (!is_still_named(fd, path)) {
            close(fd);
            continue;
        }
        state->fd = fd;
        state->path = gs3_xstrdup(path);
        read_record(state);
        return 0;
    }
    return gs3_fail(err, GS3_EIO, "%s goes away again and again", path);
}

static int format_record(struct gs3_buf *out, const char *match, const char *upload_id,
                         const struct gs3_pairs *metadata)
{
    int status = gs3_buf_printf(out, "{\"version\": %d, \"match\": ", RECORD_VERSION);
    status |= gs3_json_append_string(out, match);
    status |= gs3_buf_puts(out, ", \"upload_id\": ");
    status |= gs3_json_append_string(out, upload_id);
    status |= gs3_buf_puts(out, ", \"metadata\": {");
    for (size_t i = 0; i < metadata->count; i++) {
        status |= gs3_buf_puts(out, i ? ", " : "");
        status |= gs3_json_append_string(out, metadata->items[i].name);
        status |= gs3_buf_puts(out, ": ");
        status |= gs3_json_append_string(out, metadata->items[i].value);
    }
    return status | gs3_buf_puts(out, "}}\n");
}

int gs3_state_write(struct gs3_state *state, const char *match, const char *upload_id,
                    const struct gs3_pairs *metadata, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(RECORD_BYTES - 1);
    if (format_record(&text, match, upload_id, metadata))
        return gs3_fail(err, GS3_EIO, "the record of the upload is too long");
    /* Over what is there, so that no moment has an empty record. */
    if (pwrite(state->fd, text.data, text.length_bytes, 0) != (ssize_t)text.length_bytes ||
        ftruncate(state->fd, (off_t)text.length_bytes) || fsync(state->fd))
        return gs3_fail_errno(err, GS3_EIO, errno, "cannot write %s", state->path);
    return 0;
}

void gs3_state_remove(struct gs3_state *state)
{
    if (state->fd >= 0)
        unlink(state->path);
    gs3_state_release(state);
}

void gs3_state_release(struct gs3_state *state)
{
    struct stat info;
    /* Nothing was recorded: nothing is left. */
    if (state->fd >= 0 && fstat(state->fd, &info) == 0 && info.st_size == 0)
        unlink(state->path);
    if (state->fd >= 0)
        close(state->fd);
    free(state->path);
    free(state->upload_id);
    gs3_pairs_release(&state->metadata);
    *state = (struct gs3_state){.fd = -1};
}
