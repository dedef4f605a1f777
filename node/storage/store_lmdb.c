// SPDX-License-Identifier: MIT
#include "store_lmdb.h"

#include "../../codec/entry.h"
#include "../../engine/record.h"
#include "file.h"
#include "journal.h"
#include "superblock.h"
#include "verifier.h"
#include "watermark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_CAP = 4096,
    NAME_CAP = 32, // a slash, and the name of a file
    TEXT_CAP = 256,
    MAP_FIRST = 16 << 20,    // first size of the memory map, bytes; doubled when full
    LOCK_SIZE = 16 << 10,    // largest size of LMDB's lock file, bytes
    TXN_OVERHEAD_PAGES = 16, // pages of a transaction of one record, at most
};

static const char DATA[] = "data.mdb", DATA_NEW[] = "data.mdb.new", JOURNAL[] = "grapevine.journal",
                  LOCK[] = "grapevine.lock";

struct gv_store_lmdb {
    struct gv_store store;
    struct gv_digest_key hash;
    char dir[PATH_CAP - NAME_CAP];
    char workload[GV_SUPERBLOCK_WORKLOAD_MAX + 1];
    unsigned flags;
    int lock; // the file descriptor of grapevine.lock
    MDB_env *env;
    MDB_dbi meta, entries;
    size_t map;
    struct gv_journal journal;
    bool journaled;     // batches go to the journal first
    uint64_t directory; // identity of the directory
    uint64_t epoch;     // epoch recorded in data.mdb
    bool legacy;        // data.mdb is in the legacy format
    bool ready;         // this incarnation is recorded, and batches can be written
    bool write_ahead;   // see gv_store_lmdb_config
    uint64_t incarnation, commits;
    const char *export;      // file for the entries that an upgrade leaves out
    uint64_t left_out;       // number of entries left out
    bool failed;             // the last write failed
    size_t journal_shortage; // longest batch not appended since the last success, bytes
    size_t disk_shortage;    // largest number of bytes that a failed transaction needed since then
    char text[TEXT_CAP];     // describes the last failure
};

// ---- LMDB's values ------------------------------------------------------------------------------

// LMDB reads keys and values through a pointer without const.
static MDB_val to_val(struct gv_slice slice) {
    return (MDB_val){slice.len, (void *)(uintptr_t)slice.data};
}

static struct gv_slice to_slice(MDB_val value) {
    return (struct gv_slice){value.mv_data, value.mv_size};
}

static MDB_val superblock_key(void) {
    return to_val(gv_slice_text("head"));
}

static int get_superblock(struct gv_store_lmdb *lmdb, MDB_txn *txn,
                          struct gv_superblock *superblock) {
    MDB_val key = superblock_key(), value;
    int error = mdb_get(txn, lmdb->meta, &key, &value);
    if (error != 0) return error;
    return gv_superblock_read(superblock, &lmdb->hash, to_slice(value)) == 0 ? 0 : MDB_CORRUPTED;
}

static int put_superblock(struct gv_store_lmdb *lmdb, MDB_txn *txn,
                          struct gv_superblock *superblock) {
    uint8_t bytes[GV_SUPERBLOCK_MAX];
    superblock->txn = mdb_txn_id(txn);
    MDB_val key = superblock_key(),
            value = {gv_superblock_write(superblock, &lmdb->hash, bytes), bytes};
    return mdb_put(txn, lmdb->meta, &key, &value, 0);
}

static int end(MDB_txn *txn, int error) {
    if (error == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

// ---- The files ----------------------------------------------------------------------------------

GV_PRINTF(3, 4)
static int explain(struct gv_store_lmdb *lmdb, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(lmdb->text, sizeof lmdb->text, format, arguments);
    va_end(arguments);
    return error;
}

static int fail(struct gv_store_lmdb *lmdb, const char *what, int error) {
    return explain(lmdb, gv_file_error(error), "%s: %s", what, mdb_strerror(error));
}

static void path_of(const struct gv_store_lmdb *lmdb, const char *name, char *path) {
    int len = snprintf(path, PATH_CAP, "%s/%s", lmdb->dir, name);
    GV_ASSERT(len > 0 && len < PATH_CAP);
}

// Only one process may use the directory; LMDB itself allows several.
static int lock_directory(struct gv_store_lmdb *lmdb) {
    char path[PATH_CAP];
    path_of(lmdb, LOCK, path);
    lmdb->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lmdb->lock < 0) return fail(lmdb, errno == ENOTDIR ? "open" : LOCK, errno);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lmdb->lock, F_SETLK, &lock) == 0) return 0;
    if (errno != EACCES && errno != EAGAIN) return fail(lmdb, LOCK, errno);
    return explain(lmdb, GV_EFULL, "another process uses it");
}

// Makes a new file's name durable. Returns 0, also on systems that cannot sync a directory, or an
// errno.
static int sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
    close(fd);
    return error;
}

