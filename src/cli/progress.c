#include "cli/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "text/size.h"
#include "text/utf8.h"

enum {
    FIRST_MS = 1000, /* what is over sooner needs no bar */
    TERMINAL_MS = 100,
    MULTILINE_MS = 1000,
    LOG_MS = 30 * 1000,
    SAMPLE_MS = 1000,
    DEFAULT_COLUMNS = 80,
    LINE_BYTES = 1024,
    PART_BYTES = 256,
};

static const char erase[] = "\r\033[K";
static const char red[] = "\033[31m", plain[] = "\033[0m";

struct gs3_progress {
    struct gs3_progress_opts opts;
    char *ticket; /* clean, or NULL */
    int64_t start_ms, next_ms;
    int64_t sample_ms;
    uint64_t sample_bytes;
    double bytes_per_s; /* smoothed, of the last seconds; below 0: no sample yet */
    bool is_drawn;
};

/* The bar that is redrawn in place; all else ends with a newline. */
static bool is_bar(const struct gs3_progress *progress)
{
    return progress->opts.is_terminal && !progress->opts.is_multiline;
}

static uint32_t interval_ms(const struct gs3_progress_opts *opts)
{
    if (!opts->is_terminal)
        return opts->interval_ms ? opts->interval_ms : LOG_MS;
    if (opts->is_multiline)
        return opts->interval_ms ? opts->interval_ms : MULTILINE_MS;
    return opts->interval_ms > TERMINAL_MS ? opts->interval_ms : TERMINAL_MS;
}

struct gs3_progress *gs3_progress_new(const struct gs3_progress_opts *opts, int64_t now_ms)
{
    struct gs3_progress *progress = gs3_xcalloc(1, sizeof *progress);
    progress->opts = *opts;
    progress->opts.interval_ms = interval_ms(opts);
    progress->opts.ticket = NULL;
    if (opts->ticket) {
        gs3_auto_buf struct gs3_buf clean = GS3_BUF_INIT(PART_BYTES);
        gs3_utf8_append_printable(&clean, opts->ticket);
        progress->ticket = gs3_buf_take(&clean);
    }
    progress->start_ms = progress->sample_ms = now_ms;
    progress->bytes_per_s = -1;
    bool waits = !is_bar(progress) && progress->opts.interval_ms > FIRST_MS;
    progress->next_ms = now_ms + (waits ? progress->opts.interval_ms : FIRST_MS);
    return progress;
}

/* What cannot be written is left out: progress never holds anything up. */
static void write_out(const struct gs3_progress *progress, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(progress->opts.fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        length -= (size_t)written;
    }
}

/* The last column stays free: some terminals wrap as soon as it is written to. */
static size_t columns_of(const struct gs3_progress *progress)
{
    struct winsize size = {0};
    if (!progress->opts.is_terminal)
        return LINE_BYTES; /* a log has no edge */
    if (ioctl(progress->opts.fd, TIOCGWINSZ, &size) || size.ws_col < 2)
        return DEFAULT_COLUMNS - 1;
    return size.ws_col - 1U;
}

static void take_sample(struct gs3_progress *progress, uint64_t moved_bytes, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - progress->sample_ms;
    if (elapsed_ms < SAMPLE_MS)
        return;
    uint64_t bytes =
        moved_bytes > progress->sample_bytes ? moved_bytes - progress->sample_bytes : 0;
    double rate = (double)bytes * 1000.0 / (double)elapsed_ms;
    bool is_first = progress->bytes_per_s < 0;
    progress->bytes_per_s = is_first ? rate : 0.7 * progress->bytes_per_s + 0.3 * rate;
    progress->sample_ms = now_ms;
    progress->sample_bytes = moved_bytes;
}

/* By the bytes, and by the objects where none of them has any. Below 0: cannot be told. */
static double seconds_left(const struct gs3_progress *progress,
                           const struct gs3_progress_numbers *numbers, int64_t now_ms)
{
    uint64_t ended = numbers->done_objects + numbers->failed_objects;
    if (!numbers->is_total_known)
        return -1;
    if (numbers->total_bytes > 0) {
        if (progress->bytes_per_s < 1 || numbers->moved_bytes >= numbers->total_bytes)
            return -1;
        return (double)(numbers->total_bytes - numbers->moved_bytes) / progress->bytes_per_s;
    }
    if (ended == 0 || ended >= numbers->total_objects)
        return -1;
    return (double)(now_ms - progress->start_ms) / 1000.0 *
           (double)(numbers->total_objects - ended) / (double)ended;
}

static void append_duration(struct gs3_buf *out, double seconds)
{
    if (seconds >= 100.0 * 3600) {
        gs3_buf_puts(out, "over 100h");
        return;
    }
    unsigned whole = (unsigned)(seconds + 0.999); /* never "0s" while there is something left */
    if (whole >= 3600)
        gs3_buf_printf(out, "%uh%02um", whole / 3600, whole / 60 % 60);
    else if (whole >= 60)
        gs3_buf_printf(out, "%um%02us", whole / 60, whole % 60);
    else
        gs3_buf_printf(out, "%us", whole);
}

