/*
 * Jira's documents: an issue and a user as Cloud (v3: rich text as ADF, people by accountId) and as
 * Data Center (v2: strings, people by name) write them. An issue of the fixtures names its status,
 * people and project; the rest comes from site.json.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static char *self_link(const struct sim_request *req, int api, const char *what, const char *id)
{
    const char *host = sim_pairs_get(&req->headers, "host");
    return sim_printf("%s://%s/rest/api/%d/%s%s", req->tls ? "https" : "http",
                      host ? host : "127.0.0.1", api, what, id);
}

static void add_self(cJSON *object, const struct sim_request *req, int api, const char *what,
                     const char *id)
{
    char *link = self_link(req, api, what, id);
    cJSON_AddStringToObject(object, "self", link);
    free(link);
}

/* null for nobody. A user without "emailAddress" hides it: the key is then absent, as Cloud leaves
 * it out. */
cJSON *sim_jira_user_render(const struct sim_request *req, const cJSON *site, const char *login,
                            int api, bool cloud)
{
    const cJSON *users = cJSON_GetObjectItemCaseSensitive(site, "users");
    const cJSON *user = login ? cJSON_GetObjectItemCaseSensitive(users, login) : NULL;
    if (!user)
        return cJSON_CreateNull();
    const char *account_id = sim_json_string(user, "accountId");
    const char *name = sim_json_string(user, "name");
    const char *email = sim_json_string(user, "emailAddress");
    const char *display = sim_json_string(user, "displayName");
    cJSON *out = cJSON_CreateObject();
    if (cloud) {
        add_self(out, req, api, "user?accountId=", account_id ? account_id : "");
        cJSON_AddStringToObject(out, "accountId", account_id ? account_id : "");
    } else {
        add_self(out, req, api, "user?username=", name ? name : login);
        cJSON_AddStringToObject(out, "name", name ? name : login);
        cJSON_AddStringToObject(out, "key", name ? name : login);
    }
    if (email)
        cJSON_AddStringToObject(out, "emailAddress", email);
    cJSON_AddObjectToObject(out, "avatarUrls");
    cJSON_AddStringToObject(out, "displayName", display ? display : login);
    cJSON_AddBoolToObject(out, "active", !sim_json_true(user, "inactive"));
    cJSON_AddStringToObject(out, "timeZone", "Etc/UTC");
    if (cloud)
        cJSON_AddStringToObject(out, "accountType", "atlassian");
    return out;
}

static cJSON *category_render(const struct sim_request *req, const char *key, int api)
{
    static const struct {
        const char *key;
        int id;
        const char *color;
        const char *name;
    } categories[] = {
        {"undefined", 1, "medium-gray", "No Category"},
        {"new", 2, "blue-gray", "To Do"},
        {"done", 3, "green", "Done"},
        {"indeterminate", 4, "yellow", "In Progress"},
    };
    cJSON *out = cJSON_CreateObject();
    size_t i = 0;
    while (i < 3 && strcmp(categories[i].key, key) != 0)
        i++;
    bool known = strcmp(categories[i].key, key) == 0;
    char *id = sim_printf("%d", known ? categories[i].id : 99);
    add_self(out, req, api, "statuscategory/", id);
    free(id);
    cJSON_AddNumberToObject(out, "id", known ? categories[i].id : 99);
    cJSON_AddStringToObject(out, "key", key);
    cJSON_AddStringToObject(out, "colorName", known ? categories[i].color : "brown");
    cJSON_AddStringToObject(out, "name", known ? categories[i].name : key);
    return out;
}

/* A status without "category" in site.json has no statusCategory in the answer either. */
static cJSON *status_render(const struct sim_request *req, const cJSON *site, const char *name,
                            int api)
{
    const cJSON *statuses = cJSON_GetObjectItemCaseSensitive(site, "statuses");
    const cJSON *status = name ? cJSON_GetObjectItemCaseSensitive(statuses, name) : NULL;
    const char *id = sim_json_string(status, "id");
    const char *category = sim_json_string(status, "category");
    if (!name)
        return cJSON_CreateNull();
    cJSON *out = cJSON_CreateObject();
    add_self(out, req, api, "status/", id ? id : "1");
    cJSON_AddStringToObject(out, "description", "");
    cJSON_AddStringToObject(out, "name", name);
    cJSON_AddStringToObject(out, "id", id ? id : "1");
    if (category)
        cJSON_AddItemToObject(out, "statusCategory", category_render(req, category, api));
    return out;
}

