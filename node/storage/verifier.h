// SPDX-License-Identifier: MIT
// A look at a file of LMDB's that believes nothing it says.
//
// LMDB trusts its file: where a page is damaged it reads and writes beyond its memory, aborts, or
// hands a page out twice. So everything it goes by is read here first, by plain reads into memory
// of this program's: both meta pages, every page of every tree with its header, its nodes and the
// order of its keys, overflow values, the list of free pages, and all the counts. What LMDB never
// looks at may be anything. That the contents are what was written, the caller sees, who is shown
// all of them.
//
// The format is the one of LMDB 0.9 (data version 1), as its source, mdb.c, describes it, of a
// machine with the same word size and byte order.
#ifndef GV_NODE_STORAGE_VERIFIER_H
#define GV_NODE_STORAGE_VERIFIER_H

#include "../../merkle/base.h"

// Told of each named database, in the order of names, and of its records, in the order of keys.
// All slices are borrowed for the call.
struct gv_verifier_visitor {
    void (*database)(void *ctx, struct gv_slice name);
    void (*record)(void *ctx, struct gv_slice key, struct gv_slice value);
    void *ctx;
};

// What is wrong with the file, and where.
struct gv_verifier_damage {
    uint64_t at;      // byte
    const char *what; // static text; NULL: nothing
};

// Reads a file of `size` bytes; *txn becomes the number of its last transaction. GV_ENOENT: it is
// none of LMDB's; GV_EVERSION: one of another version; GV_ECORRUPT: damaged, and only part of it
// was shown, and *damage says what is wrong; GV_EIO: the system cannot read it; GV_ENOMEM.
//
// Of the file's two meta pages the younger one counts, as it does to LMDB. If what is damaged makes
// it the older one, that is a good file of one transaction less: the caller has to see that.
int gv_verifier_run(int fd, uint64_t size, const struct gv_verifier_visitor *visitor, uint64_t *txn,
                    struct gv_verifier_damage *damage);

// Whether a file of `size` bytes is one that LMDB had begun to make when it was interrupted: less
// than its two meta pages, and no transaction in the first.
bool gv_verifier_unfinished(int fd, uint64_t size);

#endif
