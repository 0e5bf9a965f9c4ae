#include "aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { NOTES_BYTES = 1200 };

void gs3_credentials_release(struct gs3_credentials *credentials)
{
    free(credentials->access_key_id);
    free(credentials->session_name);
    gs3_secret_release(&credentials->secret_access_key);
    gs3_secret_release(&credentials->session_token);
    *credentials = (struct gs3_credentials){.access_key_id = NULL};
}

void gs3_credentials_copy(struct gs3_credentials *to, const struct gs3_credentials *from)
{
    *to = (struct gs3_credentials){.access_key_id = gs3_xstrdup_or_null(from->access_key_id),
                                   .source = from->source,
                                   .expires_s = from->expires_s,
                                   .session_name = gs3_xstrdup_or_null(from->session_name)};
    if (gs3_secret_is_set(&from->secret_access_key))
        gs3_secret_copy(&to->secret_access_key, &from->secret_access_key);
    if (gs3_secret_is_set(&from->session_token))
        gs3_secret_copy(&to->session_token, &from->session_token);
}

static bool is_same_secret(const struct gs3_secret *a, const struct gs3_secret *b)
{
    if (!gs3_secret_is_set(a) || !gs3_secret_is_set(b))
        return gs3_secret_is_set(a) == gs3_secret_is_set(b);
    return gs3_secret_equal(a, b);
}

bool gs3_credentials_equal(const struct gs3_credentials *a, const struct gs3_credentials *b)
{
    return gs3_str_equal(a->access_key_id, b->access_key_id) &&
           is_same_secret(&a->secret_access_key, &b->secret_access_key) &&
           is_same_secret(&a->session_token, &b->session_token);
}

/* A character that no AWS credential holds is a slip of the clipboard (a line feed, a space, a
 * quote of another alphabet), and in a header it would be worse. The value is never shown. */
static int check_value(const struct gs3_secret *value, const char *source, const char *name,
                       struct gs3_err *err)
{
    if (value->length_bytes == 0)
        return gs3_fail(err, GS3_ECONFIG, "%s: %s is empty", source, name);
    for (size_t i = 0; i < value->length_bytes; i++)
        if (value->text[i] <= ' ' || value->text[i] == 0x7f)
            return gs3_fail(err, GS3_ECONFIG,
                            "%s: %s holds white space, a control character or a character that is "
                            "not ASCII",
                            source, name);
    return 0;
}

int gs3_credentials_fill(struct gs3_credentials *credentials, const struct gs3_secret *id,
                         const struct gs3_secret *secret, const struct gs3_secret *token,
                         const char *source, struct gs3_err *err)
{
    if (!gs3_secret_is_set(secret) || !gs3_secret_is_set(id))
        return gs3_fail(err, GS3_ECONFIG, "partial credentials found in %s: %s is missing", source,
                        gs3_secret_is_set(id) ? "aws_secret_access_key" : "aws_access_key_id");
    bool has_token = gs3_secret_is_set(token) && token->length_bytes > 0;
    if (check_value(id, source, "aws_access_key_id", err) ||
        check_value(secret, source, "aws_secret_access_key", err) ||
        (has_token && check_value(token, source, "aws_session_token", err)))
        return -1;
    if (strpbrk(id->text, "/,"))
        return gs3_fail(err, GS3_ECONFIG,
                        "%s: aws_access_key_id holds \"/\" or \",\": is it the secret key?",
                        source);
    credentials->access_key_id = gs3_xstrndup(id->text, id->length_bytes);
    gs3_secret_copy(&credentials->secret_access_key, secret);
    if (has_token)
        gs3_secret_copy(&credentials->session_token, token);
    credentials->source = source;
    return 1;
}

static void take_variable(struct gs3_secret *secret, const struct gs3_env *env, const char *name)
{
    const char *value = gs3_env_get(env, name);
    if (value)
        gs3_secret_set(secret, value, strlen(value));
}

int gs3_credentials_from_environment(const struct gs3_credential_source *source,
                                     struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret id = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret old_token = GS3_SECRET_INIT;
    take_variable(&id, source->env, "AWS_ACCESS_KEY_ID");
    take_variable(&secret, source->env, "AWS_SECRET_ACCESS_KEY");
    take_variable(&token, source->env, "AWS_SESSION_TOKEN");
    take_variable(&old_token, source->env, "AWS_SECURITY_TOKEN");
    if (!gs3_secret_is_set(&id) && !gs3_secret_is_set(&secret))
        return 0;
    bool has_both = gs3_secret_is_set(&token) && gs3_secret_is_set(&old_token);
    if (has_both && !gs3_secret_equal(&token, &old_token))
        return gs3_fail(err, GS3_ECONFIG,
                        "AWS_SESSION_TOKEN and AWS_SECURITY_TOKEN differ: unset the wrong one");
    return gs3_credentials_fill(credentials, &id, &secret,
                                gs3_secret_is_set(&token) ? &token : &old_token, "environment",
                                err);
}

