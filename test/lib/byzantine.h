// SPDX-License-Identifier: MIT
// A Byzantine peer. It generates well-formed messages from arbitrary bytes, with numbers that are
// right, nearly right, or extreme. It reads the state of the engine that it attacks.
#ifndef GV_TEST_LIB_BYZANTINE_H
#define GV_TEST_LIB_BYZANTINE_H

#include "../../engine/core.h"

// The bytes that determine the peer's choices; zeros follow them.
struct gv_byzantine {
    const uint8_t *data;
    size_t len;
};

uint8_t gv_byzantine_byte(struct gv_byzantine *byzantine);
// The next `len` bytes, or all that are left.
struct gv_slice gv_byzantine_bytes(struct gv_byzantine *byzantine, size_t len);

// Writes a message from the peer with this number to the engine, at most `cap` bytes; some bytes
// may be changed at random. Returns its length.
size_t gv_byzantine_message(struct gv_byzantine *byzantine, struct gv_engine *engine, int peer,
                            char *buf, size_t cap);

#endif
