// SPDX-License-Identifier: MIT
// A store in one file, for the examples: a line for each changed entry. Changes are appended, and
// the file is rewritten when it has doubled.
//
//   store_open     at the start, before gv_join: loads what is on disk
//   store_append   from on_change: keeps the record in memory
//   store_sync     before a write is acknowledged: writes and fsyncs all of these records at once
//
// A process that is killed loses only records that were not yet synced. Of a line that was written
// in part, the next store_open removes the rest. Any other damage is an error of store_open: the
// lines have no checksums of their own, so only damage that breaks a record's syntax is found.
#ifndef GV_ENGINE_EXAMPLES_STORE_FILE_H
#define GV_ENGINE_EXAMPLES_STORE_FILE_H

#include <grapevine/grapevine.h>

struct store {
    const char *path; // borrowed from the caller of store_open
    int fd, lock;     // the file; PATH.lock, which one process at a time has locked
    char *pending;    // records that are not on disk yet, each with a line break
    size_t pending_len, pending_cap;
    size_t size, rewritten_size; // bytes of the file now, and after it was last rewritten or opened
    bool has_failed;             // memory or the disk: every later store_sync fails
};

// Opens or creates the file and loads its records into `gv`. False, with a message on stderr: the
// file is in use, cannot be read or written, or is damaged; the process should end.
bool store_open(struct store *store, const char *path, struct grapevine *gv);
// Adds a record without line break. If memory is exhausted, the next store_sync fails.
void store_append(struct store *store, struct gv_slice record);
// Writes all added records to disk. False, with a message on stderr: they may not be there. The
// node must then stop, and restart from the file.
bool store_sync(struct store *store, struct grapevine *gv);
// Closes the file; records that were not synced are lost.
void store_close(struct store *store);

#endif
