#include "cli/metadata_option.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "text/json.h"

enum { OPTION_BYTES = 64 * 1024 };

static int add(struct gs3_pairs *pairs, const char *key, const char *value, struct gs3_err *err)
{
    if (!*key)
        return gs3_fail(err, GS3_EUSAGE, "--metadata: a key is empty: write KEY=VALUE,...");
    if (gs3_pairs_has(pairs, key))
        return gs3_fail(err, GS3_EUSAGE, "--metadata: key %s is given twice", key);
    gs3_pairs_add(pairs, key, value);
    return 0;
}

static int parse_json(const char *text, struct gs3_pairs *pairs, struct gs3_err *err)
{
    gs3_auto_json cJSON *json = gs3_json_parse(text, strlen(text), err);
    if (!json) {
        err->class = GS3_EUSAGE;
        return gs3_wrap(err, "--metadata");
    }
    if (!cJSON_IsObject(json))
        return gs3_fail(err, GS3_EUSAGE, "--metadata: the JSON must be an object of strings");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item))
            return gs3_fail(err, GS3_EUSAGE, "--metadata: the value of %s must be a string",
                            item->string);
        if (add(pairs, item->string, item->valuestring, err))
            return -1;
    }
    return 0;
}

/* Reads one value up to its comma; returns where it ended, or NULL when a quote stays open. */
static const char *read_value(const char *text, struct gs3_buf *value)
{
    char quote = *text == '"' || *text == '\'' ? *text++ : '\0';
    for (; *text && (quote ? *text != quote : *text != ','); text++) {
        if (*text == '\\' && (text[1] == ',' || (quote && text[1] == quote) || text[1] == '\\'))
            text++;
        gs3_buf_putc(value, *text);
    }
    if (!quote)
        return text;
    return *text == quote ? text + 1 : NULL;
}

static int parse_shorthand(const char *text, struct gs3_pairs *pairs, struct gs3_err *err)
{
    while (*text) {
        const char *equals = strchr(text, '=');
        if (!equals || memchr(text, ',', (size_t)(equals - text)))
            return gs3_fail(err, GS3_EUSAGE, "--metadata: write KEY=VALUE,KEY=VALUE");
        gs3_auto_free char *key = gs3_xstrndup(text, (size_t)(equals - text));
        gs3_auto_buf struct gs3_buf value = GS3_BUF_INIT(OPTION_BYTES);
        text = read_value(equals + 1, &value);
        if (!text || (*text && *text != ','))
            return gs3_fail(err, GS3_EUSAGE, "--metadata: the quoted value of %s does not end",
                            key);
        if (add(pairs, key, gs3_buf_string(&value), err))
            return -1;
        if (*text == ',' && !*++text)
            return gs3_fail(err, GS3_EUSAGE, "--metadata: nothing follows the last comma");
    }
    return 0;
}

static int parse_text(const char *text, struct gs3_pairs *pairs, struct gs3_err *err)
{
    const char *start = text + strspn(text, " \t\r\n");
    if (!*start)
        return gs3_fail(err, GS3_EUSAGE, "--metadata is empty: write KEY=VALUE,...");
    return *start == '{' ? parse_json(start, pairs, err) : parse_shorthand(text, pairs, err);
}

int gs3_metadata_option_parse(const char *value, struct gs3_pairs *pairs, struct gs3_err *err)
{
    if (!gs3_str_has_prefix(value, "file://"))
        return parse_text(value, pairs, err);
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(OPTION_BYTES);
    struct gs3_file_read_opts opts = {.maximum_bytes = OPTION_BYTES, .class = GS3_EUSAGE};
    if (gs3_file_read(value + strlen("file://"), &opts, &text, err))
        return gs3_wrap(err, "--metadata");
    if (text.length_bytes > 0 && memchr(text.data, '\0', text.length_bytes))
        return gs3_fail(err, GS3_EUSAGE, "--metadata: the file holds a NUL byte");
    while (text.length_bytes > 0 && text.data[text.length_bytes - 1] == '\n')
        text.data[--text.length_bytes] = '\0';
    return parse_text(gs3_buf_string(&text), pairs, err);
}
