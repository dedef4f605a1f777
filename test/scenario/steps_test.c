// SPDX-License-Identifier: MIT
// A store with a fault at a random step. A step is a call that changes a file. There are four
// faults: the process dies before the step; it dies halfway through a write; the power fails; from
// the step on the disk is full. The next process finds every acknowledged batch and continues to
// write. The same holds during an upgrade from version 0.1.0.
//
// The test replaces calls of the C library, so it covers those of LMDB. A write is interrupted at
// the end of a sector. A power failure reverts a random subset of the sectors that were written
// since the last sync. GV_ROUNDS=N tries N steps for each kind of fault.
#define _GNU_SOURCE // syscall, O_DSYNC
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../engine/store.h"
#include "../../node/storage/store_lmdb.h"
#include "../lib/proc.h"
#include "../lib/vectors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__) && defined(__LP64__)
#include <sys/syscall.h>
#include <sys/uio.h>
#define REPLACED 1
#else
#define REPLACED 0
#endif

enum fault { DIES, TORN, POWER, FULL };
enum {
    SECTOR = 512,
    SECTORS_MAX = 1 << 15,
    OVER = 77, // exit status of a process that ended as intended
    BATCHES = 10,
    OPENINGS = 3,
    VALUES = 40,
    VALUE_MAX = 60000,
    FIRST_STEPS = 60,
};

// ---- The fault ----------------------------------------------------------------------------------

static struct {
    bool on;
    enum fault fault;
    long at;   // the step with the fault; 0: none
    long step; // steps so far
    struct gv_prng prng;
} plan;

struct sector {
    dev_t device;
    ino_t file;
    off_t at;
    int fd;
    bool pending;
    uint8_t synced[SECTOR]; // its contents at the last sync
    size_t len;             // length of these contents, bytes
};
static struct sector *sectors;
static size_t sector_count;

#if REPLACED
static void lose_power(void) {
    for (size_t i = 0; i < sector_count; i++) {
        const struct sector *it = &sectors[i];
        struct stat file;
        if (!it->pending || gv_prng_below(&plan.prng, 2) == 0) continue;
        if (fstat(it->fd, &file) != 0 || file.st_ino != it->file) continue; // closed by now
        syscall(SYS_pwrite64, it->fd, it->synced, it->len, it->at);
    }
}

// Counts a step. Returns true if the call must fail. Exits if the process dies at this step.
static bool is_stopped(void) {
    if (!plan.on) return false;
    plan.step++;
    if (plan.at == 0 || plan.step < plan.at) return false;
    if (plan.fault == FULL) return true;
    if (plan.fault == TORN) return true; // the caller exits, after half of a write
    if (plan.fault == POWER) lose_power();
    _exit(OVER);
}

static struct sector *find(const struct stat *file, off_t at) {
    for (size_t i = sector_count; i > 0; i--) {
        struct sector *it = &sectors[i - 1];
        if (it->at == at && it->file == file->st_ino && it->device == file->st_dev) return it;
    }
    return NULL;
}

// Saves the synced contents of the sectors of a write, unless they are saved already.
static void save_sectors(int fd, size_t len, off_t at) {
    struct stat file;
    if (sectors == NULL || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) return;
    if ((fcntl(fd, F_GETFL) & O_DSYNC) != 0) return;
    for (off_t sector = at / SECTOR * SECTOR; sector < at + (off_t)len; sector += SECTOR) {
        struct sector *it = find(&file, sector);
        if (it != NULL && it->pending) continue;
        if (it == NULL && sector_count == SECTORS_MAX) return; // further sectors are never reverted
        if (it == NULL) it = &sectors[sector_count++];
        *it = (struct sector){file.st_dev, file.st_ino, sector, fd, true, {0}, SECTOR};
        ssize_t n = syscall(SYS_pread64, fd, it->synced, SECTOR, sector);
        (void)n; // zeros beyond the end of the file
    }
}

