// SPDX-License-Identifier: MIT
// An attacker without the secret sends lines to a node that has it. The attacker has recorded
// messages from the node's peers to the node, messages between its peers, messages of former
// incarnations, messages of the node itself, and messages of a cluster with another secret. The
// node must accept a message only once, only if it was sent to this node, and only with the meaning
// that its sender gave it. It also accepts a message whose JSON is only spelled differently.
#include "../lib/arena.h"
#include "../lib/solo.h"

#include "../../codec/auth.h"
#include "../../engine/prng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 16 << 20, LINE = 4096, RECORDS_MAX = 64, REPLAY_WINDOW = 64, NODES = 3 };
#define DATE (UINT64_C(1700000000) * 1000 * GV_MS)

static const char *const bodies[] = {
    "{\"type\":\"gossip\",\"v\":2,\"id\":7,\"entries\":[{\"set\":[17,\"x\",[1,-0.5e3,null]]}]}",
    "{\"type\":\"gossip\",\"v\":2,\"ack\":[7,3,1500]}",
    "{\"type\":\"gossip\",\"v\":2,\"id\":8,\"ask\":1,\"up\":1,\"next\":380}",
    "{\"type\":\"sync\",\"v\":2,\"id\":9,\"ranges\":\"AAAAAAAAAAA//////w\"}",
    ("{\"type\":\"sync\",\"v\":2,\"id\":10,\"entries\":[{\"counter\":[[\"n\\\"1\",5],[\"n2\",0]]},"
     "{\"register\":[[\"k\",{\"a\":1},9,\"n2\"]]}],\"ranges\":\"BwA\"}"),
};
enum { BODIES = sizeof bodies / sizeof *bodies };

// A recorded line. `fit`: its MAC is valid for this node. `taken`: the node has accepted the line.
static struct record {
    char line[LINE], meaning[LINE]; // the line; its decoded content, see print_meaning
    size_t len;
    uint64_t number;
    int src;
    bool fit, taken;
} records[RECORDS_MAX];
static int record_count;
static uint64_t largest[NODES + 1]; // largest sequence number accepted, by sender

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// ---- Content of a message -----------------------------------------------------------------------

static void print_entries(const struct gv_message *message, struct gv_writer *out) {
    static char scratch[LINE];
    struct gv_message_cursor cursor;
    gv_message_entries(message, &cursor);
    struct gv_entry entry;
    for (int more; (more = gv_message_next(&cursor, &entry, scratch, sizeof scratch)) != 0;) {
        gv_pack_put_text(out, more > 0 ? " entry" : " fault");
        if (more < 0) continue;
        const uint64_t numbers[] = {entry.lattice, entry.count, entry.lamport};
        const struct gv_slice texts[] = {entry.key, entry.value, entry.node};
        for (int i = 0; i < 3; i++) {
            gv_pack_put_decimal(out, numbers[i]);
            gv_pack_put_u8(out, ' ');
            gv_pack_put_bytes(out, texts[i].data, texts[i].len);
            gv_pack_put_u8(out, '\n');
        }
    }
}

// Writes the content that an engine decodes from the body; nothing if decoding fails.
static void print_meaning(struct gv_json *json, int body, char text[LINE]) {
    struct gv_writer out = {.data = (uint8_t *)text, .cap = LINE - 1};
    struct gv_message message;
    const char *fault;
    if (gv_message_decode(&message, json, body, &fault) == 0) {
        const uint64_t numbers[] = {
            message.sync,      message.has_id,           message.id,         message.immediate_ack,
            message.to_parent, message.next_flush_ms,    message.has_ack,    message.ack.largest,
            message.ack.mask,  message.ack.ack_delay_us, message.entries > 0};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            gv_pack_put_decimal(&out, numbers[i]);
            gv_pack_put_u8(&out, ' ');
        }
        print_entries(&message, &out);
        int ranges = gv_json_member(json, body, "ranges");
        char *end = text + out.len;
        int len = ranges >= 0 ? gv_json_unescape(json, ranges, end, out.cap - out.len) : 0;
        GV_ASSERT(len >= 0);
        out.len += (size_t)len;
    }
    GV_ASSERT(!out.full);
    text[out.len] = '\0';
}

// ---- Recording ----------------------------------------------------------------------------------

