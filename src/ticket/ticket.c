#include "ticket/ticket.h"

#include <string.h>

#include "base/str.h"
#include "crypto/digest.h"
#include "text/uri.h"
#include "ticket/internal.h"

static void set_basic(struct gs3_ticket_session *session, const struct gs3_ticket_auth *auth)
{
    size_t pair_bytes = auth->user.length_bytes + 1 + auth->secret.length_bytes;
    gs3_auto_free char *pair = gs3_xasprintf("%s:%s", auth->user.text, auth->secret.text);
    gs3_auto_free char *encoded = gs3_base64_encode(pair, pair_bytes);
    gs3_auto_free char *value = gs3_xasprintf("Basic %s", encoded);
    gs3_secret_set(&session->header_value, value, strlen(value));
    gs3_secret_wipe(pair, pair_bytes);
    gs3_secret_wipe(encoded, strlen(encoded));
    gs3_secret_wipe(value, strlen(value));
    session->header_name = "Authorization";
}

static void set_bearer(struct gs3_ticket_session *session, const struct gs3_secret *token)
{
    gs3_auto_free char *value = gs3_xasprintf("Bearer %s", token->text);
    gs3_secret_set(&session->header_value, value, strlen(value));
    gs3_secret_wipe(value, strlen(value));
    session->header_name = "Authorization";
}

static int set_header(struct gs3_ticket_session *session, const struct gs3_ticket_auth *auth,
                      struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    switch (auth->kind) {
    case GS3_AUTH_BASIC: set_basic(session, auth); return 0;
    case GS3_AUTH_BEARER: set_bearer(session, &auth->secret); return 0;
    case GS3_AUTH_API_KEY:
        gs3_secret_copy(&session->header_value, &auth->secret);
        session->header_name = "x-sn-apikey";
        return 0;
    case GS3_AUTH_OAUTH:
        if (gs3_ticket_oauth(session, auth, &token, err))
            return -1;
        set_bearer(session, &token);
        return 0;
    case GS3_AUTH_NONE: break;
    }
    return gs3_fail(err, GS3_ECONFIG, "ticket system %s: no credentials", session->system->name);
}

int gs3_ticket_session_open(struct gs3_ticket_session *session,
                            const struct gs3_ticket_context *context,
                            const struct gs3_system *system, struct gs3_err *err)
{
    *session = (struct gs3_ticket_session){.context = context, .system = system};
    session->origin = gs3_origin_format(&system->origin);
    /* The policy's loader says so too; a credential in the clear is worth two checks. */
    if (strcmp(system->origin.scheme, "https") != 0 && !system->origin.is_loopback)
        return gs3_fail(err, GS3_EPOLICY, "ticket system %s: %s must be https", system->name,
                        session->origin);
    struct gs3_ticket_auth auth = {.kind = GS3_AUTH_NONE};
    int outcome = gs3_ticket_auth_find(context, system, &auth, err);
    if (outcome == 0) {
        memcpy(session->source, auth.source, sizeof session->source);
        outcome = set_header(session, &auth, err);
    }
    gs3_ticket_auth_release(&auth);
    return outcome;
}

void gs3_ticket_session_close(struct gs3_ticket_session *session)
{
    free(session->origin);
    gs3_secret_release(&session->header_value);
    *session = (struct gs3_ticket_session){.origin = NULL};
}

static const struct gs3_ticket_ops *ops_of(enum gs3_system_type type)
{
    switch (type) {
    case GS3_SYSTEM_SERVICENOW: return &gs3_ticket_servicenow;
    case GS3_SYSTEM_JIRA: return &gs3_ticket_jira;
    }
    return NULL;
}

static int ask(const struct gs3_ticket_ops *ops, const struct gs3_ticket_context *context,
               const struct gs3_system *system, const char *id, struct gs3_ticket *ticket,
               struct gs3_err *err)
{
    if (ops->check(system, id, err))
        return -1;
    struct gs3_ticket_session session;
    int outcome = gs3_ticket_session_open(&session, context, system, err);
    if (outcome == 0)
        outcome = ops->ask(&session, id, ticket, err);
    gs3_ticket_session_close(&session);
    return outcome;
}

int gs3_ticket_lookup(const struct gs3_ticket_context *context, const struct gs3_system *system,
                      const char *id, struct gs3_ticket *ticket, struct gs3_err *err)
{
    *ticket = (struct gs3_ticket){.verdict = GS3_TICKET_NOT_FOUND};
    const struct gs3_ticket_ops *ops = ops_of(system->type);
    if (!ops)
        return gs3_fail(err, GS3_EPOLICY, "ticket system %s: its type cannot be asked",
                        system->name);
    ticket->system = gs3_xstrdup(system->name);
    ticket->requested_id = gs3_xstrdup(id);
    gs3_log_debug(context->log, "ticket: asking %s (%s) for %s", system->name, ops->name, id);
    if (ask(ops, context, system, id, ticket, err) == 0) {
        gs3_log_debug(context->log, "ticket: %s %s", id,
                      ticket->verdict == GS3_TICKET_FOUND ? "found" : "not found");
        return 0;
    }
    /* Half-read facts must not outlive a failure. */
    gs3_ticket_release(ticket);
    *ticket = (struct gs3_ticket){.verdict = GS3_TICKET_NOT_FOUND};
    return -1;
}
