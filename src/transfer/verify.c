#include "transfer/verify.h"

#include "base/str.h"
#include "s3/checksum.h"
#include "transfer/metadata.h"

static int compare_property(const char *name, const char *sent, const char *found,
                            struct gs3_err *err)
{
    /* A store adds a content type of its own where none was sent. */
    if (!sent || gs3_str_equal(sent, found))
        return 0;
    return gs3_fail(err, GS3_EFAIL, "%s is \"%s\" on the destination, \"%s\" was sent", name,
                    found ? found : "", sent);
}

static int compare_properties(const struct gs3_s3_properties *sent,
                              const struct gs3_s3_properties *found, struct gs3_err *err)
{
    if (!sent)
        return 0;
    if (compare_property("Content-Type", sent->content_type, found->content_type, err) ||
        compare_property("Cache-Control", sent->cache_control, found->cache_control, err) ||
        compare_property("Content-Disposition", sent->content_disposition,
                         found->content_disposition, err) ||
        compare_property("Content-Encoding", sent->content_encoding, found->content_encoding,
                         err) ||
        compare_property("Content-Language", sent->content_language, found->content_language, err))
        return -1;
    return compare_property("Expires", sent->expires, found->expires, err);
}

/* Full-object checksums of one algorithm are comparable; composite ones depend on the parts. */
static int compare_checksums(const struct gs3_pairs *source, const struct gs3_pairs *found,
                             struct gs3_err *err)
{
    const char *source_type = gs3_pairs_get(source, "type");
    const char *found_type = gs3_pairs_get(found, "type");
    if (gs3_str_equal(source_type, "COMPOSITE") || gs3_str_equal(found_type, "COMPOSITE"))
        return 0;
    for (size_t i = 0; i < source->count; i++) {
        const char *name = source->items[i].name;
        const char *value = gs3_pairs_get(found, name);
        if (!gs3_str_equal(name, "type") && value && !gs3_str_equal(value, source->items[i].value))
            return gs3_fail(err, GS3_EFAIL, "checksum %s differs on the destination", name);
    }
    return 0;
}

static int compare_computed(const struct gs3_written *written, const struct gs3_s3_result *found,
                            struct gs3_err *err)
{
    const char *sent = written->write->checksum;
    const char *value = gs3_pairs_get(&found->checksums, gs3_s3_checksum_suffix(written->checksum));
    if (!sent || !value || gs3_s3_checksum_is_composite(value) || gs3_str_equal(sent, value))
        return 0;
    return gs3_fail(err, GS3_EFAIL, "its %s is %.100s, that of what was sent is %s",
                    gs3_s3_checksum_name(written->checksum), value, sent);
}

static int compare(const struct gs3_written *written, const struct gs3_s3_result *found,
                   struct gs3_err *err)
{
    if (!found->etag || !gs3_str_equal(found->etag, written->write->etag))
        return gs3_fail(err, GS3_EFAIL, "its ETag is %s, the write returned %s",
                        found->etag ? found->etag : "missing", written->write->etag);
    if (!found->has_length || found->length_bytes != written->size_bytes)
        return gs3_fail(err, GS3_EFAIL, "it has %llu bytes, %llu were sent",
                        (unsigned long long)found->length_bytes,
                        (unsigned long long)written->size_bytes);
    if (found->missing_meta > 0)
        return gs3_fail(err, GS3_EFAIL, "the store dropped %u metadata values",
                        found->missing_meta);
    if (gs3_metadata_compare(written->metadata, &found->metadata, err) ||
        compare_properties(written->properties, &found->properties, err))
        return -1;
    if (written->source && compare_checksums(&written->source->checksums, &found->checksums, err))
        return -1;
    return compare_computed(written, found, err);
}

/* Asked for only where there is something to compare: not every store knows the question. */
static enum gs3_s3_checksum asked(const struct gs3_written *written)
{
    bool has_source = written->source && written->source->checksums.count > 0;
    return has_source && written->checksum == GS3_S3_CHECKSUM_NONE ? GS3_S3_CHECKSUM_CRC64NVME
                                                                   : written->checksum;
}

