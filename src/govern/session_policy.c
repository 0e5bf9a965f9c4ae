#include "govern/session_policy.h"

#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

/* Versions too: a source and a read-back are named by theirs where the bucket keeps versions. */
static const char reads[] = "\"s3:GetObject\",\"s3:GetObjectVersion\",\"s3:GetObjectTagging\","
                            "\"s3:GetObjectVersionTagging\"";
/* The read-back of what was written, its tags, and the parts of an upload that is taken up again.
 */
static const char writes[] = "\"s3:PutObject\",\"s3:PutObjectTagging\",\"s3:AbortMultipartUpload\","
                             "\"s3:ListMultipartUploadParts\",\"s3:GetObject\","
                             "\"s3:GetObjectVersion\",\"s3:GetObjectTagging\"";
/* Whichever key it is, S3 alone may use it, and S3 gives nothing but the objects below. */
static const char kms[] = "{\"Effect\":\"Allow\",\"Action\":[\"kms:Decrypt\","
                          "\"kms:GenerateDataKey\"],\"Resource\":\"*\",\"Condition\":{\"StringLike"
                          "\":{\"kms:ViaService\":\"s3.*.amazonaws.com*\"}}}";

/* Over the 2048, so that the refusal can say how long the policy is. */
enum { ROOM_BYTES = 32 * 1024 };

static int append_utf16(struct gs3_buf *out, uint32_t c)
{
    if (c < 0x10000)
        return gs3_buf_printf(out, "\\u%04x", (unsigned)c);
    c -= 0x10000;
    return gs3_buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + (c >> 10)),
                          (unsigned)(0xDC00 + (c & 0x3FF)));
}

static int append_character(struct gs3_buf *out, uint32_t c)
{
    switch (c) {
    case '*':
    case '?':
    case '$': return gs3_buf_printf(out, "${%c}", (char)c);
    case '"':
    case '\\': return gs3_buf_printf(out, "\\%c", (char)c);
    default: break;
    }
    return c < 0x20 || c > 0x7E ? append_utf16(out, c) : gs3_buf_putc(out, (char)c);
}

static int append_key(struct gs3_buf *out, const char *key, struct gs3_err *err)
{
    size_t left = strlen(key);
    while (left > 0) {
        uint32_t character;
        size_t used = gs3_utf8_decode(key, left, &character);
        if (used == 0)
            return gs3_fail(err, GS3_EINVALID, "a key that is not UTF-8 fits no session policy");
        append_character(out, character);
        key += used;
        left -= used;
    }
    return 0;
}

static void append_action(struct gs3_buf *out, const char *actions, const char *more)
{
    gs3_buf_printf(out, "%s{\"Effect\":\"Allow\",\"Action\":[%s%s],\"Resource\":\"",
                   out->data && out->data[out->length_bytes - 1] == '}' ? "," : "", actions, more);
}

/* "…/KEY", of a tree "…/PREFIX*". An access point's objects have a name of their own. */
static int append_objects(struct gs3_buf *out, const struct gs3_session_scope *scope,
                          const struct gs3_session_side *side, struct gs3_err *err)
{
    bool is_access_point = strstr(side->resource, ":accesspoint/") != NULL;
    gs3_buf_printf(out, "%s/%s", side->resource, is_access_point ? "object/" : "");
    if (append_key(out, side->key, err))
        return -1;
    return gs3_buf_puts(out, scope->is_tree ? "*\"}" : "\"}");
}

/* What a listing shows is bound to the prefix that is listed; without one it is the bucket. */
static int append_listing(struct gs3_buf *out, const struct gs3_session_side *side,
                          struct gs3_err *err)
{
    append_action(out, "\"s3:ListBucket\"", "");
    gs3_buf_printf(out, "%s\"", side->resource);
    if (*side->key) {
        gs3_buf_puts(out, ",\"Condition\":{\"StringEquals\":{\"s3:prefix\":\"");
        if (append_key(out, side->key, err))
            return -1;
        gs3_buf_puts(out, "\"}}");
    }
    return gs3_buf_putc(out, '}');
}

static int build(const struct gs3_session_scope *scope, struct gs3_buf *text, struct gs3_err *err)
{
    gs3_buf_puts(text, "{\"Version\":\"2012-10-17\",\"Statement\":[");
    if (scope->source.resource) {
        append_action(text, reads,
                      scope->deletes_source && !scope->has_source_session ? ",\"s3:DeleteObject\""
                                                                          : "");
        if (append_objects(text, scope, &scope->source, err) ||
            (scope->is_tree && !scope->has_source_session &&
             append_listing(text, &scope->source, err)))
            return -1;
    }
    if (scope->destination.resource) {
        append_action(text, writes, scope->sets_acl ? ",\"s3:PutObjectAcl\"" : "");
        if (append_objects(text, scope, &scope->destination, err))
            return -1;
    }
    if (scope->uses_kms)
        gs3_buf_printf(text, ",%s", kms);
    return gs3_buf_puts(text, "]}");
}

int gs3_session_policy_build(const struct gs3_session_scope *scope, struct gs3_buf *out,
                             struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf text = GS3_BUF_INIT(ROOM_BYTES);
    struct gs3_err inner = GS3_ERR_INIT;
    if (build(scope, &text, &inner)) {
        if (inner.class)
            return gs3_fail(err, inner.class, "%s", inner.message);
        return gs3_fail(err, GS3_EREFUSED, "the session policy is longer than STS takes");
    }
    if (text.length_bytes > GS3_SESSION_POLICY_BYTES)
        return gs3_fail(err, GS3_EREFUSED,
                        "refused: the session policy for these keys has %zu characters, and STS "
                        "takes %d: use shorter keys, or do source and destination apart",
                        text.length_bytes, GS3_SESSION_POLICY_BYTES);
    return gs3_buf_puts(out, gs3_buf_string(&text));
}
