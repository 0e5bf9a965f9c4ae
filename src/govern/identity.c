#include "govern/identity.h"

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

#include "base/mem.h"

enum { PASSWD_BYTES = 16 * 1024 };

void gs3_identity_release(struct gs3_identity_record *record)
{
    gs3_caller_release(&record->caller);
    free(record->os_name);
    record->os_name = NULL;
}

int gs3_identity_from_os(struct gs3_identity_record *record, struct gs3_err *err)
{
    struct passwd entry;
    struct passwd *found = NULL;
    gs3_auto_free char *space = gs3_xmalloc(PASSWD_BYTES);
    int failed = getpwuid_r(geteuid(), &entry, space, PASSWD_BYTES, &found);
    if (failed || !found || !found->pw_name || !*found->pw_name)
        return gs3_fail(
            err, GS3_ECONFIG,
            "the system has no name for user id %u: the policy's operator rule needs one",
            (unsigned)geteuid());
    record->os_name = gs3_xstrdup(found->pw_name);
    return 0;
}

struct gs3_operator gs3_identity_operator(const struct gs3_identity_record *record)
{
    if (record->caller.name)
        return (struct gs3_operator){.is_sts = true,
                                     .name = record->caller.name,
                                     .role_name = record->caller.role_name,
                                     .arn = record->caller.arn};
    return (struct gs3_operator){.name = record->os_name};
}
