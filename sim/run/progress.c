// SPDX-License-Identifier: MIT
#include "progress.h"

#include "../../node/escape.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

enum { NODES_LISTED = 12, WIDTH_DEFAULT = 80, WIDTH_MIN = 20, LABEL = 12, TYPE_SHOWN = 32 };

#define BOLD "\x1b[1m"
#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define OFF "\x1b[0m"

// A line under construction; text that does not fit is dropped.
struct line {
    char text[GV_PROGRESS_LINE_MAX];
    size_t len;
};

GV_PRINTF(2, 3)
static void add(struct line *line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t room = sizeof line->text - line->len;
    int size = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (size > 0) line->len += (size_t)size < room ? (size_t)size : room - 1;
}

static void label(struct line *line, const char *text) {
    *line = (struct line){.len = 0};
    add(line, "  %-*s", LABEL, text);
}

static double seconds(gv_time time) {
    return (double)time / 1e9;
}

// Writes a line, cut to the terminal's width. Escape sequences have no width and are never cut; a
// character of several bytes has one column.
static void put(struct gv_progress *progress, const struct line *line) {
    unsigned column = 0;
    for (size_t at = 0; at < line->len; at++) {
        unsigned char byte = (unsigned char)line->text[at];
        if (byte == 0x1b) {
            size_t end = at + strcspn(line->text + at, "m");
            if (progress->color) fwrite(line->text + at, 1, end - at + 1, progress->out);
            at = end;
            continue;
        }
        bool continues = (byte & 0xc0) == 0x80;
        if (!continues) column++;
        if (column <= progress->width) fputc(byte, progress->out);
    }
    fputs("\x1b[K\n", progress->out);
    progress->drawn++;
}

gv_time gv_progress_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gv_time)now.tv_sec * 1000 * GV_MS + (gv_time)now.tv_nsec;
}

void gv_progress_init(struct gv_progress *progress, FILE *out, bool tty) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0; // it cannot move the cursor
    *progress = (struct gv_progress){.out = out, .tty = tty && !dumb};
    progress->color = progress->tty && (no_color == NULL || *no_color == '\0');
    gv_progress_resize(progress, 0);
}

void gv_progress_resize(struct gv_progress *progress, unsigned width) {
    if (width == 0) width = WIDTH_DEFAULT;
    // Some terminals wrap as soon as the last column is written, so it stays free.
    progress->width = width < WIDTH_MIN ? WIDTH_MIN - 1 : width - 1;
}

static const char *const phases[] = {
    [GV_RUN_INIT] = "starting the nodes",
    [GV_RUN_TOPOLOGY] = "sending the topology",
    [GV_RUN_MAIN] = "operations",
    [GV_RUN_DRAIN] = "waiting for the last replies",
    [GV_RUN_QUIET] = "quiet",
    [GV_RUN_FINAL] = "final reads",
    [GV_RUN_DONE] = "done",
};

static double planned_time(const struct gv_run_config *config) {
    return seconds(config->time_limit + (gv_load_converges(config->load) ? config->quiet : 0));
}

static void draw_title(struct gv_progress *progress, const struct gv_run_config *config) {
    static const char *const dists[] = {"", " uniform", " exponential"};
    struct line line = {.len = 0};
    add(&line, BOLD "gvsim" OFF "  %s · %u nodes · %g ops/s · latency %u ms%s",
        gv_load_names[config->load], config->nodes, config->rate, config->latency_ms,
        dists[config->latency]);
    if (config->load == GV_LOAD_BROADCAST) {
        add(&line, " · %s", gv_topology_names[config->topology]);
    }
    if (config->nemesis) add(&line, " · partitions");
    add(&line, " · seed %" PRIu64, config->seed);
    put(progress, &line);
}

static void draw_bar(struct gv_progress *progress, const struct gv_run_config *config,
                     const struct gv_run_view *view) {
    enum { CELLS = 30 };
    double total = planned_time(config), now = seconds(view->elapsed);
    if (now > total) now = total;
    int full = total > 0 ? (int)(now / total * CELLS) : CELLS;
    if (view->phase == GV_RUN_DONE) full = CELLS;
    int cells = progress->width < 60 ? CELLS / 3 : CELLS;
    struct line line = {.len = 0};
    add(&line, "  " GREEN);
    for (int i = 0; i < cells; i++) {
        if (i == full * cells / CELLS) add(&line, OFF);
        add(&line, "%s", i < full * cells / CELLS ? "█" : "░");
    }
    add(&line, OFF "  %.1f of %.0f s  %s", now, total, phases[view->phase]);
    put(progress, &line);
}

static void add_messages(struct line *line, const struct gv_run_view *view) {
    double ops = view->ops > 0 ? (double)view->ops : 1;
    add(line, "%" PRIu64 ", %.2f per operation", view->net->messages,
        (double)view->net->messages / ops);
}

