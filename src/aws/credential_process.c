#include <stdlib.h>
#include <string.h>

#include "aws/credentials_internal.h"
#include "aws/ini.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/command.h"

/* A minute: somebody may have to touch a key or confirm on a telephone. */
enum { TIMEOUT_MS = 60 * 1000, WORDS = 1000, ERRORS_BYTES = 4096 };

static const char setting[] = "credential_process";

static void free_words(char ***words)
{
    for (size_t i = 0; *words && (*words)[i]; i++)
        free((*words)[i]);
    free(*words);
}

char **gs3_shell_split(const char *text, size_t *count)
{
    char **words = gs3_xcalloc(WORDS + 1, sizeof *words);
    bool is_whole = true;
    *count = 0;
    while (is_whole) {
        while (gs3_ascii_is_space(*text))
            text++;
        if (*text == '\0')
            break;
        char *word = *count < WORDS ? gs3_ini_read_word(&text) : NULL;
        is_whole = word != NULL;
        if (word)
            words[(*count)++] = word;
    }
    if (is_whole && *count > 0)
        return words;
    free_words(&words);
    return NULL;
}

static int check_version(const cJSON *json, struct gs3_err *err)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "Version");
    if (cJSON_IsNumber(version) && version->valuedouble == 1.0)
        return 0;
    return gs3_fail(err, GS3_ECONFIG, "Version is not 1");
}

static int read_output(const struct gs3_secret *output, const char *program,
                       struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_credential_json cJSON *json =
        gs3_credential_json_parse(output->text, output->length_bytes, err);
    if (!json || check_version(json, err) ||
        gs3_credentials_fill_json(credentials, json, "SessionToken", true, "the credential process",
                                  err) < 0)
        return gs3_wrap(err, "what %s wrote cannot be used", program);
    if (credentials->expires_s == 0 || credentials->expires_s > gs3_credential_now_s())
        return 1;
    gs3_credentials_release(credentials);
    return gs3_fail(err, GS3_ECONFIG, "what %s wrote has expired already", program);
}

static int run(const struct gs3_credential_source *source, char **words, uint32_t timeout_ms,
               struct gs3_credentials *credentials, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf errors = GS3_BUF_INIT(ERRORS_BYTES);
    gs3_auto_secret struct gs3_secret output = GS3_SECRET_INIT;
    const struct gs3_command command = {.argv = words,
                                        .is_on_path = true,
                                        .maximum_output_bytes = GS3_CREDENTIAL_ANSWER_BYTES,
                                        .timeout_ms = timeout_ms,
                                        .errors = &errors,
                                        .http = source->http};
    if (gs3_command_run(&command, &output, err))
        return -1;
    return read_output(&output, words[0], credentials, err);
}

int gs3_credentials_from_process_within(const struct gs3_credential_source *source,
                                        uint32_t timeout_ms, struct gs3_credentials *credentials,
                                        struct gs3_err *err)
{
    const char *line = gs3_credential_setting(source, setting);
    if (!line)
        return 0;
    size_t count;
    gs3_auto(free_words) char **words = gs3_shell_split(line, &count);
    if (!words)
        return gs3_fail(err, GS3_ECONFIG,
                        "%s: %s: no command can be read from it: is a quote open?",
                        gs3_credential_place(source, setting), setting);
    int found = run(source, words, timeout_ms, credentials, err);
    if (found < 0 && !(err && err->class == GS3_EINTERRUPT))
        gs3_wrap(err, "%s: %s", gs3_credential_place(source, setting), setting);
    return found;
}

int gs3_credentials_from_process(const struct gs3_credential_source *source,
                                 struct gs3_credentials *credentials, struct gs3_err *err)
{
    return gs3_credentials_from_process_within(source, TIMEOUT_MS, credentials, err);
}
