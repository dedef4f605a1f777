// SPDX-License-Identifier: MIT
// The scenarios that come with gvsim.
#ifndef GV_SIM_FAULTS_BUILTIN_H
#define GV_SIM_FAULTS_BUILTIN_H

#include <stddef.h>

struct gv_builtin {
    const char *name;
    const char *summary; // one line
    const char *text;
};

// In a good order to show them; ended by one without a name.
extern const struct gv_builtin gv_builtin_scenarios[];

// The scenario of this name, or of this name in an earlier release; NULL: there is none.
const struct gv_builtin *gv_builtin_find(const char *name);

#endif
