/* What the options of cp, mv and put say, read and checked: no file but the ones they name is
 * opened, nothing is asked of anybody.
 *
 * Values are checked here so that a wrong one is a usage error before anything is done. Depends on
 * parse, s3 (types), transfer (types). */
#ifndef GS3_CLI_TRANSFER_OPTIONS_H
#define GS3_CLI_TRANSFER_OPTIONS_H

#include "cli/grants_option.h"
#include "cli/key_option.h"
#include "cli/parse.h"
#include "transfer/plan.h"
#include "transfer/tree.h"

/* --case-conflict: two keys of a recursive download that one file name would hold. */
enum gs3_case_conflict {
    GS3_CASE_CONFLICT_IGNORE,
    GS3_CASE_CONFLICT_SKIP,
    GS3_CASE_CONFLICT_WARN,
    GS3_CASE_CONFLICT_ERROR,
};

/* --color */
enum gs3_color { GS3_COLOR_AUTO, GS3_COLOR_ON, GS3_COLOR_OFF };

#define GS3_TIMEOUT_NEVER UINT32_MAX /* a timeout option with 0, as in aws-cli */

struct gs3_transfer_options {
    bool is_recursive;
    bool follow_symlinks;
    unsigned page_size; /* 0: the store's own */
    enum gs3_case_conflict case_conflict;
    struct gs3_filter *filters; /* owned, in the order of the command line; patterns are argv's */
    size_t filter_count;

    struct gs3_s3_properties properties; /* owned */
    struct gs3_pairs metadata, tags;     /* owned */
    struct gs3_s3_write_options write;   /* strings are argv's, and those of `grants` */
    struct gs3_grants grants;
    bool has_customer_key, has_copy_source_key;
    unsigned char customer_key[GS3_CUSTOMER_KEY_BYTES]; /* wiped on release */
    unsigned char copy_source_key[GS3_CUSTOMER_KEY_BYTES];
    struct gs3_s3_customer_key customer_key_view, copy_source_key_view;

    const char *source_region; /* argv's; NULL: as the destination's */
    bool request_payer;
    bool no_sign_request;
    uint32_t read_timeout_s, connect_timeout_s; /* 0: the default; GS3_TIMEOUT_NEVER */

    bool no_progress, is_progress_multiline;
    uint32_t progress_interval_s; /* 0: the default */
    enum gs3_color color;
};

/* Fills `options`, and of `plan` all that options say: pointers go into `options`, which must stay
 * where it is, and into argv. What does not fit the direction of the two positional arguments is
 * refused where aws-cli refuses it; a wrong number of them is the caller's to refuse. GS3_EUSAGE.
 * Release in any case. */
int gs3_transfer_options_read(const struct gs3_args *args, struct gs3_transfer_options *options,
                              struct gs3_plan_opts *plan, struct gs3_err *err);
/* Whether the filters take in the source of a run without --recursive: as in aws-cli they apply
 * there too, below the directory that it is in. A stream is always taken in. */
bool gs3_transfer_options_accept(const struct gs3_transfer_options *options,
                                 const struct gs3_location *source);
void gs3_transfer_options_release(struct gs3_transfer_options *options);

#endif
