// SPDX-License-Identifier: MIT
// data.mdb with some bytes changed. The verifier must read it without invalid accesses, and must
// refuse it or visit keys in ascending order. damage_fuzz opens such files as stores.
#include "../../node/storage/verifier.h"
#include "../lib/image.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEY_CAP = 511 };

struct visited {
    unsigned databases;
    uint64_t sum;         // sum of the bytes of all values
    uint8_t key[KEY_CAP]; // the last key
    size_t key_len;
};

static struct gv_image image;

static void check_order(struct visited *visited, struct gv_slice key) {
    size_t len = key.len < visited->key_len ? key.len : visited->key_len;
    int order = memcmp(visited->key, key.data, len);
    GV_ASSERT(key.len > 0 && (order < 0 || (order == 0 && key.len > visited->key_len)));
    visited->key_len = key.len < KEY_CAP ? key.len : KEY_CAP;
    memcpy(visited->key, key.data, visited->key_len);
}

static void visit_database(void *ctx, struct gv_slice name) {
    struct visited *visited = ctx;
    GV_ASSERT(name.len > 0);
    visited->databases++;
    visited->key_len = 0;
}

static void visit_record(void *ctx, struct gv_slice key, struct gv_slice value) {
    struct visited *visited = ctx;
    check_order(visited, key);
    for (size_t i = 0; i < value.len; i++) visited->sum += value.data[i];
}

static int read_image(struct visited *visited) {
    const struct gv_verifier_visitor reader = {visit_database, visit_record, visited};
    struct gv_verifier_damage damage;
    uint64_t txn = 0;
    *visited = (struct visited){0};
    int error = gv_verifier_run(image.file, image.len, &reader, &txn, &damage);
    GV_ASSERT(error != GV_ECORRUPT || (damage.what != NULL && damage.at <= SIZE_MAX / 2));
    return error;
}

static void check_error(int error) {
    GV_ASSERT(error == 0 || error == GV_ECORRUPT || error == GV_ENOENT || error == GV_EVERSION);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct visited visited;
    if (image.good == NULL) {
        gv_image_init(&image, false);
        GV_ASSERT(read_image(&visited) == 0 && visited.databases == 2);
    }
    size_t edits = size / GV_IMAGE_EDIT;
    if (edits > GV_IMAGE_EDITS_MAX) edits = GV_IMAGE_EDITS_MAX;
    for (size_t i = 0; i < edits; i++) gv_image_edit(&image, data + i * GV_IMAGE_EDIT);
    check_error(read_image(&visited));
    gv_image_undo(&image, false);
    return 0;
}
