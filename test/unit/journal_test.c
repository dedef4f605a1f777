// SPDX-License-Identifier: MIT
// The journal: which frames the next open finds, also if the last one is torn, and which files it
// refuses.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../node/storage/journal.h"
#include "../lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SHORT = 100, LONG = 2 * GV_JOURNAL_BLOCK, MINE = 42, OTHER = 43, FRAME_HEADER = 40 };

static char dir[4096], path[4110];
static struct gv_journal journal;

static int set_up(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(path, sizeof path, "%s/journal", dir);
    assert_int_equal(gv_journal_open(&journal, path, MINE, 7), GV_ENOENT);
    assert_int_equal(gv_journal_make(&journal, path, MINE, 7), 0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gv_journal_close(&journal);
    gv_proc_remove_dir(dir);
    return 0;
}

// A batch of this length, filled with its number.
static int append(uint8_t number, size_t len) {
    static uint8_t bytes[GV_JOURNAL_SIZE];
    memset(bytes, number, len);
    return gv_journal_append(&journal, (struct gv_slice){bytes, len});
}

static int take(void *ctx, struct gv_slice batch) {
    int *next = ctx;
    for (size_t i = 0; i < batch.len; i++) assert_int_equal(batch.data[i], (uint8_t)*next);
    (*next)++;
    return 0;
}

// Reads the batches from `first` on; returns their number, or the error.
static int count(int first) {
    int next = first, error = gv_journal_read(&journal, take, &next);
    assert_true((error == GV_ECORRUPT) == (journal.damage.what != NULL));
    return error != 0 ? error : next - first;
}

// Opens the file again, with a database that records this epoch.
static int reopen(uint64_t epoch) {
    gv_journal_close(&journal);
    int error = gv_journal_open(&journal, path, MINE, epoch);
    assert_true((error == GV_ECORRUPT) == (journal.damage.what != NULL));
    return error;
}

static void start_next_epoch(uint64_t epoch) {
    assert_int_equal(reopen(epoch), 0);
}

// Opens the file again and reads the batches from `first` on; returns their number, or the error.
static int found(uint64_t epoch, int first) {
    int error = reopen(epoch);
    return error != 0 ? error : count(first);
}

static void end_epoch(void) {
    assert_int_equal(gv_journal_prepare(&journal), 0);
    gv_journal_begin(&journal);
}

static void what_is_appended_is_found(void **state) {
    (void)state;
    assert_int_equal(count(0), 0);
    static const size_t lengths[] = {0, 1, SHORT, 4056, 4057, LONG, 100000};
    int batches = sizeof lengths / sizeof *lengths;
    for (int i = 0; i < batches; i++) assert_int_equal(append((uint8_t)i, lengths[i]), 0);
    assert_int_equal(count(0), batches);
    assert_int_equal(found(7, 0), batches);
    assert_int_equal(append((uint8_t)batches, SHORT), 0); // appended after the batches found
    assert_int_equal(count(0), batches + 1);
}

static int refuse(void *ctx, struct gv_slice batch) {
    (void)batch;
    return ++*(int *)ctx == 2 ? GV_EFULL : 0;
}

static void reading_ends_where_it_is_told_to(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, SHORT), 0);
    int seen = 0;
    assert_int_equal(gv_journal_read(&journal, refuse, &seen), GV_EFULL);
    assert_int_equal(seen, 2);
    // The end has not moved, so all three frames are found.
    assert_int_equal(gv_journal_state(&journal).number, 3);
    assert_int_equal(gv_journal_prepare(&journal), 0);
    assert_int_equal(count(0), 3);
    assert_int_equal(found(7, 0), 3);
}

static void an_epoch_forgets_the_one_before(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 5; i++) assert_int_equal(append(i, LONG), 0);
    end_epoch();
    assert_int_equal(found(8, 0), 0);
    assert_int_equal(append(50, SHORT), 0);
    assert_int_equal(append(51, SHORT), 0);
    assert_int_equal(found(8, 50), 2);
}

// The journal has announced an epoch that the database has not recorded. All frames of the previous
// epoch are found.
static void an_epoch_may_be_announced_for_long(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, LONG), 0);
    for (int life = 0; life < 3; life++) {
        assert_int_equal(gv_journal_prepare(&journal), 0);
        assert_int_equal(count(0), 3);
        assert_int_equal(found(7, 0), 3);
        assert_true(journal.prepared);
    }
    start_next_epoch(8); // the database records this epoch
    assert_false(journal.prepared);
    assert_int_equal(count(0), 0);
    start_next_epoch(7); // the database does not record this epoch
    assert_int_equal(count(0), 3);
    gv_journal_begin(&journal);
    assert_int_equal(append(9, SHORT), 0);
    assert_int_equal(found(8, 9), 1);
    assert_int_equal(found(7, 0), GV_ECORRUPT); // the database is older
}

