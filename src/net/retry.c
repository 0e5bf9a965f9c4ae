#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "net/internal.h"
#include "text/time.h"

enum { BACKOFF_UNIT_MS = 1000, BACKOFF_MAXIMUM_MS = 20 * 1000, DEFAULT_ATTEMPTS = 3 };

double gs3_http_random(void)
{
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        return 0.5; /* spreads nothing, and is still a wait */
    return (double)bits / (double)UINT32_MAX;
}

static bool is_worth_a_retry(long status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool gs3_http_retry_wanted(const struct gs3_http_call *call)
{
    const struct gs3_http_request *request = &call->request;
    bool has_failed = call->err.class != GS3_OK;
    unsigned maximum = request->maximum_attempts ? request->maximum_attempts : DEFAULT_ATTEMPTS;
    if (call->is_fatal || call->response.attempts >= maximum)
        return false;
    /* Bytes that the sink cannot take back would be doubled. */
    if (call->has_sunk && !request->sink->reset)
        return false;
    if (request->judge)
        return request->judge(request->context, has_failed ? NULL : &call->response,
                              has_failed ? &call->err : NULL) == GS3_HTTP_RETRY;
    return has_failed ? call->err.class == GS3_ETRANSIENT : is_worth_a_retry(call->response.status);
}

/* Milliseconds from now to a moment in seconds; the past is now. */
static int64_t until_ms(int64_t moment, int64_t now_ms)
{
    int64_t moment_ms;
    if (__builtin_mul_overflow(moment, (int64_t)1000, &moment_ms))
        return INT64_MAX;
    return moment_ms > now_ms ? moment_ms - now_ms : 0;
}

/* The server's own clock where it tells it: ours may be off. */
static int64_t server_now_ms(const struct gs3_http_response *response, int64_t now_ms)
{
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t seconds;
    return date && gs3_time_parse_http(date, &seconds) == 0 ? seconds * 1000 : now_ms;
}

/* What the server asks for, or -1. Retry-After is seconds or a date (RFC 9110, 10.2.3);
 * X-RateLimit-Reset is UNIX time at ServiceNow and ISO 8601 at Atlassian. */
static int64_t asked_wait_ms(const struct gs3_http_response *response, int64_t now_ms)
{
    const char *after = gs3_pairs_get(&response->headers, "retry-after");
    uint64_t number;
    int64_t moment;
    now_ms = server_now_ms(response, now_ms);
    if (after) {
        if (gs3_str_to_u64(after, INT32_MAX, &number) == 0)
            return (int64_t)number * 1000;
        if (gs3_time_parse_http(after, &moment) == 0)
            return until_ms(moment, now_ms);
    }
    const char *reset = gs3_pairs_get(&response->headers, "x-ratelimit-reset");
    if (!reset || response->status != 429)
        return -1;
    if (gs3_str_to_u64(reset, INT64_MAX / 1000, &number) == 0)
        return until_ms((int64_t)number, now_ms);
    if (gs3_time_parse_iso(reset, &moment) == 0)
        return until_ms(moment, now_ms);
    return -1;
}

static int64_t backoff_ms(unsigned attempts, double random)
{
    int64_t ceiling = BACKOFF_MAXIMUM_MS;
    if (attempts >= 1 && attempts < 6)
        ceiling = (int64_t)BACKOFF_UNIT_MS << (attempts - 1);
    if (ceiling > BACKOFF_MAXIMUM_MS)
        ceiling = BACKOFF_MAXIMUM_MS;
    return (int64_t)(random * (double)ceiling);
}

int64_t gs3_http_retry_wait_ms(const struct gs3_http_response *response, bool has_answer,
                               uint64_t budget_left_ms, int64_t now_ms, double random)
{
    int64_t wait_ms = has_answer ? asked_wait_ms(response, now_ms) : -1;
    /* "Retry-After: 0" is no reason to hammer. */
    if (wait_ms <= 0)
        wait_ms = backoff_ms(response->attempts, random);
    return (uint64_t)wait_ms > budget_left_ms ? -1 : wait_ms;
}
