/*
 * A request is complete: the operation that it is, and those that need no file of their own.
 */
#include "sink.h"

#include <string.h>

static void serve_stats(struct sink_exchange *x, bool is_reset)
{
    struct sink_buf out = {.max = SINK_ANSWER_MAX_BYTES};
    sink_stats_print(&x->sink->stats, &out);
    if (is_reset) {
        sink_stats_reset(&x->sink->stats);
        sink_index_clear(&x->sink->index);
        sink_uploads_clear(&x->sink->uploads);
    }
    sink_answer_head(x, "200 OK", "Content-Type: text/plain\r\n");
    sink_answer_length(x, out.len);
    sink_buf_add(x->answer, out.data, out.len);
    sink_buf_release(&out);
}

/* GET /_objects/BUCKET/PREFIX */
static void serve_total(struct sink_exchange *x, const char *prefix)
{
    char text[80];
    uint64_t count;
    uint64_t bytes;
    sink_index_total(&x->sink->index, prefix, &count, &bytes);
    snprintf(text, sizeof text, "objects %llu\nbytes %llu\n", (unsigned long long)count,
             (unsigned long long)bytes);
    sink_answer_head(x, "200 OK", "Content-Type: text/plain\r\n");
    sink_answer_length(x, strlen(text));
    sink_buf_text(x->answer, text);
}

static void serve_other(struct sink_exchange *x)
{
    const struct sink_request *request = x->request;
    if (sink_query_has(request, "versioning"))
        sink_answer(x, "200 OK", "", SINK_XML "<VersioningConfiguration" SINK_NAMESPACE "/>");
    else if (sink_query_has(request, "acl"))
        sink_answer(x, "200 OK", "",
                    SINK_XML "<AccessControlPolicy><Owner><ID>1</ID></Owner>"
                             "<AccessControlList></AccessControlList></AccessControlPolicy>");
    else
        sink_answer_missing(x, "NoSuchConfiguration");
}

static void serve_bucket(struct sink_exchange *x)
{
    switch ((int)x->request->op) {
    case SINK_HEAD_BUCKET:
        sink_answer_empty(x, "200 OK", "x-amz-bucket-region: us-east-1\r\n");
        break;
    case SINK_BUCKET_LOCATION:
        sink_answer(x, "200 OK", "",
                    SINK_XML "<LocationConstraint" SINK_NAMESPACE "></LocationConstraint>");
        break;
    case SINK_CREATE_BUCKET: sink_answer_empty(x, "200 OK", ""); break;
    case SINK_DELETE_BUCKET: sink_answer_empty(x, "204 No Content", ""); break;
    default:
        sink_answer(x, "200 OK", "",
                    SINK_XML "<ListAllMyBucketsResult" SINK_NAMESPACE "><Owner><ID>1</ID></Owner>"
                             "<Buckets></Buckets></ListAllMyBucketsResult>");
    }
}

static bool is_slowed(struct sink *sink)
{
    return sink->options.slow_down > 0 && ++sink->stats.requests % sink->options.slow_down == 0;
}

static void serve_operation(struct sink_exchange *x)
{
    switch (x->request->op) {
    case SINK_PUT_OBJECT: sink_put_object(x); break;
    case SINK_COPY_OBJECT: sink_copy_object(x); break;
    case SINK_UPLOAD_PART:
    case SINK_COPY_PART: sink_put_part(x); break;
    case SINK_CREATE_UPLOAD: sink_create_upload(x); break;
    case SINK_COMPLETE_UPLOAD:
    case SINK_ABORT_UPLOAD: sink_end_upload(x); break;
    case SINK_LIST_PARTS:
        sink_answer(x, "200 OK", "",
                    SINK_XML "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>");
        break;
    case SINK_GET_OBJECT:
    case SINK_HEAD_OBJECT: sink_get_object(x); break;
    case SINK_DELETE_OBJECT: sink_delete_object(x); break;
    case SINK_DELETE_OBJECTS: sink_delete_objects(x); break;
    case SINK_LIST_V1:
    case SINK_LIST_V2: sink_list_objects(x); break;
    case SINK_HEAD_BUCKET:
    case SINK_BUCKET_LOCATION:
    case SINK_CREATE_BUCKET:
    case SINK_DELETE_BUCKET:
    case SINK_LIST_BUCKETS: serve_bucket(x); break;
    case SINK_TAGGING:
        sink_answer(x, "200 OK", "",
                    SINK_XML "<Tagging" SINK_NAMESPACE "><TagSet></TagSet></Tagging>");
        break;
    case SINK_OTHER:
    case SINK_OP_COUNT: serve_other(x); break;
    }
}

void sink_serve(struct sink_exchange *x)
{
    struct sink_stats *stats = &x->sink->stats;
    const struct sink_request *request = x->request;
    if (strncmp(request->path, "_stats", 7) == 0 || strncmp(request->path, "_reset", 7) == 0) {
        serve_stats(x, request->path[1] == 'r');
        return;
    }
    if (strncmp(request->path, "_objects/", 9) == 0) {
        serve_total(x, request->path + 9);
        return;
    }
    stats->ops[request->op]++;
    sink_count(stats, SINK_BYTES_IN, x->body_bytes);
    if (strlen(request->path) >= SINK_PATH_MAX_BYTES) {
        sink_answer_error(x, "400 Bad Request", "KeyTooLongError", "Your key is too long");
    } else if (x->fault == SINK_FAULT_503 || is_slowed(x->sink)) {
        sink_count(stats, SINK_ANSWERED_503, 1);
        sink_answer_error(x, "503 Slow Down", "SlowDown", "Please reduce your request rate.");
    } else {
        serve_operation(x);
    }
}
