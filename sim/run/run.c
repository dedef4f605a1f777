// SPDX-License-Identifier: MIT
#include "run.h"

#include "../check/check_protocol.h"
#include "../check/checker.h"
#include "../core/client.h"
#include "../core/envelope.h"
#include "../core/memory.h"
#include "../faults/player.h"
#include "host.h"
#include "silent.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum event { // kinds in the event queue, with the meaning of target and stamp
    EVENT_NET,
    EVENT_TIMEOUT, // client, msg_id of the request
    EVENT_OP,
    EVENT_CUTOFF,
    EVENT_NEMESIS,
    EVENT_OBSERVE, // node, watch
    EVENT_QUIET_OVER,
    EVENT_STEP, // start of a step of the scenario: its number
    EVENT_STEP_OVER,
    EVENT_LINGER_OVER,
    EVENT_FINAL, // worker: its next final operation
};

// Errors reported once for each node; later ones are only counted.
enum reply_error {
    MALFORMED = 1,
    STRAY = 2,
    REPEATED = 4,
    LATE = 8,
    WRONG_CLIENT = 16, // an unexpected reply to another node's client
};

enum {
    NAME_MAX = 16,
    ANSWER_MAX = GV_ENVELOPE_EXCERPT_MAX + 80,
    ASKED_MAX = 200,       // at most this many bytes of a request are shown
    FULL_CHECK_EVERY = 16, // one message in this many is checked in full, if gossip_is_checked
    TOKENS_MAX = 1 << 26,  // maximum number of tokens in a line; enough for the largest read
};

// A thread of Jepsen: it invokes one operation at a time, at one node.
struct worker {
    uint32_t node, client;        // client: its number; another after an unknown outcome
    enum gv_load_request request; // the latest
    struct gv_memory_bytes body;  // of that, without its braces
    size_t finals;                // final operations invoked
    struct gv_load_op next;       // the next final operation, while it waits
};

struct gv_run {
    struct gv_run_config config;
    struct gv_event_queue queue;
    struct gv_net net;
    struct gv_host host;
    struct gv_nemesis nemesis;
    struct gv_load load;
    struct gv_keys keys;
    struct gv_history history;
    struct gv_client_table clients;
    struct gv_verdict_errors errors;
    struct gv_checker checker;
    struct gv_envelope envelope;
    struct gv_json json;
    struct gv_player player; // unused without a scenario
    struct gv_node_fault_table node_faults;

    enum gv_run_phase phase;
    uint32_t waiting;         // nodes that have not answered init or topology
    struct worker *workers;   // worker w sends to node w modulo their number
    uint32_t count;           // of workers, at least one for each node
    uint32_t unfinished;      // workers that may invoke another final operation
    gv_time final_until;      // when final operations end
    uint32_t *observers;      // by node: the client's number
    char *ids;                // all names, as a JSON array without brackets
    const char **quarantined; // by node: the cause; NULL: not quarantined
    uint8_t *reported;        // by node: bits of enum reply_error
    uint32_t *unanswered;     // by node: operations that timed out without a late reply
    gv_time *initialised_at;  // by node: time of init_ok in this incarnation, or NEVER
    char **stray;             // by node: excerpt of the last stray reply; NULL: none
    gv_time now, started_at, cutoff, cut_at;
    gv_time timed_out_at;            // the latest timeout of an operation
    uint64_t timeouts;               // operations that timed out at nodes without a fault
    enum gv_check_stats_cause cause; // cause of the completion in progress
    bool lingering;                  // all operations are complete; late replies are awaited
    bool blocked;                    // an operation is due, and every client is busy
    uint64_t cuts;
    uint64_t fault_periods;  // starts of a fault while no other was active
    uint64_t shortened;      // faults cut short by the end of the operations
    unsigned shortened_line; // line of the first such fault in the scenario
    uint64_t watches;  // number of the current watch; observations for earlier watches are dropped
    size_t violations; // errors traced so far
    uint64_t client_msgs; // requests and replies of clients other than observers
};

static void schedule(struct gv_run *run, gv_time due, enum event kind, uint32_t target,
                     uint64_t stamp) {
    gv_event_queue_schedule(&run->queue, due, kind, target, stamp, NULL);
}

// ---- Requests ----

// Sends a client's request. The body is given without its braces.
static void request(struct gv_run *run, uint32_t number, enum gv_client_wait wait, const char *body,
                    size_t len) {
    struct gv_client *client = &run->clients.clients[number];
    GV_ASSERT(client->open && client->wait == GV_CLIENT_IDLE);
    client->wait = wait;
    client->msg_id++;
    gv_envelope_open(&run->envelope, 'c', number, client->node);
    gv_memory_append(&run->envelope.line, "{", 1);
    gv_memory_append(&run->envelope.line, body, len);
    char tail[48];
    int size = snprintf(tail, sizeof tail, ",\"msg_id\":%" PRIu64 "}}\n", client->msg_id);
    gv_memory_append(&run->envelope.line, tail, (size_t)size);
    gv_trace_line(run->config.trace, run->now, GV_TRACE_REQUEST, gv_envelope_line(&run->envelope),
                  NULL);

    gv_time timeout = wait == GV_CLIENT_WAIT_INIT ? GV_RUN_INIT_TIMEOUT_MS * GV_MS
                                                  : GV_RUN_CLIENT_TIMEOUT_MS * GV_MS;
    schedule(run, run->now + timeout, EVENT_TIMEOUT, number, client->msg_id);
    run->client_msgs += client->role != GV_CLIENT_OBSERVER;
    bool setup = wait == GV_CLIENT_WAIT_INIT || wait == GV_CLIENT_WAIT_TOPOLOGY;
    if (client->role == GV_CLIENT_OBSERVER || setup) {
        // An observer must not delay the messages that it observes, so it bypasses the queues. Init
        // and topology bypass them, too, since their lines would fill a queue in large clusters.
        run->config.deliver(run->config.ctx, GV_NET_CLIENT, client->node, run->envelope.line.data,
                            run->envelope.line.len);
        return;
    }
    gv_net_send(&run->net, run->now, GV_NET_CLIENT, client->node, (struct gv_slice){0}, 0,
                gv_envelope_line(&run->envelope));
}

// ---- Errors ----

// Traces the errors that were added since the last call. It is called after each event, since the
// driver adds errors too.
static void trace_violations(struct gv_run *run) {
    const struct gv_verdict_errors *errors = &run->errors;
    for (; run->violations < errors->kept; run->violations++)
        gv_trace_text(run->config.trace, run->now, GV_TRACE_VIOLATION,
                      errors->texts[run->violations]);
}

