// SPDX-License-Identifier: MIT
#include "replica.h"

enum {
    UNIT = 16,
    CHUNK_UNITS = GV_REPLICA_CHUNK / UNIT,
    CHUNKS_MAX = (1 << 20) - 1, // keeps every reference below UINT32_MAX
    LATTICE_FREE = 255,         // marks a record that is not in use
    CHUNKS_FIRST = 16,          // initial number of chunk pointers; doubles
    TREE_ITEM_BYTES = 48,       // memory of the tree for an item, if nodes are half full
    FREE_LIST_END = 0,          // ends a free list, so record 0 is never put into one
};

// The header of every record. In a set's record the key follows. In any other record a struct
// versioned follows, then lamport and count, if the lattice has them, then key, value and node.
struct record {
    uint16_t units; // size of the record in units, at most CHUNK_UNITS
    uint8_t lattice;
    uint8_t node_len;
    uint32_t key_len;
};

struct versioned {
    uint64_t user_data;
    uint32_t value_len;
    uint32_t next; // next record in the free list, if the record is not in use
};

_Static_assert(sizeof(struct record) == 8 && sizeof(struct versioned) == 16, "no padding");
_Static_assert(CHUNK_UNITS <= UINT16_MAX, "units can hold the size of any record");
_Static_assert((int)GV_ENTRY_SIZE_MAX + 8 + 16 + 2 * 8 <= (int)GV_REPLICA_CHUNK,
               "a chunk can hold any record");
_Static_assert((int)GV_ENTRY_NODE_MAX <= UINT8_MAX, "node_len can hold the length of any node");

void gv_replica_init(struct gv_replica *replica, struct gv_alloc alloc, struct gv_slice seed) {
    GV_ASSERT(alloc.resize != NULL);
    *replica = (struct gv_replica){.alloc = alloc};
    gv_digest_key_init(&replica->key, seed);
    gv_tree_init(&replica->tree, alloc);
}

static void free_chunks(struct gv_replica *replica) {
    for (uint32_t i = 0; i < replica->chunk_count; i++)
        gv_alloc_free(replica->alloc, replica->chunks[i].data, replica->chunks[i].size);
    gv_alloc_free(replica->alloc, replica->chunks, replica->chunk_cap * sizeof *replica->chunks);
    replica->chunks = NULL;
    replica->chunk_count = replica->chunk_cap = replica->end = 0;
    replica->chunk_bytes = 0;
}

void gv_replica_fini(struct gv_replica *replica) {
    gv_tree_fini(&replica->tree);
    free_chunks(replica);
}

static struct record *record_at(struct gv_replica *replica, uint32_t ref) {
    GV_ASSERT(ref / CHUNK_UNITS < replica->chunk_count);
    return (struct record *)(void *)(replica->chunks[ref / CHUNK_UNITS].data +
                                     (size_t)(ref % CHUNK_UNITS) * UNIT);
}

static struct versioned *versioned_of(struct record *record) {
    GV_ASSERT(record->lattice != GV_LATTICE_SET);
    return (struct versioned *)(void *)(record + 1);
}

static const struct record *read_record(const struct gv_replica *replica, uint32_t ref) {
    GV_ASSERT(ref / CHUNK_UNITS < replica->chunk_count);
    return (const struct record *)(const void *)(replica->chunks[ref / CHUNK_UNITS].data +
                                                 (size_t)(ref % CHUNK_UNITS) * UNIT);
}

static const struct versioned *read_versioned(const struct record *record) {
    GV_ASSERT(record->lattice != GV_LATTICE_SET);
    return (const struct versioned *)(const void *)(record + 1);
}

// --- allocating records ------------------------------------------------------------------------

