#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/transfer_options.h"
#include "text/json.h"
#include "text/size.h"
#include "text/utf8.h"

enum { LINE_BYTES = 1 << 20 };

int gs3_exit_status(const struct gs3_err *err, bool in_transfer)
{
    switch (err->class) {
    case GS3_OK: return 0;
    case GS3_EFAIL: return 1;
    case GS3_EREFUSED: return 3;
    case GS3_EUNDECIDED: return 4;
    case GS3_EPOLICY: return 5;
    case GS3_EUSAGE: return 252;
    case GS3_ECONFIG: return 253;
    case GS3_ESERVICE:
    case GS3_ETRANSIENT: return in_transfer ? 1 : 254;
    case GS3_EINTERRUPT: return 130;
    case GS3_EIO:
    case GS3_EINVALID:
    case GS3_EGENERAL: break;
    }
    return in_transfer ? 1 : 255;
}

/* A failure comes behind what was done before it, where both streams go to one place. */
static void begin_error(void)
{
    fflush(stdout);
}

static void print_clean(FILE *stream, const char *text)
{
    gs3_auto_buf struct gs3_buf clean = GS3_BUF_INIT(LINE_BYTES);
    gs3_utf8_append_printable(&clean, text);
    fputs(gs3_buf_string(&clean), stream);
}

static void print_json(const struct gs3_buf *line)
{
    fwrite(line->data, 1, line->length_bytes, stdout);
    putchar('\n');
}

static void json_field(struct gs3_buf *line, const char *name, const char *value)
{
    gs3_buf_printf(line, ",\"%s\":", name);
    gs3_json_append_string(line, value);
}

/* aws-cli's own lines are kept whole, so that what greps for them still finds them. */
static bool is_aws_line(const char *message)
{
    return gs3_str_has_prefix(message, "The user-provided path ") ||
           gs3_str_has_prefix(message, "fatal error: ");
}

void gs3_output_error(const struct gs3_output *out, const struct gs3_err *err, int status)
{
    begin_error();
    if (!is_aws_line(err->message))
        fputs("gs3: ", stderr);
    print_clean(stderr, err->message);
    fputc('\n', stderr);
    if (!out->is_json || out->is_stdout_taken)
        return;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_printf(&line, "{\"type\":\"error\",\"exit\":%d", status);
    json_field(&line, "message", err->message);
    gs3_buf_puts(&line, "}");
    print_json(&line);
}

void gs3_output_warning(const struct gs3_output *out, const char *text)
{
    (void)out;
    begin_error();
    fputs("warning: ", stderr);
    print_clean(stderr, text);
    fputc('\n', stderr);
}

void gs3_output_note(const struct gs3_output *out, const char *text)
{
    begin_error();
    if (out->is_silent)
        return;
    print_clean(stderr, text);
    fputc('\n', stderr);
}

int gs3_output_refusal(const struct gs3_output *out, const struct gs3_decision *decision)
{
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_reason *reason = decision->first_failure;
    const char *verb =
        decision->failure == GS3_EUNDECIDED ? "could not decide" : "refused by policy";
    enum gs3_err_class class = decision->failure ? decision->failure : GS3_EREFUSED;
    if (reason && reason->place.file)
        gs3_fail(&err, class, "%s: %s:%u: %s: %s", verb, reason->place.file, reason->place.line,
                 reason->rule, reason->message);
    else
        gs3_fail(&err, class, "%s: %s", verb, reason ? reason->message : "no rule allows it");
    int status = gs3_exit_status(&err, false);
    gs3_output_error(out, &err, status);
    return status;
}

static void json_strings(struct gs3_buf *line, const char *const *items, size_t count)
{
    gs3_buf_putc(line, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            gs3_buf_putc(line, ',');
        gs3_json_append_string(line, items[i]);
    }
    gs3_buf_putc(line, ']');
}

static void json_pairs(struct gs3_buf *line, const struct gs3_pairs *pairs)
{
    gs3_buf_putc(line, '{');
    for (size_t i = 0; i < pairs->count; i++) {
        if (i > 0)
            gs3_buf_putc(line, ',');
        gs3_json_append_string(line, pairs->items[i].name);
        gs3_buf_putc(line, ':');
        gs3_json_append_string(line, pairs->items[i].value);
    }
    gs3_buf_putc(line, '}');
}

static void json_reason(struct gs3_buf *line, const struct gs3_reason *reason)
{
    gs3_buf_puts(line, "{\"rule\":");
    gs3_json_append_string(line, reason->rule);
    json_field(line, "file", reason->place.file);
    if (reason->place.file)
        gs3_buf_printf(line, ",\"line\":%u", reason->place.line);
    else
        gs3_buf_puts(line, ",\"line\":null");
    gs3_buf_printf(line, ",\"passed\":%s", reason->passed ? "true" : "false");
    json_field(line, "message", reason->message);
    gs3_buf_putc(line, '}');
}

