/* The AWS documents that back the wrapper, from the policy: what AWS itself can refuse and record.
 *
 * Pure: policy and options in, documents out; no network, no clock, no environment. What a document
 * cannot enforce stands in its notes (design: threat model). Depends on model, text/glob, cJSON. */
#ifndef GS3_POLICY_EXPORT_H
#define GS3_POLICY_EXPORT_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/model.h"

/* In the order of the words of --kind and --format. */
enum gs3_export_kind {
    GS3_EXPORT_BUCKET,
    GS3_EXPORT_TRUST,
    GS3_EXPORT_PERMISSIONS,
    GS3_EXPORT_SCP,
    GS3_EXPORT_VPCE,
    GS3_EXPORT_EVENT_SELECTORS,
    GS3_EXPORT_EVENTBRIDGE,
    GS3_EXPORT_ALARM,
};
enum gs3_export_format { GS3_EXPORT_JSON, GS3_EXPORT_TERRAFORM, GS3_EXPORT_CLOUDFORMATION };

/* The strings are the caller's. Lists may be empty, texts NULL. */
struct gs3_export_opts {
    enum gs3_export_kind kind;
    const char *partition;   /* NULL: "aws" */
    const char *environment; /* this one alone */
    const char *role_arn;    /* of the environment; NULL: the one of its `session` */
    const char *sse;         /* bucket: the one method that is let in */
    const char *sse_kms_key; /* bucket: and the one key, an ARN */
    struct gs3_strings buckets, exempt_roles, principals, vpc_endpoints;
};

struct gs3_export_document {
    char *name;  /* the bucket, the environment, or "gs3" */
    cJSON *body; /* as AWS takes it */
};

struct gs3_export {
    enum gs3_export_kind kind;
    const struct gs3_policy *policy; /* both are the caller's */
    const struct gs3_export_opts *opts;
    struct gs3_export_document *documents;
    size_t count;
    struct gs3_strings notes; /* what is enforced and what is not, a sentence each */
};

/* GS3_EUSAGE: an option that is missing or does not fit. GS3_EGENERAL: what AWS's language cannot
 * say, or would be longer than AWS takes; with the policy's place where there is one. */
int gs3_policy_export(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      struct gs3_export *out, struct gs3_err *err);
void gs3_export_release(struct gs3_export *export);

/* JSON has one document and no comments: the notes are left to the caller, and more documents than
 * one are GS3_EUSAGE. Terraform and CloudFormation carry both. */
int gs3_export_render(const struct gs3_export *export, enum gs3_export_format format,
                      struct gs3_buf *out, struct gs3_err *err);

#endif
