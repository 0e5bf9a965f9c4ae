/* Everything gs3 prints: aws-cli's lines, or one JSON object a line. The only place with printf to
 * a stream. Names from outside are cleaned before they reach a terminal. */
#ifndef GS3_CLI_OUTPUT_H
#define GS3_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

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
};

struct gs3_totals {
    uint64_t succeeded, failed, skipped, bytes;
    double seconds;
};

/* What gs3 ends with for an error of this class; `in_transfer` where one object failed by itself.
 */
int gs3_exit_status(const struct gs3_err *err, bool in_transfer);

/* "gs3: MESSAGE" on standard error, and the JSON error line. Messages that begin like aws-cli's are
 * printed as they are. */
void gs3_output_error(const struct gs3_output *out, const struct gs3_err *err, int status);
void gs3_output_warning(const struct gs3_output *out, const char *text);

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

/* One object: "move: a to b", "(dryrun) …", "move failed: a to b ERROR", or nothing for a skip. */
void gs3_output_object(const struct gs3_output *out, const struct gs3_plan *plan,
                       const struct gs3_report *report, const struct gs3_err *err);
void gs3_output_summary(const struct gs3_output *out, const struct gs3_totals *totals);

/* A log whose lines go to standard error with --debug. */
struct gs3_log gs3_output_log(const struct gs3_output *out);

#endif
