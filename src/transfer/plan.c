#include "transfer/plan.h"

#include <string.h>

#include "base/str.h"

static int check_ends(enum gs3_operation operation, const struct gs3_location *source,
                      const struct gs3_location *destination, struct gs3_err *err)
{
    bool from_s3 = source->kind == GS3_LOCATION_S3;
    bool to_s3 = destination->kind == GS3_LOCATION_S3;
    if (!from_s3 && !to_s3)
        return gs3_fail(err, GS3_EUSAGE, "one of source and destination must be an s3:// address");
    if (operation == GS3_OPERATION_PUT && (from_s3 || !to_s3))
        return gs3_fail(err, GS3_EUSAGE,
                        "put writes a local file or standard input to s3://: use "
                        "cp or mv to read from S3");
    if (operation == GS3_OPERATION_MOVE &&
        (source->kind == GS3_LOCATION_STREAM || destination->kind == GS3_LOCATION_STREAM))
        return gs3_fail(err, GS3_EUSAGE, "a stream cannot be moved: use cp or put with -");
    if (from_s3 && !*source->key)
        return gs3_fail(err, GS3_EUSAGE, "s3://%s: name one object of the bucket", source->bucket);
    return 0;
}

int gs3_plan_init(struct gs3_plan *plan, enum gs3_operation operation, struct gs3_location *source,
                  struct gs3_location *destination, const struct gs3_plan_opts *opts,
                  struct gs3_err *err)
{
    *plan = (struct gs3_plan){.operation = operation,
                              .source = *source,
                              .destination = *destination,
                              .opts = *opts,
                              .local = {.fd = -1}};
    *source = *destination = (struct gs3_location){.kind = GS3_LOCATION_LOCAL};
    plan->direction = plan->source.kind != GS3_LOCATION_S3        ? GS3_UPLOAD
                      : plan->destination.kind == GS3_LOCATION_S3 ? GS3_COPY
                                                                  : GS3_DOWNLOAD;
    if (check_ends(operation, &plan->source, &plan->destination, err) ||
        gs3_location_resolve(&plan->source, &plan->destination, err))
        return -1;
    if (plan->direction != GS3_UPLOAD && strlen(plan->source.key) > 1024)
        return gs3_fail(err, GS3_EUSAGE, "a key has at most 1024 bytes, the source's has %zu",
                        strlen(plan->source.key));
    /* gs3 always sends MetadataDirective REPLACE, so S3 would accept the copy, and mv would then
     * delete the only one there is. */
    if (operation == GS3_OPERATION_MOVE &&
        gs3_location_is_same_object(&plan->source, &plan->destination))
        return gs3_fail(err, GS3_EUSAGE, "cannot move s3://%s/%s onto itself: it would be deleted",
                        plan->source.bucket, plan->source.key);
    return 0;
}

void gs3_plan_release(struct gs3_plan *plan, struct gs3_s3_transport *transport)
{
    if (plan->head_call && transport)
        transport->ops->cancel(transport, plan->head_call);
    plan->head_call = NULL;
    gs3_s3_result_release(&plan->head);
    gs3_local_source_release(&plan->local);
    gs3_location_release(&plan->source);
    gs3_location_release(&plan->destination);
}

size_t gs3_plan_touches(const struct gs3_plan *plan, struct gs3_touch touches[2])
{
    size_t count = 0;
    if (plan->destination.kind == GS3_LOCATION_S3)
        touches[count++] = (struct gs3_touch){.bucket = plan->destination.bucket,
                                              .key = plan->destination.key,
                                              .actions = GS3_ACTION_WRITE,
                                              .is_metadata_target = true};
    if (plan->source.kind == GS3_LOCATION_S3) {
        unsigned actions = GS3_ACTION_READ;
        if (plan->operation == GS3_OPERATION_MOVE)
            actions |= GS3_ACTION_DELETE;
        touches[count] = (struct gs3_touch){.bucket = plan->source.bucket,
                                            .key = plan->source.key,
                                            .actions = actions,
                                            .is_metadata_target = count == 0};
        count++;
    }
    return count;
}

void gs3_plan_look_start(struct gs3_plan *plan, struct gs3_s3_transport *transport)
{
    if (plan->direction == GS3_UPLOAD || plan->head_call)
        return;
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
    };
    plan->head_call = transport->ops->start(transport, &request);
}

int gs3_plan_look(struct gs3_plan *plan, struct gs3_s3_transport *transport, struct gs3_err *err)
{
    if (plan->source.kind == GS3_LOCATION_STREAM)
        return 0;
    if (plan->source.kind == GS3_LOCATION_LOCAL) {
        if (plan->local.fd < 0 && gs3_local_source_open(plan->source.path, &plan->local, err))
            return -1;
        plan->size_bytes = plan->local.size_bytes;
        return 0;
    }
    gs3_plan_look_start(plan, transport);
    struct gs3_s3_call *call = plan->head_call;
    plan->head_call = NULL;
    if (transport->ops->wait(transport, call, &plan->head, err)) {
        if (gs3_s3_err_is_not_found(err))
            return gs3_fail(err, err->class,
                            "An error occurred (404) when calling the HeadObject "
                            "operation: Key \"%s\" does not exist",
                            plan->source.key);
        return -1;
    }
    if (!plan->head.has_length || !plan->head.etag)
        return gs3_fail(err, GS3_EFAIL, "s3://%s/%s: the store's answer to HeadObject has no %s",
                        plan->source.bucket, plan->source.key, plan->head.etag ? "length" : "ETag");
    plan->size_bytes = plan->head.length_bytes;
    return 0;
}
