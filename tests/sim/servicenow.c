/*
 * ServiceNow: the Table API, the change API and the OAuth endpoint, on the tables of sntable.c.
 * https://www.servicenow.com/docs/: REST API reference, Table API and Change Management API.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static void sn_error(struct sim_answer *answer, unsigned status, const char *message,
                     const char *detail)
{
    cJSON *body = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(body, "error");
    cJSON_AddStringToObject(error, "message", message);
    if (detail)
        cJSON_AddStringToObject(error, "detail", detail);
    else
        cJSON_AddNullToObject(error, "detail");
    cJSON_AddStringToObject(body, "status", "failure");
    sim_answer_json(answer, status, body);
}

struct row_context {
    struct sim_sn *sn;
    const char *table;
    char *kept; /* the last value, so that the query can hold on to it for one comparison */
};

static const char *row_value(void *ctx, const cJSON *row, const char *field)
{
    struct row_context *context = ctx;
    struct sim_sn_cell cell = {0};
    if (!sim_sn_cell_find(context->sn, context->table, row, field, &cell))
        return NULL;
    free(cell.display);
    free(context->kept);
    context->kept = sim_strdup(cell.value);
    return context->kept;
}

/* True when the request may go on. The order is the vendor's: who, then what is accepted, then
 * rights. */
static bool admit(struct sim_sn *sn, const cJSON *accounts, const cJSON **account,
                  struct sim_answer *answer)
{
    const char *accept = sim_pairs_get(&sn->req->headers, "accept");
    if (sim_account_check(sn->sim, sn->req, accounts, account) != SIM_LOGIN_RIGHT) {
        sn_error(answer, 401, "User Not Authenticated", "Required to provide Auth information");
        sim_answer_header(answer, "WWW-Authenticate", "BASIC realm=\"Service-now\"");
        return false;
    }
    if (!accept || !strstr(accept, "application/json")) {
        sn_error(answer, 400, "Requested data format is not supported",
                 "Accept: application/json is missing");
        return false;
    }
    const char *access = sim_json_string(*account, "access");
    if ((access && strcmp(access, "forbidden") == 0) || sim_fault_arg(sn->req, "forbidden")) {
        sn_error(answer, 403, "Insufficient rights to query records",
                 "Field(s) present in the query do not have permission to be read");
        return false;
    }
    sn->utc_offset_minutes = sim_json_integer(*account, "utc_offset_minutes", 0);
    return true;
}

/* The rows that the query lets through, in its order; the caller frees the array, not the rows. */
static const cJSON **select_rows(struct sim_sn *sn, const char *table, const cJSON *rows,
                                 size_t *count, cJSON **ignored)
{
    struct row_context context = {.sn = sn, .table = table};
    const char *text = sim_pairs_get(&sn->req->args, "sysparm_query");
    struct sim_query *query = sim_query_parse(text ? text : "");
    const cJSON **found = sim_alloc((size_t)(cJSON_GetArraySize(rows) + 1) * sizeof(*found));
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, rows)
    {
        if (!sim_json_true(row, "_hidden") && sim_query_matches(query, row, row_value, &context))
            found[(*count)++] = row;
    }
    sim_query_sort(query, found, *count, row_value, &context);
    if (ignored)
        *ignored = sim_query_ignored(query, rows->child, row_value, &context);
    sim_query_free(query);
    free(context.kept);
    return found;
}

static void add_row(struct sim_sn *sn, const char *table, const cJSON *row, bool typed,
                    cJSON *result)
{
    cJSON *changed = sim_sn_row_with_faults(sn, row, sim_fault_arg(sn->req, "wrong-number"));
    int times = sim_fault_arg(sn->req, "two-rows") ? 2 : 1;
    for (int i = 0; i < times; i++)
        cJSON_AddItemToArray(result, sim_sn_row_render(sn, table, changed, typed));
    cJSON_Delete(changed);
}

static int64_t paging(const struct sim_request *req, const char *name, int64_t fallback)
{
    const char *text = sim_pairs_get(&req->args, name);
    int64_t value = 0;
    return text && sim_number_parse(text, &value) && value >= 0 ? value : fallback;
}

/* v1 answers 404 where the later versions answer an empty list. */
static void answer_list(struct sim_sn *sn, const char *table, const cJSON *account, int version,
                        bool typed, struct sim_answer *answer)
{
    const cJSON *rows = sim_sn_rows(sn, table, answer);
    if (!rows)
        return;
    cJSON *result = cJSON_CreateArray();
    cJSON *ignored = NULL;
    size_t count = 0;
    const cJSON **found = select_rows(sn, table, rows, &count, typed ? &ignored : NULL);
    const char *access = sim_json_string(account, "access");
    if ((access && strcmp(access, "none") == 0) || sim_fault_arg(sn->req, "no-rows"))
        count = 0;
    int64_t offset = paging(sn->req, "sysparm_offset", 0);
    int64_t limit = paging(sn->req, "sysparm_limit", 10000);
    for (int64_t i = offset; i < (int64_t)count && i - offset < limit; i++)
        add_row(sn, table, found[i], typed, result);
    free(found);
    if (version == 1 && count == 0 && !typed) {
        cJSON_Delete(result);
        sn_error(answer, 404, "No Record found",
                 "Record doesn't exist or ACL restricts the record retrieval");
        return;
    }
    if (typed) {
        const char *query = sim_pairs_get(&sn->req->args, "sysparm_query");
        cJSON *last = cJSON_CreateObject();
        cJSON *meta = cJSON_AddObjectToObject(last, "__meta");
        cJSON_AddStringToObject(meta, "encodedQuery", query ? query : "");
        cJSON_AddItemToObject(cJSON_AddObjectToObject(meta, "fields"), "ignored", ignored);
        cJSON_AddItemToArray(result, last);
    }
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "result", result);
    sim_answer_json(answer, 200, body);
    char *total = sim_printf("%zu", count);
    sim_answer_header(answer, "X-Total-Count", total);
    free(total);
}