int gs3_verify_written(struct gs3_s3_transport *transport, const struct gs3_written *written,
                       struct gs3_err *err)
{
    const struct gs3_location *object = written->object;
    if (gs3_str_is_empty(written->write->etag))
        return gs3_fail(err, GS3_EFAIL,
                        "the source is kept: the write of s3://%s/%s returned no "
                        "ETag to check it by",
                        object->bucket, object->key);
    const struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = object->bucket,
                   .key = object->key,
                   .version_id = written->write->version_id},
        .customer_key = written->key,
        .checksum = asked(written),
    };
    struct gs3_s3_result found = {0};
    int failed = gs3_s3_perform(transport, &request, &found, err) || compare(written, &found, err);
    gs3_s3_result_release(&found);
    if (failed) {
        if (err->class != GS3_EINTERRUPT)
            err->class = GS3_EFAIL;
        return gs3_wrap(err, "the source is kept: read-back of s3://%s/%s", object->bucket,
                        object->key);
    }
    return 0;
}

int gs3_verify_found(const struct gs3_plan *plan, const struct gs3_s3_result *now,
                     struct gs3_err *err)
{
    if (gs3_str_equal(now->etag, plan->head.etag) &&
        gs3_str_equal(now->version_id, plan->head.version_id) &&
        now->length_bytes == plan->head.length_bytes &&
        gs3_str_equal(now->last_modified, plan->head.last_modified))
        return 0;
    return gs3_fail(err, GS3_EFAIL, "the source is kept: s3://%s/%s changed while it was moved",
                    plan->source.bucket, plan->source.key);
}

int gs3_verify_source(struct gs3_s3_transport *transport, const struct gs3_plan *plan,
                      bool survives_interrupt, struct gs3_err *err)
{
    const struct gs3_location *source = &plan->source;
    const struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = source->bucket, .key = source->key},
        .customer_key = gs3_plan_source_key(plan),
        .survives_interrupt = survives_interrupt,
    };
    struct gs3_s3_result now = {0};
    int failed = gs3_s3_perform(transport, &request, &now, err);
    if (failed)
        gs3_wrap(err, "the source is kept: s3://%s/%s cannot be checked", source->bucket,
                 source->key);
    else
        failed = gs3_verify_found(plan, &now, err);
    gs3_s3_result_release(&now);
    return failed;
}

static int get_tags(struct gs3_s3_transport *transport, const struct gs3_location *location,
                    struct gs3_s3_result *result, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT_TAGGING,
        .object = {.bucket = location->bucket, .key = location->key},
    };
    return gs3_s3_perform(transport, &request, result, err);
}

/* Tag keys are case-sensitive, so gs3_pairs_get does not serve. */
static bool has_tag(const struct gs3_pairs *tags, const struct gs3_pair *tag)
{
    for (size_t i = 0; i < tags->count; i++)
        if (gs3_str_equal(tags->items[i].name, tag->name) &&
            gs3_str_equal(tags->items[i].value, tag->value))
            return true;
    return false;
}

static bool is_same_tags(const struct gs3_pairs *a, const struct gs3_pairs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!has_tag(b, &a->items[i]))
            return false;
    return true;
}

static int put_tags(struct gs3_s3_transport *transport, const struct gs3_location *location,
                    const struct gs3_pairs *tags, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_PUT_OBJECT_TAGGING,
        .object = {.bucket = location->bucket, .key = location->key},
        .tags = tags,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(transport, &request, &result, err);
    gs3_s3_result_release(&result);
    return failed;
}

int gs3_verify_tags_are(struct gs3_s3_transport *transport, const struct gs3_plan *plan,
                        const struct gs3_pairs *tags, struct gs3_err *err)
{
    for (int round = 0; round < 2; round++) {
        struct gs3_s3_result found = {0};
        int failed = get_tags(transport, &plan->destination, &found, err);
        bool is_same = !failed && is_same_tags(tags, &found.tags);
        gs3_s3_result_release(&found);
        /* Ceph has nothing to say of tags that it has just lost. */
        bool is_lost = failed && round == 0 && err && gs3_str_equal(err->code, "UnusableAnswer");
        if (is_same || (failed && !is_lost))
            return failed;
        if (is_lost)
            gs3_err_clear(err);
        if (round == 0 && put_tags(transport, &plan->destination, tags, err))
            return -1;
    }
    return gs3_fail(err, GS3_EFAIL, "the store does not keep them");
}

int gs3_verify_tags(const struct gs3_lane *lane, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_s3_result source = {0};
    int failed = get_tags(lane->source, &plan->source, &source, err) ||
                 gs3_verify_tags_are(lane->destination, plan, &source.tags, err);
    gs3_s3_result_release(&source);
    return failed ? gs3_wrap(err, "tags of s3://%s/%s", plan->destination.bucket,
                             plan->destination.key)
                  : 0;
}
