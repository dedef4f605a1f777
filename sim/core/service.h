// SPDX-License-Identifier: MIT
// The services of Maelstrom 0.2.5 that nodes may call, with its semantics. Each service answers the
// body of a request with the body of a reply, and knows no network and no clock. Its random choices
// are seeded.
//
//   lin-kv   a linearizable map: one state
//   seq-kv   a sequentially consistent map that keeps the last GV_SERVICE_STATES states. An
//            operation is first tried on a random state between the last state that its client saw
//            and the newest. If it does not change that state, its result is the reply. Otherwise
//            it is executed on the newest state. The client has then seen the state that was used
//   lww-kv   an eventually consistent map: two replicas (lww.h). Each operation first merges a
//            random replica into a random replica, and is then executed on a random replica
//   lin-tso  timestamps: 0, 1, 2 …
//
// Requests of maps are read {key}, write {key, value} and cas {key, from, to} with an optional
// create_if_not_exists, which lww-kv ignores. Keys and values are any JSON; they are equal if their
// canonical texts are (codec/json.h).
#ifndef GV_SIM_CORE_SERVICE_H
#define GV_SIM_CORE_SERVICE_H

#include "../../codec/json.h"
#include "../../engine/prng.h"
#include "lww.h"
#include "memory.h"
#include "versions.h"

enum gv_service_kind {
    GV_SERVICE_LIN_KV,
    GV_SERVICE_SEQ_KV,
    GV_SERVICE_LWW_KV,
    GV_SERVICE_LIN_TSO,
    GV_SERVICE_KINDS,
};
extern const char *const gv_service_names[GV_SERVICE_KINDS];

enum { GV_SERVICE_STATES = 32 };
#define GV_SERVICE_BYTES_MAX ((size_t)256 << 20) // memory of keys and values of one service

// Error codes of Maelstrom in replies of services.
enum {
    GV_SERVICE_UNSUPPORTED = 10, // the service has no such operation
    GV_SERVICE_UNAVAILABLE = 11, // a write would exceed bytes_max, or the reply cannot be queued
    GV_SERVICE_MALFORMED = 12,   // a member is missing or has a wrong type
    GV_SERVICE_NO_KEY = 20,
    GV_SERVICE_OTHER_VALUE = 22, // the value of the key is not the `from` of a cas
};

struct gv_service {
    enum gv_service_kind kind;
    struct gv_prng prng;
    struct gv_json json;
    struct gv_versions versions; // lin-kv, seq-kv
    struct gv_lww lww;           // lww-kv
    uint64_t next;               // lin-tso: the next timestamp
    uint64_t *seen;              // seq-kv, by client: the last state that it saw
    uint32_t clients;
    struct gv_memory_bytes scratch; // canonical texts of a request
};

struct gv_service_reply {
    struct gv_memory_bytes body; // a JSON object on one line; the caller frees body.data
    const char *type;            // its type: "read_ok", …, "error"
    int code;                    // code of an error; else 0
};

// The kind of the service with this name. GV_ENOENT: no service has it.
int gv_service_find(struct gv_slice name);

// Initialises a service for clients 0 … clients - 1.
void gv_service_init(struct gv_service *service, enum gv_service_kind kind, uint32_t clients,
                     uint64_t seed, size_t bytes_max);
void gv_service_fini(struct gv_service *service);

// Executes a request, whose body is `body`, and sets *reply to the reply. Zero *reply before the
// first call; it may be used again. If the request has no integer "msg_id", "in_reply_to" is null,
// as in Maelstrom. The reply to a text that is not a request is an error.
void gv_service_handle(struct gv_service *service, uint32_t client, struct gv_slice body,
                       struct gv_service_reply *reply);

// Refuses a request with GV_SERVICE_UNAVAILABLE and the text `why`, without executing it.
void gv_service_refuse(struct gv_service *service, struct gv_slice body, const char *why,
                       struct gv_service_reply *reply);

#endif
