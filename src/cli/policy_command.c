#include "cli/policy_command.h"

#include "base/mem.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/policies.h"
#include "policy/export.h"
#include "policy/load.h"

enum { EXPORT_BYTES = 32 * 1024 * 1024 };

static const char *option_value(const struct gs3_args *args, const struct gs3_env *env,
                                enum gs3_option_id id)
{
    const char *given = args->values[id];
    if (given || !gs3_options[id].variable)
        return given;
    return gs3_env_get(env, gs3_options[id].variable);
}

/* The named policy, else the system's: never both, because each is a document of its own. */
static struct gs3_policy *load_policy(const struct gs3_args *args, const char *path,
                                      struct gs3_err *err)
{
    bool is_system = args->values[GS3_OPT_SYSTEM] != NULL;
    if (path)
        return gs3_policy_load(path, is_system, err);
    if (is_system) {
        gs3_fail(err, GS3_EUSAGE, "--system says how a named policy is read, and none is named");
        return NULL;
    }
    struct gs3_policies policies;
    if (gs3_policies_load(GS3_SYSCONFDIR "/gs3", NULL, &policies, err)) {
        gs3_policies_release(&policies);
        return NULL;
    }
    return policies.items[0];
}

/* The index of a word among the option's choices, which are in the order of an enum. */
static int choice_of(const struct gs3_args *args, enum gs3_option_id id)
{
    const char *const *choices = gs3_options[id].choices;
    for (int i = 0; args->values[id] && choices[i]; i++)
        if (gs3_str_equal(choices[i], args->values[id]))
            return i;
    return 0;
}

/* The strings stay the arguments'. */
static void take_list(const struct gs3_args *args, enum gs3_option_id id, struct gs3_strings *list)
{
    const char *value = NULL;
    size_t index = 0;
    list->items = gs3_xcalloc(args->given_count + 1, sizeof *list->items);
    while ((value = gs3_args_next(args, id, &index)) != NULL)
        list->items[list->count++] = (char *)(uintptr_t)value;
}

static void release_lists(struct gs3_export_opts *opts)
{
    free(opts->buckets.items);
    free(opts->exempt_roles.items);
    free(opts->principals.items);
    free(opts->vpc_endpoints.items);
}

static int print_export(const struct gs3_export *export, enum gs3_export_format format,
                        struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(EXPORT_BYTES);
    if (gs3_export_render(export, format, &text, err))
        return -1;
    fputs(gs3_buf_string(&text), stdout);
    const struct gs3_output out = {.is_json = false};
    for (size_t i = 0; i < export->notes.count && format == GS3_EXPORT_JSON; i++)
        gs3_output_note(&out, export->notes.items[i]);
    return 0;
}

static void policy_cleanup(struct gs3_policy **policy)
{
    gs3_policy_free(*policy);
}

int gs3_policy_export_command(const struct gs3_args *args, const struct gs3_env *env,
                              struct gs3_err *err)
{
    if (args->positional_count)
        return gs3_fail(err, GS3_EUSAGE, "policy export takes no argument: see --policy");
    if (!args->values[GS3_OPT_KIND])
        return gs3_fail(err, GS3_EUSAGE,
                        "policy export needs --kind: see gs3 policy export --help");
    gs3_auto(policy_cleanup) struct gs3_policy *policy =
        load_policy(args, option_value(args, env, GS3_OPT_POLICY), err);
    if (!policy)
        return -1;
    gs3_auto(release_lists) struct gs3_export_opts opts = {
        .kind = (enum gs3_export_kind)choice_of(args, GS3_OPT_KIND),
        .partition = args->values[GS3_OPT_PARTITION],
        .environment = option_value(args, env, GS3_OPT_ENVIRONMENT),
        .role_arn = args->values[GS3_OPT_ROLE_ARN],
        .sse = args->values[GS3_OPT_SSE],
        .sse_kms_key = args->values[GS3_OPT_SSE_KMS_KEY_ID],
    };
    take_list(args, GS3_OPT_BUCKET, &opts.buckets);
    take_list(args, GS3_OPT_EXEMPT_ROLE, &opts.exempt_roles);
    take_list(args, GS3_OPT_PRINCIPAL, &opts.principals);
    take_list(args, GS3_OPT_VPC_ENDPOINT, &opts.vpc_endpoints);
    gs3_auto(gs3_export_release) struct gs3_export export;
    if (gs3_policy_export(policy, &opts, &export, err))
        return -1;
    return print_export(&export, (enum gs3_export_format)choice_of(args, GS3_OPT_FORMAT), err);
}

int gs3_policy_lint_command(const struct gs3_args *args, struct gs3_err *err)
{
    if (args->positional_count > 1)
        return gs3_fail(err, GS3_EUSAGE, "policy lint takes one policy: a file or a directory");
    const char *path = args->positional_count ? args->positional[0] : NULL;
    gs3_auto(policy_cleanup) struct gs3_policy *policy = load_policy(args, path, err);
    if (!policy)
        return -1;
    printf("%s: valid: serial %llu, digest %s, environments:", path ? path : policy->files[0],
           (unsigned long long)policy->serial, policy->digest);
    for (size_t i = 0; i < policy->environment_count; i++)
        printf(" %s", policy->environments[i].name);
    putchar('\n');
    return 0;
}
