/* Times in the formats that the services use. All UTC, all in seconds since 1970 (int64_t),
 * proleptic Gregorian, years 1970–9999, each field checked (no 30 February, no leap second but :60
 * → refused). */
#ifndef GS3_TEXT_TIME_H
#define GS3_TEXT_TIME_H

#include <stddef.h>
#include <stdint.h>

/* Each reads the whole string or returns -1. */
int gs3_time_parse_servicenow(const char *text, int64_t *seconds); /* 2026-11-21 03:22:20 */
int gs3_time_parse_http(const char *text, int64_t *seconds); /* Sat, 21 Nov 2026 03:22:20 GMT */
/* ISO 8601: date, T, hh:mm, optional :ss and fraction (dropped), Z or ±hh:mm or ±hhmm (Jira). */
int gs3_time_parse_iso(const char *text, int64_t *seconds);

enum { GS3_TIME_TEXT_BYTES = 32 };
void gs3_time_format_iso(int64_t seconds, char out[GS3_TIME_TEXT_BYTES]); /* 2026-11-21T03:22:20Z */
void gs3_time_format_amz(int64_t seconds, char out[GS3_TIME_TEXT_BYTES]); /* 20261121T032220Z */
void gs3_time_format_http(int64_t seconds,
                          char out[GS3_TIME_TEXT_BYTES]); /* Sat, 21 Nov 2026 … GMT */

#endif
