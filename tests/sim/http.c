/*
 * The listener: gathers a request whole, asks for an answer under the lock, then sends it outside
 * the lock, as slowly or as badly as the answer says. Depends on libmicrohttpd; knows nothing of
 * the personas' contents.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REASONABLE_HEADERS_BYTES ((size_t)256 * 1024)
#define SLICE_MS                 20
#define HOLD_MS                  60000

struct sim_http {
    struct MHD_Daemon *daemon;
    char *cert;
    char *key;
};

struct exchange {
    struct sim *sim;
    struct sim_request req;
    struct sim_answer answer;
    EVP_MD_CTX *digest;
    bool started;
};

static void pause_ms(const struct sim *sim, uint64_t ms)
{
    while (ms > 0 && !atomic_load(&sim->stopping)) {
        uint64_t slice = ms < SLICE_MS ? ms : SLICE_MS;
        const struct timespec wait = {.tv_nsec = (long)slice * 1000000};
        nanosleep(&wait, NULL);
        ms -= slice;
    }
}

/* The test is told by HOLD.held that the request is here. */
static void hold(const struct sim *sim, const char *path)
{
    char *held = sim_printf("%s.held", path);
    FILE *file = fopen(held, "w");
    if (file)
        fclose(file);
    free(held);
    for (uint64_t ms = 0; ms < HOLD_MS && access(path, F_OK); ms += SLICE_MS)
        pause_ms(sim, SLICE_MS);
}

/* Linux: connecting a TCP socket to "no address" drops the connection with RST, unlike a close. */
static void reset_connection(int fd)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)!connect(fd, &nowhere, sizeof(nowhere));
}

/* The first callback of a request: the only one that sees the target as it was sent. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    struct exchange *ex = sim_alloc(sizeof(*ex));
    ex->sim = cls;
    ex->req.uri = sim_strdup(uri);
    size_t path_len = strcspn(uri, "?");
    ex->req.path = sim_strndup(uri, path_len);
    ex->req.path_decoded = sim_percent_decode(uri, path_len, false);
    ex->req.query = sim_strdup(uri[path_len] == '?' ? uri + path_len + 1 : "");
    sim_form_parse(&ex->req.args, ex->req.query);
    ex->digest = EVP_MD_CTX_new();
    if (!ex->digest || EVP_DigestInit_ex(ex->digest, EVP_sha256(), NULL) != 1)
        abort();
    return ex;
}

static void exchange_free(struct exchange *ex)
{
    struct sim_request *req = &ex->req;
    free(req->method);
    free(req->uri);
    free(req->path);
    free(req->path_decoded);
    free(req->query);
    sim_pairs_release(&req->args);
    sim_pairs_release(&req->headers);
    sim_pairs_release(&req->faults);
    sim_buf_release(&req->body);
    sim_answer_release(&ex->answer);
    EVP_MD_CTX_free(ex->digest);
    free(ex);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    if (*con_cls)
        exchange_free(*con_cls);
    *con_cls = NULL;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    struct sim_request *req = cls;
    char *lower = sim_strdup(name);
    for (char *p = lower; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    sim_pairs_add(&req->headers, lower, value ? value : "");
    free(lower);
    return MHD_YES;
}

/* Sends what the answer's body holds, in the rhythm that the answer asks for. */
static ssize_t on_read(void *cls, uint64_t pos, char *out, size_t max)
{
    struct exchange *ex = cls;
    struct sim_answer *answer = &ex->answer;
    uint64_t end = answer->body.len;
    if (answer->has_cutoff && answer->cutoff_bytes < end)
        end = answer->cutoff_bytes;
    if (answer->drip_ms > 0 && pos > 0)
        pause_ms(ex->sim, answer->drip_ms);
    if (atomic_load(&ex->sim->stopping))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (pos >= end) {
        if (answer->endless && !answer->has_cutoff) {
            memset(out, ' ', max);
            return (ssize_t)max;
        }
        if (answer->reset)
            reset_connection(ex->req.socket);
        bool whole = answer->chunked && !answer->has_cutoff;
        return whole ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    uint64_t n = end - pos < max ? end - pos : max;
    if (answer->drip_ms > 0 && n > answer->drip_bytes)
        n = answer->drip_bytes;
    memcpy(out, answer->body.data + pos, (size_t)n);
    return (ssize_t)n;
}

static void add_date(struct sim_answer *answer)
{
    char text[64];
    struct tm parts;
    time_t when = (time_t)((int64_t)time(NULL) + answer->date_skew_s);
    gmtime_r(&when, &parts);
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!sim_pairs_get(&answer->headers, "Date"))
        sim_pairs_add(&answer->headers, "Date", text);
}

