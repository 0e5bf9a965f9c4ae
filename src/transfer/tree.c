#include "transfer/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"
#include "transfer/tree_internal.h"

enum { KEY_BYTES = 1024, COMPONENT_BYTES = 255 };

struct gs3_tree {
    struct gs3_tree_opts opts;
    struct gs3_location source, destination;
    char *source_prefix, *destination_prefix; /* NULL for a local side */
    char *root;                               /* of the source, for filters: "bucket/prefix/" */
    struct gs3_walk *walk;
    struct gs3_listing *listing;
    bool leaves_destination_out; /* it lies inside of the source */
    bool has_told_so;
    bool may_hit_source; /* the source lies inside of the destination */
};

void gs3_tree_found_release(struct gs3_tree_found *found)
{
    gs3_location_release(&found->source);
    gs3_location_release(&found->destination);
    free(found->etag);
    free(found->message);
    *found = (struct gs3_tree_found){.kind = GS3_TREE_ITEM};
}

static struct gs3_location copy_location(const struct gs3_location *from)
{
    return (struct gs3_location){.kind = from->kind,
                                 .path = gs3_xstrdup_or_null(from->path),
                                 .bucket = gs3_xstrdup_or_null(from->bucket),
                                 .bucket_behind = gs3_xstrdup_or_null(from->bucket_behind),
                                 .key = gs3_xstrdup_or_null(from->key)};
}

/* "p" and "p/" are one; the whole bucket is "". */
static char *prefix_of(const struct gs3_location *location)
{
    if (location->kind != GS3_LOCATION_S3)
        return NULL;
    const char *key = location->key ? location->key : "";
    return gs3_xasprintf("%s%s", key, !*key || gs3_str_has_suffix(key, "/") ? "" : "/");
}

static void look_for_overlap(struct gs3_tree *tree)
{
    const char *from = tree->source_prefix, *to = tree->destination_prefix;
    if (!from || !to ||
        strcmp(gs3_location_governed(&tree->source), gs3_location_governed(&tree->destination)) !=
            0)
        return;
    tree->leaves_destination_out = strcmp(from, to) != 0 && gs3_str_has_prefix(to, from);
    tree->may_hit_source = gs3_str_has_prefix(from, to);
}

static int open_source(struct gs3_tree *tree, struct gs3_err *err)
{
    if (tree->source.kind == GS3_LOCATION_LOCAL) {
        tree->walk =
            gs3_walk_open(tree->source.path, tree->opts.follow_symlinks, tree->opts.filters, err);
        return tree->walk ? 0 : -1;
    }
    tree->root = gs3_xasprintf("%s/%s", tree->source.bucket, tree->source_prefix);
    tree->listing = gs3_listing_open(tree->opts.transport, tree->source.bucket, tree->source_prefix,
                                     tree->opts.page_size);
    return 0;
}

struct gs3_tree *gs3_tree_open(const struct gs3_location *source,
                               const struct gs3_location *destination,
                               const struct gs3_tree_opts *opts, struct gs3_err *err)
{
    if (source->kind == GS3_LOCATION_STREAM || destination->kind == GS3_LOCATION_STREAM) {
        gs3_fail(err, GS3_EUSAGE,
                 "Streaming currently is only compatible with non-recursive cp "
                 "commands");
        return NULL;
    }
    if (source->kind == GS3_LOCATION_LOCAL && destination->kind == GS3_LOCATION_LOCAL) {
        gs3_fail(err, GS3_EUSAGE, "one of source and destination must be an s3:// address");
        return NULL;
    }
    struct gs3_tree *tree = gs3_xcalloc(1, sizeof *tree);
    tree->opts = *opts;
    tree->source = copy_location(source);
    tree->destination = copy_location(destination);
    tree->source_prefix = prefix_of(source);
    tree->destination_prefix = prefix_of(destination);
    look_for_overlap(tree);
    if (open_source(tree, err)) {
        gs3_tree_close(tree);
        return NULL;
    }
    return tree;
}

void gs3_tree_close(struct gs3_tree *tree)
{
    if (!tree)
        return;
    gs3_walk_close(tree->walk);
    gs3_listing_close(tree->listing);
    gs3_location_release(&tree->source);
    gs3_location_release(&tree->destination);
    free(tree->source_prefix);
    free(tree->destination_prefix);
    free(tree->root);
    free(tree);
}

const char *gs3_tree_source_prefix(const struct gs3_tree *tree)
{
    return tree->source_prefix;
}

const char *gs3_tree_destination_prefix(const struct gs3_tree *tree)
{
    return tree->destination_prefix;
}

/* One allocation and no format: this is done for each side of each of millions of names. */
static char *concatenate(const char *directory, const char *between, const char *relative)
{
    size_t directory_bytes = strlen(directory), between_bytes = strlen(between);
    size_t relative_bytes = strlen(relative) + 1;
    char *joined = gs3_xmalloc(directory_bytes + between_bytes + relative_bytes);
    memcpy(joined, directory, directory_bytes);
    memcpy(joined + directory_bytes, between, between_bytes);
    memcpy(joined + directory_bytes + between_bytes, relative, relative_bytes);
    return joined;
}

static char *join(const char *directory, const char *relative)
{
    return concatenate(directory, gs3_str_has_suffix(directory, "/") ? "" : "/", relative);
}

