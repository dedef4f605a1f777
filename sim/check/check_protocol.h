// SPDX-License-Identifier: MIT
// The protocol itself: what a line on a node's standard output must look like, and what a reply
// must hold. Maelstrom goes deaf to a node after its first bad line, so one is never harmless.
#ifndef GV_SIM_CHECK_CHECK_PROTOCOL_H
#define GV_SIM_CHECK_CHECK_PROTOCOL_H

#include "../../codec/json.h"
#include "../core/load.h"

enum {
    GV_CHECK_PROTOCOL_WHY_MAX = 160,
    GV_CHECK_PROTOCOL_OWN_CODE = 1000, // the first error code that is free for nodes' own use
};

// A line's parts, as tokens.
struct gv_check_protocol_line {
    int src, dest; // strings
    int body;      // an object
    int type;      // a string, or GV_ENOENT
};

// Parses a line and looks at its frame: an object with exactly "src", "dest", "body" and perhaps
// "id" (an integer); names are strings, the body is an object. GV_ESYNTAX: `why` says what is
// wrong, as the end of a sentence: "has no \"src\"".
int gv_check_protocol_line(struct gv_json *json, struct gv_slice text,
                           struct gv_check_protocol_line *line,
                           char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Whether a bad line looks as if it was to be a message: it is an object, or begins as one, and
// names src, dest and body. What does not is likelier a node's log.
bool gv_check_protocol_resembles_message(struct gv_slice text);

// Says of a reply to client number `client`, whose last request was `msg_id`, why it answers none:
// "answers no request: its \"in_reply_to\" is a string, not the integer 1".
void gv_check_protocol_stray(const struct gv_json *json, int body, uint32_t client, uint64_t msg_id,
                             char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Says why a line goes to a dest that is none: Maelstrom's services are not there.
void gv_check_protocol_unknown_dest(struct gv_slice dest, char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// A line between nodes, told apart without parsing it.
struct gv_check_protocol_gossip {
    uint32_t src, dest;
    struct gv_slice body, type;
};

// Whether a line is spelled as {"src":"n1","dest":"n2","body":{"type":"T"…}}, without white space
// or escapes up to there; what follows is not looked at. For lines that are parsed elsewhere: false
// only says that this one needs a closer look.
bool gv_check_protocol_gossip(struct gv_slice text, struct gv_check_protocol_gossip *out);

enum gv_check_protocol_what {
    GV_CHECK_PROTOCOL_INIT, // only its type matters, as in Maelstrom
    GV_CHECK_PROTOCOL_TOPOLOGY,
    GV_CHECK_PROTOCOL_OP,
};

// Looks at a reply's body, which is closed: "type", "in_reply_to" (an integer), perhaps "msg_id"
// (an integer), and what this reply holds besides. Where that is an array, null is one, and empty:
// Maelstrom's schemas take it, and Go writes its empty slices so. Returns the token of that (of the
// body, if there is nothing besides). GV_ESYNTAX: `why` says what is wrong. `op` counts for
// GV_CHECK_PROTOCOL_OP.
int gv_check_protocol_reply(const struct gv_json *json, int body, enum gv_check_protocol_what what,
                            enum gv_load_kind load, enum gv_history_kind op,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Looks at the body of an error reply: "code" is an integer, one of Maelstrom's or at least
// GV_CHECK_PROTOCOL_OWN_CODE, "text", if it is there, a string, and "msg_id" an integer. Other
// members are the node's business. Sets *definite: the operation did not happen and never will.
// GV_ESYNTAX: `why` says what is wrong, and the operation's end is not known.
int gv_check_protocol_error(const struct gv_json *json, int body, bool *definite,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Whether the body of an error reply has the code 0: the node waited in vain for something, which a
// delay may explain.
bool gv_check_protocol_timeout(const struct gv_json *json, int body);

// Whether an error code says that the operation did not happen and never will.
bool gv_check_protocol_definite(int64_t code);

#endif
