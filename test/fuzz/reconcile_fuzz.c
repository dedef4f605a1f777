// SPDX-License-Identifier: MIT
// Random bytes as a summary for a tree with some items. The answer completes after a bounded number
// of messages and does not change the tree. Two such trees become equal in an exchange without
// damage.
#include "../../merkle/singlediff.h"
#include "../lib/pair.h"
#include "../lib/tree_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEMS = 300, MESSAGES_MAX = 100000 };

// Items at consecutive positions, at random ones, at a single one, and at both ends. Some are
// entries of the set; others have values, a few of which differ.
static void fill(struct gv_pair *pair) {
    for (uint64_t i = 0; i < ITEMS; i++) {
        uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        uint64_t position = i % 3 == 0 ? i : i % 3 == 1 ? hash >> 1 : 77;
        if (i % 2 == 0 && position != 77) hash = gv_singlediff_permute(&pair->key, position);
        gv_pair_add(pair, 0, position, i % 30 == 11 ? ~hash : hash);
        if (i % 10 != 0) gv_pair_add(pair, 1, position, hash);
    }
    gv_pair_add(pair, 0, 0, 1);
    gv_pair_add(pair, 0, GV_POSITION_END - 1, 2);
    gv_pair_add(pair, 1, GV_POSITION_END - 1, 3);
}

// Answers the input; the pair drops the items sent.
static void answer(struct gv_pair *pair, const uint8_t *data, size_t size) {
    pair->capacity = GV_RECONCILE_CAPACITY_MIN + size % 7 * 100;
    pair->sends_max = 1 + size % 5 * 10;
    pair->options.fewer_rounds = size % 3 == 0;
    pair->options.use_sketches = size % 4 != 0;
    pair->errors = 0;
    bool ended = gv_pair_answer(pair, 0, (struct gv_slice){data, size}, MESSAGES_MAX);
    GV_ASSERT(ended);
    GV_ASSERT(pair->errors <= 1);
    GV_ASSERT(pair->sent[0] + pair->sent[1] == 0); // the pair dropped the answers
}

// An exchange between two such trees.
static void check_exchange(void) {
    struct gv_pair pair;
    gv_pair_init(&pair, 1, GV_RECONCILE_CAPACITY_MIN, 1);
    fill(&pair);
    bool ended = gv_pair_run(&pair, 1, MESSAGES_MAX);
    GV_ASSERT(ended && gv_pair_equal(&pair));
    GV_ASSERT(gv_tree_verify(&pair.side[0].tree) == 0);
    gv_pair_fini(&pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct gv_pair pair;
    static struct gv_digest root;
    if (pair.capacity == 0) {
        check_exchange();
        gv_pair_init(&pair, 1, GV_RECONCILE_CAPACITY_MIN, 1);
        fill(&pair);
        root = gv_tree_root(&pair.side[0].tree);
    }
    answer(&pair, data, size);
    GV_ASSERT(gv_digest_equal(gv_tree_root(&pair.side[0].tree), root));
    return 0;
}
