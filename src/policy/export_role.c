/* An environment's role: who may assume it, with which session tags, and what it may do. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"
#include "text/glob.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Of a trust policy the default quota; of an inline role policy. */
enum { TRUST_POLICY_BYTES = 2048, ROLE_POLICY_BYTES = 10240 };
enum { EVERY_ACTION = GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE };

/* The shape of a UUID; in pieces, because two question marks and a hyphen are a trigraph. */
#define DECISION_ID                                                                                \
    "????????"                                                                                     \
    "-"                                                                                            \
    "????"                                                                                         \
    "-"                                                                                            \
    "????"                                                                                         \
    "-"                                                                                            \
    "????"                                                                                         \
    "-"                                                                                            \
    "????????????"

static const char *const assume[] = {"sts:AssumeRole"};
static const char *const tag[] = {"sts:TagSession"};
static const char *const set_identity[] = {"sts:SetSourceIdentity"};

static void set_principals(const struct gs3_export_opts *opts, cJSON *statement)
{
    cJSON *principal = cJSON_AddObjectToObject(statement, "Principal");
    gs3_export_set(principal, "AWS", &opts->principals);
}

/* The tags that every session has, and that they agree with the session's name and identity. */
static void require_session(cJSON *statement, const struct gs3_environment *environment)
{
    static const char operator[] = "${aws:RequestTag/operator}";
    gs3_export_condition_text(statement, "StringEquals", "aws:RequestTag/environment",
                              environment->name);
    gs3_export_condition_text(statement, "StringEquals", "sts:RoleSessionName", operator);
    gs3_export_condition_text(statement, "StringEquals", "sts:SourceIdentity", operator);
    gs3_export_condition_text(statement, "StringLike", "aws:RequestTag/operator", "?*");
    gs3_export_condition_text(statement, "StringLike", "aws:RequestTag/gs3-decision", DECISION_ID);
}

static void allow_assume(cJSON *document, const struct gs3_export_opts *opts,
                         const struct gs3_environment *environment, const char *key, size_t number)
{
    cJSON *statement =
        gs3_export_statement(document, key ? "AssumeWithTicket" : "AssumeWithoutTicket", number,
                             true, assume, 1);
    set_principals(opts, statement);
    require_session(statement, environment);
    if (!key)
        return;
    gs3_auto_strings struct gs3_strings patterns = {.count = 0};
    gs3_export_key_patterns(environment, key, &patterns);
    gs3_auto_free char *name = gs3_xasprintf("aws:RequestTag/%s", key);
    if (gs3_strings_has(&patterns, "*"))
        gs3_export_condition_text(statement, "StringLike", name, "?*");
    else
        gs3_export_condition(statement, "StringLike", name, &patterns);
}

/* What a source of another environment asked for goes along with what is copied from there. */
static void add_source_keys(const struct gs3_policy *policy,
                            const struct gs3_environment *environment, struct gs3_strings *names)
{
    gs3_auto_strings struct gs3_strings keys = {.count = 0};
    for (size_t i = 0; i < policy->environment_count; i++)
        if (&policy->environments[i] != environment)
            gs3_export_ticket_keys(&policy->environments[i], &keys);
    for (size_t i = 0; i < keys.count; i++) {
        gs3_auto_free char *name = gs3_xasprintf("source-%s", keys.items[i]);
        gs3_strings_add_new(names, name);
    }
}

