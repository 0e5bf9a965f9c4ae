/* The export's frame: which builder, and what all of them build with. */
#include "policy/export.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"

void gs3_strings_add(struct gs3_strings *strings, const char *text)
{
    strings->items = gs3_xreallocarray(strings->items, strings->count + 1, sizeof *strings->items);
    strings->items[strings->count++] = gs3_xstrdup(text);
}

bool gs3_strings_has(const struct gs3_strings *strings, const char *text)
{
    for (size_t i = 0; i < strings->count; i++)
        if (gs3_str_equal(strings->items[i], text))
            return true;
    return false;
}

void gs3_strings_add_new(struct gs3_strings *strings, const char *text)
{
    if (!gs3_strings_has(strings, text))
        gs3_strings_add(strings, text);
}

cJSON *gs3_export_policy_document(void)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "Version", "2012-10-17");
    cJSON_AddArrayToObject(document, "Statement");
    return document;
}

void gs3_export_set(cJSON *object, const char *name, const struct gs3_strings *values)
{
    if (values->count == 1) {
        cJSON_AddStringToObject(object, name, values->items[0]);
        return;
    }
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (size_t i = 0; i < values->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(values->items[i]));
}

cJSON *gs3_export_statement(cJSON *document, const char *sid, size_t number, bool is_allow,
                            const char *const *actions, size_t action_count)
{
    cJSON *statement = cJSON_CreateObject();
    gs3_auto_free char *numbered = number ? gs3_xasprintf("%s%zu", sid, number) : gs3_xstrdup(sid);
    cJSON_AddStringToObject(statement, "Sid", numbered);
    cJSON_AddStringToObject(statement, "Effect", is_allow ? "Allow" : "Deny");
    gs3_auto_strings struct gs3_strings list = {.count = 0};
    for (size_t i = 0; i < action_count; i++)
        gs3_strings_add(&list, actions[i]);
    gs3_export_set(statement, "Action", &list);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(document, "Statement"), statement);
    return statement;
}

void gs3_export_condition(cJSON *statement, const char *operator, const char * key,
                          const struct gs3_strings *values)
{
    cJSON *condition = cJSON_GetObjectItemCaseSensitive(statement, "Condition");
    if (!condition)
        condition = cJSON_AddObjectToObject(statement, "Condition");
    cJSON *under = cJSON_GetObjectItemCaseSensitive(condition, operator);
    if (!under)
        under = cJSON_AddObjectToObject(condition, operator);
    gs3_export_set(under, key, values);
}

void gs3_export_condition_text(cJSON *statement, const char *operator, const char * key,
                               const char *value)
{
    gs3_auto_strings struct gs3_strings one = {.count = 0};
    gs3_strings_add(&one, value);
    gs3_export_condition(statement, operator, key, &one);
}

void gs3_export_exempt(const struct gs3_export_opts *opts, cJSON *statement)
{
    if (opts->exempt_roles.count)
        gs3_export_condition(statement, "ArnNotLike", "aws:PrincipalArn", &opts->exempt_roles);
}

void gs3_export_add(struct gs3_export *export, const char *name, cJSON *body)
{
    export->documents =
        gs3_xreallocarray(export->documents, export->count + 1, sizeof *export->documents);
    export->documents[export->count++] =
        (struct gs3_export_document){.name = gs3_xstrdup(name), .body = body};
}