static bool add_chunk(struct gv_replica *replica) {
    if (replica->chunk_count == replica->chunk_cap) {
        uint32_t cap = replica->chunk_cap ? replica->chunk_cap * 2 : CHUNKS_FIRST;
        size_t size = sizeof *replica->chunks;
        struct gv_replica_chunk *chunks =
            gv_alloc_resize(replica->alloc, replica->chunks, replica->chunk_cap * size, cap * size);
        if (chunks == NULL) return false;
        replica->chunks = chunks;
        replica->chunk_cap = cap;
    }
    uint8_t *chunk = gv_alloc_new(replica->alloc, GV_REPLICA_CHUNK);
    if (chunk == NULL) return false;
    replica->chunks[replica->chunk_count++] = (struct gv_replica_chunk){chunk, GV_REPLICA_CHUNK};
    replica->chunk_bytes += GV_REPLICA_CHUNK;
    return true;
}

static unsigned log2_up(uint32_t value) {
    unsigned log = 0;
    while (UINT32_C(1) << log < value) log++;
    return log;
}

static unsigned log2_down(uint32_t value) {
    return log2_up(value / 2 + 1);
}

// Marks the rest of the last chunk as an unused record, and frees the rest except its header.
static void close_chunk(struct gv_replica *replica) {
    uint32_t left = (CHUNK_UNITS - replica->end % CHUNK_UNITS) % CHUNK_UNITS;
    if (left == 0) return;
    *record_at(replica, replica->end) =
        (struct record){.units = (uint16_t)left, .lattice = LATTICE_FREE};
    struct gv_replica_chunk *chunk = &replica->chunks[replica->end / CHUNK_UNITS];
    replica->end += left;
    size_t size = GV_REPLICA_CHUNK - (size_t)(left - 1) * UNIT;
    uint8_t *data =
        left > 1 ? gv_alloc_resize(replica->alloc, chunk->data, chunk->size, size) : NULL;
    if (data == NULL) return; // the chunk keeps its size
    replica->chunk_bytes -= chunk->size - size;
    *chunk = (struct gv_replica_chunk){data, size};
}

// Whether the last chunk has space for this many units.
static bool has_room(const struct gv_replica *replica, uint32_t units) {
    uint32_t used = replica->end % CHUNK_UNITS;
    bool open = replica->end < replica->chunk_count * (uint64_t)CHUNK_UNITS;
    return open && units <= CHUNK_UNITS - used;
}

static int allocate_fresh(struct gv_replica *replica, uint32_t units, uint32_t *ref) {
    GV_ASSERT(units > 0 && units <= CHUNK_UNITS);
    if (!has_room(replica, units)) {
        if (replica->chunk_count == CHUNKS_MAX) return GV_EFULL;
        if (!add_chunk(replica)) return GV_ENOMEM;
        close_chunk(replica);
    }
    *ref = replica->end;
    replica->end += units;
    record_at(replica, *ref)->units = (uint16_t)units;
    return 0;
}

// A register's record is a power of two units long, so that its value can grow in place and another
// register can reuse the record. Other records have the exact size.
static int allocate(struct gv_replica *replica, const struct gv_entry *entry, uint32_t units,
                    uint32_t *ref) {
    if (entry->lattice != GV_LATTICE_REGISTER) return allocate_fresh(replica, units, ref);
    unsigned class = log2_up(units);
    *ref = replica->free_lists[class];
    if (*ref == FREE_LIST_END) return allocate_fresh(replica, UINT32_C(1) << class, ref);
    struct record *record = record_at(replica, *ref);
    GV_ASSERT(record->units >= units);
    replica->free_lists[class] = ((struct versioned *)(void *)(record + 1))->next;
    return 0;
}

// Puts a record into a free list. Even for the last record `end` does not decrease, since an
// iteration may continue there.
static void free_record(struct gv_replica *replica, uint32_t ref) {
    struct record *record = record_at(replica, ref);
    GV_ASSERT(record->lattice != GV_LATTICE_SET && record->lattice != LATTICE_FREE);
    record->lattice = LATTICE_FREE;
    if (ref == FREE_LIST_END) return; // stays unused; there is only one such record
    unsigned class = log2_down(record->units);
    versioned_of(record)->next = replica->free_lists[class];
    replica->free_lists[class] = ref;
}

// Undoes the allocation of a record that is not in the tree yet.
static void rollback(struct gv_replica *replica, uint32_t ref) {
    GV_ASSERT(ref < replica->end);
    if (record_at(replica, ref)->lattice == GV_LATTICE_REGISTER && ref != FREE_LIST_END) {
        free_record(replica, ref); // the record may have come from a free list
    } else {
        replica->end = ref;
    }
}

