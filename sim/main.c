// SPDX-License-Identifier: MIT
#include "run/exec.h"
#include "tools/challenges.h"
#include "tools/compare.h"
#include "tools/shrink.h"
#include "tools/simulate.h"
#include "tools/source.h"
#include "tools/swarm.h"
#include "tools/sweep.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#ifndef GV_VERSION
#define GV_VERSION "unknown"
#endif

// A seed of a few digits is easier to pass on; a million a second are enough.
static uint64_t seed_from_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec % 1000000 * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// What the caller has closed of the three standard streams is opened, so that no file that is
// written gets its number; for reading, so that writing to it fails, and is told.
static void fill_streams(void) {
    int fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDONLY);
    if (fd >= 0) close(fd);
}

static int act(int argc, char **argv) {
    struct gv_command command;
    char why[GV_COMMAND_WHY_MAX];
    int action = gv_command_parse(&command, argc, argv, seed_from_clock(), why);
    if (action < 0) {
        fprintf(stderr, "gvsim: %s; see gvsim --help\n", why);
        return GV_EXIT_USAGE;
    }
    if (action == GV_COMMAND_HELP) {
        for (size_t i = 0; gv_command_help[i] != NULL; i++) fputs(gv_command_help[i], stdout);
        return 0;
    }
    if (action == GV_COMMAND_VERSION) {
        puts("gvsim " GV_VERSION);
        return 0;
    }
    if (action == GV_COMMAND_RUN) return gv_simulate_command(&command);
    if (action == GV_COMMAND_SWARM) return gv_swarm_command(&command);
    if (action == GV_COMMAND_SHRINK) return gv_shrink_command(&command);
    if (action == GV_COMMAND_COMPARE) return gv_compare_command(&command);
    if (action == GV_COMMAND_GLOMERS) return gv_glomers_command(&command);
    if (action == GV_COMMAND_SWEEP) return gv_sweep_command(&command);
    if (action == GV_COMMAND_SCENARIOS) return gv_source_command(&command);
    return (int)gv_exec_run(&command.run, &command.options, NULL);
}

int main(int argc, char **argv) {
    fill_streams();
    int status = act(argc, argv);
    // What nobody could read is no result.
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fputs("gvsim: cannot write to standard output\n", stderr);
    return status != 0 ? status : GV_EXIT_USAGE;
}
