#include "cli/run.h"

#include <limits.h>
#include <unistd.h>

#include "cli/decide.h"
#include "cli/run_internal.h"
#include "cli/scoped.h"

enum { FILL = 64, IDLE_MS = 100 };

static int64_t now_ms(void)
{
    return gs3_clock_monotonic_ms(&gs3_clock_system);
}

static void show(struct gs3_run *run)
{
    struct gs3_engine_state state = {.moved_bytes = 0};
    const struct gs3_totals *totals = &run->tally.totals;
    if (run->engine)
        gs3_engine_look(run->engine, &state);
    run->numbers.done_objects = totals->succeeded + totals->skipped;
    run->numbers.failed_objects = totals->failed;
    run->numbers.moved_bytes = state.moved_bytes;
    run->numbers.is_total_known = run->has_ended;
    gs3_progress_show(run->progress, &run->numbers, now_ms());
}

static bool is_interrupted(const struct gs3_run *run)
{
    return *run->session->interrupted != 0;
}

static void note_interrupt(struct gs3_run *run)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (run->stopped.class == GS3_EINTERRUPT || !is_interrupted(run))
        return;
    gs3_fail(&err, GS3_EINTERRUPT, "interrupted");
    if (!run->stopped.class)
        gs3_run_stop(run, &err);
    run->stopped.class = GS3_EINTERRUPT;
    run->has_ended = true;
    run->tally.was_interrupted = true;
    gs3_progress_clear(run->progress);
    gs3_output_note(&run->session->out, "cancelled: ctrl-c received");
}

/* The listing broke off: what it named so far is still done. */
static void end_source(struct gs3_run *run, struct gs3_err *err)
{
    run->has_ended = true;
    if (err->class == GS3_OK || err->class == GS3_EINTERRUPT)
        return;
    gs3_progress_clear(run->progress);
    gs3_wrap(err, "fatal error");
    gs3_output_error(&run->session->out, err, 1);
    run->tally.totals.failed++;
}

static bool has_room(struct gs3_run *run)
{
    return !run->engine || run->stopped.class || gs3_engine_has_room(run->engine);
}

/* Where nothing could begin, nothing is listed either: the refusal says it all. */
static bool wants_more(const struct gs3_run *run)
{
    return !run->has_ended && (!run->stopped.class || run->has_allowed);
}

static void fill(struct gs3_run *run)
{
    for (int i = 0; i < FILL && wants_more(run) && has_room(run) && !is_interrupted(run); i++) {
        struct gs3_tree_found found = {.kind = GS3_TREE_ITEM};
        struct gs3_err err = GS3_ERR_INIT;
        int status = gs3_tree_next(run->tree, &found, &err);
        if (status > 0)
            gs3_run_take(run, &found);
        else
            end_source(run, &err);
    }
}

static bool drain(struct gs3_run *run)
{
    struct gs3_item *item = NULL;
    bool took = false;
    while (run->engine && (item = gs3_engine_take(run->engine))) {
        took = true;
        if (item->is_withheld && run->stopped.class != GS3_EINTERRUPT)
            gs3_run_withhold(run, &item->plan);
        else if (item->is_withheld)
            run->tally.totals.withheld++;
        else
            gs3_run_report(run, &item->plan, &item->report, &item->err);
        gs3_item_free(item);
    }
    return took;
}

static void renew(struct gs3_run *run)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (!run->permits || run->stopped.class || now_ms() < gs3_permits_due_ms(run->permits))
        return;
    run->was_told = false;
    if (gs3_permits_renew(run->permits, &err)) {
        gs3_wrap(&err, "stopped");
        gs3_run_stop(run, &err);
    }
}

/* A session goes on only under tickets that hold still. */
static void renew_session(struct gs3_run *run)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (run->stopped.class || !gs3_scoped_is_due(run->session))
        return;
    run->was_told = false;
    int failed =
        run->permits ? gs3_permits_renew(run->permits, &err) : gs3_decide_again(run->session, &err);
    if (failed || gs3_scoped_renew(run->session, &err)) {
        gs3_wrap(&err, "stopped");
        gs3_run_stop(run, &err);
    }
}

static bool is_over(struct gs3_run *run)
{
    if (wants_more(run))
        return false;
    if (!run->engine)
        return true;
    gs3_engine_close(run->engine);
    return gs3_engine_is_done(run->engine);
}

static void loop(struct gs3_run *run)
{
    while (!is_over(run)) {
        note_interrupt(run);
        fill(run);
        bool took = drain(run);
        renew(run);
        renew_session(run);
        show(run);
        if (took || (wants_more(run) && has_room(run)))
            continue;
        gs3_output_flush(&run->session->out);
        gs3_http_turn(run->session->lane.http, IDLE_MS);
    }
    drain(run);
    note_interrupt(run);
}

