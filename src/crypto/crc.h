/* The cyclic redundancy checks of S3: computed as bytes pass, joined from parts.
 *
 * CRC-64/NVME, CRC-32 (zlib's) and CRC-32C, each by carry-less multiplication where the processor
 * has it (PCLMULQDQ, asked at run time; it is faster than SSE 4.2's crc32 too) and by tables
 * elsewhere. Pure. Depends on OpenSSL (base64) alone. Sources: NVM Express "NVM Command Set" 1.0
 * figure 64-bit CRC; RFC 3720 (CRC-32C); RFC 1952. */
#ifndef GS3_CRYPTO_CRC_H
#define GS3_CRYPTO_CRC_H

#include <stddef.h>
#include <stdint.h>

enum gs3_crc_kind { GS3_CRC64NVME, GS3_CRC32, GS3_CRC32C };

/* The check of `bytes` behind what `crc` is the check of; 0 to begin with. */
uint64_t gs3_crc_update(enum gs3_crc_kind kind, uint64_t crc, const void *bytes,
                        size_t length_bytes);

/* The check of A followed by B, from both checks and B's length. */
uint64_t gs3_crc_combine(enum gs3_crc_kind kind, uint64_t a, uint64_t b, uint64_t b_bytes);

/* How many bytes it has, and these, the highest first. */
size_t gs3_crc_bytes(enum gs3_crc_kind kind);
void gs3_crc_write(enum gs3_crc_kind kind, uint64_t crc, unsigned char bytes[sizeof(uint64_t)]);

/* As S3 writes it: base64 of the big-endian bytes. */
enum { GS3_CRC_TEXT_BYTES = 13 };
void gs3_crc_format(enum gs3_crc_kind kind, uint64_t crc, char text[GS3_CRC_TEXT_BYTES]);
/* -1 when `text` is not one. */
int gs3_crc_parse(enum gs3_crc_kind kind, const char *text, uint64_t *crc);

/* For tests and measuring: the table's way, whatever the processor has. */
uint64_t gs3_crc_update_portable(enum gs3_crc_kind kind, uint64_t crc, const void *bytes,
                                 size_t length_bytes);

#endif
