/* The metadata of the object: what the user may not set, what the environment's rules ask, and the
 * set to inject, in the order of the contract's table. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/evaluation.h"
#include "policy/metadata_rule.h"
#include "policy/parse.h"
#include "text/time.h"

struct builder {
    struct gs3_evaluation *evaluation;
    const struct gs3_usage *target;
    struct gs3_pairs *out;
    bool is_enforced; /* an object is written, or reading needs a ticket */
};

static const struct gs3_metadata_rule *find_rule(const struct gs3_environment *environment,
                                                 const char *key)
{
    for (size_t i = 0; i < environment->metadata_count; i++)
        if (gs3_str_equal_nocase(environment->metadata[i].key, key))
            return &environment->metadata[i];
    return NULL;
}

static void put(struct builder *builder, const char *key, const char *value)
{
    if (!gs3_str_is_empty(value))
        gs3_pairs_add(builder->out, key, value);
}

static void note(struct builder *builder, bool passed, const char *key,
                 const struct gs3_metadata_rule *rule, const char *message)
{
    gs3_auto_free char *name = gs3_xasprintf("metadata/%s", gs3_show(key).text);
    gs3_evaluation_note(builder->evaluation, passed ? GS3_OK : GS3_EREFUSED,
                        builder->target->environment, name,
                        rule ? &rule->place : &builder->target->environment->place, "%s %s",
                        gs3_show(key).text, message);
}

/* Of the reserved keys a user sets only one of the environment's own that takes its value from
 * the user; the rest are gs3's word, in any case of letters. */
static void check_user_key(struct builder *builder, const struct gs3_pair *pair)
{
    const struct gs3_policy *policy = builder->evaluation->policy;
    const struct gs3_metadata_rule *rule = find_rule(builder->target->environment, pair->name);
    bool is_custom = rule && rule->source == GS3_METADATA_USER && !gs3_is_table_key(pair->name);
    if (!is_custom && gs3_policy_is_reserved_key(policy, pair->name)) {
        const char *message = "is set by gs3 itself: leave it out of --metadata";
        if (gs3_str_equal_nocase(pair->name, "purpose"))
            message = "is not set with --metadata: give --purpose";
        else if (gs3_str_equal_nocase(pair->name, "department"))
            message = "is not set with --metadata: give --department";
        note(builder, false, pair->name, rule, message);
        return;
    }
    const char *problem = gs3_metadata_value_problem(pair->value);
    if (problem) {
        gs3_auto_free char *message = gs3_xasprintf("cannot be written: %s", problem);
        note(builder, false, pair->name, rule, message);
    }
}

static void check_user_metadata(struct builder *builder)
{
    const struct gs3_pairs *pairs = builder->evaluation->request->user_metadata;
    for (size_t i = 0; pairs && i < pairs->count; i++)
        check_user_key(builder, &pairs->items[i]);
}

static const char *person_name(const struct gs3_person *person)
{
    const char *const names[] = {person->user_name, person->email, person->account_id,
                                 person->display_name};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!gs3_str_is_empty(names[i]))
            return names[i];
    return NULL;
}

static const char *user_value(const struct builder *builder, const char *key)
{
    const struct gs3_request *request = builder->evaluation->request;
    if (strcmp(key, "purpose") == 0)
        return request->purpose;
    if (strcmp(key, "department") == 0)
        return request->department;
    return request->user_metadata ? gs3_pairs_get(request->user_metadata, key) : NULL;
}

static const char *find_value(const struct builder *builder, const char *key,
                              const struct gs3_metadata_rule *rule, enum gs3_metadata_source source)
{
    const struct gs3_ticket *ticket = builder->target->ticket;
    static const struct gs3_ticket none;
    if (!ticket)
        ticket = &none;
    switch (source) {
    case GS3_METADATA_USER: return user_value(builder, key);
    case GS3_METADATA_VALUE: return rule ? rule->value : NULL;
    case GS3_METADATA_TICKET_ID: return ticket->id;
    case GS3_METADATA_TICKET_APPROVAL: return ticket->approval;
    case GS3_METADATA_TICKET_STATE: return ticket->state ? ticket->state : ticket->status;
    case GS3_METADATA_TICKET_RISK: return ticket->risk;
    case GS3_METADATA_TICKET_TYPE: return ticket->type ? ticket->type : ticket->issue_type;
    case GS3_METADATA_TICKET_ASSIGNEE: return person_name(&ticket->assignee);
    case GS3_METADATA_TICKET_REQUESTER: return person_name(&ticket->requester);
    case GS3_METADATA_TICKET_SUMMARY: return ticket->summary;
    }
    return NULL;
}

/* A ticket that is missing or not usable was refused already: saying so once is enough. */
static bool waits_for_ticket(const struct builder *builder, enum gs3_metadata_source source)
{
    const struct gs3_usage *target = builder->target;
    return source != GS3_METADATA_USER && source != GS3_METADATA_VALUE && !target->ticket &&
           (target->rule || target->is_required);
}

static void refuse_missing(struct builder *builder, const char *key,
                           const struct gs3_metadata_rule *rule, enum gs3_metadata_source source)
{
    gs3_auto_free char *message = NULL;
    bool has_option = strcmp(key, "purpose") == 0 || strcmp(key, "department") == 0;
    if (source == GS3_METADATA_USER && has_option)
        message = gs3_xasprintf("is required: give --%s", key);
    else if (source == GS3_METADATA_USER)
        message = gs3_xasprintf("is required: give --metadata %s=...", key);
    else if (builder->target->ticket)
        message = gs3_xasprintf("is required, and ticket %s does not have it",
                                gs3_show(builder->target->id).text);
    else
        message = gs3_xstrdup("is required and comes from a ticket: give --ticket");
    note(builder, false, key, rule, message);
}

