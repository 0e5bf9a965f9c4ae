#include "cli/connect.h"

#include <string.h>

#include "aws/access_point.h"
#include "aws/endpoint.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/prompt.h"
#include "cli/secret_check.h"
#include "cli/sigv2.h"
#include "cli/user_agent.h"
#include "net/bandwidth.h"
#include "s3/client.h"

/* All that a worker may have at once stay open: a new one costs more than a small object. */
enum { CONNECTIONS = 512 };

/* The environment's secrets were looked for before; these may have come from a file. */
static int check_no_secret(const struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_secret *secrets[] = {&session->credentials.secret_access_key,
                                          &session->credentials.session_token};
    const struct gs3_pairs *metadata = &session->options.metadata;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (!gs3_secret_is_set(secrets[i]))
            continue;
        if (gs3_secret_check(session->args, session->env, secrets[i]->text, err))
            return -1;
        /* The option's JSON may spell it in another way. */
        for (size_t j = 0; j < metadata->count; j++)
            if (strstr(metadata->items[j].value, secrets[i]->text))
                return gs3_fail(err, GS3_EUSAGE,
                                "--metadata holds an AWS secret: take it out, and replace the "
                                "secret, which the shell's history has now");
    }
    return 0;
}

/* A lane's own: what its transports sign with. */
struct leases {
    struct gs3_credential_lease main, source;
};

static struct gs3_s3_transport *open_transport(const struct gs3_session *session,
                                               const struct gs3_lane *lane,
                                               struct gs3_credential_lease *lease,
                                               const char *region)
{
    if (session->sigv2)
        return gs3_sigv2_transport(session, lane);
    const struct gs3_s3_client_opts opts = {
        .http = lane->http,
        .config = &session->config,
        .credentials = &lease->credentials,
        .log = &session->log,
        .request_payer = session->options.request_payer,
        .region = region,
        .refresh = gs3_credential_lease_refresh,
        .renew = gs3_credential_lease_renew,
        .refresh_context = lease,
    };
    return gs3_s3_client_new(&opts);
}

static struct gs3_http *open_http(void *context, struct gs3_err *err)
{
    const struct gs3_session *session = context;
    const struct gs3_http_opts opts = {
        .user_agent = session->user_agent,
        .log = &session->log,
        .proxy_https = session->config.proxy_https,
        .proxy_http = session->config.proxy_http,
        .no_proxy = session->config.no_proxy,
        .interrupted = session->interrupted,
        .maximum_connections = CONNECTIONS,
        .bandwidth = session->bandwidth,
    };
    return gs3_http_new(&opts, err);
}

int gs3_connect_lane(void *context, struct gs3_lane *lane, struct gs3_err *err)
{
    struct gs3_session *session = context;
    if (!lane->http) /* the main thread's was needed before */
        lane->http = open_http(session, err);
    if (!lane->http)
        return -1;
    struct leases *leases = gs3_xcalloc(1, sizeof *leases);
    struct gs3_credential_keeper *keeper =
        session->scoped.keeper ? session->scoped.keeper : session->keeper;
    bool has_source = session->scoped_source.keeper != NULL;
    gs3_credential_lease_init(&leases->main, keeper);
    gs3_credential_lease_init(&leases->source, has_source ? session->scoped_source.keeper : keeper);
    lane->own = leases;
    lane->destination = lane->source = open_transport(session, lane, &leases->main, NULL);
    if (has_source || session->options.source_region)
        lane->source =
            open_transport(session, lane, &leases->source, session->options.source_region);
    return 0;
}

static void close_transports(struct gs3_lane *lane)
{
    if (lane->source != lane->destination)
        gs3_s3_transport_free(lane->source);
    gs3_s3_transport_free(lane->destination);
    struct leases *leases = lane->own;
    if (leases) {
        gs3_credential_lease_release(&leases->main);
        gs3_credential_lease_release(&leases->source);
    }
    free(leases);
    *lane = (struct gs3_lane){.http = lane->http};
}

void gs3_disconnect_lane(void *context, struct gs3_lane *lane)
{
    (void)context;
    close_transports(lane);
    gs3_http_free(lane->http);
    lane->http = NULL;
}

int gs3_connect_again(struct gs3_session *session, struct gs3_err *err)
{
    close_transports(&session->lane);
    return gs3_connect_lane(session, &session->lane, err);
}

/* The decisions hold for the operator that they name: somebody else's credentials do not go on
 * with them. */
static int accept_fresh(void *context, const struct gs3_credentials *fresh, struct gs3_err *err)
{
    struct gs3_session *session = context;
    struct gs3_caller caller = {.account = NULL};
    if (!session->identity.caller.arn)
        return 0;
    struct gs3_http *http = open_http(session, err);
    struct gs3_sts_call *call =
        http ? gs3_sts_caller_start(http, &session->config, fresh, err) : NULL;
    int failed = !call || gs3_sts_caller_wait(http, call, &caller, err);
    if (!failed && !gs3_str_equal(caller.arn, session->identity.caller.arn))
        failed = gs3_fail(err, GS3_ECONFIG,
                          "the fresh credentials are %s's, and the decision is for %s: run it anew",
                          caller.arn, session->identity.caller.arn);
    gs3_caller_release(&caller);
    gs3_http_free(http);
    return failed ? -1 : 0;
}

