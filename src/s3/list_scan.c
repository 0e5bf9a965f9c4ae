#include "s3/list_scan.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "text/time.h"
#include "text/uri.h"

enum {
    KEY_BYTES = 4 * 1024,
    TOKEN_BYTES = 4 * 1024,
    PENDING_BYTES = 64 * 1024,
    HELD_BYTES = 8 * 1024 * 1024
};

/* An entry that waits for EncodingType; its key, ETag and storage class follow, each with its
 * NUL. */
struct held {
    uint64_t size_bytes;
    int64_t last_modified_s;
    bool is_restored;
};

void gs3_list_scan_init(struct gs3_list_scan *scan,
                        int (*entry)(void *context, const struct gs3_s3_entry *entry,
                                     struct gs3_err *err),
                        void *context)
{
    *scan = (struct gs3_list_scan){
        .entry = entry,
        .context = context,
        .pending = GS3_BUF_INIT(PENDING_BYTES),
        .text = GS3_BUF_INIT(GS3_LIST_TEXT_BYTES),
        .key = GS3_BUF_INIT(KEY_BYTES),
        .next_token = GS3_BUF_INIT(TOKEN_BYTES),
        .last = GS3_BUF_INIT(KEY_BYTES),
        .held = GS3_BUF_INIT(HELD_BYTES),
    };
}

void gs3_list_scan_release(struct gs3_list_scan *scan)
{
    if (!scan)
        return;
    gs3_buf_release(&scan->pending);
    gs3_buf_release(&scan->text);
    gs3_buf_release(&scan->key);
    gs3_buf_release(&scan->next_token);
    gs3_buf_release(&scan->last);
    gs3_buf_release(&scan->held);
}

static int refuse(struct gs3_err *err, const char *what)
{
    return gs3_fail(err, GS3_EINVALID, "the listing is not S3's: %s", what);
}

static bool is_at(const struct gs3_list_scan *scan, const char *parent, const char *name)
{
    unsigned depth = scan->depth;
    return depth == (parent ? 3U : 2U) && strcmp(scan->names[depth - 1], name) == 0 &&
           (!parent || strcmp(scan->names[1], parent) == 0);
}

static bool is_in_contents(const struct gs3_list_scan *scan)
{
    return scan->depth >= 2 && scan->names[1][0] == 'C' && strcmp(scan->names[1], "Contents") == 0;
}

/* The five entities that XML has without a DTD, and characters by number. */
static int append_entity(struct gs3_buf *out, const char *name, size_t length)
{
    static const struct {
        const char *name;
        char byte;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strlen(entities[i].name) == length && memcmp(entities[i].name, name, length) == 0)
            return gs3_buf_putc(out, entities[i].byte);
    unsigned code = 0;
    bool is_hex = length > 2 && name[1] == 'x';
    if (length < 2 || length > 8 || name[0] != '#')
        return -1;
    for (size_t i = is_hex ? 2 : 1; i < length; i++) {
        int digit = gs3_ascii_hex_value(name[i]);
        if (digit < 0 || (!is_hex && digit > 9))
            return -1;
        code = code * (is_hex ? 16U : 10U) + (unsigned)digit;
    }
    /* Keys are percent-encoded (encoding-type=url): nothing else than ASCII is written so. */
    return code > 0 && code < 0x80 ? gs3_buf_putc(out, (char)code) : -1;
}