static void allow_tags(cJSON *document, const struct gs3_policy *policy,
                       const struct gs3_export_opts *opts,
                       const struct gs3_environment *environment, const struct gs3_strings *keys)
{
    gs3_auto_strings struct gs3_strings names = {.count = 0};
    for (size_t i = 0; i < keys->count; i++)
        gs3_strings_add(&names, keys->items[i]);
    gs3_strings_add_new(&names, "environment");
    gs3_strings_add_new(&names, "operator");
    gs3_strings_add_new(&names, "gs3-decision");
    add_source_keys(policy, environment, &names);
    cJSON *statement = gs3_export_statement(document, "Tags", 0, true, tag, 1);
    set_principals(opts, statement);
    gs3_export_condition(statement, "ForAllValues:StringEquals", "aws:TagKeys", &names);
    statement = gs3_export_statement(document, "Identity", 0, true, set_identity, 1);
    set_principals(opts, statement);
    gs3_export_condition_text(statement, "StringLike", "sts:SourceIdentity", "?*");
}

static int trust_one(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                     const struct gs3_environment *environment, struct gs3_export *out,
                     struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings keys = {.count = 0};
    cJSON *document = gs3_export_policy_document();
    gs3_export_add(out, environment->name, document);
    gs3_export_ticket_keys(environment, &keys);
    for (size_t i = 0; i < keys.count; i++)
        allow_assume(document, opts, environment, keys.items[i], keys.count > 1 ? i + 1 : 0);
    if (environment->ticket_for != EVERY_ACTION) {
        allow_assume(document, opts, environment, NULL, 0);
        gs3_export_note(out,
                        "%s asks for no ticket for some actions, so its role can be assumed "
                        "without one: its permissions ask for the tag where it is needed",
                        environment->name);
    }
    allow_tags(document, policy, opts, environment, &keys);
    return gs3_export_check_size(document, "the trust policy", environment->name,
                                 TRUST_POLICY_BYTES, err);
}

/* One role has one policy: an ARN that is given belongs to one environment. */
static int check_role(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      struct gs3_err *err)
{
    if (opts->role_arn && !opts->environment && policy->environment_count > 1)
        return gs3_fail(err, GS3_EUSAGE,
                        "--role-arn is the role of one environment: name it with --environment");
    return 0;
}

int gs3_export_trust(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                     struct gs3_export *out, struct gs3_err *err)
{
    if (opts->principals.count == 0)
        return gs3_fail(err, GS3_EUSAGE,
                        "--kind trust needs --principal ARN: who may assume the role");
    for (size_t i = 0; i < opts->principals.count; i++)
        if (strpbrk(opts->principals.items[i], "*?"))
            return gs3_fail(err, GS3_EUSAGE,
                            "--principal takes no * and ?: a trust policy compares them with no "
                            "name");
    if (check_role(policy, opts, err))
        return -1;
    gs3_export_note(out, "can: let the role be assumed only with a source identity, a session name "
                         "and tags for the operator that are the same, the environment's name, a "
                         "decision id, and a ticket of the policy's form");
    gs3_export_note(out, "cannot: prove the ticket, the operator or the decision. Whoever may "
                         "assume the role can send such tags without gs3; CloudTrail's AssumeRole "
                         "event then names the caller, which makes a false tag attributable");
    gs3_export_note(out, "cannot: compare with more than * and ?. Classes and counts of the "
                         "policy's pattern are wider here");
    gs3_export_note(out, "whoever assumes it needs sts:AssumeRole, sts:TagSession and "
                         "sts:SetSourceIdentity in an identity policy too, from another account");
    for (size_t i = 0; i < policy->environment_count; i++)
        if (gs3_export_has_environment(opts, &policy->environments[i]) &&
            trust_one(policy, opts, &policy->environments[i], out, err))
            return -1;
    return 0;
}

/* ---- permissions */

static const char *const reads[] = {"s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging",
                                    "s3:GetObjectVersionTagging", "s3:GetObjectAttributes"};
static const char *const writes[] = {"s3:PutObject", "s3:PutObjectTagging",
                                     "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"};
static const char *const deletes[] = {"s3:DeleteObject"};
static const char *const lists[] = {"s3:ListBucket", "s3:ListBucketMultipartUploads"};
static const char *const location[] = {"s3:GetBucketLocation"};

