// SPDX-License-Identifier: MIT
// The JSON values that clients add to a set, numbered 0, 1, 2, …:
//   integers   the numbers themselves, as in Maelstrom
//   mixed      values that an implementation may confuse: small and negative integers, integers
//              near the limits of 64 bits and beyond, numbers with a fraction or an exponent, short
//              and long strings, several scripts, arrays, objects, and integers that share the
//              previous value's position in the order of keys (merkle/)
#ifndef GV_SIM_CORE_KEYS_H
#define GV_SIM_CORE_KEYS_H

#include "../../engine/lattice.h"
#include "../../engine/prng.h"

enum gv_keys_kind { GV_KEYS_INTEGERS, GV_KEYS_MIXED };

enum { GV_KEYS_TEXT_MAX = 400 }; // longest text with its NUL, bytes

struct gv_keys {
    enum gv_keys_kind kind;
    struct gv_prng prng;
    struct gv_digest_key digest_key; // the key of the nodes' digests
    // Mixed: canonical texts by number, and an open hash table of numbers plus 1.
    char **texts;
    size_t count, cap;
    uint32_t *table;
    size_t slots; // a power of two, or 0
};

// Equal kind, seed and digest key produce equal values. `digest_key` is copied; NULL: the key
// without a secret.
void gv_keys_init(struct gv_keys *keys, enum gv_keys_kind kind, uint64_t seed,
                  const struct gv_digest_key *digest_key);
void gv_keys_fini(struct gv_keys *keys);

// The canonical text of a value, in buf or borrowed from `keys`. Mixed: `number` is at most one
// above the largest of earlier calls, since each value is generated at its first call.
const char *gv_keys_text(struct gv_keys *keys, int64_t number, char buf[GV_KEYS_TEXT_MAX]);

// A generated value for an error message: one line, escaped and truncated. `keys` NULL: integers.
enum { GV_KEYS_LABEL_MAX = 48 };
const char *gv_keys_label(const struct gv_keys *keys, int64_t number, char buf[GV_KEYS_LABEL_MAX]);

// The integer that a text of 1 to 18 decimal digits without leading zeros represents; -1: it is not
// such a text.
int64_t gv_keys_number(struct gv_slice text);

// The number of the generated value with this canonical text; -1: there is none.
int64_t gv_keys_find(const struct gv_keys *keys, struct gv_slice text);

#endif
