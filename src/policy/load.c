#include "policy/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "policy/parse.h"

/* A load under way: what is parsed, and the digest over the bytes of all files in order, so that
 * `cat FILES | sha256sum` gives the same. */
struct load {
    struct gs3_parse parse;
    struct gs3_sha256 *digest;
    bool has_regex;
};

static void load_start(struct load *load, bool is_system, struct gs3_err *err)
{
    /* YAML 1.1's null, booleans, numbers in every base, base 60, times, and the value key. */
    static const char typed[] =
        "^(~|[Nn]ull|NULL|[Yy]|[Yy]es|YES|[Nn]|[Nn]o|NO|[Tt]rue|TRUE|[Ff]alse|FALSE|[Oo]n|ON|"
        "[Oo]ff|OFF|=|[-+]?0[xob][0-9A-Fa-f_]+|[-+]?[0-9][0-9_]*(:[0-9_]+)*(\\.[0-9_]*)?"
        "([eE][-+]?[0-9]+)?|[-+]?\\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|"
        "[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt \t].*)?)$";
    *load = (struct load){.parse = {.err = err}};
    load->parse.policy = gs3_xcalloc(1, sizeof *load->parse.policy);
    load->parse.policy->is_system = is_system;
    load->has_regex = regcomp(&load->parse.typed_scalar, typed, REG_EXTENDED | REG_NOSUB) == 0;
    load->digest = gs3_sha256_new();
}

static void load_release(struct load *load)
{
    for (size_t i = 0; i < load->parse.document_count; i++)
        gs3_yaml_free(load->parse.documents[i].root);
    free(load->parse.documents);
    free(load->parse.templates);
    if (load->has_regex)
        regfree(&load->parse.typed_scalar);
    gs3_sha256_free(load->digest);
    gs3_policy_free(load->parse.policy);
}

/* Only root may have written what names files to read and commands to run. */
static bool is_root_only(const struct stat *info)
{
    return info->st_uid == 0 && (info->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int add_text(struct load *load, const char *name, const char *data, size_t length_bytes,
                    bool is_trusted)
{
    struct gs3_parse *parse = &load->parse;
    struct gs3_policy *policy = parse->policy;
    policy->files = gs3_xreallocarray(policy->files, policy->file_count + 1, sizeof(char *));
    policy->files[policy->file_count] = gs3_xstrdup(name);
    const char *file = policy->files[policy->file_count++];
    gs3_sha256_update(load->digest, data, length_bytes);
    struct gs3_yaml_node *root = gs3_yaml_parse(file, data, length_bytes, parse->err);
    if (!root)
        return -1;
    parse->documents =
        gs3_xreallocarray(parse->documents, parse->document_count + 1, sizeof *parse->documents);
    parse->documents[parse->document_count++] =
        (struct gs3_policy_document){.file = file, .root = root, .is_trusted = is_trusted};
    return 0;
}

static int read_bounded(int fd, const char *path, struct gs3_buf *out, struct gs3_err *err)
{
    char chunk[8192];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot read", path);
        if (got == 0)
            return 0;
        if (gs3_buf_append(out, chunk, (size_t)got))
            return gs3_fail(err, GS3_EPOLICY, "%s: larger than 64 KiB: split it into several files",
                            path);
    }
}

/* Not gs3_file_read: whether root alone can write the file is asked of the open descriptor. */
static int add_file(struct load *load, const char *path, bool is_trusted)
{
    struct gs3_err *err = load->parse.err;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_YAML_BYTES);
    struct stat info;
    /* O_NONBLOCK: opening a FIFO must not hang before fstat can refuse it. */
    gs3_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot open the policy", path);
    if (fstat(fd, &info))
        return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot stat the policy", path);
    if (!S_ISREG(info.st_mode))
        return gs3_fail(err, GS3_EPOLICY, "%s: a policy must be a regular file", path);
    if (read_bounded(fd, path, &text, err))
        return -1;
    return add_text(load, path, gs3_buf_string(&text), text.length_bytes,
                    is_trusted && is_root_only(&info));
}

static bool is_policy_name(const char *name)
{
    return name[0] != '.' &&
           (gs3_str_has_suffix(name, ".yaml") || gs3_str_has_suffix(name, ".yml"));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

/* The names that count, in byte order; subdirectories are left out later, by what they are. */
static int list_directory(const char *path, struct gs3_strings *names, struct gs3_err *err)
{
    gs3_auto(close_directory) DIR *directory = opendir(path);
    if (!directory)
        return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot open the policy directory",
                              path);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry && errno)
            return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot read the policy directory",
                                  path);
        if (!entry)
            break;
        if (!is_policy_name(entry->d_name))
            continue;
        gs3_auto_free char *full = gs3_xasprintf("%s/%s", path, entry->d_name);
        struct stat info;
        if (stat(full, &info) == 0 && S_ISDIR(info.st_mode))
            continue;
        if (names->count == GS3_POLICY_FILES)
            return gs3_fail(err, GS3_EPOLICY, "%s: more than %d policy files", path,
                            GS3_POLICY_FILES);
        names->items = gs3_xreallocarray(names->items, names->count + 1, sizeof(char *));
        names->items[names->count++] = full;
        full = NULL;
    }
    if (names->count == 0)
        return gs3_fail(err, GS3_EPOLICY, "%s: the directory has no *.yaml or *.yml file", path);
    qsort(names->items, names->count, sizeof(char *), compare_names);
    return 0;
}

static int add_directory(struct load *load, const char *path, bool is_trusted)
{
    gs3_auto(gs3_strings_release) struct gs3_strings names = {0};
    gs3_auto_free char *clean = gs3_xstrdup(path);
    for (size_t length = strlen(clean); length > 1 && clean[length - 1] == '/'; length--)
        clean[length - 1] = '\0';
    if (list_directory(clean, &names, load->parse.err))
        return -1;
    for (size_t i = 0; i < names.count; i++)
        if (add_file(load, names.items[i], is_trusted))
            return -1;
    return 0;
}

static struct gs3_policy *finish(struct load *load)
{
    unsigned char digest[GS3_SHA256_BYTES];
    char hex[GS3_SHA256_HEX_BYTES];
    struct gs3_policy *policy = load->parse.policy;
    if (!load->has_regex) {
        gs3_fail(load->parse.err, GS3_EPOLICY, "the C library could not compile a pattern");
        return NULL;
    }
    if (gs3_parse_documents(&load->parse))
        return NULL;
    gs3_sha256_finish(load->digest, digest);
    gs3_hex_encode(digest, sizeof digest, hex);
    memcpy(policy->digest, hex, GS3_POLICY_DIGEST_BYTES - 1);
    load->parse.policy = NULL;
    return policy;
}

struct gs3_policy *gs3_policy_load(const char *path, bool is_system, struct gs3_err *err)
{
    struct stat info;
    if (stat(path, &info)) {
        gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot read the policy", path);
        return NULL;
    }
    gs3_auto(load_release) struct load load;
    load_start(&load, is_system, err);
    bool is_directory = S_ISDIR(info.st_mode);
    bool is_trusted = is_system && (!is_directory || is_root_only(&info));
    if (is_directory ? add_directory(&load, path, is_trusted) : add_file(&load, path, is_trusted))
        return NULL;
    return finish(&load);
}

struct gs3_policy *gs3_policy_parse(const char *name, const char *data, size_t length_bytes,
                                    bool is_system, struct gs3_err *err)
{
    gs3_auto(load_release) struct load load;
    load_start(&load, is_system, err);
    if (add_text(&load, name, data, length_bytes, false))
        return NULL;
    return finish(&load);
}
