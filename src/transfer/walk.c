/* The local side of a tree: files in the order in which S3 would list their keys. One directory a
 * level is in memory, as names one behind the other; no descriptor stays open. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "transfer/tree_internal.h"

enum { DEPTH_MAXIMUM = 2048, NAMES_BYTES = 1 << 30 };

struct level {
    struct level *parent;
    char *relative; /* "" or "a/b/" */
    dev_t device;
    ino_t inode;
    struct gs3_buf names; /* a directory's with its "/", as it sorts; each with its NUL */
    uint32_t *order;      /* where in `names` each one begins */
    size_t count, room, next;
};

struct gs3_walk {
    char *root;     /* as given, with its last "/" */
    char *absolute; /* the same as aws-cli prints it and as filters see it */
    bool follows_symlinks;
    const struct gs3_filters *filters;
    struct level *level;
    size_t depth;
    char *current; /* the name that was given out */
};

static char *path_of(const struct gs3_walk *walk, const char *relative)
{
    return gs3_xasprintf("%s%s", walk->root, relative);
}

static int compare_names(const void *a, const void *b, void *names)
{
    const char *text = names;
    return strcmp(text + *(const uint32_t *)a, text + *(const uint32_t *)b);
}

static void free_level(struct level *level)
{
    gs3_buf_release(&level->names);
    free(level->order);
    free(level->relative);
    free(level);
}

/* Without d_type, or behind a link, the file system has to be asked. */
static bool is_directory(const struct gs3_walk *walk, const struct level *level,
                         const struct dirent *entry)
{
    struct stat info;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    gs3_auto_free char *path = gs3_xasprintf("%s%s%s", walk->root, level->relative, entry->d_name);
    int failed = walk->follows_symlinks ? stat(path, &info) : lstat(path, &info);
    return !failed && S_ISDIR(info.st_mode);
}

static int add_name(const struct gs3_walk *walk, struct level *level, const struct dirent *entry)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return 0;
    if (level->count == level->room) {
        level->room = level->room ? 2 * level->room : 64;
        level->order = gs3_xreallocarray(level->order, level->room, sizeof *level->order);
    }
    level->order[level->count++] = (uint32_t)level->names.length_bytes;
    if (gs3_buf_puts(&level->names, entry->d_name) ||
        (is_directory(walk, level, entry) && gs3_buf_putc(&level->names, '/')))
        return -1;
    return gs3_buf_putc(&level->names, '\0');
}

static int read_level(const struct gs3_walk *walk, struct level *level)
{
    gs3_auto_free char *path = path_of(walk, level->relative);
    DIR *directory = opendir(path);
    struct stat info;
    if (!directory)
        return -1;
    int failed = fstat(dirfd(directory), &info);
    level->device = failed ? 0 : info.st_dev;
    level->inode = failed ? 0 : info.st_ino;
    while (!failed) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry)
            break;
        failed = add_name(walk, level, entry);
    }
    failed = failed || errno != 0;
    closedir(directory);
    if (!failed && level->count > 0)
        qsort_r(level->order, level->count, sizeof *level->order, compare_names, level->names.data);
    return failed ? -1 : 0;
}

static bool is_loop(const struct level *level)
{
    for (const struct level *above = level->parent; above; above = above->parent)
        if (above->device == level->device && above->inode == level->inode)
            return true;
    return false;
}

static char *warn(const struct gs3_walk *walk, const char *relative, const char *why)
{
    size_t length = strlen(relative);
    if (length > 0 && relative[length - 1] == '/')
        length--;
    return gs3_xasprintf("Skipping file %s%.*s. %s", walk->absolute, (int)length, relative, why);
}

