/*
 * The request log: one JSON object a line, written whole before the request is answered, so that a
 * client that has its answer finds the line. It makes the sink a recording server for tests.
 */
#include "sink.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (6 * SINK_HEAD_MAX_BYTES + 4096) /* each byte may become \u00XX */

void sink_log_open(struct sink *sink)
{
    const char *file = sink->options.request_log;
    sink->log_fd = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (file && sink->log_fd < 0) {
        fprintf(stderr, "gs3-sink: %s: %s\n", file, strerror(errno));
        exit(1);
    }
}

/* A JSON string. Bytes over 127 are written as they came. */
static void add_string(struct sink_buf *out, const char *text, size_t len, bool is_lower)
{
    sink_buf_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        char c = is_lower ? (char)tolower((unsigned char)text[i]) : text[i];
        if (c == '"' || c == '\\')
            sink_buf_text(out, "\\");
        if ((unsigned char)c < 32)
            sink_buf_printf(out, "\\u%04x", (unsigned)(unsigned char)c);
        else
            sink_buf_add(out, &c, 1);
    }
    sink_buf_text(out, "\"");
}

static void add_member(struct sink_buf *out, const char *name, const char *text, size_t len)
{
    sink_buf_printf(out, "\"%s\":", name);
    add_string(out, text, len, false);
    sink_buf_text(out, ",");
}

/* "name":"value" of each header line: names in lower case, values without the blanks around. */
static void add_headers(struct sink_buf *out, const char *line)
{
    bool is_first = true;
    sink_buf_text(out, "\"headers\":{");
    while (*line) {
        size_t len = strcspn(line, "\r\n");
        size_t name = strcspn(line, ":\r\n");
        if (name < len) {
            size_t from = name + 1 + strspn(line + name + 1, " \t");
            size_t to = len;
            while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t'))
                to--;
            sink_buf_text(out, is_first ? "" : ",");
            add_string(out, line, name, true);
            sink_buf_text(out, ":");
            add_string(out, line + from, to > from ? to - from : 0, false);
            is_first = false;
        }
        line += len + strspn(line + len, "\r\n");
    }
    sink_buf_text(out, "}");
}

void sink_log_head(struct sink_conn *conn)
{
    const char *head = conn->request.head.data;
    struct sink_buf *out = &conn->log;
    if (conn->loop->sink->log_fd < 0 || !head)
        return;
    out->max = LINE_MAX_BYTES;
    sink_buf_reset(out);
    size_t method = strcspn(head, " \r\n");
    const char *target = head + method + strspn(head + method, " ");
    sink_buf_text(out, "{");
    add_member(out, "method", head, method);
    add_member(out, "target", target, strcspn(target, " \r\n"));
    const char *headers = strstr(head, "\r\n");
    add_headers(out, headers ? headers + 2 : "");
}

void sink_log_end(struct sink_conn *conn, enum sink_fault fault, uint64_t body_bytes)
{
    const struct sink *sink = conn->loop->sink;
    const struct sink_request *request = &conn->request;
    struct sink_buf *out = &conn->log;
    const char *status = conn->answer.len > 12 ? conn->answer.data + 9 : "0"; /* HTTP/1.1 200 */
    if (sink->log_fd < 0 || request->path[0] == '_')
        return;
    sink_buf_text(out, ",");
    add_member(out, "operation", sink_op_name(request->op), strlen(sink_op_name(request->op)));
    add_member(out, "path", request->path, strlen(request->path));
    add_member(out, "query", request->query, strlen(request->query));
    if (fault == SINK_FAULT_RESET || fault == SINK_FAULT_CUT)
        add_member(out, "fault", "reset", 5);
    sink_buf_printf(out, "\"status\":%.*s,\"bytes\":%llu}\n", (int)strspn(status, "0123456789"),
                    status, (unsigned long long)body_bytes);
    if (out->is_full || write(sink->log_fd, out->data, out->len) != (ssize_t)out->len)
        fputs("gs3-sink: a request is not in the log\n", stderr);
}
