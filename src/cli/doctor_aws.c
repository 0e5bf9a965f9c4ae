#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"
#include "govern/identity.h"
#include "policy/evaluate.h"
#include "text/time.h"

enum { SOON_S = 15 * 60, NAMES_BYTES = 1000 };

void gs3_doctor_check_config(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = "configuration"};
    const struct gs3_aws_profile *profile = &doctor->config.profile;
    if (doctor->config_err.class) {
        check.status = GS3_CHECK_FAILED;
        check.class = doctor->config_err.class;
        check.remedy = "mend the AWS configuration files, or the variable or option that is named";
        gs3_doctor_note(doctor, &check, "%s", doctor->config_err.message);
        return;
    }
    gs3_doctor_note(doctor, &check, "profile \"%s\"%s", profile->name,
                    profile->exists ? "" : ", which no file has: the environment alone counts");
}

/* "AKIA…1234": enough to tell two keys apart. */
static char *mask(const char *id)
{
    size_t length = strlen(id);
    if (length < 12)
        return gs3_xasprintf("…%s", length < 6 ? "" : id + length - 2);
    return gs3_xasprintf("%.4s…%s", id, id + length - 4);
}

static void note_expiry(struct gs3_doctor *doctor, struct gs3_check *check, const char *masked)
{
    char when[GS3_TIME_TEXT_BYTES];
    const struct gs3_credentials *credentials = &doctor->credentials;
    int64_t left_s = credentials->expires_s - gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    gs3_time_format_iso(credentials->expires_s, when);
    if (left_s <= 0) {
        check->status = GS3_CHECK_FAILED;
        check->class = GS3_ECONFIG;
        check->remedy = "get new ones from where these came from";
        gs3_doctor_note(doctor, check, "%s expired at %s", masked, when);
        return;
    }
    if (left_s < SOON_S) {
        check->status = GS3_CHECK_WARNING;
        check->remedy = "get new ones before a long transfer";
    }
    gs3_doctor_note(doctor, check, "%s, until %s (%lld min)", masked, when,
                    (long long)(left_s / 60));
}

void gs3_doctor_check_credentials(struct gs3_doctor *doctor)
{
    const struct gs3_credentials *credentials = &doctor->credentials;
    struct gs3_check check = {.name = "credentials"};
    if (doctor->config_err.class) {
        gs3_doctor_skip(doctor, check.name, "the configuration cannot be read");
        return;
    }
    if (doctor->credentials_err.class) {
        check.status = GS3_CHECK_FAILED;
        check.class = doctor->credentials_err.class;
        check.remedy = "see \"Credentials for S3\" in gs3(1)";
        gs3_doctor_note(doctor, &check, "%s", doctor->credentials_err.message);
        return;
    }
    gs3_auto_free char *masked = mask(credentials->access_key_id);
    bool is_of_profile = !gs3_str_equal(credentials->source, "environment");
    gs3_auto_free char *source =
        is_of_profile
            ? gs3_xasprintf("profile \"%s\", %s", doctor->config.profile.name, credentials->source)
            : gs3_xstrdup(credentials->source);
    check.source = source;
    if (credentials->expires_s)
        note_expiry(doctor, &check, masked);
    else
        gs3_doctor_note(doctor, &check, "%s%s", masked,
                        gs3_secret_is_set(&credentials->session_token)
                            ? ", with a session token: when it expires nobody says"
                            : "");
}

/* The environments that take the operator from STS and do not count this one's name. */
static char *list_untrusting(const struct gs3_doctor *doctor, const struct gs3_operator *who)
{
    struct gs3_buf names = GS3_BUF_INIT(NAMES_BYTES);
    for (size_t i = 0; i < doctor->policies.count; i++)
        for (size_t j = 0; j < doctor->policies.items[i]->environment_count; j++) {
            const struct gs3_environment *one = &doctor->policies.items[i]->environments[j];
            if (one->identity.source != GS3_IDENTITY_STS || gs3_operator_is_trusted(one, who))
                continue;
            gs3_buf_printf(&names, "%s%s (%s:%u)", names.length_bytes ? ", " : "", one->name,
                           one->place.file ? one->place.file : "policy", one->place.line);
        }
    return gs3_buf_take(&names);
}

