#include <string.h>

#include "crypto/digest.h"
#include "s3/checksum.h"
#include "transfer/large.h"

char *gs3_large_checksum(const struct gs3_large *large)
{
    enum gs3_sum_kind kind = gs3_s3_checksum_sum(large->write->checksum);
    size_t count = gs3_sum_bytes(kind);
    unsigned char whole[GS3_SUM_BYTES] = "";
    if (!gs3_sum_is_crc(kind))
        return NULL;
    for (size_t i = 0; i < large->count; i++) {
        unsigned char part[GS3_SUM_BYTES];
        const char *text = large->parts[i].checksum;
        if (!text || gs3_base64_decode(text, part, count))
            return NULL;
        if (i == 0)
            memcpy(whole, part, count);
        else
            gs3_sum_combine(kind, whole, part, large->parts[i].size_bytes);
    }
    return gs3_base64_encode(whole, count);
}