/* aws-cli's line, to the letter. */
static void append_base(struct gs3_buf *out, const struct gs3_progress *progress,
                        const struct gs3_progress_numbers *numbers)
{
    uint64_t ended = numbers->done_objects + numbers->failed_objects;
    uint64_t remaining = numbers->total_objects > ended ? numbers->total_objects - ended : 0;
    const char *about = numbers->is_total_known ? "" : "~";
    gs3_buf_puts(out, "Completed ");
    if (numbers->is_total_known && numbers->total_bytes == 0) {
        gs3_buf_printf(out, "%" PRIu64 " file(s)", ended);
    } else {
        bool is_over = numbers->moved_bytes > numbers->total_bytes;
        gs3_size_append(out, is_over ? numbers->total_bytes : numbers->moved_bytes);
        gs3_buf_printf(out, "/%s", about);
        gs3_size_append(out, numbers->total_bytes);
        gs3_buf_puts(out, " (");
        gs3_size_append(out, progress->bytes_per_s > 0 ? (uint64_t)progress->bytes_per_s : 0);
        gs3_buf_puts(out, "/s)");
    }
    gs3_buf_printf(out, " with %s%" PRIu64 " file(s) remaining%s", about, remaining,
                   numbers->is_total_known ? "" : " (calculating...)");
}

/* A line that is being put together, as wide as `columns` allows. */
struct line {
    struct gs3_buf text;
    size_t used, columns;
};

/* Adds a part if it fits; `color` takes no column. What comes first counts most. */
static void add_part(struct line *line, const char *color, const char *part)
{
    size_t width = strlen(part) + 2;
    if (line->used + width > line->columns)
        return;
    gs3_buf_printf(&line->text, ", %s%s%s", color ? color : "", part, color ? plain : "");
    line->used += width;
}

static void add_parts(struct line *line, const struct gs3_progress *progress,
                      const struct gs3_progress_numbers *numbers, int64_t now_ms)
{
    char part[PART_BYTES];
    if (numbers->failed_objects > 0) {
        snprintf(part, sizeof part, "%" PRIu64 " failed", numbers->failed_objects);
        add_part(line, progress->opts.has_color ? red : NULL, part);
    }
    double left_s = seconds_left(progress, numbers, now_ms);
    if (left_s >= 0) {
        gs3_auto_buf struct gs3_buf left = GS3_BUF_INIT(PART_BYTES);
        append_duration(&left, left_s);
        gs3_buf_puts(&left, " left");
        add_part(line, NULL, gs3_buf_string(&left));
    }
    snprintf(part, sizeof part, "%" PRIu64 " done", numbers->done_objects);
    add_part(line, NULL, part);
    if (progress->ticket)
        add_part(line, NULL, progress->ticket);
}

static void draw(struct gs3_progress *progress, const struct gs3_progress_numbers *numbers,
                 int64_t now_ms)
{
    gs3_auto_buf struct gs3_buf base = GS3_BUF_INIT(LINE_BYTES);
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(2 * LINE_BYTES);
    struct line line = {.columns = columns_of(progress)};
    append_base(&base, progress, numbers);
    line.used = strlen(gs3_buf_string(&base));
    if (line.used > line.columns)
        line.used = line.columns;
    line.text = (struct gs3_buf)GS3_BUF_INIT(2 * LINE_BYTES);
    gs3_buf_append(&line.text, gs3_buf_string(&base), line.used);
    add_parts(&line, progress, numbers, now_ms);
    bool bar = is_bar(progress);
    gs3_buf_printf(&out, "%s%s%s", bar ? erase : "", gs3_buf_string(&line.text), bar ? "" : "\n");
    gs3_buf_release(&line.text);
    const char *text = gs3_buf_string(&out);
    write_out(progress, text, strlen(text));
    progress->is_drawn = bar;
}

void gs3_progress_show(struct gs3_progress *progress, const struct gs3_progress_numbers *numbers,
                       int64_t now_ms)
{
    if (progress->opts.is_off)
        return;
    take_sample(progress, numbers->moved_bytes, now_ms);
    if (now_ms < progress->next_ms)
        return;
    progress->next_ms = now_ms + progress->opts.interval_ms;
    draw(progress, numbers, now_ms);
}

void gs3_progress_clear(struct gs3_progress *progress)
{
    if (!progress->is_drawn)
        return;
    write_out(progress, erase, sizeof erase - 1);
    progress->is_drawn = false;
}

void gs3_progress_free(struct gs3_progress *progress)
{
    if (!progress)
        return;
    gs3_progress_clear(progress);
    free(progress->ticket);
    free(progress);
}
