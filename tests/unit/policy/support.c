#include "support.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char base_policy[] =
    "apiVersion: gs3/v1\n"
    "serial: 7\n"
    "endpoints: [\"https://s3.example.com\"]\n"
    "ticket_systems:\n"
    "  cab:\n"
    "    type: servicenow\n"
    "    url: https://acme.service-now.com\n"
    "    tables: [change_request]\n"
    "  helpdesk:\n"
    "    type: servicenow\n"
    "    url: https://acme.service-now.com\n"
    "    tables: [incident, sc_task]\n"
    "  jira:\n"
    "    type: jira\n"
    "    url: https://acme.atlassian.net\n"
    "environments:\n"
    "  production:\n"
    "    match:\n"
    "      - {bucket: \"prod-*\"}\n"
    "      - {bucket: shared-data, prefix: live/}\n"
    "    governance_level: high\n"
    "    ticket_for: [read, write, delete]\n"
    "    tickets:\n"
    "      - name: change-request\n"
    "        system: cab\n"
    "        pattern: \"^CHG[0-9]{7,}$\"\n"
    "        approval: [approved]\n"
    "        state: [scheduled, implement]\n"
    "        window: required\n"
    "        operator: assignee\n"
    "        metadata_key: change-request-id\n"
    "    metadata:\n"
    "      purpose: {required: true, min_length: 8, max_length: 200}\n"
    "      risk-level: {from: ticket.risk, one_of: [low, moderate, high, very-high]}\n"
    "      approval-status: {from: ticket.approval}\n"
    "    limits: {objects: 10, bytes: 1MiB}\n"
    "  development:\n"
    "    match: [{bucket: \"dev-*\"}]\n"
    "    governance_level: standard\n"
    "    ticket_for: [write, delete]\n"
    "    tickets:\n"
    "      - name: jira\n"
    "        system: jira\n"
    "        pattern: \"[A-Z][A-Z0-9_]+-[1-9][0-9]*\"\n"
    "        status_category: [new, indeterminate]\n"
    "        metadata_key: jira-ticket-id\n"
    "      - name: servicenow\n"
    "        system: helpdesk\n"
    "        pattern: \"(INC|SCTASK)[0-9]{7,}\"\n"
    "        active: true\n"
    "        metadata_key: servicenow-ticket-id\n"
    "    metadata:\n"
    "      purpose: {required: true}\n"
    "      department: {required: true}\n";

struct gs3_policy *load_text(const char *text)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy = gs3_policy_parse("p.yaml", text, strlen(text), false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    return policy;
}

const char *load_error(const char *text)
{
    static struct gs3_err err;
    gs3_err_clear(&err);
    struct gs3_policy *policy = gs3_policy_parse("p.yaml", text, strlen(text), false, &err);
    if (policy)
        gs3_policy_free(policy);
    else
        assert_int_equal(err.class, GS3_EPOLICY);
    return err.message;
}

char *base_with(const char *from, const char *to)
{
    const char *at = strstr(base_policy, from);
    if (!at) {
        fail_msg("the base policy has no \"%s\"", from);
        return NULL;
    }
    return gs3_xasprintf("%.*s%s%s", (int)(at - base_policy), base_policy, to, at + strlen(from));
}

static void scene_start(struct scene *scene, const char *bucket, const char *id)
{
    *scene = (struct scene){.record_count = 1};
    scene->records[0] = &scene->tickets[0];
    scene->records[1] = &scene->tickets[1];
    scene->touches[0] = (struct gs3_touch){.bucket = bucket,
                                           .key = "a/b.csv",
                                           .actions = GS3_ACTION_WRITE,
                                           .is_metadata_target = true};
    scene->given[0].id = id;
    scene->request = (struct gs3_request){
        .operation = GS3_OPERATION_COPY,
        .touches = scene->touches,
        .touch_count = 1,
        .tickets = scene->given,
        .ticket_count = 1,
        .purpose = "quarterly load",
        .department = "finance",
        .user_metadata = &scene->user_metadata,
        .operator= {.is_sts = true, .name = "jane", .arn = "arn:aws:iam::123456789012:user/jane"},
        .now = NOW,
        .decision_id = "01930000-0000-7000-8000-000000000000",
        .object_count = 1,
        .total_bytes = 100,
        .has_totals = true,
    };
}