static enum MHD_Result send_raw(struct exchange *ex)
{
    const struct sim_buf *body = &ex->answer.body;
    size_t sent = 0;
    while (sent < body->len) {
        ssize_t n = send(ex->req.socket, body->data + sent, body->len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    shutdown(ex->req.socket, SHUT_RDWR);
    return MHD_NO;
}

static enum MHD_Result send_answer(struct exchange *ex, struct MHD_Connection *connection)
{
    struct sim_answer *answer = &ex->answer;
    pause_ms(ex->sim, answer->delay_ms);
    if (answer->hold)
        hold(ex->sim, answer->hold);
    if (answer->raw)
        return send_raw(ex);
    if (answer->reset && !answer->has_cutoff) {
        reset_connection(ex->req.socket);
        return MHD_NO;
    }
    if (answer->hang_up) {
        shutdown(ex->req.socket, SHUT_RDWR);
        return MHD_NO;
    }
    uint64_t size = answer->has_length ? answer->length : answer->body.len;
    if (answer->chunked || answer->endless)
        size = MHD_SIZE_UNKNOWN;
    struct MHD_Response *response =
        MHD_create_response_from_callback(size, 65536, on_read, ex, NULL);
    if (!response)
        return MHD_NO;
    if (!answer->no_date)
        add_date(answer);
    for (size_t i = 0; i < answer->headers.count; i++) {
        const struct sim_pair *header = &answer->headers.items[i];
        if (MHD_add_response_header(response, header->name, header->value) != MHD_YES)
            fprintf(stderr, "gs3-sim: header %s cannot be sent\n", header->name);
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static void choose_persona(struct sim_request *req)
{
    const char *path = req->path_decoded;
    if (sim_starts_with(path, "/api/now/") || sim_starts_with(path, "/api/sn_chg_rest/") ||
        strcmp(path, "/oauth_token.do") == 0)
        req->persona = SIM_SERVICENOW;
    else if (sim_starts_with(path, "/rest/") || sim_starts_with(path, "/_edge/") ||
             sim_starts_with(path, "/ex/jira/"))
        req->persona = SIM_JIRA;
    else if (sim_is_cloudtrail(req))
        req->persona = SIM_CLOUDTRAIL;
    else if (sim_is_guardduty(req))
        req->persona = SIM_GUARDDUTY;
    else if (strcmp(path, "/") == 0 && strcmp(req->method, "POST") == 0 && req->body.data &&
             strstr(req->body.data, "Action=") != NULL)
        req->persona = SIM_STS;
    else if (!sim_credentials_path(req, &req->persona))
        req->persona = SIM_S3;
}

void sim_persona_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    switch (req->persona) {
    case SIM_SERVICENOW: sim_servicenow_answer(sim, req, answer); break;
    case SIM_JIRA: sim_jira_answer(sim, req, answer); break;
    case SIM_STS: sim_sts_answer(sim, req, answer); break;
    case SIM_IMDS:
    case SIM_CONTAINER:
    case SIM_SSO: sim_credentials_answer(sim, req, answer); break;
    case SIM_S3: sim_store_answer(sim, req, answer); break;
    case SIM_CLOUDTRAIL: sim_cloudtrail_answer(sim, req, answer); break;
    case SIM_GUARDDUTY: sim_guardduty_answer(sim, req, answer); break;
    }
}

/* Called with the lock held. */
static void write_log(const struct exchange *ex)
{
    const cJSON *entry = sim_log_request(ex->sim, &ex->req, &ex->answer);
    if (!ex->sim->request_log)
        return;
    char *line = cJSON_PrintUnformatted(entry);
    fprintf(ex->sim->request_log, "%s\n", line ? line : "{}");
    fflush(ex->sim->request_log);
    cJSON_free(line);
}

/* Called with the lock held. A script comes before the personas, a fault that answers before both.
 */
static void build_answer(struct exchange *ex)
{
    struct sim *sim = ex->sim;
    struct sim_request *req = &ex->req;
    if (sim_starts_with(req->path_decoded, "/_sim/")) {
        sim_control_answer(sim, req, &ex->answer);
        return;
    }
    choose_persona(req);
    sim_faults_pick(sim, req);
    if (!sim_fault_answers(req, &ex->answer)) {
        if (!sim_script_answers(sim, req, &ex->answer))
            sim_persona_answer(sim, req, &ex->answer);
        sim_fault_transform(req, &ex->answer);
    }
    write_log(ex);
}

static bool has_body(const struct sim_request *req)
{
    const char *length = sim_pairs_get(&req->headers, "content-length");
    return (length && strcmp(length, "0") != 0) ||
           sim_pairs_get(&req->headers, "transfer-encoding");
}

static void finish_body(struct exchange *ex)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int sum_len = 0;
    if (EVP_DigestFinal_ex(ex->digest, sum, &sum_len) != 1)
        abort();
    for (unsigned int i = 0; i < sum_len; i++)
        snprintf(ex->req.body_sha256 + (size_t)i * 2, 3, "%02x", sum[i]);
    sim_buf_adds(&ex->req.body, "");
}

static void read_head(struct exchange *ex, struct MHD_Connection *connection, const char *method)
{
    struct sim_request *req = &ex->req;
    req->method = sim_strdup(method);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, req);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    req->socket = info ? info->connect_fd : -1;
    req->tls = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL) != NULL;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info && info->socket_context)
        req->connection = *(const uint64_t *)info->socket_context;
    choose_persona(req);
}

