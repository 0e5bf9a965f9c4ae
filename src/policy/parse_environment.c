/* One environment or template: everything under its name but ticket and metadata rules. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/match.h"
#include "policy/parse.h"
#include "text/bucket.h"
#include "text/glob.h"
#include "text/size.h"

static int check_bucket(struct gs3_parse *parse, struct gs3_at at, const char *bucket)
{
    enum { BUCKET_BYTES = 63 };
    if (gs3_glob_is_literal(bucket)) {
        const char *problem = gs3_bucket_problem(bucket);
        return problem
                   ? gs3_parse_fail(parse, at, "bucket \"%s\": %s", gs3_show(bucket).text, problem)
                   : 0;
    }
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-*?";
    if (strlen(bucket) > BUCKET_BYTES || strspn(bucket, allowed) != strlen(bucket))
        return gs3_parse_fail(parse, at,
                              "bucket \"%s\" can match no bucket: names have at most 63 lower-case "
                              "letters, digits, dots and hyphens; * stands for any run, ? for one",
                              gs3_show(bucket).text);
    return 0;
}

static int parse_prefix(struct gs3_parse *parse, struct gs3_at at, struct gs3_match *match)
{
    if (gs3_parse_string(parse, at, "prefix", &match->prefix))
        return -1;
    if (strpbrk(match->prefix, "*?"))
        return gs3_parse_fail(parse, at,
                              "prefix \"%s\" is taken as it stands, without * and ?: leave them "
                              "out, a prefix covers all that is under it",
                              gs3_show(match->prefix).text);
    size_t length = strlen(match->prefix);
    if (match->prefix[length - 1] == '/')
        match->prefix[length - 1] = '\0';
    if (match->prefix[0] == '\0')
        return gs3_parse_fail(parse, at, "prefix \"/\" names nothing: leave it out for the bucket");
    return 0;
}

static int parse_match(struct gs3_parse *parse, struct gs3_at at, struct gs3_match *match)
{
    static const char *const keys[] = {"bucket", "prefix"};
    if (gs3_parse_keys(parse, at, "match", keys, sizeof keys / sizeof keys[0]) ||
        gs3_parse_required(parse, at, "match", "bucket") ||
        gs3_parse_string(parse, gs3_at_get(at, "bucket"), "bucket", &match->bucket) ||
        check_bucket(parse, gs3_at_get(at, "bucket"), match->bucket))
        return -1;
    match->place = gs3_parse_place(at);
    struct gs3_at prefix = gs3_at_get(at, "prefix");
    if (prefix.node)
        return parse_prefix(parse, prefix, match);
    match->prefix = gs3_xstrdup("");
    return 0;
}

static int parse_matches(struct gs3_parse *parse, struct gs3_at at,
                         struct gs3_environment *environment)
{
    if (gs3_parse_sequence(parse, at, "match"))
        return -1;
    if (at.node->count == 0)
        return gs3_parse_fail(parse, at, "match is an empty list: name at least one bucket");
    parse->match_count += at.node->count;
    if (parse->match_count > GS3_POLICY_MATCHES)
        return gs3_parse_fail(parse, at, "more than %d match entries in one policy",
                              GS3_POLICY_MATCHES);
    environment->matches = gs3_xcalloc(at.node->count, sizeof *environment->matches);
    for (size_t i = 0; i < at.node->count; i++) {
        environment->match_count++;
        if (parse_match(parse, gs3_at_item(at, i), &environment->matches[i]))
            return -1;
    }
    return 0;
}

static int parse_ticket_for(struct gs3_parse *parse, struct gs3_at at,
                            struct gs3_environment *environment)
{
    static const char *const words[] = {"read", "write", "delete"};
    static const unsigned actions[] = {GS3_ACTION_READ, GS3_ACTION_WRITE, GS3_ACTION_DELETE};
    if (gs3_parse_sequence(parse, at, "ticket_for"))
        return -1;
    environment->ticket_for_place = gs3_parse_place(at);
    for (size_t i = 0; i < at.node->count; i++) {
        struct gs3_at item = gs3_at_item(at, i);
        size_t word = 0;
        if (gs3_parse_word(parse, item, "ticket_for", words, sizeof words / sizeof words[0], &word))
            return -1;
        if (environment->ticket_for & actions[word])
            return gs3_parse_fail(parse, item, "ticket_for names \"%s\" twice: remove one",
                                  words[word]);
        environment->ticket_for |= actions[word];
    }
    return 0;
}

static int parse_byte_limit(struct gs3_parse *parse, struct gs3_at at,
                            struct gs3_environment *environment)
{
    const char *text = at.node->kind == GS3_YAML_SCALAR ? at.node->text : "";
    bool has_leading_zero = text[0] == '0' && text[1] != '\0';
    if (has_leading_zero || gs3_size_parse(text, &environment->byte_limit))
        return gs3_parse_fail(parse, at,
                              "bytes must be a whole number with KiB, MiB, GiB, TiB or PiB right "
                              "behind it: 5TiB");
    environment->has_byte_limit = true;
    return environment->byte_limit > 0 ? 0 : gs3_parse_fail(parse, at, "bytes must not be 0");
}

static int parse_limits(struct gs3_parse *parse, struct gs3_at at,
                        struct gs3_environment *environment)
{
    static const char *const keys[] = {"objects", "bytes"};
    if (gs3_parse_keys(parse, at, "limits", keys, sizeof keys / sizeof keys[0]))
        return -1;
    environment->limits_place = gs3_parse_place(at);
    struct gs3_at objects = gs3_at_get(at, "objects"), bytes = gs3_at_get(at, "bytes");
    if (objects.node) {
        if (gs3_parse_u64(parse, objects, "objects", UINT64_MAX, &environment->object_limit))
            return -1;
        if (environment->object_limit == 0)
            return gs3_parse_fail(parse, objects, "objects must not be 0");
        environment->has_object_limit = true;
    }
    return bytes.node ? parse_byte_limit(parse, bytes, environment) : 0;
}

static int parse_level(struct gs3_parse *parse, struct gs3_at at,
                       struct gs3_environment *environment)
{
    static const char *const levels[] = {"standard", "high"};
    size_t level = 0;
    if (gs3_parse_word(parse, at, "governance_level", levels, sizeof levels / sizeof levels[0],
                       &level))
        return -1;
    environment->level = (enum gs3_level)level;
    return 0;
}

/* How a move deletes its sources here: in batches, or one by one with If-Match. */
static int parse_delete(struct gs3_parse *parse, struct gs3_at at,
                        struct gs3_environment *environment)
{
    static const char *const ways[] = {"batch", "conditional"};
    size_t way = 0;
    if (gs3_parse_word(parse, at, "delete", ways, sizeof ways / sizeof ways[0], &way))
        return -1;
    environment->deletes_conditionally = way == 1;
    return 0;
}