static void complain(struct gv_run *run, uint32_t node, enum reply_error what, struct gv_slice line,
                     const char *why) {
    if (what != LATE) run->errors.conclusive = true;
    if ((run->reported[node] & what) != 0) {
        run->errors.count++;
        return;
    }
    enum gv_verdict_kind kind = what == MALFORMED                       ? GV_VERDICT_MALFORMED_REPLY
                                : what == STRAY || what == WRONG_CLIENT ? GV_VERDICT_STRAY_REPLY
                                : what == REPEATED                      ? GV_VERDICT_ANSWERED_TWICE
                                                                        : GV_VERDICT_LATE_REPLY;
    char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    run->reported[node] |= (uint8_t)what;
    gv_verdict_add(&run->errors, kind, "n%u printed a line that %s. The line: %s", node, why,
                   gv_envelope_excerpt(line, shown));
}

static void end_now(struct gv_run *run) {
    run->phase = GV_RUN_DONE;
    gv_checker_cut_short(&run->checker);
    trace_violations(run);
}

void gv_run_fail(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...) {
    if (run->phase == GV_RUN_DONE) return; // later errors are consequences of the first
    va_list args;
    va_start(args, format);
    gv_verdict_add_list(&run->errors, kind, format, args);
    va_end(args);
    end_now(run);
}

// The requests that a node has not answered, as the end of a sentence.
static void describe_unanswered(struct gv_run *run, uint32_t node, char buf[ANSWER_MAX]) {
    buf[0] = '\0';
    for (size_t i = 0; i < run->clients.len; i++) {
        const struct gv_client *client = &run->clients.clients[i];
        if (client->node != node || !client->open) continue;
        if (client->wait == GV_CLIENT_WAIT_INIT) {
            snprintf(buf, ANSWER_MAX, ", before it answered init");
        } else if (client->wait == GV_CLIENT_WAIT_TOPOLOGY) {
            snprintf(buf, ANSWER_MAX, ", before it answered topology");
        } else if (client->wait == GV_CLIENT_WAIT_OP) {
            const struct gv_memory_bytes *body = &run->workers[client->worker].body;
            int len = body->len < ASKED_MAX ? (int)body->len : ASKED_MAX;
            snprintf(buf, ANSWER_MAX, ", before it answered {%.*s}", len, body->data);
        }
    }
}

// config.describe, or an empty text.
static bool describe(const struct gv_run *run, uint32_t node, char buf[GV_SILENT_DESCRIPTION_MAX]) {
    buf[0] = '\0';
    return run->config.describe != NULL &&
           run->config.describe(run->config.ctx, node, buf, GV_SILENT_DESCRIPTION_MAX);
}

void gv_run_died(struct gv_run *run, uint32_t node, const char *how) {
    GV_ASSERT(node < run->config.nodes);
    char unanswered[ANSWER_MAX], description[GV_SILENT_DESCRIPTION_MAX];
    describe_unanswered(run, node, unanswered);
    describe(run, node, description);
    gv_run_fail(run, GV_VERDICT_NODE_DIED, "n%u: %s%s%s%s", node, how, unanswered,
                description[0] != '\0' ? "; " : "", description);
}

void gv_run_object(struct gv_run *run, enum gv_verdict_kind kind, const char *format, ...) {
    va_list args;
    va_start(args, format);
    gv_verdict_add_list(&run->errors, kind, format, args);
    va_end(args);
    trace_violations(run);
}

// ---- Operations ----

static void complete(struct gv_run *run, uint32_t number, enum gv_history_outcome outcome,
                     int token, const char *answer);

// Sends the next request of a worker's operation, or completes it if it needs none.
static void proceed(struct gv_run *run, uint32_t w) {
    struct worker *worker = &run->workers[w];
    const struct gv_history_op *op = &run->history.ops[run->clients.clients[worker->client].op];
    worker->body.len = 0;
    worker->request = gv_load_next_request(&run->load, w, &run->keys, op, &worker->body);
    if (worker->request == GV_LOAD_NO_REQUEST) {
        bool crash = op->kind == GV_HISTORY_CRASH;
        complete(run, worker->client, crash ? GV_HISTORY_INFO : GV_HISTORY_OK, 0,
                 crash ? "was not asked" : NULL);
        return;
    }
    request(run, worker->client, GV_CLIENT_WAIT_OP, worker->body.data, worker->body.len);
}

static void invoke(struct gv_run *run, uint32_t w, struct gv_load_op op, bool final) {
    const struct worker *worker = &run->workers[w];
    size_t number =
        gv_history_invoke(&run->history, run->now, op.kind, worker->node, op.value, final);
    gv_history_describe(&run->history, number, worker->client, op.content);
    run->clients.clients[worker->client].op = number;
    gv_checker_invoke(&run->checker, &run->history.ops[number]);
    proceed(run, w);
}

// Gives the next operation to a free client. False if every client is busy.
static bool issue(struct gv_run *run) {
    uint32_t first = gv_load_pick(&run->load, run->count);
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t w = (first + i) % run->count;
        if (run->clients.clients[run->workers[w].client].wait != GV_CLIENT_IDLE) continue;
        gv_load_turn_taken(&run->load, run->count);
        invoke(run, w, gv_load_next(&run->load), false);
        return true;
    }
    return false;
}

static void issue_at(struct gv_run *run, gv_time due) {
    run->blocked = false;
    if (due >= run->cutoff) return;
    if (!issue(run)) {
        run->blocked = true; // until a client is free; the gap starts then
        return;
    }
    gv_time gap = gv_load_gap(&run->load);
    if (gap == GV_TIME_NEVER) return;
    // As in Jepsen, a late operation delays the later ones: the gap starts when the operation is
    // sent, unless it is late by timer granularity only.
    if (run->now > due + 2 * run->config.slack) due = run->now;
    if (run->config.delivery == GV_NET_MAELSTROM) due += GV_LOAD_JEPSEN_DELAY;
    schedule(run, due + gap, EVENT_OP, 0, 0);
}

// Starts to observe all nodes, until they agree. Nodes that call services are not observed: what
// they ask to answer an observer would show them newer states of seq-kv.
static void watch(struct gv_run *run, bool healing) {
    if (!gv_load_is_observable(run->config.load) || run->net.service_messages > 0) return;
    gv_checker_watch(&run->checker, run->now, run->history.next_index, healing);
    run->watches++;
    for (uint32_t node = 0; node < run->config.nodes; node++) {
        schedule(run, run->now, EVENT_OBSERVE, node, run->watches);
    }
}

static void heal(struct gv_run *run) {
    if (run->player.scenario == NULL) {
        gv_nemesis_stop(&run->nemesis);
        gv_trace_fault(run->config.trace, run->now, GV_TRACE_FAULT_END, run->fault_periods, NULL);
    }
    watch(run, true);
}

static void begin_fault_period(struct gv_run *run) {
    gv_checker_stop_watching(&run->checker);
    run->watches++;
    run->cut_at = run->now;
    run->fault_periods++;
}

// ---- The scenario ----

