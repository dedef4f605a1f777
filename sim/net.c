// SPDX-License-Identifier: MIT
#include "net.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRNG_STREAM = 1 };

static bool before(const struct gv_net_message *a, const struct gv_net_message *b) {
    return a->due != b->due ? a->due < b->due : a->seq < b->seq;
}

static void inbox_put(struct gv_net_inbox *inbox, struct gv_net_message *message) {
    inbox->heap = gv_memory_grow(inbox->heap, &inbox->cap, inbox->len + 1, sizeof *inbox->heap);
    size_t at = inbox->len++;
    while (at > 0 && before(message, inbox->heap[(at - 1) / 2])) {
        inbox->heap[at] = inbox->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    inbox->heap[at] = message;
}

static struct gv_net_message *inbox_take(struct gv_net_inbox *inbox) {
    if (inbox->len == 0) return NULL;
    struct gv_net_message *first = inbox->heap[0];
    struct gv_net_message *last = inbox->heap[--inbox->len];
    size_t at = 0;
    for (size_t child = 1; child < inbox->len; child = 2 * at + 1) {
        if (child + 1 < inbox->len && before(inbox->heap[child + 1], inbox->heap[child])) child++;
        if (!before(inbox->heap[child], last)) break;
        inbox->heap[at] = inbox->heap[child];
        at = child;
    }
    inbox->heap[at] = last;
    return first;
}

static bool is_cut(struct gv_net *net, const struct gv_net_message *message) {
    if (message->src == GV_NET_CLIENT || net->config.cut == NULL) return false;
    if (!net->config.cut(net->config.cut_ctx, message)) return false;
    net->dropped++;
    return true;
}

static void schedule(struct gv_net *net, gv_time due, struct gv_net_message *message) {
    gv_world_schedule(net->config.world, due, net->config.event_kind, message->dest, message->seq,
                      message);
}

// The inbound thread of a node is free: let it take the next message that is not cut off.
static void wake(struct gv_net *net, gv_time now, struct gv_net_inbox *inbox) {
    GV_ASSERT(inbox->held == NULL);
    struct gv_net_message *message;
    while ((message = inbox_take(inbox)) != NULL) {
        if (is_cut(net, message)) {
            free(message);
            continue;
        }
        inbox->held = message;
        schedule(net, message->due > now ? message->due : now, message);
        return;
    }
}

// The index of a type's count, made at its first message.
static uint32_t type_index(struct gv_net *net, struct gv_slice type) {
    char name[GV_NET_TYPE_MAX + 1] = "";
    for (size_t i = 0; i < type.len && i < GV_NET_TYPE_MAX; i++) {
        uint8_t byte = type.data[i];
        name[i] = byte > ' ' && byte < 0x7f && byte != '"' && byte != '\\' ? (char)byte : '?';
    }
    for (size_t i = 0; i < net->types; i++) {
        if (strcmp(net->counts[i].type, name) == 0) return (uint32_t)i;
    }
    if (net->types >= GV_NET_TYPES_MAX) {
        strcpy(net->counts[GV_NET_TYPES_MAX].type, "(other)");
        net->types = GV_NET_TYPES_MAX + 1;
        return GV_NET_TYPES_MAX;
    }
    memcpy(net->counts[net->types].type, name, sizeof name);
    return (uint32_t)net->types++;
}

void gv_net_init(struct gv_net *net, const struct gv_net_config *config) {
    GV_ASSERT(config->world != NULL);
    GV_ASSERT(config->nodes > 0);
    *net = (struct gv_net){.config = *config};
    net->inboxes = gv_memory_new(config->nodes * sizeof *net->inboxes);
    gv_prng_init(&net->prng, config->seed, PRNG_STREAM);
}

void gv_net_fini(struct gv_net *net) {
    GV_ASSERT(net != NULL);
    for (uint32_t node = 0; net->inboxes != NULL && node < net->config.nodes; node++) {
        struct gv_net_inbox *inbox = &net->inboxes[node];
        for (size_t i = 0; i < inbox->len; i++) free(inbox->heap[i]);
        free(inbox->held);
        free(inbox->heap);
    }
    free(net->inboxes);
    net->inboxes = NULL;
    if (net->config.delivery != GV_NET_EXACT) return; // what is held was freed above
    for (size_t i = 0; i < net->config.world->len; i++) {
        struct gv_world_event *event = &net->config.world->heap[i];
        if (event->kind == net->config.event_kind) free(event->item);
    }
}

gv_time gv_net_latency(struct gv_net *net) {
    uint64_t mean = net->config.latency_ms;
    if (mean == 0) return 0;
    switch (net->config.latency) {
    case GV_NET_UNIFORM:
        return gv_prng_below(&net->prng, 2 * mean) * GV_MS;
    case GV_NET_EXPONENTIAL:
        // 1 − unit is in (0, 1], so the logarithm is finite.
        return (gv_time)(-log(1 - gv_prng_unit(&net->prng)) * (double)mean) * GV_MS;
    case GV_NET_CONSTANT:
        break;
    }
    return mean * GV_MS;
}

void gv_net_send(struct gv_net *net, gv_time now, uint32_t src, uint32_t dest, struct gv_slice type,
                 size_t size, struct gv_slice bytes) {
    GV_ASSERT(dest < net->config.nodes);
    GV_ASSERT(src < net->config.nodes || src == GV_NET_CLIENT);
    struct gv_net_message *message = gv_memory_new(sizeof *message + bytes.len);
    *message = (struct gv_net_message){
        .src = src, .dest = dest, .type = GV_NET_TYPES_MAX, .due = now, .seq = net->sent++};
    message->len = bytes.len;
    if (bytes.len > 0) memcpy(message->bytes, bytes.data, bytes.len);
    if (src != GV_NET_CLIENT) {
        message->due += gv_net_latency(net);
        message->type = type_index(net, type);
        net->messages++;
        net->bytes += size;
        net->counts[message->type].messages++;
        net->counts[message->type].bytes += size;
    }

    if (net->config.delivery == GV_NET_EXACT) {
        schedule(net, message->due, message);
        return;
    }
    struct gv_net_inbox *inbox = &net->inboxes[dest];
    inbox_put(inbox, message);
    if (inbox->held == NULL) wake(net, now, inbox);
}

struct gv_net_message *gv_net_take(struct gv_net *net, gv_time now,
                                   const struct gv_world_event *event) {
    GV_ASSERT(event->kind == net->config.event_kind);
    struct gv_net_message *message = event->item;
    if (net->config.delivery == GV_NET_EXACT) {
        if (!is_cut(net, message)) return message;
        free(message);
        return NULL;
    }
    struct gv_net_inbox *inbox = &net->inboxes[message->dest];
    GV_ASSERT(inbox->held == message);
    inbox->held = NULL;
    wake(net, now, inbox);
    return message;
}
