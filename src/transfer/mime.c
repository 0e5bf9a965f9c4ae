#include "transfer/mime.h"

#include <stdbool.h>
#include <stdio.h>
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

/* `later_wins`: which of two lines with the same extension counts. */
static void keep_longer(char **best, size_t *best_fit, size_t fit, bool later_wins,
                        const char *type)
{
    if (fit == 0 || fit < *best_fit || (fit == *best_fit && !later_wins) || !is_type(type))
        return;
    free(*best);
    *best = gs3_xstrdup(type);
    *best_fit = fit;
}

/* "application/json json map": a type and its extensions, the last line first, as Python's
 * mimetypes and with it aws-cli reads it. */
static void read_mime_types_line(char *line, const char *name, char **best, size_t *best_fit)
{
    char *rest = NULL;
    const char *type = strtok_r(line, blanks, &rest);
    if (!type || *type == '#')
        return;
    for (const char *word = strtok_r(NULL, blanks, &rest); word;
         word = strtok_r(NULL, blanks, &rest))
        keep_longer(best, best_fit, extension_fit(name, word), true, type);
}

/* "50:application/json:*.json[:flags]", the heaviest first. */
static void read_globs2_line(char *line, const char *name, char **best, size_t *best_fit)
{
    char *rest = NULL;
    const char *weight = strtok_r(line, ":\n", &rest);
    const char *type = strtok_r(NULL, ":\n", &rest);
    const char *glob = strtok_r(NULL, ":\n", &rest);
    if (!weight || *weight == '#' || !type || !glob || !gs3_str_has_prefix(glob, "*.") ||
        strpbrk(glob + 2, "*?["))
        return;
    keep_longer(best, best_fit, extension_fit(name, glob + 2), false, type);
}

static char *look_up(const char *table, const char *name,
                     void (*read_line)(char *, const char *, char **, size_t *))
{
    gs3_auto_fclose FILE *file = fopen(table, "re");
    char *best = NULL;
    size_t best_fit = 0;
    char line[LINE_BYTES];
    while (file && fgets(line, sizeof line, file))
        read_line(line, name, &best, &best_fit);
    return best;
}

char *gs3_mime_guess(const struct gs3_mime_tables *tables, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!strchr(name, '.'))
        return NULL;
    const char *mime_types = tables && tables->mime_types ? tables->mime_types : default_mime_types;
    const char *globs2 = tables && tables->globs2 ? tables->globs2 : default_globs2;
    char *type = look_up(mime_types, name, read_mime_types_line);
    return type ? type : look_up(globs2, name, read_globs2_line);
}
