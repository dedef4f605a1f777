// SPDX-License-Identifier: MIT
#include "auth.h"

#include "blake2b.h"
#include "crypto.h"
#include "message.h"
#include "siphash.h"

_Static_assert((int)GV_AUTH_KEY == 2 * (int)GV_SIPHASH_KEY, "there are two keys");

enum { TAG = GV_SIPHASH_LEN, REPLAY_WINDOW = 64, ANNOUNCE_MS = 1000 };

struct mac {
    uint64_t sequence, largest; // largest: announced by the destination; 0: none
    uint8_t tag[TAG];
};

// ---- Keys ---------------------------------------------------------------------------------------

static void derive(uint8_t *key, const uint8_t *root, const char *label) {
    gv_blake2b_compute(key, GV_AUTH_KEY, gv_slice_of(root, GV_AUTH_KEY),
                       gv_slice_of(label, strlen(label)));
}

void gv_auth_init(struct gv_auth *auth, struct gv_alloc alloc, struct gv_slice secret,
                  uint8_t *digest) {
    GV_ASSERT(secret.len > 0 && digest != NULL);
    *auth = (struct gv_auth){.alloc = alloc, .on = true};
    uint8_t root[GV_AUTH_KEY];
    gv_blake2b_compute(root, sizeof root, (struct gv_slice){NULL, 0}, secret);
    derive(auth->key, root, "grapevine seal 1");
    derive(digest, root, "grapevine digest 1");
    gv_crypto_wipe(root, sizeof root);
}

static void free_peers(struct gv_auth *auth) {
    if (auth->peers == NULL) return;
    gv_alloc_free(auth->alloc, auth->peers, auth->count * sizeof *auth->peers);
    auth->peers = NULL;
}

void gv_auth_fini(struct gv_auth *auth) {
    free_peers(auth);
    gv_crypto_wipe(auth, sizeof *auth);
}

int gv_auth_join(struct gv_auth *auth, uint64_t wall_ns, size_t count) {
    GV_ASSERT(auth->on && count > 0);
    free_peers(auth);
    size_t size = count * sizeof *auth->peers;
    auth->peers = gv_alloc_new(auth->alloc, size);
    if (auth->peers == NULL) return GV_ENOMEM;
    auth->count = count;
    for (size_t i = 0; i < count; i++)
        auth->peers[i] =
            (struct gv_auth_peer){.next = wall_ns > 0 ? wall_ns : 1, .announced_at = GV_TIME_NEVER};
    return 0;
}

// ---- MACs ---------------------------------------------------------------------------------------

static void put_name(struct gv_writer *out, struct gv_slice name) {
    GV_ASSERT(name.len > 0 && name.len <= UINT8_MAX);
    gv_pack_put_u8(out, (uint8_t)name.len);
    gv_pack_put_bytes(out, name.data, name.len);
}

static void make_tag(const struct gv_auth *auth, struct gv_auth_endpoints endpoints,
                     struct gv_slice text, struct mac *mac) {
    uint8_t data[16 + TAG + 2 * (1 + UINT8_MAX)], content[TAG];
    gv_siphash_compute(content, auth->key, text.data, text.len);
    struct gv_writer out = {.data = data, .cap = sizeof data};
    gv_pack_put_u64(&out, mac->sequence);
    gv_pack_put_u64(&out, mac->largest);
    gv_pack_put_bytes(&out, content, TAG);
    put_name(&out, endpoints.src);
    put_name(&out, endpoints.dest);
    GV_ASSERT(!out.full);
    gv_siphash_compute(mac->tag, auth->key + GV_SIPHASH_KEY, data, out.len);
}

