#include "policy/evaluate.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/evaluation.h"
#include "policy/match.h"
#include "policy/parse.h"
#include "text/bucket.h"

void gs3_needs_release(struct gs3_needs *needs)
{
    free(needs->items);
    *needs = (struct gs3_needs){0};
}

void gs3_decision_release(struct gs3_decision *decision)
{
    for (size_t i = 0; i < decision->reason_count; i++) {
        free(decision->reasons[i].rule);
        free(decision->reasons[i].message);
    }
    free(decision->reasons);
    free(decision->environments);
    free(decision->id);
    gs3_pairs_release(&decision->metadata);
    gs3_pairs_release(&decision->tags);
    *decision = (struct gs3_decision){0};
}

void gs3_evaluation_note(struct gs3_evaluation *evaluation, enum gs3_err_class class,
                         const struct gs3_environment *environment, const char *rule,
                         const struct gs3_place *place, const char *format, ...)
{
    struct gs3_decision *decision = evaluation->decision;
    char *message = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = gs3_xstrdup(format);
    va_end(args);
    decision->reasons =
        gs3_xreallocarray(decision->reasons, decision->reason_count + 1, sizeof *decision->reasons);
    decision->reasons[decision->reason_count++] = (struct gs3_reason){
        .rule = gs3_xasprintf("%s/%s", environment ? environment->name : "gs3", rule),
        .place = place ? *place : (struct gs3_place){0},
        .passed = class == GS3_OK,
        .class = class,
        .message = message,
    };
    if (class == GS3_EREFUSED || (class == GS3_EUNDECIDED && decision->failure == GS3_OK))
        decision->failure = class;
}

static void add_usage(struct gs3_evaluation *evaluation, const struct gs3_environment *environment,
                      const struct gs3_touch *touch)
{
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        struct gs3_usage *usage = &evaluation->usages[i];
        if (usage->environment == environment) {
            usage->actions |= touch->actions;
            usage->is_target = usage->is_target || touch->is_metadata_target;
            return;
        }
    }
    evaluation->usages[evaluation->usage_count++] = (struct gs3_usage){
        .environment = environment,
        .actions = touch->actions,
        .is_target = touch->is_metadata_target,
    };
}

static void refuse_unmapped(struct gs3_evaluation *evaluation, const struct gs3_touch *touch)
{
    const struct gs3_policy *policy = evaluation->policy;
    bool has_bucket = gs3_policy_has_bucket(policy, touch->bucket);
    gs3_evaluation_note(evaluation, GS3_EREFUSED, NULL, "environment", NULL,
                        "s3://%s/%s is in no environment of %s: add %s to the match of one",
                        gs3_show(touch->bucket).text, gs3_show(touch->key).text, policy->files[0],
                        has_bucket ? "its prefix" : "its bucket");
}

static void resolve_touch(struct gs3_evaluation *evaluation, const struct gs3_touch *touch)
{
    const struct gs3_environment *environment = NULL;
    const char *problem = gs3_bucket_problem(touch->bucket);
    if (problem) {
        gs3_evaluation_note(evaluation, GS3_EREFUSED, NULL, "bucket", NULL, "bucket \"%s\": %s",
                            gs3_show(touch->bucket).text, problem);
        return;
    }
    const struct gs3_match *match =
        gs3_policy_match(evaluation->policy, touch->bucket, touch->key, &environment);
    if (!match) {
        refuse_unmapped(evaluation, touch);
        return;
    }
    gs3_evaluation_note(evaluation, GS3_OK, environment, "match", &match->place,
                        "s3://%s/%s is in environment %s", gs3_show(touch->bucket).text,
                        gs3_show(touch->key).text, environment->name);
    add_usage(evaluation, environment, touch);
}

/* The environment whose schema is written goes first: in the usages and in all that is printed. */
static void resolve_environments(struct gs3_evaluation *evaluation)
{
    const struct gs3_request *request = evaluation->request;
    struct gs3_decision *decision = evaluation->decision;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < request->touch_count; i++)
            if (request->touches[i].is_metadata_target == (pass == 0))
                resolve_touch(evaluation, &request->touches[i]);
    decision->environments = gs3_xcalloc(evaluation->usage_count, sizeof *decision->environments);
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        struct gs3_usage *usage = &evaluation->usages[i];
        usage->is_required = (usage->actions & usage->environment->ticket_for) != 0;
        decision->environments[decision->environment_count++] = usage->environment->name;
    }
}

