// SPDX-License-Identifier: MIT
#include "topology.h"

#include "memory.h"

#include <stdio.h>

const char *const gv_topology_names[] = {"line", "grid", "tree2", "tree3", "tree4", "total", NULL};

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

// The tree has the layout of a heap with this number of branches.
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
    if (kind == GV_TOPOLOGY_LINE) return line(nodes, node, out);
    if (kind == GV_TOPOLOGY_GRID) return grid(nodes, node, out);
    if (kind == GV_TOPOLOGY_TOTAL) return total(nodes, node, out);
    return tree(nodes, node, 2 + (uint32_t)(kind - GV_TOPOLOGY_TREE2), out);
}

char *gv_topology_request(enum gv_topology kind, uint32_t nodes, size_t *len) {
    char *body = NULL;
    FILE *out = gv_memory_checked(open_memstream(&body, len));
    uint32_t *neighbours = gv_memory_new(nodes * sizeof *neighbours);
    fputs("\"type\":\"topology\",\"topology\":{", out);
    bool empty = kind == GV_TOPOLOGY_LINE && nodes == 1; // as Maelstrom's line of one node
    for (uint32_t node = 0; node < nodes && !empty; node++) {
        fprintf(out, "%s\"n%u\":[", node > 0 ? "," : "", node);
        uint32_t count = gv_topology_neighbours(kind, nodes, node, neighbours);
        for (uint32_t i = 0; i < count; i++)
            fprintf(out, "%s\"n%u\"", i > 0 ? "," : "", neighbours[i]);
        fputs("]", out);
    }
    fputs("}", out);
    free(neighbours);
    return gv_memory_checked(fclose(out) == 0 ? body : NULL);
}
