// SPDX-License-Identifier: MIT
#include "store_lmdb.h"

#include "file.h"
#include "head.h"
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_CAP = 4096,
    TEXT_CAP = 256,
    MAP_FIRST = 16 << 20, // bytes of address space; doubled as often as needed
    BOOKS = 16,           // pages that a transaction of one record takes, and more
};

struct gv_store_lmdb {
    struct gv_store store;
    struct gv_digest_key hash;
    struct gv_head first; // what a new file begins with
    char dir[PATH_CAP];
    unsigned flags;
    int lock; // the file descriptor of grapevine.lock
    MDB_env *env;
    MDB_dbi meta, entries;
    size_t map;
    struct gv_journal journal; // open if batches are synced
    uint64_t incarnation, commits;
    bool failed;         // the last write
    size_t refused;      // by the journal since: bytes of its longest frame
    size_t owed;         // by the disk: bytes that a transaction may have wanted
    char text[TEXT_CAP]; // of the last failure
};

// ---- LMDB's values ------------------------------------------------------------------------------

static MDB_val to_val(struct gv_slice slice) {
    return (MDB_val){slice.len, (void *)(uintptr_t)slice.data};
}

static struct gv_slice to_slice(MDB_val value) {
    return (struct gv_slice){value.mv_data, value.mv_size};
}

static MDB_val head_key(void) {
    static const char name[] = "head";
    return (MDB_val){sizeof name - 1, (void *)(uintptr_t)name};
}

static int get_head(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_head *head) {
    MDB_val key = head_key(), value;
    int error = mdb_get(txn, lmdb->meta, &key, &value);
    if (error != 0) return error;
    return gv_head_read(head, &lmdb->hash, to_slice(value)) == 0 ? 0 : MDB_CORRUPTED;
}

static int put_head(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_head *head) {
    uint8_t bytes[GV_HEAD_MAX];
    head->txn = mdb_txn_id(txn);
    MDB_val key = head_key(), value = {gv_head_write(head, &lmdb->hash, bytes), bytes};
    return mdb_put(txn, lmdb->meta, &key, &value, 0);
}

// Ends a transaction, by a commit if all went well so far.
static int end(MDB_txn *txn, int error) {
    if (error == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return error;
}

// ---- The files ----------------------------------------------------------------------------------

static int fail(struct gv_store_lmdb *lmdb, const char *what, int error) {
    snprintf(lmdb->text, sizeof lmdb->text, "%s: %s", what, mdb_strerror(error));
    return gv_file_error(error);
}

static int path_of(const struct gv_store_lmdb *lmdb, const char *name, char *path) {
    int len = snprintf(path, PATH_CAP, "%s/%s", lmdb->dir, name);
    return len > 0 && len < PATH_CAP ? 0 : ENAMETOOLONG;
}

// Only one process may use the directory: LMDB itself would let several.
static int lock_directory(struct gv_store_lmdb *lmdb) {
    char path[PATH_CAP];
    int error = path_of(lmdb, "grapevine.lock", path);
    if (error != 0) return fail(lmdb, "lock", error);
    lmdb->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lmdb->lock < 0) return fail(lmdb, errno == ENOTDIR ? "open" : "grapevine.lock", errno);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(lmdb->lock, F_SETLK, &lock) == 0) return 0;
    if (errno != EACCES && errno != EAGAIN) return fail(lmdb, "grapevine.lock", errno);
    snprintf(lmdb->text, sizeof lmdb->text, "another process uses it");
    return GV_EFULL;
}

// A file's name is safe only when its directory has been synced as well.
static void sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

static int open_env(struct gv_store_lmdb *lmdb) {
    int error = mdb_env_create(&lmdb->env);
    if (error != 0) return fail(lmdb, "open", error);
    mdb_env_set_maxdbs(lmdb->env, 2);
    mdb_env_set_mapsize(lmdb->env, lmdb->map);
    error = mdb_env_open(lmdb->env, lmdb->dir, lmdb->flags | MDB_NOTLS, 0644);
    if (error == 0) return 0;
    mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    return fail(lmdb, "data.mdb", error);
}

