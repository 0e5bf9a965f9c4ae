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
    const struct gs3_session_rule *rule = NULL;
    if (session->plan_opts.is_dryrun || session->scoped_keeper)
        return 0;
    if (gs3_permit_session(permit, &rule, err))
        return -1;
    return rule ? fail_tree(err) : 0;
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
                 const struct gs3_session_rule *rule, struct gs3_err *err)
{
    bool is_tree = session->options.is_recursive;
    const struct gs3_location *source = is_tree ? &session->source : &session->plan.source;
    const struct gs3_location *destination =
        is_tree ? &session->destination : &session->plan.destination;
    gs3_auto_free char *source_resource = find_resource(source, rule->role_arn);
    gs3_auto_free char *destination_resource = find_resource(destination, rule->role_arn);
    const struct gs3_session_scope scope = {
        .source = {.resource = source_resource, .key = source->key},
        .destination = {.resource = destination_resource, .key = destination->key},
        .is_tree = is_tree,
        .deletes_source = session->request.operation == GS3_OPERATION_MOVE,
        .sets_acl = sets_acl(session),
        .uses_kms = !session->s3_endpoint,
    };
    return gs3_scoped_session_build(permit, &scope, &session->scoped, err);
}

static void explain(const struct gs3_session *session, struct gs3_err *err)
{
    if (gs3_str_equal(err->code, "PackedPolicyTooLarge")) {
        err->class = GS3_EREFUSED;
        gs3_wrap(err, "refused: policy and tags of the session are more than STS can pack: use "
                      "shorter keys");
    }
    gs3_wrap(err, "session of %s", session->scoped.role_arn);
}

/* With whatever the source of the credentials has by now. */
static int assume(struct gs3_session *session, struct gs3_credentials *out, struct gs3_err *err)
{
    const struct gs3_sts_role role = gs3_scoped_session_role(&session->scoped);
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
        explain(session, err);
        return -1;
    }
    int64_t left_s = out->expires_s - now_s();
    int64_t ahead_s = left_s / 2 < ADVISORY_S ? left_s / 2 : ADVISORY_S;
    session->scoped_due_s = out->expires_s - ahead_s;
    return 0;
}

int gs3_scoped_open(struct gs3_session *session, const struct gs3_permit *permit,
                    struct gs3_err *err)
{
    const struct gs3_session_rule *rule = NULL;
    struct gs3_credentials first = {.access_key_id = NULL};
    if (session->plan_opts.is_dryrun || session->scoped_keeper)
        return 0;
    if (gs3_permit_session(permit, &rule, err))
        return -1;
    if (!rule)
        return 0;
    if (session->config.no_sign_request)
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: %s:%u asks for a session, which --no-sign-request cannot have",
                        rule->place.file, rule->place.line);
    if (session->sigv2)
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: the environment asks for a session of its own, and "
                        "signature_version = s3 cannot send its token");
    if (build(session, permit, rule, err) || assume(session, &first, err))
        return -1;
    const struct gs3_credential_keeper_opts opts = {.env = session->env,
                                                    .config = &session->config_opts,
                                                    .is_replaced_only = true};
    session->scoped_keeper = gs3_credential_keeper_new(&opts, &first);
    gs3_credentials_release(&first);
    return gs3_connect_again(session, err);
}

bool gs3_scoped_is_due(const struct gs3_session *session)
{
    return session->scoped_keeper && now_s() >= session->scoped_due_s;
}

int gs3_scoped_renew(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_credentials fresh = {.access_key_id = NULL};
    if (assume(session, &fresh, err))
        return -1;
    gs3_credential_keeper_replace(session->scoped_keeper, &fresh);
    gs3_credentials_release(&fresh);
    return 0;
}

void gs3_scoped_release(struct gs3_session *session)
{
    gs3_credential_keeper_free(session->scoped_keeper);
    session->scoped_keeper = NULL;
    gs3_scoped_session_release(&session->scoped);
}