// Opens LMDB at a path: a directory, or with MDB_NOSUBDIR a file.
static int open_env(struct gv_store_lmdb *lmdb, const char *path, unsigned flags) {
    int error = mdb_env_create(&lmdb->env);
    if (error != 0) return fail(lmdb, "open", error);
    mdb_env_set_maxdbs(lmdb->env, 2);
    mdb_env_set_mapsize(lmdb->env, lmdb->map);
    error = mdb_env_open(lmdb->env, path, lmdb->flags | MDB_NOTLS | flags, 0644);
    if (error == 0) return 0;
    mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    return fail(lmdb, DATA, error);
}

// Allocates LMDB's lock file: on a full disk LMDB's writes to its mapping would raise SIGBUS.
// Returns 0 or an errno.
static int reserve_lock(const struct gv_store_lmdb *lmdb) {
    char path[PATH_CAP];
    path_of(lmdb, "lock.mdb", path);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return errno;
    int error = posix_fallocate(fd, 0, LOCK_SIZE);
    close(fd);
    return error == ENOSPC || error == EFBIG || error == EDQUOT ? error : 0;
}

// On a full disk LMDB runs without its lock file, which only other programs that read data.mdb
// need.
static int open_data_file(struct gv_store_lmdb *lmdb) {
    int error = reserve_lock(lmdb);
    if (error != 0 && gv_file_error(error) != GV_EFULL) return fail(lmdb, "lock.mdb", error);
    return open_env(lmdb, lmdb->dir, error == 0 ? 0 : MDB_NOLOCK);
}

// Opens both databases; with `first`, creates them with this superblock.
static int open_databases(struct gv_store_lmdb *lmdb, struct gv_superblock *first) {
    MDB_txn *txn;
    unsigned create = first != NULL ? MDB_CREATE : 0;
    int error = mdb_txn_begin(lmdb->env, NULL, first != NULL ? 0 : MDB_RDONLY, &txn);
    if (error != 0) return error;
    error = mdb_dbi_open(txn, "meta", create, &lmdb->meta);
    if (error == 0) error = mdb_dbi_open(txn, "entries", create, &lmdb->entries);
    if (error == 0 && first != NULL) error = put_superblock(lmdb, txn, first);
    return end(txn, error);
}

// ---- The interface ------------------------------------------------------------------------------

static const char *text(void *ctx) {
    const struct gv_store_lmdb *lmdb = ctx;
    return lmdb->text;
}

