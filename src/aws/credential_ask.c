#include <string.h>

#include "aws/credentials_internal.h"
#include "base/str.h"

static int prepare(void *context, struct gs3_pairs *headers, struct gs3_err *err)
{
    (void)err;
    const struct gs3_credential_question *question = context;
    for (size_t i = 0; question->headers && i < question->headers->count; i++)
        gs3_pairs_set(headers, question->headers->items[i].name, question->headers->items[i].value);
    return 0;
}

int gs3_credential_ask(const struct gs3_credential_source *source,
                       const struct gs3_credential_question *question,
                       struct gs3_http_response *response, struct gs3_err *err)
{
    *response = (struct gs3_http_response){.status = 0};
    if (!source->http)
        return gs3_fail(err, GS3_ECONFIG,
                        "the credential provider \"%s\" asks a server, which is not done here",
                        question->provider);
    struct gs3_credential_question copy = *question;
    const struct gs3_http_request request = {
        .method = question->method,
        .url = question->url,
        .prepare = prepare,
        .context = &copy,
        .body = {.bytes = question->body,
                 .length_bytes = question->body ? strlen(question->body) : 0},
        .maximum_body_bytes = GS3_CREDENTIAL_ANSWER_BYTES,
        .maximum_attempts = question->attempts,
        .connect_timeout_ms = question->timeout_ms,
        .total_timeout_ms = question->timeout_ms,
        .is_direct = question->is_direct,
    };
    if (gs3_http_perform(source->http, &request, response, err) == 0)
        return 0;
    if (err && err->class != GS3_EINTERRUPT)
        err->class = GS3_ECONFIG;
    return -1;
}

void gs3_credential_answer_release(struct gs3_http_response *response)
{
    if (response->body.data)
        gs3_secret_wipe(response->body.data, response->body.capacity_bytes);
    gs3_http_response_release(response);
}
