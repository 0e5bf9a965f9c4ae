#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"
#include "text/json.h"
#include "text/utf8.h"

enum { MESSAGE_BYTES = 4096, LINE_BYTES = 64 * 1024, COLUMN = 15 };

static void add(struct gs3_doctor *doctor, const struct gs3_check *check, const char *message)
{
    doctor->notes = gs3_xreallocarray(doctor->notes, doctor->note_count + 1, sizeof *doctor->notes);
    struct gs3_check_note *note = &doctor->notes[doctor->note_count++];
    note->check = *check;
    note->check.name = gs3_xstrdup(check->name);
    note->check.source = gs3_xstrdup_or_null(check->source);
    note->check.remedy = gs3_xstrdup_or_null(check->remedy);
    note->message = gs3_xstrdup(message);
}

void gs3_doctor_note(struct gs3_doctor *doctor, const struct gs3_check *check, const char *format,
                     ...)
{
    gs3_auto_free char *message = gs3_xmalloc(MESSAGE_BYTES);
    va_list args;
    va_start(args, format);
    vsnprintf(message, MESSAGE_BYTES, format, args);
    va_end(args);
    add(doctor, check, message);
}

void gs3_doctor_skip(struct gs3_doctor *doctor, const char *name, const char *why)
{
    add(doctor, &(struct gs3_check){.name = name, .status = GS3_CHECK_SKIPPED}, why);
}

static void print_text(const struct gs3_check_note *note)
{
    static const char *const words[] = {"ok", "warn", "FAIL", "skip"};
    const struct gs3_check *check = &note->check;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    const char *separator = gs3_str_has_suffix(note->message, ".") ? " " : ": ";
    gs3_auto_free char *whole =
        gs3_xasprintf("%-4s %-*s %s%s%s%s%s", words[check->status], COLUMN, check->name,
                      check->source ? check->source : "", check->source ? ", " : "", note->message,
                      check->remedy ? separator : "", check->remedy ? check->remedy : "");
    gs3_utf8_append_printable(&line, whole);
    puts(gs3_buf_string(&line));
}

static void print_json(const struct gs3_check_note *note)
{
    static const char *const words[] = {"ok", "warning", "failed", "skipped"};
    const struct gs3_check *check = &note->check;
    gs3_auto_buf struct gs3_buf line = GS3_BUF_INIT(LINE_BYTES);
    gs3_buf_puts(&line, "{\"type\":\"check\",\"name\":");
    gs3_json_append_string(&line, check->name);
    gs3_buf_printf(&line, ",\"status\":\"%s\",\"source\":", words[check->status]);
    gs3_json_append_string(&line, check->source);
    gs3_buf_puts(&line, ",\"message\":");
    gs3_json_append_string(&line, note->message);
    gs3_buf_puts(&line, ",\"remedy\":");
    gs3_json_append_string(&line, check->remedy);
    gs3_buf_puts(&line, "}");
    puts(gs3_buf_string(&line));
}

int gs3_doctor_print(const struct gs3_doctor *doctor)
{
    int status = 0;
    for (size_t i = 0; i < doctor->note_count; i++) {
        const struct gs3_check_note *note = &doctor->notes[i];
        struct gs3_err err = {.class = note->check.class};
        if (doctor->out.is_json)
            print_json(note);
        else
            print_text(note);
        if (status == 0 && note->check.status == GS3_CHECK_FAILED)
            status = gs3_exit_status(&err, false);
    }
    return status;
}

void gs3_doctor_notes_release(struct gs3_doctor *doctor)
{
    for (size_t i = 0; i < doctor->note_count; i++) {
        struct gs3_check_note *note = &doctor->notes[i];
        const char *const own[] = {note->check.name, note->check.source, note->check.remedy};
        for (size_t j = 0; j < sizeof own / sizeof *own; j++)
            free((void *)(uintptr_t)own[j]);
        free(note->message);
    }
    free(doctor->notes);
    doctor->notes = NULL;
    doctor->note_count = 0;
}
