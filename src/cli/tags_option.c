#include "cli/tags_option.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { TAGS_MAXIMUM = 10, KEY_CHARACTERS = 128, VALUE_CHARACTERS = 256, PREFIX_BYTES = 4 };

static bool is_allowed(uint32_t character)
{
    if (character > 0x7F)
        return !gs3_utf8_is_unsafe(character);
    return character &&
           (gs3_ascii_is_alnum((char)character) || strchr(" +-=._:/@", (int)character));
}

/* How many characters `text` has; -1 when one of them may not stand in a tag. */
static int count_characters(const char *text)
{
    int count = 0;
    size_t left_bytes = strlen(text);
    while (left_bytes > 0) {
        uint32_t character;
        size_t used = gs3_utf8_decode(text, left_bytes, &character);
        if (used == 0 || !is_allowed(character))
            return -1;
        text += used;
        left_bytes -= used;
        count++;
    }
    return count;
}

static int check(const char *what, const char *text, int maximum, struct gs3_err *err)
{
    int count = count_characters(text);
    if (count < 0)
        return gs3_fail(err, GS3_EUSAGE,
                        "--tags: a %s holds letters, digits, blanks and + - = . _ : / @ only",
                        what);
    if (count > maximum)
        return gs3_fail(err, GS3_EUSAGE, "--tags: a %s has at most %d characters", what, maximum);
    return 0;
}

static bool has_key(const struct gs3_pairs *tags, const char *key)
{
    for (size_t i = 0; i < tags->count; i++)
        if (gs3_str_equal(tags->items[i].name, key))
            return true;
    return false;
}

/* One "KEY=VALUE", which is cut in place. */
static int add(struct gs3_pairs *tags, char *text, struct gs3_err *err)
{
    char *value = strchr(text, '=');
    if (!value || value == text)
        return gs3_fail(err, GS3_EUSAGE, "--tags takes KEY=VALUE,KEY=VALUE");
    *value++ = '\0';
    if (check("key", text, KEY_CHARACTERS, err) || check("value", value, VALUE_CHARACTERS, err))
        return -1;
    gs3_auto_free char *prefix = gs3_str_lower(gs3_xstrndup(text, PREFIX_BYTES));
    if (gs3_str_equal(prefix, "aws:"))
        return gs3_fail(err, GS3_EUSAGE, "--tags: keys that begin with aws: are AWS's own");
    if (has_key(tags, text))
        return gs3_fail(err, GS3_EUSAGE, "--tags: key %s is given twice", text);
    if (tags->count == TAGS_MAXIMUM)
        return gs3_fail(err, GS3_EUSAGE, "--tags: an object has at most %d tags", TAGS_MAXIMUM);
    gs3_pairs_add(tags, text, value);
    return 0;
}

int gs3_tags_option_parse(const char *value, struct gs3_pairs *tags, struct gs3_err *err)
{
    gs3_auto_free char *text = gs3_xstrdup(value);
    char *rest = text;
    for (char *tag = strsep(&rest, ","); tag; tag = strsep(&rest, ","))
        if (add(tags, tag, err))
            return -1;
    return 0;
}
