/* The bucket policy: what S3 itself refuses, whichever client asks. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"
#include "text/glob.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { BUCKET_POLICY_BYTES = 20480 };

static const char *const writes[] = {"s3:PutObject", "s3:PutObjectTagging",
                                     "s3:PutObjectVersionTagging"};
static const char *const put_actions[] = {"s3:PutObject"};
static const char *const untags[] = {"s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"};
static const char *const deletes[] = {"s3:DeleteObject", "s3:DeleteObjectVersion"};
static const char *const every[] = {"s3:*"};
static const char *const objects[] = {"s3:GetObject",           "s3:GetObjectVersion",
                                      "s3:PutObject",           "s3:DeleteObject",
                                      "s3:DeleteObjectVersion", "s3:ListBucket",
                                      "s3:ListBucketVersions"};

/* The keys of one environment within one bucket, as a statement names them. */
struct scope {
    const struct gs3_environment *environment;
    const char *element; /* "Resource" or "NotResource" */
    struct gs3_strings arns;
};

static cJSON *deny(cJSON *document, const char *sid, size_t number, const char *const *actions,
                   size_t action_count)
{
    cJSON *statement = gs3_export_statement(document, sid, number, false, actions, action_count);
    cJSON_AddStringToObject(statement, "Principal", "*");
    return statement;
}

static cJSON *deny_scope(cJSON *document, const struct gs3_export_opts *opts,
                         const struct scope *scope, const char *sid, const char *const *actions,
                         size_t action_count)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, "Statement");
    size_t number = (size_t)cJSON_GetArraySize(list) + 1;
    cJSON *statement = deny(document, sid, number, actions, action_count);
    gs3_export_set(statement, scope->element, &scope->arns);
    gs3_export_exempt(opts, statement);
    return statement;
}

static void require_absent(cJSON *statement, const char *prefix, const struct gs3_strings *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        gs3_auto_free char *name = gs3_xasprintf("%s/%s", prefix, keys->items[i]);
        gs3_export_condition_text(statement, "Null", name, "true");
    }
}

/* Denied where the tag is there and is nothing that the rules take. */
static void deny_form(cJSON *document, const struct gs3_export_opts *opts,
                      const struct scope *scope, const char *prefix, const char *key)
{
    gs3_auto_strings struct gs3_strings patterns = {.count = 0};
    gs3_export_key_patterns(scope->environment, key, &patterns);
    if (gs3_strings_has(&patterns, "*"))
        return;
    gs3_auto_free char *name = gs3_xasprintf("%s/%s", prefix, key);
    cJSON *statement = deny_scope(document, opts, scope, "TicketHasForm", writes, COUNT_OF(writes));
    gs3_export_condition_text(statement, "Null", name, "false");
    gs3_export_condition(statement, "StringNotLike", name, &patterns);
}

static void add_ticket_statements(cJSON *document, const struct gs3_export_opts *opts,
                                  const struct scope *scope)
{
    gs3_auto_strings struct gs3_strings keys = {.count = 0};
    gs3_export_ticket_keys(scope->environment, &keys);
    if (scope->environment->ticket_for & GS3_ACTION_WRITE) {
        cJSON *write =
            deny_scope(document, opts, scope, "WriteNeedsTicket", writes, COUNT_OF(writes));
        require_absent(write, "s3:RequestObjectTag", &keys);
        require_absent(write, "aws:PrincipalTag", &keys);
        for (size_t i = 0; i < keys.count; i++) {
            deny_form(document, opts, scope, "s3:RequestObjectTag", keys.items[i]);
            deny_form(document, opts, scope, "aws:PrincipalTag", keys.items[i]);
        }
        cJSON *untag =
            deny_scope(document, opts, scope, "UntagNeedsTicket", untags, COUNT_OF(untags));
        require_absent(untag, "aws:PrincipalTag", &keys);
    }
    if (scope->environment->ticket_for & GS3_ACTION_DELETE) {
        cJSON *delete =
            deny_scope(document, opts, scope, "DeleteNeedsTicket", deletes, COUNT_OF(deletes));
        require_absent(delete, "aws:PrincipalTag", &keys);
    }
}

static int add_scope(cJSON *document, const struct gs3_export_opts *opts, const char *bucket,
                     const struct gs3_regions *regions, size_t first, struct gs3_err *err)
{
    const struct gs3_region *region = &regions->items[first];
    struct scope scope = {.environment = region->environment, .element = "Resource"};
    gs3_auto_strings struct gs3_strings holes = {.count = 0};
    if (region->hole_count && *region->prefix)
        return gs3_fail(err, GS3_EGENERAL,
                        "%s:%u: a bucket policy cannot say \"below %s but not below %s\": give "
                        "one of them a bucket of its own",
                        region->match->place.file, region->match->place.line, region->prefix,
                        region->holes[0]);
    for (size_t i = 0; i < region->hole_count; i++)
        gs3_export_add_object_arns(opts, bucket, region->holes[i], &holes);
    if (holes.count) {
        scope.element = "NotResource";
        scope.arns = holes;
        add_ticket_statements(document, opts, &scope);
        return 0;
    }
    /* The environment's other entries without holes go into the same statements. */
    for (size_t i = 0; i < regions->count; i++) {
        const struct gs3_region *other = &regions->items[i];
        if (other->environment != region->environment || other->hole_count)
            continue;
        if (i < first)
            return 0;
        gs3_export_add_object_arns(opts, bucket, other->prefix, &holes);
    }
    scope.arns = holes;
    add_ticket_statements(document, opts, &scope);
    return 0;
}

