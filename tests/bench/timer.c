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
#define SECONDS_MAX 3600
#define NOWHERE     "/dev/null"

struct options {
    const char *report; /* NULL: standard output */
    const char *input;
    const char *output;
    const char *errors;
    uint64_t runs;
    uint64_t seconds; /* no further run once they have passed; 0: no limit */
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
    while ((option = getopt(argc, argv, "+r:n:s:i:o:e:")) != -1) {
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

static struct cost run(const struct options *options, char **program)
{
    posix_spawn_file_actions_t files;
    struct rusage used;
    struct cost cost = {0};
    pid_t child;
    int status;
    open_files(&files, options);
    uint64_t start_us = now_us();
    errno = posix_spawnp(&child, program[0], &files, NULL, program, environ);
    if (errno != 0)
        die(program[0]);
    while (wait4(child, &status, 0, &used) < 0)
        if (errno != EINTR)
            die("wait4");
    cost.wall_us = now_us() - start_us;
    cost.cpu_us = to_us(used.ru_utime) + to_us(used.ru_stime);
    cost.peak_kib = (uint64_t)used.ru_maxrss;
    cost.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    posix_spawn_file_actions_destroy(&files);
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
