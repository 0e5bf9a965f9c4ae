/* Any bytes through the scanner of listings: the first byte picks the size of the pieces, the
 * second where an attempt breaks off. The pieces change nothing, a page that is read again hands no
 * key out twice, and what is accepted is what expat reads. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "s3/list_scan.h"
#include "text/uri.h"
#include "text/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

enum { KEYS_BYTES = 1 << 20 };

static void must(int condition)
{
    if (!condition)
        abort();
}

static int add_key(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    (void)err;
    must(entry->key[0] != '\0' && strlen(entry->key) <= GS3_LIST_TEXT_BYTES);
    must(entry->etag[0] == '\0' || entry->etag[0] == '"');
    must(gs3_buf_printf(context, "%s %llu\n", entry->key, (unsigned long long)entry->size_bytes) ==
         0);
    return 0;
}

static int scan_in_pieces(struct gs3_list_scan *scan, const char *text, size_t length, size_t piece)
{
    struct gs3_err err = GS3_ERR_INIT;
    for (size_t done = 0; done < length; done += piece)
        if (gs3_list_scan_write(scan, text + done, length - done < piece ? length - done : piece,
                                &err)) {
            must(err.class != GS3_OK);
            return -1;
        }
    int status = gs3_list_scan_finish(scan, &err);
    must((status == 0) == (err.class == GS3_OK));
    return status;
}

static int scan_once(const char *text, size_t length, size_t piece, struct gs3_buf *keys)
{
    struct gs3_list_scan scan;
    gs3_list_scan_init(&scan, add_key, keys);
    int status = scan_in_pieces(&scan, text, length, piece);
    gs3_list_scan_release(&scan);
    return status;
}

/* An attempt that breaks off, and the whole page after it. */
static int scan_twice(const char *text, size_t length, size_t cut, struct gs3_buf *keys)
{
    struct gs3_list_scan scan;
    gs3_list_scan_init(&scan, add_key, keys);
    gs3_list_scan_write(&scan, text, cut, NULL);
    gs3_list_scan_reset(&scan);
    int status = scan_in_pieces(&scan, text, length, length + 1);
    gs3_list_scan_release(&scan);
    return status;
}

static void append_decoded(struct gs3_buf *keys, const char *key, bool is_encoded)
{
    gs3_auto_free char *form = gs3_xstrdup(key);
    for (char *c = form; is_encoded && *c; c++)
        if (*c == '+')
            *c = ' ';
    if (is_encoded)
        must(gs3_uri_decode(keys, form) == 0);
    else
        must(gs3_buf_puts(keys, form) == 0);
}

/* expat turns carriage returns into line feeds, and refuses what no field of ours is read from. */
static void check_with_expat(const char *text, size_t length, const struct gs3_buf *keys)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_buf struct gs3_buf wanted = GS3_BUF_INIT(KEYS_BYTES);
    gs3_auto_free char *root = NULL;
    if (memchr(text, '\r', length) || gs3_xml_parse(text, length, &root, &leaves, NULL))
        return;
    must(strcmp(root, "ListBucketResult") == 0);
    bool is_encoded = false;
    for (size_t i = 0; i < leaves.count; i++)
        if (strcmp(leaves.items[i].name, "ListBucketResult/EncodingType") == 0)
            is_encoded = strcmp(leaves.items[i].value, "url") == 0;
    const char *key = NULL, *size = NULL;
    for (size_t i = 0; i < leaves.count; i++) {
        if (strcmp(leaves.items[i].name, "ListBucketResult/Contents/Key") == 0)
            key = leaves.items[i].value;
        else if (strcmp(leaves.items[i].name, "ListBucketResult/Contents/Size") == 0)
            size = leaves.items[i].value;
        if (!key || !size)
            continue;
        uint64_t bytes;
        must(gs3_str_to_u64(size, INT64_MAX, &bytes) == 0);
        append_decoded(&wanted, key, is_encoded);
        must(gs3_buf_printf(&wanted, " %llu\n", (unsigned long long)bytes) == 0);
        key = size = NULL;
    }
    must(strcmp(gs3_buf_string(&wanted), gs3_buf_string(keys)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    if (length < 3)
        return 0;
    size_t piece = 1U + data[0];
    size_t rest = length - 2;
    /* The second byte in 256ths of the text. */
    size_t cut = rest * data[1] / 256;
    const char *text = (const char *)data + 2;
    gs3_auto_buf struct gs3_buf whole = GS3_BUF_INIT(KEYS_BYTES);
    gs3_auto_buf struct gs3_buf pieces = GS3_BUF_INIT(KEYS_BYTES);
    gs3_auto_buf struct gs3_buf again = GS3_BUF_INIT(KEYS_BYTES);
    int status = scan_once(text, rest, rest, &whole);
    must(scan_once(text, rest, piece, &pieces) == status);
    if (status)
        return 0;
    must(strcmp(gs3_buf_string(&whole), gs3_buf_string(&pieces)) == 0);
    must(scan_twice(text, rest, cut, &again) == 0);
    must(strcmp(gs3_buf_string(&whole), gs3_buf_string(&again)) == 0);
    check_with_expat(text, rest, &whole);
    return 0;
}
