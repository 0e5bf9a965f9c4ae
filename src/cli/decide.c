#include "cli/decide.h"

#include "aws/sts.h"

int gs3_decide_show(struct gs3_session *session, const struct gs3_decision *decision,
                    const struct gs3_request *request)
{
    bool writes = false;
    for (size_t i = 0; i < request->touch_count; i++)
        writes = writes || (request->touches[i].actions & GS3_ACTION_WRITE);
    const struct gs3_decision_view view = {
        .decision = decision,
        .request = request,
        .explain = session->args->values[GS3_OPT_EXPLAIN] != NULL,
        .is_download = !writes,
    };
    gs3_output_decision(&session->out, &view);
    return decision->is_allowed ? 0 : gs3_output_refusal(&session->out, decision);
}

static struct gs3_sts_call *start_sts(struct gs3_session *session, struct gs3_err *err)
{
    return gs3_sts_caller_start(session->lane.http, &session->config, &session->credentials, err);
}

void gs3_decide_begin_identify(struct gs3_session *session, const struct gs3_request *request)
{
    struct gs3_err ignored = GS3_ERR_INIT;
    if (!session->identity.caller.name && !session->identity_call &&
        gs3_gate_needs_sts(&session->gate, request))
        session->identity_call = start_sts(session, &ignored);
}

static int ask_sts(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_http *http = session->lane.http;
    struct gs3_sts_call *call = session->identity_call;
    session->identity_call = NULL; /* the wait frees it */
    if (!call)
        call = start_sts(session, err);
    if (!call)
        return -1;
    return gs3_sts_caller_wait(http, call, &session->identity.caller, err)
               ? gs3_wrap(err, "who runs this cannot be told")
               : 0;
}

int gs3_decide_identify(struct gs3_session *session, const struct gs3_request *request,
                        struct gs3_operator *operator, struct gs3_err * err)
{
    struct gs3_identity_record *record = &session->identity;
    if (gs3_gate_needs_sts(&session->gate, request)) {
        if (!record->caller.name && ask_sts(session, err))
            return -1;
        *operator= gs3_identity_operator(record);
        return 0;
    }
    if (!record->os_name && gs3_identity_from_os(record, err))
        return -1;
    const struct gs3_identity_record system = {.os_name = record->os_name};
    *operator= gs3_identity_operator(&system);
    return 0;
}

bool gs3_decide_has_limits(const struct gs3_session *session)
{
    for (size_t i = 0; i < session->policies.count; i++) {
        const struct gs3_policy *policy = session->policies.items[i];
        for (size_t j = 0; j < policy->environment_count; j++)
            if (policy->environments[j].has_object_limit || policy->environments[j].has_byte_limit)
                return true;
    }
    return false;
}

int gs3_decide_again(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_decision decision = {0};
    struct gs3_permit *permit = NULL;
    gs3_gate_forget(&session->gate);
    session->request.now = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    int failed = gs3_gate_look_up(&session->gate, &session->ticket_context, err) ||
                 gs3_gate_decide(&session->gate, &session->request, &decision, &permit, err);
    if (!failed && !decision.is_allowed)
        failed = gs3_fail(err, decision.failure, "refused by policy: %s",
                          decision.first_failure ? decision.first_failure->message : "no rule");
    gs3_permit_free(permit);
    gs3_decision_release(&decision);
    return failed ? -1 : 0;
}
