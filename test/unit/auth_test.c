// SPDX-License-Identifier: MIT
#include "../../codec/auth.h"
#include "../../codec/blake2b.h"
#include "../../codec/crypto.h"
#include "../../codec/message.h"
#include "../lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "a secret of at least sixteen bytes"
#define BODY "{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}]}"
#define AUTHENTICATED(mac) \
    "{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}],\"seal\":\"" mac "\"}"

static struct gv_slice text(const char *s) {
    return (struct gv_slice){(const uint8_t *)s, strlen(s)};
}

// One end of a link.
struct end {
    struct gv_auth auth;
    struct gv_json json;
    const char *name;
    char body[4096]; // the body that was authenticated last
};

static void begin(struct end *end, const char *name, const char *secret, uint64_t wall_ns) {
    uint8_t digest[GV_AUTH_KEY];
    *end = (struct end){.name = name};
    gv_auth_init(&end->auth, gv_base_malloc(), text(secret), digest);
    assert_int_equal(gv_auth_join(&end->auth, wall_ns, 2), 0);
    gv_json_init(&end->json, gv_base_malloc(), 0, 0);
}

static void stop(struct end *end) {
    gv_auth_fini(&end->auth);
    gv_json_fini(&end->json);
}

static const char *authenticate(struct end *from, const struct end *to, const char *body) {
    size_t len = strlen(body);
    memcpy(from->body, body, len);
    struct gv_auth_endpoints endpoints = {1, text(from->name), text(to->name)};
    size_t authenticated = gv_auth_append_mac(&from->auth, endpoints, from->body, len);
    assert_true(authenticated > len && authenticated <= len + GV_AUTH_OVERHEAD);
    from->body[authenticated] = '\0';
    return from->body;
}

static enum gv_auth_status verify(struct end *to, const char *src, const char *dest,
                                  const char *body) {
    char scratch[4096];
    struct gv_json canonical;
    assert_true(gv_json_parse(&to->json, body, strlen(body)) > 0);
    struct gv_auth_message message = {&to->json, 0, gv_json_member(&to->json, 0, "seal")};
    struct gv_auth_endpoints endpoints = {1, text(src), text(dest)};
    return gv_auth_verify(&to->auth, endpoints, message, scratch, strlen(body), &canonical);
}

// ---- MACs ---------------------------------------------------------------------------------------