static int append_text(struct gs3_buf *out, const char *text, size_t length)
{
    while (length > 0) {
        const char *and = memchr(text, '&', length);
        size_t plain = and? (size_t)(and-text) : length;
        if (gs3_buf_append(out, text, plain))
            return -1;
        if (!and)
            return 0;
        const char *end = memchr(and, ';', length - plain);
        if (!end || append_entity(out, and+1, (size_t)(end - and-1)))
            return -1;
        length -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return 0;
}

static int keep(struct gs3_buf *out, const struct gs3_buf *text)
{
    gs3_buf_clear(out);
    return gs3_buf_append(out, gs3_buf_string(text), text->length_bytes);
}

static int keep_field(char *out, size_t room, const struct gs3_buf *text)
{
    if (text->length_bytes >= room || memchr(gs3_buf_string(text), '\0', text->length_bytes))
        return -1;
    memcpy(out, gs3_buf_string(text), text->length_bytes + 1);
    return 0;
}

static int keep_etag(struct gs3_list_scan *scan)
{
    const char *text = gs3_buf_string(&scan->text);
    int length = snprintf(scan->etag, sizeof scan->etag, text[0] == '"' ? "%s" : "\"%s\"", text);
    return length < 0 || (size_t)length >= sizeof scan->etag ? -1 : 0;
}

static int take_contents_field(struct gs3_list_scan *scan)
{
    const char *name = scan->names[2];
    const char *text = gs3_buf_string(&scan->text);
    if (scan->depth != 3) {
        if (scan->depth == 4 && strcmp(name, "RestoreStatus") == 0 &&
            strcmp(scan->names[3], "IsRestoreInProgress") == 0)
            scan->is_restored = strcmp(text, "false") == 0;
        return 0;
    }
    if (strcmp(name, "Key") == 0) {
        bool is_second = scan->has_key;
        scan->has_key = true;
        return is_second ? -1 : keep(&scan->key, &scan->text);
    }
    if (strcmp(name, "Size") == 0) {
        bool is_second = scan->has_size;
        scan->has_size = true;
        return is_second ? -1 : gs3_str_to_u64(text, INT64_MAX, &scan->size_bytes);
    }
    if (strcmp(name, "ETag") == 0)
        return keep_etag(scan);
    if (strcmp(name, "LastModified") == 0)
        return gs3_time_parse_iso(text, &scan->last_modified_s);
    if (strcmp(name, "StorageClass") == 0)
        return keep_field(scan->storage_class, sizeof scan->storage_class, &scan->text);
    return 0;
}

static int take_encoding(struct gs3_list_scan *scan, const char *text)
{
    if (scan->has_encoding)
        return -1;
    scan->has_encoding = true;
    scan->is_encoded = strcmp(text, "url") == 0;
    return 0;
}

static int take_truncated(struct gs3_list_scan *scan, const char *text)
{
    scan->has_truncated = true;
    scan->is_truncated = strcmp(text, "true") == 0;
    return scan->is_truncated || strcmp(text, "false") == 0 ? 0 : -1;
}

static int take_field(struct gs3_list_scan *scan)
{
    const char *text = gs3_buf_string(&scan->text);
    if (is_in_contents(scan))
        return take_contents_field(scan);
    if (is_at(scan, NULL, "EncodingType"))
        return take_encoding(scan, text);
    if (is_at(scan, NULL, "IsTruncated"))
        return take_truncated(scan, text);
    if (is_at(scan, NULL, "NextContinuationToken"))
        return keep(&scan->next_token, &scan->text);
    return 0;
}

/* Before an attempt that failed some keys of this page went out: they must come again in their
 * order, and are not handed out twice. */
static int skip_delivered(struct gs3_list_scan *scan, const char *key, struct gs3_err *err)
{
    if (scan->count == scan->delivered && strcmp(key, gs3_buf_string(&scan->last)) != 0)
        return gs3_fail(err, GS3_ETRANSIENT,
                        "the listing changed while a page of it was read again: try again");
    return 0;
}

/* As AWS writes keys with encoding-type=url: as a form does, a space is "+" and a plus is "%2B". */
static int decode_key(struct gs3_list_scan *scan, struct gs3_buf *decoded)
{
    char *key = scan->key.data;
    for (char *plus = strchr(key, '+'); plus; plus = strchr(plus, '+'))
        *plus = ' ';
    return gs3_uri_decode(decoded, key);
}

static int hand_out(struct gs3_list_scan *scan, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf decoded = GS3_BUF_INIT(KEY_BYTES);
    const char *key = gs3_buf_string(&scan->key);
    if (scan->is_encoded && strpbrk(key, "%+")) {
        if (decode_key(scan, &decoded))
            return refuse(err, "a key with a bad escape");
        key = gs3_buf_string(&decoded);
    }
    scan->count++;
    if (scan->count <= scan->delivered)
        return skip_delivered(scan, key, err);
    const struct gs3_s3_entry entry = {
        .key = key,
        .size_bytes = scan->size_bytes,
        .etag = scan->etag,
        .last_modified_s = scan->last_modified_s,
        .storage_class = scan->storage_class,
        .is_restored = scan->is_restored,
    };
    scan->delivered = scan->count;
    gs3_buf_clear(&scan->last);
    if (gs3_buf_puts(&scan->last, key))
        return refuse(err, "a key that is too long");
    return scan->entry(scan->context, &entry, err);
}

static int hold_entry(struct gs3_list_scan *scan, struct gs3_err *err)
{
    const struct held held = {.size_bytes = scan->size_bytes,
                              .last_modified_s = scan->last_modified_s,
                              .is_restored = scan->is_restored};
    if (gs3_buf_append(&scan->held, &held, sizeof held) ||
        gs3_buf_append(&scan->held, gs3_buf_string(&scan->key), scan->key.length_bytes + 1) ||
        gs3_buf_append(&scan->held, scan->etag, strlen(scan->etag) + 1) ||
        gs3_buf_append(&scan->held, scan->storage_class, strlen(scan->storage_class) + 1))
        return refuse(err, "it does not say in time how its keys are written");
    return 0;
}

static int hand_out_held(struct gs3_list_scan *scan, struct gs3_err *err)
{
    const char *next = gs3_buf_string(&scan->held);
    const char *end = next + scan->held.length_bytes;
    while (next < end) {
        struct held held;
        memcpy(&held, next, sizeof held);
        const char *key = next + sizeof held;
        const char *etag = key + strlen(key) + 1;
        const char *storage_class = etag + strlen(etag) + 1;
        next = storage_class + strlen(storage_class) + 1;
        scan->size_bytes = held.size_bytes;
        scan->last_modified_s = held.last_modified_s;
        scan->is_restored = held.is_restored;
        memcpy(scan->etag, etag, strlen(etag) + 1);
        memcpy(scan->storage_class, storage_class, strlen(storage_class) + 1);
        gs3_buf_clear(&scan->key);
        if (gs3_buf_puts(&scan->key, key) || hand_out(scan, err))
            return -1;
    }
    gs3_buf_clear(&scan->held);
    return 0;
}

/* AWS and Ceph say before the first key whether keys are encoded, MinIO after the last, and some
 * stores send them as they are and say nothing. Until it is known, a key that the two ways of
 * reading tell apart waits, and all behind it, for their order. */
static int end_entry(struct gs3_list_scan *scan, struct gs3_err *err)
{
    if (!scan->has_key || !scan->has_size || scan->key.length_bytes == 0)
        return refuse(err, "an entry without key or size");
    bool is_unclear = !scan->has_encoding && strpbrk(gs3_buf_string(&scan->key), "%+");
    if (is_unclear || scan->held.length_bytes > 0)
        return hold_entry(scan, err);
    return hand_out(scan, err);
}

static void begin_entry(struct gs3_list_scan *scan)
{
    gs3_buf_clear(&scan->key);
    scan->etag[0] = scan->storage_class[0] = '\0';
    scan->has_key = scan->has_size = scan->is_restored = false;
    scan->last_modified_s = -1;
}

static int open_element(struct gs3_list_scan *scan, const char *name, size_t length,
                        struct gs3_err *err)
{
    if (scan->has_ended)
        return refuse(err, "more than one root");
    if (scan->depth == GS3_LIST_DEPTH || length == 0 || length >= GS3_LIST_NAME_BYTES ||
        memchr(name, ':', length))
        return refuse(err, "elements too deep or without a plain name");
    memcpy(scan->names[scan->depth], name, length);
    scan->names[scan->depth][length] = '\0';
    scan->depth++;
    scan->has_begun = scan->is_leaf = true;
    gs3_buf_clear(&scan->text);
    if (scan->depth == 1 && strcmp(scan->names[0], "ListBucketResult") != 0)
        return refuse(err, "it does not begin with ListBucketResult");
    if (scan->depth == 2 && is_in_contents(scan))
        begin_entry(scan);
    return 0;
}

static int close_element(struct gs3_list_scan *scan, const char *name, size_t length,
                         struct gs3_err *err)
{
    if (scan->depth == 0 || strlen(scan->names[scan->depth - 1]) != length ||
        memcmp(scan->names[scan->depth - 1], name, length) != 0)
        return refuse(err, "an element that ends and was not open");
    if (scan->is_leaf && take_field(scan))
        return refuse(err, "a field that is malformed, too long or there twice");
    int failed = 0;
    if (scan->depth == 2 && is_in_contents(scan))
        failed = end_entry(scan, err);
    else if (scan->depth == 1)
        failed = hand_out_held(scan, err);
    scan->is_leaf = false;
    scan->depth--;
    scan->has_ended = scan->depth == 0;
    gs3_buf_clear(&scan->text);
    return failed;
}

static bool ends_in_quotes(const char *attributes, size_t length)
{
    char quote = '\0';
    for (size_t i = 0; i < length; i++)
        if (quote ? attributes[i] == quote : attributes[i] == '"' || attributes[i] == '\'')
            quote = quote ? '\0' : attributes[i];
    return quote != '\0';
}

/* Between "<" and ">". */
static int take_tag(struct gs3_list_scan *scan, const char *tag, size_t length, struct gs3_err *err)
{
    if (length > 0 && tag[0] == '?')
        return scan->has_begun ? refuse(err, "an instruction in its middle") : 0;
    if (length == 0 || tag[0] == '!')
        return refuse(err, "a declaration, a comment or CDATA");
    if (tag[0] == '/')
        return close_element(scan, tag + 1, length - 1, err);
    bool is_empty = tag[length - 1] == '/';
    size_t name = 0;
    while (name < length && !gs3_ascii_is_space(tag[name]) && tag[name] != '/')
        name++;
    if (name < length && ends_in_quotes(tag + name, length - name))
        return refuse(err, "an attribute with \">\" in it");
    if (open_element(scan, tag, name, err))
        return -1;
    return is_empty ? close_element(scan, tag, name, err) : 0;
}

static int take_text(struct gs3_list_scan *scan, const char *text, size_t length,
                     struct gs3_err *err)
{
    if (scan->depth > 0)
        return append_text(&scan->text, text, length) ? refuse(err, "a text that is too long") : 0;
    for (size_t i = 0; i < length; i++)
        if (!gs3_ascii_is_space(text[i]))
            return refuse(err, "text outside of its root");
    return 0;
}

/* Takes whole tokens (a text up to the next "<", and the tag); returns how many bytes they were, or
 * -1. */
static ssize_t take_tokens(struct gs3_list_scan *scan, const char *bytes, size_t length,
                           struct gs3_err *err)
{
    size_t done = 0;
    while (done < length) {
        const char *open = memchr(bytes + done, '<', length - done);
        const char *end = open ? memchr(open, '>', length - (size_t)(open - bytes)) : NULL;
        if (!end)
            break;
        if (take_text(scan, bytes + done, (size_t)(open - bytes) - done, err) ||
            take_tag(scan, open + 1, (size_t)(end - open - 1), err))
            return -1;
        done = (size_t)(end - bytes) + 1;
    }
    return (ssize_t)done;
}

/* A token that is cut by the end of the bytes waits in `pending` for its rest. */
static ssize_t take_pending(struct gs3_list_scan *scan, const char *bytes, size_t length,
                            struct gs3_err *err)
{
    const char *end = memchr(bytes, '>', length);
    size_t part = end ? (size_t)(end - bytes) + 1 : length;
    if (gs3_buf_append(&scan->pending, bytes, part))
        return refuse(err, "a text that is too long");
    if (!end)
        return (ssize_t)part;
    ssize_t taken = take_tokens(scan, scan->pending.data, scan->pending.length_bytes, err);
    if (taken < 0)
        return -1;
    /* A ">" in a text is no end of a tag: its rest stays. */
    size_t left = scan->pending.length_bytes - (size_t)taken;
    memmove(scan->pending.data, scan->pending.data + taken, left);
    scan->pending.length_bytes = left;
    scan->pending.data[left] = '\0';
    return (ssize_t)part;
}

int gs3_list_scan_write(struct gs3_list_scan *scan, const void *bytes, size_t length_bytes,
                        struct gs3_err *err)
{
    const char *next = bytes;
    if (memchr(bytes, '\0', length_bytes))
        return refuse(err, "a NUL");
    while (length_bytes > 0) {
        ssize_t taken;
        if (scan->pending.length_bytes > 0) {
            taken = take_pending(scan, next, length_bytes, err);
        } else {
            taken = take_tokens(scan, next, length_bytes, err);
            if (taken >= 0 && (size_t)taken < length_bytes) {
                if (gs3_buf_append(&scan->pending, next + taken, length_bytes - (size_t)taken))
                    return refuse(err, "a text that is too long");
                taken = (ssize_t)length_bytes;
            }
        }
        if (taken < 0)
            return -1;
        next += taken;
        length_bytes -= (size_t)taken;
    }
    return 0;
}

void gs3_list_scan_reset(struct gs3_list_scan *scan)
{
    scan->depth = 0;
    scan->has_begun = scan->has_ended = scan->is_leaf = false;
    scan->has_encoding = scan->is_encoded = false;
    scan->has_truncated = scan->is_truncated = false;
    scan->count = 0;
    gs3_buf_clear(&scan->pending);
    gs3_buf_clear(&scan->text);
    gs3_buf_clear(&scan->next_token);
    gs3_buf_clear(&scan->held);
}

int gs3_list_scan_finish(struct gs3_list_scan *scan, struct gs3_err *err)
{
    for (size_t i = 0; i < scan->pending.length_bytes; i++)
        if (!gs3_ascii_is_space(scan->pending.data[i]))
            return refuse(err, "it is cut off");
    if (!scan->has_ended)
        return refuse(err, "it is cut off");
    if (scan->is_truncated && scan->next_token.length_bytes == 0)
        return refuse(err, "there is more, and it does not say where");
    if (!scan->has_truncated && scan->next_token.length_bytes > 0)
        return refuse(err, "it does not say whether there is more");
    if (scan->count < scan->delivered)
        return gs3_fail(err, GS3_ETRANSIENT,
                        "the listing changed while a page of it was read again: try again");
    return 0;
}
