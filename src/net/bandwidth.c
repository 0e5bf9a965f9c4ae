#include "net/bandwidth.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "net/internal.h"

#define NS_PER_S UINT64_C(1000000000)

/* What was not used in time is made up for, up to this much: a thread wakes late now and then, and
 * a wait is in whole milliseconds. */
#define BURST_NS (NS_PER_S / 20)

enum { SLICES_PER_S = 20, SLICE_MINIMUM_BYTES = 1024, SLICE_MAXIMUM_BYTES = 64 * 1024 };

struct gs3_bandwidth {
    uint64_t bytes_per_s;
    pthread_mutex_t lock; /* of free_ns */
    uint64_t free_ns;     /* everything before this moment is booked */
};

struct gs3_bandwidth *gs3_bandwidth_new(uint64_t bytes_per_s)
{
    struct gs3_bandwidth *bandwidth = gs3_xcalloc(1, sizeof *bandwidth);
    bandwidth->bytes_per_s = bytes_per_s ? bytes_per_s : 1;
    pthread_mutex_init(&bandwidth->lock, NULL);
    return bandwidth;
}

void gs3_bandwidth_free(struct gs3_bandwidth *bandwidth)
{
    if (!bandwidth)
        return;
    pthread_mutex_destroy(&bandwidth->lock);
    free(bandwidth);
}

uint64_t gs3_bandwidth_book(struct gs3_bandwidth *bandwidth, size_t bytes, uint64_t now_ns)
{
    uint64_t earliest_ns = now_ns > BURST_NS ? now_ns - BURST_NS : 0;
    uint64_t cost_ns = bytes * NS_PER_S / bandwidth->bytes_per_s;
    pthread_mutex_lock(&bandwidth->lock);
    if (bandwidth->free_ns < earliest_ns)
        bandwidth->free_ns = earliest_ns;
    uint64_t due_ns = bandwidth->free_ns;
    bandwidth->free_ns += cost_ns;
    pthread_mutex_unlock(&bandwidth->lock);
    return due_ns;
}

size_t gs3_bandwidth_slice_bytes(const struct gs3_bandwidth *bandwidth)
{
    uint64_t slice = bandwidth->bytes_per_s / SLICES_PER_S;
    if (slice < SLICE_MINIMUM_BYTES)
        return SLICE_MINIMUM_BYTES;
    return slice < SLICE_MAXIMUM_BYTES ? (size_t)slice : SLICE_MAXIMUM_BYTES;
}

static uint64_t clock_ns(void)
{
    struct timespec now = {.tv_sec = 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Whether what is booked may pass now; if not, the call pauses until it may. */
static bool is_due(struct gs3_http_call *call)
{
    if (call->pass_ns <= clock_ns())
        return true;
    call->http->paused_count += !call->is_paused;
    call->is_paused = true;
    return false;
}

size_t gs3_http_bandwidth_send(struct gs3_http_call *call, size_t room_bytes)
{
    struct gs3_bandwidth *bandwidth = call->http->bandwidth;
    /* A small body that is read ahead goes nowhere yet. */
    if (!gs3_http_bandwidth_limits(call) || call->easy->setup.class != GS3_HTTP_SEND)
        return room_bytes;
    if (call->booked_bytes == 0) {
        size_t slice_bytes = gs3_bandwidth_slice_bytes(bandwidth);
        call->booked_bytes = room_bytes < slice_bytes ? room_bytes : slice_bytes;
        call->pass_ns = gs3_bandwidth_book(bandwidth, call->booked_bytes, clock_ns());
    }
    if (!is_due(call))
        return 0;
    size_t granted_bytes = room_bytes < call->booked_bytes ? room_bytes : call->booked_bytes;
    call->booked_bytes -= granted_bytes;
    return granted_bytes;
}

bool gs3_http_bandwidth_receive(struct gs3_http_call *call, size_t length_bytes)
{
    if (!gs3_http_bandwidth_limits(call))
        return true;
    if (call->booked_bytes < length_bytes) {
        size_t missing_bytes = length_bytes - call->booked_bytes;
        call->pass_ns = gs3_bandwidth_book(call->http->bandwidth, missing_bytes, clock_ns());
        call->booked_bytes = length_bytes;
    }
    if (!is_due(call))
        return false;
    call->booked_bytes -= length_bytes;
    return true;
}

void gs3_http_bandwidth_forget(struct gs3_http_call *call)
{
    call->http->paused_count -= call->is_paused;
    call->is_paused = false;
    call->booked_bytes = 0;
}

struct gs3_http_call *gs3_http_bandwidth_due(struct gs3_http *http, struct gs3_http_call *call)
{
    if (http->paused_count == 0)
        return NULL;
    uint64_t now_ns = clock_ns();
    for (call = call ? call->next : http->calls; call; call = call->next) {
        if (!call->is_paused || call->pass_ns > now_ns)
            continue;
        call->is_paused = false;
        http->paused_count--;
        return call;
    }
    return NULL;
}

int gs3_http_bandwidth_wait_ms(const struct gs3_http *http, int wait_ms)
{
    if (http->paused_count == 0)
        return wait_ms;
    uint64_t now_ns = clock_ns();
    for (const struct gs3_http_call *call = http->calls; call; call = call->next) {
        if (!call->is_paused)
            continue;
        uint64_t left_ns = call->pass_ns > now_ns ? call->pass_ns - now_ns : 0;
        /* Rounded up: early would be a turn for nothing. */
        uint64_t left_ms = (left_ns + 999999) / 1000000;
        if (left_ms < (uint64_t)wait_ms)
            wait_ms = (int)left_ms;
    }
    return wait_ms;
}
