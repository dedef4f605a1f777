// SPDX-License-Identifier: MIT
#include "registers.h"

// The first table has room for all keys of an element, so adding an element needs at most one
// growth.
enum { SLOTS_FIRST = 1 << 14, WRITE_MIN = 6 }; // `[1,2],`, the shortest write

#define SLOT_FREE UINT32_MAX

_Static_assert(SLOTS_FIRST / 4 * 3 >= (int)GV_ENTRY_SIZE_MAX / (int)WRITE_MIN,
               "a table that has doubled has room for all keys of an element");
_Static_assert((int)GV_ENTRY_SIZE_MAX <= (int)UINT16_MAX, "an offset fits");

// ---- Texts --------------------------------------------------------------------------------------

static size_t string_end(struct gv_slice text, size_t at) {
    for (at++; at < text.len && text.data[at] != '"'; at++) at += text.data[at] == '\\';
    return at + 1;
}

// The end of the value that begins at `at` in canonical text.
static size_t value_end(struct gv_slice text, size_t at) {
    unsigned depth = 0;
    while (at < text.len) {
        uint8_t c = text.data[at];
        if (c == '"') {
            at = string_end(text, at);
        } else if (c == '[' || c == '{') {
            depth++;
            at++;
            continue;
        } else if (c == ']' || c == '}') {
            if (depth == 0) return at;
            depth--;
            at++;
        } else if (c == ',' || c == ':') {
            if (depth == 0) return at;
            at++;
            continue;
        } else {
            while (at < text.len && memchr(",:]}", text.data[at], 4) == NULL) at++;
        }
        if (depth == 0) return at;
    }
    return text.len;
}

static bool is_at(struct gv_slice text, size_t at, char c) {
    return at < text.len && text.data[at] == (uint8_t)c;
}

// Moves *at, 0 before the first call, past the next [KEY,VALUE] of a canonical text
// [[KEY,VALUE],…]. Returns 1; 0 at the end; GV_ETYPE: the text has another form.
static int next_write(struct gv_slice text, size_t *at, struct gv_slice *key) {
    if (*at == 0 && !is_at(text, 0, '[')) return GV_ETYPE;
    bool first = *at == 0;
    if (is_at(text, first ? 1 : *at, ']')) return 0;
    if (!first && !is_at(text, *at, ',')) return GV_ETYPE;
    size_t open = *at + 1, start = open + 1;
    if (!is_at(text, open, '[')) return GV_ETYPE;
    size_t end = value_end(text, start);
    if (end == start || !is_at(text, end, ',')) return GV_ETYPE;
    size_t close = value_end(text, end + 1);
    if (!is_at(text, close, ']')) return GV_ETYPE;
    *key = (struct gv_slice){text.data + start, end - start};
    *at = close + 1;
    return 1;
}

// Reads writer and stamp of an element of a log. Returns false if the entry is not such an element.
static bool read_stamp(const struct gv_entry *entry, struct gv_slice *writer, uint64_t *stamp) {
    return entry->lattice == GV_LATTICE_LOG && gv_entry_log_key(entry->key, writer, stamp) == 0;
}

static bool is_transaction(const struct gv_entry *entry) {
    size_t at = 0;
    struct gv_slice key;
    int more;
    while ((more = next_write(entry->value, &at, &key)) == 1) {
    }
    return more == 0;
}

// Whether transaction `a` is after transaction `b`, in the order of (stamp, writer).
static bool is_after(const struct gv_entry *a, const struct gv_entry *b) {
    struct gv_slice writers[2] = {{0}};
    uint64_t stamps[2] = {0};
    bool known = read_stamp(a, &writers[0], &stamps[0]) && read_stamp(b, &writers[1], &stamps[1]);
    GV_ASSERT(known);
    if (stamps[0] != stamps[1]) return stamps[0] > stamps[1];
    size_t len = writers[0].len < writers[1].len ? writers[0].len : writers[1].len;
    int order = memcmp(writers[0].data, writers[1].data, len);
    return order != 0 ? order > 0 : writers[0].len > writers[1].len;
}

// ---- The table ----------------------------------------------------------------------------------

void gv_registers_init(struct gv_registers *registers, struct gv_alloc alloc, uint64_t seed) {
    GV_ASSERT(alloc.resize != NULL);
    *registers = (struct gv_registers){.alloc = alloc};
    gv_digest_key_init(&registers->key, (struct gv_slice){(const uint8_t *)&seed, sizeof seed});
}

void gv_registers_fini(struct gv_registers *registers) {
    gv_alloc_free(registers->alloc, registers->slots, registers->cap * sizeof *registers->slots);
    registers->slots = NULL;
    registers->cap = registers->count = registers->cursor = 0;
}

uint64_t gv_registers_memory(const struct gv_registers *registers) {
    return 3 * (uint64_t)registers->cap * sizeof *registers->slots;
}

static struct gv_entry entry_at(const struct gv_engine *engine, uint32_t at) {
    struct gv_entry entry = {.lattice = GV_LATTICES};
    uint32_t next;
    bool found = gv_engine_walk(engine, &at, at + 1, &next, &entry);
    GV_ASSERT(found);
    return entry;
}

