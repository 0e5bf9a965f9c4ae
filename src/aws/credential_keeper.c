#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "base/mem.h"
#include "base/str.h"

enum { ADVISORY_S = 15 * 60, MANDATORY_S = 10 * 60, AGAIN_S = 60 };

struct gs3_credential_keeper {
    struct gs3_credential_keeper_opts opts;
    pthread_mutex_t lock; /* of all below, and of the reading of files */
    struct gs3_credentials current;
    int64_t look_s; /* when to renew `current`, or to try it again; 0: never */
    int64_t wait_s; /* from then on nobody goes on without trying */
};

static int64_t now_s(const struct gs3_credential_keeper *keeper)
{
    const struct gs3_clock *clock = keeper->opts.clock;
    return gs3_clock_wall_ms(clock ? clock : &gs3_clock_system) / 1000;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Short-lived ones would be in their last quarter of an hour from the start, and be renewed at each
 * request. */
static void plan(struct gs3_credential_keeper *keeper)
{
    int64_t expires_s = keeper->current.expires_s;
    int64_t left_s = expires_s - now_s(keeper);
    keeper->look_s = keeper->wait_s = 0;
    if (expires_s == 0)
        return;
    left_s = left_s > 0 ? left_s : 0;
    keeper->look_s = expires_s - lesser(ADVISORY_S, left_s / 2);
    keeper->wait_s = expires_s - lesser(MANDATORY_S, left_s / 3);
}

struct gs3_credential_keeper *
gs3_credential_keeper_new(const struct gs3_credential_keeper_opts *opts,
                          const struct gs3_credentials *first)
{
    struct gs3_credential_keeper *keeper = gs3_xcalloc(1, sizeof *keeper);
    keeper->opts = *opts;
    pthread_mutex_init(&keeper->lock, NULL);
    gs3_credentials_copy(&keeper->current, first);
    plan(keeper);
    return keeper;
}

void gs3_credential_keeper_free(struct gs3_credential_keeper *keeper)
{
    if (!keeper)
        return;
    gs3_credentials_release(&keeper->current);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

void gs3_credential_keeper_replace(struct gs3_credential_keeper *keeper,
                                   const struct gs3_credentials *fresh)
{
    pthread_mutex_lock(&keeper->lock);
    gs3_credentials_release(&keeper->current);
    gs3_credentials_copy(&keeper->current, fresh);
    plan(keeper);
    pthread_mutex_unlock(&keeper->lock);
}

void gs3_credential_lease_init(struct gs3_credential_lease *lease,
                               struct gs3_credential_keeper *keeper)
{
    lease->keeper = keeper;
    pthread_mutex_lock(&keeper->lock);
    gs3_credentials_copy(&lease->credentials, &keeper->current);
    lease->look_s = keeper->look_s;
    lease->wait_s = keeper->wait_s;
    pthread_mutex_unlock(&keeper->lock);
}

void gs3_credential_lease_release(struct gs3_credential_lease *lease)
{
    gs3_credentials_release(&lease->credentials);
}

/* What the files and the servers give now, as at the start; but nobody is asked for anything. */
static int find_again(const struct gs3_credential_keeper *keeper, struct gs3_credentials *fresh,
                      struct gs3_err *err)
{
    const struct gs3_credential_keeper_opts *opts = &keeper->opts;
    struct gs3_aws_config config;
    struct gs3_http *http = NULL;
    if (gs3_aws_config_load(opts->env, opts->config, &config, err))
        return -1;
    int status = 0;
    if (opts->open_http)
        status = (http = opts->open_http(opts->http_context, err)) ? 0 : -1;
    const struct gs3_credential_source source = {.env = opts->env,
                                                 .config = &config,
                                                 .http = http,
                                                 .stale = &keeper->current};
    if (status == 0)
        status = gs3_credentials_find(&source, fresh, err);
    gs3_http_free(http);
    gs3_aws_config_release(&config);
    return status;
}

static int check_fresh(const struct gs3_credential_keeper *keeper,
                       const struct gs3_credentials *fresh, struct gs3_err *err)
{
    const struct gs3_credentials *current = &keeper->current;
    /* Another source is another's decision: it was not there when this run was allowed. */
    if (!gs3_str_equal(fresh->source, current->source))
        return gs3_fail(err, GS3_ECONFIG,
                        "the credentials of %s have expired, and what is found now is of %s",
                        current->source, fresh->source);
    if (gs3_credentials_equal(fresh, current))
        return gs3_fail(err, GS3_ECONFIG,
                        "the credentials of %s have expired, and it has no others yet: renew them",
                        current->source);
    if (fresh->expires_s && fresh->expires_s <= now_s(keeper))
        return gs3_fail(err, GS3_ECONFIG, "the fresh credentials of %s have expired as well",
                        current->source);
    return keeper->opts.accept ? keeper->opts.accept(keeper->opts.accept_context, fresh, err) : 0;
}

/* Under the lock. */
static int renew(struct gs3_credential_keeper *keeper, struct gs3_err *err)
{
    struct gs3_credentials fresh = {.access_key_id = NULL};
    if (keeper->opts.is_replaced_only)
        return gs3_fail(err, GS3_ECONFIG, "the session has expired, and no other was begun");
    if (gs3_str_equal(keeper->current.source, "environment"))
        return gs3_fail(err, GS3_ECONFIG,
                        "the credentials of the environment have expired, which does not change "
                        "while gs3 runs: set fresh ones and start again, or use a profile");
    if (find_again(keeper, &fresh, err))
        return gs3_wrap(err, "the credentials of %s have expired", keeper->current.source);
    if (check_fresh(keeper, &fresh, err)) {
        gs3_credentials_release(&fresh);
        return -1;
    }
    gs3_credentials_release(&keeper->current);
    keeper->current = fresh;
    plan(keeper);
    return 0;
}

/* Under the lock. */
static void take_over(struct gs3_credential_lease *mine)
{
    gs3_credentials_release(&mine->credentials);
    gs3_credentials_copy(&mine->credentials, &mine->keeper->current);
    mine->look_s = mine->keeper->look_s;
    mine->wait_s = mine->keeper->wait_s;
}

int gs3_credential_lease_refresh(void *lease, struct gs3_err *err)
{
    struct gs3_credential_lease *mine = lease;
    struct gs3_credential_keeper *keeper = mine->keeper;
    pthread_mutex_lock(&keeper->lock);
    /* Another thread has found them since this one took its copy. */
    bool is_known = !gs3_credentials_equal(&mine->credentials, &keeper->current);
    int status = is_known ? 0 : renew(keeper, err);
    if (status == 0)
        take_over(mine);
    pthread_mutex_unlock(&keeper->lock);
    return status;
}

/* Under the lock: whether `mine` has others now. */
static bool renew_early(struct gs3_credential_lease *mine)
{
    struct gs3_credential_keeper *keeper = mine->keeper;
    bool is_known = !gs3_credentials_equal(&mine->credentials, &keeper->current);
    if (!is_known && keeper->look_s && keeper->look_s <= now_s(keeper) && renew(keeper, NULL))
        keeper->look_s = now_s(keeper) + AGAIN_S;
    mine->look_s = keeper->look_s;
    if (gs3_credentials_equal(&mine->credentials, &keeper->current))
        return false;
    take_over(mine);
    return true;
}

bool gs3_credential_lease_renew(void *lease)
{
    struct gs3_credential_lease *mine = lease;
    struct gs3_credential_keeper *keeper = mine->keeper;
    if (mine->look_s == 0 || now_s(keeper) < mine->look_s)
        return false;
    /* Whoever has the lock is at it. */
    if (pthread_mutex_trylock(&keeper->lock)) {
        if (now_s(keeper) < mine->wait_s)
            return false;
        pthread_mutex_lock(&keeper->lock);
    }
    bool is_fresh = renew_early(mine);
    pthread_mutex_unlock(&keeper->lock);
    return is_fresh;
}
