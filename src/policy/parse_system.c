/* Ticketing systems and S3 endpoints: what a policy lets gs3 talk to. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"

static const char *const system_types[] = {"servicenow", "jira"};
static const char *const servicenow_tables[] = {"change_request", "incident", "sc_task"};

enum { TABLE_COUNT = sizeof servicenow_tables / sizeof servicenow_tables[0] };

/* The credential sets that each type takes: one whole set, so that no two compete. */
static const struct {
    enum gs3_system_type type;
    const char *names[2];
} credential_sets[] = {
    {GS3_SYSTEM_SERVICENOW, {"username", "password"}},
    {GS3_SYSTEM_SERVICENOW, {"client_id", "client_secret"}},
    {GS3_SYSTEM_SERVICENOW, {"token", NULL}},
    {GS3_SYSTEM_SERVICENOW, {"api_key", NULL}},
    {GS3_SYSTEM_JIRA, {"username", "password"}},
    {GS3_SYSTEM_JIRA, {"token", NULL}},
};

enum { CREDENTIAL_SET_COUNT = sizeof credential_sets / sizeof credential_sets[0] };

static bool has_reserved_prefix(const char *name)
{
    return strncasecmp(name, "AWS_", 4) == 0 || strncasecmp(name, "GS3_", 4) == 0;
}

static int parse_env_reference(struct gs3_parse *parse, struct gs3_at at,
                               struct gs3_credential_ref *ref)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    if (gs3_parse_string(parse, at, "env", &ref->value))
        return -1;
    if (strspn(ref->value, allowed) != strlen(ref->value) || gs3_ascii_is_digit(ref->value[0]))
        /* Not shown: it may be the secret itself. */
        return gs3_parse_fail(parse, at,
                              "env is no variable's name: give the name, never the secret");
    if (has_reserved_prefix(ref->value))
        return gs3_parse_fail(parse, at,
                              "env \"%s\": AWS_* and GS3_* are never sent to a ticketing system: "
                              "use a variable of its own",
                              gs3_show(ref->value).text);
    ref->kind = GS3_CREDENTIAL_ENV;
    return 0;
}

static int parse_file_reference(struct gs3_parse *parse, struct gs3_at at,
                                struct gs3_credential_ref *ref)
{
    if (gs3_parse_string(parse, at, "file", &ref->value))
        return -1;
    if (ref->value[0] != '/')
        return gs3_parse_fail(parse, at, "file \"%s\" must be an absolute path",
                              gs3_show(ref->value).text);
    ref->kind = GS3_CREDENTIAL_FILE;
    return 0;
}

static int parse_command_reference(struct gs3_parse *parse, struct gs3_at at,
                                   struct gs3_credential_ref *ref)
{
    enum { ARGUMENT_COUNT = 32 };
    if (gs3_parse_sequence(parse, at, "command"))
        return -1;
    if (at.node->count == 0 || at.node->count > ARGUMENT_COUNT)
        return gs3_parse_fail(parse, at,
                              "command must have 1 to %d parts: [/path/program, argument]",
                              ARGUMENT_COUNT);
    ref->argv.items = gs3_xcalloc(at.node->count, sizeof *ref->argv.items);
    for (size_t i = 0; i < at.node->count; i++) {
        if (gs3_parse_string(parse, gs3_at_item(at, i), "command", &ref->argv.items[i]))
            return -1;
        ref->argv.count++;
    }
    if (ref->argv.items[0][0] != '/')
        return gs3_parse_fail(parse, gs3_at_item(at, 0),
                              "command \"%s\" must be an absolute path: it is run without a shell "
                              "and without a search path",
                              gs3_show(ref->argv.items[0]).text);
    ref->kind = GS3_CREDENTIAL_COMMAND;
    return 0;
}

static int parse_credential(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at,
                            struct gs3_credential_ref *ref)
{
    static const char *const kinds[] = {"env", "file", "command"};
    ref->name = gs3_xstrdup(key.node->text);
    ref->place = gs3_parse_place(key);
    if (at.node->kind == GS3_YAML_SCALAR)
        return gs3_parse_fail(parse, at,
                              "a secret never stands in a policy: name where it comes from: "
                              "%s: {env: VARIABLE}",
                              key.node->text);
    if (gs3_parse_keys(parse, at, "a credential", kinds, sizeof kinds / sizeof kinds[0]))
        return -1;
    if (at.node->count > 1)
        return gs3_parse_fail(parse, gs3_at_key(at, 1), "%s has two sources: keep one",
                              key.node->text);
    struct gs3_at value = gs3_at_item(at, 0);
    if (strcmp(at.node->keys[0]->text, "env") == 0)
        return parse_env_reference(parse, value, ref);
    if (!at.document->is_trusted)
        return gs3_parse_fail(parse, gs3_at_key(at, 0),
                              "{%s: …} is allowed only in the system policy, in a file that "
                              "belongs to root and that only root can write: use {env: VARIABLE}",
                              at.node->keys[0]->text);
    return strcmp(at.node->keys[0]->text, "file") == 0 ? parse_file_reference(parse, value, ref)
                                                       : parse_command_reference(parse, value, ref);
}