/* One key that a rule may speak of: finds the value, judges it, adds it. */
static void add_ruled(struct builder *builder, const char *key, enum gs3_metadata_source source,
                      bool is_required)
{
    const struct gs3_metadata_rule *rule = find_rule(builder->target->environment, key);
    if (rule)
        source = rule->source;
    const char *value = find_value(builder, key, rule, source);
    if (gs3_str_is_empty(value)) {
        if (is_required && builder->is_enforced && !waits_for_ticket(builder, source))
            refuse_missing(builder, key, rule, source);
        return;
    }
    gs3_auto_free char *problem = gs3_metadata_problem(rule, value);
    if (problem) {
        gs3_auto_free char *message = gs3_xasprintf("cannot be written: %s", problem);
        note(builder, false, key, rule, message);
        return;
    }
    if (rule)
        note(builder, true, key, rule, "is as its rule asks");
    put(builder, key, value);
}

static bool asks_rule(const struct builder *builder, const char *key, bool otherwise)
{
    const struct gs3_metadata_rule *rule = find_rule(builder->target->environment, key);
    return rule ? rule->is_required : otherwise;
}

static void add_from_user(struct builder *builder, const char *key)
{
    enum gs3_level level = builder->target->environment->level;
    add_ruled(builder, key, GS3_METADATA_USER,
              asks_rule(builder, key, gs3_metadata_is_required_by_table(key, level)));
}

/* approval-status and risk-level: the production schema always has them of its ticket; elsewhere
 * only a rule brings them. Where no ticket was needed and none was given, there is none to have
 * them of. */
static void add_from_ticket(struct builder *builder, const char *key,
                            enum gs3_metadata_source source)
{
    const struct gs3_environment *environment = builder->target->environment;
    bool is_high = environment->level == GS3_LEVEL_HIGH;
    if (!is_high && !find_rule(environment, key))
        return;
    bool is_of_schema = is_high && builder->target->rule;
    add_ruled(builder, key, source, asks_rule(builder, key, false) || is_of_schema);
}

static const char *tracking_system(const struct gs3_usage *usage)
{
    if (usage->rule->system->type == GS3_SYSTEM_JIRA)
        return "jira";
    return gs3_str_equal(usage->ticket->table, "change_request") ? "change-request" : "servicenow";
}

static void add_operator(struct builder *builder)
{
    const struct gs3_operator *who = &builder->evaluation->request->operator;
    if (gs3_str_is_empty(who->name))
        return;
    const char *problem = gs3_metadata_value_problem(who->name);
    if (problem) {
        gs3_auto_free char *message = gs3_xasprintf("cannot be written: %s", problem);
        note(builder, false, "operator", NULL, message);
        return;
    }
    gs3_auto_free char *name = gs3_xasprintf("%s%s", who->is_sts ? "" : "os:", who->name);
    put(builder, "operator", name);
}

static void add_table(struct builder *builder)
{
    const struct gs3_usage *target = builder->target;
    const struct gs3_request *request = builder->evaluation->request;
    bool is_high = target->environment->level == GS3_LEVEL_HIGH;
    char timestamp[GS3_TIME_TEXT_BYTES];
    gs3_time_format_iso(request->now, timestamp);
    if (target->ticket)
        put(builder, target->rule->metadata_key, target->ticket->id);
    put(builder, "environment", target->environment->name);
    add_operator(builder);
    put(builder, "timestamp", timestamp);
    put(builder, "operation", gs3_operation_name(request->operation));
    add_from_user(builder, "purpose");
    add_from_ticket(builder, "approval-status", GS3_METADATA_TICKET_APPROVAL);
    add_from_ticket(builder, "risk-level", GS3_METADATA_TICKET_RISK);
    put(builder, "governance-level", is_high ? "high" : "standard");
    if (target->ticket)
        put(builder, "tracking-system", tracking_system(target));
    if (!is_high || find_rule(target->environment, "department"))
        add_from_user(builder, "department");
    if (!is_high)
        put(builder, "automation", request->is_automation ? "true" : "false");
    put(builder, "gs3-policy", builder->evaluation->policy->digest);
    put(builder, "gs3-decision", request->decision_id);
    if (builder->evaluation->decision->uses_test_system)
        put(builder, "gs3-test", "true");
}

/* What the source's environment asked for is kept beside the destination's schema. */
static void add_source(struct builder *builder)
{
    const struct gs3_evaluation *evaluation = builder->evaluation;
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        const struct gs3_usage *usage = &evaluation->usages[i];
        if (usage == builder->target)
            continue;
        put(builder, "source-environment", usage->environment->name);
        if (!usage->ticket)
            continue;
        gs3_auto_free char *key = gs3_xasprintf("source-%s", usage->rule->metadata_key);
        put(builder, key, usage->ticket->id);
    }
}

static void add_custom(struct builder *builder)
{
    const struct gs3_environment *environment = builder->target->environment;
    for (size_t i = 0; i < environment->metadata_count; i++) {
        const struct gs3_metadata_rule *rule = &environment->metadata[i];
        if (!gs3_is_table_key(rule->key))
            add_ruled(builder, rule->key, rule->source, rule->is_required);
    }
}

void gs3_evaluation_metadata(struct gs3_evaluation *evaluation)
{
    const struct gs3_usage *target = &evaluation->usages[0];
    if (!target->is_target)
        return; /* its bucket is in no environment: refused already */
    struct builder builder = {
        .evaluation = evaluation,
        .target = target,
        .out = &evaluation->decision->metadata,
        .is_enforced = (target->actions & GS3_ACTION_WRITE) || target->is_required,
    };
    check_user_metadata(&builder);
    add_table(&builder);
    add_source(&builder);
    add_custom(&builder);
}
