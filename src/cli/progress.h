/* The progress line: a bar on a terminal, a line now and then in a log, nothing with --quiet.
 *
 * On a terminal it is drawn on standard error at most 10 times a second and not in the first
 * second, and taken away before any other line is printed. In a log (no terminal) one line every 30
 * s. Depends on text. Never changes what is done. */
#ifndef GS3_CLI_PROGRESS_H
#define GS3_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct gs3_progress_opts {
    bool is_off;       /* --quiet, --only-show-errors, --no-progress, a stream on stdout */
    bool is_terminal;  /* standard error is one, and TERM is not dumb */
    bool has_color;    /* a terminal without NO_COLOR, or --color on */
    bool is_multiline; /* --progress-multiline: a line each time instead of one redrawn */
    /* --progress-frequency; 0: 100 ms for the bar (never less), 1 s for multiline, 30 s in a log */
    uint32_t interval_ms;
    const char *ticket; /* shown; NULL: none. Copied */
    int fd;             /* standard error */
};

struct gs3_progress_numbers {
    uint64_t done_objects, failed_objects; /* ended well (or left out), and not */
    uint64_t total_objects;
    uint64_t moved_bytes, total_bytes;
    bool is_total_known; /* false while the source is still being listed: shown with "~" */
};

struct gs3_progress;

struct gs3_progress *gs3_progress_new(const struct gs3_progress_opts *opts, int64_t now_ms);
/* Draws when it is time. */
void gs3_progress_show(struct gs3_progress *progress, const struct gs3_progress_numbers *numbers,
                       int64_t now_ms);
/* Takes the bar away, so that a line can be printed; it comes back with the next show that draws.
 */
void gs3_progress_clear(struct gs3_progress *progress);
void gs3_progress_free(struct gs3_progress *progress); /* clears */

#endif
