#include "cli/session.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/secret_check.h"
#include "crypto/uuid.h"
#include "s3/client.h"

enum { USER_AGENT_BYTES = 256, TICKETS_MAXIMUM = 32 };

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
    session->out = (struct gs3_output){
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
    return location->kind == GS3_LOCATION_S3 ? gs3_bucket_check(location->bucket, err) : 0;
}

static int read_ends(struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_args *args = session->args;
    struct gs3_plan_opts opts = {.properties = NULL};
    if (gs3_transfer_options_read(args, &session->options, &opts, err))
        return -1;
    if (args->positional_count != 2)
        return gs3_fail(err, GS3_EUSAGE,
                        "%s takes a source and a destination, %zu given: see gs3 "
                        "%s --help",
                        args->command->name, args->positional_count, args->command->name);
    struct gs3_location source = {.kind = GS3_LOCATION_LOCAL};
    struct gs3_location destination = {.kind = GS3_LOCATION_LOCAL};
    int failed =
        gs3_location_parse(args->positional[0], &source, err) ||
        gs3_location_parse(args->positional[1], &destination, err) ||
        gs3_plan_init(&session->plan, operation_of(args), &source, &destination, &opts, err) ||
        check_bucket(&session->plan.source, err) || check_bucket(&session->plan.destination, err);
    gs3_location_release(&source);
    gs3_location_release(&destination);
    session->out.is_stdout_taken = session->plan.destination.kind == GS3_LOCATION_STREAM;
    session->out.is_quiet = session->out.is_quiet ||
                            session->plan.source.kind == GS3_LOCATION_STREAM ||
                            session->plan.destination.kind == GS3_LOCATION_STREAM;
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

static int read_request(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_request *request = &session->request;
    int64_t now_ms = gs3_clock_wall_ms(&gs3_clock_system);
    if (read_tickets(session, err) || gs3_uuid_v7(now_ms, session->decision_id, err))
        return -1;
    session->purpose = trimmed(option_value(session, GS3_OPT_PURPOSE));
    session->department = trimmed(option_value(session, GS3_OPT_DEPARTMENT));
    request->operation = session->plan.operation;
    request->touches = session->touches;
    request->touch_count = gs3_plan_touches(&session->plan, session->touches);
    request->purpose = session->purpose;
    request->department = session->department;
    request->environment = option_value(session, GS3_OPT_ENVIRONMENT);
    request->user_metadata = &session->options.metadata;
    request->is_automation = is_automation(session);
    request->now = now_ms / 1000;
    request->decision_id = session->decision_id;
    request->object_count = 1;
    request->has_totals = true;
    return 0;
}

static int read_config(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_aws_config_opts opts = {
        .profile = session->args->values[GS3_OPT_PROFILE],
        .region = session->args->values[GS3_OPT_REGION],
        .endpoint = session->args->values[GS3_OPT_ENDPOINT_URL],
        .ca_bundle = session->args->values[GS3_OPT_CA_BUNDLE],
        .no_verify_tls = has_flag(session, GS3_OPT_NO_VERIFY_SSL),
    };
    if (gs3_aws_config_load(session->env, &opts, &session->config, err))
        return -1;
    for (size_t i = 0; i < session->request.touch_count; i++) {
        struct gs3_s3_endpoint endpoint;
        if (gs3_s3_endpoint_resolve(&session->config, session->touches[i].bucket, &endpoint, err))
            return -1;
        if (endpoint.is_custom && !session->s3_endpoint)
            session->s3_endpoint = gs3_origin_format(&endpoint.custom);
    }
    session->request.s3_endpoint = session->s3_endpoint;
    if (!gs3_gate_needs_sts(&session->gate, &session->request))
        return 0;
    bool is_custom = false;
    session->sts_endpoint = gs3_sts_endpoint_resolve(&session->config, &is_custom, err);
    if (!session->sts_endpoint)
        return -1;
    session->request.sts_endpoint = is_custom ? session->sts_endpoint : NULL;
    return 0;
}

static int open_local_source(struct gs3_session *session, struct gs3_err *err)
{
    if (session->plan.source.kind != GS3_LOCATION_LOCAL)
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
    return read_config(session, err) || open_local_source(session, err) ? -1 : 0;
}

/* The environment's secrets were looked for before; these may have come from a file. */
static int check_no_secret(const struct gs3_session *session, struct gs3_err *err)
{
    const struct gs3_secret *secrets[] = {&session->credentials.secret_access_key,
                                          &session->credentials.session_token};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (!gs3_secret_is_set(secrets[i]))
            continue;
        if (gs3_secret_check(session->args, session->env, secrets[i]->text, err))
            return -1;
        /* The option's JSON may spell it in another way. */
        for (size_t j = 0; j < session->options.metadata.count; j++)
            if (strstr(session->options.metadata.items[j].value, secrets[i]->text))
                return gs3_fail(err, GS3_EUSAGE,
                                "--metadata holds an AWS secret: take it out, and replace the "
                                "secret, which the shell's history has now");
    }
    return 0;
}

/* "gs3/0.1.0 app/CHG0030001": the ids that fit a rule, in the characters of a product token. */
static char *make_user_agent(const struct gs3_session *session)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(USER_AGENT_BYTES);
    gs3_buf_puts(&text, "gs3/" PACKAGE_VERSION);
    const struct gs3_needs *needs = &session->gate.needs[0];
    for (size_t i = 0; i < needs->count; i++) {
        const char *id = needs->items[i].id;
        if (i > 0 && gs3_str_equal(id, needs->items[i - 1].id))
            continue;
        if (gs3_buf_puts(&text, i ? "," : " app/"))
            break;
        for (; *id; id++)
            gs3_buf_putc(&text, gs3_ascii_is_alnum(*id) || strchr("-_.", *id) ? *id : '_');
    }
    return gs3_buf_take(&text);
}

int gs3_session_connect(struct gs3_session *session, struct gs3_err *err)
{
    struct gs3_credential_source source = {.env = session->env, .config = &session->config};
    if (gs3_credentials_find(&source, &session->credentials, err) || check_no_secret(session, err))
        return -1;
    session->user_agent = make_user_agent(session);
    struct gs3_http_opts http = {
        .user_agent = session->user_agent,
        .log = &session->log,
        .proxy_https = session->config.proxy_https,
        .proxy_http = session->config.proxy_http,
        .no_proxy = session->config.no_proxy,
        .interrupted = session->interrupted,
    };
    session->http = gs3_http_new(&http, err);
    if (!session->http)
        return -1;
    struct gs3_s3_client_opts client = {
        .http = session->http,
        .config = &session->config,
        .credentials = &session->credentials,
        .log = &session->log,
    };
    session->transport = gs3_s3_client_new(&client);
    return 0;
}

void gs3_session_release(struct gs3_session *session)
{
    gs3_permit_free(session->permit);
    gs3_plan_release(&session->plan, session->transport);
    gs3_s3_transport_free(session->transport);
    gs3_http_free(session->http);
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
    free(session->sts_endpoint);
    free(session->user_agent);
}
