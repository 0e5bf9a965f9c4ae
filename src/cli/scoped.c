#include "cli/scoped.h"

#include <stdlib.h>
#include <string.h>

#include "aws/access_point.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/connect.h"

enum { ADVISORY_S = 15 * 60, SECOND_MS = 1000 };

static int64_t now_s(void)
{
    return gs3_clock_wall_ms(&gs3_clock_system) / SECOND_MS;
}

static bool names_role(const struct gs3_session *session, const struct gs3_touch *touch)
{
    for (size_t i = 0; i < session->policies.count; i++) {
        const struct gs3_environment *environment =
            gs3_policy_environment(session->policies.items[i], touch->bucket, touch->key);
        if (environment && environment->session.role_arn)
            return true;
    }
    return false;
}

bool gs3_scoped_is_named(const struct gs3_session *session)
{
    const struct gs3_request *request = &session->request;
    for (size_t i = 0; i < request->touch_count; i++)
        if (names_role(session, &request->touches[i]))
            return true;
    return false;
}

bool gs3_scoped_is_wanted(const struct gs3_session *session)
{
    return !session->plan_opts.is_dryrun && gs3_scoped_is_named(session);
}

static int fail_tree(struct gs3_err *err)
{
    return gs3_fail(err, GS3_EREFUSED,
                    "refused: the tree reaches several environments, of which one asks for a "
                    "session of its own, and a session covers one prefix: copy each environment's "
                    "prefix apart");
}

int gs3_scoped_check_tree(const struct gs3_session *session, struct gs3_err *err)
{
    return gs3_policies_are_uniform(&session->policies, &session->request) ? 0 : fail_tree(err);
}

int gs3_scoped_check_permit(const struct gs3_session *session, const struct gs3_permit *permit,
                            struct gs3_err *err)
{
    struct gs3_scoped_roles roles;
    if (session->plan_opts.is_dryrun || session->scoped.keeper)
        return 0;
    if (gs3_scoped_roles_find(permit, &roles, err))
        return -1;
    return roles.main ? fail_tree(err) : 0;
}

/* "arn:aws:s3:::BUCKET", in the partition of the role; an access point's own, in one spelling. */
static char *find_resource(const struct gs3_location *location, const char *role_arn)
{
    struct gs3_access_point point;
    if (location->kind != GS3_LOCATION_S3)
        return NULL;
    if (gs3_access_point_is_arn(location->bucket))
        return gs3_access_point_parse(location->bucket, &point, NULL)
                   ? NULL
                   : gs3_access_point_format(&point);
    const char *partition = role_arn + strlen("arn:");
    return gs3_xasprintf("arn:%.*s:s3:::%s", (int)strcspn(partition, ":"), partition,
                         location->bucket);
}

static bool sets_acl(const struct gs3_session *session)
{
    const struct gs3_s3_write_options *write = session->plan_opts.write;
    return write && (write->acl || write->grant_read || write->grant_read_acp ||
                     write->grant_write_acp || write->grant_full_control);
}

static int build(struct gs3_session *session, const struct gs3_permit *permit,
                 const struct gs3_scoped_roles *roles, bool is_source,
                 struct gs3_scoped_session *asked, struct gs3_err *err)
{
    bool is_tree = session->options.is_recursive;
    const struct gs3_location *source = is_tree ? &session->source : &session->plan.source;
    const struct gs3_location *destination =
        is_tree ? &session->destination : &session->plan.destination;
    const char *role_arn = (is_source ? roles->source : roles->main)->session.role_arn;
    gs3_auto_free char *source_resource = find_resource(source, role_arn);
    gs3_auto_free char *destination_resource = find_resource(destination, role_arn);
    const struct gs3_session_scope scope = {
        .source = {.resource = source_resource, .key = source->key},
        .destination = {.resource = destination_resource, .key = destination->key},
        .is_tree = is_tree,
        .deletes_source = session->request.operation == GS3_OPERATION_MOVE,
        .sets_acl = sets_acl(session),
        .uses_kms = !session->s3_endpoint,
    };
    return gs3_scoped_session_build(permit, roles, is_source, &scope, asked, err);
}

static void explain(const struct gs3_scoped *scoped, struct gs3_err *err)
{
    if (gs3_str_equal(err->code, "PackedPolicyTooLarge")) {
        err->class = GS3_EREFUSED;
        gs3_wrap(err, "refused: policy and tags of the session are more than STS can pack: use "
                      "shorter keys");
    }
    gs3_wrap(err, "session of %s", scoped->asked.role_arn);
}

