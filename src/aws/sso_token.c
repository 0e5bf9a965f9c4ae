#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "aws/endpoint.h"
#include "aws/sso.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/utf8.h"

enum { TIMEOUT_MS = 10 * 1000, ATTEMPTS = 3 };

/* One token's file. */
struct store {
    const struct gs3_sso_login *login;
    char *path;
    cJSON *json;
    int64_t expires_s;
};

int gs3_sso_fail_login(const struct gs3_credential_source *source, const char *place,
                       const char *problem, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf name = GS3_BUF_INIT(400);
    gs3_utf8_append_printable(&name, source->config->profile.name);
    return gs3_fail(err, GS3_ECONFIG, "%s: %s: run aws sso login --profile %s", place, problem,
                    gs3_buf_string(&name));
}

static int load(struct store *store, struct gs3_err *err)
{
    const struct gs3_sso_login *login = store->login;
    struct gs3_err own = GS3_ERR_INIT;
    store->path =
        gs3_credential_file_path(login->source->env, "sso/cache",
                                 login->session_name ? login->session_name : login->start_url);
    if (!store->path)
        return gs3_fail(err, GS3_ECONFIG, "%s: SSO needs a home directory: set HOME", login->place);
    store->json = gs3_credential_file_read(store->path, false, &own);
    const char *expiry = gs3_json_string(store->json, "expiresAt");
    if (own.class != GS3_OK)
        return gs3_sso_fail_login(login->source, login->place, own.message, err);
    if (!store->json)
        return gs3_sso_fail_login(login->source, login->place, "nobody is logged in to SSO", err);
    if (gs3_str_is_empty(gs3_json_string(store->json, "accessToken")) || !expiry ||
        gs3_credential_time_parse(expiry, &store->expires_s)) {
        gs3_auto_free char *problem =
            gs3_xasprintf("%s: accessToken or expiresAt is missing or cannot be read", store->path);
        return gs3_sso_fail_login(login->source, login->place, problem, err);
    }
    return 0;
}

/* As the AWS CLI: with all four of them, while the registration lasts. */
static bool is_renewable(const struct store *store)
{
    static const char *const names[] = {"refreshToken", "clientId", "clientSecret",
                                        "registrationExpiresAt"};
    int64_t expires_s = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (gs3_str_is_empty(gs3_json_string(store->json, names[i])))
            return false;
    const char *expiry = gs3_json_string(store->json, "registrationExpiresAt");
    return store->login->session_name && gs3_credential_time_parse(expiry, &expires_s) == 0 &&
           expires_s > gs3_credential_now_s();
}

static void append_member(struct gs3_buf *out, const char *name, const char *value)
{
    gs3_buf_puts(out, out->length_bytes > 1 ? ", " : "");
    gs3_credential_json_append(out, name);
    gs3_buf_puts(out, ": ");
    gs3_credential_json_append(out, value);
}

/* 0: an answer of status 200. */
static int ask(const struct store *store, struct gs3_http_response *response, struct gs3_err *err)
{
    const struct gs3_sso_login *login = store->login;
    gs3_auto_free char *origin =
        gs3_sso_endpoint_resolve(login->source->config, login->region, true, err);
    if (!origin)
        return -1;
    gs3_auto_free char *url = gs3_xasprintf("%s/token", origin);
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    gs3_auto_buf struct gs3_buf body = GS3_BUF_INIT(4 * GS3_CREDENTIAL_ANSWER_BYTES);
    gs3_pairs_add(&headers, "content-type", "application/json");
    gs3_buf_putc(&body, '{');
    append_member(&body, "grantType", "refresh_token");
    static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        append_member(&body, names[i], gs3_json_string(store->json, names[i]));
    gs3_buf_putc(&body, '}');
    const struct gs3_credential_question question = {.provider = "SSO",
                                                     .method = "POST",
                                                     .url = url,
                                                     .headers = &headers,
                                                     .body = gs3_buf_string(&body),
                                                     .timeout_ms = TIMEOUT_MS,
                                                     .attempts = ATTEMPTS,
                                                     .is_direct = gs3_str_has_prefix(url, "http:")};
    int status = gs3_credential_ask(login->source, &question, response, err);
    gs3_secret_wipe(body.data, body.capacity_bytes);
    if (status == 0 && response->status != 200)
        status = gs3_fail(err, GS3_ECONFIG, "status %ld", response->status);
    return status;
}