// --- entries in records ----------------------------------------------------------------------

static size_t texts_offset(enum gv_lattice lattice) {
    unsigned fields = gv_entry_lattices[lattice].fields;
    if (lattice == GV_LATTICE_SET) return sizeof(struct record);
    return sizeof(struct record) + sizeof(struct versioned) +
           (fields & GV_ENTRY_LAMPORT ? sizeof(uint64_t) : 0) +
           (fields & GV_ENTRY_COUNT ? sizeof(uint64_t) : 0);
}

static uint32_t units_of(const struct gv_entry *entry) {
    size_t size =
        texts_offset(entry->lattice) + entry->key.len + entry->value.len + entry->node.len;
    return (uint32_t)((size + UNIT - 1) / UNIT);
}

// Whether the entry is too long for any record; gv_entry_check is stricter.
static bool is_too_long(const struct gv_entry *entry) {
    return entry->key.len == 0 || gv_entry_size(entry) > GV_REPLICA_TEXT_MAX ||
           entry->node.len > GV_ENTRY_NODE_MAX;
}

// The number of units of a new record for the entry.
static uint32_t allocated_units(const struct gv_entry *entry) {
    uint32_t units = units_of(entry);
    return entry->lattice == GV_LATTICE_REGISTER ? UINT32_C(1) << log2_up(units) : units;
}

uint64_t gv_replica_growth(const struct gv_replica *replica, const struct gv_entry *entry) {
    uint64_t growth = gv_tree_growth(&replica->tree);
    uint32_t units = allocated_units(entry);
    bool is_free = entry->lattice == GV_LATTICE_REGISTER &&
                   replica->free_lists[log2_up(units)] != FREE_LIST_END;
    if (is_free || has_room(replica, units)) return growth;
    if (replica->chunk_count == replica->chunk_cap)
        growth +=
            (replica->chunk_cap ? replica->chunk_cap : CHUNKS_FIRST) * sizeof *replica->chunks;
    return growth + GV_REPLICA_CHUNK;
}

uint64_t gv_replica_slack(const struct gv_replica *replica) {
    uint64_t table =
        (replica->chunk_cap > 0 ? replica->chunk_cap : CHUNKS_FIRST) * sizeof *replica->chunks;
    return GV_REPLICA_CHUNK + table + gv_tree_next_chunk(&replica->tree);
}

// The records in a chunk, together with the next record, which did not fit, are longer than a
// chunk. So n new chunks are allocated only for records of more than (n - 1) / 2 chunks in total.
uint64_t gv_replica_reservation(const struct gv_entry *entry) {
    return 2 * (uint64_t)allocated_units(entry) * UNIT + TREE_ITEM_BYTES;
}

bool gv_replica_fits(const struct gv_replica *replica, uint32_t ref, const struct gv_entry *entry) {
    return units_of(entry) <= read_record(replica, ref)->units;
}

static uint8_t *append(uint8_t *to, struct gv_slice text) {
    if (text.len > 0) memcpy(to, text.data, text.len);
    return to + text.len;
}

static void write_record(struct record *record, const struct gv_entry *entry, uint64_t user_data) {
    GV_ASSERT(units_of(entry) <= record->units);
    record->lattice = (uint8_t)entry->lattice;
    record->key_len = (uint32_t)entry->key.len;
    record->node_len = (uint8_t)entry->node.len;
    uint8_t *texts = append((uint8_t *)record + texts_offset(entry->lattice), entry->key);
    if (entry->lattice == GV_LATTICE_SET) return;
    struct versioned *versioned = versioned_of(record);
    *versioned =
        (struct versioned){.user_data = user_data, .value_len = (uint32_t)entry->value.len};
    uint64_t *number = (uint64_t *)(void *)(versioned + 1);
    if (gv_entry_has(entry, GV_ENTRY_LAMPORT)) *number++ = entry->lamport;
    if (gv_entry_has(entry, GV_ENTRY_COUNT)) *number++ = entry->count;
    append(append(texts, entry->value), entry->node);
}

