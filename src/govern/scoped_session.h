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

/* Who runs what a permit allows. One session does both sides of an operation, unless their
 * environments name two roles: then `source` reads and deletes the source, and `main` writes, and
 * reads the source where S3 copies it. */
struct gs3_scoped_roles {
    const struct gs3_environment *main;   /* NULL: no session */
    const struct gs3_environment *source; /* NULL: `main` does it */
    bool main_is_source; /* the source's environment alone names a role, of a copy too */
    uint32_t duration_s; /* of `main`: the shorter time, where both name the same role */
};
/* -1: GS3_EREFUSED, where two policies name two roles for one side. */
int gs3_scoped_roles_find(const struct gs3_permit *permit, struct gs3_scoped_roles *roles,
                          struct gs3_err *err);

/* Builds the request for `main`, or for `source` alone. -1: GS3_EREFUSED by name, as when the
 * policy is too long. The resources of `scope`, which has all of the operation, have the partition
 * of the role or an access point's own. */
int gs3_scoped_session_build(const struct gs3_permit *permit, const struct gs3_scoped_roles *roles,
                             bool is_source, const struct gs3_session_scope *scope,
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
