/* The Signature Version 2 transport: the module (libs3) signs and sends, this reads the answers.
 *
 * The same three functions as the client's, for stores that know nothing newer. What Signature
 * Version 2 or libs3 cannot express is refused by name, request by request; whoever opens it has
 * refused the options before (gs3_s3_v2_check says the same of a request). Depends on net for the
 * tasks beside which it waits. */
#ifndef GS3_S3_V2_H
#define GS3_S3_V2_H

#include "aws/config.h"
#include "aws/credentials.h"
#include "s3/module.h"
#include "s3/transport.h"

struct gs3_s3_v2_opts {
    const struct gs3_s3_module *module;
    const struct gs3_v2 *v2; /* the module, opened */
    struct gs3_http *http;   /* of the same thread: its tasks go on while a call is waited for */
    const struct gs3_credentials *credentials; /* read at each attempt; without a session token */
    const struct gs3_clock *clock;             /* NULL: the system's */
    const struct gs3_log *log;
};

/* Never NULL. Its calls and the free are of one thread. */
struct gs3_s3_transport *gs3_s3_v2_new(const struct gs3_s3_v2_opts *opts);

/* GS3_EUSAGE, or GS3_EFAIL for what an object brings along: what of the request cannot be asked
 * of such a store, by name. Pure. */
int gs3_s3_v2_check(const struct gs3_s3_request *request, struct gs3_err *err);

#endif
