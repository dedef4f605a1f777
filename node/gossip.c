// SPDX-License-Identifier: MIT
#include "gossip.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

// Maximum number of bytes that a line has in addition to the message.
enum { ENVELOPE_MAX = GV_LINE_BEGIN + 2 + 2 * GV_NODE_QUOTED_MAX + GV_AUTH_OVERHEAD };

_Static_assert((int)GV_AUTH_OVERHEAD <= (int)GV_MESSAGE_MAC_MAX, "any message can have a MAC");

// ---- In -----------------------------------------------------------------------------------------

// Logs what is wrong with a message, after the name of its sender.
GV_PRINTF(4, 5)
static void complain(struct gv_gossip *gossip, gv_time now, const struct gv_gossip_message *in,
                     const char *format, ...) {
    char text[GV_LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gv_log_input_error(gossip->config.log, now, "gossip from %.*s%s",
                       GV_LINE_EXCERPT(in->json, in->line->src), text);
}

// The text to log after "gossip from n1 "; NULL for duplicates, which are normal in a network.
static const char *reason_of(enum gv_auth_status status) {
    switch (status) {
    case GV_AUTH_VALID:
    case GV_AUTH_DUPLICATE:
        break;
    case GV_AUTH_OLD:
        return "is too old: the clock of its sender was set back, or it is a replay";
    case GV_AUTH_MISSING:
        return "has no MAC: its sender lacks the cluster's --secret-file, or it is forged";
    case GV_AUTH_INVALID:
        return "has an invalid MAC: its sender has another --secret-file, or it is forged";
    case GV_AUTH_UNEXPECTED:
        return "has a MAC: this node lacks the cluster's --secret-file";
    }
    return NULL;
}

// Checks the MAC and the sequence number. An invalid message is dropped without an answer, because
// an answer would help to forge messages. *out becomes the parser with which to decode the body.
static enum gv_auth_status authenticate(struct gv_gossip *gossip, gv_time now,
                                        const struct gv_gossip_message *in, int peer,
                                        struct gv_json *out) {
    struct gv_json *json = in->json;
    struct gv_auth_endpoints endpoints = {peer, gv_engine_name(gossip->config.engine, peer),
                                          gv_session_name_slice(gossip->config.session)};
    struct gv_auth_message message = {json, in->line->body, in->line->mac};
    enum gv_auth_status status =
        gv_auth_verify(gossip->config.auth, endpoints, message, in->scratch, in->scratch_cap, out);
    bool repeated = status == GV_AUTH_DUPLICATE || status == GV_AUTH_OLD;
    gossip->stats.replayed += repeated;
    gossip->stats.unauthenticated += status != GV_AUTH_VALID && !repeated;
    const char *reason = reason_of(status);
    if (reason != NULL) complain(gossip, now, in, " %s", reason);
    if (status == GV_AUTH_OLD && gv_auth_announce(gossip->config.auth, now, peer))
        gv_engine_ping(gossip->config.engine, now, peer);
    return status;
}

static void log_refused(struct gv_gossip *gossip, gv_time now, const struct gv_gossip_message *in,
                        int error) {
    struct gv_engine_stats stats;
    gv_engine_stats(gossip->config.engine, &stats);
    bool entries = stats.entries_max > 0 && stats.entries >= stats.entries_max; // false: memory
    if (error != GV_EFULL) {
        complain(gossip, now, in, ": an entry is refused: %s", gv_base_error(error));
    } else {
        complain(
            gossip, now, in,
            ": new entries are refused: the replica has %" PRIu64 " %s, and its limit is %" PRIu64,
            entries ? stats.entries : stats.memory_bytes, entries ? "entries" : "bytes of memory",
            entries ? stats.entries_max : stats.memory_max);
    }
}

int gv_gossip_receive(struct gv_gossip *gossip, gv_time now, const struct gv_gossip_message *in) {
    struct gv_json *json = in->json;
    char name[GV_ENGINE_NAME_MAX];
    int len = gv_json_unescape(json, in->line->src, name, sizeof name);
    struct gv_slice src = gv_slice_of(name, len > 0 ? (size_t)len : 0);
    int peer = len > 0 ? gv_engine_peer(gossip->config.engine, src) : GV_ENOENT;
    if (peer < 0) {
        complain(gossip, now, in, ", which is not a peer");
        return GV_ENOENT;
    }
    struct gv_json body;
    enum gv_auth_status status = authenticate(gossip, now, in, peer, &body);
    if (status == GV_AUTH_DUPLICATE || status == GV_AUTH_OLD) return 0;
    if (status != GV_AUTH_VALID) return GV_EAUTH;
    struct gv_message message;
    const char *reason = NULL;
    int error = gv_message_decode(&message, &body, in->line->body, &reason);
    if (error == GV_EVERSION) {
        complain(gossip, now, in,
                 ": refused: protocol version %" PRIu64 ", and this node has version %d",
                 message.version, GV_MESSAGE_VERSION);
        return error;
    }
    if (error != 0) {
        complain(gossip, now, in, ": %s: %s", reason, gv_base_error(error));
        return error;
    }
    error = gv_engine_receive(gossip->config.engine, now, peer, &message);
    if (error != 0) log_refused(gossip, now, in, error);
    return error;
}

// ---- Out ----------------------------------------------------------------------------------------

// A peer with a larger message_max may send an entry that needs the longest message allowed.
static size_t longest_message(const struct gv_gossip *gossip) {
    size_t own = gossip->config.message_max;
    return own > GV_MESSAGE_LIMIT ? own : GV_MESSAGE_LIMIT;
}

size_t gv_gossip_send_min(const struct gv_gossip *gossip) {
    return longest_message(gossip) + ENVELOPE_MAX;
}

// The engine chooses the peer while it writes the message, so the length of the envelope is known
// only afterwards. The message is written after space for the longest envelope, then moved.
size_t gv_gossip_send(struct gv_gossip *gossip, gv_time now, char *buf, size_t cap) {
    if (gossip->config.engine == NULL || !gv_session_started(gossip->config.session)) return 0;
    int peer;
    size_t room = ENVELOPE_MAX - 2 - GV_AUTH_OVERHEAD;
    int sent = gv_engine_send(gossip->config.engine, now, buf + room, cap - ENVELOPE_MAX, &peer);
    GV_ASSERT(sent >= 0);
    if (sent == 0) return 0;
    size_t body = (size_t)sent;
    struct gv_slice to = gv_engine_name(gossip->config.engine, peer);
    if (gv_auth_enabled(gossip->config.auth)) {
        struct gv_auth_endpoints endpoints = {peer, gv_session_name_slice(gossip->config.session),
                                              to};
        body = gv_auth_append_mac(gossip->config.auth, endpoints, buf + room, body);
    }
    GV_ASSERT(body <= longest_message(gossip));

    char dest[GV_NODE_QUOTED_MAX];
    int dest_len = gv_json_quote(to, dest, sizeof dest);
    GV_ASSERT(dest_len > 0);
    struct gv_slice other = gv_slice_of(dest, (size_t)dest_len);
    size_t len =
        (size_t)(gv_line_begin(buf, gv_session_quoted(gossip->config.session), other) - buf);
    GV_ASSERT(len < room);
    memmove(buf + len, buf + room, body);
    len += body;
    buf[len++] = '}';
    buf[len++] = '\n';
    return len;
}
