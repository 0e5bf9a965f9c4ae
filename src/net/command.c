#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/command.h"
#include "text/utf8.h"

enum { POLL_MS = 100, SHOWN_BYTES = 200 };

/* One run under way. The read ends are -1 once they are at their end, or where nobody reads. */
struct run {
    const struct gs3_command *command;
    const char *name;
    int64_t deadline_ms;
    struct gs3_buf output;
    int output_fd, errors_fd;
    pid_t pid;
};

static int set_actions(posix_spawn_file_actions_t *actions, int output_fd, int errors_fd)
{
    if (posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
        posix_spawn_file_actions_adddup2(actions, output_fd, STDOUT_FILENO) ||
        (errors_fd >= 0 ? posix_spawn_file_actions_adddup2(actions, errors_fd, STDERR_FILENO)
                        : posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null",
                                                           O_WRONLY, 0)) ||
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

/* The environment is handed on as it is, unread: a password manager needs its own variables. */
static int spawn(struct run *run, int output_fd, int errors_fd, struct gs3_err *err)
{
    char *const *argv = run->command->argv;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int code = ENOMEM;
    if (set_actions(&actions, output_fd, errors_fd) == 0 && set_attributes(&attributes) == 0) {
        int (*start)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                     const posix_spawnattr_t *, char *const *, char *const *) =
            run->command->is_on_path ? posix_spawnp : posix_spawn;
        code = start(&run->pid, argv[0], &actions, &attributes, argv, environ); /* posix_spawn */
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code)
        return gs3_fail_errno(err, GS3_ECONFIG, code, "cannot run %s", run->name);
    return 0;
}

/* Reads what there is, up to a chunk: its length, 0 at the end, -1 with err. `*is_early`: there was
 * nothing to read yet, and it is no end. */
static ssize_t read_chunk(const struct run *run, int fd, char *chunk, size_t room, bool *is_early,
                          struct gs3_err *err)
{
    ssize_t got = read(fd, chunk, room);
    *is_early = got < 0 && (errno == EINTR || errno == EAGAIN);
    if (got < 0 && !*is_early)
        return gs3_fail_errno(err, GS3_ECONFIG, errno, "cannot read the output of %s", run->name);
    return *is_early ? 0 : got;
}

static int read_output(struct run *run, struct gs3_err *err)
{
    char chunk[4096];
    bool is_early;
    ssize_t got = read_chunk(run, run->output_fd, chunk, sizeof chunk, &is_early, err);
    int status = got < 0 ? -1 : 0;
    if (got == 0 && !is_early)
        run->output_fd = -1;
    if (got > 0 && gs3_buf_append(&run->output, chunk, (size_t)got))
        status = gs3_fail(err, GS3_ECONFIG, "%s wrote more than %zu bytes", run->name,
                          run->output.maximum_bytes);
    gs3_secret_wipe(chunk, sizeof chunk);
    return status;
}

/* The last part of what it says of an error is what tells: what is older makes room. */
static int read_errors(struct run *run, struct gs3_err *err)
{
    struct gs3_buf *errors = run->command->errors;
    char chunk[512];
    bool is_early;
    ssize_t got = read_chunk(run, run->errors_fd, chunk, sizeof chunk, &is_early, err);
    if (got < 0)
        return -1;
    if (got == 0 && !is_early)
        run->errors_fd = -1;
    if (errors->length_bytes + (size_t)got > errors->maximum_bytes)
        gs3_buf_clear(errors);
    if (got > 0)
        gs3_buf_append(errors, chunk, (size_t)got);
    return 0;
}

static int check_time(const struct run *run, struct gs3_err *err)
{
    const struct gs3_http *http = run->command->http;
    if (http && gs3_http_is_interrupted(http))
        return gs3_fail(err, GS3_EINTERRUPT, "interrupted");
    if (gs3_clock_monotonic_ms(&gs3_clock_system) >= run->deadline_ms)
        return gs3_fail(err, GS3_ECONFIG, "%s did not end within %g s", run->name,
                        run->command->timeout_ms / 1000.0);
    return 0;
}