static bool is_complete_set(const struct gs3_system *system, size_t set, struct gs3_at at)
{
    size_t count = credential_sets[set].names[1] ? 2 : 1;
    if (credential_sets[set].type != system->type || at.node->count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!gs3_at_get(at, credential_sets[set].names[i]).node)
            return false;
    return true;
}

static int parse_credentials(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    static const char *const names[] = {"username",  "password",      "token",
                                        "client_id", "client_secret", "api_key"};
    if (gs3_parse_keys(parse, at, "credentials", names, sizeof names / sizeof names[0]))
        return -1;
    bool is_complete = false;
    for (size_t i = 0; i < CREDENTIAL_SET_COUNT && !is_complete; i++)
        is_complete = is_complete_set(system, i, at);
    if (!is_complete)
        return gs3_parse_fail(parse, at,
                              "credentials of a %s system must be exactly one of: %s: one secret "
                              "must not have two sources",
                              system_types[system->type],
                              system->type == GS3_SYSTEM_JIRA
                                  ? "username and password; token"
                                  : "username and password; client_id and client_secret; token; "
                                    "api_key");
    system->credentials = gs3_xcalloc(at.node->count, sizeof *system->credentials);
    for (size_t i = 0; i < at.node->count; i++) {
        system->credential_count++;
        if (parse_credential(parse, gs3_at_key(at, i), gs3_at_item(at, i), &system->credentials[i]))
            return -1;
    }
    return 0;
}

/* A Jira url may have a path: a Data Center's context path, or /ex/jira/CLOUDID. */
static int parse_path(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system,
                      const char *path)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    gs3_auto_free char *copy = gs3_xstrdup(path);
    size_t length = strlen(copy);
    if (length > 0 && copy[length - 1] == '/')
        copy[length - 1] = '\0';
    if (copy[0] && system->type == GS3_SYSTEM_SERVICENOW)
        return gs3_parse_fail(parse, at, "url \"%s\": a ServiceNow url has no path: leave it out",
                              gs3_show(system->url).text);
    if (strspn(copy, allowed) != strlen(copy) || strstr(copy, "//") || strstr(copy, "/."))
        return gs3_parse_fail(parse, at,
                              "url \"%s\": its path may hold letters, digits and - _ ~ only, in "
                              "parts that do not start with a dot",
                              gs3_show(system->url).text);
    free(system->path);
    system->path = copy;
    copy = NULL;
    return 0;
}

static int parse_url(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    if (gs3_parse_string(parse, at, "url", &system->url))
        return -1;
    const char *authority = strstr(system->url, "://");
    const char *path = authority ? strchr(authority + 3, '/') : NULL;
    gs3_auto_free char *origin =
        path ? gs3_xstrndup(system->url, (size_t)(path - system->url)) : gs3_xstrdup(system->url);
    struct gs3_err inner = GS3_ERR_INIT;
    if (gs3_origin_parse(origin, GS3_EPOLICY, &system->origin, &inner))
        return gs3_parse_fail(parse, at, "url: %s", inner.message);
    if (parse_path(parse, at, system, path ? path : ""))
        return -1;
    if (!system->origin.is_loopback && strcmp(system->origin.scheme, "https") != 0)
        return gs3_parse_fail(parse, at,
                              "url \"%s\" must be https: credentials and answers pass over it",
                              gs3_show(system->url).text);
    if (system->origin.is_loopback && parse->policy->is_system)
        return gs3_parse_fail(parse, at,
                              "url \"%s\" is on this machine: a system policy takes no answers "
                              "that a local user could give",
                              gs3_show(system->url).text);
    return 0;
}

static int parse_tables(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    if (system->type != GS3_SYSTEM_SERVICENOW && at.node)
        return gs3_parse_fail(parse, at, "tables belong to servicenow systems only: remove it");
    if (at.node)
        return gs3_parse_strings(parse, at, "tables", servicenow_tables, TABLE_COUNT,
                                 &system->tables);
    if (system->type != GS3_SYSTEM_SERVICENOW)
        return 0;
    system->tables.items = gs3_xcalloc(TABLE_COUNT, sizeof *system->tables.items);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        system->tables.items[system->tables.count++] = gs3_xstrdup(servicenow_tables[i]);
    return 0;
}

static int parse_api(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    uint64_t api = 3;
    if (system->type != GS3_SYSTEM_JIRA) {
        if (at.node)
            return gs3_parse_fail(parse, at, "api belongs to jira systems only: remove it");
        return 0;
    }
    if (at.node && gs3_parse_u64(parse, at, "api", 3, &api))
        return -1;
    if (api < 2)
        return gs3_parse_fail(parse, at, "api must be 3 (Cloud) or 2 (Data Center)");
    system->api = (unsigned)api;
    return 0;
}

