/* Whether CloudTrail records what happens to the objects of a bucket (data events).
 *
 * For a check of the account: nothing is decided by it. The trails are read once, and judged for
 * each bucket. Depends on aws/ask, text/json. Source: AWS, CloudTrail API reference
 * (DescribeTrails, GetEventSelectors, GetTrailStatus). */
#ifndef GS3_AWS_TRAIL_H
#define GS3_AWS_TRAIL_H

#include "aws/ask.h"

struct gs3_trail {
    char *name;
    cJSON *selectors; /* GetEventSelectors' answer; NULL: the caller may not ask */
    bool is_stopped;  /* it records nothing now */
};

struct gs3_trails {
    struct gs3_trail *items;
    size_t count;
    size_t denied_count; /* of those without selectors */
};

/* Of the configured region: its own trails, and those of all regions. At most 10 s. Errors as
 * gs3_aws_ask_wait_json's, GS3_EUNDECIDED when the time is up; released by the caller in any case.
 */
int gs3_trails_load(struct gs3_http *http, const struct gs3_aws_config *config,
                    const struct gs3_credentials *credentials, struct gs3_trails *trails,
                    struct gs3_err *err);
void gs3_trails_release(struct gs3_trails *trails);

enum gs3_trail_cover { GS3_TRAIL_NONE, GS3_TRAIL_SOME, GS3_TRAIL_ALL };

struct gs3_trail_verdict {
    enum gs3_trail_cover reads, writes; /* of the objects below the prefix */
    const char *name;                   /* of a trail that records something; NULL: none does */
    const char *stopped_name;           /* of one that would, and is switched off; NULL: none */
};

/* `prefix` is what the keys begin with, "" for all of the bucket. */
struct gs3_trail_verdict gs3_trails_judge(const struct gs3_trails *trails, const char *partition,
                                          const char *bucket, const char *prefix);

#endif