// Opens both databases, and makes them, with a first head, if this is a new file.
static int open_databases(struct gv_store_lmdb *lmdb, const struct gv_head *first,
                          struct gv_head *head) {
    MDB_txn *txn;
    int error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return error;
    error = mdb_dbi_open(txn, "meta", MDB_CREATE, &lmdb->meta);
    if (error == 0) error = mdb_dbi_open(txn, "entries", MDB_CREATE, &lmdb->entries);
    if (error == 0) error = get_head(lmdb, txn, head);
    if (error == MDB_NOTFOUND) {
        *head = *first;
        error = put_head(lmdb, txn, head);
    }
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
    if (taken != 0) snprintf(lmdb->text, sizeof lmdb->text, "load: %s", gv_base_error(taken));
    if (taken != 0) return taken;
    return error == MDB_NOTFOUND ? 0 : fail(lmdb, "load", error);
}

static int put(struct gv_store_lmdb *lmdb, MDB_txn *txn, const struct gv_store_record *record,
               struct gv_head_tally *tally) {
    MDB_val key = to_val(record->key), value = to_val(record->value), held = value;
    int error = mdb_put(txn, lmdb->entries, &key, &held, MDB_NOOVERWRITE);
    uint64_t fresh = gv_head_hash(&lmdb->hash, record->key, record->value);
    if (error == 0) {
        tally->count++;
        tally->sum += fresh;
    }
    if (error != MDB_KEYEXIST) return error;
    uint64_t former = gv_head_hash(&lmdb->hash, record->key, to_slice(held));
    if (former == fresh) return 0;
    tally->sum += fresh - former;
    return mdb_put(txn, lmdb->entries, &key, &value, 0);
}

static int put_all(struct gv_store_lmdb *lmdb, MDB_txn *txn, const struct gv_store_batch *batch,
                   struct gv_head_tally *tally) {
    struct gv_store_record record;
    int error = 0;
    for (size_t at = 0; error == 0 && gv_store_next(batch, &at, &record);)
        error = put(lmdb, txn, &record, tally);
    return error;
}

struct replay {
    struct gv_store_lmdb *lmdb;
    MDB_txn *txn;
    struct gv_head_tally *tally;
    int error; // of LMDB's
};

static int replay_batch(void *ctx, struct gv_slice bytes) {
    struct replay *replay = ctx;
    const struct gv_store_batch batch = {(uint8_t *)(uintptr_t)bytes.data, bytes.len, bytes.len, 0};
    replay->error = put_all(replay->lmdb, replay->txn, &batch, replay->tally);
    return replay->error == 0 ? 0 : GV_EIO;
}

// What the journal holds that is not in the file; with this transaction its next epoch begins.
static int put_journal(struct gv_store_lmdb *lmdb, MDB_txn *txn, struct gv_head *head) {
    struct replay replay = {lmdb, txn, &head->tally, 0};
    uint64_t appended = lmdb->journal.epoch == head->epoch ? lmdb->journal.number : 0;
    int error = gv_journal_read(&lmdb->journal, head->epoch++, replay_batch, &replay);
    if (replay.error != 0) return replay.error;
    if (error == 0 && lmdb->journal.number < appended) error = GV_ECORRUPT;
    return error == 0 ? 0 : error == GV_ENOMEM ? ENOMEM : error == GV_EIO ? EIO : MDB_CORRUPTED;
}

// One transaction, of a batch, or of the journal's if that is NULL; returns an error of LMDB's.
static int write_once(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch) {
    MDB_txn *txn;
    int error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return error;
    struct gv_head head = {0};
    // From the file, as it is not known how a transaction ended that failed.
    error = get_head(lmdb, txn, &head);
    if (error == 0 && batch != NULL) error = put_all(lmdb, txn, batch, &head.tally);
    if (error == 0 && batch == NULL) error = put_journal(lmdb, txn, &head);
    if (error == 0) error = put_head(lmdb, txn, &head);
    error = end(txn, error);
    if (error == 0 && batch == NULL) gv_journal_begin(&lmdb->journal, head.epoch);
    return error;
}

