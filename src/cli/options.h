/* The option tables: one typed list that feeds the parser, --help, the completions and the check
 * that the manual pages name every option. Depends on base. */
#ifndef GS3_CLI_OPTIONS_H
#define GS3_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum gs3_option_kind {
    GS3_OPTION_FLAG,
    GS3_OPTION_VALUE,    /* given twice: the last one counts, as in aws-cli */
    GS3_OPTION_OPTIONAL, /* likewise; the value may be left out where no word follows that could be
                            one: at the end, or before a word that begins with "-" */
    GS3_OPTION_LIST,     /* may be given more than once, every value counts */
    GS3_OPTION_WORDS,    /* takes all words up to the next option; the last time counts */
};

enum gs3_option_id {
    GS3_OPT_TICKET,
    GS3_OPT_PURPOSE,
    GS3_OPT_ENVIRONMENT,
    GS3_OPT_DEPARTMENT,
    GS3_OPT_POLICY,
    GS3_OPT_EXPLAIN,
    GS3_OPT_OUTPUT,
    GS3_OPT_DRYRUN,
    GS3_OPT_QUIET,
    GS3_OPT_ONLY_SHOW_ERRORS,
    GS3_OPT_NO_PROGRESS,
    GS3_OPT_PROGRESS_FREQUENCY,
    GS3_OPT_PROGRESS_MULTILINE,
    GS3_OPT_COLOR,
    GS3_OPT_RECURSIVE,
    GS3_OPT_INCLUDE,
    GS3_OPT_EXCLUDE,
    GS3_OPT_FOLLOW_SYMLINKS,
    GS3_OPT_NO_FOLLOW_SYMLINKS,
    GS3_OPT_CASE_CONFLICT,
    GS3_OPT_PAGE_SIZE,
    GS3_OPT_NO_OVERWRITE,
    GS3_OPT_RESUME,
    GS3_OPT_EXPECTED_SIZE,
    GS3_OPT_METADATA,
    GS3_OPT_METADATA_DIRECTIVE,
    GS3_OPT_COPY_PROPS,
    GS3_OPT_TAGS,
    GS3_OPT_CONTENT_TYPE,
    GS3_OPT_CACHE_CONTROL,
    GS3_OPT_CONTENT_DISPOSITION,
    GS3_OPT_CONTENT_ENCODING,
    GS3_OPT_CONTENT_LANGUAGE,
    GS3_OPT_EXPIRES,
    GS3_OPT_NO_GUESS_MIME_TYPE,
    GS3_OPT_WEBSITE_REDIRECT,
    GS3_OPT_ACL,
    GS3_OPT_GRANTS,
    GS3_OPT_STORAGE_CLASS,
    GS3_OPT_SSE,
    GS3_OPT_SSE_KMS_KEY_ID,
    GS3_OPT_SSE_C,
    GS3_OPT_SSE_C_KEY,
    GS3_OPT_SSE_C_COPY_SOURCE,
    GS3_OPT_SSE_C_COPY_SOURCE_KEY,
    GS3_OPT_CHECKSUM_ALGORITHM,
    GS3_OPT_CHECKSUM_MODE,
    GS3_OPT_VERIFY,
    GS3_OPT_IGNORE_GLACIER_WARNINGS,
    GS3_OPT_FORCE_GLACIER_TRANSFER,
    GS3_OPT_REQUEST_PAYER,
    GS3_OPT_ENDPOINT_URL,
    GS3_OPT_PROFILE,
    GS3_OPT_REGION,
    GS3_OPT_SOURCE_REGION,
    GS3_OPT_NO_SIGN_REQUEST,
    GS3_OPT_CLI_READ_TIMEOUT,
    GS3_OPT_CLI_CONNECT_TIMEOUT,
    GS3_OPT_NO_VERIFY_SSL,
    GS3_OPT_CA_BUNDLE,
    GS3_OPT_DEBUG,
    GS3_OPT_KIND,
    GS3_OPT_FORMAT,
    GS3_OPT_BUCKET,
    GS3_OPT_PRINCIPAL,
    GS3_OPT_ROLE_ARN,
    GS3_OPT_EXEMPT_ROLE,
    GS3_OPT_VPC_ENDPOINT,
    GS3_OPT_PARTITION,
    GS3_OPT_SYSTEM,
    GS3_OPT_HELP,
    GS3_OPT_VERSION,
    GS3_OPTION_COUNT,
};

/* What completes a value. */
enum gs3_value_kind { GS3_VALUE_TEXT, GS3_VALUE_FILE, GS3_VALUE_CHOICE };

enum {
    GS3_COMMAND_CP = 1,
    GS3_COMMAND_MV = 2,
    GS3_COMMAND_PUT = 4,
    GS3_COMMAND_COMPLETION = 8,
    GS3_COMMAND_DOCTOR = 16,
    GS3_COMMAND_POLICY_EXPORT = 32,
    GS3_COMMAND_POLICY_LINT = 64,
};
enum { GS3_COMMANDS_TRANSFER = GS3_COMMAND_CP | GS3_COMMAND_MV | GS3_COMMAND_PUT };

struct gs3_option {
    enum gs3_option_id id;
    const char *name; /* with its dashes */
    enum gs3_option_kind kind;
    enum gs3_value_kind value_kind;
    const char *value_name;     /* NULL for a flag */
    const char *const *choices; /* NULL-terminated; for GS3_VALUE_CHOICE */
    const char *default_value;  /* GS3_OPTION_OPTIONAL: what it means without a value */
    const char *variable;       /* environment variable with the same meaning, or NULL */
    unsigned commands;          /* GS3_COMMAND_* */
    bool is_global;             /* may stand before the command */
    const char *help;           /* one line, no full stop */
};

/* In the order of enum gs3_option_id. */
extern const struct gs3_option gs3_options[GS3_OPTION_COUNT];

struct gs3_command {
    const char *name; /* "cp", or with the group that it belongs to: "policy export" */
    unsigned bit;
    const char *arguments; /* for the usage line */
    const char *help;
};

extern const struct gs3_command gs3_commands[];
extern const size_t gs3_command_count;

const struct gs3_command *gs3_command_find(const char *name); /* NULL: unknown */
/* Of "policy export" the bytes of "policy"; 0: in no group. */
size_t gs3_command_group_bytes(const struct gs3_command *command);
/* Whether `name` is a group; its commands' bits in *commands (which may be NULL). */
bool gs3_command_is_group(const char *name, unsigned *commands);
/* Exact names only: an abbreviation that means one thing today would mean another tomorrow. */
const struct gs3_option *gs3_option_find(const char *name, size_t name_bytes);

#endif
