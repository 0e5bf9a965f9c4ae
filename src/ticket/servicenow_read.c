#include <math.h>
#include <string.h>

#include "base/str.h"
#include "text/time.h"
#include "ticket/internal.h"

/* One code of a table's `state` and gs3's word for it (ServiceNow: "State model" of Change
 * Management, Incident and Service Catalog). A model may redefine them: what is not here has no
 * word, and every rule that asks for a state fails. */
struct state_word {
    const char *code, *word;
};

static const struct state_word change_states[] = {{"-5", "new"},       {"-4", "assess"},
                                                  {"-3", "authorize"}, {"-2", "scheduled"},
                                                  {"-1", "implement"}, {"0", "review"},
                                                  {"3", "closed"},     {"4", "canceled"},
                                                  {NULL, NULL}};
static const struct state_word incident_states[] = {{"1", "open"},    {"2", "in-progress"},
                                                    {"3", "on-hold"}, {"6", "resolved"},
                                                    {"7", "closed"},  {"8", "canceled"},
                                                    {NULL, NULL}};
static const struct state_word task_states[] = {{"-5", "open"},       {"1", "open"},
                                                {"2", "in-progress"}, {"3", "closed"},
                                                {"4", "closed"},      {"7", "closed"},
                                                {NULL, NULL}};

struct table {
    const char *name, *tracking_system, *fields, *requester;
    const struct state_word *states;
    bool is_change; /* has risk, type, window, on_hold, unauthorized */
};

#define COMMON_FIELDS                                                                              \
    "number,sys_class_name,state,approval,active,short_description,assigned_to,"                   \
    "assigned_to.user_name,assigned_to.email"

#define OPENED_BY_FIELDS ",opened_by,opened_by.user_name,opened_by.email"

static const struct table tables[] = {
    {"change_request", "change-request",
     COMMON_FIELDS ",requested_by,requested_by.user_name,requested_by.email,risk,type,start_date,"
                   "end_date,on_hold,unauthorized",
     "requested_by", change_states, true},
    {"incident", "servicenow", COMMON_FIELDS OPENED_BY_FIELDS, "opened_by", incident_states, false},
    {"sc_task", "servicenow", COMMON_FIELDS OPENED_BY_FIELDS, "opened_by", task_states, false},
};

static const struct table *find_table(const char *name)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(tables[i].name, name) == 0)
            return &tables[i];
    return NULL;
}

const char *gs3_servicenow_fields(const char *table)
{
    const struct table *found = find_table(table);
    return found ? found->fields : NULL;
}

/* What the readers of one row share. */
struct row {
    const struct gs3_ticket_session *session;
    const struct table *table;
    const char *id;
    const cJSON *json;
};

static int missing(const struct row *row, const char *field, struct gs3_err *err)
{
    gs3_ticket_unusable(row->session, err,
                        "answered %s without %s: the field does not exist there or the account "
                        "may not read it",
                        row->id, field);
    return -1;
}

static int misshapen(const struct row *row, const char *field, struct gs3_err *err)
{
    gs3_ticket_unusable(row->session, err, "answered %s with an unusable %s", row->id, field);
    return -1;
}

/* A scalar as text: strings as they are, whole numbers and booleans of typed answers written as
 * the untyped ones are; null is "". NULL for anything else. */
static char *scalar_text(const cJSON *item)
{
    if (cJSON_IsString(item))
        return gs3_xstrdup(item->valuestring);
    if (cJSON_IsBool(item))
        return gs3_xstrdup(cJSON_IsTrue(item) ? "true" : "false");
    if (cJSON_IsNull(item))
        return gs3_xstrdup("");
    if (cJSON_IsNumber(item) && fabs(item->valuedouble) < 1e9 &&
        item->valuedouble == floor(item->valuedouble))
        return gs3_xasprintf("%ld", (long)item->valuedouble);
    return NULL;
}

/* `sub` ("value" or "display_value") of a field. With display_value=all each field is an object;
 * a bare "" is accepted for a dot-walk over an empty reference, anything else bare means that the
 * parameters were not honoured. */