void gs3_export_note(struct gs3_export *export, const char *format, ...)
{
    enum { NOTE_BYTES = 1000 };
    char text[NOTE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gs3_strings_add_new(&export->notes, text);
}

int gs3_export_check_size(const cJSON *body, const char *what, const char *name, size_t limit_bytes,
                          struct gs3_err *err)
{
    gs3_auto_free char *text = cJSON_PrintUnformatted(body);
    size_t length = strlen(text);
    if (length <= limit_bytes)
        return 0;
    return gs3_fail(err, GS3_EGENERAL,
                    "%s of %s would have %zu bytes and AWS takes at most %zu: fewer match "
                    "entries, ticket rules or roles make it shorter",
                    what, name, length, limit_bytes);
}

const char *gs3_export_role_arn(const struct gs3_export_opts *opts,
                                const struct gs3_environment *environment)
{
    return opts->role_arn ? opts->role_arn : environment->session.role_arn;
}

char *gs3_export_role_name(const struct gs3_export *export, const char *environment)
{
    const char *arn = NULL;
    for (size_t i = 0; i < export->policy->environment_count; i++)
        if (gs3_str_equal(export->policy->environments[i].name, environment))
            arn = gs3_export_role_arn(export->opts, &export->policy->environments[i]);
    const char *slash = arn ? strrchr(arn, '/') : NULL;
    return slash ? gs3_xstrdup(slash + 1) : gs3_xasprintf("gs3-%s", environment);
}

static int check_environment(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                             struct gs3_err *err)
{
    if (!opts->environment)
        return 0;
    for (size_t i = 0; i < policy->environment_count; i++)
        if (gs3_str_equal(policy->environments[i].name, opts->environment))
            return 0;
    return gs3_fail(err, GS3_EUSAGE, "--environment %.60s: %s has no environment of that name",
                    opts->environment, policy->files[0]);
}

static int check_arns(const char *option, const struct gs3_strings *arns, const char *form,
                      struct gs3_err *err)
{
    enum { ARN_BYTES = 2048 };
    for (size_t i = 0; i < arns->count; i++) {
        const char *arn = arns->items[i];
        bool is_plain = strlen(arn) <= ARN_BYTES;
        for (const char *c = arn; *c; c++)
            is_plain = is_plain && (gs3_ascii_is_alnum(*c) || strchr(":/+=,.@_*?-", *c));
        if (!is_plain || !gs3_str_has_prefix(arn, form))
            return gs3_fail(err, GS3_EUSAGE, "%s takes what begins with %s, and \"%.60s\" does not",
                            option, form, arn);
    }
    return 0;
}

static int check_options(const struct gs3_export_opts *opts, struct gs3_err *err)
{
    struct gs3_strings role = {.items = (char **)(uintptr_t)&opts->role_arn,
                               .count = opts->role_arn ? 1 : 0};
    struct gs3_strings key = {.items = (char **)(uintptr_t)&opts->sse_kms_key,
                              .count = opts->sse_kms_key ? 1 : 0};
    if (check_arns("--role-arn", &role, "arn:", err) ||
        check_arns("--sse-kms-key-id", &key, "arn:", err) ||
        check_arns("--exempt-role", &opts->exempt_roles, "arn:", err) ||
        check_arns("--principal", &opts->principals, "arn:", err) ||
        check_arns("--vpc-endpoint", &opts->vpc_endpoints, "vpce-", err))
        return -1;
    if (opts->role_arn && (!strstr(opts->role_arn, ":role/") || strpbrk(opts->role_arn, "*?")))
        return gs3_fail(err, GS3_EUSAGE, "--role-arn takes a role: arn:aws:iam::ACCOUNT:role/NAME");
    if (opts->sse_kms_key && !gs3_str_has_prefix(opts->sse ? opts->sse : "", "aws:kms"))
        return gs3_fail(err, GS3_EUSAGE, "--sse-kms-key-id needs --sse aws:kms");
    return 0;
}

int gs3_policy_export(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      struct gs3_export *out, struct gs3_err *err)
{
    static gs3_export_builder *const builders[] = {
        [GS3_EXPORT_BUCKET] = gs3_export_bucket,
        [GS3_EXPORT_TRUST] = gs3_export_trust,
        [GS3_EXPORT_PERMISSIONS] = gs3_export_permissions,
        [GS3_EXPORT_SCP] = gs3_export_scp,
        [GS3_EXPORT_VPCE] = gs3_export_vpce,
        [GS3_EXPORT_EVENT_SELECTORS] = gs3_export_event_selectors,
        [GS3_EXPORT_EVENTBRIDGE] = gs3_export_eventbridge,
        [GS3_EXPORT_ALARM] = gs3_export_alarm,
    };
    *out = (struct gs3_export){.kind = opts->kind, .policy = policy, .opts = opts};
    if (check_environment(policy, opts, err) || check_options(opts, err))
        return -1;
    return builders[opts->kind](policy, opts, out, err);
}

void gs3_export_release(struct gs3_export *export)
{
    for (size_t i = 0; i < export->count; i++) {
        free(export->documents[i].name);
        cJSON_Delete(export->documents[i].body);
    }
    free(export->documents);
    gs3_strings_release(&export->notes);
    *export = (struct gs3_export){.count = 0};
}