/* What the role reaches: objects, less what belongs to others, and the buckets they are in. */
struct reach {
    struct gs3_strings objects, others, buckets, prefixes;
    bool lists_all; /* some entry has no prefix */
};

static void reach_release(struct reach *reach)
{
    gs3_strings_release(&reach->objects);
    gs3_strings_release(&reach->others);
    gs3_strings_release(&reach->buckets);
    gs3_strings_release(&reach->prefixes);
}

static void add_bucket(const struct gs3_export_opts *opts, const char *bucket, const char *prefix,
                       struct reach *reach)
{
    gs3_auto_free char *arn = gs3_export_bucket_arn(opts, bucket);
    gs3_auto_free char *key = gs3_export_escape(prefix);
    gs3_auto_free char *below = gs3_xasprintf("%s/*", key);
    gs3_strings_add_new(&reach->buckets, arn);
    gs3_export_add_object_arns(opts, bucket, prefix, &reach->objects);
    reach->lists_all = reach->lists_all || !*prefix;
    gs3_strings_add_new(&reach->prefixes, key);
    gs3_strings_add_new(&reach->prefixes, below);
}

static void add_literal(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                        const struct gs3_environment *environment, const char *bucket,
                        struct reach *reach)
{
    gs3_auto(gs3_regions_release) struct gs3_regions regions;
    gs3_regions_of(policy, bucket, &regions);
    for (size_t i = 0; i < regions.count; i++) {
        const struct gs3_region *region = &regions.items[i];
        if (region->environment != environment)
            continue;
        add_bucket(opts, bucket, region->prefix, reach);
        for (size_t j = 0; j < region->hole_count; j++)
            gs3_export_add_object_arns(opts, bucket, region->holes[j], &reach->others);
    }
}

/* In an ARN the star of a bucket matches "/" too: prod-<star>/live/ would reach every key with
 * live/ somewhere in it. And what others govern within a pattern cannot be taken out again. */
static int check_pattern(const struct gs3_policy *policy, const struct gs3_environment *environment,
                         const struct gs3_match *match, struct gs3_err *err)
{
    if (*match->prefix)
        return gs3_fail(err, GS3_EGENERAL,
                        "%s:%u: in IAM the pattern %s would match beyond the bucket's name: name "
                        "each bucket with --bucket",
                        match->place.file, match->place.line, match->bucket);
    for (size_t i = 0; i < policy->environment_count; i++) {
        const struct gs3_environment *other = &policy->environments[i];
        for (size_t j = 0; j < other->match_count && other != environment; j++) {
            const char *bucket = other->matches[j].bucket;
            bool may_win = gs3_glob_is_literal(bucket) ||
                           gs3_glob_literal_count(bucket) >= gs3_glob_literal_count(match->bucket);
            if (may_win && gs3_glob_overlap(bucket, match->bucket))
                return gs3_fail(err, GS3_EGENERAL,
                                "%s:%u: IAM cannot say \"%s but not %s\", which is in environment "
                                "%s: name each bucket with --bucket",
                                match->place.file, match->place.line, match->bucket, bucket,
                                other->name);
        }
    }
    return 0;
}

static int find_reach(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                      const struct gs3_environment *environment, struct reach *reach,
                      struct gs3_err *err)
{
    for (size_t i = 0; i < opts->buckets.count; i++)
        add_literal(policy, opts, environment, opts->buckets.items[i], reach);
    for (size_t i = 0; i < environment->match_count && opts->buckets.count == 0; i++) {
        const struct gs3_match *match = &environment->matches[i];
        if (gs3_glob_is_literal(match->bucket)) {
            add_literal(policy, opts, environment, match->bucket, reach);
            continue;
        }
        if (check_pattern(policy, environment, match, err))
            return -1;
        add_bucket(opts, match->bucket, "", reach);
    }
    return 0;
}

