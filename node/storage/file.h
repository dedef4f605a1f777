// SPDX-License-Identifier: MIT
// Complete reads and writes of a file, and the library's codes for errors of the system.
#ifndef GV_NODE_STORAGE_FILE_H
#define GV_NODE_STORAGE_FILE_H

#include "../../merkle/base.h"

// The code for an errno: GV_ENOMEM; GV_EFULL: the disk is full, or a quota or the limit on file
// sizes is reached; else GV_EIO.
int gv_file_error(int number);

// Reads or writes `len` bytes at an offset. Errors: gv_file_error of errno, which keeps its value;
// a read also returns GV_ECORRUPT if the file is too short.
int gv_file_read(int fd, uint8_t *data, size_t len, uint64_t at);
int gv_file_write(int fd, const uint8_t *data, size_t len, uint64_t at);

#endif
