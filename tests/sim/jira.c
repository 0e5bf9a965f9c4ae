/*
 * Jira: issues, the caller, fields, Service Management approvals and the tenant's id, for Cloud and
 * Data Center. The traps are the vendor's: a wrong credential is an anonymous caller (404, and a
 * header that tells), a moved issue is answered under its new key without a redirect, keys are
 * found in any case. https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

struct jira {
    struct sim *sim;
    const struct sim_request *req;
    const cJSON *site;
    const cJSON *account; /* NULL for an anonymous caller */
    int api;
    bool cloud;
};

static void jira_error(struct sim_answer *answer, unsigned status, const char *message)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(body, "errorMessages");
    cJSON_AddItemToArray(list, cJSON_CreateString(message));
    cJSON_AddObjectToObject(body, "errors");
    sim_answer_json(answer, status, body);
}

static bool has_key(const cJSON *issue, const char *wanted)
{
    const char *key = sim_json_string(issue, "key");
    const char *id = sim_json_string(issue, "id");
    if ((key && sim_equal_fold(key, wanted)) || (id && strcmp(id, wanted) == 0))
        return true;
    const cJSON *old = NULL;
    cJSON_ArrayForEach(old, cJSON_GetObjectItemCaseSensitive(issue, "previous_keys"))
    {
        if (cJSON_IsString(old) && sim_equal_fold(old->valuestring, wanted))
            return true;
    }
    return false;
}

/* By key in any case, by a key that it had before it was moved, or by id. Hidden issues are
 * nobody's. */
static const cJSON *find_issue(const struct jira *jira, const cJSON *issues, const char *wanted)
{
    const cJSON *issue = NULL;
    cJSON_ArrayForEach(issue, issues)
    {
        if (has_key(issue, wanted))
            return !sim_json_true(issue, "hidden") &&
                           (jira->account || sim_json_true(issue, "public"))
                       ? issue
                       : NULL;
    }
    return NULL;
}

static void answer_issue(const struct jira *jira, const char *wanted, struct sim_answer *answer)
{
    cJSON *issues = sim_fixture_load(jira->sim, "jira/issues.json", SIM_TIME_ISO, answer);
    if (!issues)
        return;
    const cJSON *issue = find_issue(jira, issues, wanted);
    if (issue)
        sim_answer_json(answer, 200,
                        sim_jira_issue_render(jira->req, jira->site, issue, jira->api,
                                              jira->cloud));
    else
        jira_error(answer, 404, "Issue does not exist or you do not have permission to see it.");
    cJSON_Delete(issues);
}

static void answer_myself(const struct jira *jira, struct sim_answer *answer)
{
    if (jira->account) {
        const char *user = sim_json_string(jira->account, "user");
        sim_answer_json(answer, 200,
                        sim_jira_user_render(jira->req, jira->site, user, jira->api, jira->cloud));
        return;
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "message",
                            "Client must be authenticated to access this resource.");
    cJSON_AddNumberToObject(body, "status-code", 401);
    sim_answer_json(answer, 401, body);
    sim_answer_header(answer, "WWW-Authenticate", "OAuth realm=\"http%3A%2F%2F127.0.0.1\"");
}

static void answer_server_info(const struct jira *jira, struct sim_answer *answer)
{
    cJSON *body = cJSON_CreateObject();
    const char *host = sim_pairs_get(&jira->req->headers, "host");
    char *base =
        sim_printf("%s://%s", jira->req->tls ? "https" : "http", host ? host : "127.0.0.1");
    char *now = sim_time_text(time(NULL), SIM_TIME_ISO);
    cJSON_AddStringToObject(body, "baseUrl", base);
    cJSON_AddStringToObject(body, "version", jira->cloud ? "1001.0.0-SNAPSHOT" : "9.12.8");
    cJSON_AddStringToObject(body, "deploymentType", jira->cloud ? "Cloud" : "Server");
    cJSON_AddStringToObject(body, "serverTime", now);
    cJSON_AddStringToObject(body, "serverTitle", "gs3-sim");
    free(base);
    free(now);
    sim_answer_json(answer, 200, body);
}

static void jsm_error(struct sim_answer *answer, unsigned status, const char *message)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "errorMessage", message);
    cJSON_AddObjectToObject(body, "i18nErrorMessage");
    sim_answer_json(answer, status, body);
}

