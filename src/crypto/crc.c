#include "crypto/crc.h"

#include <openssl/evp.h>
#include <string.h>

#include "crypto/crc_internal.h"

uint64_t gs3_crc_update_portable(enum gs3_crc_kind kind, uint64_t crc, const void *bytes,
                                 size_t length_bytes)
{
    const struct gs3_crc_shape *shape = gs3_crc_shape(kind);
    return gs3_crc_run(shape, crc ^ shape->ones, bytes, length_bytes) ^ shape->ones;
}

uint64_t gs3_crc_update(enum gs3_crc_kind kind, uint64_t crc, const void *bytes,
                        size_t length_bytes)
{
    const struct gs3_crc_shape *shape = gs3_crc_shape(kind);
    if (length_bytes < GS3_CRC_FOLD_BYTES || !gs3_crc_can_fold())
        return gs3_crc_update_portable(kind, crc, bytes, length_bytes);
    return gs3_crc_fold(shape, crc ^ shape->ones, bytes, length_bytes) ^ shape->ones;
}

/* a times b modulo the polynomial; the highest bit is x^0. */
static uint64_t multiply(const struct gs3_crc_shape *shape, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = UINT64_C(1) << (shape->width_bits - 1); bit > 0; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b & 1 ? b >> 1 ^ shape->polynomial : b >> 1;
    }
    return product;
}

/* To put `b_bytes` behind A multiplies A's remainder by x^(8 · b_bytes); the inversions at both
 * ends of each check cancel out. */
uint64_t gs3_crc_combine(enum gs3_crc_kind kind, uint64_t a, uint64_t b, uint64_t b_bytes)
{
    const struct gs3_crc_shape *shape = gs3_crc_shape(kind);
    uint64_t power = UINT64_C(1) << (shape->width_bits - 9); /* x^8 */
    for (; b_bytes > 0; b_bytes >>= 1) {
        if (b_bytes & 1)
            a = multiply(shape, power, a);
        power = multiply(shape, power, power);
    }
    return a ^ b;
}

size_t gs3_crc_bytes(enum gs3_crc_kind kind)
{
    return gs3_crc_shape(kind)->width_bits / 8;
}

void gs3_crc_write(enum gs3_crc_kind kind, uint64_t crc, unsigned char bytes[sizeof(uint64_t)])
{
    size_t count = gs3_crc_bytes(kind);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(crc >> 8 * (count - 1 - i));
}

void gs3_crc_format(enum gs3_crc_kind kind, uint64_t crc, char text[GS3_CRC_TEXT_BYTES])
{
    unsigned char bytes[sizeof crc];
    unsigned char out[GS3_CRC_TEXT_BYTES];
    gs3_crc_write(kind, crc, bytes);
    EVP_EncodeBlock(out, bytes, (int)gs3_crc_bytes(kind));
    memcpy(text, out, sizeof out);
}

int gs3_crc_parse(enum gs3_crc_kind kind, const char *text, uint64_t *crc)
{
    size_t count = gs3_crc_bytes(kind);
    size_t length = 4 * ((count + 2) / 3);
    unsigned char in[GS3_CRC_TEXT_BYTES] = "";
    unsigned char bytes[GS3_CRC_TEXT_BYTES];
    char again[GS3_CRC_TEXT_BYTES];
    if (strnlen(text, length + 1) != length)
        return -1;
    memcpy(in, text, length);
    if (EVP_DecodeBlock(bytes, in, (int)length) < 0)
        return -1;
    *crc = 0;
    for (size_t i = 0; i < count; i++)
        *crc = *crc << 8 | bytes[i];
    /* EVP_DecodeBlock forgives spaces and bits that no byte has. */
    gs3_crc_format(kind, *crc, again);
    return strcmp(again, text) == 0 ? 0 : -1;
}
