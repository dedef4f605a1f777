// SPDX-License-Identifier: MIT
// Three processes of gv-kafka with data directories under load. At random times partitions begin
// and end, and a node is killed by SIGKILL and restarted, in one test without its directory.
// Clients poll each node all the time, each from the offset after its last message. At the end
// polls of each node must have returned every acknowledged message in order, so no message was lost
// or appeared below a cut. No offset may be assigned twice. GV_ROUNDS=N sets the number of kills;
// GV_SEED repeats the random choices.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NODES = 3,
    KEYS = 3,
    WRITERS = 8,       // number of pending sends per node
    ROUNDS = 10,       // default number of kills in a test
    ROUNDS_A_DIR = 25, // kills before all nodes start with new directories
    KILL_US = 80000,   // longest time between restart and kill
    DOWN_US = 40000,   // longest time until a restart
    SENDS_MAX = 400000,
    POLL_ID = 2,
    FIRST_ID = 10, // msg_id of the first send, whose message is 0
    AGREE_MS = 60000,
};

struct node {
    struct gv_proc proc;
    char name[8], dir[4096], log[4200];
    bool up, ready, polling;
    int pending;         // sends without a reply
    uint64_t last;       // the last offset that it acknowledged
    uint64_t next[KEYS]; // where the next poll of each key begins
    char *queue;         // lines not yet written to its standard input
    size_t len, cap;
    int found; // number of acknowledged messages that it has returned to polls
};

static struct gv_prng prng;
static struct node nodes[NODES];
static struct {
    unsigned side; // one side of the partition, a bit for each node; 0: no partition
    bool stopped;  // no further messages are sent
    int sent, acked;
    uint64_t offsets[SENDS_MAX]; // of acknowledged messages; 0: not acknowledged
    uint8_t seen[SENDS_MAX];     // a bit for each node that has returned the message to a poll
} run;

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// ---- Lines --------------------------------------------------------------------------------------

static void enqueue(struct node *node, const char *line, size_t len) {
    if (node->cap - node->len < len + 1) {
        node->cap = 2 * (node->cap + len + 1);
        node->queue = realloc(node->queue, node->cap);
        assert_non_null(node->queue);
    }
    memcpy(node->queue + node->len, line, len);
    node->queue[node->len + len] = '\n';
    node->len += len + 1;
}

