/*
 * The ticket, STS and S3 simulator of the tests and of the demo: what its files share.
 *
 * One loopback listener plays ServiceNow, Jira, STS, what hands credentials out, and a scripted S3,
 * with the vendors' oddities and with faults on demand. It depends on libmicrohttpd, cJSON and
 * OpenSSL's libcrypto. It never includes anything of gs3 and is never linked with it: what it
 * checks (signatures, shapes) it checks by an implementation of its own, so that one mistake cannot
 * hide in both.
 *
 * Threads: libmicrohttpd runs one thread a connection. Everything reachable from struct sim is
 * guarded by sim.lock, which http.c takes before it calls a persona and gives back before it sends
 * or sleeps.
 */
#ifndef GS3_TESTS_SIM_H
#define GS3_TESTS_SIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE  /* strcasestr, signal and socket details; this header comes first everywhere  \
                      */
#endif

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define SIM_BODY_KEEP_BYTES   ((size_t)64 * 1024 * 1024)
#define SIM_FILE_MAX_BYTES    ((size_t)64 * 1024 * 1024)
#define SIM_REQUESTS_MAX      200000
#define SIM_SHA256_HEX        65
#define SIM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* A growing byte string; data is NUL-terminated whenever it is not NULL. */
struct sim_buf {
    char *data;
    size_t len;
    size_t cap;
};

/* Names and values in the order they came; a name may repeat. */
struct sim_pair {
    char *name;
    char *value;
};

struct sim_pairs {
    struct sim_pair *items;
    size_t count;
};

enum sim_persona {
    SIM_SERVICENOW,
    SIM_JIRA,
    SIM_STS,
    SIM_IMDS,
    SIM_CONTAINER,
    SIM_SSO,
    SIM_S3,
    SIM_CLOUDTRAIL,
    SIM_GUARDDUTY
};

/* How fixture times are written: ServiceNow's "YYYY-MM-DD HH:MM:SS" or Jira's ISO 8601 with
 * milliseconds. */
enum sim_time_format { SIM_TIME_SERVICENOW, SIM_TIME_ISO };

struct sim_request {
    char *method;
    char *uri;                /* as sent: path and query, still percent-encoded */
    char *path;               /* as sent, without the query */
    char *path_decoded;       /* percent-decoded */
    char *query;              /* as sent, "" when there is none */
    struct sim_pairs args;    /* the query, decoded ("+" is a space) */
    struct sim_pairs headers; /* names in lower case */
    struct sim_buf body;      /* at most SIM_BODY_KEEP_BYTES of it */
    uint64_t body_bytes;
    char body_sha256[SIM_SHA256_HEX];
    struct sim_pairs faults; /* name and argument of each fault that applies to this request */
    enum sim_persona persona;
    uint64_t connection; /* 1, 2, 3, … in the order of their opening */
    int socket;
    bool tls;
};

/* What goes back, and how it is sent. Zero is "at once, whole and well-behaved". */
struct sim_answer {
    unsigned status;
    struct sim_pairs headers;
    struct sim_buf body;
    bool has_length; /* announce length instead of the body's own length */
    uint64_t length;
    bool has_cutoff; /* close the connection after cutoff_bytes of the body */
    uint64_t cutoff_bytes;
    uint64_t delay_ms;
    char *hold;       /* not before there is a file of this name, a minute at most; owned */
    uint64_t drip_ms; /* pause between two chunks of drip_bytes */
    size_t drip_bytes;
    bool chunked;
    bool endless; /* after the body: spaces until the client leaves */
    bool reset;   /* RST instead of an answer */
    bool hang_up; /* FIN instead of an answer */
    bool raw;     /* the body is the whole answer, status line included */
    bool no_date;
    int64_t date_skew_s;
};

struct sim_fault_rule;
struct sim_script;
struct sim_token;
struct sim_store;

struct sim {
    const char *fixtures_dir;
    const char *user;
    const char *script_path;
    bool jira_cloud_only;
    bool jira_dc_only;
    bool s3_store;
    bool s3_verify;
    bool s3_versioned;
    FILE *request_log;
    atomic_bool stopping;
    pthread_mutex_t lock;
    cJSON *requests;      /* an array, oldest first */
    size_t request_count; /* of requests */
    uint64_t request_seq; /* requests since the start, never reset */
    atomic_uint_fast64_t connection_count;
    struct sim_fault_rule *faults;
    struct sim_script *script;
    struct sim_token *tokens;
    struct sim_store *store;
    cJSON *sessions; /* of roles: what STS handed out; NULL: none */
    unsigned session_count;
};