// The slot of a key, or the free slot where it belongs. The table must have a free slot.
static uint32_t find(const struct gv_registers *registers, const struct gv_engine *engine,
                     struct gv_slice key, uint64_t hash, struct gv_entry *out) {
    uint32_t mask = registers->cap - 1, at = (uint32_t)hash & mask;
    uint16_t tag = (uint16_t)(hash >> 48);
    for (;; at = (at + 1) & mask) {
        const struct gv_registers_slot *slot = &registers->slots[at];
        if (slot->at == SLOT_FREE) return at;
        if (slot->tag != tag) continue;
        *out = entry_at(engine, slot->at);
        size_t left = out->value.len - slot->offset;
        const uint8_t *text = out->value.data + slot->offset;
        if (key.len < left && memcmp(text, key.data, key.len) == 0 && text[key.len] == ',')
            return at;
    }
}

static void clear(struct gv_registers_slot *slots, uint32_t cap) {
    for (uint32_t i = 0; i < cap; i++) slots[i] = (struct gv_registers_slot){.at = SLOT_FREE};
}

// Moves the slots to a new table of `cap` slots. GV_ENOMEM.
static int resize(struct gv_registers *registers, const struct gv_engine *engine, uint32_t cap) {
    struct gv_registers_slot *slots = gv_alloc_new(registers->alloc, cap * sizeof *slots);
    if (slots == NULL) return GV_ENOMEM;
    clear(slots, cap);
    for (uint32_t i = 0; i < registers->cap; i++) {
        struct gv_registers_slot slot = registers->slots[i];
        if (slot.at == SLOT_FREE) continue;
        struct gv_entry entry = entry_at(engine, slot.at);
        size_t end = value_end(entry.value, slot.offset);
        struct gv_slice key = {entry.value.data + slot.offset, end - slot.offset};
        uint32_t at = (uint32_t)gv_registers_hash(registers, key) & (cap - 1);
        while (slots[at].at != SLOT_FREE) at = (at + 1) & (cap - 1);
        slots[at] = slot;
    }
    gv_alloc_free(registers->alloc, registers->slots, registers->cap * sizeof *slots);
    registers->slots = slots;
    registers->cap = cap;
    return 0;
}

int gv_registers_reserve(struct gv_registers *registers, const struct gv_engine *engine,
                         size_t keys) {
    uint64_t cap = registers->cap > 0 ? registers->cap : SLOTS_FIRST;
    while (registers->count + (uint64_t)keys > cap / 4 * 3) cap *= 2;
    if (cap == registers->cap) return 0;
    if (cap > (uint64_t)1 << 31) return GV_ENOMEM;
    return resize(registers, engine, (uint32_t)cap);
}

// Adds the writes of the transaction at this cursor. GV_ENOMEM: only some of them are added.
static int add(struct gv_registers *registers, const struct gv_engine *engine, uint32_t cursor,
               const struct gv_entry *entry) {
    size_t at = 0;
    struct gv_slice key;
    while (next_write(entry->value, &at, &key) == 1) {
        int error = gv_registers_reserve(registers, engine, 1);
        if (error != 0) return error;
        uint64_t hash = gv_registers_hash(registers, key);
        struct gv_entry winner;
        struct gv_registers_slot *slot =
            &registers->slots[find(registers, engine, key, hash, &winner)];
        if (slot->at == SLOT_FREE) {
            registers->count++;
        } else if (!is_after(entry, &winner)) {
            continue;
        }
        *slot = (struct gv_registers_slot){.at = cursor,
                                           .offset = (uint16_t)(key.data - entry->value.data),
                                           .tag = (uint16_t)(hash >> 48)};
    }
    return 0;
}

int gv_registers_update(struct gv_registers *registers, const struct gv_engine *engine) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    if (stats.replaced_elements != registers->replaced) {
        clear(registers->slots, registers->cap);
        registers->count = registers->cursor = 0;
        registers->replaced = stats.replaced_elements;
    }
    uint32_t at = registers->cursor, end = gv_engine_end(engine), next;
    struct gv_entry entry;
    for (; gv_engine_walk(engine, &at, end, &next, &entry); at = next) {
        struct gv_slice writer;
        uint64_t stamp;
        registers->cursor = at;
        if (read_stamp(&entry, &writer, &stamp)) {
            if (stamp > registers->stamp) registers->stamp = stamp;
            int error = is_transaction(&entry) ? add(registers, engine, at, &entry) : 0;
            if (error != 0) return error;
        }
    }
    registers->cursor = end;
    return 0;
}

bool gv_registers_get(const struct gv_registers *registers, const struct gv_engine *engine,
                      struct gv_slice key, struct gv_slice *value) {
    if (registers->count == 0) return false;
    struct gv_entry entry;
    uint32_t at = find(registers, engine, key, gv_registers_hash(registers, key), &entry);
    const struct gv_registers_slot *slot = &registers->slots[at];
    if (slot->at == SLOT_FREE) return false;
    size_t start = slot->offset + key.len + 1;
    *value = (struct gv_slice){entry.value.data + start, value_end(entry.value, start) - start};
    return true;
}
