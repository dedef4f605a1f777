// SPDX-License-Identifier: MIT
#include "source.h"

#include "../../node/escape.h"
#include "../core/memory.h"
#include "../faults/builtin.h"
#include "../run/exit.h"
#include "generator.h"

#include <errno.h>
#include <stdio.h>

char *gv_source_read(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = NULL;
    size_t cap = 0, got;
    *len = 0;
    do {
        GV_MEMORY_GROW(text, &cap, *len + 4096);
        got = fread(text + *len, 1, cap - *len, file);
        *len += got;
    } while (got > 0);
    bool whole = !ferror(file); // a directory can be opened, not read
    int error = errno;
    fclose(file);
    if (whole) return text;
    free(text);
    errno = error;
    return NULL;
}

char *gv_source_find(const char *name, size_t *len) {
    const struct gv_builtin *builtin = gv_builtin_find(name);
    uint64_t seed;
    if (builtin != NULL) {
        *len = strlen(builtin->text);
        return gv_memory_copy(builtin->text, *len);
    }
    if (!gv_generator_seed(name, &seed)) return gv_source_read(name, len);
    char *text = gv_memory_new(GV_GENERATOR_TEXT_MAX);
    *len = gv_generator_scenario(seed, text);
    return text;
}

int gv_source_command(const struct gv_command *command) {
    if (command->name == NULL) {
        for (const struct gv_builtin *builtin = gv_builtin_scenarios; builtin->name != NULL;
             builtin++) {
            printf("%-14s %s\n", builtin->name, builtin->summary);
        }
        return GV_EXIT_VALID;
    }
    const struct gv_builtin *builtin = gv_builtin_find(command->name);
    size_t len = 0;
    uint64_t seed;
    if (builtin == NULL && !gv_generator_seed(command->name, &seed)) {
        gv_escape_print(stderr, "gvsim: there is no scenario '%s'; gvsim scenarios lists them\n",
                        command->name);
        return GV_EXIT_USAGE;
    }
    char *text = gv_source_find(command->name, &len);
    if (builtin != NULL) printf("# %s: %s\n", builtin->name, builtin->summary);
    fwrite(text, 1, len, stdout);
    free(text);
    return GV_EXIT_VALID;
}
