// SPDX-License-Identifier: MIT
#include "../../sim/run/progress.h"
#include "../lib/test.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 4 };

static void ignore(void *ctx, uint32_t src, uint32_t node, const char *line, size_t len) {
    (void)ctx, (void)src, (void)node, (void)line, (void)len;
}

static const struct gv_run_config config = {
    .load = GV_LOAD_BROADCAST,
    .nodes = NODES,
    .rate = 100,
    .time_limit = 20000 * GV_MS,
    .quiet = 10000 * GV_MS,
    .latency_ms = 100,
    .nemesis = true,
    .nemesis_interval = GV_MS,
    .seed = 42,
    .deliver = ignore,
};

static char text[8192];

// Draws the progress of a run that is partitioned into halves, with values missing at n2 and n0.
static void draw(unsigned width, bool tty, bool color, int frames) {
    struct gv_run *run = gv_run_new(&config);
    struct gv_run_view view = gv_run_view(run, 0);
    struct gv_nemesis nemesis;
    const int64_t missing[NODES] = {3, 0, 17, 0};
    gv_nemesis_init(&nemesis, NODES, 1);
    gv_nemesis_start(&nemesis, GV_NEMESIS_HALVES);
    view.phase = GV_RUN_MAIN;
    view.elapsed = 7500 * GV_MS;
    view.ops = view.ok = 940;
    view.nemesis = &nemesis;
    view.cut_for = 2100 * GV_MS;
    view.missing = missing;

    FILE *file = tmpfile();
    assert_non_null(file);
    struct gv_progress progress;
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", color ? "" : "1", 1);
    gv_progress_init(&progress, file, tty);
    gv_progress_resize(&progress, width);
    for (int i = 0; i < frames; i++) gv_progress_draw(&progress, &config, &view);
    gv_progress_end(&progress);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    gv_nemesis_fini(&nemesis);
    gv_run_free(run);
}

static void a_terminal_shows_it_all(void **state) {
    (void)state;
    draw(100, true, true, 1);
    assert_non_null(strstr(text, "broadcast · 4 nodes · 100 ops/s · latency 100 ms"));
    assert_non_null(strstr(text, "7.5 of 30 s  operations"));
    assert_non_null(strstr(text, "940"));
    assert_non_null(strstr(text, "for 2.1 s"));
    assert_non_null(strstr(text, "halves: n"));
    assert_non_null(strstr(text, "20 at 2 of 4 nodes:  n2 17  n0 3"));
}

static void frames_are_drawn_over_each_other_and_the_cursor_comes_back(void **state) {
    (void)state;
    draw(100, true, true, 3);
    assert_int_equal(strncmp(text, "\x1b[?25l", 6), 0);
    assert_non_null(strstr(text, "\x1b[6F"));
    assert_string_equal(text + strlen(text) - 6, "\x1b[?25h");
}

static void no_colour_when_none_is_wanted(void **state) {
    (void)state;
    draw(100, true, false, 1);
    assert_null(strstr(text, "\x1b[31m"));
    assert_null(strstr(text, "\x1b[0m"));
}

// The width of a line in columns, without escape sequences.
static unsigned columns(const char *line, const char *end) {
    unsigned count = 0;
    for (; line < end; line++) {
        if (*line == 0x1b) {
            while (line < end && !(*line >= 'A' && *line <= 'z' && *line != '[')) line++;
            continue;
        }
        count += ((unsigned char)*line & 0xc0) != 0x80;
    }
    return count;
}

static void narrow_terminals_never_wrap(void **state) {
    (void)state;
    const unsigned widths[] = {20, 30, 40, 59, 80};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        draw(widths[i], true, true, 1);
        int lines = 0;
        for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            assert_true(columns(line, end) < widths[i]);
            lines++;
        }
        assert_int_equal(lines, 6);
    }
}

static void a_pipe_gets_plain_lines(void **state) {
    (void)state;
    draw(0, false, true, 2);
    assert_null(strchr(text, 0x1b));
    assert_non_null(strstr(text, "   7.5 s  operations: 940 operations; messages 0"));
    assert_non_null(strstr(text, "; cut: halves: n"));
    assert_non_null(strstr(text, "; missing 20 at 2 of 4 nodes:  n2 17  n0 3\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_shows_it_all),
        cmocka_unit_test(frames_are_drawn_over_each_other_and_the_cursor_comes_back),
        cmocka_unit_test(no_colour_when_none_is_wanted),
        cmocka_unit_test(narrow_terminals_never_wrap),
        cmocka_unit_test(a_pipe_gets_plain_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