// Values computed by an independent Python program.
static void test_known_answers(void **state) {
    (void)state;
    static const char digest_hex[] =
        "104c73dc0a9d0cec93d8976f40f30f3ca879d37614688b127ccd0062996f2620";
    struct gv_auth auth;
    uint8_t digest[GV_AUTH_KEY];
    char hex[2 * GV_AUTH_KEY + 1];
    gv_auth_init(&auth, gv_base_malloc(), text(SECRET), digest);
    for (int i = 0; i < GV_AUTH_KEY; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, digest_hex);
    gv_auth_fini(&auth);

    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1001);
    begin(&n2, "n2", SECRET, 77);
    assert_string_equal(authenticate(&n1, &n2, BODY),
                        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb"));
    n1.auth.peers[1].next = 1001;
    n1.auth.peers[1].largest = 77;
    assert_true(gv_auth_announce(&n1.auth, 0, 1));
    const char *told = AUTHENTICATED("6QMAAAAAAABNAAAAAAAAAIxRGKZedEPXh9oCo2jsDXE");
    assert_string_equal(authenticate(&n1, &n2, BODY), told);
    assert_int_equal(verify(&n2, "n1", "n2", told), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

static void test_respelled(void **state) {
    (void)state;
    static const char *const spellings[] = {
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb"),
        AUTHENTICATED("6QMAAAAAAAC84PY\\u002bPT4YZ4OGpqD6sKq\\u0062"),
        ("{\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\",\"v\":1,\"type\":\"gossip\","
         "\"entries\":[{\"set\":[17]}]}"),
        (" { \"entries\" : [ { \"s\\u0065t\" : [ 17 ] } ] ,\t\"v\":1, \"type\":\"goss\\u0069p\","
         "\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\" , \"unknown\":[true] }"),
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct end n2;
        begin(&n2, "n2", SECRET, 5);
        assert_int_equal(verify(&n2, "n1", "n2", spellings[i]), GV_AUTH_VALID);
        stop(&n2);
    }
}

static void test_wrong_seals(void **state) {
    (void)state;
    struct end n2, other;
    begin(&n2, "n2", SECRET, 5);
    begin(&other, "n2", "another secret, as long as that", 5);
    const char *good = AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb");
    assert_int_equal(verify(&n2, "n1", "n2", BODY), GV_AUTH_MISSING);
    assert_int_equal(verify(&other, "n1", "n2", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n3", "n2", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n1", "n3", good), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n2", "n1", good), GV_AUTH_INVALID); // reflected to its sender
    assert_int_equal(verify(&n2, "n1n", "2", good), GV_AUTH_INVALID);
    static const char *const bad[] = {
        AUTHENTICATED(""),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKq"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAAAAAAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqbAAAAAAAAAAAAAAAA"),
        AUTHENTICATED("6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKq-"),
        ("{\"type\":\"gossip\",\"v\":1,\"entries\":[{\"set\":[17]}],"
         "\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\",\"up\":1}"),
        "{\"v\":1,\"entries\":[{\"set\":[17]}],\"seal\":\"6QMAAAAAAAC84PY+PT4YZ4OGpqD6sKqb\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(verify(&n2, "n1", "n2", bad[i]), GV_AUTH_INVALID);
    assert_int_equal(verify(&n2, "n1", "n2", good),
                     GV_AUTH_VALID); // the refused messages have changed nothing
    stop(&n2);
    stop(&other);
}

static void test_every_byte_counts(void **state) {
    (void)state;
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1000);
    begin(&n2, "n2", SECRET, 2000);
    static const char body[] =
        "{\"type\":\"sync\",\"v\":1,\"id\":7,\"ask\":1,\"up\":1,\"next\":380,\"ack\":[41,3,1500],"
        "\"entries\":[{\"set\":[17,\"x\"]},{\"counter\":[[\"n1\",5]]},"
        "{\"register\":[[\"k\",1,9,\"n2\"]]}],\"ranges\":\"AAAA\"}";
    const char *authenticated = authenticate(&n1, &n2, body);
    size_t len = strlen(authenticated), parsed = 0;
    char copy[4096];
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, authenticated, len + 1);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            if (copy[i] == '\0' || gv_json_parse(&n2.json, copy, len) <= 0) continue;
            parsed++;
            assert_int_not_equal(verify(&n2, "n1", "n2", copy), GV_AUTH_VALID);
        }
    }
    assert_true(parsed > len);
    assert_int_equal(verify(&n2, "n1", "n2", authenticated), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

// ---- Numbers ------------------------------------------------------------------------------------

static void test_repeated(void **state) {
    (void)state;
    enum { MESSAGES = 100 };
    static char sent[MESSAGES][256];
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 1000);
    begin(&n2, "n2", SECRET, 1);
    for (int i = 0; i < MESSAGES; i++) strcpy(sent[i], authenticate(&n1, &n2, BODY));
    // Numbers up to 64 below the largest are accepted once, in any order.
    for (int i = 0; i < 60; i += 2)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_VALID);
    for (int i = 59; i > 0; i -= 2)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_VALID);
    for (int i = 0; i < 60; i++)
        assert_int_equal(verify(&n2, "n1", "n2", sent[i]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[99]), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", sent[99]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[34]), GV_AUTH_OLD); // 65 below the largest
    assert_int_equal(verify(&n2, "n1", "n2", sent[35]), GV_AUTH_DUPLICATE);
    assert_int_equal(verify(&n2, "n1", "n2", sent[60]), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", sent[60]), GV_AUTH_DUPLICATE);
    // Replays of old messages cause at most one announcement a second.
    assert_true(gv_auth_announce(&n2.auth, 5000 * GV_MS, 1));
    assert_false(gv_auth_announce(&n2.auth, 5999 * GV_MS, 1));
    assert_true(gv_auth_announce(&n2.auth, 6000 * GV_MS, 1));
    stop(&n1);
    stop(&n2);
}

// A new incarnation uses larger numbers because of its clock, or because a peer announced its
// largest number.
static void test_clock_set_back(void **state) {
    (void)state;
    struct end n1, n2;
    begin(&n1, "n1", SECRET, 9000);
    begin(&n2, "n2", SECRET, 9000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    begin(&n1, "n1", SECRET, 10000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    begin(&n1, "n1", SECRET, 8000);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_OLD);
    assert_true(gv_auth_announce(&n2.auth, 1, 1));
    assert_int_equal(verify(&n1, "n2", "n1", authenticate(&n2, &n1, BODY)), GV_AUTH_VALID);
    assert_int_equal(verify(&n2, "n1", "n2", authenticate(&n1, &n2, BODY)), GV_AUTH_VALID);
    stop(&n1);
    stop(&n2);
}

// ---- Lines of earlier versions ------------------------------------------------------------------

// The fields of a line of the vectors.
struct sealed {
    int body, mac;
    char src[256], dest[256]; // names
    size_t src_len, dest_len;
    uint64_t sequence, largest;
};

static size_t read_name(const struct gv_json *json, const char *member, char name[256]) {
    int len = gv_json_unescape(json, gv_json_member(json, 0, member), name, 256);
    assert_true(len > 0);
    return (size_t)len;
}

static void read_sealed(struct gv_json *json, const char *line, size_t len, struct sealed *out) {
    assert_true(gv_json_parse(json, line, len) > 0);
    out->body = gv_json_member(json, 0, "body");
    out->mac = gv_json_member(json, out->body, "seal");
    assert_true(out->body > 0 && out->mac > 0);
    out->src_len = read_name(json, "src", out->src);
    out->dest_len = read_name(json, "dest", out->dest);
    char base64[GV_AUTH_MAC_MAX];
    uint8_t bytes[32];
    int chars = gv_json_unescape(json, out->mac, base64, sizeof base64);
    assert_true(chars > 0);
    int count = gv_pack_get_base64(gv_slice_of(base64, (size_t)chars), bytes, sizeof bytes);
    assert_true(count == 24 || count == 32);
    out->sequence = gv_crypto_load64(bytes);
    out->largest = count == 32 ? gv_crypto_load64(bytes + 8) : 0;
}

// Receives the line, then sends the same message. Returns whether it announces a number.
static bool check_sealed(const char *line, size_t len) {
    static char scratch[4096], copy[4096];
    struct end end;
    struct sealed sealed;
    struct gv_json body_json;
    begin(&end, "", "a secret of sixteen bytes or more", 1);
    read_sealed(&end.json, line, len, &sealed);
    struct gv_auth_endpoints endpoints = {1, gv_slice_of(sealed.src, sealed.src_len),
                                          gv_slice_of(sealed.dest, sealed.dest_len)};
    struct gv_auth_message message = {&end.json, sealed.body, sealed.mac};
    assert_int_equal(
        gv_auth_verify(&end.auth, endpoints, message, scratch, sizeof scratch, &body_json),
        GV_AUTH_VALID);
    read_sealed(&end.json, line, len, &sealed); // verification has selected the body
    assert_int_equal(
        gv_auth_verify(&end.auth, endpoints, message, scratch, sizeof scratch, &body_json),
        GV_AUTH_DUPLICATE);

    struct gv_auth_peer *peer = &end.auth.peers[1];
    assert_int_equal(peer->largest, sealed.sequence);
    assert_int_equal(peer->next, sealed.largest + 1);
    peer->next = sealed.sequence;
    peer->largest = sealed.largest;
    peer->announce = sealed.largest > 0;
    read_sealed(&end.json, line, len, &sealed);
    int canonical = gv_message_canonical(&end.json, sealed.body, copy, sizeof copy, &body_json);
    assert_true(canonical > 0);
    size_t size = gv_auth_append_mac(&end.auth, endpoints, copy, (size_t)canonical);
    read_sealed(&end.json, line, len, &sealed);
    struct gv_slice body = gv_json_raw(&end.json, sealed.body);
    assert_int_equal(size, body.len);
    assert_memory_equal(copy, body.data, size);
    stop(&end);
    return sealed.largest > 0;
}

// This version accepts each line that earlier versions have sent (test/vectors/sealed.sh), and
// writes the same bytes. So earlier versions accept its lines, too.
static void test_earlier_versions(void **state) {
    (void)state;
    static const char *const paths[] = {"test/vectors/sealed-0.1.0.txt",
                                        "test/vectors/sealed-0.2.0.txt"};
    for (size_t i = 0; i < GV_COUNT(paths); i++) {
        FILE *file = fopen(paths[i], "r");
        assert_non_null(file);
        char line[2048];
        int lines = 0, announcements = 0;
        for (; fgets(line, sizeof line, file) != NULL; lines++)
            announcements += check_sealed(line, strcspn(line, "\n"));
        fclose(file);
        assert_true(lines >= 20 && announcements > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),    cmocka_unit_test(test_respelled),
        cmocka_unit_test(test_wrong_seals),      cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_repeated),         cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_earlier_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
