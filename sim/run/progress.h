// SPDX-License-Identifier: MIT
// A run as it goes: on a terminal a few lines redrawn in place, else one line now and then.
#ifndef GV_SIM_RUN_PROGRESS_H
#define GV_SIM_RUN_PROGRESS_H

#include "run.h"

#include <stdio.h>

enum {
    GV_PROGRESS_TTY_MS = 100,   // how often to draw on a terminal
    GV_PROGRESS_PIPE_MS = 2000, // and elsewhere
    GV_PROGRESS_LINE_MAX = 512, // bytes
};

struct gv_progress {
    FILE *out;
    bool tty, color;
    unsigned width; // columns
    unsigned drawn; // lines of the last frame, to go back over
    bool hidden;    // the cursor
};

// Colour is for terminals only.
void gv_progress_init(struct gv_progress *progress, FILE *out, bool tty, bool color);

// The terminal is so many columns wide; 0 if that is not known. Before it is said: 80.
void gv_progress_resize(struct gv_progress *progress, unsigned width);

// Draws the run's state.
void gv_progress_draw(struct gv_progress *progress, const struct gv_run_config *config,
                      const struct gv_run_view *view);

// Leaves the last frame where it is, and the terminal as it was. May be called more than once.
void gv_progress_end(struct gv_progress *progress);

#endif
