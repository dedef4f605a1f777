// SPDX-License-Identifier: MIT
// A store (engine/store.h) in a directory, by LMDB: a copy-on-write B+tree in one file, which a
// crash at any moment leaves as the last transaction made it.
//
//   DIR/data.mdb          two databases: "entries", the records, and "meta", of which the value
//                         "head" (head.h) tells format, workload, number and hash sum of the
//                         records, and more
//   DIR/grapevine.journal batches on their way into data.mdb (journal.h), if they are synced
//   DIR/lock.mdb          LMDB's own, for programs that read data.mdb meanwhile
//   DIR/grapevine.lock    locked by the process that uses the directory; holds a witness
//   (witness.h)
//
// A batch that is to be safe is appended to the journal, which takes one sync, and a thousand or so
// go on to data.mdb in one transaction, which takes two; at the latest at the end, or at the next
// start.
//
// data.mdb and the journal vouch for each other: both tell the directory's identity, a random
// number, and the journal's epoch. Every life and every transaction of synced batches ends an
// epoch, in three steps: the journal's header announces the next one, data.mdb notes it, and the
// journal begins it. So a file that is missing, is an older copy of itself or another directory's
// is seen. Before anything is written, and before LMDB is given the file, all of both is read
// (pages.h) and compared with sums. What is damaged, in another format or another workload's is
// refused, and both files are left as they were; only a torn last frame of the journal is forgiven,
// unless the witness has seen it acknowledged.
//
// A directory is made in this order: data.mdb, the journal, the note in data.mdb that it is used,
// the witness; so one whose making was interrupted is told from one that lost a file, or both. A
// directory of version 0.1.0 is upgraded in one transaction, which takes its journal in, before the
// journal is replaced. Other files in the directory are nobody's business.
#ifndef GV_NODE_STORE_LMDB_H
#define GV_NODE_STORE_LMDB_H

#include "../engine/store.h"

struct gv_store_lmdb;

struct gv_store_lmdb_config {
    const char *dir;      // made if it is not there, though not what leads to it
    const char *workload; // whose entries it keeps; at most GV_HEAD_WORKLOAD_MAX bytes
    bool sync;            // a write returns when it is on disk; else when the system has it
    bool whole;           // nothing leaves this node before it is written
    uint64_t incarnation; // a fresh, random one, should it be needed
    // Where to write what an upgrade leaves out, a file that is not there yet; NULL: a directory
    // with entries that this version does not take is refused.
    const char *export;
};

// Opens the directory. GV_EFULL: another process uses it, or the disk is full and it holds nothing
// yet; GV_EINVAL: it is another workload's; GV_EVERSION: it is in another format; GV_ECORRUPT: it
// is damaged, or no store; GV_EIO: the system refuses; GV_ENOMEM. `fault` then says what is wrong,
// without the directory's name. It says so after a success, too, if the disk is full: what is there
// can be loaded, and writes fail with GV_EFULL until there is room; and if entries were left out,
// where they are. Else it is empty.
int gv_store_lmdb_open(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config,
                       char *fault, size_t fault_cap);

// Closes it. `whole`: all that has ever left this node has been written, so the next life may be
// the same incarnation. 0, or GV_EIO: that could not be noted, which costs a new incarnation only;
// what the journal holds stays there for the next life.
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