static void send_init(struct gv_run *run, uint32_t node) {
    size_t cap = strlen(run->ids) + 96;
    char *body = gv_memory_new(cap);
    int len = snprintf(body, cap, "\"type\":\"init\",\"node_id\":\"n%u\",\"node_ids\":[%s]", node,
                       run->ids);
    uint32_t client = gv_client_open(&run->clients, GV_CLIENT_INIT, node);
    request(run, client, GV_CLIENT_WAIT_INIT, body, (size_t)len);
    free(body);
}

static void apply_step(struct gv_run *run, const struct gv_scenario_step *step, bool begins) {
    enum gv_node_fault fault;
    if (!gv_node_fault_of(step, begins, &fault)) return;
    for (uint32_t node = 0; node < run->config.nodes; node++) {
        if (!gv_scenario_has(step, 0, node) || !gv_node_fault_apply(&run->node_faults, node, fault))
            continue;
        if (fault == GV_NODE_FAULT_CRASH) gv_checker_reset(&run->checker, node);
        if (fault == GV_NODE_FAULT_CRASH) run->initialised_at[node] = GV_TIME_NEVER;
        run->config.apply_fault(run->config.ctx, node, fault, step);
        if (fault == GV_NODE_FAULT_RESTART) send_init(run, node);
    }
}

static void end_step(struct gv_run *run, size_t index) {
    if (!run->player.steps[index].active) return;
    gv_player_end(&run->player, index);
    gv_trace_fault(run->config.trace, run->now, GV_TRACE_FAULT_END, index, NULL);
    apply_step(run, &run->config.scenario->steps[index], false);
}

static void on_step_over(struct gv_run *run, size_t index) {
    bool disturbed = run->nemesis.active;
    end_step(run, index);
    if (disturbed && !run->nemesis.active && run->phase == GV_RUN_MAIN) heal(run);
}

// Traces the start of a fault: the step of this number, or the partition of the nemesis.
static void trace_fault(struct gv_run *run, uint64_t number) {
    char text[GV_PLAYER_TEXT_MAX];
    if (run->config.scenario != NULL) {
        gv_player_describe(&run->player, number, text, sizeof text);
    } else {
        gv_nemesis_describe(&run->nemesis, text, sizeof text);
    }
    gv_trace_fault(run->config.trace, run->now, GV_TRACE_FAULT_BEGIN, number, text);
}

static void on_step(struct gv_run *run, const struct gv_event *event) {
    if (run->phase != GV_RUN_MAIN) return;
    const struct gv_scenario_step *step = &run->config.scenario->steps[event->target];
    if (!run->nemesis.active) begin_fault_period(run);
    if (gv_player_begin(&run->player, event->target)) {
        run->cuts += step->kind == GV_SCENARIO_CUT;
        trace_fault(run, event->target);
    }
    apply_step(run, step, true);
    if (step->lasts == 0) {
        on_step_over(run, event->target);
    } else if (step->lasts != GV_TIME_NEVER) {
        schedule(run, event->due + step->lasts, EVENT_STEP_OVER, event->target, 0);
    }
    gv_time next = event->due + step->every;
    bool again = step->every > 0 && next < run->cutoff &&
                 (step->until == GV_TIME_NEVER || next < run->started_at + step->until);
    if (again) schedule(run, next, EVENT_STEP, event->target, 0);
}

// Called when all operations are complete. If a node still owes the reply to an operation that
// timed out, the run waits for one client timeout after that. It does not wait if it has a
// scenario, since a fault may have destroyed the reply.
static void finish_or_linger(struct gv_run *run) {
    gv_time until = run->timed_out_at + GV_RUN_CLIENT_TIMEOUT_MS * GV_MS;
    bool owed = false;
    for (uint32_t node = 0; node < run->config.nodes; node++) {
        owed = owed || (run->unanswered[node] > 0 && run->quarantined[node] == NULL);
    }
    if (!owed || run->config.scenario != NULL || until <= run->now) {
        run->phase = GV_RUN_DONE;
        return;
    }
    if (run->lingering) return;
    run->lingering = true;
    schedule(run, until, EVENT_LINGER_OVER, 0, 0);
}

// Ends all faults. Called when the last operation before the final reads is complete.
static void end_faults(struct gv_run *run) {
    bool disturbed = run->nemesis.active;
    for (size_t i = 0; run->config.scenario != NULL && i < run->config.scenario->len; i++) {
        const struct gv_scenario_step *step = &run->config.scenario->steps[i];
        bool early = run->player.steps[i].active && step->lasts != GV_TIME_NEVER;
        if (early && run->shortened++ == 0) run->shortened_line = step->line;
        end_step(run, i);
    }
    if (disturbed) {
        heal(run);
    } else if (!gv_checker_is_watching(&run->checker)) {
        watch(run, false);
    }
    if (!gv_load_converges(run->config.load)) {
        finish_or_linger(run);
        return;
    }
    run->phase = GV_RUN_QUIET;
    gv_trace_text(run->config.trace, run->now, GV_TRACE_PHASE, "quiet");
    schedule(run, run->now + run->config.quiet, EVENT_QUIET_OVER, 0, 0);
}

static void open_client(struct gv_run *run, uint32_t w) {
    struct worker *worker = &run->workers[w];
    worker->client = gv_client_open(&run->clients, GV_CLIENT_WORKER, worker->node);
    run->clients.clients[worker->client].worker = w;
}

// Invokes a worker's next final operation, or schedules it.
static void proceed_to_final(struct gv_run *run, uint32_t w) {
    struct worker *worker = &run->workers[w];
    gv_time wait = 0;
    bool more = worker->finals == 0 ||
                (run->now < run->final_until && run->quarantined[worker->node] == NULL);
    if (!more || !gv_load_final(&run->load, w, worker->finals, &worker->next, &wait)) {
        if (--run->unfinished == 0) finish_or_linger(run);
        return;
    }
    worker->finals++;
    if (wait == 0) {
        invoke(run, w, worker->next, true);
    } else {
        GV_ASSERT(worker->next.content.len == 0); // it is borrowed
        schedule(run, run->now + wait, EVENT_FINAL, w, 0);
    }
}

// Completes the operation that a client waits for. `token`: the payload of the reply, if it
// succeeded; `answer`: what the node did instead, if not.
static void complete(struct gv_run *run, uint32_t number, enum gv_history_outcome outcome,
                     int token, const char *answer) {
    struct gv_client *client = &run->clients.clients[number];
    uint32_t w = client->worker;
    gv_history_complete(&run->history, run->now, client->op, outcome);
    const struct gv_history_op *op = &run->history.ops[client->op];
    client->wait = GV_CLIENT_IDLE;
    if (outcome == GV_HISTORY_INFO) {
        // As in Jepsen, a client whose operation has an unknown outcome is replaced.
        client->open = false;
        open_client(run, w);
    }

    gv_load_end(&run->load, w, op);
    gv_checker_complete(&run->checker, op, &run->json, token, answer, run->cause);
    gv_checker_acknowledged(&run->checker, op, run->config.has_value, run->config.ctx);
    if (run->phase == GV_RUN_MAIN && run->blocked) issue_at(run, run->now);
    if (run->phase == GV_RUN_FINAL) proceed_to_final(run, w);
    if (run->phase == GV_RUN_DRAIN && run->history.outcomes[GV_HISTORY_PENDING] == 0)
        end_faults(run);
}

