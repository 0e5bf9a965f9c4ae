/*
 * gs3-sim: options, the listener's life, signals.
 */
#include "sim.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct options {
    const char *port;
    const char *port_file;
    const char *cert;
    const char *key;
    const char *request_log;
    const char *jira;
    bool die_with_parent;
};

static void usage(FILE *out)
{
    fputs("usage: gs3-sim --fixtures DIR [options]\n"
          "  --port N             port on 127.0.0.1; 0, the default, picks a free one\n"
          "  --port-file FILE     where the port is written (whole, by rename)\n"
          "  --tls-cert FILE --tls-key FILE   PEM: speak TLS\n"
          "  --user NAME          what @user in a fixture means (default: the effective user)\n"
          "  --jira both|cloud|dc which Jira answers: v3 and v2, Cloud's, Data Center's\n"
          "  --script FILE        scripted answers (JSON), before every persona\n"
          "  --s3-store           keep objects in memory: PUT, GET, HEAD, DELETE, copy, tagging\n"
          "  --s3-versioned       the same, with versions and delete markers\n"
          "  --s3-verify          refuse S3 requests whose signature V4 is not AWS-strict\n"
          "  --fault NAME[=ARG]   a fault for every path, or a JSON object as POST /_sim/fault "
          "takes\n"
          "  --request-log FILE   append a JSON line for each request\n"
          "  --die-with-parent    end when the parent process does\n"
          "faults:\n",
          out);
    sim_faults_usage(out);
}

static _Noreturn void die(int status, const char *what, const char *detail)
{
    fprintf(stderr, "gs3-sim: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
    exit(status);
}

enum { OPT_FAULT = 256, OPT_HELP, OPT_TEXT, OPT_FLAG };

/* An option whose argument is kept, or that sets a flag. */
struct plain_option {
    const char *name;
    const char **text;
    bool *flag;
};

static void parse_fault(struct sim *sim, const char *spec)
{
    char *why = NULL;
    if (sim_fault_add(sim, spec, &why) != 0)
        die(252, "--fault", why);
}

static void parse_argv(struct sim *sim, const struct plain_option *plain, size_t count, int argc,
                       char **argv)
{
    struct option table[24] = {
        {"fault", required_argument, NULL, OPT_FAULT},
        {"help", no_argument, NULL, OPT_HELP},
    };
    for (size_t i = 0; i < count; i++)
        table[i + 2] =
            (struct option){plain[i].name, plain[i].text ? required_argument : no_argument, NULL,
                            plain[i].text ? OPT_TEXT : OPT_FLAG};
    int id = 0;
    int at = 0;
    while ((id = getopt_long(argc, argv, "", table, &at)) != -1) {
        switch (id) {
        case OPT_FAULT: parse_fault(sim, optarg); break;
        case OPT_TEXT: *plain[at - 2].text = optarg; break;
        case OPT_FLAG: *plain[at - 2].flag = true; break;
        case OPT_HELP: usage(stdout); exit(0);
        default: usage(stderr); exit(252);
        }
    }
    if (optind < argc)
        die(252, "unexpected argument", argv[optind]);
}

static void check_options(struct sim *sim, const struct options *opts)
{
    if (!sim->fixtures_dir)
        die(252, "--fixtures DIR is missing", NULL);
    if ((opts->cert == NULL) != (opts->key == NULL))
        die(252, "--tls-cert and --tls-key go together", NULL);
    sim->jira_cloud_only = strcmp(opts->jira, "cloud") == 0;
    sim->jira_dc_only = strcmp(opts->jira, "dc") == 0;
    if (!sim->jira_cloud_only && !sim->jira_dc_only && strcmp(opts->jira, "both") != 0)
        die(252, "--jira takes both, cloud or dc", NULL);
    sim->s3_store = sim->s3_store || sim->s3_versioned;
    if (opts->request_log) {
        sim->request_log = fopen(opts->request_log, "ae");
        if (!sim->request_log)
            die(1, opts->request_log, strerror(errno));
    }
}

static uint16_t parse_options(struct sim *sim, struct options *opts, int argc, char **argv)
{
    const struct plain_option plain[] = {
        {"port", &opts->port, NULL},
        {"port-file", &opts->port_file, NULL},
        {"fixtures", &sim->fixtures_dir, NULL},
        {"user", &sim->user, NULL},
        {"script", &sim->script_path, NULL},
        {"request-log", &opts->request_log, NULL},
        {"tls-cert", &opts->cert, NULL},
        {"tls-key", &opts->key, NULL},
        {"jira", &opts->jira, NULL},
        {"s3-store", NULL, &sim->s3_store},
        {"s3-versioned", NULL, &sim->s3_versioned},
        {"s3-verify", NULL, &sim->s3_verify},
        {"die-with-parent", NULL, &opts->die_with_parent},
    };
    int64_t port = 0;
    parse_argv(sim, plain, sizeof(plain) / sizeof(plain[0]), argc, argv);
    if (!sim_number_parse(opts->port, &port) || port < 0 || port > 65535)
        die(252, "--port takes a number from 0 to 65535", NULL);
    check_options(sim, opts);
    return (uint16_t)port;
}

static char *default_user(void)
{
    const struct passwd *entry = getpwuid(geteuid());
    if (!entry)
        die(1, "the effective user has no name: give --user", NULL);
    return sim_strdup(entry->pw_name);
}

/* By rename, so that who waits for the file never reads half a number. */
static void write_port(const char *path, uint16_t port)
{
    char *temporary = sim_printf("%s.%ld", path, (long)getpid());
    FILE *file = fopen(temporary, "we");
    if (!file || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0 ||
        rename(temporary, path) != 0)
        die(1, path, strerror(errno));
    free(temporary);
}

static void follow_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        die(1, "prctl", strerror(errno));
    if (getppid() != parent) /* it ended before prctl took effect */
        exit(0);
}

/* Waits for the signal that ends the program; they were blocked before any thread began. */
static void wait_for_end(const sigset_t *ending)
{
    int received = 0;
    sigwait(ending, &received);
}

static void release(struct sim *sim)
{
    sim_faults_clear(sim);
    sim_accounts_forget(sim);
    sim_sts_sessions_forget(sim);
    sim_script_free(sim->script);
    sim_store_free(sim->store);
    cJSON_Delete(sim->requests);
    if (sim->request_log)
        fclose(sim->request_log);
}

int main(int argc, char **argv)
{
    struct sim sim = {.requests = cJSON_CreateArray()};
    struct options opts = {.port = "0", .jira = "both"};
    pid_t parent = getppid();
    uint16_t port = parse_options(&sim, &opts, argc, argv);
    char *user = sim.user ? NULL : default_user();
    if (user)
        sim.user = user;
    pthread_mutex_init(&sim.lock, NULL);
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (opts.die_with_parent)
        follow_parent(parent);
    struct sim_http *http = sim_http_start(&sim, port, opts.cert, opts.key, &port);
    if (!http)
        return 1;
    printf("%s://127.0.0.1:%u\n", opts.cert ? "https" : "http", port);
    fflush(stdout);
    if (opts.port_file)
        write_port(opts.port_file, port);
    wait_for_end(&ending);
    atomic_store(&sim.stopping, true);
    sim_http_stop(http);
    if (opts.port_file)
        unlink(opts.port_file);
    release(&sim);
    free(user);
    return 0;
}
