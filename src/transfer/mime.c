#include "transfer/mime.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char default_mime_types[] = "/etc/mime.types";
static const char default_globs2[] = "/usr/share/mime/globs2";
static const char blanks[] = " \t\r\n";

enum { LINE_BYTES = 4096, TYPE_BYTES = 127 };

/* What goes into a header must look like type/subtype, whatever the table holds. */
static bool is_type(const char *text)
{
    const char *slash = strchr(text, '/');
    if (!slash || slash == text || !slash[1] || strlen(text) > TYPE_BYTES)
        return false;
    for (const char *c = text; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && !strchr("/.+-_", *c))
            return false;
    return true;
}

/* How much of `name` a glob "*.tar.gz" covers: the extension's length, 0 when it does not fit. */
static size_t extension_fit(const char *name, const char *extension)
{
    size_t name_bytes = strlen(name);
    size_t extension_bytes = strlen(extension);
    if (extension_bytes == 0 || name_bytes < extension_bytes + 2)
        return 0;
    const char *tail = name + name_bytes - extension_bytes;
    return tail[-1] == '.' && gs3_str_equal_nocase(tail, extension) ? extension_bytes : 0;
}

/* What a table says, one line after the other: an extension and its type. */
struct visitor {
    void (*see)(void *context, const char *extension, const char *type);
    void *context;
};

/* "application/json json map": a type and its extensions. */
static void read_mime_types_line(char *line, const struct visitor *visitor)
{
    char *rest = NULL;
    const char *type = strtok_r(line, blanks, &rest);
    if (!type || *type == '#' || !is_type(type))
        return;
    for (const char *word = strtok_r(NULL, blanks, &rest); word;
         word = strtok_r(NULL, blanks, &rest))
        visitor->see(visitor->context, word, type);
}

/* "50:application/json:*.json[:flags]", the heaviest first. */
static void read_globs2_line(char *line, const struct visitor *visitor)
{
    char *rest = NULL;
    const char *weight = strtok_r(line, ":\n", &rest);
    const char *type = strtok_r(NULL, ":\n", &rest);
    const char *glob = strtok_r(NULL, ":\n", &rest);
    if (!weight || *weight == '#' || !type || !glob || !gs3_str_has_prefix(glob, "*.") ||
        strpbrk(glob + 2, "*?[") || !is_type(type))
        return;
    visitor->see(visitor->context, glob + 2, type);
}

static void read_table(const char *path, void (*read_line)(char *, const struct visitor *),
                       const struct visitor *visitor)
{
    gs3_auto_fclose FILE *file = fopen(path, "re");
    char line[LINE_BYTES];
    while (file && fgets(line, sizeof line, file))
        read_line(line, visitor);
}

static void read_mime_types(const struct gs3_mime_tables *tables, const struct visitor *visitor)
{
    const char *path = tables && tables->mime_types ? tables->mime_types : default_mime_types;
    read_table(path, read_mime_types_line, visitor);
}

static void read_globs2(const struct gs3_mime_tables *tables, const struct visitor *visitor)
{
    const char *path = tables && tables->globs2 ? tables->globs2 : default_globs2;
    read_table(path, read_globs2_line, visitor);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The search for one name while the table goes by. */
struct search {
    const char *name;
    char *best;
    size_t best_fit;
    bool later_wins; /* of two lines with the same extension: the last one, as in Python's mimetypes
                        and with it in aws-cli; of globs2, where the heaviest comes first, the first
                      */
};

static void keep_longer(void *context, const char *extension, const char *type)
{
    struct search *search = context;
    size_t fit = extension_fit(search->name, extension);
    if (fit == 0 || fit < search->best_fit || (fit == search->best_fit && !search->later_wins))
        return;
    free(search->best);
    search->best = gs3_xstrdup(type);
    search->best_fit = fit;
}

char *gs3_mime_guess(const struct gs3_mime_tables *tables, const char *path)
{
    struct search search = {.name = name_of(path), .later_wins = true};
    const struct visitor visitor = {.see = keep_longer, .context = &search};
    if (!strchr(search.name, '.'))
        return NULL;
    read_mime_types(tables, &visitor);
    search.later_wins = false;
    if (!search.best)
        read_globs2(tables, &visitor);
    return search.best;
}

struct known {
    char *extension; /* lower case */
    char *type;
    size_t order;
};

struct table {
    struct known *items; /* by extension; of equal ones the first counts */
    size_t count, room;
};

struct gs3_mime {
    struct table tables[2]; /* mime.types, globs2 */
};

static void add_known(void *context, const char *extension, const char *type)
{
    struct table *table = context;
    if (table->count == table->room) {
        table->room = table->room ? 2 * table->room : 1024;
        table->items = gs3_xreallocarray(table->items, table->room, sizeof *table->items);
    }
    table->items[table->count] = (struct known){.extension = gs3_str_lower(gs3_xstrdup(extension)),
                                                .type = gs3_xstrdup(type),
                                                .order = table->count};
    table->count++;
}

static int compare_first_wins(const void *a, const void *b)
{
    const struct known *one = a, *other = b;
    int order = strcmp(one->extension, other->extension);
    return order ? order : (one->order > other->order) - (one->order < other->order);
}

static int compare_last_wins(const void *a, const void *b)
{
    const struct known *one = a, *other = b;
    int order = strcmp(one->extension, other->extension);
    return order ? order : (one->order < other->order) - (one->order > other->order);
}

struct gs3_mime *gs3_mime_read(const struct gs3_mime_tables *tables)
{
    struct gs3_mime *mime = gs3_xcalloc(1, sizeof *mime);
    struct table *types = &mime->tables[0], *globs = &mime->tables[1];
    read_mime_types(tables, &(struct visitor){.see = add_known, .context = types});
    read_globs2(tables, &(struct visitor){.see = add_known, .context = globs});
    if (types->count > 0)
        qsort(types->items, types->count, sizeof *types->items, compare_last_wins);
    if (globs->count > 0)
        qsort(globs->items, globs->count, sizeof *globs->items, compare_first_wins);
    return mime;
}

void gs3_mime_free(struct gs3_mime *mime)
{
    for (size_t i = 0; mime && i < 2; i++) {
        for (size_t j = 0; j < mime->tables[i].count; j++) {
            free(mime->tables[i].items[j].extension);
            free(mime->tables[i].items[j].type);
        }
        free(mime->tables[i].items);
    }
    free(mime);
}

/* The first of those with this extension, or NULL. */
static const char *find_known(const struct table *table, const char *extension)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->items[middle].extension, extension) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_found = low < table->count && strcmp(table->items[low].extension, extension) == 0;
    return is_found ? table->items[low].type : NULL;
}

const char *gs3_mime_find(const struct gs3_mime *mime, const char *path)
{
    gs3_auto_free char *name = gs3_str_lower(gs3_xstrdup(name_of(path)));
    for (size_t i = 0; i < 2; i++) {
        /* From the longest extension on; a name that is all extension has none. */
        for (const char *dot = *name ? strchr(name + 1, '.') : NULL; dot;
             dot = strchr(dot + 1, '.')) {
            const char *type = dot[1] ? find_known(&mime->tables[i], dot + 1) : NULL;
            if (type)
                return type;
        }
    }
    return NULL;
}