/* The file as the AWS CLI writes it after a renewal. */
static int save(const struct store *store, const cJSON *answer, int64_t expires_s,
                struct gs3_err *err)
{
    char expiry[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(expires_s, expiry);
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(4 * GS3_CREDENTIAL_ANSWER_BYTES);
    gs3_buf_putc(&text, '{');
    append_member(&text, "startUrl", store->login->start_url);
    append_member(&text, "region", store->login->region);
    append_member(&text, "accessToken", gs3_json_string(answer, "accessToken"));
    append_member(&text, "expiresAt", expiry);
    static const char *const kept[] = {"clientId", "clientSecret", "registrationExpiresAt"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        append_member(&text, kept[i], gs3_json_string(store->json, kept[i]));
    const char *refresh = gs3_json_string(answer, "refreshToken");
    if (refresh)
        append_member(&text, "refreshToken", refresh);
    gs3_buf_putc(&text, '}');
    int status =
        gs3_credential_file_write(store->path, gs3_buf_string(&text), text.length_bytes, err);
    gs3_secret_wipe(text.data, text.capacity_bytes);
    return status;
}

/* Replaces what the store holds by what SSO gives for it. */
static int renew(struct store *store, struct gs3_err *err)
{
    struct gs3_http_response response = {.status = 0};
    gs3_auto_credential_json cJSON *answer = NULL;
    int status = ask(store, &response, err);
    if (status == 0)
        answer = gs3_credential_json_parse(gs3_buf_string(&response.body),
                                           response.body.length_bytes, err);
    gs3_credential_answer_release(&response);
    if (!answer)
        return -1;
    const cJSON *lifetime = cJSON_GetObjectItemCaseSensitive(answer, "expiresIn");
    if (gs3_str_is_empty(gs3_json_string(answer, "accessToken")) || !cJSON_IsNumber(lifetime) ||
        lifetime->valuedouble < 1 || lifetime->valuedouble > 1e9)
        return gs3_fail(err, GS3_ECONFIG, "accessToken or expiresIn is missing");
    int64_t expires_s = gs3_credential_now_s() + (int64_t)lifetime->valuedouble;
    /* The old refresh token may be spent: who cannot keep the new one must not go on as if. */
    if (save(store, answer, expires_s, err))
        return -1;
    gs3_credential_json_release(&store->json);
    store->json = answer;
    store->expires_s = expires_s;
    answer = NULL;
    return 0;
}

static int check(const struct gs3_secret *token, const struct store *store, struct gs3_err *err)
{
    for (size_t i = 0; i < token->length_bytes; i++)
        if (token->text[i] <= ' ' || token->text[i] >= 0x7f)
            return gs3_sso_fail_login(store->login->source, store->login->place,
                                      "the token holds what no header may", err);
    return 0;
}

static int find(struct store *store, struct gs3_secret *token, struct gs3_err *err)
{
    const struct gs3_sso_login *login = store->login;
    if (load(store, err))
        return -1;
    struct gs3_err why = GS3_ERR_INIT;
    bool is_late = store->expires_s - gs3_credential_now_s() < GS3_CREDENTIAL_WINDOW_S;
    if (is_late && is_renewable(store) && renew(store, &why) && why.class == GS3_EINTERRUPT)
        return gs3_fail(err, GS3_EINTERRUPT, "%s", why.message);
    if (store->expires_s <= gs3_credential_now_s()) {
        gs3_auto_free char *problem = gs3_xasprintf("the SSO token has expired%s%s",
                                                    why.class ? ", and renewing it failed: " : "",
                                                    why.class ? why.message : "");
        return gs3_sso_fail_login(login->source, login->place, problem, err);
    }
    const char *value = gs3_json_string(store->json, "accessToken");
    gs3_secret_set(token, value, strlen(value));
    return check(token, store, err);
}

int gs3_sso_token_find(const struct gs3_sso_login *login, struct gs3_secret *token,
                       struct gs3_err *err)
{
    struct store store = {.login = login};
    int status = find(&store, token, err);
    gs3_credential_json_release(&store.json);
    free(store.path);
    return status;
}