// The outcome of an operation without a valid reply.
static enum gv_history_outcome without_reply(const struct gv_run *run, size_t op) {
    const struct gv_load_class *class = gv_load_class(run->config.load);
    bool harmless = class->idempotent != NULL && class->idempotent(run->history.ops[op].kind);
    return harmless ? GV_HISTORY_FAIL : GV_HISTORY_INFO;
}

// Completes an operation whose client timed out.
static void give_up(struct gv_run *run, uint32_t number) {
    struct gv_client *client = &run->clients.clients[number];
    uint32_t node = client->node;
    gv_time asked_at = run->history.ops[client->op].invoked_at;
    const char *answer = "answered nothing within 5 s";
    run->cause = GV_CHECK_STATS_FAULTED;
    if (run->node_faults.crashes[node] > 0) {
        answer = "was down";
    } else if (run->initialised_at[node] == GV_TIME_NEVER) {
        answer = "got the request before it answered init, after a crash";
    } else if (asked_at < run->initialised_at[node]) {
        answer = "was down, or crashed, before it answered";
    } else if (run->node_faults.pauses[node] > 0) {
        answer = "was paused";
    } else {
        run->cause = GV_CHECK_STATS_LATE;
    }
    char unheard[96];
    if (run->quarantined[node] != NULL) {
        snprintf(unheard, sizeof unheard, "was ignored after %s", run->quarantined[node]);
        answer = unheard;
    }
    gv_client_time_out(client);
    run->unanswered[node]++;
    run->timed_out_at = run->now;
    run->timeouts += run->cause == GV_CHECK_STATS_LATE && run->quarantined[node] == NULL;
    complete(run, number, without_reply(run, client->op), 0, answer);
    run->cause = GV_CHECK_STATS_REPLY;
}

// In GV_RUN_DRAIN and later phases, does not wait for replies of quarantined nodes.
static void give_up_on_quarantined(struct gv_run *run) {
    for (uint32_t w = 0; w < run->count; w++) {
        const struct worker *worker = &run->workers[w];
        if (run->quarantined[worker->node] == NULL || run->phase < GV_RUN_DRAIN) continue;
        const struct gv_client *client = &run->clients.clients[worker->client];
        if (client->wait != GV_CLIENT_WAIT_OP) continue;
        give_up(run, worker->client);
    }
    if (run->lingering) finish_or_linger(run);
}

// The setup request that a node has not answered and needs before operations; NULL: none.
static const char *lacks(const struct gv_run *run, uint32_t node) {
    if (run->initialised_at[node] == GV_TIME_NEVER) return "init";
    if (run->phase != GV_RUN_TOPOLOGY) return NULL;
    const struct gv_client *worker = &run->clients.clients[run->workers[node].client];
    return worker->wait == GV_CLIENT_WAIT_TOPOLOGY ? "topology" : NULL;
}

static enum gv_verdict_kind unanswered_kind(const char *what) {
    return strcmp(what, "init") == 0 ? GV_VERDICT_NO_INIT_OK : GV_VERDICT_NO_TOPOLOGY_OK;
}

// Ends a run whose setup waits for a quarantined node.
static void fail_if_awaited(struct gv_run *run, uint32_t node) {
    const char *what = run->phase < GV_RUN_MAIN ? lacks(run, node) : NULL;
    if (run->quarantined[node] == NULL || what == NULL) return;
    gv_run_fail(run, unanswered_kind(what), "n%u can no longer answer %s", node, what);
}

// Does not wait for a node that has been quarantined.
static void stop_awaiting(struct gv_run *run, uint32_t node) {
    fail_if_awaited(run, node);
    give_up_on_quarantined(run);
}

static void quarantine(struct gv_run *run, uint32_t node, struct gv_slice line, const char *why) {
    char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    run->quarantined[node] = "its bad line";
    run->errors.conclusive = true;
    gv_verdict_add(&run->errors, GV_VERDICT_BAD_LINE,
                   "n%u printed a line that %s; gvsim, as Maelstrom, ignores the node from "
                   "here on%s. The line: %s",
                   node, why,
                   !gv_check_protocol_resembles_message(line)
                       ? ". Print everything but messages to standard error"
                       : "",
                   gv_envelope_excerpt(line, shown));
    stop_awaiting(run, node);
}

void gv_run_closed(struct gv_run *run, uint32_t node) {
    GV_ASSERT(node < run->config.nodes);
    if (run->phase == GV_RUN_DONE || run->quarantined[node] != NULL) return;
    run->quarantined[node] = "it closed its standard output";
    run->errors.conclusive = true;
    gv_run_object(run, GV_VERDICT_STREAM_CLOSED,
                  "n%u closed its standard output and still runs: it can send nothing more", node);
    stop_awaiting(run, node);
}

// ---- Phases ----

static void start_main(struct gv_run *run) {
    run->phase = GV_RUN_MAIN;
    gv_trace_text(run->config.trace, run->now, GV_TRACE_PHASE, "main");
    run->started_at = run->now;
    run->cutoff = run->now + run->config.time_limit;
    schedule(run, run->cutoff, EVENT_CUTOFF, 0, 0);
    // As in Jepsen, the first operation and the first partition happen immediately.
    if (run->config.nemesis) {
        schedule(run, run->now, EVENT_NEMESIS, 0, 0);
    }
    for (size_t i = 0; run->config.scenario != NULL && i < run->config.scenario->len; i++) {
        schedule(run, run->now + run->config.scenario->steps[i].at, EVENT_STEP, (uint32_t)i, 0);
    }
    if (run->config.rate > 0) schedule(run, run->now, EVENT_OP, 0, 0);
}

static void start_topology(struct gv_run *run) {
    uint32_t nodes = run->config.nodes;
    for (uint32_t w = 0; w < run->count; w++) open_client(run, w);
    if (run->config.load != GV_LOAD_BROADCAST) {
        start_main(run);
        return;
    }
    run->phase = GV_RUN_TOPOLOGY;
    run->waiting = nodes;
    size_t len;
    char *body = gv_topology_request(run->config.topology, nodes, &len);
    for (uint32_t node = 0; node < nodes; node++) {
        request(run, run->workers[node].client, GV_CLIENT_WAIT_TOPOLOGY, body, len);
    }
    free(body);
    for (uint32_t node = 0; node < nodes; node++) fail_if_awaited(run, node);
}

