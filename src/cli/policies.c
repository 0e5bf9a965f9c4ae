#include "cli/policies.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "policy/load.h"

/* 1 when something is there, 0 when not; what cannot be looked at must not count as absent. */
static int is_there(const char *path, struct gs3_err *err)
{
    struct stat info;
    if (lstat(path, &info) == 0)
        return 1;
    if (errno == ENOENT || errno == ENOTDIR)
        return 0;
    return gs3_fail_errno(err, GS3_EPOLICY, errno, "%s: cannot be looked at", path);
}

static int load_system(const char *directory, struct gs3_policies *policies, struct gs3_err *err)
{
    gs3_auto_free char *file = gs3_xasprintf("%s/policy.yaml", directory);
    gs3_auto_free char *parts = gs3_xasprintf("%s/policy.d", directory);
    int has_file = is_there(file, err);
    int has_parts = has_file < 0 ? -1 : is_there(parts, err);
    if (has_parts < 0)
        return -1;
    if (has_file && has_parts)
        return gs3_fail(err, GS3_EPOLICY, "%s and %s are both there: keep one", file, parts);
    if (!has_file && !has_parts)
        return 0;
    struct gs3_policy *policy = gs3_policy_load(has_file ? file : parts, true, err);
    if (!policy)
        return -1;
    policies->items[policies->count++] = policy;
    return 0;
}

int gs3_policies_load(const char *directory, const char *user_path, struct gs3_policies *policies,
                      struct gs3_err *err)
{
    *policies = (struct gs3_policies){.count = 0};
    if (load_system(directory, policies, err))
        return -1;
    if (user_path && policies->count > 0 && policies->items[0]->is_locked)
        return gs3_fail(err, GS3_EPOLICY, "%s is locked: --policy and GS3_POLICY are refused",
                        policies->items[0]->files[0]);
    if (user_path) {
        struct gs3_policy *policy = gs3_policy_load(user_path, false, err);
        if (!policy)
            return -1;
        policies->items[policies->count++] = policy;
    }
    if (policies->count == 0)
        return gs3_fail(err, GS3_EPOLICY,
                        "no policy: install %s/policy.yaml, or name one with --policy", directory);
    return 0;
}

bool gs3_policies_are_uniform(const struct gs3_policies *policies,
                              const struct gs3_request *request)
{
    for (size_t i = 0; i < policies->count; i++)
        for (size_t j = 0; j < request->touch_count; j++)
            if (!gs3_policy_is_uniform(policies->items[i], request->touches[j].bucket,
                                       request->touches[j].key))
                return false;
    return true;
}

void gs3_policies_release(struct gs3_policies *policies)
{
    for (size_t i = 0; i < policies->count; i++)
        gs3_policy_free(policies->items[i]);
    policies->count = 0;
}
