#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int fd;
    SSL *ssl;
    struct server_shared *shared;
    const struct server_reply *replies;
    size_t reply_count;
};

static void die(const char *what)
{
    perror(what);
    _exit(99);
}

static void sleep_ms(unsigned ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&wait, &wait) && errno == EINTR)
        continue;
}

static ssize_t take(const struct connection *c, char *buffer, size_t room)
{
    return c->ssl ? SSL_read(c->ssl, buffer, (int)room) : read(c->fd, buffer, room);
}

static bool give(const struct connection *c, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = c->ssl ? SSL_write(c->ssl, bytes, (int)length)
                              : send(c->fd, bytes, length, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        bytes += done;
        length -= (size_t)done;
    }
    return true;
}

uint64_t server_sum(uint64_t sum, uint64_t position, const void *bytes, size_t length)
{
    const unsigned char *data = bytes;
    for (size_t i = 0; i < length; i++)
        sum += (data[i] + 1u) * (position + i + 1);
    return sum;
}

static const struct server_reply *choose(const struct connection *c, const char *head)
{
    for (size_t i = 0; i < c->reply_count; i++) {
        const struct server_reply *reply = &c->replies[i];
        if (reply->match && !strstr(head, reply->match))
            continue;
        if (reply->times == 0)
            return reply;
        if (atomic_fetch_add(&c->shared->used[i], 1) < reply->times)
            return reply;
    }
    return NULL;
}

static bool read_head(const struct connection *c, struct server_request *request)
{
    size_t used = 0;
    while (used + 1 < sizeof request->head) {
        if (take(c, request->head + used, 1) != 1)
            return false;
        request->head[++used] = '\0';
        if (used >= 4 && memcmp(request->head + used - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static bool read_body(const struct connection *c, struct server_request *request)
{
    const char *length_header = strcasestr(request->head, "\r\nContent-Length:");
    uint64_t left = length_header ? strtoull(length_header + 17, NULL, 10) : 0;
    char buffer[65536];
    while (left > 0) {
        ssize_t got = take(c, buffer, left < sizeof buffer ? (size_t)left : sizeof buffer);
        if (got <= 0)
            return false;
        for (ssize_t i = 0; i < got; i++)
            if (request->body_bytes + (uint64_t)i + 1 < sizeof request->body)
                request->body[request->body_bytes + (uint64_t)i] = buffer[i];
        request->body_sum = server_sum(request->body_sum, request->body_bytes, buffer, (size_t)got);
        request->body_bytes += (uint64_t)got;
        left -= (uint64_t)got;
    }
    return true;
}

static void reset_connection(const struct connection *c)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(c->fd);
}

/* Returns whether the connection stays. */
static bool send_reply(const struct connection *c, const struct server_reply *reply)
{
    sleep_ms(reply->delay_ms);
    size_t length = reply->length ? reply->length : reply->bytes ? strlen(reply->bytes) : 0;
    size_t step = reply->drip_ms ? 1 : length;
    for (size_t at = 0; at < length; at += step) {
        if (!give(c, reply->bytes + at, step))
            return false;
        sleep_ms(reply->drip_ms);
    }
    if (reply->end == SERVER_RESET)
        reset_connection(c);
    return reply->end == SERVER_KEEP;
}

static void serve(const struct connection *c)
{
    for (;;) {
        struct server_request *request = calloc(1, sizeof *request);
        if (!request || !read_head(c, request))
            _exit(0);
        const struct server_reply *reply = choose(c, request->head);
        bool is_whole = (reply && reply->is_early) || read_body(c, request);
        int index = atomic_fetch_add(&c->shared->requests, 1);
        if (index < SERVER_REQUESTS)
            c->shared->request[index] = *request;
        free(request);
        if (!is_whole || !reply || !send_reply(c, reply))
            break;
    }
    if (c->ssl)
        SSL_shutdown(c->ssl);
    shutdown(c->fd, SHUT_WR);
    _exit(0);
}

static void open_tls(struct connection *c, const struct server_opts *opts)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, opts->certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, opts->key, SSL_FILETYPE_PEM) != 1)
        die("server certificate");
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) != 1)
        _exit(0);
    atomic_fetch_add(&c->shared->handshakes, 1);
}

static void accept_all(int listener, struct connection *c, const struct server_opts *opts)
{
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        c->fd = accept(listener, NULL, NULL);
        if (c->fd < 0)
            continue;
        atomic_fetch_add(&c->shared->connections, 1);
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            int on = 1;
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            sleep_ms(opts ? opts->accept_delay_ms : 0);
            if (opts && opts->certificate)
                open_tls(c, opts);
            serve(c);
        }
        close(c->fd);
    }
}

void server_start(struct server *server, const struct server_reply *replies, size_t count,
                  const struct server_opts *opts)
{
    *server = (struct server){.pid = -1};
    server->shared = mmap(NULL, sizeof *server->shared, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (server->shared == MAP_FAILED || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        die("server");
    server->port = ntohs(address.sin_port);
    snprintf(server->url, sizeof server->url, "%s://127.0.0.1:%u",
             opts && opts->certificate ? "https" : "http", server->port);
    server->pid = fork();
    if (server->pid < 0)
        die("fork");
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct connection c = {.shared = server->shared, .replies = replies, .reply_count = count};
        accept_all(listener, &c, opts);
    }
    close(listener);
}

void server_stop(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    munmap(server->shared, sizeof *server->shared);
}

bool server_make_certificate(const char *directory, const char *names)
{
    char command[1024];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=gs3-test -addext subjectAltName=%s -keyout %s/key.pem -out %s/cert.pem "
             ">/dev/null 2>&1",
             names, directory, directory);
    return system(command) == 0;
}
