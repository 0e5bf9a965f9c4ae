/* An S3 store in memory behind the transport seam, with one fault at a chosen call. */
#ifndef GS3_TEST_FAKE_STORE_H
#define GS3_TEST_FAKE_STORE_H

#include <stdbool.h>

#include "s3/transport.h"

enum fake_fault {
    FAKE_NO_FAULT,
    FAKE_FAIL_BEFORE, /* the call fails and has no effect */
    FAKE_FAIL_AFTER,  /* the call takes effect and its answer is lost */
    FAKE_INTERRUPT,   /* a signal came */
    FAKE_WRONG_ETAG,  /* of the answer */
    FAKE_NO_ETAG,
    FAKE_WRONG_LENGTH,
    FAKE_DROP_METADATA, /* the first value is not there */
    FAKE_CHANGE_METADATA,
    FAKE_ADD_METADATA,
    FAKE_MISSING_META,
    FAKE_SOURCE_REPLACED, /* someone writes the source before this call */
    FAKE_SOURCE_GONE,     /* someone deletes it */
    FAKE_DESTINATION_GONE,
    FAKE_FAULT_COUNT, /* what follows needs a store that keeps such things */
    FAKE_WRONG_CHECKSUM,
    FAKE_WRONG_MD5, /* an ETag that is one of other bytes */
};

struct fake_object {
    char *bucket, *key, *content, *etag;
    struct gs3_pairs metadata;
    struct gs3_s3_properties properties;
    struct gs3_pairs tags;
    struct gs3_pairs checksums; /* as in a result; told where they are asked for */
};

struct fake_store {
    struct gs3_s3_transport transport; /* first: the seam hands this back */
    struct fake_object *objects[16];
    size_t object_count;
    unsigned version; /* makes ETags */
    unsigned calls;
    unsigned fault_at; /* the call that the fault hits, from 1; 0: none */
    enum fake_fault fault;
    const char *source_key; /* what the SOURCE faults hit */
    const char *destination_key;
    bool ignores_if_none_match; /* Ceph does on a copy */
    bool has_no_conditional_delete;
    bool drops_tags_on_copy;
    bool keeps_checksums; /* of what is written: "crc64nvme" and so on */
    bool has_md5_etags;
    bool forgets_part_checksums; /* in a list of parts */
    /* Of the parts of every object, as HEAD of a part tells it; 0: it tells nothing. The second
     * part may be of another size. */
    uint64_t part_bytes, second_part_bytes;
    /* The multipart upload under way: there is one at most. */
    char *part_contents[8];
    struct gs3_s3_part parts[8];
    struct gs3_pairs upload_metadata;
    enum gs3_s3_checksum created_with, copied_with;
    char *completed_with;              /* the whole's checksum; NULL: none was sent */
    unsigned completed_part_checksums; /* how many parts had theirs */
    enum gs3_s3_op log[64];
};

void fake_store_init(struct fake_store *store);
void fake_store_release(struct fake_store *store);
struct fake_object *fake_store_find(struct fake_store *store, const char *bucket, const char *key);
/* Replaces or adds; metadata NULL: none. */
struct fake_object *fake_store_put(struct fake_store *store, const char *bucket, const char *key,
                                   const char *content, const struct gs3_pairs *metadata);
unsigned fake_store_count_calls(const struct fake_store *store, enum gs3_s3_op op);

#endif
