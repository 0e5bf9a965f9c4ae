#include "aws/sts.h"

#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/utf8.h"

enum { SHOWN_BYTES = 300, PROBE_ATTEMPTS = 2, PROBE_TIMEOUT_MS = 4500 };

static const char form[] = "Action=GetCallerIdentity&Version=2011-06-15";

struct gs3_sts_call {
    struct gs3_aws_ask *ask;
};

void gs3_caller_release(struct gs3_caller *caller)
{
    free(caller->account);
    free(caller->arn);
    free(caller->user_id);
    free(caller->name);
    free(caller->role_name);
    *caller = (struct gs3_caller){.account = NULL};
}

static struct gs3_sts_call *start(struct gs3_http *http, const struct gs3_aws_config *config,
                                  const struct gs3_credentials *credentials,
                                  struct gs3_aws_clock *clock, struct gs3_err *err)
{
    gs3_auto_free char *endpoint = gs3_sts_endpoint_resolve(config, NULL, err);
    if (!endpoint)
        return NULL;
    const struct gs3_aws_question question = {
        .title = "STS",
        .operation = "GetCallerIdentity",
        .unknown = "STS did not say who the caller is",
        .service = "sts",
        .region = gs3_region_signing(config->region),
        .method = "POST",
        .path = "/",
        .form = form,
        .attempts = clock ? PROBE_ATTEMPTS : 0,
        .timeout_ms = clock ? PROBE_TIMEOUT_MS : 0,
        .clock = clock,
    };
    struct gs3_sts_call *call = gs3_xcalloc(1, sizeof *call);
    call->ask = gs3_aws_ask_start(http, endpoint, credentials, &question);
    return call;
}

struct gs3_sts_call *gs3_sts_caller_start(struct gs3_http *http,
                                          const struct gs3_aws_config *config,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_err *err)
{
    return start(http, config, credentials, NULL, err);
}

struct gs3_sts_call *gs3_sts_caller_probe(struct gs3_http *http,
                                          const struct gs3_aws_config *config,
                                          const struct gs3_credentials *credentials,
                                          struct gs3_aws_clock *clock, struct gs3_err *err)
{
    return start(http, config, credentials, clock, err);
}

static int fail_unusable(struct gs3_err *err, const char *what)
{
    return gs3_fail(err, GS3_EUNDECIDED, "STS's answer cannot be used: %s", what);
}

static int read_caller(const struct gs3_pairs *leaves, struct gs3_caller *caller,
                       struct gs3_err *err)
{
    static const char base[] = "GetCallerIdentityResponse/GetCallerIdentityResult/";
    const char *values[3];
    static const char *const names[3] = {"Account", "Arn", "UserId"};
    for (size_t i = 0; i < 3; i++) {
        gs3_auto_free char *path = gs3_xasprintf("%s%s", base, names[i]);
        values[i] = gs3_pairs_get(leaves, path);
        if (gs3_str_is_empty(values[i]))
            return fail_unusable(err, "Account, Arn or UserId is missing");
    }
    if (gs3_caller_parse_arn(values[1], caller, err)) {
        if (err)
            err->class = GS3_EUNDECIDED;
        return gs3_wrap(err, "STS's answer cannot be used");
    }
    if (strcmp(caller->account, values[0]) != 0)
        return fail_unusable(err, "the account is not that of the ARN");
    gs3_auto_buf struct gs3_buf user_id = GS3_BUF_INIT(SHOWN_BYTES);
    gs3_utf8_append_printable(&user_id, values[2]);
    caller->user_id = gs3_buf_take(&user_id);
    return 0;
}

void gs3_sts_caller_cancel(struct gs3_http *http, struct gs3_sts_call *call)
{
    gs3_aws_ask_cancel(http, call->ask);
    free(call);
}

int gs3_sts_caller_wait(struct gs3_http *http, struct gs3_sts_call *call, struct gs3_caller *caller,
                        struct gs3_err *err)
{
    gs3_auto_pairs struct gs3_pairs leaves = GS3_PAIRS_INIT;
    *caller = (struct gs3_caller){.account = NULL};
    int status = gs3_aws_ask_wait(http, call->ask, &leaves, err);
    if (status == 0)
        status = read_caller(&leaves, caller, err);
    free(call);
    if (status)
        gs3_caller_release(caller);
    return status;
}
