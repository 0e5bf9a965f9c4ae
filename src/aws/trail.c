#include "aws/trail.h"

#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

#define TARGET "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."

enum { TRAILS = 100, NAME_BYTES = 200, TOTAL_MS = 10 * 1000, ATTEMPTS = 2, ATTEMPT_MS = 4500 };

struct asker {
    struct gs3_http *http;
    const struct gs3_aws_config *config;
    const struct gs3_credentials *credentials;
    char *endpoint;
    int64_t deadline_ms;
};

static cJSON *ask(const struct asker *asker, const char *operation, const char *body,
                  struct gs3_err *err)
{
    int64_t left_ms = asker->deadline_ms - gs3_clock_monotonic_ms(&gs3_clock_system);
    if (left_ms <= 0) {
        gs3_fail(err, GS3_EUNDECIDED, "CloudTrail did not answer in time");
        return NULL;
    }
    gs3_auto_free char *target = gs3_xasprintf(TARGET "%s", operation);
    const struct gs3_aws_question question = {
        .title = "CloudTrail",
        .operation = operation,
        .unknown = "CloudTrail did not say what it records",
        .service = "cloudtrail",
        .region = gs3_region_signing(asker->config->region),
        .method = "POST",
        .path = "/",
        .form = body,
        .target = target,
        .is_json = true,
        .attempts = ATTEMPTS,
        .timeout_ms = left_ms < ATTEMPT_MS ? (uint32_t)left_ms : ATTEMPT_MS,
    };
    struct gs3_aws_ask *call =
        gs3_aws_ask_start(asker->http, asker->endpoint, asker->credentials, &question);
    return gs3_aws_ask_wait_json(asker->http, call, err);
}

/* {"NAME":"VALUE"} */
static char *one_member(const char *name, const char *value)
{
    struct gs3_buf text = GS3_BUF_INIT(GS3_JSON_BYTES);
    gs3_buf_printf(&text, "{\"%s\":", name);
    gs3_json_append_string(&text, value);
    gs3_buf_puts(&text, "}");
    return gs3_buf_take(&text);
}

/* One trail's selectors, and whether it is on. What may not be asked is left open. */
static int load_trail(const struct asker *asker, const cJSON *listed, struct gs3_trail *trail,
                      struct gs3_err *err)
{
    const char *name = gs3_json_string(listed, "Name");
    const char *arn = gs3_json_string(listed, "TrailARN");
    if (gs3_str_is_empty(name) || gs3_str_is_empty(arn))
        return gs3_fail(err, GS3_EUNDECIDED,
                        "CloudTrail's answer cannot be used: a trail has no name");
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(NAME_BYTES);
    gs3_utf8_append_printable(&shown, name);
    trail->name = gs3_buf_take(&shown);
    gs3_auto_free char *which = one_member("TrailName", arn);
    trail->selectors = ask(asker, "GetEventSelectors", which, err);
    if (!trail->selectors)
        return gs3_aws_err_is_denied(err) ? 0 : -1;
    gs3_auto_free char *whose = one_member("Name", arn);
    gs3_auto_json cJSON *status = ask(asker, "GetTrailStatus", whose, err);
    if (!status)
        return gs3_aws_err_is_denied(err) ? 0 : -1;
    trail->is_stopped = cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(status, "IsLogging"));
    return 0;
}

static int load_trails(const struct asker *asker, struct gs3_trails *trails, struct gs3_err *err)
{
    gs3_auto_json cJSON *list = ask(asker, "DescribeTrails", "{\"includeShadowTrails\":true}", err);
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(list, "trailList");
    const cJSON *listed;
    if (!list)
        return -1;
    if (!cJSON_IsArray(items) || cJSON_GetArraySize(items) > TRAILS)
        return gs3_fail(err, GS3_EUNDECIDED,
                        "CloudTrail's answer cannot be used: it has no list of at most %d trails",
                        TRAILS);
    trails->items = gs3_xcalloc((size_t)cJSON_GetArraySize(items) + 1, sizeof *trails->items);
    cJSON_ArrayForEach(listed, items)
    {
        struct gs3_trail *trail = &trails->items[trails->count++];
        if (load_trail(asker, listed, trail, err))
            return -1;
        trails->denied_count += !trail->selectors;
    }
    gs3_err_clear(err);
    return 0;
}

int gs3_trails_load(struct gs3_http *http, const struct gs3_aws_config *config,
                    const struct gs3_credentials *credentials, struct gs3_trails *trails,
                    struct gs3_err *err)
{
    struct asker asker = {.http = http,
                          .config = config,
                          .credentials = credentials,
                          .deadline_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + TOTAL_MS};
    *trails = (struct gs3_trails){.count = 0};
    asker.endpoint = gs3_cloudtrail_endpoint_resolve(config, NULL, err);
    int status = asker.endpoint ? load_trails(&asker, trails, err) : -1;
    free(asker.endpoint);
    return status;
}

void gs3_trails_release(struct gs3_trails *trails)
{
    for (size_t i = 0; i < trails->count; i++) {
        free(trails->items[i].name);
        cJSON_Delete(trails->items[i].selectors);
    }
    free(trails->items);
    *trails = (struct gs3_trails){.count = 0};
}

static void raise_to(enum gs3_trail_cover *cover, enum gs3_trail_cover reached)
{
    if (*cover < reached)
        *cover = reached;
}

static bool has_text(const cJSON *list, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list) if (gs3_str_equal(cJSON_GetStringValue(item), text)) return true;
    return false;
}

