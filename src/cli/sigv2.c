#include "cli/sigv2.h"

#include <string.h>

#include "aws/access_point.h"
#include "base/mem.h"
#include "base/str.h"
#include "s3/v2.h"

enum { CONNECT_TIMEOUT_MS = 10 * 1000, STALL_TIMEOUT_MS = 60 * 1000, KEY_ID_BYTES = 64 };

struct gs3_sigv2 {
    const struct gs3_s3_module *module;
    struct gs3_v2 *v2;
    struct gs3_v2_settings settings;
    char *host;
};

bool gs3_sigv2_is_wanted(const struct gs3_session *session)
{
    return gs3_str_equal(session->config.signature_version, "s3");
}

/* Options whose meaning Signature Version 2, or libs3, has no words for. */
static int check_options(const struct gs3_session *session, struct gs3_err *err)
{
    static const struct {
        enum gs3_option_id id;
        const char *why;
    } refused[] = {
        {GS3_OPT_NO_OVERWRITE, "it has no conditional writes"},
        {GS3_OPT_RESUME, "it has no multipart uploads"},
        {GS3_OPT_TAGS, "it has no tags"},
        {GS3_OPT_CONTENT_DISPOSITION, "libs3 cannot send it as it is given"},
        {GS3_OPT_CONTENT_LANGUAGE, "libs3 cannot send it"},
        {GS3_OPT_EXPIRES, "libs3 cannot send it as it is given"},
        {GS3_OPT_WEBSITE_REDIRECT, "libs3 cannot send it"},
        {GS3_OPT_GRANTS, "libs3 knows canned ACLs alone"},
        {GS3_OPT_STORAGE_CLASS, "it has no storage classes"},
        {GS3_OPT_SSE, "it has no encryption"},
        {GS3_OPT_SSE_KMS_KEY_ID, "it has no encryption"},
        {GS3_OPT_SSE_C, "it has no encryption"},
        {GS3_OPT_SSE_C_KEY, "it has no encryption"},
        {GS3_OPT_SSE_C_COPY_SOURCE, "it has no encryption"},
        {GS3_OPT_SSE_C_COPY_SOURCE_KEY, "it has no encryption"},
        {GS3_OPT_CHECKSUM_ALGORITHM, "it has no checksums"},
        {GS3_OPT_CHECKSUM_MODE, "it has no checksums"},
        {GS3_OPT_REQUEST_PAYER, "libs3 cannot send it"},
        {GS3_OPT_SOURCE_REGION, "it has no regions"},
        {GS3_OPT_NO_SIGN_REQUEST, "libs3 signs every request"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (session->args->values[refused[i].id])
            return gs3_fail(err, GS3_EUSAGE, "--%s cannot be had with signature_version = s3: %s",
                            gs3_options[refused[i].id].name, refused[i].why);
    return 0;
}

static int check_request(const struct gs3_session *session, struct gs3_err *err)
{
    /* An ACL is one of four; the rest was refused above. */
    const struct gs3_s3_request request = {
        .op = GS3_S3_PUT_OBJECT,
        .write = session->plan_opts.write,
        .properties = session->plan_opts.properties,
    };
    return gs3_s3_v2_check(&request, err);
}

static int check_end(const struct gs3_session *session, const struct gs3_location *end,
                     struct gs3_err *err)
{
    if (end->kind != GS3_LOCATION_S3)
        return 0;
    if (gs3_access_point_is_arn(end->bucket))
        return gs3_fail(err, GS3_EUSAGE,
                        "an access point cannot be had with signature_version = s3");
    if (!session->config.endpoint_s3)
        return gs3_fail(err, GS3_ECONFIG,
                        "signature_version = s3 is for stores that know nothing newer: AWS wants "
                        "Version 4, so leave it out; for another store give its endpoint");
    return 0;
}

static int check_config(const struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_aws_config *config = &session->config;
    if (config->endpoint_s3 && gs3_str_has_prefix(config->endpoint_s3, "https:") &&
        !config->no_verify_tls)
        return gs3_fail(err, GS3_ECONFIG,
                        "https is refused with signature_version = s3: libs3 accepts any "
                        "certificate and cannot be told a CA, so nobody would know who answers; "
                        "--no-verify-ssl says that this is fine");
    if (config->bandwidth_bytes_per_s > 0)
        return gs3_fail(err, GS3_ECONFIG,
                        "s3.max_bandwidth cannot be had with signature_version = s3: take one of "
                        "the two out of the profile");
    return 0;
}

int gs3_sigv2_check(struct gs3_session *session, struct gs3_err *err)
{
    bool is_tree = session->options.is_recursive;
    if (!gs3_sigv2_is_wanted(session))
        return 0;
    if (check_options(session, err) || check_request(session, err) ||
        check_end(session, is_tree ? &session->source : &session->plan.source, err) ||
        check_end(session, is_tree ? &session->destination : &session->plan.destination, err) ||
        check_config(session, err))
        return -1;
    /* One request an object, up to what one may carry. */
    session->plan_opts.multipart_threshold_bytes = GS3_PUT_MAXIMUM_BYTES;
    session->plan.opts.multipart_threshold_bytes = GS3_PUT_MAXIMUM_BYTES;
    return 0;
}

static int check_credentials(const struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_credentials *credentials = &session->credentials;
    const char *source = credentials->source ? credentials->source : "credentials";
    if (gs3_secret_is_set(&credentials->session_token))
        return gs3_fail(err, GS3_ECONFIG,
                        "the credentials (%s) have a session token, which cannot be had with "
                        "signature_version = s3: use those of a user",
                        source);
    if (strlen(credentials->access_key_id) > KEY_ID_BYTES)
        return gs3_fail(err, GS3_ECONFIG,
                        "the access key id (%s) has more than %d characters, which libs3 cannot "
                        "send",
                        source, KEY_ID_BYTES);
    return 0;
}

/* As the configuration counts: 0 for the default, UINT32_MAX for none. */
static uint32_t timeout_ms(uint32_t configured, uint32_t otherwise)
{
    if (configured == UINT32_MAX)
        return 0;
    return configured ? configured : otherwise;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

static int fill_settings(const struct gs3_session *session, struct gs3_sigv2 *sigv2,
                         struct gs3_err *err)
{
    const struct gs3_aws_config *config = &session->config;
    struct gs3_origin origin;
    if (gs3_origin_parse(config->endpoint_s3, GS3_ECONFIG, &origin, err))
        return -1;
    bool is_https = strcmp(origin.scheme, "https") == 0;
    sigv2->host = origin.is_default_port ? gs3_xstrdup(origin.host)
                                         : gs3_xasprintf("%s:%u", origin.host, origin.port);
    sigv2->settings = (struct gs3_v2_settings){
        .host = sigv2->host,
        .is_https = is_https,
        .is_path_style = config->addressing != GS3_ADDRESSING_VIRTUAL,
        .user_agent = session->user_agent,
        .proxy = text_or_empty(is_https ? config->proxy_https : config->proxy_http),
        .no_proxy = text_or_empty(config->no_proxy),
        .connect_timeout_ms = timeout_ms(config->connect_timeout_ms, CONNECT_TIMEOUT_MS),
        .stall_timeout_ms = timeout_ms(config->read_timeout_ms, STALL_TIMEOUT_MS),
    };
    return 0;
}

int gs3_sigv2_open(struct gs3_session *session, struct gs3_err *err)
{
    char why[128] = "";
    if (!gs3_sigv2_is_wanted(session))
        return 0;
    if (check_credentials(session, err))
        return -1;
    struct gs3_sigv2 *sigv2 = session->sigv2 = gs3_xcalloc(1, sizeof *sigv2);
    sigv2->module = gs3_s3_module_load(GS3_MODULEDIR, err);
    if (!sigv2->module || fill_settings(session, sigv2, err))
        return -1;
    sigv2->v2 = sigv2->module->open(&sigv2->settings, why, sizeof why);
    return sigv2->v2 ? 0 : gs3_fail(err, GS3_ECONFIG, "libs3 cannot be used: %s", why);
}

void gs3_sigv2_close(struct gs3_session *session)
{
    struct gs3_sigv2 *sigv2 = session->sigv2;
    if (!sigv2)
        return;
    if (sigv2->v2)
        sigv2->module->close(sigv2->v2);
    free(sigv2->host);
    free(sigv2);
    session->sigv2 = NULL;
}

struct gs3_s3_transport *gs3_sigv2_transport(const struct gs3_session *session,
                                             const struct gs3_lane *lane)
{
    const struct gs3_credential_lease *lease = lane->own;
    const struct gs3_s3_v2_opts opts = {
        .module = session->sigv2->module,
        .v2 = session->sigv2->v2,
        .http = lane->http,
        .credentials = &lease->credentials,
        .log = &session->log,
    };
    return gs3_s3_v2_new(&opts);
}
