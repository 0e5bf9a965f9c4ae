/* An S3 store in memory for many threads: objects without content, multipart uploads, listings and
 * batches of deletes; and workers whose lanes lead to it. Any call can be made to fail. */
#ifndef GS3_TEST_DEPOT_H
#define GS3_TEST_DEPOT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/permit_make.h"
#include "transfer/engine.h"

enum depot_fault {
    DEPOT_WELL,
    DEPOT_FAIL,      /* 500, and nothing is done */
    DEPOT_REFUSE,    /* 403 */
    DEPOT_LOSE,      /* done, and the answer is lost */
    DEPOT_BREAK,     /* not done, and there is no answer */
    DEPOT_INTERRUPT, /* a signal came */
    DEPOT_STAY,      /* batch: the first victim survives with InternalError */
    DEPOT_PROTECT,   /* batch: the first victim survives with AccessDenied */
    DEPOT_NO_ETAG,
    DEPOT_REPEAT, /* done, the answer is lost, and done once more */
};

enum { DEPOT_WRITTEN_S = 1795231340 };

struct depot_object {
    char *bucket, *key, *etag;
    unsigned version; /* told where the depot has versions */
    uint64_t size_bytes;
    int64_t last_modified_s;
    struct gs3_pairs metadata;
};

struct depot_upload {
    char *id, *bucket, *key;
    struct gs3_pairs metadata;
    struct gs3_s3_part *parts; /* by number - 1; ETag NULL: not there */
    size_t part_count;
    bool is_open;
};

struct depot {
    pthread_mutex_t lock;
    struct depot_object **objects;
    size_t object_count;
    struct depot_upload **uploads; /* the closed ones too */
    size_t upload_count;
    unsigned version;
    bool has_versions;
    int64_t date_s;       /* of the answers; a write's last change is DEPOT_WRITTEN_S */
    bool lists_backwards; /* as a store without order may */
    char prefix[64];      /* of the last listing */
    unsigned counts[GS3_S3_LIST_PARTS + 1]; /* calls, by operation */
    unsigned under_way, most_under_way;
    unsigned yields; /* how many turns a call takes in a task */
    size_t largest_batch;
    atomic_bool is_held;             /* calls about `held_key` do not end; NULL: all calls */
    const char *held_key;            /* set before the calls begin */
    const volatile int *interrupted; /* of the lanes; NULL: never */
    unsigned page_parts;             /* of a ListParts; 0: all */
    /* What a call meets; `number` counts the calls of that operation, from 1. Under the lock. */
    enum depot_fault (*judge)(void *context, const struct gs3_s3_request *request, unsigned number);
    void *context;
};

void depot_init(struct depot *depot);
void depot_release(struct depot *depot);
void depot_put(struct depot *depot, const char *bucket, const char *key, uint64_t size_bytes);
/* NULL: not there. Of one thread, while no worker runs. */
struct depot_object *depot_find(struct depot *depot, const char *bucket, const char *key);
size_t depot_open_uploads(struct depot *depot);
/* An upload that somebody has begun; its id. */
const char *depot_begin(struct depot *depot, const char *bucket, const char *key);
unsigned depot_calls(struct depot *depot, enum gs3_s3_op op);

/* A transport to the depot; freed with gs3_s3_transport_free. `http` NULL: calls take no turns. */
struct gs3_s3_transport *depot_connect(struct depot *depot, struct gs3_http *http);

/* Lanes for a pool: context is the depot. */
int depot_open_lane(void *context, struct gs3_lane *lane, struct gs3_err *err);
void depot_close_lane(void *context, struct gs3_lane *lane);

/* A policy that governs "bucket" and "other", and a permit for all of it. */
struct gs3_policy *depot_policy(void);
struct gs3_permit *depot_permit(const struct gs3_policy *policy, const char *ticket);

#endif