/* What a list of beginnings has of the objects whose names begin with `target`. */
static enum gs3_trail_cover cover_of(const cJSON *beginnings, const char *target)
{
    enum gs3_trail_cover cover = GS3_TRAIL_NONE;
    const cJSON *item;
    cJSON_ArrayForEach(item, beginnings)
    {
        const char *text = cJSON_GetStringValue(item);
        if (text && gs3_str_has_prefix(target, text))
            raise_to(&cover, GS3_TRAIL_ALL);
        else if (text && gs3_str_has_prefix(text, target))
            raise_to(&cover, GS3_TRAIL_SOME);
    }
    return cover;
}

/* {"ReadWriteType":"All","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::b/"]}]}
 */
static void judge_basic(const cJSON *selector, const char *target,
                        struct gs3_trail_verdict *verdict)
{
    const char *kind = gs3_json_string(selector, "ReadWriteType");
    const cJSON *resource;
    cJSON_ArrayForEach(resource, cJSON_GetObjectItemCaseSensitive(selector, "DataResources"))
    {
        if (!gs3_str_equal(gs3_json_string(resource, "Type"), "AWS::S3::Object"))
            continue;
        enum gs3_trail_cover cover =
            cover_of(cJSON_GetObjectItemCaseSensitive(resource, "Values"), target);
        if (!gs3_str_equal(kind, "WriteOnly"))
            raise_to(&verdict->reads, cover);
        if (!gs3_str_equal(kind, "ReadOnly"))
            raise_to(&verdict->writes, cover);
    }
}

/* What a condition on resources.ARN leaves of the target. */
static enum gs3_trail_cover judge_arn(const cJSON *field, const char *target)
{
    enum gs3_trail_cover cover = GS3_TRAIL_ALL;
    const cJSON *condition;
    cJSON_ArrayForEach(condition, field)
    {
        enum gs3_trail_cover reached = GS3_TRAIL_SOME;
        enum gs3_trail_cover named = cover_of(condition, target);
        if (gs3_str_equal(condition->string, "Field"))
            continue;
        if (gs3_str_equal(condition->string, "StartsWith"))
            reached = named;
        else if (gs3_str_equal(condition->string, "NotStartsWith"))
            reached = named == GS3_TRAIL_ALL    ? GS3_TRAIL_NONE
                      : named == GS3_TRAIL_SOME ? GS3_TRAIL_SOME
                                                : GS3_TRAIL_ALL;
        else if (gs3_str_equal(condition->string, "Equals") && named == GS3_TRAIL_NONE)
            reached = GS3_TRAIL_NONE;
        cover = reached < cover ? reached : cover;
    }
    return cover;
}

/* {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},…]}: all fields must match. A
 * field that is not known here (eventName, userIdentity.arn…) leaves some of the events. */
static void judge_advanced(const cJSON *selector, const char *target,
                           struct gs3_trail_verdict *verdict)
{
    enum gs3_trail_cover cover = GS3_TRAIL_ALL;
    bool is_data = false, is_objects = false, has_reads = true, has_writes = true;
    const cJSON *field;
    cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(selector, "FieldSelectors"))
    {
        const char *name = gs3_json_string(field, "Field");
        const cJSON *equals = cJSON_GetObjectItemCaseSensitive(field, "Equals");
        enum gs3_trail_cover reached = GS3_TRAIL_ALL;
        if (gs3_str_equal(name, "eventCategory"))
            is_data = has_text(equals, "Data");
        else if (gs3_str_equal(name, "resources.type"))
            is_objects = has_text(equals, "AWS::S3::Object");
        else if (gs3_str_equal(name, "readOnly")) {
            has_reads = has_text(equals, "true");
            has_writes = has_text(equals, "false");
        } else if (gs3_str_equal(name, "resources.ARN"))
            reached = judge_arn(field, target);
        else
            reached = GS3_TRAIL_SOME;
        cover = reached < cover ? reached : cover;
    }
    if (is_data && is_objects && has_reads)
        raise_to(&verdict->reads, cover);
    if (is_data && is_objects && has_writes)
        raise_to(&verdict->writes, cover);
}

static struct gs3_trail_verdict judge_trail(const struct gs3_trail *trail, const char *target)
{
    struct gs3_trail_verdict verdict = {.name = NULL};
    const cJSON *basic = cJSON_GetObjectItemCaseSensitive(trail->selectors, "EventSelectors");
    const cJSON *advanced =
        cJSON_GetObjectItemCaseSensitive(trail->selectors, "AdvancedEventSelectors");
    const cJSON *selector;
    cJSON_ArrayForEach(selector, basic) judge_basic(selector, target, &verdict);
    cJSON_ArrayForEach(selector, advanced) judge_advanced(selector, target, &verdict);
    return verdict;
}

struct gs3_trail_verdict gs3_trails_judge(const struct gs3_trails *trails, const char *partition,
                                          const char *bucket, const char *prefix)
{
    struct gs3_trail_verdict all = {.name = NULL};
    gs3_auto_free char *target = gs3_xasprintf("arn:%s:s3:::%s/%s", partition, bucket, prefix);
    for (size_t i = 0; i < trails->count; i++) {
        const struct gs3_trail *trail = &trails->items[i];
        struct gs3_trail_verdict one = judge_trail(trail, target);
        if (one.reads == GS3_TRAIL_NONE && one.writes == GS3_TRAIL_NONE)
            continue;
        if (trail->is_stopped) {
            all.stopped_name = trail->name;
            continue;
        }
        raise_to(&all.reads, one.reads);
        raise_to(&all.writes, one.writes);
        all.name = trail->name;
    }
    return all;
}
