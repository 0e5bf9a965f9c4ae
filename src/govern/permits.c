#include "govern/permits.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/uuid.h"
#include "text/bucket.h"

enum { TOUCHES = 2, SECOND_MS = 1000 };

/* What a decision is shared by. Compared byte by byte: made by make_tuple alone. */
struct tuple {
    const struct gs3_environment *environments[TOUCHES][GS3_GATE_POLICIES]; /* NULL: in none */
    unsigned actions[TOUCHES];
    unsigned targets; /* a bit for each touch */
    unsigned count;
};

/* One decision: what it was about, and what it said. */
struct entry {
    struct tuple tuple;
    struct gs3_touch touches[TOUCHES]; /* of the key that triggered it */
    char *texts[TOUCHES][2];           /* the touches' memory */
    struct gs3_needs needs[GS3_GATE_POLICIES];
    struct gs3_operator operator;
    char decision_id[GS3_UUID_TEXT_BYTES];
    struct gs3_permit *permit; /* NULL: `err` says why not */
    struct gs3_err err;
};

struct gs3_permits {
    struct gs3_permits_opts opts;
    const struct gs3_clock *clock;
    struct entry **entries; /* pointers: what is handed out stays where it is */
    size_t entry_count;
    const struct entry *last; /* the next key is likely to lie beside the one before */
    char *good_buckets[TOUCHES];
    struct gs3_err halted; /* of a renewal that failed */
    int64_t due_ms;
};

struct gs3_permits *gs3_permits_new(const struct gs3_permits_opts *opts)
{
    struct gs3_permits *permits = gs3_xcalloc(1, sizeof *permits);
    permits->opts = *opts;
    permits->clock = opts->clock ? opts->clock : &gs3_clock_system;
    permits->due_ms = INT64_MAX;
    return permits;
}

static void entry_free(struct entry *entry)
{
    for (size_t i = 0; i < TOUCHES; i++) {
        free(entry->texts[i][0]);
        free(entry->texts[i][1]);
    }
    for (size_t i = 0; i < GS3_GATE_POLICIES; i++)
        gs3_needs_release(&entry->needs[i]);
    gs3_permit_free(entry->permit);
    free(entry);
}

void gs3_permits_free(struct gs3_permits *permits)
{
    if (!permits)
        return;
    for (size_t i = 0; i < permits->entry_count; i++)
        entry_free(permits->entries[i]);
    for (size_t i = 0; i < TOUCHES; i++)
        free(permits->good_buckets[i]);
    free(permits->entries);
    free(permits);
}

/* A glob of the policy may match a name that the evaluator refuses: such a bucket shares nothing.
 * Whole runs are about one bucket on either side, so that the answer is kept. */
static bool is_good_bucket(struct gs3_permits *permits, size_t side, const char *bucket)
{
    if (gs3_str_equal(permits->good_buckets[side], bucket))
        return true;
    if (gs3_bucket_problem(bucket))
        return false;
    free(permits->good_buckets[side]);
    permits->good_buckets[side] = gs3_xstrdup(bucket);
    return true;
}

static void make_tuple(struct gs3_permits *permits, const struct gs3_touch *touches,
                       size_t touch_count, struct tuple *tuple)
{
    const struct gs3_gate *gate = permits->opts.gate;
    memset(tuple, 0, sizeof *tuple);
    tuple->count = (unsigned)touch_count;
    for (size_t i = 0; i < touch_count; i++) {
        const struct gs3_touch *touch = &touches[i];
        tuple->actions[i] = touch->actions;
        tuple->targets |= touch->is_metadata_target ? 1U << i : 0;
        if (!is_good_bucket(permits, i, touch->bucket))
            continue;
        for (size_t j = 0; j < gate->policy_count; j++)
            tuple->environments[i][j] =
                gs3_policy_environment(gate->policies[j], touch->bucket, touch->key);
    }
}

static bool is_governed(const struct gs3_permits *permits, const struct tuple *tuple)
{
    for (size_t i = 0; i < tuple->count; i++)
        for (size_t j = 0; j < permits->opts.gate->policy_count; j++)
            if (!tuple->environments[i][j])
                return false;
    return true;
}

