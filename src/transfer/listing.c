/* The S3 side of a tree: page after page, the next one on its way while this one is used. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "transfer/tree_internal.h"

enum { PAGE_TEXT_BYTES = 8 << 20, ETAG_BYTES = 160 };

struct listed {
    size_t key; /* offset into the page's text; the ETag follows its NUL */
    uint64_t size_bytes;
    int64_t last_modified_s;
    bool is_archived;
};

struct page {
    struct gs3_buf text;
    struct listed *entries;
    size_t count, room, next;
};

struct gs3_listing {
    struct gs3_s3_transport *transport;
    char *bucket, *prefix, *token;
    unsigned page_size;
    struct page pages[2]; /* the one that is used, the one that comes in */
    unsigned used;
    bool has_begun;
    struct gs3_s3_call *call; /* of the other page; NULL: there is none */
};

/* A listing does not say whether it was restored. */
static bool is_archived(const struct gs3_s3_entry *entry)
{
    return gs3_str_equal(entry->storage_class, "GLACIER") ||
           gs3_str_equal(entry->storage_class, "DEEP_ARCHIVE");
}

static int add_entry(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err)
{
    struct page *page = context;
    if (page->count == page->room) {
        page->room = page->room ? 2 * page->room : 1024;
        page->entries = gs3_xreallocarray(page->entries, page->room, sizeof *page->entries);
    }
    struct listed *listed = &page->entries[page->count++];
    *listed = (struct listed){.key = page->text.length_bytes,
                              .size_bytes = entry->size_bytes,
                              .last_modified_s = entry->last_modified_s,
                              .is_archived = is_archived(entry)};
    if (gs3_buf_append(&page->text, entry->key, strlen(entry->key) + 1) ||
        gs3_buf_append(&page->text, entry->etag, strlen(entry->etag) + 1))
        return gs3_fail(err, GS3_EINVALID, "a page of the listing is too large");
    return 0;
}

static void ask(struct gs3_listing *listing, struct page *page)
{
    gs3_buf_clear(&page->text);
    page->count = page->next = 0;
    const struct gs3_s3_request request = {
        .op = GS3_S3_LIST_OBJECTS,
        .object = {.bucket = listing->bucket},
        .prefix = listing->prefix,
        .continuation_token = listing->token,
        .page_size = listing->page_size,
        .entry = add_entry,
        .entry_context = page,
    };
    listing->call = listing->transport->ops->start(listing->transport, &request);
}

struct gs3_listing *gs3_listing_open(struct gs3_s3_transport *transport, const char *bucket,
                                     const char *prefix, unsigned page_size)
{
    struct gs3_listing *listing = gs3_xcalloc(1, sizeof *listing);
    listing->transport = transport;
    listing->bucket = gs3_xstrdup(bucket);
    listing->prefix = gs3_xstrdup(prefix);
    listing->page_size = page_size;
    for (size_t i = 0; i < 2; i++)
        listing->pages[i].text.maximum_bytes = PAGE_TEXT_BYTES;
    return listing;
}

/* Takes the page that comes in, and sends for the one behind it. 0: there is none. */
static int turn_page(struct gs3_listing *listing, struct gs3_err *err)
{
    struct gs3_s3_result result = {0};
    if (!listing->call)
        return 0;
    int failed = listing->transport->ops->wait(listing->transport, listing->call, &result, err);
    listing->call = NULL;
    if (!failed && result.next_token && gs3_str_equal(result.next_token, listing->token))
        failed =
            gs3_fail(err, GS3_ESERVICE, "the listing of s3://%s/%s comes back to the same page",
                     listing->bucket, listing->prefix);
    if (!failed) {
        free(listing->token);
        listing->token = result.next_token;
        result.next_token = NULL;
        listing->used = 1 - listing->used;
        if (listing->token)
            ask(listing, &listing->pages[1 - listing->used]);
    }
    gs3_s3_result_release(&result);
    return failed ? -1 : 1;
}

int gs3_listing_next(struct gs3_listing *listing, struct gs3_tree_name *name, struct gs3_err *err)
{
    struct page *page = &listing->pages[listing->used];
    if (!listing->has_begun)
        ask(listing, &listing->pages[1 - listing->used]);
    listing->has_begun = true;
    while (page->next == page->count) {
        int turned = turn_page(listing, err);
        if (turned <= 0)
            return turned;
        page = &listing->pages[listing->used];
    }
    const struct listed *listed = &page->entries[page->next++];
    const char *key = page->text.data + listed->key;
    if (!gs3_str_has_prefix(key, listing->prefix))
        return gs3_fail(err, GS3_ESERVICE, "the listing of s3://%s/%s has the key %s",
                        listing->bucket, listing->prefix, key);
    *name = (struct gs3_tree_name){
        .relative = key + strlen(listing->prefix),
        .size_bytes = listed->size_bytes,
        .etag = key + strlen(key) + 1,
        .last_modified_s = listed->last_modified_s,
        .is_archived = listed->is_archived,
    };
    return 1;
}

void gs3_listing_close(struct gs3_listing *listing)
{
    if (!listing)
        return;
    if (listing->call)
        listing->transport->ops->cancel(listing->transport, listing->call);
    for (size_t i = 0; i < 2; i++) {
        gs3_buf_release(&listing->pages[i].text);
        free(listing->pages[i].entries);
    }
    free(listing->bucket);
    free(listing->prefix);
    free(listing->token);
    free(listing);
}
