/* Running one plan: upload, download or copy, and for mv the read-back and the delete.
 *
 * Nothing here happens without a permit that covers the very keys. Depends on plan, local,
 * metadata, verify, s3, policy (permit). Prints nothing: the caller gets a report. */
#ifndef GS3_TRANSFER_TRANSFER_H
#define GS3_TRANSFER_TRANSFER_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/log.h"
#include "policy/permit.h"
#include "s3/transport.h"
#include "transfer/deletes.h"
#include "transfer/mime.h"
#include "transfer/plan.h"
#include "transfer/pool.h"
#include "transfer/state.h"

enum { GS3_STDOUT_FD = 1 };

/* What all objects of a run share; read by every worker, changed by none. */
struct gs3_transfer {
    struct gs3_pool *pool; /* for the parts of large objects; NULL: one by one */
    /* A move's source is left to the caller: its second look and its delete. */
    bool defers_deletes;
    const struct gs3_source_listing *listing; /* that the sources come from; NULL: none */
    const struct gs3_states *states;          /* of uploads, for --resume; NULL: none are kept */
    struct gs3_mime *mime;                    /* NULL: no Content-Type is guessed */
    const struct gs3_log *log;
    bool is_custom;                    /* the store is not AWS: what AWS guarantees is looked at */
    atomic_uint_fast64_t *moved_bytes; /* of all objects, as they move; NULL: nobody looks */
    /* Called between the parts of a stream, which may last; -1 ends it. NULL: nothing is asked. */
    int (*between)(void *context, struct gs3_err *err);
    void *between_context;
};

enum gs3_report_status { GS3_REPORT_OK, GS3_REPORT_FAILED, GS3_REPORT_SKIPPED, GS3_REPORT_PLANNED };

struct gs3_report {
    enum gs3_report_status status;
    uint64_t bytes;
    char *etag;             /* of the destination; NULL: none */
    char *note;             /* why it was skipped, or what was left behind; NULL: nothing to say */
    bool is_warning;        /* the note is worth one; of what was skipped: exit status 2 */
    bool is_delete_pending; /* all is done but the source's delete: see defers_deletes */
};
void gs3_report_release(struct gs3_report *report);

/* Runs `plan` (looked at before). 0 with status OK, SKIPPED or PLANNED; -1 with status FAILED and
 * `err` set, whose class is GS3_EREFUSED where the permit does not cover a key and GS3_EINTERRUPT
 * after a signal. The source is gone only when 0 was returned for a move with status OK. */
int gs3_transfer_object(const struct gs3_transfer *transfer, const struct gs3_lane *lane,
                        const struct gs3_permit *permit, struct gs3_plan *plan,
                        struct gs3_report *report, struct gs3_err *err);

#endif
