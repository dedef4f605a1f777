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

// The clock in microseconds, modulo a million seconds: a seed of few digits is easier to copy.
static uint64_t seed_from_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec % 1000000 * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

// Opens the standard streams that the caller closed, so that no other file gets their numbers. They
// are opened for reading, so that writing to them fails and is reported.
static void fill_streams(void) {
    int fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDONLY);
    if (fd >= 0) close(fd);
}

static int exec(const struct gv_command *command) {
    return (int)gv_exec_run(&command->run, &command->options, NULL);
}

static int help(const struct gv_command *command) {
    (void)command;
    for (size_t i = 0; gv_command_help[i] != NULL; i++) fputs(gv_command_help[i], stdout);
    return GV_EXIT_VALID;
}

static int version(const struct gv_command *command) {
    (void)command;
    puts("gvsim " GV_VERSION);
    return GV_EXIT_VALID;
}

static int (*const actions[GV_COMMAND_ACTIONS])(const struct gv_command *command) = {
    [GV_COMMAND_EXEC] = exec,
    [GV_COMMAND_RUN] = gv_simulate_command,
    [GV_COMMAND_SCENARIOS] = gv_source_command,
    [GV_COMMAND_SWARM] = gv_swarm_command,
    [GV_COMMAND_SHRINK] = gv_shrink_command,
    [GV_COMMAND_COMPARE] = gv_compare_command,
    [GV_COMMAND_GLOMERS] = gv_challenges_command,
    [GV_COMMAND_SWEEP] = gv_sweep_command,
    [GV_COMMAND_HELP] = help,
    [GV_COMMAND_VERSION] = version,
};

int main(int argc, char **argv) {
    struct gv_command command;
    char why[GV_COMMAND_WHY_MAX];
    fill_streams();
    int action = gv_command_parse(&command, argc, argv, seed_from_clock(), why);
    int status = GV_EXIT_USAGE;
    if (action < 0) {
        fprintf(stderr, "gvsim: %s; see gvsim --help\n", why);
    } else {
        status = actions[action](&command);
    }
    // If the output could not be written, the command has failed.
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fputs("gvsim: cannot write to standard output\n", stderr);
    return status != GV_EXIT_VALID ? status : GV_EXIT_USAGE;
}
