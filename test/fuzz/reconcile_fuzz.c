// SPDX-License-Identifier: MIT
// Random bytes as summaries in messages of an exchange, through the public header. Each message
// must get an answer or an error, the set must not change, and the exchange must end after a
// bounded number of messages. The length of the input chooses the options. Flags and message number
// are valid in the exchange, so that the input reaches the parser of summaries.
#include "../../merkle/base.h"
#include "../../merkle/reconcile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ITEMS = 300,
    ROUNDS_MAX = 100000,
    FLAG_REPLY = 1,
    FLAG_PENDING = 4,
    VERSION = 1 << 4,
    HEADER = 6, // flags, four bytes of the exchange, one of the message number
    MESSAGE = 4096,
};

// Counts the items sent, since a message has space for only some.
struct space {
    uint32_t left, most;
};

static bool send_item(void *ctx, uint64_t position, uint32_t ref) {
    struct space *space = ctx;
    (void)position;
    GV_ASSERT(ref < ITEMS);
    if (space->left == 0) return false;
    space->left--;
    return true;
}

// A set of items at consecutive, at scattered and at a single position, with and without bytes.
static struct gv_reconcile *new_set(void) {
    struct gv_reconcile *set;
    int error = gv_reconcile_new(&set, NULL);
    for (uint32_t i = 0; i < ITEMS && !error; i++) {
        uint64_t position = i % 3 == 0 ? i : i * UINT64_C(0x9e3779b97f4a7c15) >> 1;
        if (i % 3 == 2) position = 77;
        size_t len = i % 2 == 0 && i % 3 != 2 ? 0 : sizeof i;
        error = gv_reconcile_add(set, position, gv_slice_of(&i, len), i) != 1;
    }
    GV_ASSERT(!error);
    return set;
}

// Passes the input as the message after an opening, then requests the rest of the answer.
static void answer(struct gv_reconcile_session *session, struct space *space, const uint8_t *data,
                   size_t size) {
    static uint8_t out[MESSAGE], in[MESSAGE];
    space->left = space->most;
    int opening = gv_reconcile_open(session, size, out, sizeof out);
    GV_ASSERT(opening > HEADER);
    size_t len = size < MESSAGE - HEADER ? size : MESSAGE - HEADER;
    memcpy(in, out, HEADER); // the id of the exchange and the number of the opening, 0
    in[0] = VERSION | FLAG_REPLY | (size % 2 ? FLAG_PENDING : 0);
    if (len > 0) memcpy(in + HEADER, data, len);
    len += HEADER;
    for (uint32_t round = 0;; round++) {
        size_t out_len;
        GV_ASSERT(round < ROUNDS_MAX);
        space->left = space->most;
        size_t cap = GV_RECONCILE_MESSAGE_MIN + size % 7 * 100;
        int status = gv_reconcile_answer(session, gv_slice_of(in, len), out, cap, &out_len);
        GV_ASSERT(status <= GV_RECONCILE_WAIT || status == GV_RECONCILE_AGAIN);
        if (status != GV_RECONCILE_WAIT || out_len <= HEADER) return;
        if ((out[0] & FLAG_PENDING) == 0) return; // the answer is complete
        // An empty message with the same number, pending and idle, requests the rest.
        in[0] = VERSION | FLAG_REPLY | FLAG_PENDING | 8;
        len = 1;
        while (len < HEADER || out[len - 1] >= 128) in[len] = out[len], len++;
        GV_ASSERT(len <= HEADER + 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct gv_reconcile *set;
    static uint64_t digest;
    static struct space space;
    if (set == NULL) {
        set = new_set();
        digest = gv_reconcile_digest(set);
    }
    struct gv_reconcile_session_config config;
    struct gv_reconcile_session *session;
    gv_reconcile_session_config_init(&config);
    config.send = send_item;
    config.ctx = &space;
    config.message_max = MESSAGE;
    config.round_trip = size % 3 * 15 * GV_MS;
    space.most = 1 + (uint32_t)(size % 5) * 10;
    int error = gv_reconcile_session_new(&session, set, &config);
    GV_ASSERT(!error);
    answer(session, &space, data, size);
    // Passes the same bytes as a whole message, first to a session without an exchange.
    static uint8_t out[MESSAGE];
    size_t len;
    gv_reconcile_answer(session, gv_slice_of(data, size), out, sizeof out, &len);
    gv_reconcile_open(session, size, out, sizeof out);
    gv_reconcile_answer(session, gv_slice_of(data, size), out, sizeof out, &len);
    gv_reconcile_session_free(session);
    GV_ASSERT(gv_reconcile_digest(set) == digest);
    return 0;
}
