#include "text/bucket.h"

#include <string.h>

#include "base/str.h"

enum { MINIMUM = 3, MAXIMUM = 63 };

/* Four numbers between dots: a host made of it would be an address. */
static bool is_ipv4_like(const char *bucket)
{
    unsigned dots = 0;
    for (const char *c = bucket; *c; c++) {
        if (*c == '.')
            dots++;
        else if (!gs3_ascii_is_digit(*c))
            return false;
    }
    return dots == 3;
}

/* Names that stand for something other than the bucket of that name: a policy that maps buckets
 * would judge the alias and not what lies behind it. */
static const char *find_alias(const char *bucket)
{
    static const struct {
        const char *suffix, *problem;
    } aliases[] = {
        {"-s3alias",
         "an access point alias is not accepted, for nothing leads from it to its bucket: use "
         "the bucket's own name, or the access point's ARN"},
        {"--ol-s3", "an Object Lambda access point alias is not accepted: use the bucket's own "
                    "name"},
        {"--op-s3", "an Outposts access point alias is not accepted"},
        {".mrap", "a multi-region access point is not accepted: use the bucket's own name"},
        {"--x-s3", "a directory bucket (S3 Express) is not available in this build of gs3"},
        {"--xa-s3", "an access point of a directory bucket is not accepted"},
        {"--table-s3", "a table bucket holds no objects to transfer"},
    };
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (gs3_str_has_suffix(bucket, aliases[i].suffix))
            return aliases[i].problem;
    return NULL;
}

static const char *find_reserved(const char *bucket)
{
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (gs3_str_has_prefix(bucket, prefixes[i]))
            return "S3 reserves names that begin so";
    return NULL;
}

static const char *find_bad_character(const char *bucket)
{
    for (const char *c = bucket; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            return "bucket names are lower case";
        if (!gs3_ascii_is_alnum(*c) && *c != '-' && *c != '.')
            return "bucket names hold a-z, 0-9, \"-\" and \".\" only";
    }
    return NULL;
}

const char *gs3_bucket_problem(const char *bucket)
{
    if (gs3_str_has_prefix(bucket, "arn:"))
        return "an access point ARN is not accepted: use the bucket's own name";
    size_t length = strlen(bucket);
    if (length < MINIMUM || length > MAXIMUM)
        return "bucket names have 3 to 63 characters";
    const char *problem = find_bad_character(bucket);
    if (problem)
        return problem;
    if (!gs3_ascii_is_alnum(bucket[0]) || !gs3_ascii_is_alnum(bucket[length - 1]))
        return "bucket names begin and end with a letter or a digit";
    if (strstr(bucket, ".."))
        return "bucket names hold no two dots in a row";
    if (is_ipv4_like(bucket))
        return "a bucket name cannot be an IP address";
    problem = find_alias(bucket);
    return problem ? problem : find_reserved(bucket);
}
