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

bool gv_request_put(struct gv_request *request, const struct gv_entry *entry, const char *reply) {
    GV_ASSERT(request->engine != NULL);
    int stored = request->commit != NULL
                     ? gv_commit_put(request->commit, request->reply, entry, reply)
                     : gv_engine_put(request->engine, request->now, entry);
    if (stored >= 0) {
        if (request->commit == NULL) gv_reply_ok(request->reply, reply);
        return true;
    }
    const char *why = gv_base_error(stored);
    if (stored == GV_EFULL) why = "the value is too long, or the replica is full";
    if (stored == GV_EIO) why = request->commit->text;
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
    gv_request_put(request, &entry, reply);
}
