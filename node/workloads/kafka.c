// SPDX-License-Identifier: MIT
// Append-only logs. The node that receives a message assigns its offset without asking another
// node, and answers at once. A poll returns a log only up to the stable cut (engine/cut.h), so no
// message can later appear before a message that a poll has returned.
//
// A message is an entry of the log whose name is the key. The committed offset of a key is the
// count of a counter with the key ["commit",KEY], so a merge keeps the largest.
#include "../../engine/offset.h"
#include "../workload.h"

#include <stdio.h>

enum { POLL_MAX = 128 << 10 }; // longest list of messages in a reply, bytes
_Static_assert((int)POLL_MAX > (int)GV_ENTRY_SIZE_MAX + 64, "room for any message");

// A cursor over the members of an object.
struct members {
    const struct gv_json *json;
    int name, left;
};

// Opens the object that is a member of the body. Returns false after replying with an error.
static bool open_object(struct gv_request *request, const char *member, struct members *out) {
    int token = gv_request_member(request, member);
    if (token < 0) return false;
    *out = (struct members){request->json, token + 1, gv_json_size(request->json, token)};
    if (gv_json_type(request->json, token) == GV_JSON_OBJECT) return true;
    gv_request_malformed(request, member, "is not an object");
    return false;
}

static void next_member(struct members *members) {
    members->left--;
    if (members->left > 0) members->name = gv_json_next(members->json, members->name + 1);
}

// Reads the current member's value. Returns false if it is not an offset.
static bool read_offset(const struct members *members, uint64_t *offset) {
    return gv_json_u64(members->json, members->name + 1, offset) == 0 &&
           *offset <= GV_ENTRY_OFFSET_MAX;
}

// Returns whether the values of all members are offsets. If not, replies with an error.
static bool check_offsets(struct gv_request *request, struct members members) {
    uint64_t offset;
    for (; members.left > 0; next_member(&members)) {
        if (read_offset(&members, &offset)) continue;
        gv_request_malformed(request, "offsets",
                             "has a value that is not an integer from 0 to 2^53 - 1");
        return false;
    }
    return true;
}

// Writes the canonical text of a token after `used` bytes of the scratch memory.
static struct gv_slice canonical(struct gv_request *request, int token, size_t used) {
    char *to = request->scratch + used;
    int len = gv_json_canonical(request->json, token, to, request->scratch_cap - used);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    return gv_slice_of(to, (size_t)len);
}

// --- send --------------------------------------------------------------------------------------

static void refuse_offset(struct gv_request *request, int error) {
    gv_replies_error(request->replies, GV_REPLIES_UNAVAILABLE,
                     error == GV_ENOENT
                         ? "send: this node is new or has lost its state, and is waiting for other "
                           "nodes to tell it which offsets it has assigned"
                         : "send: all offsets below 2^53 are used");
}

static void handle_send(struct gv_request *request) {
    int key = gv_request_member(request, "key");
    int message = key >= 0 ? gv_request_member(request, "msg") : -1;
    if (key < 0 || message < 0) return;
    if (gv_json_type(request->json, key) != GV_JSON_STRING) {
        gv_request_malformed(request, "key", "is not a string");
        return;
    }
    uint64_t offset;
    int error = gv_engine_cut_next(request->engine, &offset);
    if (error != 0) {
        refuse_offset(request, error);
        return;
    }
    // The scratch memory holds the value, the name and the key of the entry, one after the other.
    struct gv_slice value = canonical(request, message, 0),
                    name = canonical(request, key, value.len);
    char *text = request->scratch + value.len + name.len, number[24];
    size_t left = request->scratch_cap - value.len - name.len;
    int len = gv_entry_log_key_put(text, left, name, offset);
    if (len < 0) {
        gv_request_malformed(request, "key", "is longer than an entry can be");
        return;
    }
    const struct gv_entry entry = {
        .lattice = GV_LATTICE_LOG,
        .key = gv_slice_of(text, (size_t)len),
        .value = value,
    };
    int digits = snprintf(number, sizeof number, "%llu", (unsigned long long)offset);
    gv_request_put(request, &entry,
                   &(struct gv_writes_reply){.type = "send_ok",
                                             .member = "offset",
                                             .value = gv_slice_of(number, (size_t)digits)});
}

// --- poll --------------------------------------------------------------------------------------

// The lists of messages that a poll returns.
struct poll {
    struct gv_writer out;
    uint64_t cut;
};

// Appends a message, as [offset,message]. Returns false and appends nothing if the output would
// become longer than `most` bytes. `begin` is the key if this is its first message, else NULL.
static bool append_message(struct poll *poll, const struct gv_slice *begin, uint64_t offset,
                           struct gv_slice message, size_t most) {
    struct gv_writer *out = &poll->out;
    struct gv_writer before = *out;
    if (begin == NULL) gv_pack_put_u8(out, ',');
    if (begin != NULL) {
        if (out->len > 1) gv_pack_put_u8(out, ',');
        gv_pack_put_bytes(out, begin->data, begin->len);
        gv_pack_put_text(out, ":[");
    }
    gv_pack_put_u8(out, '[');
    gv_pack_put_decimal(out, offset);
    gv_pack_put_u8(out, ',');
    gv_pack_put_bytes(out, message.data, message.len);
    gv_pack_put_u8(out, ']');
    if (!out->full && out->len <= most) return true;
    *out = before;
    return false;
}

// Appends the messages of a log from this offset up to the cut, in at most `share` bytes. The first
// message may exceed its share if there is room.
static void append_log(struct poll *poll, const struct gv_engine *engine, struct gv_slice name,
                       uint64_t offset, size_t share) {
    size_t most = poll->out.len + share;
    bool any = false;
    struct gv_entry entry;
    for (; gv_engine_log_next(engine, name, &offset, &entry) && offset < poll->cut; offset++) {
        size_t bound = any ? most : poll->out.cap;
        if (!append_message(poll, any ? NULL : &name, offset, entry.value, bound)) break;
        any = true;
    }
    if (any) gv_pack_put_u8(&poll->out, ']');
}

