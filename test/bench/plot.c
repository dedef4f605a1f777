// SPDX-License-Identifier: MIT
// The plot of `gvbench sync --svg`: bytes over differences, on logarithmic axes. Points are
// medians; whiskers extend to the worst run.
#include "bench.h"

#include <math.h>
#include <stdio.h>

enum { LEFT = 70, TOP = 20, WIDTH = 480, HEIGHT = 360, X_MAX = 4, Y_MIN = 0, Y_MAX = 7 };

static double x_of(double diff) {
    return LEFT + log10(diff) / X_MAX * WIDTH;
}

static double y_of(double bytes) {
    return TOP + HEIGHT - (log10(bytes) - Y_MIN) / (Y_MAX - Y_MIN) * HEIGHT;
}

static void axes(FILE *out) {
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 430\" "
                 "font-family=\"sans-serif\" font-size=\"12\">\n"
                 "<rect width=\"760\" height=\"430\" fill=\"#fff\"/>\n"
                 "<g stroke=\"#ddd\" fill=\"none\">\n");
    for (int i = 0; i <= X_MAX; i++)
        fprintf(out, "<path d=\"M%.0f %dv%d\"/>\n", x_of(pow(10, i)), TOP, HEIGHT);
    for (int i = Y_MIN; i <= Y_MAX; i++)
        fprintf(out, "<path d=\"M%d %.0fh%d\"/>\n", LEFT, y_of(pow(10, i)), WIDTH);
    fprintf(out, "</g>\n<g fill=\"#333\">\n");
    for (int i = 0; i <= X_MAX; i++)
        fprintf(out, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                x_of(pow(10, i)), TOP + HEIGHT + 18, pow(10, i));
    static const char *const sizes[] = {"1 B",   "10 B",   "100 B", "1 kB",
                                        "10 kB", "100 kB", "1 MB",  "10 MB"};
    for (int i = Y_MIN; i <= Y_MAX; i++)
        fprintf(out, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                y_of(pow(10, i)) + 4, sizes[i]);
    fprintf(out,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">differences among a million "
            "entries</text>\n"
            "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">bytes of "
            "summaries, both ways</text>\n</g>\n",
            LEFT + WIDTH / 2, TOP + HEIGHT + 38, TOP + HEIGHT / 2);
}

// Draws the points of a curve, with a whisker from the median to the worst.
static void whiskers(FILE *out, const struct bench_line *line) {
    for (int k = 0; k < BENCH_POINTS; k++) {
        double x = x_of(pow(10, k)), y = y_of(line->bytes[k]);
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n", x, y,
                line->colour);
        if (line->worst[k] <= line->bytes[k]) continue;
        double top = y_of(line->worst[k]);
        fprintf(out, "<path stroke=\"%s\" d=\"M%.1f %.1fV%.1fM%.1f %.1fh8\"/>\n", line->colour, x,
                y, top, x - 4, top);
    }
}

bool bench_plot(const char *path, const struct bench_line *lines, int count) {
    FILE *out = fopen(path, "w");
    if (out == NULL) return false;
    axes(out);
    for (int i = 0; i < count; i++) {
        const struct bench_line *line = &lines[i];
        fprintf(out, "<path fill=\"none\" stroke-width=\"2\" stroke=\"%s\" d=\"", line->colour);
        for (int k = 0; k < BENCH_POINTS; k++)
            fprintf(out, "%c%.1f %.1f", k > 0 ? 'L' : 'M', x_of(pow(10, k)), y_of(line->bytes[k]));
        fprintf(out, "\"/>\n");
        whiskers(out, line);
        fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" fill=\"%s\">%s</text>\n",
                x_of(pow(10, X_MAX)) + 8, y_of(line->bytes[BENCH_POINTS - 1]) + line->shift + 4,
                line->colour, line->name);
    }
    fprintf(out, "</svg>\n");
    return fclose(out) == 0;
}
