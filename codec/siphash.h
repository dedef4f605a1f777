// SPDX-License-Identifier: MIT
// SipHash-2-4 with a 128-bit result: a message authentication code for short messages. J.-P.
// Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012, section 2; the
// 128-bit result follows the authors' reference implementation. Internal to codec/.
//
// No branch and no address depends on the key or on the content.
#ifndef GV_CODEC_SIPHASH_H
#define GV_CODEC_SIPHASH_H

#include "../merkle/base.h"

enum { GV_SIPHASH_KEY = 16, GV_SIPHASH_LEN = 16 }; // bytes

// Computes the hash of `len` bytes. `data` may be NULL if `len` is 0.
void gv_siphash_compute(uint8_t out[GV_SIPHASH_LEN], const uint8_t key[GV_SIPHASH_KEY],
                        const void *data, size_t len);

#endif
