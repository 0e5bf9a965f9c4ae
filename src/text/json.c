#include "text/json.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum {
    NUMBER_BYTES = 512,     /* longest number accepted: every double fits many times over */
    CJSON_NUMBER_BYTES = 63 /* longest number that cJSON 1.7 reads */
};

/* A key of an object that is still open: where its decoded bytes are, where it was read. */
struct key {
    size_t name;
    size_t length_bytes;
    size_t offset;
};

struct frame {
    bool is_object;
    size_t first_key;  /* index into scan.keys */
    size_t first_name; /* offset into scan.names */
};

/* `keys` and `names` are stacks: an inner object's keys are gone before its parent gets the
 * next one, so the keys of the object that closes are always the topmost. */
struct scan {
    const char *data;
    size_t length;
    size_t at;
    struct frame frames[GS3_JSON_DEPTH];
    size_t depth;
    struct key *keys;
    size_t key_count;
    size_t key_capacity;
    struct gs3_buf names;
    struct gs3_buf *shortened; /* see shorten_number; NULL for the scan alone */
    size_t copied;             /* bytes of `data` that `shortened` stands for */
    struct gs3_err *err;
};

static void scan_release(struct scan *scan)
{
    free(scan->keys);
    gs3_buf_release(&scan->names);
}

static int refuse(struct scan *scan, size_t offset, const char *what)
{
    return gs3_fail(scan->err, GS3_EINVALID, "byte %zu: %s", offset, what);
}

/* The byte at the cursor; NUL at the end, which no JSON text may hold. */
static char peek(const struct scan *scan)
{
    return scan->at < scan->length ? scan->data[scan->at] : '\0';
}

static void skip_space(struct scan *scan)
{
    for (;;) {
        char c = peek(scan);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        scan->at++;
    }
}

/* Four hex digits at the cursor. */
static int scan_hex4(struct scan *scan, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        char c = gs3_ascii_lower(peek(scan));
        if (gs3_ascii_is_digit(c))
            *value = *value << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *value = *value << 4 | (uint32_t)(c - 'a' + 10);
        else
            return refuse(scan, scan->at, "a \\u escape needs four hex digits");
    }
    return 0;
}

static int append_code_point(struct gs3_buf *out, uint32_t c)
{
    char bytes[4];
    size_t count;
    if (c < 0x80) {
        bytes[0] = (char)c;
        count = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xC0 | c >> 6);
        count = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xE0 | c >> 12);
        count = 3;
    } else {
        bytes[0] = (char)(0xF0 | c >> 18);
        count = 4;
    }
    for (size_t i = 1; i < count; i++)
        bytes[i] = (char)(0x80 | (c >> (6 * (count - 1 - i)) & 0x3F));
    return gs3_buf_append(out, bytes, count);
}

/* The rest of \uXXXX, with the second half of a surrogate pair. U+0000 is refused: it would
 * end the C string early, and "approved\u0000…" must not read as "approved". */
static int scan_unicode(struct scan *scan, uint32_t *code_point)
{
    size_t start = scan->at - 2;
    uint32_t high;
    uint32_t low;
    if (scan_hex4(scan, &high))
        return -1;
    if (high == 0)
        return refuse(scan, start, "\\u0000 is not accepted");
    if (high >= 0xDC00 && high <= 0xDFFF)
        return refuse(scan, start, "lone surrogate");
    *code_point = high;
    if (high < 0xD800 || high > 0xDFFF)
        return 0;
    if (scan->length - scan->at < 2 || memcmp(scan->data + scan->at, "\\u", 2) != 0)
        return refuse(scan, start, "lone surrogate");
    scan->at += 2;
    if (scan_hex4(scan, &low))
        return -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return refuse(scan, start, "lone surrogate");
    *code_point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return 0;
}

/* The escape after a backslash. */
static int scan_escape(struct scan *scan, uint32_t *code_point)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = peek(scan);
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found && c != 'u')
        return refuse(scan, scan->at, "unknown escape in a string");
    scan->at++;
    if (!found)
        return scan_unicode(scan, code_point);
    *code_point = (unsigned char)meanings[found - letters];
    return 0;
}

/* A string from its opening quote to its closing one. The decoded bytes go to `decoded`
 * where that is not NULL: keys must be compared as what they mean. */
static int scan_string(struct scan *scan, struct gs3_buf *decoded)
{
    scan->at++;
    while (scan->at < scan->length) {
        unsigned char c = (unsigned char)scan->data[scan->at];
        uint32_t code_point;
        if (c == '"') {
            scan->at++;
            return 0;
        }
        if (c < 0x20)
            return refuse(scan, scan->at, "control character in a string");
        if (c == '\\') {
            scan->at++;
            if (scan_escape(scan, &code_point))
                return -1;
        } else {
            size_t step =
                gs3_utf8_decode(scan->data + scan->at, scan->length - scan->at, &code_point);
            if (step == 0)
                return refuse(scan, scan->at, "not UTF-8");
            scan->at += step;
        }
        if (decoded && append_code_point(decoded, code_point))
            return refuse(scan, scan->at, "keys too long");
    }
    return refuse(scan, scan->length, "the text ends inside a string");
}

