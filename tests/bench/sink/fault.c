/*
 * Faults that a client has to survive, by chance but the same for the same seed and order of
 * requests.
 */
#include "sink.h"

#include <sys/socket.h>

#define WHOLE 1000000U /* what a share of 100 % is counted in */

/* splitmix64 */
static uint64_t mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

enum sink_fault sink_fault_draw(struct sink *sink)
{
    const struct sink_options *options = &sink->options;
    if (options->fault_503 == 0 && options->fault_reset == 0)
        return SINK_FAULT_NONE;
    uint64_t chance = mix(mix(options->seed) + ++sink->stats.draws);
    uint64_t at = chance % WHOLE;
    if (at < options->fault_503)
        return SINK_FAULT_503;
    if (at < options->fault_503 + options->fault_reset)
        return chance >> 63 ? SINK_FAULT_RESET : SINK_FAULT_CUT;
    return SINK_FAULT_NONE;
}

void sink_fault_reset(struct sink_conn *conn)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    sink_count(&conn->loop->sink->stats, SINK_ANSWERED_RESET, 1);
    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    sink_conn_drop(conn);
}
