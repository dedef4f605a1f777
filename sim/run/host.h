// SPDX-License-Identifier: MIT
// Hosts the services of a run (../core/service.h): passes requests of nodes to the services and
// sends their replies to the nodes. Messages in both directions are counted and traced. On the
// network, service k is endpoint `nodes` + k.
//
// Messages are counted by service and type: "seq-kv cas", "seq-kv cas_ok", "seq-kv error 22".
//
// The memory of a service is bounded by GV_SERVICE_BYTES_MAX. The driver bounds the memory of
// requests and replies: while it has no space for more of a node's messages, services refuse that
// node's requests with GV_SERVICE_UNAVAILABLE.
#ifndef GV_SIM_RUN_HOST_H
#define GV_SIM_RUN_HOST_H

#include "../core/envelope.h"
#include "../core/net.h"
#include "../core/service.h"

struct gv_host_config {
    uint32_t nodes;
    uint64_t seed;
    struct gv_net *net;           // with GV_SERVICE_KINDS services. Borrowed
    struct gv_envelope *envelope; // borrowed
    struct gv_trace *trace;       // may be NULL. Borrowed
    // Returns whether the driver has no space for more messages of a node. NULL: it always has
    // space.
    bool (*is_full)(void *ctx, uint32_t node);
    void *ctx;
};

struct gv_host {
    struct gv_host_config config;
    struct gv_service services[GV_SERVICE_KINDS];
    struct gv_service_reply reply;
};

void gv_host_init(struct gv_host *host, const struct gv_host_config *config);
// Call it before gv_net_fini.
void gv_host_fini(struct gv_host *host);

// Sends a node's message to a service. `type` is the type of the body, as spelled in its JSON,
// without quotes; `size` is the number of bytes to count.
void gv_host_send(struct gv_host *host, gv_time now, uint32_t node, enum gv_service_kind kind,
                  struct gv_slice body, struct gv_slice type, size_t size);

// Handles a message that the network delivers to a service, and sends the reply.
void gv_host_take(struct gv_host *host, gv_time now, const struct gv_net_message *message);

#endif
