// SPDX-License-Identifier: MIT
// Frames between the nodes of a cluster, over TCP with libuv's default loop, for tcp_uv.c.
//
// Each node connects to each other node, and reconnects when a connection is lost. It sends on
// these connections, and receives on the connections that it accepts. A frame is a length of 4
// bytes in network byte order, followed by that many bytes. The first frame of a connection
// contains the sender's number, also 4 bytes in network byte order. This number is not
// authenticated. Programs that need authentication must authenticate the frames.
#ifndef GV_ENGINE_EXAMPLES_TCP_FRAMES_H
#define GV_ENGINE_EXAMPLES_TCP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum {
    FRAMES_NODES_MAX = 64,
    FRAMES_LENGTH_MAX = 64 << 10, // bytes; a longer frame closes the connection
    FRAMES_QUEUE_MAX = 256 << 10, // a connection with more bytes to write is congested
    FRAMES_RETRY_MS = 200,        // time between two attempts to connect
    FRAMES_STALL_MS = 10000,      // a congested connection without progress is closed then
};

// Called for each frame received from the node with this number.
typedef void frames_receiver(int node, const void *bytes, size_t len);

// Listens at the address of node `own`, and connects to the others. Returns 0 or the error of
// uv_listen.
int frames_start(int own, const struct sockaddr_in *addresses, int count, frames_receiver *receive);

// Whether the node is connected and its connection not congested. The answer may change while the
// loop runs and in frames_send.
bool frames_writable(int node);

// Sends a frame to the node, or drops it if the node is not connected.
void frames_send(int node, const void *bytes, size_t len);

#endif
