/* What is asked of the ticket of one environment. Fails closed: a fact that the ticket lacks, a
 * state that is not known and a record that is not the one asked for are all a "no". */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/evaluation.h"
#include "policy/parse.h"
#include "text/time.h"

/* The rule that is being judged, for the name of a reason: "change-request/approval". */
static void note(struct gs3_evaluation *evaluation, const struct gs3_usage *usage,
                 enum gs3_err_class class, const char *condition, const struct gs3_place *place,
                 const char *message)
{
    gs3_auto_free char *rule = gs3_xasprintf("%s/%s", usage->rule->name, condition);
    gs3_evaluation_note(evaluation, class, usage->environment, rule, place, "%s %s",
                        gs3_show(usage->id).text, message);
}

static const struct gs3_ticket *find_record(const struct gs3_evaluation *evaluation,
                                            const struct gs3_usage *usage)
{
    for (size_t i = 0; i < evaluation->ticket_count; i++) {
        const struct gs3_ticket *ticket = evaluation->tickets[i];
        if (gs3_str_equal(ticket->system, usage->rule->system->name) &&
            gs3_str_equal(ticket->requested_id, usage->id))
            return ticket;
    }
    return NULL;
}

static bool has_table(const struct gs3_system *system, const char *table)
{
    for (size_t i = 0; i < system->tables.count; i++)
        if (gs3_str_equal(system->tables.items[i], table))
            return true;
    return false;
}

/* That there is a record, and that it is the one that was asked for. */
static bool is_usable(struct gs3_evaluation *evaluation, struct gs3_usage *usage,
                      const struct gs3_ticket *ticket)
{
    const struct gs3_place *place = &usage->rule->place;
    const struct gs3_system *system = usage->rule->system;
    gs3_auto_free char *message = NULL;
    enum gs3_err_class class = GS3_EREFUSED;
    if (!ticket) {
        class = GS3_EUNDECIDED;
        message = gs3_xasprintf("could not be looked up in %s", system->name);
    } else if (ticket->verdict == GS3_TICKET_NOT_FOUND) {
        message = gs3_xasprintf("was not found in %s: check the number", system->name);
    } else if (!gs3_str_equal(ticket->id, usage->id)) {
        message = gs3_xasprintf("is answered by %s as \"%s\": give the ticket's own id",
                                system->name, gs3_show(ticket->id).text);
    } else if (system->type == GS3_SYSTEM_SERVICENOW && !has_table(system, ticket->table)) {
        message = gs3_xasprintf("is in table \"%s\", which ticket system %s does not list",
                                gs3_show(ticket->table).text, system->name);
    }
    if (message) {
        note(evaluation, usage, class, "found", place, message);
        return false;
    }
    gs3_auto_free char *found = gs3_xasprintf("was found in %s", system->name);
    note(evaluation, usage, GS3_OK, "found", place, found);
    return true;
}

static bool is_change(const struct gs3_usage *usage)
{
    return usage->rule->system->type == GS3_SYSTEM_SERVICENOW &&
           gs3_str_equal(usage->ticket->table, "change_request");
}

/* Always refused, whatever the rule asks for. A change request has both marks, so that an answer
 * without them is one from which an access rule has removed them. */
static void check_mark(struct gs3_evaluation *evaluation, const struct gs3_usage *usage,
                       const char *condition, enum gs3_tri mark, const char *words)
{
    gs3_auto_free char *message = NULL;
    enum gs3_err_class class = GS3_EREFUSED;
    if (mark == GS3_YES) {
        message = gs3_xasprintf("is %s", words);
    } else if (mark == GS3_UNKNOWN && is_change(usage)) {
        message =
            gs3_xasprintf("does not say whether it is %s: let the API user read that field", words);
    } else if (mark == GS3_NO) {
        message = gs3_xasprintf("is not %s", words);
        class = GS3_OK;
    } else {
        return; /* a record that has no such mark */
    }
    note(evaluation, usage, class, condition, &usage->rule->place, message);
}

