/* The policy's bucket globs: `*` (any run, also empty) and `?` (one character), nothing else. */
#ifndef GS3_TEXT_GLOB_H
#define GS3_TEXT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

bool gs3_glob_is_literal(const char *pattern);
size_t gs3_glob_literal_count(const char *pattern); /* characters that are neither * nor ? */
bool gs3_glob_match(const char *pattern, const char *text); /* linear memory, O(n·m) at worst */
/* Whether some string matches both (for "two globs of equal rank that can match one name"). */
bool gs3_glob_overlap(const char *a, const char *b);

#endif
