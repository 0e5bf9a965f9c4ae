#include "govern/gate.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/object_tag.h"
#include "policy/permit_make.h"

static const char policy_key[] = "gs3-policy";

/* Puts what a second policy says behind what the first said: both must allow, the first one's
 * metadata wins, and the strongest failure stays the one that is named. */
static void merge_decisions(struct gs3_decision *into, struct gs3_decision *more)
{
    size_t total = into->reason_count + more->reason_count;
    size_t failure = 0;
    /* "No" is an answer, "could not decide" is none. */
    bool takes_failure = more->failure != GS3_OK && into->failure != GS3_EREFUSED;
    const struct gs3_decision *failing = takes_failure ? more : into;
    if (failing->first_failure)
        failure = (size_t)(failing->first_failure - failing->reasons) +
                  (takes_failure ? into->reason_count : 0);
    bool has_failure = failing->first_failure != NULL;
    into->reasons = gs3_xreallocarray(into->reasons, total, sizeof *into->reasons);
    if (more->reason_count > 0)
        memcpy(into->reasons + into->reason_count, more->reasons,
               more->reason_count * sizeof *more->reasons);
    into->reason_count = total;
    more->reason_count = 0;
    into->first_failure = has_failure ? into->reasons + failure : NULL;
    if (takes_failure)
        into->failure = more->failure;
    into->is_allowed = into->is_allowed && more->is_allowed;
    into->uses_test_system = into->uses_test_system || more->uses_test_system;
    for (size_t i = 0; i < more->metadata.count; i++)
        if (!gs3_pairs_has(&into->metadata, more->metadata.items[i].name))
            gs3_pairs_add(&into->metadata, more->metadata.items[i].name,
                          more->metadata.items[i].value);
    for (size_t i = 0; i < more->tags.count; i++)
        if (!gs3_pairs_has(&into->tags, more->tags.items[i].name))
            gs3_pairs_add(&into->tags, more->tags.items[i].name, more->tags.items[i].value);
    if (!into->is_allowed) {
        gs3_pairs_release(&into->metadata);
        gs3_pairs_release(&into->tags);
    }
}

/* With two policies the metadata names both digests. */
static void name_both_policies(const struct gs3_gate *gate, struct gs3_decision *decision)
{
    if (gate->policy_count < 2 || !decision->is_allowed)
        return;
    gs3_auto_free char *both =
        gs3_xasprintf("%s+%s", gate->policies[0]->digest, gate->policies[1]->digest);
    gs3_pairs_set(&decision->metadata, policy_key, both);
    if (gs3_pairs_has(&decision->tags, policy_key))
        gs3_pairs_set(&decision->tags, policy_key, both);
}

/* The request as one of two policies sees it. */
static struct gs3_request request_for(const struct gs3_gate *gate, size_t policy,
                                      const struct gs3_request *request)
{
    struct gs3_request own = *request;
    for (size_t i = 0; i < gate->policy_count; i++)
        if (i != policy && gs3_evaluate_is_served(gate->policies[i], request))
            own.is_served_elsewhere = true;
    return own;
}

int gs3_gate_prepare(struct gs3_gate *gate, const struct gs3_request *request,
                     struct gs3_decision *decision, struct gs3_err *err)
{
    for (size_t i = 0; i < gate->policy_count; i++)
        gs3_needs_release(&gate->needs[i]);
    for (size_t i = 0; i < gate->policy_count; i++) {
        struct gs3_decision one = {0};
        struct gs3_request own = request_for(gate, i, request);
        int failed = gs3_evaluate_needs(gate->policies[i], &own, &gate->needs[i],
                                        i == 0 ? decision : &one, err);
        if (!failed && i > 0)
            merge_decisions(decision, &one);
        gs3_decision_release(&one);
        if (failed)
            return -1;
    }
    return 0;
}

bool gs3_gate_needs_sts(const struct gs3_gate *gate, const struct gs3_request *request)
{
    for (size_t i = 0; i < gate->policy_count; i++) {
        for (size_t j = 0; j < request->touch_count; j++) {
            const struct gs3_environment *environment =
                gs3_policy_environment(gate->policies[i], request->touches[j].bucket,
                                       request->touches[j].key);
            if (!environment || environment->identity.source == GS3_IDENTITY_STS)
                return true;
        }
    }
    return false;
}