static bool is_listed(const struct gs3_strings *values, const char *value)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->items[i], value) == 0)
            return true;
    return false;
}

/* "approved is required", "scheduled or implement is required" */
static char *describe_values(const struct gs3_strings *values)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(300);
    for (size_t i = 0; i < values->count; i++)
        if (gs3_buf_printf(&text, "%s%s", i == 0 ? "" : " or ", gs3_show(values->items[i]).text))
            break;
    return gs3_buf_take(&text);
}

static void check_condition(struct gs3_evaluation *evaluation, const struct gs3_usage *usage,
                            const char *name, const struct gs3_condition *condition,
                            const char *value)
{
    if (!condition->is_set)
        return;
    gs3_auto_free char *wanted = describe_values(&condition->values);
    gs3_auto_free char *message = NULL;
    bool is_met = !gs3_str_is_empty(value) && is_listed(&condition->values, value);
    if (is_met)
        message = gs3_xasprintf("has %s \"%s\"", name, gs3_show(value).text);
    else if (gs3_str_is_empty(value))
        message = gs3_xasprintf("has no %s, %s is required", name, wanted);
    else
        message =
            gs3_xasprintf("has %s \"%s\", %s is required", name, gs3_show(value).text, wanted);
    note(evaluation, usage, is_met ? GS3_OK : GS3_EREFUSED, name, &condition->place, message);
}

/* A code that gs3 has no word for may mean anything: refused with and without a condition. */
static void check_state(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_ticket *ticket = usage->ticket;
    const struct gs3_condition *condition = &usage->rule->state;
    if (usage->rule->system->type != GS3_SYSTEM_SERVICENOW)
        return;
    if (!gs3_str_is_empty(ticket->state)) {
        check_condition(evaluation, usage, "state", condition, ticket->state);
        return;
    }
    gs3_auto_free char *message =
        gs3_xasprintf("has a state that gs3 does not know (\"%s\")",
                      gs3_show(ticket->raw_state ? ticket->raw_state : "").text);
    note(evaluation, usage, GS3_EREFUSED, "state",
         condition->is_set ? &condition->place : &usage->rule->place, message);
}

static void check_active(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_ticket_rule *rule = usage->rule;
    enum gs3_tri active = usage->ticket->active;
    static const char *const words[] = {
        [GS3_UNKNOWN] = "does not say whether it is active",
        [GS3_NO] = "is not active",
        [GS3_YES] = "is active",
    };
    if (rule->active == GS3_UNKNOWN)
        return;
    bool is_met = active == rule->active;
    gs3_auto_free char *message =
        gs3_xasprintf("%s%s", words[active],
                      is_met                    ? ""
                      : rule->active == GS3_YES ? ", an active ticket is required"
                                                : ", an inactive ticket is required");
    note(evaluation, usage, is_met ? GS3_OK : GS3_EREFUSED, "active", &rule->active_place, message);
}

/* Judged by the ticketing system's clock; the local one must agree, or else one of them is wrong
 * and nobody can say which side of the window now is. */
static char *clock_problem(const struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_ticket *ticket = usage->ticket;
    const struct gs3_system *system = usage->rule->system;
    if (!ticket->has_server_time)
        return gs3_xasprintf("came without the time of ticket system %s (%s: no Date header): the "
                             "window cannot be judged: look at what stands before it",
                             system->name, system->url);
    int64_t skew = 0;
    if (__builtin_sub_overflow(evaluation->request->now, ticket->server_time, &skew))
        skew = INT64_MAX;
    if (skew >= -GS3_CLOCK_SKEW_SECONDS && skew <= GS3_CLOCK_SKEW_SECONDS)
        return NULL;
    return gs3_xasprintf("cannot be judged by its window: the local clock is %jd s off that of "
                         "ticket system %s (%s): set the clock",
                         (intmax_t)skew, system->name, system->url);
}

