/* Many objects: what lies under a source, one item after the other, never all in memory.
 *
 * A tree is a listing of S3 (page after page, the next one asked for while this one is used) or a
 * walk of the local file system in S3's byte order (a directory compares with its trailing "/"),
 * run through the filters, with each item's destination named. What must not be transferred comes
 * out as a warning or a failure of its own, never in silence.
 *
 * Within one bucket the two sides may overlap. What lies under the destination's prefix is no
 * source: this run may have written it. And nothing is written where a source may still be waiting.
 * Depends on location, filter, local, s3. Must be called from a task or a thread that may wait. */
#ifndef GS3_TRANSFER_TREE_H
#define GS3_TRANSFER_TREE_H

#include <stdbool.h>

#include "base/err.h"
#include "s3/transport.h"
#include "transfer/filter.h"
#include "transfer/location.h"

struct gs3_tree_opts {
    const struct gs3_filters *filters; /* NULL: everything */
    bool follow_symlinks;              /* default of aws-cli: yes */
    bool is_move;                      /* a source that is its own destination is an error */
    unsigned page_size;
    struct gs3_s3_transport *transport; /* of an S3 source */
};

enum gs3_tree_kind {
    GS3_TREE_ITEM,    /* to be transferred */
    GS3_TREE_WARNING, /* left out: `message` is aws-cli's line without "warning: "; exit 2 */
    GS3_TREE_FAILURE, /* cannot be done: `message` says why; exit 1 */
};

/* One thing that was found; strings are the caller's from then on. */
struct gs3_tree_found {
    enum gs3_tree_kind kind;
    struct gs3_location source, destination; /* of a warning: perhaps without a name */
    uint64_t size_bytes;
    char *etag;              /* S3: as listed; else NULL */
    int64_t last_modified_s; /* S3 */
    bool is_archived;        /* S3: of a class that has to be restored; whether it was, HEAD says */
    char *message;
};
void gs3_tree_found_release(struct gs3_tree_found *found);

struct gs3_tree;

/* `source` and `destination` as parsed, before "/" is appended to both. A local source that is not
 * a directory, or is not there: aws-cli's error. Two local ends, a stream: GS3_EUSAGE.
 * GS3_EGENERAL. */
struct gs3_tree *gs3_tree_open(const struct gs3_location *source,
                               const struct gs3_location *destination,
                               const struct gs3_tree_opts *opts, struct gs3_err *err);
/* 1: found; 0: the end; -1: the source cannot be read any further (what came before holds). */
int gs3_tree_next(struct gs3_tree *tree, struct gs3_tree_found *found, struct gs3_err *err);
void gs3_tree_close(struct gs3_tree *tree);

/* The two prefixes as S3 will see them ("p/", or "" for a whole bucket), for the first decision:
 * NULL for a local side. */
const char *gs3_tree_source_prefix(const struct gs3_tree *tree);
const char *gs3_tree_destination_prefix(const struct gs3_tree *tree);

#endif
