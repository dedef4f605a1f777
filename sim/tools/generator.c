// SPDX-License-Identifier: MIT
#include "generator.h"

#include "../check/checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { STREAM = 3, MACHINES_STREAM = 4, ADVERSARY_STREAM = 5, LINKS_STREAM = 6, STEPS_MOST = 6 };
enum {
    DELAYS_STREAM = 7,
    KEYS_STREAM = 8,
    TXN_STREAM = 9,
    KAFKA_STREAM = 10,
    SLOWEST_MS = 60000, // largest mean delay of a message
    LISTEN_S = 20,      // time of observation after quiescence
    SETTLE_S = 15,      // time until replicas must be equal …
    SETTLE_TRIPS = 6,   // … plus this many round trips
};

struct writer {
    struct gv_prng prng;
    uint32_t nodes;
    unsigned seconds; // duration of operations
    char *buf;
    size_t len;
};

GV_PRINTF(2, 3)
static void add(struct writer *writer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len =
        vsnprintf(writer->buf + writer->len, GV_GENERATOR_TEXT_MAX - writer->len, format, args);
    va_end(args);
    GV_ASSERT(len >= 0 && (size_t)len < GV_GENERATOR_TEXT_MAX - writer->len);
    writer->len += (size_t)len;
}

static unsigned below(struct writer *writer, unsigned bound) {
    return (unsigned)gv_prng_below(&writer->prng, bound);
}

// One of its arguments, uniformly; a repeated one has a higher probability.
#define PICK(writer, ...)   \
    ((const char *const[]){ \
        __VA_ARGS__}[below(writer, sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))])

// Writes some nodes, at least one, and not all if there are at least two: "n0,n3..n5".
static void add_group(struct writer *writer) {
    const char *comma = "";
    unsigned parts = 1 + below(writer, 3), from = 0,
             room = writer->nodes > 1 ? writer->nodes - 1 : 1;
    for (unsigned i = 0; i < parts && from < room; i++) {
        unsigned first = from + below(writer, room - from);
        unsigned last = first + below(writer, below(writer, 2) == 0 ? 1 : room - first);
        add(writer, last > first ? "%sn%u..n%u" : "%sn%u", comma, first, last);
        comma = ",";
        from = last + 1;
    }
}

static void add_when(struct writer *writer) {
    unsigned ms = below(writer, 1000 * writer->seconds);
    add(writer, " at %ums", ms);
    if (below(writer, 4) == 0) return;
    unsigned lasts = 50 + below(writer, 1000 * writer->seconds / 2);
    add(writer, " for %ums", lasts);
    if (below(writer, 3) == 0) add(writer, " every %ums", lasts + 50 + below(writer, 4000));
}

static void add_between(struct writer *writer) {
    if (below(writer, 2) == 0 || writer->nodes < 2) return;
    add(writer, " between ");
    add_group(writer);
    add(writer, " %s rest", PICK(writer, "|", ">"));
}

static void add_step(struct writer *writer) {
    const char *dist, *drawn;
    unsigned kind = below(writer, 8);
    if (writer->nodes < 2 && kind < 3) kind = 3; // a single node has no links to cut
    switch (kind) {
    case 0:
        drawn = PICK(writer, "one", "minority", "half", "ring", "any");
        if (writer->nodes < 4) drawn = "any"; // the others need four nodes
        add(writer, "cut %s", drawn);
        break;
    case 1:
    case 2:
        add(writer, "cut ");
        add_group(writer);
        add(writer, "%s", PICK(writer, " | rest", " | rest", " > rest"));
        break;
    case 3:
        add(writer, "lose %u%%", 1 + below(writer, 99));
        add_between(writer);
        break;
    case 4:
        add(writer, "duplicate %u%%", 1 + below(writer, 99));
        add_between(writer);
        break;
    case 5:
        dist = PICK(writer, "constant", "uniform", "exponential");
        add(writer, "delay %ums %s", 1 + below(writer, 800), dist);
        add_between(writer);
        break;
    case 6:
        add(writer, "crash ");
        add_group(writer);
        add_when(writer);
        add(writer, " without disk\n");
        return;
    case 7:
        add(writer, "pause ");
        add_group(writer);
        break;
    }
    add_when(writer);
    add(writer, "\n");
}

