/* Assumed roles: a profile with role_arn, and where the credentials that ask for it come from. */
#include <stdlib.h>
#include <string.h>

#include "aws/credential_cache.h"
#include "aws/credentials_internal.h"
#include "aws/sts_assume.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { LINKS = 16, SHOWN_BYTES = 200 };

/* One profile of the chain: the first has the role that is wanted, each asks with the credentials
 * of the next, and the last has credentials of its own unless `credential_source` is set. */
struct link {
    struct gs3_aws_profile profile; /* but for the first, whose is the configuration's */
    struct gs3_aws_config config;   /* a view with that profile */
    struct gs3_credential_source source;
    struct gs3_sts_role role; /* role_arn NULL: it is not asked for one */
    char *session_name;       /* its own, when it was made up */
    const char *credential_source;
};

struct chain {
    struct link links[LINKS];
    size_t count;
    bool has_used_cache;
};

static const struct gs3_aws_profile *profile_of(const struct link *link)
{
    return &link->config.profile;
}

static const char *setting(const struct link *link, const char *name)
{
    return gs3_credential_setting(&link->source, name);
}

static const char *place(const struct link *link, const char *name)
{
    return gs3_credential_place(&link->source, name);
}

static void release(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        gs3_aws_profile_release(&chain->links[i].profile);
        free(chain->links[i].session_name);
    }
    free(chain);
}

/* "FILE:LINE: NAME = VALUE: PROBLEM" */
static int refuse(const struct link *link, const char *name, const char *problem,
                  struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&shown, setting(link, name));
    return gs3_fail(err, GS3_ECONFIG, "%s: %s = %s: %s", place(link, name), name,
                    gs3_buf_string(&shown), problem);
}

int gs3_credential_role_fail(struct gs3_err *err, const char *place)
{
    if (!err)
        return -1;
    if (err->class == GS3_EUNDECIDED)
        err->class = GS3_EGENERAL;
    if (err->class != GS3_EINVALID)
        return -1;
    err->class = GS3_ECONFIG;
    return place ? gs3_wrap(err, "%s", place) : -1;
}

char *gs3_credential_session_name(const struct gs3_credential_source *source)
{
    if (source->stale && source->stale->session_name)
        return gs3_xstrdup(source->stale->session_name);
    return gs3_xasprintf("gs3-session-%lld",
                         (long long)(gs3_clock_wall_ms(&gs3_clock_system) / 1000));
}

/* ---- the settings of one profile */

static bool has_role(const struct gs3_aws_profile *profile)
{
    return gs3_pairs_has(&profile->settings, "role_arn") &&
           !gs3_pairs_has(&profile->settings, "web_identity_token_file");
}

static bool has_static_keys(const struct gs3_aws_profile *profile)
{
    return gs3_secret_is_set(&profile->access_key_id) ||
           gs3_secret_is_set(&profile->secret_access_key) ||
           gs3_secret_is_set(&profile->config_access_key_id) ||
           gs3_secret_is_set(&profile->config_secret_access_key);
}

static int read_duration(struct link *link, struct gs3_err *err)
{
    const char *text = setting(link, "duration_seconds");
    uint64_t seconds = 0;
    if (!text)
        return 0;
    if (gs3_str_to_u64(text, GS3_STS_DURATION_MAXIMUM_S, &seconds) ||
        seconds < GS3_STS_DURATION_MINIMUM_S)
        return refuse(link, "duration_seconds", "900 to 43200 seconds are expected", err);
    link->role.duration_s = (uint32_t)seconds;
    return 0;
}

/* Each setting is tried beside ones that are known to be good, so that a message names its line. */
static int check_settings(const struct link *link, struct gs3_err *err)
{
    const struct gs3_sts_role *role = &link->role;
    static const char good_arn[] = "arn:aws:iam::123456789012:role/x";
    static const char good_name[] = "gs3";
    const struct {
        const char *name;
        struct gs3_sts_role tried;
    } checks[] = {
        {"role_arn", {.role_arn = role->role_arn, .session_name = good_name}},
        {"role_session_name", {.role_arn = good_arn, .session_name = role->session_name}},
        {"external_id",
         {.role_arn = good_arn, .session_name = good_name, .external_id = role->external_id}},
        {"mfa_serial", {.role_arn = good_arn, .session_name = good_name, .serial = role->serial}},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct gs3_err problem = GS3_ERR_INIT;
        if (gs3_sts_role_check(&checks[i].tried, &problem))
            return setting(link, checks[i].name)
                       ? refuse(link, checks[i].name, problem.message, err)
                       : gs3_fail(err, GS3_ECONFIG, "%s", problem.message);
    }
    return 0;
}

static int read_role(struct link *link, struct gs3_err *err)
{
    const char *session_name = setting(link, "role_session_name");
    if (!session_name)
        session_name = link->session_name = gs3_credential_session_name(&link->source);
    link->role = (struct gs3_sts_role){
        .role_arn = setting(link, "role_arn"),
        .session_name = session_name,
        .external_id = setting(link, "external_id"),
        .serial = setting(link, "mfa_serial"),
    };
    return read_duration(link, err) || check_settings(link, err) ? -1 : 0;
}

