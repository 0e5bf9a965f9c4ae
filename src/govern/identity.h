/* The operator: who runs gs3. From STS where the policy asks for it (the default), else the
 * system's name of the effective user, never $USER. Depends on aws (sts), policy (facts). */
#ifndef GS3_GOVERN_IDENTITY_H
#define GS3_GOVERN_IDENTITY_H

#include "aws/sts.h"
#include "base/err.h"
#include "policy/facts.h"

struct gs3_identity_record {
    struct gs3_caller caller; /* empty when the operator is the system's user */
    char *os_name;
};
void gs3_identity_release(struct gs3_identity_record *record);

/* getpwuid(geteuid()). GS3_ECONFIG when the system does not know the user. */
int gs3_identity_from_os(struct gs3_identity_record *record, struct gs3_err *err);

/* The record as the evaluator reads it; borrows the strings. */
struct gs3_operator gs3_identity_operator(const struct gs3_identity_record *record);

#endif
