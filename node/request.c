// SPDX-License-Identifier: MIT
#include "request.h"

#include <stdio.h>

int gv_request_member(struct gv_request *request, const char *name) {
    int token = gv_json_member(request->json, request->body, name);
    if (token >= 0) return token;
    gv_request_malformed(request, name, "is missing");
    return GV_ENOENT;
}

void gv_request_malformed(struct gv_request *request, const char *member, const char *fault) {
    char text[GV_REPLY_TEXT_MAX];
    snprintf(text, sizeof text, "%s: %s %s", request->type, member, fault);
    gv_reply_error(request->reply, GV_REQUEST_MALFORMED, text);
}

bool gv_request_put(struct gv_request *request, const struct gv_entry *entry) {
    GV_ASSERT(request->engine != NULL);
    int stored = gv_engine_put(request->engine, request->now, entry);
    if (stored >= 0) return true;
    const char *why = stored == GV_EFULL ? "the value is too long, or the replica is full"
                                         : gv_base_error(stored);
    char text[GV_REPLY_TEXT_MAX];
    snprintf(text, sizeof text, "%s: not stored: %s", request->type, why);
    gv_reply_error(request->reply, GV_REQUEST_UNAVAILABLE, text);
    return false;
}

void gv_request_put_member(struct gv_request *request, const char *member, const char *reply) {
    int token = gv_request_member(request, member);
    if (token < 0) return;
    int len = gv_json_canonical(request->json, token, request->scratch, request->scratch_cap);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    struct gv_entry entry = {
        .lattice = GV_LATTICE_SET,
        .key = {(const uint8_t *)request->scratch, (size_t)len},
    };
    if (gv_request_put(request, &entry)) gv_reply_ok(request->reply, reply);
}
