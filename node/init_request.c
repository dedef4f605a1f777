// SPDX-License-Identifier: MIT
#include "init_request.h"

#include "../merkle/digest.h"

#include <string.h>

const char *gv_init_request_parse(struct gv_init_request *out, struct gv_json *json, int body) {
    GV_ASSERT(body >= 0);
    *out = (struct gv_init_request){
        .json = json,
        .id = gv_json_member(json, body, "node_id"),
        .ids = gv_json_member(json, body, "node_ids"),
    };
    if (out->id < 0) return "node_id is missing";
    if (out->ids < 0) return "node_ids is missing";
    if (gv_json_type(json, out->ids) != GV_JSON_ARRAY) return "node_ids is not an array";
    out->count = gv_json_size(json, out->ids);
    return NULL;
}

// Copies a name; returns its length, or a negative code if it cannot be one.
static int read_name(const struct gv_json *json, int token, char *buf, size_t cap) {
    int len = gv_json_unescape(json, token, buf, cap < GV_NODE_NAME_MAX ? cap : GV_NODE_NAME_MAX);
    if (len < 0) return len;
    for (int i = 0; i < len; i++) {
        if ((uint8_t)buf[i] < ' ' || buf[i] == 0x7f) return GV_EINVAL;
    }
    return len > 0 ? len : GV_EINVAL;
}

const char *gv_init_request_name(const struct gv_init_request *init,
                                 char name[GV_NODE_NAME_MAX + 1]) {
    int len = read_name(init->json, init->id, name, GV_NODE_NAME_MAX);
    name[len > 0 ? len : 0] = '\0';
    return len > 0 ? NULL : "node_id is not a name (1 to 64 bytes, no control characters)";
}

const char *gv_init_request_names(const struct gv_init_request *init, const char *self,
                                  char *scratch, size_t cap, struct gv_slice *names) {
    size_t used = 0, self_len = strlen(self);
    bool found = false;
    int token = init->ids + 1;
    for (int i = 0; i < init->count; i++, token = gv_json_next(init->json, token)) {
        char *name = scratch + used;
        int len = read_name(init->json, token, name, cap - used);
        if (len < 0) return "node_ids: not a name (1 to 64 bytes, no control characters)";
        names[i] = (struct gv_slice){(const uint8_t *)name, (size_t)len};
        used += (size_t)len;
        found |= names[i].len == self_len && memcmp(self, name, self_len) == 0;
    }
    return found ? NULL : "node_ids: node_id is not among them";
}

uint64_t gv_init_request_hash(const struct gv_init_request *init, char *scratch, size_t cap) {
    int len = gv_json_canonical(init->json, init->ids, scratch, cap);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    struct gv_digest_key key;
    gv_digest_key_init(&key, (struct gv_slice){0});
    return gv_digest_hash(&key, scratch, (size_t)len);
}
