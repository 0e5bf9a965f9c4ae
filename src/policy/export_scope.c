/* Which keys an environment governs, in the terms of ARNs. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/export_internal.h"
#include "policy/match.h"
#include "text/bucket.h"
#include "text/glob.h"

void gs3_regions_release(struct gs3_regions *regions)
{
    for (size_t i = 0; i < regions->count; i++)
        free(regions->items[i].holes);
    free(regions->items);
    *regions = (struct gs3_regions){.count = 0};
}

static void add_region(struct gs3_regions *regions, const struct gs3_region *region)
{
    regions->items = gs3_xreallocarray(regions->items, regions->count + 1, sizeof *regions->items);
    regions->items[regions->count++] = *region;
}

static bool is_below(const char *prefix, const char *above)
{
    size_t length = strlen(above);
    return strlen(prefix) > length && strncmp(prefix, above, length) == 0 &&
           (length == 0 || prefix[length] == '/');
}

/* An entry counts where it wins at its own prefix: what outranks it there does so for all below. */
static void add_entries(const struct gs3_policy *policy, const char *bucket,
                        struct gs3_regions *regions)
{
    for (size_t i = 0; i < policy->environment_count; i++)
        for (size_t j = 0; j < policy->environments[i].match_count; j++) {
            const struct gs3_match *match = &policy->environments[i].matches[j];
            const struct gs3_environment *environment = NULL;
            if (gs3_glob_match(match->bucket, bucket) &&
                gs3_policy_match(policy, bucket, match->prefix, &environment) == match)
                add_region(regions, &(struct gs3_region){.environment = environment,
                                                         .match = match,
                                                         .prefix = match->prefix});
        }
}

void gs3_regions_of(const struct gs3_policy *policy, const char *bucket,
                    struct gs3_regions *regions)
{
    *regions = (struct gs3_regions){.count = 0};
    add_entries(policy, bucket, regions);
    for (size_t i = 0; i < regions->count; i++) {
        struct gs3_region *outer = &regions->items[i];
        outer->holes = gs3_xcalloc(regions->count, sizeof *outer->holes);
        for (size_t j = 0; j < regions->count; j++)
            if (regions->items[j].environment != outer->environment &&
                is_below(regions->items[j].prefix, outer->prefix))
                outer->holes[outer->hole_count++] = regions->items[j].prefix;
    }
}

bool gs3_export_has_environment(const struct gs3_export_opts *opts,
                                const struct gs3_environment *environment)
{
    return !opts->environment || gs3_str_equal(opts->environment, environment->name);
}

bool gs3_export_is_governed(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                            const char *bucket)
{
    gs3_auto(gs3_regions_release) struct gs3_regions regions;
    gs3_regions_of(policy, bucket, &regions);
    for (size_t i = 0; i < regions.count; i++)
        if (gs3_export_has_environment(opts, regions.items[i].environment))
            return true;
    return false;
}

static int check_named(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                       const char *bucket, struct gs3_err *err)
{
    const char *problem = gs3_bucket_problem(bucket);
    if (problem)
        return gs3_fail(err, GS3_EUSAGE, "--bucket %.63s: %s", bucket, problem);
    if (!gs3_export_is_governed(policy, opts, bucket))
        return gs3_fail(err, GS3_EUSAGE, "--bucket %s: no environment%s%s governs it", bucket,
                        opts->environment ? " named " : "",
                        opts->environment ? opts->environment : "");
    return 0;
}

int gs3_export_buckets(const struct gs3_policy *policy, const struct gs3_export_opts *opts,
                       struct gs3_strings *out, struct gs3_err *err)
{
    for (size_t i = 0; i < opts->buckets.count; i++) {
        if (check_named(policy, opts, opts->buckets.items[i], err))
            return -1;
        gs3_strings_add_new(out, opts->buckets.items[i]);
    }
    for (size_t i = 0; i < policy->environment_count && opts->buckets.count == 0; i++) {
        const struct gs3_environment *environment = &policy->environments[i];
        for (size_t j = 0; j < environment->match_count; j++)
            if (gs3_export_has_environment(opts, environment))
                gs3_strings_add_new(out, environment->matches[j].bucket);
    }
    return 0;
}

char *gs3_export_escape(const char *text)
{
    char *out = gs3_xmalloc(strlen(text) * 4 + 1), *end = out;
    for (; *text; text++) {
        if (strchr("*?$", *text)) {
            memcpy(end, (const char[]){'$', '{', *text, '}'}, 4);
            end += 4;
        } else {
            *end++ = *text;
        }
    }
    *end = '\0';
    return out;
}

char *gs3_export_bucket_arn(const struct gs3_export_opts *opts, const char *bucket)
{
    return gs3_xasprintf("arn:%s:s3:::%s", opts->partition ? opts->partition : "aws", bucket);
}

void gs3_export_add_object_arns(const struct gs3_export_opts *opts, const char *bucket,
                                const char *prefix, struct gs3_strings *arns)
{
    gs3_auto_free char *arn = gs3_export_bucket_arn(opts, bucket);
    gs3_auto_free char *key = gs3_export_escape(prefix);
    if (*key) {
        gs3_auto_free char *itself = gs3_xasprintf("%s/%s", arn, key);
        gs3_strings_add_new(arns, itself);
    }
    gs3_auto_free char *below = gs3_xasprintf("%s/%s%s*", arn, key, *key ? "/" : "");
    gs3_strings_add_new(arns, below);
}
