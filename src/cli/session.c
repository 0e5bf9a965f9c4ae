#include "cli/session.h"

#include <string.h>
#include <unistd.h>

#include "aws/access_point.h"
#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/connect.h"
#include "cli/scoped.h"
#include "cli/secret_check.h"
#include "cli/sigv2.h"
#include "crypto/uuid.h"

enum { TICKETS_MAXIMUM = 32 };

/* The option, else its variable. */
static const char *option_value(const struct gs3_session *session, enum gs3_option_id id)
{
    const char *value = session->args->values[id];
    if (value)
        return value;
    const char *variable = gs3_options[id].variable;
    return variable ? gs3_env_get(session->env, variable) : NULL;
}

static bool has_flag(const struct gs3_session *session, enum gs3_option_id id)
{
    return session->args->values[id] != NULL;
}

static int read_output_options(struct gs3_session *session, struct gs3_err *err)
{
    const char *output = option_value(session, GS3_OPT_OUTPUT);
    if (output && !gs3_str_equal(output, "json") && !gs3_str_equal(output, "text"))
        return gs3_fail(err, GS3_EUSAGE, "GS3_OUTPUT takes text or json");
    session->directory = getcwd(NULL, 0);
    session->out = (struct gs3_output){
        .directory = session->directory,
        .is_json = gs3_str_equal(output, "json"),
        .is_quiet = has_flag(session, GS3_OPT_QUIET) || has_flag(session, GS3_OPT_ONLY_SHOW_ERRORS),
        .is_silent = has_flag(session, GS3_OPT_QUIET),
        .is_debug = has_flag(session, GS3_OPT_DEBUG),
    };
    session->log = gs3_output_log(&session->out);
    return 0;
}

static enum gs3_operation operation_of(const struct gs3_args *args)
{
    switch (args->command->bit) {
    case GS3_COMMAND_MV: return GS3_OPERATION_MOVE;
    case GS3_COMMAND_PUT: return GS3_OPERATION_PUT;
    default: return GS3_OPERATION_COPY;
    }
}

static int check_bucket(const struct gs3_location *location, struct gs3_err *err)
{
    struct gs3_access_point point;
    if (location->kind != GS3_LOCATION_S3)
        return 0;
    if (gs3_access_point_is_arn(location->bucket))
        return gs3_access_point_parse(location->bucket, &point, err);
    return gs3_bucket_check(location->bucket, err);
}

/* "p" and "p/" are one prefix. */
static void end_in_slash(struct gs3_location *location)
{
    if (location->kind != GS3_LOCATION_S3 || gs3_str_is_empty(location->key) ||
        gs3_str_has_suffix(location->key, "/"))
        return;
    char *longer = gs3_xasprintf("%s/", location->key);
    free(location->key);
    location->key = longer;
}

/* Both ends of a tree: their prefixes stand for all that lies below until the keys are known. */
static int take_tree(struct gs3_session *session, struct gs3_location *source,
                     struct gs3_location *destination, struct gs3_err *err)
{
    session->source = *source;
    session->destination = *destination;
    *source = *destination = (struct gs3_location){.kind = GS3_LOCATION_LOCAL};
    end_in_slash(&session->source);
    end_in_slash(&session->destination);
    if (session->request.operation == GS3_OPERATION_PUT && session->source.kind == GS3_LOCATION_S3)
        return gs3_fail(err, GS3_EUSAGE,
                        "put writes local files to s3://: use cp or mv to read from S3");
    return check_bucket(&session->source, err) || check_bucket(&session->destination, err) ? -1 : 0;
}

static int take_object(struct gs3_session *session, struct gs3_location *source,
                       struct gs3_location *destination, struct gs3_err *err)
{
    struct gs3_plan *plan = &session->plan;
    int failed = gs3_plan_init(plan, session->request.operation, source, destination,
                               &session->plan_opts, err) ||
                 check_bucket(&plan->source, err) || check_bucket(&plan->destination, err);
    session->out.is_stdout_taken = plan->destination.kind == GS3_LOCATION_STREAM;
    session->out.is_quiet = session->out.is_quiet || plan->source.kind == GS3_LOCATION_STREAM ||
                            plan->destination.kind == GS3_LOCATION_STREAM;
    return failed ? -1 : 0;
}

static int read_ends(struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_args *args = session->args;
    if (gs3_transfer_options_read(args, &session->options, &session->plan_opts, err))
        return -1;
    if (args->positional_count != 2)
        return gs3_fail(err, GS3_EUSAGE,
                        "%s takes a source and a destination, %zu given: see gs3 "
                        "%s --help",
                        args->command->name, args->positional_count, args->command->name);
    struct gs3_location source = {.kind = GS3_LOCATION_LOCAL};
    struct gs3_location destination = {.kind = GS3_LOCATION_LOCAL};
    session->request.operation = operation_of(args);
    int failed = gs3_location_parse(args->positional[0], &source, err) ||
                 gs3_location_parse(args->positional[1], &destination, err);
    if (!failed && session->options.is_recursive)
        failed = take_tree(session, &source, &destination, err);
    else if (!failed)
        failed = take_object(session, &source, &destination, err);
    gs3_location_release(&source);
    gs3_location_release(&destination);
    return failed ? -1 : 0;
}