size_t gv_auth_append_mac(struct gv_auth *auth, struct gv_auth_endpoints endpoints, char *body,
                          size_t len) {
    GV_ASSERT(endpoints.peer >= 0 && (size_t)endpoints.peer < auth->count);
    GV_ASSERT(len > 2 && body[len - 1] == '}');
    struct gv_auth_peer *peer = &auth->peers[endpoints.peer];
    struct mac mac = {.sequence = peer->next++, .largest = peer->announce ? peer->largest : 0};
    peer->announce = false;
    make_tag(auth, endpoints, gv_slice_of(body, len), &mac);

    uint8_t bytes[16 + TAG];
    struct gv_writer packed = {.data = bytes, .cap = sizeof bytes};
    gv_pack_put_u64(&packed, mac.sequence);
    if (mac.largest > 0) gv_pack_put_u64(&packed, mac.largest);
    gv_pack_put_bytes(&packed, mac.tag, TAG);
    struct gv_writer out = {.data = (uint8_t *)body + len - 1, .cap = 1 + GV_AUTH_OVERHEAD};
    gv_pack_put_text(&out, ",\"seal\":\"");
    gv_pack_put_base64(&out, (struct gv_slice){bytes, packed.len});
    gv_pack_put_text(&out, "\"}");
    GV_ASSERT(!packed.full && !out.full);
    return len - 1 + out.len;
}

static bool read_mac(const struct gv_json *json, int token, struct mac *mac) {
    char text[GV_AUTH_MAC_MAX];
    uint8_t bytes[16 + TAG];
    int len = gv_json_unescape(json, token, text, sizeof text);
    if (len < 0) return false;
    len = gv_pack_get_base64((struct gv_slice){(uint8_t *)text, (size_t)len}, bytes, sizeof bytes);
    bool announced = len == 16 + TAG;
    if (len != 8 + TAG && !announced) return false;
    struct gv_reader in = {.data = bytes, .len = (size_t)len};
    mac->sequence = gv_pack_get_u64(&in);
    mac->largest = announced ? gv_pack_get_u64(&in) : 0;
    memcpy(mac->tag, bytes + len - TAG, TAG);
    return true;
}

// Records a received number in the replay window (RFC 4303, section 3.4.3).
static enum gv_auth_status update_window(struct gv_auth_peer *peer, uint64_t number) {
    if (number > peer->largest) {
        uint64_t step = number - peer->largest;
        peer->window = step < REPLAY_WINDOW ? peer->window << step : 0;
        if (step <= REPLAY_WINDOW) peer->window |= UINT64_C(1) << (step - 1);
        peer->largest = number;
        return GV_AUTH_VALID;
    }
    uint64_t back = peer->largest - number;
    if (back > REPLAY_WINDOW) return GV_AUTH_OLD;
    uint64_t bit = back > 0 ? UINT64_C(1) << (back - 1) : 0;
    if (back == 0 || (peer->window & bit) != 0) return GV_AUTH_DUPLICATE;
    peer->window |= bit;
    return GV_AUTH_VALID;
}

enum gv_auth_status gv_auth_verify(struct gv_auth *auth, struct gv_auth_endpoints endpoints,
                                   struct gv_auth_message message, char *scratch, size_t cap,
                                   struct gv_json *out) {
    struct gv_json *json = message.json;
    *out = *json;
    if (!auth->on) return message.mac < 0 ? GV_AUTH_VALID : GV_AUTH_UNEXPECTED;
    if (message.mac < 0) return GV_AUTH_MISSING;
    struct mac received, expected;
    if (!read_mac(json, message.mac, &received)) return GV_AUTH_INVALID;
    int len = gv_message_canonical(json, message.body, scratch, cap, out);
    if (len < 0) return GV_AUTH_INVALID;
    expected = received;
    make_tag(auth, endpoints, gv_slice_of(scratch, (size_t)len), &expected);
    if (!gv_crypto_equal(received.tag, expected.tag, TAG)) return GV_AUTH_INVALID;

    GV_ASSERT(endpoints.peer >= 0 && (size_t)endpoints.peer < auth->count);
    struct gv_auth_peer *peer = &auth->peers[endpoints.peer];
    // The peer has received larger numbers from an earlier incarnation of this node, whose clock
    // has been set back since.
    if (received.largest >= peer->next) peer->next = received.largest + 1;
    return update_window(peer, received.sequence);
}

bool gv_auth_announce(struct gv_auth *auth, gv_time now, int index) {
    GV_ASSERT(index >= 0 && (size_t)index < auth->count);
    struct gv_auth_peer *peer = &auth->peers[index];
    bool lately =
        peer->announced_at != GV_TIME_NEVER && now - peer->announced_at < ANNOUNCE_MS * GV_MS;
    if (lately) return false;
    peer->announced_at = now;
    peer->announce = true;
    return true;
}
