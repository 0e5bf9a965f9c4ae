#include "cli/case_conflict.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_SLOTS = 1024 };

void gs3_case_names_release(struct gs3_case_names *names)
{
    free(names->slots);
    *names = (struct gs3_case_names){.slots = NULL};
}

/* FNV-1a of the lower case, stirred; never 0. */
static uint64_t hash(const char *path)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = path; *c; c++) {
        hash ^= (unsigned char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
        hash *= UINT64_C(1099511628211);
    }
    hash ^= hash >> 29;
    return hash ? hash : 1;
}

static uint64_t *find(uint64_t *slots, size_t count, uint64_t value)
{
    size_t slot = (size_t)value & (count - 1);
    while (slots[slot] && slots[slot] != value)
        slot = (slot + 1) & (count - 1);
    return &slots[slot];
}

static void grow(struct gs3_case_names *names)
{
    size_t count = names->slot_count ? 2 * names->slot_count : FIRST_SLOTS;
    uint64_t *slots = gs3_xcalloc(count, sizeof *slots);
    for (size_t i = 0; i < names->slot_count; i++)
        if (names->slots[i])
            *find(slots, count, names->slots[i]) = names->slots[i];
    free(names->slots);
    names->slots = slots;
    names->slot_count = count;
}

bool gs3_case_names_add(struct gs3_case_names *names, const char *path)
{
    if (2 * names->used >= names->slot_count)
        grow(names);
    uint64_t value = hash(path);
    uint64_t *slot = find(names->slots, names->slot_count, value);
    if (*slot)
        return true;
    *slot = value;
    names->used++;
    return false;
}