/* Splits "SYSTEM:ID"; ids are never trimmed, folded or decoded. `text` is cut in place. */
static int add_ticket(struct gs3_session *session, char *text, struct gs3_err *err)
{
    if (!*text)
        return gs3_fail(err, GS3_EUSAGE, "a ticket id is empty");
    if (session->request.ticket_count == TICKETS_MAXIMUM)
        return gs3_fail(err, GS3_EUSAGE, "more than %d tickets", TICKETS_MAXIMUM);
    struct gs3_ticket_request ticket = {.id = text};
    char *colon = strchr(text, ':');
    if (colon) {
        *colon = '\0';
        ticket.system = text;
        ticket.id = colon + 1;
        if (!*ticket.system || !*ticket.id)
            return gs3_fail(err, GS3_EUSAGE, "--ticket takes ID or SYSTEM:ID");
    }
    session->tickets[session->request.ticket_count++] = ticket;
    return 0;
}

/* --ticket overrides GS3_TICKET, whose ids are separated by commas. */
static int read_tickets(struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_args *args = session->args;
    const char *variable = gs3_env_get(session->env, "GS3_TICKET");
    struct gs3_buf text = GS3_BUF_INIT(64 * 1024);
    session->tickets = gs3_xcalloc(TICKETS_MAXIMUM, sizeof *session->tickets);
    session->request.tickets = session->tickets;
    int failed = 0;
    size_t index = 0, count = 0;
    for (const char *id; (id = gs3_args_next(args, GS3_OPT_TICKET, &index)); count++) {
        /* No id holds a comma, and a list that is taken for one id would fit no pattern: say so. */
        if (strchr(id, ','))
            failed = gs3_fail(err, GS3_EUSAGE, "--ticket takes one id: repeat it for another");
        failed = failed || gs3_buf_printf(&text, "%s%s", count ? "," : "", id);
    }
    if (count == 0 && variable)
        failed = gs3_buf_puts(&text, variable);
    session->ticket_text = gs3_buf_take(&text);
    if (failed)
        return err->class ? -1 : gs3_fail(err, GS3_EUSAGE, "the list of tickets is too long");
    if (!*session->ticket_text && count == 0)
        return 0;
    char *rest = session->ticket_text;
    for (char *id = strsep(&rest, ","); id; id = strsep(&rest, ","))
        if (add_ticket(session, id, err))
            return -1;
    return 0;
}

