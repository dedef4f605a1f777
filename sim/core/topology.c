// SPDX-License-Identifier: MIT
#include "topology.h"

#include "memory.h"

#include <stdio.h>

static const char *const names[] = {"line", "grid", "tree2", "tree3", "tree4", "total"};

static uint32_t line(uint32_t nodes, uint32_t node, uint32_t *out) {
    uint32_t count = 0;
    if (node > 0) out[count++] = node - 1;
    if (node + 1 < nodes) out[count++] = node + 1;
    return count;
}

static uint32_t grid(uint32_t nodes, uint32_t node, uint32_t *out) {
    uint32_t side = 1, count = 0;
    while (side * side < nodes) side++;
    if (node + side < nodes) out[count++] = node + side;
    if (node >= side) out[count++] = node - side;
    if (node % side + 1 < side && node + 1 < nodes) out[count++] = node + 1;
    if (node % side > 0) out[count++] = node - 1;
    return count;
}

// The layout of a b-ary heap.
static uint32_t tree(uint32_t nodes, uint32_t node, uint32_t branches, uint32_t *out) {
    uint32_t count = 0;
    if (node > 0) out[count++] = (node - 1) / branches;
    for (uint32_t i = 1; i <= branches; i++) {
        uint64_t child = (uint64_t)node * branches + i;
        if (child < nodes) out[count++] = (uint32_t)child;
    }
    return count;
}

static uint32_t total(uint32_t nodes, uint32_t node, uint32_t *out) {
    uint32_t count = 0;
    for (uint32_t other = 0; other < nodes; other++) {
        if (other != node) out[count++] = other;
    }
    return count;
}

uint32_t gv_topology_neighbours(enum gv_topology kind, uint32_t nodes, uint32_t node,
                                uint32_t *out) {
    GV_ASSERT(node < nodes);
    switch (kind) {
    case GV_TOPOLOGY_LINE:
        return line(nodes, node, out);
    case GV_TOPOLOGY_GRID:
        return grid(nodes, node, out);
    case GV_TOPOLOGY_TREE2:
        return tree(nodes, node, 2, out);
    case GV_TOPOLOGY_TREE3:
        return tree(nodes, node, 3, out);
    case GV_TOPOLOGY_TREE4:
        return tree(nodes, node, 4, out);
    case GV_TOPOLOGY_TOTAL:
        break;
    }
    return total(nodes, node, out);
}

struct writer {
    char *buf;
    size_t len, cap;
};

static void put(struct writer *writer, const char *text) {
    size_t len = strlen(text);
    if (writer->len + len >= writer->cap) {
        writer->len = writer->cap; // later writes fail, too
        return;
    }
    memcpy(writer->buf + writer->len, text, len + 1);
    writer->len += len;
}

static void put_name(struct writer *writer, uint32_t node) {
    char name[16];
    snprintf(name, sizeof name, "\"n%u\"", node);
    put(writer, name);
}

int gv_topology_json(enum gv_topology kind, uint32_t nodes, char *buf, size_t cap) {
    GV_ASSERT(cap > 0 && cap <= INT32_MAX);
    struct writer writer = {buf, 0, cap};
    uint32_t *neighbours = gv_memory_new(nodes * sizeof *neighbours);
    put(&writer, "{");
    bool empty = kind == GV_TOPOLOGY_LINE && nodes == 1; // as Maelstrom's line of one node
    for (uint32_t node = 0; node < nodes && !empty; node++) {
        if (node > 0) put(&writer, ",");
        put_name(&writer, node);
        put(&writer, ":[");
        uint32_t count = gv_topology_neighbours(kind, nodes, node, neighbours);
        for (uint32_t i = 0; i < count; i++) {
            if (i > 0) put(&writer, ",");
            put_name(&writer, neighbours[i]);
        }
        put(&writer, "]");
    }
    put(&writer, "}");
    free(neighbours);
    return writer.len < cap ? (int)writer.len : GV_ESPACE;
}

char *gv_topology_request(enum gv_topology kind, uint32_t nodes, size_t *len) {
    static const char head[] = "\"type\":\"topology\",\"topology\":";
    size_t cap = sizeof head + 64 + (size_t)nodes * 112; // up to five names a node
    if (kind == GV_TOPOLOGY_TOTAL) cap += (size_t)nodes * nodes * 16;
    GV_ASSERT(cap <= INT32_MAX);
    char *body = gv_memory_raw(cap);
    memcpy(body, head, sizeof head - 1);
    int size = gv_topology_json(kind, nodes, body + sizeof head - 1, cap - sizeof head);
    GV_ASSERT(size > 0);
    *len = sizeof head - 1 + (size_t)size;
    return body;
}

const char *gv_topology_name(enum gv_topology kind) {
    GV_ASSERT((size_t)kind < GV_COUNT(names));
    return names[kind];
}

int gv_topology_parse(const char *name, enum gv_topology *kind) {
    for (size_t i = 0; i < GV_COUNT(names); i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *kind = (enum gv_topology)i;
        return 0;
    }
    return GV_ENOENT;
}
