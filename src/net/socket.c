#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/internal.h"

enum { EVENTS = 128 };

static uint64_t now_us(void)
{
    struct timespec now = {.tv_sec = 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct gs3_http_watch *watch_of(struct gs3_http *http, int fd)
{
    size_t index = (size_t)fd;
    if (index >= http->watch_count) {
        size_t count = index + 64;
        http->watches = gs3_xreallocarray(http->watches, count, sizeof *http->watches);
        memset(http->watches + http->watch_count, 0,
               (count - http->watch_count) * sizeof *http->watches);
        http->watch_count = count;
    }
    return &http->watches[index];
}

static void tell_epoll(struct gs3_http *http, int fd, struct gs3_http_watch *watch, uint32_t events)
{
    if (events == watch->events)
        return;
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    int op = events == 0 ? EPOLL_CTL_DEL : watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(http->epoll_fd, op, fd, &event) && op == EPOLL_CTL_ADD && errno == EEXIST)
        epoll_ctl(http->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    watch->events = events;
}

/* curl takes a connection off between two requests and puts it back with the next one. Its
 * descriptor stays registered meanwhile (an event that nobody wants takes it off): two system calls
 * less a request. That needs to know when it is closed, which only connections tell. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    (void)easy;
    (void)socket_context;
    struct gs3_http *http = context;
    struct gs3_http_watch *watch = watch_of(http, fd);
    uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    watch->is_wanted = what != CURL_POLL_REMOVE;
    if (!watch->is_wanted && watch->is_connection && watch->events == EPOLLIN)
        return 0;
    tell_epoll(http, fd, watch, events);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct gs3_http *http = context;
    http->timer_ms = timeout_ms < 0 ? -1 : gs3_clock_monotonic_ms(&gs3_clock_system) + timeout_ms;
    return 0;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct gs3_http *http = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    *watch_of(http, fd) = (struct gs3_http_watch){.is_connection = true};
    return fd;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct gs3_http *http = context;
    struct gs3_http_watch *watch = watch_of(http, fd);
    tell_epoll(http, fd, watch, 0);
    *watch = (struct gs3_http_watch){.events = 0};
    return close(fd);
}

void gs3_http_sockets_watch(struct gs3_http *http, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http);
}

int gs3_http_sockets_init(struct gs3_http *http, struct gs3_err *err)
{
    http->timer_ms = -1;
    http->load_from_us = now_us();
    http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = http->wake_fd}};
    if (http->epoll_fd < 0 || http->wake_fd < 0 ||
        epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, http->wake_fd, &event))
        return gs3_fail_errno(err, GS3_EGENERAL, errno, "cannot wait for the network");
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    return 0;
}

void gs3_http_sockets_release(struct gs3_http *http)
{
    if (http->epoll_fd >= 0)
        close(http->epoll_fd);
    if (http->wake_fd >= 0)
        close(http->wake_fd);
    free(http->watches);
}

void gs3_http_wake(struct gs3_http *http)
{
    /* A counter that is full wakes as well. */
    uint64_t one = 1;
    ssize_t ignored = write(http->wake_fd, &one, sizeof one);
    (void)ignored;
}

static void take_wake(struct gs3_http *http)
{
    uint64_t count;
    ssize_t ignored = read(http->wake_fd, &count, sizeof count);
    (void)ignored;
}

static void hand_on(struct gs3_http *http, const struct epoll_event *event)
{
    int fd = event->data.fd;
    int mask = 0, running;
    if (fd == http->wake_fd) {
        take_wake(http);
        return;
    }
    struct gs3_http_watch *watch = watch_of(http, fd);
    if (!watch->is_wanted) {
        /* An idle connection that the server closes: curl will see it when it wants to use it. */
        tell_epoll(http, fd, watch, 0);
        return;
    }
    if (event->events & (EPOLLIN | EPOLLHUP))
        mask |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (event->events & EPOLLERR)
        mask |= CURL_CSELECT_ERR;
    curl_multi_socket_action(http->multi, fd, mask, &running);
}

static int until_timer_ms(const struct gs3_http *http, int wait_ms)
{
    if (http->timer_ms < 0)
        return wait_ms;
    int64_t left_ms = http->timer_ms - gs3_clock_monotonic_ms(&gs3_clock_system);
    if (left_ms <= 0)
        return 0;
    return left_ms < wait_ms ? (int)left_ms : wait_ms;
}

bool gs3_http_sockets_run(struct gs3_http *http)
{
    int running;
    if (http->timer_ms < 0 || until_timer_ms(http, 1) > 0)
        return false;
    http->timer_ms = -1;
    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    return true;
}

void gs3_http_sockets_wait(struct gs3_http *http, int wait_ms)
{
    struct epoll_event events[EVENTS];
    /* A transfer may have ended in there, and nobody has looked yet. */
    if (gs3_http_sockets_run(http))
        wait_ms = 0;
    /* Asked for now: what the timer ran may have made a body wait. */
    wait_ms = until_timer_ms(http, gs3_http_bandwidth_wait_ms(http, wait_ms));
    uint64_t before_us = wait_ms > 0 ? now_us() : 0;
    int count = epoll_wait(http->epoll_fd, events, EVENTS, wait_ms);
    if (wait_ms > 0)
        http->idle_us += now_us() - before_us;
    for (int i = 0; i < count; i++)
        hand_on(http, &events[i]);
    gs3_http_sockets_run(http);
}

void gs3_http_load_take(struct gs3_http *http, struct gs3_http_load *load)
{
    uint64_t now = now_us();
    *load =
        (struct gs3_http_load){.elapsed_us = now - http->load_from_us, .idle_us = http->idle_us};
    http->load_from_us = now;
    http->idle_us = 0;
}
