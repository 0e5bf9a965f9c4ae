/* What the files of a run share. Nothing outside of them includes it. */
#ifndef GS3_CLI_RUN_INTERNAL_H
#define GS3_CLI_RUN_INTERNAL_H

#include "cli/case_conflict.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/tally.h"
#include "govern/permits.h"
#include "transfer/engine.h"
#include "transfer/tree.h"

struct gs3_run {
    struct gs3_session *session;
    struct gs3_tree *tree; /* NULL: one object */
    struct gs3_permits *permits;
    struct gs3_engine *engine; /* NULL until there is an item, and in a dry run */
    struct gs3_progress *progress;
    struct gs3_progress_numbers numbers;
    struct gs3_tally tally;
    struct gs3_case_names names;
    struct gs3_transfer shared;
    struct gs3_source_listing listing;       /* of the tree */
    struct gs3_err stopped;                  /* class GS3_OK: nothing stops */
    uint64_t counted_objects, counted_bytes; /* where there are limits */
    bool is_counted, has_ended, has_allowed, was_told;
};

/* run_take.c: the decision for a key, and its way to the engine. */
void gs3_run_open_permits(struct gs3_run *run);
int gs3_run_open_engine(struct gs3_run *run, struct gs3_err *err);
void gs3_run_take(struct gs3_run *run, struct gs3_tree_found *found);
/* Nothing more is started: `err` says why, and is printed unless a decision was. */
void gs3_run_stop(struct gs3_run *run, const struct gs3_err *err);
/* What is not started after a stop is listed, so that nobody has to guess. */
void gs3_run_withhold(struct gs3_run *run, const struct gs3_plan *plan);
void gs3_run_report(struct gs3_run *run, const struct gs3_plan *plan,
                    const struct gs3_report *report, const struct gs3_err *err);

#endif
