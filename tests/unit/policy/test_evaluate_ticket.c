/* What is asked of the ticket and of the person: the record itself, marks, windows, the assignee,
 * session names and the source of the identity. */
#include "support.h"

#include <string.h>

#include "base/mem.h"

static void decision_ticket_record_must_be_the_one_asked_for(void **state)
{
    static const char found[] = "production/change-request/found";
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.tickets[0].verdict = GS3_TICKET_NOT_FOUND;
    assert_refused(&scene, policy, found, "CHG0030001 was not found in cab");
    assert_null(scene_reason(&scene, "production/change-request/approval"));
    scene_release(&scene);
    scene_production(&scene);
    scene.tickets[0].id = TEXT("CHG0030002");
    assert_refused(&scene, policy, found, "is answered by cab as \"CHG0030002\"");
    scene.tickets[0].id = NULL;
    assert_refused(&scene, policy, found, "is answered by cab as \"\"");
    scene.tickets[0].id = TEXT("CHG0030001");
    scene.tickets[0].table = TEXT("incident");
    assert_refused(&scene, policy, found, "is in table \"incident\", which ticket system cab does");
    scene.tickets[0].table = NULL;
    assert_refused(&scene, policy, found, "is in table \"\"");
    scene.tickets[0].table = TEXT("change_request");
    scene.tickets[0].system = TEXT("helpdesk");
    assert_undecided(&scene, policy, found, "could not be looked up in cab");
    scene.tickets[0].system = TEXT("cab");
    scene.tickets[0].requested_id = TEXT("CHG0030002");
    assert_undecided(&scene, policy, found, "could not be looked up in cab");
    scene.record_count = 0;
    assert_undecided(&scene, policy, found, "could not be looked up in cab");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_on_hold_unauthorized_and_unknown_states_are_refused(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.tickets[0].on_hold = GS3_YES;
    assert_refused(&scene, policy, "production/change-request/on-hold", "CHG0030001 is on hold");
    scene.tickets[0].on_hold = GS3_UNKNOWN;
    assert_refused(&scene, policy, "production/change-request/on-hold",
                   "does not say whether it is on hold");
    scene.tickets[0].on_hold = GS3_NO;
    scene.tickets[0].unauthorized = GS3_YES;
    assert_refused(&scene, policy, "production/change-request/unauthorized",
                   "is marked unauthorized");
    scene.tickets[0].unauthorized = GS3_UNKNOWN;
    assert_refused(&scene, policy, "production/change-request/unauthorized", "does not say");
    scene.tickets[0].unauthorized = GS3_NO;
    scene.tickets[0].state = NULL;
    scene.tickets[0].raw_state = TEXT("Custom (17)");
    assert_refused(&scene, policy, "production/change-request/state",
                   "has a state that gs3 does not know (\"Custom (17)\")");
    scene_release(&scene);
    gs3_policy_free(policy);
    /* The same without a condition on the state. */
    gs3_auto_free char *text = base_with("        state: [scheduled, implement]\n", "");
    policy = load_text(text);
    scene_production(&scene);
    assert_true(scene_allows(&scene, policy));
    scene.tickets[0].state = NULL;
    assert_refused(&scene, policy, "production/change-request/state", "does not know");
    scene_release(&scene);
    scene_development(&scene);
    scene.tickets[0].on_hold = GS3_YES;
    assert_refused(&scene, policy, "development/jira/on-hold", "is on hold");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_window_is_judged_by_the_systems_clock(void **state)
{
    static const struct {
        int64_t start, end, server, local;
        bool has_start, has_end, has_server;
        int required, when_set; /* an error class each */
    } cases[] = {
        {-60, 60, 0, 0, true, true, true, GS3_OK, GS3_OK},
        {0, 60, 0, 0, true, true, true, GS3_OK, GS3_OK}, /* bounds inclusive */
        {-60, 0, 0, 0, true, true, true, GS3_OK, GS3_OK},
        {0, 0, 0, 0, true, true, true, GS3_OK, GS3_OK},
        {1, 60, 0, 0, true, true, true, GS3_EREFUSED, GS3_EREFUSED},
        {-60, -1, 0, 0, true, true, true, GS3_EREFUSED, GS3_EREFUSED},
        {60, -60, 0, 0, true, true, true, GS3_EREFUSED, GS3_EREFUSED}, /* ends before it starts */
        {1, 60, 1, 0, true, true, true, GS3_OK, GS3_OK}, /* the server's clock decides */
        {-60, 0, 1, 0, true, true, true, GS3_EREFUSED, GS3_EREFUSED},
        {-60, 0, 1, -5, true, true, true, GS3_EREFUSED, GS3_EREFUSED},
        {-600, 600, 0, 300, true, true, true, GS3_OK, GS3_OK},
        {-600, 600, 0, -300, true, true, true, GS3_OK, GS3_OK},
        {-600, 600, 0, 301, true, true, true, GS3_EUNDECIDED, GS3_EUNDECIDED},
        {-600, 600, 0, -301, true, true, true, GS3_EUNDECIDED, GS3_EUNDECIDED},
        {100, 600, 0, 301, true, true, true, GS3_EUNDECIDED, GS3_EUNDECIDED},
        {-60, 60, 0, 0, true, true, false, GS3_EUNDECIDED, GS3_EUNDECIDED},
        {-60, 0, 0, 0, true, false, true, GS3_EREFUSED, GS3_OK}, /* a start alone */
        {60, 0, 0, 0, true, false, true, GS3_EREFUSED, GS3_EREFUSED},
        {0, 60, 0, 0, false, true, true, GS3_EREFUSED, GS3_OK}, /* an end alone */
        {0, -60, 0, 0, false, true, true, GS3_EREFUSED, GS3_EREFUSED},
        {0, 0, 0, 0, false, false, true, GS3_EREFUSED, GS3_OK}, /* none */
        {0, 0, 0, 0, false, false, false, GS3_EREFUSED, GS3_OK},
        {0, 0, 0, 1000, false, false, true, GS3_EREFUSED, GS3_OK},
    };
    gs3_auto_free char *when_set = base_with("window: required", "window: when-set");
    gs3_auto_free char *ignored = base_with("window: required", "window: ignored");
    gs3_auto_free char *absent = base_with("        window: required\n", "");
    const char *texts[] = {base_policy, when_set, absent, ignored};
    (void)state;
    for (size_t p = 0; p < COUNT(texts); p++) {
        struct gs3_policy *policy = load_text(texts[p]);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct scene scene;
            scene_production(&scene);
            struct gs3_ticket *ticket = &scene.tickets[0];
            ticket->window_start = NOW + cases[i].start;
            ticket->window_end = NOW + cases[i].end;
            ticket->server_time = NOW + cases[i].server;
            scene.request.now = NOW + cases[i].local;
            ticket->has_window_start = cases[i].has_start;
            ticket->has_window_end = cases[i].has_end;
            ticket->has_server_time = cases[i].has_server;
            int wanted = p == 0 ? cases[i].required : p == 3 ? GS3_OK : cases[i].when_set;
            scene_allows(&scene, policy);
            if ((int)scene.decision.failure != wanted)
                fail_msg("policy %zu, case %zu: %d, not %d", p, i, scene.decision.failure, wanted);
            scene_release(&scene);
        }
        gs3_policy_free(policy);
    }
}

static void decision_extreme_times_do_not_overflow(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.now = INT64_MIN;
    scene.tickets[0].server_time = INT64_MAX;
    assert_undecided(&scene, policy, "production/change-request/window", "local clock is");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_operator_is_compared_with_the_assignee(void **state)
{
    static const struct {
        const char *user_name, *email, *account_id, *display_name, *operator;
        bool servicenow, jira;
    } cases[] = {
        {"jane", NULL, NULL, NULL, "jane", true, true},
        {"Jane", NULL, NULL, NULL, "jANE", true, true},
        {"jane", NULL, NULL, NULL, "jan", false, false},
        {"jane", NULL, NULL, NULL, "janet", false, false},
        {NULL, "jane@example.com", NULL, NULL, "jane@example.com", true, true},
        {NULL, "jane@example.com", NULL, NULL, "JANE@Example.com", true, true},
        {NULL, "jane@example.com", NULL, NULL, "jane", true, true},
        {NULL, "jane@example.com", NULL, NULL, "jane@example.org", false, false},
        {NULL, "jane@example.com", NULL, NULL, "example.com", false, false},
        {NULL, "@example.com", NULL, NULL, "", false, false},
        {NULL, "@example.com", NULL, NULL, "x", false, false},
        {"", "", "", "", "", false, false},
        {NULL, NULL, NULL, NULL, "jane", false, false},
        {NULL, NULL, NULL, NULL, "", false, false},
        {NULL, NULL, "5b10a", NULL, "5b10a", false, true},
        {NULL, NULL, NULL, "Jane Doe", "jane doe", false, true},
        {"joe", "joe@example.com", "1", "Joe", "jane", false, false},
        {"\xC3\x84ne", NULL, NULL, NULL, "\xC3\xA4ne", false, false}, /* ASCII only */
        {"jane", NULL, NULL, NULL, "os:jane", false, false},
    };
    gs3_auto_free char *jira = base_with("        status_category: [new, indeterminate]\n",
                                         "        status_category: [new, indeterminate]\n"
                                         "        operator: assignee\n");
    struct gs3_policy *policy = load_text(jira);
    (void)state;
    for (size_t i = 0; i < COUNT(cases) * 2; i++) {
        bool is_jira = i >= COUNT(cases);
        size_t n = i % COUNT(cases);
        struct scene scene;
        if (is_jira)
            scene_development(&scene);
        else
            scene_production(&scene);
        scene.tickets[0].assignee = (struct gs3_person){
            .user_name = TEXT(cases[n].user_name),
            .email = TEXT(cases[n].email),
            .account_id = TEXT(cases[n].account_id),
            .display_name = TEXT(cases[n].display_name),
        };
        scene.request.operator.name = cases[n].operator;
        if (scene_allows(&scene, policy) != (is_jira ? cases[n].jira : cases[n].servicenow))
            fail_msg("case %zu, %s", n, is_jira ? "jira" : "servicenow");
        scene_release(&scene);
    }
    gs3_policy_free(policy);
}

static void decision_session_names_count_only_for_trusted_roles(void **state)
{
    static const struct {
        const char *role, *arn;
        bool by_default, with_roles;
    } cases[] = {
        {NULL, "arn:aws:iam::123456789012:user/jane", true, true},
        {NULL, "arn:aws-cn:iam::123456789012:user/team/jane", true, true},
        {NULL, "arn:aws:sts::123456789012:federated-user/jane", false, false},
        {NULL, "arn:aws:iam::123456789012:root", false, false},
        {NULL, NULL, false, false},
        {"AWSReservedSSO_Admin_0123", NULL, true, true},
        {"admin", "arn:aws:sts::123456789012:assumed-role/admin/jane", false, false},
        {"ci-deploy", "arn:aws:sts::1:assumed-role/ci-deploy/jane", false, true},
        {"xci-deploy", "arn:aws:sts::1:assumed-role/xci-deploy/jane", false, false},
        {"ops", "arn:aws:sts::123456789012:assumed-role/ops/jane", false, true},
        {"ops", "arn:aws:sts::999999999999:assumed-role/ops/jane", false, false},
        {"ops", "arn:aws-cn:sts::123456789012:assumed-role/ops/jane", false, false},
        {"ops", NULL, false, false},
        {"awsreservedsso_admin", NULL, false, false},
        {"", "arn:aws:sts::1:assumed-role//jane", false, false},
    };
    gs3_auto_free char *text =
        base_with("    limits:", "    identity: {trusted_roles: [\"ci-*\", "
                                 "\"arn:aws:iam::123456789012:role/ops\"]}\n    limits:");
    struct gs3_policy *policies[] = {load_text(base_policy), load_text(text)};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t p = 0; p < 2; p++) {
            struct scene scene;
            scene_production(&scene);
            scene.request.operator.role_name = cases[i].role;
            scene.request.operator.arn = cases[i].arn;
            bool is_allowed = scene_allows(&scene, policies[p]);
            if (is_allowed != (p == 0 ? cases[i].by_default : cases[i].with_roles))
                fail_msg("case %zu, policy %zu", i, p);
            if (!is_allowed)
                assert_contains(scene_reason(&scene, "production/change-request/operator")->message,
                                "chose its name, which proves nothing");
            scene_release(&scene);
        }
    }
    gs3_policy_free(policies[0]);
    gs3_policy_free(policies[1]);
}

