// SPDX-License-Identifier: MIT
// What nodes tell each other, as one JSON object: the body of a line between two nodes.
//
//   {"type":"gossip","v":2,"id":7,"ask":1,"up":1,"next":380,"ack":[41,3,1500],
//    "entries":[{"set":[17,"x"]},{"counter":[["n1",5]]},{"register":[["k",1,9,"n2"]]}]}
//
// for news, and for a step of a sync the same with `"type":"sync"` and mostly "ranges", the packed
// summary of merkle/reconcile.h in base64. Every member but type and v may be missing.
// codec/PROTOCOL.md has the grammar and the meanings.
// Decoding works in place on the tokens of a parsed line, encoding in the caller's buffer: neither
// allocates.
#ifndef GV_CODEC_MESSAGE_H
#define GV_CODEC_MESSAGE_H

#include "../merkle/pack.h"
#include "entry.h"
#include "json.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_MESSAGE_VERSION = 2 };

// Constants of the protocol, not of a node: what every node takes, whatever it sends itself.
enum {
    GV_MESSAGE_LIMIT = 64 << 10, // longest message, bytes, with what authenticates it …
    GV_MESSAGE_MAC_MAX = 64,     // … which takes no more than this
    GV_MESSAGE_DEPTH =
        GV_ENTRY_DEPTH_SET + 5, // deepest nesting of a line that has a message as its body
};

// Acknowledges messages by their ids: `largest`, and largest − 1 − i where bit i of `mask` is set.
struct gv_message_ack {
    uint64_t largest;
    uint64_t mask;
    uint64_t ack_delay_us; // how long `largest` has been here
};

// A message's header. `entries` and `ranges` are reached by the functions below.
struct gv_message {
    bool sync;          // a step of a sync, not news
    bool has_id;        // the receiver shall acknowledge `id` …
    bool immediate_ack; // … at once
    bool to_parent;     // the sender takes the receiver as its parent in the push tree
    bool has_ack;       // `ack` counts
    uint64_t id;
    uint32_t next_flush_ms; // when the sender's next wave leaves, from this message on; 0: not said
    struct gv_message_ack ack;
    struct gv_slice ranges; // base64, escapes unresolved, borrowed from the line; empty: none
    struct gv_json *json;
    int entries;      // token of the array; 0: none
    size_t bytes;     // length of the body as it came
    uint64_t version; // of the protocol, as the sender says; 0: it does not
};

// Whether `type` (a token) is a type this file decodes.
GV_API bool gv_message_is_type(const struct gv_json *json, int type);

// Reads the body at this token. Members it does not know are ignored.
// GV_EVERSION: "v" is missing or not GV_MESSAGE_VERSION, out->version has it; GV_ETYPE: a member of
// the wrong type; GV_ERANGE: a number out of its range; `*fault` then names the member.
GV_API int gv_message_decode(struct gv_message *out, struct gv_json *json, int body,
                             const char **fault);

// Goes through a message's entries. Borrows the line and the scratch memory.
struct gv_message_cursor {
    struct gv_json *json;
    int group, groups; // the token of the current group, how many are left with it
    int item, items;   // likewise within the group
    enum gv_lattice lattice;
};

GV_API void gv_message_entries(const struct gv_message *message, struct gv_message_cursor *out);

// The next entry, canonicalised into scratch. 1: there it is; 0: the end; GV_ETYPE or GV_ERANGE:
// malformed (the next call goes on behind it); GV_ESPACE: longer than cap (likewise).
GV_API int gv_message_next(struct gv_message_cursor *cursor, struct gv_entry *out, char *scratch,
                           size_t cap);

// Writes a message piece by piece: begin, any number of entries, end.
struct gv_message_writer {
    struct gv_writer out;
    bool open;               // "entries" is
    enum gv_lattice lattice; // of the open group
};

enum {
    GV_MESSAGE_HEADER_MAX = 256, // longest header, bytes
    GV_MESSAGE_ENTRY_MAX = 80,   // most that an entry takes around its texts
    GV_MESSAGE_TAIL = 4,         // what closes a message
};
// What ranges take: `bytes` is the length of the packed summary.
#define GV_MESSAGE_RANGES(bytes) (GV_BASE64_LEN(bytes) + 12)

// Starts in buf with the header's fields; `ranges` and `entries` of the header are not looked at.
// cap ≥ GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL.
GV_API void gv_message_begin(struct gv_message_writer *writer, const struct gv_message *header,
                             char *buf, size_t cap);
// Adds an entry, keeping `reserve` bytes free behind it; false: no room, and nothing was written.
GV_API bool gv_message_put(struct gv_message_writer *writer, const struct gv_entry *entry,
                           size_t reserve);
// Adds the ranges, unless `ranges` is empty, and ends; returns the message's length. There must be
// room for GV_MESSAGE_RANGES(ranges.len).
GV_API size_t gv_message_end(struct gv_message_writer *writer, struct gv_slice ranges);

// Writes the text of the body at this token as whoever wrote the message had it, whatever has come
// between: the members that a message may have, in the order of the writer, their values canonical;
// others are left out. So two texts are equal exactly if the messages mean the same, and of what
// gv_message_end returned it is the message itself. Returns the length, at most that of the raw
// text. GV_ETYPE: no object; GV_ESPACE: longer than cap.
GV_API int gv_message_canonical(struct gv_json *json, int body, char *buf, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
