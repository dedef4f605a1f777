// SPDX-License-Identifier: MIT
#include "replies.h"

#include "../codec/json.h"
#include "line.h"

#include <stdio.h>

enum { FIRST_BYTES = 4096, FIRST_LISTS = 8 };

void gv_replies_fini(struct gv_replies *replies) {
    struct gv_alloc alloc = replies->alloc;
    gv_alloc_free(alloc, replies->data, replies->cap);
    size_t size = replies->lists_cap * sizeof *replies->lists;
    gv_alloc_free(alloc, replies->lists, size);
    *replies = (struct gv_replies){.alloc = alloc};
}

void gv_replies_trim(struct gv_replies *replies) {
    size_t used = gv_replies_waiting(replies), cap = used > FIRST_BYTES ? used : FIRST_BYTES;
    if (replies->cap <= cap) return;
    memmove(replies->data, replies->data + replies->head, used);
    replies->head = 0;
    replies->tail = used;
    char *data = gv_alloc_resize(replies->alloc, replies->data, replies->cap, cap);
    if (data == NULL) return; // the larger buffer remains
    replies->data = data;
    replies->cap = cap;
}

static int reserve_text(struct gv_replies *replies, size_t need) {
    if (need <= replies->cap - replies->tail) return 0;
    size_t used = gv_replies_waiting(replies);
    // Compacting moves no more bytes than were sent since the last time, so its cost for each byte
    // is constant. If more would be moved, the buffer grows instead.
    if (replies->head < used || need > replies->cap - used) {
        size_t cap = 2 * (used + need) > FIRST_BYTES ? 2 * (used + need) : FIRST_BYTES;
        char *data = gv_alloc_resize(replies->alloc, replies->data, replies->cap, cap);
        if (data == NULL) return GV_ENOMEM;
        replies->data = data;
        replies->cap = cap;
    }
    memmove(replies->data, replies->data + replies->head, used);
    replies->head = 0;
    replies->tail = used;
    return 0;
}

static int reserve_list(struct gv_replies *replies) {
    if (replies->lists_tail < replies->lists_cap) return 0;
    size_t used = gv_replies_lists(replies);
    if (replies->lists_head < used || replies->lists_cap == 0) {
        size_t cap = replies->lists_cap > 0 ? 2 * replies->lists_cap : FIRST_LISTS;
        struct gv_replies_list *lists =
            gv_alloc_resize(replies->alloc, replies->lists, replies->lists_cap * sizeof *lists,
                            cap * sizeof *lists);
        if (lists == NULL) return GV_ENOMEM;
        replies->lists = lists;
        replies->lists_cap = cap;
    }
    memmove(replies->lists, replies->lists + replies->lists_head, used * sizeof *replies->lists);
    replies->lists_head = 0;
    replies->lists_tail = used;
    return 0;
}

int gv_replies_reserve(struct gv_replies *replies, size_t len) {
    GV_ASSERT(!replies->open);
    int error = reserve_text(replies, len + GV_REPLIES_OVERHEAD);
    return error != 0 ? error : reserve_list(replies);
}

int gv_replies_extend(struct gv_replies *replies, size_t len) {
    GV_ASSERT(replies->open);
    size_t names = replies->src.len + replies->dest.len + replies->msg_id.len;
    return reserve_text(replies, names + len + GV_REPLIES_OVERHEAD);
}

void gv_replies_open(struct gv_replies *replies, struct gv_slice src, struct gv_slice dest,
                     struct gv_slice msg_id) {
    GV_ASSERT(!replies->open);
    replies->open = true;
    replies->src = src;
    replies->dest = dest;
    replies->msg_id = msg_id;
}

// Writes the members that every reply has, and returns the end. gv_replies_reserve has reserved the
// space; end() asserts that it was enough.
static char *begin(struct gv_replies *replies, const char *type) {
    GV_ASSERT(replies->open);
    size_t type_len = strlen(type);
    GV_ASSERT(replies->src.len + replies->dest.len + type_len + replies->msg_id.len + 64 <=
              replies->cap - replies->tail);
    char *at = replies->data + replies->tail;
    at = gv_line_begin(at, replies->src, replies->dest);
    at = GV_LINE_APPEND(at, "{\"type\":\"");
    at = gv_line_append(at, type, type_len);
    at = GV_LINE_APPEND(at, "\",\"in_reply_to\":");
    return gv_line_append(at, replies->msg_id.data, replies->msg_id.len);
}

static char *begin_member(char *at, const char *member) {
    at = GV_LINE_APPEND(at, ",\"");
    at = gv_line_append(at, member, strlen(member));
    return GV_LINE_APPEND(at, "\":");
}

