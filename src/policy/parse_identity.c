/* `identity`: whom an environment takes for the operator, whose names it trusts, and which assignee
 * a name stands for. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/parse.h"
#include "text/glob.h"

static int parse_source(struct gs3_parse *parse, struct gs3_at at, struct gs3_identity *identity)
{
    static const char *const sources[] = {"sts", "os"};
    size_t source = 0;
    if (gs3_parse_word(parse, at, "identity source", sources, sizeof sources / sizeof sources[0],
                       &source))
        return -1;
    identity->source = (enum gs3_identity_source)source;
    return 0;
}

static int parse_roles(struct gs3_parse *parse, struct gs3_at at, struct gs3_identity *identity)
{
    if (identity->source != GS3_IDENTITY_STS)
        return gs3_parse_fail(parse, at, "trusted_roles has no meaning with source os");
    if (gs3_parse_strings(parse, at, "trusted_roles", NULL, 0, &identity->trusted_roles))
        return -1;
    for (size_t i = 0; i < identity->trusted_roles.count; i++)
        if (gs3_glob_literal_count(identity->trusted_roles.items[i]) == 0)
            return gs3_parse_fail(parse, gs3_at_item(at, i),
                                  "trusted_roles \"%s\" trusts every role: name the roles",
                                  identity->trusted_roles.items[i]);
    return 0;
}

/* gs3_parse_pattern judges a pattern and keeps no groups: compiled once more, with them. */
static int parse_pattern(struct gs3_parse *parse, struct gs3_at at, struct gs3_operator_map *map)
{
    regex_t judged;
    if (gs3_parse_pattern(parse, at, "operator", true, &map->operator, & judged))
        return -1;
    regfree(&judged);
    gs3_auto_free char *whole = gs3_xasprintf("^(%s)$", map->operator);
    if (regcomp(&map->regex, whole, REG_EXTENDED))
        return gs3_parse_fail(parse, at, "operator \"%s\" cannot be compiled",
                              gs3_show(map->operator).text);
    map->is_pattern = true;
    return 0;
}

/* In an assignee of a pattern a backslash is followed by the number of a group, and nothing else:
 * no name has one. */
static int check_groups(struct gs3_parse *parse, struct gs3_at at,
                        const struct gs3_operator_map *map)
{
    size_t groups = map->regex.re_nsub - 1; /* without the one around the whole */
    for (const char *c = strchr(map->assignee, '\\'); c; c = strchr(c + 2, '\\')) {
        if (c[1] < '1' || c[1] > '9')
            return gs3_parse_fail(parse, at,
                                  "assignee \"%s\": a backslash is followed by the number of a "
                                  "group, \\1 to \\9",
                                  gs3_show(map->assignee).text);
        if ((size_t)(c[1] - '0') > groups)
            return gs3_parse_fail(parse, at, "assignee \"%s\": the pattern has no group %c",
                                  gs3_show(map->assignee).text, c[1]);
    }
    return 0;
}

static int parse_rule(struct gs3_parse *parse, struct gs3_at at, struct gs3_operator_map *map)
{
    static const char *const keys[] = {"operator", "assignee"};
    map->place = gs3_parse_place(at);
    if (gs3_parse_keys(parse, at, "identity map", keys, sizeof keys / sizeof keys[0]) ||
        gs3_parse_required(parse, at, "identity map", "operator") ||
        gs3_parse_required(parse, at, "identity map", "assignee") ||
        gs3_parse_string(parse, gs3_at_get(at, "assignee"), "assignee", &map->assignee) ||
        parse_pattern(parse, gs3_at_get(at, "operator"), map))
        return -1;
    return check_groups(parse, gs3_at_get(at, "assignee"), map);
}

/* alice: asmith@example.com. YAML has refused a name that stands there twice, but not in another
 * case: IAM tells no such users apart. */
static int parse_entry(struct gs3_parse *parse, struct gs3_at at, size_t index,
                       const struct gs3_identity *identity, struct gs3_operator_map *map)
{
    struct gs3_at key = gs3_at_key(at, index);
    map->place = gs3_parse_place(key);
    if (gs3_parse_string(parse, key, "operator", &map->operator) ||
        gs3_parse_string(parse, gs3_at_item(at, index), "assignee", &map->assignee))
        return -1;
    for (size_t i = 0; i < index; i++)
        if (gs3_str_equal_nocase(identity->map[i].operator, map->operator))
            return gs3_parse_fail(parse, key, "identity map names \"%s\" twice: remove one",
                                  gs3_show(map->operator).text);
    return 0;
}

static int parse_map(struct gs3_parse *parse, struct gs3_at at, struct gs3_identity *identity)
{
    bool is_table = at.node->kind == GS3_YAML_MAPPING;
    if (at.node->kind == GS3_YAML_SCALAR)
        return gs3_parse_fail(parse, at,
                              "identity map must be a table {operator: assignee}, or a list of "
                              "{operator: PATTERN, assignee: NAME}");
    if (at.node->count == 0)
        return gs3_parse_fail(parse, at, "identity map is empty: fill it in or remove it");
    if (at.node->count > GS3_POLICY_MAPPED)
        return gs3_parse_fail(parse, at, "identity map has more than %d entries",
                              GS3_POLICY_MAPPED);
    if (!is_table) {
        parse->rule_count += at.node->count;
        if (parse->rule_count > GS3_POLICY_RULES)
            return gs3_parse_fail(parse, at, "more than %d rules in one policy", GS3_POLICY_RULES);
    }
    identity->map = gs3_xcalloc(at.node->count, sizeof *identity->map);
    for (size_t i = 0; i < at.node->count; i++) {
        struct gs3_operator_map *map = &identity->map[i];
        identity->map_count++;
        if (is_table ? parse_entry(parse, at, i, identity, map)
                     : parse_rule(parse, gs3_at_item(at, i), map))
            return -1;
    }
    return 0;
}

int gs3_parse_identity(struct gs3_parse *parse, struct gs3_at at,
                       struct gs3_environment *environment)
{
    static const char *const keys[] = {"source", "trusted_roles", "map"};
    struct gs3_identity *identity = &environment->identity;
    if (gs3_parse_keys(parse, at, "identity", keys, sizeof keys / sizeof keys[0]))
        return -1;
    identity->place = gs3_parse_place(at);
    struct gs3_at source = gs3_at_get(at, "source"), roles = gs3_at_get(at, "trusted_roles");
    struct gs3_at map = gs3_at_get(at, "map");
    if ((source.node && parse_source(parse, source, identity)) ||
        (roles.node && parse_roles(parse, roles, identity)))
        return -1;
    return map.node ? parse_map(parse, map, identity) : 0;
}