/* With whatever the source of the credentials has by now. */
static int assume(struct gs3_session *session, struct gs3_scoped *scoped,
                  struct gs3_credentials *out, struct gs3_err *err)
{
    const struct gs3_sts_role role = gs3_scoped_session_role(&scoped->asked);
    struct gs3_credential_lease lease;
    gs3_credential_lease_init(&lease, session->keeper);
    gs3_credential_lease_renew(&lease);
    int failed = gs3_sts_assume_role(session->lane.http, &session->config, &lease.credentials,
                                     &role, out, NULL, err);
    if (failed && gs3_str_equal(err->code, "ExpiredToken")) {
        struct gs3_err inner = GS3_ERR_INIT;
        if (gs3_credential_lease_refresh(&lease, &inner) == 0) {
            gs3_err_clear(err);
            failed = gs3_sts_assume_role(session->lane.http, &session->config, &lease.credentials,
                                         &role, out, NULL, err);
        }
    }
    gs3_credential_lease_release(&lease);
    if (failed) {
        explain(scoped, err);
        return -1;
    }
    int64_t left_s = out->expires_s - now_s();
    int64_t ahead_s = left_s / 2 < ADVISORY_S ? left_s / 2 : ADVISORY_S;
    scoped->due_s = out->expires_s - ahead_s;
    return 0;
}

static int check_signing(const struct gs3_session *session,
                         const struct gs3_environment *environment, struct gs3_err *err)
{
    if (session->config.no_sign_request)
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: %s:%u asks for a session, which --no-sign-request cannot have",
                        environment->session.place.file, environment->session.place.line);
    if (session->sigv2)
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: the environment asks for a session of its own, and "
                        "signature_version = s3 cannot send its token");
    return 0;
}

static int begin(struct gs3_session *session, struct gs3_scoped *scoped, struct gs3_err *err)
{
    struct gs3_credentials first = {.access_key_id = NULL};
    const struct gs3_credential_keeper_opts opts = {.env = session->env,
                                                    .config = &session->config_opts,
                                                    .is_replaced_only = true};
    if (assume(session, scoped, &first, err))
        return -1;
    scoped->keeper = gs3_credential_keeper_new(&opts, &first);
    gs3_credentials_release(&first);
    return 0;
}

int gs3_scoped_open(struct gs3_session *session, const struct gs3_permit *permit,
                    struct gs3_err *err)
{
    struct gs3_scoped_roles roles;
    if (session->plan_opts.is_dryrun || session->scoped.keeper)
        return 0;
    if (gs3_scoped_roles_find(permit, &roles, err))
        return -1;
    if (!roles.main)
        return 0;
    /* Both are composed before either is asked for: what is refused here is never begun. */
    if (check_signing(session, roles.main, err) ||
        build(session, permit, &roles, false, &session->scoped.asked, err) ||
        (roles.source &&
         build(session, permit, &roles, true, &session->scoped_source.asked, err)) ||
        begin(session, &session->scoped, err) ||
        (roles.source && begin(session, &session->scoped_source, err)))
        return -1;
    return gs3_connect_again(session, err);
}

static bool is_due(const struct gs3_scoped *scoped)
{
    return scoped->keeper && now_s() >= scoped->due_s;
}

bool gs3_scoped_is_due(const struct gs3_session *session)
{
    return is_due(&session->scoped) || is_due(&session->scoped_source);
}

static int renew(struct gs3_session *session, struct gs3_scoped *scoped, struct gs3_err *err)
{
    struct gs3_credentials fresh = {.access_key_id = NULL};
    if (!is_due(scoped))
        return 0;
    if (assume(session, scoped, &fresh, err))
        return -1;
    gs3_credential_keeper_replace(scoped->keeper, &fresh);
    gs3_credentials_release(&fresh);
    return 0;
}

int gs3_scoped_renew(struct gs3_session *session, struct gs3_err *err)
{
    return renew(session, &session->scoped, err) || renew(session, &session->scoped_source, err)
               ? -1
               : 0;
}

static void release(struct gs3_scoped *scoped)
{
    gs3_credential_keeper_free(scoped->keeper);
    scoped->keeper = NULL;
    gs3_scoped_session_release(&scoped->asked);
}

void gs3_scoped_release(struct gs3_session *session)
{
    release(&session->scoped);
    release(&session->scoped_source);
}
