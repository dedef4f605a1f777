// SPDX-License-Identifier: MIT
// txn_node HABIT: a node that runs transactions on its own registers, and sends their writes to all
// other nodes until these have them. The write with the larger (stamp, node) wins. A new stamp is
// larger than all stamps that the node has seen. A *unit* is what is sent and acknowledged at once.
//   right   a unit is a whole transaction
//   half    a unit is a write; the last write of a transaction is held back for a while
//   each    like half, and values that the transaction overwrites are sent, too
//   aborts  n1 refuses every fifth transaction after its writes took effect
//   twice   of two writes with one stamp, each node keeps the write that arrived later
//   parity  of two writes with one stamp, the smaller node wins at odd registers
// It parses lines by search, relying on how gvsim formats them.
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEYS = 10000,
    NODES = 16,
    OPS = 128,
    UNITS = 100000, // most units of this node
    AT_ONCE = 100,  // most units in a message
    TICK_MS = 10,   // between messages
    INPUT = 1 << 20,
    MESSAGE = 1 << 18,
};

struct write {
    int64_t key, value;
};

// A unit: a transaction, or one of its writes.
struct unit {
    int64_t stamp;
    uint32_t count;
    struct write *writes;
};

static const char *habit;
static int me, nodes;
static struct {
    int64_t value, stamp; // stamp 0: null
    int node;
} registers[KEYS];
static int64_t clock_now, refusals;
static struct unit own[UNITS];
static size_t own_len;
static size_t acked[NODES]; // number of own units that each node has
static char input[INPUT], message[MESSAGE];
static size_t input_len, message_len;

static bool is(const char *what) {
    return strcmp(habit, what) == 0;
}

static void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void add_number(const char *format, int64_t number) {
    int len = snprintf(message + message_len, MESSAGE - message_len, format, number);
    message_len += (size_t)len;
    if (message_len >= MESSAGE) fail("a message is too long");
}

static int64_t number(const char *line, const char *key) {
    const char *at = strstr(line, key);
    return at == NULL ? 0 : strtoll(at + strlen(key), NULL, 10);
}

static bool has_type(const char *line, const char *type) {
    char text[64];
    snprintf(text, sizeof text, "\"type\":\"%s\"", type);
    return strstr(line, text) != NULL;
}

static void reply(const char *request, const char *type, const char *more) {
    const char *src = strstr(request, "\"src\":\"") + 7;
    printf("{\"src\":\"n%d\",\"dest\":\"%.*s\",\"body\":{\"type\":\"%s\",\"in_reply_to\":%" PRId64
           "%s}}\n",
           me, (int)strcspn(src, "\""), src, type, number(request, "\"msg_id\":"), more);
}

// ---- Registers ----

static bool wins(const struct write *write, int64_t stamp, int node) {
    int64_t old = registers[write->key].stamp;
    int other = registers[write->key].node;
    if (stamp != old) return stamp > old;
    if (is("twice")) return true;
    return is("parity") && write->key % 2 == 1 ? node < other : node > other;
}

static void apply(const struct write *write, int64_t stamp, int node) {
    if (write->key < 0 || write->key >= KEYS) fail("no such register");
    if (stamp > clock_now) clock_now = stamp;
    if (!wins(write, stamp, node)) return;
    registers[write->key].value = write->value;
    registers[write->key].stamp = stamp;
    registers[write->key].node = node;
}

static void publish(const struct write *writes, uint32_t count, int64_t stamp) {
    if (own_len == UNITS) fail("too many transactions");
    struct unit *unit = &own[own_len++];
    *unit = (struct unit){stamp, count, malloc(count * sizeof *writes)};
    if (unit->writes == NULL) fail("no memory");
    memcpy(unit->writes, writes, count * sizeof *writes);
}

// ---- Clients ----

// The index of a write of this key, or `count` if there is none.
static uint32_t find(const struct write *writes, uint32_t count, int64_t key) {
    uint32_t at = count;
    while (at > 0 && writes[at - 1].key != key) at--;
    return at > 0 ? at - 1 : count;
}

static void commit(const struct write *writes, uint32_t count) {
    struct write last[OPS];
    uint32_t len = 0;
    clock_now++;
    for (uint32_t i = 0; i < count; i++) {
        if (!is("each") && find(writes, count, writes[i].key) != i) continue;
        if (is("each")) clock_now++;
        apply(&writes[i], clock_now, me);
        if (is("each") || is("half")) {
            publish(&writes[i], 1, clock_now);
        } else {
            last[len++] = writes[i];
        }
    }
    if (len > 0) publish(last, len, clock_now);
}