// Faults of machines, clocks and disks, and of links that stay up.
static void add_machine_step(struct writer *writer) {
    static const char *const disks[] = {"with disk", "with disk", "with torn disk", "without disk"};
    // One draw in each statement: the order of evaluation of arguments is unspecified.
    unsigned at = below(writer, 1000 * writer->seconds), kind = below(writer, 7);
    switch (kind) {
    case 0:
        add(writer, "flap ");
        add_group(writer);
        add(writer, " %s rest", PICK(writer, "|", ">"));
        add(writer, " every %ums", 50 + below(writer, 2000));
        add(writer, " at %ums for %ums\n", at, 1000 + below(writer, 5000));
        return;
    case 1:
        add(writer, "reorder %u%%", 1 + below(writer, 99));
        add(writer, " by %ums", 1 + below(writer, 500));
        add_between(writer);
        break;
    case 2:
        add(writer, "limit %uB/s", 200 + below(writer, 20000));
        add(writer, " wait %ums", below(writer, 2000));
        add_between(writer);
        break;
    case 3:
        add(writer, "slow ");
        add_group(writer);
        add(writer, " %ums", 1 + below(writer, 40));
        break;
    case 4:
        add(writer, "clock ");
        add_group(writer);
        add(writer, " %s", PICK(writer, "+", "+", "-"));
        add(writer, "%ums at %ums\n", 1 + below(writer, 20000), at);
        return;
    case 5:
        add(writer, "drift ");
        add_group(writer);
        add(writer, " %s", PICK(writer, "", "-"));
        add(writer, "%uppm", 1 + below(writer, 200000));
        break;
    case 6:
        add(writer, "crash ");
        add_group(writer);
        add_when(writer);
        add(writer, " %s\n", disks[below(writer, GV_COUNT(disks))]);
        return;
    }
    add_when(writer);
    add(writer, "\n");
}

// Adds faults of machines, for every second seed, drawn from a random stream of their own.
static void add_machines(struct writer *writer, uint64_t seed) {
    gv_prng_init(&writer->prng, seed, MACHINES_STREAM);
    if (below(writer, 2) == 0 || writer->nodes < 2) return;
    for (unsigned steps = 1 + below(writer, 3); steps > 0; steps--) add_machine_step(writer);
    add(writer, "durability %s\n", PICK(writer, "sync", "sync", "async", "none"));
    add(writer, "disk-latency %u\n", below(writer, 30));
    if (below(writer, 4) > 0) return;
    add(writer, "region a n0..n%u\nregion b rest\n", below(writer, writer->nodes - 1));
    add(writer, "rtt a b %ums\n", below(writer, 400));
    add(writer, "rtt a a %ums\n", below(writer, 20));
}

// Adds authentication, for every third seed, mostly with an adversary; also from its own stream.
static void add_adversary(struct writer *writer, uint64_t seed) {
    gv_prng_init(&writer->prng, seed, ADVERSARY_STREAM);
    if (below(writer, 3) > 0) return;
    add(writer, "auth on\n");
    for (unsigned steps = below(writer, 3); steps > 0; steps--) {
        add(writer, "forge %u%%", 1 + below(writer, 99));
        add_between(writer);
        add_when(writer);
        add(writer, "\n");
    }
}

// Two of three seeds add values of every kind to sets.
static void add_keys(struct writer *writer, uint64_t seed) {
    gv_prng_init(&writer->prng, seed, KEYS_STREAM);
    if (below(writer, 3) > 0) add(writer, "keys mixed\n");
}

// Logs, for every fifth seed that runs no transactions, but not over slow links: a node without its
// former state sends only after a round trip to each other node.
static bool add_kafka(struct writer *writer, uint64_t seed) {
    struct writer kafka = *writer;
    gv_prng_init(&kafka.prng, seed, KAFKA_STREAM);
    if (below(&kafka, 5) > 0) return false;
    add(writer, "workload kafka\n");
    add(writer, "key-count %s\n", PICK(&kafka, "1", "3", "10", "10", "30"));
    add(writer, "max-writes-per-key %s\n", PICK(&kafka, "1", "16", "16", "64"));
    add(writer, "concurrency %s\n", PICK(&kafka, "1n", "2n", "4n"));
    return true;
}

// The workload. Every fifth seed runs transactions, also drawn from a stream of their own.
static void add_workload(struct writer *writer, uint64_t seed, bool slow) {
    const char *name = PICK(writer, "broadcast", "broadcast", "broadcast", "g-set", "g-set",
                            "g-counter", "pn-counter", "pn-counter", "unique-ids", "echo");
    struct writer txn = *writer;
    gv_prng_init(&txn.prng, seed, TXN_STREAM);
    if (below(&txn, 5) > 0) {
        if (slow || !add_kafka(writer, seed)) add(writer, "workload %s\n", name);
        return;
    }
    add(writer, "workload txn-rw-register\n");
    add(writer, "key-count %s\n", PICK(&txn, "1", "3", "10", "10", "30"));
    add(writer, "max-txn-length %s\n", PICK(&txn, "2", "4", "4", "12"));
    add(writer, "max-writes-per-key %s\n", PICK(&txn, "1", "16", "16", "1000"));
    add(writer, "concurrency %s\n", PICK(&txn, "1n", "2n", "4n"));
}

