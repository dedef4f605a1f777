// SPDX-License-Identifier: MIT
#include "request.h"

#include "../engine/admit.h"

#include <inttypes.h>
#include <stdio.h>

int gv_request_member(struct gv_request *request, const char *name) {
    int token = gv_json_member(request->json, request->body, name);
    if (token >= 0) return token;
    gv_request_malformed(request, name, "is missing");
    return GV_ENOENT;
}

void gv_request_malformed(struct gv_request *request, const char *member, const char *reason) {
    char text[GV_REPLIES_TEXT_MAX];
    snprintf(text, sizeof text, "%s: %s %s", request->type, member, reason);
    gv_replies_error(request->replies, GV_REPLIES_MALFORMED, text);
}

// Writes a text that names the limit of this node which the entry exceeds.
static void describe_bound(const struct gv_engine *engine, const struct gv_entry *entry, char *why,
                           size_t cap) {
    struct gv_engine_stats stats;
    gv_engine_stats(engine, &stats);
    uint64_t len = gv_entry_size(entry), entries = stats.entries + stats.reserved_entries;
    if (len > stats.entry_max) {
        snprintf(why, cap,
                 "the value has %" PRIu64 " bytes, and the limit of this node is %" PRIu64, len,
                 stats.entry_max);
    } else if (stats.entries_max > 0 && entries > stats.entries_max) {
        snprintf(why, cap, "the replica has %" PRIu64 " entries, and its limit is %" PRIu64,
                 entries, stats.entries_max);
    } else if (stats.entries_max > 0 && entries == stats.entries_max) {
        snprintf(why, cap, "the replica has %" PRIu64 " entries, which is its limit", entries);
    } else {
        char waiting[64] = "";
        if (stats.reserved_bytes > 0)
            snprintf(waiting, sizeof waiting, " and %" PRIu64 " for pending writes",
                     stats.reserved_bytes);
        snprintf(why, cap,
                 "the replica has %" PRIu64 " bytes of memory%s, and its limit is %" PRIu64,
                 stats.memory_bytes, waiting, stats.memory_max);
    }
}

// Writes a text that explains why no node accepts the entry.
static void describe_invalid(const struct gv_entry *entry, int error, const char *reason, char *why,
                             size_t cap) {
    int depth = entry->lattice == GV_LATTICE_SET ? GV_ENTRY_DEPTH_SET : GV_ENTRY_DEPTH;
    if (error == GV_ERANGE) {
        snprintf(why, cap, "the value is nested too deep: the limit is %d levels", depth);
    } else if (error == GV_ESPACE) {
        snprintf(why, cap, "the value has %zu bytes, and the limit is %d", gv_entry_size(entry),
                 (int)GV_ENTRY_SIZE_MAX);
    } else {
        snprintf(why, cap, "%s", reason);
    }
}

static void refuse_put(struct gv_request *request, const struct gv_entry *entry, int error) {
    char why[GV_REPLIES_TEXT_MAX - 64], text[GV_REPLIES_TEXT_MAX];
    const char *reason;
    int malformed = gv_entry_check(entry, &reason);
    if (malformed != 0) {
        describe_invalid(entry, malformed, reason, why, sizeof why);
    } else if (error == GV_EFULL) {
        describe_bound(request->engine, entry, why, sizeof why);
    } else {
        snprintf(why, sizeof why, "%s",
                 error == GV_EIO ? gv_writes_error(request->writes) : gv_base_error(error));
    }
    snprintf(text, sizeof text, "%s: not stored: %s", request->type, why);
    int code = malformed != 0 ? GV_REPLIES_MALFORMED : GV_REPLIES_UNAVAILABLE;
    gv_replies_error(request->replies, code, text);
}

bool gv_request_put(struct gv_request *request, const struct gv_entry *entry,
                    const struct gv_writes_reply *reply) {
    GV_ASSERT(request->engine != NULL && gv_replies_is_open(request->replies));
    struct gv_replies *replies = reply != NULL ? request->replies : NULL;
    int stored = request->writes == NULL ? gv_admit_local(request->engine, request->now, entry)
                                         : gv_writes_put(request->writes, replies, entry, reply);
    if (reply == NULL) return stored >= 0;
    if (stored < 0) {
        refuse_put(request, entry, stored);
    } else if (request->writes == NULL) {
        gv_replies_json(replies, reply->type, reply->member, reply->value);
    }
    return stored >= 0;
}

void gv_request_put_member(struct gv_request *request, const char *member, const char *reply_type) {
    int token = gv_request_member(request, member);
    if (token < 0) return;
    int len = gv_json_canonical(request->json, token, request->scratch, request->scratch_cap);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    struct gv_entry entry = {
        .lattice = GV_LATTICE_SET,
        .key = gv_slice_of(request->scratch, (size_t)len),
    };
    gv_request_put(request, &entry, &(struct gv_writes_reply){.type = reply_type});
}
