/* What gs3 asks STS for, to run one allowed operation: the environment's role, under the operator's
 * name, with the facts of the decision as session tags, and a policy for these keys alone.
 *
 * Of the permit and the scope only; sends nothing. Depends on policy (permit), session_policy,
 * aws (sts_assume). */
#ifndef GS3_GOVERN_SCOPED_SESSION_H
#define GS3_GOVERN_SCOPED_SESSION_H

#include "aws/sts_assume.h"
#include "govern/session_policy.h"
#include "policy/permit.h"

struct gs3_scoped_session {
    char *role_arn;
    char *name; /* of the session, and its source identity: the operator */
    char *policy;
    struct gs3_pairs tags;
    uint32_t duration_s;
};

/* Builds the request for the permit's environments; of two that ask for one role it is for both,
 * for the shorter of their times. 1: none asks for a session, and `session` stays empty; 0; -1:
 * GS3_EREFUSED by name, as when two environments ask for different roles or the policy is too
 * long. The resources of `scope` have the partition of the role or an access point's own. */
int gs3_scoped_session_build(const struct gs3_permit *permit, const struct gs3_session_scope *scope,
                             struct gs3_scoped_session *session, struct gs3_err *err);
void gs3_scoped_session_release(struct gs3_scoped_session *session);

/* As STS is asked; borrows from `session`. */
struct gs3_sts_role gs3_scoped_session_role(const struct gs3_scoped_session *session);

/* An operator's name in the characters of a session name, [A-Za-z0-9_+=,.@-]{2,64}: what else is
 * in it becomes a hyphen ("os:jane" is "os-jane"), and one character gets one behind it. Caller
 * frees. */
char *gs3_session_name(const char *operator);

/* A value of a session tag: letters, digits, blanks and _.:/=+-@ stay, the rest becomes `_`, and
 * the end of what has more than 256 characters is cut off. Caller frees. */
char *gs3_session_tag_value(const char *value);

#endif