void gv_run_start(struct gv_run *run, gv_time now) {
    GV_ASSERT(run->phase == GV_RUN_INIT && run->waiting == 0);
    run->now = now;
    gv_event_queue_init(&run->queue, now);
    uint32_t nodes = run->config.nodes;
    size_t cap = 96 + (size_t)nodes * NAME_MAX, len = 0;
    run->ids = gv_memory_new(cap);
    for (uint32_t node = 0; node < nodes; node++) {
        len += (size_t)snprintf(run->ids + len, cap - len, "%s\"n%u\"", node > 0 ? "," : "", node);
    }
    run->waiting = nodes;
    for (uint32_t node = 0; node < nodes; node++) send_init(run, node);
    gv_run_advance(run, now);
}

// ---- Lines from nodes ----

static void on_setup(struct gv_run *run, uint32_t number, struct gv_slice line, int body) {
    struct gv_client *client = &run->clients.clients[number];
    bool init = client->wait == GV_CLIENT_WAIT_INIT;
    char why[GV_CHECK_PROTOCOL_WHY_MAX], shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    client->wait = GV_CLIENT_IDLE;
    if (gv_check_protocol_reply(&run->json, body, init ? GV_LOAD_INIT : GV_LOAD_TOPOLOGY, why) <
        0) {
        run->errors.conclusive = true;
        gv_run_fail(run, GV_VERDICT_MALFORMED_REPLY,
                    "n%u did not answer %s with %s_ok, but with a line that %s. The line: %s",
                    client->node, init ? "init" : "topology", init ? "init" : "topology", why,
                    gv_envelope_excerpt(line, shown));
        return;
    }
    if (init) client->open = false;
    if (init) run->initialised_at[client->node] = run->now;
    if (run->phase >= GV_RUN_MAIN) return; // the node was restarted
    if (--run->waiting > 0) return;
    (init ? start_topology : start_main)(run);
}

static void describe_answer(const struct gv_run *run, int body, char answer[ANSWER_MAX],
                            char shown[GV_ENVELOPE_EXCERPT_MAX + 8]) {
    snprintf(answer, ANSWER_MAX, "answered %s",
             gv_envelope_excerpt(gv_json_raw(&run->json, body), shown));
}

static void on_op_reply(struct gv_run *run, uint32_t number, uint32_t node, struct gv_slice line,
                        int body) {
    size_t op = run->clients.clients[number].op;
    int type = gv_json_member(&run->json, body, "type");
    char why[GV_CHECK_PROTOCOL_WHY_MAX], answer[ANSWER_MAX], shown[GV_ENVELOPE_EXCERPT_MAX + 8];
    if (type >= 0 && gv_json_equals(&run->json, type, "error")) {
        bool definite;
        if (gv_check_protocol_error(&run->json, body, &definite, why) < 0)
            complain(run, node, MALFORMED, line, why);
        describe_answer(run, body, answer, shown);
        if (gv_check_protocol_timeout(&run->json, body)) run->cause = GV_CHECK_STATS_LATE;
        complete(run, number, definite ? GV_HISTORY_FAIL : without_reply(run, op), 0, answer);
        run->cause = GV_CHECK_STATS_REPLY;
        return;
    }
    uint32_t w = run->clients.clients[number].worker;
    enum gv_load_request asked = run->workers[w].request;
    int token = gv_check_protocol_reply(&run->json, body, asked, why);
    if (token >= 0) {
        const struct gv_history_op *taken = &run->history.ops[op];
        gv_checker_reply(&run->checker, taken, asked, run->now, &run->json, token);
        run->clients.clients[number].wait = GV_CLIENT_IDLE;
        if (gv_load_reply(&run->load, w, taken, asked, &run->json, token)) {
            proceed(run, w);
        } else {
            complete(run, number, GV_HISTORY_OK, token, NULL);
        }
        return;
    }
    complain(run, node, MALFORMED, line, why);
    describe_answer(run, body, answer, shown);
    complete(run, number, GV_HISTORY_INFO, 0, answer);
}

static void on_observation(struct gv_run *run, uint32_t number, uint32_t node, int body) {
    run->clients.clients[number].wait = GV_CLIENT_IDLE;
    schedule(run, run->now + GV_RUN_OBSERVE_MS * GV_MS, EVENT_OBSERVE, node, run->watches);
    char why[GV_CHECK_PROTOCOL_WHY_MAX];
    enum gv_load_request asked = gv_load_request_of(run->config.load, GV_HISTORY_READ);
    int token = gv_check_protocol_reply(&run->json, body, asked, why);
    if (token < 0 || !gv_checker_is_watching(&run->checker)) return;
    gv_checker_observe(&run->checker, run->now, node, &run->json, token);
}

// Handles a reply that no client waits for. As in Maelstrom, one to a closed client quarantines the
// node. Maelstrom ignores the others.
static void on_unexpected(struct gv_run *run, uint32_t node, uint32_t number,
                          enum gv_client_reply what, struct gv_slice line, int body) {
    const struct gv_client *client = &run->clients.clients[number];
    uint32_t asked = client->node;
    if (what == GV_CLIENT_REPLY_LATE) {
        if (client->role == GV_CLIENT_WORKER && run->unanswered[asked] > 0)
            run->unanswered[asked]--;
        // Faults delay replies, so a late reply is not an error.
        if (run->config.scenario != NULL || client->role == GV_CLIENT_OBSERVER) return;
    }
    // An observer remembers its last requests only.
    if (what == GV_CLIENT_REPLY_REPEATED && client->role == GV_CLIENT_OBSERVER) return;
    char why[GV_CHECK_PROTOCOL_WHY_MAX];
    if (asked != node && what != GV_CLIENT_REPLY_LATE) {
        snprintf(why, sizeof why, "goes to c%u, a client of n%u, not of n%u%s", number, asked, node,
                 what == GV_CLIENT_REPLY_STRAY ? ", and answers none of its requests"
                                               : ", which waits for no reply");
        if (!client->open) quarantine(run, node, line, why);
        if (client->open) complain(run, node, WRONG_CLIENT, line, why);
    } else if (!client->open) {
        snprintf(why, sizeof why, "goes to a closed client, %s",
                 what == GV_CLIENT_REPLY_LATE       ? "which waited 5 s for a reply"
                 : what == GV_CLIENT_REPLY_REPEATED ? "which had its reply: the node answers twice"
                                                    : "and answers none of its requests");
        bool conclusive = run->errors.conclusive; // gvsim may have delayed the reply
        quarantine(run, node, line, why);
        if (what == GV_CLIENT_REPLY_LATE) run->errors.conclusive = conclusive;
    } else if (what == GV_CLIENT_REPLY_STRAY) {
        char shown[GV_ENVELOPE_EXCERPT_MAX + 8];
        free(run->stray[node]);
        gv_envelope_excerpt(line, shown);
        run->stray[node] = gv_memory_copy(shown, strlen(shown));
        gv_check_protocol_stray(&run->json, body, number, client->msg_id, why);
        complain(run, node, STRAY, line, why);
    } else if (what == GV_CLIENT_REPLY_REPEATED) {
        complain(run, node, REPEATED, line, "answers a request for the second time");
    } else {
        complain(run, node, LATE, line, "comes after the client's timeout of 5 s");
    }
    if (run->lingering) finish_or_linger(run);
}

