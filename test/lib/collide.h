// SPDX-License-Identifier: MIT
// Pairs of different keys that share a position: what sync must not take for one entry.
#ifndef GV_TEST_LIB_COLLIDE_H
#define GV_TEST_LIB_COLLIDE_H

#include "../../engine/lattice.h"

enum { GV_COLLIDE_KEY_MAX = 160, GV_COLLIDE_SECRET_MAX = 24 };

// Two canonical texts.
struct gv_collide_pair {
    char keys[2][GV_COLLIDE_KEY_MAX];
};

// Writes a secret under which gv_collide_pair makes as many pairs of strings as are asked for; of
// the secrets that a number makes, one in some hundreds is of this kind.
void gv_collide_secret(uint64_t number, char secret[GV_COLLIDE_SECRET_MAX]);

// The pair of this number: pair 0 is of the two largest 64-bit integers; the others are, in turn,
// of a string, a float, an array or an object and the integer at its position, and of two strings.
// Under a digest key that is neither of no secret nor of gv_collide_secret, other pairs stand for
// the latter. Without a secret there are GV_COLLIDE_KNOWN pairs of strings, which then come again.
enum { GV_COLLIDE_KNOWN = 16 };
void gv_collide_pair(const struct gv_digest_key *key, uint64_t number, struct gv_collide_pair *out);

#endif
