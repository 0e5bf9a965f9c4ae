#include "base/buf.h"
#include "policy/evaluate.h"
#include "text/utf8.h"

int gs3_decision_explain(const struct gs3_decision *decision, struct gs3_buf *out)
{
    for (size_t i = 0; i < decision->reason_count; i++) {
        const struct gs3_reason *reason = &decision->reasons[i];
        const char *mark = reason->passed ? "ok" : reason->class == GS3_EUNDECIDED ? "??" : "NO";
        if (gs3_buf_printf(out, "  %s  ", mark) || gs3_utf8_append_printable(out, reason->rule) ||
            gs3_buf_puts(out, ": ") || gs3_utf8_append_printable(out, reason->message))
            return -1;
        if (reason->place.file &&
            (gs3_buf_puts(out, " (") || gs3_utf8_append_printable(out, reason->place.file) ||
             gs3_buf_printf(out, ":%u)", reason->place.line)))
            return -1;
        if (gs3_buf_putc(out, '\n'))
            return -1;
    }
    return 0;
}
