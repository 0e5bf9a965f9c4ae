/* S3's naming rules for general purpose buckets. What a policy maps, what a request names and what
 * a URL is made of are checked by the same rules. */
#ifndef GS3_TEXT_BUCKET_H
#define GS3_TEXT_BUCKET_H

/* NULL when `bucket` is a name that S3 gives to a bucket itself; else why it is not, in words that
 * follow "bucket NAME:". Aliases, access point ARNs and directory buckets are refused by name: a
 * policy would judge the alias and not what lies behind it. Source: S3 User Guide, "Bucket naming
 * rules". */
const char *gs3_bucket_problem(const char *bucket);

#endif
