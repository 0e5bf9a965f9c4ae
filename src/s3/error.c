#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/internal.h"
#include "text/utf8.h"
#include "text/xml.h"

/* The words of RFC 9110, which stand in for an error's text where there is no body (HEAD). */
static const char *reason_of(long status)
{
    static const struct {
        long status;
        const char *reason;
    } reasons[] = {
        {301, "Moved Permanently"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {416, "Range Not Satisfiable"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

/* Cleans what the service wrote and cuts it to the room there is. */
static void put_text(char *out, size_t room_bytes, const char *text)
{
    gs3_auto_buf struct gs3_buf clean = GS3_BUF_INIT(room_bytes - 1);
    gs3_utf8_append_printable(&clean, text ? text : "");
    snprintf(out, room_bytes, "%s", gs3_buf_string(&clean));
}

/* A code is one word: anything else is not S3's, and would let a body write the message. */
static bool is_code(const char *text)
{
    size_t length = 0;
    while (gs3_ascii_is_alnum(text[length]) || (text[length] && strchr("._-", text[length])))
        length++;
    return length > 0 && length < GS3_ERR_CODE_BYTES && !text[length];
}

static void put_region(struct gs3_s3_fault *fault, const struct gs3_http_response *response,
                       const struct gs3_pairs *leaves)
{
    const char *region = gs3_pairs_get(&response->headers, "x-amz-bucket-region");
    if (!region)
        region = gs3_pairs_get(leaves, "Error/Region");
    if (region && gs3_region_is_valid(region))
        snprintf(fault->region, sizeof fault->region, "%s", region);
}

/* What must be there in the body of a 200, by operation; NULL: nothing. */
static const char *root_of(enum gs3_s3_op op)
{
    switch (op) {
    case GS3_S3_COPY_OBJECT: return "CopyObjectResult";
    case GS3_S3_GET_OBJECT_TAGGING: return "Tagging";
    case GS3_S3_DELETE_OBJECTS: return "DeleteResult";
    case GS3_S3_CREATE_UPLOAD: return "InitiateMultipartUploadResult";
    case GS3_S3_UPLOAD_PART_COPY: return "CopyPartResult";
    case GS3_S3_COMPLETE_UPLOAD: return "CompleteMultipartUploadResult";
    case GS3_S3_LIST_PARTS: return "ListPartsResult";
    case GS3_S3_LIST_OBJECTS: /* list_scan.c has read it */
    case GS3_S3_PUT_OBJECT:
    case GS3_S3_GET_OBJECT:
    case GS3_S3_HEAD_OBJECT:
    case GS3_S3_DELETE_OBJECT:
    case GS3_S3_PUT_OBJECT_TAGGING:
    case GS3_S3_UPLOAD_PART:
    case GS3_S3_ABORT_UPLOAD: break;
    }
    return NULL;
}

/* Operations whose success says nothing but that it is one. */
static bool has_no_content(enum gs3_s3_op op)
{
    return op == GS3_S3_DELETE_OBJECT || op == GS3_S3_PUT_OBJECT_TAGGING ||
           op == GS3_S3_ABORT_UPLOAD;
}

static bool is_success_status(enum gs3_s3_op op, long status)
{
    return status == 200 || (has_no_content(op) && status == 204) ||
           (op == GS3_S3_GET_OBJECT && status == 206);
}

static const char not_s3[] = "the answer is a web page and not S3's: is this an S3 endpoint?";

static bool has_prefix_nocase(const char *text, size_t length_bytes, const char *prefix)
{
    size_t prefix_bytes = strlen(prefix);
    return length_bytes >= prefix_bytes && strncasecmp(text, prefix, prefix_bytes) == 0;
}

/* A login page, a proxy's notice, a web server that knows nothing of buckets. By its body; an
 * answer to HEAD by its headers alone, of which S3 and its likes send some of their own. */
static bool is_web_page(enum gs3_s3_op op, const struct gs3_http_response *response)
{
    const char *type = gs3_pairs_get(&response->headers, "content-type");
    if (op == GS3_S3_HEAD_OBJECT)
        return type && has_prefix_nocase(type, strlen(type), "text/html") &&
               !gs3_pairs_has(&response->headers, "x-amz-request-id") &&
               !gs3_pairs_has(&response->headers, "x-amz-bucket-region");
    const char *body = gs3_buf_string(&response->body);
    body += strspn(body, " \t\r\n");
    size_t length_bytes = strlen(body);
    return has_prefix_nocase(body, length_bytes, "<!doctype html") ||
           has_prefix_nocase(body, length_bytes, "<html");
}

static void put_unusable(struct gs3_s3_fault *fault, const char *message)
{
    snprintf(fault->code, sizeof fault->code, "%s", "UnusableAnswer");
    put_text(fault->message, sizeof fault->message, message);
}

/* A 2xx: a failure when it carries an error, or not what the operation must answer. */
static bool read_success(enum gs3_s3_op op, const struct gs3_http_response *response,
                         const char *root, struct gs3_s3_fault *fault)
{
    const char *wanted = root_of(op);
    if (!is_success_status(op, response->status)) {
        gs3_auto_free char *message =
            gs3_xasprintf("status %ld is no answer to this request", response->status);
        put_unusable(fault, message);
        return true;
    }
    if (has_no_content(op) && is_web_page(op, response)) {
        put_unusable(fault, not_s3);
        return true;
    }
    if (!wanted || gs3_str_equal(root, wanted))
        return false;
    put_unusable(fault, response->body.length_bytes == 0
                            ? "the answer is empty: whether it was done is not known"
                            : "the answer is cut off or is not S3's: whether it was done is not "
                              "known");
    return true;
}

void gs3_s3_document_release(struct gs3_s3_document *document)
{
    free(document->root);
    gs3_pairs_release(&document->leaves);
    *document = (struct gs3_s3_document){.root = NULL};
}

void gs3_s3_document_read(const struct gs3_http_response *response,
                          struct gs3_s3_document *document)
{
    gs3_s3_document_release(document);
    if (response->body.length_bytes > 0)
        gs3_xml_parse(response->body.data, response->body.length_bytes, &document->root,
                      &document->leaves, NULL);
}

bool gs3_s3_fault_read(enum gs3_s3_op op, const struct gs3_http_response *response,
                       const struct gs3_s3_document *document, struct gs3_s3_fault *fault)
{
    *fault = (struct gs3_s3_fault){.code = ""};
    bool is_error = gs3_str_equal(document->root, "Error");
    put_region(fault, response, &document->leaves);
    if (!is_error && response->status >= 200 && response->status < 300)
        return read_success(op, response, document->root, fault);
    const char *code = is_error ? gs3_pairs_get(&document->leaves, "Error/Code") : NULL;
    const char *message = is_error ? gs3_pairs_get(&document->leaves, "Error/Message") : NULL;
    if (code && is_code(code))
        snprintf(fault->code, sizeof fault->code, "%s", code);
    else
        snprintf(fault->code, sizeof fault->code, "%ld", response->status);
    bool has_message = !gs3_str_is_empty(message);
    put_text(fault->message, sizeof fault->message,
             has_message ? message : reason_of(response->status));
    fault->is_not_s3 = !is_error && response->status < 500 && is_web_page(op, response);
    if (fault->is_not_s3)
        snprintf(fault->message, sizeof fault->message, "%s: %s", reason_of(response->status),
                 not_s3);
    return true;
}

static bool is_listed(const char *code, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(code, list[i]) == 0)
            return true;
    return false;
}

/* Codes that say the same however often one asks, whatever the status they come with. */
static bool is_final(const char *code)
{
    static const char *const list[] = {
        "AccessDenied",          "AccountProblem",       "EntityTooLarge",
        "EntityTooSmall",        "ExpiredToken",         "InvalidAccessKeyId",
        "InvalidArgument",       "InvalidObjectState",   "InvalidPart",
        "InvalidPartOrder",      "InvalidRequest",       "InvalidTag",
        "InvalidToken",          "KeyTooLongError",      "MetadataTooLarge",
        "MethodNotAllowed",      "NotImplemented",       "PreconditionFailed",
        "SignatureDoesNotMatch", "TokenRefreshRequired", "XAmzContentSHA256Mismatch",
    };
    return gs3_str_has_prefix(code, "NoSuch") || is_listed(code, list, sizeof list / sizeof *list);
}

/* Sent when the request was turned away before it did anything. */
static bool is_turned_away(const char *code)
{
    static const char *const list[] = {
        "SlowDown",
        "RequestTimeout",
        "OperationAborted",
        "BadDigest",
        "IncompleteBody",
        "ConditionalRequestConflict",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "RequestTimeTooSkewed",
        "BandwidthLimitExceeded",
        "TooManyRequests",
    };
    return is_listed(code, list, sizeof list / sizeof *list);
}

bool gs3_s3_fault_is_transient(const struct gs3_s3_fault *fault, long status)
{
    /* A 200 whose body is an error, or is cut off, is S3's way to say 500 after it has begun to
     * answer. The skewed clock has a remedy of its own. */
    if (is_final(fault->code) || strcmp(fault->code, "RequestTimeTooSkewed") == 0)
        return false;
    if (status == 429 || status == 500 || status == 502 || status == 503 || status == 504)
        return true;
    return status == 200 || is_turned_away(fault->code) ||
           strcmp(fault->code, "InternalError") == 0 ||
           strcmp(fault->code, "ServiceUnavailable") == 0;
}

bool gs3_s3_fault_is_uncertain(const struct gs3_s3_fault *fault, long status)
{
    return (status == 200 || status >= 500) && !is_final(fault->code) &&
           !is_turned_away(fault->code);
}

bool gs3_s3_fault_is_expired(const struct gs3_s3_fault *fault)
{
    static const char *const list[] = {"ExpiredToken", "ExpiredTokenException",
                                       "TokenRefreshRequired"};
    return is_listed(fault->code, list, sizeof list / sizeof *list);
}

bool gs3_s3_fault_is_redirect(const struct gs3_s3_fault *fault, enum gs3_s3_op op, long status)
{
    static const char *const list[] = {"PermanentRedirect", "TemporaryRedirect",
                                       "AuthorizationHeaderMalformed",
                                       "IllegalLocationConstraintException"};
    return is_listed(fault->code, list, sizeof list / sizeof *list) || status == 301 ||
           status == 307 || (op == GS3_S3_HEAD_OBJECT && status == 400);
}

int gs3_s3_fault_set(const struct gs3_s3_fault *fault, enum gs3_s3_op op, long status,
                     unsigned attempts, struct gs3_err *err)
{
    bool is_transient = gs3_s3_fault_is_transient(fault, status);
    char retries[48] = "";
    if (is_transient && attempts > 1)
        snprintf(retries, sizeof retries, " (reached max retries: %u)", attempts - 1);
    gs3_fail(err, is_transient ? GS3_ETRANSIENT : GS3_ESERVICE,
             "An error occurred (%s) when calling the %s operation%s: %s", fault->code,
             gs3_s3_op_name(op), retries, fault->message);
    if (err) {
        /* Nobody may take a web server's 404 for "no such object". */
        err->http_status = fault->is_not_s3 ? 0 : status;
        snprintf(err->code, sizeof err->code, "%s", fault->code);
    }
    return -1;
}
