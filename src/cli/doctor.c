#include "cli/doctor.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/doctor_internal.h"
#include "cli/prompt.h"
#include "cli/secret_check.h"

/* A bucket that nobody is asked about: the endpoint's rules want a name. */
#define PLACEHOLDER "gs3-doctor"

static const char *option_value(const struct gs3_doctor *doctor, enum gs3_option_id id)
{
    const char *value = doctor->args->values[id];
    const char *variable = gs3_options[id].variable;
    return value || !variable ? value : gs3_env_get(doctor->env, variable);
}

static int read_buckets(struct gs3_doctor *doctor, struct gs3_err *err)
{
    const struct gs3_args *args = doctor->args;
    doctor->buckets = gs3_xcalloc(args->positional_count + 1, sizeof *doctor->buckets);
    for (size_t i = 0; i < args->positional_count; i++) {
        struct gs3_location *bucket = &doctor->buckets[doctor->bucket_count++];
        if (gs3_location_parse(args->positional[i], bucket, err))
            return -1;
        if (bucket->kind != GS3_LOCATION_S3)
            return gs3_fail(err, GS3_EUSAGE, "doctor takes s3://BUCKET or s3://BUCKET/PREFIX");
        if (gs3_bucket_check(bucket->bucket, err)) {
            err->class = GS3_EUSAGE;
            return -1;
        }
    }
    return 0;
}

static int read_options(struct gs3_doctor *doctor, struct gs3_err *err)
{
    const char *output = option_value(doctor, GS3_OPT_OUTPUT);
    doctor->out = (struct gs3_output){.is_json = gs3_str_equal(output, "json"),
                                      .is_debug = doctor->args->values[GS3_OPT_DEBUG] != NULL};
    doctor->log = gs3_output_log(&doctor->out);
    if (output && !doctor->out.is_json && !gs3_str_equal(output, "text"))
        return gs3_fail(err, GS3_EUSAGE, "GS3_OUTPUT takes text or json");
    return gs3_secret_check_environment(doctor->args, doctor->env, err) || read_buckets(doctor, err)
               ? -1
               : 0;
}

/* Of an environment whose files cannot be read: only what leads to the servers. */
static const char *get_transport(void *context, const char *name)
{
    const struct gs3_env *env = context;
    if (gs3_str_equal(name, "AWS_CONFIG_FILE") ||
        gs3_str_equal(name, "AWS_SHARED_CREDENTIALS_FILE"))
        return "/dev/null";
    return gs3_str_has_prefix(name, "AWS_") ? NULL : gs3_env_get(env, name);
}

/* Ticketing systems are asked through the proxies also when the AWS files are broken. */
static void load_config(struct gs3_doctor *doctor)
{
    const struct gs3_aws_config_opts opts = {
        .profile = doctor->args->values[GS3_OPT_PROFILE],
        .region = doctor->args->values[GS3_OPT_REGION],
        .endpoint = doctor->args->values[GS3_OPT_ENDPOINT_URL],
        .ca_bundle = doctor->args->values[GS3_OPT_CA_BUNDLE],
        .no_verify_tls = doctor->args->values[GS3_OPT_NO_VERIFY_SSL] != NULL,
    };
    struct gs3_env own = *doctor->env;
    const struct gs3_env bare = {.get = get_transport, .context = &own};
    const struct gs3_aws_config_opts none = {.profile = NULL};
    if (gs3_aws_config_load(doctor->env, &opts, &doctor->config, &doctor->config_err) &&
        gs3_aws_config_load(&bare, &none, &doctor->config, NULL))
        doctor->config = (struct gs3_aws_config){.region = NULL};
}

/* Whether some environment of every policy may use an endpoint that is not AWS's. */
static bool is_listed(const struct gs3_doctor *doctor, const struct gs3_origin *origin)
{
    for (size_t i = 0; i < doctor->policies.count; i++) {
        const struct gs3_policy *policy = doctor->policies.items[i];
        bool is_allowed = gs3_policy_allows_endpoint(policy, NULL, origin);
        for (size_t j = 0; !is_allowed && j < policy->environment_count; j++)
            is_allowed = gs3_policy_allows_endpoint(policy, &policy->environments[j], origin);
        if (!is_allowed)
            return false;
    }
    return true;
}

