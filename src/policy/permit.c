#include "policy/permit.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/permit_make.h"

struct gs3_permit {
    struct gs3_grant *grants;
    size_t grant_count;
    struct gs3_pairs metadata;
    struct gs3_pairs tags;
    struct gs3_pairs facts;
};

struct gs3_permit *gs3_permit_new(const struct gs3_grant *grants, size_t grant_count,
                                  const struct gs3_pairs *metadata)
{
    struct gs3_permit *permit = gs3_xcalloc(1, sizeof *permit);
    permit->grants = gs3_xcalloc(grant_count, sizeof *grants);
    for (size_t i = 0; i < grant_count; i++)
        permit->grants[i] = grants[i];
    permit->grant_count = grant_count;
    gs3_pairs_copy(&permit->metadata, metadata);
    return permit;
}

static const char *action_words(unsigned actions)
{
    if (actions & GS3_ACTION_DELETE)
        return actions & GS3_ACTION_READ ? "read and delete" : "delete";
    return actions & GS3_ACTION_WRITE ? "write" : "read";
}

static unsigned granted_actions(const struct gs3_permit *permit, const struct gs3_policy *policy,
                                const struct gs3_environment *environment)
{
    unsigned actions = 0;
    for (size_t i = 0; i < permit->grant_count; i++)
        if (permit->grants[i].policy == policy && permit->grants[i].environment == environment)
            actions |= permit->grants[i].actions;
    return actions;
}

int gs3_permit_check(const struct gs3_permit *permit, unsigned actions, const char *bucket,
                     const char *key, struct gs3_err *err)
{
    if (permit->grant_count == 0)
        return gs3_fail(err, GS3_EREFUSED, "s3://%s/%s: the permit is empty", bucket, key);
    for (size_t i = 0; i < permit->grant_count; i++) {
        const struct gs3_policy *policy = permit->grants[i].policy;
        const struct gs3_environment *environment = gs3_policy_environment(policy, bucket, key);
        if (!environment)
            return gs3_fail(err, GS3_EREFUSED, "s3://%s/%s: no environment of %s governs it",
                            bucket, key, policy->files[0]);
        if ((granted_actions(permit, policy, environment) & actions) != actions)
            return gs3_fail(err, GS3_EREFUSED, "s3://%s/%s: no permit to %s in environment %s",
                            bucket, key, action_words(actions), environment->name);
    }
    return 0;
}

const struct gs3_pairs *gs3_permit_metadata(const struct gs3_permit *permit)
{
    return &permit->metadata;
}

void gs3_permit_set_tags(struct gs3_permit *permit, const struct gs3_pairs *tags)
{
    gs3_pairs_release(&permit->tags);
    gs3_pairs_copy(&permit->tags, tags);
}

const struct gs3_pairs *gs3_permit_tags(const struct gs3_permit *permit)
{
    return &permit->tags;
}

void gs3_permit_set_facts(struct gs3_permit *permit, const struct gs3_pairs *facts)
{
    gs3_pairs_release(&permit->facts);
    gs3_pairs_copy(&permit->facts, facts);
}

const struct gs3_pairs *gs3_permit_facts(const struct gs3_permit *permit)
{
    return &permit->facts;
}

int gs3_permit_session(const struct gs3_permit *permit, unsigned actions,
                       const struct gs3_environment **environment, struct gs3_err *err)
{
    const struct gs3_environment *found = NULL;
    *environment = NULL;
    for (size_t i = 0; i < permit->grant_count; i++) {
        const struct gs3_environment *own = permit->grants[i].environment;
        if (!own || !own->session.role_arn || !(permit->grants[i].actions & actions))
            continue;
        if (found && !gs3_str_equal(found->session.role_arn, own->session.role_arn))
            return gs3_fail(err, GS3_EREFUSED,
                            "refused: %s:%u and %s:%u ask for two roles for the same object: let "
                            "both policies name one",
                            found->session.place.file, found->session.place.line,
                            own->session.place.file, own->session.place.line);
        if (!found || own->session.duration_s < found->session.duration_s)
            found = own;
    }
    *environment = found;
    return 0;
}

bool gs3_permit_is_reserved_key(const struct gs3_permit *permit, const char *key)
{
    for (size_t i = 0; i < permit->grant_count; i++)
        if (gs3_policy_is_reserved_key(permit->grants[i].policy, key))
            return true;
    return false;
}

void gs3_permit_free(struct gs3_permit *permit)
{
    if (!permit)
        return;
    free(permit->grants);
    gs3_pairs_release(&permit->metadata);
    gs3_pairs_release(&permit->tags);
    gs3_pairs_release(&permit->facts);
    free(permit);
}
