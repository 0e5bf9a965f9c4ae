/* The metadata of an allowed decision: which keys, in which order, from where; and what a user may
 * not set. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* The whole set as "key=value" lines. */
static char *metadata_text(const struct scene *scene)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(10000);
    for (size_t i = 0; i < scene->decision.metadata.count; i++)
        gs3_buf_printf(&text, "%s=%s\n", scene->decision.metadata.items[i].name,
                       scene->decision.metadata.items[i].value);
    return gs3_buf_take(&text);
}

static void assert_metadata(struct scene *scene, const struct gs3_policy *policy,
                            const char *wanted)
{
    if (!scene_allows(scene, policy))
        fail_msg("%s", scene->decision.first_failure->message);
    gs3_auto_free char *text = metadata_text(scene);
    gs3_auto_free char *digest = gs3_xasprintf("gs3-policy=%s\n", policy->digest);
    gs3_auto_buf struct gs3_buf filled = GS3_BUF_INIT(10000);
    const char *at = strstr(wanted, "gs3-policy\n");
    assert_non_null(at);
    gs3_buf_append(&filled, wanted, (size_t)(at - wanted));
    gs3_buf_puts(&filled, digest);
    gs3_buf_puts(&filled, at + strlen("gs3-policy\n"));
    assert_string_equal(text, filled.data);
}

static void metadata_of_production_is_the_contracts_table(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    assert_metadata(&scene, policy,
                    "change-request-id=CHG0030001\nenvironment=production\noperator=jane\n"
                    "timestamp=2027-01-15T08:00:00Z\noperation=copy\npurpose=quarterly load\n"
                    "approval-status=approved\nrisk-level=moderate\ngovernance-level=high\n"
                    "tracking-system=change-request\ngs3-policy\n"
                    "gs3-decision=01930000-0000-7000-8000-000000000000\n");
    scene.request.operation = GS3_OPERATION_MOVE;
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "operation"), "move");
    scene.request.operation = GS3_OPERATION_PUT;
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "operation"), "put");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_elsewhere_is_the_contracts_table(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_development(&scene);
    assert_metadata(&scene, policy,
                    "jira-ticket-id=DATA-42\nenvironment=development\noperator=jane\n"
                    "timestamp=2027-01-15T08:00:00Z\noperation=copy\npurpose=quarterly load\n"
                    "governance-level=standard\ntracking-system=jira\ndepartment=finance\n"
                    "automation=false\ngs3-policy\n"
                    "gs3-decision=01930000-0000-7000-8000-000000000000\n");
    scene.request.is_automation = true;
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "automation"), "true");
    scene.given[0].id = "INC0010001";
    scene.tickets[0] = (struct gs3_ticket){
        .verdict = GS3_TICKET_FOUND,
        .system = TEXT("helpdesk"),
        .requested_id = TEXT("INC0010001"),
        .id = TEXT("INC0010001"),
        .table = TEXT("incident"),
        .state = TEXT("in-progress"),
        .active = GS3_YES,
    };
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "tracking-system"), "servicenow");
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "servicenow-ticket-id"),
                        "INC0010001");
    assert_false(gs3_pairs_has(&scene.decision.metadata, "jira-ticket-id"));
    scene_release(&scene);
    gs3_policy_free(policy);
}