static void record(struct gv_json *json, struct gv_auth *auth, int src, int dest, const char *body,
                   bool fit) {
    GV_ASSERT(record_count < RECORDS_MAX);
    struct record *it = &records[record_count++];
    char from[8], to[8];
    snprintf(from, sizeof from, "n%d", src);
    snprintf(to, sizeof to, "n%d", dest);
    int head = snprintf(it->line, LINE, "{\"src\":\"%s\",\"dest\":\"%s\",\"body\":", from, to);
    GV_ASSERT(head > 0);
    size_t len = strlen(body);
    memcpy(it->line + head, body, len);
    struct gv_auth_endpoints endpoints = {dest - 1, slice(from), slice(to)};
    it->number = auth->peers[dest - 1].next;
    it->len = (size_t)head + gv_auth_append_mac(auth, endpoints, it->line + head, len);
    it->line[it->len++] = '}';
    it->src = src;
    it->fit = fit;
    int tokens = gv_json_parse(json, it->line, it->len);
    GV_ASSERT(tokens > 0);
    print_meaning(json, gv_json_member(json, 0, "body"), it->meaning);
}

// Records all messages of one incarnation of a node to another node.
static void record_incarnation(struct gv_json *json, const char *secret, uint64_t date, int src,
                               int dest, bool fit) {
    struct gv_auth auth;
    uint8_t digest[GV_AUTH_KEY];
    gv_auth_init(&auth, gv_base_malloc(), slice(secret), digest);
    int error = gv_auth_join(&auth, date, NODES);
    GV_ASSERT(error == 0);
    for (int i = 0; i < BODIES; i++) {
        bool announce = i == 1; // includes the largest number received from the other node
        auth.peers[dest - 1].largest = DATE / 2;
        auth.peers[dest - 1].announce = announce;
        record(json, &auth, src, dest, bodies[i], fit);
    }
    gv_auth_fini(&auth);
}

// Dates differ, so no two records with different meanings share a sequence number.
static void record_all(struct gv_json *json, const char *secret) {
    record_incarnation(json, secret, DATE - 1000 * GV_MS, 2, 1, true);
    record_incarnation(json, secret, DATE, 2, 1, true);
    record_incarnation(json, secret, DATE + 100, 3, 1, true);
    record_incarnation(json, secret, DATE + 200, 2, 3, false);
    record_incarnation(json, secret, DATE + 300, 1, 2, false);
    record_incarnation(json, "a secret of another cluster", DATE + 400, 2, 1, false);
}

