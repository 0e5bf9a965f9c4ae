#include "cli/transfer_command.h"

#include "aws/sts.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/connect.h"
#include "cli/decide.h"
#include "cli/run.h"
#include "cli/scoped.h"
#include "cli/tally.h"
#include "s3/client.h"
#include "transfer/multipart.h"

enum { TICKET_AGE_MS = 5 * 60 * 1000 };

/* Starts what S3 and STS can answer while the ticketing system is asked. */
static int start_beside(struct gs3_session *session, struct gs3_sts_call **sts, struct gs3_err *err)
{
    const struct gs3_lane *lane = &session->lane;
    if (session->plan.direction == GS3_UPLOAD)
        gs3_s3_client_warm(lane->destination, session->plan.destination.bucket);
    else if (!gs3_scoped_is_wanted(session)) /* else with the session, which is not there yet */
        gs3_plan_look_start(&session->plan, lane->source);
    if (!gs3_gate_needs_sts(&session->gate, &session->request))
        return gs3_identity_from_os(&session->identity, err);
    *sts = gs3_sts_caller_start(lane->http, &session->config, &session->credentials, err);
    return *sts ? 0 : -1;
}

/* Tickets and operator. The order of the waits does not matter: all calls make progress. */
static int ask(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_sts_call *sts = NULL;
    struct gs3_http *http = session->lane.http;
    if (start_beside(session, &sts, err))
        return -1;
    int failed = gs3_gate_look_up(&session->gate, &session->ticket_context, err);
    if (sts && failed)
        gs3_sts_caller_cancel(http, sts);
    else if (sts && gs3_sts_caller_wait(http, sts, &session->identity.caller, err))
        failed = gs3_wrap(err, "who runs this cannot be told");
    if (!failed)
        session->request.operator= gs3_identity_operator(&session->identity);
    return failed ? -1 : 0;
}

static int fail(const struct gs3_session *session, const struct gs3_err *err)
{
    int status = gs3_exit_status(err, false);
    gs3_output_error(&session->out, err, status);
    return status;
}

/* What can be refused without asking anyone is refused before a request is sent. */
static int prepare(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_decision decision = {0};
    int status = 0;
    if (gs3_gate_prepare(&session->gate, &session->request, &decision, &err))
        status = fail(session, &err);
    else if (!decision.is_allowed && decision.first_failure)
        status = gs3_decide_show(session, &decision, &session->request);
    gs3_decision_release(&decision);
    return status;
}

/* Decides with what is known. `shows` is false for the first look. */
static int decide(struct gs3_session *session, bool shows)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_decision decision = {0};
    int status = 0;
    gs3_permit_free(session->permit);
    session->permit = NULL;
    if (gs3_gate_decide(&session->gate, &session->request, &decision, &session->permit, &err))
        status = fail(session, &err);
    else if (shows || !decision.is_allowed)
        status = gs3_decide_show(session, &decision, &session->request);
    gs3_decision_release(&decision);
    return status;
}

/* Standard input is spooled only once the tickets allow it, and the decision is made again with its
 * length; with the tickets asked again when reading took long. */
static int spool(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_plan *plan = &session->plan;
    int64_t start = gs3_clock_monotonic_ms(&gs3_clock_system);
    const char *directory = gs3_env_get(session->env, "TMPDIR");
    if (plan->opts.is_dryrun)
        return 0;
    /* Whatever is judged by its length, and what cannot go in parts, is read to its end first. */
    bool is_counted = gs3_decide_has_limits(session) || session->sigv2;
    uint64_t enough_bytes = is_counted ? UINT64_MAX : gs3_plan_threshold_bytes(plan) + 1;
    if (gs3_local_source_spool(STDIN_FILENO, directory ? directory : "/tmp", enough_bytes,
                               session->interrupted, &plan->local, &err))
        return fail(session, &err);
    plan->size_bytes = plan->local.size_bytes;
    session->request.total_bytes = plan->size_bytes;
    if (gs3_clock_monotonic_ms(&gs3_clock_system) - start < TICKET_AGE_MS)
        return 0;
    gs3_gate_forget(&session->gate);
    session->request.now = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    return gs3_gate_look_up(&session->gate, &session->ticket_context, &err) ? fail(session, &err)
                                                                            : 0;
}

static int open_session(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    return gs3_scoped_open(session, session->permit, &err) ? fail(session, &err) : 0;
}

