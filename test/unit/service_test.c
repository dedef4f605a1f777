// SPDX-License-Identifier: MIT
// Each service, compared with a naive model that copies all states in full.
#include "../../sim/core/service.h"
#include "../lib/test.h"

#include <inttypes.h>
#include <stdio.h>

enum { CLIENTS = 4, KEYS = 3, STEPS = 20000, NONE = -1 };

static struct gv_service service;
static struct gv_service_reply reply;

static void open_service(enum gv_service_kind kind, uint64_t seed) {
    gv_service_init(&service, kind, CLIENTS, seed, GV_SERVICE_BYTES_MAX);
}

static void close_service(void) {
    gv_service_fini(&service);
    free(reply.body.data);
    reply = (struct gv_service_reply){.code = 0};
}

// Sends a body; returns the reply, which ends in a NUL.
static const char *ask(uint32_t client, const char *body) {
    gv_service_handle(&service, client, gv_slice_text(body), &reply);
    gv_memory_append(&reply.body, "", 1);
    return reply.body.data;
}

// Returns the value of the reply, or NONE after an error.
static int read_key(uint32_t client, int key) {
    char body[96];
    snprintf(body, sizeof body, "{\"type\":\"read\",\"key\":%d,\"msg_id\":1}", key);
    const char *text = ask(client, body);
    const char *value = strstr(text, "\"value\":");
    if (value == NULL) assert_int_equal(reply.code, GV_SERVICE_NO_KEY);
    return value != NULL ? (int)strtol(value + 8, NULL, 10) : NONE;
}

static void write_key(uint32_t client, int key, int value) {
    char body[96];
    snprintf(body, sizeof body, "{\"type\":\"write\",\"key\":%d,\"value\":%d,\"msg_id\":1}", key,
             value);
    assert_string_equal(ask(client, body), "{\"type\":\"write_ok\",\"in_reply_to\":1}");
}

// Returns 0 or the code of the error.
static int cas_key(uint32_t client, int key, int from, int to, bool create) {
    char body[160];
    snprintf(body, sizeof body,
             "{\"type\":\"cas\",\"key\":%d,\"from\":%d,\"to\":%d,\"create_if_not_exists\":%s}", key,
             from, to, create ? "true" : "false");
    const char *text = ask(client, body);
    if (reply.code == 0) assert_string_equal(text, "{\"type\":\"cas_ok\",\"in_reply_to\":null}");
    return reply.code;
}

// ---- lin-kv ----

static void lin_kv_equals_one_map(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    int map[KEYS] = {NONE, NONE, NONE};
    open_service(GV_SERVICE_LIN_KV, gv_prng_next(&prng));
    for (int step = 0; step < STEPS; step++) {
        uint32_t client = (uint32_t)gv_prng_below(&prng, CLIENTS);
        int key = (int)gv_prng_below(&prng, KEYS), value = (int)gv_prng_below(&prng, 4);
        int from = (int)gv_prng_below(&prng, 4);
        bool create = gv_prng_below(&prng, 100) == 0;
        switch (gv_prng_below(&prng, 3)) {
        case 0:
            assert_int_equal(read_key(client, key), map[key]);
            break;
        case 1:
            if (step < 50) break; // the first steps have no keys
            write_key(client, key, value);
            map[key] = value;
            break;
        default: {
            bool fits = map[key] == NONE ? create : map[key] == from;
            int code = map[key] == NONE ? GV_SERVICE_NO_KEY : GV_SERVICE_OTHER_VALUE;
            assert_int_equal(cas_key(client, key, from, value, create), fits ? 0 : code);
            if (fits) map[key] = value;
        }
        }
    }
    close_service();
}

// ---- seq-kv ----

// All states that had a change. Written values are unique.
static int states[STEPS + 1][KEYS];

// Sequential consistency: a state explains each operation. It is one of the last GV_SERVICE_STATES
// states, and not older than a state that the client has seen.
struct seq_model {
    int last;
    int seen[CLIENTS]; // the earliest state that explains all replies to this client
    int stale;         // reads that the newest state does not explain
};

