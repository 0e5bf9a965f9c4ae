#include <string.h>

#include "aws/credentials_internal.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/uri.h"

/* As the AWS CLI. */
enum { TIMEOUT_MS = 2000, ATTEMPTS = 3, TOKEN_BYTES = 64 * 1024 };

static const char title[] = "the container's endpoint of credentials";

/* Whoever reads along on the way has the credentials: http is for this machine and for the
 * link-local addresses of ECS and EKS. */
static int check_host(const struct gs3_origin *origin, const char *variable, struct gs3_err *err)
{
    static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (strcmp(origin->scheme, "https") == 0 || origin->is_loopback)
        return 0;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strcmp(origin->host, hosts[i]) == 0)
            return 0;
    return gs3_fail(err, GS3_ECONFIG,
                    "%s: http is for loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] "
                    "alone: use https for %s",
                    variable, origin->host);
}

static int check_path(const char *path, const char *variable, struct gs3_err *err)
{
    bool is_path = *path == '/' || *path == '?' || *path == '\0';
    for (const char *c = path; is_path && *c; c++)
        is_path = *c > ' ' && *c < 0x7f && *c != '#' && *c != '\\';
    return is_path ? 0 : gs3_fail(err, GS3_ECONFIG, "%s is not an encoded address", variable);
}

/* Scheme and host of the address, for messages: the rest may be as good as a password. */
static int read_origin(const char *url, const char *variable, struct gs3_origin *origin,
                       struct gs3_err *err)
{
    const char *host = strstr(url, "://");
    size_t length = host ? (size_t)(host - url) + 3 : 0;
    length += strcspn(url + length, "/?#");
    gs3_auto_free char *front = gs3_xstrndup(url, length);
    if (gs3_origin_parse(front, GS3_ECONFIG, origin, err))
        return gs3_wrap(err, "%s", variable);
    return check_host(origin, variable, err) || check_path(url + length, variable, err) ? -1 : 0;
}

static int check_token(const struct gs3_secret *token, const char *place, struct gs3_err *err)
{
    if (token->length_bytes == 0)
        return gs3_fail(err, GS3_ECONFIG, "%s: the authorization token is empty", place);
    for (size_t i = 0; i < token->length_bytes; i++)
        if ((unsigned char)token->text[i] < ' ' || token->text[i] == 0x7f)
            return gs3_fail(err, GS3_ECONFIG,
                            "%s: the authorization token holds a line feed or another control "
                            "character, which no header may",
                            place);
    return 0;
}

static int read_token_file(const char *path, struct gs3_secret *token, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(TOKEN_BYTES);
    const struct gs3_file_read_opts opts = {.maximum_bytes = TOKEN_BYTES, .class = GS3_ECONFIG};
    gs3_auto_free char *place = gs3_xasprintf("%s:1", path);
    int status = gs3_file_read(path, &opts, &text, err);
    if (status == 0)
        gs3_secret_set(token, gs3_buf_string(&text), text.length_bytes);
    if (text.data)
        gs3_secret_wipe(text.data, text.capacity_bytes);
    if (status)
        return gs3_wrap(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    return check_token(token, place, err);
}

/* Read anew each time: EKS renews the file. Unset: no token. */
static int find_token(const struct gs3_env *env, struct gs3_secret *token, struct gs3_err *err)
{
    const char *path = gs3_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *value = gs3_env_get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (path)
        return read_token_file(path, token, err);
    if (!value)
        return 0;
    gs3_secret_set(token, value, strlen(value));
    return check_token(token, "AWS_CONTAINER_AUTHORIZATION_TOKEN", err);
}

static int read_answer(const struct gs3_http_response *response,
                       struct gs3_credentials *credentials, struct gs3_err *err)
{
    if (response->status != 200)
        return gs3_fail(err, GS3_ECONFIG, "status %ld%s", response->status,
                        response->status == 401 || response->status == 403
                            ? ": the authorization token is missing or wrong"
                            : "");
    gs3_auto_credential_json cJSON *json =
        gs3_credential_json_parse(gs3_buf_string(&response->body), response->body.length_bytes,
                                  err);
    if (!json ||
        gs3_credentials_fill_json(credentials, json, "Token", false, "the container", err) < 0)
        return gs3_wrap(err, "the answer cannot be used");
    if (credentials->expires_s > gs3_credential_now_s())
        return 1;
    gs3_credentials_release(credentials);
    return gs3_fail(err, GS3_ECONFIG, "what it gives has expired already");
}

static int ask(const struct gs3_credential_source *source, const char *url,
               struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    gs3_auto_pairs struct gs3_pairs headers = GS3_PAIRS_INIT;
    if (find_token(source->env, &token, err))
        return -1;
    gs3_pairs_add(&headers, "accept", "application/json");
    if (gs3_secret_is_set(&token))
        gs3_pairs_add(&headers, "authorization", token.text);
    const struct gs3_credential_question question = {.provider = "container",
                                                     .method = "GET",
                                                     .url = url,
                                                     .headers = &headers,
                                                     .timeout_ms = TIMEOUT_MS,
                                                     .attempts = ATTEMPTS,
                                                     .is_direct = true};
    struct gs3_http_response response;
    int found = gs3_credential_ask(source, &question, &response, err);
    if (found == 0)
        found = read_answer(&response, credentials, err);
    gs3_credential_answer_release(&response);
    if (found < 0 && !(err && err->class == GS3_EINTERRUPT))
        gs3_wrap(err, "%s", title);
    for (size_t i = 0; i < headers.count; i++)
        gs3_secret_wipe(headers.items[i].value, strlen(headers.items[i].value));
    return found;
}

int gs3_credentials_from_container(const struct gs3_credential_source *source,
                                   struct gs3_credentials *credentials, struct gs3_err *err)
{
    static const char relative_name[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    static const char full_name[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const char *relative = gs3_env_get(source->env, relative_name);
    const char *full = gs3_env_get(source->env, full_name);
    if (!relative && !full)
        return 0;
    const char *variable = relative ? relative_name : full_name;
    struct gs3_origin origin;
    if (relative && *relative != '/')
        return gs3_fail(err, GS3_ECONFIG, "%s must begin with a \"/\"", variable);
    gs3_auto_free char *url =
        relative ? gs3_xasprintf("http://169.254.170.2%s", relative) : gs3_xstrdup(full);
    if (read_origin(url, variable, &origin, err))
        return -1;
    int found = ask(source, url, credentials, err);
    if (found < 0 && !(err && err->class == GS3_EINTERRUPT))
        gs3_wrap(err, "%s", variable);
    return found;
}