static void check_listed(struct gs3_evaluation *evaluation, const struct gs3_usage *usage,
                         const char *rule, const struct gs3_origin *origin)
{
    const struct gs3_environment *environment = usage->environment;
    gs3_auto_free char *name = gs3_origin_format(origin);
    if (gs3_policy_allows_endpoint(evaluation->policy, environment, origin))
        gs3_evaluation_note(evaluation, GS3_OK, environment, rule, NULL, "endpoint %s is listed",
                            gs3_show(name).text);
    else
        gs3_evaluation_note(evaluation, GS3_EREFUSED, environment, rule, &environment->place,
                            "endpoint %s is not listed: add it to endpoints of the policy %s or of "
                            "environment %s",
                            gs3_show(name).text, evaluation->policy->files[0], environment->name);
}

/* Bucket names mean something only at the S3 endpoint that the policy had in mind, and the
 * operator is who the STS endpoint says, which gives the credentials of a session too: both must be
 * AWS's own, or be listed. */
static void check_endpoint(struct gs3_evaluation *evaluation, const char *text, bool is_sts)
{
    const char *rule = is_sts ? "sts-endpoint" : "endpoint";
    struct gs3_origin origin;
    struct gs3_err inner = GS3_ERR_INIT;
    if (!text)
        return;
    if (gs3_origin_parse(text, GS3_EREFUSED, &origin, &inner)) {
        gs3_evaluation_note(evaluation, GS3_EREFUSED, NULL, rule, NULL, "endpoint: %s",
                            inner.message);
        return;
    }
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        const struct gs3_usage *usage = &evaluation->usages[i];
        if (is_sts && usage->environment->identity.source != GS3_IDENTITY_STS &&
            !usage->environment->session.role_arn)
            continue;
        check_listed(evaluation, usage, rule, &origin);
        if (is_sts && origin.is_loopback)
            evaluation->decision->uses_test_system = true;
    }
}

static void check_assertion(struct gs3_evaluation *evaluation)
{
    const char *asserted = evaluation->request->environment;
    if (!asserted || evaluation->usage_count == 0)
        return;
    const struct gs3_usage *target = &evaluation->usages[0];
    if (!target->is_target)
        return; /* its bucket is in no environment: refused already */
    bool is_same = strcmp(asserted, target->environment->name) == 0;
    if (is_same)
        gs3_evaluation_note(evaluation, GS3_OK, target->environment, "assertion",
                            &target->environment->place, "--environment %s agrees", asserted);
    else
        gs3_evaluation_note(evaluation, GS3_EREFUSED, target->environment, "assertion",
                            &target->environment->place,
                            "--environment says %s, the policy says %s: check the bucket",
                            gs3_show(asserted).text, target->environment->name);
}

/* What only a caller can get wrong. */
static int check_request(const struct gs3_request *request, struct gs3_err *err)
{
    size_t target_count = 0;
    if (request->touch_count == 0 || request->touch_count > GS3_EVALUATION_TOUCHES)
        return gs3_fail(err, GS3_EGENERAL, "a decision is about one or two places, not %zu",
                        request->touch_count);
    for (size_t i = 0; i < request->touch_count; i++)
        target_count += request->touches[i].is_metadata_target;
    if (target_count != 1)
        return gs3_fail(err, GS3_EGENERAL, "a decision has one place whose schema is written");
    if (gs3_str_is_empty(request->decision_id))
        return gs3_fail(err, GS3_EGENERAL, "a decision needs an id");
    return 0;
}

static int begin(struct gs3_evaluation *evaluation, struct gs3_err *err)
{
    const struct gs3_request *request = evaluation->request;
    gs3_decision_release(evaluation->decision);
    if (check_request(request, err))
        return -1;
    evaluation->decision->id = gs3_xstrdup(request->decision_id);
    resolve_environments(evaluation);
    check_endpoint(evaluation, request->s3_endpoint, false);
    check_endpoint(evaluation, request->sts_endpoint, true);
    check_assertion(evaluation);
    return gs3_evaluation_select(evaluation, err);
}

