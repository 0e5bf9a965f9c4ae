/* HTTP requests on one curl_multi: started, driven together, waited for one by one.
 *
 * One gs3_http drives any number of requests to any number of hosts on warm connections. A
 * request that is started makes progress whenever some request is waited for: that is how a
 * ticket is looked up while S3 answers a HEAD. Retries with backoff happen here, so that
 * they do not block the others; what is worth a retry, the caller says. No redirect is ever
 * followed. Depends on base (fiber), text, crypto (secrets), libcurl. Never reads the environment:
 * proxies and CA bundles are given. */
#ifndef GS3_NET_HTTP_H
#define GS3_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pairs.h"
#include "crypto/secret.h"
#include "net/bandwidth.h"

struct gs3_http;
struct gs3_http_call;

struct gs3_http_opts {
    const char *user_agent;        /* required */
    const struct gs3_clock *clock; /* NULL: the system's */
    const struct gs3_log *log;     /* NULL: none. Header names only for secrets */
    const char *proxy_https, *proxy_http,
        *no_proxy; /* NULL: no proxy. Never curl's own look at the environment */
    const volatile int
        *interrupted;             /* non-zero: every call ends with GS3_EINTERRUPT; NULL: never */
    unsigned maximum_connections; /* kept warm; 0: 64 */
    /* What the bodies of limited requests keep to, both ways together; may be shared with other
     * gs3_http, on other threads. NULL: no limit. */
    struct gs3_bandwidth *bandwidth;
};

struct gs3_http *gs3_http_new(const struct gs3_http_opts *opts, struct gs3_err *err);
void gs3_http_free(struct gs3_http *http); /* ends what is under way */

/* The TLS side of one request. */
struct gs3_http_tls {
    const char *ca_bundle; /* PEM file; NULL: the system's */
    bool no_verify;        /* only ever set for S3 */
};

/* Makes a body as it is sent: `read` fills up to `room` bytes, sets *got, and never blocks for
 * long; `rewind` goes back to the first byte, for a retry. -1 with err set ends the call. */
struct gs3_http_source {
    int (*read)(void *context, void *buffer, size_t room, size_t *got, struct gs3_err *err);
    int (*rewind)(void *context, struct gs3_err *err);
    void *context;
};

/* A body to send: bytes in memory, what a source makes, or a range of an open file that is read
 * with pread (so that a retry starts over without a seek, and parts of one file can be sent at
 * once). */
struct gs3_http_body {
    const void *bytes;                    /* not owned; must live until the call ends */
    const struct gs3_http_source *source; /* used when bytes is NULL */
    int fd;                               /* used when both are NULL and length_bytes > 0 */
    uint64_t offset;
    uint64_t length_bytes; /* as sent, exactly */
};

/* Where the answer's body goes when its status is 2xx; otherwise to response.body. Returns 0, or -1
 * with err set to end the call. `reset` is called before a retry (and before the first byte of it).
 */
struct gs3_http_sink {
    int (*write)(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err);
    int (*reset)(void *context, struct gs3_err *err);
    /* Before the first byte of an attempt, with the answer's headers. NULL: not wanted. */
    int (*begin)(void *context, const struct gs3_pairs *headers, struct gs3_err *err);
    void *context;
};

struct gs3_http_response {
    long status;
    struct gs3_pairs headers; /* names as sent, values trimmed; repeated names stay repeated */
    struct gs3_buf body;      /* at most request.maximum_body_bytes */
    unsigned attempts;
    unsigned sends;          /* times the request was begun: curl by itself repeats one on a fresh
                                connection when a reused one turns out to be closed */
    uint64_t received_bytes; /* of the body */
};
void gs3_http_response_release(struct gs3_http_response *response);

/* Adds a header line of an answer, without its end of line. -1 when it is none. */
int gs3_http_header_add(struct gs3_pairs *headers, const char *line, size_t length_bytes);

/* What to do with an answer or a failure: asked after every attempt while attempts are left. */
enum gs3_http_verdict { GS3_HTTP_DONE, GS3_HTTP_RETRY };

