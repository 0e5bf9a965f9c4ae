#include "aws/hosts.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"

enum { NAMES_BYTES = 2000 };

/* What one policy has for the bucket; false: nothing. */
static bool append_environment(const struct gs3_policy *policy, const struct gs3_location *bucket,
                               struct gs3_buf *out)
{
    const struct gs3_environment *found =
        gs3_policy_environment(policy, bucket->bucket, bucket->key);
    const char *separator = out->length_bytes ? ", and " : "";
    if (found)
        gs3_buf_printf(out, "%s%s (%s:%u)", separator, found->name,
                       found->place.file ? found->place.file : policy->files[0], found->place.line);
    else if (gs3_policy_has_bucket(policy, bucket->bucket))
        gs3_buf_printf(out, "%sonly some prefixes are governed by %s", separator, policy->files[0]);
    if (found && !gs3_policy_is_uniform(policy, bucket->bucket, bucket->key))
        gs3_buf_puts(out, ", with prefixes in other environments");
    return found || gs3_policy_has_bucket(policy, bucket->bucket);
}

static void check_environment(struct gs3_doctor *doctor, const struct gs3_location *bucket)
{
    gs3_auto_free char *name = gs3_xasprintf("bucket:%s", bucket->bucket);
    gs3_auto_buf struct gs3_buf found = GS3_BUF_INIT(NAMES_BYTES);
    struct gs3_check check = {.name = name};
    if (doctor->policies.count == 0) {
        gs3_doctor_skip(doctor, name, "there is no policy that could govern it");
        return;
    }
    for (size_t i = 0; i < doctor->policies.count; i++)
        if (!append_environment(doctor->policies.items[i], bucket, &found)) {
            check.status = GS3_CHECK_FAILED;
            check.class = GS3_EREFUSED;
            check.remedy = "add it to match of the environment that it belongs to";
            gs3_doctor_note(doctor, &check, "s3://%s/%s is in no environment of %s", bucket->bucket,
                            bucket->key, doctor->policies.items[i]->files[0]);
            return;
        }
    gs3_doctor_note(doctor, &check, "environment %s", gs3_buf_string(&found));
}

/* Why something that AWS would say is not known; false: it is. */
static bool skip_unasked(struct gs3_doctor *doctor, const struct gs3_doctor_ask *ask,
                         const char *name)
{
    const struct gs3_err *err = &ask->err;
    struct gs3_check check = {.name = name, .status = GS3_CHECK_WARNING};
    if (!ask->was_asked) {
        gs3_doctor_skip(
            doctor, name,
            doctor->config_err.class || doctor->credentials_err.class ? "there are no credentials "
                                                                        "to ask with"
                                                                      : "the store is not AWS's "
                                                                        "own");
        return true;
    }
    if (!ask->has_failed)
        return false;
    if (gs3_aws_err_is_denied(err)) {
        gs3_auto_free char *why = gs3_xasprintf("the caller may not ask: %s", err->message);
        gs3_doctor_skip(doctor, name, why);
        return true;
    }
    check.remedy = err->class == GS3_ESERVICE ? "see what AWS says about the credentials above"
                                              : "see that this machine reaches the service";
    gs3_doctor_note(doctor, &check, "%s", err->message);
    return true;
}

static const char *describe(const struct gs3_trail_verdict *verdict)
{
    static const char *const words[3][3] = {
        {"", "some writes, no reads", "writes, no reads"},
        {"some reads, no writes", "some reads and some writes", "writes and some reads"},
        {"reads, no writes", "reads and some writes", "reads and writes"},
    };
    return words[verdict->reads][verdict->writes];
}

static void check_trail(struct gs3_doctor *doctor, const struct gs3_location *bucket)
{
    gs3_auto_free char *name = gs3_xasprintf("trail:%s", bucket->bucket);
    struct gs3_check check = {.name = name,
                              .status = GS3_CHECK_WARNING,
                              .remedy = "switch data events on for the bucket's objects, reads and "
                                        "writes: nothing else records a download"};
    if (skip_unasked(doctor, &doctor->trails_ask, name))
        return;
    const char *region = gs3_region_signing(doctor->config.region);
    struct gs3_trail_verdict verdict =
        gs3_trails_judge(&doctor->trails, gs3_aws_partition(region), bucket->bucket, bucket->key);
    check.source = verdict.name;
    if (verdict.reads == GS3_TRAIL_ALL && verdict.writes == GS3_TRAIL_ALL) {
        check.status = GS3_CHECK_OK;
        check.remedy = NULL;
    } else if (doctor->trails.denied_count > 0) {
        check.remedy = "ask whoever may read their event selectors";
        gs3_doctor_note(doctor, &check,
                        "of %zu trails in %s the caller may not see what %zu record",
                        doctor->trails.count, region, doctor->trails.denied_count);
        return;
    } else if (!verdict.name && verdict.stopped_name) {
        check.source = verdict.stopped_name;
        check.remedy = "start its logging";
        gs3_doctor_note(doctor, &check, "the trail that would record data events is stopped");
        return;
    }
    if (verdict.name)
        gs3_doctor_note(doctor, &check, "data events record %s in %s", describe(&verdict), region);
    else
        gs3_doctor_note(doctor, &check, "no trail of %zu in %s records data events",
                        doctor->trails.count, region);
}

static void check_guardduty(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = "guardduty"};
    const struct gs3_guardduty *found = &doctor->guardduty;
    if (skip_unasked(doctor, &doctor->guardduty_ask, check.name))
        return;
    const char *region = gs3_region_signing(doctor->config.region);
    if (found->is_enabled && found->watches_s3) {
        gs3_doctor_note(doctor, &check, "S3 Protection is on in %s", region);
        return;
    }
    check.status = GS3_CHECK_WARNING;
    check.remedy = !found->has_detector ? "enable GuardDuty, with S3 Protection"
                   : !found->is_enabled ? "resume GuardDuty"
                                        : "enable the feature S3_DATA_EVENTS of the detector";
    gs3_doctor_note(doctor, &check, "%s in %s",
                    !found->has_detector ? "there is no detector"
                    : !found->is_enabled ? "GuardDuty is suspended"
                                         : "S3 Protection is off",
                    region);
}

void gs3_doctor_check_buckets(struct gs3_doctor *doctor)
{
    for (size_t i = 0; i < doctor->bucket_count; i++) {
        check_environment(doctor, &doctor->buckets[i]);
        check_trail(doctor, &doctor->buckets[i]);
    }
    if (doctor->bucket_count > 0)
        check_guardduty(doctor);
}
