/* Private to the policy room: what a value must be by its rule. The loader asks it of the values
 * that stand in the policy, the evaluator of all others. Depends on model and text. */
#ifndef GS3_POLICY_METADATA_RULE_H
#define GS3_POLICY_METADATA_RULE_H

#include <stdbool.h>

#include "policy/model.h"

/* Whether the contract's table asks for the key at that level without any rule: purpose
 * everywhere, department at the standard level. */
bool gs3_metadata_is_required_by_table(const char *key, enum gs3_level level);

/* What keeps any value from being written: control characters, not UTF-8, over 2 KB, or the look
 * of an RFC 2047 word (S3 would decode it into something else). NULL: nothing. A constant. */
const char *gs3_metadata_value_problem(const char *value);

/* The first thing in `value` that `rule` (which may be NULL) does not allow, as text that the
 * caller frees, or NULL. Lengths count characters, not bytes. */
char *gs3_metadata_problem(const struct gs3_metadata_rule *rule, const char *value);

#endif
