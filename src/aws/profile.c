#include "aws/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* Where the secrets of one file go. */
struct secrets {
    struct gs3_secret *access_key_id, *secret_access_key, *session_token;
};

static bool is_profile_section(const char *section_name, const char *profile)
{
    if (strcmp(section_name, "default") == 0)
        return strcmp(profile, "default") == 0;
    gs3_auto_free char *word = gs3_ini_section_word(section_name, "profile");
    return word && strcmp(word, profile) == 0;
}

/* The profile's section in the configuration file. `profile x` and `profile "x"` are one
 * profile: botocore lets the last one win, which hides what the first says. */
static int find_config_section(const struct gs3_aws_file *config, const char *profile,
                               const struct gs3_ini_section **found, struct gs3_err *err)
{
    *found = NULL;
    for (size_t i = 0; i < config->ini.count; i++) {
        const struct gs3_ini_section *section = &config->ini.sections[i];
        if (!is_profile_section(section->name, profile))
            continue;
        if (*found)
            return gs3_fail(err, GS3_ECONFIG, "%s:%u: profile \"%.100s\" is there twice: line %u",
                            config->path, section->line, profile, (*found)->line);
        *found = section;
    }
    return 0;
}

static struct gs3_secret *find_secret(const struct secrets *secrets, const char *name)
{
    if (strcmp(name, "aws_access_key_id") == 0)
        return secrets->access_key_id;
    if (strcmp(name, "aws_secret_access_key") == 0)
        return secrets->secret_access_key;
    /* The older of the token's two names is still read by every SDK. */
    if (strcmp(name, "aws_session_token") == 0 || strcmp(name, "aws_security_token") == 0)
        return secrets->session_token;
    return NULL;
}

static bool is_of_block(const char *setting, const char *block)
{
    return gs3_str_has_prefix(setting, block) && setting[strlen(block)] == '.';
}

/* Removes what an earlier file or section said under `name`, a block's settings included. */
static void forget(struct gs3_aws_profile *profile, const char *name)
{
    gs3_pairs_remove(&profile->settings, name);
    gs3_pairs_remove(&profile->places, name);
    for (size_t i = 0; i < profile->settings.count;) {
        if (!is_of_block(profile->settings.items[i].name, name)) {
            i++;
            continue;
        }
        gs3_auto_free char *nested = gs3_xstrdup(profile->settings.items[i].name);
        gs3_pairs_remove(&profile->settings, nested);
        gs3_pairs_remove(&profile->places, nested);
    }
}

static int take_secret(struct gs3_secret *secret, const struct gs3_ini_setting *setting,
                       const char *path, struct gs3_err *err)
{
    size_t length = strlen(setting->value);
    bool differs = gs3_secret_is_set(secret) &&
                   (secret->length_bytes != length || strcmp(secret->text, setting->value) != 0);
    if (differs)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s:%u: %s differs from the other session token of the profile", path,
                        setting->line, setting->name);
    gs3_secret_set(secret, setting->value, length);
    return 0;
}

static int take_section(struct gs3_aws_profile *profile, const struct gs3_ini_section *section,
                        const char *path, const struct secrets *secrets, struct gs3_err *err)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct gs3_ini_setting *setting = &section->settings[i];
        gs3_auto_free char *place = gs3_xasprintf("%s:%u", path, setting->line);
        if (!setting->parent)
            forget(profile, setting->name);
        /* A dot in a name of its own would read as a nested setting, which botocore never does. */
        if (!setting->value || (!setting->parent && strchr(setting->name, '.')))
            continue;
        struct gs3_secret *secret = setting->parent ? NULL : find_secret(secrets, setting->name);
        gs3_auto_free char *name = setting->parent
                                       ? gs3_xasprintf("%s.%s", setting->parent, setting->name)
                                       : gs3_xstrdup(setting->name);
        gs3_pairs_set(&profile->places, name, place);
        if (!secret)
            gs3_pairs_set(&profile->settings, name, setting->value);
        else if (take_secret(secret, setting, path, err))
            return -1;
    }
    return 0;
}