static const struct entry *find_entry(const struct gs3_permits *permits, const struct tuple *tuple)
{
    if (permits->last && memcmp(&permits->last->tuple, tuple, sizeof *tuple) == 0)
        return permits->last;
    for (size_t i = 0; i < permits->entry_count; i++)
        if (memcmp(&permits->entries[i]->tuple, tuple, sizeof *tuple) == 0)
            return permits->entries[i];
    return NULL;
}

static struct entry *add_entry(struct gs3_permits *permits, const struct gs3_touch *touches,
                               const struct tuple *tuple)
{
    struct entry *entry = gs3_xcalloc(1, sizeof *entry);
    entry->tuple = *tuple;
    for (size_t i = 0; i < tuple->count; i++) {
        entry->touches[i] = touches[i];
        entry->touches[i].bucket = entry->texts[i][0] = gs3_xstrdup(touches[i].bucket);
        entry->touches[i].key = entry->texts[i][1] = gs3_xstrdup(touches[i].key);
    }
    permits->entries =
        gs3_xreallocarray(permits->entries, permits->entry_count + 1, sizeof *permits->entries);
    permits->entries[permits->entry_count++] = entry;
    return entry;
}

/* The request of one decision, as of now; borrows from the entry. */
static struct gs3_request request_of(const struct gs3_permits *permits, const struct entry *entry)
{
    struct gs3_request request = *permits->opts.request;
    request.touches = entry->touches;
    request.touch_count = entry->tuple.count;
    request.operator= entry->operator;
    request.now = gs3_clock_wall_ms(permits->clock) / SECOND_MS;
    request.decision_id = entry->decision_id;
    return request;
}

/* The words of gs3_output_refusal, for the line of each object that this stops. */
static int fail_refused(const struct gs3_decision *decision, struct gs3_err *err)
{
    const struct gs3_reason *reason = decision->first_failure;
    enum gs3_err_class class = decision->failure ? decision->failure : GS3_EREFUSED;
    const char *verb = class == GS3_EUNDECIDED ? "could not decide" : "refused by policy";
    if (reason && reason->place.file)
        return gs3_fail(err, class, "%s: %s:%u: %s: %s", verb, reason->place.file,
                        reason->place.line, reason->rule, reason->message);
    return gs3_fail(err, class, "%s: %s", verb, reason ? reason->message : "no rule allows it");
}

static void tell(const struct gs3_permits *permits, const struct gs3_decision *decision,
                 const struct gs3_request *request, bool is_renewal)
{
    if (permits->opts.decided)
        permits->opts.decided(permits->opts.context, decision, request, is_renewal);
}

static int look_up(struct gs3_permits *permits, struct gs3_err *err)
{
    struct gs3_gate *gate = permits->opts.gate;
    /* From before the question: an answer is never younger than this. */
    int64_t now_ms = gs3_clock_monotonic_ms(permits->clock);
    int failed = gs3_gate_look_up(gate, permits->opts.tickets, err);
    for (size_t i = 0; i < gate->looked_up_count; i++)
        if (gate->looked_up[i].since_ms == 0)
            gate->looked_up[i].since_ms = now_ms;
    return failed;
}

/* When the answer to a need has to be asked for again. Windows are judged by the ticketing system's
 * time, whose distance from the end does not depend on the local clock; the end is inside. */
static int64_t need_due_ms(const struct gs3_gate *gate, const struct gs3_ticket_need *need)
{
    const struct gs3_looked_up *record = gs3_gate_find(gate, need);
    int64_t left_s = 0;
    if (!record)
        return INT64_MAX;
    const struct gs3_ticket *ticket = &record->ticket;
    bool has_end = need->rule->window != GS3_WINDOW_IGNORED && ticket->has_window_end &&
                   ticket->has_server_time;
    if (has_end && !__builtin_sub_overflow(ticket->window_end, ticket->server_time, &left_s) &&
        left_s < GS3_PERMITS_AGE_MS / SECOND_MS)
        return record->since_ms + (left_s + 1) * SECOND_MS;
    return record->since_ms + GS3_PERMITS_AGE_MS;
}

