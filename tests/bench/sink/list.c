/*
 * ListObjects and ListObjectsV2, over the index or over a synthetic bucket.
 */
#include "sink.h"

#include <string.h>

#define KEYS_MAX 1000

struct list_query {
    bool is_v2;
    bool is_url;
    char prefix[SINK_PATH_MAX_BYTES];
    char delimiter[32];
    char start[SINK_PATH_MAX_BYTES]; /* marker, continuation token or start-after */
    uint64_t max;
};

/* A place in the sorted keys of one bucket. */
struct cursor {
    struct sink_index *index; /* NULL: a synthetic bucket */
    struct sink_synthetic bucket;
    const char *path;  /* of the request: the bucket's name and more */
    size_t bucket_len; /* with the slash */
    size_t at, count;
    char key[32]; /* a synthetic one */
};

struct page {
    struct sink_buf contents;
    struct sink_buf prefixes;
    uint64_t count;
    bool has_more;
    char last[SINK_PATH_MAX_BYTES];
};

enum seek { SEEK_AT, SEEK_AFTER, SEEK_PAST_PREFIX };

static void read_query(const struct sink_request *request, struct list_query *query)
{
    char text[24];
    query->is_v2 = request->op == SINK_LIST_V2;
    sink_query_get(request, "prefix", query->prefix, sizeof query->prefix);
    sink_query_get(request, "delimiter", query->delimiter, sizeof query->delimiter);
    if (!query->is_v2)
        sink_query_get(request, "marker", query->start, sizeof query->start);
    else if (!sink_query_get(request, "continuation-token", query->start, sizeof query->start))
        sink_query_get(request, "start-after", query->start, sizeof query->start);
    query->max = KEYS_MAX;
    if (sink_query_get(request, "max-keys", text, sizeof text))
        sink_number_read(text, &query->max, NULL);
    if (query->max > KEYS_MAX)
        query->max = KEYS_MAX;
    query->is_url =
        sink_query_get(request, "encoding-type", text, sizeof text) && strcmp(text, "url") == 0;
}

/* Compares entry i's key with text: within the bucket, or by its first len characters. */
static int compare_at(struct cursor *cursor, size_t i, const char *text, size_t len)
{
    const char *key = cursor->key;
    if (cursor->index) {
        const char *path = cursor->index->sorted[i]->path;
        int order = strncmp(path, cursor->path, cursor->bucket_len - 1);
        if (order == 0)
            order = (unsigned char)path[cursor->bucket_len - 1] - '/';
        if (order != 0)
            return order;
        key = path + cursor->bucket_len;
    } else {
        sink_synthetic_key(i, cursor->key);
    }
    return len > 0 ? strncmp(key, text, len) : strcmp(key, text);
}

static void seek(struct cursor *cursor, const char *text, enum seek how)
{
    size_t low = 0;
    size_t high = cursor->count;
    size_t len = how == SEEK_PAST_PREFIX ? strlen(text) : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_at(cursor, middle, text, len);
        if (order < 0 || (order == 0 && how != SEEK_AT))
            low = middle + 1;
        else
            high = middle;
    }
    cursor->at = low;
}

/* The key at the cursor; NULL at the bucket's end. */
static const char *current(struct cursor *cursor)
{
    if (cursor->at >= cursor->count)
        return NULL;
    if (!cursor->index) {
        sink_synthetic_key(cursor->at, cursor->key);
        return cursor->key;
    }
    const char *path = cursor->index->sorted[cursor->at]->path;
    if (strncmp(path, cursor->path, cursor->bucket_len - 1) != 0 ||
        path[cursor->bucket_len - 1] != '/')
        return NULL;
    return path + cursor->bucket_len;
}

static void add_object(struct page *page, const struct list_query *query, struct sink_dates *dates,
                       const char *key, const struct sink_object *object)
{
    struct sink_buf *out = &page->contents;
    if (object->modified != dates->iso_second) {
        struct tm parts;
        dates->iso_second = object->modified;
        strftime(dates->iso, sizeof dates->iso, "%Y-%m-%dT%H:%M:%S.000Z",
                 gmtime_r(&object->modified, &parts));
    }
    sink_buf_text(out, "<Contents><Key>");
    (query->is_url ? sink_buf_percent : sink_buf_xml)(out, key);
    sink_buf_text(out, "</Key><LastModified>");
    sink_buf_text(out, dates->iso);
    sink_buf_text(out, "</LastModified><ETag>&quot;");
    sink_buf_text(out, object->etag);
    sink_buf_text(out, "&quot;</ETag><Size>");
    sink_buf_number(out, object->size_bytes);
    sink_buf_text(out, "</Size><StorageClass>STANDARD</StorageClass></Contents>");
}

static void add_prefix(struct page *page, const struct list_query *query, const char *prefix)
{
    sink_buf_text(&page->prefixes, "<CommonPrefixes><Prefix>");
    (query->is_url ? sink_buf_percent : sink_buf_xml)(&page->prefixes, prefix);
    sink_buf_text(&page->prefixes, "</Prefix></CommonPrefixes>");
}