static size_t scan_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (gs3_ascii_is_digit(peek(scan)))
        scan->at++;
    return scan->at - start;
}

/* The grammar of RFC 8259, section 6. */
static int scan_number_text(struct scan *scan)
{
    if (peek(scan) == '-')
        scan->at++;
    size_t first = scan->at;
    size_t digits = scan_digits(scan);
    if (digits == 0)
        return refuse(scan, scan->at, "a number needs a digit here");
    if (digits > 1 && scan->data[first] == '0')
        return refuse(scan, first, "a number may not start with 0");
    if (peek(scan) == '.') {
        scan->at++;
        if (scan_digits(scan) == 0)
            return refuse(scan, scan->at, "a number needs a digit after its point");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (scan_digits(scan) == 0)
            return refuse(scan, scan->at, "a number needs a digit in its exponent");
    }
    return 0;
}

/* cJSON reads no number over 63 characters, though RFC 8259 sets no limit: the copy of the
 * document that cJSON gets holds the same double in fewer digits. */
static int shorten_number(struct scan *scan, size_t start, double value)
{
    if (gs3_buf_append(scan->shortened, scan->data + scan->copied, start - scan->copied) ||
        gs3_buf_printf(scan->shortened, "%.17g", value))
        return refuse(scan, start, "text too long");
    scan->copied = scan->at;
    return 0;
}

static int scan_number(struct scan *scan)
{
    char text[NUMBER_BYTES + 1];
    size_t start = scan->at;
    if (scan_number_text(scan))
        return -1;
    size_t length = scan->at - start;
    if (length > NUMBER_BYTES)
        return refuse(scan, start, "number too long");
    memcpy(text, scan->data + start, length);
    text[length] = '\0';
    double value = strtod(text, NULL); /* gs3 never leaves the C locale */
    if (!isfinite(value))
        return refuse(scan, start, "number out of range");
    if (length > CJSON_NUMBER_BYTES && scan->shortened)
        return shorten_number(scan, start, value);
    return 0;
}

static int scan_literal(struct scan *scan)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        size_t length = strlen(literals[i]);
        if (scan->length - scan->at >= length &&
            memcmp(scan->data + scan->at, literals[i], length) == 0) {
            scan->at += length;
            return 0;
        }
    }
    if (scan->at >= scan->length)
        return refuse(scan, scan->at, "the text ends where a value is expected");
    return refuse(scan, scan->at, "a value is expected");
}

/* A key, its colon, and the white space around them. */
static int scan_key(struct scan *scan)
{
    skip_space(scan);
    struct key key = {.name = scan->names.length_bytes, .offset = scan->at};
    if (peek(scan) != '"')
        return refuse(scan, scan->at, "a key in quotes is expected");
    if (scan_string(scan, &scan->names))
        return -1;
    key.length_bytes = scan->names.length_bytes - key.name;
    skip_space(scan);
    if (peek(scan) != ':')
        return refuse(scan, scan->at, "a colon is expected after a key");
    scan->at++;
    if (scan->key_count == scan->key_capacity) {
        scan->key_capacity = scan->key_capacity ? scan->key_capacity * 2 : 64;
        scan->keys = gs3_xreallocarray(scan->keys, scan->key_capacity, sizeof *scan->keys);
    }
    scan->keys[scan->key_count++] = key;
    return 0;
}

static int compare_names(const struct key *a, const struct key *b, const char *names)
{
    if (a->length_bytes != b->length_bytes)
        return a->length_bytes < b->length_bytes ? -1 : 1;
    if (a->length_bytes == 0)
        return 0;
    return memcmp(names + a->name, names + b->name, a->length_bytes);
}