static void note_due(struct gs3_permits *permits, const struct entry *entry)
{
    for (size_t i = 0; i < GS3_GATE_POLICIES; i++) {
        for (size_t j = 0; j < entry->needs[i].count; j++) {
            int64_t due_ms = need_due_ms(permits->opts.gate, &entry->needs[i].items[j]);
            if (due_ms < permits->due_ms)
                permits->due_ms = due_ms;
        }
    }
}

static void swap_needs(struct gs3_gate *gate, struct entry *entry)
{
    for (size_t i = 0; i < GS3_GATE_POLICIES; i++) {
        struct gs3_needs needs = gate->needs[i];
        gate->needs[i] = entry->needs[i];
        entry->needs[i] = needs;
    }
}

/* The gate keeps what it prepared last: whoever names the tickets reads it there. */
static void copy_needs(const struct gs3_gate *gate, struct entry *entry)
{
    for (size_t i = 0; i < gate->policy_count; i++) {
        const struct gs3_needs *needs = &gate->needs[i];
        entry->needs[i].items = gs3_xcalloc(needs->count, sizeof *needs->items);
        entry->needs[i].count = needs->count;
        if (needs->count > 0)
            memcpy(entry->needs[i].items, needs->items, needs->count * sizeof *needs->items);
    }
}

static int identify(const struct gs3_permits *permits, struct entry *entry,
                    const struct gs3_request *request, struct gs3_err *err)
{
    entry->operator= permits->opts.request->operator;
    if (!permits->opts.identify)
        return 0;
    return permits->opts.identify(permits->opts.context, request, &entry->operator, err);
}

/* The steps of the gate, one after the other. `decision` is told about when there is one. */
static int run_gate(struct gs3_permits *permits, struct entry *entry, struct gs3_decision *decision,
                    struct gs3_err *err)
{
    struct gs3_gate *gate = permits->opts.gate;
    struct gs3_request request = request_of(permits, entry);
    if (gs3_gate_prepare(gate, &request, decision, err))
        return -1;
    if (decision->is_allowed) {
        copy_needs(gate, entry);
        if (permits->opts.begin_identify)
            permits->opts.begin_identify(permits->opts.context, &request);
        if (look_up(permits, err) || identify(permits, entry, &request, err))
            return -1;
        /* Waiting for the answers took time. */
        request = request_of(permits, entry);
        if (gs3_gate_decide(gate, &request, decision, &entry->permit, err))
            return -1;
    }
    tell(permits, decision, &request, false);
    if (!decision->is_allowed)
        return fail_refused(decision, err);
    note_due(permits, entry);
    return 0;
}

static const struct entry *decide_new(struct gs3_permits *permits, const struct gs3_touch *touches,
                                      const struct tuple *tuple)
{
    struct gs3_decision decision = {0};
    struct entry *entry = add_entry(permits, touches, tuple);
    if (permits->entry_count == 1 && permits->opts.decision_id) {
        snprintf(entry->decision_id, sizeof entry->decision_id, "%s", permits->opts.decision_id);
        run_gate(permits, entry, &decision, &entry->err);
    } else if (gs3_uuid_v7(gs3_clock_wall_ms(permits->clock), entry->decision_id, &entry->err) == 0)
        run_gate(permits, entry, &decision, &entry->err);
    gs3_decision_release(&decision);
    return entry;
}

/* What is in no environment is refused with its own name, not with that of the first such key;
 * nothing is looked up for it, and it is no new decision. */
static int fail_ungoverned(const struct gs3_permits *permits, const struct entry *entry,
                           const struct gs3_touch *touches, struct gs3_err *err)
{
    struct gs3_request request = request_of(permits, entry);
    struct gs3_decision decision = {0};
    request.touches = touches;
    if (gs3_gate_prepare(permits->opts.gate, &request, &decision, err) == 0)
        fail_refused(&decision, err);
    gs3_decision_release(&decision);
    return -1;
}

