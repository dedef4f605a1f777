// SPDX-License-Identifier: MIT
// The replies that wait to be sent, in the order of their requests, as text in one buffer.
//
// A reply that lists the whole replica is not spelled out there: the text around the list is, and
// a mark says where the list goes. Its values are encoded when they are taken, so a read of a
// large set costs a mark and no memory.
#ifndef GV_NODE_REPLIES_H
#define GV_NODE_REPLIES_H

#include "../engine/engine.h"
#include "node_limits.h"

// Most bytes of a reply besides what it repeats of its request.
enum { GV_REPLIES_OVERHEAD = 1024, GV_REPLIES_TEXT_MAX = 400 };

// The error codes of Maelstrom's protocol that a node sends.
enum gv_replies_code {
    GV_REPLIES_NOT_SUPPORTED = 10,
    GV_REPLIES_UNAVAILABLE = 11, // temporarily; the operation has not taken place
    GV_REPLIES_MALFORMED = 12,
    GV_REPLIES_INDEFINITE = 13, // Maelstrom's "crash": the operation may have taken place
    GV_REPLIES_PRECONDITION_FAILED = 22,
};

// A list to be filled in: the set entries of the replica up to `end`.
struct gv_replies_list {
    uint64_t at;    // behind so many bytes of text, counted from the start of everything
    uint32_t begin; // cursor of the next value
    uint32_t end;
    bool comma; // there has been a value
};

struct gv_replies {
    struct gv_alloc alloc;
    char *data; // text[head, tail) waits
    size_t cap, head, tail;
    uint64_t sent;          // bytes of text sent so far
    uint64_t total, errors; // since the start
    struct gv_replies_list *lists;
    size_t lists_cap, lists_head, lists_tail;
    bool midline;              // what was taken last was not a line's end
    bool open;                 // a request waits for its answer
    struct gv_slice src, dest; // of the reply, as JSON strings
    struct gv_slice msg_id;    // the request's, as JSON
};

void gv_replies_init(struct gv_replies *replies, struct gv_alloc alloc);
void gv_replies_fini(struct gv_replies *replies);

// Makes room for the reply to a line of `len` bytes; GV_ENOMEM. The buffer is at most twice as
// large as what has ever waited in it.
int gv_replies_reserve(struct gv_replies *replies, size_t len);

// Says whom the next reply answers. The slices are parts of the request's line (or the node's
// name) and must last until the reply is given.
void gv_replies_open(struct gv_replies *replies, struct gv_slice src, struct gv_slice dest,
                     struct gv_slice msg_id);

// The open request will be answered later: it is opened again then.
void gv_replies_defer(struct gv_replies *replies);

// One of these answers the open request: with a type alone; with one member more, given as JSON
// text (no `member`: none), as a number, or as the list of all set entries; or with an error.
void gv_replies_ok(struct gv_replies *replies, const char *type);
void gv_replies_json(struct gv_replies *replies, const char *type, const char *member,
                     struct gv_slice value);
void gv_replies_integer(struct gv_replies *replies, const char *type, const char *member,
                        int64_t value);
void gv_replies_list(struct gv_replies *replies, const char *type, const char *member,
                     const struct gv_engine *engine);
// `text` (UTF-8) is cut behind GV_REPLIES_TEXT_MAX bytes of its JSON form.
void gv_replies_error(struct gv_replies *replies, int code, const char *text);

// Gives back memory that no text waits in.
void gv_replies_trim(struct gv_replies *replies);

// Bytes of text, and lists, that wait.
static inline size_t gv_replies_waiting(const struct gv_replies *replies) {
    return replies->tail - replies->head;
}

static inline size_t gv_replies_lists(const struct gv_replies *replies) {
    return replies->lists_tail - replies->lists_head;
}

// Whether a request is open; if so, its sender and its id, else both are empty.
static inline bool gv_replies_open_request(const struct gv_replies *replies, struct gv_slice *src,
                                           struct gv_slice *msg_id) {
    *src = replies->open ? replies->dest : (struct gv_slice){0};
    *msg_id = replies->open ? replies->msg_id : (struct gv_slice){0};
    return replies->open;
}

static inline bool gv_replies_is_open(const struct gv_replies *replies) {
    return replies->open;
}

// Whether the last bytes that were sent are not the end of a line.
static inline bool gv_replies_midline(const struct gv_replies *replies) {
    return replies->midline;
}

// Replies since the start, and those of them that are errors.
static inline uint64_t gv_replies_total(const struct gv_replies *replies) {
    return replies->total;
}

static inline uint64_t gv_replies_errors(const struct gv_replies *replies) {
    return replies->errors;
}

// Moves waiting bytes to buf: whole lines, or, when buf is empty-handed otherwise, a part of one.
// Stops behind each line that had a list. `first`: nothing else stands in the caller's buffer, so
// that cutting a line beats returning nothing; cap must then exceed the longest entry. `engine`
// may be NULL if there are no lists. Returns the bytes; 0: nothing waits, or no room for it.
size_t gv_replies_send(struct gv_replies *replies, const struct gv_engine *engine, char *buf,
                       size_t cap, bool first);

#endif