// Writes as much as the pipe takes. Does not block: the node may wait until its output is read.
static void flush(struct node *node) {
    while (node->up && node->len > 0) {
        ssize_t n = write(node->proc.in, node->queue, node->len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        node->len -= (size_t)n;
        memmove(node->queue, node->queue + n, node->len);
    }
}

static void note(int message, uint64_t offset) {
    if (run.offsets[message] == offset) return;
    if (run.offsets[message] != 0) fail_msg("message %d has two offsets", message);
    run.offsets[message] = offset;
}

static void receive_send_ok(struct node *node, int message, const char *line) {
    const char *at = strstr(line, "\"offset\":");
    assert_non_null(at);
    uint64_t offset = strtoull(at + strlen("\"offset\":"), NULL, 10);
    if (offset <= node->last) fail_msg("%s: an offset after a larger one", node->name);
    node->last = offset;
    note(message, offset);
    run.acked++;
}

// "KEY":[[OFFSET,MESSAGE],…] for each key
static void receive_poll_ok(struct node *node, const char *line) {
    const char *at = strstr(line, "\"msgs\":{");
    assert_non_null(at);
    node->polling = false;
    for (at += strlen("\"msgs\":{"); *at == '"';) {
        int key = at[1] - '0';
        assert_in_range(key, 0, KEYS - 1);
        for (at += 4; *at != ']' || at[1] == ','; at++) {
            while (*at == '[' || *at == ']' || *at == ',') at++;
            char *end;
            uint64_t offset = strtoull(at, &end, 10);
            long message = strtol(end + 1, &end, 10);
            assert_true(*end == ']' && message < run.sent && message % KEYS == key);
            assert_true(offset >= node->next[key]);
            node->next[key] = offset + 1;
            note((int)message, offset);
            run.seen[message] |= (uint8_t)(1u << (node - nodes));
            at = end;
            if (at[1] == ']') break;
        }
        at += 2;
        if (*at == ',') at++;
    }
}

static void receive_reply(struct node *node, const char *line) {
    const char *id = strstr(line, "\"in_reply_to\":");
    assert_non_null(id);
    int number = (int)strtol(id + strlen("\"in_reply_to\":"), NULL, 10);
    if (strstr(line, "\"init_ok\"") != NULL) {
        node->ready = true;
    } else if (number == POLL_ID) {
        receive_poll_ok(node, line);
    } else {
        node->pending--;
        if (strstr(line, "\"send_ok\"") != NULL) {
            receive_send_ok(node, number - FIRST_ID, line);
        } else if (strstr(line, "\"code\":11") == NULL) {
            fail_msg("%s", line); // error 11 is expected before the node has recovered
        }
    }
}

static void route(int from, const char *line) {
    const char *dest = strstr(line, "\"dest\":\"");
    assert_non_null(dest);
    dest += strlen("\"dest\":\"");
    if (*dest == 'c') {
        receive_reply(&nodes[from], line);
        return;
    }
    int to = dest[1] - '1';
    assert_true(*dest == 'n' && to >= 0 && to < NODES && to != from);
    bool cut = ((run.side >> from ^ run.side >> to) & 1) != 0;
    if (!cut && nodes[to].up) enqueue(&nodes[to], line, strlen(line));
}

// ---- Processes ----------------------------------------------------------------------------------

static void start(struct node *node) {
    const char *arguments[] = {"--data", node->dir, "--durability", "sync", "--staleness",
                               "20",     NULL};
    gv_proc_start(&node->proc, "gv-kafka", arguments, node->log);
    fcntl(node->proc.in, F_SETFL, fcntl(node->proc.in, F_GETFL) | O_NONBLOCK);
    node->up = true;
    node->ready = node->polling = false;
    node->len = 0;
    node->pending = 0;
    char line[256];
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
                       "\"node_id\":\"%s\",\"node_ids\":[\"n1\",\"n2\",\"n3\"]}}",
                       node->name, node->name);
    enqueue(node, line, (size_t)len);
}

static void kill_node(int index) {
    struct node *node = &nodes[index];
    gv_proc_kill(&node->proc);
    // Replies that the node wrote before it was killed count.
    for (char *line; (line = gv_proc_read_line(&node->proc, 0)) != NULL;) route(index, line);
    gv_proc_fini(&node->proc);
    node->up = node->ready = false;
}

static void start_all(void) {
    memset(&run, 0, sizeof run);
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (struct node){0};
        snprintf(nodes[i].name, sizeof nodes[i].name, "n%d", i + 1);
        snprintf(nodes[i].dir, sizeof nodes[i].dir, "%s", gv_proc_make_dir());
        snprintf(nodes[i].log, sizeof nodes[i].log, "%s/log", nodes[i].dir);
        start(&nodes[i]);
    }
}

static void kill_all(void) {
    for (int i = 0; i < NODES; i++) {
        kill_node(i);
        gv_proc_remove_dir(nodes[i].dir);
        free(nodes[i].queue);
    }
}

// ---- Requests -----------------------------------------------------------------------------------

static void send_one(struct node *node) {
    char line[160];
    int message = run.sent++;
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"send\",\"key\":\"%d\","
                       "\"msg\":%d,\"msg_id\":%d}}",
                       node->name, message % KEYS, message, message + FIRST_ID);
    enqueue(node, line, (size_t)len);
    node->pending++;
}

static void poll_one(struct node *node) {
    char line[256];
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"poll\",\"msg_id\":%d,"
                       "\"offsets\":{\"0\":%" PRIu64 ",\"1\":%" PRIu64 ",\"2\":%" PRIu64 "}}}",
                       node->name, POLL_ID, node->next[0], node->next[1], node->next[2]);
    enqueue(node, line, (size_t)len);
    node->polling = true;
}

