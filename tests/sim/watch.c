/*
 * CloudTrail and GuardDuty, as far as a check of the account asks: which trails there are, what
 * they record and whether they are on; which detector there is, and its features.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/ (JSON 1.1)
 * https://docs.aws.amazon.com/guardduty/latest/APIReference/ (REST)
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define TARGET "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."

bool sim_is_cloudtrail(const struct sim_request *req)
{
    const char *target = sim_pairs_get(&req->headers, "x-amz-target");
    return target && sim_starts_with(target, TARGET);
}

/* A bucket may have the same name as the path: the signature's scope tells. */
bool sim_is_guardduty(const struct sim_request *req)
{
    const char *authorization = sim_pairs_get(&req->headers, "authorization");
    return authorization && strstr(authorization, "/guardduty/aws4_request") &&
           sim_starts_with(req->path_decoded, "/detector");
}

/* JSON 1.1 names the error in the document, REST in a header. */
void sim_answer_watch_error(const struct sim_request *req, struct sim_answer *answer,
                            unsigned status, const char *code, const char *message)
{
    cJSON *body = cJSON_CreateObject();
    if (req->persona == SIM_CLOUDTRAIL) {
        cJSON_AddStringToObject(body, "__type", code);
        cJSON_AddStringToObject(body, "Message", message);
        sim_answer_json(answer, status, body);
        sim_answer_header(answer, "Content-Type", "application/x-amz-json-1.1");
        return;
    }
    cJSON_AddStringToObject(body, "message", message);
    sim_answer_json(answer, status, body);
    sim_answer_header(answer, "x-amzn-ErrorType", code);
}

/* Who asks, and whether they may. */
static bool admit(struct sim *sim, const struct sim_request *req, const char *service,
                  const char *action, struct sim_answer *answer)
{
    struct sim_signature signature = {0};
    cJSON *keys = sim_fixture_load(sim, "sts.json", SIM_TIME_ISO, answer);
    if (!keys)
        return false;
    bool good = sim_sigv4_check(req, keys, service, &signature);
    const char *arn = sim_json_string(signature.identity, "arn");
    if (!good)
        sim_answer_watch_error(req, answer, signature.status, signature.code, signature.message);
    if (good && sim_fault_arg(req, "denied")) {
        char *message = sim_printf("User: %s is not authorized to perform: %s:%s because no "
                                   "identity-based policy allows the %s:%s action",
                                   arn ? arn : "", service, action, service, action);
        sim_answer_watch_error(req, answer, req->persona == SIM_CLOUDTRAIL ? 400 : 403,
                               "AccessDeniedException", message);
        free(message);
        good = false;
    }
    cJSON_Delete(signature.identity);
    cJSON_Delete(keys);
    return good;
}

static const cJSON *find_trail(const cJSON *trails, const char *wanted)
{
    const cJSON *trail = NULL;
    cJSON_ArrayForEach(trail, trails)
    {
        const char *name = sim_json_string(trail, "Name");
        const char *arn = sim_json_string(trail, "TrailARN");
        if (wanted && ((name && strcmp(name, wanted) == 0) || (arn && strcmp(arn, wanted) == 0)))
            return trail;
    }
    return NULL;
}

/* Without what is the fixture's own. */
static cJSON *describe_trails(const struct sim_request *req, const cJSON *trails)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(body, "trailList");
    const cJSON *trail = NULL;
    if (sim_fault_arg(req, "off"))
        return body;
    cJSON_ArrayForEach(trail, trails)
    {
        cJSON *copy = cJSON_Duplicate(trail, true);
        cJSON_DeleteItemFromObject(copy, "_selectors");
        cJSON_DeleteItemFromObject(copy, "_is_logging");
        cJSON_AddItemToArray(list, copy);
    }
    return body;
}

static cJSON *describe_one(const char *action, const cJSON *trail)
{
    if (strcmp(action, "GetTrailStatus") == 0) {
        cJSON *body = cJSON_CreateObject();
        cJSON_AddBoolToObject(body, "IsLogging", sim_json_true(trail, "_is_logging"));
        return body;
    }
    cJSON *body = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(trail, "_selectors"), true);
    cJSON_AddStringToObject(body, "TrailARN", sim_json_string(trail, "TrailARN"));
    return body;
}

void sim_cloudtrail_answer(struct sim *sim, const struct sim_request *req,
                           struct sim_answer *answer)
{
    const char *action = sim_pairs_get(&req->headers, "x-amz-target") + strlen(TARGET);
    if (!admit(sim, req, "cloudtrail", action, answer))
        return;
    cJSON *trails = sim_fixture_load(sim, "cloudtrail.json", SIM_TIME_ISO, answer);
    cJSON *form = cJSON_Parse(req->body.data);
    bool is_one = strcmp(action, "GetEventSelectors") == 0 || strcmp(action, "GetTrailStatus") == 0;
    const char *name = sim_json_string(form, "TrailName");
    const cJSON *trail = find_trail(trails, name ? name : sim_json_string(form, "Name"));
    if (trails && strcmp(action, "DescribeTrails") == 0)
        sim_answer_json(answer, 200, describe_trails(req, trails));
    else if (trails && is_one && trail)
        sim_answer_json(answer, 200, describe_one(action, trail));
    else if (trails)
        sim_answer_watch_error(req, answer, 400,
                               is_one ? "TrailNotFoundException" : "UnsupportedOperationException",
                               "Unknown trail or operation");
    if (trails && answer->status == 200)
        sim_answer_header(answer, "Content-Type", "application/x-amz-json-1.1");
    cJSON_Delete(form);
    cJSON_Delete(trails);
}

static cJSON *list_detectors(const struct sim_request *req, const cJSON *detectors)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *ids = cJSON_AddArrayToObject(body, "detectorIds");
    const cJSON *detector = NULL;
    if (sim_fault_arg(req, "off"))
        return body;
    cJSON_ArrayForEach(detector, detectors)
        cJSON_AddItemToArray(ids, cJSON_CreateString(detector->string));
    return body;
}

void sim_guardduty_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    const char *id = req->path_decoded + strlen("/detector");
    if (!admit(sim, req, "guardduty", *id ? "GetDetector" : "ListDetectors", answer))
        return;
    cJSON *detectors = sim_fixture_load(sim, "guardduty.json", SIM_TIME_ISO, answer);
    const cJSON *one = *id == '/' ? cJSON_GetObjectItemCaseSensitive(detectors, id + 1) : NULL;
    if (detectors && *id == '\0')
        sim_answer_json(answer, 200, list_detectors(req, detectors));
    else if (one)
        sim_answer_json(answer, 200, cJSON_Duplicate(one, true));
    else if (detectors)
        sim_answer_watch_error(req, answer, 400, "BadRequestException",
                               "The request is rejected because the input detectorId is not owned "
                               "by the current account.");
    cJSON_Delete(detectors);
}