static void end(struct gv_replies *replies, char *at) {
    at = GV_LINE_APPEND(at, "}}\n");
    replies->tail = (size_t)(at - replies->data);
    replies->total++;
    GV_ASSERT(replies->tail <= replies->cap);
    replies->open = false;
}

void gv_replies_ok(struct gv_replies *replies, const char *type) {
    end(replies, begin(replies, type));
}

void gv_replies_json(struct gv_replies *replies, const char *type, const char *member,
                     struct gv_slice value) {
    if (member == NULL) {
        gv_replies_ok(replies, type);
        return;
    }
    char *at = begin_member(begin(replies, type), member);
    GV_ASSERT(value.len + 3 <= (size_t)(replies->data + replies->cap - at));
    end(replies, gv_line_append(at, value.data, value.len));
}

void gv_replies_integer(struct gv_replies *replies, const char *type, const char *member,
                        int64_t value) {
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    GV_ASSERT(len > 0 && (size_t)len < sizeof text);
    gv_replies_json(replies, type, member, gv_slice_of(text, (size_t)len));
}

void gv_replies_list(struct gv_replies *replies, const char *type, const char *member,
                     const struct gv_engine *engine) {
    GV_ASSERT(engine != NULL && replies->lists_tail < replies->lists_cap);
    char *at = GV_LINE_APPEND(begin_member(begin(replies, type), member), "[");
    size_t ahead = (size_t)(at - replies->data) - replies->head;
    replies->lists[replies->lists_tail++] = (struct gv_replies_list){
        .at = replies->sent + ahead,
        .end = gv_engine_end(engine),
    };
    end(replies, GV_LINE_APPEND(at, "]"));
}

void gv_replies_error(struct gv_replies *replies, int code, const char *text) {
    replies->errors++;
    char *at = begin(replies, "error");
    char number[16];
    int len = snprintf(number, sizeof number, "%d", code);
    GV_ASSERT(len > 0 && (size_t)len < sizeof number);
    at = gv_line_append(begin_member(at, "code"), number, (size_t)len);
    at = begin_member(at, "text");
    // Truncates the text between two characters until it fits.
    struct gv_slice cut = gv_slice_text(text);
    if (cut.len > GV_REPLIES_TEXT_MAX) cut.len = GV_REPLIES_TEXT_MAX;
    int quoted = gv_json_quote(cut, at, GV_REPLIES_TEXT_MAX);
    while (quoted < 0) {
        GV_ASSERT(cut.len > 0);
        cut.len--;
        quoted = gv_json_quote(cut, at, GV_REPLIES_TEXT_MAX);
    }
    end(replies, at + quoted);
}

// Writes as many values of the list as fit. True: the list is complete.
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

// How many of `len` bytes of text to move to a buffer of `cap` bytes: complete lines, or with
// `first` a part of the first line if that does not fit.
static size_t cut(const char *text, size_t len, size_t cap, bool first) {
    if (len <= cap) return len;
    for (size_t at = cap; at > 0; at--) {
        if (text[at - 1] == '\n') return at;
    }
    return first ? cap : 0;
}

static size_t take_text(struct gv_replies *replies, uint64_t until, char *buf, size_t cap,
                        bool first) {
    const char *text = replies->data + replies->head;
    size_t len = cut(text, (size_t)(until - replies->sent), cap, first);
    if (len == 0) return 0;
    memcpy(buf, text, len);
    replies->midline = text[len - 1] != '\n';
    replies->head += len;
    replies->sent += len;
    if (replies->head == replies->tail) replies->head = replies->tail = 0;
    return len;
}

size_t gv_replies_send(struct gv_replies *replies, const struct gv_engine *engine, char *buf,
                       size_t cap, bool first) {
    GV_ASSERT(!replies->open);
    size_t len = 0;
    bool filled = false; // a list was completed in this call
    while (gv_replies_waiting(replies) > 0) {
        bool lists = gv_replies_lists(replies) > 0;
        struct gv_replies_list *list = lists ? &replies->lists[replies->lists_head] : NULL;
        uint64_t until = lists ? list->at : replies->sent + gv_replies_waiting(replies);
        if (filled) until = replies->sent + 4; // after a list: `]}}` and a newline
        if (lists && !filled && until == replies->sent) {
            GV_ASSERT(engine != NULL);
            filled = take_values(list, engine, buf, cap, &len);
            if (!filled) break;
            replies->lists_head++;
            continue;
        }
        size_t sent = take_text(replies, until, buf + len, cap - len, first && len == 0);
        len += sent;
        if (filled || replies->sent < until) break;
    }
    return len;
}