static int parse_ca_bundle(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    if (!at.node)
        return 0;
    if (gs3_parse_string(parse, at, "ca_bundle", &system->ca_bundle))
        return -1;
    if (system->ca_bundle[0] != '/')
        return gs3_parse_fail(parse, at, "ca_bundle \"%s\" must be an absolute path",
                              gs3_show(system->ca_bundle).text);
    return 0;
}

static int fill_system(struct gs3_parse *parse, struct gs3_at at, struct gs3_system *system)
{
    static const char *const keys[] = {"type", "url", "tables", "api", "credentials", "ca_bundle"};
    gs3_auto_free char *what = gs3_xasprintf("ticket system \"%s\"", system->name);
    size_t type = 0;
    if (gs3_parse_keys(parse, at, what, keys, sizeof keys / sizeof keys[0]) ||
        gs3_parse_required(parse, at, what, "type") || gs3_parse_required(parse, at, what, "url") ||
        gs3_parse_word(parse, gs3_at_get(at, "type"), "type", system_types,
                       sizeof system_types / sizeof system_types[0], &type))
        return -1;
    system->type = (enum gs3_system_type)type;
    struct gs3_at credentials = gs3_at_get(at, "credentials");
    return parse_url(parse, gs3_at_get(at, "url"), system) ||
                   parse_tables(parse, gs3_at_get(at, "tables"), system) ||
                   parse_api(parse, gs3_at_get(at, "api"), system) ||
                   parse_ca_bundle(parse, gs3_at_get(at, "ca_bundle"), system) ||
                   (credentials.node && parse_credentials(parse, credentials, system))
               ? -1
               : 0;
}

int gs3_parse_system(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at)
{
    struct gs3_policy *policy = parse->policy;
    const char *name = NULL;
    if (gs3_parse_name(parse, key, "ticket system", &name))
        return -1;
    const struct gs3_system *earlier = gs3_policy_system(policy, name);
    if (earlier)
        return gs3_parse_fail(parse, key, "ticket system \"%s\" is defined twice, first at %s:%u",
                              name, earlier->place.file, earlier->place.line);
    if (policy->system_count == GS3_POLICY_SYSTEMS)
        return gs3_parse_fail(parse, key, "more than %d ticket systems", GS3_POLICY_SYSTEMS);
    struct gs3_system *system = gs3_xcalloc(1, sizeof *system);
    policy->systems =
        gs3_xreallocarray(policy->systems, policy->system_count + 1, sizeof(struct gs3_system *));
    policy->systems[policy->system_count++] = system;
    system->name = gs3_xstrdup(name);
    system->path = gs3_xstrdup("");
    system->place = gs3_parse_place(key);
    return fill_system(parse, at, system);
}

static bool is_aws_host(const char *host)
{
    static const char *const domains[] = {"amazonaws.com", "amazonaws.com.cn", "api.aws"};
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        size_t length = strlen(host), tail = strlen(domains[i]);
        if (gs3_str_equal(host, domains[i]) || (length > tail && host[length - tail - 1] == '.' &&
                                                gs3_str_has_suffix(host, domains[i])))
            return true;
    }
    return false;
}

static int parse_endpoint(struct gs3_parse *parse, struct gs3_at at, struct gs3_origin *origin)
{
    gs3_auto_free char *text = NULL;
    struct gs3_err inner = GS3_ERR_INIT;
    if (gs3_parse_string(parse, at, "endpoint", &text))
        return -1;
    if (gs3_origin_parse(text, GS3_EPOLICY, origin, &inner))
        return gs3_parse_fail(parse, at, "endpoint: %s", inner.message);
    if (is_aws_host(origin->host))
        return gs3_parse_fail(parse, at,
                              "endpoint \"%s\" is AWS's own: it is always allowed where its "
                              "endpoint rules give it, so remove it here",
                              gs3_show(text).text);
    return 0;
}

int gs3_parse_endpoints(struct gs3_parse *parse, struct gs3_at at, struct gs3_origin **origins,
                        size_t *count)
{
    enum { ENDPOINTS = 64 };
    if (gs3_parse_sequence(parse, at, "endpoints"))
        return -1;
    size_t total = *count + at.node->count;
    if (total > ENDPOINTS)
        return gs3_parse_fail(parse, at, "more than %d endpoints", ENDPOINTS);
    *origins = gs3_xreallocarray(*origins, total, sizeof **origins);
    for (size_t i = 0; i < at.node->count; i++) {
        if (parse_endpoint(parse, gs3_at_item(at, i), &(*origins)[*count]))
            return -1;
        for (size_t j = 0; j < *count; j++)
            if (gs3_origin_equal(&(*origins)[j], &(*origins)[*count]))
                return gs3_parse_fail(parse, gs3_at_item(at, i),
                                      "endpoint named twice: remove one");
        (*count)++;
    }
    return 0;
}
