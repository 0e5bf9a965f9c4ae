#include "transfer/mime.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char default_mime_types[] = "/etc/mime.types";
static const char default_globs2[] = "/usr/share/mime/globs2";
static const char blanks[] = " \t\r\n";

enum { TABLE_BYTES = 4 << 20, TYPE_BYTES = 127, FIRST_SLOTS = 4096 };

/* Both point into the table's text. */
struct entry {
    const char *extension, *type;
};

/* One file, by extension: open addressing, at most half full. */
struct table {
    char *text;
    struct entry *slots;
    size_t slot_count, used;
    bool later_wins; /* which of two lines with the same extension counts */
};

struct gs3_mime {
    char *paths[2];
    pthread_mutex_t lock;
    bool is_read;
    struct table tables[2]; /* mime.types, globs2 */
};

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

/* FNV-1a of the lower case. */
static size_t hash(const char *extension)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = extension; *c; c++) {
        hash ^= (unsigned char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
        hash *= UINT64_C(1099511628211);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* Where the extension is, or would go. */
static struct entry *find(const struct table *table, const char *extension)
{
    size_t slot = hash(extension) & (table->slot_count - 1);
    while (table->slots[slot].extension &&
           !gs3_str_equal_nocase(table->slots[slot].extension, extension))
        slot = (slot + 1) & (table->slot_count - 1);
    return &table->slots[slot];
}

static void grow(struct table *table)
{
    struct table larger = *table;
    larger.slot_count = table->slot_count ? 2 * table->slot_count : FIRST_SLOTS;
    larger.slots = gs3_xcalloc(larger.slot_count, sizeof *larger.slots);
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].extension)
            *find(&larger, table->slots[i].extension) = table->slots[i];
    free(table->slots);
    *table = larger;
}

static void add(struct table *table, const char *extension, const char *type)
{
    if (!*extension)
        return;
    if (2 * table->used >= table->slot_count)
        grow(table);
    struct entry *entry = find(table, extension);
    if (entry->extension && !table->later_wins)
        return;
    table->used += !entry->extension;
    *entry = (struct entry){.extension = extension, .type = type};
}

/* "application/json json map": a type and its extensions, the last line first, as Python's
 * mimetypes and with it aws-cli reads it. */
static void read_mime_types_line(struct table *table, char *line)
{
    char *rest = NULL;
    const char *type = strtok_r(line, blanks, &rest);
    if (!type || *type == '#' || !is_type(type))
        return;
    for (const char *word = strtok_r(NULL, blanks, &rest); word;
         word = strtok_r(NULL, blanks, &rest))
        add(table, word, type);
}

/* "50:application/json:*.json[:flags]", the heaviest first. */
static void read_globs2_line(struct table *table, char *line)
{
    char *rest = NULL;
    const char *weight = strtok_r(line, ":", &rest);
    const char *type = strtok_r(NULL, ":", &rest);
    const char *glob = strtok_r(NULL, ":", &rest);
    if (!weight || *weight == '#' || !type || !glob || !gs3_str_has_prefix(glob, "*.") ||
        strpbrk(glob + 2, "*?[") || !is_type(type))
        return;
    add(table, glob + 2, type);
}

static void read_table(struct table *table, const char *path,
                       void (*read_line)(struct table *table, char *line))
{
    gs3_auto_fclose FILE *file = fopen(path, "re");
    if (!file)
        return;
    table->text = gs3_xmalloc(TABLE_BYTES);
    size_t length = fread(table->text, 1, TABLE_BYTES - 1, file);
    table->text = gs3_xrealloc(table->text, length + 1);
    table->text[length] = '\0';
    char *rest = table->text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        read_line(table, line);
}

struct gs3_mime *gs3_mime_new(const struct gs3_mime_tables *tables)
{
    struct gs3_mime *mime = gs3_xcalloc(1, sizeof *mime);
    const char *mime_types = tables && tables->mime_types ? tables->mime_types : default_mime_types;
    const char *globs2 = tables && tables->globs2 ? tables->globs2 : default_globs2;
    mime->paths[0] = gs3_xstrdup(mime_types);
    mime->paths[1] = gs3_xstrdup(globs2);
    mime->tables[0].later_wins = true;
    pthread_mutex_init(&mime->lock, NULL);
    return mime;
}

void gs3_mime_free(struct gs3_mime *mime)
{
    if (!mime)
        return;
    for (size_t i = 0; i < 2; i++) {
        free(mime->paths[i]);
        free(mime->tables[i].text);
        free(mime->tables[i].slots);
    }
    pthread_mutex_destroy(&mime->lock);
    free(mime);
}

static void read_once(struct gs3_mime *mime)
{
    pthread_mutex_lock(&mime->lock);
    if (!mime->is_read) {
        read_table(&mime->tables[0], mime->paths[0], read_mime_types_line);
        read_table(&mime->tables[1], mime->paths[1], read_globs2_line);
        mime->is_read = true;
    }
    pthread_mutex_unlock(&mime->lock);
}

char *gs3_mime_guess(struct gs3_mime *mime, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    /* A name that is all extension, as ".profile", has none. */
    const char *first = *name ? strchr(name + 1, '.') : NULL;
    if (!first)
        return NULL;
    read_once(mime);
    for (size_t i = 0; i < 2; i++) {
        const struct table *table = &mime->tables[i];
        for (const char *dot = first; dot && table->slot_count; dot = strchr(dot + 1, '.')) {
            const struct entry *entry = find(table, dot + 1);
            if (entry->extension)
                return gs3_xstrdup(entry->type);
        }
    }
    return NULL;
}
