/* Looking up one ticket in one ticketing system: the operations and the entry point.
 *
 * An answer becomes a gs3_ticket of facts or an error; nothing in between. "Not found" with
 * working credentials is a verdict; everything that is not an unambiguous answer is
 * GS3_EUNDECIDED; missing credentials are GS3_ECONFIG. Depends on net, policy (facts, model), text,
 * crypto. Never decides. */
#ifndef GS3_TICKET_TICKET_H
#define GS3_TICKET_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "net/http.h"
#include "policy/facts.h"
#include "policy/model.h"

enum { GS3_TICKET_BUDGET_MS = 60 * 1000 };

struct gs3_ticket_context {
    struct gs3_http *http;
    const struct gs3_env *env; /* credentials */
    const struct gs3_log *log;
    /* What the rule asks for and costs a request of its own at Jira: approvals (Jira Service
     * Management) and the planned window (custom fields). Unset: not asked, the facts stay empty.
     */
    bool want_approval, want_window;
    /* Monotonic: no wait for a system that throttles goes beyond it, so that all requests of all
     * tickets share GS3_TICKET_BUDGET_MS. 0: each request has them for itself. */
    int64_t deadline_ms;
    uint32_t timeout_ms; /* of one attempt; 0: 10 s */
};

struct gs3_ticket_session;

/* One kind of ticketing system. */
struct gs3_ticket_ops {
    const char *name; /* "servicenow" */
    /* Whether the id has the shape of one, before it goes into a URL. GS3_EREFUSED. */
    int (*check)(const struct gs3_system *system, const char *id, struct gs3_err *err);
    /* Asks, with the credentials found; fills `ticket`, or fails. */
    int (*ask)(struct gs3_ticket_session *session, const char *id, struct gs3_ticket *ticket,
               struct gs3_err *err);
};

/* Looks `id` up (already checked against the policy's pattern; checked again here against the
 * system's own shape before it goes into a URL). Fills `ticket` (caller releases).
 * Time-outs of 10 s an attempt; 429 and 503 are retried as Retry-After says, up to the context's
 * deadline. */
int gs3_ticket_lookup(const struct gs3_ticket_context *context, const struct gs3_system *system,
                      const char *id, struct gs3_ticket *ticket, struct gs3_err *err);

/* What can be said of a system without a ticket. */
struct gs3_ticket_probe {
    char *source;  /* where the credentials came from: "SN_USERNAME and SN_PASSWORD"; NULL: none */
    char *account; /* Jira: who it says we are, as a name; NULL: it was not asked */
    char
        *hidden; /* ServiceNow: the tables of which not one row can be seen, with commas; or NULL */
    bool has_server_time;
    int64_t offset_s; /* its clock minus ours */
};
void gs3_ticket_probe_release(struct gs3_ticket_probe *probe);

/* Logs in and reads what needs no ticket: of ServiceNow one row of each table, of Jira who asks.
 * Errors as gs3_ticket_lookup's; what was found until then is in `probe`, which the caller releases
 * in any case. */
int gs3_ticket_probe(const struct gs3_ticket_context *context, const struct gs3_system *system,
                     struct gs3_ticket_probe *probe, struct gs3_err *err);

extern const struct gs3_ticket_ops gs3_ticket_servicenow;
extern const struct gs3_ticket_ops gs3_ticket_jira;

#endif
