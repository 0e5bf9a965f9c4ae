/* Credentials and connections of a session: the main thread's, and one set for each worker. */
#ifndef GS3_CLI_CONNECT_H
#define GS3_CLI_CONNECT_H

#include "cli/session.h"
#include "transfer/lane.h"

/* Finds the credentials, which may ask a person and AWS, and opens the main thread's connections:
 * nothing else is sent yet. */
int gs3_connect(struct gs3_session *session, struct gs3_err *err);

/* Gives the main thread's lane the credentials of the transfer's session, which it began without:
 * nothing may be under way on it but connecting. */
int gs3_connect_again(struct gs3_session *session, struct gs3_err *err);

/* Asks AWS for the bucket behind an access point and keeps it in the location; nothing for a plain
 * bucket. GS3_EUNDECIDED when the answer is not usable. */
int gs3_connect_find_bucket(struct gs3_session *session, struct gs3_location *location,
                            struct gs3_err *err);

/* A worker's own (open_lane and close_lane of the pool; `context` is the session). */
int gs3_connect_lane(void *context, struct gs3_lane *lane, struct gs3_err *err);
void gs3_disconnect_lane(void *context, struct gs3_lane *lane);

#endif
