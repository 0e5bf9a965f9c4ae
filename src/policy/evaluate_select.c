/* Which of the given ticket ids serves which environment: the first that fits one of its rules. */
#include <string.h>

#include "base/mem.h"
#include "policy/evaluation.h"
#include "policy/parse.h"

/* Strict ASCII, as given: an id goes into a URL, a header and metadata byte for byte. */
static bool is_well_formed(const char *id)
{
    size_t length = strlen(id);
    for (const char *c = id; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return length > 0 && length <= GS3_POLICY_ID_BYTES;
}

static bool fits(const struct gs3_ticket_rule *rule, const struct gs3_ticket_request *ticket)
{
    return is_well_formed(ticket->id) &&
           (!ticket->system || strcmp(ticket->system, rule->system->name) == 0) &&
           regexec(&rule->regex, ticket->id, 0, NULL, 0) == 0;
}

static int fail_ambiguous(const struct gs3_ticket_request *ticket, const struct gs3_ticket_rule *a,
                          const struct gs3_ticket_rule *b, struct gs3_err *err)
{
    if (a->system == b->system)
        return gs3_fail(err, GS3_EUSAGE,
                        "ticket %s fits the rules %s (%s:%u) and %s (%s:%u) of one ticket system: "
                        "the patterns in the policy must tell them apart",
                        gs3_show(ticket->id).text, a->name, a->place.file, a->place.line, b->name,
                        b->place.file, b->place.line);
    return gs3_fail(err, GS3_EUSAGE,
                    "ticket %s fits the rules %s (%s:%u) and %s (%s:%u): say which with --ticket "
                    "%s:%s or --ticket %s:%s",
                    gs3_show(ticket->id).text, a->name, a->place.file, a->place.line, b->name,
                    b->place.file, b->place.line, a->system->name, gs3_show(ticket->id).text,
                    b->system->name, gs3_show(ticket->id).text);
}

static int select_for(const struct gs3_request *request, struct gs3_usage *usage,
                      struct gs3_err *err)
{
    const struct gs3_environment *environment = usage->environment;
    if (!environment->tickets)
        return 0;
    for (size_t i = 0; i < request->ticket_count && !usage->rule; i++) {
        for (size_t j = 0; j < environment->ticket_count; j++) {
            if (!fits(&environment->tickets[j], &request->tickets[i]))
                continue;
            if (usage->rule)
                return fail_ambiguous(&request->tickets[i], usage->rule, &environment->tickets[j],
                                      err);
            usage->rule = &environment->tickets[j];
            usage->id = request->tickets[i].id;
        }
    }
    return 0;
}

static const char *action_words(unsigned actions)
{
    static const char *const words[] = {"nothing",
                                        "read",
                                        "write",
                                        "read and write",
                                        "delete",
                                        "read and delete",
                                        "write and delete",
                                        "read, write and delete"};
    return words[actions & (GS3_ACTION_READ | GS3_ACTION_WRITE | GS3_ACTION_DELETE)];
}

/* "CHG… (^CHG[0-9]{7,}$, policy.yaml:53)": what would have served, rule by rule. */
static char *expected_tickets(const struct gs3_environment *environment)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(512);
    for (size_t i = 0; i < environment->ticket_count; i++) {
        const struct gs3_ticket_rule *rule = &environment->tickets[i];
        if (gs3_buf_printf(&text, "%s%s %s (%s:%u)", i == 0 ? "" : " or ", rule->name,
                           rule->pattern, rule->place.file, rule->place.line)) {
            gs3_buf_puts(&text, " …");
            break;
        }
    }
    return gs3_buf_take(&text);
}

static bool is_used(const struct gs3_evaluation *evaluation, const char *id)
{
    for (size_t i = 0; i < evaluation->usage_count; i++)
        if (evaluation->usages[i].id == id)
            return true;
    return false;
}

static bool fits_any(const struct gs3_evaluation *evaluation,
                     const struct gs3_ticket_request *ticket)
{
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        const struct gs3_environment *environment = evaluation->usages[i].environment;
        for (size_t j = 0; j < environment->ticket_count; j++)
            if (fits(&environment->tickets[j], ticket))
                return true;
    }
    return false;
}

/* Ids that serve nothing: a note where another one serves, because a runbook may give the tickets
 * of all its steps at once. */
