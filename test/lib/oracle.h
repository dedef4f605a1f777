// SPDX-License-Identifier: MIT
// The hashes of libsodium, which tests and benchmarks compare with the hashes of codec/. Programs
// that are built on machines without libsodium do not link this file (GNUmakefile, PORT_TESTS).
#ifndef GV_TEST_LIB_ORACLE_H
#define GV_TEST_LIB_ORACLE_H

#include "../../merkle/base.h"

// As gv_siphash_compute.
void gv_oracle_siphash(uint8_t out[16], const uint8_t key[16], const void *data, size_t len);
// As gv_blake2b_compute, but `len` is at least 16, and the key is empty or has at least 16 bytes.
void gv_oracle_blake2b(uint8_t *out, size_t len, struct gv_slice key, struct gv_slice data);

#endif