static int compare_keys(const void *left, const void *right, void *names)
{
    const struct key *a = left;
    const struct key *b = right;
    int order = compare_names(a, b, names);
    if (order)
        return order;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int refuse_duplicate(struct scan *scan, const struct key *key)
{
    char name[64];
    size_t length = key->length_bytes < sizeof name ? key->length_bytes : sizeof name - 1;
    gs3_auto_buf struct gs3_buf shown = GS3_BUF_INIT(sizeof name * 4);
    memcpy(name, gs3_buf_string(&scan->names) + key->name, length);
    name[length] = '\0';
    gs3_utf8_append_printable(&shown, name);
    return gs3_fail(scan->err, GS3_EINVALID, "byte %zu: duplicate key \"%s\"", key->offset,
                    gs3_buf_string(&shown));
}

/* Sorting the keys of one object finds duplicates in n log n whatever the keys are; a hash
 * table would need a secret seed to promise as much. */
static int check_duplicates(struct scan *scan, const struct frame *frame)
{
    size_t count = scan->key_count - frame->first_key;
    if (count < 2)
        return 0;
    struct key *keys = scan->keys + frame->first_key;
    qsort_r(keys, count, sizeof *keys, compare_keys, scan->names.data);
    for (size_t i = 1; i < count; i++)
        if (compare_names(&keys[i - 1], &keys[i], gs3_buf_string(&scan->names)) == 0)
            return refuse_duplicate(scan, &keys[i]);
    return 0;
}

static int close_container(struct scan *scan)
{
    struct frame *frame = &scan->frames[scan->depth - 1];
    if (check_duplicates(scan, frame))
        return -1;
    scan->key_count = frame->first_key;
    scan->names.length_bytes = frame->first_name;
    scan->depth--;
    scan->at++;
    return 0;
}

/* At `{` or `[`. Leaves the cursor before the first inner value and sets `*is_open`, or
 * after an empty container. */
static int open_container(struct scan *scan, bool *is_open)
{
    bool is_object = peek(scan) == '{';
    if (scan->depth == GS3_JSON_DEPTH)
        return refuse(scan, scan->at, "nested too deeply");
    scan->frames[scan->depth++] = (struct frame){
        .is_object = is_object,
        .first_key = scan->key_count,
        .first_name = scan->names.length_bytes,
    };
    scan->at++;
    skip_space(scan);
    if (peek(scan) == (is_object ? '}' : ']'))
        return close_container(scan);
    *is_open = true;
    return is_object ? scan_key(scan) : 0;
}

/* A scalar, an empty container, or the opening of one that is not empty. */
static int scan_value(struct scan *scan, bool *is_open)
{
    *is_open = false;
    skip_space(scan);
    char c = peek(scan);
    if (c == '{' || c == '[')
        return open_container(scan, is_open);
    if (c == '"')
        return scan_string(scan, NULL);
    if (c == '-' || gs3_ascii_is_digit(c))
        return scan_number(scan);
    return scan_literal(scan);
}

/* After a value: closes what closes here; returns at a comma (with the next key read), or
 * when nothing is open any more. */
static int scan_after_value(struct scan *scan)
{
    while (scan->depth > 0) {
        bool is_object = scan->frames[scan->depth - 1].is_object;
        skip_space(scan);
        char c = peek(scan);
        if (c == ',') {
            scan->at++;
            return is_object ? scan_key(scan) : 0;
        }
        if (scan->at >= scan->length)
            return refuse(scan, scan->at, "the text is cut off");
        if (c != (is_object ? '}' : ']'))
            return refuse(scan, scan->at,
                          is_object ? "a comma or } is expected" : "a comma or ] is expected");
        if (close_container(scan))
            return -1;
    }
    return 0;
}

static int scan_document(struct scan *scan)
{
    bool is_open;
    if (scan->length > GS3_JSON_BYTES)
        return refuse(scan, GS3_JSON_BYTES, "text over 1 MiB");
    do {
        if (scan_value(scan, &is_open))
            return -1;
        if (!is_open && scan_after_value(scan))
            return -1;
    } while (scan->depth > 0);
    skip_space(scan);
    if (scan->at < scan->length)
        return refuse(scan, scan->at, "something follows the document");
    return 0;
}

static int check(const char *data, size_t length_bytes, struct gs3_buf *shortened,
                 struct gs3_err *err)
{
    gs3_auto(scan_release) struct scan scan = {
        .data = data,
        .length = length_bytes,
        .names = GS3_BUF_INIT(GS3_JSON_BYTES),
        .shortened = shortened,
        .err = err,
    };
    if (scan_document(&scan))
        return -1;
    if (scan.copied > 0 &&
        gs3_buf_append(shortened, data + scan.copied, length_bytes - scan.copied))
        return refuse(&scan, scan.copied, "text too long");
    return 0;
}

int gs3_json_check(const char *data, size_t length_bytes, struct gs3_err *err)
{
    return check(data, length_bytes, NULL, err);
}

cJSON *gs3_json_parse(const char *data, size_t length_bytes, struct gs3_err *err)
{
    gs3_auto_buf struct gs3_buf shortened = GS3_BUF_INIT(GS3_JSON_BYTES);
    if (check(data, length_bytes, &shortened, err))
        return NULL;
    if (shortened.length_bytes > 0) {
        data = shortened.data;
        length_bytes = shortened.length_bytes;
    }
    cJSON *json = cJSON_ParseWithLength(data, length_bytes);
    if (!json)
        gs3_fail(err, GS3_EINVALID, "byte 0: cJSON does not read this document");
    return json;
}

const char *gs3_json_string(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}
