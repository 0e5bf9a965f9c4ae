/* What the files of the s3 room share. Nothing outside the room includes it.
 *
 * request.c turns a gs3_s3_request into its form on the wire, error.c and response.c read answers,
 * client.c drives them over net: signing, retries, redirects. */
#ifndef GS3_S3_INTERNAL_H
#define GS3_S3_INTERNAL_H

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "s3/checksum.h"
#include "s3/client.h"

struct gs3_s3_stream;

enum {
    GS3_S3_ANSWER_BYTES = 1 << 20, /* of an answer's body that is not an object */
    GS3_S3_KEY_BYTES = 1024
};
#define GS3_S3_PUT_BYTES (UINT64_C(5) << 30) /* the most that one PutObject may carry */

/* Documents that are sent: 1000 keys, escaped; 10,000 parts. */
enum { GS3_S3_DOCUMENT_BYTES = 8 << 20, GS3_S3_BATCH_KEYS = 1000, GS3_S3_PARTS = 10000 };

/* A request in its form on the wire; every string is its own. */
struct gs3_s3_wire {
    enum gs3_s3_op op;
    const char *method;
    struct gs3_s3_endpoint endpoint;
    char *bucket;
    char *path;  /* as sent: encoded, with the bucket in path style */
    char *query; /* as sent, without "?"; "" for none */
    char *url, *host;
    struct gs3_pairs headers; /* without what signing adds */
    struct gs3_buf document;  /* the body of PutObjectTagging */
    struct gs3_http_body body;
    char *loaded;                       /* a small body that was read ahead */
    struct gs3_s3_stream *stream;       /* makes the body, and its checks with it; NULL: none */
    enum gs3_s3_checksum checksum_kind; /* of the body; NONE: none is computed */
    bool wants_md5;
    char *checksum, *md5; /* base64, hex; known before the body is sent */
    char payload_sha256[GS3_SHA256_HEX_BYTES];
    bool is_conditional; /* writes only where a condition holds: a repeat means something else */
    struct gs3_s3_range range; /* of a get */
    bool is_of_part;           /* of a get: ?partNumber= */
};

/* options.c: what may go with a request beside its object, and what cannot. */
int gs3_s3_add_options(const struct gs3_s3_request *request, const struct gs3_s3_endpoint *endpoint,
                       struct gs3_pairs *headers, struct gs3_err *err);

/* options.c: appends "BUCKET/" as the source of a copy names it; an access point's ARN has a form
 * of its own there. */
int gs3_s3_copy_bucket(struct gs3_buf *text, const char *bucket, struct gs3_err *err);

/* documents.c: the bodies that this room writes: tags, keys to delete, parts to complete. */
int gs3_s3_document_build(const struct gs3_s3_request *request, struct gs3_s3_wire *wire,
                          struct gs3_err *err);

/* uploads.c: what the operations of multipart uploads and of batches answer. */
int gs3_s3_upload_read(enum gs3_s3_op op, const struct gs3_pairs *leaves,
                       struct gs3_s3_result *result, struct gs3_err *err);
/* <prefix>CRC64NVME and its kin among the leaves of an answer. */
void gs3_s3_checksums_read(const struct gs3_pairs *leaves, const char *prefix,
                           struct gs3_s3_result *result);
/* A 206 is the range that was asked for, and a 200 is none. */
int gs3_s3_range_check(const struct gs3_s3_wire *wire, const struct gs3_http_response *response,
                       struct gs3_s3_result *result, struct gs3_err *err);
/* An ETag with its quotes: Ceph leaves them out here and there. NULL for none. Caller frees. */
char *gs3_s3_etag_quoted(const char *etag);

/* `endpoint` is that of the object's bucket. May read the body (to sign it). GS3_EUSAGE for
 * a key that S3 does not take, GS3_EFAIL for a body over 5 GiB, GS3_EINVALID for what no header
 * can carry, GS3_EIO. */
int gs3_s3_wire_build(const struct gs3_s3_request *request, const struct gs3_s3_endpoint *endpoint,
                      const struct gs3_aws_config *config, struct gs3_s3_wire *wire,
                      struct gs3_err *err);
/* Sets url and host again after wire->endpoint changed. */
void gs3_s3_wire_address(struct gs3_s3_wire *wire);
void gs3_s3_wire_release(struct gs3_s3_wire *wire);

/* payload.c: wire's payload hash (hex, or UNSIGNED-PAYLOAD where the body need not be signed), and
 * the checks that were asked for: in a header where the body is in memory or is read to be signed
 * anyway, else in a trailer, computed as the bytes pass. */
int gs3_s3_payload_hash(const struct gs3_s3_request *request, const struct gs3_aws_config *config,
                        struct gs3_s3_wire *wire, struct gs3_err *err);
/* After a success: the checks of what was sent. GS3_EFAIL when the answer names another one. */
int gs3_s3_payload_take(const struct gs3_s3_wire *wire, struct gs3_s3_result *result,
                        struct gs3_err *err);

/* An answer's body as XML, read once. */
struct gs3_s3_document {
    char *root; /* NULL: it is none */
    struct gs3_pairs leaves;
};
/* Releases what `document` held, and reads. */
void gs3_s3_document_read(const struct gs3_http_response *response,
                          struct gs3_s3_document *document);
void gs3_s3_document_release(struct gs3_s3_document *document);

/* What an answer says went wrong, cleaned and bounded. */
struct gs3_s3_fault {
    char code[GS3_ERR_CODE_BYTES]; /* "NoSuchKey"; the status ("404") when there is no XML */
    char message[512];
    char region[64]; /* of the bucket, "" when not said */
    bool is_not_s3;  /* a web page: whoever answered is no store */
};

/* Whether the answer is a failure of `op`: by its status, or a 200 that carries an error or
 * nothing that can be read where a result must be. Fills `fault` when it is. */
bool gs3_s3_fault_read(enum gs3_s3_op op, const struct gs3_http_response *response,
                       const struct gs3_s3_document *document, struct gs3_s3_fault *fault);
/* Whether another attempt makes sense without any change but the time. */
bool gs3_s3_fault_is_transient(const struct gs3_s3_fault *fault, long status);
/* Whether such an answer may come although the request took effect. */
bool gs3_s3_fault_is_uncertain(const struct gs3_s3_fault *fault, long status);
/* Whether the credentials have expired. */
bool gs3_s3_fault_is_expired(const struct gs3_s3_fault *fault);
/* Whether the bucket is, or may be, in another region. */
bool gs3_s3_fault_is_redirect(const struct gs3_s3_fault *fault, enum gs3_s3_op op, long status);
/* "An error occurred (CODE) when calling the OP operation: MESSAGE". Returns -1. */
int gs3_s3_fault_set(const struct gs3_s3_fault *fault, enum gs3_s3_op op, long status,
                     unsigned attempts, struct gs3_err *err);

/* Reads a success (gs3_s3_fault_read said no) into `result`. -1 when it lacks what a success of
 * `op` must have. */
int gs3_s3_result_read(enum gs3_s3_op op, const struct gs3_http_response *response,
                       const struct gs3_s3_document *document, struct gs3_s3_result *result,
                       struct gs3_err *err);

#endif
