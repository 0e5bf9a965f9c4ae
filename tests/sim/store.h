/*
 * The in-memory S3 store behind --s3-store: what its three files share. It behaves as AWS
 * documents, where Ceph does not: metadata limits and RFC 2047, conditional copies and deletes,
 * tags on copies, version ids.
 */
#ifndef GS3_TESTS_SIM_STORE_H
#define GS3_TESTS_SIM_STORE_H

#include "sim.h"

struct sim_object {
    struct sim_object *next; /* newest first, whatever the name */
    char *name;              /* bucket/key, decoded */
    struct sim_buf data;
    struct sim_pairs headers; /* given back on GET and HEAD, user metadata included */
    struct sim_pairs tags;
    size_t missing_meta_count;
    char *etag; /* with its quotes */
    char *version;
    time_t modified;
    bool delete_marker;
};

struct sim_store {
    struct sim_object *first;
    uint64_t version_count;
};

/* store.c */
const struct sim_object *sim_store_find(const struct sim *sim, const char *name,
                                        const char *version);
char *sim_store_name(const struct sim_request *req);

/* storewrite.c */
void sim_object_free(struct sim_object *object);
void sim_store_copy(struct sim *sim, const struct sim_request *req, const char *name,
                    struct sim_answer *answer);
void sim_store_delete(struct sim *sim, const struct sim_request *req, const char *name,
                      struct sim_answer *answer);
bool sim_store_conditions(const struct sim_request *req, const struct sim_object *object,
                          struct sim_answer *answer);

/* storemeta.c */
bool sim_meta_take(const struct sim_request *req, struct sim_object *object,
                   struct sim_answer *answer);
char *sim_meta_sent(const char *stored);
bool sim_tags_take(struct sim_pairs *tags, const char *form, struct sim_answer *answer);
bool sim_tags_parse(struct sim_pairs *tags, const char *xml, struct sim_answer *answer);
void sim_tags_answer(const struct sim_pairs *tags, struct sim_answer *answer);

#endif
