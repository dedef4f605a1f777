// SPDX-License-Identifier: MIT
// The bounds of one node: what its configuration says of how much it keeps and sends. They are
// asked of new local writes, and of growth by what is received; never of what is there already,
// be it in the replica or in the store. What every node takes is the protocol's to say
// (codec/entry.h). Internal to engine/, but for two shortcuts of the nodes.
#ifndef GV_ENGINE_ADMIT_H
#define GV_ENGINE_ADMIT_H

#include "core.h"

// Whether the node may take the entry, which is well formed. 0; or GV_EFULL: it is a local write
// longer than message_max allows, or would grow the replica beyond entries_max or memory_max. What
// waits for the store counts as if it were there.
int gv_admit_check(const struct gv_engine *engine, const struct gv_entry *entry, bool local);

// gv_engine_put and gv_store_reserve for texts that are canonical for certain, as those that a node
// has just had made by gv_json_canonical: reading them again would cost it some percent.
int gv_admit_local(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
int gv_admit_reserve(struct gv_engine *engine, const struct gv_entry *entry);

// An entry no longer waits for the store.
void gv_admit_release(struct gv_engine *engine, const struct gv_entry *entry);

// Merges in an entry that has been admitted; `origin` and `sync` as for gv_push_changed. 1: the
// replica changed; 0: it did not; GV_EFULL: it reaches 64 GiB; GV_ENOMEM.
int gv_admit_put(struct gv_engine *engine, gv_time now, const struct gv_entry *entry, int origin,
                 bool sync);
// The same of a local write that the store has; the owner is told only if that is an older version
// than the one here.
int gv_admit_persisted(struct gv_engine *engine, gv_time now, const struct gv_entry *entry);
// Notes an entry that is there now, for the statistics.
void gv_admit_note_size(struct gv_engine *engine, const struct gv_entry *entry);

#endif
