/*
 * The faults that are switched on: at the start with --fault, at run time through POST /_sim/fault.
 * This file decides which of them apply to a request; faultanswer.c and the personas carry them
 * out.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/*
 * Of the faults that are an answer by themselves only the first that is not used up applies (so
 * that two rules make a sequence); all the others apply together. The early ones act before the
 * body is read, and only when there is one.
 */
enum fault_class { FAULT_ANSWER, FAULT_MODIFIER, FAULT_EARLY };

struct fault_kind {
    const char *name;
    enum fault_class class;
    const char *fallback; /* the argument when none is given; NULL: one is required */
    const char *help;
};

struct sim_fault_rule {
    struct sim_fault_rule *next;
    const struct fault_kind *kind;
    char *path_prefix; /* percent-decoded */
    char *method;      /* NULL: any */
    char *arg;
    int64_t left; /* -1: without end */
};

static const struct fault_kind kinds[] = {
    {"429", FAULT_ANSWER, "1",
     "SECONDS of Retry-After, none, or date=SECONDS; X-RateLimit-Reset as the vendor's"},
    {"500", FAULT_ANSWER, "", "the persona's error body"},
    {"502", FAULT_ANSWER, "", "an HTML error page"},
    {"503", FAULT_ANSWER, "1", "SECONDS of Retry-After, or none"},
    {"504", FAULT_ANSWER, "", "an HTML error page"},
    {"status", FAULT_ANSWER, NULL, "NNN: this status with the persona's error body"},
    {"redirect", FAULT_ANSWER, NULL, "[301|302|303|307|308 ]URL: a redirect, 302 unless said"},
    {"html", FAULT_ANSWER, "", "200 with an HTML page (a hibernating instance)"},
    {"empty", FAULT_ANSWER, "", "200, application/json, no body"},
    {"deep", FAULT_ANSWER, "100000", "LEVELS of nested arrays"},
    {"endless", FAULT_ANSWER, "", "a body that never ends"},
    {"hang-up", FAULT_ANSWER, "", "the connection is closed without an answer"},
    {"raw", FAULT_ANSWER, NULL, "these bytes are the whole answer (no TLS)"},
    {"early", FAULT_EARLY, NULL, "NNN: that status before the body is read, then closed"},
    {"upload-reset", FAULT_EARLY, "0", "RST once BYTES of the request's body came"},
    {"reset", FAULT_MODIFIER, "", "RST at once, or after BYTES of the body"},
    {"slow", FAULT_MODIFIER, "1000", "MS before the headers"},
    {"drip", FAULT_MODIFIER, "50", "MS[:BYTES]: that pause between chunks of BYTES (1)"},
    {"cutoff", FAULT_MODIFIER, "half", "closed after BYTES of the body, or half of it"},
    {"chunked", FAULT_MODIFIER, "", "no Content-Length"},
    {"malformed", FAULT_MODIFIER, "truncate",
     "truncate, comma, bare, control or utf8: JSON that is none"},
    {"duplicate-keys", FAULT_MODIFIER, "",
     "the first key twice, or FIELD[=JSON] before each FIELD"},
    {"huge", FAULT_MODIFIER, "2097152", "BYTES of padding inside the JSON"},
    {"garbage", FAULT_MODIFIER, "}{", "this text after the JSON"},
    {"content-type", FAULT_MODIFIER, "text/plain", "the right body under this type; none: no type"},
    {"header", FAULT_MODIFIER, NULL, "NAME: VALUE, instead of any that is there"},
    {"no-date", FAULT_MODIFIER, "", "no Date header"},
    {"date-skew", FAULT_MODIFIER, "600", "SECONDS added to the Date header"},
    {"two-rows", FAULT_MODIFIER, "", "ServiceNow: each row twice, whatever the limit"},
    {"no-rows", FAULT_MODIFIER, "", "ServiceNow: no row"},
    {"wrong-number", FAULT_MODIFIER, "", "number or key of the answer is this one instead"},
    {"missing", FAULT_MODIFIER, NULL,
     "FIELD: left out of the answer (dots walk into Jira's objects)"},
    {"set", FAULT_MODIFIER, NULL, "FIELD=JSON: that value instead (what is no JSON is a string)"},
    {"bad-auth", FAULT_MODIFIER, "", "right credentials are taken for wrong ones"},
    {"forbidden", FAULT_MODIFIER, "", "ServiceNow: 403 with right credentials"},
    {"denied", FAULT_MODIFIER, "", "CloudTrail, GuardDuty: AccessDeniedException"},
    {"off", FAULT_MODIFIER, "", "CloudTrail, GuardDuty: no trail, no detector"},
    {"login-reason", FAULT_MODIFIER, "AUTHENTICATED_FAILED",
     "Jira: this X-Seraph-LoginReason on what is answered"},
    {"login-denied", FAULT_MODIFIER, "",
     "Jira: AUTHENTICATION_DENIED (CAPTCHA) whatever the credentials"},
};

static const struct fault_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

