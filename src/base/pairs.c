#include "base/pairs.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void gs3_pairs_add(struct gs3_pairs *pairs, const char *name, const char *value)
{
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity ? pairs->capacity * 2 : 8;
        pairs->items = gs3_xreallocarray(pairs->items, pairs->capacity, sizeof *pairs->items);
    }
    pairs->items[pairs->count++] =
        (struct gs3_pair){.name = gs3_xstrdup(name), .value = gs3_xstrdup(value)};
}

void gs3_pairs_set(struct gs3_pairs *pairs, const char *name, const char *value)
{
    char *copy = gs3_xstrdup(value); /* `value` may point into the pair that goes */
    for (size_t i = 0; i < pairs->count; i++) {
        if (!gs3_str_equal_nocase(pairs->items[i].name, name))
            continue;
        char *name_copy = gs3_xstrdup(pairs->items[i].name);
        free(pairs->items[i].value);
        pairs->items[i].value = copy;
        for (size_t j = i + 1; j < pairs->count;) {
            if (!gs3_str_equal_nocase(pairs->items[j].name, name_copy)) {
                j++;
                continue;
            }
            free(pairs->items[j].name);
            free(pairs->items[j].value);
            pairs->count--;
            memmove(pairs->items + j, pairs->items + j + 1,
                    (pairs->count - j) * sizeof *pairs->items);
        }
        free(name_copy);
        return;
    }
    gs3_pairs_add(pairs, name, copy);
    free(copy);
}

const char *gs3_pairs_get(const struct gs3_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (gs3_str_equal_nocase(pairs->items[i].name, name))
            return pairs->items[i].value;
    return NULL;
}

bool gs3_pairs_has(const struct gs3_pairs *pairs, const char *name)
{
    return gs3_pairs_get(pairs, name) != NULL;
}

bool gs3_pairs_remove(struct gs3_pairs *pairs, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        if (gs3_str_equal_nocase(pairs->items[i].name, name)) {
            free(pairs->items[i].name);
            free(pairs->items[i].value);
        } else {
            pairs->items[kept++] = pairs->items[i];
        }
    }
    bool removed = kept < pairs->count;
    pairs->count = kept;
    return removed;
}

void gs3_pairs_copy(struct gs3_pairs *to, const struct gs3_pairs *from)
{
    for (size_t i = 0; i < from->count; i++)
        gs3_pairs_add(to, from->items[i].name, from->items[i].value);
}

void gs3_pairs_release(struct gs3_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct gs3_pairs)GS3_PAIRS_INIT;
}
