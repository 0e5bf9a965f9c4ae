/* The whole of a policy, once every file of it is a tree: first what each file holds, then ticket
 * systems, templates and environments over all files, because they refer to each other. */
#include <string.h>

#include "base/mem.h"
#include "policy/match.h"
#include "policy/parse.h"

static struct gs3_at root_of(const struct gs3_parse *parse, size_t index)
{
    return (struct gs3_at){.document = &parse->documents[index],
                           .node = parse->documents[index].root};
}

static int parse_api_version(struct gs3_parse *parse, struct gs3_at root)
{
    gs3_auto_free char *version = NULL;
    struct gs3_at at = gs3_at_get(root, "apiVersion");
    if (!at.node)
        return gs3_parse_fail(parse, root,
                              "the policy lacks \"apiVersion: gs3/v1\": add it as the first line");
    if (gs3_parse_string(parse, at, "apiVersion", &version))
        return -1;
    if (strcmp(version, "gs3/v1") != 0)
        return gs3_parse_fail(parse, at, "apiVersion \"%s\" is not known: this gs3 reads gs3/v1",
                              gs3_show(version).text);
    return 0;
}

static int parse_locked(struct gs3_parse *parse, struct gs3_at at)
{
    bool is_locked = false;
    if (gs3_parse_bool(parse, at, "locked", &is_locked))
        return -1;
    if (is_locked && !parse->policy->is_system)
        return gs3_parse_fail(parse, at,
                              "locked: true has a meaning in the system policy only: remove it");
    parse->policy->is_locked = parse->policy->is_locked || is_locked;
    return 0;
}

static int parse_top(struct gs3_parse *parse, struct gs3_at root)
{
    static const char *const keys[] = {"apiVersion",     "serial",    "locked",      "endpoints",
                                       "ticket_systems", "templates", "environments"};
    struct gs3_policy *policy = parse->policy;
    if (root.node->kind != GS3_YAML_MAPPING)
        return gs3_parse_fail(parse, root,
                              "a policy must be a mapping that starts with \"apiVersion: gs3/v1\"");
    if (parse_api_version(parse, root) ||
        gs3_parse_keys(parse, root, "the policy", keys, sizeof keys / sizeof keys[0]))
        return -1;
    struct gs3_at locked = gs3_at_get(root, "locked"), endpoints = gs3_at_get(root, "endpoints");
    if (locked.node && parse_locked(parse, locked))
        return -1;
    return endpoints.node
               ? gs3_parse_endpoints(parse, endpoints, &policy->endpoints, &policy->endpoint_count)
               : 0;
}

/* Exactly one file carries `serial`, so that a directory has one version and not several. */
static int parse_serial(struct gs3_parse *parse)
{
    struct gs3_at first = {.node = NULL};
    for (size_t i = 0; i < parse->document_count; i++) {
        struct gs3_at at = gs3_at_get(root_of(parse, i), "serial");
        if (!at.node)
            continue;
        if (first.node)
            return gs3_parse_fail(parse, at, "serial stands in %s:%u already: keep one",
                                  first.document->file, first.node->line);
        first = at;
        if (gs3_parse_u64(parse, at, "serial", INT64_MAX, &parse->policy->serial))
            return -1;
    }
    if (!first.node)
        return gs3_parse_fail(parse, root_of(parse, 0),
                              "the policy lacks \"serial: 1\": add it%s, and raise it with every "
                              "change",
                              parse->document_count > 1 ? " to one of its files" : "");
    return 0;
}

static int for_each(struct gs3_parse *parse, const char *section,
                    int (*handle)(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at))
{
    for (size_t i = 0; i < parse->document_count; i++) {
        struct gs3_at at = gs3_at_get(root_of(parse, i), section);
        if (!at.node)
            continue;
        if (gs3_parse_mapping(parse, at, section))
            return -1;
        for (size_t j = 0; j < at.node->count; j++)
            if (handle(parse, gs3_at_key(at, j), gs3_at_item(at, j)))
                return -1;
    }
    return 0;
}