/* Python's defaults section gives every other section what it does not set itself. */
static int take_file(struct gs3_aws_profile *profile, const struct gs3_aws_file *file,
                     const struct gs3_ini_section *section, const struct secrets *secrets,
                     struct gs3_err *err)
{
    if (!section)
        return 0;
    profile->exists = true;
    const struct gs3_ini_section *defaults = gs3_ini_section(&file->ini, "DEFAULT");
    if (defaults && take_section(profile, defaults, file->path, secrets, err))
        return -1;
    for (size_t i = 0; defaults && i < section->count; i++) {
        struct gs3_secret *secret =
            section->settings[i].parent ? NULL : find_secret(secrets, section->settings[i].name);
        if (secret)
            gs3_secret_release(secret);
    }
    return take_section(profile, section, file->path, secrets, err);
}

static const struct gs3_ini_section *find_named_section(const struct gs3_aws_file *config,
                                                        const char *kind, const char *name)
{
    for (size_t i = 0; i < config->ini.count; i++) {
        gs3_auto_free char *word = gs3_ini_section_word(config->ini.sections[i].name, kind);
        if (word && strcmp(word, name) == 0)
            return &config->ini.sections[i];
    }
    return NULL;
}

/* Of the configuration file alone, as the AWS CLI reads it. */
static void take_sso_session(struct gs3_aws_profile *profile, const struct gs3_aws_file *config)
{
    const char *name = gs3_pairs_get(&profile->settings, "sso_session");
    const struct gs3_ini_section *section =
        name ? find_named_section(config, "sso-session", name) : NULL;
    profile->has_sso_session = section != NULL;
    for (size_t i = 0; section && i < section->count; i++) {
        const struct gs3_ini_setting *setting = &section->settings[i];
        if (setting->parent || !setting->value)
            continue;
        gs3_auto_free char *place = gs3_xasprintf("%s:%u", config->path, setting->line);
        gs3_pairs_set(&profile->sso_session, setting->name, setting->value);
        gs3_pairs_set(&profile->sso_session_places, setting->name, place);
    }
}

int gs3_aws_profile_fill(struct gs3_aws_profile *profile, const struct gs3_aws_file *config,
                         const struct gs3_aws_file *credentials, struct gs3_err *err)
{
    const struct secrets config_secrets = {&profile->config_access_key_id,
                                           &profile->config_secret_access_key,
                                           &profile->config_session_token};
    const struct secrets shared_secrets = {&profile->access_key_id, &profile->secret_access_key,
                                           &profile->session_token};
    const struct gs3_ini_section *section = NULL;
    if (find_config_section(config, profile->name, &section, err) ||
        take_file(profile, config, section, &config_secrets, err))
        return -1;
    /* The credentials file names its profiles bare. */
    section = strcmp(profile->name, "DEFAULT") == 0
                  ? NULL
                  : gs3_ini_section(&credentials->ini, profile->name);
    if (take_file(profile, credentials, section, &shared_secrets, err))
        return -1;
    take_sso_session(profile, config);
    return 0;
}

void gs3_aws_profile_release(struct gs3_aws_profile *profile)
{
    free(profile->name);
    gs3_pairs_release(&profile->settings);
    gs3_pairs_release(&profile->places);
    gs3_pairs_release(&profile->sso_session);
    gs3_pairs_release(&profile->sso_session_places);
    gs3_secret_release(&profile->access_key_id);
    gs3_secret_release(&profile->secret_access_key);
    gs3_secret_release(&profile->session_token);
    gs3_secret_release(&profile->config_access_key_id);
    gs3_secret_release(&profile->config_secret_access_key);
    gs3_secret_release(&profile->config_session_token);
    *profile = (struct gs3_aws_profile){.name = NULL};
}

const struct gs3_ini_section *gs3_aws_services_section(const struct gs3_aws_file *config,
                                                       const char *name)
{
    return find_named_section(config, "services", name);
}
