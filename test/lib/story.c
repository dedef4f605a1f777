// SPDX-License-Identifier: MIT
#include "story.h"

#include "../../merkle/range.h"

#include <inttypes.h>
#include <string.h>

static void write_text(FILE *out, struct gv_slice text) {
    fprintf(out, " %.*s", (int)text.len, (const char *)text.data);
}

static void write_entries(FILE *out, const struct gv_message *message) {
    struct gv_message_cursor cursor;
    struct gv_entry entry;
    char scratch[4096];
    int last = -1;
    gv_message_entries(message, &cursor);
    while (gv_message_next(&cursor, &entry, scratch, sizeof scratch) == 1) {
        bool element = entry.lattice == GV_LATTICE_SET;
        if ((int)entry.lattice != last)
            fprintf(out, " %s%s", gv_entry_lattices[entry.lattice].name, element ? " element" : "");
        last = (int)entry.lattice;
        write_text(out, entry.key);
        if (entry.lattice == GV_LATTICE_COUNTER) fprintf(out, "=%" PRIu64, entry.count);
        if (gv_entry_has(&entry, GV_ENTRY_VALUE)) {
            fputc('=', out);
            write_text(out, entry.value);
        }
    }
}

static void write_range(FILE *out, const struct gv_range *range, bool first) {
    static const char *const names[] = {
        [GV_RANGE_SUM] = " digests of ",
        [GV_RANGE_DIGEST] = " digests of ",
        [GV_RANGE_LIST] = " list of ",
        [GV_RANGE_REQUEST_HASHES] = " request for ",
        [GV_RANGE_REQUEST_ELEMENTS] = " request for ",
        [GV_RANGE_SKETCH] = " sketch",
        [GV_RANGE_PROBE] = " probe for one missing entry",
        [GV_RANGE_EMPTY] = " empty range",
        [GV_RANGE_ROOT] = " root digest of ",
    };
    fputs(first ? names[range->kind] : "+", out);
    bool hashes = range->kind == GV_RANGE_LIST || range->kind == GV_RANGE_REQUEST_HASHES;
    bool sums = range->kind == GV_RANGE_SUM || range->kind == GV_RANGE_DIGEST;
    if (hashes || range->kind == GV_RANGE_REQUEST_ELEMENTS) fprintf(out, "%" PRIu32, range->count);
    if (sums || range->kind == GV_RANGE_ROOT) fprintf(out, "%" PRIu64, range->peer.count);
}

// Whether the text of this kind of range ends with a number of entries.
static bool is_counted(unsigned kind) {
    return kind != GV_RANGE_SKIP && kind != GV_RANGE_SKETCH && kind != GV_RANGE_PROBE &&
           kind != GV_RANGE_EMPTY;
}

// Writes adjacent ranges of one kind as one list, such as "digests of 6+7 entries".
static void write_ranges(FILE *out, struct gv_slice ranges) {
    uint8_t bytes[4096];
    int len = gv_pack_get_base64(ranges, bytes, sizeof bytes);
    GV_ASSERT(len >= 0);
    struct gv_reader in = {.data = bytes, .len = (size_t)len, .at = 1}; // after the salt
    struct gv_range range = {0};
    unsigned last = GV_RANGE_SKIP;
    while (gv_range_next(&in, range.hi, &range)) {
        if (range.kind == GV_RANGE_SKIP) continue;
        if (range.kind != last && is_counted(last)) fputs(" entries", out);
        write_range(out, &range, range.kind != last);
        last = range.kind;
    }
    if (is_counted(last)) fputs(" entries", out);
}

void gv_story_write(FILE *out, struct gv_json *json, uint64_t first_id) {
    struct gv_message message;
    const char *fault;
    int error = gv_message_decode(&message, json, 0, &fault);
    GV_ASSERT(error == 0);
    bool empty = message.entries == 0 && message.ranges.len == 0;
    fputs(message.sync ? "sync" : !empty ? "push" : message.has_ack ? "ack" : "ping", out);
    bool only_ack = empty && !message.sync && message.has_ack;
    if (message.has_id)
        fprintf(out, "%s #%" PRIu64, only_ack ? " in message" : "", message.id - first_id + 1);
    if (message.to_parent) fputs(" to parent", out);
    if (message.has_ack && (message.sync || !empty)) fputs(", with ack", out);
    if (message.immediate_ack) fputs(", ack requested", out);
    if (message.next_flush_ms > 0)
        fprintf(out, ", next flush in %" PRIu32 " ms", message.next_flush_ms);
    if (!empty) fputc(':', out);
    write_entries(out, &message);
    if (message.ranges.len > 0) write_ranges(out, message.ranges);
}
