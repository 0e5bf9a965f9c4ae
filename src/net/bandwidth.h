/* A limit on what all requests of a process send and receive together.
 *
 * Whoever wants to pass bytes books them and is told from when on they may pass: first come, first
 * served, whatever the thread, so that no transfer starves beside another. Depends on base. */
#ifndef GS3_NET_BANDWIDTH_H
#define GS3_NET_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

struct gs3_bandwidth;

/* `bytes_per_s` from 1 on. Shared by any number of gs3_http, and freed after the last of them. */
struct gs3_bandwidth *gs3_bandwidth_new(uint64_t bytes_per_s);
void gs3_bandwidth_free(struct gs3_bandwidth *bandwidth); /* NULL is fine */

/* Books `bytes` (16 MiB at most) and returns the moment of CLOCK_MONOTONIC, in nanoseconds, from
 * which on they may pass; `now_ns` or less: at once. From any thread. */
uint64_t gs3_bandwidth_book(struct gs3_bandwidth *bandwidth, size_t bytes, uint64_t now_ns);

/* How much to book at a time, so that the others' turn comes soon. */
size_t gs3_bandwidth_slice_bytes(const struct gs3_bandwidth *bandwidth);

#endif
