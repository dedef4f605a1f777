// SPDX-License-Identifier: MIT
// Random lines as messages from two peers to an engine with some entries. The engine sends only
// valid messages within the limit to its peers, and then becomes idle.
#include "../../engine/engine.h"
#include "../lib/arena.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ENTRIES = 50,
    SENDS_MAX = 10000,
    ENTRY_MAX = 64 << 10,
    CHECKED = 6,
    KINDS = 8,
    ARENA = 64 << 20
};

// The state of an engine before each input. There is one for each kind of input, created when it is
// first used.
struct target {
    struct gv_arena arena;
    struct gv_engine *engine;
    gv_time now;
    size_t bound;
    int sent; // messages sent for this input
};

static struct gv_json json;
static char buf[GV_ENGINE_MESSAGE_DEFAULT], scratch[ENTRY_MAX];

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

static void put_some(struct gv_engine *engine) {
    static const char *const values[] = {"null", "[1,2]", "\"a longer text than most\""};
    for (int i = 0; i < ENTRIES; i++) {
        char key[16];
        bool plain = i % 7 != 0 || i % GV_LATTICES == GV_LATTICE_PROMISE;
        snprintf(key, sizeof key, plain ? "%d" : "\"k%d\"", i);
        struct gv_entry entry = {.lattice = (enum gv_lattice)(i % GV_LATTICES), .key = slice(key)};
        if (entry.lattice == GV_LATTICE_PROMISE) entry.lamport = (uint64_t)i;
        char element[32];
        snprintf(element, sizeof element, "[%s,%d]", i % 3 ? "\"log\"" : key, i);
        if (entry.lattice == GV_LATTICE_LOG) entry.key = slice(element);
        if (entry.lattice == GV_LATTICE_COUNTER) entry.count = 1 + (uint64_t)i;
        if (gv_entry_has(&entry, GV_ENTRY_VALUE)) entry.value = slice(values[i / 4 % 3]);
        if (entry.lattice == GV_LATTICE_REGISTER) {
            entry.lamport = (uint64_t)i;
            entry.node = slice("\"n1\"");
        }
        GV_ASSERT(gv_engine_put(engine, GV_MS, &entry) == 1);
    }
}

static void make(struct target *target, size_t kind) {
    const struct gv_slice names[] = {slice("n0"), slice("n1"), slice("n2")};
    gv_arena_init(&target->arena, ARENA);
    target->bound = kind % 2 ? GV_ENGINE_MESSAGE_MIN : GV_ENGINE_MESSAGE_DEFAULT;
    const struct gv_engine_config config = {
        .alloc = gv_arena_alloc(&target->arena),
        .seed = 1,
        .secret = slice("a secret"),
        .staleness_ms = kind & 4 ? 400 : 0,
        .message_max = target->bound,
    };
    GV_ASSERT(gv_engine_new(&target->engine, &config) == 0);
    if (kind & 2) put_some(target->engine); // these entries reach peers by sync
    GV_ASSERT(gv_engine_join(target->engine, GV_MS, names[1], names, 3) == 0);
    if (!(kind & 2)) put_some(target->engine); // these entries reach peers as updates
    gv_arena_save(&target->arena);
}

static struct target *start(size_t size) {
    static struct target targets[KINDS];
    if (json.alloc.resize == NULL) gv_json_init(&json, gv_base_malloc(), 0, 0);
    size_t kind = size % 4 + (size % 3 ? 4 : 0);
    struct target *target = &targets[kind];
    if (target->engine == NULL) {
        make(target, kind);
    } else {
        gv_arena_restore(&target->arena);
    }
    target->now = GV_MS;
    target->sent = 0;
    return target;
}

// A sent message decodes completely.
static void check_sent(struct target *target, size_t len, int peer) {
    struct gv_message message;
    struct gv_message_cursor cursor;
    struct gv_entry entry;
    const char *fault;
    GV_ASSERT(peer == 0 || peer == 2);
    GV_ASSERT(gv_json_parse(&json, buf, len) > 0);
    GV_ASSERT(gv_message_is_type(&json, gv_json_member(&json, 0, "type")));
    GV_ASSERT(gv_message_decode(&message, &json, 0, &fault) == 0);
    gv_message_entries(&message, &cursor);
    int more, count = 0;
    for (; (more = gv_message_next(&cursor, &entry, scratch, ENTRY_MAX)) != 0; count++)
        GV_ASSERT(more == 1);
    // An entry longer than the limit is sent alone.
    GV_ASSERT(len <= (count == 1 ? GV_MESSAGE_LIMIT : target->bound));
}

