// SPDX-License-Identifier: MIT
#include "trial.h"

#include "check_protocol.h"
#include "client.h"
#include "envelope.h"
#include "judge.h"
#include "memory.h"
#include "script.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum event { // kinds on the world's clock; target and stamp:
    EVENT_NET,
    EVENT_TIMEOUT, // client, msg_id of the request
    EVENT_OP,
    EVENT_CUTOFF,
    EVENT_NEMESIS,
    EVENT_OBSERVE, // node, watch
    EVENT_QUIET_OVER,
    EVENT_STEP, // of the scenario begins: its number
    EVENT_STEP_OVER,
    EVENT_LINGER_OVER,
};

// What is told of a node once, however often it happens.
enum complaint {
    MALFORMED = 1,
    STRAY = 2,
    AGAIN = 4,
    LATE = 8,
    FOREIGN = 16, // a stray reply to another node's client
};

enum {
    NAME_MAX = 16,
    ANSWER_MAX = GV_ENVELOPE_EXCERPT_MAX + 80,
    KNOWN_MAX = 2 * GV_ENVELOPE_EXCERPT_MAX, // of what the driver knows of a node
    INSTEAD_MAX = KNOWN_MAX + GV_ENVELOPE_EXCERPT_MAX + 128,
    NODES_LISTED = 12,     // of those that have done the same wrong
    SILENT_KINDS = 3,      // of nodes that did not answer, told apart
    FULL_CHECK_EVERY = 16, // messages, where the nodes check them too
    TOKENS_MAX = 1 << 26,  // of a line: no more than a large read needs
};

struct gv_trial {
    struct gv_trial_config config;
    struct gv_world world;
    struct gv_net net;
    struct gv_faults faults;
    struct gv_load load;
    struct gv_keys keys;
    struct gv_history history;
    struct gv_client_table clients;
    struct gv_judge judge;
    struct gv_envelope envelope;
    struct gv_json json;
    struct gv_script script; // if there is a scenario
    struct gv_fate_table fates;

    enum gv_trial_phase phase;
    uint32_t waiting;              // nodes whose init or topology is not answered yet
    uint32_t *workers, *observers; // numbers of each node's clients
    char *ids;                     // of all nodes, as the inside of a JSON array
    const char **muted;            // by node: after what nothing is heard of it; NULL: it is heard
    uint8_t *complained;           // by node: the complaints made
    uint32_t *owed;                // by node: operations without an answer within their time
    gv_time *greeted_at;           // by node: when it answered init in this life of its, or NEVER
    char **stray;                  // by node: the last stray reply, to be shown; NULL: none
    bool definite;                 // something is wrong that no delay excuses
    gv_time now, started_at, cutoff, cut_at;
    gv_time given_up_at;         // an operation without an answer, for the last time
    uint64_t timeouts;           // operations that nodes had their time for, and did not answer
    enum gv_check_stats_how how; // the operation that ends, ends
    bool lingering;              // all is over, but late answers are listened for
    bool blocked;                // an operation is due, but every client is busy
    uint64_t cuts;
    uint64_t troubles;       // times that faults began while there were none
    uint64_t shortened;      // faults that the end of the operations ended before their time
    unsigned shortened_line; // in the scenario, of the first
    uint64_t watches;        // begun, so that looks of an earlier one end
    size_t violations;       // errors that the trace has
};

// ---- Lines to nodes ----

// Has a client send a request, whose body is given without its braces.
static void request(struct gv_trial *trial, uint32_t number, enum gv_client_wait wait,
                    const char *body, size_t len) {
    struct gv_client *client = &trial->clients.clients[number];
    GV_ASSERT(client->open && client->wait == GV_CLIENT_IDLE);
    client->wait = wait;
    client->msg_id++;
    gv_envelope_open(&trial->envelope, 'c', number, client->node);
    gv_envelope_add(&trial->envelope, "{", 1);
    gv_envelope_add(&trial->envelope, body, len);
    char tail[48];
    int size = snprintf(tail, sizeof tail, ",\"msg_id\":%" PRIu64 "}}\n", client->msg_id);
    gv_envelope_add(&trial->envelope, tail, (size_t)size);
    gv_trace_line(trial->config.trace, trial->now, GV_TRACE_REQUEST,
                  gv_envelope_line(&trial->envelope), NULL);

    gv_time timeout = wait == GV_CLIENT_WAIT_INIT ? GV_TRIAL_INIT_TIMEOUT_MS * GV_MS
                                                  : GV_TRIAL_CLIENT_TIMEOUT_MS * GV_MS;
    gv_world_schedule(&trial->world, trial->now + timeout, EVENT_TIMEOUT, number, client->msg_id,
                      NULL);
    bool setup = wait == GV_CLIENT_WAIT_INIT || wait == GV_CLIENT_WAIT_TOPOLOGY;
    if (client->role == GV_CLIENT_OBSERVER || setup) {
        // An observer must not stand in the way of what it observes: it waits in no queue. Nor do
        // the long lines that start a large cluster, which would fill one.
        trial->config.deliver(trial->config.ctx, GV_NET_CLIENT, client->node, trial->envelope.line,
                              trial->envelope.len);
        return;
    }
    gv_net_send(&trial->net, trial->now, GV_NET_CLIENT, client->node, (struct gv_slice){0}, 0,
                gv_envelope_line(&trial->envelope));
}

// ---- Errors ----

// Traces the errors that were added since the last call. Errors are added in many places, some of
// them the caller's, so this looks for new ones after each event.
static void trace_violations(struct gv_trial *trial) {
    const struct gv_errors *errors = &trial->judge.errors;
    for (; trial->violations < errors->kept; trial->violations++)
        gv_trace_violation(trial->config.trace, trial->now, errors->texts[trial->violations]);
}

static void complain(struct gv_trial *trial, uint32_t node, enum complaint what,
                     struct gv_slice line, const char *why) {
    if (what != LATE) trial->definite = true;
    if ((trial->complained[node] & what) != 0) {
        trial->judge.errors.count++;
        return;
    }
    const char *kind = what == MALFORMED                  ? "malformed reply"
                       : what == STRAY || what == FOREIGN ? "stray reply"
                       : what == AGAIN                    ? "answered twice"
                                                          : "late reply";
    char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    trial->complained[node] |= (uint8_t)what;
    gv_errors_add(&trial->judge.errors, "%s: n%u printed a line that %s. The line: %s", kind, node,
                  why, gv_envelope_excerpt(line, shown));
}