static int first_of(const struct seq_model *model, uint32_t client) {
    int first = model->last - GV_SERVICE_STATES + 1;
    return model->seen[client] > first ? model->seen[client] : first > 0 ? first : 0;
}

static void seq_read(struct seq_model *model, uint32_t client, int key) {
    int value = read_key(client, key), at = first_of(model, client);
    while (at <= model->last && states[at][key] != value) at++;
    assert_true(at <= model->last);
    model->seen[client] = at;
    model->stale += states[model->last][key] != value;
}

static void seq_change(struct seq_model *model, uint32_t client, int key, int value) {
    memcpy(states[model->last + 1], states[model->last], sizeof *states);
    states[++model->last][key] = value;
    model->seen[client] = model->last; // the client sees its own write
}

static void seq_cas(struct seq_model *model, uint32_t client, int key, int from, int to) {
    int code = cas_key(client, key, from, to, false);
    if (code == 0) {
        assert_int_equal(states[model->last][key], from); // the newest state
        seq_change(model, client, key, to);
        return;
    }
    int at = first_of(model, client);
    for (; at <= model->last; at++) {
        int value = states[at][key];
        if (code == GV_SERVICE_NO_KEY ? value == NONE : value != NONE && value != from) break;
    }
    assert_true(at <= model->last);
    model->seen[client] = at;
}

static void seq_kv_is_sequentially_consistent_and_stale(void **state) {
    (void)state;
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct seq_model model = {.last = 0};
    for (int key = 0; key < KEYS; key++) states[0][key] = NONE;
    open_service(GV_SERVICE_SEQ_KV, gv_prng_next(&prng));
    for (int step = 1; step < STEPS; step++) {
        // The last client never writes.
        uint32_t client = (uint32_t)gv_prng_below(&prng, CLIENTS);
        int key = (int)gv_prng_below(&prng, KEYS);
        uint64_t what = client == CLIENTS - 1 ? 0 : gv_prng_below(&prng, 4);
        if (what < 2) {
            seq_read(&model, client, key);
        } else if (what == 2) {
            write_key(client, key, step);
            seq_change(&model, client, key, step);
            seq_read(&model, client, key);
        } else {
            int back = model.last > 2 ? (int)gv_prng_below(&prng, 3) : 0;
            seq_cas(&model, client, key, states[model.last - back][key], step);
        }
    }
    assert_true(model.stale > STEPS / 20);
    close_service();
}

// A client that does not write sees states up to GV_SERVICE_STATES old, and each of these is
// possible.
static void seq_kv_keeps_32_states(void **state) {
    (void)state;
    open_service(GV_SERVICE_SEQ_KV, gv_test_seed());
    bool met[GV_SERVICE_STATES] = {false};
    for (int round = 0; round < 3000; round++) {
        // A reader that has seen only the first state may see any kept state.
        service.seen[1] = 0;
        write_key(0, 0, round);
        int value = read_key(1, 0);
        assert_true(value == NONE ? round < GV_SERVICE_STATES - 1
                                  : value <= round && value > round - GV_SERVICE_STATES);
        if (value != NONE) met[round - value] = true;
    }
    for (int i = 0; i < GV_SERVICE_STATES; i++) assert_true(met[i]);
    close_service();
}

// ---- lww-kv ----

static void lww_kv_converges_and_forgets(void **state) {
    (void)state;
    enum { ROUNDS = 300, WRITES = 6, READS = 100 };
    open_service(GV_SERVICE_LWW_KV, gv_test_seed());
    int forgotten = 0, disagreements = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int first = round * WRITES, last = first + WRITES - 1;
        for (int value = first; value <= last; value++) write_key(0, round, value);
        for (int i = 0; i < READS; i++) {
            int value = read_key(1, round);
            // The value may be in one replica only.
            if (value != NONE) assert_true(value >= first && value <= last);
            disagreements += i > 0 && value != read_key(2, round);
        }
        int final = read_key(1, round);
        for (int i = 0; i < READS; i++) assert_int_equal(read_key(2, round), final);
        forgotten += final != last;
    }
    assert_true(disagreements > 0);
    assert_true(forgotten > ROUNDS / 20 && forgotten < ROUNDS);
    close_service();
}

