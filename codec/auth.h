// SPDX-License-Identifier: MIT
// Authentication of messages between nodes that share a secret. Each message has a MAC, the member
// "seal" of its body; without the secret, messages cannot be altered, forged, redirected or
// replayed. They are not encrypted, and whoever has the secret can forge messages of every node.
// Internal to the library and node/.
//
//   seal = base64 of: sequence, 8 bytes; largest, 8 bytes, or nothing for 0; tag, 16 bytes
//   tag  = S(k1, sequence, largest, S(k0, text), length of src: 1 byte, src, length of dest, dest)
//
// S is SipHash-2-4 with a key and a result of 128 bits (Aumasson and Bernstein, INDOCRYPT 2012).
// With root = BLAKE2b-256 of the secret, k0 and k1 are the halves of BLAKE2b-256, keyed by root, of
// "grapevine seal 1"; the key of the digests is that of "grapevine digest 1". Words are
// little-endian; src and dest are names without quotes; text is that of gv_message_canonical, since
// the network may respell a message.
//
// Sequence numbers of a direction increase by one from the nanoseconds since 1970 at the sender's
// init, so an incarnation does not reuse those of an earlier one. A receiver drops a message whose
// number it has received, or that is more than 64 below the largest (a replay window, RFC 4303,
// section 3.4.3). A sender whose clock was set back between two incarnations would be ignored: a
// receiver that drops an old number announces the largest one in its next message to that peer, as
// `largest`, and the peer continues from there.
//
// SipHash is made to authenticate short messages. BLAKE2b (RFC 7693) has a result that is long
// enough for keys. Tags are compared in constant time, and derived keys are erased.
#ifndef GV_CODEC_AUTH_H
#define GV_CODEC_AUTH_H

#include "json.h"

enum {
    GV_AUTH_KEY = 32,     // bytes of a key
    GV_AUTH_MAC_MAX = 43, // most characters of a MAC, without quotes
    // Most bytes that a MAC adds to a body, its name and quotes included.
    GV_AUTH_OVERHEAD = sizeof ",\"seal\":\"\"" - 1 + GV_AUTH_MAC_MAX,
};

// The sequence numbers of a peer, in both directions.
struct gv_auth_peer {
    uint64_t next;        // next number to send
    uint64_t largest;     // largest number received; 0: none
    uint64_t window;      // bit i: largest − 1 − i was received
    gv_time announced_at; // time of the last announcement (gv_auth_announce); GV_TIME_NEVER: none
    bool announce;        // the next message announces `largest`
};

struct gv_auth {
    struct gv_alloc alloc;
    bool on;                    // there is a secret
    uint8_t key[GV_AUTH_KEY];   // key of the MACs
    struct gv_auth_peer *peers; // by peer number; NULL: not joined
    size_t count;
};

// The sender and the receiver of a message.
struct gv_auth_endpoints {
    int peer; // the other node's peer number in the engine
    struct gv_slice src, dest;
};

// A received message: the tokens of its body and of its MAC, a string; negative: it has no MAC.
struct gv_auth_message {
    struct gv_json *json;
    int body, mac;
};

enum gv_auth_status {
    GV_AUTH_VALID,
    GV_AUTH_DUPLICATE,  // received before
    GV_AUTH_OLD,        // below the window: a replay, or the sender's clock was set back
    GV_AUTH_MISSING,    // no MAC
    GV_AUTH_INVALID,    // not the MAC of this message under this secret
    GV_AUTH_UNEXPECTED, // it has a MAC, but this node has no secret
};

// Derives the keys from the secret, of at least one byte; digest[GV_AUTH_KEY] becomes the key of
// the digests, which the caller erases (gv_crypto_wipe).
void gv_auth_init(struct gv_auth *auth, struct gv_alloc alloc, struct gv_slice secret,
                  uint8_t *digest);
// Erases the keys and frees the peers.
void gv_auth_fini(struct gv_auth *auth);

// Whether there is a secret.
static inline bool gv_auth_enabled(const struct gv_auth *auth) {
    return auth->on;
}

// Starts the sequence numbers for a cluster of `count` nodes, at wall_ns, the nanoseconds since
// 1970. GV_ENOMEM. No other function allocates.
int gv_auth_join(struct gv_auth *auth, uint64_t wall_ns, size_t count);

// Appends a MAC to a message: `body` is its text, an object, which gets one more member. Returns
// the new length, which is larger by at most GV_AUTH_OVERHEAD.
size_t gv_auth_append_mac(struct gv_auth *auth, struct gv_auth_endpoints endpoints, char *body,
                          size_t len);

// Verifies a received message, and records its number if the MAC is valid. *out becomes the parser
// with which to decode its body: with a secret that of gv_message_canonical, so that the message is
// put into canonical form once; it borrows `scratch`, which has at least the length of the raw
// text.
enum gv_auth_status gv_auth_verify(struct gv_auth *auth, struct gv_auth_endpoints endpoints,
                                   struct gv_auth_message message, char *scratch, size_t cap,
                                   struct gv_json *out);

// After GV_AUTH_OLD: makes the next message to the peer announce its largest number. False: this
// was done within the last second, so that replays cause no flood of answers.
bool gv_auth_announce(struct gv_auth *auth, gv_time now, int peer);

#endif
