/* Time as a value that tests can set. Depends on nothing. */
#ifndef GS3_BASE_CLOCK_H
#define GS3_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds: `wall` since 1970-01-01 UTC, `monotonic` since an arbitrary start. */
struct gs3_clock {
    int64_t (*wall_ms)(void *context);
    int64_t (*monotonic_ms)(void *context);
    void *context;
};

/* The system's own clock; a constant. */
extern const struct gs3_clock gs3_clock_system;

int64_t gs3_clock_wall_ms(const struct gs3_clock *clock);
int64_t gs3_clock_monotonic_ms(const struct gs3_clock *clock);

#endif
