/* `session` and `tags`: what AWS itself is given to enforce and to record. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"
#include "text/size.h"

enum { ROLE_ARN_BYTES = 2048, ACCOUNT_DIGITS = 12, TAGS_MAXIMUM = 10 };

/* The end of a run of `allowed`, where `next` must follow and is skipped; NULL otherwise. */
static const char *skip_part(const char *text, const char *allowed, char next, size_t *length)
{
    *length = strspn(text, allowed);
    return text[*length] == next ? text + *length + (next ? 1 : 0) : NULL;
}

/* arn:PARTITION:iam::ACCOUNT:role/PATH/NAME. Ceph's own have no account. */
static bool is_role_arn(const char *text)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz-";
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "+=,.@_-/";
    static const char iam[] = "iam::", role[] = "role/";
    size_t length = 0;
    if (strlen(text) > ROLE_ARN_BYTES || !gs3_str_has_prefix(text, "arn:aws"))
        return false;
    const char *rest = skip_part(text + 4, lower, ':', &length);
    if (!rest || !gs3_str_has_prefix(rest, iam))
        return false;
    rest = skip_part(rest + sizeof iam - 1, "0123456789", ':', &length);
    if (!rest || (length != ACCOUNT_DIGITS && length != 0) || !gs3_str_has_prefix(rest, role))
        return false;
    rest += sizeof role - 1;
    return skip_part(rest, name, '\0', &length) && length > 0 && rest[0] != '/' &&
           rest[length - 1] != '/' && !strstr(rest, "//");
}

static int parse_duration(struct gs3_parse *parse, struct gs3_at at,
                          struct gs3_session_rule *session)
{
    uint64_t seconds = 0;
    const char *text = at.node->kind == GS3_YAML_SCALAR ? at.node->text : "";
    if (gs3_duration_parse(text, &seconds))
        return gs3_parse_fail(parse, at,
                              "duration must be a whole number with s, m or h right behind it: "
                              "15m");
    if (seconds < GS3_SESSION_SECONDS_MINIMUM || seconds > GS3_SESSION_SECONDS_MAXIMUM)
        return gs3_parse_fail(parse, at, "duration %s: AWS gives sessions of 15m to 12h",
                              gs3_show(text).text);
    session->duration_s = (uint32_t)seconds;
    return 0;
}

int gs3_parse_session(struct gs3_parse *parse, struct gs3_at at,
                      struct gs3_environment *environment)
{
    static const char *const keys[] = {"role_arn", "duration"};
    struct gs3_session_rule *session = &environment->session;
    if (gs3_parse_keys(parse, at, "session", keys, sizeof keys / sizeof keys[0]) ||
        gs3_parse_required(parse, at, "session", "role_arn") ||
        gs3_parse_string(parse, gs3_at_get(at, "role_arn"), "role_arn", &session->role_arn))
        return -1;
    session->place = gs3_parse_place(at);
    session->duration_s = GS3_SESSION_SECONDS_MINIMUM;
    if (!is_role_arn(session->role_arn))
        return gs3_parse_fail(parse, gs3_at_get(at, "role_arn"),
                              "role_arn \"%s\" is no role's ARN: write "
                              "arn:aws:iam::123456789012:role/NAME",
                              gs3_show(session->role_arn).text);
    struct gs3_at duration = gs3_at_get(at, "duration");
    return duration.node ? parse_duration(parse, duration, session) : 0;
}

int gs3_parse_tags(struct gs3_parse *parse, struct gs3_at at, struct gs3_environment *environment)
{
    if (gs3_parse_strings(parse, at, "tags", NULL, 0, &environment->tags))
        return -1;
    environment->tags_place = gs3_parse_place(at);
    if (environment->tags.count > TAGS_MAXIMUM)
        return gs3_parse_fail(parse, at, "tags names %zu keys: an object has at most %d tags",
                              environment->tags.count, TAGS_MAXIMUM);
    return 0;
}

static bool is_written(const struct gs3_environment *environment, const char *key)
{
    static const char *const table[] = {
        "environment", "operator",         "timestamp",       "operation",  "purpose",
        "risk-level",  "approval-status",  "tracking-system", "department", "automation",
        "gs3-policy",  "governance-level", "gs3-decision",
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (gs3_str_equal(table[i], key))
            return true;
    for (size_t i = 0; i < environment->ticket_count; i++)
        if (gs3_str_equal(environment->tickets[i].metadata_key, key))
            return true;
    for (size_t i = 0; i < environment->metadata_count; i++)
        if (gs3_str_equal(environment->metadata[i].key, key))
            return true;
    return false;
}

int gs3_parse_tags_check(struct gs3_parse *parse, struct gs3_at at,
                         const struct gs3_environment *environment)
{
    for (size_t i = 0; i < environment->tags.count; i++)
        if (!is_written(environment, environment->tags.items[i]))
            return gs3_parse_fail(parse, gs3_at_item(at, i),
                                  "tags names \"%s\", which environment \"%s\" does not write: "
                                  "name a key of its metadata",
                                  gs3_show(environment->tags.items[i]).text, environment->name);
    return 0;
}
