/* --grants as aws-cli takes it: PERMISSION=TYPE=ID[,TYPE=ID…] words, for the x-amz-grant-* headers.
 *
 * Pure; depends on base. */
#ifndef GS3_CLI_GRANTS_OPTION_H
#define GS3_CLI_GRANTS_OPTION_H

#include "base/err.h"

/* Header values such as `id="…", uri="…"`; NULL: nothing granted. Owned. */
struct gs3_grants {
    char *read, *read_acl, *write_acl, *full;
};

/* Adds what one word grants; more words for one permission add up. A right that the word does not
 * spell out is never granted: GS3_EUSAGE for anything unclear. */
int gs3_grants_add(struct gs3_grants *grants, const char *word, struct gs3_err *err);
void gs3_grants_release(struct gs3_grants *grants);

#endif
