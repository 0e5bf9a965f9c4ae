/* The truth table of ticket conditions, with an oracle of its own, and two properties: what is
 * allowed stays refusable by any missing fact, and no missing fact turns a "no" into a "yes". */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* One environment with one rule; `system` and `condition` vary. */
static struct gs3_policy *policy_of(const char *system, const char *condition)
{
    gs3_auto_free char *text = gs3_xasprintf(
        "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
        "  cab: {type: servicenow, url: \"https://a.example\", tables: [change_request]}\n"
        "  helpdesk: {type: servicenow, url: \"https://a.example\", tables: [incident, sc_task]}\n"
        "  jira: {type: jira, url: \"https://b.example\"}\n"
        "environments:\n  e:\n    match: [{bucket: \"prod-*\"}, {bucket: \"dev-*\"}]\n"
        "    governance_level: standard\n    ticket_for: [write]\n    tickets:\n"
        "      - name: t\n        system: %s\n        pattern: \"[A-Z]+-?[0-9]+\"\n"
        "        metadata_key: t-id\n%s",
        system, condition);
    return load_text(text);
}

/* A ticket of the kind with nothing said about it yet. */
static void scene_of(struct scene *scene, const char *system, const char *table)
{
    bool is_jira = strcmp(system, "jira") == 0;
    if (is_jira)
        scene_development(scene);
    else
        scene_production(scene);
    struct gs3_ticket *ticket = &scene->tickets[0];
    *ticket = (struct gs3_ticket){
        .verdict = GS3_TICKET_FOUND,
        .system = TEXT(system),
        .requested_id = TEXT(scene->given[0].id),
        .id = TEXT(scene->given[0].id),
        .table = is_jira ? NULL : TEXT(table),
        .state = is_jira ? NULL : TEXT("closed"), /* known, and asked for by no other test */
        .on_hold = is_jira ? GS3_UNKNOWN : GS3_NO,
        .unauthorized = is_jira ? GS3_UNKNOWN : GS3_NO,
        .active = GS3_YES,
    };
}

enum field { APPROVAL, STATE, STATUS, CATEGORY, ISSUE_TYPE, PROJECT, TYPE, RISK };

static char **field_of(struct gs3_ticket *ticket, enum field field)
{
    switch (field) {
    case APPROVAL: return &ticket->approval;
    case STATE: return &ticket->state;
    case STATUS: return &ticket->status;
    case CATEGORY: return &ticket->status_category;
    case ISSUE_TYPE: return &ticket->issue_type;
    case PROJECT: return &ticket->project;
    case TYPE: return &ticket->type;
    case RISK: break;
    }
    return &ticket->risk;
}

