/* Transfers by the engine: the objects below a source, or one large object in parts.
 *
 * The main thread names the objects, asks the permits for each and prints what becomes of them; the
 * engine's workers do the rest. While they do, the tickets are asked again in time. Depends on
 * session, tally, progress, govern (permits), transfer (tree, engine). */
#ifndef GS3_CLI_RUN_H
#define GS3_CLI_RUN_H

#include "cli/session.h"

/* The session is connected. Decides for each environment at its first key, transfers, prints, sums
 * up. Returns the exit status. */
int gs3_run_many(struct gs3_session *session);

/* The session's plan was looked at and is permitted. Returns the exit status. */
int gs3_run_large(struct gs3_session *session);

#endif