static bool is_same_list(const struct gs3_strings *a, const struct gs3_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!gs3_str_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

/* Two policies may name one ticketing system differently: what counts is where it is asked. */
static bool is_same_system(const struct gs3_system *a, const struct gs3_system *b)
{
    return a == b || (a->type == b->type && gs3_origin_equal(&a->origin, &b->origin) &&
                      gs3_str_equal(a->path, b->path) && a->api == b->api &&
                      is_same_list(&a->tables, &b->tables));
}

const struct gs3_looked_up *gs3_gate_find(const struct gs3_gate *gate,
                                          const struct gs3_ticket_need *need)
{
    for (size_t i = 0; i < gate->looked_up_count; i++)
        if (is_same_system(gate->looked_up[i].system, need->system) &&
            gs3_str_equal(gate->looked_up[i].ticket.requested_id, need->id))
            return &gate->looked_up[i];
    return NULL;
}

/* Whether the approval becomes part of the decision or of the metadata. */
static bool wants_approval(const struct gs3_ticket_need *need)
{
    if (need->rule->approval.is_set || need->environment->level == GS3_LEVEL_HIGH)
        return true;
    for (size_t i = 0; i < need->environment->metadata_count; i++)
        if (need->environment->metadata[i].source == GS3_METADATA_TICKET_APPROVAL)
            return true;
    return false;
}

/* One ticket may serve several rules: what any of them wants is asked for. */
static void add_wishes(const struct gs3_gate *gate, const struct gs3_ticket_need *need,
                       struct gs3_ticket_context *context)
{
    for (size_t i = 0; i < gate->policy_count; i++) {
        for (size_t j = 0; j < gate->needs[i].count; j++) {
            const struct gs3_ticket_need *other = &gate->needs[i].items[j];
            if (!is_same_system(other->system, need->system) || !gs3_str_equal(other->id, need->id))
                continue;
            context->want_approval = context->want_approval || wants_approval(other);
            context->want_window =
                context->want_window || other->rule->window != GS3_WINDOW_IGNORED;
        }
    }
}

/* ServiceNow gives everything in one answer, whatever was wished for. */
static bool has_all(const struct gs3_looked_up *record, const struct gs3_ticket_context *wishes)
{
    return record->system->type != GS3_SYSTEM_JIRA ||
           ((record->has_approval || !wishes->want_approval) &&
            (record->has_window || !wishes->want_window));
}

/* Puts an answer into the place of an older one for the same ticket, or behind the others. */
static void keep_answer(struct gs3_gate *gate, const struct gs3_looked_up *old,
                        const struct gs3_looked_up *answer)
{
    size_t place = old ? (size_t)(old - gate->looked_up) : gate->looked_up_count;
    if (old) {
        gs3_ticket_release(&gate->looked_up[place].ticket);
    } else {
        gate->looked_up_count++;
        gate->looked_up =
            gs3_xreallocarray(gate->looked_up, gate->looked_up_count, sizeof *gate->looked_up);
    }
    gate->looked_up[place] = *answer;
}

static int look_up_one(struct gs3_gate *gate, const struct gs3_ticket_context *context,
                       const struct gs3_ticket_need *need, struct gs3_err *err)
{
    const struct gs3_looked_up *known = gs3_gate_find(gate, need);
    struct gs3_ticket_context wishes = *context;
    if (known) {
        wishes.want_approval = wishes.want_approval || known->has_approval;
        wishes.want_window = wishes.want_window || known->has_window;
    }
    add_wishes(gate, need, &wishes);
    if (known && has_all(known, &wishes))
        return 0;
    struct gs3_looked_up answer = {.system = need->system,
                                   .has_approval = wishes.want_approval,
                                   .has_window = wishes.want_window};
    if (gs3_ticket_lookup(&wishes, need->system, need->id, &answer.ticket, err)) {
        gs3_ticket_release(&answer.ticket);
        return -1;
    }
    keep_answer(gate, known, &answer);
    return 0;
}

int gs3_gate_look_up(struct gs3_gate *gate, const struct gs3_ticket_context *context,
                     struct gs3_err *err)
{
    struct gs3_ticket_context limited = *context;
    limited.deadline_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + GS3_TICKET_BUDGET_MS;
    for (size_t i = 0; i < gate->policy_count; i++)
        for (size_t j = 0; j < gate->needs[i].count; j++)
            if (look_up_one(gate, &limited, &gate->needs[i].items[j], err))
                return -1;
    return 0;
}

static size_t collect_grants(const struct gs3_gate *gate, const struct gs3_request *request,
                             struct gs3_grant *grants)
{
    size_t count = 0;
    for (size_t i = 0; i < gate->policy_count; i++) {
        for (size_t j = 0; j < request->touch_count; j++) {
            const struct gs3_touch *touch = &request->touches[j];
            grants[count++] = (struct gs3_grant){
                .policy = gate->policies[i],
                .environment = gs3_policy_environment(gate->policies[i], touch->bucket, touch->key),
                .actions = touch->actions,
            };
        }
    }
    return count;
}

static int decide_one(const struct gs3_gate *gate, size_t policy, const struct gs3_request *request,
                      struct gs3_decision *decision, struct gs3_err *err)
{
    const struct gs3_needs *needs = &gate->needs[policy];
    /* Views: the records stay the gate's, under the name that this policy has for the system. */
    gs3_auto_free struct gs3_ticket *views = gs3_xcalloc(needs->count, sizeof *views);
    gs3_auto_free const struct gs3_ticket **tickets = gs3_xcalloc(needs->count, sizeof *tickets);
    size_t count = 0;
    for (size_t i = 0; i < needs->count; i++) {
        const struct gs3_looked_up *record = gs3_gate_find(gate, &needs->items[i]);
        if (!record)
            continue;
        views[count] = record->ticket;
        views[count].system = needs->items[i].system->name;
        tickets[count] = &views[count];
        count++;
    }
    struct gs3_request own = request_for(gate, policy, request);
    return gs3_evaluate(gate->policies[policy], &own, tickets, count, decision, err);
}

static void add_fact(const struct gs3_decision *decision, const char *key, struct gs3_pairs *facts)
{
    const char *value = gs3_pairs_get(&decision->metadata, key);
    if (value && !gs3_pairs_has(facts, key))
        gs3_pairs_add(facts, key, value);
}

/* Under the keys that the metadata has them under, so that one condition fits both. */
static void collect_facts(const struct gs3_gate *gate, const struct gs3_decision *decision,
                          struct gs3_pairs *facts)
{
    for (size_t i = 0; i < gate->policy_count; i++) {
        for (size_t j = 0; j < gate->needs[i].count; j++) {
            const char *key = gate->needs[i].items[j].rule->metadata_key;
            gs3_auto_free char *source = gs3_xasprintf("source-%s", key);
            add_fact(decision, key, facts);
            add_fact(decision, source, facts);
        }
    }
    add_fact(decision, "environment", facts);
    add_fact(decision, "operator", facts);
    add_fact(decision, "gs3-decision", facts);
}

/* Each policy counted its own; together they may be too many. */
static int check_tag_count(const struct gs3_request *request, const struct gs3_decision *decision,
                           struct gs3_err *err)
{
    size_t count = decision->tags.count + (request->user_tags ? request->user_tags->count : 0);
    if (count <= GS3_OBJECT_TAGS)
        return 0;
    return gs3_fail(err, GS3_EREFUSED,
                    "refused by policy: %zu object tags of --tags and of both policies, an object "
                    "has at most %d",
                    count, GS3_OBJECT_TAGS);
}

int gs3_gate_decide(const struct gs3_gate *gate, const struct gs3_request *request,
                    struct gs3_decision *decision, struct gs3_permit **permit, struct gs3_err *err)
{
    *permit = NULL;
    for (size_t i = 0; i < gate->policy_count; i++) {
        struct gs3_decision one = {0};
        int failed = decide_one(gate, i, request, i == 0 ? decision : &one, err);
        if (!failed && i > 0)
            merge_decisions(decision, &one);
        gs3_decision_release(&one);
        if (failed)
            return -1;
    }
    name_both_policies(gate, decision);
    if (!decision->is_allowed)
        return 0;
    if (check_tag_count(request, decision, err))
        return -1;
    gs3_auto_free struct gs3_grant *grants =
        gs3_xcalloc(gate->policy_count * request->touch_count, sizeof *grants);
    size_t count = collect_grants(gate, request, grants);
    /* A download has no object to carry metadata. */
    bool writes = false;
    for (size_t i = 0; i < request->touch_count; i++)
        writes = writes || (request->touches[i].actions & GS3_ACTION_WRITE);
    static const struct gs3_pairs none;
    *permit = gs3_permit_new(grants, count, writes ? &decision->metadata : &none);
    gs3_permit_set_tags(*permit, &decision->tags);
    gs3_auto_pairs struct gs3_pairs facts = GS3_PAIRS_INIT;
    collect_facts(gate, decision, &facts);
    gs3_permit_set_facts(*permit, &facts);
    return 0;
}

void gs3_gate_forget(struct gs3_gate *gate)
{
    for (size_t i = 0; i < gate->looked_up_count; i++)
        gs3_ticket_release(&gate->looked_up[i].ticket);
    free(gate->looked_up);
    gate->looked_up = NULL;
    gate->looked_up_count = 0;
}

void gs3_gate_release(struct gs3_gate *gate)
{
    for (size_t i = 0; i < gate->policy_count; i++)
        gs3_needs_release(&gate->needs[i]);
    gs3_gate_forget(gate);
}
