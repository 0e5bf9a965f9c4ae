/* Objects in parts: a file, a depot and a place for records, and what becomes of a transfer. */
#ifndef GS3_TEST_PARTS_H
#define GS3_TEST_PARTS_H

#include "depot.h"
#include "transfer/multipart.h"

#define MIB    (UINT64_C(1) << 20)
#define OBJECT (12 * MIB + 1)

enum { PARTS = 3 }; /* 5, 5 and the rest */

struct world {
    struct depot depot;
    struct gs3_lane lane;
    struct gs3_policy *policy;
    struct gs3_permit *permit;
    char root[32];
    char *file;
    struct gs3_states states;
    struct gs3_plan_opts opts;
    struct gs3_err err;
    struct gs3_report report;
    atomic_uint_fast64_t moved;
};

/* One call of one operation, or all from it on, meets a fault. */
struct fault {
    enum gs3_s3_op op;
    unsigned at;
    bool is_for_good;
    enum depot_fault fault;
};

void world_init(struct world *world);
void world_release(struct world *world); /* no record may be left */
size_t count_records(const struct world *world);
/* Plans and transfers; the outcome is in the world too. */
int move_object(struct world *world, enum gs3_operation operation, const char *from,
                const char *to);
int upload(struct world *world); /* the file to s3://bucket/big */
/* From now on; NULL: all is well. Calls are counted anew. */
void set_fault(struct world *world, struct fault *fault);
/* An upload that was broken off at its third part and is kept. */
void leave_two_parts(struct world *world);

/* The object is there, whole, and carries the ticket. */
void assert_whole(struct world *world, const char *ticket);
void assert_says(const struct world *world, const char *text);

#endif
