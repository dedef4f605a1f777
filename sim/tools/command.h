// SPDX-License-Identifier: MIT
// The command line of gvsim.
#ifndef GV_SIM_TOOLS_COMMAND_H
#define GV_SIM_TOOLS_COMMAND_H

#include "../run/run_options.h"

enum { GV_COMMAND_OPTIONS = 64 }; // at the most

struct gv_command {
    // What a run is; its slack, deliver and ctx are left to others.
    struct gv_run_config run;
    struct gv_run_options options;

    // gvsim run:
    uint32_t staleness_ms;
    size_t message_max; // 0: the default
    gv_time settle;     // how long after the last fault and operation replicas may differ
    enum gv_disk_kind disk;
    bool has_disk;      // whether it was said
    bool authenticated; // the nodes share a secret
    gv_time disk_latency;
    const char *wan; // a file of regions and round trips; NULL: none
    bool check_determinism;
    const char *scenario;                       // a file, or a name; NULL: none
    struct gv_command_given {                   // what the command line says, a scenario cannot
        const char *option[GV_COMMAND_OPTIONS]; // its value; NULL: it does not say
    } given;
    bool has_workload; // a scenario said which

    // gvsim swarm:
    uint64_t first_seed, last_seed;
    uint32_t jobs; // runs at a time; of glomers and sweep, too
    bool fail_fast;

    // gvsim shrink, which takes a scenario, and what it sets, too:
    const char *output; // where to write what is left
    uint64_t tries;     // runs at the most

    // gvsim compare:
    const char *files[2];

    // gvsim glomers and gvsim sweep, whose first seed is the run's:
    const char *challenge; // of glomers
    uint32_t runs;         // of each setting, each with the next seed
    const char *svg;       // where sweep draws; NULL: nowhere
    const char *redraw;    // the plot whose figures sweep draws anew; NULL: it measures
    const char *self;      // argv[0]: the nodes' programs lie beside it, or in $PATH

    // gvsim scenarios:
    const char *name; // of the one to print; NULL: list them
};

enum { GV_COMMAND_RUNS_MAX = 100 };

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
};

enum { GV_COMMAND_WHY_MAX = 256 };

// Reads argv as main has it. Fills in the defaults, but for the seed: `seed` unless one is given.
// Returns an action, or GV_EINVAL, when `why` says what is wrong in one line. Strings are borrowed
// from argv.
int gv_command_parse(struct gv_command *command, int argc, char *const *argv, uint64_t seed,
                     char why[GV_COMMAND_WHY_MAX]);

// Sets an option of gvsim run, by its name without the dashes, as a scenario has it, unless the
// command line said it. GV_EINVAL as above, also if it is no option for scenarios.
int gv_command_default(struct gv_command *command, const char *name, const char *value,
                       char why[GV_COMMAND_WHY_MAX]);

// The name, as a scenario has it, and value of the next setting that the command line says, from
// *at, which is moved behind it. False: there are no more.
bool gv_command_said(const struct gv_command *command, int *at, const char **name,
                     const char **value);

// Whether all is said that gvsim run needs, once a scenario has had its say. GV_EINVAL as above.
int gv_command_check(const struct gv_command *command, char why[GV_COMMAND_WHY_MAX]);

// What --help prints, in parts, the last one NULL.
extern const char *const gv_command_help[];

#endif
