// SPDX-License-Identifier: MIT
// Assigns numbers to texts: 0 to the first text added, 1 to the next, and so on. Texts are never
// removed.
#ifndef GV_SIM_CORE_INTERNER_H
#define GV_SIM_CORE_INTERNER_H

#include "../../merkle/digest.h"

struct gv_interner_text {
    char *bytes; // owned
    size_t len;
    uint64_t hash;
};

struct gv_interner {
    struct gv_digest_key key;
    struct gv_interner_text *texts; // by number
    size_t len, texts_cap;
    uint32_t *slots;  // hash table with open addressing: number + 1 of a text; 0: free
    size_t slots_cap; // a power of two
};

void gv_interner_init(struct gv_interner *interner);
void gv_interner_fini(struct gv_interner *interner);

// The number of a text. GV_ENOENT: the text was not added.
int64_t gv_interner_find(const struct gv_interner *interner, struct gv_slice text);

// Adds a copy of a text if it is new, and returns its number. At most 2^31 texts can be added.
uint32_t gv_interner_add(struct gv_interner *interner, struct gv_slice text);

#endif