// LMDB refuses everything after it could not write its root; a new start finds the last good one.
static int reopen(struct gv_store_lmdb *lmdb) {
    if (lmdb->env != NULL) mdb_env_close(lmdb->env);
    lmdb->env = NULL;
    int error = open_env(lmdb);
    if (error != 0) return error;
    struct gv_head head;
    int failed = open_databases(lmdb, &lmdb->first, &head);
    return failed == 0 ? 0 : fail(lmdb, "open", failed);
}

// The bytes of disk that a transaction takes at most, or nearly: each record may change a page of
// its own, of which a copy is written, and new pages are half full.
static size_t estimate(const struct gv_store_batch *batch, const MDB_envinfo *info,
                       const MDB_stat *stat) {
    size_t pages = info->me_last_pgno + 1;
    if (pages > batch->count) pages = batch->count;
    return 2 * batch->len + (pages + BOOKS) * stat->ms_psize;
}

// Has the disk set these bytes of the file aside. 0, or what it says instead.
static int make_room(struct gv_store_lmdb *lmdb, off_t at, size_t len) {
    int fd;
    int error = mdb_env_get_fd(lmdb->env, &fd);
    if (error == 0) error = posix_fallocate(fd, at, (off_t)len);
    return error == ENOSPC || error == EFBIG || error == EDQUOT ? error : 0; // else it cannot tell
}

// Notes what a transaction wanted that failed. LMDB calls it EIO when a write ends early; asked
// for the page where that was, the system says why.
static int explain_failure(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch,
                           int error) {
    MDB_envinfo info;
    MDB_stat stat_of;
    struct stat file;
    int fd;
    if (mdb_env_info(lmdb->env, &info) != 0 || mdb_env_stat(lmdb->env, &stat_of) != 0) return error;
    size_t owed = batch != NULL ? estimate(batch, &info, &stat_of) : 0; // a journal's stays there
    if (lmdb->owed < owed) lmdb->owed = owed;
    if (error != EIO || mdb_env_get_fd(lmdb->env, &fd) != 0 || fstat(fd, &file) != 0) return error;
    int cause = make_room(lmdb, file.st_size, stat_of.ms_psize);
    return cause != 0 ? cause : error;
}

static int write_through(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch) {
    int error = lmdb->env != NULL ? write_once(lmdb, batch) : MDB_PANIC;
    while (error == MDB_MAP_FULL) {
        int grown = mdb_env_set_mapsize(lmdb->env, lmdb->map * 2);
        if (grown != 0) return fail(lmdb, "write", grown);
        lmdb->map *= 2;
        error = write_once(lmdb, batch);
    }
    if (error == MDB_PANIC) {
        error = reopen(lmdb);
        if (error != 0) return error;
        error = write_once(lmdb, batch);
    }
    return error == 0 ? 0 : fail(lmdb, "write", explain_failure(lmdb, batch, error));
}

// Moves what is in the journal to where it belongs.
static int empty_journal(struct gv_store_lmdb *lmdb) {
    return lmdb->journal.number > 0 ? write_through(lmdb, NULL) : 0;
}

// Does again what failed, or sees that there is room for it now: that a batch is written which
// happens to need less would prove nothing.
static int settle(struct gv_store_lmdb *lmdb) {
    int error = lmdb->env == NULL ? reopen(lmdb) : 0;
    if (error == 0) error = empty_journal(lmdb);
    if (error != 0) return error;
    if (lmdb->refused > 0 && gv_journal_try(&lmdb->journal, lmdb->refused) != 0)
        return fail(lmdb, "write", errno);
    if (lmdb->owed == 0) return 0;
    MDB_envinfo info;
    MDB_stat stat;
    error = mdb_env_info(lmdb->env, &info);
    if (error == 0) error = mdb_env_stat(lmdb->env, &stat);
    if (error == 0)
        error = make_room(lmdb, (off_t)((info.me_last_pgno + 1) * stat.ms_psize), lmdb->owed);
    return error == 0 ? 0 : fail(lmdb, "write", error);
}