static void end_now(struct gv_trial *trial) {
    trial->phase = GV_TRIAL_DONE;
    trial->judge.cut_short = true;
    trace_violations(trial);
}

void gv_trial_fail(struct gv_trial *trial, const char *format, ...) {
    if (trial->phase == GV_TRIAL_DONE) return; // what follows from the first failure is none
    va_list args;
    va_start(args, format);
    gv_errors_add_list(&trial->judge.errors, format, args);
    va_end(args);
    end_now(trial);
}

// What a node leaves undone if it dies now, as the end of a sentence.
static void describe_debts(struct gv_trial *trial, uint32_t node, char buf[ANSWER_MAX]) {
    buf[0] = '\0';
    for (size_t i = 0; i < trial->clients.len; i++) {
        const struct gv_client *client = &trial->clients.clients[i];
        if (client->node != node || !client->open) continue;
        if (client->wait == GV_CLIENT_WAIT_INIT) {
            snprintf(buf, ANSWER_MAX, ", before it answered init");
        } else if (client->wait == GV_CLIENT_WAIT_TOPOLOGY) {
            snprintf(buf, ANSWER_MAX, ", before it answered topology");
        } else if (client->wait == GV_CLIENT_WAIT_OP) {
            char body[GV_LOAD_BODY_MAX];
            const struct gv_history_op *op = &trial->history.ops[client->op];
            struct gv_load_op asked = {op->kind, op->value};
            gv_load_body(trial->config.load, &trial->keys, asked, body);
            snprintf(buf, ANSWER_MAX, ", before it answered {%.200s}", body);
        }
    }
}

// What the driver knows of a node that fails. Returns whether it reads, but has said nothing.
static bool describe(const struct gv_trial *trial, uint32_t node, char buf[KNOWN_MAX]) {
    buf[0] = '\0';
    return trial->config.describe != NULL &&
           trial->config.describe(trial->config.ctx, node, buf, KNOWN_MAX);
}

