/* What the files of the net room share. Nothing outside the room includes it.
 *
 * A call is queued (until `due_ms`), then running (an easy handle is on the multi handle), then
 * queued again for a retry, or ended. loop.c alone moves calls between these states and alone knows
 * the multi handle; socket.c tells epoll what curl waits for; task.c suspends and resumes tasks;
 * easy.c keeps easy handles; bandwidth.c makes bodies wait; attempt.c knows the one of an attempt,
 * body.c its callbacks, failure.c the meaning of curl's codes, retry.c the waits. */
#ifndef GS3_NET_INTERNAL_H
#define GS3_NET_INTERNAL_H

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fiber.h"
#include "net/http.h"

enum {
    GS3_HTTP_HEADER_COUNT = 256,
    GS3_HTTP_HEADER_BYTES = 64 * 1024, /* of one answer, all lines together */
    GS3_HTTP_LINES_BYTES = 1 << 20,    /* of one request, the same */
    GS3_HTTP_ORIGIN_BYTES = 300,
    GS3_HTTP_POLL_MS = 200,           /* how late an interruption may be seen */
    GS3_HTTP_CONNECTIONS = 64,        /* kept warm, unless the caller wants more */
    GS3_HTTP_WARM_HOLD_MS = 2000,     /* how long a request waits for a connection on its way */
    GS3_HTTP_SMALL_BYTES = 16 * 1024, /* of a body that is gathered before it is sent */
    GS3_HTTP_UNDO_MS = 5000 /* what survives an interruption has that long, all together */
};

enum gs3_http_state { GS3_HTTP_QUEUED, GS3_HTTP_RUNNING, GS3_HTTP_ENDED };

/* Requests of one class have their easy handles in common: no option has to be taken back. */
enum gs3_http_class {
    GS3_HTTP_HEAD,
    GS3_HTTP_GET,
    GS3_HTTP_SEND,  /* with a body: PUT, POST */
    GS3_HTTP_SMALL, /* with a body that leaves together with the headers, or an empty one */
    GS3_HTTP_OTHER,
    GS3_HTTP_CLASS_COUNT
};

/* What an easy handle was set up for, once; what differs from it sets it up anew. */
struct gs3_http_setup {
    char ca_bundle[256]; /* "" for the system's */
    bool is_https, no_verify, allow_http2, is_direct, is_large;
    enum gs3_http_class class;
    char method[8];
};

/* The header lines of one attempt, one after another in one buffer that the next attempt uses
 * again: curl's own list would take three allocations a line. */
struct gs3_http_lines {
    struct gs3_buf text;     /* each ends in NUL */
    struct curl_slist *list; /* of those in `text`, once all are there */
    size_t capacity, count;
};

struct gs3_http_easy {
    struct gs3_http_easy *next; /* idle */
    CURL *curl;
    struct gs3_http_lines lines;
    struct gs3_http_setup setup;
    bool is_set_up;
    char error_text[CURL_ERROR_SIZE];
};

struct gs3_http_call {
    struct gs3_http *http;
    struct gs3_http_call *next, *previous; /* of http->calls */
    struct gs3_http_call *next_queued, *previous_queued;
    struct gs3_http_request request;
    char origin[GS3_HTTP_ORIGIN_BYTES]; /* "https://host:port" of the URL, for messages */
    bool is_warm;                       /* connects only; has no caller */
    enum gs3_http_state state;
    int64_t due_ms;     /* queued: not started before this */
    int64_t hold_ms;    /* queued: until then it waits for a warm connection to its origin */
    uint64_t waited_ms; /* between attempts, all together */
    int outcome;        /* ended: 0 or -1 */
    struct gs3_err err; /* ended with -1, or the last attempt's transport failure */
    bool is_fatal;      /* a callback of ours set err: no retry, whatever curl says */
    struct gs3_http_response response;
    struct gs3_http_task *waiter; /* the task that waits for the end */

    struct gs3_http_easy *easy; /* running */
    char *gathered;             /* a small body that was not in memory */
    uint64_t sent_bytes;        /* position in the request's body */
    bool is_header_done;        /* the final header block has ended: what follows is a trailer */
    size_t header_bytes;
    size_t booked_bytes; /* of the bandwidth, not passed yet */
    uint64_t pass_ns;    /* when they may pass */
    bool is_paused;      /* until then */
    bool has_sunk;       /* the sink has got bytes that a retry has to take back */
};

struct gs3_http_task {
    struct gs3_http_task *next; /* of one of the lists below, or of nothing while it waits */
    struct gs3_http *http;
    struct gs3_fiber *fiber;
    void (*run)(void *context);
    void *context;
    bool is_parked, was_unparked; /* under http->lock */
};

struct gs3_http_tasks {
    struct gs3_http_task *first, **last;
};

/* What epoll was told of a connection's descriptor. */
struct gs3_http_watch {
    uint32_t events;    /* as epoll has them; 0: not registered */
    bool is_connection; /* opened for us, so that its end is seen: see socket.c */
    bool is_wanted;     /* curl waits for it */
};

struct gs3_http {
    CURLM *multi;
    CURLSH *share; /* TLS sessions, so that a second connection resumes the first one's */
    struct gs3_http_easy *idle[GS3_HTTP_CLASS_COUNT];
    size_t idle_count;
    unsigned maximum_connections;
    struct gs3_http_call *calls; /* the latest first */
    struct gs3_http_call *queued, *queued_last;
    size_t warm_count;
    struct gs3_bandwidth *bandwidth; /* not its own; NULL: no limit */
    size_t paused_count;             /* calls that wait for their turn of it */
    char *user_agent, *proxy_https, *proxy_http, *no_proxy;
    const struct gs3_clock *clock;
    const struct gs3_log *log;
    const volatile int *interrupted;
    int64_t undo_until_ms; /* 0: not interrupted yet */

