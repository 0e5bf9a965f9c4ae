/* Who the operator is: what an environment takes for a name, and whether the ticket names them. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/evaluation.h"
#include "policy/parse.h"
#include "text/glob.h"

void gs3_evaluation_identity(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_operator *who = &evaluation->request->operator;
    const struct gs3_environment *environment = usage->environment;
    const struct gs3_place *place = &environment->identity.place;
    if (gs3_str_is_empty(who->name))
        gs3_evaluation_note(evaluation, GS3_EREFUSED, environment, "identity", place,
                            "nobody knows who the operator is");
    else if (environment->identity.source == GS3_IDENTITY_STS && !who->is_sts)
        gs3_evaluation_note(evaluation, GS3_EREFUSED, environment, "identity", place,
                            "the operator must come from STS (identity: {source: sts}), and is "
                            "the OS user %s",
                            gs3_show(who->name).text);
    else /* An environment that takes the OS user takes what AWS says as well. */
        gs3_evaluation_note(evaluation, GS3_OK, environment, "identity", place,
                            "the operator is %s%s",
                            who->is_sts ? "" : "os:", gs3_show(who->name).text);
}

/* arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION as the role's own ARN; NULL: not one. */
static char *role_arn(const char *arn, const char *role_name)
{
    static const char sts[] = ":sts::", role[] = ":assumed-role/";
    const char *service = arn ? strstr(arn, sts) : NULL;
    const char *resource = service ? strstr(service, role) : NULL;
    if (!resource)
        return NULL;
    const char *account = service + sizeof sts - 1;
    return gs3_xasprintf("%.*s:iam::%.*s:role/%s", (int)(service - arn), arn,
                         (int)(resource - account), account, role_name);
}

/* arn:PARTITION:iam::ACCOUNT:user/PATH/NAME: a name that its bearer did not choose. What else has
 * no role (a federated user, the root user) is none. */
static bool is_iam_user(const char *arn)
{
    static const char iam[] = ":iam::";
    const char *service = arn ? strstr(arn, iam) : NULL;
    const char *resource = service ? strchr(service + sizeof iam - 1, ':') : NULL;
    return resource && gs3_str_has_prefix(resource, ":user/");
}

/* Who assumes a role or federates a user chooses the name: it counts where AWS's single sign-on
 * chose it, or where the policy trusts whoever may assume the role. */
bool gs3_operator_is_trusted(const struct gs3_environment *environment,
                             const struct gs3_operator *who)
{
    if (!who->is_sts)
        return true;
    if (!who->role_name)
        return is_iam_user(who->arn);
    if (gs3_str_has_prefix(who->role_name, "AWSReservedSSO_"))
        return true;
    gs3_auto_free char *arn = role_arn(who->arn, who->role_name);
    const struct gs3_strings *roles = &environment->identity.trusted_roles;
    for (size_t i = 0; i < roles->count; i++) {
        const char *subject = strchr(roles->items[i], ':') ? arn : who->role_name;
        if (subject && gs3_glob_match(roles->items[i], subject))
            return true;
    }
    return false;
}

static bool is_same_name(const char *fact, const char *name)
{
    return !gs3_str_is_empty(fact) && gs3_str_equal_nocase(fact, name);
}

static bool is_local_part(const char *email, const char *name)
{
    const char *at = email ? strchr(email, '@') : NULL;
    if (!at || at == email)
        return false;
    gs3_auto_free char *local = gs3_xstrndup(email, (size_t)(at - email));
    return gs3_str_equal_nocase(local, name);
}

static bool is_person(const struct gs3_person *person, bool is_jira, const char *name)
{
    return is_same_name(person->user_name, name) || is_same_name(person->email, name) ||
           is_local_part(person->email, name) ||
           (is_jira &&
            (is_same_name(person->account_id, name) || is_same_name(person->display_name, name)));
}

/* What an operator's name stands for by a pattern's line: \N is what its group N matched. */
static char *expand(const struct gs3_operator_map *map, const char *name, const regmatch_t *groups)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(GS3_POLICY_TEXT_BYTES);
    for (const char *c = map->assignee; *c; c++) {
        if (*c != '\\') {
            gs3_buf_putc(&text, *c);
            continue;
        }
        /* The first group is the one around the whole. */
        const regmatch_t *group = &groups[*++c - '0' + 1];
        if (group->rm_so >= 0)
            gs3_buf_append(&text, name + group->rm_so, (size_t)(group->rm_eo - group->rm_so));
    }
    return gs3_buf_take(&text);
}

/* The assignee that `identity.map` gives for the operator; NULL: it does not name them. */
static char *find_mapped(const struct gs3_identity *identity, const char *name)
{
    enum { GROUPS = 11 };
    regmatch_t groups[GROUPS];
    for (size_t i = 0; i < identity->map_count; i++) {
        const struct gs3_operator_map *map = &identity->map[i];
        if (map->is_pattern && regexec(&map->regex, name, GROUPS, groups, 0) == 0)
            return expand(map, name, groups);
        if (!map->is_pattern && gs3_str_equal_nocase(map->operator, name))
            return gs3_xstrdup(map->assignee);
    }
    return NULL;
}

/* An operator whom the map names stands for that assignee and for nobody else: an alice of AWS must
 * not pass for the alice of the ticketing system whom the map gives another name. What the map says
 * is whole, so that no part of an address is compared. */
static bool is_assignee(const struct gs3_identity *identity, const struct gs3_person *person,
                        bool is_jira, const char *name)
{
    gs3_auto_free char *mapped = find_mapped(identity, name);
    if (!mapped)
        return is_person(person, is_jira, name);
    return is_same_name(person->user_name, mapped) || is_same_name(person->email, mapped) ||
           (is_jira && (is_same_name(person->account_id, mapped) ||
                        is_same_name(person->display_name, mapped)));
}

static const char *describe_person(const struct gs3_person *person)
{
    const char *const names[] = {person->user_name, person->email, person->display_name,
                                 person->account_id};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!gs3_str_is_empty(names[i]))
            return names[i];
    return NULL;
}

void gs3_evaluation_assignee(struct gs3_evaluation *evaluation, const struct gs3_usage *usage)
{
    const struct gs3_ticket_rule *rule = usage->rule;
    const struct gs3_operator *who = &evaluation->request->operator;
    const struct gs3_person *assignee = &usage->ticket->assignee;
    const char *described = describe_person(assignee);
    if (rule->operator!= GS3_OPERATOR_ASSIGNEE)
        return;
    gs3_auto_free char *name = gs3_xasprintf("%s/operator", rule->name);
    bool is_jira = rule->system->type == GS3_SYSTEM_JIRA;
    bool is_met = false;
    const char *verdict = "that is not the operator";
    if (!described)
        verdict = "the assignee must be the operator";
    else if (gs3_str_is_empty(who->name))
        verdict = "nobody knows the operator";
    else if (!gs3_operator_is_trusted(usage->environment, who))
        verdict = "whoever has the session chose its name, which proves nothing (see "
                  "identity.trusted_roles):";
    else if (is_assignee(&usage->environment->identity, assignee, is_jira, who->name))
        is_met = true;
    gs3_evaluation_note(evaluation, is_met ? GS3_OK : GS3_EREFUSED, usage->environment, name,
                        &rule->operator_place, "%s is assigned to %s, %s %s",
                        gs3_show(usage->id).text, described ? gs3_show(described).text : "nobody",
                        is_met ? "the operator" : verdict, gs3_show(who->name).text);
}
