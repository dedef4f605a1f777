// SPDX-License-Identifier: MIT
#include "simulate.h"

#include "../../node/escape.h"
#include "../core/output.h"
#include "../run/exit.h"
#include "../run/progress.h"
#include "../run/simulation.h"
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS = 64 }; // steps between two readings of the clock
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static void draw(struct gv_progress *progress, const struct gv_command *command,
                 const struct gv_simulation *sim) {
    struct gv_run_view view = gv_run_view(gv_simulation_run(sim), gv_simulation_now(sim));
    gv_progress_draw(progress, &command->run, &view);
}

// Runs to the end or an interrupt. Returns the time that it took.
static gv_time run_to_end(const struct gv_command *command, struct gv_simulation *sim,
                          struct gv_progress *progress) {
    gv_time began = gv_progress_now(),
            every = progress->tty ? GV_PROGRESS_TTY_MS : GV_PROGRESS_PIPE_MS;
    gv_time draw_at = began + every * GV_MS;
    for (unsigned step = 1; gv_simulation_step(sim) && !interrupted; step++) {
        if (step % STEPS != 0 || gv_progress_now() < draw_at) continue;
        draw_at = gv_progress_now() + every * GV_MS;
        draw(progress, command, sim);
    }
    if (progress->tty) draw(progress, command, sim);
    gv_progress_end(progress);
    return gv_progress_now() - began;
}

static struct gv_simulation *new_sim(const struct gv_command *command,
                                     const struct gv_run_config *config) {
    gv_time quiet = config->quiet;
    return gv_simulation_new(&(struct gv_simulation_config){
        .run = *config,
        .staleness_ms = command->staleness_ms,
        .message_max = command->message_max,
        .authenticated = command->authenticated,
        .disk = command->disk,
        .disk_latency = command->disk_latency,
        .settle = command->settle < quiet ? command->settle : quiet,
    });
}

static void print_speed(const struct gv_simulation *sim, gv_time took, FILE *out) {
    double seconds = took > 0 ? (double)took / 1e9 : 1e-9;
    uint64_t lines = gv_simulation_lines(sim);
    fprintf(out, "  %-16s %.2f s for %.1f s of virtual time; %" PRIu64 " lines, %.0f a second\n",
            "took", seconds, (double)gv_simulation_now(sim) / 1e9, lines, (double)lines / seconds);
}

// Repeats the run without trace and report. Returns whether its trace hash and counts are equal.
static bool check_determinism(const struct gv_command *command, struct gv_simulation *sim,
                              struct gv_result *first) {
    struct gv_simulation *again = new_sim(command, &command->run);
    while (!interrupted && gv_simulation_step(again)) {
    }
    bool same = false;
    if (!interrupted) {
        struct gv_result second = gv_simulation_finish(again);
        same = gv_simulation_repeats(sim, first, &second);
    }
    gv_simulation_free(again);
    return same;
}

static int finish(const struct gv_command *command, struct gv_simulation *sim, gv_time took,
                  struct gv_progress *progress, FILE *json, struct gv_recorder *recorder) {
    struct gv_result result = {0};
    bool same = false; // a second run had the same result
    if (!interrupted) {
        result = gv_simulation_finish(sim);
        same = command->check_determinism && check_determinism(command, sim, &result);
    }
    if (interrupted) {
        fprintf(progress->out, "interrupted at %.1f s of virtual time; no verdict\n",
                (double)gv_simulation_now(sim) / 1e9);
        gv_recorder_close(recorder, NULL, &command->options.limits);
        return GV_EXIT_INTERRUPTED;
    }
    bool within =
        gv_limits_print(&command->options.limits, &result, progress->out, progress->color);
    print_speed(sim, took, progress->out);
    if (same) {
        fprintf(progress->out, "  %-16s a second run was the same, line by line\n", "determinism");
    }
    if (json != NULL) gv_result_json(&result, json);
    if (!gv_recorder_close(recorder, &result, &command->options.limits)) return GV_EXIT_USAGE;
    return result.valid && within ? GV_EXIT_VALID : GV_EXIT_INVALID;
}

