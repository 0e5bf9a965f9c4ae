#include "transfer/metadata.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "text/rfc2047.h"
#include "text/utf8.h"

static const char previous_decision[] = "gs3-previous";
static const char decision[] = "gs3-decision";
static const char wire_prefix[] = "x-amz-meta-";

enum { UUID_CHARACTERS = 36 };

static bool is_token(const char *name)
{
    if (!*name)
        return false;
    for (const char *c = name; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return true;
}

static bool is_uuid(const char *text)
{
    if (strlen(text) != UUID_CHARACTERS)
        return false;
    for (const char *c = text; *c; c++)
        if (!gs3_ascii_is_alnum(*c) && *c != '-')
            return false;
    return true;
}

/* HTTP drops white space at both ends, so such a value would not come back as it was set. */
static bool has_outer_space(const char *value)
{
    size_t length = strlen(value);
    return length > 0 && (gs3_ascii_is_space(value[0]) || gs3_ascii_is_space(value[length - 1]));
}

static int add_text(struct gs3_pairs *wire, const char *name, const char *value,
                    struct gs3_buf *encoded, struct gs3_err *err)
{
    if (!is_token(name))
        return gs3_fail(err, GS3_EFAIL,
                        "metadata key \"%s\" cannot be a header name: use letters, digits and -",
                        name);
    if (has_outer_space(value))
        return gs3_fail(err, GS3_EFAIL,
                        "metadata %s: S3 drops white space around a value: take it away", name);
    gs3_buf_clear(encoded);
    if (gs3_rfc2047_encode(encoded, value))
        return gs3_fail(err, GS3_EFAIL,
                        "metadata %s: the value is no plain UTF-8 text of at most %d bytes", name,
                        GS3_METADATA_BYTES);
    gs3_str_lower(gs3_pairs_set(wire, name, gs3_buf_string(encoded))->name);
    return 0;
}

/* What the source carries goes over as it is, governance apart. The id of the decision that
 * governed it before is kept as the one thread back. */
static void add_source(const struct gs3_permit *permit, const struct gs3_pairs *source,
                       struct gs3_pairs *wire)
{
    for (size_t i = 0; i < source->count; i++)
        if (!gs3_permit_is_reserved_key(permit, source->items[i].name))
            gs3_pairs_set(wire, source->items[i].name, source->items[i].value);
    const char *old = gs3_pairs_get(source, decision);
    if (old && is_uuid(old))
        gs3_pairs_set(wire, previous_decision, old);
}

static int check_size(const struct gs3_pairs *wire, struct gs3_err *err)
{
    size_t total = 0;
    for (size_t i = 0; i < wire->count; i++)
        total += strlen(wire_prefix) + strlen(wire->items[i].name) + strlen(wire->items[i].value);
    if (total > GS3_METADATA_BYTES)
        return gs3_fail(err, GS3_EFAIL,
                        "its metadata would have %zu bytes with governance's, S3 takes %d: shorten "
                        "--purpose or --metadata, or the source's own",
                        total, GS3_METADATA_BYTES);
    return 0;
}

int gs3_metadata_build(const struct gs3_permit *permit, const struct gs3_pairs *source,
                       const struct gs3_pairs *user, struct gs3_pairs *wire, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf encoded = GS3_BUF_INIT(GS3_METADATA_BYTES);
    if (source)
        add_source(permit, source, wire);
    for (size_t i = 0; user && i < user->count; i++)
        if (add_text(wire, user->items[i].name, user->items[i].value, &encoded, err))
            return -1;
    const struct gs3_pairs *set = gs3_permit_metadata(permit);
    for (size_t i = 0; i < set->count; i++)
        if (add_text(wire, set->items[i].name, set->items[i].value, &encoded, err))
            return -1;
    return check_size(wire, err);
}

static bool is_same_text(const char *a, const char *b)
{
    gs3_auto_buf struct gs3_buf text_a = GS3_BUF_INIT(2 * GS3_METADATA_BYTES);
    gs3_auto_buf struct gs3_buf text_b = GS3_BUF_INIT(2 * GS3_METADATA_BYTES);
    if (gs3_str_equal(a, b))
        return true;
    if (gs3_rfc2047_decode(&text_a, a) || gs3_rfc2047_decode(&text_b, b))
        return false;
    return gs3_str_equal(gs3_buf_string(&text_a), gs3_buf_string(&text_b));
}

int gs3_metadata_compare(const struct gs3_pairs *expected, const struct gs3_pairs *actual,
                         struct gs3_err *err)
{
    for (size_t i = 0; i < expected->count; i++) {
        const char *name = expected->items[i].name;
        const char *value = gs3_pairs_get(actual, name);
        if (!value)
            return gs3_fail(err, GS3_EFAIL, "metadata %s is missing on the destination", name);
        if (!is_same_text(expected->items[i].value, value))
            return gs3_fail(err, GS3_EFAIL, "metadata %s differs on the destination", name);
    }
    for (size_t i = 0; i < actual->count; i++)
        if (!gs3_pairs_has(expected, actual->items[i].name))
            return gs3_fail(err, GS3_EFAIL,
                            "metadata %s stands on the destination, and was not "
                            "sent",
                            actual->items[i].name);
    return 0;
}
