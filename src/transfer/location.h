/* The two ends of a transfer: a local path, an object, or a standard stream; and aws-cli's
 * rules for naming the destination. Depends on base, text. Looks at the local file system (is the
 * destination a directory?), never at S3. */
#ifndef GS3_TRANSFER_LOCATION_H
#define GS3_TRANSFER_LOCATION_H

#include <stdbool.h>

#include "base/err.h"

enum gs3_location_kind { GS3_LOCATION_LOCAL, GS3_LOCATION_STREAM, GS3_LOCATION_S3 };

struct gs3_location {
    enum gs3_location_kind kind;
    char *path;          /* local: as given, then resolved; else NULL */
    char *bucket;        /* S3, else NULL: as requests name it, so perhaps an access point's ARN */
    char *bucket_behind; /* S3: of an access point, once it is known; else NULL */
    char *key;           /* S3: raw bytes, may be "" until it is resolved */
};

/* "s3://bucket/key", "-" or a path. The ARN of an access point stands for a bucket, with its slash
 * ("s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/key", or ":NAME/key"): it is kept as one, its
 * parts are not looked at. A user part ("s3://id:secret@…") is refused without
 * being repeated. GS3_EUSAGE. */
int gs3_location_parse(const char *argument, struct gs3_location *location, struct gs3_err *err);
void gs3_location_release(struct gs3_location *location);

/* Completes the destination's name: a bucket alone, a key that ends in "/" or an existing
 * local directory takes the source's last part; anything else is the exact name. Checks the key (1
 * to 1024 bytes of UTF-8). GS3_EUSAGE. */
int gs3_location_resolve(const struct gs3_location *source, struct gs3_location *destination,
                         struct gs3_err *err);

/* The bucket that the policy judges: the one behind an access point. */
const char *gs3_location_governed(const struct gs3_location *location);

/* Whether both are the same object, through whichever access point. Governed buckets are plain
 * names (aliases were refused before), so equality of bytes is equality of objects. */
bool gs3_location_is_same_object(const struct gs3_location *a, const struct gs3_location *b);

/* A path as Python's abspath makes it: "." and ".." are taken out of the text, links are not looked
 * at. For printing and comparing, never for opening. Caller frees. */
char *gs3_location_absolute(const char *path);

/* As `aws s3` prints it: "s3://bucket/key", "./a" (relative to the working directory), "-".
 * `directory` is that directory, as getcwd gave it, for whoever prints a million; NULL: it is asked
 * for. Not cleaned for a terminal: that is the printer's part. Caller frees. */
char *gs3_location_format(const struct gs3_location *location, const char *directory);

#endif
