#include "aws/role_cache.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/json.h"
#include "text/time.h"

enum {
    KEY_BYTES = 16 * 1024,
    LIFE_MAXIMUM_S = 36 * 3600 /* thrice what STS gives: whatever says more is no such file */
};

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

char *gs3_role_cache_path(const struct gs3_env *env, const struct gs3_sts_role *role,
                          bool has_session_name)
{
    gs3_auto_buf struct gs3_buf key = GS3_BUF_INIT(KEY_BYTES);
    write_key(&key, role, has_session_name);
    return gs3_credential_file_path(env, "cli/cache", gs3_buf_string(&key));
}

/* ---- reading */

static char *session_of(const cJSON *root)
{
    const char *arn =
        gs3_json_string(cJSON_GetObjectItemCaseSensitive(root, "AssumedRoleUser"), "Arn");
    const char *slash = arn ? strrchr(arn, '/') : NULL;
    return slash ? gs3_xstrdup(slash + 1) : NULL;
}

static bool take_root(const cJSON *root, int64_t now_s, struct gs3_credentials *out)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, "Credentials");
    if (!cJSON_IsObject(object) ||
        gs3_credentials_fill_json(out, object, "SessionToken", false, "the cache", NULL) < 0)
        return false;
    int64_t left_s = out->expires_s - now_s;
    out->session_name = session_of(root);
    return gs3_secret_is_set(&out->session_token) && left_s >= GS3_CREDENTIAL_WINDOW_S &&
           left_s <= LIFE_MAXIMUM_S;
}

bool gs3_role_cache_read(const char *path, int64_t now_s, struct gs3_credentials *out)
{
    *out = (struct gs3_credentials){.access_key_id = NULL};
    gs3_auto_credential_json cJSON *root = gs3_credential_file_read(path, true, NULL);
    if (root && take_root(root, now_s, out))
        return true;
    gs3_credentials_release(out);
    return false;
}

/* ---- writing */

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

void gs3_role_cache_write(const char *path, const struct gs3_credentials *credentials,
                          const struct gs3_sts_assumed *assumed)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_CREDENTIAL_ANSWER_BYTES);
    if (write_root(&text, credentials, assumed) == 0)
        gs3_credential_file_write(path, gs3_buf_string(&text), text.length_bytes, NULL);
    gs3_secret_wipe(text.data, text.length_bytes);
}