/* ---- the chain of profiles */

static void append_name(struct gs3_buf *out, const char *name)
{
    gs3_buf_puts(out, out->length_bytes ? " -> " : "");
    gs3_utf8_append_printable(out, name);
}

static int fail_loop(const struct chain *chain, const char *name, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf loop = GS3_BUF_INIT(SHOWN_BYTES);
    for (size_t i = 0; i < chain->count; i++)
        append_name(&loop, profile_of(&chain->links[i])->name);
    append_name(&loop, name);
    gs3_auto_free char *problem =
        gs3_xasprintf("the profiles go in a loop: %s", gs3_buf_string(&loop));
    return refuse(&chain->links[chain->count - 1], "source_profile", problem, err);
}

/* A profile that names itself means its own static keys, and no other loop is one that ends. */
static int check_loop(const struct chain *chain, const struct gs3_aws_profile *next,
                      struct gs3_err *err)
{
    const struct link *parent = &chain->links[chain->count - 1];
    for (size_t i = 0; i < chain->count; i++) {
        bool is_parent = strcmp(profile_of(parent)->name, next->name) == 0;
        if (strcmp(profile_of(&chain->links[i])->name, next->name) == 0 &&
            (!is_parent || !has_static_keys(next)))
            return fail_loop(chain, next->name, err);
    }
    return 0;
}

static void init_link(struct link *link, const struct gs3_credential_source *run)
{
    link->config = *run->config;
    link->config.profile = link->profile;
    link->config.profile_is_explicit = true; /* the environment's are not the profile's */
    link->source = *run;
    link->source.config = &link->config;
    link->source.stale = NULL;
}

/* The profile that `parent`, the last link, has as its source_profile becomes the last link. */
static int add_source(struct chain *chain, const struct gs3_credential_source *run,
                      struct gs3_err *err)
{
    const struct link *parent = &chain->links[chain->count - 1];
    if (chain->count == LINKS)
        return refuse(parent, "source_profile", "more than 16 profiles in a chain of roles", err);
    struct link *link = &chain->links[chain->count];
    int failed =
        gs3_aws_profile_load(run->env, setting(parent, "source_profile"), &link->profile, err);
    if (!failed && !link->profile.exists)
        failed = refuse(parent, "source_profile", "there is no profile of that name", err);
    failed = failed || check_loop(chain, &link->profile, err);
    init_link(link, run);
    chain->count++; /* released with the others, whatever comes */
    if (failed || has_static_keys(&link->profile) || !has_role(&link->profile))
        return failed ? -1 : 0;
    return read_role(link, err);
}

static bool is_known_source(const char *name)
{
    return gs3_str_equal(name, "Environment") || gs3_str_equal(name, "EcsContainer") ||
           gs3_str_equal(name, "Ec2InstanceMetadata");
}

/* Where the credentials come from that ask for the role of the last link. */
static int follow(struct chain *chain, const struct gs3_credential_source *run, struct gs3_err *err)
{
    struct link *link = &chain->links[chain->count - 1];
    const char *named = setting(link, "credential_source");
    bool has_profile = setting(link, "source_profile") != NULL;
    if (named && has_profile)
        return refuse(link, "credential_source",
                      "the profile has source_profile as well: take one of the two out", err);
    if (!named && !has_profile)
        return refuse(link, "role_arn",
                      "source_profile or credential_source is missing: whose credentials ask for "
                      "the role?",
                      err);
    if (!named)
        return add_source(chain, run, err);
    if (!is_known_source(named))
        return refuse(link, "credential_source",
                      "Environment, Ec2InstanceMetadata or EcsContainer is expected", err);
    link->credential_source = named;
    return 0;
}

static int build(struct chain *chain, const struct gs3_credential_source *run, struct gs3_err *err)
{
    struct link *first = &chain->links[0];
    chain->count = 1;
    first->config = *run->config;
    first->source = *run;
    first->source.config = &first->config;
    if (read_role(first, err))
        return -1;
    for (;;) {
        const struct link *last = &chain->links[chain->count - 1];
        if (last->credential_source || !last->role.role_arn)
            return 0;
        if (follow(chain, run, err))
            return -1;
    }
}

/* ---- credentials */

/* TEMPORARY, until the two providers are merged: this function goes, and so does its call, for
 *     else if (strcmp(link->credential_source, "EcsContainer") == 0)
 *         found = gs3_credentials_from_container(&link->source, out, err);
 *     else
 *         found = gs3_credentials_from_imds(&link->source, out, err); */
static int metadata_is_not_merged(const struct gs3_credential_source *source,
                                  struct gs3_credentials *credentials, struct gs3_err *err)
{
    (void)credentials;
    return gs3_fail(err, GS3_ECONFIG, "%s: credential_source is not available in this build",
                    gs3_credential_place(source, "credential_source"));
}

static int find_named(const struct link *link, struct gs3_credentials *out, struct gs3_err *err)
{
    int found;
    if (strcmp(link->credential_source, "Environment") == 0)
        found = gs3_credentials_from_environment(&link->source, out, err);
    else
        found = metadata_is_not_merged(&link->source, out, err);
    if (found == 0)
        return refuse(link, "credential_source", "it has no credentials", err);
    return found > 0 ? 0 : gs3_wrap(err, "%s", place(link, "credential_source"));
}

