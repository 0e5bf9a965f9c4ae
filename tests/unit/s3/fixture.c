#include "s3/fixture.h"

#include <stdlib.h>

#include "base/mem.h"

enum { SPEED = 50 };

static int64_t fast_ms(void *context)
{
    (void)context;
    return gs3_clock_monotonic_ms(&gs3_clock_system) * SPEED;
}

static int64_t wall_ms(void *context)
{
    (void)context;
    return gs3_clock_wall_ms(&gs3_clock_system);
}

static const struct gs3_clock fast_clock = {.wall_ms = wall_ms, .monotonic_ms = fast_ms};

void fixture_start(struct fixture *fixture, const struct server_reply *replies, size_t count)
{
    *fixture = (struct fixture){.http = NULL};
    server_start(&fixture->server, replies, count, NULL);
    const struct gs3_http_opts http_opts = {.user_agent = "gs3/test", .clock = &fast_clock};
    fixture->http = gs3_http_new(&http_opts, NULL);
    assert_non_null(fixture->http);
    fixture->config = (struct gs3_aws_config){.endpoint_s3 = gs3_xstrdup(fixture->server.url)};
    fixture->credentials.access_key_id = gs3_xstrdup("AKIDEXAMPLE");
    gs3_secret_set(&fixture->credentials.secret_access_key, "SECRETEXAMPLE", 13);
    const struct gs3_s3_client_opts opts = {.http = fixture->http,
                                            .config = &fixture->config,
                                            .credentials = &fixture->credentials};
    fixture->s3 = gs3_s3_client_new(&opts);
}

void fixture_release(struct fixture *fixture)
{
    gs3_s3_result_release(&fixture->result);
    gs3_s3_transport_free(fixture->s3);
    gs3_http_free(fixture->http);
    gs3_aws_config_release(&fixture->config);
    gs3_credentials_release(&fixture->credentials);
    server_stop(&fixture->server);
}

int fixture_perform(struct fixture *fixture, struct gs3_s3_request request)
{
    if (!request.object.bucket)
        request.object.bucket = "bucket";
    if (!request.object.key)
        request.object.key = "key";
    gs3_s3_result_release(&fixture->result);
    gs3_err_clear(&fixture->err);
    return gs3_s3_perform(fixture->s3, &request, &fixture->result, &fixture->err);
}

int fixture_perform_once(struct fixture *fixture, const char *answer, struct gs3_s3_request request)
{
    struct server_reply *reply = gs3_xcalloc(1, sizeof *reply);
    reply->bytes = answer;
    fixture_start(fixture, reply, 1);
    int status = fixture_perform(fixture, request);
    free(reply); /* the server is a process of its own */
    return status;
}

struct gs3_s3_request request_of(enum gs3_s3_op op)
{
    return (struct gs3_s3_request){.op = op, .copy_source = {.bucket = "bucket", .key = "from"}};
}

int fixture_requests(const struct fixture *fixture)
{
    return atomic_load(&fixture->server.shared->requests);
}

const char *fixture_head(const struct fixture *fixture, int index)
{
    assert_true(atomic_load(&fixture->server.shared->requests) > index);
    return fixture->server.shared->request[index].head;
}

void assert_holds(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

char *answer_of(const char *status, const char *headers, const char *body)
{
    return gs3_xasprintf("HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
                         headers, body);
}
