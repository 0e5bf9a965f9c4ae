/*
 * ServiceNow's tables: rows from the fixtures, fields by name or dot-walked through references, and
 * the shapes in which the Table API and the change API write them.
 *
 * schema.json says what a field is: table → field → {"type":
 * string|boolean|integer|decimal|datetime|reference, "reference": TABLE, "choices": {raw: label},
 * "default": raw}; table → "_display" names the field that stands for a row. What is not in the
 * schema is an invalid field, whatever the rows hold.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define OVERRIDE "_override"

/* NULL when there is no such table; then answer is the 500 of a broken fixture, or untouched. */
const cJSON *sim_sn_rows(struct sim_sn *sn, const char *table, struct sim_answer *answer)
{
    if (!cJSON_GetObjectItemCaseSensitive(sn->schema, table))
        return NULL;
    const cJSON *known = cJSON_GetObjectItemCaseSensitive(sn->tables, table);
    if (known)
        return known;
    char *name = sim_printf("servicenow/%s.json", table);
    cJSON *rows = sim_fixture_load(sn->sim, name, SIM_TIME_SERVICENOW, answer);
    free(name);
    if (rows)
        cJSON_AddItemToObject(sn->tables, table, rows);
    return rows;
}

static const cJSON *row_by_id(const cJSON *rows, const char *sys_id)
{
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, rows)
    {
        const char *own = sim_json_string(row, "sys_id");
        if (own && sys_id[0] != '\0' && strcmp(own, sys_id) == 0)
            return row;
    }
    return NULL;
}

/* "2026-01-31 08:00:00" in UTC, as a user of another time zone sees it. */
static char *shifted_time(const char *value, int64_t offset_minutes)
{
    struct tm parts = {0};
    if (!strptime(value, "%Y-%m-%d %H:%M:%S", &parts))
        return sim_strdup(value);
    return sim_time_text(timegm(&parts) + (time_t)(offset_minutes * 60), SIM_TIME_SERVICENOW);
}

static char *display_text(struct sim_sn *sn, const cJSON *spec, const char *value)
{
    const char *type = sim_json_string(spec, "type");
    const char *reference = sim_json_string(spec, "reference");
    const char *label = sim_json_string(cJSON_GetObjectItemCaseSensitive(spec, "choices"), value);
    if (label)
        return sim_strdup(label);
    if (type && strcmp(type, "datetime") == 0 && value[0] != '\0')
        return shifted_time(value, sn->utc_offset_minutes);
    if (!reference || value[0] == '\0')
        return sim_strdup(value);
    const cJSON *row = row_by_id(sim_sn_rows(sn, reference, NULL), value);
    const char *naming =
        sim_json_string(cJSON_GetObjectItemCaseSensitive(sn->schema, reference), "_display");
    const char *name = row && naming ? sim_json_string(row, naming) : NULL;
    return sim_strdup(name ? name : "");
}

/* A row may hold a plain text, {"value", "display_value"}, or what a "set" fault put there. */
static void cell_from_item(struct sim_sn *sn, cJSON *item, const cJSON *spec,
                           struct sim_sn_cell *cell)
{
    const char *fallback = sim_json_string(spec, "default");
    *cell = (struct sim_sn_cell){.spec = spec, .value = fallback ? fallback : ""};
    if (cJSON_IsObject(item)) {
        const char *value = sim_json_string(item, "value");
        const char *display = sim_json_string(item, "display_value");
        cell->override = cJSON_GetObjectItemCaseSensitive(item, OVERRIDE);
        cell->value = value ? value : cell->value;
        cell->display = display ? sim_strdup(display) : NULL;
    } else if (cJSON_IsString(item)) {
        cell->value = item->valuestring;
    }
    if (!cell->display)
        cell->display = display_text(sn, spec, cell->value);
}

/*
 * False for a field that the table has not. row may be NULL: an empty reference was walked, every
 * field is "". cell->display is the caller's to free.
 */
bool sim_sn_cell_find(struct sim_sn *sn, const char *table, const cJSON *row, const char *path,
                      struct sim_sn_cell *cell)
{
    static const cJSON nothing = {0};
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(sn->schema, table);
    size_t first_len = strcspn(path, ".");
    char *first = sim_strndup(path, first_len);
    const cJSON *spec = path[0] == '_' ? NULL : cJSON_GetObjectItemCaseSensitive(fields, first);
    cJSON *whole = cJSON_GetObjectItemCaseSensitive(row, path);
    cJSON *item = cJSON_GetObjectItemCaseSensitive(row, first);
    free(first);
    if (whole && path[first_len] == '.') {
        cell_from_item(sn, whole, &nothing, cell);
        return true;
    }
    if (!spec)
        return false;
    if (path[first_len] == '\0') {
        cell_from_item(sn, row ? item : NULL, row ? spec : &nothing, cell);
        cell->spec = spec;
        return true;
    }
    const char *reference = sim_json_string(spec, "reference");
    if (!reference)
        return false;
    struct sim_sn_cell own = {0};
    cell_from_item(sn, item, spec, &own);
    const cJSON *next = row ? row_by_id(sim_sn_rows(sn, reference, NULL), own.value) : NULL;
    free(own.display);
    return sim_sn_cell_find(sn, reference, next, path + first_len + 1, cell);
}

static char *reference_link(const struct sim_sn *sn, const char *table, const char *value)
{
    const char *host = sim_pairs_get(&sn->req->headers, "host");
    return sim_printf("%s://%s/api/now/table/%s/%s", sn->req->tls ? "https" : "http",
                      host ? host : "127.0.0.1", table, value);
}

