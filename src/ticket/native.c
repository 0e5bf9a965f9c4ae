#include <string.h>

#include "base/str.h"
#include "text/uri.h"
#include "ticket/internal.h"

enum { NAMES = 2, SLOTS_MAXIMUM = 6 };

/* One part of a credential and the variables that other tools read it from. */
struct slot {
    const char *name;
    const char *variables[NAMES];
};

static const struct slot servicenow_slots[] = {
    {"username", {"SN_USERNAME", "SERVICENOW_USERNAME"}},
    {"password", {"SN_PASSWORD", "SERVICENOW_PASSWORD"}},
    {"client_id", {"SN_CLIENT_ID", NULL}},
    {"client_secret", {"SN_CLIENT_SECRET", NULL}},
    {"token", {"SN_ACCESS_TOKEN", NULL}},
    {"api_key", {"SN_API_KEY", NULL}},
};
static const struct slot jira_slots[] = {
    {"username", {"JIRA_USERNAME", "JIRA_USER_EMAIL"}},
    {"token", {"JIRA_API_TOKEN", "JIRA_PERSONAL_TOKEN"}},
};
static const struct slot servicenow_host = {"host", {"SN_HOST", "SERVICENOW_INSTANCE_URL"}};
static const struct slot jira_host = {"host", {"JIRA_URL", "JIRA_BASE_URL"}};

static int fail_conflict(const struct gs3_system *system, const char *a, const char *b,
                         struct gs3_err *err)
{
    return gs3_fail(err, GS3_ECONFIG,
                    "ticket system %s: %s and %s are both set and differ: unset one of them",
                    system->name, a, b);
}

/* The slot's value and the variable that it came from; both NULL when none is set. */
static int read_slot(const struct gs3_env *env, const struct gs3_system *system,
                     const struct slot *slot, const char **value, const char **variable,
                     struct gs3_err *err)
{
    *value = *variable = NULL;
    for (size_t i = 0; i < NAMES && slot->variables[i]; i++) {
        const char *found = gs3_env_get(env, slot->variables[i]);
        if (!found)
            continue;
        if (*value && strcmp(*value, found) != 0)
            return fail_conflict(system, *variable, slot->variables[i], err);
        if (*value)
            continue;
        *value = found;
        *variable = slot->variables[i];
    }
    return 0;
}

/* Whether "acme.service-now.com", "https://acme.service-now.com/", "acme" (an instance of
 * service-now.com) or "127.0.0.1:8080" names the system's host. A port counts where it is given. */
static bool is_same_host(const char *given, const struct gs3_origin *origin)
{
    const char *scheme_end = strstr(given, "://");
    const char *host = scheme_end ? scheme_end + 3 : given;
    gs3_auto_free char *authority = gs3_str_lower(gs3_xstrndup(host, strcspn(host, "/?#")));
    gs3_auto_free char *with_port = gs3_xasprintf("%s:%u", origin->host, origin->port);
    gs3_auto_free char *instance = gs3_xasprintf("%s.service-now.com", authority);
    if (strcmp(authority, with_port) == 0)
        return true;
    /* An address that spells out a scheme without a port means that scheme's own port. */
    if (strcmp(authority, origin->host) == 0)
        return !scheme_end || origin->is_default_port;
    return strcmp(instance, origin->host) == 0;
}

/* A credential that was set for another host is none for this one. */
static int is_for_host(const struct gs3_ticket_context *context, const struct gs3_system *system,
                       bool *is_for, struct gs3_err *err)
{
    const struct slot *slot = system->type == GS3_SYSTEM_JIRA ? &jira_host : &servicenow_host;
    const char *hosts[NAMES] = {NULL, NULL};
    *is_for = true;
    for (size_t i = 0; i < NAMES; i++) {
        hosts[i] = gs3_env_get(context->env, slot->variables[i]);
        if (hosts[i] && !is_same_host(hosts[i], &system->origin))
            *is_for = false;
    }
    if (hosts[0] && hosts[1] &&
        is_same_host(hosts[0], &system->origin) != is_same_host(hosts[1], &system->origin))
        return fail_conflict(system, slot->variables[0], slot->variables[1], err);
    if (!*is_for)
        gs3_log_debug(context->log, "ticket: %s is for another host than %s: not used",
                      hosts[0] ? slot->variables[0] : slot->variables[1], system->origin.host);
    return 0;
}

