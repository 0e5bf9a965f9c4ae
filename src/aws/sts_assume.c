#include "aws/sts_assume.h"

#include <stdlib.h>
#include <string.h>

#include "aws/arn.h"
#include "aws/ask.h"
#include "aws/credentials_internal.h"
#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/uri.h"
#include "text/utf8.h"

enum {
    FORM_BYTES = 512 * 1024, /* over what all the limits below give, percent-encoded */
    NAME_MINIMUM = 2,
    NAME_MAXIMUM = 64,
    EXTERNAL_ID_MAXIMUM = 1224,
    SERIAL_MINIMUM = 9,
    SERIAL_MAXIMUM = 256,
    CODE_DIGITS = 6,
    TAG_KEY_MAXIMUM = 128,
    TAG_VALUE_MAXIMUM = 256,
    TOKEN_MINIMUM = 4,
    TOKEN_MAXIMUM = 20000,
    SHOWN_BYTES = 300
};

struct gs3_sts_assume_call {
    const char *operation;
    struct gs3_aws_ask *ask;
    struct gs3_buf form; /* holds the token or the code */
};

void gs3_sts_assumed_release(struct gs3_sts_assumed *assumed)
{
    free(assumed->arn);
    free(assumed->id);
    *assumed = (struct gs3_sts_assumed){.arn = NULL};
}

/* ---- what STS takes */

static bool is_of(const char *text, const char *more)
{
    for (const char *c = text; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && !strchr(more, *c))
            return false;
    return true;
}

static int check_name(const char *name, const char *what, struct gs3_err *err)
{
    size_t length = strlen(name);
    if (length < NAME_MINIMUM || length > NAME_MAXIMUM || !is_of(name, "_+=,.@-"))
        return gs3_fail(err, GS3_EINVALID, "%s: 2 to 64 letters, digits and _+=,.@- are expected",
                        what);
    return 0;
}

static bool is_text(const char *text, size_t minimum, size_t maximum)
{
    size_t count = 0, length = strlen(text);
    for (size_t at = 0; at < length; count++) {
        uint32_t code_point;
        size_t bytes = gs3_utf8_decode(text + at, length - at, &code_point);
        if (bytes == 0 || gs3_utf8_is_unsafe(code_point))
            return false;
        at += bytes;
    }
    return count >= minimum && count <= maximum;
}

/* Ceph's roles have no account, or a tenant. */
static int check_arn(const char *role_arn, struct gs3_err *err)
{
    gs3_auto_free char *copy = gs3_xstrdup(role_arn);
    struct gs3_arn arn;
    bool is_fine = gs3_arn_split(copy, &arn) && *arn.partition && strcmp(arn.service, "iam") == 0 &&
                   !*arn.region && gs3_str_has_prefix(arn.resource, "role/") &&
                   arn.resource[strlen("role/")];
    if (is_fine)
        return 0;
    return gs3_fail(err, GS3_EINVALID,
                    "not the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME is expected");
}

static int check_mfa(const struct gs3_sts_role *role, struct gs3_err *err)
{
    size_t length = role->serial ? strlen(role->serial) : 0;
    if (role->serial &&
        (length < SERIAL_MINIMUM || length > SERIAL_MAXIMUM || !is_of(role->serial, "_+=/:,.@-")))
        return gs3_fail(err, GS3_EINVALID,
                        "serial number of the MFA device: 9 to 256 letters, "
                        "digits and _+=/:,.@- are expected");
    if (role->code && (role->code->length_bytes != CODE_DIGITS ||
                       strspn(role->code->text, "0123456789") != CODE_DIGITS))
        return gs3_fail(err, GS3_EINVALID, "code of the MFA device: six digits are expected");
    return 0;
}

static int check_tags(const struct gs3_sts_role *role, struct gs3_err *err)
{
    size_t count = role->tags ? role->tags->count : 0;
    if (count > GS3_STS_TAGS || role->transitive_count > GS3_STS_TAGS)
        return gs3_fail(err, GS3_EINVALID, "%zu session tags: 50 at most", count);
    for (size_t i = 0; i < count; i++) {
        const struct gs3_pair *tag = &role->tags->items[i];
        if (!is_text(tag->name, 1, TAG_KEY_MAXIMUM))
            return gs3_fail(err, GS3_EINVALID,
                            "session tag %zu: the key is not of 1 to 128 characters", i + 1);
        if (!is_text(tag->value, 0, TAG_VALUE_MAXIMUM))
            return gs3_fail(err, GS3_EINVALID,
                            "session tag %zu: the value is not of at most 256 characters", i + 1);
    }
    for (size_t i = 0; i < role->transitive_count; i++)
        if (!role->tags || !gs3_pairs_has(role->tags, role->transitive[i]))
            return gs3_fail(err, GS3_EINVALID, "transitive tag key %zu: no tag has it", i + 1);
    return 0;
}

