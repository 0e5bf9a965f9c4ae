#include "base/pairs.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { FIRST_ITEMS = 16, FIRST_BLOCK_BYTES = 512, LAST_BLOCK_BYTES = 16 * 1024 };

struct gs3_pairs_block {
    struct gs3_pairs_block *next;
    size_t size_bytes, used_bytes;
    char bytes[];
};

static struct gs3_pairs_block *new_block(const struct gs3_pairs_block *last, size_t least_bytes)
{
    size_t size_bytes = last ? last->size_bytes * 2 : FIRST_BLOCK_BYTES;
    if (size_bytes > LAST_BLOCK_BYTES)
        size_bytes = LAST_BLOCK_BYTES;
    if (size_bytes < least_bytes)
        size_bytes = least_bytes;
    struct gs3_pairs_block *block = gs3_xmalloc(sizeof *block + size_bytes);
    block->size_bytes = size_bytes;
    block->used_bytes = 0;
    return block;
}

/* The text lives as long as the list. */
static char *keep(struct gs3_pairs *pairs, const char *text, size_t length_bytes)
{
    struct gs3_pairs_block *block = pairs->blocks;
    if (!block || block->size_bytes - block->used_bytes <= length_bytes) {
        block = new_block(pairs->blocks, length_bytes + 1);
        block->next = pairs->blocks;
        pairs->blocks = block;
    }
    char *copy = block->bytes + block->used_bytes;
    if (length_bytes > 0)
        memcpy(copy, text, length_bytes);
    copy[length_bytes] = '\0';
    block->used_bytes += length_bytes + 1;
    return copy;
}

struct gs3_pair *gs3_pairs_add_bytes(struct gs3_pairs *pairs, const char *name, size_t name_bytes,
                                     const char *value, size_t value_bytes)
{
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity ? pairs->capacity * 2 : FIRST_ITEMS;
        pairs->items = gs3_xreallocarray(pairs->items, pairs->capacity, sizeof *pairs->items);
    }
    struct gs3_pair *pair = &pairs->items[pairs->count++];
    pair->name = keep(pairs, name, name_bytes);
    pair->value = keep(pairs, value, value_bytes);
    return pair;
}

void gs3_pairs_add(struct gs3_pairs *pairs, const char *name, const char *value)
{
    gs3_pairs_add_bytes(pairs, name, strlen(name), value, strlen(value));
}

static struct gs3_pair *find(const struct gs3_pairs *pairs, const char *name)
{
    char first = gs3_ascii_lower(*name);
    for (size_t i = 0; i < pairs->count; i++)
        if (gs3_ascii_lower(*pairs->items[i].name) == first &&
            gs3_str_equal_nocase(pairs->items[i].name, name))
            return &pairs->items[i];
    return NULL;
}

/* Removes every pair of that name from the item at `from` on. */
static bool remove_from(struct gs3_pairs *pairs, size_t from, const char *name)
{
    size_t kept = from;
    for (size_t i = from; i < pairs->count; i++)
        if (!gs3_str_equal_nocase(pairs->items[i].name, name))
            pairs->items[kept++] = pairs->items[i];
    bool is_removed = kept < pairs->count;
    pairs->count = kept;
    return is_removed;
}

struct gs3_pair *gs3_pairs_set(struct gs3_pairs *pairs, const char *name, const char *value)
{
    struct gs3_pair *pair = find(pairs, name);
    if (!pair)
        return gs3_pairs_add_bytes(pairs, name, strlen(name), value, strlen(value));
    pair->value = keep(pairs, value, strlen(value));
    remove_from(pairs, (size_t)(pair - pairs->items) + 1, pair->name);
    return pair;
}

const char *gs3_pairs_get(const struct gs3_pairs *pairs, const char *name)
{
    const struct gs3_pair *pair = find(pairs, name);
    return pair ? pair->value : NULL;
}

bool gs3_pairs_has(const struct gs3_pairs *pairs, const char *name)
{
    return find(pairs, name) != NULL;
}

bool gs3_pairs_remove(struct gs3_pairs *pairs, const char *name)
{
    return remove_from(pairs, 0, name);
}

void gs3_pairs_copy(struct gs3_pairs *to, const struct gs3_pairs *from)
{
    for (size_t i = 0; i < from->count; i++)
        gs3_pairs_add(to, from->items[i].name, from->items[i].value);
}

void gs3_pairs_release(struct gs3_pairs *pairs)
{
    for (struct gs3_pairs_block *block = pairs->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(pairs->items);
    *pairs = (struct gs3_pairs)GS3_PAIRS_INIT;
}
