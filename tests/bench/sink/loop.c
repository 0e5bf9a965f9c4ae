/*
 * A thread's loop: its listener, its connections and their timers.
 */
#include "sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX    512
#define ACCEPTS_MAX   256 /* then those that are connected have their turn */
#define SCRATCH_BYTES ((size_t)4 << 20)
#define EARLY_NS      20000U

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

int sink_listen(const struct sink_options *options, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("gs3-sink: socket");
    if (inet_pton(AF_INET, options->address, &address.sin_addr) != 1) {
        fprintf(stderr, "gs3-sink: --address %s is not an IPv4 address\n", options->address);
        exit(252);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (options->threads > 1)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        fail("gs3-sink: bind");
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        fail("gs3-sink: getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

void sink_loop_later(struct sink_loop *loop, struct sink_conn *conn, uint64_t due_ns)
{
    if (loop->timer_count == loop->timer_cap) {
        loop->timer_cap = loop->timer_cap > 0 ? loop->timer_cap * 2 : 256;
        loop->timers = sink_realloc(loop->timers, loop->timer_cap * sizeof *loop->timers);
    }
    struct sink_timer *heap = loop->timers;
    size_t at = loop->timer_count++;
    for (; at > 0 && heap[(at - 1) / 2].due_ns > due_ns; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = (struct sink_timer){.due_ns = due_ns, .conn = conn, .generation = conn->generation};
}

static struct sink_timer take_timer(struct sink_loop *loop)
{
    struct sink_timer *heap = loop->timers;
    struct sink_timer first = heap[0];
    struct sink_timer last = heap[--loop->timer_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= loop->timer_count)
            break;
        if (child + 1 < loop->timer_count && heap[child + 1].due_ns < heap[child].due_ns)
            child++;
        if (heap[child].due_ns >= last.due_ns)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static void run_timers(struct sink_loop *loop)
{
    uint64_t now = sink_now_ns();
    while (loop->timer_count > 0 && loop->timers[0].due_ns <= now + EARLY_NS) {
        struct sink_timer timer = take_timer(loop);
        struct sink_conn *conn = timer.conn;
        if (timer.generation != conn->generation || conn->fd < 0)
            continue;
        if (conn->state == SINK_WAIT)
            conn->state = conn->answer.len > 0 ? SINK_WRITE : SINK_HEAD;
        sink_conn_run(conn);
        if (timer.due_ns == 0) /* the end of a slice: let the others run */
            break;
    }
}

static void accept_some(struct sink_loop *loop)
{
    int one = 1;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct sink_conn *conn = sink_conn_open(loop, fd);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                    .data.ptr = conn};
        if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            sink_conn_drop(conn);
    }
}

static int wait_events(struct sink_loop *loop, struct epoll_event *events)
{
    if (loop->timer_count == 0)
        return epoll_wait(loop->epoll, events, EVENTS_MAX, -1);
    uint64_t now = sink_now_ns();
    uint64_t due = loop->timers[0].due_ns;
    uint64_t wait = due > now ? due - now : 0;
    struct timespec limit = {.tv_sec = (time_t)(wait / 1000000000U),
                             .tv_nsec = (long)(wait % 1000000000U)};
    return epoll_pwait2(loop->epoll, events, EVENTS_MAX, &limit, NULL);
}

static void *run(void *arg)
{
    struct sink_loop *loop = arg;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = wait_events(loop, events);
        for (int i = 0; i < count; i++) {
            void *source = events[i].data.ptr;
            struct sink_conn *conn = source;
            if (source == loop->sink)
                return NULL;
            if (source == loop)
                accept_some(loop);
            else if (conn->fd >= 0)
                sink_conn_run(conn);
        }
        run_timers(loop);
    }
}

static void watch(struct sink_loop *loop, int fd, void *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("gs3-sink: epoll_ctl");
}

void sink_loop_start(struct sink_loop *loop, struct sink *sink, int listener)
{
    loop->sink = sink;
    loop->listener = listener;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->scratch =
        mmap(NULL, SCRATCH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (loop->epoll < 0 || loop->scratch == MAP_FAILED)
        fail("gs3-sink: a thread's memory");
    watch(loop, listener, loop);
    watch(loop, sink->stop_fd, sink);
    if (pthread_create(&loop->thread, NULL, run, loop) != 0) {
        fputs("gs3-sink: a thread does not start\n", stderr);
        exit(1);
    }
}

void sink_loop_end(struct sink_loop *loop)
{
    pthread_join(loop->thread, NULL);
    for (size_t i = 0; i < loop->conn_count; i++)
        sink_conn_free(loop->conns[i]);
    free(loop->conns);
    free(loop->timers);
    munmap(loop->scratch, SCRATCH_BYTES);
    close(loop->epoll);
    close(loop->listener);
}