/* util.c */
void *sim_alloc(size_t bytes);
void *sim_realloc(void *p, size_t bytes);
char *sim_strdup(const char *text);
char *sim_strndup(const char *text, size_t len);
char *sim_printf(const char *fmt, ...) SIM_PRINTF(1, 2);
void sim_buf_add(struct sim_buf *buf, const void *data, size_t len);
void sim_buf_adds(struct sim_buf *buf, const char *text);
void sim_buf_printf(struct sim_buf *buf, const char *fmt, ...) SIM_PRINTF(2, 3);
void sim_buf_release(struct sim_buf *buf);
void sim_pairs_add(struct sim_pairs *pairs, const char *name, const char *value);
void sim_pairs_set(struct sim_pairs *pairs, const char *name, const char *value);
void sim_pairs_remove(struct sim_pairs *pairs, const char *name);
const char *sim_pairs_get(const struct sim_pairs *pairs, const char *name);
void sim_pairs_release(struct sim_pairs *pairs);
char *sim_percent_decode(const char *text, size_t len, bool plus_is_space);
void sim_percent_encode(struct sim_buf *out, const char *text, size_t len, bool keep_slash);
void sim_form_parse(struct sim_pairs *pairs, const char *text);
char *sim_base64_decode(const char *text);
bool sim_number_parse(const char *text, int64_t *out);
void sim_sha256_hex(const void *data, size_t len, char out[SIM_SHA256_HEX]);
void sim_md5_hex(const void *data, size_t len, char out[33]);
bool sim_equal_fold(const char *a, const char *b);
bool sim_starts_with(const char *text, const char *prefix);
const char *sim_json_string(const cJSON *object, const char *name);
int64_t sim_json_integer(const cJSON *object, const char *name, int64_t fallback);
bool sim_json_true(const cJSON *object, const char *name);

/* fixture.c */
char *sim_file_read(const char *path, size_t *len);
char *sim_time_text(time_t when, enum sim_time_format format);
cJSON *sim_fixture_load(const struct sim *sim, const char *name, enum sim_time_format format,
                        struct sim_answer *answer);

/* answer.c */
void sim_answer_release(struct sim_answer *answer);
void sim_answer_header(struct sim_answer *answer, const char *name, const char *value);
void sim_answer_text(struct sim_answer *answer, unsigned status, const char *type,
                     const char *body);
void sim_answer_json(struct sim_answer *answer, unsigned status, cJSON *owned);
void sim_xml_escape(struct sim_buf *out, const char *text);
void sim_answer_sts_error(struct sim_answer *answer, unsigned status, const char *code,
                          const char *message);
void sim_answer_s3_error(struct sim_answer *answer, unsigned status, const char *code,
                         const char *message);

/* faults.c */
int sim_fault_add(struct sim *sim, const char *spec, char **why);
int sim_fault_add_json(struct sim *sim, const cJSON *object, char **why);
void sim_faults_clear(struct sim *sim);
void sim_faults_pick(struct sim *sim, struct sim_request *req);
void sim_faults_pick_early(struct sim *sim, struct sim_request *req);
cJSON *sim_faults_list(const struct sim *sim);
void sim_faults_usage(FILE *out);
const char *sim_fault_arg(const struct sim_request *req, const char *name);

/* faultanswer.c */
bool sim_fault_answers(const struct sim_request *req, struct sim_answer *answer);
void sim_fault_transform(const struct sim_request *req, struct sim_answer *answer);

/* log.c */
void sim_log_clear(struct sim *sim);
cJSON *sim_log_request(struct sim *sim, const struct sim_request *req,
                       const struct sim_answer *answer);

/* control.c */
void sim_control_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);

/* accounts.c */
enum sim_login { SIM_LOGIN_NONE, SIM_LOGIN_WRONG, SIM_LOGIN_RIGHT };
enum sim_login sim_account_check(struct sim *sim, const struct sim_request *req,
                                 const cJSON *accounts, const cJSON **account);
void sim_account_oauth(struct sim *sim, const struct sim_request *req, const cJSON *accounts,
                       struct sim_answer *answer);
