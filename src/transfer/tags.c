#include "transfer/tags.h"

#include "policy/object_tag.h"

const struct gs3_pairs *gs3_tags_build(const struct gs3_work *work, struct gs3_pairs *tags)
{
    const struct gs3_pairs *users = work->plan->opts.tags;
    const struct gs3_pairs *injected = gs3_permit_tags(work->permit);
    if (users)
        gs3_pairs_copy(tags, users);
    gs3_pairs_copy(tags, injected);
    return users || injected->count > 0 ? tags : NULL;
}

int gs3_tags_add_source(const struct gs3_work *work, struct gs3_pairs *tags, struct gs3_err *err)
{
    const struct gs3_plan *plan = work->plan;
    struct gs3_s3_request request = {
        .op = GS3_S3_GET_OBJECT_TAGGING,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
    };
    bool rides_along = !plan->opts.tags && plan->opts.copy_props == GS3_COPY_PROPS_DEFAULT;
    if (!rides_along || plan->head.tag_count == 0 || gs3_permit_tags(work->permit)->count == 0)
        return 0;
    struct gs3_s3_result source = {0};
    if (gs3_s3_perform(work->lane->source, &request, &source, err)) {
        gs3_s3_result_release(&source);
        return gs3_wrap(err, "the source's tags cannot be read");
    }
    for (size_t i = 0; i < source.tags.count; i++)
        if (!gs3_pairs_has(gs3_permit_tags(work->permit), source.tags.items[i].name))
            gs3_pairs_add(tags, source.tags.items[i].name, source.tags.items[i].value);
    gs3_s3_result_release(&source);
    if (tags->count <= GS3_OBJECT_TAGS)
        return 0;
    return gs3_fail(err, GS3_EFAIL,
                    "the source's tags and the policy's are %zu together, an object has at most "
                    "%d: see --copy-props, --tags",
                    tags->count, GS3_OBJECT_TAGS);
}