static void lww_kv_ignores_create_if_not_exists(void **state) {
    (void)state;
    open_service(GV_SERVICE_LWW_KV, 1);
    for (int i = 0; i < 10; i++) assert_int_equal(cas_key(0, 1, 1, 2, true), GV_SERVICE_NO_KEY);
    close_service();
}

// ---- lin-tso ----

static void lin_tso_counts_from_0(void **state) {
    (void)state;
    open_service(GV_SERVICE_LIN_TSO, 1);
    for (int i = 0; i < 1000; i++) {
        char want[96];
        snprintf(want, sizeof want, "{\"type\":\"ts_ok\",\"ts\":%d,\"in_reply_to\":-5}", i);
        const char *body = "{\"msg_id\":-5,\"type\":\"ts\",\"more\":[]}";
        assert_string_equal(ask((uint32_t)i % CLIENTS, body), want);
        ask(0, "{\"type\":\"read\",\"key\":1}");
        assert_int_equal(reply.code, GV_SERVICE_UNSUPPORTED);
    }
    close_service();
}

// ---- Bodies ----

static void keys_and_values_are_any_json(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"{\"b\":[1,2.50],\"a\":null}", "{ \"a\" : null , \"b\":[1, 2.50] }"},
        {"\"\\u0041\\/\"", "\"A/\""},
        {"-0", "0"},
        {"null", "null"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"[]", "[ ]"},
    };
    open_service(GV_SERVICE_LIN_KV, 1);
    for (size_t i = 0; i < GV_COUNT(same); i++) {
        char body[256], want[256];
        snprintf(body, sizeof body, "{\"type\":\"write\",\"key\":%s,\"value\":%s}", same[i][0],
                 same[i][0]);
        assert_string_equal(ask(0, body), "{\"type\":\"write_ok\",\"in_reply_to\":null}");
        snprintf(body, sizeof body,
                 "{\"type\":\"cas\",\"key\":%s,\"from\":%s,\"to\":[\"%zu\"],\"msg_id\":7}",
                 same[i][1], same[i][1], i);
        assert_string_equal(ask(0, body), "{\"type\":\"cas_ok\",\"in_reply_to\":7}");
        snprintf(body, sizeof body, "{\"type\":\"read\",\"key\":%s}", same[i][0]);
        snprintf(want, sizeof want,
                 "{\"type\":\"read_ok\",\"value\":[\"%zu\"],\"in_reply_to\":null}", i);
        assert_string_equal(ask(0, body), want);
    }
    // 1 and 1.0 are different values.
    ask(0, "{\"type\":\"write\",\"key\":1,\"value\":1}");
    ask(0, "{\"type\":\"cas\",\"key\":1,\"from\":1.0,\"to\":2}");
    assert_int_equal(reply.code, GV_SERVICE_OTHER_VALUE);
    ask(0, "{\"type\":\"read\",\"key\":1.0}");
    assert_int_equal(reply.code, GV_SERVICE_NO_KEY);
    close_service();
}

