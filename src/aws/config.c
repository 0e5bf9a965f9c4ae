#include "aws/config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/config_internal.h"
#include "aws/endpoint.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { PATH_BYTES = 4096, ATTEMPTS_MAXIMUM = 100 };

const char *gs3_aws_setting_get(const struct gs3_aws_loader *loader, const char *name)
{
    const char *value = gs3_pairs_get(&loader->config->profile.settings, name);
    return gs3_str_is_empty(value) ? NULL : value;
}

int gs3_aws_setting_refuse(const struct gs3_aws_loader *loader, const char *name,
                           const char *problem)
{
    const char *place = gs3_pairs_get(&loader->config->profile.places, name);
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(200);
    const char *value = gs3_pairs_get(&loader->config->profile.settings, name);
    if (gs3_utf8_append_printable(&shown, value ? value : ""))
        gs3_buf_clear(&shown);
    return gs3_fail(loader->err, GS3_ECONFIG, "%s: %s = %s: %s", place ? place : "profile", name,
                    gs3_buf_string(&shown), problem);
}

const char *gs3_aws_home_directory(const struct gs3_env *env)
{
    const char *home = gs3_env_get(env, "HOME");
    if (home)
        return home;
    const struct passwd *user = getpwuid(geteuid());
    return user && !gs3_str_is_empty(user->pw_dir) ? user->pw_dir : NULL;
}

/* $NAME and ${NAME}, as botocore expands them in the two paths; unknown ones stay. */
static void append_expanded(struct gs3_buf *out, const struct gs3_env *env, const char *path)
{
    for (const char *c = path; *c; c++) {
        bool is_braced = c[0] == '$' && c[1] == '{';
        const char *start = c + (is_braced ? 2 : 1);
        size_t length = 0;
        while (*c == '$' && (gs3_ascii_is_alnum(start[length]) || start[length] == '_'))
            length++;
        bool is_variable = length > 0 && (!is_braced || start[length] == '}');
        gs3_auto_free char *name = is_variable ? gs3_xstrndup(start, length) : NULL;
        const char *value = name ? gs3_env_get(env, name) : NULL;
        if (!value) {
            gs3_buf_putc(out, *c);
            continue;
        }
        gs3_buf_puts(out, value);
        c = start + length - (is_braced ? 0 : 1);
    }
}

char *gs3_aws_home_path(const struct gs3_env *env, const char *path)
{
    if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
        return gs3_xstrdup(path);
    const char *home = gs3_aws_home_directory(env);
    return home ? gs3_xasprintf("%s%s", home, path + 1) : NULL;
}

/* The path of one of the two files, or NULL when there is no home directory. Caller frees. */
static char *find_path(const struct gs3_env *env, const char *variable, const char *fallback)
{
    const char *given = gs3_env_get(env, variable);
    gs3_auto_buf struct gs3_buf expanded = GS3_BUF_INIT(PATH_BYTES);
    append_expanded(&expanded, env, given ? given : fallback);
    return gs3_aws_home_path(env, gs3_buf_string(&expanded));
}

/* A file that is not there is an empty one, and so is a device: CI jobs set the variables to
 * /dev/null. */
static int read_file(struct gs3_aws_loader *loader, struct gs3_aws_file *file, const char *variable,
                     const char *fallback)
{
    file->path = find_path(loader->env, variable, fallback);
    struct stat info;
    if (!file->path)
        return 0;
    if (stat(file->path, &info) == 0 ? S_ISCHR(info.st_mode) : errno == ENOENT || errno == ENOTDIR)
        return 0;
    const struct gs3_file_read_opts opts = {.maximum_bytes = GS3_INI_BYTES, .class = GS3_ECONFIG};
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_INI_BYTES);
    int status = gs3_file_read(file->path, &opts, &text, loader->err);
    if (status == 0)
        status = gs3_ini_parse(file->path, gs3_buf_string(&text), text.length_bytes, &file->ini,
                               loader->err);
    gs3_secret_wipe(text.data, text.length_bytes);
    return status;
}

static int read_files(struct gs3_aws_loader *loader)
{
    return read_file(loader, &loader->files[0], "AWS_CONFIG_FILE", "~/.aws/config") ||
                   read_file(loader, &loader->files[1], "AWS_SHARED_CREDENTIALS_FILE",
                             "~/.aws/credentials")
               ? -1
               : 0;
}

static void release_files(struct gs3_aws_loader *loader)
{
    for (size_t i = 0; i < 2; i++) {
        gs3_ini_release(&loader->files[i].ini);
        free(loader->files[i].path);
    }
}

