#include "policy/metadata_rule.h"

#include <string.h>

#include "base/mem.h"
#include "policy/parse.h"
#include "text/rfc2047.h"
#include "text/utf8.h"

bool gs3_metadata_is_required_by_table(const char *key, enum gs3_level level)
{
    return strcmp(key, "purpose") == 0 ||
           (level == GS3_LEVEL_STANDARD && strcmp(key, "department") == 0);
}

const char *gs3_metadata_value_problem(const char *value)
{
    enum { VALUE_BYTES = 2048 };
    size_t length = strlen(value);
    if (length > VALUE_BYTES)
        return "it is longer than the 2 KB that all metadata together may have";
    for (size_t offset = 0; offset < length;) {
        uint32_t code_point = 0;
        size_t step = gs3_utf8_decode(value + offset, length - offset, &code_point);
        if (step == 0)
            return "it is not UTF-8";
        if (gs3_utf8_is_unsafe(code_point))
            return "it holds a control or text direction character";
        offset += step;
    }
    if (gs3_rfc2047_is_encoded(value))
        return "it looks like an RFC 2047 encoded word (=?…?=), which S3 would decode";
    return NULL;
}

static size_t character_count(const char *value)
{
    size_t count = 0;
    for (const char *c = value; *c; c++)
        count += ((unsigned char)*c & 0xC0) != 0x80;
    return count;
}

static bool has_value(const struct gs3_strings *values, const char *value)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->items[i], value) == 0)
            return true;
    return false;
}

char *gs3_metadata_problem(const struct gs3_metadata_rule *rule, const char *value)
{
    const char *problem = gs3_metadata_value_problem(value);
    if (problem)
        return gs3_xstrdup(problem);
    if (!rule)
        return NULL;
    size_t count = character_count(value);
    if (rule->has_min_length && count < rule->min_length)
        return gs3_xasprintf("it has %zu characters, at least %ju are required", count,
                             (uintmax_t)rule->min_length);
    if (rule->has_max_length && count > rule->max_length)
        return gs3_xasprintf("it has %zu characters, at most %ju are allowed", count,
                             (uintmax_t)rule->max_length);
    if (rule->one_of.is_set && !has_value(&rule->one_of.values, value))
        return gs3_xasprintf("\"%s\" is not among the allowed values (one_of)",
                             gs3_show(value).text);
    if (rule->pattern && regexec(&rule->regex, value, 0, NULL, 0) != 0)
        return gs3_xasprintf("\"%s\" does not match the pattern %s", gs3_show(value).text,
                             rule->pattern);
    return NULL;
}