static void window_text(const struct gs3_ticket *ticket, char *out, size_t out_bytes)
{
    char start[GS3_TIME_TEXT_BYTES] = "…", end[GS3_TIME_TEXT_BYTES] = "…";
    if (ticket->has_window_start)
        gs3_time_format_iso(ticket->window_start, start);
    if (ticket->has_window_end)
        gs3_time_format_iso(ticket->window_end, end);
    snprintf(out, out_bytes, "%s to %s", start, end);
}

/* NULL: now is inside, bounds included. */
static const char *window_problem(const struct gs3_ticket_rule *rule,
                                  const struct gs3_ticket *ticket)
{
    bool has_start = ticket->has_window_start, has_end = ticket->has_window_end;
    if (rule->window == GS3_WINDOW_REQUIRED && !(has_start && has_end))
        return "lacks its start or its end, and both are required";
    if (has_start && has_end && ticket->window_end < ticket->window_start)
        return "ends before it starts";
    if (has_start && ticket->server_time < ticket->window_start)
        return "has not begun";
    if (has_end && ticket->server_time > ticket->window_end)
        return "is over";
    return NULL;
}

static void check_window(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_ticket_rule *rule = usage->rule;
    const struct gs3_ticket *ticket = usage->ticket;
    const struct gs3_place *place = &rule->window_place;
    bool has_window = ticket->has_window_start || ticket->has_window_end;
    if (rule->window == GS3_WINDOW_IGNORED)
        return;
    if (!has_window) {
        bool is_required = rule->window == GS3_WINDOW_REQUIRED;
        note(evaluation, usage, is_required ? GS3_EREFUSED : GS3_OK, "window", place,
             is_required ? "has no change window, one is required" : "has no change window");
        return;
    }
    gs3_auto_free char *clock = clock_problem(evaluation, usage);
    if (clock) {
        note(evaluation, usage, GS3_EUNDECIDED, "window", place, clock);
        return;
    }
    char window[2 * GS3_TIME_TEXT_BYTES + 8], now[GS3_TIME_TEXT_BYTES];
    const char *problem = window_problem(rule, ticket);
    window_text(ticket, window, sizeof window);
    gs3_time_format_iso(ticket->server_time, now);
    gs3_auto_free char *message =
        problem ? gs3_xasprintf("has the change window %s, which %s (now %s)", window, problem, now)
                : gs3_xasprintf("has the change window %s, and it is %s", window, now);
    note(evaluation, usage, problem ? GS3_EREFUSED : GS3_OK, "window", place, message);
}

void gs3_evaluation_ticket(struct gs3_evaluation *evaluation, struct gs3_usage *usage)
{
    const struct gs3_ticket_rule *rule = usage->rule;
    const struct gs3_ticket *ticket = find_record(evaluation, usage);
    if (rule->system->origin.is_loopback)
        evaluation->decision->uses_test_system = true;
    if (!is_usable(evaluation, usage, ticket))
        return;
    usage->ticket = ticket;
    check_mark(evaluation, usage, "on-hold", ticket->on_hold, "on hold");
    check_mark(evaluation, usage, "unauthorized", ticket->unauthorized, "marked unauthorized");
    check_condition(evaluation, usage, "approval", &rule->approval, ticket->approval);
    check_state(evaluation, usage);
    check_condition(evaluation, usage, "status", &rule->status, ticket->status);
    check_condition(evaluation, usage, "status_category", &rule->status_category,
                    ticket->status_category);
    check_condition(evaluation, usage, "issue_type", &rule->issue_type, ticket->issue_type);
    check_condition(evaluation, usage, "project", &rule->project, ticket->project);
    check_condition(evaluation, usage, "type", &rule->type, ticket->type);
    check_condition(evaluation, usage, "risk", &rule->risk, ticket->risk);
    check_active(evaluation, usage);
    check_window(evaluation, usage);
    gs3_evaluation_assignee(evaluation, usage);
}
