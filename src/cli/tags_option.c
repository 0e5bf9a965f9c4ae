#include "cli/tags_option.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "policy/object_tag.h"

enum { PREFIX_BYTES = 4 };

static int check(const char *what, const char *text, int maximum, struct gs3_err *err)
{
    int count = gs3_object_tag_length(text);
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
    if (check("key", text, GS3_OBJECT_TAG_KEY_CHARACTERS, err) ||
        check("value", value, GS3_OBJECT_TAG_VALUE_CHARACTERS, err))
        return -1;
    gs3_auto_free char *prefix = gs3_str_lower(gs3_xstrndup(text, PREFIX_BYTES));
    if (gs3_str_equal(prefix, "aws:"))
        return gs3_fail(err, GS3_EUSAGE, "--tags: keys that begin with aws: are AWS's own");
    if (has_key(tags, text))
        return gs3_fail(err, GS3_EUSAGE, "--tags: key %s is given twice", text);
    if (tags->count == GS3_OBJECT_TAGS)
        return gs3_fail(err, GS3_EUSAGE, "--tags: an object has at most %d tags", GS3_OBJECT_TAGS);
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
