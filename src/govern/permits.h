/* Many keys, few environments: a permit for each pair that occurs, and the tickets asked again.
 *
 * The first key of an environment triggers its decision; all others of the same environments (under
 * every policy) share the permit. While an operation runs, gs3_permits_renew asks the tickets again
 * and decides anew everything that was allowed: when one no longer holds, nothing new may start.
 * Used from one thread, one call at a time: a call that waits must have returned before the next.
 * Depends on gate. Prints nothing. */
#ifndef GS3_GOVERN_PERMITS_H
#define GS3_GOVERN_PERMITS_H

#include "govern/gate.h"

enum { GS3_PERMITS_AGE_MS = 5 * 60 * 1000 };

struct gs3_permits;

struct gs3_permits_opts {
    struct gs3_gate *gate;
    /* Everything but touches, operator, now and decision id (each decision has its own), read anew
     * for each decision, so that totals may be set later; `tickets`: context for look-ups. Both
     * must outlive the permits, and so must the policies. */
    const struct gs3_request *request;
    const struct gs3_ticket_context *tickets;
    const struct gs3_clock *clock; /* NULL: the system's */
    const char *decision_id;       /* of the first decision, copied; NULL: a new one */
    /* Called before the tickets are looked up for a decision on these touches, so that whoever
     * names the operator can ask beside them. NULL: nothing to begin. */
    void (*begin_identify)(void *context, const struct gs3_request *request);
    /* Names the operator for a decision on these touches: called before each new decision, so that
     * STS is asked only where an environment wants it (gs3_gate_needs_sts). -1 ends the decision.
     * The strings must outlive the permits: a renewal judges by the same operator. NULL: the
     * request's. */
    int (*identify)(void *context, const struct gs3_request *request, struct gs3_operator *operator,
                    struct gs3_err * err);
    /* Called with each decision that is made, allowed or not, before gs3_permits_for returns; and
     * with one that a renewal takes back. NULL: nobody is told. */
    void (*decided)(void *context, const struct gs3_decision *decision,
                    const struct gs3_request *request, bool is_renewal);
    void *context;
};

struct gs3_permits *gs3_permits_new(const struct gs3_permits_opts *opts);
void gs3_permits_free(struct gs3_permits *permits);

/* The permit that covers these touches (as gs3_plan_touches gives them). NULL with GS3_EREFUSED or
 * GS3_EUNDECIDED when it was refused (the same answer for every key of these environments, decided
 * once; a key that is in no environment is named itself), or another class when a look-up failed
 * (kept too: nobody is asked a million times). After a renewal that failed: always NULL, with its
 * error. Waits: from a task or a thread that may. */
const struct gs3_permit *gs3_permits_for(struct gs3_permits *permits,
                                         const struct gs3_touch *touches, size_t touch_count,
                                         struct gs3_err *err);

/* Whether an environment of the touches has `limits`: then the source is counted first. */
bool gs3_permits_has_limits(const struct gs3_permits *permits, const struct gs3_touch *touches,
                            size_t touch_count);

/* Whether the source is deleted one by one with If-Match: `delete: conditional` of its environment,
 * under any policy. */
bool gs3_permits_deletes_conditionally(const struct gs3_permits *permits, const char *bucket,
                                       const char *key);

/* When the next renewal is due, monotonic ms: 5 minutes after a ticket was asked, and sooner when a
 * window that a decision rests on closes; INT64_MAX when no decision rests on a ticket, and after a
 * renewal that failed. */
int64_t gs3_permits_due_ms(const struct gs3_permits *permits);

/* Asks the tickets again and decides anew. 0: all still hold, under the same permits and decision
 * ids. -1: GS3_EREFUSED when one does not, GS3_EUNDECIDED when that cannot be told (after the
 * look-up's own retries), GS3_EINTERRUPT: either way nothing new may start. Permits that were
 * handed out stay valid memory until free. */
int gs3_permits_renew(struct gs3_permits *permits, struct gs3_err *err);

#endif
