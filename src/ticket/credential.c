#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/command.h"
#include "ticket/internal.h"

static int read_variable(const struct gs3_ticket_context *context,
                         const struct gs3_credential_ref *ref, struct gs3_secret *value,
                         struct gs3_err *err)
{
    /* The loader says so too: what signs S3 requests must never go to a ticketing system. */
    if (gs3_str_has_prefix(ref->value, "AWS_") || gs3_str_has_prefix(ref->value, "GS3_"))
        return gs3_fail(err, GS3_EPOLICY, "credentials.%s: %s may not be used for a ticket system",
                        ref->name, ref->value);
    const char *text = gs3_env_get(context->env, ref->value);
    if (!text)
        return gs3_fail(err, GS3_ECONFIG,
                        "the environment variable %s is not set (the policy reads credentials.%s "
                        "from it, %s:%u)",
                        ref->value, ref->name, ref->place.file ? ref->place.file : "policy",
                        ref->place.line);
    gs3_secret_set(value, text, strlen(text));
    return 0;
}

/* One final line break belongs to the file, not to the secret. */
static size_t length_without_newline(const char *text, size_t length_bytes)
{
    if (length_bytes > 0 && text[length_bytes - 1] == '\n')
        length_bytes--;
    if (length_bytes > 0 && text[length_bytes - 1] == '\r')
        length_bytes--;
    return length_bytes;
}

static int read_file(const struct gs3_credential_ref *ref, struct gs3_secret *value,
                     struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf content = GS3_BUF_INIT(GS3_TICKET_SECRET_BYTES);
    const struct gs3_file_read_opts opts = {
        .maximum_bytes = GS3_TICKET_SECRET_BYTES,
        .no_symlink = true,
        .is_secret = true,
        .class = GS3_ECONFIG,
    };
    int outcome = gs3_file_read(ref->value, &opts, &content, err);
    const char *text = gs3_buf_string(&content);
    if (outcome == 0)
        gs3_secret_set(value, text, length_without_newline(text, content.length_bytes));
    if (content.data)
        gs3_secret_wipe(content.data, content.capacity_bytes);
    return outcome;
}

int gs3_ticket_command_run(const struct gs3_http *http, const struct gs3_strings *argv,
                           struct gs3_secret *output, struct gs3_err *err)
{
    if (argv->count == 0 || argv->items[0][0] != '/')
        return gs3_fail(err, GS3_EPOLICY, "a command must begin with an absolute path");
    gs3_auto_free char **words = gs3_xcalloc(argv->count + 1, sizeof *words);
    for (size_t i = 0; i < argv->count; i++)
        words[i] = argv->items[i];
    const struct gs3_command command = {.argv = words,
                                        .maximum_output_bytes = GS3_TICKET_SECRET_BYTES,
                                        .timeout_ms = GS3_TICKET_TIMEOUT_MS,
                                        .http = http};
    gs3_auto_secret struct gs3_secret whole = GS3_SECRET_INIT;
    if (gs3_command_run(&command, &whole, err))
        return -1;
    size_t length = whole.length_bytes;
    if (length > 0 && whole.text[length - 1] == '\n')
        length--;
    gs3_secret_set(output, whole.text, length);
    return 0;
}

int gs3_ticket_credential_read(const struct gs3_ticket_context *context,
                               const struct gs3_credential_ref *ref, struct gs3_secret *value,
                               struct gs3_err *err)
{
    switch (ref->kind) {
    case GS3_CREDENTIAL_ENV: return read_variable(context, ref, value, err);
    case GS3_CREDENTIAL_FILE: return read_file(ref, value, err);
    case GS3_CREDENTIAL_COMMAND:
        if (gs3_ticket_command_run(context->http, &ref->argv, value, err))
            return gs3_wrap(err, "credentials.%s", ref->name);
        return 0;
    case GS3_CREDENTIAL_NONE: break;
    }
    return gs3_fail(err, GS3_EPOLICY, "credentials.%s: no source is named", ref->name);
}
