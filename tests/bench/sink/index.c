/*
 * The index of what was written: a hash table by "bucket/key", sorted when a list asks for it.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_COUNT ((size_t)1 << 20)

/* FNV-1a */
uint64_t sink_hash(const char *text)
{
    uint64_t hash = 1469598103934665603U;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211U;
    return hash;
}

/* As of a multipart or SSE-KMS object, so that no client takes it for an MD5; each write has its
 * own. */
void sink_etag_make(struct sink *sink, const char *path, uint64_t size_bytes, char *etag)
{
    uint64_t hash = sink_hash(path);
    uint64_t number = ++sink->writes;
    sink_etag_format(hash, (size_bytes + number) * 0x9e3779b97f4a7c15U, etag);
}

void sink_index_init(struct sink_index *index)
{
    pthread_mutex_init(&index->lock, NULL);
    index->slots =
        calloc(SLOT_COUNT, sizeof(struct sink_entry *)); /* untouched pages cost nothing */
    if (!index->slots) {
        fputs("gs3-sink: out of memory\n", stderr);
        exit(70);
    }
}

void sink_object_release(struct sink_object *object)
{
    free(object->headers);
    sink_blob_give(object->blob);
    *object = (struct sink_object){0};
}

static void free_entry(struct sink_entry *entry)
{
    sink_object_release(&entry->object);
    free(entry->path);
    free(entry);
}

static struct sink_entry **find_slot(struct sink_index *index, const char *path)
{
    struct sink_entry **at = &index->slots[sink_hash(path) & (SLOT_COUNT - 1)];
    while (*at && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

void sink_index_put(struct sink_index *index, const char *path, const struct sink_object *object)
{
    pthread_mutex_lock(&index->lock);
    struct sink_entry **at = find_slot(index, path);
    if (!*at) {
        *at = sink_alloc(sizeof **at);
        (*at)->path = sink_strdup(path);
        index->count++;
        index->is_sorted = false;
    }
    sink_object_release(&(*at)->object);
    (*at)->object = *object;
    (*at)->object.modified = time(NULL);
    pthread_mutex_unlock(&index->lock);
}

bool sink_index_find(struct sink_index *index, const char *path, struct sink_object *out)
{
    *out = (struct sink_object){0};
    if (sink_synthetic_find(path, out))
        return true;
    pthread_mutex_lock(&index->lock);
    const struct sink_entry *entry = *find_slot(index, path);
    if (entry) {
        *out = entry->object;
        out->headers = entry->object.headers ? sink_strdup(entry->object.headers) : NULL;
        sink_blob_take(out->blob);
    }
    pthread_mutex_unlock(&index->lock);
    return entry != NULL;
}

void sink_index_delete(struct sink_index *index, const char *path)
{
    pthread_mutex_lock(&index->lock);
    struct sink_entry **at = find_slot(index, path);
    struct sink_entry *entry = *at;
    if (entry) {
        *at = entry->next;
        index->count--;
        index->is_sorted = false;
        free_entry(entry);
    }
    pthread_mutex_unlock(&index->lock);
}

void sink_index_total(struct sink_index *index, const char *prefix, uint64_t *count,
                      uint64_t *bytes)
{
    size_t len = strlen(prefix);
    *count = *bytes = 0;
    pthread_mutex_lock(&index->lock);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        for (const struct sink_entry *entry = index->slots[i]; entry; entry = entry->next) {
            if (strncmp(entry->path, prefix, len) != 0)
                continue;
            *count += 1;
            *bytes += entry->object.size_bytes;
        }
    pthread_mutex_unlock(&index->lock);
}

static int compare_paths(const void *a, const void *b)
{
    const struct sink_entry *const *left = a;
    const struct sink_entry *const *right = b;
    return strcmp((*left)->path, (*right)->path);
}

void sink_index_sort(struct sink_index *index)
{
    if (index->is_sorted)
        return;
    index->sorted = sink_realloc(index->sorted, (index->count + 1) * sizeof *index->sorted);
    index->sorted_count = 0;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        for (struct sink_entry *entry = index->slots[i]; entry; entry = entry->next)
            index->sorted[index->sorted_count++] = entry;
    qsort(index->sorted, index->sorted_count, sizeof *index->sorted, compare_paths);
    index->is_sorted = true;
}

void sink_index_clear(struct sink_index *index)
{
    pthread_mutex_lock(&index->lock);
    for (size_t i = 0; i < SLOT_COUNT && index->count > 0; i++) {
        while (index->slots[i]) {
            struct sink_entry *entry = index->slots[i];
            index->slots[i] = entry->next;
            index->count--;
            free_entry(entry);
        }
    }
    index->is_sorted = false;
    pthread_mutex_unlock(&index->lock);
}

void sink_index_release(struct sink_index *index)
{
    sink_index_clear(index);
    free(index->slots);
    free(index->sorted);
    pthread_mutex_destroy(&index->lock);
}
