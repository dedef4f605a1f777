// SPDX-License-Identifier: MIT
// Fuzzes two honest engines through a Byzantine peer. The honest engines have hundreds of entries,
// some of which differ, and updates and syncs in progress. The input is a script of what the peer
// sends: well-formed messages with odd numbers, acknowledgements of ids that were never sent,
// summaries of all kinds, echoes, and messages with changed bytes. The engines must not crash.
// Their memory, and the size of their answers, must not exceed a multiple of the bytes received
// (for answers, plus the size of their replicas). They must still converge and keep all their
// entries.
#include "../../engine/core.h"
#include "../../sim/check/check_replicas.h"
#include "../lib/arena.h"
#include "../lib/byzantine.h"
#include "../lib/collide.h"
#include "../lib/tree_verify.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    HONEST = 2,
    ENTRIES = 400,
    LACKING = 8, // each engine lacks this many of these entries
    KINDS = 16,
    ARENA = 64 << 20,
    CAP = GV_ENGINE_MESSAGE_DEFAULT,
    PACKETS = 16, // maximum messages in flight between the honest engines; further ones are lost
    WRITES = 16,  // maximum number of local writes in an input
    OPERATIONS = 200, // maximum number of operations in an input
    TRIP_MS = 10,
    SETTLE_MS = 4000000, // time within which the honest engines must converge
    REPLIES = 50,        // maximum number of the Byzantine peer's replies during that time
    // Maximum memory that a received byte may cost. An entry of two bytes takes a record, a part of
    // a tree node, and a slot of the changelog, all of which grow by doubling.
    MEMORY_PER_BYTE = 400,
    MEMORY_SPARE = 4 << 20,   // constant part: chunks, and buffers for messages
    SUMMARY_PER_BYTE = 64,    // bytes of an answer: a range of 2 bytes takes at most 128
    SUMMARY_PER_ENTRY = 64,   // the same for each entry of the replica
    MESSAGES_PER_SUMMARY = 4, // messages of an answer that need not be full
};

struct packet {
    gv_time at;
    size_t len;
    int to;
    char bytes[CAP];
};

// Counts of the messages between the Byzantine peer and one engine.
struct traffic {
    uint64_t summaries, summary_bytes; // received by the engine, packed
    uint64_t received, received_bytes;
    uint64_t answered;              // entries in answers
    uint64_t answers, answer_bytes; // messages of syncs, and their packed summaries
};

struct node {
    struct gv_engine *engine;
    int byzantine, other; // numbers of its peers
    struct traffic traffic;
};

// The state of the two honest engines before each input. There is one such state for each kind of
// input, created when it is first used.
struct target {
    struct gv_arena arena;
    struct node nodes[HONEST];
    gv_time now;
    size_t bound;
};

static struct gv_json json;
static char line[CAP], sent[HONEST][CAP], scratch[CAP];
static size_t sent_len[HONEST];        // the last message to the Byzantine peer, for echoes
static struct packet packets[PACKETS]; // a ring
static unsigned packet_head, packet_count;
static int write_count;
static char written[WRITES][GV_COLLIDE_KEY_MAX];
static struct target *target;

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// ---- The honest engines -------------------------------------------------------------------------

static void put_number(struct gv_engine *engine, int number) {
    char key[32];
    snprintf(key, sizeof key, number % 5 != 0 ? "%d" : "\"k%d\"", number);
    struct gv_entry entry = {.lattice = (enum gv_lattice)(number % GV_LATTICES), .key = slice(key)};
    char element[64];
    snprintf(element, sizeof element, "[%s,%d]", number % 3 ? "\"log\"" : key, number);
    if (entry.lattice == GV_LATTICE_LOG) entry.key = slice(element);
    if (entry.lattice == GV_LATTICE_COUNTER) entry.count = 1 + (uint64_t)number;
    if (gv_entry_has(&entry, GV_ENTRY_VALUE))
        entry.value = slice(number / 4 % 2 ? "null" : "\"a longer text than most\"");
    if (entry.lattice == GV_LATTICE_REGISTER) {
        entry.lamport = (uint64_t)number;
        entry.node = slice("\"n1\"");
    }
    GV_ASSERT(gv_engine_put(engine, GV_MS, &entry) == 1);
}

