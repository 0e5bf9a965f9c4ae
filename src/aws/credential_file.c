#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/credentials_internal.h"
#include "base/file.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "text/time.h"

char *gs3_credential_file_path(const struct gs3_env *env, const char *directory, const char *key)
{
    const char *home = gs3_aws_home_directory(env);
    if (!home)
        return NULL;
    unsigned char sum[GS3_SHA1_BYTES];
    char hex[2 * GS3_SHA1_BYTES + 1];
    struct gs3_digest *digest = gs3_digest_new(GS3_DIGEST_SHA1);
    gs3_digest_update(digest, key, strlen(key));
    gs3_digest_finish(digest, sum);
    gs3_digest_free(digest);
    gs3_hex_encode(sum, sizeof sum, hex);
    return gs3_xasprintf("%s/.aws/%s/%s.json", home, directory, hex);
}

cJSON *gs3_credential_file_read(const char *path, bool is_private, struct gs3_err *err)
{
    struct gs3_err own = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_CREDENTIAL_ANSWER_BYTES);
    const struct gs3_file_read_opts opts = {.maximum_bytes = GS3_CREDENTIAL_ANSWER_BYTES,
                                            .no_symlink = is_private,
                                            .is_secret = is_private,
                                            .class = GS3_ECONFIG};
    cJSON *json = NULL;
    if (gs3_file_read(path, &opts, &text, &own) == 0) {
        json = gs3_credential_json_parse(gs3_buf_string(&text), text.length_bytes, err);
        if (!json)
            gs3_wrap(err, "%s", path);
    } else if (own.sys_errno != ENOENT && own.sys_errno != ENOTDIR) {
        gs3_fail(err, GS3_ECONFIG, "%s", own.message);
    }
    if (text.data)
        gs3_secret_wipe(text.data, text.capacity_bytes);
    return json;
}

static void make_directories(const char *path)
{
    gs3_auto_free char *copy = gs3_xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(copy, 0700); /* one that cannot be made is found out by what comes next */
        *slash = '/';
    }
}

int gs3_credential_file_write(const char *path, const char *text, size_t length_bytes,
                              struct gs3_err *err)
{
    make_directories(path);
    if (gs3_file_replace(path, text, length_bytes, err) == 0)
        return 0;
    if (err)
        err->class = GS3_ECONFIG;
    return -1;
}

int gs3_credential_cache_read(const char *path, struct gs3_credentials *credentials,
                              const char *source)
{
    gs3_auto_credential_json cJSON *json =
        path ? gs3_credential_file_read(path, false, NULL) : NULL;
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(json, "Credentials");
    if (!cJSON_IsObject(inner) ||
        gs3_credentials_fill_json(credentials, inner, "SessionToken", false, source, NULL) < 0)
        return 0;
    if (credentials->expires_s - gs3_credential_now_s() >= GS3_CREDENTIAL_WINDOW_S)
        return 1;
    gs3_credentials_release(credentials);
    return 0;
}

void gs3_credential_cache_write(const char *path, const struct gs3_credentials *credentials,
                                const char *extra)
{
    char expiration[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(credentials->expires_s, expiration);
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_CREDENTIAL_ANSWER_BYTES);
    gs3_buf_printf(&text, "{%s\"Credentials\": {\"AccessKeyId\": ", extra);
    gs3_credential_json_append(&text, credentials->access_key_id);
    gs3_buf_puts(&text, ", \"SecretAccessKey\": ");
    gs3_credential_json_append(&text, credentials->secret_access_key.text);
    gs3_buf_puts(&text, ", \"SessionToken\": ");
    gs3_credential_json_append(&text, gs3_secret_is_set(&credentials->session_token)
                                          ? credentials->session_token.text
                                          : "");
    gs3_buf_puts(&text, ", \"Expiration\": ");
    gs3_credential_json_append(&text, expiration);
    if (gs3_buf_puts(&text, "}}") == 0 && path)
        gs3_credential_file_write(path, gs3_buf_string(&text), text.length_bytes, NULL);
    if (text.data)
        gs3_secret_wipe(text.data, text.capacity_bytes);
}
