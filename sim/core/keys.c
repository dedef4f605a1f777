// SPDX-License-Identifier: MIT
#include "keys.h"

#include "../../node/escape.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { STREAM = 9, LONG = 300, FIRST_SLOTS = 64 };

void gv_keys_init(struct gv_keys *keys, enum gv_keys_kind kind, uint64_t seed,
                  const struct gv_digest_key *digest_key) {
    *keys = (struct gv_keys){.kind = kind};
    gv_prng_init(&keys->prng, seed, STREAM);
    if (digest_key != NULL) keys->digest_key = *digest_key;
    if (digest_key == NULL) gv_digest_key_init(&keys->digest_key, (struct gv_slice){NULL, 0});
}

void gv_keys_fini(struct gv_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) free(keys->texts[i]);
    free(keys->texts);
    free(keys->table);
}

// ---- Lookup ----

// The index of the slot of a text, or of the free slot for it.
static size_t slot_of(const struct gv_keys *keys, struct gv_slice text) {
    size_t at = (size_t)gv_digest_hash(&keys->digest_key, text.data, text.len);
    for (;; at++) {
        size_t slot = at & (keys->slots - 1);
        if (keys->table[slot] == 0) return slot;
        if (gv_slice_equal(gv_slice_text(keys->texts[keys->table[slot] - 1]), text)) return slot;
    }
}

static void add(struct gv_keys *keys, const char *text) {
    if (2 * (keys->count + 1) > keys->slots) {
        keys->slots = keys->slots > 0 ? 2 * keys->slots : FIRST_SLOTS;
        free(keys->table);
        GV_MEMORY_ARRAY(keys->table, keys->slots);
        for (size_t i = 0; i < keys->count; i++)
            keys->table[slot_of(keys, gv_slice_text(keys->texts[i]))] = (uint32_t)(i + 1);
    }
    GV_MEMORY_GROW(keys->texts, &keys->cap, keys->count + 1);
    keys->texts[keys->count++] = gv_memory_copy(text, strlen(text));
    keys->table[slot_of(keys, gv_slice_text(text))] = (uint32_t)keys->count;
}

const char *gv_keys_label(const struct gv_keys *keys, int64_t number, char buf[GV_KEYS_LABEL_MAX]) {
    if (keys == NULL || keys->kind == GV_KEYS_INTEGERS) {
        snprintf(buf, GV_KEYS_LABEL_MAX, "%" PRId64, number);
        return buf;
    }
    GV_ASSERT(number >= 0 && (uint64_t)number < keys->count);
    static const char cut[] = "…";
    const char *text = keys->texts[number];
    size_t cap = GV_KEYS_LABEL_MAX - sizeof cut + 1, len = strlen(text);
    size_t written = gv_escape_copy(buf, cap, text, len);
    if (len >= cap) memcpy(buf + written, cut, sizeof cut);
    return buf;
}

int64_t gv_keys_number(struct gv_slice text) {
    int64_t number = 0;
    if (text.len == 0 || text.len > 18 || (text.len > 1 && text.data[0] == '0')) return -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return -1;
        number = number * 10 + text.data[i] - '0';
    }
    return number;
}

int64_t gv_keys_find(const struct gv_keys *keys, struct gv_slice text) {
    if (keys->kind == GV_KEYS_INTEGERS) return gv_keys_number(text);
    if (keys->slots == 0) return -1;
    return (int64_t)keys->table[slot_of(keys, text)] - 1;
}

// ---- Generation ----

// Writes the integer whose position equals the latest value's; it may be that value.
static bool write_collision(const struct gv_keys *keys, char buf[GV_KEYS_TEXT_MAX]) {
    if (keys->count == 0) return false;
    struct gv_entry entry = {.lattice = GV_LATTICE_SET,
                             .key = gv_slice_text(keys->texts[keys->count - 1])};
    uint64_t position = gv_lattice_item(&keys->digest_key, &entry).position;
    snprintf(buf, GV_KEYS_TEXT_MAX, "%" PRId64, (int64_t)(position ^ UINT64_C(1) << 63));
    return true;
}

static void write_long(uint64_t n, char buf[GV_KEYS_TEXT_MAX]) {
    memset(buf, 'x', LONG);
    int len = snprintf(buf + LONG, GV_KEYS_TEXT_MAX - LONG, " %" PRIu64 "\"", n);
    GV_ASSERT(len > 0 && LONG + len < GV_KEYS_TEXT_MAX);
    buf[0] = '"';
}

static void write_mixed(struct gv_keys *keys, char buf[GV_KEYS_TEXT_MAX]) {
    const size_t cap = GV_KEYS_TEXT_MAX;
    uint64_t n = keys->count, kind = gv_prng_below(&keys->prng, 16);
    switch (kind) {
    case 0:
    case 1:
        if (write_collision(keys, buf)) return;
        break;
    case 2: // each three times in turn
        snprintf(buf, cap, "%" PRId64, INT64_MAX - (int64_t)(n / 3));
        return;
    case 3:
        snprintf(buf, cap, "%" PRId64, INT64_MIN + (int64_t)n);
        return;
    case 4:
        snprintf(buf, cap, "%" PRIu64, (UINT64_C(1) << 63) + n);
        return;
    case 5:
        snprintf(buf, cap, "-1844674407370955161%06" PRIu64, n);
        return;
    case 6:
        snprintf(buf, cap, "%" PRIu64 ".0", n);
        return;
    case 7:
        snprintf(buf, cap, "%" PRIu64 "e%" PRIu64, n, n % 7);
        return;
    case 8:
        snprintf(buf, cap, "\"%" PRIu64 "\"", n); // differs from the number
        return;
    case 9:
        snprintf(buf, cap, "\"\xd1\x83\xd0\xb7\xd0\xb5\xd0\xbb\\n \xf0\x9f\x8d\x87 %" PRIu64 "\"",
                 n);
        return;
    case 10:
        write_long(n, buf);
        return;
    case 11:
        snprintf(buf, cap, "[%" PRIu64 ",[],{}]", n);
        return;
    case 12:
        snprintf(buf, cap, "{\"a\":%" PRIu64 ",\"b\":[true,null]}", n);
        return;
    case 13:
        snprintf(buf, cap, "-%" PRIu64, n + 1);
        return;
    default:
        break;
    }
    snprintf(buf, cap, "%" PRIu64, n);
}

const char *gv_keys_text(struct gv_keys *keys, int64_t number, char buf[GV_KEYS_TEXT_MAX]) {
    GV_ASSERT(number >= 0);
    if (keys->kind == GV_KEYS_INTEGERS) {
        snprintf(buf, GV_KEYS_TEXT_MAX, "%" PRId64, number);
        return buf;
    }
    GV_ASSERT((uint64_t)number <= keys->count);
    if ((uint64_t)number == keys->count) {
        do { // until it is new
            write_mixed(keys, buf);
        } while (gv_keys_find(keys, gv_slice_text(buf)) >= 0);
        add(keys, buf);
    }
    return keys->texts[number];
}
