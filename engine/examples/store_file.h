// SPDX-License-Identifier: MIT
// A store in one file, for the examples. Each changed entry is appended as a line. When the size of
// the file has doubled, the file is rewritten.
//
//   store_open     at the start, before gv_join: loads the file
//   store_append   from on_change: keeps the record in memory
//   store_sync     before a write is acknowledged: writes and fsyncs all of these records at once
//
// A process that is killed loses only records that were not yet synced. If the last line was
// written in part, the next store_open removes it. Lines have no checksums, so store_open detects
// other damage, and then fails, only if it breaks the syntax of a record.
#ifndef GV_ENGINE_EXAMPLES_STORE_FILE_H
#define GV_ENGINE_EXAMPLES_STORE_FILE_H

#include <grapevine/grapevine.h>

struct store {
    const char *path; // borrowed from the caller of store_open
    int fd, lock;     // the file, and PATH.lock, which only one process can lock
    char *pending;    // records that are not on disk yet, each with a line break
    size_t pending_len, pending_cap;
    size_t size, rewritten_size; // bytes of the file now, and after it was last rewritten or opened
    bool has_failed;             // memory or disk has failed; every later store_sync fails
};

// Opens or creates the file and loads its records into `gv`. Returns false, after a message on
// stderr, if the file is in use, cannot be read or written, or is damaged. The process should then
// end.
bool store_open(struct store *store, const char *path, struct grapevine *gv);
// Adds a record without line break. If memory is exhausted, the next store_sync fails.
void store_append(struct store *store, struct gv_slice record);
// Writes all added records to disk. Returns false, after a message on stderr, if some may not be on
// disk. The process must then stop, and restart from the file.
bool store_sync(struct store *store, struct grapevine *gv);
// Closes the file; records that were not synced are lost.
void store_close(struct store *store);

#endif
