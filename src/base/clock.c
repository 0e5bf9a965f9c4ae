#include "base/clock.h"

#include <time.h>

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_MONOTONIC);
}

const struct gs3_clock gs3_clock_system = {
    .wall_ms = system_wall_ms,
    .monotonic_ms = system_monotonic_ms,
};

int64_t gs3_clock_wall_ms(const struct gs3_clock *clock)
{
    return clock->wall_ms(clock->context);
}

int64_t gs3_clock_monotonic_ms(const struct gs3_clock *clock)
{
    return clock->monotonic_ms(clock->context);
}
