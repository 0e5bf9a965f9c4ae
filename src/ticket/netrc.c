#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "ticket/internal.h"

enum { TOKEN_BYTES = 4096 };

/* The netrc file word by word. Words are separated by white space; one in double quotes may hold
 * white space, with \" and \\ (as curl reads it). */
struct reader {
    const char *path, *at, *end;
    unsigned line;
    struct gs3_err *err;
};

static int fail_at(const struct reader *reader, const char *what)
{
    return gs3_fail(reader->err, GS3_ECONFIG, "%s:%u: %s", reader->path, reader->line, what);
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end) {
        if (*reader->at == '#') {
            while (reader->at < reader->end && *reader->at != '\n')
                reader->at++;
        } else if (gs3_ascii_is_space(*reader->at)) {
            reader->line += *reader->at == '\n';
            reader->at++;
        } else {
            return;
        }
    }
}

static int read_quoted(struct reader *reader, struct gs3_buf *word)
{
    for (reader->at++; reader->at < reader->end && *reader->at != '\n'; reader->at++) {
        if (*reader->at == '"') {
            reader->at++;
            return 0;
        }
        if (*reader->at == '\\' && reader->at + 1 < reader->end)
            reader->at++;
        if (gs3_buf_putc(word, *reader->at))
            return fail_at(reader, "a word is too long");
    }
    return fail_at(reader, "a quoted word does not end");
}

/* 1: a word, 0: the end, -1: malformed. */
static int next_word(struct reader *reader, struct gs3_buf *word)
{
    gs3_buf_clear(word);
    skip_space(reader);
    if (reader->at == reader->end)
        return 0;
    if (*reader->at == '"')
        return read_quoted(reader, word) ? -1 : 1;
    for (; reader->at < reader->end && !gs3_ascii_is_space(*reader->at); reader->at++)
        if (gs3_buf_putc(word, *reader->at))
            return fail_at(reader, "a word is too long");
    return 1;
}

/* A macro lasts until an empty line. */
static void skip_macro(struct reader *reader)
{
    bool is_line_empty = false;
    for (; reader->at < reader->end; reader->at++) {
        if (*reader->at != '\n') {
            is_line_empty = is_line_empty && *reader->at == '\r';
            continue;
        }
        reader->line++;
        if (is_line_empty)
            return;
        is_line_empty = true;
    }
}

/* The entry that is being read. */
struct entry {
    bool is_ours;
    struct gs3_secret login, password;
};

static void release_entry(struct entry *entry)
{
    gs3_secret_release(&entry->login);
    gs3_secret_release(&entry->password);
    entry->is_ours = false;
}

/* Keeps a finished entry for the host; a second one that differs would be a guess. */
static int keep_entry(const struct reader *reader, struct entry *entry,
                      struct gs3_ticket_auth *auth)
{
    int outcome = 0;
    if (entry->is_ours && auth->kind == GS3_AUTH_BASIC &&
        (!gs3_secret_equal(&entry->login, &auth->user) ||
         !gs3_secret_equal(&entry->password, &auth->secret))) {
        outcome = fail_at(reader, "two entries for one host that differ: remove one");
    } else if (entry->is_ours) {
        gs3_secret_copy(&auth->user, &entry->login);
        gs3_secret_copy(&auth->secret, &entry->password);
        auth->kind = GS3_AUTH_BASIC;
        snprintf(auth->source, sizeof auth->source, "%s", reader->path);
    }
    release_entry(entry);
    return outcome;
}

static int read_value(struct reader *reader, struct gs3_buf *word, struct gs3_secret *into)
{
    int got = next_word(reader, word);
    if (got <= 0)
        return got < 0 ? -1 : fail_at(reader, "a value is missing at the end");
    if (into)
        gs3_secret_set(into, gs3_buf_string(word), word->length_bytes);
    return 0;
}