static void on_reply(struct gv_run *run, uint32_t node, uint32_t number, struct gv_slice line,
                     int body) {
    struct gv_client *client = &run->clients.clients[number];
    uint64_t in_reply_to = 0; // none: a client's first msg_id is 1
    int token = gv_json_member(&run->json, body, "in_reply_to");
    if (token < 0 || gv_json_u64(&run->json, token, &in_reply_to) != 0) in_reply_to = 0;
    enum gv_client_reply what = gv_client_match(client, in_reply_to);
    if (what != GV_CLIENT_REPLY_EXPECTED) {
        on_unexpected(run, node, number, what, line, body);
        return;
    }
    switch (client->wait) {
    case GV_CLIENT_IDLE:
        break;
    case GV_CLIENT_WAIT_INIT:
    case GV_CLIENT_WAIT_TOPOLOGY:
        on_setup(run, number, line, body);
        break;
    case GV_CLIENT_WAIT_OP:
        on_op_reply(run, number, node, line, body);
        break;
    case GV_CLIENT_WAIT_OBSERVATION:
        on_observation(run, number, client->node, body);
        break;
    }
}

static void pass_on(struct gv_run *run, uint32_t node, uint32_t dest, struct gv_slice body,
                    struct gv_slice type, size_t size) {
    gv_envelope_open(&run->envelope, 'n', node, dest);
    gv_memory_append(&run->envelope.line, body.data, body.len);
    gv_memory_append(&run->envelope.line, "}\n", 2);
    gv_trace_send(run->config.trace, run->now, gv_envelope_line(&run->envelope), type, size);
    gv_net_send(&run->net, run->now, node, dest, type, size, gv_envelope_line(&run->envelope));
}

static void route(struct gv_run *run, uint32_t node, struct gv_slice text) {
    struct gv_check_protocol_gossip gossip;
    bool quick = run->config.gossip_is_checked && run->net.messages % FULL_CHECK_EVERY != 0;
    if (quick && gv_check_protocol_gossip(text, &gossip) && gossip.src == node &&
        gossip.dest < run->config.nodes) {
        pass_on(run, node, gossip.dest, gossip.body, gossip.type, text.len);
        return;
    }
    struct gv_check_protocol_line line;
    char why[GV_CHECK_PROTOCOL_WHY_MAX], name[NAME_MAX];
    struct gv_json *json = &run->json;
    if (gv_check_protocol_line(json, text, &line, why) < 0) {
        quarantine(run, node, text, why);
        return;
    }
    int len = gv_json_unescape(json, line.src, name, sizeof name);
    struct gv_slice src = gv_slice_of(name, len < 0 ? 0 : (size_t)len);
    if (gv_client_number(src, 'n') != (int64_t)node) {
        quarantine(run, node, text, "names another node as its src");
        return;
    }
    len = gv_json_unescape(json, line.dest, name, sizeof name);
    struct gv_slice dest = gv_slice_of(name, len < 0 ? 0 : (size_t)len);
    int64_t other = gv_client_number(dest, 'n');
    if (other >= 0 && other < (int64_t)run->config.nodes) {
        struct gv_slice body = gv_json_raw(json, line.body), type = {0};
        if (line.type >= 0) type = gv_json_string(json, line.type);
        pass_on(run, node, (uint32_t)other, body, type, text.len);
        return;
    }
    int service = gv_service_find(dest);
    if (service >= 0) {
        struct gv_slice type = {0};
        if (line.type >= 0) type = gv_json_string(json, line.type);
        gv_host_send(&run->host, run->now, node, (enum gv_service_kind)service,
                     gv_json_raw(json, line.body), type, text.len);
        return;
    }
    int64_t client = gv_client_find(&run->clients, dest);
    if (client < 0) {
        gv_check_protocol_unknown_dest(dest, why);
        quarantine(run, node, text, why);
        return;
    }
    run->client_msgs += run->clients.clients[client].role != GV_CLIENT_OBSERVER;
    struct gv_slice type = line.type >= 0 ? gv_json_string(json, line.type) : (struct gv_slice){0};
    gv_trace_reply(run->config.trace, run->now, node, (uint32_t)client, type,
                   gv_json_raw(json, line.body));
    on_reply(run, node, (uint32_t)client, text, line.body);
}

void gv_run_line(struct gv_run *run, gv_time now, uint32_t node, struct gv_slice line) {
    GV_ASSERT(node < run->config.nodes);
    if (run->phase == GV_RUN_DONE || run->quarantined[node] != NULL) return;
    if (now > run->now) run->now = now;
    route(run, node, line);
    gv_run_advance(run, now);
}

// ---- Time ----

static void describe_instead(struct gv_run *run, uint32_t node, char buf[GV_SILENT_INSTEAD_MAX]) {
    char description[GV_SILENT_DESCRIPTION_MAX];
    const char *stray = run->stray[node];
    bool silent = describe(run, node, description);
    snprintf(buf, GV_SILENT_INSTEAD_MAX, "%s%s%s%s%s",
             silent ? "; nothing came on standard output: is it flushed after every line?" : "",
             stray != NULL ? ", but printed " : "", stray != NULL ? stray : "",
             description[0] != '\0' ? "; " : "", description);
}

// Ends the run with an error that names the nodes that have not answered.
static void fail_setup(struct gv_run *run, const char *what, int seconds) {
    struct gv_silent all[GV_SILENT_KINDS + 1] = {0};
    char instead[GV_SILENT_INSTEAD_MAX];
    for (uint32_t node = 0; node < run->config.nodes; node++) {
        const char *lacking = lacks(run, node);
        if (lacking == NULL || strcmp(lacking, what) != 0) continue;
        describe_instead(run, node, instead);
        gv_silent_add(all, node, instead);
    }
    for (size_t kind = 0; kind <= GV_SILENT_KINDS; kind++) {
        const struct gv_silent *silent = &all[kind];
        char more[32] = "";
        if (silent->count == 0) continue;
        if (silent->count > GV_SILENT_NAMED)
            snprintf(more, sizeof more, " and %u more", silent->count - GV_SILENT_NAMED);
        gv_run_object(run, unanswered_kind(what), "%s%s did not answer %s within %d s%s",
                      silent->names, more, what, seconds, silent->instead);
    }
    end_now(run);
}

