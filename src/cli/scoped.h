/* The session that a transfer runs as, where an environment names a role for it; two where source
 * and destination name different ones.
 *
 * Decided first, then begun: nothing moves, and nothing is read of a source, with other credentials
 * than the session's. It is begun again before it ends, after the tickets were asked again, by the
 * main thread alone; the workers' leases take it over. */
#ifndef GS3_CLI_SCOPED_H
#define GS3_CLI_SCOPED_H

#include "cli/session.h"

/* Whether an environment that is touched (of a tree: by its prefixes) names a role. */
bool gs3_scoped_is_named(const struct gs3_session *session);

/* Likewise, and there will be a session: a dry run assumes nothing. */
bool gs3_scoped_is_wanted(const struct gs3_session *session);

/* GS3_EREFUSED for a tree that reaches more than one environment, one of which names a role: one
 * session covers one prefix. */
int gs3_scoped_check_tree(const struct gs3_session *session, struct gs3_err *err);

/* The same for one key of a tree whose prefixes name none. */
int gs3_scoped_check_permit(const struct gs3_session *session, const struct gs3_permit *permit,
                            struct gs3_err *err);

/* Begins the session of a permit, or the two, when its environments ask for them, and gives them to
 * the main thread's lane; workers that begin later have it too. GS3_EREFUSED by name for what no
 * session can cover, GS3_ESERVICE with AWS's own message. */
int gs3_scoped_open(struct gs3_session *session, const struct gs3_permit *permit,
                    struct gs3_err *err);

/* Whether it is time to begin it again. */
bool gs3_scoped_is_due(const struct gs3_session *session);

/* Begins it again, with the same parameters: after the tickets were asked again. */
int gs3_scoped_renew(struct gs3_session *session, struct gs3_err *err);

void gs3_scoped_release(struct gs3_session *session);

#endif
