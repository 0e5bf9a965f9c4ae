/* Metadata rules: what an environment asks of the values that gs3 writes to an object. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/metadata_rule.h"
#include "policy/parse.h"

enum { VALUE_LENGTH = 2048 };

static const struct {
    const char *word;
    enum gs3_metadata_source source;
} ticket_sources[] = {
    {"ticket.id", GS3_METADATA_TICKET_ID},
    {"ticket.approval", GS3_METADATA_TICKET_APPROVAL},
    {"ticket.state", GS3_METADATA_TICKET_STATE},
    {"ticket.risk", GS3_METADATA_TICKET_RISK},
    {"ticket.type", GS3_METADATA_TICKET_TYPE},
    {"ticket.assignee", GS3_METADATA_TICKET_ASSIGNEE},
    {"ticket.requester", GS3_METADATA_TICKET_REQUESTER},
    {"ticket.summary", GS3_METADATA_TICKET_SUMMARY},
};

enum { SOURCE_COUNT = sizeof ticket_sources / sizeof ticket_sources[0] };

/* The keys of the contract's table that a rule may speak of, and where their value may come from.
 * The rest of the table is gs3's own word, which no policy changes. */
static const struct {
    const char *key;
    enum gs3_metadata_source source;
    bool is_from_ticket; /* never from anywhere else */
} ruled_keys[] = {
    {"purpose", GS3_METADATA_USER, false},
    {"department", GS3_METADATA_USER, false},
    {"approval-status", GS3_METADATA_TICKET_APPROVAL, true},
    {"risk-level", GS3_METADATA_TICKET_RISK, true},
};

enum { RULED_COUNT = sizeof ruled_keys / sizeof ruled_keys[0] };

static int ruled_index(const char *key)
{
    for (int i = 0; i < RULED_COUNT; i++)
        if (strcmp(ruled_keys[i].key, key) == 0)
            return i;
    return -1;
}

static int parse_key(struct gs3_parse *parse, struct gs3_at at, struct gs3_metadata_rule *rule)
{
    const char *name = NULL;
    if (gs3_parse_name(parse, at, "metadata key", &name))
        return -1;
    rule->key = gs3_xstrdup(name);
    rule->place = gs3_parse_place(at);
    if ((gs3_is_table_key(name) && ruled_index(name) < 0) || gs3_str_has_prefix(name, "source-"))
        return gs3_parse_fail(parse, at,
                              "metadata key \"%s\" is gs3's own: rules are for purpose, "
                              "department, approval-status, risk-level and keys of your own",
                              name);
    return 0;
}

static int parse_from(struct gs3_parse *parse, struct gs3_at at, struct gs3_metadata_rule *rule)
{
    const char *words[SOURCE_COUNT];
    size_t word = 0;
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        words[i] = ticket_sources[i].word;
    if (gs3_parse_word(parse, at, "from", words, SOURCE_COUNT, &word))
        return -1;
    rule->source = ticket_sources[word].source;
    return 0;
}

static int parse_source(struct gs3_parse *parse, struct gs3_at at, struct gs3_metadata_rule *rule)
{
    struct gs3_at from = gs3_at_get(at, "from"), value = gs3_at_get(at, "value");
    int ruled = ruled_index(rule->key);
    if (from.node && value.node)
        return gs3_parse_fail(parse, value, "%s has both from and value: keep one", rule->key);
    if (ruled >= 0)
        rule->source = ruled_keys[ruled].source;
    if (from.node && parse_from(parse, from, rule))
        return -1;
    if (value.node) {
        if (gs3_parse_string(parse, value, "value", &rule->value))
            return -1;
        rule->source = GS3_METADATA_VALUE;
    }
    if (ruled >= 0 && ruled_keys[ruled].is_from_ticket && rule->source != ruled_keys[ruled].source)
        return gs3_parse_fail(parse, from.node ? from : value,
                              "%s comes from the ticket and from nowhere else: %s", rule->key,
                              ruled_keys[ruled].source == GS3_METADATA_TICKET_RISK
                                  ? "from: ticket.risk"
                                  : "from: ticket.approval");
    return 0;
}

