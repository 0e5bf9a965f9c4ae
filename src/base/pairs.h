/* An ordered list of name-value pairs: headers, metadata, tags, XML leaves.
 *
 * The lists are short (tens), so look-ups are linear and order is kept. Names may repeat
 * with `add` and are unique with `set`. Names are compared ASCII case-insensitively, as
 * HTTP headers and S3 metadata keys are. The strings lie in blocks of the list's own, a few for
 * all of them: a request and its answer have some hundred. Depends on mem. */
#ifndef GS3_BASE_PAIRS_H
#define GS3_BASE_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

struct gs3_pair {
    char *name;
    char *value;
};

struct gs3_pairs_block;

struct gs3_pairs {
    struct gs3_pair *items;
    size_t count;
    size_t capacity;
    struct gs3_pairs_block *blocks; /* the latest first */
};

#define GS3_PAIRS_INIT                                                                             \
    {                                                                                              \
        .items = NULL                                                                              \
    }

/* Copies both strings. */
void gs3_pairs_add(struct gs3_pairs *pairs, const char *name, const char *value);
/* The same of strings that do not end in NUL, and hold none; returns the pair, whose strings may be
 * changed in place. */
struct gs3_pair *gs3_pairs_add_bytes(struct gs3_pairs *pairs, const char *name, size_t name_bytes,
                                     const char *value, size_t value_bytes);
/* Replaces the first pair of that name and removes the others, or adds; returns the pair. What it
 * replaces stays in memory until the list is released. */
struct gs3_pair *gs3_pairs_set(struct gs3_pairs *pairs, const char *name, const char *value);
/* The first value of that name, or NULL; owned by the list. */
const char *gs3_pairs_get(const struct gs3_pairs *pairs, const char *name);
bool gs3_pairs_has(const struct gs3_pairs *pairs, const char *name);
/* Removes every pair of that name; says whether there was one. */
bool gs3_pairs_remove(struct gs3_pairs *pairs, const char *name);
void gs3_pairs_copy(struct gs3_pairs *to, const struct gs3_pairs *from); /* appends */
void gs3_pairs_release(struct gs3_pairs *pairs);

#define gs3_auto_pairs __attribute__((cleanup(gs3_pairs_release)))

#endif
