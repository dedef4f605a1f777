// SPDX-License-Identifier: MIT
#include "collide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LEN = 128, HALF = 8, CHUNK = 16, KINDS = 5 };

// XXH3 of 128 bytes sums the results of eight chunks of 16 bytes. A chunk's result is the product
// of its halves after an XOR with the secret. If one half equals the secret's bytes, the product is
// 0 for any other half, so strings that differ only in that other half collide. The table has the
// offset of each chunk and of its secret, except for the first and the last chunk, which contain
// the quotes.
static const struct {
    size_t chunk, secret;
} chunks[] = {{16, 32}, {32, 64}, {48, 96}, {64, 112}, {80, 80}, {96, 48}};
enum { CHUNKS = sizeof chunks / sizeof *chunks };

static struct gv_slice slice(const char *text) {
    return (struct gv_slice){(const uint8_t *)text, strlen(text)};
}

// Whether the bytes need no escape in a JSON string.
static bool is_plain(const uint8_t *bytes) {
    for (int i = 0; i < HALF; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i] == '"' || bytes[i] == '\\') return false;
    }
    return true;
}

// Finds a half of a chunk for which the bytes of the secret need no escape in a JSON string.
static bool find_window(const struct gv_digest_key *key, size_t *at, const uint8_t **bytes) {
    for (size_t i = 0; i < 2 * CHUNKS; i++) {
        *at = chunks[i / 2].chunk + i % 2 * HALF;
        *bytes = key->secret + chunks[i / 2].secret + i % 2 * HALF;
        if (is_plain(*bytes)) return true;
    }
    return false;
}

void gv_collide_secret(uint64_t number, char secret[GV_COLLIDE_SECRET_MAX]) {
    struct gv_digest_key key;
    const uint8_t *bytes;
    size_t at;
    for (uint64_t i = number << 20;; i++) {
        snprintf(secret, GV_COLLIDE_SECRET_MAX, "%" PRIu64, i);
        gv_digest_key_init(&key, slice(secret));
        if (find_window(&key, &at, &bytes)) return;
    }
}

// Strings that share a position if there is no secret. A parallel collision search with about 2^34
// hashes found them (P. van Oorschot, M. Wiener, "Parallel Collision Search with Cryptanalytic
// Applications", Journal of Cryptology 12, 1999).
static const char *const known[GV_COLLIDE_KNOWN][2] = {
    {"\"NUPUq_xkMUF\"", "\"ZEivwYemhvI\""}, {"\"G-GvF4752JB\"", "\"Jd4BEkQ0JJG\""},
    {"\"5ssGjPCfMdE\"", "\"LvgCcZ26UDO\""}, {"\"RXm4gfszw-B\"", "\"Pg4ULgM3IsK\""},
    {"\"iGeAHhxLgjM\"", "\"N1m5-ipqTIN\""}, {"\"Z0iNAzOJn5F\"", "\"S_VqPIlr3XA\""},
    {"\"G8en9ynnVTK\"", "\"4A3W0Oo_hXD\""}, {"\"qGFpj0r6B7K\"", "\"Uwhv2qW3_xN\""},
    {"\"Ibo0QpIYPzE\"", "\"K8fXKs8fdMN\""}, {"\"Ju5sNC7yIAH\"", "\"-ZMPmtUQKAN\""},
    {"\"4TdFJVizhmK\"", "\"2BRyXcNRfLA\""}, {"\"yJnIjGN4rfL\"", "\"1QTbIY_8A0H\""},
    {"\"brVqS8u-ukA\"", "\"3A-TZ7kwi0M\""}, {"\"Az3dVuoA85N\"", "\"LH47AataTGC\""},
    {"\"579MgKDUIzG\"", "\"pAPuswcd1nN\""}, {"\"CrUuz3RttIM\"", "\"wjsb3LPo4kJ\""},
};

static bool make_strings(const struct gv_digest_key *key, uint64_t number,
                         struct gv_collide_pair *out) {
    struct gv_digest_key bare;
    gv_digest_key_init(&bare, (struct gv_slice){NULL, 0});
    if (memcmp(bare.secret, key->secret, sizeof bare.secret) == 0) {
        for (int i = 0; i < 2; i++) strcpy(out->keys[i], known[number % GV_COLLIDE_KNOWN][i]);
        return true;
    }
    size_t at;
    const uint8_t *bytes;
    if (!find_window(key, &at, &bytes)) return false;
    for (int i = 0; i < 2; i++) {
        char *text = out->keys[i], digits[HALF + 1];
        memset(text, '.', LEN);
        text[0] = text[LEN - 1] = '"';
        text[LEN] = '\0';
        memcpy(text + at, bytes, HALF);
        size_t free_half = at % CHUNK == 0 ? at + HALF : at - HALF;
        text[free_half] = (char)('a' + i);
        // The number gives each pair its own position.
        snprintf(digits, sizeof digits, "%08" PRIu64, number % 100000000);
        memcpy(text + LEN - CHUNK, digits, HALF);
    }
    return true;
}

void gv_collide_pair(const struct gv_digest_key *key, uint64_t number,
                     struct gv_collide_pair *out) {
    char *one = out->keys[0], *two = out->keys[1];
    if (number == 0) {
        snprintf(one, GV_COLLIDE_KEY_MAX, "%" PRId64, INT64_MAX);
        snprintf(two, GV_COLLIDE_KEY_MAX, "%" PRId64, INT64_MAX - 1);
        return;
    }
    if (number % KINDS == 0 && make_strings(key, number / KINDS, out)) return;
    switch (number % KINDS) {
    case 1:
        snprintf(one, GV_COLLIDE_KEY_MAX, "%" PRIu64 ".5", number);
        break;
    case 2:
        snprintf(one, GV_COLLIDE_KEY_MAX, "[%" PRIu64 "]", number);
        break;
    case 3:
        snprintf(one, GV_COLLIDE_KEY_MAX, "{\"pair\":%" PRIu64 "}", number);
        break;
    default:
        snprintf(one, GV_COLLIDE_KEY_MAX, "\"pair %" PRIu64 "\"", number);
        break;
    }
    struct gv_entry entry = {.lattice = GV_LATTICE_SET, .key = slice(one)};
    uint64_t position = gv_lattice_item(key, &entry).position;
    snprintf(two, GV_COLLIDE_KEY_MAX, "%" PRId64, (int64_t)(position ^ UINT64_C(1) << 63));
}