int gs3_sts_role_check(const struct gs3_sts_role *role, struct gs3_err *err)
{
    bool has_duration = role->duration_s != 0;
    if (check_arn(role->role_arn, err) ||
        check_name(role->session_name, "role session name", err) ||
        (role->source_identity && check_name(role->source_identity, "source identity", err)) ||
        check_mfa(role, err) || check_tags(role, err))
        return -1;
    if (has_duration && (role->duration_s < GS3_STS_DURATION_MINIMUM_S ||
                         role->duration_s > GS3_STS_DURATION_MAXIMUM_S))
        return gs3_fail(err, GS3_EINVALID, "duration: 900 to 43200 seconds are expected");
    size_t id_length = role->external_id ? strlen(role->external_id) : NAME_MINIMUM;
    if (id_length < NAME_MINIMUM || id_length > EXTERNAL_ID_MAXIMUM ||
        (role->external_id && !is_of(role->external_id, "_+=,.@:/-")))
        return gs3_fail(err, GS3_EINVALID,
                        "external id: 2 to 1224 letters, digits and _+=,.@:/- "
                        "are expected");
    size_t policy_length = role->policy ? strlen(role->policy) : 1;
    if (policy_length == 0 || policy_length > GS3_STS_POLICY_BYTES)
        return gs3_fail(err, GS3_EINVALID, "session policy: %zu characters, 1 to 2048 are expected",
                        policy_length);
    return 0;
}

/* ---- the request */

static int add(struct gs3_buf *form, const char *name, const char *value)
{
    if (!value)
        return 0;
    return gs3_buf_printf(form, "&%s=", name) || gs3_uri_encode(form, value, false) ? -1 : 0;
}

static int add_tags(struct gs3_buf *form, const struct gs3_sts_role *role)
{
    int failed = 0;
    for (size_t i = 0; role->tags && i < role->tags->count; i++) {
        gs3_auto_free char *key = gs3_xasprintf("Tags.member.%zu.Key", i + 1);
        gs3_auto_free char *value = gs3_xasprintf("Tags.member.%zu.Value", i + 1);
        failed |= add(form, key, role->tags->items[i].name) |
                  add(form, value, role->tags->items[i].value);
    }
    for (size_t i = 0; i < role->transitive_count; i++) {
        gs3_auto_free char *name = gs3_xasprintf("TransitiveTagKeys.member.%zu", i + 1);
        failed |= add(form, name, role->transitive[i]);
    }
    return failed;
}

static int write_form(struct gs3_sts_assume_call *call, const struct gs3_sts_role *role,
                      const struct gs3_secret *token, struct gs3_err *err)
{
    struct gs3_buf *form = &call->form;
    int failed = gs3_buf_printf(form, "Action=%s&Version=2011-06-15", call->operation) |
                 add(form, "RoleArn", role->role_arn) |
                 add(form, "RoleSessionName", role->session_name);
    if (role->duration_s)
        failed |= gs3_buf_printf(form, "&DurationSeconds=%u", (unsigned)role->duration_s);
    failed |= add(form, "Policy", role->policy);
    if (token)
        failed |= add(form, "WebIdentityToken", token->text);
    else
        failed |= add(form, "ExternalId", role->external_id) |
                  add(form, "SerialNumber", role->serial) |
                  add(form, "TokenCode", role->code ? role->code->text : NULL) |
                  add(form, "SourceIdentity", role->source_identity) | add_tags(form, role);
    return failed ? gs3_fail(err, GS3_EINVALID, "the request to STS is too long") : 0;
}

static void free_call(struct gs3_sts_assume_call *call)
{
    gs3_secret_wipe(call->form.data, call->form.length_bytes);
    gs3_buf_release(&call->form);
    free(call);
}

static struct gs3_sts_assume_call *start(struct gs3_http *http, const struct gs3_aws_config *config,
                                         const struct gs3_credentials *credentials,
                                         const struct gs3_secret *token,
                                         const struct gs3_sts_role *role, struct gs3_err *err)
{
    if (gs3_sts_role_check(role, err))
        return NULL;
    gs3_auto_free char *endpoint = gs3_sts_endpoint_resolve(config, NULL, err);
    if (!endpoint)
        return NULL;
    struct gs3_sts_assume_call *call = gs3_xcalloc(1, sizeof *call);
    call->operation = token ? "AssumeRoleWithWebIdentity" : "AssumeRole";
    call->form.maximum_bytes = FORM_BYTES;
    if (write_form(call, role, token, err)) {
        free_call(call);
        return NULL;
    }
    const struct gs3_aws_question question = {
        .title = "STS",
        .operation = call->operation,
        .unknown = "STS gave no credentials for the role",
        .service = "sts",
        .region = gs3_region_signing(config->region),
        .method = "POST",
        .path = "/",
        .form = gs3_buf_string(&call->form),
    };
    call->ask = gs3_aws_ask_start(http, endpoint, credentials, &question);
    return call;
}

struct gs3_sts_assume_call *gs3_sts_assume_start(struct gs3_http *http,
                                                 const struct gs3_aws_config *config,
                                                 const struct gs3_credentials *credentials,
                                                 const struct gs3_sts_role *role,
                                                 struct gs3_err *err)
{
    return start(http, config, credentials, NULL, role, err);
}

