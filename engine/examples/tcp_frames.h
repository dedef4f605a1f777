// SPDX-License-Identifier: MIT
// Frames between the nodes of a cluster, over TCP with libuv's default loop, for tcp_uv.c.
//
// A node connects to each other one, and again when the connection is lost: it sends on these
// connections, and receives on those that it accepts. A frame is its length, 4 bytes, the most
// significant first, and that many bytes. The first frame of a connection is the sender's number,
// 4 bytes likewise. It is not authenticated: who needs that authenticates the frames.
#ifndef GV_ENGINE_EXAMPLES_TCP_FRAMES_H
#define GV_ENGINE_EXAMPLES_TCP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum {
    FRAMES_NODES_MAX = 64,
    FRAMES_LENGTH_MAX = 64 << 10, // bytes; a connection with a longer one is closed
    FRAMES_QUEUE_MAX = 256 << 10, // bytes: where a connection is congested
    FRAMES_RETRY_MS = 200,        // between two attempts to connect
    FRAMES_STALL_MS = 10000,      // a congested connection that takes nothing so long is closed
};

// Called for each frame that comes from the peer of this number.
typedef void frames_receiver(int node, const void *bytes, size_t len);

// Listens at the address of node `own`, and connects to the others. Returns 0, or an error of libuv
// that uv_listen returned.
int frames_start(int own, const struct sockaddr_in *addresses, int count, frames_receiver *receive);

// Whether there is a connection to the node, and it is not congested. This may change while the
// loop runs, and by frames_send.
bool frames_writable(int node);

// Sends a frame, or drops it if there is no connection.
void frames_send(int node, const void *bytes, size_t len);

#endif
