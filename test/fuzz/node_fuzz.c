// SPDX-License-Identifier: MIT
// Random lines as input of a node with two peers, of gv-txn if the first byte is a t, else of
// gv-broadcast. Each line that the node sends must be valid JSON with the node's name as src.
// Messages between nodes must go to a peer, and replies to the sender of a line.
#include "../../node/line.h"
#include "../lib/arena.h"
#include "../lib/solo.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPEAKERS_MAX = 256, SPEAKER_LEN = 64, ARENA = 64 << 20 };

// The senders of the lines so far, as spelled. `any` is set if there were too many to record.
struct speakers {
    char names[SPEAKERS_MAX][SPEAKER_LEN];
    int count;
    bool any;
};

static void note_speaker(struct speakers *speakers, struct gv_json *json, const char *line,
                         size_t len) {
    struct gv_line_peek peek;
    int tokens = gv_json_parse(json, line, len), src = -1;
    // The node also answers an invalid line if it can determine the sender.
    if (tokens <= 0) gv_line_peek(&peek, line, len);
    if (tokens > 0) src = gv_json_member(json, 0, "src");
    if (tokens > 0 && src < 0) return;
    struct gv_slice raw = tokens <= 0 ? peek.src : gv_json_raw(json, src);
    if (raw.len == 0) return;
    if (raw.len >= SPEAKER_LEN || speakers->count == SPEAKERS_MAX) {
        speakers->any = true;
        return;
    }
    memcpy(speakers->names[speakers->count], raw.data, raw.len);
    speakers->names[speakers->count++][raw.len] = '\0';
}

static bool may_send_to(const struct speakers *speakers, struct gv_slice dest) {
    if (speakers->any) return true;
    for (int i = 0; i < speakers->count; i++) {
        const char *name = speakers->names[i];
        if (strlen(name) == dest.len && memcmp(name, dest.data, dest.len) == 0) return true;
    }
    return false;
}

static void check_line(const struct speakers *speakers, struct gv_json *json, const char *line,
                       size_t len) {
    int tokens = gv_json_parse(json, line, len);
    GV_ASSERT(tokens > 0);
    GV_ASSERT(gv_json_type(json, 0) == GV_JSON_OBJECT && gv_json_size(json, 0) == 3);
    int src = gv_json_member(json, 0, "src"), dest = gv_json_member(json, 0, "dest");
    int body = gv_json_member(json, 0, "body");
    GV_ASSERT(src >= 0 && gv_json_equals(json, src, "n1"));
    GV_ASSERT(dest >= 0 && gv_json_type(json, dest) == GV_JSON_STRING);
    GV_ASSERT(body >= 0 && gv_json_type(json, body) == GV_JSON_OBJECT);
    int type = gv_json_member(json, body, "type");
    GV_ASSERT(type >= 0);
    int64_t id;
    int in_reply_to = gv_json_member(json, body, "in_reply_to");
    if (gv_message_is_type(json, type)) {
        GV_ASSERT(gv_json_equals(json, dest, "n2") || gv_json_equals(json, dest, "n3"));
        GV_ASSERT(in_reply_to < 0);
    } else {
        GV_ASSERT(may_send_to(speakers, gv_json_raw(json, dest)));
        GV_ASSERT(in_reply_to >= 0 && gv_json_i64(json, in_reply_to, &id) == 0);
    }
}

static void drain(struct gv_solo *solo, const struct speakers *speakers, struct gv_json *json) {
    gv_solo_clear(solo);
    gv_solo_send(solo);
    char *line = solo->out, *end;
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
        check_line(speakers, json, line, (size_t)(end - line));
    GV_ASSERT(*line == '\0');
    GV_ASSERT(gv_node_ready(solo->node));
}

// A node and the memory of its initial state.
struct target {
    struct gv_arena arena;
    struct gv_solo solo;
    gv_time began;
};

// Returns the node in its initial state.
static struct gv_solo *start(bool txn, size_t size) {
    static struct target targets[2];
    struct target *target = &targets[txn];
    struct gv_solo *solo = &target->solo;
    if (solo->node == NULL) {
        gv_arena_init(&target->arena, ARENA);
        gv_solo_config(solo, txn ? &gv_txn_workload : &gv_broadcast_workload);
        solo->config.alloc = gv_arena_alloc(&target->arena);
        gv_solo_start(solo);
        const char *answer = gv_solo_request(solo, "{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
                                                   "\"n1\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}");
        GV_ASSERT(strstr(answer, "init_ok") != NULL);
        target->began = solo->now;
        gv_arena_save(&target->arena);
    } else {
        gv_arena_restore(&target->arena);
    }
    gv_solo_clear(solo);
    solo->now = target->began;
    solo->send_cap = gv_node_send_min(solo->node) + size % 1000;
    return solo;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct speakers speakers;
    speakers.count = 0;
    speakers.any = false;
    static struct gv_json json;
    if (json.alloc.resize == NULL) gv_json_init(&json, gv_base_malloc(), 0, 0);
    struct gv_solo *solo = start(size > 0 && data[0] == 't', size);
    const char *text = (const char *)data, *end = text + size;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((newline != NULL ? newline : end) - text);
        note_speaker(&speakers, &json, text, len);
        if (!gv_node_ready(solo->node)) drain(solo, &speakers, &json);
        gv_solo_receive(solo, text, len);
        // The length of a line decides how much time passes and whether the node may send.
        solo->now += (len % 7) * 40 * GV_MS;
        if (gv_node_deadline(solo->node) <= solo->now) gv_node_advance(solo->node, solo->now);
        if (len % 3 == 0) drain(solo, &speakers, &json);
        text += len + 1;
    }
    drain(solo, &speakers, &json);
    return 0;
}
