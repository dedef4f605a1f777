// SPDX-License-Identifier: MIT
#include "check_protocol.h"

#include "../../node/escape.h"

#include <inttypes.h>

enum shape { ANY, INTEGER, ARRAY, OFFSET, OFFSETS, LOGS };

struct reply {
    const char *type;
    const char *member; // its payload; NULL: none
    enum shape shape;
};

static const struct reply replies[GV_LOAD_NO_REQUEST] = {
    [GV_LOAD_INIT] = {"init_ok", NULL, ANY},
    [GV_LOAD_TOPOLOGY] = {"topology_ok", NULL, ANY},
    [GV_LOAD_BROADCAST_MESSAGE] = {"broadcast_ok", NULL, ANY},
    [GV_LOAD_ADD] = {"add_ok", NULL, ANY},
    [GV_LOAD_READ_MESSAGES] = {"read_ok", "messages", ARRAY},
    [GV_LOAD_READ_ELEMENTS] = {"read_ok", "value", ARRAY},
    [GV_LOAD_READ_COUNT] = {"read_ok", "value", INTEGER},
    [GV_LOAD_ECHO_TEXT] = {"echo_ok", "echo", ANY},
    [GV_LOAD_GENERATE_ID] = {"generate_ok", "id", ANY},
    [GV_LOAD_TXN] = {"txn_ok", "txn", ARRAY},
    [GV_LOAD_SEND] = {"send_ok", "offset", OFFSET},
    [GV_LOAD_POLL] = {"poll_ok", "msgs", LOGS},
    [GV_LOAD_COMMIT_OFFSETS] = {"commit_offsets_ok", NULL, ANY},
    [GV_LOAD_LIST_COMMITTED_OFFSETS] = {"list_committed_offsets_ok", "offsets", OFFSETS},
};

#define wrong(why, ...) gv_escape_explain(why, GV_CHECK_PROTOCOL_WHY_MAX, GV_ESYNTAX, __VA_ARGS__)

static bool is_integer(const struct gv_json *json, int token) {
    int64_t number;
    return gv_json_i64(json, token, &number) != GV_ETYPE; // an integer of any length
}

static int require(const struct gv_json *json, int object, const char *name, enum gv_json_type type,
                   char *why) {
    int token = gv_json_member(json, object, name);
    if (token < 0) return wrong(why, "has no \"%s\"", name);
    if (gv_json_type(json, token) == type) return token;
    return wrong(why, "has a \"%s\" that is not %s", name,
                 type == GV_JSON_STRING ? "a string" : "an object");
}

int gv_check_protocol_line(struct gv_json *json, struct gv_slice text,
                           struct gv_check_protocol_line *line,
                           char why[GV_CHECK_PROTOCOL_WHY_MAX]) {
    if (gv_json_parse(json, (const char *)text.data, text.len) < 0) {
        return wrong(why, "is not JSON: %s at byte %zu", json->error, json->error_offset);
    }
    if (gv_json_type(json, 0) != GV_JSON_OBJECT) return wrong(why, "is not a JSON object");
    line->src = require(json, 0, "src", GV_JSON_STRING, why);
    if (line->src < 0) return GV_ESYNTAX;
    line->dest = require(json, 0, "dest", GV_JSON_STRING, why);
    if (line->dest < 0) return GV_ESYNTAX;
    line->body = require(json, 0, "body", GV_JSON_OBJECT, why);
    if (line->body < 0) return GV_ESYNTAX;
    int id = gv_json_member(json, 0, "id");
    if (id >= 0 && !is_integer(json, id)) return wrong(why, "has an \"id\" that is not an integer");
    if (gv_json_size(json, 0) != (id >= 0 ? 4 : 3)) {
        return wrong(why, "has a top-level member besides src, dest, body and id");
    }
    line->type = gv_json_member(json, line->body, "type");
    if (line->type >= 0 && gv_json_type(json, line->type) != GV_JSON_STRING) {
        line->type = GV_ENOENT;
    }
    return 0;
}

static bool contains(struct gv_slice text, const char *literal) {
    size_t len = strlen(literal);
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.data + i, literal, len) == 0) return true;
    return false;
}

bool gv_check_protocol_resembles_message(struct gv_slice text) {
    size_t blank = 0;
    while (blank < text.len && (text.data[blank] == ' ' || text.data[blank] == '\t')) blank++;
    return blank < text.len && text.data[blank] == '{' && contains(text, "\"src\"") &&
           contains(text, "\"dest\"") && contains(text, "\"body\"");
}

