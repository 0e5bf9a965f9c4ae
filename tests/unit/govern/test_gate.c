/* govern/gate: two policies, one decision, one permit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "govern/gate.h"
#include "policy/load.h"

#define SYSTEMS                                                                                    \
    "apiVersion: gs3/v1\n"                                                                         \
    "serial: 1\n"                                                                                  \
    "ticket_systems:\n"                                                                            \
    "  %s:\n"                                                                                      \
    "    type: servicenow\n"                                                                       \
    "    url: https://acme.service-now.com\n"                                                      \
    "    tables: [change_request]\n"                                                               \
    "    credentials: {username: {env: SN_USERNAME}, password: {env: SN_PASSWORD}}\n"              \
    "environments:\n"                                                                              \
    "  production:\n"                                                                              \
    "    match: [{bucket: \"prod-*\"}]\n"                                                          \
    "    identity: {source: os}\n"                                                                 \
    "    governance_level: standard\n"                                                             \
    "    ticket_for: [%s]\n"                                                                       \
    "    tickets:\n"                                                                               \
    "      - name: change\n"                                                                       \
    "        system: %s\n"                                                                         \
    "        pattern: \"^CHG[0-9]{7}$\"\n"                                                         \
    "        approval: [%s]\n"                                                                     \
    "        metadata_key: change-request-id\n"                                                    \
    "    metadata:\n"                                                                              \
    "      department: {required: false}\n"                                                        \
    "      %s: {value: \"1\"}\n"                                                                   \
    "    tags: [%s]\n"

struct fixture {
    struct gs3_policy *policies[2];
    struct gs3_gate gate;
    struct gs3_touch touch;
    struct gs3_ticket_request ticket;
    struct gs3_request request;
    struct gs3_decision decision;
    struct gs3_permit *permit;
    struct gs3_err err;
};

static struct gs3_policy *parse(const char *system, const char *actions, const char *approval,
                                const char *key)
{
    gs3_auto_free char *text = gs3_xasprintf(SYSTEMS, system, actions, system, approval, key, key);
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy = gs3_policy_parse("policy", text, strlen(text), false, &err);
    if (!policy)
        fail_msg("%s", err.message);
    return policy;
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){
        .policies = {parse("cab", "read, write, delete", "approved", "first"),
                     parse("ours", "write", "approved, requested", "second")},
        .touch = {.bucket = "prod-data",
                  .key = "k",
                  .actions = GS3_ACTION_WRITE,
                  .is_metadata_target = true},
        .ticket = {.id = "CHG0030001"},
    };
    fixture->gate.policies[0] = fixture->policies[0];
    fixture->gate.policies[1] = fixture->policies[1];
    fixture->gate.policy_count = 2;
    static const struct gs3_pairs none;
    fixture->request = (struct gs3_request){
        .operation = GS3_OPERATION_PUT,
        .touches = &fixture->touch,
        .touch_count = 1,
        .tickets = &fixture->ticket,
        .ticket_count = 1,
        .purpose = "the purpose",
        .user_metadata = &none,
        .operator= {.name = "alice"},
        .now = 1795231340,
        .decision_id = "0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee",
        .object_count = 1,
        .has_totals = true,
    };
}

static void fixture_release(struct fixture *fixture)
{
    gs3_permit_free(fixture->permit);
    gs3_decision_release(&fixture->decision);
    gs3_gate_release(&fixture->gate);
    gs3_policy_free(fixture->policies[0]);
    gs3_policy_free(fixture->policies[1]);
}

/* As a look-up would have left it: one record, for the first policy's system. */
static void answer(struct fixture *fixture, const char *approval)
{
    struct gs3_gate *gate = &fixture->gate;
    gate->looked_up = gs3_xcalloc(1, sizeof *gate->looked_up);
    gate->looked_up_count = 1;
    gate->looked_up[0] = (struct gs3_looked_up){
        .system = fixture->policies[0]->systems[0],
        .ticket = {.verdict = GS3_TICKET_FOUND,
                   .system = gs3_xstrdup("cab"),
                   .requested_id = gs3_xstrdup("CHG0030001"),
                   .id = gs3_xstrdup("CHG0030001"),
                   .tracking_system = gs3_xstrdup("change-request"),
                   .table = gs3_xstrdup("change_request"),
                   .state = gs3_xstrdup("implement"),
                   .raw_state = gs3_xstrdup("-1"),
                   .approval = gs3_xstrdup(approval),
                   .active = GS3_YES,
                   .on_hold = GS3_NO,
                   .unauthorized = GS3_NO,
                   .has_server_time = true,
                   .server_time = 1795231340},
    };
}