static int read_both(struct run *run, struct gs3_err *err)
{
    while (run->output_fd >= 0 || run->errors_fd >= 0) {
        /* poll looks away from a descriptor of -1. */
        struct pollfd waits[2] = {{.fd = run->output_fd, .events = POLLIN},
                                  {.fd = run->errors_fd, .events = POLLIN}};
        if (poll(waits, 2, POLL_MS) > 0) {
            if (waits[0].revents && read_output(run, err))
                return -1;
            if (waits[1].revents && read_errors(run, err))
                return -1;
        }
        if (check_time(run, err))
            return -1;
    }
    return 0;
}

/* Waits for the command itself: it may have closed its output before it ended. */
static int await_end(const struct run *run, int *status, struct gs3_err *err)
{
    for (;;) {
        pid_t ended = waitpid(run->pid, status, WNOHANG);
        if (ended == run->pid)
            return 0;
        if (ended < 0 && errno != EINTR)
            return gs3_fail_errno(err, GS3_ECONFIG, errno, "cannot wait for %s", run->name);
        if (check_time(run, err))
            return -1;
        poll(NULL, 0, 5);
    }
}

/* The last line of what it wrote to its standard error that is not empty. */
static void append_reason(const struct gs3_buf *errors, struct gs3_buf *out)
{
    const char *text = gs3_buf_string(errors);
    size_t end = errors->length_bytes;
    while (end > 0 && (unsigned char)text[end - 1] <= ' ')
        end--;
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    gs3_auto_free char *line = gs3_xstrndup(text + start, end - start);
    gs3_utf8_append_printable(out, line);
}

static int check_status(const struct run *run, int status, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf reason = GS3_BUF_INIT(SHOWN_BYTES);
    if (run->command->errors)
        append_reason(run->command->errors, &reason);
    if (WIFSIGNALED(status))
        return gs3_fail(err, GS3_ECONFIG, "%s was ended by signal %d", run->name, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return gs3_fail(err, GS3_ECONFIG, "%s ended with status %d: %s", run->name,
                        WEXITSTATUS(status),
                        reason.length_bytes ? gs3_buf_string(&reason)
                                            : "run it by hand to see why");
    return 0;
}

static int follow(struct run *run, struct gs3_err *err)
{
    int status = 0;
    bool has_ended = read_both(run, err) == 0 && await_end(run, &status, err) == 0;
    if (!has_ended) {
        kill(-run->pid, SIGKILL);
        while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return -1;
    }
    return check_status(run, status, err);
}

static void close_both(const int fds[2])
{
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int run_in_pipes(struct run *run, struct gs3_err *err)
{
    int reading[2] = {-1, -1};
    int writing[2] = {-1, -1};
    size_t count = run->command->errors ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        int fds[2];
        if (pipe2(fds, O_CLOEXEC)) {
            close_both(reading);
            close_both(writing);
            return gs3_fail_errno(err, GS3_EGENERAL, errno, "cannot make a pipe");
        }
        reading[i] = fds[0];
        writing[i] = fds[1];
    }
    int status = spawn(run, writing[0], writing[1], err);
    close_both(writing); /* ours: else the end of the output would never come */
    run->output_fd = reading[0];
    run->errors_fd = reading[1];
    if (status == 0)
        status = follow(run, err);
    close_both(reading);
    return status;
}

int gs3_command_run(const struct gs3_command *command, struct gs3_secret *output,
                    struct gs3_err *err)
{
    struct run run = {
        .command = command,
        .name = command->argv[0],
        .deadline_ms = gs3_clock_monotonic_ms(&gs3_clock_system) + command->timeout_ms,
        .output = GS3_BUF_INIT(command->maximum_output_bytes),
    };
    int status = run_in_pipes(&run, err);
    if (status == 0)
        gs3_secret_set(output, gs3_buf_string(&run.output), run.output.length_bytes);
    if (run.output.data)
        gs3_secret_wipe(run.output.data, run.output.capacity_bytes);
    gs3_buf_release(&run.output);
    return status;
}
