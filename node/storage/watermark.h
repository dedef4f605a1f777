// SPDX-License-Identifier: MIT
// A third party to a store's two files: a few bytes that say how far its journal has certainly
// come. They are written after each sync of the journal and never synced themselves. So after the
// death of the process they name the last frame that was acknowledged, which the journal itself
// cannot tell from a torn one; and after a loss of power they may be older, never newer.
#ifndef GV_NODE_STORAGE_WATERMARK_H
#define GV_NODE_STORAGE_WATERMARK_H

#include "../../merkle/digest.h"

struct gv_watermark {
    uint64_t directory; // whose journal (journal.h)
    uint64_t epoch;     // which the database has noted
    uint64_t count;     // frames of it that are safe
};

// Writes it at the start of a file. What goes wrong costs a watermark only.
void gv_watermark_write(int fd, const struct gv_digest_key *key,
                        const struct gv_watermark *watermark);
// Reads it. False: there is none, or not a whole one.
bool gv_watermark_read(int fd, const struct gv_digest_key *key, struct gv_watermark *out);

#endif