static int ask_person(void *context, const char *question, struct gs3_secret *answer,
                      struct gs3_err *err)
{
    const struct gs3_session *session = context;
    return gs3_prompt(question, session->interrupted, answer, err);
}

static int find_credentials(struct gs3_session *session, struct gs3_http *http, struct gs3_err *err)
{
    const struct gs3_credential_source source = {.env = session->env,
                                                 .config = &session->config,
                                                 .http = http,
                                                 .prompt = ask_person,
                                                 .prompt_context = session};
    if (session->has_credentials || session->config.no_sign_request)
        return 0;
    session->has_credentials = true;
    return gs3_credentials_find(&source, &session->credentials, err) ||
                   check_no_secret(session, err)
               ? -1
               : 0;
}

/* Whoever answers there names the bucket that is judged: a host that is not AWS's has to be listed,
 * in every policy. */
static int check_control_endpoint(const struct gs3_session *session, const char *arn,
                                  struct gs3_err *err)
{
    bool is_custom = false;
    gs3_auto_free char *listed =
        gs3_s3_control_endpoint_resolve(&session->config, arn, NULL, &is_custom, err);
    struct gs3_origin origin;
    if (!listed || (is_custom && gs3_origin_parse(listed, GS3_ECONFIG, &origin, err)))
        return -1;
    for (size_t i = 0; is_custom && i < session->policies.count; i++)
        if (!gs3_policy_allows_endpoint(session->policies.items[i], NULL, &origin))
            return gs3_fail(err, GS3_EREFUSED,
                            "refused by policy: the S3 Control endpoint %s is not listed under "
                            "endpoints of %s",
                            listed, session->policies.items[i]->files[0]);
    return 0;
}

int gs3_connect_find_bucket(struct gs3_session *session, struct gs3_location *location,
                            struct gs3_err *err)
{
    struct gs3_access_point_info info = {.bucket = NULL};
    if (location->kind != GS3_LOCATION_S3 || !gs3_access_point_is_arn(location->bucket))
        return 0;
    if (check_control_endpoint(session, location->bucket, err))
        return -1;
    if (!session->user_agent)
        session->user_agent = gs3_user_agent_make(session, false);
    struct gs3_http *http = open_http(session, err);
    struct gs3_access_point_call *call =
        http && find_credentials(session, http, err) == 0
            ? gs3_access_point_start(http, &session->config, &session->credentials,
                                     location->bucket, err)
            : NULL;
    int failed = !call || gs3_access_point_wait(http, call, &info, err);
    if (!failed)
        location->bucket_behind = gs3_xstrdup(info.bucket);
    gs3_access_point_info_release(&info);
    gs3_http_free(http);
    return failed ? gs3_wrap(err, "%s", location->bucket) : 0;
}

static void open_keeper(struct gs3_session *session)
{
    const struct gs3_credential_keeper_opts opts = {
        .env = session->env,
        .config = &session->config_opts,
        .accept = accept_fresh,
        .accept_context = session,
        .open_http = open_http,
        .http_context = session,
    };
    session->keeper = gs3_credential_keeper_new(&opts, &session->credentials);
}

/* Where uploads that are under way are recorded: the XDG state directory. Without one none are. */
static void find_states(struct gs3_session *session)
{
    const char *base = gs3_env_get(session->env, "XDG_STATE_HOME");
    const char *home = gs3_env_get(session->env, "HOME");
    if (base && *base == '/')
        session->states.directory = gs3_xasprintf("%s/gs3/uploads", base);
    else if (home && *home == '/')
        session->states.directory = gs3_xasprintf("%s/.local/state/gs3/uploads", home);
    session->states.scope = session->s3_endpoint ? session->s3_endpoint : "";
}

int gs3_connect(struct gs3_session *session, struct gs3_err *err)
{
    if (session->config.bandwidth_bytes_per_s > 0)
        session->bandwidth = gs3_bandwidth_new(session->config.bandwidth_bytes_per_s);
    free(session->user_agent);
    session->user_agent = gs3_user_agent_make(session, true);
    /* The same connections later: static credentials cost nothing more. */
    session->lane.http = open_http(session, err);
    if (!session->lane.http || find_credentials(session, session->lane.http, err))
        return -1;
    open_keeper(session);
    if (gs3_sigv2_open(session, err) || gs3_connect_lane(session, &session->lane, err))
        return -1;
    session->ticket_context = (struct gs3_ticket_context){.http = session->lane.http,
                                                          .env = session->env,
                                                          .log = &session->log};
    find_states(session);
    return 0;
}
