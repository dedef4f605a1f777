// SPDX-License-Identifier: MIT
// Five real nodes with directories, under load, cut in two now and then, and killed by SIGKILL at
// random moments, to come back a little later: what any of them has acknowledged is at all of them
// in the end. And counters that come back without their directories, under the same name: they
// count on beside what they had said before. GV_ROUNDS=1000 for so many kills of each workload;
// GV_SEED repeats what is drawn.
#include "../lib/test.h"

#include "../../engine/prng.h"
#include "../lib/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    NODES = 5,
    WRITERS = 12,      // requests under way, at each node
    ROUNDS = 10,       // by default: kills of one workload
    ROUNDS_A_DIR = 25, // then the next one begins empty
    LOST = 3,          // by default: directories lost
    KILL_US = 60000,   // between two kills, at the most
    DOWN_US = 40000,   // until a node is back
    WRITES_MAX = 400000,
    FIRST_ID = 10, // of writes: their values count from 0
    READ_ID = 2,
    AGREE_MS = 100000, // nodes that have not agreed by then never will
    PATIENCE_MS = 50,
};

struct node {
    struct gv_proc proc;
    char name[8], dir[4096], log[4200];
    bool up, ready; // ready: it has answered its init
    int under_way;
    char *queue; // lines on their way to it
    size_t len, cap;
    bool asked;    // a read is under way
    bool agrees;   // by its answer to one
    int missing;   // acknowledged values, by that answer
    long long sum; // of a counter, likewise
};

static struct gv_prng prng;
static struct node nodes[NODES];
static struct {
    bool counter;
    unsigned side; // a bit a node; all 0: no cut
    int sent, acked;
    bool known[WRITES_MAX]; // acknowledged
} trial;

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

// Writes what it takes; never waits, as it may be waiting for somebody to read.
static void flush(struct node *node) {
    while (node->up && node->len > 0) {
        ssize_t n = write(node->proc.in, node->queue, node->len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        node->len -= (size_t)n;
        memmove(node->queue, node->queue + n, node->len);
    }
}

static void check_set(struct node *node, const char *at) {
    static unsigned char found[WRITES_MAX];
    memset(found, 0, sizeof found);
    while (*at >= '0' && *at <= '9') {
        char *end;
        long value = strtol(at, &end, 10);
        if (value >= trial.sent || found[value]++ > 0) fail_msg("%s: %ld, why?", node->name, value);
        at = *end == ',' ? end + 1 : end;
    }
    node->missing = 0;
    for (int i = 0; i < trial.sent; i++) node->missing += trial.known[i] && found[i] == 0;
    node->agrees = node->missing == 0;
}

static void take_answer(struct node *node, const char *line) {
    const char *id = strstr(line, "\"in_reply_to\":"), *value = strstr(line, "\"value\":");
    assert_non_null(id);
    long number = strtol(id + strlen("\"in_reply_to\":"), NULL, 10);
    if (strstr(line, "\"type\":\"error\"") != NULL) fail_msg("%s", line);
    if (number == READ_ID) node->asked = false;
    if (strstr(line, "\"init_ok\"") != NULL) {
        node->ready = true;
    } else if (number == READ_ID && trial.counter) {
        assert_non_null(value);
        node->sum = strtoll(value + strlen("\"value\":"), NULL, 10);
        if (node->sum > trial.sent) fail_msg("%s: %lld of %d", node->name, node->sum, trial.sent);
        node->agrees = node->sum >= trial.acked;
    } else if (number == READ_ID) {
        const char *messages = strstr(line, "\"messages\":[");
        assert_non_null(messages);
        check_set(node, messages + strlen("\"messages\":["));
    } else {
        assert_true(number >= FIRST_ID && number < FIRST_ID + trial.sent);
        assert_false(trial.known[number - FIRST_ID]);
        trial.known[number - FIRST_ID] = true;
        trial.acked++;
        node->under_way--;
    }
}

// Takes a line of a node's, to a client or to another node.
static void route(int from, const char *line) {
    const char *dest = strstr(line, "\"dest\":\"");
    assert_non_null(dest);
    dest += strlen("\"dest\":\"");
    if (*dest == 'c') {
        take_answer(&nodes[from], line);
        return;
    }
    int to = dest[1] - '1';
    assert_true(*dest == 'n' && to >= 0 && to < NODES && to != from);
    bool cut = ((trial.side >> from ^ trial.side >> to) & 1) != 0;
    if (!cut && nodes[to].up) enqueue(&nodes[to], line, strlen(line));
}

// Takes what is there to be taken. Returns whether there was anything.
static bool take_lines(void) {
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

static void wait_for_lines(int most_ms) {
    struct pollfd fds[NODES];
    nfds_t count = 0;
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].up) fds[count++] = (struct pollfd){.fd = nodes[i].proc.out, .events = POLLIN};
    }
    poll(fds, count, most_ms);
}