// ---- Scenarios ----

static bool complain(const char *name, const struct gv_scenario_diagnostic *diagnostic) {
    if (diagnostic->line > 0) {
        gv_escape_print(stderr, "gvsim: %s: line %u, column %u: %s\n", name, diagnostic->line,
                        diagnostic->column, diagnostic->why);
    } else {
        gv_escape_print(stderr, "gvsim: %s; see gvsim --help\n", diagnostic->why);
    }
    return false;
}

// Inputs of a run read from files. Zeroed, it is empty.
struct inputs {
    struct gv_scenario scenario;
    struct gv_wan wan;
};

static void drop(struct inputs *inputs) {
    gv_wan_close(&inputs->wan);
    gv_scenario_fini(&inputs->scenario);
}

// Gives nodes disks if a crash of the scenario keeps a disk and --durability is not given.
static bool give_disks(struct gv_command *command, const struct gv_scenario *scenario,
                       struct gv_scenario_diagnostic *diagnostic) {
    for (size_t i = 0; i < scenario->len; i++) {
        const struct gv_scenario_step *step = &scenario->steps[i];
        if (step->kind != GV_SCENARIO_CRASH || step->crash == GV_DISK_WIPED) continue;
        if (!command->has_disk) command->disk = GV_DISK_SYNC;
        if (command->disk != GV_DISK_ABSENT) return true;
        *diagnostic = (struct gv_scenario_diagnostic){
            step->line, 1, "a crash with disk needs disks, and --durability is off"};
        return false;
    }
    return true;
}

// Parses a scenario and applies its settings. False: *diagnostic has the error; its line is 0 if
// the error is on the command line.
static bool apply(struct gv_command *command, struct inputs *inputs, const char *text, size_t len,
                  struct gv_scenario_diagnostic *diagnostic) {
    struct gv_scenario *scenario = &inputs->scenario;
    char why[GV_COMMAND_WHY_MAX];
    *diagnostic = (struct gv_scenario_diagnostic){0};
    if (gv_scenario_parse(scenario, text, len, diagnostic) != 0) return false;
    for (size_t i = 0; i < scenario->settings_len; i++) {
        const struct gv_scenario_setting *setting = &scenario->settings[i];
        if (gv_command_default(command, setting->name, setting->value, why) == 0) continue;
        diagnostic->line = setting->line;
        diagnostic->column = setting->column;
        snprintf(diagnostic->why, sizeof diagnostic->why, "%s", why);
        return false;
    }
    if (gv_command_check(command, why) != 0) {
        snprintf(diagnostic->why, sizeof diagnostic->why, "%s", why);
        return false;
    }
    if (gv_scenario_check(scenario, command->run.nodes, command->run.time_limit, diagnostic) != 0)
        return false;
    if (command->scenario != NULL) command->run.scenario = scenario;
    if (gv_scenario_wan(scenario, command->run.nodes, &inputs->wan))
        command->run.wan = &inputs->wan;
    return give_disks(command, scenario, diagnostic);
}

// The text of a scenario. NULL: there is no such scenario, which is reported.
static char *find_text(const char *name, size_t *len) {
    char *text = gv_source_find(name, len);
    if (text != NULL) return text;
    bool named = errno == ENOENT && strpbrk(name, "/.") == NULL;
    gv_escape_print(stderr, "gvsim: scenario %s: %s%s\n", name, strerror(errno),
                    named ? "; it is not a built-in scenario either; gvsim scenarios lists them"
                          : "");
    return NULL;
}

