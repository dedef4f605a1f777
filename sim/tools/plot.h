// SPDX-License-Identifier: MIT
// Draws a plot as SVG: a measured line with marks, a curve to compare with, and single points.
// The vertical axis is logarithmic.
#ifndef GV_SIM_TOOLS_PLOT_H
#define GV_SIM_TOOLS_PLOT_H

#include <stddef.h>
#include <stdio.h>

struct gv_plot_point {
    double x, y;
    const char *name; // label of a single point; plain text without '<' or '&'
};

struct gv_plot {
    const char *title, *x_name, *y_name, *line_name, *curve_name;
    double x_max;        // end of the x axis, which begins at 0
    double y_min, y_max; // ends of the logarithmic y axis, above 0
    const struct gv_plot_point *line, *curve, *points;
    size_t line_len, curve_len, points_len;
};

// Draws the plot as SVG. Points outside the axes are moved to their edge.
void gv_plot_draw(const struct gv_plot *plot, FILE *out);

#endif
