// SPDX-License-Identifier: MIT
// The file of a store with some bytes changed: it is read without a fault, and refused, or what it
// shows is in order. What becomes of those that are not refused, damage_fuzz tries.
#include "../../node/storage/verifier.h"
#include "../lib/image.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEY_CAP = 511 };

struct shown {
    unsigned databases;
    uint64_t sum;         // of the bytes of all values
    uint8_t key[KEY_CAP]; // the last one
    size_t key_len;
};

static struct gv_image image;

static void show(struct shown *shown, struct gv_slice key) {
    size_t len = key.len < shown->key_len ? key.len : shown->key_len;
    int order = memcmp(shown->key, key.data, len);
    GV_ASSERT(key.len > 0 && (order < 0 || (order == 0 && key.len > shown->key_len)));
    shown->key_len = key.len < KEY_CAP ? key.len : KEY_CAP;
    memcpy(shown->key, key.data, shown->key_len);
}

static void show_database(void *ctx, struct gv_slice name) {
    struct shown *shown = ctx;
    GV_ASSERT(name.len > 0);
    shown->databases++;
    shown->key_len = 0;
}

static void show_record(void *ctx, struct gv_slice key, struct gv_slice value) {
    struct shown *shown = ctx;
    show(shown, key);
    for (size_t i = 0; i < value.len; i++) shown->sum += value.data[i];
}

static int read_image(struct shown *shown) {
    const struct gv_verifier_visitor reader = {show_database, show_record, shown};
    struct gv_verifier_damage damage;
    uint64_t txn = 0;
    *shown = (struct shown){0};
    int error = gv_verifier_run(image.file, image.len, &reader, &txn, &damage);
    GV_ASSERT(error != GV_ECORRUPT || (damage.what != NULL && damage.at <= SIZE_MAX / 2));
    return error;
}

static void check_error(int error) {
    GV_ASSERT(error == 0 || error == GV_ECORRUPT || error == GV_ENOENT || error == GV_EVERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct shown shown;
    if (image.good == NULL) {
        gv_image_init(&image, false);
        GV_ASSERT(read_image(&shown) == 0 && shown.databases == 2);
    }
    size_t edits = size / GV_IMAGE_EDIT;
    if (edits > GV_IMAGE_EDITS_MAX) edits = GV_IMAGE_EDITS_MAX;
    for (size_t i = 0; i < edits; i++) gv_image_edit(&image, data + i * GV_IMAGE_EDIT);
    check_error(read_image(&shown));
    gv_image_undo(&image, false);
    return 0;
}
