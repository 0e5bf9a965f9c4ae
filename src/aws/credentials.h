/* AWS credentials and the chain that finds them: each provider is one struct of operations.
 * Depends on aws/config, net. */
#ifndef GS3_AWS_CREDENTIALS_H
#define GS3_AWS_CREDENTIALS_H

#include "aws/config.h"
#include "net/http.h"

struct gs3_credentials {
    char *access_key_id;
    struct gs3_secret secret_access_key;
    struct gs3_secret session_token; /* may be unset */
    const char *source;              /* "environment", "shared credentials file": for people */
    int64_t expires_s;               /* seconds UTC; 0: nobody said */
    char *session_name;              /* of the role that gs3 assumed; NULL: it assumed none */
};
void gs3_credentials_release(struct gs3_credentials *credentials);
/* `to` is zero-initialised, or was released. */
void gs3_credentials_copy(struct gs3_credentials *to, const struct gs3_credentials *from);
/* Of the three values, not of where they come from. */
bool gs3_credentials_equal(const struct gs3_credentials *a, const struct gs3_credentials *b);

struct gs3_credential_source {
    const struct gs3_env *env;
    const struct gs3_aws_config *config;
    struct gs3_http *http; /* for providers that ask a server; NULL: they are refused by name */
    /* Asks a person, for the code of an MFA device: 0, or -1 where nobody can be asked. NULL: there
     * is nobody. */
    int (*prompt)(void *context, const char *question, struct gs3_secret *answer,
                  struct gs3_err *err);
    void *prompt_context;
    /* What is being renewed: a cache that still has these is not asked, and a role's session keeps
     * its name, for whom the decision names. NULL: these are the first. */
    const struct gs3_credentials *stale;
};

/* One provider. `find` returns 1 when it has credentials, 0 when it does not apply, -1 when it
 * applies and is broken (half a credential, …): that ends the chain. */
struct gs3_credential_provider {
    const char *name;
    int (*find)(const struct gs3_credential_source *source, struct gs3_credentials *credentials,
                struct gs3_err *err);
};

/* Asks the providers in the AWS CLI's order. Nothing found: GS3_ECONFIG "unable to locate
 * credentials…"; so are settings that cannot work, by file and line. GS3_ESERVICE with AWS's own
 * code and message when a service refuses, GS3_EGENERAL when one cannot be reached: never a silent
 * fall-through to other credentials. */
int gs3_credentials_find(const struct gs3_credential_source *source,
                         struct gs3_credentials *credentials, struct gs3_err *err);

/* credential_keeper.c: credentials that may be replaced while a run is under way.
 *
 * The keeper is shared by all threads, behind a lock. Each thread signs with a copy of its own (a
 * lease), which only that thread changes: no request ever sees half of the old and half of the new,
 * and signing takes no lock. */
struct gs3_credential_keeper_opts {
    const struct gs3_env *env;                /* must live as long as the keeper */
    const struct gs3_aws_config_opts *config; /* likewise: what the first ones were found with */
    /* Asked before other credentials are handed out, from whatever thread, one at a time: -1
     * refuses them. A file may hold somebody else's by now, and a decision that names the operator
     * by STS holds for that operator alone: whoever decided so must ask STS again here, on a
     * gs3_http of its own. NULL: whatever the source has is fine. */
    int (*accept)(void *context, const struct gs3_credentials *fresh, struct gs3_err *err);
    void *accept_context;
    /* For providers that ask a server: a gs3_http of the calling thread, freed when they have
     * answered. NULL: what comes from a server is not renewed. */
    struct gs3_http *(*open_http)(void *context, struct gs3_err *err);
    void *http_context;
    const struct gs3_clock *clock; /* NULL: the system's */
    /* Nothing is looked for again: who assumed a role for one decision asks the tickets before the
     * session goes on, and brings others with gs3_credential_keeper_replace. */
    bool is_replaced_only;
};

struct gs3_credential_keeper;
/* Copies `first`. Never NULL. */
struct gs3_credential_keeper *
gs3_credential_keeper_new(const struct gs3_credential_keeper_opts *opts,
                          const struct gs3_credentials *first);
/* From now on leases take over these, at the latest when theirs have expired. */
void gs3_credential_keeper_replace(struct gs3_credential_keeper *keeper,
                                   const struct gs3_credentials *fresh);
void gs3_credential_keeper_free(struct gs3_credential_keeper *keeper); /* NULL is fine */

struct gs3_credential_lease {
    struct gs3_credential_keeper *keeper;
    struct gs3_credentials credentials; /* for gs3_s3_client_opts.credentials */
    int64_t look_s, wait_s; /* when to think of their expiry, and not to go on without; 0: never */
};
void gs3_credential_lease_init(struct gs3_credential_lease *lease,
                               struct gs3_credential_keeper *keeper);
void gs3_credential_lease_release(struct gs3_credential_lease *lease);

/* For gs3_s3_client_opts.refresh, with the lease as its context: takes over what another thread has
 * found meanwhile, or reads the files again. 0: lease->credentials are others now. GS3_ECONFIG:
 * they are from the environment, which cannot change; the source has the same ones still, or none;
 * others come from another source than the first. Reads files, and may ask a server. */
int gs3_credential_lease_refresh(void *lease, struct gs3_err *err);

/* For gs3_s3_client_opts.renew: asked before each signature, and mostly a look at the clock. True:
 * lease->credentials are others now. When they expire within a quarter of an hour (or half of what
 * they had left when they came, if that is less), one thread gets fresh ones and the others go on;
 * in the last ten minutes (a third) all wait for it. What cannot be renewed is used to its end, and
 * tried again a minute later. */
bool gs3_credential_lease_renew(void *lease);

#endif
