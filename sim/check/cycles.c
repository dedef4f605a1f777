// SPDX-License-Identifier: MIT
#include "cycles.h"

#include "../core/memory.h"

#define NONE UINT32_MAX

void gv_cycles_init(struct gv_cycles *graph, uint32_t nodes) {
    GV_ASSERT(nodes < NONE);
    *graph = (struct gv_cycles){.nodes = nodes};
    GV_MEMORY_ARRAY(graph->done, (size_t)nodes + 1);
}

void gv_cycles_fini(struct gv_cycles *graph) {
    free(graph->edges);
    free(graph->done);
    *graph = (struct gv_cycles){0};
}

void gv_cycles_add(struct gv_cycles *graph, struct gv_cycles_edge edge) {
    GV_ASSERT(edge.from < graph->nodes && edge.to < graph->nodes && edge.from != edge.to);
    GV_ASSERT(edge.kind != 0 && (edge.kind & (edge.kind - 1)) == 0 && graph->len < NONE - 1);
    GV_MEMORY_GROW(graph->edges, &graph->cap, graph->len + 1);
    graph->edges[graph->len++] = edge;
}

void gv_cycles_list_fini(struct gv_cycles_list *list) {
    for (size_t i = 0; i < list->len; i++) free(list->cycles[i].edges);
    free(list->cycles);
    *list = (struct gv_cycles_list){0};
}

// One search. Arrays are by node unless they say otherwise.
struct search {
    const struct gv_cycles *graph;
    uint32_t *first;     // where the node's edges begin in `out`; the next node's: where they end
    uint32_t *out;       // numbers of the edges of the wanted kinds, by `from`
    uint32_t *component; // NONE: not known yet
    uint32_t components;
    // Tarjan
    uint32_t *index, *low, *stack, *path, *next;
    // breadth-first search
    uint32_t *seen; // number of the round that reached the node
    uint32_t *via;  // the edge that reached it
    uint32_t *queue, *distance;
    uint32_t round;
    uint64_t steps;
};

static void search_init(struct search *search, const struct gv_cycles *graph, uint32_t kinds) {
    size_t nodes = (size_t)graph->nodes + 1;
    *search = (struct search){.graph = graph};
    GV_MEMORY_ARRAY(search->first, nodes + 1);
    GV_MEMORY_ARRAY(search->out, graph->len + 1);
    uint32_t **arrays[] = {&search->component, &search->index,   &search->low,  &search->stack,
                           &search->path,      &search->next,    &search->seen, &search->via,
                           &search->queue,     &search->distance};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) GV_MEMORY_ARRAY(*arrays[i], nodes);
    for (size_t i = 0; i < graph->len; i++) {
        if ((graph->edges[i].kind & kinds) != 0) search->first[graph->edges[i].from + 2]++;
    }
    for (size_t i = 1; i < nodes + 1; i++) search->first[i] += search->first[i - 1];
    for (size_t i = 0; i < graph->len; i++) {
        if ((graph->edges[i].kind & kinds) == 0) continue;
        search->out[search->first[graph->edges[i].from + 1]++] = (uint32_t)i;
    }
}

static void search_fini(struct search *search) {
    uint32_t *arrays[] = {search->first, search->out,   search->component, search->index,
                          search->low,   search->stack, search->path,      search->next,
                          search->seen,  search->via,   search->queue,     search->distance};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
}

// Tarjan's algorithm from one root (SIAM J. Comput. 1, 1972), with its recursion in search->path.
static void components_from(struct search *search, uint32_t root, uint32_t *count) {
    size_t depth = 0, stacked = 0;
    search->path[depth++] = root;
    while (depth > 0) {
        uint32_t node = search->path[depth - 1];
        if (search->index[node] == 0) {
            search->index[node] = search->low[node] = ++*count;
            search->next[node] = search->first[node];
            search->stack[stacked++] = node;
        }
        if (search->next[node] < search->first[node + 1]) {
            uint32_t to = search->graph->edges[search->out[search->next[node]++]].to;
            if (search->index[to] == 0) {
                search->path[depth++] = to;
            } else if (search->component[to] == NONE && search->index[to] < search->low[node]) {
                search->low[node] = search->index[to];
            }
            continue;
        }
        depth--;
        if (depth > 0 && search->low[node] < search->low[search->path[depth - 1]])
            search->low[search->path[depth - 1]] = search->low[node];
        if (search->low[node] != search->index[node]) continue;
        uint32_t member;
        do {
            member = search->stack[--stacked];
            search->component[member] = search->components;
        } while (member != node);
        search->components++;
    }
}

