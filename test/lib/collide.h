// SPDX-License-Identifier: MIT
// Pairs of different keys that share a position, which sync must distinguish.
#ifndef GV_TEST_LIB_COLLIDE_H
#define GV_TEST_LIB_COLLIDE_H

#include "../../engine/lattice.h"

enum { GV_COLLIDE_KEY_MAX = 160, GV_COLLIDE_SECRET_MAX = 24 };

// Two keys in canonical JSON.
struct gv_collide_pair {
    char keys[2][GV_COLLIDE_KEY_MAX];
};

// Writes a secret under which gv_collide_pair can construct any number of pairs of strings. One in
// a few hundred secrets is suitable; `number` selects one of these.
void gv_collide_secret(uint64_t number, char secret[GV_COLLIDE_SECRET_MAX]);

// The pair with this number. Pair 0 is the two largest 64-bit integers. The other pairs are of two
// kinds in turn: a float, array, object or string with the integer at its position; and two
// strings. Pairs of strings need the digest key of a gv_collide_secret, or the key without a
// secret, for which there are GV_COLLIDE_KNOWN pairs that repeat. Under other keys, pairs of the
// first kind replace them.
// GV_COLLIDE_KNOWN pairs that repeat; under other keys a pair of the other kinds takes their place.
enum { GV_COLLIDE_KNOWN = 16 };
void gv_collide_pair(const struct gv_digest_key *key, uint64_t number, struct gv_collide_pair *out);

#endif
