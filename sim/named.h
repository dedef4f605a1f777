// SPDX-License-Identifier: MIT
// The scenarios that come with gvsim.
#ifndef GV_SIM_NAMED_H
#define GV_SIM_NAMED_H

#include <stddef.h>

struct gv_named {
    const char *name;
    const char *summary; // one line
    const char *text;
};

// In a good order to show them; ended by one without a name.
extern const struct gv_named gv_named_scenarios[];

// The scenario of this name; NULL: there is none.
const struct gv_named *gv_named_find(const char *name);

#endif
