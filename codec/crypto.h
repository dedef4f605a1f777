// SPDX-License-Identifier: MIT
// Little-endian words, comparison in constant time, and erasure of keys. Internal to codec/ and
// node/.
#ifndef GV_CODEC_CRYPTO_H
#define GV_CODEC_CRYPTO_H

#include "../merkle/base.h"

// The little-endian word at `data`, which need not be aligned. Compilers make one load of this.
static inline uint64_t gv_crypto_load64(const uint8_t *data) {
    return (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 |
           (uint64_t)data[3] << 24 | (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
           (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
}

// Writes the word in little-endian order.
static inline void gv_crypto_store64(uint8_t *out, uint64_t word) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, &word, 8); // compilers do not turn the loop into this
#else
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(word >> (8 * i));
#endif
}

// `count` must be 1 to 63.
static inline uint64_t gv_crypto_rotate_left(uint64_t word, unsigned count) {
    return word << count | word >> (64 - count);
}

// Whether the bytes are equal, in a time that depends only on `len`. The volatile writes keep
// compilers from leaving the loop early.
static inline bool gv_crypto_equal(const uint8_t *a, const uint8_t *b, size_t len) {
    volatile uint8_t differences = 0;
    for (size_t i = 0; i < len; i++) differences = (uint8_t)(differences | (a[i] ^ b[i]));
    return differences == 0;
}

// Sets the bytes to zero. A compiler may remove a memset of an object that is not read again, but
// not a write through a pointer to volatile. Copies in registers or on the stack may remain.
static inline void gv_crypto_wipe(void *data, size_t len) {
    volatile uint8_t *at = (volatile uint8_t *)data;
    for (size_t i = 0; i < len; i++) at[i] = 0;
}

#endif
