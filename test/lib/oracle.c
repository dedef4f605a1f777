// SPDX-License-Identifier: MIT
#include "oracle.h"

#include <sodium.h>

void gv_oracle_siphash(uint8_t out[16], const uint8_t key[16], const void *data, size_t len) {
    int error = crypto_shorthash_siphashx24(out, data, len, key);
    GV_ASSERT(error == 0);
}

void gv_oracle_blake2b(uint8_t *out, size_t len, struct gv_slice key, struct gv_slice data) {
    int error = sodium_init() < 0
                    ? -1
                    : crypto_generichash(out, len, data.data, data.len, key.data, key.len);
    GV_ASSERT(error == 0);
}
