/* Private to the export: what its builders share. Depends on export. */
#ifndef GS3_POLICY_EXPORT_INTERNAL_H
#define GS3_POLICY_EXPORT_INTERNAL_H

#include "policy/export.h"

/* ---- lists of texts */
void gs3_strings_add(struct gs3_strings *strings, const char *text); /* copied */
void gs3_strings_add_new(struct gs3_strings *strings, const char *text);
bool gs3_strings_has(const struct gs3_strings *strings, const char *text);
#define gs3_auto_strings __attribute__((cleanup(gs3_strings_release)))

/* ---- where keys lie (export_scope.c) */

/* The keys of one literal bucket below `prefix` ("" or without its last slash) that one
 * environment governs, save those below a hole, which others govern. */
struct gs3_region {
    const struct gs3_environment *environment;
    const struct gs3_match *match;
    const char *prefix;
    const char **holes;
    size_t hole_count;
};
struct gs3_regions {
    struct gs3_region *items;
    size_t count;
};
void gs3_regions_release(struct gs3_regions *regions);
void gs3_regions_of(const struct gs3_policy *policy, const char *bucket,
                    struct gs3_regions *regions);

bool gs3_export_has_environment(const struct gs3_export_opts *opts,
                                const struct gs3_environment *environment);
/* Whether one of the chosen environments governs anything in a literal bucket. */
bool gs3_export_is_governed(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                            const char *bucket);
/* The names of --bucket, else the policy's, patterns included; of the chosen environments. */
int gs3_export_buckets(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                       struct gs3_strings *out, struct gs3_err *err);
/* "arn:aws:s3:::BUCKET" and "…/KEY", "…/KEY/" with a star behind; "$", "*" and "?" of a key are
 * escaped. */
char *gs3_export_bucket_arn(const struct gs3_export_opts *opts, const char *bucket);
void gs3_export_add_object_arns(const struct gs3_export_opts *opts, const char *bucket,
                                const char *prefix, struct gs3_strings *arns);
/* An IAM pattern's special characters as text. Caller frees. */
char *gs3_export_escape(const char *text);

/* ---- tickets (export_pattern.c) */

/* Adds IAM patterns (* and ?) that match at least what the expression matches; a sole "*" where
 * they would say nothing. */
void gs3_export_pattern(const char *expression, struct gs3_strings *patterns);

/* The metadata keys of an environment's rules, each once. */
void gs3_export_ticket_keys(const struct gs3_environment *environment, struct gs3_strings *keys);
/* The IAM patterns of the rules that write `key`. */
void gs3_export_key_patterns(const struct gs3_environment *environment, const char *key,
                             struct gs3_strings *patterns);

/* ---- documents (export.c) */
cJSON *gs3_export_policy_document(void);
/* Appends a statement with "Sid", "Effect" and "Action". `number` 0: none behind the Sid. */
cJSON *gs3_export_statement(cJSON *document, const char *sid, size_t number, bool is_allow,
                            const char *const *actions, size_t action_count);
/* A text where there is one value, else a list. */
void gs3_export_set(cJSON *object, const char *name, const struct gs3_strings *values);
void gs3_export_condition(cJSON *statement, const char *operator, const char * key,
                          const struct gs3_strings *values);
void gs3_export_condition_text(cJSON *statement, const char *operator, const char * key,
                               const char *value);
void gs3_export_exempt(const struct gs3_export_opts *opts, cJSON *statement);
/* Takes `body`. */
void gs3_export_add(struct gs3_export *export, const char *name, cJSON *body);
void gs3_export_note(struct gs3_export *export, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* GS3_EGENERAL where `body` without white space has over `limit_bytes`. */
int gs3_export_check_size(const cJSON *body, const char *what, const char *name, size_t limit_bytes,
                          struct gs3_err *err);
/* The role of an environment: the one place that knows where its ARN comes from. NULL: unknown. */
const char *gs3_export_role_arn(const struct gs3_export_opts *opts,
                                const struct gs3_environment *environment);
/* The role's name for Terraform and CloudFormation; without an ARN "gs3-ENVIRONMENT". */
char *gs3_export_role_name(const struct gs3_export *export, const char *environment);

/* ---- the builders, one for each kind */
typedef int gs3_export_builder(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                               struct gs3_export *out, struct gs3_err *err);
gs3_export_builder gs3_export_bucket, gs3_export_trust, gs3_export_permissions, gs3_export_scp,
    gs3_export_vpce, gs3_export_event_selectors, gs3_export_eventbridge, gs3_export_alarm;

/* ---- forms */
char *gs3_export_print(const cJSON *value, unsigned indent); /* two spaces a level; caller frees */
int gs3_export_terraform(const struct gs3_export *export, struct gs3_buf *out);
int gs3_export_cloudformation(const struct gs3_export *export, struct gs3_buf *out);

#endif
