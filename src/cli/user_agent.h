/* What every request to AWS says of itself: "gs3/0.1.0 app/CHG0030001". AWS's own logs keep it, for
 * reads and deletes too, which leave no object behind. */
#ifndef GS3_CLI_USER_AGENT_H
#define GS3_CLI_USER_AGENT_H

#include "cli/session.h"

/* With `is_prepared` (gs3_gate_prepare went before) the ids of the tickets that serve; without it,
 * and in a tree whose keys may need others, all that were given and fit a rule of the policies. In
 * the characters of a product token, and at most 1 KB, which is what CloudTrail keeps: an id that
 * does not fit is left out whole. The caller frees. */
char *gs3_user_agent_make(const struct gs3_session *session, bool is_prepared);

#endif