static int choose_profile(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    const char *name = loader->opts->profile;
    config->profile_is_explicit = name != NULL;
    if (!name)
        name = gs3_env_get(loader->env, "AWS_PROFILE");
    if (!name)
        name = gs3_env_get(loader->env, "AWS_DEFAULT_PROFILE");
    config->profile.name = gs3_xstrdup(name ? name : "default");
    if (gs3_aws_profile_fill(&config->profile, &loader->files[0], &loader->files[1], loader->err))
        return -1;
    if (name && !config->profile.exists) {
        gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(400);
        gs3_utf8_append_printable(&shown, name);
        return gs3_fail(loader->err, GS3_ECONFIG,
                        "the config profile (%s) could not be found in %s or %s",
                        gs3_buf_string(&shown),
                        loader->files[0].path ? loader->files[0].path : "~/.aws/config",
                        loader->files[1].path ? loader->files[1].path : "~/.aws/credentials");
    }
    return 0;
}

int gs3_aws_setting_bool(const struct gs3_aws_loader *loader, const char *name, bool *value)
{
    const char *text = gs3_aws_setting_get(loader, name);
    *value = gs3_str_equal_nocase(text, "true");
    if (text && !*value && !gs3_str_equal_nocase(text, "false"))
        return gs3_aws_setting_refuse(loader, name, "true or false is expected");
    return 0;
}

/* A variable that is set wins over the profile, as false too. */
static int read_bool_either(struct gs3_aws_loader *loader, const char *variable, const char *name,
                            bool *value)
{
    const char *text = variable ? gs3_env_get(loader->env, variable) : NULL;
    if (!text)
        return gs3_aws_setting_bool(loader, name, value);
    *value = gs3_str_equal_nocase(text, "true");
    if (!*value && !gs3_str_equal_nocase(text, "false"))
        return gs3_fail(loader->err, GS3_ECONFIG, "%s: true or false is expected", variable);
    return 0;
}