static void count_event(void *ctx, const struct gv_engine_event *event) {
    struct node *node = ctx;
    if (event->kind == GV_ENGINE_SENT && event->sync && event->peer == node->byzantine)
        node->traffic.answered++;
}

// Three nodes, of which the Byzantine peer is the last or the first. The first node is the root of
// the tree.
static void make_node(struct target *it, int index, size_t kind) {
    static const char *const byzantine_last[] = {"n0", "n1", "n2"}, *const byzantine_first[] = {
                                                                        "n1", "n2", "n0"};
    const char *const *texts = kind & 2 ? byzantine_first : byzantine_last;
    const struct gv_slice names[] = {slice(texts[0]), slice(texts[1]), slice(texts[2])};
    struct node *node = &it->nodes[index];
    const struct gv_engine_config config = {
        .alloc = gv_arena_alloc(&it->arena),
        .seed = 1 + (uint64_t)index,
        .secret = slice("a secret"),
        .staleness_ms = kind & 4 ? 400 : 0,
        .message_max = it->bound,
        .on_event = count_event,
        .on_event_ctx = node,
    };
    GV_ASSERT(gv_engine_new(&node->engine, &config) == 0);
    const struct gv_engine_cut_config cut = {.incarnation = config.seed, .is_fresh = index == 1};
    if (kind & 8) GV_ASSERT(gv_engine_cut_enable(node->engine, &cut) == 0);
    for (int i = 0; i < ENTRIES; i++) {
        bool lacks = i % (ENTRIES / LACKING) == 7 + index;
        if (!lacks) put_number(node->engine, i);
    }
    GV_ASSERT(gv_engine_join(node->engine, GV_MS, names[index], names, 3) == 0);
    put_number(node->engine, ENTRIES + index); // updates
    node->byzantine = gv_engine_peer(node->engine, names[2]);
    node->other = gv_engine_peer(node->engine, names[1 - index]);
}

static void start(size_t kind) {
    static struct target targets[KINDS];
    if (json.alloc.resize == NULL) gv_json_init(&json, gv_base_malloc(), 0, 0);
    target = &targets[kind];
    if (target->bound == 0) {
        target->bound = kind & 1 ? GV_ENGINE_MESSAGE_MIN : GV_ENGINE_MESSAGE_DEFAULT;
        gv_arena_init(&target->arena, ARENA);
        for (int i = 0; i < HONEST; i++) make_node(target, i, kind);
        gv_arena_save(&target->arena);
    } else {
        gv_arena_restore(&target->arena);
    }
    target->now = GV_MS;
    packet_count = 0;
    write_count = 0;
    for (int i = 0; i < HONEST; i++) {
        target->nodes[i].traffic = (struct traffic){0};
        sent_len[i] = 0;
    }
}

// ---- Messages -----------------------------------------------------------------------------------

static void note_answer(struct node *node, const char *bytes, size_t len) {
    struct gv_message message;
    const char *fault;
    GV_ASSERT(gv_json_parse(&json, bytes, len) > 0);
    GV_ASSERT(gv_message_decode(&message, &json, 0, &fault) == 0);
    if (!message.sync) return;
    node->traffic.answers++;
    node->traffic.answer_bytes += GV_BASE64_BYTES(message.ranges.len);
}

static void transmit(int to, const char *bytes, size_t len) {
    if (packet_count == PACKETS) return;
    struct packet *packet = &packets[(packet_head + packet_count++) % PACKETS];
    packet->at = target->now + TRIP_MS * GV_MS;
    packet->len = len;
    packet->to = to;
    memcpy(packet->bytes, bytes, len);
}

static uint64_t sent_entries(const struct gv_engine *engine) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    return stats.sent_entries;
}

