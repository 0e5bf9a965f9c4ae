/* What the files of the net room share. Nothing outside the room includes it.
 *
 * A call is queued (until `due_ms`), then running (an easy handle is on the multi handle), then
 * queued again for a retry, or ended. loop.c alone moves calls between these states and alone knows
 * the multi handle; attempt.c knows the easy handle of one attempt, body.c its callbacks, failure.c
 * the meaning of curl's codes, retry.c the waits. */
#ifndef GS3_NET_INTERNAL_H
#define GS3_NET_INTERNAL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http.h"

enum {
    GS3_HTTP_HEADER_COUNT = 256,
    GS3_HTTP_HEADER_BYTES = 64 * 1024, /* of one answer, all lines together */
    GS3_HTTP_ORIGIN_BYTES = 300,
    GS3_HTTP_POLL_MS = 200,      /* how late an interruption may be seen */
    GS3_HTTP_IDLE_EASIES = 16,   /* easy handles kept for the next request */
    GS3_HTTP_WARM_HOLD_MS = 2000 /* how long a request waits for a connection on its way */
};

enum gs3_http_state { GS3_HTTP_QUEUED, GS3_HTTP_RUNNING, GS3_HTTP_ENDED };

struct gs3_http_call {
    struct gs3_http *http;
    struct gs3_http_call *next; /* of http->calls */
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

    CURL *easy; /* running */
    struct curl_slist *lines;
    char error_text[CURL_ERROR_SIZE];
    uint64_t sent_bytes; /* position in the request's body */
    bool is_header_done; /* the final header block has ended: what follows is a trailer */
    size_t header_bytes;
    bool has_sunk; /* the sink has got bytes that a retry has to take back */
};

struct gs3_http {
    CURLM *multi;
    CURLSH *share; /* TLS sessions, so that a second connection resumes the first one's */
    CURL *idle[GS3_HTTP_IDLE_EASIES];
    size_t idle_count;
    struct gs3_http_call *calls; /* in the order of their start */
    char *user_agent, *proxy_https, *proxy_http, *no_proxy;
    const struct gs3_clock *clock;
    const struct gs3_log *log;
    const volatile int *interrupted;
};

/* loop.c: one round: starts what is due, lets curl work, ends what has ended, and waits for at
 * most GS3_HTTP_POLL_MS when nothing ended. */
void gs3_http_round(struct gs3_http *http);
/* Takes a call off curl and out of the list and frees it. */
void gs3_http_drop(struct gs3_http *http, struct gs3_http_call *call);
struct gs3_http_call *gs3_http_enqueue(struct gs3_http *http,
                                       const struct gs3_http_request *request);

/* attempt.c: sets call->easy up for one attempt (not yet on the multi handle). -1 with call->err
 * when the request cannot be sent at all. */
int gs3_http_attempt_begin(struct gs3_http_call *call);
/* Reads what curl knows of the attempt; returns its easy handle to the idle ones. */
void gs3_http_attempt_end(struct gs3_http_call *call);

/* body.c: what an attempt starts from, and the callbacks of an easy handle whose context is the
 * call. */
void gs3_http_attempt_reset(struct gs3_http_call *call);
void gs3_http_body_set(struct gs3_http_call *call);

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
