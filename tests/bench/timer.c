/*
 * gs3-timer: run a program and say what it cost: wall time, CPU time of it and of the children that
 * it waited for, and their peak memory.
 *
 * A child's peak begins with the memory of the process that forks it, so this is a small program
 * of its own rather than a line of Python. It depends on Linux's wait4 alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX    1000
#define SECONDS_MAX 86400
#define TOO_LONG    124 /* as of timeout(1) */
#define NOWHERE     "/dev/null"

struct options {
    const char *report; /* NULL: standard output */
    const char *input;
    const char *output;
    const char *errors;
    uint64_t runs;
    uint64_t seconds; /* no further run once they have passed; 0: no limit */
    uint64_t limit;   /* seconds of one run, then it is killed; 0: no limit */
};

struct cost {
    uint64_t wall_us;
    uint64_t cpu_us;
    uint64_t peak_kib;
    int status;
};

static const char usage[] =
    "usage: gs3-timer [options] -- PROGRAM [ARGUMENT]...\n"
    "  -r FILE     append a line a run (stdout): wall and CPU microseconds, peak KiB, status\n"
    "  -n N        run it N times (1)\n"
    "  -s SECONDS  begin no further run after that time\n"
    "  -l SECONDS  kill a run that lasts so long; its status is 124\n"
    "  -i, -o, -e FILE   its standard input, output and error (/dev/null)\n"
    "Stops at the first run that fails and exits with that run's status.\n";

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "gs3-timer: %s: %s\n", what, strerror(errno));
    exit(126);
}

static bool read_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *value = number;
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && number <= max;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    int option;
    *options = (struct options){
        .input = NOWHERE,
        .output = NOWHERE,
        .errors = NOWHERE,
        .runs = 1,
    };
    /* "+": the first word that is no option begins the program's own. */
    while ((option = getopt(argc, argv, "+r:n:s:l:i:o:e:")) != -1) {
        switch (option) {
        case 'r': options->report = optarg; break;
        case 'i': options->input = optarg; break;
        case 'o': options->output = optarg; break;
        case 'e': options->errors = optarg; break;
        case 'n':
            if (!read_number(optarg, RUNS_MAX, &options->runs))
                return false;
            break;
        case 's':
            if (!read_number(optarg, SECONDS_MAX, &options->seconds))
                return false;
            break;
        case 'l':
            if (!read_number(optarg, SECONDS_MAX, &options->limit))
                return false;
            break;
        default: return false;
        }
    }
    return optind < argc;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

static uint64_t to_us(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000U + (uint64_t)time.tv_usec;
}

static void open_files(posix_spawn_file_actions_t *files, const struct options *options)
{
    int flags = O_WRONLY | O_CREAT | O_APPEND;
    if (posix_spawn_file_actions_init(files) != 0 ||
        posix_spawn_file_actions_addopen(files, 0, options->input, O_RDONLY, 0) != 0 ||
        posix_spawn_file_actions_addopen(files, 1, options->output, flags, 0600) != 0 ||
        posix_spawn_file_actions_addopen(files, 2, options->errors, flags, 0600) != 0)
        die("the program's files");
}

/* SIGCHLD is blocked, so that an end before the wait is not missed; the program gets its own mask.
 */
static pid_t start(const struct options *options, char **program, const sigset_t *mask)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t child;
    open_files(&files, options);
    if (posix_spawnattr_init(&attributes) != 0 ||
        posix_spawnattr_setsigmask(&attributes, mask) != 0 ||
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) != 0)
        die("the program's signals");
    errno = posix_spawnp(&child, program[0], &files, &attributes, program, environ);
    if (errno != 0)
        die(program[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return child;
}

/* True: it was killed at the limit. */
static bool wait_for(pid_t child, uint64_t end_us, const sigset_t *ends, int *status,
                     struct rusage *used)
{
    bool is_killed = false;
    for (;;) {
        pid_t done = wait4(child, status, end_us > 0 && !is_killed ? WNOHANG : 0, used);
        if (done == child)
            return is_killed;
        if (done < 0 && errno != EINTR)
            die("wait4");
        uint64_t now = now_us();
        if (done == 0 && now >= end_us) {
            kill(child, SIGKILL);
            is_killed = true;
        } else if (done == 0) {
            struct timespec left = {.tv_sec = (time_t)((end_us - now) / 1000000U),
                                    .tv_nsec = (long)((end_us - now) % 1000000U) * 1000};
            sigtimedwait(ends, NULL, &left);
        }
    }
}

static struct cost run(const struct options *options, char **program)
{
    struct rusage used;
    struct cost cost = {0};
    sigset_t ends;
    sigset_t mask;
    int status;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ends, &mask);
    uint64_t start_us = now_us();
    pid_t child = start(options, program, &mask);
    uint64_t end_us = options->limit > 0 ? start_us + options->limit * 1000000U : 0;
    bool is_killed = wait_for(child, end_us, &ends, &status, &used);
    cost.wall_us = now_us() - start_us;
    cost.cpu_us = to_us(used.ru_utime) + to_us(used.ru_stime);
    cost.peak_kib = (uint64_t)used.ru_maxrss;
    cost.status = is_killed           ? TOO_LONG
                  : WIFEXITED(status) ? WEXITSTATUS(status)
                                      : 128 + WTERMSIG(status);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return cost;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 252;
    }
    FILE *report = options.report ? fopen(options.report, "ae") : stdout;
    if (!report)
        die(options.report);
    uint64_t start_us = now_us();
    struct cost cost = {0};
    for (uint64_t i = 0; i < options.runs && cost.status == 0; i++) {
        if (i > 0 && options.seconds > 0 && now_us() - start_us >= options.seconds * 1000000U)
            break;
        cost = run(&options, argv + optind);
        fprintf(report, "%llu %llu %llu %d\n", (unsigned long long)cost.wall_us,
                (unsigned long long)cost.cpu_us, (unsigned long long)cost.peak_kib, cost.status);
    }
    if (fclose(report) != 0)
        die(options.report);
    return cost.status;
}