static int find_environment(const struct gs3_credential_source *source,
                            struct gs3_credentials *credentials, struct gs3_err *err)
{
    if (source->config->profile_is_explicit)
        return 0;
    return gs3_credentials_from_environment(source, credentials, err);
}

const char *gs3_credential_setting(const struct gs3_credential_source *source, const char *name)
{
    return gs3_pairs_get(&source->config->profile.settings, name);
}

const char *gs3_credential_place(const struct gs3_credential_source *source, const char *name)
{
    const char *place = gs3_pairs_get(&source->config->profile.places, name);
    return place ? place : "profile";
}

/* With the line that has to be mended: of the value, or of the half that is there. */
static int fill_from_file(const struct gs3_credential_source *source, const struct gs3_secret *id,
                          const struct gs3_secret *secret, const struct gs3_secret *token,
                          const char *title, struct gs3_credentials *credentials,
                          struct gs3_err *err)
{
    const struct {
        const char *name;
        const struct gs3_secret *value;
        bool may_be_empty;
    } values[] = {{"aws_access_key_id", id, false},
                  {"aws_secret_access_key", secret, false},
                  {"aws_session_token", token, true}};
    const char *place = NULL;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct gs3_secret *value = values[i].value;
        if (!gs3_secret_is_set(value))
            continue;
        const char *own = gs3_credential_place(source, values[i].name);
        if (!(values[i].may_be_empty && value->length_bytes == 0) &&
            check_value(value, own, values[i].name, err))
            return -1;
        place = place ? place : own;
    }
    if (gs3_credentials_fill(credentials, id, secret, token, title, err) < 0)
        return gs3_wrap(err, "%s", place);
    return 1;
}

static int find_shared_file(const struct gs3_credential_source *source,
                            struct gs3_credentials *credentials, struct gs3_err *err)
{
    const struct gs3_aws_profile *profile = &source->config->profile;
    if (!gs3_secret_is_set(&profile->access_key_id) &&
        !gs3_secret_is_set(&profile->secret_access_key))
        return 0;
    return fill_from_file(source, &profile->access_key_id, &profile->secret_access_key,
                          &profile->session_token, "the shared credentials file", credentials, err);
}

static int find_config_file(const struct gs3_credential_source *source,
                            struct gs3_credentials *credentials, struct gs3_err *err)
{
    const struct gs3_aws_profile *profile = &source->config->profile;
    if (!gs3_secret_is_set(&profile->config_access_key_id) &&
        !gs3_secret_is_set(&profile->config_secret_access_key))
        return 0;
    return fill_from_file(source, &profile->config_access_key_id,
                          &profile->config_secret_access_key, &profile->config_session_token,
                          "the configuration file", credentials, err);
}

/* In the order of the AWS CLI. */
static const struct gs3_credential_provider providers[] = {
    {"environment", find_environment},
    {"assume role", gs3_credentials_from_role},
    {"web identity", gs3_credentials_from_web_identity},
    {"SSO", gs3_credentials_from_sso},
    {"shared credentials file", find_shared_file},
    {"credential process", gs3_credentials_from_process},
    {"configuration file", find_config_file},
    {"container", gs3_credentials_from_container},
    {"instance metadata", gs3_credentials_from_imds},
};

/* The ones that are asked for a source_profile. */
enum { OF_PROFILE_FIRST = 2, OF_PROFILE_LAST = 6 };

int gs3_credentials_from_profile(const struct gs3_credential_source *source,
                                 struct gs3_credentials *credentials, struct gs3_err *err)
{
    for (size_t i = OF_PROFILE_FIRST; i <= OF_PROFILE_LAST; i++) {
        int found = providers[i].find(source, credentials, err);
        if (found != 0)
            return found;
    }
    return 0;
}

int gs3_credentials_find(const struct gs3_credential_source *source,
                         struct gs3_credentials *credentials, struct gs3_err *err)
{
    *credentials = (struct gs3_credentials){.access_key_id = NULL};
    gs3_auto_buf struct gs3_buf notes = GS3_BUF_INIT(NOTES_BYTES);
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        struct gs3_err why = GS3_ERR_INIT;
        int found = providers[i].find(source, credentials, &why);
        if (found < 0 && err)
            *err = why;
        if (found != 0)
            return found > 0 ? 0 : -1;
        if (why.class != GS3_OK)
            gs3_buf_printf(&notes, "%s%s", notes.length_bytes ? "; " : " (", why.message);
    }
    gs3_auto_buf struct gs3_buf name = GS3_BUF_INIT(400);
    gs3_utf8_append_printable(&name, source->config->profile.name);
    return gs3_fail(err, GS3_ECONFIG,
                    "unable to locate credentials for profile \"%s\": set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or run \"aws configure\"%s%s",
                    gs3_buf_string(&name), gs3_buf_string(&notes), notes.length_bytes ? ")" : "");
}