static void wrong_requests_get_maelstroms_errors(void **state) {
    (void)state;
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"type\":\"frob\",\"msg_id\":1}",
         "10,\"text\":\"lin-kv has no operation \\\"frob\\\"\",\"in_reply_to\":1}"},
        {"{\"type\":\"ts\"}", "10,\"text\":\"lin-kv has no operation \\\"ts\\\""},
        {"{\"type\":\"read\",\"msg_id\":2}",
         "12,\"text\":\"read has no \\\"key\\\"\",\"in_reply_to\":2}"},
        {"{\"type\":\"write\",\"key\":null}", "12,\"text\":\"write has no \\\"value\\\""},
        {"{\"type\":\"cas\",\"key\":1,\"from\":1}", "12,\"text\":\"cas has no \\\"to\\\""},
        {"{\"type\":7,\"msg_id\":3}",
         "12,\"text\":\"the body has no \\\"type\\\", or it is not a string"},
        {"{}", "12,\"text\":\"the body has no \\\"type\\\""},
        {"{\"type\":\"read\",\"key\":1,\"msg_id\":\"x\"}",
         "12,\"text\":\"the \\\"msg_id\\\" is not an integer\",\"in_reply_to\":null}"},
        {"[]", "12,\"text\":\"the body is not an object\",\"in_reply_to\":null}"},
        {"{\"type\"", "12,\"text\":\"the body is not JSON\",\"in_reply_to\":null}"},
        {"", "12,\"text\":\"the body is not JSON\""},
        {"{\"type\":\"read\",\"key\":9,\"msg_id\":4}",
         "20,\"text\":\"key does not exist\",\"in_reply_to\":4}"},
        {"{\"type\":\"cas\",\"key\":1,\"from\":{\"a\":\"\\\"\"},\"to\":1}",
         "22,\"text\":\"current value \\\"x\\\" is not {\\\"a\\\":\\\"\\\\\\\"\\\"}\""},
    };
    open_service(GV_SERVICE_LIN_KV, 1);
    ask(0, "{\"type\":\"write\",\"key\":1,\"value\":\"x\"}");
    for (size_t i = 0; i < GV_COUNT(cases); i++) {
        const char *head = "{\"type\":\"error\",\"code\":", *text = ask(0, cases[i].body);
        assert_memory_equal(text, head, strlen(head));
        if (strncmp(text + strlen(head), cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s: %s", cases[i].body, text);
        assert_string_equal(reply.type, "error");
    }
    close_service();
}

static void a_full_service_answers_11_and_goes_on(void **state) {
    (void)state;
    for (int kind = GV_SERVICE_LIN_KV; kind <= GV_SERVICE_LWW_KV; kind++) {
        gv_service_init(&service, (enum gv_service_kind)kind, CLIENTS, 1, 1 << 16);
        int key = 0;
        char body[96];
        do {
            snprintf(body, sizeof body, "{\"type\":\"write\",\"key\":%d,\"value\":0}", key++);
            ask(0, body);
        } while (reply.code == 0);
        assert_int_equal(reply.code, GV_SERVICE_UNAVAILABLE);
        assert_true(key > 100 && key < 1 << 10);
        assert_true(service.versions.bytes + service.lww.bytes <= 1 << 16);
        if (kind != GV_SERVICE_LWW_KV) assert_int_equal(read_key(0, 0), 0);
        gv_service_refuse(&service, gv_slice_text("{\"type\":\"read\",\"msg_id\":3}"), "busy",
                          &reply);
        gv_memory_append(&reply.body, "", 1);
        assert_string_equal(reply.body.data, "{\"type\":\"error\",\"code\":11,\"text\":\"busy\","
                                             "\"in_reply_to\":3}");
        close_service();
    }
}

// ---- Random bodies and seeds ----

// Alters a request at random.
static size_t mutate(struct gv_prng *prng, char *body, size_t len) {
    static const char bytes[] = "{}[]\",:0e-\\u\n \x80\xff";
    for (uint64_t times = gv_prng_below(prng, 4); times > 0 && len > 0; times--) {
        size_t at = (size_t)gv_prng_below(prng, len);
        if (gv_prng_below(prng, 2) == 0) {
            body[at] = bytes[gv_prng_below(prng, sizeof bytes - 1)];
        } else {
            memmove(body + at, body + at + 1, --len - at);
        }
    }
    return len;
}

static void any_body_gets_one_reply(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"type\":\"read\",\"key\":{\"a\":[1,\"b\"]},\"msg_id\":12}",
        "{\"type\":\"write\",\"key\":[null,true],\"value\":\"\\ud83d\\ude00\",\"msg_id\":3}",
        "{\"type\":\"cas\",\"key\":1,\"from\":1.5,\"to\":{},\"create_if_not_exists\":1}",
        "{\"type\":\"ts\",\"msg_id\":1}",
    };
    struct gv_prng prng;
    gv_prng_init(&prng, gv_test_seed(), 0);
    struct gv_json json;
    gv_json_init(&json, gv_base_malloc(), 0, 0);
    int errors = 0, good = 0;
    for (int kind = 0; kind < GV_SERVICE_KINDS; kind++) {
        open_service((enum gv_service_kind)kind, 1);
        for (int step = 0; step < 20000; step++) {
            char body[128];
            size_t len = strlen(strcpy(body, bodies[gv_prng_below(&prng, GV_COUNT(bodies))]));
            len = mutate(&prng, body, len);
            gv_service_handle(&service, 0, gv_slice_of(body, len), &reply);
            const char *text = reply.body.data;
            assert_true(gv_json_parse(&json, text, reply.body.len) > 0);
            assert_null(memchr(text, '\n', reply.body.len));
            assert_true(gv_json_equals(&json, gv_json_member(&json, 0, "type"), reply.type));
            assert_true(gv_json_member(&json, 0, "in_reply_to") >= 0);
            errors += reply.code != 0;
            good += reply.code == 0;
        }
        close_service();
    }
    assert_true(errors > 1000 && good > 1000);
    gv_json_fini(&json);
}

