/* Any bytes through the XML reader. A refusal leaves nothing behind, what is accepted keeps
 * the bounds and is UTF-8, and any text that can be escaped is read back as it was. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"
#include "text/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_leaves(const struct gs3_pairs *leaves, const char *root)
{
    must(leaves->count <= GS3_XML_LEAVES);
    for (size_t i = 0; i < leaves->count; i++) {
        const struct gs3_pair *leaf = &leaves->items[i];
        must(gs3_str_has_prefix(leaf->name, root));
        must(gs3_utf8_is_valid(leaf->name, strlen(leaf->name)));
        must(gs3_utf8_is_valid(leaf->value, strlen(leaf->value)));
    }
}

static void write_and_read(const char *text)
{
    gs3_auto_buf struct gs3_buf document = GS3_BUF_INIT(GS3_XML_BYTES);
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    must(gs3_buf_puts(&document, "<k>") == 0);
    if (gs3_xml_append_escaped(&document, text))
        return;
    must(gs3_buf_puts(&document, "</k>") == 0);
    must(gs3_xml_parse(document.data, document.length_bytes, &root, &leaves, NULL) == 0);
    must(gs3_str_equal(gs3_pairs_get(&leaves, "k"), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct gs3_err err = GS3_ERR_INIT;
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    gs3_auto_free char *root = NULL;
    int result = gs3_xml_parse((const char *)data, length, &root, &leaves, &err);
    must((result == 0) == (err.class == GS3_OK));
    must((result == 0) == (root != NULL));
    if (result)
        must(leaves.count == 0);
    else
        check_leaves(&leaves, root);
    gs3_auto_free char *text = gs3_xstrndup((const char *)data, length);
    write_and_read(text);
    return 0;
}
