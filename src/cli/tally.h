/* What became of the objects of one run: counted, and failures remembered to be told again.
 *
 * However many fail, the memory for them is bounded. Depends on output. */
#ifndef GS3_CLI_TALLY_H
#define GS3_CLI_TALLY_H

#include "base/buf.h"
#include "cli/output.h"

struct gs3_tally {
    struct gs3_totals totals;
    uint64_t warning_count;
    enum gs3_err_class refused; /* GS3_EREFUSED or GS3_EUNDECIDED of some object; else GS3_OK */
    bool was_interrupted;
    struct gs3_buf failures; /* lines as they were printed */
    uint64_t untold;         /* failures that did not fit */
};

void gs3_tally_init(struct gs3_tally *tally);
void gs3_tally_release(struct gs3_tally *tally);

/* Prints the object's line and counts it. */
void gs3_tally_object(struct gs3_tally *tally, const struct gs3_output *out,
                      const struct gs3_plan *plan, const struct gs3_report *report,
                      const struct gs3_err *err);
void gs3_tally_warning(struct gs3_tally *tally, const struct gs3_output *out, const char *text);

/* The summary: the JSON line, or for a run over many objects a line on standard error with the
 * failures behind it. Returns the exit status. */
int gs3_tally_finish(struct gs3_tally *tally, const struct gs3_output *out, bool is_many);

#endif
