#include "aws/credential_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/credentials_internal.h"
#include "aws/sts.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/digest.h"
#include "text/json.h"
#include "text/time.h"

enum {
    FILE_BYTES = 64 * 1024,
    KEY_BYTES = 16 * 1024,
    LEFT_S = 15 * 60,
    LIFE_MAXIMUM_S = 36 * 3600, /* thrice what STS gives: whatever says more is no such file */
    SHA1_BYTES = 20
};

static const char directory[] = "~/.aws/cli/cache";

/* ---- the name */

static void add(struct gs3_buf *key, const char *name, const char *value)
{
    if (!value)
        return;
    gs3_buf_printf(key, "%s\"%s\": ", key->length_bytes > 1 ? ", " : "", name);
    gs3_json_append_string(key, value);
}

/* Python's json.dumps(arguments, sort_keys=True); all of it is ASCII by STS's own rules. */
static void write_key(struct gs3_buf *key, const struct gs3_sts_role *role, bool has_session_name)
{
    gs3_buf_puts(key, "{");
    if (role->duration_s)
        gs3_buf_printf(key, "\"DurationSeconds\": %u", (unsigned)role->duration_s);
    add(key, "ExternalId", role->external_id);
    add(key, "RoleArn", role->role_arn);
    add(key, "RoleSessionName", has_session_name ? role->session_name : NULL);
    add(key, "SerialNumber", role->serial);
    gs3_buf_puts(key, "}");
}

char *gs3_credential_cache_path(const struct gs3_env *env, const struct gs3_sts_role *role,
                                bool has_session_name)
{
    unsigned char digest[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1];
    gs3_auto_buf struct gs3_buf key = GS3_BUF_INIT(KEY_BYTES);
    gs3_auto_free char *base = gs3_aws_home_path(env, directory);
    if (!base)
        return NULL;
    write_key(&key, role, has_session_name);
    struct gs3_digest *sha1 = gs3_digest_new(GS3_DIGEST_SHA1);
    gs3_digest_update(sha1, gs3_buf_string(&key), key.length_bytes);
    gs3_digest_finish(sha1, digest);
    gs3_digest_free(sha1);
    gs3_hex_encode(digest, sizeof digest, hex);
    return gs3_xasprintf("%s/%s.json", base, hex);
}

/* ---- reading */

/* The CLI writes "2026-11-27T08:04:57UTC"; other SDKs that share the cache write ISO 8601. */
static int parse_expiration(const char *text, int64_t *seconds)
{
    if (!text || !gs3_str_has_suffix(text, "UTC"))
        return text ? gs3_time_parse_iso(text, seconds) : -1;
    gs3_auto_free char *iso =
        gs3_xasprintf("%.*sZ", (int)(strnlen(text, 64) - strlen("UTC")), text);
    return gs3_time_parse_iso(iso, seconds);
}

static void take_secret(struct gs3_secret *secret, const cJSON *object, const char *name)
{
    const char *value = gs3_json_string(object, name);
    if (!gs3_str_is_empty(value))
        gs3_secret_set(secret, value, strlen(value));
}

static char *session_of(const cJSON *root)
{
    const char *arn =
        gs3_json_string(cJSON_GetObjectItemCaseSensitive(root, "AssumedRoleUser"), "Arn");
    const char *slash = arn ? strrchr(arn, '/') : NULL;
    return slash ? gs3_xstrdup(slash + 1) : NULL;
}

static bool take_root(const cJSON *root, int64_t now_s, struct gs3_credentials *out)
{
    gs3_auto_secret struct gs3_secret id = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "Credentials");
    int64_t expires_s = 0;
    take_secret(&id, object, "AccessKeyId");
    take_secret(&secret, object, "SecretAccessKey");
    take_secret(&token, object, "SessionToken");
    if (!gs3_secret_is_set(&token) ||
        parse_expiration(gs3_json_string(object, "Expiration"), &expires_s) ||
        expires_s - now_s < LEFT_S || expires_s - now_s > LIFE_MAXIMUM_S ||
        gs3_credentials_fill(out, &id, &secret, &token, "the cache", NULL) < 0)
        return false;
    out->expires_s = expires_s;
    out->session_name = session_of(root);
    return true;
}

static void wipe_strings(cJSON *item)
{
    for (; item; item = item->next) {
        if (item->valuestring)
            gs3_secret_wipe(item->valuestring, strlen(item->valuestring));
        wipe_strings(item->child); /* as deep as gs3_json_parse lets it be */
    }
}

bool gs3_credential_cache_read(const char *path, int64_t now_s, struct gs3_credentials *out)
{
    const struct gs3_file_read_opts opts = {.maximum_bytes = FILE_BYTES,
                                            .no_symlink = true,
                                            .is_secret = true};
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(FILE_BYTES);
    gs3_auto_json cJSON *root = NULL;
    *out = (struct gs3_credentials){.access_key_id = NULL};
    if (gs3_file_read(path, &opts, &text, NULL) == 0)
        root = gs3_json_parse(gs3_buf_string(&text), text.length_bytes, NULL);
    bool is_fine = cJSON_IsObject(root) && take_root(root, now_s, out);
    wipe_strings(root);
    gs3_secret_wipe(text.data, text.length_bytes);
    if (!is_fine)
        gs3_credentials_release(out);
    return is_fine;
}

/* ---- writing */

static int make_directory(const char *path)
{
    gs3_auto_free char *copy = gs3_xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return 0;
}

static int add_string(struct gs3_buf *out, const char *before, const char *value)
{
    return gs3_buf_puts(out, before) || gs3_json_append_string(out, value) ? -1 : 0;
}

static int write_root(struct gs3_buf *out, const struct gs3_credentials *credentials,
                      const struct gs3_sts_assumed *assumed)
{
    char expiration[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(credentials->expires_s, expiration);
    expiration[strcspn(expiration, "Z")] = '\0';
    int failed =
        add_string(out, "{\"Credentials\": {\"AccessKeyId\": ", credentials->access_key_id) ||
        add_string(out, ", \"SecretAccessKey\": ", credentials->secret_access_key.text) ||
        add_string(out, ", \"SessionToken\": ", credentials->session_token.text) ||
        gs3_buf_printf(out, ", \"Expiration\": \"%sUTC\"", expiration);
    struct gs3_caller caller = {.account = NULL};
    if (!failed && gs3_caller_parse_arn(assumed->arn, &caller, NULL) == 0)
        failed = add_string(out, ", \"AccountId\": ", caller.account);
    gs3_caller_release(&caller);
    failed = failed ||
             add_string(out, "}, \"AssumedRoleUser\": {\"AssumedRoleId\": ", assumed->id) ||
             add_string(out, ", \"Arn\": ", assumed->arn) || gs3_buf_puts(out, "}}");
    return failed ? -1 : 0;
}

void gs3_credential_cache_write(const char *path, const struct gs3_credentials *credentials,
                                const struct gs3_sts_assumed *assumed)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(FILE_BYTES);
    if (write_root(&text, credentials, assumed) == 0 && make_directory(path) == 0)
        gs3_file_replace(path, gs3_buf_string(&text), text.length_bytes, NULL);
    gs3_secret_wipe(text.data, text.length_bytes);
}
