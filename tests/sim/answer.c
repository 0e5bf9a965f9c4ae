/*
 * Building an answer: status, headers, body. How it is sent is http.c's business.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

void sim_answer_release(struct sim_answer *answer)
{
    sim_pairs_release(&answer->headers);
    sim_buf_release(&answer->body);
    free(answer->hold);
    *answer = (struct sim_answer){0};
}

void sim_answer_header(struct sim_answer *answer, const char *name, const char *value)
{
    sim_pairs_set(&answer->headers, name, value);
}

/* Replaces status, type and body; headers that were set before stay. */
void sim_answer_text(struct sim_answer *answer, unsigned status, const char *type, const char *body)
{
    answer->status = status;
    sim_buf_release(&answer->body);
    sim_buf_adds(&answer->body, body);
    sim_answer_header(answer, "Content-Type", type);
}

void sim_answer_json(struct sim_answer *answer, unsigned status, cJSON *owned)
{
    char *text = cJSON_PrintUnformatted(owned);
    sim_answer_text(answer, status, "application/json;charset=UTF-8", text ? text : "");
    cJSON_free(text);
    cJSON_Delete(owned);
}

void sim_xml_escape(struct sim_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': sim_buf_adds(out, "&lt;"); break;
        case '>': sim_buf_adds(out, "&gt;"); break;
        case '&': sim_buf_adds(out, "&amp;"); break;
        case '"': sim_buf_adds(out, "&quot;"); break;
        default: sim_buf_add(out, text, 1); break;
        }
    }
}

/* https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses */
void sim_answer_s3_error(struct sim_answer *answer, unsigned status, const char *code,
                         const char *message)
{
    struct sim_buf xml = {0};
    sim_buf_adds(&xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>");
    sim_xml_escape(&xml, code);
    sim_buf_adds(&xml, "</Code><Message>");
    sim_xml_escape(&xml, message);
    sim_buf_adds(&xml, "</Message><RequestId>SIM0000000000001</RequestId>"
                       "<HostId>gs3-sim</HostId></Error>");
    sim_answer_text(answer, status, "application/xml", xml.data);
    sim_buf_release(&xml);
}

/* https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html */
void sim_answer_sts_error(struct sim_answer *answer, unsigned status, const char *code,
                          const char *message)
{
    struct sim_buf xml = {0};
    sim_buf_adds(
        &xml, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n");
    sim_buf_printf(&xml, "    <Type>%s</Type>\n    <Code>", status < 500 ? "Sender" : "Receiver");
    sim_xml_escape(&xml, code);
    sim_buf_adds(&xml, "</Code>\n    <Message>");
    sim_xml_escape(&xml, message);
    sim_buf_adds(&xml, "</Message>\n  </Error>\n"
                       "  <RequestId>00000000-0000-4000-8000-000000000001</RequestId>\n"
                       "</ErrorResponse>\n");
    sim_answer_text(answer, status, "text/xml", xml.data);
    sim_buf_release(&xml);
}