static cJSON *named_render(const struct sim_request *req, int api, const char *what,
                           const char *name)
{
    if (!name)
        return cJSON_CreateNull();
    char hex[SIM_SHA256_HEX];
    sim_sha256_hex(name, strlen(name), hex);
    char *id = sim_printf("%d", 10000 + (hex[0] * 7 + hex[1] * 3 + hex[2]) % 900);
    cJSON *out = cJSON_CreateObject();
    add_self(out, req, api, what, id);
    cJSON_AddStringToObject(out, "id", id);
    cJSON_AddStringToObject(out, "name", name);
    free(id);
    return out;
}

static cJSON *project_render(const struct sim_request *req, const cJSON *site, const char *key,
                             int api)
{
    char *project_key = sim_strndup(key, strcspn(key, "-"));
    const cJSON *project =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(site, "projects"),
                                         project_key);
    const char *id = sim_json_string(project, "id");
    const char *name = sim_json_string(project, "name");
    cJSON *out = cJSON_CreateObject();
    add_self(out, req, api, "project/", id ? id : "10000");
    cJSON_AddStringToObject(out, "id", id ? id : "10000");
    cJSON_AddStringToObject(out, "key", project_key);
    cJSON_AddStringToObject(out, "name", name ? name : project_key);
    cJSON_AddStringToObject(out, "projectTypeKey",
                            sim_json_true(project, "service_desk") ? "service_desk" : "software");
    free(project_key);
    return out;
}

/* Atlassian Document Format: one paragraph a line. */
static cJSON *adf_render(const char *text)
{
    if (!text)
        return cJSON_CreateNull();
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "version", 1);
    cJSON_AddStringToObject(doc, "type", "doc");
    cJSON *content = cJSON_AddArrayToObject(doc, "content");
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        cJSON *paragraph = cJSON_CreateObject();
        cJSON_AddStringToObject(paragraph, "type", "paragraph");
        cJSON *runs = cJSON_AddArrayToObject(paragraph, "content");
        if (len > 0) {
            char *line = sim_strndup(text, len);
            cJSON *run = cJSON_CreateObject();
            cJSON_AddStringToObject(run, "type", "text");
            cJSON_AddStringToObject(run, "text", line);
            cJSON_AddItemToArray(runs, run);
            free(line);
        }
        cJSON_AddItemToArray(content, paragraph);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
    return doc;
}

static cJSON *fields_render(const struct sim_request *req, const cJSON *site, const cJSON *issue,
                            int api, bool cloud)
{
    cJSON *out = cJSON_CreateObject();
    const char *key = sim_json_string(issue, "key");
    const char *description = sim_json_string(issue, "description");
    const char *summary = sim_json_string(issue, "summary");
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(issue, "labels");
    cJSON_AddStringToObject(out, "summary", summary ? summary : "");
    cJSON_AddItemToObject(out, "issuetype",
                          named_render(req, api, "issuetype/",
                                       sim_json_string(issue, "issuetype")));
    cJSON_AddItemToObject(out, "status",
                          status_render(req, site, sim_json_string(issue, "status"), api));
    cJSON_AddItemToObject(out, "project", project_render(req, site, key, api));
    cJSON_AddItemToObject(out, "priority",
                          named_render(req, api, "priority/", sim_json_string(issue, "priority")));
    cJSON_AddItemToObject(out, "resolution",
                          named_render(req, api, "resolution/",
                                       sim_json_string(issue, "resolution")));
    const char *const people[] = {"assignee", "reporter", "creator"};
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        cJSON_AddItemToObject(out, people[i],
                              sim_jira_user_render(req, site, sim_json_string(issue, people[i]),
                                                   api, cloud));
    cJSON_AddItemToObject(out, "labels",
                          labels ? cJSON_Duplicate(labels, true) : cJSON_CreateArray());
    if (api == 3)
        cJSON_AddItemToObject(out, "description", adf_render(description));
    else if (description)
        cJSON_AddStringToObject(out, "description", description);
    else
        cJSON_AddNullToObject(out, "description");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, issue)
    {
        if (sim_starts_with(item->string, "customfield_") || strcmp(item->string, "created") == 0 ||
            strcmp(item->string, "updated") == 0)
            cJSON_AddItemToObject(out, item->string, cJSON_Duplicate(item, true));
    }
    return out;
}