static void prepare(struct fixture *fixture)
{
    struct gs3_decision early = {0};
    assert_int_equal(gs3_gate_prepare(&fixture->gate, &fixture->request, &early, &fixture->err), 0);
    gs3_decision_release(&early);
}

static void decide(struct fixture *fixture)
{
    assert_int_equal(gs3_gate_decide(&fixture->gate, &fixture->request, &fixture->decision,
                                     &fixture->permit, &fixture->err),
                     0);
}

static void gs3_gate_decide_both_allow_gives_one_permit_with_both_sets(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    prepare(&fixture);
    answer(&fixture, "approved");
    decide(&fixture);
    if (!fixture.decision.is_allowed)
        fail_msg("%s", fixture.decision.first_failure->message);
    assert_non_null(fixture.permit);
    const struct gs3_pairs *metadata = gs3_permit_metadata(fixture.permit);
    assert_string_equal(gs3_pairs_get(metadata, "first"), "1");
    assert_string_equal(gs3_pairs_get(metadata, "second"), "1");
    gs3_auto_free char *both =
        gs3_xasprintf("%s+%s", fixture.policies[0]->digest, fixture.policies[1]->digest);
    assert_string_equal(gs3_pairs_get(metadata, "gs3-policy"), both);
    assert_true(gs3_permit_is_reserved_key(fixture.permit, "Second"));
    assert_false(gs3_permit_is_reserved_key(fixture.permit, "third"));
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_permit_check(fixture.permit, GS3_ACTION_WRITE, "prod-other", "k", &err),
                     0);
    assert_int_equal(gs3_permit_check(fixture.permit, GS3_ACTION_DELETE, "prod-data", "k", &err),
                     -1);
    assert_int_equal(err.class, GS3_EREFUSED);
    assert_int_equal(gs3_permit_check(fixture.permit, GS3_ACTION_WRITE, "dev-x", "k", &err), -1);
    fixture_release(&fixture);
}

/* The system's policy may ask for no ticket where the user's does: the user's ticket is no
 * mistake then. Where neither knows it, it is one. */
static void gs3_gate_decide_a_ticket_of_one_policy_serves_beside_one_without(void **state)
{
    (void)state;
    static const char text[] = "apiVersion: gs3/v1\n"
                               "serial: 1\n"
                               "environments:\n"
                               "  production:\n"
                               "    match: [{bucket: \"prod-*\"}]\n"
                               "    governance_level: standard\n"
                               "    ticket_for: []\n"
                               "    identity: {source: os}\n"
                               "    metadata: {department: {required: false}}\n";
    for (int order = 0; order < 4; order++) {
        struct fixture fixture;
        fixture_init(&fixture);
        int without = order % 2;
        gs3_policy_free(fixture.policies[without]);
        fixture.policies[without] =
            gs3_policy_parse("policy", text, sizeof text - 1, false, &fixture.err);
        assert_non_null(fixture.policies[without]);
        fixture.gate.policies[without] = fixture.policies[without];
        bool is_known = order < 2;
        if (!is_known)
            fixture.ticket.id = "OTHER";
        assert_int_equal(gs3_gate_prepare(&fixture.gate, &fixture.request, &fixture.decision,
                                          &fixture.err),
                         0);
        assert_int_equal(fixture.decision.is_allowed, is_known);
        assert_int_equal(fixture.gate.needs[without].count, 0);
        assert_int_equal(fixture.gate.needs[1 - without].count, is_known ? 1 : 0);
        fixture_release(&fixture);
    }
}

