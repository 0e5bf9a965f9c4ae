#include "transfer/multipart.h"

enum { COPY_WAVE = 32 };

static uint64_t bounded(uint64_t bytes)
{
    if (bytes < GS3_PART_BYTES_MINIMUM)
        return GS3_PART_BYTES_MINIMUM;
    return bytes > GS3_PART_BYTES_MAXIMUM ? GS3_PART_BYTES_MAXIMUM : bytes;
}

uint64_t gs3_part_bytes(uint64_t object_bytes, uint64_t wanted)
{
    uint64_t bytes = bounded(wanted > 0 ? wanted : GS3_PART_BYTES_DEFAULT);
    while (bytes < GS3_PART_BYTES_MAXIMUM && object_bytes > bytes * GS3_PARTS_MAXIMUM)
        bytes = bounded(bytes * 2);
    return bytes;
}

uint64_t gs3_copy_part_bytes(uint64_t object_bytes, uint64_t wanted)
{
    if (wanted > 0)
        return gs3_part_bytes(object_bytes, wanted);
    /* Rounded up to whole MiB: one wave and no second one for the rest. */
    uint64_t share = object_bytes / COPY_WAVE + (UINT64_C(1) << 20);
    return gs3_part_bytes(object_bytes, share >> 20 << 20);
}