// ---- Lives --------------------------------------------------------------------------------------

static void start(struct node *node) {
    const char *arguments[] = {"--data", node->dir, "--durability", "sync", NULL};
    gv_proc_start(&node->proc, trial.counter ? "gv-counter" : "gv-broadcast", arguments, node->log);
    fcntl(node->proc.in, F_SETFL, fcntl(node->proc.in, F_GETFL) | O_NONBLOCK);
    node->up = true;
    node->ready = false;
    node->asked = false;
    node->len = 0;
    node->under_way = 0;
    char line[256];
    int len = snprintf(line, sizeof line,
                       "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"init\",\"msg_id\":1,"
                       "\"node_id\":\"%s\",\"node_ids\":[\"n1\",\"n2\",\"n3\",\"n4\",\"n5\"]}}",
                       node->name, node->name);
    enqueue(node, line, (size_t)len);
}

static void kill_node(int index) {
    struct node *node = &nodes[index];
    gv_proc_kill(&node->proc);
    // What it had said counts.
    for (char *line; (line = gv_proc_read_line(&node->proc, 0)) != NULL;) route(index, line);
    gv_proc_fini(&node->proc);
    node->up = node->ready = false;
}

static void write_one(struct node *node) {
    char line[160];
    int value = trial.sent++;
    assert_true(value < WRITES_MAX);
    int len = trial.counter
                  ? snprintf(line, sizeof line,
                             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"add\","
                             "\"delta\":1,\"msg_id\":%d}}",
                             node->name, value + FIRST_ID)
                  : snprintf(line, sizeof line,
                             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"broadcast\","
                             "\"message\":%d,\"msg_id\":%d}}",
                             node->name, value, value + FIRST_ID);
    enqueue(node, line, (size_t)len);
    node->under_way++;
}

static void run_until(uint64_t end_us) {
    while (now_us() < end_us) {
        for (int i = 0; i < NODES; i++) {
            struct node *node = &nodes[i];
            while (node->ready && node->under_way < WRITERS && trial.sent < WRITES_MAX)
                write_one(node);
            flush(node);
        }
        if (!take_lines()) wait_for_lines(1);
    }
}

static void run_round(void) {
    if (gv_prng_below(&prng, 3) == 0) trial.side = (unsigned)gv_prng_below(&prng, 1 << NODES);
    if (gv_prng_below(&prng, 3) == 0) trial.side = 0;
    run_until(now_us() + gv_prng_below(&prng, KILL_US));
    int victim = (int)gv_prng_below(&prng, NODES);
    kill_node(victim);
    run_until(now_us() + gv_prng_below(&prng, DOWN_US));
    start(&nodes[victim]);
}

// ---- The end ------------------------------------------------------------------------------------

static bool all_agree(void) {
    for (int i = 0; i < NODES; i++) {
        if (!nodes[i].agrees || nodes[i].under_way > 0) return false;
        if (trial.counter && nodes[i].sum != nodes[0].sum) return false;
    }
    return true;
}

