/* What the commands share around the gate: the operator's name, and how a decision is shown. */
#ifndef GS3_CLI_DECIDE_H
#define GS3_CLI_DECIDE_H

#include "cli/session.h"

/* Shows the decision. Returns 0 when it allows, else the exit status. */
int gs3_decide_show(struct gs3_session *session, const struct gs3_decision *decision,
                    const struct gs3_request *request);

/* Starts to ask STS where gs3_decide_identify will want to know, beside the look-up of the tickets.
 * What fails here is asked again there, which says so. */
void gs3_decide_begin_identify(struct gs3_session *session, const struct gs3_request *request);

/* Who runs this, for a decision on the request's touches: by STS where one of their environments
 * wants it (asked once a run), else by the system. The strings live as long as the session. */
int gs3_decide_identify(struct gs3_session *session, const struct gs3_request *request,
                        struct gs3_operator *operator, struct gs3_err * err);

/* Asks the tickets of one object again and decides anew: GS3_EREFUSED when they hold no longer. */
int gs3_decide_again(struct gs3_session *session, struct gs3_err *err);

/* Whether some environment of the policies has `limits`. */
bool gs3_decide_has_limits(const struct gs3_session *session);

#endif