static cJSON *approval_render(const struct jira *jira, const cJSON *approval, int number)
{
    const char *name = sim_json_string(approval, "name");
    const char *decision = sim_json_string(approval, "finalDecision");
    char *id = sim_printf("%d", number + 1);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "id", id);
    free(id);
    cJSON_AddStringToObject(out, "name", name ? name : "Change approval");
    if (decision)
        cJSON_AddStringToObject(out, "finalDecision", decision);
    cJSON_AddFalseToObject(out, "canAnswerApproval");
    cJSON *approvers = cJSON_AddArrayToObject(out, "approvers");
    const cJSON *one = NULL;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(approval, "approvers"))
    {
        cJSON *item = cJSON_CreateObject();
        const char *own = sim_json_string(one, "approverDecision");
        cJSON_AddItemToObject(item, "approver",
                              sim_jira_user_render(jira->req, jira->site,
                                                   sim_json_string(one, "user"), 2, jira->cloud));
        cJSON_AddStringToObject(item, "approverDecision", own ? own : "pending");
        cJSON_AddItemToArray(approvers, item);
    }
    return out;
}

static int64_t paging(const struct sim_request *req, const char *name, int64_t fallback)
{
    const char *text = sim_pairs_get(&req->args, name);
    int64_t value = 0;
    return text && sim_number_parse(text, &value) && value >= 0 ? value : fallback;
}

/* The server's own page size wins over a larger limit: "page_max" beside "values" in
 * approvals.json. */
static void approvals_page(const struct jira *jira, const cJSON *approvals,
                           struct sim_answer *answer)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(approvals, "values");
    int64_t most = sim_json_integer(approvals, "page_max", 50);
    int64_t start = paging(jira->req, "start", 0);
    int64_t limit = paging(jira->req, "limit", most);
    int64_t total = cJSON_GetArraySize(list);
    if (limit > most)
        limit = most;
    cJSON *body = cJSON_CreateObject();
    cJSON *values = cJSON_CreateArray();
    for (int64_t i = start; i < total && i < start + limit; i++)
        cJSON_AddItemToArray(values,
                             approval_render(jira, cJSON_GetArrayItem(list, (int)i), (int)i));
    cJSON_AddNumberToObject(body, "size", cJSON_GetArraySize(values));
    cJSON_AddNumberToObject(body, "start", (double)start);
    cJSON_AddNumberToObject(body, "limit", (double)limit);
    cJSON_AddBoolToObject(body, "isLastPage", start + limit >= total);
    cJSON_AddObjectToObject(body, "_links");
    cJSON_AddItemToObject(body, "values", values);
    sim_answer_json(answer, 200, body);
}

static void answer_approvals(const struct jira *jira, const char *wanted, struct sim_answer *answer)
{
    cJSON *issues = sim_fixture_load(jira->sim, "jira/issues.json", SIM_TIME_ISO, answer);
    cJSON *all =
        issues ? sim_fixture_load(jira->sim, "jira/approvals.json", SIM_TIME_ISO, answer) : NULL;
    if (all) {
        const cJSON *issue = find_issue(jira, issues, wanted);
        const char *key = sim_json_string(issue, "key");
        const cJSON *approvals = key ? cJSON_GetObjectItemCaseSensitive(all, key) : NULL;
        if (!jira->account)
            jsm_error(answer, 401, "You are not authenticated. Authentication required.");
        else if (!approvals)
            jsm_error(answer, 404,
                      "The request does not exist or you do not have permission to see it.");
        else
            approvals_page(jira, approvals, answer);
    }
    cJSON_Delete(all);
    cJSON_Delete(issues);
}

static void answer_fields(const struct jira *jira, struct sim_answer *answer)
{
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(jira->site, "fields");
    if (!jira->account && jira->api == 3)
        jira_error(answer, 401, "Client must be authenticated to access this resource.");
    else
        sim_answer_json(answer, 200, cJSON_Duplicate(fields, true));
}

/* The segment of path between prefix and suffix, owned by the caller, or NULL when path is not of
 * that form. */
static char *segment(const char *path, const char *prefix, const char *suffix)
{
    if (!sim_starts_with(path, prefix))
        return NULL;
    path += strlen(prefix);
    size_t len = strcspn(path, "/");
    return len > 0 && strcmp(path + len, suffix) == 0 ? sim_strndup(path, len) : NULL;
}

