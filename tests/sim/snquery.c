/*
 * ServiceNow's encoded queries with their worst property: what cannot be understood is ignored, and
 * the rows that fit the rest come back; when nothing is left, all of them. "^" joins, "^OR" widens
 * the term before it, "^NQ" starts another query, "ORDERBY" sorts. Texts are compared without
 * regard to case and trailing blanks, as the database behind the real thing does.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum operator_id {
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_LIKE,
    OP_NOT_LIKE,
    OP_STARTS,
    OP_ENDS,
    OP_IN,
    OP_NOT_IN,
    OP_EMPTY,
    OP_NOT_EMPTY,
    OP_NONE
};

enum clause_kind { CLAUSE_AND, CLAUSE_OR, CLAUSE_NEW_QUERY, CLAUSE_ORDER, CLAUSE_ORDER_DESC };

struct clause {
    enum clause_kind kind;
    enum operator_id op;
    char *text;
    char *field;
    char *value;
};

struct sim_query {
    struct clause *clauses;
    size_t count;
};

/* Longer spellings first: ">=" before ">". */
static enum operator_id find_operator(const char *text, size_t *len)
{
    static const struct {
        const char *text;
        enum operator_id op;
    } operators[] = {
        {"ISNOTEMPTY", OP_NOT_EMPTY},
        {"ISEMPTY", OP_EMPTY},
        {"STARTSWITH", OP_STARTS},
        {"ENDSWITH", OP_ENDS},
        {"NOT LIKE", OP_NOT_LIKE},
        {"LIKE", OP_LIKE},
        {"NOT IN", OP_NOT_IN},
        {"IN", OP_IN},
        {"!=", OP_NOT_EQUAL},
        {">=", OP_GREATER_EQUAL},
        {"<=", OP_LESS_EQUAL},
        {"=", OP_EQUAL},
        {">", OP_GREATER},
        {"<", OP_LESS},
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (sim_starts_with(text, operators[i].text)) {
            *len = strlen(operators[i].text);
            return operators[i].op;
        }
    }
    *len = 0;
    return OP_NONE;
}

/* "javascript:" is run by the real thing; here a quoted literal gives its text, anything else the
 * empty string. */
static char *live_value(const char *text)
{
    if (!sim_starts_with(text, "javascript:"))
        return sim_strdup(text);
    const char *script = text + strlen("javascript:");
    size_t len = strlen(script);
    if (len >= 2 && (script[0] == '\'' || script[0] == '"') && script[len - 1] == script[0])
        return sim_strndup(script + 1, len - 2);
    return sim_strdup("");
}

static void clause_parse(struct clause *clause, const char *text, bool first)
{
    clause->text = sim_strdup(text);
    clause->op = OP_NONE;
    if (sim_starts_with(text, "ORDERBY")) {
        bool desc = sim_starts_with(text, "ORDERBYDESC");
        clause->kind = desc ? CLAUSE_ORDER_DESC : CLAUSE_ORDER;
        clause->field = sim_strdup(text + (desc ? 11 : 7));
        return;
    }
    if (!first && sim_starts_with(text, "NQ")) {
        clause->kind = CLAUSE_NEW_QUERY;
        text += 2;
    } else if (!first && sim_starts_with(text, "OR")) {
        clause->kind = CLAUSE_OR;
        text += 2;
    }
    size_t field_len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    size_t op_len = 0;
    clause->op = find_operator(text + field_len, &op_len);
    clause->field = sim_strndup(text, field_len);
    clause->value = live_value(text + field_len + op_len);
}

struct sim_query *sim_query_parse(const char *text)
{
    struct sim_query *query = sim_alloc(sizeof(*query));
    while (*text != '\0') {
        size_t len = strcspn(text, "^");
        char *piece = sim_strndup(text, len);
        query->clauses = sim_realloc(query->clauses, (query->count + 1) * sizeof(*query->clauses));
        struct clause *clause = &query->clauses[query->count];
        *clause = (struct clause){0};
        clause_parse(clause, piece, query->count == 0);
        query->count++;
        free(piece);
        text += len + (text[len] == '^' ? 1 : 0);
    }
    return query;
}

void sim_query_free(struct sim_query *query)
{
    if (!query)
        return;
    for (size_t i = 0; i < query->count; i++) {
        free(query->clauses[i].text);
        free(query->clauses[i].field);
        free(query->clauses[i].value);
    }
    free(query->clauses);
    free(query);
}

static size_t trimmed_len(const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    return len;
}

static bool equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static bool is_in(const char *value, const char *list)
{
    while (true) {
        size_t len = strcspn(list, ",");
        if (equal(value, strlen(value), list, len))
            return true;
        if (list[len] == '\0')
            return false;
        list += len + 1;
    }
}

