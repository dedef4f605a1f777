// SPDX-License-Identifier: MIT
// Messages between nodes: one JSON object, the body of a line.
//
//   {"type":"gossip","v":2,"id":7,"ask":1,"up":1,"next":380,"ack":[41,3,1500],
//    "entries":[{"set":[17,"x"]},{"counter":[["n1",5]]},{"register":[["k",1,9,"n2"]]},
//               {"log":[[["k",16384],"m"]]}]}
//
// A message of type "gossip" carries updates. A message of type "sync" is a step of a sync; it
// usually has a member "ranges", which is a summary (merkle/rbsr.h) in base64. All members except
// type and v are optional. codec/PROTOCOL.md has the grammar and the meaning of each member.
//
// Decoding works in place on the tokens of a parsed line. Encoding writes to a buffer of the
// caller. Neither allocates.
#ifndef GV_CODEC_MESSAGE_H
#define GV_CODEC_MESSAGE_H

#include "../merkle/pack.h"
#include "entry.h"
#include "json.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GV_MESSAGE_VERSION = 2 }; // version of the protocol

// Limits of the protocol. Every node accepts messages within these limits; a node may send shorter
// ones.
enum {
    GV_MESSAGE_LIMIT = 64 << 10,               // longest message, its member "seal" included, bytes
    GV_MESSAGE_MAC_MAX = 64,                   // longest member "seal", bytes
    GV_MESSAGE_DEPTH = GV_ENTRY_DEPTH_SET + 5, // deepest nesting of a line, the line being 1
};

// Acknowledges the message with id `largest`, and those with id largest - 1 - i for each set bit i
// of `mask`.
struct gv_message_ack {
    uint64_t largest;      // largest id received
    uint64_t mask;         // which of the 64 ids just below `largest` were received
    uint64_t ack_delay_us; // time since `largest` arrived, microseconds
};

// What a node tells another that recovers (engine/cut.h).
struct gv_message_told {
    uint32_t life;  // life of the node that asked
    uint64_t count; // largest Lamport count given or seen
    uint64_t sum;   // sum over the offsets held of that node's slot
};

// The header of a message. gv_message_entries and gv_message_next read the entries of a message.
struct gv_message {
    bool sync;          // type "sync"; otherwise "gossip"
    bool has_id;        // the receiver acknowledges `id`
    bool immediate_ack; // "ask": a ping, acknowledged at once
    bool to_parent;     // "up": the receiver is the sender's parent in the push tree
    bool has_ack;       // `ack` is present
    uint64_t id;
    uint32_t next_flush_ms; // "next": time until the sender's next flush round, ms; 0: absent
    struct gv_message_ack ack;
    uint32_t life; // "life": random number of the sender's incarnation; 0: absent
    bool recover;  // "recover": the sender asks what the receiver holds of its slot
    bool has_told; // `told` is present
    struct gv_message_told told;
    struct gv_slice ranges; // "ranges": base64 as in the line, borrowed; empty: absent
    struct gv_json *json;   // the parser, borrowed
    int entries;            // token of the array of entries; 0: absent
    size_t bytes;           // length of the body as received
    uint64_t version;       // the sender's protocol version; 0: absent
};

// Whether the token `type` is the type of a message: "gossip" or "sync".
bool gv_message_is_type(const struct gv_json *json, int type);

// Decodes the body at this token; *out borrows the parser and its text. Unknown members are
// ignored. Returns 0 or an error; *fault is then the name of the member, or "body".
//   GV_EVERSION  "v" is missing, or is not GV_MESSAGE_VERSION; out->version is the peer's
//   GV_ETYPE     a value has the wrong type
//   GV_ERANGE    a number is out of range
int gv_message_decode(struct gv_message *out, struct gv_json *json, int body, const char **fault);

// Iterates over the entries of a message. Borrows the parser and its text.
struct gv_message_cursor {
    struct gv_json *json;
    int group, groups; // the token of the next group, and the number of groups left
    int item, items;   // the token of the next entry, and the number of entries left in the group
    enum gv_lattice lattice; // lattice of the group
};

// Starts an iteration.
void gv_message_entries(const struct gv_message *message, struct gv_message_cursor *out);

// Decodes the next entry, and writes its texts in canonical form to `scratch`, which *out borrows.
// If the message has the parser of gv_message_canonical, *out borrows the canonical text instead.
// Returns 1, or 0 at the end. After an error the next call continues with the following entry.
//   GV_ETYPE   the entry or its group is malformed
//   GV_ERANGE  a number is out of range
//   GV_ESPACE  the texts of the entry together are longer than `cap`
int gv_message_next(struct gv_message_cursor *cursor, struct gv_entry *out, char *scratch,
                    size_t cap);

// Writes a message: gv_message_begin, any number of gv_message_put, gv_message_end.
struct gv_message_writer {
    struct gv_writer out;
    bool open;               // a group of "entries" is open
    enum gv_lattice lattice; // lattice of the open group
};

enum {
    GV_MESSAGE_HEADER_MAX = 256, // longest header, bytes
    GV_MESSAGE_ENTRY_MAX = 80,   // maximum size of an entry without its texts, bytes
    GV_MESSAGE_TAIL = 4,         // bytes that close a message
};
// Bytes that the member "ranges" takes for a summary of `bytes` bytes.
#define GV_MESSAGE_RANGES(bytes) (GV_BASE64_LEN(bytes) + 12)

// Starts a message in `buf`, which is borrowed until gv_message_end, with the members of `header`
// from the type to `told`. `cap` is at least GV_MESSAGE_HEADER_MAX + GV_MESSAGE_TAIL (asserted).
void gv_message_begin(struct gv_message_writer *writer, const struct gv_message *header, char *buf,
                      size_t cap);
// Adds an entry if `reserve` bytes remain free after it. Returns false, and writes nothing,
// otherwise.
bool gv_message_put(struct gv_message_writer *writer, const struct gv_entry *entry, size_t reserve);
// Adds a summary, unless `ranges` is empty, and completes the message. Returns its length, bytes.
// GV_MESSAGE_RANGES(ranges.len) bytes must be free (asserted): reserve them in gv_message_put.
size_t gv_message_end(struct gv_message_writer *writer, struct gv_slice ranges);

// Writes the canonical text of the message at this token, which the MAC covers (PROTOCOL.md,
// section "Message authentication"): the members that a message may have, with canonical values, in
// the order of gv_message_begin and gv_message_end. Other members are left out. The output of
// gv_message_end is already canonical. Sets *out to the parser of the canonical text
// (gv_json_select); if `body` is decoded with that parser, the texts of entries are borrowed from
// `buf`.
// Returns the length, bytes, at most the length of the raw text. GV_ETYPE: the token is not an
// object; GV_ESPACE: the text is longer than `cap`.
int gv_message_canonical(struct gv_json *json, int body, char *buf, size_t cap,
                         struct gv_json *out);

#ifdef __cplusplus
}
#endif
#endif
