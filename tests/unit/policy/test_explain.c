/* A decision in words, for --explain. */
#include "support.h"

#include "base/buf.h"

static void explain_prints_a_line_for_each_reason(void **state)
{
    struct gs3_policy *policy = load_text(base_policy);
    struct scene scene;
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(10000);
    (void)state;
    scene_production(&scene);
    scene.tickets[0].approval = TEXT("re\x1b[2Jquested");
    scene.tickets[0].has_server_time = false;
    assert_false(scene_allows(&scene, policy));
    assert_int_equal(gs3_decision_explain(&scene.decision, &out), 0);
    assert_contains(out.data, "  ok  production/match: s3://prod-data/a/b.csv is in environment "
                              "production (p.yaml:19)\n");
    assert_contains(out.data, "  NO  production/change-request/approval: CHG0030001 has approval "
                              "\"re\\x1b[2Jquested\", approved is required (p.yaml:27)\n");
    assert_contains(out.data, "  ??  production/change-request/window: ");
    gs3_buf_clear(&out);
    scene.decision.reasons[0].place.file = "p\x1b[2J.yaml"; /* a directory may hold any name */
    assert_int_equal(gs3_decision_explain(&scene.decision, &out), 0);
    assert_contains(out.data, " (p\\x1b[2J.yaml:19)\n");
    struct gs3_buf small = GS3_BUF_INIT(100);
    assert_int_equal(gs3_decision_explain(&scene.decision, &small), -1);
    gs3_buf_release(&small);
    scene_release(&scene);
    gs3_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(explain_prints_a_line_for_each_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
