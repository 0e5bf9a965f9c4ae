/* The transport seam: what the transfer engine asks of an S3 store, one object at a time.
 *
 * One request and one result structure for all operations, so that a second transport (libs3, for
 * Signature Version 2) implements the same three functions, and an engine can keep many calls
 * under way. Depends on net (bodies, sinks), aws. Decides nothing, and knows no policy. */
#ifndef GS3_S3_TRANSPORT_H
#define GS3_S3_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pairs.h"
#include "net/http.h"

enum gs3_s3_op {
    GS3_S3_PUT_OBJECT,
    GS3_S3_GET_OBJECT,
    GS3_S3_HEAD_OBJECT,
    GS3_S3_COPY_OBJECT,
    GS3_S3_DELETE_OBJECT,
    GS3_S3_GET_OBJECT_TAGGING,
    GS3_S3_PUT_OBJECT_TAGGING,
};
const char *gs3_s3_op_name(enum gs3_s3_op op); /* "PutObject", as error lines name it */

/* An object's address. */
struct gs3_s3_object {
    const char *bucket;
    const char *key;        /* raw bytes, 1–1024 of UTF-8, no NUL */
    const char *version_id; /* NULL: the current one */
};

/* Properties that travel with an object besides its metadata; NULL: not set. */
struct gs3_s3_properties {
    char *content_type;
    char *cache_control;
    char *content_disposition;
    char *content_encoding;
    char *content_language;
    char *expires;
};
void gs3_s3_properties_release(struct gs3_s3_properties *properties);
void gs3_s3_properties_copy(struct gs3_s3_properties *to, const struct gs3_s3_properties *from);

struct gs3_s3_request {
    enum gs3_s3_op op;
    struct gs3_s3_object object;
    const struct gs3_s3_properties *properties; /* put, copy; NULL: none */
    const struct gs3_pairs *metadata; /* put, copy: without the x-amz-meta- prefix; values already
                                         in their form on the wire (RFC 2047) */
    const struct gs3_pairs *tags;     /* put, put tagging; copy: NULL keeps the source's */
    bool replace_tags;                /* copy: TaggingDirective REPLACE */
    struct gs3_s3_object copy_source; /* copy */
    const char *copy_source_if_match; /* copy: the source's ETag as HEAD gave it */
    const char *if_match;             /* get, delete, put */
    bool if_none_match;               /* put, copy: If-None-Match: * */
    struct gs3_http_body body;        /* put */
    const char *body_sha256; /* put: hex; NULL: computed by the transport when it must be signed */
    const struct gs3_http_sink *sink; /* get */
    const struct gs3_pairs
        *headers; /* further x-amz-* headers, sent and signed as they are; NULL: none */
};

struct gs3_s3_result {
    long http_status;
    char *etag;            /* with its quotes, as sent; NULL when the answer has none */
    char *version_id;      /* NULL: none */
    uint64_t length_bytes; /* head, get: of the object */
    bool has_length;
    char *last_modified;     /* head, get: as sent, or of the copy's result */
    int64_t last_modified_s; /* seconds UTC; -1 unknown */
    char *storage_class;     /* NULL: STANDARD */
    char *restore;           /* x-amz-restore */
    char *sse;               /* x-amz-server-side-encryption */
    unsigned missing_meta;   /* x-amz-missing-meta */
    bool is_delete_marker;
    struct gs3_s3_properties properties;
    struct gs3_pairs metadata;  /* head, get: without prefix, lower case, as on the wire */
    struct gs3_pairs checksums; /* "crc64nvme" → base64, "type" → FULL_OBJECT|COMPOSITE */
    struct gs3_pairs tags;      /* get tagging */
    unsigned tag_count;         /* head: x-amz-tagging-count */
    unsigned attempts;
};
void gs3_s3_result_release(struct gs3_s3_result *result);

struct gs3_s3_call;
struct gs3_s3_transport;

struct gs3_s3_transport_ops {
    const char *name;
    /* Starts; strings of the request are copied or built into the wire form at once; body, sink and
     * body.bytes must live until the wait. Never NULL: a request that cannot be built fails in the
     * wait. */
    struct gs3_s3_call *(*start)(struct gs3_s3_transport *transport,
                                 const struct gs3_s3_request *request);
    /* Ends the call. -1 with the service's code in err->code, its status in err->http_status, and a
     * message "An error occurred (Code) when calling the PutObject operation: Message"; classes
     * GS3_ESERVICE (final), GS3_ETRANSIENT (after all retries), GS3_ECONFIG… */
    int (*wait)(struct gs3_s3_transport *transport, struct gs3_s3_call *call,
                struct gs3_s3_result *result, struct gs3_err *err);
    /* Gives a call up, without waiting for its answer. */
    void (*cancel)(struct gs3_s3_transport *transport, struct gs3_s3_call *call);
    void (*free)(struct gs3_s3_transport *transport);
};

struct gs3_s3_transport {
    const struct gs3_s3_transport_ops *ops;
};

int gs3_s3_perform(struct gs3_s3_transport *transport, const struct gs3_s3_request *request,
                   struct gs3_s3_result *result, struct gs3_err *err);
void gs3_s3_transport_free(struct gs3_s3_transport *transport); /* NULL is fine */

/* Whether a failure says that a precondition did not hold (412), or that the object is not there
 * (404). */
bool gs3_s3_err_is_precondition(const struct gs3_err *err);
bool gs3_s3_err_is_not_found(const struct gs3_err *err);

#endif