// Delivers all available lines. Returns false if there were none.
static bool deliver_lines(void) {
    bool any = false;
    for (int i = 0; i < NODES; i++) {
        char *line;
        for (int n = 0; n < 64 && nodes[i].up; n++) {
            line = gv_proc_read_line(&nodes[i].proc, 0);
            if (line == NULL) break;
            route(i, line);
            any = true;
        }
    }
    for (int i = 0; i < NODES; i++) flush(&nodes[i]);
    return any;
}

static void run_until(uint64_t end_us) {
    while (now_us() < end_us) {
        for (int i = 0; i < NODES; i++) {
            struct node *node = &nodes[i];
            while (node->ready && !run.stopped && node->pending < WRITERS && run.sent < SENDS_MAX)
                send_one(node);
            if (node->ready && !node->polling) poll_one(node);
            flush(node);
        }
        if (deliver_lines()) continue;
        struct pollfd fds[NODES];
        nfds_t count = 0;
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].up) fds[count++] = (struct pollfd){nodes[i].proc.out, POLLIN, 0};
        }
        poll(fds, count, 1);
    }
}

// Waits until polls of every node have returned every acknowledged message.
static void see_all(void) {
    uint64_t end_us = now_us() + AGREE_MS * UINT64_C(1000);
    run.side = 0;
    run.stopped = true;
    for (bool all = false; !all;) {
        run_until(now_us() + 20000);
        all = true;
        for (int i = 0; i < NODES; i++) all = all && nodes[i].ready && nodes[i].pending == 0;
        int missing = 0;
        for (int i = 0; i < run.sent; i++)
            missing += run.offsets[i] != 0 && run.seen[i] != (1u << NODES) - 1;
        all = all && missing == 0;
        if (!all && now_us() > end_us)
            fail_msg("%d of %d messages are missing in polls", missing, run.acked);
    }
    run.stopped = false;
}

static int compare(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void check_unique(void) {
    qsort(run.offsets, (size_t)run.sent, sizeof *run.offsets, compare);
    for (int i = 0; i + 1 < run.sent; i++)
        assert_true(run.offsets[i] == 0 || run.offsets[i] != run.offsets[i + 1]);
}

static void run_round(bool loses_directory) {
    if (gv_prng_below(&prng, 3) == 0) run.side = (unsigned)gv_prng_below(&prng, 1 << NODES);
    if (gv_prng_below(&prng, 3) == 0) run.side = 0;
    run_until(now_us() + gv_prng_below(&prng, KILL_US));
    int victim = (int)gv_prng_below(&prng, NODES);
    if (loses_directory) see_all(); // otherwise messages that only this node has are lost
    kill_node(victim);
    if (loses_directory) {
        gv_proc_remove_dir(nodes[victim].dir);
        assert_int_equal(mkdir(nodes[victim].dir, 0700), 0);
    }
    run_until(now_us() + gv_prng_below(&prng, DOWN_US));
    start(&nodes[victim]);
}

static void kill_and_restart(bool loses_directory) {
    const char *text = getenv("GV_ROUNDS");
    int rounds = text != NULL ? (int)strtol(text, NULL, 10) : ROUNDS;
    long long acked = 0;
    gv_prng_init(&prng, gv_test_seed(), loses_directory);
    for (int done = 0; done < rounds;) {
        start_all();
        do {
            run_round(loses_directory);
        } while (++done < rounds && done % ROUNDS_A_DIR != 0);
        see_all();
        check_unique();
        acked += run.acked;
        kill_all();
    }
    printf("%d kills, %lld messages acknowledged, all of them polled at %d nodes\n", rounds, acked,
           NODES);
    assert_true(acked > 0);
}

static void kafka_keeps_acknowledged_messages(void **state) {
    (void)state;
    kill_and_restart(false);
}

static void offsets_ascend_without_the_directory(void **state) {
    (void)state;
    kill_and_restart(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kafka_keeps_acknowledged_messages),
        cmocka_unit_test(offsets_ascend_without_the_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
