// SPDX-License-Identifier: MIT
// Five node processes with data directories under load. At random times partitions begin and end,
// and a node is killed by SIGKILL and restarted. In the end every node has every acknowledged
// write. Another test restarts counters under the same name without their directories, and no
// increment may be lost. GV_ROUNDS=N sets the number of kills in each test; GV_SEED repeats the
// random choices.
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
    WRITERS = 12,      // pending requests of each node
    ROUNDS = 10,       // default number of kills in a test
    ROUNDS_A_DIR = 25, // kills before all nodes start with new directories
    LOST = 3,          // default number of lost directories
    KILL_US = 60000,   // longest time between restart and kill
    DOWN_US = 40000,   // longest time until a restart
    WRITES_MAX = 400000,
    FIRST_ID = 10, // msg_id of the first write, whose value is 0
    READ_ID = 2,
    AGREE_MS = 100000, // limit on the time until all nodes have all writes
    POLL_MS = 50,
};

struct node {
    struct gv_proc proc;
    char name[8], dir[4096], log[4200];
    bool up, ready; // ready: it has answered init
    int pending;    // writes without a reply
    char *queue;    // lines not yet written to its standard input
    size_t len, cap;
    bool asked;    // a read of the node is pending
    bool agrees;   // its last read had every acknowledged write
    int missing;   // acknowledged values missing in its last read
    long long sum; // value of a counter in its last read
};