static void allow_objects(cJSON *document, const struct gs3_environment *environment,
                          const struct reach *reach, unsigned action, const char *sid,
                          const char *const *actions, size_t action_count)
{
    gs3_auto_strings struct gs3_strings keys = {.count = 0};
    if (environment->ticket_for & action)
        gs3_export_ticket_keys(environment, &keys);
    for (size_t i = 0; i < keys.count || (i == 0 && keys.count == 0); i++) {
        cJSON *statement = gs3_export_statement(document, sid, keys.count > 1 ? i + 1 : 0, true,
                                                actions, action_count);
        gs3_export_set(statement, "Resource", &reach->objects);
        gs3_export_condition_text(statement, "StringEquals", "aws:PrincipalTag/environment",
                                  environment->name);
        if (keys.count == 0)
            continue;
        gs3_auto_strings struct gs3_strings patterns = {.count = 0};
        gs3_export_key_patterns(environment, keys.items[i], &patterns);
        gs3_auto_free char *name = gs3_xasprintf("aws:PrincipalTag/%s", keys.items[i]);
        if (gs3_strings_has(&patterns, "*"))
            gs3_export_condition_text(statement, "StringLike", name, "?*");
        else
            gs3_export_condition(statement, "StringLike", name, &patterns);
    }
}

static const char *const others_actions[] = {"s3:*Object*", "s3:AbortMultipartUpload",
                                             "s3:ListMultipartUploadParts"};

static int permissions_one(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                           const struct gs3_environment *environment, struct gs3_export *out,
                           struct gs3_err *err)
{
    gs3_auto(reach_release) struct reach reach = {.lists_all = false};
    if (find_reach(policy, opts, environment, &reach, err))
        return -1;
    if (reach.objects.count == 0)
        return 0;
    cJSON *document = gs3_export_policy_document();
    gs3_export_add(out, environment->name, document);
    cJSON *statement = gs3_export_statement(document, "List", 0, true, lists, COUNT_OF(lists));
    gs3_export_set(statement, "Resource", &reach.buckets);
    if (!reach.lists_all)
        gs3_export_condition(statement, "StringLike", "s3:prefix", &reach.prefixes);
    statement = gs3_export_statement(document, "Location", 0, true, location, COUNT_OF(location));
    gs3_export_set(statement, "Resource", &reach.buckets);
    allow_objects(document, environment, &reach, GS3_ACTION_READ, "Read", reads, COUNT_OF(reads));
    allow_objects(document, environment, &reach, GS3_ACTION_WRITE, "Write", writes,
                  COUNT_OF(writes));
    allow_objects(document, environment, &reach, GS3_ACTION_DELETE, "Delete", deletes,
                  COUNT_OF(deletes));
    if (reach.others.count) {
        statement = gs3_export_statement(document, "OtherEnvironments", 0, false, others_actions,
                                         COUNT_OF(others_actions));
        gs3_export_set(statement, "Resource", &reach.others);
    }
    return gs3_export_check_size(document, "the role's policy", environment->name,
                                 ROLE_POLICY_BYTES, err);
}

int gs3_export_permissions(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                           struct gs3_export *out, struct gs3_err *err)
{
    gs3_auto_strings struct gs3_strings buckets = {.count = 0};
    if (check_role(policy, opts, err) || gs3_export_buckets(policy, opts, &buckets, err))
        return -1;
    gs3_export_note(out, "can: give the environment's role its own keys alone, and what needs a "
                         "ticket only to sessions that carry one of the policy's form");
    gs3_export_note(out, "cannot: prove the ticket, or tie a session to one object");
    gs3_export_note(out, "left out: ACLs (s3:PutObjectAcl), KMS keys (kms:GenerateDataKey, "
                         "kms:Decrypt) and access points: add what your transfers use");
    for (size_t i = 0; i < policy->environment_count; i++)
        if (gs3_export_has_environment(opts, &policy->environments[i]) &&
            permissions_one(policy, opts, &policy->environments[i], out, err))
            return -1;
    return 0;
}