static void mark_synced(int fd) {
    struct stat file;
    if (sectors == NULL || fstat(fd, &file) != 0) return;
    for (size_t i = 0; i < sector_count; i++)
        if (sectors[i].file == file.st_ino && sectors[i].device == file.st_dev)
            sectors[i].pending = false;
}

static ssize_t write_at(int fd, const void *data, size_t len, off_t at) {
    if (is_stopped()) {
        off_t half = (at + (off_t)len / 2) / SECTOR * SECTOR;
        if (half > at && plan.step == plan.at)
            syscall(SYS_pwrite64, fd, data, (size_t)(half - at), at);
        if (plan.fault == TORN) _exit(OVER);
        errno = ENOSPC;
        return -1;
    }
    save_sectors(fd, len, at);
    return syscall(SYS_pwrite64, fd, data, len, at);
}

static ssize_t write_all_at(int fd, const struct iovec *parts, int count, off_t at) {
    ssize_t sum = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = write_at(fd, parts[i].iov_base, parts[i].iov_len, at + sum);
        if (n < 0) return sum > 0 ? sum : n;
        sum += n;
    }
    return sum;
}

static int fail_or_end(void) {
    if (plan.fault == TORN) _exit(OVER);
    errno = ENOSPC;
    return -1;
}

// These replace functions of the C library. Parameters are named as in its headers, which
// clang-tidy requires.
ssize_t pwrite(int __fd, const void *__buf, size_t __n, off_t __offset) {
    return write_at(__fd, __buf, __n, __offset);
}

ssize_t pwrite64(int __fd, const void *__buf, size_t __n, off_t __offset) {
    return write_at(__fd, __buf, __n, __offset);
}

ssize_t pwritev(int __fd, const struct iovec *__iovec, int __count, off_t __offset) {
    return write_all_at(__fd, __iovec, __count, __offset);
}

ssize_t pwritev64(int __fd, const struct iovec *__iovec, int __count, off_t __offset) {
    return write_all_at(__fd, __iovec, __count, __offset);
}

ssize_t writev(int __fd, const struct iovec *__iovec, int __count) {
    off_t at = lseek(__fd, 0, SEEK_CUR);
    if (at < 0) return syscall(SYS_writev, __fd, __iovec, __count);
    ssize_t n = write_all_at(__fd, __iovec, __count, at);
    if (n > 0) lseek(__fd, at + n, SEEK_SET);
    return n;
}

int fsync(int fd) {
    if (is_stopped() && plan.fault != FULL) return fail_or_end();
    mark_synced(fd);
    return 0;
}

int fdatasync(int __fildes) {
    return fsync(__fildes);
}

int rename(const char *__old, const char *__new) {
    if (is_stopped()) return fail_or_end();
    return (int)syscall(SYS_renameat2, AT_FDCWD, __old, AT_FDCWD, __new, 0);
}

