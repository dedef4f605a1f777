// SPDX-License-Identifier: MIT
#include "check_set.h"

#include "../core/memory.h"

#include <stdio.h>

void gv_check_set_init(struct gv_check_set *set, uint32_t nodes) {
    *set = (struct gv_check_set){.nodes = nodes};
    GV_MEMORY_ARRAY(set->finals, nodes);
    GV_MEMORY_ARRAY(set->finals_len, nodes);
}

void gv_check_set_fini(struct gv_check_set *set) {
    for (uint32_t node = 0; node < set->nodes; node++) free(set->finals[node]);
    for (size_t i = 0; i < set->phantoms_kept; i++) free(set->phantoms[i]);
    free(set->finals);
    free(set->finals_len);
    free(set->elements);
    free(set->marks);
}

void gv_check_set_invoke(struct gv_check_set *set, int64_t value) {
    GV_ASSERT(value >= 0 && (uint64_t)value == set->len);
    GV_MEMORY_GROW(set->elements, &set->cap, set->len + 1);
    set->len++;
}

static struct gv_check_set_element *element_of(struct gv_check_set *set,
                                               const struct gv_history_op *op) {
    GV_ASSERT(op->value >= 0 && (uint64_t)op->value < set->len);
    return &set->elements[op->value];
}

static void set_known(struct gv_check_set *set, struct gv_check_set_element *e,
                      const struct gv_history_op *op) {
    if (e->known > 0) return;
    e->known = op->completed + 1;
    e->known_at = op->completed_at;
    e->witness = op->node;
    set->known++;
}

void gv_check_set_ok(struct gv_check_set *set, const struct gv_history_op *op) {
    GV_ASSERT(op->outcome == GV_HISTORY_OK);
    struct gv_check_set_element *e = element_of(set, op);
    set_known(set, e, op);
    e->witness = op->node;
    e->acked = true;
}

// The text of a value, for an error.
static const char *label(const struct gv_check_set *set, const struct gv_check_set_element *e,
                         char buf[GV_KEYS_LABEL_MAX]) {
    return gv_keys_label(set->keys, e - set->elements, buf);
}

static void phantom_element(struct gv_check_set *set, struct gv_check_set_element *e, uint32_t node,
                            struct gv_verdict_errors *errors) {
    if (e->phantom) return;
    e->phantom = true;
    set->phantom++;
    char value[GV_KEYS_LABEL_MAX];
    gv_verdict_add(errors, GV_VERDICT_PHANTOM,
                   "n%u returned value %s, which n%u definitely failed to add", node,
                   label(set, e, value), e->refuser);
}

void gv_check_set_refused(struct gv_check_set *set, const struct gv_history_op *op,
                          struct gv_verdict_errors *errors) {
    struct gv_check_set_element *e = element_of(set, op);
    e->refused = true;
    e->refuser = op->node;
    if (e->present > 0) phantom_element(set, e, e->witness, errors);
}

static void phantom_token(struct gv_check_set *set, uint32_t node, struct gv_json *json, int token,
                          struct gv_verdict_errors *errors) {
    struct gv_slice raw = gv_json_raw(json, token);
    for (size_t i = 0; i < set->phantoms_kept; i++) {
        if (gv_slice_equal(gv_slice_text(set->phantoms[i]), raw)) return;
    }
    set->phantom++;
    if (set->phantoms_kept == GV_CHECK_SET_PHANTOMS_KEPT) return;
    set->phantoms[set->phantoms_kept++] = gv_memory_copy(raw.data, raw.len);
    gv_verdict_add(errors, GV_VERDICT_PHANTOM, "n%u returned %.*s, which was never added", node,
                   (int)(raw.len < 100 ? raw.len : 100), (const char *)raw.data);
}

// A fast path for an array of digits and commas only: counts the values without using tokens.
// False: the array has other characters, or a value that was never added; the marks are undefined.
static bool mark_plain(struct gv_check_set *set, struct gv_slice array) {
    GV_ASSERT(array.len >= 2);
    uint64_t value = 0;
    for (size_t i = 1; array.len > 2 && i < array.len; i++) {
        uint8_t c = array.data[i];
        if (c >= '0' && c <= '9') {
            value = value * 10 + c - '0';
            if (value >= set->len) return false;
            continue;
        }
        if (c != ',' && c != ']') return false;
        set->marks[value]++;
        value = 0;
    }
    return true;
}

