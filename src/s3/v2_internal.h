/* What the files of the Signature Version 2 transport share: v2.c drives calls, v2_call.c builds
 * them and takes what the module hands out. Nothing else includes it. */
#ifndef GS3_S3_V2_INTERNAL_H
#define GS3_S3_V2_INTERNAL_H

#include "crypto/sum.h"
#include "s3/internal.h"
#include "s3/list_scan.h"
#include "s3/v2.h"

struct gs3_v2_client {
    struct gs3_s3_transport transport; /* first: the transport is a client */
    struct gs3_s3_v2_opts opts;
    struct gs3_v2_line *line;
};

struct gs3_s3_call {
    struct gs3_v2_client *client;
    enum gs3_s3_op op;
    struct gs3_err err; /* set: it was refused, and nothing is sent */

    struct gs3_v2_send send; /* its strings are those below */
    char *bucket, *key, *source_bucket, *source_key, *source_path, *source_etag;
    char *if_match, *prefix, *marker;
    struct gs3_s3_properties properties;
    struct gs3_pairs metadata;
    struct gs3_http_body body;
    uint64_t sent_bytes;
    bool wants_md5;
    struct gs3_sum md5;
    struct gs3_s3_range range;

    const struct gs3_http_sink *sink;
    bool has_sunk;
    struct gs3_list_scan *scan; /* of a listing; list_sink is its sink then */
    struct gs3_http_sink list_sink;
    struct gs3_http_response response;
    struct gs3_s3_document document; /* of the response */
    struct gs3_err failure;          /* of a callback: the first one ends the call */

    unsigned attempts;
    bool is_sent; /* the module has it, until is_done */
    bool is_cancelled, survives_interrupt;
};

/* Copies all of a request that gs3_s3_v2_check let through. */
void gs3_v2_call_build(struct gs3_s3_call *call, const struct gs3_s3_request *request);
void gs3_v2_call_free(struct gs3_s3_call *call);

int gs3_v2_body_begin(struct gs3_s3_call *call); /* before an attempt */
void gs3_v2_body_end(struct gs3_s3_call *call, struct gs3_s3_result *result);
/* Before another attempt: what was handed out is taken back. -1 when it cannot be. */
int gs3_v2_answer_reset(struct gs3_s3_call *call, struct gs3_err *err);

#endif
