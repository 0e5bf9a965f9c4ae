/* What is asked of servers: each in a task of its own, so that one that is silent keeps no other
 * waiting. Results go into the doctor; nothing is said here. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"

/* With two attempts, or one and a wait, no server takes more than 10 s. */
enum { TICKET_ATTEMPT_MS = 5000, TICKET_BUDGET_MS = 4000, TURN_MS = 200 };

bool gs3_doctor_is_aws(const struct gs3_doctor *doctor)
{
    return !doctor->config_err.class && !doctor->endpoint_err.class && !doctor->endpoint.is_custom;
}

bool gs3_doctor_wants_sts(const struct gs3_doctor *doctor)
{
    for (size_t i = 0; i < doctor->policies.count; i++)
        for (size_t j = 0; j < doctor->policies.items[i]->environment_count; j++)
            if (doctor->policies.items[i]->environments[j].identity.source == GS3_IDENTITY_STS)
                return true;
    return false;
}

static void end(struct gs3_doctor_ask *ask, int outcome)
{
    ask->has_failed = outcome != 0;
}

static void ask_sts(void *context)
{
    struct gs3_doctor *doctor = context;
    struct gs3_doctor_ask *ask = &doctor->sts_ask;
    struct gs3_sts_call *call =
        gs3_sts_caller_probe(doctor->http, &doctor->config, &doctor->credentials,
                             &doctor->sts_clock, &ask->err);
    end(ask, call ? gs3_sts_caller_wait(doctor->http, call, &doctor->caller, &ask->err) : -1);
}

static void ask_store(void *context)
{
    struct gs3_doctor *doctor = context;
    bool is_signed =
        doctor->credentials.access_key_id && !gs3_str_equal(doctor->config.signature_version, "s3");
    end(&doctor->store_ask,
        gs3_s3_probe(doctor->http, &doctor->config, is_signed ? &doctor->credentials : NULL,
                     &doctor->store, doctor->endpoint.region, &doctor->probe,
                     &doctor->store_ask.err));
}

static void ask_ticket(void *context)
{
    struct gs3_doctor_ticket *ticket = context;
    struct gs3_doctor *doctor = ticket->doctor;
    const struct gs3_ticket_context asked = {
        .http = doctor->http,
        .env = doctor->env,
        .log = &doctor->log,
        .deadline_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + TICKET_BUDGET_MS,
        .timeout_ms = TICKET_ATTEMPT_MS,
    };
    end(&ticket->ask, gs3_ticket_probe(&asked, ticket->system, &ticket->probe, &ticket->ask.err));
}

static void ask_trails(void *context)
{
    struct gs3_doctor *doctor = context;
    end(&doctor->trails_ask, gs3_trails_load(doctor->http, &doctor->config, &doctor->credentials,
                                             &doctor->trails, &doctor->trails_ask.err));
}

static void ask_guardduty(void *context)
{
    struct gs3_doctor *doctor = context;
    end(&doctor->guardduty_ask,
        gs3_guardduty_find(doctor->http, &doctor->config, &doctor->credentials, &doctor->guardduty,
                           &doctor->guardduty_ask.err));
}

static void spawn(struct gs3_doctor *doctor, struct gs3_doctor_ask *ask, void (*run)(void *))
{
    ask->was_asked = true;
    gs3_http_spawn(doctor->http, run, doctor);
}

/* A command runs while everything else stands still, so it runs before. */
static bool runs_command(const struct gs3_system *system)
{
    for (size_t i = 0; i < system->credential_count; i++)
        if (system->credentials[i].kind == GS3_CREDENTIAL_COMMAND)
            return true;
    return false;
}

static void start_tickets(struct gs3_doctor *doctor)
{
    size_t count = 0;
    for (size_t i = 0; i < doctor->policies.count; i++)
        count += doctor->policies.items[i]->system_count;
    doctor->tickets = gs3_xcalloc(count + 1, sizeof *doctor->tickets);
    for (size_t i = 0; i < doctor->policies.count; i++)
        for (size_t j = 0; j < doctor->policies.items[i]->system_count; j++)
            doctor->tickets[doctor->ticket_count++] =
                (struct gs3_doctor_ticket){.doctor = doctor,
                                           .system = doctor->policies.items[i]->systems[j]};
    for (size_t i = 0; i < count; i++)
        if (runs_command(doctor->tickets[i].system))
            ask_ticket(&doctor->tickets[i]);
    for (size_t i = 0; i < count; i++)
        if (!runs_command(doctor->tickets[i].system))
            gs3_http_spawn(doctor->http, ask_ticket, &doctor->tickets[i]);
}

/* Credentials of another store are none of AWS's business. */
static void start_aws(struct gs3_doctor *doctor)
{
    bool is_aws = gs3_doctor_is_aws(doctor);
    bool may_ask_sts = doctor->is_sts_listed &&
                       (gs3_doctor_wants_sts(doctor) || is_aws || doctor->config.endpoint_sts);
    if (!doctor->endpoint_err.class && doctor->is_store_listed)
        spawn(doctor, &doctor->store_ask, ask_store);
    if (doctor->credentials_err.class)
        return;
    if (may_ask_sts)
        spawn(doctor, &doctor->sts_ask, ask_sts);
    if (doctor->bucket_count && (is_aws || doctor->config.endpoint_cloudtrail))
        spawn(doctor, &doctor->trails_ask, ask_trails);
    if (doctor->bucket_count && (is_aws || doctor->config.endpoint_guardduty))
        spawn(doctor, &doctor->guardduty_ask, ask_guardduty);
}

void gs3_doctor_ask_all(struct gs3_doctor *doctor)
{
    start_tickets(doctor);
    if (!doctor->config_err.class)
        start_aws(doctor);
    while (gs3_http_task_count(doctor->http) > 0)
        gs3_http_turn(doctor->http, TURN_MS);
}