void scene_production(struct scene *scene)
{
    scene_start(scene, "prod-data", "CHG0030001");
    scene->tickets[0] = (struct gs3_ticket){
        .verdict = GS3_TICKET_FOUND,
        .system = TEXT("cab"),
        .requested_id = TEXT("CHG0030001"),
        .id = TEXT("CHG0030001"),
        .tracking_system = TEXT("change-request"),
        .table = TEXT("change_request"),
        .state = TEXT("implement"),
        .raw_state = TEXT("Implement (-1)"),
        .approval = TEXT("approved"),
        .type = TEXT("normal"),
        .risk = TEXT("moderate"),
        .summary = TEXT("Load the quarter"),
        .active = GS3_YES,
        .on_hold = GS3_NO,
        .unauthorized = GS3_NO,
        .has_window_start = true,
        .has_window_end = true,
        .window_start = NOW - 60,
        .window_end = NOW + 60,
        .assignee = {.user_name = TEXT("jane"), .email = TEXT("jane@example.com")},
        .requester = {.user_name = TEXT("joe")},
        .has_server_time = true,
        .server_time = NOW,
    };
}

void scene_development(struct scene *scene)
{
    scene_start(scene, "dev-data", "DATA-42");
    scene->tickets[0] = (struct gs3_ticket){
        .verdict = GS3_TICKET_FOUND,
        .system = TEXT("jira"),
        .requested_id = TEXT("DATA-42"),
        .id = TEXT("DATA-42"),
        .tracking_system = TEXT("jira"),
        .status = TEXT("In Progress"),
        .raw_state = TEXT("In Progress"),
        .status_category = TEXT("indeterminate"),
        .issue_type = TEXT("Task"),
        .project = TEXT("DATA"),
        .summary = TEXT("Load test data"),
        .active = GS3_YES,
        .assignee = {.account_id = TEXT("5b10a"), .display_name = TEXT("Jane Doe")},
        .has_server_time = true,
        .server_time = NOW,
    };
}

int scene_decide(struct scene *scene, const struct gs3_policy *policy)
{
    gs3_err_clear(&scene->err);
    gs3_needs_release(&scene->needs);
    if (gs3_evaluate_needs(policy, &scene->request, &scene->needs, &scene->decision, &scene->err))
        return -1;
    return gs3_evaluate(policy, &scene->request, scene->records, scene->record_count,
                        &scene->decision, &scene->err);
}

bool scene_allows(struct scene *scene, const struct gs3_policy *policy)
{
    if (scene_decide(scene, policy))
        fail_msg("%s", scene->err.message);
    const struct gs3_decision *decision = &scene->decision;
    assert_int_equal(decision->is_allowed, decision->failure == GS3_OK);
    assert_int_equal(decision->is_allowed, decision->first_failure == NULL);
    assert_true(decision->is_allowed || decision->metadata.count == 0);
    return decision->is_allowed;
}

const struct gs3_reason *scene_reason(const struct scene *scene, const char *rule)
{
    for (size_t i = 0; i < scene->decision.reason_count; i++)
        if (gs3_str_equal(scene->decision.reasons[i].rule, rule))
            return &scene->decision.reasons[i];
    return NULL;
}

void scene_release(struct scene *scene)
{
    gs3_decision_release(&scene->decision);
    gs3_needs_release(&scene->needs);
    gs3_pairs_release(&scene->user_metadata);
}

void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

void assert_refused(struct scene *scene, const struct gs3_policy *policy, const char *rule,
                    const char *message)
{
    assert_false(scene_allows(scene, policy));
    assert_int_equal(scene->decision.failure, GS3_EREFUSED);
    const struct gs3_reason *reason = scene_reason(scene, rule);
    if (!reason) {
        fail_msg("no reason %s; first: %s", rule, scene->decision.first_failure->message);
        return;
    }
    assert_false(reason->passed);
    assert_int_equal(reason->class, GS3_EREFUSED);
    assert_contains(reason->message, message);
}

void assert_undecided(struct scene *scene, const struct gs3_policy *policy, const char *rule,
                      const char *message)
{
    assert_false(scene_allows(scene, policy));
    assert_int_equal(scene->decision.failure, GS3_EUNDECIDED);
    assert_string_equal(scene->decision.first_failure->rule, rule);
    assert_contains(scene->decision.first_failure->message, message);
}
