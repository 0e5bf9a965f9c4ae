#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "aws/endpoint.h"
#include "aws/sso.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/uri.h"
#include "text/utf8.h"

enum { TIMEOUT_MS = 10 * 1000, ATTEMPTS = 3, PATH_BYTES = 4096, SHOWN_BYTES = 300 };

static const char source_name[] = "SSO";

/* What the profile says, and where. */
struct sso {
    const struct gs3_credential_source *source;
    const char *place;        /* of the setting that asked for SSO */
    const char *session_name; /* NULL: the older form, without a section of its own */
    const char *account, *role, *region, *start_url;
};

/* The section's word, which the profile may repeat but not contradict. */
static int read_setting(const struct sso *sso, const char *name, const char **value,
                        struct gs3_err *err)
{
    const struct gs3_aws_profile *profile = &sso->source->config->profile;
    const char *own = gs3_credential_setting(sso->source, name);
    const char *of_session = gs3_pairs_get(&profile->sso_session, name);
    if (own && of_session && strcmp(own, of_session) != 0)
        return gs3_fail(err, GS3_ECONFIG, "%s: %s differs from the one in %s",
                        gs3_credential_place(sso->source, name), name,
                        gs3_pairs_get(&profile->sso_session_places, name));
    *value = own ? own : of_session;
    if (gs3_str_is_empty(*value))
        return gs3_fail(err, GS3_ECONFIG, "%s: the profile is for SSO, and %s is missing",
                        sso->place, name);
    return 0;
}

static int read_settings(struct sso *sso, struct gs3_err *err)
{
    const struct gs3_aws_profile *profile = &sso->source->config->profile;
    sso->session_name = gs3_credential_setting(sso->source, "sso_session");
    if (sso->session_name && !profile->has_sso_session)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s: sso_session: there is no section [sso-session %.100s]",
                        gs3_credential_place(sso->source, "sso_session"), sso->session_name);
    if (read_setting(sso, "sso_account_id", &sso->account, err) ||
        read_setting(sso, "sso_role_name", &sso->role, err) ||
        read_setting(sso, "sso_start_url", &sso->start_url, err) ||
        read_setting(sso, "sso_region", &sso->region, err))
        return -1;
    if (!gs3_region_is_valid(sso->region))
        return gs3_fail(err, GS3_ECONFIG, "%s: sso_region is not the name of a region", sso->place);
    return 0;
}

/* The CLI's own key, so that either finds what the other has left. */
static char *find_cache(const struct sso *sso)
{
    gs3_auto_buf struct gs3_buf key = GS3_BUF_INIT(1 << 20);
    gs3_buf_puts(&key, "{\"accountId\":");
    gs3_credential_json_append(&key, sso->account);
    gs3_buf_puts(&key, ",\"roleName\":");
    gs3_credential_json_append(&key, sso->role);
    gs3_buf_puts(&key, sso->session_name ? ",\"sessionName\":" : ",\"startUrl\":");
    gs3_credential_json_append(&key, sso->session_name ? sso->session_name : sso->start_url);
    gs3_buf_putc(&key, '}');
    return gs3_credential_file_path(sso->source->env, "cli/cache", gs3_buf_string(&key));
}

/* {"roleCredentials": {"accessKeyId", "secretAccessKey", "sessionToken", "expiration": ms}} */
static int read_answer(const struct gs3_http_response *response,
                       struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_credential_json cJSON *json =
        gs3_credential_json_parse(gs3_buf_string(&response->body), response->body.length_bytes,
                                  err);
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(json, "roleCredentials");
    const cJSON *expiration = cJSON_GetObjectItemCaseSensitive(inner, "expiration");
    if (!json)
        return -1;
    static const char *const names[3] = {"accessKeyId", "secretAccessKey", "sessionToken"};
    gs3_auto_secret struct gs3_secret id = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    struct gs3_secret *const values[3] = {&id, &secret, &token};
    for (size_t i = 0; i < 3; i++) {
        const char *value = gs3_json_string(inner, names[i]);
        if (!value)
            return gs3_fail(err, GS3_ECONFIG, "%s is missing", names[i]);
        gs3_secret_set(values[i], value, strlen(value));
    }
    /* A double holds every millisecond of the next 280,000 years. */
    if (!cJSON_IsNumber(expiration) || expiration->valuedouble < 0 ||
        expiration->valuedouble > 253402300799000.0)
        return gs3_fail(err, GS3_ECONFIG, "expiration is no time");
    if (gs3_credentials_fill(credentials, &id, &secret, &token, source_name, err) < 0)
        return -1;
    credentials->expires_s = (int64_t)(expiration->valuedouble / 1000);
    if (credentials->expires_s > gs3_credential_now_s())
        return 1;
    gs3_credentials_release(credentials);
    return gs3_fail(err, GS3_ECONFIG, "it has expired already");
}

