/* What the files of the checks share: crc.c is the interface, crc_table.c the way that works
 * everywhere, crc_pclmul.c the fast one. Nothing else includes it.
 *
 * All three checks are of one shape: bits are taken from the low end of each byte ("reflected"),
 * the state begins and ends inverted. So one loop serves them, with other constants. */
#ifndef GS3_CRYPTO_CRC_INTERNAL_H
#define GS3_CRYPTO_CRC_INTERNAL_H

#include <stdbool.h>

#include "crypto/crc.h"

enum { GS3_CRC_SLICES = 8 };

struct gs3_crc_shape {
    const uint64_t (*slices)[256];
    unsigned width_bits;
    uint64_t polynomial; /* reflected, without its highest term */
    uint64_t ones;       /* as many as the check has bits */
    /* x^(n+63) and x^(n-1) modulo the polynomial, reflected, at the high end of 64 bits: what moves
     * the first and the second half of 128 bits n bits on. */
    uint64_t fold_1024[2], fold_128[2];
};

const struct gs3_crc_shape *gs3_crc_shape(enum gs3_crc_kind kind);

/* The state after `bytes`: by tables, eight bytes a step. */
uint64_t gs3_crc_run(const struct gs3_crc_shape *shape, uint64_t state, const unsigned char *bytes,
                     size_t length_bytes);

/* By carry-less multiplication; at least GS3_CRC_FOLD_BYTES, and only where the processor can. */
enum { GS3_CRC_FOLD_BYTES = 64 };
bool gs3_crc_can_fold(void);
uint64_t gs3_crc_fold(const struct gs3_crc_shape *shape, uint64_t state, const unsigned char *bytes,
                      size_t length_bytes);

#endif