static bool is_in(const char *const *words, const char *word)
{
    for (; word && *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

static const struct {
    const char *system, *table, *condition, *rule;
    enum field field;
    const char *wanted[4];
} conditions[] = {
    {"cab", "change_request", "approval: [approved]", "approval", APPROVAL, {"approved"}},
    {"cab",
     "change_request",
     "approval: [approved, not_required]",
     "approval",
     APPROVAL,
     {"approved", "not_required"}},
    {"helpdesk", "incident", "approval: [approved]", "approval", APPROVAL, {"approved"}},
    {"jira", NULL, "approval: [approved]", "approval", APPROVAL, {"approved"}},
    {"cab", "change_request", "state: [implement]", "state", STATE, {"implement"}},
    {"cab",
     "change_request",
     "state: [scheduled, implement, review]",
     "state",
     STATE,
     {"scheduled", "implement", "review"}},
    {"helpdesk", "incident", "state: [open, in-progress]", "state", STATE, {"open", "in-progress"}},
    {"helpdesk", "sc_task", "state: [open]", "state", STATE, {"open"}},
    {"jira",
     NULL,
     "status: [Approved, \"In Progress\"]",
     "status",
     STATUS,
     {"Approved", "In Progress"}},
    {"jira",
     NULL,
     "status_category: [new, indeterminate]",
     "status_category",
     CATEGORY,
     {"new", "indeterminate"}},
    {"jira", NULL, "active: true\n        issue_type: [Task]", "issue_type", ISSUE_TYPE, {"Task"}},
    {"jira",
     NULL,
     "active: true\n        project: [DATA, OPS]",
     "project",
     PROJECT,
     {"DATA", "OPS"}},
    {"cab", "change_request", "active: true\n        type: [normal]", "type", TYPE, {"normal"}},
    {"cab",
     "change_request",
     "active: true\n        risk: [low, moderate]",
     "risk",
     RISK,
     {"low", "moderate"}},
};

static const char *const words[] = {
    NULL,
    "",
    "approved",
    "Approved",
    "APPROVED",
    "approved ",
    "approve",
    "requested",
    "rejected",
    "not requested",
    "not_required",
    "cancelled",
    "declined",
    "pending",
    "new",
    "assess",
    "authorize",
    "scheduled",
    "implement",
    "Implement",
    "review",
    "closed",
    "canceled",
    "open",
    "in-progress",
    "on-hold",
    "resolved",
    "In Progress",
    "In progress",
    "indeterminate",
    "done",
    "undefined",
    "Task",
    "task",
    "DATA",
    "OPS",
    "data",
    "normal",
    "standard",
    "emergency",
    "low",
    "moderate",
    "high",
    "very-high",
    "approved,requested",
    "*",
};

static void table_of_list_conditions_holds(void **state)
{
    size_t cells = 0, allowed = 0;
    (void)state;
    for (size_t c = 0; c < COUNT(conditions); c++) {
        gs3_auto_free char *line = gs3_xasprintf("        %s\n", conditions[c].condition);
        struct gs3_policy *policy = policy_of(conditions[c].system, line);
        for (size_t w = 0; w < COUNT(words); w++) {
            struct scene scene;
            scene_of(&scene, conditions[c].system, conditions[c].table);
            *field_of(&scene.tickets[0], conditions[c].field) = TEXT(words[w]);
            bool wanted = is_in(conditions[c].wanted, words[w]);
            bool is_allowed = scene_allows(&scene, policy);
            gs3_auto_free char *rule = gs3_xasprintf("e/t/%s", conditions[c].rule);
            const struct gs3_reason *reason = scene_reason(&scene, rule);
            if (is_allowed != wanted || !reason || reason->passed != wanted)
                fail_msg("%s on %s with \"%s\": %d", conditions[c].condition, conditions[c].system,
                         words[w] ? words[w] : "(none)", is_allowed);
            if (!wanted)
                assert_int_equal(scene.decision.failure, GS3_EREFUSED);
            cells++;
            allowed += is_allowed;
            scene_release(&scene);
        }
        gs3_policy_free(policy);
    }
    print_message("# %zu cells, %zu of them allowed\n", cells, allowed);
    assert_true(cells > 600);
}

static void table_of_active_holds(void **state)
{
    static const char *const systems[][2] = {{"cab", "change_request"},
                                             {"helpdesk", "incident"},
                                             {"helpdesk", "sc_task"},
                                             {"jira", NULL}};
    (void)state;
    for (size_t s = 0; s < COUNT(systems); s++) {
        for (int wanted = 0; wanted < 2; wanted++) {
            struct gs3_policy *policy =
                policy_of(systems[s][0],
                          wanted ? "        active: true\n" : "        active: false\n");
            for (int fact = GS3_UNKNOWN; fact <= GS3_YES; fact++) {
                struct scene scene;
                scene_of(&scene, systems[s][0], systems[s][1]);
                scene.tickets[0].active = (enum gs3_tri)fact;
                assert_int_equal(scene_allows(&scene, policy), fact == (wanted ? GS3_YES : GS3_NO));
                scene_release(&scene);
            }
            gs3_policy_free(policy);
        }
    }
}

/* The whole rule of production against every combination of these facts. */
enum { APPROVALS = 3, STATES = 3, TRIS = 3, WINDOWS = 5, PEOPLE = 3, CLOCKS = 3 };
enum { CELLS = APPROVALS * STATES * TRIS * TRIS * WINDOWS * PEOPLE * CLOCKS };

struct cell {
    size_t approval, state, on_hold, unauthorized, window, person, clock;
};

static struct cell cell_of(size_t number)
{
    struct cell cell;
    cell.approval = number % APPROVALS, number /= APPROVALS;
    cell.state = number % STATES, number /= STATES;
    cell.on_hold = number % TRIS, number /= TRIS;
    cell.unauthorized = number % TRIS, number /= TRIS;
    cell.window = number % WINDOWS, number /= WINDOWS;
    cell.person = number % PEOPLE, number /= PEOPLE;
    cell.clock = number;
    return cell;
}

static void scene_of_cell(struct scene *scene, const struct cell *cell)
{
    static const char *const approvals[] = {"approved", "requested", NULL};
    static const char *const states[] = {"implement", "closed", NULL};
    static const char *const people[] = {"jane", "joe", NULL};
    static const int64_t windows[][2] = {{-9, 9}, {5, 9}, {-9, -5}, {0, 9}, {-9, 0}};
    scene_production(scene);
    struct gs3_ticket *ticket = &scene->tickets[0];
    ticket->approval = TEXT(approvals[cell->approval]);
    ticket->state = TEXT(states[cell->state]);
    ticket->on_hold = (enum gs3_tri)cell->on_hold;
    ticket->unauthorized = (enum gs3_tri)cell->unauthorized;
    ticket->assignee = (struct gs3_person){.user_name = TEXT(people[cell->person])};
    ticket->window_start = NOW + windows[cell->window][0];
    ticket->window_end = NOW + windows[cell->window][1];
    ticket->has_server_time = cell->clock != 1;
    scene->request.now = cell->clock == 2 ? NOW + 3600 : NOW;
}

/* The contract again, in as few words as it takes. */
static enum gs3_err_class oracle(const struct cell *cell)
{
    bool is_outside = cell->window == 1 || cell->window == 2;
    bool is_refused = cell->approval != 0 || cell->state != 0 || cell->on_hold != GS3_NO ||
                      cell->unauthorized != GS3_NO || cell->person != 0 ||
                      (is_outside && cell->clock == 0);
    return is_refused ? GS3_EREFUSED : cell->clock != 0 ? GS3_EUNDECIDED : GS3_OK;
}

static void table_of_the_whole_rule_holds(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    size_t allowed = 0;
    (void)state;
    for (size_t i = 0; i < CELLS; i++) {
        struct cell cell = cell_of(i);
        struct scene scene;
        scene_of_cell(&scene, &cell);
        allowed += scene_allows(&scene, policy);
        if (scene.decision.failure != oracle(&cell))
            fail_msg("cell %zu: %d, not %d", i, scene.decision.failure, oracle(&cell));
        scene_release(&scene);
    }
    assert_int_equal(allowed, 3); /* inside, and on either bound */
    gs3_policy_free(policy);
}

enum { FACTS = 17 };

static const char *remove_fact(struct scene *scene, size_t fact)
{
    struct gs3_ticket *ticket = &scene->tickets[0];
    switch (fact) {
    case 0: ticket->approval = NULL; return "approval";
    case 1: ticket->state = NULL; return "state";
    case 2: ticket->on_hold = GS3_UNKNOWN; return "on_hold";
    case 3: ticket->unauthorized = GS3_UNKNOWN; return "unauthorized";
    case 4: ticket->has_window_start = false; return "window start";
    case 5: ticket->has_window_end = false; return "window end";
    case 6: ticket->has_server_time = false; return "server time";
    case 7: ticket->assignee = (struct gs3_person){0}; return "assignee";
    case 8: ticket->id = NULL; return "id";
    case 9: ticket->table = NULL; return "table";
    case 10: ticket->risk = NULL; return "risk";
    case 11: ticket->system = NULL; return "system";
    case 12: ticket->requested_id = NULL; return "requested id";
    case 13: scene->request.ticket_count = 0; return "ticket";
    case 14: scene->request.purpose = NULL; return "purpose";
    case 15: scene->request.operator.name = NULL; return "operator";
    case 16: scene->request.has_totals = false; return "totals";
    default: return NULL;
    }
}

static void property_an_allowed_case_without_any_one_fact_is_refused(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    for (size_t fact = 0; fact < FACTS; fact++) {
        struct scene scene;
        scene_production(&scene);
        assert_true(scene_allows(&scene, policy));
        const char *name = remove_fact(&scene, fact);
        if (scene_allows(&scene, policy))
            fail_msg("allowed without %s", name);
        scene_release(&scene);
    }
    gs3_policy_free(policy);
}

static void property_removing_a_fact_never_allows_what_was_refused(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    for (size_t i = 0; i < CELLS; i += 3) {
        struct cell cell = cell_of(i);
        bool was_allowed = oracle(&cell) == GS3_OK;
        for (size_t fact = 0; fact < FACTS && !was_allowed; fact++) {
            struct scene scene;
            scene_of_cell(&scene, &cell);
            const char *name = remove_fact(&scene, fact);
            if (scene_allows(&scene, policy))
                fail_msg("cell %zu is allowed without %s", i, name);
            scene_release(&scene);
        }
    }
    gs3_policy_free(policy);
}

/* A window that is only looked at when it is set is the one fact that may be left out. */
static void property_optional_window_may_be_absent(void **state)
{
    gs3_auto_free char *text = base_with("window: required", "window: when-set");
    struct gs3_policy *policy = load_text(text);
    (void)state;
    for (size_t fact = 0; fact < FACTS; fact++) {
        struct scene scene;
        scene_production(&scene);
        remove_fact(&scene, 4);
        remove_fact(&scene, 5);
        bool is_allowed = scene_allows(&scene, policy);
        assert_true(is_allowed);
        const char *name = remove_fact(&scene, fact);
        bool is_optional = fact >= 4 && fact <= 6;
        if (scene_allows(&scene, policy) != is_optional)
            fail_msg("without %s", name);
        scene_release(&scene);
    }
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_of_list_conditions_holds),
        cmocka_unit_test(table_of_active_holds),
        cmocka_unit_test(table_of_the_whole_rule_holds),
        cmocka_unit_test(property_an_allowed_case_without_any_one_fact_is_refused),
        cmocka_unit_test(property_removing_a_fact_never_allows_what_was_refused),
        cmocka_unit_test(property_optional_window_may_be_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