static int parse_lengths(struct gs3_parse *parse, struct gs3_at at, struct gs3_metadata_rule *rule)
{
    struct gs3_at low = gs3_at_get(at, "min_length"), high = gs3_at_get(at, "max_length");
    rule->has_min_length = low.node != NULL;
    rule->has_max_length = high.node != NULL;
    if ((low.node && gs3_parse_u64(parse, low, "min_length", VALUE_LENGTH, &rule->min_length)) ||
        (high.node && gs3_parse_u64(parse, high, "max_length", VALUE_LENGTH, &rule->max_length)))
        return -1;
    if (rule->has_max_length && rule->max_length == 0)
        return gs3_parse_fail(parse, high, "max_length must not be 0");
    if (rule->has_min_length && rule->has_max_length && rule->min_length > rule->max_length)
        return gs3_parse_fail(parse, low, "min_length is larger than max_length");
    return 0;
}

/* Purpose and department are required where the contract's table has them, unless a rule says
 * otherwise; so is whatever production takes from its ticket (evaluate_metadata.c). */
static int parse_constraints(struct gs3_parse *parse, struct gs3_at at,
                             const struct gs3_environment *environment,
                             struct gs3_metadata_rule *rule)
{
    struct gs3_at required = gs3_at_get(at, "required"), pattern = gs3_at_get(at, "pattern");
    struct gs3_at one_of = gs3_at_get(at, "one_of");
    rule->is_required = gs3_metadata_is_required_by_table(rule->key, environment->level);
    if ((required.node && gs3_parse_bool(parse, required, "required", &rule->is_required)) ||
        (pattern.node &&
         gs3_parse_pattern(parse, pattern, "pattern", false, &rule->pattern, &rule->regex)))
        return -1;
    if (one_of.node) {
        rule->one_of.is_set = true;
        rule->one_of.place = gs3_parse_place(one_of);
        if (gs3_parse_strings(parse, one_of, "one_of", NULL, 0, &rule->one_of.values))
            return -1;
    }
    return parse_lengths(parse, at, rule);
}

static int parse_rule(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at,
                      const struct gs3_environment *environment, struct gs3_metadata_rule *rule)
{
    static const char *const keys[] = {"required", "pattern", "min_length", "max_length",
                                       "one_of",   "from",    "value"};
    if (parse_key(parse, key, rule))
        return -1;
    gs3_auto_free char *what = gs3_xasprintf("the rule of metadata key \"%s\"", rule->key);
    if (gs3_parse_keys(parse, at, what, keys, sizeof keys / sizeof keys[0]) ||
        parse_source(parse, at, rule) || parse_constraints(parse, at, environment, rule))
        return -1;
    gs3_auto_free char *problem = rule->value ? gs3_metadata_problem(rule, rule->value) : NULL;
    if (problem)
        return gs3_parse_fail(parse, gs3_at_get(at, "value"), "value of %s: %s", rule->key,
                              problem);
    return 0;
}

static int check_against_tickets(struct gs3_parse *parse, struct gs3_at key,
                                 const struct gs3_environment *environment,
                                 const struct gs3_metadata_rule *rule)
{
    for (size_t i = 0; i < environment->ticket_count; i++)
        if (strcmp(environment->tickets[i].metadata_key, rule->key) == 0)
            return gs3_parse_fail(parse, key,
                                  "metadata key \"%s\" is the metadata_key of ticket rule \"%s\" "
                                  "(line %u): use another",
                                  rule->key, environment->tickets[i].name,
                                  environment->tickets[i].place.line);
    return 0;
}

int gs3_parse_metadata(struct gs3_parse *parse, struct gs3_at at,
                       struct gs3_environment *environment)
{
    if (at.node->kind != GS3_YAML_MAPPING)
        return gs3_parse_fail(parse, at, "metadata must be a mapping of keys to rules");
    parse->rule_count += at.node->count;
    if (parse->rule_count > GS3_POLICY_RULES)
        return gs3_parse_fail(parse, at, "more than %d rules in one policy", GS3_POLICY_RULES);
    environment->metadata = gs3_xcalloc(at.node->count, sizeof *environment->metadata);
    for (size_t i = 0; i < at.node->count; i++) {
        struct gs3_metadata_rule *rule = &environment->metadata[i];
        environment->metadata_count++;
        if (parse_rule(parse, gs3_at_key(at, i), gs3_at_item(at, i), environment, rule) ||
            check_against_tickets(parse, gs3_at_key(at, i), environment, rule))
            return -1;
    }
    return 0;
}