void sim_accounts_forget(struct sim *sim);

/* snquery.c */
struct sim_query;
/* The raw value of a field of a row, or NULL when the table has no such field. */
typedef const char *(*sim_query_value_fn)(void *ctx, const cJSON *row, const char *field);
struct sim_query *sim_query_parse(const char *text);
bool sim_query_matches(const struct sim_query *query, const cJSON *row, sim_query_value_fn value,
                       void *ctx);
void sim_query_sort(const struct sim_query *query, const cJSON **rows, size_t count,
                    sim_query_value_fn value, void *ctx);
cJSON *sim_query_ignored(const struct sim_query *query, const cJSON *row, sim_query_value_fn value,
                         void *ctx);
void sim_query_free(struct sim_query *query);

/* sntable.c */
struct sim_sn {
    struct sim *sim;
    const struct sim_request *req;
    cJSON *schema; /* schema.json */
    cJSON *tables; /* the tables read so far, by name */
    int64_t utc_offset_minutes;
};

struct sim_sn_cell {
    const cJSON *spec; /* the field's entry in the schema */
    const char *value; /* raw */
    char *display;     /* owned */
    cJSON *override;   /* borrowed: replaces the raw scalar, whatever its type */
};

const cJSON *sim_sn_rows(struct sim_sn *sn, const char *table, struct sim_answer *answer);
bool sim_sn_cell_find(struct sim_sn *sn, const char *table, const cJSON *row, const char *path,
                      struct sim_sn_cell *cell);
cJSON *sim_sn_row_render(struct sim_sn *sn, const char *table, const cJSON *row, bool typed);
cJSON *sim_sn_row_with_faults(const struct sim_sn *sn, const cJSON *row, const char *number_fault);

/* credentials.c: what answers at a path of its own, and its persona. */
bool sim_credentials_path(const struct sim_request *req, enum sim_persona *persona);
void sim_credentials_answer(struct sim *sim, const struct sim_request *req,
                            struct sim_answer *answer);
/* watch.c */
bool sim_is_cloudtrail(const struct sim_request *req);
bool sim_is_guardduty(const struct sim_request *req);
void sim_answer_watch_error(const struct sim_request *req, struct sim_answer *answer,
                            unsigned status, const char *code, const char *message);
void sim_cloudtrail_answer(struct sim *sim, const struct sim_request *req,
                           struct sim_answer *answer);
void sim_guardduty_answer(struct sim *sim, const struct sim_request *req,
                          struct sim_answer *answer);

/* servicenow.c, jira.c, sts.c, script.c, store.c */
void sim_servicenow_answer(struct sim *sim, const struct sim_request *req,
                           struct sim_answer *answer);
void sim_jira_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);
cJSON *sim_jira_issue_render(const struct sim_request *req, const cJSON *site, const cJSON *issue,
                             int api, bool cloud);
cJSON *sim_jira_user_render(const struct sim_request *req, const cJSON *site, const char *login,
                            int api, bool cloud);
void sim_sts_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);

/* stsrole.c */
void sim_sts_assume(struct sim *sim, const struct sim_request *req, const cJSON *keys,
                    const cJSON *caller, struct sim_answer *answer);
void sim_sts_sessions_add(const struct sim *sim, cJSON *keys);
cJSON *sim_sts_sessions_list(const struct sim *sim);
void sim_sts_sessions_expire(struct sim *sim);
void sim_sts_sessions_forget(struct sim *sim);
void sim_script_free(struct sim_script *script);
bool sim_script_answers(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);
void sim_store_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);
void sim_store_put(struct sim *sim, const struct sim_request *req, const char *name,
                   struct sim_answer *answer);
cJSON *sim_store_list(const struct sim *sim);
void sim_store_free(struct sim_store *store);

/* sigv4.c */
struct sim_signature {
    unsigned status; /* how AWS would refuse, when it would */
    const char *code;
    const char *message;
    cJSON *identity; /* owned: the entry of the key that signed */
};

bool sim_sigv4_check(const struct sim_request *req, const cJSON *keys, const char *service,
                     struct sim_signature *out);

/* http.c */
void sim_persona_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer);
struct sim_http;
struct sim_http *sim_http_start(struct sim *sim, uint16_t port, const char *cert_path,
                                const char *key_path, uint16_t *bound);
void sim_http_stop(struct sim_http *http);

#endif
