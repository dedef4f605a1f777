// SPDX-License-Identifier: MIT
// A store (engine/store.h) in a directory, by LMDB: a copy-on-write B+tree in one file, which a
// crash at any moment leaves as the last transaction made it.
//
//   DIR/data.mdb          two databases: "entries", the records, and "meta", of which the value
//                         "head" (head.h) tells format, workload, number and hash sum of the
//                         records, and more
//   DIR/lock.mdb          LMDB's own
//   DIR/grapevine.journal batches on their way into data.mdb (journal.h), if they are synced
//   DIR/grapevine.lock    locked by the process that uses the directory
//
// A batch that is to be safe is appended to the journal, which takes one sync, and a thousand or so
// go on to data.mdb in one transaction, which takes two; at the latest at the end, or at the next
// start.
//
// Before LMDB is given a file all of it is read (pages.h) and compared with its sum; so one that is
// damaged, in another format or another workload's is refused, and left as it was. Other files in
// the directory are nobody's business.
#ifndef GV_NODE_STORE_LMDB_H
#define GV_NODE_STORE_LMDB_H

#include "../engine/store.h"

struct gv_store_lmdb;

struct gv_store_lmdb_config {
    const char *dir;      // made if it is not there, though not what leads to it
    const char *workload; // whose entries it keeps; at most GV_HEAD_WORKLOAD_MAX bytes
    bool sync;            // a write returns when it is on disk; else when the system has it
    bool whole;           // nothing leaves this node before it is written
    uint64_t incarnation; // a fresh one, should it be needed
};

// Opens the directory. GV_EFULL: another process uses it; GV_EINVAL: it is another workload's;
// GV_EVERSION: it is in another format; GV_ECORRUPT: it is damaged, or no store; GV_EIO: the system
// refuses; GV_ENOMEM. `fault` then says what is wrong, without the directory's name.
int gv_store_lmdb_open(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config,
                       char *fault, size_t fault_cap);

// Closes it. `whole`: all that has ever left this node has been written, so the next life may be
// the same incarnation. 0, or GV_EIO: that could not be noted, which costs a new incarnation only.
int gv_store_lmdb_close(struct gv_store_lmdb *lmdb, bool whole);

// The interface; borrowed, good until the close.
const struct gv_store *gv_store_lmdb_store(struct gv_store_lmdb *lmdb);

// The same as in the life before if the store certainly has all that this node has ever said; else
// the configured one.
uint64_t gv_store_lmdb_incarnation(const struct gv_store_lmdb *lmdb);

// Batches written since the start, each synced once if `sync`.
uint64_t gv_store_lmdb_commits(const struct gv_store_lmdb *lmdb);

// All of the above, for programs of which only some have a store: the rest need no LMDB then.
struct gv_store_lmdb_calls {
    int (*open)(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config, char *fault,
                size_t fault_cap);
    int (*close)(struct gv_store_lmdb *lmdb, bool whole);
    const struct gv_store *(*store)(struct gv_store_lmdb *lmdb);
    uint64_t (*incarnation)(const struct gv_store_lmdb *lmdb);
    uint64_t (*commits)(const struct gv_store_lmdb *lmdb);
};
extern const struct gv_store_lmdb_calls gv_store_lmdb_calls;

#endif