int mkdir(const char *path, mode_t mode) {
    if (is_stopped()) return fail_or_end();
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int posix_fallocate(int __fd, off_t __offset, off_t __len) {
    (void)__fd;
    (void)__offset;
    (void)__len;
    return is_stopped() ? ENOSPC : 0;
}
#endif

// ---- Processes ----------------------------------------------------------------------------------

static char dir[4200];
static int reports; // write end of the pipe for the numbers of acknowledged batches

static struct gv_engine *new_engine(void) {
    struct gv_engine *engine;
    const struct gv_engine_config config = {.alloc = gv_base_malloc(), .seed = 1};
    GV_ASSERT(gv_engine_new(&engine, &config) == 0);
    return engine;
}

// Length of a batch's values: one batch exceeds the journal, others fill it after a few.
static size_t value_len(int number) {
    return number % BATCHES == 7 ? VALUE_MAX : number % 3 == 0 ? 20000 : 20;
}

static struct gv_slice value_of(int number, int i, char *text) {
    size_t len = value_len(number);
    int digits = snprintf(text, 32, "\"%d-%d-", number, i);
    memset(text + digits, 'x', len - (size_t)digits);
    text[len - 1] = '"';
    return (struct gv_slice){(const uint8_t *)text, len};
}

static int values_of(int number) {
    return number % BATCHES == 7 ? 2 * VALUES : VALUES;
}

static int write_batch(struct gv_store_lmdb *lmdb, const struct gv_engine *engine, int number) {
    static char text[VALUE_MAX + 1];
    struct gv_store_batch batch = {0};
    for (int i = 0; i < values_of(number); i++) {
        struct gv_entry entry = {.key = value_of(number, i, text)};
        GV_ASSERT(gv_store_batch_put(&batch, gv_base_malloc(), engine, &entry) == 0);
    }
    const struct gv_store *store = gv_store_lmdb_store(lmdb);
    int error = store->write(store->ctx, &batch);
    gv_store_batch_free(&batch, gv_base_malloc());
    return error;
}

static int open_store(bool sync, struct gv_store_lmdb **out, char fault[512]) {
    const struct gv_store_lmdb_config config = {
        .dir = dir, .workload = "gset", .sync = sync, .write_ahead = sync, .incarnation = 4711};
    return gv_store_lmdb_open(out, &config, fault, 512);
}

// Returns how many values of a batch the engine has.
static int count_values(const struct gv_engine *engine, int number) {
    static char text[VALUE_MAX + 1];
    struct gv_entry found;
    int count = 0;
    for (int i = 0; i < values_of(number); i++) {
        struct gv_entry entry = {.key = value_of(number, i, text)};
        count += gv_engine_get(engine, &entry, &found);
    }
    return count;
}

static struct gv_engine *load(struct gv_store_lmdb *lmdb) {
    struct gv_engine *engine = new_engine();
    int error = gv_store_load(gv_store_lmdb_store(lmdb), engine);
    GV_ASSERT(error == 0);
    return engine;
}

static void report(long number) {
    ssize_t n = write(reports, &number, sizeof number);
    if (n != sizeof number) _exit(1);
}

// Opens the store OPENINGS times and writes batches. Reports the number of each acknowledged batch,
// and at the end -1 - steps. With `middle`, the second opening uses no journal. Each opening checks
// that all acknowledged batches are there, even on a full disk.
static void write_batches(bool middle) {
    bool acked[BATCHES * OPENINGS] = {0};
    char fault[512];
    int number = 0;
    for (int opening = 0; opening < OPENINGS; opening++) {
        struct gv_store_lmdb *lmdb;
        if (open_store(!middle || opening != 1, &lmdb, fault) != 0) _exit(OVER);
        struct gv_engine *engine = load(lmdb);
        for (int i = 0; i < number; i++)
            if (acked[i] && count_values(engine, i) != values_of(i)) _exit(1);
        for (int i = 0; i < BATCHES; i++, number++) {
            if (write_batch(lmdb, engine, number) != 0) continue;
            acked[number] = true;
            report(number);
        }
        gv_engine_free(engine);
        gv_store_lmdb_close(lmdb, true);
    }
    report(-1 - plan.step);
    _exit(OVER);
}

static const char *const names[] = {"dies", "torn", "power", "full"};

// Checks that acknowledged batches are complete, and that others are complete or absent.
static void check(const bool acked[BATCHES * OPENINGS], enum fault fault, long at,
                  const struct gv_vectors_store *vector) {
    char reason[512];
    for (int start = 0; start < 2; start++) {
        struct gv_store_lmdb *lmdb;
        if (open_store(start == 0, &lmdb, reason) != 0 || reason[0] != '\0')
            fail_msg("%s at step %ld: %s", names[fault], at, reason);
        struct gv_engine *engine = load(lmdb);
        const char *missing = "";
        if (vector != NULL && !gv_vectors_match(vector, engine, &missing))
            assert_string_equal(missing, GV_VECTORS_MORE);
        for (int i = 0; i < BATCHES * OPENINGS; i++) {
            int count = count_values(engine, i);
            if (count != values_of(i) && (acked[i] || count != 0))
                fail_msg("%s at step %ld: batch %d: %d of %d values", names[fault], at, i, count,
                         values_of(i));
        }
        assert_int_equal(write_batch(lmdb, engine, BATCHES * OPENINGS + start), 0);
        gv_engine_free(engine);
        assert_int_equal(gv_store_lmdb_close(lmdb, true), 0);
    }
}

// Runs write_batches in a child with the fault at step `at`, or without a fault if `at` is 0, and
// checks the store. Returns the number of steps, if the child reached its end.
static long run(enum fault fault, long at, bool middle, const struct gv_vectors_store *vector) {
    bool acked[BATCHES * OPENINGS] = {0};
    int ends[2], status = 0;
    long number, steps = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        reports = ends[1];
        plan.fault = fault;
        plan.at = at;
        plan.on = true;
        if (fault == POWER) sectors = calloc(SECTORS_MAX, sizeof *sectors);
        gv_prng_init(&plan.prng, gv_test_seed(), (uint64_t)at);
        write_batches(middle);
    }
    close(ends[1]);
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        if (number >= 0) acked[number] = true;
        if (number < 0) steps = -1 - number;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != OVER)
        fail_msg("%s at step %ld: status %x", names[fault], at, (unsigned)status);
    check(acked, fault, at, vector);
    return steps;
}

