/* What the credential providers share; for src/aws/credential*.c, role_cache.c and sts_assume.c
 * alone. Each provider is a `find` of struct gs3_credential_provider, in a file of its own. Depends
 * on aws/credentials. */
#ifndef GS3_AWS_CREDENTIALS_INTERNAL_H
#define GS3_AWS_CREDENTIALS_INTERNAL_H

#include "aws/credentials.h"
#include "text/json.h"

/* A document that holds credentials is never larger. */
enum { GS3_CREDENTIAL_ANSWER_BYTES = 64 * 1024 };

/* The CLI asks for others when less is left. */
enum { GS3_CREDENTIAL_WINDOW_S = 15 * 60 };

/* Fills `credentials` from one source, by name in messages: 1, or GS3_ECONFIG when half of them is
 * missing or a value holds what no credential holds. The token may be unset or empty. */
int gs3_credentials_fill(struct gs3_credentials *credentials, const struct gs3_secret *id,
                         const struct gs3_secret *secret, const struct gs3_secret *token,
                         const char *source, struct gs3_err *err);

/* A setting of the profile, or NULL; where it stands ("file:line"), or "profile". */
const char *gs3_credential_setting(const struct gs3_credential_source *source, const char *name);
const char *gs3_credential_place(const struct gs3_credential_source *source, const char *name);

/* The providers that are files of their own, each a `find` of struct gs3_credential_provider. */
int gs3_credentials_from_environment(const struct gs3_credential_source *source,
                                     struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_role(const struct gs3_credential_source *source,
                              struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_web_identity(const struct gs3_credential_source *source,
                                      struct gs3_credentials *credentials, struct gs3_err *err);

/* What a profile that another one names as its source has, without a role of its own: web identity,
 * SSO, static keys, a process, in the AWS CLI's order. 1, 0: it has none, -1. */
int gs3_credentials_from_profile(const struct gs3_credential_source *source,
                                 struct gs3_credentials *credentials, struct gs3_err *err);

/* The session name of a role whose settings give none: that of the credentials that are renewed,
 * else one that says who made it and when. Caller frees. */
char *gs3_credential_session_name(const struct gs3_credential_source *source);
/* What STS or a check of its limits said of a role, in the terms of a chain that has to give
 * credentials: a refusal keeps its class and AWS's words, and no answer is GS3_EGENERAL, as the AWS
 * CLI has it. Returns -1. */
int gs3_credential_role_fail(struct gs3_err *err, const char *place);
/* The providers that have a file of their own. 1, 0 or -1 as `find` of gs3_credential_provider; a 0
 * may leave in `err` why there was nothing, for the message of a chain that found none. */
int gs3_credentials_from_sso(const struct gs3_credential_source *source,
                             struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_process(const struct gs3_credential_source *source,
                                 struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_container(const struct gs3_credential_source *source,
                                   struct gs3_credentials *credentials, struct gs3_err *err);
int gs3_credentials_from_imds(const struct gs3_credential_source *source,
                              struct gs3_credentials *credentials, struct gs3_err *err);

/* gs3_credentials_from_process with another time-out than its minute. */
int gs3_credentials_from_process_within(const struct gs3_credential_source *source,
                                        uint32_t timeout_ms, struct gs3_credentials *credentials,
                                        struct gs3_err *err);
/* Splits as Python's shlex does (POSIX mode, comments off), which is how the AWS CLI reads the
 * setting: white space, single quotes, double quotes, backslashes. Caller frees the words, which
 * end with NULL, and the array. NULL: a quote is open, a backslash is the last character, or there
 * is no word. */
char **gs3_shell_split(const char *text, size_t *count);

/* credential_json.c: documents with credentials. The object of `text`, or NULL: GS3_ECONFIG. Its
 * strings are zeroed when it is deleted by gs3_auto_credential_json. */
cJSON *gs3_credential_json_parse(const char *text, size_t length_bytes, struct gs3_err *err);
void gs3_credential_json_release(cJSON **json);
#define gs3_auto_credential_json __attribute__((cleanup(gs3_credential_json_release)))
/* From AccessKeyId, SecretAccessKey, Expiration and a token of that name: 1 or GS3_ECONFIG. The
 * last two may be missing when `is_short`. */
int gs3_credentials_fill_json(struct gs3_credentials *credentials, const cJSON *object,
                              const char *token_name, bool is_short, const char *source,
                              struct gs3_err *err);
/* ISO 8601, or with the "UTC" at its end that older versions of the CLI write. */
int gs3_credential_time_parse(const char *text, int64_t *seconds);
int64_t gs3_credential_now_s(void);
/* A string as Python's json.dumps writes it: what is not printable ASCII is escaped. */
void gs3_credential_json_append(struct gs3_buf *out, const char *text);

/* credential_file.c: the CLI's caches below ~/.aws. "DIRECTORY/SHA1.json", or NULL when there is no
 * home directory. Caller frees. */
char *gs3_credential_file_path(const struct gs3_env *env, const char *directory, const char *key);
/* NULL: not there (`err` clear), or not to be read (GS3_ECONFIG). `is_private`: nor through a link,
 * nor where somebody else may read or could have written it. */
cJSON *gs3_credential_file_read(const char *path, bool is_private, struct gs3_err *err);
/* By way of a file beside it, mode 0600; makes the directories. GS3_ECONFIG. */
int gs3_credential_file_write(const char *path, const char *text, size_t length_bytes,
                              struct gs3_err *err);
/* The CLI's cache of temporary credentials, ~/.aws/cli/cache: 1 when it has some that are good for
 * GS3_CREDENTIAL_WINDOW_S, else 0: what is wrong with it is no matter, they are asked for anew. */
int gs3_credential_cache_read(const char *path, struct gs3_credentials *credentials,
                              const char *source);
/* `extra` is put in front of the member Credentials ("\"ProviderType\": \"sso\", "). A directory
 * that cannot be written is no matter either. */
void gs3_credential_cache_write(const char *path, const struct gs3_credentials *credentials,
                                const char *extra);

/* credential_ask.c: one small question. */
struct gs3_credential_question {
    const char *provider; /* for the message where no server may be asked */
    const char *method, *url;
    const struct gs3_pairs *headers; /* NULL: none */
    const char *body;                /* NULL: none */
    uint32_t timeout_ms;             /* of an attempt */
    unsigned attempts;
    bool is_direct; /* no proxy */
};
/* 0: an answer, whatever its status; release it with gs3_credential_answer_release, which zeroes
 * its body. -1: GS3_ECONFIG, or GS3_EINTERRUPT. TLS goes by the system's CA, whatever the options
 * for S3 say. */
int gs3_credential_ask(const struct gs3_credential_source *source,
                       const struct gs3_credential_question *question,
                       struct gs3_http_response *response, struct gs3_err *err);
void gs3_credential_answer_release(struct gs3_http_response *response);

#endif