void gv_trial_died(struct gv_trial *trial, uint32_t node, const char *format, ...) {
    GV_ASSERT(node < trial->config.nodes);
    char how[GV_ERRORS_TEXT_MAX / 2], debts[ANSWER_MAX], known[KNOWN_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(how, sizeof how, format, args);
    va_end(args);
    describe_debts(trial, node, debts);
    describe(trial, node, known);
    gv_trial_fail(trial, "n%u died: %s%s%s%s", node, how, debts, known[0] != '\0' ? "; " : "",
                  known);
}

void gv_trial_object(struct gv_trial *trial, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_errors_add_list(&trial->judge.errors, format, args);
    va_end(args);
    trace_violations(trial);
}

// ---- Operations ----

static void invoke(struct gv_trial *trial, uint32_t node, struct gv_load_op op, bool final) {
    struct gv_client *client = &trial->clients.clients[trial->workers[node]];
    gv_judge_invoke(&trial->judge, op);
    client->op = gv_history_invoke(&trial->history, trial->now, op.kind, node, op.value, final);
    char body[GV_LOAD_BODY_MAX];
    int len = gv_load_body(trial->config.load, &trial->keys, op, body);
    request(trial, trial->workers[node], GV_CLIENT_WAIT_OP, body, (size_t)len);
}

// Gives the next operation to a free client. False if every client is busy.
static bool issue(struct gv_trial *trial) {
    uint32_t first = gv_load_pick(&trial->load, trial->config.nodes);
    for (uint32_t i = 0; i < trial->config.nodes; i++) {
        uint32_t node = (first + i) % trial->config.nodes;
        if (trial->clients.clients[trial->workers[node]].wait != GV_CLIENT_IDLE) continue;
        invoke(trial, node, gv_load_next(&trial->load), false);
        gv_load_took(&trial->load, trial->config.nodes);
        return true;
    }
    return false;
}

static void issue_at(struct gv_trial *trial, gv_time due) {
    trial->blocked = false;
    if (due >= trial->cutoff) return;
    if (!issue(trial)) {
        trial->blocked = true; // until a client is free, from when on the gap counts
        return;
    }
    gv_time gap = gv_load_gap(&trial->load);
    if (gap == GV_TIME_NEVER) return;
    // As in Jepsen, what is late is lost: the gap counts from when the operation was asked, unless
    // it is only a coarse timer that was late.
    if (trial->now > due + 2 * trial->config.slack) due = trial->now;
    if (trial->config.delivery == GV_NET_MAELSTROM) due += GV_LOAD_LATE;
    gv_world_schedule(&trial->world, due + gap, EVENT_OP, 0, 0, NULL);
}

// Has the observers look at every node until all agree.
static void watch(struct gv_trial *trial, bool healing) {
    if (!gv_load_converges(trial->config.load)) return;
    gv_convergence_begin(&trial->judge.convergence, trial->now, trial->history.next_index, healing);
    trial->watches++;
    for (uint32_t node = 0; node < trial->config.nodes; node++) {
        gv_world_schedule(&trial->world, trial->now, EVENT_OBSERVE, node, trial->watches, NULL);
    }
}

static void heal(struct gv_trial *trial) {
    if (trial->script.scenario == NULL) {
        gv_faults_stop(&trial->faults);
        gv_trace_fault(trial->config.trace, trial->now, GV_TRACE_END, trial->troubles, NULL);
    }
    watch(trial, true);
}

static void begin_faults(struct gv_trial *trial) {
    gv_convergence_cut(&trial->judge.convergence);
    trial->watches++;
    trial->cut_at = trial->now;
    trial->troubles++;
}

// ---- The scenario ----

static void send_init(struct gv_trial *trial, uint32_t node) {
    size_t cap = strlen(trial->ids) + 96;
    char *body = gv_memory_new(cap);
    int len = snprintf(body, cap, "\"type\":\"init\",\"node_id\":\"n%u\",\"node_ids\":[%s]", node,
                       trial->ids);
    GV_ASSERT(len > 0 && (size_t)len < cap);
    uint32_t client = gv_client_open(&trial->clients, GV_CLIENT_INIT, node);
    request(trial, client, GV_CLIENT_WAIT_INIT, body, (size_t)len);
    free(body);
}

static void inflict(struct gv_trial *trial, const struct gv_scenario_step *step, bool begins) {
    enum gv_fate fate;
    if (!gv_fate_of(step, begins, &fate)) return;
    for (uint32_t node = 0; node < trial->config.nodes; node++) {
        if (!gv_scenario_has(step, 0, node) || !gv_fate_meet(&trial->fates, node, fate)) continue;
        if (fate == GV_FATE_CRASH) gv_judge_forget(&trial->judge, node);
        if (fate == GV_FATE_CRASH) trial->greeted_at[node] = GV_TIME_NEVER;
        trial->config.fate(trial->config.ctx, node, fate, step);
        if (fate == GV_FATE_START) send_init(trial, node);
    }
}

static void end_step(struct gv_trial *trial, size_t index) {
    if (!trial->script.steps[index].active) return;
    gv_script_end(&trial->script, index);
    gv_trace_fault(trial->config.trace, trial->now, GV_TRACE_END, index, NULL);
    inflict(trial, &trial->config.scenario->steps[index], false);
}

static void on_step_over(struct gv_trial *trial, size_t index) {
    bool disturbed = trial->faults.active;
    end_step(trial, index);
    if (disturbed && !trial->faults.active && trial->phase == GV_TRIAL_MAIN) heal(trial);
}

// A fault begins: the step of this number, or if there is no scenario, what the nemesis has drawn.
static void trace_fault(struct gv_trial *trial, uint64_t number) {
    if (trial->config.trace == NULL) return;
    char text[GV_SCRIPT_TEXT_MAX];
    if (trial->config.scenario != NULL) {
        gv_script_describe(&trial->script, number, text, sizeof text);
    } else {
        gv_faults_describe(&trial->faults, text, sizeof text);
    }
    gv_trace_fault(trial->config.trace, trial->now, GV_TRACE_BEGIN, number, text);
}

static void on_step(struct gv_trial *trial, const struct gv_world_event *event) {
    if (trial->phase != GV_TRIAL_MAIN) return;
    const struct gv_scenario_step *step = &trial->config.scenario->steps[event->target];
    if (!trial->faults.active) begin_faults(trial);
    if (gv_script_begin(&trial->script, event->target)) {
        trial->cuts += step->kind == GV_SCENARIO_CUT;
        trace_fault(trial, event->target);
    }
    inflict(trial, step, true);
    if (step->lasts == 0) {
        on_step_over(trial, event->target);
    } else if (step->lasts != GV_TIME_NEVER) {
        gv_world_schedule(&trial->world, event->due + step->lasts, EVENT_STEP_OVER, event->target,
                          0, NULL);
    }
    gv_time next = event->due + step->every;
    bool again = step->every > 0 && next < trial->cutoff &&
                 (step->until == GV_TIME_NEVER || next < trial->started_at + step->until);
    if (again) gv_world_schedule(&trial->world, next, EVENT_STEP, event->target, 0, NULL);
}

// All has been asked. A node that left a request without an answer may still answer it, late: that
// is listened for as long again as a client waits, unless faults excuse it.
static void conclude(struct gv_trial *trial) {
    gv_time until = trial->given_up_at + GV_TRIAL_CLIENT_TIMEOUT_MS * GV_MS;
    bool owed = false;
    for (uint32_t node = 0; node < trial->config.nodes; node++) {
        owed = owed || (trial->owed[node] > 0 && trial->muted[node] == NULL);
    }
    if (!owed || trial->config.scenario != NULL || until <= trial->now) {
        trial->phase = GV_TRIAL_DONE;
        return;
    }
    if (trial->lingering) return;
    trial->lingering = true;
    gv_world_schedule(&trial->world, until, EVENT_LINGER_OVER, 0, 0, NULL);
}

// After the last operation but the final reads.
static void end_faults(struct gv_trial *trial) {
    bool disturbed = trial->faults.active;
    for (size_t i = 0; trial->config.scenario != NULL && i < trial->config.scenario->len; i++) {
        const struct gv_scenario_step *step = &trial->config.scenario->steps[i];
        bool early = trial->script.steps[i].active && step->lasts != GV_TIME_NEVER;
        if (early && trial->shortened++ == 0) trial->shortened_line = step->line;
        end_step(trial, i);
    }
    if (disturbed) {
        heal(trial);
    } else if (!trial->judge.convergence.watching) {
        watch(trial, false);
    }
    if (!gv_load_converges(trial->config.load)) {
        conclude(trial);
        return;
    }
    trial->phase = GV_TRIAL_QUIET;
    gv_trace_phase(trial->config.trace, trial->now, "quiet");
    gv_world_schedule(&trial->world, trial->now + trial->config.quiet, EVENT_QUIET_OVER, 0, 0,
                      NULL);
}

// The operation a client waits for has ended. `token`: what its reply holds, if it ended well;
// `answer`: else, what its node did instead.
static void complete(struct gv_trial *trial, uint32_t number, enum gv_history_outcome outcome,
                     int token, const char *answer) {
    struct gv_client *client = &trial->clients.clients[number];
    gv_history_complete(&trial->history, trial->now, client->op, outcome);
    const struct gv_history_op *op = &trial->history.ops[client->op];
    client->wait = GV_CLIENT_IDLE;
    if (outcome == GV_HISTORY_INFO) {
        // As in Jepsen: whoever does not know what became of its request never asks again.
        client->open = false;
        trial->workers[op->node] = gv_client_open(&trial->clients, GV_CLIENT_WORKER, op->node);
    }

    gv_judge_complete(&trial->judge, op, &trial->json, token, answer, trial->how);
    gv_judge_kept(&trial->judge, op, trial->config.knows, trial->config.ctx);
    if (trial->phase == GV_TRIAL_MAIN && trial->blocked) issue_at(trial, trial->now);
    if (trial->history.outcomes[GV_HISTORY_PENDING] > 0) return;
    if (trial->phase == GV_TRIAL_DRAIN) end_faults(trial);
    if (trial->phase == GV_TRIAL_FINAL) conclude(trial);
}

// What it means that an operation has no good reply: Maelstrom takes the reads of broadcast for
// harmless, so that they fail for certain.
static enum gv_history_outcome without_reply(const struct gv_trial *trial, size_t op) {
    bool harmless =
        trial->config.load == GV_LOAD_BROADCAST && trial->history.ops[op].kind == GV_HISTORY_READ;
    return harmless ? GV_HISTORY_FAIL : GV_HISTORY_INFO;
}

// An operation ends because its client no longer waits for an answer.
static void give_up(struct gv_trial *trial, uint32_t number) {
    struct gv_client *client = &trial->clients.clients[number];
    uint32_t node = client->node;
    gv_time asked_at = trial->history.ops[client->op].invoked_at;
    const char *answer = "answered nothing within 5 s";
    trial->how = GV_CHECK_STATS_HELD;
    if (trial->fates.crashes[node] > 0) {
        answer = "was down";
    } else if (trial->greeted_at[node] == GV_TIME_NEVER) {
        answer = "was asked before init: it had crashed and not answered it yet";
    } else if (asked_at < trial->greeted_at[node]) {
        answer = "was down, or crashed, before it answered";
    } else if (trial->fates.pauses[node] > 0) {
        answer = "was paused";
    } else {
        trial->how = GV_CHECK_STATS_LATE;
    }
    char unheard[96];
    if (trial->muted[node] != NULL) {
        snprintf(unheard, sizeof unheard, "was not heard after %s", trial->muted[node]);
        answer = unheard;
    }
    gv_client_give_up(client);
    trial->owed[node]++;
    trial->given_up_at = trial->now;
    trial->timeouts += trial->how == GV_CHECK_STATS_LATE && trial->muted[node] == NULL;
    complete(trial, number, without_reply(trial, client->op), 0, answer);
    trial->how = GV_CHECK_STATS_REPLY;
}

// At the end of a run, nobody need wait for nodes that nobody listens to.
static void give_up_on_muted(struct gv_trial *trial) {
    for (uint32_t node = 0; node < trial->config.nodes; node++) {
        if (trial->muted[node] == NULL || trial->phase < GV_TRIAL_DRAIN) continue;
        const struct gv_client *client = &trial->clients.clients[trial->workers[node]];
        if (client->wait != GV_CLIENT_WAIT_OP) continue;
        give_up(trial, trial->workers[node]);
    }
    if (trial->lingering) conclude(trial);
}

// What a node has not answered yet without which no operation can be asked; NULL: nothing.
static const char *lacks(const struct gv_trial *trial, uint32_t node) {
    if (trial->greeted_at[node] == GV_TIME_NEVER) return "init";
    if (trial->phase != GV_TRIAL_TOPOLOGY) return NULL;
    const struct gv_client *worker = &trial->clients.clients[trial->workers[node]];
    return worker->wait == GV_CLIENT_WAIT_TOPOLOGY ? "topology" : NULL;
}

// Ends a run that waits for a node of which nothing is heard any more.
static void fail_if_awaited(struct gv_trial *trial, uint32_t node) {
    const char *what = trial->phase < GV_TRIAL_MAIN ? lacks(trial, node) : NULL;
    if (trial->muted[node] != NULL && what != NULL)
        gv_trial_fail(trial, "n%u can answer %s no more", node, what);
}

static void mute(struct gv_trial *trial, uint32_t node, struct gv_slice line, const char *why) {
    char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    trial->muted[node] = "its bad line";
    trial->definite = true;
    gv_errors_add(&trial->judge.errors,
                  "bad line: n%u printed a line that %s; Maelstrom would hear no more of it, nor "
                  "does gvsim%s. The line: %s",
                  node, why,
                  !gv_check_protocol_meant(line) ? ". Print what is no message to standard error"
                                                 : "",
                  gv_envelope_excerpt(line, shown));
    fail_if_awaited(trial, node);
    give_up_on_muted(trial);
}

void gv_trial_closed(struct gv_trial *trial, uint32_t node) {
    GV_ASSERT(node < trial->config.nodes);
    if (trial->phase == GV_TRIAL_DONE || trial->muted[node] != NULL) return;
    trial->muted[node] = "it closed its standard output";
    trial->definite = true;
    gv_trial_object(trial,
                    "closed: n%" PRIu32
                    " closed its standard output, and runs on: nothing more can be heard of it",
                    node);
    fail_if_awaited(trial, node);
    give_up_on_muted(trial);
}

// ---- Phases ----

static void start_main(struct gv_trial *trial) {
    trial->phase = GV_TRIAL_MAIN;
    gv_trace_phase(trial->config.trace, trial->now, "main");
    trial->started_at = trial->now;
    trial->cutoff = trial->now + trial->config.time_limit;
    gv_world_schedule(&trial->world, trial->cutoff, EVENT_CUTOFF, 0, 0, NULL);
    // Jepsen's spacing lets the first operation and the first partition happen at once.
    if (trial->config.nemesis) {
        gv_world_schedule(&trial->world, trial->now, EVENT_NEMESIS, 0, 0, NULL);
    }
    for (size_t i = 0; trial->config.scenario != NULL && i < trial->config.scenario->len; i++) {
        gv_world_schedule(&trial->world, trial->now + trial->config.scenario->steps[i].at,
                          EVENT_STEP, (uint32_t)i, 0, NULL);
    }
    if (trial->config.rate > 0) gv_world_schedule(&trial->world, trial->now, EVENT_OP, 0, 0, NULL);
}

static void start_topology(struct gv_trial *trial) {
    uint32_t nodes = trial->config.nodes;
    for (uint32_t node = 0; node < nodes; node++) {
        trial->workers[node] = gv_client_open(&trial->clients, GV_CLIENT_WORKER, node);
    }
    if (trial->config.load != GV_LOAD_BROADCAST) {
        start_main(trial);
        return;
    }
    trial->phase = GV_TRIAL_TOPOLOGY;
    trial->waiting = nodes;
    size_t len;
    char *body = gv_topology_request(trial->config.topology, nodes, &len);
    for (uint32_t node = 0; node < nodes; node++) {
        request(trial, trial->workers[node], GV_CLIENT_WAIT_TOPOLOGY, body, len);
    }
    free(body);
    for (uint32_t node = 0; node < nodes; node++) fail_if_awaited(trial, node);
}

void gv_trial_start(struct gv_trial *trial, gv_time now) {
    GV_ASSERT(trial->phase == GV_TRIAL_INIT && trial->waiting == 0);
    trial->now = now;
    gv_world_init(&trial->world, now);
    uint32_t nodes = trial->config.nodes;
    size_t cap = 96 + (size_t)nodes * NAME_MAX, len = 0;
    trial->ids = gv_memory_new(cap);
    for (uint32_t node = 0; node < nodes; node++) {
        len +=
            (size_t)snprintf(trial->ids + len, cap - len, "%s\"n%u\"", node > 0 ? "," : "", node);
    }
    trial->waiting = nodes;
    for (uint32_t node = 0; node < nodes; node++) send_init(trial, node);
    gv_trial_advance(trial, now);
}

// ---- Lines from nodes ----

static void on_setup(struct gv_trial *trial, uint32_t number, struct gv_slice line, int body) {
    struct gv_client *client = &trial->clients.clients[number];
    bool init = client->wait == GV_CLIENT_WAIT_INIT;
    char why[GV_CHECK_PROTOCOL_WHY_MAX], shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    client->wait = GV_CLIENT_IDLE;
    if (gv_check_protocol_reply(&trial->json, body,
                                init ? GV_CHECK_PROTOCOL_INIT : GV_CHECK_PROTOCOL_TOPOLOGY,
                                trial->config.load, GV_HISTORY_KINDS, why) < 0) {
        trial->definite = true;
        gv_trial_fail(trial,
                      "n%u did not answer %s with %s_ok, but with a line that %s. The line: %s",
                      client->node, init ? "init" : "topology", init ? "init" : "topology", why,
                      gv_envelope_excerpt(line, shown));
        return;
    }
    if (init) client->open = false;
    if (init) trial->greeted_at[client->node] = trial->now;
    if (trial->phase >= GV_TRIAL_MAIN) return; // it was started again
    if (--trial->waiting > 0) return;
    (init ? start_topology : start_main)(trial);
}

static void describe_answer(const struct gv_trial *trial, int body, char answer[ANSWER_MAX],
                            char shown[GV_ENVELOPE_EXCERPT_MAX + 8]) {
    snprintf(answer, ANSWER_MAX, "answered %s",
             gv_envelope_excerpt(gv_json_raw(&trial->json, body), shown));
}

static void on_op_reply(struct gv_trial *trial, uint32_t number, uint32_t node,
                        struct gv_slice line, int body) {
    size_t op = trial->clients.clients[number].op;
    int type = gv_json_member(&trial->json, body, "type");
    char why[GV_CHECK_PROTOCOL_WHY_MAX], answer[ANSWER_MAX], shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    if (type >= 0 && gv_json_equals(&trial->json, type, "error")) {
        bool definite;
        if (gv_check_protocol_error(&trial->json, body, &definite, why) < 0)
            complain(trial, node, MALFORMED, line, why);
        describe_answer(trial, body, answer, shown);
        if (gv_check_protocol_timeout(&trial->json, body)) trial->how = GV_CHECK_STATS_LATE;
        complete(trial, number, definite ? GV_HISTORY_FAIL : without_reply(trial, op), 0, answer);
        trial->how = GV_CHECK_STATS_REPLY;
        return;
    }
    int token = gv_check_protocol_reply(&trial->json, body, GV_CHECK_PROTOCOL_OP,
                                        trial->config.load, trial->history.ops[op].kind, why);
    if (token >= 0) {
        complete(trial, number, GV_HISTORY_OK, token, NULL);
        return;
    }
    complain(trial, node, MALFORMED, line, why);
    describe_answer(trial, body, answer, shown);
    complete(trial, number, GV_HISTORY_INFO, 0, answer);
}

static void look_again(struct gv_trial *trial, uint32_t node, gv_time due) {
    gv_world_schedule(&trial->world, due, EVENT_OBSERVE, node, trial->watches, NULL);
}

static void on_observation(struct gv_trial *trial, uint32_t number, uint32_t node, int body) {
    trial->clients.clients[number].wait = GV_CLIENT_IDLE;
    look_again(trial, node, trial->now + GV_TRIAL_OBSERVE_MS * GV_MS);
    char why[GV_CHECK_PROTOCOL_WHY_MAX];
    int token = gv_check_protocol_reply(&trial->json, body, GV_CHECK_PROTOCOL_OP,
                                        trial->config.load, GV_HISTORY_READ, why);
    if (token < 0 || !trial->judge.convergence.watching) return;
    gv_judge_look(&trial->judge, trial->now, node, &trial->json, token);
}

// A reply that nobody waits for. One to a client that is gone mutes its node, as in Maelstrom; the
// others Maelstrom passes over.
static void on_unawaited(struct gv_trial *trial, uint32_t node, uint32_t number,
                         enum gv_client_reply what, struct gv_slice line, int body) {
    const struct gv_client *client = &trial->clients.clients[number];
    uint32_t asked = client->node;
    if (what == GV_CLIENT_REPLY_LATE) {
        if (client->role == GV_CLIENT_WORKER && trial->owed[asked] > 0) trial->owed[asked]--;
        // A node that a fault held up is expected to answer late.
        if (trial->config.scenario != NULL || client->role == GV_CLIENT_OBSERVER) return;
    }
    // An observer outlives more requests than it remembers.
    if (what == GV_CLIENT_REPLY_AGAIN && client->role == GV_CLIENT_OBSERVER) return;
    char why[GV_CHECK_PROTOCOL_WHY_MAX];
    if (asked != node && what != GV_CLIENT_REPLY_LATE) {
        snprintf(why, sizeof why, "goes to c%u, a client of n%u, not of n%u%s", number, asked, node,
                 what == GV_CLIENT_REPLY_STRAY ? ", and answers no request of it"
                                               : ", which waits for no reply");
        if (!client->open) mute(trial, node, line, why);
        if (client->open) complain(trial, node, FOREIGN, line, why);
    } else if (!client->open) {
        snprintf(why, sizeof why, "goes to a client that is gone, %s",
                 what == GV_CLIENT_REPLY_LATE    ? "for it waits 5 s for a reply"
                 : what == GV_CLIENT_REPLY_AGAIN ? "for it had its reply: the node answers twice"
                                                 : "and answers no request of it");
        bool definite = trial->definite; // a delay of gvsim's own may have made it late
        mute(trial, node, line, why);
        if (what == GV_CLIENT_REPLY_LATE) trial->definite = definite;
    } else if (what == GV_CLIENT_REPLY_STRAY) {
        char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
        free(trial->stray[node]);
        gv_envelope_excerpt(line, shown);
        trial->stray[node] = gv_memory_copy(shown, strlen(shown));
        gv_check_protocol_stray(&trial->json, body, number, client->msg_id, why);
        complain(trial, node, STRAY, line, why);
    } else if (what == GV_CLIENT_REPLY_AGAIN) {
        complain(trial, node, AGAIN, line, "answers a request that was answered before");
    } else {
        complain(trial, node, LATE, line, "comes after the 5 s that a client waits");
    }
    if (trial->lingering) conclude(trial);
}

static void on_reply(struct gv_trial *trial, uint32_t node, uint32_t number, struct gv_slice line,
                     int body) {
    struct gv_client *client = &trial->clients.clients[number];
    uint64_t in_reply_to = 0; // none: a client's first msg_id is 1
    int token = gv_json_member(&trial->json, body, "in_reply_to");
    if (token < 0 || gv_json_u64(&trial->json, token, &in_reply_to) != 0) in_reply_to = 0;
    enum gv_client_reply what = gv_client_match(client, in_reply_to);
    if (what != GV_CLIENT_REPLY_AWAITED) {
        on_unawaited(trial, node, number, what, line, body);
        return;
    }
    switch (client->wait) {
    case GV_CLIENT_IDLE:
        break;
    case GV_CLIENT_WAIT_INIT:
    case GV_CLIENT_WAIT_TOPOLOGY:
        on_setup(trial, number, line, body);
        break;
    case GV_CLIENT_WAIT_OP:
        on_op_reply(trial, number, node, line, body);
        break;
    case GV_CLIENT_WAIT_OBSERVATION:
        on_observation(trial, number, client->node, body);
        break;
    }
}

static void pass_on(struct gv_trial *trial, uint32_t node, uint32_t dest, struct gv_slice body,
                    struct gv_slice type, size_t size) {
    gv_envelope_open(&trial->envelope, 'n', node, dest);
    gv_envelope_add(&trial->envelope, body.data, body.len);
    gv_envelope_add(&trial->envelope, "}\n", 2);
    gv_trace_send(trial->config.trace, trial->now, gv_envelope_line(&trial->envelope), type, size);
    gv_net_send(&trial->net, trial->now, node, dest, type, size,
                gv_envelope_line(&trial->envelope));
}

static void route(struct gv_trial *trial, uint32_t node, struct gv_slice text) {
    struct gv_check_protocol_gossip gossip;
    bool quick = trial->config.gossip_is_checked && trial->net.messages % FULL_CHECK_EVERY != 0;
    if (quick && gv_check_protocol_gossip(text, &gossip) && gossip.src == node &&
        gossip.dest < trial->config.nodes) {
        pass_on(trial, node, gossip.dest, gossip.body, gossip.type, text.len);
        return;
    }
    struct gv_check_protocol_line line;
    char why[GV_CHECK_PROTOCOL_WHY_MAX], name[NAME_MAX];
    struct gv_json *json = &trial->json;
    if (gv_check_protocol_line(json, text, &line, why) < 0) {
        mute(trial, node, text, why);
        return;
    }
    int len = gv_json_unescape(json, line.src, name, sizeof name);
    struct gv_slice src = {(const uint8_t *)name, len < 0 ? 0 : (size_t)len};
    if (gv_client_number(src, 'n') != (int64_t)node) {
        mute(trial, node, text, "names another as its src");
        return;
    }
    len = gv_json_unescape(json, line.dest, name, sizeof name);
    struct gv_slice dest = {(const uint8_t *)name, len < 0 ? 0 : (size_t)len};
    int64_t other = gv_client_number(dest, 'n');
    if (other >= 0 && other < (int64_t)trial->config.nodes) {
        struct gv_slice body = gv_json_raw(json, line.body), type = {0};
        if (line.type >= 0) type = gv_json_string(json, line.type);
        pass_on(trial, node, (uint32_t)other, body, type, text.len);
        return;
    }
    int64_t client = gv_client_find(&trial->clients, dest);
    if (client < 0) {
        gv_check_protocol_nobody(dest, why);
        mute(trial, node, text, why);
        return;
    }
    struct gv_slice type = line.type >= 0 ? gv_json_string(json, line.type) : (struct gv_slice){0};
    gv_trace_reply(trial->config.trace, trial->now, node, (uint32_t)client, type,
                   gv_json_raw(json, line.body));
    on_reply(trial, node, (uint32_t)client, text, line.body);
}

void gv_trial_line(struct gv_trial *trial, gv_time now, uint32_t node, struct gv_slice line) {
    GV_ASSERT(node < trial->config.nodes);
    if (trial->phase == GV_TRIAL_DONE || trial->muted[node] != NULL) return;
    if (now > trial->now) trial->now = now;
    route(trial, node, line);
    gv_trial_advance(trial, now);
}

// ---- Time ----

// Nodes that have not answered what they must, of which the same is known.
struct silent {
    char instead[INSTEAD_MAX]; // what came from each instead, as the end of a sentence
    char names[NODES_LISTED * NAME_MAX];
    uint32_t count;
};

static void describe_instead(struct gv_trial *trial, uint32_t node, char buf[INSTEAD_MAX]) {
    char known[KNOWN_MAX];
    const char *stray = trial->stray[node];
    bool mum = describe(trial, node, known);
    snprintf(buf, INSTEAD_MAX, "%s%s%s%s%s",
             mum ? "; nothing came on standard output: is it flushed after every line?" : "",
             stray != NULL ? ", but printed " : "", stray != NULL ? stray : "",
             known[0] != '\0' ? "; " : "", known);
}

// Puts a node to those of which the same is known, or if there are too many different ones, to the
// rest, of which nothing is told but their names.
static void put_silent(struct gv_trial *trial, uint32_t node, struct silent all[SILENT_KINDS + 1]) {
    char instead[INSTEAD_MAX];
    size_t kind = 0;
    describe_instead(trial, node, instead);
    while (kind < SILENT_KINDS && all[kind].count > 0 && strcmp(all[kind].instead, instead) != 0)
        kind++;
    struct silent *silent = &all[kind];
    if (silent->count == 0 && kind < SILENT_KINDS) strcpy(silent->instead, instead);
    size_t len = strlen(silent->names);
    if (silent->count++ >= NODES_LISTED) return;
    snprintf(silent->names + len, sizeof silent->names - len, "%sn%" PRIu32, len > 0 ? ", " : "",
             node);
}

// Nodes have not answered what they must: the run ends, and names them.
static void fail_setup(struct gv_trial *trial, const char *what, int seconds) {
    struct silent all[SILENT_KINDS + 1] = {0};
    for (uint32_t node = 0; node < trial->config.nodes; node++) {
        const char *lacking = lacks(trial, node);
        if (lacking != NULL && strcmp(lacking, what) == 0) put_silent(trial, node, all);
    }
    for (size_t kind = 0; kind <= SILENT_KINDS; kind++) {
        const struct silent *silent = &all[kind];
        char more[32] = "";
        if (silent->count == 0) continue;
        if (silent->count > NODES_LISTED)
            snprintf(more, sizeof more, " and %" PRIu32 " more", silent->count - NODES_LISTED);
        gv_trial_object(trial, "no %s_ok: %s%s did not answer %s within %d s%s", what,
                        silent->names, more, what, seconds, silent->instead);
    }
    end_now(trial);
}

static void on_timeout(struct gv_trial *trial, const struct gv_world_event *event) {
    struct gv_client *client = &trial->clients.clients[event->target];
    if (!client->open || client->msg_id != event->stamp) return;
    switch (client->wait) {
    case GV_CLIENT_IDLE:
        break;
    case GV_CLIENT_WAIT_INIT:
        // It may have crashed or been paused again since.
        if (trial->phase >= GV_TRIAL_MAIN && trial->config.scenario != NULL) break;
        fail_setup(trial, "init", GV_TRIAL_INIT_TIMEOUT_MS / 1000);
        break;
    case GV_CLIENT_WAIT_TOPOLOGY:
        fail_setup(trial, "topology", GV_TRIAL_CLIENT_TIMEOUT_MS / 1000);
        break;
    case GV_CLIENT_WAIT_OP:
        give_up(trial, event->target);
        break;
    case GV_CLIENT_WAIT_OBSERVATION:
        gv_client_give_up(client);
        client->wait = GV_CLIENT_IDLE;
        look_again(trial, client->node, trial->now);
        break;
    }
}

static void on_nemesis(struct gv_trial *trial, gv_time due) {
    if (trial->phase != GV_TRIAL_MAIN) return;
    if (trial->faults.active) {
        heal(trial);
    } else {
        gv_faults_start_any(&trial->faults);
        begin_faults(trial);
        trial->cuts++;
        trace_fault(trial, trial->troubles);
    }
    gv_load_took(&trial->load, trial->config.nodes);
    gv_time gap = gv_faults_gap(&trial->faults, trial->config.nemesis_interval);
    gv_world_schedule(&trial->world, due + gap, EVENT_NEMESIS, 0, 0, NULL);
}

static void on_observe(struct gv_trial *trial, const struct gv_world_event *event) {
    uint32_t node = event->target;
    if (event->stamp != trial->watches || !trial->judge.convergence.watching) return;
    if (trial->judge.convergence.done[node] || trial->phase > GV_TRIAL_QUIET) return;
    if (trial->config.knows != NULL && gv_load_is_set(trial->config.load)) {
        gv_judge_peek(&trial->judge, trial->now, node, trial->config.knows, trial->config.ctx);
        look_again(trial, node, trial->now + GV_TRIAL_OBSERVE_MS * GV_MS);
        return;
    }
    if (trial->observers[node] == UINT32_MAX) {
        trial->observers[node] = gv_client_open(&trial->clients, GV_CLIENT_OBSERVER, node);
    }
    // A look under way goes on by itself.
    if (trial->clients.clients[trial->observers[node]].wait != GV_CLIENT_IDLE) return;
    static const char body[] = "\"type\":\"read\"";
    request(trial, trial->observers[node], GV_CLIENT_WAIT_OBSERVATION, body, sizeof body - 1);
}

static void on_quiet_over(struct gv_trial *trial) {
    trial->phase = GV_TRIAL_FINAL;
    gv_trace_phase(trial->config.trace, trial->now, "final");
    struct gv_load_op read = {GV_HISTORY_READ, 0};
    for (uint32_t node = 0; node < trial->config.nodes; node++) invoke(trial, node, read, true);
    give_up_on_muted(trial);
}

static void on_event(struct gv_trial *trial, const struct gv_world_event *event) {
    struct gv_net_message *message;
    switch ((enum event)event->kind) {
    case EVENT_NET:
        message = gv_net_take(&trial->net, trial->now, event);
        if (message == NULL) break;
        trial->config.deliver(trial->config.ctx, message->src, message->dest, message->bytes,
                              message->len);
        free(message);
        break;
    case EVENT_TIMEOUT:
        on_timeout(trial, event);
        break;
    case EVENT_OP:
        issue_at(trial, event->due);
        break;
    case EVENT_CUTOFF:
        trial->phase = GV_TRIAL_DRAIN;
        gv_trace_phase(trial->config.trace, trial->now, "drain");
        if (trial->history.outcomes[GV_HISTORY_PENDING] == 0) end_faults(trial);
        give_up_on_muted(trial);
        break;
    case EVENT_NEMESIS:
        on_nemesis(trial, event->due);
        break;
    case EVENT_OBSERVE:
        on_observe(trial, event);
        break;
    case EVENT_QUIET_OVER:
        on_quiet_over(trial);
        break;
    case EVENT_STEP:
        on_step(trial, event);
        break;
    case EVENT_STEP_OVER:
        on_step_over(trial, event->target);
        break;
    case EVENT_LINGER_OVER:
        trial->phase = GV_TRIAL_DONE;
        break;
    }
}

gv_time gv_trial_due(const struct gv_trial *trial) {
    return trial->phase == GV_TRIAL_DONE ? GV_TIME_NEVER : gv_world_due(&trial->world);
}

void gv_trial_advance(struct gv_trial *trial, gv_time now) {
    trace_violations(trial);
    if (now > trial->now) trial->now = now;
    struct gv_world_event event;
    while (trial->phase != GV_TRIAL_DONE &&
           gv_world_next(&trial->world, trial->now + trial->config.slack, &event)) {
        if (trial->config.late != NULL && trial->phase >= GV_TRIAL_MAIN)
            gv_lag_add(trial->config.late, trial->now > event.due ? trial->now - event.due : 0);
        on_event(trial, &event);
        trace_violations(trial);
    }
}

// ---- Life ----

static bool is_cut(void *ctx, const struct gv_net_message *message) {
    const struct gv_trial *trial = ctx;
    return gv_faults_cuts(&trial->faults, message->src, message->dest);
}

struct gv_trial *gv_trial_new(const struct gv_trial_config *config) {
    GV_ASSERT(config->nodes > 0 && config->deliver != NULL);
    GV_ASSERT(!config->nemesis || config->nemesis_interval > 0);
    GV_ASSERT(!config->nemesis || config->scenario == NULL);
    struct gv_trial *trial = gv_memory_new(sizeof *trial);
    uint32_t nodes = config->nodes;
    trial->config = *config;
    trial->started_at = GV_TIME_NEVER;
    gv_world_init(&trial->world, 0);
    gv_net_init(&trial->net, &(struct gv_net_config){
                                 .world = &trial->world,
                                 .event_kind = EVENT_NET,
                                 .nodes = nodes,
                                 .latency = config->latency,
                                 .latency_ms = config->latency_ms,
                                 .wan = config->wan,
                                 .delivery = config->delivery,
                                 .seed = config->seed,
                                 .cut = is_cut,
                                 .cut_ctx = trial,
                                 .trace = config->trace,
                             });
    gv_faults_init(&trial->faults, nodes, config->seed);
    gv_load_init(&trial->load, config->load, config->rate, config->seed);
    gv_history_init(&trial->history);
    gv_keys_init(&trial->keys, config->keys, config->seed, config->digest_key);
    gv_judge_init(&trial->judge, config->load, nodes);
    trial->judge.set.keys = &trial->keys;
    trial->judge.disturbed = config->scenario != NULL;
    trial->judge.availability = config->availability;
    gv_json_init(&trial->json, gv_base_malloc(), TOKENS_MAX, 0);
    trial->workers = gv_memory_new(nodes * sizeof *trial->workers);
    trial->observers = gv_memory_new(nodes * sizeof *trial->observers);
    memset(trial->observers, 0xff, nodes * sizeof *trial->observers);
    gv_fate_init(&trial->fates, nodes);
    trial->muted = gv_memory_new(nodes * sizeof *trial->muted);
    trial->complained = gv_memory_new(nodes * sizeof *trial->complained);
    trial->owed = gv_memory_new(nodes * sizeof *trial->owed);
    trial->greeted_at = gv_memory_new(nodes * sizeof *trial->greeted_at);
    for (uint32_t node = 0; node < nodes; node++) trial->greeted_at[node] = GV_TIME_NEVER;
    trial->stray = gv_memory_new(nodes * sizeof *trial->stray);
    if (config->scenario != NULL) {
        gv_script_init(&trial->script, config->scenario, nodes, config->seed, &trial->faults,
                       &trial->net);
    }
    return trial;
}

void gv_trial_free(struct gv_trial *trial) {
    if (trial == NULL) return;
    gv_script_fini(&trial->script);
    gv_fate_fini(&trial->fates);
    gv_net_fini(&trial->net);
    gv_world_fini(&trial->world);
    gv_faults_fini(&trial->faults);
    gv_history_fini(&trial->history);
    gv_client_fini(&trial->clients);
    gv_judge_fini(&trial->judge);
    gv_keys_fini(&trial->keys);
    gv_envelope_fini(&trial->envelope);
    gv_json_fini(&trial->json);
    free(trial->workers);
    free(trial->ids);
    free(trial->observers);
    free(trial->muted);
    free(trial->complained);
    free(trial->owed);
    free(trial->greeted_at);
    for (uint32_t node = 0; node < trial->config.nodes; node++) free(trial->stray[node]);
    free(trial->stray);
    free(trial);
}

void gv_trial_excuse_value(struct gv_trial *trial, int64_t value) {
    if (gv_load_is_set(trial->config.load)) gv_check_set_excuse(&trial->judge.set, value);
}

void gv_trial_excuse_count(struct gv_trial *trial, bool added, uint64_t amount) {
    if (!gv_load_is_counter(trial->config.load)) return;
    gv_check_counter_excuse(&trial->judge.counter, added, amount);
}

const struct gv_keys *gv_trial_keys(const struct gv_trial *trial) {
    return &trial->keys;
}

struct gv_errors *gv_trial_errors(struct gv_trial *trial) {
    return &trial->judge.errors;
}

bool gv_trial_done(const struct gv_trial *trial) {
    return trial->phase == GV_TRIAL_DONE;
}

size_t gv_trial_held(const struct gv_trial *trial, uint32_t node) {
    GV_ASSERT(node < trial->config.nodes);
    return trial->net.held[node];
}

bool gv_trial_muted(const struct gv_trial *trial, uint32_t node) {
    GV_ASSERT(node < trial->config.nodes);
    return trial->muted[node] != NULL;
}

bool gv_trial_definite(const struct gv_trial *trial) {
    return trial->definite || trial->judge.errors.definite;
}

bool gv_trial_suspects(const struct gv_trial *trial, uint32_t node) {
    GV_ASSERT(node < trial->config.nodes);
    return trial->muted[node] != NULL || trial->complained[node] != 0;
}

struct gv_trial_view gv_trial_view(const struct gv_trial *trial, gv_time now) {
    const struct gv_history *history = &trial->history;
    bool begun = trial->started_at != GV_TIME_NEVER;
    return (struct gv_trial_view){
        .phase = trial->phase,
        .elapsed = begun && now > trial->started_at ? now - trial->started_at : 0,
        .ops = history->len,
        .ok = history->outcomes[GV_HISTORY_OK],
        .failed = history->outcomes[GV_HISTORY_FAIL],
        .unknown = history->outcomes[GV_HISTORY_INFO],
        .waiting = history->outcomes[GV_HISTORY_PENDING],
        .net = &trial->net,
        .faults = &trial->faults,
        .cut_for = trial->faults.active && now > trial->cut_at ? now - trial->cut_at : 0,
        .missing = trial->judge.missing,
        .errors = &trial->judge.errors,
        .observing = trial->judge.convergence.watching,
        .settled = trial->judge.convergence.settled,
    };
}

struct gv_result gv_trial_finish(struct gv_trial *trial) {
    const struct gv_history *history = &trial->history;
    struct gv_result result = {
        .load = trial->config.load,
        .nodes = trial->config.nodes,
        .seed = trial->config.seed,
        .ops = history->len,
        .adds = history->kinds[GV_HISTORY_ADD],
        .reads = history->kinds[GV_HISTORY_READ],
        .ok = history->outcomes[GV_HISTORY_OK],
        .failed = history->outcomes[GV_HISTORY_FAIL],
        .unknown = history->outcomes[GV_HISTORY_INFO] + history->outcomes[GV_HISTORY_PENDING],
        .servers_msgs = trial->net.messages,
        .servers_bytes = trial->net.bytes,
        .counts = trial->net.counts,
        .types = trial->net.types,
        .client_latency = gv_history_latency(history),
        .partitions = trial->cuts,
        .troubles = trial->troubles,
        .shortened = trial->shortened,
        .shortened_line = trial->shortened_line,
        .timeouts = trial->timeouts,
        .patience = GV_TRIAL_CLIENT_TIMEOUT_MS * GV_MS,
        .flight = trial->net.longest,
        .queued = trial->config.delivery == GV_NET_MAELSTROM,
    };
    gv_judge_finish(&trial->judge, &result);
    trace_violations(trial);
    return result;
}
