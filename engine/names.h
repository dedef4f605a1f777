// SPDX-License-Identifier: MIT
// The names of the cluster's nodes, sorted by their bytes. A node's number is the index of its
// name. Internal to engine/; does not know the engine.
#ifndef GV_ENGINE_NAMES_H
#define GV_ENGINE_NAMES_H

#include "../merkle/base.h"

// Zeroed, it has no names.
struct gv_names {
    uint8_t *text;  // the names in order, concatenated
    uint32_t *ends; // the end of each name, an offset in `text`
    size_t bytes;   // length of `text`
    uint32_t count;
};

// Copies `count` names, none of them empty, in any order. O(count log count). GV_EINVAL: a name is
// repeated. GV_ENOMEM. After an error the caller must still call gv_names_fini.
int gv_names_init(struct gv_names *names, struct gv_alloc alloc, const struct gv_slice *list,
                  size_t count);
void gv_names_fini(struct gv_names *names, struct gv_alloc alloc);

// The number of this name, by binary search. GV_ENOENT: no node has this name.
int gv_names_find(const struct gv_names *names, struct gv_slice name);
// The name of this number, which must exist; borrowed.
struct gv_slice gv_names_get(const struct gv_names *names, uint32_t number);

#endif
