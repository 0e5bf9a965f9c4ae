#include <stdio.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/uri.h"
#include "text/utf8.h"

/* The instance metadata service of EC2, version 2 alone: a token first, and it is sent with each
 * question. Version 1 answers whatever program can be talked into fetching an address, so gs3 does
 * not fall back to it. */

enum { TOKEN_BYTES = 4096, ROLE_BYTES = 256, MAXIMUM_S = 3600, MAXIMUM_ATTEMPTS = 100 };

static const char list_path[] = "/latest/meta-data/iam/security-credentials/";

struct imds {
    const struct gs3_credential_source *source;
    char *origin;
    uint32_t timeout_ms;
    unsigned attempts;
    struct gs3_secret token;
};

/* A variable, or else a setting of the profile, and what to call it in a message. */
struct value {
    const char *text; /* NULL: neither */
    char *place;      /* owned */
};

static void release_value(struct value *value)
{
    free(value->place);
}

static struct value find_value(const struct gs3_credential_source *source, const char *variable,
                               const char *name)
{
    const char *text = gs3_env_get(source->env, variable);
    if (text)
        return (struct value){text, gs3_xstrdup(variable)};
    text = gs3_credential_setting(source, name);
    if (gs3_str_is_empty(text))
        return (struct value){NULL, NULL};
    return (struct value){text, gs3_xasprintf("%s: %s", gs3_credential_place(source, name), name)};
}

/* `*number` is left as it is where nothing is said. */
static int read_number(const struct gs3_credential_source *source, const char *variable,
                       const char *name, uint64_t maximum, uint64_t *number, struct gs3_err *err)
{
    gs3_auto(release_value) struct value value = find_value(source, variable, name);
    if (!value.text)
        return 0;
    if (gs3_str_to_u64(value.text, maximum, number) || *number == 0)
        return gs3_fail(err, GS3_ECONFIG, "%s: a whole number from 1 to %llu is expected",
                        value.place, (unsigned long long)maximum);
    return 0;
}

static int is_ipv6_wanted(const struct gs3_credential_source *source, bool *is_wanted,
                          struct gs3_err *err)
{
    gs3_auto(release_value) struct value mode =
        find_value(source, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                   "ec2_metadata_service_endpoint_mode");
    gs3_auto(release_value) struct value older =
        find_value(source, "AWS_IMDS_USE_IPV6", "imds_use_ipv6");
    *is_wanted = mode.text ? gs3_str_equal_nocase(mode.text, "ipv6")
                           : gs3_str_equal_nocase(older.text, "true");
    if (mode.text && !*is_wanted && !gs3_str_equal_nocase(mode.text, "ipv4"))
        return gs3_fail(err, GS3_ECONFIG, "%s: ipv4 or ipv6 is expected", mode.place);
    return 0;
}