struct gs3_http_request {
    const char *method; /* GET HEAD PUT POST DELETE */
    const char *url;    /* complete and encoded; sent as it is (CURLOPT_PATH_AS_IS) */
    /* Called before every attempt to fill the headers in (signing: the date changes). May fail. */
    int (*prepare)(void *context, struct gs3_pairs *headers, struct gs3_err *err);
    /* Asked after an attempt that got a complete answer (`failure` NULL) or failed in transport
     * (`failure` set; class GS3_ETRANSIENT when it may be tried again without harm, sys_errno
     * ETIMEDOUT when time ran out). NULL: transport failures of class GS3_ETRANSIENT and 429, 500,
     * 502, 503, 504 are retried. */
    enum gs3_http_verdict (*judge)(void *context, const struct gs3_http_response *response,
                                   const struct gs3_err *failure);
    void *context; /* of prepare and judge */
    struct gs3_http_body body;
    const struct gs3_http_sink *sink; /* NULL: into response.body */
    struct gs3_http_tls tls;
    size_t maximum_body_bytes;    /* of response.body; over it the call fails */
    uint64_t expected_body_bytes; /* of the answer: a hint for the size of buffers; 0: small */
    unsigned maximum_attempts;    /* 0: 3 */
    uint32_t connect_timeout_ms;  /* 0: 10 s; UINT32_MAX: none */
    uint32_t total_timeout_ms;    /* of one attempt; 0: none (then `stall_timeout_ms` guards) */
    uint32_t stall_timeout_ms;    /* no byte either way for that long; 0: 60 s; likewise */
    uint32_t retry_budget_ms; /* sum of all waits between attempts, Retry-After included; 0: 60 s */
    bool allow_http2;         /* default: HTTP/1.1, as S3 */
    bool is_direct;           /* no proxy, whatever is configured */
    bool is_limited;          /* its bodies keep to the bandwidth, and wait without being late */
    bool survives_interrupt;  /* goes on when `interrupted` is set: for what must be undone */
};

/* Starts a request; what it points to must live until the call ends. Never NULL. */
struct gs3_http_call *gs3_http_start(struct gs3_http *http, const struct gs3_http_request *request);

/* Drives everything until this call has ended; then fills `response` (caller releases) and frees
 * the call. 0 when an answer came, whatever its status; -1 when none did (GS3_ETRANSIENT: after the
 * last attempt). */
int gs3_http_wait(struct gs3_http *http, struct gs3_http_call *call,
                  struct gs3_http_response *response, struct gs3_err *err);

/* Ends a call that is no longer wanted. */
void gs3_http_cancel(struct gs3_http *http, struct gs3_http_call *call);

/* start and wait in one. */
int gs3_http_perform(struct gs3_http *http, const struct gs3_http_request *request,
                     struct gs3_http_response *response, struct gs3_err *err);

/* Resolves and connects (TCP, and TLS for https) to the url's host ahead of its first request,
 * beside whatever is waited for, without sending a byte of HTTP; the next request to that host with
 * the same TLS settings takes the connection over. `tls` NULL: the system's CA. Failures are
 * silent: the request itself will say. Does nothing where a proxy is configured. */
void gs3_http_warm(struct gs3_http *http, const char *url, const struct gs3_http_tls *tls);

/* Runs `run(context)` as a task, from the next turn on. */
void gs3_http_spawn(struct gs3_http *http, void (*run)(void *context), void *context);
size_t gs3_http_task_count(const struct gs3_http *http); /* that have not ended */

/* From a task: lets everything else go on, and returns at a later turn (after a wake, a call's end,
 * or at the latest 200 ms). For conditions that are looked at now and then. */
void gs3_http_yield(struct gs3_http *http);

/* For conditions that somebody else announces: the current task (NULL outside of one) is handed to
 * whoever will unpark it, from any thread; park returns once that was done, or at once when it was
 * done before. */
struct gs3_http_task;
struct gs3_http_task *gs3_http_self(const struct gs3_http *http);
void gs3_http_park(struct gs3_http *http);
void gs3_http_unpark(struct gs3_http_task *task);
bool gs3_http_is_in_task(const struct gs3_http *http);

/* One round, from the thread that owns `http`, never from a task: starts what is due, lets curl
 * work, runs the tasks whose calls have ended, and waits at most `wait_ms` (200 at most) for
 * something to do. */
void gs3_http_turn(struct gs3_http *http, int wait_ms);

/* Ends the wait of a turn, or makes the next one not wait. From any thread. */
void gs3_http_wake(struct gs3_http *http);

/* How busy the thread is: microseconds since the last question, and how many of them it spent
 * waiting in turns. */
struct gs3_http_load {
    uint64_t elapsed_us, idle_us;
};
void gs3_http_load_take(struct gs3_http *http, struct gs3_http_load *load);

/* Counted since the start, for measuring and for the engine's control. */
struct gs3_http_counts {
    uint64_t requests, connections, retries, throttled; /* throttled: answers 503 and 429 */
    uint64_t sent_bytes, received_bytes;                /* of bodies */
};
const struct gs3_http_counts *gs3_http_counts(const struct gs3_http *http);

/* Whether the flag given as `interrupted` is set: for work beside requests that takes time. */
bool gs3_http_is_interrupted(const struct gs3_http *http);

#endif