// The replies to one sequence of requests, as a hash.
static uint64_t hash_of(enum gv_service_kind kind, uint64_t seed) {
    struct gv_prng prng;
    struct gv_digest_key key;
    gv_prng_init(&prng, 5, 0);
    gv_digest_key_init(&key, gv_slice_text("replies"));
    uint64_t hash = 0;
    open_service(kind, seed);
    for (int step = 0; step < 500; step++) {
        uint32_t client = (uint32_t)gv_prng_below(&prng, CLIENTS);
        if (gv_prng_below(&prng, 2) == 0) write_key(client, step % KEYS, step);
        read_key((client + 1) % CLIENTS, step % KEYS);
        const uint64_t words[] = {hash, gv_digest_hash(&key, reply.body.data, reply.body.len)};
        hash = gv_digest_words(&key, words, GV_COUNT(words));
    }
    close_service();
    return hash;
}

static void the_seed_determines_the_replies(void **state) {
    (void)state;
    for (int kind = GV_SERVICE_LIN_KV; kind <= GV_SERVICE_LWW_KV; kind++) {
        uint64_t one = hash_of((enum gv_service_kind)kind, 1);
        assert_true(one == hash_of((enum gv_service_kind)kind, 1));
        bool chooses = kind != GV_SERVICE_LIN_KV;
        assert_int_equal(one != hash_of((enum gv_service_kind)kind, 2), chooses);
    }
}

static void services_have_maelstroms_names(void **state) {
    (void)state;
    assert_int_equal(gv_service_find(gv_slice_text("lin-kv")), GV_SERVICE_LIN_KV);
    assert_int_equal(gv_service_find(gv_slice_text("seq-kv")), GV_SERVICE_SEQ_KV);
    assert_int_equal(gv_service_find(gv_slice_text("lww-kv")), GV_SERVICE_LWW_KV);
    assert_int_equal(gv_service_find(gv_slice_text("lin-tso")), GV_SERVICE_LIN_TSO);
    assert_int_equal(gv_service_find(gv_slice_text("lin-kv2")), GV_ENOENT);
    assert_int_equal(gv_service_find(gv_slice_of("", 0)), GV_ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_have_maelstroms_names),
        cmocka_unit_test(lin_kv_equals_one_map),
        cmocka_unit_test(seq_kv_is_sequentially_consistent_and_stale),
        cmocka_unit_test(seq_kv_keeps_32_states),
        cmocka_unit_test(lww_kv_converges_and_forgets),
        cmocka_unit_test(lww_kv_ignores_create_if_not_exists),
        cmocka_unit_test(lin_tso_counts_from_0),
        cmocka_unit_test(keys_and_values_are_any_json),
        cmocka_unit_test(wrong_requests_get_maelstroms_errors),
        cmocka_unit_test(a_full_service_answers_11_and_goes_on),
        cmocka_unit_test(any_body_gets_one_reply),
        cmocka_unit_test(the_seed_determines_the_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
