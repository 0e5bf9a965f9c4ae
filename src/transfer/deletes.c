#include "transfer/deletes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"
#include "transfer/second_look.h"
#include "transfer/verify.h"

static int look_at_source(const struct gs3_lane *lane, const struct gs3_plan *plan,
                          struct gs3_s3_result *found, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_HEAD_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .customer_key = gs3_plan_source_key(plan),
    };
    return gs3_s3_perform(gs3_plan_source_store(plan, lane), &request, found, err);
}

/* A delete that failed may have been done, by it or by another: whether the source is there says
 * it, and no second delete may: it could hit what someone wrote meanwhile. */
static int settle(const struct gs3_lane *lane, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_s3_result found = {0};
    struct gs3_err look = GS3_ERR_INIT;
    int failed = look_at_source(lane, plan, &found, &look);
    gs3_s3_result_release(&found);
    if (failed && gs3_s3_err_is_not_found(&look)) {
        gs3_err_clear(err);
        return 0;
    }
    if (failed)
        return gs3_wrap(err,
                        "the destination is complete, and whether the source was deleted is not "
                        "known: look at it");
    return gs3_wrap(err, "the destination is complete, the source is kept");
}

int gs3_delete_source(const struct gs3_lane *lane, const struct gs3_plan *plan, struct gs3_err *err)
{
    struct gs3_s3_request request = {
        .op = GS3_S3_DELETE_OBJECT,
        .object = {.bucket = plan->source.bucket, .key = plan->source.key},
        .if_match = plan->head.etag,
    };
    struct gs3_s3_result result = {0};
    int failed = gs3_s3_perform(gs3_plan_source_store(plan, lane), &request, &result, err);
    if (failed && gs3_str_equal(err->code, "NotImplemented")) {
        /* The store has no conditional delete. The source was checked a moment ago. */
        gs3_s3_result_release(&result);
        request.if_match = NULL;
        failed = gs3_s3_perform(gs3_plan_source_store(plan, lane), &request, &result, err);
    }
    gs3_s3_result_release(&result);
    return failed ? settle(lane, plan, err) : 0;
}

bool gs3_delete_is_batchable(const struct gs3_plan *plan)
{
    const char *key = plan->source.key;
    size_t left = strlen(key);
    uint32_t character = 0;
    while (left > 0) {
        size_t length = gs3_utf8_decode(key, left, &character);
        if (length == 0 || character < ' ' || character == 0xFFFE || character == 0xFFFF)
            return false;
        key += length;
        left -= length;
    }
    return true;
}

/* After a batch that failed or named no outcome: gone already, or still what it was and deleted by
 * itself. */
static int delete_after_all(const struct gs3_lane *lane, const struct gs3_plan *plan,
                            struct gs3_err *err)
{
    gs3_err_clear(err);
    struct gs3_s3_result found = {0};
    int failed = look_at_source(lane, plan, &found, err);
    bool is_gone = failed && gs3_s3_err_is_not_found(err);
    if (is_gone)
        gs3_err_clear(err);
    else if (failed)
        gs3_wrap(err, "the destination is complete, and whether the source was deleted is not "
                      "known: look at it");
    else
        failed = gs3_verify_found(plan, &found, err) || gs3_delete_source(lane, plan, err);
    gs3_s3_result_release(&found);
    return failed && !is_gone ? -1 : 0;
}

static const struct gs3_s3_survivor *find_survivor(const struct gs3_s3_result *result,
                                                   const char *key)
{
    for (size_t i = 0; i < result->survivor_count; i++)
        if (strcmp(result->survivors[i].key, key) == 0)
            return &result->survivors[i];
    return NULL;
}

/* 1: the batch says nothing that settles this one. */
static int take_survivor(struct gs3_delete *one, const struct gs3_s3_survivor *survivor)
{
    const char *code = survivor->code ? survivor->code : "";
    bool is_refused =
        gs3_str_has_prefix(code, "Access") || gs3_str_has_prefix(code, "Precondition");
    if (!is_refused)
        return 1;
    one->failed = gs3_fail(&one->err, GS3_ESERVICE,
                           "the destination is complete, the source is kept: An error occurred "
                           "(%.60s) when calling the DeleteObjects operation: %.300s",
                           code, survivor->message ? survivor->message : "");
    return 0;
}

/* 1: the batch says nothing that settles this one. */
static int take_outcome(const struct gs3_s3_result *result, int failed, const struct gs3_err *err,
                        struct gs3_delete *one)
{
    one->failed = 0;
    if (failed && err->class == GS3_EINTERRUPT) {
        one->err = *err;
        one->failed = gs3_wrap(&one->err, "the destination is complete, and whether the source was "
                                          "deleted is not known");
        return 0;
    }
    if (failed)
        return 1;
    const struct gs3_s3_survivor *survivor = find_survivor(result, one->plan->source.key);
    return survivor ? take_survivor(one, survivor) : 0;
}

/* Never fails: a failed piece would keep the others from their turn. */
static int delete_piece(void *context, size_t piece, const struct gs3_lane *lane,
                        struct gs3_err *err)
{
    (void)err;
    struct gs3_delete *one = ((struct gs3_delete **)context)[piece];
    one->failed = delete_after_all(lane, one->plan, &one->err);
    return 0;
}

void gs3_delete_sources(struct gs3_pool *pool, const struct gs3_lane *lane,
                        const struct gs3_source_listing *listing, struct gs3_delete *deletes,
                        size_t count)
{
    gs3_auto_free struct gs3_s3_victim *victims = gs3_xcalloc(count, sizeof *victims);
    gs3_auto_free struct gs3_delete **open = gs3_xcalloc(count, sizeof *open);
    struct gs3_s3_request request = {
        .op = GS3_S3_DELETE_OBJECTS,
        .object = {.bucket = deletes[0].plan->source.bucket},
        .victims = victims,
        .survives_interrupt = true, /* what is complete is finished */
    };
    struct gs3_s3_result result = {0};
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_batch batch = {.run = delete_piece, .context = open};
    gs3_second_look(pool, lane, listing, deletes, count);
    for (size_t i = 0; i < count; i++)
        if (deletes[i].is_same)
            victims[request.victim_count++] =
                (struct gs3_s3_victim){.key = deletes[i].plan->source.key,
                                       .etag = deletes[i].plan->head.etag};
    if (request.victim_count == 0)
        return;
    int failed =
        gs3_s3_perform(gs3_plan_source_store(deletes[0].plan, lane), &request, &result, &err);
    for (size_t i = 0; i < count; i++)
        if (deletes[i].is_same && take_outcome(&result, failed, &err, &deletes[i]))
            open[batch.count++] = &deletes[i];
    gs3_s3_result_release(&result);
    if (batch.count > 0)
        gs3_pool_run(pool, lane, &batch, &err);
}
