/* Any bytes through the reader of the AWS CLI's files, and the profiles that they make. A refusal
 * names a line and is a configuration error; what is accepted keeps the bounds, and no secret
 * gets into the settings. */
#include <stdint.h>
#include <string.h>

#include "aws/profile.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_section(const struct gs3_ini_section *section)
{
    must(section->count <= GS3_INI_SETTINGS && section->line > 0);
    for (size_t i = 0; i < section->count; i++) {
        const struct gs3_ini_setting *setting = &section->settings[i];
        must(setting->line > 0);
        /* A name is there once in its section or block. */
        must(gs3_ini_setting(section, setting->parent, setting->name) == setting);
        must(!setting->parent || setting->value);
    }
    static const char *const kinds[] = {"profile", "services", "sso-session"};
    for (size_t i = 0; i < 3; i++)
        free(gs3_ini_section_word(section->name, kinds[i]));
}

static void fill_profile(const char *name, struct gs3_aws_file *file)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_aws_profile profile = {.name = gs3_xstrdup(name)};
    int status = gs3_aws_profile_fill(&profile, file, file, &err);
    must((status == 0) == (err.class == GS3_OK));
    must(!gs3_pairs_has(&profile.settings, "aws_secret_access_key"));
    must(!gs3_pairs_has(&profile.settings, "aws_session_token"));
    gs3_aws_profile_release(&profile);
    gs3_aws_services_section(file, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct gs3_err err = GS3_ERR_INIT;
    char path[] = "config";
    struct gs3_aws_file file = {.path = path};
    int status = gs3_ini_parse(path, (const char *)data, length, &file.ini, &err);
    if (status) {
        must(err.class == GS3_ECONFIG && gs3_str_has_prefix(err.message, "config:"));
    } else {
        must(file.ini.count <= GS3_INI_SECTIONS);
        for (size_t i = 0; i < file.ini.count; i++)
            check_section(&file.ini.sections[i]);
        fill_profile("default", &file);
        fill_profile("dev", &file);
    }
    gs3_ini_release(&file.ini);
    return 0;
}
