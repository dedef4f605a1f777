// SPDX-License-Identifier: MIT
#include "consistency.h"

static const char *const names[] = {"read-uncommitted", "read-committed", "read-atomic"};

int gv_consistency_parse(const char *text, uint32_t *out) {
    uint32_t models = 0;
    for (;;) {
        size_t len = strcspn(text, ","), i = 0;
        while (i < GV_COUNT(names) &&
               (strlen(names[i]) != len || strncmp(text, names[i], len) != 0))
            i++;
        if (i == GV_COUNT(names)) return GV_EINVAL;
        models |= 1u << i;
        if (text[len] == '\0') break;
        text += len + 1;
    }
    *out = models;
    return 0;
}

const char *gv_consistency_name(uint32_t models) {
    GV_ASSERT(models > 0 && models < 1u << GV_COUNT(names));
    for (size_t i = GV_COUNT(names) - 1; i > 0; i--) {
        if ((models >> i & 1) != 0) return names[i];
    }
    return names[0];
}

const char *gv_consistency_names(void) {
    return "read-uncommitted, read-committed or read-atomic";
}
