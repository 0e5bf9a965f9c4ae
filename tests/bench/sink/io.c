/*
 * Bytes in and out of a connection, plain or TLS, without blocking.
 */
#include "sink.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define TLS_MAX_BYTES ((size_t)1 << 20) /* of one call */

static ssize_t tls_outcome(struct sink_conn *conn, int result)
{
    if (result > 0)
        return result;
    int error = SSL_get_error(conn->tls, result);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return SINK_AGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? 0 : SINK_BROKEN;
}

static ssize_t outcome(ssize_t result)
{
    if (result >= 0)
        return result;
    return errno == EAGAIN || errno == EINTR ? SINK_AGAIN : SINK_BROKEN;
}

static int tls_length(size_t len)
{
    return (int)(len < TLS_MAX_BYTES ? len : TLS_MAX_BYTES);
}

ssize_t sink_read(struct sink_conn *conn, void *data, size_t len)
{
    if (conn->tls)
        return tls_outcome(conn, SSL_read(conn->tls, data, tls_length(len)));
    return outcome(recv(conn->fd, data, len, 0));
}

ssize_t sink_skip(struct sink_conn *conn, void *scratch, size_t len)
{
    if (conn->tls)
        return sink_read(conn, scratch, len);
    return outcome(recv(conn->fd, scratch, len, MSG_TRUNC));
}

ssize_t sink_write(struct sink_conn *conn, const void *data, size_t len, bool has_more)
{
    if (conn->tls)
        return tls_outcome(conn, SSL_write(conn->tls, data, tls_length(len)));
    return outcome(send(conn->fd, data, len, MSG_NOSIGNAL | (has_more ? MSG_MORE : 0)));
}

ssize_t sink_send_zeros(struct sink_conn *conn, size_t len)
{
    const struct sink *sink = conn->loop->sink;
    off_t offset = 0;
    if (len > SINK_ZEROS_BYTES)
        len = SINK_ZEROS_BYTES;
    if (conn->tls)
        return sink_write(conn, sink->zeros, len, false);
    return outcome(sendfile(conn->fd, sink->zeros_fd, &offset, len));
}

int sink_shake(struct sink_conn *conn)
{
    int result = SSL_accept(conn->tls);
    if (result == 1)
        return 1;
    return tls_outcome(conn, result) == SINK_AGAIN ? 0 : -1;
}
