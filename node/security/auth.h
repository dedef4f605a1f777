// SPDX-License-Identifier: MIT
// Messages between nodes that share a secret, and how a node knows that they are: each carries a
// MAC, a member "seal" of its body, which nobody makes or changes without the secret.
//
//   seal = base64 of: sequence, 8 bytes; largest, 8 bytes, or nothing for 0; tag, 16 bytes
//   tag  = S(k1, sequence, largest, S(k0, text), length of src: 1 byte, src, length of dest, dest)
//
// S is SipHash-2-4 with 128 bits of key and of result. With root = BLAKE2b-256 of the secret, k0
// and k1 are the halves of BLAKE2b-256, keyed by root, of "grapevine seal 1", and what digests are
// keyed by is that of "grapevine digest 1".
// Words are little-endian; src and dest are names without their quotes, and text is that of
// gv_message_canonical: the network may spell a message otherwise on its way.
//
// Numbers go up by one from each node to each other, from the nanoseconds since 1970 at the start
// of the sender's life; so none comes twice, and a receiver takes none again that it has had, or
// that is more than 64 below the largest it had. A node whose clock was set back between two lives
// would be deaf and mute by that: so who refuses a number for being old says in its next message to
// that node, as `largest`, which one it knows, and the node goes on from there.
//
// SipHash (Aumasson and Bernstein, 2012) was made to authenticate short messages, and takes a tenth
// of BLAKE2b's time for one of 100 bytes. Both are libsodium's, which every distribution has.
#ifndef GV_NODE_SECURITY_AUTH_H
#define GV_NODE_SECURITY_AUTH_H

#include "../../codec/json.h"

enum {
    GV_AUTH_KEY = 32,     // bytes of a key
    GV_AUTH_MAC_MAX = 43, // most characters of a MAC, without quotes
    // What a MAC adds to a body, at the most, its name and quotes included.
    GV_AUTH_OVERHEAD = sizeof ",\"seal\":\"\"" - 1 + GV_AUTH_MAC_MAX,
};

// What is known of a peer's numbers, and of those sent to it.
struct gv_auth_peer {
    uint64_t next;        // to be sent
    uint64_t largest;     // that came; 0: none
    uint64_t window;      // of those below it: largest − 1 − i came if bit i is set
    gv_time announced_at; // when it was last to be told what is known of it; GV_TIME_NEVER: not yet
    bool announce;        // the next message to it does so
};

struct gv_auth {
    struct gv_alloc alloc;
    bool on;                    // there is a secret
    uint8_t key[GV_AUTH_KEY];   // of tags
    struct gv_auth_peer *peers; // by their numbers at the engine; NULL: not joined
    size_t count;
};

// The two ends of a message.
struct gv_auth_endpoints {
    int peer; // the one of them that is not this node
    struct gv_slice src, dest;
};

// A message that came: tokens of its body and, negative where there is none, of its MAC, a string.
struct gv_auth_message {
    struct gv_json *json;
    int body, mac;
};

enum gv_auth_status {
    GV_AUTH_VALID,
    GV_AUTH_DUPLICATE,  // it came before
    GV_AUTH_OLD,        // … or long before: repeated by somebody, or by a clock that was set back
    GV_AUTH_MISSING,    // no MAC
    GV_AUTH_INVALID,    // a MAC, but not that of this message under this secret
    GV_AUTH_UNEXPECTED, // a MAC, but no secret to check it by
};

// Derives the keys: digest[GV_AUTH_KEY] is that of the digests. GV_EIO: libsodium does not start.
int gv_auth_init(struct gv_auth *auth, struct gv_alloc alloc, struct gv_slice secret,
                 uint8_t *digest);
void gv_auth_fini(struct gv_auth *auth);

// Whether there is a secret.
static inline bool gv_auth_enabled(const struct gv_auth *auth) {
    return auth->on;
}

// The node is one of `count` from now on, which is so many nanoseconds since 1970; what was known
// of peers is forgotten. GV_ENOMEM. Nothing else allocates.
int gv_auth_join(struct gv_auth *auth, uint64_t wall_ns, size_t count);

// Appends a MAC to the next message on this way: `body` is its text, an object, which gets a member
// more. Returns the new length, at most GV_AUTH_OVERHEAD above the old one.
size_t gv_auth_append_mac(struct gv_auth *auth, struct gv_auth_endpoints endpoints, char *body,
                          size_t len);

// Judges a message that came this way, and notes its number if it is good. *len is its length
// without the MAC; scratch must be as long as its raw text.
enum gv_auth_status gv_auth_verify(struct gv_auth *auth, struct gv_auth_endpoints endpoints,
                                   const struct gv_auth_message *message, char *scratch, size_t cap,
                                   size_t *len);

// What to say behind "gossip from n1 ", a static text; NULL: nothing, for networks repeat messages.
const char *gv_auth_reason(enum gv_auth_status status);

// After GV_AUTH_OLD: has the next message to the peer say what is known of it. False: that was so
// less than a second ago, and repeating old messages shall cost no more.
bool gv_auth_announce(struct gv_auth *auth, gv_time now, int peer);

#endif
