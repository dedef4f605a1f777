// SPDX-License-Identifier: MIT
// The file with a cluster's secret.
#ifndef GV_NODE_SECRET_FILE_H
#define GV_NODE_SECRET_FILE_H

#include "../merkle/base.h"

enum {
    GV_SECRET_FILE_MIN = 16,   // shortest secret, bytes
    GV_SECRET_FILE_MAX = 4096, // longest secret, bytes
};

// Reads the file without a newline at its end, and returns the length in bytes. *shared:
// users other than the file's owner may read it. GV_ENOENT: the file cannot be read, and errno has
// the cause; GV_EINVAL: the secret is shorter than GV_SECRET_FILE_MIN; GV_ESPACE: the file is
// longer than `cap` bytes.
int gv_secret_file_read(const char *path, uint8_t *buf, size_t cap, bool *shared);

#endif