static void ask(struct node *node) {
    char line[128];
    int len =
        snprintf(line, sizeof line,
                 "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"read\",\"msg_id\":%d}}",
                 node->name, READ_ID);
    enqueue(node, line, (size_t)len);
    node->asked = true;
}

static void check_all(void) {
    uint64_t end_us = now_us() + AGREE_MS * UINT64_C(1000);
    trial.side = 0;
    for (int i = 0; i < NODES; i++) nodes[i].agrees = false;
    while (!all_agree()) {
        if (now_us() > end_us) {
            for (int i = 0; i < NODES; i++)
                printf("%s: agrees %d, asked %d, %d under way, sum %lld, missing %d\n",
                       nodes[i].name, nodes[i].agrees, nodes[i].asked, nodes[i].under_way,
                       nodes[i].sum, nodes[i].missing);
            fail_msg("%d acknowledged, not all of them everywhere", trial.acked);
        }
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].ready && !nodes[i].asked) ask(&nodes[i]);
            flush(&nodes[i]);
        }
        uint64_t until_us = now_us() + PATIENCE_MS * UINT64_C(1000);
        while (now_us() < until_us) {
            if (!take_lines()) wait_for_lines(PATIENCE_MS);
        }
    }
}

static void start_all(void) {
    memset(&trial.known, 0, sizeof trial.known);
    trial.sent = trial.acked = 0;
    trial.side = 0;
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

static int rounds_or(int by_default) {
    const char *text = getenv("GV_ROUNDS");
    return text != NULL ? (int)strtol(text, NULL, 10) : by_default;
}

static void run(bool counter) {
    int rounds = rounds_or(ROUNDS);
    long long acked = 0;
    trial.counter = counter;
    gv_prng_init(&prng, gv_test_seed(), counter);
    for (int done = 0; done < rounds;) {
        start_all();
        do {
            run_round();
        } while (++done < rounds && done % ROUNDS_A_DIR != 0);
        check_all();
        kill_all();
        acked += trial.acked;
    }
    printf("%s: %d kills, %lld writes acknowledged, all of them at %d nodes\n",
           counter ? "counter" : "broadcast", rounds, acked, NODES);
    assert_true(acked > 0);
}

static void broadcast(void **state) {
    (void)state;
    run(false);
}

static void counter(void **state) {
    (void)state;
    run(true);
}

// A node loses its disk when the others have what it acknowledged. In its next life it has a
// counter of its own beside the one it had, which would swallow what is added else.
static void lose_disk(int index) {
    struct node *node = &nodes[index];
    kill_node(index);
    gv_proc_remove_dir(node->dir);
    run_until(now_us() + gv_prng_below(&prng, DOWN_US));
    assert_int_equal(mkdir(node->dir, 0700), 0);
    start(node);
    uint64_t end_us = now_us() + AGREE_MS * UINT64_C(1000);
    while (!node->ready && now_us() < end_us) run_until(now_us() + PATIENCE_MS * UINT64_C(1000));
    assert_true(node->ready);
    run_until(now_us() + KILL_US);
}

static void lost_disk(void **state) {
    (void)state;
    int rounds = rounds_or(LOST);
    trial.counter = true;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (int done = 0; done < rounds;) {
        start_all();
        run_until(now_us() + KILL_US);
        do {
            check_all();
            lose_disk((int)gv_prng_below(&prng, NODES));
        } while (++done < rounds && done % ROUNDS_A_DIR != 0);
        check_all();
        // Nobody was killed with a request under way, so every one of them counts.
        assert_int_equal(trial.acked, trial.sent);
        for (int i = 0; i < NODES; i++) assert_int_equal(nodes[i].sum, trial.sent);
        kill_all();
    }
    printf("counter: %d directories lost, and no increment\n", rounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broadcast),
        cmocka_unit_test(counter),
        cmocka_unit_test(lost_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
