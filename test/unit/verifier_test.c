// SPDX-License-Identifier: MIT
// The verifier of LMDB's files: what it finds in a valid file, and what it refuses.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../../node/storage/verifier.h"
#include "../lib/image.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct gv_image image;

struct shown {
    char names[100]; // names of the databases, each followed by a space
    int records;
};

static void show_database(void *ctx, struct gv_slice name) {
    struct shown *shown = ctx;
    size_t len = strlen(shown->names);
    if (len + name.len + 2 > sizeof shown->names) return;
    memcpy(shown->names + len, name.data, name.len);
    memcpy(shown->names + len + name.len, " ", 2);
}

static void show_record(void *ctx, struct gv_slice key, struct gv_slice value) {
    struct shown *shown = ctx;
    assert_true(key.len > 0 && (value.len == 0 || value.data != NULL));
    shown->records++;
}

static int read_image(struct shown *shown, uint64_t size) {
    const struct gv_verifier_visitor reader = {show_database, show_record, shown};
    struct gv_verifier_damage damage;
    uint64_t txn;
    *shown = (struct shown){0};
    int error = gv_verifier_run(image.file, size, &reader, &txn, &damage);
    assert_true((error == GV_ECORRUPT) == (damage.what != NULL));
    return error;
}

static void edit(size_t at, uint8_t byte) {
    const uint8_t bytes[GV_IMAGE_EDIT] = {0x80, (uint8_t)(at >> 16), (uint8_t)(at >> 8),
                                          (uint8_t)at, byte};
    gv_image_edit(&image, bytes);
}

static int set_up(void **state) {
    (void)state;
    gv_image_init(&image, false);
    return 0;
}

static void all_of_a_good_file_is_shown(void **state) {
    (void)state;
    struct shown shown;
    assert_int_equal(read_image(&shown, image.len), 0);
    assert_string_equal(shown.names, "entries meta ");
    struct gv_digest root = image.roots[image.frame_count];
    assert_int_equal(shown.records, root.count + 1); // the entries, and the superblock
}

static void what_is_no_such_file_is_refused(void **state) {
    (void)state;
    struct shown shown;
    assert_int_equal(read_image(&shown, image.len / 2), GV_ECORRUPT);
    edit(16, 0); // the magic number of the first meta page
    assert_int_equal(read_image(&shown, image.len), GV_ENOENT);
    gv_image_undo(&image, false);
    edit(20, 2); // the version of that page
    assert_int_equal(read_image(&shown, image.len), GV_EVERSION);
    gv_image_undo(&image, false);
    assert_int_equal(ftruncate(image.file, 100), 0);
    assert_int_equal(read_image(&shown, 100), GV_ENOENT);
    gv_image_undo(&image, true);
}

// The bytes that LMDB reads are changed one at a time. In a changed file the verifier never finds
// more records than in the valid file, and it refuses most of the changed files.
static void damage_is_refused(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct shown good, shown;
    assert_int_equal(read_image(&good, image.len), 0);
    int refused = 0;
    for (size_t i = 0; i < image.spot_count; i++) {
        uint8_t other = (uint8_t)(image.good[image.spots[i]] ^ (1 + gv_prng_below(&prng, 255)));
        edit(image.spots[i], other);
        int error = read_image(&shown, image.len);
        assert_true(error == 0 || error == GV_ECORRUPT || error == GV_ENOENT ||
                    error == GV_EVERSION);
        assert_true(shown.records <= good.records);
        refused += error != 0;
        gv_image_undo(&image, false);
    }
    // In the files that it accepts, the changed byte belongs to an entry or to a free page.
    printf("refused: %d of %zu\n", refused, image.spot_count);
    assert_true(refused > 1000);
    assert_int_equal(read_image(&shown, image.len), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_good_file_is_shown),
        cmocka_unit_test(what_is_no_such_file_is_refused),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
