/* Folding by carry-less multiplication. Source: V. Gopal and others, "Fast CRC Computation for
 * Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). What is left after the folding,
 * 16 bytes with the same remainder as all that came before, goes through the tables: that costs
 * less than it takes to say Barrett's reduction for each width. */
#include <string.h>

#include "crypto/crc_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

/* Eight blocks of 16 bytes at a time: a multiplication takes several cycles, and one can begin in
 * each. */
enum { BLOCK_BYTES = 16, LANES = 8, PAIRS = LANES / 2, ROUND_BYTES = LANES * BLOCK_BYTES };

#define FOLDING      __attribute__((target("sse2,pclmul")))
#define FOLDING_WIDE __attribute__((target("avx2,pclmul,vpclmulqdq")))

bool gs3_crc_can_fold(void)
{
    return __builtin_cpu_supports("pclmul") > 0;
}

static bool can_fold_pairs(void)
{
    return __builtin_cpu_supports("avx2") > 0 && __builtin_cpu_supports("vpclmulqdq") > 0;
}

FOLDING static inline __m128i load(const void *bytes)
{
    return _mm_loadu_si128(bytes);
}

/* `block` moved on by as many bits as `factors` are for, and added to `next`. */
FOLDING static inline __m128i fold(__m128i block, __m128i factors, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(block, factors, 0x00);
    __m128i high = _mm_clmulepi64_si128(block, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* Each of these takes `rounds` times eight blocks, the first of them in `lanes` already, and leaves
 * the last eight there. */
FOLDING static void fold_rounds(const struct gs3_crc_shape *shape, unsigned char *lanes,
                                const unsigned char *bytes, size_t rounds)
{
    const __m128i far = load(shape->fold_1024);
    __m128i lane[LANES];
#pragma GCC unroll 8
    for (int i = 0; i < LANES; i++)
        lane[i] = load(lanes + i * BLOCK_BYTES);
    while (--rounds > 0) {
        bytes += ROUND_BYTES;
#pragma GCC unroll 8
        for (int i = 0; i < LANES; i++)
            lane[i] = fold(lane[i], far, load(bytes + i * BLOCK_BYTES));
    }
    memcpy(lanes, lane, sizeof lane);
}

FOLDING_WIDE static void fold_rounds_in_pairs(const struct gs3_crc_shape *shape,
                                              unsigned char *lanes, const unsigned char *bytes,
                                              size_t rounds)
{
    const __m256i far = _mm256_broadcastsi128_si256(load(shape->fold_1024));
    __m256i pair[PAIRS];
#pragma GCC unroll 4
    for (int i = 0; i < PAIRS; i++) {
        const void *from = lanes + i * 2 * BLOCK_BYTES;
        pair[i] = _mm256_loadu_si256(from);
    }
    while (--rounds > 0) {
        bytes += ROUND_BYTES;
#pragma GCC unroll 4
        for (int i = 0; i < PAIRS; i++) {
            const void *next = bytes + i * 2 * BLOCK_BYTES;
            __m256i low = _mm256_clmulepi64_epi128(pair[i], far, 0x00);
            __m256i high = _mm256_clmulepi64_epi128(pair[i], far, 0x11);
            pair[i] = _mm256_xor_si256(_mm256_xor_si256(low, high), _mm256_loadu_si256(next));
        }
    }
    memcpy(lanes, pair, sizeof pair);
}

FOLDING uint64_t gs3_crc_fold(const struct gs3_crc_shape *shape, uint64_t state,
                              const unsigned char *bytes, size_t length_bytes)
{
    unsigned char lanes[ROUND_BYTES];
    const __m128i near = load(shape->fold_128);
    const size_t rounds = length_bytes / ROUND_BYTES;
    /* Fewer blocks than eight are folded as they come. */
    size_t count = rounds > 0 ? LANES : 1;
    memcpy(lanes, bytes, count * BLOCK_BYTES);
    __m128i block = _mm_xor_si128(load(lanes), _mm_cvtsi64_si128((long long)state));
    memcpy(lanes, &block, sizeof block);
    if (rounds > 1 && can_fold_pairs())
        fold_rounds_in_pairs(shape, lanes, bytes, rounds);
    else if (rounds > 1)
        fold_rounds(shape, lanes, bytes, rounds);
    size_t done_bytes = rounds > 0 ? rounds * ROUND_BYTES : BLOCK_BYTES;
    bytes += done_bytes;
    length_bytes -= done_bytes;
    block = load(lanes);
    for (size_t i = 1; i < count; i++)
        block = fold(block, near, load(lanes + i * BLOCK_BYTES));
    for (; length_bytes >= BLOCK_BYTES; length_bytes -= BLOCK_BYTES, bytes += BLOCK_BYTES)
        block = fold(block, near, load(bytes));
    memcpy(lanes, &block, sizeof block);
    state = gs3_crc_run(shape, 0, lanes, sizeof block);
    return gs3_crc_run(shape, state, bytes, length_bytes);
}

#else

bool gs3_crc_can_fold(void)
{
    return false;
}

uint64_t gs3_crc_fold(const struct gs3_crc_shape *shape, uint64_t state, const unsigned char *bytes,
                      size_t length_bytes)
{
    return gs3_crc_run(shape, state, bytes, length_bytes);
}

#endif
