// SPDX-License-Identifier: MIT
#include "host.h"

#include <stdio.h>

enum { NAME_MAX = 16, LABEL_MAX = GV_NET_TYPE_MAX + 32 };

void gv_host_init(struct gv_host *host, const struct gv_host_config *config) {
    GV_ASSERT(config->net->config.services == GV_SERVICE_KINDS);
    *host = (struct gv_host){.config = *config};
    for (int kind = 0; kind < GV_SERVICE_KINDS; kind++) {
        gv_service_init(&host->services[kind], (enum gv_service_kind)kind, config->nodes,
                        config->seed, GV_SERVICE_BYTES_MAX);
    }
}

void gv_host_fini(struct gv_host *host) {
    for (int kind = 0; kind < GV_SERVICE_KINDS; kind++) gv_service_fini(&host->services[kind]);
    free(host->reply.body.data);
    host->reply.body = (struct gv_memory_bytes){0};
}

// Ends the line in the envelope, traces it and sends it. `label` is the type as which it is
// counted.
static void send(struct gv_host *host, gv_time now, uint32_t src, uint32_t dest,
                 struct gv_slice body, struct gv_slice label, size_t size) {
    struct gv_envelope *envelope = host->config.envelope;
    gv_memory_append(&envelope->line, body.data, body.len);
    gv_memory_append(&envelope->line, "}\n", 2);
    gv_trace_send(host->config.trace, now, gv_envelope_line(envelope), label, size);
    gv_net_send(host->config.net, now, src, dest, label, size, gv_envelope_line(envelope));
}

void gv_host_send(struct gv_host *host, gv_time now, uint32_t node, enum gv_service_kind kind,
                  struct gv_slice body, struct gv_slice type, size_t size) {
    GV_ASSERT(node < host->config.nodes && kind < GV_SERVICE_KINDS);
    char name[NAME_MAX], label[LABEL_MAX];
    snprintf(name, sizeof name, "n%u", node);
    // The network truncates a type that is longer than GV_NET_TYPE_MAX.
    int shown = type.len < GV_NET_TYPE_MAX + 1 ? (int)type.len : GV_NET_TYPE_MAX + 1;
    int len = snprintf(label, sizeof label, "%s %.*s", gv_service_names[kind], shown,
                       shown > 0 ? (const char *)type.data : "");
    gv_envelope_open_names(host->config.envelope, name, gv_service_names[kind]);
    send(host, now, node, host->config.nodes + kind, body, gv_slice_of(label, (size_t)len), size);
}

static struct gv_slice body_of(const struct gv_net_message *message) {
    static const char mark[] = ",\"body\":";
    size_t at = 0;
    while (memcmp(message->bytes + at, mark, sizeof mark - 1) != 0) {
        at++;
        GV_ASSERT(at + sizeof mark < message->len);
    }
    at += sizeof mark - 1;
    return gv_slice_of(message->bytes + at, message->len - at - 2); // without the "}\n" of the line
}

void gv_host_take(struct gv_host *host, gv_time now, const struct gv_net_message *message) {
    uint32_t nodes = host->config.nodes, node = message->src, kind = message->dest - nodes;
    GV_ASSERT(node < nodes && kind < GV_SERVICE_KINDS);
    struct gv_service *service = &host->services[kind];
    gv_trace_line(host->config.trace, now, GV_TRACE_DELIVER,
                  gv_slice_of(message->bytes, message->len), NULL);
    struct gv_service_reply *reply = &host->reply;
    if (host->config.is_full != NULL && host->config.is_full(host->config.ctx, node)) {
        gv_service_refuse(service, body_of(message),
                          "too many messages of this node, or replies to it, wait", reply);
    } else {
        gv_service_handle(service, node, body_of(message), reply);
    }
    char name[NAME_MAX], label[LABEL_MAX], code[16] = "";
    snprintf(name, sizeof name, "n%u", node);
    if (reply->code != 0) snprintf(code, sizeof code, " %d", reply->code);
    int len = snprintf(label, sizeof label, "%s %s%s", gv_service_names[kind], reply->type, code);
    size_t size = sizeof "{\"src\":\"\",\"dest\":\"\",\"body\":}" - 1 +
                  strlen(gv_service_names[kind]) + strlen(name) + reply->body.len;
    gv_envelope_open_names(host->config.envelope, gv_service_names[kind], name);
    send(host, now, message->dest, node, gv_slice_of(reply->body.data, reply->body.len),
         gv_slice_of(label, (size_t)len), size);
}
