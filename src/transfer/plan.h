/* What is to be moved where, with everything the transfer needs to know of the source.
 *
 * A plan is made without a permit (it looks at the source and writes nothing) and cannot run
 * without one: gs3_transfer_object asks for it. Depends on lane, location, local and s3. */
#ifndef GS3_TRANSFER_PLAN_H
#define GS3_TRANSFER_PLAN_H

#include <stdbool.h>

#include "base/err.h"
#include "policy/facts.h"
#include "s3/transport.h"
#include "transfer/lane.h"
#include "transfer/local.h"
#include "transfer/location.h"

#define GS3_PUT_MAXIMUM_BYTES (UINT64_C(5) << 30) /* that one PutObject or CopyObject may carry */

/* --copy-props: what of a copy's source rides along (reference: "Metadata on s3→s3"). */
enum gs3_copy_props { GS3_COPY_PROPS_DEFAULT, GS3_COPY_PROPS_NONE, GS3_COPY_PROPS_METADATA };

struct gs3_plan_opts {
    const struct gs3_s3_properties *properties;     /* set by the user; NULL: none */
    const struct gs3_pairs *metadata;               /* --metadata, as text; NULL: none */
    const struct gs3_pairs *tags;                   /* --tags, as text; NULL: none given */
    const struct gs3_s3_write_options *write;       /* storage class, ACL, encryption; NULL: none */
    const struct gs3_s3_customer_key *customer_key; /* --sse-c: of the destination, or of a
                                                       download's source; NULL: none */
    const struct gs3_s3_customer_key *copy_source_key; /* --sse-c-copy-source */
    enum gs3_copy_props copy_props;
    bool replaces_metadata; /* --metadata-directive REPLACE: nothing of the source's rides along */
    enum gs3_s3_checksum checksum; /* NONE: AWS's default on AWS, none elsewhere */
    bool checks_md5;               /* --verify md5 */
    bool wants_checksum;           /* --checksum-mode ENABLED, and by default on AWS */
    bool force_glacier_transfer, ignore_glacier_warnings;
    uint64_t multipart_threshold_bytes, part_bytes; /* 0: 8 MiB each, grown to the object */
    uint64_t expected_size_bytes;                   /* of a stream; 0: not said */
    bool resumes;                                   /* --resume */
    bool deletes_conditionally; /* the environment asks for `delete: conditional` */
    bool no_overwrite;
    bool no_guess_mime_type;
    bool is_dryrun;
};

/* aws-cli's word for the direction: upload, download, copy. */
enum gs3_direction { GS3_UPLOAD, GS3_DOWNLOAD, GS3_COPY };

struct gs3_plan {
    enum gs3_operation operation;
    enum gs3_direction direction;
    struct gs3_location source, destination; /* resolved; owned */
    struct gs3_plan_opts opts;               /* what it points to must outlive the plan */
    struct gs3_local_source local;           /* upload: open; fd -1 until then */
    struct gs3_s3_call *head_call;           /* download, copy: under way */
    struct gs3_s3_result head;               /* download, copy: the source as it was found */
    uint64_t size_bytes;                     /* known after gs3_plan_look */
    /* From a listing: known before anything is asked; NULL and -1 otherwise. */
    char *listed_etag;
    int64_t listed_modified_s;
    bool listed_is_archived; /* only HEAD says whether it was restored */
};

/* Takes both locations over, resolves the destination's name and refuses what cannot be: two local
 * ends, `put` from S3, mv with a stream, an object onto itself. GS3_EUSAGE. */
int gs3_plan_init(struct gs3_plan *plan, enum gs3_operation operation, struct gs3_location *source,
                  struct gs3_location *destination, const struct gs3_plan_opts *opts,
                  struct gs3_err *err);
/* For one of many (tree.h), whose names are complete: takes over what was found. GS3_EUSAGE for
 * ends that do not fit the operation, and for an object that would be moved onto itself. */
struct gs3_tree_found;
int gs3_plan_init_found(struct gs3_plan *plan, enum gs3_operation operation,
                        struct gs3_tree_found *found, const struct gs3_plan_opts *opts,
                        struct gs3_err *err);

/* GS3_EUSAGE for a move of an object onto itself: once more when the bucket behind an access point
 * is known. */
int gs3_plan_refuse_self(const struct gs3_plan *plan, struct gs3_err *err);

/* The store that a source in S3 lies in. */
struct gs3_s3_transport *gs3_plan_source_store(const struct gs3_plan *plan,
                                               const struct gs3_lane *lane);

/* The customer's key that the source is read with; NULL: none. */
const struct gs3_s3_customer_key *gs3_plan_source_key(const struct gs3_plan *plan);

/* From how many bytes on the object is moved in parts. */
uint64_t gs3_plan_threshold_bytes(const struct gs3_plan *plan);

void gs3_plan_release(struct gs3_plan *plan, struct gs3_s3_transport *transport);

/* The S3 sides and what will be done to them. `touches` has room for two; returns how many. */
size_t gs3_plan_touches(const struct gs3_plan *plan, struct gs3_touch touches[2]);

/* Starts to look at a source in S3 (HeadObject), beside whatever else is waited for. */
void gs3_plan_look_start(struct gs3_plan *plan, struct gs3_s3_transport *transport);

/* Opens a local source, or waits for the HeadObject. Standard input is not read here. */
int gs3_plan_look(struct gs3_plan *plan, struct gs3_s3_transport *transport, struct gs3_err *err);

#endif
