// SPDX-License-Identifier: MIT
// The cost of MACs: messages with one, ten and a hundred values from one node to another, and their
// acknowledgements, with and without a secret; and SipHash compared with libsodium's.
#include "bench.h"

#include "../../codec/siphash.h"
#include "../../engine/engine.h"
#include "../../node/node.h"
#include "../../node/workload.h"
#include "../lib/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAP = 128 << 10 };

struct pair {
    struct gv_json json;
    struct gv_node *nodes[2];
    char out[CAP];
    gv_time now;
    uint64_t messages, bytes; // messages between the nodes, and their bytes
};

static bool start(struct pair *pair, struct gv_slice secret) {
    static const char *const inits[2] = {
        "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
        "\"n1\","
        "\"node_ids\":[\"n1\",\"n2\"]}}",
        "{\"src\":\"c1\",\"dest\":\"n2\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":"
        "\"n2\","
        "\"node_ids\":[\"n1\",\"n2\"]}}",
    };
    gv_json_init(&pair->json, gv_base_malloc(), 0, 0);
    for (int i = 0; i < 2; i++) {
        struct gv_node_config config = {
            .workload = &gv_broadcast_workload,
            .alloc = gv_base_malloc(),
            .json = &pair->json,
            .seed = (uint64_t)i + 1,
            .secret = secret,
        };
        if (gv_node_new(&pair->nodes[i], &config) != 0) return false;
        if (gv_node_receive(pair->nodes[i], pair->now, inits[i], strlen(inits[i])) != 0)
            return false;
    }
    return true;
}

static void stop(struct pair *pair) {
    for (int i = 0; i < 2; i++) gv_node_free(pair->nodes[i]);
    gv_json_fini(&pair->json);
}

// Delivers the messages between the nodes, until both are silent.
static void carry(struct pair *pair) {
    static const char to_peer[] = "{\"src\":\"n1\",\"dest\":\"n";
    bool silent = false;
    for (int from = 0; !silent; from = 1 - from) {
        size_t len = gv_node_send(pair->nodes[from], pair->now, pair->out, CAP);
        silent = from == 1 && len == 0;
        for (const char *line = pair->out, *end = line + len; line < end;) {
            size_t size = (size_t)((const char *)memchr(line, '\n', (size_t)(end - line)) - line);
            if (line[sizeof to_peer - 2] == 'n') {
                gv_node_receive(pair->nodes[1 - from], pair->now, line, size);
                pair->messages++;
                pair->bytes += size + 1;
            }
            line += size + 1;
        }
    }
}

// Broadcasts values to n1, `batch` at a time. Returns the nanoseconds that both nodes together need
// to send and receive a message, or a negative number after an error.
static double run(struct gv_slice secret, int batches, int batch, struct pair *pair) {
    *pair = (struct pair){.now = 1000 * GV_MS};
    double spent = 0;
    bool good = start(pair, secret);
    for (int i = 0; good && i < batches; i++) {
        for (int j = 0; j < batch; j++) {
            char line[128];
            int len = snprintf(line, sizeof line,
                               "{\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"broadcast\","
                               "\"message\":%d,\"msg_id\":2}}",
                               1000000 + i * batch + j);
            gv_node_receive(pair->nodes[0], pair->now, line, (size_t)len);
        }
        double from = bench_now_ns();
        carry(pair);
        spent += bench_now_ns() - from;
    }
    good = good && gv_engine_root(gv_node_engine(pair->nodes[1])).count ==
                       (uint64_t)batches * (uint64_t)batch;
    stop(pair);
    return good && pair->messages > 0 ? spent / (double)pair->messages : -1;
}

typedef void hash_fn(uint8_t *out, const uint8_t *key, const void *data, size_t len);

// Nanoseconds per hash of `data`. Each result becomes part of the next key, so that the compiler
// removes no call.
static double time_hash(hash_fn *hash, const uint8_t *data, size_t len, int count, uint8_t *key) {
    uint8_t out[GV_SIPHASH_LEN];
    double from = bench_now_ns();
    for (int i = 0; i < count; i++) {
        hash(out, key, data, len);
        memcpy(key, out, sizeof out);
    }
    return (bench_now_ns() - from) / count;
}

static int compare_hashes(bool small) {
    static const size_t lens[] = {16, 56, 100, 1000, 10000};
    static const uint8_t data[10000] = {1, 2, 3};
    hash_fn *const hashes[2] = {gv_siphash_compute, gv_oracle_siphash};
    int rounds = small ? 2 : 200, failed = 0;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        double best[2] = {1e18, 1e18};
        uint8_t keys[2][GV_SIPHASH_KEY] = {{0}};
        int count = (int)(1000000 / (lens[i] + 100));
        for (int j = 0; j < 2 * rounds; j++) { // the two functions alternate
            double ns = time_hash(hashes[j % 2], data, lens[i], count, keys[j % 2]);
            if (ns < best[j % 2]) best[j % 2] = ns;
        }
        if (memcmp(keys[0], keys[1], sizeof keys[0]) != 0) failed = 1;
        printf("auth  SipHash of %5zu bytes: %6.1f ns, libsodium %6.1f, %.2f times that\n", lens[i],
               best[0], best[1], best[0] / best[1]);
    }
    return failed;
}

int bench_auth(bool small) {
    static const char text[] = "a secret of at least sixteen bytes";
    const struct gv_slice none = {NULL, 0}, secret = {(const uint8_t *)text, sizeof text - 1};
    int batches = small ? 500 : 20000, rounds = small ? 1 : 15, failed = compare_hashes(small);
    struct pair *pair = malloc(sizeof *pair);
    if (pair == NULL) return 1;
    for (int batch = 1; batch <= 100; batch *= 10) {
        double best[2] = {1e18, 1e18}, bytes[2] = {0, 0};
        for (int i = 0; i < 2 * rounds; i++) { // runs with and without a secret alternate
            double ns = run(i % 2 == 0 ? none : secret, batches / batch + 1, batch, pair);
            if (ns < 0) failed = 1;
            if (ns < best[i % 2]) best[i % 2] = ns;
            bytes[i % 2] = (double)pair->bytes / (double)pair->messages;
        }
        printf("auth  messages of %3d values: %7.0f ns, authenticated %7.0f, %.2f times that; "
               "bytes a line "
               "%.1f, authenticated %.1f\n",
               batch, best[0], best[1], best[1] / best[0], bytes[0], bytes[1]);
    }
    free(pair);
    return failed;
}
