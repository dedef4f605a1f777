// SPDX-License-Identifier: MIT
#include "session.h"

#include "../merkle/digest.h"
#include "replies.h"

#include <stdio.h>

struct members {
    int id, ids; // tokens of node_id, any value, and of node_ids, an array
    int count;   // number of names in node_ids
};

// Finds the members. Returns NULL, or a text that names the missing one.
static const char *find_members(struct gv_session_request *init, struct members *out) {
    const struct gv_json *json = init->json;
    out->id = gv_json_member(json, init->body, "node_id");
    out->ids = gv_json_member(json, init->body, "node_ids");
    if (out->id < 0) return "node_id is missing";
    if (out->ids < 0) return "node_ids is missing";
    if (gv_json_type(json, out->ids) != GV_JSON_ARRAY) return "node_ids is not an array";
    out->count = gv_json_size(json, out->ids);
    return NULL;
}

// Copies a name; returns its length, or a negative code if it is not a valid name.
static int read_name(const struct gv_json *json, int token, char *buf, size_t cap) {
    int len = gv_json_unescape(json, token, buf, cap < GV_NODE_NAME_MAX ? cap : GV_NODE_NAME_MAX);
    if (len < 0) return len;
    for (int i = 0; i < len; i++) {
        if ((uint8_t)buf[i] < ' ' || buf[i] == 0x7f) return GV_EINVAL;
    }
    return len > 0 ? len : GV_EINVAL;
}

// Copies all names to the scratch memory, and sets a slice for each. Returns NULL, or the reason
// why a name is invalid.
static const char *read_names(struct gv_session_request *init, const struct members *members,
                              struct gv_slice self, struct gv_slice *names) {
    size_t used = 0;
    bool found = false;
    int token = members->ids + 1;
    for (int i = 0; i < members->count; i++, token = gv_json_next(init->json, token)) {
        char *name = init->scratch + used;
        int len = read_name(init->json, token, name, init->scratch_cap - used);
        if (len < 0) return "node_ids: not a name (1 to 64 bytes, no control characters)";
        names[i] = gv_slice_of(name, (size_t)len);
        used += (size_t)len;
        found |= gv_slice_equal(names[i], self);
    }
    return found ? NULL : "node_ids: node_id is not among them";
}

// The hash of node_ids. It covers the canonical text, so escapes and white space do not matter.
static uint64_t hash_names(struct gv_session_request *init, const struct members *members) {
    int len = gv_json_canonical(init->json, members->ids, init->scratch, init->scratch_cap);
    GV_ASSERT(len > 0); // canonical text is no longer than the line
    struct gv_digest_key key;
    gv_digest_key_init(&key, (struct gv_slice){0});
    return gv_digest_hash(&key, init->scratch, (size_t)len);
}

static int join_engine(struct gv_session *session, gv_time now, const struct gv_slice *names,
                       size_t count) {
    const struct gv_session_config *config = &session->config;
    struct gv_slice self = gv_session_name_slice(session);
    int error = 0;
    if (gv_auth_enabled(config->auth))
        error = gv_auth_join(config->auth, now + config->wall_offset, count);
    if (error == 0 && config->counts_config != NULL)
        error = gv_counts_enable(config->counts, config->counts_config, gv_session_quoted(session));
    if (error != 0) return error;
    return config->gossip ? gv_engine_join(config->engine, now, self, names, count)
                          : gv_engine_join(config->engine, now, self, &self, 1);
}

// Joins the cluster. Returns NULL, or the reason of the failure and the error *code to reply with.
static const char *join(struct gv_session *session, gv_time now, struct gv_session_request *init,
                        const struct members *members, int *code) {
    struct gv_alloc alloc = session->config.alloc;
    size_t count = (size_t)members->count, size = (count + 1) * sizeof(struct gv_slice);
    struct gv_slice *names = gv_alloc_new(alloc, size);
    *code = GV_REPLIES_UNAVAILABLE;
    if (names == NULL) return "out of memory";
    const char *reason = read_names(init, members, gv_session_name_slice(session), names);
    if (reason != NULL) *code = GV_REPLIES_MALFORMED;
    if (reason == NULL && session->config.engine != NULL) {
        int error = join_engine(session, now, names, count);
        if (error != 0) reason = gv_base_error(error);
        if (error == GV_EINVAL) reason = "node_ids: a name is repeated";
        if (error == GV_EINVAL) *code = GV_REPLIES_MALFORMED;
    }
    gv_alloc_free(alloc, names, size);
    return reason;
}

static int refuse(char *reason, int code, const char *text) {
    snprintf(reason, GV_SESSION_REASON_MAX, "%s", text);
    return code;
}

static int receive_first(struct gv_session *session, gv_time now, struct gv_session_request *init,
                         const struct members *members, char *reason) {
    const struct gv_session_config *config = &session->config;
    int len = read_name(init->json, members->id, session->name, GV_NODE_NAME_MAX);
    session->name[len > 0 ? len : 0] = '\0';
    if (len < 0)
        return refuse(reason, GV_REPLIES_MALFORMED,
                      "node_id is not a name (1 to 64 bytes, no control characters)");
    if (members->count > (int)config->peers_max) {
        session->name[0] = '\0';
        snprintf(reason, GV_SESSION_REASON_MAX, "node_ids: %d names; the limit is %u",
                 members->count, config->peers_max);
        return GV_REPLIES_MALFORMED;
    }
    int quoted =
        gv_json_quote(gv_session_name_slice(session), session->quoted, sizeof session->quoted);
    GV_ASSERT(quoted > 0);
    session->quoted_len = (size_t)quoted;
    int code;
    session->cluster = hash_names(init, members);
    const char *failure = join(session, now, init, members, &code);
    if (failure != NULL) {
        session->name[0] = '\0';
        return refuse(reason, code, failure);
    }
    session->started = true;
    gv_log_write(config->log, GV_LOG_INFO, "initialised as one of %d", members->count);
    return 0;
}

int gv_session_receive(struct gv_session *session, gv_time now, struct gv_session_request *init,
                       char reason[GV_SESSION_REASON_MAX]) {
    GV_ASSERT(init->body >= 0);
    struct members members;
    const char *lacking = find_members(init, &members);
    if (lacking != NULL) return refuse(reason, GV_REPLIES_MALFORMED, lacking);
    if (!session->started) return receive_first(session, now, init, &members, reason);
    if (gv_json_equals(init->json, members.id, session->name) &&
        hash_names(init, &members) == session->cluster)
        return 0;
    snprintf(reason, GV_SESSION_REASON_MAX, "differs from the first init, which named this node %s",
             session->name);
    return GV_REPLIES_PRECONDITION_FAILED;
}
