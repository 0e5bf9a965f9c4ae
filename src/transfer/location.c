#include "transfer/location.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { KEY_BYTES = 1024, PATH_BYTES = 64 * 1024 };

static bool is_separator(char c)
{
    return c == '/' || c == ':';
}

/* Where the name of an access point begins in "arn:P:S:R:A:accesspoint/NAME/key" (or ":NAME"; on
 * Outposts "outpost/ID/" comes before); NULL: there is none. */
static const char *find_point_name(const char *rest)
{
    static const char outpost[] = "outpost", point[] = "accesspoint";
    const char *resource = rest;
    for (size_t i = 0; i < 5; i++) {
        resource += strcspn(resource, ":/");
        if (*resource++ != ':')
            return NULL;
    }
    if (gs3_str_has_prefix(resource, outpost) && is_separator(resource[sizeof outpost - 1])) {
        resource += sizeof outpost;
        resource += strcspn(resource, ":/");
        resource += *resource != '\0';
    }
    bool is_point = gs3_str_has_prefix(resource, point) && is_separator(resource[sizeof point - 1]);
    return is_point ? resource + sizeof point : NULL;
}

static int parse_s3(const char *rest, struct gs3_location *location, struct gs3_err *err)
{
    const char *name = gs3_str_has_prefix(rest, "arn:") ? find_point_name(rest) : NULL;
    const char *slash = strchr(name ? name : rest, '/');
    size_t bucket_bytes = slash ? (size_t)(slash - rest) : strlen(rest);
    /* "KEY:SECRET@bucket", whose secret may hold the first slash; an ARN has colons of its own. */
    bool has_user = memchr(rest, '@', bucket_bytes) ||
                    (memchr(rest, ':', bucket_bytes) && !gs3_str_has_prefix(rest, "arn:"));
    if (has_user)
        return gs3_fail(err, GS3_EUSAGE,
                        "an s3:// address takes no user part and no port: credentials come from "
                        "the environment or a profile, never from the command line");
    if (bucket_bytes == 0)
        return gs3_fail(err, GS3_EUSAGE, "s3://%s: no bucket is named", rest);
    location->kind = GS3_LOCATION_S3;
    location->bucket = gs3_xstrndup(rest, bucket_bytes);
    /* One spelling of two, so that one access point has one name. */
    if (name)
        location->bucket[name - rest - 1] = '/';
    location->key = gs3_xstrdup(slash ? slash + 1 : "");
    return 0;
}

int gs3_location_parse(const char *argument, struct gs3_location *location, struct gs3_err *err)
{
    *location = (struct gs3_location){.kind = GS3_LOCATION_LOCAL};
    if (gs3_str_has_prefix(argument, "s3://"))
        return parse_s3(argument + strlen("s3://"), location, err);
    if (gs3_str_equal(argument, "-")) {
        location->kind = GS3_LOCATION_STREAM;
        return 0;
    }
    if (!*argument)
        return gs3_fail(err, GS3_EUSAGE, "an empty path is no source and no destination");
    location->path = gs3_xstrdup(argument);
    return 0;
}