static void gs3_gate_decide_one_refusal_is_enough(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct fixture fixture;
        fixture_init(&fixture);
        if (first) { /* the strict policy comes second */
            struct gs3_policy *policy = fixture.policies[0];
            fixture.policies[0] = fixture.policies[1];
            fixture.policies[1] = policy;
            fixture.gate.policies[0] = fixture.policies[0];
            fixture.gate.policies[1] = fixture.policies[1];
        }
        prepare(&fixture);
        answer(&fixture, "requested");
        decide(&fixture);
        assert_false(fixture.decision.is_allowed);
        assert_null(fixture.permit);
        assert_int_equal(fixture.decision.failure, GS3_EREFUSED);
        assert_non_null(fixture.decision.first_failure);
        assert_non_null(strstr(fixture.decision.first_failure->message, "requested"));
        assert_int_equal(fixture.decision.metadata.count, 0);
        fixture_release(&fixture);
    }
}

/* Whichever policy says no, and whichever cannot say anything. */
static void gs3_gate_decide_a_refusal_outweighs_no_answer(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct fixture fixture;
        fixture_init(&fixture);
        prepare(&fixture);
        answer(&fixture, "approved");
        /* One policy has a limit that cannot be judged, the other asks for STS. */
        struct gs3_environment *limited = &fixture.policies[first]->environments[0];
        struct gs3_environment *other = &fixture.policies[!first]->environments[0];
        limited->has_object_limit = true;
        limited->object_limit = 1;
        other->identity.source = GS3_IDENTITY_STS;
        fixture.request.has_totals = false;
        decide(&fixture);
        assert_false(fixture.decision.is_allowed);
        assert_int_equal(fixture.decision.failure, GS3_EREFUSED);
        assert_non_null(strstr(fixture.decision.first_failure->rule, "identity"));
        fixture_release(&fixture);
    }
}

/* Each alone allows nine of the user's and its own: together they are one too many. */
static void gs3_gate_decide_tags_of_both_are_counted_together(void **state)
{
    (void)state;
    for (int given = 8; given <= 9; given++) {
        struct fixture fixture;
        gs3_auto_pairs struct gs3_pairs tags = GS3_PAIRS_INIT;
        fixture_init(&fixture);
        for (char key[] = "a"; *key < 'a' + given; ++*key)
            gs3_pairs_add(&tags, key, "1");
        fixture.request.user_tags = &tags;
        prepare(&fixture);
        answer(&fixture, "approved");
        int outcome = gs3_gate_decide(&fixture.gate, &fixture.request, &fixture.decision,
                                      &fixture.permit, &fixture.err);
        if (given == 8) {
            assert_int_equal(outcome, 0);
            assert_string_equal(gs3_pairs_get(gs3_permit_tags(fixture.permit), "first"), "1");
            assert_string_equal(gs3_pairs_get(gs3_permit_tags(fixture.permit), "second"), "1");
        } else {
            assert_int_equal(outcome, -1);
            assert_int_equal(fixture.err.class, GS3_EREFUSED);
            assert_null(fixture.permit);
            assert_string_equal(fixture.err.message,
                                "refused by policy: 11 object tags of --tags and of both policies, "
                                "an object has at most 10");
        }
        fixture_release(&fixture);
    }
}

static void gs3_gate_decide_without_an_answer_is_undecided(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    prepare(&fixture);
    decide(&fixture);
    assert_false(fixture.decision.is_allowed);
    assert_null(fixture.permit);
    assert_int_equal(fixture.decision.failure, GS3_EUNDECIDED);
    fixture_release(&fixture);
}

static void gs3_gate_decide_download_carries_no_metadata(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.request.operation = GS3_OPERATION_COPY;
    fixture.touch.actions = GS3_ACTION_READ;
    prepare(&fixture);
    answer(&fixture, "approved");
    decide(&fixture);
    assert_non_null(fixture.permit);
    assert_int_equal(gs3_permit_metadata(fixture.permit)->count, 0);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gs3_gate_decide_both_allow_gives_one_permit_with_both_sets),
        cmocka_unit_test(gs3_gate_decide_a_ticket_of_one_policy_serves_beside_one_without),
        cmocka_unit_test(gs3_gate_decide_one_refusal_is_enough),
        cmocka_unit_test(gs3_gate_decide_a_refusal_outweighs_no_answer),
        cmocka_unit_test(gs3_gate_decide_tags_of_both_are_counted_together),
        cmocka_unit_test(gs3_gate_decide_without_an_answer_is_undecided),
        cmocka_unit_test(gs3_gate_decide_download_carries_no_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
