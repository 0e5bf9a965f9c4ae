/* UUID version 7 (RFC 9562): sortable by time, random in the rest. */
#ifndef GS3_CRYPTO_UUID_H
#define GS3_CRYPTO_UUID_H

#include <stdint.h>

#include "base/err.h"

enum { GS3_UUID_TEXT_BYTES = 37 };

/* Lower-case 8-4-4-4-12. Fails (GS3_EGENERAL) only when the system gives no randomness. */
int gs3_uuid_v7(int64_t wall_ms, char out[GS3_UUID_TEXT_BYTES], struct gs3_err *err);

#endif
