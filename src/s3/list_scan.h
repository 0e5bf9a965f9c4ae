/* Reading the answer of ListObjectsV2 as it arrives: keys out, no tree, constant memory.
 *
 * A listing is what gs3 reads most of: a general XML parser takes longer for it than the network.
 * This one knows one document, and is strict about it: one root, names that match, no DOCTYPE, no
 * CDATA, fields bounded, and an end. Depends on base, text; on nothing of the room. */
#ifndef GS3_S3_LIST_SCAN_H
#define GS3_S3_LIST_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "s3/transport.h"

enum { GS3_LIST_DEPTH = 8, GS3_LIST_NAME_BYTES = 40, GS3_LIST_TEXT_BYTES = 8192 };

struct gs3_list_scan {
    int (*entry)(void *context, const struct gs3_s3_entry *entry, struct gs3_err *err);
    void *context;

    char names[GS3_LIST_DEPTH][GS3_LIST_NAME_BYTES]; /* of the open elements */
    unsigned depth;
    bool has_begun, has_ended;
    struct gs3_buf pending; /* what was not complete yet */
    struct gs3_buf text;    /* of the innermost element, entities resolved */

    struct gs3_buf key; /* of the Contents that is open; as sent */
    char etag[160], storage_class[40];
    uint64_t size_bytes;
    int64_t last_modified_s;
    bool has_key, has_size, is_restored;

    bool is_leaf;                     /* no element since the last opening tag */
    bool has_encoding, is_encoded;    /* EncodingType was said, and that it is url */
    bool has_truncated, is_truncated; /* of the page */
    struct gs3_buf held;              /* entries that wait for EncodingType */
    struct gs3_buf next_token;
    uint64_t count;      /* of the page, as far as it was read */
    uint64_t delivered;  /* of the page, in an earlier attempt too: not handed out again */
    struct gs3_buf last; /* the last key that was delivered */
};

void gs3_list_scan_init(struct gs3_list_scan *scan,
                        int (*entry)(void *context, const struct gs3_s3_entry *entry,
                                     struct gs3_err *err),
                        void *context);
void gs3_list_scan_release(struct gs3_list_scan *scan); /* NULL is fine */

/* The next bytes. -1: not a listing (GS3_EINVALID), or what `entry` said. */
int gs3_list_scan_write(struct gs3_list_scan *scan, const void *bytes, size_t length_bytes,
                        struct gs3_err *err);
/* The page is asked for again: what was delivered is skipped when it comes. */
void gs3_list_scan_reset(struct gs3_list_scan *scan);
/* After the last byte: -1 when the document has not ended, or says that there is more and not how
 * to get it. */
int gs3_list_scan_finish(struct gs3_list_scan *scan, struct gs3_err *err);

#endif
