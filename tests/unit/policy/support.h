/* What the tests of the policy room share: a policy to start from, and a case that is allowed by
 * it, to be spoilt one fact at a time. */
#ifndef GS3_TESTS_POLICY_SUPPORT_H
#define GS3_TESTS_POLICY_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/evaluate.h"
#include "policy/load.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Tickets of a scene are never released: their texts may be literals. */
#define TEXT(literal) ((char *)(uintptr_t)(literal))

enum { NOW = 1800000000 };

/* As the contract's example: production (high, one rule with every condition) and development
 * (standard, Jira and helpdesk), plus `open` (no ticket for reading). */
extern const char base_policy[];

/* Loads, failing the test with the error's text. */
struct gs3_policy *load_text(const char *text);

/* The error of a text that must not load; "" when it loads. Static storage. */
const char *load_error(const char *text);

/* base_policy with the first `from` replaced by `to`; the caller frees. */
char *base_with(const char *from, const char *to);

/* A request and its tickets, all by value so that a test can change anything. */
struct scene {
    struct gs3_touch touches[2];
    struct gs3_ticket_request given[4];
    struct gs3_pairs user_metadata;
    struct gs3_request request;
    struct gs3_ticket tickets[2];
    const struct gs3_ticket *records[2];
    size_t record_count;
    struct gs3_decision decision;
    struct gs3_needs needs;
    struct gs3_err err;
};

/* An upload into prod-data by the assignee of an approved change in its window: allowed. */
void scene_production(struct scene *scene);
/* An upload into dev-data with an open Jira issue: allowed. */
void scene_development(struct scene *scene);
/* Both steps; 0, or -1 as gs3_evaluate returned. */
int scene_decide(struct scene *scene, const struct gs3_policy *policy);
/* Decides and says whether it was allowed; the reasons stay in the scene. */
bool scene_allows(struct scene *scene, const struct gs3_policy *policy);
/* The reason of that rule ("production/change-request/approval"), or NULL. */
const struct gs3_reason *scene_reason(const struct scene *scene, const char *rule);
void scene_release(struct scene *scene);

void assert_contains(const char *text, const char *part);

/* Decides, and wants "refused" by that rule (which need not be the first), or "undecided" with
 * that rule first. */
void assert_refused(struct scene *scene, const struct gs3_policy *policy, const char *rule,
                    const char *message);
void assert_undecided(struct scene *scene, const struct gs3_policy *policy, const char *rule,
                      const char *message);

#endif
