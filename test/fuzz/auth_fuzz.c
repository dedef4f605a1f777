// SPDX-License-Identifier: MIT
// Somebody without the secret, before a node that has it: he has recorded what its peers said to
// it, to each other and in former lives, what it said itself, and somebody with another secret.
// Whatever he makes of that, the node hears a message only if it means what the peer meant, for
// this node, and once. What is merely spelled otherwise it hears.
#include "../lib/arena.h"
#include "../lib/solo.h"

#include "../../engine/prng.h"
#include "../../node/security/auth.h"

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

// A line that was on the network. `fit`: it is authenticated for this node.
static struct record {
    char line[LINE], meaning[LINE]; // the former with a NUL
    size_t len;
    uint64_t number;
    int src;
    bool fit, taken;
} records[RECORDS_MAX];
static int record_count;
static uint64_t largest[NODES + 1]; // number taken, by sender

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// ---- What a message means -----------------------------------------------------------------------

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

// Writes what an engine would take from the body, or nothing if it would not.
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

// ---- The network --------------------------------------------------------------------------------

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

// One life of a node, in which it says everything to another.
static void live(struct gv_json *json, const char *secret, uint64_t date, int src, int dest,
                 bool fit) {
    struct gv_auth auth;
    uint8_t digest[GV_AUTH_KEY];
    int error = gv_auth_init(&auth, gv_base_malloc(), slice(secret), digest);
    if (error == 0) error = gv_auth_join(&auth, date, NODES);
    GV_ASSERT(error == 0);
    for (int i = 0; i < BODIES; i++) {
        bool announce = i == 1; // what it knows of the other's numbers
        auth.peers[dest - 1].largest = DATE / 2;
        auth.peers[dest - 1].announce = announce;
        record(json, &auth, src, dest, bodies[i], fit);
    }
    gv_auth_fini(&auth);
}

// No two say the same by the same number, lest one is taken for the other.
static void listen_in(struct gv_json *json, const char *secret) {
    live(json, secret, DATE - 1000 * GV_MS, 2, 1, true);
    live(json, secret, DATE, 2, 1, true);
    live(json, secret, DATE + 100, 3, 1, true);
    live(json, secret, DATE + 200, 2, 3, false);
    live(json, secret, DATE + 300, 1, 2, false);
    live(json, "a secret of another cluster", DATE + 400, 2, 1, false);
}

// The node as it is before each input.
static struct gv_solo *start(struct gv_json *json) {
    static const char secret[] = "a secret of this cluster";
    static struct gv_arena arena;
    static struct gv_solo solo;
    static gv_time began;
    if (solo.node == NULL) {
        listen_in(json, secret);
        gv_arena_init(&arena, ARENA);
        gv_solo_config(&solo, &gv_broadcast_workload);
        solo.config.alloc = gv_arena_alloc(&arena);
        solo.config.secret = slice(secret);
        solo.config.wall_offset = DATE;
        gv_solo_start(&solo);
        const char *answer = gv_solo_ask(&solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
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

static uint64_t heard(const struct gv_solo *solo) {
    struct gv_stats stats;
    gv_node_stats(solo->node, &stats);
    return stats.ack.in + stats.updates.in + stats.summary.in + stats.entries.in;
}

// The record that a line which was heard must be.
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

// `same`: this record spelled in some way; NULL: who knows.
static void deliver(struct gv_solo *solo, struct gv_json *json, const char *line, size_t len,
                    const struct record *same) {
    if (!gv_node_ready(solo->node)) gv_solo_send(solo);
    uint64_t before = heard(solo);
    gv_solo_receive(solo, line, len);
    bool took = heard(solo) > before;
    bool must = same != NULL && same->fit && !same->taken &&
                same->number + REPLAY_WINDOW >= largest[same->src];
    GV_ASSERT(took || !must);
    if (!took) return;
    struct record *it = origin(json, line, len);
    GV_ASSERT(it != NULL && !it->taken);
    it->taken = true;
    if (it->number > largest[it->src]) largest[it->src] = it->number;
}

// ---- What he does -------------------------------------------------------------------------------

// Spells a line otherwise: white space, escapes, a member that nobody knows.
static size_t respell(const struct record *it, uint64_t seed, char *out) {
    struct gv_prng prng;
    gv_prng_init(&prng, seed, 0);
    size_t len = 0;
    bool inside = false;
    for (size_t i = 0; i < it->len; i++) {
        char c = it->line[i];
        if (inside && c == '\\') { // an escape stays
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

struct hand {
    const uint8_t *data;
    size_t left;
};

static uint8_t next(struct hand *hand) {
    if (hand->left == 0) return 0;
    hand->left--;
    return *hand->data++;
}

static void act(struct gv_solo *solo, struct gv_json *json, struct hand *hand) {
    static char line[8 * LINE];
    uint8_t deed = next(hand);
    const struct record *it = &records[next(hand) % record_count], *same = NULL;
    size_t len = it->len, at = next(hand) | (size_t)(deed / 8) << 8;
    memcpy(line, it->line, len);
    switch (deed % 8) {
    case 0:
        same = it;
        break;
    case 1:
        len = respell(it, at, line);
        same = it;
        break;
    case 2:
    case 3:
        line[at % len] = (char)(line[at % len] ^ next(hand));
        break;
    case 4: { // the rest is another's
        const struct record *other = &records[next(hand) % record_count];
        size_t from = (size_t)next(hand) * 4 % other->len;
        at %= len;
        memcpy(line + at, other->line + from, other->len - from);
        len = at + other->len - from;
        break;
    }
    case 5:
    case 6: { // some bytes are his own, put in or instead
        size_t own = next(hand) % 64, cut = deed % 8 == 5 ? 0 : next(hand) % 64;
        if (own > hand->left) own = hand->left;
        at %= len;
        if (cut > len - at) cut = len - at;
        memmove(line + at + own, line + at + cut, len - at - cut);
        memcpy(line + at, hand->data, own);
        hand->data += own;
        hand->left -= own;
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
    struct hand hand = {data, size};
    while (hand.left > 0) act(solo, &json, &hand);
    return 0;
}
