/* The sources of moves, deleted in batches after the read-backs.
 *
 * A task hands its source in and waits; when a batch is full (1000 keys of one bucket), nobody else
 * can join, or half a second has passed, one request deletes them all, and each task learns of its
 * own. The source was looked at once more just before (gs3_verify_source), and AWS is given the
 * ETag of each key. Thread-safe. Depends on lane, s3. */
#ifndef GS3_TRANSFER_DELETES_H
#define GS3_TRANSFER_DELETES_H

#include "transfer/lane.h"

struct gs3_deletes;

struct gs3_deletes *gs3_deletes_new(void);
void gs3_deletes_free(struct gs3_deletes *deletes);

/* From a task. 0: gone. -1: it is still there, or that cannot be told; err says which. */
int gs3_deletes_run(struct gs3_deletes *deletes, const struct gs3_lane *lane, const char *bucket,
                    const struct gs3_s3_victim *victim, struct gs3_err *err);

/* No new company is coming: batches go ahead at once from now on. */
void gs3_deletes_close(struct gs3_deletes *deletes);

#endif
