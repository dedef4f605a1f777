// SPDX-License-Identifier: MIT
// Authentication of messages between nodes that share a secret. Each message carries a MAC in the
// member "seal" of its body. Without the secret, messages cannot be altered, forged, redirected or
// replayed. Messages are not encrypted, and a holder of the secret can forge messages of every
// node. Internal to the library and node/.
//
//   seal = base64 of: sequence, 8 bytes; largest, 8 bytes, or nothing for 0; tag, 16 bytes
//   tag  = S(k1, sequence, largest, S(k0, text), length of src: 1 byte, src, length of dest, dest)
//
// S is SipHash-2-4 with a 128-bit key and a 128-bit result (Aumasson and Bernstein, INDOCRYPT
// 2012). With root = BLAKE2b-256 of the secret, k0 and k1 are the halves of BLAKE2b-256, keyed by
// root, of "grapevine seal 1". The key of the digests is BLAKE2b-256, keyed by root, of "grapevine
// digest 1". Words are little-endian; src and dest are names without quotes; text is the canonical
// text of the message (gv_message_canonical), since the network may respell a message.
//
// The sequence numbers of each direction start at the nanoseconds since 1970 when the sender is
// initialised, and increase by one. So an incarnation does not reuse the numbers of an earlier
// incarnation. A receiver drops a message whose number it has received, or whose number is more
// than 64 below the largest received (a replay window, RFC 4303, section 3.4.3). The receiver would
// drop all messages of a sender whose clock was set back between two incarnations. So a receiver
// that drops an old number announces the largest one, as `largest` in its next message to that
// peer, and the peer continues above it.
//
// SipHash is designed to authenticate short messages. BLAKE2b (RFC 7693) has a result long enough
// for two keys. Tags are compared in constant time, and derived keys are erased.
#ifndef GV_CODEC_AUTH_H
#define GV_CODEC_AUTH_H

#include "json.h"

enum {
    GV_AUTH_KEY = 32,     // bytes of a key
    GV_AUTH_MAC_MAX = 43, // maximum length of a MAC, without quotes
    // Maximum number of bytes that the member "seal" adds to a body.
    GV_AUTH_OVERHEAD = sizeof ",\"seal\":\"\"" - 1 + GV_AUTH_MAC_MAX,
};

// The sequence numbers of a peer, in both directions.
struct gv_auth_peer {
    uint64_t next;        // next number to send
    uint64_t largest;     // largest number received; 0: none
    uint64_t window;      // bit i: largest − 1 − i was received
    gv_time announced_at; // time of the last gv_auth_announce; GV_TIME_NEVER: none
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

// A received message. `body` and `mac` are tokens; `mac` is a string, or negative if there is none.
struct gv_auth_message {
    struct gv_json *json;
    int body, mac;
};

enum gv_auth_status {
    GV_AUTH_VALID,
    GV_AUTH_DUPLICATE,  // received before
    GV_AUTH_OLD,        // below the window: replayed, or the sender's clock was set back
    GV_AUTH_MISSING,    // no MAC
    GV_AUTH_INVALID,    // the MAC does not match this message and secret
    GV_AUTH_UNEXPECTED, // the message has a MAC, but this node has no secret
};

// Derives the keys from the secret, which has at least one byte. Writes the key of the digests to
// digest[GV_AUTH_KEY]; the caller erases that copy (gv_crypto_wipe).
void gv_auth_init(struct gv_auth *auth, struct gv_alloc alloc, struct gv_slice secret,
                  uint8_t *digest);
// Erases the keys and frees the peers.
void gv_auth_fini(struct gv_auth *auth);

// Whether there is a secret.
static inline bool gv_auth_enabled(const struct gv_auth *auth) {
    return auth->on;
}

// Starts the sequence numbers for a cluster of `count` nodes. `wall_ns`: nanoseconds since 1970.
// GV_ENOMEM. No other function allocates.
int gv_auth_join(struct gv_auth *auth, uint64_t wall_ns, size_t count);

// Appends the member "seal" to a message. `body` is the text of an object. Returns the new length,
// which is larger by at most GV_AUTH_OVERHEAD.
size_t gv_auth_append_mac(struct gv_auth *auth, struct gv_auth_endpoints endpoints, char *body,
                          size_t len);

// Verifies a received message, and records its number if the MAC is valid. Sets *out to the parser
// with which to decode the body. If there is a secret, that is the parser of gv_message_canonical,
// so the message is converted to canonical form only once; it borrows `scratch`, which must be at
// least as long as the raw text.
enum gv_auth_status gv_auth_verify(struct gv_auth *auth, struct gv_auth_endpoints endpoints,
                                   struct gv_auth_message message, char *scratch, size_t cap,
                                   struct gv_json *out);

// After GV_AUTH_OLD: makes the next message to the peer announce the peer's largest number. Returns
// false if one was announced within the last second, so that replays cause no flood of answers.
bool gv_auth_announce(struct gv_auth *auth, gv_time now, int peer);

#endif