static bool note_unused(struct gs3_evaluation *evaluation)
{
    const struct gs3_request *request = evaluation->request;
    bool has_used = false;
    for (size_t i = 0; i < request->ticket_count; i++)
        has_used = has_used || is_used(evaluation, request->tickets[i].id);
    for (size_t i = 0; has_used && i < request->ticket_count; i++) {
        const struct gs3_ticket_request *ticket = &request->tickets[i];
        if (is_used(evaluation, ticket->id))
            continue;
        gs3_evaluation_note(evaluation, GS3_OK, NULL, "tickets", NULL, "ticket %s %s: ignored",
                            gs3_show(ticket->id).text,
                            fits_any(evaluation, ticket) ? "is one more than is needed"
                                                         : "fits no rule");
    }
    return has_used;
}

static void refuse_missing(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_environment *environment = usage->environment;
    const struct gs3_request *request = evaluation->request;
    const struct gs3_place *place = environment->ticket_count > 0 ? &environment->tickets[0].place
                                                                  : &environment->ticket_for_place;
    gs3_auto_free char *expected = expected_tickets(environment);
    if (request->ticket_count == 0)
        gs3_evaluation_note(evaluation, GS3_EREFUSED, environment, "tickets", place,
                            "%s in %s needs a ticket: give --ticket with %s",
                            action_words(usage->actions & environment->ticket_for),
                            environment->name, expected);
    else
        gs3_evaluation_note(evaluation, GS3_EREFUSED, environment, "tickets", place,
                            "ticket %s fits no rule of %s%s%s",
                            gs3_show(request->tickets[0].id).text, environment->name,
                            environment->ticket_count > 0 ? ": give --ticket with " : "", expected);
}

bool gs3_evaluate_is_served(const struct gs3_policy *policy, const struct gs3_request *request)
{
    for (size_t i = 0; i < request->touch_count; i++) {
        const struct gs3_environment *environment =
            gs3_policy_environment(policy, request->touches[i].bucket, request->touches[i].key);
        for (size_t j = 0; environment && j < environment->ticket_count; j++)
            for (size_t k = 0; k < request->ticket_count; k++)
                if (fits(&environment->tickets[j], &request->tickets[k]))
                    return true;
    }
    return false;
}

bool gs3_evaluate_fits(const struct gs3_policy *policy, const struct gs3_ticket_request *ticket)
{
    for (size_t i = 0; i < policy->environment_count; i++)
        for (size_t j = 0; j < policy->environments[i].ticket_count; j++)
            if (fits(&policy->environments[i].tickets[j], ticket))
                return true;
    return false;
}

static int check_system_names(const struct gs3_evaluation *evaluation, struct gs3_err *err)
{
    const struct gs3_request *request = evaluation->request;
    if (request->is_served_elsewhere)
        return 0;
    for (size_t i = 0; i < request->ticket_count; i++) {
        const struct gs3_ticket_request *ticket = &request->tickets[i];
        if (ticket->system && !gs3_policy_system(evaluation->policy, ticket->system))
            return gs3_fail(err, GS3_EUSAGE,
                            "ticket %s:%s: no ticket system \"%s\" is defined in %s",
                            gs3_show(ticket->system).text, gs3_show(ticket->id).text,
                            gs3_show(ticket->system).text, evaluation->policy->files[0]);
    }
    return 0;
}

int gs3_evaluation_select(struct gs3_evaluation *evaluation, struct gs3_err *err)
{
    if (check_system_names(evaluation, err))
        return -1;
    for (size_t i = 0; i < evaluation->usage_count; i++)
        if (select_for(evaluation->request, &evaluation->usages[i], err))
            return -1;
    bool has_used = note_unused(evaluation);
    for (size_t i = 0; i < evaluation->usage_count; i++) {
        const struct gs3_usage *usage = &evaluation->usages[i];
        bool is_all_ignored = evaluation->request->ticket_count > 0 && !has_used &&
                              !evaluation->request->is_served_elsewhere;
        if (usage->rule)
            gs3_evaluation_note(evaluation, GS3_OK, usage->environment, "tickets",
                                &usage->rule->place, "ticket %s is judged by rule %s",
                                gs3_show(usage->id).text, usage->rule->name);
        else if (usage->is_required || is_all_ignored)
            refuse_missing(evaluation, usage);
        else
            gs3_evaluation_note(evaluation, GS3_OK, usage->environment, "tickets",
                                &usage->environment->ticket_for_place, "%s in %s needs no ticket",
                                action_words(usage->actions), usage->environment->name);
    }
    return 0;
}
