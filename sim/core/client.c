// SPDX-License-Identifier: MIT
#include "client.h"

#include "keys.h"
#include "memory.h"

void gv_client_fini(struct gv_client_table *table) {
    free(table->clients);
}

uint32_t gv_client_open(struct gv_client_table *table, enum gv_client_role role, uint32_t node) {
    GV_ASSERT(table->len < UINT32_MAX);
    GV_MEMORY_GROW(table->clients, &table->cap, table->len + 1);
    table->clients[table->len] = (struct gv_client){.role = role, .open = true, .node = node};
    return (uint32_t)table->len++;
}

enum gv_client_reply gv_client_match(struct gv_client *client, uint64_t in_reply_to) {
    if (in_reply_to == 0 || in_reply_to > client->msg_id) return GV_CLIENT_REPLY_STRAY;
    if (in_reply_to == client->msg_id && client->wait != GV_CLIENT_IDLE) {
        return GV_CLIENT_REPLY_EXPECTED;
    }
    for (size_t i = 0; i < GV_CLIENT_TIMED_OUT_MAX; i++) {
        if (client->timed_out[i] != in_reply_to) continue;
        client->timed_out[i] = 0;
        return GV_CLIENT_REPLY_LATE;
    }
    return GV_CLIENT_REPLY_REPEATED;
}

int64_t gv_client_number(struct gv_slice name, char letter) {
    if (name.len < 1 || name.data[0] != (uint8_t)letter) return GV_ENOENT;
    int64_t number = gv_keys_number(gv_slice_of(name.data + 1, name.len - 1));
    return number < 0 ? GV_ENOENT : number;
}

int64_t gv_client_find(const struct gv_client_table *table, struct gv_slice name) {
    int64_t number = gv_client_number(name, 'c');
    return number >= 0 && (uint64_t)number < table->len ? number : GV_ENOENT;
}
