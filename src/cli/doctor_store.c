#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"

static const char store_name[] = "endpoint";

/* Codes that mean the credentials, and what to do about each. */
static const struct {
    const char *code, *remedy;
} refusals[] = {
    {"InvalidAccessKeyId", "use an access key of this store's"},
    {"SignatureDoesNotMatch", "set the secret access key that belongs to the access key"},
    {"InvalidToken", "set the session token that belongs to the access key, or unset it"},
    {"ExpiredToken", "get new credentials"},
    {"AuthorizationHeaderMalformed", "set the region that the store signs with"},
    {"InvalidClientTokenId", "use an access key of this store's"},
};

static char *describe(const struct gs3_doctor *doctor)
{
    gs3_auto_free char *origin = gs3_origin_format(&doctor->store);
    const struct gs3_aws_config *config = &doctor->config;
    bool is_tls = strcmp(doctor->store.scheme, "https") == 0;
    return gs3_xasprintf("%s, %s style%s%s", origin,
                         doctor->endpoint.is_path_style ? "path" : "virtual-hosted",
                         !is_tls                 ? ", no TLS"
                         : config->no_verify_tls ? ", its certificate is not verified"
                         : config->ca_bundle     ? ", CA "
                                                 : ", the system's CA",
                         is_tls && !config->no_verify_tls && config->ca_bundle ? config->ca_bundle
                                                                               : "");
}

static void fail(struct gs3_doctor *doctor, enum gs3_err_class class, const char *remedy,
                 const char *message)
{
    gs3_auto_free char *what = describe(doctor);
    const struct gs3_check check = {.name = store_name,
                                    .status = GS3_CHECK_FAILED,
                                    .class = class,
                                    .source = what,
                                    .remedy = remedy};
    gs3_doctor_note(doctor, &check, "%s", message);
}

/* What came back. */
static void note_answer(struct gs3_doctor *doctor)
{
    const struct gs3_s3_probe *probe = &doctor->probe;
    gs3_auto_free char *what = describe(doctor);
    gs3_auto_free char *answer =
        gs3_xasprintf("it answers %ld%s%s", probe->status, *probe->code ? " " : "", probe->code);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(probe->code, refusals[i].code) == 0) {
            fail(doctor, GS3_ESERVICE, refusals[i].remedy, answer);
            return;
        }
    /* A store may well not have a list of buckets. */
    if (probe->status >= 500 && probe->status != 501)
        fail(doctor, GS3_ESERVICE, "try again later, or ask whoever runs it", answer);
    else if (probe->status == 200 && probe->is_html)
        fail(doctor, GS3_ESERVICE, "check the endpoint, and proxies that ask for a login",
             "it answers with a page for people: that is no S3 endpoint");
    else {
        bool is_unverified =
            strcmp(doctor->store.scheme, "https") == 0 && doctor->config.no_verify_tls;
        const struct gs3_check check = {
            .name = store_name,
            .status = is_unverified ? GS3_CHECK_WARNING : GS3_CHECK_OK,
            .source = what,
            .remedy =
                is_unverified ? "name its CA with --ca-bundle instead of --no-verify-ssl" : NULL};
        gs3_doctor_note(doctor, &check, "%sreachable",
                        doctor->endpoint.is_custom && doctor->policies.count
                            ? "listed in the policy, "
                            : "");
    }
}

void gs3_doctor_check_store(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = store_name, .status = GS3_CHECK_FAILED};
    if (doctor->config_err.class) {
        gs3_doctor_skip(doctor, store_name, "the configuration cannot be read");
    } else if (doctor->endpoint_err.class && !doctor->config.region &&
               !doctor->config.endpoint_s3) {
        gs3_doctor_skip(doctor, store_name, "there is no region to find it by");
    } else if (doctor->endpoint_err.class) {
        check.class = doctor->endpoint_err.class;
        check.remedy = "mend or unset --endpoint-url, AWS_ENDPOINT_URL_S3 or endpoint_url";
        gs3_doctor_note(doctor, &check, "%s", doctor->endpoint_err.message);
    } else if (!doctor->is_store_listed) {
        fail(doctor, GS3_EREFUSED,
             "add it to endpoints of the policy or of an environment, or leave it out",
             "it is not listed under endpoints of the policy, and so it is not asked");
    } else if (doctor->store_ask.has_failed) {
        const char *remedy = doctor->store_ask.err.class == GS3_ECONFIG
                                 ? "set --ca-bundle or AWS_CA_BUNDLE right"
                                 : "check the endpoint, the network, proxies, and its CA";
        fail(doctor, doctor->store_ask.err.class, remedy, doctor->store_ask.err.message);
    } else {
        note_answer(doctor);
    }
}