static void route(struct jira *jira, const char *path, struct sim_answer *answer)
{
    char *key = NULL;
    jira->api = 2;
    if ((key = segment(path, "/rest/servicedeskapi/request/", "/approval")) != NULL) {
        jira->cloud = !jira->sim->jira_dc_only;
        answer_approvals(jira, key, answer);
        free(key);
        return;
    }
    bool v3 = sim_starts_with(path, "/rest/api/3/");
    if ((!v3 && !sim_starts_with(path, "/rest/api/2/")) || (v3 && jira->sim->jira_dc_only)) {
        jira_error(answer, 404, "null for uri");
        return;
    }
    jira->api = v3 ? 3 : 2;
    jira->cloud = v3 || jira->sim->jira_cloud_only;
    const char *rest = path + strlen("/rest/api/3");
    if ((key = segment(rest, "/issue/", "")) != NULL)
        answer_issue(jira, key, answer);
    else if (strcmp(rest, "/myself") == 0)
        answer_myself(jira, answer);
    else if (strcmp(rest, "/field") == 0)
        answer_fields(jira, answer);
    else if (strcmp(rest, "/serverInfo") == 0)
        answer_server_info(jira, answer);
    else
        jira_error(answer, 404, "null for uri");
    free(key);
}

/* Who calls, and the header by which Jira says what it made of the credentials, whatever the
 * status. */
static void log_in(struct jira *jira, const cJSON *accounts, bool gateway,
                   struct sim_answer *answer)
{
    const cJSON *account = NULL;
    enum sim_login login = sim_account_check(jira->sim, jira->req, accounts, &account);
    if (login == SIM_LOGIN_RIGHT && sim_json_true(account, "scoped") != gateway)
        login = SIM_LOGIN_WRONG;
    if (sim_fault_arg(jira->req, "login-denied")) {
        login = SIM_LOGIN_WRONG;
        sim_answer_header(answer, "X-Seraph-LoginReason", "AUTHENTICATION_DENIED");
        sim_answer_header(answer, "X-Authentication-Denied-Reason",
                          "CAPTCHA_CHALLENGE; login-url=http://127.0.0.1/login.jsp");
    } else if (login == SIM_LOGIN_WRONG) {
        sim_answer_header(answer, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED");
    } else if (login == SIM_LOGIN_RIGHT) {
        sim_answer_header(answer, "X-Seraph-LoginReason", "OK");
    }
    jira->account = login == SIM_LOGIN_RIGHT ? account : NULL;
}

/* Scoped tokens work only through the gateway, /ex/jira/{cloudId}/rest/…; the others only without
 * it. */
static void serve(struct jira *jira, const cJSON *accounts, struct sim_answer *answer)
{
    const char *path = jira->req->path_decoded;
    const char *cloud_id = sim_json_string(jira->site, "cloud_id");
    if (strcmp(path, "/_edge/tenant_info") == 0) {
        cJSON *body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "cloudId", cloud_id ? cloud_id : "");
        sim_answer_json(answer, 200, body);
        return;
    }
    bool gateway = sim_starts_with(path, "/ex/jira/");
    if (gateway) {
        path += strlen("/ex/jira/");
        size_t len = strcspn(path, "/");
        if (!cloud_id || strlen(cloud_id) != len || strncmp(path, cloud_id, len) != 0) {
            jira_error(answer, 404, "No tenant with this cloudId");
            return;
        }
        path += len;
    }
    log_in(jira, accounts, gateway, answer);
    if (strcmp(jira->req->method, "GET") != 0)
        jira_error(answer, 405, "Method Not Allowed");
    else
        route(jira, path, answer);
}

void sim_jira_answer(struct sim *sim, const struct sim_request *req, struct sim_answer *answer)
{
    cJSON *all = sim_fixture_load(sim, "accounts.json", SIM_TIME_ISO, answer);
    cJSON *site = all ? sim_fixture_load(sim, "jira/site.json", SIM_TIME_ISO, answer) : NULL;
    if (site) {
        struct jira jira = {.sim = sim, .req = req, .site = site};
        serve(&jira, cJSON_GetObjectItemCaseSensitive(all, "jira"), answer);
    }
    cJSON_Delete(site);
    cJSON_Delete(all);
}