// Sends all pending messages of a node. Returns true if one of them went to the Byzantine peer.
static bool drain(int index) {
    struct node *node = &target->nodes[index];
    bool to_byzantine = false;
    int peer, status;
    uint64_t before = sent_entries(node->engine);
    while ((status = gv_engine_send(node->engine, target->now, scratch, sizeof scratch, &peer)) !=
           0) {
        GV_ASSERT(status > 0);
        size_t len = (size_t)status;
        // An entry from the Byzantine peer may be too long for message_max; it is sent alone.
        bool alone = sent_entries(node->engine) == before + 1 && len <= GV_MESSAGE_LIMIT;
        before = sent_entries(node->engine);
        GV_ASSERT((len <= target->bound || alone) &&
                  (peer == node->byzantine || peer == node->other));
        if (peer == node->other) {
            transmit(1 - index, scratch, len);
            continue;
        }
        to_byzantine = true;
        note_answer(node, scratch, len);
        memcpy(sent[index], scratch, len);
        sent_len[index] = len;
    }
    GV_ASSERT(gv_engine_ready(node->engine));
    GV_ASSERT(gv_engine_deadline(node->engine) > target->now);
    return to_byzantine;
}

static void receive(int index, int peer, const char *bytes, size_t len) {
    struct node *node = &target->nodes[index];
    struct gv_message message;
    const char *fault;
    if (gv_json_parse(&json, bytes, len) < 0) return;
    if (gv_message_decode(&message, &json, 0, &fault) < 0) return;
    if (!gv_engine_ready(node->engine)) {
        drain(index); // this overwrites the parsed message
        GV_ASSERT(gv_json_parse(&json, bytes, len) > 0);
        GV_ASSERT(gv_message_decode(&message, &json, 0, &fault) == 0);
    }
    uint64_t before = gv_engine_root(node->engine).count;
    int error = gv_engine_receive(node->engine, target->now, peer, &message);
    GV_ASSERT(error == 0 || error == GV_ETYPE || error == GV_ERANGE || error == GV_ESPACE ||
              error == GV_ESYNTAX || error == GV_EFULL);
    GV_ASSERT(peer == node->byzantine || error == 0);
    GV_ASSERT(gv_engine_root(node->engine).count >= before);
    if (peer != node->byzantine) return;
    node->traffic.received++;
    node->traffic.received_bytes += len;
    node->traffic.summaries += message.ranges.len > 0;
    node->traffic.summary_bytes += GV_BASE64_BYTES(message.ranges.len);
}

static void advance(gv_time to) {
    target->now = to;
    for (int i = 0; i < HONEST; i++) {
        if (gv_engine_deadline(target->nodes[i].engine) <= to)
            gv_engine_advance(target->nodes[i].engine, to);
    }
}

// Delivers the messages that are due.
static void deliver(void) {
    while (packet_count > 0 && packets[packet_head].at <= target->now) {
        struct packet *packet = &packets[packet_head];
        receive(packet->to, target->nodes[packet->to].other, packet->bytes, packet->len);
        packet_head = (packet_head + 1) % PACKETS;
        packet_count--;
        drain(packet->to);
    }
}

// The Byzantine peer echoes a message that it received to one of the honest engines.
static void echo(int index, int of) {
    size_t len = sent_len[of];
    memcpy(line, sent[of], len); // a copy, since receive() may change sent[]
    receive(index, target->nodes[index].byzantine, line, len);
}

// ---- An input -----------------------------------------------------------------------------------

// A local write of an honest engine. Every second write has the position of the write before it.
static void write_one(int index) {
    if (write_count == WRITES) return;
    struct gv_collide_pair pair;
    gv_collide_pair(&target->nodes[index].engine->replica.key, (uint64_t)write_count / 2, &pair);
    char *key = written[write_count];
    memcpy(key, pair.keys[write_count % 2], sizeof written[0]);
    write_count++;
    struct gv_entry entry = {.key = slice(key)};
    gv_engine_put(target->nodes[index].engine, target->now, &entry);
}

static void pass(uint8_t how) {
    gv_time time_ms = how < 240 ? how * 10u : UINT64_C(1) << (how - 240);
    advance(target->now + time_ms * GV_MS);
    deliver();
}

static void operate(struct gv_byzantine *byzantine, uint8_t how) {
    int index = how & 1;
    const struct node *node = &target->nodes[index];
    switch (how / 2 % 8) {
    case 0: { // a raw line of the input
        const uint8_t *newline = memchr(byzantine->data, '\n', byzantine->len);
        size_t len = newline != NULL ? (size_t)(newline - byzantine->data) : byzantine->len;
        struct gv_slice raw = gv_byzantine_bytes(byzantine, len);
        gv_byzantine_bytes(byzantine, 1);
        receive(index, node->byzantine, (const char *)raw.data, raw.len);
        break;
    }
    case 1:
        echo(index, gv_byzantine_byte(byzantine) & 1);
        break;
    case 2:
        write_one(index);
        break;
    case 3:
        pass(gv_byzantine_byte(byzantine));
        break;
    case 4: // messages in flight are lost
        packet_count = 0;
        break;
    default:
        receive(index, node->byzantine, line,
                gv_byzantine_message(byzantine, node->engine, node->byzantine, line, sizeof line));
    }
    if (how & 128) drain(index);
}

