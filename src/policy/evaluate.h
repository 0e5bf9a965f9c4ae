/* The evaluator: a pure function of (request, policy, tickets) to a decision with reasons.
 *
 * The same function serves cp|mv|put, --dryrun, and every later re-check. No network, no clock,
 * no environment: `now` and everything else is in the request. Depends on model and facts. */
#ifndef GS3_POLICY_EVALUATE_H
#define GS3_POLICY_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pairs.h"
#include "policy/facts.h"
#include "policy/model.h"

/* One line of the reasons: what was asked, where the policy asks it, and how it went. */
struct gs3_reason {
    char *rule;             /* "production/change-request/approval" */
    struct gs3_place place; /* file NULL: a rule of gs3 itself, not of the file */
    bool passed;
    enum gs3_err_class class; /* GS3_OK when passed, else GS3_EREFUSED or GS3_EUNDECIDED */
    char *message;            /* "CHG0030002 has approval \"requested\", approved is required" */
};

/* A ticket that an environment needs, found by pattern before anything is looked up. */
struct gs3_ticket_need {
    const struct gs3_environment *environment;
    const struct gs3_ticket_rule *rule;
    const struct gs3_system *system;
    const char *id;   /* of the request */
    bool is_required; /* false: given although the action needs none; validated all the same */
};

struct gs3_needs {
    struct gs3_ticket_need *items;
    size_t count;
};
void gs3_needs_release(struct gs3_needs *needs);

struct gs3_decision {
    bool is_allowed;
    char *id;                  /* UUIDv7 */
    const char **environments; /* names, destination first, no doubles */
    size_t environment_count;
    struct gs3_reason *reasons;
    size_t reason_count;
    struct gs3_pairs
        metadata;          /* the set to inject, decoded text, final order; empty when refused */
    struct gs3_pairs tags; /* object tags to inject, beside the user's; empty when refused */
    bool uses_test_system; /* a loopback ticketing system or STS answered: gs3-test is injected */
    enum gs3_err_class failure; /* GS3_OK, else GS3_EREFUSED (stronger) or GS3_EUNDECIDED */
    const struct gs3_reason *first_failure; /* the first of that class; NULL when allowed */
};
void gs3_decision_release(struct gs3_decision *decision);

/* Whether a given ticket fits a rule of an environment that the request touches: of two policies
 * the one that asks for no ticket must not refuse the other's (is_served_elsewhere). */
bool gs3_evaluate_is_served(const struct gs3_policy *policy, const struct gs3_request *request);

/* Whether an id fits a rule of any environment. */
bool gs3_evaluate_fits(const struct gs3_policy *policy, const struct gs3_ticket_request *ticket);

/* Step 1, before any look-up: environments, endpoint, `--environment`, which id serves which
 * rule. Appends what has to be looked up: one need for each environment that a ticket serves, so
 * that two needs may name one ticket. Neither operator nor totals are read yet. Returns 0 also
 * when the decision is already "no": then `decision` says why and nothing needs a look-up.
 * -1 only for GS3_EUSAGE (an id fits two rules, SYSTEM: names no system). `decision` is {0} or
 * what an earlier call left there; the caller releases it. */
int gs3_evaluate_needs(const struct gs3_policy *policy, const struct gs3_request *request,
                       struct gs3_needs *needs, struct gs3_decision *decision, struct gs3_err *err);

/* Step 2: the whole decision, from the start. `tickets` holds one record for each (system, id) of
 * the needs; one that is missing is GS3_EUNDECIDED. Two environments: both must allow. Purpose
 * and department are required where the contract's table has them (purpose everywhere, department
 * at the standard level) unless a rule says `required: false`; on a download only where reading
 * needs a ticket, because no object carries them. Returns -1 as gs3_evaluate_needs does, and with
 * GS3_EGENERAL for a request without touches or without a decision id. */
int gs3_evaluate(const struct gs3_policy *policy, const struct gs3_request *request,
                 const struct gs3_ticket *const *tickets, size_t ticket_count,
                 struct gs3_decision *decision, struct gs3_err *err);

/* Whether the operator's name counts in an environment: the OS user's, an IAM user's, a session's
 * of AWS's single sign-on or of a role under identity.trusted_roles. */
bool gs3_operator_is_trusted(const struct gs3_environment *environment,
                             const struct gs3_operator *who);

/* Text of a decision for --explain: one line a rule, "  ok  …" or "  NO  …" with file:line. */
int gs3_decision_explain(const struct gs3_decision *decision, struct gs3_buf *out);

#endif
