/* The local side of a tree: files in the order in which S3 would list their keys. One directory a
 * level is in memory; no descriptor stays open. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/tree_internal.h"

enum { DEPTH_MAXIMUM = 2048 };

struct child {
    char *name; /* a directory's with its "/", as it sorts */
    bool is_directory;
};

struct level {
    struct level *parent;
    char *relative; /* "" or "a/b/" */
    dev_t device;
    ino_t inode;
    struct child *children;
    size_t count, next;
};

struct gs3_walk {
    char *root; /* with its last "/" */
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

static int compare_children(const void *a, const void *b)
{
    return strcmp(((const struct child *)a)->name, ((const struct child *)b)->name);
}

static void free_level(struct level *level)
{
    for (size_t i = 0; i < level->count; i++)
        free(level->children[i].name);
    free(level->children);
    free(level->relative);
    free(level);
}

/* Without d_type, or behind a link, the file system has to be asked. */
static bool is_directory(const struct gs3_walk *walk, const char *relative, unsigned char type)
{
    struct stat info;
    if (type == DT_DIR || type == DT_REG)
        return type == DT_DIR;
    gs3_auto_free char *path = path_of(walk, relative);
    int failed = walk->follows_symlinks ? stat(path, &info) : lstat(path, &info);
    return !failed && S_ISDIR(info.st_mode);
}

static void add_child(struct gs3_walk *walk, struct level *level, size_t *room,
                      const struct dirent *entry)
{
    gs3_auto_free char *relative = gs3_xasprintf("%s%s", level->relative, entry->d_name);
    if (level->count == *room) {
        *room = *room ? 2 * *room : 64;
        level->children = gs3_xreallocarray(level->children, *room, sizeof *level->children);
    }
    struct child *child = &level->children[level->count++];
    child->is_directory = is_directory(walk, relative, entry->d_type);
    child->name = gs3_xasprintf("%s%s", entry->d_name, child->is_directory ? "/" : "");
}

static int read_level(struct gs3_walk *walk, struct level *level)
{
    gs3_auto_free char *path = path_of(walk, level->relative);
    DIR *directory = opendir(path);
    struct stat info;
    size_t room = 0;
    if (!directory)
        return -1;
    if (fstat(dirfd(directory), &info) == 0) {
        level->device = info.st_dev;
        level->inode = info.st_ino;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(directory)); errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            add_child(walk, level, &room, entry);
    int failed = errno;
    closedir(directory);
    if (level->count > 0)
        qsort(level->children, level->count, sizeof *level->children, compare_children);
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
    gs3_auto_free char *path = path_of(walk, relative);
    return gs3_xasprintf("Skipping file %s. %s", path, why);
}

/* Goes down; the warning when that cannot be. */
static char *enter(struct gs3_walk *walk, const char *relative)
{
    struct level *level = gs3_xcalloc(1, sizeof *level);
    level->relative = gs3_xstrdup(relative);
    level->parent = walk->level;
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
    if (lstat(path, &info)) {
        name->warning = warn(walk, relative, "File does not exist.");
        return 1;
    }
    if (S_ISLNK(info.st_mode)) {
        if (!walk->follows_symlinks)
            return 0;
        if (stat(path, &info)) {
            name->warning = warn(walk, relative, "File does not exist.");
            return 1;
        }
    }
    if (!S_ISREG(info.st_mode))
        name->warning = warn(walk, relative,
                             "File is character special device, block special device, FIFO, or "
                             "socket.");
    else if (access(path, R_OK))
        name->warning = warn(walk, relative, "File/Directory is not readable.");
    name->size_bytes = (uint64_t)info.st_size;
    return 1;
}

static int visit(struct gs3_walk *walk, const struct child *child, struct gs3_tree_name *name)
{
    gs3_auto_free char *relative = gs3_xasprintf("%s%s", walk->level->relative, child->name);
    if (child->is_directory) {
        name->warning = enter(walk, relative);
        return name->warning != NULL;
    }
    if (!gs3_filters_accept(walk->filters, walk->root, relative) || !look(walk, relative, name))
        return 0;
    free(walk->current);
    walk->current = gs3_xstrdup(relative);
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
        else if (visit(walk, &level->children[level->next++], name))
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
    free(walk->current);
    free(walk);
}
