#include "transfer/plan.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/tree.h"

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

static void set_direction(struct gs3_plan *plan)
{
    plan->direction = plan->source.kind != GS3_LOCATION_S3        ? GS3_UPLOAD
                      : plan->destination.kind == GS3_LOCATION_S3 ? GS3_COPY
                                                                  : GS3_DOWNLOAD;
}

/* gs3 always sends MetadataDirective REPLACE, so S3 would accept the copy, and mv would then delete
 * the only one there is. */
int gs3_plan_refuse_self(const struct gs3_plan *plan, struct gs3_err *err)
{
    if (plan->operation == GS3_OPERATION_MOVE &&
        gs3_location_is_same_object(&plan->source, &plan->destination))
        return gs3_fail(err, GS3_EUSAGE, "cannot move s3://%s/%s onto itself: it would be deleted",
                        plan->source.bucket, plan->source.key);
    return 0;
}

/* The store moves a copy's bytes by itself, and its ETags say nothing of them. */
static int refuse_md5(const struct gs3_plan *plan, struct gs3_err *err)
{
    if (plan->direction != GS3_COPY || !plan->opts.checks_md5)
        return 0;
    return gs3_fail(err, GS3_EUSAGE,
                    "--verify md5 is for what passes through gs3: a copy within the store does "
                    "not");
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
    set_direction(plan);
    if (check_ends(operation, &plan->source, &plan->destination, err) ||
        gs3_location_resolve(&plan->source, &plan->destination, err))
        return -1;
    if (plan->direction != GS3_UPLOAD && strlen(plan->source.key) > 1024)
        return gs3_fail(err, GS3_EUSAGE, "a key has at most 1024 bytes, the source's has %zu",
                        strlen(plan->source.key));
    return refuse_md5(plan, err) ? -1 : gs3_plan_refuse_self(plan, err);
}

struct gs3_s3_transport *gs3_plan_source_store(const struct gs3_plan *plan,
                                               const struct gs3_lane *lane)
{
    return plan->direction == GS3_COPY ? lane->source : lane->destination;
}

const struct gs3_s3_customer_key *gs3_plan_source_key(const struct gs3_plan *plan)
{
    return plan->direction == GS3_COPY ? plan->opts.copy_source_key : plan->opts.customer_key;
}

/* A copy in the store moves no byte over the network: one request goes further. */
uint64_t gs3_plan_threshold_bytes(const struct gs3_plan *plan)
{
    uint64_t wanted = plan->opts.multipart_threshold_bytes;
    if (wanted > 0)
        return wanted < GS3_PUT_MAXIMUM_BYTES ? wanted : GS3_PUT_MAXIMUM_BYTES;
    return plan->direction == GS3_COPY ? UINT64_C(64) << 20 : UINT64_C(8) << 20;
}

void gs3_plan_release(struct gs3_plan *plan, struct gs3_s3_transport *transport)
{
    if (plan->head_call && transport)
        transport->ops->cancel(transport, plan->head_call);
    plan->head_call = NULL;
    gs3_s3_result_release(&plan->head);
    free(plan->listed_etag);
    gs3_local_source_release(&plan->local);
    gs3_location_release(&plan->source);
    gs3_location_release(&plan->destination);
}

size_t gs3_plan_touches(const struct gs3_plan *plan, struct gs3_touch touches[2])
{
    size_t count = 0;
    if (plan->destination.kind == GS3_LOCATION_S3)
        touches[count++] = (struct gs3_touch){.bucket = gs3_location_governed(&plan->destination),
                                              .key = plan->destination.key,
                                              .actions = GS3_ACTION_WRITE,
                                              .is_metadata_target = true};
    if (plan->source.kind == GS3_LOCATION_S3) {
        unsigned actions = GS3_ACTION_READ;
        if (plan->operation == GS3_OPERATION_MOVE)
            actions |= GS3_ACTION_DELETE;
        touches[count] = (struct gs3_touch){.bucket = gs3_location_governed(&plan->source),
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
        .customer_key = gs3_plan_source_key(plan),
        .checksum = plan->opts.wants_checksum ? GS3_S3_CHECKSUM_CRC64NVME : GS3_S3_CHECKSUM_NONE,
    };
    plan->head_call = transport->ops->start(transport, &request);
}

/* The GET of a small object tells everything that a HEAD would, and asks for the listed ETag. */
static bool is_listed_well_enough(const struct gs3_plan *plan)
{
    return plan->direction == GS3_DOWNLOAD && plan->listed_etag && !plan->head_call &&
           !plan->listed_is_archived && plan->size_bytes < gs3_plan_threshold_bytes(plan);
}

static void take_listed(struct gs3_plan *plan)
{
    gs3_s3_result_release(&plan->head);
    plan->head = (struct gs3_s3_result){
        .etag = gs3_xstrdup(plan->listed_etag),
        .length_bytes = plan->size_bytes,
        .has_length = true,
        .last_modified_s = plan->listed_modified_s,
    };
}

int gs3_plan_init_found(struct gs3_plan *plan, enum gs3_operation operation,
                        struct gs3_tree_found *found, const struct gs3_plan_opts *opts,
                        struct gs3_err *err)
{
    *plan = (struct gs3_plan){.operation = operation,
                              .source = found->source,
                              .destination = found->destination,
                              .opts = *opts,
                              .local = {.fd = -1},
                              .size_bytes = found->size_bytes,
                              .listed_etag = found->etag,
                              .listed_modified_s = found->last_modified_s,
                              .listed_is_archived = found->is_archived};
    found->source = found->destination = (struct gs3_location){.kind = GS3_LOCATION_LOCAL};
    found->etag = NULL;
    set_direction(plan);
    if (check_ends(operation, &plan->source, &plan->destination, err))
        return -1;
    return refuse_md5(plan, err) ? -1 : gs3_plan_refuse_self(plan, err);
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
    if (is_listed_well_enough(plan)) {
        take_listed(plan);
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
