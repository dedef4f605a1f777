// SPDX-License-Identifier: MIT
// The protocol: the form of a line on a node's standard output, and the members of a reply. Every
// bad line is an error, since Maelstrom stops reading from a node after its first one.
#ifndef GV_SIM_CHECK_CHECK_PROTOCOL_H
#define GV_SIM_CHECK_CHECK_PROTOCOL_H

#include "../../codec/json.h"
#include "../core/load.h"

enum {
    GV_CHECK_PROTOCOL_WHY_MAX = 160,
    GV_CHECK_PROTOCOL_OWN_CODE = 1000, // the first error code for a node's own use
};

// The parts of a line, as tokens.
struct gv_check_protocol_line {
    int src, dest; // strings
    int body;      // an object
    int type;      // a string, or GV_ENOENT
};

// Parses a line and checks its frame: an object with the members "src" and "dest" (strings), "body"
// (an object), optionally "id" (an integer), and no other. GV_ESYNTAX: the line is invalid; `why`
// is the reason, as the end of a sentence: "has no \"src\"".
int gv_check_protocol_line(struct gv_json *json, struct gv_slice text,
                           struct gv_check_protocol_line *line,
                           char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Whether a bad line was probably meant as a message: it begins as an object and contains "src",
// "dest" and "body". Otherwise it is probably a line of the node's log.
bool gv_check_protocol_resembles_message(struct gv_slice text);

// Writes the reason why a reply answers no request of its client, whose latest request is `msg_id`:
// "answers no request: its \"in_reply_to\" is a string, not the integer 1".
void gv_check_protocol_stray(const struct gv_json *json, int body, uint32_t client, uint64_t msg_id,
                             char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Writes the reason why a dest is unknown: no node, client or service has this name. If the name
// looks like a service's, the reason lists the services.
void gv_check_protocol_unknown_dest(struct gv_slice dest, char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// A message between nodes, recognised without parsing.
struct gv_check_protocol_gossip {
    uint32_t src, dest;
    struct gv_slice body, type;
};

// Whether a line begins {"src":"n1","dest":"n2","body":{"type":"T" without white space or escapes;
// the rest is not checked. False only means that the line must be parsed.
bool gv_check_protocol_gossip(struct gv_slice text, struct gv_check_protocol_gossip *out);

// Checks the body of a reply: "type", "in_reply_to" (an integer), optionally "msg_id" (an integer),
// the payload of this reply, if it has one, and no other member. For init_ok, only the type is
// checked, as in Maelstrom. Null counts as an empty array, since Maelstrom's schemas accept it, and
// Go encodes a nil slice as null. Returns the token of the payload, or of the body if there is
// none. GV_ESYNTAX: `why` is the reason.
int gv_check_protocol_reply(const struct gv_json *json, int body, enum gv_load_request request,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Checks the body of an error reply: "code" is one of Maelstrom's or at least
// GV_CHECK_PROTOCOL_OWN_CODE, an optional "text" is a string, and an optional "msg_id" an integer.
// Other members are allowed. Sets *definite: the operation did not happen and never will.
// GV_ESYNTAX: `why` is the reason, and the operation's outcome is unknown.
int gv_check_protocol_error(const struct gv_json *json, int body, bool *definite,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]);

// Whether the body of an error reply has code 0: the node itself timed out, perhaps because of a
// delay.
bool gv_check_protocol_timeout(const struct gv_json *json, int body);

// Whether an error code of Maelstrom is definite: the operation did not happen and never will.
bool gv_check_protocol_definite(int64_t code);

#endif
