#include "base/buf.h"
#include "base/mem.h"
#include "cli/doctor_internal.h"

enum { NAMES_BYTES = 2000 };

static char *list_files(const struct gs3_policy *policy)
{
    struct gs3_buf names = GS3_BUF_INIT(NAMES_BYTES);
    for (size_t i = 0; i < policy->file_count; i++)
        gs3_buf_printf(&names, "%s%s", i ? ", " : "", policy->files[i]);
    return gs3_buf_take(&names);
}

static char *list_environments(const struct gs3_policy *policy)
{
    struct gs3_buf names = GS3_BUF_INIT(NAMES_BYTES);
    for (size_t i = 0; i < policy->environment_count; i++)
        gs3_buf_printf(&names, "%s%s", i ? ", " : "", policy->environments[i].name);
    return gs3_buf_take(&names);
}

void gs3_doctor_check_policy(struct gs3_doctor *doctor)
{
    struct gs3_check check = {.name = "policy"};
    for (size_t i = 0; i < doctor->policies.count; i++) {
        const struct gs3_policy *policy = doctor->policies.items[i];
        gs3_auto_free char *files = list_files(policy);
        gs3_auto_free char *environments = list_environments(policy);
        check.source = files;
        gs3_doctor_note(doctor, &check, "%s policy, serial %llu, digest %s%s, environments: %s",
                        policy->is_system ? "system" : "user's", (unsigned long long)policy->serial,
                        policy->digest, policy->is_locked ? ", locked" : "", environments);
    }
    if (!doctor->policy_err.class)
        return;
    check = (struct gs3_check){.name = "policy",
                               .status = GS3_CHECK_FAILED,
                               .class = doctor->policy_err.class,
                               .remedy = "see gs3-policy(5)"};
    gs3_doctor_note(doctor, &check, "%s", doctor->policy_err.message);
}
