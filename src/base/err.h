/* The error object: one class, one message, and what it came from.
 *
 * Every fallible function of gs3 returns 0 or -1 (or a pointer or NULL) and takes a
 * `struct gs3_err *` as its last argument. The message is set once, where the fault is
 * seen, and callers put context in front: "outer: inner: cause". Lower case, no full stop,
 * never a secret. Depends on nothing; never prints. */
#ifndef GS3_BASE_ERR_H
#define GS3_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* What went wrong, in the terms of the exit statuses (design: "Exit statuses"). */
enum gs3_err_class {
    GS3_OK = 0,
    GS3_EFAIL,      /* one transfer failed: 1 */
    GS3_EREFUSED,   /* the policy says no: 3 */
    GS3_EUNDECIDED, /* no usable answer, so no decision: 4 */
    GS3_EPOLICY,    /* policy missing or invalid: 5 */
    GS3_EUSAGE,     /* the command line is wrong: 252 */
    GS3_ECONFIG,    /* configuration or credentials missing or wrong: 253 */
    GS3_ESERVICE,   /* the service answered with an error: 254 outside transfers */
    GS3_ETRANSIENT, /* as ESERVICE, and worth another try */
    GS3_EIO,        /* local file system: 255 outside transfers */
    GS3_EINVALID,   /* input from outside that is malformed: 255 unless wrapped otherwise */
    GS3_EINTERRUPT, /* SIGINT or SIGTERM: 130 */
    GS3_EGENERAL,   /* anything else: 255 */
};

enum { GS3_ERR_MESSAGE_BYTES = 1024, GS3_ERR_CODE_BYTES = 64 };

struct gs3_err {
    enum gs3_err_class class;
    int sys_errno;                 /* errno where a system call failed, else 0 */
    long http_status;              /* status where a service answered, else 0 */
    char code[GS3_ERR_CODE_BYTES]; /* the service's own code ("NoSuchKey"), else "" */
    char message[GS3_ERR_MESSAGE_BYTES];
};

/* Sets `err` (which may be NULL) and returns -1, so that `return gs3_fail(…)` reads well.
 * A message too long for the object is cut at a UTF-8 boundary. */
int gs3_fail(struct gs3_err *err, enum gs3_err_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As gs3_fail, and appends ": " and the text of `sys_errno`. */
int gs3_fail_errno(struct gs3_err *err, enum gs3_err_class class, int sys_errno, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/* Puts "format…: " in front of the message that `err` holds. Returns -1. */
int gs3_wrap(struct gs3_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties `err`; for values that are used more than once. */
void gs3_err_clear(struct gs3_err *err);

#define GS3_ERR_INIT                                                                               \
    {                                                                                              \
        .class = GS3_OK                                                                            \
    }

#endif
