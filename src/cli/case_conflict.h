/* Names that differ only in case: which of the keys of a download were seen before.
 *
 * Eight bytes a key are kept, not the name: a chance of one in 10^7 among a million keys that two
 * names that do not conflict seem to. ASCII only: what else a file system folds is its own secret.
 * Depends on base. */
#ifndef GS3_CLI_CASE_CONFLICT_H
#define GS3_CLI_CASE_CONFLICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gs3_case_names {
    uint64_t *slots; /* 0: free */
    size_t slot_count, used;
};
void gs3_case_names_release(struct gs3_case_names *names);

/* Whether another spelling of `path` was added before; adds it. */
bool gs3_case_names_add(struct gs3_case_names *names, const char *path);

#endif