/* White space around a text would not survive as a header. */
static char *trimmed(const char *text)
{
    if (!text)
        return NULL;
    while (gs3_ascii_is_space(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && gs3_ascii_is_space(text[length - 1]))
        length--;
    return length ? gs3_xstrndup(text, length) : NULL;
}

static bool is_automation(const struct gs3_session *session)
{
    return gs3_env_get(session->env, "CI") || (!isatty(STDIN_FILENO) && !isatty(STDERR_FILENO));
}

static size_t find_touches(struct gs3_session *session)
{
    if (!session->options.is_recursive)
        return gs3_plan_touches(&session->plan, session->touches);
    struct gs3_plan tree = {.operation = session->request.operation,
                            .source = session->source,
                            .destination = session->destination};
    return gs3_plan_touches(&tree, session->touches);
}

static int read_request(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_request *request = &session->request;
    int64_t now_ms = gs3_clock_wall_ms(&gs3_clock_system);
    if (read_tickets(session, err) || gs3_uuid_v7(now_ms, session->decision_id, err))
        return -1;
    session->purpose = trimmed(option_value(session, GS3_OPT_PURPOSE));
    session->department = trimmed(option_value(session, GS3_OPT_DEPARTMENT));
    request->touches = session->touches;
    request->touch_count = find_touches(session);
    request->purpose = session->purpose;
    request->department = session->department;
    request->environment = option_value(session, GS3_OPT_ENVIRONMENT);
    request->user_metadata = &session->options.metadata;
    request->user_tags = &session->options.tags;
    request->is_automation = is_automation(session);
    request->now = now_ms / 1000;
    request->decision_id = session->decision_id;
    request->object_count = 1;
    request->has_totals = true;
    return 0;
}

static uint32_t timeout_ms(uint32_t seconds)
{
    return seconds > UINT32_MAX / 1000 ? UINT32_MAX : seconds * 1000;
}

static struct gs3_location *find_end(struct gs3_session *session, bool is_source)
{
    if (session->options.is_recursive)
        return is_source ? &session->source : &session->destination;
    return is_source ? &session->plan.source : &session->plan.destination;
}

static int read_endpoint(struct gs3_session *session, const struct gs3_location *end,
                         struct gs3_err *err)
{
    struct gs3_s3_endpoint endpoint;
    if (end->kind != GS3_LOCATION_S3)
        return 0;
    if (gs3_s3_endpoint_resolve(&session->config, end->bucket, &endpoint, err))
        return -1;
    if (endpoint.is_custom && !session->s3_endpoint)
        session->s3_endpoint = gs3_origin_format(&endpoint.custom);
    return 0;
}

/* The policy judges buckets. Which one lies behind an access point, AWS is asked before anything
 * is decided. */
static int find_buckets(struct gs3_session *session, struct gs3_err *err)
{
    if (gs3_connect_find_bucket(session, find_end(session, true), err) ||
        gs3_connect_find_bucket(session, find_end(session, false), err))
        return -1;
    find_touches(session);
    return session->options.is_recursive ? 0 : gs3_plan_refuse_self(&session->plan, err);
}

static int read_config(struct gs3_session *session, struct gs3_err *err)
{
    session->config_opts = (struct gs3_aws_config_opts){
        .profile = session->args->values[GS3_OPT_PROFILE],
        .region = session->args->values[GS3_OPT_REGION],
        .endpoint = session->args->values[GS3_OPT_ENDPOINT_URL],
        .ca_bundle = session->args->values[GS3_OPT_CA_BUNDLE],
        .no_verify_tls = has_flag(session, GS3_OPT_NO_VERIFY_SSL),
        .no_sign_request = session->options.no_sign_request,
        .read_timeout_ms = timeout_ms(session->options.read_timeout_s),
        .connect_timeout_ms = timeout_ms(session->options.connect_timeout_s),
    };
    if (gs3_aws_config_load(session->env, &session->config_opts, &session->config, err))
        return -1;
    session->plan_opts.multipart_threshold_bytes = session->config.multipart_threshold_bytes;
    session->plan_opts.part_bytes = session->config.multipart_chunk_bytes;
    session->plan.opts = session->plan_opts;
    if (gs3_sigv2_check(session, err) || read_endpoint(session, find_end(session, true), err) ||
        read_endpoint(session, find_end(session, false), err))
        return -1;
    session->request.s3_endpoint = session->s3_endpoint;
    /* AWS keeps a checksum of every object; elsewhere it is asked for where somebody says so. */
    if (!session->s3_endpoint)
        session->plan_opts.wants_checksum = session->plan.opts.wants_checksum = true;
    if (find_buckets(session, err))
        return -1;
    /* Of a tree no key is known yet, nor whether its environment wants STS. */
    if (!session->options.is_recursive && !gs3_scoped_is_named(session) &&
        !gs3_gate_needs_sts(&session->gate, &session->request))
        return 0;
    bool is_custom = false;
    session->sts_endpoint = gs3_sts_endpoint_resolve(&session->config, &is_custom, err);
    if (!session->sts_endpoint && !session->options.is_recursive)
        return -1;
    if (!session->sts_endpoint) /* whoever asks STS will be told */
        gs3_err_clear(err);
    session->request.sts_endpoint = is_custom ? session->sts_endpoint : NULL;
    return 0;
}

static int open_local_source(struct gs3_session *session, struct gs3_err *err)
{
    if (session->options.is_recursive || session->plan.source.kind != GS3_LOCATION_LOCAL)
        return 0;
    if (gs3_plan_look(&session->plan, NULL, err))
        return -1;
    session->request.total_bytes = session->plan.size_bytes;
    return 0;
}

int gs3_session_init(struct gs3_session *session, const struct gs3_args *args,
                     const struct gs3_env *env, const volatile int *interrupted,
                     struct gs3_err *err)
{
    *session = (struct gs3_session){.args = args,
                                    .env = env,
                                    .interrupted = interrupted,
                                    .plan = {.local = {.fd = -1}}};
    if (gs3_secret_check_environment(args, env, err) || read_output_options(session, err) ||
        read_ends(session, err) || read_request(session, err) ||
        gs3_policies_load(GS3_SYSCONFDIR "/gs3", option_value(session, GS3_OPT_POLICY),
                          &session->policies, err))
        return -1;
    session->gate.policy_count = session->policies.count;
    for (size_t i = 0; i < session->policies.count; i++)
        session->gate.policies[i] = session->policies.items[i];
    session->mime = gs3_mime_new(NULL);
    return read_config(session, err) || open_local_source(session, err) ? -1 : 0;
}

void gs3_session_release(struct gs3_session *session)
{
    if (session->identity_call)
        gs3_sts_caller_cancel(session->lane.http, session->identity_call);
    gs3_permit_free(session->permit);
    gs3_plan_release(&session->plan, session->lane.source);
    gs3_disconnect_lane(session, &session->lane);
    gs3_scoped_release(session);
    gs3_sigv2_close(session);
    gs3_credential_keeper_free(session->keeper);
    gs3_bandwidth_free(session->bandwidth);
    gs3_location_release(&session->source);
    gs3_location_release(&session->destination);
    gs3_mime_free(session->mime);
    free(session->states.directory);
    gs3_identity_release(&session->identity);
    gs3_credentials_release(&session->credentials);
    gs3_aws_config_release(&session->config);
    gs3_gate_release(&session->gate);
    gs3_policies_release(&session->policies);
    gs3_transfer_options_release(&session->options);
    free(session->tickets);
    free(session->ticket_text);
    free(session->purpose);
    free(session->department);
    free(session->s3_endpoint);
    free(session->directory);
    free(session->sts_endpoint);
    free(session->user_agent);
}
