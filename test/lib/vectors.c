// SPDX-License-Identifier: MIT
#include "vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192 };

#define ARCHIVE "test/vectors/stores-0.1.0.tar.gz"
#define LIST "test/vectors/stores-0.1.0.txt"

const struct gv_vectors_store gv_vectors_stores[] = {
    {"gset-sync-clean", "gset", "values", false},
    {"gset-sync-killed", "gset", "values", true},
    {"gset-sync-twice", "gset", "values", true},
    {"gset-sync-none", "gset", "values", false},
    {"gset-sync-empty", "gset", NULL, false},
    {"gset-async-clean", "gset", "values", false},
    {"gset-none-clean", "gset", "values", false},
    {"gset-none-killed", "gset", "values", false},
    {"gset-secret-killed", "gset", "values", true},
    {"broadcast-sync-killed", "broadcast", "values", true},
    {"counter-sync-killed", "counter", "counter-sync-killed", true},
    {"counter-none-killed", "counter", "counter-none-killed", false},
    {"ids-sync-clean", "ids", "ids-sync-clean", false},
    {"ids-sync-killed", "ids", "ids-sync-killed", true},
    {0},
};

const struct gv_vectors_store gv_vectors_deep = {"gset-deep-killed", "gset", "deep", true};

bool gv_vectors_unpack(const char *dir, const char *name) {
    char command[4600];
    int len = snprintf(command, sizeof command, "gzip -dc %s | (cd '%s' && tar -xf - %s%s)",
                       ARCHIVE, dir, name != NULL ? "./" : "", name != NULL ? name : "");
    if (len <= 0 || (size_t)len >= sizeof command) return false;
    int status = 1;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

// Parses a line. Returns false if it belongs to another list.
static bool read_line(char *line, const char *list, struct gv_entry *out) {
    size_t len = strlen(list);
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, list, len) != 0 || line[len] != ' ') return false;
    char *at;
    unsigned long lattice = strtoul(line + len + 1, &at, 10);
    uint64_t count = strtoull(at + 1, &at, 10);
    const char *key = at + 1;
    *out = (struct gv_entry){.lattice = (enum gv_lattice)lattice,
                             .count = count,
                             .key = {(const uint8_t *)key, strlen(key)}};
    return true;
}

bool gv_vectors_match(const struct gv_vectors_store *store, const struct gv_engine *engine,
                      const char **missing) {
    static char line[LINE_MAX_BYTES];
    uint64_t entries = 0;
    FILE *file = fopen(LIST, "r");
    GV_ASSERT(file != NULL);
    bool same = true;
    while (same && store->list != NULL && fgets(line, sizeof line, file) != NULL) {
        struct gv_entry want, found;
        if (!read_line(line, store->list, &want)) continue;
        same = gv_engine_get(engine, &want, &found) && found.count == want.count;
        *missing = (const char *)want.key.data;
        entries++;
    }
    fclose(file);
    if (!same) return false;
    *missing = GV_VECTORS_MORE;
    GV_ASSERT((entries > 0) == (store->list != NULL));
    return gv_engine_root(engine).count == entries;
}
