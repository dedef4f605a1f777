// SPDX-License-Identifier: MIT
// Records of a store: how entries are encoded in the format of store.h. Does not check the entries.
//
// Internal to engine/, but node/ uses gv_record_append and gv_record_next.
#ifndef GV_ENGINE_RECORD_H
#define GV_ENGINE_RECORD_H

#include "store.h"

// As gv_store_batch_put, for an entry that is admitted or in the replica. GV_ENOMEM: nothing was
// appended.
int gv_record_append(struct gv_store_batch *batch, struct gv_alloc alloc,
                     const struct gv_engine *engine, const struct gv_entry *entry);

// As gv_store_batch_next, for the bytes of a batch.
bool gv_record_next(struct gv_slice records, size_t *at, struct gv_store_record *out);

// As gv_store_decode_any, for a record whose slices are not NULL.
int gv_record_read(const struct gv_store_record *record, uint8_t *scratch, struct gv_entry *out);

#endif