// To the journal, if there is one and room in it; else to where it belongs.
static int write_fresh(struct gv_store_lmdb *lmdb, const struct gv_store_batch *batch) {
    struct gv_journal *journal = &lmdb->journal;
    bool journaled = journal->fd >= 0;
    int error = 0;
    if (journaled && !gv_journal_fits(journal, batch->len)) error = empty_journal(lmdb);
    if (error != 0) return error;
    if (!journaled || !gv_journal_fits(journal, batch->len)) return write_through(lmdb, batch);
    error = gv_journal_append(journal, (struct gv_slice){batch->data, batch->len});
    if (error != 0 && lmdb->refused < batch->len) lmdb->refused = batch->len;
    return error == 0 ? 0 : fail(lmdb, "write", error == GV_ENOMEM ? ENOMEM : errno);
}

static int write_batch(void *ctx, const struct gv_store_batch *batch) {
    struct gv_store_lmdb *lmdb = ctx;
    int error = lmdb->failed ? settle(lmdb) : 0;
    if (error == 0) error = write_fresh(lmdb, batch);
    lmdb->failed = error != 0;
    if (error != 0) return error;
    lmdb->refused = lmdb->owed = 0;
    lmdb->commits++;
    return 0;
}

static int load(void *ctx, int (*take)(void *, const struct gv_store_record *), void *take_ctx) {
    struct gv_store_lmdb *lmdb = ctx;
    int error = empty_journal(lmdb);
    return error != 0 ? error : load_file(lmdb, take, take_ctx);
}

// ---- Open and close -----------------------------------------------------------------------------

static int skip_batch(void *ctx, struct gv_slice batch) {
    (void)ctx;
    (void)batch;
    return 0;
}

static int fail_journal(struct gv_store_lmdb *lmdb, int error) {
    if (error != GV_ENOENT && error != GV_ECORRUPT)
        return fail(lmdb, "grapevine.journal", error == GV_ENOMEM ? ENOMEM : errno);
    snprintf(lmdb->text, sizeof lmdb->text, "grapevine.journal is %s",
             error == GV_ENOENT ? "missing" : "damaged");
    return GV_ECORRUPT;
}

// Opens the journal of the life before, which has all of its frames, and empties it.
static int take_over_journal(struct gv_store_lmdb *lmdb, const char *path, uint64_t epoch) {
    int error = gv_journal_open(&lmdb->journal, path);
    if (error == 0) error = gv_journal_read(&lmdb->journal, epoch, skip_batch, NULL);
    return error == 0 ? empty_journal(lmdb) : fail_journal(lmdb, error);
}

static int make_journal(struct gv_store_lmdb *lmdb, const char *path, uint64_t epoch) {
    int error = gv_journal_make(&lmdb->journal, path);
    if (error != 0) return fail_journal(lmdb, error);
    sync_directory(lmdb->dir);
    gv_journal_begin(&lmdb->journal, epoch);
    return 0;
}

// Afterwards the journal is empty, and open only if this life is to use it.
static int open_journal(struct gv_store_lmdb *lmdb, bool used) {
    struct gv_head head = {0};
    int error = open_databases(lmdb, &lmdb->first, &head);
    if (error != 0) return fail(lmdb, "start", error);
    char path[PATH_CAP];
    if (path_of(lmdb, "grapevine.journal", path) != 0) return fail(lmdb, "start", ENAMETOOLONG);
    if (head.journal) {
        error = take_over_journal(lmdb, path, head.epoch);
    } else if (used) {
        error = make_journal(lmdb, path, head.epoch);
    }
    if (error == 0 && !used) gv_journal_close(&lmdb->journal);
    return error;
}

// Notes who goes on from here.
static int begin_life(struct gv_store_lmdb *lmdb, const struct gv_store_lmdb_config *config) {
    MDB_txn *txn;
    struct gv_head head = {0};
    int error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return fail(lmdb, "start", error);
    error = get_head(lmdb, txn, &head);
    if (error == 0 && !head.whole) head.incarnation = config->incarnation;
    head.whole = config->whole;
    head.journal = config->sync;
    lmdb->incarnation = head.incarnation;
    if (error == 0) error = put_head(lmdb, txn, &head);
    error = end(txn, error);
    if (error == 0) error = mdb_env_sync(lmdb->env, 1);
    return error == 0 ? 0 : fail(lmdb, "start", error);
}