static void append_operator(struct gs3_buf *line, const struct gs3_operator *operator)
{
    if (!operator->name) {
        gs3_buf_puts(line, "null");
        return;
    }
    gs3_auto_free char *marked =
        gs3_xasprintf("%s%s", operator->is_sts ? "" : "os:", operator->name);
    gs3_json_append_string(line, marked);
}

static void json_decision(const struct gs3_decision_view *view)
{
    const struct gs3_decision *decision = view->decision;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_printf(&line, "{\"type\":\"decision\",\"allowed\":%s",
                   decision->is_allowed ? "true" : "false");
    json_field(&line, "id", decision->id);
    gs3_buf_puts(&line, ",\"environments\":");
    json_strings(&line, decision->environments, decision->environment_count);
    gs3_buf_puts(&line, ",\"tickets\":[");
    for (size_t i = 0; i < view->request->ticket_count; i++) {
        if (i > 0)
            gs3_buf_putc(&line, ',');
        gs3_json_append_string(&line, view->request->tickets[i].id);
    }
    gs3_buf_puts(&line, "],\"operator\":");
    append_operator(&line, &view->request->operator);
    gs3_buf_puts(&line, ",\"metadata\":");
    json_pairs(&line, &decision->metadata);
    gs3_buf_puts(&line, ",\"rules\":[");
    for (size_t i = 0; i < decision->reason_count; i++) {
        if (i > 0)
            gs3_buf_putc(&line, ',');
        json_reason(&line, &decision->reasons[i]);
    }
    gs3_buf_puts(&line, "]}");
    print_json(&line);
}

static void print_download_decision(const struct gs3_decision_view *view)
{
    const struct gs3_decision *decision = view->decision;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_printf(&line, "decision: %s", decision->id ? decision->id : "");
    for (size_t i = 0; i < decision->environment_count; i++)
        gs3_buf_printf(&line, "%s%s", i ? "," : " environment ", decision->environments[i]);
    for (size_t i = 0; i < view->request->ticket_count; i++)
        gs3_buf_printf(&line, "%s%s", i ? "," : " ticket ", view->request->tickets[i].id);
    const struct gs3_operator *operator= & view->request->operator;
    if (operator->name)
        gs3_buf_printf(&line, " operator %s%s", operator->is_sts ? "" : "os:", operator->name);
    print_clean(stdout, gs3_buf_string(&line));
    putchar('\n');
}

void gs3_output_decision(const struct gs3_output *out, const struct gs3_decision_view *view)
{
    FILE *stream = out->is_stdout_taken ? stderr : stdout;
    if (out->is_json && !out->is_stdout_taken) {
        json_decision(view);
    } else if (view->explain) {
        gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(LINE_BYTES);
        gs3_decision_explain(view->decision, &text);
        fputs(gs3_buf_string(&text), stream);
    } else if (view->is_download && view->decision->is_allowed && !out->is_quiet &&
               !out->is_stdout_taken) {
        print_download_decision(view);
    }
}

static const char *direction_word(const struct gs3_plan *plan)
{
    if (plan->operation == GS3_OPERATION_MOVE)
        return "move";
    switch (plan->direction) {
    case GS3_UPLOAD: return "upload";
    case GS3_DOWNLOAD: return "download";
    case GS3_COPY: break;
    }
    return "copy";
}

static const char *status_word(enum gs3_report_status status)
{
    switch (status) {
    case GS3_REPORT_OK: return "ok";
    case GS3_REPORT_FAILED: return "failed";
    case GS3_REPORT_SKIPPED: return "skipped";
    case GS3_REPORT_PLANNED: break;
    }
    return "planned";
}

static void json_object(const struct gs3_plan *plan, const struct gs3_report *report,
                        const struct gs3_err *err, const char *source, const char *destination)
{
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_puts(&line, "{\"type\":\"object\"");
    json_field(&line, "operation", gs3_operation_name(plan->operation));
    json_field(&line, "source", source);
    json_field(&line, "destination", destination);
    gs3_buf_printf(&line, ",\"bytes\":%llu", (unsigned long long)report->bytes);
    json_field(&line, "etag", report->etag);
    json_field(&line, "status", status_word(report->status));
    if (report->status == GS3_REPORT_FAILED) {
        gs3_buf_puts(&line, ",\"error\":{\"code\":");
        gs3_json_append_string(&line, *err->code ? err->code : NULL);
        json_field(&line, "message", err->message);
        gs3_buf_putc(&line, '}');
    } else if (report->note) {
        json_field(&line, "note", report->note);
    }
    gs3_buf_putc(&line, '}');
    print_json(&line);
}

static void text_object(const struct gs3_output *out, const struct gs3_plan *plan,
                        const struct gs3_report *report, const char *source,
                        const char *destination)
{
    bool is_dryrun = report->status == GS3_REPORT_PLANNED;
    /* A dry run's lines are its result, so --only-show-errors does not drop them; --quiet does. */
    if (out->is_stdout_taken || out->is_silent || (out->is_quiet && !is_dryrun) ||
        report->status == GS3_REPORT_SKIPPED)
        return;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_puts(&line, is_dryrun ? "(dryrun) " : "");
    gs3_buf_puts(&line, direction_word(plan));
    gs3_buf_puts(&line, ": ");
    gs3_utf8_append_printable(&line, source);
    gs3_buf_puts(&line, " to ");
    gs3_utf8_append_printable(&line, destination);
    gs3_buf_putc(&line, '\n');
    fwrite(line.data, 1, line.length_bytes, stdout);
}

