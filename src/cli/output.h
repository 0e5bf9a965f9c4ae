/* Everything gs3 prints: aws-cli's lines, or one JSON object a line. The only place with printf to
 * a stream. Names from outside are cleaned before they reach a terminal. */
#ifndef GS3_CLI_OUTPUT_H
#define GS3_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/env.h"
#include "base/err.h"
#include "base/log.h"
#include "policy/evaluate.h"
#include "transfer/transfer.h"

struct gs3_output {
    bool is_json;
    bool is_quiet;        /* no lines on standard output, save a dry run's */
    bool is_silent;       /* those neither */
    bool is_stdout_taken; /* the object itself goes there */
    bool is_debug;
    const char *directory; /* the working directory, for paths relative to it; NULL: not known */
};

struct gs3_totals {
    uint64_t succeeded, failed, skipped, bytes;
    uint64_t planned, withheld; /* by a dry run; never begun, because of a signal */
    double seconds;
};

/* What gs3 ends with for an error of this class; `in_transfer` where one object failed by itself.
 */
int gs3_exit_status(const struct gs3_err *err, bool in_transfer);

/* "gs3: MESSAGE" on standard error, and the JSON error line. Messages that begin like aws-cli's are
 * printed as they are. */
void gs3_output_error(const struct gs3_output *out, const struct gs3_err *err, int status);
void gs3_output_warning(const struct gs3_output *out, const char *text);
/* A line on standard error that is neither: dropped by --quiet. */
void gs3_output_note(const struct gs3_output *out, const char *text);

/* A refusal: one line that names the rule's file and line. Returns the exit status. */
int gs3_output_refusal(const struct gs3_output *out, const struct gs3_decision *decision);

/* The decision: the JSON line, or with `explain` its text rule by rule, or for a download
 * (`is_download`), which has no object to carry it, one line. */
struct gs3_decision_view {
    const struct gs3_decision *decision;
    const struct gs3_request *request;
    bool explain;
    bool is_download;
};
void gs3_output_decision(const struct gs3_output *out, const struct gs3_decision_view *view);

/* One object: "move: a to b", "(dryrun) …", "move failed: a to b ERROR", or nothing for a skip.
 * Lines wait in the stream's buffer for the next failure, warning or flush. */
void gs3_output_object(const struct gs3_output *out, const struct gs3_plan *plan,
                       const struct gs3_report *report, const struct gs3_err *err);
/* "move failed: a to b ERROR", for a terminal. Caller frees. */
char *gs3_output_failure_line(const struct gs3_plan *plan, const struct gs3_err *err);
void gs3_output_summary(const struct gs3_output *out, const struct gs3_totals *totals);
/* Of many objects, on standard error: a line of totals, and the failures again: `failures` has
 * their lines, `untold` is the number of those that are not in it. */
void gs3_output_many_summary(const struct gs3_output *out, const struct gs3_totals *totals,
                             const char *failures, uint64_t untold);
/* Writes out what waits in the buffer. */
void gs3_output_flush(const struct gs3_output *out);

/* Whether standard error is a terminal that can redraw a line, and whether colours are wanted
 * there: by `color`, else unless NO_COLOR is set. */
bool gs3_output_is_terminal(const struct gs3_env *env);
bool gs3_output_has_color(const struct gs3_env *env, int color);

/* A log whose lines go to standard error with --debug. */
struct gs3_log gs3_output_log(const struct gs3_output *out);

#endif