/* The level decides, whatever the environment is called. */
static void metadata_schema_follows_the_level(void **state)
{
    gs3_auto_free char *text = base_with("governance_level: high", "governance_level: standard");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    assert_true(scene_allows(&scene, policy));
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "governance-level"), "standard");
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "department"), "finance");
    assert_true(gs3_pairs_has(&scene.decision.metadata, "automation"));
    /* Its rules ask for them, so they are there. */
    assert_string_equal(gs3_pairs_get(&scene.decision.metadata, "approval-status"), "approved");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_that_the_schema_takes_from_the_ticket_must_be_there(void **state)
{
    static const char rules[] =
        "      risk-level: {from: ticket.risk, one_of: [low, moderate, high, very-high]}\n"
        "      approval-status: {from: ticket.approval}\n";
    gs3_auto_free char *without = base_with(rules, "");
    const char *texts[] = {base_policy, without};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct gs3_policy *policy = load_text(texts[i]);
        struct scene scene;
        scene_production(&scene);
        assert_true(scene_allows(&scene, policy));
        scene.tickets[0].risk = NULL;
        assert_refused(&scene, policy, "production/metadata/risk-level",
                       "risk-level is required, and ticket CHG0030001 does not have it");
        scene.tickets[0].risk = TEXT("");
        assert_refused(&scene, policy, "production/metadata/risk-level", "is required");
        scene_release(&scene);
        gs3_policy_free(policy);
    }
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    scene_production(&scene);
    scene.tickets[0].risk = TEXT("extreme");
    assert_refused(&scene, policy, "production/metadata/risk-level",
                   "\"extreme\" is not among the allowed values");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_without_a_ticket_has_no_ticket_keys(void **state)
{
    gs3_auto_free char *text =
        base_with("ticket_for: [read, write, delete]", "ticket_for: [delete]");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.ticket_count = 0;
    assert_metadata(&scene, policy,
                    "environment=production\noperator=jane\ntimestamp=2027-01-15T08:00:00Z\n"
                    "operation=copy\npurpose=quarterly load\ngovernance-level=high\ngs3-policy\n"
                    "gs3-decision=01930000-0000-7000-8000-000000000000\n");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_purpose_and_department_are_required_by_the_table(void **state)
{
    gs3_auto_free char *bare = base_with("    metadata:\n      purpose: {required: true}\n"
                                         "      department: {required: true}\n",
                                         "");
    gs3_auto_free char *optional =
        base_with("      purpose: {required: true}\n      department: {required: true}\n",
                  "      purpose: {required: false}\n      department: {required: false}\n");
    gs3_auto_free char *silent =
        base_with("      purpose: {required: true}\n      department: {required: true}\n",
                  "      purpose: {max_length: 99}\n      department: {max_length: 99}\n");
    const char *texts[] = {base_policy, bare, silent, optional};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct gs3_policy *policy = load_text(texts[i]);
        struct scene scene;
        scene_development(&scene);
        scene.request.purpose = NULL;
        scene.request.department = "";
        bool is_optional = texts[i] == optional;
        if (is_optional) {
            assert_true(scene_allows(&scene, policy));
        } else {
            assert_refused(&scene, policy, "development/metadata/purpose",
                           "purpose is required: give --purpose");
            assert_refused(&scene, policy, "development/metadata/department",
                           "department is required: give --department");
        }
        /* A download has no object to carry them, and reading needs no ticket here. */
        scene.touches[0].actions = GS3_ACTION_READ;
        scene.request.ticket_count = 0;
        assert_true(scene_allows(&scene, policy));
        scene_release(&scene);
        gs3_policy_free(policy);
    }
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    scene_production(&scene);
    scene.touches[0].actions = GS3_ACTION_READ;
    scene.request.department = NULL;
    assert_true(scene_allows(&scene, policy));
    scene.request.purpose = NULL;
    assert_refused(&scene, policy, "production/metadata/purpose", "give --purpose");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_values_follow_their_rules(void **state)
{
    static const struct {
        const char *rule, *purpose, *message; /* NULL: allowed */
    } cases[] = {
        {"{min_length: 3, max_length: 5}", "ab", "it has 2 characters, at least 3 are required"},
        {"{min_length: 3, max_length: 5}", "abc", NULL},
        {"{min_length: 3, max_length: 5}", "abcde", NULL},
        {"{min_length: 3, max_length: 5}", "abcdef", "it has 6 characters, at most 5 are allowed"},
        {"{min_length: 3, max_length: 5}", "\xC3\xA4\xC3\xB6\xC3\xBC", NULL}, /* characters */
        {"{min_length: 3, max_length: 5}", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
         "it has 2 characters"},
        {"{one_of: [a, b c]}", "b c", NULL},
        {"{one_of: [a, b c]}", "A", "\"A\" is not among the allowed values"},
        {"{pattern: \"[a-z ]+\"}", "a b", NULL},
        {"{pattern: \"[a-z ]+\"}", "a1", "does not match the pattern [a-z ]+"},
        {"{pattern: \"a|b\"}", "ab", "does not match the pattern"},
        {"{required: true}", "a\nb", "it holds a control or text direction character"},
        {"{required: true}", "a\x7F", "it holds a control"},
        {"{required: true}", "\xE2\x80\xAE", "it holds a control or text direction"},
        {"{required: true}", "\xFF", "it is not UTF-8"},
        {"{required: true}", "=?UTF-8?Q?approved?=", "it looks like an RFC 2047 encoded word"},
        {"{required: true}", "=?", NULL},
        {"{value: fixed}", "ignored", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        gs3_auto_free char *rule = gs3_xasprintf("      purpose: %s\n", cases[i].rule);
        gs3_auto_free char *text = base_with("      purpose: {required: true}\n", rule);
        struct gs3_policy *policy = load_text(text);
        struct scene scene;
        scene_development(&scene);
        scene.request.purpose = cases[i].purpose;
        if (cases[i].message)
            assert_refused(&scene, policy, "development/metadata/purpose", cases[i].message);
        else if (!scene_allows(&scene, policy))
            fail_msg("case %zu: %s", i, scene.decision.first_failure->message);
        scene_release(&scene);
        gs3_policy_free(policy);
    }
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    gs3_auto_buf struct gs3_buf longer = GS3_BUF_INIT(5000);
    while (longer.length_bytes < 2049)
        gs3_buf_putc(&longer, 'a');
    scene_development(&scene);
    scene.request.purpose = longer.data;
    assert_refused(&scene, policy, "development/metadata/purpose", "longer than the 2 KB");
    scene.request.purpose = "good";
    scene.request.department = "fin\tance";
    assert_refused(&scene, policy, "development/metadata/department", "it holds a control");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_keys_of_ones_own_come_from_where_the_rule_says(void **state)
{
    gs3_auto_free char *text =
        base_with("      approval-status: {from: ticket.approval}\n",
                  "      approval-status: {from: ticket.approval}\n"
                  "      data-class: {value: restricted}\n"
                  "      t-id: {from: ticket.id}\n"
                  "      t-state: {from: ticket.state}\n"
                  "      t-type: {from: ticket.type}\n"
                  "      t-who: {from: ticket.assignee}\n"
                  "      t-asked: {from: ticket.requester}\n"
                  "      t-summary: {from: ticket.summary, required: true}\n"
                  "      cost-center: {required: true, pattern: \"[0-9]{6}\"}\n"
                  "      note: {max_length: 10}\n");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    assert_refused(&scene, policy, "production/metadata/cost-center",
                   "cost-center is required: give --metadata cost-center=");
    gs3_pairs_set(&scene.user_metadata, "Cost-Center", "12345");
    assert_refused(&scene, policy, "production/metadata/cost-center", "does not match");
    gs3_pairs_set(&scene.user_metadata, "Cost-Center", "123456");
    gs3_pairs_set(&scene.user_metadata, "owner", "jane");
    assert_true(scene_allows(&scene, policy));
    gs3_auto_free char *all = metadata_text(&scene);
    assert_contains(all, "gs3-decision=01930000-0000-7000-8000-000000000000\n"
                         "data-class=restricted\nt-id=CHG0030001\nt-state=implement\n"
                         "t-type=normal\nt-who=jane\nt-asked=joe\nt-summary=Load the quarter\n"
                         "cost-center=123456\n");
    assert_false(gs3_pairs_has(&scene.decision.metadata, "note"));
    assert_false(gs3_pairs_has(&scene.decision.metadata, "owner"));
    scene.tickets[0].type = NULL; /* not required: left out */
    assert_true(scene_allows(&scene, policy));
    assert_false(gs3_pairs_has(&scene.decision.metadata, "t-type"));
    scene.tickets[0].summary = TEXT("two\nlines");
    assert_refused(&scene, policy, "production/metadata/t-summary", "it holds a control");
    scene.tickets[0].summary = NULL;
    assert_refused(&scene, policy, "production/metadata/t-summary", "does not have it");
    scene.tickets[0].summary = TEXT("x");
    gs3_pairs_set(&scene.user_metadata, "data-class", "public");
    assert_refused(&scene, policy, "production/metadata/data-class", "is set by gs3 itself");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_reserved_keys_of_the_user_are_refused_in_any_case(void **state)
{
    static const struct {
        const char *key, *message;
    } cases[] = {
        {"approval-status", "is set by gs3 itself"},
        {"Approval-Status", "is set by gs3 itself"},
        {"OPERATOR", "is set by gs3 itself"},
        {"change-request-id", "is set by gs3 itself"},
        {"jira-ticket-id", "is set by gs3 itself"}, /* another environment's key */
        {"ticket-id", "is set by gs3 itself"},
        {"Ticket-System", "is set by gs3 itself"},
        {"gs3-decision", "is set by gs3 itself"},
        {"GS3-Whatever", "is set by gs3 itself"},
        {"source-environment", "is set by gs3 itself"},
        {"Source-Change-Request-Id", "is set by gs3 itself"},
        {"approval_status", "is set by gs3 itself"}, /* Ceph reads it as approval-status */
        {"change_request-id", "is set by gs3 itself"},
        {"gs3_decision", "is set by gs3 itself"},
        {"Purpose", "give --purpose"},
        {"department", "give --department"},
    };
    struct gs3_policy *policy = load_text(base_policy);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene scene;
        scene_production(&scene);
        gs3_pairs_add(&scene.user_metadata, "owner", "jane");
        gs3_pairs_add(&scene.user_metadata, cases[i].key, "x");
        gs3_auto_free char *rule = gs3_xasprintf("production/metadata/%s", cases[i].key);
        assert_refused(&scene, policy, rule, cases[i].message);
        scene_release(&scene);
    }
    struct scene scene;
    scene_production(&scene);
    gs3_pairs_add(&scene.user_metadata, "owner", "=?utf-8?b?YQ==?=");
    assert_refused(&scene, policy, "production/metadata/owner", "RFC 2047");
    gs3_pairs_set(&scene.user_metadata, "owner", "a\r\nx-amz-acl: public-read");
    assert_refused(&scene, policy, "production/metadata/owner", "it holds a control");
    gs3_pairs_set(&scene.user_metadata, "owner", "J\xC3\xA4ne");
    assert_true(scene_allows(&scene, policy));
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void metadata_of_the_operator_must_be_printable(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    (void)state;
    scene_development(&scene);
    scene.request.operator.name = "jane\nx";
    assert_refused(&scene, policy, "development/metadata/operator", "it holds a control");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static char *with_tags(const char *tags)
{
    gs3_auto_free char *to = gs3_xasprintf("    tags: %s\n    limits:", tags);
    return base_with("    limits:", to);
}

static void tags_are_the_metadata_that_the_policy_names(void **state)
{
    gs3_auto_free char *text = with_tags("[change-request-id, operator, gs3-decision, purpose]");
    struct gs3_policy *policy = load_text(text);
    gs3_auto_pairs struct gs3_pairs mine = GS3_PAIRS_INIT;
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.user_tags = &mine;
    assert_true(scene_allows(&scene, policy));
    const struct gs3_pairs *tags = &scene.decision.tags;
    assert_int_equal(tags->count, 4);
    assert_string_equal(tags->items[0].name, "change-request-id");
    assert_string_equal(tags->items[0].value, "CHG0030001");
    assert_string_equal(gs3_pairs_get(tags, "operator"), "jane");
    assert_string_equal(gs3_pairs_get(tags, "purpose"), "quarterly load");
    assert_true(scene_reason(&scene, "production/tags")->passed);
    for (int i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        gs3_pairs_add(&mine, name, "x");
    }
    assert_true(scene_allows(&scene, policy)); /* ten in all */
    gs3_pairs_add(&mine, "t6", "x");
    assert_refused(&scene, policy, "production/tags",
                   "7 tags of --tags and 4 of the policy: an object has at most 10");
    assert_int_equal(scene.decision.tags.count, 0);
    gs3_pairs_release(&mine);
    gs3_pairs_add(&mine, "Operator", "root");
    assert_refused(&scene, policy, "production/tags/operator",
                   "tag operator is the policy's own: leave it out of --tags");
    scene_release(&scene);
    gs3_policy_free(policy);
}

/* A tag that says less than the metadata would be believed all the same. */
static void tags_that_s3_would_not_take_are_refused(void **state)
{
    gs3_auto_free char *text = with_tags("[purpose]");
    gs3_auto_free char *unlimited = gs3_xstrdup(text);
    memcpy(strstr(unlimited, "max_length: 200"), "max_length: 300", strlen("max_length: 300"));
    struct gs3_policy *policy = load_text(unlimited);
    char purpose[259];
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.request.purpose = "load, then check";
    assert_refused(&scene, policy, "production/tags/purpose", "cannot be a tag: of ASCII");
    memset(purpose, 'x', sizeof purpose);
    purpose[256] = '\0';
    scene.request.purpose = purpose;
    assert_true(scene_allows(&scene, policy));
    purpose[256] = 'x';
    purpose[257] = '\0';
    assert_refused(&scene, policy, "production/tags/purpose", "it has over 256 characters");
    scene_release(&scene);
    gs3_policy_free(policy);
}

static void tags_are_for_objects_that_are_written(void **state)
{
    gs3_auto_free char *text = with_tags("[purpose]");
    struct gs3_policy *policy = load_text(text);
    struct scene scene;
    (void)state;
    scene_production(&scene);
    scene.touches[0].actions = GS3_ACTION_READ;
    scene.request.purpose = "load, then check";
    assert_true(scene_allows(&scene, policy));
    assert_int_equal(scene.decision.tags.count, 0);
    scene_release(&scene);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_of_production_is_the_contracts_table),
        cmocka_unit_test(metadata_elsewhere_is_the_contracts_table),
        cmocka_unit_test(metadata_schema_follows_the_level),
        cmocka_unit_test(metadata_that_the_schema_takes_from_the_ticket_must_be_there),
        cmocka_unit_test(metadata_without_a_ticket_has_no_ticket_keys),
        cmocka_unit_test(metadata_purpose_and_department_are_required_by_the_table),
        cmocka_unit_test(metadata_values_follow_their_rules),
        cmocka_unit_test(metadata_keys_of_ones_own_come_from_where_the_rule_says),
        cmocka_unit_test(metadata_reserved_keys_of_the_user_are_refused_in_any_case),
        cmocka_unit_test(metadata_of_the_operator_must_be_printable),
        cmocka_unit_test(tags_are_the_metadata_that_the_policy_names),
        cmocka_unit_test(tags_that_s3_would_not_take_are_refused),
        cmocka_unit_test(tags_are_for_objects_that_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