static void note_caller(struct gs3_doctor *doctor, struct gs3_check *check)
{
    struct gs3_identity_record record = {.caller = doctor->caller};
    struct gs3_operator who = gs3_identity_operator(&record);
    gs3_auto_free char *untrusting = list_untrusting(doctor, &who);
    check->source = "STS";
    if (*untrusting) {
        check->status = GS3_CHECK_WARNING;
        check->remedy = "if only AWS's single sign-on or a person's own login leads to the role, "
                        "list it under identity.trusted_roles";
        gs3_doctor_note(doctor, check,
                        "%s: operator \"%s\", a name that whoever has the session chose, and that "
                        "does not count as a ticket's assignee in %s",
                        who.arn, who.name, untrusting);
        return;
    }
    gs3_doctor_note(doctor, check, "%s: operator \"%s\"%s", who.arn, who.name,
                    gs3_doctor_wants_sts(doctor) ? ", trusted" : "");
}

static void note_sts_failure(struct gs3_doctor *doctor, struct gs3_check *check)
{
    const struct gs3_err *err = &doctor->sts_ask.err;
    bool is_wanted = gs3_doctor_wants_sts(doctor);
    check->status = is_wanted ? GS3_CHECK_FAILED : GS3_CHECK_WARNING;
    check->class = err->class;
    check->source = "STS";
    check->remedy = err->class == GS3_ESERVICE ? "replace the credentials, or get new ones"
                    : err->class == GS3_ECONFIG
                        ? "set the endpoint of STS right"
                        : "see that this machine reaches STS (AWS_ENDPOINT_URL_STS, proxies), and "
                          "that the certificate is one that the system trusts";
    gs3_doctor_note(doctor, check, "%s", err->message);
}

/* Where no environment wants STS. */
static void note_os(struct gs3_doctor *doctor, struct gs3_check *check)
{
    struct gs3_identity_record record = {.os_name = NULL};
    struct gs3_err err = GS3_ERR_INIT;
    check->source = "the system's user";
    if (gs3_identity_from_os(&record, &err)) {
        check->status = GS3_CHECK_FAILED;
        check->class = err.class;
        check->remedy = "run gs3 as a user that has a name";
        gs3_doctor_note(doctor, check, "%s", err.message);
    } else {
        gs3_doctor_note(doctor, check, "operator \"os:%s\"", record.os_name);
    }
    gs3_identity_release(&record);
}

void gs3_doctor_check_identity(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = "identity"};
    bool is_wanted = gs3_doctor_wants_sts(doctor);
    if (!is_wanted && doctor->policies.count > 0)
        note_os(doctor, &check);
    check = (struct gs3_check){.name = "identity"};
    if (doctor->sts_ask.was_asked && !doctor->sts_ask.has_failed)
        note_caller(doctor, &check);
    else if (doctor->sts_ask.was_asked)
        note_sts_failure(doctor, &check);
    else if (is_wanted && !doctor->is_sts_listed) {
        check.status = GS3_CHECK_FAILED;
        check.class = GS3_EREFUSED;
        check.remedy = "add it to endpoints, or leave it out";
        gs3_doctor_note(doctor, &check,
                        "the STS endpoint %s is not listed under endpoints of the policy",
                        doctor->config.endpoint_sts);
    } else if (is_wanted || doctor->policies.count == 0)
        gs3_doctor_skip(
            doctor, check.name,
            doctor->config_err.class || doctor->credentials_err.class ? "there are no credentials "
                                                                        "to ask STS with"
                                                                      : "nothing says that the "
                                                                        "store is AWS's");
}

static const char *region_source(const struct gs3_doctor *doctor)
{
    if (doctor->args->values[GS3_OPT_REGION])
        return "--region";
    if (gs3_env_get(doctor->env, "AWS_REGION"))
        return "AWS_REGION";
    if (gs3_env_get(doctor->env, "AWS_DEFAULT_REGION"))
        return "AWS_DEFAULT_REGION";
    const char *place = gs3_pairs_get(&doctor->config.profile.places, "region");
    return place ? place : "profile";
}

void gs3_doctor_check_region(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = "region"};
    if (doctor->config_err.class) {
        gs3_doctor_skip(doctor, check.name, "the configuration cannot be read");
    } else if (doctor->config.region) {
        check.source = region_source(doctor);
        gs3_doctor_note(doctor, &check, "%s", doctor->config.region);
    } else if (doctor->config.endpoint_s3) {
        gs3_doctor_note(doctor, &check, "none is set: us-east-1 signs");
    } else {
        check.status = GS3_CHECK_FAILED;
        check.class = GS3_ECONFIG;
        check.remedy = "use --region, set AWS_REGION, or run \"aws configure\"";
        gs3_doctor_note(doctor, &check, "none is set");
    }
}
