/* One object of many: may it be transferred, and where it goes from here. */
#include <sys/resource.h>

#include "base/mem.h"
#include "cli/connect.h"
#include "cli/decide.h"
#include "cli/run_internal.h"
#include "cli/scoped.h"

enum {
    CONCURRENCY = 384,
    QUEUE = 1000,
    OTHER_DESCRIPTORS = 48,       /* than those of requests */
    SELECTABLE_DESCRIPTORS = 1024 /* libs3 waits by select */
};

void gs3_run_report(struct gs3_run *run, const struct gs3_plan *plan,
                    const struct gs3_report *report, const struct gs3_err *err)
{
    gs3_progress_clear(run->progress);
    gs3_tally_object(&run->tally, &run->session->out, plan, report, err);
}

static void warn(struct gs3_run *run, const char *text)
{
    gs3_progress_clear(run->progress);
    gs3_tally_warning(&run->tally, &run->session->out, text);
}

static void report_failure(struct gs3_run *run, const struct gs3_plan *plan,
                           const struct gs3_err *err)
{
    const struct gs3_report failed = {.status = GS3_REPORT_FAILED};
    gs3_run_report(run, plan, &failed, err);
}

static void show_decision(void *context, const struct gs3_decision *decision,
                          const struct gs3_request *request, bool is_renewal)
{
    struct gs3_run *run = context;
    gs3_progress_clear(run->progress);
    if (is_renewal && decision->is_allowed)
        return;
    gs3_decide_show(run->session, decision, request);
    run->was_told = !decision->is_allowed;
}

static void begin_identify(void *context, const struct gs3_request *request)
{
    struct gs3_run *run = context;
    gs3_decide_begin_identify(run->session, request);
}

static int identify(void *context, const struct gs3_request *request, struct gs3_operator *operator,
                    struct gs3_err * err)
{
    struct gs3_run *run = context;
    return gs3_decide_identify(run->session, request, operator, err);
}

void gs3_run_open_permits(struct gs3_run *run)
{
    struct gs3_session *session = run->session;
    const struct gs3_permits_opts opts = {
        .gate = &session->gate,
        .request = &session->request,
        .tickets = &session->ticket_context,
        .decision_id = session->scoped.keeper ? session->decision_id : NULL,
        .begin_identify = begin_identify,
        .identify = identify,
        .decided = show_decision,
        .context = run,
    };
    run->permits = gs3_permits_new(&opts);
}

void gs3_run_stop(struct gs3_run *run, const struct gs3_err *err)
{
    if (run->stopped.class)
        return;
    run->stopped = *err;
    if (run->engine)
        gs3_engine_stop(run->engine);
    if (!run->was_told && err->class != GS3_EINTERRUPT) {
        gs3_progress_clear(run->progress);
        gs3_output_error(&run->session->out, err, gs3_exit_status(err, false));
    }
}

/* Where nothing was allowed yet, a refusal is the refusal of it all, and no byte has moved. */
static void refuse(struct gs3_run *run, const struct gs3_plan *plan, const struct gs3_err *err)
{
    bool is_answer = err->class == GS3_EREFUSED || err->class == GS3_EUNDECIDED;
    if (!run->has_allowed || !is_answer)
        gs3_run_stop(run, err);
    else
        report_failure(run, plan, err);
}

/* The source was counted for the limits: what was written into it since is not covered. */
static int check_count(struct gs3_run *run, const struct gs3_plan *plan, struct gs3_err *err)
{
    run->numbers.total_objects++;
    run->numbers.total_bytes += plan->size_bytes;
    if (!run->is_counted || (run->numbers.total_objects <= run->counted_objects &&
                             run->numbers.total_bytes <= run->counted_bytes))
        return 0;
    return gs3_fail(err, GS3_EREFUSED,
                    "the source has grown since it was counted for the policy's limits");
}

static const struct gs3_permit *permit_for(struct gs3_run *run, struct gs3_plan *plan,
                                           struct gs3_err *err)
{
    struct gs3_touch touches[2];
    size_t count = gs3_plan_touches(plan, touches);
    run->was_told = false;
    const struct gs3_permit *permit = gs3_permits_for(run->permits, touches, count, err);
    if (permit && gs3_scoped_check_permit(run->session, permit, err))
        return NULL;
    if (permit && plan->operation == GS3_OPERATION_MOVE && plan->direction != GS3_UPLOAD)
        plan->opts.deletes_conditionally =
            gs3_permits_deletes_conditionally(run->permits, gs3_location_governed(&plan->source),
                                              plan->source.key);
    return permit;
}

