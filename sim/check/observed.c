// SPDX-License-Identifier: MIT
#include "observed.h"

#include "../core/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { WORD = 64 }; // values in a word

void gv_observed_fini(struct gv_observed *observed) {
    free(observed->words);
    *observed = (struct gv_observed){0};
}

// The array ends with a bracket after each item; the next item replaces the bracket.
// value: the second element of a pair; NULL: the item is the key alone.
static void add_item(struct gv_memory_bytes *changes, struct gv_slice key,
                     const struct gv_slice *value) {
    if (changes == NULL) return;
    if (changes->len > 0) changes->data[changes->len - 1] = ',';
    if (changes->len == 0) gv_memory_append(changes, "[", 1);
    if (value != NULL) gv_memory_append(changes, "[", 1);
    gv_memory_append(changes, key.data, key.len);
    if (value != NULL) {
        gv_memory_append(changes, ",", 1);
        gv_memory_append(changes, value->data, value->len);
        gv_memory_append(changes, "]", 1);
    }
    gv_memory_append(changes, "]", 1);
}

static void reach(struct gv_observed *observed, size_t at) {
    GV_MEMORY_GROW(observed->words, &observed->cap, at + 1);
}

// Entries are in the order of their arrival.
void gv_observed_scan_values(struct gv_observed *observed, const struct gv_engine *engine,
                             const struct gv_keys *keys, struct gv_memory_bytes *changes) {
    uint32_t end = gv_engine_end(engine);
    struct gv_entry entry;
    while (observed->cursor < end && gv_engine_next(engine, &observed->cursor, end, &entry)) {
        add_item(changes, entry.key, NULL);
        int64_t number = gv_keys_find(keys, entry.key);
        if (number < 0) continue; // never added: check_set reports it
        reach(observed, (size_t)number / WORD);
        observed->words[number / WORD] |= UINT64_C(1) << number % WORD;
    }
}

// Counters change in place, so all are scanned.
void gv_observed_scan_counts(struct gv_observed *observed, const struct gv_engine *engine,
                             struct gv_memory_bytes *changes) {
    uint32_t cursor = 0, end = gv_engine_end(engine);
    struct gv_entry entry;
    while (gv_engine_next(engine, &cursor, end, &entry)) {
        size_t at = cursor - 1;
        reach(observed, at);
        if (observed->words[at] == entry.count) continue;
        observed->words[at] = entry.count;
        char count[32];
        int len = snprintf(count, sizeof count, "%" PRIu64, entry.count);
        struct gv_slice text = gv_slice_of(count, (size_t)len);
        add_item(changes, entry.key, &text);
    }
}

void gv_observed_scan_logs(struct gv_observed *observed, const struct gv_engine *engine,
                           struct gv_memory_bytes *changes) {
    uint32_t end = gv_engine_end(engine);
    struct gv_entry entry;
    struct gv_slice name;
    uint64_t offset;
    while (observed->cursor < end && gv_engine_next(engine, &observed->cursor, end, &entry)) {
        if (entry.lattice != GV_LATTICE_LOG) continue;
        add_item(changes, entry.key, &entry.value);
        if (gv_entry_log_key(entry.key, &name, &offset) == 0 && offset >= observed->top)
            observed->top = offset + 1;
    }
}

bool gv_observed_has(const struct gv_observed *observed, uint64_t number) {
    return number / WORD < observed->cap &&
           (observed->words[number / WORD] >> number % WORD & 1) != 0;
}
