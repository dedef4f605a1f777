// SPDX-License-Identifier: MIT
// A node's disk in virtual mode: a store (engine/store.h) in memory that outlives the node, with
// what a crash does to a disk. A transaction is all there or not at all, as with LMDB.
//
// The process may die: the system has what was written, and writes it. Or the machine: what was
// not synced is gone, from some transaction on. A write under way at that moment may have been
// made or not.
#ifndef GV_SIM_CORE_DISK_H
#define GV_SIM_CORE_DISK_H

#include "../../engine/prng.h"
#include "../../engine/store.h"

enum { GV_DISK_FLUSH_MS = 5000 }; // the system syncs by itself what is so old

enum gv_disk_kind { // what a node promises by an acknowledgement; see node/options.h
    GV_DISK_ABSENT,
    GV_DISK_SYNC,  // that the write is synced
    GV_DISK_ASYNC, // nothing yet; it is synced soon
    GV_DISK_NONE,  // that the system has it
};

enum gv_disk_crash {
    GV_DISK_KEPT, // the process dies
    GV_DISK_TORN, // the machine dies
    GV_DISK_WIPED // … and the disk with it
};

struct gv_disk {
    struct gv_store store; // for the node; good until gv_disk_fini
    enum gv_disk_kind kind;
    struct gv_prng prng;
    struct gv_disk_record {
        uint8_t *bytes; // the key, and the value behind it
        uint32_t key_len, value_len;
    } * records; // in the order of their keys
    size_t len, cap;
    struct gv_disk_transaction { // written, not synced
        uint8_t *data;
        size_t len;
        uint32_t count;
        gv_time at;
    } * pending;
    size_t pending_len, pending_cap;
    gv_time now;           // of the next write; the caller sets it
    uint64_t writes, lost; // transactions, ever
};

// Ends the process if there is no memory, as all of it does here.
void gv_disk_init(struct gv_disk *disk, enum gv_disk_kind kind, uint64_t seed, uint64_t stream);
void gv_disk_fini(struct gv_disk *disk);

// The node goes down, while this batch (NULL: none) was being written.
void gv_disk_crash(struct gv_disk *disk, enum gv_disk_crash crash,
                   const struct gv_store_batch *under_way);

// What a node finds at its next start under this key, if it were now; false: nothing.
bool gv_disk_find(const struct gv_disk *disk, struct gv_slice key, struct gv_slice *value);

#endif
