/*
 * The heads and the plain bodies of answers.
 */
#include "sink.h"

#include <string.h>

void sink_dates_http(time_t when, char out[40])
{
    struct tm parts;
    strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&when, &parts));
}

void sink_answer_head(struct sink_exchange *x, const char *status, const char *extra)
{
    struct sink_dates *dates = x->dates;
    time_t now = time(NULL);
    if (now != dates->http_second) {
        dates->http_second = now;
        sink_dates_http(now, dates->http);
    }
    struct sink_buf *out = x->answer;
    sink_buf_text(out, "HTTP/1.1 ");
    sink_buf_text(out, status);
    sink_buf_text(out, "\r\nServer: gs3-sink\r\nDate: ");
    sink_buf_text(out, dates->http);
    sink_buf_text(out, "\r\nx-amz-request-id: 0000000000000001\r\nx-amz-id-2: sink\r\n");
    sink_buf_text(out, extra);
    if (!x->request->keeps_alive)
        sink_buf_text(out, "Connection: close\r\n");
}

void sink_answer_length(struct sink_exchange *x, uint64_t length_bytes)
{
    sink_buf_text(x->answer, "Content-Length: ");
    sink_buf_number(x->answer, length_bytes);
    sink_buf_text(x->answer, "\r\n\r\n");
}

void sink_answer(struct sink_exchange *x, const char *status, const char *extra, const char *body)
{
    sink_answer_head(x, status, extra);
    sink_buf_text(x->answer, "Content-Type: application/xml\r\n");
    sink_answer_length(x, strlen(body));
    sink_buf_text(x->answer, body);
}

void sink_answer_empty(struct sink_exchange *x, const char *status, const char *extra)
{
    sink_answer_head(x, status, extra);
    if (strncmp(status, "204", 3) == 0)
        sink_buf_text(x->answer, "\r\n");
    else
        sink_answer_length(x, 0);
}

void sink_answer_error(struct sink_exchange *x, const char *status, const char *code,
                       const char *message)
{
    char body[512];
    snprintf(body, sizeof body,
             SINK_XML "<Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>",
             code, message);
    if (strcmp(x->request->method, "HEAD") == 0)
        sink_answer_empty(x, status, "");
    else
        sink_answer(x, status, "", body);
}

void sink_answer_missing(struct sink_exchange *x, const char *code)
{
    sink_count(&x->sink->stats, SINK_ANSWERED_404, 1);
    sink_answer_error(x, "404 Not Found", code, "It is not here.");
}