static int load_file(struct gv_store_lmdb *lmdb,
                     int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    MDB_txn *txn;
    MDB_cursor *cursor;
    int error = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn);
    if (error != 0) return fail(lmdb, "load", error);
    error = mdb_cursor_open(txn, lmdb->entries, &cursor);
    if (error != 0) {
        mdb_txn_abort(txn);
        return fail(lmdb, "load", error);
    }
    MDB_val key, value;
    int taken = 0;
    while (taken == 0 && (error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        struct gv_store_record record = {{key.mv_data, key.mv_size},
                                         {value.mv_data, value.mv_size}};
        taken = take(take_ctx, &record);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    if (taken != 0) return explain(lmdb, taken, "load: %s", gv_base_error(taken));
    return error == MDB_NOTFOUND ? 0 : fail(lmdb, "load", error);
}

static int put(struct gv_store_lmdb *lmdb, MDB_txn *txn, const struct gv_store_record *record,
               struct gv_superblock_checksum *checksum) {
    MDB_val key = to_val(record->key), value = to_val(record->value), held = value;
    int error = mdb_put(txn, lmdb->entries, &key, &held, MDB_NOOVERWRITE);
    uint64_t fresh = gv_superblock_record_hash(&lmdb->hash, record->key, record->value);
    if (error == 0) {
        checksum->count++;
        checksum->sum += fresh;
    }
    if (error != MDB_KEYEXIST) return error;
    uint64_t previous = gv_superblock_record_hash(&lmdb->hash, record->key, to_slice(held));
    if (previous == fresh) return 0;
    checksum->sum += fresh - previous;
    return mdb_put(txn, lmdb->entries, &key, &value, 0);
}

static int put_all(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_slice records,
                   struct gv_superblock_checksum *checksum) {
    struct gv_store_record record;
    int error = 0;
    for (size_t at = 0; error == 0 && gv_record_next(records, &at, &record);)
        error = put(lmdb, txn, &record, checksum);
    return error;
}

// Whether a frame's content is a list of records. Its valid hash does not show that, since the hash
// is not keyed by a secret.
static bool is_batch(struct gv_slice bytes) {
    for (size_t at = 0; at < bytes.len;) {
        uint32_t lengths[2];
        if (bytes.len - at < sizeof lengths) return false;
        memcpy(lengths, bytes.data + at, sizeof lengths);
        at += sizeof lengths;
        if (lengths[0] == 0 || lengths[0] > GV_STORE_KEY_MAX) return false;
        if ((uint64_t)lengths[0] + lengths[1] > bytes.len - at) return false;
        at += (size_t)lengths[0] + lengths[1];
    }
    return true;
}

struct replay {
    struct gv_store_lmdb *lmdb;
    MDB_txn *txn;
    struct gv_superblock_checksum *checksum;
    int error; // an error of LMDB
};

static int replay_batch(void *ctx, struct gv_slice bytes) {
    struct replay *replay = ctx;
    replay->error = put_all(replay->lmdb, replay->txn, bytes, replay->checksum);
    return replay->error == 0 ? 0 : GV_EIO;
}

// Converts an error of the journal to a code for mdb_strerror.
static int journal_errno(int error) {
    if (error == GV_ENOMEM) return ENOMEM;
    if (error == GV_ECORRUPT) return MDB_CORRUPTED;
    return error == 0 ? 0 : errno;
}

static int replay_journal(struct gv_store_lmdb *lmdb, MDB_txn *txn,
                          struct gv_superblock *superblock) {
    struct replay replay = {lmdb, txn, &superblock->checksum, 0};
    int error = gv_journal_read(&lmdb->journal, replay_batch, &replay);
    return replay.error != 0 ? replay.error : journal_errno(error);
}

// What a transaction does before it puts a batch.
enum step {
    NOTHING,
    END_EPOCH, // moves the journal's frames first, and records the next epoch
    UPGRADE,   // the same with a legacy journal or none, and changes the format
};

// Puts the journal's frames into data.mdb, and records the next epoch.
static int end_epoch(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_superblock *superblock) {
    struct gv_journal_state state = gv_journal_state(&lmdb->journal);
    // A transaction that returned an error may have been committed.
    if (state.prepared && superblock->epoch == state.epoch + 1) gv_journal_begin(&lmdb->journal);
    if (superblock->epoch != gv_journal_state(&lmdb->journal).epoch) return MDB_CORRUPTED;
    int error = journal_errno(gv_journal_prepare(&lmdb->journal));
    if (error == 0) error = replay_journal(lmdb, txn, superblock);
    superblock->epoch++;
    superblock->journal = GV_SUPERBLOCK_JOURNAL_REQUIRED;
    if (lmdb->ready) return error;
    superblock->all_persisted = lmdb->write_ahead;
    superblock->incarnation = lmdb->incarnation;
    return error;
}

static int leave_out(struct gv_store_lmdb *lmdb, MDB_txn *txn,
                     struct gv_superblock_checksum *checksum) {
    MDB_cursor *cursor;
    MDB_val key, value;
    uint8_t *scratch = malloc(GV_STORE_SCRATCH);
    if (scratch == NULL) return ENOMEM;
    int error = mdb_cursor_open(txn, lmdb->entries, &cursor), failed = 0;
    while (error == 0 && (error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        const struct gv_store_record record = {to_slice(key), to_slice(value)};
        struct gv_entry entry;
        if (gv_store_decode(&record, scratch, &entry) == 0) continue;
        checksum->count--;
        checksum->sum -= gv_superblock_record_hash(&lmdb->hash, record.key, record.value);
        error = failed = mdb_cursor_del(cursor, 0);
    }
    free(scratch);
    if (error == MDB_NOTFOUND && failed == 0) error = 0;
    return error; // the end of the transaction closes the cursor
}

static int upgrade(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_superblock *superblock) {
    if (superblock->format == GV_SUPERBLOCK_FORMAT)
        return 0; // done by a transaction that was committed but returned an error
    int error = gv_journal_state(&lmdb->journal).open ? replay_journal(lmdb, txn, superblock) : 0;
    if (error == 0 && lmdb->left_out > 0) error = leave_out(lmdb, txn, &superblock->checksum);
    superblock->format = GV_SUPERBLOCK_FORMAT;
    superblock->directory = lmdb->directory;
    superblock->journal = GV_SUPERBLOCK_JOURNAL_OBSOLETE;
    superblock->epoch++;
    return error;
}

// Runs one transaction, with a batch unless that is NULL; returns an error of LMDB.
static int write_once(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch,
                      enum step step) {
    MDB_txn *txn;
    int error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return error;
    struct gv_superblock superblock = {0};
    // The superblock is read again, since a transaction that returned an error may have been
    // committed.
    error = get_superblock(lmdb, txn, &superblock);
    if (error == 0 && step == END_EPOCH) error = end_epoch(lmdb, txn, &superblock);
    if (error == 0 && step == UPGRADE) error = upgrade(lmdb, txn, &superblock);
    if (error == 0 && batch != NULL)
        error =
            put_all(lmdb, txn, (struct gv_slice){batch->data, batch->len}, &superblock.checksum);
    if (error == 0) error = put_superblock(lmdb, txn, &superblock);
    error = end(txn, error);
    if (error == 0) lmdb->epoch = superblock.epoch;
    // The next step requires this transaction to be durable.
    if (error == 0 && step != NOTHING) error = mdb_env_sync(lmdb->env, 1);
    return error;
}

// After a failed write of a meta page LMDB returns MDB_PANIC until it is opened again.
static int reopen(struct gv_store_lmdb *lmdb) {
    if (lmdb->env != NULL) mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    int error = open_data_file(lmdb);
    if (error != 0) return error;
    int failed = open_databases(lmdb, NULL);
    return failed == 0 ? 0 : fail(lmdb, "open", failed);
}

// An upper estimate of the bytes that a transaction needs on disk: each record may copy a page of
// its own, and new pages are half full.
static size_t estimate(const struct gv_store_batch *batch, const MDB_envinfo *info,
                       const MDB_stat *stat) {
    size_t pages = info->me_last_pgno + 1;
    if (pages > batch->count) pages = batch->count;
    return 2 * batch->len + (pages + TXN_OVERHEAD_PAGES) * stat->ms_psize;
}

// Allocates these bytes of the file. Returns 0, or an errno if the disk is full.
static int reserve_space(struct gv_store_lmdb *lmdb, off_t at, size_t len) {
    int fd;
    int error = mdb_env_get_fd(lmdb->env, &fd);
    if (error == 0) error = posix_fallocate(fd, at, (off_t)len);
    bool full = error == ENOSPC || error == EFBIG || error == EDQUOT;
    return full ? error : 0;
}

// Records the space that a failed transaction needed, and finds its cause: LMDB returns EIO for a
// short write, but allocating the next page returns the system's error.
static int explain_failure(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch,
                           int error) {
    MDB_envinfo info;
    MDB_stat stat_of;
    struct stat file;
    int fd;
    if (mdb_env_info(lmdb->env, &info) != 0 || mdb_env_stat(lmdb->env, &stat_of) != 0) return error;
    size_t disk_shortage =
        batch != NULL ? estimate(batch, &info, &stat_of) : 0; // frames stay in the journal
    if (lmdb->disk_shortage < disk_shortage) lmdb->disk_shortage = disk_shortage;
    if (error != EIO || mdb_env_get_fd(lmdb->env, &fd) != 0 || fstat(fd, &file) != 0) return error;
    int cause = reserve_space(lmdb, file.st_size, stat_of.ms_psize);
    return cause != 0 ? cause : error;
}

static void save_watermark(const struct gv_store_lmdb *lmdb) {
    struct gv_journal_state journal = gv_journal_state(&lmdb->journal);
    const struct gv_watermark watermark = {lmdb->directory, journal.epoch, journal.number};
    gv_watermark_write(lmdb->lock, &lmdb->hash, &watermark);
}

static int write_through(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch,
                         enum step step) {
    int error = lmdb->env != NULL ? write_once(lmdb, batch, step) : MDB_PANIC;
    while (error == MDB_MAP_FULL) {
        int grown = mdb_env_set_mapsize(lmdb->env, lmdb->map * 2);
        if (grown != 0) return fail(lmdb, "write", grown);
        lmdb->map *= 2;
        error = write_once(lmdb, batch, step);
    }
    if (error == MDB_PANIC) {
        error = reopen(lmdb);
        if (error != 0) return error;
        error = write_once(lmdb, batch, step);
    }
    if (error != 0) return fail(lmdb, "write", explain_failure(lmdb, batch, error));
    if (step != END_EPOCH) return 0;
    gv_journal_begin(&lmdb->journal);
    save_watermark(lmdb);
    return 0;
}

// Moves the journal's frames into data.mdb.
static int empty_journal(struct gv_store_lmdb *lmdb) {
    struct gv_journal_state journal = gv_journal_state(&lmdb->journal);
    bool any = journal.number > 0 || journal.prepared;
    return any ? write_through(lmdb, NULL, END_EPOCH) : 0;
}

static int make_journal(struct gv_store_lmdb *lmdb) {
    char path[PATH_CAP];
    path_of(lmdb, JOURNAL, path);
    int error = gv_journal_make(&lmdb->journal, path, lmdb->directory, lmdb->epoch);
    if (error != 0) return fail(lmdb, JOURNAL, journal_errno(error));
    error = sync_directory(lmdb->dir);
    if (error == 0) return 0;
    gv_journal_close(&lmdb->journal);
    return fail(lmdb, "sync", error);
}

// Makes the store ready for the first batch: upgrades it, creates the journal, begins an epoch. May
// be repeated until it succeeds.
static int make_ready(struct gv_store_lmdb *lmdb) {
    int error = lmdb->legacy ? write_through(lmdb, NULL, UPGRADE) : 0;
    if (error == 0 && lmdb->legacy) {
        gv_journal_close(&lmdb->journal);
        lmdb->legacy = false;
    }
    if (error == 0 && !gv_journal_state(&lmdb->journal).open) error = make_journal(lmdb);
    if (error == 0) error = write_through(lmdb, NULL, END_EPOCH);
    lmdb->ready = error == 0;
    return error;
}

// Repeats the failed operation, and checks that the missing space is available now. Without this
// check a smaller batch might succeed and look like a recovery.
static int retry_failed(struct gv_store_lmdb *lmdb) {
    int error = lmdb->env == NULL ? reopen(lmdb) : 0;
    if (error == 0) error = lmdb->ready ? empty_journal(lmdb) : make_ready(lmdb);
    if (error != 0) return error;
    if (lmdb->journal_shortage > 0 && gv_journal_probe(&lmdb->journal, lmdb->journal_shortage) != 0)
        return fail(lmdb, "write", errno);
    if (lmdb->disk_shortage == 0) return 0;
    MDB_envinfo info;
    MDB_stat stat;
    error = mdb_env_info(lmdb->env, &info);
    if (error == 0) error = mdb_env_stat(lmdb->env, &stat);
    if (error == 0)
        error = reserve_space(lmdb, (off_t)((info.me_last_pgno + 1) * stat.ms_psize),
                              lmdb->disk_shortage);
    return error == 0 ? 0 : fail(lmdb, "write", error);
}

// Appends a batch to the journal; without one, or if the batch is too long, writes it to data.mdb.
static int write_new(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch) {
    struct gv_journal *journal = &lmdb->journal;
    if (!lmdb->journaled) return write_through(lmdb, batch, NOTHING);
    int error = gv_journal_fits(journal, batch->len) ? 0 : empty_journal(lmdb);
    if (error != 0) return error;
    if (!gv_journal_fits(journal, batch->len)) return write_through(lmdb, batch, END_EPOCH);
    error = gv_journal_append(journal, (struct gv_slice){batch->data, batch->len});
    if (error == 0) save_watermark(lmdb);
    if (error != 0 && lmdb->journal_shortage < batch->len) lmdb->journal_shortage = batch->len;
    return error == 0 ? 0 : fail(lmdb, "write", journal_errno(error));
}

static int write_batch(void *ctx, const struct gv_store_batch *batch) {
    struct gv_store_lmdb *lmdb = ctx;
    int error = lmdb->failed || !lmdb->ready ? retry_failed(lmdb) : 0;
    if (error == 0) error = write_new(lmdb, batch);
    lmdb->failed = error != 0;
    if (error != 0) return error;
    lmdb->journal_shortage = lmdb->disk_shortage = 0;
    lmdb->commits++;
    return 0;
}

struct loading {
    int (*take)(void *, const struct gv_store_record *);
    void *ctx;
};

static int load_batch(void *ctx, struct gv_slice bytes) {
    const struct loading *loading = ctx;
    struct gv_store_record record;
    int error = 0;
    for (size_t at = 0; error == 0 && gv_record_next(bytes, &at, &record);)
        error = loading->take(loading->ctx, &record);
    return error;
}

// On a full disk frames may still be in the journal. They are loaded last, and newer records merge
// into older ones.
static int load(void *ctx, int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    struct gv_store_lmdb *lmdb = ctx;
    int error = lmdb->ready ? 0 : reopen(lmdb); // LMDB may be in MDB_PANIC
    if (error == 0) error = load_file(lmdb, take, take_ctx);
    if (error != 0 || gv_journal_state(&lmdb->journal).number == 0) return error;
    struct loading loading = {take, take_ctx};
    error = gv_journal_read(&lmdb->journal, load_batch, &loading);
    return error == 0 ? 0 : explain(lmdb, error, "load: %s", gv_base_error(error));
}

// ---- Open ---------------------------------------------------------------------------------------

// Verifies data.mdb before LMDB opens it. *superblock becomes the file's; format 0: there is no
// file, or its creation was interrupted.
static int check_data(struct gv_store_lmdb *lmdb, const char *path,
                      struct gv_superblock *superblock) {
    *superblock = (struct gv_superblock){0};
    lmdb->map = MAP_FIRST;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would block
    if (fd < 0) return errno == ENOENT ? 0 : fail(lmdb, DATA, errno);
    struct stat found;
    int error = fstat(fd, &found) == 0 ? 0 : fail(lmdb, DATA, errno);
    if (error == 0 && !S_ISREG(found.st_mode)) {
        snprintf(lmdb->text, sizeof lmdb->text, "data.mdb is not a plain file");
        error = GV_ECORRUPT;
    }
    uint64_t size = error == 0 ? (uint64_t)found.st_size : 0;
    while (lmdb->map / 2 < size) lmdb->map *= 2;
    if (error == 0 && !gv_verifier_unfinished(fd, size))
        error = gv_superblock_verify(fd, size, lmdb->workload, &lmdb->hash, superblock, lmdb->text,
                                     sizeof lmdb->text);
    close(fd);
    return error;
}

// Creates the file, by its first transaction.
static int fill_data(struct gv_store_lmdb *lmdb, const char *path) {
    struct gv_superblock first;
    gv_superblock_init(&first, lmdb->workload);
    first.directory = first.incarnation = lmdb->incarnation;
    int error = open_env(lmdb, path, MDB_NOLOCK | MDB_NOSUBDIR);
    if (error != 0) return error;
    error = open_databases(lmdb, &first);
    if (error == 0) error = mdb_env_sync(lmdb->env, 1);
    mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    lmdb->directory = first.directory;
    return error == 0 ? 0 : fail(lmdb, DATA, error);
}

// Creates the file under a temporary name first, so that a file with the final name is complete.
static int make_data(struct gv_store_lmdb *lmdb, const char *path) {
    char fresh[PATH_CAP];
    path_of(lmdb, DATA_NEW, fresh);
    if (unlink(fresh) != 0 && errno != ENOENT) return fail(lmdb, DATA_NEW, errno);
    int error = fill_data(lmdb, fresh);
    if (error == 0 && rename(fresh, path) != 0) error = fail(lmdb, DATA, errno);
    if (error != 0) unlink(fresh);
    if (error != 0) return error;
    error = sync_directory(lmdb->dir);
    if (error != 0) return fail(lmdb, "sync", error);
    error = open_data_file(lmdb);
    if (error != 0) return error;
    error = open_databases(lmdb, NULL);
    return error == 0 ? 0 : fail(lmdb, DATA, error);
}

// Creates data.mdb in a directory without one. The journal and the watermark are created later, so
// if one of them exists, data.mdb was lost.
static int create(struct gv_store_lmdb *lmdb, const char *path) {
    char journal[PATH_CAP];
    struct stat found;
    struct gv_watermark watermark;
    path_of(lmdb, JOURNAL, journal);
    const char *state = lstat(path, &found) != 0 ? "missing" : "empty";
    if (lstat(journal, &found) == 0) {
        return explain(lmdb, GV_ECORRUPT, "data.mdb is %s, though there is a %s", state, JOURNAL);
    }
    if (errno != ENOENT) return fail(lmdb, JOURNAL, errno);
    if (!gv_watermark_read(lmdb->lock, &lmdb->hash, &watermark)) return make_data(lmdb, path);
    return explain(
        lmdb, GV_ECORRUPT,
        "data.mdb is %s and there is no %s, though %s shows that there was a store (to start "
        "anew, remove %s)",
        state, JOURNAL, LOCK, LOCK);
}

static int fail_journal(struct gv_store_lmdb *lmdb, int error) {
    struct gv_journal_damage damage = gv_journal_state(&lmdb->journal).damage;
    if (error == GV_ENOENT) {
        return explain(lmdb, GV_ECORRUPT, "%s is missing", JOURNAL);
    }
    if (error != GV_ECORRUPT) return fail(lmdb, JOURNAL, journal_errno(error));
    return explain(lmdb, error, "%s is damaged at byte %" PRIu64 ": %s", JOURNAL, damage.at,
                   damage.what != NULL ? damage.what : "a frame has no list of records");
}

static int check_batch(void *ctx, struct gv_slice batch) {
    (void)ctx;
    return is_batch(batch) ? 0 : GV_ECORRUPT;
}

// Opens the journal of a database in the legacy format: a legacy journal, which may be missing.
static int open_legacy(struct gv_store_lmdb *lmdb, const char *path,
                       const struct gv_superblock *superblock) {
    bool used = superblock->journal == GV_SUPERBLOCK_JOURNAL_REQUIRED;
    // A synced store keeps its first incarnation, whose number was the first epoch. An epoch above
    // that number shows that the journal had frames.
    bool written = superblock->epoch - superblock->incarnation - 1 < UINT32_MAX;
    int error = gv_journal_open_legacy(&lmdb->journal, path, superblock->epoch, used && written);
    if (error == GV_ENOENT && !used) return 0;
    if (error == 0 && used) error = gv_journal_read(&lmdb->journal, check_batch, NULL);
    if (error != 0) return fail_journal(lmdb, error);
    if (!used) gv_journal_close(&lmdb->journal);
    return 0;
}

// After the upgrade of the database, its journal may be the legacy one, or already replaced.
static int open_obsolete(struct gv_store_lmdb *lmdb, const char *path,
                         const struct gv_superblock *superblock) {
    int error = gv_journal_open(&lmdb->journal, path, superblock->directory, superblock->epoch);
    if (error != GV_ECORRUPT) return error == GV_ENOENT ? 0 : error;
    struct gv_journal legacy;
    int other = gv_journal_open_legacy(&legacy, path, superblock->epoch - 1, false);
    if (other == 0) gv_journal_close(&legacy);
    return other == GV_ECORRUPT ? error : other;
}

// The journal must have the frames of this epoch that the watermark counts.
static int check_watermark(struct gv_store_lmdb *lmdb, const struct gv_superblock *superblock) {
    struct gv_watermark watermark;
    bool any = gv_watermark_read(lmdb->lock, &lmdb->hash, &watermark);
    if (!any || watermark.directory != superblock->directory) return 0;
    uint64_t ahead = watermark.epoch - superblock->epoch;
    if (ahead == 0) gv_journal_expect(&lmdb->journal, watermark.count);
    uint64_t count = gv_journal_state(&lmdb->journal).count;
    if (ahead == 0 ? count >= watermark.count : ahead > UINT64_MAX / 2) return 0;
    return explain(lmdb, GV_ECORRUPT,
                   "%s is an older copy, as %s shows (if that is intended, remove %s)",
                   ahead > 0 ? DATA : JOURNAL, LOCK, LOCK);
}

// Opens the journal, if the database has one, and verifies it.
static int open_journal(struct gv_store_lmdb *lmdb, const struct gv_superblock *superblock) {
    char path[PATH_CAP];
    int error;
    path_of(lmdb, JOURNAL, path);
    if (lmdb->legacy) return open_legacy(lmdb, path, superblock);
    if (superblock->journal == GV_SUPERBLOCK_JOURNAL_OBSOLETE) {
        error = open_obsolete(lmdb, path, superblock);
    } else {
        error = gv_journal_open(&lmdb->journal, path, superblock->directory, superblock->epoch);
        if (error == GV_ENOENT && superblock->journal == GV_SUPERBLOCK_JOURNAL_NONE) error = 0;
    }
    if (error != 0) return fail_journal(lmdb, error);
    if (!gv_journal_state(&lmdb->journal).open) return 0;
    error = check_watermark(lmdb, superblock);
    if (error != 0) return error;
    error = gv_journal_read(&lmdb->journal, check_batch, NULL);
    return error == 0 ? 0 : fail_journal(lmdb, error);
}

// The export of entries in the legacy format that this version does not accept.
struct export {
    uint8_t *scratch;
    FILE *file; // NULL: count only
    uint64_t count;
};

static void write_text(FILE *file, const char *name, struct gv_slice text) {
    fprintf(file, ",\"%s\":", name);
    fwrite(text.data, 1, text.len, file);
}

// The texts are JSON, since version 0.1.0 accepted nothing else.
static void write_entry(FILE *file, const struct gv_entry *entry) {
    fprintf(file, "{\"lattice\":\"%s\"", gv_entry_lattices[entry->lattice].name);
    write_text(file, "key", entry->key);
    if (gv_entry_has(entry, GV_ENTRY_COUNT)) fprintf(file, ",\"count\":%" PRIu64, entry->count);
    if (gv_entry_has(entry, GV_ENTRY_LAMPORT))
        fprintf(file, ",\"lamport\":%" PRIu64, entry->lamport);
    if (gv_entry_has(entry, GV_ENTRY_NODE)) write_text(file, "node", entry->node);
    if (gv_entry_has(entry, GV_ENTRY_VALUE)) write_text(file, "value", entry->value);
    fputs("}\n", file);
}

static int check_record(void *ctx, const struct gv_store_record *record) {
    struct export *export = ctx;
    struct gv_entry entry;
    const char *reason;
    int error = gv_store_decode_any(record, export->scratch, &entry);
    if (error != 0) return error;
    error = gv_entry_check(&entry, &reason);
    if (error == 0) return 0;
    if (error != GV_ERANGE && error != GV_ESPACE) return GV_ECORRUPT;
    export->count++;
    if (export->file != NULL) write_entry(export->file, &entry);
    return 0;
}

static int check_records(struct gv_store_lmdb *lmdb, struct export *export) {
    struct loading loading = {check_record, export};
    export->count = 0;
    int error = load_file(lmdb, check_record, export);
    if (error == 0 && gv_journal_state(&lmdb->journal).open)
        error = gv_journal_read(&lmdb->journal, load_batch, &loading);
    return error;
}

// Writes the entries that this version does not accept to a new file, and syncs it.
static int export_records(struct gv_store_lmdb *lmdb, struct export *export) {
    int fd = open(lmdb->export, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return fail(lmdb, lmdb->export, errno);
    export->file = fdopen(fd, "w");
    int error = export->file != NULL ? check_records(lmdb, export) : fail(lmdb, "export", errno);
    if (export->file == NULL) close(fd);
    if (error != 0) return error;
    bool safe = fflush(export->file) == 0 && !ferror(export->file) && fsync(fd) == 0;
    int number = errno;
    return safe ? 0 : fail(lmdb, lmdb->export, number);
}

// An upgrade cannot be undone. It happens only if this version accepts every entry, or if the other
// entries are exported: version 0.1.0 could be configured to accept deeper nesting.
static int check_legacy(struct gv_store_lmdb *lmdb) {
    struct export export = {.scratch = malloc(GV_STORE_SCRATCH)};
    if (export.scratch == NULL) return fail(lmdb, DATA, ENOMEM);
    int error = check_records(lmdb, &export);
    if (error == GV_ECORRUPT)
        snprintf(lmdb->text, sizeof lmdb->text, "it has a record that no version writes");
    if (error == 0 && export.count > 0 && lmdb->export == NULL) {
        error = explain(
            lmdb, GV_ECORRUPT,
            "it has %" PRIu64 " records that this version does not accept, such as a value "
            "nested deeper than %d: --export-refused FILE writes them to a file and upgrades "
            "without them; version 0.1.0 reads all",
            export.count, GV_ENTRY_DEPTH);
    } else if (error == 0 && export.count > 0) {
        error = export_records(lmdb, &export);
    }
    lmdb->left_out = error == 0 ? export.count : 0;
    if (export.file != NULL) fclose(export.file);
    free(export.scratch);
    return error;
}

// Opens existing files. Nothing is written before both are verified.
static int open_data(struct gv_store_lmdb *lmdb, const struct gv_superblock *superblock) {
    lmdb->legacy = superblock->format == GV_SUPERBLOCK_FORMAT_LEGACY;
    lmdb->directory = lmdb->legacy ? lmdb->incarnation : superblock->directory;
    lmdb->epoch = superblock->epoch;
    if (superblock->all_persisted) lmdb->incarnation = superblock->incarnation;
    int error = open_journal(lmdb, superblock);
    if (error == 0) error = open_data_file(lmdb);
    if (error != 0) return error;
    error = open_databases(lmdb, NULL);
    if (error != 0) return fail(lmdb, DATA, error);
    return lmdb->legacy ? check_legacy(lmdb) : 0;
}

// Starts an incarnation. On a full disk the start cannot be recorded; the incarnation is then a new
// one, unless the node sends nothing that is not written yet.
static int start_incarnation(struct gv_store_lmdb *lmdb, const struct gv_store_lmdb_config *config,
                             bool fresh) {
    int error = make_ready(lmdb);
    if (error == 0 && lmdb->left_out > 0)
        snprintf(lmdb->text, sizeof lmdb->text,
                 "%" PRIu64
                 " records that this version does not accept are left out, and written to "
                 "%s",
                 lmdb->left_out, lmdb->export);
    // Without the upgrade, the entries that it leaves out would fail to load.
    if (error != GV_EFULL || fresh || lmdb->left_out > 0) return error;
    if (!config->write_ahead) lmdb->incarnation = config->incarnation;
    size_t len = strlen(lmdb->text);
    snprintf(lmdb->text + len, sizeof lmdb->text - len,
             "; entries can be read, and writes fail until there is space");
    return 0;
}

static int open_directory(struct gv_store_lmdb *lmdb, const struct gv_store_lmdb_config *config) {
    bool made = mkdir(lmdb->dir, 0777) == 0;
    if (!made && errno != EEXIST) return fail(lmdb, "cannot be made", errno);
    char path[PATH_CAP];
    struct gv_superblock superblock;
    path_of(lmdb, DATA, path);
    int error = lock_directory(lmdb);
    if (error == 0) error = check_data(lmdb, path, &superblock);
    if (error != 0) return error;
    bool fresh = superblock.format == 0;
    error = fresh ? create(lmdb, path) : open_data(lmdb, &superblock);
    if (error == 0) error = start_incarnation(lmdb, config, fresh);
    if (error == 0 && made) {
        path_of(lmdb, "..", path);
        (void)sync_directory(path);
    }
    return error;
}

static void release(struct gv_store_lmdb *lmdb) {
    if (lmdb->env != NULL) mdb_env_close(lmdb->env);
    gv_journal_close(&lmdb->journal);
    if (lmdb->lock >= 0) close(lmdb->lock);
    free(lmdb);
}

int gv_store_lmdb_open(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config,
                       char *reason, size_t reason_cap) {
    GV_ASSERT(config->dir != NULL && config->workload != NULL && reason_cap > 0);
    GV_ASSERT(strlen(config->workload) <= GV_SUPERBLOCK_WORKLOAD_MAX);
    struct gv_store_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        snprintf(reason, reason_cap, "out of memory");
        return GV_ENOMEM;
    }
    lmdb->lock = -1;
    gv_journal_init(&lmdb->journal);
    lmdb->flags = config->sync ? 0 : MDB_NOSYNC;
    lmdb->journaled = config->sync;
    lmdb->write_ahead = config->write_ahead;
    lmdb->incarnation = config->incarnation;
    lmdb->export = config->export;
    lmdb->store = (struct gv_store){.ctx = lmdb, .load = load, .write = write_batch, .text = text};
    gv_digest_key_init(&lmdb->hash, (struct gv_slice){0});
    snprintf(lmdb->workload, sizeof lmdb->workload, "%s", config->workload);
    int len = snprintf(lmdb->dir, sizeof lmdb->dir, "%s", config->dir);
    int error = len > 0 && (size_t)len < sizeof lmdb->dir ? open_directory(lmdb, config)
                                                          : fail(lmdb, "open", ENAMETOOLONG);
    snprintf(reason, reason_cap, "%s",
             error != 0 || !lmdb->ready || lmdb->left_out > 0 ? lmdb->text : "");
    if (error != 0) {
        release(lmdb);
        return error;
    }
    *out = lmdb;
    return 0;
}

// ---- Close --------------------------------------------------------------------------------------

// Records that the next start may continue this incarnation.
static int end_incarnation(struct gv_store_lmdb *lmdb) {
    // Everything else must be durable before this record.
    int error = mdb_env_sync(lmdb->env, 1);
    MDB_txn *txn;
    if (error == 0) error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return error;
    struct gv_superblock superblock = {0};
    error = get_superblock(lmdb, txn, &superblock);
    superblock.all_persisted = true;
    if (error == 0) error = put_superblock(lmdb, txn, &superblock);
    return end(txn, error);
}

int gv_store_lmdb_close(struct gv_store_lmdb *lmdb, bool all_persisted) {
    if (lmdb == NULL) return 0;
    int error = lmdb->ready ? empty_journal(lmdb) : GV_EIO;
    if (lmdb->env == NULL && all_persisted) error = EIO;
    if (error == 0 && lmdb->env != NULL && all_persisted) error = end_incarnation(lmdb);
    if (error == 0 && lmdb->env != NULL) error = mdb_env_sync(lmdb->env, 1);
    release(lmdb);
    return error == 0 ? 0 : GV_EIO;
}

const struct gv_store *gv_store_lmdb_store(struct gv_store_lmdb *lmdb) {
    return &lmdb->store;
}

uint64_t gv_store_lmdb_incarnation(const struct gv_store_lmdb *lmdb) {
    return lmdb->incarnation;
}

uint64_t gv_store_lmdb_commits(const struct gv_store_lmdb *lmdb) {
    return lmdb->commits;
}

const struct gv_store_lmdb_ops gv_store_lmdb_ops = {
    .open = gv_store_lmdb_open,
    .close = gv_store_lmdb_close,
    .store = gv_store_lmdb_store,
    .incarnation = gv_store_lmdb_incarnation,
    .commits = gv_store_lmdb_commits,
};
