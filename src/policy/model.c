#include "policy/model.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"

/* The contract's table of governance metadata, and the two names that older tools used. */
static const char *const table_keys[] = {
    "change-request-id", "jira-ticket-id",   "servicenow-ticket-id",
    "environment",       "operator",         "timestamp",
    "operation",         "purpose",          "approval-status",
    "risk-level",        "governance-level", "tracking-system",
    "department",        "automation",       "ticket-id",
    "ticket-system",
};

void gs3_strings_release(struct gs3_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct gs3_strings){0};
}

void gs3_system_free(struct gs3_system *system)
{
    if (!system)
        return;
    for (size_t i = 0; i < system->credential_count; i++) {
        free(system->credentials[i].name);
        free(system->credentials[i].value);
        gs3_strings_release(&system->credentials[i].argv);
    }
    free(system->credentials);
    gs3_strings_release(&system->tables);
    free(system->name);
    free(system->url);
    free(system->path);
    free(system->ca_bundle);
    free(system);
}

static void ticket_rule_release(struct gs3_ticket_rule *rule)
{
    struct gs3_condition *conditions[] = {
        &rule->approval,   &rule->state,   &rule->status, &rule->status_category,
        &rule->issue_type, &rule->project, &rule->type,   &rule->risk,
    };
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        gs3_strings_release(&conditions[i]->values);
    if (rule->pattern)
        regfree(&rule->regex);
    free(rule->pattern);
    free(rule->name);
    free(rule->metadata_key);
}

static void metadata_rule_release(struct gs3_metadata_rule *rule)
{
    if (rule->pattern)
        regfree(&rule->regex);
    free(rule->pattern);
    free(rule->key);
    free(rule->value);
    gs3_strings_release(&rule->one_of.values);
}

static void identity_release(struct gs3_identity *identity)
{
    for (size_t i = 0; i < identity->map_count; i++) {
        struct gs3_operator_map *map = &identity->map[i];
        if (map->is_pattern)
            regfree(&map->regex);
        free(map->operator);
        free(map->assignee);
    }
    free(identity->map);
    gs3_strings_release(&identity->trusted_roles);
}

void gs3_environment_release(struct gs3_environment *environment)
{
    for (size_t i = 0; i < environment->match_count; i++) {
        free(environment->matches[i].bucket);
        free(environment->matches[i].prefix);
    }
    for (size_t i = 0; i < environment->ticket_count; i++)
        ticket_rule_release(&environment->tickets[i]);
    for (size_t i = 0; i < environment->metadata_count; i++)
        metadata_rule_release(&environment->metadata[i]);
    identity_release(&environment->identity);
    gs3_strings_release(&environment->tags);
    free(environment->session.role_arn);
    free(environment->matches);
    free(environment->tickets);
    free(environment->metadata);
    free(environment->endpoints);
    free(environment->name);
    *environment = (struct gs3_environment){0};
}

void gs3_policy_free(struct gs3_policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; i < policy->environment_count; i++)
        gs3_environment_release(&policy->environments[i]);
    for (size_t i = 0; i < policy->system_count; i++)
        gs3_system_free(policy->systems[i]);
    for (size_t i = 0; i < policy->file_count; i++)
        free(policy->files[i]);
    free(policy->environments);
    free(policy->systems);
    free(policy->files);
    free(policy->endpoints);
    free(policy);
}

const struct gs3_system *gs3_policy_system(const struct gs3_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->system_count; i++)
        if (gs3_str_equal(policy->systems[i]->name, name))
            return policy->systems[i];
    return NULL;
}

static bool has_origin(const struct gs3_origin *origins, size_t count,
                       const struct gs3_origin *origin)
{
    for (size_t i = 0; i < count; i++)
        if (gs3_origin_equal(&origins[i], origin))
            return true;
    return false;
}

bool gs3_policy_allows_endpoint(const struct gs3_policy *policy,
                                const struct gs3_environment *environment,
                                const struct gs3_origin *endpoint)
{
    return has_origin(policy->endpoints, policy->endpoint_count, endpoint) ||
           (environment &&
            has_origin(environment->endpoints, environment->endpoint_count, endpoint));
}

/* A key as a store may write it: Ceph takes headers over variables of CGI, where `_` and `-` are
 * one, so that approval_status is read back as approval-status. */
static char fold(char c)
{
    return c == '_' ? '-' : gs3_ascii_lower(c);
}

/* The rest of `key` behind `prefix`, or NULL. */
static const char *skip_prefix(const char *key, const char *prefix)
{
    for (; *prefix; key++, prefix++)
        if (fold(*key) != fold(*prefix))
            return NULL;
    return key;
}

static bool is_same_key(const char *a, const char *b)
{
    const char *rest = skip_prefix(a, b);
    return rest && !*rest;
}

bool gs3_is_table_key(const char *key)
{
    for (size_t i = 0; i < sizeof table_keys / sizeof table_keys[0]; i++)
        if (is_same_key(key, table_keys[i]))
            return true;
    return skip_prefix(key, "gs3-") != NULL;
}

static bool is_configured_key(const struct gs3_policy *policy, const char *key)
{
    for (size_t i = 0; i < policy->environment_count; i++) {
        const struct gs3_environment *environment = &policy->environments[i];
        for (size_t j = 0; j < environment->ticket_count; j++)
            if (is_same_key(environment->tickets[j].metadata_key, key))
                return true;
        for (size_t j = 0; j < environment->metadata_count; j++)
            if (is_same_key(environment->metadata[j].key, key))
                return true;
    }
    return false;
}

bool gs3_policy_is_reserved_key(const struct gs3_policy *policy, const char *key)
{
    if (gs3_is_table_key(key) || is_configured_key(policy, key))
        return true;
    const char *rest = skip_prefix(key, "source-");
    return rest && (gs3_is_table_key(rest) || is_configured_key(policy, rest));
}