    int epoll_fd, wake_fd;
    struct gs3_http_watch *watches; /* by descriptor */
    size_t watch_count;
    int64_t timer_ms; /* when curl wants to be called; -1: it does not */

    struct gs3_http_tasks ready, yielded;
    struct gs3_http_task *idle_tasks, *current;
    size_t task_count;
    pthread_mutex_t lock; /* of `unparked` and the tasks' flags */
    struct gs3_http_tasks unparked;

    struct gs3_http_counts counts;
    uint64_t load_from_us, idle_us;
};

/* loop.c: takes a call off curl and out of the list and frees it. */
void gs3_http_drop(struct gs3_http *http, struct gs3_http_call *call);
struct gs3_http_call *gs3_http_enqueue(struct gs3_http *http,
                                       const struct gs3_http_request *request);

/* socket.c */
int gs3_http_sockets_init(struct gs3_http *http, struct gs3_err *err);
void gs3_http_sockets_release(struct gs3_http *http);
/* Waits for at most `wait_ms` and hands curl what happened. */
void gs3_http_sockets_wait(struct gs3_http *http, int wait_ms);
/* Lets curl do what it asked to be called for by now. Whether there was something. */
bool gs3_http_sockets_run(struct gs3_http *http);
void gs3_http_sockets_watch(struct gs3_http *http, CURL *easy);

/* task.c */
void gs3_http_tasks_init(struct gs3_http *http);
void gs3_http_tasks_release(struct gs3_http *http);
/* Runs every task that can go on. */
void gs3_http_tasks_run(struct gs3_http *http);
/* Suspends the current task until `call` has ended. */
void gs3_http_task_wait(struct gs3_http *http, struct gs3_http_call *call);
void gs3_http_task_ready(struct gs3_http *http, struct gs3_http_task *task);

/* easy.c: a handle for this call, set up but for what is the attempt's own; NULL: out of memory. */
struct gs3_http_easy *gs3_http_easy_take(struct gs3_http_call *call);
void gs3_http_easy_give(struct gs3_http *http, struct gs3_http_easy *easy);
void gs3_http_easies_release(struct gs3_http *http);

/* attempt.c: sets call->easy up for one attempt (not yet on the multi handle). -1 with call->err
 * when the request cannot be sent at all. */
int gs3_http_attempt_begin(struct gs3_http_call *call);
/* Reads what curl knows of the attempt; returns its easy handle to the idle ones. */
void gs3_http_attempt_end(struct gs3_http_call *call);

/* body.c: what an attempt starts from, and the callbacks of an easy handle whose context is the
 * call. */
int gs3_http_attempt_reset(struct gs3_http_call *call);
void gs3_http_body_callbacks(CURL *easy);
void gs3_http_body_set(struct gs3_http_call *call);
/* Gives curl a small body whole; -1 with call->err when it cannot be read. */
int gs3_http_body_gather(struct gs3_http_call *call);

/* bandwidth.c. A call whose bodies are limited asks before each stretch: how much of `room_bytes`
 * may be sent (0: none now, pause), or whether `length_bytes` may be taken (false: pause). */
static inline bool gs3_http_bandwidth_limits(const struct gs3_http_call *call)
{
    return call->http->bandwidth && call->request.is_limited;
}
size_t gs3_http_bandwidth_send(struct gs3_http_call *call, size_t room_bytes);
bool gs3_http_bandwidth_receive(struct gs3_http_call *call, size_t length_bytes);
void gs3_http_bandwidth_forget(struct gs3_http_call *call); /* at the end of an attempt */
/* The next paused call after `call` (NULL: the first) whose turn has come; it is paused no more. */
struct gs3_http_call *gs3_http_bandwidth_due(struct gs3_http *http, struct gs3_http_call *call);
/* `wait_ms`, or less when a paused call's turn comes earlier. */
int gs3_http_bandwidth_wait_ms(const struct gs3_http *http, int wait_ms);

/* failure.c: turns curl's code into call->err. */
void gs3_http_failure_set(struct gs3_http_call *call, CURLcode code);

/* retry.c: how long to wait before attempt `attempts + 1`, or -1 when the budget does not allow
 * it. `now_ms` is wall time; `random` is in 0..1. */
int64_t gs3_http_retry_wait_ms(const struct gs3_http_response *response, bool has_answer,
                               uint64_t budget_left_ms, int64_t now_ms, double random);
/* Whether the caller (or the default rule) wants another attempt. */
bool gs3_http_retry_wanted(const struct gs3_http_call *call);
double gs3_http_random(void);

/* warm.c */
const struct gs3_http_call *gs3_http_warm_pending(const struct gs3_http *http, const char *origin);
void gs3_http_warm_set(struct gs3_http_call *call);
void gs3_http_warm_unset(struct gs3_http_call *call); /* before its easy leaves the multi */

/* debug.c: the log lines, with secrets redacted. */
void gs3_http_log_request(const struct gs3_http_call *call);
void gs3_http_log_response(const struct gs3_http_call *call);
void gs3_http_log_failure(const struct gs3_http_call *call);
/* The URL with the values of secret query parameters replaced; for tests too. */
void gs3_http_append_url(struct gs3_buf *out, const char *url);
bool gs3_http_is_secret_header(const char *name);

/* url.c: reads "https://host[:port]" off the front; -1 when the URL is not a plain http(s) one of
 * printable ASCII without a user part. */
int gs3_http_origin(const char *url, char out[GS3_HTTP_ORIGIN_BYTES], struct gs3_err *err);

#endif
