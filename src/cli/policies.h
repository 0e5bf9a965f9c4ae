/* Which policies govern this run: the system's, and the user's where the system's allows one. */
#ifndef GS3_CLI_POLICIES_H
#define GS3_CLI_POLICIES_H

#include "base/err.h"
#include "policy/model.h"

struct gs3_policies {
    struct gs3_policy *items[2]; /* the system's first */
    size_t count;
};

/* Loads DIRECTORY/policy.yaml or DIRECTORY/policy.d (not both) and `user_path` (NULL: none). A
 * locked system policy refuses `user_path`; no policy at all is GS3_EPOLICY. */
int gs3_policies_load(const char *directory, const char *user_path, struct gs3_policies *policies,
                      struct gs3_err *err);
/* Whether what holds for the keys of a request holds for every key that begins with them ("" or
 * "…/"), under each policy. */
bool gs3_policies_are_uniform(const struct gs3_policies *policies,
                              const struct gs3_request *request);

void gs3_policies_release(struct gs3_policies *policies);

#endif