static void on_timeout(struct gv_run *run, const struct gv_event *event) {
    struct gv_client *client = &run->clients.clients[event->target];
    if (!client->open || client->msg_id != event->stamp) return;
    switch (client->wait) {
    case GV_CLIENT_IDLE:
        break;
    case GV_CLIENT_WAIT_INIT:
        // The node may have crashed or been paused meanwhile.
        if (run->phase >= GV_RUN_MAIN && run->config.scenario != NULL) break;
        fail_setup(run, "init", GV_RUN_INIT_TIMEOUT_MS / 1000);
        break;
    case GV_CLIENT_WAIT_TOPOLOGY:
        fail_setup(run, "topology", GV_RUN_CLIENT_TIMEOUT_MS / 1000);
        break;
    case GV_CLIENT_WAIT_OP:
        give_up(run, event->target);
        break;
    case GV_CLIENT_WAIT_OBSERVATION:
        gv_client_time_out(client);
        client->wait = GV_CLIENT_IDLE;
        schedule(run, run->now, EVENT_OBSERVE, client->node, run->watches);
        break;
    }
}

static void on_nemesis(struct gv_run *run, gv_time due) {
    if (run->phase != GV_RUN_MAIN) return;
    if (run->nemesis.active) {
        heal(run);
    } else {
        gv_nemesis_start_any(&run->nemesis);
        begin_fault_period(run);
        run->cuts++;
        trace_fault(run, run->fault_periods);
    }
    gv_load_turn_taken(&run->load, run->count);
    gv_time gap = gv_nemesis_gap(&run->nemesis, run->config.nemesis_interval);
    schedule(run, due + gap, EVENT_NEMESIS, 0, 0);
}

static void on_observe(struct gv_run *run, const struct gv_event *event) {
    uint32_t node = event->target;
    if (event->stamp != run->watches || !gv_checker_is_watching(&run->checker)) return;
    if (gv_checker_has_converged(&run->checker, node) || run->phase > GV_RUN_QUIET) return;
    if (run->config.has_value != NULL && gv_load_is_set(run->config.load)) {
        gv_checker_inspect(&run->checker, run->now, node, run->config.has_value, run->config.ctx);
        schedule(run, run->now + GV_RUN_OBSERVE_MS * GV_MS, EVENT_OBSERVE, node, run->watches);
        return;
    }
    if (run->observers[node] == UINT32_MAX) {
        run->observers[node] = gv_client_open(&run->clients, GV_CLIENT_OBSERVER, node);
    }
    // The reply to the pending read schedules the next.
    if (run->clients.clients[run->observers[node]].wait != GV_CLIENT_IDLE) return;
    static const char body[] = "\"type\":\"read\"";
    request(run, run->observers[node], GV_CLIENT_WAIT_OBSERVATION, body, sizeof body - 1);
}

static void on_quiet_over(struct gv_run *run) {
    run->phase = GV_RUN_FINAL;
    gv_trace_text(run->config.trace, run->now, GV_TRACE_PHASE, "final");
    run->final_until = run->now + GV_LOAD_FINAL_MS * GV_MS;
    run->unfinished = run->count;
    for (uint32_t w = 0; w < run->count; w++) proceed_to_final(run, w);
    give_up_on_quarantined(run);
}

static void deliver(struct gv_run *run, const struct gv_net_message *message) {
    bool from_service = message->src != GV_NET_CLIENT && message->src >= run->config.nodes;
    if (message->dest >= run->config.nodes) {
        gv_host_take(&run->host, run->now, message);
    } else {
        run->config.deliver(run->config.ctx, from_service ? message->dest : message->src,
                            message->dest, message->bytes, message->len);
    }
}

static void on_event(struct gv_run *run, const struct gv_event *event) {
    struct gv_net_message *message;
    switch ((enum event)event->kind) {
    case EVENT_NET:
        message = gv_net_take(&run->net, run->now, event);
        if (message == NULL) break;
        deliver(run, message);
        free(message);
        break;
    case EVENT_TIMEOUT:
        on_timeout(run, event);
        break;
    case EVENT_OP:
        issue_at(run, event->due);
        break;
    case EVENT_CUTOFF:
        run->phase = GV_RUN_DRAIN;
        gv_trace_text(run->config.trace, run->now, GV_TRACE_PHASE, "drain");
        if (run->history.outcomes[GV_HISTORY_PENDING] == 0) end_faults(run);
        give_up_on_quarantined(run);
        break;
    case EVENT_NEMESIS:
        on_nemesis(run, event->due);
        break;
    case EVENT_OBSERVE:
        on_observe(run, event);
        break;
    case EVENT_QUIET_OVER:
        on_quiet_over(run);
        break;
    case EVENT_STEP:
        on_step(run, event);
        break;
    case EVENT_STEP_OVER:
        on_step_over(run, event->target);
        break;
    case EVENT_LINGER_OVER:
        run->phase = GV_RUN_DONE;
        break;
    case EVENT_FINAL:
        invoke(run, event->target, run->workers[event->target].next, true);
        break;
    }
}

gv_time gv_run_due(const struct gv_run *run) {
    return run->phase == GV_RUN_DONE ? GV_TIME_NEVER : gv_event_queue_due(&run->queue);
}

void gv_run_advance(struct gv_run *run, gv_time now) {
    trace_violations(run);
    if (now > run->now) run->now = now;
    struct gv_event event;
    while (run->phase != GV_RUN_DONE &&
           gv_event_queue_next(&run->queue, run->now + run->config.slack, &event)) {
        if (run->config.lateness != NULL && run->phase >= GV_RUN_MAIN)
            gv_lateness_add(run->config.lateness, run->now > event.due ? run->now - event.due : 0);
        on_event(run, &event);
        trace_violations(run);
    }
}

// ---- Creation, view and verdict ----

static bool is_cut(void *ctx, const struct gv_net_message *message) {
    const struct gv_run *run = ctx;
    return gv_nemesis_cuts(&run->nemesis, message->src, message->dest);
}

