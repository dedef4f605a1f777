// SPDX-License-Identifier: MIT
#include "replies.h"

#include "../codec/json.h"
#include "line.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 4096, FIRST_LISTS = 8 };

void gv_replies_init(struct gv_replies *reply, struct gv_alloc alloc) {
    GV_ASSERT(alloc.resize != NULL);
    *reply = (struct gv_replies){.alloc = alloc};
}

void gv_replies_fini(struct gv_replies *reply) {
    struct gv_alloc alloc = reply->alloc;
    if (reply->data != NULL) alloc.resize(alloc.ctx, reply->data, reply->cap, 0);
    size_t size = reply->lists_cap * sizeof *reply->lists;
    if (reply->lists != NULL) alloc.resize(alloc.ctx, reply->lists, size, 0);
    *reply = (struct gv_replies){.alloc = alloc};
}

void gv_replies_trim(struct gv_replies *reply) {
    size_t used = gv_replies_waiting(reply), cap = used > FIRST_BYTES ? used : FIRST_BYTES;
    if (reply->cap <= cap) return;
    memmove(reply->data, reply->data + reply->head, used);
    reply->head = 0;
    reply->tail = used;
    char *data = reply->alloc.resize(reply->alloc.ctx, reply->data, reply->cap, cap);
    if (data == NULL) return; // it stays as long as it was
    reply->data = data;
    reply->cap = cap;
}

static int reserve_text(struct gv_replies *reply, size_t need) {
    if (need <= reply->cap - reply->tail) return 0;
    size_t used = gv_replies_waiting(reply);
    // Moving what waits to the front pays only if no more bytes move than have been taken since.
    if (reply->head < used || need > reply->cap - used) {
        size_t cap = 2 * (used + need) > FIRST_BYTES ? 2 * (used + need) : FIRST_BYTES;
        char *data = reply->alloc.resize(reply->alloc.ctx, reply->data, reply->cap, cap);
        if (data == NULL) return GV_ENOMEM;
        reply->data = data;
        reply->cap = cap;
    }
    memmove(reply->data, reply->data + reply->head, used);
    reply->head = 0;
    reply->tail = used;
    return 0;
}

static int reserve_list(struct gv_replies *reply) {
    if (reply->lists_tail < reply->lists_cap) return 0;
    size_t used = gv_replies_lists(reply);
    if (reply->lists_head < used || reply->lists_cap == 0) {
        size_t cap = reply->lists_cap > 0 ? 2 * reply->lists_cap : FIRST_LISTS;
        struct gv_replies_list *lists = reply->alloc.resize(
            reply->alloc.ctx, reply->lists, reply->lists_cap * sizeof *lists, cap * sizeof *lists);
        if (lists == NULL) return GV_ENOMEM;
        reply->lists = lists;
        reply->lists_cap = cap;
    }
    memmove(reply->lists, reply->lists + reply->lists_head, used * sizeof *reply->lists);
    reply->lists_head = 0;
    reply->lists_tail = used;
    return 0;
}

int gv_replies_reserve(struct gv_replies *reply, size_t len) {
    GV_ASSERT(!reply->open);
    int error = reserve_text(reply, len + GV_REPLIES_OVERHEAD);
    return error != 0 ? error : reserve_list(reply);
}

void gv_replies_open(struct gv_replies *reply, struct gv_slice src, struct gv_slice dest,
                     struct gv_slice msg_id) {
    GV_ASSERT(!reply->open);
    reply->open = true;
    reply->src = src;
    reply->dest = dest;
    reply->msg_id = msg_id;
}

void gv_replies_defer(struct gv_replies *reply) {
    GV_ASSERT(reply->open);
    reply->open = false;
}

// Writes a reply up to the first member of its own, and returns where to go on. The room was made
// by gv_replies_reserve; that it was enough is checked when the reply ends.
static char *begin(struct gv_replies *reply, const char *type) {
    GV_ASSERT(reply->open);
    size_t type_len = strlen(type);
    GV_ASSERT(reply->src.len + reply->dest.len + type_len + reply->msg_id.len + 64 <=
              reply->cap - reply->tail);
    char *at = reply->data + reply->tail;
    at = gv_line_begin(at, reply->src, reply->dest);
    at = GV_LINE_APPEND(at, "{\"type\":\"");
    at = gv_line_append(at, type, type_len);
    at = GV_LINE_APPEND(at, "\",\"in_reply_to\":");
    return gv_line_append(at, reply->msg_id.data, reply->msg_id.len);
}

static char *begin_member(char *at, const char *member) {
    at = GV_LINE_APPEND(at, ",\"");
    at = gv_line_append(at, member, strlen(member));
    return GV_LINE_APPEND(at, "\":");
}

static void end(struct gv_replies *reply, char *at) {
    at = GV_LINE_APPEND(at, "}}\n");
    reply->tail = (size_t)(at - reply->data);
    reply->answers++;
    GV_ASSERT(reply->tail <= reply->cap);
    reply->open = false;
}

