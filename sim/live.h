// SPDX-License-Identifier: MIT
// A run as it goes: on a terminal a few lines redrawn in place, else one line now and then.
#ifndef GV_SIM_LIVE_H
#define GV_SIM_LIVE_H

#include "run.h"

#include <stdio.h>

enum {
    GV_LIVE_TTY_MS = 100,   // how often to draw on a terminal
    GV_LIVE_PIPE_MS = 2000, // and elsewhere
    GV_LIVE_LINE_MAX = 512, // bytes
};

struct gv_live {
    FILE *out;
    bool tty, color;
    unsigned width; // columns
    unsigned drawn; // lines of the last frame, to go back over
    bool hidden;    // the cursor
};

// Colour is for terminals only.
void gv_live_init(struct gv_live *live, FILE *out, bool tty, bool color);

// The terminal is so many columns wide; 0 if that is not known. Before it is said: 80.
void gv_live_resize(struct gv_live *live, unsigned width);

// Draws the run's state.
void gv_live_draw(struct gv_live *live, const struct gv_run_config *config,
                  const struct gv_run_view *view);

// Leaves the last frame where it is, and the terminal as it was. May be called more than once.
void gv_live_end(struct gv_live *live);

#endif
