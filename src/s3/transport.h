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
    GS3_S3_LIST_OBJECTS, /* ListObjectsV2 */
    GS3_S3_DELETE_OBJECTS,
    GS3_S3_CREATE_UPLOAD, /* CreateMultipartUpload */
    GS3_S3_UPLOAD_PART,
    GS3_S3_UPLOAD_PART_COPY,
    GS3_S3_COMPLETE_UPLOAD,
    GS3_S3_ABORT_UPLOAD,
    GS3_S3_LIST_PARTS,
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

enum gs3_s3_checksum {
    GS3_S3_CHECKSUM_NONE,
    GS3_S3_CHECKSUM_CRC64NVME,
    GS3_S3_CHECKSUM_CRC32,
    GS3_S3_CHECKSUM_CRC32C,
    GS3_S3_CHECKSUM_SHA1,
    GS3_S3_CHECKSUM_SHA256,
};
const char *gs3_s3_checksum_name(enum gs3_s3_checksum checksum); /* "CRC64NVME", as S3 spells it */

/* A customer's key (SSE-C): its 32 bytes, never logged. */
struct gs3_s3_customer_key {
    const unsigned char *bytes;
};

/* What a write asks of the store beside metadata and properties; NULL: not asked. Sent with
 * PutObject, CopyObject and CreateMultipartUpload. Strings as S3 spells them, printable ASCII. */
struct gs3_s3_write_options {
    const char *acl; /* canned */
    const char *grant_read, *grant_read_acp, *grant_write_acp, *grant_full_control;
    const char *storage_class;
    const char *sse; /* AES256, aws:kms */
    const char *sse_kms_key_id;
    const char *website_redirect;
};

struct gs3_s3_range {
    uint64_t first, length_bytes; /* length 0: the whole object */
};

/* One part of a multipart upload that the store has. */
struct gs3_s3_part {
    unsigned number; /* from 1 */
    uint64_t size_bytes;
    char *etag;
    char *checksum; /* base64 of the upload's algorithm; NULL: none */
};
void gs3_s3_part_release(struct gs3_s3_part *part);

/* One key of a listing; strings live until the callback returns. */
struct gs3_s3_entry {
    const char *key; /* decoded: gs3 lists with encoding-type=url */
    uint64_t size_bytes;
    const char *etag; /* quoted */
    int64_t last_modified_s;
    const char *storage_class; /* "" when not said */
    bool is_restored;          /* RestoreStatus says so; else ask HEAD */
};

/* One key of a DeleteObjects. */
struct gs3_s3_victim {
    const char *key;
    const char *version_id; /* NULL: the current one */
    const char *etag; /* AWS deletes only where it still is this one; NULL: whatever is there */
};

/* What DeleteObjects did not delete, InternalError and SlowDown among it: a key is asked about
 * once, and who knows what it was may delete it by itself. A batch without a clear answer fails as
 * a whole and is not sent again: it could hit what somebody wrote meanwhile. */
struct gs3_s3_survivor {
    char *key, *code, *message;
};

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
    const struct gs3_http_sink *sink;               /* get */
    const struct gs3_s3_write_options *write;       /* put, copy, create; NULL: none */
    const struct gs3_s3_customer_key *customer_key; /* of the object, on every call that takes it */
    const struct gs3_s3_customer_key *copy_source_key;
    struct gs3_s3_range range; /* get, upload part copy (of the source) */
    uint64_t expected_bytes;   /* get: how much will come, for the size of buffers; 0: little */
    /* put, upload part: computed as the body passes and sent as a trailer, or as a header where the
     * body is in memory. create, complete: the upload's algorithm. get, head: any but NONE asks for
     * what the store keeps (x-amz-checksum-mode). copy: x-amz-checksum-algorithm. */
    enum gs3_s3_checksum checksum;
    bool wants_md5;                  /* put, upload part: result.md5, computed as the body passes */
    const char *checksum_value;      /* complete: base64 of the whole object, of an algorithm that
                                        joins from parts; NULL: none */
    unsigned get_part_number;        /* get, head: ?partNumber=; 0: none */
    const char *upload_id;           /* parts, complete, abort, list parts */
    unsigned part_number;            /* upload part, upload part copy: 1–10,000 */
    const struct gs3_s3_part *parts; /* complete: in the order of their numbers */
    size_t part_count;
    uint64_t object_bytes; /* complete: x-amz-mp-object-size; 0: not sent */
    /* list (object.bucket; object.key NULL) */
    const char *prefix;             /* "" for all */
    const char *start_after;        /* NULL: from the start */
    const char *continuation_token; /* NULL: the first page */
    unsigned page_size;             /* 0: the store's own, 1000 */
    /* list: called for each key in the order of the answer, as it is read, before the wait returns;
     * -1 with err set ends the call. A page that is asked for again is never handed out twice. */
    int (*entry)(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err);
    void *entry_context;
    const struct gs3_s3_victim *victims; /* delete objects: at most 1000 */
    size_t victim_count;
    const struct gs3_pairs
        *headers;            /* further x-amz-* headers, sent and signed as they are; NULL: none */
    bool survives_interrupt; /* sent although a signal came, in a few seconds or never: an abort */
};

struct gs3_s3_result {
    long http_status;
    char *etag;            /* with its quotes; NULL when the answer has none (Ceph's completion) */
    char *version_id;      /* NULL: none */
    uint64_t length_bytes; /* head, get: of the object */
    bool has_length;
    char *last_modified;     /* head, get: as sent, or of the copy's result */
    int64_t last_modified_s; /* seconds UTC; -1 unknown */
    int64_t date_s;          /* head, get: when the store said so, by its clock; 0 unknown */
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
    unsigned part_count;        /* head, get with get_part_number: x-amz-mp-parts-count */
    bool has_range;             /* get: Content-Range, checked against what was asked for */
    uint64_t range_total_bytes; /* the object's length by Content-Range */
    char *upload_id;            /* create */
    char *checksum; /* put, upload part: base64 of what was sent, as gs3 computed it; NULL: none */
    char *md5;      /* put, upload part: hex, where it was asked for */
    char *next_token;          /* list, list parts: NULL when this was the last page */
    uint64_t entry_count;      /* list */
    struct gs3_s3_part *parts; /* list parts: of this page; next_token is the part_number to ask
                                  for the next one with */
    size_t parts_count;
    struct gs3_s3_survivor *survivors; /* delete objects */
    size_t survivor_count;
    unsigned attempts;
    bool is_uncertain; /* an attempt that was not the last may have taken effect as well; of a
                          failure, any */
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
