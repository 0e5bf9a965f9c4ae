#include "aws/ini.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/secret.h"
#include "text/utf8.h"

/* Where the reader stands. `setting` is the one that an indented line continues. */
struct reader {
    const char *name;
    struct gs3_ini *ini;
    size_t section; /* index, or NONE */
    size_t setting; /* index in that section, or NONE */
    size_t indent;  /* of the line that began the setting */
    unsigned line;
    unsigned blank_lines; /* inside the value, since its last text */
    struct gs3_err *err;
};
static const size_t NONE = (size_t)-1;

/* A stretch of the text, not terminated. */
struct span {
    const char *start;
    size_t length_bytes;
};

static int refuse(const struct reader *reader, const char *problem)
{
    return gs3_fail(reader->err, GS3_ECONFIG, "%s:%u: %s", reader->name, reader->line, problem);
}

static struct span trim(struct span text)
{
    while (text.length_bytes > 0 && gs3_ascii_is_space(*text.start)) {
        text.start++;
        text.length_bytes--;
    }
    while (text.length_bytes > 0 && gs3_ascii_is_space(text.start[text.length_bytes - 1]))
        text.length_bytes--;
    return text;
}

static char *take(struct span text)
{
    text = trim(text);
    return gs3_xstrndup(text.start, text.length_bytes);
}

static void wipe(char *text)
{
    if (text)
        gs3_secret_wipe(text, strlen(text));
    free(text);
}

const struct gs3_ini_section *gs3_ini_section(const struct gs3_ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->sections[i].name, name) == 0)
            return &ini->sections[i];
    return NULL;
}

const struct gs3_ini_setting *gs3_ini_setting(const struct gs3_ini_section *section,
                                              const char *parent, const char *name)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->settings[i].name, name) == 0 &&
            gs3_str_equal(section->settings[i].parent, parent))
            return &section->settings[i];
    return NULL;
}

/* Takes `parent`, `name` and `value` over. */
static struct gs3_ini_setting *add_setting(struct gs3_ini_section *section, char *parent,
                                           char *name, char *value, unsigned line)
{
    if (section->count == section->capacity) {
        section->capacity = section->capacity ? section->capacity * 2 : 8;
        section->settings =
            gs3_xreallocarray(section->settings, section->capacity, sizeof *section->settings);
    }
    struct gs3_ini_setting *setting = &section->settings[section->count++];
    *setting = (struct gs3_ini_setting){parent, name, value, line};
    return setting;
}

static int begin_section(struct reader *reader, struct span text)
{
    struct gs3_ini *ini = reader->ini;
    const char *end = memrchr(text.start, ']', text.length_bytes);
    if (!end || end == text.start + 1)
        return refuse(reader, "a section is written [NAME]");
    gs3_auto_free char *name = gs3_xstrndup(text.start + 1, (size_t)(end - text.start) - 1);
    const struct gs3_ini_section *other = gs3_ini_section(ini, name);
    if (other)
        return gs3_fail(reader->err, GS3_ECONFIG, "%s:%u: section [%.100s] is there twice: line %u",
                        reader->name, reader->line, name, other->line);
    if (ini->count >= GS3_INI_SECTIONS)
        return refuse(reader, "too many sections");
    if (ini->count == ini->capacity) {
        ini->capacity = ini->capacity ? ini->capacity * 2 : 8;
        ini->sections = gs3_xreallocarray(ini->sections, ini->capacity, sizeof *ini->sections);
    }
    reader->section = ini->count;
    reader->setting = NONE;
    ini->sections[ini->count++] =
        (struct gs3_ini_section){.name = gs3_xstrdup(name), .line = reader->line};
    return 0;
}

static int begin_setting(struct reader *reader, struct span text)
{
    if (reader->section == NONE)
        return refuse(reader, "a setting before the first [SECTION]");
    struct gs3_ini_section *section = &reader->ini->sections[reader->section];
    size_t length = 0;
    while (length < text.length_bytes && text.start[length] != '=' && text.start[length] != ':')
        length++;
    if (length == text.length_bytes)
        return refuse(reader, "neither a [SECTION] nor NAME = VALUE");
    gs3_auto_free char *name = take((struct span){text.start, length});
    gs3_str_lower(name);
    if (!*name)
        return refuse(reader, "a value without a name");
    if (section->count >= GS3_INI_SETTINGS)
        return refuse(reader, "too many settings in one section");
    const struct gs3_ini_setting *other = gs3_ini_setting(section, NULL, name);
    if (other)
        return gs3_fail(reader->err, GS3_ECONFIG, "%s:%u: \"%.100s\" is there twice: line %u",
                        reader->name, reader->line, name, other->line);
    struct span value = {text.start + length + 1, text.length_bytes - length - 1};
    reader->setting = section->count;
    reader->blank_lines = 0;
    add_setting(section, NULL, gs3_xstrdup(name), take(value), reader->line);
    return 0;
}

/* A line of a nested block. */
static int add_nested(struct reader *reader, const char *parent, struct span text)
{
    struct gs3_ini_section *section = &reader->ini->sections[reader->section];
    const char *equals = memchr(text.start, '=', text.length_bytes);
    if (!equals)
        return refuse(reader, "a nested setting is written NAME = VALUE");
    size_t length = (size_t)(equals - text.start);
    gs3_auto_free char *name = take((struct span){text.start, length});
    char *value = take((struct span){equals + 1, text.length_bytes - length - 1});
    const struct gs3_ini_setting *other = gs3_ini_setting(section, parent, name);
    bool is_same = other && strcmp(other->value, value) == 0;
    if (other || section->count >= GS3_INI_SETTINGS) {
        wipe(value);
        if (is_same)
            return 0;
        return refuse(reader, other ? "a nested setting is there twice, with another value"
                                    : "too many settings in one section");
    }
    add_setting(section, gs3_xstrdup(parent), gs3_xstrdup(name), value, reader->line);
    return 0;
}

