#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ticket/internal.h"

enum { POLL_MS = 100 };

/* Handed on as it is, unread: a password manager needs its own variables. */

static int set_actions(posix_spawn_file_actions_t *actions, int output_fd)
{
    if (posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
        posix_spawn_file_actions_adddup2(actions, output_fd, STDOUT_FILENO) ||
        posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
        posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1))
        return -1;
    return 0;
}

/* A process group of its own, so that what the command started ends with it; signals as a shell
 * would leave them. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGXFSZ);
    if (posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETSIGDEF) ||
        posix_spawnattr_setpgroup(attributes, 0) || posix_spawnattr_setsigmask(attributes, &none) ||
        posix_spawnattr_setsigdefault(attributes, &defaults))
        return -1;
    return 0;
}

static int spawn(const struct gs3_strings *argv, int output_fd, pid_t *pid, struct gs3_err *err)
{
    char **arguments = gs3_xcalloc(argv->count + 1, sizeof *arguments);
    for (size_t i = 0; i < argv->count; i++)
        arguments[i] = argv->items[i];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int code = ENOMEM;
    if (set_actions(&actions, output_fd) == 0 && set_attributes(&attributes) == 0)
        code = posix_spawn(pid, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(arguments);
    if (code)
        return gs3_fail_errno(err, GS3_ECONFIG, code, "cannot run %s", argv->items[0]);
    return 0;
}

/* Reads what there is: 1 at the end, 0 when more may come. */
static int read_some(int fd, const char *name, struct gs3_buf *out, struct gs3_err *err)
{
    char chunk[4096];
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN
                   ? 0
                   : gs3_fail_errno(err, GS3_ECONFIG, errno, "cannot read the output of %s", name);
    int outcome = got == 0;
    if (gs3_buf_append(out, chunk, (size_t)got))
        outcome = gs3_fail(err, GS3_ECONFIG, "%s wrote more than %d bytes", name,
                           GS3_TICKET_SECRET_BYTES);
    gs3_secret_wipe(chunk, sizeof chunk);
    return outcome;
}

static int check_time(const struct gs3_http *http, int64_t deadline_ms, const char *name,
                      struct gs3_err *err)
{
    if (http && gs3_http_is_interrupted(http))
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    if (gs3_clock_monotonic_ms(&gs3_clock_system) >= deadline_ms)
        return gs3_fail(err, GS3_ECONFIG, "%s did not end within %d s", name,
                        GS3_TICKET_TIMEOUT_MS / 1000);
    return 0;
}

static int read_output(const struct gs3_http *http, int fd, const char *name, int64_t deadline_ms,
                       struct gs3_buf *out, struct gs3_err *err)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, POLL_MS);
        int outcome = ready > 0 ? read_some(fd, name, out, err) : 0;
        if (outcome)
            return outcome < 0 ? -1 : 0;
        if (check_time(http, deadline_ms, name, err))
            return -1;
    }
}

/* Waits for the command itself: it may have closed its output before it ended. */
static int await_end(const struct gs3_http *http, pid_t pid, const char *name, int64_t deadline_ms,
                     int *status, struct gs3_err *err)
{
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid)
            return 0;
        if (ended < 0 && errno != EINTR)
            return gs3_fail_errno(err, GS3_ECONFIG, errno, "cannot wait for %s", name);
        if (check_time(http, deadline_ms, name, err))
            return -1;
        poll(NULL, 0, 5);
    }
}

static int check_status(int status, const char *name, struct gs3_err *err)
{
    if (WIFSIGNALED(status))
        return gs3_fail(err, GS3_ECONFIG, "%s was ended by signal %d", name, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return gs3_fail(err, GS3_ECONFIG, "%s ended with status %d: run it by hand to see why",
                        name, WEXITSTATUS(status));
    return 0;
}

static int run(const struct gs3_http *http, const struct gs3_strings *argv, int read_fd,
               int write_fd, struct gs3_buf *out, struct gs3_err *err)
{
    const char *name = argv->items[0];
    int64_t deadline_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + GS3_TICKET_TIMEOUT_MS;
    pid_t pid = 0;
    int outcome = spawn(argv, write_fd, &pid, err);
    close(write_fd); /* ours: else the end of the output would never come */
    if (outcome)
        return -1;
    int status = 0;
    outcome = read_output(http, read_fd, name, deadline_ms, out, err);
    bool has_ended = outcome == 0 && await_end(http, pid, name, deadline_ms, &status, err) == 0;
    if (!has_ended) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return -1;
    }
    return check_status(status, name, err);
}

int gs3_ticket_command_run(const struct gs3_http *http, const struct gs3_strings *argv,
                           struct gs3_secret *output, struct gs3_err *err)
{
    if (argv->count == 0 || argv->items[0][0] != '/')
        return gs3_fail(err, GS3_EPOLICY, "a command must begin with an absolute path");
    int fds[2];
    if (pipe2(fds, O_CLOEXEC))
        return gs3_fail_errno(err, GS3_EGENERAL, errno, "cannot make a pipe");
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(GS3_TICKET_SECRET_BYTES);
    int outcome = run(http, argv, fds[0], fds[1], &out, err);
    close(fds[0]);
    size_t length = out.length_bytes;
    if (length > 0 && out.data[length - 1] == '\n')
        length--;
    if (outcome == 0)
        gs3_secret_set(output, gs3_buf_string(&out), length);
    if (out.data)
        gs3_secret_wipe(out.data, out.capacity_bytes);
    return outcome;
}