// Slow links, for every eighth seed, also from their own stream: delays of seconds up to a minute,
// either during the whole run or by a step of the scenario.
struct links {
    unsigned latency_ms; // 0: the latency that other seeds have
    unsigned delay_ms;   // 0: no step
    unsigned longer_s;   // added to the duration of operations
};

static unsigned trip_s(const struct links *links) {
    return (2 * (links->latency_ms + links->delay_ms) + 999) / 1000;
}

static struct links draw_links(uint64_t seed) {
    struct writer writer = {0};
    gv_prng_init(&writer.prng, seed, LINKS_STREAM);
    if (below(&writer, 8) > 0) return (struct links){0};
    static const unsigned most[] = {2000, 10000, SLOWEST_MS, SLOWEST_MS};
    struct links links = {0};
    unsigned scale = most[below(&writer, GV_COUNT(most))];
    links.latency_ms = 1 + below(&writer, scale);
    unsigned left = SLOWEST_MS - links.latency_ms;
    bool delayed = below(&writer, 2) == 0 && left > 0;
    if (delayed) links.delay_ms = 1 + below(&writer, left);
    links.longer_s = below(&writer, 3) * trip_s(&links);
    return links;
}

static void add_links(struct writer *writer, uint64_t seed, const struct links *links) {
    if (links->delay_ms == 0) return;
    gv_prng_init(&writer->prng, seed, DELAYS_STREAM);
    add(writer, "delay %ums %s", links->delay_ms, PICK(writer, "constant", "uniform"));
    add_between(writer);
    add_when(writer);
    add(writer, "\n");
}

// The times until replicas must be equal and until the final reads, which leave LISTEN_S for the
// check of quiescence.
static void add_patience(struct writer *writer, const struct links *links) {
    unsigned trip = trip_s(links), quiet_s = GV_CHECKER_QUIESCE_RTTS * trip;
    if (quiet_s < GV_CHECKER_QUIESCE_MS / 1000) quiet_s = GV_CHECKER_QUIESCE_MS / 1000;
    add(writer, "quiet %u\nsettle %u\n", quiet_s + LISTEN_S, SETTLE_S + SETTLE_TRIPS * trip);
}

size_t gv_generator_scenario(uint64_t seed, char buf[GV_GENERATOR_TEXT_MAX]) {
    const struct links links = draw_links(seed);
    bool slow = links.latency_ms > 0;
    struct writer writer = {.buf = buf};
    gv_prng_init(&writer.prng, seed, STREAM);
    struct writer *w = &writer;
    static const unsigned most[] = {4, 4, 9, 9, 30};
    writer.nodes = 1 + below(w, most[below(w, GV_COUNT(most))]);
    writer.seconds = 2 + below(w, 10);
    writer.seconds += links.longer_s;
    add_workload(w, seed, slow);
    add(w, "nodes %u\n", writer.nodes);
    const char *rate = PICK(w, "2", "10", "50", "100", "300");
    add(w, "rate %s\n", slow && strlen(rate) > 1 ? "10" : rate);
    add(w, "time-limit %u\n", writer.seconds);
    add_patience(w, &links);
    const char *latency = PICK(w, "0", "1", "10", "50", "100", "250");
    if (slow) add(w, "latency %u\n", links.latency_ms);
    if (!slow) add(w, "latency %s\n", latency);
    add(w, "latency-dist %s\n", PICK(w, "constant", "uniform", "exponential"));
    // With Maelstrom's delivery, requests wait behind slow messages, and clients time out.
    const char *delivery = PICK(w, "exact", "exact", "maelstrom");
    add(w, "delivery %s\n", slow ? "exact" : delivery);
    add(w, "staleness %s\n", PICK(w, "0", "20", "200", "500", "500", "2000"));
    add(w, "message-max %s\n", PICK(w, "65536", "65536", "2048", "5000"));
    add(w, "seed %" PRIu64 "\n\n", seed);
    for (unsigned steps = below(w, STEPS_MOST + 1); steps > 0; steps--) add_step(w);
    add_machines(w, seed);
    add_adversary(w, seed);
    add_keys(w, seed);
    add_links(w, seed, &links);
    return writer.len;
}

bool gv_generator_seed(const char *name, uint64_t *seed) {
    static const char head[] = "swarm:";
    if (strncmp(name, head, sizeof head - 1) != 0) return false;
    const char *digits = name + sizeof head - 1;
    size_t len = strlen(digits);
    if (len == 0 || len > 19 || strspn(digits, "0123456789") != len) return false;
    *seed = strtoull(digits, NULL, 10);
    return true;
}
