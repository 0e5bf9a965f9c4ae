#include "aws/guardduty.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"

enum { ID_BYTES = 300, ATTEMPTS = 2, ATTEMPT_MS = 2500 };

static cJSON *ask(struct gs3_http *http, const struct gs3_aws_config *config,
                  const struct gs3_credentials *credentials, const char *operation,
                  const char *path, struct gs3_err *err)
{
    gs3_auto_free char *endpoint = gs3_guardduty_endpoint_resolve(config, NULL, err);
    if (!endpoint)
        return NULL;
    const struct gs3_aws_question question = {
        .title = "GuardDuty",
        .operation = operation,
        .unknown = "GuardDuty did not say what it watches",
        .service = "guardduty",
        .region = gs3_region_signing(config->region),
        .method = "GET",
        .path = path,
        .is_json = true,
        .attempts = ATTEMPTS,
        .timeout_ms = ATTEMPT_MS,
    };
    struct gs3_aws_ask *call = gs3_aws_ask_start(http, endpoint, credentials, &question);
    return gs3_aws_ask_wait_json(http, call, err);
}

/* It becomes part of a path: hexadecimal, by AWS's own pattern. */
static bool is_detector_id(const char *id)
{
    size_t length = id ? strlen(id) : 0;
    for (size_t i = 0; i < length; i++)
        if (!gs3_ascii_is_alnum(id[i]))
            return false;
    return length > 0 && length <= ID_BYTES;
}

void gs3_guardduty_read(const cJSON *detector, struct gs3_guardduty *found)
{
    const cJSON *features = cJSON_GetObjectItemCaseSensitive(detector, "features");
    const cJSON *feature;
    found->has_detector = true;
    found->is_enabled = gs3_str_equal(gs3_json_string(detector, "status"), "ENABLED");
    cJSON_ArrayForEach(feature, features)
    {
        if (gs3_str_equal(gs3_json_string(feature, "name"), "S3_DATA_EVENTS"))
            found->watches_s3 = gs3_str_equal(gs3_json_string(feature, "status"), "ENABLED");
    }
    if (cJSON_IsArray(features))
        return;
    /* As it was before there were features. */
    const cJSON *sources = cJSON_GetObjectItemCaseSensitive(detector, "dataSources");
    const cJSON *logs = cJSON_GetObjectItemCaseSensitive(sources, "s3Logs");
    found->watches_s3 = gs3_str_equal(gs3_json_string(logs, "status"), "ENABLED");
}

int gs3_guardduty_find(struct gs3_http *http, const struct gs3_aws_config *config,
                       const struct gs3_credentials *credentials, struct gs3_guardduty *found,
                       struct gs3_err *err)
{
    *found = (struct gs3_guardduty){.has_detector = false};
    gs3_auto_json cJSON *list = ask(http, config, credentials, "ListDetectors", "/detector", err);
    if (!list)
        return -1;
    const cJSON *ids = cJSON_GetObjectItemCaseSensitive(list, "detectorIds");
    if (!cJSON_IsArray(ids))
        return gs3_fail(err, GS3_EUNDECIDED,
                        "GuardDuty's answer cannot be used: it has no list of detectors");
    if (cJSON_GetArraySize(ids) == 0)
        return 0;
    const char *id = cJSON_GetStringValue(cJSON_GetArrayItem(ids, 0));
    if (!is_detector_id(id))
        return gs3_fail(err, GS3_EUNDECIDED,
                        "GuardDuty's answer cannot be used: a detector has no id");
    gs3_auto_free char *path = gs3_xasprintf("/detector/%s", id);
    gs3_auto_json cJSON *detector = ask(http, config, credentials, "GetDetector", path, err);
    if (!detector)
        return -1;
    gs3_guardduty_read(detector, found);
    return 0;
}
