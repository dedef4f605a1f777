// SPDX-License-Identifier: MIT
// A store (engine/store.h) in a directory: LMDB, a copy-on-write B+tree in one file, behind a
// write-ahead journal. STORAGE.md describes its guarantees and the damage that it detects.
//
//   DIR/data.mdb           the databases "entries", the records, and "meta", the superblock
//                          (superblock.h)
//   DIR/grapevine.journal  batches that are not in data.mdb yet (journal.h), if writes are synced
//   DIR/grapevine.lock     locked by the process that uses the directory; has the watermark
//                          (watermark.h)
//   DIR/lock.mdb           LMDB's reader table, for other programs that read data.mdb
//
// A synced batch is appended to the journal as one frame, which needs one sync. When the journal is
// full, after about a thousand batches, one transaction moves them to data.mdb, which needs two
// syncs; so do the close and the next start.
//
// data.mdb and the journal identify each other: both have the directory's identity, a random
// number, and the epoch of the journal. Each start and each transaction that moves frames ends an
// epoch in three steps: the journal announces the next epoch, data.mdb records it, the journal
// begins it. So the store detects a file that is missing, is an older copy of itself, or belongs to
// another directory. Before anything is written, and before LMDB opens data.mdb, both files are
// read completely (verifier.h) and compared with checksums. Damage, another format or another
// workload is refused, and both files stay unchanged; only a torn last frame of the journal is
// discarded, unless the watermark shows that it was acknowledged.
//
// A directory is created in this order: data.mdb, the journal, the superblock's note that the
// journal is required, the watermark. So an interrupted creation differs from a loss of files. A
// directory of version 0.1.0 is upgraded by one transaction, which includes its journal's frames,
// before the journal is replaced. Other files in the directory are ignored.
#ifndef GV_NODE_STORAGE_STORE_LMDB_H
#define GV_NODE_STORAGE_STORE_LMDB_H

#include "../../engine/store.h"

struct gv_store_lmdb;

struct gv_store_lmdb_config {
    const char *dir;      // created if it does not exist; its parent must exist
    const char *workload; // owner of the entries; at most GV_SUPERBLOCK_WORKLOAD_MAX bytes
    bool sync;            // a write returns when it is synced; false: when it is in the page cache
    bool write_ahead;     // the node sends nothing that is not written yet
    uint64_t incarnation; // a random number, used if the last incarnation cannot be continued
    // Where an upgrade writes entries that this version does not accept, a file that does not
    // exist; NULL: it refuses a directory with such entries.
    const char *export;
};

// Opens the directory. GV_EFULL: another process uses it, or the disk is full and the directory is
// new; GV_EINVAL: it belongs to another workload; GV_EVERSION: it is in another format;
// GV_ECORRUPT: it is damaged, or not a store; GV_EIO: an error of the system; GV_ENOMEM. `reason`
// then describes the error, without the directory's name. After success it is empty or a warning:
// the disk is full, so entries can be loaded, but writes return GV_EFULL until there is space; or
// an upgrade has left entries out, and the warning names the file that has them.
int gv_store_lmdb_open(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config,
                       char *reason, size_t reason_cap);

// Closes the store; NULL is accepted. `all_persisted`: the store has everything that the node has
// sent, so the next start may continue the incarnation. GV_EIO: this could not be recorded, and the
// next start is a new incarnation; the journal keeps its frames.
int gv_store_lmdb_close(struct gv_store_lmdb *lmdb, bool all_persisted);

// The interface of engine/store.h; borrowed until the close.
const struct gv_store *gv_store_lmdb_store(struct gv_store_lmdb *lmdb);

// The last incarnation, if the store has everything that the node has sent; else the configured
// one.
uint64_t gv_store_lmdb_incarnation(const struct gv_store_lmdb *lmdb);

// Batches written since the store was opened.
uint64_t gv_store_lmdb_commits(const struct gv_store_lmdb *lmdb);

// These functions as pointers, so that programs without a store do not link LMDB.
struct gv_store_lmdb_ops {
    int (*open)(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config, char *reason,
                size_t reason_cap);
    int (*close)(struct gv_store_lmdb *lmdb, bool all_persisted);
    const struct gv_store *(*store)(struct gv_store_lmdb *lmdb);
    uint64_t (*incarnation)(const struct gv_store_lmdb *lmdb);
    uint64_t (*commits)(const struct gv_store_lmdb *lmdb);
};
extern const struct gv_store_lmdb_ops gv_store_lmdb_ops;

#endif
