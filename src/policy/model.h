/* A loaded policy, version 1 of the contract (gs3-policy(5)). Immutable after loading.
 *
 * Every rule keeps its place (file, line) so that a refusal can name it. Depends on base. */
#ifndef GS3_POLICY_MODEL_H
#define GS3_POLICY_MODEL_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "policy/facts.h"
#include "text/uri.h"

struct gs3_place {
    const char *file; /* owned by the policy */
    unsigned line, column;
};

struct gs3_strings {
    char **items;
    size_t count;
};
void gs3_strings_release(struct gs3_strings *strings);

enum gs3_credential_kind {
    GS3_CREDENTIAL_NONE,
    GS3_CREDENTIAL_ENV,
    GS3_CREDENTIAL_FILE,
    GS3_CREDENTIAL_COMMAND
};

/* Where a secret of a ticketing system comes from; never the secret. */
struct gs3_credential_ref {
    char *name; /* "username", "password", "token", "client_id", "client_secret", "api_key" */
    enum gs3_credential_kind kind;
    char *value;             /* variable or path */
    struct gs3_strings argv; /* command */
    struct gs3_place place;
};

enum gs3_system_type {
    GS3_SYSTEM_SERVICENOW,
    GS3_SYSTEM_JIRA
}; /* `rest` is refused: not built yet */

struct gs3_system {
    char *name;
    enum gs3_system_type type;
    char *url; /* as written */
    struct gs3_origin
        origin; /* the url's; a Jira url may have a path (/ex/jira/CLOUDID, a context path) */
    char *path; /* "" or "/…" without a trailing slash */
    struct gs3_strings tables; /* ServiceNow; default change_request, incident, sc_task */
    unsigned api;              /* Jira: 3 (default) or 2 */
    char *ca_bundle;           /* PEM file for this system alone, or NULL */
    struct gs3_credential_ref *credentials;
    size_t credential_count;
    struct gs3_place place;
};

struct gs3_match {
    char *bucket;
    char *prefix; /* without its last slash; "" when absent. Matches the key itself and what is
                     under it: `live` and `live/` match "live" and "live/x", not "liverpool" */
    struct gs3_place place;
};

enum gs3_window { GS3_WINDOW_WHEN_SET = 0, GS3_WINDOW_REQUIRED, GS3_WINDOW_IGNORED };
enum gs3_operator_rule { GS3_OPERATOR_ANY = 0, GS3_OPERATOR_ASSIGNEE };

/* A list condition with its place; `count` 0 with `is_set` false: not asked for. */
struct gs3_condition {
    bool is_set;
    struct gs3_strings values;
    struct gs3_place place;
};

struct gs3_ticket_rule {
    char *name;
    const struct gs3_system *system;
    char *pattern;
    regex_t regex; /* compiled around the whole: a match spans the whole id */
    char *metadata_key;
    struct gs3_condition approval, state, status, status_category, issue_type, project, type, risk;
    enum gs3_tri active; /* GS3_UNKNOWN: not asked for */
    struct gs3_place active_place;
    enum gs3_window window;
    struct gs3_place window_place;
    enum gs3_operator_rule operator;
    struct gs3_place operator_place;
    struct gs3_place place;
};

enum gs3_metadata_source {
    GS3_METADATA_USER, /* --purpose, --department, else --metadata KEY=… */
    GS3_METADATA_VALUE,
    GS3_METADATA_TICKET_ID,
    GS3_METADATA_TICKET_APPROVAL,
    GS3_METADATA_TICKET_STATE,
    GS3_METADATA_TICKET_RISK,
    GS3_METADATA_TICKET_TYPE,
    GS3_METADATA_TICKET_ASSIGNEE,
    GS3_METADATA_TICKET_REQUESTER,
    GS3_METADATA_TICKET_SUMMARY,
};

struct gs3_metadata_rule {
    char *key;
    enum gs3_metadata_source source;
    bool is_required;
    char *value; /* source VALUE */
    char *pattern;
    regex_t regex; /* as a ticket rule's: a match spans the whole value */
    bool has_min_length, has_max_length;
    uint64_t min_length, max_length; /* characters */
    struct gs3_condition one_of;
    struct gs3_place place;
};