static int compare(const char *a, const char *b)
{
    int64_t x = 0;
    int64_t y = 0;
    if (sim_number_parse(a, &x) && sim_number_parse(b, &y))
        return (x > y) - (x < y);
    return strcasecmp(a, b);
}

static bool order_holds(enum operator_id op, int order)
{
    if (op == OP_LESS)
        return order < 0;
    if (op == OP_LESS_EQUAL)
        return order <= 0;
    return op == OP_GREATER ? order > 0 : order >= 0;
}

static bool clause_holds(const struct clause *clause, const char *value)
{
    const char *wanted = clause->value;
    size_t len = strlen(value);
    size_t wanted_len = strlen(wanted);
    switch (clause->op) {
    case OP_EQUAL: return equal(value, trimmed_len(value), wanted, trimmed_len(wanted));
    case OP_NOT_EQUAL: return !equal(value, trimmed_len(value), wanted, trimmed_len(wanted));
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL: return order_holds(clause->op, compare(value, wanted));
    case OP_LIKE: return strcasestr(value, wanted) != NULL;
    case OP_NOT_LIKE: return strcasestr(value, wanted) == NULL;
    case OP_STARTS: return strncasecmp(value, wanted, wanted_len) == 0;
    case OP_ENDS: return len >= wanted_len && strcasecmp(value + len - wanted_len, wanted) == 0;
    case OP_IN: return is_in(value, wanted);
    case OP_NOT_IN: return !is_in(value, wanted);
    case OP_EMPTY: return len == 0;
    case OP_NOT_EMPTY: return len > 0;
    case OP_NONE: break;
    }
    return true;
}

static bool is_order(const struct clause *clause)
{
    return clause->kind == CLAUSE_ORDER || clause->kind == CLAUSE_ORDER_DESC;
}

/* The value that a clause tests, or NULL when the clause means nothing for this table. */
static const char *tested(const struct clause *clause, const cJSON *row, sim_query_value_fn value,
                          void *ctx)
{
    return clause->op == OP_NONE || clause->field[0] == '\0' ? NULL
                                                             : value(ctx, row, clause->field);
}

bool sim_query_matches(const struct sim_query *query, const cJSON *row, sim_query_value_fn value,
                       void *ctx)
{
    bool group = true;      /* the terms of this query before the current one */
    bool term = true;       /* the current term */
    bool term_used = false; /* it has a clause that means something */
    for (size_t i = 0; i < query->count; i++) {
        const struct clause *clause = &query->clauses[i];
        if (is_order(clause))
            continue;
        if (clause->kind == CLAUSE_NEW_QUERY) {
            if (group && term)
                return true;
            group = true;
        }
        if (clause->kind != CLAUSE_OR) {
            group = group && (term || clause->kind == CLAUSE_NEW_QUERY);
            term = true;
            term_used = false;
        }
        const char *text = tested(clause, row, value, ctx);
        if (!text)
            continue;
        bool holds = clause_holds(clause, text);
        term = term_used ? term || holds : holds;
        term_used = true;
    }
    return group && term;
}

/* Which parts mean nothing, as the change API reports them. row is any row of the table. */
cJSON *sim_query_ignored(const struct sim_query *query, const cJSON *row, sim_query_value_fn value,
                         void *ctx)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < query->count; i++) {
        const struct clause *clause = &query->clauses[i];
        if (!is_order(clause) && !tested(clause, row, value, ctx))
            cJSON_AddItemToArray(list, cJSON_CreateString(clause->text));
    }
    return list;
}

static int row_compare(const struct sim_query *query, const cJSON *a, const cJSON *b,
                       sim_query_value_fn value, void *ctx)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct clause *clause = &query->clauses[i];
        if (!is_order(clause))
            continue;
        const char *found = value(ctx, a, clause->field);
        if (!found)
            continue;
        char *left = sim_strdup(found);
        const char *right = value(ctx, b, clause->field);
        int result = compare(left, right ? right : "");
        free(left);
        if (result != 0)
            return clause->kind == CLAUSE_ORDER_DESC ? -result : result;
    }
    return 0;
}

/* An insertion sort: stable, and the tables of a test are short. */
void sim_query_sort(const struct sim_query *query, const cJSON **rows, size_t count,
                    sim_query_value_fn value, void *ctx)
{
    for (size_t i = 1; i < count; i++) {
        const cJSON *row = rows[i];
        size_t at = i;
        for (; at > 0 && row_compare(query, rows[at - 1], row, value, ctx) > 0; at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}
