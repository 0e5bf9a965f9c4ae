/* What the options of cp, mv and put say, read and checked: no file but the ones they name is
 * opened, nothing is asked of anybody.
 *
 * Values are checked here so that a wrong one is a usage error before anything is done. Depends on
 * parse, s3 (types), transfer (types). */
#ifndef GS3_CLI_TRANSFER_OPTIONS_H
#define GS3_CLI_TRANSFER_OPTIONS_H

#include "base/env.h"
#include "cli/parse.h"
#include "transfer/plan.h"
#include "transfer/tree.h"

enum { GS3_CUSTOMER_KEY_BYTES = 32 };

/* --case-conflict: two keys of a recursive download that one file name would hold. */
enum gs3_case_conflict {
    GS3_CASE_CONFLICT_IGNORE,
    GS3_CASE_CONFLICT_SKIP,
    GS3_CASE_CONFLICT_WARN,
    GS3_CASE_CONFLICT_ERROR,
};

struct gs3_transfer_options {
    bool is_recursive;
    bool follow_symlinks;
    unsigned page_size; /* 0: the store's own */
    enum gs3_case_conflict case_conflict;
    struct gs3_filter *filters; /* in the order of the command line */
    size_t filter_count;

    struct gs3_s3_properties properties; /* owned */
    struct gs3_pairs metadata, tags;
    struct gs3_s3_write_options write; /* its strings are owned */
    bool has_customer_key, has_copy_source_key;
    unsigned char customer_key[GS3_CUSTOMER_KEY_BYTES]; /* wiped on release */
    unsigned char copy_source_key[GS3_CUSTOMER_KEY_BYTES];
    struct gs3_s3_customer_key customer_key_view, copy_source_key_view;

    const char *source_region; /* NULL: as the destination's */
    bool request_payer;
    bool no_sign_request;
    uint32_t read_timeout_s, connect_timeout_s; /* 0: the default */

    bool no_progress, is_progress_multiline;
    uint32_t progress_interval_s; /* 0: the default */
    enum { GS3_COLOR_AUTO, GS3_COLOR_ON, GS3_COLOR_OFF } color;
};

/* Fills `options`, and of `plan` all that options say: pointers go into `options`, which must stay
 * where it is. GS3_EUSAGE. Release in any case. */
int gs3_transfer_options_read(const struct gs3_args *args, struct gs3_transfer_options *options,
                              struct gs3_plan_opts *plan, struct gs3_err *err);
void gs3_transfer_options_release(struct gs3_transfer_options *options);

#endif
