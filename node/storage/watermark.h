// SPDX-License-Identifier: MIT
// The watermark of a store: the last frame of its journal that is known to be durable. It is
// written after each sync of the journal and never synced itself. After a crash of the process it
// is exact, and shows whether an incomplete last frame had been acknowledged. After a loss of power
// it may be too old, never too new.
#ifndef GV_NODE_STORAGE_WATERMARK_H
#define GV_NODE_STORAGE_WATERMARK_H

#include "../../merkle/digest.h"

struct gv_watermark {
    uint64_t directory; // identity of the store
    uint64_t epoch;     // epoch of the journal, as recorded in the database
    uint64_t count;     // durable frames of the epoch
};

// Writes a watermark at the start of a file. Errors are ignored: the old watermark stays.
void gv_watermark_write(int fd, const struct gv_digest_key *key,
                        const struct gv_watermark *watermark);
// Reads a watermark. False: it is missing or damaged.
bool gv_watermark_read(int fd, const struct gv_digest_key *key, struct gv_watermark *out);

#endif