static void it_has_an_end(void **state) {
    (void)state;
    int appended = 0;
    for (; gv_journal_fits(&journal, LONG); appended++)
        assert_int_equal(append((uint8_t)appended, LONG), 0);
    assert_int_equal(appended, (GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK) / (LONG + GV_JOURNAL_BLOCK));
    for (; gv_journal_fits(&journal, 1); appended++)
        assert_int_equal(append((uint8_t)appended, 1), 0);
    assert_int_equal(count(0), appended);
    end_epoch();
    assert_false(gv_journal_fits(&journal, GV_JOURNAL_SIZE));
    assert_false(gv_journal_fits(&journal, SIZE_MAX));
    assert_true(gv_journal_fits(&journal, GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK - FRAME_HEADER));
    assert_false(gv_journal_fits(&journal, GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK - FRAME_HEADER + 1));
    assert_int_equal(append(0, GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK - FRAME_HEADER), 0);
    assert_int_equal(count(0), 1);
}

static uint8_t change(size_t at, uint8_t byte) {
    int fd = open(path, O_RDWR);
    uint8_t before = 0;
    assert_true(fd >= 0 && pread(fd, &before, 1, (off_t)at) == 1);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
    return before;
}

// A torn last frame is dropped, and the other frames are found. Any other damaged frame had been
// durable, so the file is refused.
static void only_the_last_may_be_torn(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    size_t starts[4];
    for (uint8_t i = 0; i < 4; i++) {
        starts[i] = journal.at;
        assert_int_equal(append(i, LONG), 0);
    }
    for (int i = 0; i < 400; i++) {
        int frame = i % 4;
        size_t at =
            starts[frame] + gv_prng_below(&prng, i % 3 == 0 ? FRAME_HEADER : FRAME_HEADER + LONG);
        uint8_t before = change(at, 0);
        change(at, (uint8_t)(before ^ (1 + gv_prng_below(&prng, 255))));
        assert_int_equal(found(7, 0), frame == 3 ? 3 : GV_ECORRUPT);
        change(at, before);
        if (frame < 3) assert_int_equal(journal.damage.at, starts[frame]);
    }
    assert_int_equal(found(7, 0), 4);
    // The torn frame is overwritten.
    change(starts[3] + FRAME_HEADER, 0xff);
    assert_int_equal(found(7, 0), 3);
    assert_int_equal(append(3, SHORT), 0);
    assert_int_equal(count(0), 4);
    // The watermark shows that the torn frame was acknowledged.
    change(starts[3] + FRAME_HEADER, 0xff);
    start_next_epoch(7);
    journal.count = 4;
    assert_int_equal(count(0), GV_ECORRUPT);
}

// Any range of bytes is damaged. At most the loss of the last frame remains undetected.
static void a_hole_is_refused(void **state) {
    (void)state;
    static const uint8_t zeros[GV_JOURNAL_SIZE];
    static uint8_t good[GV_JOURNAL_SIZE];
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 1);
    for (uint8_t i = 0; i < 6; i++) assert_int_equal(append(i, i % 2 == 0 ? LONG : SHORT), 0);
    size_t end = journal.at;
    assert_true(pread(journal.fd, good, sizeof good, 0) == GV_JOURNAL_SIZE);
    int refused = 0, fewer = 0;
    for (int i = 0; i < 600; i++) {
        size_t from = gv_prng_below(&prng, i % 2 == 0 ? end : end + GV_JOURNAL_BLOCK);
        if (i % 5 == 0) from -= from % GV_JOURNAL_BLOCK;
        size_t most = GV_JOURNAL_SIZE - from, len = most;
        if (i % 3 != 0) len = 1 + gv_prng_below(&prng, end < most ? end : most);
        bool same = memcmp(good + from, zeros, len) == 0;
        assert_true(pwrite(journal.fd, zeros, len, (off_t)from) == (ssize_t)len);
        int count = found(7, 0);
        if (same) assert_int_equal(count, 6);
        assert_true(count == 6 || count == 5 || count == GV_ECORRUPT);
        refused += count == GV_ECORRUPT;
        fewer += count == 5;
        if (count == GV_ECORRUPT) gv_journal_close(&journal);
        int fd = open(path, O_RDWR);
        assert_true(pwrite(fd, good + from, len, (off_t)from) == (ssize_t)len);
        close(fd);
        start_next_epoch(7);
    }
    assert_true(refused > 100 && fewer > 10);
}

// A file that is overwritten, truncated, or from another directory is refused.
static void what_is_not_the_journal_is_refused(void **state) {
    (void)state;
    static uint8_t bytes[GV_JOURNAL_SIZE];
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, LONG), 0);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)gv_prng_next(&prng);
    for (int random = 0; random < 2; random++) {
        int fd = open(path, O_RDWR | O_TRUNC);
        if (random == 0) memset(bytes, 0, sizeof bytes / 2);
        assert_true(pwrite(fd, bytes, sizeof bytes, 0) == GV_JOURNAL_SIZE);
        close(fd);
        assert_int_equal(found(7, 0), GV_ECORRUPT);
        assert_int_equal(journal.damage.at, 0);
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)gv_prng_next(&prng);
    }
    assert_int_equal(gv_journal_make(&journal, path, OTHER, 7), 0);
    assert_int_equal(append(0, LONG), 0);
    assert_int_equal(found(7, 0), GV_ECORRUPT);
    assert_string_equal(journal.damage.what, "it and data.mdb belong to different directories");
    assert_int_equal(gv_journal_make(&journal, path, MINE, 7), 0);
    assert_int_equal(append(0, LONG), 0);
    static const off_t lengths[] = {0, LONG, GV_JOURNAL_SIZE - 1, GV_JOURNAL_SIZE + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(truncate(path, lengths[i]), 0);
        assert_int_equal(found(7, 0), GV_ECORRUPT);
    }
}

