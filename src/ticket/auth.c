#include <string.h>

#include "base/str.h"
#include "ticket/internal.h"

enum { LABEL_BYTES = 200 };

/* The ways to log in, by the parts that each needs. */
struct way {
    enum gs3_ticket_auth_kind kind;
    const char *user, *secret; /* names of parts; user NULL: none */
};

static const struct way servicenow_ways[] = {
    {GS3_AUTH_BASIC, "username", "password"},
    {GS3_AUTH_OAUTH, "client_id", "client_secret"},
    {GS3_AUTH_BEARER, NULL, "token"},
    {GS3_AUTH_API_KEY, NULL, "api_key"},
};

/* A token with a user name is Cloud's (an e-mail address and an API token), alone Data Center's. */
static const struct way jira_ways[] = {
    {GS3_AUTH_BASIC, "username", "password"},
    {GS3_AUTH_BASIC, "username", "token"},
    {GS3_AUTH_BEARER, NULL, "token"},
};

static const char servicenow_advice[] =
    "username and password, client_id and client_secret, token, or api_key";
static const char jira_advice[] = "username and password, username and token, or token";

void gs3_ticket_auth_release(struct gs3_ticket_auth *auth)
{
    gs3_secret_release(&auth->user);
    gs3_secret_release(&auth->secret);
    auth->kind = GS3_AUTH_NONE;
}

int gs3_ticket_auth_check(const char *label, const struct gs3_secret *value, struct gs3_err *err)
{
    if (!gs3_secret_is_set(value) || value->length_bytes == 0)
        return gs3_fail(err, GS3_ECONFIG, "%s is empty", label);
    for (size_t i = 0; i < value->length_bytes; i++) {
        unsigned char c = (unsigned char)value->text[i];
        if (c < ' ' || c == 0x7F)
            return gs3_fail(err, GS3_ECONFIG, "%s holds a line break or another control character",
                            label);
    }
    return 0;
}

static struct gs3_ticket_part *find_part(struct gs3_ticket_part *parts, size_t count,
                                         const char *name)
{
    for (size_t i = 0; name && i < count; i++)
        if (gs3_secret_is_set(&parts[i].value) && strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

static bool is_way(const struct way *way, struct gs3_ticket_part *parts, size_t count)
{
    size_t set_count = 0;
    for (size_t i = 0; i < count; i++)
        set_count += gs3_secret_is_set(&parts[i].value);
    return set_count == (way->user ? 2u : 1u) && find_part(parts, count, way->secret) &&
           (!way->user || find_part(parts, count, way->user));
}

/* "A", "A and B", "A, B and C" of the labels that are set. */
static void list_labels(const struct gs3_ticket_part *parts, size_t count, struct gs3_buf *out)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += gs3_secret_is_set(&parts[i].value);
    for (size_t i = 0; i < count; i++) {
        if (!gs3_secret_is_set(&parts[i].value))
            continue;
        gs3_buf_puts(out, parts[i].label);
        left--;
        if (left > 0)
            gs3_buf_puts(out, left == 1 ? " and " : ", ");
    }
}

int gs3_ticket_auth_choose(const struct gs3_system *system, const char *what,
                           struct gs3_ticket_part *parts, size_t count,
                           struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    bool is_jira = system->type == GS3_SYSTEM_JIRA;
    const struct way *ways = is_jira ? jira_ways : servicenow_ways;
    size_t way_count = is_jira ? sizeof jira_ways / sizeof jira_ways[0]
                               : sizeof servicenow_ways / sizeof servicenow_ways[0];
    gs3_auto_buf struct gs3_buf labels = GS3_BUF_INIT(GS3_TICKET_SOURCE_BYTES - 1);
    list_labels(parts, count, &labels);
    for (size_t i = 0; i < way_count; i++) {
        if (!is_way(&ways[i], parts, count))
            continue;
        const struct gs3_ticket_part *user = find_part(parts, count, ways[i].user);
        const struct gs3_ticket_part *secret = find_part(parts, count, ways[i].secret);
        if (user && ways[i].kind == GS3_AUTH_BASIC && strchr(user->value.text, ':'))
            return gs3_fail(err, GS3_ECONFIG,
                            "%s: %s holds a colon, which a user name cannot carry", what,
                            user->label);
        if (user)
            gs3_secret_copy(&auth->user, &user->value);
        gs3_secret_copy(&auth->secret, &secret->value);
        auth->kind = ways[i].kind;
        snprintf(auth->source, sizeof auth->source, "%s", gs3_buf_string(&labels));
        return 0;
    }
    return gs3_fail(err, GS3_ECONFIG,
                    "%s: %s: these are not the parts of one way to log in: give %s", what,
                    gs3_buf_string(&labels), is_jira ? jira_advice : servicenow_advice);
}

static int read_policy_parts(const struct gs3_ticket_context *context,
                             const struct gs3_system *system, struct gs3_ticket_part *parts,
                             char (*labels)[LABEL_BYTES], struct gs3_err *err)
{
    for (size_t i = 0; i < system->credential_count; i++) {
        const struct gs3_credential_ref *ref = &system->credentials[i];
        if (ref->kind == GS3_CREDENTIAL_ENV)
            snprintf(labels[i], LABEL_BYTES, "%s", ref->value);
        else
            snprintf(labels[i], LABEL_BYTES, "credentials.%s (%s:%u)", ref->name,
                     ref->place.file ? ref->place.file : "policy", ref->place.line);
        parts[i] = (struct gs3_ticket_part){.name = ref->name, .label = labels[i]};
        if (gs3_ticket_credential_read(context, ref, &parts[i].value, err) ||
            gs3_ticket_auth_check(labels[i], &parts[i].value, err))
            return gs3_wrap(err, "ticket system %s", system->name);
    }
    return 0;
}

static int find_in_policy(const struct gs3_ticket_context *context, const struct gs3_system *system,
                          struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    size_t count = system->credential_count;
    struct gs3_ticket_part *parts = gs3_xcalloc(count, sizeof *parts);
    char(*labels)[LABEL_BYTES] = gs3_xcalloc(count, sizeof *labels);
    gs3_auto_free char *what = gs3_xasprintf("ticket system %s", system->name);
    int outcome = read_policy_parts(context, system, parts, labels, err);
    if (outcome == 0)
        outcome = gs3_ticket_auth_choose(system, what, parts, count, auth, err);
    for (size_t i = 0; i < count; i++)
        gs3_secret_release(&parts[i].value);
    free(parts);
    free(labels);
    return outcome;
}

static int fail_none(const struct gs3_system *system, struct gs3_err *err)
{
    const char *names = system->type == GS3_SYSTEM_JIRA
                            ? "JIRA_USERNAME and JIRA_API_TOKEN (or JIRA_PERSONAL_TOKEN)"
                            : "SN_USERNAME and SN_PASSWORD";
    return gs3_fail(err, GS3_ECONFIG,
                    "ticket system %s: no credentials for %s: set %s, add the host to the netrc "
                    "file, or name them in the policy under ticket_systems.%s.credentials",
                    system->name, system->origin.host, names, system->name);
}

int gs3_ticket_auth_find(const struct gs3_ticket_context *context, const struct gs3_system *system,
                         struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    if (system->credential_count > 0)
        return find_in_policy(context, system, auth, err);
    if (gs3_ticket_native_find(context, system, auth, err))
        return -1;
    if (auth->kind != GS3_AUTH_NONE)
        return 0;
    if (gs3_ticket_netrc_find(context, system, auth, err))
        return -1;
    return auth->kind != GS3_AUTH_NONE ? 0 : fail_none(system, err);
}
