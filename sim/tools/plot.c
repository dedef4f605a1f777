// SPDX-License-Identifier: MIT
#include "plot.h"

#include "../../merkle/base.h"

#include <math.h>
#include <stdbool.h>

enum { WIDTH = 760, HEIGHT = 440, LEFT = 64, RIGHT = 24, TOP = 40, BOTTOM = 52, LETTER = 7 };

static double clamp(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static double x_of(const struct gv_plot *plot, double x) {
    return LEFT + clamp(x / plot->x_max, 0, 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct gv_plot *plot, double y) {
    double share = log(y / plot->y_min) / log(plot->y_max / plot->y_min);
    return HEIGHT - BOTTOM - clamp(share, 0, 1) * (HEIGHT - TOP - BOTTOM);
}

static void text(FILE *out, double x, double y, const char *more, const char *what) {
    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\"%s>%s</text>\n", x, y, more, what);
}

static void axes(const struct gv_plot *plot, FILE *out) {
    static const double marks[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100};
    char label[48];
    for (size_t i = 0; i < GV_COUNT(marks); i++) {
        if (marks[i] < plot->y_min || marks[i] > plot->y_max) continue;
        double y = y_of(plot, marks[i]);
        fprintf(out, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>\n", LEFT, y, WIDTH - RIGHT);
        snprintf(label, sizeof label, "%g", marks[i]);
        text(out, LEFT - 8, y + 4, " text-anchor=\"end\"", label);
    }
    for (int i = 0; i <= 10; i++) {
        double value = plot->x_max * i / 10;
        double x = x_of(plot, value);
        fprintf(out, "<path d=\"M%.1f %dV%d\" stroke=\"#eee\"/>\n", x, TOP, HEIGHT - BOTTOM);
        snprintf(label, sizeof label, "%.0f", value);
        text(out, x, HEIGHT - BOTTOM + 18, " text-anchor=\"middle\"", label);
    }
    text(out, LEFT, 22, " font-size=\"14\" font-weight=\"bold\"", plot->title);
    text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, " text-anchor=\"middle\"", plot->x_name);
    snprintf(label, sizeof label, " transform=\"rotate(-90 16 %d)\"", (TOP + HEIGHT - BOTTOM) / 2);
    fprintf(out, "<text x=\"16\" y=\"%d\" text-anchor=\"middle\"%s>%s</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2, label, plot->y_name);
}

static void path(const struct gv_plot *plot, const struct gv_plot_point *points, size_t count,
                 const char *style, FILE *out) {
    fprintf(out, "<path fill=\"none\" %s d=\"", style);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(plot, points[i].x),
                y_of(plot, points[i].y));
    }
    fprintf(out, "\"/>\n");
}

// Whether a label fits to the right of a point, where no other point may be.
static bool has_room(const struct gv_plot *plot, const struct gv_plot_point *point) {
    double x = x_of(plot, point->x), y = y_of(plot, point->y);
    for (size_t i = 0; i < plot->points_len; i++) {
        double right = x_of(plot, plot->points[i].x) - x, down = y_of(plot, plot->points[i].y) - y;
        double width = 12 + LETTER * (double)strlen(point->name);
        if (right > 0 && right < width && down > -12 && down < 12) return false;
    }
    return true;
}

static void legend(const struct gv_plot *plot, FILE *out) {
    double x = WIDTH - RIGHT - 300, y = TOP + 16;
    fprintf(out, "<path d=\"M%.0f %.0fh28\" stroke=\"#0a6\" stroke-width=\"2.5\"/>\n", x, y);
    text(out, x + 36, y + 4, "", plot->line_name);
    fprintf(out, "<path d=\"M%.0f %.0fh28\" stroke=\"#888\" stroke-dasharray=\"5 4\"/>\n", x,
            y + 18);
    text(out, x + 36, y + 22, "", plot->curve_name);
    fprintf(out, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"4\" fill=\"#c40\"/>\n", x + 14, y + 36);
    text(out, x + 36, y + 40, "", "others");
}

void gv_plot_draw(const struct gv_plot *plot, FILE *out) {
    GV_ASSERT(plot->x_max > 0);
    GV_ASSERT(plot->y_min > 0 && plot->y_max > plot->y_min);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    axes(plot, out);
    path(plot, plot->curve, plot->curve_len, "stroke=\"#888\" stroke-dasharray=\"5 4\"", out);
    path(plot, plot->line, plot->line_len, "stroke=\"#0a6\" stroke-width=\"2.5\"", out);
    for (size_t i = 0; i < plot->line_len; i++) {
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#0a6\"/>\n",
                x_of(plot, plot->line[i].x), y_of(plot, plot->line[i].y));
    }
    for (size_t i = 0; i < plot->points_len; i++) {
        double x = x_of(plot, plot->points[i].x), y = y_of(plot, plot->points[i].y);
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#c40\"/>\n", x, y);
        bool beside = has_room(plot, &plot->points[i]);
        text(out, x + (beside ? 8 : -4), y + (beside ? 4 : -9), " fill=\"#c40\"",
             plot->points[i].name);
    }
    legend(plot, out);
    fprintf(out, "</svg>\n");
}
