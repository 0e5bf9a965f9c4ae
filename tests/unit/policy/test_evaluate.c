/* The decision, sentence by sentence of the contract: environments, endpoints, assertions, which
 * ticket serves, limits, and the order of failures. */
#include "support.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"

static void assert_usage(struct scene *scene, const struct gs3_policy *policy, const char *message)
{
    assert_int_equal(scene_decide(scene, policy), -1);
    assert_int_equal(scene->err.class, GS3_EUSAGE);
    assert_contains(scene->err.message, message);
    assert_int_equal(scene->needs.count, 0);
}

static void decision_good_case_is_allowed_with_every_reason(void **state)
{
    static const char *const rules[] = {
        "production/match",
        "production/tickets",
        "production/identity",
        "production/change-request/found",
        "production/change-request/on-hold",
        "production/change-request/unauthorized",
        "production/change-request/approval",
        "production/change-request/state",
        "production/change-request/window",
        "production/change-request/operator",
        "production/limits/objects",
        "production/limits/bytes",
        "production/metadata/purpose",
        "production/metadata/approval-status",
        "production/metadata/risk-level",
    };
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.needs.count, 1);
    assert_string_equal(scene.needs.items[0].system->name, "cab");
    assert_string_equal(scene.needs.items[0].id, "CHG0030001");
    assert_true(scene.needs.items[0].is_required);
    assert_int_equal(scene.decision.reason_count, COUNT(rules));
    for (size_t i = 0; i < COUNT(rules); i++) {
        assert_string_equal(scene.decision.reasons[i].rule, rules[i]);
        assert_true(scene.decision.reasons[i].passed);
        assert_string_equal(scene.decision.reasons[i].place.file, "p.yaml");
        assert_true(scene.decision.reasons[i].place.line > 15);
    }
    assert_string_equal(scene.decision.id, scene.request.decision_id);
    assert_int_equal(scene.decision.environment_count, 1);
    assert_string_equal(scene.decision.environments[0], "production");
    assert_false(scene.decision.uses_test_system);
    scene_release(&scene);
    scene_development(&scene);
    assert_true(scene_allows(&scene, policy));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_unmapped_bucket_is_refused(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.touches[0].bucket = "other-data";
    assert_refused(&scene, policy, "gs3/environment",
                   "s3://other-data/a/b.csv is in no environment of p.yaml: add its bucket");
    assert_int_equal(scene.needs.count, 0);
    assert_int_equal(scene.decision.environment_count, 0);
    scene.touches[0].bucket = "shared-data";
    assert_refused(&scene, policy, "gs3/environment", "add its prefix to the match of one");
    scene.touches[0].key = "live/b.csv";
    assert_true(scene_allows(&scene, policy));
    scene.touches[0].bucket = "Prod-data";
    assert_refused(&scene, policy, "gs3/bucket", "bucket names are lower case");
    scene.touches[0].bucket = "prod-x-s3alias";
    assert_refused(&scene, policy, "gs3/bucket", "an access point alias is not accepted");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_endpoint_must_be_listed(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.s3_endpoint = "https://s3.example.com";
    assert_true(scene_allows(&scene, policy));
    assert_non_null(scene_reason(&scene, "production/endpoint"));
    scene.request.s3_endpoint = "https://s3.example.org";
    assert_refused(&scene, policy, "production/endpoint",
                   "endpoint https://s3.example.org is not listed: add it to endpoints of the "
                   "policy p.yaml or of environment production");
    assert_int_equal(scene.needs.count, 0);
    scene.request.s3_endpoint = "http://prod-data.s3.example.com";
    assert_refused(&scene, policy, "production/endpoint", "is not listed");
    scene.request.s3_endpoint = "https://s3.example.com/prod-data";
    assert_refused(&scene, policy, "gs3/endpoint", "endpoint: ");
    scene.request.s3_endpoint = "https://s3.us-east-1.amazonaws.com";
    assert_refused(&scene, policy, "production/endpoint", "is not listed");
    scene_release(&scene);
    gs3_policy_free(policy);
}

/* Who answers for STS says who the operator is. */
static void decision_sts_endpoint_must_be_listed_where_sts_is_asked(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.sts_endpoint = "https://s3.example.com";
    assert_true(scene_allows(&scene, policy));
    assert_false(scene.decision.uses_test_system);
    assert_non_null(scene_reason(&scene, "production/sts-endpoint"));
    scene.request.sts_endpoint = "http://127.0.0.1:8080";
    assert_refused(&scene, policy, "production/sts-endpoint",
                   "endpoint http://127.0.0.1:8080 is not listed");
    assert_int_equal(scene.needs.count, 0);
    policy->environments[0].identity.source = GS3_IDENTITY_OS;
    assert_true(scene_allows(&scene, policy));
    assert_null(scene_reason(&scene, "production/sts-endpoint"));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_asserted_environment_must_be_the_targets(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.environment = "production";
    assert_true(scene_allows(&scene, policy));
    scene.request.environment = "Production";
    assert_refused(&scene, policy, "production/assertion",
                   "--environment says Production, the policy says production");
    /* A copy from development: the destination's environment is asserted, not the source's. */
    scene.request.environment = "development";
    scene.touches[1] = (struct gs3_touch){"dev-data", "k", GS3_ACTION_READ, false};
    scene.request.touch_count = 2;
    assert_refused(&scene, policy, "production/assertion", "says development");
    scene.request.environment = "production";
    assert_true(scene_allows(&scene, policy));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_missing_ticket_names_rule_pattern_and_option(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.ticket_count = 0;
    assert_refused(&scene, policy, "production/tickets",
                   "write in production needs a ticket: give --ticket with change-request "
                   "^CHG[0-9]{7,}$ (p.yaml:24)");
    assert_int_equal(scene_reason(&scene, "production/tickets")->place.line, 24);
    assert_int_equal(scene.needs.count, 0);
    assert_null(scene_reason(&scene, "production/change-request/found"));
    scene_release(&scene);
    scene_development(&scene);
    scene.request.ticket_count = 0;
    assert_refused(&scene, policy, "development/tickets",
                   "jira [A-Z][A-Z0-9_]+-[1-9][0-9]* "
                   "(p.yaml:42) or servicenow ");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_ids_are_compared_as_they_stand(void **state)
{
    static const char *const ids[] = {
        "",
        "CHG003000",
        "chg0030001",
        " CHG0030001",
        "CHG0030001 ",
        "CHG0030001\n",
        "CHG00300O1",
        "CHG0030001\x01",
        "%43HG0030001",
        "CHG0030001^ORnumber=CHG0030002",
        "\xEF\xBC\xA3HG0030001",
        "CHG0030001,CHG0030002",
        "DATA-42",
    };
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    for (size_t i = 0; i < COUNT(ids); i++) {
        scene.given[0].id = ids[i];
        assert_refused(&scene, policy, "production/tickets", "fits no rule of production");
        assert_int_equal(scene.needs.count, 0);
    }
    gs3_auto_buf struct gs3_buf longer = GS3_BUF_INIT(100);
    gs3_buf_puts(&longer, "CHG");
    while (longer.length_bytes < 64)
        gs3_buf_putc(&longer, '1');
    scene.given[0].id = longer.data;
    scene.tickets[0].id = scene.tickets[0].requested_id = longer.data;
    assert_true(scene_allows(&scene, policy));
    gs3_buf_putc(&longer, '1');
    scene.given[0].id = longer.data;
    assert_refused(&scene, policy, "production/tickets", "fits no rule");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_each_environment_takes_the_first_id_that_fits(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.given[0].id = "NOTHING";
    scene.given[1].id = "CHG0030001";
    scene.given[2].id = "CHG0030002";
    scene.request.ticket_count = 3;
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(scene.needs.items[0].id, "CHG0030001");
    assert_contains(scene.decision.reasons[1].message, "ticket NOTHING fits no rule: ignored");
    assert_contains(scene.decision.reasons[2].message, "ticket CHG0030002 is one more than is "
                                                       "needed: ignored");
    assert_true(scene.decision.reasons[1].passed);
    scene.given[1].id = "NOR-THIS";
    scene.request.ticket_count = 2;
    assert_refused(&scene, policy, "production/tickets", "ticket NOTHING fits no rule");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_ambiguous_ids_need_their_system(void **state)
{
    gs3_auto_free char *text =
        base_with("pattern: \"(INC|SCTASK)[0-9]{7,}\"", "pattern: \"[A-Z]+-?[0-9]+\"");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_development(&scene);
    assert_usage(&scene, policy,
                 "ticket DATA-42 fits the rules jira (p.yaml:42) and servicenow "
                 "(p.yaml:47): say which with --ticket jira:DATA-42 or --ticket "
                 "helpdesk:DATA-42");
    scene.given[0].system = "jira";
    assert_true(scene_allows(&scene, policy));
    scene.given[0].system = "helpdesk";
    assert_int_equal(scene_decide(&scene, policy), 0);
    assert_string_equal(scene.needs.items[0].system->name, "helpdesk");
    scene.given[0].system = "remedy";
    assert_usage(&scene, policy, "ticket remedy:DATA-42: no ticket system \"remedy\" is defined");
    scene.given[0].system = "cab";
    assert_refused(&scene, policy, "development/tickets", "fits no rule of development");
    scene_release(&scene);
    gs3_policy_free(policy);
    /* Two rules of one system: SYSTEM: could not help. */
    gs3_auto_free char *same =
        base_with("system: helpdesk\n        pattern: \"(INC|SCTASK)[0-9]{7,}\"",
                  "system: jira\n        pattern: \"DATA-[0-9]+\"");
    policy = load_text(same);
    scene_development(&scene);
    assert_usage(&scene, policy, "of one ticket system: the patterns in the policy must");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_ticket_that_is_not_needed_is_judged_all_the_same(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_development(&scene);
    scene.touches[0].actions = GS3_ACTION_READ;
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.needs.count, 1);
    assert_false(scene.needs.items[0].is_required);
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "jira-ticket-id"), "DATA-42");
    scene.tickets[0].status_category = TEXT("done");
    assert_refused(&scene, policy, "development/jira/status_category", "has status_category");
    scene.request.ticket_count = 0;
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.needs.count, 0);
    assert_false(gs3_pairs_has(&scene.decision.metadata, "jira-ticket-id"));
    assert_false(gs3_pairs_has(&scene.decision.metadata, "tracking-system"));
    assert_contains(scene_reason(&scene, "development/tickets")->message,
                    "read in development needs no ticket");
    scene.request.ticket_count = 1;
    scene.given[0].id = "fits-nothing";
    assert_refused(&scene, policy, "development/tickets", "fits no rule of development");
    scene_release(&scene);
    gs3_policy_free(policy);
}

/* A move from development into production: both must allow, each with its own ticket. */
static void scene_move(struct scene *scene)
{
    struct scene source;
    scene_production(scene);
    scene_development(&source);
    scene->tickets[1] = source.tickets[0];
    scene->record_count = 2;
    scene->touches[1] =
        (struct gs3_touch){"dev-data", "a/b.csv", GS3_ACTION_READ | GS3_ACTION_DELETE, false};
    scene->request.touch_count = 2;
    scene->given[1].id = "DATA-42";
    scene->request.ticket_count = 2;
    scene->request.operation = GS3_OPERATION_MOVE;
}

static void decision_two_environments_must_both_allow(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_move(&scene);
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.decision.environment_count, 2);
    assert_string_equal(scene.decision.environments[0], "production");
    assert_string_equal(scene.decision.environments[1], "development");
    assert_int_equal(scene.needs.count, 2);
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "source-environment"),
                        "development");
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "source-jira-ticket-id"),
                        "DATA-42");
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "change-request-id"), "CHG0030001");
    scene.tickets[1].status_category = TEXT("done");
    assert_refused(&scene, policy, "development/jira/status_category", "is required");
    scene.tickets[1].status_category = TEXT("new");
    scene.tickets[0].approval = TEXT("requested");
    assert_refused(&scene, policy, "production/change-request/approval",
                   "CHG0030001 has approval \"requested\", approved is required");
    scene_release(&scene);
    scene_move(&scene);
    scene.request.ticket_count = 1;
    assert_refused(&scene, policy, "development/tickets",
                   "ticket CHG0030001 fits no rule of "
                   "development");
    /* Only read in the source: development asks for no ticket, and the one given is not its own. */
    scene.touches[1].actions = GS3_ACTION_READ;
    assert_true(scene_allows(&scene, policy));
    assert_false(gs3_pairs_has(&scene.decision.metadata, "source-jira-ticket-id"));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "source-environment"),
                        "development");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_within_one_environment_has_no_source_keys(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.touches[1] = (struct gs3_touch){"prod-other", "k", GS3_ACTION_READ, false};
    scene.request.touch_count = 2;
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.decision.environment_count, 1);
    assert_int_equal(scene.needs.count, 1);
    for (size_t i = 0; i < scene.decision.metadata.count; i++)
        assert_false(gs3_str_has_prefix(scene.decision.metadata.items[i].name, "source-"));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_unmapped_source_is_refused_too(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.touches[1] = (struct gs3_touch){"other-data", "k", GS3_ACTION_READ, false};
    scene.request.touch_count = 2;
    assert_refused(&scene, policy, "gs3/environment", "s3://other-data/k is in no environment");
    assert_int_equal(scene.needs.count, 0);
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_limits_are_kept(void **state)
{
    static const struct {
        uint64_t objects, bytes;
        bool has_totals;
        int wanted;
    } cases[] = {
        {1, 1, true, GS3_OK},
        {10, 1048576, true, GS3_OK},
        {11, 1, true, GS3_EREFUSED},
        {1, 1048577, true, GS3_EREFUSED},
        {UINT64_MAX, UINT64_MAX, true, GS3_EREFUSED},
        {1, 1, false, GS3_EUNDECIDED},
    };
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene scene;
        scene_production(&scene);
        scene.request.object_count = cases[i].objects;
        scene.request.total_bytes = cases[i].bytes;
        scene.request.has_totals = cases[i].has_totals;
        scene_allows(&scene, policy);
        assert_int_equal(scene.decision.failure, cases[i].wanted);
        scene_release(&scene);
    }
    struct scene scene;
    scene_development(&scene); /* no limits there */
    scene.request.has_totals = false;
    assert_true(scene_allows(&scene, policy));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_every_failure_is_listed_and_the_strongest_wins(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.tickets[0].approval = TEXT("requested");
    scene.tickets[0].state = TEXT("closed");
    scene.tickets[0].has_server_time = false; /* undecided */
    scene.tickets[0].assignee = (struct gs3_person){0};
    scene.request.purpose = NULL;
    scene.request.object_count = 100;
    assert_false(scene_allows(&scene, policy));
    static const char *const failing[] = {
        "production/change-request/approval", "production/change-request/state",
        "production/change-request/window",   "production/change-request/operator",
        "production/limits/objects",          "production/metadata/purpose",
    };
    size_t failures = 0;
    for (size_t i = 0; i < scene.decision.reason_count; i++)
        if (!scene.decision.reasons[i].passed)
            assert_string_equal(scene.decision.reasons[i].rule, failing[failures++]);
    assert_int_equal(failures, COUNT(failing));
    assert_int_equal(scene.decision.failure, GS3_EREFUSED);
    assert_string_equal(scene.decision.first_failure->rule, failing[0]);
    /* Undecided alone stays undecided; a refusal that comes later still goes first. */
    scene_release(&scene);
    scene_production(&scene);
    scene.tickets[0].has_server_time = false;
    assert_undecided(&scene, policy, "production/change-request/window", "no Date header");
    scene.request.object_count = 100;
    assert_false(scene_allows(&scene, policy));
    assert_int_equal(scene.decision.failure, GS3_EREFUSED);
    assert_string_equal(scene.decision.first_failure->rule, "production/limits/objects");
    /* Usage goes before both. */
    scene.given[0].system = "nowhere";
    assert_usage(&scene, policy, "no ticket system \"nowhere\"");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_loopback_system_marks_the_object(void **state)
{
    gs3_auto_free char *text = base_with("https://acme.service-now.com", "http://127.0.0.1:8080");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    assert_true(scene_allows(&scene, policy));
    assert_true(scene.decision.uses_test_system);
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "gs3-test"), "true");
    scene_release(&scene);
    scene_development(&scene);
    assert_true(scene_allows(&scene, policy));
    assert_false(gs3_pairs_has(&scene.decision.metadata, "gs3-test"));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void decision_request_that_makes_no_sense_is_an_error(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.touch_count = 0;
    assert_int_equal(scene_decide(&scene, policy), -1);
    assert_int_equal(scene.err.class, GS3_EGENERAL);
    scene.request.touch_count = 1;
    scene.touches[0].is_metadata_target = false;
    assert_int_equal(scene_decide(&scene, policy), -1);
    scene.touches[0].is_metadata_target = true;
    scene.request.decision_id = NULL;
    assert_int_equal(scene_decide(&scene, policy), -1);
    scene_release(&scene);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decision_good_case_is_allowed_with_every_reason),
        cmocka_unit_test(decision_unmapped_bucket_is_refused),
        cmocka_unit_test(decision_endpoint_must_be_listed),
        cmocka_unit_test(decision_sts_endpoint_must_be_listed_where_sts_is_asked),
        cmocka_unit_test(decision_asserted_environment_must_be_the_targets),
        cmocka_unit_test(decision_missing_ticket_names_rule_pattern_and_option),
        cmocka_unit_test(decision_ids_are_compared_as_they_stand),
        cmocka_unit_test(decision_each_environment_takes_the_first_id_that_fits),
        cmocka_unit_test(decision_ambiguous_ids_need_their_system),
        cmocka_unit_test(decision_ticket_that_is_not_needed_is_judged_all_the_same),
        cmocka_unit_test(decision_two_environments_must_both_allow),
        cmocka_unit_test(decision_within_one_environment_has_no_source_keys),
        cmocka_unit_test(decision_unmapped_source_is_refused_too),
        cmocka_unit_test(decision_limits_are_kept),
        cmocka_unit_test(decision_every_failure_is_listed_and_the_strongest_wins),
        cmocka_unit_test(decision_loopback_system_marks_the_object),
        cmocka_unit_test(decision_request_that_makes_no_sense_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