enum gs3_level { GS3_LEVEL_STANDARD, GS3_LEVEL_HIGH };
enum gs3_identity_source { GS3_IDENTITY_STS, GS3_IDENTITY_OS };

/* One line of `identity.map`: the assignee that an operator stands for. */
struct gs3_operator_map {
    char *operator; /* a name, any case; with `is_pattern` an ERE that spans the whole name */
    bool is_pattern;
    regex_t regex;  /* group N of the policy's pattern is group N + 1 here */
    char *assignee; /* of a pattern: \1 to \9 stand for its groups */
    struct gs3_place place;
};

struct gs3_identity {
    enum gs3_identity_source source;
    struct gs3_strings trusted_roles; /* role names or ARNs, globs as for buckets */
    struct gs3_operator_map *map;     /* the first that names the operator counts */
    size_t map_count;
    struct gs3_place place;
};

/* `session`: the role that gs3 assumes for a transfer, with a policy for this operation alone. */
struct gs3_session_rule {
    char *role_arn; /* NULL: none, the transfer runs with the credentials that were found */
    uint32_t duration_s;
    struct gs3_place place;
};
enum { GS3_SESSION_SECONDS_MINIMUM = 15 * 60, GS3_SESSION_SECONDS_MAXIMUM = 12 * 60 * 60 };

struct gs3_environment {
    char *name;
    struct gs3_match *matches;
    size_t match_count;
    enum gs3_level level;
    unsigned ticket_for; /* GS3_ACTION_* */
    struct gs3_place ticket_for_place;
    struct gs3_ticket_rule *tickets;
    size_t ticket_count;
    struct gs3_metadata_rule *metadata;
    size_t metadata_count;
    struct gs3_identity identity;
    struct gs3_session_rule session;
    struct gs3_strings tags; /* metadata keys that are written as object tags as well */
    struct gs3_place tags_place;
    bool has_object_limit, has_byte_limit;
    uint64_t object_limit, byte_limit;
    bool deletes_conditionally; /* `delete: conditional`: one by one, only what is still the same */
    struct gs3_place limits_place;
    struct gs3_origin *endpoints; /* besides the policy's */
    size_t endpoint_count;
    struct gs3_place place;
};

enum { GS3_POLICY_DIGEST_BYTES = 13 };

struct gs3_policy {
    char **files; /* names as messages show them */
    size_t file_count;
    uint64_t serial;
    bool is_locked;
    bool is_system;                       /* loaded from $sysconfdir */
    char digest[GS3_POLICY_DIGEST_BYTES]; /* 12 hex of the SHA-256 over the files in order */
    struct gs3_origin *endpoints;
    size_t endpoint_count;
    struct gs3_system **systems; /* pointers: rules refer to them */
    size_t system_count;
    struct gs3_environment *environments;
    size_t environment_count;
};

void gs3_policy_free(struct gs3_policy *policy); /* NULL is fine */

const struct gs3_system *gs3_policy_system(const struct gs3_policy *policy, const char *name);

/* The environment of one key, by the contract's precedence; NULL when nothing matches. */
const struct gs3_environment *gs3_policy_environment(const struct gs3_policy *policy,
                                                     const char *bucket, const char *key);

/* Whether every key that begins with `prefix` ("" or "…/") is in one environment, or all in none.
 */
bool gs3_policy_is_uniform(const struct gs3_policy *policy, const char *bucket, const char *prefix);

/* Whether any environment governs the bucket at all (for a clearer message). */
bool gs3_policy_has_bucket(const struct gs3_policy *policy, const char *bucket);

/* Whether a custom (non-AWS) S3 endpoint may be used for an environment. */
bool gs3_policy_allows_endpoint(const struct gs3_policy *policy,
                                const struct gs3_environment *environment,
                                const struct gs3_origin *endpoint);

/* Whether `key` is a governance metadata key, which must not ride along from a source: the
 * contract's table, ticket-id, ticket-system, gs3-*, every metadata_key and every key under
 * `metadata` of any environment, and `source-` in front of any of them. In any case, and with `_`
 * for
 * `-`, which Ceph does not tell apart. Of these a user may set with --metadata only a key whose
 * rule takes it from the user: gs3_evaluate judges that. */
bool gs3_policy_is_reserved_key(const struct gs3_policy *policy, const char *key);

#endif
