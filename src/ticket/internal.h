/* What the files of the ticket room share. Nothing outside the room (and its tests) includes it.
 *
 * ticket.c opens a session (origin checked, credentials resolved into one header), the vendor's
 * file asks through exchange.c and reads the answer into facts. Credentials: auth.c chooses,
 * credential.c reads one reference of the policy (or runs its command), native.c the vendors' own
 * variables, netrc.c the netrc file, oauth.c trades a client secret for a token.
 */
#ifndef GS3_TICKET_INTERNAL_H
#define GS3_TICKET_INTERNAL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "crypto/secret.h"
#include "text/json.h"
#include "ticket/ticket.h"

enum {
    GS3_TICKET_URL_BYTES = 4096,
    GS3_TICKET_SECRET_BYTES = 64 * 1024,
    GS3_TICKET_SOURCE_BYTES = 256,
    GS3_TICKET_TIMEOUT_MS = 10 * 1000
};

enum gs3_ticket_auth_kind {
    GS3_AUTH_NONE,
    GS3_AUTH_BASIC,
    GS3_AUTH_BEARER,
    GS3_AUTH_API_KEY,
    GS3_AUTH_OAUTH
};

/* One way to log in, and where it was found (for messages: "SN_USERNAME and SN_PASSWORD"). */
struct gs3_ticket_auth {
    enum gs3_ticket_auth_kind kind;
    struct gs3_secret user; /* user name or client id; not set for a token or key */
    struct gs3_secret secret;
    char source[GS3_TICKET_SOURCE_BYTES];
};
void gs3_ticket_auth_release(struct gs3_ticket_auth *auth);

/* One look-up at one system: what every request of it shares. */
struct gs3_ticket_session {
    const struct gs3_ticket_context *context;
    const struct gs3_system *system;
    char *origin;            /* "https://host[:port]" */
    const char *header_name; /* of the credential; NULL: none yet */
    struct gs3_secret header_value;
    char source[GS3_TICKET_SOURCE_BYTES];
};
int gs3_ticket_session_open(struct gs3_ticket_session *session,
                            const struct gs3_ticket_context *context,
                            const struct gs3_system *system, struct gs3_err *err);
void gs3_ticket_session_close(struct gs3_ticket_session *session);

/* An answer that may be read: status 200 with a JSON object, or a status that is the vendor's to
 * judge (`json` NULL when its body is none). */
struct gs3_ticket_answer {
    struct gs3_http_response response;
    cJSON *json;
};
void gs3_ticket_answer_release(struct gs3_ticket_answer *answer);
#define gs3_auto_answer __attribute__((cleanup(gs3_ticket_answer_release)))

/* Sends one request for `path` (from the origin on, encoded). 0: status 200 with a JSON value, or
 * any other 4xx but 401, 403, 408, 429. Everything else is GS3_EUNDECIDED (GS3_EINTERRUPT and
 * GS3_ECONFIG pass) with the system, the host and what to do. */
int gs3_ticket_ask(struct gs3_ticket_session *session, const char *path, const char *form,
                   struct gs3_ticket_answer *answer, struct gs3_err *err);

/* The same in two steps, so that two requests can be under way at once: `pending` must not move
 * before it has ended or was cancelled; after either it is empty, and a second cancel is harmless.
 */
struct gs3_ticket_pending {
    struct gs3_ticket_session *session;
    const char *form;
    char *url;
    struct gs3_http_call *call;
    unsigned throttled, failed;
};
void gs3_ticket_ask_begin(struct gs3_ticket_session *session, const char *path, const char *form,
                          struct gs3_ticket_pending *pending);
int gs3_ticket_ask_end(struct gs3_ticket_pending *pending, struct gs3_ticket_answer *answer,
                       struct gs3_err *err);
void gs3_ticket_ask_cancel(struct gs3_ticket_pending *pending);

/* exchange.c: the three kinds of "could not decide" that vendors' files report too. Return -1. */
int gs3_ticket_rejected(const struct gs3_ticket_session *session, const char *how,
                        struct gs3_err *err);
