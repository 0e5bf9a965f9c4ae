/* A client on a real S3 server, reached in one of three ways, and what its tests share. */
#ifndef GS3_TESTS_S3_WAY_H
#define GS3_TESTS_S3_WAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "s3/client.h"

/* One way to reach the server. */
struct way {
    struct gs3_http *http;
    struct gs3_aws_config config;
    struct gs3_credentials credentials;
    struct gs3_s3_transport *s3;
    char bucket[64];
};

/* The one that the running group of tests goes. */
extern struct way way;

/* Set-up and teardown of a group. */
int open_http(void **state);
int open_https(void **state);
int open_virtual(void **state);
int close_way(void **state);

/* A sink that keeps what came in the gs3_buf that is its context. */
int collect(void *context, const void *bytes, size_t length_bytes, struct gs3_err *err);
int forget(void *context, struct gs3_err *err);

struct gs3_s3_request request_of(enum gs3_s3_op op, const char *key);
/* Fails the test when the request does; caller releases `result`. */
void perform(const struct gs3_s3_request *request, struct gs3_s3_result *result);
void put_text(const char *key, const char *text);
void assert_content(const char *key, const char *text);

/* test_server_many.c: listings, batches of deletes, uploads in parts. */
void listing_has_every_key_as_it_is(void **state);
void listing_of_a_missing_bucket_is_an_error(void **state);
void batch_deletes_what_it_names(void **state);
void upload_in_parts_is_one_object(void **state);
void parts_are_copied_from_an_object(void **state);
void upload_that_is_aborted_is_gone(void **state);
void range_is_a_part_of_the_object(void **state);
void customer_key_opens_what_it_closed(void **state);
void checksum_goes_with_the_bytes_or_is_refused(void **state);

#endif