static int read_text(const struct row *row, const char *field, const char *sub, char **text,
                     struct gs3_err *err)
{
    *text = NULL;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(row->json, field);
    if (!item)
        return missing(row, field, err);
    if (cJSON_IsString(item) && item->valuestring[0] == '\0')
        *text = gs3_xstrdup("");
    else if (cJSON_IsObject(item))
        *text = scalar_text(cJSON_GetObjectItemCaseSensitive(item, sub));
    return *text ? 0 : misshapen(row, field, err);
}

static int read_value(const struct row *row, const char *field, char **text, struct gs3_err *err)
{
    return read_text(row, field, "value", text, err);
}

/* An empty text is no fact. */
static void drop_empty(char **text)
{
    if (*text && !**text) {
        free(*text);
        *text = NULL;
    }
}

static int read_fact(const struct row *row, const char *field, char **fact, struct gs3_err *err)
{
    if (read_value(row, field, fact, err))
        return -1;
    drop_empty(fact);
    return 0;
}

static int read_tri(const struct row *row, const char *field, enum gs3_tri *tri,
                    struct gs3_err *err)
{
    gs3_auto_free char *text = NULL;
    if (read_value(row, field, &text, err))
        return -1;
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
        *tri = GS3_YES;
    else if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0)
        *tri = GS3_NO;
    else if (*text)
        return misshapen(row, field, err);
    return 0;
}

/* The `value` is UTC whatever the account's time zone is; `display_value` is not. */
static int read_time(const struct row *row, const char *field, bool *has, int64_t *seconds,
                     struct gs3_err *err)
{
    gs3_auto_free char *text = NULL;
    if (read_value(row, field, &text, err))
        return -1;
    if (!*text)
        return 0;
    if (gs3_time_parse_servicenow(text, seconds))
        return misshapen(row, field, err);
    *has = true;
    return 0;
}

static int read_person_fact(const struct row *row, const char *reference, const char *sub,
                            char **fact, struct gs3_err *err)
{
    gs3_auto_free char *field = gs3_xasprintf("%s.%s", reference, sub);
    return read_fact(row, field, fact, err);
}

static int read_person(const struct row *row, const char *reference, struct gs3_person *person,
                       struct gs3_err *err)
{
    gs3_auto_free char *id = NULL;
    if (read_value(row, reference, &id, err))
        return -1;
    /* Nobody: a dot-walk over it may be left out. */
    if (!*id)
        return 0;
    if (read_person_fact(row, reference, "user_name", &person->user_name, err) ||
        read_person_fact(row, reference, "email", &person->email, err))
        return -1;
    return 0;
}

static int read_state(const struct row *row, struct gs3_ticket *ticket, struct gs3_err *err)
{
    gs3_auto_free char *code = NULL;
    gs3_auto_free char *display = NULL;
    if (read_value(row, "state", &code, err) ||
        read_text(row, "state", "display_value", &display, err))
        return -1;
    for (const struct state_word *state = row->table->states; state->code; state++)
        if (strcmp(state->code, code) == 0)
            ticket->state = gs3_xstrdup(state->word);
    if (*display && strcmp(display, code) != 0)
        ticket->raw_state = gs3_xasprintf("%s (%s)", display, code);
    else
        ticket->raw_state = gs3_xstrdup(code);
    return 0;
}

/* One of the four words, however it is spelt ("Very High", "very_high"), else NULL. */
static const char *risk_word(const char *text)
{
    static const char *const words[] = {"very-high", "high", "moderate", "low"};
    gs3_auto_free char *lower = gs3_str_lower(gs3_xstrdup(text));
    for (char *c = lower; *c; c++)
        if (*c == ' ' || *c == '_')
            *c = '-';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], lower) == 0)
            return words[i];
    return NULL;
}

/* Codes are configurable, so a label that is one of the words goes before the code's usual
 * meaning. */