// If the database has an earlier epoch than the journal, the database is an older copy; if it has a
// later one, the journal is an older copy.
static void another_epoch_is_refused(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, LONG), 0);
    end_epoch();
    for (uint8_t i = 3; i < 6; i++) {
        assert_int_equal(append(i, LONG), 0);
        assert_int_equal(found(7, 0), GV_ECORRUPT);
        assert_non_null(strstr(journal.damage.what, "data.mdb is an older copy"));
        assert_int_equal(found(9, 0), GV_ECORRUPT);
        assert_non_null(strstr(journal.damage.what, "it is an older copy"));
        assert_int_equal(found(8, 3), i - 2);
    }
}

// A batch that contains bytes like a frame with a later number.
static void a_batch_is_no_frame(void **state) {
    (void)state;
    static uint8_t bytes[3 * GV_JOURNAL_BLOCK];
    const uint64_t words[] = {7, 1, 100, 0, 0};
    for (size_t at = 0; at + sizeof words <= sizeof bytes; at += sizeof words)
        memcpy(bytes + at, words, sizeof words);
    for (size_t shift = 0; shift < sizeof words; shift += sizeof *words) {
        gv_journal_close(&journal);
        assert_int_equal(gv_journal_make(&journal, path, MINE, 7), 0);
        assert_int_equal(
            gv_journal_append(&journal, (struct gv_slice){bytes + shift, sizeof bytes - shift}), 0);
        change(GV_JOURNAL_BLOCK, 0); // torn
        assert_int_equal(found(7, 0), 0);
    }
}

// A failed append leaves no frame. A limit on file sizes takes the place of a full disk.
static void a_failure_leaves_nothing(void **state) {
    (void)state;
    struct rlimit before, less;
    assert_int_equal(append(0, LONG), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = (rlim_t)journal.at + GV_JOURNAL_BLOCK;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = append(1, LONG), number = errno, shorter = append(1, SHORT);
    int none = append(2, SHORT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, GV_EFULL);
    assert_int_equal(number, EFBIG);
    assert_int_equal(shorter, 0);
    assert_int_equal(none, GV_EFULL);
    assert_int_equal(found(7, 0), 2);
}

// A trial append returns what an append would return, and leaves no frame.
static void a_trial_leaves_nothing(void **state) {
    (void)state;
    struct rlimit before, less;
    assert_int_equal(append(0, LONG), 0);
    size_t at = journal.at;
    assert_int_equal(gv_journal_probe(&journal, LONG), 0);
    assert_int_equal(journal.at, at);
    assert_int_equal(append(1, SHORT), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = (rlim_t)journal.at + GV_JOURNAL_BLOCK;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = gv_journal_probe(&journal, LONG), number = errno;
    int shorter = gv_journal_probe(&journal, SHORT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, GV_EFULL);
    assert_int_equal(number, EFBIG);
    assert_int_equal(shorter, 0);
    assert_int_equal(found(7, 0), 2);
    // A frame that a failed append could not erase is overwritten.
    size_t end = journal.at;
    assert_int_equal(append(2, LONG), 0);
    journal.at = end;
    journal.count = --journal.number;
    assert_int_equal(gv_journal_probe(&journal, LONG), 0);
    assert_int_equal(count(0), 2);
}

static void no_place_to_make_it(void **state) {
    (void)state;
    struct gv_journal other;
    assert_int_equal(gv_journal_open(&other, "/nonexistent/far", MINE, 7), GV_ENOENT);
    assert_int_equal(gv_journal_make(&other, "/nonexistent/far", MINE, 7), GV_EIO);
    struct rlimit before, less;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = GV_JOURNAL_SIZE / 2;
    signal(SIGXFSZ, SIG_IGN);
    char second[4120];
    snprintf(second, sizeof second, "%s-2", path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = gv_journal_make(&other, second, MINE, 7);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, GV_EFULL);
    assert_int_equal(gv_journal_open(&other, second, MINE, 7), GV_ENOENT); // no incomplete file
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_found),
        TEST(reading_ends_where_it_is_told_to),
        TEST(an_epoch_forgets_the_one_before),
        TEST(an_epoch_may_be_announced_for_long),
        TEST(it_has_an_end),
        TEST(another_epoch_is_refused),
        TEST(a_batch_is_no_frame),
        TEST(only_the_last_may_be_torn),
        TEST(a_hole_is_refused),
        TEST(what_is_not_the_journal_is_refused),
        TEST(a_failure_leaves_nothing),
        TEST(a_trial_leaves_nothing),
        TEST(no_place_to_make_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
