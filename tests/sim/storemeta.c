/*
 * User metadata and tags as S3 keeps them. A value that looks like RFC 2047 is decoded when it is
 * stored, bytes over 127 are taken for Latin-1, and what is not ASCII comes back encoded; what
 * cannot be printed is dropped and counted.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
#include "store.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define META_MAX_BYTES 2048
#define TAGS_MAX       10

static void add_latin1(struct sim_buf *out, unsigned char c)
{
    if (c < 0x80)
        sim_buf_add(out, &c, 1);
    else
        sim_buf_add(out,
                    (const unsigned char[]){(unsigned char)(0xc0 | c >> 6),
                                            (unsigned char)(0x80 | (c & 0x3f))},
                    2);
}

static char *decode_q(const char *text, size_t len)
{
    char *copy = sim_strndup(text, len);
    for (char *p = copy; *p != '\0'; p++)
        *p = (char)(*p == '_' ? ' ' : *p == '=' ? '%' : *p);
    char *out = sim_percent_decode(copy, len, false);
    free(copy);
    return out;
}

/* "=?UTF-8?B?…?=" at text: its decoded text, and how long it was; NULL when it is no such word. */
static char *encoded_word(const char *text, size_t *len)
{
    if (strncasecmp(text, "=?UTF-8?", 8) != 0 || text[8] == '\0' || text[9] != '?')
        return NULL;
    const char *end = strstr(text + 10, "?=");
    if (!end)
        return NULL;
    size_t body_len = (size_t)(end - text) - 10;
    char *out = NULL;
    if (text[8] == 'Q' || text[8] == 'q') {
        out = decode_q(text + 10, body_len);
    } else if (text[8] == 'B' || text[8] == 'b') {
        char *body = sim_strndup(text + 10, body_len);
        out = sim_base64_decode(body);
        free(body);
    }
    *len = (size_t)(end - text) + 2;
    return out;
}

static char *stored_value(const char *sent)
{
    struct sim_buf out = {0};
    sim_buf_adds(&out, "");
    while (*sent != '\0') {
        size_t len = 0;
        char *word = encoded_word(sent, &len);
        if (word) {
            sim_buf_adds(&out, word);
            sent += len;
            size_t blanks = strspn(sent, " \t");
            char *next = encoded_word(sent + blanks, &len);
            sent += next ? blanks : 0; /* blanks between two encoded words are not text */
            free(next);
        } else {
            add_latin1(&out, (unsigned char)*sent++);
        }
        free(word);
    }
    return out.data;
}

/* As it goes out on GET and HEAD, the caller's to free. */
char *sim_meta_sent(const char *stored)
{
    bool ascii = true;
    for (const char *p = stored; *p != '\0'; p++)
        ascii = ascii && (unsigned char)*p < 0x80;
    if (ascii)
        return sim_strdup(stored);
    size_t len = strlen(stored);
    unsigned char *base64 = sim_alloc(len / 3 * 4 + 8);
    EVP_EncodeBlock(base64, (const unsigned char *)stored, (int)len);
    char *out = sim_printf("=?UTF-8?B?%s?=", base64);
    free(base64);
    return out;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

/* Moves the request's x-amz-meta-* into the object. False, with answer set, when they are over the
 * limit. */
bool sim_meta_take(const struct sim_request *req, struct sim_object *object,
                   struct sim_answer *answer)
{
    size_t bytes = 0;
    for (size_t i = 0; i < req->headers.count; i++) {
        const struct sim_pair *header = &req->headers.items[i];
        if (!sim_starts_with(header->name, "x-amz-meta-"))
            continue;
        char *value = stored_value(header->value);
        const char *before = sim_pairs_get(&object->headers, header->name);
        char *joined = before ? sim_printf("%s,%s", before, value) : sim_strdup(value);
        bytes += strlen(header->name) + strlen(value);
        if (is_printable(value))
            sim_pairs_set(&object->headers, header->name, joined);
        else
            object->missing_meta_count++;
        free(joined);
        free(value);
    }
    if (bytes <= META_MAX_BYTES)
        return true;
    sim_answer_s3_error(answer, 400, "MetadataTooLarge",
                        "Your metadata headers exceed the maximum allowed metadata size");
    return false;
}

static bool tags_are_good(const struct sim_pairs *tags, struct sim_answer *answer)
{
    const char *why = NULL;
    if (tags->count > TAGS_MAX)
        why = "Object tags cannot be greater than 10";
    for (size_t i = 0; i < tags->count && !why; i++) {
        if (strlen(tags->items[i].name) > 128 || strlen(tags->items[i].value) > 256)
            why = "The tag provided was not a valid tag";
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tags->items[i].name, tags->items[j].name) == 0)
                why = "Cannot provide multiple Tags with the same key";
        }
    }
    if (why)
        sim_answer_s3_error(answer, 400, tags->count > TAGS_MAX ? "BadRequest" : "InvalidTag", why);
    return !why;
}

/* The header x-amz-tagging: a form; NULL is no tag. */
bool sim_tags_take(struct sim_pairs *tags, const char *form, struct sim_answer *answer)
{
    sim_form_parse(tags, form ? form : "");
    return tags_are_good(tags, answer);
}

static char *unescaped(const char *text, size_t len)
{
    static const struct {
        const char *entity;
        const char *text;
    } entities[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&quot;", "\""}, {"&apos;", "'"}};
    struct sim_buf out = {0};
    sim_buf_adds(&out, "");
    for (size_t i = 0; i < len; i++) {
        size_t e = 0;
        while (e < 5 && !sim_starts_with(text + i, entities[e].entity))
            e++;
        if (e < 5) {
            sim_buf_adds(&out, entities[e].text);
            i += strlen(entities[e].entity) - 1;
        } else {
            sim_buf_add(&out, text + i, 1);
        }
    }
    return out.data;
}

static char *element(const char **text, const char *open, const char *close)
{
    const char *start = strstr(*text, open);
    const char *end = start ? strstr(start, close) : NULL;
    if (!end)
        return NULL;
    start += strlen(open);
    *text = end + strlen(close);
    return unescaped(start, (size_t)(end - start));
}

/* The body of PutObjectTagging. */
bool sim_tags_parse(struct sim_pairs *tags, const char *xml, struct sim_answer *answer)
{
    if (!strstr(xml, "<Tagging") || !strstr(xml, "</Tagging>")) {
        sim_answer_s3_error(answer, 400, "MalformedXML",
                            "The XML you provided was not well-formed");
        return false;
    }
    char *key = NULL;
    while ((key = element(&xml, "<Key>", "</Key>")) != NULL) {
        char *value = element(&xml, "<Value>", "</Value>");
        sim_pairs_add(tags, key, value ? value : "");
        free(value);
        free(key);
    }
    return tags_are_good(tags, answer);
}

void sim_tags_answer(const struct sim_pairs *tags, struct sim_answer *answer)
{
    struct sim_buf xml = {0};
    sim_buf_adds(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (size_t i = 0; i < tags->count; i++) {
        sim_buf_adds(&xml, "<Tag><Key>");
        sim_xml_escape(&xml, tags->items[i].name);
        sim_buf_adds(&xml, "</Key><Value>");
        sim_xml_escape(&xml, tags->items[i].value);
        sim_buf_adds(&xml, "</Value></Tag>");
    }
    sim_buf_adds(&xml, "</TagSet></Tagging>");
    sim_answer_text(answer, 200, "application/xml", xml.data);
    sim_buf_release(&xml);
}