struct gv_entry gv_replica_get(const struct gv_replica *replica, uint32_t ref) {
    const struct record *record = read_record(replica, ref);
    GV_ASSERT(record->lattice != LATTICE_FREE);
    struct gv_entry entry = {.lattice = (enum gv_lattice)record->lattice};
    const uint8_t *texts = (const uint8_t *)record + texts_offset(entry.lattice);
    entry.key = (struct gv_slice){texts, record->key_len};
    if (entry.lattice == GV_LATTICE_SET) return entry;
    const struct versioned *versioned = read_versioned(record);
    const uint64_t *number = (const uint64_t *)(const void *)(versioned + 1);
    if (gv_entry_has(&entry, GV_ENTRY_LAMPORT)) entry.lamport = *number++;
    if (gv_entry_has(&entry, GV_ENTRY_COUNT)) entry.count = *number++;
    texts += record->key_len;
    if (gv_entry_has(&entry, GV_ENTRY_VALUE))
        entry.value = (struct gv_slice){texts, versioned->value_len};
    if (gv_entry_has(&entry, GV_ENTRY_NODE))
        entry.node = (struct gv_slice){texts + versioned->value_len, record->node_len};
    return entry;
}

uint64_t *gv_replica_user_data(struct gv_replica *replica, uint32_t ref) {
    struct record *record = record_at(replica, ref);
    return record->lattice == GV_LATTICE_SET ? NULL : &versioned_of(record)->user_data;
}

// --- finding and merging ---------------------------------------------------------------------

// Moves the cursor to the entry, among the entries at this position. Returns false if it is not
// there.
static bool seek(const struct gv_replica *replica, const struct gv_entry *key, uint64_t position,
                 struct gv_tree_cursor *at) {
    bool found = gv_tree_seek(&replica->tree, position, at);
    for (; found; found = gv_tree_next(at)) {
        struct gv_item item = gv_tree_get(at);
        if (item.position != position) return false;
        struct gv_entry entry = gv_replica_get(replica, item.ref);
        if (gv_lattice_same(&entry, key)) return true;
    }
    return false;
}

bool gv_replica_find(const struct gv_replica *replica, const struct gv_entry *key, uint32_t *ref) {
    struct gv_tree_cursor at;
    if (!seek(replica, key, gv_lattice_position(&replica->key, key), &at)) return false;
    *ref = gv_tree_get(&at).ref;
    return true;
}

static int insert(struct gv_replica *replica, const struct gv_entry *entry, struct gv_item item,
                  uint32_t *ref) {
    int error = allocate(replica, entry, units_of(entry), &item.ref);
    if (error) return error;
    write_record(record_at(replica, item.ref), entry, UINT64_MAX);
    error = gv_tree_insert(&replica->tree, item);
    if (error) {
        rollback(replica, item.ref);
        return error;
    }
    *ref = item.ref;
    return 1;
}

static int merge(struct gv_replica *replica, const struct gv_entry *entry, struct gv_item item,
                 const struct gv_tree_cursor *at, uint32_t *ref) {
    uint32_t old = gv_tree_get(at).ref;
    struct gv_entry stored = gv_replica_get(replica, old);
    if (!gv_lattice_exceeds(entry, &stored)) return 0;
    uint64_t user_data = *gv_replica_user_data(replica, old);
    item.ref = old;
    if (units_of(entry) > record_at(replica, old)->units) {
        int error = allocate(replica, entry, units_of(entry), &item.ref);
        if (error) return error;
    }
    write_record(record_at(replica, item.ref), entry, user_data);
    gv_tree_update(&replica->tree, at, item.hash, item.ref);
    if (item.ref != old) free_record(replica, old);
    *ref = item.ref;
    return 1;
}

int gv_replica_put(struct gv_replica *replica, const struct gv_entry *entry, uint32_t *ref) {
    GV_ASSERT(ref != NULL);
    if (is_too_long(entry)) return GV_ESPACE;
    struct gv_item item = gv_lattice_item(&replica->key, entry);
    struct gv_tree_cursor at;
    if (seek(replica, entry, item.position, &at)) return merge(replica, entry, item, &at, ref);
    return insert(replica, entry, item, ref);
}