static void load_endpoints(struct gs3_doctor *doctor)
{
    struct gs3_origin origin;
    bool is_custom = false;
    doctor->is_store_listed = doctor->is_sts_listed = true;
    if (doctor->config_err.class)
        return;
    gs3_auto_free char *sts = gs3_sts_endpoint_resolve(&doctor->config, &is_custom, NULL);
    if (sts && is_custom && gs3_origin_parse(sts, GS3_ECONFIG, &origin, NULL) == 0)
        doctor->is_sts_listed = is_listed(doctor, &origin);
    if (gs3_s3_endpoint_resolve(&doctor->config, PLACEHOLDER, &doctor->endpoint,
                                &doctor->endpoint_err))
        return;
    struct gs3_origin *store = &doctor->store;
    *store = doctor->endpoint.origin;
    size_t front_bytes = sizeof PLACEHOLDER; /* with its dot */
    if (!doctor->endpoint.is_path_style)
        memmove(store->host, store->host + front_bytes, strlen(store->host) + 1 - front_bytes);
    if (doctor->endpoint.is_custom)
        doctor->is_store_listed = is_listed(doctor, &doctor->endpoint.custom);
}

static int open_http(struct gs3_doctor *doctor, struct gs3_err *err)
{
    const struct gs3_http_opts opts = {
        .user_agent = "gs3/" PACKAGE_VERSION,
        .log = &doctor->log,
        .proxy_https = doctor->config.proxy_https,
        .proxy_http = doctor->config.proxy_http,
        .no_proxy = doctor->config.no_proxy,
        .interrupted = doctor->interrupted,
    };
    doctor->http = gs3_http_new(&opts, err);
    return doctor->http ? 0 : -1;
}

static int ask_person(void *context, const char *question, struct gs3_secret *answer,
                      struct gs3_err *err)
{
    const struct gs3_doctor *doctor = context;
    return gs3_prompt(question, doctor->interrupted, answer, err);
}

static void find_credentials(struct gs3_doctor *doctor)
{
    const struct gs3_credential_source source = {.env = doctor->env,
                                                 .config = &doctor->config,
                                                 .http = doctor->http,
                                                 .prompt = ask_person,
                                                 .prompt_context = doctor};
    if (!doctor->config_err.class)
        gs3_credentials_find(&source, &doctor->credentials, &doctor->credentials_err);
}

/* Only what cannot be checked at all ends it here. */
static int run(struct gs3_doctor *doctor, struct gs3_err *err)
{
    if (read_options(doctor, err))
        return -1;
    gs3_policies_load(GS3_SYSCONFDIR "/gs3", option_value(doctor, GS3_OPT_POLICY),
                      &doctor->policies, &doctor->policy_err);
    load_config(doctor);
    load_endpoints(doctor);
    if (open_http(doctor, err))
        return -1;
    find_credentials(doctor);
    gs3_doctor_ask_all(doctor);
    if (*doctor->interrupted)
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    gs3_doctor_check_config(doctor);
    gs3_doctor_check_credentials(doctor);
    gs3_doctor_check_identity(doctor);
    gs3_doctor_check_region(doctor);
    gs3_doctor_check_clock(doctor);
    gs3_doctor_check_store(doctor);
    gs3_doctor_check_policy(doctor);
    gs3_doctor_check_tickets(doctor);
    gs3_doctor_check_local(doctor);
    gs3_doctor_check_buckets(doctor);
    return 0;
}

static void release(struct gs3_doctor *doctor)
{
    gs3_doctor_notes_release(doctor);
    for (size_t i = 0; i < doctor->ticket_count; i++)
        gs3_ticket_probe_release(&doctor->tickets[i].probe);
    free(doctor->tickets);
    for (size_t i = 0; i < doctor->bucket_count; i++)
        gs3_location_release(&doctor->buckets[i]);
    free(doctor->buckets);
    gs3_http_free(doctor->http);
    gs3_trails_release(&doctor->trails);
    gs3_caller_release(&doctor->caller);
    gs3_credentials_release(&doctor->credentials);
    gs3_aws_config_release(&doctor->config);
    gs3_policies_release(&doctor->policies);
}

int gs3_doctor_command(const struct gs3_args *args, const struct gs3_env *env,
                       const volatile int *interrupted)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_doctor doctor = {.args = args, .env = env, .interrupted = interrupted};
    int status;
    if (run(&doctor, &err)) {
        status = gs3_exit_status(&err, false);
        gs3_output_error(&doctor.out, &err, status);
    } else {
        status = gs3_doctor_print(&doctor);
    }
    release(&doctor);
    return status;
}
