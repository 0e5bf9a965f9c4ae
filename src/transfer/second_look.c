#include "transfer/second_look.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "transfer/verify.h"

/* Below it, HEADs are the shorter way: a page that shows so few ends the listing. */
enum { LEAST_LISTED = 16, SETTLED_S = 2 };

struct look {
    struct gs3_delete **wanted; /* in the order of their keys */
    size_t count, next;
    unsigned seen; /* on this page */
};

/* A last change is told in seconds: what was written this very second, and after it was looked at,
 * tells itself by its version alone. Without versions a HEAD knows no more than the listing. */
static bool can_be_listed(const struct gs3_s3_result *head)
{
    if (head->last_modified_s < 0)
        return false;
    return !head->version_id || head->date_s - head->last_modified_s >= SETTLED_S;
}

static bool is_as_it_was(const struct gs3_s3_entry *entry, const struct gs3_s3_result *head)
{
    return gs3_str_equal(entry->etag, head->etag) && entry->size_bytes == head->length_bytes &&
           entry->last_modified_s == head->last_modified_s;
}

static int take_entry(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    (void)err;
    struct look *look = context;
    int order = -1;
    while (look->next < look->count &&
           (order = strcmp(look->wanted[look->next]->plan->source.key, entry->key)) < 0)
        look->next++;
    if (order != 0)
        return 0;
    struct gs3_delete *one = look->wanted[look->next++];
    one->is_same = is_as_it_was(entry, &one->plan->head);
    look->seen++;
    return 0;
}

/* Text that sorts before the key, and behind nearly all that does: start-after leaves out what it
 * names. */
static char *just_before(const char *key)
{
    char *text = gs3_xasprintf("%s~", key);
    size_t last = strlen(key) - 1;
    if (text[last] > '!' && text[last] <= '~') {
        text[last]--;
        return text;
    }
    while (last > 0 && ((unsigned char)text[last] & 0xC0) == 0x80)
        last--;
    text[last] = '\0';
    return text;
}

/* 1: there is more that is worth it. */
static int list_page(struct gs3_s3_transport *store, const struct gs3_source_listing *listing,
                     struct look *look)
{
    size_t from = look->next;
    const struct gs3_location *first = &look->wanted[from]->plan->source;
    gs3_auto_free char *start_after = just_before(first->key);
    const struct gs3_s3_request request = {
        .op = GS3_S3_LIST_OBJECTS,
        .object = {.bucket = first->bucket},
        .prefix = listing->prefix,
        .start_after = *start_after ? start_after : NULL,
        .page_size = listing->page_size,
        .entry = take_entry,
        .entry_context = look,
        .survives_interrupt = true, /* as the batch does */
    };
    struct gs3_s3_result result = {0};
    struct gs3_err err = GS3_ERR_INIT;
    look->seen = 0;
    int failed = gs3_s3_perform(store, &request, &result, &err);
    /* What came of a page that broke off is no answer. */
    for (size_t i = from; failed && i < look->next; i++)
        look->wanted[i]->is_same = false;
    bool has_more = !failed && result.next_token && look->next < look->count;
    gs3_s3_result_release(&result);
    return has_more && look->seen >= LEAST_LISTED;
}

static int by_key(const void *a, const void *b)
{
    const struct gs3_delete *const *left = a, *const *right = b;
    return strcmp((*left)->plan->source.key, (*right)->plan->source.key);
}

static void look_by_listing(struct gs3_s3_transport *store,
                            const struct gs3_source_listing *listing, struct gs3_delete *deletes,
                            size_t count)
{
    gs3_auto_free struct gs3_delete **wanted = gs3_xcalloc(count, sizeof *wanted);
    struct look look = {.wanted = wanted};
    for (size_t i = 0; i < count; i++)
        if (can_be_listed(&deletes[i].plan->head))
            wanted[look.count++] = &deletes[i];
    if (look.count < LEAST_LISTED)
        return;
    qsort(wanted, look.count, sizeof *wanted, by_key);
    while (list_page(store, listing, &look))
        ;
}

/* Never fails: a failed piece would keep the others from their turn. */
static int look_at_piece(void *context, size_t piece, const struct gs3_lane *lane,
                         struct gs3_err *err)
{
    (void)err;
    struct gs3_delete *one = ((struct gs3_delete **)context)[piece];
    one->failed =
        gs3_verify_source(gs3_plan_source_store(one->plan, lane), one->plan, true, &one->err);
    one->is_same = !one->failed;
    if (one->failed && gs3_s3_err_is_not_found(&one->err)) {
        gs3_err_clear(&one->err);
        one->failed = 0;
    }
    return 0;
}

void gs3_second_look(struct gs3_pool *pool, const struct gs3_lane *lane,
                     const struct gs3_source_listing *listing, struct gs3_delete *deletes,
                     size_t count)
{
    gs3_auto_free struct gs3_delete **left = gs3_xcalloc(count, sizeof *left);
    struct gs3_batch batch = {.run = look_at_piece, .context = left};
    struct gs3_err err = GS3_ERR_INIT;
    if (listing)
        look_by_listing(gs3_plan_source_store(deletes[0].plan, lane), listing, deletes, count);
    for (size_t i = 0; i < count; i++)
        if (!deletes[i].is_same)
            left[batch.count++] = &deletes[i];
    if (batch.count > 0)
        gs3_pool_run(pool, lane, &batch, &err);
}