int gs3_ticket_jira_bearer(const struct gs3_env *env, bool *is_bearer, struct gs3_err *err)
{
    const char *type = gs3_env_get(env, "JIRA_AUTH_TYPE");
    *is_bearer = gs3_str_equal_nocase(type, "bearer");
    if (!type || *is_bearer || gs3_str_equal_nocase(type, "basic"))
        return 0;
    return gs3_fail(err, GS3_ECONFIG, "JIRA_AUTH_TYPE must be basic or bearer");
}

/* A bearer token goes alone; JIRA_API_TOKEN without JIRA_AUTH_TYPE=bearer goes with a user. */
static int adjust_jira(const struct gs3_ticket_context *context, const struct gs3_system *system,
                       struct gs3_ticket_part *parts, struct gs3_err *err)
{
    struct gs3_ticket_part *user = &parts[0];
    const struct gs3_ticket_part *token = &parts[1];
    bool is_bearer = false;
    if (gs3_ticket_jira_bearer(context->env, &is_bearer, err))
        return gs3_wrap(err, "ticket system %s", system->name);
    if (gs3_str_equal(token->label, "JIRA_PERSONAL_TOKEN"))
        is_bearer = true;
    if (is_bearer)
        gs3_secret_release(&user->value);
    if (!is_bearer && gs3_secret_is_set(&token->value) && !gs3_secret_is_set(&user->value))
        return gs3_fail(err, GS3_ECONFIG,
                        "ticket system %s: %s is set, JIRA_USERNAME is not: set it, or "
                        "JIRA_AUTH_TYPE=bearer for a personal access token",
                        system->name, token->label);
    return 0;
}

static int read_parts(const struct gs3_ticket_context *context, const struct gs3_system *system,
                      struct gs3_ticket_part *parts, size_t *count, struct gs3_err *err)
{
    bool is_jira = system->type == GS3_SYSTEM_JIRA;
    const struct slot *slots = is_jira ? jira_slots : servicenow_slots;
    *count = is_jira ? sizeof jira_slots / sizeof jira_slots[0]
                     : sizeof servicenow_slots / sizeof servicenow_slots[0];
    for (size_t i = 0; i < *count; i++) {
        const char *value = NULL;
        parts[i].name = slots[i].name;
        if (read_slot(context->env, system, &slots[i], &value, &parts[i].label, err))
            return -1;
        if (!value)
            continue;
        gs3_secret_set(&parts[i].value, value, strlen(value));
        if (gs3_ticket_auth_check(parts[i].label, &parts[i].value, err))
            return gs3_wrap(err, "ticket system %s", system->name);
    }
    return is_jira ? adjust_jira(context, system, parts, err) : 0;
}

int gs3_ticket_native_find(const struct gs3_ticket_context *context,
                           const struct gs3_system *system, struct gs3_ticket_auth *auth,
                           struct gs3_err *err)
{
    bool is_for = false;
    if (is_for_host(context, system, &is_for, err))
        return -1;
    if (!is_for)
        return 0;
    struct gs3_ticket_part parts[SLOTS_MAXIMUM] = {{.name = NULL}};
    size_t count = 0;
    gs3_auto_free char *what = gs3_xasprintf("ticket system %s", system->name);
    int outcome = read_parts(context, system, parts, &count, err);
    bool has_any = false;
    for (size_t i = 0; i < count; i++)
        has_any = has_any || gs3_secret_is_set(&parts[i].value);
    if (outcome == 0 && has_any)
        outcome = gs3_ticket_auth_choose(system, what, parts, count, auth, err);
    for (size_t i = 0; i < SLOTS_MAXIMUM; i++)
        gs3_secret_release(&parts[i].value);
    return outcome;
}