static int read_risk(const struct row *row, struct gs3_ticket *ticket, struct gs3_err *err)
{
    static const struct state_word codes[] = {
        {"1", "very-high"}, {"2", "high"}, {"3", "moderate"}, {"4", "low"}, {NULL, NULL}};
    gs3_auto_free char *code = NULL;
    gs3_auto_free char *display = NULL;
    if (read_value(row, "risk", &code, err) ||
        read_text(row, "risk", "display_value", &display, err))
        return -1;
    const char *word = risk_word(code);
    if (!word && *code)
        word = risk_word(display);
    for (const struct state_word *known = codes; !word && known->code; known++)
        if (strcmp(known->code, code) == 0)
            word = known->word;
    ticket->risk = gs3_xstrdup_or_null(word);
    return 0;
}

static int read_change(const struct row *row, struct gs3_ticket *ticket, struct gs3_err *err)
{
    if (read_risk(row, ticket, err) || read_fact(row, "type", &ticket->type, err) ||
        read_tri(row, "on_hold", &ticket->on_hold, err) ||
        read_tri(row, "unauthorized", &ticket->unauthorized, err) ||
        read_time(row, "start_date", &ticket->has_window_start, &ticket->window_start, err) ||
        read_time(row, "end_date", &ticket->has_window_end, &ticket->window_end, err))
        return -1;
    return 0;
}

/* Task tables know "on hold" as a state and "unauthorized" not at all. */
static void set_task(struct gs3_ticket *ticket)
{
    ticket->on_hold = gs3_str_equal(ticket->state, "on-hold") ? GS3_YES : GS3_NO;
    ticket->unauthorized = GS3_NO;
}

/* ServiceNow ignores a part of a query that it does not understand and answers with other rows:
 * the row has to be the one asked for, byte for byte. */
static int check_row(const struct row *row, struct gs3_err *err)
{
    gs3_auto_free char *number = NULL;
    gs3_auto_free char *class = NULL;
    if (read_value(row, "number", &number, err))
        return -1;
    if (read_value(row, "sys_class_name", &class, err))
        return -1;
    if (strcmp(number, row->id) != 0)
        return gs3_ticket_unusable(row->session, err, "answered %s when asked for %s", number,
                                   row->id);
    if (strcmp(class, row->table->name) != 0)
        return gs3_ticket_unusable(row->session, err, "answered %s as of table %s, not %s", row->id,
                                   class, row->table->name);
    return 0;
}

static int read_row(const struct row *row, struct gs3_ticket *ticket, struct gs3_err *err)
{
    if (check_row(row, err) || read_state(row, ticket, err) ||
        read_fact(row, "approval", &ticket->approval, err) ||
        read_tri(row, "active", &ticket->active, err) ||
        read_fact(row, "short_description", &ticket->summary, err) ||
        read_person(row, "assigned_to", &ticket->assignee, err) ||
        read_person(row, row->table->requester, &ticket->requester, err))
        return -1;
    if (row->table->is_change) {
        if (read_change(row, ticket, err))
            return -1;
    } else {
        set_task(ticket);
    }
    ticket->id = gs3_xstrdup(row->id);
    ticket->table = gs3_xstrdup(row->table->name);
    ticket->tracking_system = gs3_xstrdup(row->table->tracking_system);
    ticket->verdict = GS3_TICKET_FOUND;
    return 0;
}

int gs3_servicenow_read(const struct gs3_ticket_session *session, const char *table, const char *id,
                        const cJSON *json, struct gs3_ticket *ticket, struct gs3_err *err)
{
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    /* A query that ran out of time answers 200 with an error beside the rows it had. */
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (error && !cJSON_IsNull(error))
        return gs3_ticket_status(session, 200, gs3_json_string(error, "message"), err);
    if (!cJSON_IsArray(result))
        return gs3_ticket_unusable(session, err, "answered without a result list");
    int count = cJSON_GetArraySize(result);
    if (count == 0) {
        ticket->verdict = GS3_TICKET_NOT_FOUND;
        return 0;
    }
    if (count != 1)
        return gs3_ticket_unusable(session, err, "answered %d records for %s: one is expected",
                                   count, id);
    const struct row row = {session, find_table(table), id, cJSON_GetArrayItem(result, 0)};
    if (!row.table || !cJSON_IsObject(row.json))
        return gs3_ticket_unusable(session, err, "answered %s with an unusable record", id);
    return read_row(&row, ticket, err);
}
