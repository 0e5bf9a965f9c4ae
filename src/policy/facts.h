/* What a decision is made of: the request, who asks, and what the tickets say.
 *
 * Plain values, filled in by the rooms above (cli, aws, ticket) and read by the evaluator,
 * which has no network, no clock and no environment. NULL or "" in a text field means "the system
 * did not say": a rule that needs the fact then fails. Depends on base. */
#ifndef GS3_POLICY_FACTS_H
#define GS3_POLICY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pairs.h"

enum gs3_tri { GS3_UNKNOWN = 0, GS3_NO, GS3_YES };

/* What gs3 does to an object; a set of bits. */
enum gs3_action { GS3_ACTION_READ = 1, GS3_ACTION_WRITE = 2, GS3_ACTION_DELETE = 4 };

enum gs3_operation { GS3_OPERATION_COPY, GS3_OPERATION_MOVE, GS3_OPERATION_PUT };
const char *gs3_operation_name(enum gs3_operation operation); /* copy, move, put */

/* How the look-up of a ticket ended. "Could not decide" is no verdict: it is an error. */
enum gs3_ticket_verdict { GS3_TICKET_NOT_FOUND, GS3_TICKET_FOUND };

/* A person as the ticketing system names them; any field may be NULL. */
struct gs3_person {
    char *user_name;
    char *email;
    char *account_id;
    char *display_name;
};

/* One ticket, in gs3's words (design: policy table), as the ticketing system answered. */
struct gs3_ticket {
    enum gs3_ticket_verdict verdict;
    char *system;          /* the name under `ticket_systems` */
    char *requested_id;    /* as the user gave it, without SYSTEM: */
    char *id;              /* as the system returned it; equal to requested_id byte for byte */
    char *tracking_system; /* "change-request", "servicenow", "jira" */
    char *table;           /* ServiceNow: change_request, incident, sc_task; else NULL */
    char *state;           /* new assess authorize scheduled …; NULL when the code is not known */
    char *raw_state;       /* what the system said, for messages */
    char *approval;        /* "approved", "requested", …; a Jira issue without approvals: NULL */
    char *status;          /* Jira: the status name */
    char *status_category; /* Jira: new, indeterminate, done, undefined */
    char *issue_type;      /* Jira */
    char *project;         /* Jira: the project's key */
    char *type;            /* ServiceNow change: normal standard emergency */
    char *risk;            /* very-high high moderate low, or the word the system has; NULL */
    char *summary;
    enum gs3_tri active;
    enum gs3_tri on_hold;
    enum gs3_tri unauthorized;
    bool has_window_start, has_window_end;
    int64_t window_start, window_end; /* seconds UTC, inclusive */
    struct gs3_person assignee;
    struct gs3_person requester;
    bool has_server_time; /* the answer's Date header */
    int64_t server_time;  /* seconds UTC */
};

void gs3_ticket_release(struct gs3_ticket *ticket);

/* The operator: who runs this, and who says so. Whether the name counts is the evaluator's to say
 * (it knows the environment's identity.trusted_roles): an IAM user's always, a role session's only
 * for AWSReservedSSO_* and trusted roles, because its caller chooses it otherwise. */
struct gs3_operator {
    bool is_sts;           /* from GetCallerIdentity; else the passwd name of the effective uid */
    const char *name;      /* user or session name, without a mark */
    const char *role_name; /* sts: the assumed role's name; NULL for an IAM user */
    const char *arn;       /* sts, else NULL */
};

/* One ticket id of the command line, `SYSTEM:ID` already split. */
struct gs3_ticket_request {
    const char *system; /* NULL: not named */
    const char *id;
};

/* One side of the operation in S3: a bucket and a key with the actions on it. */
struct gs3_touch {
    const char *bucket;
    const char *key;
    unsigned actions;        /* GS3_ACTION_* */
    bool is_metadata_target; /* the side whose environment's schema is written */
};

/* Everything a decision depends on but the policy and the tickets. */
struct gs3_request {
    enum gs3_operation operation;
    const struct gs3_touch *touches;
    size_t touch_count; /* 1 or 2 */
    const struct gs3_ticket_request *tickets;
    size_t ticket_count;
    const char *purpose;                   /* NULL: not given */
    const char *department;                /* NULL: not given */
    const char *environment;               /* the assertion; NULL: none */
    const struct gs3_pairs *user_metadata; /* --metadata */
    const struct gs3_pairs *user_tags;     /* --tags; NULL: none */
    bool is_automation;
    struct gs3_operator operator;
    const char *s3_endpoint;            /* origin, NULL: AWS's own */
    const char *sts_endpoint;           /* likewise; whoever answers there names the operator */
    int64_t now;                        /* local clock, seconds UTC */
    const char *decision_id;            /* UUIDv7 */
    uint64_t object_count, total_bytes; /* what the operation touches, for `limits` */
    bool
        is_served_elsewhere; /* a ticket fits a rule of the other policy, so here it may fit none */
    bool has_totals;         /* false: not counted yet (limits fail closed when set) */
};

#endif
