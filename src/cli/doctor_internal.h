/* What the files of the doctor share. Nothing outside of them (and their tests) includes it.
 *
 * doctor.c loads what there is and asks the servers, all at once, each in a task of its own; then
 * the other files say what they make of it, in the order in which it is printed. */
#ifndef GS3_CLI_DOCTOR_INTERNAL_H
#define GS3_CLI_DOCTOR_INTERNAL_H

#include "aws/endpoint.h"
#include "aws/guardduty.h"
#include "aws/sts.h"
#include "aws/trail.h"
#include "base/env.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/policies.h"
#include "s3/probe.h"
#include "ticket/ticket.h"
#include "transfer/location.h"

enum { GS3_DOCTOR_CLOCK_S = 300 }; /* off by more: no window can be judged */

enum gs3_check_status { GS3_CHECK_OK, GS3_CHECK_WARNING, GS3_CHECK_FAILED, GS3_CHECK_SKIPPED };

struct gs3_check {
    const char *name;
    enum gs3_check_status status;
    enum gs3_err_class class; /* of a failed one: what a transfer would end with */
    const char *source;       /* where it was found; NULL: nothing to name */
    const char *remedy;       /* what to do; NULL: nothing, or the message says it */
};

struct gs3_check_note {
    struct gs3_check check; /* strings are the note's own */
    char *message;
};

/* One question: whether it was asked, and how it ended. */
struct gs3_doctor_ask {
    bool was_asked, has_failed;
    struct gs3_err err;
};

struct gs3_doctor;

struct gs3_doctor_ticket {
    struct gs3_doctor *doctor;
    const struct gs3_system *system;
    struct gs3_doctor_ask ask;
    struct gs3_ticket_probe probe;
};

struct gs3_doctor {
    const struct gs3_args *args;
    const struct gs3_env *env;
    const volatile int *interrupted;
    struct gs3_output out;
    struct gs3_log log;
    struct gs3_location *buckets; /* of the arguments */
    size_t bucket_count;

    struct gs3_policies policies;
    struct gs3_err policy_err, config_err, credentials_err,
        endpoint_err;             /* class OK: it is there */
    struct gs3_aws_config config; /* where config_err is set: the proxies alone */
    struct gs3_credentials credentials;
    struct gs3_s3_endpoint endpoint;
    struct gs3_origin store; /* the endpoint's origin without a bucket */
    bool is_store_listed, is_sts_listed;
    struct gs3_http *http;

    struct gs3_doctor_ask sts_ask, store_ask, trails_ask, guardduty_ask;
    struct gs3_caller caller;
    struct gs3_aws_clock sts_clock;
    struct gs3_s3_probe probe;
    struct gs3_doctor_ticket *tickets;
    size_t ticket_count;
    struct gs3_trails trails;
    struct gs3_guardduty guardduty;

    struct gs3_check_note *notes;
    size_t note_count;
};

/* doctor_report.c */
void gs3_doctor_note(struct gs3_doctor *doctor, const struct gs3_check *check, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* A check that was not made, and why. */
void gs3_doctor_skip(struct gs3_doctor *doctor, const char *name, const char *why);
/* Prints the notes; the exit status. */
int gs3_doctor_print(const struct gs3_doctor *doctor);
void gs3_doctor_notes_release(struct gs3_doctor *doctor);

/* doctor_ask.c: everything that is asked of servers, at once. */
void gs3_doctor_ask_all(struct gs3_doctor *doctor);
bool gs3_doctor_is_aws(const struct gs3_doctor *doctor);    /* the store is AWS's own */
bool gs3_doctor_wants_sts(const struct gs3_doctor *doctor); /* some environment needs it */

/* doctor_aws.c, doctor_store.c, doctor_policy.c, doctor_ticket.c, doctor_local.c, doctor_bucket.c
 */
void gs3_doctor_check_config(struct gs3_doctor *doctor);
void gs3_doctor_check_credentials(struct gs3_doctor *doctor);
void gs3_doctor_check_identity(struct gs3_doctor *doctor);
void gs3_doctor_check_region(struct gs3_doctor *doctor);
void gs3_doctor_check_clock(struct gs3_doctor *doctor);
void gs3_doctor_check_store(struct gs3_doctor *doctor);
void gs3_doctor_check_policy(struct gs3_doctor *doctor);
void gs3_doctor_check_tickets(struct gs3_doctor *doctor);
void gs3_doctor_check_local(struct gs3_doctor *doctor);
void gs3_doctor_check_buckets(struct gs3_doctor *doctor);

#endif
