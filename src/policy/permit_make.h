/* Making a permit. Only govern/gate.c and policy/permit.c include this: tests/lint/layers
 * fails on anyone else. */
#ifndef GS3_POLICY_PERMIT_MAKE_H
#define GS3_POLICY_PERMIT_MAKE_H

#include "policy/model.h"
#include "policy/permit.h"

/* What one policy granted: `actions` on every key that resolves to `environment`. */
struct gs3_grant {
    const struct gs3_policy *policy;
    const struct gs3_environment *environment;
    unsigned actions;
};

/* Copies grants and metadata; the policies must outlive the permit. Every policy that occurs in the
 * grants has to agree on each key. Never NULL. */
struct gs3_permit *gs3_permit_new(const struct gs3_grant *grants, size_t grant_count,
                                  const struct gs3_pairs *metadata);
/* Object tags to inject; copied. */
void gs3_permit_set_tags(struct gs3_permit *permit, const struct gs3_pairs *tags);
/* What a session says of the decision; copied. */
void gs3_permit_set_facts(struct gs3_permit *permit, const struct gs3_pairs *facts);

#endif
