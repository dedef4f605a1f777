// SPDX-License-Identifier: MIT
#include "story.h"

#include <inttypes.h>
#include <string.h>

enum {
    SKIP,
    SUM,
    BOTH,
    LIST,
    WANT,
    PROBE,
    NONE,
    ROOT
}; // the kinds of parts; see codec/PROTOCOL.md

static void tell_text(FILE *out, struct gv_slice text) {
    fprintf(out, " %.*s", (int)text.len, (const char *)text.data);
}

static void tell_entries(FILE *out, const struct gv_message *message) {
    static const char *const names[] = {" set", " counter", " register"};
    struct gv_message_cursor cursor;
    struct gv_entry entry;
    char scratch[4096];
    int last = -1;
    gv_message_entries(message, &cursor);
    while (gv_message_next(&cursor, &entry, scratch, sizeof scratch) == 1) {
        if ((int)entry.lattice != last) fputs(names[entry.lattice], out);
        last = (int)entry.lattice;
        tell_text(out, entry.key);
        if (entry.lattice == GV_LATTICE_COUNTER) fprintf(out, "=%" PRIu64, entry.count);
        if (entry.lattice == GV_LATTICE_REGISTER) {
            fputc('=', out);
            tell_text(out, entry.value);
        }
    }
}

static void tell_part(FILE *out, struct gv_reader *in, unsigned *last) {
    static const char *const names[] = {
        "", " sums of ", " sums of ", " list of ", " want ", " probe", " none", " root of ",
    };
    unsigned kind = gv_pack_get_u8(in) & 7;
    if (kind != ROOT) gv_pack_get_varint(in); // the bound
    if (kind == SKIP) return;
    fputs(*last == kind ? "+" : names[kind], out);
    if (kind == LIST || kind == WANT) {
        unsigned count = gv_pack_get_u8(in);
        gv_pack_get_bytes(in, (size_t)count * 4);
        fprintf(out, "%u", count);
    } else if (kind == PROBE) {
        gv_pack_get_u8(in);
        gv_pack_get_varint(in);
    } else if (kind != NONE) {
        fprintf(out, "%" PRIu64, gv_pack_get_varint(in));
        gv_pack_get_bytes(in, kind == SUM ? 8 : 16);
    }
    *last = kind;
}

static void tell_ranges(FILE *out, struct gv_slice ranges) {
    uint8_t bytes[4096];
    int len = gv_pack_get_base64(ranges, bytes, sizeof bytes);
    GV_ASSERT(len >= 0);
    struct gv_reader in = {.data = bytes, .len = (size_t)len};
    gv_pack_get_bytes(&in, 4); // the salt
    for (unsigned last = SKIP; in.at < in.len && !in.error;) tell_part(out, &in, &last);
}

void gv_story_tell(FILE *out, const struct gv_json *json, uint64_t first_id) {
    struct gv_message message;
    const char *fault;
    int error = gv_message_decode(&message, json, 0, &fault);
    GV_ASSERT(error == 0);
    fputs(message.sync ? "sync" : "gossip", out);
    if (message.has_id) fprintf(out, " #%" PRIu64, message.id - first_id + 1);
    if (message.ask) fputs(" ask", out);
    if (message.up) fputs(" up", out);
    if (message.has_ack) fputs(" ack", out);
    if (message.next_ms > 0) fprintf(out, " next in %" PRIu32 " ms", message.next_ms);
    fputc(':', out);
    tell_entries(out, &message);
    if (message.ranges.len > 0) tell_ranges(out, message.ranges);
}
