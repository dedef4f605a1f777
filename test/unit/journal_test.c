// SPDX-License-Identifier: MIT
// A file of frames: what is found again in the next life, whatever happened to the last frame, and
// what is refused.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../node/journal.h"
#include "../lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SHORT = 100, LONG = 2 * GV_JOURNAL_BLOCK };

static char dir[4096], path[4110];
static struct gv_journal journal;

static int set_up(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", gv_proc_make_dir());
    snprintf(path, sizeof path, "%s/journal", dir);
    assert_int_equal(gv_journal_open(&journal, path), GV_ENOENT);
    assert_int_equal(gv_journal_make(&journal, path), 0);
    gv_journal_begin(&journal, 7);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    gv_journal_close(&journal);
    gv_proc_remove_dir(dir);
    return 0;
}

// A batch of so many bytes that tell its number.
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

// Reads the batches from `first` on; returns how many, or the error.
static int count(uint64_t epoch, int first) {
    int next = first, error = gv_journal_read(&journal, epoch, take, &next);
    return error != 0 ? error : next - first;
}

static void next_life(void) {
    gv_journal_close(&journal);
    assert_int_equal(gv_journal_open(&journal, path), 0);
}

static void what_is_appended_is_found(void **state) {
    (void)state;
    assert_int_equal(count(7, 0), 0);
    static const size_t lengths[] = {0, 1, SHORT, 4056, 4057, LONG, 100000};
    int batches = sizeof lengths / sizeof *lengths;
    for (int i = 0; i < batches; i++) assert_int_equal(append((uint8_t)i, lengths[i]), 0);
    assert_int_equal(count(7, 0), batches);
    next_life();
    assert_int_equal(count(7, 0), batches);
    assert_int_equal(append((uint8_t)batches, SHORT), 0); // it goes on behind them
    assert_int_equal(count(7, 0), batches + 1);
    assert_int_equal(count(5, 0), 0);
}

static int refuse(void *ctx, struct gv_slice batch) {
    (void)batch;
    return ++*(int *)ctx == 2 ? GV_EFULL : 0;
}

static void reading_ends_where_it_is_told_to(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, SHORT), 0);
    int seen = 0;
    assert_int_equal(gv_journal_read(&journal, 7, refuse, &seen), GV_EFULL);
    assert_int_equal(seen, 2);
}

static void an_epoch_forgets_the_one_before(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 5; i++) assert_int_equal(append(i, LONG), 0);
    gv_journal_begin(&journal, 8);
    next_life();
    assert_int_equal(count(8, 0), 0);
    assert_int_equal(append(50, SHORT), 0);
    assert_int_equal(append(51, SHORT), 0);
    next_life();
    assert_int_equal(count(8, 50), 2);
}

static void it_has_an_end(void **state) {
    (void)state;
    int appended = 0;
    for (; gv_journal_fits(&journal, LONG); appended++)
        assert_int_equal(append((uint8_t)appended, LONG), 0);
    assert_int_equal(appended, GV_JOURNAL_SIZE / (LONG + GV_JOURNAL_BLOCK));
    for (; gv_journal_fits(&journal, 1); appended++)
        assert_int_equal(append((uint8_t)appended, 1), 0);
    assert_int_equal(count(7, 0), appended);
    gv_journal_begin(&journal, 8);
    assert_false(gv_journal_fits(&journal, GV_JOURNAL_SIZE));
    assert_false(gv_journal_fits(&journal, SIZE_MAX));
    assert_true(gv_journal_fits(&journal, GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK));
    assert_int_equal(append(0, GV_JOURNAL_SIZE - GV_JOURNAL_BLOCK), 0);
    assert_int_equal(count(8, 0), 1);
}

static uint8_t change(size_t at, uint8_t byte) {
    int fd = open(path, O_RDWR);
    uint8_t before = 0;
    assert_true(fd >= 0 && pread(fd, &before, 1, (off_t)at) == 1);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
    return before;
}

// The power failed while the last frame was written: it is not there, and the others are. Any other
// frame had been safe: then it is the disk that lost it.
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
        size_t at = starts[frame] + gv_prng_below(&prng, i % 3 == 0 ? 40 : 40 + LONG);
        uint8_t before = change(at, 0);
        change(at, (uint8_t)(before ^ (1 + gv_prng_below(&prng, 255))));
        next_life();
        assert_int_equal(count(7, 0), frame == 3 ? 3 : GV_ECORRUPT);
        change(at, before);
    }
    next_life();
    assert_int_equal(count(7, 0), 4);
    // What was torn is written over.
    change(starts[3] + 40, 0xff);
    assert_int_equal(count(7, 0), 3);
    assert_int_equal(append(3, SHORT), 0);
    assert_int_equal(count(7, 0), 4);
}