/* An indented line: more of a value, or of a nested block. */
static int continue_setting(struct reader *reader, struct span text)
{
    struct gs3_ini_setting *setting =
        &reader->ini->sections[reader->section].settings[reader->setting];
    if (!setting->value || !*setting->value) {
        wipe(setting->value);
        setting->value = NULL;
        gs3_auto_free char *parent = gs3_xstrdup(setting->name); /* the list may move */
        return add_nested(reader, parent, text);
    }
    gs3_auto_buf struct gs3_buf joined = GS3_BUF_INIT(GS3_INI_VALUE_BYTES);
    int status = gs3_buf_puts(&joined, setting->value);
    for (; reader->blank_lines > 0; reader->blank_lines--)
        status |= gs3_buf_putc(&joined, '\n');
    status |= gs3_buf_putc(&joined, '\n');
    status |= gs3_buf_append(&joined, text.start, text.length_bytes);
    if (status)
        return refuse(reader, "a value is too long");
    wipe(setting->value);
    setting->value = gs3_buf_take(&joined);
    return 0;
}

static int read_line(struct reader *reader, struct span line)
{
    for (size_t i = 0; i < line.length_bytes; i++)
        if (((unsigned char)line.start[i] < ' ' && line.start[i] != '\t') || line.start[i] == 0x7f)
            return refuse(reader, "a control character");
    if (!gs3_utf8_is_valid(line.start, line.length_bytes))
        return refuse(reader, "not UTF-8");
    struct span text = trim(line);
    if (text.length_bytes == 0) {
        reader->blank_lines++;
        return 0;
    }
    if (*text.start == '#' || *text.start == ';')
        return 0;
    size_t indent = (size_t)(text.start - line.start);
    if (reader->section != NONE && reader->setting != NONE && indent > reader->indent)
        return continue_setting(reader, text);
    reader->indent = indent;
    return *text.start == '[' ? begin_section(reader, text) : begin_setting(reader, text);
}

int gs3_ini_parse(const char *name, const char *data, size_t length_bytes, struct gs3_ini *ini,
                  struct gs3_err *err)
{
    struct reader reader = {
        .name = name, .ini = ini, .section = NONE, .setting = NONE, .line = 1, .err = err};
    if (length_bytes > GS3_INI_BYTES)
        return gs3_fail(err, GS3_ECONFIG, "%s: larger than 1 MiB", name);
    if (length_bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        return refuse(&reader, "begins with a byte order mark: save it as plain UTF-8");
    for (size_t at = 0; at < length_bytes; reader.line++) {
        size_t size = 0;
        while (at + size < length_bytes && data[at + size] != '\n' && data[at + size] != '\r')
            size++;
        if (read_line(&reader, (struct span){data + at, size}))
            return -1;
        at += size;
        /* \n, \r\n and a lone \r end a line, as in Python's text files. */
        if (at < length_bytes)
            at += data[at] == '\r' && at + 1 < length_bytes && data[at + 1] == '\n' ? 2 : 1;
    }
    return 0;
}

void gs3_ini_release(struct gs3_ini *ini)
{
    for (size_t i = 0; i < ini->count; i++) {
        struct gs3_ini_section *section = &ini->sections[i];
        for (size_t j = 0; j < section->count; j++) {
            free(section->settings[j].parent);
            free(section->settings[j].name);
            wipe(section->settings[j].value);
        }
        free(section->settings);
        free(section->name);
    }
    free(ini->sections);
    *ini = (struct gs3_ini){.sections = NULL};
}

char *gs3_ini_read_word(const char **text)
{
    gs3_auto_buf struct gs3_buf word = GS3_BUF_INIT(GS3_INI_BYTES);
    char quote = 0;
    const char *c = *text;
    for (; *c && (quote || !gs3_ascii_is_space(*c)); c++) {
        if (quote ? *c == quote : *c == '"' || *c == '\'') {
            quote = quote ? 0 : *c;
            continue;
        }
        bool is_escape = *c == '\\' && quote != '\'' && (!quote || c[1] == quote || c[1] == '\\');
        if (is_escape && !*++c)
            return NULL;
        gs3_buf_putc(&word, *c);
    }
    *text = c;
    return quote ? NULL : gs3_buf_take(&word);
}

char *gs3_ini_section_word(const char *section_name, const char *kind)
{
    char *words[2] = {NULL, NULL};
    size_t count = 0;
    const char *rest = section_name;
    while (count < 3) {
        while (gs3_ascii_is_space(*rest))
            rest++;
        if (!*rest)
            break;
        gs3_auto_free char *word = gs3_ini_read_word(&rest);
        if (!word)
            count = 3;
        else if (count < 2)
            words[count++] = gs3_xstrdup(word);
        else
            count++;
    }
    bool fits = count == 2 && strcmp(words[0], kind) == 0;
    if (!fits) {
        free(words[1]);
        words[1] = NULL;
    }
    free(words[0]);
    return words[1];
}