/* A request takes a connection, and a file perhaps: as many as this process may open. */
static unsigned bound_by_descriptors(const struct gs3_session *session, unsigned requests)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)requests * 2 + OTHER_DESCRIPTORS;
    if (session->sigv2 && wanted > SELECTABLE_DESCRIPTORS)
        wanted = SELECTABLE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return requests;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    if (limit.rlim_cur < wanted)
        wanted = limit.rlim_cur;
    return wanted >= OTHER_DESCRIPTORS + 2 ? (unsigned)(wanted - OTHER_DESCRIPTORS) / 2 : 1;
}

int gs3_run_open_engine(struct gs3_run *run, struct gs3_err *err)
{
    struct gs3_session *session = run->session;
    unsigned limit = session->config.concurrent_requests_count;
    unsigned queue = session->config.queue_count;
    const struct gs3_pool_opts pool = {
        .maximum_concurrency = bound_by_descriptors(session, limit ? limit : CONCURRENCY),
        .queue_length = queue ? queue : QUEUE,
        .piece_concurrency = limit,
        .open_lane = gs3_connect_lane,
        .close_lane = gs3_disconnect_lane,
        .context = session,
        .owner = session->lane.http,
    };
    run->engine = gs3_engine_new(&pool, &run->shared, err);
    return run->engine ? 0 : -1;
}

/* A dry run moves nothing: the listing says all that there is to say, save whether an archived
 * object was restored. */
static void plan_only(struct gs3_run *run, struct gs3_item *item)
{
    const struct gs3_lane *lane = &run->session->lane;
    if (item->plan.listed_is_archived &&
        gs3_plan_look(&item->plan, gs3_plan_source_store(&item->plan, lane), &item->err)) {
        report_failure(run, &item->plan, &item->err);
        return;
    }
    gs3_transfer_object(&run->shared, lane, item->permit, &item->plan, &item->report, &item->err);
    gs3_run_report(run, &item->plan, &item->report, &item->err);
}

void gs3_run_withhold(struct gs3_run *run, const struct gs3_plan *plan)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_fail(&err, run->stopped.class, "not started: the operation was stopped");
    report_failure(run, plan, &err);
}

static void take_item(struct gs3_run *run, struct gs3_item *item)
{
    struct gs3_err *err = &item->err;
    if (run->stopped.class) {
        gs3_run_withhold(run, &item->plan);
    } else if (check_count(run, &item->plan, err) ||
               !(item->permit = permit_for(run, &item->plan, err))) {
        refuse(run, &item->plan, err);
    } else if (item->plan.opts.is_dryrun) {
        run->has_allowed = true;
        plan_only(run, item);
    } else if (!run->engine && gs3_run_open_engine(run, err)) {
        gs3_run_stop(run, err);
    } else {
        run->has_allowed = true;
        gs3_engine_add(run->engine, item);
        return;
    }
    gs3_item_free(item);
}

/* Whether the download goes on; a name that differs from another's only in case may overwrite it
 * where the file system folds case. */
static bool settle_case(struct gs3_run *run, const struct gs3_plan *plan)
{
    enum gs3_case_conflict rule = run->session->options.case_conflict;
    if (rule == GS3_CASE_CONFLICT_IGNORE || plan->direction != GS3_DOWNLOAD ||
        !gs3_case_names_add(&run->names, plan->destination.path))
        return true;
    gs3_auto_free char *text =
        gs3_xasprintf("%sfile s3://%s/%s. Another object of this run differs from it only in case.",
                      rule == GS3_CASE_CONFLICT_SKIP ? "Skipping " : "", plan->source.bucket,
                      plan->source.key);
    if (rule != GS3_CASE_CONFLICT_ERROR) {
        warn(run, text);
        return rule == GS3_CASE_CONFLICT_WARN;
    }
    struct gs3_err err = GS3_ERR_INIT;
    gs3_fail(&err, GS3_EFAIL, "another object of this run differs from it only in case");
    report_failure(run, plan, &err);
    gs3_run_stop(run, &err);
    return false;
}

void gs3_run_take(struct gs3_run *run, struct gs3_tree_found *found)
{
    struct gs3_session *session = run->session;
    struct gs3_item *item = gs3_item_new();
    enum gs3_tree_kind kind = found->kind;
    int failed = gs3_plan_init_found(&item->plan, session->request.operation, found,
                                     &session->plan_opts, &item->err);
    if (kind == GS3_TREE_WARNING) {
        warn(run, found->message);
    } else if (kind == GS3_TREE_FAILURE || failed) {
        if (kind == GS3_TREE_FAILURE) {
            gs3_err_clear(&item->err);
            gs3_fail(&item->err, GS3_EFAIL, "%s", found->message);
        }
        report_failure(run, &item->plan, &item->err);
    } else if (settle_case(run, &item->plan)) {
        take_item(run, item);
        item = NULL;
    }
    gs3_item_free(item);
    gs3_tree_found_release(found);
}
