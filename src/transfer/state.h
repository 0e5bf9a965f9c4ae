/* The record of a multipart upload or copy that is under way: a file of mode 0600.
 *
 * It is there so that a second run of the same command goes on (--resume) or aborts what the first
 * one left behind. It holds no secret and no content. It is locked while its run lives: a record
 * whose lock is held belongs to somebody. Depends on base, text (json), crypto (digest). */
#ifndef GS3_TRANSFER_STATE_H
#define GS3_TRANSFER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Where records are kept. */
struct gs3_states {
    char *directory; /* "$XDG_STATE_HOME/gs3/uploads"; made with mode 0700 when it is first used */
};

/* What must be the same for an upload to go on. Strings are borrowed. */
struct gs3_state_key {
    const char *endpoint; /* origin of the store, or "" for AWS */
    const char *source;   /* absolute path or s3:// */
    const char *bucket, *key;
    const char *source_stamp; /* "SIZE:MTIME.NSEC:INODE" of a file, "SIZE:ETAG" of an object */
    uint64_t part_bytes;
    const char *tickets;       /* ids that the decision used, comma-separated */
    const char *policy_digest; /* gs3-policy */
    const char
        *metadata_digest; /* of the metadata and properties, without timestamp, gs3-decision */
};

struct gs3_state {
    int fd; /* locked; -1: none is kept */
    char *path;
    char *upload_id; /* of an earlier run; NULL: none */
    bool matches;    /* every field of the key is what the earlier run recorded */
};

/* Opens and locks the record for this destination. 0 also when none can be kept (no directory, the
 * disk is full: state->fd is -1 and err says why, for a warning), or another process holds it (fd
 * -1, err set). A record that cannot be read (not JSON, over 64 KiB, not ours) is as none, and is
 * replaced. */
int gs3_state_open(const struct gs3_states *states, const struct gs3_state_key *key,
                   struct gs3_state *state, struct gs3_err *err);
/* Writes the record anew: before the first part is sent. Durable. */
int gs3_state_write(struct gs3_state *state, const struct gs3_state_key *key, const char *upload_id,
                    struct gs3_err *err);
/* The upload is complete or aborted: removes the record. */
void gs3_state_remove(struct gs3_state *state);
void gs3_state_release(struct gs3_state *state);

#endif
