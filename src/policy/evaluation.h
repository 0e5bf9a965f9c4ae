/* Private to the policy room: one evaluation as it goes on, and its parts.
 *
 * Every part appends reasons in a fixed order and goes on after a failure, so that a refusal
 * shows all that is wrong at once. Depends on evaluate. */
#ifndef GS3_POLICY_EVALUATION_H
#define GS3_POLICY_EVALUATION_H

#include "policy/evaluate.h"

enum { GS3_EVALUATION_TOUCHES = 2, GS3_CLOCK_SKEW_SECONDS = 300 };

/* What an operation does in one environment, and the ticket that serves it. */
struct gs3_usage {
    const struct gs3_environment *environment;
    unsigned actions;
    bool is_target;                     /* its schema is written */
    bool is_required;                   /* an action needs a ticket */
    const struct gs3_ticket_rule *rule; /* NULL: no ticket */
    const char *id;
    const struct gs3_ticket *ticket; /* found; NULL: no ticket, or no usable record */
};

struct gs3_evaluation {
    const struct gs3_policy *policy;
    const struct gs3_request *request;
    const struct gs3_ticket *const *tickets;
    size_t ticket_count;
    struct gs3_usage usages[GS3_EVALUATION_TOUCHES]; /* the target's first */
    size_t usage_count;
    struct gs3_decision *decision;
};

/* Appends a reason. `class` GS3_OK: it passed. `rule` is a name such as "limits/objects", put
 * behind the environment's (NULL: behind "gs3"); `place` NULL: a rule of gs3 itself. */
void gs3_evaluation_note(struct gs3_evaluation *evaluation, enum gs3_err_class class,
                         const struct gs3_environment *environment, const char *rule,
                         const struct gs3_place *place, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* evaluate_select.c: which given id serves which environment. -1: GS3_EUSAGE. */
int gs3_evaluation_select(struct gs3_evaluation *evaluation, struct gs3_err *err);

/* evaluate_ticket.c: everything that is asked of the ticket of one environment. */
void gs3_evaluation_ticket(struct gs3_evaluation *evaluation, struct gs3_usage *usage);

/* evaluate_person.c: who the operator is to be, and whether the ticket names them. */
void gs3_evaluation_identity(struct gs3_evaluation *evaluation, const struct gs3_usage *usage);
void gs3_evaluation_assignee(struct gs3_evaluation *evaluation, const struct gs3_usage *usage);

/* evaluate_metadata.c: what the user may set, and the set to inject. */
void gs3_evaluation_metadata(struct gs3_evaluation *evaluation);

/* evaluate_tags.c: the object tags, of the metadata that stands by now. */
void gs3_evaluation_tags(struct gs3_evaluation *evaluation);

#endif
