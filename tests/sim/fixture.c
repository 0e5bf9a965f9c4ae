/*
 * Fixture files: read afresh on every request, so that a test can change a ticket while gs3 runs.
 * A string value may be relative: "@now", "@now-1h", "@now+2d-30m" (units s m h d w) become a time
 * in UTC,
 * "@user" at its start or after a slash becomes the name given by --user. Nothing else is expanded.
 */
#include "sim.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL with errno set when the file cannot be read whole. */
char *sim_file_read(const char *path, size_t *len)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    struct sim_buf buf = {0};
    char block[16384];
    size_t n = 0;
    while ((n = fread(block, 1, sizeof(block), file)) > 0 && buf.len < SIM_FILE_MAX_BYTES)
        sim_buf_add(&buf, block, n);
    bool failed = ferror(file) != 0 || buf.len >= SIM_FILE_MAX_BYTES;
    fclose(file);
    if (failed) {
        sim_buf_release(&buf);
        errno = EIO;
        return NULL;
    }
    sim_buf_adds(&buf, "");
    if (len)
        *len = buf.len;
    return buf.data;
}

char *sim_time_text(time_t when, enum sim_time_format format)
{
    struct tm parts;
    char text[64];
    gmtime_r(&when, &parts);
    if (format == SIM_TIME_ISO)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000+0000", &parts);
    else
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
    return sim_strdup(text);
}

static int64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    case 'd': return 86400;
    case 'w': return 604800;
    default: return 0;
    }
}

/* "+0530" → 330; false for what is no offset. */
static bool offset_parse(const char *text, int64_t *minutes)
{
    int64_t number = 0;
    if (strlen(text) != 5 || (text[0] != '+' && text[0] != '-') ||
        !sim_number_parse(text + 1, &number))
        return false;
    *minutes = (number / 100 * 60 + number % 100) * (text[0] == '-' ? -1 : 1);
    return true;
}

/*
 * "@now" followed by any number of signed steps, and by "|+0530" for another zone's clock (ISO
 * only); NULL for what is not of that form.
 */
static char *relative_time(const char *text, enum sim_time_format format)
{
    if (!sim_starts_with(text, "@now"))
        return NULL;
    int64_t when = (int64_t)time(NULL);
    const char *p = text + 4;
    while (*p != '\0' && *p != '|') {
        if (*p != '+' && *p != '-')
            return NULL;
        char *end = NULL;
        long long count = strtoll(p, &end, 10);
        int64_t unit = end == p ? 0 : unit_seconds(*end);
        if (unit == 0 || count > 100000000 || count < -100000000)
            return NULL;
        when += count * unit;
        p = end + 1;
    }
    int64_t minutes = 0;
    if (*p == '\0')
        return sim_time_text((time_t)when, format);
    if (format != SIM_TIME_ISO || !offset_parse(p + 1, &minutes))
        return NULL;
    char *local = sim_time_text((time_t)(when + minutes * 60), format);
    char *out = sim_printf("%.*s%s", (int)strlen(local) - 5, local, p + 1);
    free(local);
    return out;
}

/* The next "@user" that stands for the user: at the start or after a slash, and not the start of a
 * longer word. */
static const char *find_user(const char *text)
{
    const char *found = text;
    while ((found = strstr(found, "@user")) != NULL) {
        if ((found == text || found[-1] == '/') && !isalnum((unsigned char)found[5]))
            return found;
        found += 5;
    }
    return NULL;
}

static char *expand(const struct sim *sim, const char *text, enum sim_time_format format)
{
    char *when = relative_time(text, format);
    if (when)
        return when;
    const char *user = find_user(text);
    if (user)
        return sim_printf("%.*s%s%s", (int)(user - text), text, sim->user, user + 5);
    return NULL;
}

static void expand_tree(const struct sim *sim, cJSON *item, enum sim_time_format format)
{
    for (cJSON *child = item->child; child; child = child->next) {
        if (cJSON_IsString(child)) {
            char *text = expand(sim, child->valuestring, format);
            if (text)
                cJSON_SetValuestring(child, text);
            free(text);
        } else {
            expand_tree(sim, child, format);
        }
    }
}

/*
 * The document at fixtures_dir/name with its placeholders expanded, owned by the caller. NULL when
 * it cannot be read or is no JSON; then answer, unless it is NULL, is a 500 that says so (a broken
 * test, not a fault).
 */
cJSON *sim_fixture_load(const struct sim *sim, const char *name, enum sim_time_format format,
                        struct sim_answer *answer)
{
    char *path = sim_printf("%s/%s", sim->fixtures_dir, name);
    char *text = sim_file_read(path, NULL);
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    if (json) {
        expand_tree(sim, json, format);
    } else if (answer) {
        char *why =
            sim_printf("gs3-sim: fixture %s: %s\n", path, text ? "not JSON" : strerror(errno));
        fputs(why, stderr);
        sim_answer_text(answer, 500, "text/plain", why);
        free(why);
    }
    free(text);
    free(path);
    return json;
}
