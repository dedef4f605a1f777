// SPDX-License-Identifier: MIT
#include "story.h"

#include "../../merkle/range.h"

#include <inttypes.h>
#include <string.h>

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

static void tell_range(FILE *out, const struct gv_reconcile *range, unsigned last) {
    static const char *const names[] = {
        [GV_RANGE_SUM] = " digests of ",
        [GV_RANGE_DIGEST] = " digests of ",
        [GV_RANGE_LIST] = " list of ",
        [GV_RANGE_REQUEST_HASHES] = " request ",
        [GV_RANGE_REQUEST_ELEMENTS] = " request ",
        [GV_RANGE_SKETCH] = " sketch",
        [GV_RANGE_PROBE] = " probe",
        [GV_RANGE_EMPTY] = " empty",
        [GV_RANGE_ROOT] = " root of ",
    };
    fputs(last == range->kind ? "+" : names[range->kind], out);
    bool hashes = range->kind == GV_RANGE_LIST || range->kind == GV_RANGE_REQUEST_HASHES;
    bool sums = range->kind == GV_RANGE_SUM || range->kind == GV_RANGE_DIGEST;
    if (hashes || range->kind == GV_RANGE_REQUEST_ELEMENTS) fprintf(out, "%" PRIu32, range->count);
    if (sums || range->kind == GV_RANGE_ROOT) fprintf(out, "%" PRIu64, range->peer.count);
}

static void tell_ranges(FILE *out, struct gv_slice ranges) {
    uint8_t bytes[4096];
    int len = gv_pack_get_base64(ranges, bytes, sizeof bytes);
    GV_ASSERT(len >= 0);
    struct gv_reconcile range;
    int error = gv_reconcile_begin(&range, (struct gv_slice){bytes, (size_t)len});
    GV_ASSERT(error == 0);
    for (unsigned last = GV_RANGE_SKIP; gv_range_next(&range);) {
        if (range.kind == GV_RANGE_SKIP) continue;
        tell_range(out, &range, last);
        last = range.kind;
    }
}

void gv_story_tell(FILE *out, struct gv_json *json, uint64_t first_id) {
    struct gv_message message;
    const char *fault;
    int error = gv_message_decode(&message, json, 0, &fault);
    GV_ASSERT(error == 0);
    fputs(message.sync ? "sync" : "gossip", out);
    if (message.has_id) fprintf(out, " #%" PRIu64, message.id - first_id + 1);
    if (message.immediate_ack) fputs(" ack-now", out);
    if (message.to_parent) fputs(" to-parent", out);
    if (message.has_ack) fputs(" ack", out);
    if (message.next_flush_ms > 0) fprintf(out, " next in %" PRIu32 " ms", message.next_flush_ms);
    fputc(':', out);
    tell_entries(out, &message);
    if (message.ranges.len > 0) tell_ranges(out, message.ranges);
}