/* What the end of the chain has without any role. */
static int find_end(const struct chain *chain, struct gs3_credentials *out, struct gs3_err *err)
{
    const struct link *last = &chain->links[chain->count - 1];
    if (last->credential_source)
        return find_named(last, out, err);
    const struct link *parent = last - 1;
    int found = gs3_credentials_from_profile(&last->source, out, err);
    if (found == 0)
        return refuse(parent, "source_profile", "that profile has no credentials", err);
    return found > 0 ? 0 : gs3_wrap(err, "%s: source_profile", place(parent, "source_profile"));
}

static int ask_code(const struct link *link, struct gs3_secret *code, struct gs3_err *err)
{
    gs3_auto_free char *question = gs3_xasprintf("Enter MFA code for %s: ", link->role.serial);
    if (!link->source.prompt)
        return refuse(link, "mfa_serial",
                      "a code is needed, and while a run is under way nobody is asked for one",
                      err);
    if (link->source.prompt(link->source.prompt_context, question, code, err))
        return gs3_wrap(err, "%s: mfa_serial", place(link, "mfa_serial"));
    return 0;
}

static int assume(const struct link *link, const struct gs3_credentials *with,
                  struct gs3_credentials *out, struct gs3_err *err)
{
    gs3_auto_secret struct gs3_secret code = GS3_SECRET_INIT;
    struct gs3_sts_role role = link->role;
    struct gs3_sts_assumed assumed = {.arn = NULL};
    if (!link->source.http)
        return refuse(link, "role_arn", "STS cannot be asked for the role here", err);
    if (role.serial && ask_code(link, &code, err))
        return -1;
    if (role.serial)
        role.code = &code;
    if (gs3_sts_assume_role(link->source.http, &link->config, with, &role, out, &assumed, err))
        return gs3_credential_role_fail(err, place(link, "role_arn"));
    out->session_name = gs3_xstrdup(role.session_name);
    gs3_auto_free char *path =
        gs3_credential_cache_path(link->source.env, &link->role, !link->session_name);
    if (path)
        gs3_credential_cache_write(path, out, &assumed);
    gs3_sts_assumed_release(&assumed);
    return 0;
}

/* Not what is being renewed, nor a session of another name: the decision names its operator. */
static bool is_wanted(const struct link *link, const struct gs3_credentials *cached)
{
    const struct gs3_credentials *stale = link->source.stale;
    return !stale || (!gs3_str_equal(stale->access_key_id, cached->access_key_id) &&
                      gs3_str_equal(cached->session_name, link->role.session_name));
}

static bool look(const struct link *link, struct gs3_credentials *out)
{
    gs3_auto_free char *path =
        gs3_credential_cache_path(link->source.env, &link->role, !link->session_name);
    int64_t now_s = gs3_clock_wall_ms(&gs3_clock_system) / 1000;
    if (!path || !gs3_credential_cache_read(path, now_s, out))
        return false;
    if (is_wanted(link, out))
        return true;
    gs3_credentials_release(out);
    return false;
}

/* The first link that the cache has, or where the chain ends; and from there back, role by role. */
static int resolve(struct chain *chain, bool uses_cache, struct gs3_credentials *out,
                   struct gs3_err *err)
{
    size_t at = 0, roles = chain->count;
    if (!chain->links[roles - 1].role.role_arn)
        roles--;
    while (uses_cache && at < roles && !look(&chain->links[at], out))
        at++;
    at = uses_cache ? at : roles;
    chain->has_used_cache = at < roles;
    if (at == roles && find_end(chain, out, err))
        return -1;
    while (at > 0) {
        struct gs3_credentials with = *out;
        *out = (struct gs3_credentials){.access_key_id = NULL};
        int status = assume(&chain->links[--at], &with, out, err);
        gs3_credentials_release(&with);
        if (status)
            return -1;
    }
    out->source = "assumed role";
    return 0;
}

/* Cached credentials of a role on the way may have been revoked since. */
static bool is_worth_another(const struct chain *chain, const struct gs3_err *err)
{
    return chain->has_used_cache && err->class == GS3_ESERVICE &&
           (strcmp(err->code, "ExpiredToken") == 0 ||
            strcmp(err->code, "InvalidClientTokenId") == 0);
}

int gs3_credentials_from_role(const struct gs3_credential_source *source,
                              struct gs3_credentials *credentials, struct gs3_err *err)
{
    if (!has_role(&source->config->profile))
        return 0;
    struct gs3_err problem = GS3_ERR_INIT;
    struct chain *chain = gs3_xcalloc(1, sizeof *chain);
    int failed = build(chain, source, &problem);
    if (!failed)
        failed = resolve(chain, true, credentials, &problem);
    if (failed && is_worth_another(chain, &problem))
        failed = resolve(chain, false, credentials, &problem);
    release(chain);
    if (failed && err)
        *err = problem;
    return failed ? -1 : 1;
}
