/* A scripted HTTP server on loopback for unit tests: forked, one child a connection, so that a test
 * can hold several. It answers each request with the first reply that fits, and keeps what it was
 * sent in shared memory. Depends on OpenSSL for TLS; includes nothing of gs3. */
#ifndef GS3_TESTS_SERVER_H
#define GS3_TESTS_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SERVER_REQUESTS = 64,
    SERVER_HEAD_BYTES = 8192,
    SERVER_BODY_BYTES = 4096,
    SERVER_REPLIES = 64
};

enum server_end { SERVER_KEEP, SERVER_CLOSE, SERVER_RESET };

struct server_reply {
    const char *match; /* text that the request's head must hold; NULL: any */
    int times;         /* how often it serves; 0: always */
    const char *bytes; /* the whole answer, status line included; NULL: none */
    size_t length;     /* 0: strlen */
    unsigned delay_ms; /* before the first byte */
    unsigned drip_ms;  /* between single bytes of the answer; 0: at once */
    enum server_end end;
    bool is_early; /* answers before the request's body is read */
};

struct server_request {
    char head[SERVER_HEAD_BYTES];
    char body[SERVER_BODY_BYTES]; /* its beginning */
    uint64_t body_bytes;
    uint64_t body_sum; /* of all bytes, position-dependent */
};

struct server_shared {
    atomic_int connections, handshakes, requests;
    atomic_int used[SERVER_REPLIES];
    struct server_request request[SERVER_REQUESTS];
};

struct server {
    pid_t pid;
    unsigned port;
    struct server_shared *shared;
    char url[64]; /* "http://127.0.0.1:PORT" */
};

struct server_opts {
    const char *certificate, *key; /* PEM files: TLS */
    unsigned accept_delay_ms;      /* before a connection is served (and shaken hands with) */
};

/* `replies` must live until server_stop. Ends the test program when the server cannot start. */
void server_start(struct server *server, const struct server_reply *replies, size_t count,
                  const struct server_opts *opts);
void server_stop(struct server *server);
uint64_t server_sum(uint64_t sum, uint64_t position, const void *bytes, size_t length);

/* A directory with cert.pem and key.pem for 127.0.0.1 and localhost, made by openssl(1). Returns
 * false when there is no openssl command. */
bool server_make_certificate(const char *directory, const char *names);

#endif