static void drain(struct target *target) {
    int peer, sent = 0, len;
    while ((len = gv_engine_send(target->engine, target->now, buf, sizeof buf, &peer)) != 0) {
        GV_ASSERT(len > 0);
        if (target->sent++ < CHECKED)
            check_sent(target, (size_t)len, peer); // checking all would be slow
        GV_ASSERT(++sent < SENDS_MAX);
    }
    GV_ASSERT(gv_engine_ready(target->engine));
    GV_ASSERT(gv_engine_deadline(target->engine) > target->now);
}

static bool same(struct gv_slice a, struct gv_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

// The parser of the canonical text finds the same entries as the parser of the line.
static void check_canonical(struct gv_message *message, const char *line, size_t len) {
    static struct gv_json parser;
    static char text[1 << 20], again[ENTRY_MAX];
    struct gv_json canonical;
    struct gv_message other;
    struct gv_message_cursor cursors[2];
    struct gv_entry entries[2];
    const char *fault;
    if (parser.alloc.resize == NULL) gv_json_init(&parser, gv_base_malloc(), 0, 0);
    GV_ASSERT(gv_json_parse(&parser, line, len) > 0);
    int size = gv_message_canonical(&parser, 0, text, sizeof text, &canonical);
    if (size == GV_ESPACE && len > sizeof text) return;
    GV_ASSERT(size > 0 && (size_t)size <= gv_json_raw(message->json, 0).len);
    GV_ASSERT(gv_message_decode(&other, &canonical, 0, &fault) == 0);
    GV_ASSERT(other.sync == message->sync && other.id == message->id &&
              other.has_ack == message->has_ack && other.ack.mask == message->ack.mask);
    gv_message_entries(message, &cursors[0]);
    gv_message_entries(&other, &cursors[1]);
    for (int more = 1; more != 0;) {
        more = gv_message_next(&cursors[0], &entries[0], scratch, ENTRY_MAX);
        GV_ASSERT(gv_message_next(&cursors[1], &entries[1], again, ENTRY_MAX) == more);
        if (more < 1) continue;
        GV_ASSERT(entries[0].lattice == entries[1].lattice);
        GV_ASSERT(entries[0].count == entries[1].count);
        GV_ASSERT(entries[0].lamport == entries[1].lamport);
        GV_ASSERT(same(entries[0].key, entries[1].key));
        GV_ASSERT(same(entries[0].value, entries[1].value));
        GV_ASSERT(same(entries[0].node, entries[1].node));
    }
}

static void receive(struct target *target, const char *line, size_t len) {
    struct gv_message message;
    const char *fault;
    if (gv_json_parse(&json, line, len) < 0) return;
    if (gv_message_decode(&message, &json, 0, &fault) < 0) return;
    check_canonical(&message, line, len);
    struct gv_digest before = gv_engine_root(target->engine);
    gv_engine_receive(target->engine, target->now, len % 2 ? 0 : 2, &message);
    GV_ASSERT(gv_engine_root(target->engine).count >= before.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct target *target = start(size);
    const char *text = (const char *)data, *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((newline != NULL ? newline : end) - text);
        receive(target, text, len);
        // The length of a line selects how time passes and whether the transport accepts messages.
        target->now += len % 5 * 90 * GV_MS;
        if (gv_engine_deadline(target->engine) <= target->now)
            gv_engine_advance(target->engine, target->now);
        if (len % 3 != 1) drain(target);
        text += len + 1;
    }
    // Ends with a wait. For some inputs it lasts until both peers are suspected, and a little
    // longer.
    for (int i = size > 0 && data[size - 1] % 16 == 0 ? 20 : 1; i > 0; i--) {
        drain(target);
        target->now = gv_engine_deadline(target->engine);
    }
    return 0;
}