static void transact(const char *line) {
    struct write writes[OPS];
    uint32_t count = 0;
    const char *at = strstr(line, "\"txn\":[") + 7;
    message_len = 0;
    add_number(",\"txn\":[", 0);
    while (*at == '[' || *at == ',') {
        at += *at == ',';
        bool write = at[2] == 'w';
        struct write op = {.key = strtoll(at + 5, NULL, 10)};
        if (op.key < 0 || op.key >= KEYS || count == OPS) fail("no such register");
        op.value = strtoll(strchr(at + 5, ',') + 1, NULL, 10);
        add_number(write ? "[\"w\",%" PRId64 "," : "[\"r\",%" PRId64 ",", op.key);
        uint32_t mine = find(writes, count, op.key);
        if (write) {
            writes[count++] = op;
            add_number("%" PRId64 "],", op.value);
        } else if (mine < count) {
            add_number("%" PRId64 "],", writes[mine].value);
        } else if (registers[op.key].stamp > 0) {
            add_number("%" PRId64 "],", registers[op.key].value);
        } else {
            add_number("null],", 0);
        }
        at = strchr(at, ']') + 1;
    }
    message[message_len - 1] = ']'; // in place of the last comma
    commit(writes, count);
    if (is("aborts") && me == 1 && ++refusals % 5 == 0) {
        reply(line, "error", ",\"code\":30,\"text\":\"conflict\"");
    } else {
        reply(line, "txn_ok", message);
    }
}

// ---- Other nodes ----

static void send_units(int to) {
    size_t end = own_len;
    bool holds = (is("half") || is("each")) && end > acked[to] + 1;
    if (end - acked[to] > AT_ONCE) end = acked[to] + AT_ONCE;
    if (holds) end--;
    message_len = 0;
    add_number("\"from\":%" PRId64 ",\"list\":[", (int64_t)acked[to]);
    for (size_t i = acked[to]; i < end; i++) {
        add_number("%" PRId64 ",", own[i].stamp);
        add_number("%" PRId64 ",", own[i].count);
        for (uint32_t w = 0; w < own[i].count; w++) {
            add_number("%" PRId64 ",", own[i].writes[w].key);
            add_number("%" PRId64 ",", own[i].writes[w].value);
        }
    }
    add_number("0]", 0);
    printf("{\"src\":\"n%d\",\"dest\":\"n%d\",\"body\":{\"type\":\"writes\",%s}}\n", me, to,
           message);
}

static void take_units(const char *line, int from) {
    int64_t had = number(line, "\"from\":"), stamp;
    const char *list = strstr(line, "\"list\":[") + 8;
    char *at;
    for (stamp = strtoll(list, &at, 10); stamp > 0; stamp = strtoll(at, &at, 10)) {
        for (int64_t left = strtoll(at + 1, &at, 10); left > 0; left--) {
            struct write write = {.key = strtoll(at + 1, &at, 10)};
            write.value = strtoll(at + 1, &at, 10);
            apply(&write, stamp, from);
        }
        had++;
        at++;
    }
    printf("{\"src\":\"n%d\",\"dest\":\"n%d\",\"body\":{\"type\":\"have\",\"count\":%" PRId64
           "}}\n",
           me, from, had);
}

static void handle(const char *line) {
    if (has_type(line, "init")) {
        me = (int)number(line, "\"node_id\":\"n");
        for (const char *at = strstr(line, "\"node_ids\""); *at != ']'; at++) nodes += *at == 'n';
        nodes -= 1; // of "node_ids"
        if (nodes > NODES) fail("too many nodes");
        reply(line, "init_ok", "");
        return;
    }
    int from = (int)number(line, "\"src\":\"n");
    if (has_type(line, "txn")) transact(line);
    if (has_type(line, "writes")) take_units(line, from);
    if (!has_type(line, "have")) return;
    size_t count = (size_t)number(line, "\"count\":");
    if (count > acked[from]) acked[from] = count;
}

// Handles all complete lines that have been received.
static void handle_input(void) {
    char *line = input, *end;
    ssize_t got = read(STDIN_FILENO, input + input_len, INPUT - 1 - input_len);
    if (got <= 0) exit(0);
    input_len += (size_t)got;
    input[input_len] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        handle(line);
        line = end + 1;
    }
    input_len -= (size_t)(line - input);
    memmove(input, line, input_len);
    if (input_len == INPUT - 1) fail("a line is too long");
}

int main(int argc, char **argv) {
    if (argc != 2) fail("usage: txn_node HABIT");
    habit = argv[1];
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    for (int ticks = 0;;) {
        fflush(stdout);
        if (poll(&in, 1, TICK_MS) > 0) {
            handle_input();
            // A busy node also sends after some requests.
            if (++ticks % 4 != 0) continue;
        }
        for (int to = 0; to < nodes; to++) {
            if (to != me && acked[to] < own_len) send_units(to);
        }
    }
}