static struct gv_prng prng;
static struct node nodes[NODES];
static struct {
    bool counter;
    unsigned side; // one side of the partition, a bit for each node; 0: no partition
    int sent, acked;
    bool acknowledged[WRITES_MAX];
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

static void check_set(struct node *node, const char *at) {
    static unsigned char found[WRITES_MAX];
    memset(found, 0, sizeof found);
    while (*at >= '0' && *at <= '9') {
        char *end;
        long value = strtol(at, &end, 10);
        if (value >= run.sent || found[value]++ > 0)
            fail_msg("%s: unexpected value %ld", node->name, value);
        at = *end == ',' ? end + 1 : end;
    }
    node->missing = 0;
    for (int i = 0; i < run.sent; i++) node->missing += run.acknowledged[i] && found[i] == 0;
    node->agrees = node->missing == 0;
}

static void receive_reply(struct node *node, const char *line) {
    const char *id = strstr(line, "\"in_reply_to\":"), *value = strstr(line, "\"value\":");
    assert_non_null(id);
    long number = strtol(id + strlen("\"in_reply_to\":"), NULL, 10);
    if (strstr(line, "\"type\":\"error\"") != NULL) fail_msg("%s", line);
    if (number == READ_ID) node->asked = false;
    if (strstr(line, "\"init_ok\"") != NULL) {
        node->ready = true;
    } else if (number == READ_ID && run.counter) {
        assert_non_null(value);
        node->sum = strtoll(value + strlen("\"value\":"), NULL, 10);
        if (node->sum > run.sent) fail_msg("%s: %lld of %d", node->name, node->sum, run.sent);
        node->agrees = node->sum >= run.acked;
    } else if (number == READ_ID) {
        const char *messages = strstr(line, "\"messages\":[");
        assert_non_null(messages);
        check_set(node, messages + strlen("\"messages\":["));
    } else {
        assert_true(number >= FIRST_ID && number < FIRST_ID + run.sent);
        assert_false(run.acknowledged[number - FIRST_ID]);
        run.acknowledged[number - FIRST_ID] = true;
        run.acked++;
        node->pending--;
    }
}

// Delivers a node's line to the client or to another node.
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

static void wait_for_lines(int most_ms) {
    struct pollfd fds[NODES];
    nfds_t count = 0;
    for (int i = 0; i < NODES; i++) {
        if (nodes[i].up) fds[count++] = (struct pollfd){.fd = nodes[i].proc.out, .events = POLLIN};
    }
    poll(fds, count, most_ms);
}

// ---- Processes ----------------------------------------------------------------------------------

static void start(struct node *node) {
    const char *arguments[] = {"--data", node->dir, "--durability", "sync", NULL};
    gv_proc_start(&node->proc, run.counter ? "gv-counter" : "gv-broadcast", arguments, node->log);
    fcntl(node->proc.in, F_SETFL, fcntl(node->proc.in, F_GETFL) | O_NONBLOCK);
    node->up = true;
    node->ready = false;
    node->asked = false;
    node->len = 0;
    node->pending = 0;
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
    // Replies that the node wrote before it was killed count.
    for (char *line; (line = gv_proc_read_line(&node->proc, 0)) != NULL;) route(index, line);
    gv_proc_fini(&node->proc);
    node->up = node->ready = false;
}

static void write_one(struct node *node) {
    char line[160];
    int value = run.sent++;
    assert_true(value < WRITES_MAX);
    int len = run.counter
                  ? snprintf(line, sizeof line,
                             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"add\","
                             "\"delta\":1,\"msg_id\":%d}}",
                             node->name, value + FIRST_ID)
                  : snprintf(line, sizeof line,
                             "{\"src\":\"c1\",\"dest\":\"%s\",\"body\":{\"type\":\"broadcast\","
                             "\"message\":%d,\"msg_id\":%d}}",
                             node->name, value, value + FIRST_ID);
    enqueue(node, line, (size_t)len);
    node->pending++;
}

static void run_until(uint64_t end_us) {
    while (now_us() < end_us) {
        for (int i = 0; i < NODES; i++) {
            struct node *node = &nodes[i];
            while (node->ready && node->pending < WRITERS && run.sent < WRITES_MAX) write_one(node);
            flush(node);
        }
        if (!deliver_lines()) wait_for_lines(1);
    }
}

static void run_round(void) {
    if (gv_prng_below(&prng, 3) == 0) run.side = (unsigned)gv_prng_below(&prng, 1 << NODES);
    if (gv_prng_below(&prng, 3) == 0) run.side = 0;
    run_until(now_us() + gv_prng_below(&prng, KILL_US));
    int victim = (int)gv_prng_below(&prng, NODES);
    kill_node(victim);
    run_until(now_us() + gv_prng_below(&prng, DOWN_US));
    start(&nodes[victim]);
}

// ---- Final reads --------------------------------------------------------------------------------

static bool all_agree(void) {
    for (int i = 0; i < NODES; i++) {
        if (!nodes[i].agrees || nodes[i].pending > 0) return false;
        if (run.counter && nodes[i].sum != nodes[0].sum) return false;
    }
    return true;
}

static void request_read(struct node *node) {
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
    run.side = 0;
    for (int i = 0; i < NODES; i++) nodes[i].agrees = false;
    while (!all_agree()) {
        if (now_us() > end_us) {
            for (int i = 0; i < NODES; i++)
                printf("%s: agrees %d, asked %d, %d pending, sum %lld, missing %d\n", nodes[i].name,
                       nodes[i].agrees, nodes[i].asked, nodes[i].pending, nodes[i].sum,
                       nodes[i].missing);
            fail_msg("not every node has all %d acknowledged writes", run.acked);
        }
        for (int i = 0; i < NODES; i++) {
            if (nodes[i].ready && !nodes[i].asked) request_read(&nodes[i]);
            flush(&nodes[i]);
        }
        uint64_t until_us = now_us() + POLL_MS * UINT64_C(1000);
        while (now_us() < until_us) {
            if (!deliver_lines()) wait_for_lines(POLL_MS);
        }
    }
}

static void start_all(void) {
    memset(&run.acknowledged, 0, sizeof run.acknowledged);
    run.sent = run.acked = 0;
    run.side = 0;
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

static void kill_and_restart(bool counter) {
    int rounds = rounds_or(ROUNDS);
    long long acked = 0;
    run.counter = counter;
    gv_prng_init(&prng, gv_test_seed(), counter);
    for (int done = 0; done < rounds;) {
        start_all();
        do {
            run_round();
        } while (++done < rounds && done % ROUNDS_A_DIR != 0);
        check_all();
        kill_all();
        acked += run.acked;
    }
    printf("%s: %d kills, %lld writes acknowledged, all of them at %d nodes\n",
           counter ? "counter" : "broadcast", rounds, acked, NODES);
    assert_true(acked > 0);
}

static void broadcast_keeps_acknowledged_values(void **state) {
    (void)state;
    kill_and_restart(false);
}

static void counter_keeps_acknowledged_increments(void **state) {
    (void)state;
    kill_and_restart(true);
}

// Replaces a node's directory by an empty one, after the other nodes have its acknowledged writes.
// The restarted node must count in a new entry: a merge would hide increments of its former entry.
static void lose_disk(int index) {
    struct node *node = &nodes[index];
    kill_node(index);
    gv_proc_remove_dir(node->dir);
    run_until(now_us() + gv_prng_below(&prng, DOWN_US));
    assert_int_equal(mkdir(node->dir, 0700), 0);
    start(node);
    uint64_t end_us = now_us() + AGREE_MS * UINT64_C(1000);
    while (!node->ready && now_us() < end_us) run_until(now_us() + POLL_MS * UINT64_C(1000));
    assert_true(node->ready);
    run_until(now_us() + KILL_US);
}

static void counters_without_their_directories(void **state) {
    (void)state;
    int rounds = rounds_or(LOST);
    run.counter = true;
    gv_prng_init(&prng, gv_test_seed(), 2);
    for (int done = 0; done < rounds;) {
        start_all();
        run_until(now_us() + KILL_US);
        do {
            check_all();
            lose_disk((int)gv_prng_below(&prng, NODES));
        } while (++done < rounds && done % ROUNDS_A_DIR != 0);
        check_all();
        // No node was killed with a pending write, so all writes count.
        assert_int_equal(run.acked, run.sent);
        for (int i = 0; i < NODES; i++) assert_int_equal(nodes[i].sum, run.sent);
        kill_all();
    }
    printf("counter: %d directories lost, no increment lost\n", rounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broadcast_keeps_acknowledged_values),
        cmocka_unit_test(counter_keeps_acknowledged_increments),
        cmocka_unit_test(counters_without_their_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
