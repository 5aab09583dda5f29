/* An echo server on libuv, as one writes it who wants it fast: one read buffer for everybody, whole frames answered
 * where they lie by a write at once, and a queued write only for what the kernel does not take. */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { HEADER_BYTES = 4, MESSAGE_BYTES_MAX = 16 << 20, BUFFER_BYTES = 256 << 10, BACKLOG = 1024 };

struct connection {
    uv_tcp_t tcp; /* first: a handle is its connection */
    char *begun;  /* the beginning of a frame whose end has not come */
    size_t begun_bytes;
};

struct rest {
    uv_write_t request; /* first: a request is its rest */
    char bytes[];
};

static char buffer[BUFFER_BYTES];

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *lent)
{
    (void)handle, (void)suggested;
    *lent = uv_buf_init(buffer, sizeof buffer);
}

static void when_closed(uv_handle_t *handle)
{
    struct connection *connection = (struct connection *)handle;
    free(connection->begun);
    free(connection);
}

static void hang_up(struct connection *connection)
{
    if (!uv_is_closing((uv_handle_t *)&connection->tcp))
        uv_close((uv_handle_t *)&connection->tcp, when_closed);
}

static void when_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *read);

static void when_written(uv_write_t *request, int error)
{
    struct connection *connection = (struct connection *)request->handle;
    free(request);
    if (error)
        hang_up(connection);
    else if (uv_stream_get_write_queue_size((uv_stream_t *)&connection->tcp) == 0)
        uv_read_start((uv_stream_t *)&connection->tcp, lend_buffer, when_read);
}

/* What the kernel refuses is copied and queued, and nothing more is read until it is gone. */
static int answer(struct connection *connection, const char *bytes, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    uv_buf_t whole = uv_buf_init((char *)bytes, length);
    int written = uv_try_write(stream, &whole, 1);
    if (written == UV_EAGAIN)
        written = 0;
    if (written < 0 || (size_t)written == length)
        return written;
    struct rest *rest = malloc(sizeof *rest + length - written);
    memcpy(rest->bytes, bytes + written, length - written);
    uv_buf_t queued = uv_buf_init(rest->bytes, length - written);
    uv_read_stop(stream);
    return uv_write(&rest->request, stream, &queued, 1, when_written);
}

/* How many bytes at the beginning are whole frames; -1 if one of them is too long. */
static ssize_t whole_frames(const char *bytes, size_t length)
{
    size_t whole = 0;
    while (length - whole >= HEADER_BYTES) {
        uint32_t message;
        memcpy(&message, bytes + whole, sizeof message);
        message = ntohl(message);
        if (message > MESSAGE_BYTES_MAX)
            return -1;
        if (length - whole < HEADER_BYTES + (size_t)message)
            break;
        whole += HEADER_BYTES + message;
    }
    return whole;
}

/* Answers the whole frames and keeps what follows them. */
static int take(struct connection *connection, char *bytes, size_t length)
{
    ssize_t whole = whole_frames(bytes, length);
    if (whole < 0 || (whole > 0 && answer(connection, bytes, whole) < 0))
        return -1;
    connection->begun_bytes = length - whole;
    if (connection->begun_bytes > 0) {
        connection->begun = realloc(connection->begun, connection->begun_bytes);
        memcpy(connection->begun, bytes + whole, connection->begun_bytes);
    }
    return 0;
}

/* A frame that came in pieces is put together, with all that came behind it. */
static int take_with_begun(struct connection *connection, const char *bytes, size_t length)
{
    size_t begun_bytes = connection->begun_bytes;
    char *joined = realloc(connection->begun, begun_bytes + length);
    memcpy(joined + begun_bytes, bytes, length);
    connection->begun = NULL;
    int error = 0;
    if (whole_frames(joined, begun_bytes + length) == 0) {
        connection->begun = joined;
        connection->begun_bytes += length;
        return 0;
    }
    error = take(connection, joined, begun_bytes + length);
    free(joined);
    return error;
}

static void when_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *read)
{
    struct connection *connection = (struct connection *)stream;
    if (bytes == 0)
        return;
    int error = -1;
    if (bytes > 0 && connection->begun_bytes == 0)
        error = take(connection, read->base, bytes);
    else if (bytes > 0)
        error = take_with_begun(connection, read->base, bytes);
    if (error < 0)
        hang_up(connection);
}

static void when_called(uv_stream_t *listener, int error)
{
    if (error)
        return;
    struct connection *connection = calloc(1, sizeof *connection);
    uv_tcp_init(listener->loop, &connection->tcp);
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp)) {
        hang_up(connection);
        return;
    }
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_read_start((uv_stream_t *)&connection->tcp, lend_buffer, when_read);
}

int main(void)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    int length = sizeof address;
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(loop, &listener);
    int error = uv_tcp_bind(&listener, (struct sockaddr *)&address, 0);
    if (!error)
        error = uv_listen((uv_stream_t *)&listener, BACKLOG, when_called);
    if (!error)
        error = uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length);
    if (error) {
        fprintf(stderr, "error: %s\n", uv_strerror(error));
        return 1;
    }
    fprintf(stderr, "listening on tcp://127.0.0.1:%d\n", ntohs(address.sin_port));
    return uv_run(loop, UV_RUN_DEFAULT);
}
