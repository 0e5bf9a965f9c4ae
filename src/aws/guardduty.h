/* Whether GuardDuty watches S3 in this account and region (S3 Protection).
 *
 * For a check of the account: nothing is decided by it. Depends on aws/ask, text/json. Source: AWS,
 * GuardDuty API reference (ListDetectors, GetDetector). */
#ifndef GS3_AWS_GUARDDUTY_H
#define GS3_AWS_GUARDDUTY_H

#include "aws/ask.h"

struct gs3_guardduty {
    bool has_detector, is_enabled; /* of the region */
    bool watches_s3;               /* the feature S3_DATA_EVENTS */
};

/* Errors as gs3_aws_ask_wait_json's. */
int gs3_guardduty_find(struct gs3_http *http, const struct gs3_aws_config *config,
                       const struct gs3_credentials *credentials, struct gs3_guardduty *found,
                       struct gs3_err *err);

/* GetDetector's answer. */
void gs3_guardduty_read(const cJSON *detector, struct gs3_guardduty *found);

#endif