static void name_sides(const struct gs3_tree *tree, const char *relative,
                       struct gs3_tree_found *found)
{
    found->source = (struct gs3_location){.kind = tree->source.kind};
    found->destination = (struct gs3_location){.kind = tree->destination.kind};
    if (tree->walk) {
        found->source.path = join(tree->source.path, relative);
    } else {
        found->source.bucket = gs3_xstrdup(tree->source.bucket);
        found->source.bucket_behind = gs3_xstrdup_or_null(tree->source.bucket_behind);
        found->source.key = concatenate(tree->source_prefix, "", relative);
    }
    if (tree->destination_prefix) {
        found->destination.bucket = gs3_xstrdup(tree->destination.bucket);
        found->destination.bucket_behind = gs3_xstrdup_or_null(tree->destination.bucket_behind);
        found->destination.key = concatenate(tree->destination_prefix, "", relative);
    } else {
        found->destination.path = join(tree->destination.path, relative);
    }
}

static void fail(struct gs3_tree_found *found, const char *why)
{
    found->kind = GS3_TREE_FAILURE;
    found->message = gs3_xstrdup(why);
}

/* What a key cannot be as a file below the destination: nothing is written outside of it, and no
 * two keys into one file. */
static void judge_file_name(const char *relative, struct gs3_tree_found *found)
{
    for (const char *part = relative; part;) {
        size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0) {
            found->kind = GS3_TREE_WARNING;
            found->message =
                gs3_xasprintf("Skipping file s3://%s/%s. File references a parent directory.",
                              found->source.bucket, found->source.key);
            return;
        }
        if (length == 0 || (length == 1 && *part == '.')) {
            fail(found, "its key has an empty part or a part \".\": no file can have that name");
            return;
        }
        if (length > COMPONENT_BYTES) {
            fail(found, "a part of its key has over 255 bytes: no file can have that name");
            return;
        }
        part = part[length] ? part + length + 1 : NULL;
    }
}

static void judge_key(struct gs3_tree *tree, const char *key, struct gs3_tree_found *found)
{
    size_t length = strlen(key);
    if (length == 0)
        fail(found, "its key would be empty: name a prefix in the destination");
    else if (length > KEY_BYTES)
        fail(found, "its key would have over 1024 bytes, more than S3 takes");
    else if (!gs3_utf8_is_valid(key, length))
        fail(found, "its name is not UTF-8, which S3's keys are: rename it");
    else if (tree->walk || !gs3_location_is_same_object(&found->source, &found->destination)) {
        if (tree->may_hit_source && gs3_str_has_prefix(key, tree->source_prefix))
            fail(found, "its destination lies inside of the source, where it could overwrite what "
                        "is still to be transferred");
    } else if (tree->opts.is_move) {
        fail(found, "an object cannot be moved onto itself: it would be deleted");
    }
}

/* Markers of directories are no objects to anybody: never copied, never deleted. */
static bool is_marker(const struct gs3_tree *tree, const struct gs3_tree_name *name)
{
    return tree->listing && name->size_bytes == 0 &&
           (!*name->relative || gs3_str_has_suffix(name->relative, "/"));
}

/* 1: to be left out, with a warning the first time. */
static int leave_out(struct gs3_tree *tree, const struct gs3_tree_name *name,
                     struct gs3_tree_found *found)
{
    gs3_auto_free char *key = concatenate(tree->source_prefix, "", name->relative);
    if (!gs3_str_has_prefix(key, tree->destination_prefix))
        return 0;
    if (!tree->has_told_so) {
        found->kind = GS3_TREE_WARNING;
        found->message =
            gs3_xasprintf("Skipping what lies under s3://%s/%s: it is the destination.",
                          tree->destination.bucket, tree->destination_prefix);
    }
    tree->has_told_so = true;
    return 1;
}

static void judge(struct gs3_tree *tree, const struct gs3_tree_name *name,
                  struct gs3_tree_found *found)
{
    found->size_bytes = name->size_bytes;
    found->etag = gs3_xstrdup_or_null(name->etag);
    found->last_modified_s = name->last_modified_s;
    found->is_archived = name->is_archived;
    name_sides(tree, name->relative, found);
    if (tree->destination_prefix)
        judge_key(tree, found->destination.key, found);
    else
        judge_file_name(name->relative, found);
}

/* 1: `found` is something; 0: nothing to say of this name. */
static int take(struct gs3_tree *tree, struct gs3_tree_name *name, struct gs3_tree_found *found)
{
    *found = (struct gs3_tree_found){.kind = GS3_TREE_ITEM, .last_modified_s = -1};
    if (name->warning) {
        found->kind = GS3_TREE_WARNING;
        found->message = name->warning;
        return 1;
    }
    if (is_marker(tree, name))
        return 0;
    if (tree->listing && !gs3_filters_accept(tree->opts.filters, tree->root, name->relative))
        return 0;
    if (tree->leaves_destination_out && leave_out(tree, name, found))
        return found->message != NULL;
    judge(tree, name, found);
    return 1;
}

int gs3_tree_next(struct gs3_tree *tree, struct gs3_tree_found *found, struct gs3_err *err)
{
    struct gs3_tree_name name = {.relative = NULL};
    for (;;) {
        int status = tree->walk ? gs3_walk_next(tree->walk, &name, err)
                                : gs3_listing_next(tree->listing, &name, err);
        if (status <= 0)
            return status;
        if (take(tree, &name, found))
            return 1;
    }
}
