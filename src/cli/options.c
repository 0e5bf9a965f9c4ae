#include "cli/options.h"

#include <string.h>

#include "base/str.h"

static const char *const output_choices[] = {"text", "json", NULL};
/* In the order of enum gs3_color, gs3_case_conflict and gs3_s3_checksum (whose first is NONE). */
static const char *const color_choices[] = {"auto", "on", "off", NULL};
static const char *const case_conflict_choices[] = {"ignore", "skip", "warn", "error", NULL};
static const char *const checksum_choices[] = {"CRC64NVME", "CRC32",  "CRC32C",
                                               "SHA1",      "SHA256", NULL};
static const char *const directive_choices[] = {"COPY", "REPLACE", NULL};
static const char *const copy_props_choices[] = {"none", "metadata-directive", "default", "all",
                                                 NULL};
static const char *const acl_choices[] = {"private",
                                          "public-read",
                                          "public-read-write",
                                          "authenticated-read",
                                          "aws-exec-read",
                                          "bucket-owner-read",
                                          "log-delivery-write",
                                          "bucket-owner-full-control",
                                          NULL};
static const char *const storage_class_choices[] = {
    "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
    "GLACIER",  "DEEP_ARCHIVE",       "GLACIER_IR",  NULL};
static const char *const sse_choices[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
static const char *const sse_c_choices[] = {"AES256", NULL};
static const char *const checksum_mode_choices[] = {"ENABLED", NULL};
static const char *const verify_choices[] = {"md5", NULL};
/* In the order of enum gs3_export_kind and gs3_export_format. */
static const char *const kind_choices[] = {"bucket",      "trust", "permissions",
                                           "scp",         "vpce",  "event-selectors",
                                           "eventbridge", "alarm", NULL};
static const char *const format_choices[] = {"json", "terraform", "cloudformation", NULL};
static const char *const partition_choices[] = {"aws", "aws-cn", "aws-us-gov", NULL};
static const char *const payer_choices[] = {"requester", NULL};

#define TRANSFER   GS3_COMMANDS_TRANSFER
#define ASKING     (GS3_COMMANDS_TRANSFER | GS3_COMMAND_DOCTOR)
#define EXPORT     GS3_COMMAND_POLICY_EXPORT
#define POLICY     (GS3_COMMAND_POLICY_EXPORT | GS3_COMMAND_POLICY_LINT)
#define EVERY      (ASKING | GS3_COMMAND_COMPLETION | POLICY)
#define READING    (GS3_COMMAND_CP | GS3_COMMAND_MV)
#define FLAG       .kind = GS3_OPTION_FLAG
#define TEXT(what) .kind = GS3_OPTION_VALUE, .value_name = (what)
#define LIST(what) .kind = GS3_OPTION_LIST, .value_name = (what)
#define PATH(what) .kind = GS3_OPTION_VALUE, .value_name = (what), .value_kind = GS3_VALUE_FILE
#define CHOICE(what, which)                                                                        \
    .kind = GS3_OPTION_VALUE, .value_name = (what), .value_kind = GS3_VALUE_CHOICE,                \
    .choices = (which)
#define OPTIONAL(what, which, without)                                                             \
    .kind = GS3_OPTION_OPTIONAL, .value_name = (what), .value_kind = GS3_VALUE_CHOICE,             \
    .choices = (which), .default_value = (without)

const struct gs3_option gs3_options[GS3_OPTION_COUNT] = {
    {GS3_OPT_TICKET, "--ticket", LIST("[SYSTEM:]ID"), .variable = "GS3_TICKET",
     .commands = TRANSFER,
     .help = "change request, incident or issue that covers the operation; repeatable"},
    {GS3_OPT_PURPOSE, "--purpose", TEXT("TEXT"), .variable = "GS3_PURPOSE", .commands = TRANSFER,
     .help = "why the operation is done"},
    {GS3_OPT_ENVIRONMENT, "--environment", TEXT("NAME"), .variable = "GS3_ENVIRONMENT",
     .commands = TRANSFER | EXPORT,
     .help = "refuse unless the policy says the buckets belong to NAME; an export: NAME alone"},
    {GS3_OPT_DEPARTMENT, "--department", TEXT("NAME"), .variable = "GS3_DEPARTMENT",
     .commands = TRANSFER, .help = "the department that the operation is done for"},
    {GS3_OPT_POLICY, "--policy", PATH("PATH"), .variable = "GS3_POLICY",
     .commands = ASKING | EXPORT, .help = "policy file, or directory of policy files"},
    {GS3_OPT_EXPLAIN, "--explain", FLAG, .commands = TRANSFER,
     .help = "print the decision rule by rule, with the policy's file and line"},
    {GS3_OPT_OUTPUT, "--output", CHOICE("FORMAT", output_choices), .variable = "GS3_OUTPUT",
     .commands = ASKING, .is_global = true,
     .help = "what the lines are; json is one object a line"},
    {GS3_OPT_DRYRUN, "--dryrun", FLAG, .commands = TRANSFER,
     .help = "decide, and say what would be done, without doing it"},
    {GS3_OPT_QUIET, "--quiet", FLAG, .commands = TRANSFER, .help = "print errors only"},
    {GS3_OPT_ONLY_SHOW_ERRORS, "--only-show-errors", FLAG, .commands = TRANSFER,
     .help = "print errors and warnings only"},
    {GS3_OPT_NO_PROGRESS, "--no-progress", FLAG, .commands = TRANSFER, .help = "print no progress"},
    {GS3_OPT_PROGRESS_FREQUENCY, "--progress-frequency", TEXT("SECONDS"), .commands = TRANSFER,
     .help = "print progress every so many seconds"},
    {GS3_OPT_PROGRESS_MULTILINE, "--progress-multiline", FLAG, .commands = TRANSFER,
     .help = "print progress on a new line each time"},
    {GS3_OPT_COLOR, "--color", CHOICE("WHEN", color_choices), .commands = TRANSFER,
     .is_global = true, .help = "whether the progress has colors"},
    {GS3_OPT_RECURSIVE, "--recursive", FLAG, .commands = TRANSFER,
     .help = "everything below a directory or a prefix"},
    {GS3_OPT_INCLUDE, "--include", LIST("PATTERN"), .commands = TRANSFER,
     .help = "take in what matches; repeatable, the last match of --include and --exclude wins"},
    {GS3_OPT_EXCLUDE, "--exclude", LIST("PATTERN"), .commands = TRANSFER,
     .help = "leave out what matches; repeatable, the last match of --include and --exclude wins"},
    {GS3_OPT_FOLLOW_SYMLINKS, "--follow-symlinks", FLAG, .commands = TRANSFER,
     .help = "upload what symbolic links lead to (the default)"},
    {GS3_OPT_NO_FOLLOW_SYMLINKS, "--no-follow-symlinks", FLAG, .commands = TRANSFER,
     .help = "leave symbolic links out of an upload"},
    {GS3_OPT_CASE_CONFLICT, "--case-conflict", CHOICE("MODE", case_conflict_choices),
     .commands = READING,
     .help = "what to do with keys of a recursive download that differ in case alone"},
    {GS3_OPT_PAGE_SIZE, "--page-size", TEXT("COUNT"), .commands = READING,
     .help = "keys in one page of a listing, at most 1000"},
    {GS3_OPT_NO_OVERWRITE, "--no-overwrite", FLAG, .commands = TRANSFER,
     .help = "leave a destination that exists as it is, and keep the source"},
    {GS3_OPT_RESUME, "--resume", FLAG, .commands = TRANSFER,
     .help = "go on with what an interrupted run has left of large objects"},
    {GS3_OPT_EXPECTED_SIZE, "--expected-size", TEXT("BYTES"),
     .commands = GS3_COMMAND_CP | GS3_COMMAND_PUT, .help = "how long a stream will be"},
    {GS3_OPT_METADATA, "--metadata", TEXT("KEY=VALUE,..."), .commands = TRANSFER,
     .help = "user metadata: KEY=VALUE,..., a JSON object, or file://PATH"},
    {GS3_OPT_METADATA_DIRECTIVE, "--metadata-directive", CHOICE("WHAT", directive_choices),
     .commands = READING, .help = "whether a copy keeps its source's metadata and properties"},
    {GS3_OPT_COPY_PROPS, "--copy-props", CHOICE("WHAT", copy_props_choices), .commands = READING,
     .help = "what of its source a copy keeps"},
    {GS3_OPT_TAGS, "--tags", TEXT("KEY=VALUE,..."), .commands = TRANSFER,
     .help = "object tags of the destination, at most 10"},
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
    {GS3_OPT_WEBSITE_REDIRECT, "--website-redirect", TEXT("TARGET"), .commands = TRANSFER,
     .help = "where a website's request for the destination is sent: /KEY or a URL"},
    {GS3_OPT_ACL, "--acl", CHOICE("NAME", acl_choices), .commands = TRANSFER,
     .help = "canned access control list of the destination"},
    {GS3_OPT_GRANTS, "--grants", .kind = GS3_OPTION_WORDS, .value_name = "PERMISSION=TYPE=ID",
     .commands = TRANSFER,
     .help = "rights on the destination: read, readacl, writeacl or full, for id=, "
             "emailaddress= or uri="},
    {GS3_OPT_STORAGE_CLASS, "--storage-class", CHOICE("CLASS", storage_class_choices),
     .commands = TRANSFER, .help = "storage class of the destination"},
    {GS3_OPT_SSE, "--sse", OPTIONAL("METHOD", sse_choices, "AES256"), .commands = TRANSFER | EXPORT,
     .help = "encryption by the store, without a value by AES256"},
    {GS3_OPT_SSE_KMS_KEY_ID, "--sse-kms-key-id", TEXT("ID"), .commands = TRANSFER | EXPORT,
     .help = "the KMS key of --sse aws:kms"},
    {GS3_OPT_SSE_C, "--sse-c", OPTIONAL("METHOD", sse_c_choices, "AES256"), .commands = TRANSFER,
     .help = "encrypt or read the object with a key of yours"},
    {GS3_OPT_SSE_C_KEY, "--sse-c-key", TEXT("fileb://PATH"), .commands = TRANSFER,
     .help = "file with the key of --sse-c: 32 bytes, or with file:// their base64"},
    {GS3_OPT_SSE_C_COPY_SOURCE, "--sse-c-copy-source", OPTIONAL("METHOD", sse_c_choices, "AES256"),
     .commands = READING, .help = "read the source of a copy with a key of yours"},
    {GS3_OPT_SSE_C_COPY_SOURCE_KEY, "--sse-c-copy-source-key", TEXT("fileb://PATH"),
     .commands = READING, .help = "file with the key of --sse-c-copy-source, as for --sse-c-key"},
    {GS3_OPT_CHECKSUM_ALGORITHM, "--checksum-algorithm", CHOICE("NAME", checksum_choices),
     .commands = TRANSFER, .help = "checksum that the store keeps of an upload or a copy"},
    {GS3_OPT_CHECKSUM_MODE, "--checksum-mode", CHOICE("MODE", checksum_mode_choices),
     .commands = READING, .help = "verify a download by the checksum that the store keeps"},
    {GS3_OPT_VERIFY, "--verify", CHOICE("HOW", verify_choices), .commands = TRANSFER,
     .help = "compare the bytes once more, which is slow"},
    {GS3_OPT_IGNORE_GLACIER_WARNINGS, "--ignore-glacier-warnings", FLAG, .commands = READING,
     .help = "skip archived objects without a warning"},
    {GS3_OPT_FORCE_GLACIER_TRANSFER, "--force-glacier-transfer", FLAG, .commands = READING,
     .help = "try archived objects too"},
    {GS3_OPT_REQUEST_PAYER, "--request-payer", OPTIONAL("WHO", payer_choices, "requester"),
     .commands = TRANSFER, .help = "agree to pay for the requests"},
    {GS3_OPT_ENDPOINT_URL, "--endpoint-url", TEXT("URL"), .commands = ASKING, .is_global = true,
     .help = "S3 endpoint other than AWS's own; the policy must list it"},
    {GS3_OPT_PROFILE, "--profile", TEXT("NAME"), .variable = "AWS_PROFILE", .commands = ASKING,
     .is_global = true, .help = "profile of the AWS configuration"},
    {GS3_OPT_REGION, "--region", TEXT("NAME"), .variable = "AWS_REGION", .commands = ASKING,
     .is_global = true, .help = "AWS region"},
    {GS3_OPT_SOURCE_REGION, "--source-region", TEXT("NAME"), .commands = READING,
     .help = "region of a copy's source, when it is another one"},
    {GS3_OPT_NO_SIGN_REQUEST, "--no-sign-request", FLAG, .commands = TRANSFER, .is_global = true,
     .help = "send requests to S3 without a signature"},
    {GS3_OPT_CLI_READ_TIMEOUT, "--cli-read-timeout", TEXT("SECONDS"), .commands = TRANSFER,
     .is_global = true, .help = "how long an answer may stand still; 0: for ever"},
    {GS3_OPT_CLI_CONNECT_TIMEOUT, "--cli-connect-timeout", TEXT("SECONDS"), .commands = TRANSFER,
     .is_global = true, .help = "how long a connection may take; 0: for ever"},
    {GS3_OPT_NO_VERIFY_SSL, "--no-verify-ssl", FLAG, .commands = ASKING, .is_global = true,
     .help = "do not verify the S3 endpoint's certificate (never the ticketing system's)"},
    {GS3_OPT_CA_BUNDLE, "--ca-bundle", PATH("FILE"), .variable = "AWS_CA_BUNDLE",
     .commands = ASKING, .is_global = true,
     .help = "CA certificates for the S3 endpoint (never for the ticketing system)"},
    {GS3_OPT_DEBUG, "--debug", FLAG, .commands = ASKING, .is_global = true,
     .help = "print what is sent and answered, secrets left out, on standard error"},
    {GS3_OPT_KIND, "--kind", CHOICE("KIND", kind_choices), .commands = EXPORT,
     .help = "which document"},
    {GS3_OPT_FORMAT, "--format", CHOICE("FORMAT", format_choices), .commands = EXPORT,
     .help = "how it is written; json by default"},
    {GS3_OPT_BUCKET, "--bucket", LIST("NAME"), .commands = EXPORT,
     .help = "this bucket alone, one that a pattern of the policy stands for too; repeatable"},
    {GS3_OPT_PRINCIPAL, "--principal", LIST("ARN"), .commands = EXPORT,
     .help = "trust: who may assume the role; repeatable"},
    {GS3_OPT_ROLE_ARN, "--role-arn", TEXT("ARN"), .commands = EXPORT,
     .help = "trust, permissions, scp: the environment's role"},
    {GS3_OPT_EXEMPT_ROLE, "--exempt-role", LIST("ARN"), .commands = EXPORT,
     .help = "bucket, scp: a role that is not denied, such as one for emergencies; repeatable"},
    {GS3_OPT_VPC_ENDPOINT, "--vpc-endpoint", LIST("ID"), .commands = EXPORT,
     .help = "bucket: deny what does not come through this VPC endpoint; repeatable"},
    {GS3_OPT_PARTITION, "--partition", CHOICE("NAME", partition_choices), .commands = EXPORT,
     .help = "AWS partition; aws by default"},
    {GS3_OPT_SYSTEM, "--system", FLAG, .commands = POLICY,
     .help = "read the named policy as the system's, which may be locked"},
    {GS3_OPT_HELP, "--help", FLAG, .commands = EVERY, .is_global = true,
     .help = "print the usage and end"},
    {GS3_OPT_VERSION, "--version", FLAG, .commands = EVERY, .is_global = true,
     .help = "print the version and end"},
};

const struct gs3_command gs3_commands[] = {
    {"cp", GS3_COMMAND_CP, "SOURCE DESTINATION",
     "copy files to S3, objects to files, or objects to others"},
    {"mv", GS3_COMMAND_MV, "SOURCE DESTINATION",
     "as cp, and delete each source once its destination was read back"},
    {"put", GS3_COMMAND_PUT, "SOURCE DESTINATION", "write files or standard input to S3"},
    {"doctor", GS3_COMMAND_DOCTOR, "[s3://BUCKET[/PREFIX] ...]",
     "say what was found, what is wrong and what to do: credentials, policy, tickets, endpoints"},
    {"completion", GS3_COMMAND_COMPLETION, "bash|zsh|fish", "print the completion for a shell"},
    {"policy export", GS3_COMMAND_POLICY_EXPORT, "--kind KIND",
     "print the AWS documents that back the policy"},
    {"policy lint", GS3_COMMAND_POLICY_LINT, "[PATH]", "read a policy, and say where it is wrong"},
};
const size_t gs3_command_count = sizeof gs3_commands / sizeof gs3_commands[0];

const struct gs3_command *gs3_command_find(const char *name)
{
    for (size_t i = 0; i < gs3_command_count; i++)
        if (gs3_str_equal(gs3_commands[i].name, name))
            return &gs3_commands[i];
    return NULL;
}

size_t gs3_command_group_bytes(const struct gs3_command *command)
{
    const char *blank = strchr(command->name, ' ');
    return blank ? (size_t)(blank - command->name) : 0;
}

bool gs3_command_is_group(const char *name, unsigned *commands)
{
    unsigned found = 0;
    for (size_t i = 0; i < gs3_command_count; i++) {
        size_t bytes = gs3_command_group_bytes(&gs3_commands[i]);
        if (bytes && strlen(name) == bytes && memcmp(gs3_commands[i].name, name, bytes) == 0)
            found |= gs3_commands[i].bit;
    }
    if (commands)
        *commands = found;
    return found != 0;
}

const struct gs3_option *gs3_option_find(const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < GS3_OPTION_COUNT; i++)
        if (strlen(gs3_options[i].name) == name_bytes &&
            memcmp(gs3_options[i].name, name, name_bytes) == 0)
            return &gs3_options[i];
    return NULL;
}