static void find_components(struct search *search) {
    uint32_t count = 0;
    for (uint32_t node = 0; node < search->graph->nodes; node++) search->component[node] = NONE;
    for (uint32_t node = 0; node < search->graph->nodes; node++) {
        if (search->index[node] == 0) components_from(search, node, &count);
    }
}

// The length of the shortest path between two nodes of one component, if it is at most `most`;
// else 0. search->via tells the path.
static uint32_t shortest_path(struct search *search, uint32_t from, uint32_t to, uint32_t most) {
    size_t head = 0, tail = 0;
    search->round++;
    search->seen[from] = search->round;
    search->distance[from] = 0;
    search->queue[tail++] = from;
    while (head < tail) {
        uint32_t node = search->queue[head++];
        if (search->distance[node] == most) return 0;
        for (uint32_t i = search->first[node]; i < search->first[node + 1]; i++) {
            uint32_t next = search->graph->edges[search->out[i]].to;
            search->steps++;
            if (search->seen[next] == search->round) continue;
            if (search->component[next] != search->component[from]) continue;
            search->seen[next] = search->round;
            search->via[next] = search->out[i];
            search->distance[next] = search->distance[node] + 1;
            if (next == to) return search->distance[next];
            search->queue[tail++] = next;
        }
    }
    return 0;
}

// Keeps the cycle of this edge and a path of `len` edges from its end to its start.
static void keep(struct search *search, struct gv_cycles_cycle *cycle, uint32_t edge,
                 uint32_t len) {
    const struct gv_cycles_edge *edges = search->graph->edges;
    free(cycle->edges);
    cycle->len = (size_t)len + 1;
    GV_MEMORY_ARRAY(cycle->edges, cycle->len);
    cycle->edges[0] = edges[edge];
    uint32_t at = edges[edge].from;
    for (uint32_t i = len; i > 0; i--) {
        cycle->edges[i] = edges[search->via[at]];
        at = edges[search->via[at]].from;
    }
    GV_ASSERT(at == edges[edge].to);
}

static int by_len(const void *a, const void *b) {
    const struct gv_cycles_cycle *left = a, *right = b;
    if (left->len != right->len) return left->len < right->len ? -1 : 1;
    uint32_t from = left->edges[0].from, other = right->edges[0].from;
    return (from > other) - (from < other);
}

// Marks the components that have a cycle, and moves the cycles to a list.
static struct gv_cycles_list collect(struct gv_cycles *graph, const struct search *search,
                                     struct gv_cycles_cycle *best) {
    struct gv_cycles_list list = {0};
    for (uint32_t node = 0; node < graph->nodes; node++) {
        if (best[search->component[node]].len > 0) graph->done[node] = true;
    }
    for (uint32_t i = 0; i < search->components; i++) {
        if (best[i].len == 0) continue;
        GV_MEMORY_GROW(list.cycles, &list.cap, list.len + 1);
        list.cycles[list.len++] = best[i];
    }
    if (list.len > 1) qsort(list.cycles, list.len, sizeof *list.cycles, by_len);
    return list;
}

struct gv_cycles_list gv_cycles_find(struct gv_cycles *graph, uint32_t kinds, uint32_t required) {
    GV_ASSERT(required != 0 && (required & ~kinds) == 0);
    struct search search;
    struct gv_cycles_cycle *best;
    bool *skipped; // by component
    search_init(&search, graph, kinds);
    find_components(&search);
    GV_MEMORY_ARRAY(best, (size_t)search.components + 1);
    GV_MEMORY_ARRAY(skipped, (size_t)search.components + 1);
    for (uint32_t node = 0; node < graph->nodes; node++) {
        if (graph->done[node]) skipped[search.component[node]] = true;
    }
    for (size_t i = 0; i < graph->len; i++) {
        const struct gv_cycles_edge *edge = &graph->edges[i];
        uint32_t component = search.component[edge->from];
        if ((edge->kind & required) == 0 || component != search.component[edge->to]) continue;
        struct gv_cycles_cycle *cycle = &best[component];
        // A component's first search succeeds, since its nodes reach each other.
        if (skipped[component] || cycle->len == 2) continue;
        if (cycle->len > 0 && search.steps > GV_CYCLES_STEPS) continue;
        uint32_t most = cycle->len > 0 ? (uint32_t)cycle->len - 2 : NONE;
        uint32_t len = shortest_path(&search, edge->to, edge->from, most);
        if (len > 0) keep(&search, cycle, (uint32_t)i, len);
    }
    struct gv_cycles_list list = collect(graph, &search, best);
    free(best);
    free(skipped);
    search_fini(&search);
    return list;
}