/* Settings that choose among AWS's hosts. */
static int read_variants(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    const struct {
        const char *variable, *name;
        bool *value;
    } settings[] = {
        {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", &config->use_fips},
        {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", &config->use_dualstack},
        {NULL, "s3.use_dualstack_endpoint", &config->s3_use_dualstack},
        {NULL, "s3.use_accelerate_endpoint", &config->s3_use_accelerate},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (read_bool_either(loader, settings[i].variable, settings[i].name, settings[i].value))
            return -1;
    return 0;
}

/* On unless it is turned off; its two places in a profile are the AWS CLI's. */
static int read_arn_region(struct gs3_aws_loader *loader)
{
    static const char variable[] = "AWS_S3_USE_ARN_REGION";
    const char *name = gs3_aws_setting_get(loader, "s3_use_arn_region") ? "s3_use_arn_region"
                                                                        : "s3.use_arn_region";
    bool is_used = true;
    if (!gs3_env_get(loader->env, variable) && !gs3_aws_setting_get(loader, name))
        return 0;
    if (read_bool_either(loader, variable, name, &is_used))
        return -1;
    loader->config->s3_ignores_arn_region = !is_used;
    return 0;
}

/* retry_mode is not read: gs3 has one way, which fits itself to the store. */
static int read_attempts(struct gs3_aws_loader *loader)
{
    static const char variable[] = "AWS_MAX_ATTEMPTS", name[] = "max_attempts";
    static const char problem[] = "a whole number from 1 to 100 is expected";
    const char *of_variable = gs3_env_get(loader->env, variable);
    const char *text = of_variable ? of_variable : gs3_aws_setting_get(loader, name);
    uint64_t attempts = 0;
    if (text && (gs3_str_to_u64(text, ATTEMPTS_MAXIMUM, &attempts) || attempts == 0)) {
        if (!of_variable)
            return gs3_aws_setting_refuse(loader, name, problem);
        return gs3_fail(loader->err, GS3_ECONFIG, "%s: %s", variable, problem);
    }
    loader->config->maximum_attempts = (unsigned)attempts;
    return 0;
}

static int read_region(struct gs3_aws_loader *loader)
{
    const char *region = loader->opts->region;
    const char *source = "--region";
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    for (size_t i = 0; !region && i < 2; i++) {
        source = variables[i];
        region = gs3_env_get(loader->env, source);
    }
    if (!region) {
        region = gs3_aws_setting_get(loader, "region");
        source = NULL;
    }
    if (region && !gs3_region_is_valid(region)) {
        if (!source)
            return gs3_aws_setting_refuse(loader, "region", "not the name of a region");
        return gs3_fail(loader->err, GS3_ECONFIG, "%s is not the name of a region", source);
    }
    loader->config->region = gs3_xstrdup_or_null(region);
    return 0;
}

/* The configured endpoint of one service, in botocore's order. `suffix` is that of the variable,
 * `block` that of the services section. */
static int read_endpoint(struct gs3_aws_loader *loader, const char *suffix, const char *block,
                         char **endpoint)
{
    gs3_auto_free char *variable = gs3_xasprintf("AWS_ENDPOINT_URL_%s", suffix);
    const char *value = gs3_env_get(loader->env, variable);
    if (!value)
        value = gs3_env_get(loader->env, "AWS_ENDPOINT_URL");
    const char *services = value ? NULL : gs3_aws_setting_get(loader, "services");
    if (services) {
        const struct gs3_ini_section *section =
            gs3_aws_services_section(&loader->files[0], services);
        if (!section)
            return gs3_aws_setting_refuse(loader, "services", "there is no section of that name");
        const struct gs3_ini_setting *setting = gs3_ini_setting(section, block, "endpoint_url");
        value = setting && *setting->value ? setting->value : NULL;
    }
    if (!value)
        value = gs3_aws_setting_get(loader, "endpoint_url");
    *endpoint = gs3_xstrdup_or_null(value);
    return 0;
}

static int read_endpoints(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    bool is_ignored;
    if (read_bool_either(loader, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                         "ignore_configured_endpoint_urls", &is_ignored))
        return -1;
    if (loader->opts->endpoint)
        config->endpoint_s3 = gs3_xstrdup(loader->opts->endpoint);
    else if (!is_ignored && read_endpoint(loader, "S3", "s3", &config->endpoint_s3))
        return -1;
    if (is_ignored)
        return 0;
    if (read_endpoint(loader, "STS", "sts", &config->endpoint_sts))
        return -1;
    if (read_endpoint(loader, "S3_CONTROL", "s3_control", &config->endpoint_s3_control) ||
        read_endpoint(loader, "SSO", "sso", &config->endpoint_sso) ||
        read_endpoint(loader, "SSO_OIDC", "sso_oidc", &config->endpoint_sso_oidc) ||
        read_endpoint(loader, "CLOUDTRAIL", "cloudtrail", &config->endpoint_cloudtrail))
        return -1;
    return read_endpoint(loader, "GUARDDUTY", "guardduty", &config->endpoint_guardduty);
}

/* Lower case first, as Python and curl read them. */
static char *read_proxy(const struct gs3_env *env, const char *lower, const char *upper)
{
    const char *value = gs3_env_get(env, lower);
    return gs3_xstrdup_or_null(value ? value : gs3_env_get(env, upper));
}

static void read_transport(struct gs3_aws_loader *loader)
{
    struct gs3_aws_config *config = loader->config;
    const char *bundle = loader->opts->ca_bundle;
    if (!bundle)
        bundle = gs3_env_get(loader->env, "AWS_CA_BUNDLE");
    if (!bundle)
        bundle = gs3_aws_setting_get(loader, "ca_bundle");
    config->ca_bundle = gs3_xstrdup_or_null(bundle);
    config->no_verify_tls = loader->opts->no_verify_tls;
    config->no_sign_request = loader->opts->no_sign_request;
    config->read_timeout_ms = loader->opts->read_timeout_ms;
    config->connect_timeout_ms = loader->opts->connect_timeout_ms;
    config->proxy_http = read_proxy(loader->env, "http_proxy", "HTTP_PROXY");
    config->proxy_https = read_proxy(loader->env, "https_proxy", "HTTPS_PROXY");
    config->no_proxy = read_proxy(loader->env, "no_proxy", "NO_PROXY");
}

static int load(struct gs3_aws_loader *loader)
{
    if (read_files(loader) || choose_profile(loader) || read_variants(loader) ||
        read_arn_region(loader) || read_attempts(loader) || read_region(loader) ||
        read_endpoints(loader) || gs3_aws_config_read_s3(loader))
        return -1;
    read_transport(loader);
    return 0;
}

int gs3_aws_config_load(const struct gs3_env *env, const struct gs3_aws_config_opts *opts,
                        struct gs3_aws_config *config, struct gs3_err *err)
{
    *config = (struct gs3_aws_config){.region = NULL};
    struct gs3_aws_loader loader = {.env = env, .opts = opts, .config = config, .err = err};
    int status = load(&loader);
    release_files(&loader);
    if (status)
        gs3_aws_config_release(config);
    return status;
}

int gs3_aws_profile_load(const struct gs3_env *env, const char *name,
                         struct gs3_aws_profile *profile, struct gs3_err *err)
{
    *profile = (struct gs3_aws_profile){.name = gs3_xstrdup(name)};
    struct gs3_aws_loader loader = {.env = env, .err = err};
    int failed = read_files(&loader) ||
                 gs3_aws_profile_fill(profile, &loader.files[0], &loader.files[1], err);
    release_files(&loader);
    return failed ? -1 : 0;
}

void gs3_aws_config_release(struct gs3_aws_config *config)
{
    gs3_aws_profile_release(&config->profile);
    free(config->region);
    free(config->endpoint_s3);
    free(config->endpoint_sts);
    free(config->endpoint_s3_control);
    free(config->endpoint_sso);
    free(config->endpoint_sso_oidc);
    free(config->endpoint_cloudtrail);
    free(config->endpoint_guardduty);
    free(config->ca_bundle);
    free(config->signature_version);
    free(config->proxy_http);
    free(config->proxy_https);
    free(config->no_proxy);
    *config = (struct gs3_aws_config){.region = NULL};
}

struct gs3_aws_config gs3_aws_config_at_region(const struct gs3_aws_config *config, char *region)
{
    struct gs3_aws_config view = *config;
    view.region = region;
    view.endpoint_s3 = NULL;
    return view;
}