// Reads a file of regions, which replace those of the scenario.
static bool load_wan(struct gv_command *command, struct inputs *inputs) {
    size_t len;
    char *text = gv_source_read(command->wan, &len);
    if (text == NULL) {
        gv_escape_print(stderr, "gvsim: regions %s: %s\n", command->wan, strerror(errno));
        return false;
    }
    struct gv_scenario file;
    struct gv_scenario_diagnostic diagnostic = {0};
    bool good = gv_scenario_parse(&file, text, len, &diagnostic) == 0;
    free(text);
    if (!good) return complain(command->wan, &diagnostic);
    if (file.len > 0 || file.settings_len > 0) {
        unsigned line = file.len > 0 ? file.steps[0].line : file.settings[0].line;
        diagnostic = (struct gv_scenario_diagnostic){
            line, 1, "only regions and their links are allowed here"};
        good = false;
    }
    good = good && gv_scenario_check(&file, command->run.nodes, GV_TIME_NEVER, &diagnostic) == 0;
    gv_wan_close(&inputs->wan);
    command->run.wan = NULL;
    if (good && gv_scenario_wan(&file, command->run.nodes, &inputs->wan))
        command->run.wan = &inputs->wan;
    gv_scenario_fini(&file);
    return good || complain(command->wan, &diagnostic);
}

// Reads the scenario and the file of regions, if the command has them.
static bool load(struct gv_command *command, struct inputs *inputs) {
    size_t len = 0;
    char *text = command->scenario != NULL ? find_text(command->scenario, &len) : NULL;
    if (command->scenario != NULL && text == NULL) return false;
    struct gv_scenario_diagnostic diagnostic;
    bool good = apply(command, inputs, text != NULL ? text : "", len, &diagnostic);
    free(text);
    if (!good) return complain(command->scenario, &diagnostic);
    return command->wan == NULL || load_wan(command, inputs);
}

// ---- The command ----

static int run_all(const struct gv_command *command) {
    const struct gv_run_options *options = &command->options;
    struct gv_run_config config = command->run;
    struct gv_output json;
    struct gv_recorder recorder;
    if (!gv_output_open(&json, options->json, true) ||
        !gv_run_options_record(options, &config, &command->staleness_ms, &recorder)) {
        gv_output_close(&json, false);
        return GV_EXIT_USAGE;
    }
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    struct gv_progress progress;
    FILE *out = json.file == stdout ? stderr : stdout;
    gv_progress_init(&progress, out, isatty(fileno(out)) != 0);
    struct gv_simulation *sim = new_sim(command, &config);
    gv_time took = run_to_end(command, sim, &progress);
    int status = finish(command, sim, took, &progress, json.file, &recorder);
    gv_simulation_free(sim);
    bool judged = status == GV_EXIT_VALID || status == GV_EXIT_INVALID;
    return gv_output_close(&json, judged) ? status : GV_EXIT_USAGE;
}

bool gv_simulate_text(const char *text, size_t len, struct gv_verdict *verdict) {
    char *argv[] = {(char[]){"gvsim"}, (char[]){"run"}, (char[]){"--scenario=-"}, NULL};
    char why[GV_COMMAND_WHY_MAX];
    struct gv_command command;
    struct inputs inputs = {0};
    struct gv_scenario_diagnostic diagnostic;
    int action = gv_command_parse(&command, 3, argv, 0, why);
    GV_ASSERT(action == GV_COMMAND_RUN);
    bool good = apply(&command, &inputs, text, len, &diagnostic);
    if (good) {
        struct gv_simulation *sim = new_sim(&command, &command.run);
        while (gv_simulation_step(sim)) {
        }
        *verdict = gv_verdict_of(gv_simulation_finish(sim).errors);
        gv_simulation_free(sim);
    }
    drop(&inputs);
    return good;
}

int gv_simulate_command(const struct gv_command *command) {
    struct gv_command complete = *command; // with the settings of the scenario
    struct inputs inputs = {0};
    int status = load(&complete, &inputs) ? run_all(&complete) : GV_EXIT_USAGE;
    drop(&inputs);
    return status;
}