static int add_template(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at)
{
    const char *name = NULL;
    if (gs3_parse_name(parse, key, "template", &name))
        return -1;
    for (size_t i = 0; i < parse->template_count; i++)
        if (strcmp(parse->templates[i].name, name) == 0)
            return gs3_parse_fail(parse, key, "template \"%s\" is defined twice, first at %s:%u",
                                  name, parse->templates[i].key.document->file,
                                  parse->templates[i].key.node->line);
    if (parse->template_count == GS3_POLICY_ENVIRONMENTS)
        return gs3_parse_fail(parse, key, "more than %d templates", GS3_POLICY_ENVIRONMENTS);
    parse->templates =
        gs3_xreallocarray(parse->templates, parse->template_count + 1, sizeof *parse->templates);
    parse->templates[parse->template_count++] =
        (struct gs3_template){.name = name, .at = at, .key = key};
    /* Parsed for its errors: an unused template is checked like a used one. */
    gs3_auto(gs3_environment_release) struct gs3_environment environment = {.name =
                                                                                gs3_xstrdup(name)};
    return gs3_parse_environment(parse, at, NULL, true, &environment);
}

static int find_template(struct gs3_parse *parse, struct gs3_at at,
                         const struct gs3_template **template)
{
    *template = NULL;
    struct gs3_at extends = gs3_at_get(at, "extends");
    if (!extends.node)
        return 0;
    gs3_auto_free char *name = NULL;
    if (gs3_parse_string(parse, extends, "extends", &name))
        return -1;
    for (size_t i = 0; i < parse->template_count; i++) {
        if (strcmp(parse->templates[i].name, name) == 0) {
            *template = &parse->templates[i];
            return 0;
        }
    }
    return gs3_parse_fail(parse, extends, "extends \"%s\": no template of that name is defined",
                          gs3_show(name).text);
}

static int add_environment(struct gs3_parse *parse, struct gs3_at key, struct gs3_at at)
{
    struct gs3_policy *policy = parse->policy;
    const struct gs3_template *template = NULL;
    const char *name = NULL;
    if (gs3_parse_name(parse, key, "environment", &name))
        return -1;
    for (size_t i = 0; i < policy->environment_count; i++)
        if (strcmp(policy->environments[i].name, name) == 0)
            return gs3_parse_fail(parse, key, "environment \"%s\" is defined twice, first at %s:%u",
                                  name, policy->environments[i].place.file,
                                  policy->environments[i].place.line);
    if (policy->environment_count == GS3_POLICY_ENVIRONMENTS)
        return gs3_parse_fail(parse, key, "more than %d environments", GS3_POLICY_ENVIRONMENTS);
    if (find_template(parse, at, &template))
        return -1;
    policy->environments = gs3_xreallocarray(policy->environments, policy->environment_count + 1,
                                             sizeof *policy->environments);
    struct gs3_environment *environment = &policy->environments[policy->environment_count++];
    *environment =
        (struct gs3_environment){.name = gs3_xstrdup(name), .place = gs3_parse_place(key)};
    environment->identity.place = environment->place;
    return gs3_parse_environment(parse, at, template, false, environment);
}

int gs3_parse_documents(struct gs3_parse *parse)
{
    for (size_t i = 0; i < parse->document_count; i++)
        if (parse_top(parse, root_of(parse, i)))
            return -1;
    if (parse_serial(parse) || for_each(parse, "ticket_systems", gs3_parse_system) ||
        for_each(parse, "templates", add_template) ||
        for_each(parse, "environments", add_environment))
        return -1;
    if (parse->policy->environment_count == 0)
        return gs3_parse_fail(parse, root_of(parse, 0),
                              "the policy has no environments: add \"environments:\" with at least "
                              "one, or every operation is refused");
    return gs3_policy_check_ties(parse->policy, parse->err);
}
