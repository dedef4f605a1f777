// SPDX-License-Identifier: MIT
#include "request.h"

#include <inttypes.h>
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

// Says which bound was reached, and how far it is.
static void refuse_put(struct gv_request *request, const struct gv_entry *entry, int error) {
    struct gv_engine_stats stats;
    gv_engine_stats(request->engine, &stats);
    uint64_t len = entry->key.len + entry->value.len + entry->node.len;
    char why[GV_REPLY_TEXT_MAX - 64], text[GV_REPLY_TEXT_MAX];
    int code = GV_REQUEST_UNAVAILABLE;
    if (error == GV_ESPACE) {
        code = GV_REQUEST_MALFORMED;
        snprintf(why, sizeof why, "the value is %" PRIu64 " bytes long, a message takes %" PRIu64,
                 len, stats.entry_max);
    } else if (error == GV_EFULL && stats.entries_max > 0 && stats.entries >= stats.entries_max) {
        snprintf(why, sizeof why, "the replica has %" PRIu64 " entries, as many as it may",
                 stats.entries);
    } else if (error == GV_EFULL) {
        snprintf(why, sizeof why,
                 "the replica takes %" PRIu64 " bytes of memory, and may take %" PRIu64,
                 stats.memory_bytes, stats.memory_max);
    } else {
        snprintf(why, sizeof why, "%s",
                 error == GV_EIO ? request->commit->text : gv_base_error(error));
    }
    snprintf(text, sizeof text, "%s: not stored: %s", request->type, why);
    gv_reply_error(request->reply, code, text);
}

// To the store first, if there is one to wait for: the request is answered then, if a `reply` is
// given. Else to the engine. Not negative, or an error.
static int put(struct gv_request *request, const struct gv_entry *entry, const char *reply,
               const char *member, struct gv_slice value) {
    if (request->commit == NULL) return gv_engine_put(request->engine, request->now, entry);
    struct gv_reply *open = reply != NULL ? request->reply : NULL;
    return gv_commit_put(request->commit, open, entry, reply, member, value);
}

bool gv_request_put_json(struct gv_request *request, const struct gv_entry *entry,
                         const char *reply, const char *member, struct gv_slice value) {
    GV_ASSERT(request->engine != NULL && reply != NULL);
    int stored = put(request, entry, reply, member, value);
    if (stored >= 0) {
        if (request->commit == NULL) gv_reply_json(request->reply, reply, member, value);
        return true;
    }
    refuse_put(request, entry, stored);
    return false;
}

bool gv_request_put(struct gv_request *request, const struct gv_entry *entry, const char *reply) {
    return gv_request_put_json(request, entry, reply, NULL, (struct gv_slice){0});
}

bool gv_request_put_ahead(struct gv_request *request, const struct gv_entry *entry) {
    GV_ASSERT(request->engine != NULL && request->reply->open);
    return put(request, entry, NULL, NULL, (struct gv_slice){0}) >= 0;
}

// How deep a canonical text is nested.
static unsigned nesting(const char *text, size_t len) {
    unsigned depth = 0, most = 0;
    bool string = false;
    if (text[0] != '[' && text[0] != '{') return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') string = !string;
        if (string && text[i] == '\\') i++;
        if (string) continue;
        if (text[i] == '[' || text[i] == '{') depth++;
        if (text[i] == ']' || text[i] == '}') depth--;
        if (depth > most) most = depth;
    }
    return most;
}

void gv_request_put_member(struct gv_request *request, const char *member, const char *reply) {
    int token = gv_request_member(request, member);
    if (token < 0) return;
    int len = gv_json_canonical(request->json, token, request->scratch, request->scratch_cap);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    unsigned depth = nesting(request->scratch, (size_t)len);
    unsigned most = request->json->depth_max - GV_REQUEST_WRAPPING;
    if (depth > most) {
        char fault[64];
        snprintf(fault, sizeof fault, "is nested %u deep, at most %u are taken", depth, most);
        gv_request_malformed(request, member, fault);
        return;
    }
    struct gv_entry entry = {
        .lattice = GV_LATTICE_SET,
        .key = {(const uint8_t *)request->scratch, (size_t)len},
    };
    gv_request_put(request, &entry, reply);
}