void gv_replies_ok(struct gv_replies *reply, const char *type) {
    end(reply, begin(reply, type));
}

void gv_replies_json(struct gv_replies *reply, const char *type, const char *member,
                     struct gv_slice value) {
    if (member == NULL) {
        gv_replies_ok(reply, type);
        return;
    }
    char *at = begin_member(begin(reply, type), member);
    GV_ASSERT(value.len + 3 <= (size_t)(reply->data + reply->cap - at));
    end(reply, gv_line_append(at, value.data, value.len));
}

void gv_replies_integer(struct gv_replies *reply, const char *type, const char *member,
                        int64_t value) {
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    GV_ASSERT(len > 0 && (size_t)len < sizeof text);
    gv_replies_json(reply, type, member, (struct gv_slice){(const uint8_t *)text, (size_t)len});
}

void gv_replies_list(struct gv_replies *reply, const char *type, const char *member,
                     const struct gv_engine *engine) {
    GV_ASSERT(engine != NULL && reply->lists_tail < reply->lists_cap);
    char *at = GV_LINE_APPEND(begin_member(begin(reply, type), member), "[");
    size_t ahead = (size_t)(at - reply->data) - reply->head;
    reply->lists[reply->lists_tail++] = (struct gv_replies_list){
        .at = reply->taken + ahead,
        .end = gv_engine_end(engine),
    };
    end(reply, GV_LINE_APPEND(at, "]"));
}

void gv_replies_error(struct gv_replies *reply, int code, const char *text) {
    reply->errors++;
    char *at = begin(reply, "error");
    char number[16];
    int len = snprintf(number, sizeof number, "%d", code);
    GV_ASSERT(len > 0 && (size_t)len < sizeof number);
    at = gv_line_append(begin_member(at, "code"), number, (size_t)len);
    at = begin_member(at, "text");
    // Cut a text that is too long, or in the middle of a character, until it can be quoted.
    struct gv_slice cut = {(const uint8_t *)text, strlen(text)};
    if (cut.len > GV_REPLIES_TEXT_MAX) cut.len = GV_REPLIES_TEXT_MAX;
    int quoted = gv_json_quote(cut, at, GV_REPLIES_TEXT_MAX);
    while (quoted < 0) {
        GV_ASSERT(cut.len > 0);
        cut.len--;
        quoted = gv_json_quote(cut, at, GV_REPLIES_TEXT_MAX);
    }
    end(reply, at + quoted);
}

// Writes as many of the list's values as there is room for; true: that was all of them.
static bool take_values(struct gv_replies_list *list, const struct gv_engine *engine, char *buf,
                        size_t cap, size_t *len) {
    struct gv_entry entry;
    uint32_t cursor = list->begin;
    while (gv_engine_next(engine, &cursor, list->end, &entry)) {
        if (entry.lattice == GV_LATTICE_SET) {
            if (entry.key.len + list->comma > cap - *len) return false;
            if (list->comma) buf[(*len)++] = ',';
            list->comma = true;
            memcpy(buf + *len, entry.key.data, entry.key.len);
            *len += entry.key.len;
        }
        list->begin = cursor;
    }
    return true;
}

// How much of `len` bytes of waiting text to take into `cap` bytes of room.
static size_t cut(const char *text, size_t len, size_t cap, bool first) {
    if (len <= cap) return len;
    for (size_t at = cap; at > 0; at--) {
        if (text[at - 1] == '\n') return at;
    }
    return first ? cap : 0;
}

static size_t take_text(struct gv_replies *reply, uint64_t until, char *buf, size_t cap,
                        bool first) {
    const char *text = reply->data + reply->head;
    size_t len = cut(text, (size_t)(until - reply->taken), cap, first);
    if (len == 0) return 0;
    memcpy(buf, text, len);
    reply->midline = text[len - 1] != '\n';
    reply->head += len;
    reply->taken += len;
    if (reply->head == reply->tail) reply->head = reply->tail = 0;
    return len;
}

size_t gv_replies_send(struct gv_replies *reply, const struct gv_engine *engine, char *buf,
                       size_t cap, bool first) {
    GV_ASSERT(!reply->open);
    size_t len = 0;
    bool filled = false; // a list has come to its end in this call
    while (gv_replies_waiting(reply) > 0) {
        bool lists = gv_replies_lists(reply) > 0;
        struct gv_replies_list *list = lists ? &reply->lists[reply->lists_head] : NULL;
        uint64_t until = lists ? list->at : reply->taken + gv_replies_waiting(reply);
        if (filled) until = reply->taken + 4; // what stands behind a list: `]}}` and a newline
        if (lists && !filled && until == reply->taken) {
            GV_ASSERT(engine != NULL);
            filled = take_values(list, engine, buf, cap, &len);
            if (!filled) break;
            reply->lists_head++;
            continue;
        }
        size_t taken = take_text(reply, until, buf + len, cap - len, first && len == 0);
        len += taken;
        if (filled || reply->taken < until) break;
    }
    return len;
}
