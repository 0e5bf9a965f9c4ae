#include "aws/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/time.h"
#include "text/uri.h"

const char gs3_sigv4_empty_sha256[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const char gs3_sigv4_unsigned_payload[] = "UNSIGNED-PAYLOAD";

/* Headers are bounded far below this by the transport; a text that does not fit gives a
 * signature that no server accepts. */
enum {
    TEXT_BYTES = 4 << 20,
    USUAL_TEXT_BYTES = 2048, /* with the metadata of one object */
    USUAL_NAMES_BYTES = 512,
    SCOPE_BYTES = 128
};

/* One signed header; `order` keeps repeated names in the order in which they are sent. */
struct header {
    const char *name;
    const char *value;
    size_t order;
};

/* What proxies and the transport change on the way, and what carries the signature itself. */
static bool is_signed(const char *name)
{
    static const char *const unsigned_names[] = {
        "authorization", "connection",        "expect",  "host",       "keep-alive",      "te",
        "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    };
    for (size_t i = 0; i < sizeof unsigned_names / sizeof *unsigned_names; i++)
        if (strcmp(name, unsigned_names[i]) == 0)
            return false;
    return !gs3_str_has_prefix(name, "proxy-");
}

static int compare_headers(const void *a, const void *b)
{
    const struct header *left = a;
    const struct header *right = b;
    int order = strcmp(left->name, right->name);
    if (order != 0)
        return order;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* The headers that are signed, host included, sorted. Caller frees the array and `*names`, where
 * the names are, in lower case. */
static struct header *collect_headers(const struct gs3_sigv4_request *request,
                                      const struct gs3_pairs *headers, char **names, size_t *count)
{
    struct header *list = gs3_xcalloc(headers->count + 1, sizeof *list);
    size_t names_bytes = 0;
    for (size_t i = 0; i < headers->count; i++)
        names_bytes += strlen(headers->items[i].name) + 1;
    char *name = *names = gs3_xmalloc(names_bytes);
    list[0] = (struct header){.name = "host", .value = request->host};
    *count = 1;
    for (size_t i = 0; i < headers->count; i++) {
        size_t name_bytes = strlen(headers->items[i].name) + 1;
        memcpy(name, headers->items[i].name, name_bytes);
        if (!is_signed(gs3_str_lower(name)))
            continue;
        list[*count] = (struct header){.name = name, .value = headers->items[i].value, .order = i};
        (*count)++;
        name += name_bytes;
    }
    qsort(list, *count, sizeof *list, compare_headers);
    return list;
}

/* Leading and trailing white space goes, inner runs become one space. */
static void append_trimmed(struct gs3_buf *out, const char *value)
{
    bool is_first = true;
    for (const char *c = value; *c;) {
        const char *word = c;
        while (*c && !gs3_ascii_is_space(*c))
            c++;
        if (c > word && !is_first)
            gs3_buf_putc(out, ' ');
        is_first = is_first && c == word;
        gs3_buf_append(out, word, (size_t)(c - word));
        while (gs3_ascii_is_space(*c))
            c++;
    }
}

static void append_headers(struct gs3_buf *out, struct gs3_buf *names, const struct header *list,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(list[i].name, list[i - 1].name) == 0) {
            gs3_buf_putc(out, ',');
        } else {
            if (i > 0) {
                gs3_buf_putc(out, '\n');
                gs3_buf_putc(names, ';');
            }
            gs3_buf_puts(names, list[i].name);
            gs3_buf_puts(out, list[i].name);
            gs3_buf_putc(out, ':');
        }
        append_trimmed(out, list[i].value);
    }
    gs3_buf_putc(out, '\n');
}

/* RFC 3986 5.2.4 on an absolute path, empty segments dropped. Caller frees. */
static char *normalize_path(const char *path)
{
    size_t length = strlen(path);
    char *out = gs3_xmalloc(length + 2);
    size_t used = 0;
    bool is_directory = true; /* ends in a slash, "." or ".." */
    for (const char *segment = path; *segment;) {
        segment += strspn(segment, "/");
        size_t size = strcspn(segment, "/");
        bool is_parent = size == 2 && memcmp(segment, "..", 2) == 0;
        bool is_name = size > 0 && !is_parent && !(size == 1 && *segment == '.');
        if (is_parent) {
            while (used > 0 && out[--used] != '/')
                ;
        } else if (is_name) {
            out[used++] = '/';
            memcpy(out + used, segment, size);
            used += size;
        }
        segment += size;
        is_directory = !is_name || *segment == '/';
    }
    if (used == 0 || is_directory)
        out[used++] = '/';
    out[used] = '\0';
    return out;
}

static void append_path(struct gs3_buf *out, const struct gs3_sigv4_request *request)
{
    gs3_auto_free char *normal = request->normalize ? normalize_path(request->path) : NULL;
    const char *path = normal ? normal : request->path;
    if (request->double_encode)
        gs3_uri_encode(out, path, true);
    else
        gs3_buf_puts(out, path);
}

struct parameter {
    char *name;
    char *value;
};

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *left = a;
    const struct parameter *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->value, right->value);
}

/* Names and values are encoded already: they are sorted as they stand. */
static void append_query(struct gs3_buf *out, const char *query)
{
    if (gs3_str_is_empty(query))
        return;
    gs3_auto_free char *copy = gs3_xstrdup(query);
    size_t count = 1;
    for (const char *c = copy; *c; c++)
        count += *c == '&';
    struct parameter *list = gs3_xcalloc(count, sizeof *list);
    size_t used = 0;
    char *rest = NULL;
    for (char *item = strtok_r(copy, "&", &rest); item; item = strtok_r(NULL, "&", &rest)) {
        char *equals = strchr(item, '=');
        if (equals)
            *equals = '\0';
        list[used++] =
            (struct parameter){.name = item, .value = equals ? equals + 1 : item + strlen(item)};
    }
    qsort(list, used, sizeof *list, compare_parameters);
    for (size_t i = 0; i < used; i++)
        gs3_buf_printf(out, "%s%s=%s", i > 0 ? "&" : "", list[i].name, list[i].value);
    free(list);
}

