#include "s3/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/xml.h"

enum { ANSWER_BYTES = 64 * 1024, ATTEMPTS = 2, ATTEMPT_MS = 4500, RETRY_BUDGET_MS = 1000 };

struct probe {
    const struct gs3_credentials *credentials;
    const char *host, *region;
    struct gs3_sigv4_key key;
};

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    struct probe *probe = context;
    const struct gs3_sigv4_request request = {
        .method = "GET",
        .path = "/",
        .host = probe->host,
        .region = probe->region,
        .service = "s3",
        .payload_sha256 = gs3_sigv4_empty_sha256,
        .adds_content_sha256 = true,
        .now = gs3_clock_wall_ms(&gs3_clock_system) / 1000,
    };
    if (probe->credentials)
        gs3_sigv4_sign(&request, probe->credentials, &probe->key, headers);
    return 0;
}

/* The buckets' names are nobody's business here. */
static int drop(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    (void)context;
    (void)bytes;
    (void)length_bytes;
    (void)err;
    return 0;
}

static int again(void *context, struct gs3_err *err)
{
    (void)context;
    (void)err;
    return 0;
}

static void read_answer(const struct gs3_http_response *response, struct gs3_s3_probe *probe)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    const char *type = gs3_pairs_get(&response->headers, "content-type");
    const char *date = gs3_pairs_get(&response->headers, "date");
    int64_t server_s;
    probe->status = response->status;
    probe->is_html = type && gs3_str_has_prefix(type, "text/html");
    if (date && gs3_time_parse_http(date, &server_s) == 0) {
        probe->clock.is_known = true;
        probe->clock.offset_s = server_s - gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    }
    if (response->body.length_bytes == 0 ||
        gs3_xml_parse(response->body.data, response->body.length_bytes, &root, &leaves, NULL))
        return;
    const char *code = gs3_pairs_get(&leaves, "Error/Code");
    for (const char *c = code; c && *c; c++)
        if (!gs3_ascii_is_alnum(*c))
            return;
    snprintf(probe->code, sizeof probe->code, "%s", code ? code : "");
}

int gs3_s3_probe(struct gs3_http *http, const struct gs3_aws_config *config,
                 const struct gs3_credentials *credentials, const struct gs3_origin *origin,
                 const char *region, struct gs3_s3_probe *probe, struct gs3_err *err)
{
    static const struct gs3_http_sink sink = {.write = drop, .reset = again};
    *probe = (struct gs3_s3_probe){.status = 0};
    gs3_auto_free char *base = gs3_origin_format(origin);
    gs3_auto_free char *url = gs3_xasprintf("%s/", base);
    struct probe own = {.credentials = credentials,
                        .host = strstr(base, "//") + 2,
                        .region = region};
    const struct gs3_http_request request = {
        .method = "GET",
        .url = url,
        .prepare = prepare,
        .context = &own,
        .sink = &sink,
        .tls = {.ca_bundle = config->ca_bundle, .no_verify = config->no_verify_tls},
        .maximum_body_bytes = ANSWER_BYTES,
        .maximum_attempts = ATTEMPTS,
        .total_timeout_ms = ATTEMPT_MS,
        .retry_budget_ms = RETRY_BUDGET_MS,
    };
    struct gs3_http_response response = {.status = 0};
    int failed = gs3_http_perform(http, &request, &response, err);
    if (!failed)
        read_answer(&response, probe);
    else if (err && err->class != GS3_ECONFIG && err->class != GS3_EINTERRUPT)
        err->class = GS3_ESERVICE;
    gs3_http_response_release(&response);
    gs3_secret_wipe(&own.key, sizeof own.key);
    return failed ? -1 : 0;
}