static void finish(struct gs3_evaluation *evaluation)
{
    struct gs3_decision *decision = evaluation->decision;
    decision->is_allowed = decision->failure == GS3_OK;
    if (!decision->is_allowed) {
        gs3_pairs_release(&decision->metadata);
        gs3_pairs_release(&decision->tags);
    }
    for (size_t i = 0; i < decision->reason_count && !decision->first_failure; i++)
        if (!decision->reasons[i].passed && decision->reasons[i].class == decision->failure)
            decision->first_failure = &decision->reasons[i];
}

static void collect_needs(const struct gs3_evaluation *evaluation, struct gs3_needs *needs)
{
    needs->items = gs3_xreallocarray(needs->items, needs->count + GS3_EVALUATION_TOUCHES,
                                     sizeof *needs->items);
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        const struct gs3_usage *usage = &evaluation->usages[i];
        if (!usage->rule)
            continue;
        needs->items[needs->count++] = (struct gs3_ticket_need){
            .environment = usage->environment,
            .rule = usage->rule,
            .system = usage->rule->system,
            .id = usage->id,
            .is_required = usage->is_required,
        };
    }
}

int gs3_evaluate_needs(const struct gs3_policy *policy, const struct gs3_request *request,
                       struct gs3_needs *needs, struct gs3_decision *decision, struct gs3_err *err)
{
    struct gs3_evaluation evaluation = {.policy = policy, .request = request, .decision = decision};
    if (begin(&evaluation, err)) {
        gs3_decision_release(decision);
        return -1;
    }
    finish(&evaluation);
    if (decision->is_allowed)
        collect_needs(&evaluation, needs);
    return 0;
}

static void check_one_limit(struct gs3_evaluation *evaluation, const struct gs3_environment *in,
                            const char *rule, const char *unit, uint64_t limit, uint64_t total)
{
    if (!evaluation->request->has_totals)
        gs3_evaluation_note(evaluation, GS3_EUNDECIDED, in, rule, &in->limits_place,
                            "at most %ju %s are allowed, and how many there are is not known",
                            (uintmax_t)limit, unit);
    else if (total > limit)
        gs3_evaluation_note(evaluation, GS3_EREFUSED, in, rule, &in->limits_place,
                            "%ju %s, at most %ju are allowed: split the operation",
                            (uintmax_t)total, unit, (uintmax_t)limit);
    else
        gs3_evaluation_note(evaluation, GS3_OK, in, rule, &in->limits_place,
                            "%ju of at most %ju %s", (uintmax_t)total, (uintmax_t)limit, unit);
}

static void check_limits(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_environment *in = usage->environment;
    const struct gs3_request *request = evaluation->request;
    if (in->has_object_limit)
        check_one_limit(evaluation, in, "limits/objects", "objects", in->object_limit,
                        request->object_count);
    if (in->has_byte_limit)
        check_one_limit(evaluation, in, "limits/bytes", "bytes", in->byte_limit,
                        request->total_bytes);
}

int gs3_evaluate(const struct gs3_policy *policy, const struct gs3_request *request,
                 const struct gs3_ticket *const *tickets, size_t ticket_count,
                 struct gs3_decision *decision, struct gs3_err *err)
{
    struct gs3_evaluation evaluation = {.policy = policy,
                                        .request = request,
                                        .tickets = tickets,
                                        .ticket_count = ticket_count,
                                        .decision = decision};
    if (begin(&evaluation, err)) {
        gs3_decision_release(decision);
        return -1;
    }
    /* Already refused: nothing was looked up, so the tickets have nothing to say. */
    bool has_tickets = decision->failure == GS3_OK;
    for (size_t i = 0; i < evaluation.usage_count; i++) {
        struct gs3_usage *usage = &evaluation.usages[i];
        gs3_evaluation_identity(&evaluation, usage);
        if (has_tickets && usage->rule)
            gs3_evaluation_ticket(&evaluation, usage);
        check_limits(&evaluation, usage);
    }
    if (evaluation.usage_count > 0) {
        gs3_evaluation_metadata(&evaluation);
        gs3_evaluation_tags(&evaluation);
    }
    finish(&evaluation);
    return 0;
}
