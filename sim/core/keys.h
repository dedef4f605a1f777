// SPDX-License-Identifier: MIT
// The JSON values that clients add to a set: the value of number 0, 1, 2, … of a load.
//
// `integers` are the numbers themselves, as Maelstrom's. `mixed` are of every kind that a node may
// take for another: small and negative integers, the extremes of 64 bits and their neighbours,
// longer integers, numbers with a fraction or an exponent, strings short and long, other scripts,
// arrays, objects, and integers that share a position with the value before them.
#ifndef GV_SIM_CORE_KEYS_H
#define GV_SIM_CORE_KEYS_H

#include "../../engine/lattice.h"
#include "../../engine/prng.h"

enum gv_keys_kind { GV_KEYS_INTEGERS, GV_KEYS_MIXED, GV_KEYS_KINDS };

enum { GV_KEYS_TEXT_MAX = 400 }; // longest text with its NUL, bytes

struct gv_keys {
    enum gv_keys_kind kind;
    struct gv_prng prng;
    struct gv_digest_key digest_key; // of the nodes' digests
    // Mixed: the canonical texts by number, and an open hash table of numbers plus one.
    char **texts;
    size_t count, cap;
    uint32_t *table;
    size_t slots; // a power of two, or 0
};

// Same kind, seed and digest key: same values. `digest_key` is copied; NULL: that of no secret.
void gv_keys_init(struct gv_keys *keys, enum gv_keys_kind kind, uint64_t seed,
                  const struct gv_digest_key *digest_key);
void gv_keys_fini(struct gv_keys *keys);

// The canonical text of a number's value, in buf or borrowed from `keys`. Mixed: the number is at
// most one above the largest asked for so far.
const char *gv_keys_text(struct gv_keys *keys, int64_t number, char buf[GV_KEYS_TEXT_MAX]);

// The value of a number that was made, for a person: one line, cut where it is long. NULL for
// `keys`: integers.
enum { GV_KEYS_LABEL_MAX = 48 };
const char *gv_keys_label(const struct gv_keys *keys, int64_t number, char buf[GV_KEYS_LABEL_MAX]);

// The number whose value has this canonical text; -1: there is none, as far as values were made.
int64_t gv_keys_find(const struct gv_keys *keys, struct gv_slice text);

// "integers", "mixed".
const char *gv_keys_name(enum gv_keys_kind kind);

#endif
