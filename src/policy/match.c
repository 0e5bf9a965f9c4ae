#include "policy/match.h"

#include <string.h>

#include "text/glob.h"

/* Prefixes are kept without their last slash, so that `live` and `live/` are one thing: the key
 * `live` itself and whatever lies under `live/`. */
static bool has_prefix(const char *prefix, const char *key)
{
    size_t length = strlen(prefix);
    if (length == 0)
        return true;
    return strncmp(key, prefix, length) == 0 && (key[length] == '\0' || key[length] == '/');
}

/* Above 0: `a` goes before `b`. */
static int compare_rank(const struct gs3_match *a, const struct gs3_match *b)
{
    bool a_literal = gs3_glob_is_literal(a->bucket), b_literal = gs3_glob_is_literal(b->bucket);
    if (a_literal != b_literal)
        return a_literal ? 1 : -1;
    size_t a_count = gs3_glob_literal_count(a->bucket);
    size_t b_count = gs3_glob_literal_count(b->bucket);
    if (a_count != b_count)
        return a_count > b_count ? 1 : -1;
    size_t a_prefix = strlen(a->prefix), b_prefix = strlen(b->prefix);
    return a_prefix == b_prefix ? 0 : a_prefix > b_prefix ? 1 : -1;
}

const struct gs3_match *gs3_policy_match(const struct gs3_policy *policy, const char *bucket,
                                         const char *key,
                                         const struct gs3_environment **environment)
{
    const struct gs3_match *best = NULL;
    *environment = NULL;
    for (size_t i = 0; i < policy->environment_count; i++) {
        const struct gs3_environment *candidate = &policy->environments[i];
        for (size_t j = 0; j < candidate->match_count; j++) {
            const struct gs3_match *match = &candidate->matches[j];
            if (!gs3_glob_match(match->bucket, bucket) || !has_prefix(match->prefix, key) ||
                (best && compare_rank(match, best) <= 0))
                continue;
            best = match;
            *environment = candidate;
        }
    }
    return best;
}

const struct gs3_environment *gs3_policy_environment(const struct gs3_policy *policy,
                                                     const char *bucket, const char *key)
{
    const struct gs3_environment *environment = NULL;
    gs3_policy_match(policy, bucket, key, &environment);
    return environment;
}

bool gs3_policy_is_uniform(const struct gs3_policy *policy, const char *bucket, const char *prefix)
{
    size_t length = strlen(prefix);
    for (size_t i = 0; i < policy->environment_count; i++) {
        const struct gs3_environment *environment = &policy->environments[i];
        for (size_t j = 0; j < environment->match_count; j++) {
            const struct gs3_match *match = &environment->matches[j];
            if (*match->prefix && strncmp(match->prefix, prefix, length) == 0 &&
                gs3_glob_match(match->bucket, bucket))
                return false;
        }
    }
    return true;
}

bool gs3_policy_has_bucket(const struct gs3_policy *policy, const char *bucket)
{
    for (size_t i = 0; i < policy->environment_count; i++)
        for (size_t j = 0; j < policy->environments[i].match_count; j++)
            if (gs3_glob_match(policy->environments[i].matches[j].bucket, bucket))
                return true;
    return false;
}

static int check_pair(const struct gs3_match *a, const char *a_name, const struct gs3_match *b,
                      const char *b_name, struct gs3_err *err)
{
    if (strcmp(a->prefix, b->prefix) != 0 || compare_rank(a, b) != 0 ||
        !gs3_glob_overlap(a->bucket, b->bucket))
        return 0;
    bool is_same = strcmp(a->bucket, b->bucket) == 0;
    return gs3_fail(err, GS3_EPOLICY,
                    "%s:%u:%u: bucket \"%s\" of environment %s %s \"%s\" of environment %s "
                    "(%s:%u): %s",
                    b->place.file, b->place.line, b->place.column, b->bucket, b_name,
                    is_same ? "is the same as" : "can match the same names as", a->bucket, a_name,
                    a->place.file, a->place.line,
                    is_same ? "remove one, or give them different prefixes"
                            : "make one of them longer, or name the bucket in full");
}

/* Flattened, because what ties is two entries, whichever environments they are in. */
int gs3_policy_check_ties(const struct gs3_policy *policy, struct gs3_err *err)
{
    for (size_t e = 0; e < policy->environment_count; e++) {
        const struct gs3_environment *later = &policy->environments[e];
        for (size_t m = 0; m < later->match_count; m++) {
            for (size_t f = 0; f <= e; f++) {
                const struct gs3_environment *earlier = &policy->environments[f];
                size_t count = f == e ? m : earlier->match_count;
                for (size_t n = 0; n < count; n++)
                    if (check_pair(&earlier->matches[n], earlier->name, &later->matches[m],
                                   later->name, err))
                        return -1;
            }
        }
    }
    return 0;
}