/* In AWS's own words: {"message": "No access", "__type": "…"}, the code in a header. */
static int fail_answer(const struct sso *sso, const struct gs3_http_response *response,
                       struct gs3_err *err)
{
    if (response->status == 401)
        return gs3_sso_fail_login(sso->source, sso->place, "SSO does not accept the token", err);
    const char *kind = gs3_pairs_get(&response->headers, "x-amzn-errortype");
    gs3_auto_buf struct gs3_buf code = GS3_BUF_INIT(64);
    gs3_auto_buf struct gs3_buf message = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_auto_free char *front = kind ? gs3_xstrndup(kind, strcspn(kind, ":")) : NULL;
    gs3_auto_json cJSON *json =
        gs3_json_parse(gs3_buf_string(&response->body), response->body.length_bytes, NULL);
    const char *text = gs3_json_string(json, "message");
    gs3_utf8_append_printable(&code, front ? front : "unknown");
    gs3_utf8_append_printable(&message, text ? text : "no reason is given");
    gs3_fail(err, GS3_ESERVICE,
             "%s: An error occurred (%s) when calling the GetRoleCredentials operation: %s (status "
             "%ld)",
             sso->place, gs3_buf_string(&code), gs3_buf_string(&message), response->status);
    if (err) {
        err->http_status = response->status;
        snprintf(err->code, sizeof err->code, "%s", gs3_buf_string(&code));
    }
    return -1;
}

static int perform(const struct sso *sso, const char *url, const struct gs3_secret *token,
                   struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    gs3_pairs_add(&headers, "x-amz-sso_bearer_token", token->text);
    const struct gs3_credential_question question = {.provider = source_name,
                                                     .method = "GET",
                                                     .url = url,
                                                     .headers = &headers,
                                                     .timeout_ms = TIMEOUT_MS,
                                                     .attempts = ATTEMPTS,
                                                     .is_direct = gs3_str_has_prefix(url, "http:")};
    struct gs3_http_response response;
    int found = gs3_credential_ask(sso->source, &question, &response, err);
    if (found) {
        if (!(err && err->class == GS3_EINTERRUPT))
            gs3_wrap(err, "%s: SSO cannot be asked for credentials", sso->place);
    } else if (response.status != 200) {
        found = fail_answer(sso, &response, err);
    } else {
        found = read_answer(&response, credentials, err);
        if (found < 0)
            gs3_wrap(err, "%s: SSO's answer cannot be used", sso->place);
    }
    gs3_secret_wipe(headers.items[0].value, strlen(headers.items[0].value));
    gs3_credential_answer_release(&response);
    return found;
}

static int ask_portal(const struct sso *sso, struct gs3_credentials *credentials,
                      struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    const struct gs3_sso_login login = {.source = sso->source,
                                        .place = sso->place,
                                        .session_name = sso->session_name,
                                        .start_url = sso->start_url,
                                        .region = sso->region};
    gs3_auto_free char *origin =
        gs3_sso_endpoint_resolve(sso->source->config, sso->region, false, err);
    if (!origin)
        return gs3_wrap(err, "%s", sso->place);
    if (gs3_sso_token_find(&login, &token, err))
        return -1;
    gs3_auto_buf struct gs3_buf url = GS3_BUF_INIT(PATH_BYTES);
    gs3_buf_printf(&url, "%s/federation/credentials?role_name=", origin);
    gs3_uri_encode(&url, sso->role, false);
    gs3_buf_puts(&url, "&account_id=");
    if (gs3_uri_encode(&url, sso->account, false))
        return gs3_fail(err, GS3_ECONFIG, "%s: sso_role_name or sso_account_id is too long",
                        sso->place);
    return perform(sso, gs3_buf_string(&url), &token, credentials, err);
}

int gs3_credentials_from_sso(const struct gs3_credential_source *source,
                             struct gs3_credentials *credentials, struct gs3_err *err)
{
    const char *asking = gs3_credential_setting(source, "sso_account_id")  ? "sso_account_id"
                         : gs3_credential_setting(source, "sso_role_name") ? "sso_role_name"
                                                                           : NULL;
    static const char *const halves[] = {"sso_session", "sso_start_url"};
    for (size_t i = 0; !asking && i < 2; i++)
        if (gs3_credential_setting(source, halves[i])) {
            gs3_fail(err, GS3_ECONFIG, "%s: %s without sso_account_id and sso_role_name gives none",
                     gs3_credential_place(source, halves[i]), halves[i]);
            return 0;
        }
    if (!asking)
        return 0;
    struct sso sso = {.source = source, .place = gs3_credential_place(source, asking)};
    if (read_settings(&sso, err))
        return -1;
    gs3_auto_free char *cache = find_cache(&sso);
    if (gs3_credential_cache_read(cache, credentials, source_name))
        return 1;
    if (ask_portal(&sso, credentials, err) < 0)
        return -1;
    gs3_credential_cache_write(cache, credentials, "\"ProviderType\": \"sso\", ");
    return 1;
}
