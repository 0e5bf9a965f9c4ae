/* What keeps the rest in force: a service control policy, and the policy of a VPC endpoint. */
#include "base/mem.h"
#include "policy/export_internal.h"
#include "text/glob.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { SCP_BYTES = 5120, ENDPOINT_POLICY_BYTES = 20480 };

static const char *const configure_bucket[] = {
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketLogging",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
};
static const char *const bypass_lock[] = {"s3:BypassGovernanceRetention"};
static const char *const account_settings[] = {
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "guardduty:CreateFilter",
    "guardduty:DeleteDetector",
    "guardduty:DeleteMembers",
    "guardduty:DisassociateFromAdministratorAccount",
    "guardduty:DisassociateFromMasterAccount",
    "guardduty:DisassociateMembers",
    "guardduty:StopMonitoringMembers",
    "guardduty:UpdateDetector",
    "guardduty:UpdateFilter",
    "guardduty:UpdateMemberDetectors",
    "s3:PutAccountPublicAccessBlock",
};
static const char *const alerts[] = {
    "cloudwatch:DeleteAlarms",   "cloudwatch:DisableAlarmActions",
    "cloudwatch:PutMetricAlarm", "events:DeleteRule",
    "events:DisableRule",        "events:PutRule",
    "events:RemoveTargets",
};
static const char *const change_role[] = {
    "iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
    "iam:PutRolePolicy",    "iam:TagRole",    "iam:UntagRole",        "iam:UpdateAssumeRolePolicy",
};
static const char *const through_endpoint[] = {
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetObjectVersionTagging",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
};

/* The governed buckets; with their objects, or these alone. */
static void add_arns(const struct gs3_export_opts *opts, const struct gs3_strings *buckets,
                     bool with_buckets, bool with_objects, struct gs3_strings *arns)
{
    for (size_t i = 0; i < buckets->count; i++) {
        gs3_auto_free char *arn = gs3_export_bucket_arn(opts, buckets->items[i]);
        if (with_buckets)
            gs3_strings_add_new(arns, arn);
        if (with_objects)
            gs3_export_add_object_arns(opts, buckets->items[i], "", arns);
    }
}

static void deny(cJSON *document, const struct gs3_export_opts *opts, const char *sid,
                 const char *const *actions, size_t action_count, const struct gs3_strings *arns)
{
    cJSON *statement = gs3_export_statement(document, sid, 0, false, actions, action_count);
    gs3_export_set(statement, "Resource", arns);
    gs3_export_exempt(opts, statement);
}

static void deny_one(cJSON *document, const struct gs3_export_opts *opts, const char *sid,
                     const char *const *actions, size_t action_count, const char *arn)
{
    gs3_auto_strings struct gs3_strings arns = {.count = 0};
    gs3_strings_add(&arns, arn);
    deny(document, opts, sid, actions, action_count, &arns);
}

static void guard_alerts(cJSON *document, const struct gs3_export_opts *opts)
{
    const char *partition = opts->partition ? opts->partition : "aws";
    gs3_auto_strings struct gs3_strings arns = {.count = 0};
    gs3_auto_free char *rules = gs3_xasprintf("arn:%s:events:*:*:rule/gs3-*", partition);
    gs3_auto_free char *alarms = gs3_xasprintf("arn:%s:cloudwatch:*:*:alarm:gs3-*", partition);
    gs3_strings_add(&arns, rules);
    gs3_strings_add(&arns, alarms);
    deny(document, opts, "KeepAlerts", alerts, COUNT_OF(alerts), &arns);
}

static void guard_roles(const struct gs3_policy *policy, cJSON *document,
                        const struct gs3_export_opts *opts)
{
    gs3_auto_strings struct gs3_strings roles = {.count = 0};
    for (size_t i = 0; i < policy->environment_count; i++) {
        const char *arn = gs3_export_role_arn(opts, &policy->environments[i]);
        if (arn && gs3_export_has_environment(opts, &policy->environments[i]))
            gs3_strings_add_new(&roles, arn);
    }
    if (roles.count)
        deny(document, opts, "KeepRoles", change_role, COUNT_OF(change_role), &roles);
}

int gs3_export_scp(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                   struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    gs3_auto_strings struct gs3_strings arns = {.count = 0};
    gs3_auto_strings struct gs3_strings objects = {.count = 0};
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    cJSON *document = gs3_export_policy_document();
    gs3_export_add(out, "gs3", document);
    add_arns(opts, &buckets, true, false, &arns);
    add_arns(opts, &buckets, false, true, &objects);
    deny(document, opts, "KeepBuckets", configure_bucket, COUNT_OF(configure_bucket), &arns);
    deny(document, opts, "KeepLocks", bypass_lock, COUNT_OF(bypass_lock), &objects);
    deny_one(document, opts, "KeepRecords", account_settings, COUNT_OF(account_settings), "*");
    guard_alerts(document, opts);
    guard_roles(policy, document, opts);
    gs3_export_note(out, "can: keep whoever works in the member accounts from deleting a governed "
                         "bucket, from changing what protects it, and from stopping the trail, "
                         "GuardDuty and gs3's alerts");
    gs3_export_note(out, "cannot: bind the organization's management account, service-linked roles "
                         "or principals of other organizations, and cannot demand a ticket");
    if (opts->exempt_roles.count == 0)
        gs3_export_note(out, "no role is left out (--exempt-role): to change a bucket the policy "
                             "must be detached");
    else
        gs3_export_note(out, "the roles of --exempt-role are not bound: who may assume them "
                             "decides what this is worth");
    return gs3_export_check_size(document, "the service control policy", "gs3", SCP_BYTES, err);
}

int gs3_export_vpce(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                    struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    gs3_auto_strings struct gs3_strings arns = {.count = 0};
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    cJSON *document = gs3_export_policy_document();
    gs3_export_add(out, "gs3", document);
    add_arns(opts, &buckets, true, true, &arns);
    cJSON *statement = gs3_export_statement(document, "GovernedBuckets", 0, true, through_endpoint,
                                            COUNT_OF(through_endpoint));
    cJSON_AddStringToObject(statement, "Principal", "*");
    gs3_export_set(statement, "Resource", &arns);
    gs3_export_note(out, "can: let only the governed buckets be reached through the VPC endpoint, "
                         "so that nothing is carried out to another bucket by way of it");
    gs3_export_note(out, "cannot: keep anybody from going around the endpoint: --kind bucket "
                         "--vpc-endpoint ID denies what does not come through it. It knows of no "
                         "ticket");
    gs3_export_note(out, "what else the VPC reads from S3 (package mirrors, images) needs "
                         "statements of its own");
    return gs3_export_check_size(document, "the VPC endpoint policy", "gs3", ENDPOINT_POLICY_BYTES,
                                 err);
}
