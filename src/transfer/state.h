/* The record of a multipart upload or copy that is under way: a file of mode 0600.
 *
 * It is there so that a second run of the same command goes on (--resume), or aborts what the first
 * one left behind. It holds no secret and no content. It is locked while its run lives: a record
 * whose lock is held is somebody's. Depends on base, text (json), crypto (digest). */
#ifndef GS3_TRANSFER_STATE_H
#define GS3_TRANSFER_STATE_H

#include "base/err.h"
#include "base/pairs.h"
#include "crypto/digest.h"

/* Where records are kept. */
struct gs3_states {
    char *directory;   /* made with mode 0700 when it is first used */
    const char *scope; /* the store: its origin, or "" for AWS */
};

struct gs3_state {
    int fd; /* locked; -1: none is kept */
    char *path;
    char *upload_id;                  /* of an earlier run; NULL: none */
    char match[GS3_SHA256_HEX_BYTES]; /* digest of what must be the same for it to go on */
    struct gs3_pairs metadata;        /* that the upload was created with */
};

/* Opens and locks the record of this destination. -1 with err: none can be kept (no directory, a
 * full disk, somebody else's file), or another run holds it: the transfer goes on without. A record
 * that cannot be read (not JSON, over 64 KiB) is as none, and is replaced. */
int gs3_state_open(const struct gs3_states *states, const char *bucket, const char *key,
                   struct gs3_state *state, struct gs3_err *err);
/* Writes the record anew, durably: before the first part is sent. */
int gs3_state_write(struct gs3_state *state, const char *match, const char *upload_id,
                    const struct gs3_pairs *metadata, struct gs3_err *err);
/* The upload is complete or aborted. */
void gs3_state_remove(struct gs3_state *state);
void gs3_state_release(struct gs3_state *state);

#endif
