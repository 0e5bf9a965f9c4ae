/* A client on a scripted server. Its clock runs fast, so that retries do not take the test's
 * time. */
#ifndef GS3_TESTS_S3_FIXTURE_H
#define GS3_TESTS_S3_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "net/server.h"
#include "s3/client.h"

#define ETAG "ETag: \"e1\"\r\n"
#define XML_ERROR(code, more)                                                                      \
    "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code><Message>Because</Message>" more         \
    "</Error>"

struct fixture {
    struct server server;
    struct gs3_http *http;
    struct gs3_aws_config config;
    struct gs3_credentials credentials;
    struct gs3_s3_transport *s3;
    struct gs3_s3_result result; /* of the last fixture_perform */
    struct gs3_err err;
};

/* `replies` must live until the release. */
void fixture_start(struct fixture *fixture, const struct server_reply *replies, size_t count);
void fixture_release(struct fixture *fixture);
/* Performs; the object's bucket is "bucket" and its key "key" where the request names none. */
int fixture_perform(struct fixture *fixture, struct gs3_s3_request request);
/* Starts the fixture on one answer to everything and performs once. */
int fixture_perform_once(struct fixture *fixture, const char *answer,
                         struct gs3_s3_request request);
/* A request of that operation; a copy's source is bucket/from. */
struct gs3_s3_request request_of(enum gs3_s3_op op);
int fixture_requests(const struct fixture *fixture); /* that came in */
/* The head of the request that came in as number `index`; fails the test when there is none. */
const char *fixture_head(const struct fixture *fixture, int index);
void assert_holds(const char *text, const char *part);

/* A complete answer. Caller frees. */
char *answer_of(const char *status, const char *headers, const char *body);

#endif
