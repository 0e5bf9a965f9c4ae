#include <string.h>

#include "base/str.h"
#include "text/uri.h"
#include "ticket/internal.h"

enum { FORM_BYTES = 256 * 1024 };

/* ServiceNow: "Client credentials" grant of the OAuth application registry (RFC 6749, 4.4). */
static int read_token(const struct gs3_ticket_session *session,
                      const struct gs3_ticket_answer *answer, struct gs3_secret *token,
                      struct gs3_err *err)
{
    const char *access = gs3_json_string(answer->json, "access_token");
    const char *type = gs3_json_string(answer->json, "token_type");
    if (!access || !type || !gs3_str_equal_nocase(type, "bearer"))
        return gs3_ticket_unusable(session, err, "answered /oauth_token.do without a bearer token");
    gs3_secret_set(token, access, strlen(access));
    struct gs3_err cause = GS3_ERR_INIT;
    if (gs3_ticket_auth_check("its access token", token, &cause))
        return gs3_ticket_unusable(session, err, "answered /oauth_token.do, but %s", cause.message);
    return 0;
}

static int ask(struct gs3_ticket_session *session, const char *form, struct gs3_secret *token,
               struct gs3_err *err)
{
    gs3_auto_answer struct gs3_ticket_answer answer = {.json = NULL};
    gs3_auto_free char *path =
        gs3_xasprintf("%s/oauth_token.do", session->system->path ? session->system->path : "");
    if (gs3_ticket_ask(session, path, form, &answer, err))
        return -1;
    int outcome;
    /* 400 is what RFC 6749 gives for invalid_client without a header. */
    if (answer.response.status == 400)
        outcome = gs3_ticket_rejected(session, "400 from /oauth_token.do", err);
    else if (answer.response.status != 200)
        outcome = gs3_ticket_status(session, answer.response.status, "/oauth_token.do", err);
    else
        outcome = read_token(session, &answer, token, err);
    if (answer.response.body.data)
        gs3_secret_wipe(answer.response.body.data, answer.response.body.capacity_bytes);
    return outcome;
}

int gs3_ticket_oauth(struct gs3_ticket_session *session, const struct gs3_ticket_auth *auth,
                     struct gs3_secret *token, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf form = GS3_BUF_INIT(FORM_BYTES);
    int outcome = -1;
    if (gs3_buf_puts(&form, "grant_type=client_credentials&client_id=") ||
        gs3_uri_encode(&form, auth->user.text, false) || gs3_buf_puts(&form, "&client_secret=") ||
        gs3_uri_encode(&form, auth->secret.text, false))
        gs3_fail(err, GS3_ECONFIG, "ticket system %s: the client secret is too long",
                 session->system->name);
    else
        outcome = ask(session, gs3_buf_string(&form), token, err);
    if (form.data)
        gs3_secret_wipe(form.data, form.capacity_bytes);
    return outcome;
}