static int check_file(struct gv_store_lmdb *lmdb, const char *path, uint64_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(lmdb, "data.mdb", errno);
    int error =
        gv_head_check(fd, size, lmdb->first.workload, &lmdb->hash, lmdb->text, sizeof lmdb->text);
    close(fd);
    return error;
}

// LMDB is given the file only if all of it is in order, and what was written.
static int open_file(struct gv_store_lmdb *lmdb) {
    char path[PATH_CAP];
    if (path_of(lmdb, "data.mdb", path) != 0) return fail(lmdb, "data.mdb", ENAMETOOLONG);
    struct stat found;
    uint64_t size = stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
    lmdb->map = MAP_FIRST;
    while (lmdb->map / 2 < size) lmdb->map *= 2;
    int error = size > 0 ? check_file(lmdb, path, size) : 0;
    return error == 0 ? open_env(lmdb) : error;
}

static int open_directory(struct gv_store_lmdb *lmdb, const struct gv_store_lmdb_config *config) {
    bool made = mkdir(lmdb->dir, 0777) == 0;
    if (!made && errno != EEXIST) return fail(lmdb, "cannot be made", errno);
    int error = lock_directory(lmdb);
    if (error == 0) error = open_file(lmdb);
    if (error == 0) error = open_journal(lmdb, config->sync);
    if (error == 0) error = begin_life(lmdb, config);
    if (error != 0) return error;
    sync_directory(lmdb->dir);
    char path[PATH_CAP];
    if (made && path_of(lmdb, "..", path) == 0) sync_directory(path);
    return 0;
}

static void release(struct gv_store_lmdb *lmdb) {
    if (lmdb->env != NULL) mdb_env_close(lmdb->env);
    gv_journal_close(&lmdb->journal);
    if (lmdb->lock >= 0) close(lmdb->lock);
    free(lmdb);
}

int gv_store_lmdb_open(struct gv_store_lmdb **out, const struct gv_store_lmdb_config *config,
                       char *fault, size_t fault_cap) {
    GV_ASSERT(config->dir != NULL && config->workload != NULL && fault_cap > 0);
    struct gv_store_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL) {
        snprintf(fault, fault_cap, "out of memory");
        return GV_ENOMEM;
    }
    lmdb->lock = lmdb->journal.fd = -1;
    lmdb->flags = config->sync ? 0 : MDB_NOSYNC;
    lmdb->store = (struct gv_store){.ctx = lmdb, .load = load, .write = write_batch, .text = text};
    gv_digest_key_init(&lmdb->hash, (struct gv_slice){0});
    gv_head_init(&lmdb->first, config->workload);
    lmdb->first.epoch = config->incarnation; // such as no other file begins with
    int len = snprintf(lmdb->dir, sizeof lmdb->dir, "%s", config->dir);
    int error = len > 0 && (size_t)len < sizeof lmdb->dir ? open_directory(lmdb, config)
                                                          : fail(lmdb, "open", ENAMETOOLONG);
    if (error != 0) {
        snprintf(fault, fault_cap, "%s", lmdb->text);
        release(lmdb);
        return error;
    }
    *out = lmdb;
    return 0;
}

// The note that the next life may be the same as this one.
static int end_life(struct gv_store_lmdb *lmdb) {
    // What the note vouches for must be on disk before it is.
    int error = mdb_env_sync(lmdb->env, 1);
    MDB_txn *txn;
    if (error == 0) error = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (error != 0) return error;
    struct gv_head head = {0};
    error = get_head(lmdb, txn, &head);
    head.whole = true;
    if (error == 0) error = put_head(lmdb, txn, &head);
    return end(txn, error);
}

int gv_store_lmdb_close(struct gv_store_lmdb *lmdb, bool whole) {
    if (lmdb == NULL) return 0;
    int error = empty_journal(lmdb);
    if (lmdb->env == NULL && whole) error = EIO;
    if (error == 0 && lmdb->env != NULL && whole) error = end_life(lmdb);
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

const struct gv_store_lmdb_calls gv_store_lmdb_calls = {
    .open = gv_store_lmdb_open,
    .close = gv_store_lmdb_close,
    .store = gv_store_lmdb_store,
    .incarnation = gv_store_lmdb_incarnation,
    .commits = gv_store_lmdb_commits,
};
