// SPDX-License-Identifier: MIT
// A verifier of LMDB's files, to run before LMDB opens one.
//
// LMDB trusts its file: with a damaged page it accesses memory out of bounds, aborts, or allocates
// a page twice. The verifier reads the file with pread(2) and checks everything that LMDB relies
// on: both meta pages, every page of every tree with its header, nodes and key order, overflow
// values, the free list, that no page is used twice, and all counts. Bytes that LMDB never reads
// may have any value. The visitor receives all records, so that the caller can check their
// checksum.
//
// Files have the format of LMDB 0.9 (data version 1; see mdb.c), on a machine with the same word
// size and byte order.
#ifndef GV_NODE_STORAGE_VERIFIER_H
#define GV_NODE_STORAGE_VERIFIER_H

#include "../../merkle/base.h"

// Receives each named database, in the order of names, and its records, in the order of keys.
// Slices are borrowed for the call.
struct gv_verifier_visitor {
    void (*database)(void *ctx, struct gv_slice name);
    void (*record)(void *ctx, struct gv_slice key, struct gv_slice value);
    void *ctx;
};

struct gv_verifier_damage {
    uint64_t at;      // offset in the file, bytes
    const char *what; // static text; NULL: no damage
};

// Verifies a file of `size` bytes; *txn becomes the number of its last transaction. GV_ENOENT: not
// a file of LMDB; GV_EVERSION: of another version; GV_ECORRUPT: damaged (*damage), and the visitor
// has received a part of it; GV_EIO: errno has the cause; GV_ENOMEM.
//
// Like LMDB, the verifier uses the younger of the two meta pages. Damage that makes it look older
// leaves a valid file without the last transaction; the caller has to detect that.
int gv_verifier_run(int fd, uint64_t size, const struct gv_verifier_visitor *visitor, uint64_t *txn,
                    struct gv_verifier_damage *damage);

// Whether LMDB's creation of a file of `size` bytes was interrupted: it is shorter than the two
// meta pages, and the first has no transaction.
bool gv_verifier_unfinished(int fd, uint64_t size);

#endif