static int read_keyword(struct reader *reader, struct gs3_buf *word, const char *host,
                        struct entry *entry, struct gs3_ticket_auth *auth)
{
    const char *keyword = gs3_buf_string(word);
    if (strcmp(keyword, "login") == 0)
        return read_value(reader, word, entry->is_ours ? &entry->login : NULL);
    if (strcmp(keyword, "password") == 0)
        return read_value(reader, word, entry->is_ours ? &entry->password : NULL);
    if (strcmp(keyword, "account") == 0)
        return read_value(reader, word, NULL);
    bool is_machine = strcmp(keyword, "machine") == 0;
    bool is_macro = strcmp(keyword, "macdef") == 0;
    if (!is_machine && !is_macro && strcmp(keyword, "default") != 0)
        return fail_at(reader, "a word that a netrc file does not know (values are not shown)");
    if (keep_entry(reader, entry, auth))
        return -1;
    if (is_macro)
        skip_macro(reader);
    /* `default` is for any host, and a credential belongs to one: it is passed over. */
    if (!is_machine)
        return 0;
    if (read_value(reader, word, NULL))
        return -1;
    entry->is_ours = gs3_str_equal_nocase(gs3_buf_string(word), host);
    return 0;
}

int gs3_ticket_netrc_parse(const char *path, const char *text, size_t length_bytes,
                           const char *host, struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    struct reader reader = {
        .path = path, .at = text, .end = text + length_bytes, .line = 1, .err = err};
    gs3_auto_buf struct gs3_buf word = GS3_BUF_INIT(TOKEN_BYTES);
    struct entry entry = {.is_ours = false};
    int got;
    while ((got = next_word(&reader, &word)) > 0)
        if (read_keyword(&reader, &word, host, &entry, auth)) {
            got = -1;
            break;
        }
    if (got == 0)
        got = keep_entry(&reader, &entry, auth);
    release_entry(&entry);
    if (word.data)
        gs3_secret_wipe(word.data, word.capacity_bytes);
    if (got)
        gs3_ticket_auth_release(auth);
    return got;
}

/* The path that curl and git use: $NETRC, else ~/.netrc. NULL when there is no home. */
static char *netrc_path(const struct gs3_env *env)
{
    const char *path = gs3_env_get(env, "NETRC");
    if (path)
        return gs3_xstrdup(path);
    const char *home = gs3_env_get(env, "HOME");
    return home ? gs3_xasprintf("%s/.netrc", home) : NULL;
}

static int check_auth(const struct gs3_ticket_context *context, const struct gs3_system *system,
                      struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    bool is_bearer = false;
    if (system->type == GS3_SYSTEM_JIRA && gs3_ticket_jira_bearer(context->env, &is_bearer, err))
        return -1;
    if (is_bearer)
        auth->kind = GS3_AUTH_BEARER;
    gs3_auto_free char *user =
        gs3_xasprintf("%s: the login of %s", auth->source, system->origin.host);
    gs3_auto_free char *secret =
        gs3_xasprintf("%s: the password of %s", auth->source, system->origin.host);
    if ((!is_bearer && gs3_ticket_auth_check(user, &auth->user, err)) ||
        gs3_ticket_auth_check(secret, &auth->secret, err))
        return -1;
    if (!is_bearer && strchr(auth->user.text, ':'))
        return gs3_fail(err, GS3_ECONFIG, "%s holds a colon, which a user name cannot carry", user);
    return 0;
}

int gs3_ticket_netrc_find(const struct gs3_ticket_context *context, const struct gs3_system *system,
                          struct gs3_ticket_auth *auth, struct gs3_err *err)
{
    gs3_auto_free char *path = netrc_path(context->env);
    if (!path)
        return 0;
    gs3_auto_buf struct gs3_buf content = GS3_BUF_INIT(GS3_TICKET_SECRET_BYTES);
    const struct gs3_file_read_opts opts = {
        .maximum_bytes = GS3_TICKET_SECRET_BYTES,
        .no_symlink = true,
        .is_secret = true,
        .class = GS3_ECONFIG,
    };
    struct gs3_err cause = GS3_ERR_INIT;
    int outcome = gs3_file_read(path, &opts, &content, &cause);
    bool is_absent = outcome && cause.sys_errno == ENOENT && !gs3_env_get(context->env, "NETRC");
    if (outcome == 0)
        outcome = gs3_ticket_netrc_parse(path, gs3_buf_string(&content), content.length_bytes,
                                         system->origin.host, auth, &cause);
    if (outcome == 0 && auth->kind != GS3_AUTH_NONE)
        outcome = check_auth(context, system, auth, &cause);
    if (content.data)
        gs3_secret_wipe(content.data, content.capacity_bytes);
    if (outcome == 0 || is_absent)
        return 0;
    gs3_ticket_auth_release(auth);
    return gs3_fail(err, GS3_ECONFIG, "ticket system %s: %s", system->name, cause.message);
}
