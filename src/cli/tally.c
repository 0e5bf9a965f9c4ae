#include "cli/tally.h"

#include <string.h>

#include "base/mem.h"

enum { FAILURES_BYTES = 256 * 1024 };

void gs3_tally_init(struct gs3_tally *tally)
{
    *tally = (struct gs3_tally){.failures = GS3_BUF_INIT(FAILURES_BYTES)};
}

void gs3_tally_release(struct gs3_tally *tally)
{
    gs3_buf_release(&tally->failures);
}

/* "No" is an answer, "could not decide" is none. */
static void note_class(struct gs3_tally *tally, enum gs3_err_class class)
{
    if (class == GS3_EREFUSED || (class == GS3_EUNDECIDED && !tally->refused))
        tally->refused = class;
    tally->was_interrupted = tally->was_interrupted || class == GS3_EINTERRUPT;
}

static void remember(struct gs3_tally *tally, const struct gs3_plan *plan,
                     const struct gs3_err *err)
{
    gs3_auto_free char *line = gs3_output_failure_line(plan, err);
    size_t before = tally->failures.length_bytes;
    if (gs3_buf_puts(&tally->failures, line) || gs3_buf_putc(&tally->failures, '\n')) {
        if (tally->failures.length_bytes > before) {
            tally->failures.length_bytes = before;
            tally->failures.data[before] = '\0';
        }
        tally->untold++;
    }
}

void gs3_tally_object(struct gs3_tally *tally, const struct gs3_output *out,
                      const struct gs3_plan *plan, const struct gs3_report *report,
                      const struct gs3_err *err)
{
    gs3_output_object(out, plan, report, err);
    switch (report->status) {
    case GS3_REPORT_OK:
        tally->totals.succeeded++;
        tally->totals.bytes += report->bytes;
        /* All that was asked for is done: this changes no exit status. */
        if (report->is_warning)
            gs3_output_warning(out, report->note);
        break;
    case GS3_REPORT_FAILED:
        tally->totals.failed++;
        note_class(tally, err->class);
        remember(tally, plan, err);
        break;
    case GS3_REPORT_SKIPPED:
        tally->totals.skipped++;
        if (report->is_warning)
            gs3_tally_warning(tally, out, report->note);
        break;
    case GS3_REPORT_PLANNED:
        tally->totals.planned++;
        tally->totals.bytes += report->bytes;
        break;
    }
}

void gs3_tally_warning(struct gs3_tally *tally, const struct gs3_output *out, const char *text)
{
    gs3_output_warning(out, text);
    tally->warning_count++;
}

static int status_of(const struct gs3_tally *tally)
{
    if (tally->was_interrupted)
        return 130;
    if (tally->refused)
        return tally->refused == GS3_EREFUSED ? 3 : 4;
    if (tally->totals.failed > 0)
        return 1;
    return tally->warning_count > 0 ? 2 : 0;
}

int gs3_tally_finish(struct gs3_tally *tally, const struct gs3_output *out, bool is_many)
{
    if (is_many)
        gs3_output_many_summary(out, &tally->totals, gs3_buf_string(&tally->failures),
                                tally->untold);
    gs3_output_summary(out, &tally->totals);
    return status_of(tally);
}
