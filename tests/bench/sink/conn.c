/*
 * One connection: head, body, answer, and again. It runs until it has to wait.
 */
#include "sink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLICE_BYTES  ((size_t)8 << 20) /* then the other connections have their turn */
#define WRITE_BYTES  ((size_t)4 << 20)
#define CAPPED_BYTES ((size_t)64 << 10)
#define TOO_SOON_NS  2000000U

enum step { STEP_ON, STEP_STOP };

struct sink_conn *sink_conn_open(struct sink_loop *loop, int fd)
{
    struct sink_conn *conn = loop->free_conns;
    if (conn) {
        loop->free_conns = conn->next_free;
    } else {
        if (loop->conn_count == loop->conn_cap) {
            loop->conn_cap = loop->conn_cap > 0 ? loop->conn_cap * 2 : 64;
            loop->conns = sink_realloc(loop->conns, loop->conn_cap * sizeof *loop->conns);
        }
        conn = sink_alloc(sizeof *conn);
        conn->input = sink_alloc(SINK_HEAD_MAX_BYTES + 1);
        conn->answer.max = SINK_ANSWER_MAX_BYTES;
        loop->conns[loop->conn_count++] = conn;
    }
    conn->loop = loop;
    conn->fd = fd;
    conn->state = conn->after = SINK_HEAD;
    conn->is_fresh = true;
    conn->is_shaking = loop->sink->tls != NULL;
    conn->allowed_ns = 0;
    sink_request_reset(&conn->request);
    if (loop->sink->tls) {
        conn->tls = SSL_new(loop->sink->tls);
        if (!conn->tls || SSL_set_fd(conn->tls, fd) != 1) {
            fputs("gs3-sink: no memory for TLS\n", stderr);
            exit(70);
        }
        SSL_set_accept_state(conn->tls);
    }
    struct sink_stats *stats = &loop->sink->stats;
    sink_count(stats, SINK_CONNECTIONS, 1);
    sink_peak(&stats->connections, &stats->connections_peak);
    return conn;
}

static void end_request(struct sink_conn *conn)
{
    if (conn->is_counted)
        conn->loop->sink->stats.in_flight--;
    conn->is_counted = conn->is_cut = false;
    sink_blob_give(conn->payload.blob);
    conn->payload = (struct sink_payload){0};
    sink_buf_reset(&conn->body);
    sink_buf_reset(&conn->answer);
    conn->answer_pos = 0;
    sink_request_reset(&conn->request);
}

void sink_conn_drop(struct sink_conn *conn)
{
    end_request(conn);
    SSL_free(conn->tls);
    conn->tls = NULL;
    close(conn->fd);
    conn->fd = -1;
    conn->generation++;
    conn->input_len = conn->input_pos = 0;
    conn->loop->sink->stats.connections--;
    conn->next_free = conn->loop->free_conns;
    conn->loop->free_conns = conn;
}

void sink_conn_free(struct sink_conn *conn)
{
    if (conn->fd >= 0)
        sink_conn_drop(conn);
    sink_buf_release(&conn->request.head);
    sink_buf_release(&conn->request.kept);
    sink_buf_release(&conn->body);
    sink_buf_release(&conn->answer);
    sink_buf_release(&conn->log);
    EVP_MD_CTX_free(conn->digest);
    free(conn->input);
    free(conn);
}

static enum step drop(struct sink_conn *conn)
{
    sink_conn_drop(conn);
    return STEP_STOP;
}

/* Writes what is in answer, after the latency when there is one, then goes on with `after`. */
static void answer_later(struct sink_conn *conn, enum sink_state after, uint64_t trips)
{
    uint64_t wait_ns = conn->loop->sink->options.latency_us * 1000U * trips;
    conn->after = after;
    conn->state = wait_ns > 0 ? SINK_WAIT : SINK_WRITE;
    if (wait_ns > 0)
        sink_loop_later(conn->loop, conn, sink_now_ns() + wait_ns);
}

static enum step begin_request(struct sink_conn *conn, size_t head_len)
{
    struct sink *sink = conn->loop->sink;
    struct sink_request *request = &conn->request;
    sink_buf_add(&request->head, conn->input + conn->input_pos, head_len - 2);
    conn->input_pos += head_len;
    sink_log_head(conn);
    if (!sink_request_read(request, &sink->stats))
        return drop(conn);
    sink_request_route(request);
    if (request->path[0] != '_') {
        conn->is_counted = true;
        sink_peak(&sink->stats.in_flight, &sink->stats.in_flight_peak);
    }
    sink_body_begin(conn);
    if (request->expects) {
        sink_count(&sink->stats, SINK_EXPECT_100, 1);
        sink_buf_text(&conn->answer, "HTTP/1.1 100 Continue\r\n\r\n");
        answer_later(conn, conn->state, 1);
    }
    return STEP_ON;
}

static enum step step_head(struct sink_conn *conn)
{
    const struct sink_options *options = &conn->loop->sink->options;
    if (conn->is_fresh) {
        conn->is_fresh = false;
        if (options->latency_us > 0 && options->connect_trips > 0) {
            answer_later(conn, SINK_HEAD, options->connect_trips);
            return STEP_ON;
        }
    }
    size_t have = conn->input_len - conn->input_pos;
    char *head = conn->input + conn->input_pos;
    char *end = have >= 4 ? memmem(head, have, "\r\n\r\n", 4) : NULL;
    if (end)
        return begin_request(conn, (size_t)(end - head) + 4);
    memmove(conn->input, head, have);
    conn->input_len = have;
    conn->input_pos = 0;
    if (have == SINK_HEAD_MAX_BYTES)
        return drop(conn);
    ssize_t got = sink_read(conn, conn->input + have, SINK_HEAD_MAX_BYTES - have);
    if (got == SINK_AGAIN)
        return STEP_STOP;
    if (got <= 0)
        return drop(conn);
    conn->input_len += (size_t)got;
    return STEP_ON;
}

