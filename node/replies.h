// SPDX-License-Identifier: MIT
// The buffer of replies that are not sent yet, as text, in the order in which they were made.
//
// A reply that lists the replica's values is stored as the text around the list and a placeholder.
// The list is encoded when it is sent, so a read of a large set takes no memory.
//
// A request is *open* from gv_replies_open until one of the functions that reply to it, or until
// gv_replies_defer. One request is open at a time.
#ifndef GV_NODE_REPLIES_H
#define GV_NODE_REPLIES_H

#include "../engine/engine.h"
#include "node_limits.h"

enum {
    GV_REPLIES_OVERHEAD =
        1024, // maximum size of a reply without what it copies from its request, bytes
    GV_REPLIES_TEXT_MAX = 400, // longest text of an error, as JSON, bytes
};

// The error codes of Maelstrom's protocol that a node sends.
enum gv_replies_code {
    GV_REPLIES_NOT_SUPPORTED = 10,
    GV_REPLIES_UNAVAILABLE = 11, // temporarily; the operation has not taken place
    GV_REPLIES_MALFORMED = 12,
    GV_REPLIES_INDEFINITE = 13, // Maelstrom's "crash": the operation may have taken place
    GV_REPLIES_PRECONDITION_FAILED = 22,
};

// The placeholder of a list: the set's entries from `begin` to `end`, cursors of gv_engine_next.
struct gv_replies_list {
    uint64_t at; // its position: bytes of text before it since the first reply
    uint32_t begin, end;
    bool comma; // a value has been sent, so the next one follows a comma
};

struct gv_replies {
    struct gv_alloc alloc;
    char *data; // unsent: data[head, tail)
    size_t cap, head, tail;
    uint64_t sent;          // bytes of text sent, without lists
    uint64_t total, errors; // all replies, and those that are errors
    struct gv_replies_list *lists;
    size_t lists_cap, lists_head, lists_tail;
    bool midline;              // the last byte sent was not a newline
    bool open;                 // a request is open
    struct gv_slice src, dest; // src and dest of the reply to the open request, as JSON strings
    struct gv_slice msg_id;    // id of the open request, as JSON
};

static inline void gv_replies_init(struct gv_replies *replies, struct gv_alloc alloc) {
    GV_ASSERT(alloc.resize != NULL);
    *replies = (struct gv_replies){.alloc = alloc};
}
void gv_replies_fini(struct gv_replies *replies);

// Reserves memory for the reply to a line of `len` bytes; GV_ENOMEM. The buffer is at most twice as
// large as the longest unsent text so far.
int gv_replies_reserve(struct gv_replies *replies, size_t len);

// The same for the open request, whose reply has a value of `len` bytes that are not in its line.
int gv_replies_extend(struct gv_replies *replies, size_t len);

// Opens a request: the next reply goes from src to dest, in reply to msg_id. The slices are
// borrowed until the reply is made.
void gv_replies_open(struct gv_replies *replies, struct gv_slice src, struct gv_slice dest,
                     struct gv_slice msg_id);

// Closes the request without a reply; gv_replies_open opens it again for its reply.
static inline void gv_replies_defer(struct gv_replies *replies) {
    GV_ASSERT(replies->open);
    replies->open = false;
}

// These functions reply to the open request: with a type only; with a type and one more member,
// which is JSON text (member NULL: none), a number, or the list of the set's entries; or with an
// error.
void gv_replies_ok(struct gv_replies *replies, const char *type);
void gv_replies_json(struct gv_replies *replies, const char *type, const char *member,
                     struct gv_slice value);
void gv_replies_integer(struct gv_replies *replies, const char *type, const char *member,
                        int64_t value);
void gv_replies_list(struct gv_replies *replies, const char *type, const char *member,
                     const struct gv_engine *engine);
// The text, UTF-8, is truncated to GV_REPLIES_TEXT_MAX bytes of JSON.
void gv_replies_error(struct gv_replies *replies, int code, const char *text);

// Frees memory that unsent text does not need.
void gv_replies_trim(struct gv_replies *replies);

// Unsent bytes of text, and unsent lists.
static inline size_t gv_replies_waiting(const struct gv_replies *replies) {
    return replies->tail - replies->head;
}

static inline size_t gv_replies_lists(const struct gv_replies *replies) {
    return replies->lists_tail - replies->lists_head;
}

// Whether a request is open; *src and *msg_id become its sender and its id, or empty.
static inline bool gv_replies_open_request(const struct gv_replies *replies, struct gv_slice *src,
                                           struct gv_slice *msg_id) {
    *src = replies->open ? replies->dest : (struct gv_slice){0};
    *msg_id = replies->open ? replies->msg_id : (struct gv_slice){0};
    return replies->open;
}

static inline bool gv_replies_is_open(const struct gv_replies *replies) {
    return replies->open;
}

// Whether the last byte sent was not the end of a line.
static inline bool gv_replies_midline(const struct gv_replies *replies) {
    return replies->midline;
}

// Replies since the start, and the errors among them.
static inline uint64_t gv_replies_total(const struct gv_replies *replies) {
    return replies->total;
}

static inline uint64_t gv_replies_errors(const struct gv_replies *replies) {
    return replies->errors;
}

// Moves unsent text to buf: complete lines, up to the first that has a list. `first`: the caller's
// buffer is empty, so a line that does not fit is split; cap must then exceed the longest entry.
// `engine` may be NULL if there are no lists. Returns the number of bytes; 0: nothing is unsent, or
// the next line does not fit.
size_t gv_replies_send(struct gv_replies *replies, const struct gv_engine *engine, char *buf,
                       size_t cap, bool first);

#endif
