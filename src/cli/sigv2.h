/* A run against a store that only speaks Signature Version 2 (signature_version = s3): what it
 * cannot have is refused here by name, before anything is sent; then the module is loaded and each
 * lane gets its transport. */
#ifndef GS3_CLI_SIGV2_H
#define GS3_CLI_SIGV2_H

#include "cli/session.h"

bool gs3_sigv2_is_wanted(const struct gs3_session *session);

/* Options and configuration, once the configuration is read. GS3_EUSAGE, GS3_ECONFIG. */
int gs3_sigv2_check(struct gs3_session *session, struct gs3_err *err);

/* Loads and opens the module; after the credentials and the user agent are known, before any lane.
 * GS3_ECONFIG. */
int gs3_sigv2_open(struct gs3_session *session, struct gs3_err *err);
/* After the last lane. */
void gs3_sigv2_close(struct gs3_session *session);

struct gs3_s3_transport *gs3_sigv2_transport(const struct gs3_session *session,
                                             const struct gs3_lane *lane);

#endif