static void decision_operator_stands_for_the_assignee_of_the_map(void **state)
{
    static const struct {
        const char *map, *operator, * user_name, *email;
        bool is_allowed;
    } cases[] = {
        {"{jane: jdoe}", "jane", "jdoe", NULL, true},
        {"{jane: jdoe@example.com}", "JANE", "other", "JDoe@example.com", true},
        {"{jane: jdoe}", "jane", "jane", NULL, false}, /* the map says who she is */
        {"{jane: jdoe}", "jane", "other", "jdoe@example.com", false},
        {"{jane: jdoe}", "joan", "joan", NULL, true}, /* not named: as without a map */
        {"{jane: jdoe}", "jane2", "jdoe", NULL, false},
        {"[{operator: \"(.+)-adm\", assignee: \"\\\\1@example.com\"}]", "jane-adm", NULL,
         "jane@example.com", true},
        {"[{operator: \"(.+)-adm\", assignee: \"\\\\1@example.com\"}]", "jane-admin", NULL,
         "jane@example.com", false},
        {"[{operator: \"(.+)-adm\", assignee: \"\\\\1@example.com\"}]", "JANE-ADM", NULL,
         "jane@example.com", false},
        {"[{operator: \"([a-z]+)[.]([a-z]+)(x?)\", assignee: \"\\\\2\\\\3.\\\\1\"}]", "jane.doe",
         "doe.jane", NULL, true},
        {"[{operator: \"(a)|(j.*)\", assignee: \"\\\\1\\\\2\"}]", "jane", "jane", NULL, true},
        {"[{operator: jane, assignee: first}, {operator: \".+\", assignee: second}]", "jane",
         "second", NULL, false},
        {"[{operator: jane, assignee: first}, {operator: \".+\", assignee: second}]", "joe",
         "second", NULL, true},
        {"[{operator: \"(.+)-adm\", assignee: \"\\\\1\"}]", "-adm", "", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *with =
            gs3_xasprintf("    identity: {map: %s}\n    limits:", cases[i].map);
        gs3_auto_free char *text = base_with("    limits:", with);
        struct gs3_policy *policy = load_text(text);
        struct scene scene;
        scene_production(&scene);
        scene.request.operator.name = cases[i].operator;
        scene.tickets[0].assignee = (struct gs3_person){.user_name = TEXT(cases[i].user_name),
                                                        .email = TEXT(cases[i].email)};
        if (scene_allows(&scene, policy) != cases[i].is_allowed)
            fail_msg("case %zu", i);
        scene_release(&scene);
        gs3_policy_free(policy);
    }
}

/* Whoever chooses the session's name must not choose whom it stands for. */
static void decision_map_holds_for_trusted_names_only(void **state)
{
    gs3_auto_free char *text =
        base_with("    limits:", "    identity: {map: {boss: jane}}\n    limits:");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.operator.name = "boss";
    assert_true(scene_allows(&scene, policy));
    scene.request.operator.role_name = "admin";
    scene.request.operator.arn = "arn:aws:sts::123456789012:assumed-role/admin/boss";
    assert_refused(&scene, policy, "production/change-request/operator",
                   "chose its name, which proves nothing");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_identity_is_sts_unless_the_policy_says_os(void **state)
{
    gs3_auto_free char *os = base_with("    limits:", "    identity: {source: os}\n    limits:");
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.operator.is_sts = false;
    assert_refused(&scene, policy, "production/identity",
                   "the operator must come from STS (identity: {source: sts}), and is the OS user "
                   "jane");
    scene.request.operator.name = NULL;
    assert_refused(&scene, policy, "production/identity", "nobody knows who the operator is");
    scene_release(&scene);
    gs3_policy_free(policy);
    policy = load_text(os);
    scene_production(&scene);
    scene.request.operator.is_sts = false;
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "operator"), "os:jane");
    scene.request.operator.is_sts = true; /* stronger than asked for */
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "operator"), "jane");
    scene.request.operator.name = "";
    assert_refused(&scene, policy, "production/identity", "nobody knows");
    scene_release(&scene);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decision_ticket_record_must_be_the_one_asked_for),
        cmocka_unit_test(decision_on_hold_unauthorized_and_unknown_states_are_refused),
        cmocka_unit_test(decision_window_is_judged_by_the_systems_clock),
        cmocka_unit_test(decision_extreme_times_do_not_overflow),
        cmocka_unit_test(decision_operator_is_compared_with_the_assignee),
        cmocka_unit_test(decision_session_names_count_only_for_trusted_roles),
        cmocka_unit_test(decision_operator_stands_for_the_assignee_of_the_map),
        cmocka_unit_test(decision_map_holds_for_trusted_names_only),
        cmocka_unit_test(decision_identity_is_sts_unless_the_policy_says_os),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
