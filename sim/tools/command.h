// SPDX-License-Identifier: MIT
// The command line of gvsim: its commands, their options and operands, and what scenarios may set.
#ifndef GV_SIM_TOOLS_COMMAND_H
#define GV_SIM_TOOLS_COMMAND_H

#include "../run/run_options.h"

enum {
    GV_COMMAND_OPTIONS = 64, // bound of the option table
    GV_COMMAND_RUNS_MAX = 100,
    GV_COMMAND_WHY_MAX = 256, // longest error, bytes
};

enum gv_command_action {
    GV_COMMAND_EXEC,
    GV_COMMAND_RUN,
    GV_COMMAND_SCENARIOS,
    GV_COMMAND_SWARM,
    GV_COMMAND_SHRINK,
    GV_COMMAND_COMPARE,
    GV_COMMAND_GLOMERS,
    GV_COMMAND_SWEEP,
    GV_COMMAND_HELP,
    GV_COMMAND_VERSION,
    GV_COMMAND_ACTIONS,
};

struct gv_command {
    struct gv_run_config run; // slack, deliver, the other callbacks and ctx stay 0
    struct gv_run_options options;
    const char *given[GV_COMMAND_OPTIONS]; // values on the command line, which precede a scenario's
    bool has_workload;                     // it is set, on the command line or by a scenario

    // gvsim run:
    uint32_t staleness_ms;
    size_t message_max; // bytes; 0: the default
    gv_time settle;     // time after the last operation and fault until replicas must be equal
    enum gv_disk_kind disk;
    bool has_disk;        // it is set, on the command line or by a scenario
    bool authenticated;   // the nodes share a secret
    gv_time disk_latency; // duration of a synced write
    const char *wan;      // path of a file of regions and round trips; NULL: none
    bool check_determinism;
    const char *scenario; // a name or path, as for gv_source_find; NULL: none. Also of shrink

    // gvsim scenarios:
    const char *name; // the scenario to print; NULL: list all

    // gvsim swarm:
    bool has_seeds;
    uint64_t first_seed, last_seed;
    uint32_t jobs; // processes at a time; also of glomers and sweep
    bool fail_fast;

    // gvsim shrink:
    const char *output; // path of the reduced scenario; "-": standard output
    uint64_t tries;     // maximum number of runs

    // gvsim compare:
    const char *files[2]; // paths of two results

    // gvsim glomers and gvsim sweep, whose first seed is run.seed:
    const char *challenge; // the challenge, for glomers
    uint32_t runs;         // runs of each setting, each with the next seed
    const char *svg;       // path of sweep's plot; NULL: none
    const char *redraw;    // path of the plot to draw again; NULL: measure
    const char *self;      // argv[0]: the nodes' programs are in its directory, or in $PATH
};

// Reads the arguments of main, and sets defaults for all other members. The seed defaults to
// `seed`, but for glomers and sweep to 1. Returns an action, or GV_EINVAL with the reason in `why`,
// one line. Strings are borrowed from argv.
int gv_command_parse(struct gv_command *command, int argc, char *const *argv, uint64_t seed,
                     char why[GV_COMMAND_WHY_MAX]);

// Sets an option of gvsim run by its name in a scenario, which has no dashes, unless the command
// line sets it. GV_EINVAL, with `why`: the value is wrong, or scenarios cannot set this option.
int gv_command_default(struct gv_command *command, const char *name, const char *value,
                       char why[GV_COMMAND_WHY_MAX]);

// The main name of a setting that has several ("nodes" for "node-count"); other names are returned
// unchanged.
const char *gv_command_setting(const char *name);

// Iterates over the settings of the command line that a scenario could set: the next name, as in a
// scenario, and its value. *at starts at 0 and is advanced. False: there are no more.
bool gv_command_given(const struct gv_command *command, int *at, const char **name,
                      const char **value);

// Checks that gvsim run has all required options, after its scenario, if any, has set options.
// GV_EINVAL, with the reason in `why`: an option is missing, or options exclude each other.
int gv_command_check(const struct gv_command *command, char why[GV_COMMAND_WHY_MAX]);

// The output of --help, in parts; the last one is NULL.
extern const char *const gv_command_help[];

#endif