/* The decision, first with what the tickets say: a refusal needs no word of S3's, which may be slow
 * or silent; then with everything that is known of the source. */
static int look_and_decide(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    int status = decide(session, false);
    if (status)
        return status;
    if (session->plan.source.kind == GS3_LOCATION_STREAM) {
        status = spool(session);
        status = status ? status : decide(session, true);
        return status ? status : open_session(session);
    }
    status = open_session(session);
    if (status)
        return status;
    int missing = gs3_plan_look(&session->plan, session->lane.source, &err);
    session->request.total_bytes = session->plan.size_bytes;
    status = decide(session, true);
    if (status || !missing)
        return status;
    status = gs3_exit_status(&err, true);
    gs3_wrap(&err, "fatal error");
    gs3_output_error(&session->out, &err, status);
    return status;
}

/* In parts, by workers: what is large, but for a stream, which comes or goes in its order. */
static bool is_large(const struct gs3_plan *plan)
{
    return !plan->opts.is_dryrun && plan->size_bytes > gs3_plan_threshold_bytes(plan) &&
           plan->destination.kind != GS3_LOCATION_STREAM && !plan->local.has_more;
}

/* Between the parts of a stream: the session that it runs as may end before it does. */
static int keep_session(void *context, struct gs3_err *err)
{
    struct gs3_session *session = context;
    if (!gs3_scoped_is_due(session))
        return 0;
    return gs3_decide_again(session, err) || gs3_scoped_renew(session, err) ? -1 : 0;
}

static int transfer(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_report report;
    struct gs3_tally tally;
    const struct gs3_transfer work = {.mime = session->mime,
                                      .log = &session->log,
                                      .is_custom = session->request.s3_endpoint != NULL,
                                      .between = keep_session,
                                      .between_context = session};
    int64_t start = gs3_clock_monotonic_ms(&gs3_clock_system);
    gs3_tally_init(&tally);
    int failed =
        gs3_transfer_object(&work, &session->lane, session->permit, &session->plan, &report, &err);
    gs3_tally_object(&tally, &session->out, &session->plan, &report, &err);
    tally.totals.seconds = (double)(gs3_clock_monotonic_ms(&gs3_clock_system) - start) / 1000.0;
    int status = gs3_tally_finish(&tally, &session->out, false);
    gs3_tally_release(&tally);
    gs3_report_release(&report);
    return failed ? gs3_exit_status(&err, true) : status;
}

static int run_one(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (!gs3_transfer_options_accept(&session->options, &session->plan.source))
        return 0;
    int status = prepare(session);
    if (status)
        return status;
    if (gs3_connect(session, &err) || ask(session, &err))
        return fail(session, &err);
    status = look_and_decide(session);
    if (status)
        return status;
    return is_large(&session->plan) ? gs3_run_large(session) : transfer(session);
}

/* A tree whose environment names a role is listed with the session already, so that its prefixes
 * are decided before; its limits only when it has been counted. */
static int begin_tree(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_scoped_check_tree(session, &err))
        return fail(session, &err);
    gs3_decide_begin_identify(session, &session->request);
    if (gs3_gate_look_up(&session->gate, &session->ticket_context, &err) ||
        gs3_decide_identify(session, &session->request, &session->request.operator, & err))
        return fail(session, &err);
    int status = decide(session, false);
    return status ? status : open_session(session);
}

/* What is refused for every key is refused before a request is sent; else each key decides. */
static int run_many(struct gs3_session *session)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_decision decision = {0};
    int status = 0;
    if (gs3_gate_prepare(&session->gate, &session->request, &decision, &err))
        status = fail(session, &err);
    else if (!decision.is_allowed && decision.first_failure &&
             gs3_policies_are_uniform(&session->policies, &session->request))
        status = gs3_decide_show(session, &decision, &session->request);
    gs3_decision_release(&decision);
    if (status)
        return status;
    if (gs3_connect(session, &err))
        return fail(session, &err);
    if (gs3_scoped_is_wanted(session)) {
        status = begin_tree(session);
        if (status)
            return status;
    }
    return gs3_run_many(session);
}

int gs3_transfer_command(const struct gs3_args *args, const struct gs3_env *env,
                         const volatile int *interrupted)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_session session;
    int status;
    if (gs3_session_init(&session, args, env, interrupted, &err))
        status = fail(&session, &err);
    else if (session.options.is_recursive)
        status = run_many(&session);
    else
        status = run_one(&session);
    gs3_session_release(&session);
    return status;
}