static int parse_endpoints(struct gs3_parse *parse, struct gs3_at at,
                           struct gs3_environment *environment)
{
    return gs3_parse_endpoints(parse, at, &environment->endpoints, &environment->endpoint_count);
}

/* The keys of an environment, in the order in which they are parsed. A template has those without
 * `is_own`: two environments with one `match` would always tie. */
static const struct {
    const char *key;
    bool is_required, is_own;
    int (*parse)(struct gs3_parse *parse, struct gs3_at at, struct gs3_environment *environment);
} sections[] = {
    {"match", true, true, parse_matches},           {"governance_level", true, false, parse_level},
    {"ticket_for", true, false, parse_ticket_for},  {"tickets", false, false, gs3_parse_tickets},
    {"metadata", false, false, gs3_parse_metadata}, {"identity", false, false, gs3_parse_identity},
    {"limits", false, false, parse_limits},         {"endpoints", false, false, parse_endpoints},
    {"delete", false, false, parse_delete},         {"session", false, false, gs3_parse_session},
    {"tags", false, false, gs3_parse_tags},
};

enum { SECTION_COUNT = sizeof sections / sizeof sections[0] };

static int check_keys(struct gs3_parse *parse, struct gs3_at at, const char *what, bool is_template)
{
    const char *keys[SECTION_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (!is_template || !sections[i].is_own)
            keys[count++] = sections[i].key;
    if (!is_template)
        keys[count++] = "extends";
    if (is_template && at.node->kind == GS3_YAML_MAPPING) {
        if (gs3_at_get(at, "extends").node)
            return gs3_parse_fail(parse, gs3_at_get(at, "extends"),
                                  "a template cannot extend another: write its keys out");
        if (gs3_at_get(at, "match").node)
            return gs3_parse_fail(parse, gs3_at_get(at, "match"),
                                  "a template has no match: put it into the environments");
    }
    return gs3_parse_keys(parse, at, what, keys, count);
}

/* That the parts fit together; a template need not be whole. */
static int check_whole(struct gs3_parse *parse, struct gs3_at at,
                       const struct gs3_template *template, const char *what,
                       const struct gs3_environment *environment)
{
    struct gs3_at tags = gs3_at_get(at, "tags");
    if (!tags.node && template)
        tags = gs3_at_get(template->at, "tags");
    if (tags.node && gs3_parse_tags_check(parse, tags, environment))
        return -1;
    if (environment->ticket_for != 0 && environment->ticket_count == 0)
        return gs3_parse_fail(parse, at,
                              "%s asks for tickets but has no rule under tickets: nothing would "
                              "ever be allowed",
                              what);
    return 0;
}

int gs3_parse_environment(struct gs3_parse *parse, struct gs3_at at,
                          const struct gs3_template *template, bool is_template,
                          struct gs3_environment *environment)
{
    gs3_auto_free char *what =
        gs3_xasprintf("%s \"%s\"", is_template ? "template" : "environment", environment->name);
    if (check_keys(parse, at, what, is_template))
        return -1;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        struct gs3_at value = gs3_at_get(at, sections[i].key);
        if (!value.node && template)
            value = gs3_at_get(template->at, sections[i].key);
        if (!value.node && !is_template && sections[i].is_required)
            return gs3_parse_required(parse, at, what, sections[i].key);
        if (value.node && sections[i].parse(parse, value, environment))
            return -1;
    }
    return is_template ? 0 : check_whole(parse, at, template, what, environment);
}