static void check_traffic(const struct node *node) {
    const struct traffic *traffic = &node->traffic;
    struct gv_engine_stats stats;
    gv_engine_stats(node->engine, &stats);
    GV_ASSERT(traffic->answered <= traffic->summaries * stats.entries);
    GV_ASSERT(traffic->answer_bytes <= SUMMARY_PER_BYTE * traffic->summary_bytes +
                                           SUMMARY_PER_ENTRY * traffic->summaries * stats.entries +
                                           GV_RBSR_ROOT_MAX * stats.opened_syncs);
    uint64_t full = (traffic->answer_bytes + traffic->answered * GV_MESSAGE_ENTRY_MAX) / 100;
    GV_ASSERT(traffic->answers <=
              stats.opened_syncs + MESSAGES_PER_SUMMARY * traffic->summaries + full);
}

static void check_bounds(void) {
    uint64_t received = 0;
    for (int i = 0; i < HONEST; i++) {
        check_traffic(&target->nodes[i]);
        received += target->nodes[i].traffic.received_bytes;
    }
    // One honest engine may forward the entries that it received to the other.
    uint64_t most = target->arena.saved_live + 2 * MEMORY_PER_BYTE * received + MEMORY_SPARE;
    GV_ASSERT(target->arena.live <= most);
}

// ---- Convergence --------------------------------------------------------------------------------

static bool agree(void) {
    enum gv_check_replicas equal =
        gv_check_replicas_compare(target->nodes[0].engine, target->nodes[1].engine);
    GV_ASSERT(gv_check_replicas_text(equal) == NULL);
    return equal == GV_CHECK_REPLICAS_EQUAL;
}

static gv_time next_time(gv_time reply_at) {
    gv_time next = reply_at;
    for (int i = 0; i < HONEST; i++) {
        gv_time deadline = gv_engine_deadline(target->nodes[i].engine);
        if (deadline < next) next = deadline;
    }
    if (packet_count > 0 && packets[packet_head].at < next) next = packets[packet_head].at;
    return next > target->now ? next : target->now;
}

// Runs until the two honest engines are equal, while the Byzantine peer echoes the messages of
// each.
static void settle(void) {
    gv_time end = target->now + SETTLE_MS * GV_MS, reply_at = GV_TIME_NEVER;
    for (int replies = 0; !agree();) {
        advance(next_time(reply_at));
        GV_ASSERT(target->now < end);
        deliver();
        for (int i = 0; i < HONEST; i++) {
            if (reply_at <= target->now && replies++ < REPLIES) echo(i, i);
        }
        if (reply_at <= target->now) reply_at = GV_TIME_NEVER;
        bool answered = false;
        for (int i = 0; i < HONEST; i++) answered |= drain(i);
        if (answered && replies < REPLIES) reply_at = target->now + 3 * TRIP_MS * GV_MS;
    }
    for (int i = 0; i < HONEST; i++)
        GV_ASSERT(gv_tree_verify(&target->nodes[i].engine->replica.tree) == 0);
    for (int i = 0; i < HONEST * write_count; i++) {
        struct gv_entry entry = {.key = slice(written[i / HONEST])}, found;
        GV_ASSERT(gv_engine_get(target->nodes[i % HONEST].engine, &entry, &found));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gv_byzantine byzantine = {data, size};
    uint8_t kind = gv_byzantine_byte(&byzantine);
    start(kind % KINDS);
    for (int i = 0; i < OPERATIONS && byzantine.len > 0; i++)
        operate(&byzantine, gv_byzantine_byte(&byzantine));
    for (int i = 0; i < HONEST; i++) drain(i);
    check_bounds();
    if (kind / KINDS % 8 == 0) settle(); // takes longer than the rest
    return 0;
}