char *gs3_sigv4_canonical_request(const struct gs3_sigv4_request *request,
                                  const struct gs3_pairs *headers, char **signed_headers)
{
    gs3_auto_buf struct gs3_buf out = GS3_BUF_INIT(TEXT_BYTES);
    gs3_auto_buf struct gs3_buf names = GS3_BUF_INIT(TEXT_BYTES);
    gs3_buf_reserve(&out, USUAL_TEXT_BYTES);
    gs3_buf_reserve(&names, USUAL_NAMES_BYTES);
    gs3_buf_puts(&out, request->method);
    gs3_buf_putc(&out, '\n');
    append_path(&out, request);
    gs3_buf_putc(&out, '\n');
    append_query(&out, request->query);
    gs3_buf_putc(&out, '\n');
    size_t count = 0;
    gs3_auto_free char *lower_names = NULL;
    gs3_auto_free struct header *list = collect_headers(request, headers, &lower_names, &count);
    append_headers(&out, &names, list, count);
    gs3_buf_putc(&out, '\n');
    gs3_buf_append(&out, names.data, names.length_bytes);
    gs3_buf_putc(&out, '\n');
    gs3_buf_puts(&out, request->payload_sha256);
    *signed_headers = gs3_buf_take(&names);
    return gs3_buf_take(&out);
}

/* "20130524/us-east-1/s3/aws4_request" */
static void format_scope(const struct gs3_sigv4_request *request, char out[SCOPE_BYTES])
{
    char time[GS3_TIME_TEXT_BYTES];
    gs3_time_format_amz(request->now, time);
    snprintf(out, SCOPE_BYTES, "%.8s/%s/%s/aws4_request", time, request->region, request->service);
}

char *gs3_sigv4_string_to_sign(const struct gs3_sigv4_request *request, const char *canonical)
{
    char time[GS3_TIME_TEXT_BYTES];
    char scope[SCOPE_BYTES];
    char digest[GS3_SHA256_HEX_BYTES];
    gs3_time_format_amz(request->now, time);
    format_scope(request, scope);
    gs3_sha256_hex(canonical, strlen(canonical), digest);
    return gs3_xasprintf("AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope, digest);
}

static void derive_key(const struct gs3_sigv4_request *request,
                       const struct gs3_credentials *credentials, struct gs3_sigv4_key *key)
{
    char time[GS3_TIME_TEXT_BYTES];
    gs3_time_format_amz(request->now, time);
    if (strncmp(key->date, time, 8) == 0 && strcmp(key->region, request->region) == 0 &&
        strcmp(key->service, request->service) == 0)
        return;
    snprintf(key->date, sizeof key->date, "%.8s", time);
    snprintf(key->region, sizeof key->region, "%s", request->region);
    snprintf(key->service, sizeof key->service, "%s", request->service);
    size_t length = credentials->secret_access_key.length_bytes;
    unsigned char *secret = gs3_xmalloc(4 + length);
    memcpy(secret, "AWS4", 4);
    if (length > 0)
        memcpy(secret + 4, credentials->secret_access_key.text, length);
    unsigned char step[GS3_SHA256_BYTES];
    gs3_hmac_sha256(secret, 4 + length, key->date, 8, step);
    gs3_hmac_sha256(step, sizeof step, request->region, strlen(request->region), key->bytes);
    gs3_hmac_sha256(key->bytes, sizeof key->bytes, request->service, strlen(request->service),
                    step);
    gs3_hmac_sha256(step, sizeof step, "aws4_request", 12, key->bytes);
    gs3_secret_wipe(secret, 4 + length);
    gs3_secret_wipe(step, sizeof step);
    free(secret);
}

void gs3_sigv4_sign(const struct gs3_sigv4_request *request,
                    const struct gs3_credentials *credentials, struct gs3_sigv4_key *key,
                    struct gs3_pairs *headers)
{
    char time[GS3_TIME_TEXT_BYTES];
    gs3_time_format_amz(request->now, time);
    gs3_pairs_remove(headers, "authorization");
    gs3_pairs_set(headers, "x-amz-date", time);
    if (request->adds_content_sha256)
        gs3_pairs_set(headers, "x-amz-content-sha256", request->payload_sha256);
    gs3_pairs_remove(headers, "x-amz-security-token");
    if (gs3_secret_is_set(&credentials->session_token))
        gs3_pairs_set(headers, "x-amz-security-token", credentials->session_token.text);

    gs3_auto_free char *names = NULL;
    gs3_auto_free char *canonical = gs3_sigv4_canonical_request(request, headers, &names);
    gs3_auto_free char *text = gs3_sigv4_string_to_sign(request, canonical);
    derive_key(request, credentials, key);
    unsigned char signature[GS3_SHA256_BYTES];
    char hex[GS3_SHA256_HEX_BYTES];
    gs3_hmac_sha256(key->bytes, sizeof key->bytes, text, strlen(text), signature);
    gs3_hex_encode(signature, sizeof signature, hex);
    char scope[SCOPE_BYTES];
    format_scope(request, scope);
    gs3_auto_free char *value =
        gs3_xasprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                      credentials->access_key_id, scope, names, hex);
    gs3_pairs_set(headers, "authorization", value);
}
