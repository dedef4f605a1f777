// SPDX-License-Identifier: MIT
// Whole reads and writes of a file, and what the system's errors come to.
#ifndef GV_NODE_STORAGE_FILE_H
#define GV_NODE_STORAGE_FILE_H

#include "../../merkle/base.h"

// GV_ENOMEM; GV_EFULL: no room on the disk, or not for this user, or in this file; else GV_EIO.
int gv_file_error(int number);

// Reads or writes all of it at an offset, however many calls that takes. What gv_file_error makes
// of errno, which says more; and a read GV_ECORRUPT: the file ends before.
int gv_file_read(int fd, uint8_t *data, size_t len, uint64_t at);
int gv_file_write(int fd, const uint8_t *data, size_t len, uint64_t at);

#endif