struct gv_run *gv_run_new(const struct gv_run_config *config) {
    GV_ASSERT(config->nodes > 0 && config->deliver != NULL);
    GV_ASSERT(!config->nemesis || config->nemesis_interval > 0);
    GV_ASSERT(!config->nemesis || config->scenario == NULL);
    struct gv_run *run = gv_memory_new(sizeof *run);
    uint32_t nodes = config->nodes;
    run->config = *config;
    run->started_at = GV_TIME_NEVER;
    gv_event_queue_init(&run->queue, 0);
    gv_net_init(&run->net, &(struct gv_net_config){
                               .queue = &run->queue,
                               .event_kind = EVENT_NET,
                               .nodes = nodes,
                               .services = GV_SERVICE_KINDS,
                               .latency = config->latency,
                               .latency_ms = config->latency_ms,
                               .wan = config->wan,
                               .delivery = config->delivery,
                               .seed = config->seed,
                               .cut = is_cut,
                               .cut_ctx = run,
                               .trace = config->trace,
                           });
    gv_host_init(&run->host, &(struct gv_host_config){
                                 .nodes = nodes,
                                 .seed = config->seed,
                                 .net = &run->net,
                                 .envelope = &run->envelope,
                                 .trace = config->trace,
                                 .is_full = config->is_full,
                                 .ctx = config->ctx,
                             });
    gv_nemesis_init(&run->nemesis, nodes, config->seed);
    gv_load_init(&run->load, config->load, config->rate, config->seed);
    gv_keys_init(&run->keys, config->keys, config->seed, config->digest_key);
    gv_checker_init(&run->checker, &(struct gv_checker_config){
                                       .load = config->load,
                                       .nodes = nodes,
                                       .keys = &run->keys,
                                       .models = config->models,
                                       .availability = config->availability,
                                       .disturbed = config->scenario != NULL,
                                       .errors = &run->errors,
                                   });
    gv_json_init(&run->json, gv_base_malloc(), TOKENS_MAX, 0);
    run->count = config->concurrency.per_node ? config->concurrency.count * nodes
                                              : config->concurrency.count;
    if (run->count == 0) run->count = nodes;
    GV_ASSERT(run->count >= nodes);
    run->load.workers = run->count;
    run->load.shape = config->shape;
    GV_MEMORY_ARRAY(run->workers, run->count);
    for (uint32_t w = 0; w < run->count; w++) run->workers[w].node = w % nodes;
    GV_MEMORY_ARRAY(run->observers, nodes);
    memset(run->observers, 0xff, nodes * sizeof *run->observers);
    gv_node_fault_init(&run->node_faults, nodes);
    GV_MEMORY_ARRAY(run->quarantined, nodes);
    GV_MEMORY_ARRAY(run->reported, nodes);
    GV_MEMORY_ARRAY(run->unanswered, nodes);
    GV_MEMORY_ARRAY(run->initialised_at, nodes);
    for (uint32_t node = 0; node < nodes; node++) run->initialised_at[node] = GV_TIME_NEVER;
    GV_MEMORY_ARRAY(run->stray, nodes);
    if (config->scenario != NULL) {
        gv_player_init(&run->player, config->scenario, nodes, config->seed, &run->nemesis,
                       &run->net);
    }
    return run;
}

void gv_run_free(struct gv_run *run) {
    if (run == NULL) return;
    gv_player_fini(&run->player);
    gv_node_fault_fini(&run->node_faults);
    gv_host_fini(&run->host);
    gv_net_fini(&run->net);
    gv_event_queue_fini(&run->queue);
    gv_nemesis_fini(&run->nemesis);
    gv_history_fini(&run->history);
    gv_client_fini(&run->clients);
    gv_checker_fini(&run->checker);
    gv_verdict_fini(&run->errors);
    gv_keys_fini(&run->keys);
    free(run->envelope.line.data);
    gv_json_fini(&run->json);
    for (uint32_t w = 0; w < run->count; w++) free(run->workers[w].body.data);
    free(run->workers);
    gv_load_fini(&run->load);
    free(run->ids);
    free(run->observers);
    free(run->quarantined);
    free(run->reported);
    free(run->unanswered);
    free(run->initialised_at);
    for (uint32_t node = 0; node < run->config.nodes; node++) free(run->stray[node]);
    free(run->stray);
    free(run);
}

struct gv_checker *gv_run_checker(struct gv_run *run) {
    return &run->checker;
}

const struct gv_keys *gv_run_keys(const struct gv_run *run) {
    return &run->keys;
}

struct gv_verdict_errors *gv_run_errors(struct gv_run *run) {
    return &run->errors;
}

bool gv_run_done(const struct gv_run *run) {
    return run->phase == GV_RUN_DONE;
}

size_t gv_run_in_flight_bytes(const struct gv_run *run, uint32_t node) {
    GV_ASSERT(node < run->config.nodes);
    return run->net.in_flight_bytes[node];
}

bool gv_run_quarantined(const struct gv_run *run, uint32_t node) {
    GV_ASSERT(node < run->config.nodes);
    return run->quarantined[node] != NULL;
}

bool gv_run_suspects(const struct gv_run *run, uint32_t node) {
    GV_ASSERT(node < run->config.nodes);
    return run->quarantined[node] != NULL || run->reported[node] != 0;
}

struct gv_run_view gv_run_view(const struct gv_run *run, gv_time now) {
    const struct gv_history *history = &run->history;
    bool begun = run->started_at != GV_TIME_NEVER;
    return (struct gv_run_view){
        .phase = run->phase,
        .elapsed = begun && now > run->started_at ? now - run->started_at : 0,
        .ops = history->len,
        .ok = history->outcomes[GV_HISTORY_OK],
        .failed = history->outcomes[GV_HISTORY_FAIL],
        .unknown = history->outcomes[GV_HISTORY_INFO] - history->kinds[GV_HISTORY_CRASH],
        .waiting = history->outcomes[GV_HISTORY_PENDING],
        .net = &run->net,
        .nemesis = &run->nemesis,
        .cut_for = run->nemesis.active && now > run->cut_at ? now - run->cut_at : 0,
        .missing = gv_checker_missing(&run->checker),
        .errors = &run->errors,
        .observing = gv_checker_is_watching(&run->checker),
        .settled = gv_checker_converged(&run->checker),
    };
}

struct gv_result gv_run_finish(struct gv_run *run) {
    const struct gv_history *history = &run->history;
    uint64_t outcomes[GV_HISTORY_OUTCOMES];
    uint64_t ops = gv_history_count(history, gv_load_counts_finals(run->config.load), outcomes);
    struct gv_result result = {
        .load = run->config.load,
        .nodes = run->config.nodes,
        .seed = run->config.seed,
        .ops = ops,
        .adds = history->kinds[GV_HISTORY_ADD],
        .reads = history->kinds[GV_HISTORY_READ],
        .ok = outcomes[GV_HISTORY_OK],
        .failed = outcomes[GV_HISTORY_FAIL],
        .unknown = outcomes[GV_HISTORY_INFO] + outcomes[GV_HISTORY_PENDING] -
                   history->kinds[GV_HISTORY_CRASH],
        .all_msgs = run->net.messages + run->client_msgs - 2 * (history->len - ops),
        .servers_msgs = run->net.messages,
        .servers_bytes = run->net.bytes,
        .service_msgs = run->net.service_messages,
        .counts = run->net.counts,
        .types = run->net.types,
        .client_latency = gv_history_latency(history),
        .partitions = run->cuts,
        .fault_periods = run->fault_periods,
        .shortened = run->shortened,
        .shortened_line = run->shortened_line,
        .timeouts = run->timeouts,
        .patience = GV_RUN_CLIENT_TIMEOUT_MS * GV_MS,
        .flight = run->net.longest_flight,
        .queued = run->config.delivery == GV_NET_MAELSTROM,
    };
    gv_checker_finish(&run->checker, &result);
    trace_violations(run);
    return result;
}
