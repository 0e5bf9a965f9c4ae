#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"
#include "base/mem.h"
#include "base/str.h"

struct gs3_credential_keeper {
    struct gs3_credential_keeper_opts opts;
    pthread_mutex_t lock; /* of `current`, and of the reading of files */
    struct gs3_credentials current;
};

struct gs3_credential_keeper *
gs3_credential_keeper_new(const struct gs3_credential_keeper_opts *opts,
                          const struct gs3_credentials *first)
{
    struct gs3_credential_keeper *keeper = gs3_xcalloc(1, sizeof *keeper);
    keeper->opts = *opts;
    pthread_mutex_init(&keeper->lock, NULL);
    gs3_credentials_copy(&keeper->current, first);
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

void gs3_credential_lease_init(struct gs3_credential_lease *lease,
                               struct gs3_credential_keeper *keeper)
{
    lease->keeper = keeper;
    pthread_mutex_lock(&keeper->lock);
    gs3_credentials_copy(&lease->credentials, &keeper->current);
    pthread_mutex_unlock(&keeper->lock);
}

void gs3_credential_lease_release(struct gs3_credential_lease *lease)
{
    gs3_credentials_release(&lease->credentials);
}

/* What the files give now, as at the start. */
static int read_again(const struct gs3_credential_keeper *keeper, struct gs3_credentials *fresh,
                      struct gs3_err *err)
{
    struct gs3_aws_config config;
    if (gs3_aws_config_load(keeper->opts.env, keeper->opts.config, &config, err))
        return -1;
    const struct gs3_credential_source source = {.env = keeper->opts.env, .config = &config};
    int status = gs3_credentials_find(&source, fresh, err);
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
    return keeper->opts.accept ? keeper->opts.accept(keeper->opts.accept_context, fresh, err) : 0;
}

/* Under the lock. */
static int renew(struct gs3_credential_keeper *keeper, struct gs3_err *err)
{
    struct gs3_credentials fresh = {.access_key_id = NULL};
    if (gs3_str_equal(keeper->current.source, "environment"))
        return gs3_fail(err, GS3_ECONFIG,
                        "the credentials of the environment have expired, which does not change "
                        "while gs3 runs: set fresh ones and start again, or use a profile");
    if (read_again(keeper, &fresh, err))
        return gs3_wrap(err, "the credentials of %s have expired", keeper->current.source);
    if (check_fresh(keeper, &fresh, err)) {
        gs3_credentials_release(&fresh);
        return -1;
    }
    gs3_credentials_release(&keeper->current);
    keeper->current = fresh;
    return 0;
}

int gs3_credential_lease_refresh(void *lease, struct gs3_err *err)
{
    struct gs3_credential_lease *mine = lease;
    struct gs3_credential_keeper *keeper = mine->keeper;
    pthread_mutex_lock(&keeper->lock);
    /* Another thread has found them since this one took its copy. */
    bool is_known = !gs3_credentials_equal(&mine->credentials, &keeper->current);
    int status = is_known ? 0 : renew(keeper, err);
    if (status == 0) {
        gs3_credentials_release(&mine->credentials);
        gs3_credentials_copy(&mine->credentials, &keeper->current);
    }
    pthread_mutex_unlock(&keeper->lock);
    return status;
}