// Lists nodes in descending order of the number of values that they are missing.
static void add_missing(struct line *line, const struct gv_run_config *config,
                        const struct gv_run_view *view) {
    int64_t total = 0, last = INT64_MAX;
    uint32_t behind = 0, listed = 0, last_node = 0;
    for (uint32_t node = 0; node < config->nodes; node++) {
        total += view->missing[node];
        behind += view->missing[node] > 0;
    }
    bool set = gv_load_is_set(config->load);
    if (behind == 0) {
        add(line, set ? "nothing, at any node's latest read" : "0, at the latest reads");
        return;
    }
    if (set) add(line, "%" PRId64 " at ", total);
    add(line, "%u of %u nodes:", behind, config->nodes);
    while (listed < behind && listed < NODES_LISTED) {
        uint32_t best = UINT32_MAX;
        for (uint32_t node = 0; node < config->nodes; node++) {
            int64_t misses = view->missing[node];
            bool later = misses < last || (misses == last && node > last_node);
            if (misses > 0 && later && (best == UINT32_MAX || misses > view->missing[best])) {
                best = node;
            }
        }
        add(line, "  n%u %" PRId64, best, view->missing[best]);
        last = view->missing[best];
        last_node = best;
        listed++;
    }
    if (listed < behind) add(line, "  …");
}

static void draw_partition(struct gv_progress *progress, const struct gv_run_config *config,
                           const struct gv_run_view *view) {
    struct line line;
    label(&line, "partition");
    if (view->nemesis->active) {
        char who[GV_PROGRESS_LINE_MAX / 2];
        gv_nemesis_describe(view->nemesis, who, sizeof who);
        add(&line, RED "for %.1f s" OFF "  %s", seconds(view->cut_for), who);
    } else if (view->observing && gv_load_is_set(config->load)) {
        add(&line, "none; %u of %u nodes have converged", view->settled, config->nodes);
    } else {
        add(&line, view->observing ? "none; nodes still read different values" : "none");
    }
    put(progress, &line);
}

static void draw_frame(struct gv_progress *progress, const struct gv_run_config *config,
                       const struct gv_run_view *view) {
    struct line line;
    draw_title(progress, config);
    draw_bar(progress, config, view);
    label(&line, "operations");
    add(&line,
        "%" PRIu64 "  ok %" PRIu64 ", waiting %" PRIu64 ", refused %" PRIu64 ", unknown %" PRIu64,
        view->ops, view->ok, view->waiting, view->failed, view->unknown);
    put(progress, &line);
    label(&line, "messages");
    add_messages(&line, view);
    for (size_t i = 0; i < view->net->types; i++) {
        char type[TYPE_SHOWN];
        const struct gv_net_count *count = &view->net->counts[i];
        gv_escape_copy(type, sizeof type, count->type, strlen(count->type));
        add(&line, "  %s %" PRIu64, type, count->messages);
    }
    put(progress, &line);
    if (config->nemesis) draw_partition(progress, config, view);
    if (gv_load_is_observable(config->load)) {
        label(&line, gv_load_is_set(config->load) ? "missing" : "off by");
        add_missing(&line, config, view);
        put(progress, &line);
    }
    if (view->errors->kept > 0) {
        label(&line, "errors");
        add(&line, RED "%s" OFF, view->errors->texts[0]);
        put(progress, &line);
    }
}

static void print_line(struct gv_progress *progress, const struct gv_run_config *config,
                       const struct gv_run_view *view) {
    struct line line = {.len = 0};
    add(&line, "%6.1f s  %s: %" PRIu64 " operations; messages ", seconds(view->elapsed),
        phases[view->phase], view->ops);
    add_messages(&line, view);
    if (view->nemesis->active) {
        char who[GV_PROGRESS_LINE_MAX / 2];
        gv_nemesis_describe(view->nemesis, who, sizeof who);
        add(&line, "; cut: %s", who);
    }
    if (gv_load_is_observable(config->load)) {
        add(&line, gv_load_is_set(config->load) ? "; missing " : "; off by ");
        add_missing(&line, config, view);
    }
    fprintf(progress->out, "%s\n", line.text);
}

void gv_progress_draw(struct gv_progress *progress, const struct gv_run_config *config,
                      const struct gv_run_view *view) {
    if (!progress->tty) {
        print_line(progress, config, view);
        fflush(progress->out);
        return;
    }
    if (!progress->hidden) fputs("\x1b[?25l", progress->out);
    progress->hidden = true;
    unsigned before = progress->drawn;
    if (before > 0) fprintf(progress->out, "\x1b[%uF", before);
    progress->drawn = 0;
    draw_frame(progress, config, view);
    // Clears the remaining lines of a longer last frame.
    if (progress->drawn < before) fputs("\x1b[J", progress->out);
    fflush(progress->out);
}

void gv_progress_end(struct gv_progress *progress) {
    if (progress->hidden) fputs("\x1b[?25h", progress->out);
    progress->hidden = false;
    progress->drawn = 0;
    fflush(progress->out);
}