// --- loading ---------------------------------------------------------------------------------

int gv_replica_load(struct gv_replica *replica, struct gv_replica_load *load,
                    const struct gv_entry *entry) {
    GV_ASSERT(gv_tree_root(&replica->tree).count == 0);
    if (is_too_long(entry)) return GV_ESPACE;
    if (load->count == load->cap) {
        size_t cap = load->cap ? load->cap * 2 : 1024;
        struct gv_item *items = gv_alloc_resize(replica->alloc, load->items,
                                                load->cap * sizeof *items, cap * sizeof *items);
        if (items == NULL) return GV_ENOMEM;
        load->items = items;
        load->cap = cap;
    }
    struct gv_item item = gv_lattice_item(&replica->key, entry);
    int error = allocate(replica, entry, units_of(entry), &item.ref);
    if (error) return error;
    write_record(record_at(replica, item.ref), entry, UINT64_MAX);
    if (load->count > 0 && item.position < load->items[load->count - 1].position)
        load->unsorted = true;
    load->items[load->count++] = item;
    return 0;
}

static void sift(struct gv_item *items, size_t at, size_t count) {
    struct gv_item item = items[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && items[child + 1].position > items[child].position) child++;
        if (items[child].position <= item.position) break;
        items[at] = items[child];
    }
    items[at] = item;
}

// Heapsort by position: O(n log n) for any input, without extra memory.
static void sort(struct gv_item *items, size_t count) {
    for (size_t i = count / 2; i > 0; i--) sift(items, i - 1, count);
    for (size_t i = count; i > 1; i--) {
        struct gv_item last = items[i - 1];
        items[i - 1] = items[0];
        items[0] = last;
        sift(items, 0, i - 1);
    }
}

// Whether one of the first `count` items is another version of this item's entry. If so, keeps the
// larger version there and marks the record of the smaller version as unused.
static bool merge_duplicate(struct gv_replica *replica, struct gv_item *items, size_t count,
                            struct gv_item item) {
    struct gv_entry entry = gv_replica_get(replica, item.ref);
    for (size_t i = count; i > 0 && items[i - 1].position == item.position; i--) {
        struct gv_entry stored = gv_replica_get(replica, items[i - 1].ref);
        if (!gv_lattice_same(&entry, &stored)) continue;
        bool larger = gv_lattice_exceeds(&entry, &stored);
        record_at(replica, larger ? items[i - 1].ref : item.ref)->lattice = LATTICE_FREE;
        if (larger) items[i - 1] = item;
        return true;
    }
    return false;
}

int gv_replica_load_end(struct gv_replica *replica, struct gv_replica_load *load) {
    if (load->unsorted) sort(load->items, load->count);
    size_t kept = 0;
    for (size_t i = 0; i < load->count; i++) {
        if (!merge_duplicate(replica, load->items, kept, load->items[i]))
            load->items[kept++] = load->items[i];
    }
    int error = gv_tree_load(&replica->tree, load->items, kept);
    GV_ASSERT(error == 0 || error == GV_ENOMEM);
    gv_alloc_free(replica->alloc, load->items, load->cap * sizeof *load->items);
    *load = (struct gv_replica_load){0};
    if (error != 0) free_chunks(replica);
    return error;
}

bool gv_replica_walk(const struct gv_replica *replica, uint32_t *ref, uint32_t end,
                     uint32_t *next) {
    if (end > replica->end) end = replica->end;
    for (uint32_t at = *ref; at < end;) {
        const struct record *record = read_record(replica, at);
        GV_ASSERT(record->units > 0);
        *next = at + record->units;
        if (record->lattice != LATTICE_FREE) {
            *ref = at;
            return true;
        }
        at = *next;
    }
    return false;
}

uint64_t gv_replica_memory(const struct gv_replica *replica) {
    return replica->chunk_bytes + replica->chunk_cap * sizeof *replica->chunks +
           gv_tree_memory(&replica->tree);
}