const struct gs3_permit *gs3_permits_for(struct gs3_permits *permits,
                                         const struct gs3_touch *touches, size_t touch_count,
                                         struct gs3_err *err)
{
    struct tuple tuple;
    if (permits->halted.class) {
        *err = permits->halted;
        return NULL;
    }
    if (touch_count == 0 || touch_count > TOUCHES) {
        gs3_fail(err, GS3_EGENERAL, "a decision is about one or two places, not %zu", touch_count);
        return NULL;
    }
    make_tuple(permits, touches, touch_count, &tuple);
    const struct entry *entry = find_entry(permits, &tuple);
    bool is_new = !entry;
    if (is_new)
        entry = decide_new(permits, touches, &tuple);
    permits->last = entry;
    if (entry->permit)
        return entry->permit;
    if (is_new || is_governed(permits, &tuple))
        *err = entry->err;
    else
        fail_ungoverned(permits, entry, touches, err);
    return NULL;
}

bool gs3_permits_has_limits(const struct gs3_permits *permits, const struct gs3_touch *touches,
                            size_t touch_count)
{
    const struct gs3_gate *gate = permits->opts.gate;
    for (size_t i = 0; i < gate->policy_count; i++) {
        for (size_t j = 0; j < touch_count; j++) {
            const struct gs3_environment *environment =
                gs3_policy_environment(gate->policies[i], touches[j].bucket, touches[j].key);
            if (environment && (environment->has_object_limit || environment->has_byte_limit))
                return true;
        }
    }
    return false;
}

bool gs3_permits_deletes_conditionally(const struct gs3_permits *permits, const char *bucket,
                                       const char *key)
{
    const struct gs3_gate *gate = permits->opts.gate;
    for (size_t i = 0; i < gate->policy_count; i++) {
        const struct gs3_environment *environment =
            gs3_policy_environment(gate->policies[i], bucket, key);
        if (environment && environment->deletes_conditionally)
            return true;
    }
    return false;
}

int64_t gs3_permits_due_ms(const struct gs3_permits *permits)
{
    return permits->due_ms;
}

/* Asks and decides as for the first time, by the same operator and under the same id. */
static int renew_entry(struct gs3_permits *permits, struct entry *entry, struct gs3_err *err)
{
    const struct gs3_gate *gate = permits->opts.gate;
    struct gs3_decision decision = {0};
    struct gs3_permit *permit = NULL;
    int failed = look_up(permits, err);
    if (!failed) {
        struct gs3_request request = request_of(permits, entry);
        failed = gs3_gate_decide(gate, &request, &decision, &permit, err);
        if (!failed && !decision.is_allowed) {
            tell(permits, &decision, &request, true);
            failed = fail_refused(&decision, err);
        }
    }
    /* The one that was handed out stays: its metadata is what the objects before it carry. */
    gs3_permit_free(permit);
    gs3_decision_release(&decision);
    return failed;
}

static int renew_all(struct gs3_permits *permits, struct gs3_err *err)
{
    int failed = 0;
    for (size_t i = 0; i < permits->entry_count && !failed; i++) {
        struct entry *entry = permits->entries[i];
        if (!entry->permit)
            continue;
        swap_needs(permits->opts.gate, entry);
        failed = renew_entry(permits, entry, err);
        swap_needs(permits->opts.gate, entry);
        note_due(permits, entry);
    }
    return failed;
}

int gs3_permits_renew(struct gs3_permits *permits, struct gs3_err *err)
{
    gs3_gate_forget(permits->opts.gate);
    permits->due_ms = INT64_MAX;
    if (renew_all(permits, err) == 0) {
        gs3_err_clear(&permits->halted);
        return 0;
    }
    /* A ticket that was given once and cannot be had now leaves the question open, whatever went
     * wrong. */
    if (err->class != GS3_EREFUSED && err->class != GS3_EINTERRUPT)
        err->class = GS3_EUNDECIDED;
    permits->halted = *err;
    permits->due_ms = INT64_MAX;
    return -1;
}
