/* What the files of the tree share. Nothing outside the room includes it. */
#ifndef GS3_TRANSFER_TREE_INTERNAL_H
#define GS3_TRANSFER_TREE_INTERNAL_H

#include "transfer/tree.h"

/* What one side found: a name below the root, not judged yet. */
struct gs3_tree_name {
    const char *relative; /* until the next one is asked for */
    uint64_t size_bytes;
    const char *etag; /* S3, else NULL */
    int64_t last_modified_s;
    bool is_archived; /* S3 */
    char *warning;    /* instead: the line of something that is left out; the caller frees */
};

struct gs3_walk;
struct gs3_walk *gs3_walk_open(const char *root, bool follows_symlinks,
                               const struct gs3_filters *filters, struct gs3_err *err);
int gs3_walk_next(struct gs3_walk *walk, struct gs3_tree_name *name, struct gs3_err *err);
void gs3_walk_close(struct gs3_walk *walk);

struct gs3_listing;
struct gs3_listing *gs3_listing_open(struct gs3_s3_transport *transport, const char *bucket,
                                     const char *prefix, unsigned page_size);
int gs3_listing_next(struct gs3_listing *listing, struct gs3_tree_name *name, struct gs3_err *err);
void gs3_listing_close(struct gs3_listing *listing);

#endif
