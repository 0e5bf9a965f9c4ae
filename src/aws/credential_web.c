/* Web identity: a token that an identity provider left in a file, for a role. */
#include <stdlib.h>
#include <string.h>

#include "aws/credential_cache.h"
#include "aws/credentials_internal.h"
#include "aws/sts_assume.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { TOKEN_BYTES = 20000, SHOWN_BYTES = 300 };

/* A setting, and where it is from. */
struct value {
    const char *text, *place;
};

/* The variable wins, unless a profile was asked for; the two are mixed as the AWS CLI mixes them.
 */
static struct value find_value(const struct gs3_credential_source *source, const char *variable,
                               const char *name)
{
    const char *text =
        source->config->profile_is_explicit ? NULL : gs3_env_get(source->env, variable);
    if (text)
        return (struct value){text, variable};
    text = gs3_credential_setting(source, name);
    return (struct value){gs3_str_is_empty(text) ? NULL : text, gs3_credential_place(source, name)};
}

/* The token as it is: the AWS CLI sends a line feed at its end too, and STS refuses it. */
static int read_token(const struct value *file, struct gs3_secret *token, struct gs3_err *err)
{
    const struct gs3_file_read_opts opts = {.maximum_bytes = TOKEN_BYTES, .class = GS3_ECONFIG};
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(TOKEN_BYTES);
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&shown, file->text);
    int failed = gs3_file_read(file->text, &opts, &text, err);
    const char *bytes = gs3_buf_string(&text);
    if (failed)
        gs3_wrap(err, "%s: web identity token", file->place);
    else if (strlen(bytes) != text.length_bytes || strpbrk(bytes, "\r\n"))
        failed =
            gs3_fail(err, GS3_ECONFIG,
                     "%s: %s: the web identity token holds a line feed: the file must hold the "
                     "token alone, on one line that does not end",
                     file->place, gs3_buf_string(&shown));
    else if (text.length_bytes == 0)
        failed = gs3_fail(err, GS3_ECONFIG, "%s: %s: the file is empty", file->place,
                          gs3_buf_string(&shown));
    else
        gs3_secret_set(token, bytes, text.length_bytes);
    gs3_secret_wipe(text.data, text.length_bytes);
    return failed ? -1 : 0;
}

/* The part of gs3_sts_role_check that a setting is to blame for. */
static int check(const struct value *value, const struct gs3_sts_role *tried, struct gs3_err *err)
{
    struct gs3_err problem = GS3_ERR_INIT;
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    if (gs3_sts_role_check(tried, &problem) == 0)
        return 0;
    gs3_utf8_append_printable(&shown, value->text ? value->text : "");
    return gs3_fail(err, GS3_ECONFIG, "%s: %s: %s", value->place, gs3_buf_string(&shown),
                    problem.message);
}

static bool look(const struct gs3_credential_source *source, const char *path,
                 const char *session_name, struct gs3_credentials *out)
{
    const struct gs3_credentials *stale = source->stale;
    int64_t now_s = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    if (!path || !gs3_credential_cache_read(path, now_s, out))
        return false;
    if (!stale || (!gs3_str_equal(stale->access_key_id, out->access_key_id) &&
                   gs3_str_equal(session_name, out->session_name)))
        return true;
    gs3_credentials_release(out);
    return false;
}

static int assume(const struct gs3_credential_source *source, const struct value *file,
                  const struct gs3_sts_role *role, const char *cache, struct gs3_credentials *out,
                  struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    struct gs3_sts_assumed assumed = {.arn = NULL};
    if (!source->http)
        return gs3_fail(err, GS3_ECONFIG, "%s: STS cannot be asked for the role here", file->place);
    if (read_token(file, &token, err))
        return -1;
    if (gs3_sts_assume_web_identity(source->http, source->config, &token, role, out, &assumed, err))
        return gs3_credential_role_fail(err, file->place);
    out->session_name = gs3_xstrdup(role->session_name);
    if (cache)
        gs3_credential_cache_write(cache, out, &assumed);
    gs3_sts_assumed_release(&assumed);
    return 0;
}

int gs3_credentials_from_web_identity(const struct gs3_credential_source *source,
                                      struct gs3_credentials *credentials, struct gs3_err *err)
{
    const struct value file =
        find_value(source, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
    if (!file.text)
        return 0;
    const struct value arn = find_value(source, "AWS_ROLE_ARN", "role_arn");
    const struct value name = find_value(source, "AWS_ROLE_SESSION_NAME", "role_session_name");
    if (!arn.text)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s: a web identity token without a role: set role_arn or AWS_ROLE_ARN",
                        file.place);
    gs3_auto_free char *made_up = name.text ? NULL : gs3_credential_session_name(source);
    const struct gs3_sts_role role = {.role_arn = arn.text,
                                      .session_name = name.text ? name.text : made_up};
    const struct gs3_sts_role with_arn = {.role_arn = arn.text, .session_name = "gs3"};
    if (check(&arn, &with_arn, err) || check(&name, &role, err))
        return -1;
    gs3_auto_free char *cache = gs3_credential_cache_path(source->env, &role, name.text != NULL);
    if (!look(source, cache, role.session_name, credentials) &&
        assume(source, &file, &role, cache, credentials, err))
        return -1;
    credentials->source = "web identity";
    return 1;
}
