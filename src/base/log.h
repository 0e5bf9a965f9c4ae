/* Debug lines, handed to whoever prints (only `cli` does). A room writes facts of its work;
 * names of secrets are redacted by the writer, values of secrets are never passed in. */
#ifndef GS3_BASE_LOG_H
#define GS3_BASE_LOG_H

struct gs3_log {
    void (*write)(void *context, const char *line); /* NULL: nothing is logged */
    void *context;
};

/* Formats one line (cut at 2 KiB) and writes it; `log` may be NULL. */
void gs3_log_debug(const struct gs3_log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