/* The change API's values are numbers and booleans; whole numbers are written with ".0". */
static cJSON *typed_value(const struct sim_sn_cell *cell)
{
    const char *type = sim_json_string(cell->spec, "type");
    int64_t number = 0;
    if (cell->override)
        return cJSON_Duplicate(cell->override, true);
    if (type && strcmp(type, "boolean") == 0)
        return cJSON_CreateBool(strcmp(cell->value, "true") == 0);
    if (type && strcmp(type, "integer") == 0 && sim_number_parse(cell->value, &number)) {
        char *text = sim_printf("%lld.0", (long long)number);
        cJSON *raw = cJSON_CreateRaw(text);
        free(text);
        return raw;
    }
    return cJSON_CreateString(cell->value);
}

static cJSON *plain_value(const struct sim_sn_cell *cell, const char *text)
{
    return cell->override ? cJSON_Duplicate(cell->override, true) : cJSON_CreateString(text);
}

static cJSON *cell_typed(const struct sim_sn_cell *cell)
{
    const char *type = sim_json_string(cell->spec, "type");
    cJSON *out = cJSON_CreateObject();
    cJSON_AddStringToObject(out, "display_value", cell->display);
    cJSON_AddItemToObject(out, "value", typed_value(cell));
    if (type && strcmp(type, "datetime") == 0)
        cJSON_AddStringToObject(out, "display_value_internal", cell->display);
    return out;
}

/*
 * sysparm_display_value=false: the text, or {link, value}; true: the label, or {display_value,
 * link}; all: {display_value, value}, and link. The links are those of references and go with
 * exclude_reference_link.
 */
static cJSON *cell_render(const struct sim_sn *sn, const struct sim_sn_cell *cell)
{
    const char *mode = sim_pairs_get(&sn->req->args, "sysparm_display_value");
    const char *exclude = sim_pairs_get(&sn->req->args, "sysparm_exclude_reference_link");
    const char *reference = sim_json_string(cell->spec, "reference");
    bool all = mode && strcmp(mode, "all") == 0;
    bool display = mode && strcmp(mode, "true") == 0;
    bool with_link =
        reference && cell->value[0] != '\0' && !(exclude && strcmp(exclude, "true") == 0);
    if (!all && !with_link)
        return plain_value(cell, display ? cell->display : cell->value);
    cJSON *out = cJSON_CreateObject();
    if (all || display)
        cJSON_AddStringToObject(out, "display_value", cell->display);
    if (with_link) {
        char *link = reference_link(sn, reference, cell->value);
        cJSON_AddStringToObject(out, "link", link);
        free(link);
    }
    if (all || !display)
        cJSON_AddItemToObject(out, "value", plain_value(cell, cell->value));
    return out;
}

static void add_field(struct sim_sn *sn, const char *table, const cJSON *row, const char *path,
                      bool typed, cJSON *out)
{
    struct sim_sn_cell cell = {0};
    if (cJSON_GetObjectItemCaseSensitive(out, path) ||
        !sim_sn_cell_find(sn, table, row, path, &cell))
        return;
    cJSON_AddItemToObject(out, path, typed ? cell_typed(&cell) : cell_render(sn, &cell));
    free(cell.display);
}

/* The fields of sysparm_fields that exist, or every field of the table. */
cJSON *sim_sn_row_render(struct sim_sn *sn, const char *table, const cJSON *row, bool typed)
{
    cJSON *out = cJSON_CreateObject();
    const char *fields = sim_pairs_get(&sn->req->args, "sysparm_fields");
    if (fields && fields[0] != '\0') {
        while (*fields != '\0') {
            size_t len = strcspn(fields, ",");
            char *path = sim_strndup(fields, len);
            add_field(sn, table, row, path, typed, out);
            free(path);
            fields += len + (fields[len] == ',' ? 1 : 0);
        }
    } else {
        const cJSON *spec = NULL;
        cJSON_ArrayForEach(spec, cJSON_GetObjectItemCaseSensitive(sn->schema, table))
        {
            add_field(sn, table, row, spec->string, typed, out);
        }
    }
    for (size_t i = 0; i < sn->req->faults.count; i++) {
        const struct sim_pair *fault = &sn->req->faults.items[i];
        if (strcmp(fault->name, "missing") == 0)
            cJSON_DeleteItemFromObjectCaseSensitive(out, fault->value);
    }
    return out;
}

static void set_cell(cJSON *row, const char *field, const char *text)
{
    cJSON *value = cJSON_Parse(text);
    if (!value)
        value = cJSON_CreateString(text);
    cJSON_DeleteItemFromObjectCaseSensitive(row, field);
    if (cJSON_IsString(value)) {
        cJSON_AddItemToObject(row, field, value);
    } else {
        cJSON *holder = cJSON_AddObjectToObject(row, field);
        cJSON_AddItemToObject(holder, OVERRIDE, value);
    }
}

/* A copy of the row, changed as the faults wrong-number and set ask; the caller owns it. */
cJSON *sim_sn_row_with_faults(const struct sim_sn *sn, const cJSON *row, const char *number_fault)
{
    cJSON *copy = cJSON_Duplicate(row, true);
    if (number_fault) {
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "number");
        cJSON_AddStringToObject(copy, "number",
                                number_fault[0] != '\0' ? number_fault : "CHG0099999");
    }
    for (size_t i = 0; i < sn->req->faults.count; i++) {
        const struct sim_pair *fault = &sn->req->faults.items[i];
        const char *equals = strchr(fault->value, '=');
        if (strcmp(fault->name, "set") != 0 || !equals)
            continue;
        char *field = sim_strndup(fault->value, (size_t)(equals - fault->value));
        set_cell(copy, field, equals + 1);
        free(field);
    }
    return copy;
}
