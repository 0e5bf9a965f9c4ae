#include "text/xml.h"

#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "text/utf8.h"

/* Paths are repeated for every leaf, so a long name would be copied 20,000 times. */
enum { PATH_BYTES = 512 };
static const char SEPARATOR = '\n'; /* between namespace and local name; in neither */

struct reader {
    XML_Parser parser;
    size_t depth;
    size_t path_length[GS3_XML_DEPTH]; /* of the path before each open element */
    bool is_leaf;                      /* no element since the last opening tag */
    struct gs3_buf path;
    struct gs3_buf text;
    struct gs3_pairs leaves;
    char *root;
    const char *fault; /* why the parser was stopped; NULL: it was not */
};

static void reader_release(struct reader *reader)
{
    if (reader->parser)
        XML_ParserFree(reader->parser);
    gs3_buf_release(&reader->path);
    gs3_buf_release(&reader->text);
    gs3_pairs_release(&reader->leaves);
    free(reader->root);
}

static void stop(struct reader *reader, const char *fault)
{
    if (!reader->fault)
        reader->fault = fault;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void cut_path(struct reader *reader, size_t length)
{
    reader->path.length_bytes = length;
    if (reader->path.data)
        reader->path.data[length] = '\0';
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    (void)attributes;
    struct reader *reader = context;
    const char *separator = strrchr(name, SEPARATOR);
    const char *local = separator ? separator + 1 : name;
    if (reader->depth == GS3_XML_DEPTH) {
        stop(reader, "nested too deeply");
        return;
    }
    reader->path_length[reader->depth++] = reader->path.length_bytes;
    if ((reader->depth > 1 && gs3_buf_putc(&reader->path, '/')) ||
        gs3_buf_puts(&reader->path, local)) {
        stop(reader, "element names too long");
        return;
    }
    if (reader->depth == 1)
        reader->root = gs3_xstrdup(local);
    reader->is_leaf = true;
    gs3_buf_clear(&reader->text);
}

static void on_end(void *context, const XML_Char *name)
{
    (void)name;
    struct reader *reader = context;
    if (reader->fault)
        return;
    if (reader->is_leaf && reader->leaves.count == GS3_XML_LEAVES) {
        stop(reader, "too many elements");
        return;
    }
    if (reader->is_leaf)
        gs3_pairs_add(&reader->leaves, gs3_buf_string(&reader->path),
                      gs3_buf_string(&reader->text));
    reader->is_leaf = false;
    cut_path(reader, reader->path_length[--reader->depth]);
}

static void on_text(void *context, const XML_Char *text, int length)
{
    struct reader *reader = context;
    if (reader->is_leaf && gs3_buf_append(&reader->text, text, (size_t)length))
        stop(reader, "text too long");
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    stop(context, "a document type is not accepted");
}

static XML_Parser create_parser(struct reader *reader)
{
    static const XML_Memory_Handling_Suite memory = {gs3_xmalloc, gs3_xrealloc, free};
    XML_Parser parser = XML_ParserCreate_MM("UTF-8", &memory, &SEPARATOR);
    if (!parser)
        return NULL;
    XML_SetUserData(parser, reader);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    return parser;
}

static int refuse(const struct reader *reader, struct gs3_err *err)
{
    const char *fault = reader->fault;
    if (!fault)
        fault = XML_ErrorString(XML_GetErrorCode(reader->parser));
    return gs3_fail(err, GS3_EINVALID, "line %lu, column %lu: %s",
                    (unsigned long)XML_GetCurrentLineNumber(reader->parser),
                    (unsigned long)XML_GetCurrentColumnNumber(reader->parser) + 1, fault);
}

static bool is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int gs3_xml_parse(const char *data, size_t length_bytes, char **root, struct gs3_pairs *leaves,
                  struct gs3_err *err)
{
    gs3_auto(reader_release) struct reader reader = {
        .path = GS3_BUF_INIT(PATH_BYTES),
        .text = GS3_BUF_INIT(GS3_XML_BYTES),
    };
    if (length_bytes > GS3_XML_BYTES)
        return gs3_fail(err, GS3_EINVALID, "line 1, column 1: document over 1 MiB");
    while (length_bytes > 0 && is_xml_space(*data)) {
        data++;
        length_bytes--;
    }
    if (length_bytes == 0)
        return gs3_fail(err, GS3_EINVALID, "line 1, column 1: no document");
    /* UTF-16, which expat would detect whatever encoding it is told. */
    if (memchr(data, '\0', length_bytes))
        return gs3_fail(err, GS3_EINVALID, "line 1, column 1: NUL byte: not UTF-8");
    reader.parser = create_parser(&reader);
    if (!reader.parser)
        return gs3_fail(err, GS3_EGENERAL, "no XML parser");
    if (XML_Parse(reader.parser, data, (int)length_bytes, XML_TRUE) != XML_STATUS_OK)
        return refuse(&reader, err);
    gs3_pairs_copy(leaves, &reader.leaves);
    *root = reader.root;
    reader.root = NULL;
    return 0;
}

/* The production Char of XML 1.0 (section 2.2). */
static bool is_xml_character(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c != 0xFFFE && c != 0xFFFF;
}

static int append_character(struct gs3_buf *out, const char *bytes, size_t count, uint32_t c)
{
    switch (c) {
    case '&': return gs3_buf_puts(out, "&amp;");
    case '<': return gs3_buf_puts(out, "&lt;");
    case '>': return gs3_buf_puts(out, "&gt;");
    case '"': return gs3_buf_puts(out, "&quot;");
    case '\'': return gs3_buf_puts(out, "&apos;");
    default: break;
    }
    if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        return gs3_buf_printf(out, "&#%u;", c);
    return gs3_buf_append(out, bytes, count);
}

int gs3_xml_append_escaped(struct gs3_buf *out, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        uint32_t code_point = 0;
        size_t step = gs3_utf8_decode(text, left, &code_point);
        if (step == 0 || !is_xml_character(code_point) ||
            append_character(out, text, step, code_point))
            return -1;
        text += step;
        left -= step;
    }
    return 0;
}
