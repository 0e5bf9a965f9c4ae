/*
 * Buckets that need no upload: "n1000000-4096" holds p/00000000 to p/00999999 of 4096 bytes each,
 * "n1-53687091200" one object of 50 GiB. Deletes are answered, not remembered.
 */
#include "sink.h"

#include <string.h>

#define SYNTHETIC_TIME      1767225600 /* 2026-01-01 */
#define SYNTHETIC_MAX_KEYS  1000000000000U
#define SYNTHETIC_MAX_BYTES ((uint64_t)5 << 40)

bool sink_synthetic_read(const char *path, size_t bucket_len, struct sink_synthetic *out)
{
    const char *at = path + 1;
    if (path[0] != 'n' || !sink_number_read(at, &out->count, &at) || *at != '-' ||
        !sink_number_read(at + 1, &out->size_bytes, &at))
        return false;
    return at == path + bucket_len && out->count <= SYNTHETIC_MAX_KEYS &&
           out->size_bytes <= SYNTHETIC_MAX_BYTES;
}

void sink_synthetic_key(uint64_t number, char key[32])
{
    size_t width = number > 99999999 ? 12 : 8;
    memcpy(key, "p/", 2);
    key[2 + width] = '\0';
    for (size_t i = width; i > 0; i--) {
        key[1 + i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void sink_synthetic_object(const struct sink_synthetic *bucket, const char *key,
                           struct sink_object *out)
{
    uint64_t hash = sink_hash(key);
    *out = (struct sink_object){.size_bytes = bucket->size_bytes, .modified = SYNTHETIC_TIME};
    sink_etag_format(hash, hash * 31 + bucket->size_bytes, out->etag);
}

bool sink_synthetic_find(const char *path, struct sink_object *out)
{
    struct sink_synthetic bucket;
    char key[32];
    uint64_t number;
    const char *slash = strchr(path, '/');
    if (!slash || !sink_synthetic_read(path, (size_t)(slash - path), &bucket) ||
        strncmp(slash + 1, "p/", 2) != 0 || !sink_number_read(slash + 3, &number, NULL) ||
        number >= bucket.count)
        return false;
    sink_synthetic_key(number, key);
    if (strcmp(key, slash + 1) != 0)
        return false;
    sink_synthetic_object(&bucket, key, out);
    return true;
}
