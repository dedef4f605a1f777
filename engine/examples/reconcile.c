// SPDX-License-Identifier: MIT
// Two processes, each with a set of 8-byte items, reconcile over a socket pair, then compare their
// sets item by item: `reconcile [items of both [items of one]]`.
#include <grapevine/reconcile.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 8192, BYTES = 65536 }; // maximum items in a message; maximum bytes from the library
struct side {
    struct gv_reconcile *set;
    FILE *in, *out;
    uint64_t items[ITEMS]; // items of the message that is being written or read
    uint8_t bytes[BYTES];
    uint32_t head[2];      // numbers of the items, and of the bytes
    size_t messages, sent; // written: their number, and bytes of them
};

static void check(int condition, const char *what) {
    if (!condition) fprintf(stderr, "%s failed\n", what), exit(1);
}

static bool send_item(void *ctx, uint64_t position, uint32_t ref) {
    struct side *side = ctx;
    (void)ref;
    if (side->head[0] == ITEMS) return false; // the message is full
    side->items[side->head[0]++] = position;
    return true;
}

static void transmit(struct side *side, const uint8_t *bytes, size_t len) {
    side->head[1] = (uint32_t)len, side->messages++;
    fwrite(side->head, sizeof side->head, 1, side->out);
    fwrite(side->items, 8, side->head[0], side->out);
    check(fwrite(bytes, 1, len, side->out) == len && fflush(side->out) == 0, "writing");
    side->sent += sizeof side->head + 8 * side->head[0] + len, side->head[0] = 0;
}

static bool receive(struct side *side) { // adds the items; false: the peer has closed
    if (fread(side->head, sizeof side->head, 1, side->in) != 1) return false;
    check(side->head[0] <= ITEMS && side->head[1] <= BYTES, "a bound");
    check(fread(side->items, 8, side->head[0], side->in) == side->head[0], "reading");
    for (; side->head[0] > 0; side->head[0]--)
        gv_reconcile_add(side->set, side->items[side->head[0] - 1], gv_slice_of(NULL, 0), 0);
    return fread(side->bytes, 1, side->head[1], side->in) == side->head[1];
}

static void reconcile(struct side *side, bool opens) { // the responder ends when the opener closes
    static uint8_t reply[BYTES];
    struct gv_reconcile_session_config config;
    struct gv_reconcile_session *session;
    gv_reconcile_session_config_init(&config);
    config.send = send_item, config.ctx = side, config.message_max = BYTES;
    check(gv_reconcile_session_new(&session, side->set, &config) == 0, "a session");
    for (int status = GV_RECONCILE_AGAIN; status != GV_RECONCILE_DONE;) {
        if (opens && status == GV_RECONCILE_AGAIN)
            transmit(side, reply, (size_t)gv_reconcile_open(session, 1, reply, sizeof reply));
        if (!receive(side)) break;
        size_t len;
        struct gv_slice message = gv_slice_of(side->bytes, side->head[1]);
        status = gv_reconcile_answer(session, message, reply, sizeof reply, &len);
        check(status >= 0, gv_base_error(status));
        if (len > 0) transmit(side, reply, len);
    }
    gv_reconcile_session_free(session);
}

int main(int argc, char **argv) {
    static struct side side;
    uint64_t both = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, mine, other, rank = 0;
    uint64_t all = both + (argc > 2 ? strtoull(argv[2], NULL, 10) : 1000);
    int fd[2], error = socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
    check(error == 0, "socketpair");
    bool opens = fork() != 0;
    close(fd[!opens]);
    side.in = fdopen(fd[opens], "r"), side.out = fdopen(dup(fd[opens]), "w");
    check(gv_reconcile_new(&side.set, NULL) == 0, "a set");
    for (uint64_t i = 1; i <= all; i++) { // distinct numbers that look random
        mine = (i ^ i << 32) * UINT64_C(0x9e3779b97f4a7c15), mine ^= mine >> 32;
        if (i <= both || i % 2 == opens) gv_reconcile_add(side.set, mine, gv_slice_of(NULL, 0), 0);
    }
    clock_t start = clock();
    reconcile(&side, opens);
    printf("%s: %zu messages, %zu bytes, %.1f ms\n", opens ? "opener" : "responder", side.messages,
           side.sent, (double)(clock() - start) * 1000 / CLOCKS_PER_SEC);
    if (opens) { // compares its items with those that the peer lists
        shutdown(fd[1], SHUT_WR);
        for (; fread(&other, 8, 1, side.in) == 1; rank++)
            check(gv_reconcile_at(side.set, rank, &mine, NULL) == 1 && mine == other, "an item");
        check(rank == all && rank == gv_reconcile_count(side.set), "the number of items");
    }
    for (; !opens && gv_reconcile_at(side.set, rank, &mine, NULL) == 1; rank++)
        fwrite(&mine, 8, 1, side.out);
    check(fclose(side.out) == 0 && (!opens || wait(NULL) > 0), "the end");
    return gv_reconcile_free(side.set);
}
