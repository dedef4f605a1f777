// SPDX-License-Identifier: MIT
#include "tcp_frames.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

// An outgoing connection, to a node.
struct link {
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct sockaddr_in address; // port 0: this node
    bool is_used;               // from the attempt to connect until it is closed
    bool is_connected;
    uint64_t progress_at; // ms; when the queue of writes was last empty or became shorter
};

// An incoming connection, from a node.
struct inbox {
    uv_tcp_t tcp;
    int node; // -1 before the first frame
    size_t len;
    char buf[4 + FRAMES_LENGTH_MAX];
};

static struct link links[FRAMES_NODES_MAX];
static int nodes, own_number;
static frames_receiver *received;
static uv_tcp_t listener;
static uv_timer_t retry;

// --- sending

static void on_link_closed(uv_handle_t *tcp) {
    ((struct link *)tcp->data)->is_used = false;
}

static void close_link(struct link *link) {
    uv_handle_t *tcp = (uv_handle_t *)&link->tcp;
    link->is_connected = false;
    if (!uv_is_closing(tcp)) uv_close(tcp, on_link_closed);
}

static void on_written(uv_write_t *write, int rc) {
    struct link *link = write->handle->data;
    link->progress_at = uv_now(write->handle->loop);
    if (rc < 0) close_link(link);
    free(write);
}

void frames_send(int node, const void *bytes, size_t len) {
    struct link *link = &links[node];
    uv_stream_t *tcp = (uv_stream_t *)&link->tcp;
    uv_write_t *write = NULL;
    if (link->is_connected) write = malloc(sizeof *write + 4 + len);
    if (!write) return;
    if (tcp->write_queue_size == 0) link->progress_at = uv_now(tcp->loop);
    uint32_t prefix = htonl((uint32_t)len);
    uv_buf_t buf = uv_buf_init((char *)(write + 1), (unsigned)(4 + len));
    memcpy(buf.base, &prefix, 4);
    memcpy(buf.base + 4, bytes, len);
    if (uv_write(write, tcp, &buf, 1, on_written) == 0) return;
    free(write);
    close_link(link);
}

bool frames_writable(int node) {
    return links[node].is_connected && links[node].tcp.write_queue_size < FRAMES_QUEUE_MAX;
}

static void on_nothing(uv_handle_t *tcp, size_t hint, uv_buf_t *buf) {
    static char bytes[64];
    (void)tcp, (void)hint;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

// The peer sends nothing on this connection, so any result but 0 ends it.
static void on_link_end(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buf) {
    (void)buf;
    if (got != 0) close_link(tcp->data);
}

static void on_connected(uv_connect_t *connect, int rc) {
    struct link *link = connect->handle->data;
    uint32_t hello = htonl((uint32_t)own_number);
    link->is_connected = rc >= 0;
    if (rc < 0 || uv_read_start(connect->handle, on_nothing, on_link_end) < 0)
        close_link(link);
    else
        frames_send((int)(link - links), &hello, sizeof hello);
}

static void on_retry(uv_timer_t *timer) {
    for (struct link *link = links; link < links + nodes; link++) {
        int node = (int)(link - links);
        bool is_stuck = link->is_connected && !frames_writable(node) &&
                        uv_now(timer->loop) - link->progress_at >= FRAMES_STALL_MS;
        if (is_stuck) close_link(link); // the peer's host may be down
        if (link->is_used || link->address.sin_port == 0) continue;
        link->is_used = true;
        uv_tcp_init(timer->loop, &link->tcp);
        link->tcp.data = link;
        const struct sockaddr *address = (const struct sockaddr *)&link->address;
        if (uv_tcp_connect(&link->connect, &link->tcp, address, on_connected) < 0) close_link(link);
    }
}

// --- receiving

static void on_inbox_closed(uv_handle_t *inbox) {
    free(inbox);
}

static void on_buffer(uv_handle_t *tcp, size_t hint, uv_buf_t *buf) {
    struct inbox *inbox = (struct inbox *)tcp;
    (void)hint;
    *buf = uv_buf_init(inbox->buf + inbox->len, (unsigned)(sizeof inbox->buf - inbox->len));
}

static uint32_t number_at(const char *bytes) {
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return ntohl(number);
}

// Returns false if the connection does not come from a node.
static bool take_frame(struct inbox *inbox, const char *bytes, size_t len) {
    if (inbox->node >= 0) {
        received(inbox->node, bytes, len);
        return true;
    }
    if (len != 4 || number_at(bytes) >= (uint32_t)nodes) return false;
    inbox->node = (int)number_at(bytes);
    return true;
}

static void on_read(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buf) {
    struct inbox *inbox = (struct inbox *)tcp;
    bool ok = got >= 0;
    (void)buf;
    if (ok) inbox->len += (size_t)got;
    while (ok && inbox->len >= 4) {
        size_t len = number_at(inbox->buf);
        ok = len <= FRAMES_LENGTH_MAX;
        if (!ok || inbox->len < 4 + len) break;
        ok = take_frame(inbox, inbox->buf + 4, len);
        inbox->len -= 4 + len;
        memmove(inbox->buf, inbox->buf + 4 + len, inbox->len);
    }
    if (!ok) uv_close((uv_handle_t *)tcp, on_inbox_closed);
}

static void on_accept(uv_stream_t *server, int rc) {
    struct inbox *inbox = rc < 0 ? NULL : malloc(sizeof *inbox);
    if (!inbox) return;
    inbox->node = -1;
    inbox->len = 0;
    uv_stream_t *tcp = (uv_stream_t *)&inbox->tcp;
    uv_tcp_init(server->loop, &inbox->tcp);
    if (uv_accept(server, tcp) < 0 || uv_read_start(tcp, on_buffer, on_read) < 0)
        uv_close((uv_handle_t *)tcp, on_inbox_closed);
}

int frames_start(int own, const struct sockaddr_in *addresses, int count,
                 frames_receiver *receive) {
    own_number = own;
    nodes = count;
    received = receive;
    for (int i = 0; i < count; i++)
        if (i != own) links[i].address = addresses[i];
    uv_tcp_init(uv_default_loop(), &listener);
    int rc = uv_tcp_bind(&listener, (const struct sockaddr *)&addresses[own], 0);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&listener, count, on_accept);
    uv_timer_init(uv_default_loop(), &retry);
    uv_timer_start(&retry, on_retry, 0, FRAMES_RETRY_MS);
    return rc;
}