static void serve(struct sink_conn *conn)
{
    struct sink_exchange x = {
        .sink = conn->loop->sink,
        .dates = &conn->loop->dates,
        .request = &conn->request,
        .body = &conn->body,
        .body_bytes = conn->request.has_decoded ? conn->request.decoded_bytes : conn->body_bytes,
        .answer = &conn->answer,
        .payload = &conn->payload,
        .checksum = {.is_there = conn->is_summed,
                     .kind = conn->request.checksum_kind,
                     .value = conn->crc},
    };
    unsigned len = 0;
    if (conn->is_digested)
        EVP_DigestFinal_ex(conn->digest, x.md5, &len);
    if (conn->request.path[0] != '_')
        x.fault = sink_fault_draw(x.sink);
    if (x.fault != SINK_FAULT_RESET)
        sink_serve(&x);
    sink_log_end(conn, x.fault, x.body_bytes);
    conn->is_cut = x.fault == SINK_FAULT_CUT || x.fault == SINK_FAULT_RESET;
    conn->payload.left_bytes /= conn->is_cut ? 2 : 1;
}

static enum step step_body(struct sink_conn *conn, size_t *slice)
{
    ssize_t outcome;
    if (sink_body_step(conn, slice, &outcome)) {
        serve(conn);
        if (conn->is_cut && conn->payload.left_bytes == 0) {
            sink_fault_reset(conn);
            return STEP_STOP;
        }
        /* Counts are asked for between two measurements: at once. */
        answer_later(conn, SINK_HEAD, conn->request.path[0] == '_' ? 0 : 1);
        return STEP_ON;
    }
    if (outcome == SINK_AGAIN)
        return STEP_STOP;
    return outcome < 0 ? drop(conn) : STEP_ON;
}

static ssize_t write_payload(struct sink_conn *conn)
{
    struct sink_payload *payload = &conn->payload;
    size_t limit = conn->loop->sink->options.rate_mbps > 0 ? CAPPED_BYTES : WRITE_BYTES;
    size_t len = payload->left_bytes < limit ? (size_t)payload->left_bytes : limit;
    ssize_t sent = payload->blob
                       ? sink_write(conn, payload->blob->data + payload->offset, len, false)
                       : sink_send_zeros(conn, len);
    if (sent > 0) {
        payload->offset += (size_t)sent;
        payload->left_bytes -= (size_t)sent;
    }
    return sent;
}

/* The answer is out: the body that was asked for by 100 Continue, or the next request. */
static enum step end_answer(struct sink_conn *conn)
{
    if (conn->is_cut) {
        sink_fault_reset(conn);
        return STEP_STOP;
    }
    sink_buf_reset(&conn->answer);
    conn->answer_pos = 0;
    conn->state = conn->after;
    conn->after = SINK_HEAD;
    if (conn->state != SINK_HEAD)
        return STEP_ON;
    bool keeps_alive = conn->request.keeps_alive;
    end_request(conn);
    if (keeps_alive)
        return STEP_ON;
    if (conn->tls)
        SSL_shutdown(conn->tls);
    shutdown(conn->fd, SHUT_WR);
    return drop(conn);
}

static enum step step_write(struct sink_conn *conn, size_t *slice)
{
    struct sink_buf *answer = &conn->answer;
    size_t left = answer->len - conn->answer_pos;
    ssize_t sent;
    if (answer->is_full)
        return drop(conn);
    if (left > 0) {
        sent =
            sink_write(conn, answer->data + conn->answer_pos, left, conn->payload.left_bytes > 0);
        if (sent > 0)
            conn->answer_pos += (size_t)sent;
    } else if (conn->payload.left_bytes > 0) {
        sent = write_payload(conn);
        if (sent > 0) {
            *slice += (size_t)sent;
            if (conn->payload.left_bytes > 0 && sink_conn_is_capped(conn, (size_t)sent))
                return STEP_STOP;
        }
    } else {
        return end_answer(conn);
    }
    if (sent == SINK_AGAIN)
        return STEP_STOP;
    return sent < 0 ? drop(conn) : STEP_ON;
}

/* False: the handshake goes on later, or the connection is gone. */
static bool shake(struct sink_conn *conn)
{
    int done = sink_shake(conn);
    if (done < 0)
        sink_conn_drop(conn);
    else
        conn->is_shaking = done == 0;
    return done > 0;
}

void sink_conn_run(struct sink_conn *conn)
{
    enum step step = STEP_ON;
    size_t slice = 0;
    if (conn->is_shaking && !shake(conn))
        return;
    if (conn->state != SINK_HEAD && conn->allowed_ns > 0 &&
        conn->allowed_ns >= sink_now_ns() + TOO_SOON_NS)
        return; /* its timer is set */
    while (step == STEP_ON) {
        if (slice > SLICE_BYTES) {
            sink_loop_later(conn->loop, conn, 0);
            return;
        }
        switch (conn->state) {
        case SINK_HEAD: step = step_head(conn); break;
        case SINK_BODY:
        case SINK_CHUNKS: step = step_body(conn, &slice); break;
        case SINK_WRITE: step = step_write(conn, &slice); break;
        case SINK_WAIT: return;
        }
    }
}