// Returns the node in its initial state.
static struct gv_solo *start(struct gv_json *json) {
    static const char secret[] = "a secret of this cluster";
    static struct gv_arena arena;
    static struct gv_solo solo;
    static gv_time began;
    if (solo.node == NULL) {
        record_all(json, secret);
        gv_arena_init(&arena, ARENA);
        gv_solo_config(&solo, &gv_broadcast_workload);
        solo.config.alloc = gv_arena_alloc(&arena);
        solo.config.secret = slice(secret);
        solo.config.wall_offset = DATE;
        gv_solo_start(&solo);
        const char *answer = gv_solo_request(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
                                                    "\"n1\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
        GV_ASSERT(strstr(answer, "init_ok") != NULL);
        began = solo.now;
        gv_arena_save(&arena);
    } else {
        gv_arena_restore(&arena);
    }
    for (int i = 0; i < record_count; i++) records[i].taken = false;
    memset(largest, 0, sizeof largest);
    gv_solo_clear(&solo);
    solo.now = began;
    return &solo;
}

// ---- The node -----------------------------------------------------------------------------------

static uint64_t accepted(const struct gv_solo *solo) {
    struct gv_stats stats;
    gv_node_stats(solo->node, &stats);
    return stats.ack.in + stats.updates.in + stats.summary.in + stats.entries.in;
}

// Returns the record from which an accepted line was made.
static struct record *origin(struct gv_json *json, const char *line, size_t len) {
    int tokens = gv_json_parse(json, line, len);
    GV_ASSERT(tokens > 0);
    int body = gv_json_member(json, 0, "body"), src = gv_json_member(json, 0, "src");
    GV_ASSERT(gv_json_equals(json, gv_json_member(json, 0, "dest"), "n1"));
    char text[GV_AUTH_MAC_MAX], meaning[LINE];
    int authenticated =
        gv_json_unescape(json, gv_json_member(json, body, "seal"), text, sizeof text);
    GV_ASSERT(authenticated > 0);
    uint8_t bytes[GV_BASE64_BYTES(GV_AUTH_MAC_MAX)];
    int got = gv_pack_get_base64((struct gv_slice){(uint8_t *)text, (size_t)authenticated}, bytes,
                                 sizeof bytes);
    GV_ASSERT(got > 0);
    struct gv_reader in = {.data = bytes, .len = (size_t)got};
    uint64_t number = gv_pack_get_u64(&in);
    print_meaning(json, body, meaning);
    for (int i = 0; i < record_count; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", records[i].src);
        if (!records[i].fit || records[i].number != number || !gv_json_equals(json, src, name))
            continue;
        GV_ASSERT(strcmp(records[i].meaning, meaning) == 0);
        return &records[i];
    }
    return NULL;
}

// Delivers a line. `same` is the record with the same content in another spelling, or NULL if the
// content may differ from all records.
static void deliver(struct gv_solo *solo, struct gv_json *json, const char *line, size_t len,
                    const struct record *same) {
    if (!gv_node_ready(solo->node)) gv_solo_send(solo);
    uint64_t before = accepted(solo);
    gv_solo_receive(solo, line, len);
    bool took = accepted(solo) > before;
    bool must = same != NULL && same->fit && !same->taken &&
                same->number + REPLAY_WINDOW >= largest[same->src];
    GV_ASSERT(took || !must);
    if (!took) return;
    struct record *it = origin(json, line, len);
    GV_ASSERT(it != NULL && !it->taken);
    it->taken = true;
    if (it->number > largest[it->src]) largest[it->src] = it->number;
}

// ---- The attacker -------------------------------------------------------------------------------

// Changes the spelling of a line: white space, escapes, an unknown member.
static size_t respell(const struct record *it, uint64_t seed, char *out) {
    struct gv_prng prng;
    gv_prng_init(&prng, seed, 0);
    size_t len = 0;
    bool inside = false;
    for (size_t i = 0; i < it->len; i++) {
        char c = it->line[i];
        if (inside && c == '\\') { // copies an escape
            out[len++] = c;
            out[len++] = it->line[++i];
            continue;
        }
        if (c == '"') inside = !inside;
        bool odd = gv_prng_below(&prng, 8) == 0;
        if (odd && inside && c != '"') {
            len += (size_t)sprintf(out + len, c == '/' ? "\\/" : "\\u%04x", (unsigned)c);
            continue;
        }
        out[len++] = c;
        if (odd && !inside && strchr(",:[{", c) != NULL) out[len++] = ' ';
        if (odd && !inside && strncmp(it->line + i, "{\"type", 6) == 0)
            len += (size_t)sprintf(out + len, "\"seals\":[{}],");
    }
    return len;
}

struct input {
    const uint8_t *data;
    size_t left;
};

static uint8_t next(struct input *input) {
    if (input->left == 0) return 0;
    input->left--;
    return *input->data++;
}

static void act(struct gv_solo *solo, struct gv_json *json, struct input *input) {
    static char line[8 * LINE];
    uint8_t action = next(input);
    const struct record *it = &records[next(input) % record_count], *same = NULL;
    size_t len = it->len, at = next(input) | (size_t)(action / 8) << 8;
    memcpy(line, it->line, len);
    switch (action % 8) {
    case 0:
        same = it;
        break;
    case 1:
        len = respell(it, at, line);
        same = it;
        break;
    case 2:
    case 3:
        line[at % len] = (char)(line[at % len] ^ next(input));
        break;
    case 4: { // replace the rest by the end of another record
        const struct record *other = &records[next(input) % record_count];
        size_t from = (size_t)next(input) * 4 % other->len;
        at %= len;
        memcpy(line + at, other->line + from, other->len - from);
        len = at + other->len - from;
        break;
    }
    case 5:
    case 6: { // insert bytes of the input, or replace some by them
        size_t own = next(input) % 64, cut = action % 8 == 5 ? 0 : next(input) % 64;
        if (own > input->left) own = input->left;
        at %= len;
        if (cut > len - at) cut = len - at;
        memmove(line + at + own, line + at + cut, len - at - cut);
        memcpy(line + at, input->data, own);
        input->data += own;
        input->left -= own;
        len += own - cut;
        break;
    }
    default:
        solo->now += at * 40 * GV_MS;
        if (gv_node_deadline(solo->node) <= solo->now) gv_node_advance(solo->node, solo->now);
        gv_solo_clear(solo);
        gv_solo_send(solo);
        return;
    }
    deliver(solo, json, line, len, same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct gv_json json;
    if (json.alloc.resize == NULL) gv_json_init(&json, gv_base_malloc(), 0, 0);
    struct gv_solo *solo = start(&json);
    struct input input = {data, size};
    while (input.left > 0) act(solo, &json, &input);
    return 0;
}