// The number of the value at a token; -1: it was never added.
static int64_t number_of(const struct gv_check_set *set, struct gv_json *json, int token) {
    uint64_t value;
    if (set->keys == NULL || set->keys->kind == GV_KEYS_INTEGERS)
        return gv_json_u64(json, token, &value) == 0 && value < set->len ? (int64_t)value : -1;
    int64_t number = gv_keys_find(set->keys, gv_json_raw(json, token));
    if (number >= 0) return number;
    char text[GV_KEYS_TEXT_MAX]; // canonical, unlike the text of the token
    int len = gv_json_canonical(json, token, text, sizeof text);
    if (len < 0) return -1;
    return gv_keys_find(set->keys, gv_slice_of(text, (size_t)len));
}

// Counts in `marks` how often each value is in the array. `errors` may be NULL: none is added.
static void mark(struct gv_check_set *set, uint32_t node, struct gv_json *json, int array,
                 struct gv_verdict_errors *errors) {
    bool none = gv_json_type(json, array) == GV_JSON_NULL;
    GV_ASSERT(none || gv_json_type(json, array) == GV_JSON_ARRAY);
    GV_MEMORY_GROW(set->marks, &set->marks_cap, set->len + 1);
    memset(set->marks, 0, set->len * sizeof *set->marks);
    bool integers = set->keys == NULL || set->keys->kind == GV_KEYS_INTEGERS;
    if (none || (integers && mark_plain(set, gv_json_raw(json, array)))) return;
    memset(set->marks, 0, set->len * sizeof *set->marks);
    int token = array + 1;
    for (int left = gv_json_size(json, array); left > 0; left--) {
        int64_t number = number_of(set, json, token);
        if (number >= 0) {
            set->marks[number]++;
        } else if (errors != NULL) {
            phantom_token(set, node, json, token, errors);
        }
        token = gv_json_next(json, token);
    }
}

static void duplicate(struct gv_check_set *set, struct gv_check_set_element *e, uint32_t node,
                      uint32_t times, struct gv_verdict_errors *errors) {
    if (e->duplicated) return;
    e->duplicated = true;
    set->duplicated++;
    char value[GV_KEYS_LABEL_MAX];
    gv_verdict_add(errors, GV_VERDICT_DUPLICATE, "n%u returned value %s, %u times in one read",
                   node, label(set, e, value), times);
}

static void keep_final(struct gv_check_set *set, uint32_t node) {
    free(set->finals[node]);
    set->finals[node] = gv_memory_new(set->len + 1);
    set->finals_len[node] = set->len;
    for (size_t i = 0; i < set->len; i++) set->finals[node][i] = set->marks[i] > 0;
}

size_t gv_check_set_read(struct gv_check_set *set, const struct gv_history_op *op,
                         struct gv_json *json, int array, struct gv_verdict_errors *errors) {
    GV_ASSERT(op->outcome == GV_HISTORY_OK);
    mark(set, op->node, json, array, errors);
    size_t missing = 0;
    uint64_t invoked = op->invoked + 1;
    for (size_t i = 0; i < set->len; i++) {
        struct gv_check_set_element *e = &set->elements[i];
        if (set->marks[i] == 0) {
            missing += e->known > 0 && e->known < invoked && !e->may_be_lost;
            if (e->absent >= invoked) continue;
            e->absent = invoked;
            e->absent_at = op->invoked_at;
            e->misses = op->node;
            continue;
        }
        set_known(set, e, op);
        if (e->present < invoked) e->present = invoked;
        if (set->marks[i] > 1) duplicate(set, e, op->node, set->marks[i], errors);
        if (e->refused) phantom_element(set, e, op->node, errors);
    }
    if (op->final) keep_final(set, op->node);
    return missing;
}

size_t gv_check_set_missing(struct gv_check_set *set, uint64_t index, struct gv_json *json,
                            int array) {
    mark(set, 0, json, array, NULL);
    size_t missing = 0;
    for (size_t i = 0; i < set->len; i++) {
        const struct gv_check_set_element *e = &set->elements[i];
        missing += set->marks[i] == 0 && e->known > 0 && e->known <= index && !e->may_be_lost;
    }
    return missing;
}

static void list_value(struct gv_verdict_list *list, const struct gv_check_set *set,
                       size_t number) {
    char value[GV_KEYS_LABEL_MAX];
    gv_verdict_list(list, "", label(set, &set->elements[number], value));
}

static bool final_has(const struct gv_check_set *set, uint32_t node, size_t value) {
    return value < set->finals_len[node] && set->finals[node][value] != 0;
}

