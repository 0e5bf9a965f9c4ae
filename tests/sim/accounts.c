/*
 * Who may ask: Basic, Bearer and x-sn-apikey against the accounts of a fixture, and the tokens that
 * the OAuth endpoint gave out since the start.
 *
 * An account is {"kind": basic|bearer|apikey|oauth, "login"?, "secret", …}; what else it has is
 * the persona's.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

struct sim_token {
    struct sim_token *next;
    char *token;
    char *login;
    int64_t expires_ms; /* of the monotonic clock: whole seconds would end a short life at once */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool account_is(const cJSON *account, const char *kind, const char *login,
                       const char *secret)
{
    const char *own_kind = sim_json_string(account, "kind");
    const char *own_login = sim_json_string(account, "login");
    const char *own_secret = sim_json_string(account, "secret");
    return own_kind && strcmp(own_kind, kind) == 0 && own_secret &&
           strcmp(own_secret, secret) == 0 &&
           (!login || (own_login && sim_equal_fold(own_login, login)));
}

static const cJSON *find_account(const cJSON *accounts, const char *kind, const char *login,
                                 const char *secret)
{
    const cJSON *account = NULL;
    cJSON_ArrayForEach(account, accounts)
    {
        if (account_is(account, kind, login, secret))
            return account;
    }
    return NULL;
}

static const cJSON *find_by_token(const struct sim *sim, const cJSON *accounts, const char *token)
{
    for (const struct sim_token *given = sim->tokens; given; given = given->next) {
        if (strcmp(given->token, token) != 0 || given->expires_ms <= now_ms())
            continue;
        const cJSON *account = NULL;
        cJSON_ArrayForEach(account, accounts)
        {
            const char *kind = sim_json_string(account, "kind");
            const char *login = sim_json_string(account, "login");
            if (kind && strcmp(kind, "oauth") == 0 && login && strcmp(login, given->login) == 0)
                return account;
        }
    }
    return find_account(accounts, "bearer", NULL, token);
}

static const cJSON *find_basic(const cJSON *accounts, const char *encoded)
{
    char *pair = sim_base64_decode(encoded);
    char *colon = pair ? strchr(pair, ':') : NULL;
    const cJSON *account = NULL;
    if (colon) {
        *colon = '\0';
        account = find_account(accounts, "basic", pair, colon + 1);
    }
    free(pair);
    return account;
}

/* account is borrowed from accounts and set only with SIM_LOGIN_RIGHT. */
enum sim_login sim_account_check(struct sim *sim, const struct sim_request *req,
                                 const cJSON *accounts, const cJSON **account)
{
    const char *authorization = sim_pairs_get(&req->headers, "authorization");
    const char *apikey = sim_pairs_get(&req->headers, "x-sn-apikey");
    *account = NULL;
    if (!authorization && !apikey)
        return SIM_LOGIN_NONE;
    const cJSON *found = NULL;
    if (authorization && strncasecmp(authorization, "Basic ", 6) == 0)
        found = find_basic(accounts, authorization + 6);
    else if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
        found = find_by_token(sim, accounts, authorization + 7);
    else if (!authorization)
        found = find_account(accounts, "apikey", NULL, apikey);
    if (!found || sim_fault_arg(req, "bad-auth"))
        return SIM_LOGIN_WRONG;
    *account = found;
    return SIM_LOGIN_RIGHT;
}

static void oauth_refuse(struct sim_answer *answer, unsigned status, const char *error,
                         const char *why)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "error_description", why);
    cJSON_AddStringToObject(body, "error", error);
    sim_answer_json(answer, status, body);
}

static const char *issue_token(struct sim *sim, const char *login, int64_t seconds)
{
    struct sim_token *given = sim_alloc(sizeof(*given));
    struct timespec now;
    char hex[SIM_SHA256_HEX];
    clock_gettime(CLOCK_REALTIME, &now);
    char *seed = sim_printf("%s %lld %ld", login, (long long)now.tv_sec, now.tv_nsec);
    sim_sha256_hex(seed, strlen(seed), hex);
    free(seed);
    given->token = sim_printf("sim-oauth-%.40s", hex);
    given->login = sim_strdup(login);
    given->expires_ms = now_ms() + seconds * 1000;
    given->next = sim->tokens;
    sim->tokens = given;
    return given->token;
}

/* POST /oauth_token.do: client_credentials, the id and the secret in the form or as Basic. */
void sim_account_oauth(struct sim *sim, const struct sim_request *req, const cJSON *accounts,
                       struct sim_answer *answer)
{
    struct sim_pairs form = {0};
    sim_form_parse(&form, req->body.data);
    const char *grant = sim_pairs_get(&form, "grant_type");
    const char *id = sim_pairs_get(&form, "client_id");
    const char *secret = sim_pairs_get(&form, "client_secret");
    const cJSON *account = id && secret ? find_account(accounts, "oauth", id, secret) : NULL;
    if (strcmp(req->method, "POST") != 0) {
        oauth_refuse(answer, 405, "invalid_request", "method not allowed");
    } else if (!grant || strcmp(grant, "client_credentials") != 0) {
        oauth_refuse(answer, 400, "unsupported_grant_type", "access_denied");
    } else if (!account || sim_fault_arg(req, "bad-auth")) {
        oauth_refuse(answer, 401, "invalid_client", "access_denied");
    } else {
        int64_t seconds = sim_json_integer(account, "expires_in", 1799);
        cJSON *body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "access_token", issue_token(sim, id, seconds));
        cJSON_AddStringToObject(body, "scope", "useraccount");
        cJSON_AddStringToObject(body, "token_type", "Bearer");
        cJSON_AddNumberToObject(body, "expires_in", (double)seconds);
        sim_answer_json(answer, 200, body);
    }
    sim_pairs_release(&form);
}

void sim_accounts_forget(struct sim *sim)
{
    while (sim->tokens) {
        struct sim_token *given = sim->tokens;
        sim->tokens = given->next;
        free(given->token);
        free(given->login);
        free(given);
    }
}