static void handle_poll(struct gv_request *request) {
    struct members members;
    if (!open_object(request, "offsets", &members) || !check_offsets(request, members)) return;
    struct gv_engine_cut cut = {0};
    gv_engine_cut(request->engine, &cut);
    GV_ASSERT(request->scratch_cap > POLL_MAX);
    size_t texts = request->scratch_cap - POLL_MAX; // bytes for the key that is being read
    struct poll poll = {
        .out = {.data = (uint8_t *)request->scratch + texts, .cap = POLL_MAX - 2},
        .cut = cut.offset,
    };
    gv_pack_put_u8(&poll.out, '{');
    for (; members.left > 0; next_member(&members)) {
        uint64_t offset;
        read_offset(&members, &offset);
        int len = gv_json_canonical(request->json, members.name, request->scratch, texts);
        GV_ASSERT(len > 0);
        struct gv_slice name = gv_slice_of(request->scratch, (size_t)len);
        size_t share = (poll.out.cap - poll.out.len) / (size_t)members.left;
        append_log(&poll, request->engine, name, offset, share);
    }
    poll.out.cap += 2;
    gv_pack_put_u8(&poll.out, '}');
    GV_ASSERT(!poll.out.full);
    gv_replies_json(request->replies, "poll_ok", "msgs",
                    (struct gv_slice){poll.out.data, poll.out.len});
}

// --- committed offsets -------------------------------------------------------------------------

#define COMMIT_BEGIN "[\"commit\"," // the key of a committed offset is this, the log's key, and ]

// The counter of a key's committed offset, without the count; its key is in the scratch memory.
static struct gv_entry commit_of(struct gv_request *request, int key) {
    size_t len = strlen(COMMIT_BEGIN);
    memcpy(request->scratch, COMMIT_BEGIN, len);
    len += canonical(request, key, len).len;
    request->scratch[len++] = ']';
    return (struct gv_entry){
        .lattice = GV_LATTICE_COUNTER,
        .key = gv_slice_of(request->scratch, len),
    };
}

static void handle_commit(struct gv_request *request) {
    struct members members;
    if (!open_object(request, "offsets", &members) || !check_offsets(request, members)) return;
    if (members.left == 0) {
        gv_replies_ok(request->replies, "commit_offsets_ok");
        return;
    }
    // Each offset is an entry. If one is refused after another was put, the error is indefinite.
    const int count = members.left;
    struct gv_entry entry = {0};
    for (; members.left > 0; next_member(&members)) {
        entry = commit_of(request, members.name);
        read_offset(&members, &entry.count);
        if (count == 1 || gv_request_put(request, &entry, NULL)) continue;
        bool none = members.left == count;
        gv_replies_error(request->replies, none ? GV_REPLIES_UNAVAILABLE : GV_REPLIES_INDEFINITE,
                         "commit_offsets: not all stored: a limit of this node is reached, or its "
                         "store fails");
        return;
    }
    // Puts the only offset, or the last one again. Writes are stored in order, so the store has all
    // offsets when this one is answered.
    gv_request_put(request, &entry, &(struct gv_writes_reply){.type = "commit_offsets_ok"});
}

// Appends the committed offset of a key, if it has one. Returns false if there is no room.
static bool append_committed(struct gv_request *request, struct gv_writer *out, int key) {
    struct gv_entry wanted = commit_of(request, key), found;
    struct gv_writer before = *out;
    if (!gv_engine_get(request->engine, &wanted, &found)) return true;
    if (out->len > 1) gv_pack_put_u8(out, ',');
    size_t begin = strlen(COMMIT_BEGIN);
    gv_pack_put_bytes(out, wanted.key.data + begin, wanted.key.len - begin - 1);
    gv_pack_put_u8(out, ':');
    gv_pack_put_decimal(out, found.count);
    if (!out->full) return true;
    *out = before;
    return false;
}

static void handle_list(struct gv_request *request) {
    int keys = gv_request_member(request, "keys");
    if (keys < 0) return;
    int left = gv_json_size(request->json, keys), key = keys + 1;
    if (gv_json_type(request->json, keys) != GV_JSON_ARRAY) {
        gv_request_malformed(request, "keys", "is not an array");
        return;
    }
    size_t texts = request->scratch_cap - POLL_MAX;
    struct gv_writer out = {.data = (uint8_t *)request->scratch + texts, .cap = POLL_MAX - 1};
    gv_pack_put_u8(&out, '{');
    for (; left > 0; left--, key = gv_json_next(request->json, key)) {
        if (gv_json_type(request->json, key) != GV_JSON_STRING) {
            gv_request_malformed(request, "keys", "has a value that is not a string");
            return;
        }
        if (append_committed(request, &out, key)) continue;
        gv_request_malformed(request, "keys", "are too many for one reply");
        return;
    }
    out.cap++;
    gv_pack_put_u8(&out, '}');
    gv_replies_json(request->replies, "list_committed_offsets_ok", "offsets",
                    (struct gv_slice){out.data, out.len});
}

static const struct gv_workload_handler handlers[] = {
    {"send", handle_send},
    {"poll", handle_poll},
    {"commit_offsets", handle_commit},
    {"list_committed_offsets", handle_list},
    {NULL, NULL},
};

const struct gv_workload gv_kafka_workload = {
    .name = "kafka",
    .replica = true,
    .cut = true,
    .reply_max = POLL_MAX,
    .handlers = handlers,
};