// ---- Tests --------------------------------------------------------------------------------------

static int rounds(void) {
    const char *given = getenv("GV_ROUNDS");
    return given != NULL ? (int)strtol(given, NULL, 10) : 3;
}

// Makes an empty directory, or unpacks one of version 0.1.0.
static void make_directory(const struct gv_vectors_store *vector) {
    static char top[4096];
    snprintf(top, sizeof top, "%s", gv_proc_make_dir());
    if (vector != NULL) assert_true(gv_vectors_unpack(top, vector->name));
    snprintf(dir, sizeof dir, "%s/%s", top, vector != NULL ? vector->name : "new");
}

static void remove_directory(void) {
    gv_proc_remove_dir(dir);
    *strrchr(dir, '/') = '\0';
    gv_proc_remove_dir(dir);
}

static void check_steps(bool middle, const struct gv_vectors_store *vector) {
    if (!REPLACED) skip();
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), vector != NULL);
    make_directory(vector);
    long steps = run(DIES, 0, middle, vector);
    remove_directory();
    assert_true(steps > 100);
    for (int fault = DIES; fault <= FULL; fault++) {
        if (middle && fault == POWER) continue; // without syncs a power failure may lose any write
        for (int i = 0; i < rounds(); i++) {
            // Half of the steps are among the first, which create or upgrade the directory.
            uint64_t among = i % 2 == 0 ? FIRST_STEPS : (uint64_t)steps;
            make_directory(vector);
            run((enum fault)fault, 1 + (long)gv_prng_below(&prng, among), middle, vector);
            remove_directory();
        }
    }
    printf("%ld steps\n", steps);
}

static void acknowledged_batches_survive_faults(void **state) {
    (void)state;
    check_steps(false, NULL);
}

static void batches_without_journal_survive_faults(void **state) {
    (void)state;
    check_steps(true, NULL);
}

static void upgrades_survive_faults(void **state) {
    (void)state;
    const struct gv_vectors_store *store = gv_vectors_stores;
    for (; strcmp(store->name, "gset-sync-twice") != 0; store++) continue;
    check_steps(false, store);
}

static void upgrades_without_journal_survive_faults(void **state) {
    (void)state;
    const struct gv_vectors_store *store = gv_vectors_stores;
    for (; strcmp(store->name, "gset-none-killed") != 0; store++) continue;
    check_steps(true, store);
}

int main(void) {
    // The replaced calls sync nothing, so a file system in memory serves, and is faster.
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_batches_survive_faults),
        cmocka_unit_test(batches_without_journal_survive_faults),
        cmocka_unit_test(upgrades_survive_faults),
        cmocka_unit_test(upgrades_without_journal_survive_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
