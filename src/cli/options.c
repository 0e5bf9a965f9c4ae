#include "cli/options.h"

#include <string.h>

#include "base/str.h"

static const char *const output_choices[] = {"text", "json", NULL};

#define TRANSFER   GS3_COMMANDS_TRANSFER
#define EVERY      (GS3_COMMANDS_TRANSFER | GS3_COMMAND_COMPLETION)
#define FLAG       .kind = GS3_OPTION_FLAG
#define TEXT(what) .kind = GS3_OPTION_VALUE, .value_name = (what)
#define PATH(what) .kind = GS3_OPTION_VALUE, .value_name = (what), .value_kind = GS3_VALUE_FILE

const struct gs3_option gs3_options[GS3_OPTION_COUNT] = {
    {GS3_OPT_TICKET, "--ticket", GS3_OPTION_LIST, GS3_VALUE_TEXT, "[SYSTEM:]ID", NULL, "GS3_TICKET",
     TRANSFER, false, "change request, incident or issue that covers the operation; repeatable"},
    {GS3_OPT_PURPOSE, "--purpose", TEXT("TEXT"), .variable = "GS3_PURPOSE", .commands = TRANSFER,
     .help = "why the operation is done"},
    {GS3_OPT_ENVIRONMENT, "--environment", TEXT("NAME"), .variable = "GS3_ENVIRONMENT",
     .commands = TRANSFER, .help = "refuse unless the policy says the buckets belong to NAME"},
    {GS3_OPT_DEPARTMENT, "--department", TEXT("NAME"), .variable = "GS3_DEPARTMENT",
     .commands = TRANSFER, .help = "the department that the operation is done for"},
    {GS3_OPT_POLICY, "--policy", PATH("PATH"), .variable = "GS3_POLICY", .commands = TRANSFER,
     .help = "policy file, or directory of policy files"},
    {GS3_OPT_EXPLAIN, "--explain", FLAG, .commands = TRANSFER,
     .help = "print the decision rule by rule, with the policy's file and line"},
    {GS3_OPT_OUTPUT, "--output", GS3_OPTION_VALUE, GS3_VALUE_CHOICE, "FORMAT", output_choices,
     "GS3_OUTPUT", TRANSFER, true, "text, or json with one object a line"},
    {GS3_OPT_DRYRUN, "--dryrun", FLAG, .commands = TRANSFER,
     .help = "decide, and say what would be done, without doing it"},
    {GS3_OPT_QUIET, "--quiet", FLAG, .commands = TRANSFER, .help = "print errors only"},
    {GS3_OPT_ONLY_SHOW_ERRORS, "--only-show-errors", FLAG, .commands = TRANSFER,
     .help = "print errors and warnings only"},
    {GS3_OPT_NO_PROGRESS, "--no-progress", FLAG, .commands = TRANSFER,
     .help = "print no progress (this version prints none)"},
    {GS3_OPT_NO_OVERWRITE, "--no-overwrite", FLAG, .commands = TRANSFER,
     .help = "leave a destination that exists as it is, and keep the source"},
    {GS3_OPT_METADATA, "--metadata", TEXT("KEY=VALUE,..."), .commands = TRANSFER,
     .help = "user metadata: KEY=VALUE,..., a JSON object, or file://PATH"},
    {GS3_OPT_CONTENT_TYPE, "--content-type", TEXT("TYPE"), .commands = TRANSFER,
     .help = "Content-Type of the destination"},
    {GS3_OPT_CACHE_CONTROL, "--cache-control", TEXT("TEXT"), .commands = TRANSFER,
     .help = "Cache-Control of the destination"},
    {GS3_OPT_CONTENT_DISPOSITION, "--content-disposition", TEXT("TEXT"), .commands = TRANSFER,
     .help = "Content-Disposition of the destination"},
    {GS3_OPT_CONTENT_ENCODING, "--content-encoding", TEXT("TEXT"), .commands = TRANSFER,
     .help = "Content-Encoding of the destination"},
    {GS3_OPT_CONTENT_LANGUAGE, "--content-language", TEXT("TEXT"), .commands = TRANSFER,
     .help = "Content-Language of the destination"},
    {GS3_OPT_EXPIRES, "--expires", TEXT("TIME"), .commands = TRANSFER,
     .help = "Expires of the destination: ISO 8601 or an HTTP date"},
    {GS3_OPT_NO_GUESS_MIME_TYPE, "--no-guess-mime-type", FLAG, .commands = TRANSFER,
     .help = "do not guess the Content-Type of an upload from its name"},
    {GS3_OPT_ENDPOINT_URL, "--endpoint-url", TEXT("URL"), .commands = TRANSFER, .is_global = true,
     .help = "S3 endpoint other than AWS's own; the policy must list it"},
    {GS3_OPT_PROFILE, "--profile", TEXT("NAME"), .variable = "AWS_PROFILE", .commands = TRANSFER,
     .is_global = true, .help = "profile of the AWS configuration"},
    {GS3_OPT_REGION, "--region", TEXT("NAME"), .variable = "AWS_REGION", .commands = TRANSFER,
     .is_global = true, .help = "AWS region"},
    {GS3_OPT_NO_VERIFY_SSL, "--no-verify-ssl", FLAG, .commands = TRANSFER, .is_global = true,
     .help = "do not verify the S3 endpoint's certificate (never the ticketing system's)"},
    {GS3_OPT_CA_BUNDLE, "--ca-bundle", PATH("FILE"), .variable = "AWS_CA_BUNDLE",
     .commands = TRANSFER, .is_global = true,
     .help = "CA certificates for the S3 endpoint (never for the ticketing system)"},
    {GS3_OPT_DEBUG, "--debug", FLAG, .commands = TRANSFER, .is_global = true,
     .help = "print what is sent and answered, secrets left out, on standard error"},
    {GS3_OPT_HELP, "--help", FLAG, .commands = EVERY, .is_global = true,
     .help = "print the usage and end"},
    {GS3_OPT_VERSION, "--version", FLAG, .commands = EVERY, .is_global = true,
     .help = "print the version and end"},
};

const struct gs3_command gs3_commands[] = {
    {"cp", GS3_COMMAND_CP, "SOURCE DESTINATION",
     "copy a file to S3, an object to a file, or an object to another"},
    {"mv", GS3_COMMAND_MV, "SOURCE DESTINATION",
     "as cp, and delete the source once the destination was read back"},
    {"put", GS3_COMMAND_PUT, "SOURCE DESTINATION", "write a file or standard input to S3"},
    {"completion", GS3_COMMAND_COMPLETION, "bash|zsh|fish", "print the completion for a shell"},
};
const size_t gs3_command_count = sizeof gs3_commands / sizeof gs3_commands[0];

const struct gs3_command *gs3_command_find(const char *name)
{
    for (size_t i = 0; i < gs3_command_count; i++)
        if (gs3_str_equal(gs3_commands[i].name, name))
            return &gs3_commands[i];
    return NULL;
}

const struct gs3_option *gs3_option_find(const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++)
        if (strlen(gs3_options[i].name) == name_bytes &&
            memcmp(gs3_options[i].name, name, name_bytes) == 0)
            return &gs3_options[i];
    return NULL;
}