static void append_failure(struct gs3_buf *line, const struct gs3_plan *plan,
                           const struct gs3_err *err, const char *source, const char *destination)
{
    gs3_buf_printf(line, "%s failed: ", direction_word(plan));
    gs3_utf8_append_printable(line, source);
    gs3_buf_puts(line, " to ");
    gs3_utf8_append_printable(line, destination);
    gs3_buf_putc(line, ' ');
    gs3_utf8_append_printable(line, err->message);
}

char *gs3_output_failure_line(const struct gs3_plan *plan, const struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_auto_free char *source = gs3_location_format(&plan->source, NULL);
    gs3_auto_free char *destination = gs3_location_format(&plan->destination, NULL);
    append_failure(&line, plan, err, source, destination);
    return gs3_buf_take(&line);
}

void gs3_output_object(const struct gs3_output *out, const struct gs3_plan *plan,
                       const struct gs3_report *report, const struct gs3_err *err)
{
    bool is_unseen = out->is_quiet && !out->is_json && report->status == GS3_REPORT_OK;
    if (is_unseen)
        return;
    gs3_auto_free char *source = gs3_location_format(&plan->source, out->directory);
    gs3_auto_free char *destination = gs3_location_format(&plan->destination, out->directory);
    if (report->status == GS3_REPORT_FAILED) {
        gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
        append_failure(&line, plan, err, source, destination);
        begin_error();
        fprintf(stderr, "%s\n", gs3_buf_string(&line));
    }
    if (out->is_json && !out->is_stdout_taken)
        json_object(plan, report, err, source, destination);
    else if (report->status != GS3_REPORT_FAILED)
        text_object(out, plan, report, source, destination);
}

void gs3_output_summary(const struct gs3_output *out, const struct gs3_totals *totals)
{
    if (!out->is_json || out->is_stdout_taken)
        return;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_printf(&line,
                   "{\"type\":\"summary\",\"succeeded\":%llu,\"failed\":%llu,\"skipped\":%llu,"
                   "\"bytes\":%llu,\"seconds\":%.3f}",
                   (unsigned long long)totals->succeeded, (unsigned long long)totals->failed,
                   (unsigned long long)totals->skipped, (unsigned long long)totals->bytes,
                   totals->seconds);
    print_json(&line);
}

static void append_count(struct gs3_buf *line, uint64_t count, const char *word)
{
    if (count > 0)
        gs3_buf_printf(line, "%s%llu %s", line->length_bytes ? ", " : "", (unsigned long long)count,
                       word);
}

void gs3_output_many_summary(const struct gs3_output *out, const struct gs3_totals *totals,
                             const char *failures, uint64_t untold)
{
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    begin_error();
    if (totals->failed > 0 && *failures) {
        fprintf(stderr, "gs3: what failed:\n%s", failures);
        if (untold > 0)
            fprintf(stderr, "… and %llu more, named above\n", (unsigned long long)untold);
    }
    bool is_fine = totals->failed + totals->withheld == 0;
    if (out->is_silent || (out->is_quiet && is_fine))
        return;
    append_count(&line, totals->succeeded, "done");
    append_count(&line, totals->planned, "planned");
    append_count(&line, totals->failed, "failed");
    append_count(&line, totals->skipped, "skipped");
    append_count(&line, totals->withheld, "not begun");
    if (line.length_bytes == 0)
        return;
    gs3_buf_puts(&line, ", ");
    gs3_size_append(&line, totals->bytes);
    fprintf(stderr, "gs3: %s in %.1f s\n", gs3_buf_string(&line), totals->seconds);
}

void gs3_output_flush(const struct gs3_output *out)
{
    (void)out;
    fflush(stdout);
}

bool gs3_output_is_terminal(const struct gs3_env *env)
{
    const char *term = gs3_env_get(env, "TERM");
    return isatty(STDERR_FILENO) && term && !gs3_str_equal(term, "dumb");
}

bool gs3_output_has_color(const struct gs3_env *env, int color)
{
    if (color != GS3_COLOR_AUTO)
        return color == GS3_COLOR_ON;
    return gs3_output_is_terminal(env) && gs3_str_is_empty(gs3_env_get(env, "NO_COLOR"));
}

/* Workers write too: one line, one call. */
static void write_debug(void *context, const char *line)
{
    (void)context;
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_puts(&text, "gs3: debug: ");
    gs3_utf8_append_printable(&text, line);
    gs3_buf_putc(&text, '\n');
    fputs(gs3_buf_string(&text), stderr);
}

struct gs3_log gs3_output_log(const struct gs3_output *out)
{
    return (struct gs3_log){.write = out->is_debug ? write_debug : NULL};
}