/* Puts the key's common prefix, when it has one, into prefix. */
static bool roll_up(const struct list_query *query, const char *key, char *prefix, size_t size)
{
    const char *end =
        query->delimiter[0] ? strstr(key + strlen(query->prefix), query->delimiter) : NULL;
    if (!end)
        return false;
    snprintf(prefix, size, "%.*s", (int)(end - key + (ptrdiff_t)strlen(query->delimiter)), key);
    return true;
}

static void note_last(struct page *page, const char *text)
{
    size_t len = strlen(text);
    if (len < sizeof page->last)
        memcpy(page->last, text, len + 1);
}

static void fill_page(struct page *page, const struct list_query *query, struct cursor *cursor,
                      struct sink_dates *dates)
{
    char prefix[SINK_PATH_MAX_BYTES];
    const char *key;
    while ((key = current(cursor)) && strncmp(key, query->prefix, strlen(query->prefix)) == 0) {
        bool is_prefix = roll_up(query, key, prefix, sizeof prefix);
        /* A prefix that ended the last page is not answered again. */
        bool is_old =
            is_prefix && query->start[0] && strncmp(query->start, prefix, strlen(prefix)) == 0;
        if (!is_old && page->count >= query->max) {
            page->has_more = true;
            return;
        }
        if (!is_old) {
            note_last(page, is_prefix ? prefix : key);
            page->count++;
        }
        if (is_prefix) {
            if (!is_old)
                add_prefix(page, query, prefix);
            seek(cursor, prefix, SEEK_PAST_PREFIX);
            continue;
        }
        struct sink_object made;
        if (!cursor->index)
            sink_synthetic_object(&cursor->bucket, key, &made);
        add_object(page, query, dates, key,
                   cursor->index ? &cursor->index->sorted[cursor->at]->object : &made);
        cursor->at++;
    }
}

static void add_element(struct sink_buf *out, const char *name, const char *value, bool is_url)
{
    sink_buf_printf(out, "<%s>", name);
    (is_url ? sink_buf_percent : sink_buf_xml)(out, value);
    sink_buf_printf(out, "</%s>", name);
}

static void write_page(struct sink_exchange *x, const struct list_query *query,
                       const struct page *page)
{
    struct sink_buf out = {.max = SINK_ANSWER_MAX_BYTES};
    sink_buf_printf(&out, SINK_XML "<ListBucketResult" SINK_NAMESPACE "><Name>%.*s</Name>",
                    (int)x->request->bucket_len, x->request->path);
    add_element(&out, "Prefix", query->prefix, query->is_url);
    if (query->delimiter[0])
        add_element(&out, "Delimiter", query->delimiter, query->is_url);
    sink_buf_printf(&out, "<MaxKeys>%llu</MaxKeys>", (unsigned long long)query->max);
    if (query->is_url)
        sink_buf_text(&out, "<EncodingType>url</EncodingType>");
    if (query->is_v2)
        sink_buf_printf(&out, "<KeyCount>%llu</KeyCount>", (unsigned long long)page->count);
    else
        add_element(&out, "Marker", query->start, query->is_url);
    if (page->has_more)
        /* A token is opaque: it is never encoded for a URL. */
        add_element(&out, query->is_v2 ? "NextContinuationToken" : "NextMarker", page->last,
                    query->is_url && !query->is_v2);
    add_element(&out, "IsTruncated", page->has_more ? "true" : "false", false);
    sink_buf_add(&out, page->contents.data, page->contents.len);
    sink_buf_add(&out, page->prefixes.data, page->prefixes.len);
    sink_buf_text(&out, "</ListBucketResult>");
    sink_answer(x, "200 OK", "", out.data);
    sink_buf_release(&out);
}

void sink_list_objects(struct sink_exchange *x)
{
    struct list_query query = {0};
    struct page page = {.contents.max = SINK_ANSWER_MAX_BYTES,
                        .prefixes.max = SINK_ANSWER_MAX_BYTES};
    struct sink_index *index = &x->sink->index;
    const struct sink_request *request = x->request;
    struct cursor cursor = {.path = request->path, .bucket_len = request->bucket_len + 1};
    read_query(request, &query);
    bool is_after = strcmp(query.start, query.prefix) > 0;
    const char *from = is_after ? query.start : query.prefix;
    if (sink_synthetic_read(request->path, request->bucket_len, &cursor.bucket)) {
        cursor.count = cursor.bucket.count;
        seek(&cursor, from, is_after ? SEEK_AFTER : SEEK_AT);
        fill_page(&page, &query, &cursor, x->dates);
    } else {
        pthread_mutex_lock(&index->lock);
        sink_index_sort(index);
        cursor.index = index;
        cursor.count = index->sorted_count;
        seek(&cursor, from, is_after ? SEEK_AFTER : SEEK_AT);
        fill_page(&page, &query, &cursor, x->dates);
        pthread_mutex_unlock(&index->lock);
    }
    write_page(x, &query, &page);
    sink_buf_release(&page.contents);
    sink_buf_release(&page.prefixes);
}
