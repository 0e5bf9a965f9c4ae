/*
 * gs3-sink: start, signals, end.
 */
#include "sink.h"

#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static _Noreturn void die(const char *what, const char *detail)
{
    fprintf(stderr, "gs3-sink: %s: %s\n", what, detail);
    exit(1);
}

static void open_zeros(struct sink *sink)
{
    sink->zeros_fd = memfd_create("zeros", MFD_CLOEXEC);
    if (sink->zeros_fd < 0 || ftruncate(sink->zeros_fd, (off_t)SINK_ZEROS_BYTES) != 0)
        die("memory for downloads", strerror(errno));
    void *zeros = mmap(NULL, SINK_ZEROS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       sink->zeros_fd, 0);
    if (zeros == MAP_FAILED)
        die("memory for downloads", strerror(errno));
    sink->zeros = zeros;
}

static void open_tls(struct sink *sink, const char *pem)
{
    sink->tls = SSL_CTX_new(TLS_server_method());
    if (!sink->tls || SSL_CTX_use_certificate_chain_file(sink->tls, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(sink->tls, pem, SSL_FILETYPE_PEM) != 1) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        die(pem, reason ? reason : "is no key and certificate");
    }
    SSL_CTX_set_mode(sink->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(sink->tls, 1);
}

static void write_port(const char *file, uint16_t port)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.new", file) >= (int)sizeof temporary)
        die("--port-file", "the name is too long");
    FILE *out = fopen(temporary, "w");
    if (!out)
        die(temporary, strerror(errno));
    fprintf(out, "%u\n", port);
    if (fclose(out) != 0 || rename(temporary, file) != 0)
        die(file, strerror(errno));
}

/* Blocked before any thread starts, so that only main takes them. */
static void block_signals(const struct sink_options *options, sigset_t *signals)
{
    pid_t parent = getppid();
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (options->dies_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            exit(0);
    }
}

static void end(struct sink *sink, struct sink_loop *loops)
{
    uint64_t one = 1;
    if (write(sink->stop_fd, &one, sizeof one) != (ssize_t)sizeof one)
        die("the end", strerror(errno));
    for (uint64_t i = 0; i < sink->options.threads; i++)
        sink_loop_end(&loops[i]);
    if (!sink->options.is_quiet) {
        struct sink_buf counts = {.max = SINK_ANSWER_MAX_BYTES};
        sink_stats_print(&sink->stats, &counts);
        fputs(counts.data ? counts.data : "", stderr);
        sink_buf_release(&counts);
    }
    if (sink->options.port_file)
        unlink(sink->options.port_file);
    sink_uploads_clear(&sink->uploads);
    sink_index_release(&sink->index);
    SSL_CTX_free(sink->tls);
    if (sink->log_fd >= 0)
        close(sink->log_fd);
    free(loops);
}

int main(int argc, char **argv)
{
    struct sink sink = {.stop_fd = -1};
    sigset_t signals;
    int signal_number;
    int status = sink_options_read(&sink.options, argc, argv);
    if (status >= 0)
        return status;
    block_signals(&sink.options, &signals);
    sink_log_open(&sink);
    sink_index_init(&sink.index);
    pthread_mutex_init(&sink.uploads.lock, NULL);
    open_zeros(&sink);
    if (sink.options.pem)
        open_tls(&sink, sink.options.pem);
    sink.stop_fd = eventfd(0, EFD_CLOEXEC);
    if (sink.stop_fd < 0)
        die("eventfd", strerror(errno));
    struct sink_loop *loops = sink_alloc(sink.options.threads * sizeof *loops);
    uint16_t port = (uint16_t)sink.options.port;
    for (uint64_t i = 0; i < sink.options.threads; i++)
        sink_loop_start(&loops[i], &sink, sink_listen(&sink.options, &port));
    if (sink.options.port_file)
        write_port(sink.options.port_file, port);
    else
        fprintf(stderr, "gs3-sink: port %u\n", port);
    sigwait(&signals, &signal_number);
    end(&sink, loops);
    return 0;
}
