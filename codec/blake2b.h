// SPDX-License-Identifier: MIT
// BLAKE2b, a cryptographic hash with an optional key (RFC 7693). It is only used to derive keys, so
// the implementation is short rather than fast. Internal to codec/.
//
// Branches and memory addresses depend on neither the key nor the content. The function erases its
// internal state before it returns, because the key could be recovered from that state.
#ifndef GV_CODEC_BLAKE2B_H
#define GV_CODEC_BLAKE2B_H

#include "../merkle/base.h"

enum { GV_BLAKE2B_KEY_MAX = 64, GV_BLAKE2B_LEN_MAX = 64 }; // bytes

// Writes the hash of `data` to `out`: `len` bytes, 1 to GV_BLAKE2B_LEN_MAX. `key` has at most
// GV_BLAKE2B_KEY_MAX bytes; without a key it is empty. `out` must not overlap `key` or `data`.
void gv_blake2b_compute(uint8_t *out, size_t len, struct gv_slice key, struct gv_slice data);

#endif
