#include "crypto/uuid.h"

#include <errno.h>
#include <sys/random.h>

#include "crypto/digest.h"

/* The kernel's own bytes: to set OpenSSL's generator up takes half a millisecond of CPU. */
static int fill_random(unsigned char *bytes, size_t count)
{
    ssize_t got;
    do
        got = getrandom(bytes, count, 0);
    while (got < 0 && errno == EINTR);
    return got >= 0 && (size_t)got == count ? 0 : -1; /* up to 256 bytes come whole */
}

int gs3_uuid_v7(int64_t wall_ms, char out[GS3_UUID_TEXT_BYTES], struct gs3_err *err)
{
    unsigned char bytes[16];
    char hex[2 * sizeof bytes + 1];
    if (fill_random(bytes, sizeof bytes))
        return gs3_fail(err, GS3_EGENERAL, "the system gives no random bytes");
    uint64_t stamp = wall_ms > 0 ? (uint64_t)wall_ms : 0;
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(stamp >> (40 - 8 * i));
    bytes[6] = 0x70 | (bytes[6] & 0x0F); /* version 7 */
    bytes[8] = 0x80 | (bytes[8] & 0x3F); /* variant 10 */
    gs3_hex_encode(bytes, sizeof bytes, hex);
    const char *from = hex;
    for (size_t at = 0; at < GS3_UUID_TEXT_BYTES - 1; at++)
        out[at] = at == 8 || at == 13 || at == 18 || at == 23 ? '-' : *from++;
    out[GS3_UUID_TEXT_BYTES - 1] = '\0';
    return 0;
}
