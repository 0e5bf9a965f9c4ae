/* Short hands for the tests of the ticket room: an environment, a system, a look-up. */
#ifndef GS3_TESTS_DESK_H
#define GS3_TESTS_DESK_H

#include "base/str.h"
#include "net/client.h"
#include "text/uri.h"
#include "ticket/internal.h"

enum { DESK_VARIABLES = 16 };

/* A ticketing system on a scripted server, and what a look-up gave. */
struct desk {
    struct server server;
    struct gs3_http *http;
    const char *variables[DESK_VARIABLES][2];
    struct gs3_env env;
    struct gs3_system system;
    struct gs3_ticket_context context;
    struct gs3_ticket ticket;
    struct gs3_err err;
    int outcome;
    int64_t elapsed_ms;
};

static inline const char *desk_get(void *context, const char *name)
{
    const struct desk *desk = context;
    for (size_t i = 0; i < DESK_VARIABLES && desk->variables[i][0]; i++)
        if (strcmp(desk->variables[i][0], name) == 0)
            return desk->variables[i][1];
    return NULL;
}

/* NULL as value unsets. */
static inline void desk_set(struct desk *desk, const char *name, const char *value)
{
    size_t i = 0;
    while (desk->variables[i][0] && strcmp(desk->variables[i][0], name) != 0)
        i++;
    assert_true(i < DESK_VARIABLES - 1);
    desk->variables[i][0] = name;
    desk->variables[i][1] = value;
}

/* Without a server: for what never gets as far as a request. */
static inline void desk_init(struct desk *desk, enum gs3_system_type type, const char *url)
{
    static char names[][16] = {"change_request", "incident", "sc_task"};
    static char *tables[] = {names[0], names[1], names[2]};
    struct gs3_err err = GS3_ERR_INIT;
    *desk = (struct desk){.outcome = -1};
    desk->http = client_new(NULL);
    desk->env = (struct gs3_env){.get = desk_get, .context = desk};
    desk->system = (struct gs3_system){.name = gs3_xstrdup("cab"),
                                       .path = gs3_xstrdup(""),
                                       .type = type,
                                       .api = 3,
                                       .tables = {.items = tables, .count = 3}};
    assert_int_equal(gs3_origin_parse(url, GS3_EPOLICY, &desk->system.origin, &err), 0);
    desk->context = (struct gs3_ticket_context){.http = desk->http, .env = &desk->env, .log = NULL};
}

static inline void desk_start(struct desk *desk, enum gs3_system_type type,
                              const struct server_reply *replies, size_t count,
                              const struct server_opts *opts)
{
    struct server server;
    server_start(&server, replies, count, opts);
    desk_init(desk, type, server.url);
    desk->server = server;
    desk_set(desk, "SN_USERNAME", "gs3");
    desk_set(desk, "SN_PASSWORD", "hush");
    desk_set(desk, "JIRA_USERNAME", "gs3@example.com");
    desk_set(desk, "JIRA_API_TOKEN", "hush");
}

static inline void desk_lookup(struct desk *desk, const char *id)
{
    gs3_ticket_release(&desk->ticket);
    gs3_err_clear(&desk->err);
    int64_t start = test_now_ms();
    desk->outcome = gs3_ticket_lookup(&desk->context, &desk->system, id, &desk->ticket, &desk->err);
    desk->elapsed_ms = test_now_ms() - start;
}

static inline void desk_release(struct desk *desk)
{
    gs3_ticket_release(&desk->ticket);
    gs3_http_free(desk->http);
    free(desk->system.name);
    free(desk->system.path);
    if (desk->server.pid > 0)
        server_stop(&desk->server);
}

/* An answer of `status` with a JSON body; caller frees. */
static inline char *desk_json(const char *status, const char *headers, const char *json)
{
    return gs3_xasprintf("HTTP/1.1 %s\r\nContent-Type: application/json;charset=UTF-8\r\n"
                         "Date: Sat, 21 Nov 2026 03:22:20 GMT\r\nContent-Length: %zu\r\n%s\r\n%s",
                         status, strlen(json), headers, json);
}

/* `text` with the first `from` replaced; caller frees. */
static inline char *desk_edit(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("\"%s\" is not in the text", from);
    return gs3_xasprintf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

#define assert_refused(desk, expected_class, expected_text)                                        \
    do {                                                                                           \
        if ((desk)->outcome == 0 || (desk)->err.class != (expected_class) ||                       \
            !strstr((desk)->err.message, expected_text))                                           \
            print_error("outcome %d, class %d: %s\n", (desk)->outcome, (int)(desk)->err.class,     \
                        (desk)->err.message);                                                      \
        assert_int_equal((desk)->outcome, -1);                                                     \
        assert_int_equal((desk)->err.class, expected_class);                                       \
        assert_non_null(strstr((desk)->err.message, expected_text));                               \
        assert_null(strstr((desk)->err.message, "hush"));                                          \
        assert_null(strchr((desk)->err.message, '\n'));                                            \
        assert_int_equal((desk)->ticket.verdict, GS3_TICKET_NOT_FOUND);                            \
        assert_null((desk)->ticket.id);                                                            \
    } while (0)

#define assert_looked_up(desk, expected_verdict)                                                   \
    do {                                                                                           \
        if ((desk)->outcome)                                                                       \
            print_error("%s\n", (desk)->err.message);                                              \
        assert_int_equal((desk)->outcome, 0);                                                      \
        assert_int_equal((desk)->ticket.verdict, expected_verdict);                                \
    } while (0)

#endif