void gs3_location_release(struct gs3_location *location)
{
    free(location->path);
    free(location->bucket);
    free(location->bucket_behind);
    free(location->key);
    *location = (struct gs3_location){.kind = GS3_LOCATION_LOCAL};
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void append(char **text, const char *separator, const char *tail)
{
    char *joined = gs3_xasprintf("%s%s%s", *text, separator, tail);
    free(*text);
    *text = joined;
}

static int check_key(const char *key, struct gs3_err *err)
{
    size_t length = strlen(key);
    if (length > KEY_BYTES)
        return gs3_fail(err, GS3_EUSAGE, "a key has at most %d bytes, this one has %zu", KEY_BYTES,
                        length);
    if (!gs3_utf8_is_valid(key, length))
        return gs3_fail(err, GS3_EUSAGE, "a key must be UTF-8: rename the file, or name the key");
    return 0;
}

int gs3_location_resolve(const struct gs3_location *source, struct gs3_location *destination,
                         struct gs3_err *err)
{
    const char *name = source->kind == GS3_LOCATION_S3      ? last_part(source->key)
                       : source->kind == GS3_LOCATION_LOCAL ? last_part(source->path)
                                                            : "";
    if (destination->kind == GS3_LOCATION_S3) {
        bool takes_name = !*destination->key || gs3_str_has_suffix(destination->key, "/");
        if (takes_name && !*name && !(source->kind == GS3_LOCATION_S3 && *destination->key))
            return gs3_fail(err, GS3_EUSAGE, "s3://%s/%s: the key's last part is missing",
                            destination->bucket, destination->key);
        if (takes_name)
            append(&destination->key, "", name);
        return check_key(destination->key, err);
    }
    if (destination->kind == GS3_LOCATION_LOCAL) {
        bool ends_in_slash = gs3_str_has_suffix(destination->path, "/");
        if (!ends_in_slash && !is_directory(destination->path))
            return 0;
        if (!*name || gs3_str_equal(name, ".") || gs3_str_equal(name, ".."))
            return gs3_fail(err, GS3_EUSAGE,
                            "s3://%s/%s: no file can have that key's last part as its name: "
                            "name the file",
                            source->bucket, source->key);
        append(&destination->path, ends_in_slash ? "" : "/", name);
    }
    return 0;
}

const char *gs3_location_governed(const struct gs3_location *location)
{
    return location->bucket_behind ? location->bucket_behind : location->bucket;
}

bool gs3_location_is_same_object(const struct gs3_location *a, const struct gs3_location *b)
{
    return a->kind == GS3_LOCATION_S3 && b->kind == GS3_LOCATION_S3 &&
           gs3_str_equal(gs3_location_governed(a), gs3_location_governed(b)) &&
           gs3_str_equal(a->key, b->key);
}

/* Appends `path` in absolute form with "." and ".." taken out of the text, as Python's
 * abspath does: what is printed has to be what aws-cli prints. */
static void append_absolute(struct gs3_buf *out, const char *directory, const char *path)
{
    gs3_auto_free char *joined =
        *path == '/' ? gs3_xstrdup(path) : gs3_xasprintf("%s/%s", directory, path);
    char *rest = NULL;
    for (char *part = strtok_r(joined, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (gs3_str_equal(part, "."))
            continue;
        if (gs3_str_equal(part, "..")) {
            const char *slash = out->length_bytes ? strrchr(out->data, '/') : NULL;
            if (slash) {
                out->length_bytes = (size_t)(slash - out->data);
                out->data[out->length_bytes] = '\0';
            }
            continue;
        }
        gs3_buf_putc(out, '/');
        gs3_buf_puts(out, part);
    }
}

char *gs3_location_absolute(const char *path)
{
    gs3_auto_free char *directory = getcwd(NULL, 0);
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(PATH_BYTES);
    append_absolute(&out, directory ? directory : "", path);
    if (out.length_bytes == 0)
        gs3_buf_putc(&out, '/');
    return gs3_buf_take(&out);
}

/* The length of the directories that both have in common, on "/" boundaries. */
static size_t common_prefix(const char *a, const char *b)
{
    size_t boundary = 0;
    for (size_t i = 0;; i++) {
        bool a_ends = a[i] == '\0' || a[i] == '/';
        bool b_ends = b[i] == '\0' || b[i] == '/';
        if (a_ends && b_ends)
            boundary = i;
        if (a[i] != b[i] || a[i] == '\0')
            return boundary;
    }
}

static char *relative_path(const char *path, const char *directory)
{
    gs3_auto_free char *asked = directory ? NULL : getcwd(NULL, 0);
    directory = directory ? directory : asked;
    if (!directory)
        return gs3_xstrdup(path);
    gs3_auto_buf struct gs3_buf there = GS3_BUF_INIT(PATH_BYTES);
    append_absolute(&there, directory, path);
    const char *from = strcmp(directory, "/") == 0 ? "" : directory;
    const char *to = gs3_buf_string(&there);
    const char *name = last_part(to);
    gs3_auto_free char *parent = gs3_xstrndup(to, name > to ? (size_t)(name - to - 1) : 0);
    size_t common = common_prefix(from, parent);
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(PATH_BYTES);
    for (const char *c = from + common; *c; c++)
        if (*c == '/')
            gs3_buf_puts(&out, "../");
    if (out.length_bytes == 0 && !parent[common])
        gs3_buf_puts(&out, "./");
    if (parent[common])
        gs3_buf_printf(&out, "%s/", parent + common + 1);
    gs3_buf_puts(&out, name);
    return gs3_buf_take(&out);
}

/* "a/b": below the working directory as it stands, so that nobody has to ask which one that is. */
static bool is_plain_relative(const char *path)
{
    if (!*path || *path == '/')
        return false;
    for (const char *part = path; part;) {
        const char *slash = strchr(part, '/');
        size_t length = slash ? (size_t)(slash - part) : strlen(part);
        if (length == 0 || (length == 1 && *part == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part = slash ? slash + 1 : NULL;
    }
    return true;
}

static char *join(const char *a, const char *b, const char *c, const char *d)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(PATH_BYTES);
    gs3_buf_puts(&out, a);
    gs3_buf_puts(&out, b);
    gs3_buf_puts(&out, c);
    gs3_buf_puts(&out, d);
    return gs3_buf_take(&out);
}

char *gs3_location_format(const struct gs3_location *location, const char *directory)
{
    switch (location->kind) {
    case GS3_LOCATION_S3: return join("s3://", location->bucket, "/", location->key);
    case GS3_LOCATION_LOCAL:
        if (is_plain_relative(location->path))
            return join(strchr(location->path, '/') ? "" : "./", location->path, "", "");
        return relative_path(location->path, directory);
    case GS3_LOCATION_STREAM: break;
    }
    return gs3_xstrdup("-");
}