struct gs3_sts_assume_call *gs3_sts_assume_web_start(struct gs3_http *http,
                                                     const struct gs3_aws_config *config,
                                                     const struct gs3_secret *token,
                                                     const struct gs3_sts_role *role,
                                                     struct gs3_err *err)
{
    size_t length = token->length_bytes;
    bool is_fine = length >= TOKEN_MINIMUM && length <= TOKEN_MAXIMUM;
    for (size_t i = 0; is_fine && i < length; i++)
        is_fine = token->text[i] > ' ' && token->text[i] <= '~';
    if (!is_fine) {
        gs3_fail(err, GS3_EINVALID,
                 "web identity token: 4 to 20000 characters of printable ASCII "
                 "without white space are expected");
        return NULL;
    }
    return start(http, config, NULL, token, role, err);
}

void gs3_sts_assume_cancel(struct gs3_http *http, struct gs3_sts_assume_call *call)
{
    gs3_aws_ask_cancel(http, call->ask);
    free_call(call);
}

/* ---- the answer */

static const char *leaf(const struct gs3_sts_assume_call *call, const struct gs3_pairs *leaves,
                        const char *name)
{
    gs3_auto_free char *path =
        gs3_xasprintf("%sResponse/%sResult/%s", call->operation, call->operation, name);
    const char *value = gs3_pairs_get(leaves, path);
    return value ? value : "";
}

static void take_secret(struct gs3_secret *secret, const char *value)
{
    if (*value)
        gs3_secret_set(secret, value, strlen(value));
}

static char *clean(const char *text)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&out, text);
    return gs3_buf_take(&out);
}

static void take_rest(const struct gs3_sts_assume_call *call, const struct gs3_pairs *leaves,
                      struct gs3_sts_assumed *assumed)
{
    uint64_t percent = 0;
    if (gs3_str_to_u64(leaf(call, leaves, "PackedPolicySize"), UINT32_MAX, &percent))
        percent = 0;
    *assumed =
        (struct gs3_sts_assumed){.arn = clean(leaf(call, leaves, "AssumedRoleUser/Arn")),
                                 .id = clean(leaf(call, leaves, "AssumedRoleUser/AssumedRoleId")),
                                 .packed_size_percent = (unsigned)percent};
}

static int read_answer(const struct gs3_sts_assume_call *call, const struct gs3_pairs *leaves,
                       struct gs3_credentials *out, struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret id = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret secret = GS3_SECRET_INIT;
    gs3_auto_secret struct gs3_secret token = GS3_SECRET_INIT;
    int64_t expires_s = 0;
    take_secret(&id, leaf(call, leaves, "Credentials/AccessKeyId"));
    take_secret(&secret, leaf(call, leaves, "Credentials/SecretAccessKey"));
    take_secret(&token, leaf(call, leaves, "Credentials/SessionToken"));
    if (!gs3_secret_is_set(&token) ||
        gs3_time_parse_iso(leaf(call, leaves, "Credentials/Expiration"), &expires_s))
        return gs3_fail(err, GS3_EUNDECIDED,
                        "STS's answer cannot be used: SessionToken or Expiration is missing");
    if (gs3_credentials_fill(out, &id, &secret, &token, "STS's answer", err) < 0) {
        if (err)
            err->class = GS3_EUNDECIDED;
        return -1;
    }
    out->source = "assumed role";
    out->expires_s = expires_s;
    return 0;
}

int gs3_sts_assume_wait(struct gs3_http *http, struct gs3_sts_assume_call *call,
                        struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                        struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    *out = (struct gs3_credentials){.access_key_id = NULL};
    if (assumed)
        *assumed = (struct gs3_sts_assumed){.arn = NULL};
    int status = gs3_aws_ask_wait(http, call->ask, &leaves, err);
    if (status == 0)
        status = read_answer(call, &leaves, out, err);
    if (status == 0 && assumed)
        take_rest(call, &leaves, assumed);
    for (size_t i = 0; i < leaves.count; i++)
        gs3_secret_wipe(leaves.items[i].value, strlen(leaves.items[i].value));
    free_call(call);
    return status;
}

int gs3_sts_assume_role(struct gs3_http *http, const struct gs3_aws_config *config,
                        const struct gs3_credentials *credentials, const struct gs3_sts_role *role,
                        struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                        struct gs3_err *err)
{
    struct gs3_sts_assume_call *call = gs3_sts_assume_start(http, config, credentials, role, err);
    return call ? gs3_sts_assume_wait(http, call, out, assumed, err) : -1;
}

int gs3_sts_assume_web_identity(struct gs3_http *http, const struct gs3_aws_config *config,
                                const struct gs3_secret *token, const struct gs3_sts_role *role,
                                struct gs3_credentials *out, struct gs3_sts_assumed *assumed,
                                struct gs3_err *err)
{
    struct gs3_sts_assume_call *call = gs3_sts_assume_web_start(http, config, token, role, err);
    return call ? gs3_sts_assume_wait(http, call, out, assumed, err) : -1;
}
