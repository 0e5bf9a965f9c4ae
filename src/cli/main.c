/* The program: arguments, signals, and which command runs. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/completion.h"
#include "cli/doctor.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/policy_command.h"
#include "cli/transfer_command.h"

/* The one mutable global: what a signal handler may touch. 0, or when the first signal came, in
 * seconds of the monotonic clock (never 0 then). */
static volatile int interrupted;

/* Who wants the end at once says so again. One signal may come twice within an instant: timeout(1)
 * sends it to the process and to its group, and a terminal and a job control may agree. */
enum { IMPATIENT_SECONDS = 1 };

/* The first signal ends what is under way in order; a later second one ends the process. */
static void on_signal(int number)
{
    struct timespec now = {.tv_sec = 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    int seconds = (int)(now.tv_sec & INT_MAX) | 1;
    if (!interrupted) {
        interrupted = seconds;
    } else if (seconds - interrupted > IMPATIENT_SECONDS) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* A closed pipe is an error of the write, with a line, not a silent end. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    /* So is a file over the limit of its size: the temporary file is taken away. */
    sigaction(SIGXFSZ, &ignore, NULL);
}

static const char *get_environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static int run_completion(const struct gs3_args *args, struct gs3_err *err)
{
    if (args->positional_count != 1)
        return gs3_fail(err, GS3_EUSAGE, "completion takes one argument: bash, zsh or fish");
    return gs3_completion_print(stdout, args->positional[0], err);
}

static int run_command(const struct gs3_args *args)
{
    struct gs3_err err = GS3_ERR_INIT;
    struct gs3_env env = {.get = get_environment};
    int failed;
    if (args->values[GS3_OPT_VERSION]) {
        puts("gs3 " PACKAGE_VERSION);
        return 0;
    }
    if (args->values[GS3_OPT_HELP]) {
        gs3_help_print(stdout, args->command, args->group);
        return 0;
    }
    if (!args->command && args->group) {
        failed = gs3_fail(&err, GS3_EUSAGE, "gs3 %s needs a command: see gs3 %s --help",
                          args->group, args->group);
    } else if (!args->command) {
        failed = gs3_fail(&err, GS3_EUSAGE, "no command: see gs3 --help");
    } else if (args->command->bit & GS3_COMMANDS_TRANSFER) {
        catch_signals();
        return gs3_transfer_command(args, &env, &interrupted);
    } else if (args->command->bit == GS3_COMMAND_DOCTOR) {
        catch_signals();
        return gs3_doctor_command(args, &env, &interrupted);
    } else if (args->command->bit == GS3_COMMAND_POLICY_EXPORT) {
        failed = gs3_policy_export_command(args, &env, &err);
    } else if (args->command->bit == GS3_COMMAND_POLICY_LINT) {
        failed = gs3_policy_lint_command(args, &err);
    } else {
        failed = run_completion(args, &err);
    }
    if (!failed)
        return 0;
    struct gs3_output out = {.is_json = false};
    int status = gs3_exit_status(&err, false);
    gs3_output_error(&out, &err, status);
    return status;
}

/* A standard stream that the caller closed would be the number of the next file or connection:
 * messages would go into it, and `put -` would read from it. Opened for the other direction, its
 * use stays the error that it was. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            _exit(255);
}

/* A core file would hold credentials, and lie where the run began. */
static void forbid_core_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    forbid_core_files();
    cJSON_Hooks hooks = {.malloc_fn = gs3_xmalloc, .free_fn = free};
    cJSON_InitHooks(&hooks);
    struct gs3_args args;
    struct gs3_err err = GS3_ERR_INIT;
    int status;
    if (gs3_args_parse(argc, argv, &args, &err)) {
        struct gs3_output out = {.is_json = gs3_str_equal(args.values[GS3_OPT_OUTPUT], "json")};
        status = gs3_exit_status(&err, false);
        gs3_output_error(&out, &err, status);
    } else {
        status = run_command(&args);
    }
    gs3_args_release(&args);
    if ((fflush(stdout) || ferror(stdout)) && status == 0) {
        fputs("gs3: cannot write standard output\n", stderr);
        status = 255;
    }
    return status;
}