void gv_check_protocol_stray(const struct gv_json *json, int body, uint32_t client, uint64_t msg_id,
                             char why[GV_CHECK_PROTOCOL_WHY_MAX]) {
    static const char *const kinds[] = {
        [GV_JSON_NULL] = "null",        [GV_JSON_FALSE] = "false",
        [GV_JSON_TRUE] = "true",        [GV_JSON_NUMBER] = "a number with a fraction or exponent",
        [GV_JSON_STRING] = "a string",  [GV_JSON_ARRAY] = "an array",
        [GV_JSON_OBJECT] = "an object",
    };
    int token = gv_json_member(json, body, "in_reply_to");
    if (token < 0) {
        wrong(why,
              "answers no request: it has no \"in_reply_to\", and the last request of c%u has the "
              "msg_id %" PRIu64,
              client, msg_id);
    } else if (!is_integer(json, token)) {
        wrong(why, "answers no request: its \"in_reply_to\" is %s, not the integer %" PRIu64,
              kinds[gv_json_type(json, token)], msg_id);
    } else {
        wrong(why, "answers no request: the last request of c%u has the msg_id %" PRIu64, client,
              msg_id);
    }
}

void gv_check_protocol_unknown_dest(struct gv_slice dest, char why[GV_CHECK_PROTOCOL_WHY_MAX]) {
    // A name with a dash is not meant for a node or a client.
    bool service = memchr(dest.data, '-', dest.len) != NULL;
    wrong(why, "goes to an unknown dest%s",
          service ? "; the services are lin-kv, seq-kv, lww-kv and lin-tso" : "");
}

static bool is_offset(const struct gv_json *json, int token) {
    int64_t offset;
    return gv_json_i64(json, token, &offset) == 0 && offset >= 0;
}

// Whether a token is an array of pairs of an offset and a message, or null.
static bool is_log(const struct gv_json *json, int token) {
    if (gv_json_type(json, token) == GV_JSON_NULL) return true;
    if (gv_json_type(json, token) != GV_JSON_ARRAY) return false;
    int pair = token + 1;
    for (int i = 0; i < gv_json_size(json, token); i++, pair = gv_json_next(json, pair)) {
        if (gv_json_type(json, pair) != GV_JSON_ARRAY || gv_json_size(json, pair) != 2 ||
            !is_offset(json, pair + 1))
            return false;
    }
    return true;
}

// Whether a token is an object whose members are all offsets, or all logs.
static bool is_object_of(const struct gv_json *json, int token,
                         bool (*is)(const struct gv_json *json, int token)) {
    if (gv_json_type(json, token) != GV_JSON_OBJECT) return false;
    int name = token + 1;
    for (int i = 0; i < gv_json_size(json, token); i++) {
        if (!is(json, name + 1)) return false;
        name = gv_json_next(json, name + 1);
    }
    return true;
}

// What is wrong with a payload, as the end of a sentence; NULL: nothing.
static const char *flaw_of(const struct gv_json *json, int token, enum shape shape) {
    switch (shape) {
    case ANY:
        break;
    case INTEGER:
        return is_integer(json, token) ? NULL : "is not an integer";
    case ARRAY:
        if (gv_json_type(json, token) == GV_JSON_NULL) break;
        return gv_json_type(json, token) == GV_JSON_ARRAY ? NULL : "is not an array";
    case OFFSET:
        return is_offset(json, token) ? NULL : "is not an integer from 0 to 2^63-1";
    case OFFSETS:
        return is_object_of(json, token, is_offset)
                   ? NULL
                   : "is not an object whose members are integers from 0 to 2^63-1";
    case LOGS:
        return is_object_of(json, token, is_log) ? NULL
                                                 : "is not an object whose members are arrays of "
                                                   "pairs [OFFSET,MESSAGE], each OFFSET "
                                                   "an integer from 0 to 2^63-1";
    }
    return NULL;
}

int gv_check_protocol_reply(const struct gv_json *json, int body, enum gv_load_request request,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]) {
    GV_ASSERT(request < GV_LOAD_NO_REQUEST);
    GV_ASSERT(gv_json_type(json, body) == GV_JSON_OBJECT);
    struct reply reply = replies[request];
    int type = gv_json_member(json, body, "type");
    if (type < 0 || !gv_json_equals(json, type, reply.type)) {
        return wrong(why, "has a type that is not \"%s\"", reply.type);
    }
    if (request == GV_LOAD_INIT) return body;

    int in_reply_to = gv_json_member(json, body, "in_reply_to");
    int msg_id = gv_json_member(json, body, "msg_id");
    int member = reply.member != NULL ? gv_json_member(json, body, reply.member) : body;
    if (in_reply_to < 0 || !is_integer(json, in_reply_to)) {
        return wrong(why, "has no integer \"in_reply_to\"");
    }
    if (msg_id >= 0 && !is_integer(json, msg_id))
        return wrong(why, "has a \"msg_id\" that is not an integer");
    if (member < 0) return wrong(why, "has no \"%s\"", reply.member);
    const char *flaw = flaw_of(json, member, reply.shape);
    if (flaw != NULL) return wrong(why, "has a \"%s\" that %s", reply.member, flaw);
    int members = 2 + (msg_id >= 0) + (reply.member != NULL);
    if (gv_json_size(json, body) == members) return member;
    return wrong(why, "has a member in its body besides type, in_reply_to, msg_id%s%s",
                 reply.member != NULL ? " and " : "", reply.member != NULL ? reply.member : "");
}

