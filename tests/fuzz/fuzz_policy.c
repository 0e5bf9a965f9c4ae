/* Any bytes as a policy: what loads must decide without a fault, and never allow what no rule can
 * have asked for. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/evaluate.h"
#include "policy/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide(const struct gs3_policy *policy, const char *bucket, const char *ticket)
{
    struct gs3_touch touches[2] = {
        {bucket, "live/a.csv", GS3_ACTION_WRITE, true},
        {"dev-data", "a.csv", GS3_ACTION_READ | GS3_ACTION_DELETE, false},
    };
    struct gs3_ticket_request given = {NULL, ticket};
    struct gs3_request request = {
        .operation = GS3_OPERATION_MOVE,
        .touches = touches,
        .touch_count = 2,
        .tickets = &given,
        .ticket_count = ticket ? 1 : 0,
        .purpose = "fuzzing",
        .department = "test",
        .operator= {.is_sts = true, .name = "jane", .role_name = "ci"},
        .now = 1800000000,
        .decision_id = "01930000-0000-7000-8000-000000000000",
        .has_totals = true,
    };
    struct gs3_needs needs = {0};
    struct gs3_decision decision = {0};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_buf text = GS3_BUF_INIT(1 << 20);
    if (gs3_evaluate_needs(policy, &request, &needs, &decision, &err) == 0) {
        size_t need_count = needs.count;
        /* No record of any ticket: whoever needs one is not allowed. */
        if (gs3_evaluate(policy, &request, NULL, 0, &decision, &err) == 0 && need_count > 0 &&
            decision.is_allowed)
            abort();
        gs3_decision_explain(&decision, &text);
    }
    gs3_buf_release(&text);
    gs3_decision_release(&decision);
    gs3_needs_release(&needs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_policy *policy =
        gs3_policy_parse("fuzz.yaml", (const char *)data, size, size % 2 == 0, &err);
    if (!policy) {
        if (err.class != GS3_EPOLICY || err.message[0] == '\0')
            abort();
        return 0;
    }
    decide(policy, "prod-data", "CHG0030001");
    decide(policy, "shared-data", "DATA-42");
    decide(policy, "dev-data", NULL);
    gs3_policy_is_reserved_key(policy, "Source-Purpose");
    gs3_policy_free(policy);
    return 0;
}
