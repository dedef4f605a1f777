// SPDX-License-Identifier: MIT
// The built-in scenarios of gvsim.
#ifndef GV_SIM_FAULTS_BUILTIN_H
#define GV_SIM_FAULTS_BUILTIN_H

struct gv_builtin {
    const char *name;
    const char *summary; // one line
    const char *text;
};

// In display order; the last one has no name.
extern const struct gv_builtin gv_builtin_scenarios[];

// The scenario of this name or former name; NULL: unknown name.
const struct gv_builtin *gv_builtin_find(const char *name);

#endif