static void set_everything(const struct gs3_export_opts *opts, const char *bucket, cJSON *statement,
                           bool with_bucket)
{
    gs3_auto_strings struct gs3_strings arns = {.count = 0};
    gs3_auto_free char *arn = gs3_export_bucket_arn(opts, bucket);
    if (with_bucket)
        gs3_strings_add(&arns, arn);
    gs3_export_add_object_arns(opts, bucket, "", &arns);
    gs3_export_set(statement, "Resource", &arns);
}

/* A request that does not name a method gets the bucket's own: it is not denied. */
static void deny_other_encryption(cJSON *document, const struct gs3_export_opts *opts,
                                  const char *bucket)
{
    static const char method[] = "s3:x-amz-server-side-encryption";
    static const char key[] = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    static const char customer[] = "s3:x-amz-server-side-encryption-customer-algorithm";
    cJSON *statement = deny(document, "OtherEncryption", 0, put_actions, COUNT_OF(put_actions));
    set_everything(opts, bucket, statement, false);
    gs3_export_condition_text(statement, "Null", method, "false");
    gs3_export_condition_text(statement, "StringNotEquals", method, opts->sse);
    statement = deny(document, "CustomerKey", 0, put_actions, COUNT_OF(put_actions));
    set_everything(opts, bucket, statement, false);
    gs3_export_condition_text(statement, "Null", customer, "false");
    if (!opts->sse_kms_key)
        return;
    statement = deny(document, "OtherKmsKey", 0, put_actions, COUNT_OF(put_actions));
    set_everything(opts, bucket, statement, false);
    gs3_export_condition_text(statement, "Null", key, "false");
    gs3_export_condition_text(statement, "StringNotEquals", key, opts->sse_kms_key);
}

static void add_bucket_statements(cJSON *document, const struct gs3_export_opts *opts,
                                  const char *bucket)
{
    cJSON *tls = deny(document, "OnlyTls", 0, every, COUNT_OF(every));
    set_everything(opts, bucket, tls, true);
    gs3_export_condition_text(tls, "Bool", "aws:SecureTransport", "false");
    if (opts->sse)
        deny_other_encryption(document, opts, bucket);
    if (opts->vpc_endpoints.count == 0)
        return;
    cJSON *vpc = deny(document, "OnlyThroughVpc", 0, objects, COUNT_OF(objects));
    set_everything(opts, bucket, vpc, true);
    gs3_export_condition(vpc, "StringNotEquals", "aws:SourceVpce", &opts->vpc_endpoints);
    gs3_export_condition_text(vpc, "BoolIfExists", "aws:ViaAWSService", "false");
    gs3_export_exempt(opts, vpc);
}

static int export_one(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      const char *bucket, struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto(gs3_regions_release) struct gs3_regions regions;
    gs3_regions_of(policy, bucket, &regions);
    cJSON *document = gs3_export_policy_document();
    gs3_export_add(out, bucket, document);
    for (size_t i = 0; i < regions.count; i++)
        if (add_scope(document, opts, bucket, &regions, i, err))
            return -1;
    add_bucket_statements(document, opts, bucket);
    return gs3_export_check_size(document, "the bucket policy", bucket, BUCKET_POLICY_BYTES, err);
}

static void add_notes(const struct gs3_export_opts *opts, struct gs3_export *out)
{
    gs3_export_note(out, "can: deny writes that carry neither the ticket's tag on the request nor "
                         "on the session, and deletes without the session's; deny plain http");
    gs3_export_note(out, "cannot: prove the ticket. A tag is a claim of whoever sends it; gs3 asks "
                         "the ticketing system, S3 does not");
    gs3_export_note(out, "cannot: see user metadata. No condition key exists for x-amz-meta-*, "
                         "which is why tags stand for it");
    gs3_export_note(out, "cannot: compare a ticket with more than * and ?. Classes and counts of "
                         "the policy's pattern are wider here");
    gs3_export_note(out, "deletes, and gs3's own too, need a session that carries the tag; tags of "
                         "an IAM user or role count as well as a session's");
    gs3_export_note(out, "reads are not restricted here: the permissions of the role do that");
    gs3_export_note(out, "the parts of a multipart upload carry no tags of their own: try one "
                         "object above the part size before this is relied on, or use sessions");
    gs3_export_note(out, "a bucket has one policy: this replaces what it has, and denies "
                         "replication, applications and lifecycle tools that write without a tag, "
                         "save those of --exempt-role");
    if (!opts->sse)
        gs3_export_note(out, "encryption is not restricted: --sse says which method is let in");
    else
        gs3_export_note(out,
                        "a write that names no encryption gets the bucket's default: set it "
                        "to %s",
                        opts->sse);
}

int gs3_export_bucket(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    const char *pattern = NULL;
    if (gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    add_notes(opts, out);
    for (size_t i = 0; i < buckets.count; i++) {
        if (gs3_glob_is_literal(buckets.items[i])) {
            if (export_one(policy, opts, buckets.items[i], out, err))
                return -1;
            continue;
        }
        pattern = buckets.items[i];
        gs3_export_note(out,
                        "left out: %s is a pattern, and a bucket policy belongs to one "
                        "bucket: name each with --bucket",
                        pattern);
    }
    if (out->count == 0)
        return gs3_fail(err, GS3_EUSAGE,
                        "%s is a pattern, and a bucket policy belongs to one bucket: name each "
                        "with --bucket",
                        pattern ? pattern : "the policy");
    return 0;
}