// Whoever asks for an epoch that had ended has forgotten what came after.
static void an_epoch_that_had_ended_is_refused(void **state) {
    (void)state;
    for (uint8_t i = 0; i < 3; i++) assert_int_equal(append(i, LONG), 0);
    gv_journal_begin(&journal, 8);
    assert_int_equal(count(7, 0), 3);
    gv_journal_begin(&journal, 8);
    for (uint8_t i = 3; i < 6; i++) {
        assert_int_equal(append(i, LONG), 0);
        uint64_t number = journal.number;
        size_t at = journal.at;
        next_life();
        assert_int_equal(count(7, 0), GV_ECORRUPT);
        gv_journal_begin(&journal, 8);
        journal.number = number;
        journal.at = at;
    }
    next_life();
    assert_int_equal(count(8, 3), 3);
}

// A batch that holds what looks like a frame, which tells a number that is to come.
static void a_batch_is_no_frame(void **state) {
    (void)state;
    static uint8_t bytes[3 * GV_JOURNAL_BLOCK];
    const uint64_t words[] = {7, 1, 100, 0, 0};
    for (size_t at = 0; at + sizeof words <= sizeof bytes; at += sizeof words)
        memcpy(bytes + at, words, sizeof words);
    for (size_t shift = 0; shift < sizeof words; shift += sizeof *words) {
        gv_journal_begin(&journal, 7);
        assert_int_equal(
            gv_journal_append(&journal, (struct gv_slice){bytes + shift, sizeof bytes - shift}), 0);
        change(0, 0); // torn
        next_life();
        assert_int_equal(count(7, 0), 0);
    }
}

static void a_file_cut_off_is_refused(void **state) {
    (void)state;
    assert_int_equal(append(0, LONG), 0);
    assert_int_equal(truncate(path, LONG), 0);
    assert_int_equal(count(7, 0), GV_ECORRUPT);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(count(7, 0), GV_ECORRUPT);
}

// What could not be appended is not there later; the limit of a file's size stands for the disk.
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
    next_life();
    assert_int_equal(count(7, 0), 2);
}

// A trial says what an append would, and is nothing that is found later.
static void a_trial_leaves_nothing(void **state) {
    (void)state;
    struct rlimit before, less;
    assert_int_equal(append(0, LONG), 0);
    size_t at = journal.at;
    assert_int_equal(gv_journal_try(&journal, LONG), 0);
    assert_int_equal(journal.at, at);
    assert_int_equal(append(1, SHORT), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = (rlim_t)journal.at + GV_JOURNAL_BLOCK;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = gv_journal_try(&journal, LONG), number = errno;
    int shorter = gv_journal_try(&journal, SHORT);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, GV_EFULL);
    assert_int_equal(number, EFBIG);
    assert_int_equal(shorter, 0);
    next_life();
    assert_int_equal(count(7, 0), 2);
    // What an append left behind that had failed to take itself back is written over.
    size_t end = journal.at;
    assert_int_equal(append(2, LONG), 0);
    journal.at = end;
    journal.number--;
    assert_int_equal(gv_journal_try(&journal, LONG), 0);
    assert_int_equal(count(7, 0), 2);
}

static void no_place_to_make_it(void **state) {
    (void)state;
    struct gv_journal other;
    assert_int_equal(gv_journal_open(&other, "/nonexistent/far"), GV_ENOENT);
    assert_int_equal(gv_journal_make(&other, "/nonexistent/far"), GV_EIO);
    struct rlimit before, less;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    less = before;
    less.rlim_cur = GV_JOURNAL_SIZE / 2;
    signal(SIGXFSZ, SIG_IGN);
    char second[4120];
    snprintf(second, sizeof second, "%s-2", path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
    int error = gv_journal_make(&other, second);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, GV_EFULL);
    assert_int_equal(gv_journal_open(&other, second), GV_ENOENT); // nothing half made
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_found),
        TEST(reading_ends_where_it_is_told_to),
        TEST(an_epoch_forgets_the_one_before),
        TEST(it_has_an_end),
        TEST(an_epoch_that_had_ended_is_refused),
        TEST(a_batch_is_no_frame),
        TEST(only_the_last_may_be_torn),
        TEST(a_file_cut_off_is_refused),
        TEST(a_failure_leaves_nothing),
        TEST(a_trial_leaves_nothing),
        TEST(no_place_to_make_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
