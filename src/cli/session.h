/* What one run of cp, mv or put holds, built up step by step; and what its options say.
 *
 * session.c reads options and configuration (no request is sent, but for the bucket behind an
 * access point), connect.c opens connections,
 * decide.c is around the gate; transfer_command.c runs one object, run.c many. */
#ifndef GS3_CLI_SESSION_H
#define GS3_CLI_SESSION_H

#include "aws/config.h"
#include "aws/credentials.h"
#include "base/env.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/policies.h"
#include "cli/transfer_options.h"
#include "govern/gate.h"
#include "govern/identity.h"
#include "govern/scoped_session.h"
#include "net/http.h"
#include "s3/transport.h"
#include "transfer/transfer.h"

struct gs3_sigv2;

/* A session that was assumed for the transfer. */
struct gs3_scoped {
    struct gs3_scoped_session asked;      /* to ask again */
    struct gs3_credential_keeper *keeper; /* NULL: there is none */
    int64_t due_s;                        /* when it is to be begun again */
};

struct gs3_session {
    const struct gs3_args *args;
    const struct gs3_env *env;
    const volatile int *interrupted;
    struct gs3_output out;
    char *directory; /* the working directory; NULL: not known */
    struct gs3_log log;

    struct gs3_transfer_options options;
    struct gs3_plan_opts plan_opts;
    struct gs3_filters filters;
    struct gs3_location source, destination; /* with --recursive; one object has a plan */
    struct gs3_plan plan;
    struct gs3_touch touches[2];
    char *ticket_text; /* the ids' memory */
    struct gs3_ticket_request *tickets;
    char *purpose;
    char *department;
    char decision_id[37];
    char *s3_endpoint;  /* origin of a custom endpoint, or NULL */
    char *sts_endpoint; /* likewise */
    struct gs3_request request;

    struct gs3_policies policies;
    struct gs3_gate gate;
    struct gs3_aws_config config;
    struct gs3_aws_config_opts config_opts;
    bool has_credentials;
    struct gs3_credentials credentials; /* as they were found; each lane has a lease */
    struct gs3_credential_keeper *keeper;
    struct gs3_scoped scoped;        /* the transfer's own */
    struct gs3_scoped scoped_source; /* of a copy whose source has another role */
    struct gs3_bandwidth *bandwidth; /* NULL: no limit */
    struct gs3_identity_record identity;
    struct gs3_sts_call *identity_call; /* of a tree, under way; NULL: none */
    struct gs3_ticket_context ticket_context;
    char *user_agent;
    struct gs3_sigv2 *sigv2; /* NULL: requests are signed with Version 4 */
    struct gs3_lane lane;    /* the main thread's */
    struct gs3_permit *permit;
    struct gs3_mime *mime;
    struct gs3_states states;
};

/* Everything up to the point where the gate can be asked: options, the two ends, the policies, the
 * AWS configuration and endpoint, the local source. On error the exit class is in `err`; release in
 * any case. */
int gs3_session_init(struct gs3_session *session, const struct gs3_args *args,
                     const struct gs3_env *env, const volatile int *interrupted,
                     struct gs3_err *err);

void gs3_session_release(struct gs3_session *session);

#endif