int gv_check_protocol_error(const struct gv_json *json, int body, bool *definite,
                            char why[GV_CHECK_PROTOCOL_WHY_MAX]) {
    GV_ASSERT(gv_json_type(json, body) == GV_JSON_OBJECT);
    int code = gv_json_member(json, body, "code"), text = gv_json_member(json, body, "text");
    int msg_id = gv_json_member(json, body, "msg_id");
    int64_t number = 0;
    *definite = false;
    if (code < 0) return wrong(why, "is an error without a \"code\"");
    if (!is_integer(json, code)) return wrong(why, "is an error whose \"code\" is not an integer");
    struct gv_slice raw = gv_json_raw(json, code);
    bool fits = gv_json_i64(json, code, &number) == 0;
    // A positive code beyond 64 bits is one for the node's own use.
    bool own = fits ? number >= GV_CHECK_PROTOCOL_OWN_CODE : raw.data[0] != '-';
    *definite = fits && gv_check_protocol_definite(number);
    bool indefinite = fits && (number == 0 || number == 13); // timeout, crash
    if (!own && !*definite && !indefinite) {
        return wrong(why,
                     "is an error whose \"code\" (%.*s) is none of Maelstrom's; codes of a node's "
                     "own begin with %d",
                     raw.len < 20 ? (int)raw.len : 20, (const char *)raw.data,
                     GV_CHECK_PROTOCOL_OWN_CODE);
    }
    if (text >= 0 && gv_json_type(json, text) != GV_JSON_STRING) {
        *definite = false;
        return wrong(why, "is an error whose \"text\" is not a string");
    }
    if (msg_id < 0 || is_integer(json, msg_id)) return 0;
    *definite = false;
    return wrong(why, "has a \"msg_id\" that is not an integer");
}

bool gv_check_protocol_timeout(const struct gv_json *json, int body) {
    GV_ASSERT(gv_json_type(json, body) == GV_JSON_OBJECT);
    int code = gv_json_member(json, body, "code");
    int64_t number;
    return code >= 0 && gv_json_i64(json, code, &number) == 0 && number == 0;
}

bool gv_check_protocol_definite(int64_t code) {
    switch (code) {
    case 1:  // node not found
    case 10: // not supported
    case 11: // temporarily unavailable
    case 12: // malformed request
    case 14: // abort
    case 20: // key does not exist
    case 21: // key already exists
    case 22: // precondition failed
    case 30: // transaction conflict
        return true;
    default:
        return false;
    }
}

// Skips a literal at *at. False: the text differs.
static bool skip(struct gv_slice text, size_t *at, const char *literal) {
    size_t len = strlen(literal);
    if (text.len - *at < len || memcmp(text.data + *at, literal, len) != 0) return false;
    *at += len;
    return true;
}

static bool skip_number(struct gv_slice text, size_t *at, uint32_t *out) {
    size_t begin = *at;
    uint32_t number = 0;
    for (; *at < text.len && *at < begin + 6; ++*at) {
        uint8_t c = text.data[*at];
        if (c < '0' || c > '9') break;
        number = number * 10 + c - '0';
    }
    *out = number;
    return *at > begin && (text.data[begin] != '0' || *at == begin + 1);
}

bool gv_check_protocol_gossip(struct gv_slice text, struct gv_check_protocol_gossip *out) {
    size_t at = 0;
    if (!skip(text, &at, "{\"src\":\"n") || !skip_number(text, &at, &out->src)) return false;
    if (!skip(text, &at, "\",\"dest\":\"n") || !skip_number(text, &at, &out->dest)) return false;
    if (!skip(text, &at, "\",\"body\":")) return false;
    out->body = (struct gv_slice){text.data + at, text.len - at - 1};
    if (!skip(text, &at, "{\"type\":\"")) return false;
    size_t end = at;
    while (end < text.len && text.data[end] != '"' && text.data[end] != '\\') end++;
    out->type = (struct gv_slice){text.data + at, end - at};
    return end < text.len && text.data[end] == '"' && text.data[text.len - 1] == '}';
}
