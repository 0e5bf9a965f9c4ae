/* The gate: the only place where a permit is made.
 *
 * One or two policies (the system's and, where that one is not locked, the user's) are asked; both
 * must allow. The order of an operation: gs3_gate_prepare (pure, before any request is sent),
 * gs3_gate_look_up (the tickets), gs3_gate_decide. Depends on policy, ticket. Prints nothing. */
#ifndef GS3_GOVERN_GATE_H
#define GS3_GOVERN_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/evaluate.h"
#include "policy/permit.h"
#include "ticket/ticket.h"

enum { GS3_GATE_POLICIES = 2 };

/* One answer, and whom it came from. */
struct gs3_looked_up {
    const struct gs3_system *system;
    struct gs3_ticket ticket;
    bool has_approval, has_window; /* asked for, where that costs a request of its own */
    int64_t since_ms;              /* permits.c's: when it was asked, monotonic; 0: not noted yet */
};

struct gs3_gate {
    const struct gs3_policy *policies[GS3_GATE_POLICIES]; /* the system's first */
    size_t policy_count;
    struct gs3_needs needs[GS3_GATE_POLICIES]; /* of what was prepared last */
    struct gs3_looked_up *looked_up;
    size_t looked_up_count;
};

/* Step 1: what can be said without asking anyone; begins a new decision (what was looked up for an
 * earlier one is kept, what that one needed is not). 0 with decision->is_allowed false and a
 * first failure when the answer is no already; 0 otherwise. -1: GS3_EUSAGE. `decision` is
 * empty before and released by the caller. */
int gs3_gate_prepare(struct gs3_gate *gate, const struct gs3_request *request,
                     struct gs3_decision *decision, struct gs3_err *err);

/* Whether an environment that is touched wants the operator from STS. */
bool gs3_gate_needs_sts(const struct gs3_gate *gate, const struct gs3_request *request);

/* Step 2: one look-up for each ticket, however many rules, policies and decisions name it. Only a
 * Jira issue is asked for again, when a later decision wants more of it than an earlier one. */
int gs3_gate_look_up(struct gs3_gate *gate, const struct gs3_ticket_context *context,
                     struct gs3_err *err);

/* What was looked up for a need; NULL: nothing yet. */
const struct gs3_looked_up *gs3_gate_find(const struct gs3_gate *gate,
                                          const struct gs3_ticket_need *need);

/* Drops what was looked up, so that the next look-up asks again. */
void gs3_gate_forget(struct gs3_gate *gate);

/* Step 3: the decision, and the permit when it allows (else NULL). -1: GS3_EUSAGE. */
int gs3_gate_decide(const struct gs3_gate *gate, const struct gs3_request *request,
                    struct gs3_decision *decision, struct gs3_permit **permit, struct gs3_err *err);

void gs3_gate_release(struct gs3_gate *gate); /* not the policies */

#endif
