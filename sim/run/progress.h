// SPDX-License-Identifier: MIT
// The progress display of a run: on a terminal, a frame of a few lines redrawn in place; elsewhere
// one line every GV_PROGRESS_PIPE_MS.
#ifndef GV_SIM_RUN_PROGRESS_H
#define GV_SIM_RUN_PROGRESS_H

#include "run.h"

#include <stdio.h>

enum {
    GV_PROGRESS_TTY_MS = 100,   // interval between frames on a terminal
    GV_PROGRESS_PIPE_MS = 2000, // interval between lines elsewhere
    GV_PROGRESS_LINE_MAX = 512, // longest line, bytes
};

struct gv_progress {
    FILE *out;
    bool tty, color;
    unsigned width; // width of the terminal, columns
    unsigned drawn; // number of lines of the last frame
    bool hidden;    // the cursor is hidden
};

// The caller keeps and closes `out`. tty: it is a terminal, which has frames unless $TERM is dumb
// or missing, in colour unless $NO_COLOR is set.
void gv_progress_init(struct gv_progress *progress, FILE *out, bool tty);

// The monotonic clock, for the display.
gv_time gv_progress_now(void);

// Sets the terminal's width in columns; 0: unknown. An unknown width, as before the first call,
// counts as 80.
void gv_progress_resize(struct gv_progress *progress, unsigned width);

// Draws a frame or prints a line.
void gv_progress_draw(struct gv_progress *progress, const struct gv_run_config *config,
                      const struct gv_run_view *view);

// Leaves the last frame on the screen and restores the terminal. May be called more than once.
void gv_progress_end(struct gv_progress *progress);

#endif
