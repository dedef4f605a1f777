// SPDX-License-Identifier: MIT
#include "names.h"

static int compare(struct gv_slice a, struct gv_slice b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct gv_slice gv_names_get(const struct gv_names *names, uint32_t number) {
    GV_ASSERT(number < names->count);
    uint32_t from = number > 0 ? names->ends[number - 1] : 0;
    return (struct gv_slice){names->text + from, names->ends[number] - from};
}

int gv_names_find(const struct gv_names *names, struct gv_slice name) {
    uint32_t low = 0, left = names->count;
    while (left > 0) {
        uint32_t half = left / 2;
        int order = compare(gv_names_get(names, low + half), name);
        if (order == 0) return (int)(low + half);
        if (order < 0) low += half + 1;
        left = order < 0 ? left - half - 1 : half;
    }
    return GV_ENOENT;
}

// Merges two adjacent sorted runs of indices: [from, middle) and [middle, to).
static void merge_runs(const struct gv_slice *list, const uint32_t *runs, uint32_t *out,
                       size_t from, size_t middle, size_t to) {
    size_t left = from, right = middle;
    for (size_t at = from; at < to; at++) {
        bool first =
            right == to || (left < middle && compare(list[runs[left]], list[runs[right]]) <= 0);
        out[at] = first ? runs[left++] : runs[right++];
    }
}

// Sorts the indices of names by merging. `order` and `spare` have space for `count` indices each.
// Returns the one of these that holds the result.
static const uint32_t *sort(const struct gv_slice *list, uint32_t *order, uint32_t *spare,
                            size_t count) {
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t middle = from + run < count ? from + run : count;
            size_t to = middle + run < count ? middle + run : count;
            merge_runs(list, order, spare, from, middle, to);
        }
        uint32_t *sorted = spare;
        spare = order;
        order = sorted;
    }
    return order;
}

// Copies the names in the given order. GV_EINVAL: a name is repeated.
static int copy(struct gv_names *names, const struct gv_slice *list, const uint32_t *order) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        struct gv_slice name = list[order[i]];
        if (i > 0 && compare(list[order[i - 1]], name) == 0) return GV_EINVAL;
        memcpy(names->text + end, name.data, name.len);
        end += (uint32_t)name.len;
        names->ends[i] = end;
    }
    return 0;
}

int gv_names_init(struct gv_names *names, struct gv_alloc alloc, const struct gv_slice *list,
                  size_t count) {
    GV_ASSERT(count > 0 && count <= UINT32_MAX);
    *names = (struct gv_names){.count = (uint32_t)count};
    for (size_t i = 0; i < count; i++) names->bytes += list[i].len;
    names->ends = gv_alloc_new(alloc, count * sizeof *names->ends);
    names->text = gv_alloc_new(alloc, names->bytes);
    size_t size = 2 * count * sizeof(uint32_t);
    uint32_t *numbers = gv_alloc_new(alloc, size);
    int error = GV_ENOMEM;
    if (names->ends != NULL && names->text != NULL && numbers != NULL)
        error = copy(names, list, sort(list, numbers, numbers + count, count));
    gv_alloc_free(alloc, numbers, size);
    return error;
}

void gv_names_fini(struct gv_names *names, struct gv_alloc alloc) {
    gv_alloc_free(alloc, names->ends, names->count * sizeof *names->ends);
    gv_alloc_free(alloc, names->text, names->bytes);
    *names = (struct gv_names){0};
}
