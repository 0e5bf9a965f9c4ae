#include "cli/progress.h"
struct gs3_progress *gs3_progress_new(const struct gs3_progress_opts *o, int64_t n)
{
    (void)o;
    (void)n;
    return 0;
}
void gs3_progress_show(struct gs3_progress *p, const struct gs3_progress_numbers *n, int64_t t)
{
    (void)p;
    (void)n;
    (void)t;
}
void gs3_progress_clear(struct gs3_progress *p)
{
    (void)p;
}
void gs3_progress_free(struct gs3_progress *p)
{
    (void)p;
}
