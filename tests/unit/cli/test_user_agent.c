/* cli/user_agent: the tickets that AWS's own logs get to know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/user_agent.h"
#include "policy/load.h"

#define RULE(name, pattern)                                                                        \
    "      - {name: " name ", system: jira, pattern: \"" pattern "\", active: true,\n"             \
    "         metadata_key: jira-ticket-id}\n"
#define ENVIRONMENT(name, match, rules)                                                            \
    "  " name ":\n    match: [" match "]\n    governance_level: standard\n"                        \
    "    ticket_for: [write]\n    tickets:\n" rules

static const char policy_text[] =
    "apiVersion: gs3/v1\nserial: 1\nticket_systems:\n"
    "  jira: {type: jira, url: \"https://acme.atlassian.net\"}\nenvironments:\n" ENVIRONMENT(
        "dev", "{bucket: dev}, {bucket: shared}", RULE("dev", "DEV-[0-9]+"))
        ENVIRONMENT("live", "{bucket: shared, prefix: live}",
                    RULE("live", "(LIVE|X/\\\\*)-[0-9]+"));

struct fixture {
    struct gs3_policy *policy;
    struct gs3_session session;
    struct gs3_ticket_request tickets[32];
    struct gs3_touch touch;
};

static void fixture_init(struct fixture *fixture, const char *bucket, bool is_recursive)
{
    struct gs3_err err = GS3_ERR_INIT;
    *fixture = (struct fixture){.touch = {.bucket = bucket,
                                          .key = "",
                                          .actions = GS3_ACTION_WRITE,
                                          .is_metadata_target = true}};
    fixture->policy = gs3_policy_parse("p.yaml", policy_text, sizeof policy_text - 1, false, &err);
    if (!fixture->policy)
        fail_msg("%s", err.message);
    struct gs3_session *session = &fixture->session;
    session->policies.items[0] = fixture->policy;
    session->gate.policies[0] = fixture->policy;
    session->policies.count = session->gate.policy_count = 1;
    session->options.is_recursive = is_recursive;
    session->request = (struct gs3_request){.touches = &fixture->touch,
                                            .touch_count = 1,
                                            .tickets = fixture->tickets,
                                            .decision_id = "x"};
}

static void give(struct fixture *fixture, const char *id)
{
    fixture->tickets[fixture->session.request.ticket_count++].id = id;
}

/* Made, held against `wanted` behind "gs3/VERSION", and all of it released. */
static void check(struct fixture *fixture, bool is_prepared, const char *wanted)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_decision decision = {0};
    struct gs3_session *session = &fixture->session;
    if (is_prepared)
        assert_int_equal(gs3_gate_prepare(&session->gate, &session->request, &decision, &err), 0);
    gs3_auto_free char *text = gs3_user_agent_make(session, is_prepared);
    gs3_auto_free char *whole = gs3_xasprintf("gs3/" PACKAGE_VERSION "%s", wanted);
    assert_string_equal(text, whole);
    gs3_decision_release(&decision);
    gs3_gate_release(&session->gate);
    gs3_policy_free(fixture->policy);
}

static void user_agent_names_the_tickets_that_serve(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture, "dev", false);
    check(&fixture, true, "");
    fixture_init(&fixture, "dev", false);
    give(&fixture, "LIVE-1");
    give(&fixture, "DEV-2");
    give(&fixture, "secret");
    check(&fixture, true, " app/DEV-2");
    /* Before anything was asked, and in a tree whose keys may need others: what fits a rule. */
    fixture_init(&fixture, "dev", false);
    give(&fixture, "LIVE-1");
    give(&fixture, "DEV-2");
    give(&fixture, "DEV-2");
    give(&fixture, "secret");
    check(&fixture, false, " app/LIVE-1,DEV-2");
    fixture_init(&fixture, "shared", true);
    give(&fixture, "LIVE-1");
    give(&fixture, "DEV-2");
    give(&fixture, "secret");
    check(&fixture, true, " app/DEV-2,LIVE-1");
    fixture_init(&fixture, "dev", true);
    give(&fixture, "LIVE-1");
    give(&fixture, "DEV-2");
    check(&fixture, true, " app/DEV-2");
}

static void user_agent_is_a_product_token_of_at_most_a_kilobyte(void **state)
{
    struct fixture fixture;
    char ids[32][65];
    (void)state;
    fixture_init(&fixture, "shared", true);
    give(&fixture, "X/*-1");
    check(&fixture, false, " app/X__-1");
    fixture_init(&fixture, "shared", true);
    for (size_t i = 0; i < 32; i++) {
        memset(ids[i], '7', sizeof ids[i] - 1);
        memcpy(ids[i], "DEV-", 4);
        snprintf(ids[i] + 60, 5, "%04zu", i);
        give(&fixture, ids[i]);
    }
    gs3_auto_free char *text = gs3_user_agent_make(&fixture.session, false);
    assert_true(strlen(text) <= 1024);
    assert_true(strlen(text) > 900);
    assert_non_null(strstr(text, ids[0]));
    assert_memory_equal(text + strlen(text) - 64, ids[14], 64); /* whole ones only */
    gs3_gate_release(&fixture.session.gate);
    gs3_policy_free(fixture.policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(user_agent_names_the_tickets_that_serve),
        cmocka_unit_test(user_agent_is_a_product_token_of_at_most_a_kilobyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