/* Goes down; the warning when that cannot be. */
static char *enter(struct gs3_walk *walk, const char *relative)
{
    struct level *level = gs3_xcalloc(1, sizeof *level);
    level->relative = gs3_xstrdup(relative);
    level->parent = walk->level;
    level->names.maximum_bytes = NAMES_BYTES;
    const char *why = NULL;
    if (walk->depth == DEPTH_MAXIMUM)
        why = "The directories are nested too deep.";
    else if (read_level(walk, level))
        why = "File/Directory is not readable.";
    else if (is_loop(level))
        why = "It is a symbolic link to a directory that it is in.";
    if (why) {
        free_level(level);
        return warn(walk, relative, why);
    }
    walk->level = level;
    walk->depth++;
    return NULL;
}

static void leave(struct gs3_walk *walk)
{
    struct level *level = walk->level;
    walk->level = level->parent;
    walk->depth--;
    free_level(level);
}

struct gs3_walk *gs3_walk_open(const char *root, bool follows_symlinks,
                               const struct gs3_filters *filters, struct gs3_err *err)
{
    struct stat info;
    if (stat(root, &info)) {
        gs3_fail(err, GS3_EGENERAL, "The user-provided path %s does not exist.", root);
        return NULL;
    }
    if (!S_ISDIR(info.st_mode)) {
        gs3_fail(err, GS3_EGENERAL, "%s is not a directory: leave --recursive out", root);
        return NULL;
    }
    struct gs3_walk *walk = gs3_xcalloc(1, sizeof *walk);
    walk->root = gs3_xasprintf("%s%s", root, gs3_str_has_suffix(root, "/") ? "" : "/");
    gs3_auto_free char *absolute = gs3_location_absolute(root);
    walk->absolute = gs3_xasprintf("%s%s", absolute, gs3_str_has_suffix(absolute, "/") ? "" : "/");
    walk->follows_symlinks = follows_symlinks;
    walk->filters = filters;
    gs3_auto_free char *warning = enter(walk, "");
    if (warning) {
        gs3_fail(err, GS3_EGENERAL, "%s cannot be read", root);
        gs3_walk_close(walk);
        return NULL;
    }
    return walk;
}

/* 1: a file; 0: nothing to say; the warning is in `name` for what is left out. */
static int look(struct gs3_walk *walk, const char *relative, struct gs3_tree_name *name)
{
    struct stat info;
    gs3_auto_free char *path = path_of(walk, relative);
    const char *why = NULL;
    if (walk->follows_symlinks ? stat(path, &info) : lstat(path, &info))
        why = "File does not exist.";
    else if (S_ISLNK(info.st_mode))
        return 0;
    else if (!S_ISREG(info.st_mode))
        why = "File is character special device, block special device, FIFO, or socket.";
    else if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
        why = "File/Directory is not readable.";
    else
        name->size_bytes = (uint64_t)info.st_size;
    if (why)
        name->warning = warn(walk, relative, why);
    return 1;
}

static int visit(struct gs3_walk *walk, const char *child, struct gs3_tree_name *name)
{
    gs3_auto_free char *relative = gs3_xasprintf("%s%s", walk->level->relative, child);
    if (gs3_str_has_suffix(child, "/")) {
        name->warning = enter(walk, relative);
        return name->warning != NULL;
    }
    if (!gs3_filters_accept(walk->filters, walk->absolute, relative) || !look(walk, relative, name))
        return 0;
    free(walk->current);
    walk->current = relative;
    relative = NULL;
    name->relative = walk->current;
    return 1;
}

int gs3_walk_next(struct gs3_walk *walk, struct gs3_tree_name *name, struct gs3_err *err)
{
    (void)err;
    *name = (struct gs3_tree_name){.last_modified_s = -1};
    while (walk->level) {
        struct level *level = walk->level;
        if (level->next == level->count)
            leave(walk);
        else if (visit(walk, level->names.data + level->order[level->next++], name))
            return 1;
    }
    return 0;
}

void gs3_walk_close(struct gs3_walk *walk)
{
    if (!walk)
        return;
    while (walk->level)
        leave(walk);
    free(walk->root);
    free(walk->absolute);
    free(walk->current);
    free(walk);
}