static void answer_record(struct sim_sn *sn, const char *table, const char *sys_id,
                          const cJSON *account, bool typed, struct sim_answer *answer)
{
    const cJSON *rows = sim_sn_rows(sn, table, answer);
    if (!rows)
        return;
    const char *access = sim_json_string(account, "access");
    bool hidden = (access && strcmp(access, "none") == 0) || sim_fault_arg(sn->req, "no-rows");
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, rows)
    {
        const char *own = sim_json_string(row, "sys_id");
        if (own && strcmp(own, sys_id) == 0 && !sim_json_true(row, "_hidden") && !hidden)
            break;
    }
    if (!row) {
        sn_error(answer, 404, "No Record found",
                 "Record doesn't exist or ACL restricts the record retrieval");
        return;
    }
    cJSON *changed = sim_sn_row_with_faults(sn, row, sim_fault_arg(sn->req, "wrong-number"));
    cJSON *body = cJSON_CreateObject();
    cJSON_AddItemToObject(body, "result", sim_sn_row_render(sn, table, changed, typed));
    cJSON_Delete(changed);
    sim_answer_json(answer, 200, body);
}

/* path is what follows "table/" or "change": TABLE[/SYS_ID] or [/SYS_ID]. */
static void answer_path(struct sim_sn *sn, const char *path, int version, bool typed,
                        const cJSON *accounts, struct sim_answer *answer)
{
    const cJSON *account = NULL;
    if (!admit(sn, accounts, &account, answer))
        return;
    if (strcmp(sn->req->method, "GET") != 0) {
        sn_error(answer, 405, "Method not supported", NULL);
        return;
    }
    size_t table_len = strcspn(path, "/");
    char *table = typed ? sim_strdup("change_request") : sim_strndup(path, table_len);
    const char *sys_id = path[table_len] == '/' ? path + table_len + 1 : "";
    if (!cJSON_GetObjectItemCaseSensitive(sn->schema, table)) {
        char *message = sim_printf("Invalid table %s", table);
        sn_error(answer, 400, message, NULL);
        free(message);
    } else if (sys_id[0] != '\0') {
        answer_record(sn, table, sys_id, account, typed, answer);
    } else {
        answer_list(sn, table, account, version, typed, answer);
    }
    free(table);
}

/* The part of path after prefix and an optional version segment, or NULL. */
static const char *after_prefix(const char *path, const char *prefix, const char *name,
                                int *version)
{
    if (!sim_starts_with(path, prefix))
        return NULL;
    path += strlen(prefix);
    *version = 2;
    if (path[0] == 'v' && (path[1] == '1' || path[1] == '2') && path[2] == '/') {
        *version = path[1] - '0';
        path += 3;
    }
    return sim_starts_with(path, name) ? path + strlen(name) : NULL;
}

void sim_servicenow_answer(struct sim *sim, const struct sim_request *req,
                           struct sim_answer *answer)
{
    cJSON *all = sim_fixture_load(sim, "accounts.json", SIM_TIME_SERVICENOW, answer);
    cJSON *schema =
        all ? sim_fixture_load(sim, "servicenow/schema.json", SIM_TIME_SERVICENOW, answer) : NULL;
    const cJSON *accounts = cJSON_GetObjectItemCaseSensitive(all, "servicenow");
    if (schema) {
        struct sim_sn sn = {.sim = sim,
                            .req = req,
                            .schema = schema,
                            .tables = cJSON_CreateObject()};
        int version = 0;
        const char *path = NULL;
        if (strcmp(req->path_decoded, "/oauth_token.do") == 0)
            sim_account_oauth(sim, req, accounts, answer);
        else if ((path = after_prefix(req->path_decoded, "/api/now/", "table/", &version)) != NULL)
            answer_path(&sn, path, version, false, accounts, answer);
        else if ((path = after_prefix(req->path_decoded, "/api/sn_chg_rest/", "change",
                                      &version)) != NULL)
            answer_path(&sn, path, version, true, accounts, answer);
        else
            sn_error(answer, 400, "Requested URI does not represent any resource", req->path);
        cJSON_Delete(sn.tables);
    }
    cJSON_Delete(schema);
    cJSON_Delete(all);
}