static bool finals_equal(const struct gv_check_set *set, struct gv_verdict_errors *errors) {
    uint8_t *shown = gv_memory_new(set->len + 1);
    size_t total = 0;
    for (size_t i = 0; i < set->len; i++) {
        for (uint32_t node = 0; node < set->nodes && !shown[i]; node++) {
            shown[i] = final_has(set, node, i);
        }
        total += shown[i];
    }
    bool equal = true;
    for (uint32_t node = 0; node < set->nodes; node++) {
        if (set->finals[node] == NULL) continue; // reported as another error
        struct gv_verdict_list missing = {.len = 0};
        for (size_t i = 0; i < set->len; i++) {
            if (shown[i] && !final_has(set, node, i)) list_value(&missing, set, i);
        }
        if (missing.count == 0) continue;
        equal = false;
        gv_verdict_add(errors, GV_VERDICT_FINAL_READS_DIFFER, "n%u is missing %zu of %zu values:%s",
                       node, missing.count, total, missing.text);
    }
    free(shown);
    return equal;
}

static bool is_lost(const struct gv_check_set_element *e) {
    return e->known > 0 && e->absent > e->present && e->absent > e->known;
}

static struct gv_verdict_list list_nodes(const uint8_t *nodes, uint32_t count, uint8_t mark) {
    struct gv_verdict_list list = {.len = 0};
    for (uint32_t node = 0; node < count; node++) {
        char name[16];
        snprintf(name, sizeof name, "n%u", node);
        if ((nodes[node] & mark) != 0) gv_verdict_list(&list, "", name);
    }
    return list;
}

// Adds an error that names the lost values, the nodes that acknowledged or returned them, and the
// nodes that miss them.
static void add_lost(const struct gv_check_set *set, const struct gv_verdict_list *lost,
                     struct gv_verdict_errors *errors) {
    enum { ACKED = 1, RETURNED = 2, MISSES = 4 };
    uint8_t *nodes = gv_memory_new(set->nodes);
    bool any_final = false;
    for (uint32_t node = 0; node < set->nodes; node++) any_final |= set->finals[node] != NULL;
    for (size_t i = 0; i < set->len; i++) {
        const struct gv_check_set_element *e = &set->elements[i];
        if (e->may_be_lost || !is_lost(e)) continue;
        nodes[e->witness] |= e->acked ? ACKED : RETURNED;
        if (!any_final) nodes[e->misses] |= MISSES;
        for (uint32_t node = 0; node < set->nodes; node++) {
            bool misses = set->finals[node] != NULL && !final_has(set, node, i);
            if (misses) nodes[node] |= MISSES;
        }
    }
    struct gv_verdict_list acked = list_nodes(nodes, set->nodes, ACKED),
                           returned = list_nodes(nodes, set->nodes, RETURNED),
                           misses = list_nodes(nodes, set->nodes, MISSES);
    gv_verdict_add(errors, GV_VERDICT_LOST,
                   "%zu known %s missing from the last reads:%s;%s%s%s%s; missing at%s",
                   lost->count, lost->count == 1 ? "value is" : "values are", lost->text,
                   acked.count > 0 ? " acknowledged by" : "", acked.text,
                   returned.count == 0 ? ""
                   : acked.count > 0   ? "; returned by"
                                       : " returned by",
                   returned.text, misses.text);
    free(nodes);
}

struct gv_check_set_result gv_check_set_finish(struct gv_check_set *set,
                                               struct gv_verdict_errors *errors) {
    struct gv_check_set_result result = {.equal = finals_equal(set, errors)};
    struct gv_verdict_list lost = {.len = 0};
    double *latencies = gv_memory_new((set->len + 1) * sizeof *latencies);
    size_t stable = 0;
    for (size_t i = 0; i < set->len; i++) {
        const struct gv_check_set_element *e = &set->elements[i];
        if (e->may_be_lost) {
            result.may_be_lost += e->known > 0;
            result.allowed_lost += is_lost(e);
            continue;
        }
        if (e->present > e->absent) {
            // The latency ends just after the last read that missed the value, in whole
            // milliseconds.
            bool late = e->absent > 0 && e->absent_at + 1 > e->known_at;
            gv_time latency_ms = late ? (e->absent_at + 1 - e->known_at) / GV_MS : 0;
            latencies[stable++] = (double)latency_ms;
        } else if (is_lost(e)) {
            list_value(&lost, set, i);
        }
    }
    result.lost = lost.count;
    result.stable_latency = gv_history_quantiles(latencies, stable);
    free(latencies);
    if (lost.count > 0) add_lost(set, &lost, errors);
    return result;
}
