#include "s3/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/mem.h"

struct way way;

/* A bucket by a signed PUT of its own: gs3 never makes one. */
struct make_bucket {
    struct gs3_s3_endpoint endpoint;
    char *host;
    const char *path;
};

static int prepare_bucket(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    const struct make_bucket *make = context;
    const struct gs3_sigv4_request request = {
        .method = "PUT",
        .path = make->path,
        .host = make->host,
        .region = make->endpoint.region,
        .service = "s3",
        .payload_sha256 = gs3_sigv4_empty_sha256,
        .adds_content_sha256 = true,
        .now = gs3_clock_wall_ms(&gs3_clock_system) / 1000,
    };
    struct gs3_sigv4_key key = {.date = ""};
    gs3_sigv4_sign(&request, &way.credentials, &key, headers);
    return 0;
}

static void create_bucket(void)
{
    struct make_bucket make;
    struct gs3_err err = GS3_ERR_INIT;
    assert_int_equal(gs3_s3_endpoint_resolve(&way.config, way.bucket, &make.endpoint, &err), 0);
    gs3_auto_free char *origin = gs3_origin_format(&make.endpoint.origin);
    gs3_auto_free char *path = gs3_xasprintf("/%s", make.endpoint.is_path_style ? way.bucket : "");
    gs3_auto_free char *url = gs3_xasprintf("%s%s", origin, path);
    make.host = strstr(origin, "//") + 2;
    make.path = path;
    const struct gs3_http_request request = {
        .method = "PUT",
        .url = url,
        .prepare = prepare_bucket,
        .context = &make,
        .tls = {.ca_bundle = way.config.ca_bundle},
        .maximum_body_bytes = 65536,
    };
    struct gs3_http_response response;
    if (gs3_http_perform(way.http, &request, &response, &err))
        fail_msg("%s", err.message);
    assert_int_equal(response.status, 200);
    gs3_http_response_release(&response);
}

static void open_way(const char *endpoint, const char *ca, bool is_virtual, const char *name)
{
    struct gs3_err err = GS3_ERR_INIT;
    const struct gs3_http_opts http_opts = {.user_agent = "gs3-test"};
    const char *secret = getenv("GS3T_SECRET_KEY");
    way.http = gs3_http_new(&http_opts, &err);
    assert_non_null(way.http);
    way.config = (struct gs3_aws_config){
        .endpoint_s3 = gs3_xstrdup(endpoint),
        .ca_bundle = gs3_xstrdup_or_null(ca),
        .addressing = is_virtual ? GS3_ADDRESSING_VIRTUAL : GS3_ADDRESSING_AUTO,
    };
    way.credentials =
        (struct gs3_credentials){.access_key_id = gs3_xstrdup(getenv("GS3T_ACCESS_KEY"))};
    gs3_secret_set(&way.credentials.secret_access_key, secret, strlen(secret));
    const struct gs3_s3_client_opts opts = {.http = way.http,
                                            .config = &way.config,
                                            .credentials = &way.credentials};
    way.s3 = gs3_s3_client_new(&opts);
    snprintf(way.bucket, sizeof way.bucket, "unit-%s-%ld", name, (long)getpid());
    create_bucket();
}

int close_way(void **state)
{
    (void)state;
    gs3_s3_transport_free(way.s3);
    gs3_http_free(way.http);
    gs3_aws_config_release(&way.config);
    gs3_credentials_release(&way.credentials);
    return 0;
}

int open_http(void **state)
{
    (void)state;
    open_way(getenv("GS3T_S3_HTTP"), NULL, false, "http");
    return 0;
}

int open_https(void **state)
{
    (void)state;
    open_way(getenv("GS3T_S3_HTTPS"), getenv("GS3T_S3_CA"), false, "https");
    return 0;
}

int open_virtual(void **state)
{
    (void)state;
    open_way(getenv("GS3T_S3_VHOST"), NULL, true, "virtual");
    return 0;
}

int collect(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err)
{
    if (gs3_buf_append(context, bytes, length_bytes))
        return gs3_fail(err, GS3_EINVALID, "too much");
    return 0;
}

int forget(void *context, struct gs3_err *err)
{
    (void)err;
    gs3_buf_clear(context);
    return 0;
}

struct gs3_s3_request request_of(enum gs3_s3_op op, const char *key)
{
    return (struct gs3_s3_request){.op = op, .object = {.bucket = way.bucket, .key = key}};
}

void perform(const struct gs3_s3_request *request, struct gs3_s3_result *result)
{
    struct gs3_err err = GS3_ERR_INIT;
    if (gs3_s3_perform(way.s3, request, result, &err))
        fail_msg("%s \"%s\": %s", gs3_s3_op_name(request->op), request->object.key, err.message);
}

void put_text(const char *key, const char *text)
{
    struct gs3_s3_result result;
    struct gs3_s3_request request = request_of(GS3_S3_PUT_OBJECT, key);
    request.body = (struct gs3_http_body){.bytes = text, .length_bytes = strlen(text)};
    perform(&request, &result);
    assert_non_null(result.etag);
    gs3_s3_result_release(&result);
}

void assert_content(const char *key, const char *text)
{
    struct gs3_s3_result result;
    gs3_auto_buf struct gs3_buf body = GS3_BUF_INIT(1 << 20);
    const struct gs3_http_sink sink = {.write = collect, .reset = forget, .context = &body};
    struct gs3_s3_request request = request_of(GS3_S3_GET_OBJECT, key);
    request.sink = &sink;
    perform(&request, &result);
    assert_string_equal(gs3_buf_string(&body), text);
    assert_true(result.has_length && result.length_bytes == strlen(text));
    gs3_s3_result_release(&result);
}