static bool list_has(const char *list, const char *name)
{
    size_t name_len = strlen(name);
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        if (len == name_len && strncmp(list, name, len) == 0)
            return true;
        list += len + (list[len] == ',' ? 1 : 0);
    }
    return false;
}

/* fields=a,b keeps those; *all, *navigable or nothing but exclusions keeps all; -a leaves one out.
 */
static void filter_fields(const struct sim_request *req, cJSON *fields)
{
    const char *wanted = sim_pairs_get(&req->args, "fields");
    if (!wanted || wanted[0] == '\0')
        return;
    bool all = list_has(wanted, "*all") || list_has(wanted, "*navigable") || wanted[0] == '-';
    for (cJSON *item = fields->child; item;) {
        cJSON *next = item->next;
        char *excluded = sim_printf("-%s", item->string);
        if (list_has(wanted, excluded) || !(all || list_has(wanted, item->string)))
            cJSON_Delete(cJSON_DetachItemViaPointer(fields, item));
        free(excluded);
        item = next;
    }
}

/* Walks dots: status.statusCategory.key. With value NULL the member goes, else it becomes value
 * (taken over). */
static void change_member(cJSON *object, const char *path, cJSON *value)
{
    size_t len = strcspn(path, ".");
    char *name = sim_strndup(path, len);
    if (path[len] == '.') {
        cJSON *child = cJSON_GetObjectItemCaseSensitive(object, name);
        if (child)
            change_member(child, path + len + 1, value);
        else
            cJSON_Delete(value);
    } else {
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
        if (value)
            cJSON_AddItemToObject(object, name, value);
    }
    free(name);
}

static bool is_top_level(const char *path)
{
    return strcmp(path, "key") == 0 || strcmp(path, "id") == 0 || strcmp(path, "self") == 0 ||
           strcmp(path, "expand") == 0 || sim_starts_with(path, "fields");
}

static void apply_faults(const struct sim_request *req, cJSON *issue)
{
    cJSON *fields = cJSON_GetObjectItemCaseSensitive(issue, "fields");
    for (size_t i = 0; i < req->faults.count; i++) {
        const struct sim_pair *fault = &req->faults.items[i];
        bool set = strcmp(fault->name, "set") == 0;
        if (!set && strcmp(fault->name, "missing") != 0)
            continue;
        size_t path_len = set ? strcspn(fault->value, "=") : strlen(fault->value);
        char *path = sim_strndup(fault->value, path_len);
        cJSON *value = NULL;
        if (set) {
            const char *text = fault->value + path_len + (fault->value[path_len] == '=' ? 1 : 0);
            value = cJSON_Parse(text);
            if (!value)
                value = cJSON_CreateString(text);
        }
        change_member(is_top_level(path) ? issue : fields, path, value);
        free(path);
    }
    const char *wrong = sim_fault_arg(req, "wrong-number");
    if (wrong)
        change_member(issue, "key", cJSON_CreateString(wrong[0] != '\0' ? wrong : "WRONG-1"));
}

cJSON *sim_jira_issue_render(const struct sim_request *req, const cJSON *site, const cJSON *issue,
                             int api, bool cloud)
{
    const char *id = sim_json_string(issue, "id");
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "expand",
                            "renderedFields,names,schema,operations,editmeta,changelog");
    cJSON_AddStringToObject(out, "id", id ? id : "1");
    add_self(out, req, api, "issue/", id ? id : "1");
    cJSON_AddStringToObject(out, "key", sim_json_string(issue, "key"));
    cJSON *fields = fields_render(req, site, issue, api, cloud);
    filter_fields(req, fields);
    cJSON_AddItemToObject(out, "fields", fields);
    apply_faults(req, out);
    return out;
}
