/* Ticket rules: which tickets an environment takes, and what must hold of them. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"

/* Words by what a rule's system can say (reference: ServiceNow's state and approval choices). */
static const char *const change_states[] = {"new",       "assess", "authorize", "scheduled",
                                            "implement", "review", "closed",    "canceled"};
static const char *const task_states[] = {"open",     "in-progress", "on-hold",
                                          "resolved", "closed",      "canceled"};
static const char *const servicenow_approvals[] = {"approved",    "requested", "rejected",
                                                   "cancelled",   "duplicate", "not requested",
                                                   "not_required"};
static const char *const jira_approvals[] = {"approved", "declined", "pending"};
static const char *const status_categories[] = {"new", "indeterminate", "done", "undefined"};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { STATE_WORDS = COUNT_OF(change_states) + COUNT_OF(task_states) };

static bool has_word(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

/* The states that tickets of the system's tables can be in. */
static size_t state_words(const struct gs3_system *system, const char *words[STATE_WORDS])
{
    bool has_changes = false, has_tasks = false;
    for (size_t i = 0; i < system->tables.count; i++) {
        bool is_change = strcmp(system->tables.items[i], "change_request") == 0;
        has_changes = has_changes || is_change;
        has_tasks = has_tasks || !is_change;
    }
    size_t count = 0;
    for (size_t i = 0; has_changes && i < COUNT_OF(change_states); i++)
        words[count++] = change_states[i];
    for (size_t i = 0; has_tasks && i < COUNT_OF(task_states); i++)
        if (!has_word(words, count, task_states[i]))
            words[count++] = task_states[i];
    return count;
}

static int parse_condition(struct gs3_parse *parse, struct gs3_at rule, const char *key,
                           const char *const *words, size_t word_count,
                           struct gs3_condition *condition)
{
    struct gs3_at at = gs3_at_get(rule, key);
    if (!at.node)
        return 0;
    condition->is_set = true;
    condition->place = gs3_parse_place(at);
    return gs3_parse_strings(parse, at, key, words, word_count, &condition->values);
}

static int parse_state(struct gs3_parse *parse, struct gs3_at at, struct gs3_ticket_rule *rule)
{
    const char *words[STATE_WORDS];
    struct gs3_at state = gs3_at_get(at, "state");
    if (state.node && rule->system->type != GS3_SYSTEM_SERVICENOW)
        return gs3_parse_fail(parse, state,
                              "state is a condition on ServiceNow tickets: use status or "
                              "status_category for %s",
                              rule->system->name);
    size_t count = state_words(rule->system, words);
    return parse_condition(parse, at, "state", words, count, &rule->state);
}

static int parse_jira_conditions(struct gs3_parse *parse, struct gs3_at at,
                                 struct gs3_ticket_rule *rule)
{
    static const char *const keys[] = {"status", "status_category", "issue_type", "project"};
    for (size_t i = 0; i < COUNT_OF(keys) && rule->system->type != GS3_SYSTEM_JIRA; i++) {
        struct gs3_at value = gs3_at_get(at, keys[i]);
        if (value.node)
            return gs3_parse_fail(parse, value,
                                  "%s is a condition on Jira issues, and %s is no Jira: use state "
                                  "or approval",
                                  keys[i], rule->system->name);
    }
    return parse_condition(parse, at, "status", NULL, 0, &rule->status) ||
                   parse_condition(parse, at, "status_category", status_categories,
                                   COUNT_OF(status_categories), &rule->status_category) ||
                   parse_condition(parse, at, "issue_type", NULL, 0, &rule->issue_type) ||
                   parse_condition(parse, at, "project", NULL, 0, &rule->project)
               ? -1
               : 0;
}

static int parse_lists(struct gs3_parse *parse, struct gs3_at at, struct gs3_ticket_rule *rule)
{
    bool is_jira = rule->system->type == GS3_SYSTEM_JIRA;
    if (parse_condition(parse, at, "approval", is_jira ? jira_approvals : servicenow_approvals,
                        is_jira ? COUNT_OF(jira_approvals) : COUNT_OF(servicenow_approvals),
                        &rule->approval) ||
        parse_state(parse, at, rule) || parse_jira_conditions(parse, at, rule))
        return -1;
    struct gs3_at type = gs3_at_get(at, "type");
    if (type.node && is_jira)
        return gs3_parse_fail(parse, type,
                              "type is a ServiceNow change's: use issue_type for Jira");
    return parse_condition(parse, at, "type", NULL, 0, &rule->type) ||
                   parse_condition(parse, at, "risk", NULL, 0, &rule->risk)
               ? -1
               : 0;
}

/* One word with its place, where the rule has it; else the default with the rule's own place. */
static int parse_choice(struct gs3_parse *parse, struct gs3_at rule, const char *key,
                        const char *const *words, size_t word_count, size_t *word,
                        struct gs3_place *place)
{
    struct gs3_at at = gs3_at_get(rule, key);
    *word = 0;
    *place = gs3_parse_place(at.node ? at : rule);
    return at.node ? gs3_parse_word(parse, at, key, words, word_count, word) : 0;
}

static int parse_words(struct gs3_parse *parse, struct gs3_at at, struct gs3_ticket_rule *rule)
{
    static const char *const windows[] = {"when-set", "required", "ignored"};
    static const char *const operators[] = {"any", "assignee"};
    size_t window = 0, who = 0;
    if (parse_choice(parse, at, "window", windows, COUNT_OF(windows), &window,
                     &rule->window_place) ||
        parse_choice(parse, at, "operator", operators, COUNT_OF(operators), &who,
                     &rule->operator_place))
        return -1;
    rule->window = (enum gs3_window)window;
    /* clang-format 14 takes the field for the C++ keyword. */
    /* clang-format off */
    rule->operator = (enum gs3_operator_rule)who;
    /* clang-format on */
    return 0;
}

static int parse_active(struct gs3_parse *parse, struct gs3_at at, struct gs3_ticket_rule *rule)
{
    struct gs3_at active = gs3_at_get(at, "active");
    bool is_active = false;
    if (!active.node)
        return 0;
    if (gs3_parse_bool(parse, active, "active", &is_active))
        return -1;
    rule->active = is_active ? GS3_YES : GS3_NO;
    rule->active_place = gs3_parse_place(active);
    return 0;
}

/* The key under which the ticket's id is stored. Keys that gs3 fills with something else, and its
 * own `gs3-` and `source-` names, would be written twice. */
static int parse_metadata_key(struct gs3_parse *parse, struct gs3_at at,
                              struct gs3_ticket_rule *rule)
{
    static const char *const ticket_keys[] = {"change-request-id", "jira-ticket-id",
                                              "servicenow-ticket-id", "ticket-id"};
    const char *name = NULL;
    if (gs3_parse_name(parse, at, "metadata_key", &name))
        return -1;
    if ((gs3_is_table_key(name) && !has_word(ticket_keys, COUNT_OF(ticket_keys), name)) ||
        gs3_str_has_prefix(name, "source-"))
        return gs3_parse_fail(parse, at,
                              "metadata_key \"%s\" is a key that gs3 fills otherwise: use "
                              "change-request-id, jira-ticket-id, servicenow-ticket-id or one of "
                              "your own",
                              name);
    rule->metadata_key = gs3_xstrdup(name);
    return 0;
}

static int parse_system_of_rule(struct gs3_parse *parse, struct gs3_at at,
                                struct gs3_ticket_rule *rule)
{
    const char *name = NULL;
    if (gs3_parse_name(parse, at, "system", &name))
        return -1;
    rule->system = gs3_policy_system(parse->policy, name);
    if (!rule->system)
        return gs3_parse_fail(parse, at, "system \"%s\" is not defined under ticket_systems", name);
    return 0;
}

static int check_conditions(struct gs3_parse *parse, struct gs3_at at, const char *what,
                            const struct gs3_ticket_rule *rule)
{
    if (rule->approval.is_set || rule->state.is_set || rule->status.is_set ||
        rule->status_category.is_set || rule->active != GS3_UNKNOWN)
        return 0;
    return gs3_parse_fail(parse, at,
                          "%s would take a ticket in any state: add at least one of approval, "
                          "state, status, status_category, active",
                          what);
}

static int parse_rule(struct gs3_parse *parse, struct gs3_at at, struct gs3_ticket_rule *rule)
{
    static const char *const keys[] = {"name",       "system",  "pattern", "metadata_key",
                                       "approval",   "state",   "status",  "status_category",
                                       "issue_type", "project", "active",  "window",
                                       "type",       "risk",    "operator"};
    static const char *const required[] = {"name", "system", "pattern", "metadata_key"};
    const char *name = NULL;
    if (gs3_parse_keys(parse, at, "a ticket rule", keys, COUNT_OF(keys)))
        return -1;
    rule->place = gs3_parse_place(at);
    for (size_t i = 0; i < COUNT_OF(required); i++)
        if (gs3_parse_required(parse, at, "a ticket rule", required[i]))
            return -1;
    if (gs3_parse_name(parse, gs3_at_get(at, "name"), "ticket rule", &name))
        return -1;
    rule->name = gs3_xstrdup(name);
    gs3_auto_free char *what = gs3_xasprintf("ticket rule \"%s\"", name);
    return parse_system_of_rule(parse, gs3_at_get(at, "system"), rule) ||
                   gs3_parse_pattern(parse, gs3_at_get(at, "pattern"), "pattern", true,
                                     &rule->pattern, &rule->regex) ||
                   parse_metadata_key(parse, gs3_at_get(at, "metadata_key"), rule) ||
                   parse_lists(parse, at, rule) || parse_words(parse, at, rule) ||
                   parse_active(parse, at, rule) || check_conditions(parse, at, what, rule)
               ? -1
               : 0;
}

/* Two rules must differ in name, and two rules of one system in pattern: an id that fits both
 * could not be given to either. */
static int check_against_earlier(struct gs3_parse *parse, struct gs3_at at,
                                 const struct gs3_environment *environment, size_t index)
{
    const struct gs3_ticket_rule *rule = &environment->tickets[index];
    for (size_t i = 0; i < index; i++) {
        const struct gs3_ticket_rule *earlier = &environment->tickets[i];
        if (strcmp(earlier->name, rule->name) == 0)
            return gs3_parse_fail(parse, at,
                                  "ticket rule \"%s\" is defined twice, first on line %u",
                                  rule->name, earlier->place.line);
        if (earlier->system == rule->system && strcmp(earlier->pattern, rule->pattern) == 0)
            return gs3_parse_fail(parse, at,
                                  "ticket rules \"%s\" and \"%s\" have one system and one pattern: "
                                  "no ticket id could be told apart: make it one rule",
                                  earlier->name, rule->name);
    }
    return 0;
}

int gs3_parse_tickets(struct gs3_parse *parse, struct gs3_at at,
                      struct gs3_environment *environment)
{
    if (gs3_parse_sequence(parse, at, "tickets"))
        return -1;
    parse->rule_count += at.node->count;
    if (parse->rule_count > GS3_POLICY_RULES)
        return gs3_parse_fail(parse, at, "more than %d rules in one policy", GS3_POLICY_RULES);
    environment->tickets = gs3_xcalloc(at.node->count, sizeof *environment->tickets);
    for (size_t i = 0; i < at.node->count; i++) {
        struct gs3_at item = gs3_at_item(at, i);
        environment->ticket_count++;
        if (parse_rule(parse, item, &environment->tickets[i]) ||
            check_against_earlier(parse, item, environment, i))
            return -1;
    }
    return 0;
}
