/* Private to the policy room: which `match` entry governs a key.
 * Depends on model and text/glob. */
#ifndef GS3_POLICY_MATCH_H
#define GS3_POLICY_MATCH_H

#include "policy/model.h"

/* The entry that wins by the contract's precedence, and its environment; NULL, and a NULL
 * environment, when nothing matches. */
const struct gs3_match *gs3_policy_match(const struct gs3_policy *policy, const char *bucket,
                                         const char *key,
                                         const struct gs3_environment **environment);

/* Two entries of equal rank that can match one key are an error that names both places. */
int gs3_policy_check_ties(const struct gs3_policy *policy, struct gs3_err *err);

#endif
