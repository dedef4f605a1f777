// SPDX-License-Identifier: MIT
// Admission: checks the limits that this node sets for itself, and merges entries within them.
// Internal to engine/, but node/ uses gv_admit_local, gv_admit_reserve, gv_admit_apply and
// gv_admit_release.
//
// message_max, entries_max and memory_max limit new local writes. entries_max and memory_max also
// limit growth by received entries. No limit applies to entries that are already in the replica or
// in the store. The limits of the protocol are the same at every node (codec/entry.h).
#ifndef GV_ENGINE_ADMIT_H
#define GV_ENGINE_ADMIT_H

#include "core.h"

// Checks a well-formed entry against the limits; reserved entries count as if they were stored.
// Returns 0, or GV_EFULL if a local write is longer than entry_max, or if the replica would exceed
// entries_max or memory_max.
int gv_admit_check(const struct gv_engine *engine, const struct gv_entry *entry, bool local);

// As gv_engine_put and gv_store_reserve, for an entry whose key, value and node were made by
// gv_json_canonical. Skips the check for canonical form, which saves a few percent of the time of a
// write.
int gv_admit_local(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
int gv_admit_reserve(struct gv_engine *engine, const struct gv_entry *entry);

// As gv_store_apply and gv_store_release, for an entry that gv_admit_reserve has admitted. The
// entry is not checked again.
int gv_admit_apply(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
void gv_admit_release(struct gv_engine *engine, const struct gv_entry *entry);

// Merges an admitted entry into the replica and schedules its update. `origin` and `sync` as for
// gv_core_changed. Returns 1 if the replica changed, else 0. GV_EFULL: the records reach 64 GiB;
// GV_ENOMEM.
int gv_admit_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync);
// Updates the statistic entry_longest by this entry.
void gv_admit_note_size(struct gv_engine *engine, const struct gv_entry *entry);

#endif