/* The body is still to come: true when a fault wants an answer, or the end, without it. */
static bool answers_early(struct exchange *ex)
{
    struct sim *sim = ex->sim;
    if (!has_body(&ex->req) || sim_starts_with(ex->req.path_decoded, "/_sim/"))
        return false;
    pthread_mutex_lock(&sim->lock);
    sim_faults_pick_early(sim, &ex->req);
    bool early = sim_fault_arg(&ex->req, "early") != NULL;
    if (early) {
        finish_body(ex);
        sim_fault_answers(&ex->req, &ex->answer);
        write_log(ex);
    }
    pthread_mutex_unlock(&sim->lock);
    return early;
}

static enum MHD_Result take_upload(struct exchange *ex, const char *upload, size_t *size)
{
    struct sim_request *req = &ex->req;
    const char *reset = sim_fault_arg(req, "upload-reset");
    int64_t reset_bytes = 0;
    if (req->body.len + *size <= SIM_BODY_KEEP_BYTES)
        sim_buf_add(&req->body, upload, *size);
    req->body_bytes += *size;
    if (EVP_DigestUpdate(ex->digest, upload, *size) != 1)
        abort();
    *size = 0;
    if (!reset || !sim_number_parse(reset, &reset_bytes) || req->body_bytes < (uint64_t)reset_bytes)
        return MHD_YES;
    finish_body(ex);
    ex->answer.reset = true;
    pthread_mutex_lock(&ex->sim->lock);
    write_log(ex);
    pthread_mutex_unlock(&ex->sim->lock);
    reset_connection(req->socket);
    return MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **con_cls)
{
    (void)url;
    (void)version;
    struct sim *sim = cls;
    struct exchange *ex = *con_cls;
    if (!ex->started) {
        ex->started = true;
        read_head(ex, connection, method);
        return answers_early(ex) ? send_answer(ex, connection) : MHD_YES;
    }
    if (*upload_size > 0)
        return take_upload(ex, upload, upload_size);
    finish_body(ex);
    pthread_mutex_lock(&sim->lock);
    build_answer(ex);
    pthread_mutex_unlock(&sim->lock);
    return send_answer(ex, connection);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)connection;
    struct sim *sim = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        uint64_t *number = sim_alloc(sizeof(*number));
        *number = atomic_fetch_add(&sim->connection_count, 1) + 1;
        *context = number;
    } else {
        free(*context);
        *context = NULL;
    }
}

/* NULL, with a line on standard error, when the files or the port cannot be used. Loopback only. */
struct sim_http *sim_http_start(struct sim *sim, uint16_t port, const char *cert_path,
                                const char *key_path, uint16_t *bound)
{
    struct sim_http *http = sim_alloc(sizeof(*http));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_SOCK_ADDR, 0, &address},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)REASONABLE_HEADERS_BYTES, NULL},
        {MHD_OPTION_LISTENING_ADDRESS_REUSE, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (cert_path) {
        http->cert = sim_file_read(cert_path, NULL);
        http->key = sim_file_read(key_path, NULL);
        if (!http->cert || !http->key) {
            fprintf(stderr, "gs3-sim: cannot read %s\n", http->cert ? key_path : cert_path);
            sim_http_stop(http);
            return NULL;
        }
        flags |= MHD_USE_TLS;
        options[3] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, http->cert};
        options[4].ptr_value = http->key;
    }
    http->daemon =
        MHD_start_daemon(flags, port, NULL, NULL, on_request, sim, MHD_OPTION_ARRAY, options,
                         MHD_OPTION_URI_LOG_CALLBACK, on_uri, sim, MHD_OPTION_NOTIFY_COMPLETED,
                         on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, sim,
                         MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        http->daemon ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        fprintf(stderr, "gs3-sim: cannot listen on 127.0.0.1:%u\n", port);
        sim_http_stop(http);
        return NULL;
    }
    *bound = info->port;
    return http;
}

void sim_http_stop(struct sim_http *http)
{
    if (!http)
        return;
    if (http->daemon)
        MHD_stop_daemon(http->daemon);
    free(http->cert);
    free(http->key);
    free(http);
}