static int find_origin(struct imds *imds, struct gs3_err *err)
{
    bool is_ipv6 = false;
    struct gs3_origin origin;
    gs3_auto(release_value) struct value endpoint =
        find_value(imds->source, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                   "ec2_metadata_service_endpoint");
    if (is_ipv6_wanted(imds->source, &is_ipv6, err))
        return -1;
    if (!endpoint.text) {
        imds->origin = gs3_xstrdup(is_ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
        return 0;
    }
    if (gs3_origin_parse(endpoint.text, GS3_ECONFIG, &origin, err))
        return gs3_wrap(err, "%s", endpoint.place);
    imds->origin = gs3_origin_format(&origin);
    return 0;
}

static int read_settings(struct imds *imds, struct gs3_err *err)
{
    uint64_t timeout_s = 1;
    uint64_t attempts = 1;
    if (read_number(imds->source, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout",
                    MAXIMUM_S, &timeout_s, err) ||
        read_number(imds->source, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                    "metadata_service_num_attempts", MAXIMUM_ATTEMPTS, &attempts, err) ||
        find_origin(imds, err))
        return -1;
    imds->timeout_ms = (uint32_t)timeout_s * 1000;
    imds->attempts = (unsigned)attempts;
    return 0;
}

/* Nothing there is no error: there was nothing else to ask. -1 when the user ended it. */
static int say_why(const struct imds *imds, struct gs3_err *err)
{
    if (err && err->class == GS3_EINTERRUPT)
        return -1;
    gs3_wrap(err, "the instance metadata service at %s", imds->origin);
    return 0;
}

static int ask(const struct imds *imds, const char *method, const char *path,
               const struct gs3_pairs *headers, struct gs3_http_response *response,
               struct gs3_err *err)
{
    gs3_auto_free char *url = gs3_xasprintf("%s%s", imds->origin, path);
    const struct gs3_credential_question question = {.provider = "instance metadata",
                                                     .method = method,
                                                     .url = url,
                                                     .headers = headers,
                                                     .timeout_ms = imds->timeout_ms,
                                                     .attempts = imds->attempts,
                                                     .is_direct = true};
    if (gs3_credential_ask(imds->source, &question, response, err))
        return -1;
    if (response->status == 200 && response->body.length_bytes > 0)
        return 0;
    return gs3_fail(err, GS3_ECONFIG, "%s: status %ld%s", path, response->status,
                    response->status == 200              ? " and nothing more"
                    : headers && response->status == 404 ? ": has the instance a role?"
                                                         : "");
}

static bool is_graphic(const char *text, size_t length_bytes)
{
    for (size_t i = 0; i < length_bytes; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return length_bytes > 0;
}

static int fetch_token(struct imds *imds, struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    struct gs3_http_response response;
    gs3_pairs_add(&headers, "x-aws-ec2-metadata-token-ttl-seconds", "21600");
    int status = ask(imds, "PUT", "/latest/api/token", &headers, &response, err);
    if (status == 0) {
        const char *text = gs3_buf_string(&response.body);
        size_t length = response.body.length_bytes;
        if (length <= TOKEN_BYTES && is_graphic(text, length))
            gs3_secret_set(&imds->token, text, length);
        else
            status = gs3_fail(err, GS3_ECONFIG, "/latest/api/token: what came is no token");
    }
    gs3_credential_answer_release(&response);
    return status;
}

static int get(const struct imds *imds, const char *path, struct gs3_http_response *response,
               struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    gs3_pairs_add(&headers, "x-aws-ec2-metadata-token", imds->token.text);
    int status = ask(imds, "GET", path, &headers, response, err);
    gs3_secret_wipe(headers.items[0].value, strlen(headers.items[0].value));
    return status;
}

/* The path of the role's credentials. An instance has one role; its name has no "/". */
static int fetch_role(const struct imds *imds, char **path, struct gs3_err *err)
{
    struct gs3_http_response response;
    int status = get(imds, list_path, &response, err);
    if (status == 0) {
        const char *text = gs3_buf_string(&response.body);
        size_t length = strcspn(text, "\r\n");
        if (length < ROLE_BYTES && is_graphic(text, length) && !memchr(text, '/', length) &&
            !memchr(text, '?', length) && !memchr(text, '#', length))
            *path = gs3_xasprintf("%s%.*s", list_path, (int)length, text);
        else
            status = gs3_fail(err, GS3_ECONFIG, "%s: what came is no role's name", list_path);
    }
    gs3_credential_answer_release(&response);
    return status;
}

static int read_credentials(const struct gs3_http_response *response,
                            struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_credential_json cJSON *json =
        gs3_credential_json_parse(gs3_buf_string(&response->body), response->body.length_bytes,
                                  err);
    if (!json)
        return -1;
    const char *code = gs3_json_string(json, "Code");
    if (code && strcmp(code, "Success") != 0) {
        gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(100);
        gs3_utf8_append_printable(&shown, code);
        return gs3_fail(err, GS3_ECONFIG, "it says %s", gs3_buf_string(&shown));
    }
    if (gs3_credentials_fill_json(credentials, json, "Token", false,
                                  "the instance metadata service", err) < 0)
        return -1;
    /* When EC2 cannot renew them, AWS accepts the old ones for longer: the CLI goes on with them
     * and asks again later, and so does gs3. */
    int64_t soon_s = gs3_credential_now_s() + GS3_CREDENTIAL_WINDOW_S;
    if (credentials->expires_s < soon_s)
        credentials->expires_s = soon_s;
    return 1;
}

static int fetch(struct imds *imds, struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_free char *path = NULL;
    if (fetch_token(imds, err) || fetch_role(imds, &path, err))
        return say_why(imds, err);
    struct gs3_http_response response;
    int found = get(imds, path, &response, err);
    if (found == 0) {
        found = read_credentials(&response, credentials, err);
        if (found < 0)
            gs3_wrap(err, "what came of %s cannot be used", path);
    }
    gs3_credential_answer_release(&response);
    return found > 0 ? 1 : say_why(imds, err);
}

int gs3_credentials_from_imds(const struct gs3_credential_source *source,
                              struct gs3_credentials *credentials, struct gs3_err *err)
{
    struct imds imds = {.source = source};
    if (gs3_str_equal_nocase(gs3_env_get(source->env, "AWS_EC2_METADATA_DISABLED"), "true"))
        return 0;
    int found = read_settings(&imds, err);
    if (found == 0)
        found = fetch(&imds, credentials, err);
    gs3_secret_release(&imds.token);
    free(imds.origin);
    return found;
}