void sim_faults_usage(FILE *out)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        fprintf(out, "  %-15s %s\n", kinds[i].name, kinds[i].help);
}

static int add_rule(struct sim *sim, const char *prefix, const char *method, const char *name,
                    const char *arg, int64_t times, char **why)
{
    const struct fault_kind *kind = find_kind(name);
    if (!kind || (!arg && !kind->fallback)) {
        *why = sim_printf(kind ? "%s needs an argument" : "%s: no such fault (see gs3-sim --help)",
                          name);
        return -1;
    }
    struct sim_fault_rule *rule = sim_alloc(sizeof(*rule));
    *rule = (struct sim_fault_rule){.kind = kind,
                                    .path_prefix = sim_strdup(prefix),
                                    .method = method ? sim_strdup(method) : NULL,
                                    .arg = sim_strdup(arg ? arg : kind->fallback),
                                    .left = times};
    struct sim_fault_rule **tail = &sim->faults;
    while (*tail)
        tail = &(*tail)->next;
    *tail = rule;
    return 0;
}

/* {"fault": NAME, "arg"?: text or number, "path_prefix"?: "/", "method"?: any, "times"?: without
 * end}. */
int sim_fault_add_json(struct sim *sim, const cJSON *object, char **why)
{
    const char *name = sim_json_string(object, "fault");
    const char *prefix = sim_json_string(object, "path_prefix");
    const cJSON *arg = cJSON_GetObjectItemCaseSensitive(object, "arg");
    int64_t times = sim_json_integer(object, "times", -1);
    if (!name || times == 0) {
        *why =
            sim_strdup(name ? "times is 1 or more" : "a fault is an object with \"fault\": NAME");
        return -1;
    }
    char *text = NULL;
    if (cJSON_IsString(arg))
        text = sim_strdup(arg->valuestring);
    else if (arg)
        text = cJSON_PrintUnformatted(arg);
    int result = add_rule(sim, prefix ? prefix : "/", sim_json_string(object, "method"), name, text,
                          times, why);
    free(text);
    return result;
}

/* NAME[=ARG], for every path and without end, or the JSON object. */
int sim_fault_add(struct sim *sim, const char *spec, char **why)
{
    if (spec[0] == '{') {
        cJSON *object = cJSON_Parse(spec);
        int result = sim_fault_add_json(sim, object, why);
        cJSON_Delete(object);
        return result;
    }
    size_t name_len = strcspn(spec, "=");
    char *name = sim_strndup(spec, name_len);
    const char *arg = spec[name_len] == '=' ? spec + name_len + 1 : NULL;
    int result = add_rule(sim, "/", NULL, name, arg, -1, why);
    free(name);
    return result;
}

void sim_faults_clear(struct sim *sim)
{
    while (sim->faults) {
        struct sim_fault_rule *rule = sim->faults;
        sim->faults = rule->next;
        free(rule->path_prefix);
        free(rule->method);
        free(rule->arg);
        free(rule);
    }
}

static bool rule_fits(const struct sim_fault_rule *rule, const struct sim_request *req)
{
    return rule->left != 0 && sim_starts_with(req->path_decoded, rule->path_prefix) &&
           (!rule->method || strcmp(rule->method, req->method) == 0);
}

static void take_rule(struct sim_fault_rule *rule, struct sim_request *req)
{
    if (rule->left > 0)
        rule->left--;
    sim_pairs_add(&req->faults, rule->kind->name, rule->arg);
}

/* Notes on the request which faults apply to it, and counts them down. */
void sim_faults_pick(struct sim *sim, struct sim_request *req)
{
    bool answered = false;
    for (struct sim_fault_rule *rule = sim->faults; rule; rule = rule->next) {
        bool is_answer = rule->kind->class == FAULT_ANSWER;
        if (rule->kind->class == FAULT_EARLY || (is_answer && answered) || !rule_fits(rule, req))
            continue;
        answered = answered || is_answer;
        take_rule(rule, req);
    }
}

/* The same for a request whose body is still to come: at most one. */
void sim_faults_pick_early(struct sim *sim, struct sim_request *req)
{
    for (struct sim_fault_rule *rule = sim->faults; rule; rule = rule->next) {
        if (rule->kind->class == FAULT_EARLY && rule_fits(rule, req)) {
            take_rule(rule, req);
            return;
        }
    }
}

/* The argument of the first fault of that name that applies, or NULL when none does. */
const char *sim_fault_arg(const struct sim_request *req, const char *name)
{
    return sim_pairs_get(&req->faults, name);
}

cJSON *sim_faults_list(const struct sim *sim)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct sim_fault_rule *rule = sim->faults; rule; rule = rule->next) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "fault", rule->kind->name);
        cJSON_AddStringToObject(item, "arg", rule->arg);
        cJSON_AddStringToObject(item, "path_prefix", rule->path_prefix);
        if (rule->method)
            cJSON_AddStringToObject(item, "method", rule->method);
        cJSON_AddNumberToObject(item, "left", (double)rule->left);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}
