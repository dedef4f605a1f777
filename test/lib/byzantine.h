// SPDX-License-Identifier: MIT
// A peer that lies: messages in good form, made after any bytes, with numbers that are true, nearly
// true, or as odd as they can be. It knows all that its victim knows.
#ifndef GV_TEST_LIB_BYZANTINE_H
#define GV_TEST_LIB_BYZANTINE_H

#include "../../engine/core.h"

// Bytes to take decisions by; zeros behind the end.
struct gv_byzantine {
    const uint8_t *data;
    size_t len;
};

uint8_t gv_byzantine_byte(struct gv_byzantine *byzantine);
// So many bytes, or what is left.
struct gv_slice gv_byzantine_bytes(struct gv_byzantine *byzantine, size_t len);

// Writes a message from the peer of this number to the engine, at most `cap` bytes, of which some
// may have been changed after it was made; returns its length.
size_t gv_byzantine_message(struct gv_byzantine *byzantine, struct gv_engine *engine, int peer,
                            char *buf, size_t cap);

#endif
