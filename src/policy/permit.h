/* The permit: the gate's word that a decision allowed an operation.
 *
 * Declared low so that `transfer` can ask for one; made only by `govern` (permit_make.h, which
 * the layer check lets no other room include). A permit is asked again for every object: what
 * resolves to an environment that it does not hold is refused. Depends on model. */
#ifndef GS3_POLICY_PERMIT_H
#define GS3_POLICY_PERMIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/pairs.h"
#include "policy/facts.h"

struct gs3_environment;
struct gs3_permit;

/* 0 when every policy of the permit gives `actions` (GS3_ACTION_*) on this key; else GS3_EREFUSED
 * with the environment and the action that lack. */
int gs3_permit_check(const struct gs3_permit *permit, unsigned actions, const char *bucket,
                     const char *key, struct gs3_err *err);

/* The set to inject: names in lower case, values as decoded text. Empty for a download. */
const struct gs3_pairs *gs3_permit_metadata(const struct gs3_permit *permit);

/* Object tags to inject, beside the user's; empty for a download. */
const struct gs3_pairs *gs3_permit_tags(const struct gs3_permit *permit);

/* What the session that does it says of itself: the ticket under its metadata key, environment,
 * operator, gs3-decision. Of a download too, which writes no metadata. */
const struct gs3_pairs *gs3_permit_facts(const struct gs3_permit *permit);

/* The environment that names a role for what it granted of `actions`; NULL: none does. Of several
 * that name one role (of two policies), the one with the shortest time. GS3_EREFUSED when they name
 * different ones. */
int gs3_permit_session(const struct gs3_permit *permit, unsigned actions,
                       const struct gs3_environment **environment, struct gs3_err *err);

/* Whether a metadata key is governance's own and must not ride along from a source. */
bool gs3_permit_is_reserved_key(const struct gs3_permit *permit, const char *key);

void gs3_permit_free(struct gs3_permit *permit); /* NULL is fine */

#endif
