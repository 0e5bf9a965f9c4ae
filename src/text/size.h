/* Sizes and durations as policies and options write them. Strict: digits and one unit. */
#ifndef GS3_TEXT_SIZE_H
#define GS3_TEXT_SIZE_H

#include <stdint.h>

#include "base/buf.h"

/* "512", "64KiB", "5TiB" (KiB MiB GiB TiB PiB); bytes. -1 on anything else or overflow. */
int gs3_size_parse(const char *text, uint64_t *bytes);
/* "90s", "15m", "8h", "2d"; seconds. A bare number is -1: a unit is asked for. */
int gs3_duration_parse(const char *text, uint64_t *seconds);
/* "1.0 MiB" as aws-cli prints sizes ("1 Byte", "512 Bytes", "1.5 KiB"). */
int gs3_size_append(struct gs3_buf *out, uint64_t bytes);

#endif