int gs3_ticket_unusable(const struct gs3_ticket_session *session, struct gs3_err *err,
                        const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A status that no vendor gives a meaning; quotes `message` of the vendor's error when not NULL. */
int gs3_ticket_status(const struct gs3_ticket_session *session, long status, const char *message,
                      struct gs3_err *err);
/* The Date header into the ticket's server time; an unreadable one counts as missing. */
void gs3_ticket_date(const struct gs3_http_response *response, struct gs3_ticket *ticket);

/* auth.c: the first of policy, native variables, netrc that has a credential. GS3_ECONFIG. */
int gs3_ticket_auth_find(const struct gs3_ticket_context *context, const struct gs3_system *system,
                         struct gs3_ticket_auth *auth, struct gs3_err *err);

/* A value for one part of a credential, and what to call it in a message. */
struct gs3_ticket_part {
    const char *name; /* "username", "password", "token", "client_id", "client_secret", "api_key" */
    const char *label; /* "SN_PASSWORD", "credentials.password (policy.yaml:9)"; owned elsewhere */
    struct gs3_secret value;
};
/* Picks the one way to log in that uses exactly these parts. `what` begins the error. Values are
 * copied into `auth`. */
int gs3_ticket_auth_choose(const struct gs3_system *system, const char *what,
                           struct gs3_ticket_part *parts, size_t count,
                           struct gs3_ticket_auth *auth, struct gs3_err *err);
/* Refuses a value that is empty or holds a control character: it would end up in a header. */
int gs3_ticket_auth_check(const char *label, const struct gs3_secret *value, struct gs3_err *err);

/* credential.c */
/* Runs argv without a shell, reads at most GS3_TICKET_SECRET_BYTES of its standard output within
 * GS3_TICKET_TIMEOUT_MS, drops one final newline. */
int gs3_ticket_command_run(const struct gs3_http *http, const struct gs3_strings *argv,
                           struct gs3_secret *output, struct gs3_err *err);
int gs3_ticket_credential_read(const struct gs3_ticket_context *context,
                               const struct gs3_credential_ref *ref, struct gs3_secret *value,
                               struct gs3_err *err);
/* native.c, netrc.c: `auth->kind` stays GS3_AUTH_NONE when they have nothing for this host. */
int gs3_ticket_native_find(const struct gs3_ticket_context *context,
                           const struct gs3_system *system, struct gs3_ticket_auth *auth,
                           struct gs3_err *err);
int gs3_ticket_netrc_find(const struct gs3_ticket_context *context, const struct gs3_system *system,
                          struct gs3_ticket_auth *auth, struct gs3_err *err);
/* The parser alone: sets user and secret when `host` has an entry. */
int gs3_ticket_netrc_parse(const char *path, const char *text, size_t length_bytes,
                           const char *host, struct gs3_ticket_auth *auth, struct gs3_err *err);
/* Whether Jira's JIRA_AUTH_TYPE asks for a bearer token; -1 when its value is not known. */
int gs3_ticket_jira_bearer(const struct gs3_env *env, bool *is_bearer, struct gs3_err *err);

/* oauth.c: replaces a client id and secret by the access token of `/oauth_token.do`. */
int gs3_ticket_oauth(struct gs3_ticket_session *session, const struct gs3_ticket_auth *auth,
                     struct gs3_secret *token, struct gs3_err *err);

/* servicenow_read.c: the rows of one table into facts. 0 with verdict FOUND or NOT_FOUND. */
int gs3_servicenow_read(const struct gs3_ticket_session *session, const char *table, const char *id,
                        const cJSON *json, struct gs3_ticket *ticket, struct gs3_err *err);
const char *gs3_servicenow_fields(const char *table); /* comma-separated; NULL: table not known */

/* jira.c: a GET below the system's path, and what Jira says of the credentials in a header. */
int gs3_jira_get(struct gs3_ticket_session *session, const char *path,
                 struct gs3_ticket_answer *answer, struct gs3_err *err);
void gs3_jira_begin(struct gs3_ticket_session *session, const char *path,
                    struct gs3_ticket_pending *pending);
int gs3_jira_end(struct gs3_ticket_pending *pending, struct gs3_ticket_answer *answer,
                 struct gs3_err *err);

/* jira_read.c: one issue into facts; its window by the ids of the fields. */
struct gs3_jira_window {
    struct gs3_strings start_ids, end_ids; /* field ids; owned */
};
int gs3_jira_read(const struct gs3_ticket_session *session, const char *id, const cJSON *json,
                  struct gs3_ticket *ticket, struct gs3_err *err);
int gs3_jira_times_read(const struct gs3_ticket_session *session, const char *id, const cJSON *json,
                        const struct gs3_jira_window *window, struct gs3_ticket *ticket,
                        struct gs3_err *err);

/* jira_service.c: what Jira Service Management and custom fields add. The site's list of fields
 * was asked for beside the issue; only a site that has the window's fields costs another request.
 */
void gs3_jira_window_begin(struct gs3_ticket_session *session, struct gs3_ticket_pending *pending);
int gs3_jira_window_find(struct gs3_ticket_session *session, const char *id,
                         struct gs3_ticket_pending *pending, struct gs3_ticket *ticket,
                         struct gs3_err *err);
void gs3_jira_window_release(struct gs3_jira_window *window);
int gs3_jira_window_read(const struct gs3_ticket_session *session, const cJSON *json,
                         struct gs3_jira_window *window, struct gs3_err *err);
int gs3_jira_approval_find(struct gs3_ticket_session *session, const char *id,
                           struct gs3_ticket *ticket, struct gs3_err *err);
/* One page of approvals: `*approval` becomes "approved", "pending", "declined" or another decision;
 * the least favourable stays over pages. `*is_last` says whether more follow. */
int gs3_jira_approval_read(const struct gs3_ticket_session *session, const cJSON *json,
                           char **approval, size_t *count, bool *is_last, struct gs3_err *err);

#endif
