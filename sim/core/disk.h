// SPDX-License-Identifier: MIT
// A node's disk in a simulation: a store (engine/store.h) in memory that outlives the node, and the
// effects of a crash on it. Transactions are atomic, as with LMDB.
//
// If the process dies, the operating system still writes what the process wrote. If the machine
// dies, a random number of the latest unsynced transactions is lost. A write in progress at that
// moment may or may not take effect.
#ifndef GV_SIM_CORE_DISK_H
#define GV_SIM_CORE_DISK_H

#include "../../engine/prng.h"
#include "../../engine/store.h"

enum { GV_DISK_FLUSH_MS = 5000 }; // the operating system syncs transactions of this age

enum gv_disk_kind { // what an acknowledgement means; see node/options.h
    GV_DISK_ABSENT,
    GV_DISK_SYNC,  // the write is synced
    GV_DISK_ASYNC, // no guarantee; the write is synced soon
    GV_DISK_NONE,  // the operating system has the write; it syncs it after GV_DISK_FLUSH_MS
};

enum gv_disk_crash {
    GV_DISK_KEPT, // the process crashes: all writes are kept
    GV_DISK_TORN, // the machine crashes: unsynced writes may be lost
    GV_DISK_WIPED // the machine crashes, and its disk is lost
};

struct gv_disk {
    struct gv_store store; // the store to give to the node; valid until gv_disk_fini
    enum gv_disk_kind kind;
    struct gv_prng prng;
    struct gv_disk_record {
        uint8_t *bytes; // the key, followed by the value
        uint32_t key_len, value_len;
    } * records; // ordered by key
    size_t len, cap;
    struct gv_disk_transaction { // not synced
        uint8_t *data;
        size_t len;
        uint32_t count;
        gv_time at;
    } * pending;
    size_t pending_len, pending_cap;
    gv_time now;           // time of the next write; the caller sets it
    uint64_t writes, lost; // transactions written; transactions lost in crashes
};

// Ends the process if there is no memory, as do all functions of this file.
void gv_disk_init(struct gv_disk *disk, enum gv_disk_kind kind, uint64_t seed, uint64_t stream);
void gv_disk_fini(struct gv_disk *disk);

// Crashes the node while this batch is being written (NULL: none).
void gv_disk_crash(struct gv_disk *disk, enum gv_disk_crash crash,
                   const struct gv_store_batch *under_way);

// The value that a node would find under this key if it started now. False: there is none.
bool gv_disk_find(const struct gv_disk *disk, struct gv_slice key, struct gv_slice *value);

#endif