static void open_run(struct gs3_run *run, struct gs3_session *session)
{
    const struct gs3_progress_opts progress = {
        .is_off = session->out.is_quiet || session->options.no_progress ||
                  session->out.is_stdout_taken || session->plan_opts.is_dryrun,
        .is_terminal = gs3_output_is_terminal(session->env),
        .has_color = gs3_output_has_color(session->env, session->options.color),
        .is_multiline = session->options.is_progress_multiline,
        .interval_ms = session->options.progress_interval_s * 1000,
        .ticket = session->request.ticket_count ? session->request.tickets[0].id : NULL,
        .fd = STDERR_FILENO,
    };
    *run = (struct gs3_run){
        .session = session,
        .shared =
            {
                .mime = session->mime,
                .states = session->states.directory ? &session->states : NULL,
                .log = &session->log,
                .is_custom = session->request.s3_endpoint != NULL,
            },
    };
    gs3_tally_init(&run->tally);
    run->progress = gs3_progress_new(&progress, now_ms());
}

static int close_run(struct gs3_run *run, int64_t start_ms)
{
    bool is_many = run->tree != NULL;
    gs3_progress_free(run->progress);
    gs3_engine_free(run->engine);
    gs3_tree_close(run->tree);
    run->tally.totals.seconds = (double)(now_ms() - start_ms) / 1000.0;
    bool is_stopped = run->stopped.class && run->stopped.class != GS3_EINTERRUPT;
    /* A refusal before anything was allowed has its line already, and there is nothing to sum up.
     */
    int status = is_stopped && !run->has_allowed
                     ? gs3_exit_status(&run->stopped, false)
                     : gs3_tally_finish(&run->tally, &run->session->out, is_many);
    if (is_stopped && run->has_allowed)
        status = gs3_exit_status(&run->stopped, true);
    gs3_permits_free(run->permits);
    gs3_case_names_release(&run->names);
    gs3_tally_release(&run->tally);
    return status;
}

static struct gs3_tree *open_tree(struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_filters filters = {.items = session->options.filters,
                                        .count = session->options.filter_count};
    bool is_copy = session->destination.kind == GS3_LOCATION_S3;
    session->filters = filters;
    const struct gs3_tree_opts opts = {
        .filters = &session->filters,
        .follow_symlinks = session->options.follow_symlinks,
        .is_move = session->request.operation == GS3_OPERATION_MOVE,
        .page_size = session->options.page_size,
        .transport = is_copy ? session->lane.source : session->lane.destination,
    };
    return gs3_tree_open(&session->source, &session->destination, &opts, err);
}

/* Limits hold for the whole operation, so the whole source is counted before anything starts. */
static int count_source(struct gs3_run *run, struct gs3_err *err)
{
    struct gs3_session *session = run->session;
    if (!gs3_decide_has_limits(session))
        return 0;
    struct gs3_tree *tree = open_tree(session, err);
    int status = tree ? 1 : -1;
    while (status > 0) {
        struct gs3_tree_found found = {.kind = GS3_TREE_ITEM};
        status = gs3_tree_next(tree, &found, err);
        if (status > 0 && found.kind == GS3_TREE_ITEM) {
            run->counted_objects++;
            run->counted_bytes += found.size_bytes;
        }
        gs3_tree_found_release(&found);
    }
    gs3_tree_close(tree);
    run->is_counted = true;
    session->request.object_count = run->counted_objects;
    session->request.total_bytes = run->counted_bytes;
    session->request.has_totals = true;
    return status;
}

int gs3_run_many(struct gs3_session *session)
{
    struct gs3_run run;
    struct gs3_err err = GS3_ERR_INIT;
    int64_t start_ms = now_ms();
    open_run(&run, session);
    session->request.has_totals = false;
    run.tree = open_tree(session, &err);
    if (!run.tree || count_source(&run, &err)) {
        gs3_run_stop(&run, &err);
        return close_run(&run, start_ms);
    }
    run.listing = (struct gs3_source_listing){.prefix = gs3_tree_source_prefix(run.tree),
                                              .page_size = session->options.page_size};
    run.shared.listing = &run.listing;
    gs3_run_open_permits(&run);
    loop(&run);
    if (run.numbers.total_objects == 0 && run.tally.totals.failed == 0 && !run.stopped.class)
        gs3_output_note(&session->out, "nothing matched: there is no object to transfer");
    return close_run(&run, start_ms);
}

int gs3_run_large(struct gs3_session *session)
{
    struct gs3_run run;
    struct gs3_err err = GS3_ERR_INIT;
    int64_t start_ms = now_ms();
    open_run(&run, session);
    run.has_ended = true;
    run.has_allowed = true;
    run.numbers.total_objects = 1;
    run.numbers.total_bytes = session->plan.size_bytes;
    if (gs3_run_open_engine(&run, &err)) {
        gs3_run_stop(&run, &err);
        return close_run(&run, start_ms);
    }
    struct gs3_item *item = gs3_item_new();
    item->plan = session->plan;
    item->permit = session->permit;
    item->is_looked_at = true;
    session->plan = (struct gs3_plan){.local = {.fd = -1}};
    gs3_engine_add(run.engine, item);
    loop(&run);
    return close_run(&run, start_ms);
}
